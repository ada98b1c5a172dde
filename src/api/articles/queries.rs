//! Every statement about articles and contributions. What changes when a group counts as active changes its date in the same
//! transaction; the article's row is locked before the groups', so that publishing and accepting see each other.

use diesel::prelude::*;

use super::model::{
    ArticleCard, ArticlePatch, ArticleQuery, ArticleRow, ArticleStatus, BylinePart, ContributingGroup,
    ContributionFound, ContributionQuery, ContributionRole, ContributionRow, ContributionState, NewArticle,
    reading_minutes,
};
use crate::api::groups::activity;
use crate::api::groups::queries as groups_queries;
use crate::api::memberships::access::{Access, visible};
use crate::api::memberships::model::{Role, State};
use crate::auth::actor::Viewer;
use crate::db::schema::{article_contributions, article_relations, articles, groups, memberships};
use crate::db::sql_types::JsonList;
use crate::db::{Conn, each_backend};
use crate::error::{Code, Error, Result};
use crate::http::page::Page;
use crate::http::text::Slug;
use crate::types::{ArticleId, GroupId, Timestamp, UserId};

/// Articles in one status, the latest publication first, unknown dates last.
pub fn list(conn: &mut Conn, query: &ArticleQuery, page: &Page<i64>) -> Result<Vec<ArticleCard>> {
    Ok(each_backend!(conn, DB => {
        let mut listed = articles::table
            .filter(articles::deleted_at.is_null())
            .filter(articles::status.eq(query.status.unwrap_or(ArticleStatus::Published)))
            .select(ArticleCard::as_select())
            .into_boxed::<DB>();
        if let Some(kind) = query.kind {
            listed = listed.filter(articles::kind.eq(kind));
        }
        if let Some((at, id)) = page.after {
            let (at, id, column) = (Timestamp::from_micros(at), ArticleId::from(id), articles::published_order);
            listed = listed.filter(column.le(at).and(column.lt(at).or(articles::id.lt(id))));
        }
        listed.order((articles::published_order.desc(), articles::id.desc())).limit(page.rows()).load(conn)
    })?)
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
    Ok(named)
}

/// What the editors named to read next, as far as it is published.
pub fn related(conn: &mut Conn, article: ArticleId) -> Result<Vec<ArticleCard>> {
    let related = article_relations::table
        .inner_join(articles::table.on(articles::id.eq(article_relations::related_id)))
        .filter(article_relations::article_id.eq(article))
        .filter(articles::status.eq(ArticleStatus::Published))
        .filter(articles::deleted_at.is_null())
        .order((article_relations::position.asc(), article_relations::related_id.asc()));
    Ok(each_backend!(conn => related.select(ArticleCard::as_select()).load(conn))?)
}

/// Adds an article.
pub fn insert(
    conn: &mut Conn,
    new: &NewArticle,
    (status, published_at): (ArticleStatus, Option<Timestamp>),
    creator: UserId,
    now: Timestamp,
) -> Result<ArticleRow> {
    let text = |line: &Option<BylinePart>| line.as_ref().map(|line| line.as_str().to_owned());
    let mut row = ArticleRow {
        id: ArticleId::new(),
        slug: String::new(),
        kind: new.kind,
        title: new.title.as_str().to_owned(),
        standfirst: new.standfirst.as_str().to_owned(),
        body: new.body.as_str().to_owned(),
        byline_name: text(&new.byline_name),
        byline_job_title: text(&new.byline_job_title),
        links: JsonList(new.links.0.clone()),
        reading_minutes: reading_minutes(new.body.as_str()),
        status,
        published_at,
        created_by: creator,
        created_at: now,
        updated_at: now,
    };
    for slug in slugs(new) {
        row.slug = slug.into_string();
        // waits for whoever takes the same slug at this moment
        let added = each_backend!(conn => diesel::insert_into(articles::table)
            .values(&row)
            .on_conflict(articles::slug)
            .do_nothing()
            .execute(conn))?;
        if added == 1 {
            relate(conn, row.id, &new.related_ids.0)?;
            return Ok(row);
        }
    }
    let words = "another article has this slug";
    Err(Error::new(Code::Taken, words).with_field("/slug", "taken", words))
}

/// Whether an article, deleted ones included, has this slug.
pub fn is_taken(conn: &mut Conn, slug: &str) -> Result<bool> {
    let same = articles::table.filter(articles::slug.eq(slug));
    Ok(each_backend!(conn => diesel::select(diesel::dsl::exists(same)).get_result(conn))?)
}

/// The slugs that a new article may get, the best first: what was asked for, or what the title suggests.
fn slugs(new: &NewArticle) -> Vec<Slug> {
    let wanted = new.slug.clone().unwrap_or_else(|| Slug::from_name(new.title.as_str(), "article"));
    if new.slug.is_some() {
        return vec![wanted];
    }
    let numbered = (2..100).map(|number| wanted.numbered(number));
    std::iter::once(wanted.clone()).chain(numbered).collect()
}

fn relate(conn: &mut Conn, article: ArticleId, related: &[ArticleId]) -> Result<()> {
    let before = article_relations::table.filter(article_relations::article_id.eq(article));
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
    Ok(())
}

/// Changes an article.
pub fn update(
    conn: &mut Conn,
    id: ArticleId,
    patch: &ArticlePatch,
    (status, published_at): (ArticleStatus, Option<Timestamp>),
    now: Timestamp,
) -> Result<()> {
    let byline_name = patch.byline_name.0.as_ref().map(|text| text.as_ref().map(crate::http::text::Line::as_str));
    let byline_job_title =
        patch.byline_job_title.0.as_ref().map(|text| text.as_ref().map(crate::http::text::Line::as_str));
    let body = patch.body.0.as_ref();
    let changes = (
        patch.kind.0.map(|kind| articles::kind.eq(kind)),
        patch.title.0.as_ref().map(|text| articles::title.eq(text.as_str())),
        patch.standfirst.0.as_ref().map(|text| articles::standfirst.eq(text.as_str())),
        body.map(|text| articles::body.eq(text.as_str())),
        body.map(|text| articles::reading_minutes.eq(reading_minutes(text.as_str()))),
        byline_name.map(|text| articles::byline_name.eq(text)),
        byline_job_title.map(|text| articles::byline_job_title.eq(text)),
        patch.links.0.as_ref().map(|links| articles::links.eq(JsonList(links.0.clone()))),
        articles::status.eq(status),
        articles::published_at.eq(published_at),
        articles::updated_at.eq(now),
    );
    each_backend!(conn => diesel::update(articles::table.find(id)).set(changes).execute(conn))?;
    if let Some(related) = &patch.related_ids.0 {
        relate(conn, id, &related.0)?;
    }
    recount_contributors(conn, id)
}

/// Deletes an article softly.
pub fn delete(conn: &mut Conn, id: ArticleId, now: Timestamp) -> Result<()> {
    each_backend!(conn => diesel::update(articles::table.find(id)).set(articles::deleted_at.eq(now)).execute(conn))?;
    recount_contributors(conn, id)
}

/// Finds again when the groups behind an article were last active, in one order, so that two cannot wait for each other.
fn recount_contributors(conn: &mut Conn, article: ArticleId) -> Result<()> {
    let accepted = article_contributions::table
        .filter(article_contributions::article_id.eq(article))
        .filter(article_contributions::state.eq(ContributionState::Accepted))
        .order(article_contributions::group_id.asc())
        .select(article_contributions::group_id);
    let groups: Vec<GroupId> = each_backend!(conn => accepted.load(conn))?;
    for group in groups {
        crate::api::memberships::queries::lock_group(conn, group)?;
        activity::recount_group(conn, group)?;
    }
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
            .select((ContributionRow::as_select(), ArticleCard::as_select(), groups::slug, groups::name))
    };
}

/// The groups' parts in an article, as far as the caller may know of the groups: those who contributed, and for editors and
/// those who lead a group also what was asked and declined.
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

/// Asks a group to be named, again where it had declined; false when it is asked or named already.
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
    let others = article_contributions::table.filter(article_contributions::article_id.eq(article));
    let last: Option<i32> = each_backend!(conn => others
        .select(diesel::dsl::max(article_contributions::position))
        .first(conn))?;
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
    Ok(true)
}

/// Notes a group's answer. The caller holds the article's and the group's locks.
pub fn decide(
    conn: &mut Conn,
    article: ArticleId,
    access: &Access,
    state: ContributionState,
    reason: Option<&str>,
    now: Timestamp,
) -> Result<()> {
    let answer = (
        article_contributions::state.eq(state),
        article_contributions::decided_by.eq(access.user_id()),
        article_contributions::decided_at.eq(now),
        article_contributions::decision_reason.eq(reason),
        article_contributions::updated_at.eq(now),
    );
    let row = article_contributions::table.find((article, access.group_id()));
    each_backend!(conn => diesel::update(row).set(answer).execute(conn))?;
    activity::recount_group(conn, access.group_id())
}

/// Takes a group's part out of an article.
pub fn delete_contribution(conn: &mut Conn, article: ArticleId, access: &Access) -> Result<()> {
    let row = article_contributions::table.find((article, access.group_id()));
    each_backend!(conn => diesel::delete(row).execute(conn))?;
    activity::recount_group(conn, access.group_id())
}
