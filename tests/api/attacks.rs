//! What attackers try that no one feature answers for. Their other tries stand where they belong: forged forwarding headers in
//! `ground_floor`, tokens with other algorithms in `sessions`, scopes in `api_keys`, addresses of inner networks in `webhooks`,
//! scripts in `sanitising`, and what may not be known in `leaks`.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::world::{comment, group, post};
use crate::support::{App, Case, served};

pub fn cases() -> Vec<Case> {
    served![a_forged_place_in_a_list_opens_nothing, nothing_of_a_request_becomes_a_header]
}

fn forged(cursor: &str, change: impl FnOnce(&mut Value)) -> String {
    let mut place: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(cursor).unwrap()).unwrap();
    change(&mut place);
    URL_SAFE_NO_PAD.encode(place.to_string())
}

async fn a_forged_place_in_a_list_opens_nothing(app: App) {
    let (ann, bob) = (app.user("Ann"), app.user("Bob"));
    let hidden = group(&ann, "Hidden", json!({ "visibility": "hidden" })).await;
    let open = group(&ann, "Open", json!({ "visibility": "public" })).await;
    group(&ann, "Other", json!({ "visibility": "public" })).await;
    let words = post(&ann, &open, "One").await;
    post(&ann, &open, "Two").await;
    for _ in 0..2 {
        comment(&ann, &words, None).await;
    }
    let places = [
        json!(0),
        json!(-1),
        json!(i64::MAX),
        json!(i64::MIN),
        json!(u64::MAX),
        json!(1e308),
        json!("x"),
        json!("\u{0}' OR 1=1 --"),
        json!("\u{10ffff}".repeat(2000)),
        json!(null),
        json!([]),
        json!({}),
    ];
    for list in [
        "/groups?sort=active&limit=1".to_owned(),
        "/groups?sort=newest&limit=1".to_owned(),
        "/groups?sort=name&limit=1".to_owned(),
        "/groups?sort=members&limit=1".to_owned(),
        format!("/groups/{open}/posts?limit=1"),
        format!("/posts/{words}/comments?limit=1"),
    ] {
        let page = bob.get(&list).await.expect(200);
        let cursor = page["next_cursor"].as_str().unwrap_or_else(|| panic!("{list}: {page}"));
        for place in &places {
            for id in [json!(Uuid::nil()), json!(Uuid::max()), json!(hidden), json!("none"), json!(7)] {
                let cursor = forged(cursor, |parts| (parts[1], parts[2]) = (place.clone(), id.clone()));
                let answer = bob.get(format!("{list}&cursor={cursor}")).await;
                match answer.status {
                    200 => assert!(!answer.text().contains(&hidden), "{list} {place} {id}: {answer}"),
                    _ => drop(answer.expect_problem(400, "bad_cursor")),
                }
            }
        }
        for binding in [json!(""), json!("x"), json!(null)] {
            let cursor = forged(cursor, |parts| parts[0] = binding);
            bob.get(format!("{list}&cursor={cursor}")).await.expect_problem(400, "bad_cursor");
        }
    }
}

async fn nothing_of_a_request_becomes_a_header(app: App) {
    let (ann, anon) = (app.user("Ann"), app.anon());
    for name in ["One", "Two"] {
        group(&ann, name, json!({ "visibility": "public" })).await;
    }
    let breaks = [
        "%0d%0ax-injected:%20yes",
        "%0ax-injected:%20yes",
        "%0dx-injected:%20yes",
        "%e5%98%8a%e5%98%8dx-injected:%20yes",
    ];
    for line in breaks {
        for path in [
            format!("/api/v1/groups?limit=1&q={line}"),
            format!("/api/v1/groups?limit=1&sort=newest&{line}"),
            format!("/api/v1/groups?limit=1&cursor={line}"),
            format!("/api/v1/groups/by-slug/{line}"),
            format!("/api/v1/articles/by-slug/{line}"),
            format!("/api/v1/groups/{line}"),
            format!("/api/v1/{line}"),
            format!("/docs{line}"),
            format!("/{line}"),
        ] {
            let answer = anon.request_at(Method::GET, &path).await;
            assert!(!answer.headers.contains_key("x-injected"), "{path}: {:?}", answer.headers);
            assert!((200..500).contains(&answer.status), "{path}: {answer}");
        }
        for name in ["x-request-id", "idempotency-key", "if-none-match", "last-event-id", "origin", "accept-encoding"] {
            let answer = anon.get("/groups?limit=1").header(name, line).await;
            assert!(!answer.headers.contains_key("x-injected") && answer.status < 500, "{name}: {:?}", answer.headers);
            let came_back =
                answer.headers.values().any(|value| value.as_bytes().windows(8).any(|text| text == b"injected"));
            assert!(!came_back, "{name}: {:?}", answer.headers);
        }
    }
    // what becomes part of a `Location` is checked before
    let new =
        |name: &str, slug: &str| json!({ "name": name, "slug": slug, "type_ids": [crate::support::world::COMMUNITY] });
    let broken = ann.post("/groups", new("A\r\nx-injected: yes", "fine")).await;
    assert_eq!((broken.status, &broken["errors"][0]["pointer"]), (422, &json!("/name")), "{broken}");
    let broken = ann.post("/groups", new("Fine", "a\r\nx-injected: yes")).await;
    assert_eq!((broken.status, &broken["errors"][0]["pointer"]), (422, &json!("/slug")), "{broken}");
}
