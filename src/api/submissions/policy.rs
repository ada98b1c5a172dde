//! Who sends what to those who moderate, who reads it, and who decides.

use super::model::{SubmissionDecision, SubmissionRow};
use crate::api::comments::model::NewComment;
use crate::api::memberships::access::Access;
use crate::api::memberships::model::Action;
use crate::api::posts;
use crate::api::posts::model::{NewPost, PostAction, PostHead, PostStatus};
use crate::api::requests::model::Outcome;
use crate::db::sql_types::TextEnum as _;
use crate::error::{Code, Error, Result};

/// How much of one person's may wait in a group.
pub const WAITING: i64 = 20;

/// Whether the caller may begin this conversation once somebody has read it. It comes out as soon as it is approved.
pub fn submit_post(access: &Access, new: &NewPost) -> Result<()> {
    access.require(Action::Submit)?;
    posts::policy::create(&access.reviewed(), new.kind)?;
    posts::policy::link(new.kind, new.link_url.is_some())?;
    posts::policy::anonymous(&access.reviewed(), new.is_anonymous, Some(new.kind))?;
    if new.status.is_some_and(|status| status != PostStatus::Published) || new.publish_at.is_some() {
        let pointer = if new.publish_at.is_some() { "/publish_at" } else { "/status" };
        return Err(Error::invalid(pointer, "conflict", "it comes out when it is approved, neither later nor not yet"));
    }
    Ok(())
}

/// Whether the caller may comment on this post once somebody has read the comment.
pub fn submit_comment(access: &Access, post: &PostHead, new: &NewComment) -> Result<()> {
    access.require(Action::Submit)?;
    posts::policy::anonymous(&access.reviewed(), new.is_anonymous, None)?;
    posts::policy::require(&access.reviewed(), post, PostAction::Comment)
}

/// Whether the caller reads what waits in the group.
pub fn read_all(access: &Access) -> Result<()> {
    access.require(Action::ReadPosts)?;
    access.require(Action::Moderate)
}

/// Whether the caller may know of something that waits or was declined: its author, and while it waits those who moderate.
pub fn read(access: &Access, row: &SubmissionRow) -> Result<()> {
    if row.author_id == access.user_id() {
        return Ok(());
    }
    let waits = row.declined_at.is_none();
    // an administrator who gives no reason is told to; anybody else learns nothing
    if waits && access.may(Action::Moderate) { access.require_content() } else { Err(Error::not_found()) }
}

/// Whether the caller may decide: not what they wrote themselves, and to decline only with a reason.
pub fn decide(access: &Access, row: &SubmissionRow, decision: &SubmissionDecision) -> Result<()> {
    read(access, row)?;
    if row.author_id == access.user_id() {
        return Err(Error::new(Code::Forbidden, "Nobody decides about what they wrote themselves."));
    }
    if decision.outcome == Outcome::Decline && decision.reason.is_none() {
        return Err(Error::invalid("/reason", "missing", "the author is told why"));
    }
    Ok(())
}

/// The problem for what may not come out because of where its author, who may not be told, stands now.
#[must_use]
pub fn not_now(row: &SubmissionRow, error: &Error) -> Error {
    // of what has no name, why would tell whose it is
    let why = if row.pseudonym_id.is_none() { error.detail() } else { "" };
    let words = format!("Its author may not write this here now. {why}");
    let allowed = vec![Outcome::Decline.as_str()];
    Error::new(Code::InvalidState, words.trim_end()).with("state", "waiting").with("allowed", allowed)
}
