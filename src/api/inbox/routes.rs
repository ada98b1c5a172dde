//! `/me/notifications`.

use actix_web::{HttpRequest, HttpResponse, get, put, web};
use utoipa_actix_web::service_config::ServiceConfig;

use super::model::{Notification, NotificationPage, NotificationQuery, UnreadNotificationCount};
use super::queries;
use crate::auth::actor::Actor;
use crate::db::Db;
use crate::error::Result;
use crate::http::json;
use crate::http::page::{self, Page};
use crate::http::query::Query;
use crate::types::{NotificationId, Timestamp};

/// The routes of this feature.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config.service(list_my_notifications).service(get_unread_notification_count);
    config.service(read_notification).service(read_all_notifications);
}

/// List what one was told
///
/// The newest first, for 90 days; only what one may still read: what is deleted or in a group that one has left is not
/// there.
#[utoipa::path(tag = "me", operation_id = "list_my_notifications",
    security(("bearer" = []), ("api_key" = ["account:read", "posts:read"])), params(NotificationQuery),
    responses(
    (status = 200, description = "One page of notifications", body = NotificationPage),
))]
#[get("/me/notifications")]
async fn list_my_notifications(
    request: HttpRequest,
    actor: Actor,
    db: web::Data<Db>,
    query: Query<NotificationQuery>,
) -> Result<HttpResponse> {
    let query = query.into_inner();
    let filters = (actor.user_id, query.unread);
    let page = Page::<i64>::new("my-notifications", &filters, query.limit, query.cursor.as_deref())?;
    let cut = page.clone();
    let found = db.read(move |conn| queries::list(conn, &actor.viewer(), &query, &page)).await?;
    let (found, next_cursor) = cut.cut(found, queries::key);
    let body = NotificationPage { items: found.into_iter().map(Notification::from).collect(), next_cursor };
    Ok(page::ok(&request, &body, body.next_cursor.as_deref()))
}

/// Count what one was told and has not read
///
/// Exactly those that the list of unread notifications shows.
#[utoipa::path(tag = "me", operation_id = "get_unread_notification_count",
    security(("bearer" = []), ("api_key" = ["account:read"])), responses(
    (status = 200, description = "The number", body = UnreadNotificationCount),
))]
#[get("/me/notifications/unread-count")]
async fn get_unread_notification_count(actor: Actor, db: web::Data<Db>) -> Result<HttpResponse> {
    let count = db.read(move |conn| queries::count_unread(conn, &actor.viewer())).await?;
    Ok(json::ok(&UnreadNotificationCount { count: i32::try_from(count).unwrap_or(i32::MAX) }))
}

/// Mark a notification as read
///
/// Once more changes nothing.
#[utoipa::path(tag = "me", operation_id = "read_notification",
    security(("bearer" = []), ("api_key" = ["account:write"])), responses(
    (status = 204, description = "It is read"),
    (status = 404, description = "No such notification"),
))]
#[put("/me/notifications/{notification_id}/read")]
async fn read_notification(
    actor: Actor,
    db: web::Data<Db>,
    notification_id: web::Path<NotificationId>,
) -> Result<HttpResponse> {
    let now = Timestamp::now();
    actor.write(&db, move |conn| queries::set_read(conn, &actor.viewer(), *notification_id, now)).await?;
    Ok(json::no_content())
}

/// Mark all notifications as read
///
/// All that there are until now.
#[utoipa::path(tag = "me", operation_id = "read_all_notifications",
    security(("bearer" = []), ("api_key" = ["account:write"])), responses(
    (status = 204, description = "They are read"),
))]
#[put("/me/notifications/read")]
async fn read_all_notifications(actor: Actor, db: web::Data<Db>) -> Result<HttpResponse> {
    let now = Timestamp::now();
    actor.write(&db, move |conn| queries::set_all_read(conn, actor.user_id, now)).await?;
    Ok(json::no_content())
}
