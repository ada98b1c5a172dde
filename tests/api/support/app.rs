//! The real server on a port and a thread of its own, and the people who call it.

use std::sync::{Arc, LazyLock, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;

use clap::{CommandFactory as _, FromArgMatches as _};
use praxis::api::sessions::model::Session;
use praxis::api::users::model::{DisplayName, Email, User, UserRow, UserStatus};
use praxis::api::{sessions, users};
use praxis::auth::actor::PlatformRole;
use praxis::auth::password::{self, NewPassword};
use praxis::auth::tokens::{self, REFRESH_LIFE, Tokens};
use praxis::config::{Cli, Settings};
use praxis::db::{Conn, Db, in_transaction};
use praxis::error::Error;
use praxis::types::{SessionId, Timestamp, UserId};

use super::caller::{Caller, Site};
use super::database::Database;

/// Everybody's password.
pub const PASSWORD: &str = "correct horse battery staple";
/// Hashing takes long by design, so it is done once.
static PASSWORD_HASH: LazyLock<String> =
    LazyLock::new(|| password::hash_now(&NewPassword::parse(PASSWORD.to_owned()).unwrap()).unwrap());

/// A server with a database of its own. Stopped, joined and removed when it is dropped.
pub struct App {
    server: Option<Server>,
    site: Arc<Site>,
    /// The keys that the server has read.
    keys: Tokens,
    /// The test's own connection, open for as long as the server.
    conn: Mutex<Conn>,
    pub database: Database,
}

struct Server {
    db: Db,
    handle: actix_web::dev::ServerHandle,
    thread: JoinHandle<praxis::error::Result<()>>,
}

impl App {
    /// Starts a server where everybody may register and nothing is limited, unless `args` say otherwise.
    pub fn start(database: Database, args: &[&str]) -> Self {
        Self::try_start(database, args).unwrap_or_else(|error| panic!("the server does not start: {error}"))
    }

    /// Starts a server, or says why it does not.
    pub fn try_start(database: Database, args: &[&str]) -> Result<Self, Error> {
        let (server, address) = Server::start(&settings(&database, args))?;
        let site = Arc::new(Site { client: client(), base: Mutex::new(format!("http://{address}")) });
        let (keys, conn) = (Tokens::load(database.data_dir())?, Mutex::new(database.connect()));
        Ok(Self { server: Some(server), site, keys, conn, database })
    }

    /// Stops the server and starts another on the same database; callers find it.
    pub fn restart(&mut self, args: &[&str]) {
        self.stop();
        let (server, address) = Server::start(&settings(&self.database, args)).unwrap();
        self.server = Some(server);
        self.keys = Tokens::load(self.database.data_dir()).unwrap();
        *self.site.base.lock().unwrap() = format!("http://{address}");
    }

    /// Stops the server at once.
    pub fn stop(&mut self) {
        if let Some(server) = self.server.take() {
            let ended = server.stop();
            if !std::thread::panicking() {
                ended.unwrap();
            }
        }
    }

    /// `host:port`, for what no HTTP client would send.
    pub fn address(&self) -> String {
        self.site.base().trim_start_matches("http://").to_owned()
    }

    /// How many statements the server has run to read.
    pub fn statements_read(&self) -> u64 {
        self.server.as_ref().unwrap().db.statements_read()
    }

    /// The server's keys.
    pub fn tokens(&self) -> &Tokens {
        &self.keys
    }

    /// Runs `work` in a transaction of the test's own, past the server.
    pub fn in_database<T>(&self, work: impl FnOnce(&mut Conn) -> praxis::error::Result<T>) -> T {
        in_transaction(&mut self.conn.lock().unwrap_or_else(PoisonError::into_inner), work).unwrap()
    }

    /// Somebody who is not logged in.
    pub fn anon(&self) -> Caller {
        Caller::anonymous(Arc::clone(&self.site))
    }

    /// Somebody who is not logged in, at a server in another process.
    pub fn caller_at(address: &str) -> Caller {
        Caller::anonymous(Arc::new(Site { client: client(), base: Mutex::new(format!("http://{address}")) }))
    }

    /// Somebody with an account in use, logged in.
    pub fn user(&self, name: &str) -> Caller {
        self.person(name, PlatformRole::Member)
    }

    /// A logged-in administrator.
    pub fn admin(&self) -> Caller {
        let name = "admin";
        let (email, display_name) = (Email::parse(&email_of(name)).unwrap(), DisplayName::parse(name).unwrap());
        let now = Timestamp::now();
        self.log_in(|conn| {
            let id = users::queries::make_admin(conn, &email, &display_name, &PASSWORD_HASH, now)?;
            users::queries::get(conn, id)
        })
    }

    /// Somebody with an account in use and this platform role, logged in.
    pub fn person(&self, name: &str, role: PlatformRole) -> Caller {
        let row = account(name, role);
        self.log_in(|conn| {
            assert!(users::queries::insert(conn, &row)?, "there is a {name} already");
            users::queries::get(conn, row.id)
        })
    }

    /// A session of this person's, without the cost of a password.
    fn log_in(&self, person: impl FnOnce(&mut Conn) -> praxis::error::Result<User>) -> Caller {
        let now = Timestamp::now();
        let (refresh_token, hash) = tokens::new_refresh_token().unwrap();
        let (user, session) = self.in_database(|conn| {
            let user = person(conn)?;
            let session = Session {
                id: SessionId::new(),
                user_id: user.id,
                user_agent: Some("a test".to_owned()),
                created_at: now,
                last_used_at: now,
                expires_at: now.after(REFRESH_LIFE),
                revoked_at: None,
            };
            sessions::queries::insert(conn, &session, &hash)?;
            Ok((user, session.id))
        });
        let (token, _) = self.keys.issue(user.id, session, user.platform_role, now).unwrap();
        Caller::logged_in(Arc::clone(&self.site), &user, session, token, refresh_token)
    }
}

impl Drop for App {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Server {
    fn start(settings: &Settings) -> Result<(Self, std::net::SocketAddr), Error> {
        let (sender, started) = mpsc::channel();
        let settings = settings.clone();
        let serve = move || {
            actix_web::rt::System::new().block_on(async move {
                let running = match praxis::server::start(&settings).await {
                    Ok(running) => running,
                    Err(error) => {
                        sender.send(Err(error)).unwrap();
                        return Ok(());
                    }
                };
                sender.send(Ok((running.address, running.handle.clone(), running.db.clone()))).unwrap();
                running.until_stopped(std::future::pending()).await
            })
        };
        let thread = std::thread::Builder::new().name("server".to_owned()).spawn(serve).unwrap();
        let (address, handle, db) = started.recv().expect("the server's thread panicked")?;
        Ok((Self { db, handle, thread }, address))
    }

    fn stop(self) -> praxis::error::Result<()> {
        // the command is sent whether or not the answer is awaited
        drop(self.handle.stop(false));
        self.thread.join().expect("the server's thread panicked")
    }
}

fn settings(database: &Database, args: &[&str]) -> Settings {
    let data_dir = database.data_dir().to_str().unwrap();
    let ours = ["praxis", "--data-dir", data_dir, "--database-url", database.url(), "--listen", "127.0.0.1:0"];
    let ours = ours.into_iter().chain(["--registration", "open", "--rate-limit", "off", "--log", "error"]);
    // whatever the environment says is not the test's business
    let command = Cli::command().args_override_self(true).mut_args(|arg| arg.env(None::<&str>));
    let matches = command.try_get_matches_from(ours.chain(args.iter().copied())).unwrap();
    let settings = Cli::from_arg_matches(&matches).unwrap().settings;
    praxis::telemetry::start(&settings).unwrap();
    settings
}

fn client() -> reqwest::Client {
    // shorter than the server keeps a connection on which nothing was ever sent
    let idle = std::time::Duration::from_secs(10);
    let builder = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy();
    // it speaks to servers without TLS only, and the system's certificates take long to read
    let builder = builder.tls_certs_only([]);
    builder.pool_idle_timeout(idle).build().unwrap()
}

/// The address of the person with this name.
pub fn email_of(name: &str) -> String {
    format!("{}@example.org", name.to_lowercase().replace(' ', "."))
}

fn account(name: &str, platform_role: PlatformRole) -> UserRow {
    let now = Timestamp::now();
    UserRow {
        id: UserId::new(),
        email: Some(email_of(name)),
        display_name: name.to_owned(),
        password_hash: PASSWORD_HASH.clone(),
        status: UserStatus::Active,
        platform_role,
        is_service: false,
        show_last_seen: true,
        created_at: now,
        updated_at: now,
    }
}
