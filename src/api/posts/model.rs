//! Posts: rows, what clients see and what they send.

use diesel::prelude::*;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{IntoParams, PartialSchema, ToSchema};

use crate::api::memberships::model::Reason;
use crate::api::users::model::Person;
use crate::db::schema::{post_marks, post_shares, posts, revisions};
use crate::db::sql_types::JsonList;
use crate::http::changes::Gone;
use crate::http::conditional::Version;
use crate::http::lists;
use crate::http::page::Limit;
use crate::http::patch::{Patch, Set, given};
use crate::http::text::{Line, Markdown, Tags, WebUrl};
use crate::types::{CommentId, GroupId, PostId, RevisionId, Timestamp, UserId, text_enum};

text_enum! {
    /// What a post is.
    PostKind {
        /// Something to talk about.
        Discussion = "discussion",
        /// Something to answer.
        Question = "question",
        /// News from the facilitators.
        Announcement = "announcement",
        /// Something to use, with a link.
        Resource = "resource",
    }
}

text_enum! {
    /// Whether a post can be read.
    PostStatus {
        /// By its author only.
        Draft = "draft",
        /// By its author only, until it comes out by itself.
        Scheduled = "scheduled",
        /// By whoever reads the group's conversations.
        Published = "published",
    }
}

text_enum! {
    /// Which posts to list by where they stand.
    PostStatusFilter {
        /// Those that can be read.
        Published = "published",
        /// The caller's own drafts.
        Draft = "draft",
        /// The caller's own that are to come out.
        Scheduled = "scheduled",
        /// Those deleted that the caller may restore.
        Deleted = "deleted",
    }
}

text_enum! {
    /// How a list of posts is sorted.
    PostSort {
        /// What was published last comes first.
        Newest = "newest",
        /// What was published or commented on last comes first.
        Active = "active",
    }
}

text_enum! {
    /// What readers may want to know before they read.
    ContentWarning {
        /// Abuse or coercion.
        Abuse = "abuse",
        /// Death or bereavement.
        Death = "death",
        /// Discrimination or hate.
        Discrimination = "discrimination",
        /// Eating disorders or weight.
        EatingDisorder = "eating_disorder",
        /// Procedures, wounds or pictures of them.
        MedicalProcedure = "medical_procedure",
        /// Loss of a pregnancy or a child.
        PregnancyLoss = "pregnancy_loss",
        /// Self-harm.
        SelfHarm = "self_harm",
        /// Sexual content or violence.
        Sexual = "sexual",
        /// Alcohol, drugs or addiction.
        SubstanceUse = "substance_use",
        /// Suicide.
        Suicide = "suicide",
        /// Violence or war.
        Violence = "violence",
        /// Something else, said in the text.
        Other = "other",
    }
}

text_enum! {
    /// Something that a caller can do with a post or a comment.
    PostAction {
        /// Change the text.
        Edit = "edit",
        /// Delete it.
        Delete = "delete",
        /// Bring it back.
        Restore = "restore",
        /// Answer it.
        Comment = "comment",
        /// React to it.
        React = "react",
        /// Keep it at the top of the group.
        Pin = "pin",
        /// Let nobody answer any more.
        Lock = "lock",
        /// Move it to another group.
        Move = "move",
        /// Let it stand in another group, too.
        Share = "share",
        /// Say which comment answers the question.
        AcceptAnswer = "accept_answer",
    }
}

text_enum! {
    /// Something that a caller can do with a post where it stands in another group.
    ShareAction {
        /// Keep it at the top of that group.
        Pin = "pin",
        /// Take it out of that group.
        Unshare = "unshare",
    }
}

text_enum! {
    /// What somebody thinks of a post or a comment.
    ReactionKind {
        /// I like it.
        Like = "like",
        /// I am with you.
        Support = "support",
        /// Thank you.
        Thanks = "thanks",
        /// I have learned something.
        Insightful = "insightful",
        /// Well done.
        Celebrate = "celebrate",
    }
}

/// A post's title.
pub type Title = Line<1, 200>;
/// A post's text.
pub type PostBody = Markdown<1, 50_000>;

/// A language by its tag (BCP 47), such as `en` or `cy-GB`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Language(String);

impl Language {
    /// The tag.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Language {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let tag =
            language_tags::LanguageTag::parse(&text).ok().filter(|tag| text.len() <= 35 && tag.validate().is_ok());
        let words = "bad_language: must be a language tag (BCP 47) of up to 35 characters, such as «en» or «cy-GB»";
        tag.map(|tag| Self(tag.into_string())).ok_or_else(|| serde::de::Error::custom(words))
    }
}

impl PartialSchema for Language {
    fn schema() -> RefOr<Schema> {
        let text = ObjectBuilder::new().schema_type(Type::String).min_length(Some(2)).max_length(Some(35));
        text.description(Some("A language tag (BCP 47), such as `en` or `cy-GB`.")).into()
    }
}

impl ToSchema for Language {}

/// Up to 12 different warnings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContentWarnings(pub Vec<ContentWarning>);

impl ContentWarnings {
    /// As many as there are.
    const MOST: usize = 12;
}

impl<'de> Deserialize<'de> for ContentWarnings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        lists::distinct(deserializer, 0..=Self::MOST, "warnings").map(Self)
    }
}

impl PartialSchema for ContentWarnings {
    fn schema() -> RefOr<Schema> {
        let warning = utoipa::openapi::Ref::from_schema_name("ContentWarning");
        utoipa::openapi::ArrayBuilder::new().items(warning).max_items(Some(Self::MOST)).into()
    }
}

impl ToSchema for ContentWarnings {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((ContentWarning::name().into_owned(), ContentWarning::schema()));
    }
}

/// A row of `posts`.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = posts, treat_none_as_default_value = false)]
pub struct PostRow {
    /// Its id.
    pub id: PostId,
    /// The group.
    pub group_id: GroupId,
    /// Who wrote it.
    pub author_id: UserId,
    /// The id by which others know who wrote it, where it has no name.
    pub pseudonym_id: Option<UserId>,
    /// What it is.
    pub kind: PostKind,
    /// Its title.
    pub title: String,
    /// Its text.
    pub body: String,
    /// The same as HTML; null in rows from before it was kept.
    pub body_html: Option<String>,
    /// Where a resource is.
    pub link_url: Option<String>,
    /// Words to find it by.
    pub tags: JsonList<String>,
    /// What readers may want to know before.
    pub content_warnings: JsonList<ContentWarning>,
    /// Its language.
    pub language: Option<String>,
    /// How many visible comments it has.
    pub comment_count: i32,
    /// The time of the latest of them.
    pub last_reply_at: Option<Timestamp>,
    /// The comment that answers the question.
    pub accepted_comment_id: Option<CommentId>,
    /// Since when it stands at the top.
    pub pinned_at: Option<Timestamp>,
    /// Until when.
    pub pinned_until: Option<Timestamp>,
    /// Since when nobody may answer.
    pub locked_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it is to come out.
    pub publish_at: Option<Timestamp>,
    /// When it came out.
    pub published_at: Option<Timestamp>,
    /// When its text last changed after that.
    pub edited_at: Option<Timestamp>,
    /// When it was deleted.
    pub deleted_at: Option<Timestamp>,
    /// By whom.
    pub deleted_by: Option<UserId>,
    /// When anything of it last changed that is shown, for those who keep a copy.
    pub changed_at: Option<Timestamp>,
    /// Whether it was ever shared with another group.
    pub is_shared: bool,
}

impl PostRow {
    /// The version of what its author may change, and of where it stands.
    #[must_use]
    pub fn version(&self) -> Version {
        let words = (&self.title, &self.body, &self.link_url, &self.language, &self.tags.0, &self.content_warnings.0);
        Version::of(&(words, self.published_at, self.publish_at, self.group_id))
    }
}

impl PostRow {
    /// Whether it can be read.
    #[must_use]
    pub fn status(&self) -> PostStatus {
        match (self.published_at, self.publish_at) {
            (Some(_), _) => PostStatus::Published,
            (None, Some(_)) => PostStatus::Scheduled,
            (None, None) => PostStatus::Draft,
        }
    }
}

/// What decides about a post, without its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = posts)]
pub struct PostHead {
    /// Its id.
    pub id: PostId,
    /// The group.
    pub group_id: GroupId,
    /// Who wrote it.
    pub author_id: UserId,
    /// The id by which others know who wrote it, where it has no name.
    pub pseudonym_id: Option<UserId>,
    /// What it is.
    pub kind: PostKind,
    /// The comment that answers the question.
    pub accepted_comment_id: Option<CommentId>,
    /// Since when nobody may answer.
    pub locked_at: Option<Timestamp>,
    /// When it came out.
    pub published_at: Option<Timestamp>,
    /// When it was deleted.
    pub deleted_at: Option<Timestamp>,
    /// By whom.
    pub deleted_by: Option<UserId>,
}

impl From<&PostRow> for PostHead {
    fn from(row: &PostRow) -> Self {
        Self {
            id: row.id,
            group_id: row.group_id,
            author_id: row.author_id,
            pseudonym_id: row.pseudonym_id,
            kind: row.kind,
            accepted_comment_id: row.accepted_comment_id,
            locked_at: row.locked_at,
            published_at: row.published_at,
            deleted_at: row.deleted_at,
            deleted_by: row.deleted_by,
        }
    }
}

/// What a post is to a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = post_marks)]
pub struct Mark {
    /// When the person read it last.
    pub read_at: Option<Timestamp>,
    /// When the person bookmarked it.
    pub bookmarked_at: Option<Timestamp>,
    /// Whether the person wants to be told of replies; null where they neither said so nor took part.
    pub follows: Option<bool>,
}

/// The names of an author: the account's, and the group's where there is one; and what stands in their place.
#[derive(Debug, Clone, Queryable)]
pub struct Names {
    /// The account's name.
    pub account_name: String,
    /// What mentions the account.
    pub account_handle: Option<String>,
    /// The group's name for the author.
    pub group_name: Option<String>,
    /// What mentions that.
    pub group_handle: Option<String>,
    /// The id by which others know who wrote this without a name.
    pub pseudonym_id: Option<UserId>,
}

impl Names {
    /// The author as others see them.
    #[must_use]
    pub fn person(self, id: UserId) -> Person {
        if let Some(pseudonym) = self.pseudonym_id { Person::anonymous(pseudonym) } else { self.unmasked(id) }
    }

    /// The author by name, also where they wrote without. For those who may know.
    #[must_use]
    pub fn unmasked(self, id: UserId) -> Person {
        match self.group_name {
            Some(display_name) => Person::named(id, display_name, self.group_handle),
            None => Person::named(id, self.account_name, self.account_handle),
        }
    }
}

/// What [`Names`] are made of, where a person of this column did something that has no words.
macro_rules! person_names {
    () => {
        (
            $crate::db::schema::users::display_name,
            $crate::db::schema::users::handle,
            $crate::db::schema::memberships::display_name.nullable(),
            $crate::db::schema::memberships::handle.nullable(),
            None::<$crate::types::UserId>.into_sql::<diesel::sql_types::Nullable<$crate::db::sql_types::Id>>(),
        )
    };
}
pub(crate) use person_names;

/// The author of something, where it has their name.
#[must_use]
pub fn named(author: UserId, pseudonym: Option<UserId>) -> Option<UserId> {
    pseudonym.is_none().then_some(author)
}

/// What [`Names`] are made of, for what is in this table.
macro_rules! author_names {
    ($written:ident) => {
        (
            $crate::db::schema::users::display_name,
            $crate::db::schema::users::handle,
            $crate::db::schema::memberships::display_name.nullable(),
            $crate::db::schema::memberships::handle.nullable(),
            $crate::db::schema::$written::pseudonym_id,
        )
    };
}
pub(crate) use author_names;

/// A post as read: with its author's names, and what it is to the caller.
#[derive(Debug, Clone, Queryable)]
pub struct FoundPost {
    /// The post.
    pub row: PostRow,
    /// Its author.
    pub author: Names,
    /// What it is to the caller.
    pub mark: Option<Mark>,
}

/// A row of `post_shares`: a post that everybody may read, standing in another group, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = post_shares, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct ShareRow {
    /// The post.
    pub post_id: PostId,
    /// The group, which is not the post's own.
    pub group_id: GroupId,
    /// Who shared it.
    pub shared_by: UserId,
    /// When.
    pub shared_at: Timestamp,
    /// Since when it stands at the top there.
    pub pinned_at: Option<Timestamp>,
    /// Until when.
    pub pinned_until: Option<Timestamp>,
    /// When others than who shared it took it out.
    pub removed_at: Option<Timestamp>,
    /// By whom.
    pub removed_by: Option<UserId>,
    /// When it was shared or pinned last, for those who keep a copy of what stands in the group.
    pub changed_at: Timestamp,
}

/// The most groups that are shown of those in which one post stands.
pub const SHARES: usize = 100;

/// Another group in which a post stands.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PostShare {
    /// The group.
    pub group_id: GroupId,
    /// Who shared it, as that group shows them.
    pub shared_by: Person,
    /// When.
    pub shared_at: Timestamp,
    /// Whether it stands at the top of that group.
    pub is_pinned: bool,
    /// Until when; null for no end, and while it is not pinned there.
    pub pinned_until: Option<Timestamp>,
    /// Everything that the caller can do with it there; the list may grow.
    pub can: Vec<ShareAction>,
}

/// How many people reacted in one way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ReactionCount {
    /// The way.
    pub kind: ReactionKind,
    /// How many.
    pub count: i32,
}

/// The reactions to one post or comment.
#[derive(Debug, Clone, Default)]
pub struct Reactions {
    /// How many there are of each kind.
    pub counts: Vec<ReactionCount>,
    /// The caller's own.
    pub own: Vec<ReactionKind>,
}

/// What the caller is to a post.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PostViewer {
    /// Everything that the caller can do; the list may grow.
    pub can: Vec<PostAction>,
    /// Whether the caller, a member, has yet to read it.
    pub is_unread: bool,
    /// How many comments others have written since the caller, a member, read it last.
    pub unread_comment_count: i32,
    /// Whether the caller keeps it.
    pub is_bookmarked: bool,
    /// Whether the caller is told of replies.
    pub is_following: bool,
    /// The caller's reactions.
    pub reactions: Vec<ReactionKind>,
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
    /// Whether it can be read; drafts and scheduled posts are shown to their author only.
    pub status: PostStatus,
    /// Its title.
    pub title: String,
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
    /// Who wrote it.
    pub author: Person,
    /// How many visible comments it has.
    pub comment_count: i32,
    /// The time of the latest of them; null where there is none.
    pub last_reply_at: Option<Timestamp>,
    /// How people reacted; kinds that nobody chose are left out.
    pub reactions: Vec<ReactionCount>,
    /// The comment that answers the question; null where there is none, and for other kinds.
    pub accepted_comment_id: Option<CommentId>,
    /// Whether it stands at the top of the group.
    pub is_pinned: bool,
    /// Until when; null for no end, and while it is not pinned.
    pub pinned_until: Option<Timestamp>,
    /// Whether nobody but those who lead may answer any more.
    pub is_locked: bool,
    /// The other groups in which it stands, of those whose conversations the caller reads; the latest first, a hundred at most.
    pub shares: Vec<PostShare>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When a scheduled post comes out; null for others.
    pub publish_at: Option<Timestamp>,
    /// When it was published; null before.
    pub published_at: Option<Timestamp>,
    /// When its text last changed after publication; null for never.
    pub edited_at: Option<Timestamp>,
    /// When it was deleted; null unless it is listed to be restored.
    pub deleted_at: Option<Timestamp>,
    /// What the caller is to it.
    pub viewer: PostViewer,
}

/// One page of posts.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PostPage {
    /// The posts.
    pub items: Vec<Post>,
    /// With `updated_since`, what is gone since; none without.
    pub deleted: Vec<Gone>,
    /// The cursor of the next page; null on the last.
    pub next_cursor: Option<String>,
}

/// What a post or a comment said before it was edited.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = revisions, treat_none_as_default_value = false)]
pub struct RevisionRow {
    /// Its id.
    pub id: RevisionId,
    /// The post, or that of the comment.
    pub post_id: PostId,
    /// The comment.
    pub comment_id: Option<CommentId>,
    /// The title of a post.
    pub title: Option<String>,
    /// The text.
    pub body: String,
    /// Who wrote what stands there since.
    pub replaced_by: UserId,
    /// Since when.
    pub replaced_at: Timestamp,
}

/// What a post or a comment said before it was edited.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Revision {
    /// Its id.
    pub id: RevisionId,
    /// The title of a post; null for a comment.
    pub title: Option<String>,
    /// The text, in Markdown.
    pub body: String,
    /// The same as HTML that is safe to put into a page.
    pub body_html: String,
    /// Until when it said so.
    pub replaced_at: Timestamp,
}

impl From<RevisionRow> for Revision {
    fn from(row: RevisionRow) -> Self {
        let body_html = crate::http::markdown::to_html(&row.body);
        Self { id: row.id, title: row.title, body: row.body, body_html, replaced_at: row.replaced_at }
    }
}

/// One page of former texts.
#[derive(Debug, Serialize, ToSchema)]
pub struct RevisionPage {
    /// The texts, the latest first.
    pub items: Vec<Revision>,
    /// The cursor of the next page; null on the last.
    pub next_cursor: Option<String>,
}

/// A post to publish, now or later.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "kind": "question", "title": "Which footwear do you recommend?", "body": "We see many falls in **socks**.", "tags": ["footwear"] }))]
pub struct NewPost {
    /// What it is; announcements are for facilitators and owners.
    pub kind: PostKind,
    /// Its title.
    pub title: Title,
    /// Its text, in Markdown; `@` and a handle mentions a person.
    pub body: PostBody,
    /// Where a resource is; needed for resources, and only for them.
    #[serde(default)]
    pub link_url: Option<WebUrl>,
    /// Words to find it by.
    #[serde(default)]
    #[schema(required = false)]
    pub tags: Tags,
    /// What readers may want to know before they read.
    #[serde(default)]
    #[schema(required = false)]
    pub content_warnings: ContentWarnings,
    /// Its language, by its tag (BCP 47).
    #[serde(default)]
    pub language: Option<Language>,
    /// `published` unless said.
    #[serde(default, deserialize_with = "given")]
    pub status: Option<PostStatus>,
    /// When it comes out; needed for a scheduled post, in the future and at most a year ahead.
    #[serde(default)]
    pub publish_at: Option<Timestamp>,
    /// Whether it is shown without the author's name, where the group allows that; no announcement is.
    #[serde(default)]
    #[schema(required = false)]
    pub is_anonymous: bool,
}

/// Changes to a post.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "title": "Which footwear do you recommend on the ward?" }))]
pub struct PostPatch {
    /// Its title.
    #[serde(default)]
    #[schema(value_type = Title)]
    pub title: Set<Title>,
    /// Its text, in Markdown.
    #[serde(default)]
    #[schema(value_type = PostBody)]
    pub body: Set<PostBody>,
    /// Where a resource is.
    #[serde(default)]
    #[schema(value_type = WebUrl)]
    pub link_url: Set<WebUrl>,
    /// Words to find it by.
    #[serde(default)]
    #[schema(value_type = Tags)]
    pub tags: Set<Tags>,
    /// What readers may want to know before they read.
    #[serde(default)]
    #[schema(value_type = ContentWarnings)]
    pub content_warnings: Set<ContentWarnings>,
    /// Its language, by its tag (BCP 47).
    #[serde(default)]
    #[schema(value_type = Option<Language>)]
    pub language: Patch<Language>,
    /// `published` publishes a draft now, `scheduled` later, `draft` takes a scheduled post back.
    #[serde(default)]
    #[schema(value_type = PostStatus)]
    pub status: Set<PostStatus>,
    /// When a scheduled post comes out, in the future and at most a year ahead.
    #[serde(default)]
    #[schema(value_type = Timestamp)]
    pub publish_at: Set<Timestamp>,
}

/// How to pin a post.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "until": "2027-01-31T00:00:00Z" }))]
pub struct Pinning {
    /// Until when, in the future; without end unless said.
    #[serde(default)]
    pub until: Option<Timestamp>,
}

/// Why a conversation is locked.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "reason": "All has been said." }))]
pub struct Locking {
    /// Why; kept in the audit log.
    #[serde(default)]
    pub reason: Option<Reason>,
}

/// Where to move a post.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "group_id": "019aaf5c-0000-7000-8000-000000000010", "reason": "More people know about it there." }))]
pub struct Moving {
    /// The group to move it to.
    pub group_id: GroupId,
    /// Why; kept in the audit log.
    #[serde(default)]
    pub reason: Option<Reason>,
}

/// The comment that answers a question.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "comment_id": "019aaf5c-0000-7000-8000-000000000040" }))]
pub struct AcceptedAnswer {
    /// A comment on the post.
    pub comment_id: CommentId,
}

/// Which posts to list.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PostQuery {
    /// Only posts of this kind.
    pub kind: Option<PostKind>,
    /// Where they stand: `published` unless said.
    pub status: Option<PostStatusFilter>,
    /// The order of published posts: `newest` unless said.
    pub sort: Option<PostSort>,
    /// Only posts with this tag.
    pub tag: Option<Line<1, 50>>,
    /// Only posts by this person.
    pub author_id: Option<UserId>,
    /// Only posts that stand at the top, or with `false` those that do not.
    pub pinned: Option<bool>,
    /// Only posts that nobody has commented on, or with `false` those that somebody has.
    pub unanswered: Option<bool>,
    /// Only what has changed since this time, the oldest change first, and what is gone since; without other filters.
    pub updated_since: Option<Timestamp>,
    /// How many items a page holds.
    pub limit: Option<Limit>,
    /// Where the page begins: the `next_cursor` of the page before; empty for the first.
    pub cursor: Option<String>,
}

/// Which page of former texts.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RevisionQuery {
    /// How many items a page holds.
    pub limit: Option<Limit>,
    /// Where the page begins: the `next_cursor` of the page before; empty for the first.
    pub cursor: Option<String>,
}
