//! Every statement about feed keys, and what feeds show. What a feed shows of a group has the condition `readable!`
//! in its query, each time that it is read.

use std::collections::{HashMap, HashSet};

use diesel::dsl::max;
use diesel::prelude::*;

use super::model::{AuthoredPost, FeedArticle, FeedGroup, FeedKeyRow, FeedPost};
use crate::api::articles::model::{ArticleStatus, ContributionState};
use crate::api::memberships::access::readable;
use crate::api::memberships::model::State;
use crate::api::posts::model::author_names;
use crate::api::users::model::UserStatus;
use crate::auth::actor::Viewer;
use crate::db::schema::{article_contributions, articles, feed_keys, groups, memberships, post_shares, posts, users};
use crate::db::sql_types::among;
use crate::db::{Conn, each_backend};
use crate::error::{Error, Result};
use crate::types::{FeedKeyId, GroupId, PostId, Timestamp, UserId};

/// Entries that a feed has at most.
pub const ENTRIES: i64 = 50;

/// Published posts with their authors and their groups.
macro_rules! authored_posts {
    () => {
        posts::table
            .inner_join(groups::table)
            .inner_join(users::table)
            .left_join(
                memberships::table
                    .on(memberships::group_id.eq(posts::group_id).and(memberships::user_id.eq(posts::author_id))),
            )
            .filter(posts::published_at.is_not_null())
            .filter(posts::deleted_at.is_null())
    };
}

/// The newest of them.
macro_rules! newest_posts {
    () => {
        authored_posts!().order((posts::published_at.desc(), posts::id.desc())).limit(ENTRIES).select((
            FeedPost::as_select(),
            author_names!(posts),
            posts::published_at,
        ))
    };
}

/// Those that were shared with other groups last.
macro_rules! shared_posts {
    () => {
        authored_posts!()
            .inner_join(post_shares::table.on(post_shares::post_id.eq(posts::id)))
            .filter(post_shares::removed_at.is_null())
            .order((post_shares::shared_at.desc(), post_shares::post_id.desc()))
            .limit(ENTRIES)
            .select((FeedPost::as_select(), author_names!(posts), post_shares::shared_at.nullable()))
    };
}

/// The articles that were published last, unknown dates last.
macro_rules! published_articles {
    () => {
        articles::table
            .filter(articles::deleted_at.is_null())
            .filter(articles::status.eq(ArticleStatus::Published))
            .order((articles::published_order.desc(), articles::id.desc()))
            .limit(ENTRIES)
            .select(FeedArticle::as_select())
    };
}

/// The ids of the groups in which the caller is active, as long as they are not deleted.
macro_rules! own_groups {
    ($viewer:expr) => {{
        let (own, owned) = diesel::alias!(memberships as own, groups as owned);
        own.inner_join(owned.on(owned.field(groups::id).eq(own.field(memberships::group_id))))
            .filter(own.field(memberships::user_id).eq($viewer.user_id()))
            .filter(own.field(memberships::state).eq(State::Active))
            .filter(owned.field(groups::deleted_at).is_null())
            .select(own.field(memberships::group_id))
    }};
}

/// The key with this hash, as long as its owner's account is in use.
pub fn find(conn: &mut Conn, secret_hash: &[u8]) -> Result<FeedKeyRow> {
    let key = feed_keys::table
        .inner_join(users::table.on(users::id.eq(feed_keys::user_id)))
        .filter(feed_keys::secret_hash.eq(secret_hash))
        .filter(users::status.eq(UserStatus::Active));
    Ok(each_backend!(conn => key.select(FeedKeyRow::as_select()).first(conn))?)
}

/// A person's keys, the newest first.
pub fn list(conn: &mut Conn, user: UserId) -> Result<Vec<FeedKeyRow>> {
    let keys = feed_keys::table
        .filter(feed_keys::user_id.eq(user))
        .order((feed_keys::created_at.desc(), feed_keys::id.desc()));
    Ok(each_backend!(conn => keys.select(FeedKeyRow::as_select()).load(conn))?)
}

/// How many keys a person has.
pub fn count(conn: &mut Conn, user: UserId) -> Result<i64> {
    let keys = feed_keys::table.filter(feed_keys::user_id.eq(user));
    Ok(each_backend!(conn => keys.count().get_result(conn))?)
}

/// Adds a key.
pub fn insert(conn: &mut Conn, row: &FeedKeyRow) -> Result<()> {
    each_backend!(conn => diesel::insert_into(feed_keys::table).values(row).execute(conn))?;
    Ok(())
}

/// Notes that a key was used.
pub fn set_used(conn: &mut Conn, id: FeedKeyId, now: Timestamp) -> Result<()> {
    let used = feed_keys::last_used_at.eq(now);
    each_backend!(conn => diesel::update(feed_keys::table.find(id)).set(used).execute(conn))?;
    Ok(())
}

/// Removes a key of this person's; not found where there is none.
pub fn delete(conn: &mut Conn, user: UserId, id: FeedKeyId) -> Result<()> {
    let key = feed_keys::table.find(id).filter(feed_keys::user_id.eq(user));
    let deleted = each_backend!(conn => diesel::delete(key).execute(conn))?;
    if deleted == 1 { Ok(()) } else { Err(Error::not_found()) }
}

/// Removes all keys of a person who goes.
pub fn forget(conn: &mut Conn, user: UserId) -> Result<()> {
    let keys = feed_keys::table.filter(feed_keys::user_id.eq(user));
    each_backend!(conn => diesel::delete(keys).execute(conn))?;
    Ok(())
}

/// A group whose conversations the caller may read.
pub fn group(conn: &mut Conn, viewer: &Viewer, id: GroupId) -> Result<FeedGroup> {
    Ok(each_backend!(conn => groups::table
        .filter(groups::id.eq(id))
        .filter(readable!(viewer))
        .select(FeedGroup::as_select())
        .first(conn))?)
}

/// The newest posts that stand in a group whose conversations the caller reads: of its own, and of others that were shared with
/// it.
pub fn group_posts(conn: &mut Conn, viewer: &Viewer, group: &FeedGroup) -> Result<Vec<AuthoredPost>> {
    let own: Vec<AuthoredPost> = each_backend!(conn => newest_posts!()
        .filter(posts::group_id.eq(group.id))
        .filter(readable!(viewer))
        .load(conn))?;
    let shared = each_backend!(conn => shared_posts!()
        .filter(post_shares::group_id.eq(group.id))
        .filter(readable!(viewer))
        .load(conn))?;
    Ok(newest(own, shared))
}

/// The newest posts that stand in any of the groups in which the caller is active; those of these groups at their publication, those
/// of others where they were shared last.
pub fn own_posts(conn: &mut Conn, viewer: &Viewer) -> Result<Vec<AuthoredPost>> {
    let own: Vec<AuthoredPost> = each_backend!(conn => newest_posts!()
        .filter(posts::group_id.eq_any(own_groups!(viewer)))
        .filter(readable!(viewer))
        .load(conn))?;
    let latest = max(post_shares::shared_at).assume_not_null();
    let placed = post_shares::table
        .inner_join(posts::table)
        .inner_join(groups::table.on(groups::id.eq(posts::group_id)))
        .filter(post_shares::removed_at.is_null())
        .filter(posts::published_at.is_not_null())
        .filter(posts::deleted_at.is_null())
        .filter(post_shares::group_id.eq_any(own_groups!(viewer)))
        .filter(posts::group_id.ne_all(own_groups!(viewer)))
        .filter(readable!(viewer))
        .group_by(post_shares::post_id)
        .order((latest.desc(), post_shares::post_id.desc()))
        .limit(ENTRIES)
        .select((post_shares::post_id, latest));
    let placed: HashMap<PostId, Timestamp> = each_backend!(conn => placed.load(conn))?.into_iter().collect();
    let ids: Vec<PostId> = placed.keys().copied().collect();
    let mut shared: Vec<AuthoredPost> = each_backend!(conn => newest_posts!()
        .filter(among(posts::id, &ids))
        .filter(readable!(viewer))
        .load(conn))?;
    for found in &mut shared {
        found.came_at = placed.get(&found.post.id).copied();
    }
    Ok(newest(own, shared))
}

/// The newest of both, each once.
fn newest(own: Vec<AuthoredPost>, shared: Vec<AuthoredPost>) -> Vec<AuthoredPost> {
    let mut seen = HashSet::new();
    let mut all: Vec<AuthoredPost> = own.into_iter().chain(shared).filter(|found| seen.insert(found.post.id)).collect();
    all.sort_by_key(|found| std::cmp::Reverse((found.came_at, found.post.id)));
    all.truncate(usize::try_from(ENTRIES).unwrap_or(usize::MAX));
    all
}

/// The newest articles.
pub fn all_articles(conn: &mut Conn) -> Result<Vec<FeedArticle>> {
    Ok(each_backend!(conn => published_articles!().load(conn))?)
}

/// The newest articles that groups contributed to in which the caller is active.
pub fn own_articles(conn: &mut Conn, viewer: &Viewer) -> Result<Vec<FeedArticle>> {
    let contributed = article_contributions::table
        .inner_join(groups::table)
        .filter(article_contributions::state.eq(ContributionState::Accepted))
        .filter(article_contributions::group_id.eq_any(own_groups!(viewer)))
        .filter(readable!(viewer))
        .select(article_contributions::article_id);
    Ok(each_backend!(conn => published_articles!().filter(articles::id.eq_any(contributed)).load(conn))?)
}
