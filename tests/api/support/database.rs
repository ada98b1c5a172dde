//! A database of its own for each case: a file in a temporary directory, or a PostgreSQL schema.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use praxis::db::{Conn, Target, migrate};
use tempfile::TempDir;

const FILE: &str = "praxis.sqlite3";

/// What runs the databases.
#[derive(Clone)]
pub enum Engine {
    Sqlite,
    /// The URL of a database in which schemas may be made.
    Postgres(String),
}

impl Engine {
    /// SQLite, and PostgreSQL where the environment says where it is.
    pub fn all() -> Vec<Self> {
        #[expect(clippy::disallowed_methods, reason = "the tests' own setting, not the program's")]
        let url = std::env::var("PRAXIS_TEST_POSTGRES_URL").ok().filter(|url| !url.is_empty());
        [Self::Sqlite].into_iter().chain(url.map(Self::Postgres)).collect()
    }

    pub fn name(&self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres(_) => "postgres",
        }
    }
}

/// An SQLite file with all tables. Making them takes longer than most cases, so it is done once.
static TABLES: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let database = Database::new(&Engine::Sqlite);
    let mut conn = database.connect();
    migrate::run(&mut conn).unwrap();
    conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    std::fs::read(database.file()).unwrap()
});

/// An empty database with a data directory; both go when it is dropped.
pub struct Database {
    url: String,
    dir: TempDir,
    /// The URL without the schema, and the schema.
    schema: Option<(String, String)>,
}

impl Database {
    pub fn new(engine: &Engine) -> Self {
        let dir = tempfile::tempdir().unwrap();
        match engine {
            Engine::Sqlite => {
                let url = format!("sqlite:{}", dir.path().join(FILE).display());
                Self { url, dir, schema: None }
            }
            Engine::Postgres(base) => {
                let schema = format!("praxis_test_{}", uuid::Uuid::now_v7().simple());
                execute(base, &format!("CREATE SCHEMA {schema}"));
                let joint = if base.contains('?') { '&' } else { '?' };
                let url = format!("{base}{joint}options=-csearch_path%3D{schema}");
                Self { url, dir, schema: Some((base.clone(), schema)) }
            }
        }
    }

    /// The same with the tables that a server would make in it, where they can be copied.
    pub fn with_tables(self) -> Self {
        if self.is_sqlite() {
            std::fs::write(self.file(), &*TABLES).unwrap();
        }
        self
    }

    fn file(&self) -> PathBuf {
        self.dir.path().join(FILE)
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    pub fn data_dir(&self) -> &Path {
        self.dir.path()
    }

    pub fn is_sqlite(&self) -> bool {
        self.schema.is_none()
    }

    /// The engine's name, for people.
    pub fn engine(&self) -> &'static str {
        Target::parse(&self.url).unwrap().engine()
    }

    /// A connection of the test's own.
    pub fn connect(&self) -> Conn {
        Target::parse(&self.url).unwrap().connect().unwrap()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Some((base, schema)) = &self.schema {
            // a transaction of the server's that nobody waits for may still hold locks, and then one of the two gives way
            let drop = format!("DROP SCHEMA {schema} CASCADE");
            let mut conn = Target::parse(base).unwrap().connect().unwrap();
            let dropped = (0..5).map(|_| conn.execute(&drop)).find(|result| match result {
                Ok(()) => true,
                Err(error) => !error.to_string().contains("deadlock detected"),
            });
            dropped.expect("five deadlocks in a row").unwrap();
        }
    }
}

fn execute(url: &str, sql: &str) {
    Target::parse(url).unwrap().connect().unwrap().execute(sql).unwrap();
}
