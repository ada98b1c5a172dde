//! What creates something may be sent again: one effect, one answer.

use std::time::Duration;

use futures_util::future::join_all;
use praxis::api::idempotency;
use praxis::types::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::document::document;
use crate::support::world::{COMMUNITY, article, comment, group, join, member, post};
use crate::support::{Answer, App, Caller, Case, on_each, served};

pub fn cases() -> Vec<Case> {
    served![
        whatever_is_created_is_created_once,
        a_hundred_at_once_have_one_effect_and_one_answer,
        another_request_with_the_key_is_refused,
        the_key_of_one_is_not_that_of_another,
        a_try_that_failed_is_made_again,
        what_was_only_looked_at_is_looked_at_again,
        a_key_is_up_to_255_characters,
        an_answer_is_kept_for_a_day,
        what_is_kept_tells_nothing,
        who_comes_while_the_first_is_worked_on_waits_and_then_is_told,
    ]
}

/// Who may create everything, and where.
struct Place {
    owner: Caller,
    editor: Caller,
    admin: Caller,
    member: Caller,
    group: String,
    read_first: String,
    post: String,
    comment: String,
    article: String,
    program: String,
    own_key: String,
    program_key: String,
    webhook: String,
    delivery: String,
    asking: Caller,
    closed: String,
    invitation: String,
}

/// An API key, by its id.
async fn key(who: &Caller, path: &str) -> String {
    let made = who.post(path, json!({ "name": "N", "scopes": ["groups:read"] })).await.expect(201);
    made["key"]["id"].as_str().unwrap().to_owned()
}

impl Place {
    async fn new(app: &App) -> Self {
        let (owner, who, admin) = (app.user("owner"), app.user("member"), app.admin());
        let editor = app.person("editor", praxis::auth::actor::PlatformRole::Editor);
        let group = group(&owner, "Circle", json!({})).await;
        member(&who, &owner, &group).await;
        let read_first = crate::support::world::group(&owner, "Quiet", json!({ "review_policy": "everyone" })).await;
        join(&who, &read_first).await;
        let closed = crate::support::world::group(&owner, "Closed", json!({ "join_policy": "request" })).await;
        let post = post(&who, &group, "Words").await;
        let comment = comment(&who, &post, None).await;
        let article = article(&editor, "Piece", "published", &[]).await;
        admin.patch("/admin/settings", json!({ "group_creation": "approval" })).await.expect(200);
        let program = admin.post("/admin/service-accounts", json!({ "display_name": "P" })).await.expect(201).id();
        let program_key = key(&admin, &format!("/admin/users/{program}/api-keys")).await;
        let own_key = key(&who, "/me/api-keys").await;
        let made = who.post("/me/webhooks", json!({ "url": "https://example.org/" })).await.expect(201);
        let webhook = format!("/me/webhooks/{}", made["webhook"]["id"].as_str().unwrap());
        // another one: to the first a ping is made below, one at a time
        let pinged = who.post("/me/webhooks", json!({ "url": "https://example.org/" })).await.expect(201);
        let pinged = format!("/me/webhooks/{}", pinged["webhook"]["id"].as_str().unwrap());
        let delivery = who.request(Method::POST, format!("{pinged}/pings")).await.expect(201).id();
        who.patch(&pinged, json!({ "status": "paused" })).await.expect(200);
        let delivery = format!("{pinged}/deliveries/{delivery}/redelivery");
        let asking = app.user("asking");
        join(&asking, &closed).await;
        let link = owner.post(format!("/groups/{group}/invitation-links"), json!({})).await.expect(201);
        let invitation = link["invitation"]["id"].as_str().unwrap();
        let invitation = format!("/groups/{group}/invitations/{invitation}/resend");
        let member = who;
        Self {
            owner,
            editor,
            admin,
            member,
            group,
            read_first,
            post,
            comment,
            article,
            program,
            own_key,
            program_key,
            webhook,
            delivery,
            asking,
            closed,
            invitation,
        }
    }

    /// Who sends what where.
    fn request(&self, operation: &str) -> (&Caller, String, Value) {
        let words = json!({ "kind": "discussion", "title": "T", "body": "B" });
        let (group, post) = (&self.group, &self.post);
        let kind = json!({
            "name": "Ward", "plural": "Wards", "default_visibility": "listed", "default_join_policy": "open"
        });
        let new = json!({ "name": "Another", "type_ids": [COMMUNITY] });
        let invited = json!({ "recipients": [{ "email": "new@example.org" }] });
        let reason = json!({ "reason": "R" });
        let key = json!({ "name": "N", "scopes": ["groups:read"] });
        match operation {
            "create_article" => (&self.editor, "/articles".to_owned(), json!({ "kind": "news", "title": "T" })),
            "create_contribution" => {
                let body = json!({ "group_id": group, "role": "wrote" });
                (&self.editor, format!("/articles/{}/contributions", self.article), body)
            }
            "create_comment" => (&self.member, format!("/posts/{post}/comments"), json!({ "body": "B" })),
            "create_comment_warning" => (&self.owner, format!("/comments/{}/warnings", self.comment), reason),
            "create_post_warning" => (&self.owner, format!("/posts/{post}/warnings"), reason),
            "create_group" => (&self.admin, "/groups".to_owned(), new),
            "create_group_proposal" => (&self.member, "/group-proposals".to_owned(), json!({ "group": new })),
            "create_group_type" => (&self.admin, "/group-types".to_owned(), kind),
            "create_invitations" => (&self.owner, format!("/groups/{group}/invitations"), invited),
            "create_invitation_link" => (&self.owner, format!("/groups/{group}/invitation-links"), json!({})),
            "create_post" => (&self.member, format!("/groups/{group}/posts"), words),
            "create_post_submission" => (&self.member, format!("/groups/{}/submissions", self.read_first), words),
            "create_comment_submission" => (&self.member, format!("/posts/{post}/submissions"), json!({ "body": "B" })),
            "create_feed_key" => (&self.member, "/me/feed-keys".to_owned(), json!({ "name": "N" })),
            "create_api_key" => (&self.member, "/me/api-keys".to_owned(), key),
            "create_api_key_secret" => {
                (&self.member, format!("/me/api-keys/{}/secrets", self.own_key), json!({ "overlap_minutes": 5 }))
            }
            "create_service_account" => {
                (&self.admin, "/admin/service-accounts".to_owned(), json!({ "display_name": "Q" }))
            }
            "create_webhook" => (&self.member, "/me/webhooks".to_owned(), json!({ "url": "https://example.org/" })),
            "create_webhook_secret" => (&self.member, format!("{}/secrets", self.webhook), json!({})),
            "create_webhook_ping" => (&self.member, format!("{}/pings", self.webhook), Value::Null),
            "create_webhook_redelivery" => (&self.member, self.delivery.clone(), Value::Null),
            "create_user_api_key" => (&self.admin, format!("/admin/users/{}/api-keys", self.program), key),
            "create_user_api_key_secret" => {
                let path = format!("/admin/users/{}/api-keys/{}/secrets", self.program, self.program_key);
                (&self.admin, path, json!({}))
            }
            "decide_membership_requests" => {
                let decisions = json!({ "decisions": [{ "user_id": self.asking.id(), "outcome": "approve" }] });
                (&self.owner, format!("/groups/{}/membership-requests:batch", self.closed), decisions)
            }
            "resend_invitation" => (&self.owner, self.invitation.clone(), Value::Null),
            "batch_members" => {
                let rows = json!({ "rows": [{ "user_id": self.member.id(), "action": "change_role", "role": "facilitator" }] });
                (&self.owner, format!("/groups/{group}/members:batch"), rows)
            }
            "import_members" => {
                let table = format!("user_id\n{}\n", self.editor.id());
                (&self.admin, format!("/groups/{group}/members:import"), json!(table))
            }
            other => panic!("{other} takes Idempotency-Key and is not tried"),
        }
    }

    async fn send(&self, operation: &str, key: &str) -> Answer {
        let (who, path, body) = self.request(operation);
        let call = match body {
            Value::Null => who.request(Method::POST, path),
            Value::String(table) => who.request(Method::POST, path).body("text/csv", table),
            body => who.post(path, body),
        };
        call.header("idempotency-key", key).await
    }
}

fn operations() -> Vec<String> {
    let document = document();
    let items = document["paths"].as_object().unwrap().values();
    let operations = items.flat_map(|item| item.as_object().unwrap().values());
    let takes = |operation: &&Value| {
        let mut parameters = operation["parameters"].as_array().into_iter().flatten();
        parameters.any(|parameter| parameter["name"] == "Idempotency-Key")
    };
    operations.filter(takes).map(|operation| operation["operationId"].as_str().unwrap().to_owned()).collect()
}

async fn posts_of(who: &Caller, group: &str) -> usize {
    who.get(format!("/groups/{group}/posts?limit=100")).await.expect(200).items().len()
}

async fn whatever_is_created_is_created_once(app: App) {
    let place = Place::new(&app).await;
    // what is being sent is not sent again meanwhile
    let (deliveries, _) = place.delivery.rsplit_once('/').unwrap().0.rsplit_once('/').unwrap();
    while !place.member.get(deliveries).await.expect(200).items()[0]["next_attempt_at"].is_null() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let operations = operations();
    assert_eq!(operations.len(), 27, "{operations:?}");
    for operation in operations {
        let first = place.send(&operation, "one").await;
        assert!(matches!(first.status, 200 | 201 | 204), "{operation}: {first}");
        assert!(!first.headers.contains_key("idempotency-replayed"));
        let again = place.send(&operation, "one").await;
        assert_eq!((again.status, &again.bytes), (first.status, &first.bytes), "{operation}");
        assert_eq!(again.header("idempotency-replayed"), "true", "{operation}");
        for header in ["location", "etag", "content-type"] {
            assert_eq!(again.header(header), first.header(header), "{operation}: {header}");
        }
    }
    // the same thing with another key is made again, where that is possible
    let (first, other) = (place.send("create_post", "one").await, place.send("create_post", "two").await);
    assert_ne!(first.id(), other.expect(201).id());
    // and without a key each time
    let (who, path, body) = place.request("create_comment");
    let (one, two) = (who.post(&path, body.clone()).await, who.post(&path, body).await);
    assert_ne!(one.id(), two.id());
}

async fn a_hundred_at_once_have_one_effect_and_one_answer(app: App) {
    let place = Place::new(&app).await;
    let before = posts_of(&place.member, &place.group).await;
    let answers = join_all((0..100).map(|_| place.send("create_post", "storm"))).await;
    let first = answers[0].id();
    for answer in &answers {
        assert_eq!((answer.status, answer.id()), (201, first.clone()), "{answer}");
    }
    let made = answers.iter().filter(|answer| !answer.headers.contains_key("idempotency-replayed")).count();
    assert_eq!((made, posts_of(&place.member, &place.group).await), (1, before + 1));
}

async fn another_request_with_the_key_is_refused(app: App) {
    let place = Place::new(&app).await;
    place.send("create_post", "one").await.expect(201);
    let (who, path, mut body) = place.request("create_post");
    body["title"] = json!("Other");
    let other = who.post(&path, body.clone()).header("idempotency-key", "one").await;
    other.expect_field(422, "Idempotency-Key", "reused");
    // in another group it is another request, too
    body["title"] = json!("T");
    let path = format!("/groups/{}/posts", place.read_first);
    who.post(path, body).header("idempotency-key", "one").await.expect_field(422, "Idempotency-Key", "reused");
    // another operation has keys of its own
    place.send("create_comment", "one").await.expect(201);
}

async fn the_key_of_one_is_not_that_of_another(app: App) {
    let place = Place::new(&app).await;
    let (_, path, body) = place.request("create_post");
    let one = place.member.post(&path, body.clone()).header("idempotency-key", "one").await.expect(201);
    let other = place.owner.post(&path, body).header("idempotency-key", "one").await.expect(201);
    assert_ne!(one.id(), other.id());
    assert!(!other.headers.contains_key("idempotency-replayed"));
    // who may not is told so, whatever the key
    let (_, path, body) = place.request("create_group_type");
    place.send("create_group_type", "one").await.expect(201);
    place.member.post(path, body).header("idempotency-key", "one").await.expect_problem(403, "forbidden");
}

async fn a_try_that_failed_is_made_again(app: App) {
    let place = Place::new(&app).await;
    let archive = async |status: &str| {
        place.owner.patch(format!("/groups/{}", place.group), json!({ "status": status })).await.expect(200)
    };
    archive("archived").await;
    place.send("create_post", "one").await.expect_problem(409, "archived");
    archive("active").await;
    let made = place.send("create_post", "one").await.expect(201);
    assert!(!made.headers.contains_key("idempotency-replayed"));
    // what was made stays the answer, whatever happens then
    archive("archived").await;
    assert_eq!(place.send("create_post", "one").await.expect(201).id(), made.id());
}

async fn what_was_only_looked_at_is_looked_at_again(app: App) {
    let place = Place::new(&app).await;
    let (who, path, table) = place.request("import_members");
    let import = async |query: &str, key: &str, table: &str| {
        let call = who.request(Method::POST, format!("{path}{query}")).body("text/csv", table.to_owned());
        call.header("idempotency-key", key).await
    };
    let table = table.as_str().unwrap();
    assert_eq!(import("?dry_run=true", "look", table).await.expect(200)["added"], 1);
    assert_eq!(import("", "do", table).await.expect(200)["added"], 1);
    assert_eq!(import("?dry_run=true", "look", table).await.expect(200)["added"], 0);
    // another table is another request
    let other = format!("user_id\n{}\n", place.member.id());
    import("", "do", &other).await.expect_field(422, "Idempotency-Key", "reused");
    assert_eq!(import("", "do", table).await.expect(200)["added"], 1);
}

async fn a_key_is_up_to_255_characters(app: App) {
    let place = Place::new(&app).await;
    for key in ["x", "\"8e03978e-40d5-43dd-bc93-6894a57f9324\"", &"k".repeat(255)] {
        place.send("create_comment", key).await.expect(201);
    }
    for (key, code) in [("", "too_short"), (&*"k".repeat(256), "too_long"), ("ü", "malformed"), ("a\tb", "malformed")]
    {
        place.send("create_comment", key).await.expect_field(422, "Idempotency-Key", code);
    }
    let (who, path, body) = place.request("create_comment");
    let twice = who.post(path, body).header("idempotency-key", "a").header("idempotency-key", "b").await;
    twice.expect_field(422, "Idempotency-Key", "duplicate");
}

fn age(app: &App, hours: i64) {
    let ago = if app.database.is_sqlite() {
        format!("{}", hours * 3_600_000_000)
    } else {
        format!("interval '{hours} hours'")
    };
    app.in_database(|conn| {
        let sql = format!("UPDATE idempotency_keys SET created_at = created_at - {ago}");
        on_each!(conn => diesel::connection::SimpleConnection::batch_execute(conn, &sql)).unwrap();
        Ok(())
    });
}

async fn an_answer_is_kept_for_a_day(app: App) {
    let place = Place::new(&app).await;
    let first = place.send("create_post", "one").await.expect(201);
    place.send("create_comment", "one").await.expect(201);
    let purge = || app.in_database(|conn| idempotency::purge_due(conn, Timestamp::now()));
    age(&app, 23);
    assert_eq!(place.send("create_post", "one").await.expect(201).id(), first.id());
    assert_eq!(purge(), 0);
    age(&app, 2);
    // then it is another, also where the job has not come by
    let next = place.send("create_post", "one").await.expect(201);
    assert_ne!(next.id(), first.id());
    assert_eq!(place.send("create_post", "one").await.expect(201).id(), next.id());
    assert_eq!(purge(), 1);
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!(purge(), 0);
}

async fn what_is_kept_tells_nothing(app: App) {
    let place = Place::new(&app).await;
    let made = place.send("create_feed_key", "a secret key").await.expect(201);
    let secret = made["secret"].as_str().unwrap();
    let rows = |app: &App| {
        app.in_database(|conn| {
            use diesel::prelude::*;
            use praxis::db::schema::idempotency_keys::dsl::{idempotency_keys, key_hash, sealed_body};
            let rows = idempotency_keys.select((key_hash, sealed_body));
            let rows: Vec<(Vec<u8>, Vec<u8>)> = on_each!(conn => rows.load(conn)).unwrap();
            Ok(rows)
        })
    };
    let [(key, body)] = &rows(&app)[..] else { panic!("one answer is kept") };
    let holds = |bytes: &[u8], words: &str| bytes.windows(words.len()).any(|part| part == words.as_bytes());
    assert!(!holds(body, secret) && !holds(body, "secret") && !holds(key, "a secret key"));
    // it goes with the person
    place.member.delete("/me").await.expect(204);
    assert!(rows(&app).is_empty());
}

async fn who_comes_while_the_first_is_worked_on_waits_and_then_is_told(app: App) {
    let shared = Place::new(&app).await;
    if app.database.is_sqlite() {
        // one writes at a time: whoever comes second finds the answer
        let both =
            futures_util::future::join(shared.send("create_comment", "one"), shared.send("create_comment", "one"));
        let (one, two) = both.await;
        assert_eq!(one.expect(201).id(), two.expect(201).id());
        return;
    }
    let hash = |label: &str, bytes: &[u8]| {
        let all = [label.as_bytes(), b"\0", bytes].concat();
        aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &all).as_ref().to_vec()
    };
    let operation = b"POST /api/v1/posts/{post_id}/comments\0";
    let place = [shared.member.id().uuid().as_bytes(), &operation[..], &hash("key", b"one")].concat();
    let lock = i64::from_be_bytes(hash("lock", &place)[..8].try_into().unwrap());
    let row = format!("BEGIN; SELECT pg_advisory_xact_lock({lock})");
    let (begun, is_begun) = tokio::sync::oneshot::channel();
    let mut conn = app.database.connect();
    let first = std::thread::spawn(move || {
        conn.execute(&row).unwrap();
        begun.send(()).unwrap();
        std::thread::sleep(Duration::from_secs(5));
        conn.execute("ROLLBACK").unwrap();
    });
    is_begun.await.unwrap();
    let started = std::time::Instant::now();
    let told = shared.send("create_comment", "one").await;
    let told = told.expect_problem(409, "in_progress");
    assert_eq!(told.header("retry-after"), "1");
    assert!((2..5).contains(&started.elapsed().as_secs()), "{:?}", started.elapsed());
    first.join().unwrap();
    // the first failed: it is made now
    shared.send("create_comment", "one").await.expect(201);
}
