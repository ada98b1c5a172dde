//! The program as people run it: its commands, its settings, how it starts and how it stops.

use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use praxis::api::users;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::app::{PASSWORD, email_of};
use crate::support::process::{Serving, Starting, failure, praxis, praxis_in, run_with, success};
use crate::support::raw::Raw;
use crate::support::{Caller, Case, Database, plain, stored};

pub fn cases() -> Vec<Case> {
    let mut cases = plain![
        a_wrong_setting_ends_in_one_line_that_names_it,
        the_document_is_printed_without_a_database,
        help_names_every_setting,
    ];
    cases.extend(stored![
        a_server_says_where_it_is_and_keeps_its_key_to_itself,
        migrations_are_listed_and_run,
        a_newer_database_is_refused_in_one_line,
        an_administrator_is_made_with_a_password_from_standard_input,
        a_server_that_is_told_to_stop_finishes_what_runs,
        a_visit_is_written_before_the_end,
        a_second_server_is_refused_or_knows_at_once_what_ended,
        a_database_that_is_away_is_waited_for,
        logs_hold_no_secrets_and_no_addresses,
    ]);
    cases
}

fn a_wrong_setting_ends_in_one_line_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    std::fs::write(folder.path().join("file"), "not a folder, and not a database either: long enough to be looked at")
        .unwrap();
    for (setting, value) in [
        ("PRAXIS_LISTEN", "nonsense"),
        ("PRAXIS_LISTEN", "127.0.0.1"),
        ("PRAXIS_LISTEN", "127.0.0.1:99999"),
        ("PRAXIS_LISTEN", &taken),
        ("PRAXIS_DATABASE_URL", "mysql://root:topsecret@localhost/praxis"),
        ("PRAXIS_DATABASE_URL", "sqlite:"),
        ("PRAXIS_DATABASE_URL", ""),
        ("PRAXIS_DATABASE_URL", "sqlite:/nowhere/at/all.sqlite3"),
        ("PRAXIS_DATABASE_URL", "sqlite:file"),
        ("PRAXIS_REGISTRATION", "maybe"),
        ("PRAXIS_RATE_LIMIT", "sometimes"),
        ("PRAXIS_CORS_ORIGINS", "*"),
        ("PRAXIS_CORS_ORIGINS", "https://fine.example,community.example"),
        ("PRAXIS_CORS_ORIGINS", "https://community.example/path"),
        ("PRAXIS_TRUSTED_PROXIES", "everyone"),
        ("PRAXIS_LOG_FORMAT", "xml"),
        ("PRAXIS_LOG", "praxis=loud"),
        ("PRAXIS_DATA_DIR", "file"),
        ("PRAXIS_DATA_DIR", "/proc/nowhere"),
    ] {
        let mut command = praxis_in(folder.path(), &["serve"]);
        command.env("PRAXIS_LOG", "off").env("PRAXIS_LISTEN", "127.0.0.1:0").env(setting, value);
        let line = failure(&command.output().unwrap());
        assert!(line.starts_with("praxis: ") && line.contains(setting), "{setting}={value}: {line}");
        assert!(!line.contains("topsecret"), "{line}");
    }
    for (args, words) in [
        (&["--listen", "nonsense"][..], "--listen"),
        (&["--colour", "red"], "--colour"),
        (&["frobnicate"], "frobnicate"),
        (&["admin", "create"], "--email"),
    ] {
        let line = failure(&praxis_in(folder.path(), args).output().unwrap());
        assert!(line.contains(words), "{args:?}: {line}");
    }
}

fn the_document_is_printed_without_a_database() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = praxis_in(folder.path(), &["openapi"]);
    command.env("PRAXIS_DATABASE_URL", "postgres://nobody@127.0.0.1:1/nothing");
    let printed = success(&command.output().unwrap());
    let committed = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi/openapi.json");
    assert_eq!(printed, std::fs::read_to_string(committed).unwrap());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "it left something behind");
}

fn help_names_every_setting() {
    let folder = tempfile::tempdir().unwrap();
    let help = success(&praxis_in(folder.path(), &["--help"]).output().unwrap());
    let settings = <praxis::config::Cli as clap::CommandFactory>::command();
    let variables: Vec<String> = settings
        .get_arguments()
        .filter_map(|arg| arg.get_env())
        .map(|name| name.to_str().unwrap().to_owned())
        .collect();
    assert!(variables.len() >= 8);
    for variable in variables {
        assert!(variable.starts_with("PRAXIS_") && help.contains(&variable), "{variable}");
    }
    assert!(success(&praxis_in(folder.path(), &["--version"]).output().unwrap()).starts_with("praxis "));
}

async fn a_server_says_where_it_is_and_keeps_its_key_to_itself(database: Database) {
    let server = Serving::start(praxis(&database, &[]));
    let greeting = server.greeting.join("\n");
    for words in [&format!("http://{}/api/v1", server.address), "/docs", "praxis admin create", database.engine()] {
        assert!(greeting.contains(words), "«{words}» is missing:\n{greeting}");
    }
    server.anon().get("/health/ready").await.expect(200);
    let keys = database.data_dir().join("signing-keys");
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&keys), 0o700);
    let files: Vec<_> = std::fs::read_dir(keys).unwrap().map(|file| file.unwrap().path()).collect();
    assert_eq!(files.len(), 1);
    assert_eq!(mode(&files[0]), 0o600);
}

async fn migrations_are_listed_and_run(database: Database) {
    let status = || success(&praxis(&database, &["migrate", "--status"]).output().unwrap());
    let before = status();
    assert!(!before.is_empty() && before.lines().all(|line| line.starts_with("pending ")), "{before}");
    let ran = success(&praxis(&database, &["migrate"]).output().unwrap());
    assert_eq!(ran.lines().count(), before.lines().count(), "{ran}");
    let after = status();
    assert_eq!(after, before.replace("pending", "applied"));
    assert_eq!(success(&praxis(&database, &["migrate"]).output().unwrap()), "", "nothing is left to do");
}

async fn a_newer_database_is_refused_in_one_line(database: Database) {
    success(&praxis(&database, &["migrate"]).output().unwrap());
    let newer = "INSERT INTO __diesel_schema_migrations (version) VALUES ('99991231000000')";
    database.connect().execute(newer).unwrap();
    for args in [&["serve"][..], &["migrate"], &["migrate", "--status"]] {
        let line = failure(&praxis(&database, args).output().unwrap());
        assert!(line.contains("newer") && line.contains("99991231000000"), "{args:?}: {line}");
    }
}

async fn an_administrator_is_made_with_a_password_from_standard_input(database: Database) {
    let create = |email: &str, password: &str| {
        run_with(praxis(&database, &["admin", "create", "--email", email, "--password-stdin"]), password)
    };
    assert!(failure(&create("no address", PASSWORD)).contains("--email"));
    assert!(failure(&create("root@example.org", "short\n")).contains("password"));
    success(&create("root@example.org", &format!("{PASSWORD}\n")));

    let server = Serving::start(praxis(&database, &[]));
    let log_in = async |password: &str| {
        let body = json!({ "email": "root@example.org", "password": password });
        server.anon().post("/auth/login", body).await
    };
    let tokens = log_in(PASSWORD).await.expect(200);
    assert_eq!(tokens["user"]["platform_role"], "admin");
    let root = server.anon().with_token(tokens["access_token"].as_str().unwrap());
    assert_eq!(root.get("/admin/users").await.expect(200).items().len(), 1);
    // once more gives the same account a new password and ends its sessions, within seconds where the server remembers
    success(&create("Root@Example.org", "another fine password"));
    log_in(PASSWORD).await.expect(401);
    let again = log_in("another fine password").await.expect(200);
    let deadline = Instant::now() + Duration::from_secs(10);
    while root.get("/me").await.status == 200 {
        assert!(database.is_sqlite() && Instant::now() < deadline, "the session goes on");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    root.get("/me").await.expect_problem(401, "invalid_token");
    let again = server.anon().with_token(again["access_token"].as_str().unwrap());
    assert_eq!(again.get("/admin/users").await.expect(200).items().len(), 1);
}

async fn register_and_log_in(server: &Serving, name: &str) -> (Caller, Value) {
    let body = json!({ "email": email_of(name), "password": PASSWORD, "display_name": name });
    server.anon().post("/auth/register", body).await.expect(202);
    let body = json!({ "email": email_of(name), "password": PASSWORD });
    let tokens = server.anon().post("/auth/login", body).await.expect(200);
    (server.anon().with_token(tokens["access_token"].as_str().unwrap()), tokens.json)
}

async fn a_server_that_is_told_to_stop_finishes_what_runs(database: Database) {
    for signal in ["TERM", "INT"] {
        let server = Serving::start(praxis(&database, &[]));
        let (email, anon) = (format!("{signal}@example.org"), server.anon());
        let body = json!({ "email": email, "password": PASSWORD, "display_name": "Ann" }).to_string();
        let headers = [("content-type", "application/json"), ("content-length", &body.len().to_string())];
        let mut request = Raw::open(&server.address, Method::POST, "/api/v1/auth/register", &headers);
        request.send(&body.as_bytes()[..20]);
        // the connection has been taken up when a later one has been answered
        anon.get("/health/ready").await.expect(200);

        let told = Instant::now();
        server.signal(signal);
        let mut ready = anon.get("/health/ready").await;
        while ready.status == 200 && told.elapsed() < Duration::from_millis(900) {
            ready = anon.get("/health/ready").await;
        }
        ready.expect_problem(503, "busy");
        std::thread::sleep(Duration::from_secs(2));
        assert!(TcpStream::connect(&server.address).is_err(), "it still takes connections");
        assert!(request.send(&body.as_bytes()[20..]), "the connection was closed");
        assert_eq!(request.answer().expect(202)["status"], "active");
        assert_eq!(server.end(), Some(0), "{signal}");
        assert!(told.elapsed() < Duration::from_secs(30));
        let email = email.to_lowercase();
        assert!(users::queries::find_by_email(&mut database.connect(), &email).unwrap().is_some(), "it was answered");
    }
}

async fn a_visit_is_written_before_the_end(database: Database) {
    let server = Serving::start(praxis(&database, &[]));
    let (ann, _) = register_and_log_in(&server, "Ann").await;
    let kept =
        || users::queries::find_by_email(&mut database.connect(), &email_of("Ann")).unwrap().unwrap().last_seen_at;
    ann.get("/me").await.expect(200);
    assert_eq!(kept(), None, "it is written off the path of the request");
    server.signal("TERM");
    assert_eq!(server.end(), Some(0));
    assert!(kept().is_some());
}

async fn a_second_server_is_refused_or_knows_at_once_what_ended(database: Database) {
    let first = Serving::start(praxis(&database, &[]));
    if database.is_sqlite() {
        let line = failure(&praxis(&database, &["serve"]).output().unwrap());
        assert!(line.contains("PRAXIS_DATABASE_URL") && line.contains("another praxis"), "{line}");
        first.anon().get("/health/ready").await.expect(200);
        // one that was killed leaves no lock behind
        first.signal("KILL");
        drop(first);
        Serving::start(praxis(&database, &[])).anon().get("/health/ready").await.expect(200);
        return;
    }
    let second = Serving::start(praxis(&database, &[]));
    let (ann, tokens) = register_and_log_in(&first, "Ann").await;
    let elsewhere = second.anon().with_token(ann.token.clone().unwrap());
    elsewhere.get("/me").await.expect(200);
    ann.request(Method::POST, "/auth/logout").await.expect(204);
    elsewhere.get("/me").await.expect_problem(401, "invalid_token");
    let body = json!({ "refresh_token": tokens["refresh_token"] });
    second.anon().post("/auth/refresh", body).await.expect_problem(401, "invalid_refresh_token");
}

/// Passes what it gets on to the database, while it is there.
struct Proxy {
    open: Arc<AtomicBool>,
    streams: Arc<Mutex<Vec<TcpStream>>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Proxy {
    fn listen(port: u16, target: String) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let (open, streams) = (Arc::new(AtomicBool::new(true)), Arc::new(Mutex::new(Vec::new())));
        let (is_open, kept) = (Arc::clone(&open), Arc::clone(&streams));
        let thread = std::thread::spawn(move || {
            while is_open.load(Ordering::Relaxed) {
                let Ok((near, _)) = listener.accept() else {
                    std::thread::sleep(Duration::from_millis(5));
                    continue;
                };
                near.set_nonblocking(false).unwrap();
                let far = TcpStream::connect(&target).unwrap();
                kept.lock().unwrap().extend([near.try_clone().unwrap(), far.try_clone().unwrap()]);
                for (mut from, mut to) in [(near.try_clone().unwrap(), far.try_clone().unwrap()), (far, near)] {
                    std::thread::spawn(move || {
                        let _ = std::io::copy(&mut from, &mut to);
                        let _ = to.shutdown(Shutdown::Both);
                    });
                }
            }
        });
        Self { open, streams, thread: Some(thread) }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.open.store(false, Ordering::Relaxed);
        self.thread.take().unwrap().join().unwrap();
        for stream in self.streams.lock().unwrap().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

async fn a_database_that_is_away_is_waited_for(database: Database) {
    if database.is_sqlite() {
        // a folder that cannot be entered is no reason to wait
        let mut command = praxis(&database, &["serve"]);
        command.env("PRAXIS_DATABASE_URL", "sqlite:/nowhere/at/all.sqlite3");
        let started = Instant::now();
        assert!(failure(&command.output().unwrap()).contains("PRAXIS_DATABASE_URL"));
        assert!(started.elapsed() < Duration::from_secs(5));
        return;
    }
    let (scheme, rest) = database.url().split_once("://").unwrap();
    let (authority, path) = rest.split_once('/').unwrap();
    let (user, target) = authority.rsplit_once('@').map_or(("", authority), |(user, target)| (user, target));
    let target = if target.contains(':') { target.to_owned() } else { format!("{target}:5432") };
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let through_proxy = format!("{scheme}://{user}@127.0.0.1:{port}/{path}");

    let mut command = praxis(&database, &["serve"]);
    command.env("PRAXIS_DATABASE_URL", &through_proxy).env("PRAXIS_LOG", "warn");
    let starting = Starting::new(command);
    starting.until_logged("waiting for the database");
    let proxy = Proxy::listen(port, target.clone());
    let server = starting.finish();
    let anon = server.anon();
    anon.get("/health/ready").await.expect(200);
    anon.get("/group-types").await.expect(200);

    drop(proxy);
    anon.get("/health/ready").await.expect_problem(503, "database_unavailable");
    anon.get("/group-types").await.expect_problem(503, "database_unavailable");
    anon.get("/health/live").await.expect(200);
    let _proxy = Proxy::listen(port, target);
    anon.get("/health/ready").await.expect(200);
    anon.get("/group-types").await.expect(200);
    assert!(!server.log().contains(&through_proxy), "the URL may hold a password");

    // what waiting cannot mend is said at once
    let nothing = through_proxy.replace(path.split('?').next().unwrap(), "there_is_no_such_database");
    let mut command = praxis(&database, &["serve"]);
    command.env("PRAXIS_DATABASE_URL", nothing).env("PRAXIS_LOG", "off");
    let started = Instant::now();
    assert!(failure(&command.output().unwrap()).contains("PRAXIS_DATABASE_URL"));
    assert!(started.elapsed() < Duration::from_secs(10));
}

async fn logs_hold_no_secrets_and_no_addresses(database: Database) {
    let mut command = praxis(&database, &["serve"]);
    command.env("PRAXIS_LOG", "debug").env("PRAXIS_LOG_FORMAT", "json");
    let server = Serving::start(command);
    let (ann, tokens) = register_and_log_in(&server, "Ann").await;
    let wrong = json!({ "email": email_of("Ann"), "password": "a wrong password" });
    server.anon().post("/auth/login", wrong).await.expect(401);
    let given = server.anon().get("/groups?q=private-words").header("x-request-id", "an-id-of-mine").await.expect(200);
    assert_eq!(given.header("x-request-id"), "an-id-of-mine");
    let kind = ann.get("/group-types").await.items()[0]["id"].clone();
    let group = json!({ "name": "Secret garden", "type_ids": [kind], "visibility": "hidden" });
    let group = ann.post("/groups", group).await.expect(201);
    let post = json!({ "kind": "question", "title": "Private title", "body": "Private text" });
    ann.post(format!("/groups/{}/posts", group.id()), post).await.expect(201);
    let refreshed = json!({ "refresh_token": tokens["refresh_token"] });
    let refreshed = server.anon().post("/auth/refresh", refreshed).await.expect(200);
    server.signal("TERM");
    let deadline = Instant::now() + Duration::from_secs(20);
    while !server.log().contains("stopping") && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(20));
    }
    let log = server.log();
    let lines: Vec<Value> =
        log.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect();
    let own = lines.iter().find(|line| line["request_id"] == "an-id-of-mine").expect("the request is not logged");
    assert_eq!((&own["method"], &own["status"]), (&json!("GET"), &json!(200)), "{own}");
    let slug = group["slug"].as_str().unwrap();
    let [first, second] = [&tokens, &refreshed.json]
        .map(|tokens| ["access_token", "refresh_token"].map(|name| tokens[name].as_str().unwrap().to_owned()));
    let secrets = [PASSWORD, "a wrong password", "ann@", "Ann", "Secret garden", slug, "Private", "private-words"];
    for secret in secrets.into_iter().chain(first.iter().chain(&second).map(String::as_str)) {
        assert!(!log.contains(secret), "«{secret}» is in the log");
    }
    assert_eq!(server.end(), Some(0));
}
