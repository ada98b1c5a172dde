//! Who listens at this server: how many at once, and when there is something new.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Semaphore, SemaphorePermit, watch};

use crate::error::{Code, Error, Result};
use crate::types::UserId;

/// Streams that one person has at once.
const MOST_EACH: usize = 5;
/// Streams that a server has at once.
const MOST: usize = 1000;
/// Streams that ask the database at once: what happens wakes all of them, and others want to read, too.
const TURNS: usize = 8;

/// The streams of this server.
#[derive(Debug)]
pub struct Live {
    open: Mutex<HashMap<UserId, usize>>,
    turns: Semaphore,
    last: watch::Receiver<i64>,
}

/// A stream's place among them; it is free again when this is dropped.
#[derive(Debug)]
pub struct Seat {
    live: Arc<Live>,
    user: UserId,
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

    /// Takes a place.
    ///
    /// # Errors
    /// `rate_limited` where the person has as many as one has; `busy` where the server has.
    pub fn sit(self: &Arc<Self>, user: UserId) -> Result<Seat> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let (own, all) = (open.get(&user).copied().unwrap_or_default(), open.values().sum::<usize>());
        if own >= MOST_EACH {
            let words = format!("{MOST_EACH} streams are open; close one first.");
            return Err(Error::new(Code::RateLimited, words).with_retry_after(5));
        }
        if all >= MOST {
            return Err(Error::new(Code::Busy, "Too many listen here; try again."));
        }
        open.insert(user, own + 1);
        Ok(Seat { live: Arc::clone(self), user })
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
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut open = self.live.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.user) {
            *count -= 1;
            if *count == 0 {
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
        let mut seats: Vec<Seat> = (0..MOST_EACH).map(|_| live.sit(user).unwrap()).collect();
        assert_eq!(live.sit(user).unwrap_err().code(), Code::RateLimited);
        assert!(live.sit(UserId::new()).is_ok(), "others are others");
        seats.pop();
        assert!(live.sit(user).is_ok());
        seats.clear();
        assert!(live.open.lock().unwrap().is_empty());
        let all: Vec<Seat> = (0..MOST).map(|_| live.sit(UserId::new()).unwrap()).collect();
        assert_eq!(live.sit(user).unwrap_err().code(), Code::Busy);
        drop(all);
    }

    #[actix_web::test]
    async fn few_ask_at_once() {
        let live = Arc::new(Live::new(watch::channel(0).1));
        let seats: Vec<Seat> = (0..=TURNS).map(|_| live.sit(UserId::new()).unwrap()).collect();
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
