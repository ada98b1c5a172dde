//! The database: two engines behind one connection type, and the only two doors to it, [`Db::read`] and [`Db::write`].

mod lane;
pub mod migrate;
pub mod schema;
pub mod search;
pub mod sql_types;
pub mod together;
pub mod tombstones;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use diesel::connection::{
    AnsiTransactionManager, Connection as _, InstrumentationEvent, SimpleConnection as _, TransactionManager as _,
};
use diesel::{PgConnection, SqliteConnection};

use crate::error::{Code, Error, Result};
use lane::Lane;

/// A connection to one of the two engines. [`each_backend!`] compiles a query once for each.
pub enum Conn {
    /// The embedded engine.
    Sqlite(SqliteConnection),
    /// The engine to grow on.
    Postgres(PgConnection),
}

/// Compiles one block of diesel once per engine: `each_backend!(conn => table.load(conn))`. With
/// `each_backend!(conn, DB => …)` the engine's type is named too, for `into_boxed::<DB>()`.
macro_rules! each_backend {
    ($conn:ident => $body:expr) => {
        match $conn {
            $crate::db::Conn::Sqlite($conn) => $body,
            $crate::db::Conn::Postgres($conn) => $body,
        }
    };
    ($conn:ident, $db:ident => $body:expr) => {
        match $conn {
            $crate::db::Conn::Sqlite($conn) => {
                type $db = diesel::sqlite::Sqlite;
                $body
            }
            $crate::db::Conn::Postgres($conn) => {
                type $db = diesel::pg::Pg;
                $body
            }
        }
    };
}
pub(crate) use each_backend;

/// Inserts many rows: `insert_all!(conn, table, rows)`. SQLite takes them one by one: diesel would begin a transaction for many, within
/// the one that it does not know of. PostgreSQL takes 500 at a time, of some 65,000 values at most.
macro_rules! insert_all {
    ($conn:ident, $table:expr, $rows:expr) => {
        match $conn {
            $crate::db::Conn::Sqlite(conn) => {
                for row in $rows {
                    diesel::insert_into($table).values(row).execute(conn)?;
                }
            }
            $crate::db::Conn::Postgres(conn) => {
                for rows in $rows.chunks(500) {
                    diesel::insert_into($table).values(rows).execute(conn)?;
                }
            }
        }
    };
}
pub(crate) use insert_all;

impl Conn {
    /// Runs SQL without parameters or results.
    ///
    /// # Errors
    /// What the engine says.
    pub fn execute(&mut self, sql: &str) -> diesel::QueryResult<()> {
        let conn = self;
        each_backend!(conn => conn.batch_execute(sql))
    }

    /// Whether the engine still answers.
    pub fn is_alive(&mut self) -> bool {
        self.execute("SELECT 1").is_ok()
    }
}

/// Where the database is: parsed from its URL, whose scheme chooses the engine.
#[derive(Clone, PartialEq, Eq)]
pub enum Target {
    /// The path of an SQLite file.
    Sqlite(String),
    /// A URL for libpq.
    Postgres(String),
}

impl Target {
    /// Parses `sqlite:PATH`, `postgres://…` or `postgresql://…`.
    ///
    /// # Errors
    /// The words for the setting that is wrong.
    pub fn parse(url: &str) -> Result<Self, String> {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(Self::Postgres(url.to_owned()));
        }
        let path = url.strip_prefix("sqlite://").or_else(|| url.strip_prefix("sqlite:")).unwrap_or_default();
        if path.is_empty() {
            return Err("must be sqlite:PATH or postgres://USER@HOST/NAME".to_owned());
        }
        Ok(Self::Sqlite(path.to_owned()))
    }

    /// The engine's name, for people.
    #[must_use]
    pub fn engine(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "SQLite",
            Self::Postgres(_) => "PostgreSQL",
        }
    }

    /// Opens a connection and sets it up.
    ///
    /// # Errors
    /// `database_unavailable` when the engine does not answer.
    pub fn connect(&self) -> Result<Conn> {
        let unavailable = |error: diesel::ConnectionError| {
            Error::new(Code::DatabaseUnavailable, "Try again in a moment.").with_source(error)
        };
        match self {
            Self::Sqlite(path) => {
                let mut conn = Conn::Sqlite(SqliteConnection::establish(path).map_err(unavailable)?);
                // one statement each, the timeout first: else two processes that start together fail
                conn.execute("PRAGMA busy_timeout = 5000")?;
                conn.execute("PRAGMA journal_mode = WAL")?;
                conn.execute("PRAGMA synchronous = FULL")?;
                conn.execute("PRAGMA foreign_keys = ON")?;
                Ok(conn)
            }
            Self::Postgres(url) => {
                let mut conn = Conn::Postgres(PgConnection::establish(url).map_err(unavailable)?);
                // no question here runs for as long as it takes to compile its plan
                conn.execute("SET client_min_messages = warning; SET TIME ZONE 'UTC'; SET jit = off")?;
                Ok(conn)
            }
        }
    }
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // the URL may hold a password
        f.write_str(self.engine())
    }
}

/// Opens connections for a lane, counts their statements and logs the slow ones (without their values).
#[derive(Clone)]
struct Opener {
    target: Target,
    read_only: bool,
    statements: Arc<AtomicU64>,
}

/// A statement that takes longer is logged.
const SLOW_STATEMENT: Duration = Duration::from_millis(250);

impl Opener {
    fn open(&self) -> Result<Conn> {
        let mut conn = self.target.connect()?;
        if self.read_only && matches!(conn, Conn::Sqlite(_)) {
            conn.execute("PRAGMA query_only = ON")?;
        }
        let statements = Arc::clone(&self.statements);
        let mut started = Instant::now();
        let watch = move |event: InstrumentationEvent<'_>| match event {
            InstrumentationEvent::StartQuery { .. } => {
                statements.fetch_add(1, Ordering::Relaxed);
                started = Instant::now();
            }
            InstrumentationEvent::FinishQuery { query, .. } if started.elapsed() > SLOW_STATEMENT => {
                let text = query.to_string();
                let sql = text.split(" -- binds").next().unwrap_or_default();
                tracing::warn!(millis = started.elapsed().as_millis(), sql, "slow statement");
            }
            _ => {}
        };
        let opened = &mut conn;
        each_backend!(opened => opened.set_instrumentation(watch));
        Ok(conn)
    }
}

/// The two doors to the database. Cheap to clone; its threads end when the last clone is dropped.
#[derive(Clone)]
pub struct Db {
    target: Target,
    read: Lane,
    write: Lane,
    statements_read: Arc<AtomicU64>,
}

/// Connections that write what must not wait for anything else.
const ASIDE: usize = 2;

impl Db {
    /// Starts the threads that own the connections: a few that read; one that writes on SQLite, a few on PostgreSQL.
    ///
    /// # Errors
    /// When a thread cannot be started.
    pub fn start(target: Target) -> std::io::Result<Self> {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        let opener = |read_only| Opener { target: target.clone(), read_only, statements: Arc::default() };
        let reading = opener(true);
        let (readers, writers) = match &target {
            Target::Sqlite(_) => (2 * cores, 1),
            Target::Postgres(_) => (4 * cores, 4 * cores),
        };
        Ok(Self {
            read: Lane::readers(readers, &reading)?,
            write: Lane::writers(writers, &opener(false))?,
            statements_read: reading.statements,
            target,
        })
    }

    /// The same database with a door for changes of its own, for what must not wait for any other.
    ///
    /// # Errors
    /// When a thread cannot be started.
    pub fn aside(&self) -> std::io::Result<Self> {
        let opener = Opener { target: self.target.clone(), read_only: false, statements: Arc::default() };
        Ok(Self { write: Lane::writers(ASIDE, &opener)?, ..self.clone() })
    }

    /// Runs `work` on a reading connection, outside any transaction.
    ///
    /// # Errors
    /// What `work` returns; `busy` when too much waits already; `database_unavailable`.
    pub async fn read<T: Send + 'static>(&self, work: impl Fn(&mut Conn) -> Result<T> + Send + 'static) -> Result<T> {
        self.read.run(work).await
    }

    /// Runs `work` in a transaction and answers after the commit. `work` may run more than once (after a deadlock), so it
    /// has no effect outside the database. On SQLite writers queue; on PostgreSQL a rule about a group is guarded by
    /// locking the group's row first (`Access::lock`).
    ///
    /// # Errors
    /// What `work` returns, after a rollback; `busy` when too much waits already; `database_unavailable`.
    pub async fn write<T: Send + 'static>(&self, work: impl Fn(&mut Conn) -> Result<T> + Send + 'static) -> Result<T> {
        self.write.run(work).await
    }

    /// Where the database is.
    #[must_use]
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// How many statements have run in [`Db::read`] since the start.
    #[must_use]
    pub fn statements_read(&self) -> u64 {
        self.statements_read.load(Ordering::Relaxed)
    }
}

/// Runs `work` in one transaction on a connection of the caller's own, as the command line does.
///
/// # Errors
/// What `work` returns, after a rollback, or what the commit says.
pub fn in_transaction<T>(conn: &mut Conn, work: impl FnOnce(&mut Conn) -> Result<T>) -> Result<T> {
    let begin = begin(conn);
    // diesel has to know: inserting many rows on SQLite begins a transaction of its own, or a savepoint within this one
    each_backend!(conn => AnsiTransactionManager::begin_transaction_sql(conn, begin))?;
    match work(conn) {
        Ok(value) => {
            each_backend!(conn => AnsiTransactionManager::commit_transaction(conn))?;
            Ok(value)
        }
        Err(error) => {
            each_backend!(conn => AnsiTransactionManager::rollback_transaction(conn))?;
            Err(error)
        }
    }
}

/// Writers on SQLite take their lock at once: a reader that turns writer later may fail without waiting.
fn begin(conn: &Conn) -> &'static str {
    match conn {
        Conn::Sqlite(_) => "BEGIN IMMEDIATE",
        Conn::Postgres(_) => "BEGIN",
    }
}
