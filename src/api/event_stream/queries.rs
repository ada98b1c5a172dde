//! What of events a listener learns, in a bounded number of statements whatever their number.

use std::collections::{HashMap, HashSet};

use diesel::prelude::*;

use super::model::Event;
use super::policy::{self, Listener};
use crate::api::events::{EventKind, EventRow};
use crate::api::memberships::access::Access;
use crate::api::memberships::model::State;
use crate::auth::actor::Viewer;
use crate::db::schema::memberships;
use crate::db::sql_types::among;
use crate::db::{Conn, each_backend};
use crate::error::Result;
use crate::types::GroupId;

/// The events that the listener learns of, as they are told.
pub fn told(conn: &mut Conn, viewer: Viewer, rows: &[EventRow]) -> Result<Vec<Event>> {
    let mut groups: Vec<GroupId> = rows.iter().filter_map(|row| row.group_id).collect();
    groups.sort_unstable();
    groups.dedup();
    let known = if groups.is_empty() { HashMap::new() } else { Access::find_all(conn, viewer, &groups)? };
    let gone: Vec<GroupId> =
        rows.iter().filter(|row| row.kind == EventKind::GroupDeleted).filter_map(|row| row.group_id).collect();
    let own = if gone.is_empty() { HashSet::new() } else { own_among(conn, viewer, &gone)? };
    let told = rows.iter().filter_map(|row| {
        let access = row.group_id.and_then(|group| known.get(&group));
        let is_member = row.group_id.is_some_and(|group| own.contains(&group));
        let listener = access.map_or(Listener::Outside { is_member }, Listener::Knows);
        let shows_people = policy::told(row, listener, viewer.restricted_to().is_some())?;
        Some(Event::new(row, shows_people))
    });
    Ok(told.collect())
}

fn own_among(conn: &mut Conn, viewer: Viewer, groups: &[GroupId]) -> Result<HashSet<GroupId>> {
    let own = memberships::table
        .filter(among(memberships::group_id, groups))
        .filter(memberships::user_id.eq(viewer.user_id()))
        .filter(memberships::state.eq(State::Active))
        .select(memberships::group_id);
    let own: Vec<GroupId> = each_backend!(conn => own.load(conn))?;
    Ok(own.into_iter().collect())
}
