//! Every statement about what posts are to a person.

use diesel::dsl::{count_star, exists, max, not};
use diesel::prelude::*;

use super::model::GroupUnread;
use crate::api::memberships::access::{Access, readable};
use crate::api::memberships::model::State;
use crate::api::posts::model::FoundPost;
use crate::auth::actor::Viewer;
use crate::db::schema::{groups, memberships, post_marks, post_shares, posts};
use crate::db::sql_types::among;
use crate::db::{Conn, each_backend};
use crate::error::Result;
use crate::http::page::Page;
use crate::types::{GroupId, PostId, Timestamp, UserId};

/// Keeps a post for a person, since when it was kept first, or does not any more.
pub fn set_bookmark(conn: &mut Conn, user: UserId, post: PostId, is_kept: bool, now: Timestamp) -> Result<()> {
    let at = Some(now).filter(|_| is_kept);
    each_backend!(conn => diesel::insert_into(post_marks::table)
        .values((post_marks::user_id.eq(user), post_marks::post_id.eq(post), post_marks::bookmarked_at.eq(at)))
        .on_conflict((post_marks::user_id, post_marks::post_id))
        .do_nothing()
        .execute(conn))?;
    let other = post_marks::table.find((user, post));
    if is_kept {
        let unkept = other.filter(post_marks::bookmarked_at.is_null());
        each_backend!(conn => diesel::update(unkept).set(post_marks::bookmarked_at.eq(at)).execute(conn))?;
    } else {
        each_backend!(conn => diesel::update(other).set(post_marks::bookmarked_at.eq(at)).execute(conn))?;
    }
    Ok(())
}

/// Follows a post for a person, or does not, whatever they write there.
pub fn set_follows(conn: &mut Conn, user: UserId, post: PostId, follows: bool) -> Result<()> {
    each_backend!(conn => diesel::insert_into(post_marks::table)
        .values((post_marks::user_id.eq(user), post_marks::post_id.eq(post), post_marks::follows.eq(follows)))
        .on_conflict((post_marks::user_id, post_marks::post_id))
        .do_update()
        .set(post_marks::follows.eq(follows))
        .execute(conn))?;
    Ok(())
}

/// The posts of other groups that stand in this one.
macro_rules! shared_with {
    ($group:expr) => {
        post_shares::table
            .filter(post_shares::group_id.eq($group))
            .filter(post_shares::removed_at.is_null())
            .select(post_shares::post_id)
    };
}

/// A person has read posts that stand in a group, those that are published there, and all comments that are on them now. Up to the
/// latest of these and not up to now: what is being written at this moment has an earlier time, and nobody has read it.
pub fn set_read(conn: &mut Conn, user: UserId, group: GroupId, ids: &[PostId]) -> Result<()> {
    let read = posts::table
        .filter(among(posts::id, ids))
        .filter(posts::group_id.eq(group).or(posts::id.eq_any(shared_with!(group))))
        .filter(posts::published_at.is_not_null())
        .filter(posts::deleted_at.is_null())
        // one order for all, so that no two of a person's requests wait for each other
        .order(posts::id.asc())
        .select((posts::id, posts::active_at.assume_not_null()));
    let read: Vec<(PostId, Timestamp)> = each_backend!(conn => read.load(conn))?;
    for (post, at) in read {
        let is_earlier = post_marks::read_at.is_null().or(post_marks::read_at.lt(at));
        let mark = diesel::insert_into(post_marks::table)
            .values((post_marks::user_id.eq(user), post_marks::post_id.eq(post), post_marks::read_at.eq(at)))
            .on_conflict((post_marks::user_id, post_marks::post_id))
            .do_update()
            .set(post_marks::read_at.eq(at));
        each_backend!(conn => diesel::query_dsl::methods::FilterDsl::filter(mark, is_earlier).execute(conn))?;
    }
    Ok(())
}

/// A member has read all that came out in a group: up to the latest of it, as [`set_read`] does.
pub fn set_all_read(conn: &mut Conn, access: &Access) -> Result<()> {
    let latest = posts::table
        .filter(posts::group_id.eq(access.group_id()))
        .filter(posts::published_at.is_not_null())
        .filter(posts::deleted_at.is_null())
        .order((posts::active_at.desc(), posts::id.desc()))
        .select(posts::active_at.assume_not_null());
    let latest: Option<Timestamp> = each_backend!(conn => latest.first(conn).optional())?;
    let standing = || {
        post_shares::table
            .inner_join(posts::table)
            .filter(post_shares::group_id.eq(access.group_id()))
            .filter(post_shares::removed_at.is_null())
            .filter(posts::published_at.is_not_null())
            .filter(posts::deleted_at.is_null())
    };
    let shared: Option<Timestamp> = each_backend!(conn => standing().select(max(post_shares::shared_at)).first(conn))?;
    let Some(at) = latest.max(shared) else { return Ok(()) };
    // what is said on them is said in other groups, where time goes on by itself
    let commented = standing().filter(posts::active_at.gt(at)).select(posts::id);
    let commented: Vec<PostId> = each_backend!(conn => commented.load(conn))?;
    if !commented.is_empty() {
        set_read(conn, access.user_id(), access.group_id(), &commented)?;
    }
    let membership = memberships::table
        .find((access.group_id(), access.user_id()))
        .filter(memberships::read_until.is_null().or(memberships::read_until.lt(at)));
    each_backend!(conn => diesel::update(membership).set(memberships::read_until.eq(at)).execute(conn))?;
    Ok(())
}

/// The posts that a person keeps and may read, those kept last first, each with when it was kept.
pub fn bookmarks(conn: &mut Conn, viewer: &Viewer, page: &Page<i64>) -> Result<Vec<(PostId, Timestamp)>> {
    Ok(each_backend!(conn, DB => {
        let mut kept = post_marks::table
            .inner_join(posts::table.on(posts::id.eq(post_marks::post_id)))
            .inner_join(groups::table.on(groups::id.eq(posts::group_id)))
            .filter(post_marks::user_id.eq(viewer.user_id()))
            .filter(post_marks::bookmarked_at.is_not_null())
            .filter(posts::published_at.is_not_null())
            .filter(posts::deleted_at.is_null())
            .filter(readable!(viewer))
            .select((post_marks::post_id, post_marks::bookmarked_at.assume_not_null()))
            .limit(page.rows())
            .into_boxed::<DB>();
        if let Some((at, id)) = page.after {
            let (at, id, column) = (Timestamp::from_micros(at), PostId::from(id), post_marks::bookmarked_at);
            let column = column.assume_not_null();
            kept = kept.filter(column.le(at).and(column.lt(at).or(post_marks::post_id.lt(id))));
        }
        kept.order((post_marks::bookmarked_at.desc(), post_marks::post_id.desc())).load(conn)
    })?)
}

/// How much is unread in each of a person's groups, the newest group first. What stands in several of them is unread in its
/// own or, where that is none of them, in each.
pub fn unread(conn: &mut Conn, viewer: &Viewer, page: &Page<i64>) -> Result<Vec<GroupUnread>> {
    let mut counted = unread_own(conn, viewer, page)?;
    for shared in unread_shared(conn, viewer, page)? {
        match counted.iter_mut().find(|own| own.group_id == shared.group_id) {
            Some(own) => own.unread_post_count = own.unread_post_count.saturating_add(shared.unread_post_count),
            None => counted.push(shared),
        }
    }
    counted.sort_unstable_by_key(|unread| std::cmp::Reverse(unread.group_id));
    counted.truncate(usize::try_from(page.rows()).unwrap_or(usize::MAX));
    Ok(counted)
}

/// The same of posts of other groups that stand in these.
fn unread_shared(conn: &mut Conn, viewer: &Viewer, page: &Page<i64>) -> Result<Vec<GroupUnread>> {
    let (me, active, shared) = (viewer.user_id(), posts::active_at.assume_not_null(), post_shares::shared_at);
    let own = diesel::alias!(memberships as own);
    let is_own = own
        .filter(own.field(memberships::group_id).eq(posts::group_id))
        .filter(own.field(memberships::user_id).eq(me))
        .filter(own.field(memberships::state).eq(State::Active))
        .select(own.field(memberships::user_id));
    let joined = memberships::joined_at.assume_not_null();
    let all_read = memberships::read_until.assume_not_null();
    Ok(each_backend!(conn, DB => {
        let mut counted = memberships::table
            .inner_join(groups::table)
            .inner_join(post_shares::table.on(post_shares::group_id.eq(memberships::group_id)))
            .inner_join(posts::table.on(posts::id.eq(post_shares::post_id)))
            .left_join(post_marks::table.on(post_marks::post_id.eq(posts::id).and(post_marks::user_id.eq(me))))
            .filter(memberships::user_id.eq(me))
            .filter(memberships::state.eq(State::Active))
            .filter(groups::has_shares.eq(true))
            .filter(readable!(viewer))
            .filter(post_shares::removed_at.is_null())
            .filter(posts::published_at.is_not_null())
            .filter(posts::deleted_at.is_null())
            .filter(not(exists(is_own)))
            .filter(shared.gt(joined).or(active.gt(joined)))
            .filter(memberships::read_until.is_null().or(shared.gt(all_read)).or(active.gt(all_read)))
            .filter(post_marks::read_at.is_null().or(active.gt(post_marks::read_at.assume_not_null())))
            .group_by(memberships::group_id)
            .select((memberships::group_id, count_star()))
            .limit(page.rows())
            .into_boxed::<DB>();
        if let Some((_, id)) = page.after {
            counted = counted.filter(memberships::group_id.lt(GroupId::from(id)));
        }
        counted.order(memberships::group_id.desc()).load(conn)
    })?)
}

fn unread_own(conn: &mut Conn, viewer: &Viewer, page: &Page<i64>) -> Result<Vec<GroupUnread>> {
    let (me, at) = (viewer.user_id(), posts::active_at.assume_not_null());
    Ok(each_backend!(conn, DB => {
        let mut counted = memberships::table
            .inner_join(groups::table)
            .inner_join(posts::table.on(posts::group_id.eq(memberships::group_id)))
            .left_join(post_marks::table.on(post_marks::post_id.eq(posts::id).and(post_marks::user_id.eq(me))))
            .filter(memberships::user_id.eq(me))
            .filter(memberships::state.eq(State::Active))
            .filter(readable!(viewer))
            .filter(posts::published_at.is_not_null())
            .filter(posts::deleted_at.is_null())
            .filter(at.gt(memberships::joined_at.assume_not_null()))
            .filter(memberships::read_until.is_null().or(at.gt(memberships::read_until.assume_not_null())))
            .filter(post_marks::read_at.is_null().or(at.gt(post_marks::read_at.assume_not_null())))
            .group_by(memberships::group_id)
            .select((memberships::group_id, count_star()))
            .limit(page.rows())
            .into_boxed::<DB>();
        if let Some((_, id)) = page.after {
            counted = counted.filter(memberships::group_id.lt(GroupId::from(id)));
        }
        counted.order(memberships::group_id.desc()).load(conn)
    })?)
}

/// Puts posts in the order of their ids.
#[must_use]
pub fn in_order(ids: &[PostId], mut found: Vec<FoundPost>) -> Vec<FoundPost> {
    found.sort_by_key(|found| ids.iter().position(|id| *id == found.row.id));
    found
}
