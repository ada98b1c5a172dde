//! Events as a stream: what is told, to whom, in which order, and when it ends.

use std::collections::HashSet;
use std::time::Duration;

use praxis::auth::actor::PlatformRole;
use praxis::types::EventId;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{App, Caller, Case, served, world};

pub fn cases() -> Vec<Case> {
    served![
        everything_that_happens_is_told_once_in_its_order,
        each_learns_what_they_may_know_of,
        who_goes_on_after_an_event_misses_none,
        who_was_in_once_is_told_to_those_who_lead,
        a_group_that_is_hidden_is_gone_for_others,
        a_stream_goes_on_and_says_that_it_is_there,
        a_stream_ends_with_the_session,
        a_stream_ends_with_the_secret_that_opened_it,
        whether_an_article_names_a_group_is_told_to_who_may_know_of_it,
        who_leaves_learns_nothing_more,
        a_key_listens_within_its_groups,
        who_asks_for_the_head_alone_takes_no_seat,
        one_has_five_streams,
        nobody_listens_to_a_group_that_they_may_not_know_of,
        old_events_are_forgotten,
    ]
}

/// All events until now as this person learns of them: type and what they name.
async fn events(who: &Caller, query: &str) -> Vec<Value> {
    settled().await;
    let answer = who.get(format!("/events?follow=false{query}")).await.expect(200);
    told(&answer.text())
}

/// Events get their places a moment after they happen.
async fn settled() {
    tokio::time::sleep(Duration::from_millis(700)).await;
}

fn told(text: &str) -> Vec<Value> {
    let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
    data.map(|data| serde_json::from_str(data).unwrap()).collect()
}

fn types(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["type"].as_str().unwrap_or("reset")).collect()
}

/// One thing after the other in a group and with an article; the ids of the group, a post and a comment.
async fn let_happen(app: &App, ann: &Caller, bob: &Caller) -> [String; 3] {
    let admin = app.admin();
    let group = world::group(ann, "Falls", json!({})).await;
    world::member(bob, ann, &group).await;
    let post = world::post(bob, &group, "First").await;
    let comment = world::comment(ann, &post, None).await;
    bob.patch(format!("/posts/{post}"), json!({ "title": "Second" })).await.expect(200);
    ann.patch(format!("/comments/{comment}"), json!({ "body": "Other words" })).await.expect(200);
    ann.put(format!("/posts/{post}/pin"), json!({})).await.expect(200);
    ann.delete(format!("/comments/{comment}")).await.expect(204);
    ann.request(Method::POST, format!("/comments/{comment}/restore")).await.expect(200);
    bob.delete(format!("/posts/{post}")).await.expect(204);
    bob.request(Method::POST, format!("/posts/{post}/restore")).await.expect(200);
    ann.patch(format!("/groups/{group}/members/{}", bob.id()), json!({ "role": "facilitator" })).await.expect(200);
    bob.patch(format!("/groups/{group}/membership"), json!({ "display_name": "Robert" })).await.expect(200);
    bob.delete(format!("/groups/{group}/membership")).await.expect(204);
    let (cleo, import) = (app.user("Cleo"), format!("/groups/{group}/members:import"));
    let table = format!("user_id\n{}\n", cleo.id());
    admin.request(Method::POST, import).body("text/csv", table).await.expect(200);
    ann.patch(format!("/groups/{group}"), json!({ "summary": "Fewer" })).await.expect(200);
    ann.delete(format!("/groups/{group}")).await.expect(204);
    admin.post(format!("/admin/groups/{group}/restore"), json!({})).await.expect(200);
    let editor = app.person("Editor", PlatformRole::Editor);
    let article = world::article(&editor, "Piece", "published", &[]).await;
    editor.patch(format!("/articles/{article}"), json!({ "title": "Other" })).await.expect(200);
    let part = json!({ "group_id": group, "role": "tested" });
    editor.post(format!("/articles/{article}/contributions"), part).await.expect(201);
    let decision = format!("/articles/{article}/contributions/{group}/decision");
    ann.post(decision, json!({ "outcome": "accept" })).await.expect(200);
    editor.delete(format!("/articles/{article}/contributions/{group}")).await.expect(204);
    editor.delete(format!("/articles/{article}")).await.expect(204);
    // what is not out is told nobody
    let draft = json!({ "kind": "discussion", "title": "T", "body": "B", "status": "draft" });
    ann.post(format!("/groups/{group}/posts"), draft).await.expect(201);
    world::article(&editor, "Draft", "draft", &[]).await;
    [group, post, comment]
}

async fn everything_that_happens_is_told_once_in_its_order(app: App) {
    let (ann, bob) = (app.user("Ann"), app.user("Bob"));
    let [group, post, comment] = let_happen(&app, &ann, &bob).await;
    let heard = events(&ann, "").await;
    assert_eq!(
        types(&heard),
        [
            "group.created",
            "member.joined",
            "member.joined",
            "post.published",
            "comment.created",
            "post.updated",
            "comment.updated",
            "post.updated",
            "comment.deleted",
            "comment.restored",
            "post.deleted",
            "post.restored",
            "member.updated",
            "member.updated",
            "member.left",
            "member.joined",
            "group.updated",
            "group.restored",
            "article.published",
            "article.updated",
            "article.updated",
            "article.updated",
            "article.deleted",
        ]
    );
    assert_eq!(heard.iter().map(|event| &event["id"]).collect::<HashSet<_>>().len(), heard.len());
    let about = &heard[4]["data"];
    assert_eq!(
        (&about["group_id"], &about["post_id"], &about["comment_id"]),
        (&json!(group), &json!(post), &json!(comment))
    );
    assert_eq!(heard[2]["data"]["user_id"], bob.id().to_string());
    assert_eq!(events(&ann, &format!("&group_id={group}")).await.len(), heard.len() - 3);
}

async fn each_learns_what_they_may_know_of(app: App) {
    let (owner, member, stranger, admin) = (app.user("Owner"), app.user("Member"), app.user("Stranger"), app.admin());
    let by_request = json!({ "join_policy": "request", "visibility": "listed" });
    let listed = world::group(&owner, "Listed", by_request).await;
    world::member(&member, &owner, &listed).await;
    let post = world::post(&member, &listed, "Inside").await;
    let hidden = world::group(&owner, "Hidden", json!({ "visibility": "hidden" })).await;
    world::post(&owner, &hidden, "Secret").await;
    let outside = events(&stranger, "").await;
    assert_eq!(types(&outside), ["group.created"], "{outside:?}");
    // an administrator says why before they read what is not for them: not here
    let office = events(&admin, "").await;
    assert_eq!(types(&office), types(&outside), "{office:?}");
    let inside = events(&member, "").await;
    assert_eq!(types(&inside), ["group.created", "member.joined", "member.joined", "post.published"]);
    assert_eq!(inside[3]["data"]["post_id"], post);
    assert!(types(&events(&owner, "").await).contains(&"member.requested"), "whoever decides learns of requests");
    assert!(!serde_json::to_string(&events(&member, "").await).unwrap().contains(&hidden));
    // members learn that their hidden group is gone, others do not
    owner.delete(format!("/groups/{hidden}")).await.expect(204);
    assert_eq!(types(&events(&owner, &format!("&group_id={hidden}")).await), ["group.deleted"]);
    assert!(!serde_json::to_string(&events(&stranger, "").await).unwrap().contains(&hidden));
    app.anon().get("/events").await.expect_problem(401, "unauthenticated");
}

async fn who_was_in_once_is_told_to_those_who_lead(app: App) {
    let (owner, left, later) = (app.user("Owner"), app.user("Left"), app.user("Later"));
    let group = world::group(&owner, "Peers", json!({ "visibility": "listed" })).await;
    world::member(&left, &owner, &group).await;
    left.delete(format!("/groups/{group}/membership")).await.expect(204);
    world::member(&later, &owner, &group).await;
    let heard = events(&later, "").await;
    assert!(!serde_json::to_string(&heard).unwrap().contains(&left.id().to_string()), "{heard:?}");
    assert_eq!(types(&heard), ["group.created", "member.joined", "member.joined"]);
    assert!(types(&events(&owner, "").await).contains(&"member.left"));
}

async fn a_group_that_is_hidden_is_gone_for_others(app: App) {
    let (owner, stranger) = (app.user("Owner"), app.user("Stranger"));
    let group = world::group(&owner, "Peers", json!({})).await;
    owner.patch(format!("/groups/{group}"), json!({ "visibility": "hidden" })).await.expect(200);
    owner.patch(format!("/groups/{group}"), json!({ "summary": "Secret" })).await.expect(200);
    let heard = events(&stranger, "").await;
    assert_eq!((types(&heard), &heard[0]["data"]["group_id"]), (vec!["group.deleted"], &json!(group)));
    assert!(!types(&events(&owner, "").await).contains(&"group.deleted"));
}

async fn a_stream_ends_with_the_secret_that_opened_it(app: App) {
    let (ann, bob) = (app.user("Ann"), app.user("Bob"));
    let group = world::group(&ann, "Falls", json!({})).await;
    let issued = bob.post("/me/api-keys", json!({ "name": "N", "scopes": ["events:read"] })).await.expect(201);
    settled().await;
    let mut stream = listen(&app, &bob.with_token(issued["secret"].as_str().unwrap())).await;
    hear(&mut stream, "welcome").await;
    let path = format!("/me/api-keys/{}/secrets", issued["key"]["id"].as_str().unwrap());
    bob.post(path, json!({ "overlap_minutes": 0 })).await.expect(201);
    world::post(&ann, &group, "Not for a thief").await;
    let rest = tokio::time::timeout(Duration::from_secs(5), stream.text()).await.expect("it goes on").unwrap();
    assert!(!rest.contains("data: "), "{rest}");
}

async fn who_goes_on_after_an_event_misses_none(app: App) {
    let ann = app.user("Ann");
    let group = world::group(&ann, "Falls", json!({})).await;
    let first = events(&ann, "").await;
    let last = first.last().unwrap()["id"].as_str().unwrap().to_owned();
    let post = world::post(&ann, &group, "Later").await;
    settled().await;
    let again = ann.get("/events?follow=false").header("last-event-id", &last).await.expect(200);
    let heard = told(&again.text());
    assert_eq!((types(&heard), &heard[0]["data"]["post_id"]), (vec!["post.published"], &json!(post)));
    // what is forgotten, or never was, is said
    let unknown = EventId::new().to_string();
    let again = ann.get("/events?follow=false").header("last-event-id", &unknown).await.expect(200);
    assert!(again.text().contains("event: reset"), "{again}");
    assert_eq!(types(&told(&again.text())).len(), first.len() + 2);
    for malformed in ["x", "1", "", "019aaf5c"] {
        ann.get("/events").header("last-event-id", malformed).await.expect_field(400, "Last-Event-ID", "malformed");
    }
    ann.get("/events?follow=maybe").await.expect_field(400, "follow", "malformed");
}

/// Reads from an open stream until a text occurs; what was read.
async fn hear(response: &mut reqwest::Response, text: &str) -> String {
    let mut heard = String::new();
    while !heard.contains(text) {
        let chunk = tokio::time::timeout(Duration::from_secs(20), response.chunk()).await;
        let chunk = chunk.unwrap_or_else(|_| panic!("no {text} in {heard}")).unwrap();
        heard.push_str(std::str::from_utf8(&chunk.unwrap_or_else(|| panic!("it ended: {heard}"))).unwrap());
    }
    heard
}

async fn listen(app: &App, who: &Caller) -> reqwest::Response {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("http://{}/api/v1/events", app.address());
    let response = client.get(url).bearer_auth(who.token.as_ref().unwrap()).header("accept-encoding", "gzip").send();
    let response = response.await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    assert!(!response.headers().contains_key("etag"));
    response
}

async fn a_stream_goes_on_and_says_that_it_is_there(app: App) {
    let (ann, bob) = (app.user("Ann"), app.user("Bob"));
    let group = world::group(&ann, "Before", json!({})).await;
    settled().await;
    let mut stream = listen(&app, &bob).await;
    hear(&mut stream, "welcome").await;
    let post = world::post(&ann, &group, "Now").await;
    let heard = hear(&mut stream, "data: ").await;
    assert!(heard.contains("event: post.published") && heard.contains(&post), "{heard}");
    assert!(!heard.contains("group.created"), "what was before: {heard}");
    hear(&mut stream, "still here").await;
}

async fn a_stream_ends_with_the_session(app: App) {
    let (ann, bob) = (app.user("Ann"), app.user("Bob"));
    let group = world::group(&ann, "Falls", json!({})).await;
    settled().await;
    let mut stream = listen(&app, &bob).await;
    hear(&mut stream, "welcome").await;
    bob.delete("/auth/sessions/current").await.expect(204);
    world::post(&ann, &group, "Not for Bob").await;
    let rest = tokio::time::timeout(Duration::from_secs(5), stream.text()).await.expect("it goes on").unwrap();
    assert!(!rest.contains("data: "), "{rest}");
}

async fn whether_an_article_names_a_group_is_told_to_who_may_know_of_it(app: App) {
    let (ann, stranger) = (app.user("Ann"), app.user("Stranger"));
    let group = world::group(&ann, "Hidden", json!({})).await;
    let editor = app.person("Editor", PlatformRole::Editor);
    world::member(&editor, &ann, &group).await;
    ann.patch(format!("/groups/{group}"), json!({ "visibility": "hidden" })).await.expect(200);
    let article = world::article(&editor, "Piece", "published", &[]).await;
    let parts = format!("/articles/{article}/contributions");
    let part = json!({ "group_id": group, "role": "tested" });
    editor.post(&parts, part).await.expect(201);
    ann.post(format!("{parts}/{group}/decision"), json!({ "outcome": "accept" })).await.expect(200);
    editor.delete(format!("{parts}/{group}")).await.expect(204);
    settled().await;
    let heard = events(&ann, "").await;
    let told: Vec<&Value> = heard.iter().filter(|event| event["type"] == "article.updated").collect();
    assert_eq!(told.len(), 2, "{heard:?}");
    assert!(told.iter().all(|event| event["data"]["group_id"] == group.as_str()));
    let elsewhere = events(&stranger, "").await;
    // for a stranger the group is gone since it is hidden
    assert_eq!(types(&elsewhere), ["group.deleted", "article.published"]);
}

async fn who_leaves_learns_nothing_more(app: App) {
    let (ann, bob) = (app.user("Ann"), app.user("Bob"));
    let group = world::group(&ann, "Falls", json!({ "visibility": "listed" })).await;
    world::member(&bob, &ann, &group).await;
    settled().await;
    let mut stream = listen(&app, &bob).await;
    hear(&mut stream, "welcome").await;
    ann.delete(format!("/groups/{group}/members/{}", bob.id())).await.expect(204);
    world::post(&ann, &group, "Not for Bob").await;
    ann.patch(format!("/groups/{group}"), json!({ "summary": "For all" })).await.expect(200);
    let heard = hear(&mut stream, "group.updated").await;
    assert!(!heard.contains("post.published"), "{heard}");
}

async fn a_key_listens_within_its_groups(app: App) {
    let ann = app.user("Ann");
    let [one, other] = [world::group(&ann, "One", json!({})).await, world::group(&ann, "Other", json!({})).await];
    world::article(&app.person("Editor", PlatformRole::Editor), "Piece", "published", &[]).await;
    let issued = json!({ "name": "N", "scopes": ["events:read"], "group_ids": [one] });
    let issued = ann.post("/me/api-keys", issued).await.expect(201);
    let program = ann.with_token(issued["secret"].as_str().unwrap());
    let heard = events(&program, "").await;
    assert_eq!(types(&heard), ["group.created", "member.joined"]);
    assert!(!serde_json::to_string(&heard).unwrap().contains(&other));
    // nor of the end of others
    for group in [&one, &other] {
        ann.delete(format!("/groups/{group}")).await.expect(204);
    }
    settled().await;
    let heard = events(&program, "").await;
    assert_eq!((types(&heard), &heard[0]["data"]["group_id"]), (vec!["group.deleted"], &json!(one)));
    let reader = ann.post("/me/api-keys", json!({ "name": "N", "scopes": ["groups:read"] })).await.expect(201);
    let reader = ann.with_token(reader["secret"].as_str().unwrap());
    reader.get("/events").await.expect_problem(403, "insufficient_scope");
}

async fn who_asks_for_the_head_alone_takes_no_seat(app: App) {
    let ann = app.user("Ann");
    for _ in 0..7 {
        let head = ann.request(Method::HEAD, "/events").await.expect(200);
        assert_eq!(head.header("content-type"), "text/event-stream");
    }
}

async fn one_has_five_streams(app: App) {
    let ann = app.user("Ann");
    let mut open = Vec::new();
    for _ in 0..5 {
        let mut stream = listen(&app, &ann).await;
        hear(&mut stream, "welcome").await;
        open.push(stream);
    }
    let refused = ann.get("/events").await.expect_problem(429, "rate_limited");
    assert_eq!(refused.header("retry-after"), "5");
    app.user("Bob").get("/events?follow=false").await.expect(200);
    // whoever has closed a connection need not wait until that is noticed
    drop(open);
    let mut again = Vec::new();
    for _ in 0..5 {
        again.push(listen(&app, &ann).await);
    }
}

async fn nobody_listens_to_a_group_that_they_may_not_know_of(app: App) {
    let (ann, bob) = (app.user("Ann"), app.user("Bob"));
    let hidden = world::group(&ann, "Hidden", json!({ "visibility": "hidden" })).await;
    for group in [hidden.clone(), praxis::types::GroupId::new().to_string()] {
        bob.get(format!("/events?group_id={group}")).await.expect_field(400, "group_id", "unknown");
    }
    // nor does an administrator, who hears what everybody hears
    app.admin().get(format!("/events?group_id={hidden}")).await.expect_field(400, "group_id", "unknown");
    assert_eq!(types(&events(&ann, &format!("&group_id={hidden}")).await), ["group.created", "member.joined"]);
    assert!(events(&bob, &format!("&group_id={hidden}")).await.is_empty());
}

async fn old_events_are_forgotten(app: App) {
    let ann = app.user("Ann");
    world::group(&ann, "Falls", json!({})).await;
    settled().await;
    let now = praxis::types::Timestamp::now();
    let purge = |at| app.in_database(|conn| praxis::api::events::purge_due(conn, at));
    assert_eq!(purge(now.after(Duration::from_hours(6 * 24))), 0);
    // the last place stays known
    assert_eq!(purge(now.after(Duration::from_hours(8 * 24))), 1);
    assert_eq!(types(&events(&ann, "").await), ["member.joined"]);
}
