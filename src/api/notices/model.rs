//! What people are told: the kinds, the row, and what one does not want to be told.

use diesel::prelude::*;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::db::schema::notifications;
use crate::http::lists;
use crate::http::patch::Set;
use crate::types::{
    ArticleId, CommentId, GroupId, NotificationId, PostId, TargetId, Timestamp, UserId, WebhookId, text_enum,
};

text_enum! {
    /// Why somebody is told.
    NoticeKind {
        /// Somebody commented on a post that one follows.
        Reply = "reply",
        /// Somebody mentioned one.
        Mention = "mention",
        /// One's request to join a group was decided.
        RequestDecided = "request_decided",
        /// One was invited to a group.
        Invited = "invited",
        /// One has another role in a group.
        RoleChanged = "role_changed",
        /// One was warned of something that one wrote in a group.
        Warned = "warned",
        /// A group that one leads was asked to be named in an article.
        ContributionProposed = "contribution_proposed",
        /// A group that one asked to be named in an article has answered.
        ContributionDecided = "contribution_decided",
        /// One's scheduled post came out.
        PostPublished = "post_published",
        /// One's scheduled post could not come out, and is a draft again.
        PostNotPublished = "post_not_published",
        /// Something waits to be read before it comes out in a group that one leads.
        SubmissionReceived = "submission_received",
        /// What one sent to be read first came out.
        SubmissionApproved = "submission_approved",
        /// What one sent to be read first does not come out.
        SubmissionDeclined = "submission_declined",
        /// One of one's webhooks did not take something, and it is not sent any more.
        DeliveryParked = "delivery_parked",
        /// One of one's webhooks has failed for five days, or wants nothing any more, and is told nothing from now on.
        WebhookDisabled = "webhook_disabled",
    }
}

/// Something to tell a person. `event` is what happened: a person is told of it once, in the way that comes first.
#[derive(Debug, Clone)]
pub struct Notice {
    /// Who is told.
    pub user_id: UserId,
    /// Why.
    pub kind: NoticeKind,
    /// What happened.
    pub event_id: Uuid,
    /// Who did it.
    pub actor_id: Option<UserId>,
    /// Where.
    pub group_id: Option<GroupId>,
    /// The post that it is about, or on which the comment is.
    pub post_id: Option<PostId>,
    /// The comment that it is about.
    pub comment_id: Option<CommentId>,
    /// The article that it is about.
    pub article_id: Option<ArticleId>,
    /// The webhook that it is about.
    pub webhook_id: Option<WebhookId>,
}

impl Notice {
    /// That this happened, to be told to this person.
    #[must_use]
    pub fn new(user: UserId, kind: NoticeKind, event: Uuid) -> Self {
        Self {
            user_id: user,
            kind,
            event_id: event,
            actor_id: None,
            group_id: None,
            post_id: None,
            comment_id: None,
            article_id: None,
            webhook_id: None,
        }
    }

    /// Who did it. Left out where the person is not to learn who decided.
    #[must_use]
    pub fn by(mut self, actor: impl Into<Option<UserId>>) -> Self {
        self.actor_id = actor.into();
        self
    }

    /// In which group.
    #[must_use]
    pub fn in_group(mut self, group: GroupId) -> Self {
        self.group_id = Some(group);
        self
    }

    /// About this post, or a comment on it. It is shown only together with the post's group.
    #[must_use]
    pub fn on_post(mut self, post: PostId) -> Self {
        self.post_id = Some(post);
        self
    }

    /// About this comment. It is shown only together with its post.
    #[must_use]
    pub fn on_comment(mut self, comment: CommentId) -> Self {
        self.comment_id = Some(comment);
        self
    }

    /// About this article.
    #[must_use]
    pub fn on_article(mut self, article: ArticleId) -> Self {
        self.article_id = Some(article);
        self
    }

    /// About this webhook.
    #[must_use]
    pub fn on_webhook(mut self, webhook: WebhookId) -> Self {
        self.webhook_id = Some(webhook);
        self
    }
}

/// A row of `notifications`.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = notifications, treat_none_as_default_value = false)]
pub struct NotificationRow {
    /// Its id.
    pub id: NotificationId,
    /// Who is told.
    pub user_id: UserId,
    /// Why.
    pub kind: NoticeKind,
    /// What happened.
    pub event_id: TargetId,
    /// Who did it.
    pub actor_id: Option<UserId>,
    /// Where.
    pub group_id: Option<GroupId>,
    /// The post that it is about, or on which the comment is.
    pub post_id: Option<PostId>,
    /// The comment that it is about.
    pub comment_id: Option<CommentId>,
    /// The article that it is about.
    pub article_id: Option<ArticleId>,
    /// The webhook that it is about.
    pub webhook_id: Option<WebhookId>,
    /// When it happened.
    pub created_at: Timestamp,
    /// When it was read.
    pub read_at: Option<Timestamp>,
}

impl NotificationRow {
    /// The row of a notice that is new.
    #[must_use]
    pub fn new(notice: &Notice, now: Timestamp) -> Self {
        Self {
            id: NotificationId::new(),
            user_id: notice.user_id,
            kind: notice.kind,
            event_id: notice.event_id.into(),
            actor_id: notice.actor_id,
            group_id: notice.group_id,
            post_id: notice.post_id,
            comment_id: notice.comment_id,
            article_id: notice.article_id,
            webhook_id: notice.webhook_id,
            created_at: now,
            read_at: None,
        }
    }
}

/// What one does not want to be told. For each group besides, one's membership says how much of it one wants to hear.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct NoticePreferences {
    /// The kinds that one is not told; none unless changed.
    pub muted: Vec<NoticeKind>,
}

// it has a name: generators leave a list without one out where it is empty
/// Kinds of notifications, each counted once.
#[derive(Debug, Clone, Default, ToSchema)]
#[schema(max_items = 100)]
pub struct NoticeKindList(pub Vec<NoticeKind>);

impl<'de> Deserialize<'de> for NoticeKindList {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        lists::distinct(deserializer, 0..=100, "kinds").map(Self)
    }
}

/// Changes to what one does not want to be told.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "muted": ["reply"] }))]
pub struct NoticePreferencesPatch {
    /// The kinds that one is not told from now on, in place of those until now. What one was told before stays.
    #[serde(default)]
    #[schema(value_type = NoticeKindList)]
    pub muted: Set<NoticeKindList>,
}
