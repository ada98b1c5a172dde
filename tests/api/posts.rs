//! Conversations: who reads, writes, changes and deletes, and what is left of a thread.

use serde_json::{Value, json};

use crate::support::world::{comment, group, join, member_as, post};
use crate::support::{App, Case, served};

pub fn cases() -> Vec<Case> {
    served![
        a_post_is_published_read_changed_and_deleted,
        a_post_is_refused_by_the_field_that_is_wrong,
        posts_are_listed_newest_first_by_kind_and_page_by_page,
        announcements_are_for_those_who_lead,
        strangers_read_public_groups_and_nothing_of_listed_ones,
        only_authors_change_words_and_those_who_lead_delete_them,
        a_platform_moderator_deletes_what_can_be_read,
        comments_hang_together_and_are_listed_oldest_first,
        a_comment_answers_only_what_is_on_its_post,
        a_thread_is_at_most_five_deep,
        a_deleted_comment_keeps_its_place_while_it_is_answered,
        a_deleted_post_takes_its_comments_with_it,
        who_left_reads_nothing_of_a_listed_group_any_more,
    ]
}

async fn a_post_is_published_read_changed_and_deleted(app: App) {
    let (ann, bob) = (app.user("ann"), app.user("bob"));
    let id = group(&ann, "Circle", json!({})).await;
    let body = json!({ "kind": "question", "title": "How?", "body": "Line one\n\nLine two" });
    let made = ann.post(format!("/groups/{id}/posts"), body).await.expect(201);
    assert_eq!(made.header("location"), format!("/api/v1/posts/{}", made.id()));
    assert_eq!((&made["author"]["display_name"], &made["edited_at"]), (&json!("ann"), &Value::Null));
    let all = ["edit", "delete", "comment", "react", "pin", "lock", "move", "share", "accept_answer"];
    assert_eq!(made["viewer"]["can"], json!(all));
    assert_eq!((&made["status"], &made["published_at"]), (&json!("published"), &made["created_at"]));
    let path = format!("/posts/{}", made.id());
    assert_eq!(ann.get(&path).await.expect(200).json, made.json);
    assert_eq!(ann.get(format!("/groups/{id}/posts")).await.expect(200).items(), std::slice::from_ref(&made.json));
    assert_eq!(bob.get(&path).await.expect(200)["viewer"]["can"], json!(["share"]));
    assert!(ann.patch(&path, json!({})).await.expect(200)["edited_at"].is_null());
    let changed = ann.patch(&path, json!({ "title": "Why?" })).await.expect(200);
    assert_eq!((&changed["title"], &changed["body"]), (&json!("Why?"), &made["body"]));
    assert!(changed["edited_at"].is_string());
    ann.delete(&path).await.expect(204);
    ann.get(&path).await.expect_problem(404, "not_found");
    ann.delete(&path).await.expect_problem(404, "not_found");
    ann.patch(&path, json!({ "title": "Why?" })).await.expect_problem(404, "not_found");
}

async fn a_post_is_refused_by_the_field_that_is_wrong(app: App) {
    let ann = app.user("ann");
    let id = group(&ann, "Circle", json!({})).await;
    let path = format!("/groups/{id}/posts");
    for (body, pointer, code) in [
        (json!({ "title": "T", "body": "B" }), "/kind", "missing"),
        (json!({ "kind": "poll", "title": "T", "body": "B" }), "/kind", "unknown_value"),
        (json!({ "kind": "question", "title": "", "body": "B" }), "/title", "empty"),
        (json!({ "kind": "question", "title": "a\nb", "body": "B" }), "/title", "control_character"),
        (json!({ "kind": "question", "title": "T", "body": " " }), "/body", "empty"),
        (json!({ "kind": "question", "title": "T", "body": "x".repeat(50_001) }), "/body", "too_long"),
        (json!({ "kind": "question", "title": "T", "body": "a\u{0}" }), "/body", "control_character"),
        (
            json!({ "kind": "question", "title": "T", "body": "B", "created_at": "0001-01-01T00:00:00Z" }),
            "/created_at",
            "unknown_property",
        ),
    ] {
        ann.post(&path, body).await.expect_field(422, pointer, code);
    }
    let seen = ann.get(format!("/groups/{id}")).await.expect(200);
    assert!(seen["last_active_at"].is_null(), "a refused post is no activity");
}

async fn posts_are_listed_newest_first_by_kind_and_page_by_page(app: App) {
    let ann = app.user("ann");
    let id = group(&ann, "Circle", json!({})).await;
    for (number, kind) in ["discussion", "question", "resource", "question", "discussion"].iter().enumerate() {
        let link = (*kind == "resource").then_some("https://example.org");
        let body = json!({ "kind": kind, "title": format!("T{number}"), "body": "B", "link_url": link });
        ann.post(format!("/groups/{id}/posts"), body).await.expect(201);
    }
    let (mut titles, mut path) = (Vec::new(), format!("/groups/{id}/posts?limit=2"));
    loop {
        let page = ann.get(&path).await.expect(200);
        titles.extend(page.each("title").into_iter().map(str::to_owned));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/groups/{id}/posts?limit=2&cursor={cursor}");
    }
    assert_eq!(titles, ["T4", "T3", "T2", "T1", "T0"]);
    let questions = ann.get(format!("/groups/{id}/posts?kind=question")).await.expect(200);
    assert_eq!(questions.each("title"), ["T3", "T1"]);
    let other = group(&ann, "Other", json!({})).await;
    let cursor = path.rsplit('=').next().unwrap();
    ann.get(format!("/groups/{other}/posts?cursor={cursor}")).await.expect_problem(400, "bad_cursor");
}

async fn announcements_are_for_those_who_lead(app: App) {
    let (owner, helper, ann) = (app.user("owner"), app.user("helper"), app.user("ann"));
    let id = group(&owner, "Circle", json!({})).await;
    member_as(&helper, &owner, &id, "facilitator").await;
    join(&ann, &id).await;
    let body = json!({ "kind": "announcement", "title": "News", "body": "B" });
    for (who, status) in [(&owner, 201), (&helper, 201), (&ann, 403)] {
        who.post(format!("/groups/{id}/posts"), body.clone()).await.expect(status);
    }
}

async fn strangers_read_public_groups_and_nothing_of_listed_ones(app: App) {
    let (ann, eve) = (app.user("ann"), app.user("eve"));
    for (visibility, listed, single) in [("public", 200, 200), ("listed", 403, 404), ("hidden", 404, 404)] {
        let id = group(&ann, "Circle", json!({ "visibility": visibility })).await;
        let thread = post(&ann, &id, "Words").await;
        let answer = comment(&ann, &thread, None).await;
        for viewer in [&eve, &app.anon()] {
            viewer.get(format!("/groups/{id}/posts")).await.expect(listed);
            viewer.get(format!("/posts/{thread}")).await.expect(single);
            viewer.get(format!("/posts/{thread}/comments")).await.expect(single);
            viewer.get(format!("/comments/{answer}")).await.expect(single);
        }
        let status = if visibility == "hidden" { 404 } else { 403 };
        let body = json!({ "kind": "discussion", "title": "T", "body": "B" });
        eve.post(format!("/groups/{id}/posts"), body.clone()).await.expect(status);
        app.anon().post(format!("/groups/{id}/posts"), body).await.expect_problem(401, "unauthenticated");
    }
}

async fn only_authors_change_words_and_those_who_lead_delete_them(app: App) {
    let (owner, helper, ann, bob) = (app.user("owner"), app.user("helper"), app.user("ann"), app.user("bob"));
    let id = group(&owner, "Circle", json!({})).await;
    member_as(&helper, &owner, &id, "facilitator").await;
    join(&ann, &id).await;
    join(&bob, &id).await;
    let thread = post(&ann, &id, "Words").await;
    let answer = comment(&ann, &thread, None).await;
    for path in [format!("/comments/{answer}"), format!("/posts/{thread}")] {
        for (who, edits, deletes) in
            [(&owner, false, true), (&helper, false, true), (&bob, false, false), (&ann, true, true)]
        {
            let can = who.get(&path).await.expect(200)["viewer"]["can"].clone();
            assert_eq!(can.as_array().unwrap().contains(&json!("edit")), edits);
            assert_eq!(can.as_array().unwrap().contains(&json!("delete")), deletes);
            who.patch(&path, json!({ "body": "Other" })).await.expect(if edits { 200 } else { 403 });
        }
        bob.delete(&path).await.expect_problem(403, "forbidden");
        helper.delete(&path).await.expect(204);
    }
}

async fn a_platform_moderator_deletes_what_can_be_read(app: App) {
    let ann = app.user("ann");
    let moderator = app.person("moderator", praxis::auth::actor::PlatformRole::Moderator);
    for (visibility, status) in [("public", 204), ("listed", 404), ("hidden", 404)] {
        let id = group(&ann, "Circle", json!({ "visibility": visibility })).await;
        let thread = post(&ann, &id, "Words").await;
        moderator.delete(format!("/posts/{thread}")).await.expect(status);
    }
}

async fn comments_hang_together_and_are_listed_oldest_first(app: App) {
    let (ann, bob) = (app.user("ann"), app.user("bob"));
    let id = group(&ann, "Circle", json!({})).await;
    join(&bob, &id).await;
    let thread = post(&ann, &id, "Words").await;
    let first = comment(&bob, &thread, None).await;
    let second = comment(&ann, &thread, None).await;
    let answer = comment(&ann, &thread, Some(&first)).await;
    let page = bob.get(format!("/posts/{thread}/comments")).await.expect(200);
    assert_eq!(page.each("id"), [&first, &second, &answer]);
    let places: Vec<_> = page.items().iter().map(|item| (item["parent_id"].as_str(), item["depth"].as_i64())).collect();
    assert_eq!(places, [(None, Some(0)), (None, Some(0)), (Some(first.as_str()), Some(1))]);
    assert_eq!(bob.get(format!("/posts/{thread}")).await.expect(200)["comment_count"], 3);
    let one = bob.get(format!("/posts/{thread}/comments?limit=2")).await.expect(200);
    let cursor = one["next_cursor"].as_str().unwrap();
    let two = bob.get(format!("/posts/{thread}/comments?limit=2&cursor={cursor}")).await.expect(200);
    assert_eq!(two.each("id"), [&answer]);
    assert_eq!(bob.get(format!("/comments/{answer}")).await.expect(200).json, two.items()[0]);
}

async fn a_comment_answers_only_what_is_on_its_post(app: App) {
    let ann = app.user("ann");
    let id = group(&ann, "Circle", json!({})).await;
    let (one, two) = (post(&ann, &id, "One").await, post(&ann, &id, "Two").await);
    let elsewhere = comment(&ann, &one, None).await;
    let path = format!("/posts/{two}/comments");
    let body = json!({ "body": "B", "parent_id": elsewhere });
    ann.post(&path, body).await.expect_field(422, "/parent_id", "unknown");
    ann.post(&path, json!({ "body": "B", "parent_id": "x" })).await.expect_field(422, "/parent_id", "wrong_type");
    ann.post(&path, json!({ "body": "" })).await.expect_field(422, "/body", "empty");
    ann.delete(format!("/comments/{elsewhere}")).await.expect(204);
    let body = json!({ "body": "B", "parent_id": elsewhere });
    ann.post(format!("/posts/{one}/comments"), body).await.expect_field(422, "/parent_id", "unknown");
}

async fn a_thread_is_at_most_five_deep(app: App) {
    let ann = app.user("ann");
    let id = group(&ann, "Circle", json!({})).await;
    let thread = post(&ann, &id, "Words").await;
    let mut above = comment(&ann, &thread, None).await;
    for _ in 0..4 {
        above = comment(&ann, &thread, Some(&above)).await;
    }
    let body = json!({ "body": "B", "parent_id": above });
    ann.post(format!("/posts/{thread}/comments"), body).await.expect_field(422, "/parent_id", "too_deep");
}

async fn a_deleted_comment_keeps_its_place_while_it_is_answered(app: App) {
    let ann = app.user("ann");
    let id = group(&ann, "Circle", json!({})).await;
    let thread = post(&ann, &id, "Words").await;
    let top = comment(&ann, &thread, None).await;
    let middle = comment(&ann, &thread, Some(&top)).await;
    let leaf = comment(&ann, &thread, Some(&middle)).await;
    ann.delete(format!("/comments/{top}")).await.expect(204);
    ann.delete(format!("/comments/{middle}")).await.expect(204);
    let page = ann.get(format!("/posts/{thread}/comments")).await.expect(200);
    assert_eq!(page.each("id"), [&top, &middle, &leaf]);
    for gone in &page.items()[..2] {
        assert_eq!(gone["is_deleted"], true);
        assert!(gone["body"].is_null() && gone["author"]["id"].is_null() && gone["author"]["display_name"].is_null());
        assert_eq!(gone["viewer"]["can"], json!([]));
    }
    ann.get(format!("/comments/{top}")).await.expect_problem(404, "not_found");
    assert_eq!(ann.get(format!("/posts/{thread}")).await.expect(200)["comment_count"], 1);
    ann.delete(format!("/comments/{leaf}")).await.expect(204);
    assert!(ann.get(format!("/posts/{thread}/comments")).await.expect(200).items().is_empty());
    assert_eq!(ann.get(format!("/posts/{thread}")).await.expect(200)["comment_count"], 0);
}

async fn a_deleted_post_takes_its_comments_with_it(app: App) {
    let ann = app.user("ann");
    let id = group(&ann, "Circle", json!({})).await;
    let thread = post(&ann, &id, "Words").await;
    let answer = comment(&ann, &thread, None).await;
    ann.delete(format!("/posts/{thread}")).await.expect(204);
    ann.get(format!("/comments/{answer}")).await.expect_problem(404, "not_found");
    ann.get(format!("/posts/{thread}/comments")).await.expect_problem(404, "not_found");
    ann.post(format!("/posts/{thread}/comments"), json!({ "body": "B" })).await.expect_problem(404, "not_found");
}

async fn who_left_reads_nothing_of_a_listed_group_any_more(app: App) {
    let (ann, bob) = (app.user("ann"), app.user("bob"));
    let id = group(&ann, "Circle", json!({ "visibility": "listed" })).await;
    join(&bob, &id).await;
    let own = post(&bob, &id, "Mine").await;
    bob.delete(format!("/groups/{id}/membership")).await.expect(204);
    bob.get(format!("/posts/{own}")).await.expect_problem(404, "not_found");
    bob.patch(format!("/posts/{own}"), json!({ "body": "B" })).await.expect_problem(404, "not_found");
    assert_eq!(ann.get(format!("/posts/{own}")).await.expect(200)["author"]["display_name"], "bob");
}
