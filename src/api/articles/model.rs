//! Articles and contributions: rows, what clients see and what they send.

use actix_web::http::Uri;
use diesel::prelude::*;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::openapi::schema::{ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{IntoParams, PartialSchema, ToSchema};

use crate::api::groups::model::Group;
use crate::api::memberships::model::Reason;
use crate::db::schema::{article_contributions, articles};
use crate::db::sql_types::JsonList;
use crate::http::page::Limit;
use crate::http::patch::{Patch, Set};
use crate::http::text::{Line, Markdown, Slug};
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
        /// By editors, and by the groups asked to contribute.
        Draft = "draft",
        /// By everybody.
        Published = "published",
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

/// Words read in a minute.
const WORDS_A_MINUTE: usize = 200;

/// How long an article takes to read, in minutes, rounded up.
#[must_use]
pub fn reading_minutes(body: &str) -> i32 {
    i32::try_from(body.split_whitespace().count().div_ceil(WORDS_A_MINUTE)).unwrap_or(i32::MAX)
}

/// An absolute `http` or `https` URL of up to 2,000 characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct WebUrl(String);

impl<'de> Deserialize<'de> for WebUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let is_web = |uri: &Uri| matches!(uri.scheme_str(), Some("http" | "https")) && uri.authority().is_some();
        if text.len() <= 2000 && text.parse::<Uri>().is_ok_and(|uri| is_web(&uri)) {
            Ok(Self(text))
        } else {
            Err(serde::de::Error::custom("bad_url: must be an absolute http or https URL of up to 2,000 characters"))
        }
    }
}

impl PartialSchema for WebUrl {
    fn schema() -> RefOr<Schema> {
        let text = ObjectBuilder::new().schema_type(Type::String).max_length(Some(2000));
        text.format(Some(SchemaFormat::Custom("uri".to_owned()))).into()
    }
}

impl ToSchema for WebUrl {}

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
        let mut ids: Vec<ArticleId> = Vec::new();
        for id in Vec::<ArticleId>::deserialize(deserializer)? {
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        if ids.len() > 10 { Err(serde::de::Error::custom("too_many: at most 10 articles")) } else { Ok(Self(ids)) }
    }
}

impl PartialSchema for RelatedIds {
    fn schema() -> RefOr<Schema> {
        utoipa::openapi::ArrayBuilder::new().items(ArticleId::schema()).max_items(Some(10)).into()
    }
}

impl ToSchema for RelatedIds {}

/// A row of `articles`.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
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
    /// Who wrote it.
    pub byline_name: Option<String>,
    /// What that person does.
    pub byline_job_title: Option<String>,
    /// Links from it.
    pub links: JsonList<Link>,
    /// How long it takes to read.
    pub reading_minutes: i32,
    /// Whether it can be read.
    pub status: ArticleStatus,
    /// When it was published, where that is known.
    pub published_at: Option<Timestamp>,
    /// Who made it.
    pub created_by: UserId,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// What lists and «related» show of an article, as read.
#[derive(Debug, Clone, Queryable, Selectable, Serialize, ToSchema)]
#[diesel(table_name = articles)]
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
    /// How long it takes to read, in minutes.
    pub reading_minutes: i32,
    /// Whether it can be read.
    pub status: ArticleStatus,
    /// When it was published; null in a draft, and where the date is not known.
    pub published_at: Option<Timestamp>,
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
    /// Who wrote it.
    pub byline: Byline,
    /// Links from it.
    pub links: Vec<Link>,
    /// How long it takes to read, in minutes: words / 200, rounded up.
    pub reading_minutes: i32,
    /// Whether it can be read.
    pub status: ArticleStatus,
    /// When it was published; null in a draft, and where the date is not known.
    pub published_at: Option<Timestamp>,
    /// The groups that agreed to be named, in the editors' order.
    pub contributing_groups: Vec<ContributingGroup>,
    /// What to read next, in the editors' order.
    pub related: Vec<ArticleCard>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Article {
    /// What clients see.
    #[must_use]
    pub fn new(row: ArticleRow, contributing_groups: Vec<ContributingGroup>, related: Vec<ArticleCard>) -> Self {
        Self {
            id: row.id,
            slug: row.slug,
            kind: row.kind,
            title: row.title,
            standfirst: row.standfirst,
            body: row.body,
            byline: Byline { name: row.byline_name, job_title: row.byline_job_title },
            links: row.links.0,
            reading_minutes: row.reading_minutes,
            status: row.status,
            published_at: row.published_at,
            contributing_groups,
            related,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// One page of articles.
#[derive(Debug, Serialize, ToSchema)]
pub struct ArticlePage {
    /// The articles, the latest publication first, unknown dates last.
    pub items: Vec<ArticleCard>,
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
    pub article: ArticleCard,
    /// The group's slug.
    pub group_slug: String,
    /// The group's name.
    pub group_name: String,
}

impl From<ContributionFound> for Contribution {
    fn from(found: ContributionFound) -> Self {
        Self {
            article: found.article,
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
    /// Links from it.
    #[serde(default)]
    #[schema(required = false)]
    pub links: Links,
    /// What to read next.
    #[serde(default)]
    #[schema(required = false)]
    pub related_ids: RelatedIds,
    /// `draft` unless said.
    #[serde(default)]
    pub status: Option<ArticleStatus>,
    /// When it was published: now unless said, null where that is not known, never in the future.
    #[serde(default)]
    #[schema(value_type = Option<Timestamp>)]
    pub published_at: Patch<Timestamp>,
}

/// Changes to an article.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ArticlePatch {
    /// What it is.
    #[serde(default)]
    #[schema(value_type = ArticleKind)]
    pub kind: Set<ArticleKind>,
    /// Its title.
    #[serde(default)]
    #[schema(value_type = Title)]
    pub title: Set<Title>,
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
    /// Links from it.
    #[serde(default)]
    #[schema(value_type = Links)]
    pub links: Set<Links>,
    /// What to read next.
    #[serde(default)]
    #[schema(value_type = RelatedIds)]
    pub related_ids: Set<RelatedIds>,
    /// `published` publishes it, now unless `published_at` says otherwise; `draft` takes it back.
    #[serde(default)]
    #[schema(value_type = ArticleStatus)]
    pub status: Set<ArticleStatus>,
    /// When it was published; null where that is not known, never in the future.
    #[serde(default)]
    #[schema(value_type = Option<Timestamp>)]
    pub published_at: Patch<Timestamp>,
}

/// A group to ask.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewContribution {
    /// The group.
    pub group_id: GroupId,
    /// What it did.
    pub role: ContributionRole,
}

/// A group's answer.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
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
    /// `published` unless said; drafts are for editors.
    pub status: Option<ArticleStatus>,
    /// How many items a page holds.
    pub limit: Option<Limit>,
    /// Where the page begins: the `next_cursor` of the page before.
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
    /// Where the page begins: the `next_cursor` of the page before.
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
}
