//! Every statement about what is new. Each finds no more than a page of each kind, by an index for each group.

use diesel::dsl::{array, exists, max, not};
use diesel::prelude::*;
use diesel::sql_types::Array;

use super::model::{FoundArticle, Happened, Place};
use crate::api::articles::model::{ArticleStatus, ContributionState};
use crate::api::memberships::access::{Access, readable};
use crate::api::memberships::model::State;
use crate::api::posts::model::{Names, author_names, person_names};
use crate::auth::actor::Viewer;
use crate::db::schema::{article_contributions, articles, comments, groups, memberships, post_shares, posts, users};
use crate::db::sql_types::{Id, among};
use crate::db::{Conn, each_backend};
use crate::error::Result;
use crate::http::page::Page;
use crate::types::{ArticleId, CommentId, GroupId, PostId, Timestamp, UserId};

diesel::define_sql_function! {
    /// Whether one is among these, as PostgreSQL says it: `= ANY(…)`.
    #[sql_name = "ANY"]
    fn any(ids: Array<Id>) -> Id;
}

/// The last microsecond of the year 9999.
const END_OF_TIME: i64 = 253_402_300_799_999_999;

/// The posts of a person's groups that were active last, each with when.
pub fn posts(conn: &mut Conn, viewer: &Viewer, page: &Page<i64>) -> Result<Vec<Place>> {
    let newest = diesel::alias!(posts as newest);
    let active = newest.field(posts::active_at).assume_not_null();
    // without a page before, from after all time
    let (at, id) = page.after.unwrap_or((END_OF_TIME, uuid::Uuid::max()));
    let (at, id) = (Timestamp::from_micros(at), PostId::from(id));
    // so many of each group, by its index; of these the latest
    let of_group = newest
        .filter(newest.field(posts::group_id).eq(memberships::group_id))
        .filter(newest.field(posts::published_at).is_not_null())
        .filter(newest.field(posts::deleted_at).is_null())
        .filter(active.le(at).and(active.lt(at).or(newest.field(posts::id).lt(id))))
        .order((newest.field(posts::active_at).desc(), newest.field(posts::id).desc()))
        .limit(page.rows())
        .select(newest.field(posts::id));
    macro_rules! latest {
        ($conn:ident, $is_of_group:expr) => {
            memberships::table
                .inner_join(groups::table)
                .inner_join(posts::table.on(posts::group_id.eq(memberships::group_id).and($is_of_group)))
                .filter(memberships::user_id.eq(viewer.user_id()))
                .filter(memberships::state.eq(State::Active))
                .filter(readable!(viewer))
                .order((posts::active_at.desc(), posts::id.desc()))
                .select((posts::id, posts::active_at.assume_not_null()))
                .limit(page.rows())
                .load($conn)
        };
    }
    let found: Vec<(PostId, Timestamp)> = match conn {
        Conn::Sqlite(conn) => latest!(conn, posts::id.eq_any(of_group))?,
        // an array is found once for each group; what stands in `IN` would be looked for once more for each post
        Conn::Postgres(conn) => latest!(conn, posts::id.eq(any(array(of_group))))?,
    };
    Ok(found.into_iter().map(|(id, at)| (at, id.uuid())).collect())
}

/// The posts of other groups that stand in a person's groups, each with when it was shared there last; those of a person's own
/// groups have their place already. As many shares are read as these groups have.
pub fn shared(conn: &mut Conn, viewer: &Viewer, page: &Page<i64>) -> Result<Vec<Place>> {
    let own = diesel::alias!(memberships as own);
    let is_own = own
        .filter(own.field(memberships::group_id).eq(posts::group_id))
        .filter(own.field(memberships::user_id).eq(viewer.user_id()))
        .filter(own.field(memberships::state).eq(State::Active))
        .select(own.field(memberships::user_id));
    let latest = max(post_shares::shared_at).assume_not_null();
    let found: Vec<(PostId, Timestamp)> = each_backend!(conn, DB => {
        let mut found = memberships::table
            .inner_join(groups::table)
            .inner_join(post_shares::table.on(post_shares::group_id.eq(memberships::group_id)))
            .inner_join(posts::table.on(posts::id.eq(post_shares::post_id)))
            .filter(memberships::user_id.eq(viewer.user_id()))
            .filter(memberships::state.eq(State::Active))
            .filter(groups::has_shares.eq(true))
            .filter(readable!(viewer))
            .filter(post_shares::removed_at.is_null())
            .filter(posts::published_at.is_not_null())
            .filter(posts::deleted_at.is_null())
            .filter(not(exists(is_own)))
            .group_by(post_shares::post_id)
            .select((post_shares::post_id, latest))
            .limit(page.rows())
            .into_boxed::<DB>();
        if let Some((at, id)) = page.after {
            let (at, id) = (Timestamp::from_micros(at), PostId::from(id));
            found = found.having(latest.le(at).and(latest.lt(at).or(post_shares::post_id.lt(id))));
        }
        found.order((latest.desc(), post_shares::post_id.desc())).load(conn)
    })?;
    Ok(found.into_iter().map(|(id, at)| (at, id.uuid())).collect())
}

/// The articles to which a person's groups contributed, the latest publication first. Those whose date is not known have no place.
pub fn articles(conn: &mut Conn, viewer: &Viewer, page: &Page<i64>) -> Result<Vec<FoundArticle>> {
    Ok(each_backend!(conn, DB => {
        let of_mine = article_contributions::table
            .inner_join(groups::table)
            .inner_join(memberships::table.on(memberships::group_id.eq(article_contributions::group_id)))
            .filter(article_contributions::state.eq(ContributionState::Accepted))
            .filter(memberships::user_id.eq(viewer.user_id()))
            .filter(memberships::state.eq(State::Active))
            .filter(readable!(viewer))
            .select(article_contributions::article_id);
        let mut found = articles::table
            .filter(articles::id.eq_any(of_mine))
            .filter(articles::status.eq(ArticleStatus::Published))
            .filter(articles::published_at.is_not_null())
            .filter(articles::deleted_at.is_null())
            .select((
                articles::id,
                articles::title,
                articles::standfirst,
                articles::byline_name,
                articles::published_at,
            ))
            .limit(page.rows())
            .into_boxed::<DB>();
        if let Some((at, id)) = page.after {
            let (at, id, column) = (Timestamp::from_micros(at), ArticleId::from(id), articles::published_order);
            found = found.filter(column.le(at).and(column.lt(at).or(articles::id.lt(id))));
        }
        found.order((articles::published_order.desc(), articles::id.desc())).load(conn)
    })?)
}

/// Which of a person's groups contributed to these articles.
pub fn contributors(conn: &mut Conn, viewer: &Viewer, ids: &[ArticleId]) -> Result<Vec<(ArticleId, GroupId)>> {
    let mine = article_contributions::table
        .inner_join(groups::table)
        .inner_join(memberships::table.on(memberships::group_id.eq(article_contributions::group_id)))
        .filter(among(article_contributions::article_id, ids))
        .filter(article_contributions::state.eq(ContributionState::Accepted))
        .filter(memberships::user_id.eq(viewer.user_id()))
        .filter(memberships::state.eq(State::Active))
        .filter(readable!(viewer))
        .order((article_contributions::position.asc(), article_contributions::group_id.asc()))
        .select((article_contributions::article_id, article_contributions::group_id));
    Ok(each_backend!(conn => mine.load(conn))?)
}

type Begun = (PostId, String, UserId, Names, Option<Timestamp>);
type Shared = (PostId, String, UserId, Names, Timestamp);
type Said = (CommentId, PostId, String, UserId, Names, Timestamp);

/// The conversations that were begun in a group, the latest first.
pub fn posts_of(conn: &mut Conn, access: &Access, page: &Page<i64>) -> Result<Vec<Happened>> {
    let group = access.group_id();
    let named = memberships::group_id.eq(posts::group_id).and(memberships::user_id.eq(posts::author_id));
    let rows: Vec<Begun> = each_backend!(conn, DB => {
        let mut found = posts::table
            .inner_join(users::table)
            .left_join(memberships::table.on(named))
            .filter(posts::group_id.eq(group))
            .filter(posts::published_at.is_not_null())
            .filter(posts::deleted_at.is_null())
            .select((
                posts::id,
                posts::title,
                posts::author_id,
                author_names!(posts),
                posts::published_at,
            ))
            .limit(page.rows())
            .into_boxed::<DB>();
        if let Some((at, id)) = page.after {
            let (at, id, column) = (Timestamp::from_micros(at), PostId::from(id), posts::published_at.assume_not_null());
            found = found.filter(column.le(at).and(column.lt(at).or(posts::id.lt(id))));
        }
        found.order((posts::published_at.desc(), posts::id.desc())).load(conn)
    })?;
    let happened = |(id, title, author, names, at): Begun| Happened {
        id: id.uuid().into(),
        post_id: Some(id),
        title,
        actor_id: Some(author),
        names: Some(names),
        at,
    };
    Ok(rows.into_iter().map(happened).collect())
}

/// The posts of other groups that were shared with a group, the latest first; those of a group that the caller's key does not open
/// are left out.
pub fn shares_of(conn: &mut Conn, access: &Access, page: &Page<i64>) -> Result<Vec<Happened>> {
    let group = access.group_id();
    let named = memberships::group_id.eq(post_shares::group_id).and(memberships::user_id.eq(post_shares::shared_by));
    let rows: Vec<Shared> = each_backend!(conn, DB => {
        let mut found = post_shares::table
            .inner_join(posts::table)
            .inner_join(groups::table.on(groups::id.eq(posts::group_id)))
            .inner_join(users::table.on(users::id.eq(post_shares::shared_by)))
            .left_join(memberships::table.on(named))
            .filter(post_shares::group_id.eq(group))
            .filter(readable!(access.viewer()))
            .filter(post_shares::removed_at.is_null())
            .filter(posts::published_at.is_not_null())
            .filter(posts::deleted_at.is_null())
            .select((posts::id, posts::title, post_shares::shared_by, person_names!(), post_shares::shared_at))
            .limit(page.rows())
            .into_boxed::<DB>();
        if let Some((at, id)) = page.after {
            let (at, id, column) = (Timestamp::from_micros(at), PostId::from(id), post_shares::shared_at);
            found = found.filter(column.le(at).and(column.lt(at).or(post_shares::post_id.lt(id))));
        }
        found.order((post_shares::shared_at.desc(), post_shares::post_id.desc())).load(conn)
    })?;
    let happened = |(id, title, by, names, at): Shared| Happened {
        id: id.uuid().into(),
        post_id: Some(id),
        title,
        actor_id: Some(by),
        names: Some(names),
        at: Some(at),
    };
    Ok(rows.into_iter().map(happened).collect())
}

/// The comments in a group, the latest first.
pub fn comments_of(conn: &mut Conn, access: &Access, page: &Page<i64>) -> Result<Vec<Happened>> {
    let group = access.group_id();
    let named = memberships::group_id.eq(comments::group_id).and(memberships::user_id.eq(comments::author_id));
    let rows: Vec<Said> = each_backend!(conn, DB => {
        let mut found = comments::table
            .inner_join(posts::table)
            .inner_join(users::table.on(users::id.eq(comments::author_id)))
            .left_join(memberships::table.on(named))
            .filter(comments::group_id.eq(group))
            .filter(comments::deleted_at.is_null())
            .filter(posts::published_at.is_not_null())
            .filter(posts::deleted_at.is_null())
            .select((
                comments::id,
                comments::post_id,
                posts::title,
                comments::author_id,
                author_names!(comments),
                comments::created_at,
            ))
            .limit(page.rows())
            .into_boxed::<DB>();
        if let Some((at, id)) = page.after {
            let (at, id, column) = (Timestamp::from_micros(at), CommentId::from(id), comments::created_at);
            found = found.filter(column.le(at).and(column.lt(at).or(comments::id.lt(id))));
        }
        found.order((comments::created_at.desc(), comments::id.desc())).load(conn)
    })?;
    let happened = |(id, post, title, author, names, at): Said| Happened {
        id: id.uuid().into(),
        post_id: Some(post),
        title,
        actor_id: Some(author),
        names: Some(names),
        at: Some(at),
    };
    Ok(rows.into_iter().map(happened).collect())
}

/// The articles that name a group, the latest publication first.
pub fn articles_of(conn: &mut Conn, access: &Access, page: &Page<i64>) -> Result<Vec<Happened>> {
    let group = access.group_id();
    let rows: Vec<(ArticleId, String, Option<Timestamp>)> = each_backend!(conn, DB => {
        let mut found = article_contributions::table
            .inner_join(articles::table)
            .filter(article_contributions::group_id.eq(group))
            .filter(article_contributions::state.eq(ContributionState::Accepted))
            .filter(articles::status.eq(ArticleStatus::Published))
            .filter(articles::published_at.is_not_null())
            .filter(articles::deleted_at.is_null())
            .select((articles::id, articles::title, articles::published_at))
            .limit(page.rows())
            .into_boxed::<DB>();
        if let Some((at, id)) = page.after {
            let (at, id, column) = (Timestamp::from_micros(at), ArticleId::from(id), articles::published_order);
            found = found.filter(column.le(at).and(column.lt(at).or(articles::id.lt(id))));
        }
        found.order((articles::published_order.desc(), articles::id.desc())).load(conn)
    })?;
    let happened = |(id, title, at): (ArticleId, String, Option<Timestamp>)| Happened {
        id: id.uuid().into(),
        post_id: None,
        title,
        actor_id: None,
        names: None,
        at,
    };
    Ok(rows.into_iter().map(happened).collect())
}
