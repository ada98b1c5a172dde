//! Which groups have changed, and which are gone for a caller: deleted, or hidden from them.

use diesel::prelude::*;

use super::model::{Found, GroupRow};
use crate::api::events::{self, EventKind, EventRow};
use crate::api::memberships::access::visible;
use crate::api::memberships::model::{Held, State, Visibility};
use crate::auth::actor::Viewer;
use crate::db::schema::tombstones as tombstones_table;
use crate::db::schema::{api_key_groups, groups, memberships};
use crate::db::tombstones::{self, Tombstone};
use crate::db::{Conn, each_backend};
use crate::error::Result;
use crate::http::changes::{Gone, Span};
use crate::types::{ApiKeyId, GroupId, TargetId, Timestamp};

/// Notes that a group is gone: for everybody who could know of it, or, where it was hidden, for its members.
pub fn bury(conn: &mut Conn, group: GroupId, was: Visibility, now: Timestamp) -> Result<()> {
    let (target, is_public) = (group.uuid(), was != Visibility::Hidden);
    events::record(conn, &EventRow { is_public, ..EventRow::of_group(EventKind::GroupDeleted, group, now) })?;
    tombstones::bury(conn, Tombstone { kind: "group", target, group: Some(target), is_public }, now.raw())
}

/// The groups that the caller may know of and that have changed in a span, each with when.
pub fn list(conn: &mut Conn, viewer: &Viewer, span: &Span) -> Result<Vec<(Found, Timestamp)>> {
    let mine = memberships::group_id.eq(groups::id).and(memberships::user_id.eq(viewer.user_id()));
    let (at, id, column) = (span.after.0, GroupId::from(span.after.1), groups::changed_at.assume_not_null());
    let rows: Vec<(GroupRow, Option<Held>, Timestamp)> = each_backend!(conn => groups::table
        .left_join(memberships::table.on(mine))
        .filter(visible!(viewer))
        .filter(column.ge(at).and(column.gt(at).or(groups::id.gt(id))))
        .filter(column.le(span.until))
        .order((groups::changed_at.asc(), groups::id.asc()))
        .limit(span.rows)
        .select((GroupRow::as_select(), Option::<Held>::as_select(), column))
        .load(conn))?;
    Ok(rows.into_iter().map(|(group, membership, at)| (Found { group, membership }, at)).collect())
}

/// The groups of which the caller could know and that are gone in a span: not those that the caller knows of still.
pub fn gone(conn: &mut Conn, viewer: &Viewer, span: &Span) -> Result<Vec<Gone>> {
    let known = groups::table
        .filter(groups::id.nullable().eq(tombstones_table::group_id))
        .filter(visible!(viewer))
        .select(groups::id);
    let was_in = memberships::table
        .filter(memberships::group_id.nullable().eq(tombstones_table::group_id))
        .filter(memberships::user_id.eq(viewer.user_id()))
        .filter(memberships::state.eq(State::Active));
    let key = viewer.restricted_to();
    let is_opened = api_key_groups::table
        .filter(api_key_groups::api_key_id.eq(key.unwrap_or_else(ApiKeyId::nil)))
        .filter(api_key_groups::group_id.nullable().eq(tombstones_table::group_id))
        .select(api_key_groups::group_id);
    let (target, at) = (TargetId::from(span.after.1), tombstones_table::at);
    let gone = tombstones_table::table
        .filter(tombstones_table::kind.eq("group"))
        .filter(tombstones_table::is_public.eq(true).or(diesel::dsl::exists(was_in)))
        .filter(diesel::dsl::not(diesel::dsl::exists(known)))
        .filter(diesel::IntoSql::into_sql::<diesel::sql_types::Bool>(key.is_none()).or(diesel::dsl::exists(is_opened)))
        .filter(at.ge(span.after.0).and(at.gt(span.after.0).or(tombstones_table::target_id.gt(target))))
        .filter(at.le(span.until))
        .order((tombstones_table::at.asc(), tombstones_table::target_id.asc()))
        .limit(span.rows)
        .select((tombstones_table::target_id, tombstones_table::at));
    let gone: Vec<(TargetId, Timestamp)> = each_backend!(conn => gone.load(conn))?;
    Ok(gone.into_iter().map(|(id, deleted_at)| Gone { id, deleted_at }).collect())
}
