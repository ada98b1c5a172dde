//! API keys: the rows, what their owners see and send; and service accounts.

use diesel::prelude::*;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use crate::api::users::model::DisplayName;
use crate::auth::actor::PlatformRole;
use crate::auth::scopes::Scope;
use crate::db::schema::{api_key_secrets, api_keys};
use crate::db::sql_types::JsonList;
use crate::http::lists;
use crate::http::patch::given;
use crate::http::text::Line;
use crate::types::{ApiKeyId, GroupId, Timestamp, UserId};

/// What a key is for, such as the program that calls with it: one line of up to 100 characters.
pub type KeyName = Line<1, 100>;

/// A row of `api_keys`.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = api_keys)]
pub struct ApiKeyRow {
    /// Its id.
    pub id: ApiKeyId,
    /// As whom it acts.
    pub user_id: UserId,
    /// Who made it.
    pub made_by: UserId,
    /// What it is for.
    pub name: String,
    /// What it may do.
    pub scopes: JsonList<Scope>,
    /// Whether it opens some groups only.
    pub is_restricted: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to five minutes.
    pub last_used_at: Option<Timestamp>,
}

/// A row of `api_key_secrets`: what is sent for a key, as a hash.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = api_key_secrets)]
pub struct SecretRow {
    /// The SHA-256 of the secret.
    pub secret_hash: Vec<u8>,
    /// Which key it opens with.
    pub api_key_id: ApiKeyId,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it is good; null for as long as the key.
    pub valid_until: Option<Timestamp>,
}

/// A key with all that belongs to it.
#[derive(Debug, Clone)]
pub struct WholeKey {
    /// The key.
    pub row: ApiKeyRow,
    /// The groups that it opens, where it opens some only.
    pub groups: Vec<GroupId>,
    /// When its secret was made.
    pub secret_created_at: Timestamp,
    /// Until when the secret before is good.
    pub previous_valid_until: Option<Timestamp>,
}

/// What a program calls with. It acts as its account, within its scopes.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ApiKey {
    /// Its id.
    pub id: ApiKeyId,
    /// What it is for.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// The groups that it opens; null for all that its account may see.
    pub group_ids: Option<Vec<GroupId>>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its secret was made.
    pub secret_created_at: Timestamp,
    /// Until when the secret before is good too; null where there is none, or it is over.
    pub previous_valid_until: Option<Timestamp>,
    /// When it ends by itself; null for never.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to five minutes; null for never.
    pub last_used_at: Option<Timestamp>,
}

impl ApiKey {
    /// The key as it is shown at this time.
    #[must_use]
    pub fn new(key: WholeKey, now: Timestamp) -> Self {
        Self {
            id: key.row.id,
            name: key.row.name,
            scopes: key.row.scopes.0,
            group_ids: key.row.is_restricted.then_some(key.groups),
            created_at: key.row.created_at,
            secret_created_at: key.secret_created_at,
            previous_valid_until: key.previous_valid_until.filter(|until| *until > now),
            expires_at: key.row.expires_at,
            last_used_at: key.row.last_used_at,
        }
    }
}

/// An API key and, this once, its secret.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct IssuedApiKey {
    /// The key.
    pub key: ApiKey,
    /// What is sent as `Authorization: Bearer`; it begins with `prx_key_` and is never shown again.
    pub secret: String,
}

/// API keys of one account.
#[derive(Debug, Serialize, ToSchema)]
pub struct ApiKeyPage {
    /// The keys, all of them, the newest first.
    pub items: Vec<ApiKey>,
    /// Always null: there are few.
    pub next_cursor: Option<String>,
}

/// Different scopes, at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScopeList(pub Vec<Scope>);

impl<'de> Deserialize<'de> for ScopeList {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut scopes: Vec<Scope> = lists::distinct(deserializer, 1..=50, "scopes")?;
        scopes.sort_unstable_by_key(|scope| crate::db::sql_types::TextEnum::as_str(*scope));
        Ok(Self(scopes))
    }
}

// it has a name: generators take a list without one for empty where it is left out
/// Different groups, 1 to 100.
#[derive(Debug, Clone, PartialEq, Eq, ToSchema)]
#[schema(min_items = 1, max_items = 100)]
pub struct GroupList(pub Vec<GroupId>);

impl<'de> Deserialize<'de> for GroupList {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut groups: Vec<GroupId> = lists::distinct(deserializer, 1..=100, "groups")?;
        groups.sort_unstable();
        Ok(Self(groups))
    }
}

/// An API key to make.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "name": "Nightly sync", "scopes": ["groups:read", "members:read"], "expires_at": "2027-06-30T00:00:00Z" }))]
pub struct NewApiKey {
    /// What it is for, such as the program that calls with it.
    pub name: KeyName,
    /// What it may do.
    #[schema(value_type = Vec<Scope>, min_items = 1, max_items = 50)]
    pub scopes: ScopeList,
    /// The groups that it opens, of those that one may see oneself; left out: all of them, also later ones. Only scopes of groups,
    /// members and posts go with it, and listening to events.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = GroupList)]
    pub group_ids: Option<GroupList>,
    /// When it ends by itself, in the future; null or left out for never.
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
}

/// A new secret for a key.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "overlap_minutes": 60 }))]
pub struct NewApiKeySecret {
    /// For how long the secret before stays good, so that programs can be changed over: 1440, a day, where it is left out, up
    /// to seven days, 0 for not at all.
    #[serde(default)]
    #[schema(value_type = u16, minimum = 0, maximum = 10080)]
    pub overlap_minutes: Overlap,
}

/// Minutes, up to seven days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overlap(pub u16);

impl Default for Overlap {
    /// A day.
    fn default() -> Self {
        Self(1440)
    }
}

impl<'de> Deserialize<'de> for Overlap {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let minutes = i64::deserialize(deserializer)?;
        let minutes = u16::try_from(minutes).ok().filter(|minutes| *minutes <= 10080);
        minutes.map(Self).ok_or_else(|| serde::de::Error::custom("out_of_range: must be 0 to 10080"))
    }
}

/// An account for a program, which nobody logs in to.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "display_name": "Nightly sync", "platform_role": "member" }))]
pub struct NewServiceAccount {
    /// The name that others see.
    pub display_name: DisplayName,
    /// What it may do on the whole platform; left out: nothing beyond what groups allow.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = PlatformRole)]
    pub platform_role: Option<PlatformRole>,
}
