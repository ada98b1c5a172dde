//! Who reacts to what: whoever may comment, also where a conversation is locked. One's own words, too.

use crate::api::memberships::access::Access;
use crate::api::posts::model::{PostAction, PostHead};
use crate::api::posts::policy;
use crate::error::Result;

/// Refuses a reaction to a post, or to a comment of somebody's on it.
pub fn react(access: &Access, post: &PostHead, comment_by: Option<policy::Author>) -> Result<()> {
    match comment_by {
        Some(author) => policy::require_on_comment(access, post, author, PostAction::React),
        None => policy::require(access, post, PostAction::React),
    }
}
