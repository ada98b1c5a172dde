//! Notifications as one reads them.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::policy;
use crate::api::notices::model::{NoticeKind, NotificationRow};
use crate::http::page::Limit;
use crate::types::{ArticleId, CommentId, GroupId, NotificationId, PostId, Timestamp, UserId, WebhookId};

/// A notification with what it names, as read.
#[derive(Debug, Clone, Queryable)]
pub struct NotificationFound {
    /// The notification.
    pub row: NotificationRow,
    /// Who did it, where the reader may know.
    pub actor_id: Option<UserId>,
    /// The account's name for who did it.
    pub account_name: Option<String>,
    /// The group's own name for who did it.
    pub shown_name: Option<String>,
    /// The group's name.
    pub group_name: Option<String>,
    /// The post's title.
    pub post_title: Option<String>,
    /// The article's title.
    pub article_title: Option<String>,
}

/// Something that one was told. What it is about is named by its id, and may be read there.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Notification {
    /// Its id.
    pub id: NotificationId,
    /// Why one was told.
    pub kind: NoticeKind,
    /// Who did it; null for nobody in particular, for decisions about one, and once one may not read the group any
    /// more.
    pub actor_id: Option<UserId>,
    /// The name of who did it, that of the group where it has one; null without an actor.
    pub actor_name: Option<String>,
    /// The group; null where it is about none.
    pub group_id: Option<GroupId>,
    /// The group's name; null without a group.
    pub group_name: Option<String>,
    /// The post that it is about, or on which the comment is; null where it is about none.
    pub post_id: Option<PostId>,
    /// The post's title; null without a post.
    pub post_title: Option<String>,
    /// The comment that it is about; null where it is about none.
    pub comment_id: Option<CommentId>,
    /// The article that it is about; null where it is about none.
    pub article_id: Option<ArticleId>,
    /// The article's title; null without an article.
    pub article_title: Option<String>,
    /// The webhook that it is about; null where it is about none.
    pub webhook_id: Option<WebhookId>,
    /// When it happened.
    pub created_at: Timestamp,
    /// When one read it; null before.
    pub read_at: Option<Timestamp>,
}

impl From<NotificationFound> for Notification {
    fn from(found: NotificationFound) -> Self {
        let (actor_id, actor_name) = policy::actor(found.actor_id, found.account_name, found.shown_name);
        let row = found.row;
        Self {
            id: row.id,
            kind: row.kind,
            actor_id,
            actor_name,
            group_id: row.group_id,
            group_name: found.group_name,
            post_id: row.post_id,
            post_title: found.post_title,
            comment_id: row.comment_id,
            article_id: row.article_id,
            article_title: found.article_title,
            webhook_id: row.webhook_id,
            created_at: row.created_at,
            read_at: row.read_at,
        }
    }
}

/// One page of notifications.
#[derive(Debug, Serialize, ToSchema)]
pub struct NotificationPage {
    /// The notifications, the newest first.
    pub items: Vec<Notification>,
    /// The cursor of the next page; null on the last.
    pub next_cursor: Option<String>,
}

/// How many notifications one has not read.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct UnreadNotificationCount {
    /// Exactly those that the list with `unread=true` shows.
    pub count: i32,
}

/// Which notifications to list.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct NotificationQuery {
    /// Only those that one has not read; `false` for only those that one has.
    pub unread: Option<bool>,
    /// How many items a page holds.
    pub limit: Option<Limit>,
    /// Where the page begins: the `next_cursor` of the page before; empty for the first.
    pub cursor: Option<String>,
}
