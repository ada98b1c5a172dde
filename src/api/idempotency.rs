//! Requests that may be sent again: with an `Idempotency-Key` a creating request has its effect once, and whoever repeats it gets
//! the first answer. The answer is kept in the transaction of the effect, for a day, sealed with the key itself: what is stored
//! tells nothing, and the secrets that some answers hold stay secret.

use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::{StatusCode, header};
use actix_web::{FromRequest, HttpMessage as _, HttpRequest, HttpResponse};
use aws_lc_rs::aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey};
use aws_lc_rs::digest::{SHA256, digest};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool};
use serde::Serialize;

use crate::auth::actor::{self, Actor, AfterCaller};
use crate::db::schema::idempotency_keys;
use crate::db::{Conn, Db, each_backend};
use crate::error::{Code, Error, Result};
use crate::http::conditional::Version;
use crate::http::json::BodyDigest;
use crate::types::{Timestamp, UserId};

/// The header.
pub const HEADER: &str = "idempotency-key";
/// The header of an answer that was given before.
const REPLAYED: &str = "idempotency-replayed";
/// The longest key, in characters.
const LONGEST: usize = 255;
/// How long an answer is kept.
const KEPT: Duration = Duration::from_hours(24);
/// How often, and how long each time, a request asks whether another with its key is done: on PostgreSQL, where several write
/// at once.
const TRIES: u32 = 60;
const PAUSE: Duration = Duration::from_millis(50);
/// Rows that one run of the job removes.
const JOB: i64 = 500;

/// What a creating request has made: its answer, as it is sent and kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    status: u16,
    location: Option<String>,
    etag: Option<String>,
    body: Vec<u8>,
    is_replayed: bool,
    is_kept: bool,
}

impl Made {
    fn new(status: StatusCode, body: &impl Serialize) -> Result<Self> {
        let body = serde_json::to_vec(body).map_err(Error::internal)?;
        let status = status.as_u16();
        Ok(Self { status, location: None, etag: None, body, is_replayed: false, is_kept: true })
    }

    /// 201 with a body.
    ///
    /// # Errors
    /// None that is known.
    pub fn created(body: &impl Serialize) -> Result<Self> {
        Self::new(StatusCode::CREATED, body)
    }

    /// 200 with a body.
    ///
    /// # Errors
    /// None that is known.
    pub fn ok(body: &impl Serialize) -> Result<Self> {
        Self::new(StatusCode::OK, body)
    }

    /// 204.
    #[must_use]
    pub fn no_content() -> Self {
        let status = StatusCode::NO_CONTENT.as_u16();
        Self { status, location: None, etag: None, body: Vec::new(), is_replayed: false, is_kept: true }
    }

    /// Only looked at: whoever repeats it looks again.
    #[must_use]
    pub fn unkept(self) -> Self {
        Self { is_kept: false, ..self }
    }

    /// Where it can be read again.
    #[must_use]
    pub fn at(mut self, location: String) -> Self {
        self.location = Some(location);
        self
    }

    /// In which version.
    #[must_use]
    pub fn in_version(mut self, version: impl Into<Version>) -> Self {
        self.etag = Some(version.into().etag());
        self
    }

    fn respond(self) -> HttpResponse {
        let mut response = HttpResponse::build(StatusCode::from_u16(self.status).unwrap_or(StatusCode::OK));
        if let Some(location) = self.location {
            response.insert_header((header::LOCATION, location));
        }
        if let Some(etag) = self.etag {
            response.insert_header((header::ETAG, etag));
        }
        if self.is_replayed {
            response.insert_header((REPLAYED, "true"));
        }
        if self.body.is_empty() { response.finish() } else { response.content_type("application/json").body(self.body) }
    }
}

/// A request that may have been sent before.
#[derive(Debug)]
pub struct Once {
    request: HttpRequest,
    key: Option<String>,
}

impl Once {
    /// Makes something on the caller's behalf, as [`Actor::write`] does, once.
    ///
    /// # Errors
    /// `in_progress`, `invalid` for a key that came with another request, and what `work` returns, after a rollback.
    pub async fn write(
        self,
        actor: Actor,
        db: &Db,
        work: impl Fn(&mut Conn) -> Result<Made> + Send + 'static,
    ) -> Result<HttpResponse> {
        let ticket = self.ticket(&actor)?;
        let made = actor.write(db, move |conn| ticket.run(conn, actor.user_id, &work)).await?;
        Ok(made.respond())
    }

    /// The same for who begins the transaction: what is done in it goes through [`Ticket::run`], and the answer is
    /// [`respond`]ed.
    pub fn ticket(self, actor: &Actor) -> Result<Ticket> {
        let Some(key) = self.key else { return Ok(Ticket(None)) };
        // an API key is a caller of its own: it may not see what its owner or another one was answered
        let key = actor.key_id().map_or_else(|| key.clone(), |id| format!("{key}\0{id}"));
        let extensions = self.request.extensions();
        // what takes no body is told apart by its path
        let body = extensions.get::<BodyDigest>().map_or(&[][..], |digest| &digest.0);
        let method = self.request.method();
        let pattern = self.request.match_pattern().unwrap_or_default();
        let place = self.request.uri().path_and_query().map_or("", |place| place.as_str());
        Ok(Ticket(Some(Slip {
            operation: format!("{method} {pattern}"),
            key_hash: labelled("key", key.as_bytes()),
            seal: labelled("seal", key.as_bytes()),
            request_hash: labelled(place, body),
        })))
    }
}

/// The answer to a request.
#[must_use]
pub fn respond(made: Made) -> HttpResponse {
    made.respond()
}

/// A hash for one purpose only.
fn labelled(label: &str, bytes: &[u8]) -> Vec<u8> {
    digest(&SHA256, &[label.as_bytes(), b"\0", bytes].concat()).as_ref().to_vec()
}

impl FromRequest for Once {
    type Error = Error;
    type Future = AfterCaller<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let mut given = request.headers().get_all(HEADER);
        let key = match (given.next(), given.next()) {
            (None, _) => Ok(None),
            (Some(key), None) => parse(key.as_bytes()).map(Some),
            (Some(_), Some(_)) => Err(malformed("duplicate", "give it once")),
        };
        actor::after_caller(request, key.map(|key| Self { request: request.clone(), key }))
    }
}

fn malformed(code: &str, words: &str) -> Error {
    Error::invalid("Idempotency-Key", code, words)
}

fn parse(key: &[u8]) -> Result<String> {
    if key.is_empty() || key.len() > LONGEST {
        let code = if key.is_empty() { "too_short" } else { "too_long" };
        return Err(malformed(code, "has 1 to 255 characters"));
    }
    let is_plain = key.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ');
    let text = str::from_utf8(key).ok().filter(|_| is_plain).map(str::to_owned);
    text.ok_or_else(|| malformed("malformed", "has printable ASCII characters only"))
}

/// What tells whether something was done already; nothing, where the request has no key.
#[derive(Debug, Clone)]
pub struct Ticket(Option<Slip>);

#[derive(Debug, Clone)]
struct Slip {
    operation: String,
    key_hash: Vec<u8>,
    request_hash: Vec<u8>,
    seal: Vec<u8>,
}

#[derive(QueryableByName)]
struct Tried {
    #[diesel(sql_type = Bool)]
    is_ours: bool,
}

/// An answer and what it answers.
#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = idempotency_keys, primary_key(user_id, operation, key_hash), treat_none_as_null = true)]
struct Kept {
    user_id: UserId,
    operation: String,
    key_hash: Vec<u8>,
    request_hash: Vec<u8>,
    created_at: Timestamp,
    status: i32,
    location: Option<String>,
    etag: Option<String>,
    nonce: Vec<u8>,
    sealed_body: Vec<u8>,
}

impl Ticket {
    /// Does the work and keeps its answer, unless it was done: then the answer is the one that was given.
    ///
    /// # Errors
    /// `in_progress`, `invalid` for a key that came with another request, and what `work` returns.
    pub fn run(&self, conn: &mut Conn, user: UserId, work: impl Fn(&mut Conn) -> Result<Made>) -> Result<Made> {
        let Some(slip) = &self.0 else { return work(conn) };
        let now = Timestamp::now();
        slip.wait(conn, user)?;
        if let Some(made) = slip.find(conn, user, now)? {
            return Ok(made);
        }
        let made = work(conn)?;
        if made.is_kept {
            slip.keep(conn, user, &made, now)?;
        }
        Ok(made)
    }
}

impl Slip {
    /// Waits for others with this key; whoever comes next waits for us, until the transaction ends. On SQLite one writes at a time.
    fn wait(&self, conn: &mut Conn, user: UserId) -> Result<()> {
        let Conn::Postgres(conn) = conn else { return Ok(()) };
        let place = [user.uuid().as_bytes(), self.operation.as_bytes(), b"\0", &self.key_hash].concat();
        let lock = labelled("lock", &place).first_chunk().map_or(0, |bytes| i64::from_be_bytes(*bytes));
        for _ in 0..TRIES {
            let tried = diesel::sql_query("SELECT pg_try_advisory_xact_lock($1) AS is_ours").bind::<BigInt, _>(lock);
            if tried.get_result::<Tried>(conn)?.is_ours {
                return Ok(());
            }
            std::thread::sleep(PAUSE);
        }
        let words = "The same request is being worked on; ask again in a moment.";
        Err(Error::new(Code::InProgress, words).with_retry_after(1))
    }

    /// The answer that was given to this request; none where there is none, or it is too old.
    fn find(&self, conn: &mut Conn, user: UserId, now: Timestamp) -> Result<Option<Made>> {
        let kept = idempotency_keys::table.find((user, &self.operation, &self.key_hash));
        let kept: Option<Kept> = each_backend!(conn => kept.select(Kept::as_select()).first(conn).optional())?;
        let Some(kept) = kept.filter(|kept| kept.created_at >= now.before(KEPT)) else { return Ok(None) };
        if kept.request_hash != self.request_hash {
            return Err(malformed("reused", "came with another request before"));
        }
        let status = u16::try_from(kept.status).map_err(Error::internal)?;
        let body = self.open(&kept.nonce, kept.sealed_body)?;
        let (location, etag) = (kept.location, kept.etag);
        Ok(Some(Made { status, location, etag, body, is_replayed: true, is_kept: true }))
    }

    /// Keeps an answer, in the place of one that was kept long enough.
    fn keep(&self, conn: &mut Conn, user: UserId, made: &Made, now: Timestamp) -> Result<()> {
        let (nonce, sealed_body) = self.close(made.body.clone())?;
        let kept = Kept {
            user_id: user,
            operation: self.operation.clone(),
            key_hash: self.key_hash.clone(),
            request_hash: self.request_hash.clone(),
            created_at: now,
            status: i32::from(made.status),
            location: made.location.clone(),
            etag: made.etag.clone(),
            nonce,
            sealed_body,
        };
        let place = (idempotency_keys::user_id, idempotency_keys::operation, idempotency_keys::key_hash);
        each_backend!(conn => diesel::insert_into(idempotency_keys::table)
            .values(&kept)
            .on_conflict(place)
            .do_update()
            .set(&kept)
            .execute(conn))?;
        Ok(())
    }

    /// What an answer is sealed for: this request and no other.
    fn bound(&self) -> Aad<Vec<u8>> {
        Aad::from([self.operation.as_bytes(), b"\0", &self.request_hash].concat())
    }

    fn close(&self, mut body: Vec<u8>) -> Result<(Vec<u8>, Vec<u8>)> {
        let key = RandomizedNonceKey::new(&AES_256_GCM, &self.seal).map_err(Error::internal)?;
        let nonce = key.seal_in_place_append_tag(self.bound(), &mut body).map_err(Error::internal)?;
        Ok((nonce.as_ref().to_vec(), body))
    }

    fn open(&self, nonce: &[u8], mut sealed: Vec<u8>) -> Result<Vec<u8>> {
        let key = RandomizedNonceKey::new(&AES_256_GCM, &self.seal).map_err(Error::internal)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(Error::internal)?;
        let body = key.open_in_place(nonce, self.bound(), &mut sealed).map_err(Error::internal)?;
        Ok(body.to_vec())
    }
}

/// Forgets answers that were kept long enough; how many there were. For a job: the caller is a transaction of its own.
pub fn purge_due(conn: &mut Conn, now: Timestamp) -> Result<usize> {
    let old = idempotency_keys::created_at.lt(now.before(KEPT));
    let due = idempotency_keys::table.filter(old).order(idempotency_keys::created_at.asc()).limit(JOB);
    let due: Vec<(UserId, String, Vec<u8>)> = each_backend!(conn => due
        .select((idempotency_keys::user_id, idempotency_keys::operation, idempotency_keys::key_hash))
        .load(conn))?;
    for (user, operation, key) in &due {
        let row = idempotency_keys::table.find((user, operation, key)).filter(old);
        each_backend!(conn => diesel::delete(row).execute(conn))?;
    }
    Ok(due.len())
}

/// Forgets the answers to a person who goes.
pub fn forget(conn: &mut Conn, user: UserId) -> Result<()> {
    let all = idempotency_keys::table.filter(idempotency_keys::user_id.eq(user));
    each_backend!(conn => diesel::delete(all).execute(conn))?;
    Ok(())
}
