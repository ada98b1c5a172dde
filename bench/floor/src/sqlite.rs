//! On SQLite: every worker reads on its own thread, without going elsewhere; one thread writes, and what waits together is
//! committed together.

use std::cell::RefCell;

use crossbeam_channel::{Receiver, Sender, bounded};
use rusqlite::config::DbConfig;
use rusqlite::{CachedStatement, Connection, Params, params};
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::model::{Access, Article, Card, Group, Instant, Member, Page, Post, Row, Written};
use crate::statements::{self, ROWS};

/// Lists hold fewer values.
const LISTED: usize = 26;
/// Posts committed together at most.
const BATCH: usize = 64;

impl Row for rusqlite::Row<'_> {
    fn text(&self, column: usize) -> String {
        self.get(column).expect("text")
    }
    fn maybe_text(&self, column: usize) -> Option<String> {
        self.get(column).expect("text or null")
    }
    fn id(&self, column: usize) -> Uuid {
        self.get(column).expect("an id")
    }
    fn instant(&self, column: usize) -> Instant {
        Instant(self.get(column).expect("an instant"))
    }
    fn maybe_instant(&self, column: usize) -> Option<Instant> {
        self.get::<_, Option<i64>>(column).expect("an instant or null").map(Instant)
    }
    fn number(&self, column: usize) -> i32 {
        self.get(column).expect("a number")
    }
    fn flag(&self, column: usize) -> bool {
        self.get(column).expect("a flag")
    }
}

/// `= ANY($n)` as SQLite says it, for so many values.
fn with_list(sql: &str, name: &str, count: usize) -> String {
    let names: Vec<String> = (0..count).map(|place| format!("{name}_{place}")).collect();
    sql.replace(&format!("= ANY({name})"), &format!("IN ({})", names.join(", ")))
}

/// The statements whose words depend on how many values a list holds, by that number.
struct Lists {
    groups_by_id: Vec<String>,
    types: Vec<String>,
}

impl Lists {
    fn new() -> Self {
        let all = |sql: &str, name: &str| (0..LISTED).map(|count| with_list(sql, name, count)).collect();
        Self { groups_by_id: all(statements::GROUPS_BY_ID, "$7"), types: all(statements::TYPES, "$1") }
    }
}

fn connect(path: &str) -> Connection {
    let connection = Connection::open(path).expect("the database opens");
    for pragma in [
        "PRAGMA busy_timeout = 5000",
        "PRAGMA journal_mode = WAL",
        "PRAGMA synchronous = FULL",
        "PRAGMA foreign_keys = ON",
    ] {
        connection.execute_batch(pragma).expect("the pragma holds");
    }
    // else SQLite plans a statement anew whenever a value is bound to its LIMIT
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).expect("the setting holds");
    connection.set_prepared_statement_cache_capacity(64);
    connection
}

fn prepare<'a>(connection: &'a Connection, sql: &str) -> CachedStatement<'a> {
    connection.prepare_cached(sql).expect("the statement is right")
}

fn all<T>(connection: &Connection, sql: &str, params: impl Params, read: impl Fn(&rusqlite::Row<'_>) -> T) -> Vec<T> {
    let mut statement = prepare(connection, sql);
    let mut rows = statement.query(params).expect("the query runs");
    let mut all = Vec::new();
    while let Some(row) = rows.next().expect("the query goes on") {
        all.push(read(row));
    }
    all
}

fn one<T>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    read: impl Fn(&rusqlite::Row<'_>) -> T,
) -> Option<T> {
    let mut statement = prepare(connection, sql);
    let mut rows = statement.query(params).expect("the query runs");
    rows.next().expect("the query goes on").map(read)
}

fn access(connection: &Connection, caller: Uuid, group_id: Uuid) -> Option<Access> {
    let params = params![caller, group_id, "hidden", caller, "active", "invited", false, 1];
    one(connection, statements::ACCESS, params, |row| Access::read(row))
}

/// One worker's reading connection, and the way to the writer.
pub struct Store {
    reader: RefCell<Connection>,
    lists: Lists,
    writer: Sender<Job>,
}

pub struct Job {
    written: Written,
    reply: oneshot::Sender<Option<Post>>,
}

impl Store {
    pub fn open(path: &str, writer: Sender<Job>) -> Self {
        Self { reader: RefCell::new(connect(path)), lists: Lists::new(), writer }
    }

    fn name_types(&self, connection: &Connection, groups: &mut [Group]) {
        let Some(sql) = self.lists.types.get(groups.len()) else { return };
        let ids = groups.iter().map(|group| group.id);
        let types = all(connection, sql, rusqlite::params_from_iter(ids), |row| Group::read_type(row));
        Group::name_types(groups, types);
    }

    pub fn groups(&self) -> Page<Group> {
        let connection = self.reader.borrow();
        let nobody = Uuid::nil();
        let params = params![nobody, "hidden", nobody, "active", "invited", false, "active", ROWS];
        let mut page = Group::page(all(&connection, statements::GROUPS, params, |row| Group::read(row)));
        self.name_types(&connection, page.groups());
        page
    }

    pub fn group(&self, group_id: Uuid) -> Option<Group> {
        let connection = self.reader.borrow();
        let nobody = Uuid::nil();
        let params = params![nobody, "hidden", nobody, "active", "invited", false, group_id, 1];
        let mut group = one(&connection, statements::GROUP, params, |row| Group::read(row))?;
        self.name_types(&connection, std::slice::from_mut(&mut group));
        Some(group)
    }

    pub fn members(&self, group_id: Uuid) -> Option<Page<Member>> {
        let connection = self.reader.borrow();
        access(&connection, Uuid::nil(), group_id).filter(|access| access.reads_members)?;
        let params = params![group_id, "active", ROWS];
        Some(Member::page(all(&connection, statements::MEMBERS, params, |row| Member::read(row))))
    }

    pub fn posts(&self, group_id: Uuid) -> Option<Page<Post>> {
        let connection = self.reader.borrow();
        access(&connection, Uuid::nil(), group_id).filter(|access| access.reads_posts)?;
        let params = params![group_id, ROWS];
        Some(Post::page(all(&connection, statements::POSTS, params, |row| Post::read(row, None))))
    }

    pub fn article(&self, slug: &str) -> Option<Article> {
        let connection = self.reader.borrow();
        let mut article = one(&connection, statements::ARTICLE, params![slug, 1], |row| Article::read(row))??;
        let params = params![article.id, "accepted"];
        let contributions = all(&connection, statements::CONTRIBUTIONS, params, |row| Article::read_contribution(row));
        let nobody = Uuid::nil();
        let mut params: Vec<&dyn rusqlite::ToSql> = vec![&nobody, &"hidden", &nobody, &"active", &"invited", &false];
        params.extend(contributions.iter().map(|(id, _)| -> &dyn rusqlite::ToSql { id }));
        let sql = self.lists.groups_by_id.get(contributions.len())?;
        let mut groups = all(&connection, sql, params.as_slice(), |row| Group::read(row));
        self.name_types(&connection, &mut groups);
        let params = params![article.id, "published"];
        let related = all(&connection, statements::RELATED, params, |row| Card::read(row));
        article.complete(contributions, groups, related);
        Some(article)
    }

    pub async fn write(&self, written: Written) -> Option<Post> {
        let (reply, answer) = oneshot::channel();
        self.writer.send(Job { written, reply }).ok()?;
        answer.await.ok()?
    }
}

pub fn start_writer(path: &str) -> Sender<Job> {
    let (sender, jobs) = bounded::<Job>(512);
    let path = path.to_owned();
    std::thread::spawn(move || write_all(&connect(&path), &jobs));
    sender
}

fn write_all(connection: &Connection, jobs: &Receiver<Job>) {
    while let Ok(first) = jobs.recv() {
        connection.execute_batch("BEGIN IMMEDIATE").expect("the transaction begins");
        let batch = std::iter::once(first).chain(jobs.try_iter().take(BATCH - 1));
        let done: Vec<_> = batch.map(|job| (write(connection, &job.written), job.reply)).collect();
        connection.execute_batch("COMMIT").expect("the transaction ends");
        for (post, reply) in done {
            // whoever asked may have gone away
            drop(reply.send(post));
        }
    }
}

fn write(connection: &Connection, new: &Written) -> Option<Post> {
    let (group, author, at) = (new.group_id, new.author_id, new.at.0);
    access(connection, author, group).filter(|access| access.posts)?;
    let execute = |sql: &str, params: &[&dyn rusqlite::ToSql]| {
        prepare(connection, sql).execute(params).expect("the statement runs");
    };
    execute(statements::INSERT, params![new.id, group, author, new.kind, new.title, new.body, 0, at, None::<i64>]);
    execute(statements::GROUP_ACTIVE, params![at, group, at]);
    execute(statements::MEMBER_ACTIVE, params![at, group, author, at]);
    one(connection, statements::POST, params![new.id, 1], |row| Post::read(row, Some(author)))
}
