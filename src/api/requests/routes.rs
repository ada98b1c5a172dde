//! `/groups/{group_id}/membership-requests`.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use utoipa_actix_web::service_config::ServiceConfig;

use super::model::{
    Decision, DecisionBatch, MembershipRequest, MembershipRequestPage, MembershipRequestQuery, RequestState,
};
use super::{policy, queries};
use crate::api::idempotency::{Made, Once};
use crate::api::memberships;
use crate::api::memberships::access::{Access, Reader};
use crate::api::memberships::model::{Action, Member, MemberSort, RowResult, RowResults, RowStatus, State};
use crate::api::memberships::queries::Change;
use crate::api::users::model::DisplayName;
use crate::auth::actor::Actor;
use crate::db::{Conn, Db};
use crate::error::{Error, Result};
use crate::http::conditional;
use crate::http::json::Body;
use crate::http::page::{self, Key, Page};
use crate::http::query::Query;
use crate::types::{GroupId, Timestamp, UserId};

/// The routes of this feature.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config.service(list_membership_requests).service(decide_membership_request).service(decide_membership_requests);
}

/// List the requests to join
///
/// For facilitators and owners; who waits longest comes first.
#[utoipa::path(tag = "memberships", operation_id = "list_membership_requests",
    security(("bearer" = []), ("api_key" = ["members:read"])),
    params(MembershipRequestQuery, ("Praxis-Access-Reason" = Option<String>, Header, description = "Why an administrator who is no member reads this")),
    responses(
    (status = 200, description = "One page of requests", body = MembershipRequestPage),
    (status = 403, description = "Not for this caller (`forbidden`)"),
    (status = 404, description = "No such group"),
))]
#[get("/groups/{group_id}/membership-requests")]
async fn list_membership_requests(
    request: HttpRequest,
    reader: Reader,
    db: web::Data<Db>,
    group_id: web::Path<GroupId>,
    query: Query<MembershipRequestQuery>,
) -> Result<HttpResponse> {
    reader.actor()?;
    let state = query.state.unwrap_or(RequestState::Requested);
    let page = Page::<Key>::new("membership-requests", &(*group_id, state), query.limit, query.cursor.as_deref())?;
    let cut = page.clone();
    let rows = reader
        .read(&db, Action::ReadRecords, move |conn, viewer| {
            let access = Access::find(conn, viewer, *group_id)?;
            policy::read(&access)?;
            let rows = queries::list(conn, &access, state, &page)?;
            Ok((access, rows))
        })
        .await?;
    let place = |row: &memberships::model::MemberRow| {
        (memberships::queries::key(MemberSort::Joined, row), row.membership.user_id.uuid())
    };
    let (rows, next_cursor) = cut.cut(rows, place);
    let body = MembershipRequestPage { items: rows.into_iter().map(MembershipRequest::from).collect(), next_cursor };
    Ok(page::ok(&request, &body, body.next_cursor.as_deref()))
}

/// Decide a request to join
///
/// For facilitators and owners. A person who is declined reads the reason in their membership, and may be approved later.
#[utoipa::path(tag = "memberships", operation_id = "decide_membership_request",
    security(("bearer" = []), ("api_key" = ["members:write"])),
    request_body = Decision, responses(
    (status = 200, description = "The person's membership now", body = Member),
    (status = 403, description = "Not for this caller (`forbidden`)"),
    (status = 404, description = "No such group, or the person never asked"),
    (status = 409, description = "The person does not ask now, or the group is archived (`invalid_state`, `archived`, `taken`)"),
))]
#[post("/groups/{group_id}/membership-requests/{user_id}/decision")]
async fn decide_membership_request(
    actor: Actor,
    db: web::Data<Db>,
    path: web::Path<(GroupId, UserId)>,
    decision: Body<Decision>,
) -> Result<HttpResponse> {
    let ((group_id, user_id), decision, now) = (path.into_inner(), decision.0, Timestamp::now());
    let (version, member) = actor
        .write(&db, move |conn| {
            let access = Access::lock(conn, actor.viewer(), group_id)?;
            decide(conn, &access, actor, user_id, &decision, now)?;
            let member = memberships::queries::find_member(conn, group_id, user_id)?.ok_or_else(Error::not_found)?;
            let version = member.membership.version();
            Ok((version, member.member(access.may(Action::ReadRecords), now)))
        })
        .await?;
    Ok(conditional::ok(version, &member))
}

fn decide(
    conn: &mut Conn,
    access: &Access,
    actor: Actor,
    user: UserId,
    decision: &Decision,
    now: Timestamp,
) -> Result<()> {
    access.require(Action::DecideRequests)?;
    let before = memberships::queries::find(conn, access.group_id(), user)?.ok_or_else(Error::not_found)?;
    let state = policy::decide(&before, decision.outcome)?;
    if state == State::Active {
        memberships::queries::hold_account(conn, user)?;
        if let Some(name) = before.display_name.as_deref().and_then(|name| DisplayName::parse(name).ok()) {
            memberships::queries::refuse_shown_name(conn, access.group_id(), user, &name)?;
        }
    }
    let change = Change::new(access.group_id(), user, Some(actor), Some(before), state)
        .because(decision.reason.as_ref(), decision.private_note.as_ref());
    memberships::queries::change(conn, &change, now).map(drop)
}

/// Decide many requests to join
///
/// For facilitators and owners: up to 500, each with a result of its own; one that fails changes nothing and holds no other up.
#[utoipa::path(tag = "memberships", operation_id = "decide_membership_requests",
    security(("bearer" = []), ("api_key" = ["members:write"])),
    request_body = DecisionBatch, responses(
    (status = 200, description = "What became of each, in the same order", body = RowResults),
    (status = 403, description = "Not for this caller (`forbidden`)"),
    (status = 404, description = "No such group"),
    (status = 409, description = "The group is archived (`archived`)"),
))]
#[post("/groups/{group_id}/membership-requests:batch")]
async fn decide_membership_requests(
    actor: Actor,
    db: web::Data<Db>,
    group_id: web::Path<GroupId>,
    once: Once,
    batch: Body<DecisionBatch>,
) -> Result<HttpResponse> {
    let (rows, now) = (batch.0.decisions.0, Timestamp::now());
    once.write(actor, &db, move |conn| {
        let access = Access::lock(conn, actor.viewer(), *group_id)?;
        access.require(Action::DecideRequests)?;
        let results = RowResults::of(&rows, |row| {
            let (user, decision) = (row.user_id, Decision::from(row.clone()));
            let decided = decide(conn, &access, actor, user, &decision, now);
            RowResult::new(Some(user), decided.map(|()| RowStatus::Done))
        })?;
        Made::ok(&results)
    })
    .await
}
