//! When people were last here, and API keys last used: noted after each authenticated answer, in memory, and written in the background, at most
//! once each in five minutes. It never delays or fails a request.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{HttpMessage as _, web};

use crate::api::{api_keys, users};
use crate::auth::actor::Actor;
use crate::db::Db;
use crate::error::Result;
use crate::types::{ApiKeyId, Timestamp, UserId};

/// A person's date is written at most this often.
const INTERVAL: Duration = Duration::from_mins(5);
/// People written in one transaction.
const BATCH: usize = 200;
/// People remembered at most; beyond it a visit goes unnoted rather than the memory fill up.
const CAPACITY: usize = 100_000;

/// Whoever was here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Seen {
    /// A person.
    Person(UserId),
    /// An API key.
    Key(ApiKeyId),
}

#[derive(Debug, Default)]
struct Visit {
    unwritten: Option<Timestamp>,
    written: Option<Timestamp>,
}

/// Who was here since the last flush.
#[derive(Debug, Default)]
pub struct LastSeen(Mutex<HashMap<Seen, Visit>>);

impl LastSeen {
    /// Notes that somebody is here.
    pub fn note(&self, seen: Seen, now: Timestamp) {
        let mut visits = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if visits.len() >= CAPACITY && !visits.contains_key(&seen) {
            return;
        }
        let visit = visits.entry(seen).or_default();
        if visit.written.is_none_or(|written| written < now.before(INTERVAL)) {
            visit.unwritten = Some(now);
        }
    }

    fn take(&self, now: Timestamp) -> Vec<(Seen, Timestamp)> {
        let mut visits = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let recent = now.before(INTERVAL);
        visits.retain(|_, visit| visit.unwritten.is_some() || visit.written.is_some_and(|written| written >= recent));
        let mut taken = Vec::new();
        for (seen, visit) in visits.iter_mut() {
            if let Some(at) = visit.unwritten.take() {
                visit.written = Some(at);
                taken.push((*seen, at));
            }
        }
        // one order for all servers, so that two that flush together cannot deadlock
        taken.sort_unstable();
        taken
    }

    /// Writes what was noted.
    ///
    /// # Errors
    /// When the database does not answer; those dates are lost, later visits bring newer ones.
    pub async fn flush(&self, db: &Db) -> Result<()> {
        for batch in self.take(Timestamp::now()).chunks(BATCH) {
            let (mut people, mut keys) = (Vec::new(), Vec::new());
            for (seen, at) in batch {
                match seen {
                    Seen::Person(id) => people.push((*id, *at)),
                    Seen::Key(id) => keys.push((*id, *at)),
                }
            }
            db.write(move |conn| {
                users::queries::touch_last_seen(conn, &people)?;
                api_keys::queries::touch(conn, &keys)
            })
            .await?;
        }
        Ok(())
    }
}

/// The middleware.
///
/// # Errors
/// None of its own.
pub async fn wrap(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let response = next.call(request).await?;
    if let Some(last_seen) = response.request().app_data::<web::Data<LastSeen>>() {
        let (now, extensions) = (Timestamp::now(), response.request().extensions());
        let person = extensions.get::<Actor>().map(|actor| Seen::Person(actor.user_id));
        let key = extensions.get::<ApiKeyId>().copied().map(Seen::Key);
        for seen in person.into_iter().chain(key) {
            last_seen.note(seen, now);
        }
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_write_per_person_in_five_minutes() {
        let (seen, user, start) = (LastSeen::default(), Seen::Person(UserId::new()), Timestamp::now());
        seen.note(user, start);
        assert_eq!(seen.take(start), [(user, start)]);
        let soon = start.after(Duration::from_mins(4));
        seen.note(user, soon);
        assert!(seen.take(soon).is_empty());
        let later = start.after(Duration::from_mins(6));
        seen.note(user, later);
        assert_eq!(seen.take(later), [(user, later)]);
    }
}
