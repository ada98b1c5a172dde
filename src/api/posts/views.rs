//! What clients see of posts as read: how people reacted and what is unread, each asked once for a whole page.

use std::collections::HashMap;

use diesel::dsl::{count, count_star};
use diesel::prelude::*;

use super::model::{FoundPost, Post, PostHead, PostStatus, PostViewer, ReactionCount, ReactionKind, Reactions};
use super::policy;
use crate::api::memberships::access::Access;
use crate::api::memberships::model::State;
use crate::auth::actor::Viewer;
use crate::db::schema::{comments, memberships, post_marks, reactions};
use crate::db::{Conn, each_backend};
use crate::error::Result;
use crate::http::markdown::to_html;
use crate::types::{GroupId, PostId, TargetId, Timestamp, UserId};

/// Posts of one group, in the same order.
pub fn of_group(conn: &mut Conn, access: &Access, found: Vec<FoundPost>, now: Timestamp) -> Result<Vec<Post>> {
    let groups = HashMap::from([(access.group_id(), access.clone())]);
    views(conn, access.viewer(), &groups, found, now)
}

/// Posts of several groups, in the same order; those of groups that the caller may not know of are left out.
pub fn of_groups(conn: &mut Conn, viewer: &Viewer, found: Vec<FoundPost>, now: Timestamp) -> Result<Vec<Post>> {
    let mut ids: Vec<GroupId> = found.iter().map(|found| found.row.group_id).collect();
    ids.sort_unstable();
    ids.dedup();
    let groups = Access::find_all(conn, *viewer, &ids)?;
    views(conn, viewer, &groups, found, now)
}

/// One post.
pub fn one(conn: &mut Conn, access: &Access, found: FoundPost, now: Timestamp) -> Result<Post> {
    of_group(conn, access, vec![found], now)?.pop().ok_or_else(crate::error::Error::not_found)
}

fn views(
    conn: &mut Conn,
    viewer: &Viewer,
    groups: &HashMap<GroupId, Access>,
    found: Vec<FoundPost>,
    now: Timestamp,
) -> Result<Vec<Post>> {
    let (me, ids): (_, Vec<PostId>) = (viewer.user_id(), found.iter().map(|found| found.row.id).collect());
    let targets: Vec<TargetId> = ids.iter().map(|id| id.uuid().into()).collect();
    let mut reactions = reactions(conn, me, &targets)?;
    let is_member = groups.values().any(|access| read_since(access).is_some());
    let mut unread = if is_member { unread_comments(conn, me, &ids)? } else { HashMap::new() };
    let of_one = |found: FoundPost| {
        let access = groups.get(&found.row.group_id)?;
        let head = PostHead::from(&found.row);
        let reactions = reactions.remove(&found.row.id.uuid().into()).unwrap_or_default();
        let is_new = |at: Timestamp| read_since(access).is_some_and(|since| at > since);
        let is_unread = found.mark.is_none_or(|mark| mark.read_at.is_none())
            && found.row.author_id != me
            && found.row.published_at.is_some_and(is_new);
        let viewer = PostViewer {
            can: policy::can(access, &head),
            is_unread,
            unread_comment_count: unread.remove(&found.row.id).unwrap_or(0),
            is_bookmarked: found.mark.is_some_and(|mark| mark.bookmarked_at.is_some()),
            is_following: found.mark.is_some_and(|mark| mark.follows == Some(true)),
            reactions: reactions.own,
        };
        Some(view(found, reactions.counts, viewer, now))
    };
    Ok(found.into_iter().filter_map(of_one).collect())
}

/// Since when what is published counts as unread for the caller: since they became a member, or marked all as read. Nothing is
/// unread for who is no member.
fn read_since(access: &Access) -> Option<Timestamp> {
    let held = access.standing().membership.filter(|held| held.state == State::Active)?;
    held.joined_at.max(held.read_until)
}

fn view(found: FoundPost, reactions: Vec<ReactionCount>, viewer: PostViewer, now: Timestamp) -> Post {
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
        .filter(reactions::target_id.eq_any(targets))
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
        .filter(comments::post_id.eq_any(posts))
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
