//! `/posts/{post_id}/warnings`, `/comments/{comment_id}/warnings` and `/groups/{group_id}/members/{user_id}/content:…`.

use actix_web::{HttpResponse, get, post, web};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::model::{ContentChange, ContentDeletion, ContentRestoration, NewWarning};
use super::{policy, queries};
use crate::api::audit::model::{AuditAction, AuditChange, AuditTarget, Entry};
use crate::api::groups::shares::{self, Sharing};
use crate::api::idempotency::{self, Made, Once};
use crate::api::memberships::access::{Access, Reader};
use crate::api::memberships::model::{Action, MemberPatch, MemberState, Membership, Reason, Role, State};
use crate::api::posts::model::Names;
use crate::api::posts::policy::{Author, KEPT};
use crate::api::users::model::{Person, UserStatus};
use crate::api::{audit, comments, memberships, posts, submissions, users};
use crate::auth::actor::Actor;
use crate::db::{Conn, Db};
use crate::error::{Code, Error, Result};
use crate::http::json::{self, Body};
use crate::http::patch::{Patch, Set};
use crate::types::{CommentId, GroupId, PostId, SubmissionId, Timestamp, UserId};

/// The routes of this feature.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config.service(get_post_author).service(get_comment_author).service(get_submission_author);
    config.service(create_post_warning).service(create_comment_warning);
    config.service(delete_member_content).service(restore_member_content);
}

/// The author's membership, if there ever was one (conversations are moved together with their authors' words), where the caller
/// may act on what they wrote.
fn author(conn: &mut Conn, access: &Access, user: UserId) -> Result<Option<Membership>> {
    let author = memberships::queries::find(conn, access.group_id(), user)?;
    let is = author.as_ref().map_or((Role::Member, State::Left), |author| (author.role, author.state));
    policy::act_on(access, user, is)?;
    Ok(author)
}

/// Who wrote something. Where it has no name, that the caller learns it is recorded, and why.
fn unmask(
    conn: &mut Conn,
    access: &Access,
    actor: Actor,
    (target, id): (AuditTarget, Uuid),
    (author, names): (UserId, Names),
    reason: Option<&str>,
) -> Result<Person> {
    policy::unmask(access)?;
    if names.pseudonym_id.is_some() {
        let entry = Entry::new(AuditAction::AuthorUnmasked, target, id).within(access.group_id());
        audit::queries::record(conn, Some(&actor), entry.with_reason(reason), Timestamp::now())?;
    }
    Ok(names.unmasked(author))
}

/// Get who wrote a post without their name
///
/// For owners, and for moderators and administrators who read the group: with a reason, which is recorded with who asked and which
/// the group's owners read. Also of a post that was deleted, while it can be brought back. Of a post with a name it answers the
/// same as the post, and records nothing. A person asks, never a program.
#[utoipa::path(tag = "posts", operation_id = "get_post_author", security(("bearer" = [])),
    params(("Praxis-Access-Reason" = Option<String>, Header, description = "Why the caller needs to know; needed")), responses(
    (status = 200, description = "The author", body = Person),
    (status = 403, description = "Not for this caller, or no reason given (`forbidden`)"),
    (status = 404, description = "No such post"),
))]
#[get("/posts/{post_id}/author")]
async fn get_post_author(reader: Reader, db: web::Data<Db>, post_id: web::Path<PostId>) -> Result<HttpResponse> {
    let reason = reader.reason();
    let person = reader
        .write(&db, Action::ReadPosts, move |conn, actor| {
            let (access, head) = posts::queries::lock_any(conn, actor.viewer(), *post_id)?;
            // what never came out is nobody's but the author's
            head.published_at.ok_or_else(Error::not_found)?;
            posts::policy::is_kept(head.deleted_at, Timestamp::now())?;
            let author = posts::queries::read(conn, head.id, actor.user_id)?.author;
            let target = (AuditTarget::Post, head.id.uuid());
            let person = unmask(conn, &access, actor, target, (head.author_id, author), reason.as_deref())?;
            Ok((access, person))
        })
        .await?;
    Ok(json::ok(&person))
}

/// Get who wrote a comment without their name
///
/// The same as of a post.
#[utoipa::path(tag = "posts", operation_id = "get_comment_author", security(("bearer" = [])),
    params(("Praxis-Access-Reason" = Option<String>, Header, description = "Why the caller needs to know; needed")), responses(
    (status = 200, description = "The author", body = Person),
    (status = 403, description = "Not for this caller, or no reason given (`forbidden`)"),
    (status = 404, description = "No such comment"),
))]
#[get("/comments/{comment_id}/author")]
async fn get_comment_author(
    reader: Reader,
    db: web::Data<Db>,
    comment_id: web::Path<CommentId>,
) -> Result<HttpResponse> {
    let reason = reader.reason();
    let person = reader
        .write(&db, Action::ReadPosts, move |conn, actor| {
            let (access, post, found) = comments::queries::lock_anywhere(conn, actor.viewer(), *comment_id)?;
            let now = Timestamp::now();
            posts::policy::is_kept(post.deleted_at, now)?;
            posts::policy::is_kept(found.row.deleted_at, now)?;
            let target = (AuditTarget::Comment, found.row.id.uuid());
            let person = unmask(conn, &access, actor, target, (found.row.author_id, found.author), reason.as_deref())?;
            Ok((access, person))
        })
        .await?;
    Ok(json::ok(&person))
}

/// Get who sent something without their name to be read first
///
/// The same as of a post, while it waits.
#[utoipa::path(tag = "posts", operation_id = "get_submission_author", security(("bearer" = [])),
    params(("Praxis-Access-Reason" = Option<String>, Header, description = "Why the caller needs to know; needed")), responses(
    (status = 200, description = "The author", body = Person),
    (status = 403, description = "Not for this caller, or no reason given (`forbidden`)"),
    (status = 404, description = "Nothing that waits, or that the caller may know of"),
))]
#[get("/submissions/{submission_id}/author")]
async fn get_submission_author(
    reader: Reader,
    db: web::Data<Db>,
    submission_id: web::Path<SubmissionId>,
) -> Result<HttpResponse> {
    let reason = reader.reason();
    let person = reader
        .write(&db, Action::ReadPosts, move |conn, actor| {
            let (access, found) = submissions::queries::get(conn, actor.viewer(), *submission_id)?;
            submissions::policy::read(&access, &found.row)?;
            let target = (AuditTarget::Submission, found.row.id.uuid());
            let person = unmask(conn, &access, actor, target, (found.row.author_id, found.author), reason.as_deref())?;
            Ok((access, person))
        })
        .await?;
    Ok(json::ok(&person))
}

/// Notes a warning, tells the person and records it.
fn warn(
    conn: &mut Conn,
    access: &Access,
    actor: Actor,
    (post, comment): (PostId, Option<CommentId>),
    (of, pseudonym): Author,
    reason: &Reason,
) -> Result<()> {
    policy::warn(access, pseudonym.is_some())?;
    let author = author(conn, access, of)?;
    let is_gone = users::queries::get(conn, of)?.status == UserStatus::Deleted;
    let Some(author) = author.filter(|_| !is_gone) else {
        return Err(Error::new(Code::InvalidState, "There is nobody to warn: the author has no part in this group."));
    };
    let now = Timestamp::now();
    memberships::queries::warn(conn, actor, &author, (post, comment), reason, now)?;
    let (target, id) = match comment {
        Some(comment) => (AuditTarget::Comment, comment.uuid()),
        None => (AuditTarget::Post, post.uuid()),
    };
    let author = AuditChange::new("author_id", None, Some(&of.to_string()));
    let entry = Entry::new(AuditAction::MemberWarned, target, id).within(access.group_id()).with_changes(vec![author]);
    audit::queries::record(conn, Some(&actor), entry.with_reason(Some(reason.as_str())), now)
}

/// Warn the author of a post
///
/// For those who moderate, of what somebody wrote who is not above them. The person is told, and reads the reason in the history of
/// their membership, where all warnings are kept.
#[utoipa::path(tag = "posts", operation_id = "create_post_warning",
    security(("bearer" = []), ("api_key" = ["posts:write"])), request_body = NewWarning,
    params(("Praxis-Access-Reason" = Option<String>, Header, description = "Why an administrator who is no member reads this")), responses(
    (status = 204, description = "Warned"),
    (status = 403, description = "Not for this caller, or somebody above the caller (`forbidden`)"),
    (status = 404, description = "No such post"),
    (status = 409, description = "It has no name, or the author has, or had, no part in the group, or is gone (`invalid_state`)"),
))]
#[post("/posts/{post_id}/warnings")]
async fn create_post_warning(
    reader: Reader,
    db: web::Data<Db>,
    post_id: web::Path<PostId>,
    once: Once,
    body: Body<NewWarning>,
) -> Result<HttpResponse> {
    let ticket = once.ticket(&reader.actor()?)?;
    let made = reader
        .write(&db, Action::ReadPosts, move |conn, actor| {
            let (access, post) = posts::queries::lock(conn, actor.viewer(), *post_id)?;
            let made = ticket.run(conn, actor.user_id, |conn| {
                warn(conn, &access, actor, (post.id, None), (post.author_id, post.pseudonym_id), &body.0.reason)?;
                Ok(Made::no_content())
            })?;
            Ok((access, made))
        })
        .await?;
    Ok(idempotency::respond(made))
}

/// Warn the author of a comment
///
/// The same as of a post.
#[utoipa::path(tag = "posts", operation_id = "create_comment_warning",
    security(("bearer" = []), ("api_key" = ["posts:write"])), request_body = NewWarning,
    params(("Praxis-Access-Reason" = Option<String>, Header, description = "Why an administrator who is no member reads this")), responses(
    (status = 204, description = "Warned"),
    (status = 403, description = "Not for this caller, or somebody above the caller (`forbidden`)"),
    (status = 404, description = "No such comment"),
    (status = 409, description = "It has no name, or the author has, or had, no part in the group, or is gone (`invalid_state`)"),
))]
#[post("/comments/{comment_id}/warnings")]
async fn create_comment_warning(
    reader: Reader,
    db: web::Data<Db>,
    comment_id: web::Path<CommentId>,
    once: Once,
    body: Body<NewWarning>,
) -> Result<HttpResponse> {
    let ticket = once.ticket(&reader.actor()?)?;
    let made = reader
        .write(&db, Action::ReadPosts, move |conn, actor| {
            let (access, post, found) = comments::queries::lock(conn, actor.viewer(), *comment_id)?;
            let row = found.row;
            let made = ticket.run(conn, actor.user_id, |conn| {
                warn(conn, &access, actor, (post.id, Some(row.id)), (row.author_id, row.pseudonym_id), &body.0.reason)?;
                Ok(Made::no_content())
            })?;
            Ok((access, made))
        })
        .await?;
    Ok(idempotency::respond(made))
}

fn entry(action: AuditAction, access: &Access, user: UserId, change: &ContentChange, reason: Option<&Reason>) -> Entry {
    let said = |field: &str, value: String| AuditChange::new(field, None, Some(&value));
    let changes = vec![
        said("post_count", change.post_count.to_string()),
        said("comment_count", change.comment_count.to_string()),
        said("deleted_at", change.deleted_at.to_string()),
    ];
    Entry::user(action, user).within(access.group_id()).with_changes(changes).with_reason(reason.map(Reason::as_str))
}

/// Take away all that a person wrote in a group
///
/// For those who moderate, of somebody who is not above them; with `ban` for those who manage members. What was published is
/// deleted, up to 100 conversations and 500 comments at a time, and can be brought back for thirty days. It is one entry in the
/// audit log.
#[utoipa::path(tag = "memberships", operation_id = "delete_member_content",
    security(("bearer" = []), ("api_key" = ["posts:write"])),
    request_body = ContentDeletion,
    params(("Praxis-Access-Reason" = Option<String>, Header, description = "Why an administrator who is no member reads this")), responses(
    (status = 200, description = "What was deleted", body = ContentChange),
    (status = 403, description = "Not for this caller, or somebody above the caller (`forbidden`)"),
    (status = 404, description = "No such group, or, where they are to be banned, nobody who ever had to do with it"),
    (status = 409, description = "The last owner is not banned (`last_owner`)"),
))]
#[post("/groups/{group_id}/members/{user_id}/content:delete")]
async fn delete_member_content(
    reader: Reader,
    db: web::Data<Db>,
    path: web::Path<(GroupId, UserId)>,
    body: Body<ContentDeletion>,
) -> Result<HttpResponse> {
    let ((group_id, user_id), deletion) = (path.into_inner(), body.0);
    let change = reader
        .write(&db, Action::ReadPosts, move |conn, actor| {
            shares::lock(conn, Sharing::OfAuthor(group_id, user_id), &[group_id])?;
            let access = Access::lock(conn, actor.viewer(), group_id)?;
            author(conn, &access, user_id)?;
            let now = Timestamp::now();
            if deletion.ban {
                let (state, reason) = (Set(Some(MemberState::Banned)), Set(Some(deletion.reason.clone())));
                let banned_until = Patch(Some(None));
                let ban = MemberPatch { state, banned_until, reason, ..MemberPatch::default() };
                memberships::routes::change_member(conn, &access, actor, user_id, &ban, now)?;
            }
            let change = queries::delete(conn, &access, user_id, now)?;
            let deleted = entry(AuditAction::ContentDeleted, &access, user_id, &change, Some(&deletion.reason));
            audit::queries::record(conn, Some(&actor), deleted, now)?;
            Ok((access, change))
        })
        .await?;
    Ok(json::ok(&change))
}

/// Bring back what was taken away of a person's
///
/// For those who moderate: what others deleted of this person's at this time, within thirty days. A ban is lifted by itself.
#[utoipa::path(tag = "memberships", operation_id = "restore_member_content",
    security(("bearer" = []), ("api_key" = ["posts:write"])),
    request_body = ContentRestoration,
    params(("Praxis-Access-Reason" = Option<String>, Header, description = "Why an administrator who is no member reads this")), responses(
    (status = 200, description = "What came back", body = ContentChange),
    (status = 403, description = "Not for this caller, or somebody above the caller (`forbidden`, `members_only`)"),
    (status = 404, description = "No such group, or nothing that was deleted then"),
))]
#[post("/groups/{group_id}/members/{user_id}/content:restore")]
async fn restore_member_content(
    reader: Reader,
    db: web::Data<Db>,
    path: web::Path<(GroupId, UserId)>,
    body: Body<ContentRestoration>,
) -> Result<HttpResponse> {
    let ((group_id, user_id), restoration) = (path.into_inner(), body.0);
    let change = reader
        .write(&db, Action::ReadPosts, move |conn, actor| {
            shares::lock(conn, Sharing::OfAuthor(group_id, user_id), &[group_id])?;
            let access = Access::lock(conn, actor.viewer(), group_id)?;
            author(conn, &access, user_id)?;
            let now = Timestamp::now();
            if restoration.deleted_at < now.before(KEPT) {
                return Err(Error::not_found());
            }
            let change = queries::restore(conn, &access, user_id, restoration.deleted_at, now)?;
            if (change.post_count, change.comment_count) == (0, 0) {
                return Err(Error::not_found());
            }
            let restored = entry(AuditAction::ContentRestored, &access, user_id, &change, restoration.reason.as_ref());
            audit::queries::record(conn, Some(&actor), restored, now)?;
            Ok((access, change))
        })
        .await?;
    Ok(json::ok(&change))
}
