//! `/admin/settings`.

use actix_web::{HttpResponse, get, patch, web};
use utoipa_actix_web::service_config::ServiceConfig;

use super::model::{Settings, SettingsPatch};
use super::queries;
use crate::api::audit;
use crate::api::audit::model::{AuditAction, AuditChange, Entry};
use crate::auth::actor::Actor;
use crate::db::Db;
use crate::error::Result;
use crate::http::conditional::{self, IfMatch};
use crate::http::json::Body;
use crate::types::Timestamp;

/// The routes of this feature.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config.service(get_settings).service(update_settings);
}

/// Get the platform's settings
///
/// Administrators only.
#[utoipa::path(tag = "admin", operation_id = "get_settings",
    security(("bearer" = ["admin"]), ("api_key" = ["admin:read", "admin"])), responses(
    (status = 200, description = "The settings", body = Settings),
    (status = 403, description = "Not an administrator (`forbidden`)"),
))]
#[get("/admin/settings")]
async fn get_settings(actor: Actor, db: web::Data<Db>) -> Result<HttpResponse> {
    actor.require_admin()?;
    let settings = db.read(queries::get).await?;
    Ok(conditional::ok(settings.updated_at, &settings))
}

/// Change the platform's settings
///
/// Administrators only. `If-Match` says which version is changed, so that nobody overwrites what they have not seen.
#[utoipa::path(tag = "admin", operation_id = "update_settings",
    security(("bearer" = ["admin"]), ("api_key" = ["admin:write", "admin"])), request_body = SettingsPatch,
    params(("If-Match" = String, Header, description = "The ETag of what you have read, or *")), responses(
    (status = 200, description = "The settings as they are now", body = Settings),
    (status = 403, description = "Not an administrator (`forbidden`)"),
))]
#[patch("/admin/settings")]
async fn update_settings(
    actor: Actor,
    db: web::Data<Db>,
    if_match: IfMatch,
    patch: Body<SettingsPatch>,
) -> Result<HttpResponse> {
    actor.require_admin()?;
    let now = Timestamp::now();
    let settings = actor
        .write(&db, move |conn| {
            queries::lock(conn)?;
            let before = queries::get(conn)?;
            if_match.check(before.updated_at)?;
            let after = queries::update(conn, &before, &patch.0, now)?;
            let changes = AuditChange::between(&before, &after);
            if !changes.is_empty() {
                let entry = Entry::platform(AuditAction::SettingsUpdated).with_changes(changes);
                audit::queries::record(conn, Some(&actor), entry, now)?;
            }
            Ok(after)
        })
        .await?;
    Ok(conditional::ok(settings.updated_at, &settings))
}
