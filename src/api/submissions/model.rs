//! What waits to be read: the row, what clients see, and what they send.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

use crate::api::comments::model::NewComment;
use crate::api::memberships::model::Reason;
use crate::api::posts::model::{ContentWarning, Names, NewPost, PostKind};
use crate::api::requests::model::Outcome;
use crate::api::users::model::Person;
use crate::db::schema::submissions;
use crate::db::sql_types::JsonList;
use crate::error::{Error, Result};
use crate::http::markdown::to_html;
use crate::http::page::Limit;
use crate::types::{CommentId, GroupId, PostId, SubmissionId, Timestamp, UserId, text_enum};

text_enum! {
    /// What it will be.
    SubmissionKind {
        /// A post: something to talk about.
        Discussion = "discussion",
        /// A post: something to answer.
        Question = "question",
        /// A post: news from the facilitators.
        Announcement = "announcement",
        /// A post: something to use, with a link.
        Resource = "resource",
        /// A comment on a post.
        Comment = "comment",
    }
}

impl From<PostKind> for SubmissionKind {
    fn from(kind: PostKind) -> Self {
        match kind {
            PostKind::Discussion => Self::Discussion,
            PostKind::Question => Self::Question,
            PostKind::Announcement => Self::Announcement,
            PostKind::Resource => Self::Resource,
        }
    }
}

text_enum! {
    /// Where it stands. What was approved is a post or a comment.
    SubmissionState {
        /// Somebody has yet to read it.
        Waiting = "waiting",
        /// It does not come out; its author reads why for thirty days.
        Declined = "declined",
    }
}

/// A row of `submissions`.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = submissions, treat_none_as_default_value = false)]
pub struct SubmissionRow {
    /// Its id.
    pub id: SubmissionId,
    /// The group.
    pub group_id: GroupId,
    /// Who wrote it.
    pub author_id: UserId,
    /// The id by which those who read it know who wrote it, where it has no name.
    pub pseudonym_id: Option<UserId>,
    /// What it will be.
    pub kind: SubmissionKind,
    /// The title of a post.
    pub title: Option<String>,
    /// Its text.
    pub body: String,
    /// Where a resource is.
    pub link_url: Option<String>,
    /// Words to find it by.
    pub tags: JsonList<String>,
    /// What readers may want to know before.
    pub content_warnings: JsonList<ContentWarning>,
    /// Its language.
    pub language: Option<String>,
    /// The conversation of a comment.
    pub post_id: Option<PostId>,
    /// The comment that a comment answers.
    pub parent_id: Option<CommentId>,
    /// When it was sent.
    pub submitted_at: Timestamp,
    /// When it was declined.
    pub declined_at: Option<Timestamp>,
    /// Why.
    pub reason: Option<String>,
}

impl SubmissionRow {
    /// A post that waits.
    #[must_use]
    pub fn of_post(group: GroupId, author: UserId, new: &NewPost, now: Timestamp) -> Self {
        Self {
            kind: new.kind.into(),
            pseudonym_id: new.is_anonymous.then(UserId::new),
            title: Some(new.title.as_str().to_owned()),
            link_url: new.link_url.as_ref().map(|url| url.as_str().to_owned()),
            tags: JsonList(new.tags.0.clone()),
            content_warnings: JsonList(new.content_warnings.0.clone()),
            language: new.language.as_ref().map(|language| language.as_str().to_owned()),
            ..Self::bare(group, author, new.body.as_str(), now)
        }
    }

    /// A comment that waits.
    #[must_use]
    pub fn of_comment(group: GroupId, author: UserId, post: PostId, new: &NewComment, now: Timestamp) -> Self {
        Self {
            pseudonym_id: new.is_anonymous.then(UserId::new),
            post_id: Some(post),
            parent_id: new.parent_id,
            ..Self::bare(group, author, new.body.as_str(), now)
        }
    }

    fn bare(group_id: GroupId, author_id: UserId, body: &str, now: Timestamp) -> Self {
        Self {
            id: SubmissionId::new(),
            group_id,
            author_id,
            pseudonym_id: None,
            kind: SubmissionKind::Comment,
            title: None,
            body: body.to_owned(),
            link_url: None,
            tags: JsonList(Vec::new()),
            content_warnings: JsonList(Vec::new()),
            language: None,
            post_id: None,
            parent_id: None,
            submitted_at: now,
            declined_at: None,
            reason: None,
        }
    }

    /// The post to publish.
    ///
    /// # Errors
    /// When the rules for posts have become stricter since.
    pub fn new_post(&self) -> Result<NewPost> {
        let value = json!({
            "kind": self.kind, "title": self.title, "body": self.body, "link_url": self.link_url, "tags": self.tags.0,
            "content_warnings": self.content_warnings.0, "language": self.language, "is_anonymous": self.pseudonym_id.is_some(),
        });
        serde_json::from_value(value).map_err(Error::internal)
    }

    /// The comment to publish.
    ///
    /// # Errors
    /// When the rules for comments have become stricter since.
    pub fn new_comment(&self) -> Result<NewComment> {
        let value =
            json!({ "body": self.body, "parent_id": self.parent_id, "is_anonymous": self.pseudonym_id.is_some() });
        serde_json::from_value(value).map_err(Error::internal)
    }
}

/// What waits, with its author's names.
#[derive(Debug, Clone, Queryable)]
pub struct FoundSubmission {
    /// The row.
    pub row: SubmissionRow,
    /// Its author.
    pub author: Names,
}

/// Something that somebody wrote and that those who moderate read before it comes out.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Submission {
    /// Its id; the post or comment that it becomes has another.
    pub id: SubmissionId,
    /// The group.
    pub group_id: GroupId,
    /// What it will be.
    pub kind: SubmissionKind,
    /// Where it stands.
    pub state: SubmissionState,
    /// Who wrote it.
    pub author: Person,
    /// The title of a post; null for a comment.
    pub title: Option<String>,
    /// Its text, in Markdown.
    pub body: String,
    /// The same as HTML that is safe to put into a page.
    pub body_html: String,
    /// Where a resource is; null for other kinds.
    pub link_url: Option<String>,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// What readers may want to know before they read.
    pub content_warnings: Vec<ContentWarning>,
    /// Its language, by its tag (BCP 47); null where nobody said.
    pub language: Option<String>,
    /// The post that a comment is on; null for a post.
    pub post_id: Option<PostId>,
    /// The comment that a comment answers; null where it answers the post, and for a post.
    pub parent_id: Option<CommentId>,
    /// When it was sent.
    pub submitted_at: Timestamp,
    /// When it was declined; null while it waits.
    pub declined_at: Option<Timestamp>,
    /// Why it was declined; null while it waits.
    pub reason: Option<String>,
}

impl From<FoundSubmission> for Submission {
    fn from(FoundSubmission { row, author }: FoundSubmission) -> Self {
        let state = if row.declined_at.is_some() { SubmissionState::Declined } else { SubmissionState::Waiting };
        Self {
            id: row.id,
            group_id: row.group_id,
            kind: row.kind,
            state,
            author: author.person(row.author_id),
            title: row.title,
            body_html: to_html(&row.body),
            body: row.body,
            link_url: row.link_url,
            tags: row.tags.0,
            content_warnings: row.content_warnings.0,
            language: row.language,
            post_id: row.post_id,
            parent_id: row.parent_id,
            submitted_at: row.submitted_at,
            declined_at: row.declined_at,
            reason: row.reason,
        }
    }
}

/// One page of what waits.
#[derive(Debug, Serialize, ToSchema)]
pub struct SubmissionPage {
    /// In a group those that wait, the oldest first; one's own, the newest first.
    pub items: Vec<Submission>,
    /// The cursor of the next page; null on the last.
    pub next_cursor: Option<String>,
}

/// Which page of what waits.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SubmissionQuery {
    /// How many items a page holds.
    pub limit: Option<Limit>,
    /// Where the page begins: the `next_cursor` of the page before; empty for the first.
    pub cursor: Option<String>,
}

/// Whether something comes out.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "outcome": "approve" }))]
pub struct SubmissionDecision {
    /// Approve or decline.
    pub outcome: Outcome,
    /// Why; needed to decline. The author reads it.
    #[serde(default)]
    pub reason: Option<Reason>,
}

/// What became of something that waited.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct SubmissionOutcome {
    /// What was decided.
    pub outcome: Outcome,
    /// The post that it became, or that the comment is on; null where a post was declined.
    pub post_id: Option<PostId>,
    /// The comment that it became; null for a post, and where it was declined.
    pub comment_id: Option<CommentId>,
}
