//! `/groups`.

use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, web};
use utoipa_actix_web::service_config::ServiceConfig;

use super::model::{
    Found, Group, GroupPage, GroupPatch, GroupQuery, GroupRow, GroupRulesPage, GroupRulesQuery, GroupSort, NewGroup,
    SimilarQuery,
};
use super::shares::{self, Sharing};
use super::{policy, queries, relatives, slugs};
use crate::api::audit::model::{AuditAction, AuditChange, Entry, GroupAuditQuery};
use crate::api::idempotency::{Made, Once};
use crate::api::memberships::access::Access;
use crate::api::memberships::model::{Action, GroupStatus, Role, State, Visibility};
use crate::api::memberships::queries::Change;
use crate::api::settings::model::Settings;
use crate::api::{audit, memberships, settings};
use crate::auth::actor::{Actor, Viewer};
use crate::db::{Conn, Db, tombstones};
use crate::error::{Code, Error, Result};
use crate::http::changes::{self, Span};
use crate::http::conditional::{self, IfMatch};
use crate::http::json::{self, Body};
use crate::http::page::{self, Key, Page};
use crate::http::query::Query;
use crate::http::text::Slug;
use crate::types::{GroupId, Timestamp, UserId};

/// The routes of this feature.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config.service(list_groups).service(create_group).service(list_similar_groups).service(get_group_by_slug);
    config.service(get_group).service(update_group).service(delete_group);
    config.service(list_group_rules).service(list_group_audit_events);
}

/// List groups
///
/// Those that the caller may know of.
#[utoipa::path(tag = "groups", operation_id = "list_groups",
    security((), ("bearer" = []), ("api_key" = ["groups:read"])), params(GroupQuery), responses(
    (status = 200, description = "One page of groups", body = GroupPage),
))]
#[get("/groups")]
async fn list_groups(
    request: HttpRequest,
    viewer: Viewer,
    db: web::Data<Db>,
    query: Query<GroupQuery>,
) -> Result<HttpResponse> {
    let query = query.into_inner();
    if (query.mine == Some(true) || query.role.is_some()) && viewer.0.is_none() {
        return Err(Error::new(Code::Unauthenticated, "`mine` and `role` need a login."));
    }
    let sort = query.sort.unwrap_or(GroupSort::Active);
    let texts = (&query.kinds, query.type_match, query.q.as_ref().map(crate::http::text::Line::as_str));
    let filters =
        (texts, sort, query.mine, query.role, (&query.ids, &query.exclude_ids), query.status, query.parent_id);
    if let Some(since) = query.updated_since {
        let has_others = filters != ((&None, None, None), GroupSort::Active, None, None, (&None, &None), None, None);
        changes::alone(has_others || query.sort.is_some())?;
        let page = Page::<i64>::new("groups-changed", &since, query.limit, query.cursor.as_deref())?;
        let span = Span::new(since, &page, tombstones::KEPT, Timestamp::now())?;
        let body = db.read(move |conn| changed(conn, &viewer, &page, &span)).await?;
        return Ok(page::ok(&request, &body, body.next_cursor.as_deref()));
    }
    let page = Page::<Key>::new("groups", &filters, query.limit, query.cursor.as_deref())?;
    let (groups, next_cursor) = db
        .read(move |conn| {
            // what is within a group that the caller may not know of does not tell of it
            let parent: Vec<GroupId> = query.parent_id.into_iter().collect();
            let is_known = relatives::known(conn, &viewer, &parent)?.len() == parent.len();
            let found = if is_known { queries::list(conn, &viewer, &query, &page)? } else { Vec::new() };
            let (found, next_cursor) =
                page.cut(found, |found| (queries::key(sort, &found.group), found.group.id.uuid()));
            Ok((queries::views(conn, &viewer, found)?, next_cursor))
        })
        .await?;
    let body = GroupPage { items: groups, deleted: Vec::new(), next_cursor };
    Ok(page::ok(&request, &body, body.next_cursor.as_deref()))
}

/// The groups that have changed, and those that are gone.
fn changed(conn: &mut Conn, viewer: &Viewer, page: &Page<i64>, span: &Span) -> Result<GroupPage> {
    let found = super::changes::list(conn, viewer, span)?;
    let gone = super::changes::gone(conn, viewer, span)?;
    let place = |(found, at): &(Found, Timestamp)| (at.micros(), found.group.id.uuid());
    let (found, deleted, next_cursor) = changes::merged(page, found, gone, place);
    let found = found.into_iter().map(|(found, _)| found).collect();
    Ok(GroupPage { items: queries::views(conn, viewer, found)?, deleted, next_cursor })
}

/// Create a group
///
/// The caller becomes its owner.
#[utoipa::path(tag = "groups", operation_id = "create_group",
    security(("bearer" = []), ("api_key" = ["groups:write"])), request_body = NewGroup, responses(
    (status = 201, description = "The group", body = Group),
    (status = 403, description = "The platform lets nobody but administrators create groups, or set external ids (`forbidden`, `approval_needed`)"),
    (status = 409, description = "Another group has the slug or the external id (`taken`)"),
))]
#[post("/groups")]
async fn create_group(actor: Actor, db: web::Data<Db>, once: Once, body: Body<NewGroup>) -> Result<HttpResponse> {
    actor.require_unrestricted()?;
    let (new, now) = (body.0, Timestamp::now());
    if new.external_id.is_some() {
        policy::administrators_set("/external_id", actor.is_admin())?;
    }
    if !new.auto_join_domains.0.is_empty() {
        policy::administrators_set("/auto_join_domains", actor.is_admin())?;
    }
    once.write(actor, &db, move |conn| {
        let settings = settings::queries::get(conn)?;
        settings::policy::create_group(&settings, actor.is_admin())?;
        if let Some(parent) = new.parent_id {
            relatives::lock(conn)?;
            relatives::check_parent(conn, actor.viewer(), None, parent)?;
        }
        let group_id = found(conn, &actor, &new, actor.user_id, &settings, now)?;
        let found = queries::get(conn, &actor.viewer(), group_id)?;
        let group = queries::one_view(conn, &actor.viewer(), found)?;
        Ok(Made::created(&group)?.at(format!("/api/v1/groups/{}", group.id)).in_version(group.updated_at))
    })
    .await
}

/// Makes a group with its first owner, on the word of whoever decides it.
///
/// # Errors
/// `taken`, or what is wrong with its types.
pub fn found(
    conn: &mut Conn,
    actor: &Actor,
    new: &NewGroup,
    owner: UserId,
    settings: &Settings,
    now: Timestamp,
) -> Result<GroupId> {
    let group_id = queries::insert(conn, new, owner, settings, now)?;
    let founding = Change::new(group_id, owner, Some(*actor), None, State::Active).with_role(Role::Owner, None);
    memberships::queries::change(conn, &founding, now)?;
    audit::queries::record(conn, Some(actor), Entry::group(AuditAction::GroupCreated, group_id), now)?;
    Ok(group_id)
}

/// List groups with a similar name
///
/// For who is about to create one: up to ten that the caller may know of, the most similar first.
#[utoipa::path(tag = "groups", operation_id = "list_similar_groups",
    security((), ("bearer" = []), ("api_key" = ["groups:read"])), params(SimilarQuery),
    responses(
    (status = 200, description = "The groups; there is one page", body = GroupPage),
))]
#[get("/groups/similar")]
async fn list_similar_groups(viewer: Viewer, db: web::Data<Db>, query: Query<SimilarQuery>) -> Result<HttpResponse> {
    let items = db
        .read(move |conn| {
            let name = query.name.as_str();
            let named = queries::named_like(conn, &viewer, name, &policy::beginnings(name))?;
            let ids = policy::most_similar(name, named);
            let mut found = queries::find_all(conn, &viewer, &ids)?;
            found.sort_by_key(|found| ids.iter().position(|id| *id == found.group.id));
            queries::views(conn, &viewer, found)
        })
        .await?;
    Ok(json::ok(&GroupPage { items, deleted: Vec::new(), next_cursor: None }))
}

/// Get a group by its slug
///
/// The same as by its id. A slug that the group had before leads to the one that it has now.
#[utoipa::path(tag = "groups", operation_id = "get_group_by_slug",
    security((), ("bearer" = []), ("api_key" = ["groups:read"])), responses(
    (status = 200, description = "The group", body = Group),
    (status = 308, description = "The group has another slug now"),
    (status = 404, description = "No such group"),
))]
#[get("/groups/by-slug/{slug}")]
async fn get_group_by_slug(viewer: Viewer, db: web::Data<Db>, slug: web::Path<Slug>) -> Result<HttpResponse> {
    let group = db
        .read(move |conn| match queries::get_by_slug(conn, &viewer, slug.as_str()) {
            Err(error) if error.code() == Code::NotFound => slugs::moved_to(conn, &viewer, slug.as_str()).map(Err),
            found => queries::one_view(conn, &viewer, found?).map(Ok),
        })
        .await?;
    Ok(match group {
        Ok(group) => conditional::ok(group.updated_at, &group),
        Err(slug) => json::moved(&format!("/api/v1/groups/by-slug/{slug}")),
    })
}

/// Get a group
///
/// With what the caller is to it and may do in it.
#[utoipa::path(tag = "groups", operation_id = "get_group",
    security((), ("bearer" = []), ("api_key" = ["groups:read"])), responses(
    (status = 200, description = "The group", body = Group),
    (status = 404, description = "No such group"),
))]
#[get("/groups/{group_id}")]
async fn get_group(viewer: Viewer, db: web::Data<Db>, group_id: web::Path<GroupId>) -> Result<HttpResponse> {
    let group = db
        .read(move |conn| {
            let found = queries::get(conn, &viewer, *group_id)?;
            queries::one_view(conn, &viewer, found)
        })
        .await?;
    Ok(conditional::ok(group.updated_at, &group))
}

/// Change a group
///
/// For owners: its settings, and whether it is archived. `If-Match` says which version is changed, so that nobody overwrites
/// what they have not seen.
#[utoipa::path(tag = "groups", operation_id = "update_group",
    security(("bearer" = []), ("api_key" = ["groups:write"])), request_body = GroupPatch,
    params(("If-Match" = String, Header, description = "The ETag of what you have read, or *")), responses(
    (status = 200, description = "The group as it is now", body = Group),
    (status = 403, description = "Not for this caller (`forbidden`)"),
    (status = 404, description = "No such group"),
    (status = 409, description = "The group is archived, or another has the slug or the external id (`archived`, `taken`)"),
))]
#[patch("/groups/{group_id}")]
async fn update_group(
    actor: Actor,
    db: web::Data<Db>,
    group_id: web::Path<GroupId>,
    if_match: IfMatch,
    patch: Body<GroupPatch>,
) -> Result<HttpResponse> {
    let now = Timestamp::now();
    let group = actor
        .write(&db, move |conn| {
            if patch.0.parent_id.0.is_some() || patch.0.successor_id.0.is_some() {
                relatives::lock(conn)?;
            }
            if patch.0.visibility.0.is_some_and(|visibility| visibility != Visibility::Public) {
                shares::lock(conn, Sharing::OfGroup(*group_id), &[*group_id])?;
            }
            let access = Access::lock(conn, actor.viewer(), *group_id)?;
            policy::update(&access, &patch.0, now)?;
            let found = queries::get(conn, access.viewer(), access.group_id())?;
            if_match.check(found.group.updated_at)?;
            if let Some(parent) = patch.0.parent_id.0.flatten() {
                relatives::check_parent(conn, actor.viewer(), Some(*group_id), parent)?;
            }
            if let Some(successor) = patch.0.successor_id.0.flatten() {
                relatives::check_successor(conn, actor.viewer(), *group_id, successor)?;
            }
            let row = found.group.clone();
            let before = queries::one_view(conn, access.viewer(), found)?;
            queries::update(conn, &row, &patch.0, actor.user_id, now)?;
            let found = queries::get(conn, access.viewer(), access.group_id())?;
            let after = queries::one_view(conn, access.viewer(), found)?;
            let stored = queries::get(conn, access.viewer(), access.group_id())?.group;
            record_update(conn, &actor, (&before, &row), (&after, &stored), now)?;
            Ok(after)
        })
        .await?;
    Ok(conditional::ok(group.updated_at, &group))
}

/// What changed, for the audit log. What the caller may do follows from it and is not a setting. Which group is above or comes
/// after is told as it is, whether or not the caller may know of that group; whoever reads the log learns of those only that
/// they may know of.
fn record_update(
    conn: &mut Conn,
    actor: &Actor,
    (before, was): (&Group, &GroupRow),
    (after, is): (&Group, &GroupRow),
    now: Timestamp,
) -> Result<()> {
    let mut changes = AuditChange::between(before, after);
    changes.retain(|change| !["viewer", "parent_id", "successor_id"].contains(&change.field.as_str()));
    let id = |id: Option<GroupId>| id.map(|id| id.to_string());
    for (field, was, is) in
        [("parent_id", was.parent_id, is.parent_id), ("successor_id", was.successor_id, is.successor_id)]
    {
        if was != is {
            changes.push(AuditChange::new(field, id(was).as_deref(), id(is).as_deref()));
        }
    }
    if changes.is_empty() {
        return Ok(());
    }
    let action = match (before.status, after.status) {
        (GroupStatus::Active, GroupStatus::Archived) => AuditAction::GroupArchived,
        (GroupStatus::Archived, GroupStatus::Active) => AuditAction::GroupUnarchived,
        _ => AuditAction::GroupUpdated,
    };
    audit::queries::record(conn, Some(actor), Entry::group(action, after.id).with_changes(changes), now)
}

/// Delete a group
///
/// For owners. It is not found any more, nor is anything in it.
#[utoipa::path(tag = "groups", operation_id = "delete_group",
    security(("bearer" = []), ("api_key" = ["groups:write"])),
    params(("If-Match" = String, Header, description = "The ETag of what you have read, or *")),
    responses(
    (status = 204, description = "Deleted"),
    (status = 403, description = "Not for this caller (`forbidden`)"),
    (status = 404, description = "No such group"),
))]
#[delete("/groups/{group_id}")]
async fn delete_group(
    actor: Actor,
    db: web::Data<Db>,
    group_id: web::Path<GroupId>,
    if_match: IfMatch,
) -> Result<HttpResponse> {
    let now = Timestamp::now();
    actor
        .write(&db, move |conn| {
            shares::lock(conn, Sharing::OfGroup(*group_id), &[*group_id])?;
            let access = Access::lock(conn, actor.viewer(), *group_id)?;
            access.require(Action::Delete)?;
            if_match.check(queries::get(conn, access.viewer(), access.group_id())?.group.updated_at)?;
            queries::delete(conn, access.group_id(), now)?;
            let entry = Entry::group(AuditAction::GroupDeleted, access.group_id());
            audit::queries::record(conn, Some(&actor), entry, now)
        })
        .await?;
    Ok(json::no_content())
}

/// List the versions of a group's rules
///
/// Newest first, for whoever sees the group.
#[utoipa::path(tag = "groups", operation_id = "list_group_rules",
    security((), ("bearer" = []), ("api_key" = ["groups:read"])), params(GroupRulesQuery),
    responses(
    (status = 200, description = "One page of versions", body = GroupRulesPage),
    (status = 404, description = "No such group"),
))]
#[get("/groups/{group_id}/rules")]
async fn list_group_rules(
    request: HttpRequest,
    viewer: Viewer,
    db: web::Data<Db>,
    group_id: web::Path<GroupId>,
    query: Query<GroupRulesQuery>,
) -> Result<HttpResponse> {
    let group = *group_id;
    let page = Page::<i64>::new("group-rules", &group, query.limit, query.cursor.as_deref())?;
    let cut = page.clone();
    let rules = db
        .read(move |conn| {
            let access = Access::find(conn, viewer, group)?;
            queries::list_rules(conn, &access, &page)
        })
        .await?;
    let (items, next_cursor) = cut.cut(rules, |rules| (i64::from(rules.version), group.uuid()));
    let body = GroupRulesPage { items, next_cursor };
    Ok(page::ok(&request, &body, body.next_cursor.as_deref()))
}

/// List a group's part of the audit log
///
/// Who did what in it, for its owners and administrators. Newest first.
#[utoipa::path(tag = "groups", operation_id = "list_group_audit_events",
    security(("bearer" = []), ("api_key" = ["groups:read", "members:read"])),
    params(GroupAuditQuery), responses(
    (status = 200, description = "One page of entries", body = audit::model::AuditEventPage),
    (status = 403, description = "Not for this caller (`forbidden`)"),
    (status = 404, description = "No such group"),
))]
#[get("/groups/{group_id}/audit-log")]
async fn list_group_audit_events(
    request: HttpRequest,
    actor: Actor,
    db: web::Data<Db>,
    group_id: web::Path<GroupId>,
    query: Query<GroupAuditQuery>,
) -> Result<HttpResponse> {
    let group = *group_id;
    let may_read = move |conn: &mut Conn| Access::find(conn, actor.viewer(), group)?.require(Action::ReadAuditLog);
    db.read(may_read).await?;
    let mut body = audit::routes::find(&db, query.into_inner().about(group)).await?;
    let named = relatives::named_in(&body.items);
    let known = db.read(move |conn| relatives::known(conn, &actor.viewer(), &named)).await?;
    relatives::withhold(&mut body.items, &known);
    Ok(page::ok(&request, &body, body.next_cursor.as_deref()))
}
