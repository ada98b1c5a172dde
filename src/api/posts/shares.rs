//! Posts where they stand in other groups, too: what lists, views and dates ask. What shares is in [`crate::api::shares`], how
//! shares end in [`crate::api::groups::shares`].

use std::collections::HashMap;

use diesel::dsl::count;
use diesel::prelude::*;

use super::model::{Names, PostShare, ShareRow, person_names};
use super::policy;
use crate::api::groups::shares::{Sharing, bury, lock};
use crate::api::memberships::access::{Access, readable};
use crate::api::memberships::activity;
use crate::api::memberships::model::State;
use crate::auth::actor::Viewer;
use crate::db::schema::{comments, groups, memberships, post_marks, post_shares, posts, users};
use crate::db::sql_types::among;
use crate::db::{Conn, each_backend};
use crate::error::Result;
use crate::types::{GroupId, PostId, Timestamp, UserId};

/// A post where it stands in another group, as read: who shared it, and what the caller is to that group.
#[derive(Debug, Clone)]
pub struct FoundShare {
    /// The share.
    pub row: ShareRow,
    /// Who shared it.
    pub by: Names,
    /// What the caller is to the group.
    pub access: Access,
}

impl FoundShare {
    /// What clients see of a share of somebody's post.
    #[must_use]
    pub fn view(self, author: UserId, now: Timestamp) -> PostShare {
        let Self { row, by, access } = self;
        let is_pinned = row.pinned_at.is_some() && row.pinned_until.is_none_or(|until| until > now);
        PostShare {
            group_id: row.group_id,
            shared_by: by.person(row.shared_by),
            shared_at: row.shared_at,
            is_pinned,
            pinned_until: row.pinned_until.filter(|_| is_pinned),
            can: policy::can_on_share(&access, &row, author),
        }
    }
}

/// Where else these posts stand, in groups whose conversations the caller reads; the latest first.
pub fn of_posts(conn: &mut Conn, viewer: &Viewer, ids: &[PostId]) -> Result<HashMap<PostId, Vec<FoundShare>>> {
    let by = memberships::group_id.eq(post_shares::group_id).and(memberships::user_id.eq(post_shares::shared_by));
    let rows: Vec<(ShareRow, Names)> = each_backend!(conn => post_shares::table
        .inner_join(groups::table)
        .inner_join(users::table)
        .left_join(memberships::table.on(by))
        .filter(among(post_shares::post_id, ids))
        .filter(post_shares::removed_at.is_null())
        .filter(readable!(viewer))
        .order((post_shares::shared_at.desc(), post_shares::group_id.asc()))
        .select((ShareRow::as_select(), person_names!()))
        .load(conn))?;
    if rows.is_empty() {
        return Ok(HashMap::new());
    }
    let mut groups: Vec<GroupId> = rows.iter().map(|(row, _)| row.group_id).collect();
    groups.sort_unstable();
    groups.dedup();
    let known = Access::find_all(conn, *viewer, &groups)?;
    let mut found: HashMap<PostId, Vec<FoundShare>> = HashMap::new();
    for (row, by) in rows {
        if let Some(access) = known.get(&row.group_id) {
            found.entry(row.post_id).or_default().push(FoundShare { row, by, access: access.clone() });
        }
    }
    Ok(found)
}

/// How many visible comments by others on these posts somebody has not read who is a member of groups in which they stand,
/// and not of their own.
pub fn unread_comments(conn: &mut Conn, person: UserId, ids: &[PostId]) -> Result<HashMap<PostId, i32>> {
    let mine = memberships::group_id.eq(post_shares::group_id).and(memberships::user_id.eq(person));
    let mark = post_marks::post_id.eq(comments::post_id).and(post_marks::user_id.eq(person));
    let at = comments::created_at;
    let counted = comments::table
        .inner_join(post_shares::table.on(post_shares::post_id.eq(comments::post_id)))
        .inner_join(groups::table.on(groups::id.eq(post_shares::group_id)))
        .inner_join(memberships::table.on(mine))
        .left_join(post_marks::table.on(mark))
        .filter(among(comments::post_id, ids))
        .filter(comments::deleted_at.is_null())
        .filter(comments::author_id.ne(person))
        .filter(post_shares::removed_at.is_null())
        .filter(groups::deleted_at.is_null())
        .filter(memberships::state.eq(State::Active))
        .filter(memberships::joined_at.assume_not_null().lt(at))
        .filter(memberships::read_until.is_null().or(memberships::read_until.assume_not_null().lt(at)))
        .filter(post_marks::read_at.is_null().or(post_marks::read_at.assume_not_null().lt(at)))
        .group_by(comments::post_id)
        .select((comments::post_id, count(comments::id).aggregate_distinct()));
    let counted: Vec<(PostId, i64)> = each_backend!(conn => counted.load(conn))?;
    Ok(counted.into_iter().map(|(post, count)| (post, i32::try_from(count).unwrap_or(i32::MAX))).collect())
}

/// The other groups in which a post stands.
fn groups_of(conn: &mut Conn, post: PostId) -> Result<Vec<GroupId>> {
    let groups = post_shares::table
        .filter(post_shares::post_id.eq(post))
        .filter(post_shares::removed_at.is_null())
        .order(post_shares::group_id.asc())
        .select(post_shares::group_id);
    Ok(each_backend!(conn => groups.load(conn))?)
}

/// Locks a post's group, all groups in which it stands, and another.
pub fn lock_groups(conn: &mut Conn, post: PostId, other: Option<GroupId>) -> Result<()> {
    let own: GroupId = each_backend!(conn => posts::table.find(post).select(posts::group_id).first(conn))?;
    let others: Vec<GroupId> = [Some(own), other].into_iter().flatten().collect();
    lock(conn, Sharing::OfPost(post), &others)
}

/// A post is not seen any more: the groups in which it stood were last active when they were without it.
pub fn hide(conn: &mut Conn, post: PostId, now: Timestamp) -> Result<()> {
    for group in groups_of(conn, post)? {
        bury(conn, post, group, now)?;
        activity::recount_group(conn, group, now)?;
    }
    Ok(())
}

/// A post is seen again where it stands.
pub fn show(conn: &mut Conn, post: PostId, now: Timestamp) -> Result<()> {
    groups_of(conn, post)?.into_iter().try_for_each(|group| activity::recount_group(conn, group, now))
}
