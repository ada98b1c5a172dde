//! What of events a listener learns, in a bounded number of statements whatever their number.

use std::collections::{HashMap, HashSet};

use diesel::prelude::*;

use super::model::Event;
use super::policy::{self, Listener};
use crate::api::events::{EventKind, EventRow};
use crate::api::memberships::access::Access;
use crate::api::memberships::model::State;
use crate::auth::actor::Viewer;
use crate::db::schema::{api_key_groups, memberships};
use crate::db::sql_types::among;
use crate::db::{Conn, each_backend};
use crate::error::Result;
use crate::types::{GroupId, UserId};

/// The events that the listener learns of, as they are told. Administrators hear what everybody hears: the rest they read with a
/// reason.
pub fn told(conn: &mut Conn, viewer: Viewer, rows: &[EventRow]) -> Result<Vec<Event>> {
    let viewer = viewer.without_office();
    let groups = different(rows.iter().filter_map(|row| row.group_id));
    let known = if groups.is_empty() { HashMap::new() } else { Access::find_all(conn, viewer, &groups)? };
    let gone = different(rows.iter().filter(|row| row.kind == EventKind::GroupDeleted).filter_map(|row| row.group_id));
    let own = active_among(conn, &gone, &[viewer.user_id()])?;
    let opened = opened_among(conn, viewer, &gone)?;
    let about = different(rows.iter().filter(|row| row.user_id.is_some()).filter_map(|row| row.group_id));
    let people = different(rows.iter().filter_map(|row| row.user_id));
    let active = active_among(conn, &about, &people)?;
    let is_told = |row: &&EventRow| {
        let Some(group) = row.group_id else {
            return policy::is_told(row, Listener::Outside { is_member: false }, viewer.restricted_to().is_some());
        };
        let is_member_now = row.user_id.is_some_and(|user| active.contains(&(group, user)));
        let outside = Listener::Outside { is_member: own.contains(&(group, viewer.user_id())) };
        let listener = known.get(&group).map_or(outside, |access| Listener::Knows { access, is_member_now });
        let is_closed = viewer.restricted_to().is_some() && !opened.contains(&group);
        policy::is_told(row, listener, is_closed)
    };
    Ok(rows.iter().filter(is_told).map(Event::new).collect())
}

fn different<T: Ord>(all: impl Iterator<Item = T>) -> Vec<T> {
    let mut all: Vec<T> = all.collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// Which of these groups the caller's key is for, where it is for some groups only.
fn opened_among(conn: &mut Conn, viewer: Viewer, groups: &[GroupId]) -> Result<HashSet<GroupId>> {
    let Some(key) = viewer.restricted_to().filter(|_| !groups.is_empty()) else { return Ok(HashSet::new()) };
    let opened = api_key_groups::table
        .filter(api_key_groups::api_key_id.eq(key))
        .filter(among(api_key_groups::group_id, groups))
        .select(api_key_groups::group_id);
    let opened: Vec<GroupId> = each_backend!(conn => opened.load(conn))?;
    Ok(opened.into_iter().collect())
}

/// Who of these people is an active member of which of these groups.
fn active_among(conn: &mut Conn, groups: &[GroupId], people: &[UserId]) -> Result<HashSet<(GroupId, UserId)>> {
    if groups.is_empty() || people.is_empty() {
        return Ok(HashSet::new());
    }
    let active = memberships::table
        .filter(among(memberships::group_id, groups))
        .filter(among(memberships::user_id, people))
        .filter(memberships::state.eq(State::Active))
        .select((memberships::group_id, memberships::user_id));
    let active: Vec<(GroupId, UserId)> = each_backend!(conn => active.load(conn))?;
    Ok(active.into_iter().collect())
}
