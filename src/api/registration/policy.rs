//! Whether one may register, and whether an invitation is accepted by it.

use super::model::NewAccountStatus;
use crate::api::users::model::UserStatus;
use crate::error::{Code, Error, Result};

/// Where a new account begins.
pub fn register(status: NewAccountStatus) -> Result<UserStatus> {
    status.0.ok_or_else(|| Error::new(Code::RegistrationClosed, "Ask the administrators for an account."))
}

/// Whether a new account becomes a member at once; else it is invited, and joins once it is approved and the rules are read.
#[must_use]
pub fn joins_at_once(status: UserStatus, outcome: &Result<Option<i32>>) -> bool {
    status == UserStatus::Active && outcome.is_ok()
}
