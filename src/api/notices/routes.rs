//! `/me/notification-preferences`.

use actix_web::{HttpResponse, get, patch, web};
use utoipa_actix_web::service_config::ServiceConfig;

use super::model::{NoticePreferences, NoticePreferencesPatch};
use super::queries;
use crate::auth::actor::Actor;
use crate::db::Db;
use crate::error::Result;
use crate::http::json::{self, Body};

/// The routes of this feature.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config.service(get_notification_preferences).service(update_notification_preferences);
}

/// Get what one does not want to be told
///
/// By kind, wherever it happens. How much one wants to hear of a group is a property of one's membership.
#[utoipa::path(tag = "me", operation_id = "get_notification_preferences",
    security(("bearer" = []), ("api_key" = ["account:read"])), responses(
    (status = 200, description = "The kinds that one is not told", body = NoticePreferences),
))]
#[get("/me/notification-preferences")]
async fn get_notification_preferences(actor: Actor, db: web::Data<Db>) -> Result<HttpResponse> {
    let muted = db.read(move |conn| queries::muted(conn, actor.user_id)).await?;
    Ok(json::ok(&NoticePreferences { muted }))
}

/// Change what one does not want to be told
///
/// It holds for what happens from now on; what one was told before stays.
#[utoipa::path(tag = "me", operation_id = "update_notification_preferences",
    security(("bearer" = []), ("api_key" = ["account:write"])),
    request_body = NoticePreferencesPatch, responses(
    (status = 200, description = "The kinds that one is not told now", body = NoticePreferences),
))]
#[patch("/me/notification-preferences")]
async fn update_notification_preferences(
    actor: Actor,
    db: web::Data<Db>,
    patch: Body<NoticePreferencesPatch>,
) -> Result<HttpResponse> {
    let muted = actor
        .write(&db, move |conn| {
            if let Some(muted) = &patch.0.muted.0 {
                queries::set_muted(conn, actor.user_id, &muted.0)?;
            }
            queries::muted(conn, actor.user_id)
        })
        .await?;
    Ok(json::ok(&NoticePreferences { muted }))
}
