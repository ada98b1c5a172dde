//! The migrations, embedded for both engines, and the guard against a database that a newer program has written.

use diesel::migration::{Migration, MigrationSource, MigrationVersion};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::{Conn, each_backend};
use crate::error::{Error, Result};

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");
/// Servers that start together migrate one after the other.
const POSTGRES_LOCK: &str = "SELECT pg_advisory_lock(7286413290117)";
const POSTGRES_UNLOCK: &str = "SELECT pg_advisory_unlock(7286413290117)";

/// A migration and whether it has run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Its name, the same for both engines.
    pub name: String,
    /// Whether the database has it.
    pub applied: bool,
}

fn names(conn: &Conn) -> Result<Vec<String>> {
    let mut names = match conn {
        Conn::Sqlite(_) => names_of::<diesel::sqlite::Sqlite>(&SQLITE)?,
        Conn::Postgres(_) => names_of::<diesel::pg::Pg>(&POSTGRES)?,
    };
    names.sort();
    Ok(names)
}

fn names_of<DB: diesel::backend::Backend>(source: &impl MigrationSource<DB>) -> Result<Vec<String>> {
    let migrations: Vec<Box<dyn Migration<DB>>> = source.migrations().map_err(Error::internal)?;
    Ok(migrations.iter().map(|migration| migration.name().to_string()).collect())
}

fn version(name: &str) -> String {
    name.split('_').next().unwrap_or(name).replace('-', "")
}

/// The migrations that this program knows, oldest first, each with whether the database has it.
///
/// # Errors
/// When the database cannot be asked.
pub fn status(conn: &mut Conn) -> Result<Vec<Step>> {
    let names = names(conn)?;
    let applied = applied(conn)?;
    Ok(names.into_iter().map(|name| Step { applied: applied.contains(&version(&name)), name }).collect())
}

fn applied(conn: &mut Conn) -> Result<Vec<String>> {
    let versions: Vec<MigrationVersion<'static>> =
        each_backend!(conn => conn.applied_migrations()).map_err(Error::internal)?;
    Ok(versions.iter().map(ToString::to_string).collect())
}

/// Runs what the database lacks and returns its names.
///
/// # Errors
/// When a migration fails, and when the database has migrations that this program does not know.
pub fn run(conn: &mut Conn) -> Result<Vec<String>> {
    if matches!(conn, Conn::Postgres(_)) {
        conn.execute(POSTGRES_LOCK)?;
    }
    let done = run_unlocked(conn);
    if matches!(conn, Conn::Postgres(_)) {
        conn.execute(POSTGRES_UNLOCK)?;
    }
    done
}

fn run_unlocked(conn: &mut Conn) -> Result<Vec<String>> {
    refuse_newer(conn)?;
    let done: Vec<String> = match conn {
        // one transaction, its lock taken first: the other program finds nothing left to do
        Conn::Sqlite(conn) => conn.immediate_transaction(|conn| run_all(conn, SQLITE)),
        Conn::Postgres(conn) => run_all(conn, POSTGRES),
    }?;
    Ok(done)
}

fn run_all<DB: diesel::backend::Backend>(
    conn: &mut impl MigrationHarness<DB>,
    source: impl MigrationSource<DB>,
) -> Result<Vec<String>> {
    let done = conn.run_pending_migrations(source).map_err(Error::internal)?;
    Ok(done.iter().map(ToString::to_string).collect())
}

/// Refuses a database with migrations that this program does not know.
///
/// # Errors
/// An internal error that says which one.
pub fn refuse_newer(conn: &mut Conn) -> Result<()> {
    let known: Vec<String> = names(conn)?.iter().map(|name| version(name)).collect();
    match applied(conn)?.into_iter().find(|version| !known.contains(version)) {
        Some(version) => Err(Error::internal(format!(
            "the database is newer than this program: it has migration {version}; start the newer program"
        ))),
        None => Ok(()),
    }
}

/// Undoes every migration, newest first.
///
/// # Errors
/// When one fails.
pub fn revert_all(conn: &mut Conn) -> Result<()> {
    match conn {
        Conn::Sqlite(conn) => conn.revert_all_migrations(SQLITE).map(drop),
        Conn::Postgres(conn) => conn.revert_all_migrations(POSTGRES).map(drop),
    }
    .map_err(Error::internal)
}
