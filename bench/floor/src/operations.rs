//! What the floor answers, as a table: for each operation the questions that Praxis asks the database, word for word, and
//! where their values come from. `bench/run` compares the words with PostgreSQL's log.

use Value::{Caller, Column, Flag, Number, Path, Text};

/// Rows that a page shows.
pub const LIMIT: usize = 25;
/// Rows that a page's question asks for: one more.
const ROWS: i64 = 26;

/// Where a value of a question comes from.
#[derive(Clone, Copy)]
pub enum Value {
    /// The id of whoever calls; nobody's where nobody says who they are.
    Caller,
    /// What stands in the path: an id or a slug.
    Path,
    /// These words.
    Text(&'static str),
    /// This number.
    Number(i64),
    /// Yes or no.
    Flag(bool),
    /// All values of a column of an earlier question's answer.
    Column { question: usize, column: usize },
}

/// One statement and its values. On SQLite `= ANY($n)` becomes `IN (…)`, as it does in Praxis; all other words are valid
/// there too.
pub struct Question {
    pub sql: &'static str,
    pub values: &'static [Value],
}

/// What is answered at a path, where `*` stands for what the questions call `Path`.
pub struct Operation {
    pub path: &'static str,
    pub query: &'static str,
    pub questions: &'static [Question],
}

/// Everything that is answered to `GET`.
pub const OPERATIONS: &[Operation] = &[
    Operation { path: "/api/v1/groups", query: "", questions: &[GROUPS, TYPES] },
    Operation { path: "/api/v1/groups/*", query: "", questions: &[GROUP, TYPES] },
    Operation { path: "/api/v1/groups/*/members", query: "", questions: &[ACCESS, MEMBERS] },
    Operation { path: "/api/v1/groups/*/members", query: "sort=name&q=person", questions: &[ACCESS, MEMBERS_FOUND] },
    Operation { path: "/api/v1/groups/*/members", query: "sort=name&q=999", questions: &[ACCESS, MEMBERS_FOUND_FEW] },
    Operation { path: "/api/v1/groups/*/membership-requests", query: "", questions: &[ACCESS, REQUESTS] },
    Operation { path: "/api/v1/groups/*/posts", query: "", questions: &[ACCESS, POSTS] },
    Operation { path: "/api/v1/admin/audit-log", query: "", questions: &[AUDIT_EVENTS] },
    Operation {
        path: "/api/v1/articles/by-slug/*",
        query: "",
        questions: &[ARTICLE, CONTRIBUTIONS, CONTRIBUTORS, CONTRIBUTORS_TYPES, RELATED],
    },
];

macro_rules! known {
    ($first:literal) => {
        concat!(
            r#"("groups"."deleted_at" IS NULL) AND ((("groups"."visibility" != $"#,
            $first,
            r#") OR EXISTS (SELECT "belongs"."user_id" FROM "memberships" AS "belongs" WHERE ((("belongs"."group_id" = "groups"."id") AND ("belongs"."user_id" = $"#
        )
    };
}

macro_rules! found {
    ($($condition:literal),+) => {
        concat!(
            r#"SELECT "groups"."id", "groups"."slug", "groups"."name", "groups"."summary", "groups"."description", "groups"."description_html", "groups"."purpose", "groups"."purpose_html", "groups"."learning_question", "groups"."tags", "groups"."external_id", "groups"."welcome_message", "groups"."join_questions", "groups"."request_cooldown_days", "groups"."rules", "groups"."parent_id", "groups"."auto_join_domains", "groups"."closes_at", "groups"."lessons_learned", "groups"."successor_id", "groups"."show_member_count", "groups"."member_count", "groups"."last_active_at", "groups"."created_at", "groups"."updated_at", "groups"."name_order", "groups"."members_order", "groups"."visibility", "groups"."join_policy", "groups"."post_policy", "groups"."member_list_visibility", "groups"."status", "groups"."invite_policy", ("groups"."rules" IS NOT NULL), "groups"."rules_version", "memberships"."role", "memberships"."state", "memberships"."accepted_rules_version" FROM ("groups" LEFT OUTER JOIN "memberships" ON (("memberships"."group_id" = "groups"."id") AND ("memberships"."user_id" = $1))) WHERE (("#,
            known!("2"),
            r#"3)) AND (("belongs"."state" = $4) OR ("belongs"."state" = $5))))) OR $6)"#,
            $($condition),+
        )
    };
}

/// The values of a question of groups as a caller knows them: the states that know, no administrator, and the rest.
macro_rules! known_to_caller {
    ($($rest:expr),+) => {
        &[Caller, Text("hidden"), Caller, Text("active"), Text("invited"), Flag(false), $($rest),+]
    };
}

const GROUPS: Question = Question {
    sql: found!(
        r#") AND ("groups"."status" = $7)) ORDER BY "groups"."active_order" DESC, "groups"."id" DESC LIMIT $8"#
    ),
    values: known_to_caller![Text("active"), Number(ROWS)],
};
const GROUP: Question =
    Question { sql: found!(r#") AND ("groups"."id" = $7)) LIMIT $8"#), values: known_to_caller![Path, Number(1)] };
const CONTRIBUTORS: Question = Question {
    sql: found!(r#") AND ("groups"."id" = ANY($7)))"#),
    values: known_to_caller![Column { question: 1, column: 0 }],
};

const TYPES: Question = Question { sql: TYPES_OF, values: &[Column { question: 0, column: 0 }] };
const CONTRIBUTORS_TYPES: Question = Question { sql: TYPES_OF, values: &[Column { question: 2, column: 0 }] };
const TYPES_OF: &str = r#"SELECT "group_type_links"."group_id", "group_types"."id", "group_types"."slug", "group_types"."name" FROM ("group_type_links" INNER JOIN "group_types" ON ("group_type_links"."group_type_id" = "group_types"."id")) WHERE ("group_type_links"."group_id" = ANY($1)) ORDER BY "group_type_links"."group_id" ASC, "group_type_links"."position" ASC"#;

/// What the caller is to the group.
pub const ACCESS: Question = Question {
    sql: concat!(
        r#"SELECT "groups"."visibility", "groups"."join_policy", "groups"."post_policy", "groups"."member_list_visibility", "groups"."status", "groups"."invite_policy", ("groups"."rules" IS NOT NULL), "groups"."rules_version", "memberships"."role", "memberships"."state", "memberships"."accepted_rules_version" FROM ("groups" LEFT OUTER JOIN "memberships" ON (("memberships"."group_id" = "groups"."id") AND ("memberships"."user_id" = $1))) WHERE (("groups"."id" = $2) AND ("#,
        known!("3"),
        r#"4)) AND (("belongs"."state" = $5) OR ("belongs"."state" = $6))))) OR $7))) LIMIT $8"#
    ),
    values: &[Caller, Path, Text("hidden"), Caller, Text("active"), Text("invited"), Flag(false), Number(1)],
};

macro_rules! members {
    ($condition:literal) => {
        concat!(
            r#"SELECT "memberships"."group_id", "memberships"."user_id", "memberships"."role", "memberships"."state", "memberships"."display_name", "memberships"."message", "memberships"."answers", "memberships"."decision_reason", "memberships"."private_note", "memberships"."decided_by", "memberships"."decided_at", "memberships"."banned_until", "memberships"."role_ends_at", "memberships"."accepted_rules_version", "memberships"."rules_accepted_at", "memberships"."requested_at", "memberships"."joined_at", "memberships"."last_contributed_at", "memberships"."created_at", "memberships"."updated_at", "memberships"."name_order", "users"."display_name", "users"."show_last_seen", "users"."last_seen_at", "users"."organisation", "users"."skills" FROM ("memberships" INNER JOIN "users" ON ("memberships"."user_id" = "users"."id")) WHERE "#,
            $condition
        )
    };
}

const MEMBERS: Question = Question {
    sql: members!(
        r#"(("memberships"."group_id" = $1) AND ("memberships"."state" = $2)) ORDER BY "memberships"."joined_order" DESC, "memberships"."user_id" DESC LIMIT $3"#
    ),
    values: &[Path, Text("active"), Number(ROWS)],
};
const MEMBERS_FOUND: Question =
    Question { sql: FOUND, values: &[Path, Text("active"), Text("%person%"), Text("\\"), Number(ROWS)] };
const MEMBERS_FOUND_FEW: Question =
    Question { sql: FOUND, values: &[Path, Text("active"), Text("%999%"), Text("\\"), Number(ROWS)] };
const FOUND: &str = members!(
    r#"(((("memberships"."group_id" = $1) AND ("memberships"."state" = $2)) AND ("memberships"."name_order" LIKE $3 ESCAPE $4)) AND TRUE) ORDER BY "memberships"."name_order" ASC, "memberships"."user_id" ASC LIMIT $5"#
);
const REQUESTS: Question = Question {
    sql: members!(
        r#"(("memberships"."group_id" = $1) AND ("memberships"."state" = $2)) ORDER BY "memberships"."joined_order" ASC, "memberships"."user_id" ASC LIMIT $3"#
    ),
    values: &[Path, Text("requested"), Number(ROWS)],
};

macro_rules! posts {
    ($condition:literal) => {
        concat!(
            r#"SELECT "posts"."id", "posts"."group_id", "posts"."author_id", "posts"."kind", "posts"."title", "posts"."body", "posts"."comment_count", "posts"."created_at", "posts"."edited_at", "users"."display_name", "memberships"."display_name" FROM (("posts" INNER JOIN "users" ON ("posts"."author_id" = "users"."id")) LEFT OUTER JOIN "memberships" ON (("memberships"."group_id" = "posts"."group_id") AND ("memberships"."user_id" = "posts"."author_id"))) WHERE (("posts"."deleted_at" IS NULL) AND "#,
            $condition
        )
    };
}

const POSTS: Question = Question {
    sql: posts!(r#"("posts"."group_id" = $1)) ORDER BY "posts"."created_at" DESC, "posts"."id" DESC LIMIT $2"#),
    values: &[Path, Number(ROWS)],
};

const AUDIT_EVENTS: Question = Question {
    sql: r#"SELECT "audit_events"."id", "audit_events"."at", "audit_events"."actor_id", "audit_events"."action", "audit_events"."target_kind", "audit_events"."target_id", "audit_events"."group_id", "audit_events"."changes", "audit_events"."reason", "audit_events"."request_id", "users"."display_name", "memberships"."display_name" FROM (("audit_events" LEFT OUTER JOIN "users" ON ("users"."id" = "audit_events"."actor_id")) LEFT OUTER JOIN "memberships" ON (("memberships"."group_id" = "audit_events"."group_id") AND ("memberships"."user_id" = "audit_events"."actor_id"))) ORDER BY "audit_events"."at" DESC, "audit_events"."id" DESC LIMIT $1"#,
    values: &[Number(ROWS)],
};

const ARTICLE: Question = Question {
    sql: r#"SELECT "articles"."id", "articles"."slug", "articles"."kind", "articles"."title", "articles"."standfirst", "articles"."body", "articles"."byline_name", "articles"."byline_job_title", "articles"."links", "articles"."reading_minutes", "articles"."status", "articles"."published_at", "articles"."created_by", "articles"."created_at", "articles"."updated_at" FROM "articles" WHERE (("articles"."slug" = $1) AND ("articles"."deleted_at" IS NULL)) LIMIT $2"#,
    values: &[Path, Number(1)],
};
const CONTRIBUTIONS: Question = Question {
    sql: r#"SELECT "article_contributions"."group_id", "article_contributions"."role" FROM "article_contributions" WHERE (("article_contributions"."article_id" = $1) AND ("article_contributions"."state" = $2)) ORDER BY "article_contributions"."position" ASC, "article_contributions"."group_id" ASC"#,
    values: &[Column { question: 0, column: 0 }, Text("accepted")],
};
const RELATED: Question = Question {
    sql: r#"SELECT "articles"."id", "articles"."slug", "articles"."kind", "articles"."title", "articles"."standfirst", "articles"."reading_minutes", "articles"."status", "articles"."published_at" FROM ("article_relations" INNER JOIN "articles" ON ("articles"."id" = "article_relations"."related_id")) WHERE ((("article_relations"."article_id" = $1) AND ("articles"."status" = $2)) AND ("articles"."deleted_at" IS NULL)) ORDER BY "article_relations"."position" ASC, "article_relations"."related_id" ASC"#,
    values: &[Column { question: 0, column: 0 }, Text("published")],
};

/// The group, 1. On PostgreSQL only: SQLite has one writer.
pub const LOCK: &str =
    r#"SELECT "groups"."deleted_at" FROM "groups" WHERE ("groups"."id" = $1) LIMIT $2 FOR NO KEY UPDATE"#;
/// The post, the group, the author, kind, title, text, 0, now, null.
pub const INSERT: &str = r#"INSERT INTO "posts" ("id", "group_id", "author_id", "kind", "title", "body", "comment_count", "created_at", "edited_at") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"#;
/// Now, the group, now.
pub const GROUP_ACTIVE: &str = r#"UPDATE "groups" SET "last_active_at" = $1 WHERE (("groups"."id" = $2) AND (("groups"."last_active_at" IS NULL) OR ("groups"."last_active_at" < $3)))"#;
/// Now, the group, the author, now.
pub const MEMBER_ACTIVE: &str = r#"UPDATE "memberships" SET "last_contributed_at" = $1 WHERE ((("memberships"."group_id" = $2) AND ("memberships"."user_id" = $3)) AND (("memberships"."last_contributed_at" IS NULL) OR ("memberships"."last_contributed_at" < $4)))"#;
/// The post, 1.
pub const POST: &str = posts!(r#"("posts"."id" = $1)) LIMIT $2"#);
