//! Threads that ask one question for everybody who has it at the same time: what nearly every request asks then costs a
//! busy server a statement for many of them. They ask only after whoever waits has come, so that no answer is older than its
//! request.

use crossbeam_channel::{Sender, TrySendError, bounded};
use tokio::sync::oneshot;

use super::lane::{Link, QUEUE};
use super::{Conn, Db, Opener};
use crate::error::{Code, Error, Result};

/// Questions asked in one statement at most.
const BATCH: usize = 256;
/// Threads that ask, so that one whose connection hangs does not keep everybody waiting.
const THREADS: usize = 2;

/// Asks of many things at once whether something is so. Its threads end when it is dropped.
pub struct Together<K>(Sender<(K, oneshot::Sender<Result<bool>>)>);

impl<K: Copy + PartialEq + Send + Sync + 'static> Together<K> {
    /// Starts the threads. `which` returns those of the keys of which it is so; it only reads.
    ///
    /// # Errors
    /// When a thread cannot be started.
    pub fn start(db: &Db, which: fn(&mut Conn, &[K]) -> Result<Vec<K>>) -> std::io::Result<Self> {
        let (sender, waiting) = bounded::<(K, oneshot::Sender<Result<bool>>)>(QUEUE);
        for _ in 0..THREADS {
            let opener = Opener { target: db.target.clone(), read_only: true, statements: db.statements_read.clone() };
            let (mut link, waiting) = (Link::new(opener), waiting.clone());
            let serve = move || {
                while let Ok(first) = waiting.recv() {
                    let together = std::iter::once(first).chain(waiting.try_iter().take(BATCH - 1)).collect();
                    answer(&mut link, together, which);
                }
            };
            std::thread::Builder::new().name("db-together".to_owned()).spawn(serve)?;
        }
        Ok(Self(sender))
    }

    /// Whether it is so of this one.
    ///
    /// # Errors
    /// `busy` when too many wait already; `database_unavailable`.
    pub async fn ask(&self, key: K) -> Result<bool> {
        let (reply, answer) = oneshot::channel();
        match self.0.try_send((key, reply)) {
            Ok(()) => answer.await.unwrap_or_else(|_| Err(Error::internal("a database thread ended"))),
            Err(TrySendError::Full(_)) => Err(Error::new(Code::Busy, "Too many requests wait for the database.")),
            Err(TrySendError::Disconnected(_)) => Err(Error::internal("the database threads have ended")),
        }
    }
}

/// One statement for all of them, each key asked once.
fn answer<K: Copy + PartialEq + Send + Sync + 'static>(
    link: &mut Link,
    together: Vec<(K, oneshot::Sender<Result<bool>>)>,
    which: fn(&mut Conn, &[K]) -> Result<Vec<K>>,
) {
    let mut keys: Vec<K> = Vec::with_capacity(together.len());
    for (key, _) in &together {
        if !keys.contains(key) {
            keys.push(*key);
        }
    }
    let found = link.ask(move |conn| which(conn, &keys)).inspect_err(|error| tracing::warn!(%error, "not answered"));
    for (key, asker) in together {
        let answer = match &found {
            Ok(found) => Ok(found.contains(&key)),
            Err(error) => Err(Error::new(error.code(), error.detail())),
        };
        // whoever asked may have gone away; that is no fault
        drop(asker.send(answer));
    }
}
