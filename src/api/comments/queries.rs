//! Every statement about comments. What is published, deleted or brought back here moves the dates in
//! [`crate::api::memberships::activity`] and the numbers on its post in the same transaction.

use diesel::prelude::*;
use uuid::Uuid;

use super::model::{CommentPatch, CommentRow, FoundComment, NewComment};
use super::policy;
use crate::api::events::{self, EventKind, EventRow};
use crate::api::memberships::access::Access;
use crate::api::memberships::activity;
use crate::api::memberships::model::{State, Visibility};
use crate::api::notices;
use crate::api::notices::model::{Notice, NoticeKind};
use crate::api::posts::mentions;
use crate::api::posts::model::{PostHead, RevisionRow, author_names, named};
use crate::api::posts::queries::{self as posts_queries, IndexedComment, keep_revision, put_comment, take_part};
use crate::auth::actor::Viewer;
use crate::db::schema::{comments, groups, memberships, post_marks, posts, revisions, users};
use crate::db::{Conn, each_backend, search};
use crate::error::{Error, Result};
use crate::http::markdown::to_html;
use crate::http::page::Page;
use crate::types::{CommentId, PostId, RevisionId, Timestamp, UserId};

/// Comments with their authors' names.
macro_rules! found_comments {
    () => {
        comments::table
            .inner_join(users::table)
            .left_join(
                memberships::table
                    .on(memberships::group_id.eq(comments::group_id).and(memberships::user_id.eq(comments::author_id))),
            )
            .select((CommentRow::as_select(), author_names!(comments)))
    };
}

/// The comments of a post that are listed, oldest first: of all levels, or of one. Deleted ones only while others answer them.
pub fn list(
    conn: &mut Conn,
    post: PostId,
    level: Option<Option<CommentId>>,
    page: &Page<i64>,
) -> Result<Vec<FoundComment>> {
    Ok(each_backend!(conn, DB => {
        let mut listed = found_comments!()
            .filter(comments::post_id.eq(post))
            .filter(comments::deleted_at.is_null().or(comments::reply_count.gt(0)))
            .limit(page.rows())
            .into_boxed::<DB>();
        match level {
            Some(Some(parent)) => listed = listed.filter(comments::parent_id.eq(parent)),
            Some(None) => listed = listed.filter(comments::parent_id.is_null()),
            None => {}
        }
        if let Some((at, id)) = page.after {
            let (at, id) = (Timestamp::from_micros(at), CommentId::from(id));
            listed =
                listed.filter(comments::created_at.ge(at).and(comments::created_at.gt(at).or(comments::id.gt(id))));
        }
        listed.order((comments::created_at.asc(), comments::id.asc())).load(conn)
    })?)
}

/// The post of a comment, whether or not the comment is deleted.
fn post_of(conn: &mut Conn, comment: CommentId) -> Result<PostId> {
    Ok(each_backend!(conn => comments::table.find(comment).select(comments::post_id).first(conn))?)
}

/// A comment, deleted ones included.
fn read(conn: &mut Conn, id: CommentId) -> Result<FoundComment> {
    Ok(each_backend!(conn => found_comments!().filter(comments::id.eq(id)).first(conn))?)
}

/// A comment as it is now, deleted or not. For those who hold its group's lock.
pub fn reread(conn: &mut Conn, id: CommentId) -> Result<CommentRow> {
    Ok(each_backend!(conn => comments::table.find(id).select(CommentRow::as_select()).first(conn))?)
}

/// A comment that is not deleted, its post, and what the caller is to its group; not found where the caller may not read it.
pub fn get(conn: &mut Conn, viewer: Viewer, id: CommentId) -> Result<(Access, PostHead, FoundComment)> {
    let post = post_of(conn, id)?;
    let (access, head) = posts_queries::access(conn, viewer, post)?;
    let found = read(conn, id)?;
    if found.row.deleted_at.is_some() { Err(Error::not_found()) } else { Ok((access, head, found)) }
}

/// The same under the group's lock, for a change.
pub fn lock(conn: &mut Conn, viewer: Viewer, id: CommentId) -> Result<(Access, PostHead, FoundComment)> {
    let (access, head, found) = lock_any(conn, viewer, id)?;
    if found.row.deleted_at.is_some() { Err(Error::not_found()) } else { Ok((access, head, found)) }
}

/// The same, of deleted comments too.
pub fn lock_any(conn: &mut Conn, viewer: Viewer, id: CommentId) -> Result<(Access, PostHead, FoundComment)> {
    let post = post_of(conn, id)?;
    let (access, head) = posts_queries::lock(conn, viewer, post)?;
    Ok((access, head, read(conn, id)?))
}

/// The same, of what is on deleted posts too.
pub fn lock_anywhere(conn: &mut Conn, viewer: Viewer, id: CommentId) -> Result<(Access, PostHead, FoundComment)> {
    let post = post_of(conn, id)?;
    let (access, head) = posts_queries::lock_any(conn, viewer, post)?;
    Ok((access, head, read(conn, id)?))
}

/// Publishes a comment, and tells whom it mentions and those who follow the post.
pub fn insert(
    conn: &mut Conn,
    access: &Access,
    post: &PostHead,
    new: &NewComment,
    now: Timestamp,
) -> Result<FoundComment> {
    let depth = match new.parent_id {
        None => 0,
        Some(parent) => answer(conn, post.id, parent)?,
    };
    let pseudonym_id = if new.is_anonymous { Some(pseudonym(conn, post, access.user_id())?) } else { None };
    let row = CommentRow {
        id: CommentId::new(),
        post_id: post.id,
        group_id: access.group_id(),
        parent_id: new.parent_id,
        author_id: access.user_id(),
        pseudonym_id,
        depth,
        reply_count: 0,
        body: new.body.as_str().to_owned(),
        body_html: Some(to_html(new.body.as_str())),
        created_at: now,
        edited_at: None,
        deleted_at: None,
        deleted_by: None,
    };
    each_backend!(conn => diesel::insert_into(comments::table).values(&row).execute(conn))?;
    recount_post(conn, post.id, 1, now)?;
    activity::advance(conn, row.group_id, named(row.author_id, row.pseudonym_id), now)?;
    take_part(conn, row.author_id, row.post_id, now)?;
    happened(conn, EventKind::CommentCreated, &row, now)?;
    index(conn, row.id)?;
    // a mention says more than a reply, and one event is told once
    let author = (row.author_id, row.pseudonym_id);
    mentions::tell(conn, row.group_id, (row.post_id, Some(row.id)), author, &row.body, now)?;
    tell_followers(conn, &row, now)?;
    read(conn, row.id)
}

/// The id by which others know somebody who writes without their name in a conversation: the same each time.
pub fn pseudonym(conn: &mut Conn, post: &PostHead, author: UserId) -> Result<UserId> {
    if let Some(own) = post.pseudonym_id.filter(|_| post.author_id == author) {
        return Ok(own);
    }
    let earlier = comments::table
        .filter(comments::author_id.eq(author))
        .filter(comments::post_id.eq(post.id))
        .filter(comments::pseudonym_id.is_not_null())
        .select(comments::pseudonym_id.assume_not_null());
    let earlier: Option<UserId> = each_backend!(conn => earlier.first(conn).optional())?;
    Ok(earlier.unwrap_or_default())
}

/// Whether this is a comment on the post that can be answered, where there is one to answer.
pub fn check_parent(conn: &mut Conn, post: PostId, parent: Option<CommentId>) -> Result<()> {
    parent.map_or(Ok(()), |parent| depth_below(conn, post, parent).map(drop))
}

/// Counts one more answer to `parent` and says how deep it stands.
fn answer(conn: &mut Conn, post: PostId, parent: CommentId) -> Result<i32> {
    let depth = depth_below(conn, post, parent)?;
    count_replies(conn, parent, 1)?;
    Ok(depth)
}

/// How deep an answer to `parent` stands.
fn depth_below(conn: &mut Conn, post: PostId, parent: CommentId) -> Result<i32> {
    let answered = comments::table
        .find(parent)
        .filter(comments::post_id.eq(post))
        .filter(comments::deleted_at.is_null())
        .select(comments::depth);
    let depth: Option<i32> = each_backend!(conn => answered.first(conn).optional())?;
    let unknown = || Error::invalid("/parent_id", "unknown", "there is no such comment on this post");
    policy::depth_below(depth.ok_or_else(unknown)?)
}

type Above = (Option<CommentId>, i32, Option<Timestamp>);

/// Counts answers to a comment; what it answers, how many answer it now, and when it was deleted.
fn count_replies(conn: &mut Conn, comment: CommentId, by: i32) -> Result<Above> {
    Ok(each_backend!(conn => diesel::update(comments::table.find(comment))
        .set(comments::reply_count.eq(comments::reply_count + by))
        .returning((comments::parent_id, comments::reply_count, comments::deleted_at))
        .get_result(conn))?)
}

/// Tells those who follow the post and may read it, but for the author.
fn tell_followers(conn: &mut Conn, row: &CommentRow, now: Timestamp) -> Result<()> {
    let member = memberships::group_id.eq(row.group_id).and(memberships::user_id.eq(post_marks::user_id));
    let is_active = memberships::state.assume_not_null().eq(State::Active);
    let wants_all = memberships::notification_level.assume_not_null().eq("all");
    let is_nobody = memberships::state.nullable().is_null();
    let is_former = memberships::state.assume_not_null().ne_all([State::Active, State::Banned]);
    let is_public =
        diesel::dsl::exists(groups::table.find(row.group_id).filter(groups::visibility.eq(Visibility::Public)));
    let followers = post_marks::table
        .left_join(memberships::table.on(member))
        .filter(post_marks::post_id.eq(row.post_id))
        .filter(post_marks::follows.assume_not_null())
        .filter(post_marks::user_id.ne(row.author_id))
        .filter(is_active.and(wants_all).or(is_public.and(is_nobody.or(is_former))))
        .select(post_marks::user_id);
    let followers: Vec<UserId> = each_backend!(conn => followers.load(conn))?;
    let notice = |follower: UserId| {
        Notice::new(follower, NoticeKind::Reply, row.id.uuid())
            .by(named(row.author_id, row.pseudonym_id))
            .in_group(row.group_id)
            .on_post(row.post_id)
            .on_comment(row.id)
    };
    let told: Vec<Notice> = followers.into_iter().map(notice).collect();
    notices::queries::tell_all(conn, &told, now)
}

fn happened(conn: &mut Conn, kind: EventKind, row: &CommentRow, now: Timestamp) -> Result<()> {
    events::record(conn, &EventRow::of_comment(kind, row.group_id, (row.post_id, row.id), now))
}

/// Counts comments of a post, and finds again when the latest was written.
fn recount_post(conn: &mut Conn, post: PostId, by: i32, now: Timestamp) -> Result<()> {
    let latest = comments::table
        .filter(comments::post_id.eq(post))
        .filter(comments::deleted_at.is_null())
        .order((comments::created_at.desc(), comments::id.desc()))
        .select(comments::created_at);
    let latest: Option<Timestamp> = each_backend!(conn => latest.first(conn).optional())?;
    let changes = (
        posts::comment_count.eq(posts::comment_count + by),
        posts::last_reply_at.eq(latest),
        posts::changed_at.eq(now),
    );
    each_backend!(conn => diesel::update(posts::table.find(post)).set(changes).execute(conn))?;
    Ok(())
}

/// Changes a comment's words. What readers have read is kept as it was.
pub fn update(conn: &mut Conn, before: &CommentRow, patch: &CommentPatch, now: Timestamp) -> Result<FoundComment> {
    let body = patch.body.0.as_ref().map(crate::http::text::Markdown::as_str).filter(|body| *body != before.body);
    let Some(body) = body else { return read(conn, before.id) };
    keep_revision(conn, (before.post_id, Some(before.id)), None, &before.body, before.author_id, now)?;
    let changes = (comments::body.eq(body), comments::body_html.eq(to_html(body)), comments::edited_at.eq(now));
    each_backend!(conn => diesel::update(comments::table.find(before.id)).set(changes).execute(conn))?;
    let author = (before.author_id, before.pseudonym_id);
    mentions::tell(conn, before.group_id, (before.post_id, Some(before.id)), author, body, now)?;
    happened(conn, EventKind::CommentUpdated, before, now)?;
    index(conn, before.id)?;
    read(conn, before.id)
}

/// What a comment said before, the latest first.
pub fn list_revisions(conn: &mut Conn, comment: CommentId, page: &Page<i64>) -> Result<Vec<RevisionRow>> {
    Ok(each_backend!(conn, DB => {
        let mut listed = revisions::table
            .filter(revisions::comment_id.is_not_null())
            .filter(revisions::comment_id.eq(comment))
            .select(RevisionRow::as_select())
            .limit(page.rows())
            .into_boxed::<DB>();
        if let Some((at, id)) = page.after {
            let (at, id, column) = (Timestamp::from_micros(at), RevisionId::from(id), revisions::replaced_at);
            listed = listed.filter(column.le(at).and(column.lt(at).or(revisions::id.lt(id))));
        }
        listed.order((revisions::replaced_at.desc(), revisions::id.desc())).load(conn)
    })?)
}

/// Deletes a comment. It stays listed, without its words, while others answer it.
pub fn delete(conn: &mut Conn, row: &CommentRow, by: UserId, now: Timestamp) -> Result<()> {
    let deleted = (comments::deleted_at.eq(now), comments::deleted_by.eq(by));
    each_backend!(conn => diesel::update(comments::table.find(row.id)).set(deleted).execute(conn))?;
    recount_post(conn, row.post_id, -1, now)?;
    let answered = posts::table.find(row.post_id).filter(posts::accepted_comment_id.eq(row.id));
    each_backend!(conn => diesel::update(answered)
        .set(posts::accepted_comment_id.eq(None::<CommentId>))
        .execute(conn))?;
    let mut gone = (row.reply_count == 0).then_some(row.parent_id).flatten();
    while let Some(parent) = gone {
        let (above, replies, deleted_at) = count_replies(conn, parent, -1)?;
        gone = above.filter(|_| replies == 0 && deleted_at.is_some());
    }
    happened(conn, EventKind::CommentDeleted, row, now)?;
    index(conn, row.id)?;
    recount(conn, row, now)
}

/// Brings a deleted comment back, and with it its place.
pub fn restore(conn: &mut Conn, row: &CommentRow, now: Timestamp) -> Result<FoundComment> {
    let restored = (comments::deleted_at.eq(None::<Timestamp>), comments::deleted_by.eq(None::<UserId>));
    each_backend!(conn => diesel::update(comments::table.find(row.id)).set(restored).execute(conn))?;
    recount_post(conn, row.post_id, 1, now)?;
    let mut back = (row.reply_count == 0).then_some(row.parent_id).flatten();
    while let Some(parent) = back {
        let (above, replies, deleted_at) = count_replies(conn, parent, 1)?;
        back = above.filter(|_| replies == 1 && deleted_at.is_some());
    }
    happened(conn, EventKind::CommentRestored, row, now)?;
    index(conn, row.id)?;
    recount(conn, row, now)?;
    read(conn, row.id)
}

fn recount(conn: &mut Conn, row: &CommentRow, now: Timestamp) -> Result<()> {
    activity::recount_group(conn, row.group_id, now)?;
    activity::recount_member(conn, row.group_id, row.author_id)
}

/// What a search finds of the comments that are visible to whoever reads their group.
macro_rules! indexed {
    () => {
        comments::table
            .inner_join(posts::table)
            .filter(comments::deleted_at.is_null())
            .filter(posts::published_at.is_not_null())
            .filter(posts::deleted_at.is_null())
            .select((comments::id, comments::post_id, comments::group_id, comments::created_at, comments::body))
    };
}

/// Lets a search find a comment as it is now, or not any more. What publishes, changes, deletes or restores it ends with
/// this.
pub fn index(conn: &mut Conn, id: CommentId) -> Result<()> {
    let found: Option<IndexedComment> =
        each_backend!(conn => indexed!().filter(comments::id.eq(id)).first(conn).optional())?;
    match found {
        Some(found) => put_comment(conn, &found),
        None => search::remove(conn, id.uuid()),
    }
}

/// Lets a search find the next comments by id, which do not change until the transaction ends, nor do their posts; their
/// ids.
pub fn index_after(conn: &mut Conn, after: Uuid, limit: i64) -> Result<Vec<Uuid>> {
    let next = indexed!().filter(comments::id.gt(CommentId::from(after))).order(comments::id.asc()).limit(limit);
    let next: Vec<IndexedComment> = match conn {
        Conn::Sqlite(conn) => next.load(conn)?,
        Conn::Postgres(conn) => next.for_share().load(conn)?,
    };
    next.iter().map(|found| put_comment(conn, found).map(|()| found.0.uuid())).collect()
}
