//! `praxis reindex`: writes the index of words anew from what is visible, in small transactions, while others read and
//! write. What is in the index already stays there until its turn comes.

use std::time::Duration;

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use indicatif::ProgressBar;
use uuid::Uuid;

use crate::api::{articles, comments, groups, posts, users};
use crate::db::sql_types::{Id, RawId};
use crate::db::{Conn, each_backend, in_transaction, search};
use crate::error::Result;

/// Documents in one transaction.
const BATCH: i64 = 500;
/// Attempts at a transaction that others get in the way of.
const ATTEMPTS: u32 = 5;

/// Puts the next visible things of a kind into the index: those after an id, up to so many, in the order of their ids.
/// Answers with their ids. Nobody changes them until the transaction ends.
type Step = fn(&mut Conn, Uuid, i64) -> Result<Vec<Uuid>>;

/// Where many answer a question, those that came into the index last are ranked, so what is looked for most comes last.
const STEPS: [Step; 5] = [
    users::queries::index_after,
    comments::queries::index_after,
    posts::queries::index_after,
    articles::queries::index_after,
    groups::queries::index_after,
];

/// True of a row of `search_documents` that is about nothing visible, or says another place than where that is.
pub const GONE: &str = "NOT CASE search_documents.kind
    WHEN 'group' THEN EXISTS (SELECT 1 FROM groups WHERE groups.id = search_documents.target_id
        AND groups.id = search_documents.group_id AND groups.deleted_at IS NULL)
    WHEN 'post' THEN EXISTS (SELECT 1 FROM posts WHERE posts.id = search_documents.target_id
        AND posts.id = search_documents.post_id AND posts.group_id = search_documents.group_id
        AND posts.published_at IS NOT NULL AND posts.deleted_at IS NULL)
    WHEN 'comment' THEN EXISTS (SELECT 1 FROM comments JOIN posts ON posts.id = comments.post_id
        WHERE comments.id = search_documents.target_id AND comments.post_id = search_documents.post_id
        AND comments.group_id = search_documents.group_id AND comments.deleted_at IS NULL
        AND posts.published_at IS NOT NULL AND posts.deleted_at IS NULL)
    WHEN 'article' THEN EXISTS (SELECT 1 FROM articles WHERE articles.id = search_documents.target_id
        AND articles.status = 'published' AND articles.deleted_at IS NULL)
    ELSE EXISTS (SELECT 1 FROM users WHERE users.id = search_documents.target_id
        AND users.status = 'active' AND users.show_groups)
    END";

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Report {
    /// How many documents the index holds of what is visible.
    pub documents: u64,
}

/// Writes the whole index anew. The caller is in no transaction.
///
/// # Errors
/// When the database does not answer; what was written until then stays.
pub fn run(conn: &mut Conn, progress: &ProgressBar) -> Result<Report> {
    progress.set_length(total(conn)?);
    let mut documents = 0;
    for step in STEPS {
        let mut after = Uuid::nil();
        loop {
            let ids = patiently(conn, |conn| step(conn, after, BATCH))?;
            let Some(last) = ids.last() else { break };
            after = *last;
            let count = u64::try_from(ids.len()).unwrap_or_default();
            documents += count;
            progress.inc(count);
        }
    }
    remove_gone(conn)?;
    if matches!(conn, Conn::Sqlite(_)) {
        // past the program a document may have gone without its words
        let stray = "DELETE FROM search_index WHERE rowid NOT IN (SELECT number FROM search_documents)";
        patiently(conn, |conn| Ok(conn.execute(stray)?))?;
    }
    if matches!(conn, Conn::Postgres(_)) {
        // how common words are decides how a question is answered
        conn.execute("ANALYZE search_documents")?;
    }
    Ok(Report { documents })
}

/// One transaction, tried again where others get in its way.
fn patiently<T>(conn: &mut Conn, work: impl Fn(&mut Conn) -> Result<T>) -> Result<T> {
    for attempt in 1..ATTEMPTS {
        match in_transaction(conn, &work) {
            Err(error) if error.is_retryable() => std::thread::sleep(Duration::from_millis(u64::from(attempt * 100))),
            done => return done,
        }
    }
    in_transaction(conn, &work)
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    rows: i64,
}

fn total(conn: &mut Conn) -> Result<u64> {
    let sql = "SELECT (SELECT count(*) FROM users WHERE status = 'active' AND show_groups)
        + (SELECT count(*) FROM comments JOIN posts ON posts.id = comments.post_id WHERE comments.deleted_at IS NULL
            AND posts.published_at IS NOT NULL AND posts.deleted_at IS NULL)
        + (SELECT count(*) FROM posts WHERE published_at IS NOT NULL AND deleted_at IS NULL)
        + (SELECT count(*) FROM articles WHERE status = 'published' AND deleted_at IS NULL)
        + (SELECT count(*) FROM groups WHERE deleted_at IS NULL) AS rows";
    let count: Count = each_backend!(conn => diesel::sql_query(sql).get_result(conn))?;
    Ok(u64::try_from(count.rows).unwrap_or_default())
}

#[derive(QueryableByName)]
struct Gone {
    #[diesel(sql_type = BigInt)]
    number: i64,
    #[diesel(sql_type = Id)]
    target_id: RawId,
}

/// Takes out what is not visible any more.
fn remove_gone(conn: &mut Conn) -> Result<()> {
    let sql = format!(
        "SELECT number, target_id FROM search_documents WHERE number > $1 AND ({GONE}) ORDER BY number LIMIT {BATCH}"
    );
    let mut after = 0_i64;
    loop {
        let last = patiently(conn, |conn| {
            let gone: Vec<Gone> = each_backend!(conn => diesel::sql_query(&sql).bind::<BigInt, _>(after).load(conn))?;
            for document in &gone {
                search::remove(conn, document.target_id.0)?;
            }
            Ok(gone.last().map(|document| document.number))
        })?;
        let Some(number) = last else { return Ok(()) };
        after = number;
    }
}
