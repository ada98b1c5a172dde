//! Who reads and decides requests to join, and where a decision leads.

use super::model::Outcome;
use crate::api::memberships::access::Access;
use crate::api::memberships::model::{Action, Membership, State};
use crate::api::memberships::policy::{Step, take};
use crate::error::Result;

/// Whether the caller may read the requests: those who manage members; administrators say why.
pub fn read(access: &Access) -> Result<()> {
    access.require(Action::ManageMembers)?;
    access.require(Action::ReadMembers)
}

/// Where a decision leads; `None` where it was made before.
pub fn decide(before: &Membership, outcome: Outcome) -> Result<Option<State>> {
    match (before.state, outcome) {
        (State::Active, Outcome::Approve) | (State::Declined, Outcome::Decline) => Ok(None),
        (from, Outcome::Approve) => take(Some(from), Step::Approve).map(Some),
        (from, Outcome::Decline) => take(Some(from), Step::Decline).map(Some),
    }
}
