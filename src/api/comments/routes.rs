//! `/posts/{post_id}/comments` and `/comments`.

use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, web};
use utoipa_actix_web::service_config::ServiceConfig;

use super::model::{Comment, CommentPage, CommentPatch, CommentQuery, CommentRow, FoundComment, MAX_DEPTH, NewComment};
use super::{policy, queries};
use crate::api::audit;
use crate::api::audit::model::{AuditAction, AuditTarget, Entry};
use crate::api::idempotency::{Made, Once};
use crate::api::memberships::access::{Access, Reader};
use crate::api::memberships::model::Action;
use crate::api::posts;
use crate::api::posts::model::{PostAction, PostHead, Revision, RevisionPage, RevisionQuery};
use crate::api::posts::policy::Author;
use crate::auth::actor::Actor;
use crate::db::{Conn, Db};
use crate::error::{Code, Error, Result};
use crate::http::conditional::{self, IfMatch};
use crate::http::json::{self, Body};
use crate::http::page::{self, Page};
use crate::http::query::Query;
use crate::types::{CommentId, PostId, TargetId, Timestamp};

/// The routes of this feature.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config.service(list_comments).service(create_comment);
    config.service(get_comment).service(update_comment).service(delete_comment).service(restore_comment);
    config.service(list_comment_revisions);
}

/// What clients see of comments on one post, in the same order.
fn views(conn: &mut Conn, access: &Access, post: &PostHead, found: Vec<FoundComment>) -> Result<Vec<Comment>> {
    let targets: Vec<TargetId> = found.iter().map(|found| found.row.id.uuid().into()).collect();
    let mut reactions = posts::views::reactions(conn, access.user_id(), &targets)?;
    let view = |found: FoundComment| {
        let mut can = posts::policy::can_on_comment(access, post, author(&found.row));
        can.retain(|action| *action != PostAction::Comment || found.row.depth < MAX_DEPTH);
        let reactions = reactions.remove(&found.row.id.uuid().into()).unwrap_or_default();
        let is_accepted = post.accepted_comment_id == Some(found.row.id);
        Comment::new(found, reactions, can, is_accepted)
    };
    Ok(found.into_iter().map(view).collect())
}

fn author(row: &CommentRow) -> Author {
    (row.author_id, row.pseudonym_id)
}

fn one(conn: &mut Conn, access: &Access, post: &PostHead, found: FoundComment) -> Result<Comment> {
    views(conn, access, post, vec![found])?.pop().ok_or_else(Error::not_found)
}

fn entry(action: AuditAction, row: &CommentRow) -> Entry {
    Entry::new(action, AuditTarget::Comment, row.id.uuid()).within(row.group_id)
}

/// List the comments on a post
///
/// Oldest first: all levels in one list, or the answers to the post or to one comment.
#[utoipa::path(tag = "posts", operation_id = "list_comments",
    security((), ("bearer" = []), ("api_key" = ["posts:read"])),
    params(CommentQuery, ("Praxis-Access-Reason" = Option<String>, Header, description = "Why an administrator who is no member reads this")), responses(
    (status = 200, description = "One page of comments", body = CommentPage),
    (status = 404, description = "No such post"),
))]
#[get("/posts/{post_id}/comments")]
async fn list_comments(
    request: HttpRequest,
    reader: Reader,
    db: web::Data<Db>,
    post_id: web::Path<PostId>,
    query: Query<CommentQuery>,
) -> Result<HttpResponse> {
    let level = policy::level(&query)?;
    let page = Page::<i64>::new("comments", &(*post_id, level), query.limit, query.cursor.as_deref())?;
    let body = reader
        .read(&db, Action::ReadPosts, move |conn, viewer| {
            let (access, post) = posts::queries::access(conn, viewer, *post_id)?;
            let comments = queries::list(conn, post.id, level, &page)?;
            let (comments, next_cursor) = page.cut(comments, |item| (item.row.created_at.micros(), item.row.id.uuid()));
            let items = views(conn, &access, &post, comments)?;
            Ok((access, CommentPage { items, next_cursor }))
        })
        .await?;
    Ok(page::ok(&request, &body, body.next_cursor.as_deref()))
}

/// Comment on a post
///
/// For members. It makes the group active now.
#[utoipa::path(tag = "posts", operation_id = "create_comment",
    security(("bearer" = []), ("api_key" = ["posts:write"])), request_body = NewComment,
    responses(
    (status = 201, description = "The comment", body = Comment),
    (status = 403, description = "Members only (`members_only`, `access_reason_needed`)"),
    (status = 404, description = "No such post"),
    (status = 409, description = "The group is archived, its rules are not accepted, the conversation is locked, or somebody reads it first (`invalid_state`, `archived`, `locked`, `rules_not_accepted`, `review_needed`)"),
))]
#[post("/posts/{post_id}/comments")]
async fn create_comment(
    actor: Actor,
    db: web::Data<Db>,
    post_id: web::Path<PostId>,
    once: Once,
    body: Body<NewComment>,
) -> Result<HttpResponse> {
    let new = body.0;
    once.write(actor, &db, move |conn| {
        let (access, post) = posts::queries::lock(conn, actor.viewer(), *post_id)?;
        // under the lock, so that what comes later in the group has a later time
        let now = Timestamp::now();
        posts::policy::require(&access, &post, PostAction::Comment)?;
        posts::policy::anonymous(&access, new.is_anonymous, None)?;
        let found = queries::insert(conn, &access, &post, &new, now)?;
        let version = found.row.version();
        let comment = one(conn, &access, &post, found)?;
        Ok(Made::created(&comment)?.at(format!("/api/v1/comments/{}", comment.id)).in_version(version))
    })
    .await
}

/// Get a comment
///
/// For whoever may read the group's conversations; for others there is no such comment.
#[utoipa::path(tag = "posts", operation_id = "get_comment",
    security((), ("bearer" = []), ("api_key" = ["posts:read"])),
    params(("Praxis-Access-Reason" = Option<String>, Header, description = "Why an administrator who is no member reads this")), responses(
    (status = 200, description = "The comment", body = Comment),
    (status = 404, description = "No such comment"),
))]
#[get("/comments/{comment_id}")]
async fn get_comment(reader: Reader, db: web::Data<Db>, comment_id: web::Path<CommentId>) -> Result<HttpResponse> {
    let (version, comment) = reader
        .read(&db, Action::ReadPosts, move |conn, viewer| {
            let (access, post, found) = queries::get(conn, viewer, *comment_id)?;
            let version = found.row.version();
            let comment = one(conn, &access, &post, found)?;
            Ok((access, (version, comment)))
        })
        .await?;
    Ok(conditional::ok(version, &comment))
}

/// Change a comment
///
/// For its author. It does not count as activity; what it said is kept for its readers.
#[utoipa::path(tag = "posts", operation_id = "update_comment",
    security(("bearer" = []), ("api_key" = ["posts:write"])), request_body = CommentPatch,
    params(("If-Match" = String, Header, description = "The ETag of what you have read, or *")), responses(
    (status = 200, description = "The comment as it is now", body = Comment),
    (status = 403, description = "Not the author, or not a member any more (`forbidden`, `members_only`, `access_reason_needed`)"),
    (status = 404, description = "No such comment"),
    (status = 409, description = "The group is archived, its rules are not accepted, somebody reads it first, or the conversation is locked (`archived`, `locked`, `rules_not_accepted`, `review_needed`)"),
))]
#[patch("/comments/{comment_id}")]
async fn update_comment(
    actor: Actor,
    db: web::Data<Db>,
    comment_id: web::Path<CommentId>,
    if_match: IfMatch,
    patch: Body<CommentPatch>,
) -> Result<HttpResponse> {
    let now = Timestamp::now();
    let (version, comment) = actor
        .write(&db, move |conn| {
            let (access, post, found) = queries::lock(conn, actor.viewer(), *comment_id)?;
            posts::policy::require_on_comment(&access, &post, author(&found.row), PostAction::Edit)?;
            if_match.check(found.row.version())?;
            let found = queries::update(conn, &found.row, &patch.0, now)?;
            Ok((found.row.version(), one(conn, &access, &post, found)?))
        })
        .await?;
    Ok(conditional::ok(version, &comment))
}

/// Delete a comment
///
/// For its author and for facilitators. While others answer it, its place stays, without words or author. For thirty days it can
/// be brought back.
#[utoipa::path(tag = "posts", operation_id = "delete_comment",
    security(("bearer" = []), ("api_key" = ["posts:write"])),
    params(("If-Match" = String, Header, description = "The ETag of what you have read, or *"),
    ("Praxis-Access-Reason" = Option<String>, Header, description = "Why an administrator who is no member reads this")), responses(
    (status = 204, description = "Deleted"),
    (status = 403, description = "Not for this caller (`forbidden`)"),
    (status = 404, description = "No such comment"),
    (status = 409, description = "The group is archived, or its rules are not accepted (`archived`, `rules_not_accepted`)"),
))]
#[delete("/comments/{comment_id}")]
async fn delete_comment(
    reader: Reader,
    db: web::Data<Db>,
    comment_id: web::Path<CommentId>,
    if_match: IfMatch,
) -> Result<HttpResponse> {
    let now = Timestamp::now();
    reader
        .write(&db, Action::ReadPosts, move |conn, actor| {
            let (access, post, found) = queries::lock(conn, actor.viewer(), *comment_id)?;
            posts::policy::require_on_comment(&access, &post, author(&found.row), PostAction::Delete)?;
            if_match.check(found.row.version())?;
            queries::delete(conn, &found.row, actor.user_id, now)?;
            if actor.user_id != found.row.author_id {
                audit::queries::record(conn, Some(&actor), entry(AuditAction::ContentDeleted, &found.row), now)?;
            }
            Ok((access, ()))
        })
        .await?;
    Ok(json::no_content())
}

/// Bring a deleted comment back
///
/// For its author, who deleted it, and for those who moderate; within thirty days.
#[utoipa::path(tag = "posts", operation_id = "restore_comment",
    security(("bearer" = []), ("api_key" = ["posts:write"])),
    params(("Praxis-Access-Reason" = Option<String>, Header, description = "Why an administrator who is no member reads this")), responses(
    (status = 200, description = "The comment", body = Comment),
    (status = 404, description = "No such comment, or none that the caller may bring back"),
    (status = 409, description = "It is not deleted (`invalid_state`)"),
))]
#[post("/comments/{comment_id}/restore")]
async fn restore_comment(reader: Reader, db: web::Data<Db>, comment_id: web::Path<CommentId>) -> Result<HttpResponse> {
    let now = Timestamp::now();
    let (version, comment) = reader
        .write(&db, Action::ReadPosts, move |conn, actor| {
            let (access, post, found) = queries::lock_any(conn, actor.viewer(), *comment_id)?;
            let Some(deleted_at) = found.row.deleted_at else {
                let words = Error::new(Code::InvalidState, "It is not deleted.");
                return Err(words.with("state", "published").with("allowed", Vec::<&str>::new()));
            };
            posts::policy::restore_comment(&access, &post, found.row.author_id, found.row.deleted_by)?;
            if deleted_at < now.before(posts::policy::KEPT) {
                return Err(Error::not_found());
            }
            let by_others = found.row.deleted_by != Some(found.row.author_id) || actor.user_id != found.row.author_id;
            let row = found.row;
            let found = queries::restore(conn, &row, now)?;
            if by_others {
                audit::queries::record(conn, Some(&actor), entry(AuditAction::ContentRestored, &row), now)?;
            }
            let version = found.row.version();
            let comment = one(conn, &access, &post, found)?;
            Ok((access, (version, comment)))
        })
        .await?;
    Ok(conditional::ok(version, &comment))
}

/// List what a comment said before
///
/// Its former texts, the latest first, for whoever may read the comment.
#[utoipa::path(tag = "posts", operation_id = "list_comment_revisions",
    security((), ("bearer" = []), ("api_key" = ["posts:read"])),
    params(RevisionQuery, ("Praxis-Access-Reason" = Option<String>, Header, description = "Why an administrator who is no member reads this")), responses(
    (status = 200, description = "One page of former texts", body = RevisionPage),
    (status = 404, description = "No such comment"),
))]
#[get("/comments/{comment_id}/revisions")]
async fn list_comment_revisions(
    request: HttpRequest,
    reader: Reader,
    db: web::Data<Db>,
    comment_id: web::Path<CommentId>,
    query: Query<RevisionQuery>,
) -> Result<HttpResponse> {
    let page = Page::<i64>::new("comment-revisions", &*comment_id, query.limit, query.cursor.as_deref())?;
    let body = reader
        .read(&db, Action::ReadPosts, move |conn, viewer| {
            let (access, _, found) = queries::get(conn, viewer, *comment_id)?;
            let rows = queries::list_revisions(conn, found.row.id, &page)?;
            let (rows, next_cursor) = page.cut(rows, |row| (row.replaced_at.micros(), row.id.uuid()));
            Ok((access, RevisionPage { items: rows.into_iter().map(Revision::from).collect(), next_cursor }))
        })
        .await?;
    Ok(page::ok(&request, &body, body.next_cursor.as_deref()))
}
