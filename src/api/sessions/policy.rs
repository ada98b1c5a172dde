//! Which accounts may log in.

use crate::api::users::model::{User, UserStatus};
use crate::error::{Code, Error, Result};

/// Asked only once the password is known to be right. Whoever was declined or suspended is told why, and until when.
pub fn log_in(user: &User) -> Result<()> {
    let refused = match user.status {
        UserStatus::Active => return Ok(()),
        UserStatus::Pending => {
            return Err(Error::new(Code::AccountPending, "An administrator has yet to approve the account."));
        }
        UserStatus::Declined => "An administrator has declined the account.",
        UserStatus::Suspended => "An administrator has suspended the account.",
        UserStatus::Deleted => "The account is deleted.",
    };
    Err(Error::new(Code::AccountSuspended, refused)
        .with("reason", user.status_reason.clone())
        .with("until", user.suspended_until.map(|until| until.to_string())))
}
