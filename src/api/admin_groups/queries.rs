//! Every statement about groups of all states. Only administrators come here, so nothing is filtered by visibility.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool};

use super::model::{AdminGroupQuery, AdminGroupRow, AdminGroupStatus, OwnerCount};
use crate::api::events::{self, EventKind, EventRow};
use crate::api::groups::{queries as groups_queries, shares, slugs};
use crate::api::memberships::model::{GroupStatus, Visibility};
use crate::db::schema::groups;
use crate::db::sql_types::PlannedAnew;
use crate::db::{Conn, each_backend, search};
use crate::error::Result;
use crate::http::page::Page;
use crate::http::text::containing;
use crate::types::{GroupId, Timestamp};

/// The owners of the group in the row of `groups` around it, in the words of the index `memberships_leading`.
const OWNERS: &str = "(SELECT count(*) FROM memberships WHERE memberships.group_id = groups.id
    AND memberships.role <> 'member' AND memberships.role = 'owner' AND memberships.state = 'active')";

/// Groups, the newest first; of the deleted, those deleted last.
pub fn list(conn: &mut Conn, query: &AdminGroupQuery, page: &Page<i64>) -> Result<Vec<AdminGroupRow>> {
    Ok(each_backend!(conn, DB => {
        let columns = (
            groups::id, groups::slug, groups::name, groups::visibility, groups::status, groups::member_count,
            groups::last_active_at, groups::created_at, groups::updated_at, groups::deleted_at, sql::<BigInt>(OWNERS),
        );
        let mut found = groups::table.select(columns).limit(page.rows()).into_boxed::<DB>();
        let status = query.status.unwrap_or(AdminGroupStatus::All);
        match status {
            AdminGroupStatus::Active => {
                found = found.filter(groups::deleted_at.is_null()).filter(groups::status.eq(GroupStatus::Active));
            }
            AdminGroupStatus::Archived => {
                found = found.filter(groups::deleted_at.is_null()).filter(groups::status.eq(GroupStatus::Archived));
            }
            AdminGroupStatus::Deleted => found = found.filter(groups::deleted_at.is_not_null()),
            AdminGroupStatus::All => {}
        }
        match query.owners {
            Some(OwnerCount::None) => found = found.filter(sql::<Bool>(OWNERS).sql(" = 0")),
            Some(OwnerCount::One) => found = found.filter(sql::<Bool>(OWNERS).sql(" = 1")),
            None => {}
        }
        if let Some(q) = &query.q {
            found = found.filter(groups::search_text.like(containing(q.as_str())).escape('\\')).filter(PlannedAnew);
        }
        let after = page.after.map(|(at, id)| (Timestamp::from_micros(at), GroupId::from(id)));
        if status == AdminGroupStatus::Deleted {
            let column = groups::deleted_at.assume_not_null();
            if let Some((at, id)) = after {
                found = found.filter(column.le(at).and(column.lt(at).or(groups::id.lt(id))));
            }
            found.order((groups::deleted_at.desc(), groups::id.desc())).load(conn)
        } else {
            let column = groups::created_at;
            if let Some((at, id)) = after {
                found = found.filter(column.le(at).and(column.lt(at).or(groups::id.lt(id))));
            }
            found.order((groups::created_at.desc(), groups::id.desc())).load(conn)
        }
    })?)
}

/// The place of a group in the order of [`list`].
#[must_use]
pub fn key(query: Option<AdminGroupStatus>, row: &AdminGroupRow) -> (i64, uuid::Uuid) {
    let at = row.deleted_at.filter(|_| query == Some(AdminGroupStatus::Deleted)).unwrap_or(row.created_at);
    (at.micros(), row.id.uuid())
}

/// Takes a deleted group back. Its slug is what its name suggests, since others may have taken the one that it had.
pub fn restore(conn: &mut Conn, id: GroupId, now: Timestamp) -> Result<()> {
    let row = groups::table.find(id).select((groups::name, groups::visibility));
    let (name, visibility): (String, Visibility) = each_backend!(conn => row.first(conn))?;
    if visibility != Visibility::Hidden {
        let slug = slugs::suggested(conn, &name, id)?.into_string();
        each_backend!(conn => diesel::update(groups::table.find(id)).set(groups::slug.eq(slug)).execute(conn))?;
    }
    let back = (groups::deleted_at.eq(None::<Timestamp>), groups::updated_at.eq(now), groups::changed_at.eq(now));
    each_backend!(conn => diesel::update(groups::table.find(id)).set(back).execute(conn))?;
    shares::follow(conn, id, (Visibility::Hidden, visibility), now)?;
    events::record(conn, &EventRow::of_group(EventKind::GroupRestored, id, now))?;
    groups_queries::index(conn, id)
}

/// Removes a group for good, with everything in it; its name, for the audit log.
pub fn purge(conn: &mut Conn, id: GroupId) -> Result<String> {
    let name: String = each_backend!(conn => groups::table.find(id).select(groups::name).first(conn))?;
    let within = groups::table.filter(groups::parent_id.eq(id));
    each_backend!(conn => diesel::update(within).set(groups::parent_id.eq(None::<GroupId>)).execute(conn))?;
    let before = groups::table.filter(groups::successor_id.eq(id));
    each_backend!(conn => diesel::update(before).set(groups::successor_id.eq(None::<GroupId>)).execute(conn))?;
    search::remove_of_group(conn, id.uuid())?;
    each_backend!(conn => diesel::delete(groups::table.find(id)).execute(conn))?;
    Ok(name)
}
