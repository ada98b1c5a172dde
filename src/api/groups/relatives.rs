//! Which group is within which, and which carries on the work of which. Both are null for those who may not know of the
//! other group.

use diesel::prelude::*;

use super::policy;
use crate::api::audit::model::AuditEvent;
use crate::api::memberships::access::{Access, visible};
use crate::api::settings;
use crate::auth::actor::Viewer;
use crate::db::schema::groups;
use crate::db::{Conn, each_backend};
use crate::error::{Code, Error, Result};
use crate::types::GroupId;

/// How many groups stand one within the other at most.
pub const LEVELS: usize = 3;

/// Those of these groups that the caller may know of.
pub fn known(conn: &mut Conn, viewer: &Viewer, ids: &[GroupId]) -> Result<Vec<GroupId>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let known = groups::table.filter(groups::id.eq_any(ids)).filter(visible!(viewer)).select(groups::id);
    Ok(each_backend!(conn => known.load(conn))?)
}

/// The settings by which a group names another.
pub const NAMING: [&str; 2] = ["parent_id", "successor_id"];

/// The groups that entries of the audit log name as being above, or as coming after.
#[must_use]
pub fn named_in(entries: &[AuditEvent]) -> Vec<GroupId> {
    let changes =
        entries.iter().flat_map(|entry| &entry.changes).filter(|change| NAMING.contains(&change.field.as_str()));
    changes.flat_map(|change| [&change.before, &change.after]).flatten().filter_map(|id| id.parse().ok()).collect()
}

/// Takes out of entries of the audit log the groups that are not known to whoever reads them.
pub fn withhold(entries: &mut [AuditEvent], known: &[GroupId]) {
    let is_known = |id: &String| id.parse().is_ok_and(|id| known.contains(&id));
    for change in entries.iter_mut().flat_map(|entry| &mut entry.changes) {
        if NAMING.contains(&change.field.as_str()) {
            change.before = change.before.take().filter(is_known);
            change.after = change.after.take().filter(is_known);
        }
    }
}

/// Keeps everybody else from moving groups until the transaction ends. It comes before the lock of any group.
pub fn lock(conn: &mut Conn) -> Result<()> {
    settings::queries::lock(conn)
}

fn find(conn: &mut Conn, viewer: Viewer, pointer: &str, id: GroupId) -> Result<Access> {
    Access::find(conn, viewer, id).map_err(|error| match error.code() {
        Code::NotFound => Error::invalid(pointer, "unknown", "there is no such group, or none that you may see"),
        _ => error,
    })
}

/// Whether a group, `None` for one to be made, may be put within another.
pub fn check_parent(conn: &mut Conn, viewer: Viewer, group: Option<GroupId>, parent: GroupId) -> Result<()> {
    let access = find(conn, viewer, "/parent_id", parent)?;
    policy::parent(&access)?;
    let above = chain(conn, parent, parent_of)?;
    let below = group.map_or(Ok(0), |group| levels_below(conn, group))?;
    policy::place(group, &above, below)
}

/// Whether a group may be carried on by another.
pub fn check_successor(conn: &mut Conn, viewer: Viewer, group: GroupId, successor: GroupId) -> Result<()> {
    find(conn, viewer, "/successor_id", successor)?;
    let onwards = chain(conn, successor, successor_of)?;
    policy::succession(group, &onwards)
}

/// A group and those that follow from it, each from the one before; stops where it comes back to itself.
fn chain(
    conn: &mut Conn,
    from: GroupId,
    next: fn(&mut Conn, GroupId) -> Result<Option<GroupId>>,
) -> Result<Vec<GroupId>> {
    let mut chain = vec![from];
    let mut last = from;
    while let Some(id) = next(conn, last)?.filter(|id| !chain.contains(id)) {
        chain.push(id);
        last = id;
    }
    Ok(chain)
}

fn parent_of(conn: &mut Conn, id: GroupId) -> Result<Option<GroupId>> {
    Ok(each_backend!(conn => groups::table.find(id).select(groups::parent_id).first(conn))?)
}

fn successor_of(conn: &mut Conn, id: GroupId) -> Result<Option<GroupId>> {
    Ok(each_backend!(conn => groups::table.find(id).select(groups::successor_id).first(conn))?)
}

fn levels_below(conn: &mut Conn, group: GroupId) -> Result<usize> {
    let mut level = vec![group];
    for below in 0..LEVELS {
        let children = groups::table.filter(groups::parent_id.eq_any(level)).select(groups::id);
        level = each_backend!(conn => children.load(conn))?;
        if level.is_empty() {
            return Ok(below);
        }
    }
    Ok(LEVELS)
}
