//! What every path shares: request ids, CORS, limits, faults named by field or parameter, and the paths at the root.

use std::time::Duration;

use praxis::auth::actor::PlatformRole;
use praxis::config::{Dialect, Notation};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::app::PASSWORD;
use crate::support::raw::Raw;
use crate::support::world;
use crate::support::{Answer, App, Caller, Case, document, served};

pub fn cases() -> Vec<Case> {
    served![
        // takes 20 seconds, so it comes first
        a_body_that_does_not_arrive_is_given_up,
        a_well_formed_request_id_is_kept_and_any_other_replaced,
        answers_carry_security_headers,
        a_preflight_needs_no_token with ["--cors-origins", "https://community.example,http://localhost:3000"],
        failures_carry_the_cors_headers with ["--cors-origins", "https://community.example", "--rate-limit", "on"],
        a_foreign_origin_gets_no_cors_headers with ["--cors-origins", "https://community.example"],
        without_origins_there_is_no_cors,
        a_body_larger_than_a_mebibyte_is_refused_however_it_is_sent,
        a_compressed_body_is_measured_unpacked,
        a_body_that_is_not_json_is_refused,
        a_body_of_another_type_is_refused,
        a_field_is_named_by_its_pointer,
        what_a_problem_quotes_has_an_end,
        the_longest_that_is_sent_is_answered,
        control_characters_are_refused,
        a_malformed_id_is_named,
        a_query_parameter_is_named,
        limits_are_from_1_to_100,
        cursors_belong_to_their_list_and_filters,
        an_unknown_path_is_not_found,
        a_wrong_verb_is_told_the_right_ones,
        head_is_answered_like_get,
        answers_are_compressed_when_asked,
        the_documents_and_the_probes_are_at_the_root,
        too_many_requests_are_told_when_to_come_back with ["--rate-limit", "on"],
        only_a_trusted_proxy_speaks_for_others with ["--rate-limit", "on", "--trusted-proxies", "127.0.0.1"],
        nobody_else_speaks_for_others with ["--rate-limit", "on"],
        a_network_of_proxies_speaks_for_networks with ["--rate-limit", "on", "--trusted-proxies", "10.0.0.0/8,127.0.0.0/8"],
        who_is_logged_in_goes_on_while_others_try_passwords with ["--rate-limit", "on", "--rate-limit-auth", "3/60"],
        each_person_has_a_limit_of_their_own with ["--rate-limit", "on", "--rate-limit-requests", "5/60", "--rate-limit-search", "2/60"],
        a_session_that_ended_uses_up_nobodys_limit with ["--rate-limit", "on", "--rate-limit-requests", "5/60"],
        a_fault_tells_nothing_of_its_cause,
    ]
}

const REGISTER: &str = "/api/v1/auth/register";

/// A path that changes something, with a body that it takes.
fn registration() -> serde_json::Value {
    json!({ "email": "ann@example.org", "password": PASSWORD, "display_name": "Ann" })
}

async fn a_body_that_does_not_arrive_is_given_up(app: App) {
    let headers = [("content-type", "application/json"), ("content-length", "100")];
    let mut request = app.raw(Method::POST, REGISTER, &headers);
    request.send(b"{\"email\":");
    let started = std::time::Instant::now();
    request.answer().expect_problem(408, "request_timeout");
    let waited = started.elapsed();
    assert!((Duration::from_secs(15)..Duration::from_secs(40)).contains(&waited), "{waited:?}");
}

async fn a_well_formed_request_id_is_kept_and_any_other_replaced(app: App) {
    let anon = app.anon();
    let ask = async |id: &str| {
        let fine = anon.get("/health/live").header("x-request-id", id).await.expect(200);
        let failing = anon.get("/groups/nonsense").header("x-request-id", id).await.expect(400);
        // that the problem carries the header's id is checked for every answer
        [fine.header("x-request-id").to_owned(), failing.header("x-request-id").to_owned()]
    };
    for kept in ["abcdefgh", "0198c1f2-6b1a-7c3e-9f00-2b7de2a0c111", "A.b_c-D.9", &"x".repeat(64)] {
        assert_eq!(ask(kept).await, [kept, kept]);
    }
    for replaced in ["short77", &"x".repeat(65), "with space", "quote\"quote", "<script>alert", "semi;colon", ""] {
        for id in ask(replaced).await {
            assert!(uuid::Uuid::try_parse(&id).is_ok(), "«{replaced}» became «{id}»");
        }
    }
    let [first, second] = [anon.get("/health/live").await, anon.get("/health/live").await];
    assert_ne!(first.header("x-request-id"), second.header("x-request-id"));
}

async fn answers_carry_security_headers(app: App) {
    let anon = app.anon();
    for path in ["/health/live", "/api/v1/groups", "/api/v1/groups/nonsense", "/nowhere", "/openapi.json", "/docs/"] {
        let answer = anon.request_at(Method::GET, path).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("x-frame-options"), "DENY", "{path}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
        assert!(answer.header("content-security-policy").contains("default-src '"), "{path}");
        assert!(!answer.header("cache-control").is_empty(), "{path}");
        assert_eq!(answer.header("server"), "", "{path}");
    }
}

const ORIGIN: &str = "https://community.example";

async fn preflight(caller: &Caller, path: &str, origin: &str, method: &str) -> Answer {
    let request = caller.request_at(Method::OPTIONS, path).header("origin", origin);
    let request = request.header("access-control-request-method", method);
    request.header("access-control-request-headers", "authorization,content-type").await
}

async fn a_preflight_needs_no_token(app: App) {
    for (path, method) in [
        ("/api/v1/groups", "POST"),
        ("/api/v1/me", "PATCH"),
        ("/api/v1/me/password", "PUT"),
        ("/api/v1/auth/logout", "POST"),
        ("/api/v1/auth/sessions/0198c1f2-6b1a-7c3e-9f00-2b7de2a0c111", "DELETE"),
    ] {
        for origin in [ORIGIN, "http://localhost:3000"] {
            let answer = preflight(&app.anon(), path, origin, method).await.expect(200);
            assert_eq!(answer.header("access-control-allow-origin"), origin, "{path}");
            assert!(answer.header("access-control-allow-methods").contains(method), "{path}");
            let headers = answer.header("access-control-allow-headers").to_lowercase();
            assert!(headers.contains("authorization") && headers.contains("content-type"), "{path}: {headers}");
            assert!(!answer.header("access-control-max-age").is_empty(), "{path}");
        }
    }
}

async fn failures_carry_the_cors_headers(app: App) {
    let anon = app.anon();
    let has_headers = |answer: &Answer| {
        assert_eq!(answer.header("access-control-allow-origin"), ORIGIN, "{answer}");
        let exposed = answer.header("access-control-expose-headers").to_lowercase();
        for name in ["location", "link", "retry-after", "x-request-id"] {
            assert!(exposed.contains(name), "{name} is not exposed: {exposed}");
        }
        assert!(answer.header("vary").to_lowercase().contains("origin"), "{answer}");
    };
    let failing = [
        anon.get("/me").header("origin", ORIGIN).await.expect(401),
        anon.get("/groups/nonsense").header("origin", ORIGIN).await.expect(400),
        anon.get("/nowhere").header("origin", ORIGIN).await.expect(404),
        anon.delete("/groups").header("origin", ORIGIN).await.expect(405),
        anon.post("/auth/register", json!({})).header("origin", ORIGIN).await.expect(422),
    ];
    failing.iter().for_each(has_headers);
    has_headers(&anon.get("/groups").header("origin", ORIGIN).await.expect(200));
    for _ in 0..30 {
        let answer = anon.post("/auth/register", json!({})).header("origin", ORIGIN).await;
        has_headers(&answer);
        if answer.status == 429 {
            return;
        }
    }
    panic!("no limit was reached");
}

async fn a_foreign_origin_gets_no_cors_headers(app: App) {
    let anon = app.anon();
    for origin in ["https://evil.example", "https://community.example.evil.example", "http://community.example", "null"]
    {
        let answer = preflight(&anon, "/api/v1/groups", origin, "POST").await;
        assert_eq!(answer.header("access-control-allow-origin"), "", "{origin}: {answer}");
        let answer = anon.get("/groups").header("origin", origin).await;
        assert_eq!(answer.header("access-control-allow-origin"), "", "{origin}: {answer}");
    }
    // what is not from a browser has no origin and is served
    anon.get("/groups").await.expect(200);
}

async fn without_origins_there_is_no_cors(app: App) {
    let anon = app.anon();
    let answer = anon.get("/groups").header("origin", ORIGIN).await.expect(200);
    assert_eq!(answer.header("access-control-allow-origin"), "");
    let answer = preflight(&anon, "/api/v1/groups", ORIGIN, "POST").await;
    assert_eq!(answer.header("access-control-allow-origin"), "");
    assert!(answer.status >= 400, "{answer}");
}

const MEBIBYTE: usize = 1024 * 1024;

/// A registration of exactly this many bytes; its name is far too long.
fn body_of(bytes: usize) -> Vec<u8> {
    let mut body = registration();
    body["display_name"] = json!("");
    let padding = bytes - body.to_string().len();
    body["display_name"] = json!("x".repeat(padding));
    body.to_string().into_bytes()
}

async fn a_body_larger_than_a_mebibyte_is_refused_however_it_is_sent(app: App) {
    let send =
        |bytes: usize| app.anon().request(Method::POST, "/auth/register").body("application/json", body_of(bytes));
    send(MEBIBYTE).await.expect_field(422, "/display_name", "too_long");
    send(MEBIBYTE + 1).await.expect_problem(413, "too_large");
    send(3 * MEBIBYTE).await.expect_problem(413, "too_large");

    // a length that is only claimed is refused before it is read
    let headers = [("content-type", "application/json"), ("content-length", "5000000000")];
    app.raw(Method::POST, REGISTER, &headers).answer().expect_problem(413, "too_large");

    let chunked = |bytes: usize| {
        let headers = [("content-type", "application/json"), ("transfer-encoding", "chunked")];
        let mut request = app.raw(Method::POST, REGISTER, &headers);
        let _ = body_of(bytes).chunks(100_000).all(|chunk| request.send_chunk(chunk)) && request.send_chunk(b"");
        request.answer()
    };
    chunked(MEBIBYTE).expect_field(422, "/display_name", "too_long");
    chunked(MEBIBYTE + 1).expect_problem(413, "too_large");
}

async fn a_compressed_body_is_measured_unpacked(app: App) {
    let bomb = zstd_of_spaces(64);
    assert!(bomb.len() < 4096);
    let request = app.anon().request(Method::POST, "/auth/register").header("content-encoding", "zstd");
    let answer = request.body("application/json", bomb).await;
    assert!([413, 415].contains(&answer.status), "{answer}");
}

/// A zstd frame of so many blocks of 128 KiB, all spaces: one repeated byte each.
fn zstd_of_spaces(blocks: u32) -> Vec<u8> {
    // magic number, no checksum and no size, a window of 128 KiB
    let mut frame = vec![0x28, 0xB5, 0x2F, 0xFD, 0x00, 0x38];
    for block in 1..=blocks {
        let header = (0x2_0000_u32 << 3) | (1 << 1) | u32::from(block == blocks);
        frame.extend_from_slice(&header.to_le_bytes()[..3]);
        frame.push(b' ');
    }
    frame
}

async fn a_body_that_is_not_json_is_refused(app: App) {
    let deep = "[".repeat(100_000);
    let bodies: [&[u8]; 11] = [
        b"",
        b"{",
        b"{\"email\":}",
        b"hello",
        b"{\"email\":\"a@example.org\",}",
        b"{} {}",
        b"\xff\xfe\x00",
        b"{\"email\":\"\xff\"}",
        b"{'email':'a'}",
        b"NaN",
        deep.as_bytes(),
    ];
    for body in bodies {
        let request = app.anon().request(Method::POST, "/auth/register");
        let answer = request.body("application/json", body.to_vec()).await.expect_problem(400, "bad_json");
        assert_eq!(answer["errors"], json!([]));
    }
    for body in [json!([]), json!("text"), json!(7), json!(null)] {
        app.anon().post("/auth/register", body).await.expect_field(422, "", "wrong_type");
    }
}

async fn a_body_of_another_type_is_refused(app: App) {
    let body = registration().to_string();
    for media in ["text/plain", "application/x-www-form-urlencoded", "application/xml", "application/jsonp", "json", ""]
    {
        let request = app.anon().request(Method::POST, "/auth/register").body(media, body.clone());
        request.await.expect_problem(415, "unsupported_media_type");
    }
    let length = body.len().to_string();
    let mut request = app.raw(Method::POST, REGISTER, &[("content-length", &length)]);
    request.send(body.as_bytes());
    request.answer().expect_problem(415, "unsupported_media_type");
    assert_eq!(app.admin().get("/admin/users").await.items().len(), 1, "somebody was registered");
    let patch = app.admin().request(Method::PATCH, "/me").body("application/merge-patch+json", "{}");
    patch.await.expect(200);
    let other = app.anon().request(Method::POST, "/auth/register").body("application/merge-patch+json", body.clone());
    other.await.expect_problem(415, "unsupported_media_type");
    for media in ["application/json; charset=utf-8", "Application/JSON"] {
        app.anon().request(Method::POST, "/auth/register").body(media, body.clone()).await.expect(202);
    }
}

async fn a_field_is_named_by_its_pointer(app: App) {
    let ann = app.user("Ann");
    let type_id = "019aaf5c-0000-7000-8000-000000000001";
    let good = json!({ "name": "A group", "type_ids": [type_id] });
    let cases = [
        ("name", json!(7), "/name", "wrong_type"),
        ("name", json!(null), "/name", "wrong_type"),
        ("name", json!("x"), "/name", "too_short"),
        ("name", json!("x".repeat(121)), "/name", "too_long"),
        ("name", json!("   "), "/name", "empty"),
        ("visibility", json!("secret"), "/visibility", "unknown_value"),
        ("type_ids", json!([]), "/type_ids", "empty"),
        ("type_ids", json!([type_id, "no-id"]), "/type_ids/1", "wrong_type"),
        ("type_ids", json!({ "0": type_id }), "/type_ids", "wrong_type"),
        ("tags", json!(["fine", "x".repeat(51)]), "/tags/1", "too_long"),
        ("tags", json!((0..21).map(|n| format!("tag {n}")).collect::<Vec<_>>()), "/tags", "too_many"),
        ("colour", json!("red"), "/colour", "unknown_property"),
        ("a/b~c", json!(1), "/a~1b~0c", "unknown_property"),
        ("show_member_count", json!("yes"), "/show_member_count", "wrong_type"),
    ];
    for (name, value, pointer, code) in cases {
        let mut body = good.clone();
        body[name] = value;
        ann.post("/groups", body).await.expect_field(422, pointer, code);
    }
    ann.post("/groups", json!({ "name": "A group" })).await.expect_field(422, "/type_ids", "missing");
    assert_eq!(ann.get("/groups").await.items().len(), 0, "nothing was made");
}

async fn what_a_problem_quotes_has_an_end(app: App) {
    let (ann, long) = (app.user("ann"), "x".repeat(5000));
    let length = |text: &serde_json::Value| text.as_str().unwrap().len();
    let unknown = ann.post("/groups", json!({ &long: 1 })).await.expect_problem(422, "invalid");
    assert_eq!(length(&unknown["errors"][0]["pointer"]), 1000);
    let unknown = ann.get(format!("/groups?{long}=1")).await.expect_problem(400, "bad_parameter");
    assert_eq!((length(&unknown["errors"][0]["pointer"]), length(&unknown["detail"])), (1000, 1000));
    // the longest time, and one more
    let since = praxis::types::Timestamp::now().before(Duration::from_hours(1)).to_string();
    let (second, _) = since.split_once('.').unwrap();
    let time = |digits: usize| format!("{second}.{}Z", "0".repeat(digits));
    assert_eq!(time(43).len(), 64);
    ann.get(format!("/groups?updated_since={}", time(43))).await.expect(200);
    ann.get(format!("/groups?updated_since={}", time(44))).await.expect_field(400, "updated_since", "malformed");
}

/// Two bytes each.
fn wide(count: usize) -> String {
    "é".repeat(count)
}

/// Six characters each in HTML.
fn quotes(count: usize) -> String {
    "\"".repeat(count)
}

fn longest_tags() -> Vec<String> {
    (10..30).map(|number| format!("{}{number}", wide(48))).collect()
}

/// The longest group, and the longest change of its words.
fn longest_group() -> (Value, Value) {
    let questions: Vec<String> = (0..5).map(|number| format!("{number}{}", quotes(299))).collect();
    let questions: Vec<Value> = questions.iter().map(|text| json!({ "text": text, "is_required": false })).collect();
    let group = json!({
        "name": wide(120), "summary": wide(300), "type_ids": [world::COMMUNITY], "tags": longest_tags(),
        "join_questions": questions, "purpose": quotes(2000), "description": quotes(20_000), "rules": wide(20_000),
        "learning_question": wide(500), "welcome_message": wide(5000),
    });
    let change = json!({
        "name": "ö".repeat(120), "purpose": wide(2000), "description": wide(20_000),
        "welcome_message": quotes(5000), "join_questions": [],
    });
    (group, change)
}

fn longest_article() -> Value {
    let links: Vec<Value> = (0..20).map(|_| json!({ "label": wide(100), "url": "https://example.org/" })).collect();
    json!({
        "kind": "news", "title": wide(200), "standfirst": wide(500), "body": quotes(200_000), "tags": longest_tags(),
        "links": links, "byline_name": wide(120), "byline_job_title": wide(120), "status": "published",
        "cover_url": format!("https://example.org/{}", "x".repeat(1980)), "cover_alt": wide(300),
    })
}

/// Each answer is held against the lengths that the document names.
async fn the_longest_that_is_sent_is_answered(app: App) {
    let (ann, editor) = (app.user("ann"), app.person("editor", PlatformRole::Editor));
    ann.patch("/me", json!({ "display_name": wide(100), "organisation": wide(120) })).await.expect(200);
    let (group, change) = longest_group();
    let id = ann.post("/groups", group).await.expect(201).id();
    ann.patch(format!("/groups/{id}"), change).await.expect(200);
    let accepted = ann.request(Method::PUT, format!("/groups/{id}/membership/rules-acceptance"));
    accepted.json(json!({ "version": 1 })).await.expect(200);
    let post = json!({ "kind": "question", "title": wide(200), "body": quotes(50_000), "tags": longest_tags() });
    let post = ann.post(format!("/groups/{id}/posts"), post).await.expect(201).id();
    ann.post(format!("/posts/{post}/comments"), json!({ "body": quotes(10_000) })).await.expect(201);
    let article = editor.post("/articles", longest_article()).await.expect(201).id();
    world::contribute(&editor, &ann, &article, &id).await;
    world::settle(&app);
    for path in [
        format!("/groups/{id}"),
        format!("/groups/{id}/rules"),
        format!("/groups/{id}/audit-log"),
        format!("/groups/{id}/members"),
        format!("/groups/{id}/posts"),
        format!("/groups/{id}/articles"),
        format!("/groups/{id}/activity"),
        format!("/posts/{post}/comments"),
        format!("/articles/{article}"),
        "/groups?sort=name".to_owned(),
        "/articles".to_owned(),
        "/me".to_owned(),
        "/me/feed".to_owned(),
        "/me/memberships".to_owned(),
    ] {
        let answer = ann.get(&path).await.expect(200);
        assert!(answer.text().contains(&wide(100)), "{path}");
    }
    let rules = ann.get(format!("/groups/{id}/rules")).await.expect(200);
    assert!(rules.items().iter().all(|rules| rules["text"].as_str().unwrap().chars().count() == 20_000));
    let feed = ann.get("/me/feed").await.expect(200);
    assert!(feed.each("author_name").contains(&wide(120).as_str()));
}

async fn control_characters_are_refused(app: App) {
    let ann = app.user("Ann");
    let type_id = "019aaf5c-0000-7000-8000-000000000001";
    for forbidden in ['\0', '\u{7}', '\u{8}', '\u{1b}', '\u{7f}', '\u{85}', '\n', '\r', '\t'] {
        let name = json!({ "name": format!("A{forbidden}group"), "type_ids": [type_id] });
        ann.post("/groups", name).await.expect_field(422, "/name", "control_character");
        let is_line_break = ['\n', '\r', '\t'].contains(&forbidden);
        let text = json!({ "name": "A group", "type_ids": [type_id], "description": format!("a{forbidden}b") });
        let answer = ann.post("/groups", text).await;
        if is_line_break {
            assert_eq!(answer.expect(201)["description"], format!("a{forbidden}b"));
        } else {
            answer.expect_field(422, "/description", "control_character");
        }
    }
    ann.get("/groups?q=a%00b").await.expect_field(400, "q", "malformed");
    ann.get("/groups?q=a%0ab").await.expect_field(400, "q", "malformed");
}

/// An id without its hyphens.
const BARE: &str = "0198c1f26b1a7c3e9f002b7de2a0c11e";

async fn a_malformed_id_is_named(app: App) {
    let admin = app.admin();
    let good = "0198c1f2-6b1a-7c3e-9f00-2b7de2a0c111";
    let mut seen = 0;
    for operation in document::operations() {
        let names: Vec<&str> =
            operation.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
        for wrong in names.iter().filter(|name| name.ends_with("_id")) {
            for malformed in ["7", "not-an-id", "0198c1f26b1a7c3e9f002b7de2a0c11g", BARE, "%00", "'%20or%201=1"] {
                let fill = |path: String, name: &&str| {
                    path.replace(&format!("{{{name}}}"), if name == wrong { malformed } else { good })
                };
                let path = names.iter().fold(operation.path.clone(), fill);
                let method = Method::from_bytes(operation.method.as_bytes()).unwrap();
                let request = admin.request_at(method, &path);
                let request = if operation.takes_body() { request.json(json!({})) } else { request };
                request.await.expect_field(400, wrong, "malformed");
                seen += 1;
            }
        }
    }
    assert!(seen >= 100, "{seen}");
    for malformed in ["UPPER", "two--hyphens", "%00", "a%2Fb", &"x".repeat(101)] {
        let answer = admin.get(format!("/groups/by-slug/{malformed}")).await;
        match answer.status {
            404 => drop(answer.expect_problem(404, "not_found")),
            _ => drop(answer.expect_field(400, "slug", "malformed")),
        }
    }
}

async fn a_query_parameter_is_named(app: App) {
    let admin = app.admin();
    for (path, name, code) in [
        ("/groups?colour=red", "colour", "unknown"),
        ("/groups?limit=5&Limit=5", "Limit", "unknown"),
        ("/groups?limit=5&limit=6", "limit", "duplicate"),
        ("/groups?sort=size", "sort", "malformed"),
        ("/groups?status=lost", "status", "malformed"),
        ("/groups?mine=perhaps", "mine", "malformed"),
        ("/groups?ids=1,2", "ids", "malformed"),
        ("/groups?q=", "q", "malformed"),
        ("/groups?type=No%20Slug", "type", "malformed"),
        ("/admin/users?status=lost", "status", "malformed"),
        ("/admin/users?q=", "q", "malformed"),
        ("/auth/sessions?page=2", "page", "unknown"),
        ("/articles?kind=poem", "kind", "malformed"),
    ] {
        admin.get(path).await.expect_field(400, name, code);
    }
    // every operation refuses what it does not know, by name
    for operation in document::operations().iter().filter(|operation| operation.path.starts_with("/api/")) {
        let path = operation.path.replace("{group_id}", "0198c1f2-6b1a-7c3e-9f00-2b7de2a0c111");
        let path = path.replace("{post_id}", "0198c1f2-6b1a-7c3e-9f00-2b7de2a0c111");
        let method = Method::from_bytes(operation.method.as_bytes()).unwrap();
        let asked = admin.request(method, format!("{path}?nonsense=1"));
        let asked = if operation.takes_body() { asked.body("text/csv", "user_id\n") } else { asked };
        asked.await.expect_field(400, "nonsense", "unknown");
    }
}

async fn limits_are_from_1_to_100(app: App) {
    let admin = app.admin();
    for list in ["/groups", "/admin/users", "/auth/sessions", "/articles", "/me/memberships"] {
        for limit in ["0", "101", "-1", "1.5", "", "many", "99999999999999999999", "%ff", "1e1", "+5 "] {
            admin.get(format!("{list}?limit={limit}")).await.expect_field(400, "limit", "malformed");
        }
        for limit in ["1", "100"] {
            admin.get(format!("{list}?limit={limit}")).await.expect(200);
        }
    }
}

async fn cursors_belong_to_their_list_and_filters(app: App) {
    let admin = app.admin();
    for name in ["Ann", "Bob", "Cleo"] {
        app.user(name);
    }
    let page = admin.get("/admin/users?limit=1").await.expect(200);
    let cursor = page["next_cursor"].as_str().unwrap().to_owned();
    // another limit is the same list
    let rest = admin.get(format!("/admin/users?limit=3&cursor={cursor}")).await.expect(200);
    assert_eq!(rest.items().len(), 3);
    let first = admin.get("/admin/users?limit=1&cursor=").await.expect(200);
    assert_eq!(first.items(), page.items(), "an empty cursor is the first page's");
    let turned: String = cursor.chars().rev().collect();
    let longer = format!("{cursor}AAAA");
    let cut = &cursor[..cursor.len() - 3];
    for foreign in [
        format!("/admin/users?status=active&cursor={cursor}"),
        format!("/admin/users?q=a&cursor={cursor}"),
        format!("/auth/sessions?cursor={cursor}"),
        format!("/groups?cursor={cursor}"),
        format!("/groups?sort=newest&cursor={cursor}"),
        format!("/articles?cursor={cursor}"),
        format!("/me/memberships?cursor={cursor}"),
        format!("/admin/users?cursor={turned}"),
        format!("/admin/users?cursor={longer}"),
        format!("/admin/users?cursor={cut}"),
        "/admin/users?cursor=%25%25%25".to_owned(),
        "/admin/users?cursor=bm90IGpzb24".to_owned(),
        format!("/admin/users?cursor={}", "A".repeat(4000)),
    ] {
        let answer = admin.get(&foreign).await.expect_problem(400, "bad_cursor");
        assert_eq!(answer["errors"][0]["pointer"], "cursor", "{answer}");
    }
}

async fn an_unknown_path_is_not_found(app: App) {
    let (anon, ann) = (app.anon(), app.user("Ann"));
    for path in [
        "/",
        "/nowhere",
        "/api",
        "/api/v1",
        "/api/v1/",
        "/api/v1/nowhere",
        "/api/v2/groups",
        "/api/v1/groups/",
        "/health",
        "/health/dead",
        "/.well-known/other",
        "/.env",
        "/docs/../Cargo.toml",
        "/api/v1/groups/%ff",
        "/api/v1//groups",
        "/API/V1/groups",
    ] {
        for caller in [&anon, &ann] {
            for method in [Method::GET, Method::POST, Method::DELETE] {
                let answer = caller.request_at(method.clone(), path).await;
                let is_fine = answer.status == 404 || (path == "/api/v1/groups/%ff" && answer.status < 500);
                assert!(is_fine, "{answer}");
            }
        }
    }
    for path in ["/nowhere", "/docs/nowhere.js"] {
        anon.request_at(Method::GET, path).await.expect_problem(404, "not_found");
    }
}

async fn a_wrong_verb_is_told_the_right_ones(app: App) {
    let (anon, ann) = (app.anon(), app.user("Ann"));
    let all = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"];
    let operations = document::operations();
    for operation in operations {
        let mut path = operation.path.clone();
        while let (Some(start), Some(end)) = (path.find('{'), path.find('}')) {
            let fill = if &path[start..=end] == "{slug}" { "slug" } else { "0198c1f2-6b1a-7c3e-9f00-2b7de2a0c111" };
            path.replace_range(start..=end, fill);
        }
        let allowed: Vec<&str> =
            operations.iter().filter(|other| other.path == operation.path).map(|other| other.method.as_str()).collect();
        for method in all.iter().filter(|method| !allowed.contains(method)) {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            for caller in [&anon, &ann] {
                let answer = caller.request_at(method.clone(), &path).await.expect_problem(405, "method_not_allowed");
                let mut told: Vec<&str> = answer.header("allow").split(", ").collect();
                told.sort_unstable();
                let head = allowed.contains(&"GET").then_some("HEAD");
                let mut wanted: Vec<&str> = allowed.iter().copied().chain(head).collect();
                wanted.sort_unstable();
                assert_eq!(told, wanted, "{method} {path}");
            }
        }
    }
    let spelt = |method: &str, path: &str| Raw::open(&app.address(), method.parse().unwrap(), path, &[]).answer();
    assert_eq!(spelt("DELETE", "/api/v1/group%73").status, 405);
    assert_eq!(spelt("GET", "/openapi%2Ejson").status, 200);
    for path in ["/openapi.json", "/docs", "/docs/"] {
        let answer = anon.request_at(Method::POST, path).await.expect_problem(405, "method_not_allowed");
        assert_eq!(answer.header("allow"), "GET, HEAD", "{path}");
    }
}

async fn head_is_answered_like_get(app: App) {
    for path in ["/health/live", "/health/ready", "/openapi.json", "/api/v1/groups", "/.well-known/jwks.json"] {
        let get = app.anon().request_at(Method::GET, path).await.expect(200);
        let headers = [("accept-encoding", "identity")];
        let head = Raw::open(&app.address(), Method::HEAD, path, &headers).answer();
        assert_eq!(head.status, 200, "{path}: {head}");
        assert!(head.bytes.is_empty(), "{path}: {head}");
        assert_eq!(head.header("content-type"), get.header("content-type"), "{path}");
    }
}

async fn answers_are_compressed_when_asked(app: App) {
    let anon = app.anon();
    let plain = anon.get("/group-types").await.expect(200);
    assert_eq!(plain.header("content-encoding"), "");
    let start = |encoding: &str| match encoding {
        "gzip" => vec![0x1f, 0x8b],
        _ => vec![0x28, 0xb5, 0x2f, 0xfd],
    };
    for encoding in ["gzip", "zstd"] {
        let packed = anon.get("/group-types").header("accept-encoding", encoding).await.expect(200);
        assert_eq!(packed.header("content-encoding"), encoding);
        assert!(packed.header("vary").to_lowercase().contains("accept-encoding"), "{:?}", packed.headers);
        assert!(packed.bytes.starts_with(&start(encoding)));
        assert!(packed.bytes.len() < plain.bytes.len());
    }
    let unknown = anon.get("/group-types").header("accept-encoding", "sdch").await.expect(200);
    assert_eq!((unknown.header("content-encoding"), &unknown.json), ("", &plain.json));
}

async fn the_documents_and_the_probes_are_at_the_root(app: App) {
    let anon = app.anon();
    for (path, media_type, dialect, notation) in [
        ("/openapi.json", "application/json", Dialect::V3_1, Notation::Json),
        ("/openapi.yaml", "application/yaml", Dialect::V3_1, Notation::Yaml),
        ("/openapi-3.0.json", "application/json", Dialect::V3_0, Notation::Json),
        ("/openapi-3.0.yaml", "application/yaml", Dialect::V3_0, Notation::Yaml),
    ] {
        let document = anon.get(path).await.expect(200);
        assert_eq!(document.header("content-type"), media_type);
        assert_eq!(document.text(), praxis::openapi::text(dialect, notation).unwrap());
        let etag = document.header("etag").to_owned();
        for known in [etag.clone(), format!("W/{etag}"), format!("\"other\", {etag}"), "*".to_owned()] {
            let same = anon.get(path).header("if-none-match", &known).await.expect(304);
            assert_eq!((same.header("etag"), same.bytes.len()), (&*etag, 0));
        }
        anon.get(path).header("if-none-match", "\"other\"").await.expect(200);
    }

    let guide = anon.get("/docs/api").await.expect(200);
    assert!(guide.header("content-type").starts_with("text/html"));
    let described = praxis::openapi::document()["info"]["description"].as_str().unwrap().to_owned();
    let places: Vec<&str> =
        described.split("](/docs/api#").skip(1).map(|rest| rest.split(')').next().unwrap()).collect();
    assert!(places.len() >= 6, "{places:?}");
    for place in places {
        assert!(guide.text().contains(&format!("id=\"{place}\"")), "the guide has no place {place}");
    }

    assert_eq!(anon.get("/docs").await.header("location"), "/docs/");
    let page = anon.get("/docs/").await.expect(200);
    assert!(page.header("content-type").starts_with("text/html"));
    // everything that the page needs comes from here
    let text = page.text().into_owned();
    let attributes = text.split("src=\"").skip(1).chain(text.split("href=\"").skip(1));
    let links: Vec<&str> = attributes.map(|rest| rest.split('"').next().unwrap()).collect();
    assert!(links.len() >= 3, "{links:?}");
    for link in links {
        assert!(!link.contains("//"), "{link} is elsewhere");
        anon.get(format!("/docs/{}", link.trim_start_matches("./"))).await.expect(200);
    }
    let start = anon.get("/docs/swagger-initializer.js").await.expect(200);
    assert!(start.text().contains("/openapi.json"));

    assert_eq!(anon.get("/health/live").await.expect(200)["status"], "ok");
    assert_eq!(anon.get("/health/ready").await.expect(200)["status"], "ok");
}

async fn too_many_requests_are_told_when_to_come_back(app: App) {
    let anon = app.anon();
    let mut refused = None;
    for tries in 0..40 {
        let answer = anon.post("/auth/login", json!({})).await;
        if answer.status == 429 {
            refused = Some((tries, answer));
            break;
        }
        answer.expect_problem(422, "invalid");
    }
    let (tries, answer) = refused.expect("no limit was reached");
    assert!((10..=25).contains(&tries), "{tries} tries");
    let seconds: u32 = answer.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&seconds), "{seconds}");
    answer.expect_problem(429, "rate_limited");
    // the same path by another spelling
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let path = format!("http://{}/api/v1/%61uth/login", app.address());
    let spelt = client.post(path).json(&json!({})).send().await.unwrap();
    assert_eq!(spelt.status().as_u16(), 429);
    // people come and go within reason
    let membership = "/groups/019aaf5c-0000-7000-8000-00000000ffff/membership";
    let mut statuses = Vec::new();
    for _ in 0..70 {
        statuses.push(anon.delete(membership).await.status);
    }
    let let_through = statuses.iter().take_while(|status| **status == 401).count();
    assert!((55..=65).contains(&let_through), "{let_through}");
    assert_eq!(statuses.last(), Some(&429));
    anon.get(membership).await.expect(401);
    // probes and the rest of the API go on
    for _ in 0..50 {
        anon.get("/health/live").await.expect(200);
    }
    anon.get("/groups").await.expect(200);
}

/// How many of so many tries from ever other addresses are answered.
async fn tries_from_elsewhere(app: &App, tries: usize) -> usize {
    let mut answered = 0;
    for number in 0..tries {
        let request = app.anon().post("/auth/login", json!({}));
        let answer = request.header("x-forwarded-for", &format!("203.0.113.{number}")).await;
        answered += usize::from(answer.status == 422);
    }
    answered
}

async fn only_a_trusted_proxy_speaks_for_others(app: App) {
    assert_eq!(tries_from_elsewhere(&app, 60).await, 60, "each address has its own limit");
    let mut answered = 0;
    for number in 0..60 {
        // what the caller claims stands before what the proxy saw
        let request = app.anon().post("/auth/login", json!({}));
        let chain = format!("198.51.100.{number}, 203.0.113.200");
        answered += usize::from(request.header("x-forwarded-for", &chain).await.status == 422);
    }
    assert!(answered <= 25, "{answered} tries from one address");
}

async fn a_network_of_proxies_speaks_for_networks(app: App) {
    let tries = async |forwarded: fn(usize) -> String| {
        let mut answered = 0;
        for number in 0..30 {
            let request = app.anon().post("/auth/login", json!({}));
            answered += usize::from(request.header("x-forwarded-for", &forwarded(number)).await.status == 422);
        }
        answered
    };
    assert_eq!(tries(|number| format!("2001:db8:0:{number:x}::1, 10.1.2.3")).await, 30, "networks of their own");
    let one = tries(|number| format!("[2001:db8:1:1::{number:x}]:4711")).await;
    assert!((20..=22).contains(&one), "{one} tries from one network");
    // what cannot be read is nobody's: the proxy's own address is counted
    let unread = tries(|number| format!("203.0.113.{number}, unknown")).await;
    assert!((20..=22).contains(&unread), "{unread} tries");
    // nor is a line before one that cannot be read whole: what the proxy added to that is true
    let mut answered = 0;
    for number in 0..30 {
        let request = app.anon().post("/auth/login", json!({}));
        let request = request.header("x-forwarded-for", &format!("203.0.113.{number}"));
        answered += usize::from(request.header("x-forwarded-for", "\u{e9}, 198.51.100.77").await.status == 422);
    }
    assert!((20..=22).contains(&answered), "{answered} tries from one address");
}

async fn who_is_logged_in_goes_on_while_others_try_passwords(app: App) {
    let (ann, anon) = (app.user("ann"), app.anon());
    for _ in 0..3 {
        anon.post("/auth/login", json!({})).await;
    }
    anon.post("/auth/login", json!({})).await.expect_problem(429, "rate_limited");
    let sessions = ann.get("/auth/sessions").await.expect(200);
    assert!(sessions.header("ratelimit").starts_with("\"requests\";"), "{:?}", sessions.headers);
    anon.post("/auth/refresh", json!({ "refresh_token": "guess" })).await.expect_problem(401, "invalid_refresh_token");
    ann.delete("/auth/sessions/current").await.expect(204);
}

async fn each_person_has_a_limit_of_their_own(app: App) {
    let (ann, bob) = (app.user("ann"), app.user("bob"));
    for left in (0..5).rev() {
        let answer = ann.get(if left % 2 == 0 { "/me" } else { "/groups/nothing" }).await;
        assert!(answer.header("ratelimit").starts_with(&format!("\"requests\";r={left};t=")), "{:?}", answer.headers);
        assert_eq!(answer.header("ratelimit-policy"), "\"requests\";q=5;w=60");
    }
    let over = ann.get("/me").await;
    let over = over.expect_problem(429, "rate_limited");
    assert!((1..=12).contains(&over.header("retry-after").parse::<u32>().unwrap()));
    assert!(over.header("ratelimit").starts_with("\"requests\";r=0;t="));
    // a token that is none does not make somebody else of a caller
    for number in 0..6 {
        let answer = ann.with_token(format!("forged {number}")).get("/me").await;
        assert_eq!(answer.status, if number < 5 { 401 } else { 429 });
    }
    // whoever is somebody else, at the same address, goes on
    bob.get("/me").await.expect(200);
    for (path, status) in [("/search?q=words", 200), ("/groups?q=words", 200), ("/search?q=words", 429)] {
        assert_eq!(ann.get(path).await.status, status, "searches have a limit of their own");
    }
    assert!(bob.get("/groups?q=words").await.expect(200).header("ratelimit").starts_with("\"search\";r=1;"));
    let probe = ann.get("/health/live").await.expect(200);
    assert!(!probe.headers.contains_key("ratelimit"));
}

async fn a_session_that_ended_uses_up_nobodys_limit(app: App) {
    let ann = app.user("ann");
    let again = app.anon().post("/auth/login", json!({ "email": ann.email(), "password": PASSWORD })).await.expect(200);
    let again = ann.with_token(again["access_token"].as_str().unwrap());
    ann.delete("/auth/sessions/current").await.expect(204);
    for _ in 0..8 {
        // whoever has the token now is counted by their address
        assert!(matches!(ann.get("/me").await.status, 401 | 429));
    }
    let answer = again.get("/me").await.expect(200);
    let left = answer.header("ratelimit").strip_prefix("\"requests\";r=").and_then(|rest| rest.split(';').next());
    // the first of the tries may have been the one by which the server has seen it
    assert!(left.is_some_and(|left| ["3", "4"].contains(&left)), "{:?}", answer.headers);
}

async fn nobody_else_speaks_for_others(app: App) {
    assert!(tries_from_elsewhere(&app, 60).await <= 25);
}

async fn a_fault_tells_nothing_of_its_cause(app: App) {
    let ann = app.user("Ann");
    // a broken database is a fault of ours
    app.in_database(|conn| Ok(conn.execute("ALTER TABLE group_types RENAME TO gone")?));
    let answer = ann.get("/group-types").await.expect_problem(500, "internal");
    let text = answer.text().to_lowercase();
    for word in ["group_types", "gone", "select", "sql", "diesel", "table", "relation", "src/", ".rs"] {
        assert!(!text.contains(word), "«{word}» leaks: {answer}");
    }
    ann.get("/me").await.expect(200);
}
