//! `/groups/{group_id}/posts` and `/posts`.

use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, put, web};
use utoipa_actix_web::service_config::ServiceConfig;

use super::model::{
    AcceptedAnswer, Locking, Moving, NewPost, Pinning, Post, PostAction, PostHead, PostPage, PostPatch, PostQuery,
    PostRow, PostSort, PostStatus, PostStatusFilter, Revision, RevisionPage, RevisionQuery,
};
use super::{policy, queries, shares, views};
use crate::api::audit;
use crate::api::audit::model::{AuditAction, AuditChange, AuditTarget, Entry};
use crate::api::idempotency::{Made, Once};
use crate::api::memberships::access::{Access, Reader};
use crate::api::memberships::model::{Action, Reason};
use crate::api::memberships::policy::future;
use crate::auth::actor::{Actor, Viewer};
use crate::db::{Conn, Db, tombstones};
use crate::error::{Code, Error, Result};
use crate::http::changes::{self, Span};
use crate::http::conditional::{self, IfMatch};
use crate::http::json::{self, Body};
use crate::http::page::{self, Page};
use crate::http::query::Query;
use crate::types::{GroupId, PostId, Timestamp};

/// The routes of this feature.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config.service(list_posts).service(create_post);
    config.service(get_post).service(update_post).service(delete_post).service(restore_post);
    config.service(list_post_revisions).service(move_post);
    config.service(pin_post).service(unpin_post).service(lock_post).service(unlock_post);
    config.service(accept_answer).service(withdraw_answer);
}

/// What an entry of the audit log says of something done to a post.
fn entry(action: AuditAction, post: &PostHead) -> Entry {
    Entry::new(action, AuditTarget::Post, post.id.uuid()).within(post.group_id)
}

/// List the conversations of a group
///
/// Published posts for whoever may read them; one's own drafts and scheduled posts; what was deleted, for those who may bring it
/// back. Newest first, or by the latest comment. Posts of other groups that were shared with this one stand where they were
/// shared.
#[utoipa::path(tag = "posts", operation_id = "list_posts", security((), ("bearer" = []), ("api_key" = ["posts:read"])),
    params(PostQuery, ("Praxis-Access-Reason" = Option<String>, Header, description = "Why an administrator who is no member reads this")), responses(
    (status = 200, description = "One page of posts", body = PostPage),
    (status = 403, description = "Members only (`members_only`)"),
    (status = 404, description = "No such group"),
))]
#[get("/groups/{group_id}/posts")]
async fn list_posts(
    request: HttpRequest,
    reader: Reader,
    db: web::Data<Db>,
    group_id: web::Path<GroupId>,
    query: Query<PostQuery>,
) -> Result<HttpResponse> {
    let (query, now) = (query.into_inner(), Timestamp::now());
    let is_own = query.status.is_some_and(|status| status != PostStatusFilter::Published);
    if is_own && reader.actor().is_err() {
        return Err(Error::new(Code::Unauthenticated, "What is not published needs a login."));
    }
    let sort = query.sort.unwrap_or(PostSort::Newest);
    let tag = query.tag.as_ref().map(crate::http::text::Line::as_str);
    let filters = (*group_id, query.kind, query.status, sort, tag, query.author_id, query.pinned, query.unanswered);
    if let Some(since) = query.updated_since {
        let others = (query.kind, query.status, query.sort, tag, query.author_id, query.pinned, query.unanswered);
        changes::alone(others != (None, None, None, None, None, None, None))?;
        let page = Page::<i64>::new("posts-changed", &(*group_id, since), query.limit, query.cursor.as_deref())?;
        let span = Span::new(since, &page, tombstones::KEPT, now)?;
        let body = reader
            .read(&db, Action::ReadPosts, move |conn, viewer| changed(conn, viewer, *group_id, &page, &span, now))
            .await?;
        return Ok(page::ok(&request, &body, body.next_cursor.as_deref()));
    }
    let page = Page::<i64>::new("posts", &filters, query.limit, query.cursor.as_deref())?;
    let body = reader
        .read(&db, Action::ReadPosts, move |conn, viewer| {
            let access = Access::find(conn, viewer, *group_id)?;
            access.require(Action::ReadPosts)?;
            let posts = queries::list(conn, &access, &query, &page, now)?;
            let (posts, next_cursor) = page.cut(posts, |(at, post)| (*at, post.row.id.uuid()));
            let posts = posts.into_iter().map(|(_, post)| post).collect();
            let items = views::of_group(conn, &access, posts, now)?;
            Ok((access, PostPage { items, deleted: Vec::new(), next_cursor }))
        })
        .await?;
    Ok(page::ok(&request, &body, body.next_cursor.as_deref()))
}

/// The posts that have changed, and what is gone.
fn changed(
    conn: &mut Conn,
    viewer: Viewer,
    group: GroupId,
    page: &Page<i64>,
    span: &Span,
    now: Timestamp,
) -> Result<(Access, PostPage)> {
    let access = Access::find(conn, viewer, group)?;
    access.require(Action::ReadPosts)?;
    let (found, gone) = queries::list_changed(conn, &access, span)?;
    let (found, deleted, next_cursor) = changes::merged(page, found, gone, |(at, found)| (*at, found.row.id.uuid()));
    let found = found.into_iter().map(|(_, found)| found).collect();
    let items = views::of_group(conn, &access, found, now)?;
    Ok((access, PostPage { items, deleted, next_cursor }))
}

/// Begin a conversation
///
/// For members, or for facilitators only where the group says so. Published, it makes the group active now; a draft or a
/// scheduled post is seen by nobody else, and makes it active when it comes out.
#[utoipa::path(tag = "posts", operation_id = "create_post",
    security(("bearer" = []), ("api_key" = ["posts:write"])), request_body = NewPost, responses(
    (status = 201, description = "The post", body = Post),
    (status = 403, description = "Members only, or facilitators only (`forbidden`, `members_only`)"),
    (status = 404, description = "No such group"),
    (status = 409, description = "The group is archived, its rules are not accepted, or somebody reads it first (`archived`, `rules_not_accepted`, `review_needed`)"),
))]
#[post("/groups/{group_id}/posts")]
async fn create_post(
    actor: Actor,
    db: web::Data<Db>,
    group_id: web::Path<GroupId>,
    once: Once,
    body: Body<NewPost>,
) -> Result<HttpResponse> {
    let new = body.0;
    once.write(actor, &db, move |conn| {
        let access = Access::lock(conn, actor.viewer(), *group_id)?;
        let is_draft = new.status == Some(PostStatus::Draft);
        let writing = if is_draft { access.reviewed() } else { access.clone() };
        policy::create(&writing, new.kind)?;
        policy::anonymous(&writing, new.is_anonymous, Some(new.kind))?;
        // under the lock, so that what comes later in the group has a later time
        let now = Timestamp::now();
        let publication = policy::publish_new(&new, now)?;
        let found = queries::insert(conn, &access, &new, publication, now)?;
        let version = found.row.version();
        let post = views::one(conn, &access, found, now)?;
        Ok(Made::created(&post)?.at(format!("/api/v1/posts/{}", post.id)).in_version(version))
    })
    .await
}

/// Get a post
///
/// For whoever may read the group's conversations; for others, and before it is published, there is no such post but for its
/// author.
#[utoipa::path(tag = "posts", operation_id = "get_post",
    security((), ("bearer" = []), ("api_key" = ["posts:read"])),
    params(("Praxis-Access-Reason" = Option<String>, Header, description = "Why an administrator who is no member reads this")), responses(
    (status = 200, description = "The post", body = Post),
    (status = 404, description = "No such post"),
))]
#[get("/posts/{post_id}")]
async fn get_post(reader: Reader, db: web::Data<Db>, post_id: web::Path<PostId>) -> Result<HttpResponse> {
    let now = Timestamp::now();
    let (version, post) = reader
        .read(&db, Action::ReadPosts, move |conn, viewer| {
            let (access, found) = queries::get(conn, viewer, *post_id)?;
            let version = found.row.version();
            let post = views::one(conn, &access, found, now)?;
            Ok((access, (version, post)))
        })
        .await?;
    Ok(conditional::ok(version, &post))
}

/// Change a post
///
/// For its author: its words, and when it comes out. It does not count as activity; what it said is kept for its readers.
#[utoipa::path(tag = "posts", operation_id = "update_post",
    security(("bearer" = []), ("api_key" = ["posts:write"])), request_body = PostPatch,
    params(("If-Match" = String, Header, description = "The ETag of what you have read, or *")), responses(
    (status = 200, description = "The post as it is now", body = Post),
    (status = 403, description = "Not the author, or not a member any more (`forbidden`, `members_only`, `access_reason_needed`)"),
    (status = 404, description = "No such post"),
    (status = 409, description = "The group is archived, its rules are not accepted, somebody reads it first, or the post is published or locked (`invalid_state`, `archived`, `locked`, `rules_not_accepted`, `review_needed`)"),
))]
#[patch("/posts/{post_id}")]
async fn update_post(
    actor: Actor,
    db: web::Data<Db>,
    post_id: web::Path<PostId>,
    if_match: IfMatch,
    patch: Body<PostPatch>,
) -> Result<HttpResponse> {
    let (version, post) = actor
        .write(&db, move |conn| {
            let (access, head) = queries::lock(conn, actor.viewer(), *post_id)?;
            policy::require(&access, &head, PostAction::Edit)?;
            let now = Timestamp::now();
            let before = queries::read(conn, head.id, actor.user_id)?.row;
            if_match.check(before.version())?;
            let publication = policy::publish_changed(&before, &patch.0, now)?;
            let comes_out = before.published_at.is_none() && publication != (None, None);
            if comes_out {
                policy::create(&access, before.kind)?;
                policy::anonymous(&access, before.pseudonym_id.is_some(), Some(before.kind))?;
            }
            let found = queries::update(conn, &before, &patch.0, publication, now)?;
            Ok((found.row.version(), views::one(conn, &access, found, now)?))
        })
        .await?;
    Ok(conditional::ok(version, &post))
}

/// Delete a post
///
/// For its author and for facilitators. Its comments go with it, and the group was last active when it was before. For thirty
/// days it can be brought back.
#[utoipa::path(tag = "posts", operation_id = "delete_post",
    security(("bearer" = []), ("api_key" = ["posts:write"])),
    params(("If-Match" = String, Header, description = "The ETag of what you have read, or *"),
    ("Praxis-Access-Reason" = Option<String>, Header, description = "Why an administrator who is no member reads this")), responses(
    (status = 204, description = "Deleted"),
    (status = 403, description = "Not for this caller (`forbidden`, `members_only`)"),
    (status = 404, description = "No such post"),
    (status = 409, description = "The group is archived, or its rules are not accepted (`archived`, `rules_not_accepted`)"),
))]
#[delete("/posts/{post_id}")]
async fn delete_post(
    reader: Reader,
    db: web::Data<Db>,
    post_id: web::Path<PostId>,
    if_match: IfMatch,
) -> Result<HttpResponse> {
    let now = Timestamp::now();
    reader
        .write(&db, Action::ReadPosts, move |conn, actor| {
            shares::lock_groups(conn, *post_id, None)?;
            let (access, head) = queries::lock(conn, actor.viewer(), *post_id)?;
            policy::require(&access, &head, PostAction::Delete)?;
            if_match.check(queries::read(conn, head.id, actor.user_id)?.row.version())?;
            queries::delete(conn, &head, actor.user_id, now)?;
            if actor.user_id != head.author_id {
                audit::queries::record(conn, Some(&actor), entry(AuditAction::ContentDeleted, &head), now)?;
            }
            Ok((access, ()))
        })
        .await?;
    Ok(json::no_content())
}

/// Bring a deleted post back
///
/// With its comments and dates as they were: for its author, who deleted it, and for those who moderate; within thirty days.
#[utoipa::path(tag = "posts", operation_id = "restore_post",
    security(("bearer" = []), ("api_key" = ["posts:write"])),
    params(("Praxis-Access-Reason" = Option<String>, Header, description = "Why an administrator who is no member reads this")), responses(
    (status = 200, description = "The post", body = Post),
    (status = 404, description = "No such post, or none that the caller may bring back"),
    (status = 409, description = "It is not deleted (`invalid_state`)"),
))]
#[post("/posts/{post_id}/restore")]
async fn restore_post(reader: Reader, db: web::Data<Db>, post_id: web::Path<PostId>) -> Result<HttpResponse> {
    let now = Timestamp::now();
    let (version, post) = reader
        .write(&db, Action::ReadPosts, move |conn, actor| {
            shares::lock_groups(conn, *post_id, None)?;
            let (access, head) = queries::lock_any(conn, actor.viewer(), *post_id)?;
            let is_kept = head.deleted_at.is_none_or(|at| at > now.before(policy::KEPT));
            if !is_kept || !policy::can(&access, &head).contains(&PostAction::Restore) {
                // who may not bring it back learns of what is there, and of nothing else
                return Err(if policy::may_read(access.viewer(), &head) { not_deleted() } else { Error::not_found() });
            }
            queries::restore(conn, &head, now)?;
            if head.deleted_by != Some(head.author_id) || actor.user_id != head.author_id {
                audit::queries::record(conn, Some(&actor), entry(AuditAction::ContentRestored, &head), now)?;
            }
            let found = queries::read(conn, head.id, actor.user_id)?;
            let version = found.row.version();
            let post = views::one(conn, &access, found, now)?;
            Ok((access, (version, post)))
        })
        .await?;
    Ok(conditional::ok(version, &post))
}

fn not_deleted() -> Error {
    Error::new(Code::InvalidState, "It is not deleted.").with("state", "published").with("allowed", Vec::<&str>::new())
}

/// List what a post said before
///
/// Its former texts, the latest first, for whoever may read the post.
#[utoipa::path(tag = "posts", operation_id = "list_post_revisions",
    security((), ("bearer" = []), ("api_key" = ["posts:read"])),
    params(RevisionQuery, ("Praxis-Access-Reason" = Option<String>, Header, description = "Why an administrator who is no member reads this")), responses(
    (status = 200, description = "One page of former texts", body = RevisionPage),
    (status = 404, description = "No such post"),
))]
#[get("/posts/{post_id}/revisions")]
async fn list_post_revisions(
    request: HttpRequest,
    reader: Reader,
    db: web::Data<Db>,
    post_id: web::Path<PostId>,
    query: Query<RevisionQuery>,
) -> Result<HttpResponse> {
    let page = Page::<i64>::new("post-revisions", &*post_id, query.limit, query.cursor.as_deref())?;
    let body = reader
        .read(&db, Action::ReadPosts, move |conn, viewer| {
            let (access, head) = queries::access(conn, viewer, *post_id)?;
            let rows = queries::list_revisions(conn, head.id, &page)?;
            let (rows, next_cursor) = page.cut(rows, |row| (row.replaced_at.micros(), row.id.uuid()));
            Ok((access, RevisionPage { items: rows.into_iter().map(Revision::from).collect(), next_cursor }))
        })
        .await?;
    Ok(page::ok(&request, &body, body.next_cursor.as_deref()))
}

/// Move a conversation to another group
///
/// For those who moderate here and may write there: not into a group that is more open, nor where somebody wrote without a name,
/// or under one that only this group shows. Both groups were last active when what is in them says.
#[utoipa::path(tag = "posts", operation_id = "move_post",
    security(("bearer" = []), ("api_key" = ["posts:write"])), request_body = Moving,
    params(("If-Match" = String, Header, description = "The ETag of what you have read, or *")),
    responses(
    (status = 200, description = "The post in its new group", body = Post),
    (status = 403, description = "Not for this caller (`forbidden`, `members_only`, `access_reason_needed`)"),
    (status = 404, description = "No such post"),
    (status = 409, description = "Not published, or a group is archived (`invalid_state`, `archived`)"),
))]
#[post("/posts/{post_id}/move")]
async fn move_post(
    actor: Actor,
    db: web::Data<Db>,
    post_id: web::Path<PostId>,
    if_match: IfMatch,
    moving: Body<Moving>,
) -> Result<HttpResponse> {
    let (moving, now) = (moving.0, Timestamp::now());
    let (version, post) = actor
        .write(&db, move |conn| {
            shares::lock_groups(conn, *post_id, Some(moving.group_id))?;
            let (from, head, to) = queries::lock_with(conn, actor.viewer(), *post_id, moving.group_id)?;
            policy::require(&from, &head, PostAction::Move)?;
            if_match.check(queries::read(conn, head.id, actor.user_id)?.row.version())?;
            let to = to.map_err(unknown_group)?;
            policy::move_to(&from, &to, head.kind)?;
            queries::move_to(conn, &head, &to, now)?;
            let (left, entered) = (head.group_id.to_string(), to.group_id().to_string());
            for group in [head.group_id, to.group_id()] {
                let change = AuditChange::new("group_id", Some(&left), Some(&entered));
                let moved = Entry::new(AuditAction::PostMoved, AuditTarget::Post, head.id.uuid()).within(group);
                let moved = moved.with_changes(vec![change]).with_reason(moving.reason.as_ref().map(Reason::as_str));
                audit::queries::record(conn, Some(&actor), moved, now)?;
            }
            let found = queries::read(conn, head.id, actor.user_id)?;
            Ok((found.row.version(), views::one(conn, &to, found, now)?))
        })
        .await?;
    Ok(conditional::ok(version, &post))
}

fn unknown_group(error: Error) -> Error {
    match error.code() {
        Code::NotFound => Error::invalid("/group_id", "unknown", "there is no such group, or none that you may see"),
        _ => error,
    }
}

/// Pin a post
///
/// At the top of its group, until a time or for good: for those who moderate. Doing it again changes the time.
#[utoipa::path(tag = "posts", operation_id = "pin_post",
    security(("bearer" = []), ("api_key" = ["posts:write"])), request_body = Pinning,
    params(("If-Match" = String, Header, description = "The ETag of what you have read, or *")),
    responses(
    (status = 200, description = "The post as it is now", body = Post),
    (status = 403, description = "Not for this caller (`forbidden`, `access_reason_needed`)"),
    (status = 404, description = "No such post"),
    (status = 409, description = "Not published, or the group is archived (`invalid_state`, `archived`)"),
))]
#[put("/posts/{post_id}/pin")]
async fn pin_post(
    actor: Actor,
    db: web::Data<Db>,
    post_id: web::Path<PostId>,
    if_match: IfMatch,
    pinning: Body<Pinning>,
) -> Result<HttpResponse> {
    future("/until", pinning.0.until, Timestamp::now())?;
    let pinned = Arrangement::new(PostAction::Pin, AuditAction::PostPinned, if_match);
    arrange(actor, &db, *post_id, pinned, move |conn, post, now| queries::pin(conn, post, Some(pinning.0), now)).await
}

/// Unpin a post
///
/// For those who moderate.
#[utoipa::path(tag = "posts", operation_id = "unpin_post",
    security(("bearer" = []), ("api_key" = ["posts:write"])),
    params(("If-Match" = String, Header, description = "The ETag of what you have read, or *")),
    responses(
    (status = 200, description = "The post as it is now", body = Post),
    (status = 403, description = "Not for this caller (`forbidden`)"),
    (status = 404, description = "No such post"),
    (status = 409, description = "Not published, or the group is archived (`invalid_state`, `archived`)"),
))]
#[delete("/posts/{post_id}/pin")]
async fn unpin_post(
    actor: Actor,
    db: web::Data<Db>,
    post_id: web::Path<PostId>,
    if_match: IfMatch,
) -> Result<HttpResponse> {
    let unpinned = Arrangement::new(PostAction::Pin, AuditAction::PostUnpinned, if_match);
    arrange(actor, &db, *post_id, unpinned, |conn, post, now| queries::pin(conn, post, None, now)).await
}

/// Lock a conversation
///
/// Nobody but those who moderate answers or changes words any more: for those who moderate.
#[utoipa::path(tag = "posts", operation_id = "lock_post",
    security(("bearer" = []), ("api_key" = ["posts:write"])), request_body = Locking,
    params(("If-Match" = String, Header, description = "The ETag of what you have read, or *")),
    responses(
    (status = 200, description = "The post as it is now", body = Post),
    (status = 403, description = "Not for this caller (`forbidden`, `access_reason_needed`)"),
    (status = 404, description = "No such post"),
    (status = 409, description = "Not published, or the group is archived (`invalid_state`, `archived`)"),
))]
#[put("/posts/{post_id}/lock")]
async fn lock_post(
    actor: Actor,
    db: web::Data<Db>,
    post_id: web::Path<PostId>,
    if_match: IfMatch,
    locking: Body<Locking>,
) -> Result<HttpResponse> {
    let locked = Arrangement::new(PostAction::Lock, AuditAction::PostLocked, if_match);
    let locked = Arrangement { reason: locking.0.reason, ..locked };
    arrange(actor, &db, *post_id, locked, |conn, post, now| queries::set_locked(conn, post, true, now)).await
}

/// Unlock a conversation
///
/// For those who moderate.
#[utoipa::path(tag = "posts", operation_id = "unlock_post",
    security(("bearer" = []), ("api_key" = ["posts:write"])),
    params(("If-Match" = String, Header, description = "The ETag of what you have read, or *")),
    responses(
    (status = 200, description = "The post as it is now", body = Post),
    (status = 403, description = "Not for this caller (`forbidden`)"),
    (status = 404, description = "No such post"),
    (status = 409, description = "Not published, or the group is archived (`invalid_state`, `archived`)"),
))]
#[delete("/posts/{post_id}/lock")]
async fn unlock_post(
    actor: Actor,
    db: web::Data<Db>,
    post_id: web::Path<PostId>,
    if_match: IfMatch,
) -> Result<HttpResponse> {
    let unlocked = Arrangement::new(PostAction::Lock, AuditAction::PostUnlocked, if_match);
    arrange(actor, &db, *post_id, unlocked, |conn, post, now| queries::set_locked(conn, post, false, now)).await
}

/// Something that those who moderate do with a post.
struct Arrangement {
    action: PostAction,
    recorded: AuditAction,
    reason: Option<Reason>,
    if_match: IfMatch,
}

impl Arrangement {
    fn new(action: PostAction, recorded: AuditAction, if_match: IfMatch) -> Self {
        Self { action, recorded, reason: None, if_match }
    }
}

/// Does it, and records it where it was a change, or where there is a reason to keep.
async fn arrange(
    actor: Actor,
    db: &Db,
    post: PostId,
    done: Arrangement,
    change: impl Fn(&mut Conn, &PostRow, Timestamp) -> Result<bool> + Send + 'static,
) -> Result<HttpResponse> {
    let now = Timestamp::now();
    let (version, post) = actor
        .write(db, move |conn| {
            let (access, head) = queries::lock(conn, actor.viewer(), post)?;
            policy::require(&access, &head, done.action)?;
            let before = queries::read(conn, head.id, actor.user_id)?.row;
            done.if_match.check(before.version())?;
            if change(conn, &before, now)? || done.reason.is_some() {
                let entry = entry(done.recorded, &head).with_reason(done.reason.as_ref().map(Reason::as_str));
                audit::queries::record(conn, Some(&actor), entry, now)?;
            }
            let found = queries::read(conn, head.id, actor.user_id)?;
            Ok((found.row.version(), views::one(conn, &access, found, now)?))
        })
        .await?;
    Ok(conditional::ok(version, &post))
}

/// Accept an answer
///
/// Says which comment answers the question: for who asked, and for those who moderate. Doing it again chooses another one.
#[utoipa::path(tag = "posts", operation_id = "accept_answer",
    security(("bearer" = []), ("api_key" = ["posts:write"])), request_body = AcceptedAnswer,
    params(("If-Match" = String, Header, description = "The ETag of what you have read, or *")),
    responses(
    (status = 200, description = "The post as it is now", body = Post),
    (status = 403, description = "Not for this caller, or not a member any more (`forbidden`, `members_only`, `access_reason_needed`)"),
    (status = 404, description = "No such post"),
    (status = 409, description = "No question, the group is archived, or its rules are not accepted (`invalid_state`, `archived`, `rules_not_accepted`)"),
))]
#[put("/posts/{post_id}/accepted-answer")]
async fn accept_answer(
    actor: Actor,
    db: web::Data<Db>,
    post_id: web::Path<PostId>,
    if_match: IfMatch,
    answer: Body<AcceptedAnswer>,
) -> Result<HttpResponse> {
    set_answer(actor, &db, *post_id, if_match, Some(answer.0)).await
}

/// Accept no answer
///
/// For who asked, and for those who moderate.
#[utoipa::path(tag = "posts", operation_id = "withdraw_answer",
    security(("bearer" = []), ("api_key" = ["posts:write"])),
    params(("If-Match" = String, Header, description = "The ETag of what you have read, or *")),
    responses(
    (status = 200, description = "The post as it is now", body = Post),
    (status = 403, description = "Not for this caller, or not a member any more (`forbidden`, `members_only`, `access_reason_needed`)"),
    (status = 404, description = "No such post"),
    (status = 409, description = "No question, the group is archived, or its rules are not accepted (`invalid_state`, `archived`, `rules_not_accepted`)"),
))]
#[delete("/posts/{post_id}/accepted-answer")]
async fn withdraw_answer(
    actor: Actor,
    db: web::Data<Db>,
    post_id: web::Path<PostId>,
    if_match: IfMatch,
) -> Result<HttpResponse> {
    set_answer(actor, &db, *post_id, if_match, None).await
}

async fn set_answer(
    actor: Actor,
    db: &Db,
    post: PostId,
    if_match: IfMatch,
    answer: Option<AcceptedAnswer>,
) -> Result<HttpResponse> {
    let now = Timestamp::now();
    let (version, post) = actor
        .write(db, move |conn| {
            let (access, head) = queries::lock(conn, actor.viewer(), post)?;
            policy::require(&access, &head, PostAction::AcceptAnswer)?;
            let before = queries::read(conn, head.id, actor.user_id)?.row;
            if_match.check(before.version())?;
            queries::set_accepted(conn, &before, answer.as_ref().map(|answer| answer.comment_id), now)?;
            let found = queries::read(conn, head.id, actor.user_id)?;
            Ok((found.row.version(), views::one(conn, &access, found, now)?))
        })
        .await?;
    Ok(conditional::ok(version, &post))
}
