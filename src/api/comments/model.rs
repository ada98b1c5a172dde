//! Comments: rows, what clients see and what they send.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::api::posts::model::{Names, PostAction, ReactionCount, ReactionKind, Reactions};
use crate::db::schema::comments;
use crate::http::markdown::to_html;
use crate::http::page::Limit;
use crate::http::patch::Set;
use crate::http::text::Markdown;
use crate::types::{CommentId, GroupId, PostId, Timestamp, UserId, text_enum};

text_enum! {
    /// Which comments of a post to list.
    CommentMode {
        /// Those of all levels, in one list.
        Flat = "flat",
        /// Those of one level: that answer one comment, or the post itself.
        Level = "level",
    }
}

/// How deep an answer to an answer can be; the first comments are at 0.
pub const MAX_DEPTH: i32 = 4;

/// A comment's text.
pub type CommentBody = Markdown<1, 10_000>;

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
    /// The id by which others know who wrote it, where it has no name.
    pub pseudonym_id: Option<UserId>,
    /// How deep it stands.
    pub depth: i32,
    /// How many listed comments answer it.
    pub reply_count: i32,
    /// Its text.
    pub body: String,
    /// The same as HTML; null in rows from before it was kept.
    pub body_html: Option<String>,
    /// When it was written.
    pub created_at: Timestamp,
    /// When its text last changed.
    pub edited_at: Option<Timestamp>,
    /// When it was deleted.
    pub deleted_at: Option<Timestamp>,
    /// By whom.
    pub deleted_by: Option<UserId>,
}

impl CommentRow {
    /// When its author last changed it: the version of what they may change.
    #[must_use]
    pub fn version(&self) -> Timestamp {
        self.edited_at.unwrap_or(self.created_at)
    }
}

/// A comment as read: with its author's names.
#[derive(Debug, Clone, Queryable)]
pub struct FoundComment {
    /// The comment.
    pub row: CommentRow,
    /// Its author.
    pub author: Names,
}

/// What the caller is to a comment.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CommentViewer {
    /// Everything that the caller can do; the list may grow.
    pub can: Vec<PostAction>,
    /// The caller's reactions.
    pub reactions: Vec<ReactionKind>,
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
    /// How many listed comments answer it directly.
    pub reply_count: i32,
    /// Who wrote it; without id and name once it is deleted.
    pub author: CommentAuthor,
    /// Its text, in Markdown; null once it is deleted.
    pub body: Option<String>,
    /// The same as HTML that is safe to put into a page; null once it is deleted.
    pub body_html: Option<String>,
    /// How people reacted; kinds that nobody chose are left out.
    pub reactions: Vec<ReactionCount>,
    /// Whether it answers the question.
    pub is_accepted: bool,
    /// Whether it was deleted; it is listed only while others answer it.
    pub is_deleted: bool,
    /// When it was written.
    pub created_at: Timestamp,
    /// When its text last changed; null for never.
    pub edited_at: Option<Timestamp>,
    /// What the caller is to it.
    pub viewer: CommentViewer,
}

/// Who wrote a comment.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CommentAuthor {
    /// The person's id; null once the comment is deleted.
    pub id: Option<UserId>,
    /// The name that others see here; null once the comment is deleted.
    pub display_name: Option<String>,
    /// What mentions the person, after an `@`; null once the comment or the account is deleted.
    pub handle: Option<String>,
    /// Whether the name is withheld: then the id is one of this conversation alone, and leads nowhere.
    pub is_anonymous: bool,
}

impl Comment {
    /// What clients see: of a deleted comment only its place.
    #[must_use]
    pub fn new(found: FoundComment, reactions: Reactions, can: Vec<PostAction>, is_accepted: bool) -> Self {
        let FoundComment { row, author } = found;
        let is_deleted = row.deleted_at.is_some();
        let author = Some(author.person(row.author_id)).filter(|_| !is_deleted);
        let html = row.body_html.unwrap_or_else(|| to_html(&row.body));
        let reactions = if is_deleted { Reactions::default() } else { reactions };
        Self {
            id: row.id,
            post_id: row.post_id,
            group_id: row.group_id,
            parent_id: row.parent_id,
            depth: row.depth,
            reply_count: row.reply_count,
            author: CommentAuthor {
                id: author.as_ref().map(|author| author.id),
                handle: author.as_ref().and_then(|author| author.handle.clone()),
                is_anonymous: author.as_ref().is_some_and(|author| author.is_anonymous),
                display_name: author.map(|author| author.display_name),
            },
            body_html: Some(html).filter(|_| !is_deleted),
            body: Some(row.body).filter(|_| !is_deleted),
            reactions: reactions.counts,
            is_accepted,
            is_deleted,
            created_at: row.created_at,
            edited_at: row.edited_at.filter(|_| !is_deleted),
            viewer: CommentViewer { can: if is_deleted { Vec::new() } else { can }, reactions: reactions.own },
        }
    }
}

/// One page of comments.
#[derive(Debug, Serialize, ToSchema)]
pub struct CommentPage {
    /// The comments, oldest first; `parent_id` and `depth` say how they hang together.
    pub items: Vec<Comment>,
    /// The cursor of the next page; null on the last.
    pub next_cursor: Option<String>,
}

/// A comment to publish.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "body": "We did the same on two wards." }))]
pub struct NewComment {
    /// Its text, in Markdown; `@` and a handle mentions a person.
    pub body: CommentBody,
    /// The comment of the same post that it answers; the post itself unless said.
    #[serde(default)]
    pub parent_id: Option<CommentId>,
    /// Whether it is shown without the author's name, where the group allows that.
    #[serde(default)]
    #[schema(required = false)]
    pub is_anonymous: bool,
}

/// Changes to a comment.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "body": "We did the same, on two wards." }))]
pub struct CommentPatch {
    /// Its text, in Markdown.
    #[serde(default)]
    #[schema(value_type = CommentBody)]
    pub body: Set<CommentBody>,
}

/// Which comments to list.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CommentQuery {
    /// Those of all levels (`flat`, unless said) or of one.
    pub mode: Option<CommentMode>,
    /// The comment whose direct answers to list, of one level; those to the post itself unless said.
    pub parent_id: Option<CommentId>,
    /// How many items a page holds.
    pub limit: Option<Limit>,
    /// Where the page begins: the `next_cursor` of the page before; empty for the first.
    pub cursor: Option<String>,
}
