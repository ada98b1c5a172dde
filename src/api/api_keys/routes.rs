//! `/me/api-keys`, and what administrators do for programs: `/admin/service-accounts` and `/admin/users/{user_id}/api-keys`.
//! No key opens any of it: whoever has one gets no other out of it.

use std::time::Duration;

use actix_web::{HttpResponse, delete, get, post, web};
use utoipa_actix_web::service_config::ServiceConfig;

use super::model::{
    ApiKey, ApiKeyPage, ApiKeyRow, IssuedApiKey, NewApiKey, NewApiKeySecret, NewServiceAccount, SecretRow,
};
use super::{policy, queries};
use crate::api::audit::model::{AuditAction, AuditChange, Entry};
use crate::api::idempotency::{Made, Once};
use crate::api::memberships::access::Access;
use crate::api::users::model::{Account, User, UserRow, UserStatus};
use crate::api::{audit, users};
use crate::auth::actor::{Actor, PlatformRole};
use crate::auth::tokens;
use crate::db::sql_types::{JsonList, TextEnum as _};
use crate::db::{Conn, Db};
use crate::error::Result;
use crate::http::json::{self, Body};
use crate::types::{ApiKeyId, Timestamp, UserId};

/// The routes of this feature.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config.service(list_api_keys).service(create_api_key).service(create_api_key_secret).service(revoke_api_key);
}

/// Those for administrators.
pub fn configure_admin(config: &mut ServiceConfig<'_>) {
    config.service(create_service_account).service(list_user_api_keys).service(create_user_api_key);
    config.service(create_user_api_key_secret).service(revoke_user_api_key);
}

fn page(conn: &mut Conn, user: UserId) -> Result<ApiKeyPage> {
    let now = Timestamp::now();
    let items = queries::list(conn, user)?.into_iter().map(|key| ApiKey::new(key, now)).collect();
    Ok(ApiKeyPage { items, next_cursor: None })
}

/// The account as an administrator may look at it; it is locked, so that what it may do holds.
fn administered(conn: &mut Conn, actor: &Actor, user: UserId) -> Result<User> {
    actor.require_admin()?;
    users::queries::lock_belongings(conn, user)
}

fn record(conn: &mut Conn, actor: &Actor, action: AuditAction, key: &ApiKeyRow, now: Timestamp) -> Result<()> {
    let scopes: Vec<&str> = key.scopes.0.iter().map(|scope| scope.as_str()).collect();
    let changes = vec![
        AuditChange::new("api_key", None, Some(&key.name)),
        AuditChange::new("scopes", None, Some(&scopes.join(" "))),
    ];
    let entry = Entry::user(action, key.user_id).with_changes(changes);
    audit::queries::record(conn, Some(actor), entry, now)
}

/// Makes a key for an account, which is locked.
fn create(conn: &mut Conn, actor: &Actor, account: &User, new: &NewApiKey, now: Timestamp) -> Result<IssuedApiKey> {
    policy::create(new, account.platform_role, queries::count(conn, account.id)?, now)?;
    let groups = new.group_ids.as_ref().map(|groups| groups.0.clone()).unwrap_or_default();
    Access::require_known(conn, actor.viewer(), &groups)?;
    let row = ApiKeyRow {
        id: ApiKeyId::new(),
        user_id: account.id,
        made_by: actor.user_id,
        name: new.name.as_str().to_owned(),
        scopes: JsonList(new.scopes.0.clone()),
        is_restricted: new.group_ids.is_some(),
        created_at: now,
        expires_at: new.expires_at,
        last_used_at: None,
    };
    let (secret, secret_hash) = tokens::new_api_key()?;
    let kept = SecretRow { secret_hash, api_key_id: row.id, created_at: now, valid_until: None };
    queries::insert(conn, &row, &groups, &kept)?;
    record(conn, actor, AuditAction::ApiKeyCreated, &row, now)?;
    Ok(IssuedApiKey { key: ApiKey::new(queries::get(conn, account.id, row.id)?, now), secret })
}

/// Gives a key of an account, which is locked, a new secret.
fn rotate(
    conn: &mut Conn,
    actor: &Actor,
    (user, id): (UserId, ApiKeyId),
    new: &NewApiKeySecret,
    now: Timestamp,
) -> Result<IssuedApiKey> {
    let key = queries::get(conn, user, id)?;
    let (secret, secret_hash) = tokens::new_api_key()?;
    let kept = SecretRow { secret_hash, api_key_id: id, created_at: now, valid_until: None };
    let overlap = Duration::from_mins(u64::from(new.overlap_minutes.0));
    queries::rotate(conn, &kept, now.after(overlap))?;
    record(conn, actor, AuditAction::ApiKeyRotated, &key.row, now)?;
    Ok(IssuedApiKey { key: ApiKey::new(queries::get(conn, user, id)?, now), secret })
}

/// Ends a key of an account, which is locked.
fn revoke(conn: &mut Conn, actor: &Actor, (user, id): (UserId, ApiKeyId), now: Timestamp) -> Result<()> {
    let key = queries::get(conn, user, id)?;
    queries::delete(conn, user, id)?;
    record(conn, actor, AuditAction::ApiKeyRevoked, &key.row, now)
}

/// List one's API keys
///
/// All of them, at most 20; their secrets are not shown again.
#[utoipa::path(tag = "api-keys", operation_id = "list_api_keys", security(("bearer" = [])), responses(
    (status = 200, description = "The keys", body = ApiKeyPage),
))]
#[get("/me/api-keys")]
async fn list_api_keys(actor: Actor, db: web::Data<Db>) -> Result<HttpResponse> {
    Ok(json::ok(&db.read(move |conn| page(conn, actor.user_id)).await?))
}

/// Make an API key
///
/// For a program that acts in one's own name: within its scopes it may do what one may do at that moment, and nothing else. Its
/// secret is shown this once.
#[utoipa::path(tag = "api-keys", operation_id = "create_api_key", security(("bearer" = [])), request_body = NewApiKey,
    responses(
    (status = 201, description = "The key and its secret", body = IssuedApiKey),
    (status = 409, description = "One has 20 already (`in_use`)"),
))]
#[post("/me/api-keys")]
async fn create_api_key(actor: Actor, db: web::Data<Db>, once: Once, body: Body<NewApiKey>) -> Result<HttpResponse> {
    let (new, now) = (body.0, Timestamp::now());
    once.write(actor, &db, move |conn| {
        let account = users::queries::lock_belongings(conn, actor.user_id)?;
        let issued = create(conn, &actor, &account, &new, now)?;
        Ok(Made::created(&issued)?.at("/api/v1/me/api-keys".to_owned()))
    })
    .await
}

/// Give an API key a new secret
///
/// The secret until now stays good for a while, so that programs can be changed over; the one before that does not. The new one
/// is shown this once.
#[utoipa::path(tag = "api-keys", operation_id = "create_api_key_secret", security(("bearer" = [])),
    request_body = NewApiKeySecret, responses(
    (status = 201, description = "The key and its new secret", body = IssuedApiKey),
    (status = 404, description = "No such key of one's own"),
))]
#[post("/me/api-keys/{api_key_id}/secrets")]
async fn create_api_key_secret(
    actor: Actor,
    db: web::Data<Db>,
    api_key_id: web::Path<ApiKeyId>,
    once: Once,
    body: Body<NewApiKeySecret>,
) -> Result<HttpResponse> {
    let (new, now) = (body.0, Timestamp::now());
    once.write(actor, &db, move |conn| {
        users::queries::lock_belongings(conn, actor.user_id)?;
        let issued = rotate(conn, &actor, (actor.user_id, *api_key_id), &new, now)?;
        Ok(Made::created(&issued)?.at("/api/v1/me/api-keys".to_owned()))
    })
    .await
}

/// Revoke an API key
///
/// It opens nothing from then on.
#[utoipa::path(tag = "api-keys", operation_id = "revoke_api_key", security(("bearer" = [])), responses(
    (status = 204, description = "Revoked"),
    (status = 404, description = "No such key of one's own"),
))]
#[delete("/me/api-keys/{api_key_id}")]
async fn revoke_api_key(actor: Actor, db: web::Data<Db>, api_key_id: web::Path<ApiKeyId>) -> Result<HttpResponse> {
    let now = Timestamp::now();
    actor
        .write(&db, move |conn| {
            users::queries::lock_belongings(conn, actor.user_id)?;
            revoke(conn, &actor, (actor.user_id, *api_key_id), now)
        })
        .await?;
    Ok(json::no_content())
}

/// Make a service account
///
/// Administrators only: an account for a program, under a name of its own. Nobody logs in to it; it acts through its API keys,
/// joins groups as people do, and is suspended as they are.
#[utoipa::path(tag = "admin", operation_id = "create_service_account",
    security(("bearer" = ["admin"])),
    request_body = NewServiceAccount, responses(
    (status = 201, description = "The account", body = Account),
    (status = 403, description = "Not an administrator (`forbidden`)"),
))]
#[post("/admin/service-accounts")]
async fn create_service_account(
    actor: Actor,
    db: web::Data<Db>,
    once: Once,
    body: Body<NewServiceAccount>,
) -> Result<HttpResponse> {
    actor.require_admin()?;
    let (new, now) = (body.0, Timestamp::now());
    once.write(actor, &db, move |conn| {
        let row = UserRow {
            id: UserId::new(),
            email: None,
            display_name: new.display_name.as_str().to_owned(),
            // no password has it
            password_hash: String::new(),
            status: UserStatus::Active,
            platform_role: new.platform_role.unwrap_or(PlatformRole::Member),
            is_service: true,
            show_last_seen: true,
            created_at: now,
            updated_at: now,
        };
        users::queries::insert(conn, &row)?;
        let role = AuditChange::new("platform_role", None, Some(row.platform_role.as_str()));
        let entry = Entry::user(AuditAction::ServiceAccountCreated, row.id).with_changes(vec![role]);
        audit::queries::record(conn, Some(&actor), entry, now)?;
        let account = Account::from(users::queries::get(conn, row.id)?);
        Ok(Made::created(&account)?.at(format!("/api/v1/admin/users/{}", row.id)).in_version(now))
    })
    .await
}

/// List an account's API keys
///
/// Administrators only: all of them, at most 20.
#[utoipa::path(tag = "admin", operation_id = "list_user_api_keys",
    security(("bearer" = ["admin"])), responses(
    (status = 200, description = "The keys", body = ApiKeyPage),
    (status = 403, description = "Not an administrator (`forbidden`)"),
    (status = 404, description = "No such account"),
))]
#[get("/admin/users/{user_id}/api-keys")]
async fn list_user_api_keys(actor: Actor, db: web::Data<Db>, user_id: web::Path<UserId>) -> Result<HttpResponse> {
    actor.require_admin()?;
    let keys = db
        .read(move |conn| {
            let account = users::queries::get(conn, *user_id)?;
            page(conn, account.id)
        })
        .await?;
    Ok(json::ok(&keys))
}

/// Make an API key for a service account
///
/// Administrators only. It is good for as long as whoever made it is an administrator. Its secret is shown this once.
#[utoipa::path(tag = "admin", operation_id = "create_user_api_key",
    security(("bearer" = ["admin"])), request_body = NewApiKey,
    responses(
    (status = 201, description = "The key and its secret", body = IssuedApiKey),
    (status = 403, description = "Not an administrator (`forbidden`)"),
    (status = 404, description = "No such account"),
    (status = 409, description = "A person's account, or it has 20 already (`invalid_state`, `in_use`)"),
))]
#[post("/admin/users/{user_id}/api-keys")]
async fn create_user_api_key(
    actor: Actor,
    db: web::Data<Db>,
    user_id: web::Path<UserId>,
    once: Once,
    body: Body<NewApiKey>,
) -> Result<HttpResponse> {
    let (new, now) = (body.0, Timestamp::now());
    once.write(actor, &db, move |conn| {
        let account = administered(conn, &actor, *user_id)?;
        policy::is_for_program(&account)?;
        let issued = create(conn, &actor, &account, &new, now)?;
        Ok(Made::created(&issued)?.at(format!("/api/v1/admin/users/{}/api-keys", account.id)))
    })
    .await
}

/// Give an API key of a service account a new secret
///
/// Administrators only. The secret until now stays good for a while; the new one is shown this once.
#[utoipa::path(tag = "admin", operation_id = "create_user_api_key_secret",
    security(("bearer" = ["admin"])),
    request_body = NewApiKeySecret, responses(
    (status = 201, description = "The key and its new secret", body = IssuedApiKey),
    (status = 403, description = "Not an administrator (`forbidden`)"),
    (status = 404, description = "No such key of this account's"),
    (status = 409, description = "A person's account (`invalid_state`)"),
))]
#[post("/admin/users/{user_id}/api-keys/{api_key_id}/secrets")]
async fn create_user_api_key_secret(
    actor: Actor,
    db: web::Data<Db>,
    path: web::Path<(UserId, ApiKeyId)>,
    once: Once,
    body: Body<NewApiKeySecret>,
) -> Result<HttpResponse> {
    let (new, now) = (body.0, Timestamp::now());
    once.write(actor, &db, move |conn| {
        let account = administered(conn, &actor, path.0)?;
        policy::is_for_program(&account)?;
        let issued = rotate(conn, &actor, *path, &new, now)?;
        Ok(Made::created(&issued)?.at(format!("/api/v1/admin/users/{}/api-keys", account.id)))
    })
    .await
}

/// Revoke somebody's API key
///
/// Administrators only: any person's or service account's. It opens nothing from then on.
#[utoipa::path(tag = "admin", operation_id = "revoke_user_api_key",
    security(("bearer" = ["admin"])), responses(
    (status = 204, description = "Revoked"),
    (status = 403, description = "Not an administrator (`forbidden`)"),
    (status = 404, description = "No such key of this account's"),
))]
#[delete("/admin/users/{user_id}/api-keys/{api_key_id}")]
async fn revoke_user_api_key(
    actor: Actor,
    db: web::Data<Db>,
    path: web::Path<(UserId, ApiKeyId)>,
) -> Result<HttpResponse> {
    let now = Timestamp::now();
    actor
        .write(&db, move |conn| {
            administered(conn, &actor, path.0)?;
            revoke(conn, &actor, *path, now)
        })
        .await?;
    Ok(json::no_content())
}
