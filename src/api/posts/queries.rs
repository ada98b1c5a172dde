//! Every statement about posts and comments. What is published or deleted here moves the dates in
//! [`crate::api::groups::activity`] in the same transaction.

use diesel::prelude::*;

use super::model::{Authored, CommentPatch, CommentRow, MAX_DEPTH, NewComment, NewPost, PostPatch, PostQuery, PostRow};
use crate::api::groups::activity;
use crate::api::memberships::access::Access;
use crate::auth::actor::Viewer;
use crate::db::schema::{comments, memberships, posts, users};
use crate::db::{Conn, each_backend};
use crate::error::{Error, Result};
use crate::http::page::Page;
use crate::types::{CommentId, GroupId, PostId, Timestamp};

/// Posts with their authors' names.
macro_rules! authored_posts {
    () => {
        posts::table
            .inner_join(users::table)
            .left_join(
                memberships::table
                    .on(memberships::group_id.eq(posts::group_id).and(memberships::user_id.eq(posts::author_id))),
            )
            .filter(posts::deleted_at.is_null())
            .select((PostRow::as_select(), users::display_name, memberships::display_name.nullable()))
    };
}

/// Comments with their authors' names, those that are listed: deleted ones only while others answer them.
macro_rules! authored_comments {
    () => {
        comments::table
            .inner_join(users::table)
            .left_join(
                memberships::table
                    .on(memberships::group_id.eq(comments::group_id).and(memberships::user_id.eq(comments::author_id))),
            )
            .filter(comments::deleted_at.is_null().or(comments::reply_count.gt(0)))
            .select((CommentRow::as_select(), users::display_name, memberships::display_name.nullable()))
    };
}

/// The posts of a group, newest first.
pub fn list(conn: &mut Conn, access: &Access, query: &PostQuery, page: &Page<i64>) -> Result<Vec<Authored<PostRow>>> {
    let group = access.group_id();
    Ok(each_backend!(conn, DB => {
        let mut listed = authored_posts!().filter(posts::group_id.eq(group)).limit(page.rows()).into_boxed::<DB>();
        if let Some(kind) = query.kind {
            listed = listed.filter(posts::kind.eq(kind));
        }
        if let Some((at, id)) = page.after {
            let (at, id) = (Timestamp::from_micros(at), PostId::from(id));
            listed = listed.filter(posts::created_at.le(at).and(posts::created_at.lt(at).or(posts::id.lt(id))));
        }
        listed.order((posts::created_at.desc(), posts::id.desc())).load(conn)
    })?)
}

/// The group of a post.
fn group_of(conn: &mut Conn, post: PostId) -> Result<GroupId> {
    let group = posts::table.find(post).filter(posts::deleted_at.is_null()).select(posts::group_id);
    Ok(each_backend!(conn => group.first(conn))?)
}

/// What the caller is to a post's group; not found where the caller may not read the post.
pub fn access(conn: &mut Conn, viewer: Viewer, post: PostId) -> Result<Access> {
    let group = group_of(conn, post)?;
    let access = Access::find(conn, viewer, group)?;
    access.require_content()?;
    Ok(access)
}

/// A post, and what the caller is to its group; not found where the caller may not read it.
pub fn get(conn: &mut Conn, viewer: Viewer, post: PostId) -> Result<(Access, Authored<PostRow>)> {
    let access = access(conn, viewer, post)?;
    Ok((access, read(conn, post)?))
}

/// The same under the group's lock, for a change.
pub fn lock(conn: &mut Conn, viewer: Viewer, post: PostId) -> Result<(Access, Authored<PostRow>)> {
    let group = group_of(conn, post)?;
    let access = Access::lock(conn, viewer, group)?;
    access.require_content()?;
    Ok((access, read(conn, post)?))
}

fn read(conn: &mut Conn, post: PostId) -> Result<Authored<PostRow>> {
    Ok(each_backend!(conn => authored_posts!().filter(posts::id.eq(post)).first(conn))?)
}

/// Publishes a post.
pub fn insert(conn: &mut Conn, access: &Access, new: &NewPost, now: Timestamp) -> Result<Authored<PostRow>> {
    let row = PostRow {
        id: PostId::new(),
        group_id: access.group_id(),
        author_id: access.user_id(),
        kind: new.kind,
        title: new.title.as_str().to_owned(),
        body: new.body.as_str().to_owned(),
        comment_count: 0,
        created_at: now,
        edited_at: None,
    };
    each_backend!(conn => diesel::insert_into(posts::table).values(&row).execute(conn))?;
    activity::advance(conn, row.group_id, row.author_id, now)?;
    read(conn, row.id)
}

/// Changes a post's words.
pub fn update(conn: &mut Conn, post: PostId, patch: &PostPatch, now: Timestamp) -> Result<Authored<PostRow>> {
    if patch.title.0.is_none() && patch.body.0.is_none() {
        return read(conn, post);
    }
    let changes = (
        patch.title.0.as_ref().map(|title| posts::title.eq(title.as_str())),
        patch.body.0.as_ref().map(|body| posts::body.eq(body.as_str())),
        posts::edited_at.eq(now),
    );
    each_backend!(conn => diesel::update(posts::table.find(post)).set(changes).execute(conn))?;
    read(conn, post)
}

/// Deletes a post and with it its comments: the group and all who wrote in it were active when they were before.
pub fn delete(conn: &mut Conn, access: &Access, post: PostId, now: Timestamp) -> Result<()> {
    each_backend!(conn => diesel::update(posts::table.find(post)).set(posts::deleted_at.eq(now)).execute(conn))?;
    activity::recount_group(conn, access.group_id())?;
    activity::recount_participants(conn, access.group_id(), post)
}

/// The comments of a post, oldest first.
pub fn list_comments(conn: &mut Conn, post: PostId, page: &Page<i64>) -> Result<Vec<Authored<CommentRow>>> {
    Ok(each_backend!(conn, DB => {
        let mut listed = authored_comments!().filter(comments::post_id.eq(post)).limit(page.rows()).into_boxed::<DB>();
        if let Some((at, id)) = page.after {
            let (at, id) = (Timestamp::from_micros(at), CommentId::from(id));
            listed =
                listed.filter(comments::created_at.ge(at).and(comments::created_at.gt(at).or(comments::id.gt(id))));
        }
        listed.order((comments::created_at.asc(), comments::id.asc())).load(conn)
    })?)
}

/// The post of a comment that is not deleted.
fn post_of(conn: &mut Conn, comment: CommentId) -> Result<PostId> {
    let post = comments::table.find(comment).filter(comments::deleted_at.is_null()).select(comments::post_id);
    Ok(each_backend!(conn => post.first(conn))?)
}

fn comment(conn: &mut Conn, id: CommentId) -> Result<Authored<CommentRow>> {
    Ok(each_backend!(conn => authored_comments!()
        .filter(comments::id.eq(id))
        .filter(comments::deleted_at.is_null())
        .first(conn))?)
}

/// A comment, and what the caller is to its group; not found where the caller may not read it.
pub fn get_comment(conn: &mut Conn, viewer: Viewer, id: CommentId) -> Result<(Access, Authored<CommentRow>)> {
    let post = post_of(conn, id)?;
    let access = access(conn, viewer, post)?;
    Ok((access, comment(conn, id)?))
}

/// The same under the group's lock, for a change.
pub fn lock_comment(conn: &mut Conn, viewer: Viewer, id: CommentId) -> Result<(Access, Authored<CommentRow>)> {
    let post = post_of(conn, id)?;
    let (access, _) = lock(conn, viewer, post)?;
    Ok((access, comment(conn, id)?))
}

/// Publishes a comment.
pub fn insert_comment(
    conn: &mut Conn,
    access: &Access,
    post: PostId,
    new: &NewComment,
    now: Timestamp,
) -> Result<Authored<CommentRow>> {
    let depth = match new.parent_id {
        None => 0,
        Some(parent) => answer(conn, post, parent)?,
    };
    let row = CommentRow {
        id: CommentId::new(),
        post_id: post,
        group_id: access.group_id(),
        parent_id: new.parent_id,
        author_id: access.user_id(),
        depth,
        reply_count: 0,
        body: new.body.as_str().to_owned(),
        created_at: now,
        edited_at: None,
        deleted_at: None,
    };
    each_backend!(conn => diesel::insert_into(comments::table).values(&row).execute(conn))?;
    count_comments(conn, post, 1)?;
    activity::advance(conn, row.group_id, row.author_id, now)?;
    comment(conn, row.id)
}

/// Counts one more answer to `parent` and says how deep it stands.
fn answer(conn: &mut Conn, post: PostId, parent: CommentId) -> Result<i32> {
    let answered = comments::table
        .find(parent)
        .filter(comments::post_id.eq(post))
        .filter(comments::deleted_at.is_null())
        .select(comments::depth);
    let depth: Option<i32> = each_backend!(conn => answered.first(conn).optional())?;
    let depth =
        depth.ok_or_else(|| Error::invalid("/parent_id", "unknown", "there is no such comment on this post"))?;
    if depth >= MAX_DEPTH {
        return Err(Error::invalid("/parent_id", "too_deep", "answer a comment further up"));
    }
    each_backend!(conn => diesel::update(comments::table.find(parent))
        .set(comments::reply_count.eq(comments::reply_count + 1))
        .execute(conn))?;
    Ok(depth + 1)
}

fn count_comments(conn: &mut Conn, post: PostId, by: i32) -> Result<()> {
    each_backend!(conn => diesel::update(posts::table.find(post))
        .set(posts::comment_count.eq(posts::comment_count + by))
        .execute(conn))?;
    Ok(())
}

/// Changes a comment's words.
pub fn update_comment(
    conn: &mut Conn,
    id: CommentId,
    patch: &CommentPatch,
    now: Timestamp,
) -> Result<Authored<CommentRow>> {
    if let Some(body) = &patch.body.0 {
        let changes = (comments::body.eq(body.as_str()), comments::edited_at.eq(now));
        each_backend!(conn => diesel::update(comments::table.find(id)).set(changes).execute(conn))?;
    }
    comment(conn, id)
}

/// Deletes a comment. It stays listed, without its words, while others answer it.
pub fn delete_comment(conn: &mut Conn, row: &CommentRow, now: Timestamp) -> Result<()> {
    each_backend!(conn => diesel::update(comments::table.find(row.id))
        .set(comments::deleted_at.eq(now))
        .execute(conn))?;
    count_comments(conn, row.post_id, -1)?;
    let mut gone = (row.reply_count == 0).then_some(row.parent_id).flatten();
    while let Some(parent) = gone {
        let (above, replies, deleted_at): (Option<CommentId>, i32, Option<Timestamp>) = each_backend!(conn => diesel::update(comments::table.find(parent))
                .set(comments::reply_count.eq(comments::reply_count - 1))
                .returning((comments::parent_id, comments::reply_count, comments::deleted_at))
                .get_result(conn))?;
        gone = above.filter(|_| replies == 0 && deleted_at.is_some());
    }
    activity::recount_group(conn, row.group_id)?;
    activity::recount_member(conn, row.group_id, row.author_id)
}
