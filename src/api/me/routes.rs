//! `/me`, `/me/password` and `/me/memberships`.

use actix_web::{HttpRequest, HttpResponse, delete, get, patch, put, web};
use utoipa_actix_web::service_config::ServiceConfig;

use super::model::{MyMembership, MyMembershipPage, MyMembershipQuery};
use super::{policy, queries};
use crate::api::groups::model::Found;
use crate::api::memberships::model::OwnMembership;
use crate::api::sessions::model::Tokens;
use crate::api::sessions::routes::{start_session, user_agent};
use crate::api::users::model::{Account, AccountPatch, PasswordChange};
use crate::api::{
    api_keys, articles, groups, idempotency, invitations, memberships, notices, posts, submissions, subscriptions,
    users, webhooks,
};
use crate::auth::actor::Actor;
use crate::auth::password::Passwords;
use crate::auth::revocations::Revocations;
use crate::auth::tokens;
use crate::db::Db;
use crate::error::{Error, Result};
use crate::http::conditional;
use crate::http::json::{self, Body};
use crate::http::page::{self, Page};
use crate::http::query::Query;
use crate::types::Timestamp;

/// The routes of this feature.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config.service(get_me).service(update_me).service(delete_me).service(update_password).service(list_my_memberships);
}

/// Get one's account
///
/// The only place, besides administrators' lists, where an e-mail address is answered.
#[utoipa::path(tag = "me", operation_id = "get_me",
    security(("bearer" = []), ("api_key" = ["account:read"])), responses(
    (status = 200, description = "One's account", body = Account),
))]
#[get("/me")]
async fn get_me(actor: Actor, db: web::Data<Db>) -> Result<HttpResponse> {
    let user = db.read(move |conn| users::queries::get(conn, actor.user_id)).await?;
    Ok(conditional::ok(user.updated_at, &Account::from(user)))
}

/// Change one's account
///
/// The name, and whether others see when one was last here.
#[utoipa::path(tag = "me", operation_id = "update_me",
    security(("bearer" = []), ("api_key" = ["account:write"])), request_body = AccountPatch, responses(
    (status = 200, description = "One's account as it is now", body = Account),
    (status = 409, description = "Somebody else has this handle (`taken`)"),
))]
#[patch("/me")]
async fn update_me(actor: Actor, db: web::Data<Db>, patch: Body<AccountPatch>) -> Result<HttpResponse> {
    let now = Timestamp::now();
    let user = actor
        .write(&db, move |conn| {
            let user = users::queries::update(conn, actor.user_id, &patch.0, now)?;
            if patch.0.display_name.0.is_some() {
                memberships::queries::rename(conn, user.id, &user.display_name)?;
            }
            Ok(user)
        })
        .await?;
    Ok(conditional::ok(user.updated_at, &Account::from(user)))
}

/// Delete one's account
///
/// The address, the name and everything else personal is gone at once, and every session ends; what one wrote stays, under
/// no name. Refused while one is the last owner of a group.
#[utoipa::path(tag = "me", operation_id = "delete_me", security(("bearer" = [])), responses(
    (status = 204, description = "Deleted"),
    (status = 409, description = "The last owner of the groups listed (`last_owner`)"),
))]
#[delete("/me")]
async fn delete_me(actor: Actor, revocations: web::Data<Revocations>) -> Result<HttpResponse> {
    let (user, now) = (actor.user_id, Timestamp::now());
    revocations
        .write(move |conn| {
            // groups before accounts, as those do who write in a group and tell its people of it
            queries::lock_memberships(conn, user)?;
            let account = users::queries::lock(conn, user)?;
            actor.confirm(conn)?;
            // once more: they may have joined another meanwhile
            let memberships = queries::lock_memberships(conn, user)?;
            policy::delete(&queries::solely_owned(conn, &memberships)?)?;
            users::queries::anonymise(conn, user, now)?;
            queries::leave(conn, actor, memberships, now)?;
            invitations::queries::forget(conn, user, account.email.as_deref(), now)?;
            articles::queries::forget(conn, user)?;
            posts::queries::forget(conn, user)?;
            submissions::queries::forget(conn, user)?;
            notices::queries::forget(conn, user)?;
            subscriptions::queries::forget(conn, user)?;
            api_keys::queries::forget(conn, user)?;
            webhooks::queries::forget(conn, user)?;
            idempotency::forget(conn, user)?;
            Ok(((), users::queries::end_sessions(conn, user, now)?))
        })
        .await?;
    Ok(json::no_content())
}

/// Change one's password
///
/// Ends every session at once, and answers with a new one.
#[utoipa::path(tag = "me", operation_id = "update_password", security(("bearer" = [])), request_body = PasswordChange,
    responses(
    (status = 200, description = "A new session", body = Tokens),
    (status = 403, description = "The account was suspended meanwhile (`account_suspended`)"),
))]
#[put("/me/password")]
async fn update_password(
    request: HttpRequest,
    actor: Actor,
    db: web::Data<Db>,
    passwords: web::Data<Passwords>,
    tokens: web::Data<tokens::Tokens>,
    revocations: web::Data<Revocations>,
    body: Body<PasswordChange>,
) -> Result<HttpResponse> {
    let PasswordChange { current_password, new_password } = body.0;
    let user = db.read(move |conn| users::queries::get(conn, actor.user_id)).await?;
    if !passwords.verify(current_password, Some(user.password_hash.clone())).await?.matches {
        return Err(not_the_password());
    }
    let (hash, tried, now) = (passwords.hash(new_password).await?, user.password_hash, Timestamp::now());
    let user = revocations
        .write(move |conn| {
            let user = users::queries::lock(conn, actor.user_id)?;
            actor.confirm(conn)?;
            if user.password_hash != tried {
                return Err(not_the_password());
            }
            users::queries::set_password_hash(conn, user.id, &hash)?;
            let ended = users::queries::end_sessions(conn, user.id, now)?;
            Ok((users::queries::get(conn, user.id)?, ended))
        })
        .await?;
    Ok(json::ok(&start_session(&db, &tokens, user, user_agent(&request), None).await?))
}

fn not_the_password() -> Error {
    Error::invalid("/current_password", "wrong", "is not your password")
}

/// List one's memberships
///
/// With their groups, those of the newest groups first.
#[utoipa::path(tag = "me", operation_id = "list_my_memberships",
    security(("bearer" = []), ("api_key" = ["account:read"])), params(MyMembershipQuery),
    responses(
    (status = 200, description = "One page of memberships", body = MyMembershipPage),
))]
#[get("/me/memberships")]
async fn list_my_memberships(
    request: HttpRequest,
    actor: Actor,
    db: web::Data<Db>,
    query: Query<MyMembershipQuery>,
) -> Result<HttpResponse> {
    let query = query.into_inner();
    let page = Page::<i64>::new("my-memberships", &(actor.user_id, query.state), query.limit, query.cursor.as_deref())?;
    let body = db
        .read(move |conn| {
            let viewer = actor.viewer();
            let mine = queries::list_memberships(conn, &viewer, &query, &page)?;
            let (mine, next_cursor) = page.cut(mine, |item| (0, item.group.id.uuid()));
            let (found, own): (Vec<Found>, Vec<OwnMembership>) = (mine.into_iter())
                .map(|item| {
                    let membership = Some(item.membership.held());
                    (Found { group: item.group, membership }, OwnMembership::from(item.membership))
                })
                .unzip();
            let groups = groups::queries::views(conn, &viewer, found)?;
            let items = groups.into_iter().zip(own).map(|(group, membership)| MyMembership { group, membership });
            Ok(MyMembershipPage { items: items.collect(), next_cursor })
        })
        .await?;
    Ok(page::ok(&request, &body, body.next_cursor.as_deref()))
}
