//! Every statement that changes reactions. How they are counted is in [`crate::api::posts::views`].

use diesel::prelude::*;

use super::model::{ReactionRow, ReactionSummary};
use crate::api::posts::model::ReactionKind;
use crate::api::posts::views;
use crate::db::schema::reactions;
use crate::db::{Conn, each_backend};
use crate::error::Result;
use crate::types::{TargetId, UserId};

/// Adds a reaction; again changes nothing.
pub fn insert(conn: &mut Conn, row: &ReactionRow) -> Result<()> {
    each_backend!(conn => diesel::insert_into(reactions::table)
        .values(row)
        .on_conflict((reactions::target_id, reactions::kind, reactions::user_id))
        .do_nothing()
        .execute(conn))?;
    Ok(())
}

/// Takes a person's reaction back, where there is one.
pub fn delete(conn: &mut Conn, target: TargetId, kind: ReactionKind, user: UserId) -> Result<()> {
    each_backend!(conn => diesel::delete(reactions::table.find((target, kind, user))).execute(conn))?;
    Ok(())
}

/// How people reacted to a post or comment.
pub fn summary(conn: &mut Conn, target: TargetId, user: UserId) -> Result<ReactionSummary> {
    let found = views::reactions(conn, user, &[target])?.remove(&target);
    Ok(ReactionSummary::from(found.unwrap_or_default()))
}
