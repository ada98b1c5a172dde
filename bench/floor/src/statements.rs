//! The statements, word for word as Praxis sends them to PostgreSQL; `bench/run` compares them with PostgreSQL's log. On
//! SQLite `= ANY($n)` becomes `IN ($n_0, …)`, as it does in Praxis; all other words are valid there too.

/// Rows of a list: one more than a page shows.
pub const ROWS: i64 = 26;

macro_rules! known {
    () => {
        r#"("groups"."deleted_at" IS NULL) AND ((("groups"."visibility" != $2) OR EXISTS (SELECT "belongs"."group_id", "belongs"."user_id", "belongs"."role", "belongs"."state", "belongs"."display_name", "belongs"."message", "belongs"."decision_reason", "belongs"."requested_at", "belongs"."joined_at", "belongs"."last_contributed_at", "belongs"."created_at", "belongs"."updated_at", "belongs"."name_order", "belongs"."joined_order", "belongs"."contributed_order" FROM "memberships" AS "belongs" WHERE ((("belongs"."group_id" = "groups"."id") AND ("belongs"."user_id" = $3)) AND (("belongs"."state" = $4) OR ("belongs"."state" = $5))))) OR $6)"#
    };
}

macro_rules! found {
    ($($condition:literal),+) => {
        concat!(
            r#"SELECT "groups"."id", "groups"."slug", "groups"."name", "groups"."summary", "groups"."description", "groups"."purpose", "groups"."learning_question", "groups"."tags", "groups"."external_id", "groups"."show_member_count", "groups"."member_count", "groups"."last_active_at", "groups"."created_at", "groups"."updated_at", "groups"."name_order", "groups"."members_order", "groups"."visibility", "groups"."join_policy", "groups"."post_policy", "groups"."member_list_visibility", "groups"."status", "memberships"."role", "memberships"."state" FROM ("groups" LEFT OUTER JOIN "memberships" ON (("memberships"."group_id" = "groups"."id") AND ("memberships"."user_id" = $1))) WHERE (("#,
            known!(),
            $($condition),+
        )
    };
}

/// Nobody, `hidden`, nobody, the two states that know, no administrator, `active`, rows.
pub const GROUPS: &str =
    found!(r#") AND ("groups"."status" = $7)) ORDER BY "groups"."active_order" DESC, "groups"."id" DESC LIMIT $8"#);
/// The same, the group, 1.
pub const GROUP: &str = found!(r#") AND ("groups"."id" = $7)) LIMIT $8"#);
/// The same, the groups.
pub const GROUPS_BY_ID: &str = found!(r#") AND ("groups"."id" = ANY($7)))"#);
/// The groups.
pub const TYPES: &str = r#"SELECT "group_type_links"."group_id", "group_types"."id", "group_types"."slug", "group_types"."name" FROM ("group_type_links" INNER JOIN "group_types" ON ("group_type_links"."group_type_id" = "group_types"."id")) WHERE ("group_type_links"."group_id" = ANY($1)) ORDER BY "group_type_links"."group_id" ASC, "group_type_links"."position" ASC"#;
/// The caller, the group, `hidden`, the caller, the two states that know, no administrator, 1.
pub const ACCESS: &str = r#"SELECT "groups"."visibility", "groups"."join_policy", "groups"."post_policy", "groups"."member_list_visibility", "groups"."status", "memberships"."role", "memberships"."state" FROM ("groups" LEFT OUTER JOIN "memberships" ON (("memberships"."group_id" = "groups"."id") AND ("memberships"."user_id" = $1))) WHERE (("groups"."id" = $2) AND (("groups"."deleted_at" IS NULL) AND ((("groups"."visibility" != $3) OR EXISTS (SELECT "belongs"."group_id", "belongs"."user_id", "belongs"."role", "belongs"."state", "belongs"."display_name", "belongs"."message", "belongs"."decision_reason", "belongs"."requested_at", "belongs"."joined_at", "belongs"."last_contributed_at", "belongs"."created_at", "belongs"."updated_at", "belongs"."name_order", "belongs"."joined_order", "belongs"."contributed_order" FROM "memberships" AS "belongs" WHERE ((("belongs"."group_id" = "groups"."id") AND ("belongs"."user_id" = $4)) AND (("belongs"."state" = $5) OR ("belongs"."state" = $6))))) OR $7))) LIMIT $8"#;
/// The group, `active`, rows.
pub const MEMBERS: &str = r#"SELECT "memberships"."group_id", "memberships"."user_id", "memberships"."role", "memberships"."state", "memberships"."display_name", "memberships"."message", "memberships"."decision_reason", "memberships"."requested_at", "memberships"."joined_at", "memberships"."last_contributed_at", "memberships"."created_at", "memberships"."updated_at", "memberships"."name_order", "users"."display_name", "users"."show_last_seen", "users"."last_seen_at" FROM ("memberships" INNER JOIN "users" ON ("memberships"."user_id" = "users"."id")) WHERE (("memberships"."group_id" = $1) AND ("memberships"."state" = $2)) ORDER BY "memberships"."joined_order" DESC, "memberships"."user_id" DESC LIMIT $3"#;

macro_rules! posts {
    ($condition:literal) => {
        concat!(
            r#"SELECT "posts"."id", "posts"."group_id", "posts"."author_id", "posts"."kind", "posts"."title", "posts"."body", "posts"."comment_count", "posts"."created_at", "posts"."edited_at", "users"."display_name", "memberships"."display_name" FROM (("posts" INNER JOIN "users" ON ("posts"."author_id" = "users"."id")) LEFT OUTER JOIN "memberships" ON (("memberships"."group_id" = "posts"."group_id") AND ("memberships"."user_id" = "posts"."author_id"))) WHERE (("posts"."deleted_at" IS NULL) AND "#,
            $condition
        )
    };
}

/// The group, rows.
pub const POSTS: &str =
    posts!(r#"("posts"."group_id" = $1)) ORDER BY "posts"."created_at" DESC, "posts"."id" DESC LIMIT $2"#);
/// The post, 1.
pub const POST: &str = posts!(r#"("posts"."id" = $1)) LIMIT $2"#);

/// The slug, 1.
pub const ARTICLE: &str = r#"SELECT "articles"."id", "articles"."slug", "articles"."kind", "articles"."title", "articles"."standfirst", "articles"."body", "articles"."byline_name", "articles"."byline_job_title", "articles"."links", "articles"."reading_minutes", "articles"."status", "articles"."published_at", "articles"."created_by", "articles"."created_at", "articles"."updated_at" FROM "articles" WHERE (("articles"."slug" = $1) AND ("articles"."deleted_at" IS NULL)) LIMIT $2"#;
/// The article, `accepted`.
pub const CONTRIBUTIONS: &str = r#"SELECT "article_contributions"."group_id", "article_contributions"."role" FROM "article_contributions" WHERE (("article_contributions"."article_id" = $1) AND ("article_contributions"."state" = $2)) ORDER BY "article_contributions"."position" ASC, "article_contributions"."group_id" ASC"#;
/// The article, `published`.
pub const RELATED: &str = r#"SELECT "articles"."id", "articles"."slug", "articles"."kind", "articles"."title", "articles"."standfirst", "articles"."reading_minutes", "articles"."status", "articles"."published_at" FROM ("article_relations" INNER JOIN "articles" ON ("articles"."id" = "article_relations"."related_id")) WHERE ((("article_relations"."article_id" = $1) AND ("articles"."status" = $2)) AND ("articles"."deleted_at" IS NULL)) ORDER BY "article_relations"."position" ASC, "article_relations"."related_id" ASC"#;

/// The group, 1. On PostgreSQL only: SQLite has one writer.
pub const LOCK: &str =
    r#"SELECT "groups"."deleted_at" FROM "groups" WHERE ("groups"."id" = $1) LIMIT $2 FOR NO KEY UPDATE"#;
/// The post, the group, the author, kind, title, text, 0, now, null.
pub const INSERT: &str = r#"INSERT INTO "posts" ("id", "group_id", "author_id", "kind", "title", "body", "comment_count", "created_at", "edited_at") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"#;
/// Now, the group, now.
pub const GROUP_ACTIVE: &str = r#"UPDATE "groups" SET "last_active_at" = $1 WHERE (("groups"."id" = $2) AND (("groups"."last_active_at" IS NULL) OR ("groups"."last_active_at" < $3)))"#;
/// Now, the group, the author, now.
pub const MEMBER_ACTIVE: &str = r#"UPDATE "memberships" SET "last_contributed_at" = $1 WHERE ((("memberships"."group_id" = $2) AND ("memberships"."user_id" = $3)) AND (("memberships"."last_contributed_at" IS NULL) OR ("memberships"."last_contributed_at" < $4)))"#;
