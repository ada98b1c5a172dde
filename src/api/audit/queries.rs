//! Every statement about the audit log. Rows are added, never changed: triggers refuse anything else.

use diesel::prelude::*;

use super::model::{AuditQuery, AuditRow, Entry, NamedAuditRow};
use crate::auth::actor::Actor;
use crate::db::schema::{audit_events, memberships, users};
use crate::db::sql_types::JsonList;
use crate::db::{Conn, each_backend};
use crate::error::Result;
use crate::http::page::Page;
use crate::types::{AuditEventId, Timestamp};

/// Records what somebody did; `None` stands for the program itself.
pub fn record(conn: &mut Conn, actor: Option<&Actor>, entry: Entry, now: Timestamp) -> Result<()> {
    let row = AuditRow {
        id: AuditEventId::new(),
        at: now,
        actor_id: actor.map(|actor| actor.user_id),
        action: entry.action,
        target_kind: entry.target_kind,
        target_id: entry.target_id,
        group_id: entry.group_id,
        changes: JsonList(entry.changes),
        reason: entry.reason,
        request_id: actor.map(|actor| actor.request_id.as_str().to_owned()),
    };
    each_backend!(conn => diesel::insert_into(audit_events::table).values(row).execute(conn))?;
    Ok(())
}

/// Entries, newest first. In a group's part people have the names that the group shows.
pub fn list(conn: &mut Conn, query: &AuditQuery, page: &Page<i64>) -> Result<Vec<NamedAuditRow>> {
    Ok(each_backend!(conn, DB => {
        let shown = memberships::group_id.nullable().eq(audit_events::group_id)
            .and(memberships::user_id.nullable().eq(audit_events::actor_id));
        let mut listed = audit_events::table
            .left_join(users::table.on(users::id.nullable().eq(audit_events::actor_id)))
            .left_join(memberships::table.on(shown))
            .select((AuditRow::as_select(), users::display_name.nullable(), memberships::display_name.nullable()))
            .limit(page.rows())
            .into_boxed::<DB>();
        if let Some(actor) = query.actor_id {
            listed = listed.filter(audit_events::actor_id.eq(actor));
        }
        if let Some(action) = query.action {
            listed = listed.filter(audit_events::action.eq(action));
        }
        if let Some(target) = query.target_id {
            listed = listed.filter(audit_events::target_id.eq(target));
        }
        if let Some(group) = query.group_id {
            listed = listed.filter(audit_events::group_id.eq(group));
        }
        if let Some(since) = query.since {
            listed = listed.filter(audit_events::at.ge(since));
        }
        if let Some(until) = query.until {
            listed = listed.filter(audit_events::at.lt(until));
        }
        if let Some((at, id)) = page.after {
            let (at, id) = (Timestamp::from_micros(at), AuditEventId::from(id));
            listed = listed
                .filter(audit_events::at.le(at).and(audit_events::at.lt(at).or(audit_events::id.lt(id))));
        }
        let rows: Vec<(AuditRow, Option<String>, Option<String>)> =
            listed.order((audit_events::at.desc(), audit_events::id.desc())).load(conn)?;
        let is_group = query.group_id.is_some();
        Ok::<_, diesel::result::Error>(rows.into_iter().map(|(row, account, shown)| NamedAuditRow {
            row,
            actor_name: shown.filter(|_| is_group).or(account),
        }).collect())
    })?)
}

/// The place of an entry in the order of [`list`].
#[must_use]
pub fn key(event: &NamedAuditRow) -> (i64, uuid::Uuid) {
    (event.row.at.micros(), event.row.id.uuid())
}
