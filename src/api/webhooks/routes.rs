//! `/me/webhooks`.

use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, web};
use utoipa_actix_web::service_config::ServiceConfig;

use super::model::{
    Delivery, DeliveryPage, DeliveryQuery, DeliveryRow, IssuedWebhook, NewWebhook, NewWebhookSecret, Webhook,
    WebhookPage, WebhookPatch, WebhookRow, WebhookStatus,
};
use super::outlet::Outlet;
use super::{policy, queries};
use crate::api::idempotency::{Made, Once};
use crate::api::memberships::access::Access;
use crate::api::{event_stream, users};
use crate::auth::actor::Actor;
use crate::auth::tokens;
use crate::db::sql_types::JsonList;
use crate::db::{Conn, Db};
use crate::error::{Error, Result};
use crate::http::json::{self, Body};
use crate::http::page::{self, Page};
use crate::http::query::Query;
use crate::types::{DeliveryId, Timestamp, WebhookId};

/// The routes of this feature.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config.service(list_webhooks).service(create_webhook).service(get_webhook).service(update_webhook);
    config.service(delete_webhook).service(create_webhook_secret).service(create_webhook_ping);
    config.service(list_webhook_deliveries).service(create_webhook_redelivery);
}

fn place(id: WebhookId) -> String {
    format!("/api/v1/me/webhooks/{id}")
}

/// Deliveries with their events as the owner may know of them now; others are left out.
fn shown(conn: &mut Conn, actor: &Actor, rows: Vec<DeliveryRow>) -> Result<Vec<Delivery>> {
    let happened: Vec<_> = rows.iter().map(DeliveryRow::event).collect();
    let told = event_stream::queries::told(conn, actor.viewer(), &happened)?;
    let shown = rows.into_iter().filter_map(|row| {
        let event = told.iter().find(|event| event.id == row.event_id)?.clone();
        Some(Delivery::new(row, event))
    });
    Ok(shown.collect())
}

/// List one's webhooks
///
/// All of them, at most 20; an API key's are those that it made.
#[utoipa::path(tag = "webhooks", operation_id = "list_webhooks",
    security(("bearer" = []), ("api_key" = ["webhooks:read"])), responses(
    (status = 200, description = "The webhooks", body = WebhookPage),
))]
#[get("/me/webhooks")]
async fn list_webhooks(actor: Actor, db: web::Data<Db>) -> Result<HttpResponse> {
    let now = Timestamp::now();
    let rows = db.read(move |conn| queries::list(conn, &actor)).await?;
    let items = rows.into_iter().map(|row| Webhook::new(row, now)).collect();
    Ok(json::ok(&WebhookPage { items, next_cursor: None }))
}

/// Make a webhook
///
/// It is told what happens from now on, by a POST with an `Event` for each, as far as one may know of it at that moment; signed
/// as Standard Webhooks have it. What signs is shown this once.
#[utoipa::path(tag = "webhooks", operation_id = "create_webhook",
    security(("bearer" = []), ("api_key" = ["webhooks:write"])), request_body = NewWebhook, responses(
    (status = 201, description = "The webhook and its secret", body = IssuedWebhook),
    (status = 409, description = "One has 20 already (`in_use`)"),
))]
#[post("/me/webhooks")]
async fn create_webhook(
    actor: Actor,
    db: web::Data<Db>,
    outlet: web::Data<Outlet>,
    once: Once,
    body: Body<NewWebhook>,
) -> Result<HttpResponse> {
    let (new, now) = (body.0, Timestamp::now());
    outlet.reach().check(new.url.as_str())?;
    once.write(actor, &db, move |conn| {
        users::queries::lock_belongings(conn, actor.user_id)?;
        policy::create(queries::count(conn, actor.user_id)?)?;
        let groups = new.group_ids.as_ref().map(|groups| groups.0.clone());
        Access::require_known(conn, actor.viewer(), groups.as_deref().unwrap_or_default())?;
        let row = WebhookRow {
            id: WebhookId::new(),
            user_id: actor.user_id,
            api_key_id: actor.key_id(),
            url: new.url.as_str().to_owned(),
            description: new.description.as_ref().map(|text| text.as_str().to_owned()).unwrap_or_default(),
            types: new.types.as_ref().map(|types| JsonList(types.0.clone())),
            group_ids: groups.map(JsonList),
            status: WebhookStatus::Active,
            secret: tokens::new_webhook_secret()?,
            previous_secret: None,
            previous_valid_until: None,
            failing_since: None,
            switched_at: now,
            created_at: now,
            updated_at: now,
        };
        queries::insert(conn, &row)?;
        let (id, secret) = (row.id, row.secret.clone());
        Ok(Made::created(&IssuedWebhook { webhook: Webhook::new(row, now), secret })?.at(place(id)))
    })
    .await
}

/// Get a webhook
#[utoipa::path(tag = "webhooks", operation_id = "get_webhook",
    security(("bearer" = []), ("api_key" = ["webhooks:read"])), responses(
    (status = 200, description = "The webhook", body = Webhook),
    (status = 404, description = "No such webhook of one's own"),
))]
#[get("/me/webhooks/{webhook_id}")]
async fn get_webhook(actor: Actor, db: web::Data<Db>, webhook_id: web::Path<WebhookId>) -> Result<HttpResponse> {
    let row = db.read(move |conn| queries::get(conn, &actor, *webhook_id)).await?;
    Ok(json::ok(&Webhook::new(row, Timestamp::now())))
}

/// Change a webhook
///
/// While it is paused or disabled it is told nothing, nor afterwards what happened meanwhile; what was to be told before is sent once
/// it is active again.
#[utoipa::path(tag = "webhooks", operation_id = "update_webhook",
    security(("bearer" = []), ("api_key" = ["webhooks:write"])), request_body = WebhookPatch, responses(
    (status = 200, description = "The webhook as it is now", body = Webhook),
    (status = 404, description = "No such webhook of one's own"),
))]
#[patch("/me/webhooks/{webhook_id}")]
async fn update_webhook(
    actor: Actor,
    db: web::Data<Db>,
    outlet: web::Data<Outlet>,
    webhook_id: web::Path<WebhookId>,
    patch: Body<WebhookPatch>,
) -> Result<HttpResponse> {
    let now = Timestamp::now();
    if let Some(url) = &patch.0.url.0 {
        outlet.reach().check(url.as_str())?;
    }
    let row = actor
        .write(&db, move |conn| {
            users::queries::lock_belongings(conn, actor.user_id)?;
            let before = queries::lock(conn, &actor, *webhook_id)?;
            if let Some(Some(groups)) = &patch.0.group_ids.0 {
                Access::require_known(conn, actor.viewer(), &groups.0)?;
            }
            queries::update(conn, &before, &patch.0, now)
        })
        .await?;
    Ok(json::ok(&Webhook::new(row, now)))
}

/// Delete a webhook
///
/// It is told nothing from then on, and what it was told is forgotten.
#[utoipa::path(tag = "webhooks", operation_id = "delete_webhook",
    security(("bearer" = []), ("api_key" = ["webhooks:write"])), responses(
    (status = 204, description = "Deleted"),
    (status = 404, description = "No such webhook of one's own"),
))]
#[delete("/me/webhooks/{webhook_id}")]
async fn delete_webhook(actor: Actor, db: web::Data<Db>, webhook_id: web::Path<WebhookId>) -> Result<HttpResponse> {
    actor
        .write(&db, move |conn| {
            let own = queries::get(conn, &actor, *webhook_id)?;
            queries::delete(conn, &own)
        })
        .await?;
    Ok(json::no_content())
}

/// Give a webhook a new secret
///
/// The secret until now signs too for a while, so that receivers can be changed over; the new one is shown this once.
#[utoipa::path(tag = "webhooks", operation_id = "create_webhook_secret",
    security(("bearer" = []), ("api_key" = ["webhooks:write"])), request_body = NewWebhookSecret, responses(
    (status = 201, description = "The webhook and its new secret", body = IssuedWebhook),
    (status = 404, description = "No such webhook of one's own"),
))]
#[post("/me/webhooks/{webhook_id}/secrets")]
async fn create_webhook_secret(
    actor: Actor,
    db: web::Data<Db>,
    webhook_id: web::Path<WebhookId>,
    once: Once,
    body: Body<NewWebhookSecret>,
) -> Result<HttpResponse> {
    let (new, now) = (body.0, Timestamp::now());
    once.write(actor, &db, move |conn| {
        users::queries::lock_belongings(conn, actor.user_id)?;
        let before = queries::get(conn, &actor, *webhook_id)?;
        let (secret, overlap) = (tokens::new_webhook_secret()?, Duration::from_mins(u64::from(new.overlap_minutes.0)));
        let row = queries::rotate(conn, &before, &secret, now.after(overlap), now)?;
        Ok(Made::created(&IssuedWebhook { webhook: Webhook::new(row, now), secret })?.at(place(before.id)))
    })
    .await
}

/// Try whether a webhook is reached
///
/// It is told a `ping`, once; what comes of it is among its deliveries. One at a time.
#[utoipa::path(tag = "webhooks", operation_id = "create_webhook_ping",
    security(("bearer" = []), ("api_key" = ["webhooks:write"])), responses(
    (status = 201, description = "What is about to be sent", body = Delivery),
    (status = 409, description = "A ping is on its way (`in_use`)"),
    (status = 404, description = "No such webhook of one's own"),
))]
#[post("/me/webhooks/{webhook_id}/pings")]
async fn create_webhook_ping(
    actor: Actor,
    db: web::Data<Db>,
    webhook_id: web::Path<WebhookId>,
    once: Once,
) -> Result<HttpResponse> {
    let now = Timestamp::now();
    once.write(actor, &db, move |conn| {
        users::queries::lock_belongings(conn, actor.user_id)?;
        let webhook = queries::get(conn, &actor, *webhook_id)?;
        policy::ping(queries::is_pinged(conn, webhook.id)?)?;
        let row = queries::ping(conn, webhook.id, now)?;
        let sent = shown(conn, &actor, vec![row])?.pop().ok_or_else(Error::not_found)?;
        Ok(Made::created(&sent)?.at(format!("{}/deliveries", place(webhook.id))))
    })
    .await
}

/// List what a webhook was told
///
/// Newest first, for a month; what one may not know of any more is left out.
#[utoipa::path(tag = "webhooks", operation_id = "list_webhook_deliveries",
    security(("bearer" = []), ("api_key" = ["webhooks:read"])), params(DeliveryQuery), responses(
    (status = 200, description = "One page of deliveries", body = DeliveryPage),
    (status = 404, description = "No such webhook of one's own"),
))]
#[get("/me/webhooks/{webhook_id}/deliveries")]
async fn list_webhook_deliveries(
    request: HttpRequest,
    actor: Actor,
    db: web::Data<Db>,
    webhook_id: web::Path<WebhookId>,
    query: Query<DeliveryQuery>,
) -> Result<HttpResponse> {
    let (query, webhook) = (query.into_inner(), *webhook_id);
    let page = Page::<i64>::new("deliveries", &(webhook, query.state), query.limit, query.cursor.as_deref())?;
    let body = db
        .read(move |conn| {
            queries::get(conn, &actor, webhook)?;
            let rows = queries::deliveries(conn, webhook, &query, &page)?;
            let (rows, next_cursor) = page.cut(rows, |row| (row.created_at.micros(), row.id.uuid()));
            Ok(DeliveryPage { items: shown(conn, &actor, rows)?, next_cursor })
        })
        .await?;
    Ok(page::ok(&request, &body, body.next_cursor.as_deref()))
}

/// Send something again
///
/// Whatever came of it before: it is sent at once, or once the webhook is active and what comes before it in its group is sent, and
/// again as something new would be. The `webhook-id` is the same.
#[utoipa::path(tag = "webhooks", operation_id = "create_webhook_redelivery",
    security(("bearer" = []), ("api_key" = ["webhooks:write"])), responses(
    (status = 201, description = "What is about to be sent", body = Delivery),
    (status = 404, description = "No such delivery of one's own webhook"),
    (status = 409, description = "It is being sent, or is a ping and one is on its way (`in_use`)"),
))]
#[post("/me/webhooks/{webhook_id}/deliveries/{delivery_id}/redelivery")]
async fn create_webhook_redelivery(
    actor: Actor,
    db: web::Data<Db>,
    path: web::Path<(WebhookId, DeliveryId)>,
    once: Once,
) -> Result<HttpResponse> {
    let now = Timestamp::now();
    once.write(actor, &db, move |conn| {
        let (webhook, delivery) = *path;
        users::queries::lock_belongings(conn, actor.user_id)?;
        let webhook = queries::lock(conn, &actor, webhook)?;
        let row = queries::send_again(conn, &webhook, delivery, now)?;
        let sent = shown(conn, &actor, vec![row])?.pop().ok_or_else(Error::not_found)?;
        Ok(Made::created(&sent)?.at(format!("{}/deliveries", place(webhook.id))))
    })
    .await
}
