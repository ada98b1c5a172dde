//! What callers have used of their limits, kept in the database: for several servers that count together. The algorithm is
//! governor's; what it keeps is a row per caller.

use std::cell::Cell;
use std::time::Duration;

use diesel::prelude::*;
use diesel::upsert::excluded;
use governor::clock::{Clock as _, FakeRelativeClock};
use governor::middleware::StateInformationMiddleware;
use governor::nanos::Nanos;
use governor::state::{NotKeyed, StateStore};
use governor::{Quota, RateLimiter};

use crate::db::schema::rate_limits;
use crate::db::{Conn, Db, each_backend};
use crate::error::Result;
use crate::types::Timestamp;

/// Callers forgotten in one transaction at most.
const FORGOTTEN_AT_ONCE: i64 = 1000;

/// What became of a request: so many more may come at once, or it has to wait for so long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It may pass; so many more could at once.
    Passes(u32),
    /// It is too early by this.
    Waits(Duration),
}

/// Counts a request of a caller, with those that other servers have counted.
///
/// # Errors
/// When the database does not answer.
pub async fn count(db: &Db, caller: String, quota: Quota) -> Result<Outcome> {
    let now = Timestamp::now();
    db.write(move |conn| {
        let whole_at = lock(conn, &caller, now)?;
        let (outcome, whole_at) = decide(quota, whole_at, now);
        if matches!(outcome, Outcome::Passes(_)) {
            keep(conn, &caller, whole_at)?;
        }
        Ok(outcome)
    })
    .await
}

/// Forgets callers that have their whole quota again.
///
/// # Errors
/// When the database does not answer.
pub async fn forget(db: &Db) -> Result<()> {
    let now = Timestamp::now();
    while db.write(move |conn| forget_some(conn, now)).await? > 0 {}
    Ok(())
}

/// The row that somebody is counted by, which nobody else changes until the commit: when the caller has the whole quota again.
fn lock(conn: &mut Conn, caller: &str, now: Timestamp) -> Result<Timestamp> {
    let row = (rate_limits::caller.eq(caller), rate_limits::whole_at.eq(now));
    let insert = diesel::insert_into(rate_limits::table).values(row);
    let same = rate_limits::caller.eq(excluded(rate_limits::caller));
    let lock = insert.on_conflict(rate_limits::caller).do_update().set(same).returning(rate_limits::whole_at);
    Ok(each_backend!(conn => lock.get_result(conn))?)
}

fn keep(conn: &mut Conn, caller: &str, whole_at: Timestamp) -> Result<()> {
    let row = rate_limits::table.find(caller);
    each_backend!(conn => diesel::update(row).set(rate_limits::whole_at.eq(whole_at)).execute(conn))?;
    Ok(())
}

fn forget_some(conn: &mut Conn, now: Timestamp) -> Result<usize> {
    let quiet = rate_limits::table.filter(rate_limits::whole_at.le(now)).select(rate_limits::caller);
    let some: Vec<String> = each_backend!(conn => quiet.limit(FORGOTTEN_AT_ONCE).load(conn))?;
    // who has come back meanwhile is kept
    let rows = rate_limits::table.filter(rate_limits::caller.eq_any(some)).filter(rate_limits::whole_at.le(now));
    Ok(each_backend!(conn => diesel::delete(rows).execute(conn))?)
}

/// Asks the algorithm about one request, and when the caller has the whole quota again after it.
fn decide(quota: Quota, whole_at: Timestamp, now: Timestamp) -> (Outcome, Timestamp) {
    let since_1970 = |at: Timestamp| Duration::from_micros(u64::try_from(at.micros()).unwrap_or_default());
    // a clock that stands still while the algorithm looks at it
    let clock = FakeRelativeClock::default();
    let kept = Kept(Cell::new(since_1970(whole_at).into()));
    let limiter = RateLimiter::<_, _, _, StateInformationMiddleware>::new(quota, kept, clock.clone());
    clock.advance(since_1970(now));
    let outcome = match limiter.check() {
        Ok(state) => Outcome::Passes(state.remaining_burst_capacity()),
        Err(not_until) => Outcome::Waits(not_until.wait_time_from(clock.now())),
    };
    let micros = limiter.into_state_store().0.get().as_u64().div_ceil(1000);
    (outcome, Timestamp::from_micros(i64::try_from(micros).unwrap_or(i64::MAX)))
}

/// The state of one caller, in nanoseconds since 1970.
struct Kept(Cell<Nanos>);

impl StateStore for Kept {
    type Key = NotKeyed;

    fn measure_and_replace<T, F, E>(&self, _: &NotKeyed, decide: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let (answer, after) = decide(Some(self.0.get()))?;
        self.0.set(after);
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;

    #[test]
    fn a_quota_is_used_up_and_comes_back() {
        let quota = Quota::with_period(Duration::from_secs(20)).unwrap().allow_burst(NonZeroU32::new(3).unwrap());
        let began = Timestamp::now();
        let mut whole_at = began;
        let mut ask = |seconds| {
            let (outcome, after) = decide(quota, whole_at, began.after(Duration::from_secs(seconds)));
            whole_at = after;
            outcome
        };
        assert_eq!([ask(0), ask(0), ask(0)], [Outcome::Passes(2), Outcome::Passes(1), Outcome::Passes(0)]);
        assert_eq!(ask(5), Outcome::Waits(Duration::from_secs(15)), "one comes back every 20 seconds");
        assert_eq!(ask(20), Outcome::Passes(0));
        assert_eq!(ask(3600), Outcome::Passes(2), "never more than the quota");
    }
}
