//! Webhooks and what they are told: the rows, what their owners see and send.

use diesel::prelude::*;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::api::api_keys::model::{GroupList, Overlap};
use crate::api::event_stream::model::Event;
use crate::api::events::{EventKind, EventRow};
use crate::db::schema::{webhook_deliveries, webhook_progress, webhooks};
use crate::db::sql_types::JsonList;
use crate::http::lists;
use crate::http::page::Limit;
use crate::http::patch::{Patch, Set, given};
use crate::http::text::{Line, WebUrl};
use crate::types::{
    ApiKeyId, ArticleId, CommentId, DeliveryId, EventId, GroupId, PostId, Timestamp, UserId, WebhookId, text_enum,
};

/// What a webhook is for: one line of up to 200 characters.
pub type Description = Line<0, 200>;

text_enum! {
    /// Whether a webhook is told anything.
    WebhookStatus {
        /// It is.
        Active = "active",
        /// Its owner has stopped it: what happens meanwhile it is never told.
        Paused = "paused",
        /// It failed for five days, or answered 410: its owner may make it active again.
        Disabled = "disabled",
    }
}

text_enum! {
    /// What its owner makes of a webhook.
    WebhookSwitch {
        /// It is told what happens from now on.
        Active = "active",
        /// It is told nothing.
        Paused = "paused",
    }
}

text_enum! {
    /// Where a delivery stands.
    DeliveryState {
        /// It is sent, again and again if need be.
        Pending = "pending",
        /// It was taken.
        Delivered = "delivered",
        /// It failed eight times, and is not sent any more unless its owner asks.
        Parked = "parked",
    }
}

/// A row of `webhooks`.
#[derive(Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = webhooks)]
pub struct WebhookRow {
    /// Its id.
    pub id: WebhookId,
    /// Whose it is: it is told what they may know of.
    pub user_id: UserId,
    /// By which key it was made, with which it ends.
    pub api_key_id: Option<ApiKeyId>,
    /// Where it is.
    pub url: String,
    /// What it is for.
    pub description: String,
    /// What it is told of.
    pub types: Option<JsonList<EventKind>>,
    /// Of which groups.
    pub group_ids: Option<JsonList<GroupId>>,
    /// Whether it is told anything.
    pub status: WebhookStatus,
    /// What signs.
    pub secret: String,
    /// What signed before.
    pub previous_secret: Option<String>,
    /// Until when that signs too.
    pub previous_valid_until: Option<Timestamp>,
    /// Since when nothing was taken.
    pub failing_since: Option<Timestamp>,
    /// When it was made, or last began or ceased to be active.
    pub switched_at: Timestamp,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl std::fmt::Debug for WebhookRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // the address may hold a secret, too
        write!(f, "webhook {}", self.id)
    }
}

/// A row of `webhook_deliveries`.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = webhook_deliveries)]
pub struct DeliveryRow {
    /// Its id.
    pub id: DeliveryId,
    /// To which webhook.
    pub webhook_id: WebhookId,
    /// Which event.
    pub event_id: EventId,
    /// The event's place among all.
    pub position: i64,
    /// What happened.
    pub kind: EventKind,
    /// When.
    pub happened_at: Timestamp,
    /// In which group, or to which.
    pub group_id: Option<GroupId>,
    /// To whom.
    pub user_id: Option<UserId>,
    /// To which post, or to a comment on which.
    pub post_id: Option<PostId>,
    /// To which comment.
    pub comment_id: Option<CommentId>,
    /// To which article.
    pub article_id: Option<ArticleId>,
    /// Whether everybody could know of a group that is gone.
    pub is_public: bool,
    /// Within what one is told after the other: the group, or nothing; a ping is alone.
    pub sequence_id: GroupId,
    /// Where it stands.
    pub state: DeliveryState,
    /// How often it was sent.
    pub attempts: i32,
    /// When it is sent next; none when it is not: taken, parked, or the webhook is not active.
    pub due_at: Option<Timestamp>,
    /// Until when some server is at it.
    pub leased_until: Option<Timestamp>,
    /// When it was last sent.
    pub last_attempt_at: Option<Timestamp>,
    /// The status of the last answer.
    pub last_status: Option<i32>,
    /// Why there was none.
    pub last_error: Option<String>,
    /// When it was to be sent first.
    pub created_at: Timestamp,
}

/// The row of `webhook_progress`: how far events are laid out for webhooks.
#[derive(Debug, Clone, Copy, Queryable, Selectable)]
#[diesel(table_name = webhook_progress)]
pub struct ProgressRow {
    /// The last place that is laid out for all of them.
    pub place: i64,
    /// The last of those places that are being laid out.
    pub until: i64,
    /// The last webhook for which they are; nil before the first.
    pub webhook_id: WebhookId,
}

impl DeliveryRow {
    /// A delivery of an event, due now.
    #[must_use]
    pub fn new(webhook: WebhookId, event: &EventRow, now: Timestamp) -> Self {
        Self {
            id: DeliveryId::new(),
            webhook_id: webhook,
            event_id: event.id,
            position: event.position.unwrap_or_default(),
            kind: event.kind,
            happened_at: event.happened_at,
            group_id: event.group_id,
            user_id: event.user_id,
            post_id: event.post_id,
            comment_id: event.comment_id,
            article_id: event.article_id,
            is_public: event.is_public,
            // nothing waits for a ping, which waits for nothing
            sequence_id: match event.kind {
                EventKind::Ping => GroupId::from(event.id.uuid()),
                _ => event.group_id.unwrap_or_else(GroupId::nil),
            },
            state: DeliveryState::Pending,
            attempts: 0,
            due_at: Some(now),
            leased_until: None,
            last_attempt_at: None,
            last_status: None,
            last_error: None,
            created_at: now,
        }
    }

    /// The event.
    #[must_use]
    pub fn event(&self) -> EventRow {
        EventRow {
            id: self.event_id,
            position: Some(self.position),
            kind: self.kind,
            happened_at: self.happened_at,
            group_id: self.group_id,
            user_id: self.user_id,
            post_id: self.post_id,
            comment_id: self.comment_id,
            article_id: self.article_id,
            is_public: self.is_public,
        }
    }
}

/// An address that is told what happens, as far as its owner may know of it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Webhook {
    /// Its id.
    pub id: WebhookId,
    /// Where it is.
    pub url: String,
    /// What it is for.
    pub description: String,
    /// What it is told of; null for everything.
    pub types: Option<Vec<EventKind>>,
    /// Of which groups; null for all that its owner may know of, and for articles.
    pub group_ids: Option<Vec<GroupId>>,
    /// Whether it is told anything.
    pub status: WebhookStatus,
    /// The API key by which it was made, with which it ends; null where somebody made it who was logged in.
    pub api_key_id: Option<ApiKeyId>,
    /// Since when nothing that was sent was taken; null while it is.
    pub failing_since: Option<Timestamp>,
    /// Until when the secret before signs too; null where there is none, or it is over.
    pub previous_valid_until: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Webhook {
    /// A webhook as it is shown at this time.
    #[must_use]
    pub fn new(row: WebhookRow, now: Timestamp) -> Self {
        Self {
            id: row.id,
            url: row.url,
            description: row.description,
            types: row.types.map(|types| types.0),
            group_ids: row.group_ids.map(|groups| groups.0),
            status: row.status,
            api_key_id: row.api_key_id,
            failing_since: row.failing_since,
            previous_valid_until: row.previous_valid_until.filter(|until| *until > now),
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// A webhook and, this once, what signs what it is told.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct IssuedWebhook {
    /// The webhook.
    pub webhook: Webhook,
    /// What signs: it begins with `whsec_` and is never shown again.
    pub secret: String,
}

/// One's webhooks.
#[derive(Debug, Serialize, ToSchema)]
pub struct WebhookPage {
    /// The webhooks, all of them, the newest first.
    pub items: Vec<Webhook>,
    /// Always null: there are few.
    pub next_cursor: Option<String>,
}

// it has a name: generators take a list without one for empty where it is left out
/// Different types of events.
#[derive(Debug, Clone, PartialEq, Eq, ToSchema)]
#[schema(min_items = 1, max_items = 50)]
pub struct EventKindList(pub Vec<EventKind>);

impl<'de> Deserialize<'de> for EventKindList {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        lists::distinct(deserializer, 1..=50, "types").map(Self)
    }
}

/// A webhook to make.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "url": "https://example.org/hooks/praxis", "description": "Our intranet", "types": ["post.published"] }))]
pub struct NewWebhook {
    /// Where it is: `https`, with a name or address that everybody may reach.
    pub url: WebUrl,
    /// What it is for.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Description)]
    pub description: Option<Description>,
    /// What it is told of; left out: everything.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = EventKindList)]
    pub types: Option<EventKindList>,
    /// Of which groups, of those that one may know of; left out: all of them, also later ones, and articles.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = GroupList)]
    pub group_ids: Option<GroupList>,
}

/// Changes to a webhook.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "status": "paused" }))]
pub struct WebhookPatch {
    /// Where it is.
    #[serde(default)]
    #[schema(value_type = WebUrl)]
    pub url: Set<WebUrl>,
    /// What it is for.
    #[serde(default)]
    #[schema(value_type = Description)]
    pub description: Set<Description>,
    /// What it is told of; null for everything.
    #[serde(default)]
    #[schema(value_type = Option<Vec<EventKind>>, min_items = 1, max_items = 50)]
    pub types: Patch<EventKindList>,
    /// Of which groups; null for all.
    #[serde(default)]
    #[schema(value_type = Option<Vec<GroupId>>, min_items = 1, max_items = 100)]
    pub group_ids: Patch<GroupList>,
    /// Whether it is told anything.
    #[serde(default)]
    #[schema(value_type = WebhookSwitch)]
    pub status: Set<WebhookSwitch>,
}

/// A new secret for a webhook.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "overlap_minutes": 60 }))]
pub struct NewWebhookSecret {
    /// For how long the secret before signs too, so that receivers can be changed over: 1440, a day, where it is left out, up to seven
    /// days, 0 for not at all.
    #[serde(default)]
    #[schema(value_type = u16, minimum = 0, maximum = 10080)]
    pub overlap_minutes: Overlap,
}

/// Something that a webhook is told.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Delivery {
    /// Its id.
    pub id: DeliveryId,
    /// What is told; its id is the `webhook-id` of the request.
    pub event: Event,
    /// Where it stands.
    pub state: DeliveryState,
    /// How often it was sent.
    pub attempts: i32,
    /// When it is sent next; null when it is not.
    pub next_attempt_at: Option<Timestamp>,
    /// When it was last sent; null before.
    pub last_attempt_at: Option<Timestamp>,
    /// The status of the last answer; null without one.
    pub last_status: Option<i32>,
    /// Why there was no answer; null where there was one.
    pub last_error: Option<String>,
    /// When it was to be sent first.
    pub created_at: Timestamp,
}

impl Delivery {
    /// A delivery with its event as its owner may know of it now.
    #[must_use]
    pub fn new(row: DeliveryRow, event: Event) -> Self {
        Self {
            id: row.id,
            event,
            state: row.state,
            attempts: row.attempts,
            next_attempt_at: row.due_at,
            last_attempt_at: row.last_attempt_at,
            last_status: row.last_status,
            last_error: row.last_error,
            created_at: row.created_at,
        }
    }
}

/// One page of what a webhook was told.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeliveryPage {
    /// The deliveries, newest first.
    pub items: Vec<Delivery>,
    /// The cursor of the next page; null on the last.
    pub next_cursor: Option<String>,
}

/// Which deliveries to list.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DeliveryQuery {
    /// Only those that stand so.
    pub state: Option<DeliveryState>,
    /// How many items a page holds.
    pub limit: Option<Limit>,
    /// Where the page begins: the `next_cursor` of the page before; empty for the first.
    pub cursor: Option<String>,
}
