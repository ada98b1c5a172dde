//! Who reads and decides requests to join, and where a decision leads.

use super::model::Outcome;
use crate::api::memberships::access::Access;
use crate::api::memberships::model::{Action, Membership, State};
use crate::api::memberships::policy::{Step, take};
use crate::error::Result;

/// Whether the caller may read the requests: those who manage members; administrators say why.
pub fn read(access: &Access) -> Result<()> {
    access.require(Action::ManageMembers)?;
    access.require(Action::ReadRecords)
}

/// Where a decision leads.
pub fn decide(before: &Membership, outcome: Outcome) -> Result<State> {
    let step = match outcome {
        Outcome::Approve => Step::Approve,
        Outcome::Decline => Step::Decline,
    };
    take(Some(before.state), step)
}
