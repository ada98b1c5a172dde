//! `praxis doctor`: recounts what the program keeps as a number or a date, looks for orphans and for groups without owner,
//! and mends what can be mended.

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use crate::api::memberships::activity::{GROUP_LAST_ACTIVE, MEMBER_LAST_CONTRIBUTED};
use crate::db::{Conn, each_backend};
use crate::error::Result;
use crate::reindex::GONE;

/// Something that has to hold for every row of a table.
struct Check {
    /// What is wrong with the rows that are counted.
    finding: &'static str,
    table: &'static str,
    /// The condition that is true of a row in which something is off.
    off: String,
    /// What a mended row has, where it can be mended.
    mended: Option<String>,
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What is wrong, in words.
    pub what: &'static str,
    /// In how many rows.
    pub rows: i64,
    /// Whether [`mend`] can mend it.
    pub can_be_mended: bool,
}

fn counted(finding: &'static str, table: &'static str, column: &str, truth: &str) -> Check {
    Check {
        finding,
        table,
        off: format!("{table}.{column} IS DISTINCT FROM {truth}"),
        mended: Some(format!("{column} = {truth}")),
    }
}

fn orphan(finding: &'static str, table: &'static str, off: &str) -> Check {
    Check { finding, table, off: off.to_owned(), mended: None }
}

fn checks() -> Vec<Check> {
    let mut checks = kept_numbers_and_dates();
    checks.extend(references());
    checks.extend(content());
    checks.extend(searched());
    checks
}

/// Each visible thing has its document, and no document is of anything else. `praxis reindex` mends both.
fn searched() -> Vec<Check> {
    let missing = |table: &str, visible: &str| {
        format!(
            "{visible} AND NOT EXISTS (SELECT 1 FROM search_documents WHERE search_documents.target_id = {table}.id)"
        )
    };
    vec![
        orphan(
            "groups that a search does not find («praxis reindex» mends it)",
            "groups",
            &missing("groups", "groups.deleted_at IS NULL"),
        ),
        orphan(
            "posts that a search does not find («praxis reindex» mends it)",
            "posts",
            &missing("posts", "posts.published_at IS NOT NULL AND posts.deleted_at IS NULL"),
        ),
        orphan(
            "comments that a search does not find («praxis reindex» mends it)",
            "comments",
            &missing(
                "comments",
                "comments.deleted_at IS NULL AND EXISTS (SELECT 1 FROM posts WHERE posts.id = comments.post_id
                    AND posts.published_at IS NOT NULL AND posts.deleted_at IS NULL)",
            ),
        ),
        orphan(
            "articles that a search does not find («praxis reindex» mends it)",
            "articles",
            &missing("articles", "articles.status = 'published' AND articles.deleted_at IS NULL"),
        ),
        orphan(
            "people who show themselves and whom a search does not find («praxis reindex» mends it)",
            "users",
            &missing("users", "users.status = 'active' AND users.show_groups"),
        ),
        orphan(
            "documents of the search about nothing visible, or in another place («praxis reindex» mends it)",
            "search_documents",
            GONE,
        ),
    ]
}

fn kept_numbers_and_dates() -> Vec<Check> {
    vec![
        counted(
            "groups whose member count is not the number of active members",
            "groups",
            "member_count",
            "(SELECT count(*) FROM memberships WHERE memberships.group_id = groups.id AND memberships.state = 'active')",
        ),
        counted(
            "posts whose comment count is not the number of their visible comments",
            "posts",
            "comment_count",
            "(SELECT count(*) FROM comments WHERE comments.post_id = posts.id AND comments.deleted_at IS NULL)",
        ),
        counted(
            "posts whose latest reply is not that of their latest visible comment",
            "posts",
            "last_reply_at",
            "(SELECT max(comments.created_at) FROM comments
                WHERE comments.post_id = posts.id AND comments.deleted_at IS NULL)",
        ),
        counted(
            "comments whose reply count is not the number of listed replies",
            "comments",
            "reply_count",
            "(SELECT count(*) FROM comments AS replies WHERE replies.parent_id = comments.id
                AND (replies.deleted_at IS NULL OR replies.reply_count > 0))",
        ),
        counted(
            "groups whose last activity is not that of their latest visible content",
            "groups",
            "last_active_at",
            GROUP_LAST_ACTIVE,
        ),
        counted(
            "memberships whose last contribution is not that of their latest visible content",
            "memberships",
            "last_contributed_at",
            MEMBER_LAST_CONTRIBUTED,
        ),
    ]
}

fn references() -> Vec<Check> {
    vec![
        orphan(
            "groups without owner",
            "groups",
            "groups.deleted_at IS NULL AND NOT EXISTS (SELECT 1 FROM memberships
                WHERE memberships.group_id = groups.id AND memberships.role = 'owner' AND memberships.state = 'active')",
        ),
        orphan(
            "groups without a type",
            "groups",
            "NOT EXISTS (SELECT 1 FROM group_type_links WHERE group_type_links.group_id = groups.id)",
        ),
        orphan(
            "groups that stand in each other, or more than three one within the other",
            "groups",
            "EXISTS (SELECT 1 FROM groups AS a JOIN groups AS b ON b.id = a.parent_id JOIN groups AS c ON c.id = b.parent_id
                WHERE a.id = groups.parent_id)",
        ),
        orphan(
            "groups within a group, or carried on by one, that does not exist",
            "groups",
            "(groups.parent_id IS NOT NULL AND groups.parent_id NOT IN (SELECT id FROM groups))
                OR (groups.successor_id IS NOT NULL AND groups.successor_id NOT IN (SELECT id FROM groups))",
        ),
        orphan(
            "groups whose rules are not those of their latest version",
            "groups",
            "groups.rules IS NOT NULL AND NOT EXISTS (SELECT 1 FROM group_rules WHERE group_rules.group_id = groups.id
                AND group_rules.version = groups.rules_version AND group_rules.text = groups.rules)",
        ),
        orphan(
            "groups whose domains are not those by which members join",
            "groups",
            "(groups.auto_join_domains <> '[]') <> EXISTS (
                SELECT 1 FROM group_domains WHERE group_domains.group_id = groups.id)
                OR EXISTS (SELECT 1 FROM group_domains WHERE group_domains.group_id = groups.id
                    AND groups.auto_join_domains NOT LIKE '%\"' || group_domains.domain || '\"%')",
        ),
        orphan(
            "memberships whose history does not end where they stand",
            "memberships",
            "(SELECT membership_events.to_state FROM membership_events
                WHERE membership_events.group_id = memberships.group_id
                    AND membership_events.user_id = memberships.user_id
                ORDER BY membership_events.at DESC, membership_events.id DESC LIMIT 1)
                IS DISTINCT FROM memberships.state",
        ),
    ]
}

fn content() -> Vec<Check> {
    vec![
        orphan(
            "comments that belong to another group than their post, or to none",
            "comments",
            "NOT EXISTS (SELECT 1 FROM posts WHERE posts.id = comments.post_id AND posts.group_id = comments.group_id)",
        ),
        orphan(
            "shares of posts that not everybody may read, that belong to the group, or that nobody would look for",
            "post_shares",
            "removed_at IS NULL AND NOT EXISTS (SELECT 1 FROM posts JOIN groups ON groups.id = posts.group_id
                WHERE posts.id = post_shares.post_id AND posts.group_id <> post_shares.group_id
                    AND posts.published_at IS NOT NULL AND groups.visibility = 'public' AND groups.deleted_at IS NULL
                    AND posts.is_shared
                    AND EXISTS (SELECT 1 FROM groups AS holders WHERE holders.id = post_shares.group_id AND holders.has_shares))",
        ),
        orphan(
            "comments that answer a comment of another post, or none",
            "comments",
            "comments.parent_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM comments AS parents
                WHERE parents.id = comments.parent_id AND parents.post_id = comments.post_id
                    AND parents.depth = comments.depth - 1)",
        ),
    ]
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    rows: i64,
}

fn count(conn: &mut Conn, sql: &str) -> Result<i64> {
    Ok(each_backend!(conn => diesel::sql_query(sql).get_result::<Count>(conn))?.rows)
}

/// Everything that is off.
pub fn examine(conn: &mut Conn) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for Check { finding, table, off, mended } in checks() {
        let rows = count(conn, &format!("SELECT count(*) AS rows FROM {table} WHERE {off}"))?;
        findings.push(Finding { what: finding, rows, can_be_mended: mended.is_some() });
    }
    if matches!(conn, Conn::Sqlite(_)) {
        // PostgreSQL's foreign keys cannot be switched off by a connection
        let rows = count(conn, "SELECT count(*) AS rows FROM pragma_foreign_key_check")?;
        findings.push(Finding { what: "rows that refer to nothing", rows, can_be_mended: false });
        let without_words =
            "SELECT (SELECT count(*) FROM search_documents WHERE number NOT IN (SELECT rowid FROM search_index))
            + (SELECT count(*) FROM search_index WHERE rowid NOT IN (SELECT number FROM search_documents)) AS rows";
        let rows = count(conn, without_words)?;
        let what = "documents of the search without words, or words without document («praxis reindex» mends it)";
        findings.push(Finding { what, rows, can_be_mended: false });
    }
    findings.retain(|finding| finding.rows > 0);
    Ok(findings)
}

/// Mends what can be mended. On PostgreSQL it keeps everybody else from writing meanwhile.
pub fn mend(conn: &mut Conn) -> Result<()> {
    if matches!(conn, Conn::Postgres(_)) {
        let tables = "groups, memberships, posts, comments, articles, article_contributions";
        conn.execute(&format!("LOCK TABLE {tables} IN SHARE ROW EXCLUSIVE MODE"))?;
    }
    for Check { table, off, mended, .. } in checks() {
        let Some(mended) = mended else { continue };
        // a comment's count follows from those of its replies, one level at a time
        loop {
            let sql = format!("UPDATE {table} SET {mended} WHERE {off}");
            let rows = each_backend!(conn => diesel::sql_query(&sql).execute(conn))?;
            if rows == 0 {
                break;
            }
        }
    }
    Ok(())
}
