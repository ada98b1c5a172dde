//! What a change to a group asks of whoever makes it.

use super::model::GroupPatch;
use crate::api::memberships::access::Access;
use crate::api::memberships::model::{Action, GroupStatus};
use crate::error::{Code, Error, Result};

impl GroupPatch {
    /// Whether it changes anything besides the status.
    fn edits(&self) -> bool {
        self.name.0.is_some()
            || self.summary.0.is_some()
            || self.description.0.is_some()
            || self.purpose.0.is_some()
            || self.learning_question.0.is_some()
            || self.type_ids.0.is_some()
            || self.tags.0.is_some()
            || self.visibility.0.is_some()
            || self.join_policy.0.is_some()
            || self.post_policy.0.is_some()
            || self.member_list_visibility.0.is_some()
            || self.invite_policy.0.is_some()
            || self.join_questions.0.is_some()
            || self.request_cooldown_days.0.is_some()
            || self.rules.0.is_some()
            || self.welcome_message.0.is_some()
            || self.show_member_count.0.is_some()
            || self.external_id.0.is_some()
    }
}

/// Whether these changes may be made. A group that comes back into use may be edited in the same step.
pub fn update(access: &Access, patch: &GroupPatch) -> Result<()> {
    let status = patch.status.0.filter(|status| *status != access.standing().group.status);
    match status {
        Some(GroupStatus::Active) => access.require(Action::Unarchive)?,
        Some(GroupStatus::Archived) => access.require(Action::Archive)?,
        None => {}
    }
    if patch.external_id.0.is_some() {
        external_id(access.viewer().is_admin())?;
    }
    match status {
        Some(GroupStatus::Active) => Ok(()),
        _ if patch.edits() => access.require(Action::Edit),
        // nothing to change, or only the status: for owners whether or not the group is archived
        _ => access.require(Action::AssignRoles),
    }
}

/// External ids are unique across groups that the caller may not know of, so only those who see all groups set them.
pub fn external_id(is_admin: bool) -> Result<()> {
    if is_admin {
        return Ok(());
    }
    let words = "Only administrators set external ids.";
    Err(Error::new(Code::Forbidden, words).with_field("/external_id", "forbidden", words))
}
