//! What ends access tokens before their time: the sessions that were revoked.
//!
//! On SQLite this process is the only server (it holds a lock on the database's directory), so the sessions that ended
//! in the last 15 minutes are kept in memory: read once at the start, added to before the answer to whoever ended one.
//! On PostgreSQL there may be other servers, so the session is looked up by its key, once a request.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use diesel::prelude::*;

use super::tokens::ACCESS_LIFE;
use crate::db::schema::sessions;
use crate::db::{Db, Target, each_backend};
use crate::error::Result;
use crate::types::{SessionId, Timestamp};

/// Knows which sessions have ended.
pub struct Revocations {
    db: Db,
    ended: Option<RwLock<HashMap<SessionId, Timestamp>>>,
}

impl Revocations {
    /// Reads what ended while the last tokens may still be about.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn load(db: Db) -> Result<Self> {
        let ended = match db.target() {
            Target::Postgres(_) => None,
            Target::Sqlite(_) => {
                let since = Timestamp::now().before(ACCESS_LIFE);
                let recent = db.read(move |conn| ended_since(conn, since)).await?;
                Some(RwLock::new(recent.into_iter().collect()))
            }
        };
        Ok(Self { db, ended })
    }

    /// Whether the session goes on.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn is_live(&self, session: SessionId) -> Result<bool> {
        match &self.ended {
            Some(ended) => Ok(!ended.read().unwrap_or_else(PoisonError::into_inner).contains_key(&session)),
            None => self.db.read(move |conn| is_live(conn, session)).await,
        }
    }

    /// Notes sessions that have just ended; called after the commit, before the answer.
    pub fn note(&self, sessions: &[SessionId], now: Timestamp) {
        if let Some(ended) = &self.ended {
            let mut ended = ended.write().unwrap_or_else(PoisonError::into_inner);
            let still_matter = now.before(ACCESS_LIFE);
            ended.retain(|_, at| *at >= still_matter);
            ended.extend(sessions.iter().map(|session| (*session, now)));
        }
    }
}

fn ended_since(conn: &mut crate::db::Conn, since: Timestamp) -> Result<Vec<(SessionId, Timestamp)>> {
    Ok(each_backend!(conn => sessions::table
        .filter(sessions::revoked_at.ge(since))
        .select((sessions::id, sessions::revoked_at.assume_not_null()))
        .load(conn))?)
}

fn is_live(conn: &mut crate::db::Conn, session: SessionId) -> Result<bool> {
    let live = sessions::table.find(session).filter(sessions::revoked_at.is_null()).select(sessions::id);
    let found: Option<SessionId> = each_backend!(conn => live.first(conn).optional())?;
    Ok(found.is_some())
}
