//! Every statement about memberships. [`change`] is the only one that moves a person from state to state: it keeps the row,
//! the count and the history together.

use std::time::Duration;

use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::access::Access;
use super::activity;
use super::model::{
    Answer, Candidate, EntryTerms, GroupStatus, MemberQuery, MemberRow, MemberSort, Membership, MembershipEventRow,
    NamedEvent, NotificationLevel, Reason, Role, State,
};
use crate::api::audit;
use crate::api::audit::model::{AuditAction, AuditChange, Entry};
use crate::api::events::{self, EventKind, EventRow};
use crate::api::notices;
use crate::api::notices::model::{Notice, NoticeKind};
use crate::api::users::model::{DisplayName, UserStatus};
use crate::auth::actor::Actor;
use crate::db::schema::{
    group_domains, groups, invitations, membership_events, memberships, ownership_offers, submissions, users,
};
use crate::db::sql_types::{JsonList, PlannedAnew, TextEnum as _};
use crate::db::{Conn, each_backend, insert_all};
use crate::error::{Code, Error, Result};
use crate::http::changes::{Gone, Span};
use crate::http::page::{Key, Page};
use crate::http::text::{Slug, containing, folded};
use crate::types::{CommentId, GroupId, InvitationId, MembershipEventId, PostId, Timestamp, UserId};

/// A person's membership in a group.
pub fn find(conn: &mut Conn, group: GroupId, user: UserId) -> Result<Option<Membership>> {
    let row = memberships::table.find((group, user));
    Ok(each_backend!(conn => row.select(Membership::as_select()).first(conn).optional())?)
}

/// Those who lead a group and want to hear from it.
pub fn leaders(conn: &mut Conn, group: GroupId) -> Result<Vec<UserId>> {
    let leaders = memberships::table
        .filter(memberships::group_id.eq(group))
        // in the words of the index `memberships_leading`, which a bound value would not match
        .filter(diesel::dsl::sql::<Bool>("memberships.role <> 'member'"))
        .filter(memberships::state.eq(State::Active))
        .filter(memberships::notification_level.eq(NotificationLevel::All))
        .select(memberships::user_id);
    Ok(each_backend!(conn => leaders.load(conn))?)
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
            members = members.filter(memberships::name_order.like(containing(q.as_str())).escape('\\')).filter(PlannedAnew);
        }
        if let Some(skill) = &query.skill {
            let pattern = containing(&format!("\n{}\n", skill.as_str()));
            members = members.filter(users::skills_search.like(pattern).escape('\\')).filter(PlannedAnew);
            members = members.filter(memberships::display_name.is_null());
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

/// The members of a group whose membership has changed in a span, and who is none any more since.
pub fn list_changed(conn: &mut Conn, access: &Access, span: &Span) -> Result<(Vec<MemberRow>, Vec<Gone>)> {
    let (group, (at, id)) = (access.group_id(), (span.after.0, UserId::from(span.after.1)));
    let behind = memberships::updated_at.ge(at).and(memberships::updated_at.gt(at).or(memberships::user_id.gt(id)));
    let changed = memberships::table
        .inner_join(users::table)
        .filter(memberships::group_id.eq(group))
        .filter(memberships::state.eq(State::Active))
        .filter(behind)
        .filter(memberships::updated_at.le(span.until))
        .order((memberships::updated_at.asc(), memberships::user_id.asc()))
        .limit(span.rows);
    let changed = each_backend!(conn => changed.select(MemberRow::as_select()).load(conn))?;
    let former = memberships::table
        .filter(memberships::group_id.eq(group))
        .filter(memberships::state.ne(State::Active))
        .filter(memberships::joined_at.is_not_null())
        .filter(behind)
        .filter(memberships::updated_at.le(span.until))
        .order((memberships::updated_at.asc(), memberships::user_id.asc()))
        .limit(span.rows)
        .select((memberships::user_id, memberships::updated_at));
    let former: Vec<(UserId, Timestamp)> = each_backend!(conn => former.load(conn))?;
    let gone = |(user, deleted_at): (UserId, Timestamp)| Gone { id: user.uuid().into(), deleted_at };
    Ok((changed, former.into_iter().map(gone).collect()))
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
        .order((memberships::joined_order.asc(), memberships::user_id.asc()))
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
    group_id: GroupId,
    user_id: UserId,
    actor: Option<Actor>,
    before: Option<Membership>,
    role: Role,
    state: State,
    entry: Option<Entering>,
    role_ends_at: Option<Timestamp>,
    banned_until: Option<Timestamp>,
    reason: Option<String>,
    private_note: Option<String>,
    invitation_id: Option<InvitationId>,
}

/// What somebody brings who comes in or asks to.
#[derive(Debug, Clone, Default)]
pub struct Entering {
    /// What they wrote.
    pub message: Option<String>,
    /// What they answered.
    pub answers: Vec<Answer>,
    /// The version of the rules that they accept.
    pub accepted_rules_version: Option<i32>,
    /// The name that the group shows.
    pub display_name: Option<String>,
}

impl Change {
    /// A step of this person's to this state. `actor` is who takes it, `None` the program itself; `before` is the membership
    /// as it was read in this transaction. The role stays while the person stays a member; whoever comes back is a member.
    #[must_use]
    pub fn new(group: GroupId, user: UserId, actor: Option<Actor>, before: Option<Membership>, state: State) -> Self {
        let kept = before.as_ref().filter(|row| row.state == State::Active || state != State::Active);
        let role = kept.map_or(Role::Member, |row| row.role);
        let role_ends_at = kept.and_then(|row| row.role_ends_at).filter(|_| state == State::Active);
        let (entry, banned_until, reason, private_note, invitation_id) = (None, None, None, None, None);
        Self {
            group_id: group,
            user_id: user,
            actor,
            before,
            role,
            state,
            entry,
            role_ends_at,
            banned_until,
            reason,
            private_note,
            invitation_id,
        }
    }

    /// With this role, which may end by itself.
    #[must_use]
    pub fn with_role(mut self, role: Role, ends_at: Option<Timestamp>) -> Self {
        (self.role, self.role_ends_at) = (role, ends_at);
        self
    }

    /// With a ban that may end by itself.
    #[must_use]
    pub fn with_ban_until(mut self, until: Option<Timestamp>) -> Self {
        self.banned_until = until;
        self
    }

    /// With what the person brings.
    #[must_use]
    pub fn with_entry(mut self, entry: Entering) -> Self {
        self.entry = Some(entry);
        self
    }

    /// By this link or e-mail.
    #[must_use]
    pub fn by_invitation(mut self, invitation: InvitationId) -> Self {
        self.invitation_id = Some(invitation);
        self
    }

    /// With why, and with a note for those who decide.
    #[must_use]
    pub fn because(mut self, reason: Option<&Reason>, private_note: Option<&Reason>) -> Self {
        self.reason = reason.map(|reason| reason.as_str().to_owned());
        self.private_note = private_note.map(|note| note.as_str().to_owned());
        self
    }

    fn is_by_others(&self) -> bool {
        self.actor.is_none_or(|actor| actor.user_id != self.user_id)
    }

    /// The row that the step leads to.
    fn row(&self, account_name: &str, now: Timestamp) -> Membership {
        let before = self.before.as_ref();
        let was_active = before.is_some_and(|row| row.state == State::Active);
        let is_active = self.state == State::Active;
        let is_request = self.state == State::Requested;
        let entry = self.entry.as_ref();
        let given_name = entry.and_then(|entry| entry.display_name.clone());
        let display_name = given_name.or_else(|| before.and_then(|row| row.display_name.clone()));
        let kept_handle = before.filter(|row| row.display_name == display_name).and_then(|row| row.handle.clone());
        let handle = kept_handle.or_else(|| display_name.as_deref().map(handle_of));
        let accepted = entry.and_then(|entry| entry.accepted_rules_version);
        // a change within a state, as of a ban's end, leaves what was said about the state
        let same = before.filter(|row| row.state == self.state);
        let reason = self.reason.clone().or_else(|| same.and_then(|row| row.decision_reason.clone()));
        let private_note = self.private_note.clone().or_else(|| same.and_then(|row| row.private_note.clone()));
        let is_decision = self.is_by_others() && before.map(|row| row.state) != Some(self.state);
        let brings = entry.filter(|_| is_request);
        Membership {
            group_id: self.group_id,
            user_id: self.user_id,
            role: self.role,
            state: self.state,
            name_order: folded(display_name.as_deref().unwrap_or(account_name)),
            display_name,
            message: brings.map_or_else(|| before.and_then(|row| row.message.clone()), |entry| entry.message.clone()),
            answers: entry.filter(|entry| is_request || !entry.answers.is_empty()).map_or_else(
                || before.map_or_else(|| JsonList(Vec::new()), |row| row.answers.clone()),
                |entry| JsonList(entry.answers.clone()),
            ),
            decision_reason: reason.filter(|_| !is_active && !is_request),
            private_note: private_note.filter(|_| !is_request),
            decided_by: match (is_decision, is_request) {
                (true, _) => self.actor.map(|actor| actor.user_id),
                (false, true) => None,
                (false, false) => before.and_then(|row| row.decided_by),
            },
            decided_at: match (is_decision, is_request) {
                (true, _) => Some(now),
                (false, true) => None,
                (false, false) => before.and_then(|row| row.decided_at),
            },
            banned_until: self.banned_until.filter(|_| self.state == State::Banned),
            role_ends_at: self.role_ends_at.filter(|_| is_active && self.role != Role::Member),
            accepted_rules_version: accepted.or_else(|| before.and_then(|row| row.accepted_rules_version)),
            rules_accepted_at: accepted.map(|_| now).or_else(|| before.and_then(|row| row.rules_accepted_at)),
            requested_at: if is_request { Some(now) } else { before.and_then(|row| row.requested_at) },
            joined_at: if is_active && !was_active { Some(now) } else { before.and_then(|row| row.joined_at) },
            last_contributed_at: before.and_then(|row| row.last_contributed_at),
            created_at: before.map_or(now, |row| row.created_at),
            updated_at: now,
            read_until: before.and_then(|row| row.read_until),
            notification_level: before.map_or(NotificationLevel::All, |row| row.notification_level),
            handle,
        }
    }

    /// What the history says.
    fn event(&self, now: Timestamp) -> MembershipEventRow {
        MembershipEventRow {
            id: MembershipEventId::new(),
            group_id: self.group_id,
            user_id: self.user_id,
            actor_id: self.actor.map(|actor| actor.user_id),
            at: now,
            from_state: self.before.as_ref().map(|row| row.state),
            to_state: self.state,
            from_role: self.before.as_ref().map(|row| row.role),
            to_role: self.role,
            reason: self.reason.clone(),
            private_note: self.private_note.clone(),
            post_id: None,
            comment_id: None,
            invitation_id: self.invitation_id,
        }
    }

    /// What the audit log says; `None` for what people do for themselves, and for what changes nothing that it names.
    fn audited(&self) -> Option<Entry> {
        let (from, from_role) = self.before.as_ref().map_or((None, None), |row| (Some(row.state), Some(row.role)));
        let action = match (from, self.state) {
            _ if !self.is_by_others() => return None,
            (Some(State::Active), State::Active) if from_role != Some(self.role) => AuditAction::RoleChanged,
            (Some(State::Active), State::Active) => AuditAction::RoleTermChanged,
            (Some(State::Requested | State::Declined), State::Active) => AuditAction::RequestApproved,
            (_, State::Active) => AuditAction::MemberAdded,
            (_, State::Invited) => AuditAction::MemberInvited,
            (_, State::Declined) => AuditAction::RequestDeclined,
            (_, State::Banned) => AuditAction::MemberBanned,
            (Some(State::Banned), State::Removed) => AuditAction::BanLifted,
            (Some(State::Invited), State::Removed) => AuditAction::InvitationRevoked,
            (_, State::Removed) => AuditAction::MemberRemoved,
            (_, State::Requested | State::Left) => return None,
        };
        let text = |role: Option<Role>| role.map(Role::as_str);
        let time = |at: Option<Timestamp>| at.map(|at| at.to_string());
        let (ended, ends) = (time(self.before.as_ref().and_then(|row| row.role_ends_at)), time(self.role_ends_at));
        let changes = [
            AuditChange::new("state", from.map(State::as_str), Some(self.state.as_str())),
            AuditChange::new("role", text(from_role), text(Some(self.role))),
            AuditChange::new("role_ends_at", ended.as_deref(), ends.as_deref()),
            AuditChange::new("banned_until", None, time(self.banned_until).as_deref()),
        ];
        let changed = changes.into_iter().filter(|change| change.before != change.after).collect();
        let entry = Entry::user(action, self.user_id).within(self.group_id).with_changes(changed);
        Some(entry.with_reason(self.reason.as_deref()))
    }
}

/// What mentions somebody by a name of the group's own. Its end is drawn by lot, so that no two in a group are the same and
/// none tells of another.
fn handle_of(name: &str) -> String {
    Slug::from_name(name, "member").with_lot().into_string()
}

/// What a step is for programs that listen; nothing where others do not learn of it.
fn happened(before: Option<&Membership>, change: &Change) -> Option<EventKind> {
    let was = before.map(|row| row.state);
    match (was == Some(State::Active), change.state) {
        (false, State::Active) => Some(EventKind::MemberJoined),
        (true, State::Active) => before.filter(|row| row.role != change.role).map(|_| EventKind::MemberUpdated),
        (true, _) => Some(EventKind::MemberLeft),
        (false, State::Requested) => (was != Some(State::Requested)).then_some(EventKind::MemberRequested),
        (false, _) => None,
    }
}

/// Takes the step: the row, the group's count, the history, the audit log, and what hangs on the membership, together. The
/// caller holds the group's lock.
pub fn change(conn: &mut Conn, change: &Change, now: Timestamp) -> Result<Membership> {
    let before = change.before.as_ref();
    // the lock may have been waited for while others took the step before, or warned of something
    let latest = before.map(|row| latest_event(conn, row)).transpose()?;
    let now = latest.map_or(now, |latest| now.max(latest.after(Duration::from_micros(1))));
    let was_active = before.is_some_and(|row| row.state == State::Active);
    let is_active = change.state == State::Active;
    let account_name: String = each_backend!(conn => users::table
        .find(change.user_id)
        .select(users::display_name)
        .first(conn))?;
    let row = change.row(&account_name, now);
    write(conn, &row)?;
    if before.is_none() {
        // a conversation in which they wrote may have been moved here before they came
        activity::recount_member(conn, change.group_id, change.user_id)?;
    }
    let event = log(conn, change, now)?;
    count(conn, change.group_id, i32::from(is_active) - i32::from(was_active), now)?;
    if let Some(entry) = change.audited() {
        audit::queries::record(conn, change.actor.as_ref(), entry, now)?;
    }
    tell(conn, change, event, now)?;
    if let Some(kind) = happened(before, change) {
        events::record(conn, &EventRow::of_member(kind, change.group_id, change.user_id, now))?;
    }
    if before.is_some_and(|row| row.state == State::Invited) && change.state != State::Invited {
        settle_invitation(conn, change, now)?;
    }
    if was_active && !is_active {
        end_powers(conn, change, now)?;
    }
    Ok(row)
}

/// When the latest step of a membership was noted, or the membership changed after that.
fn latest_event(conn: &mut Conn, row: &Membership) -> Result<Timestamp> {
    let steps = membership_events::table
        .filter(membership_events::group_id.eq(row.group_id))
        .filter(membership_events::user_id.eq(row.user_id))
        .order((membership_events::at.desc(), membership_events::id.desc()))
        .select(membership_events::at);
    let latest: Option<Timestamp> = each_backend!(conn => steps.first(conn).optional())?;
    Ok(latest.map_or(row.updated_at, |latest| latest.max(row.updated_at)))
}

/// The invitation that the person has answered, or that was taken back.
fn settle_invitation(conn: &mut Conn, change: &Change, now: Timestamp) -> Result<()> {
    let state = match change.state {
        State::Active => "accepted",
        State::Left => "declined",
        _ if change.actor.is_none() => "expired",
        _ => "revoked",
    };
    let open = invitations::table
        .filter(invitations::group_id.eq(change.group_id))
        .filter(invitations::user_id.eq(change.user_id))
        .filter(invitations::state.eq("open"));
    let settled = (invitations::state.eq(state), invitations::settled_at.eq(now));
    each_backend!(conn => diesel::update(open).set(settled).execute(conn))?;
    Ok(())
}

/// Who is not a member any more invites nobody, neither gives nor takes the ownership, and has nothing waiting to be read but
/// what has no name: by going it would tell whose it was.
fn end_powers(conn: &mut Conn, change: &Change, now: Timestamp) -> Result<()> {
    let made = invitations::table
        .filter(invitations::group_id.eq(change.group_id))
        .filter(invitations::created_by.eq(change.user_id))
        .filter(invitations::kind.ne("person"))
        .filter(invitations::state.eq("open"));
    let revoked = (invitations::state.eq("revoked"), invitations::settled_at.eq(now));
    each_backend!(conn => diesel::update(made).set(revoked).execute(conn))?;
    let offers = ownership_offers::table
        .find(change.group_id)
        .filter(ownership_offers::from_id.eq(change.user_id).or(ownership_offers::to_id.eq(change.user_id)));
    each_backend!(conn => diesel::delete(offers).execute(conn))?;
    let waiting = submissions::table
        .filter(submissions::author_id.eq(change.user_id))
        .filter(submissions::group_id.eq(change.group_id))
        .filter(submissions::pseudonym_id.is_null())
        .filter(submissions::declined_at.is_null());
    each_backend!(conn => diesel::delete(waiting).execute(conn))?;
    Ok(())
}

fn write(conn: &mut Conn, row: &Membership) -> Result<()> {
    let decision = (
        memberships::decision_reason.eq(row.decision_reason.clone()),
        memberships::private_note.eq(row.private_note.clone()),
        memberships::decided_by.eq(row.decided_by),
        memberships::decided_at.eq(row.decided_at),
        memberships::banned_until.eq(row.banned_until),
    );
    let entry = (
        memberships::message.eq(row.message.clone()),
        memberships::answers.eq(row.answers.clone()),
        memberships::accepted_rules_version.eq(row.accepted_rules_version),
        memberships::rules_accepted_at.eq(row.rules_accepted_at),
        memberships::display_name.eq(row.display_name.clone()),
        memberships::handle.eq(row.handle.clone()),
        memberships::name_order.eq(row.name_order.clone()),
        memberships::requested_at.eq(row.requested_at),
        memberships::joined_at.eq(row.joined_at),
    );
    let fields = (
        memberships::role.eq(row.role),
        memberships::role_ends_at.eq(row.role_ends_at),
        memberships::state.eq(row.state),
        memberships::updated_at.eq(row.updated_at),
        decision,
        entry,
    );
    each_backend!(conn => diesel::insert_into(memberships::table)
        .values(row)
        .on_conflict((memberships::group_id, memberships::user_id))
        .do_update()
        .set(fields)
        .execute(conn))?;
    Ok(())
}

/// Somebody who comes in and never had to do with the group.
#[derive(Debug, Clone)]
pub struct Newcomer {
    /// The person.
    pub user_id: UserId,
    /// The account's name.
    pub account_name: String,
    /// The role.
    pub role: Role,
    /// The name that the group shows in place of the account's.
    pub display_name: Option<String>,
}

/// Makes members of people who never had to do with the group, all in a few statements. The caller holds the group's lock,
/// has looked that none of them has a membership of any state, and writes the audit log.
pub fn insert_newcomers(
    conn: &mut Conn,
    group: GroupId,
    actor: Actor,
    newcomers: &[Newcomer],
    now: Timestamp,
) -> Result<()> {
    let changes = newcomers.iter().map(|newcomer| {
        let change = Change::new(group, newcomer.user_id, Some(actor), None, State::Active);
        let entry = Entering { display_name: newcomer.display_name.clone(), ..Entering::default() };
        (change.with_role(newcomer.role, None).with_entry(entry), &newcomer.account_name)
    });
    let (rows, steps): (Vec<_>, Vec<_>) =
        changes.map(|(change, name)| (change.row(name, now), change.event(now))).unzip();
    let joined = |newcomer: &Newcomer| EventRow::of_member(EventKind::MemberJoined, group, newcomer.user_id, now);
    events::record_all(conn, &newcomers.iter().map(joined).collect::<Vec<_>>())?;
    insert_all!(conn, memberships::table, &rows);
    insert_all!(conn, membership_events::table, &steps);
    count(conn, group, i32::try_from(newcomers.len()).unwrap_or(i32::MAX), now)
}

fn log(conn: &mut Conn, change: &Change, now: Timestamp) -> Result<MembershipEventId> {
    let event = change.event(now);
    let id = event.id;
    each_backend!(conn => diesel::insert_into(membership_events::table).values(event).execute(conn))?;
    Ok(id)
}

/// Keeps in the history that somebody was warned of what they wrote, and tells them; never who did it. It changes nothing else.
pub fn warn(
    conn: &mut Conn,
    actor: Actor,
    author: &Membership,
    (post, comment): (PostId, Option<CommentId>),
    reason: &Reason,
    now: Timestamp,
) -> Result<()> {
    let event = MembershipEventRow {
        id: MembershipEventId::new(),
        group_id: author.group_id,
        user_id: author.user_id,
        actor_id: Some(actor.user_id),
        // not before the step that made them what they are
        at: now.max(author.updated_at.after(Duration::from_micros(1))),
        from_state: Some(author.state),
        to_state: author.state,
        from_role: Some(author.role),
        to_role: author.role,
        reason: Some(reason.as_str().to_owned()),
        private_note: None,
        post_id: Some(post),
        comment_id: comment,
        invitation_id: None,
    };
    // without the post: what is warned of is often deleted next, and then the person could not read it
    let notice = Notice::new(author.user_id, NoticeKind::Warned, event.id.uuid()).in_group(author.group_id);
    each_backend!(conn => diesel::insert_into(membership_events::table).values(event).execute(conn))?;
    notices::queries::tell(conn, &notice, now)
}

/// Tells the person what others have decided about them; never who did, as the history does not.
fn tell(conn: &mut Conn, change: &Change, event: MembershipEventId, now: Timestamp) -> Result<()> {
    if !change.is_by_others() {
        return Ok(());
    }
    let before = change.before.as_ref();
    let kind = match (before.map(|row| row.state), change.state) {
        (_, State::Invited) => NoticeKind::Invited,
        (Some(State::Requested | State::Declined), State::Active) | (Some(State::Requested), State::Declined) => {
            NoticeKind::RequestDecided
        }
        (Some(State::Active), State::Active) if before.map(|row| row.role) != Some(change.role) => {
            NoticeKind::RoleChanged
        }
        _ => return Ok(()),
    };
    let notice = Notice::new(change.user_id, kind, event.uuid()).in_group(change.group_id);
    notices::queries::tell(conn, &notice, now)
}

/// The steps of a person in a group, the latest first, each with the names that the group and the account have for who
/// took it.
pub fn history(conn: &mut Conn, access: &Access, user: UserId, page: &Page<i64>) -> Result<Vec<NamedEvent>> {
    let group = access.group_id();
    Ok(each_backend!(conn, DB => {
        let shown = memberships::group_id.eq(membership_events::group_id)
            .and(memberships::user_id.nullable().eq(membership_events::actor_id));
        let mut steps = membership_events::table
            .left_join(users::table.on(users::id.nullable().eq(membership_events::actor_id)))
            .left_join(memberships::table.on(shown))
            .filter(membership_events::group_id.eq(group))
            .filter(membership_events::user_id.eq(user))
            .select((MembershipEventRow::as_select(), memberships::display_name.nullable(), users::display_name.nullable()))
            .limit(page.rows())
            .into_boxed::<DB>();
        if let Some((at, id)) = page.after {
            let (at, id) = (Timestamp::from_micros(at), MembershipEventId::from(id));
            steps = steps.filter(
                membership_events::at.le(at).and(membership_events::at.lt(at).or(membership_events::id.lt(id))),
            );
        }
        steps.order((membership_events::at.desc(), membership_events::id.desc())).load(conn)
    })?)
}

/// What the group asks of those who want to join.
pub fn entry_terms(conn: &mut Conn, group: GroupId) -> Result<EntryTerms> {
    Ok(each_backend!(conn => groups::table.find(group).select(EntryTerms::as_select()).first(conn))?)
}

/// Keeps that a person has accepted a version of the rules.
pub fn accept_rules(conn: &mut Conn, group: GroupId, user: UserId, version: i32, now: Timestamp) -> Result<Membership> {
    let accepted = (
        memberships::accepted_rules_version.eq(version),
        memberships::rules_accepted_at.eq(now),
        memberships::updated_at.eq(now),
    );
    Ok(each_backend!(conn => diesel::update(memberships::table.find((group, user)))
        .set(accepted)
        .returning(Membership::as_returning())
        .get_result(conn))?)
}

/// Keeps an account in use until the transaction ends: nobody becomes a member whose account goes at the same moment.
pub fn hold_account(conn: &mut Conn, user: UserId) -> Result<()> {
    let account = users::table.find(user).filter(users::status.eq(UserStatus::Active)).select(users::id);
    let held: Option<UserId> = match conn {
        Conn::Sqlite(conn) => account.first(conn).optional()?,
        Conn::Postgres(conn) => account.for_key_share().first(conn).optional()?,
    };
    let gone = || Error::invalid("/user_id", "unknown", "there is no such person");
    held.map(drop).ok_or_else(gone)
}

/// Refuses a name of the group's own by which another member is shown: nobody passes for somebody else.
pub fn refuse_shown_name(conn: &mut Conn, group: GroupId, user: UserId, name: &DisplayName) -> Result<()> {
    let same = memberships::table
        .filter(memberships::group_id.eq(group))
        .filter(memberships::state.eq(State::Active))
        .filter(memberships::name_order.eq(folded(name.as_str())))
        .filter(memberships::user_id.ne(user));
    let words = "another member is shown by this name";
    let taken: bool = each_backend!(conn => diesel::select(diesel::dsl::exists(same)).get_result(conn))?;
    if taken { Err(Error::new(Code::Taken, words).with_field("/display_name", "taken", words)) } else { Ok(()) }
}

/// Gives a person a name of the group's own, or takes it away.
pub fn set_display_name(
    conn: &mut Conn,
    before: &Membership,
    name: Option<&DisplayName>,
    now: Timestamp,
) -> Result<Membership> {
    let account: String =
        each_backend!(conn => users::table.find(before.user_id).select(users::display_name).first(conn))?;
    let shown = folded(name.map_or(account.as_str(), DisplayName::as_str));
    let is_same = name.map(DisplayName::as_str) == before.display_name.as_deref();
    let handle = name.map(|name| handle_of(name.as_str()));
    let changed = (
        memberships::display_name.eq(name.map(DisplayName::as_str)),
        memberships::handle.eq(if is_same { before.handle.clone() } else { handle }),
        memberships::name_order.eq(shown.as_str()),
        memberships::updated_at.eq(now),
    );
    if !is_same && before.state == State::Active {
        events::record(conn, &EventRow::of_member(EventKind::MemberUpdated, before.group_id, before.user_id, now))?;
    }
    Ok(each_backend!(conn => diesel::update(memberships::table.find((before.group_id, before.user_id)))
        .set(changed)
        .returning(Membership::as_returning())
        .get_result(conn))?)
}

/// Changes what a member is told of what is written in the group.
pub fn set_notification_level(
    conn: &mut Conn,
    before: &Membership,
    level: NotificationLevel,
    now: Timestamp,
) -> Result<Membership> {
    let changed = (memberships::notification_level.eq(level), memberships::updated_at.eq(now));
    Ok(each_backend!(conn => diesel::update(memberships::table.find((before.group_id, before.user_id)))
        .set(changed)
        .returning(Membership::as_returning())
        .get_result(conn))?)
}

/// What one run of a job does at most; the next goes on.
const JOB: i64 = 500;

/// Ends the bans and roles whose time has come; how many ended. A last owner stays one. For a job: the caller is a
/// transaction of its own.
pub fn end_due(conn: &mut Conn, now: Timestamp) -> Result<usize> {
    let bans = memberships::table
        .filter(memberships::banned_until.le(now))
        .filter(memberships::state.eq(State::Banned))
        .select((memberships::group_id, memberships::user_id))
        .limit(JOB);
    let mut due: Vec<(GroupId, UserId)> = each_backend!(conn => bans.load(conn))?;
    // last owners stay due for ever: they would stand in the way of the others
    let others = diesel::alias!(memberships as others);
    let another = others
        .filter(others.field(memberships::group_id).eq(memberships::group_id))
        .filter(others.field(memberships::user_id).ne(memberships::user_id))
        .filter(others.field(memberships::role).eq(Role::Owner))
        .filter(others.field(memberships::state).eq(State::Active));
    let roles = memberships::table
        .filter(memberships::role_ends_at.le(now))
        .filter(memberships::state.eq(State::Active))
        .filter(memberships::role.ne(Role::Owner).or(diesel::dsl::exists(another)))
        .select((memberships::group_id, memberships::user_id))
        .limit(JOB);
    due.extend(each_backend!(conn => roles.load::<(GroupId, UserId)>(conn))?);
    // one order for all who lock groups
    due.sort_unstable();
    let mut ended = 0;
    for (group, user) in due {
        lock_group(conn, group)?;
        let Some(before) = find(conn, group, user)? else { continue };
        if let Some(step) = ended_by(conn, before, now)? {
            change(conn, &step, now)?;
            ended += 1;
        }
    }
    Ok(ended)
}

fn ended_by(conn: &mut Conn, before: Membership, now: Timestamp) -> Result<Option<Change>> {
    let is_over = |at: Option<Timestamp>| at.is_some_and(|at| at <= now);
    let (group, user) = (before.group_id, before.user_id);
    Ok(match before.state {
        State::Banned if is_over(before.banned_until) => {
            Some(Change::new(group, user, None, Some(before), State::Removed))
        }
        State::Active if is_over(before.role_ends_at) && (before.role != Role::Owner || owners(conn, group)? > 1) => {
            Some(Change::new(group, user, None, Some(before), State::Active).with_role(Role::Member, None))
        }
        _ => None,
    })
}

/// Makes members of people whose verified address is in a domain that a group in use takes in by itself, unless they ever
/// had to do with the group; how many came in. For a job: the caller is a transaction of its own.
pub fn join_by_domain(conn: &mut Conn, now: Timestamp) -> Result<usize> {
    let known = memberships::table
        .filter(memberships::group_id.eq(group_domains::group_id))
        .filter(memberships::user_id.eq(users::id));
    let in_use = groups::deleted_at.is_null().and(groups::status.eq(GroupStatus::Active));
    let newcomers = group_domains::table
        .inner_join(groups::table)
        .inner_join(users::table.on(users::email_domain.eq(group_domains::domain.nullable())))
        .filter(in_use)
        .filter(users::email_verified_at.is_not_null())
        .filter(users::status.eq(UserStatus::Active))
        .filter(diesel::dsl::not(diesel::dsl::exists(known)))
        .select((group_domains::group_id, users::id))
        .limit(JOB);
    let mut newcomers: Vec<(GroupId, UserId)> = each_backend!(conn => newcomers.load(conn))?;
    // one order for all who lock groups; a group may name several domains, a person has one
    newcomers.sort_unstable();
    let mut joined = 0;
    for (group, user) in newcomers {
        let deleted_at = lock_group(conn, group)?;
        if deleted_at.is_none() && find(conn, group, user)?.is_none() && hold_account(conn, user).is_ok() {
            change(conn, &Change::new(group, user, None, None, State::Active), now)?;
            joined += 1;
        }
    }
    Ok(joined)
}

fn count(conn: &mut Conn, group: GroupId, by: i32, now: Timestamp) -> Result<()> {
    if by != 0 {
        let changed = (groups::member_count.eq(groups::member_count + by), groups::changed_at.eq(now));
        each_backend!(conn => diesel::update(groups::table.find(group)).set(changed).execute(conn))?;
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
        memberships::handle.eq(None::<String>),
        memberships::message.eq(None::<String>),
        memberships::answers.eq(JsonList::<Answer>(Vec::new())),
        memberships::decision_reason.eq(None::<String>),
        memberships::private_note.eq(None::<String>),
        memberships::name_order.eq(folded(&name)),
    );
    let all = memberships::table.filter(memberships::user_id.eq(user));
    each_backend!(conn => diesel::update(all).set(cleared).execute(conn))?;
    let steps = membership_events::table.filter(membership_events::user_id.eq(user));
    let words = (membership_events::reason.eq(None::<String>), membership_events::private_note.eq(None::<String>));
    each_backend!(conn => diesel::update(steps).set(words).execute(conn))?;
    Ok(())
}

/// The groups in which a person is active, asks to be, or is asked to be, in one order for all who lock them.
pub fn open_of(conn: &mut Conn, user: UserId) -> Result<Vec<GroupId>> {
    let open = memberships::table
        .filter(memberships::user_id.eq(user))
        .filter(memberships::state.eq_any([State::Active, State::Requested, State::Invited, State::Declined]))
        .order(memberships::group_id.asc())
        .select(memberships::group_id);
    Ok(each_backend!(conn => open.load(conn))?)
}
