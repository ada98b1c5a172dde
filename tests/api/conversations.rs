//! The life of a conversation: drafts and schedules, former texts, bringing back, pinning, locking, moving, threads, reactions,
//! what is kept, followed and unread.

use std::time::Duration;

use praxis::api::posts;
use praxis::db::in_transaction;
use praxis::types::{PostId, Timestamp};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::world::{self, comment, group, join, member, member_as, micros, post, run_jobs};
use crate::support::{App, Caller, Case, on_each, served};

pub fn cases() -> Vec<Case> {
    served![
        a_draft_is_nobody_elses_and_no_activity,
        a_scheduled_post_comes_out_once_at_its_time,
        what_may_not_come_out_any_more_becomes_a_draft,
        a_schedule_is_refused_by_the_field_that_is_wrong,
        what_a_post_has_besides_is_kept_checked_and_found,
        former_texts_are_for_those_who_read_the_post,
        who_may_not_write_any_more_brings_nothing_back,
        what_was_deleted_comes_back_as_it_was,
        what_was_deleted_long_ago_is_gone_for_good,
        a_post_is_pinned_until_its_time,
        a_locked_conversation_is_answered_by_those_who_lead,
        a_question_has_an_answer,
        a_moved_conversation_takes_its_dates_along,
        nothing_moves_into_the_open_or_out_of_its_names,
        threads_are_read_level_by_level,
        everybody_reacts_once_in_each_way,
        what_is_unread_is_right_for_new_members_too,
        what_was_being_written_while_one_read_stays_unread,
        what_waits_for_its_turn_is_dated_when_it_has_it,
        the_feed_has_what_is_new_in_ones_groups,
        the_first_activity_is_when_the_group_was_last_active,
        a_cursor_stays_with_its_post_when_it_moves,
    ]
}

fn words(title: &str) -> Value {
    json!({ "kind": "discussion", "title": title, "body": format!("The text of {title}.") })
}

fn with(mut body: Value, mut more: Value) -> Value {
    body.as_object_mut().unwrap().append(more.as_object_mut().unwrap());
    body
}

async fn put(who: &Caller, path: String) -> crate::support::Answer {
    who.request(Method::PUT, path).await
}

async fn call(who: &Caller, path: String) -> crate::support::Answer {
    who.request(Method::POST, path).await
}

async fn last_active(who: &Caller, group: &str) -> Value {
    who.get(format!("/groups/{group}")).await.expect(200)["last_active_at"].clone()
}

fn in_hours(hours: u64) -> Timestamp {
    Timestamp::now().after(Duration::from_hours(hours))
}

async fn a_draft_is_nobody_elses_and_no_activity(app: App) {
    let (owner, ann, ben, admin) = (app.user("owner"), app.user("ann"), app.user("ben"), app.admin());
    let id = group(&owner, "Circle", json!({})).await;
    member(&ann, &owner, &id).await;
    member(&ben, &owner, &id).await;
    let path = format!("/groups/{id}/posts");
    let draft = ann.post(&path, with(words("Draft"), json!({ "status": "draft" }))).await.expect(201);
    assert_eq!((&draft["status"], &draft["published_at"]), (&json!("draft"), &Value::Null));
    assert_eq!(draft["viewer"]["can"], json!(["edit", "delete"]));
    let one = format!("/posts/{}", draft.id());
    ann.get(&one).await.expect(200);
    for other in [&owner, &ben, &admin, &app.anon()] {
        other.get(&one).await.expect_problem(404, "not_found");
        other.get(format!("{one}/comments")).await.expect_problem(404, "not_found");
        assert_eq!(other.get(&path).await.expect(200).items().len(), 0);
    }
    ben.post(format!("{one}/comments"), json!({ "body": "B" })).await.expect_problem(404, "not_found");
    ben.patch(&one, json!({ "title": "Mine" })).await.expect_problem(404, "not_found");
    assert_eq!(owner.get(format!("{path}?status=draft")).await.expect(200).items().len(), 0);
    assert_eq!(ann.get(format!("{path}?status=draft")).await.expect(200).each("id"), [draft.id()]);
    put(&ann, format!("{one}/read")).await.expect_problem(409, "invalid_state");
    ann.post(format!("{one}/comments"), json!({ "body": "B" })).await.expect_problem(409, "invalid_state");
    let changed = ann.patch(&one, json!({ "body": "Better" })).await.expect(200);
    assert_eq!(changed["edited_at"], Value::Null, "nobody has read it yet");
    assert_eq!(last_active(&owner, &id).await, Value::Null);
    let published = ann.patch(&one, json!({ "status": "published" })).await.expect(200);
    assert_eq!(last_active(&owner, &id).await, published["published_at"]);
    assert!(micros(&published["published_at"]) > micros(&published["created_at"]));
    ann.patch(&one, json!({ "status": "draft" })).await.expect_problem(409, "invalid_state");
    assert_eq!(app.in_database(praxis::doctor::examine), []);
}

async fn a_scheduled_post_comes_out_once_at_its_time(app: App) {
    let (owner, ann) = (app.user("owner"), app.user("ann"));
    let id = group(&owner, "Circle", json!({})).await;
    member(&ann, &owner, &id).await;
    let body = with(words("Later"), json!({ "status": "scheduled", "publish_at": in_hours(1).to_string() }));
    let later = ann.post(format!("/groups/{id}/posts"), body).await.expect(201);
    let one = format!("/posts/{}", later.id());
    assert_eq!(run_jobs(&app, Timestamp::now()), 0, "too early");
    owner.get(&one).await.expect_problem(404, "not_found");
    // several servers look at the same moment
    let due = in_hours(2);
    let tried: usize = std::thread::scope(|scope| {
        let runs: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let mut conn = app.database.connect();
                    let run = |conn: &mut praxis::db::Conn| {
                        praxis::db::in_transaction(conn, |conn| posts::queries::publish_due(conn, due))
                    };
                    run(&mut conn).unwrap()
                })
            })
            .collect();
        runs.into_iter().map(|run| run.join().unwrap()).sum()
    });
    assert_eq!(tried, 1, "once");
    let out = owner.get(&one).await.expect(200);
    assert_eq!((&out["status"], &out["publish_at"]), (&json!("published"), &Value::Null));
    assert_eq!(out["published_at"], json!(due.to_string()), "when it came out, not when it was planned");
    assert_eq!(last_active(&owner, &id).await, out["published_at"]);
    let told = ann.get("/me/notifications").await.expect(200);
    assert_eq!(told.each("kind"), ["post_published"]);
    assert_eq!(app.in_database(praxis::doctor::examine), []);
}

async fn what_may_not_come_out_any_more_becomes_a_draft(app: App) {
    let owner = app.user("owner");
    let id = group(&owner, "Circle", json!({})).await;
    let planned = async |who: &Caller| {
        let body = with(words("Later"), json!({ "status": "scheduled", "publish_at": in_hours(1).to_string() }));
        who.post(format!("/groups/{id}/posts"), body).await.expect(201).id()
    };
    let (gone, deleted) = (app.user("gone"), app.user("deleted"));
    for person in [&gone, &deleted] {
        member(person, &owner, &id).await;
    }
    let of_gone = planned(&gone).await;
    let of_deleted = planned(&deleted).await;
    gone.delete(format!("/groups/{id}/membership")).await.expect(204);
    deleted.delete("/me").await.expect(204);
    run_jobs(&app, in_hours(2));
    owner.get(format!("/posts/{of_gone}")).await.expect_problem(404, "not_found");
    owner.get(format!("/posts/{of_deleted}")).await.expect_problem(404, "not_found");
    assert_eq!(gone.get(format!("/posts/{of_gone}")).await.expect(200)["status"], "draft");
    assert_eq!(gone.get("/me/notifications").await.expect(200).each("kind"), ["post_not_published"]);
    assert_eq!(last_active(&owner, &id).await, Value::Null);
    // archived meanwhile
    let archived = planned(&owner).await;
    owner.patch(format!("/groups/{id}"), json!({ "status": "archived" })).await.expect(200);
    run_jobs(&app, in_hours(2));
    assert_eq!(owner.get(format!("/posts/{archived}")).await.expect(200)["status"], "draft");
}

async fn a_schedule_is_refused_by_the_field_that_is_wrong(app: App) {
    let ann = app.user("ann");
    let id = group(&ann, "Circle", json!({})).await;
    let path = format!("/groups/{id}/posts");
    let past = Timestamp::now().before(Duration::from_secs(1)).to_string();
    for (more, pointer, code) in [
        (json!({ "status": "scheduled" }), "/publish_at", "missing"),
        (json!({ "status": "scheduled", "publish_at": past }), "/publish_at", "past"),
        (json!({ "status": "scheduled", "publish_at": in_hours(24 * 400).to_string() }), "/publish_at", "too_late"),
        (json!({ "status": "scheduled", "publish_at": "tomorrow" }), "/publish_at", "bad_time"),
        (json!({ "status": "draft", "publish_at": in_hours(1).to_string() }), "/publish_at", "conflict"),
        (json!({ "publish_at": in_hours(1).to_string() }), "/publish_at", "conflict"),
        (json!({ "status": "deleted" }), "/status", "unknown_value"),
        (json!({ "link_url": "https://example.org" }), "/link_url", "conflict"),
        (json!({ "kind": "resource" }), "/link_url", "missing"),
        (json!({ "kind": "resource", "link_url": "javascript:alert(1)" }), "/link_url", "bad_url"),
        (json!({ "language": "english!" }), "/language", "bad_language"),
        (json!({ "content_warnings": ["spiders"] }), "/content_warnings/0", "unknown_value"),
        (
            json!({ "tags": vec!["a"; 1].into_iter().cycle().take(21).enumerate().map(|(n, a)| format!("{a}{n}")).collect::<Vec<_>>() }),
            "/tags",
            "too_many",
        ),
    ] {
        ann.post(&path, with(words("T"), more)).await.expect_field(422, pointer, code);
    }
    for _ in 0..100 {
        ann.post(&path, with(words("T"), json!({ "status": "draft" }))).await.expect(201);
    }
    let more = ann.post(&path, with(words("T"), json!({ "status": "draft" }))).await;
    more.expect_field(422, "/status", "too_many");
    assert_eq!(last_active(&ann, &id).await, Value::Null);
}

async fn what_a_post_has_besides_is_kept_checked_and_found(app: App) {
    let ann = app.user("ann");
    let id = group(&ann, "Circle", json!({})).await;
    let path = format!("/groups/{id}/posts");
    let more = json!({
        "kind": "resource", "link_url": "https://example.org/guide", "tags": ["Falls", "falls", "Home visits"],
        "content_warnings": ["death", "self_harm", "death"], "language": "cy-GB", "body": "**Read** <b>this</b>",
    });
    let made = ann.post(&path, with(words("Guide"), more)).await.expect(201);
    assert_eq!((&made["link_url"], &made["language"]), (&json!("https://example.org/guide"), &json!("cy-GB")));
    assert_eq!(
        (&made["tags"], &made["content_warnings"]),
        (&json!(["Falls", "Home visits"]), &json!(["death", "self_harm"]))
    );
    assert_eq!(made["body_html"], "<p><strong>Read</strong> &lt;b&gt;this&lt;/b&gt;</p>\n");
    post(&ann, &id, "Other").await;
    for (query, titles) in [
        ("tag=falls", vec!["Guide"]),
        ("tag=HOME%20VISITS", vec!["Guide"]),
        ("tag=home", vec![]),
        ("kind=resource&unanswered=true", vec!["Guide"]),
        ("unanswered=false", vec![]),
        ("pinned=true", vec![]),
        ("pinned=false", vec!["Other", "Guide"]),
    ] {
        assert_eq!(ann.get(format!("{path}?{query}")).await.expect(200).each("title"), titles, "{query}");
    }
    let one = format!("/posts/{}", made.id());
    let patch = json!({ "language": null, "tags": [], "content_warnings": [], "link_url": "https://example.org/new" });
    let changed = ann.patch(&one, patch).await.expect(200);
    assert_eq!((&changed["language"], &changed["tags"]), (&Value::Null, &json!([])));
    assert_eq!((&changed["link_url"], &changed["edited_at"]), (&json!("https://example.org/new"), &Value::Null));
    ann.patch(&one, json!({ "link_url": null })).await.expect_field(422, "/link_url", "wrong_type");
}

async fn former_texts_are_for_those_who_read_the_post(app: App) {
    let (ann, ben) = (app.user("ann"), app.user("ben"));
    let id = group(&ann, "Circle", json!({})).await;
    let made = ann.post(format!("/groups/{id}/posts"), words("First")).await.expect(201);
    let one = format!("/posts/{}", made.id());
    for body in ["Second", "Third", "Third"] {
        ann.patch(&one, json!({ "body": body })).await.expect(200);
    }
    let told = ben.get(format!("{one}/revisions?limit=1")).await.expect(200);
    assert_eq!(told.each("body"), ["Second"]);
    let cursor = told["next_cursor"].as_str().unwrap();
    let rest = ben.get(format!("{one}/revisions?cursor={cursor}&limit=1")).await.expect(200);
    assert_eq!((rest.each("title"), rest.each("body")), (vec!["First"], vec!["The text of First."]));
    let said = ann.post(format!("{one}/comments"), json!({ "body": "One" })).await.expect(201).id();
    ann.patch(format!("/comments/{said}"), json!({ "body": "Two" })).await.expect(200);
    assert_eq!(ben.get(format!("/comments/{said}/revisions")).await.expect(200).each("body"), ["One"]);
    ann.patch(format!("/groups/{id}"), json!({ "visibility": "listed" })).await.expect(200);
    for path in [format!("{one}/revisions"), format!("/comments/{said}/revisions")] {
        ben.get(path).await.expect_problem(404, "not_found");
    }
}

async fn who_may_not_write_any_more_brings_nothing_back(app: App) {
    let (owner, ann) = (app.user("owner"), app.user("ann"));
    let id = group(&owner, "Circle", json!({})).await;
    member(&ann, &owner, &id).await;
    let (mine, thread) = (post(&ann, &id, "Mine").await, post(&owner, &id, "Words").await);
    let said = comment(&ann, &thread, None).await;
    let (one, other) = (format!("/posts/{mine}"), format!("/comments/{said}"));
    ann.delete(&one).await.expect(204);
    ann.delete(&other).await.expect(204);
    owner.put(format!("/posts/{thread}/lock"), json!({})).await.expect(200);
    ann.post(format!("{other}/restore"), json!({})).await.expect_problem(404, "not_found");
    owner.delete(format!("/posts/{thread}/lock")).await.expect(200);
    owner.patch(format!("/groups/{id}/members/{}", ann.id()), json!({ "state": "banned" })).await.expect(200);
    for path in [&one, &other] {
        ann.post(format!("{path}/restore"), json!({})).await.expect_problem(404, "not_found");
    }
}

async fn what_was_deleted_comes_back_as_it_was(app: App) {
    let (owner, ann, ben) = (app.user("owner"), app.user("ann"), app.user("ben"));
    let id = group(&owner, "Circle", json!({})).await;
    for person in [&ann, &ben] {
        member(person, &owner, &id).await;
    }
    let thread = post(&ann, &id, "Words").await;
    let top = comment(&ben, &thread, None).await;
    let leaf = comment(&ann, &thread, Some(&top)).await;
    let before = last_active(&owner, &id).await;
    let one = format!("/posts/{thread}");
    ann.delete(&one).await.expect(204);
    assert_eq!(last_active(&owner, &id).await, Value::Null);
    call(&ben, format!("{one}/restore")).await.expect_problem(404, "not_found");
    let listed = format!("/groups/{id}/posts?status=deleted");
    assert_eq!(ben.get(&listed).await.expect(200).items().len(), 0);
    assert_eq!(ann.get(&listed).await.expect(200).each("id"), [&*thread]);
    assert!(ann.get(&listed).await.expect(200).items()[0]["deleted_at"].is_string());
    let back = call(&ann, format!("{one}/restore")).await.expect(200);
    assert_eq!((&back["comment_count"], &back["deleted_at"]), (&json!(2), &Value::Null));
    assert_eq!(last_active(&owner, &id).await, before);
    call(&ann, format!("{one}/restore")).await.expect_problem(409, "invalid_state");
    // what others took away, its author does not bring back
    owner.delete(&one).await.expect(204);
    call(&ann, format!("{one}/restore")).await.expect_problem(404, "not_found");
    call(&owner, format!("{one}/restore")).await.expect(200);
    let log = owner.get(format!("/groups/{id}/audit-log?action=content_restored")).await.expect(200);
    assert_eq!(log.items().len(), 1);
    // comments: the place stays, then the words come back
    ann.delete(format!("/comments/{leaf}")).await.expect(204);
    ben.delete(format!("/comments/{top}")).await.expect(204);
    assert_eq!(owner.get(format!("{one}/comments")).await.expect(200).items().len(), 0);
    call(&ann, format!("/comments/{leaf}/restore")).await.expect(200);
    let shape = owner.get(format!("{one}/comments")).await.expect(200);
    let shown: Vec<_> = shape.items().iter().map(|item| (&item["is_deleted"], &item["reply_count"])).collect();
    assert_eq!(shown, [(&json!(true), &json!(1)), (&json!(false), &json!(0))]);
    call(&owner, format!("/comments/{top}/restore")).await.expect(200);
    assert_eq!(owner.get(&one).await.expect(200)["comment_count"], 2);
    assert_eq!(app.in_database(praxis::doctor::examine), []);
}

async fn what_was_deleted_long_ago_is_gone_for_good(app: App) {
    let ann = app.user("ann");
    let id = group(&ann, "Circle", json!({})).await;
    let (gone, kept) = (post(&ann, &id, "Gone").await, post(&ann, &id, "Kept").await);
    let below = comment(&ann, &gone, None).await;
    comment(&ann, &gone, Some(&below)).await;
    let top = ann.post(format!("/posts/{kept}/comments"), json!({ "body": "Zyx" })).await.expect(201).id();
    ann.patch(format!("/comments/{top}"), json!({ "body": "Zyx again" })).await.expect(200);
    comment(&ann, &kept, Some(&top)).await;
    put(&ann, format!("/posts/{gone}/reactions/like")).await.expect(200);
    ann.delete(format!("/posts/{gone}")).await.expect(204);
    ann.delete(format!("/comments/{top}")).await.expect(204);
    run_jobs(&app, in_hours(24 * 29));
    call(&ann, format!("/posts/{gone}/restore")).await.expect(200);
    ann.delete(format!("/posts/{gone}")).await.expect(204);
    run_jobs(&app, in_hours(24 * 31));
    call(&ann, format!("/posts/{gone}/restore")).await.expect_problem(404, "not_found");
    let left = app.in_database(|conn| Ok(crate::regressions::columns_with(conn, "Zyx")));
    assert_eq!(left, [""; 0], "the words are gone, the place is not");
    let shape = ann.get(format!("/posts/{kept}/comments")).await.expect(200);
    assert_eq!(shape.items().len(), 2);
    assert_eq!(run_jobs(&app, in_hours(24 * 31)), 0, "nothing is left to do");
    assert_eq!(app.in_database(praxis::doctor::examine), []);
}

async fn a_post_is_pinned_until_its_time(app: App) {
    let ann = app.user("ann");
    let id = group(&ann, "Circle", json!({})).await;
    let thread = post(&ann, &id, "Words").await;
    let one = format!("/posts/{thread}/pin");
    let past = Timestamp::now().before(Duration::from_secs(1)).to_string();
    ann.put(&one, json!({ "until": past })).await.expect_field(422, "/until", "past");
    let until = Timestamp::now().after(Duration::from_millis(1500)).to_string();
    let pinned = ann.put(&one, json!({ "until": until })).await.expect(200);
    assert_eq!((&pinned["is_pinned"], &pinned["pinned_until"]), (&json!(true), &json!(until)));
    let listed = format!("/groups/{id}/posts?pinned=true");
    assert_eq!(ann.get(&listed).await.expect(200).each("id"), [&*thread]);
    tokio::time::sleep(Duration::from_millis(1600)).await;
    assert_eq!(ann.get(&listed).await.expect(200).items().len(), 0, "by itself");
    assert_eq!(ann.get(format!("/posts/{thread}")).await.expect(200)["pinned_until"], Value::Null);
    assert_eq!(ann.put(&one, json!({})).await.expect(200)["is_pinned"], true);
    assert_eq!(ann.delete(&one).await.expect(200)["is_pinned"], false);
}

async fn a_locked_conversation_is_answered_by_those_who_lead(app: App) {
    let (owner, ann) = (app.user("owner"), app.user("ann"));
    let id = group(&owner, "Circle", json!({})).await;
    member(&ann, &owner, &id).await;
    let thread = post(&ann, &id, "Words").await;
    let said = comment(&ann, &thread, None).await;
    owner.put(format!("/posts/{thread}/lock"), json!({ "reason": "Enough" })).await.expect(200);
    ann.post(format!("/posts/{thread}/comments"), json!({ "body": "But" })).await.expect_problem(409, "locked");
    ann.patch(format!("/comments/{said}"), json!({ "body": "But" })).await.expect_problem(409, "locked");
    let shown = ann.get(format!("/posts/{thread}")).await.expect(200);
    assert_eq!((&shown["is_locked"], &shown["viewer"]["can"]), (&json!(true), &json!(["delete", "react", "share"])));
    ann.patch(format!("/posts/{thread}"), json!({ "body": "But" })).await.expect_problem(409, "locked");
    comment(&owner, &thread, Some(&said)).await;
    put(&ann, format!("/posts/{thread}/reactions/thanks")).await.expect(200);
    let log = owner.get(format!("/groups/{id}/audit-log?action=post_locked")).await.expect(200);
    assert_eq!(log.items()[0]["reason"], "Enough");
    owner.delete(format!("/posts/{thread}/lock")).await.expect(200);
    comment(&ann, &thread, None).await;
}

async fn a_question_has_an_answer(app: App) {
    let (owner, ann, ben) = (app.user("owner"), app.user("ann"), app.user("ben"));
    let id = group(&owner, "Circle", json!({})).await;
    for person in [&ann, &ben] {
        member(person, &owner, &id).await;
    }
    let body = with(words("How?"), json!({ "kind": "question" }));
    let question = ann.post(format!("/groups/{id}/posts"), body).await.expect(201).id();
    let answer = comment(&ben, &question, None).await;
    let other = comment(&owner, &post(&ann, &id, "Other").await, None).await;
    let path = format!("/posts/{question}/accepted-answer");
    ben.put(&path, json!({ "comment_id": answer })).await.expect_problem(403, "forbidden");
    ann.put(&path, json!({ "comment_id": other })).await.expect_field(422, "/comment_id", "unknown");
    let accepted = ann.put(&path, json!({ "comment_id": answer })).await.expect(200);
    assert_eq!(accepted["accepted_comment_id"], json!(answer));
    assert_eq!(ben.get(format!("/comments/{answer}")).await.expect(200)["is_accepted"], true);
    // an answer that is deleted answers nothing
    ben.delete(format!("/comments/{answer}")).await.expect(204);
    assert_eq!(ann.get(format!("/posts/{question}")).await.expect(200)["accepted_comment_id"], Value::Null);
    call(&ben, format!("/comments/{answer}/restore")).await.expect(200);
    ann.put(&path, json!({ "comment_id": answer })).await.expect(200);
    assert_eq!(ann.delete(&path).await.expect(200)["accepted_comment_id"], Value::Null);
    let discussion = post(&ann, &id, "No question").await;
    let said = comment(&ben, &discussion, None).await;
    let path = format!("/posts/{discussion}/accepted-answer");
    ann.put(path, json!({ "comment_id": said })).await.expect_problem(409, "invalid_state");
}

async fn a_moved_conversation_takes_its_dates_along(app: App) {
    let (owner, ann) = (app.user("owner"), app.user("ann"));
    let (from, to) = (group(&owner, "From", json!({})).await, group(&owner, "To", json!({})).await);
    for id in [&from, &to] {
        member(&ann, &owner, id).await;
    }
    let kept = owner.post(format!("/groups/{from}/posts"), words("Kept")).await.expect(201);
    let thread = post(&ann, &from, "Moved").await;
    let said = comment(&owner, &thread, None).await;
    let at = ann.get(format!("/comments/{said}")).await.expect(200)["created_at"].clone();
    owner.put(format!("/posts/{thread}/pin"), json!({})).await.expect(200);
    let moved = owner.act(format!("/posts/{thread}/move"), json!({ "group_id": to, "reason": "Off topic" })).await;
    let moved = moved.expect(200);
    assert_eq!((&moved["group_id"], &moved["is_pinned"]), (&json!(to), &json!(false)));
    assert_eq!(last_active(&owner, &from).await, kept["published_at"]);
    assert_eq!(last_active(&owner, &to).await, at);
    assert_eq!(ann.get(format!("/comments/{said}")).await.expect(200)["group_id"], json!(to));
    for id in [&from, &to] {
        let log = owner.get(format!("/groups/{id}/audit-log?action=post_moved")).await.expect(200);
        assert_eq!(log.items()[0]["reason"], "Off topic");
    }
    assert_eq!(app.in_database(praxis::doctor::examine), []);
}

async fn nothing_moves_into_the_open_or_out_of_its_names(app: App) {
    let (owner, ann) = (app.user("owner"), app.user("ann"));
    let settings = |visibility: &str| json!({ "visibility": visibility, "join_policy": "open" });
    let hidden = group(&owner, "Hidden", settings("hidden")).await;
    let (listed, public) =
        (group(&owner, "Listed", settings("listed")).await, group(&owner, "Public", json!({})).await);
    let thread = post(&owner, &listed, "Words").await;
    let to = |id: &str| json!({ "group_id": id });
    let path = format!("/posts/{thread}/move");
    owner.act(&path, to(&public)).await.expect_field(422, "/group_id", "more_open");
    owner.act(&path, to(&listed)).await.expect_field(422, "/group_id", "conflict");
    owner.act(&path, to(&praxis::types::GroupId::new().to_string())).await.expect_field(422, "/group_id", "unknown");
    // a name of the group's own would become the account's
    world::member(&ann, &owner, &listed).await;
    ann.patch(format!("/groups/{listed}/membership"), json!({ "display_name": "Heron" })).await.expect(200);
    let said = comment(&ann, &thread, None).await;
    owner.act(&path, to(&hidden)).await.expect_field(422, "/group_id", "pseudonyms");
    ann.patch(format!("/groups/{listed}/membership"), json!({ "display_name": null })).await.expect(200);
    // nor the account's name one of the other group's own
    let third = group(&owner, "Third", settings("listed")).await;
    member(&ann, &owner, &third).await;
    ann.patch(format!("/groups/{third}/membership"), json!({ "display_name": "Otter" })).await.expect(200);
    owner.act(&path, to(&third)).await.expect_field(422, "/group_id", "pseudonyms");
    owner.act(&path, to(&hidden)).await.expect(200);
    ann.get(format!("/comments/{said}")).await.expect_problem(404, "not_found");
    // who leads here writes nothing there
    member_as(&ann, &owner, &public, "facilitator").await;
    let other = post(&owner, &public, "Other").await;
    let elsewhere = group(&owner, "Elsewhere", json!({})).await;
    ann.act(format!("/posts/{other}/move"), to(&elsewhere)).await.expect_problem(403, "members_only");
}

async fn threads_are_read_level_by_level(app: App) {
    let ann = app.user("ann");
    let id = group(&ann, "Circle", json!({})).await;
    let thread = post(&ann, &id, "Words").await;
    let mut tops = Vec::new();
    for _ in 0..5 {
        tops.push(comment(&ann, &thread, None).await);
    }
    let mut answers = Vec::new();
    for _ in 0..3 {
        answers.push(comment(&ann, &thread, Some(&tops[1])).await);
    }
    let walk = async |query: &str| {
        let (mut seen, mut path) = (Vec::new(), format!("/posts/{thread}/comments?limit=2&{query}"));
        loop {
            let page = ann.get(&path).await.expect(200);
            seen.extend(page.each("id").into_iter().map(str::to_owned));
            let Some(cursor) = page["next_cursor"].as_str() else { return seen };
            path = format!("/posts/{thread}/comments?limit=2&{query}&cursor={cursor}");
        }
    };
    assert_eq!(walk("mode=level").await, tops);
    assert_eq!(walk(&format!("parent_id={}", tops[1])).await, answers);
    assert_eq!(walk("mode=flat").await.len(), 8);
    let shown = ann.get(format!("/posts/{thread}/comments?mode=level")).await.expect(200);
    assert_eq!(shown.items()[1]["reply_count"], 3);
    let conflict = ann.get(format!("/posts/{thread}/comments?mode=flat&parent_id={}", tops[0])).await;
    conflict.expect_field(400, "parent_id", "conflict");
}

async fn everybody_reacts_once_in_each_way(app: App) {
    let (owner, ann, ben) = (app.user("owner"), app.user("ann"), app.user("ben"));
    let id = group(&owner, "Circle", json!({})).await;
    for person in [&ann, &ben] {
        member(person, &owner, &id).await;
    }
    let thread = post(&owner, &id, "Words").await;
    let before = last_active(&owner, &id).await;
    let said = comment(&owner, &thread, None).await;
    let after = last_active(&owner, &id).await;
    assert!(before != after);
    for target in [format!("/posts/{thread}"), format!("/comments/{said}")] {
        for _ in 0..2 {
            put(&ann, format!("{target}/reactions/like")).await.expect(200);
        }
        put(&ann, format!("{target}/reactions/thanks")).await.expect(200);
        let summary = put(&ben, format!("{target}/reactions/like")).await.expect(200);
        let counts = json!([{ "kind": "like", "count": 2 }, { "kind": "thanks", "count": 1 }]);
        assert_eq!((&summary["reactions"], &summary["own"]), (&counts, &json!(["like"])));
        let shown = ann.get(&target).await.expect(200);
        assert_eq!((&shown["reactions"], &shown["viewer"]["reactions"]), (&counts, &json!(["like", "thanks"])));
        for _ in 0..2 {
            ann.delete(format!("{target}/reactions/like")).await.expect(200);
        }
        assert_eq!(ben.get(&target).await.expect(200)["reactions"][0]["count"], 1);
        let wrong = ann.request(Method::PUT, format!("{target}/reactions/hate")).await;
        wrong.expect_field(400, "reaction_kind", "malformed");
    }
    assert_eq!(last_active(&owner, &id).await, after, "reacting is no activity");
}

async fn unread(who: &Caller, group: &str) -> i64 {
    let told = who.get("/me/unread").await.expect(200);
    let one = told.items().iter().find(|item| item["group_id"] == json!(group));
    one.map_or(0, |item| item["unread_post_count"].as_i64().unwrap())
}

async fn what_is_unread_is_right_for_new_members_too(app: App) {
    let (owner, ann, new) = (app.user("owner"), app.user("ann"), app.user("new"));
    let id = group(&owner, "Circle", json!({})).await;
    member(&ann, &owner, &id).await;
    let old = post(&owner, &id, "Old").await;
    let of_viewer = async |who: &Caller, post: &str| {
        let viewer = who.get(format!("/posts/{post}")).await.expect(200)["viewer"].clone();
        (viewer["is_unread"] == true, viewer["unread_comment_count"].as_i64().unwrap())
    };
    assert_eq!((unread(&owner, &id).await, unread(&ann, &id).await, unread(&new, &id).await), (0, 1, 0));
    join(&new, &id).await;
    assert_eq!((unread(&new, &id).await, of_viewer(&new, &old).await), (0, (false, 0)), "from before one came");
    let fresh = post(&owner, &id, "Fresh").await;
    comment(&owner, &old, None).await;
    comment(&ann, &old, None).await;
    assert_eq!(unread(&new, &id).await, 2, "what came since is unread, not nothing");
    assert_eq!((of_viewer(&new, &fresh).await, of_viewer(&new, &old).await), ((true, 0), (false, 2)));
    // whoever writes has read
    assert_eq!((unread(&ann, &id).await, of_viewer(&ann, &old).await), (1, (false, 0)));
    assert_eq!(of_viewer(&owner, &old).await, (false, 1));
    put(&new, format!("/posts/{old}/read")).await.expect(204);
    assert_eq!((unread(&new, &id).await, of_viewer(&new, &old).await), (1, (false, 0)));
    let many = json!({ "post_ids": [fresh, PostId::new()] });
    new.post(format!("/groups/{id}/posts:read"), many).await.expect(204);
    assert_eq!(unread(&new, &id).await, 0);
    let last = comment(&owner, &fresh, None).await;
    assert_eq!(unread(&new, &id).await, 1);
    owner.delete(format!("/comments/{last}")).await.expect(204);
    assert_eq!(unread(&new, &id).await, 0, "what is gone is not unread");
    post(&owner, &id, "Another").await;
    put(&new, format!("/groups/{id}/read")).await.expect(204);
    assert_eq!(unread(&new, &id).await, 0);
    post(&owner, &id, "After").await;
    assert_eq!(unread(&new, &id).await, 1);
    new.delete(format!("/groups/{id}/membership")).await.expect(204);
    assert_eq!(unread(&new, &id).await, 0, "leaving stops it at once");
}

async fn what_was_being_written_while_one_read_stays_unread(app: App) {
    let (owner, ann) = (app.user("owner"), app.user("ann"));
    let id = group(&owner, "Circle", json!({})).await;
    member(&ann, &owner, &id).await;
    for mark in ["post", "posts", "group"] {
        let thread = post(&owner, &id, mark).await;
        let before = Timestamp::now();
        match mark {
            "post" => put(&ann, format!("/posts/{thread}/read")).await.expect(204),
            "posts" => ann.post(format!("/groups/{id}/posts:read"), json!({ "post_ids": [thread] })).await.expect(204),
            _ => put(&ann, format!("/groups/{id}/read")).await.expect(204),
        };
        assert_eq!(unread(&ann, &id).await, 0, "{mark}");
        // dated before one said that one has read, and seen by nobody until after
        let said: praxis::types::CommentId = comment(&owner, &thread, None).await.parse().unwrap();
        app.in_database(|conn| {
            use diesel::prelude::*;
            use praxis::db::schema::{comments, posts};
            let (this, thread) = (comments::table.find(said), posts::table.find(thread.parse::<PostId>().unwrap()));
            on_each!(conn => diesel::update(this).set(comments::created_at.eq(before)).execute(conn))?;
            on_each!(conn => diesel::update(thread).set(posts::last_reply_at.eq(before)).execute(conn))?;
            Ok(())
        });
        assert_eq!(unread(&ann, &id).await, 1, "{mark}");
        put(&ann, format!("/posts/{thread}/read")).await.expect(204);
        assert_eq!(unread(&ann, &id).await, 0, "{mark}");
    }
}

/// Whoever has seen one thing has seen all that is dated before.
async fn what_waits_for_its_turn_is_dated_when_it_has_it(app: App) {
    let owner = app.user("owner");
    let id = group(&owner, "Circle", json!({})).await;
    let thread = post(&owner, &id, "Thread").await;
    let draft = with(words("Draft"), json!({ "status": "draft" }));
    let draft = owner.post(format!("/groups/{id}/posts"), draft).await.expect(201).id();
    for (path, body) in [
        (format!("/posts/{thread}/comments"), json!({ "body": "Words" })),
        (format!("/groups/{id}/posts"), words("Next")),
        (format!("/posts/{draft}"), json!({ "status": "published" })),
    ] {
        let (mut conn, group) = (app.database.connect(), id.parse().unwrap());
        let (locked, is_locked) = std::sync::mpsc::channel();
        let other = std::thread::spawn(move || {
            in_transaction(&mut conn, |conn| {
                praxis::api::memberships::queries::lock_group(conn, group)?;
                locked.send(()).unwrap();
                std::thread::sleep(Duration::from_millis(300));
                Ok(Timestamp::now())
            })
            .unwrap()
        });
        is_locked.recv().unwrap();
        let answer =
            if body.get("status").is_some() { owner.patch(&path, body) } else { owner.post(&path, body) }.await;
        assert!(answer.status < 300, "{answer}");
        let at = if path.ends_with("comments") { &answer["created_at"] } else { &answer["published_at"] };
        assert!(micros(at) >= Some(other.join().unwrap().micros()), "{path}");
    }
}

async fn the_feed_has_what_is_new_in_ones_groups(app: App) {
    let (ann, ben) = (app.user("ann"), app.user("ben"));
    let editor = app.person("editor", praxis::auth::actor::PlatformRole::Admin);
    let (one, two) = (group(&ann, "One", json!({})).await, group(&ann, "Two", json!({ "visibility": "hidden" })).await);
    let foreign = group(&ben, "Foreign", json!({})).await;
    post(&ben, &foreign, "Foreign").await;
    let first = post(&ann, &one, "First").await;
    let second = post(&ann, &two, "Second").await;
    let article = world::article(&editor, "Piece", "published", &[(&one, &ann), (&two, &ann)]).await;
    world::article(&editor, "Elsewhere", "published", &[(&foreign, &ben)]).await;
    comment(&ann, &first, None).await;
    let feed = ann.get("/me/feed").await.expect(200);
    let shown: Vec<_> =
        feed.items().iter().map(|item| (item["kind"].as_str().unwrap(), item["id"].as_str().unwrap())).collect();
    assert_eq!(shown, [("post", &*first), ("article", &*article), ("post", &*second)]);
    assert_eq!(feed.items()[1]["group_ids"], json!([one, two]));
    assert_eq!(
        (&feed.items()[0]["comment_count"], &feed.items()[0]["excerpt"]),
        (&json!(1), &json!("The text of First."))
    );
    let (mut walked, mut path) = (Vec::new(), "/me/feed?limit=1".to_owned());
    loop {
        let page = ann.get(&path).await.expect(200);
        walked.extend(page.each("id").into_iter().map(str::to_owned));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/me/feed?limit=1&cursor={cursor}");
    }
    assert_eq!(walked, [&*first, &*article, &*second]);
    assert_eq!(ben.get("/me/feed").await.expect(200).each("title"), ["Elsewhere", "Foreign"]);
    // leaving stops it at once
    let rows = json!({ "rows": [{ "action": "add", "user_id": ben.id(), "role": "owner" }] });
    app.admin().post(format!("/groups/{two}/members:batch"), rows).await.expect(200);
    ann.delete(format!("/groups/{two}/membership")).await.expect(204);
    let after = ann.get("/me/feed").await.expect(200);
    assert_eq!(after.each("id"), [&*first, &*article]);
    assert_eq!(after.items()[1]["group_ids"], json!([one]));
}

async fn the_first_activity_is_when_the_group_was_last_active(app: App) {
    let ann = app.user("ann");
    let editor = app.person("editor", praxis::auth::actor::PlatformRole::Editor);
    let id = group(&ann, "Circle", json!({})).await;
    let path = format!("/groups/{id}/activity");
    assert_eq!(ann.get(&path).await.expect(200).items().len(), 0);
    let thread = post(&ann, &id, "Words").await;
    world::article(&editor, "Piece", "published", &[(&id, &ann)]).await;
    let said = comment(&ann, &thread, None).await;
    for (gone, kinds) in [
        (None, vec!["comment", "article", "post"]),
        (Some(format!("/comments/{said}")), vec!["article", "post"]),
        (Some(format!("/posts/{thread}")), vec!["article"]),
    ] {
        if let Some(gone) = gone {
            ann.delete(gone).await.expect(204);
        }
        let told = ann.get(&path).await.expect(200);
        assert_eq!(told.each("kind"), kinds);
        assert_eq!(told.items()[0]["at"], last_active(&ann, &id).await);
    }
}

async fn a_cursor_stays_with_its_post_when_it_moves(app: App) {
    let ann = app.user("ann");
    let (from, to) = (group(&ann, "From", json!({})).await, group(&ann, "To", json!({})).await);
    let thread = post(&ann, &from, "Words").await;
    for _ in 0..3 {
        comment(&ann, &thread, None).await;
    }
    let newer = post(&ann, &from, "Newer").await;
    let comments = ann.get(format!("/posts/{thread}/comments?limit=2")).await.expect(200);
    let posts = ann.get(format!("/groups/{from}/posts?limit=1")).await.expect(200);
    assert_eq!(posts.each("id"), [&*newer]);
    ann.act(format!("/posts/{thread}/move"), json!({ "group_id": to })).await.expect(200);
    let cursor = comments["next_cursor"].as_str().unwrap();
    let rest = ann.get(format!("/posts/{thread}/comments?limit=2&cursor={cursor}")).await.expect(200);
    assert_eq!(rest.items().len(), 1);
    let cursor = posts["next_cursor"].as_str().unwrap();
    let rest = ann.get(format!("/groups/{from}/posts?limit=1&cursor={cursor}")).await.expect(200);
    assert_eq!(rest.items().len(), 0);
    ann.get(format!("/groups/{to}/posts?limit=1&cursor={cursor}")).await.expect_problem(400, "bad_cursor");
}
