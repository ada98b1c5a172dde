//! `/group-proposals`.

use actix_web::{HttpRequest, HttpResponse, delete, get, post, web};
use utoipa_actix_web::service_config::ServiceConfig;

use super::model::{
    GroupProposal, GroupProposalPage, GroupProposalQuery, NewGroupProposal, ProposalDecision, ProposalRow,
    ProposalState, ProposedGroup,
};
use super::{policy, queries};
use crate::api::audit::model::{AuditAction, AuditTarget, Entry};
use crate::api::group_types::queries::choose;
use crate::api::groups::{relatives, routes::found};
use crate::api::idempotency::{self, Made, Once};
use crate::api::memberships::model::Reason;
use crate::api::requests::model::Outcome;
use crate::api::sessions::policy::log_in;
use crate::api::{audit, settings, users};
use crate::auth::actor::Actor;
use crate::db::{Conn, Db};
use crate::error::{Error, Result};
use crate::http::json::{self, Body};
use crate::http::page::{self, Page};
use crate::http::query::Query;
use crate::types::{GroupId, GroupProposalId, Timestamp};

/// The routes of this feature.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config.service(list_group_proposals).service(create_group_proposal).service(get_group_proposal);
    config.service(decide_group_proposal).service(withdraw_group_proposal);
}

/// List the proposals for groups
///
/// Administrators see all, everybody else their own; the newest first.
#[utoipa::path(tag = "groups", operation_id = "list_group_proposals",
    security(("bearer" = []), ("api_key" = ["account:read"])),
    params(GroupProposalQuery), responses(
    (status = 200, description = "One page of proposals", body = GroupProposalPage),
))]
#[get("/group-proposals")]
async fn list_group_proposals(
    request: HttpRequest,
    actor: Actor,
    db: web::Data<Db>,
    query: Query<GroupProposalQuery>,
) -> Result<HttpResponse> {
    let state = query.state;
    let proposer = (!actor.is_admin()).then_some(actor.user_id);
    let page = Page::<i64>::new("group-proposals", &(proposer, state), query.limit, query.cursor.as_deref())?;
    let cut = page.clone();
    let rows = db.read(move |conn| queries::list(conn, proposer, state, &page)).await?;
    let (rows, next_cursor) = cut.cut(rows, queries::key);
    let items = rows.into_iter().map(GroupProposal::of).collect::<Result<_>>()?;
    let body = GroupProposalPage { items, next_cursor };
    Ok(page::ok(&request, &body, body.next_cursor.as_deref()))
}

/// Propose a group
///
/// An administrator approves or declines it; once it is approved the caller owns the group. At most ten of one's proposals
/// wait at a time.
#[utoipa::path(tag = "groups", operation_id = "create_group_proposal",
    security(("bearer" = []), ("api_key" = ["account:write"])),
    request_body = NewGroupProposal, responses(
    (status = 201, description = "The proposal", body = GroupProposal),
    (status = 403, description = "The platform lets nobody but administrators create groups, or set these properties (`forbidden`, `approval_needed`)"),
    (status = 409, description = "Ten proposals wait already (`invalid_state`)"),
))]
#[post("/group-proposals")]
async fn create_group_proposal(
    actor: Actor,
    db: web::Data<Db>,
    once: Once,
    body: Body<NewGroupProposal>,
) -> Result<HttpResponse> {
    let (new, now) = (body.0, Timestamp::now());
    let ticket = once.ticket(&actor)?;
    let work = move |conn: &mut Conn| {
        let settings = settings::queries::get(conn)?;
        settings::policy::propose_group(&settings, actor.is_admin())?;
        policy::propose(&new, queries::count_pending(conn, actor.user_id)?)?;
        check(conn, &actor, &new).map_err(|error| error.within("/group"))?;
        let row = row(&actor, &new, now)?;
        queries::insert(conn, &row)?;
        let proposal = GroupProposal::of(queries::get(conn, row.id)?)?;
        Ok(Made::created(&proposal)?.at(format!("/api/v1/group-proposals/{}", proposal.id)))
    };
    let made = db
        .write(move |conn| {
            // one after the other, so that they are counted
            users::queries::lock(conn, actor.user_id)?;
            actor.confirm(conn)?;
            ticket.run(conn, actor.user_id, &work)
        })
        .await?;
    Ok(idempotency::respond(made))
}

/// What can be known beforehand of whether the group can be created.
fn check(conn: &mut Conn, actor: &Actor, new: &NewGroupProposal) -> Result<()> {
    for id in &new.group.type_ids.0 {
        choose(conn, *id, false)?;
    }
    match new.group.parent_id {
        Some(parent) => relatives::check_parent(conn, actor.viewer(), None, parent),
        None => Ok(()),
    }
}

fn row(actor: &Actor, new: &NewGroupProposal, now: Timestamp) -> Result<ProposalRow> {
    Ok(ProposalRow {
        id: GroupProposalId::new(),
        proposer_id: actor.user_id,
        proposal: serde_json::to_string(&ProposedGroup::from(&new.group)).map_err(Error::internal)?,
        note: new.note.as_ref().map(|note| note.as_str().to_owned()),
        state: ProposalState::Pending,
        decided_by: None,
        decided_at: None,
        decision_reason: None,
        group_id: None,
        created_at: now,
        updated_at: now,
    })
}

/// Get a proposal for a group
///
/// For administrators and for who made it.
#[utoipa::path(tag = "groups", operation_id = "get_group_proposal",
    security(("bearer" = []), ("api_key" = ["account:read"])), responses(
    (status = 200, description = "The proposal", body = GroupProposal),
    (status = 404, description = "No such proposal"),
))]
#[get("/group-proposals/{group_proposal_id}")]
async fn get_group_proposal(
    actor: Actor,
    db: web::Data<Db>,
    group_proposal_id: web::Path<GroupProposalId>,
) -> Result<HttpResponse> {
    let proposal = db
        .read(move |conn| {
            let found = queries::get(conn, *group_proposal_id)?;
            policy::see(&actor, &found.0)?;
            GroupProposal::of(found)
        })
        .await?;
    Ok(json::ok(&proposal))
}

/// Decide a proposal for a group
///
/// Administrators only. Approving creates the group, which whoever proposed it owns; declining needs a reason, which they
/// read.
#[utoipa::path(tag = "groups", operation_id = "decide_group_proposal",
    security(("bearer" = []), ("api_key" = ["admin:write"])),
    request_body = ProposalDecision, responses(
    (status = 200, description = "The proposal as it is now", body = GroupProposal),
    (status = 403, description = "Not an administrator (`forbidden`)"),
    (status = 404, description = "No such proposal"),
    (status = 409, description = "It was decided or withdrawn, or the group cannot be created any more (`invalid_state`)"),
))]
#[post("/group-proposals/{group_proposal_id}/decision")]
async fn decide_group_proposal(
    actor: Actor,
    db: web::Data<Db>,
    group_proposal_id: web::Path<GroupProposalId>,
    body: Body<ProposalDecision>,
) -> Result<HttpResponse> {
    policy::decide(&actor, &body.0)?;
    let (decision, now) = (body.0, Timestamp::now());
    let proposal = actor
        .write(&db, move |conn| {
            let (row, _) = queries::lock(conn, *group_proposal_id)?;
            policy::pending(&row)?;
            let (state, action, group) = match decision.outcome {
                Outcome::Approve => {
                    let group = create(conn, &actor, &row, now).map_err(policy::overtaken)?;
                    (ProposalState::Approved, AuditAction::ProposalApproved, Some(group))
                }
                Outcome::Decline => (ProposalState::Declined, AuditAction::ProposalDeclined, None),
            };
            let reason = decision.reason.as_ref().map(Reason::as_str);
            queries::settle(conn, row.id, state, Some((actor.user_id, reason)), group, now)?;
            let entry = Entry::new(action, AuditTarget::GroupProposal, row.id.uuid()).with_reason(reason);
            audit::queries::record(conn, Some(&actor), entry, now)?;
            GroupProposal::of(queries::get(conn, row.id)?)
        })
        .await?;
    Ok(json::ok(&proposal))
}

fn create(conn: &mut Conn, actor: &Actor, row: &ProposalRow, now: Timestamp) -> Result<GroupId> {
    let proposer = users::queries::hold(conn, row.proposer_id)?;
    log_in(&proposer).map_err(|_| Error::invalid("/proposer", "conflict", "the proposer's account is not in use"))?;
    let proposed: ProposedGroup = serde_json::from_str(&row.proposal).map_err(Error::internal)?;
    let new = proposed.new_group()?;
    if let Some(parent) = new.parent_id {
        relatives::lock(conn)?;
        relatives::check_parent(conn, actor.viewer(), None, parent)?;
    }
    let settings = settings::queries::get(conn)?;
    found(conn, actor, &new, row.proposer_id, &settings, now)
}

/// Withdraw a proposal for a group
///
/// For who made it, while it waits.
#[utoipa::path(tag = "groups", operation_id = "withdraw_group_proposal",
    security(("bearer" = []), ("api_key" = ["account:write"])), responses(
    (status = 204, description = "Withdrawn"),
    (status = 403, description = "Made by somebody else (`forbidden`)"),
    (status = 404, description = "No such proposal"),
    (status = 409, description = "It was decided or withdrawn (`invalid_state`)"),
))]
#[delete("/group-proposals/{group_proposal_id}")]
async fn withdraw_group_proposal(
    actor: Actor,
    db: web::Data<Db>,
    group_proposal_id: web::Path<GroupProposalId>,
) -> Result<HttpResponse> {
    let now = Timestamp::now();
    actor
        .write(&db, move |conn| {
            let (row, _) = queries::lock(conn, *group_proposal_id)?;
            policy::withdraw(&actor, &row)?;
            queries::settle(conn, row.id, ProposalState::Withdrawn, None, None, now)
        })
        .await?;
    Ok(json::no_content())
}
