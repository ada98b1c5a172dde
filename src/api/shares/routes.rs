//! `/posts/{post_id}/shares/{group_id}` and `…/pin`.

use actix_web::{HttpResponse, delete, put, web};
use utoipa_actix_web::service_config::ServiceConfig;

use super::model::Placement;
use super::{policy, queries};
use crate::api::audit;
use crate::api::audit::model::{AuditAction, AuditTarget, Entry};
use crate::api::memberships::access::Reader;
use crate::api::memberships::model::Action;
use crate::api::memberships::policy::future;
use crate::api::posts;
use crate::api::posts::model::{Pinning, Post, ShareAction};
use crate::auth::actor::Actor;
use crate::db::{Conn, Db};
use crate::error::Result;
use crate::http::conditional::{self, Version};
use crate::http::json::{self, Body};
use crate::types::{GroupId, PostId, Timestamp};

/// The routes of this feature.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config.service(share_post).service(unshare_post).service(pin_share).service(unpin_share);
}

/// What an entry of the group's audit log says of something done to a post that stands in it.
fn entry(action: AuditAction, placement: &Placement) -> Entry {
    Entry::new(action, AuditTarget::Post, placement.post.id.uuid()).within(placement.group.group_id())
}

/// The post as the caller sees it now, with the version of its words.
fn view(conn: &mut Conn, placement: &Placement, now: Timestamp) -> Result<(Version, Post)> {
    let found = posts::queries::read(conn, placement.post.id, placement.own.user_id())?;
    Ok((found.row.version(), posts::views::one(conn, &placement.own, found, now)?))
}

/// Share a post with another group
///
/// It stands in that group, too, from now on: in its list, its activity and the feeds of its members. For whoever could begin such a
/// conversation there, and for posts that everybody may read. Who wants to answer does so in the post's own group. Doing
/// it again changes nothing; what was taken out only those who moderate bring back.
#[utoipa::path(tag = "posts", operation_id = "share_post",
    security(("bearer" = []), ("api_key" = ["posts:write"])), responses(
    (status = 200, description = "The post as it is now", body = Post),
    (status = 403, description = "Not for this caller (`forbidden`, `members_only`, `access_reason_needed`)"),
    (status = 404, description = "No such post, or no such group"),
    (status = 409, description = "Not everybody may read it, it belongs to this group, it stands in too many, or the group is archived (`invalid_state`, `archived`, `review_needed`)"),
))]
#[put("/posts/{post_id}/shares/{group_id}")]
async fn share_post(actor: Actor, db: web::Data<Db>, path: web::Path<(PostId, GroupId)>) -> Result<HttpResponse> {
    let (post, group) = path.into_inner();
    let (version, post) = actor
        .write(&db, move |conn| {
            let placement = queries::lock(conn, actor.viewer(), post, group)?;
            policy::share(&placement)?;
            // under the lock, so that what comes later in the group has a later time
            let now = Timestamp::now();
            if placement.standing().is_none() {
                queries::insert(conn, &placement, now)?;
                if placement.share.is_some() {
                    audit::queries::record(conn, Some(&actor), entry(AuditAction::ContentRestored, &placement), now)?;
                }
            }
            view(conn, &placement, now)
        })
        .await?;
    Ok(conditional::ok(version, &post))
}

/// Take a post out of another group
///
/// For who shared it, who wrote it, and those who moderate that group. In its own group it stays.
#[utoipa::path(tag = "posts", operation_id = "unshare_post",
    security(("bearer" = []), ("api_key" = ["posts:write"])),
    params(("Praxis-Access-Reason" = Option<String>, Header, description = "Why an administrator who is no member reads this")), responses(
    (status = 204, description = "It does not stand there any more"),
    (status = 403, description = "Not for this caller (`forbidden`)"),
    (status = 404, description = "No such post or group, or it does not stand there"),
    (status = 409, description = "The group is archived (`archived`)"),
))]
#[delete("/posts/{post_id}/shares/{group_id}")]
async fn unshare_post(reader: Reader, db: web::Data<Db>, path: web::Path<(PostId, GroupId)>) -> Result<HttpResponse> {
    let (post, group) = path.into_inner();
    reader
        .write(&db, Action::ReadPosts, move |conn, actor| {
            let placement = queries::lock(conn, actor.viewer(), post, group)?;
            let share = policy::require(&placement, ShareAction::Unshare)?;
            let now = Timestamp::now();
            queries::remove(conn, &placement, &share, now)?;
            // who wrote it without their name is not told by what they do with it
            let is_secret = placement.post.pseudonym_id.is_some() && actor.user_id == placement.post.author_id;
            if actor.user_id != share.shared_by && !is_secret {
                audit::queries::record(conn, Some(&actor), entry(AuditAction::ContentDeleted, &placement), now)?;
            }
            Ok((placement.group, ()))
        })
        .await?;
    Ok(json::no_content())
}

/// Pin a post in another group
///
/// At the top of the group with which it was shared, until a time or for good: for those who moderate that group.
/// Doing it again changes the time.
#[utoipa::path(tag = "posts", operation_id = "pin_share",
    security(("bearer" = []), ("api_key" = ["posts:write"])), request_body = Pinning, responses(
    (status = 200, description = "The post as it is now", body = Post),
    (status = 403, description = "Not for this caller (`forbidden`, `access_reason_needed`)"),
    (status = 404, description = "No such post or group, or it does not stand there"),
    (status = 409, description = "The group is archived (`archived`)"),
))]
#[put("/posts/{post_id}/shares/{group_id}/pin")]
async fn pin_share(
    actor: Actor,
    db: web::Data<Db>,
    path: web::Path<(PostId, GroupId)>,
    pinning: Body<Pinning>,
) -> Result<HttpResponse> {
    future("/until", pinning.0.until, Timestamp::now())?;
    set_pinned(actor, &db, path.into_inner(), Some(pinning.0)).await
}

/// Unpin a post in another group
///
/// For those who moderate that group.
#[utoipa::path(tag = "posts", operation_id = "unpin_share",
    security(("bearer" = []), ("api_key" = ["posts:write"])), responses(
    (status = 200, description = "The post as it is now", body = Post),
    (status = 403, description = "Not for this caller (`forbidden`)"),
    (status = 404, description = "No such post or group, or it does not stand there"),
    (status = 409, description = "The group is archived (`archived`)"),
))]
#[delete("/posts/{post_id}/shares/{group_id}/pin")]
async fn unpin_share(actor: Actor, db: web::Data<Db>, path: web::Path<(PostId, GroupId)>) -> Result<HttpResponse> {
    set_pinned(actor, &db, path.into_inner(), None).await
}

async fn set_pinned(
    actor: Actor,
    db: &Db,
    (post, group): (PostId, GroupId),
    pinning: Option<Pinning>,
) -> Result<HttpResponse> {
    let (version, post) = actor
        .write(db, move |conn| {
            let placement = queries::lock(conn, actor.viewer(), post, group)?;
            policy::require(&placement, ShareAction::Pin)?;
            let now = Timestamp::now();
            if queries::pin(conn, &placement, pinning, now)? {
                let action = if pinning.is_some() { AuditAction::PostPinned } else { AuditAction::PostUnpinned };
                audit::queries::record(conn, Some(&actor), entry(action, &placement), now)?;
            }
            view(conn, &placement, now)
        })
        .await?;
    Ok(conditional::ok(version, &post))
}
