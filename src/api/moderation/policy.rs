//! Who warns whom, and who takes away all that somebody wrote: those who moderate, not themselves, and nobody above them.

use crate::api::memberships::access::Access;
use crate::api::memberships::model::{Action, Role, State};
use crate::api::memberships::policy::outranks;
use crate::auth::actor::{Actor, PlatformRole};
use crate::error::{Code, Error, Result};
use crate::types::UserId;

/// Whether the caller may learn who wrote something without their name: those who own the group and who moderate or administer
/// the platform, and none of them without saying why.
pub fn unmask(access: &Access) -> Result<()> {
    access.require(Action::ReadPosts)?;
    access.require(Action::Unmask)?;
    let says_why = access.viewer().0.is_some_and(|actor| actor.gives_reason);
    let words = "Say why you need to know. Send the header «Praxis-Access-Reason»; the group's owners will see it.";
    if says_why { Ok(()) } else { Err(Error::new(Code::AccessReasonNeeded, words)) }
}

/// Whether the caller may warn the author of something. Nobody is warned of what has no name: a warning is kept beside the
/// author's.
pub fn warn(access: &Access, is_anonymous: bool) -> Result<()> {
    access.require(Action::ReadPosts)?;
    access.require(Action::Moderate)?;
    let words = "It has no name, and nobody is warned of it. Those who own the group learn whose it is, with a reason.";
    if is_anonymous { Err(Error::new(Code::InvalidState, words)) } else { Ok(()) }
}

/// Whether the caller may act on what somebody wrote in the group who is this to it.
pub fn act_on(access: &Access, author: UserId, is: (Role, State)) -> Result<()> {
    access.require(Action::ReadPosts)?;
    access.require(Action::Moderate)?;
    if access.user_id() == author {
        return Err(Error::new(Code::Forbidden, "Nobody moderates themselves."));
    }
    // by office, whatever they are in the group
    let moderates_all = |actor: Actor| actor.role == PlatformRole::Moderator;
    if access.viewer().0.is_some_and(moderates_all) || outranks(access.standing(), is) {
        return Ok(());
    }
    Err(Error::new(Code::Forbidden, "You may not act on somebody with this role."))
}
