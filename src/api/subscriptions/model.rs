//! Feed keys: the row, what their owners see and send. And what feeds show, as read.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::atom::{Feed, Item};
use crate::api::posts::model::{ContentWarning, Names};
use crate::db::schema::{articles, feed_keys, groups, posts};
use crate::db::sql_types::{JsonList, TextEnum as _};
use crate::http::markdown::to_html;
use crate::http::text::Line;
use crate::types::{ArticleId, FeedKeyId, GroupId, PostId, Timestamp, UserId};

/// What a key is for, such as the program that reads with it.
pub type KeyName = Line<1, 100>;

/// By what the feed of all articles is known.
const ARTICLES: Uuid = Uuid::from_u128(0x019a_bd0e_5c00_7000_8000_0000_0000_0001);

/// A row of `feed_keys`.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = feed_keys)]
pub struct FeedKeyRow {
    /// Its id.
    pub id: FeedKeyId,
    /// Whose it is.
    pub user_id: UserId,
    /// The SHA-256 of the secret.
    pub secret_hash: Vec<u8>,
    /// What it is for.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last used, to an hour.
    pub last_used_at: Option<Timestamp>,
}

/// A secret of one's own that opens feeds, and nothing else. It reads what one may read at that moment as a member.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FeedKey {
    /// Its id.
    pub id: FeedKeyId,
    /// What it is for.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last used, to an hour; null for never.
    pub last_used_at: Option<Timestamp>,
}

/// A feed key and, this once, what opens feeds.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct IssuedFeedKey {
    /// Its id.
    pub id: FeedKeyId,
    /// What it is for.
    pub name: String,
    /// What opens feeds: it begins with `prx_feed_` and is never shown again.
    pub secret: String,
    /// When it was made.
    pub created_at: Timestamp,
}

impl From<FeedKeyRow> for FeedKey {
    fn from(row: FeedKeyRow) -> Self {
        Self { id: row.id, name: row.name, created_at: row.created_at, last_used_at: row.last_used_at }
    }
}

impl IssuedFeedKey {
    /// What the owner sees this once.
    #[must_use]
    pub fn new(row: FeedKeyRow, secret: String) -> Self {
        Self { id: row.id, name: row.name, secret, created_at: row.created_at }
    }
}

/// One's feed keys.
#[derive(Debug, Serialize, ToSchema)]
pub struct FeedKeyPage {
    /// The keys, all of them, the newest first.
    pub items: Vec<FeedKey>,
    /// Always null: there are few.
    pub next_cursor: Option<String>,
}

/// A feed key to make.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "name": "The reader on my phone" }))]
pub struct NewFeedKey {
    /// What it is for, such as the program that reads with it.
    pub name: KeyName,
}

/// What a group's feed says of the group.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = groups)]
pub struct FeedGroup {
    /// Its id.
    pub id: GroupId,
    /// Its name.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What a feed shows of a post.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = posts)]
pub struct FeedPost {
    /// Its id.
    pub id: PostId,
    /// Its title.
    pub title: String,
    /// Its text.
    pub body: String,
    /// The HTML of its text, where that is kept.
    pub body_html: Option<String>,
    /// What readers may want to know before they read.
    pub content_warnings: JsonList<ContentWarning>,
    /// When it was begun.
    pub created_at: Timestamp,
    /// When it was published.
    pub published_at: Option<Timestamp>,
    /// When its text last changed.
    pub edited_at: Option<Timestamp>,
}

/// A post with its author's names.
#[derive(Debug, Clone, Queryable)]
pub struct AuthoredPost {
    /// The post.
    pub post: FeedPost,
    /// Its author.
    pub author: Names,
    /// When it came to where the feed is of: when it was published or, of another group, shared.
    pub came_at: Option<Timestamp>,
}

/// What a feed shows of an article.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = articles)]
pub struct FeedArticle {
    /// Its id.
    pub id: ArticleId,
    /// Its title.
    pub title: String,
    /// One or two sentences under the title.
    pub standfirst: String,
    /// Its text.
    pub body: String,
    /// The HTML of its text, where that is kept.
    pub body_html: Option<String>,
    /// Who wrote it.
    pub byline_name: Option<String>,
    /// When it was published, where that is known.
    pub published_at: Option<Timestamp>,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl From<AuthoredPost> for Item {
    /// A text with a warning is left out: readers choose whether they open it.
    fn from(AuthoredPost { post, author, came_at }: AuthoredPost) -> Self {
        let warnings = post.content_warnings.0;
        let named: Vec<String> = warnings.iter().map(|warning| warning.as_str().replace('_', " ")).collect();
        let summary = format!("Content warning: {}. The text is in the conversation.", named.join(", "));
        let (body, html) = (post.body, post.body_html);
        Self {
            id: post.id.uuid(),
            title: post.title,
            author: Some(author.person(UserId::nil()).display_name),
            came_at,
            published_at: post.published_at,
            updated_at: post.edited_at.max(post.published_at).max(came_at).unwrap_or(post.created_at),
            path: format!("/api/v1/posts/{}", post.id),
            summary: (!warnings.is_empty()).then_some(summary),
            html: warnings.is_empty().then(|| html.unwrap_or_else(|| to_html(&body))),
        }
    }
}

impl From<FeedArticle> for Item {
    fn from(article: FeedArticle) -> Self {
        let (body, html) = (article.body, article.body_html);
        Self {
            id: article.id.uuid(),
            title: article.title,
            author: article.byline_name,
            came_at: article.published_at,
            published_at: article.published_at,
            updated_at: article.updated_at,
            path: format!("/api/v1/articles/{}", article.id),
            summary: Some(article.standfirst).filter(|words| !words.is_empty()),
            html: Some(html.unwrap_or_else(|| to_html(&body))),
        }
    }
}

impl Feed {
    /// The feed of a group.
    #[must_use]
    pub fn of_group(group: FeedGroup, posts: Vec<AuthoredPost>) -> Self {
        Self {
            id: group.id.uuid(),
            title: group.name,
            path: format!("/api/v1/groups/{}/feed.atom", group.id),
            since: group.created_at,
            items: posts.into_iter().map(Item::from).collect(),
        }
    }

    /// The feed of all articles.
    #[must_use]
    pub fn of_articles(articles: Vec<FeedArticle>, now: Timestamp) -> Self {
        Self {
            id: ARTICLES,
            title: "Articles".to_owned(),
            path: "/api/v1/articles.atom".to_owned(),
            since: now,
            items: articles.into_iter().map(Item::from).collect(),
        }
    }

    /// The feed that a key opens: of both, the newest, at most so many; unknown dates last.
    #[must_use]
    pub fn of_key(key: &FeedKeyRow, posts: Vec<AuthoredPost>, articles: Vec<FeedArticle>, most: usize) -> Self {
        let (posts, articles) = (posts.into_iter().map(Item::from), articles.into_iter().map(Item::from));
        let mut items: Vec<Item> = posts.chain(articles).collect();
        items.sort_by_key(|item| std::cmp::Reverse((item.came_at, item.id)));
        items.truncate(most);
        Self {
            id: key.id.uuid(),
            title: "My groups".to_owned(),
            path: "/api/v1/me/feed.atom".to_owned(),
            since: key.created_at,
            items,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn post(number: u128, at: i64, warnings: Vec<ContentWarning>) -> AuthoredPost {
        let at = Timestamp::from_micros(at);
        let post = FeedPost {
            id: Uuid::from_u128(number).into(),
            title: "Title".to_owned(),
            body: "**Words**".to_owned(),
            body_html: None,
            content_warnings: JsonList(warnings),
            created_at: at,
            published_at: Some(at),
            edited_at: None,
        };
        let author = Names {
            account_name: "Ann".to_owned(),
            account_handle: Some("ann".to_owned()),
            group_name: Some("Otter".to_owned()),
            group_handle: Some("otter".to_owned()),
            pseudonym_id: None,
        };
        AuthoredPost { post, author, came_at: Some(at) }
    }

    #[test]
    fn a_text_with_a_warning_is_left_out_and_the_summary_says_so() {
        let open = Item::from(post(1, 0, Vec::new()));
        assert_eq!(open.html.as_deref(), Some("<p><strong>Words</strong></p>\n"));
        assert_eq!((open.summary, open.author.as_deref()), (None, Some("Otter")));
        let warned = Item::from(post(1, 0, vec![ContentWarning::SelfHarm, ContentWarning::Violence]));
        assert_eq!(warned.html, None);
        assert!(warned.summary.is_some_and(|words| words.contains("self harm, violence")));
    }

    #[test]
    fn the_newest_of_both_come_first() {
        let article = |number: u128, at: Option<i64>| FeedArticle {
            id: Uuid::from_u128(number).into(),
            title: "Title".to_owned(),
            standfirst: String::new(),
            body: String::new(),
            body_html: None,
            byline_name: None,
            published_at: at.map(Timestamp::from_micros),
            updated_at: Timestamp::from_micros(9),
        };
        let now = Timestamp::from_micros(0);
        let key = FeedKeyRow {
            id: FeedKeyId::new(),
            user_id: UserId::new(),
            secret_hash: Vec::new(),
            name: String::new(),
            created_at: now,
            last_used_at: None,
        };
        let posts = vec![post(1, 5, Vec::new()), post(2, 3, Vec::new())];
        let feed = Feed::of_key(&key, posts, vec![article(3, Some(4)), article(4, Some(1)), article(5, None)], 4);
        let ids: Vec<u128> = feed.items.iter().map(|item| item.id.as_u128()).collect();
        assert_eq!(ids, [1, 3, 2, 4]);
    }
}
