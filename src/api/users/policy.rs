//! What administrators may do with an account.

use super::model::{User, UserPatch, UserStatus};
use crate::auth::actor::Actor;
use crate::db::sql_types::TextEnum as _;
use crate::error::{Code, Error, Result};
use crate::types::Timestamp;

/// Where an administrator may take an account from here.
#[must_use]
pub fn next_statuses(from: UserStatus) -> &'static [UserStatus] {
    match from {
        UserStatus::Pending => &[UserStatus::Active, UserStatus::Declined],
        UserStatus::Active => &[UserStatus::Suspended],
        UserStatus::Declined | UserStatus::Suspended => &[UserStatus::Active],
        UserStatus::Deleted => &[],
    }
}

/// Whether an administrator may make these changes; nobody changes their own standing, so that one administrator stays.
pub fn administer(actor: &Actor, user: &User, patch: &UserPatch, now: Timestamp) -> Result<()> {
    actor.require_admin()?;
    coherent(user, patch, now)?;
    let changes_status = patch.status.0.filter(|status| *status != user.status);
    let changes_role = patch.platform_role.0.filter(|role| *role != user.platform_role);
    if actor.user_id == user.id && (changes_status.is_some() || changes_role.is_some()) {
        let words = "Another administrator must change your status or role.";
        return Err(Error::new(Code::InvalidState, words)
            .with("state", user.status.as_str())
            .with("allowed", Vec::<&str>::new()));
    }
    match changes_status {
        Some(to) if !next_statuses(user.status).contains(&to) => {
            let allowed: Vec<&str> = next_statuses(user.status).iter().map(|status| status.as_str()).collect();
            let words = format!("An account that is {} cannot become {}.", user.status.as_str(), to.as_str());
            Err(Error::new(Code::InvalidState, words).with("state", user.status.as_str()).with("allowed", allowed))
        }
        _ => Ok(()),
    }
}

/// Whether the fields of a change go together.
fn coherent(user: &User, patch: &UserPatch, now: Timestamp) -> Result<()> {
    let until = patch.suspended_until.0.flatten();
    if until.is_some() && patch.status.0.unwrap_or(user.status) != UserStatus::Suspended {
        return Err(Error::invalid("/suspended_until", "conflict", "only a suspension ends"));
    }
    if until.is_some_and(|until| until <= now) {
        return Err(Error::invalid("/suspended_until", "past", "must be in the future"));
    }
    if patch.email_verified.0 == Some(true) && user.email.is_none() {
        return Err(Error::invalid("/email_verified", "conflict", "the account has no address any more"));
    }
    let says_nothing = patch.status.0.is_none() && patch.platform_role.0.is_none() && patch.suspended_until.0.is_none();
    if says_nothing && patch.reason.is_some() {
        return Err(Error::invalid("/reason", "conflict", "a reason belongs to a change of status or role"));
    }
    Ok(())
}
