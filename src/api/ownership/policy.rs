//! Who offers the ownership of a group, who sees the offer, and who accepts it.

use super::model::OwnershipOffer;
use crate::api::memberships::access::Access;
use crate::api::memberships::model::{Action, Membership, Role, State};
use crate::api::memberships::policy::stands;
use crate::error::{Code, Error, Result};
use crate::types::Timestamp;

/// Owners offer what is theirs; administrators give roles without asking.
pub fn offer(access: &Access) -> Result<()> {
    access.require(Action::AssignRoles)?;
    if access.standing().role() == Some(Role::Owner) {
        return Ok(());
    }
    Err(Error::new(Code::Forbidden, "Only an owner offers the ownership."))
}

/// The ownership is offered to a member who has none.
pub fn receive(to: Option<&Membership>) -> Result<()> {
    match to {
        Some(row) if row.state == State::Active && row.role == Role::Owner => {
            Err(Error::invalid("/user_id", "conflict", "this member is an owner already"))
        }
        Some(row) if row.state == State::Active => Ok(()),
        _ => Err(Error::invalid("/user_id", "unknown", "is not a member of the group")),
    }
}

/// The offer as far as the caller may know of it: whoever may give roles, and the member to whom it is made.
pub fn find(access: &Access, offer: Option<OwnershipOffer>) -> Result<OwnershipOffer> {
    let may_know = |offer: &OwnershipOffer| access.may(Action::AssignRoles) || offer.to_id == access.user_id();
    offer.filter(may_know).ok_or_else(Error::not_found)
}

/// Whether the caller may accept the offer now. It stands only while the offering member is an owner.
pub fn accept(access: &Access, offer: &OwnershipOffer, from: Option<&Membership>, now: Timestamp) -> Result<()> {
    if offer.to_id != access.user_id() {
        return Err(Error::new(Code::Forbidden, "The ownership is offered to somebody else."));
    }
    let state = access.standing().state();
    if state != Some(State::Active) {
        return Err(stands(state, &[State::Active]));
    }
    let owns = from.is_some_and(|row| (row.role, row.state) == (Role::Owner, State::Active));
    if offer.expires_at <= now || !owns {
        return Err(Error::new(Code::InvitationOver, "The offer is over."));
    }
    Ok(())
}
