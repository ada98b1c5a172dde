//! Every statement about sessions and their refresh tokens.

use diesel::prelude::*;

use super::model::Session;
use crate::auth::tokens::REFRESH_LIFE;
use crate::db::schema::{refresh_tokens, sessions};
use crate::db::{Conn, each_backend};
use crate::error::Result;
use crate::http::page::Page;
use crate::types::{SessionId, Timestamp, UserId};

/// What became of a refresh token.
#[derive(Debug, Clone)]
pub enum Refreshed {
    /// It was good; this is its session.
    Session(Session),
    /// It had been used before: its session has been ended.
    Reused(SessionId),
    /// Unknown, expired or of an ended session.
    Invalid,
}

/// A person's sessions that go on, newest first.
pub fn list(conn: &mut Conn, user: UserId, page: &Page<i64>, now: Timestamp) -> Result<Vec<Session>> {
    Ok(each_backend!(conn, DB => {
        let mut live = sessions::table
            .filter(sessions::user_id.eq(user))
            .filter(sessions::revoked_at.is_null())
            .filter(sessions::expires_at.gt(now))
            .select(Session::as_select())
            .into_boxed::<DB>();
        if let Some((at, id)) = page.after {
            let (at, id) = (Timestamp::from_micros(at), SessionId::from(id));
            live = live.filter(sessions::created_at.le(at).and(sessions::created_at.lt(at).or(sessions::id.lt(id))));
        }
        live.order((sessions::created_at.desc(), sessions::id.desc())).limit(page.rows()).load(conn)
    })?)
}

/// Starts a session with its first refresh token.
pub fn insert(conn: &mut Conn, session: &Session, token_hash: &[u8]) -> Result<()> {
    each_backend!(conn => diesel::insert_into(sessions::table).values(session).execute(conn))?;
    insert_token(conn, session.id, token_hash, session.created_at)
}

fn insert_token(conn: &mut Conn, session: SessionId, token_hash: &[u8], now: Timestamp) -> Result<()> {
    let row = (
        refresh_tokens::token_hash.eq(token_hash),
        refresh_tokens::session_id.eq(session),
        refresh_tokens::created_at.eq(now),
    );
    each_backend!(conn => diesel::insert_into(refresh_tokens::table).values(row).execute(conn))?;
    Ok(())
}

/// Uses a refresh token up and gives its session the next one. Of two that use the same token one is too late, and the
/// session ends: one of them may be a thief.
pub fn rotate(conn: &mut Conn, used: &[u8], next: &[u8], now: Timestamp) -> Result<Refreshed> {
    let fresh = refresh_tokens::table.find(used).filter(refresh_tokens::used_at.is_null());
    let session: Option<SessionId> = each_backend!(conn => diesel::update(fresh)
        .set(refresh_tokens::used_at.eq(now))
        .returning(refresh_tokens::session_id)
        .get_result(conn)
        .optional())?;
    let Some(session) = session else {
        let known = refresh_tokens::table.find(used).select(refresh_tokens::session_id);
        let known: Option<SessionId> = each_backend!(conn => known.first(conn).optional())?;
        return match known {
            Some(session) => {
                end(conn, session, now)?;
                Ok(Refreshed::Reused(session))
            }
            None => Ok(Refreshed::Invalid),
        };
    };
    let live =
        sessions::table.find(session).filter(sessions::revoked_at.is_null()).filter(sessions::expires_at.gt(now));
    let extended: Option<Session> = each_backend!(conn => diesel::update(live)
        .set((sessions::last_used_at.eq(now), sessions::expires_at.eq(now.after(REFRESH_LIFE))))
        .returning(Session::as_returning())
        .get_result(conn)
        .optional())?;
    match extended {
        Some(session) => {
            insert_token(conn, session.id, next, now)?;
            Ok(Refreshed::Session(session))
        }
        None => Ok(Refreshed::Invalid),
    }
}

/// Ends a session; whether it went on until now.
pub fn end(conn: &mut Conn, session: SessionId, now: Timestamp) -> Result<bool> {
    let live = sessions::table.find(session).filter(sessions::revoked_at.is_null());
    let ended = each_backend!(conn => diesel::update(live).set(sessions::revoked_at.eq(now)).execute(conn))?;
    Ok(ended == 1)
}

/// Ends a session of this person; whether there was one.
pub fn end_own(conn: &mut Conn, user: UserId, session: SessionId, now: Timestamp) -> Result<bool> {
    let live = sessions::table
        .find(session)
        .filter(sessions::user_id.eq(user))
        .filter(sessions::revoked_at.is_null())
        .filter(sessions::expires_at.gt(now));
    let ended = each_backend!(conn => diesel::update(live).set(sessions::revoked_at.eq(now)).execute(conn))?;
    Ok(ended == 1)
}

/// Removes sessions that expired before `before`, with their tokens.
pub fn purge(conn: &mut Conn, before: Timestamp) -> Result<usize> {
    let old = sessions::table.filter(sessions::expires_at.lt(before));
    Ok(each_backend!(conn => diesel::delete(old).execute(conn))?)
}
