//! One's own memberships, with their groups.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::api::groups::model::{Group, GroupRow};
use crate::api::memberships::model::{Membership, OwnMembership, State};
use crate::http::page::Limit;

/// A membership of the caller's and its group, as read.
#[derive(Debug, Clone, Queryable)]
pub struct MembershipAndGroup {
    /// The membership.
    pub membership: Membership,
    /// The group.
    pub group: GroupRow,
}

/// One of one's memberships, with its group.
#[derive(Debug, Serialize, ToSchema)]
pub struct MyMembership {
    /// The group.
    pub group: Group,
    /// What one is to it.
    pub membership: OwnMembership,
}

/// One page of one's memberships.
#[derive(Debug, Serialize, ToSchema)]
pub struct MyMembershipPage {
    /// The memberships, those of the newest groups first.
    pub items: Vec<MyMembership>,
    /// The cursor of the next page; null on the last.
    pub next_cursor: Option<String>,
}

/// Which of one's memberships to list.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct MyMembershipQuery {
    /// Where one stands: `active` unless said.
    pub state: Option<State>,
    /// How many items a page holds.
    pub limit: Option<Limit>,
    /// Where the page begins: the `next_cursor` of the page before; empty for the first.
    pub cursor: Option<String>,
}
