//! What callers have used of their limits, kept in the database: for several servers that count together. The algorithm is
//! governor's; what it keeps is a row per caller.

use std::cell::Cell;
use std::num::NonZeroU32;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use diesel::PgConnection;
use diesel::prelude::*;
use governor::clock::{Clock as _, FakeRelativeClock};
use governor::middleware::StateInformationMiddleware;
use governor::nanos::Nanos;
use governor::state::{NotKeyed, StateStore};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

use crate::db::schema::rate_limits;
use crate::db::{Conn, Db, Target};
use crate::error::{Error, Result};
use crate::types::Timestamp;

/// Callers forgotten in one transaction at most.
const FORGOTTEN_AT_ONCE: i64 = 1000;
/// How long a request waits to be counted.
const PATIENCE: Duration = Duration::from_millis(100);

/// What became of a request: so many more may come at once, or it has to wait for so long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It may pass; so many more could at once.
    Passes(u32),
    /// It is too early by this.
    Waits(Duration),
}

/// What all servers that share a PostgreSQL have counted.
pub struct Counts {
    db: Db,
    /// When to say that it does not answer.
    complaints: DefaultDirectRateLimiter,
}

impl Counts {
    /// Counts there, over connections of its own.
    ///
    /// # Errors
    /// When it is no PostgreSQL: one server serves an SQLite file, and its memory does.
    pub fn new(db: &Db) -> Result<Self> {
        if matches!(db.target(), Target::Sqlite(_)) {
            return Err(Error::internal(
                "PRAXIS_RATE_LIMIT_STORE: «database» is for PostgreSQL; one server serves SQLite",
            ));
        }
        let once_a_minute = Quota::per_minute(NonZeroU32::MIN);
        Ok(Self { db: db.aside().map_err(Error::internal)?, complaints: RateLimiter::direct(once_a_minute) })
    }

    /// Counts a request of a caller with what others have counted; none where the database does not do it in time.
    pub async fn count(&self, caller: &str, quota: Quota) -> Option<Outcome> {
        let now = Timestamp::now();
        // no address stands in the table
        let caller = URL_SAFE_NO_PAD.encode(digest(&SHA256, caller.as_bytes()));
        let counted = self.write(move |conn| {
            let (outcome, whole_at) = decide(quota, lock(conn, &caller, now)?, now);
            if matches!(outcome, Outcome::Passes(_)) {
                keep(conn, &caller, whole_at)?;
            }
            Ok(outcome)
        });
        let why = match tokio::time::timeout(PATIENCE, counted).await {
            Ok(Ok(outcome)) => return Some(outcome),
            Ok(Err(error)) => error.to_string(),
            Err(late) => late.to_string(),
        };
        if self.complaints.check().is_ok() {
            tracing::warn!(why, "requests are counted by this server alone");
        }
        None
    }

    /// Forgets callers that have their whole quota again.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn forget(&self) -> Result<()> {
        let now = Timestamp::now();
        while self.write(move |conn| forget_some(conn, now)).await? > 0 {}
        Ok(())
    }

    async fn write<T: Send + 'static>(
        &self,
        work: impl Fn(&mut PgConnection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let only = || Error::internal("counts are kept in PostgreSQL only");
        self.db.write(move |conn| if let Conn::Postgres(conn) = conn { work(conn) } else { Err(only()) }).await
    }
}

/// When a caller has the whole quota again, which nobody else changes until the commit.
fn lock(conn: &mut PgConnection, caller: &str, now: Timestamp) -> Result<Timestamp> {
    let row = rate_limits::table.find(caller).select(rate_limits::whole_at).for_no_key_update();
    if let Some(whole_at) = row.first(conn).optional()? {
        return Ok(whole_at);
    }
    let new = (rate_limits::caller.eq(caller), rate_limits::whole_at.eq(now));
    diesel::insert_into(rate_limits::table).values(new).on_conflict_do_nothing().execute(conn)?;
    Ok(row.first(conn)?)
}

fn keep(conn: &mut PgConnection, caller: &str, whole_at: Timestamp) -> Result<()> {
    diesel::update(rate_limits::table.find(caller)).set(rate_limits::whole_at.eq(whole_at)).execute(conn)?;
    Ok(())
}

fn forget_some(conn: &mut PgConnection, now: Timestamp) -> Result<usize> {
    // not those who are counted just now, or forgotten by another server
    let quiet = rate_limits::table.filter(rate_limits::whole_at.le(now)).select(rate_limits::caller);
    let some: Vec<String> = quiet.limit(FORGOTTEN_AT_ONCE).for_update().skip_locked().load(conn)?;
    Ok(diesel::delete(rate_limits::table.filter(rate_limits::caller.eq_any(some))).execute(conn)?)
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
