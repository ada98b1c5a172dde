//! Puts the server together: checks and migrations, shared state, the order of the middleware, background work, and the
//! graceful stop.

use std::fs::File;
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::Ordering;
use std::time::Duration;

use actix_cors::Cors;
use actix_web::dev::ServerHandle;
use actix_web::http::header;
use actix_web::middleware::{Compress, Condition, from_fn};
use actix_web::{App, HttpServer, web};
use tokio::sync::watch;
use utoipa_actix_web::AppExt as _;

use crate::api::event_stream::live::Live;
use crate::api::health::Draining;
use crate::api::last_seen::{self, LastSeen};
use crate::api::registration::model::NewAccountStatus;
use crate::api::users::model::UserStatus;
use crate::api::webhooks::outlet::Outlet;
use crate::api::webhooks::policy::Reach;
use crate::api::{self, events, sessions};
use crate::auth::counts::Counts;
use crate::auth::keys::Keys;
use crate::auth::limits::{self, RateLimits, Rates};
use crate::auth::password::Passwords;
use crate::auth::revocations::Revocations;
use crate::auth::scopes::Scopes;
use crate::auth::tokens::Tokens;
use crate::config::{CountedIn, Registration, Settings, Switch};
use crate::contract::{self, Contract};
use crate::db::{Conn, Db, Target, migrate};
use crate::error::{Error, Result};
use crate::http::json::BODY_LIMIT;
use crate::http::{conditional, envelope, problem};
use crate::jobs;
use crate::openapi;
use crate::relay;
use crate::types::Timestamp;

/// How long a database may take to come up.
const DATABASE_WAIT: Duration = Duration::from_mins(1);
/// How long a readiness probe gets to see that the server stops.
const NOT_READY: Duration = Duration::from_secs(1);
/// How long running requests get to finish, in seconds.
const DRAIN: u64 = 20;
/// How long a quiet connection stays open: longer than usual reverse proxies keep theirs, lest they use one that closes.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// How long a new connection may take to send the head of its first request.
const HEAD_TIME: Duration = Duration::from_secs(20);
/// How often the server looks for sessions that the command line has ended.
const REVISIT: Duration = Duration::from_secs(5);
/// Threads that hash passwords, per worker; there is one worker per core. Each keeps the memory that a hash takes.
const BLOCKING_THREADS: usize = 1;
/// How often last-seen dates are written.
const FLUSH: Duration = Duration::from_secs(15);
/// How often jobs look for what is due.
const JOBS: Duration = Duration::from_secs(20);
/// How often old sessions are removed.
const SWEEP: Duration = Duration::from_hours(1);
/// How often it is forgotten who has been quiet: whoever has many addresses leaves many traces.
const FORGET: Duration = Duration::from_mins(1);

/// A server that runs.
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    /// Its database.
    pub db: Db,
    /// Stops it at once, where nobody waits for answers; [`Running::until_stopped`] returns then.
    pub handle: ServerHandle,
    server: actix_web::dev::Server,
    draining: web::Data<Draining>,
    last_seen: web::Data<LastSeen>,
    background: Vec<tokio::task::JoinHandle<()>>,
    _lock: Option<File>,
}

/// Opens the database, waiting for a PostgreSQL that is not up yet.
///
/// # Errors
/// When it does not come up in time.
pub fn connect(target: &Target) -> Result<Conn> {
    let deadline = std::time::Instant::now() + DATABASE_WAIT;
    loop {
        match target.connect() {
            Ok(conn) => return Ok(conn),
            Err(error) if is_worth_waiting(target, &error) && std::time::Instant::now() < deadline => {
                tracing::warn!(%error, "waiting for the database");
                std::thread::sleep(Duration::from_secs(1));
            }
            Err(error) => return Err(wrong_database(&words(&error))),
        }
    }
}

/// A PostgreSQL that answers that it never will is not waited for.
fn is_worth_waiting(target: &Target, error: &Error) -> bool {
    let final_words = ["does not exist", "authentication failed", "no pg_hba.conf entry", "invalid connection option"];
    matches!(target, Target::Postgres(_)) && !final_words.iter().any(|known| words(error).contains(known))
}

fn words(error: &Error) -> String {
    std::error::Error::source(error).map_or_else(|| error.detail().to_owned(), ToString::to_string)
}

fn wrong_database(words: &str) -> Error {
    Error::internal(format!("PRAXIS_DATABASE_URL: {}", words.lines().collect::<Vec<_>>().join(" ")))
}

/// Makes the data directory.
///
/// # Errors
/// The words for the setting that is wrong.
pub fn make_data_dir(settings: &Settings) -> Result<()> {
    let failed = |error| Error::internal(format!("PRAXIS_DATA_DIR: {}: {error}", settings.data_dir.display()));
    let mut builder = std::fs::DirBuilder::new();
    // it will hold keys, hashes and addresses
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(&settings.data_dir).map_err(failed)
}

/// One server per SQLite file: what ends sessions is kept in its memory.
fn lock(target: &Target) -> Result<Option<File>> {
    let Target::Sqlite(path) = target else { return Ok(None) };
    let failed = |error| wrong_database(&format!("{path}.lock: {error}"));
    let file = File::create(format!("{path}.lock")).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(_) => Err(wrong_database(&format!("another praxis serves {path}"))),
    }
}

/// Starts a server; it runs when [`Running::until_stopped`] is awaited.
///
/// # Errors
/// When a setting is wrong, the database cannot be opened or is newer than the program, or the port is taken.
pub async fn start(settings: &Settings) -> Result<Running> {
    make_data_dir(settings)?;
    let target = settings.target();
    let lock = lock(&target)?;
    let opened = target.clone();
    let migrated = web::block(move || migrate::run(&mut connect(&opened)?)).await.map_err(Error::internal)??;
    for name in migrated {
        tracing::info!(name, "migrated");
    }
    let db = Db::start(target).map_err(Error::internal)?;
    let (sender, last_event) = watch::channel(db.read(events::last_place).await?);
    let state = State::new(settings, db.clone(), last_event).await?;
    let failed = |error| Error::internal(format!("PRAXIS_LISTEN: {}: {error}", settings.listen));
    let listener = TcpListener::bind(settings.listen).map_err(failed)?;
    let address = listener.local_addr().map_err(Error::internal)?;
    let (draining, last_seen) = (state.draining.clone(), state.last_seen.clone());
    let background = vec![
        actix_web::rt::spawn(sweep(state.clone())),
        actix_web::rt::spawn(work(db.clone())),
        actix_web::rt::spawn(relay::lay_out(db.clone(), sender.subscribe())),
        actix_web::rt::spawn(relay::run(db.clone(), sender)),
        actix_web::rt::spawn(relay::deliver(db.clone(), state.outlet.get_ref().clone())),
    ];
    let contract = Contract::of_the_program()?;
    let server = HttpServer::new(move || {
        App::new()
            .wrap(from_fn(contract::refuse_unknown_parameters))
            .wrap(from_fn(conditional::tag))
            .wrap(from_fn(last_seen::wrap))
            .wrap(Compress::default())
            .wrap(from_fn(limits::wrap))
            .wrap(from_fn(envelope::wrap))
            // outside, so that failures say it too
            .wrap(from_fn(contract::tell_ending))
            .wrap(state.cors())
            .wrap(Condition::new(state.has_cors(), from_fn(envelope::finish)))
            .into_utoipa_app()
            .map(|app| app.configure(|config| state.configure(config)))
            .configure(api::configure)
            .into_app()
            .app_data(contract.clone())
            .configure(contract::configure)
            .default_service(web::to(contract::no_route))
    });
    let server = server.worker_max_blocking_threads(BLOCKING_THREADS).disable_signals().shutdown_timeout(DRAIN);
    let server = server.keep_alive(KEEP_ALIVE).client_request_timeout(HEAD_TIME);
    let server = server.listen(listener).map_err(Error::internal)?.run();
    Ok(Running { address, db, handle: server.handle(), server, draining, last_seen, background, _lock: lock })
}

impl Running {
    /// Serves until told to stop, then: not ready, drain, flush.
    ///
    /// # Errors
    /// When the server ends by itself.
    pub async fn until_stopped(self, stop: impl Future<Output = ()> + 'static) -> Result<()> {
        let (handle, draining, background) = (self.handle, self.draining, self.background);
        let stopping = actix_web::rt::spawn(async move {
            stop.await;
            draining.0.store(true, Ordering::Relaxed);
            // streams end with what wakes them
            background.iter().for_each(tokio::task::JoinHandle::abort);
            tokio::time::sleep(NOT_READY).await;
            handle.stop(true).await;
        });
        let served = self.server.await.map_err(Error::internal);
        stopping.abort();
        let flushed = self.last_seen.flush(&self.db).await;
        served.and(flushed)
    }
}

/// What the handlers share.
#[derive(Clone)]
struct State {
    db: web::Data<Db>,
    tokens: web::Data<Tokens>,
    passwords: web::Data<Passwords>,
    revocations: web::Data<Revocations>,
    keys: web::Data<Keys>,
    scopes: web::Data<Scopes>,
    new_account_status: web::Data<NewAccountStatus>,
    draining: web::Data<Draining>,
    last_seen: web::Data<LastSeen>,
    rate_limits: Option<web::Data<RateLimits>>,
    live: web::Data<Live>,
    outlet: web::Data<Outlet>,
    origins: Vec<String>,
}

impl State {
    async fn new(settings: &Settings, db: Db, last_event: watch::Receiver<i64>) -> Result<Self> {
        let status = match settings.registration {
            Registration::Open => Some(UserStatus::Active),
            Registration::Approval => Some(UserStatus::Pending),
            Registration::Closed => None,
        };
        let is_limited = settings.rate_limit == Switch::On;
        if !is_limited {
            tracing::warn!("PRAXIS_RATE_LIMIT is off: passwords can be tried as fast as the machine allows");
        }
        Ok(Self {
            tokens: web::Data::new(Tokens::load(&settings.data_dir)?),
            passwords: web::Data::new(web::block(Passwords::new).await.map_err(Error::internal)??),
            revocations: web::Data::new(Revocations::load(db.clone()).await?),
            keys: web::Data::new(Keys::new(db.clone())),
            scopes: web::Data::new(openapi::scopes()),
            new_account_status: web::Data::new(NewAccountStatus(status)),
            draining: web::Data::new(Draining::default()),
            last_seen: web::Data::new(LastSeen::default()),
            rate_limits: is_limited.then(|| rate_limits(settings, &db)).transpose()?.map(web::Data::new),
            live: web::Data::new(Live::new(last_event)),
            outlet: web::Data::new(Outlet::new(Reach(settings.webhook_networks.clone()))?),
            origins: settings.cors_origins.clone(),
            db: web::Data::new(db),
        })
    }

    fn configure(&self, config: &mut web::ServiceConfig) {
        config
            .app_data(self.db.clone())
            .app_data(self.tokens.clone())
            .app_data(self.passwords.clone())
            .app_data(self.revocations.clone())
            .app_data(self.keys.clone())
            .app_data(self.scopes.clone())
            .app_data(self.new_account_status.clone())
            .app_data(self.draining.clone())
            .app_data(self.last_seen.clone())
            .app_data(self.live.clone())
            .app_data(self.outlet.clone())
            .app_data(web::PayloadConfig::new(BODY_LIMIT))
            .app_data(web::PathConfig::default().error_handler(problem::bad_path));
        if let Some(limits) = &self.rate_limits {
            config.app_data(limits.clone());
        }
    }

    fn has_cors(&self) -> bool {
        !self.origins.is_empty()
    }

    /// Outermost, so that failures carry its headers and a preflight needs no token.
    fn cors(&self) -> Condition<Cors> {
        let mut cors = Cors::default()
            .allowed_methods(["GET", "POST", "PUT", "PATCH", "DELETE"])
            .allowed_headers([header::AUTHORIZATION, header::CONTENT_TYPE, header::IF_MATCH, header::IF_NONE_MATCH])
            .allowed_headers(["X-Request-Id", "Praxis-Access-Reason", "Idempotency-Key", "Last-Event-ID"])
            .expose_headers(["Location", "Link", "ETag", "Retry-After", "X-Request-Id", "Idempotency-Replayed"])
            .expose_headers(["RateLimit", "RateLimit-Policy", "Deprecation", "Sunset"])
            .max_age(3600);
        for origin in &self.origins {
            cors = cors.allowed_origin(origin);
        }
        Condition::new(self.has_cors(), cors)
    }
}

fn rate_limits(settings: &Settings, db: &Db) -> Result<RateLimits> {
    let rates = Rates {
        auth: settings.rate_limit_auth,
        memberships: settings.rate_limit_memberships,
        search: settings.rate_limit_search,
        requests: settings.rate_limit_requests,
    };
    let is_shared = settings.rate_limit_store == CountedIn::Database;
    let shared = is_shared.then(|| Counts::new(db)).transpose()?;
    Ok(RateLimits::new(&rates, settings.trusted_proxies.clone(), shared))
}

/// Runs the jobs, apart from what may not wait for them.
async fn work(db: Db) {
    let mut due = tokio::time::interval_at(tokio::time::Instant::now() + JOBS, JOBS);
    due.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        due.tick().await;
        jobs::run(&db).await;
    }
}

async fn sweep(state: State) {
    let mut revisit = tokio::time::interval(REVISIT);
    let mut flush = tokio::time::interval_at(tokio::time::Instant::now() + FLUSH, FLUSH);
    let mut sweep = tokio::time::interval(SWEEP);
    let mut forget = tokio::time::interval_at(tokio::time::Instant::now() + FORGET, FORGET);
    loop {
        tokio::select! {
            _ = revisit.tick() => {
                if let Err(error) = state.revocations.refresh().await {
                    tracing::warn!(%error, "what the command line ended was not read");
                }
            }
            _ = flush.tick() => {
                if let Err(error) = state.last_seen.flush(&state.db).await {
                    tracing::warn!(%error, "last-seen dates were not written");
                }
            }
            _ = forget.tick() => {
                if let Some(limits) = &state.rate_limits
                    && let Err(error) = limits.sweep().await
                {
                    tracing::warn!(%error, "quiet callers were not forgotten");
                }
            }
            _ = sweep.tick() => {
                let now = Timestamp::now();
                if let Err(error) = state.db.write(move |conn| sessions::queries::purge(conn, now)).await {
                    tracing::warn!(%error, "old sessions were not removed");
                }
            }
        }
    }
}
