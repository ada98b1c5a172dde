//! Bookmarks, following and reading: what clients see and what they send.

use diesel::prelude::*;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{IntoParams, PartialSchema, ToSchema};

use crate::http::page::Limit;
use crate::types::{GroupId, PostId};

/// How much is unread in a group.
#[derive(Debug, Clone, Queryable, Serialize, ToSchema)]
pub struct GroupUnread {
    /// The group.
    pub group_id: GroupId,
    /// How many conversations hold something that the caller has not read: the post, or comments by others.
    #[diesel(deserialize_as = Count)]
    pub unread_post_count: i32,
}

/// A count as the database gives it.
#[derive(Debug, Clone, Copy)]
pub struct Count(i32);

impl<DB: diesel::backend::Backend> Queryable<diesel::sql_types::BigInt, DB> for Count
where
    i64: diesel::deserialize::FromSql<diesel::sql_types::BigInt, DB>,
{
    type Row = i64;

    fn build(row: i64) -> diesel::deserialize::Result<Self> {
        Ok(Self(i32::try_from(row).unwrap_or(i32::MAX)))
    }
}

impl From<Count> for i32 {
    fn from(count: Count) -> Self {
        count.0
    }
}

/// One page of groups with something unread.
#[derive(Debug, Serialize, ToSchema)]
pub struct GroupUnreadPage {
    /// The groups of which the caller is a member, the newest first; those with nothing unread are left out.
    pub items: Vec<GroupUnread>,
    /// The cursor of the next page; null on the last.
    pub next_cursor: Option<String>,
}

/// Posts that the caller has read.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "post_ids": ["019aaf5c-0000-7000-8000-000000000030"] }))]
pub struct ReadPosts {
    /// 1 to 100 posts of the group.
    pub post_ids: PostIds,
}

/// 1 to 100 posts.
#[derive(Debug, Clone)]
pub struct PostIds(pub Vec<PostId>);

impl<'de> Deserialize<'de> for PostIds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let ids = Vec::<PostId>::deserialize(deserializer)?;
        match ids.len() {
            0 => Err(serde::de::Error::custom("empty: at least one post")),
            1..=100 => Ok(Self(ids)),
            _ => Err(serde::de::Error::custom("too_many: at most 100 posts")),
        }
    }
}

impl PartialSchema for PostIds {
    fn schema() -> RefOr<Schema> {
        utoipa::openapi::ArrayBuilder::new().items(PostId::schema()).min_items(Some(1)).max_items(Some(100)).into()
    }
}

impl ToSchema for PostIds {}

/// Which page of one's bookmarks, or of what is unread.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct MarkQuery {
    /// How many items a page holds.
    pub limit: Option<Limit>,
    /// Where the page begins: the `next_cursor` of the page before; empty for the first.
    pub cursor: Option<String>,
}
