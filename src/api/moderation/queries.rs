//! Every statement about all that one person wrote in a group under their name: what has none would tell whose it is by
//! going with the rest. Each text goes and comes back as it does by itself, so that dates and counts stay right.

use diesel::prelude::*;

use super::model::ContentChange;
use crate::api::memberships::access::Access;
use crate::api::posts::model::PostHead;
use crate::api::{comments as comments_feature, posts as posts_feature};
use crate::db::schema::{comments, posts};
use crate::db::{Conn, each_backend};
use crate::error::Result;
use crate::types::{CommentId, Timestamp, UserId};

/// Posts that are dealt with at one time, each with all its comments.
const POSTS: usize = 100;
/// Comments that are dealt with at one time.
const COMMENTS: usize = 500;

/// One more than a piece, which tells whether there is more.
fn rows(piece: usize) -> i64 {
    i64::try_from(piece).unwrap_or(i64::MAX).saturating_add(1)
}

/// Cuts off what is more than a piece; whether there was more.
fn cut<T>(mut found: Vec<T>, piece: usize) -> (Vec<T>, bool) {
    let has_more = found.len() > piece;
    found.truncate(piece);
    (found, has_more)
}

fn change(deleted_at: Timestamp, posts: usize, comments: usize, has_more: bool) -> ContentChange {
    let count = |number: usize| i32::try_from(number).unwrap_or(i32::MAX);
    ContentChange { deleted_at, post_count: count(posts), comment_count: count(comments), has_more }
}

/// Deletes what a person has published in a group. The caller holds the group's lock.
pub fn delete(conn: &mut Conn, access: &Access, author: UserId, now: Timestamp) -> Result<ContentChange> {
    let (group, by) = (access.group_id(), access.user_id());
    let published = posts::table
        .filter(posts::author_id.eq(author))
        .filter(posts::group_id.eq(group))
        .filter(posts::published_at.is_not_null())
        .filter(posts::deleted_at.is_null())
        .filter(posts::pseudonym_id.is_null())
        .order((posts::published_at.desc(), posts::id.desc()))
        .limit(rows(POSTS));
    let (published, more_posts) =
        cut(each_backend!(conn => published.select(PostHead::as_select()).load(conn))?, POSTS);
    for post in &published {
        posts_feature::queries::delete(conn, post, by, now)?;
    }
    // those on the person's own posts went with them
    let visible = comments::table
        .inner_join(posts::table)
        .filter(comments::author_id.eq(author))
        .filter(comments::group_id.eq(group))
        .filter(comments::deleted_at.is_null())
        .filter(comments::pseudonym_id.is_null())
        .filter(posts::deleted_at.is_null())
        .order((comments::created_at.desc(), comments::id.desc()))
        .limit(rows(COMMENTS))
        .select(comments::id);
    let (visible, more_comments) = cut::<CommentId>(each_backend!(conn => visible.load(conn))?, COMMENTS);
    for comment in &visible {
        let comment = comments_feature::queries::reread(conn, *comment)?;
        comments_feature::queries::delete(conn, &comment, by, now)?;
    }
    Ok(change(now, published.len(), visible.len(), more_posts || more_comments))
}

/// Brings back what others deleted of a person's in a group at one time. The caller holds the group's lock.
pub fn restore(
    conn: &mut Conn,
    access: &Access,
    author: UserId,
    deleted_at: Timestamp,
    now: Timestamp,
) -> Result<ContentChange> {
    let group = access.group_id();
    let removed = posts::table
        .filter(posts::author_id.eq(author))
        .filter(posts::group_id.eq(group))
        .filter(posts::deleted_at.is_not_null())
        .filter(posts::deleted_at.eq(deleted_at))
        .filter(posts::deleted_by.ne(author))
        .filter(posts::pseudonym_id.is_null())
        .filter(posts::published_at.is_not_null())
        .limit(rows(POSTS));
    let (removed, more_posts) = cut(each_backend!(conn => removed.select(PostHead::as_select()).load(conn))?, POSTS);
    for post in &removed {
        posts_feature::queries::restore(conn, post, now)?;
    }
    let silenced = comments::table
        .inner_join(posts::table)
        .filter(comments::author_id.eq(author))
        .filter(comments::group_id.eq(group))
        .filter(comments::deleted_at.is_not_null())
        .filter(comments::deleted_at.eq(deleted_at))
        .filter(comments::deleted_by.ne(author))
        .filter(comments::pseudonym_id.is_null())
        .filter(posts::deleted_at.is_null())
        .limit(rows(COMMENTS))
        .select(comments::id);
    let (silenced, more_comments) = cut::<CommentId>(each_backend!(conn => silenced.load(conn))?, COMMENTS);
    for comment in &silenced {
        let comment = comments_feature::queries::reread(conn, *comment)?;
        comments_feature::queries::restore(conn, &comment, now)?;
    }
    Ok(change(deleted_at, removed.len(), silenced.len(), more_posts || more_comments))
}
