//! Groups as administrators list them: what is on the card, the numbers that may be withheld elsewhere, and no content.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::api::memberships::model::{GroupStatus, Reason, Visibility};
use crate::http::page::Limit;
use crate::http::text::Line;
use crate::types::{GroupId, Timestamp, UserId, text_enum};

text_enum! {
    /// Which groups an administrator lists.
    AdminGroupStatus {
        /// Those in use.
        Active = "active",
        /// Those that are read-only.
        Archived = "archived",
        /// Those that are deleted and can be restored, the latest first.
        Deleted = "deleted",
        /// All that there are.
        All = "all",
    }
}

text_enum! {
    /// How many owners the groups have.
    OwnerCount {
        /// None: somebody has to be found.
        None = "none",
        /// One, who cannot leave.
        One = "one",
    }
}

/// A group as read, with the number of its owners.
#[derive(Debug, Clone, Queryable)]
pub struct AdminGroupRow {
    /// Its id.
    pub id: GroupId,
    /// Its name in URLs.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// Who sees what of it.
    pub visibility: Visibility,
    /// Whether it is in use.
    pub status: GroupStatus,
    /// How many active members it has.
    pub member_count: i32,
    /// When it was last active.
    pub last_active_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its settings were last changed.
    pub updated_at: Timestamp,
    /// When it was deleted.
    pub deleted_at: Option<Timestamp>,
    /// How many owners it has.
    pub owner_count: i64,
}

/// A group as administrators list it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AdminGroup {
    /// Its id.
    pub id: GroupId,
    /// Its name in URLs; a deleted group's leads nowhere.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// Who sees what of it.
    pub visibility: Visibility,
    /// Whether it is in use.
    pub status: GroupStatus,
    /// How many active members it has.
    pub member_count: i32,
    /// How many owners it has.
    pub owner_count: i32,
    /// When it was last active; null until there has been any activity.
    pub last_active_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its settings were last changed.
    pub updated_at: Timestamp,
    /// When it was deleted; null unless it is.
    pub deleted_at: Option<Timestamp>,
}

impl From<AdminGroupRow> for AdminGroup {
    fn from(row: AdminGroupRow) -> Self {
        Self {
            id: row.id,
            slug: row.slug,
            name: row.name,
            visibility: row.visibility,
            status: row.status,
            member_count: row.member_count,
            owner_count: i32::try_from(row.owner_count).unwrap_or(i32::MAX),
            last_active_at: row.last_active_at,
            created_at: row.created_at,
            updated_at: row.updated_at,
            deleted_at: row.deleted_at,
        }
    }
}

/// One page of groups as administrators list them.
#[derive(Debug, Serialize, ToSchema)]
pub struct AdminGroupPage {
    /// The groups, the newest first.
    pub items: Vec<AdminGroup>,
    /// The cursor of the next page; null on the last.
    pub next_cursor: Option<String>,
}

/// Which groups to list.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AdminGroupQuery {
    /// What became of them: `all` unless said.
    pub status: Option<AdminGroupStatus>,
    /// Only groups with so many owners.
    pub owners: Option<OwnerCount>,
    /// Only groups with this text in their name, summary, purpose or tags.
    pub q: Option<Line<1, 100>>,
    /// How many items a page holds.
    pub limit: Option<Limit>,
    /// Where the page begins: the `next_cursor` of the page before; empty for the first.
    pub cursor: Option<String>,
}

/// How to restore a deleted group.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "owner_id": "019aaf5c-0000-7000-8000-000000000020", "reason": "The members asked for it." }))]
pub struct GroupRestoration {
    /// Who owns it from now on; needed where it has lost its last owner.
    #[serde(default)]
    pub owner_id: Option<UserId>,
    /// Why; the group's owners read it.
    #[serde(default)]
    pub reason: Option<Reason>,
}

/// Why a deleted group is removed for good.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "reason": "Created by mistake." }))]
pub struct GroupPurge {
    /// Why; it stays in the audit log.
    pub reason: Reason,
}
