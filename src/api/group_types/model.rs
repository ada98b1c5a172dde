//! Kinds of group: the row, which is what clients see, and what administrators send.

use diesel::prelude::*;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{IntoParams, PartialSchema, ToSchema};

use crate::api::memberships::model::{
    InvitePolicy, JoinPolicy, MemberListVisibility, PostPolicy, ReviewPolicy, Visibility,
};
use crate::db::schema::group_types;
use crate::http::patch::{Set, given};
use crate::http::text::{Line, Slug};
use crate::types::{GroupTypeId, Timestamp, text_enum};

text_enum! {
    /// Which kinds of group to list.
    GroupTypeStatusFilter {
        /// Those that new groups choose from.
        Active = "active",
        /// Those that only groups from before have.
        Retired = "retired",
        /// Both.
        All = "all",
    }
}

/// A kind's name, for one group or several.
pub type GroupTypeTitle = Line<2, 60>;
/// What groups of a kind are.
pub type GroupTypeDescription = Line<0, 500>;

/// How many kinds of group there are at most.
pub const AT_MOST: i64 = 100;

/// A place among the kinds, from 1; one behind the last is the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position(pub i32);

impl<'de> Deserialize<'de> for Position {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let position = i32::deserialize(deserializer)?;
        let is_place = (1..=100).contains(&position);
        if is_place { Ok(Self(position)) } else { Err(serde::de::Error::custom("out_of_range: 1 to 100")) }
    }
}

impl PartialSchema for Position {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1)).maximum(Some(100)).into()
    }
}

impl ToSchema for Position {}

/// A kind of group.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Serialize, ToSchema)]
#[diesel(table_name = group_types)]
pub struct GroupType {
    /// Its id.
    pub id: GroupTypeId,
    /// Its name in URLs.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// Its name for several.
    pub plural: String,
    /// What such groups are.
    pub description: String,
    /// Its place among the kinds, from 1.
    pub position: i32,
    /// What a new group of this kind has unless it says otherwise.
    pub default_visibility: Visibility,
    /// What a new group of this kind has unless it says otherwise.
    pub default_join_policy: JoinPolicy,
    /// What a new group of this kind has unless it says otherwise.
    pub default_post_policy: PostPolicy,
    /// What a new group of this kind has unless it says otherwise.
    pub default_member_list_visibility: MemberListVisibility,
    /// What a new group of this kind has unless it says otherwise.
    pub default_invite_policy: InvitePolicy,
    /// What a new group of this kind has unless it says otherwise.
    pub default_review_policy: ReviewPolicy,
    /// What a new group of this kind has unless it says otherwise.
    pub default_allow_anonymous: bool,
    /// What a new group of this kind has unless it says otherwise.
    pub default_show_member_count: bool,
    /// Since when new groups cannot be of this kind; null while they can.
    pub retired_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it, or its place, was last changed.
    pub updated_at: Timestamp,
}

/// The kinds of group.
#[derive(Debug, Serialize, ToSchema)]
pub struct GroupTypePage {
    /// All of them, in their order.
    pub items: Vec<GroupType>,
    /// Always null: there is one page.
    pub next_cursor: Option<String>,
}

/// Which kinds of group to list.
#[derive(Debug, Clone, Copy, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct GroupTypeQuery {
    /// Whether new groups choose from them: `active` unless said.
    pub status: Option<GroupTypeStatusFilter>,
}

/// A kind of group to create.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "name": "Lab", "plural": "Labs", "description": "Tries things out.", "default_visibility": "listed", "default_join_policy": "request" }))]
pub struct NewGroupType {
    /// Its name.
    pub name: GroupTypeTitle,
    /// Its name for several.
    pub plural: GroupTypeTitle,
    /// Its name in URLs; made from the name unless given.
    #[serde(default)]
    pub slug: Option<Slug>,
    /// What such groups are.
    #[serde(default)]
    #[schema(required = false)]
    pub description: GroupTypeDescription,
    /// Its place among the kinds; the last unless given.
    #[serde(default)]
    pub position: Option<Position>,
    /// What a new group of this kind has unless it says otherwise.
    pub default_visibility: Visibility,
    /// What a new group of this kind has unless it says otherwise.
    pub default_join_policy: JoinPolicy,
    /// What a new group of this kind has unless it says otherwise; `members` unless given.
    #[serde(default, deserialize_with = "given")]
    pub default_post_policy: Option<PostPolicy>,
    /// What a new group of this kind has unless it says otherwise; `members` unless given.
    #[serde(default, deserialize_with = "given")]
    pub default_member_list_visibility: Option<MemberListVisibility>,
    /// What a new group of this kind has unless it says otherwise; `facilitators` unless given.
    #[serde(default, deserialize_with = "given")]
    pub default_invite_policy: Option<InvitePolicy>,
    /// What a new group of this kind has unless it says otherwise; `nobody` unless given.
    #[serde(default, deserialize_with = "given")]
    pub default_review_policy: Option<ReviewPolicy>,
    /// What a new group of this kind has unless it says otherwise; false unless given.
    #[serde(default)]
    pub default_allow_anonymous: Option<bool>,
    /// What a new group of this kind has unless it says otherwise; true unless given.
    #[serde(default)]
    pub default_show_member_count: Option<bool>,
}

/// Changes to a kind of group. Groups that there are keep their settings.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "description": "Tries things out, and says what came of it." }))]
pub struct GroupTypePatch {
    /// Its name.
    #[serde(default)]
    #[schema(value_type = GroupTypeTitle)]
    pub name: Set<GroupTypeTitle>,
    /// Its name for several.
    #[serde(default)]
    #[schema(value_type = GroupTypeTitle)]
    pub plural: Set<GroupTypeTitle>,
    /// Its name in URLs.
    #[serde(default)]
    #[schema(value_type = Slug)]
    pub slug: Set<Slug>,
    /// What such groups are.
    #[serde(default)]
    #[schema(value_type = GroupTypeDescription)]
    pub description: Set<GroupTypeDescription>,
    /// Its place among the kinds; the others make room.
    #[serde(default)]
    #[schema(value_type = Position)]
    pub position: Set<Position>,
    /// Whether only groups from before have it.
    #[serde(default)]
    #[schema(value_type = bool)]
    pub is_retired: Set<bool>,
    /// What a new group of this kind has unless it says otherwise.
    #[serde(default)]
    #[schema(value_type = Visibility)]
    pub default_visibility: Set<Visibility>,
    /// What a new group of this kind has unless it says otherwise.
    #[serde(default)]
    #[schema(value_type = JoinPolicy)]
    pub default_join_policy: Set<JoinPolicy>,
    /// What a new group of this kind has unless it says otherwise.
    #[serde(default)]
    #[schema(value_type = PostPolicy)]
    pub default_post_policy: Set<PostPolicy>,
    /// What a new group of this kind has unless it says otherwise.
    #[serde(default)]
    #[schema(value_type = MemberListVisibility)]
    pub default_member_list_visibility: Set<MemberListVisibility>,
    /// What a new group of this kind has unless it says otherwise.
    #[serde(default)]
    #[schema(value_type = InvitePolicy)]
    pub default_invite_policy: Set<InvitePolicy>,
    /// What a new group of this kind has unless it says otherwise.
    #[serde(default)]
    #[schema(value_type = ReviewPolicy)]
    pub default_review_policy: Set<ReviewPolicy>,
    /// What a new group of this kind has unless it says otherwise.
    #[serde(default)]
    #[schema(value_type = bool)]
    pub default_allow_anonymous: Set<bool>,
    /// What a new group of this kind has unless it says otherwise.
    #[serde(default)]
    #[schema(value_type = bool)]
    pub default_show_member_count: Set<bool>,
}
