//! Every statement about webhooks and what they are told.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use diesel::dsl::{count_star, exists, max, min, not};
use diesel::expression::SqlLiteral;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use uuid::Uuid;

use super::model::{
    DeliveryQuery, DeliveryRow, DeliveryState, ProgressRow, WebhookPatch, WebhookRow, WebhookStatus, WebhookSwitch,
};
use super::policy::{self, Outcome};
use crate::api::api_keys::model::GroupList;
use crate::api::event_stream;
use crate::api::event_stream::model::Event;
use crate::api::events::{self, EventKind, EventRow};
use crate::api::notices;
use crate::api::notices::model::{Notice, NoticeKind};
use crate::auth::actor::{Actor, PlatformRole, Viewer};
use crate::auth::keys;
use crate::db::schema::{api_keys, users, webhook_deliveries, webhook_progress, webhooks};
use crate::db::sql_types::{JsonList, among};
use crate::db::{Conn, each_backend, insert_all};
use crate::error::{Error, Result};
use crate::http::page::Page;
use crate::http::text::{Line, WebUrl};
use crate::types::{ApiKeyId, DeliveryId, GroupId, RequestId, Timestamp, UserId, WebhookId};

/// For how long a server has a delivery to itself: longer than any sending takes.
pub const LEASE: Duration = Duration::from_mins(1);
/// How long what was told, or is not told any more, is kept.
const KEPT: Duration = Duration::from_hours(30 * 24);
/// How long what cannot be sent, because somebody is suspended, waits before that is asked again.
const WHILE: Duration = Duration::from_mins(10);
/// Rows that one run of the job takes.
const JOB: i64 = 500;
/// Events that are laid out at once, and the webhooks for which they are: what one transaction takes.
const EVENTS: i64 = 100;
const WEBHOOKS: usize = 50;
/// How long something that is noted may take to be committed, clocks of servers that differ included.
const UNCOMMITTED: Duration = Duration::from_secs(1);
/// Deliveries that are sent at once to the webhooks of one person.
const EACH: i64 = 4;

/// The caller's webhooks, the newest first: a key's are those that it made.
pub fn list(conn: &mut Conn, actor: &Actor) -> Result<Vec<WebhookRow>> {
    let own = webhooks::table
        .filter(webhooks::user_id.eq(actor.user_id))
        .order((webhooks::created_at.desc(), webhooks::id.desc()));
    let own: Vec<WebhookRow> = each_backend!(conn => own.select(WebhookRow::as_select()).load(conn))?;
    Ok(own.into_iter().filter(|webhook| policy::is_own(webhook, actor)).collect())
}

/// A webhook of the caller's; not found where there is none.
pub fn get(conn: &mut Conn, actor: &Actor, id: WebhookId) -> Result<WebhookRow> {
    let own = webhooks::table.find(id).filter(webhooks::user_id.eq(actor.user_id));
    let own: WebhookRow = each_backend!(conn => own.select(WebhookRow::as_select()).first(conn))?;
    if policy::is_own(&own, actor) { Ok(own) } else { Err(Error::not_found()) }
}

/// The same, locked until the transaction ends.
pub fn lock(conn: &mut Conn, actor: &Actor, id: WebhookId) -> Result<WebhookRow> {
    let is_own = |webhook: &WebhookRow| webhook.user_id == actor.user_id && policy::is_own(webhook, actor);
    locked(conn, id)?.filter(is_own).ok_or_else(Error::not_found)
}

/// A webhook, if there is one, locked: what becomes of its deliveries follows from its status. SQLite has one writer.
fn locked(conn: &mut Conn, id: WebhookId) -> Result<Option<WebhookRow>> {
    let row = webhooks::table.find(id);
    Ok(match conn {
        Conn::Sqlite(conn) => row.select(WebhookRow::as_select()).first(conn).optional()?,
        Conn::Postgres(conn) => row.select(WebhookRow::as_select()).for_no_key_update().first(conn).optional()?,
    })
}

/// How many webhooks a person has.
pub fn count(conn: &mut Conn, user: UserId) -> Result<i64> {
    let own = webhooks::table.filter(webhooks::user_id.eq(user));
    Ok(each_backend!(conn => own.count().get_result(conn))?)
}

/// Adds a webhook.
pub fn insert(conn: &mut Conn, row: &WebhookRow) -> Result<()> {
    each_backend!(conn => diesel::insert_into(webhooks::table).values(row).execute(conn))?;
    Ok(())
}

/// Changes a webhook. One that is made active, or is elsewhere from now on, begins anew.
pub fn update(conn: &mut Conn, before: &WebhookRow, patch: &WebhookPatch, now: Timestamp) -> Result<WebhookRow> {
    let status = patch.status.0.map(|switch| match switch {
        WebhookSwitch::Active => WebhookStatus::Active,
        WebhookSwitch::Paused => WebhookStatus::Paused,
    });
    let is_active = |status| status == WebhookStatus::Active;
    let switches = status.is_some_and(|status| is_active(status) != is_active(before.status));
    let begins = switches && !is_active(before.status);
    let is_elsewhere = patch.url.0.as_ref().is_some_and(|url| url.as_str() != before.url);
    let types = patch.types.0.as_ref().map(|types| types.as_ref().map(|types| JsonList(types.0.clone())));
    let groups = patch
        .group_ids
        .0
        .as_ref()
        .map(|groups: &Option<GroupList>| groups.as_ref().map(|list| JsonList(list.0.clone())));
    let changes = (
        patch.url.0.as_ref().map(|url: &WebUrl| webhooks::url.eq(url.as_str())),
        patch.description.0.as_ref().map(|text| webhooks::description.eq(Line::as_str(text))),
        types.map(|types| webhooks::types.eq(types)),
        groups.map(|groups| webhooks::group_ids.eq(groups)),
        status.map(|status| webhooks::status.eq(status)),
        switches.then(|| webhooks::switched_at.eq(now)),
        (begins || is_elsewhere).then(|| webhooks::failing_since.eq(None::<Timestamp>)),
        webhooks::updated_at.eq(now),
    );
    let row = each_backend!(conn => diesel::update(webhooks::table.find(before.id))
        .set(changes)
        .returning(WebhookRow::as_returning())
        .get_result(conn))?;
    if switches || is_elsewhere {
        set_due(conn, row.id, is_active(row.status).then_some(now))?;
    }
    Ok(row)
}

/// Whether a delivery was not taken, in the words of the index of those, which a bound value would not have.
fn is_open() -> SqlLiteral<Bool> {
    diesel::dsl::sql("webhook_deliveries.state <> 'delivered'")
}

/// What is pending for a webhook begins anew and is due then, or waits until the webhook is active again; a ping waits for nothing.
fn set_due(conn: &mut Conn, webhook: WebhookId, due_at: Option<Timestamp>) -> Result<()> {
    let pending = webhook_deliveries::table
        .filter(webhook_deliveries::webhook_id.eq(webhook))
        .filter(is_open())
        .filter(webhook_deliveries::state.eq(DeliveryState::Pending))
        .filter(webhook_deliveries::kind.ne(EventKind::Ping));
    let changes = (webhook_deliveries::due_at.eq(due_at), due_at.map(|_| webhook_deliveries::attempts.eq(0)));
    each_backend!(conn => diesel::update(pending).set(changes).execute(conn))?;
    Ok(())
}

/// Gives a webhook a new secret; the one until now signs too until `until`.
pub fn rotate(
    conn: &mut Conn,
    before: &WebhookRow,
    secret: &str,
    until: Timestamp,
    now: Timestamp,
) -> Result<WebhookRow> {
    let changes = (
        webhooks::secret.eq(secret),
        webhooks::previous_secret.eq(&before.secret),
        webhooks::previous_valid_until.eq(until),
        webhooks::updated_at.eq(now),
    );
    Ok(each_backend!(conn => diesel::update(webhooks::table.find(before.id))
        .set(changes)
        .returning(WebhookRow::as_returning())
        .get_result(conn))?)
}

/// Forgets the secrets that sign no more; how many there were. For a job: the caller is a transaction of its own.
pub fn forget_secrets_due(conn: &mut Conn, now: Timestamp) -> Result<usize> {
    let former = webhooks::table.filter(webhooks::previous_valid_until.le(now));
    let none = (webhooks::previous_secret.eq(None::<String>), webhooks::previous_valid_until.eq(None::<Timestamp>));
    Ok(each_backend!(conn => diesel::update(former).set(none).execute(conn))?)
}

/// Removes a webhook with all that it was told.
pub fn delete(conn: &mut Conn, webhook: &WebhookRow) -> Result<()> {
    each_backend!(conn => diesel::delete(webhooks::table.find(webhook.id)).execute(conn))?;
    Ok(())
}

/// Removes all webhooks of a person who goes.
pub fn forget(conn: &mut Conn, user: UserId) -> Result<()> {
    let own = webhooks::table.filter(webhooks::user_id.eq(user));
    each_backend!(conn => diesel::delete(own).execute(conn))?;
    Ok(())
}

/// Whoever a webhook tells, as they look.
fn owner(user: UserId) -> Viewer {
    // events are told to administrators as to everybody
    Actor::on_behalf(user, PlatformRole::Member, RequestId::new()).viewer()
}

/// What comes next of laying events out, with how far that had come: some events for some webhooks.
#[derive(Debug, Clone)]
pub struct Slice {
    before: ProgressRow,
    after: ProgressRow,
    deliveries: Vec<DeliveryRow>,
}

fn progress(conn: &mut Conn) -> Result<ProgressRow> {
    let row = webhook_progress::table.find(1);
    Ok(each_backend!(conn => row.select(ProgressRow::as_select()).first(conn))?)
}

/// The next events for the next webhooks that are to be told of them, as far as their owners may know of them now: whether they
/// still may is asked again when they are sent. None when everything is laid out.
pub fn next_slice(conn: &mut Conn, now: Timestamp) -> Result<Option<Slice>> {
    let before = progress(conn)?;
    let mut happened = events::after(conn, before.place, EVENTS)?;
    let Some(last) = happened.last().and_then(|event| event.position) else { return Ok(None) };
    // once begun, these events and no later ones are laid out for all webhooks
    let until = if before.webhook_id == WebhookId::nil() { last } else { before.until };
    happened.retain(|event| event.position.is_some_and(|place| place <= until));
    let since = happened.iter().map(EventRow::noted_at).min().unwrap_or(now);
    let found = listening_after(conn, before.webhook_id, since)?;
    let is_last = found.len() < WEBHOOKS;
    let after = match found.last() {
        Some(webhook) if !is_last => ProgressRow { place: before.place, until, webhook_id: webhook.id },
        _ => ProgressRow { place: until, until, webhook_id: WebhookId::nil() },
    };
    let deliveries = told(conn, found, &happened, now)?;
    Ok(Some(Slice { before, after, deliveries }))
}

/// The next webhooks that are active or were until then, in the order of their ids.
fn listening_after(conn: &mut Conn, last: WebhookId, then: Timestamp) -> Result<Vec<WebhookRow>> {
    let listening = webhooks::table
        .filter(webhooks::id.gt(last))
        .filter(webhooks::status.eq(WebhookStatus::Active).or(webhooks::switched_at.gt(then)))
        .order(webhooks::id.asc())
        .limit(i64::try_from(WEBHOOKS).unwrap_or(i64::MAX));
    Ok(each_backend!(conn => listening.select(WebhookRow::as_select()).load(conn))?)
}

/// What these webhooks are to be told of what happened.
fn told(
    conn: &mut Conn,
    listening: Vec<WebhookRow>,
    happened: &[EventRow],
    now: Timestamp,
) -> Result<Vec<DeliveryRow>> {
    let made_by: Vec<ApiKeyId> = listening.iter().filter_map(|webhook| webhook.api_key_id).collect();
    let in_force = if made_by.is_empty() { made_by } else { keys::in_force(conn, &made_by, now)? };
    let goes_on = |webhook: &WebhookRow| webhook.api_key_id.is_none_or(|key| in_force.contains(&key));
    // what one owner may know of is asked once, however many webhooks they have
    let mut owners: BTreeMap<UserId, Vec<WebhookRow>> = BTreeMap::new();
    for webhook in listening.into_iter().filter(goes_on) {
        owners.entry(webhook.user_id).or_default().push(webhook);
    }
    let here = users::table
        .filter(among(users::id, &owners.keys().copied().collect::<Vec<_>>()))
        .filter(users::status.eq("active"))
        .select(users::id);
    let here: Vec<UserId> = if owners.is_empty() { Vec::new() } else { each_backend!(conn => here.load(conn))? };
    let mut rows = Vec::new();
    for user in here {
        let webhooks = owners.remove(&user).unwrap_or_default();
        let is_wanted = |event: &&EventRow| webhooks.iter().any(|webhook| is_wanted(webhook, event));
        let wanted: Vec<EventRow> = happened.iter().filter(is_wanted).cloned().collect();
        if wanted.is_empty() {
            continue;
        }
        let told = event_stream::queries::told(conn, owner(user), &wanted)?;
        let is_told = |event: &&EventRow| told.iter().any(|told| told.id == event.id);
        for event in wanted.iter().filter(is_told) {
            let told = webhooks.iter().filter(|webhook| self::is_wanted(webhook, event));
            rows.extend(told.map(|webhook| DeliveryRow::new(webhook.id, event, now)));
        }
    }
    Ok(rows)
}

/// Lays a slice out, unless another server has done so meanwhile.
pub fn lay_out(conn: &mut Conn, slice: &Slice, now: Timestamp) -> Result<()> {
    let unchanged = webhook_progress::table
        .find(1)
        .filter(webhook_progress::place.eq(slice.before.place))
        .filter(webhook_progress::webhook_id.eq(slice.before.webhook_id));
    let after = (
        webhook_progress::place.eq(slice.after.place),
        webhook_progress::until.eq(slice.after.until),
        webhook_progress::webhook_id.eq(slice.after.webhook_id),
    );
    if each_backend!(conn => diesel::update(unchanged).set(after).execute(conn))? == 0 {
        return Ok(());
    }
    let asked: Vec<WebhookId> = slice.deliveries.iter().map(|delivery| delivery.webhook_id).collect();
    let there = webhooks::table.filter(among(webhooks::id, &asked)).select(webhooks::id);
    let there: Vec<WebhookId> = match conn {
        Conn::Sqlite(conn) => there.load(conn)?,
        // whoever settles or sends again waits until these are there
        Conn::Postgres(conn) => there.for_share().load(conn)?,
    };
    let is_there = |delivery: &&DeliveryRow| there.contains(&delivery.webhook_id);
    let mut deliveries: Vec<DeliveryRow> = slice.deliveries.iter().filter(is_there).cloned().collect();
    line_up(conn, &mut deliveries, now)?;
    insert_all!(conn, webhook_deliveries::table, &deliveries);
    Ok(())
}

/// What comes behind something that is sent again later is due when that is, so that nobody looks at it before.
fn line_up(conn: &mut Conn, rows: &mut [DeliveryRow], now: Timestamp) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let later = webhook_deliveries::table
        .filter(webhook_deliveries::due_at.is_not_null())
        .filter(webhook_deliveries::due_at.assume_not_null().gt(now))
        .group_by((webhook_deliveries::webhook_id, webhook_deliveries::sequence_id))
        .select((
            webhook_deliveries::webhook_id,
            webhook_deliveries::sequence_id,
            max(webhook_deliveries::due_at.assume_not_null()),
        ));
    let (hooks, sequences): (Vec<_>, Vec<_>) = rows.iter().map(|row| (row.webhook_id, row.sequence_id)).unzip();
    let later = later
        .filter(among(webhook_deliveries::webhook_id, &hooks))
        .filter(among(webhook_deliveries::sequence_id, &sequences));
    let later: Vec<(WebhookId, GroupId, Option<Timestamp>)> = each_backend!(conn => later.load(conn))?;
    let later: HashMap<_, _> = later.into_iter().map(|(webhook, sequence, due)| ((webhook, sequence), due)).collect();
    for row in rows {
        if let Some(due) = later.get(&(row.webhook_id, row.sequence_id)) {
            row.due_at = *due;
        }
    }
    Ok(())
}

/// Whether a webhook is to be told of an event: of one that was committed while it was active, and rather of one more than of one
/// less.
fn is_wanted(webhook: &WebhookRow, event: &EventRow) -> bool {
    let noted = event.noted_at();
    let is_since = |at: Timestamp| noted >= at.before(UNCOMMITTED);
    let was_active = match webhook.status {
        WebhookStatus::Active => is_since(webhook.switched_at),
        WebhookStatus::Paused | WebhookStatus::Disabled => noted < webhook.switched_at && is_since(webhook.created_at),
    };
    let of_type = webhook.types.as_ref().is_none_or(|types| types.0.contains(&event.kind));
    let in_group = |groups: &JsonList<_>| event.group_id.is_some_and(|group| groups.0.contains(&group));
    was_active && of_type && webhook.group_ids.as_ref().is_none_or(in_group)
}

/// Whether a sign of life is on its way to a webhook.
pub fn is_pinged(conn: &mut Conn, webhook: WebhookId) -> Result<bool> {
    let pings = webhook_deliveries::table
        .filter(webhook_deliveries::webhook_id.eq(webhook))
        .filter(is_open())
        .filter(webhook_deliveries::kind.eq(EventKind::Ping))
        .filter(webhook_deliveries::state.eq(DeliveryState::Pending));
    Ok(each_backend!(conn => diesel::select(exists(pings)).get_result(conn))?)
}

/// Sends nothing but a sign of life.
pub fn ping(conn: &mut Conn, webhook: WebhookId, now: Timestamp) -> Result<DeliveryRow> {
    let event = EventRow { position: Some(events::last_place(conn)?), ..EventRow::ping(now) };
    let row = DeliveryRow::new(webhook, &event, now);
    each_backend!(conn => diesel::insert_into(webhook_deliveries::table).values(&row).execute(conn))?;
    Ok(row)
}

/// What is due: of each webhook and group the first that is to be sent, unless some server is at it.
macro_rules! due {
    ($now:expr) => {{
        let earlier = diesel::alias!(webhook_deliveries as earlier);
        let before = earlier
            .filter(earlier.field(webhook_deliveries::webhook_id).eq(webhook_deliveries::webhook_id))
            .filter(earlier.field(webhook_deliveries::sequence_id).eq(webhook_deliveries::sequence_id))
            .filter(earlier.field(webhook_deliveries::due_at).is_not_null())
            .filter(earlier.field(webhook_deliveries::position).lt(webhook_deliveries::position))
            .select(earlier.field(webhook_deliveries::id));
        let is_free =
            webhook_deliveries::leased_until.is_null().or(webhook_deliveries::leased_until.assume_not_null().le($now));
        webhook_deliveries::table
            .filter(webhook_deliveries::due_at.assume_not_null().le($now))
            .filter(is_free)
            .filter(not(exists(before)))
            .order((webhook_deliveries::due_at.asc(), webhook_deliveries::id.asc()))
    }};
}

/// What is due and may be sent now: whoever has much to be sent, or is slow to take it, does not keep others waiting. For who reads:
/// behind one that waits there may be very many.
pub fn due(conn: &mut Conn, limit: i64, now: Timestamp) -> Result<Vec<DeliveryId>> {
    let mut busy = leases(conn, now)?;
    let mut chosen: Vec<DeliveryId> = Vec::new();
    loop {
        let full: Vec<UserId> = busy.iter().filter(|(_, held)| **held >= EACH).map(|(user, _)| *user).collect();
        let theirs = webhooks::table.filter(webhooks::user_id.eq_any(full)).select(webhooks::id);
        let left = limit.saturating_sub(i64::try_from(chosen.len()).unwrap_or(i64::MAX));
        let due = due!(now)
            .filter(webhook_deliveries::webhook_id.ne_all(theirs))
            .filter(webhook_deliveries::id.ne_all(chosen.clone()))
            .select((webhook_deliveries::id, webhook_deliveries::webhook_id))
            .limit(left);
        let found: Vec<(DeliveryId, WebhookId)> = each_backend!(conn => due.load(conn))?;
        let (before, is_all) = (chosen.len(), i64::try_from(found.len()).unwrap_or(i64::MAX) < left);
        let owners = owners(conn, &found)?;
        for (delivery, webhook) in found {
            let Some(user) = owners.get(&webhook) else { continue };
            let held = busy.entry(*user).or_default();
            if *held < EACH {
                *held += 1;
                chosen.push(delivery);
            }
        }
        if is_all || chosen.len() == before {
            return Ok(chosen);
        }
    }
}

/// Takes of these what is still due, to send it: nobody else does until the lease is over. Several servers never take the same.
pub fn take(conn: &mut Conn, chosen: &[DeliveryId], now: Timestamp) -> Result<Vec<DeliveryRow>> {
    let due = due!(now).filter(among(webhook_deliveries::id, chosen));
    let mut taken: Vec<DeliveryRow> = match conn {
        Conn::Sqlite(conn) => due.select(DeliveryRow::as_select()).load(conn)?,
        Conn::Postgres(conn) => due.select(DeliveryRow::as_select()).for_update().skip_locked().load(conn)?,
    };
    if taken.is_empty() {
        return Ok(taken);
    }
    let leased_until = Some(now.after(LEASE));
    let ids: Vec<DeliveryId> = taken.iter().map(|delivery| delivery.id).collect();
    let rows = webhook_deliveries::table.filter(among(webhook_deliveries::id, &ids));
    each_backend!(conn => diesel::update(rows).set(webhook_deliveries::leased_until.eq(leased_until)).execute(conn))?;
    for delivery in &mut taken {
        delivery.leased_until = leased_until;
    }
    Ok(taken)
}

/// How many deliveries are being sent, by whose webhooks they are.
fn leases(conn: &mut Conn, now: Timestamp) -> Result<HashMap<UserId, i64>> {
    let leased = webhook_deliveries::table
        .inner_join(webhooks::table)
        .filter(webhook_deliveries::leased_until.is_not_null())
        .filter(webhook_deliveries::leased_until.assume_not_null().gt(now))
        .group_by(webhooks::user_id)
        .select((webhooks::user_id, count_star()));
    let leased: Vec<(UserId, i64)> = each_backend!(conn => leased.load(conn))?;
    Ok(leased.into_iter().collect())
}

/// Whose the webhooks of these deliveries are.
fn owners(conn: &mut Conn, deliveries: &[(DeliveryId, WebhookId)]) -> Result<HashMap<WebhookId, UserId>> {
    let ids: Vec<WebhookId> = deliveries.iter().map(|(_, webhook)| *webhook).collect();
    let owned = webhooks::table.filter(among(webhooks::id, &ids)).select((webhooks::id, webhooks::user_id));
    let owned: Vec<(WebhookId, UserId)> = each_backend!(conn => owned.load(conn))?;
    Ok(owned.into_iter().collect())
}

/// What is to become of a delivery that was taken.
#[derive(Debug)]
pub enum Prepared {
    /// It is sent to this webhook, with the event as its owner may know of it now.
    Send(Box<WebhookRow>, Event),
    /// The webhook is not active: it waits until it is.
    Wait,
    /// Its owner is suspended, or the key that made the webhook is not in force: it waits for a while.
    PutOff,
    /// The same of a ping, which waits for nothing.
    Fail(Box<WebhookRow>, Outcome),
    /// Its owner may not know of it any more, or is not there any more.
    Forget,
}

/// What is to become of a delivery that was taken, by what holds now.
pub fn prepare(conn: &mut Conn, delivery: &DeliveryRow, now: Timestamp) -> Result<Prepared> {
    let owned = webhooks::table
        .inner_join(users::table.on(users::id.eq(webhooks::user_id)))
        .filter(webhooks::id.eq(delivery.webhook_id));
    let owned: Option<(WebhookRow, String)> = each_backend!(conn => owned
        .select((WebhookRow::as_select(), users::status))
        .first(conn)
        .optional())?;
    let Some((webhook, status)) = owned else { return Ok(Prepared::Forget) };
    let made_by: Vec<ApiKeyId> = webhook.api_key_id.into_iter().collect();
    let is_in_force = made_by.is_empty() || !keys::in_force(conn, &made_by, now)?.is_empty();
    if status != "active" || !is_in_force {
        if delivery.kind == EventKind::Ping {
            let why = Outcome::Failed("the account or the key is not in force".to_owned());
            return Ok(Prepared::Fail(Box::new(webhook), why));
        }
        let is_old = delivery.created_at < now.before(KEPT);
        return Ok(if is_old { Prepared::Forget } else { Prepared::PutOff });
    }
    if webhook.status != WebhookStatus::Active && delivery.kind != EventKind::Ping {
        return Ok(Prepared::Wait);
    }
    let told = event_stream::queries::told(conn, owner(webhook.user_id), &[delivery.event()])?;
    Ok(told.into_iter().next().map_or(Prepared::Forget, |event| Prepared::Send(Box::new(webhook), event)))
}

/// Lets a delivery, and what comes behind it, wait for a while.
pub fn put_off(conn: &mut Conn, delivery: &DeliveryRow, now: Timestamp) -> Result<()> {
    if locked(conn, delivery.webhook_id)?.is_none() {
        return Ok(());
    }
    let row =
        webhook_deliveries::table.find(delivery.id).filter(webhook_deliveries::leased_until.eq(delivery.leased_until));
    let due_at = Some(now.after(WHILE));
    let later = (webhook_deliveries::due_at.eq(due_at), webhook_deliveries::leased_until.eq(None::<Timestamp>));
    if each_backend!(conn => diesel::update(row).set(later).execute(conn))? == 0 {
        return Ok(());
    }
    hold_up(conn, delivery, due_at, now)
}

/// Keeps a delivery until its webhook is active; one that became so meanwhile finds it due.
pub fn postpone(conn: &mut Conn, delivery: &DeliveryRow, now: Timestamp) -> Result<()> {
    let Some(webhook) = locked(conn, delivery.webhook_id)? else { return Ok(()) };
    let row =
        webhook_deliveries::table.find(delivery.id).filter(webhook_deliveries::leased_until.eq(delivery.leased_until));
    let changes = (
        webhook_deliveries::due_at.eq((webhook.status == WebhookStatus::Active).then_some(now)),
        webhook_deliveries::leased_until.eq(None::<Timestamp>),
    );
    each_backend!(conn => diesel::update(row).set(changes).execute(conn))?;
    Ok(())
}

/// Forgets a delivery that nobody may know of any more.
pub fn withhold(conn: &mut Conn, delivery: &DeliveryRow) -> Result<()> {
    each_backend!(conn => diesel::delete(webhook_deliveries::table.find(delivery.id)).execute(conn))?;
    Ok(())
}

/// Notes what came of sending to this address, unless the lease was over before; a webhook that has failed there for too long is told
/// nothing any more.
pub fn settle(conn: &mut Conn, delivery: &DeliveryRow, url: &str, outcome: &Outcome, now: Timestamp) -> Result<()> {
    // first, as whoever changes it does
    let Some(webhook) = locked(conn, delivery.webhook_id)? else { return Ok(()) };
    let is_ping = delivery.kind == EventKind::Ping;
    // what another address did not take is no try of this one
    let begins = webhook.url != url && !is_ping && !outcome.is_taken();
    let (state, due_at) = if begins {
        (DeliveryState::Pending, (webhook.status == WebhookStatus::Active).then_some(now))
    } else {
        policy::after(delivery, outcome, now)
    };
    let (last_status, last_error) = match outcome {
        Outcome::Answered(status) => (Some(*status), None),
        Outcome::Failed(words) => (None, Some(words.clone())),
    };
    let ours =
        webhook_deliveries::table.find(delivery.id).filter(webhook_deliveries::leased_until.eq(delivery.leased_until));
    let changes = (
        webhook_deliveries::state.eq(state),
        webhook_deliveries::attempts.eq(if begins { 0 } else { delivery.attempts + 1 }),
        webhook_deliveries::due_at.eq(due_at),
        webhook_deliveries::leased_until.eq(None::<Timestamp>),
        webhook_deliveries::last_attempt_at.eq(now),
        webhook_deliveries::last_status.eq(last_status),
        webhook_deliveries::last_error.eq(last_error),
    );
    if each_backend!(conn => diesel::update(ours).set(changes).execute(conn))? == 0 {
        return Ok(());
    }
    if begins {
        return Ok(());
    }
    // what was taken at once has held nothing up
    if due_at.is_some() || delivery.attempts > 0 {
        hold_up(conn, delivery, due_at, now)?;
    }
    let is_given_up = state == DeliveryState::Parked && !is_ping;
    if is_given_up {
        tell(conn, &webhook, NoticeKind::DeliveryParked, Uuid::now_v7(), now)?;
    }
    // what another address answered says nothing of this one, nor does a ping of what is to be told
    if webhook.url != url || (is_ping && !policy::is_gone(outcome)) {
        return Ok(());
    }
    judge(conn, &webhook, outcome, is_given_up, now)
}

/// What comes after a delivery in its sequence is due when that is, so that nobody looks at it before; at once when that is done.
/// What waits to be sent again keeps its time, and so does what comes after that.
fn hold_up(conn: &mut Conn, delivery: &DeliveryRow, due_at: Option<Timestamp>, now: Timestamp) -> Result<()> {
    let column = webhook_deliveries::due_at.assume_not_null();
    let behind = webhook_deliveries::table
        .filter(webhook_deliveries::webhook_id.eq(delivery.webhook_id))
        .filter(webhook_deliveries::sequence_id.eq(delivery.sequence_id))
        .filter(webhook_deliveries::position.gt(delivery.position))
        .filter(webhook_deliveries::due_at.is_not_null());
    if let Some(at) = due_at {
        let early = behind.filter(column.lt(at)).filter(webhook_deliveries::attempts.eq(0));
        each_backend!(conn => diesel::update(early).set(webhook_deliveries::due_at.eq(at)).execute(conn))?;
    } else {
        let waiting = behind
            .filter(column.gt(now))
            .filter(webhook_deliveries::attempts.gt(0))
            .select(min(webhook_deliveries::position));
        let waiting: Option<i64> = each_backend!(conn => waiting.first(conn))?;
        let late = behind.filter(column.gt(now)).filter(webhook_deliveries::position.lt(waiting.unwrap_or(i64::MAX)));
        each_backend!(conn => diesel::update(late).set(webhook_deliveries::due_at.eq(now)).execute(conn))?;
    }
    Ok(())
}

/// Notes whether a webhook fails, and since when.
fn judge(conn: &mut Conn, webhook: &WebhookRow, outcome: &Outcome, is_given_up: bool, now: Timestamp) -> Result<()> {
    let row = webhooks::table.find(webhook.id).filter(webhooks::status.eq(WebhookStatus::Active));
    if outcome.is_taken() {
        if webhook.failing_since.is_some() {
            let works = webhooks::failing_since.eq(None::<Timestamp>);
            each_backend!(conn => diesel::update(row).set(works).execute(conn))?;
        }
        return Ok(());
    }
    let since = webhook.failing_since.unwrap_or(now);
    let gives_up = policy::gives_up(since, outcome, is_given_up, now);
    let status = if gives_up { WebhookStatus::Disabled } else { WebhookStatus::Active };
    let is_over = status == WebhookStatus::Disabled;
    let changes = (
        webhooks::failing_since.eq(since),
        webhooks::status.eq(status),
        is_over.then(|| webhooks::switched_at.eq(now)),
    );
    let changed = each_backend!(conn => diesel::update(row).set(changes).execute(conn))?;
    if changed == 1 && is_over {
        set_due(conn, webhook.id, None)?;
        tell(conn, webhook, NoticeKind::WebhookDisabled, Uuid::now_v7(), now)?;
    }
    Ok(())
}

/// Tells the owner; nobody logs in to a service account, so whoever made its key is told, too.
fn tell(conn: &mut Conn, webhook: &WebhookRow, kind: NoticeKind, event: Uuid, now: Timestamp) -> Result<()> {
    let mut people = vec![webhook.user_id];
    if let Some(key) = webhook.api_key_id {
        let maker = api_keys::table.find(key).select(api_keys::made_by);
        let maker: Option<UserId> = each_backend!(conn => maker.first(conn).optional())?;
        people.extend(maker.filter(|maker| *maker != webhook.user_id));
    }
    // where it is not one's own it is that of the account which has it
    let holder = |person| Some(webhook.user_id).filter(|holder| *holder != person);
    let notice = |person| Notice::new(person, kind, event).by(holder(person)).on_webhook(webhook.id);
    notices::queries::tell_all(conn, &people.into_iter().map(notice).collect::<Vec<_>>(), now)
}

/// What a webhook was told, the newest first.
pub fn deliveries(
    conn: &mut Conn,
    webhook: WebhookId,
    query: &DeliveryQuery,
    page: &Page<i64>,
) -> Result<Vec<DeliveryRow>> {
    Ok(each_backend!(conn, DB => {
        let mut listed = webhook_deliveries::table
            .filter(webhook_deliveries::webhook_id.eq(webhook))
            .select(DeliveryRow::as_select())
            .limit(page.rows())
            .into_boxed::<DB>();
        if let Some(state) = query.state {
            listed = listed.filter(webhook_deliveries::state.eq(state));
            if state != DeliveryState::Delivered {
                listed = listed.filter(is_open());
            }
        }
        if let Some((at, id)) = page.after {
            let (at, id, column) = (Timestamp::from_micros(at), DeliveryId::from(id), webhook_deliveries::created_at);
            listed = listed.filter(column.le(at).and(column.lt(at).or(webhook_deliveries::id.lt(id))));
        }
        listed.order((webhook_deliveries::created_at.desc(), webhook_deliveries::id.desc())).load(conn)
    })?)
}

/// Sends a delivery again, from the beginning, once the webhook is active, a ping at once; not found where there is none of this webhook.
pub fn send_again(conn: &mut Conn, webhook: &WebhookRow, id: DeliveryId, now: Timestamp) -> Result<DeliveryRow> {
    let own = webhook_deliveries::table.find(id).filter(webhook_deliveries::webhook_id.eq(webhook.id));
    let before: DeliveryRow = match conn {
        Conn::Sqlite(conn) => own.select(DeliveryRow::as_select()).first(conn)?,
        Conn::Postgres(conn) => own.select(DeliveryRow::as_select()).for_no_key_update().first(conn)?,
    };
    policy::send_again(before.leased_until.is_some_and(|until| until > now))?;
    if before.kind == EventKind::Ping {
        policy::ping(is_pinged(conn, webhook.id)?)?;
    }
    let is_sent = webhook.status == WebhookStatus::Active || before.kind == EventKind::Ping;
    let due_at = if is_sent { Some(turn(conn, &before, now)?) } else { None };
    let again = (
        webhook_deliveries::state.eq(DeliveryState::Pending),
        webhook_deliveries::attempts.eq(0),
        webhook_deliveries::due_at.eq(due_at),
    );
    let row = each_backend!(conn => diesel::update(own)
        .set(again)
        .returning(DeliveryRow::as_returning())
        .get_result(conn))?;
    if due_at == Some(now) {
        hold_up(conn, &row, None, now)?;
    }
    Ok(row)
}

/// When a delivery may be sent: now, or when the last of those that come before it in its sequence may.
fn turn(conn: &mut Conn, delivery: &DeliveryRow, now: Timestamp) -> Result<Timestamp> {
    let before = webhook_deliveries::table
        .filter(webhook_deliveries::webhook_id.eq(delivery.webhook_id))
        .filter(webhook_deliveries::sequence_id.eq(delivery.sequence_id))
        .filter(webhook_deliveries::position.lt(delivery.position))
        .filter(webhook_deliveries::due_at.is_not_null())
        .select(max(webhook_deliveries::due_at.assume_not_null()));
    let last: Option<Timestamp> = each_backend!(conn => before.first(conn))?;
    Ok(last.map_or(now, |due| due.max(now)))
}

/// Forgets what was told, or given up, more than a month ago; how much that was. What waits for its webhook waits on. For a job:
/// the caller is a transaction of its own.
pub fn purge_due(conn: &mut Conn, now: Timestamp) -> Result<usize> {
    // in the words of the index of those, which a bound value would not have
    let is_done = diesel::dsl::sql::<Bool>("webhook_deliveries.state <> 'pending'");
    let oldest = webhook_deliveries::table
        .filter(is_done)
        .order(webhook_deliveries::id.asc())
        .select((webhook_deliveries::id, webhook_deliveries::created_at))
        .limit(JOB);
    let oldest: Vec<(DeliveryId, Timestamp)> = each_backend!(conn => oldest.load(conn))?;
    let last = now.before(KEPT);
    let due: Vec<DeliveryId> = oldest.into_iter().filter(|(_, at)| *at < last).map(|(id, _)| id).collect();
    if due.is_empty() {
        return Ok(0);
    }
    let due = webhook_deliveries::table.filter(webhook_deliveries::id.eq_any(due));
    Ok(each_backend!(conn => diesel::delete(due).execute(conn))?)
}
