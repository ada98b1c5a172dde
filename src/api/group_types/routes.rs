//! `/group-types`.

use actix_web::{HttpResponse, delete, get, patch, post, web};
use utoipa_actix_web::service_config::ServiceConfig;

use super::model::{GroupType, GroupTypePage, GroupTypePatch, GroupTypeQuery, GroupTypeStatusFilter, NewGroupType};
use super::{policy, queries};
use crate::api::audit::model::{AuditAction, AuditChange, AuditTarget, Entry};
use crate::api::idempotency::{Made, Once};
use crate::api::{audit, settings};
use crate::auth::actor::Actor;
use crate::db::{Conn, Db};
use crate::error::{Error, Result};
use crate::http::conditional::{self, IfMatch};
use crate::http::json::{self, Body};
use crate::http::query::Query;
use crate::types::{GroupTypeId, Timestamp};

/// The routes of this feature.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config.service(list_group_types).service(create_group_type);
    config.service(get_group_type).service(update_group_type).service(delete_group_type);
}

/// List the kinds of group
///
/// In their order. Those that are retired are listed where they are asked for.
#[utoipa::path(tag = "groups", operation_id = "list_group_types", security(()), params(GroupTypeQuery), responses(
    (status = 200, description = "The kinds", body = GroupTypePage),
))]
#[get("/group-types")]
async fn list_group_types(db: web::Data<Db>, query: Query<GroupTypeQuery>) -> Result<HttpResponse> {
    let status = query.status.unwrap_or(GroupTypeStatusFilter::Active);
    let items = db.read(move |conn| queries::list(conn, status)).await?;
    Ok(json::ok(&GroupTypePage { items, next_cursor: None }))
}

/// Create a kind of group
///
/// Administrators only. There are at most 100.
#[utoipa::path(tag = "groups", operation_id = "create_group_type",
    security(("bearer" = []), ("api_key" = ["admin:write"])),
    request_body = NewGroupType, responses(
    (status = 201, description = "The kind", body = GroupType),
    (status = 403, description = "Not an administrator (`forbidden`)"),
    (status = 409, description = "Another kind has the slug, or there are 100 kinds (`invalid_state`, `taken`)"),
))]
#[post("/group-types")]
async fn create_group_type(
    actor: Actor,
    db: web::Data<Db>,
    once: Once,
    body: Body<NewGroupType>,
) -> Result<HttpResponse> {
    actor.require_admin()?;
    let (new, now) = (body.0, Timestamp::now());
    once.write(actor, &db, move |conn| {
        let kinds = lock_all(conn)?;
        policy::create(&kinds)?;
        let kind = queries::insert(conn, &kinds, &new, now)?;
        let changes = vec![AuditChange::new("name", None, Some(&kind.name))];
        record(conn, &actor, AuditAction::GroupTypeCreated, kind.id, changes, now)?;
        Ok(Made::created(&kind)?.at(format!("/api/v1/group-types/{}", kind.id)).in_version(kind.updated_at))
    })
    .await
}

/// All kinds, which nobody else changes until the transaction ends.
fn lock_all(conn: &mut Conn) -> Result<Vec<GroupType>> {
    settings::queries::lock(conn)?;
    queries::list(conn, GroupTypeStatusFilter::All)
}

fn find(kinds: &[GroupType], id: GroupTypeId) -> Result<&GroupType> {
    kinds.iter().find(|kind| kind.id == id).ok_or_else(Error::not_found)
}

fn record(
    conn: &mut Conn,
    actor: &Actor,
    action: AuditAction,
    id: GroupTypeId,
    changes: Vec<AuditChange>,
    now: Timestamp,
) -> Result<()> {
    let entry = Entry::new(action, AuditTarget::GroupType, id.uuid()).with_changes(changes);
    audit::queries::record(conn, Some(actor), entry, now)
}

/// Get a kind of group
///
/// With what a new group of this kind has unless it says otherwise.
#[utoipa::path(tag = "groups", operation_id = "get_group_type", security(()), responses(
    (status = 200, description = "The kind", body = GroupType),
    (status = 404, description = "No such kind"),
))]
#[get("/group-types/{group_type_id}")]
async fn get_group_type(db: web::Data<Db>, group_type_id: web::Path<GroupTypeId>) -> Result<HttpResponse> {
    let kind = db.read(move |conn| queries::get(conn, *group_type_id)).await?;
    Ok(conditional::ok(kind.updated_at, &kind))
}

/// Change a kind of group
///
/// Administrators only: its words, its place, its defaults, and whether it is retired. Groups that there are keep their
/// settings. `If-Match` says which version is changed, so that nobody overwrites what they have not seen.
#[utoipa::path(tag = "groups", operation_id = "update_group_type",
    security(("bearer" = []), ("api_key" = ["admin:write"])),
    request_body = GroupTypePatch, params(("If-Match" = String, Header, description = "The ETag of what you have read, or *")),
    responses(
    (status = 200, description = "The kind as it is now", body = GroupType),
    (status = 403, description = "Not an administrator (`forbidden`)"),
    (status = 404, description = "No such kind"),
    (status = 409, description = "Another kind has the slug (`taken`)"),
))]
#[patch("/group-types/{group_type_id}")]
async fn update_group_type(
    actor: Actor,
    db: web::Data<Db>,
    group_type_id: web::Path<GroupTypeId>,
    if_match: IfMatch,
    patch: Body<GroupTypePatch>,
) -> Result<HttpResponse> {
    actor.require_admin()?;
    let now = Timestamp::now();
    let kind = actor
        .write(&db, move |conn| {
            let kinds = lock_all(conn)?;
            let before = find(&kinds, *group_type_id)?;
            if_match.check(before.updated_at)?;
            let after = queries::update(conn, &kinds, before, &patch.0, now)?;
            let changes = AuditChange::between(before, &after);
            if !changes.is_empty() {
                record(conn, &actor, AuditAction::GroupTypeUpdated, after.id, changes, now)?;
            }
            Ok(after)
        })
        .await?;
    Ok(conditional::ok(kind.updated_at, &kind))
}

/// Delete a kind of group
///
/// Administrators only. A kind that groups have, deleted ones included, cannot be deleted but retired.
#[utoipa::path(tag = "groups", operation_id = "delete_group_type",
    security(("bearer" = []), ("api_key" = ["admin:write"])),
    params(("If-Match" = String, Header, description = "The ETag of what you have read, or *")),
    responses(
    (status = 204, description = "Deleted"),
    (status = 403, description = "Not an administrator (`forbidden`)"),
    (status = 404, description = "No such kind"),
    (status = 409, description = "Groups are of this kind; `group_count` says how many (`in_use`)"),
))]
#[delete("/group-types/{group_type_id}")]
async fn delete_group_type(
    actor: Actor,
    db: web::Data<Db>,
    group_type_id: web::Path<GroupTypeId>,
    if_match: IfMatch,
) -> Result<HttpResponse> {
    actor.require_admin()?;
    let now = Timestamp::now();
    actor
        .write(&db, move |conn| {
            let kinds = lock_all(conn)?;
            let kind = find(&kinds, *group_type_id)?;
            if_match.check(kind.updated_at)?;
            policy::delete(queries::count_groups(conn, kind.id)?)?;
            queries::delete(conn, &kinds, kind.id, now)?;
            let changes = vec![AuditChange::new("name", Some(&kind.name), None)];
            record(conn, &actor, AuditAction::GroupTypeDeleted, kind.id, changes, now)
        })
        .await?;
    Ok(json::no_content())
}
