//! Who lets a post stand in another group: whoever could begin such a conversation there. Who pins it and takes it out is in
//! [`crate::api::posts::policy::can_on_share`].

use super::model::Placement;
use crate::api::memberships::model::{Action, GroupStatus};
use crate::api::posts::model::{PostAction, ShareAction, ShareRow};
use crate::api::posts::policy;
use crate::error::{Code, Error, Result};

/// Refuses to share what not everybody may read, with a group in which the caller could not begin it, or to which it belongs;
/// and what was taken out of it, but to those who could take it out.
pub fn share(placement: &Placement) -> Result<()> {
    policy::require(&placement.own, &placement.post, PostAction::Share)?;
    if placement.own.group_id() == placement.group.group_id() {
        return Err(Error::new(Code::InvalidState, "It belongs to this group."));
    }
    match placement.share {
        // again: nothing changes
        Some(share) if share.removed_at.is_none() && share.shared_by == placement.group.user_id() => Ok(()),
        Some(share) if share.removed_at.is_some() => bring_back(placement),
        _ => policy::create(&placement.group, placement.post.kind),
    }
}

fn bring_back(placement: &Placement) -> Result<()> {
    let group = &placement.group;
    group.require_content()?;
    if !group.may(Action::Moderate) {
        let words = "It was taken out of this group: those who lead it may bring it back.";
        return Err(Error::new(Code::Forbidden, words));
    }
    if group.standing().group.status == GroupStatus::Archived { Err(archived()) } else { Ok(()) }
}

fn archived() -> Error {
    Error::new(Code::Archived, "The group is archived and read-only.")
}

/// The share, where the caller may do this with it. Who may not read it there is not told that it stands there, unless it was
/// they who shared it.
pub fn require(placement: &Placement, action: ShareAction) -> Result<ShareRow> {
    let me = placement.group.user_id();
    if placement.share.is_none_or(|share| share.shared_by != me) {
        placement.group.require_content()?;
    }
    let share = placement.standing().ok_or_else(Error::not_found)?;
    if policy::can_on_share(&placement.group, &share, placement.post.author_id).contains(&action) {
        return Ok(share);
    }
    let is_own = action == ShareAction::Unshare && (me == share.shared_by || me == placement.post.author_id);
    let is_archived = placement.group.standing().group.status == GroupStatus::Archived;
    if is_archived && (is_own || placement.group.may(Action::Moderate)) {
        return Err(archived());
    }
    Err(Error::new(Code::Forbidden, "For who shared it, who wrote it, and those who moderate the group."))
}
