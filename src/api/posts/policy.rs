//! Who may do what with a post or comment, given what they may do in its group. Only authors change words; authors and those
//! who moderate delete them.

use super::model::{PostAction, PostKind};
use crate::api::memberships::access::Access;
use crate::api::memberships::model::{Action, GroupStatus};
use crate::error::{Code, Error, Result};
use crate::types::UserId;

/// Everything that the caller may do with what `author` wrote.
#[must_use]
pub fn can(access: &Access, author: UserId) -> Vec<PostAction> {
    let is_author = access.user_id() == author;
    let may_comment = access.may(Action::Comment);
    let in_use = access.standing().group.status == GroupStatus::Active;
    let answers = [
        (PostAction::Edit, is_author && may_comment),
        (PostAction::Delete, (is_author && in_use) || access.may(Action::Moderate)),
        (PostAction::Comment, may_comment),
    ];
    answers.into_iter().filter(|(_, may)| *may).map(|(action, _)| action).collect()
}

/// Refuses what the caller may not do with what `author` wrote.
pub fn require(access: &Access, author: UserId, action: PostAction) -> Result<()> {
    if can(access, author).contains(&action) {
        return Ok(());
    }
    let is_author = access.user_id() == author;
    if is_author || action == PostAction::Comment {
        access.require(Action::Comment)?;
    }
    if access.standing().group.status == GroupStatus::Archived && is_author {
        return Err(Error::new(Code::Archived, "The group is archived and read-only."));
    }
    Err(Error::new(Code::Forbidden, "Only the author may change this; the author and facilitators may delete it."))
}

/// Whether the caller may begin a conversation of this kind.
pub fn create(access: &Access, kind: PostKind) -> Result<()> {
    access.require(if kind == PostKind::Announcement { Action::Announce } else { Action::Post })
}
