//! What may be done with a deleted group.

use crate::api::users::model::{User, UserStatus};
use crate::error::{Code, Error, Result};
use crate::types::{Timestamp, UserId};

/// Only what is deleted is restored or purged.
pub fn deleted(deleted_at: Option<Timestamp>) -> Result<()> {
    if deleted_at.is_some() {
        return Ok(());
    }
    Err(Error::new(Code::InvalidState, "The group is not deleted.")
        .with("state", "not_deleted")
        .with("allowed", Vec::<&str>::new()))
}

/// A group comes back with an owner.
pub fn owned(owners: i64, named: Option<UserId>) -> Result<()> {
    if owners > 0 || named.is_some() {
        return Ok(());
    }
    Err(Error::invalid("/owner_id", "missing", "the group has no owner any more: name one"))
}

/// Only somebody whose account is in use owns a group.
pub fn owner(user: Option<&User>) -> Result<()> {
    if user.is_some_and(|user| user.status == UserStatus::Active) {
        return Ok(());
    }
    Err(Error::invalid("/owner_id", "unknown", "there is no such account in use"))
}
