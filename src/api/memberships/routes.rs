//! `/groups/{group_id}/membership` (one's own), `…/members` and `…/membership-requests`.

use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, put, web};
use utoipa_actix_web::service_config::ServiceConfig;

use super::access::Access;
use super::model::{
    Action, Decision, Member, MemberPage, MemberPatch, MemberQuery, MemberRow, MemberSort, MemberState, Membership,
    MembershipRequest, MembershipRequestPage, MembershipRequestQuery, NewMembership, Outcome, OwnMembership, Role,
    State,
};
use super::policy::{self, Verdict};
use super::queries::{self, Change};
use crate::auth::actor::{Actor, Viewer};
use crate::db::{Conn, Db};
use crate::error::{Error, Result};
use crate::http::json::{self, Body};
use crate::http::page::{self, Key, Page};
use crate::http::query::Query;
use crate::types::{GroupId, Timestamp, UserId};

/// The routes of this feature.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config.service(get_membership).service(join_group).service(leave_group);
    config.service(list_members).service(get_member).service(update_member).service(delete_member);
    config.service(list_membership_requests).service(decide_membership_request);
}

/// Get one's own membership
///
/// Not found for somebody who never had one.
#[utoipa::path(tag = "memberships", operation_id = "get_membership", security(("bearer" = [])), responses(
    (status = 200, description = "One's membership", body = OwnMembership),
    (status = 404, description = "No such group, or never a member"),
))]
#[get("/groups/{group_id}/membership")]
async fn get_membership(actor: Actor, db: web::Data<Db>, group_id: web::Path<GroupId>) -> Result<HttpResponse> {
    let membership = db
        .read(move |conn| {
            let access = Access::find(conn, actor.viewer(), *group_id)?;
            queries::find(conn, access.group_id(), actor.user_id)?.ok_or_else(Error::not_found)
        })
        .await?;
    Ok(json::ok(&OwnMembership::from(membership)))
}

/// Join, or ask to
///
/// Where the group is open, and for the invited, one is a member at once; where it takes requests, one has asked. Doing it
/// again changes nothing.
#[utoipa::path(tag = "memberships", operation_id = "join_group", security(("bearer" = [])),
    request_body = NewMembership, responses(
    (status = 200, description = "One's membership: `active` or `requested`", body = OwnMembership),
    (status = 403, description = "By invitation only, or banned"),
    (status = 404, description = "No such group"),
    (status = 409, description = "The group is archived"),
))]
#[put("/groups/{group_id}/membership")]
async fn join_group(
    actor: Actor,
    db: web::Data<Db>,
    group_id: web::Path<GroupId>,
    body: Body<NewMembership>,
) -> Result<HttpResponse> {
    let now = Timestamp::now();
    let message = body.0.message.map(crate::http::text::Markdown::into_string);
    let membership = actor
        .write(&db, move |conn| {
            let access = Access::lock(conn, actor.viewer(), *group_id)?;
            let before = queries::find(conn, access.group_id(), actor.user_id)?;
            enter(conn, &access, before, message.clone(), now)
        })
        .await?;
    Ok(json::ok(&OwnMembership::from(membership)))
}

fn enter(
    conn: &mut Conn,
    access: &Access,
    before: Option<Membership>,
    message: Option<String>,
    now: Timestamp,
) -> Result<Membership> {
    let (action, state) = match policy::verdict(access.standing(), Action::Join) {
        Verdict::Forbidden => (Action::Request, State::Requested),
        _ => (Action::Join, State::Active),
    };
    match before {
        Some(row) if row.state == State::Active || (row.state, state) == (State::Requested, State::Requested) => {
            Ok(row)
        }
        before => {
            access.require(action)?;
            let change = Change {
                group_id: access.group_id(),
                user_id: access.user_id(),
                actor: Some(access.user_id()),
                before,
                role: Role::Member,
                state,
                message,
                reason: None,
            };
            queries::change(conn, &change, now)
        }
    }
}

/// Leave, or withdraw
///
/// Ends one's membership, takes one's request back, or declines an invitation. Doing it again changes nothing. The last
/// owner cannot leave: the problem lists who could take over.
#[utoipa::path(tag = "memberships", operation_id = "leave_group", security(("bearer" = [])), responses(
    (status = 204, description = "Not a member, and not asking to be"),
    (status = 404, description = "No such group"),
    (status = 409, description = "The last owner"),
))]
#[delete("/groups/{group_id}/membership")]
async fn leave_group(actor: Actor, db: web::Data<Db>, group_id: web::Path<GroupId>) -> Result<HttpResponse> {
    let now = Timestamp::now();
    actor
        .write(&db, move |conn| {
            let access = Access::lock(conn, actor.viewer(), *group_id)?;
            let Some(before) = queries::find(conn, access.group_id(), actor.user_id)? else { return Ok(()) };
            leave(conn, &access, before, now)
        })
        .await?;
    Ok(json::no_content())
}

/// Ends the caller's own membership, whatever its state.
fn leave(conn: &mut Conn, access: &Access, before: Membership, now: Timestamp) -> Result<()> {
    let owns = before.role == Role::Owner && before.state == State::Active;
    if owns && queries::owners(conn, access.group_id())? == 1 {
        return Err(access.last_owner(conn, before.user_id)?);
    }
    let state = match before.state {
        State::Active | State::Requested => State::Left,
        State::Invited => State::Declined,
        State::Declined | State::Left | State::Removed | State::Banned => return Ok(()),
    };
    let change = Change {
        group_id: before.group_id,
        user_id: before.user_id,
        actor: Some(access.user_id()),
        role: before.role,
        before: Some(before),
        state,
        message: None,
        reason: None,
    };
    queries::change(conn, &change, now).map(drop)
}

/// List the members
///
/// Whoever may read the group's list of members; other states than `active` are for those who manage members.
#[utoipa::path(tag = "memberships", operation_id = "list_members", security((), ("bearer" = [])), params(MemberQuery),
    responses(
    (status = 200, description = "One page of members", body = MemberPage),
    (status = 403, description = "Not for this caller"),
    (status = 404, description = "No such group"),
))]
#[get("/groups/{group_id}/members")]
async fn list_members(
    request: HttpRequest,
    viewer: Viewer,
    db: web::Data<Db>,
    group_id: web::Path<GroupId>,
    query: Query<MemberQuery>,
) -> Result<HttpResponse> {
    let query = query.into_inner();
    let sort = query.sort.unwrap_or(MemberSort::Joined);
    let filters = (*group_id, query.role, query.state, query.q.as_ref().map(|q| q.as_str().to_owned()), sort);
    let page = Page::<Key>::new("members", &filters, query.limit, query.cursor.as_deref())?;
    let cut = page.clone();
    let members = db
        .read(move |conn| {
            let access = Access::find(conn, viewer, *group_id)?;
            access.require(Action::ReadMembers)?;
            if query.state.is_some_and(|state| state != State::Active) {
                access.require(Action::ManageMembers)?;
            }
            queries::list(conn, &access, &query, &page)
        })
        .await?;
    let (rows, next_cursor) = cut.cut(members, |row| (queries::key(sort, row), row.membership.user_id.uuid()));
    let now = Timestamp::now();
    let body = MemberPage { items: rows.iter().map(|row| row.member(now)).collect(), next_cursor };
    Ok(page::ok(&request, &body, body.next_cursor.as_deref()))
}

/// The member, for a caller who may read the list of members; former members only for those who manage them.
fn readable(conn: &mut Conn, access: &Access, user: UserId) -> Result<MemberRow> {
    access.require(Action::ReadMembers)?;
    let member = queries::find_member(conn, access.group_id(), user)?;
    let may_see = |row: &MemberRow| row.membership.state == State::Active || access.may(Action::ManageMembers);
    member.filter(may_see).ok_or_else(Error::not_found)
}

/// Get a member
///
/// Whoever may read the group's list of members.
#[utoipa::path(tag = "memberships", operation_id = "get_member", security((), ("bearer" = [])), responses(
    (status = 200, description = "The member", body = Member),
    (status = 403, description = "Not for this caller"),
    (status = 404, description = "No such group or member"),
))]
#[get("/groups/{group_id}/members/{user_id}")]
async fn get_member(viewer: Viewer, db: web::Data<Db>, path: web::Path<(GroupId, UserId)>) -> Result<HttpResponse> {
    let (group_id, user_id) = path.into_inner();
    let member = db
        .read(move |conn| {
            let access = Access::find(conn, viewer, group_id)?;
            readable(conn, &access, user_id)
        })
        .await?;
    Ok(json::ok(&member.member(Timestamp::now())))
}

/// Change a member
///
/// Give a role (owners), remove, ban, or lift a ban (facilitators, for members; owners, for everybody). A change that would
/// leave the group without owner is refused, with who could take over.
#[utoipa::path(tag = "memberships", operation_id = "update_member", security(("bearer" = [])),
    request_body = MemberPatch, responses(
    (status = 200, description = "The member as it is now", body = Member),
    (status = 403, description = "Not for this caller, or somebody above the caller"),
    (status = 404, description = "No such group or member"),
    (status = 409, description = "The last owner, or not possible from this state"),
))]
#[patch("/groups/{group_id}/members/{user_id}")]
async fn update_member(
    actor: Actor,
    db: web::Data<Db>,
    path: web::Path<(GroupId, UserId)>,
    patch: Body<MemberPatch>,
) -> Result<HttpResponse> {
    let ((group_id, user_id), patch, now) = (path.into_inner(), patch.0, Timestamp::now());
    let member = actor
        .write(&db, move |conn| {
            let access = Access::lock(conn, actor.viewer(), group_id)?;
            change_member(conn, &access, user_id, &patch, now)?;
            queries::find_member(conn, group_id, user_id)?.ok_or_else(Error::not_found)
        })
        .await?;
    Ok(json::ok(&member.member(now)))
}

/// Remove a member
///
/// The person is free to come back. The same as a change to `removed` without a reason.
#[utoipa::path(tag = "memberships", operation_id = "delete_member", security(("bearer" = [])), responses(
    (status = 204, description = "Not a member any more"),
    (status = 403, description = "Not for this caller, or somebody above the caller"),
    (status = 404, description = "No such group or member"),
    (status = 409, description = "The last owner, or not a member"),
))]
#[delete("/groups/{group_id}/members/{user_id}")]
async fn delete_member(actor: Actor, db: web::Data<Db>, path: web::Path<(GroupId, UserId)>) -> Result<HttpResponse> {
    let ((group_id, user_id), now) = (path.into_inner(), Timestamp::now());
    let patch = MemberPatch { state: crate::http::patch::Set(Some(MemberState::Removed)), ..MemberPatch::default() };
    actor
        .write(&db, move |conn| {
            let access = Access::lock(conn, actor.viewer(), group_id)?;
            change_member(conn, &access, user_id, &patch, now)
        })
        .await?;
    Ok(json::no_content())
}

fn change_member(conn: &mut Conn, access: &Access, user: UserId, patch: &MemberPatch, now: Timestamp) -> Result<()> {
    access.require(Action::ManageMembers)?;
    let before = queries::find(conn, access.group_id(), user)?.ok_or_else(Error::not_found)?;
    let change = policy::change_member(access.standing(), &before, patch)?;
    let Some((role, state)) = change else { return Ok(()) };
    let owns = |role, state| role == Role::Owner && state == State::Active;
    if owns(before.role, before.state) && !owns(role, state) && queries::owners(conn, access.group_id())? == 1 {
        return Err(access.last_owner(conn, user)?);
    }
    let change = Change {
        group_id: access.group_id(),
        user_id: user,
        actor: Some(access.user_id()),
        before: Some(before),
        role,
        state,
        message: None,
        reason: patch.reason.0.as_ref().map(|reason| reason.as_str().to_owned()),
    };
    queries::change(conn, &change, now).map(drop)
}

/// List the requests to join
///
/// For facilitators and owners; who waits longest comes first.
#[utoipa::path(tag = "memberships", operation_id = "list_membership_requests", security(("bearer" = [])),
    params(MembershipRequestQuery), responses(
    (status = 200, description = "One page of requests", body = MembershipRequestPage),
    (status = 403, description = "Not for this caller"),
    (status = 404, description = "No such group"),
))]
#[get("/groups/{group_id}/membership-requests")]
async fn list_membership_requests(
    request: HttpRequest,
    actor: Actor,
    db: web::Data<Db>,
    group_id: web::Path<GroupId>,
    query: Query<MembershipRequestQuery>,
) -> Result<HttpResponse> {
    let page = Page::<Key>::new("membership-requests", &*group_id, query.limit, query.cursor.as_deref())?;
    let cut = page.clone();
    let rows = db
        .read(move |conn| {
            let access = Access::find(conn, actor.viewer(), *group_id)?;
            access.require(Action::ManageMembers)?;
            queries::list_requests(conn, &access, &page)
        })
        .await?;
    let (rows, next_cursor) =
        cut.cut(rows, |row| (queries::key(MemberSort::Joined, row), row.membership.user_id.uuid()));
    let item = |row: &MemberRow| MembershipRequest {
        user: row.person(),
        message: row.membership.message.clone(),
        requested_at: row.membership.requested_at,
    };
    let body = MembershipRequestPage { items: rows.iter().map(item).collect(), next_cursor };
    Ok(page::ok(&request, &body, body.next_cursor.as_deref()))
}

/// Decide a request to join
///
/// For facilitators and owners. A person who is declined reads the reason in their membership.
#[utoipa::path(tag = "memberships", operation_id = "decide_membership_request", security(("bearer" = [])),
    request_body = Decision, responses(
    (status = 200, description = "The person's membership now", body = Member),
    (status = 403, description = "Not for this caller"),
    (status = 404, description = "No such group, or the person never asked"),
    (status = 409, description = "The person does not ask now, or the group is archived"),
))]
#[post("/groups/{group_id}/membership-requests/{user_id}/decision")]
async fn decide_membership_request(
    actor: Actor,
    db: web::Data<Db>,
    path: web::Path<(GroupId, UserId)>,
    decision: Body<Decision>,
) -> Result<HttpResponse> {
    let ((group_id, user_id), decision, now) = (path.into_inner(), decision.0, Timestamp::now());
    let member = actor
        .write(&db, move |conn| {
            let access = Access::lock(conn, actor.viewer(), group_id)?;
            access.require(Action::DecideRequests)?;
            let before = queries::find(conn, group_id, user_id)?.ok_or_else(Error::not_found)?;
            if before.state != State::Requested {
                return Err(policy::wrong_state(Some(before.state), policy::next_states(before.state)));
            }
            let change = Change {
                group_id,
                user_id,
                actor: Some(actor.user_id),
                before: Some(before),
                role: Role::Member,
                state: if decision.outcome == Outcome::Approve { State::Active } else { State::Declined },
                message: None,
                reason: decision.reason.as_ref().map(|reason| reason.as_str().to_owned()),
            };
            queries::change(conn, &change, now)?;
            queries::find_member(conn, group_id, user_id)?.ok_or_else(Error::not_found)
        })
        .await?;
    Ok(json::ok(&member.member(now)))
}
