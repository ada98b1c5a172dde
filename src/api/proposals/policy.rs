//! Who proposes, sees and decides what.

use super::model::{NewGroupProposal, PENDING_AT_MOST, ProposalDecision, ProposalRow, ProposalState};
use crate::api::requests::model::Outcome;
use crate::auth::actor::Actor;
use crate::db::sql_types::TextEnum as _;
use crate::error::{Code, Error, Result};

/// Whether a proposal may be made, with so many of the caller's waiting.
pub fn propose(new: &NewGroupProposal, pending: i64) -> Result<()> {
    let words = "Administrators set this once the group is there.";
    for (pointer, is_set) in [
        ("/group/external_id", new.group.external_id.is_some()),
        ("/group/auto_join_domains", !new.group.auto_join_domains.0.is_empty()),
    ] {
        if is_set {
            return Err(Error::new(Code::Forbidden, words).with_field(pointer, "forbidden", words));
        }
    }
    if pending >= PENDING_AT_MOST {
        let words = format!("{PENDING_AT_MOST} of your proposals wait for a decision already.");
        return Err(Error::new(Code::InvalidState, words));
    }
    Ok(())
}

/// Proposals are for administrators and for who made them.
pub fn see(actor: &Actor, row: &ProposalRow) -> Result<()> {
    if actor.is_admin() || actor.user_id == row.proposer_id { Ok(()) } else { Err(Error::not_found()) }
}

/// Only what waits is decided or withdrawn.
pub fn pending(row: &ProposalRow) -> Result<()> {
    if row.state == ProposalState::Pending {
        return Ok(());
    }
    let words = format!("The proposal is {} already.", row.state.as_str());
    Err(Error::new(Code::InvalidState, words).with("state", row.state.as_str()).with("allowed", Vec::<&str>::new()))
}

/// Whoever declines says why.
pub fn decide(actor: &Actor, decision: &ProposalDecision) -> Result<()> {
    actor.require_admin()?;
    if decision.outcome == Outcome::Decline && decision.reason.is_none() {
        return Err(Error::invalid("/reason", "missing", "the proposer reads why"));
    }
    Ok(())
}

/// Whoever proposed a group takes the proposal back; administrators decline it.
pub fn withdraw(actor: &Actor, row: &ProposalRow) -> Result<()> {
    see(actor, row)?;
    if actor.user_id != row.proposer_id {
        return Err(Error::new(Code::Forbidden, "Only who made the proposal withdraws it; decline it instead."));
    }
    pending(row)
}

/// The problem for a proposal that cannot be carried out any more, whoever is to blame.
#[must_use]
pub fn overtaken(error: Error) -> Error {
    match error.code() {
        Code::Invalid | Code::Taken | Code::Forbidden | Code::NotFound => {
            let words = format!("The group cannot be created any more: {}", error.detail());
            Error::new(Code::InvalidState, words).with("state", "pending").with("allowed", vec!["declined"])
        }
        _ => error,
    }
}
