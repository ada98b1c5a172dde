//! Every statement about invitations. Whoever changes one holds the lock of its group.

use std::collections::HashMap;

use diesel::prelude::*;

use super::model::{InvitationKind, InvitationQuery, InvitationRow, InvitationState, NamedInvitation};
use crate::api::groups::model::{Found, GroupRow};
use crate::api::memberships;
use crate::api::memberships::access::{Access, visible};
use crate::api::memberships::model::{Held, State};
use crate::api::memberships::queries::{Change, lock_group};
use crate::auth::actor::Viewer;
use crate::db::schema::{groups, invitations, memberships as members, users};
use crate::db::{Conn, each_backend};
use crate::error::Result;
use crate::http::page::Page;
use crate::types::{GroupId, InvitationId, Timestamp, UserId};

/// Adds an invitation.
pub fn insert(conn: &mut Conn, row: &InvitationRow) -> Result<()> {
    each_backend!(conn => diesel::insert_into(invitations::table).values(row).execute(conn))?;
    Ok(())
}

/// A group's invitation, with the name of the person.
pub fn get(conn: &mut Conn, group: GroupId, id: InvitationId) -> Result<NamedInvitation> {
    let shown = members::group_id.eq(invitations::group_id).and(members::user_id.nullable().eq(invitations::user_id));
    Ok(each_backend!(conn => invitations::table
        .left_join(users::table.on(users::id.nullable().eq(invitations::user_id)))
        .left_join(members::table.on(shown))
        .filter(invitations::id.eq(id))
        .filter(invitations::group_id.eq(group))
        .select((InvitationRow::as_select(), users::display_name.nullable(), members::display_name.nullable()))
        .first(conn))?)
}

/// A group's invitations, the newest first: those that one person made, or all.
pub fn list(
    conn: &mut Conn,
    access: &Access,
    by: Option<UserId>,
    query: &InvitationQuery,
    page: &Page<i64>,
) -> Result<Vec<NamedInvitation>> {
    let group = access.group_id();
    let shown = members::group_id.eq(invitations::group_id).and(members::user_id.nullable().eq(invitations::user_id));
    Ok(each_backend!(conn, DB => {
        let mut listed = invitations::table
            .left_join(users::table.on(users::id.nullable().eq(invitations::user_id)))
            .left_join(members::table.on(shown))
            .filter(invitations::group_id.eq(group))
            .select((InvitationRow::as_select(), users::display_name.nullable(), members::display_name.nullable()))
            .limit(page.rows())
            .into_boxed::<DB>();
        if let Some(by) = by {
            listed = listed.filter(invitations::created_by.eq(by));
        }
        if let Some(state) = query.state {
            listed = listed.filter(invitations::state.eq(state));
        }
        if let Some(kind) = query.kind {
            listed = listed.filter(invitations::kind.eq(kind));
        }
        if let Some((at, id)) = page.after {
            let (at, id, column) = (Timestamp::from_micros(at), InvitationId::from(id), invitations::created_at);
            listed = listed.filter(column.le(at).and(column.lt(at).or(invitations::id.lt(id))));
        }
        listed.order((invitations::created_at.desc(), invitations::id.desc())).load(conn)
    })?)
}

/// The place of an invitation in the order of [`list`].
#[must_use]
pub fn key(invitation: &NamedInvitation) -> (i64, uuid::Uuid) {
    (invitation.row.created_at.micros(), invitation.row.id.uuid())
}

/// The invitation that a token opens.
pub fn find(conn: &mut Conn, token_hash: &[u8]) -> Result<InvitationRow> {
    let by_token = invitations::table.filter(invitations::token_hash.eq(token_hash));
    Ok(each_backend!(conn => by_token.select(InvitationRow::as_select()).first(conn))?)
}

/// What leads to a group that is deleted leads nowhere.
pub fn refuse_deleted_group(conn: &mut Conn, group: GroupId) -> Result<()> {
    let in_place = groups::table.find(group).filter(groups::deleted_at.is_null()).select(groups::id);
    Ok(each_backend!(conn => in_place.first::<GroupId>(conn)).map(drop)?)
}

/// Whether an address has an open invitation to the group.
pub fn is_invited(conn: &mut Conn, group: GroupId, email: &str, now: Timestamp) -> Result<bool> {
    let open = invitations::table
        .filter(invitations::group_id.eq(group))
        .filter(invitations::email.eq(email))
        .filter(invitations::state.eq(InvitationState::Open))
        .filter(invitations::expires_at.gt(now));
    Ok(each_backend!(conn => diesel::select(diesel::dsl::exists(open)).get_result(conn))?)
}

/// The invitation was accepted once more; at the last time it is over.
pub fn use_up(conn: &mut Conn, row: &InvitationRow, now: Timestamp) -> Result<()> {
    let uses = row.uses + 1;
    let is_over = row.kind == InvitationKind::Email || row.max_uses.is_some_and(|max| uses >= max);
    let state = if is_over { InvitationState::Accepted } else { InvitationState::Open };
    let used = (
        invitations::uses.eq(uses),
        invitations::state.eq(state),
        invitations::settled_at.eq(Some(now).filter(|_| is_over)),
    );
    each_backend!(conn => diesel::update(invitations::table.find(row.id)).set(used).execute(conn))?;
    Ok(())
}

/// Forgets what invitations hold of a person who goes: their address and what was written to them. Those of the address that
/// are open end.
pub fn forget(conn: &mut Conn, user: UserId, email: Option<&str>, now: Timestamp) -> Result<()> {
    let nothing = || (invitations::email.eq(None::<String>), invitations::message.eq(None::<String>));
    let theirs = invitations::table.filter(invitations::user_id.eq(user));
    each_backend!(conn => diesel::update(theirs).set(nothing()).execute(conn))?;
    let written = invitations::table.filter(invitations::created_by.eq(user));
    each_backend!(conn => diesel::update(written).set(invitations::message.eq(None::<String>)).execute(conn))?;
    let Some(email) = email else { return Ok(()) };
    let ended = (invitations::state.eq(InvitationState::Revoked), invitations::settled_at.eq(now));
    let open =
        invitations::table.filter(invitations::email.eq(email)).filter(invitations::state.eq(InvitationState::Open));
    each_backend!(conn => diesel::update(open).set(ended).execute(conn))?;
    let addressed = invitations::table.filter(invitations::email.eq(email));
    each_backend!(conn => diesel::update(addressed).set(nothing()).execute(conn))?;
    Ok(())
}

/// Ends an invitation that is opened by a token.
pub fn settle(conn: &mut Conn, id: InvitationId, state: InvitationState, now: Timestamp) -> Result<()> {
    let settled = (invitations::state.eq(state), invitations::settled_at.eq(now));
    each_backend!(conn => diesel::update(invitations::table.find(id)).set(settled).execute(conn))?;
    Ok(())
}

/// Gives an invitation a new end and, where it has a token, a new one: the one before opens nothing.
pub fn renew(conn: &mut Conn, id: InvitationId, token_hash: Option<Vec<u8>>, expires_at: Timestamp) -> Result<()> {
    let renewed = (token_hash.map(|hash| invitations::token_hash.eq(hash)), invitations::expires_at.eq(expires_at));
    each_backend!(conn => diesel::update(invitations::table.find(id)).set(renewed).execute(conn))?;
    Ok(())
}

/// A person's open invitations, to groups that they may know of, the newest first.
pub fn list_mine(conn: &mut Conn, viewer: &Viewer, page: &Page<i64>) -> Result<Vec<(InvitationRow, Found)>> {
    let held = members::group_id.eq(groups::id).and(members::user_id.eq(viewer.user_id()));
    Ok(each_backend!(conn, DB => {
        let mut mine = invitations::table
            .inner_join(groups::table)
            .left_join(members::table.on(held))
            .filter(invitations::user_id.eq(viewer.user_id()))
            .filter(invitations::state.eq(InvitationState::Open))
            .filter(visible!(viewer))
            .select((InvitationRow::as_select(), (GroupRow::as_select(), Option::<Held>::as_select())))
            .limit(page.rows())
            .into_boxed::<DB>();
        if let Some((_, id)) = page.after {
            mine = mine.filter(invitations::id.lt(InvitationId::from(id)));
        }
        mine.order(invitations::id.desc()).load(conn)
    })?)
}

/// The names that groups show for those who invite, by group and person.
pub fn inviters(conn: &mut Conn, rows: &[&InvitationRow]) -> Result<HashMap<(GroupId, UserId), String>> {
    let people: Vec<UserId> = rows.iter().map(|row| row.created_by).collect();
    let within: Vec<GroupId> = rows.iter().map(|row| row.group_id).collect();
    let accounts = users::table.filter(users::id.eq_any(&people)).select((users::id, users::display_name));
    let accounts: HashMap<UserId, String> =
        each_backend!(conn => accounts.load::<(UserId, String)>(conn))?.into_iter().collect();
    let shown = members::table
        .filter(members::group_id.eq_any(within))
        .filter(members::user_id.eq_any(&people))
        .filter(members::display_name.is_not_null())
        .select((members::group_id, members::user_id, members::display_name.assume_not_null()));
    let shown: HashMap<(GroupId, UserId), String> =
        each_backend!(conn => shown.load::<(GroupId, UserId, String)>(conn))?
            .into_iter()
            .map(|(group, user, name)| ((group, user), name))
            .collect();
    let name = |row: &&InvitationRow| {
        let place = (row.group_id, row.created_by);
        Some((place, shown.get(&place).or_else(|| accounts.get(&row.created_by))?.clone()))
    };
    Ok(rows.iter().filter_map(name).collect())
}

/// Ends the invitations whose time has come; how many there were. For a job: the caller is a transaction of its own.
pub fn expire_due(conn: &mut Conn, now: Timestamp) -> Result<usize> {
    let due = invitations::table
        .filter(invitations::state.eq(InvitationState::Open))
        .filter(invitations::expires_at.le(now))
        .select((invitations::group_id, invitations::id))
        .limit(500);
    let mut due: Vec<(GroupId, InvitationId)> = each_backend!(conn => due.load(conn))?;
    // one order for all who lock groups
    due.sort_unstable();
    let mut expired = 0;
    for (group, id) in due {
        lock_group(conn, group)?;
        let row = get(conn, group, id)?.row;
        if row.state != InvitationState::Open || row.expires_at > now {
            continue;
        }
        let before = row.user_id.map(|user| memberships::queries::find(conn, group, user)).transpose()?.flatten();
        match before.filter(|row| row.state == State::Invited) {
            Some(before) => {
                let change = Change::new(group, before.user_id, None, Some(before), State::Removed);
                memberships::queries::change(conn, &change, now)?;
            }
            None => settle(conn, id, InvitationState::Expired, now)?,
        }
        expired += 1;
    }
    Ok(expired)
}
