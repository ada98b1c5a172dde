//! Every statement about articles and contributions, but for slugs and what is related. What changes when a group
//! counts as active changes its date in the same transaction; the article's row is locked before the groups', so that
//! publishing and accepting see each other.

use std::time::Duration;

use diesel::prelude::*;
use uuid::Uuid;

use super::model::{
    ArticlePatch, ArticleQuery, ArticleRow, ArticleStatus, BylinePart, CONTRIBUTIONS, CardRow, ContributingGroup,
    ContributionFound, ContributionQuery, ContributionRole, ContributionRow, ContributionState, NewArticle,
    StoredStatus, reading_minutes,
};
use super::policy::Publication;
use super::slugs;
use crate::api::events::{self, EventKind, EventRow};
use crate::api::groups::queries as groups_queries;
use crate::api::groups::relatives;
use crate::api::memberships::access::{Access, visible};
use crate::api::memberships::activity;
use crate::api::memberships::model::{Role, State};
use crate::api::memberships::queries::{leaders, lock_group};
use crate::api::notices;
use crate::api::notices::model::{Notice, NoticeKind};
use crate::api::users::model::UserStatus;
use crate::api::users::queries as users_queries;
use crate::auth::actor::{Actor, Viewer};
use crate::db::schema::tombstones as tombstones_table;
use crate::db::schema::{
    article_authors, article_contributions, article_relations, article_tags, articles, groups, memberships,
};
use crate::db::search::{self, Document};
use crate::db::sql_types::{JsonList, PlannedAnew, among};
use crate::db::tombstones::{self, Tombstone};
use crate::db::{Conn, each_backend};
use crate::error::{Code, Error, Result};
use crate::http::changes::{Gone, Span};
use crate::http::markdown::to_html;
use crate::http::page::Page;
use crate::http::text::{Line, Slug, WebUrl, folded};
use crate::types::{ArticleId, GroupId, RequestId, TargetId, Timestamp, UserId};

/// Rows that one run of a job takes.
const JOB: i64 = 200;
/// Where unknown dates stand in the column `published_order`.
const NEVER: i64 = -i64::MAX;

/// Articles in one status, the latest publication first, unknown dates last. Whether the caller may know of the group
/// that is asked for is settled before.
pub fn list(conn: &mut Conn, query: &ArticleQuery, page: &Page<i64>) -> Result<Vec<CardRow>> {
    let status = query.status.unwrap_or(ArticleStatus::Published);
    Ok(each_backend!(conn, DB => {
        let mut listed = articles::table
            .filter(articles::deleted_at.is_null())
            .filter(articles::status.eq(StoredStatus::from(status)))
            .select(CardRow::as_select())
            .into_boxed::<DB>();
        match status {
            ArticleStatus::Draft => listed = listed.filter(articles::publish_at.is_null()),
            ArticleStatus::Scheduled => listed = listed.filter(articles::publish_at.is_not_null()),
            ArticleStatus::Published => {}
        }
        if let Some(kind) = query.kind {
            listed = listed.filter(articles::kind.eq(kind));
        }
        if let Some(tag) = &query.tag {
            let tagged = article_tags::table
                .filter(article_tags::article_id.eq(articles::id))
                .filter(article_tags::tag.eq(folded(tag.as_str())));
            listed = listed.filter(diesel::dsl::exists(tagged)).filter(PlannedAnew);
        }
        if let Some(group) = query.group_id {
            let named = article_contributions::table
                .filter(article_contributions::article_id.eq(articles::id))
                .filter(article_contributions::group_id.eq(group))
                .filter(article_contributions::state.eq(ContributionState::Accepted));
            listed = listed.filter(diesel::dsl::exists(named)).filter(PlannedAnew);
        }
        if let Some((at, id)) = page.after {
            let (at, id, column) = (Timestamp::from_micros(at), ArticleId::from(id), articles::published_order);
            listed = listed.filter(column.le(at).and(column.lt(at).or(articles::id.lt(id))));
        }
        listed.order((articles::published_order.desc(), articles::id.desc())).limit(page.rows()).load(conn)
    })?)
}

type ChangedCard = (CardRow, Timestamp);

/// The published articles that have changed in a span, each with when, and what is gone since.
pub fn list_changed(conn: &mut Conn, span: &Span) -> Result<(Vec<ChangedCard>, Vec<Gone>)> {
    let (at, id, column) = (span.after.0, ArticleId::from(span.after.1), articles::changed_at.assume_not_null());
    let changed = articles::table
        .filter(diesel::dsl::sql::<diesel::sql_types::Bool>("articles.status = 'published'"))
        .filter(articles::deleted_at.is_null())
        .filter(column.ge(at).and(column.gt(at).or(articles::id.gt(id))))
        .filter(column.le(span.until))
        .order((articles::changed_at.asc(), articles::id.asc()))
        .limit(span.rows);
    let changed = each_backend!(conn => changed.select((CardRow::as_select(), column)).load(conn))?;
    let (target, at) = (TargetId::from(span.after.1), tombstones_table::at);
    let gone = tombstones_table::table
        .filter(tombstones_table::kind.eq("article"))
        .filter(at.ge(span.after.0).and(at.gt(span.after.0).or(tombstones_table::target_id.gt(target))))
        .filter(at.le(span.until))
        .order((tombstones_table::at.asc(), tombstones_table::target_id.asc()))
        .limit(span.rows)
        .select((tombstones_table::target_id, tombstones_table::at));
    let gone: Vec<(TargetId, Timestamp)> = each_backend!(conn => gone.load(conn))?;
    Ok((changed, gone.into_iter().map(|(id, deleted_at)| Gone { id, deleted_at }).collect()))
}

/// The published articles in which a group is named, and what it did for each, in the same order.
pub fn list_of_group(conn: &mut Conn, access: &Access, page: &Page<i64>) -> Result<Vec<(CardRow, ContributionRole)>> {
    let group = access.group_id();
    Ok(each_backend!(conn, DB => {
        let mut listed = article_contributions::table
            .inner_join(articles::table)
            .filter(article_contributions::group_id.eq(group))
            .filter(article_contributions::state.eq(ContributionState::Accepted))
            .filter(articles::status.eq(StoredStatus::Published))
            // not in the words of the index of all articles: SQLite is to begin with those of the group, and sort them
            .filter(diesel::dsl::not(articles::deleted_at.is_not_null()))
            .select((CardRow::as_select(), article_contributions::role))
            .limit(page.rows())
            .into_boxed::<DB>();
        if let Some((at, id)) = page.after {
            let (at, id, column) = (Timestamp::from_micros(at), ArticleId::from(id), articles::published_order);
            listed = listed.filter(column.le(at).and(column.lt(at).or(articles::id.lt(id))));
        }
        listed.order((articles::published_order.desc(), articles::id.desc())).load(conn)
    })?)
}

/// The place of an article in both lists.
#[must_use]
pub fn key(card: &CardRow) -> (i64, Uuid) {
    (card.published_at.map_or(NEVER, Timestamp::micros), card.id.uuid())
}

/// An article.
pub fn get(conn: &mut Conn, id: ArticleId) -> Result<ArticleRow> {
    let row = articles::table.find(id).filter(articles::deleted_at.is_null());
    Ok(each_backend!(conn => row.select(ArticleRow::as_select()).first(conn))?)
}

/// An article, by its name in URLs.
pub fn get_by_slug(conn: &mut Conn, slug: &str) -> Result<ArticleRow> {
    let row = articles::table.filter(articles::slug.eq(slug)).filter(articles::deleted_at.is_null());
    Ok(each_backend!(conn => row.select(ArticleRow::as_select()).first(conn))?)
}

/// An article whose row stays locked until the transaction ends. SQLite has one writer, which is lock enough.
pub fn lock(conn: &mut Conn, id: ArticleId) -> Result<ArticleRow> {
    if let Conn::Postgres(conn) = conn {
        articles::table.find(id).select(articles::id).for_no_key_update().first::<ArticleId>(conn)?;
    }
    get(conn, id)
}

/// The people who write an article with the editors.
pub fn authors(conn: &mut Conn, article: ArticleId) -> Result<Vec<UserId>> {
    let authors = article_authors::table
        .filter(article_authors::article_id.eq(article))
        .order(article_authors::user_id.asc())
        .select(article_authors::user_id);
    Ok(each_backend!(conn => authors.load(conn))?)
}

/// Whether a person writes an article with the editors.
pub fn is_author(conn: &mut Conn, article: ArticleId, person: UserId) -> Result<bool> {
    let author = article_authors::table.find((article, person));
    Ok(each_backend!(conn => diesel::select(diesel::dsl::exists(author)).get_result(conn))?)
}

/// Which of the groups that are asked to contribute to an article, or do, the caller leads.
pub fn led_contributors(conn: &mut Conn, viewer: &Viewer, article: ArticleId) -> Result<Vec<GroupId>> {
    let led = article_contributions::table
        .inner_join(groups::table)
        .inner_join(memberships::table.on(memberships::group_id.eq(article_contributions::group_id)))
        .filter(article_contributions::article_id.eq(article))
        .filter(visible!(viewer))
        .filter(memberships::user_id.eq(viewer.user_id()))
        .filter(memberships::state.eq(State::Active))
        .filter(memberships::role.eq_any([Role::Owner, Role::Facilitator]))
        .select(article_contributions::group_id);
    Ok(each_backend!(conn => led.load(conn))?)
}

/// The groups that agreed to be named and that the caller may know of, in the editors' order.
pub fn contributing_groups(conn: &mut Conn, viewer: &Viewer, article: ArticleId) -> Result<Vec<ContributingGroup>> {
    let accepted = article_contributions::table
        .filter(article_contributions::article_id.eq(article))
        .filter(article_contributions::state.eq(ContributionState::Accepted))
        .order((article_contributions::position.asc(), article_contributions::group_id.asc()))
        .select((article_contributions::group_id, article_contributions::role));
    let accepted: Vec<(GroupId, ContributionRole)> = each_backend!(conn => accepted.load(conn))?;
    let ids: Vec<GroupId> = accepted.iter().map(|(id, _)| *id).collect();
    let found = groups_queries::find_all(conn, viewer, &ids)?;
    let mut known = groups_queries::views(conn, viewer, found)?;
    let mut named = Vec::new();
    for (id, role) in accepted {
        if let Some(place) = known.iter().position(|group| group.id == id) {
            named.push(ContributingGroup { group: known.swap_remove(place), role });
        }
    }
    named.truncate(CONTRIBUTIONS);
    Ok(named)
}

/// Adds an article.
pub fn insert(
    conn: &mut Conn,
    new: &NewArticle,
    publication: Publication,
    creator: UserId,
    now: Timestamp,
) -> Result<ArticleRow> {
    let mut row = new_row(new, publication, creator, now);
    for slug in slugs::candidates(new) {
        if !slugs::is_free(conn, &slug, row.id)? {
            continue;
        }
        row.slug = slug.into_string();
        // waits for whoever takes the same slug at this moment
        let added = each_backend!(conn => diesel::insert_into(articles::table)
            .values((&row, articles::changed_at.eq(now)))
            .on_conflict(articles::slug)
            .do_nothing()
            .execute(conn))?;
        if added == 1 {
            set_tags(conn, row.id, &new.tags.0)?;
            set_authors(conn, row.id, &new.author_ids.0)?;
            relate(conn, row.id, &new.related_ids.0)?;
            if row.status == StoredStatus::Published {
                happened(conn, EventKind::ArticlePublished, row.id, now)?;
            }
            index(conn, row.id)?;
            return Ok(row);
        }
    }
    Err(slugs::taken())
}

/// The row of a new article, without its slug.
fn new_row(new: &NewArticle, publication: Publication, creator: UserId, now: Timestamp) -> ArticleRow {
    let text = |line: &Option<BylinePart>| line.as_ref().map(|line| line.as_str().to_owned());
    ArticleRow {
        id: ArticleId::new(),
        slug: String::new(),
        kind: new.kind,
        title: new.title.as_str().to_owned(),
        standfirst: new.standfirst.as_str().to_owned(),
        body: new.body.as_str().to_owned(),
        body_html: Some(to_html(new.body.as_str())),
        byline_name: text(&new.byline_name),
        byline_job_title: text(&new.byline_job_title),
        links: JsonList(new.links.0.clone()),
        tags: JsonList(new.tags.0.clone()),
        cover_url: new.cover_url.as_ref().map(|url| url.as_str().to_owned()),
        cover_alt: new.cover_alt.as_ref().map(|text| text.as_str().to_owned()),
        reading_minutes: reading_minutes(new.body.as_str()),
        status: publication.status.into(),
        publish_at: publication.publish_at,
        published_at: publication.published_at,
        created_by: creator,
        created_at: now,
        updated_at: now,
    }
}

/// Whether an article, deleted ones included, has this slug.
pub fn is_taken(conn: &mut Conn, slug: &str) -> Result<bool> {
    let same = articles::table.filter(articles::slug.eq(slug));
    Ok(each_backend!(conn => diesel::select(diesel::dsl::exists(same)).get_result(conn))?)
}

/// Makes an article found by its tags as they are now, however they are written.
fn set_tags(conn: &mut Conn, article: ArticleId, tags: &[String]) -> Result<()> {
    let before = article_tags::table.filter(article_tags::article_id.eq(article));
    each_backend!(conn => diesel::delete(before).execute(conn))?;
    for tag in tags {
        let row = (article_tags::article_id.eq(article), article_tags::tag.eq(folded(tag)));
        each_backend!(conn => diesel::insert_into(article_tags::table).values(row).execute(conn))?;
    }
    Ok(())
}

/// Says who writes an article with the editors. Whoever does already stays whatever became of the account.
/// Whether they are others than before.
fn set_authors(conn: &mut Conn, article: ArticleId, people: &[UserId]) -> Result<bool> {
    let before = authors(conn, article)?;
    for person in people.iter().filter(|person| !before.contains(person)) {
        let is_in_use = match users_queries::hold(conn, *person) {
            Ok(account) => account.status == UserStatus::Active,
            Err(error) if error.code() == Code::NotFound => false,
            Err(error) => return Err(error),
        };
        if !is_in_use {
            let words = format!("there is nobody with the id {person}, or the account is not in use");
            return Err(Error::invalid("/author_ids", "unknown", words));
        }
    }
    let gone = article_authors::table.filter(article_authors::article_id.eq(article));
    each_backend!(conn => diesel::delete(gone).execute(conn))?;
    for person in people {
        let row = (article_authors::article_id.eq(article), article_authors::user_id.eq(*person));
        each_backend!(conn => diesel::insert_into(article_authors::table).values(row).execute(conn))?;
    }
    Ok(before != authors(conn, article)?)
}

/// Whether they are others than before, or in another order.
fn relate(conn: &mut Conn, article: ArticleId, related: &[ArticleId]) -> Result<bool> {
    let before = article_relations::table.filter(article_relations::article_id.eq(article));
    let ids = before.select(article_relations::related_id).order(article_relations::position.asc());
    let ids: Vec<ArticleId> = each_backend!(conn => ids.load(conn))?;
    each_backend!(conn => diesel::delete(before).execute(conn))?;
    for (position, id) in (0_i32..).zip(related) {
        let unknown = || Error::invalid("/related_ids", "unknown", format!("there is no other article {id}"));
        let known = articles::table.find(*id).filter(articles::deleted_at.is_null()).select(articles::id);
        let known: Option<ArticleId> = each_backend!(conn => known.first(conn).optional())?;
        known.filter(|id| *id != article).ok_or_else(unknown)?;
        let row = (
            article_relations::article_id.eq(article),
            article_relations::related_id.eq(*id),
            article_relations::position.eq(position),
        );
        each_backend!(conn => diesel::insert_into(article_relations::table).values(row).execute(conn))?;
    }
    Ok(ids != related)
}

/// The time of a change: the tag of what is shown is that of the last one, so that it is later than the one before.
fn changed_at(before: &ArticleRow, now: Timestamp) -> Timestamp {
    now.max(before.updated_at.after(Duration::from_micros(1)))
}

/// Changes an article; where it is what it was, nothing has happened. The caller holds its lock.
pub fn update(
    conn: &mut Conn,
    before: &ArticleRow,
    patch: &ArticlePatch,
    publication: Publication,
    now: Timestamp,
) -> Result<ArticleRow> {
    let now = changed_at(before, now);
    let slug = rename(conn, before, patch.slug.0.as_ref(), now)?;
    let body = patch.body.0.as_ref().map(crate::http::text::Markdown::as_str);
    let byline = (
        patch.byline_name.0.as_ref().map(|text| articles::byline_name.eq(text.as_ref().map(Line::as_str))),
        patch.byline_job_title.0.as_ref().map(|text| articles::byline_job_title.eq(text.as_ref().map(Line::as_str))),
    );
    let words = (
        patch.title.0.as_ref().map(|text| articles::title.eq(text.as_str())),
        patch.standfirst.0.as_ref().map(|text| articles::standfirst.eq(text.as_str())),
        body.map(|text| articles::body.eq(text)),
        body.map(|text| articles::body_html.eq(to_html(text))),
        body.map(|text| articles::reading_minutes.eq(reading_minutes(text))),
        patch.links.0.as_ref().map(|links| articles::links.eq(JsonList(links.0.clone()))),
        patch.tags.0.as_ref().map(|tags| articles::tags.eq(JsonList(tags.0.clone()))),
        patch.cover_url.0.as_ref().map(|url| articles::cover_url.eq(url.as_ref().map(WebUrl::as_str))),
        patch.cover_alt.0.as_ref().map(|text| articles::cover_alt.eq(text.as_ref().map(Line::as_str))),
    );
    let changes = (
        slug.map(|slug| articles::slug.eq(slug.into_string())),
        patch.kind.0.map(|kind| articles::kind.eq(kind)),
        byline,
        words,
        articles::status.eq(StoredStatus::from(publication.status)),
        articles::publish_at.eq(publication.publish_at),
        articles::published_at.eq(publication.published_at),
    );
    each_backend!(conn => diesel::update(articles::table.find(before.id)).set(changes).execute(conn))?;
    let is_changed_elsewhere = refurnish(conn, before.id, patch)?;
    if get(conn, before.id)? == *before && !is_changed_elsewhere {
        return Ok(before.clone());
    }
    let changed = (articles::updated_at.eq(now), articles::changed_at.eq(now));
    each_backend!(conn => diesel::update(articles::table.find(before.id)).set(changed).execute(conn))?;
    let row = get(conn, before.id)?;
    index(conn, row.id)?;
    let is_out = |row: &ArticleRow| row.status == StoredStatus::Published;
    if is_out(before) && !is_out(&row) {
        bury(conn, row.id, now)?;
    }
    match (is_out(before), is_out(&row)) {
        (false, true) => happened(conn, EventKind::ArticlePublished, row.id, now)?,
        (true, true) => happened(conn, EventKind::ArticleUpdated, row.id, now)?,
        (true, false) => happened(conn, EventKind::ArticleDeleted, row.id, now)?,
        (false, false) => {}
    }
    if (row.status, row.published_at) != (before.status, before.published_at) {
        recount_contributors(conn, &[row.id], now)?;
    }
    Ok(row)
}

/// Changes what stands in other tables; whether its row says nothing of a change.
fn refurnish(conn: &mut Conn, article: ArticleId, patch: &ArticlePatch) -> Result<bool> {
    if let Some(tags) = &patch.tags.0 {
        set_tags(conn, article, &tags.0)?;
    }
    let mut is_changed = false;
    if let Some(people) = &patch.author_ids.0 {
        is_changed |= set_authors(conn, article, &people.0)?;
    }
    if let Some(related) = &patch.related_ids.0 {
        is_changed |= relate(conn, article, &related.0)?;
    }
    Ok(is_changed)
}

/// The article's next name in URLs, where it gets one. The one before leads to it.
fn rename(conn: &mut Conn, before: &ArticleRow, wanted: Option<&Slug>, now: Timestamp) -> Result<Option<Slug>> {
    let Some(wanted) = wanted.filter(|slug| slug.as_str() != before.slug) else { return Ok(None) };
    if !slugs::is_free(conn, wanted, before.id)? {
        return Err(slugs::taken());
    }
    slugs::remember(conn, before.id, &before.slug, wanted, now)?;
    Ok(Some(wanted.clone()))
}

/// Deletes an article softly. The caller holds its lock.
pub fn delete(conn: &mut Conn, before: &ArticleRow, now: Timestamp) -> Result<()> {
    let deleted = (articles::deleted_at.eq(now), articles::changed_at.eq(changed_at(before, now)));
    each_backend!(conn => diesel::update(articles::table.find(before.id)).set(deleted).execute(conn))?;
    index(conn, before.id)?;
    if before.status == StoredStatus::Published {
        happened(conn, EventKind::ArticleDeleted, before.id, now)?;
        bury(conn, before.id, now)?;
    }
    recount_contributors(conn, &[before.id], now)
}

/// Notes that an article is not published any more.
fn bury(conn: &mut Conn, article: ArticleId, now: Timestamp) -> Result<()> {
    let target = article.uuid();
    tombstones::bury(conn, Tombstone { kind: "article", target, group: None, is_public: true }, now.raw())
}

/// Finds again when the groups behind articles were last active, in one order, so that two cannot wait for each other.
/// The caller holds the locks of all of these articles.
fn recount_contributors(conn: &mut Conn, ids: &[ArticleId], now: Timestamp) -> Result<()> {
    let accepted = article_contributions::table
        .filter(among(article_contributions::article_id, ids))
        .filter(article_contributions::state.eq(ContributionState::Accepted))
        .order(article_contributions::group_id.asc())
        .select(article_contributions::group_id);
    let mut groups: Vec<GroupId> = each_backend!(conn => accepted.load(conn))?;
    groups.dedup();
    for group in groups {
        lock_group(conn, group)?;
        activity::recount_group(conn, group, now)?;
    }
    Ok(())
}

/// Publishes what is to come out by now, once whoever runs it; how many there were. For a job: the caller is a
/// transaction of its own.
pub fn publish_due(conn: &mut Conn, now: Timestamp) -> Result<usize> {
    let due = articles::table
        .filter(articles::publish_at.is_not_null())
        .filter(articles::deleted_at.is_null())
        .filter(articles::publish_at.le(now))
        .order((articles::publish_at.asc(), articles::id.asc()))
        .select(articles::id)
        .limit(JOB);
    let mut due: Vec<ArticleId> = each_backend!(conn => due.load(conn))?;
    // one order for all who lock articles, and all of them before any group
    due.sort_unstable();
    let mut published = Vec::new();
    for id in due {
        let row = match lock(conn, id) {
            Ok(row) => row,
            Err(error) if error.code() == Code::NotFound => continue,
            Err(error) => return Err(error),
        };
        // as it is now that nobody else can change it
        if row.status == StoredStatus::Draft && row.publish_at.is_some_and(|at| at <= now) {
            publish(conn, &row, now)?;
            published.push(row.id);
        }
    }
    recount_contributors(conn, &published, now)?;
    Ok(published.len())
}

fn publish(conn: &mut Conn, row: &ArticleRow, now: Timestamp) -> Result<()> {
    let changed_at = changed_at(row, now);
    let changes = (
        articles::status.eq(StoredStatus::Published),
        articles::publish_at.eq(None::<Timestamp>),
        articles::published_at.eq(now),
        articles::updated_at.eq(changed_at),
        articles::changed_at.eq(changed_at),
    );
    each_backend!(conn => diesel::update(articles::table.find(row.id)).set(changes).execute(conn))?;
    happened(conn, EventKind::ArticlePublished, row.id, now)?;
    index(conn, row.id)
}

fn happened(conn: &mut Conn, kind: EventKind, article: ArticleId, now: Timestamp) -> Result<()> {
    events::record(conn, &EventRow::of_article(kind, article, now))
}

/// Forgets that a person, whose account goes, writes articles with the editors. What they wrote stays.
pub fn forget(conn: &mut Conn, person: UserId) -> Result<()> {
    let written = article_authors::table.filter(article_authors::user_id.eq(person));
    each_backend!(conn => diesel::delete(written).execute(conn))?;
    Ok(())
}

/// Contributions with their articles and groups, those of groups that the caller may know of.
macro_rules! contributions {
    ($viewer:expr) => {
        article_contributions::table
            .inner_join(articles::table)
            .inner_join(groups::table)
            .filter(articles::deleted_at.is_null())
            .filter(visible!($viewer))
            .select((ContributionRow::as_select(), CardRow::as_select(), groups::slug, groups::name))
    };
}

/// The groups' parts in an article, as far as the caller may know of the groups: what was accepted, asked and declined.
pub fn list_contributions(conn: &mut Conn, viewer: &Viewer, article: ArticleId) -> Result<Vec<ContributionFound>> {
    Ok(each_backend!(conn => contributions!(viewer)
        .filter(article_contributions::article_id.eq(article))
        .order((article_contributions::position.asc(), article_contributions::group_id.asc()))
        .load(conn))?)
}

/// What a group contributed to and is asked to contribute to, the newest article first.
pub fn list_group_contributions(
    conn: &mut Conn,
    access: &Access,
    query: &ContributionQuery,
    page: &Page<i64>,
) -> Result<Vec<ContributionFound>> {
    Ok(each_backend!(conn, DB => {
        let mut listed = contributions!(access.viewer())
            .filter(article_contributions::group_id.eq(access.group_id()))
            .limit(page.rows())
            .into_boxed::<DB>();
        if let Some(state) = query.state {
            listed = listed.filter(article_contributions::state.eq(state));
        }
        if let Some((_, id)) = page.after {
            listed = listed.filter(article_contributions::article_id.lt(ArticleId::from(id)));
        }
        listed.order(article_contributions::article_id.desc()).load(conn)
    })?)
}

/// A group's part in an article, where the caller may know of the group.
pub fn get_contribution(
    conn: &mut Conn,
    viewer: &Viewer,
    article: ArticleId,
    group: GroupId,
) -> Result<ContributionFound> {
    Ok(each_backend!(conn => contributions!(viewer)
        .filter(article_contributions::article_id.eq(article))
        .filter(article_contributions::group_id.eq(group))
        .first(conn))?)
}

/// Asks a group to be named, again where it had declined, and tells those who lead it; false when it is asked or named
/// already. The caller holds the article's and the group's locks.
pub fn propose(
    conn: &mut Conn,
    article: ArticleId,
    access: &Access,
    role: ContributionRole,
    now: Timestamp,
) -> Result<bool> {
    let group = access.group_id();
    let before = article_contributions::table.find((article, group)).select(article_contributions::state);
    let before: Option<ContributionState> = each_backend!(conn => before.first(conn).optional())?;
    if before.is_some_and(|state| state != ContributionState::Declined) {
        return Ok(false);
    }
    let others = article_contributions::table
        .filter(article_contributions::article_id.eq(article))
        .filter(article_contributions::group_id.ne(group));
    let last: Option<i32> = each_backend!(conn => others
        .select(diesel::dsl::max(article_contributions::position))
        .first(conn))?;
    // the number of those that the caller may not know of would tell of them
    let known = others.inner_join(groups::table).filter(visible!(access.viewer()));
    let known: i64 = each_backend!(conn => known.count().get_result(conn))?;
    if usize::try_from(known).is_ok_and(|known| known >= CONTRIBUTIONS) {
        return Err(Error::new(Code::InvalidState, format!("An article asks at most {CONTRIBUTIONS} groups.")));
    }
    let row = ContributionRow {
        article_id: article,
        group_id: group,
        role,
        state: ContributionState::Proposed,
        position: last.map_or(0, |last| last + 1),
        proposed_by: access.user_id(),
        decided_by: None,
        decided_at: None,
        decision_reason: None,
        created_at: now,
        updated_at: now,
    };
    let declined = article_contributions::table.find((article, group));
    each_backend!(conn => diesel::delete(declined).execute(conn))?;
    each_backend!(conn => diesel::insert_into(article_contributions::table).values(&row).execute(conn))?;
    tell_proposed(conn, article, access, now)?;
    Ok(true)
}

/// Tells those who lead a group, and want to hear from it, that it is asked to be named.
fn tell_proposed(conn: &mut Conn, article: ArticleId, access: &Access, now: Timestamp) -> Result<()> {
    let (group, by) = (access.group_id(), access.user_id());
    let event = Uuid::now_v7();
    let notice = |leader: UserId| {
        Notice::new(leader, NoticeKind::ContributionProposed, event).by(by).in_group(group).on_article(article)
    };
    let leaders = leaders(conn, group)?;
    let told: Vec<Notice> = leaders.into_iter().map(notice).collect();
    notices::queries::tell_all(conn, &told, now)
}

/// Notes a group's answer, and tells whoever asked where it is another one than before. The caller holds the article's
/// and the group's locks.
pub fn decide(
    conn: &mut Conn,
    article: ArticleId,
    access: &Access,
    state: ContributionState,
    reason: Option<&str>,
    now: Timestamp,
) -> Result<()> {
    let group = access.group_id();
    let before = article_contributions::table
        .find((article, group))
        .select((article_contributions::state, article_contributions::proposed_by));
    let (was, proposer): (ContributionState, UserId) = each_backend!(conn => before.first(conn))?;
    let answer = (
        article_contributions::state.eq(state),
        article_contributions::decided_by.eq(access.user_id()),
        article_contributions::decided_at.eq(now),
        article_contributions::decision_reason.eq(reason),
        article_contributions::updated_at.eq(now),
    );
    let row = article_contributions::table.find((article, group));
    each_backend!(conn => diesel::update(row).set(answer).execute(conn))?;
    if was != state {
        tell_decided(conn, article, access, proposer, now)?;
        groups_changed(conn, (article, group), [was, state], now)?;
    }
    activity::recount_group(conn, group, now)
}

/// Notes that an article which is out names other groups than before, where a group's part was this and is that. Who may not know of
/// the group does not learn that anything happened.
fn groups_changed(
    conn: &mut Conn,
    (article, group): (ArticleId, GroupId),
    states: [ContributionState; 2],
    now: Timestamp,
) -> Result<()> {
    if !states.contains(&ContributionState::Accepted) {
        return Ok(());
    }
    let is_out = articles::table
        .find(article)
        .filter(articles::status.eq(StoredStatus::Published))
        .filter(articles::deleted_at.is_null());
    if each_backend!(conn => diesel::select(diesel::dsl::exists(is_out)).get_result(conn))? {
        events::record(conn, &EventRow::of_contribution(EventKind::ArticleUpdated, article, group, now))?;
    }
    Ok(())
}

/// Tells whoever asked a group to be named that it has answered, where they may still know of it.
fn tell_decided(conn: &mut Conn, article: ArticleId, access: &Access, proposer: UserId, now: Timestamp) -> Result<()> {
    let (group, by) = (access.group_id(), access.user_id());
    if proposer == by {
        return Ok(());
    }
    let role = users_queries::get(conn, proposer)?.platform_role;
    let viewer = Actor::on_behalf(proposer, role, RequestId::new()).viewer();
    if relatives::known(conn, &viewer, &[group])?.is_empty() {
        return Ok(());
    }
    let notice = Notice::new(proposer, NoticeKind::ContributionDecided, Uuid::now_v7()).by(by);
    notices::queries::tell(conn, &notice.in_group(group).on_article(article), now)
}

/// Takes a group's part out of an article. The caller holds both locks.
pub fn delete_contribution(conn: &mut Conn, article: ArticleId, access: &Access, now: Timestamp) -> Result<()> {
    let row = article_contributions::table.find((article, access.group_id()));
    let taken_out = diesel::delete(row).returning(article_contributions::state);
    let was: Option<ContributionState> = each_backend!(conn => taken_out.get_result(conn).optional())?;
    if let Some(was) = was {
        groups_changed(conn, (article, access.group_id()), [was, was], now)?;
    }
    activity::recount_group(conn, access.group_id(), now)
}

/// What a search finds of an article.
type Indexed = (ArticleId, String, (String, String), Option<String>, JsonList<String>, Option<Timestamp>);

/// [`Indexed`] of the articles that everybody reads.
macro_rules! indexed {
    () => {
        articles::table
            .filter(articles::status.eq(StoredStatus::Published))
            .filter(articles::deleted_at.is_null())
            .select((
                articles::id,
                articles::title,
                (articles::standfirst, articles::body),
                articles::byline_name,
                articles::tags,
                articles::published_at,
            ))
    };
}

fn put_document(conn: &mut Conn, (id, title, words, byline, tags, published_at): &Indexed) -> Result<()> {
    let (standfirst, body) = words;
    let body = search::joined(&[standfirst, body, byline.as_deref().unwrap_or_default(), &tags.0.join("\n")]);
    let document = Document {
        kind: "article",
        target_id: id.uuid(),
        group_id: None,
        post_id: None,
        // one whose date is not known is older than whatever is asked for
        at: published_at.unwrap_or(Timestamp::EARLIEST_ACTIVITY).raw(),
        title,
        body: &body,
    };
    search::put(conn, &document)
}

/// Lets a search find an article as it is now, or not any more. What publishes, changes or deletes it, or takes it
/// back, ends with this.
pub fn index(conn: &mut Conn, id: ArticleId) -> Result<()> {
    let found: Option<Indexed> = each_backend!(conn => indexed!().filter(articles::id.eq(id)).first(conn).optional())?;
    match found {
        Some(found) => put_document(conn, &found),
        None => search::remove(conn, id.uuid()),
    }
}

/// Lets a search find the next articles by id, which do not change until the transaction ends; their ids.
pub fn index_after(conn: &mut Conn, after: Uuid, limit: i64) -> Result<Vec<Uuid>> {
    let next = indexed!().filter(articles::id.gt(ArticleId::from(after))).order(articles::id.asc()).limit(limit);
    let next: Vec<Indexed> = match conn {
        Conn::Sqlite(conn) => next.load(conn)?,
        Conn::Postgres(conn) => next.for_share().load(conn)?,
    };
    next.iter().map(|found| put_document(conn, found).map(|()| found.0.uuid())).collect()
}
