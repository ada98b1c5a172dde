//! Posts and comments: rows, what clients see and what they send.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::api::users::model::Person;
use crate::db::schema::{comments, posts};
use crate::http::page::Limit;
use crate::http::patch::Set;
use crate::http::text::{Line, Markdown};
use crate::types::{CommentId, GroupId, PostId, Timestamp, UserId, text_enum};

text_enum! {
    /// What a post is.
    PostKind {
        /// Something to talk about.
        Discussion = "discussion",
        /// Something to answer.
        Question = "question",
        /// News from the facilitators.
        Announcement = "announcement",
        /// Something to use.
        Resource = "resource",
    }
}

text_enum! {
    /// Something that a caller can do with a post or a comment.
    PostAction {
        /// Change the text.
        Edit = "edit",
        /// Delete it.
        Delete = "delete",
        /// Answer it.
        Comment = "comment",
    }
}

/// How deep an answer to an answer can be; the first comments are at 0.
pub const MAX_DEPTH: i32 = 15;

/// A post's title.
pub type Title = Line<1, 200>;
/// A post's text.
pub type PostBody = Markdown<1, 50_000>;
/// A comment's text.
pub type CommentBody = Markdown<1, 10_000>;

/// A row of `posts`.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = posts, treat_none_as_default_value = false)]
pub struct PostRow {
    /// Its id.
    pub id: PostId,
    /// The group.
    pub group_id: GroupId,
    /// Who wrote it.
    pub author_id: UserId,
    /// What it is.
    pub kind: PostKind,
    /// Its title.
    pub title: String,
    /// Its text.
    pub body: String,
    /// How many visible comments it has.
    pub comment_count: i32,
    /// When it was published.
    pub created_at: Timestamp,
    /// When its text last changed.
    pub edited_at: Option<Timestamp>,
}

/// A row of `comments`.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = comments, treat_none_as_default_value = false)]
pub struct CommentRow {
    /// Its id.
    pub id: CommentId,
    /// The post.
    pub post_id: PostId,
    /// The post's group.
    pub group_id: GroupId,
    /// The comment that it answers.
    pub parent_id: Option<CommentId>,
    /// Who wrote it.
    pub author_id: UserId,
    /// How deep it stands.
    pub depth: i32,
    /// How many listed comments answer it.
    pub reply_count: i32,
    /// Its text.
    pub body: String,
    /// When it was written.
    pub created_at: Timestamp,
    /// When its text last changed.
    pub edited_at: Option<Timestamp>,
    /// When it was deleted.
    pub deleted_at: Option<Timestamp>,
}

/// A post or comment with its author's names: the account's, and the group's where there is one.
#[derive(Debug, Clone, Queryable)]
pub struct Authored<T> {
    /// The post or comment.
    pub row: T,
    /// The account's name.
    pub account_name: String,
    /// The group's name for the author.
    pub group_name: Option<String>,
}

impl<T> Authored<T> {
    fn person(self, id: UserId) -> (T, Person) {
        (self.row, Person { id, display_name: self.group_name.unwrap_or(self.account_name) })
    }
}

/// What the caller is to a post or comment.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PostViewer {
    /// Everything that the caller can do; the list may grow.
    pub can: Vec<PostAction>,
}

/// A conversation in a group.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Post {
    /// Its id.
    pub id: PostId,
    /// The group.
    pub group_id: GroupId,
    /// What it is.
    pub kind: PostKind,
    /// Its title.
    pub title: String,
    /// Its text, in Markdown.
    pub body: String,
    /// Who wrote it.
    pub author: Person,
    /// How many visible comments it has.
    pub comment_count: i32,
    /// When it was published.
    pub created_at: Timestamp,
    /// When its text last changed; null for never.
    pub edited_at: Option<Timestamp>,
    /// What the caller is to it.
    pub viewer: PostViewer,
}

/// A comment on a post, or an answer to another comment.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Comment {
    /// Its id.
    pub id: CommentId,
    /// The post.
    pub post_id: PostId,
    /// The post's group.
    pub group_id: GroupId,
    /// The comment that it answers; null where it answers the post.
    pub parent_id: Option<CommentId>,
    /// How deep it stands, from 0.
    pub depth: i32,
    /// Who wrote it; without id and name once it is deleted.
    pub author: CommentAuthor,
    /// Its text, in Markdown; null once it is deleted.
    pub body: Option<String>,
    /// Whether it was deleted; it is listed only while others answer it.
    pub is_deleted: bool,
    /// When it was written.
    pub created_at: Timestamp,
    /// When its text last changed; null for never.
    pub edited_at: Option<Timestamp>,
    /// What the caller is to it.
    pub viewer: PostViewer,
}

/// Who wrote a comment.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CommentAuthor {
    /// The person's id; null once the comment is deleted.
    pub id: Option<UserId>,
    /// The name that others see here; null once the comment is deleted.
    pub display_name: Option<String>,
}

impl Post {
    /// What clients see.
    #[must_use]
    pub fn new(authored: Authored<PostRow>, can: Vec<PostAction>) -> Self {
        let author_id = authored.row.author_id;
        let (row, author) = authored.person(author_id);
        Self {
            id: row.id,
            group_id: row.group_id,
            kind: row.kind,
            title: row.title,
            body: row.body,
            author,
            comment_count: row.comment_count,
            created_at: row.created_at,
            edited_at: row.edited_at,
            viewer: PostViewer { can },
        }
    }
}

impl Comment {
    /// What clients see: of a deleted comment only its place.
    #[must_use]
    pub fn new(authored: Authored<CommentRow>, can: Vec<PostAction>) -> Self {
        let author_id = authored.row.author_id;
        let (row, author) = authored.person(author_id);
        let is_deleted = row.deleted_at.is_some();
        let author = Some(author).filter(|_| !is_deleted);
        Self {
            id: row.id,
            post_id: row.post_id,
            group_id: row.group_id,
            parent_id: row.parent_id,
            depth: row.depth,
            author: CommentAuthor {
                id: author.as_ref().map(|author| author.id),
                display_name: author.map(|author| author.display_name),
            },
            body: Some(row.body).filter(|_| !is_deleted),
            is_deleted,
            created_at: row.created_at,
            edited_at: row.edited_at.filter(|_| !is_deleted),
            viewer: PostViewer { can: if is_deleted { Vec::new() } else { can } },
        }
    }
}

/// One page of posts.
#[derive(Debug, Serialize, ToSchema)]
pub struct PostPage {
    /// The posts, newest first.
    pub items: Vec<Post>,
    /// The cursor of the next page; null on the last.
    pub next_cursor: Option<String>,
}

/// One page of comments.
#[derive(Debug, Serialize, ToSchema)]
pub struct CommentPage {
    /// The comments, oldest first; `parent_id` and `depth` say how they hang together.
    pub items: Vec<Comment>,
    /// The cursor of the next page; null on the last.
    pub next_cursor: Option<String>,
}

/// A post to publish.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPost {
    /// What it is; announcements are for facilitators and owners.
    pub kind: PostKind,
    /// Its title.
    pub title: Title,
    /// Its text, in Markdown.
    pub body: PostBody,
}

/// Changes to a post.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PostPatch {
    /// Its title.
    #[serde(default)]
    #[schema(value_type = Title)]
    pub title: Set<Title>,
    /// Its text, in Markdown.
    #[serde(default)]
    #[schema(value_type = PostBody)]
    pub body: Set<PostBody>,
}

/// A comment to publish.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewComment {
    /// Its text, in Markdown.
    pub body: CommentBody,
    /// The comment of the same post that it answers; the post itself unless said.
    #[serde(default)]
    pub parent_id: Option<CommentId>,
}

/// Changes to a comment.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CommentPatch {
    /// Its text, in Markdown.
    #[serde(default)]
    #[schema(value_type = CommentBody)]
    pub body: Set<CommentBody>,
}

/// Which posts to list.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PostQuery {
    /// Only posts of this kind.
    pub kind: Option<PostKind>,
    /// How many items a page holds.
    pub limit: Option<Limit>,
    /// Where the page begins: the `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// Which page of comments.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CommentQuery {
    /// How many items a page holds.
    pub limit: Option<Limit>,
    /// Where the page begins: the `next_cursor` of the page before.
    pub cursor: Option<String>,
}
