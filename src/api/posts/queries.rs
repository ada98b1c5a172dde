//! Every statement about posts. What is published, deleted, brought back or moved here moves the dates in
//! [`crate::api::memberships::activity`] in the same transaction.

use std::time::Duration;

use diesel::dsl::exists;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use uuid::Uuid;

use super::mentions;
use super::model::{
    FoundPost, Mark, NewPost, Pinning, PostHead, PostPatch, PostQuery, PostRow, PostSort, PostStatusFilter,
    RevisionRow, author_names, named,
};
use super::policy::{self, Publication};
use super::shares;
use crate::api::events::{self, EventKind, EventRow};
use crate::api::groups::shares::{Sharing, bury, end};
use crate::api::memberships::access::{Access, readable};
use crate::api::memberships::activity;
use crate::api::memberships::model::{Action, Visibility};
use crate::api::memberships::queries::lock_group;
use crate::api::notices;
use crate::api::notices::model::{Notice, NoticeKind};
use crate::api::users::model::UserStatus;
use crate::auth::actor::{Actor, PlatformRole, Viewer};
use crate::db::schema::tombstones as tombstones_table;
use crate::db::schema::{
    comments, groups, memberships, post_marks, post_shares, posts, reactions, revisions, submissions, users,
};
use crate::db::search::{self, Document};
use crate::db::sql_types::{JsonList, PlannedAnew, among};
use crate::db::{Conn, each_backend};
use crate::error::{Code, Error, Result};
use crate::http::changes::{Gone, Span};
use crate::http::markdown::to_html;
use crate::http::page::Page;
use crate::http::text::{Line, containing, folded};
use crate::types::{CommentId, GroupId, PostId, RequestId, RevisionId, TargetId, Timestamp, UserId};

/// Rows that one run of a job takes.
const JOB: i64 = 200;
/// Posts that one run removes for good, each with all its comments.
const PURGED: i64 = 20;
/// How much longer than it can be brought back what was deleted is kept: whoever brings it back at the last moment wins.
const GRACE: Duration = Duration::from_hours(1);

/// Posts with their authors, and with what they are to a person.
macro_rules! joined_posts {
    ($person:expr) => {
        posts::table
            .inner_join(users::table)
            .left_join(
                memberships::table
                    .on(memberships::group_id.eq(posts::group_id).and(memberships::user_id.eq(posts::author_id))),
            )
            .left_join(post_marks::table.on(post_marks::post_id.eq(posts::id).and(post_marks::user_id.eq($person))))
    };
}

/// What is read of each: a [`FoundPost`].
macro_rules! found {
    () => {
        (PostRow::as_select(), author_names!(posts), Option::<Mark>::as_select())
    };
}

macro_rules! found_posts {
    ($person:expr) => {
        joined_posts!($person).select(found!())
    };
}

/// The same of posts that everybody may read, where they stand in another group, too; each with when it was shared.
macro_rules! shared_posts {
    ($person:expr) => {
        joined_posts!($person)
            .inner_join(post_shares::table.on(post_shares::post_id.eq(posts::id)))
            .filter(post_shares::removed_at.is_null())
            .filter(posts::published_at.is_not_null())
            .filter(posts::deleted_at.is_null())
            .select(((post_shares::shared_at, post_shares::changed_at), found!()))
    };
}

/// Narrows a boxed list of posts to what is asked for. Where they are pinned follows from these columns.
macro_rules! narrow {
    ($listed:ident, $query:expr, $person:expr, $pinned_at:expr, $pinned_until:expr, $now:expr) => {
        if let Some(kind) = $query.kind {
            $listed = $listed.filter(posts::kind.eq(kind));
        }
        if let Some(tag) = &$query.tag {
            let pattern = containing(&format!("\n{}\n", tag.as_str()));
            $listed = $listed.filter(posts::tags_search.like(pattern).escape('\\')).filter(PlannedAnew);
        }
        if let Some(author) = $query.author_id {
            let is_known = posts::pseudonym_id.is_null().or(posts::author_id.eq($person));
            $listed = $listed.filter(posts::author_id.eq(author)).filter(is_known).filter(PlannedAnew);
        }
        let is_pinned =
            $pinned_at.is_not_null().and($pinned_until.is_null().or($pinned_until.assume_not_null().gt($now)));
        match $query.pinned {
            Some(true) => $listed = $listed.filter(is_pinned),
            Some(false) => $listed = $listed.filter(diesel::dsl::not(is_pinned)),
            None => {}
        }
        match $query.unanswered {
            Some(true) => $listed = $listed.filter(posts::comment_count.eq(0)),
            Some(false) => $listed = $listed.filter(posts::comment_count.gt(0)),
            None => {}
        }
    };
}

/// A page of a list in the order of a date, from a place in it on.
macro_rules! newest_first {
    ($conn:ident, $listed:ident, $after:ident, $column:expr) => {{
        if let Some((at, id)) = $after {
            $listed = $listed.filter($column.le(at).and($column.lt(at).or(posts::id.lt(id))));
        }
        $listed.order(($column.desc(), posts::id.desc())).load($conn)
    }};
}

/// A post in a list, and where it stands there: at which microsecond.
pub type Placed = (i64, FoundPost);
/// A post of another group, and when it was shared and when that changed last.
type Shared = ((Timestamp, Timestamp), FoundPost);

/// The posts that stand in a group as the caller wants and may see: its own and, of what is published, those of other groups
/// that were shared with it.
pub fn list(
    conn: &mut Conn,
    access: &Access,
    query: &PostQuery,
    page: &Page<i64>,
    now: Timestamp,
) -> Result<Vec<Placed>> {
    let own = list_own(conn, access, query, page, now)?;
    let mut placed: Vec<Placed> = own.into_iter().map(|found| (key(query, &found.row), found)).collect();
    let is_out = query.status.is_none_or(|status| status == PostStatusFilter::Published);
    if is_out && access.standing().group.has_shares {
        let shared = list_shared(conn, access, query, page, now)?;
        placed.extend(shared.into_iter().map(|((at, _), found)| (at.micros(), found)));
        placed.sort_unstable_by_key(|(at, found)| std::cmp::Reverse((*at, found.row.id)));
        placed.truncate(usize::try_from(page.rows()).unwrap_or(usize::MAX));
    }
    Ok(placed)
}

/// The posts of other groups that stand in a group, those shared last first.
fn list_shared(
    conn: &mut Conn,
    access: &Access,
    query: &PostQuery,
    page: &Page<i64>,
    now: Timestamp,
) -> Result<Vec<Shared>> {
    let (group, person) = (access.group_id(), access.user_id());
    Ok(each_backend!(conn, DB => {
        let mut listed =
            shared_posts!(person).filter(post_shares::group_id.eq(group)).limit(page.rows()).into_boxed::<DB>();
        narrow!(listed, query, person, post_shares::pinned_at, post_shares::pinned_until, now);
        if let Some((at, id)) = page.after {
            let (at, id, column) = (Timestamp::from_micros(at), PostId::from(id), post_shares::shared_at);
            listed = listed.filter(column.le(at).and(column.lt(at).or(post_shares::post_id.lt(id))));
        }
        listed.order((post_shares::shared_at.desc(), post_shares::post_id.desc())).load(conn)
    })?)
}

fn list_own(
    conn: &mut Conn,
    access: &Access,
    query: &PostQuery,
    page: &Page<i64>,
    now: Timestamp,
) -> Result<Vec<FoundPost>> {
    let (group, person) = (access.group_id(), access.user_id());
    let after = page.after.map(|(at, id)| (Timestamp::from_micros(at), PostId::from(id)));
    let stands = query.status.unwrap_or(PostStatusFilter::Published);
    Ok(each_backend!(conn, DB => {
        let mut listed = found_posts!(person).filter(posts::group_id.eq(group)).limit(page.rows()).into_boxed::<DB>();
        narrow!(listed, query, person, posts::pinned_at, posts::pinned_until, now);
        match (stands, query.sort.unwrap_or(PostSort::Newest)) {
            (PostStatusFilter::Published, sort) => {
                listed = listed.filter(posts::published_at.is_not_null()).filter(posts::deleted_at.is_null());
                match sort {
                    PostSort::Newest => newest_first!(conn, listed, after, posts::published_at.assume_not_null()),
                    PostSort::Active => newest_first!(conn, listed, after, posts::active_at.assume_not_null()),
                }
            }
            (PostStatusFilter::Draft | PostStatusFilter::Scheduled, _) => {
                listed = listed
                    .filter(posts::author_id.eq(person))
                    .filter(posts::published_at.is_null())
                    .filter(posts::deleted_at.is_null());
                listed = if stands == PostStatusFilter::Draft {
                    listed.filter(posts::publish_at.is_null())
                } else {
                    listed.filter(posts::publish_at.is_not_null())
                };
                newest_first!(conn, listed, after, posts::created_at)
            }
            (PostStatusFilter::Deleted, _) => {
                listed = listed.filter(posts::deleted_at.is_not_null());
                if access.may(Action::Moderate) {
                    // what never came out is nobody's but the author's
                    listed = listed.filter(posts::published_at.is_not_null().or(posts::author_id.eq(person)));
                } else {
                    listed = listed.filter(posts::author_id.eq(person)).filter(posts::deleted_by.eq(person));
                }
                newest_first!(conn, listed, after, posts::deleted_at.assume_not_null())
            }
        }
    })?)
}

/// The place of a group's own post in the order of [`list`].
fn key(query: &PostQuery, post: &PostRow) -> i64 {
    let at = match (query.status, query.sort) {
        (Some(PostStatusFilter::Draft | PostStatusFilter::Scheduled), _) => Some(post.created_at),
        (Some(PostStatusFilter::Deleted), _) => post.deleted_at,
        (_, Some(PostSort::Active)) => post.last_reply_at.or(post.published_at),
        _ => post.published_at,
    };
    at.unwrap_or(post.created_at).micros()
}

/// The published posts that stand in a group and have changed in a span, or whose standing there has, and what is gone from it
/// since.
pub fn list_changed(conn: &mut Conn, access: &Access, span: &Span) -> Result<(Vec<Placed>, Vec<Gone>)> {
    let (group, person) = (access.group_id(), access.user_id());
    let (at, id) = (span.after.0, PostId::from(span.after.1));
    let column = posts::changed_at.assume_not_null();
    let own: Vec<FoundPost> = each_backend!(conn => found_posts!(person)
        .filter(posts::group_id.eq(group))
        .filter(posts::published_at.is_not_null())
        .filter(posts::deleted_at.is_null())
        .filter(column.ge(at).and(column.gt(at).or(posts::id.gt(id))))
        .filter(column.le(span.until))
        .order((posts::changed_at.asc(), posts::id.asc()))
        .limit(span.rows)
        .load(conn))?;
    let place = |found: &FoundPost| found.row.changed_at.unwrap_or(found.row.created_at);
    let mut changed: Vec<Placed> = own.into_iter().map(|found| (place(&found).micros(), found)).collect();
    if access.standing().group.has_shares {
        let shared = list_shares_changed(conn, access, span)?;
        changed.extend(shared.into_iter().map(|((_, at), found)| (place(&found).max(at).micros(), found)));
    }
    let (target, at) = (TargetId::from(span.after.1), tombstones_table::at);
    let gone = tombstones_table::table
        .filter(tombstones_table::group_id.is_not_null())
        .filter(tombstones_table::group_id.eq(group))
        .filter(tombstones_table::kind.eq("post"))
        .filter(at.ge(span.after.0).and(at.gt(span.after.0).or(tombstones_table::target_id.gt(target))))
        .filter(at.le(span.until))
        .order((tombstones_table::at.asc(), tombstones_table::target_id.asc()))
        .limit(span.rows)
        .select((tombstones_table::target_id, tombstones_table::at));
    let gone: Vec<(TargetId, Timestamp)> = each_backend!(conn => gone.load(conn))?;
    Ok((changed, gone.into_iter().map(|(id, deleted_at)| Gone { id, deleted_at }).collect()))
}

/// The same of posts of other groups: those that have changed since they were shared, by the shares of the group, and those
/// whose share has changed since, by the index of its changes.
fn list_shares_changed(conn: &mut Conn, access: &Access, span: &Span) -> Result<Vec<Shared>> {
    let (at, id) = (span.after.0, PostId::from(span.after.1));
    macro_rules! changed {
        ($column:expr, $since:expr, $id:expr) => {
            each_backend!(conn => shared_posts!(access.user_id())
                .filter(post_shares::group_id.eq(access.group_id()))
                .filter($since)
                .filter($column.ge(at).and($column.gt(at).or($id.gt(id))))
                .filter($column.le(span.until))
                .order(($column.asc(), $id.asc()))
                .limit(span.rows)
                .load(conn))
        };
    }
    let (words, share) = (posts::changed_at.assume_not_null(), post_shares::changed_at);
    let mut changed: Vec<Shared> = changed!(words, words.gt(share), posts::id)?;
    let shared: Vec<Shared> = changed!(share, share.ge(words), post_shares::post_id)?;
    changed.extend(shared);
    Ok(changed)
}

/// What decides about a post, deleted ones included.
fn head(conn: &mut Conn, post: PostId) -> Result<PostHead> {
    Ok(each_backend!(conn => posts::table.find(post).select(PostHead::as_select()).first(conn))?)
}

fn check(access: &Access, head: &PostHead) -> Result<()> {
    access.require_content()?;
    if policy::may_read(access.viewer(), head) { Ok(()) } else { Err(Error::not_found()) }
}

/// What the caller is to a post's group, and what decides about the post; not found where the caller may not read it.
pub fn access(conn: &mut Conn, viewer: Viewer, post: PostId) -> Result<(Access, PostHead)> {
    let head = head(conn, post)?;
    let access = Access::find(conn, viewer, head.group_id)?;
    check(&access, &head)?;
    Ok((access, head))
}

/// A post, and what the caller is to its group; not found where the caller may not read it.
pub fn get(conn: &mut Conn, viewer: Viewer, post: PostId) -> Result<(Access, FoundPost)> {
    let (access, _) = access(conn, viewer, post)?;
    let found = read(conn, post, access.user_id())?;
    Ok((access, found))
}

/// What [`access`] says, under the group's lock, for a change.
pub fn lock(conn: &mut Conn, viewer: Viewer, post: PostId) -> Result<(Access, PostHead)> {
    let (access, head) = lock_any(conn, viewer, post)?;
    check(&access, &head)?;
    Ok((access, head))
}

/// The same, of deleted posts too.
pub fn lock_any(conn: &mut Conn, viewer: Viewer, post: PostId) -> Result<(Access, PostHead)> {
    // it may be moved while the lock is waited for
    for _ in 0..3 {
        let group = head(conn, post)?.group_id;
        let access = Access::lock(conn, viewer, group)?;
        access.require_content()?;
        let head = head(conn, post)?;
        if head.group_id == access.group_id() {
            return Ok((access, head));
        }
    }
    Err(Error::new(Code::Busy, "The post is being moved; try again."))
}

fn unless_missing(error: Error) -> Result<()> {
    if error.code() == Code::NotFound { Ok(()) } else { Err(error) }
}

/// What [`lock`] says and what the caller is to another group, both locked.
pub fn lock_with(
    conn: &mut Conn,
    viewer: Viewer,
    post: PostId,
    other: GroupId,
) -> Result<(Access, PostHead, Result<Access>)> {
    let own = head(conn, post)?.group_id;
    let mut both = [own, other];
    both.sort_unstable();
    // that there is no other is told apart from what the caller may know of
    both.into_iter().try_for_each(|group| lock_group(conn, group).map(drop).or_else(unless_missing))?;
    let (access, head) = lock(conn, viewer, post)?;
    Ok((access, head, Access::find(conn, viewer, other)))
}

/// A post as it is to a person.
pub fn read(conn: &mut Conn, post: PostId, person: UserId) -> Result<FoundPost> {
    Ok(each_backend!(conn => found_posts!(person).filter(posts::id.eq(post)).first(conn))?)
}

/// Published posts that the caller may read without giving a reason, by id, in no order.
pub fn find_all(conn: &mut Conn, viewer: &Viewer, ids: &[PostId]) -> Result<Vec<FoundPost>> {
    Ok(each_backend!(conn => found_posts!(viewer.user_id())
        .inner_join(groups::table)
        .filter(among(posts::id, ids))
        .filter(posts::published_at.is_not_null())
        .filter(posts::deleted_at.is_null())
        .filter(readable!(viewer))
        .load(conn))?)
}

/// How many posts of a person's in a group are not published yet.
fn unpublished(conn: &mut Conn, access: &Access) -> Result<i64> {
    let own = posts::table
        .filter(posts::author_id.eq(access.user_id()))
        .filter(posts::group_id.eq(access.group_id()))
        .filter(posts::published_at.is_null())
        .filter(posts::deleted_at.is_null());
    Ok(each_backend!(conn => own.count().get_result(conn))?)
}

/// Adds a post, and publishes it where it comes out now.
pub fn insert(
    conn: &mut Conn,
    access: &Access,
    new: &NewPost,
    (published_at, publish_at): Publication,
    now: Timestamp,
) -> Result<FoundPost> {
    if published_at.is_none() && unpublished(conn, access)? >= UNPUBLISHED {
        let words = format!("at most {UNPUBLISHED} posts in a group wait to be published");
        return Err(Error::invalid("/status", "too_many", words));
    }
    let row = PostRow {
        id: PostId::new(),
        group_id: access.group_id(),
        author_id: access.user_id(),
        pseudonym_id: new.is_anonymous.then(UserId::new),
        kind: new.kind,
        title: new.title.as_str().to_owned(),
        body: new.body.as_str().to_owned(),
        body_html: Some(to_html(new.body.as_str())),
        link_url: new.link_url.as_ref().map(|url| url.as_str().to_owned()),
        tags: JsonList(new.tags.0.clone()),
        content_warnings: JsonList(new.content_warnings.0.clone()),
        language: new.language.as_ref().map(|language| language.as_str().to_owned()),
        comment_count: 0,
        last_reply_at: None,
        accepted_comment_id: None,
        pinned_at: None,
        pinned_until: None,
        locked_at: None,
        created_at: now,
        publish_at,
        published_at,
        edited_at: None,
        deleted_at: None,
        deleted_by: None,
        changed_at: Some(now),
        is_shared: false,
    };
    let values = (&row, posts::tags_search.eq(tags_search(&row.tags.0)));
    each_backend!(conn => diesel::insert_into(posts::table).values(values).execute(conn))?;
    if let Some(at) = published_at {
        announce(conn, &row, at)?;
    }
    read(conn, row.id, row.author_id)
}

/// Posts that a person may keep unpublished in a group.
const UNPUBLISHED: i64 = 100;

/// The tags as they are searched: each folded, between line breaks.
fn tags_search(tags: &[String]) -> String {
    tags.iter().fold("\n".to_owned(), |text, tag| text + &folded(tag) + "\n")
}

fn happened(conn: &mut Conn, kind: EventKind, group: GroupId, post: PostId, now: Timestamp) -> Result<()> {
    events::record(conn, &EventRow::of_post(kind, group, post, now))
}

/// Something beside its words changed on a post; nobody learns it of one that is not out.
fn changed(conn: &mut Conn, post: PostId, now: Timestamp) -> Result<()> {
    let out = posts::table.find(post).filter(posts::published_at.is_not_null()).select(posts::group_id);
    match each_backend!(conn => out.first(conn).optional())? {
        Some(group) => happened(conn, EventKind::PostUpdated, group, post, now),
        None => Ok(()),
    }
}

/// A post has come out: it can be found, makes its group and author active, and tells whom it mentions.
fn announce(conn: &mut Conn, row: &PostRow, at: Timestamp) -> Result<()> {
    activity::advance(conn, row.group_id, named(row.author_id, row.pseudonym_id), at)?;
    take_part(conn, row.author_id, row.id, at)?;
    happened(conn, EventKind::PostPublished, row.group_id, row.id, at)?;
    mentions::tell(conn, row.group_id, (row.id, None), (row.author_id, row.pseudonym_id), &row.body, at)?;
    index(conn, row.id)
}

/// Somebody wrote in a conversation: they have read it, and follow it unless they said that they do not.
pub fn take_part(conn: &mut Conn, user: UserId, post: PostId, at: Timestamp) -> Result<()> {
    let row = (
        post_marks::user_id.eq(user),
        post_marks::post_id.eq(post),
        post_marks::read_at.eq(at),
        post_marks::follows.eq(true),
    );
    each_backend!(conn => diesel::insert_into(post_marks::table)
        .values(row)
        .on_conflict((post_marks::user_id, post_marks::post_id))
        .do_update()
        .set(post_marks::read_at.eq(at))
        .execute(conn))?;
    let undecided = post_marks::table.find((user, post)).filter(post_marks::follows.is_null());
    each_backend!(conn => diesel::update(undecided).set(post_marks::follows.eq(true)).execute(conn))?;
    Ok(())
}

/// Changes a post, and publishes it where that changes; where it is what it was, nothing has happened. What readers have read is kept as
/// it was.
pub fn update(
    conn: &mut Conn,
    before: &PostRow,
    patch: &PostPatch,
    (published_at, publish_at): Publication,
    now: Timestamp,
) -> Result<FoundPost> {
    let title = patch.title.0.as_ref().map(Line::as_str).filter(|title| *title != before.title);
    let body = patch.body.0.as_ref().map(crate::http::text::Markdown::as_str).filter(|body| *body != before.body);
    let is_rewritten = title.is_some() || body.is_some();
    if is_rewritten && before.published_at.is_some() {
        keep_revision(conn, (before.id, None), Some(&before.title), &before.body, before.author_id, now)?;
    }
    let edited_at = if is_rewritten && before.published_at.is_some() { Some(now) } else { before.edited_at };
    let language = patch.language.0.as_ref();
    let words = (
        title.map(|title| posts::title.eq(title)),
        body.map(|body| posts::body.eq(body)),
        body.map(|body| posts::body_html.eq(to_html(body))),
        patch.link_url.0.as_ref().map(|url| posts::link_url.eq(url.as_str())),
        patch.tags.0.as_ref().map(|tags| posts::tags.eq(JsonList(tags.0.clone()))),
        patch.tags.0.as_ref().map(|tags| posts::tags_search.eq(tags_search(&tags.0))),
        patch.content_warnings.0.as_ref().map(|warnings| posts::content_warnings.eq(JsonList(warnings.0.clone()))),
        language.map(|language| posts::language.eq(language.as_ref().map(super::model::Language::as_str))),
    );
    let changes =
        (words, posts::published_at.eq(published_at), posts::publish_at.eq(publish_at), posts::edited_at.eq(edited_at));
    each_backend!(conn => diesel::update(posts::table.find(before.id)).set(changes).execute(conn))?;
    let found = read(conn, before.id, before.author_id)?;
    if found.row == *before {
        return Ok(found);
    }
    let changed_at = posts::changed_at.eq(now);
    each_backend!(conn => diesel::update(posts::table.find(before.id)).set(changed_at).execute(conn))?;
    match (before.published_at, published_at) {
        (None, Some(at)) => announce(conn, &found.row, at)?,
        (Some(_), _) => {
            if let Some(body) = body {
                let author = (before.author_id, before.pseudonym_id);
                mentions::tell(conn, before.group_id, (before.id, None), author, body, now)?;
            }
            happened(conn, EventKind::PostUpdated, before.group_id, before.id, now)?;
            index(conn, before.id)?;
        }
        (None, None) => {}
    }
    Ok(found)
}

/// Keeps what a post or a comment said until now.
pub fn keep_revision(
    conn: &mut Conn,
    (post_id, comment_id): (PostId, Option<CommentId>),
    title: Option<&str>,
    body: &str,
    replaced_by: UserId,
    now: Timestamp,
) -> Result<()> {
    let (title, body) = (title.map(str::to_owned), body.to_owned());
    let row = RevisionRow { id: RevisionId::new(), post_id, comment_id, title, body, replaced_by, replaced_at: now };
    each_backend!(conn => diesel::insert_into(revisions::table).values(row).execute(conn))?;
    Ok(())
}

/// What a post said before, the latest first.
pub fn list_revisions(conn: &mut Conn, post: PostId, page: &Page<i64>) -> Result<Vec<RevisionRow>> {
    Ok(each_backend!(conn, DB => {
        let mut listed = revisions::table
            .filter(revisions::post_id.eq(post))
            .filter(revisions::comment_id.is_null())
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

/// Deletes a post and with it its comments: the group and all who wrote in it were active when they were before.
pub fn delete(conn: &mut Conn, post: &PostHead, by: UserId, now: Timestamp) -> Result<()> {
    let deleted = (posts::deleted_at.eq(now), posts::deleted_by.eq(by), posts::changed_at.eq(now));
    each_backend!(conn => diesel::update(posts::table.find(post.id)).set(deleted).execute(conn))?;
    index(conn, post.id)?;
    if post.published_at.is_some() {
        happened(conn, EventKind::PostDeleted, post.group_id, post.id, now)?;
        bury(conn, post.id, post.group_id, now)?;
        shares::hide(conn, post.id, now)?;
    }
    recount(conn, post.group_id, post.id, now)
}

fn recount(conn: &mut Conn, group: GroupId, post: PostId, now: Timestamp) -> Result<()> {
    activity::recount_group(conn, group, now)?;
    activity::recount_participants(conn, group, post)
}

/// Brings a deleted post back, with its comments, as it was.
pub fn restore(conn: &mut Conn, post: &PostHead, now: Timestamp) -> Result<()> {
    let restored =
        (posts::deleted_at.eq(None::<Timestamp>), posts::deleted_by.eq(None::<UserId>), posts::changed_at.eq(now));
    each_backend!(conn => diesel::update(posts::table.find(post.id)).set(restored).execute(conn))?;
    if post.published_at.is_some() {
        happened(conn, EventKind::PostRestored, post.group_id, post.id, now)?;
    }
    index_thread(conn, post.id)?;
    shares::show(conn, post.id, now)?;
    recount(conn, post.group_id, post.id, now)
}

/// Keeps a post at the top, until a time or for good, or does not any more; whether that is a change.
pub fn pin(conn: &mut Conn, before: &PostRow, pinning: Option<Pinning>, now: Timestamp) -> Result<bool> {
    let until = pinning.and_then(|pinning| pinning.until);
    if (before.pinned_at.is_some(), before.pinned_until) == (pinning.is_some(), until) {
        return Ok(false);
    }
    let changes = (posts::pinned_at.eq(pinning.map(|_| now)), posts::pinned_until.eq(until), posts::changed_at.eq(now));
    each_backend!(conn => diesel::update(posts::table.find(before.id)).set(changes).execute(conn))?;
    changed(conn, before.id, now)?;
    Ok(true)
}

/// Locks a conversation, or unlocks it; whether that is a change.
pub fn set_locked(conn: &mut Conn, before: &PostRow, is_locked: bool, now: Timestamp) -> Result<bool> {
    if before.locked_at.is_some() == is_locked {
        return Ok(false);
    }
    let changes = (posts::locked_at.eq(is_locked.then_some(now)), posts::changed_at.eq(now));
    each_backend!(conn => diesel::update(posts::table.find(before.id)).set(changes).execute(conn))?;
    changed(conn, before.id, now)?;
    Ok(true)
}

/// Says which comment answers a question, or that none does.
pub fn set_accepted(conn: &mut Conn, before: &PostRow, comment: Option<CommentId>, now: Timestamp) -> Result<()> {
    if let Some(comment) = comment {
        let visible = comments::table
            .find(comment)
            .filter(comments::post_id.eq(before.id))
            .filter(comments::deleted_at.is_null())
            .select(comments::id);
        let known: Option<CommentId> = each_backend!(conn => visible.first(conn).optional())?;
        known.ok_or_else(|| Error::invalid("/comment_id", "unknown", "there is no such comment on this post"))?;
    }
    if before.accepted_comment_id == comment {
        return Ok(());
    }
    let changes = (posts::accepted_comment_id.eq(comment), posts::changed_at.eq(now));
    each_backend!(conn => diesel::update(posts::table.find(before.id)).set(changes).execute(conn))?;
    changed(conn, before.id, now)
}

/// Moves a conversation to another group. The caller holds both groups' locks. Where not everybody may read it any more it does
/// not stand in other groups, either.
pub fn move_to(conn: &mut Conn, post: &PostHead, to: &Access, now: Timestamp) -> Result<()> {
    let is_public = to.standing().group.visibility == Visibility::Public;
    let to = to.group_id();
    refuse_pseudonyms(conn, post, to)?;
    let from = post.group_id;
    let moved = (
        posts::group_id.eq(to),
        posts::pinned_at.eq(None::<Timestamp>),
        posts::pinned_until.eq(None::<Timestamp>),
        posts::changed_at.eq(now),
    );
    each_backend!(conn => diesel::update(posts::table.find(post.id)).set(moved).execute(conn))?;
    let of_post = comments::table.filter(comments::post_id.eq(post.id));
    each_backend!(conn => diesel::update(of_post).set(comments::group_id.eq(to)).execute(conn))?;
    let waiting = submissions::table.filter(submissions::post_id.eq(post.id));
    each_backend!(conn => diesel::update(waiting).set(submissions::group_id.eq(to)).execute(conn))?;
    search::move_post(conn, post.id.uuid(), to.uuid())?;
    notices::queries::move_post(conn, post.id, to)?;
    bury(conn, post.id, from, now)?;
    happened(conn, EventKind::PostDeleted, from, post.id, now)?;
    happened(conn, EventKind::PostRestored, to, post.id, now)?;
    end(conn, if is_public { Sharing::With(post.id, to) } else { Sharing::OfPost(post.id) }, now)?;
    recount(conn, from, post.id, now)?;
    recount(conn, to, post.id, now)
}

/// Refuses to move what somebody wrote whose name is another in one of the two groups: who reads both would see whose it is.
/// What has no name stays as well: those who own the other group could ask whose it is.
fn refuse_pseudonyms(conn: &mut Conn, post: &PostHead, to: GroupId) -> Result<()> {
    let said = || comments::table.filter(comments::post_id.eq(post.id));
    let waiting = || submissions::table.filter(submissions::post_id.eq(post.id));
    let renamed = memberships::table
        .filter(memberships::group_id.eq_any([post.group_id, to]))
        .filter(memberships::display_name.is_not_null())
        .filter(
            memberships::user_id
                .eq(post.author_id)
                .or(memberships::user_id.eq_any(said().select(comments::author_id)))
                .or(memberships::user_id.eq_any(waiting().select(submissions::author_id))),
        );
    let nameless = exists(said().filter(comments::pseudonym_id.is_not_null())).or(exists(
        waiting().filter(submissions::pseudonym_id.is_not_null()).filter(submissions::declined_at.is_null()),
    ));
    let hides: bool = each_backend!(conn => diesel::select(exists(renamed).or(nameless)).get_result(conn))?;
    if hides || post.pseudonym_id.is_some() {
        let words = "somebody wrote here without a name, or has a name of their own in one of the groups";
        return Err(Error::invalid("/group_id", "pseudonyms", words));
    }
    Ok(())
}

/// Publishes what is to come out by now, once whoever runs it; how many were dealt with. What may not be published (its author
/// is no member any more, the group is archived) becomes a draft again. The author is told either way, and finds it while they may
/// read the group. For a job: the caller is a transaction of its own.
pub fn publish_due(conn: &mut Conn, now: Timestamp) -> Result<usize> {
    let due = posts::table
        .filter(posts::publish_at.is_not_null())
        .filter(posts::published_at.is_null())
        .filter(posts::deleted_at.is_null())
        .filter(posts::publish_at.le(now))
        .order((posts::publish_at.asc(), posts::id.asc()))
        .select((posts::group_id, posts::id))
        .limit(JOB);
    let mut due: Vec<(GroupId, PostId)> = each_backend!(conn => due.load(conn))?;
    // one order for all who lock groups
    due.sort_unstable();
    let mut done = 0;
    for (group, id) in due {
        lock_group(conn, group)?;
        let row: PostRow = each_backend!(conn => posts::table.find(id).select(PostRow::as_select()).first(conn))?;
        // as it is now that nobody else can change it
        let is_due =
            row.published_at.is_none() && row.deleted_at.is_none() && row.publish_at.is_some_and(|at| at <= now);
        if is_due && row.group_id == group {
            // under the lock, so that what comes later in the group has a later time
            publish_one(conn, row, now.max(Timestamp::now()))?;
            done += 1;
        }
    }
    Ok(done)
}

fn publish_one(conn: &mut Conn, mut row: PostRow, now: Timestamp) -> Result<()> {
    let may_publish = may_still_write(conn, &row)?;
    let published_at = Some(now).filter(|_| may_publish);
    let changes =
        (posts::published_at.eq(published_at), posts::publish_at.eq(None::<Timestamp>), posts::changed_at.eq(now));
    each_backend!(conn => diesel::update(posts::table.find(row.id)).set(changes).execute(conn))?;
    let kind = if may_publish { NoticeKind::PostPublished } else { NoticeKind::PostNotPublished };
    let notice = Notice::new(row.author_id, kind, Uuid::now_v7()).in_group(row.group_id).on_post(row.id);
    if may_publish {
        row.published_at = published_at;
        announce(conn, &row, now)?;
    }
    notices::queries::tell(conn, &notice, now)
}

/// Whether an author could publish a post now.
fn may_still_write(conn: &mut Conn, row: &PostRow) -> Result<bool> {
    let may = |author: &Access| {
        policy::create(author, row.kind)?;
        policy::anonymous(author, row.pseudonym_id.is_some(), Some(row.kind))
    };
    Ok(author_access(conn, row.author_id, row.group_id)?.is_some_and(|author| may(&author).is_ok()))
}

/// What somebody who does not ask is to a group for which they wrote something; nothing where their account is not in use, or
/// they may not know of the group any more.
pub fn author_access(conn: &mut Conn, user_id: UserId, group: GroupId) -> Result<Option<Access>> {
    let account = users::table.find(user_id).filter(users::status.eq(UserStatus::Active)).select(users::platform_role);
    let role: Option<PlatformRole> = each_backend!(conn => account.first(conn).optional())?;
    let Some(role) = role else { return Ok(None) };
    let author = Actor::on_behalf(user_id, role, RequestId::new());
    match Access::find(conn, author.viewer(), group) {
        Err(error) if error.code() == Code::NotFound => Ok(None),
        access => access.map(Some),
    }
}

/// Removes for good what was deleted thirty days ago: posts with everything on them, comments or, where others answer them,
/// their words; how many there were. For a job: the caller is a transaction of its own.
pub fn purge_due(conn: &mut Conn, now: Timestamp) -> Result<usize> {
    // later than anything can be brought back
    let long_ago = now.before(policy::KEPT + GRACE);
    let gone = posts::table
        .filter(posts::deleted_at.is_not_null())
        .filter(posts::deleted_at.le(long_ago))
        .order((posts::deleted_at.asc(), posts::id.asc()))
        .select(posts::id)
        .limit(PURGED);
    let gone: Vec<PostId> = each_backend!(conn => gone.load(conn))?;
    for post in &gone {
        // answers refer to what they answer
        let answers = comments::table.filter(comments::post_id.eq(*post));
        each_backend!(conn => diesel::update(answers).set(comments::parent_id.eq(None::<CommentId>)).execute(conn))?;
        each_backend!(conn => diesel::delete(posts::table.find(*post)).execute(conn))?;
    }
    Ok(gone.len() + purge_comments(conn, long_ago)?)
}

fn purge_comments(conn: &mut Conn, long_ago: Timestamp) -> Result<usize> {
    let gone = comments::table
        .filter(comments::deleted_at.is_not_null())
        .filter(comments::deleted_at.le(long_ago))
        // in the words of the index `comments_deleted`, which a bound value would not match
        .filter(diesel::dsl::sql::<Bool>("comments.body <> ''"))
        .order((comments::deleted_at.asc(), comments::id.asc()))
        .select(comments::id)
        .limit(JOB);
    let gone: Vec<CommentId> = each_backend!(conn => gone.load(conn))?;
    for comment in &gone {
        let words = (comments::body.eq(""), comments::body_html.eq(None::<String>));
        each_backend!(conn => diesel::update(comments::table.find(*comment)).set(words).execute(conn))?;
        let former = revisions::table.filter(revisions::comment_id.eq(*comment));
        each_backend!(conn => diesel::delete(former).execute(conn))?;
        let liked = reactions::table.filter(reactions::target_id.eq(TargetId::from(comment.uuid())));
        each_backend!(conn => diesel::delete(liked).execute(conn))?;
    }
    Ok(gone.len())
}

/// Forgets what a person kept and followed, whose account goes. What they wrote stays.
pub fn forget(conn: &mut Conn, user: UserId) -> Result<()> {
    let marks = post_marks::table.filter(post_marks::user_id.eq(user));
    each_backend!(conn => diesel::delete(marks).execute(conn))?;
    let unpublished = posts::table.filter(posts::author_id.eq(user)).filter(posts::published_at.is_null());
    each_backend!(conn => diesel::delete(unpublished).execute(conn))?;
    Ok(())
}

/// What a search finds of a post.
type Indexed = (PostId, GroupId, Timestamp, String, String, JsonList<String>);
/// What a search finds of a comment: its id, post and group, when it was written, its text.
pub type IndexedComment = (CommentId, PostId, GroupId, Timestamp, String);

/// [`Indexed`] of the posts that are visible to whoever reads their group.
macro_rules! indexed {
    () => {
        posts::table.filter(posts::published_at.is_not_null()).filter(posts::deleted_at.is_null()).select((
            posts::id,
            posts::group_id,
            posts::published_at.assume_not_null(),
            posts::title,
            posts::body,
            posts::tags,
        ))
    };
}

fn put_document(conn: &mut Conn, (id, group, at, title, body, tags): &Indexed) -> Result<()> {
    let body = search::joined(&[body, &tags.0.join("\n")]);
    let document = Document {
        kind: "post",
        target_id: id.uuid(),
        group_id: Some(group.uuid()),
        post_id: Some(id.uuid()),
        at: at.raw(),
        title,
        body: &body,
    };
    search::put(conn, &document)
}

/// Lets a search find a comment. It is found by its own words, not by its post's title.
pub fn put_comment(conn: &mut Conn, (id, post, group, at, body): &IndexedComment) -> Result<()> {
    let document = Document {
        kind: "comment",
        target_id: id.uuid(),
        group_id: Some(group.uuid()),
        post_id: Some(post.uuid()),
        at: at.raw(),
        title: "",
        body,
    };
    search::put(conn, &document)
}

/// Lets a search find a post as it is now, or, with its comments, not any more. What publishes it or changes its words ends
/// with this; so does what deletes it.
pub fn index(conn: &mut Conn, id: PostId) -> Result<()> {
    let found: Option<Indexed> = each_backend!(conn => indexed!().filter(posts::id.eq(id)).first(conn).optional())?;
    match found {
        Some(found) => put_document(conn, &found),
        None => search::remove_of_post(conn, id.uuid()),
    }
}

/// The same with its comments, for a post that comes back.
pub fn index_thread(conn: &mut Conn, id: PostId) -> Result<()> {
    index(conn, id)?;
    let visible = comments::table
        .inner_join(posts::table)
        .filter(comments::post_id.eq(id))
        .filter(comments::deleted_at.is_null())
        .filter(posts::published_at.is_not_null())
        .filter(posts::deleted_at.is_null())
        .select((comments::id, comments::post_id, comments::group_id, comments::created_at, comments::body));
    let visible: Vec<IndexedComment> = each_backend!(conn => visible.load(conn))?;
    visible.iter().try_for_each(|comment| put_comment(conn, comment))
}

/// Lets a search find the next posts by id, which do not change until the transaction ends; their ids.
pub fn index_after(conn: &mut Conn, after: Uuid, limit: i64) -> Result<Vec<Uuid>> {
    let next = indexed!().filter(posts::id.gt(PostId::from(after))).order(posts::id.asc()).limit(limit);
    let next: Vec<Indexed> = match conn {
        Conn::Sqlite(conn) => next.load(conn)?,
        Conn::Postgres(conn) => next.for_share().load(conn)?,
    };
    next.iter().map(|found| put_document(conn, found).map(|()| found.0.uuid())).collect()
}
