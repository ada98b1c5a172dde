//! What clients see of posts as read: how people reacted and what is unread, each asked once for a whole page.

use std::collections::HashMap;

use diesel::dsl::{count, count_star};
use diesel::prelude::*;

use super::model::{
    FoundPost, Post, PostHead, PostShare, PostStatus, PostViewer, ReactionCount, ReactionKind, Reactions, SHARES,
};
use super::policy;
use super::shares::{self, FoundShare};
use crate::api::memberships::access::Access;
use crate::api::memberships::model::State;
use crate::auth::actor::Viewer;
use crate::db::schema::{comments, memberships, post_marks, reactions};
use crate::db::sql_types::among;
use crate::db::{Conn, each_backend};
use crate::error::Result;
use crate::http::markdown::to_html;
use crate::types::{GroupId, PostId, TargetId, Timestamp, UserId};

/// Posts that stand in one group, in the same order.
pub fn of_group(conn: &mut Conn, access: &Access, found: Vec<FoundPost>, now: Timestamp) -> Result<Vec<Post>> {
    let elsewhere = group_ids(&found, Some(access.group_id()));
    let mut groups =
        if elsewhere.is_empty() { HashMap::new() } else { Access::find_all(conn, *access.viewer(), &elsewhere)? };
    groups.insert(access.group_id(), access.clone());
    views(conn, access.viewer(), &groups, found, now)
}

/// The groups of these posts, but for one.
fn group_ids(found: &[FoundPost], but: Option<GroupId>) -> Vec<GroupId> {
    let mut ids: Vec<GroupId> =
        found.iter().map(|found| found.row.group_id).filter(|group| Some(*group) != but).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// Posts of several groups, in the same order; those of groups that the caller may not know of are left out.
pub fn of_groups(conn: &mut Conn, viewer: &Viewer, found: Vec<FoundPost>, now: Timestamp) -> Result<Vec<Post>> {
    let groups = Access::find_all(conn, *viewer, &group_ids(&found, None))?;
    views(conn, viewer, &groups, found, now)
}

/// One post.
pub fn one(conn: &mut Conn, access: &Access, found: FoundPost, now: Timestamp) -> Result<Post> {
    of_group(conn, access, vec![found], now)?.pop().ok_or_else(crate::error::Error::not_found)
}

/// Posts of several groups with what is unread of them and where else they stand, and nothing else of what clients see.
pub fn briefs(conn: &mut Conn, viewer: &Viewer, found: Vec<FoundPost>) -> Result<Vec<(FoundPost, Reading)>> {
    let groups = Access::find_all(conn, *viewer, &group_ids(&found, None))?;
    let mut readings = readings(conn, viewer, &groups, &found)?;
    let brief = |found: FoundPost| readings.remove(&found.row.id).map(|reading| (found, reading));
    Ok(found.into_iter().filter_map(brief).collect())
}

fn views(
    conn: &mut Conn,
    viewer: &Viewer,
    groups: &HashMap<GroupId, Access>,
    found: Vec<FoundPost>,
    now: Timestamp,
) -> Result<Vec<Post>> {
    let targets: Vec<TargetId> = found.iter().map(|found| found.row.id.uuid().into()).collect();
    let mut reactions = reactions(conn, viewer.user_id(), &targets)?;
    let mut readings = readings(conn, viewer, groups, &found)?;
    let of_one = |found: FoundPost| {
        let access = groups.get(&found.row.group_id)?;
        let Reading { shares, is_unread, unread_comment_count } = readings.remove(&found.row.id)?;
        let head = PostHead::from(&found.row);
        let reactions = reactions.remove(&found.row.id.uuid().into()).unwrap_or_default();
        let viewer = PostViewer {
            can: policy::can(access, &head),
            is_unread,
            unread_comment_count,
            is_bookmarked: found.mark.is_some_and(|mark| mark.bookmarked_at.is_some()),
            is_following: found.mark.is_some_and(|mark| mark.follows == Some(true)),
            reactions: reactions.own,
        };
        let shares = shares.into_iter().take(SHARES).map(|share| share.view(head.author_id, now)).collect();
        Some(view(found, (reactions.counts, shares), viewer, now))
    };
    Ok(found.into_iter().filter_map(of_one).collect())
}

/// What is unread of a post, and where else it stands.
#[derive(Debug, Clone)]
pub struct Reading {
    /// The other groups in which it stands, as far as the caller reads there.
    pub shares: Vec<FoundShare>,
    /// Whether the caller has yet to read it.
    pub is_unread: bool,
    /// How many comments the caller has yet to read.
    pub unread_comment_count: i32,
}

/// This for each post of groups that the caller may know of.
fn readings(
    conn: &mut Conn,
    viewer: &Viewer,
    groups: &HashMap<GroupId, Access>,
    found: &[FoundPost],
) -> Result<HashMap<PostId, Reading>> {
    let me = viewer.user_id();
    // what is deleted stands nowhere
    let is_shared = |found: &&FoundPost| found.row.is_shared && found.row.deleted_at.is_none();
    let shared: Vec<PostId> = found.iter().filter(is_shared).map(|found| found.row.id).collect();
    let mut shares = if shared.is_empty() { HashMap::new() } else { shares::of_posts(conn, viewer, &shared)? };
    let mut unread = unread_in(conn, me, groups, &shares, found)?;
    let reading = |found: &FoundPost| {
        let (id, access) = (found.row.id, groups.get(&found.row.group_id)?);
        let shares = shares.remove(&id).unwrap_or_default();
        let is_unread = found.mark.is_none_or(|mark| mark.read_at.is_none())
            && found.row.author_id != me
            && is_new(access, &shares, found.row.published_at);
        Some((id, Reading { shares, is_unread, unread_comment_count: unread.remove(&id).unwrap_or(0) }))
    };
    Ok(found.iter().filter_map(reading).collect())
}

/// How many comments are unread, in the posts' own groups or, for who is no member there, in those in which they stand too.
fn unread_in(
    conn: &mut Conn,
    me: UserId,
    groups: &HashMap<GroupId, Access>,
    shares: &HashMap<PostId, Vec<FoundShare>>,
    found: &[FoundPost],
) -> Result<HashMap<PostId, i32>> {
    let is_at_home = |group: &GroupId| groups.get(group).is_some_and(|access| read_since(access).is_some());
    let is_a_guest = |post: &PostId| {
        shares.get(post).is_some_and(|shares| shares.iter().any(|share| read_since(&share.access).is_some()))
    };
    let (own, others): (Vec<&FoundPost>, _) = found.iter().partition(|found| is_at_home(&found.row.group_id));
    let own: Vec<PostId> = own.into_iter().map(|found| found.row.id).collect();
    let others: Vec<PostId> = others.into_iter().map(|found| found.row.id).filter(is_a_guest).collect();
    let mut unread = if own.is_empty() { HashMap::new() } else { unread_comments(conn, me, &own)? };
    if !others.is_empty() {
        unread.extend(shares::unread_comments(conn, me, &others)?);
    }
    Ok(unread)
}

/// Whether a post came out since the caller reads in its group or, for who is no member there, was shared since they read where
/// it stands too.
fn is_new(access: &Access, shares: &[FoundShare], published_at: Option<Timestamp>) -> bool {
    match read_since(access) {
        Some(since) => published_at.is_some_and(|at| at > since),
        None => shares.iter().any(|share| read_since(&share.access).is_some_and(|since| share.row.shared_at > since)),
    }
}

/// Since when what is published counts as unread for the caller: since they became a member, or marked all as read. Nothing is
/// unread for who is no member.
fn read_since(access: &Access) -> Option<Timestamp> {
    let held = access.standing().membership.filter(|held| held.state == State::Active)?;
    held.joined_at.max(held.read_until)
}

fn view(
    found: FoundPost,
    (reactions, shares): (Vec<ReactionCount>, Vec<PostShare>),
    viewer: PostViewer,
    now: Timestamp,
) -> Post {
    let FoundPost { row, author, .. } = found;
    let is_pinned = row.pinned_at.is_some() && row.pinned_until.is_none_or(|until| until > now);
    let status = row.status();
    Post {
        id: row.id,
        group_id: row.group_id,
        kind: row.kind,
        status,
        title: row.title,
        body_html: row.body_html.unwrap_or_else(|| to_html(&row.body)),
        body: row.body,
        link_url: row.link_url,
        tags: row.tags.0,
        content_warnings: row.content_warnings.0,
        language: row.language,
        author: author.person(row.author_id),
        comment_count: row.comment_count,
        last_reply_at: row.last_reply_at,
        reactions,
        accepted_comment_id: row.accepted_comment_id,
        is_pinned,
        pinned_until: row.pinned_until.filter(|_| is_pinned),
        is_locked: row.locked_at.is_some(),
        shares,
        created_at: row.created_at,
        publish_at: row.publish_at.filter(|_| status == PostStatus::Scheduled),
        published_at: row.published_at,
        edited_at: row.edited_at,
        deleted_at: row.deleted_at,
        viewer,
    }
}

/// How people reacted to posts or comments, and the person's own reactions.
pub fn reactions(conn: &mut Conn, person: UserId, targets: &[TargetId]) -> Result<HashMap<TargetId, Reactions>> {
    let own = count(reactions::user_id).aggregate_filter(reactions::user_id.eq(person));
    let counted = reactions::table
        .filter(among(reactions::target_id, targets))
        .group_by((reactions::target_id, reactions::kind))
        .order((reactions::target_id.asc(), reactions::kind.asc()))
        .select((reactions::target_id, reactions::kind, count_star(), own));
    let counted: Vec<(TargetId, ReactionKind, i64, i64)> = each_backend!(conn => counted.load(conn))?;
    let mut found: HashMap<TargetId, Reactions> = HashMap::new();
    for (target, kind, count, own) in counted {
        let of_target = found.entry(target).or_default();
        of_target.counts.push(ReactionCount { kind, count: i32::try_from(count).unwrap_or(i32::MAX) });
        if own > 0 {
            of_target.own.push(kind);
        }
    }
    Ok(found)
}

/// How many visible comments by others on these posts a member has not read.
fn unread_comments(conn: &mut Conn, person: UserId, posts: &[PostId]) -> Result<HashMap<PostId, i32>> {
    let mine = memberships::group_id.eq(comments::group_id).and(memberships::user_id.eq(person));
    let mark = post_marks::post_id.eq(comments::post_id).and(post_marks::user_id.eq(person));
    let at = comments::created_at;
    let counted = comments::table
        .inner_join(memberships::table.on(mine))
        .left_join(post_marks::table.on(mark))
        .filter(among(comments::post_id, posts))
        .filter(comments::deleted_at.is_null())
        .filter(comments::author_id.ne(person))
        .filter(memberships::state.eq(State::Active))
        .filter(memberships::joined_at.assume_not_null().lt(at))
        .filter(memberships::read_until.is_null().or(memberships::read_until.assume_not_null().lt(at)))
        .filter(post_marks::read_at.is_null().or(post_marks::read_at.assume_not_null().lt(at)))
        .group_by(comments::post_id)
        .select((comments::post_id, count_star()));
    let counted: Vec<(PostId, i64)> = each_backend!(conn => counted.load(conn))?;
    Ok(counted.into_iter().map(|(post, count)| (post, i32::try_from(count).unwrap_or(i32::MAX))).collect())
}
