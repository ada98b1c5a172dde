//! Every statement that lets posts stand in other groups.

use diesel::prelude::*;

use super::model::Placement;
use crate::api::groups::shares::bury;
use crate::api::memberships::activity;
use crate::api::memberships::model::Visibility;
use crate::api::posts;
use crate::api::posts::model::{Pinning, ShareRow};
use crate::auth::actor::Viewer;
use crate::db::schema::{groups, post_shares, posts as posts_table};
use crate::db::{Conn, each_backend};
use crate::error::{Code, Error, Result};
use crate::types::{GroupId, PostId, Timestamp, UserId};

/// In so many public groups can one post stand. Those that are not public are not counted: their number would tell of them.
const PUBLIC: i64 = 50;
/// In so many groups one person lets one post stand, of whatever kind.
const OWN: i64 = 50;

/// A post and another group, both locked; not found where the caller may not know of one of them.
pub fn lock(conn: &mut Conn, viewer: Viewer, post: PostId, group: GroupId) -> Result<Placement> {
    let (own, post, group) = posts::queries::lock_with(conn, viewer, post, group)?;
    let group = group?;
    let share = post_shares::table.find((post.id, group.group_id()));
    let share = each_backend!(conn => share.select(ShareRow::as_select()).first(conn).optional())?;
    Ok(Placement { own, post, group, share })
}

/// Lets a post stand in a group: it is active now.
pub fn insert(conn: &mut Conn, placement: &Placement, now: Timestamp) -> Result<()> {
    let (post, group) = (placement.post.id, placement.group.group_id());
    if placement.group.standing().group.visibility == Visibility::Public && public_shares(conn, post)? >= PUBLIC {
        let words = format!("A post stands in at most {PUBLIC} public groups besides its own.");
        return Err(Error::new(Code::InvalidState, words));
    }
    if own_shares(conn, post, placement.group.user_id())? >= OWN {
        return Err(Error::new(Code::InvalidState, format!("One person shares a post with at most {OWN} groups.")));
    }
    let row = ShareRow {
        post_id: post,
        group_id: group,
        shared_by: placement.group.user_id(),
        shared_at: now,
        pinned_at: None,
        pinned_until: None,
        removed_at: None,
        removed_by: None,
        changed_at: now,
    };
    each_backend!(conn => diesel::insert_into(post_shares::table)
        .values(row)
        .on_conflict((post_shares::post_id, post_shares::group_id))
        .do_update()
        .set(row)
        .execute(conn))?;
    let unshared = posts_table::table.find(post).filter(posts_table::is_shared.eq(false));
    each_backend!(conn => diesel::update(unshared).set(posts_table::is_shared.eq(true)).execute(conn))?;
    touch(conn, placement, now)?;
    let holder = groups::table.find(group).filter(groups::has_shares.eq(false));
    each_backend!(conn => diesel::update(holder).set(groups::has_shares.eq(true)).execute(conn))?;
    activity::advance_group(conn, group, now)
}

fn public_shares(conn: &mut Conn, post: PostId) -> Result<i64> {
    let standing = post_shares::table
        .inner_join(groups::table)
        .filter(post_shares::post_id.eq(post))
        .filter(post_shares::removed_at.is_null())
        .filter(groups::visibility.eq(Visibility::Public))
        .filter(groups::deleted_at.is_null());
    Ok(each_backend!(conn => standing.count().get_result(conn))?)
}

fn own_shares(conn: &mut Conn, post: PostId, person: UserId) -> Result<i64> {
    let standing = post_shares::table
        .filter(post_shares::post_id.eq(post))
        .filter(post_shares::shared_by.eq(person))
        .filter(post_shares::removed_at.is_null());
    Ok(each_backend!(conn => standing.count().get_result(conn))?)
}

/// Keeps a post at the top of another group, until a time or for good, or does not any more; whether that is a change.
pub fn pin(conn: &mut Conn, placement: &Placement, pinning: Option<Pinning>, now: Timestamp) -> Result<bool> {
    let before = placement.share.map(|share| (share.pinned_at.is_some(), share.pinned_until));
    let until = pinning.and_then(|pinning| pinning.until);
    if before == Some((pinning.is_some(), until)) {
        return Ok(false);
    }
    let changes = (
        post_shares::pinned_at.eq(pinning.map(|_| now)),
        post_shares::pinned_until.eq(until),
        post_shares::changed_at.eq(now),
    );
    let found = post_shares::table.find((placement.post.id, placement.group.group_id()));
    each_backend!(conn => diesel::update(found).set(changes).execute(conn))?;
    touch(conn, placement, now)?;
    Ok(true)
}

/// Takes a post out of another group, which was last active when it was without. Who shared it can share it again; what others
/// took out stays out.
pub fn remove(conn: &mut Conn, placement: &Placement, share: &ShareRow, now: Timestamp) -> Result<()> {
    let (post, group, by) = (share.post_id, share.group_id, placement.group.user_id());
    let found = post_shares::table.find((post, group));
    if by == share.shared_by {
        each_backend!(conn => diesel::delete(found).execute(conn))?;
    } else {
        let removed = (post_shares::removed_at.eq(now), post_shares::removed_by.eq(by));
        each_backend!(conn => diesel::update(found).set(removed).execute(conn))?;
    }
    touch(conn, placement, now)?;
    bury(conn, post, group, now)?;
    activity::recount_group(conn, group, now)
}

/// What everybody is shown of a post has changed, for those who keep a copy. That not everybody is shown something is nobody
/// else's business.
fn touch(conn: &mut Conn, placement: &Placement, now: Timestamp) -> Result<()> {
    if placement.group.standing().group.visibility == Visibility::Public {
        let (post, changed) = (placement.post.id, posts_table::changed_at.eq(now));
        each_backend!(conn => diesel::update(posts_table::table.find(post)).set(changed).execute(conn))?;
    }
    Ok(())
}
