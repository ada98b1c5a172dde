//! Webhooks: what is told, in which order, what becomes of what is not taken, and where they may not be.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use diesel::prelude::*;
use praxis::auth::actor::PlatformRole;
use praxis::db::schema::{webhook_deliveries, webhooks as hooks};
use praxis::types::{DeliveryId, PostId, Timestamp, WebhookId};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::app::{PASSWORD, email_of};
use crate::support::process::{Serving, praxis};
use crate::support::receiver::{How, Receiver};
use crate::support::{App, Caller, Case, Database, on_each, served, stored, world};

pub fn cases() -> Vec<Case> {
    let mut cases = served![
        what_happens_is_told_and_signed with ["--webhook-networks", "127.0.0.0/8"],
        what_is_not_taken_is_sent_again_before_what_came_later with ["--webhook-networks", "127.0.0.0/8"],
        who_redirects_hangs_or_is_slow_gets_nothing_else with ["--webhook-networks", "127.0.0.0/8"],
        what_fails_eight_times_is_parked_and_its_owner_told with ["--webhook-networks", "127.0.0.0/8"],
        a_webhook_that_fails_for_five_days_is_told_nothing_more with ["--webhook-networks", "127.0.0.0/8"],
        what_fails_begins_anew_elsewhere_and_a_ping_is_none_of_it with ["--webhook-networks", "127.0.0.0/8"],
        what_one_address_answers_says_nothing_of_another with ["--webhook-networks", "127.0.0.0/8"],
        a_ping_that_may_not_be_sent_says_so with ["--webhook-networks", "127.0.0.0/8"],
        what_was_on_its_way_waits_while_its_owner_is_suspended with ["--webhook-networks", "127.0.0.0/8"],
        whoever_says_gone_is_told_nothing_more with ["--webhook-networks", "127.0.0.0/8"],
        two_secrets_sign_while_receivers_are_changed_over with ["--webhook-networks", "127.0.0.0/8"],
        whoever_does_not_answer_keeps_nobody_else_waiting with ["--webhook-networks", "127.0.0.0/8"],
        a_webhook_ends_with_the_key_that_made_it with ["--webhook-networks", "127.0.0.0/8"],
        a_key_has_the_webhooks_that_it_made with ["--webhook-networks", "127.0.0.0/8"],
        a_ping_is_sent_at_once with ["--webhook-networks", "127.0.0.0/8"],
        a_ping_waits_for_nothing_and_is_sent_once with ["--webhook-networks", "127.0.0.0/8"],
        what_is_being_sent_is_not_sent_again_meanwhile with ["--webhook-networks", "127.0.0.0/8"],
        what_comes_behind_what_failed_is_not_looked_at_before with ["--webhook-networks", "127.0.0.0/8"],
        a_name_that_leads_inside_is_not_connected_to with ["--webhook-networks", "10.0.0.0/8"],
        a_webhook_is_told_what_its_owner_may_know_of with ["--webhook-networks", "127.0.0.0/8"],
        what_is_sent_again_keeps_its_place_and_that_of_others with ["--webhook-networks", "127.0.0.0/8"],
        what_a_webhook_is_told_follows_from_when_it_happened with ["--webhook-networks", "127.0.0.0/8"],
        many_webhooks_are_told_once_each with ["--webhook-networks", "127.0.0.0/8"],
        what_its_owner_may_not_know_of_any_more_is_not_sent with ["--webhook-networks", "127.0.0.0/8"],
        a_paused_webhook_is_told_nothing with ["--webhook-networks", "127.0.0.0/8"],
        what_waits_when_a_webhook_is_paused_is_sent_once_it_is_active with ["--webhook-networks", "127.0.0.0/8"],
        nothing_is_sent_where_not_everybody_may_reach,
        what_is_wrong_with_a_webhook_is_named,
        webhooks_are_their_owners_alone,
    ];
    cases.extend(stored![
        a_server_that_is_killed_tells_everything_all_the_same,
        two_servers_never_send_the_same_at_once,
    ]);
    cases
}

/// A webhook of this person's: its id and its secret.
async fn webhook(who: &Caller, receiver: &Receiver, more: Value) -> (String, String) {
    let mut body = json!({ "url": receiver.url() });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let made = who.post("/me/webhooks", body).await.expect(201);
    (made["webhook"]["id"].as_str().unwrap().to_owned(), made["secret"].as_str().unwrap().to_owned())
}

async fn deliveries(who: &Caller, webhook: &str) -> Vec<Value> {
    who.get(format!("/me/webhooks/{webhook}/deliveries?limit=100")).await.expect(200).items().to_vec()
}

/// Waits until the deliveries of a webhook are as they should be.
async fn wait_until(who: &Caller, webhook: &str, is_so: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    for _ in 0..400 {
        let found = deliveries(who, webhook).await;
        if is_so(&found) {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{:#?}", deliveries(who, webhook).await);
}

/// What waits to be sent again is due now.
fn hurry(app: &App) {
    app.in_database(|conn| {
        let due = webhook_deliveries::due_at.eq(Timestamp::now());
        let waiting = webhook_deliveries::table.filter(webhook_deliveries::due_at.is_not_null());
        on_each!(conn => diesel::update(waiting).set(due).execute(conn))?;
        Ok(())
    });
}

async fn what_happens_is_told_and_signed(app: App) {
    let (ann, receiver) = (app.user("Ann"), Receiver::start(&[]));
    let (id, secret) = webhook(&ann, &receiver, json!({ "description": "Ours" })).await;
    let group = world::group(&ann, "Falls", json!({})).await;
    let post = world::post(&ann, &group, "First").await;
    let received = receiver.wait_for(3).await;
    assert_eq!(receiver.kinds(), ["group.created", "member.joined", "post.published"]);
    for came in &received {
        assert!(came.is_signed_by(&secret) && !came.is_signed_by("whsec_AAAA"));
        assert_eq!(came.headers["content-type"], "application/json");
        assert_eq!(came.headers["webhook-id"], came.json()["id"].as_str().unwrap());
        assert!(came.headers["user-agent"].starts_with("Praxis/"));
    }
    let told = received[2].json();
    assert_eq!((&told["data"]["group_id"], &told["data"]["post_id"]), (&json!(group), &json!(post)));
    assert!(!String::from_utf8_lossy(&received[2].body).contains("First"), "ids and no words");
    let log = wait_until(&ann, &id, |log| log.iter().all(|one| one["state"] == "delivered")).await;
    assert_eq!((log.len(), &log[0]["last_status"], &log[0]["attempts"]), (3, &json!(200), &json!(1)));
    assert!(log[0]["next_attempt_at"].is_null() && log[0]["event"]["id"] == told["id"]);
    // others are others
    let narrow = Receiver::start(&[]);
    webhook(&ann, &narrow, json!({ "types": ["post.published"], "group_ids": [group] })).await;
    let other = world::group(&ann, "Other", json!({})).await;
    world::post(&ann, &other, "Elsewhere").await;
    world::post(&ann, &group, "Here").await;
    let came = narrow.wait_for(1).await;
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert_eq!((narrow.kinds().len(), &came[0].json()["data"]["group_id"]), (1, &json!(group)));
}

async fn what_is_not_taken_is_sent_again_before_what_came_later(app: App) {
    let (ann, receiver) = (app.user("Ann"), Receiver::start(&[How::Status(500)]));
    let groups = [world::group(&ann, "One", json!({})).await, world::group(&ann, "Other", json!({})).await];
    tokio::time::sleep(Duration::from_millis(700)).await;
    let (id, _) = webhook(&ann, &receiver, json!({ "types": ["post.published"] })).await;
    let first = world::post(&ann, &groups[0], "First").await;
    receiver.wait_for(1).await;
    let second = world::post(&ann, &groups[0], "Second").await;
    let elsewhere = world::post(&ann, &groups[1], "Elsewhere").await;
    // another group does not wait, the same one does: five seconds
    let came = receiver.wait_for(4).await;
    let posts: Vec<String> =
        came.iter().map(|came| came.json()["data"]["post_id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(posts, [first.clone(), elsewhere, first, second]);
    assert!(came[2].at - came[0].at >= Duration::from_secs(5));
    assert_eq!(came[0].headers["webhook-id"], came[2].headers["webhook-id"]);
    let log = wait_until(&ann, &id, |log| log.iter().all(|one| one["state"] == "delivered")).await;
    let mut attempts: Vec<i64> = log.iter().map(|one| one["attempts"].as_i64().unwrap()).collect();
    attempts.sort_unstable();
    assert_eq!(attempts, [1, 1, 2]);
    assert!(ann.get(format!("/me/webhooks/{id}")).await.expect(200)["failing_since"].is_null());
}

async fn who_redirects_hangs_or_is_slow_gets_nothing_else(app: App) {
    let (ann, elsewhere) = (app.user("Ann"), Receiver::start(&[]));
    let hangs = How::Hang(Duration::from_secs(20));
    let receiver = Receiver::start(&[How::Redirect(elsewhere.url()), hangs, How::Slowly(Duration::from_secs(3))]);
    let (id, _) = webhook(&ann, &receiver, json!({ "types": ["group.created"] })).await;
    world::group(&ann, "Falls", json!({})).await;
    let log = wait_until(&ann, &id, |log| log.iter().any(|one| one["attempts"] == 1)).await;
    assert_eq!(log[0]["last_status"], 307);
    // the second try comes after five seconds and is given up after fifteen
    receiver.wait_for(2).await;
    let log = wait_until(&ann, &id, |log| log[0]["attempts"] == 2).await;
    assert_eq!((&log[0]["last_status"], &log[0]["last_error"]), (&Value::Null, &json!("no answer in time")));
    hurry(&app);
    let log = wait_until(&ann, &id, |log| log[0]["state"] == "delivered").await;
    assert_eq!(log[0]["attempts"], 3);
    assert!(elsewhere.received().is_empty(), "a redirect is not followed");
}

async fn what_fails_eight_times_is_parked_and_its_owner_told(app: App) {
    let ann = app.user("Ann");
    let receiver = Receiver::start(&vec![How::Status(503); 8]);
    let (id, _) = webhook(&ann, &receiver, json!({ "types": ["group.created"] })).await;
    world::group(&ann, "Falls", json!({})).await;
    for made in 1..8 {
        wait_until(&ann, &id, |log| log.first().is_some_and(|one| one["attempts"] == made)).await;
        hurry(&app);
    }
    let log = wait_until(&ann, &id, |log| log[0]["state"] == "parked").await;
    assert_eq!((&log[0]["attempts"], &log[0]["next_attempt_at"]), (&json!(8), &Value::Null));
    let told = ann.get("/me/notifications").await.expect(200);
    assert_eq!(told.each("kind"), ["delivery_parked"]);
    // it is sent again when its owner asks
    let delivery = log[0]["id"].as_str().unwrap();
    let path = format!("/me/webhooks/{id}/deliveries/{delivery}/redelivery");
    ann.request(Method::POST, &path).await.expect(201);
    wait_until(&ann, &id, |log| log[0]["state"] == "delivered").await;
    let ids: HashSet<String> = receiver.received().iter().map(|came| came.headers["webhook-id"].clone()).collect();
    assert_eq!((receiver.received().len(), ids.len()), (9, 1));
    // and told again where that fails too
    let refusing = Receiver::start(&vec![How::Status(503); 8]);
    ann.patch(format!("/me/webhooks/{id}"), json!({ "url": refusing.url() })).await.expect(200);
    ann.request(Method::POST, &path).await.expect(201);
    for made in 1..8 {
        wait_until(&ann, &id, |log| log[0]["attempts"] == made).await;
        hurry(&app);
    }
    wait_until(&ann, &id, |log| log[0]["state"] == "parked").await;
    let told = ann.get("/me/notifications").await.expect(200);
    assert_eq!(told.each("kind"), ["delivery_parked", "delivery_parked"]);
}

async fn what_is_sent_again_keeps_its_place_and_that_of_others(app: App) {
    let (ann, receiver) = (app.user("Ann"), Receiver::start(&[How::Status(200), How::Status(500)]));
    let group = world::group(&ann, "Falls", json!({})).await;
    let (id, _) = webhook(&ann, &receiver, json!({ "types": ["post.published"] })).await;
    world::post(&ann, &group, "Taken").await;
    wait_until(&ann, &id, |log| log.len() == 1 && log[0]["state"] == "delivered").await;
    world::post(&ann, &group, "Refused").await;
    wait_until(&ann, &id, |log| log.len() == 2 && log[0]["attempts"] == 1).await;
    world::post(&ann, &group, "Behind").await;
    let due = |log: &[Value]| log.iter().map(|one| one["next_attempt_at"].clone()).collect::<Vec<_>>();
    let log = wait_until(&ann, &id, |log| log.len() == 3).await;
    let before = due(&log);
    assert_eq!((&before[0], before[1].is_string(), &before[2]), (&before[1], true, &Value::Null));
    // what comes first is sent at once, and hurries nobody who waits for a reason
    let path = |log: &Value| format!("/me/webhooks/{id}/deliveries/{}/redelivery", log["id"].as_str().unwrap());
    ann.request(Method::POST, path(&log[2])).await.expect(201);
    receiver.wait_for(3).await;
    let log = wait_until(&ann, &id, |log| log[2]["state"] == "delivered").await;
    assert_eq!((&log[1]["next_attempt_at"], &log[1]["attempts"]), (&before[1], &json!(1)));
    assert_eq!(log[0]["next_attempt_at"], before[1], "nor who waits behind");
    // what comes behind waits for its turn
    let again = ann.request(Method::POST, path(&log[0])).await.expect(201);
    assert_eq!(again["next_attempt_at"], before[1]);
    let log = wait_until(&ann, &id, |log| log.iter().all(|one| one["state"] == "delivered")).await;
    let mut attempts: Vec<i64> = log.iter().map(|one| one["attempts"].as_i64().unwrap()).collect();
    attempts.sort_unstable();
    assert_eq!((attempts, receiver.received().len()), (vec![1, 1, 2], 5));
}

/// It has failed since five days ago.
fn let_fail_for_five_days(app: &App) {
    app.in_database(|conn| {
        let long_ago = hooks::failing_since.eq(Timestamp::now().before(Duration::from_hours(5 * 24)));
        on_each!(conn => diesel::update(hooks::table).set(long_ago).execute(conn))?;
        Ok(())
    });
}

async fn a_webhook_that_fails_for_five_days_is_told_nothing_more(app: App) {
    let (ann, receiver) = (app.user("Ann"), Receiver::start(&vec![How::Status(500); 9]));
    let (id, _) = webhook(&ann, &receiver, json!({ "types": ["group.created"] })).await;
    world::group(&ann, "Falls", json!({})).await;
    wait_until(&ann, &id, |log| log.first().is_some_and(|one| one["attempts"] == 1)).await;
    let shown = async || ann.get(format!("/me/webhooks/{id}")).await.expect(200);
    assert_eq!((&shown().await["status"], shown().await["failing_since"].is_string()), (&json!("active"), true));
    let_fail_for_five_days(&app);
    ann.request(Method::POST, format!("/me/webhooks/{id}/pings")).await.expect(201);
    let log = wait_until(&ann, &id, |log| log.len() == 2 && log[0]["state"] == "parked").await;
    assert_eq!(log[0]["event"]["type"], "ping");
    for made in 2..9 {
        // one failure after a quiet time is none of five days: everything has its tries
        assert_eq!(shown().await["status"], "active", "{made}");
        hurry(&app);
        wait_until(&ann, &id, |log| log[1]["attempts"] == made).await;
    }
    assert_eq!(shown().await["status"], "disabled");
    let told = ann.get("/me/notifications").await.expect(200);
    assert_eq!(told.each("kind"), ["webhook_disabled", "delivery_parked"]);
    assert_eq!(told.each("webhook_id"), [&*id, &*id]);
    hurry(&app);
    tokio::time::sleep(Duration::from_millis(900)).await;
    assert_eq!(receiver.received().len(), 9, "disabled");
    // whoever wants to know whether it works now asks before it is active again
    let ping = ann.request(Method::POST, format!("/me/webhooks/{id}/pings")).await.expect(201);
    let is_taken = |log: &[Value]| log[0]["state"] == "delivered" && log[0]["event"]["type"] == "ping";
    wait_until(&ann, &id, is_taken).await;
    let ping = ping["id"].as_str().unwrap();
    ann.request(Method::POST, format!("/me/webhooks/{id}/deliveries/{ping}/redelivery")).await.expect(201);
    receiver.wait_for(11).await;
    wait_until(&ann, &id, is_taken).await;
    assert_eq!(shown().await["status"], "disabled");
    let active = ann.patch(format!("/me/webhooks/{id}"), json!({ "status": "active" })).await.expect(200);
    assert_eq!((&active["status"], &active["failing_since"]), (&json!("active"), &Value::Null));
    world::group(&ann, "Again", json!({})).await;
    wait_until(&ann, &id, |log| log[0]["state"] == "delivered" && log[0]["event"]["type"] == "group.created").await;
}

async fn what_fails_begins_anew_elsewhere_and_a_ping_is_none_of_it(app: App) {
    let (ann, receiver) = (app.user("Ann"), Receiver::start(&[How::Status(500), How::Status(500)]));
    let (id, _) = webhook(&ann, &receiver, json!({ "types": ["group.created"] })).await;
    let shown = async || ann.get(format!("/me/webhooks/{id}")).await.expect(200);
    ann.request(Method::POST, format!("/me/webhooks/{id}/pings")).await.expect(201);
    wait_until(&ann, &id, |log| log[0]["state"] == "parked").await;
    assert!(shown().await["failing_since"].is_null());
    world::group(&ann, "Falls", json!({})).await;
    wait_until(&ann, &id, |log| log[0]["attempts"] == 1 && log.len() == 2).await;
    assert!(shown().await["failing_since"].is_string());
    let same = ann.patch(format!("/me/webhooks/{id}"), json!({ "url": receiver.url() })).await.expect(200);
    assert!(same["failing_since"].is_string());
    let elsewhere = Receiver::start(&[]);
    let moved = ann.patch(format!("/me/webhooks/{id}"), json!({ "url": elsewhere.url() })).await.expect(200);
    assert!(moved["failing_since"].is_null());
    let started = Instant::now();
    elsewhere.wait_for(1).await;
    assert!(started.elapsed() < Duration::from_secs(3), "what waits is sent there at once");
}

async fn what_one_address_answers_says_nothing_of_another(app: App) {
    let (ann, elsewhere) = (app.user("Ann"), Receiver::start(&[How::Status(502)]));
    let late = How::Late(410, Duration::from_secs(2));
    let receiver = Receiver::start(&[How::Status(500), late]);
    let (id, _) = webhook(&ann, &receiver, json!({ "types": ["group.created"] })).await;
    world::group(&ann, "Falls", json!({})).await;
    wait_until(&ann, &id, |log| log.first().is_some_and(|one| one["attempts"] == 1)).await;
    // it has one try left
    app.in_database(|conn| {
        let last = (webhook_deliveries::attempts.eq(7), webhook_deliveries::due_at.eq(Timestamp::now()));
        on_each!(conn => diesel::update(webhook_deliveries::table).set(last).execute(conn))?;
        Ok(())
    });
    receiver.wait_for(2).await;
    ann.patch(format!("/me/webhooks/{id}"), json!({ "url": elsewhere.url() })).await.expect(200);
    // which was none of the new address
    elsewhere.wait_for(1).await;
    let log = wait_until(&ann, &id, |log| log[0]["last_status"] == 502).await;
    assert_eq!((&log[0]["state"], &log[0]["attempts"]), (&json!("pending"), &json!(1)));
    let shown = ann.get(format!("/me/webhooks/{id}")).await.expect(200);
    assert_eq!((&shown["status"], shown["failing_since"].is_string()), (&json!("active"), true));
    assert!(ann.get("/me/notifications").await.expect(200).items().is_empty());
    wait_until(&ann, &id, |log| log[0]["state"] == "delivered").await;
}

async fn a_ping_that_may_not_be_sent_says_so(app: App) {
    let (ann, receiver) = (app.user("Ann"), Receiver::start(&[]));
    let body = json!({ "name": "Hooks", "scopes": ["webhooks:read", "webhooks:write"] });
    let program = ann.post("/me/api-keys", body).await.expect(201);
    let program = ann.with_token(program["secret"].as_str().unwrap());
    let (id, _) = webhook(&program, &receiver, json!({})).await;
    app.in_database(|conn| Ok(conn.execute("UPDATE api_keys SET expires_at = created_at")?));
    let ping = ann.request(Method::POST, format!("/me/webhooks/{id}/pings")).await.expect(201);
    let log = wait_until(&ann, &id, |log| log[0]["state"] == "parked").await;
    assert_eq!((&log[0]["id"], &log[0]["last_error"]), (&ping["id"], &json!("the account or the key is not in force")));
    assert!(receiver.received().is_empty());
}

async fn what_was_on_its_way_waits_while_its_owner_is_suspended(app: App) {
    let (ann, admin) = (app.user("Ann"), app.admin());
    let receiver = Receiver::start(&[How::Status(500)]);
    let (id, _) = webhook(&ann, &receiver, json!({ "types": ["post.published"] })).await;
    let group = world::group(&ann, "Falls", json!({})).await;
    let first = world::post(&ann, &group, "First").await;
    wait_until(&ann, &id, |log| log.first().is_some_and(|one| one["attempts"] == 1)).await;
    let account = format!("/admin/users/{}", ann.id());
    admin.patch(&account, json!({ "status": "suspended" })).await.expect(200);
    hurry(&app);
    tokio::time::sleep(Duration::from_millis(900)).await;
    assert_eq!(receiver.received().len(), 1, "nothing is sent");
    admin.patch(&account, json!({ "status": "active" })).await.expect(200);
    hurry(&app);
    let came = receiver.wait_for(2).await;
    assert_eq!(came[1].json()["data"]["post_id"], first);
}

async fn whoever_says_gone_is_told_nothing_more(app: App) {
    let (ann, receiver) = (app.user("Ann"), Receiver::start(&[How::Status(410)]));
    let (id, _) = webhook(&ann, &receiver, json!({})).await;
    ann.request(Method::POST, format!("/me/webhooks/{id}/pings")).await.expect(201);
    wait_until(&ann, &id, |log| log[0]["last_status"] == 410).await;
    assert_eq!(ann.get(format!("/me/webhooks/{id}")).await.expect(200)["status"], "disabled");
}

async fn two_secrets_sign_while_receivers_are_changed_over(app: App) {
    let (ann, receiver) = (app.user("Ann"), Receiver::start(&[]));
    let (id, first) = webhook(&ann, &receiver, json!({})).await;
    let rotate = |minutes: u16| {
        let call = ann.post(format!("/me/webhooks/{id}/secrets"), json!({ "overlap_minutes": minutes }));
        async move { call.await.expect(201)["secret"].as_str().unwrap().to_owned() }
    };
    let ping = || ann.request(Method::POST, format!("/me/webhooks/{id}/pings"));
    let second = rotate(60).await;
    ping().await.expect(201);
    let came = receiver.wait_for(1).await.remove(0);
    assert!(came.is_signed_by(&first) && came.is_signed_by(&second));
    let third = rotate(0).await;
    wait_until(&ann, &id, |log| log[0]["state"] == "delivered").await;
    ping().await.expect(201);
    let came = receiver.wait_for(2).await.remove(1);
    let signed = [&first, &second, &third].map(|secret| came.is_signed_by(secret));
    assert_eq!(signed, [false, false, true]);
    // what signs no more is not kept either
    app.in_database(|conn| praxis::api::webhooks::queries::forget_secrets_due(conn, Timestamp::now()));
    let kept = app.in_database(|conn| {
        let former = hooks::table.select(hooks::previous_secret);
        Ok(on_each!(conn => former.first::<Option<String>>(conn))?)
    });
    assert_eq!(kept, None);
    assert!(!ann.get("/me/webhooks").await.expect(200).to_string().contains("whsec_"), "shown once");
}

async fn whoever_does_not_answer_keeps_nobody_else_waiting(app: App) {
    let slow = Receiver::start(&vec![How::Slowly(Duration::from_secs(10)); 80]);
    let quick = Receiver::start(&[]);
    for number in 0..12 {
        let eve = app.user(&format!("Eve {number}"));
        for _ in 0..5 {
            let (id, _) = webhook(&eve, &slow, json!({})).await;
            eve.request(Method::POST, format!("/me/webhooks/{id}/pings")).await.expect(201);
            eve.request(Method::POST, format!("/me/webhooks/{id}/pings")).await.expect_problem(409, "in_use");
        }
    }
    let ann = app.user("Ann");
    let (id, _) = webhook(&ann, &quick, json!({})).await;
    let started = Instant::now();
    ann.request(Method::POST, format!("/me/webhooks/{id}/pings")).await.expect(201);
    quick.wait_for(1).await;
    assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
    assert_eq!(slow.wait_for(48).await.len(), 48, "four at once of each");
}

async fn a_webhook_ends_with_the_key_that_made_it(app: App) {
    let (ann, receiver) = (app.user("Ann"), Receiver::start(&[]));
    let body = json!({ "name": "Hooks", "scopes": ["webhooks:read", "webhooks:write"] });
    let issued = ann.post("/me/api-keys", body).await.expect(201);
    let (key, program) = (&issued["key"]["id"], ann.with_token(issued["secret"].as_str().unwrap()));
    let (by_key, _) = webhook(&program, &receiver, json!({})).await;
    let (own, _) = webhook(&ann, &receiver, json!({})).await;
    assert_eq!(&ann.get(format!("/me/webhooks/{by_key}")).await.expect(200)["api_key_id"], key);
    assert_eq!(ann.get(format!("/me/webhooks/{own}")).await.expect(200)["api_key_id"], Value::Null);
    world::group(&ann, "Told to both", json!({})).await;
    receiver.wait_for(4).await;
    // a key that is not in force tells nothing, and begins nothing
    app.in_database(|conn| Ok(conn.execute("UPDATE api_keys SET expires_at = created_at")?));
    world::group(&ann, "Told to one", json!({})).await;
    receiver.wait_for(6).await;
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert_eq!(receiver.received().len(), 6);
    ann.delete(format!("/me/api-keys/{}", key.as_str().unwrap())).await.expect(204);
    assert_eq!(ann.get("/me/webhooks").await.expect(200).each("id"), [own.as_str()]);
}

async fn a_ping_is_sent_at_once(app: App) {
    let (ann, receiver) = (app.user("Ann"), Receiver::start(&[]));
    let (id, _) = webhook(&ann, &receiver, json!({ "types": ["post.published"] })).await;
    let sent = ann.request(Method::POST, format!("/me/webhooks/{id}/pings")).await.expect(201);
    assert_eq!((&sent["event"]["type"], &sent["state"]), (&json!("ping"), &json!("pending")));
    let came = receiver.wait_for(1).await;
    assert_eq!(came[0].json()["id"], sent["event"]["id"]);
}

async fn a_webhook_is_told_what_its_owner_may_know_of(app: App) {
    let (ann, bob) = (app.user("Ann"), app.user("Bob"));
    let (outside, inside) = (Receiver::start(&[]), Receiver::start(&[]));
    let (theirs, _) = webhook(&bob, &outside, json!({})).await;
    webhook(&ann, &inside, json!({})).await;
    let hidden = world::group(&ann, "Hidden", json!({ "visibility": "hidden" })).await;
    world::post(&ann, &hidden, "Secret").await;
    let listed = world::group(&ann, "Listed", json!({ "visibility": "listed" })).await;
    world::post(&ann, &listed, "Inside").await;
    inside.wait_for(6).await;
    outside.wait_for(1).await;
    assert_eq!(outside.kinds(), ["group.created"]);
    let log = deliveries(&bob, &theirs).await;
    assert!(log.len() == 1 && !json!(log).to_string().contains(&hidden), "{log:#?}");
    // nor does one ask for it by name
    let body = json!({ "url": outside.url(), "group_ids": [hidden] });
    bob.post("/me/webhooks", body).await.expect_field(422, "/group_ids", "unknown");
}

async fn many_webhooks_are_told_once_each(app: App) {
    let (ann, receiver) = (app.user("Ann"), Receiver::start(&[]));
    let groups = [world::group(&ann, "Falls", json!({})).await, world::group(&ann, "Dementia", json!({})).await];
    tokio::time::sleep(Duration::from_millis(700)).await;
    // more than one slice of the layout, of which each person has some
    for number in 0..7 {
        let who = app.user(&format!("Listener {number}"));
        for _ in 0..20 {
            webhook(&who, &receiver, json!({ "types": ["post.published"] })).await;
        }
    }
    let mut posts = HashSet::new();
    for number in 0..6 {
        posts.insert(world::post(&ann, &groups[number % 2], &format!("Post {number}")).await);
    }
    let laid_out = || {
        app.in_database(|conn| {
            let all = webhook_deliveries::table.select((webhook_deliveries::webhook_id, webhook_deliveries::post_id));
            let all: Vec<(WebhookId, Option<PostId>)> = on_each!(conn => all.load(conn))?;
            Ok(all)
        })
    };
    let wanted = 7 * 20 * posts.len();
    let began = Instant::now();
    while laid_out().len() < wanted && began.elapsed() < Duration::from_secs(20) {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    let found = laid_out();
    assert_eq!((found.len(), found.iter().collect::<HashSet<_>>().len()), (wanted, wanted));
    assert!(found.iter().all(|(_, post)| post.is_some_and(|post| posts.contains(&post.to_string()))));
}

async fn what_its_owner_may_not_know_of_any_more_is_not_sent(app: App) {
    let (ann, bob) = (app.user("Ann"), app.user("Bob"));
    let receiver = Receiver::start(&[How::Status(500)]);
    let group = world::group(&ann, "Listed", json!({ "visibility": "listed" })).await;
    world::member(&bob, &ann, &group).await;
    tokio::time::sleep(Duration::from_millis(700)).await;
    let (id, _) = webhook(&bob, &receiver, json!({ "types": ["post.published"] })).await;
    world::post(&ann, &group, "While Bob is in").await;
    wait_until(&bob, &id, |log| log.first().is_some_and(|one| one["attempts"] == 1)).await;
    ann.delete(format!("/groups/{group}/members/{}", bob.id())).await.expect(204);
    assert!(deliveries(&bob, &id).await.is_empty(), "what was told is not shown either");
    hurry(&app);
    tokio::time::sleep(Duration::from_millis(900)).await;
    assert_eq!(receiver.received().len(), 1);
    let left: i64 = app.in_database(|conn| Ok(on_each!(conn => webhook_deliveries::table.count().get_result(conn))?));
    assert_eq!(left, 0);
}

async fn what_a_webhook_is_told_follows_from_when_it_happened(app: App) {
    let (ann, receiver) = (app.user("Ann"), Receiver::start(&[]));
    let group = world::group(&ann, "Falls", json!({})).await;
    world::post(&ann, &group, "Before there was a webhook").await;
    // rather one more than one less: what was noted just before may have been committed just after
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let (id, _) = webhook(&ann, &receiver, json!({ "types": ["post.published"] })).await;
    let told = world::post(&ann, &group, "Just before it is paused").await;
    ann.patch(format!("/me/webhooks/{id}"), json!({ "status": "paused" })).await.expect(200);
    wait_until(&ann, &id, |log| log.len() == 1).await;
    world::post(&ann, &group, "Before it is active").await;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    ann.patch(format!("/me/webhooks/{id}"), json!({ "status": "active" })).await.expect(200);
    let after = world::post(&ann, &group, "Afterwards").await;
    receiver.wait_for(2).await;
    tokio::time::sleep(Duration::from_millis(700)).await;
    let of: Vec<Value> = receiver.received().iter().map(|came| came.json()["data"]["post_id"].clone()).collect();
    assert_eq!(of, [json!(told), json!(after)]);
}

async fn a_paused_webhook_is_told_nothing(app: App) {
    let (ann, receiver) = (app.user("Ann"), Receiver::start(&[]));
    let (id, _) = webhook(&ann, &receiver, json!({ "types": ["post.published"] })).await;
    let group = world::group(&ann, "Falls", json!({})).await;
    ann.patch(format!("/me/webhooks/{id}"), json!({ "status": "paused" })).await.expect(200);
    world::post(&ann, &group, "Meanwhile").await;
    tokio::time::sleep(Duration::from_millis(900)).await;
    ann.patch(format!("/me/webhooks/{id}"), json!({ "status": "active", "types": null })).await.expect(200);
    world::comment(&ann, &world::post(&ann, &group, "After").await, None).await;
    receiver.wait_for(2).await;
    assert_eq!(receiver.kinds(), ["post.published", "comment.created"]);
    ann.delete(format!("/me/webhooks/{id}")).await.expect(204);
    ann.get(format!("/me/webhooks/{id}")).await.expect_problem(404, "not_found");
}

async fn what_waits_when_a_webhook_is_paused_is_sent_once_it_is_active(app: App) {
    let (ann, receiver) = (app.user("Ann"), Receiver::start(&[How::Status(500)]));
    let group = world::group(&ann, "Falls", json!({})).await;
    tokio::time::sleep(Duration::from_millis(700)).await;
    let (id, _) = webhook(&ann, &receiver, json!({ "types": ["post.published"] })).await;
    let first = world::post(&ann, &group, "First").await;
    wait_until(&ann, &id, |log| log.first().is_some_and(|one| one["attempts"] == 1)).await;
    let second = world::post(&ann, &group, "Second").await;
    wait_until(&ann, &id, |log| log.len() == 2).await;
    ann.patch(format!("/me/webhooks/{id}"), json!({ "status": "paused" })).await.expect(200);
    let log = deliveries(&ann, &id).await;
    assert!(log.iter().all(|one| one["state"] == "pending" && one["next_attempt_at"].is_null()), "{log:#?}");
    hurry(&app);
    // nor is it sent if it is asked for, before the webhook is active
    let redelivery = format!("/me/webhooks/{id}/deliveries/{}/redelivery", log[1]["id"].as_str().unwrap());
    let asked = ann.request(Method::POST, &redelivery).await.expect(201);
    assert!(asked["next_attempt_at"].is_null());
    tokio::time::sleep(Duration::from_millis(900)).await;
    assert_eq!(receiver.received().len(), 1);
    ann.patch(format!("/me/webhooks/{id}"), json!({ "status": "active" })).await.expect(200);
    let came = receiver.wait_for(3).await;
    let posts: Vec<_> = came.iter().map(|came| came.json()["data"]["post_id"].clone()).collect();
    assert_eq!(posts, [json!(first), json!(first), json!(second)]);
}

async fn nothing_is_sent_where_not_everybody_may_reach(app: App) {
    let (ann, receiver) = (app.user("Ann"), Receiver::start(&[]));
    let port = receiver.address.port();
    for url in [
        format!("http://127.0.0.1:{port}/"),
        format!("https://127.0.0.1:{port}/"),
        format!("https://localhost:{port}/"),
        format!("https://[::ffff:127.0.0.1]:{port}/"),
        "https://169.254.169.254/latest/meta-data/".to_owned(),
        "https://metadata.google.internal/".to_owned(),
        "http://example.org/".to_owned(),
    ] {
        let refused = ann.post("/me/webhooks", json!({ "url": url })).await;
        assert_eq!((refused.status, refused["errors"][0]["pointer"].as_str()), (422, Some("/url")), "{url}: {refused}");
    }
    // what was let in before, or leads there by its name, is looked at again when it is sent
    let made = ann.post("/me/webhooks", json!({ "url": "https://example.org/" })).await.expect(201);
    let id = made["webhook"]["id"].as_str().unwrap().to_owned();
    app.in_database(|conn| {
        let moved = hooks::url.eq(format!("https://127.0.0.1:{port}/"));
        on_each!(conn => diesel::update(hooks::table).set(moved).execute(conn))?;
        Ok(())
    });
    ann.request(Method::POST, format!("/me/webhooks/{id}/pings")).await.expect(201);
    let log = wait_until(&ann, &id, |log| log[0]["attempts"] == 1).await;
    assert_eq!(log[0]["last_error"], "the address may not be called");
    assert!(receiver.received().is_empty());
}

/// The name may lead elsewhere by the time that it is called: what counts is the address that is connected to.
async fn a_name_that_leads_inside_is_not_connected_to(app: App) {
    let ann = app.user("Ann");
    let inside = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://localhost:{}/", inside.local_addr().unwrap().port());
    let made = ann.post("/me/webhooks", json!({ "url": url })).await.expect(201);
    let id = made["webhook"]["id"].as_str().unwrap();
    ann.request(Method::POST, format!("/me/webhooks/{id}/pings")).await.expect(201);
    let log = wait_until(&ann, id, |log| log[0]["attempts"] == 1).await;
    assert_eq!(log[0]["last_error"], "no connection");
    inside.set_nonblocking(true).unwrap();
    assert_eq!(inside.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock, "somebody came");
}

async fn a_key_has_the_webhooks_that_it_made(app: App) {
    let (ann, receiver) = (app.user("Ann"), Receiver::start(&[]));
    let (own, _) = webhook(&ann, &receiver, json!({})).await;
    let body = json!({ "name": "Hooks", "scopes": ["webhooks:read", "webhooks:write"] });
    let mut programs = Vec::new();
    for _ in 0..2 {
        let issued = ann.post("/me/api-keys", body.clone()).await.expect(201);
        programs.push(ann.with_token(issued["secret"].as_str().unwrap()));
    }
    let (by_key, _) = webhook(&programs[0], &receiver, json!({})).await;
    assert_eq!(programs[0].get("/me/webhooks").await.expect(200).each("id"), [by_key.as_str()]);
    assert!(programs[1].get("/me/webhooks").await.expect(200).items().is_empty());
    for (program, id) in [(&programs[0], &own), (&programs[1], &own), (&programs[1], &by_key)] {
        let path = format!("/me/webhooks/{id}");
        let elsewhere = json!({ "url": "https://elsewhere.example/" });
        program.get(&path).await.expect_problem(404, "not_found");
        program.patch(&path, elsewhere).await.expect_problem(404, "not_found");
        program.delete(&path).await.expect_problem(404, "not_found");
        program.get(format!("{path}/deliveries")).await.expect_problem(404, "not_found");
        program.post(format!("{path}/secrets"), json!({})).await.expect_problem(404, "not_found");
        program.request(Method::POST, format!("{path}/pings")).await.expect_problem(404, "not_found");
    }
    assert_eq!(ann.get("/me/webhooks").await.expect(200).items().len(), 2, "whoever has the keys sees all");
}

async fn a_ping_waits_for_nothing_and_is_sent_once(app: App) {
    let (ann, receiver) = (app.user("Ann"), Receiver::start(&[How::Status(500), How::Status(500)]));
    let (id, _) = webhook(&ann, &receiver, json!({})).await;
    world::article(&app.person("Editor", PlatformRole::Editor), "Piece", "published", &[]).await;
    receiver.wait_for(1).await;
    // what was not taken is sent again in five seconds
    let ping = format!("/me/webhooks/{id}/pings");
    ann.request(Method::POST, &ping).await.expect(201);
    let log = wait_until(&ann, &id, |log| log[0]["state"] == "parked").await;
    assert_eq!((&log[0]["event"]["type"], &log[0]["attempts"]), (&json!("ping"), &json!(1)));
    let notices = ann.get("/me/notifications").await.expect(200);
    assert!(notices.items().is_empty(), "whoever pings looks what comes of it");
    ann.request(Method::POST, &ping).await.expect(201);
    wait_until(&ann, &id, |log| log[0]["state"] == "delivered").await;
}

async fn what_is_being_sent_is_not_sent_again_meanwhile(app: App) {
    let (ann, receiver) = (app.user("Ann"), Receiver::start(&[]));
    let (id, _) = webhook(&ann, &receiver, json!({})).await;
    ann.request(Method::POST, format!("/me/webhooks/{id}/pings")).await.expect(201);
    let log = wait_until(&ann, &id, |log| log[0]["state"] == "delivered").await;
    app.in_database(|conn| {
        let leased = webhook_deliveries::leased_until.eq(Timestamp::now().after(Duration::from_secs(30)));
        on_each!(conn => diesel::update(webhook_deliveries::table).set(leased).execute(conn))?;
        Ok(())
    });
    let again = format!("/me/webhooks/{id}/deliveries/{}/redelivery", log[0]["id"].as_str().unwrap());
    ann.request(Method::POST, again).await.expect_problem(409, "in_use");
}

async fn what_comes_behind_what_failed_is_not_looked_at_before(app: App) {
    let (ann, receiver) = (app.user("Ann"), Receiver::start(&[How::Status(500)]));
    let group = world::group(&ann, "Circle", json!({})).await;
    let (id, _) = webhook(&ann, &receiver, json!({ "types": ["post.published"] })).await;
    world::post(&ann, &group, "First").await;
    wait_until(&ann, &id, |log| log.len() == 1 && log[0]["attempts"] == 1).await;
    world::post(&ann, &group, "Second").await;
    let log = wait_until(&ann, &id, |log| log.len() == 2).await;
    assert_eq!(log[0]["next_attempt_at"], log[1]["next_attempt_at"], "{log:?}");
}

async fn what_is_wrong_with_a_webhook_is_named(app: App) {
    let ann = app.user("Ann");
    for (body, pointer, code) in [
        (json!({}), "/url", "missing"),
        (json!({ "url": "example.org" }), "/url", "bad_url"),
        (json!({ "url": "ftp://example.org/" }), "/url", "bad_url"),
        (json!({ "url": "https://example.org:0/" }), "/url", "bad_url"),
        (json!({ "url": "https://example.org/#part" }), "/url", "bad_url"),
        (json!({ "url": "https://a:b@example.org/" }), "/url", "credentials"),
        (json!({ "url": "https://example.org/", "types": [] }), "/types", "empty"),
        (json!({ "url": "https://example.org/", "types": ["post.liked"] }), "/types/0", "unknown_value"),
        (json!({ "url": "https://example.org/", "group_ids": [] }), "/group_ids", "empty"),
    ] {
        ann.post("/me/webhooks", body).await.expect_field(422, pointer, code);
    }
    let body = json!({ "url": "https://example.org/" });
    let made: Vec<u16> = futures_util::future::join_all((0..22).map(|_| {
        let call = ann.post("/me/webhooks", body.clone());
        async move { call.await.status }
    }))
    .await;
    assert_eq!(made.iter().filter(|status| **status == 201).count(), 20);
    assert_eq!(made.iter().filter(|status| **status == 409).count(), 2);
}

async fn webhooks_are_their_owners_alone(app: App) {
    let (ann, bob) = (app.user("Ann"), app.user("Bob"));
    let made = ann.post("/me/webhooks", json!({ "url": "https://example.org/" })).await.expect(201);
    let id = made["webhook"]["id"].as_str().unwrap();
    for who in [&bob, &app.admin()] {
        for id in [id, &WebhookId::new().to_string()] {
            let path = format!("/me/webhooks/{id}");
            who.get(&path).await.expect_problem(404, "not_found");
            who.patch(&path, json!({ "status": "paused" })).await.expect_problem(404, "not_found");
            who.delete(&path).await.expect_problem(404, "not_found");
            who.get(format!("{path}/deliveries")).await.expect_problem(404, "not_found");
            who.request(Method::POST, format!("{path}/pings")).await.expect_problem(404, "not_found");
            who.post(format!("{path}/secrets"), json!({})).await.expect_problem(404, "not_found");
            let again = format!("{path}/deliveries/{}/redelivery", DeliveryId::new());
            who.request(Method::POST, again).await.expect_problem(404, "not_found");
        }
    }
    ann.delete("/me").await.expect(204);
    let left: i64 = app.in_database(|conn| Ok(on_each!(conn => hooks::table.count().get_result(conn))?));
    assert_eq!(left, 0);
}

const OWN: [&str; 4] = ["--rate-limit", "off", "--webhook-networks", "127.0.0.0/8"];

async fn member(server: &Serving, name: &str) -> Caller {
    let body = json!({ "email": email_of(name), "password": PASSWORD, "display_name": name });
    server.anon().post("/auth/register", body).await.expect(202);
    let body = json!({ "email": email_of(name), "password": PASSWORD });
    let session = server.anon().post("/auth/login", body).await.expect(200);
    server.anon().with_token(session["access_token"].as_str().unwrap())
}

/// The posts that were told of.
fn told(receiver: &Receiver) -> Vec<String> {
    let posts =
        receiver.received().into_iter().filter_map(|came| came.json()["data"]["post_id"].as_str().map(str::to_owned));
    posts.collect()
}

async fn a_server_that_is_killed_tells_everything_all_the_same(database: Database) {
    let receiver = Receiver::start(&vec![How::Slowly(Duration::from_millis(300)); 12]);
    let mut server = Serving::start(praxis(&database, &OWN));
    let ann = member(&server, "ann").await;
    let group = world::group(&ann, "Circle", json!({})).await;
    webhook(&ann, &receiver, json!({ "types": ["post.published"] })).await;
    let mut made = Vec::new();
    for round in 0..2 {
        let who = server.anon().with_token(ann.token.clone().unwrap());
        for number in 0..4 {
            made.push(world::post(&who, &group, &format!("{round} {number}")).await);
        }
        tokio::time::sleep(Duration::from_millis(400)).await;
        server.signal("KILL");
        assert_eq!(server.end(), None, "killed, not ended");
        // whatever it was at is free when its lease is over
        let mut conn = database.connect();
        let over = webhook_deliveries::leased_until.eq(None::<Timestamp>);
        {
            let conn = &mut conn;
            on_each!(conn => diesel::update(webhook_deliveries::table).set(over).execute(conn)).unwrap();
        }
        server = Serving::start(praxis(&database, &OWN));
    }
    let all: HashSet<String> = made.iter().cloned().collect();
    for _ in 0..300 {
        if told(&receiver).into_iter().collect::<HashSet<_>>().len() == all.len() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(told(&receiver).into_iter().collect::<HashSet<_>>(), all, "every one came, and none that never was");
    // in order, but for what was sent again
    let mut first = told(&receiver);
    let mut seen = HashSet::new();
    first.retain(|post| seen.insert(post.clone()));
    assert_eq!(first, made);
}

async fn two_servers_never_send_the_same_at_once(database: Database) {
    if database.is_sqlite() {
        // one server has the file to itself
        let server = Serving::start(praxis(&database, &OWN));
        let second = praxis(&database, &OWN).arg("serve").output().unwrap();
        assert!(!second.status.success());
        drop(server);
        return;
    }
    let receiver = Receiver::start(&vec![How::Slowly(Duration::from_millis(60)); 200]);
    let servers = [Serving::start(praxis(&database, &OWN)), Serving::start(praxis(&database, &OWN))];
    let ann = member(&servers[0], "ann").await;
    let mut groups = Vec::new();
    for number in 0..4 {
        groups.push(world::group(&ann, &format!("Circle {number}"), json!({})).await);
    }
    webhook(&ann, &receiver, json!({ "types": ["post.published"] })).await;
    let callers = servers.each_ref().map(|server| server.anon().with_token(ann.token.clone().unwrap()));
    let mut made = Vec::new();
    for number in 0..10 {
        for group in &groups {
            made.push((group.clone(), world::post(&callers[number % 2], group, &format!("{number}")).await));
        }
    }
    receiver.wait_for(made.len()).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let came = told(&receiver);
    assert_eq!(came.len(), made.len(), "each once");
    for group in &groups {
        let of_group: Vec<&String> = made.iter().filter(|(of, _)| of == group).map(|(_, post)| post).collect();
        let in_order: Vec<&String> = came.iter().filter(|post| of_group.contains(post)).collect();
        assert_eq!(in_order, of_group);
    }
}
