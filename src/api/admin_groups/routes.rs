//! `/admin/groups`.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use utoipa_actix_web::service_config::ServiceConfig;

use super::model::{AdminGroup, AdminGroupPage, AdminGroupQuery, GroupPurge, GroupRestoration};
use super::{policy, queries};
use crate::api::audit::model::{AuditAction, AuditChange, Entry};
use crate::api::groups::model::Group;
use crate::api::memberships::model::{Role, State};
use crate::api::memberships::policy::{Step, take};
use crate::api::memberships::queries::Change;
use crate::api::{audit, groups, memberships, users};
use crate::auth::actor::Actor;
use crate::db::{Conn, Db};
use crate::error::{Code, Result};
use crate::http::conditional;
use crate::http::json::{self, Body};
use crate::http::page::{self, Page};
use crate::http::query::Query;
use crate::types::{GroupId, Timestamp, UserId};

/// The routes of this feature.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config.service(list_all_groups).service(restore_group).service(purge_group);
}

/// List groups of all states
///
/// Administrators only: also those that are deleted, have no owner, or only one.
#[utoipa::path(tag = "admin", operation_id = "list_all_groups",
    security(("bearer" = ["admin"]), ("api_key" = ["admin:read", "admin"])), params(AdminGroupQuery),
    responses(
    (status = 200, description = "One page of groups", body = AdminGroupPage),
    (status = 403, description = "Not an administrator (`forbidden`)"),
))]
#[get("/admin/groups")]
async fn list_all_groups(
    request: HttpRequest,
    actor: Actor,
    db: web::Data<Db>,
    query: Query<AdminGroupQuery>,
) -> Result<HttpResponse> {
    actor.require_admin()?;
    let query = query.into_inner();
    let text = query.q.as_ref().map(|q| q.as_str().to_owned());
    let status = query.status;
    let page = Page::<i64>::new("admin-groups", &(status, query.owners, text), query.limit, query.cursor.as_deref())?;
    let cut = page.clone();
    let rows = db.read(move |conn| queries::list(conn, &query, &page)).await?;
    let (rows, next_cursor) = cut.cut(rows, |row| queries::key(status, row));
    let body = AdminGroupPage { items: rows.into_iter().map(AdminGroup::from).collect(), next_cursor };
    Ok(page::ok(&request, &body, body.next_cursor.as_deref()))
}

/// Restore a deleted group
///
/// Administrators only: with its members and everything in it. Its slug is what its name suggests. A group that has lost
/// its last owner needs a new one.
#[utoipa::path(tag = "admin", operation_id = "restore_group",
    security(("bearer" = ["admin"]), ("api_key" = ["admin:write", "admin"])), request_body = GroupRestoration,
    responses(
    (status = 200, description = "The group", body = Group),
    (status = 403, description = "Not an administrator (`forbidden`)"),
    (status = 404, description = "No such group"),
    (status = 409, description = "The group is not deleted, or the person cannot be made its owner (`invalid_state`)"),
))]
#[post("/admin/groups/{group_id}/restore")]
async fn restore_group(
    actor: Actor,
    db: web::Data<Db>,
    group_id: web::Path<GroupId>,
    body: Body<GroupRestoration>,
) -> Result<HttpResponse> {
    actor.require_admin()?;
    let (restoration, now) = (body.0, Timestamp::now());
    let group = actor
        .write(&db, move |conn| {
            if let Some(owner) = restoration.owner_id {
                hold_owner(conn, owner)?;
            }
            policy::deleted(memberships::queries::lock_group(conn, *group_id)?)?;
            policy::owned(memberships::queries::owners(conn, *group_id)?, restoration.owner_id)?;
            if let Some(owner) = restoration.owner_id {
                make_owner(conn, actor, *group_id, owner, now)?;
            }
            queries::restore(conn, *group_id, now)?;
            let reason = restoration.reason.as_ref().map(memberships::model::Reason::as_str);
            let entry = Entry::group(AuditAction::GroupRestored, *group_id).with_reason(reason);
            audit::queries::record(conn, Some(&actor), entry, now)?;
            let found = groups::queries::get(conn, &actor.viewer(), *group_id)?;
            groups::queries::one_view(conn, &actor.viewer(), found)
        })
        .await?;
    Ok(conditional::ok(group.updated_at, &group))
}

/// The account stays in use until the transaction ends. Accounts are locked before groups.
fn hold_owner(conn: &mut Conn, owner: UserId) -> Result<()> {
    let user = match users::queries::hold(conn, owner) {
        Err(error) if error.code() == Code::NotFound => None,
        user => Some(user?),
    };
    policy::owner(user.as_ref())
}

fn make_owner(conn: &mut Conn, actor: Actor, group: GroupId, owner: UserId, now: Timestamp) -> Result<()> {
    let before = memberships::queries::find(conn, group, owner)?;
    let from = before.as_ref().map(|row| row.state);
    if before.as_ref().is_some_and(|row| (row.role, row.state) == (Role::Owner, State::Active)) {
        return Ok(());
    }
    let state = if from == Some(State::Active) { State::Active } else { take(from, Step::Add)? };
    let change = Change::new(group, owner, Some(actor), before, state).with_role(Role::Owner, None);
    memberships::queries::change(conn, &change, now).map(drop)
}

/// Purge a deleted group
///
/// Administrators only: the group and everything in it is removed for good. What the audit log says about it stays.
#[utoipa::path(tag = "admin", operation_id = "purge_group",
    security(("bearer" = ["admin"]), ("api_key" = ["admin:write", "admin"])), request_body = GroupPurge,
    responses(
    (status = 204, description = "Gone"),
    (status = 403, description = "Not an administrator (`forbidden`)"),
    (status = 404, description = "No such group"),
    (status = 409, description = "The group is not deleted (`invalid_state`)"),
))]
#[post("/admin/groups/{group_id}/purge")]
async fn purge_group(
    actor: Actor,
    db: web::Data<Db>,
    group_id: web::Path<GroupId>,
    body: Body<GroupPurge>,
) -> Result<HttpResponse> {
    actor.require_admin()?;
    let (reason, now) = (body.0.reason, Timestamp::now());
    actor
        .write(&db, move |conn| {
            // its relatives change too
            groups::relatives::lock(conn)?;
            policy::deleted(memberships::queries::lock_group(conn, *group_id)?)?;
            let name = queries::purge(conn, *group_id)?;
            let entry = Entry::group(AuditAction::GroupPurged, *group_id)
                .with_changes(vec![AuditChange::new("name", Some(&name), None)])
                .with_reason(Some(reason.as_str()));
            audit::queries::record(conn, Some(&actor), entry, now)
        })
        .await?;
    Ok(json::no_content())
}
