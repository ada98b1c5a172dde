//! Groups: rows, what clients see and what they send.

use diesel::prelude::*;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{IntoParams, PartialSchema, ToSchema};

use crate::api::memberships::model::{
    Action, GroupStatus, Held, InvitePolicy, JoinPolicy, JoinQuestion, MemberListVisibility, Openness, PostPolicy,
    ReviewPolicy, Role, ViewerRole, ViewerState, Visibility,
};
use crate::api::settings::model::Days;
use crate::api::users::model::Email;
use crate::db::schema::{group_rules, groups};
use crate::db::sql_types::JsonList;
use crate::http::changes::Gone;
use crate::http::lists;
use crate::http::page::Limit;
use crate::http::patch::{Patch, Set, given};
use crate::http::text::{Line, Markdown, Slug, Tags};
use crate::types::{GroupId, GroupTypeId, Timestamp, text_enum};

text_enum! {
    /// How a list of groups is sorted.
    GroupSort {
        /// Who was active last comes first, who never was last.
        Active = "active",
        /// The newest first.
        Newest = "newest",
        /// By name.
        Name = "name",
        /// The most members first, where the number is shown.
        Members = "members",
    }
}

text_enum! {
    /// How a list of kinds is meant.
    TypeMatch {
        /// Groups with at least one of them.
        Any = "any",
        /// Groups with all of them.
        All = "all",
    }
}

text_enum! {
    /// Which groups to list.
    GroupStatusFilter {
        /// Those in use.
        Active = "active",
        /// Those that are read-only.
        Archived = "archived",
        /// Both.
        All = "all",
    }
}

/// A group's name.
pub type GroupName = Line<2, 120>;
/// One line about a group.
pub type Summary = Line<0, 300>;
/// What a group is for.
pub type Purpose = Markdown<0, 2000>;
/// All about a group.
pub type Description = Markdown<0, 20_000>;
/// What a group wants to learn.
pub type LearningQuestion = Line<1, 500>;
/// What a group tells those who come in.
pub type WelcomeMessage = Markdown<0, 5000>;
/// What members of a group agree to.
pub type Rules = Markdown<1, 20_000>;
/// What a group that closes has learned.
pub type LessonsLearned = Markdown<1, 20_000>;
/// The id of the same thing in another system.
pub type ExternalId = Line<1, 200>;

/// What a group asks those who want to join: up to five different questions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JoinQuestions(pub Vec<JoinQuestion>);

impl<'de> Deserialize<'de> for JoinQuestions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Question {
            text: Line<1, 300>,
            is_required: bool,
        }
        let mut questions: Vec<JoinQuestion> = Vec::new();
        for Question { text, is_required } in Vec::<Question>::deserialize(deserializer)? {
            if questions.iter().any(|known| known.text == text.as_str()) {
                return Err(serde::de::Error::custom("duplicate: a question is asked twice"));
            }
            questions.push(JoinQuestion { text: text.into_string(), is_required });
        }
        let is_too_many = questions.len() > 5;
        if is_too_many { Err(serde::de::Error::custom("too_many: at most 5 questions")) } else { Ok(Self(questions)) }
    }
}

impl PartialSchema for JoinQuestions {
    fn schema() -> RefOr<Schema> {
        let question = utoipa::openapi::Ref::from_schema_name("JoinQuestion");
        utoipa::openapi::ArrayBuilder::new().items(question).max_items(Some(5)).into()
    }
}

impl ToSchema for JoinQuestions {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((JoinQuestion::name().into_owned(), JoinQuestion::schema()));
    }
}

/// Up to 20 different domains of e-mail addresses, in lower case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Domains(pub Vec<String>);

impl<'de> Deserialize<'de> for Domains {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut domains: Vec<String> = Vec::new();
        for text in Vec::<String>::deserialize(deserializer)? {
            let address = Email::parse(&format!("somebody@{}", text.trim()));
            let address = address.map_err(|_| serde::de::Error::custom("bad_domain: must be like example.org"))?;
            let domain = address.as_str().trim_start_matches("somebody@").to_owned();
            if !domains.contains(&domain) {
                domains.push(domain);
            }
        }
        let is_too_many = domains.len() > 20;
        if is_too_many { Err(serde::de::Error::custom("too_many: at most 20 domains")) } else { Ok(Self(domains)) }
    }
}

impl PartialSchema for Domains {
    fn schema() -> RefOr<Schema> {
        let domain = ObjectBuilder::new().schema_type(Type::String).min_length(Some(4)).max_length(Some(245));
        utoipa::openapi::ArrayBuilder::new().items(domain).max_items(Some(20)).into()
    }
}

impl ToSchema for Domains {}

/// One to five different kinds of group, by id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeIds(pub Vec<GroupTypeId>);

impl<'de> Deserialize<'de> for TypeIds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        lists::distinct(deserializer, 1..=5, "types").map(Self)
    }
}

impl PartialSchema for TypeIds {
    fn schema() -> RefOr<Schema> {
        let ids = utoipa::openapi::ArrayBuilder::new().items(GroupTypeId::schema());
        ids.min_items(Some(1)).max_items(Some(5)).into()
    }
}

impl ToSchema for TypeIds {}

/// Up to 100 ids of groups, separated by commas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupIds(pub Vec<GroupId>);

impl<'de> Deserialize<'de> for GroupIds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let ids: Result<Vec<GroupId>, _> = text.split(',').map(str::parse).collect();
        let ids = ids.ok().filter(|ids| ids.len() <= 100);
        ids.map(Self).ok_or_else(|| {
            serde::de::Error::custom("ids: must be 1 to 100 UUIDs of 36 characters, separated by commas")
        })
    }
}

impl PartialSchema for GroupIds {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(Type::String).max_length(Some(3699)).into()
    }
}

impl ToSchema for GroupIds {}

/// Up to 10 slugs of kinds of group, separated by commas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeSlugs(pub Vec<String>);

impl<'de> Deserialize<'de> for TypeSlugs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let slugs: Result<Vec<String>, _> =
            text.split(',').map(|slug| Slug::parse(slug).map(Slug::into_string)).collect();
        let slugs = slugs.ok().filter(|slugs| slugs.len() <= 10);
        slugs.map(Self).ok_or_else(|| serde::de::Error::custom("type: must be 1 to 10 slugs, separated by commas"))
    }
}

impl PartialSchema for TypeSlugs {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(Type::String).max_length(Some(1009)).into()
    }
}

impl ToSchema for TypeSlugs {}

/// A row of `groups`.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = groups)]
pub struct GroupRow {
    /// Its id.
    pub id: GroupId,
    /// Its name in URLs.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// One line about it.
    pub summary: String,
    /// All about it.
    pub description: String,
    /// That as HTML; `None` where it was written before there was any.
    pub description_html: Option<String>,
    /// What it is for.
    pub purpose: String,
    /// That as HTML, like the description's.
    pub purpose_html: Option<String>,
    /// What it wants to learn.
    pub learning_question: Option<String>,
    /// Its tags.
    pub tags: JsonList<String>,
    /// Its id in another system.
    pub external_id: Option<String>,
    /// What it tells those who come in.
    pub welcome_message: String,
    /// What it asks those who want to join.
    pub join_questions: JsonList<JoinQuestion>,
    /// For how many days somebody who was declined cannot ask again.
    pub request_cooldown_days: i32,
    /// What its members agree to.
    pub rules: Option<String>,
    /// The group that it is within.
    pub parent_id: Option<GroupId>,
    /// Whose verified addresses make members by themselves.
    pub auto_join_domains: JsonList<String>,
    /// When it closes, or closed, by itself.
    pub closes_at: Option<Timestamp>,
    /// What it has learned.
    pub lessons_learned: Option<String>,
    /// The group that carries on its work.
    pub successor_id: Option<GroupId>,
    /// Whether everybody sees how many members it has.
    pub show_member_count: bool,
    /// How many members it has.
    pub member_count: i32,
    /// When it was last active.
    pub last_active_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its settings were last changed.
    pub updated_at: Timestamp,
    /// The name, folded for sorting.
    pub name_order: String,
    /// The number of members for sorting: -1 where it is withheld.
    pub members_order: i32,
    /// The settings that decide who may do what.
    #[diesel(embed)]
    pub openness: Openness,
}

/// A group and what the caller is to it, as read.
#[derive(Debug, Clone, Queryable)]
pub struct Found {
    /// The group.
    pub group: GroupRow,
    /// The caller's membership.
    pub membership: Option<Held>,
}

/// A kind of group, as groups name it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct GroupTypeName {
    /// Its id.
    pub id: GroupTypeId,
    /// Its name in URLs.
    pub slug: String,
    /// Its name.
    pub name: String,
}

/// What the caller is to a group.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct GroupViewer {
    /// The caller's role.
    pub role: ViewerRole,
    /// Where the caller stands.
    pub state: ViewerState,
    /// Everything that the caller can do; the list may grow.
    pub can: Vec<Action>,
}

/// A group.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Group {
    /// Its id.
    pub id: GroupId,
    /// Its name in URLs.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// One line about it.
    pub summary: String,
    /// All about it, in Markdown.
    pub description: String,
    /// The same as HTML that is safe to put into a page.
    pub description_html: String,
    /// What it is for, in Markdown.
    pub purpose: String,
    /// The same as HTML that is safe to put into a page.
    pub purpose_html: String,
    /// What it wants to learn; null where it has not said.
    pub learning_question: Option<String>,
    /// Its kinds, the main one first.
    pub types: Vec<GroupTypeName>,
    /// Its tags.
    pub tags: Vec<String>,
    /// Who sees what of it.
    pub visibility: Visibility,
    /// How one becomes a member.
    pub join_policy: JoinPolicy,
    /// Who begins conversations.
    pub post_policy: PostPolicy,
    /// Who reads the list of members.
    pub member_list_visibility: MemberListVisibility,
    /// Who invites people.
    pub invite_policy: InvitePolicy,
    /// Whose posts and comments are read by those who moderate before they come out.
    pub review_policy: ReviewPolicy,
    /// Whether members may write without their name.
    pub allow_anonymous: bool,
    /// What it asks those who want to join.
    pub join_questions: Vec<JoinQuestion>,
    /// For how many days somebody who was declined cannot ask again.
    pub request_cooldown_days: i32,
    /// What its members agree to, in Markdown; null where it has no rules.
    pub rules: Option<String>,
    /// The version of its rules; null where it has none.
    pub rules_version: Option<i32>,
    /// What it tells those who come in, in Markdown; null for who is neither in it nor an
    /// administrator.
    pub welcome_message: Option<String>,
    /// The domains of e-mail addresses, verified by an administrator, whose people become members by themselves; null for
    /// who is neither an owner nor an administrator.
    pub auto_join_domains: Option<Vec<String>>,
    /// The group that it is within; null for none, and where the caller may not know of that group.
    pub parent_id: Option<GroupId>,
    /// When it closes by itself, or did: from then on it is archived. Null for never.
    pub closes_at: Option<Timestamp>,
    /// What it leaves to others to learn from, in Markdown; null where it has not said.
    pub lessons_learned: Option<String>,
    /// The group that carries on its work; null for none, and where the caller may not know of that group.
    pub successor_id: Option<GroupId>,
    /// Whether everybody sees how many members it has.
    pub show_member_count: bool,
    /// Whether it is in use.
    pub status: GroupStatus,
    /// How many active members it has; null where the caller may not know.
    pub member_count: Option<i32>,
    /// When it was last active: its latest visible post or comment, or the publication of an article that it contributed
    /// to. Null until there has been any.
    pub last_active_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its settings were last changed.
    pub updated_at: Timestamp,
    /// Its id in another system; null where it has none.
    pub external_id: Option<String>,
    /// What the caller is to it.
    pub viewer: GroupViewer,
}

/// One page of groups.
#[derive(Debug, Serialize, ToSchema)]
pub struct GroupPage {
    /// The groups.
    pub items: Vec<Group>,
    /// With `updated_since`, what is gone since; none without.
    pub deleted: Vec<Gone>,
    /// The cursor of the next page; null on the last.
    pub next_cursor: Option<String>,
}

/// A group to create. What it leaves out comes from its first type.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "name": "Falls prevention", "type_ids": ["019aaf5c-0000-7000-8000-000000000001"], "summary": "What keeps people on their feet.", "visibility": "public", "join_policy": "open", "tags": ["falls"] }))]
pub struct NewGroup {
    /// Its name.
    pub name: GroupName,
    /// Its name in URLs; made from the name unless given. That of a hidden group gets eight random characters.
    #[serde(default)]
    pub slug: Option<Slug>,
    /// One line about it.
    #[serde(default)]
    #[schema(required = false)]
    pub summary: Summary,
    /// All about it, in Markdown.
    #[serde(default)]
    #[schema(required = false)]
    pub description: Description,
    /// What it is for, in Markdown.
    #[serde(default)]
    #[schema(required = false)]
    pub purpose: Purpose,
    /// What it wants to learn.
    #[serde(default)]
    pub learning_question: Option<LearningQuestion>,
    /// Its kinds, the main one first.
    pub type_ids: TypeIds,
    /// Its tags.
    #[serde(default)]
    #[schema(required = false)]
    pub tags: Tags,
    /// Who sees what of it.
    #[serde(default, deserialize_with = "given")]
    pub visibility: Option<Visibility>,
    /// How one becomes a member.
    #[serde(default, deserialize_with = "given")]
    pub join_policy: Option<JoinPolicy>,
    /// Who begins conversations.
    #[serde(default, deserialize_with = "given")]
    pub post_policy: Option<PostPolicy>,
    /// Who reads the list of members.
    #[serde(default, deserialize_with = "given")]
    pub member_list_visibility: Option<MemberListVisibility>,
    /// Who invites people.
    #[serde(default, deserialize_with = "given")]
    pub invite_policy: Option<InvitePolicy>,
    /// Whose posts and comments are read by those who moderate before they come out.
    #[serde(default, deserialize_with = "given")]
    pub review_policy: Option<ReviewPolicy>,
    /// Whether members may write without their name.
    #[serde(default)]
    pub allow_anonymous: Option<bool>,
    /// What it asks those who want to join.
    #[serde(default)]
    #[schema(required = false)]
    pub join_questions: JoinQuestions,
    /// For how many days somebody who was declined cannot ask again; what the platform says unless
    /// given.
    #[serde(default)]
    pub request_cooldown_days: Option<Days<0>>,
    /// What its members agree to, in Markdown.
    #[serde(default)]
    pub rules: Option<Rules>,
    /// What it tells those who come in, in Markdown.
    #[serde(default)]
    #[schema(required = false)]
    pub welcome_message: WelcomeMessage,
    /// Whether everybody sees how many members it has.
    #[serde(default)]
    pub show_member_count: Option<bool>,
    /// The group that it is within, which the caller owns too; at most three stand one within the other.
    #[serde(default)]
    pub parent_id: Option<GroupId>,
    /// Whose verified addresses make members by themselves; administrators only.
    #[serde(default)]
    #[schema(required = false)]
    pub auto_join_domains: Domains,
    /// Its id in another system; administrators only.
    #[serde(default)]
    pub external_id: Option<ExternalId>,
}

/// Changes to a group.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "summary": "What keeps people on their feet, at home and on the ward.", "join_policy": "request" }))]
pub struct GroupPatch {
    /// Its name.
    #[serde(default)]
    #[schema(value_type = GroupName)]
    pub name: Set<GroupName>,
    /// Its name in URLs; the old one leads to the new one. That of a hidden group gets eight random characters.
    #[serde(default)]
    #[schema(value_type = Slug)]
    pub slug: Set<Slug>,
    /// One line about it.
    #[serde(default)]
    #[schema(value_type = Summary)]
    pub summary: Set<Summary>,
    /// All about it, in Markdown.
    #[serde(default)]
    #[schema(value_type = Description)]
    pub description: Set<Description>,
    /// What it is for, in Markdown.
    #[serde(default)]
    #[schema(value_type = Purpose)]
    pub purpose: Set<Purpose>,
    /// What it wants to learn.
    #[serde(default)]
    #[schema(value_type = Option<LearningQuestion>)]
    pub learning_question: Patch<LearningQuestion>,
    /// Its kinds, the main one first.
    #[serde(default)]
    #[schema(value_type = TypeIds)]
    pub type_ids: Set<TypeIds>,
    /// Its tags.
    #[serde(default)]
    #[schema(value_type = Tags)]
    pub tags: Set<Tags>,
    /// Who sees what of it. A group that becomes hidden gets a new slug that cannot be guessed.
    #[serde(default)]
    #[schema(value_type = Visibility)]
    pub visibility: Set<Visibility>,
    /// How one becomes a member.
    #[serde(default)]
    #[schema(value_type = JoinPolicy)]
    pub join_policy: Set<JoinPolicy>,
    /// Who begins conversations.
    #[serde(default)]
    #[schema(value_type = PostPolicy)]
    pub post_policy: Set<PostPolicy>,
    /// Who reads the list of members.
    #[serde(default)]
    #[schema(value_type = MemberListVisibility)]
    pub member_list_visibility: Set<MemberListVisibility>,
    /// Who invites people.
    #[serde(default)]
    #[schema(value_type = InvitePolicy)]
    pub invite_policy: Set<InvitePolicy>,
    /// Whose posts and comments are read by those who moderate before they come out. What waits already waits on.
    #[serde(default)]
    #[schema(value_type = ReviewPolicy)]
    pub review_policy: Set<ReviewPolicy>,
    /// Whether members may write without their name. What has none keeps having none.
    #[serde(default)]
    #[schema(value_type = bool)]
    pub allow_anonymous: Set<bool>,
    /// What it asks those who want to join.
    #[serde(default)]
    #[schema(value_type = JoinQuestions)]
    pub join_questions: Set<JoinQuestions>,
    /// For how many days somebody who was declined cannot ask again.
    #[serde(default)]
    #[schema(value_type = Days<0>)]
    pub request_cooldown_days: Set<Days<0>>,
    /// What its members agree to, in Markdown; another text is a new version, which members accept before they write again.
    #[serde(default)]
    #[schema(value_type = Option<Rules>)]
    pub rules: Patch<Rules>,
    /// What it tells those who come in, in Markdown.
    #[serde(default)]
    #[schema(value_type = WelcomeMessage)]
    pub welcome_message: Set<WelcomeMessage>,
    /// Whether everybody sees how many members it has.
    #[serde(default)]
    #[schema(value_type = bool)]
    pub show_member_count: Set<bool>,
    /// `archived` makes it read-only, `active` takes it into use again.
    #[serde(default)]
    #[schema(value_type = GroupStatus)]
    pub status: Set<GroupStatus>,
    /// The group that it is within, which the caller owns too; at most three stand one within the other.
    #[serde(default)]
    #[schema(value_type = Option<GroupId>)]
    pub parent_id: Patch<GroupId>,
    /// When it closes by itself, in the future: it is archived then. Cleared by archiving it and taking it into use again.
    #[serde(default)]
    #[schema(value_type = Option<Timestamp>)]
    pub closes_at: Patch<Timestamp>,
    /// What it leaves to others to learn from, in Markdown; also while archived.
    #[serde(default)]
    #[schema(value_type = Option<LessonsLearned>)]
    pub lessons_learned: Patch<LessonsLearned>,
    /// The group that carries on its work; also while archived.
    #[serde(default)]
    #[schema(value_type = Option<GroupId>)]
    pub successor_id: Patch<GroupId>,
    /// Whose verified addresses make members by themselves; administrators only.
    #[serde(default)]
    #[schema(value_type = Domains)]
    pub auto_join_domains: Set<Domains>,
    /// Its id in another system; administrators only.
    #[serde(default)]
    #[schema(value_type = Option<ExternalId>)]
    pub external_id: Patch<ExternalId>,
}

/// Which groups to list.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct GroupQuery {
    /// Only groups of these kinds, by their slugs, separated by commas; up to 10.
    #[serde(rename = "type")]
    #[param(rename = "type")]
    pub kinds: Option<TypeSlugs>,
    /// Whether a group needs one of the kinds or all of them: `any` unless said.
    pub type_match: Option<TypeMatch>,
    /// Only groups with this text in their name, summary, purpose or tags.
    pub q: Option<Line<1, 100>>,
    /// The order: `active` unless said.
    pub sort: Option<GroupSort>,
    /// Only groups in which the caller is a member, or with `false` is none.
    pub mine: Option<bool>,
    /// Only groups in which the caller has this role.
    pub role: Option<Role>,
    /// Only these, by id, separated by commas; up to 100.
    pub ids: Option<GroupIds>,
    /// All but these, by id, separated by commas; up to 100.
    pub exclude_ids: Option<GroupIds>,
    /// Whether they are in use: `active` unless said.
    pub status: Option<GroupStatusFilter>,
    /// Only groups that are directly within this one.
    pub parent_id: Option<GroupId>,
    /// Only what has changed since this time, the oldest change first, and what is gone since; without other filters.
    pub updated_since: Option<Timestamp>,
    /// How many items a page holds.
    pub limit: Option<Limit>,
    /// Where the page begins: the `next_cursor` of the page before; empty for the first.
    pub cursor: Option<String>,
}

/// What a new group is to be called.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SimilarQuery {
    /// The name.
    pub name: GroupName,
}

/// A row of `group_rules`, and what clients see of it.
#[derive(Debug, Clone, Queryable, Selectable, Serialize, ToSchema)]
#[diesel(table_name = group_rules)]
pub struct GroupRules {
    /// The version, from 1.
    pub version: i32,
    /// The text, in Markdown.
    pub text: String,
    /// When it was published.
    pub published_at: Timestamp,
}

/// One page of the versions of a group's rules.
#[derive(Debug, Serialize, ToSchema)]
pub struct GroupRulesPage {
    /// The versions, newest first.
    pub items: Vec<GroupRules>,
    /// The cursor of the next page; null on the last.
    pub next_cursor: Option<String>,
}

/// Which page of the versions of a group's rules.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct GroupRulesQuery {
    /// How many items a page holds.
    pub limit: Option<Limit>,
    /// Where the page begins: the `next_cursor` of the page before; empty for the first.
    pub cursor: Option<String>,
}
