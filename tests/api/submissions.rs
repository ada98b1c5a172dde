//! What those who moderate read before it comes out.

use serde_json::{Value, json};

use crate::support::world::{comment, group, join, member_as, micros, post};
use crate::support::{App, Caller, Case, served};

pub fn cases() -> Vec<Case> {
    served![
        newcomers_are_read_until_something_of_theirs_came_out,
        where_everyone_is_read_only_those_who_read_are_not,
        what_waits_is_seen_by_its_author_and_by_those_who_moderate,
        who_is_declined_learns_why_and_for_thirty_days,
        what_may_not_come_out_any_more_goes_on_waiting,
        comments_wait_with_their_conversation,
        many_who_approve_the_same_publish_it_once,
        drafts_do_not_slip_past,
        what_moderators_of_the_platform_plan_comes_out,
        so_much_of_one_person_waits_and_no_more,
        a_kind_of_group_says_who_is_read,
    ]
}

async fn peers(owner: &Caller, policy: &str) -> String {
    group(owner, "Peers", json!({ "visibility": "listed", "review_policy": policy })).await
}

fn words(title: &str) -> Value {
    json!({ "kind": "question", "title": title, "body": "What **helps**?", "tags": ["sleep"], "content_warnings": ["death"],
        "language": "en" })
}

async fn submit(person: &Caller, group: &str, title: &str) -> String {
    person.post(format!("/groups/{group}/submissions"), words(title)).await.expect(201).id()
}

async fn decide(who: &Caller, submission: &str, decision: Value) -> crate::support::Answer {
    who.post(format!("/submissions/{submission}/decision"), decision).await
}

fn approve() -> Value {
    json!({ "outcome": "approve" })
}

async fn can(person: &Caller, group: &str) -> Vec<String> {
    let seen = person.get(format!("/groups/{group}")).await.expect(200);
    let can = seen["viewer"]["can"].as_array().unwrap();
    let writes = ["post", "comment", "submit"];
    can.iter().map(|action| action.as_str().unwrap().to_owned()).filter(|action| writes.contains(&&**action)).collect()
}

async fn newcomers_are_read_until_something_of_theirs_came_out(app: App) {
    let (owner, ann) = (app.user("owner"), app.user("ann"));
    let id = peers(&owner, "newcomers").await;
    join(&ann, &id).await;
    assert_eq!(can(&ann, &id).await, ["submit"]);
    assert_eq!(can(&owner, &id).await, ["post", "comment", "submit"]);
    let posts = format!("/groups/{id}/posts");
    ann.post(&posts, words("Hello")).await.expect_problem(409, "review_needed");
    let quiet = owner.get(format!("/groups/{id}")).await.expect(200);

    let made = ann.post(format!("/groups/{id}/submissions"), words("Hello")).await.expect(201);
    assert_eq!(made.header("location"), format!("/api/v1/submissions/{}", made.id()));
    assert_eq!(
        (&made["state"], &made["kind"], &made["title"]),
        (&json!("waiting"), &json!("question"), &json!("Hello"))
    );
    assert_eq!(made["body_html"], "<p>What <strong>helps</strong>?</p>\n");
    assert_eq!((&made["tags"], &made["content_warnings"]), (&json!(["sleep"]), &json!(["death"])));
    let told = owner.get("/me/notifications").await.expect(200);
    assert_eq!(told.each("kind"), ["submission_received"]);
    assert_eq!((&told.items()[0]["actor_name"], &told.items()[0]["group_id"]), (&json!("ann"), &json!(id)));
    // it is nowhere, and nobody was active
    assert!(owner.get(&posts).await.expect(200).items().is_empty());
    assert!(owner.get("/search?q=helps").await.expect(200).items().is_empty());
    assert_eq!(owner.get(format!("/groups/{id}")).await.expect(200)["last_active_at"], quiet["last_active_at"]);

    let done = decide(&owner, &made.id(), approve()).await.expect(200);
    let published = owner.get(format!("/posts/{}", done["post_id"].as_str().unwrap())).await.expect(200);
    for name in ["kind", "title", "body", "tags", "content_warnings", "language"] {
        assert_eq!(published[name], made[name], "{name}");
    }
    assert_eq!(published["author"]["id"], json!(ann.id()));
    assert!(micros(&published["published_at"]) > micros(&made["submitted_at"]), "dated when it came out");
    assert_eq!(owner.get(format!("/groups/{id}")).await.expect(200)["last_active_at"], published["published_at"]);
    let told = ann.get("/me/notifications").await.expect(200);
    assert_eq!(told.each("kind"), ["submission_approved"]);
    assert_eq!((&told.items()[0]["post_id"], &told.items()[0]["actor_id"]), (&done["post_id"], &Value::Null));
    let log = owner.get(format!("/groups/{id}/audit-log?limit=1")).await.expect(200);
    assert_eq!((log.each("action"), log.each("target_kind")), (vec!["submission_approved"], vec!["submission"]));
    ann.get(format!("/submissions/{}", made.id())).await.expect(404);

    assert_eq!(can(&ann, &id).await, ["post", "comment", "submit"]);
    let second = post(&ann, &id, "Again").await;
    // who has nothing there any more is a newcomer again
    for gone in [second, done["post_id"].as_str().unwrap().to_owned()] {
        ann.delete(format!("/posts/{gone}")).await.expect(204);
    }
    assert_eq!(can(&ann, &id).await, ["submit"]);
    assert_eq!(app.in_database(praxis::doctor::examine), []);
}

async fn where_everyone_is_read_only_those_who_read_are_not(app: App) {
    let (owner, leader, ann) = (app.user("owner"), app.user("leader"), app.user("ann"));
    let id = peers(&owner, "nobody").await;
    member_as(&leader, &owner, &id, "facilitator").await;
    join(&ann, &id).await;
    let mine = post(&ann, &id, "From before").await;
    owner.patch(format!("/groups/{id}"), json!({ "review_policy": "everyone" })).await.expect(200);
    for leads in [&owner, &leader] {
        let thread = post(leads, &id, "News").await;
        comment(leads, &thread, None).await;
    }
    // what came out is not changed unread, and everything else goes on
    let path = format!("/posts/{mine}");
    ann.patch(&path, json!({ "body": "Changed" })).await.expect_problem(409, "review_needed");
    ann.post(format!("{path}/comments"), json!({ "body": "More" })).await.expect_problem(409, "review_needed");
    assert_eq!(ann.get(&path).await.expect(200)["viewer"]["can"], json!(["delete", "react"]));
    ann.request(reqwest::Method::PUT, format!("{path}/reactions/like")).await.expect(200);
    ann.delete(&path).await.expect(204);
    ann.request(reqwest::Method::POST, format!("{path}/restore")).await.expect(200);
}

async fn what_waits_is_seen_by_its_author_and_by_those_who_moderate(app: App) {
    let (owner, ann, ben) = (app.user("owner"), app.user("ann"), app.user("ben"));
    let id = peers(&owner, "newcomers").await;
    for person in [&ann, &ben] {
        join(person, &id).await;
    }
    let first = submit(&ann, &id, "First").await;
    let second = submit(&ben, &id, "Second").await;
    let (all, mine) = (format!("/groups/{id}/submissions"), "/me/submissions");
    let page = owner.get(format!("{all}?limit=1")).await.expect(200);
    assert_eq!(page.each("id"), [&*first]);
    let cursor = page["next_cursor"].as_str().unwrap();
    let rest = owner.get(format!("{all}?limit=1&cursor={cursor}")).await.expect(200);
    assert_eq!((rest.each("id"), &rest["next_cursor"]), (vec![&*second], &Value::Null));
    assert_eq!(ann.get(mine).await.expect(200).each("id"), [&*first]);
    ann.get(&all).await.expect_problem(403, "forbidden");
    let path = format!("/submissions/{first}");
    ann.get(&path).await.expect(200);
    owner.get(&path).await.expect(200);
    ben.get(&path).await.expect(404);
    // nobody decides about themselves, and only the author takes it back
    decide(&ann, &first, approve()).await.expect_problem(403, "forbidden");
    decide(&ben, &first, approve()).await.expect(404);
    owner.delete(&path).await.expect_problem(403, "forbidden");
    ben.delete(&path).await.expect(404);
    ann.delete(&path).await.expect(204);
    ann.get(&path).await.expect(404);
    assert_eq!(owner.get(&all).await.expect(200).each("id"), [&*second]);
    // who may not know of the group finds nothing of it any more
    let reason = json!({ "outcome": "decline", "reason": "Off topic" });
    decide(&owner, &second, reason).await.expect(200);
    assert_eq!(ben.get(mine).await.expect(200).each("id"), [&*second]);
    owner.patch(format!("/groups/{id}"), json!({ "visibility": "hidden" })).await.expect(200);
    ben.delete(format!("/groups/{id}/membership")).await.expect(204);
    assert!(ben.get(mine).await.expect(200).items().is_empty());
    ben.get(format!("/submissions/{second}")).await.expect(404);
}

async fn who_is_declined_learns_why_and_for_thirty_days(app: App) {
    let (owner, ann) = (app.user("owner"), app.user("ann"));
    let id = peers(&owner, "newcomers").await;
    join(&ann, &id).await;
    let sent = submit(&ann, &id, "Buy this").await;
    let path = format!("/submissions/{sent}");
    let wordless = json!({ "outcome": "decline" });
    decide(&owner, &sent, wordless).await.expect_field(422, "/reason", "missing");
    let declined = json!({ "outcome": "decline", "reason": "No advertising, please" });
    let done = decide(&owner, &sent, declined.clone()).await.expect(200);
    assert_eq!((&done["post_id"], &done["comment_id"]), (&Value::Null, &Value::Null));
    let seen = ann.get(&path).await.expect(200);
    assert_eq!((&seen["state"], &seen["reason"]), (&json!("declined"), &json!("No advertising, please")));
    assert_eq!(ann.get("/me/notifications").await.expect(200).each("kind"), ["submission_declined"]);
    owner.get(&path).await.expect(404);
    decide(&owner, &sent, approve()).await.expect(404);
    assert!(owner.get(format!("/groups/{id}/submissions")).await.expect(200).items().is_empty());
    let log = owner.get(format!("/groups/{id}/audit-log?limit=1")).await.expect(200);
    assert_eq!((log.each("action"), log.each("reason")), (vec!["submission_declined"], vec!["No advertising, please"]));

    let days = |days: u64| praxis::types::Timestamp::now().after(std::time::Duration::from_hours(24 * days));
    let purge = |now| app.in_database(move |conn| praxis::api::submissions::queries::purge_due(conn, now));
    assert_eq!(purge(days(29)), 0);
    assert_eq!(purge(days(31)), 1);
    ann.get(&path).await.expect(404);
}

async fn what_may_not_come_out_any_more_goes_on_waiting(app: App) {
    let (owner, ann) = (app.user("owner"), app.user("ann"));
    let id = peers(&owner, "newcomers").await;
    join(&ann, &id).await;
    let sent = submit(&ann, &id, "Hello").await;
    let (settings, member) = (format!("/groups/{id}"), format!("/groups/{id}/members/{}", ann.id()));
    owner.patch(&settings, json!({ "rules": "Be kind." })).await.expect(200);
    decide(&owner, &sent, approve()).await.expect_problem(409, "invalid_state");
    ann.put(format!("/groups/{id}/membership/rules-acceptance"), json!({ "version": 1 })).await.expect(200);
    owner.patch(&settings, json!({ "status": "archived" })).await.expect(200);
    decide(&owner, &sent, approve()).await.expect_problem(409, "invalid_state");
    owner.patch(&settings, json!({ "status": "active" })).await.expect(200);
    assert!(owner.get(format!("/groups/{id}/posts")).await.expect(200).items().is_empty());
    assert_eq!(owner.get(format!("/groups/{id}/submissions")).await.expect(200).each("id"), [&*sent]);
    // whoever is no member any more has nothing there
    owner.patch(&member, json!({ "state": "banned" })).await.expect(200);
    decide(&owner, &sent, approve()).await.expect(404);
    assert!(owner.get(format!("/groups/{id}/submissions")).await.expect(200).items().is_empty());

    let ben = app.user("ben");
    owner.patch(&settings, json!({ "rules": null })).await.expect(200);
    join(&ben, &id).await;
    let sent = submit(&ben, &id, "Hello").await;
    ben.delete("/me").await.expect(204);
    decide(&owner, &sent, approve()).await.expect(404);
    assert!(owner.get(format!("/groups/{id}/submissions")).await.expect(200).items().is_empty());
}

async fn comments_wait_with_their_conversation(app: App) {
    let (owner, ann) = (app.user("owner"), app.user("ann"));
    let id = peers(&owner, "newcomers").await;
    join(&ann, &id).await;
    let thread = post(&owner, &id, "Thread").await;
    let parent = comment(&owner, &thread, None).await;
    let path = format!("/posts/{thread}/submissions");
    let unknown = json!({ "body": "Yes", "parent_id": thread });
    ann.post(&path, unknown).await.expect_field(422, "/parent_id", "unknown");
    let sent = ann.post(&path, json!({ "body": "Yes", "parent_id": parent })).await.expect(201);
    assert_eq!((&sent["kind"], &sent["post_id"], &sent["title"]), (&json!("comment"), &json!(thread), &Value::Null));
    assert_eq!(owner.get(format!("/posts/{thread}")).await.expect(200)["comment_count"], json!(1));

    // they move with it, are out of sight with it, and are refused where it is locked
    let other = peers(&owner, "everyone").await;
    join(&ann, &other).await;
    owner.act(format!("/posts/{thread}/move"), json!({ "group_id": other })).await.expect(200);
    let all = format!("/groups/{other}/submissions");
    assert_eq!(owner.get(&all).await.expect(200).each("id"), [&*sent.id()]);
    owner.delete(format!("/posts/{thread}")).await.expect(204);
    assert!(owner.get(&all).await.expect(200).items().is_empty());
    decide(&owner, &sent.id(), approve()).await.expect_problem(409, "invalid_state");
    owner.request(reqwest::Method::POST, format!("/posts/{thread}/restore")).await.expect(200);
    owner.put(format!("/posts/{thread}/lock"), json!({})).await.expect(200);
    decide(&owner, &sent.id(), approve()).await.expect_problem(409, "invalid_state");
    owner.delete(format!("/posts/{thread}/lock")).await.expect(200);

    let done = decide(&owner, &sent.id(), approve()).await.expect(200);
    assert_eq!(done["post_id"], json!(thread));
    let out = ann.get(format!("/comments/{}", done["comment_id"].as_str().unwrap())).await.expect(200);
    assert_eq!((&out["parent_id"], &out["depth"], &out["body"]), (&json!(parent), &json!(1), &json!("Yes")));
    assert_eq!(owner.get(format!("/posts/{thread}")).await.expect(200)["comment_count"], json!(2));
    assert_eq!(app.in_database(praxis::doctor::examine), []);
}

async fn many_who_approve_the_same_publish_it_once(app: App) {
    let (owner, ann) = (app.user("owner"), app.user("ann"));
    let id = peers(&owner, "newcomers").await;
    join(&ann, &id).await;
    let sent = submit(&ann, &id, "Once").await;
    let answers = futures_util::future::join_all((0..20).map(|_| decide(&owner, &sent, approve()))).await;
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| matches!(status, 200 | 404)), "{statuses:?}");
    assert_eq!(owner.get(format!("/groups/{id}/posts")).await.expect(200).each("title"), ["Once"]);
}

async fn drafts_do_not_slip_past(app: App) {
    let (owner, ann) = (app.user("owner"), app.user("ann"));
    let id = peers(&owner, "nobody").await;
    join(&ann, &id).await;
    let posts = format!("/groups/{id}/posts");
    let soon = praxis::types::Timestamp::now().after(std::time::Duration::from_mins(5));
    let mut planned = words("Planned");
    planned["status"] = json!("scheduled");
    planned["publish_at"] = json!(soon);
    let before = ann.post(&posts, planned.clone()).await.expect(201).id();
    owner.patch(format!("/groups/{id}"), json!({ "review_policy": "newcomers" })).await.expect(200);

    ann.post(&posts, planned.clone()).await.expect_problem(409, "review_needed");
    let submissions = format!("/groups/{id}/submissions");
    ann.post(&submissions, planned).await.expect_field(422, "/publish_at", "conflict");
    let mut draft = words("Draft");
    draft["status"] = json!("draft");
    ann.post(&submissions, draft.clone()).await.expect_field(422, "/status", "conflict");
    let draft = ann.post(&posts, draft).await.expect(201).id();
    let path = format!("/posts/{draft}");
    ann.patch(&path, json!({ "title": "Better" })).await.expect(200);
    ann.patch(&path, json!({ "status": "published" })).await.expect_problem(409, "review_needed");
    ann.patch(&path, json!({ "status": "scheduled", "publish_at": soon })).await.expect_problem(409, "review_needed");
    // what was planned before becomes a draft again, and its author is told
    let later = soon.after(std::time::Duration::from_mins(1));
    app.in_database(move |conn| praxis::api::posts::queries::publish_due(conn, later));
    assert_eq!(ann.get(format!("/posts/{before}")).await.expect(200)["status"], "draft");
    assert_eq!(ann.get("/me/notifications").await.expect(200).each("kind"), ["post_not_published"]);
}

async fn what_moderators_of_the_platform_plan_comes_out(app: App) {
    let (owner, moderator) = (app.user("owner"), app.person("moderator", praxis::auth::actor::PlatformRole::Moderator));
    let id = peers(&owner, "everyone").await;
    join(&moderator, &id).await;
    let soon = praxis::types::Timestamp::now().after(std::time::Duration::from_mins(5));
    let mut planned = words("Planned");
    planned["status"] = json!("scheduled");
    planned["publish_at"] = json!(soon);
    let planned = moderator.post(format!("/groups/{id}/posts"), planned).await.expect(201).id();
    let later = soon.after(std::time::Duration::from_mins(1));
    app.in_database(move |conn| praxis::api::posts::queries::publish_due(conn, later));
    assert_eq!(owner.get(format!("/posts/{planned}")).await.expect(200)["status"], "published");
}

async fn so_much_of_one_person_waits_and_no_more(app: App) {
    let (owner, ann) = (app.user("owner"), app.user("ann"));
    let id = peers(&owner, "everyone").await;
    join(&ann, &id).await;
    let path = format!("/groups/{id}/submissions");
    let answers = futures_util::future::join_all((0..25).map(async |_| ann.post(&path, words("Many")).await)).await;
    let waiting = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(waiting, 20);
    for refused in answers.into_iter().filter(|answer| answer.status != 201) {
        refused.expect_problem(409, "invalid_state");
    }
    let first = ann.get("/me/submissions?limit=1").await.expect(200).items()[0]["id"].as_str().unwrap().to_owned();
    ann.delete(format!("/submissions/{first}")).await.expect(204);
    submit(&ann, &id, "One more").await;
}

async fn a_kind_of_group_says_who_is_read(app: App) {
    let (admin, ann) = (app.admin(), app.user("ann"));
    let body = json!({ "name": "Careful", "plural": "Careful ones", "default_visibility": "listed",
        "default_join_policy": "request", "default_review_policy": "newcomers" });
    let made = admin.post("/group-types", body).await.expect(201);
    let new = json!({ "name": "Readers", "type_ids": [made.id()] });
    assert_eq!(ann.post("/groups", new).await.expect(201)["review_policy"], "newcomers");
    let kind = format!("/group-types/{}", made.id());
    admin.patch(&kind, json!({ "default_review_policy": "everyone" })).await.expect(200);
    let new = json!({ "name": "Other readers", "type_ids": [made.id()] });
    let group = ann.post("/groups", new).await.expect(201);
    assert_eq!(group["review_policy"], "everyone");
    ann.patch(format!("/groups/{}", group.id()), json!({ "review_policy": "some" })).await.expect_field(
        422,
        "/review_policy",
        "unknown_value",
    );
}
