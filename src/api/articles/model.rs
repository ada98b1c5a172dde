//! Articles and contributions: rows, what clients see and what they send.

use diesel::prelude::*;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{IntoParams, PartialSchema, ToSchema};

use crate::api::groups::model::Group;
use crate::api::memberships::model::Reason;
use crate::db::schema::{article_contributions, articles};
use crate::db::sql_types::JsonList;
use crate::http::changes::Gone;
use crate::http::lists;
use crate::http::markdown::to_html;
use crate::http::page::Limit;
use crate::http::patch::{Patch, Set, given};
use crate::http::text::{Line, Markdown, Slug, Tags, WebUrl};
use crate::types::{ArticleId, GroupId, Timestamp, UserId, text_enum};

text_enum! {
    /// What an article is.
    ArticleKind {
        /// What somebody thinks.
        OpinionPiece = "opinion_piece",
        /// How something went.
        CaseStudy = "case_study",
        /// What happened.
        News = "news",
        /// What is known.
        EvidenceReview = "evidence_review",
    }
}

text_enum! {
    /// Whether an article can be read.
    ArticleStatus {
        /// By those who write it, and by those who lead the groups asked to contribute.
        Draft = "draft",
        /// By the same people, until it comes out by itself.
        Scheduled = "scheduled",
        /// By everybody.
        Published = "published",
    }
}

text_enum! {
    /// The same as it is stored: what is scheduled is a draft with a date.
    StoredStatus {
        /// Not published.
        Draft = "draft",
        /// Published.
        Published = "published",
    }
}

impl From<ArticleStatus> for StoredStatus {
    fn from(status: ArticleStatus) -> Self {
        match status {
            ArticleStatus::Draft | ArticleStatus::Scheduled => Self::Draft,
            ArticleStatus::Published => Self::Published,
        }
    }
}

impl ArticleStatus {
    /// What the columns say.
    #[must_use]
    pub fn of(stored: StoredStatus, publish_at: Option<Timestamp>) -> Self {
        match (stored, publish_at) {
            (StoredStatus::Published, _) => Self::Published,
            (StoredStatus::Draft, Some(_)) => Self::Scheduled,
            (StoredStatus::Draft, None) => Self::Draft,
        }
    }
}

text_enum! {
    /// Something that a caller can do with an article.
    ArticleAction {
        /// Change its words.
        Edit = "edit",
        /// Publish it, now or later, or take it back.
        Publish = "publish",
        /// Delete it.
        Delete = "delete",
        /// Ask a group to be named in it.
        ProposeContribution = "propose_contribution",
    }
}

text_enum! {
    /// Why an article is one to read next.
    RelatedReason {
        /// The editors chose it.
        EditorsChoice = "editors_choice",
        /// A group contributed to both.
        SharedGroup = "shared_group",
        /// Both have a tag.
        SharedTag = "shared_tag",
        /// Both are of one kind.
        SameKind = "same_kind",
        /// It came out lately.
        Recent = "recent",
    }
}

text_enum! {
    /// What a group did for an article.
    ContributionRole {
        /// Wrote it.
        Wrote = "wrote",
        /// Reviewed it.
        Reviewed = "reviewed",
        /// Tested what it is about.
        Tested = "tested",
        /// Hosted the work.
        Hosted = "hosted",
        /// Contributed in another way.
        Contributed = "contributed",
    }
}

text_enum! {
    /// Whether a group agrees to be named.
    ContributionState {
        /// The group was asked.
        Proposed = "proposed",
        /// The group agrees, and is shown.
        Accepted = "accepted",
        /// The group does not agree.
        Declined = "declined",
    }
}

text_enum! {
    /// A facilitator's answer for the group.
    ContributionOutcome {
        /// The group agrees to be named.
        Accept = "accept",
        /// It does not, or not any more.
        Decline = "decline",
    }
}

/// An article's title.
pub type Title = Line<1, 200>;
/// One or two sentences under the title.
pub type Standfirst = Line<0, 500>;
/// An article's text.
pub type ArticleBody = Markdown<0, 200_000>;
/// A name or a job title.
pub type BylinePart = Line<1, 120>;
/// What a picture shows, for who does not see it.
pub type CoverAlt = Line<1, 300>;

/// The most groups that are asked to be named by one article.
pub const CONTRIBUTIONS: usize = 100;

/// Words read in a minute.
const WORDS_A_MINUTE: usize = 200;

/// How long an article takes to read, in minutes, rounded up.
#[must_use]
pub fn reading_minutes(body: &str) -> i32 {
    i32::try_from(body.split_whitespace().count().div_ceil(WORDS_A_MINUTE)).unwrap_or(i32::MAX)
}

/// A link from an article.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// The words to click.
    #[schema(value_type = LinkLabel)]
    pub label: String,
    /// Where they lead.
    pub url: WebUrl,
}

/// The words of a link.
pub type LinkLabel = Line<1, 200>;

/// Up to 20 links.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Links(pub Vec<Link>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CheckedLink {
    label: LinkLabel,
    url: WebUrl,
}

impl<'de> Deserialize<'de> for Links {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let links = Vec::<CheckedLink>::deserialize(deserializer)?;
        if links.len() > 20 {
            return Err(serde::de::Error::custom("too_many: at most 20 links"));
        }
        let link = |checked: CheckedLink| Link { label: checked.label.into_string(), url: checked.url };
        Ok(Self(links.into_iter().map(link).collect()))
    }
}

impl PartialSchema for Links {
    fn schema() -> RefOr<Schema> {
        let link = utoipa::openapi::Ref::from_schema_name("Link");
        utoipa::openapi::ArrayBuilder::new().items(link).max_items(Some(20)).into()
    }
}

impl ToSchema for Links {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push(("Link".to_owned(), Link::schema()));
    }
}

/// Up to 10 different articles, by id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RelatedIds(pub Vec<ArticleId>);

impl<'de> Deserialize<'de> for RelatedIds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        lists::distinct(deserializer, 0..=10, "articles").map(Self)
    }
}

impl PartialSchema for RelatedIds {
    fn schema() -> RefOr<Schema> {
        utoipa::openapi::ArrayBuilder::new().items(ArticleId::schema()).max_items(Some(10)).into()
    }
}

impl ToSchema for RelatedIds {}

/// Up to 10 different people, by id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuthorIds(pub Vec<UserId>);

impl<'de> Deserialize<'de> for AuthorIds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        lists::distinct(deserializer, 0..=10, "people").map(Self)
    }
}

impl PartialSchema for AuthorIds {
    fn schema() -> RefOr<Schema> {
        utoipa::openapi::ArrayBuilder::new().items(UserId::schema()).max_items(Some(10)).into()
    }
}

impl ToSchema for AuthorIds {}

/// A row of `articles`.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = articles)]
pub struct ArticleRow {
    /// Its id.
    pub id: ArticleId,
    /// Its name in URLs.
    pub slug: String,
    /// What it is.
    pub kind: ArticleKind,
    /// Its title.
    pub title: String,
    /// One or two sentences under the title.
    pub standfirst: String,
    /// Its text.
    pub body: String,
    /// The same as HTML; null in rows from before it was kept.
    pub body_html: Option<String>,
    /// Who wrote it.
    pub byline_name: Option<String>,
    /// What that person does.
    pub byline_job_title: Option<String>,
    /// Links from it.
    pub links: JsonList<Link>,
    /// Words to find it by.
    pub tags: JsonList<String>,
    /// Where its picture is.
    pub cover_url: Option<String>,
    /// What that shows.
    pub cover_alt: Option<String>,
    /// How long it takes to read.
    pub reading_minutes: i32,
    /// Whether it is published.
    pub status: StoredStatus,
    /// When it is to come out.
    pub publish_at: Option<Timestamp>,
    /// When it was published, where that is known.
    pub published_at: Option<Timestamp>,
    /// Who made it.
    pub created_by: UserId,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl ArticleRow {
    /// Whether it can be read.
    #[must_use]
    pub fn article_status(&self) -> ArticleStatus {
        ArticleStatus::of(self.status, self.publish_at)
    }
}

/// What lists and «related» show of an article, as read.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = articles)]
pub struct CardRow {
    /// Its id.
    pub id: ArticleId,
    /// Its name in URLs.
    pub slug: String,
    /// What it is.
    pub kind: ArticleKind,
    /// Its title.
    pub title: String,
    /// One or two sentences under the title.
    pub standfirst: String,
    /// Words to find it by.
    pub tags: JsonList<String>,
    /// Where its picture is.
    pub cover_url: Option<String>,
    /// What that shows.
    pub cover_alt: Option<String>,
    /// How long it takes to read.
    pub reading_minutes: i32,
    /// Whether it is published.
    pub status: StoredStatus,
    /// When it is to come out.
    pub publish_at: Option<Timestamp>,
    /// When it was published, where that is known.
    pub published_at: Option<Timestamp>,
}

/// What lists and «related» show of an article.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ArticleCard {
    /// Its id.
    pub id: ArticleId,
    /// Its name in URLs.
    pub slug: String,
    /// What it is.
    pub kind: ArticleKind,
    /// Its title.
    pub title: String,
    /// One or two sentences under the title.
    pub standfirst: String,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// Where its picture is; null where it has none.
    pub cover_url: Option<String>,
    /// What the picture shows, for who does not see it; null where there is none.
    pub cover_alt: Option<String>,
    /// How long it takes to read, in minutes.
    pub reading_minutes: i32,
    /// Whether it can be read.
    pub status: ArticleStatus,
    /// When a scheduled article comes out; null for others.
    pub publish_at: Option<Timestamp>,
    /// When it was published; null before, and where the date is not known.
    pub published_at: Option<Timestamp>,
}

impl From<CardRow> for ArticleCard {
    fn from(row: CardRow) -> Self {
        Self {
            id: row.id,
            slug: row.slug,
            kind: row.kind,
            title: row.title,
            standfirst: row.standfirst,
            tags: row.tags.0,
            cover_url: row.cover_url,
            cover_alt: row.cover_alt,
            reading_minutes: row.reading_minutes,
            status: ArticleStatus::of(row.status, row.publish_at),
            publish_at: row.publish_at,
            published_at: row.published_at,
        }
    }
}

/// An article to read next, and why.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RelatedArticle {
    /// The article.
    #[serde(flatten)]
    pub article: ArticleCard,
    /// Why it is one to read next.
    pub reason: RelatedReason,
}

/// An article that a group contributed to, and how.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct GroupArticle {
    /// The article.
    #[serde(flatten)]
    pub article: ArticleCard,
    /// What the group did for it.
    pub role: ContributionRole,
}

impl From<(CardRow, ContributionRole)> for GroupArticle {
    fn from((row, role): (CardRow, ContributionRole)) -> Self {
        Self { article: row.into(), role }
    }
}

/// One page of the articles that a group contributed to.
#[derive(Debug, Serialize, ToSchema)]
pub struct GroupArticlePage {
    /// The articles, the latest publication first, unknown dates last.
    pub items: Vec<GroupArticle>,
    /// The cursor of the next page; null on the last.
    pub next_cursor: Option<String>,
}

/// A row of `article_contributions`.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = article_contributions)]
pub struct ContributionRow {
    /// The article.
    pub article_id: ArticleId,
    /// The group.
    pub group_id: GroupId,
    /// What the group did.
    pub role: ContributionRole,
    /// Whether the group agrees.
    pub state: ContributionState,
    /// Its place among the groups, from 0.
    pub position: i32,
    /// Who proposed it.
    pub proposed_by: UserId,
    /// Who answered for the group.
    pub decided_by: Option<UserId>,
    /// When.
    pub decided_at: Option<Timestamp>,
    /// Why.
    pub decision_reason: Option<String>,
    /// When it was proposed.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// Who wrote an article.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Byline {
    /// The author's name; null where it is not given.
    pub name: Option<String>,
    /// What the author does; null where it is not given.
    pub job_title: Option<String>,
}

/// A group that contributed to an article, and how.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ContributingGroup {
    /// The group.
    #[serde(flatten)]
    pub group: Group,
    /// What it did for the article.
    pub role: ContributionRole,
}

/// What the caller is to an article.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ArticleViewer {
    /// Everything that the caller can do; the list may grow.
    pub can: Vec<ArticleAction>,
}

/// An article with all that its page shows.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Article {
    /// Its id.
    pub id: ArticleId,
    /// Its name in URLs.
    pub slug: String,
    /// What it is.
    pub kind: ArticleKind,
    /// Its title.
    pub title: String,
    /// One or two sentences under the title.
    pub standfirst: String,
    /// Its text, in Markdown.
    pub body: String,
    /// The same as HTML that is safe to put into a page.
    pub body_html: String,
    /// Who wrote it, as its readers are told.
    pub byline: Byline,
    /// The people who write it with the editors; nobody for who may not change it.
    pub author_ids: Vec<UserId>,
    /// Links from it.
    pub links: Vec<Link>,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// Where its picture is; null where it has none.
    pub cover_url: Option<String>,
    /// What the picture shows, for who does not see it; null where there is none.
    pub cover_alt: Option<String>,
    /// How long it takes to read, in minutes: words / 200, rounded up.
    pub reading_minutes: i32,
    /// Whether it can be read.
    pub status: ArticleStatus,
    /// When a scheduled article comes out; null for others.
    pub publish_at: Option<Timestamp>,
    /// When it was published; null before, and where the date is not known.
    pub published_at: Option<Timestamp>,
    /// The groups that agreed to be named, in the editors' order.
    pub contributing_groups: Vec<ContributingGroup>,
    /// What to read next: what the editors chose, in their order, then up to five in all that have something in common
    /// with it.
    pub related: Vec<RelatedArticle>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// What the caller is to it.
    pub viewer: ArticleViewer,
}

/// What an article's page shows besides what is in its row.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// The people who write it with the editors, where the caller is told.
    pub author_ids: Vec<UserId>,
    /// The groups that agreed to be named and that the caller may know of.
    pub contributing_groups: Vec<ContributingGroup>,
    /// What to read next.
    pub related: Vec<RelatedArticle>,
    /// What the caller can do with it.
    pub can: Vec<ArticleAction>,
}

impl Article {
    /// What clients see.
    #[must_use]
    pub fn new(row: ArticleRow, around: Surroundings) -> Self {
        let status = row.article_status();
        Self {
            id: row.id,
            slug: row.slug,
            kind: row.kind,
            title: row.title,
            standfirst: row.standfirst,
            body_html: row.body_html.unwrap_or_else(|| to_html(&row.body)),
            body: row.body,
            byline: Byline { name: row.byline_name, job_title: row.byline_job_title },
            author_ids: around.author_ids,
            links: row.links.0,
            tags: row.tags.0,
            cover_url: row.cover_url,
            cover_alt: row.cover_alt,
            reading_minutes: row.reading_minutes,
            status,
            publish_at: row.publish_at,
            published_at: row.published_at,
            contributing_groups: around.contributing_groups,
            related: around.related,
            created_at: row.created_at,
            updated_at: row.updated_at,
            viewer: ArticleViewer { can: around.can },
        }
    }
}

/// One page of articles.
#[derive(Debug, Serialize, ToSchema)]
pub struct ArticlePage {
    /// The articles, the latest publication first, unknown dates last.
    pub items: Vec<ArticleCard>,
    /// With `updated_since`, what is gone since; none without.
    pub deleted: Vec<Gone>,
    /// The cursor of the next page; null on the last.
    pub next_cursor: Option<String>,
}

/// A group's part in an article, for editors and the group's facilitators.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Contribution {
    /// The article.
    pub article: ArticleCard,
    /// The group.
    pub group: ContributorName,
    /// What the group did.
    pub role: ContributionRole,
    /// Whether the group agrees to be named.
    pub state: ContributionState,
    /// Why the group answered as it did, for editors and those who lead the group; null for others and where it gave no
    /// reason.
    pub decision_reason: Option<String>,
    /// When the group answered; null before.
    pub decided_at: Option<Timestamp>,
    /// When the group was asked.
    pub created_at: Timestamp,
}

/// A group, by name.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ContributorName {
    /// Its id.
    pub id: GroupId,
    /// Its name in URLs.
    pub slug: String,
    /// Its name.
    pub name: String,
}

/// A contribution, its article and its group's names, as read.
#[derive(Debug, Clone, Queryable)]
pub struct ContributionFound {
    /// The contribution.
    pub row: ContributionRow,
    /// The article.
    pub article: CardRow,
    /// The group's slug.
    pub group_slug: String,
    /// The group's name.
    pub group_name: String,
}

impl From<ContributionFound> for Contribution {
    fn from(found: ContributionFound) -> Self {
        Self {
            article: found.article.into(),
            group: ContributorName { id: found.row.group_id, slug: found.group_slug, name: found.group_name },
            role: found.row.role,
            state: found.row.state,
            decision_reason: found.row.decision_reason,
            decided_at: found.row.decided_at,
            created_at: found.row.created_at,
        }
    }
}

/// Contributions.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContributionPage {
    /// The contributions.
    pub items: Vec<Contribution>,
    /// The cursor of the next page; null on the last.
    pub next_cursor: Option<String>,
}

/// An article to create.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "kind": "case_study", "title": "Falls halved in a year", "standfirst": "What three wards changed, and what it cost.", "body": "It began with a *question* on the ward round.", "byline_name": "Ann Lee", "byline_job_title": "Ward manager", "tags": ["falls"], "links": [{ "label": "The evaluation", "url": "https://example.org/evaluation" }], "status": "draft" }))]
pub struct NewArticle {
    /// What it is.
    pub kind: ArticleKind,
    /// Its title.
    pub title: Title,
    /// Its name in URLs; made from the title unless given.
    #[serde(default)]
    pub slug: Option<Slug>,
    /// One or two sentences under the title.
    #[serde(default)]
    #[schema(required = false)]
    pub standfirst: Standfirst,
    /// Its text, in Markdown.
    #[serde(default)]
    #[schema(required = false)]
    pub body: ArticleBody,
    /// Who wrote it.
    #[serde(default)]
    pub byline_name: Option<BylinePart>,
    /// What that person does.
    #[serde(default)]
    pub byline_job_title: Option<BylinePart>,
    /// The people who write it with the editors: they read it before it is published, and change its words.
    #[serde(default)]
    #[schema(required = false)]
    pub author_ids: AuthorIds,
    /// Links from it.
    #[serde(default)]
    #[schema(required = false)]
    pub links: Links,
    /// Words to find it by.
    #[serde(default)]
    #[schema(required = false)]
    pub tags: Tags,
    /// Where its picture is.
    #[serde(default)]
    pub cover_url: Option<WebUrl>,
    /// What the picture shows, for who does not see it; needed with one.
    #[serde(default)]
    pub cover_alt: Option<CoverAlt>,
    /// What to read next.
    #[serde(default)]
    #[schema(required = false)]
    pub related_ids: RelatedIds,
    /// `draft` unless said.
    #[serde(default, deserialize_with = "given")]
    pub status: Option<ArticleStatus>,
    /// When it comes out; needed for a scheduled article, in the future and at most a year ahead.
    #[serde(default)]
    #[schema(value_type = Option<Timestamp>)]
    pub publish_at: Patch<Timestamp>,
    /// When it was published: now unless said, null where that is not known, never in the future.
    #[serde(default)]
    #[schema(value_type = Option<Timestamp>)]
    pub published_at: Patch<Timestamp>,
}

/// Changes to an article.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "title": "Falls halved within a year", "status": "published" }))]
pub struct ArticlePatch {
    /// What it is. For editors.
    #[serde(default)]
    #[schema(value_type = ArticleKind)]
    pub kind: Set<ArticleKind>,
    /// Its title.
    #[serde(default)]
    #[schema(value_type = Title)]
    pub title: Set<Title>,
    /// Its name in URLs; the one before leads to it. For editors.
    #[serde(default)]
    #[schema(value_type = Slug)]
    pub slug: Set<Slug>,
    /// One or two sentences under the title.
    #[serde(default)]
    #[schema(value_type = Standfirst)]
    pub standfirst: Set<Standfirst>,
    /// Its text, in Markdown.
    #[serde(default)]
    #[schema(value_type = ArticleBody)]
    pub body: Set<ArticleBody>,
    /// Who wrote it.
    #[serde(default)]
    #[schema(value_type = Option<BylinePart>)]
    pub byline_name: Patch<BylinePart>,
    /// What that person does.
    #[serde(default)]
    #[schema(value_type = Option<BylinePart>)]
    pub byline_job_title: Patch<BylinePart>,
    /// The people who write it with the editors. For editors.
    #[serde(default)]
    #[schema(value_type = AuthorIds)]
    pub author_ids: Set<AuthorIds>,
    /// Links from it.
    #[serde(default)]
    #[schema(value_type = Links)]
    pub links: Set<Links>,
    /// Words to find it by.
    #[serde(default)]
    #[schema(value_type = Tags)]
    pub tags: Set<Tags>,
    /// Where its picture is; null, together with what it shows, takes it away.
    #[serde(default)]
    #[schema(value_type = Option<WebUrl>)]
    pub cover_url: Patch<WebUrl>,
    /// What the picture shows, for who does not see it; needed with one.
    #[serde(default)]
    #[schema(value_type = Option<CoverAlt>)]
    pub cover_alt: Patch<CoverAlt>,
    /// What to read next. For editors.
    #[serde(default)]
    #[schema(value_type = RelatedIds)]
    pub related_ids: Set<RelatedIds>,
    /// `published` publishes it, now unless `published_at` says otherwise; `scheduled` later; `draft` takes it back.
    /// For editors.
    #[serde(default)]
    #[schema(value_type = ArticleStatus)]
    pub status: Set<ArticleStatus>,
    /// When a scheduled article comes out, in the future and at most a year ahead. For editors.
    #[serde(default)]
    #[schema(value_type = Option<Timestamp>)]
    pub publish_at: Patch<Timestamp>,
    /// When it was published; null where that is not known, never in the future. For editors.
    #[serde(default)]
    #[schema(value_type = Option<Timestamp>)]
    pub published_at: Patch<Timestamp>,
}

/// A group to ask.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "group_id": "019aaf5c-0000-7000-8000-000000000010", "role": "tested" }))]
pub struct NewContribution {
    /// The group.
    pub group_id: GroupId,
    /// What it did.
    pub role: ContributionRole,
}

/// A group's answer.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "outcome": "accept" }))]
pub struct ContributionDecision {
    /// Accept or decline.
    pub outcome: ContributionOutcome,
    /// Why; the editors read it.
    #[serde(default)]
    pub reason: Option<Reason>,
}

/// Which articles to list.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ArticleQuery {
    /// Only articles of this kind.
    pub kind: Option<ArticleKind>,
    /// `published` unless said; what is not published is for editors.
    pub status: Option<ArticleStatus>,
    /// Only articles with this tag.
    pub tag: Option<Line<1, 50>>,
    /// Only articles that this group contributed to.
    pub group_id: Option<GroupId>,
    /// Only what has changed since this time, the oldest change first, and what is gone since; without other filters.
    pub updated_since: Option<Timestamp>,
    /// How many items a page holds.
    pub limit: Option<Limit>,
    /// Where the page begins: the `next_cursor` of the page before; empty for the first.
    pub cursor: Option<String>,
}

/// Which page of a group's articles.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct GroupArticleQuery {
    /// How many items a page holds.
    pub limit: Option<Limit>,
    /// Where the page begins: the `next_cursor` of the page before; empty for the first.
    pub cursor: Option<String>,
}

/// Which of a group's contributions to list.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ContributionQuery {
    /// Only contributions in this state.
    pub state: Option<ContributionState>,
    /// How many items a page holds.
    pub limit: Option<Limit>,
    /// Where the page begins: the `next_cursor` of the page before; empty for the first.
    pub cursor: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_hundred_words_are_a_minute_and_one_more_begins_another() {
        assert_eq!(reading_minutes(""), 0);
        assert_eq!(reading_minutes("one"), 1);
        assert_eq!(reading_minutes(&"word ".repeat(200)), 1);
        assert_eq!(reading_minutes(&"word ".repeat(201)), 2);
    }

    #[test]
    fn a_draft_with_a_date_is_scheduled() {
        let at = Some(Timestamp::from_micros(1_700_000_000_000_000));
        for (stored, publish_at, status) in [
            (StoredStatus::Draft, None, ArticleStatus::Draft),
            (StoredStatus::Draft, at, ArticleStatus::Scheduled),
            (StoredStatus::Published, None, ArticleStatus::Published),
        ] {
            assert_eq!(ArticleStatus::of(stored, publish_at), status);
            assert_eq!(StoredStatus::from(status), stored);
        }
    }
}
