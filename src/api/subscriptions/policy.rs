//! How many secrets somebody has, and what they open.

use std::time::Duration;

use crate::auth::actor::{Actor, PlatformRole, Viewer};
use crate::error::{Code, Error, Result};
use crate::types::{RequestId, Timestamp, UserId};

/// Feed keys that a person has at most.
pub const MOST: i64 = 20;
/// How often it is noted that a key was used.
const NOTED: Duration = Duration::from_hours(1);

/// Whether somebody with so many keys may have another.
pub fn create(held: i64) -> Result<()> {
    if held < MOST {
        return Ok(());
    }
    Err(Error::new(Code::InUse, format!("{MOST} feed keys are in use; revoke one that you do not need any more.")))
}

/// As whom a key reads: its owner, but as a plain member of the platform, so that it never opens what only an office
/// does.
#[must_use]
pub fn reads_as(owner: UserId) -> Viewer {
    Actor::on_behalf(owner, PlatformRole::Member, RequestId::new()).viewer()
}

/// Whether a use is worth a write.
#[must_use]
pub fn is_noted(last_used_at: Option<Timestamp>, now: Timestamp) -> bool {
    last_used_at.is_none_or(|last| last <= now.before(NOTED))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_an_end_to_keys() {
        assert!(create(0).is_ok() && create(MOST - 1).is_ok());
        assert_eq!(create(MOST).unwrap_err().code(), Code::InUse);
    }

    #[test]
    fn a_key_reads_as_its_owner_without_any_office() {
        let owner = UserId::new();
        let reader = reads_as(owner);
        assert_eq!(reader.user_id(), owner);
        assert!(!reader.is_admin() && !reader.is_editor());
        assert!(reader.0.is_some_and(|actor| !actor.gives_reason));
    }

    #[test]
    fn a_use_is_noted_once_an_hour() {
        let now = Timestamp::now();
        let ago = |minutes| Some(now.before(Duration::from_mins(minutes)));
        for (last, is_expected) in [(None, true), (ago(0), false), (ago(59), false), (ago(60), true), (ago(600), true)]
        {
            assert_eq!(is_noted(last, now), is_expected, "{last:?}");
        }
    }
}
