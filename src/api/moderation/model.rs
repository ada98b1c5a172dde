//! Warnings and removals, as clients send and see them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::memberships::model::Reason;
use crate::types::Timestamp;

/// A formal warning to the author of a post or a comment.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "reason": "Please leave out what tells who the patient is." }))]
pub struct NewWarning {
    /// What is wrong with it; the person reads it.
    pub reason: Reason,
}

/// To take away all that a person wrote in a group.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "reason": "Advertising.", "ban": true }))]
pub struct ContentDeletion {
    /// Why; kept in the audit log.
    pub reason: Reason,
    /// Whether the person is banned from the group at the same time, without end and for the same reason; no unless said.
    #[serde(default)]
    pub ban: bool,
}

/// To bring back what was taken away of a person's at one time.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "deleted_at": "2026-11-24T09:30:00.000000Z", "reason": "It was not advertising after all." }))]
pub struct ContentRestoration {
    /// The time that taking it away answered with; the audit log has it, too.
    pub deleted_at: Timestamp,
    /// Why; kept in the audit log.
    pub reason: Option<Reason>,
}

/// What was taken away of a person's, or brought back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ContentChange {
    /// When all of it was deleted: by this it is brought back.
    pub deleted_at: Timestamp,
    /// How many conversations there were.
    pub post_count: i32,
    /// How many comments there were, but for those on these conversations.
    pub comment_count: i32,
    /// Whether there is more than is dealt with at one time: ask again.
    pub has_more: bool,
}
