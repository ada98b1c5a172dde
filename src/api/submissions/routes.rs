//! `/groups/{group_id}/submissions`, `/posts/{post_id}/submissions`, `/me/submissions` and `/submissions`.

use actix_web::{HttpRequest, HttpResponse, delete, get, post, web};
use utoipa_actix_web::service_config::ServiceConfig;

use super::model::{
    Submission, SubmissionDecision, SubmissionKind, SubmissionOutcome, SubmissionPage, SubmissionQuery, SubmissionRow,
};
use super::{policy, queries};
use crate::api::audit::model::{AuditAction, AuditChange, AuditTarget, Entry};
use crate::api::comments::model::NewComment;
use crate::api::idempotency::{Made, Once};
use crate::api::memberships::access::{Access, Reader};
use crate::api::memberships::model::{Action, Reason};
use crate::api::notices::model::{Notice, NoticeKind};
use crate::api::posts::model::{NewPost, PostAction};
use crate::api::requests::model::Outcome;
use crate::api::{audit, comments, notices, posts};
use crate::auth::actor::Actor;
use crate::db::{Conn, Db};
use crate::error::{Code, Error, Result};
use crate::http::json::{self, Body};
use crate::http::page::{self, Page};
use crate::http::query::Query;
use crate::types::{CommentId, GroupId, PostId, SubmissionId, Timestamp};

/// The routes of this feature.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config.service(list_submissions).service(create_post_submission).service(create_comment_submission);
    config.service(list_my_submissions);
    config.service(get_submission).service(delete_submission).service(decide_submission);
}

/// List what waits to be read
///
/// For those who moderate: what members wrote that comes out once somebody has approved it, the oldest first.
#[utoipa::path(tag = "posts", operation_id = "list_submissions",
    security(("bearer" = []), ("api_key" = ["posts:read"])),
    params(SubmissionQuery, ("Praxis-Access-Reason" = Option<String>, Header, description = "Why an administrator who is no member reads this")), responses(
    (status = 200, description = "One page of what waits", body = SubmissionPage),
    (status = 403, description = "Not for this caller (`forbidden`, `members_only`)"),
    (status = 404, description = "No such group"),
))]
#[get("/groups/{group_id}/submissions")]
async fn list_submissions(
    request: HttpRequest,
    reader: Reader,
    db: web::Data<Db>,
    group_id: web::Path<GroupId>,
    query: Query<SubmissionQuery>,
) -> Result<HttpResponse> {
    reader.actor()?;
    let page = Page::<i64>::new("submissions", &*group_id, query.limit, query.cursor.as_deref())?;
    let body = reader
        .read(&db, Action::ReadPosts, move |conn, viewer| {
            let access = Access::find(conn, viewer, *group_id)?;
            policy::read_all(&access)?;
            let (found, next_cursor) = page.cut(queries::list(conn, &access, &page)?, queries::key);
            Ok((access, SubmissionPage { items: found.into_iter().map(Submission::from).collect(), next_cursor }))
        })
        .await?;
    Ok(page::ok(&request, &body, body.next_cursor.as_deref()))
}

/// Send a post to be read first
///
/// For members: it comes out under their name once somebody who moderates has approved it, and is seen by nobody else until
/// then. Who `can` not `post`, but `submit`, does this; others may.
#[utoipa::path(tag = "posts", operation_id = "create_post_submission",
    security(("bearer" = []), ("api_key" = ["posts:write"])), request_body = NewPost,
    responses(
    (status = 201, description = "It waits", body = Submission),
    (status = 403, description = "Members only, or facilitators only (`forbidden`, `members_only`)"),
    (status = 404, description = "No such group"),
    (status = 409, description = "The group is archived, its rules are not accepted, or 20 of the caller's wait (`invalid_state`, `archived`, `rules_not_accepted`)"),
))]
#[post("/groups/{group_id}/submissions")]
async fn create_post_submission(
    actor: Actor,
    db: web::Data<Db>,
    group_id: web::Path<GroupId>,
    once: Once,
    body: Body<NewPost>,
) -> Result<HttpResponse> {
    let new = body.0;
    once.write(actor, &db, move |conn| {
        let access = Access::lock(conn, actor.viewer(), *group_id)?;
        policy::submit_post(&access, &new)?;
        let now = Timestamp::now();
        let row = SubmissionRow::of_post(access.group_id(), actor.user_id, &new, now);
        waits(&queries::insert(conn, &row, now)?.into())
    })
    .await
}

/// Send a comment to be read first
///
/// The same for a comment on a post.
#[utoipa::path(tag = "posts", operation_id = "create_comment_submission",
    security(("bearer" = []), ("api_key" = ["posts:write"])),
    request_body = NewComment, responses(
    (status = 201, description = "It waits", body = Submission),
    (status = 403, description = "Members only (`members_only`, `access_reason_needed`)"),
    (status = 404, description = "No such post"),
    (status = 409, description = "The group is archived, its rules are not accepted, the conversation is locked, or 20 of the caller's wait (`invalid_state`, `archived`, `locked`, `rules_not_accepted`)"),
))]
#[post("/posts/{post_id}/submissions")]
async fn create_comment_submission(
    actor: Actor,
    db: web::Data<Db>,
    post_id: web::Path<PostId>,
    once: Once,
    body: Body<NewComment>,
) -> Result<HttpResponse> {
    let new = body.0;
    once.write(actor, &db, move |conn| {
        let (access, post) = posts::queries::lock(conn, actor.viewer(), *post_id)?;
        policy::submit_comment(&access, &post, &new)?;
        comments::queries::check_parent(conn, post.id, new.parent_id)?;
        let now = Timestamp::now();
        let row = SubmissionRow::of_comment(access.group_id(), actor.user_id, post.id, &new, now);
        waits(&queries::insert(conn, &row, now)?.into())
    })
    .await
}

fn waits(submission: &Submission) -> Result<Made> {
    Ok(Made::created(submission)?.at(format!("/api/v1/submissions/{}", submission.id)))
}

/// List what I sent to be read first
///
/// What waits, and what was declined in the last thirty days, the newest first.
#[utoipa::path(tag = "me", operation_id = "list_my_submissions",
    security(("bearer" = []), ("api_key" = ["account:read", "posts:read"])), params(SubmissionQuery), responses(
    (status = 200, description = "One page of what I sent", body = SubmissionPage),
))]
#[get("/me/submissions")]
async fn list_my_submissions(
    request: HttpRequest,
    actor: Actor,
    db: web::Data<Db>,
    query: Query<SubmissionQuery>,
) -> Result<HttpResponse> {
    let page = Page::<i64>::new("my-submissions", &actor.user_id, query.limit, query.cursor.as_deref())?;
    let cut = page.clone();
    let found = db.read(move |conn| queries::list_own(conn, &actor.viewer(), &page)).await?;
    let (found, next_cursor) = cut.cut(found, queries::key);
    let body = SubmissionPage { items: found.into_iter().map(Submission::from).collect(), next_cursor };
    Ok(page::ok(&request, &body, body.next_cursor.as_deref()))
}

/// Get something that waits
///
/// For its author, and while it waits for those who moderate.
#[utoipa::path(tag = "posts", operation_id = "get_submission", security(("bearer" = []), ("api_key" = ["posts:read"])),
    params(("Praxis-Access-Reason" = Option<String>, Header, description = "Why an administrator who is no member reads this")), responses(
    (status = 200, description = "What waits", body = Submission),
    (status = 404, description = "Nothing that the caller may know of"),
))]
#[get("/submissions/{submission_id}")]
async fn get_submission(
    reader: Reader,
    db: web::Data<Db>,
    submission_id: web::Path<SubmissionId>,
) -> Result<HttpResponse> {
    reader.actor()?;
    let submission = reader
        .read(&db, Action::ReadPosts, move |conn, viewer| {
            let (access, found) = queries::get(conn, viewer, *submission_id)?;
            policy::read(&access, &found.row)?;
            Ok((access, Submission::from(found)))
        })
        .await?;
    Ok(json::ok(&submission))
}

/// Take back what I sent to be read first
///
/// For its author; also to be rid of what was declined.
#[utoipa::path(tag = "posts", operation_id = "delete_submission",
    security(("bearer" = []), ("api_key" = ["posts:write"])), responses(
    (status = 204, description = "Gone"),
    (status = 403, description = "Not the author (`forbidden`, `access_reason_needed`)"),
    (status = 404, description = "Nothing that the caller may know of"),
))]
#[delete("/submissions/{submission_id}")]
async fn delete_submission(
    actor: Actor,
    db: web::Data<Db>,
    submission_id: web::Path<SubmissionId>,
) -> Result<HttpResponse> {
    actor
        .write(&db, move |conn| {
            let (access, found) = queries::lock(conn, actor.viewer(), *submission_id)?;
            policy::read(&access, &found.row)?;
            if found.row.author_id != actor.user_id {
                return Err(Error::new(
                    Code::Forbidden,
                    "Only the author takes it back; those who moderate decline it.",
                ));
            }
            queries::delete(conn, found.row.id)
        })
        .await?;
    Ok(json::no_content())
}

/// Decide what waits
///
/// For those who moderate. What is approved comes out now, as a post or a comment of its author's; what is declined does not,
/// and its author is told why.
#[utoipa::path(tag = "posts", operation_id = "decide_submission",
    security(("bearer" = []), ("api_key" = ["posts:write"])),
    request_body = SubmissionDecision,
    params(("Praxis-Access-Reason" = Option<String>, Header, description = "Why an administrator who is no member reads this")), responses(
    (status = 200, description = "What became of it", body = SubmissionOutcome),
    (status = 403, description = "The caller wrote it (`forbidden`)"),
    (status = 404, description = "Nothing that waits, or that the caller may know of"),
    (status = 409, description = "Its author may not write here now, or what it is on is gone (`invalid_state`)"),
))]
#[post("/submissions/{submission_id}/decision")]
async fn decide_submission(
    reader: Reader,
    db: web::Data<Db>,
    submission_id: web::Path<SubmissionId>,
    decision: Body<SubmissionDecision>,
) -> Result<HttpResponse> {
    let decision = decision.0;
    let outcome = reader
        .write(&db, Action::ReadPosts, move |conn, actor| {
            let (access, found) = queries::lock(conn, actor.viewer(), *submission_id)?;
            policy::decide(&access, &found.row, &decision)?;
            let now = Timestamp::now();
            let reason = decision.reason.as_ref().map(Reason::as_str);
            let (post, comment) = match decision.outcome {
                Outcome::Approve => publish(conn, &found.row, now).map(|(post, comment)| (Some(post), comment))?,
                Outcome::Decline => {
                    queries::decline(conn, found.row.id, reason, now)?;
                    (found.row.post_id, None)
                }
            };
            tell(conn, &found.row, (post, comment), decision.outcome, now)?;
            audit::queries::record(
                conn,
                Some(&actor),
                entry(&found.row, decision.outcome, (post, comment), reason),
                now,
            )?;
            Ok((access, SubmissionOutcome { outcome: decision.outcome, post_id: post, comment_id: comment }))
        })
        .await?;
    Ok(json::ok(&outcome))
}

/// Writes what was approved as its author, who has to be able to now.
fn publish(conn: &mut Conn, row: &SubmissionRow, now: Timestamp) -> Result<(PostId, Option<CommentId>)> {
    let not_now = |error: Error| policy::not_now(row, &error);
    let author = posts::queries::author_access(conn, row.author_id, row.group_id)?;
    let author = author.ok_or_else(|| not_now(Error::not_found()))?.reviewed();
    queries::delete(conn, row.id)?;
    let Some(post) = row.post_id else {
        let new = row.new_post()?;
        posts::policy::create(&author, new.kind).map_err(not_now)?;
        posts::policy::anonymous(&author, new.is_anonymous, Some(new.kind)).map_err(not_now)?;
        let found = posts::queries::insert(conn, &author, &new, (Some(now), None), now)?;
        return Ok((found.row.id, None));
    };
    let new = row.new_comment()?;
    // a fault of the database is none of the author's
    let refused = |error: Error| if error.code().status() < 500 { policy::not_now(row, &error) } else { error };
    let (_, head) = posts::queries::lock(conn, *author.viewer(), post).map_err(refused)?;
    posts::policy::require(&author, &head, PostAction::Comment).map_err(not_now)?;
    posts::policy::anonymous(&author, new.is_anonymous, None).map_err(not_now)?;
    let found = comments::queries::insert(conn, &author, &head, &new, now).map_err(refused)?;
    Ok((post, Some(found.row.id)))
}

/// Tells the author, who does not learn who decided.
fn tell(
    conn: &mut Conn,
    row: &SubmissionRow,
    (post, comment): (Option<PostId>, Option<CommentId>),
    outcome: Outcome,
    now: Timestamp,
) -> Result<()> {
    let kind = match outcome {
        Outcome::Approve => NoticeKind::SubmissionApproved,
        Outcome::Decline => NoticeKind::SubmissionDeclined,
    };
    let mut notice = Notice::new(row.author_id, kind, row.id.uuid()).in_group(row.group_id);
    notice.post_id = post;
    notice.comment_id = comment;
    notices::queries::tell(conn, &notice, now)
}

fn entry(
    row: &SubmissionRow,
    outcome: Outcome,
    (post, comment): (Option<PostId>, Option<CommentId>),
    reason: Option<&str>,
) -> Entry {
    let action = match outcome {
        Outcome::Approve => AuditAction::SubmissionApproved,
        Outcome::Decline => AuditAction::SubmissionDeclined,
    };
    let is_comment = row.kind == SubmissionKind::Comment;
    // whom others know without a name has none in the log either
    let author = posts::model::named(row.author_id, row.pseudonym_id);
    let mut changes: Vec<AuditChange> =
        author.map(|author| AuditChange::new("author_id", None, Some(&author.to_string()))).into_iter().collect();
    changes.extend(post.map(|post| AuditChange::new("post_id", None, Some(&post.to_string()))));
    changes
        .extend(comment.filter(|_| is_comment).map(|id| AuditChange::new("comment_id", None, Some(&id.to_string()))));
    let entry = Entry::new(action, AuditTarget::Submission, row.id.uuid()).within(row.group_id);
    entry.with_changes(changes).with_reason(reason)
}
