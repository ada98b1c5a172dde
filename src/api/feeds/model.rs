//! Items of the feed and of a group's activity.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::api::posts::model::{ContentWarning, FoundPost, Names, SHARES};
use crate::api::posts::views::Reading;
use crate::http::markdown::excerpt;
use crate::http::page::Limit;
use crate::types::{ArticleId, GroupId, PostId, TargetId, Timestamp, UserId, text_enum};

text_enum! {
    /// What an item of the feed is.
    FeedItemKind {
        /// A conversation.
        Post = "post",
        /// An article.
        Article = "article",
    }
}

text_enum! {
    /// What happened in a group.
    ActivityKind {
        /// A conversation was begun.
        Post = "post",
        /// Somebody commented.
        Comment = "comment",
        /// A conversation of another group was shared.
        Share = "share",
        /// An article came out that names the group.
        Article = "article",
    }
}

/// Characters of an excerpt, at most.
const EXCERPT: usize = 280;

/// Where something stands in the feed: when it was last active, and its id.
pub type Place = (Timestamp, Uuid);

/// An article in the feed, as read.
#[derive(Debug, Clone, Queryable)]
pub struct FoundArticle {
    /// Its id.
    pub id: ArticleId,
    /// Its title.
    pub title: String,
    /// One or two sentences under the title.
    pub standfirst: String,
    /// Who wrote it.
    pub byline_name: Option<String>,
    /// When it came out.
    pub published_at: Option<Timestamp>,
}

/// A conversation or an article of one's groups.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FeedItem {
    /// What it is.
    pub kind: FeedItemKind,
    /// The id of the post or article.
    pub id: TargetId,
    /// The group of a post, and then those in which it stands too, as far as one reads there; those of one's groups that
    /// contributed to an article; a hundred at most.
    pub group_ids: Vec<GroupId>,
    /// Its title.
    pub title: String,
    /// How it begins, without marks, up to 280 characters; of an article its standfirst, up to 500.
    pub excerpt: String,
    /// What readers may want to know before they read.
    pub content_warnings: Vec<ContentWarning>,
    /// Who wrote it, as the group shows them; null where an article does not say.
    pub author_name: Option<String>,
    /// How many visible comments a post has; 0 for an article.
    pub comment_count: i32,
    /// Whether one has yet to read a post; false for an article.
    pub is_unread: bool,
    /// How many comments others have written since one read a post last; 0 for an article.
    pub unread_comment_count: i32,
    /// When it was published.
    pub published_at: Option<Timestamp>,
    /// When it was published or last commented on or, of another group than one's own, shared: what the feed is sorted by.
    pub active_at: Timestamp,
}

impl FeedItem {
    /// A conversation.
    #[must_use]
    pub fn post(FoundPost { row, author, .. }: FoundPost, reading: &Reading, active_at: Timestamp) -> Self {
        let elsewhere = reading.shares.iter().map(|share| share.row.group_id).take(SHARES - 1);
        Self {
            kind: FeedItemKind::Post,
            id: row.id.uuid().into(),
            group_ids: [row.group_id].into_iter().chain(elsewhere).collect(),
            title: row.title,
            excerpt: excerpt(&row.body, EXCERPT),
            content_warnings: row.content_warnings.0,
            author_name: Some(author.person(row.author_id).display_name),
            comment_count: row.comment_count,
            is_unread: reading.is_unread,
            unread_comment_count: reading.unread_comment_count,
            published_at: row.published_at,
            active_at,
        }
    }

    /// An article that these of one's groups contributed to.
    #[must_use]
    pub fn article(article: FoundArticle, group_ids: Vec<GroupId>, active_at: Timestamp) -> Self {
        Self {
            kind: FeedItemKind::Article,
            id: article.id.uuid().into(),
            group_ids: group_ids.into_iter().take(SHARES).collect(),
            title: article.title,
            excerpt: article.standfirst,
            content_warnings: Vec::new(),
            author_name: article.byline_name,
            comment_count: 0,
            is_unread: false,
            unread_comment_count: 0,
            published_at: article.published_at,
            active_at,
        }
    }

    /// Its place in the feed.
    #[must_use]
    pub fn place(&self) -> (i64, Uuid) {
        (self.active_at.micros(), self.id.uuid())
    }
}

/// One page of the feed.
#[derive(Debug, Serialize, ToSchema)]
pub struct FeedPage {
    /// The items, those that were active last first.
    pub items: Vec<FeedItem>,
    /// The cursor of the next page; null on the last.
    pub next_cursor: Option<String>,
}

/// Something that happened in a group, as read. Its kind is known from where it was read.
#[derive(Debug, Clone, Queryable)]
pub struct Happened {
    /// The post, comment or article.
    pub id: TargetId,
    /// The conversation.
    pub post_id: Option<PostId>,
    /// The title of the conversation or article.
    pub title: String,
    /// Who did it.
    pub actor_id: Option<UserId>,
    /// Their names.
    pub names: Option<Names>,
    /// When.
    pub at: Option<Timestamp>,
}

/// Something that happened in a group and made it active.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Activity {
    /// What happened.
    pub kind: ActivityKind,
    /// The id of the post, shared or not, comment or article.
    pub id: TargetId,
    /// The conversation; null for an article.
    pub post_id: Option<PostId>,
    /// The title of the conversation or article.
    pub title: String,
    /// Who did it; null for an article.
    pub actor_id: Option<UserId>,
    /// The name that the group shows for who did it; null for an article.
    pub actor_name: Option<String>,
    /// When: the first of all is when the group was last active.
    pub at: Timestamp,
}

impl Activity {
    /// What clients see; none of what has no date, which makes nobody active.
    #[must_use]
    pub fn new(kind: ActivityKind, found: Happened) -> Option<Self> {
        let actor = found.actor_id.zip(found.names).map(|(id, names)| names.person(id));
        Some(Self {
            kind,
            id: found.id,
            post_id: found.post_id,
            title: found.title,
            actor_id: actor.as_ref().map(|actor| actor.id),
            actor_name: actor.map(|actor| actor.display_name),
            at: found.at?,
        })
    }

    /// Its place in the list.
    #[must_use]
    pub fn place(&self) -> (i64, Uuid) {
        (self.at.micros(), self.id.uuid())
    }
}

/// One page of what happened.
#[derive(Debug, Serialize, ToSchema)]
pub struct ActivityPage {
    /// What happened, the latest first.
    pub items: Vec<Activity>,
    /// The cursor of the next page; null on the last.
    pub next_cursor: Option<String>,
}

/// Which page.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FeedQuery {
    /// How many items a page holds.
    pub limit: Option<Limit>,
    /// Where the page begins: the `next_cursor` of the page before; empty for the first.
    pub cursor: Option<String>,
}
