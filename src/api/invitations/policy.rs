//! Who invites whom, who sees invitations, and which lead in.

use std::time::Duration;

use super::model::{InvitationKind, InvitationRow, InvitationState, Recipient};
use crate::api::memberships::access::Access;
use crate::api::memberships::model::{Action, GroupStatus, Membership, State};
use crate::api::memberships::policy::{Step, future, take};
use crate::api::users::model::Email;
use crate::db::sql_types::TextEnum as _;
use crate::error::{Code, Error, Result};
use crate::types::{Timestamp, UserId};

/// Whom a recipient names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    /// A person.
    Person(UserId),
    /// An address.
    Address(Email),
}

/// Whom a recipient names, which is one.
pub fn named(recipient: &Recipient) -> Result<Named> {
    match (recipient.user_id, &recipient.email) {
        (Some(user), None) => Ok(Named::Person(user)),
        (None, Some(email)) => Email::parse(email.as_str())
            .map(Named::Address)
            .map_err(|_| Error::invalid("/email", "bad_email", "must be an e-mail address")),
        (None, None) => Err(Error::invalid("/user_id", "missing", "name a person or an address")),
        (Some(_), Some(_)) => Err(Error::invalid("/email", "conflict", "name the person once")),
    }
}

/// Until when an invitation is open: in the future, and at most a year ahead.
pub fn expiry(given: Option<Timestamp>, days: i32, now: Timestamp) -> Result<Timestamp> {
    future("/expires_at", given, now)?;
    let ahead = |days: u64| now.after(Duration::from_hours(24 * days));
    if given.is_some_and(|at| at > ahead(365)) {
        return Err(Error::invalid("/expires_at", "too_late", "at most a year ahead"));
    }
    Ok(given.unwrap_or_else(|| ahead(u64::try_from(days).unwrap_or(28))))
}

/// Where inviting a person leads; `None` where nothing is to be done. Whom the group has turned away only those invite who
/// decide about people.
pub fn invite(access: &Access, user: UserId, before: Option<&Membership>) -> Result<Option<State>> {
    if user == access.user_id() {
        return Err(Error::invalid("/user_id", "conflict", "nobody invites themselves"));
    }
    match before.map(|row| row.state) {
        Some(State::Active | State::Invited) => Ok(None),
        Some(State::Declined | State::Removed | State::Banned) if !access.may(Action::ManageMembers) => {
            Err(Error::new(Code::Forbidden, "Only those who manage members invite this person."))
        }
        from => take(from, Step::Invite).map(Some),
    }
}

/// Whether the caller sees all of the group's invitations, or only their own.
pub fn sees_all(access: &Access) -> Result<bool> {
    if access.may(Action::ManageMembers) {
        access.require(Action::ReadRecords)?;
        return Ok(true);
    }
    access.require(Action::Invite)?;
    Ok(false)
}

/// Whether the caller may take back, or renew, an invitation: their own, or anybody's for those who manage members.
pub fn handle(access: &Access, row: &InvitationRow) -> Result<()> {
    let is_own = row.created_by == access.user_id() && access.standing().role().is_some();
    if !access.may(Action::ManageMembers) && !is_own {
        access.require(Action::Invite)?;
        return Err(Error::not_found());
    }
    if row.state == InvitationState::Open {
        return Ok(());
    }
    let words = format!("The invitation is {} already.", row.state.as_str());
    Err(Error::new(Code::InvalidState, words).with("state", row.state.as_str()).with("allowed", Vec::<&str>::new()))
}

/// Whether an invitation still leads in, on its own account. `inviter` is what its maker is to the group now, if anything.
pub fn open(row: &InvitationRow, inviter: Option<&Access>, now: Timestamp) -> Result<()> {
    let over = |state: &str| {
        let words = "The invitation has expired, was used up, taken back or answered.";
        Err(Error::new(Code::InvitationOver, words).with("state", state))
    };
    match row.state {
        InvitationState::Accepted if row.kind == InvitationKind::Link => return over("used_up"),
        InvitationState::Open => {}
        state => return over(state.as_str()),
    }
    if row.expires_at <= now {
        return over("expired");
    }
    let is_archived = |access: &Access| access.standing().group.status == GroupStatus::Archived;
    match inviter {
        Some(access) if is_archived(access) => Err(Error::new(Code::Archived, "The group is archived and read-only.")),
        Some(access) if access.may(Action::Invite) => Ok(()),
        // what somebody could not do any more, their invitations do not do either
        _ => over("revoked"),
    }
}

/// Whether an invitation is for the person with this address.
pub fn meant(row: &InvitationRow, email: Option<&str>) -> Result<()> {
    if row.kind != InvitationKind::Email || row.email.as_deref() == email {
        return Ok(());
    }
    Err(Error::new(Code::Forbidden, "The invitation is for another address."))
}

/// Where a token leads a person who is not a member yet. Whom the group has turned away it lets in only on the word of
/// somebody who decides about people.
pub fn enter(inviter: &Access, before: Option<&Membership>) -> Result<State> {
    match before.map(|row| row.state) {
        Some(State::Banned) => Err(Error::new(Code::Banned, "The group has banned you.")),
        Some(State::Declined | State::Removed) if !inviter.may(Action::ManageMembers) => {
            Err(Error::new(Code::Forbidden, "The group has turned you away: ask to join."))
        }
        from => take(from, Step::Join),
    }
}

/// Only an invitation by e-mail is declined by its token.
pub fn decline(row: &InvitationRow) -> Result<()> {
    if row.kind == InvitationKind::Email {
        return Ok(());
    }
    Err(Error::new(Code::InvalidState, "A link is for many and is not declined.")
        .with("state", row.state.as_str())
        .with("allowed", Vec::<&str>::new()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::text::Line;

    #[test]
    fn a_recipient_names_one() {
        let recipient =
            |user_id, email: Option<&str>| Recipient { user_id, email: email.map(|email| Line::parse(email).unwrap()) };
        let code = |recipient| named(&recipient).err().map(|error| error.fields()[0].code.clone());
        let user = UserId::new();
        assert_eq!(named(&recipient(Some(user), None)).unwrap(), Named::Person(user));
        assert_eq!(code(recipient(None, Some("Ann@Example.org"))), None);
        assert_eq!(code(recipient(None, Some("nonsense"))), Some("bad_email".to_owned()));
        assert_eq!(code(recipient(None, None)), Some("missing".to_owned()));
        assert_eq!(code(recipient(Some(user), Some("ann@example.org"))), Some("conflict".to_owned()));
    }

    #[test]
    fn an_invitation_is_open_for_so_many_days_and_a_year_at_most() {
        let now = Timestamp::from_micros(0);
        let day = |days: u64| now.after(Duration::from_hours(24 * days));
        assert_eq!(expiry(None, 28, now).unwrap(), day(28));
        assert_eq!(expiry(Some(day(365)), 28, now).unwrap(), day(365));
        assert!(expiry(Some(day(366)), 28, now).is_err() && expiry(Some(now), 28, now).is_err());
    }
}
