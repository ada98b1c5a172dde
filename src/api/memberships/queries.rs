//! Every statement about memberships. [`change`] is the only one that moves a person from state to state: it keeps the row,
//! the count and the history together.

use std::time::Duration;

use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::access::Access;
use super::model::{Candidate, MemberQuery, MemberRow, MemberSort, Membership, Role, State};
use crate::db::schema::{groups, membership_events, memberships, users};
use crate::db::{Conn, each_backend};
use crate::error::Result;
use crate::http::page::{Key, Page};
use crate::http::text::{containing, folded};
use crate::types::{GroupId, MembershipEventId, Timestamp, UserId};

/// A person's membership in a group.
pub fn find(conn: &mut Conn, group: GroupId, user: UserId) -> Result<Option<Membership>> {
    let row = memberships::table.find((group, user));
    Ok(each_backend!(conn => row.select(Membership::as_select()).first(conn).optional())?)
}

/// A person's membership in a group, joined to the person.
pub fn find_member(conn: &mut Conn, group: GroupId, user: UserId) -> Result<Option<MemberRow>> {
    let row = memberships::table.find((group, user)).inner_join(users::table);
    Ok(each_backend!(conn => row.select(MemberRow::as_select()).first(conn).optional())?)
}

/// The members of a group in one state.
pub fn list(conn: &mut Conn, access: &Access, query: &MemberQuery, page: &Page<Key>) -> Result<Vec<MemberRow>> {
    let group = access.group_id();
    Ok(each_backend!(conn, DB => {
        let mut members = memberships::table
            .inner_join(users::table)
            .filter(memberships::group_id.eq(group))
            .filter(memberships::state.eq(query.state.unwrap_or(State::Active)))
            .select(MemberRow::as_select())
            .limit(page.rows())
            .into_boxed::<DB>();
        if let Some(role) = query.role {
            members = members.filter(memberships::role.eq(role));
        }
        if let Some(q) = &query.q {
            members = members.filter(memberships::name_order.like(containing(q.as_str())).escape('\\'));
        }
        let after = page.after.as_ref().map(|(key, id)| (key, UserId::from(*id)));
        let members = match query.sort.unwrap_or(MemberSort::Joined) {
            MemberSort::Joined => {
                if let Some((key, id)) = after {
                    let (at, column) = (key.instant()?, memberships::joined_order);
                    members = members.filter(column.le(at).and(column.lt(at).or(memberships::user_id.lt(id))));
                }
                members.order((memberships::joined_order.desc(), memberships::user_id.desc()))
            }
            MemberSort::Active => {
                if let Some((key, id)) = after {
                    let (at, column) = (key.instant()?, memberships::contributed_order);
                    members = members.filter(column.le(at).and(column.lt(at).or(memberships::user_id.lt(id))));
                }
                members.order((memberships::contributed_order.desc(), memberships::user_id.desc()))
            }
            MemberSort::Name => {
                if let Some((key, id)) = after {
                    let (name, column) = (key.text()?.to_owned(), memberships::name_order);
                    members = members
                        .filter(column.ge(name.clone()).and(column.gt(name).or(memberships::user_id.gt(id))));
                }
                members.order((memberships::name_order.asc(), memberships::user_id.asc()))
            }
        };
        members.load(conn)
    })?)
}

/// Those who ask to join, who waits longest first.
pub fn list_requests(conn: &mut Conn, access: &Access, page: &Page<Key>) -> Result<Vec<MemberRow>> {
    let group = access.group_id();
    Ok(each_backend!(conn, DB => {
        let mut requests = memberships::table
            .inner_join(users::table)
            .filter(memberships::group_id.eq(group))
            .filter(memberships::state.eq(State::Requested))
            .select(MemberRow::as_select())
            .into_boxed::<DB>();
        if let Some((key, id)) = &page.after {
            let (at, id, column) = (key.instant()?, UserId::from(*id), memberships::joined_order);
            requests = requests.filter(column.ge(at).and(column.gt(at).or(memberships::user_id.gt(id))));
        }
        requests.order((memberships::joined_order.asc(), memberships::user_id.asc())).limit(page.rows()).load(conn)
    })?)
}

/// The place of a row in the order of [`list`].
pub fn key(sort: MemberSort, member: &MemberRow) -> Key {
    let row = &member.membership;
    match sort {
        MemberSort::Joined if row.state == State::Requested => Key::of(row.requested_at.unwrap_or(row.created_at)),
        MemberSort::Joined => Key::of(row.joined_at.unwrap_or(row.created_at)),
        MemberSort::Active => row.last_contributed_at.map_or(Key::NEVER, Key::of),
        MemberSort::Name => Key::Text(row.name_order.clone()),
    }
}

/// Facilitators and owners, in the words of the index `memberships_leading`, which a bound value would not match.
fn leads() -> diesel::expression::SqlLiteral<Bool> {
    diesel::dsl::sql("memberships.role <> 'member'")
}

/// How many people own a group.
pub fn owners(conn: &mut Conn, group: GroupId) -> Result<i64> {
    let owners = memberships::table
        .filter(memberships::group_id.eq(group))
        .filter(memberships::role.eq(Role::Owner))
        .filter(leads())
        .filter(memberships::state.eq(State::Active));
    Ok(each_backend!(conn => owners.count().get_result(conn))?)
}

/// Up to ten members who could own a group after somebody: facilitators first, then who joined first.
pub fn candidates(conn: &mut Conn, group: GroupId, after: UserId) -> Result<Vec<Candidate>> {
    let others = memberships::table
        .inner_join(users::table)
        .filter(memberships::group_id.eq(group))
        .filter(memberships::state.eq(State::Active))
        .filter(memberships::user_id.ne(after));
    let leading: Vec<MemberRow> = each_backend!(conn => others
        .select(MemberRow::as_select())
        .filter(leads())
        .order(memberships::joined_order.asc())
        .limit(10)
        .load(conn))?;
    let rest = 10_i64.saturating_sub(i64::try_from(leading.len()).unwrap_or(10));
    let members: Vec<MemberRow> = each_backend!(conn => others
        .select(MemberRow::as_select())
        .filter(memberships::role.eq(Role::Member))
        .order((memberships::joined_order.asc(), memberships::user_id.asc()))
        .limit(rest)
        .load(conn))?;
    let candidate = |row: &MemberRow| {
        let person = row.person();
        Candidate { id: person.id, display_name: person.display_name, role: row.membership.role }
    };
    Ok(leading.iter().chain(&members).map(candidate).collect())
}

/// One step of a membership: from where, to where, by whom and why.
#[derive(Debug, Clone)]
pub struct Change {
    /// The group.
    pub group_id: GroupId,
    /// The person.
    pub user_id: UserId,
    /// Who does it; `None` for the program itself.
    pub actor: Option<UserId>,
    /// The membership as it was read in this transaction.
    pub before: Option<Membership>,
    /// The role from now on.
    pub role: Role,
    /// The state from now on.
    pub state: State,
    /// What the person wrote with a request.
    pub message: Option<String>,
    /// Why.
    pub reason: Option<String>,
}

/// Takes the step: the row, the group's count and the history, together. The caller holds the group's lock.
pub fn change(conn: &mut Conn, change: &Change, now: Timestamp) -> Result<Membership> {
    let before = change.before.as_ref();
    // the lock may have been waited for while others took the step before
    let now = before.map_or(now, |row| now.max(row.updated_at.after(Duration::from_micros(1))));
    let was_active = before.is_some_and(|row| row.state == State::Active);
    let is_active = change.state == State::Active;
    let joined_at = if is_active && !was_active { Some(now) } else { before.and_then(|row| row.joined_at) };
    let is_request = change.state == State::Requested;
    let account_name: String = each_backend!(conn => users::table
        .find(change.user_id)
        .select(users::display_name)
        .first(conn))?;
    let display_name = before.and_then(|row| row.display_name.clone());
    let row = Membership {
        group_id: change.group_id,
        user_id: change.user_id,
        role: change.role,
        state: change.state,
        name_order: folded(display_name.as_deref().unwrap_or(&account_name)),
        display_name,
        message: if is_request { change.message.clone() } else { before.and_then(|row| row.message.clone()) },
        decision_reason: if is_active || is_request { None } else { change.reason.clone() },
        requested_at: if is_request { Some(now) } else { before.and_then(|row| row.requested_at) },
        joined_at,
        last_contributed_at: before.and_then(|row| row.last_contributed_at),
        created_at: before.map_or(now, |row| row.created_at),
        updated_at: now,
    };
    write(conn, &row)?;
    log(conn, change, now)?;
    count(conn, change.group_id, i32::from(is_active) - i32::from(was_active))?;
    Ok(row)
}

fn write(conn: &mut Conn, row: &Membership) -> Result<()> {
    let fields = (
        memberships::role.eq(row.role),
        memberships::state.eq(row.state),
        memberships::message.eq(row.message.clone()),
        memberships::decision_reason.eq(row.decision_reason.clone()),
        memberships::requested_at.eq(row.requested_at),
        memberships::joined_at.eq(row.joined_at),
        memberships::updated_at.eq(row.updated_at),
        memberships::name_order.eq(row.name_order.clone()),
    );
    each_backend!(conn => diesel::insert_into(memberships::table)
        .values(row)
        .on_conflict((memberships::group_id, memberships::user_id))
        .do_update()
        .set(fields)
        .execute(conn))?;
    Ok(())
}

fn log(conn: &mut Conn, change: &Change, now: Timestamp) -> Result<()> {
    let before = change.before.as_ref();
    let event = (
        membership_events::id.eq(MembershipEventId::new()),
        membership_events::group_id.eq(change.group_id),
        membership_events::user_id.eq(change.user_id),
        membership_events::actor_id.eq(change.actor),
        membership_events::at.eq(now),
        membership_events::from_state.eq(before.map(|row| row.state)),
        membership_events::to_state.eq(change.state),
        membership_events::from_role.eq(before.map(|row| row.role)),
        membership_events::to_role.eq(change.role),
        membership_events::reason.eq(change.reason.clone()),
    );
    each_backend!(conn => diesel::insert_into(membership_events::table).values(event).execute(conn))?;
    Ok(())
}

fn count(conn: &mut Conn, group: GroupId, by: i32) -> Result<()> {
    if by != 0 {
        each_backend!(conn => diesel::update(groups::table.find(group))
            .set(groups::member_count.eq(groups::member_count + by))
            .execute(conn))?;
    }
    Ok(())
}

/// Sorts and finds a person by a new name wherever a group has no name of its own for them.
pub fn rename(conn: &mut Conn, user: UserId, name: &str) -> Result<()> {
    let by_account =
        memberships::table.filter(memberships::user_id.eq(user)).filter(memberships::display_name.is_null());
    each_backend!(conn => diesel::update(by_account).set(memberships::name_order.eq(folded(name))).execute(conn))?;
    Ok(())
}

/// Locks a group's row until the transaction ends (SQLite has one writer, which is lock enough) and says when it was deleted.
pub fn lock_group(conn: &mut Conn, group: GroupId) -> Result<Option<Timestamp>> {
    let row = groups::table.find(group).select(groups::deleted_at);
    Ok(match conn {
        Conn::Sqlite(conn) => row.first(conn)?,
        Conn::Postgres(conn) => row.for_no_key_update().first(conn)?,
    })
}

/// Forgets what is personal in a person's memberships; their name is that of the account.
pub fn forget(conn: &mut Conn, user: UserId) -> Result<()> {
    let name: String = each_backend!(conn => users::table.find(user).select(users::display_name).first(conn))?;
    let cleared = (
        memberships::display_name.eq(None::<String>),
        memberships::message.eq(None::<String>),
        memberships::decision_reason.eq(None::<String>),
        memberships::name_order.eq(folded(&name)),
    );
    let all = memberships::table.filter(memberships::user_id.eq(user));
    each_backend!(conn => diesel::update(all).set(cleared).execute(conn))?;
    Ok(())
}

/// The groups in which a person is active, asks to be, or is asked to be, in one order for all who lock them.
pub fn open_of(conn: &mut Conn, user: UserId) -> Result<Vec<GroupId>> {
    let open = memberships::table
        .filter(memberships::user_id.eq(user))
        .filter(memberships::state.eq_any([State::Active, State::Requested, State::Invited]))
        .order(memberships::group_id.asc())
        .select(memberships::group_id);
    Ok(each_backend!(conn => open.load(conn))?)
}
