//! The migrations of both engines, and the tables they make against the tables that the program believes in.

use std::collections::BTreeMap;
use std::path::Path;

use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};
use praxis::db::schema::{articles, comments, groups, memberships, posts, users};
use praxis::db::{Conn, migrate};
use praxis::types::Timestamp;
use serde_json::json;

use crate::support::{App, Case, Database, on_each, plain, served, stored};

pub fn cases() -> Vec<Case> {
    let mut cases = plain![both_engines_have_the_same_migrations];
    cases.extend(stored![
        migrations_run_up_down_and_up_again,
        the_schema_is_that_of_the_tables,
        a_database_that_is_newer_is_refused,
        programs_that_start_together_migrate_once,
    ]);
    cases.extend(served![no_activity_is_older_than_the_year_2000]);
    cases
}

fn both_engines_have_the_same_migrations() {
    let names = |engine: &str| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(engine);
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let mut names: Vec<String> = entries
            .map(|folder| {
                for file in ["up.sql", "down.sql"] {
                    assert!(folder.join(file).metadata().unwrap().len() > 0, "{}/{file}", folder.display());
                }
                folder.file_name().unwrap().to_str().unwrap().to_owned()
            })
            .collect();
        names.sort();
        names
    };
    assert!(!names("sqlite").is_empty());
    assert_eq!(names("sqlite"), names("postgres"));
}

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

#[derive(QueryableByName, Debug)]
struct Column {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Bool)]
    nullable: bool,
}

/// The tables, without those of the engine and of the migrations.
fn tables(conn: &mut Conn) -> Vec<String> {
    let sql = match conn {
        Conn::Sqlite(_) => "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name",
        Conn::Postgres(_) => {
            "SELECT table_name::text AS name FROM information_schema.tables WHERE table_schema = current_schema() ORDER BY 1"
        }
    };
    let names: Vec<Name> = on_each!(conn => diesel::sql_query(sql).load(conn)).unwrap();
    names
        .into_iter()
        .map(|row| row.name)
        // the words that SQLite's text index keeps are tables to it; on PostgreSQL they are a column
        .filter(|name| !["__", "sqlite_", "search_index"].iter().any(|prefix| name.starts_with(prefix)))
        .collect()
}

fn columns(conn: &mut Conn, table: &str) -> Vec<Column> {
    let sql = match conn {
        Conn::Sqlite(_) => format!(
            "SELECT name, lower(type) AS kind, \"notnull\" = 0 AS nullable FROM pragma_table_xinfo('{table}') ORDER BY cid"
        ),
        Conn::Postgres(_) => format!(
            "SELECT column_name::text AS name, data_type::text AS kind, is_nullable = 'YES' AS nullable
             FROM information_schema.columns
             WHERE table_schema = current_schema() AND table_name = '{table}' ORDER BY ordinal_position"
        ),
    };
    on_each!(conn => diesel::sql_query(&sql).load(conn)).unwrap()
}

fn keys(conn: &mut Conn, table: &str) -> Vec<String> {
    let sql = match conn {
        Conn::Sqlite(_) => format!("SELECT name FROM pragma_table_xinfo('{table}') WHERE pk > 0 ORDER BY pk"),
        Conn::Postgres(_) => format!(
            "SELECT attname::text AS name FROM pg_index JOIN LATERAL unnest(indkey) WITH ORDINALITY AS k(attnum, place) ON true
             JOIN pg_attribute ON attrelid = indrelid AND pg_attribute.attnum = k.attnum
             WHERE indisprimary AND indrelid = '{table}'::regclass ORDER BY place"
        ),
    };
    let names: Vec<Name> = on_each!(conn => diesel::sql_query(&sql).load(conn)).unwrap();
    names.into_iter().map(|row| row.name).collect()
}

async fn migrations_run_up_down_and_up_again(database: Database) {
    let mut conn = database.connect();
    let steps = migrate::status(&mut conn).unwrap();
    assert!(!steps.is_empty() && steps.iter().all(|step| !step.applied));
    let done = migrate::run(&mut conn).unwrap();
    assert_eq!(done.len(), steps.len());
    let made = tables(&mut conn);
    assert!(made.len() >= 13, "{made:?}");
    assert!(migrate::run(&mut conn).unwrap().is_empty(), "a second run finds nothing to do");
    assert!(migrate::status(&mut conn).unwrap().iter().all(|step| step.applied));

    migrate::revert_all(&mut conn).unwrap();
    assert_eq!(tables(&mut conn), [""; 0]);
    migrate::run(&mut conn).unwrap();
    assert_eq!(tables(&mut conn), made);
}

struct Table {
    keys: Vec<String>,
    /// Name, type and whether it can be null.
    columns: Vec<(String, String, bool)>,
}

/// `src/db/schema.rs`, read as text: diesel does not tell the order at run time.
fn believed() -> BTreeMap<String, Table> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/db/schema.rs");
    let text = std::fs::read_to_string(path).unwrap();
    let mut tables = BTreeMap::new();
    for block in text.split("table! {").skip(1) {
        let lines = block.lines().map(str::trim).skip_while(|line| line.is_empty() || line.starts_with("use "));
        let mut lines = lines.take_while(|line| *line != "}");
        let head = lines.next().unwrap();
        let (name, keys) = head.strip_suffix(") {").unwrap().split_once(" (").unwrap();
        let columns = lines.map(|line| {
            let (name, kind) = line.strip_suffix(',').unwrap().split_once(" -> ").unwrap();
            let inner = kind.strip_prefix("Nullable<").and_then(|kind| kind.strip_suffix('>'));
            (name.to_owned(), inner.unwrap_or(kind).to_owned(), inner.is_some())
        });
        let keys = keys.split(", ").map(str::to_owned).collect();
        tables.insert(name.to_owned(), Table { keys, columns: columns.collect() });
    }
    tables
}

/// What each type of the schema is called on SQLite and on PostgreSQL.
const TYPES: [(&str, &str, &str); 7] = [
    ("Id", "blob", "uuid"),
    ("Binary", "blob", "bytea"),
    ("Instant", "bigint", "timestamp with time zone"),
    ("Text", "text", "text"),
    ("Integer", "integer", "integer"),
    // SQLite's own number of a row
    ("BigInt", "integer", "bigint"),
    ("Bool", "boolean", "boolean"),
];

async fn the_schema_is_that_of_the_tables(database: Database) {
    let mut conn = database.connect();
    migrate::run(&mut conn).unwrap();
    let believed = believed();
    assert_eq!(tables(&mut conn), believed.keys().cloned().collect::<Vec<_>>());
    for (name, table) in &believed {
        let real: Vec<_> =
            columns(&mut conn, name).into_iter().map(|column| (column.name, column.kind, column.nullable)).collect();
        let kind = |kind: &str| {
            let known = TYPES.iter().find(|(name, ..)| *name == kind).unwrap_or_else(|| panic!("{name}: {kind}"));
            if database.is_sqlite() { known.1 } else { known.2 }
        };
        let wanted: Vec<_> =
            table.columns.iter().map(|(name, it, nullable)| (name.clone(), kind(it).to_owned(), *nullable)).collect();
        // the words of PostgreSQL's text index are for it alone
        let real: Vec<_> = real.into_iter().filter(|(_, kind, _)| kind != "tsvector").collect();
        assert_eq!(real, wanted, "{name}");
        assert_eq!(keys(&mut conn, name), table.keys, "{name}");
    }
}

async fn a_database_that_is_newer_is_refused(database: Database) {
    let mut conn = database.connect();
    migrate::run(&mut conn).unwrap();
    let newer = "INSERT INTO __diesel_schema_migrations (version) VALUES ('99991231000000')";
    conn.execute(newer).unwrap();
    drop(conn);
    let error = App::try_start(database, &[]).err().expect("it started on a newer database");
    let words = error.to_string();
    assert!(words.contains("newer") && words.contains("99991231000000"), "{words}");
}

async fn programs_that_start_together_migrate_once(database: Database) {
    let conns: Vec<Conn> = (0..4).map(|_| database.connect()).collect();
    let runs: Vec<_> = conns
        .into_iter()
        .map(|mut conn| std::thread::spawn(move || migrate::run(&mut conn).map(|done| done.len())))
        .collect();
    let done: Vec<usize> = runs.into_iter().map(|run| run.join().unwrap().unwrap()).collect();
    let steps = migrate::status(&mut database.connect()).unwrap();
    assert_eq!(done.iter().sum::<usize>(), steps.len(), "{done:?}");
    assert!(steps.iter().all(|step| step.applied));
}

async fn no_activity_is_older_than_the_year_2000(app: App) {
    let ann = app.user("Ann");
    let types = ann.get("/group-types").await.expect(200);
    let group =
        ann.post("/groups", json!({ "name": "Old hands", "type_ids": [types.items()[0]["id"]] })).await.expect(201);
    let post = json!({ "kind": "discussion", "title": "Hello", "body": "Who is here?" });
    let post = ann.post(format!("/groups/{}/posts", group.id()), post).await.expect(201);
    ann.post(format!("/posts/{}/comments", post.id()), json!({ "body": "I am." })).await.expect(201);
    let editor = app.admin();
    let article = json!({ "kind": "news", "title": "News", "status": "published" });
    editor.post("/articles", article).await.expect(201);

    let first = Timestamp::EARLIEST_ACTIVITY;
    let before = Timestamp::from_micros(first.micros() - 1);
    let year_one = Timestamp::from_micros(-62_135_596_800_000_000);
    let mut conn = app.database.connect();
    let conn = &mut conn;
    macro_rules! bounded {
        ($($table:ident :: $column:ident),+) => {$(
            for (at, is_taken) in [(before, false), (year_one, false), (first, true)] {
                let change = diesel::update($table::table).set($table::$column.eq(at));
                let changed = on_each!(conn => change.execute(conn));
                let what = concat!(stringify!($table), ".", stringify!($column));
                match changed {
                    Ok(rows) => assert!(is_taken && rows > 0, "{what} takes {at}"),
                    Err(error) => assert!(!is_taken, "{what} refuses {at}: {error}"),
                }
            }
        )+};
    }
    bounded!(
        groups::last_active_at,
        memberships::last_contributed_at,
        users::last_seen_at,
        posts::created_at,
        comments::created_at,
        articles::published_at
    );
}
