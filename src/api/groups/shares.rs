//! Posts that stand in other groups, as groups see it: who has to be locked, and how posts stop standing there, where everybody
//! may not read them any more, or their group has come to be the other.

use diesel::prelude::*;

use crate::api::memberships::activity;
use crate::api::memberships::model::Visibility;
use crate::api::memberships::queries::lock_group;
use crate::db::schema::{groups, post_shares, posts};
use crate::db::tombstones::{self, Tombstone};
use crate::db::{Conn, each_backend};
use crate::error::{Code, Result};
use crate::types::{GroupId, PostId, Timestamp, UserId};

/// Whose shares are meant.
#[derive(Debug, Clone, Copy)]
pub enum Sharing {
    /// Those of a group's posts.
    OfGroup(GroupId),
    /// Those of one person's posts in a group.
    OfAuthor(GroupId, UserId),
    /// Those of a post.
    OfPost(PostId),
    /// The one of a post with a group.
    With(PostId, GroupId),
}

/// The shares that stand, or those that were taken out too, as a boxed query on `post_shares` and `posts`.
macro_rules! shares {
    ($which:expr, $DB:ty) => {{
        // in the words of the index `posts_shared`
        let shares = post_shares::table.inner_join(posts::table).filter(posts::is_shared).into_boxed::<$DB>();
        match $which {
            Sharing::OfGroup(group) => shares.filter(posts::group_id.eq(group)),
            Sharing::OfAuthor(group, author) => {
                shares.filter(posts::group_id.eq(group)).filter(posts::author_id.eq(author))
            }
            Sharing::OfPost(post) => shares.filter(post_shares::post_id.eq(post)),
            Sharing::With(post, group) => {
                shares.filter(post_shares::post_id.eq(post)).filter(post_shares::group_id.eq(group))
            }
        }
    }};
}

/// Locks these groups and all in which the posts stand, in the one order of all who lock groups: their dates are found again.
pub fn lock(conn: &mut Conn, which: Sharing, others: &[GroupId]) -> Result<()> {
    let mut locked: Vec<GroupId> = Vec::new();
    loop {
        let standing: Vec<GroupId> = each_backend!(conn, DB => {
            shares!(which, DB).filter(post_shares::removed_at.is_null()).select(post_shares::group_id).distinct().load(conn)
        })?;
        // a share may come while others are waited for
        let mut next: Vec<GroupId> = standing.iter().chain(others).filter(|id| !locked.contains(id)).copied().collect();
        next.sort_unstable();
        next.dedup();
        if next.is_empty() {
            return Ok(());
        }
        for group in next {
            match lock_group(conn, group) {
                Err(error) if error.code() != Code::NotFound => return Err(error),
                _ => locked.push(group),
            }
        }
    }
}

/// Ends shares, in groups that are locked. Those who keep a copy are told, and the groups were last active when they were without.
/// What was taken out of a group before stays out of it.
pub fn end(conn: &mut Conn, which: Sharing, now: Timestamp) -> Result<()> {
    let ended: Vec<(PostId, GroupId, Option<Timestamp>, Visibility)> = each_backend!(conn, DB => {
        shares!(which, DB)
            .inner_join(groups::table.on(groups::id.eq(post_shares::group_id)))
            .select((post_shares::post_id, post_shares::group_id, post_shares::removed_at, groups::visibility))
            .order((post_shares::group_id.asc(), post_shares::post_id.asc()))
            .load(conn)
    })?;
    let mut holders = Vec::new();
    for (post, group, removed_at, visibility) in ended {
        if removed_at.is_none() || matches!(which, Sharing::With(..)) {
            each_backend!(conn => diesel::delete(post_shares::table.find((post, group))).execute(conn))?;
        }
        if removed_at.is_none() {
            bury(conn, post, group, now)?;
            holders.push(group);
            if visibility == Visibility::Public {
                let changed = posts::changed_at.eq(now);
                each_backend!(conn => diesel::update(posts::table.find(post)).set(changed).execute(conn))?;
            }
        }
    }
    holders.dedup();
    holders.into_iter().try_for_each(|group| activity::recount_group(conn, group, now))
}

/// A group comes to be one that everybody reads, or is none any more: its posts stand in no other group then, and what everybody is
/// shown of those that stand in it has changed.
pub fn follow(
    conn: &mut Conn,
    group: GroupId,
    (before, after): (Visibility, Visibility),
    now: Timestamp,
) -> Result<()> {
    if (before == Visibility::Public) == (after == Visibility::Public) {
        return Ok(());
    }
    if after != Visibility::Public {
        end(conn, Sharing::OfGroup(group), now)?;
    }
    touch_held(conn, group, now)
}

/// What everybody is shown of the posts of others that stand in a group has changed, for those who keep a copy.
fn touch_held(conn: &mut Conn, holder: GroupId, now: Timestamp) -> Result<()> {
    let held = post_shares::table
        .filter(post_shares::group_id.eq(holder))
        .filter(post_shares::removed_at.is_null())
        .select(post_shares::post_id);
    let held = posts::table.filter(posts::id.eq_any(held));
    each_backend!(conn => diesel::update(held).set(posts::changed_at.eq(now)).execute(conn))?;
    Ok(())
}

/// Notes that a post does not stand in a group any more.
pub fn bury(conn: &mut Conn, post: PostId, group: GroupId, now: Timestamp) -> Result<()> {
    // whoever reads the group's conversations is told, as they are of what there is
    let (target, group) = (post.uuid(), Some(group.uuid()));
    tombstones::bury(conn, Tombstone { kind: "post", target, group, is_public: false }, now.raw())
}
