//! Reactions: the row, and what clients see of them.

use diesel::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::posts::model::{ReactionCount, ReactionKind, Reactions};
use crate::db::schema::reactions;
use crate::types::{PostId, TargetId, Timestamp, UserId};

/// A row of `reactions`.
#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = reactions)]
pub struct ReactionRow {
    /// The post or comment.
    pub target_id: TargetId,
    /// What the person thinks.
    pub kind: ReactionKind,
    /// The person.
    pub user_id: UserId,
    /// The post, or that of the comment.
    pub post_id: PostId,
    /// When.
    pub created_at: Timestamp,
}

/// How people reacted to a post or comment.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ReactionSummary {
    /// How many there are of each kind; kinds that nobody chose are left out.
    pub reactions: Vec<ReactionCount>,
    /// The caller's own.
    pub own: Vec<ReactionKind>,
}

impl From<Reactions> for ReactionSummary {
    fn from(found: Reactions) -> Self {
        Self { reactions: found.counts, own: found.own }
    }
}
