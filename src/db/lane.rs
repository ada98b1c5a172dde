//! Threads that own database connections and work through a bounded queue. Waiting requests hold no thread, a full queue
//! answers `busy`, and on SQLite the transactions that wait together are committed together, each in its own savepoint.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use tokio::sync::oneshot;

use super::{Conn, Opener, begin};
use crate::error::{Code, Error, Result};

/// Jobs that may wait in one lane; more are turned away.
pub(super) const QUEUE: usize = 512;
/// Transactions committed together at most.
const BATCH: usize = 64;
/// Attempts at a transaction that deadlocks or cannot be serialised.
const ATTEMPTS: u32 = 8;

/// What a job's run asks of the thread that ran it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Keep,
    Undo,
    Retry,
    Lost,
}

/// Work with a place for its answer.
trait Job: Send {
    fn run(&mut self, conn: &mut Conn) -> Outcome;
    fn answer(self: Box<Self>);
    fn fail(self: Box<Self>, error: Error);
}

struct Task<T, F> {
    work: F,
    result: Option<Result<T>>,
    reply: oneshot::Sender<Result<T>>,
}

impl<T: Send, F: Fn(&mut Conn) -> Result<T> + Send> Job for Task<T, F> {
    fn run(&mut self, conn: &mut Conn) -> Outcome {
        let result = catch_unwind(AssertUnwindSafe(|| (self.work)(conn)))
            .unwrap_or_else(|_| Err(Error::internal("the work on the database panicked")));
        let outcome = match &result {
            Ok(_) => Outcome::Keep,
            Err(error) if error.is_retryable() => Outcome::Retry,
            Err(error) if error.code() == Code::DatabaseUnavailable => Outcome::Lost,
            Err(error) if error.code() == Code::Internal && lost(conn) => Outcome::Lost,
            Err(_) => Outcome::Undo,
        };
        self.result = Some(result);
        outcome
    }

    fn answer(self: Box<Self>) {
        let result = self.result.unwrap_or_else(|| Err(Error::internal("a job was answered before it ran")));
        // whoever asked may have gone away; that is no fault
        drop(self.reply.send(result));
    }

    fn fail(self: Box<Self>, error: Error) {
        // a rule that was broken stays broken whatever became of the commit
        let answer = match self.result {
            Some(Err(own)) if !own.is_retryable() && own.code().status() < 500 => Err(own),
            _ => Err(error),
        };
        drop(self.reply.send(answer));
    }
}

/// Within a failed transaction PostgreSQL answers nothing, so the question is asked after a rollback.
fn lost(conn: &mut Conn) -> bool {
    match conn {
        Conn::Sqlite(_) => false,
        Conn::Postgres(_) => {
            // outside a transaction this only warns
            conn.execute("ROLLBACK").is_err() || !conn.is_alive()
        }
    }
}

fn unavailable() -> Error {
    Error::new(Code::DatabaseUnavailable, "Try again in a moment.")
}

/// A queue with the threads behind it.
#[derive(Clone)]
pub(super) struct Lane(Sender<Box<dyn Job>>);

impl Lane {
    pub(super) fn readers(threads: usize, opener: &Opener) -> std::io::Result<Self> {
        Self::start("db-read", threads, opener, |link, jobs| {
            for job in jobs {
                link.read(job);
            }
        })
    }

    pub(super) fn writers(threads: usize, opener: &Opener) -> std::io::Result<Self> {
        Self::start("db-write", threads, opener, |link, jobs| {
            for job in jobs {
                match link.conn() {
                    Ok(Conn::Sqlite(_)) => link.write_together(job, jobs),
                    Ok(Conn::Postgres(_)) => link.write_alone(job),
                    Err(error) => job.fail(error),
                }
            }
        })
    }

    fn start(
        name: &str,
        threads: usize,
        opener: &Opener,
        serve: fn(&mut Link, &Receiver<Box<dyn Job>>),
    ) -> std::io::Result<Self> {
        let (sender, receiver) = bounded::<Box<dyn Job>>(QUEUE);
        for _ in 0..threads {
            let (jobs, opener) = (receiver.clone(), opener.clone());
            std::thread::Builder::new().name(name.to_owned()).spawn(move || serve(&mut Link::new(opener), &jobs))?;
        }
        Ok(Self(sender))
    }

    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl Fn(&mut Conn) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (reply, answer) = oneshot::channel();
        match self.0.try_send(Box::new(Task { work, result: None, reply })) {
            Ok(()) => answer.await.unwrap_or_else(|_| Err(Error::internal("a database thread ended"))),
            Err(TrySendError::Full(_)) => Err(Error::new(Code::Busy, "Too many requests wait for the database.")),
            Err(TrySendError::Disconnected(_)) => Err(Error::internal("the database threads have ended")),
        }
    }
}

/// One thread's connection: opened when first needed, dropped when lost, opened again.
pub(super) struct Link {
    opener: Opener,
    conn: Option<Conn>,
}

impl Link {
    pub(super) fn new(opener: Opener) -> Self {
        Self { opener, conn: None }
    }

    /// Reads on this thread.
    pub(super) fn ask<T: Send + 'static>(
        &mut self,
        work: impl Fn(&mut Conn) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (reply, mut answer) = oneshot::channel();
        self.read(Box::new(Task { work, result: None, reply }));
        answer.try_recv().unwrap_or_else(|_| Err(Error::internal("a reading was not answered")))
    }

    fn conn(&mut self) -> Result<&mut Conn> {
        if self.conn.is_none() {
            self.conn = Some(self.opener.open().inspect_err(|error| tracing::warn!(%error, "no database"))?);
        }
        self.conn.as_mut().ok_or_else(unavailable)
    }

    /// A lost connection is replaced once: the database may only have been restarted.
    fn read(&mut self, mut job: Box<dyn Job>) {
        for last in [false, true] {
            match self.conn().map(|conn| job.run(conn)) {
                Ok(Outcome::Lost) => {
                    self.conn = None;
                    if last {
                        return job.fail(unavailable());
                    }
                }
                Ok(_) => return job.answer(),
                Err(error) => return job.fail(error),
            }
        }
    }

    /// One transaction, tried again after a deadlock and, before anything was sent, on a new connection.
    fn write_alone(&mut self, mut job: Box<dyn Job>) {
        for attempt in 1..=ATTEMPTS {
            let conn = match self.conn() {
                Ok(conn) => conn,
                Err(error) => return job.fail(error),
            };
            if conn.execute(begin(conn)).is_err() {
                self.conn = None;
                continue;
            }
            match job.run(conn) {
                Outcome::Keep => match conn.execute("COMMIT").map_err(Error::from) {
                    Ok(()) => return job.answer(),
                    Err(error) if error.is_retryable() => self.roll_back(),
                    // the commit may or may not have happened: whoever asked must look
                    Err(error) => {
                        self.roll_back();
                        return job.fail(error);
                    }
                },
                Outcome::Undo => {
                    self.roll_back();
                    return job.answer();
                }
                Outcome::Retry => self.roll_back(),
                Outcome::Lost => {
                    self.conn = None;
                    return job.fail(unavailable());
                }
            }
            std::thread::sleep(Duration::from_millis(u64::from(attempt * attempt)));
        }
        job.fail(Error::new(Code::Busy, "Others change the same thing; try again."));
    }

    /// All that waits, up to a bound, in one transaction: one flush to the disk serves them all.
    fn write_together(&mut self, first: Box<dyn Job>, jobs: &Receiver<Box<dyn Job>>) {
        let mut batch = vec![first];
        batch.extend(jobs.try_iter().take(BATCH - 1));
        match self.conn().and_then(|conn| commit_together(conn, &mut batch)) {
            Ok(()) => batch.into_iter().for_each(Job::answer),
            Err(error) => {
                tracing::error!(%error, "a commit failed");
                self.roll_back();
                let code = error.code();
                let detail = error.detail().to_owned();
                for job in batch {
                    job.fail(Error::new(code, detail.clone()));
                }
            }
        }
    }

    fn roll_back(&mut self) {
        if self.conn.as_mut().is_some_and(|conn| conn.execute("ROLLBACK").is_err() && !conn.is_alive()) {
            self.conn = None;
        }
    }
}

fn commit_together(conn: &mut Conn, batch: &mut [Box<dyn Job>]) -> Result<()> {
    conn.execute(begin(conn))?;
    for job in batch {
        conn.execute("SAVEPOINT job")?;
        if job.run(conn) != Outcome::Keep {
            // fails when the engine has rolled back everything (a full disk): then all fail together
            conn.execute("ROLLBACK TO job")?;
        }
        conn.execute("RELEASE job")?;
    }
    conn.execute("COMMIT")?;
    Ok(())
}
