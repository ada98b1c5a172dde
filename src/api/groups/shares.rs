//! How posts stop standing in other groups: where everybody may not read them any more, or their group has come to be the other.

use diesel::prelude::*;

use crate::api::memberships::activity;
use crate::db::schema::{post_shares, posts};
use crate::db::tombstones::{self, Tombstone};
use crate::db::{Conn, each_backend};
use crate::error::Result;
use crate::types::{GroupId, PostId, Timestamp};

/// Which shares end.
#[derive(Debug, Clone, Copy)]
pub enum Ending {
    /// Those of a group's posts.
    OfGroup(GroupId),
    /// Those of a post.
    OfPost(PostId),
    /// The one of a post with a group.
    With(PostId, GroupId),
}

/// Ends shares. Those who keep a copy are told, and the groups were last active when they were without.
pub fn end(conn: &mut Conn, which: Ending, now: Timestamp) -> Result<()> {
    let ended: Vec<(PostId, GroupId, Option<Timestamp>)> = each_backend!(conn, DB => {
        let shares = post_shares::table
            .inner_join(posts::table)
            .select((post_shares::post_id, post_shares::group_id, post_shares::removed_at))
            .order((post_shares::group_id.asc(), post_shares::post_id.asc()))
            .into_boxed::<DB>();
        let shares = match which {
            Ending::OfGroup(group) => shares.filter(posts::group_id.eq(group)),
            Ending::OfPost(post) => shares.filter(post_shares::post_id.eq(post)),
            Ending::With(post, group) => {
                shares.filter(post_shares::post_id.eq(post)).filter(post_shares::group_id.eq(group))
            }
        };
        shares.load(conn)
    })?;
    let mut groups = Vec::new();
    for (post, group, removed_at) in ended {
        each_backend!(conn => diesel::delete(post_shares::table.find((post, group))).execute(conn))?;
        if removed_at.is_none() {
            bury(conn, post, group, now)?;
            groups.push(group);
        }
    }
    groups.dedup();
    groups.into_iter().try_for_each(|group| activity::recount_group(conn, group, now))
}

/// Notes that a post does not stand in a group any more.
pub fn bury(conn: &mut Conn, post: PostId, group: GroupId, now: Timestamp) -> Result<()> {
    // whoever reads the group's conversations is told, as they are of what there is
    let (target, group) = (post.uuid(), Some(group.uuid()));
    tombstones::bury(conn, Tombstone { kind: "post", target, group, is_public: false }, now.raw())
}
