//! Registering, logging in and out, refreshing, and everything that ends a session.

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use diesel::prelude::*;
use futures_util::future::join_all;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use praxis::api::users;
use praxis::auth::actor::PlatformRole;
use praxis::auth::tokens::{self, ACCESS_LIFE};
use praxis::db::schema::{refresh_tokens, sessions as session_rows};
use praxis::types::{SessionId, Timestamp};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::app::{PASSWORD, email_of};
use crate::support::{Answer, App, Caller, Case, on_each, served};

pub fn cases() -> Vec<Case> {
    served![
        open_registration_lets_one_log_in_at_once,
        an_administrator_approves_a_registration with ["--registration", "approval"],
        a_declined_registration_stays_out with ["--registration", "approval"],
        closed_registration_refuses_everybody with ["--registration", "closed"],
        a_taken_address_gets_the_same_answer_and_changes_nothing,
        a_registration_is_refused_by_the_field_that_is_wrong,
        an_address_logs_in_however_it_is_written,
        a_wrong_password_and_an_unknown_address_get_the_same_answer_in_the_same_time,
        an_old_hash_is_replaced_at_the_next_login,
        a_refresh_token_is_exchanged_for_a_new_pair,
        a_refresh_token_used_twice_ends_its_session_at_once,
        eight_uses_of_one_refresh_token_at_once_give_one_pair_and_end_the_session,
        an_unknown_or_expired_refresh_token_is_refused,
        secrets_are_kept_only_as_hashes,
        logging_out_ends_the_access_token_at_once,
        the_first_way_to_log_out_says_until_when_it_answers,
        an_ended_session_stays_ended_over_a_restart,
        sessions_are_listed_newest_first_page_by_page,
        people_end_their_own_sessions_only,
        an_expired_access_token_is_refused,
        an_access_token_that_is_not_ours_is_refused,
        a_missing_token_and_a_bad_one_are_challenged,
        suspension_ends_access_at_once,
        a_request_that_is_still_arriving_loses_its_session_too,
        the_old_password_lets_nobody_in_while_it_is_being_changed,
        two_administrators_cannot_demote_each_other,
        a_change_of_role_ends_the_sessions,
        the_published_keys_verify_tokens_and_hold_nothing_private,
        a_new_key_leaves_old_tokens_valid_until_the_old_key_is_dropped,
    ]
}

async fn register(app: &App, name: &str) -> Answer {
    let body = json!({ "email": email_of(name), "password": PASSWORD, "display_name": name });
    app.anon().post("/auth/register", body).await
}

async fn log_in(app: &App, name: &str, password: &str) -> Answer {
    app.anon().post("/auth/login", json!({ "email": email_of(name), "password": password })).await
}

async fn refresh(app: &App, token: &str) -> Answer {
    app.anon().post("/auth/refresh", json!({ "refresh_token": token })).await
}

/// Whether the token opens what needs a login.
async fn is_let_in(caller: &Caller) -> bool {
    let answer = caller.get("/auth/sessions").await;
    if answer.status == 401 {
        assert_eq!(answer.header("www-authenticate"), "Bearer error=\"invalid_token\"");
        answer.expect_problem(401, "invalid_token");
        return false;
    }
    answer.expect(200);
    true
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

async fn open_registration_lets_one_log_in_at_once(app: App) {
    let registered = register(&app, "Ann").await.expect(202);
    assert_eq!(registered.json, json!({ "status": "active" }));
    let tokens = log_in(&app, "Ann", PASSWORD).await.expect(200);
    assert_eq!(tokens["token_type"], "Bearer");
    assert_eq!(tokens["expires_in"], 900);
    let user = &tokens["user"];
    assert_eq!((text(&user["email"]), text(&user["display_name"])), ("ann@example.org", "Ann"));
    assert_eq!((text(&user["status"]), text(&user["platform_role"])), ("active", "member"));
    assert_eq!(user["last_seen_at"], Value::Null);
    assert!(is_let_in(&app.anon().with_token(text(&tokens["access_token"]))).await);
}

async fn an_administrator_approves_a_registration(app: App) {
    let registered = register(&app, "Ann").await.expect(202);
    assert_eq!(registered.json, json!({ "status": "pending" }));
    log_in(&app, "Ann", PASSWORD).await.expect_problem(403, "account_pending");
    log_in(&app, "Ann", "a wrong password").await.expect_problem(401, "invalid_credentials");

    let admin = app.admin();
    let waiting = admin.get("/admin/users?status=pending").await.expect(200);
    assert_eq!(waiting.each("email"), ["ann@example.org"]);
    let path = format!("/admin/users/{}", text(&waiting.items()[0]["id"]));
    assert_eq!(admin.patch(&path, json!({ "status": "active" })).await.expect(200)["status"], "active");
    log_in(&app, "Ann", PASSWORD).await.expect(200);
}

async fn a_declined_registration_stays_out(app: App) {
    register(&app, "Ann").await.expect(202);
    let admin = app.admin();
    let waiting = admin.get("/admin/users?status=pending").await.expect(200);
    let path = format!("/admin/users/{}", text(&waiting.items()[0]["id"]));
    admin.patch(&path, json!({ "status": "declined" })).await.expect(200);
    log_in(&app, "Ann", PASSWORD).await.expect_problem(403, "account_suspended");
    // registering again is no way round
    register(&app, "Ann").await.expect(202);
    log_in(&app, "Ann", PASSWORD).await.expect_problem(403, "account_suspended");
}

async fn closed_registration_refuses_everybody(app: App) {
    register(&app, "Ann").await.expect_problem(403, "registration_closed");
    assert_eq!(app.admin().get("/admin/users").await.each("display_name"), ["admin"]);
}

async fn a_taken_address_gets_the_same_answer_and_changes_nothing(app: App) {
    let first = register(&app, "Ann").await.expect(202);
    let body = json!({ "email": "ANN@Example.org", "password": "another password", "display_name": "Not Ann" });
    let second = app.anon().post("/auth/register", body).await.expect(202);
    assert_eq!(first.json, second.json);
    let names = |answer: &Answer| answer.headers.keys().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(names(&first), names(&second));
    log_in(&app, "Ann", "another password").await.expect_problem(401, "invalid_credentials");
    assert_eq!(log_in(&app, "Ann", PASSWORD).await.expect(200)["user"]["display_name"], "Ann");
    assert_eq!(app.admin().get("/admin/users?q=ann").await.items().len(), 1);
}

async fn a_registration_is_refused_by_the_field_that_is_wrong(app: App) {
    let good = json!({ "email": "ann@example.org", "password": PASSWORD, "display_name": "Ann" });
    let wrong = [
        ("email", json!("no address"), "bad_email"),
        ("email", json!("Ann <ann@example.org>"), "bad_email"),
        ("email", json!("ann@localhost"), "bad_email"),
        ("email", json!(format!("{}@example.org", "a".repeat(250))), "bad_email"),
        ("email", json!(null), "wrong_type"),
        ("password", json!("seven77"), "too_short"),
        ("password", json!("x".repeat(129)), "too_long"),
        ("password", json!(12_345_678), "wrong_type"),
        ("display_name", json!(" "), "empty"),
        ("display_name", json!("x".repeat(101)), "too_long"),
        ("display_name", json!("An\u{7}n"), "control_character"),
        ("display_name", json!(["Ann"]), "wrong_type"),
    ];
    for (field, value, code) in wrong {
        let mut body = good.clone();
        body[field] = value;
        let answer = app.anon().post("/auth/register", body).await.expect_field(422, &format!("/{field}"), code);
        assert!(!answer.text().contains("12345678"), "a password is quoted: {answer}");
    }
    for field in ["email", "password", "display_name"] {
        let mut body = good.clone();
        body.as_object_mut().unwrap().remove(field);
        app.anon().post("/auth/register", body).await.expect_field(422, &format!("/{field}"), "missing");
    }
    let mut body = good.clone();
    body["platform_role"] = json!("admin");
    app.anon().post("/auth/register", body).await.expect_field(422, "/platform_role", "unknown_property");
    assert_eq!(app.admin().get("/admin/users").await.each("display_name"), ["admin"], "something was registered");
}

async fn an_address_logs_in_however_it_is_written(app: App) {
    register(&app, "Ann").await.expect(202);
    let body = json!({ "email": "ANN@EXAMPLE.org", "password": PASSWORD });
    assert_eq!(app.anon().post("/auth/login", body).await.expect(200)["user"]["email"], "ann@example.org");
}

async fn a_wrong_password_and_an_unknown_address_get_the_same_answer_in_the_same_time(app: App) {
    app.user("Ann");
    let wrong = log_in(&app, "Ann", "a wrong password").await.expect_problem(401, "invalid_credentials");
    let unknown = log_in(&app, "Nobody", "a wrong password").await.expect_problem(401, "invalid_credentials");
    assert_eq!(wrong.without_request_id(), unknown.without_request_id());
    assert_eq!(wrong.header("www-authenticate"), unknown.header("www-authenticate"));

    // the fastest of several is little disturbed by what else runs
    let mut fastest = [u128::MAX; 2];
    for _ in 0..15 {
        for (name, fastest) in ["Ann", "Nobody"].into_iter().zip(&mut fastest) {
            let started = Instant::now();
            log_in(&app, name, "a wrong password").await.expect(401);
            *fastest = started.elapsed().as_micros().min(*fastest);
        }
    }
    let [wrong, unknown] = fastest;
    assert!(wrong < 3 * unknown && unknown < 3 * wrong, "{wrong} µs for a wrong password, {unknown} µs for nobody");
}

async fn an_old_hash_is_replaced_at_the_next_login(app: App) {
    use argon2::password_hash::PasswordHasher as _;
    let weak = argon2::Params::new(4096, 3, 1, None).unwrap();
    let weak = argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, weak);
    let weak = weak.hash_password(PASSWORD.as_bytes()).unwrap().to_string();
    let ann = app.user("Ann");
    app.in_database(|conn| users::queries::set_password_hash(conn, ann.id(), &weak));
    let kept = || app.in_database(|conn| users::queries::get(conn, ann.id())).password_hash;

    log_in(&app, "Ann", "a wrong password").await.expect(401);
    assert_eq!(kept(), weak);
    log_in(&app, "Ann", PASSWORD).await.expect(200);
    let renewed = kept();
    assert!(renewed.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{renewed}");
    log_in(&app, "Ann", PASSWORD).await.expect(200);
    assert_eq!(kept(), renewed, "a hash that is up to date is kept");
}

async fn a_refresh_token_is_exchanged_for_a_new_pair(app: App) {
    let ann = app.user("Ann");
    let first = refresh(&app, ann.refresh_token()).await.expect(200);
    assert_eq!(first["user"]["id"], json!(ann.id()));
    let second = refresh(&app, text(&first["refresh_token"])).await.expect(200);
    for tokens in [&first, &second] {
        assert!(is_let_in(&ann.with_token(text(&tokens["access_token"]))).await);
    }
    let refresh_tokens = [ann.refresh_token(), text(&first["refresh_token"]), text(&second["refresh_token"])];
    assert!(refresh_tokens[0] != refresh_tokens[1] && refresh_tokens[1] != refresh_tokens[2]);
    let sessions = ann.get("/auth/sessions").await.expect(200);
    assert_eq!(sessions.each("id"), [ann.session().to_string()], "refreshing starts no other session");
    assert!(text(&sessions.items()[0]["last_used_at"]) > text(&sessions.items()[0]["created_at"]));
}

async fn a_refresh_token_used_twice_ends_its_session_at_once(app: App) {
    let (ann, elsewhere) = (app.user("Ann"), log_in_again(&app, "Ann").await);
    let next = refresh(&app, ann.refresh_token()).await.expect(200);
    let renewed = ann.with_token(text(&next["access_token"]));
    assert!(is_let_in(&renewed).await);

    refresh(&app, ann.refresh_token()).await.expect_problem(401, "invalid_refresh_token");
    assert!(!is_let_in(&ann).await);
    assert!(!is_let_in(&renewed).await);
    refresh(&app, text(&next["refresh_token"])).await.expect_problem(401, "invalid_refresh_token");
    assert!(is_let_in(&elsewhere).await, "the person's other session goes on");
}

async fn log_in_again(app: &App, name: &str) -> Caller {
    let tokens = log_in(app, name, PASSWORD).await.expect(200);
    app.anon().with_token(text(&tokens["access_token"]))
}

async fn eight_uses_of_one_refresh_token_at_once_give_one_pair_and_end_the_session(app: App) {
    let ann = app.user("Ann");
    let answers = join_all((0..8).map(|_| refresh(&app, ann.refresh_token()))).await;
    let (given, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 200);
    assert_eq!(given.len(), 1, "one of them was first");
    for answer in refused {
        answer.expect_problem(401, "invalid_refresh_token");
    }
    assert!(!is_let_in(&ann).await);
    assert!(!is_let_in(&ann.with_token(text(&given[0]["access_token"]))).await);
    refresh(&app, text(&given[0]["refresh_token"])).await.expect_problem(401, "invalid_refresh_token");
}

async fn an_unknown_or_expired_refresh_token_is_refused(app: App) {
    let ann = app.user("Ann");
    let long = "x".repeat(5000);
    for unknown in ["", "unknown", ann.token.as_deref().unwrap(), &long] {
        refresh(&app, unknown).await.expect_problem(401, "invalid_refresh_token");
    }
    assert!(is_let_in(&ann).await);

    let session = session_rows::table.find(ann.session());
    let expired = Timestamp::now().before(Duration::from_secs(1));
    let changed = app.in_database(|conn| {
        let expire = diesel::update(session).set(session_rows::expires_at.eq(expired));
        Ok(on_each!(conn => expire.execute(conn))?)
    });
    assert_eq!(changed, 1);
    refresh(&app, ann.refresh_token()).await.expect_problem(401, "invalid_refresh_token");
    assert!(ann.get("/auth/sessions").await.expect(200).items().is_empty(), "an expired session is not listed");
}

async fn secrets_are_kept_only_as_hashes(app: App) {
    let ann = app.user("Ann");
    let next = refresh(&app, ann.refresh_token()).await.expect(200);
    let kept: Vec<Vec<u8>> = app
        .in_database(|conn| Ok(on_each!(conn => refresh_tokens::table.select(refresh_tokens::token_hash).load(conn))?));
    for token in [ann.refresh_token(), text(&next["refresh_token"])] {
        assert!(kept.contains(&tokens::token_hash(token)));
        assert!(!kept.iter().any(|kept| kept == token.as_bytes()));
    }
    assert_eq!(kept.len(), 2);
    register(&app, "Bob").await.expect(202);
    let bob = app.in_database(|conn| users::queries::find_by_email(conn, &email_of("Bob"))).unwrap();
    assert!(bob.password_hash.starts_with("$argon2id$"));
}

async fn logging_out_ends_the_access_token_at_once(app: App) {
    let (ann, elsewhere) = (app.user("Ann"), log_in_again(&app, "Ann").await);
    app.anon().post("/auth/logout", Value::Null).await.expect_problem(401, "unauthenticated");
    let answer = ann.request(reqwest::Method::POST, "/auth/logout").await.expect(204);
    assert!(answer.bytes.is_empty());
    assert!(!is_let_in(&ann).await);
    refresh(&app, ann.refresh_token()).await.expect_problem(401, "invalid_refresh_token");
    ann.request(reqwest::Method::POST, "/auth/logout").await.expect_problem(401, "invalid_token");
    assert!(is_let_in(&elsewhere).await, "the person's other session goes on");
}

async fn the_first_way_to_log_out_says_until_when_it_answers(app: App) {
    let told = |answer: &Answer| {
        ["deprecation", "sunset", "link"]
            .map(|name| answer.headers.get(name).map(|value| value.to_str().unwrap().to_owned()))
    };
    let expected =
        ["@1796083200", "Sat, 01 Jan 2028 00:00:00 GMT", "</api/v1/auth/sessions/current>; rel=\"successor-version\""];
    let ann = app.user("Ann");
    let first = ann.request(Method::POST, "/auth/logout").await.expect(204);
    assert_eq!(told(&first), expected.map(|value| Some(value.to_owned())));
    // a failure says so too
    let again = ann.request(Method::POST, "/auth/logout").await.expect_problem(401, "invalid_token");
    assert_eq!(told(&again), expected.map(|value| Some(value.to_owned())));
    let bob = app.user("Bob");
    assert_eq!(told(&bob.delete("/auth/sessions/current").await.expect(204)), [const { None }; 3]);
    assert!(!is_let_in(&bob).await);
    let operation = &praxis::openapi::document()["paths"]["/api/v1/auth/logout"]["post"];
    assert_eq!((&operation["deprecated"], &operation["x-sunset"]), (&json!(true), &json!("2028-01-01")));
}

async fn an_ended_session_stays_ended_over_a_restart(mut app: App) {
    let (ann, bob) = (app.user("Ann"), app.user("Bob"));
    ann.request(reqwest::Method::POST, "/auth/logout").await.expect(204);
    app.restart(&[]);
    assert!(!is_let_in(&ann).await);
    assert!(is_let_in(&bob).await);
}

async fn sessions_are_listed_newest_first_page_by_page(app: App) {
    let ann = app.user("Ann");
    for device in ["phone", "tablet", "laptop", "television"] {
        let login = app.anon().post("/auth/login", json!({ "email": ann.email(), "password": PASSWORD }));
        login.header("user-agent", device).await.expect(200);
    }
    app.user("Bob");
    let mut seen = Vec::new();
    let mut path = "/auth/sessions?limit=2".to_owned();
    let mut pages = 0;
    loop {
        let page = ann.get(&path).await.expect(200);
        pages += 1;
        seen.extend(page.items().to_vec());
        let Some(cursor) = page["next_cursor"].as_str() else {
            assert_eq!(page.header("link"), "");
            break;
        };
        path = format!("/auth/sessions?limit=2&cursor={cursor}");
        assert_eq!(page.header("link"), format!("</api/v1{path}>; rel=\"next\""));
        assert_eq!(page.items().len(), 2);
    }
    assert_eq!(pages, 3);
    let devices: Vec<&str> = seen.iter().map(|session| text(&session["user_agent"])).collect();
    assert_eq!(devices, ["television", "laptop", "tablet", "phone", "a test"]);
    let current: Vec<bool> = seen.iter().map(|session| session["current"].as_bool().unwrap()).collect();
    assert_eq!(current, [false, false, false, false, true]);
}

async fn people_end_their_own_sessions_only(app: App) {
    let (ann, bob) = (app.user("Ann"), app.user("Bob"));
    let elsewhere = log_in_again(&app, "Ann").await;
    let of = |session: SessionId| format!("/auth/sessions/{session}");
    let foreign = bob.delete(of(ann.session())).await.expect_problem(404, "not_found");
    let missing = bob.delete(of(SessionId::new())).await.expect_problem(404, "not_found");
    assert_eq!(foreign.without_request_id(), missing.without_request_id());
    assert!(is_let_in(&ann).await);

    elsewhere.delete(of(ann.session())).await.expect(204);
    assert!(!is_let_in(&ann).await);
    refresh(&app, ann.refresh_token()).await.expect_problem(401, "invalid_refresh_token");
    elsewhere.delete(of(ann.session())).await.expect_problem(404, "not_found");
    assert_eq!(elsewhere.get("/auth/sessions").await.expect(200).items().len(), 1);
    elsewhere.delete("/auth/sessions/not-an-id").await.expect_field(400, "session_id", "malformed");
}

async fn an_expired_access_token_is_refused(app: App) {
    let ann = app.user("Ann");
    let (tokens, now) = (app.tokens(), Timestamp::now());
    let aged = |seconds: u64| {
        let issued_at = now.before(ACCESS_LIFE).after(Duration::from_secs(30)).before(Duration::from_secs(seconds));
        ann.with_token(tokens.issue(ann.id(), ann.session(), PlatformRole::Member, issued_at).unwrap().0)
    };
    assert!(is_let_in(&aged(0)).await, "it lives for 30 seconds more");
    assert!(!is_let_in(&aged(31)).await, "it ended a second ago");
    assert!(!is_let_in(&aged(86_400)).await);
}

/// The claims of a token that would be good if it were signed well.
fn claims(ann: &Caller) -> Value {
    let now = Timestamp::now().seconds();
    json!({ "iss": "praxis", "sub": ann.id(), "sid": ann.session(), "role": "member", "iat": now, "exp": now + 600 })
}

fn signing_key(app: &App) -> EncodingKey {
    let mut files = std::fs::read_dir(app.database.data_dir().join("signing-keys")).unwrap();
    EncodingKey::from_ed_der(&std::fs::read(files.next().unwrap().unwrap().path()).unwrap())
}

async fn an_access_token_that_is_not_ours_is_refused(app: App) {
    let ann = app.user("Ann");
    let (good, key) = (claims(&ann), signing_key(&app));
    let published = app.anon().get("/.well-known/jwks.json").await.expect(200);
    let (kid, x) = (text(&published["keys"][0]["kid"]), text(&published["keys"][0]["x"]));
    let header = Header { kid: Some(kid.to_owned()), ..Header::new(Algorithm::EdDSA) };
    let sign = |header: &Header, claims: &Value, key: &EncodingKey| jsonwebtoken::encode(header, claims, key).unwrap();
    let with = |name: &str, value: Value| {
        let mut claims = good.clone();
        claims[name] = value;
        claims
    };
    let without = |name: &str| {
        let mut claims = good.clone();
        claims.as_object_mut().unwrap().remove(name);
        claims
    };
    let genuine = sign(&header, &good, &key);
    assert!(is_let_in(&ann.with_token(&genuine)).await, "what the others are variations of");

    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let unsigned = |alg: &str| format!("{}.{}.", part(&json!({ "alg": alg, "typ": "JWT", "kid": kid })), part(&good));
    let public_bytes = URL_SAFE_NO_PAD.decode(x).unwrap();
    let symmetric = Header { kid: Some(kid.to_owned()), ..Header::new(Algorithm::HS256) };
    let foreign = tempfile::tempdir().unwrap();
    let foreign = tokens::Tokens::load(foreign.path()).unwrap();
    let (of_foreign_key, _) = foreign.issue(ann.id(), ann.session(), PlatformRole::Admin, Timestamp::now()).unwrap();
    let mut pieces: Vec<String> = genuine.split('.').map(str::to_owned).collect();
    let signature = pieces.pop().unwrap();
    let promoted = format!("{}.{}.{signature}", pieces[0], part(&with("role", json!("admin"))));
    let foreign_signature = of_foreign_key.rsplit('.').next().unwrap();

    let refused = [
        ("without an algorithm", unsigned("none")),
        ("without an algorithm, in capitals", unsigned("None")),
        ("without a signature", format!("{}.", pieces.join("."))),
        ("with another's signature", format!("{}.{foreign_signature}", pieces.join("."))),
        ("of a foreign key", of_foreign_key.clone()),
        ("signed with the public key's bytes", sign(&symmetric, &good, &EncodingKey::from_secret(&public_bytes))),
        ("signed with the public key's text", sign(&symmetric, &good, &EncodingKey::from_secret(x.as_bytes()))),
        ("of another issuer", sign(&header, &with("iss", json!("somebody")), &key)),
        ("without an issuer", sign(&header, &without("iss"), &key)),
        ("without an end", sign(&header, &without("exp"), &key)),
        ("without a person", sign(&header, &without("sub"), &key)),
        ("without a session", sign(&header, &without("sid"), &key)),
        ("with a role that is none", sign(&header, &with("role", json!("god")), &key)),
        ("without a key id", sign(&Header::new(Algorithm::EdDSA), &good, &key)),
        ("with an unknown key id", sign(&Header { kid: Some("x".to_owned()), ..header.clone() }, &good, &key)),
        ("with other claims", promoted),
        ("that is none", "gibberish".to_owned()),
        ("of dots", "..".to_owned()),
        ("that is a refresh token", ann.refresh_token().to_owned()),
        ("that is endless", "x".repeat(7000)),
    ];
    for (what, token) in refused {
        let answer = ann.with_token(token).get("/auth/sessions").await;
        assert_eq!((answer.status, &answer["code"]), (401, &json!("invalid_token")), "a token {what}: {answer}");
        assert_eq!(answer.header("www-authenticate"), "Bearer error=\"invalid_token\"", "a token {what}");
    }
}

async fn a_missing_token_and_a_bad_one_are_challenged(app: App) {
    let missing = app.anon().get("/auth/sessions").await.expect_problem(401, "unauthenticated");
    assert_eq!(missing.header("www-authenticate"), "Bearer");
    let ann = app.user("Ann");
    let token = ann.token.clone().unwrap();
    for value in ["Basic YW5uOnBhc3N3b3Jk".to_owned(), "Bearer".to_owned(), token.clone(), format!("Token {token}")] {
        let answer = app.anon().get("/auth/sessions").header("authorization", &value).await;
        assert_eq!(answer.header("www-authenticate"), "Bearer error=\"invalid_token\"");
        answer.expect_problem(401, "invalid_token");
    }
    // the scheme's case does not matter
    app.anon().get("/auth/sessions").header("authorization", &format!("bearer {token}")).await.expect(200);
}

async fn suspension_ends_access_at_once(app: App) {
    let (ann, admin) = (app.user("Ann"), app.admin());
    let path = format!("/admin/users/{}", ann.id());
    admin.patch(&path, json!({ "status": "suspended" })).await.expect(200);
    assert!(!is_let_in(&ann).await);
    refresh(&app, ann.refresh_token()).await.expect_problem(401, "invalid_refresh_token");
    log_in(&app, "Ann", PASSWORD).await.expect_problem(403, "account_suspended");

    admin.patch(&path, json!({ "status": "active" })).await.expect(200);
    assert!(!is_let_in(&ann).await, "what has ended does not come back");
    log_in(&app, "Ann", PASSWORD).await.expect(200);
}

async fn a_change_of_role_ends_the_sessions(app: App) {
    let (ann, admin) = (app.user("Ann"), app.admin());
    let path = format!("/admin/users/{}", ann.id());
    ann.get("/admin/users").await.expect_problem(403, "forbidden");
    admin.patch(&path, json!({ "platform_role": "member" })).await.expect(200);
    assert!(is_let_in(&ann).await, "nothing has changed");
    admin.patch(&path, json!({ "platform_role": "admin" })).await.expect(200);
    assert!(!is_let_in(&ann).await);
    let again = log_in_again(&app, "Ann").await;
    again.get("/admin/users").await.expect(200);
    admin.patch(&path, json!({ "platform_role": "member" })).await.expect(200);
    again.get("/admin/users").await.expect_problem(401, "invalid_token");
}

async fn the_published_keys_verify_tokens_and_hold_nothing_private(app: App) {
    let published = app.anon().get("/.well-known/jwks.json").await.expect(200);
    for key in published["keys"].as_array().unwrap() {
        let mut names: Vec<&str> = key.as_object().unwrap().keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["alg", "crv", "kid", "kty", "use", "x"]);
    }
    app.user("Ann");
    let tokens = log_in(&app, "Ann", PASSWORD).await.expect(200);
    let token = text(&tokens["access_token"]);
    let keys: JwkSet = serde_json::from_value(published.json.clone()).unwrap();
    let header = jsonwebtoken::decode_header(token).unwrap();
    assert_eq!(header.alg, Algorithm::EdDSA);
    let key = DecodingKey::from_jwk(keys.find(&header.kid.unwrap()).unwrap()).unwrap();
    let claims = jsonwebtoken::decode::<Value>(token, &key, &Validation::new(Algorithm::EdDSA)).unwrap().claims;
    assert_eq!(claims["sub"], tokens["user"]["id"]);
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 900);
    let mut names: Vec<&str> = claims.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["exp", "iat", "iss", "role", "sid", "sub"], "a token says no more than it must");
}

async fn a_new_key_leaves_old_tokens_valid_until_the_old_key_is_dropped(mut app: App) {
    let ann = app.user("Ann");
    let key_ids = async |app: &App| {
        let published = app.anon().get("/.well-known/jwks.json").await.expect(200);
        published["keys"].as_array().unwrap().iter().map(|key| text(&key["kid"]).to_owned()).collect::<Vec<_>>()
    };
    let first = key_ids(&app).await;
    tokens::rotate(app.database.data_dir(), false).unwrap();
    app.restart(&[]);
    let both = key_ids(&app).await;
    assert_eq!((both.len(), &both[1..]), (2, &first[..]), "the key that signs comes first");
    assert!(is_let_in(&ann).await);
    let tokens = log_in(&app, "Ann", PASSWORD).await.expect(200);
    let kid = jsonwebtoken::decode_header(text(&tokens["access_token"])).unwrap().kid.unwrap();
    assert_eq!(kid, both[0]);

    tokens::rotate(app.database.data_dir(), true).unwrap();
    app.restart(&[]);
    let last = key_ids(&app).await;
    assert!(last.len() == 1 && !both.contains(&last[0]));
    assert!(!is_let_in(&ann).await);
    // the session itself goes on
    let renewed = refresh(&app, ann.refresh_token()).await.expect(200);
    assert!(is_let_in(&ann.with_token(text(&renewed["access_token"]))).await);
}

async fn a_request_that_is_still_arriving_loses_its_session_too(app: App) {
    let (admin, ann) = (app.admin(), app.user("Ann"));
    let body = r#"{"display_name":"Somebody"}"#;
    let token = format!("Bearer {}", ann.token.as_deref().unwrap());
    let length = body.len().to_string();
    let headers =
        [("authorization", token.as_str()), ("content-type", "application/json"), ("content-length", length.as_str())];
    let mut raw = app.raw(reqwest::Method::PATCH, "/api/v1/me", &headers);
    raw.send(&body.as_bytes()[..5]);
    tokio::time::sleep(Duration::from_millis(200)).await;
    admin.patch(format!("/admin/users/{}", ann.id()), json!({ "status": "suspended" })).await.expect(200);
    raw.send(&body.as_bytes()[5..]);
    raw.answer().expect_problem(401, "invalid_token");
    assert_eq!(admin.get(format!("/admin/users/{}", ann.id())).await.expect(200)["display_name"], "Ann");
}

async fn the_old_password_lets_nobody_in_while_it_is_being_changed(app: App) {
    let ann = app.user("Ann");
    let change = json!({ "current_password": PASSWORD, "new_password": "another good password" });
    let tries = (0..8).map(|_| log_in(&app, "Ann", PASSWORD));
    let (changed, tried) = tokio::join!(async { ann.put("/me/password", change).await }, join_all(tries));
    changed.expect(200);
    for answer in tried {
        if answer.status == 200 {
            // it was in before the change, and is out with it
            let session = ann.with_token(text(&answer["access_token"]));
            assert!(!is_let_in(&session).await);
            refresh(&app, text(&answer["refresh_token"])).await.expect_problem(401, "invalid_refresh_token");
        }
    }
    log_in(&app, "Ann", PASSWORD).await.expect_problem(401, "invalid_credentials");
}

async fn two_administrators_cannot_demote_each_other(app: App) {
    let one = app.person("One", PlatformRole::Admin);
    for round in 0..4 {
        let two = app.person(&format!("Two {round}"), PlatformRole::Admin);
        let demotion = json!({ "platform_role": "member" });
        let (first, second) =
            tokio::join!(async { one.patch(format!("/admin/users/{}", two.id()), demotion.clone()).await }, async {
                two.patch(format!("/admin/users/{}", one.id()), demotion.clone()).await
            },);
        let mut statuses = [first.status, second.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 401], "{first} {second}");
        if second.status == 200 {
            return;
        }
    }
}
