//! Offers of ownership: the row, what clients see, and what an owner sends.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::memberships::model::Role;
use crate::db::schema::ownership_offers;
use crate::http::patch::given;
use crate::types::{GroupId, Timestamp, UserId};

/// For how many days an offer can be accepted.
pub const OFFER_DAYS: u64 = 14;

/// The row of `ownership_offers`, and what clients see of it. A group has at most one.
#[derive(Debug, Clone, Copy, Queryable, Selectable, Insertable, Serialize, ToSchema)]
#[diesel(table_name = ownership_offers)]
pub struct OwnershipOffer {
    /// The group.
    pub group_id: GroupId,
    /// The owner who offers it.
    pub from_id: UserId,
    /// The member who may accept it.
    pub to_id: UserId,
    /// What the offering owner is once it is accepted.
    pub role_afterwards: Role,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it can be accepted.
    pub expires_at: Timestamp,
}

/// An offer of ownership to make. It takes the place of the one that there is.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "user_id": "019aaf5c-0000-7000-8000-000000000020", "role_afterwards": "facilitator" }))]
pub struct NewOwnershipOffer {
    /// The member who may accept it.
    pub user_id: UserId,
    /// What the caller is once it is accepted: `facilitator` unless said.
    #[serde(default, deserialize_with = "given")]
    pub role_afterwards: Option<Role>,
}
