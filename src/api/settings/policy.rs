//! What the platform's settings allow.

use super::model::{GroupCreation, Settings};
use crate::error::{Code, Error, Result};

/// Whether somebody may create a group at once.
pub fn create_group(settings: &Settings, is_admin: bool) -> Result<()> {
    match settings.group_creation {
        _ if is_admin => Ok(()),
        GroupCreation::Everyone => Ok(()),
        GroupCreation::Approval => {
            Err(Error::new(Code::ApprovalNeeded, "Propose the group; an administrator approves it."))
        }
        GroupCreation::Admins => Err(only_administrators()),
    }
}

/// Whether somebody may propose a group.
pub fn propose_group(settings: &Settings, is_admin: bool) -> Result<()> {
    match settings.group_creation {
        GroupCreation::Admins if !is_admin => Err(only_administrators()),
        _ => Ok(()),
    }
}

fn only_administrators() -> Error {
    Error::new(Code::Forbidden, "Only administrators create groups here.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::Timestamp;

    #[test]
    fn who_creates_and_who_proposes_groups() {
        let now = Timestamp::from_micros(0);
        let with = |group_creation| Settings {
            group_creation,
            invitation_days: 28,
            request_cooldown_days: 30,
            updated_at: now,
        };
        let code = |result: Result<()>| result.err().map(|error| error.code());
        for (setting, creates, proposes) in [
            (GroupCreation::Everyone, None, None),
            (GroupCreation::Approval, Some(Code::ApprovalNeeded), None),
            (GroupCreation::Admins, Some(Code::Forbidden), Some(Code::Forbidden)),
        ] {
            assert_eq!(code(create_group(&with(setting), false)), creates, "{setting:?}");
            assert_eq!(code(propose_group(&with(setting), false)), proposes, "{setting:?}");
            assert!(create_group(&with(setting), true).is_ok() && propose_group(&with(setting), true).is_ok());
        }
    }
}
