//! Every statement about accounts.

use diesel::prelude::*;
use uuid::Uuid;

use super::model::{
    Account, AccountPatch, AccountQuery, DisplayName, Email, StatusReason, User, UserPatch, UserRow, UserStatus,
};
use crate::api::audit;
use crate::api::audit::model::{AuditAction, AuditChange, Entry};
use crate::auth::actor::{Actor, PlatformRole};
use crate::db::schema::{sessions, users};
use crate::db::search::{self, Document};
use crate::db::sql_types::{JsonList, PlannedAnew};
use crate::db::{Conn, each_backend};
use crate::error::{Code, Error, Result};
use crate::http::page::Page;
use crate::http::patch::Set;
use crate::http::text::{Line, Slug, containing, folded};
use crate::types::{SessionId, Timestamp, UserId};

/// What stands in place of the name of somebody whose account is deleted.
const NAME_OF_THE_DELETED: &str = "Former member";

/// The account, or `not_found`.
pub fn get(conn: &mut Conn, id: UserId) -> Result<User> {
    Ok(each_backend!(conn => users::table.find(id).select(User::as_select()).first(conn))?)
}

/// The account, locked until the transaction ends against everybody who acts on the person's behalf: what ends sessions or
/// changes a password begins so. SQLite has one writer, which is lock enough.
pub fn lock(conn: &mut Conn, id: UserId) -> Result<User> {
    if let Conn::Postgres(conn) = conn {
        users::table.find(id).select(users::id).for_update().first::<UserId>(conn)?;
    }
    get(conn, id)
}

/// The account, which cannot be locked as by [`lock`] until the transaction ends.
pub fn hold(conn: &mut Conn, id: UserId) -> Result<User> {
    if let Conn::Postgres(conn) = conn {
        users::table.find(id).select(users::id).for_key_share().first::<UserId>(conn)?;
    }
    get(conn, id)
}

/// The account, whose keys, tokens and webhooks only this transaction changes until it ends; SQLite has one writer, which is lock
/// enough.
pub fn lock_belongings(conn: &mut Conn, id: UserId) -> Result<User> {
    if let Conn::Postgres(conn) = conn {
        users::table.find(id).select(users::id).for_no_key_update().first::<UserId>(conn)?;
    }
    get(conn, id)
}

/// The account with this address.
pub fn find_by_email(conn: &mut Conn, email: &str) -> Result<Option<User>> {
    let by_email = users::table.filter(users::email.eq(email));
    Ok(each_backend!(conn => by_email.select(User::as_select()).first(conn).optional())?)
}

/// Accounts, newest first.
pub fn list(conn: &mut Conn, query: &AccountQuery, page: &Page<i64>) -> Result<Vec<User>> {
    Ok(each_backend!(conn, DB => {
        let mut accounts = users::table.select(User::as_select()).into_boxed::<DB>();
        if let Some(status) = query.status {
            accounts = accounts.filter(users::status.eq(status));
        }
        if let Some(role) = query.platform_role {
            accounts = accounts.filter(users::platform_role.eq(role));
        }
        if let Some(is_service) = query.is_service {
            // written, not bound: only so the index of the few is used
            accounts = if is_service {
                accounts.filter(users::is_service)
            } else {
                accounts.filter(diesel::dsl::not(users::is_service))
            };
        }
        if let Some(q) = &query.q {
            let pattern = containing(q.as_str());
            let matches = users::name_order.like(pattern.clone()).escape('\\')
                .or(users::email.assume_not_null().like(pattern).escape('\\'));
            accounts = accounts.filter(matches).filter(PlannedAnew);
        }
        if let Some((at, id)) = page.after {
            let (at, id) = (Timestamp::from_micros(at), UserId::from(id));
            accounts = accounts.filter(
                users::created_at.le(at).and(users::created_at.lt(at).or(users::id.lt(id))),
            );
        }
        accounts.order((users::created_at.desc(), users::id.desc())).limit(page.rows()).load(conn)
    })?)
}

/// A handle that nobody has, after a name.
fn free_handle(conn: &mut Conn, name: &str) -> Result<String> {
    let wanted = Slug::from_name(name, "person");
    let same = users::table.filter(users::handle.eq(wanted.as_str()));
    let is_taken: bool = each_backend!(conn => diesel::select(diesel::dsl::exists(same)).get_result(conn))?;
    Ok(if is_taken { wanted.with_lot() } else { wanted }.into_string())
}

/// Refuses a handle that somebody else has.
fn refuse_taken_handle(conn: &mut Conn, id: UserId, handle: &str) -> Result<()> {
    let others = users::table.filter(users::handle.eq(handle)).filter(users::id.ne(id));
    let is_taken: bool = each_backend!(conn => diesel::select(diesel::dsl::exists(others)).get_result(conn))?;
    let words = "somebody else has this handle";
    if is_taken { Err(Error::new(Code::Taken, words).with_field("/handle", "taken", words)) } else { Ok(()) }
}

/// Adds an account; false when the address has one already.
pub fn insert(conn: &mut Conn, row: &UserRow) -> Result<bool> {
    let handle = free_handle(conn, &row.display_name)?;
    let row = (row, users::name_order.eq(folded(&row.display_name)), users::handle.eq(handle));
    let added = each_backend!(conn => diesel::insert_into(users::table)
        .values(row)
        .on_conflict(users::email)
        .do_nothing()
        .execute(conn))?;
    Ok(added == 1)
}

/// Changes one's own account; one that is what it was is not changed.
pub fn update(conn: &mut Conn, id: UserId, patch: &AccountPatch, now: Timestamp) -> Result<User> {
    let before = lock_belongings(conn, id)?;
    if let Some(handle) = &patch.handle.0 {
        refuse_taken_handle(conn, id, handle.as_str())?;
    }
    let changes = (
        patch.handle.0.as_ref().map(|handle| users::handle.eq(handle.as_str())),
        patch.display_name.0.as_ref().map(|name| users::display_name.eq(name.as_str())),
        patch.display_name.0.as_ref().map(|name| users::name_order.eq(folded(name.as_str()))),
        patch.organisation.0.as_ref().map(|name| users::organisation.eq(name.as_ref().map(Line::as_str))),
        patch.skills.0.as_ref().map(|skills| users::skills.eq(JsonList(skills.0.clone()))),
        patch.skills.0.as_ref().map(|skills| users::skills_search.eq(skills_search(&skills.0))),
        patch.show_last_seen.0.map(|show| users::show_last_seen.eq(show)),
        patch.show_groups.0.map(|show| users::show_groups.eq(show)),
        users::updated_at.eq(before.updated_at),
    );
    let changed = diesel::update(users::table.find(id)).set(changes);
    let after: User = each_backend!(conn => changed.returning(User::as_returning()).get_result(conn))?;
    if after == before {
        return Ok(after);
    }
    let changed = diesel::update(users::table.find(id)).set(users::updated_at.eq(now));
    let user: User = each_backend!(conn => changed.returning(User::as_returning()).get_result(conn))?;
    index(conn, user.id)?;
    Ok(user)
}

/// The skills as they are searched: each folded, between line breaks.
fn skills_search(skills: &[String]) -> String {
    skills.iter().fold("\n".to_owned(), |text, skill| text + &folded(skill) + "\n")
}

/// Changes an account as an administrator may; one that is what it was is not changed.
pub fn administer(conn: &mut Conn, before: &User, patch: &UserPatch, now: Timestamp) -> Result<User> {
    let status = patch.status.0.unwrap_or(before.status);
    let is_out = matches!(status, UserStatus::Declined | UserStatus::Suspended);
    let is_new = status != before.status;
    let given = patch.reason.as_ref().map(|reason| reason.as_str().to_owned());
    let kept = before.status_reason.clone().filter(|_| !is_new);
    let until = patch.suspended_until.0.unwrap_or(before.suspended_until.filter(|_| !is_new));
    let verified_at = |is_verified: bool| is_verified.then(|| before.email_verified_at.unwrap_or(now));
    let changes = (
        users::status.eq(status),
        users::status_reason.eq(given.or(kept).filter(|_| is_out)),
        users::suspended_until.eq(until.filter(|_| status == UserStatus::Suspended)),
        patch.platform_role.0.map(|role| users::platform_role.eq(role)),
        patch.email_verified.0.map(|is_verified| users::email_verified_at.eq(verified_at(is_verified))),
    );
    let changed = diesel::update(users::table.find(before.id)).set(changes);
    let after: User = each_backend!(conn => changed.returning(User::as_returning()).get_result(conn))?;
    if after == *before {
        return Ok(after);
    }
    let changed = diesel::update(users::table.find(before.id)).set(users::updated_at.eq(now));
    let user: User = each_backend!(conn => changed.returning(User::as_returning()).get_result(conn))?;
    index(conn, user.id)?;
    Ok(user)
}

/// Makes an administrator; an account that has the address becomes one and gets the password.
pub fn make_admin(
    conn: &mut Conn,
    email: &Email,
    name: &DisplayName,
    password_hash: &str,
    now: Timestamp,
) -> Result<UserId> {
    let row = UserRow {
        id: UserId::new(),
        email: Some(email.as_str().to_owned()),
        display_name: name.as_str().to_owned(),
        password_hash: password_hash.to_owned(),
        status: UserStatus::Active,
        platform_role: PlatformRole::Admin,
        is_service: false,
        show_last_seen: true,
        created_at: now,
        updated_at: now,
    };
    let promoted = (
        users::status.eq(UserStatus::Active),
        users::platform_role.eq(PlatformRole::Admin),
        users::password_hash.eq(password_hash),
        users::email_verified_at.eq(now),
        users::status_reason.eq(None::<String>),
        users::suspended_until.eq(None::<Timestamp>),
        users::updated_at.eq(now),
    );
    let handle = free_handle(conn, name.as_str())?;
    let row =
        (row, users::name_order.eq(folded(name.as_str())), users::email_verified_at.eq(now), users::handle.eq(handle));
    let id = each_backend!(conn => diesel::insert_into(users::table)
        .values(row)
        .on_conflict(users::email)
        .do_update()
        .set(promoted)
        .returning(users::id)
        .get_result(conn))?;
    index(conn, id)?;
    Ok(id)
}

/// Keeps a new hash.
pub fn set_password_hash(conn: &mut Conn, id: UserId, hash: &str) -> Result<()> {
    each_backend!(conn => diesel::update(users::table.find(id)).set(users::password_hash.eq(hash)).execute(conn))?;
    Ok(())
}

/// Deletes an account: nothing personal is left, and what the person wrote has no name.
pub fn anonymise(conn: &mut Conn, id: UserId, now: Timestamp) -> Result<()> {
    let nobody = (
        users::email.eq(None::<String>),
        users::display_name.eq(NAME_OF_THE_DELETED),
        users::name_order.eq(folded(NAME_OF_THE_DELETED)),
        (
            users::organisation.eq(None::<String>),
            users::skills.eq(JsonList::<String>(Vec::new())),
            users::skills_search.eq(""),
            users::handle.eq(None::<String>),
            users::muted_notifications.eq("[]"),
        ),
        users::password_hash.eq(""),
        users::status.eq(UserStatus::Deleted),
        users::platform_role.eq(PlatformRole::Member),
        users::show_last_seen.eq(false),
        users::show_groups.eq(false),
        users::email_verified_at.eq(None::<Timestamp>),
        users::status_reason.eq(None::<String>),
        users::suspended_until.eq(None::<Timestamp>),
        users::last_seen_at.eq(None::<Timestamp>),
        users::updated_at.eq(now),
    );
    each_backend!(conn => diesel::update(users::table.find(id)).set(nobody).execute(conn))?;
    let devices = sessions::table.filter(sessions::user_id.eq(id));
    each_backend!(conn => diesel::update(devices).set(sessions::user_agent.eq(None::<String>)).execute(conn))?;
    index(conn, id)
}

/// Notes that people were here; never moves a date back.
pub fn touch_last_seen(conn: &mut Conn, seen: &[(UserId, Timestamp)]) -> Result<()> {
    for (id, at) in seen {
        each_backend!(conn => diesel::update(
            users::table
                .find(*id)
                .filter(users::status.ne(UserStatus::Deleted))
                .filter(users::last_seen_at.is_null().or(users::last_seen_at.lt(*at))),
        )
        .set(users::last_seen_at.eq(*at))
        .execute(conn))?;
    }
    Ok(())
}

/// Reinstates those whose suspension ends; how many there were. For a job: the caller is a transaction of its own.
pub fn reinstate_due(conn: &mut Conn, now: Timestamp) -> Result<usize> {
    let due = users::table
        .filter(users::suspended_until.le(now))
        .filter(users::status.eq(UserStatus::Suspended))
        .order(users::id.asc())
        .select(users::id)
        .limit(500);
    let due: Vec<UserId> = each_backend!(conn => due.load(conn))?;
    let mut reinstated = 0;
    for id in due {
        let before = lock(conn, id)?;
        let is_over = before.suspended_until.is_some_and(|until| until <= now);
        if before.status == UserStatus::Suspended && is_over {
            let patch = UserPatch { status: Set(Some(UserStatus::Active)), ..UserPatch::default() };
            let after = administer(conn, &before, &patch, now)?;
            record(conn, None, &before, &after, None, now)?;
            reinstated += 1;
        }
    }
    Ok(reinstated)
}

/// What changed in an account's standing, for the audit log; never its address or name.
pub fn record(
    conn: &mut Conn,
    actor: Option<&Actor>,
    before: &User,
    after: &User,
    reason: Option<&StatusReason>,
    now: Timestamp,
) -> Result<()> {
    let mut changes = AuditChange::between(&Account::from(before.clone()), &Account::from(after.clone()));
    changes.retain(|change| change.field != "status_reason");
    if changes.is_empty() {
        return Ok(());
    }
    let entry = Entry::user(AuditAction::UserUpdated, after.id).with_changes(changes);
    audit::queries::record(conn, actor, entry.with_reason(reason.map(StatusReason::as_str)), now)
}

/// Ends every session of a person and returns them.
pub fn end_sessions(conn: &mut Conn, user: UserId, now: Timestamp) -> Result<Vec<SessionId>> {
    let live = sessions::table.filter(sessions::user_id.eq(user)).filter(sessions::revoked_at.is_null());
    Ok(each_backend!(conn => diesel::update(live)
        .set(sessions::revoked_at.eq(now))
        .returning(sessions::id)
        .get_results(conn))?)
}

/// What a search finds of a person.
type Indexed = (UserId, String, Option<String>, JsonList<String>, Timestamp);

/// [`Indexed`] of those who let others see which groups they are in.
macro_rules! indexed {
    () => {
        users::table.filter(users::status.eq(UserStatus::Active)).filter(users::show_groups.eq(true)).select((
            users::id,
            users::display_name,
            users::organisation,
            users::skills,
            users::created_at,
        ))
    };
}

fn put_document(conn: &mut Conn, (id, name, organisation, skills, at): &Indexed) -> Result<()> {
    let body = search::joined(&[organisation.as_deref().unwrap_or_default(), &skills.0.join("\n")]);
    let document = Document {
        kind: "person",
        target_id: id.uuid(),
        group_id: None,
        post_id: None,
        at: at.raw(),
        title: name,
        body: &body,
    };
    search::put(conn, &document)
}

/// Lets a search find a person as they are now, or not any more. What changes a name, what else is shown, or whether it is,
/// ends with this.
pub fn index(conn: &mut Conn, id: UserId) -> Result<()> {
    let found: Option<Indexed> = each_backend!(conn => indexed!().filter(users::id.eq(id)).first(conn).optional())?;
    match found {
        Some(found) => put_document(conn, &found),
        None => search::remove(conn, id.uuid()),
    }
}

/// Lets a search find the next people by id, who do not change until the transaction ends; their ids.
pub fn index_after(conn: &mut Conn, after: Uuid, limit: i64) -> Result<Vec<Uuid>> {
    let next = indexed!().filter(users::id.gt(UserId::from(after))).order(users::id.asc()).limit(limit);
    let next: Vec<Indexed> = match conn {
        Conn::Sqlite(conn) => next.load(conn)?,
        Conn::Postgres(conn) => next.for_share().load(conn)?,
    };
    next.iter().map(|found| put_document(conn, found).map(|()| found.0.uuid())).collect()
}
