//! `/groups/{group_id}/ownership-offer`.

use std::time::Duration;

use actix_web::{HttpResponse, delete, get, post, put, web};
use utoipa_actix_web::service_config::ServiceConfig;

use super::model::{NewOwnershipOffer, OFFER_DAYS, OwnershipOffer};
use super::{policy, queries};
use crate::api::audit::model::{AuditAction, AuditChange, Entry};
use crate::api::memberships::access::Access;
use crate::api::memberships::model::{OwnMembership, Role, State};
use crate::api::memberships::queries::Change;
use crate::api::{audit, memberships};
use crate::auth::actor::Actor;
use crate::db::sql_types::TextEnum as _;
use crate::db::{Conn, Db};
use crate::error::{Error, Result};
use crate::http::json::{self, Body};
use crate::types::{GroupId, Timestamp};

/// The routes of this feature.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config.service(offer_ownership).service(get_ownership_offer).service(delete_ownership_offer);
    config.service(accept_ownership);
}

/// Offer the ownership
///
/// For owners: to a member who is none, for 14 days. Nothing changes before it is accepted. It takes the place of the offer
/// that there is.
#[utoipa::path(tag = "memberships", operation_id = "offer_ownership",
    security(("bearer" = []), ("api_key" = ["members:write"])),
    request_body = NewOwnershipOffer, responses(
    (status = 200, description = "The offer", body = OwnershipOffer),
    (status = 403, description = "Not an owner (`forbidden`)"),
    (status = 404, description = "No such group"),
))]
#[put("/groups/{group_id}/ownership-offer")]
async fn offer_ownership(
    actor: Actor,
    db: web::Data<Db>,
    group_id: web::Path<GroupId>,
    body: Body<NewOwnershipOffer>,
) -> Result<HttpResponse> {
    let (new, now) = (body.0, Timestamp::now());
    let offer = OwnershipOffer {
        group_id: *group_id,
        from_id: actor.user_id,
        to_id: new.user_id,
        role_afterwards: new.role_afterwards.unwrap_or(Role::Facilitator),
        created_at: now,
        expires_at: now.after(Duration::from_hours(24 * OFFER_DAYS)),
    };
    actor
        .write(&db, move |conn| {
            let access = Access::lock(conn, actor.viewer(), offer.group_id)?;
            policy::offer(&access)?;
            policy::receive(memberships::queries::find(conn, offer.group_id, offer.to_id)?.as_ref())?;
            queries::replace(conn, &offer)?;
            let entry = Entry::user(AuditAction::OwnershipOffered, offer.to_id).within(offer.group_id);
            audit::queries::record(conn, Some(&actor), entry, now)
        })
        .await?;
    Ok(json::ok(&offer))
}

/// Get the offer of ownership
///
/// For owners and for the member to whom it is made.
#[utoipa::path(tag = "memberships", operation_id = "get_ownership_offer",
    security(("bearer" = []), ("api_key" = ["members:read"])), responses(
    (status = 200, description = "The offer", body = OwnershipOffer),
    (status = 404, description = "No such group, or no offer that the caller may know of"),
))]
#[get("/groups/{group_id}/ownership-offer")]
async fn get_ownership_offer(actor: Actor, db: web::Data<Db>, group_id: web::Path<GroupId>) -> Result<HttpResponse> {
    let offer = db
        .read(move |conn| {
            let access = Access::find(conn, actor.viewer(), *group_id)?;
            policy::find(&access, queries::find(conn, access.group_id())?)
        })
        .await?;
    Ok(json::ok(&offer))
}

/// Take back or decline the offer of ownership
///
/// For owners and for the member to whom it is made.
#[utoipa::path(tag = "memberships", operation_id = "delete_ownership_offer",
    security(("bearer" = []), ("api_key" = ["members:write"])), responses(
    (status = 204, description = "There is no offer any more"),
    (status = 404, description = "No such group, or no offer that the caller may know of"),
))]
#[delete("/groups/{group_id}/ownership-offer")]
async fn delete_ownership_offer(actor: Actor, db: web::Data<Db>, group_id: web::Path<GroupId>) -> Result<HttpResponse> {
    let now = Timestamp::now();
    actor
        .write(&db, move |conn| {
            let access = Access::lock(conn, actor.viewer(), *group_id)?;
            let offer = queries::find(conn, access.group_id())?;
            let offer = policy::find(&access, offer)?;
            queries::delete(conn, access.group_id())?;
            let entry = Entry::user(AuditAction::OwnershipOfferEnded, offer.to_id).within(access.group_id());
            audit::queries::record(conn, Some(&actor), entry, now)
        })
        .await?;
    Ok(json::no_content())
}

/// Accept the ownership
///
/// The caller becomes an owner, and the one who offered it gets the role that the offer says, in one step.
#[utoipa::path(tag = "memberships", operation_id = "accept_ownership",
    security(("bearer" = []), ("api_key" = ["members:write"])), responses(
    (status = 200, description = "One's membership now", body = OwnMembership),
    (status = 403, description = "It is offered to somebody else (`forbidden`)"),
    (status = 404, description = "No such group, or no offer that the caller may know of"),
    (status = 409, description = "Not a member any more (`invalid_state`)"),
    (status = 410, description = "The offer has expired, or whoever made it owns the group no more"),
))]
#[post("/groups/{group_id}/ownership-offer/accept")]
async fn accept_ownership(actor: Actor, db: web::Data<Db>, group_id: web::Path<GroupId>) -> Result<HttpResponse> {
    let now = Timestamp::now();
    let membership = actor
        .write(&db, move |conn| {
            let access = Access::lock(conn, actor.viewer(), *group_id)?;
            let offer = policy::find(&access, queries::find(conn, access.group_id())?)?;
            let from = memberships::queries::find(conn, offer.group_id, offer.from_id)?;
            policy::accept(&access, &offer, from.as_ref(), now)?;
            hand_over(conn, actor, &offer, now)
        })
        .await?;
    Ok(json::ok(&OwnMembership::from(membership)))
}

fn hand_over(
    conn: &mut Conn,
    actor: Actor,
    offer: &OwnershipOffer,
    now: Timestamp,
) -> Result<memberships::model::Membership> {
    queries::delete(conn, offer.group_id)?;
    let mut give = |user, role| {
        let before = memberships::queries::find(conn, offer.group_id, user)?.ok_or_else(Error::not_found)?;
        if before.role == role {
            return Ok(before);
        }
        let change = Change::new(offer.group_id, user, Some(actor), Some(before), State::Active);
        memberships::queries::change(conn, &change.with_role(role, None), now)
    };
    let mine = give(offer.to_id, Role::Owner)?;
    give(offer.from_id, offer.role_afterwards)?;
    let changes = vec![AuditChange::new("role_afterwards", Some("owner"), Some(offer.role_afterwards.as_str()))];
    let entry = Entry::user(AuditAction::OwnershipTransferred, offer.from_id).within(offer.group_id);
    audit::queries::record(conn, Some(&actor), entry.with_changes(changes), now)?;
    Ok(mine)
}
