//! On SQLite: every worker reads on its own thread, without going elsewhere; one thread writes, and what waits together is
//! committed together.

use std::cell::RefCell;
use std::collections::HashMap;

use crossbeam_channel::{Receiver, Sender, bounded};
use rusqlite::config::DbConfig;
use rusqlite::types::ValueRef;
use rusqlite::{CachedStatement, Connection, Row, ToSql, params};
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::Asked;
use crate::answer::{Answer, Cell, Columns, Instant, Written, columns};
use crate::operations::{self, ACCESS, OPERATIONS, Question, Value};

/// Posts committed together at most.
const BATCH: usize = 64;

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
    connection.set_prepared_statement_cache_capacity(128);
    connection
}

fn prepare<'a>(connection: &'a Connection, sql: &str) -> CachedStatement<'a> {
    connection.prepare_cached(sql).expect("the statement is right")
}

/// The words for so many ids in the list at `name`, and the statement's columns.
struct Worded {
    sql: String,
    columns: Columns,
}

/// Statements by their words for PostgreSQL and the length of their list.
#[derive(Default)]
struct Words(HashMap<(&'static str, usize), Worded>);

impl Words {
    fn of(&mut self, connection: &Connection, sql: &'static str, listed: usize) -> &Worded {
        self.0.entry((sql, listed)).or_insert_with(|| {
            let sql = sql.replace(PLANNED_ANEW, ")").replace("= ANY(SELECT", "IN (SELECT");
            let sql = in_list(&sql, listed);
            let columns = columns(prepare(connection, &sql).column_names().into_iter());
            Worded { sql, columns }
        })
    }
}

/// What makes PostgreSQL plan anew: SQLite has one plan, and no such table.
const PLANNED_ANEW: &str = " OR (SELECT count(*) FROM pg_class, pg_class AS a, pg_class AS b, pg_class AS c) IS NULL)";

/// `= ANY($n)` as SQLite says it, for so many values. A parameter behind it gets the number after theirs, because SQLite
/// numbers those that begin with `$` as they come.
fn in_list(sql: &str, listed: usize) -> String {
    let Some((before, rest)) = sql.split_once("= ANY($") else { return sql.to_owned() };
    let (number, after) = rest.split_once(')').expect("a parameter");
    let first: usize = number.parse().expect("a number");
    let names: Vec<String> = (first..first + listed).map(|place| format!("?{place}")).collect();
    format!("{before}IN ({}){after}", names.join(", "))
}

/// Everything of a row; instants are told by their names.
fn cells(row: &Row<'_>, columns: &Columns) -> Vec<Cell> {
    let cell = |(place, name): (usize, &Option<String>)| match row.get_ref(place).expect("a column") {
        ValueRef::Null => Cell::Null,
        ValueRef::Integer(micros) if name.as_ref().is_some_and(|name| name == "at" || name.ends_with("_at")) => {
            Cell::At(Instant(micros))
        }
        ValueRef::Integer(number) => Cell::Number(number),
        ValueRef::Blob(id) => Cell::Id(Uuid::from_slice(id).expect("an id")),
        ValueRef::Text(text) => Cell::Text(std::str::from_utf8(text).expect("UTF-8").to_owned()),
        ValueRef::Real(_) => Cell::Null,
    };
    columns.iter().enumerate().map(cell).collect()
}

fn ask(
    connection: &Connection,
    words: &mut Words,
    question: &Question,
    asked: &Asked<'_>,
    earlier: &[Answer],
) -> Answer {
    let mut values: Vec<Box<dyn ToSql>> = Vec::new();
    let mut listed = 0;
    for value in question.values {
        match *value {
            Value::Caller => values.push(Box::new(asked.caller)),
            Value::Path => match asked.named.parse::<Uuid>() {
                Ok(id) => values.push(Box::new(id)),
                Err(_) => values.push(Box::new(asked.named.to_owned())),
            },
            Value::Text(text) => values.push(Box::new(text)),
            Value::Between(before, after) => values.push(Box::new(format!("{before}{}{after}", asked.named))),
            Value::Number(number) => values.push(Box::new(number)),
            Value::Flag(flag) => values.push(Box::new(flag)),
            Value::Column { question, column } => {
                let ids = earlier[question].ids(column);
                listed = ids.len();
                values.extend(ids.into_iter().map(|id| -> Box<dyn ToSql> { Box::new(id) }));
            }
            Value::Best { question, counted_in, kind } => {
                let ids = operations::best(earlier, question, counted_in, kind);
                listed = ids.len();
                values.extend(ids.into_iter().map(|id| -> Box<dyn ToSql> { Box::new(id) }));
            }
            Value::Nth { question, column, place } => {
                values.push(Box::new(earlier[question].id(column, place).unwrap_or_default()));
            }
            Value::Last { question, column } => values.push(Box::new(earlier[question].last(column))),
            Value::EndOfTime => values.push(Box::new(operations::END_OF_TIME)),
            Value::Highest => values.push(Box::new(Uuid::max())),
            Value::Texts(_) => unreachable!("a list of words stands in the statement"),
        }
    }
    let worded = words.of(connection, question.sql, listed);
    let mut statement = prepare(connection, &worded.sql);
    let mut rows = statement.query(rusqlite::params_from_iter(values)).expect("the query runs");
    let mut answer = Answer { columns: worded.columns.clone(), rows: Vec::new() };
    while let Some(row) = rows.next().expect("the query goes on") {
        answer.rows.push(cells(row, &answer.columns));
    }
    answer.rows.truncate(operations::shown(question.values));
    answer
}

/// One worker's reading connection, and the way to the writer.
pub struct Store {
    reader: RefCell<(Connection, Words)>,
    writer: Sender<Job>,
}

pub struct Job {
    written: Written,
    reply: oneshot::Sender<Vec<(String, Cell)>>,
}

impl Store {
    pub fn open(path: &str, writer: Sender<Job>) -> Self {
        Self { reader: RefCell::new((connect(path), Words::default())), writer }
    }

    pub fn read(&self, operation: usize, asked: &Asked<'_>) -> Vec<Answer> {
        let (connection, words) = &mut *self.reader.borrow_mut();
        let mut answers = Vec::new();
        let operation = &OPERATIONS[operation];
        for question in operation.sqlite.unwrap_or(operation.questions) {
            let answer = match operations::is_asked(question, &answers) {
                true => ask(connection, words, question, asked, &answers),
                false => Answer { columns: columns(std::iter::empty()), rows: Vec::new() },
            };
            answers.push(answer);
        }
        if operation.excerpts {
            answers.iter_mut().for_each(Answer::cut);
        }
        answers
    }

    pub async fn write(&self, written: Written) -> Answer {
        let (reply, answer) = oneshot::channel();
        self.writer.send(Job { written, reply }).expect("the writer lives");
        let (names, cells): (Vec<_>, Vec<_>) = answer.await.expect("the writer answers").into_iter().unzip();
        Answer { columns: columns(names.iter().map(String::as_str)), rows: vec![cells] }
    }
}

pub fn start_writer(path: &str) -> Sender<Job> {
    let (sender, jobs) = bounded::<Job>(512);
    let path = path.to_owned();
    std::thread::spawn(move || write_all(&connect(&path), &jobs));
    sender
}

fn write_all(connection: &Connection, jobs: &Receiver<Job>) {
    let mut words = Words::default();
    while let Ok(first) = jobs.recv() {
        connection.execute_batch("BEGIN IMMEDIATE").expect("the transaction begins");
        let batch = std::iter::once(first).chain(jobs.try_iter().take(BATCH - 1));
        let done: Vec<_> = batch.map(|job| (write(connection, &mut words, &job.written), job.reply)).collect();
        connection.execute_batch("COMMIT").expect("the transaction ends");
        for (post, reply) in done {
            // whoever asked may have gone away
            drop(reply.send(post));
        }
    }
}

/// Reads what a question finds, and how much that is.
fn rows(connection: &Connection, sql: &str, params: &[&dyn ToSql]) -> usize {
    let mut statement = prepare(connection, sql);
    let mut rows = statement.query(params).expect("the query runs");
    let mut count = 0;
    while rows.next().expect("the query goes on").is_some() {
        count += 1;
    }
    count
}

fn write(connection: &Connection, words: &mut Words, new: &Written) -> Vec<(String, Cell)> {
    let (group, author, at) = (new.group_id, new.author_id, new.at.0);
    ask(connection, words, &ACCESS, &Asked { caller: author, named: &group.to_string() }, &[]);
    let execute = |sql: &str, params: &[&dyn ToSql]| {
        prepare(connection, sql).execute(params).expect("the statement runs");
    };
    let (nothing, never, nobody) = (None::<String>, None::<i64>, None::<Uuid>);
    #[rustfmt::skip]
    execute(operations::INSERT, params![
        new.id, group, author, nobody, new.kind, new.title, new.body, new.body_html,
        nothing, "[]", "[]", nothing, 0, never, nobody, never, never, never,
        at, never, at, never, never, nobody, at, false, "\n",
    ]);
    execute(operations::GROUP_ACTIVE, params![at, at, group, at]);
    execute(operations::MEMBER_ACTIVE, params![at, group, author, at]);
    execute(operations::MARK, params![author, new.id, at, true, at]);
    execute(operations::FOLLOW, params![true, author, new.id]);
    rows(connection, operations::FOUND_OF_POST, params![new.id, 1]);
    let number: i64 = prepare(connection, operations::SQLITE_DOCUMENT)
        .query_row(params!["post", new.id, group, new.id, at], |row| row.get(0))
        .expect("the document has a number");
    execute(operations::SQLITE_WORDS_GONE, params![number]);
    execute(operations::SQLITE_WORDS, params![number, operations::WORDS_OF_TITLE, operations::WORDS_OF_BODY]);
    let columns = words.of(connection, operations::POST, 0).columns.clone();
    let mut statement = prepare(connection, operations::POST);
    let cells =
        statement.query_row(params![author, new.id, 1], |row| Ok(cells(row, &columns))).expect("the post is there");
    rows(connection, &in_list(operations::REACTIONS, 1), params![author, new.id]);
    rows(connection, &in_list(operations::UNREAD, 1), params![author, author, new.id, author, "active"]);
    columns.iter().zip(cells).filter_map(|(name, cell)| Some((name.clone()?, cell))).collect()
}
