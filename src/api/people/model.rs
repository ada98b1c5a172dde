//! A person's profile and the groups on it.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::api::memberships::model::LastSeen;
use crate::api::users::model::User;
use crate::http::page::Limit;
use crate::types::{Timestamp, UserId};

/// A person who lets others see which groups they are in.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Profile {
    /// The person's id.
    pub id: UserId,
    /// The account's name.
    pub display_name: String,
    /// Where the person works or volunteers; null where they have not said.
    pub organisation: Option<String>,
    /// What the person can do or knows about.
    pub skills: Vec<String>,
    /// When the person was last here, as far as others need to know; null where the person does not show it, and for never.
    pub last_seen: Option<LastSeen>,
    /// When the account was made.
    pub created_at: Timestamp,
}

impl Profile {
    /// The profile of this account.
    #[must_use]
    pub fn of(user: User, now: Timestamp) -> Self {
        let last_seen = user.last_seen_at.filter(|_| user.show_last_seen).map(|at| LastSeen::of(at, now));
        Self {
            id: user.id,
            display_name: user.display_name,
            organisation: user.organisation,
            skills: user.skills.0,
            last_seen,
            created_at: user.created_at,
        }
    }
}

/// Which page of a person's groups.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PersonGroupQuery {
    /// How many items a page holds.
    pub limit: Option<Limit>,
    /// Where the page begins: the `next_cursor` of the page before; empty for the first.
    pub cursor: Option<String>,
}
