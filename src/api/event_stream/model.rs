//! An event as programs get it, by stream or webhook.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::api::events::{EventKind, EventRow};
use crate::types::{ArticleId, CommentId, EventId, GroupId, PostId, Timestamp, UserId};

/// Something that happened. It names things by their ids; what they are is read where they are, by whoever may.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Event {
    /// Its id: the same each time that it is told.
    pub id: EventId,
    /// What happened.
    pub r#type: EventKind,
    /// When.
    pub happened_at: Timestamp,
    /// To what.
    pub data: EventData,
}

/// What an event is about; null where it is about none of the kind.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct EventData {
    /// The group.
    pub group_id: Option<GroupId>,
    /// The person.
    pub user_id: Option<UserId>,
    /// The post.
    pub post_id: Option<PostId>,
    /// The comment.
    pub comment_id: Option<CommentId>,
    /// The article.
    pub article_id: Option<ArticleId>,
}

impl Event {
    /// An event as it is told.
    #[must_use]
    pub fn new(row: &EventRow) -> Self {
        let data = EventData {
            group_id: row.group_id,
            user_id: row.user_id,
            post_id: row.post_id,
            comment_id: row.comment_id,
            article_id: row.article_id,
        };
        Self { id: row.id, r#type: row.kind, happened_at: row.happened_at, data }
    }
}

/// How to listen.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct StreamQuery {
    /// Only what happens in this group.
    pub group_id: Option<GroupId>,
    /// Whether to go on listening once everything until now was told; `true` unless said.
    pub follow: Option<bool>,
}
