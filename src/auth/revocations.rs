//! What ends access tokens before their time: the sessions that were revoked.
//!
//! On SQLite this process is the only server (it holds a lock beside the file), so the sessions that ended
//! in the last 15 minutes are kept in memory: read at the start, added to before the answer to whoever ended one, and read
//! again every few seconds for what the command line has ended (`praxis admin create` with a new password).
//! On PostgreSQL there may be other servers, so the session is looked up by its key for every request, and for those that
//! come together at once; of those that ended only what this process has seen is in memory.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use diesel::prelude::*;

use super::tokens::ACCESS_LIFE;
use crate::db::schema::sessions;
use crate::db::together::Together;
use crate::db::{Conn, Db, Target, each_backend};
use crate::error::{Error, Result};
use crate::types::{SessionId, Timestamp};

/// How long an ended session is remembered: an access token that was being made while it ended is dead by then.
const REMEMBERED: Duration = ACCESS_LIFE.saturating_add(Duration::from_mins(1));

/// Knows which sessions have ended.
pub struct Revocations {
    db: Db,
    /// The sessions that are known to have ended, and since when they are.
    ended: RwLock<HashMap<SessionId, Timestamp>>,
    /// Who is asked about the others, where there may be such.
    asked: Option<Together<SessionId>>,
}

impl Revocations {
    /// Reads what ended while the last tokens may still be about.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn load(db: Db) -> Result<Self> {
        let asked = match db.target() {
            Target::Postgres(_) => Some(Together::start(&db, live_among).map_err(Error::internal)?),
            Target::Sqlite(_) => None,
        };
        let revocations = Self { db, ended: RwLock::default(), asked };
        revocations.refresh().await?;
        Ok(revocations)
    }

    /// Whether the session goes on.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn is_live(&self, session: SessionId) -> Result<bool> {
        if self.is_known_to_have_ended(session) {
            return Ok(false);
        }
        let Some(asked) = &self.asked else { return Ok(true) };
        let is_live = asked.ask(session).await?;
        if !is_live {
            self.note(&[session], Timestamp::now());
        }
        Ok(is_live)
    }

    /// Whether the session has ended, as far as this is known without asking: on SQLite always, elsewhere from the second time on
    /// that somebody comes with it.
    #[must_use]
    pub fn is_known_to_have_ended(&self, session: SessionId) -> bool {
        self.ended.read().unwrap_or_else(PoisonError::into_inner).contains_key(&session)
    }

    /// Takes up what the command line has ended meanwhile.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn refresh(&self) -> Result<()> {
        if self.asked.is_some() {
            return Ok(());
        }
        let since = Timestamp::now().before(REMEMBERED);
        let recent = self.db.read(move |conn| ended_since(conn, since)).await?;
        self.ended.write().unwrap_or_else(PoisonError::into_inner).extend(recent);
        Ok(())
    }

    /// Runs a transaction that ends sessions and notes them after the commit, before the answer, even when whoever asked
    /// has gone away meanwhile.
    ///
    /// # Errors
    /// What `work` returns, and when the database does not answer.
    pub async fn write<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl Fn(&mut Conn) -> Result<(T, Vec<SessionId>)> + Send + 'static,
    ) -> Result<T> {
        let this = Arc::clone(self);
        let task = actix_web::rt::spawn(async move {
            let (value, ended) = this.db.write(work).await?;
            this.note(&ended, Timestamp::now());
            Ok(value)
        });
        task.await.map_err(Error::internal)?
    }

    fn note(&self, sessions: &[SessionId], now: Timestamp) {
        let mut ended = self.ended.write().unwrap_or_else(PoisonError::into_inner);
        let still_matter = now.before(REMEMBERED);
        ended.retain(|_, at| *at >= still_matter);
        ended.extend(sessions.iter().map(|session| (*session, now)));
    }
}

fn ended_since(conn: &mut Conn, since: Timestamp) -> Result<Vec<(SessionId, Timestamp)>> {
    Ok(each_backend!(conn => sessions::table
        .filter(sessions::revoked_at.ge(since))
        .select((sessions::id, sessions::revoked_at.assume_not_null()))
        .load(conn))?)
}

fn live_among(conn: &mut Conn, asked: &[SessionId]) -> Result<Vec<SessionId>> {
    let live = sessions::table.filter(sessions::id.eq_any(asked)).filter(sessions::revoked_at.is_null());
    Ok(each_backend!(conn => live.select(sessions::id).load(conn))?)
}
