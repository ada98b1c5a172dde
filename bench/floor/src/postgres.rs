//! On PostgreSQL: every worker has a few connections. Reads share one of them by turns, so that the questions of several
//! requests travel together; a write has one for itself while its transaction lasts.

use std::cell::{Cell as Slot, RefCell};
use std::error::Error;

use tokio::sync::Semaphore;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, accepts, private::BytesMut, to_sql_checked};
use tokio_postgres::{Client, NoTls, Row, Statement};
use uuid::Uuid;

use crate::Asked;
use crate::answer::{Answer, Cell, Columns, Instant, Written, columns};
use crate::operations::{self, ACCESS, OPERATIONS, Question, Value};

/// Connections that read, for each worker.
const READERS: usize = 4;
/// Connections that write, for each worker.
const WRITERS: usize = 8;

/// Microseconds from 1970 to PostgreSQL's own epoch, 2000-01-01.
const EPOCH: i64 = 946_684_800_000_000;

impl FromSql<'_> for Cell {
    fn from_sql(kind: &Type, raw: &[u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(match *kind {
            Type::UUID => Self::Id(Uuid::from_slice(raw)?),
            Type::BOOL => Self::Flag(raw != [0]),
            Type::INT4 => Self::Number(i32::from_be_bytes(raw.try_into()?).into()),
            Type::INT8 => Self::Number(i64::from_be_bytes(raw.try_into()?)),
            // ranks are below a hundred
            Type::FLOAT8 => Self::Number((f64::from_be_bytes(raw.try_into()?) * 1e6).round() as i64),
            Type::TIMESTAMPTZ => Self::At(Instant(i64::from_be_bytes(raw.try_into()?) + EPOCH)),
            _ => Self::Text(std::str::from_utf8(raw)?.to_owned()),
        })
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self::Null)
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

impl ToSql for Instant {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        out.extend_from_slice(&(self.0 - EPOCH).to_be_bytes());
        Ok(IsNull::No)
    }
    accepts!(TIMESTAMPTZ);
    to_sql_checked!();
}

/// A question, prepared.
struct Prepared {
    statement: Statement,
    columns: Columns,
    values: &'static [Value],
}

impl Prepared {
    async fn new(client: &Client, question: &Question) -> Self {
        // else words to look for would have to be sent as PostgreSQL keeps them
        let words = vec![Type::TEXT; question.sql.matches("::tsquery").count()];
        let statement = client.prepare_typed(question.sql, &words).await.expect("the statement is right");
        let columns = columns(statement.columns().iter().map(|column| column.name()));
        Self { statement, columns, values: question.values }
    }

    async fn ask(&self, client: &Client, asked: &Asked<'_>, earlier: &[Answer]) -> Answer {
        let kinds = self.statement.params();
        let values: Vec<Box<dyn ToSql + Sync>> = (self.values.iter().zip(kinds))
            .map(|(value, kind)| -> Box<dyn ToSql + Sync> {
                match *value {
                    Value::Caller => Box::new(asked.caller),
                    Value::Path => match asked.named.parse::<Uuid>() {
                        Ok(id) => Box::new(id),
                        Err(_) => Box::new(asked.named.to_owned()),
                    },
                    Value::Text(text) => Box::new(text),
                    Value::Between(before, after) => Box::new(format!("{before}{}{after}", asked.named)),
                    Value::Number(number) if *kind == Type::INT4 => Box::new(number as i32),
                    Value::Number(number) => Box::new(number),
                    Value::Flag(flag) => Box::new(flag),
                    Value::Column { question, column } => {
                        let ids = earlier[question].ids(column);
                        if *kind == Type::UUID { Box::new(ids.first().copied()) } else { Box::new(ids) }
                    }
                    Value::Best { question, counted_in, kind } => {
                        Box::new(operations::best(earlier, question, counted_in, kind))
                    }
                    Value::Nth { question, column, place } => {
                        Box::new(earlier[question].id(column, place).unwrap_or_default())
                    }
                    Value::Last { question, column } => Box::new(earlier[question].last(column)),
                    Value::Texts(texts) => Box::new(texts),
                    Value::EndOfTime => Box::new(Instant(operations::END_OF_TIME)),
                    Value::Highest => Box::new(Uuid::max()),
                }
            })
            .collect();
        let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(AsRef::as_ref).collect();
        let rows = client.query(&self.statement, &values).await.expect("the query runs");
        let width = self.columns.len();
        let rows = rows
            .iter()
            .take(operations::shown(self.values))
            .map(|row| (0..width).map(|column| row.get(column)).collect())
            .collect();
        Answer { columns: self.columns.clone(), rows }
    }
}

/// A connection that reads.
struct Reader {
    client: Client,
    operations: Vec<Vec<Prepared>>,
}

async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("the database answers");
    actix_web::rt::spawn(connection);
    // to compile a statement takes longer than to run it
    client.batch_execute("SET jit = off").await.expect("the setting holds");
    client
}

impl Reader {
    async fn open(url: &str) -> Self {
        let client = connect(url).await;
        let mut operations = Vec::new();
        for operation in OPERATIONS {
            let mut questions = Vec::new();
            for question in operation.questions {
                questions.push(Prepared::new(&client, question).await);
            }
            operations.push(questions);
        }
        Self { client, operations }
    }
}

/// A connection that writes.
struct Writer {
    client: Client,
    begin: Statement,
    lock: Statement,
    access: Prepared,
    insert: Statement,
    group_active: Statement,
    member_active: Statement,
    mark: Statement,
    follow: Statement,
    found: Statement,
    document: Statement,
    post: Statement,
    post_columns: Columns,
    reactions: Statement,
    unread: Statement,
    commit: Statement,
}

type Params<'a> = &'a [&'a (dyn ToSql + Sync)];

impl Writer {
    async fn open(url: &str) -> Self {
        let client = connect(url).await;
        let prepare = async |sql: &str| client.prepare(sql).await.expect("the statement is right");
        let post = prepare(operations::POST).await;
        // else the words would have to be sent as PostgreSQL keeps them
        let kinds = [Type::TEXT, Type::UUID, Type::UUID, Type::UUID, Type::TIMESTAMPTZ, Type::TEXT];
        let document = client.prepare_typed(operations::DOCUMENT, &kinds).await.expect("the statement is right");
        Self {
            begin: prepare("BEGIN").await,
            lock: prepare(operations::LOCK).await,
            access: Prepared::new(&client, &ACCESS).await,
            insert: prepare(operations::INSERT).await,
            group_active: prepare(operations::GROUP_ACTIVE).await,
            member_active: prepare(operations::MEMBER_ACTIVE).await,
            mark: prepare(operations::MARK).await,
            follow: prepare(operations::FOLLOW).await,
            found: prepare(operations::FOUND_OF_POST).await,
            document,
            reactions: prepare(operations::REACTIONS).await,
            unread: prepare(operations::UNREAD).await,
            post_columns: columns(post.columns().iter().map(|column| column.name())),
            post,
            commit: prepare("COMMIT").await,
            client,
        }
    }

    async fn execute(&self, sql: &Statement, params: Params<'_>) {
        self.client.execute(sql, params).await.expect("the statement runs");
    }

    async fn query(&self, sql: &Statement, params: Params<'_>) -> Vec<Row> {
        self.client.query(sql, params).await.expect("the query runs")
    }

    async fn write(&self, new: &Written) -> Answer {
        let (group, author, at) = (new.group_id, new.author_id, new.at);
        self.execute(&self.begin, &[]).await;
        self.execute(&self.lock, &[&group, &1_i64]).await;
        let asked = Asked { caller: author, named: &group.to_string() };
        self.access.ask(&self.client, &asked, &[]).await;
        let (nothing, never, nobody) = (None::<String>, None::<Instant>, None::<Uuid>);
        #[rustfmt::skip]
        let params: Params<'_> = &[
            &new.id, &group, &author, &nobody, &new.kind, &new.title, &new.body, &new.body_html,
            &nothing, &"[]", &"[]", &nothing, &0_i32, &never, &nobody, &never, &never, &never,
            &at, &never, &at, &never, &never, &nobody, &at, &false, &"\n",
        ];
        self.execute(&self.insert, params).await;
        self.execute(&self.group_active, &[&at, &at, &group, &at]).await;
        self.execute(&self.member_active, &[&at, &group, &author, &at]).await;
        self.execute(&self.mark, &[&author, &new.id, &at, &true, &at]).await;
        self.execute(&self.follow, &[&true, &author, &new.id]).await;
        self.query(&self.found, &[&new.id, &1_i64]).await;
        let document: Params<'_> = &[&"post", &new.id, &group, &new.id, &at, &operations::VECTOR];
        self.execute(&self.document, document).await;
        let rows = self.query(&self.post, &[&author, &new.id, &1_i64]).await;
        let ids = vec![new.id];
        self.query(&self.reactions, &[&author, &ids]).await;
        self.query(&self.unread, &[&author, &author, &ids, &author, &"active"]).await;
        self.execute(&self.commit, &[]).await;
        let width = self.post_columns.len();
        let rows = rows.iter().map(|row| (0..width).map(|column| row.get(column)).collect()).collect();
        Answer { columns: self.post_columns.clone(), rows }
    }
}

pub struct Store {
    readers: Vec<Reader>,
    turn: Slot<usize>,
    writers: RefCell<Vec<Writer>>,
    idle_writers: Semaphore,
}

impl Store {
    pub async fn open(url: &str) -> Self {
        let mut readers = Vec::new();
        for _ in 0..READERS {
            readers.push(Reader::open(url).await);
        }
        let mut writers = Vec::new();
        for _ in 0..WRITERS {
            writers.push(Writer::open(url).await);
        }
        let (turn, writers) = (Slot::new(0), RefCell::new(writers));
        Self { readers, turn, writers, idle_writers: Semaphore::new(WRITERS) }
    }

    pub async fn read(&self, operation: usize, asked: &Asked<'_>) -> Vec<Answer> {
        let turn = self.turn.get();
        self.turn.set(turn.wrapping_add(1));
        let reader = &self.readers[turn % READERS];
        let mut answers = Vec::new();
        for (prepared, question) in reader.operations[operation].iter().zip(OPERATIONS[operation].questions) {
            let answer = match operations::is_asked(question, &answers) {
                true => prepared.ask(&reader.client, asked, &answers).await,
                false => Answer { columns: prepared.columns.clone(), rows: Vec::new() },
            };
            answers.push(answer);
        }
        if OPERATIONS[operation].excerpts {
            answers.iter_mut().for_each(Answer::cut);
        }
        answers
    }

    pub async fn write(&self, new: Written) -> Answer {
        let _permit = self.idle_writers.acquire().await.expect("nobody closes it");
        let writer = self.writers.borrow_mut().pop().expect("as many as permits");
        let post = writer.write(&new).await;
        self.writers.borrow_mut().push(writer);
        post
    }
}
