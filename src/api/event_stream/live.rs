//! Who listens at this server: how many at once, and when there is something new.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, Semaphore, SemaphorePermit, watch};

use crate::error::{Code, Error, Result};
use crate::types::UserId;

/// Streams that one person has at once.
const MOST_EACH: usize = 5;
/// Streams that a server has at once.
const MOST: usize = 1000;
/// Streams that ask the database at once: what happens wakes all of them, and others want to read, too.
const TURNS: usize = 8;
/// How long the streams of a person who wants another have to find that nobody reads them: a connection that was closed is known
/// by the second time that something is sent.
const CALLS: [Duration; 2] = [Duration::from_millis(100), Duration::from_millis(200)];

/// The streams of this server.
#[derive(Debug)]
pub struct Live {
    open: Mutex<HashMap<UserId, Own>>,
    turns: Semaphore,
    last: watch::Receiver<i64>,
}

/// The streams of one person.
#[derive(Debug, Default)]
struct Own {
    count: usize,
    call: Arc<Notify>,
}

/// A stream's place among them; it is free again when this is dropped.
#[derive(Debug)]
pub struct Seat {
    live: Arc<Live>,
    user: UserId,
    call: Arc<Notify>,
}

impl Live {
    /// Nobody listens yet. What is sent is the place of the last event; when the sender goes, streams end.
    #[must_use]
    pub fn new(last: watch::Receiver<i64>) -> Self {
        Self { open: Mutex::default(), turns: Semaphore::new(TURNS), last }
    }

    /// The place of the last event, and when there is another.
    #[must_use]
    pub fn last(&self) -> watch::Receiver<i64> {
        self.last.clone()
    }

    /// Takes a place; one that is left by whoever closed the connection counts no more.
    ///
    /// # Errors
    /// `rate_limited` where the person has as many as one has; `busy` where the server has.
    pub async fn sit(self: &Arc<Self>, user: UserId) -> Result<Seat> {
        for wait in CALLS {
            match self.take(user) {
                Err(error) if error.code() == Code::RateLimited => self.call(user),
                taken => return taken,
            }
            tokio::time::sleep(wait).await;
        }
        self.take(user)
    }

    fn take(self: &Arc<Self>, user: UserId) -> Result<Seat> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let all: usize = open.values().map(|own| own.count).sum();
        let held = open.get(&user).map_or(0, |own| own.count);
        if held >= MOST_EACH {
            let words = format!("{MOST_EACH} streams are open; close one first.");
            return Err(Error::new(Code::RateLimited, words).with_retry_after(5));
        }
        if all >= MOST {
            return Err(Error::new(Code::Busy, "Too many listen here; try again."));
        }
        let own = open.entry(user).or_default();
        own.count += 1;
        Ok(Seat { live: Arc::clone(self), user, call: Arc::clone(&own.call) })
    }

    /// Lets the streams of a person say that they are there.
    fn call(&self, user: UserId) {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = open.get(&user) {
            own.call.notify_waiters();
        }
    }
}

impl Seat {
    /// Waits until it is this stream's turn to ask the database, which it is for as long as the answer is kept.
    ///
    /// # Errors
    /// None that is known: the turns go on for as long as the server.
    pub async fn turn(&self) -> Result<SemaphorePermit<'_>> {
        self.live.turns.acquire().await.map_err(Error::internal)
    }

    /// Waits until the stream is to say that it is there.
    pub async fn called(&self) {
        self.call.notified().await;
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut open = self.live.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = open.get_mut(&self.user) {
            own.count -= 1;
            if own.count == 0 {
                open.remove(&self.user);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn a_place_is_free_again_when_its_stream_ends() {
        let live = Arc::new(Live::new(watch::channel(0).1));
        let user = UserId::new();
        let mut seats: Vec<Seat> = (0..MOST_EACH).map(|_| live.take(user).unwrap()).collect();
        assert_eq!(live.take(user).unwrap_err().code(), Code::RateLimited);
        assert!(live.take(UserId::new()).is_ok(), "others are others");
        seats.pop();
        assert!(live.take(user).is_ok());
        seats.clear();
        assert!(live.open.lock().unwrap().is_empty());
        let all: Vec<Seat> = (0..MOST).map(|_| live.take(UserId::new()).unwrap()).collect();
        assert_eq!(live.take(user).unwrap_err().code(), Code::Busy);
        drop(all);
    }

    #[actix_web::test]
    async fn few_ask_at_once() {
        let live = Arc::new(Live::new(watch::channel(0).1));
        let seats: Vec<Seat> = (0..=TURNS).map(|_| live.take(UserId::new()).unwrap()).collect();
        let (last, others) = seats.split_last().unwrap();
        let mut turns = Vec::new();
        for seat in others {
            turns.push(seat.turn().await.unwrap());
        }
        assert!(last.turn().now_or_never().is_none());
        turns.pop();
        assert!(last.turn().now_or_never().is_some());
    }
}
