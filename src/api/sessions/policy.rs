//! Which accounts may log in.

use crate::api::users::model::UserStatus;
use crate::error::{Code, Error, Result};

/// Asked only once the password is known to be right.
pub fn log_in(status: UserStatus) -> Result<()> {
    match status {
        UserStatus::Active => Ok(()),
        UserStatus::Pending => {
            Err(Error::new(Code::AccountPending, "An administrator has yet to approve the account."))
        }
        UserStatus::Declined | UserStatus::Suspended | UserStatus::Deleted => {
            Err(Error::new(Code::AccountSuspended, "Ask the administrators about your account."))
        }
    }
}
