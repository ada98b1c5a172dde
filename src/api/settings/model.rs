//! The platform's settings: the row, what administrators see, and what they send.

use diesel::prelude::*;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::db::schema::platform_settings;
use crate::http::patch::Set;
use crate::types::{Timestamp, text_enum};

text_enum! {
    /// Who creates groups.
    GroupCreation {
        /// Everybody who is logged in.
        Everyone = "everyone",
        /// Everybody, after an administrator has approved their proposal.
        Approval = "approval",
        /// Administrators.
        Admins = "admins",
    }
}

/// A number of days: `MIN` to 365.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Days<const MIN: i32>(pub i32);

impl<'de, const MIN: i32> Deserialize<'de> for Days<MIN> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let days = i32::deserialize(deserializer)?;
        if (MIN..=365).contains(&days) {
            Ok(Self(days))
        } else {
            Err(serde::de::Error::custom(format!("out_of_range: {MIN} to 365 days")))
        }
    }
}

impl<const MIN: i32> PartialSchema for Days<MIN> {
    fn schema() -> RefOr<Schema> {
        let whole = ObjectBuilder::new().schema_type(Type::Integer);
        whole.minimum(Some(MIN)).maximum(Some(365)).into()
    }
}

impl<const MIN: i32> ToSchema for Days<MIN> {
    fn name() -> std::borrow::Cow<'static, str> {
        format!("Days{MIN}To365").into()
    }
}

/// The row of `platform_settings`, and what administrators see of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Queryable, Selectable, Serialize, ToSchema)]
#[diesel(table_name = platform_settings)]
pub struct Settings {
    /// Who creates groups.
    pub group_creation: GroupCreation,
    /// For how many days an invitation is open unless it says otherwise.
    pub invitation_days: i32,
    /// For how many days somebody whom a new group has declined cannot ask again, unless the group says otherwise.
    pub request_cooldown_days: i32,
    /// When they were last changed.
    pub updated_at: Timestamp,
}

/// Changes to the platform's settings.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "group_creation": "approval", "invitation_days": 14 }))]
pub struct SettingsPatch {
    /// Who creates groups.
    #[serde(default)]
    #[schema(value_type = GroupCreation)]
    pub group_creation: Set<GroupCreation>,
    /// For how many days an invitation is open unless it says otherwise.
    #[serde(default)]
    #[schema(value_type = Days<1>)]
    pub invitation_days: Set<Days<1>>,
    /// For how many days somebody whom a new group has declined cannot ask again, unless the group says otherwise.
    #[serde(default)]
    #[schema(value_type = Days<0>)]
    pub request_cooldown_days: Set<Days<0>>,
}
