//! What the floor answers, as a table: for each operation the questions that Praxis asks the database, word for word, and
//! where their values come from. `bench/run` compares the words with PostgreSQL's log.

use uuid::Uuid;

use crate::answer::Answer;
use Value::{Best, Between, Caller, Column, EndOfTime, Flag, Highest, Last, Nth, Number, Path, Text, Texts};

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
    /// What stands in the query, between these words.
    Between(&'static str, &'static str),
    /// This number.
    Number(i64),
    /// Yes or no.
    Flag(bool),
    /// All values of a column of an earlier question's answer, each once. Where there are none the question is not asked.
    Column { question: usize, column: usize },
    /// The number in a column of the last row of an earlier question's answer.
    Last { question: usize, column: usize },
    /// The ids of a kind on the page that answers best: of the rows of an earlier question's answer, by the last column, which
    /// says how well, or on how many rows of another question's answer stands what is in that column.
    Best { question: usize, counted_in: Option<usize>, kind: &'static str },
    /// These words, as one list.
    Texts(&'static [&'static str]),
    /// The last microsecond of the year 9999.
    EndOfTime,
    /// The id after all others.
    Highest,
    /// The value at this place of a column of an earlier question's answer; nobody's id where there are fewer.
    Nth { question: usize, column: usize, place: usize },
}

/// How many rows of an answer are shown: a page's, or all.
pub fn shown(values: &[Value]) -> usize {
    if values.iter().any(|value| matches!(value, Number(ROWS))) { LIMIT } else { usize::MAX }
}

/// The last microsecond of the year 9999.
pub const END_OF_TIME: i64 = 253_402_300_799_999_999;

/// Whether a question has anything to ask about.
pub fn is_asked(question: &Question, earlier: &[Answer]) -> bool {
    question.values.iter().all(|value| match *value {
        Column { question, .. } => !earlier[question].rows.is_empty(),
        Best { question, counted_in, kind } => !best(earlier, question, counted_in, kind).is_empty(),
        _ => true,
    })
}

/// What [`Best`] stands for.
pub fn best(earlier: &[Answer], question: usize, counted_in: Option<usize>, kind: &str) -> Vec<Uuid> {
    earlier[question].best(counted_in.map(|place| &earlier[place]), LIMIT, kind)
}

/// One statement and its values. On SQLite `= ANY($n)` becomes `IN (…)`, as it does in Praxis; all other words are valid
/// there too.
pub struct Question {
    pub sql: &'static str,
    pub values: &'static [Value],
}

/// What is answered at a path, where `*`, there or in the query, stands for what the questions call `Path` or `Between`.
pub struct Operation {
    pub path: &'static str,
    pub query: &'static str,
    pub questions: &'static [Question],
    /// The questions on SQLite, where they are others.
    pub sqlite: Option<&'static [Question]>,
    /// Whether an answer shows the beginnings of texts, and nothing of rows without a title.
    pub excerpts: bool,
}

/// What most are like.
const PLAIN: Operation = Operation { path: "", query: "", questions: &[], sqlite: None, excerpts: false };

/// Everything that is answered to `GET`.
pub const OPERATIONS: &[Operation] = &[
    Operation { path: "/api/v1/groups", query: "", questions: &[GROUPS, TYPES], ..PLAIN },
    Operation { path: "/api/v1/groups/*", query: "", questions: &[GROUP, TYPES], ..PLAIN },
    Operation { path: "/api/v1/groups/*/members", query: "", questions: &[ACCESS, MEMBERS], ..PLAIN },
    Operation {
        path: "/api/v1/groups/*/members",
        query: "sort=name&q=person",
        questions: &[ACCESS, MEMBERS_FOUND],
        ..PLAIN
    },
    Operation {
        path: "/api/v1/groups/*/members",
        query: "sort=name&q=999",
        questions: &[ACCESS, MEMBERS_FOUND_FEW],
        ..PLAIN
    },
    Operation { path: "/api/v1/groups/*/membership-requests", query: "", questions: &[ACCESS, REQUESTS], ..PLAIN },
    Operation { path: "/api/v1/groups/*/posts", query: "", questions: &[ACCESS, POSTS, POSTS_REACTIONS], ..PLAIN },
    Operation {
        // whoever belongs to the group sees what is unread besides
        path: "/api/v1/groups/*/posts",
        query: "sort=newest",
        questions: &[ACCESS, POSTS, POSTS_REACTIONS, POSTS_UNREAD],
        ..PLAIN
    },
    Operation {
        path: "/api/v1/posts/*/comments",
        query: "",
        questions: &[POST_HEAD, POST_ACCESS, COMMENTS, COMMENTS_REACTIONS],
        ..PLAIN
    },
    Operation { path: "/api/v1/admin/audit-log", query: "", questions: &[AUDIT_EVENTS], ..PLAIN },
    Operation {
        path: "/api/v1/articles/by-slug/*",
        query: "",
        questions: &[ARTICLE, CONTRIBUTIONS, CONTRIBUTORS, CONTRIBUTORS_TYPES, RELATED_IDS, RELATED],
        ..PLAIN
    },
    Operation {
        path: "/api/v1/me/feed",
        questions: &[FEED_PLACES, FEED_SHARED, FEED_POSTS, FEED_ACCESS, FEED_UNREAD, FEED_ARTICLES],
        sqlite: Some(&[FEED_PLACES_SQLITE, FEED_SHARED, FEED_POSTS, FEED_ACCESS, FEED_UNREAD, FEED_ARTICLES]),
        excerpts: true,
        ..PLAIN
    },
    Operation {
        path: "/api/v1/search",
        query: "q=tried",
        questions: COMMON_QUESTIONS,
        sqlite: Some(COMMON_SQLITE),
        excerpts: true,
    },
    Operation {
        // said in words what is so anyway for whoever is logged in
        path: "/api/v1/search",
        query: "q=tried&in=groups,posts,comments,articles,people",
        questions: COMMON_OF_ALL_QUESTIONS,
        sqlite: Some(COMMON_OF_ALL_SQLITE),
        excerpts: true,
    },
    Operation {
        path: "/api/v1/search",
        query: "q=Conversation%20*",
        questions: FEW_QUESTIONS,
        sqlite: Some(FEW_SQLITE),
        excerpts: true,
    },
    Operation {
        path: "/api/v1/search",
        query: "q=%22what%20came%20of%20it%22",
        questions: PHRASE_QUESTIONS,
        sqlite: Some(PHRASE_SQLITE),
        excerpts: true,
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
            r#"SELECT "groups"."id", "groups"."slug", "groups"."name", "groups"."summary", "groups"."description", "groups"."description_html", "groups"."purpose", "groups"."purpose_html", "groups"."learning_question", "groups"."tags", "groups"."external_id", "groups"."welcome_message", "groups"."join_questions", "groups"."request_cooldown_days", "groups"."rules", "groups"."parent_id", "groups"."auto_join_domains", "groups"."closes_at", "groups"."lessons_learned", "groups"."successor_id", "groups"."show_member_count", "groups"."member_count", "groups"."last_active_at", "groups"."created_at", "groups"."updated_at", "groups"."name_order", "groups"."members_order", "groups"."visibility", "groups"."join_policy", "groups"."post_policy", "groups"."member_list_visibility", "groups"."status", "groups"."invite_policy", "groups"."review_policy", "groups"."allow_anonymous", "groups"."has_shares", ("groups"."rules" IS NOT NULL), "groups"."rules_version", "memberships"."role", "memberships"."state", "memberships"."accepted_rules_version", "memberships"."joined_at", "memberships"."read_until", "memberships"."last_contributed_at" FROM ("groups" LEFT OUTER JOIN "memberships" ON (("memberships"."group_id" = "groups"."id") AND ("memberships"."user_id" = $1))) WHERE (("#,
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

macro_rules! access {
    ($group:expr) => {
        &[Caller, $group, Text("hidden"), Caller, Text("active"), Text("invited"), Flag(false), Number(1)]
    };
}

/// What the caller is to the group.
pub const ACCESS: Question = Question { sql: ACCESS_TO, values: access![Path] };
/// What the caller is to the group of a post, which the question before told.
const POST_ACCESS: Question = Question { sql: ACCESS_TO, values: access![Column { question: 0, column: 1 }] };
const ACCESS_TO: &str = concat!(
    r#"SELECT "groups"."visibility", "groups"."join_policy", "groups"."post_policy", "groups"."member_list_visibility", "groups"."status", "groups"."invite_policy", "groups"."review_policy", "groups"."allow_anonymous", "groups"."has_shares", ("groups"."rules" IS NOT NULL), "groups"."rules_version", "memberships"."role", "memberships"."state", "memberships"."accepted_rules_version", "memberships"."joined_at", "memberships"."read_until", "memberships"."last_contributed_at" FROM ("groups" LEFT OUTER JOIN "memberships" ON (("memberships"."group_id" = "groups"."id") AND ("memberships"."user_id" = $1))) WHERE (("groups"."id" = $2) AND ("#,
    known!("3"),
    r#"4)) AND (("belongs"."state" = $5) OR ("belongs"."state" = $6))))) OR $7))) LIMIT $8"#
);

macro_rules! members {
    ($condition:literal) => {
        concat!(
            r#"SELECT "memberships"."group_id", "memberships"."user_id", "memberships"."role", "memberships"."state", "memberships"."display_name", "memberships"."message", "memberships"."answers", "memberships"."decision_reason", "memberships"."private_note", "memberships"."decided_by", "memberships"."decided_at", "memberships"."banned_until", "memberships"."role_ends_at", "memberships"."accepted_rules_version", "memberships"."rules_accepted_at", "memberships"."requested_at", "memberships"."joined_at", "memberships"."last_contributed_at", "memberships"."created_at", "memberships"."updated_at", "memberships"."name_order", "memberships"."read_until", "memberships"."notification_level", "memberships"."handle", "users"."display_name", "users"."show_last_seen", "users"."last_seen_at", "users"."organisation", "users"."skills", "users"."handle" FROM ("memberships" INNER JOIN "users" ON ("memberships"."user_id" = "users"."id")) WHERE "#,
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
    Question { sql: FOUND, values: &[Path, Text("active"), Text("%person%"), Text("\\"), Flag(true), Number(ROWS)] };
const MEMBERS_FOUND_FEW: Question =
    Question { sql: FOUND, values: &[Path, Text("active"), Text("%999%"), Text("\\"), Flag(true), Number(ROWS)] };
const FOUND: &str = members!(
    r#"(((("memberships"."group_id" = $1) AND ("memberships"."state" = $2)) AND ("memberships"."name_order" LIKE $3 ESCAPE $4)) AND ($5 OR (SELECT count(*) FROM pg_class, pg_class AS a, pg_class AS b, pg_class AS c) IS NULL)) ORDER BY "memberships"."name_order" ASC, "memberships"."user_id" ASC LIMIT $6"#
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
            r#"SELECT "posts"."id", "posts"."group_id", "posts"."author_id", "posts"."pseudonym_id", "posts"."kind", "posts"."title", "posts"."body", "posts"."body_html", "posts"."link_url", "posts"."tags", "posts"."content_warnings", "posts"."language", "posts"."comment_count", "posts"."last_reply_at", "posts"."accepted_comment_id", "posts"."pinned_at", "posts"."pinned_until", "posts"."locked_at", "posts"."created_at", "posts"."publish_at", "posts"."published_at", "posts"."edited_at", "posts"."deleted_at", "posts"."deleted_by", "posts"."changed_at", "posts"."is_shared", "users"."display_name", "users"."handle", "memberships"."display_name", "memberships"."handle", "posts"."pseudonym_id", "post_marks"."read_at", "post_marks"."bookmarked_at", "post_marks"."follows" FROM ((("posts" INNER JOIN "users" ON ("posts"."author_id" = "users"."id")) LEFT OUTER JOIN "memberships" ON (("memberships"."group_id" = "posts"."group_id") AND ("memberships"."user_id" = "posts"."author_id"))) LEFT OUTER JOIN "post_marks" ON (("post_marks"."post_id" = "posts"."id") AND ("post_marks"."user_id" = $1))) WHERE "#,
            $condition
        )
    };
}

const POSTS: Question = Question {
    sql: posts!(
        r#"((("posts"."group_id" = $2) AND ("posts"."published_at" IS NOT NULL)) AND ("posts"."deleted_at" IS NULL)) ORDER BY "posts"."published_at" DESC, "posts"."id" DESC LIMIT $3"#
    ),
    values: &[Caller, Path, Number(ROWS)],
};

const POSTS_REACTIONS: Question = Question { sql: REACTIONS, values: &[Caller, Column { question: 1, column: 0 }] };
const COMMENTS_REACTIONS: Question = Question { sql: REACTIONS, values: &[Caller, Column { question: 2, column: 0 }] };
/// How people reacted, and whether the caller did: the caller, the ids.
pub const REACTIONS: &str = r#"SELECT "reactions"."target_id", "reactions"."kind", COUNT(*), count("reactions"."user_id") FILTER ( WHERE ("reactions"."user_id" = $1)) FROM "reactions" WHERE ("reactions"."target_id" = ANY($2)) GROUP BY "reactions"."target_id", "reactions"."kind" ORDER BY "reactions"."target_id" ASC, "reactions"."kind" ASC"#;

const POSTS_UNREAD: Question =
    Question { sql: UNREAD, values: &[Caller, Caller, Column { question: 1, column: 0 }, Caller, Text("active")] };
/// How many comments the caller has not read: the caller twice, the posts' ids, the caller, «active».
pub const UNREAD: &str = r#"SELECT "comments"."post_id", COUNT(*) FROM (("comments" INNER JOIN "memberships" ON (("memberships"."group_id" = "comments"."group_id") AND ("memberships"."user_id" = $1))) LEFT OUTER JOIN "post_marks" ON (("post_marks"."post_id" = "comments"."post_id") AND ("post_marks"."user_id" = $2))) WHERE ((((((("comments"."post_id" = ANY($3)) AND ("comments"."deleted_at" IS NULL)) AND ("comments"."author_id" != $4)) AND ("memberships"."state" = $5)) AND ("memberships"."joined_at" < "comments"."created_at")) AND (("memberships"."read_until" IS NULL) OR ("memberships"."read_until" < "comments"."created_at"))) AND (("post_marks"."read_at" IS NULL) OR ("post_marks"."read_at" < "comments"."created_at"))) GROUP BY "comments"."post_id""#;

const POST_HEAD: Question = Question {
    sql: r#"SELECT "posts"."id", "posts"."group_id", "posts"."author_id", "posts"."pseudonym_id", "posts"."kind", "posts"."accepted_comment_id", "posts"."locked_at", "posts"."published_at", "posts"."deleted_at", "posts"."deleted_by" FROM "posts" WHERE ("posts"."id" = $1) LIMIT $2"#,
    values: &[Path, Number(1)],
};
const COMMENTS: Question = Question {
    sql: r#"SELECT "comments"."id", "comments"."post_id", "comments"."group_id", "comments"."parent_id", "comments"."author_id", "comments"."pseudonym_id", "comments"."depth", "comments"."reply_count", "comments"."body", "comments"."body_html", "comments"."created_at", "comments"."edited_at", "comments"."deleted_at", "comments"."deleted_by", "users"."display_name", "users"."handle", "memberships"."display_name", "memberships"."handle", "comments"."pseudonym_id" FROM (("comments" INNER JOIN "users" ON ("comments"."author_id" = "users"."id")) LEFT OUTER JOIN "memberships" ON (("memberships"."group_id" = "comments"."group_id") AND ("memberships"."user_id" = "comments"."author_id"))) WHERE (("comments"."post_id" = $1) AND (("comments"."deleted_at" IS NULL) OR ("comments"."reply_count" > $2))) ORDER BY "comments"."created_at" ASC, "comments"."id" ASC LIMIT $3"#,
    values: &[Path, Number(0), Number(ROWS)],
};

const AUDIT_EVENTS: Question = Question {
    sql: r#"SELECT "audit_events"."id", "audit_events"."at", "audit_events"."actor_id", "audit_events"."action", "audit_events"."target_kind", "audit_events"."target_id", "audit_events"."group_id", "audit_events"."changes", "audit_events"."reason", "audit_events"."request_id", "users"."display_name", "memberships"."display_name" FROM (("audit_events" LEFT OUTER JOIN "users" ON ("users"."id" = "audit_events"."actor_id")) LEFT OUTER JOIN "memberships" ON (("memberships"."group_id" = "audit_events"."group_id") AND ("memberships"."user_id" = "audit_events"."actor_id"))) ORDER BY "audit_events"."at" DESC, "audit_events"."id" DESC LIMIT $1"#,
    values: &[Number(ROWS)],
};

const ARTICLE: Question = Question {
    sql: r#"SELECT "articles"."id", "articles"."slug", "articles"."kind", "articles"."title", "articles"."standfirst", "articles"."body", "articles"."body_html", "articles"."byline_name", "articles"."byline_job_title", "articles"."links", "articles"."tags", "articles"."cover_url", "articles"."cover_alt", "articles"."reading_minutes", "articles"."status", "articles"."publish_at", "articles"."published_at", "articles"."created_by", "articles"."created_at", "articles"."updated_at" FROM "articles" WHERE (("articles"."slug" = $1) AND ("articles"."deleted_at" IS NULL)) LIMIT $2"#,
    values: &[Path, Number(1)],
};
const CONTRIBUTIONS: Question = Question {
    sql: r#"SELECT "article_contributions"."group_id", "article_contributions"."role" FROM "article_contributions" WHERE (("article_contributions"."article_id" = $1) AND ("article_contributions"."state" = $2)) ORDER BY "article_contributions"."position" ASC, "article_contributions"."group_id" ASC"#,
    values: &[Column { question: 0, column: 0 }, Text("accepted")],
};
macro_rules! contributor {
    ($place:literal) => {
        Nth { question: 1, column: 0, place: $place }
    };
}

const RELATED_IDS: Question = Question {
    sql: r#"WITH piece AS (SELECT id, kind FROM articles WHERE id = $1), shared AS (SELECT DISTINCT article_id FROM article_contributions
    WHERE state = 'accepted' AND group_id IN ($2, $3, $4, $5, $6, $7, $8, $9)) SELECT id, reason FROM (
    SELECT articles.id AS id, 'editors_choice' AS reason, 0 AS rank, article_relations.position AS place,
        articles.published_order AS at
    FROM article_relations JOIN articles ON articles.id = article_relations.related_id
    WHERE article_relations.article_id = (SELECT id FROM piece)
        AND articles.status = 'published' AND articles.deleted_at IS NULL
    UNION ALL SELECT * FROM (SELECT articles.id, 'shared_group', 1, 0, articles.published_order
        FROM shared CROSS JOIN articles
        WHERE articles.id = shared.article_id AND articles.id <> (SELECT id FROM piece)
            AND articles.status = 'published' AND articles.deleted_at IS NULL
        ORDER BY articles.published_order DESC, articles.id DESC LIMIT 5) AS by_group
    UNION ALL SELECT * FROM (SELECT articles.id, 'shared_tag', 2, 0, articles.published_order
        FROM articles
        WHERE articles.status = 'published' AND articles.deleted_at IS NULL AND articles.id <> (SELECT id FROM piece)
            AND articles.id IN (SELECT article_tags.article_id FROM article_tags WHERE article_tags.tag IN (
                SELECT own.tag FROM article_tags AS own WHERE own.article_id = (SELECT id FROM piece)))
        ORDER BY articles.published_order DESC, articles.id DESC LIMIT 5) AS by_tag
    UNION ALL SELECT * FROM (SELECT articles.id, 'same_kind', 3, 0, articles.published_order
        FROM articles
        WHERE articles.status = 'published' AND articles.deleted_at IS NULL AND articles.id <> (SELECT id FROM piece)
            AND articles.kind = (SELECT kind FROM piece)
        ORDER BY articles.published_order DESC, articles.id DESC LIMIT 5) AS by_kind
    UNION ALL SELECT * FROM (SELECT articles.id, 'recent', 4, 0, articles.published_order
        FROM articles
        WHERE articles.status = 'published' AND articles.deleted_at IS NULL AND articles.id <> (SELECT id FROM piece)
        ORDER BY articles.published_order DESC, articles.id DESC LIMIT 5) AS by_date
) AS candidate ORDER BY rank, place, at DESC, id DESC"#,
    values: &[
        Column { question: 0, column: 0 },
        contributor!(0),
        contributor!(1),
        contributor!(2),
        contributor!(3),
        contributor!(4),
        contributor!(5),
        contributor!(6),
        contributor!(7),
    ],
};
const RELATED: Question = Question {
    sql: r#"SELECT "articles"."id", "articles"."slug", "articles"."kind", "articles"."title", "articles"."standfirst", "articles"."tags", "articles"."cover_url", "articles"."cover_alt", "articles"."reading_minutes", "articles"."status", "articles"."publish_at", "articles"."published_at" FROM "articles" WHERE ((("articles"."id" = ANY($1)) AND ("articles"."status" = $2)) AND ("articles"."deleted_at" IS NULL))"#,
    values: &[Column { question: 4, column: 0 }, Text("published")],
};

/// The group, 1. On PostgreSQL only: SQLite has one writer.
pub const LOCK: &str =
    r#"SELECT "groups"."deleted_at" FROM "groups" WHERE ("groups"."id" = $1) LIMIT $2 FOR NO KEY UPDATE"#;
/// The post, the group, the author, kind, title, text, its HTML; then what a new post has none of, and when it was made.
pub const INSERT: &str = r#"INSERT INTO "posts" ("id", "group_id", "author_id", "pseudonym_id", "kind", "title", "body", "body_html", "link_url", "tags", "content_warnings", "language", "comment_count", "last_reply_at", "accepted_comment_id", "pinned_at", "pinned_until", "locked_at", "created_at", "publish_at", "published_at", "edited_at", "deleted_at", "deleted_by", "changed_at", "is_shared", "tags_search") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27)"#;
/// Now, now, the group, now.
pub const GROUP_ACTIVE: &str = r#"UPDATE "groups" SET "last_active_at" = $1, "changed_at" = $2 WHERE (("groups"."id" = $3) AND (("groups"."last_active_at" IS NULL) OR ("groups"."last_active_at" < $4)))"#;
/// Now, the group, the author, now.
pub const MEMBER_ACTIVE: &str = r#"UPDATE "memberships" SET "last_contributed_at" = $1 WHERE ((("memberships"."group_id" = $2) AND ("memberships"."user_id" = $3)) AND (("memberships"."last_contributed_at" IS NULL) OR ("memberships"."last_contributed_at" < $4)))"#;
/// The author has read it and follows it: the author, the post, now, yes, now.
pub const MARK: &str = r#"INSERT INTO "post_marks" ("user_id", "post_id", "read_at", "follows") VALUES ($1, $2, $3, $4) ON CONFLICT ("user_id", "post_id") DO UPDATE SET "read_at" = $5"#;
/// Yes, the author, the post.
pub const FOLLOW: &str = r#"UPDATE "post_marks" SET "follows" = $1 WHERE ((("post_marks"."user_id" = $2) AND ("post_marks"."post_id" = $3)) AND ("post_marks"."follows" IS NULL))"#;
/// What a search finds of it: the post, 1.
pub const FOUND_OF_POST: &str = r#"SELECT "posts"."id", "posts"."group_id", "posts"."published_at", "posts"."title", "posts"."body", "posts"."tags" FROM "posts" WHERE ((("posts"."published_at" IS NOT NULL) AND ("posts"."deleted_at" IS NULL)) AND ("posts"."id" = $1)) LIMIT $2"#;
/// On PostgreSQL: «post», the post, the group, the post, now, the words.
pub const DOCUMENT: &str = r#"INSERT INTO search_documents (kind, target_id, group_id, post_id, at, words)
        VALUES ($1, $2, $3, $4, $5, $6::tsvector)
        ON CONFLICT (target_id) DO UPDATE SET group_id = excluded.group_id, post_id = excluded.post_id,
            at = excluded.at, words = excluded.words"#;
/// On SQLite: the same without the words.
pub const SQLITE_DOCUMENT: &str = r#"INSERT INTO search_documents (kind, target_id, group_id, post_id, at) VALUES (?, ?, ?, ?, ?)
        ON CONFLICT (target_id) DO UPDATE SET group_id = excluded.group_id, post_id = excluded.post_id,
            at = excluded.at
        RETURNING number"#;
/// The document's number.
pub const SQLITE_WORDS_GONE: &str = "DELETE FROM search_index WHERE rowid = ?";
/// The document's number, the words of its title, of its text.
pub const SQLITE_WORDS: &str = "INSERT INTO search_index (rowid, title, body) VALUES (?, ?, ?)";
/// The caller, the post, 1.
pub const POST: &str = posts!(r#"("posts"."id" = $2) LIMIT $3"#);

/// The words of the one text that is posted (`wrk.lua`, `bench/run`) as the indexes hold them. To take words apart is work of
/// Praxis' that the floor leaves out: there is no one way to do it.
pub const VECTOR: &str = "'again':19,32,45,58,71 'and':14,27,40,53,66 'came':11,24,37,50,63 'do':18,31,44,57,70 'it':13,26,39,52,65 'learn':3A 'learned':3A 'of':12,25,38,51,64 'this':4A 'tri':9,22,35,48,61 'tried':9,22,35,48,61 'we':2A,8,16,21,29,34,42,47,55,60,68 'week':5A 'what':1A,7,10,15,20,23,28,33,36,41,46,49,54,59,62,67 'would':17,30,43,56,69";
pub const WORDS_OF_TITLE: &str = "what we learn this week \u{e000} learned";
pub const WORDS_OF_BODY: &str = concat!(
    "what we tri what came of it and what we would do again ",
    "what we tri what came of it and what we would do again ",
    "what we tri what came of it and what we would do again ",
    "what we tri what came of it and what we would do again ",
    "what we tri what came of it and what we would do again ",
    "\u{e000} tried"
);

macro_rules! feed_places {
    ($before:literal, $after:literal) => {
        concat!(
            r#"SELECT "posts"."id", "posts"."active_at" FROM (("memberships" INNER JOIN "groups" ON ("memberships"."group_id" = "groups"."id")) INNER JOIN "posts" ON (("posts"."group_id" = "memberships"."group_id") AND ("posts"."id" "#,
            $before,
            r#"SELECT "newest"."id" FROM "posts" AS "newest" WHERE (((("newest"."group_id" = "memberships"."group_id") AND ("newest"."published_at" IS NOT NULL)) AND ("newest"."deleted_at" IS NULL)) AND (("newest"."active_at" <= $1) AND (("newest"."active_at" < $2) OR ("newest"."id" < $3)))) ORDER BY "newest"."active_at" DESC, "newest"."id" DESC "#,
            $after,
            r#"WHERE ((("memberships"."user_id" = $5) AND ("memberships"."state" = $6)) AND (("groups"."deleted_at" IS NULL) AND (("groups"."visibility" = $7) OR EXISTS (SELECT "takes_part"."user_id" FROM "memberships" AS "takes_part" WHERE ((("takes_part"."group_id" = "groups"."id") AND ("takes_part"."user_id" = $8)) AND ("takes_part"."state" = $9)))))) ORDER BY "posts"."active_at" DESC, "posts"."id" DESC LIMIT $10"#
        )
    };
}

const FEED_PLACE_VALUES: &[Value] = &[
    EndOfTime,
    EndOfTime,
    Highest,
    Number(ROWS),
    Caller,
    Text("active"),
    Text("public"),
    Caller,
    Text("active"),
    Number(ROWS),
];
const FEED_PLACES: Question =
    Question { sql: feed_places!("= ANY(ARRAY(", "LIMIT $4))))) "), values: FEED_PLACE_VALUES };
const FEED_PLACES_SQLITE: Question = Question { sql: feed_places!("IN (", "LIMIT $4)))) "), values: FEED_PLACE_VALUES };
const FEED_SHARED: Question = Question {
    sql: r#"SELECT "post_shares"."post_id", max("post_shares"."shared_at") FROM ((("memberships" INNER JOIN "groups" ON ("memberships"."group_id" = "groups"."id")) INNER JOIN "post_shares" ON ("post_shares"."group_id" = "memberships"."group_id")) INNER JOIN "posts" ON ("posts"."id" = "post_shares"."post_id")) WHERE (((((((("memberships"."user_id" = $1) AND ("memberships"."state" = $2)) AND ("groups"."has_shares" = $3)) AND (("groups"."deleted_at" IS NULL) AND (("groups"."visibility" = $4) OR EXISTS (SELECT "takes_part"."user_id" FROM "memberships" AS "takes_part" WHERE ((("takes_part"."group_id" = "groups"."id") AND ("takes_part"."user_id" = $5)) AND ("takes_part"."state" = $6)))))) AND ("post_shares"."removed_at" IS NULL)) AND ("posts"."published_at" IS NOT NULL)) AND ("posts"."deleted_at" IS NULL)) AND  NOT (EXISTS (SELECT "own"."user_id" FROM "memberships" AS "own" WHERE ((("own"."group_id" = "posts"."group_id") AND ("own"."user_id" = $7)) AND ("own"."state" = $8))))) GROUP BY "post_shares"."post_id" ORDER BY max("post_shares"."shared_at") DESC, "post_shares"."post_id" DESC LIMIT $9"#,
    values: &[
        Caller,
        Text("active"),
        Flag(true),
        Text("public"),
        Caller,
        Text("active"),
        Caller,
        Text("active"),
        Number(ROWS),
    ],
};
const FEED_POSTS: Question = Question {
    sql: r#"SELECT "posts"."id", "posts"."group_id", "posts"."author_id", "posts"."pseudonym_id", "posts"."kind", "posts"."title", "posts"."body", "posts"."body_html", "posts"."link_url", "posts"."tags", "posts"."content_warnings", "posts"."language", "posts"."comment_count", "posts"."last_reply_at", "posts"."accepted_comment_id", "posts"."pinned_at", "posts"."pinned_until", "posts"."locked_at", "posts"."created_at", "posts"."publish_at", "posts"."published_at", "posts"."edited_at", "posts"."deleted_at", "posts"."deleted_by", "posts"."changed_at", "posts"."is_shared", "users"."display_name", "users"."handle", "memberships"."display_name", "memberships"."handle", "posts"."pseudonym_id", "post_marks"."read_at", "post_marks"."bookmarked_at", "post_marks"."follows" FROM (((("posts" INNER JOIN "users" ON ("posts"."author_id" = "users"."id")) LEFT OUTER JOIN "memberships" ON (("memberships"."group_id" = "posts"."group_id") AND ("memberships"."user_id" = "posts"."author_id"))) LEFT OUTER JOIN "post_marks" ON (("post_marks"."post_id" = "posts"."id") AND ("post_marks"."user_id" = $1))) INNER JOIN "groups" ON ("posts"."group_id" = "groups"."id")) WHERE (((("posts"."id" = ANY($2)) AND ("posts"."published_at" IS NOT NULL)) AND ("posts"."deleted_at" IS NULL)) AND (("groups"."deleted_at" IS NULL) AND (("groups"."visibility" = $3) OR EXISTS (SELECT "takes_part"."user_id" FROM "memberships" AS "takes_part" WHERE ((("takes_part"."group_id" = "groups"."id") AND ("takes_part"."user_id" = $4)) AND ("takes_part"."state" = $5))))))"#,
    values: &[Caller, Column { question: 0, column: 0 }, Text("public"), Caller, Text("active")],
};
const FEED_ACCESS: Question = Question {
    sql: r#"SELECT "groups"."id", "groups"."visibility", "groups"."join_policy", "groups"."post_policy", "groups"."member_list_visibility", "groups"."status", "groups"."invite_policy", "groups"."review_policy", "groups"."allow_anonymous", "groups"."has_shares", ("groups"."rules" IS NOT NULL), "groups"."rules_version", "memberships"."role", "memberships"."state", "memberships"."accepted_rules_version", "memberships"."joined_at", "memberships"."read_until", "memberships"."last_contributed_at" FROM ("groups" LEFT OUTER JOIN "memberships" ON (("memberships"."group_id" = "groups"."id") AND ("memberships"."user_id" = $1))) WHERE (("groups"."id" = ANY($2)) AND (("groups"."deleted_at" IS NULL) AND ((("groups"."visibility" != $3) OR EXISTS (SELECT "belongs"."user_id" FROM "memberships" AS "belongs" WHERE ((("belongs"."group_id" = "groups"."id") AND ("belongs"."user_id" = $4)) AND (("belongs"."state" = $5) OR ("belongs"."state" = $6))))) OR $7)))"#,
    values: &[
        Caller,
        Column { question: 2, column: 1 },
        Text("hidden"),
        Caller,
        Text("active"),
        Text("invited"),
        Flag(false),
    ],
};
const FEED_UNREAD: Question =
    Question { sql: UNREAD, values: &[Caller, Caller, Column { question: 2, column: 0 }, Caller, Text("active")] };
const FEED_ARTICLES: Question = Question {
    sql: r#"SELECT "articles"."id", "articles"."title", "articles"."standfirst", "articles"."byline_name", "articles"."published_at" FROM "articles" WHERE (((("articles"."id" = ANY(SELECT "article_contributions"."article_id" FROM (("article_contributions" INNER JOIN "groups" ON ("article_contributions"."group_id" = "groups"."id")) INNER JOIN "memberships" ON ("memberships"."group_id" = "article_contributions"."group_id")) WHERE (((("article_contributions"."state" = $1) AND ("memberships"."user_id" = $2)) AND ("memberships"."state" = $3)) AND (("groups"."deleted_at" IS NULL) AND (("groups"."visibility" = $4) OR EXISTS (SELECT "takes_part"."user_id" FROM "memberships" AS "takes_part" WHERE ((("takes_part"."group_id" = "groups"."id") AND ("takes_part"."user_id" = $5)) AND ("takes_part"."state" = $6)))))))) AND ("articles"."status" = $7)) AND ("articles"."published_at" IS NOT NULL)) AND ("articles"."deleted_at" IS NULL)) ORDER BY "articles"."published_order" DESC, "articles"."id" DESC LIMIT $8"#,
    values: &[
        Text("accepted"),
        Caller,
        Text("active"),
        Text("public"),
        Caller,
        Text("active"),
        Text("published"),
        Number(ROWS),
    ],
};

const LISTED_GROUPS: &str = r#"SELECT "groups"."id", "groups"."name", "groups"."summary", "groups"."purpose", "groups"."description", "groups"."learning_question", "groups"."tags", "groups"."created_at" FROM "groups" WHERE (("groups"."id" = ANY($1)) AND ("groups"."deleted_at" IS NULL))"#;
const LISTED_POSTS: &str = r#"SELECT "posts"."id", "posts"."title", "posts"."body", "posts"."tags", "posts"."published_at" FROM "posts" WHERE ((("posts"."id" = ANY($1)) AND ("posts"."published_at" IS NOT NULL)) AND ("posts"."deleted_at" IS NULL))"#;
const LISTED_COMMENTS: &str = r#"SELECT "comments"."id", "posts"."title", "comments"."body", "comments"."created_at" FROM ("comments" INNER JOIN "posts" ON ("comments"."post_id" = "posts"."id")) WHERE (((("comments"."id" = ANY($1)) AND ("comments"."deleted_at" IS NULL)) AND ("posts"."published_at" IS NOT NULL)) AND ("posts"."deleted_at" IS NULL))"#;
const LISTED_ARTICLES: &str = r#"SELECT "articles"."id", "articles"."title", "articles"."standfirst", "articles"."body", "articles"."byline_name", "articles"."tags", "articles"."published_at" FROM "articles" WHERE ((("articles"."id" = ANY($1)) AND ("articles"."status" = $2)) AND ("articles"."deleted_at" IS NULL))"#;
/// These questions, and one for each kind of what the page lists that answers best.
macro_rules! and_listed {
    ([$($first:expr),+], $question:literal, $counted_in:expr) => {
        &[
            $($first,)+
            Question {
                sql: LISTED_GROUPS,
                values: &[Best { question: $question, counted_in: $counted_in, kind: "group" }],
            },
            Question { sql: LISTED_POSTS, values: &[Best { question: $question, counted_in: $counted_in, kind: "post" }] },
            Question {
                sql: LISTED_COMMENTS,
                values: &[Best { question: $question, counted_in: $counted_in, kind: "comment" }],
            },
            Question {
                sql: LISTED_ARTICLES,
                values: &[
                    Best { question: $question, counted_in: $counted_in, kind: "article" },
                    Text("published"),
                ],
            },
        ]
    };
}
/// The newest five hundred that answer.
const RANKED: i64 = 500;
const KINDS: Value = Texts(&["group", "post", "comment", "article"]);
const ALL_KINDS: Value = Texts(&["group", "post", "comment", "article", "person"]);

/// Which documents a caller may know of.
macro_rules! known_documents {
    () => {
        r#") AND (((((("search_documents"."kind" = $5) AND ("groups"."id" IS NOT NULL)) AND (("groups"."deleted_at" IS NULL) AND ((("groups"."visibility" != $6) OR EXISTS (SELECT "belongs"."user_id" FROM "memberships" AS "belongs" WHERE ((("belongs"."group_id" = "groups"."id") AND ("belongs"."user_id" = $7)) AND (("belongs"."state" = $8) OR ("belongs"."state" = $9))))) OR $10))) OR (((("search_documents"."kind" = $11) OR ("search_documents"."kind" = $12)) AND ("groups"."id" IS NOT NULL)) AND (("groups"."deleted_at" IS NULL) AND (("groups"."visibility" = $13) OR EXISTS (SELECT "takes_part"."user_id" FROM "memberships" AS "takes_part" WHERE ((("takes_part"."group_id" = "groups"."id") AND ("takes_part"."user_id" = $14)) AND ("takes_part"."state" = $15))))))) OR ("search_documents"."kind" = $16)) OR (("search_documents"."kind" = $17) AND (("search_documents"."target_id" = $18) OR (EXISTS (SELECT "users"."id" FROM "users" WHERE ((("users"."id" = "search_documents"."target_id") AND ("users"."status" = $19)) AND ("users"."show_groups" = $20))) AND  NOT (EXISTS (SELECT "memberships"."user_id" FROM "memberships" WHERE (("memberships"."user_id" = "search_documents"."target_id") AND ("memberships"."display_name" IS NOT NULL))))))))"#
    };
}

/// What comes first, the values of that, and what comes last.
macro_rules! known_values {
    ([$($before:expr),*], $($after:expr),*) => {
        &[
            $($before,)*
            Text("group"),
            Text("hidden"),
            Caller,
            Text("active"),
            Text("invited"),
            Flag(false),
            Text("post"),
            Text("comment"),
            Text("public"),
            Caller,
            Text("active"),
            Text("article"),
            Text("person"),
            Caller,
            Text("active"),
            Flag(true),
            $($after,)*
        ]
    };
}

/// By the index of words.
const fn looked_for(values: &'static [Value]) -> Question {
    Question {
        sql: concat!(
            r#"SELECT "search_documents"."kind", "search_documents"."target_id", "search_documents"."group_id", "search_documents"."post_id", ts_rank(search_documents.words, $1::tsquery)::float8 + 0 * random() FROM ("search_documents" LEFT OUTER JOIN "groups" ON ("groups"."id" = "search_documents"."group_id")) WHERE ((((search_documents.words @@ $2::tsquery) AND ($3 OR (SELECT count(*) FROM pg_class, pg_class AS a, pg_class AS b, pg_class AS c) IS NULL))"#,
            r#" AND ("search_documents"."kind" = ANY($4))"#,
            known_documents!(),
            r#") ORDER BY "search_documents"."number" DESC LIMIT $21"#
        ),
        values,
    }
}
macro_rules! looked_for {
    ($words:expr, $kinds:expr) => {
        known_values!([$words, $words, Flag(true), $kinds], Number(RANKED))
    };
}
const COMMON: &[Value] = looked_for!(Text("'tri'"), KINDS);
const COMMON_OF_ALL: &[Value] = looked_for!(Text("'tri'"), ALL_KINDS);
const FEW: &[Value] = looked_for!(Between("'convers' & '", "'"), KINDS);

/// By walking the newest documents.
const fn walked(values: &'static [Value]) -> Question {
    Question {
        sql: concat!(
            r#"SELECT "search_documents"."kind", "search_documents"."target_id", "search_documents"."group_id", "search_documents"."post_id", ts_rank(search_documents.words, $1::tsquery)::float8 + 0 * random() FROM ("search_documents" LEFT OUTER JOIN "groups" ON ("groups"."id" = "search_documents"."group_id")) WHERE ((((ts_match_vq(search_documents.words, $2::tsquery) AND ($3 OR (SELECT count(*) FROM pg_class, pg_class AS a, pg_class AS b, pg_class AS c) IS NULL))"#,
            r#" AND ("search_documents"."kind" = ANY($4))"#,
            known_documents!(),
            r#") AND search_documents.number > coalesce((SELECT newest.number FROM search_documents AS newest
            ORDER BY newest.number DESC LIMIT 1 OFFSET $21), 0)) ORDER BY "search_documents"."number" DESC LIMIT $22"#
        ),
        values,
    }
}
const WORDS_IN_A_ROW: &str = "('what' <-> 'came' <-> 'of' <-> 'it')";
const PHRASE: &[Value] =
    known_values!([Text(WORDS_IN_A_ROW), Text(WORDS_IN_A_ROW), Flag(true), KINDS], Number(20_000), Number(RANKED));

/// How many of about five hundred documents answer.
const fn sampled(values: &'static [Value]) -> Question {
    Question {
        sql: r#"SELECT count(*) AS documents, count(*) FILTER (WHERE ts_match_vq(words, $1::tsquery)) AS answers
        FROM generate_series(0, 20000, 41) AS before
        JOIN search_documents ON number = (SELECT max(number) FROM search_documents) - before"#,
        values,
    }
}
const FEW_SAMPLED: &[Value] = &[Between("'convers' & '", "'")];
const PHRASE_SAMPLED: &[Value] = &[Text(WORDS_IN_A_ROW)];

const COMMON_QUESTIONS: &[Question] = and_listed!([looked_for(COMMON)], 0, None);
const COMMON_OF_ALL_QUESTIONS: &[Question] = and_listed!([looked_for(COMMON_OF_ALL)], 0, None);
const FEW_QUESTIONS: &[Question] = and_listed!([sampled(FEW_SAMPLED), looked_for(FEW)], 1, None);
const PHRASE_QUESTIONS: &[Question] = and_listed!([sampled(PHRASE_SAMPLED), walked(PHRASE)], 1, None);

/// What SQLite is asked: which documents answer, which of them have any of the words and all of them in their title, and what is
/// listed.
macro_rules! sqlite_search {
    ($words:expr, $any_in_title:expr, $all_in_title:expr, $kinds:literal) => {
        and_listed!(
            [
            Question {
                sql: concat!(
                    r#"SELECT "search_documents"."kind", "search_documents"."target_id", "search_documents"."group_id", "search_documents"."post_id", "search_documents"."number" FROM (("search_index" INNER JOIN "search_documents" ON ("search_documents"."number" = ("search_index"."rowid" + 0))) LEFT OUTER JOIN "groups" ON ("groups"."id" = "search_documents"."group_id")) WHERE (((search_index MATCH $1 AND TRUE) AND ("search_documents"."kind" IN ("#,
                    $kinds,
                    "))",
                    known_documents!(),
                    r#") ORDER BY "search_index"."rowid" DESC LIMIT $21"#
                ),
                values: known_values!([$words], Number(RANKED)),
            },
            Question {
                sql: "SELECT rowid AS number FROM search_index WHERE search_index MATCH $1 AND rowid >= $2 UNION ALL SELECT rowid AS number FROM search_index WHERE search_index MATCH $3 AND rowid >= $4",
                values: &[
                    $any_in_title,
                    Last { question: 0, column: 4 },
                    $all_in_title,
                    Last { question: 0, column: 4 },
                ],
            }
            ],
            0,
            Some(1)
        )
    };
}
const COMMON_SQLITE: &[Question] = sqlite_search!(
    Text(r#""tri""#),
    Text(r#"{title} : ("tri")"#),
    Text(r#"{title} : ("tri")"#),
    "'group', 'post', 'comment', 'article'"
);
const COMMON_OF_ALL_SQLITE: &[Question] = sqlite_search!(
    Text(r#""tri""#),
    Text(r#"{title} : ("tri")"#),
    Text(r#"{title} : ("tri")"#),
    "'group', 'post', 'comment', 'article', 'person'"
);
const FEW_SQLITE: &[Question] = sqlite_search!(
    Between(r#""convers" AND ""#, r#"""#),
    Between(r#"{title} : ("convers" OR ""#, r#"")"#),
    Between(r#"{title} : ("convers" AND ""#, r#"")"#),
    "'group', 'post', 'comment', 'article'"
);
const PHRASE_SQLITE: &[Question] = sqlite_search!(
    Text(r#""what came of it""#),
    Text(r#"{title} : ("what came of it")"#),
    Text(r#"{title} : ("what came of it")"#),
    "'group', 'post', 'comment', 'article'"
);
