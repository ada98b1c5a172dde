//! On PostgreSQL: every worker has a few connections. Reads share one of them by turns, so that the questions of several
//! requests travel together; a write has one for itself while its transaction lasts.

use std::cell::{Cell, RefCell};
use std::error::Error;

use tokio::sync::Semaphore;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, accepts, private::BytesMut, to_sql_checked};
use tokio_postgres::{Client, NoTls, Statement};
use uuid::Uuid;

use crate::model::{Access, Article, Card, Group, Instant, Member, Page, Post, Row, Written};
use crate::statements::{self, ROWS};

/// Connections that read, for each worker.
const READERS: usize = 4;
/// Connections that write, for each worker.
const WRITERS: usize = 8;

/// Microseconds from 1970 to PostgreSQL's own epoch, 2000-01-01.
const EPOCH: i64 = 946_684_800_000_000;

impl FromSql<'_> for Instant {
    fn from_sql(_: &Type, raw: &[u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(i64::from_be_bytes(raw.try_into()?) + EPOCH))
    }
    accepts!(TIMESTAMPTZ);
}

impl ToSql for Instant {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        out.extend_from_slice(&(self.0 - EPOCH).to_be_bytes());
        Ok(IsNull::No)
    }
    accepts!(TIMESTAMPTZ);
    to_sql_checked!();
}

impl Row for tokio_postgres::Row {
    fn text(&self, column: usize) -> String {
        self.get(column)
    }
    fn maybe_text(&self, column: usize) -> Option<String> {
        self.get(column)
    }
    fn id(&self, column: usize) -> Uuid {
        self.get(column)
    }
    fn instant(&self, column: usize) -> Instant {
        self.get(column)
    }
    fn maybe_instant(&self, column: usize) -> Option<Instant> {
        self.get(column)
    }
    fn number(&self, column: usize) -> i32 {
        self.get(column)
    }
    fn flag(&self, column: usize) -> bool {
        self.get(column)
    }
}

/// A connection with the statements prepared.
struct Link {
    client: Client,
    groups: Statement,
    group: Statement,
    groups_by_id: Statement,
    types: Statement,
    access: Statement,
    members: Statement,
    posts: Statement,
    post: Statement,
    article: Statement,
    contributions: Statement,
    related: Statement,
    begin: Statement,
    commit: Statement,
    lock: Statement,
    insert: Statement,
    group_active: Statement,
    member_active: Statement,
}

type Params<'a> = &'a [&'a (dyn ToSql + Sync)];

impl Link {
    async fn open(url: &str) -> Self {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("the database answers");
        actix_web::rt::spawn(connection);
        let prepare = async |sql: &str| client.prepare(sql).await.expect("the statement is right");
        Self {
            groups: prepare(statements::GROUPS).await,
            group: prepare(statements::GROUP).await,
            groups_by_id: prepare(statements::GROUPS_BY_ID).await,
            types: prepare(statements::TYPES).await,
            access: prepare(statements::ACCESS).await,
            members: prepare(statements::MEMBERS).await,
            posts: prepare(statements::POSTS).await,
            post: prepare(statements::POST).await,
            article: prepare(statements::ARTICLE).await,
            contributions: prepare(statements::CONTRIBUTIONS).await,
            related: prepare(statements::RELATED).await,
            begin: prepare("BEGIN").await,
            commit: prepare("COMMIT").await,
            lock: prepare(statements::LOCK).await,
            insert: prepare(statements::INSERT).await,
            group_active: prepare(statements::GROUP_ACTIVE).await,
            member_active: prepare(statements::MEMBER_ACTIVE).await,
            client,
        }
    }

    async fn all<T>(&self, sql: &Statement, params: Params<'_>, read: impl Fn(&tokio_postgres::Row) -> T) -> Vec<T> {
        self.client.query(sql, params).await.expect("the query runs").iter().map(read).collect()
    }

    async fn one<T>(&self, sql: &Statement, params: Params<'_>, read: impl Fn(&tokio_postgres::Row) -> T) -> Option<T> {
        self.client.query(sql, params).await.expect("the query runs").first().map(read)
    }

    async fn execute(&self, sql: &Statement, params: Params<'_>) {
        self.client.execute(sql, params).await.expect("the statement runs");
    }

    async fn access(&self, caller: Uuid, group_id: Uuid) -> Option<Access> {
        let params: Params<'_> = &[&caller, &group_id, &"hidden", &caller, &"active", &"invited", &false, &1_i64];
        self.one(&self.access, params, Access::read).await
    }

    async fn name_types(&self, groups: &mut [Group]) {
        let ids: Vec<Uuid> = groups.iter().map(|group| group.id).collect();
        let types = self.all(&self.types, &[&ids], Group::read_type).await;
        Group::name_types(groups, types);
    }
}

pub struct Store {
    readers: Vec<Link>,
    turn: Cell<usize>,
    writers: RefCell<Vec<Link>>,
    idle_writers: Semaphore,
}

impl Store {
    pub async fn open(url: &str) -> Self {
        let mut readers = Vec::new();
        for _ in 0..READERS {
            readers.push(Link::open(url).await);
        }
        let mut writers = Vec::new();
        for _ in 0..WRITERS {
            writers.push(Link::open(url).await);
        }
        let (turn, writers) = (Cell::new(0), RefCell::new(writers));
        Self { readers, turn, writers, idle_writers: Semaphore::new(WRITERS) }
    }

    fn reader(&self) -> &Link {
        let turn = self.turn.get();
        self.turn.set(turn.wrapping_add(1));
        &self.readers[turn % READERS]
    }

    pub async fn groups(&self) -> Page<Group> {
        let link = self.reader();
        let nobody = Uuid::nil();
        let params: Params<'_> = &[&nobody, &"hidden", &nobody, &"active", &"invited", &false, &"active", &ROWS];
        let mut page = Group::page(link.all(&link.groups, params, Group::read).await);
        link.name_types(page.groups()).await;
        page
    }

    pub async fn group(&self, group_id: Uuid) -> Option<Group> {
        let link = self.reader();
        let nobody = Uuid::nil();
        let params: Params<'_> = &[&nobody, &"hidden", &nobody, &"active", &"invited", &false, &group_id, &1_i64];
        let mut group = link.one(&link.group, params, Group::read).await?;
        link.name_types(std::slice::from_mut(&mut group)).await;
        Some(group)
    }

    pub async fn members(&self, group_id: Uuid) -> Option<Page<Member>> {
        let link = self.reader();
        link.access(Uuid::nil(), group_id).await.filter(|access| access.reads_members)?;
        let params: Params<'_> = &[&group_id, &"active", &ROWS];
        Some(Member::page(link.all(&link.members, params, Member::read).await))
    }

    pub async fn posts(&self, group_id: Uuid) -> Option<Page<Post>> {
        let link = self.reader();
        link.access(Uuid::nil(), group_id).await.filter(|access| access.reads_posts)?;
        let params: Params<'_> = &[&group_id, &ROWS];
        Some(Post::page(link.all(&link.posts, params, |row| Post::read(row, None)).await))
    }

    pub async fn article(&self, slug: &str) -> Option<Article> {
        let link = self.reader();
        let mut article = link.one(&link.article, &[&slug, &1_i64], Article::read).await??;
        let params: Params<'_> = &[&article.id, &"accepted"];
        let contributions = link.all(&link.contributions, params, Article::read_contribution).await;
        let ids: Vec<Uuid> = contributions.iter().map(|(id, _)| *id).collect();
        let nobody = Uuid::nil();
        let params: Params<'_> = &[&nobody, &"hidden", &nobody, &"active", &"invited", &false, &ids];
        let mut groups = link.all(&link.groups_by_id, params, Group::read).await;
        link.name_types(&mut groups).await;
        let params: Params<'_> = &[&article.id, &"published"];
        let related = link.all(&link.related, params, Card::read).await;
        article.complete(contributions, groups, related);
        Some(article)
    }

    pub async fn write(&self, new: Written) -> Option<Post> {
        let _permit = self.idle_writers.acquire().await.ok()?;
        let link = self.writers.borrow_mut().pop()?;
        let post = write(&link, &new).await;
        self.writers.borrow_mut().push(link);
        post
    }
}

async fn write(link: &Link, new: &Written) -> Option<Post> {
    let (group, author, at) = (new.group_id, new.author_id, new.at);
    link.execute(&link.begin, &[]).await;
    link.execute(&link.lock, &[&group, &1_i64]).await;
    let post = match link.access(author, group).await {
        Some(access) if access.posts => {
            let params: Params<'_> =
                &[&new.id, &group, &author, &new.kind, &new.title, &new.body, &0_i32, &at, &None::<Instant>];
            link.execute(&link.insert, params).await;
            link.execute(&link.group_active, &[&at, &group, &at]).await;
            link.execute(&link.member_active, &[&at, &group, &author, &at]).await;
            link.one(&link.post, &[&new.id, &1_i64], |row| Post::read(row, Some(author))).await
        }
        _ => None,
    };
    link.execute(&link.commit, &[]).await;
    post
}
