//! Whether the process lives and whether it should get requests.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix_web::{HttpResponse, get, web};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::db::Db;
use crate::error::{Code, Error, Result};

/// The longest that a ready database takes to answer.
const PATIENCE: Duration = Duration::from_millis(500);

/// Set when the server has been told to stop.
#[derive(Debug, Default)]
pub struct Draining(pub AtomicBool);

/// That all is well.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    /// Always `ok`; anything else is a problem.
    #[schema(example = "ok")]
    pub status: &'static str,
}

/// The routes outside `/api/v1`.
pub fn configure_root(config: &mut ServiceConfig<'_>) {
    config.service(get_live).service(get_ready);
}

/// Say whether the process lives
///
/// It asks nothing else: restart the process when this fails.
#[utoipa::path(tag = "operations", operation_id = "get_live", security(()), responses(
    (status = 200, description = "It lives", body = Health),
))]
#[get("/health/live")]
async fn get_live() -> HttpResponse {
    HttpResponse::Ok().json(Health { status: "ok" })
}

/// Say whether requests should come here
///
/// Not while the database is away or the server stops.
#[utoipa::path(tag = "operations", operation_id = "get_ready", security(()), responses(
    (status = 200, description = "Ready", body = Health),
))]
#[get("/health/ready")]
async fn get_ready(db: web::Data<Db>, draining: web::Data<Draining>) -> Result<HttpResponse> {
    if draining.0.load(Ordering::Relaxed) {
        return Err(Error::new(Code::Busy, "The server is stopping."));
    }
    let late = || Error::new(Code::DatabaseUnavailable, "The database takes too long to answer.");
    let answer = db.read(|conn| Ok(conn.execute("SELECT 1")?));
    tokio::time::timeout(PATIENCE, answer).await.map_err(|_| late())??;
    Ok(HttpResponse::Ok().json(Health { status: "ok" }))
}
