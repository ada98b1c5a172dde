//! `/admin/users`: administrators list, approve, decline, suspend and reinstate people.

use actix_web::{HttpRequest, HttpResponse, get, patch, web};
use utoipa_actix_web::service_config::ServiceConfig;

use super::model::{Account, AccountPage, AccountQuery, UserPatch, UserStatus};
use super::{policy, queries};
use crate::auth::actor::Actor;
use crate::auth::revocations::Revocations;
use crate::db::Db;
use crate::error::Result;
use crate::http::conditional::{self, IfMatch};
use crate::http::json::Body;
use crate::http::page::{self, Page};
use crate::http::query::Query;
use crate::types::{Timestamp, UserId};

/// The routes of this feature.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config.service(list_users).service(get_user).service(update_user);
}

/// List people
///
/// Administrators only. Newest first.
#[utoipa::path(tag = "admin", operation_id = "list_users",
    security(("bearer" = ["admin"]), ("api_key" = ["admin:read", "admin"])), params(AccountQuery), responses(
    (status = 200, description = "One page of accounts", body = AccountPage),
    (status = 403, description = "Not an administrator (`forbidden`)"),
))]
#[get("/admin/users")]
async fn list_users(
    request: HttpRequest,
    actor: Actor,
    db: web::Data<Db>,
    query: Query<AccountQuery>,
) -> Result<HttpResponse> {
    actor.require_admin()?;
    let query = query.into_inner();
    let page = Page::<i64>::new(
        "users",
        &(query.status, query.platform_role, query.is_service, query.q.as_ref().map(|q| q.as_str().to_owned())),
        query.limit,
        query.cursor.as_deref(),
    )?;
    let cut = page.clone();
    let users = db.read(move |conn| queries::list(conn, &query, &page)).await?;
    let (users, next_cursor) = cut.cut(users, |user| (user.created_at.micros(), user.id.uuid()));
    let items = users.into_iter().map(Account::from).collect();
    let body = AccountPage { items, next_cursor };
    Ok(page::ok(&request, &body, body.next_cursor.as_deref()))
}

/// Get a person's account
///
/// Administrators only.
#[utoipa::path(tag = "admin", operation_id = "get_user",
    security(("bearer" = ["admin"]), ("api_key" = ["admin:read", "admin"])), responses(
    (status = 200, description = "The account", body = Account),
    (status = 403, description = "Not an administrator (`forbidden`)"),
    (status = 404, description = "No such account"),
))]
#[get("/admin/users/{user_id}")]
async fn get_user(actor: Actor, db: web::Data<Db>, user_id: web::Path<UserId>) -> Result<HttpResponse> {
    actor.require_admin()?;
    let user = db.read(move |conn| queries::get(conn, *user_id)).await?;
    Ok(conditional::ok(user.updated_at, &Account::from(user)))
}

/// Change a person's standing
///
/// Administrators only: approve, decline, suspend (until a date or for good), reinstate, give a platform role, or say that
/// the address is the person's. Suspending and changing the role end the person's sessions at once.
#[utoipa::path(tag = "admin", operation_id = "update_user",
    security(("bearer" = ["admin"]), ("api_key" = ["admin:write", "admin"])), request_body = UserPatch,
    params(("If-Match" = String, Header, description = "The ETag of what you have read, or *")), responses(
    (status = 200, description = "The account as it is now", body = Account),
    (status = 403, description = "Not an administrator (`forbidden`)"),
    (status = 404, description = "No such account"),
    (status = 409, description = "The account cannot become that (`invalid_state`)"),
))]
#[patch("/admin/users/{user_id}")]
async fn update_user(
    actor: Actor,
    revocations: web::Data<Revocations>,
    user_id: web::Path<UserId>,
    if_match: IfMatch,
    patch: Body<UserPatch>,
) -> Result<HttpResponse> {
    actor.require_admin()?;
    let now = Timestamp::now();
    let user = revocations
        .write(move |conn| {
            // in one order, so that two administrators who change each other do not wait for each other
            let mut both = [actor.user_id, *user_id];
            both.sort_unstable();
            for id in both {
                queries::lock(conn, id)?;
            }
            actor.confirm(conn)?;
            let user = queries::get(conn, *user_id)?;
            if_match.check(user.updated_at)?;
            policy::administer(&actor, &user, &patch.0, now)?;
            let changed = queries::administer(conn, &user, &patch.0, now)?;
            queries::record(conn, Some(&actor), &user, &changed, patch.0.reason.as_ref(), now)?;
            let goes_on = changed.status == UserStatus::Active
                && (user.status, user.platform_role) == (changed.status, changed.platform_role);
            let ended = if goes_on { Vec::new() } else { queries::end_sessions(conn, user.id, now)? };
            Ok((changed, ended))
        })
        .await?;
    Ok(conditional::ok(user.updated_at, &Account::from(user)))
}
