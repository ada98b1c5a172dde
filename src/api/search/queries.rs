//! Every statement of the search. What the caller may know of is decided in the statement that finds, so that neither a
//! result nor the number of results, nor their order, tells of anything else. The engines differ only in how words are
//! found and ranked.

use std::cmp::Reverse;
use std::collections::HashMap;

use diesel::dsl::{exists, not, sql};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Double, Text};
use diesel::sqlite::Sqlite;
use uuid::Uuid;

use super::model::{Found, Hit, Question, SearchKind, SearchResult};
use crate::api::articles::model::ArticleStatus;
use crate::api::memberships::access::{readable, visible};
use crate::api::users::model::UserStatus;
use crate::auth::actor::Viewer;
use crate::db::schema::{
    articles, comments, group_type_links, group_types, groups, memberships, post_shares, posts, search_documents, users,
};
use crate::db::search;
use crate::db::sql_types::{JsonList, PlannedAnew, among};
use crate::db::{Conn, each_backend};
use crate::error::Result;
use crate::http::page::Page;
use crate::types::{GroupId, PostId, TargetId, Timestamp};

use index::search_index;

/// SQLite's index of words, as far as diesel needs to know of it.
mod index {
    use crate::db::schema::{
        api_key_groups, group_type_links, group_types, groups, memberships, post_shares, search_documents, users,
    };

    diesel::table! {
        search_index (rowid) {
            rowid -> BigInt,
        }
    }

    diesel::allow_tables_to_appear_in_same_query!(search_index, search_documents);
    diesel::allow_tables_to_appear_in_same_query!(search_index, groups);
    diesel::allow_tables_to_appear_in_same_query!(search_index, memberships);
    diesel::allow_tables_to_appear_in_same_query!(search_index, users);
    diesel::allow_tables_to_appear_in_same_query!(search_index, group_types);
    diesel::allow_tables_to_appear_in_same_query!(search_index, group_type_links);
    diesel::allow_tables_to_appear_in_same_query!(search_index, post_shares);
    diesel::allow_tables_to_appear_in_same_query!(search_index, api_key_groups);
}

/// So many of the newest that answer are ranked.
const RANKED: i64 = 500;
/// So many of the newest documents are walked for what is common.
const WALKED: i64 = 20_000;

/// What a document is, and by which engine's measure it ranks.
macro_rules! columns {
    ($measure:expr) => {
        (
            search_documents::kind,
            search_documents::target_id,
            search_documents::group_id,
            search_documents::post_id,
            $measure,
        )
    };
}
type Row<T> = (SearchKind, TargetId, Option<GroupId>, Option<PostId>, T);

fn hit<T>((kind, id, group_id, post_id, measure): Row<T>, score: impl Fn(T) -> i64) -> Hit {
    Hit { kind, id, group_id, post_id, score: score(measure) }
}

/// The one condition on documents, joined to their groups, for what a caller may know of.
macro_rules! known {
    ($viewer:expr) => {{
        let is = |kind: SearchKind| search_documents::kind.eq(kind);
        let shown = users::table
            .filter(users::id.eq(search_documents::target_id))
            .filter(users::status.eq(UserStatus::Active))
            .filter(users::show_groups.eq(true))
            .select(users::id);
        // the id beside a pseudonym would tell whose it is; what was written under it stays when the person leaves
        let pseudonyms = memberships::table
            .filter(memberships::user_id.eq(search_documents::target_id))
            .filter(memberships::display_name.is_not_null())
            .select(memberships::user_id);
        let oneself = search_documents::target_id.eq($viewer.user_id());
        let in_place = || groups::id.is_not_null();
        let card = is(SearchKind::Group).and(in_place()).and(visible!($viewer));
        let words = is(SearchKind::Post).or(is(SearchKind::Comment)).and(in_place()).and(readable!($viewer));
        let person = is(SearchKind::Person).and(oneself.or(exists(shown).and(not(exists(pseudonyms)))));
        card.or(words).or(is(SearchKind::Article)).or(person)
    }};
}

/// Narrows a boxed query of documents to what is asked for.
macro_rules! narrow {
    ($found:ident, $question:expr, $reads_shares:expr) => {
        if let Some(group) = $question.group_id {
            let is_own = search_documents::group_id.eq(group);
            if $reads_shares {
                let shared = post_shares::table
                    .filter(post_shares::group_id.eq(group))
                    .filter(post_shares::removed_at.is_null())
                    .select(post_shares::post_id.nullable());
                $found = $found.filter(is_own.or(search_documents::post_id.eq_any(shared)));
            } else {
                $found = $found.filter(is_own);
            }
        }
        if let Some(slug) = &$question.group_type {
            let of_kind = group_type_links::table
                .inner_join(group_types::table)
                .filter(group_type_links::group_id.nullable().eq(search_documents::group_id))
                .filter(group_types::slug.eq(slug.clone()));
            $found = $found.filter(exists(of_kind));
        }
        if let Some(since) = $question.since {
            $found = $found.filter(search_documents::at.ge(since));
        }
    };
}

/// What answers a question, of the newest five hundred that do and that the caller may know of, the best first. A score
/// follows from the document alone: one by how rare a word is would tell of documents that the caller may not know of.
pub fn find(conn: &mut Conn, viewer: &Viewer, question: &Question) -> Result<Vec<Hit>> {
    let reads_shares = question.group_id.map_or(Ok(false), |group| has_shares(conn, viewer, group))?;
    let mut hits = match conn {
        Conn::Sqlite(conn) => find_in_sqlite(conn, viewer, question, reads_shares)?,
        Conn::Postgres(conn) => find_in_postgres(conn, viewer, question, reads_shares)?,
    };
    hits.sort_unstable_by_key(|hit| Reverse((hit.score, hit.id)));
    Ok(hits)
}

/// Whether posts of other groups stand in a group, and the caller reads them there. Who does not is not told that they do.
fn has_shares(conn: &mut Conn, viewer: &Viewer, group: GroupId) -> Result<bool> {
    let standing = post_shares::table
        .inner_join(groups::table)
        .filter(post_shares::group_id.eq(group))
        .filter(post_shares::removed_at.is_null());
    Ok(each_backend!(conn => diesel::select(exists(standing.filter(readable!(viewer)))).get_result(conn))?)
}

/// What comes after the page before.
#[must_use]
pub fn after(mut hits: Vec<Hit>, page: &Page<i64>) -> Vec<Hit> {
    if let Some((score, id)) = page.after {
        hits.retain(|hit| (hit.score, hit.id.uuid()) < (score, id));
    }
    hits
}

/// The index of words finds all that answer before the newest of them are known, which takes long for what everybody says;
/// walking the documents from the newest on takes long for what few say. Of one word PostgreSQL knows which it is; of a
/// phrase a sample tells.
fn find_in_postgres(
    conn: &mut PgConnection,
    viewer: &Viewer,
    question: &Question,
    reads_shares: bool,
) -> Result<Vec<Hit>> {
    // what is narrowed has another index, and answers less often than the sample says
    let is_wide = question.group_id.is_none() && question.group_type.is_none() && question.since.is_none();
    if is_wide && question.kinds.len() > 1 && !question.words.is_one_word() && is_common(conn, &question.words)? {
        let walked = look_in_postgres(conn, viewer, question, (Some(WALKED), reads_shares))?;
        if i64::try_from(walked.len()).is_ok_and(|found| found >= RANKED) {
            return Ok(walked);
        }
    }
    look_in_postgres(conn, viewer, question, (None, reads_shares))
}

#[derive(QueryableByName)]
struct Sample {
    #[diesel(sql_type = BigInt)]
    documents: i64,
    #[diesel(sql_type = BigInt)]
    answers: i64,
}

/// Whether more than one document of twenty answers, told by one of each 41 that would be walked (a prime, so that what
/// comes in turns is met in all its places).
fn is_common(conn: &mut PgConnection, words: &search::Query) -> Result<bool> {
    let sql = "SELECT count(*) AS documents, count(*) FILTER (WHERE ts_match_vq(words, $1::tsquery)) AS answers
        FROM generate_series(0, 20000, 41) AS before
        JOIN search_documents ON number = (SELECT max(number) FROM search_documents) - before";
    let sample: Sample = diesel::sql_query(sql).bind::<Text, _>(words.tsquery()).get_result(conn)?;
    Ok(sample.answers * 20 > sample.documents)
}

/// What answers a question: of so many of the newest documents, by walking them, or of all, by the index of words.
fn look_in_postgres(
    conn: &mut PgConnection,
    viewer: &Viewer,
    question: &Question,
    (of_newest, reads_shares): (Option<i64>, bool),
) -> Result<Vec<Hit>> {
    // the function does what the operator does, and has no index
    let matches =
        if of_newest.is_some() { "ts_match_vq(search_documents.words, " } else { "(search_documents.words @@ " };
    let answers = sql::<Bool>(matches).bind::<Text, _>(question.words.tsquery()).sql("::tsquery)");
    // what is volatile is computed last: of what is listed, not of all that is found
    let rank = sql::<Double>("ts_rank(search_documents.words, ")
        .bind::<Text, _>(question.words.tsquery_wanted())
        .sql("::tsquery)::float8 + 0 * random()");
    let mut found = search_documents::table
        .left_join(groups::table.on(groups::id.nullable().eq(search_documents::group_id)))
        .filter(answers)
        .filter(PlannedAnew)
        .filter(search_documents::kind.eq_any(question.kinds.clone()))
        .filter(known!(viewer))
        .order(search_documents::number.desc())
        .limit(RANKED)
        .select(columns!(rank))
        .into_boxed::<Pg>();
    narrow!(found, question, reads_shares);
    if let Some(newest) = of_newest {
        let from = "search_documents.number > coalesce((SELECT newest.number FROM search_documents AS newest
            ORDER BY newest.number DESC LIMIT 1 OFFSET ";
        found = found.filter(sql::<Bool>(from).bind::<BigInt, _>(newest).sql("), 0)"));
    }
    let rows: Vec<Row<f64>> = found.load(conn)?;
    Ok(rows.into_iter().map(|row| hit(row, whole)).collect())
}

/// A rank as cursors hold it.
#[expect(clippy::as_conversions, clippy::cast_possible_truncation, reason = "ranks are below a hundred")]
fn whole(rank: f64) -> i64 {
    (rank * 1e6).round() as i64
}

fn find_in_sqlite(
    conn: &mut SqliteConnection,
    viewer: &Viewer,
    question: &Question,
    reads_shares: bool,
) -> Result<Vec<Hit>> {
    let answers = sql::<Bool>("search_index MATCH ").bind::<Text, _>(question.words.fts5());
    // the sum keeps SQLite from looking up one document after the other in the index of words, which takes long
    let number = search_index::rowid + 0_i64;
    let mut found = search_index::table
        .inner_join(search_documents::table.on(search_documents::number.eq(number)))
        .left_join(groups::table.on(groups::id.nullable().eq(search_documents::group_id)))
        .filter(answers)
        .filter(PlannedAnew)
        .filter(search_documents::kind.eq_any(question.kinds.clone()))
        .filter(known!(viewer))
        .order(search_index::rowid.desc())
        .limit(RANKED)
        .select(columns!(search_documents::number))
        .into_boxed::<Sqlite>();
    narrow!(found, question, reads_shares);
    let rows: Vec<Row<i64>> = found.load(conn)?;
    let Some((.., oldest)) = rows.last() else { return Ok(Vec::new()) };
    let titles = rank_titles(conn, &question.words, *oldest)?;
    let score = |number: i64| titles.get(&number).copied().unwrap_or_default();
    Ok(rows.into_iter().map(|row| hit(row, score)).collect())
}

#[derive(QueryableByName)]
struct Numbered {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

/// Of the documents from this one on, which have any of the words in their title (1) or all of them (2). What FTS5 has
/// for ranking counts in how many documents each word is, in all of them, which takes long too.
fn rank_titles(conn: &mut SqliteConnection, words: &search::Query, oldest: i64) -> Result<HashMap<i64, i64>> {
    let each = "SELECT rowid AS number FROM search_index WHERE search_index MATCH ? AND rowid >= ?";
    let titles: Vec<Numbered> = diesel::sql_query(format!("{each} UNION ALL {each}"))
        .bind::<Text, _>(words.fts5_any_in_title())
        .bind::<BigInt, _>(oldest)
        .bind::<Text, _>(words.fts5_all_in_title())
        .bind::<BigInt, _>(oldest)
        .load(conn)?;
    let mut ranks = HashMap::new();
    for Numbered { number } in titles {
        *ranks.entry(number).or_default() += 1;
    }
    Ok(ranks)
}

/// What clients see of what was found, in the same order: one more statement for each kind of it.
pub fn results(conn: &mut Conn, words: &search::Query, hits: &[Hit]) -> Result<Vec<SearchResult>> {
    let mut found: HashMap<Uuid, Found> = HashMap::new();
    for (_, kind) in SearchKind::ALL {
        let ids: Vec<TargetId> = hits.iter().filter(|hit| hit.kind == kind).map(|hit| hit.id).collect();
        if ids.is_empty() {
            continue;
        }
        let rows = match kind {
            SearchKind::Group => found_groups(conn, &ids)?,
            SearchKind::Post => found_posts(conn, &ids)?,
            SearchKind::Comment => found_comments(conn, &ids)?,
            SearchKind::Article => found_articles(conn, &ids)?,
            SearchKind::Person => found_people(conn, &ids)?,
        };
        found.extend(rows.into_iter().map(|(id, words)| (id.uuid(), words)));
    }
    // what went away since it was found is left out
    let result = |hit: &Hit| Some(SearchResult::new(hit, found.remove(&hit.id.uuid())?, words));
    Ok(hits.iter().filter_map(result).collect())
}

type Rows = Vec<(TargetId, Found)>;

fn found_groups(conn: &mut Conn, ids: &[TargetId]) -> Result<Rows> {
    type Group = (TargetId, String, (String, String, String), Option<String>, JsonList<String>, Timestamp);
    let rows = groups::table.filter(among(groups::id, ids)).filter(groups::deleted_at.is_null()).select((
        groups::id,
        groups::name,
        (groups::summary, groups::purpose, groups::description),
        groups::learning_question,
        groups::tags,
        groups::created_at,
    ));
    let rows: Vec<Group> = each_backend!(conn => rows.load(conn))?;
    let found = |(id, title, (summary, purpose, description), question, tags, at): Group| {
        let question = question.unwrap_or_default();
        let body = search::joined(&[&summary, &purpose, &description, &question, &tags.0.join("\n")]);
        (id, Found { title, body, at: Some(at) })
    };
    Ok(rows.into_iter().map(found).collect())
}

fn found_posts(conn: &mut Conn, ids: &[TargetId]) -> Result<Rows> {
    type Post = (TargetId, String, String, JsonList<String>, Option<Timestamp>);
    let rows = posts::table
        .filter(among(posts::id, ids))
        .filter(posts::published_at.is_not_null())
        .filter(posts::deleted_at.is_null())
        .select((posts::id, posts::title, posts::body, posts::tags, posts::published_at));
    let rows: Vec<Post> = each_backend!(conn => rows.load(conn))?;
    let found = |(id, title, body, tags, at): Post| {
        let body = search::joined(&[&body, &tags.0.join("\n")]);
        (id, Found { title, body, at })
    };
    Ok(rows.into_iter().map(found).collect())
}

fn found_comments(conn: &mut Conn, ids: &[TargetId]) -> Result<Rows> {
    let rows = comments::table
        .inner_join(posts::table)
        .filter(among(comments::id, ids))
        .filter(comments::deleted_at.is_null())
        .filter(posts::published_at.is_not_null())
        .filter(posts::deleted_at.is_null())
        .select((comments::id, posts::title, comments::body, comments::created_at));
    let rows: Vec<(TargetId, String, String, Timestamp)> = each_backend!(conn => rows.load(conn))?;
    Ok(rows.into_iter().map(|(id, title, body, at)| (id, Found { title, body, at: Some(at) })).collect())
}

fn found_articles(conn: &mut Conn, ids: &[TargetId]) -> Result<Rows> {
    type Article = (TargetId, String, (String, String), Option<String>, JsonList<String>, Option<Timestamp>);
    let rows = articles::table
        .filter(among(articles::id, ids))
        .filter(articles::status.eq(ArticleStatus::Published))
        .filter(articles::deleted_at.is_null())
        .select((
            articles::id,
            articles::title,
            (articles::standfirst, articles::body),
            articles::byline_name,
            articles::tags,
            articles::published_at,
        ));
    let rows: Vec<Article> = each_backend!(conn => rows.load(conn))?;
    let found = |(id, title, (standfirst, body), byline, tags, at): Article| {
        let body = search::joined(&[&standfirst, &body, &byline.unwrap_or_default(), &tags.0.join("\n")]);
        (id, Found { title, body, at })
    };
    Ok(rows.into_iter().map(found).collect())
}

fn found_people(conn: &mut Conn, ids: &[TargetId]) -> Result<Rows> {
    type Person = (TargetId, String, Option<String>, JsonList<String>, Timestamp);
    let rows = users::table
        .filter(among(users::id, ids))
        .filter(users::status.eq(UserStatus::Active))
        .filter(users::show_groups.eq(true))
        .select((users::id, users::display_name, users::organisation, users::skills, users::created_at));
    let rows: Vec<Person> = each_backend!(conn => rows.load(conn))?;
    let found = |(id, title, organisation, skills, at): Person| {
        let body = search::joined(&[&organisation.unwrap_or_default(), &skills.0.join("\n")]);
        (id, Found { title, body, at: Some(at) })
    };
    Ok(rows.into_iter().map(found).collect())
}
