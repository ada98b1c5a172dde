//! What is read is not sent twice, and what several people change is not overwritten unseen.

use std::collections::BTreeSet;
use std::time::Duration;

use praxis::auth::actor::PlatformRole;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::document::document;
use crate::support::world::{COMMUNITY, article, comment, group, member, post};
use crate::support::{Answer, App, Caller, Case, served};

pub fn cases() -> Vec<Case> {
    served![
        what_is_read_is_not_sent_again_until_it_changes,
        what_is_shown_to_one_has_not_the_tag_of_another,
        later_pages_and_files_have_no_tag,
        every_change_of_what_is_shared_says_which_version_it_means,
        a_deletion_says_which_version_it_means,
        what_is_done_with_a_post_says_which_version_it_means,
        every_change_of_a_version_is_tried,
        a_condition_that_cannot_be_read_is_named,
        a_range_is_not_served,
        doing_the_same_again_changes_nothing,
        a_version_is_refused_where_none_is_compared,
        what_a_person_does_in_private_is_no_version_of_theirs,
        a_change_of_nothing_is_no_way_around_saying_why,
        of_eight_who_have_seen_the_same_one_changes_it,
    ]
}

/// One of everything that is shared, and who may change it.
struct Shared {
    owner: Caller,
    editor: Caller,
    admin: Caller,
    member: Caller,
    group: String,
    post: String,
    comment: String,
    article: String,
}

impl Shared {
    async fn new(app: &App) -> Self {
        let (owner, editor, admin, who) =
            (app.user("owner"), app.person("editor", PlatformRole::Editor), app.admin(), app.user("member"));
        let group = group(&owner, "Circle", json!({})).await;
        member(&who, &owner, &group).await;
        let post = post(&owner, &group, "Words").await;
        let comment = comment(&owner, &post, None).await;
        let article = article(&editor, "Piece", "published", &[]).await;
        Self { owner, editor, admin, member: who, group, post, comment, article }
    }

    /// A question in the group, and a comment on it.
    async fn question(&self) -> (String, String) {
        let question = json!({ "kind": "question", "title": "Why", "body": "Words" });
        let question = self.owner.post(format!("/groups/{}/posts", self.group), question).await.expect(201).id();
        let answer = comment(&self.owner, &question, None).await;
        (question, answer)
    }

    /// Who changes what an operation changes, where, and to what, with a number that makes it another each time.
    fn change(&self, operation: &str, number: usize) -> (&Caller, String, Value) {
        let words = format!("Words {number}");
        let person = self.member.id();
        match operation {
            "update_settings" => (&self.admin, "/admin/settings".to_owned(), json!({ "invitation_days": 5 + number })),
            "update_user" => {
                let roles = ["editor", "member"];
                (&self.admin, format!("/admin/users/{person}"), json!({ "platform_role": roles[number % 2] }))
            }
            "update_article" => (&self.editor, format!("/articles/{}", self.article), json!({ "title": words })),
            "update_comment" => (&self.owner, format!("/comments/{}", self.comment), json!({ "body": words })),
            "update_group_type" => (&self.admin, format!("/group-types/{COMMUNITY}"), json!({ "description": words })),
            "update_group" => (&self.owner, format!("/groups/{}", self.group), json!({ "summary": words })),
            "update_member" => {
                let roles = ["facilitator", "member"];
                let path = format!("/groups/{}/members/{person}", self.group);
                (&self.owner, path, json!({ "role": roles[number % 2] }))
            }
            "update_post" => (&self.owner, format!("/posts/{}", self.post), json!({ "body": words })),
            other => panic!("{other} takes If-Match and is not tried"),
        }
    }
}

/// The operations that take `If-Match`, all of which need it.
fn conditional() -> BTreeSet<String> {
    let document = document();
    let items = document["paths"].as_object().unwrap().values();
    let operations = items.flat_map(|item| item.as_object().unwrap().values());
    let takes = |operation: &&Value| {
        let mut parameters = operation["parameters"].as_array().into_iter().flatten();
        let condition = parameters.find(|parameter| parameter["name"] == "If-Match");
        condition.inspect(|condition| assert_eq!(condition["required"], true, "{operation}")).is_some()
    };
    operations.filter(takes).map(|operation| operation["operationId"].as_str().unwrap().to_owned()).collect()
}

async fn what_is_read_is_not_sent_again_until_it_changes(app: App) {
    let shared = Shared::new(&app).await;
    let Shared { owner, group, post, comment, article, .. } = &shared;
    for path in [
        "/groups".to_owned(),
        format!("/groups/{group}"),
        "/groups/by-slug/circle".to_owned(),
        format!("/groups/{group}/members"),
        format!("/groups/{group}/members/{}", owner.id()),
        format!("/groups/{group}/membership"),
        format!("/groups/{group}/posts?limit=1"),
        format!("/posts/{post}"),
        format!("/posts/{post}/comments"),
        format!("/comments/{comment}"),
        format!("/articles/{article}"),
        "/me".to_owned(),
        "/me/feed".to_owned(),
        "/search?q=words".to_owned(),
        "/.well-known/jwks.json".to_owned(),
    ] {
        let seen = owner.get(&path).await.expect(200);
        let etag = seen.header("etag").to_owned();
        assert!(etag.starts_with('"') && etag.len() > 10, "{path}: {etag}");
        let same = owner.get(&path).header("if-none-match", &format!("\"other\", W/{etag}")).await.expect(304);
        assert_eq!((same.header("etag"), same.header("cache-control")), (&*etag, seen.header("cache-control")));
        let head = owner.request(Method::HEAD, &path).header("if-none-match", &etag).await;
        assert_eq!((head.status, head.header("etag")), (304, &*etag));
        let again = owner.get(&path).header("if-none-match", "\"other\"").await.expect(200);
        assert_eq!((again.header("etag"), &again.json), (&*etag, &seen.json));
    }
    // what others do counts as well, also where it is no change of the thing itself
    let path = format!("/posts/{post}");
    let etag = owner.get(&path).await.header("etag").to_owned();
    shared.member.request(Method::PUT, format!("{path}/reactions/like")).await.expect(200);
    let liked = owner.get(&path).header("if-none-match", &etag).await.expect(200);
    // but who changes the words has not missed any
    owner.patch_if(&etag, &path, json!({ "title": "Other words" })).await.expect(200);
    owner
        .patch_if(liked.header("etag"), &path, json!({ "title": "Others" }))
        .await
        .expect_problem(412, "precondition_failed");
    // an answer to a change has the tag that the thing has when it is read
    let changed = owner.patch(format!("/groups/{group}"), json!({ "summary": "Short" })).await.expect(200);
    let read = owner.get(format!("/groups/{group}")).header("if-none-match", changed.header("etag")).await;
    read.expect(304);
}

async fn what_is_shown_to_one_has_not_the_tag_of_another(app: App) {
    let shared = Shared::new(&app).await;
    let path = format!("/groups/{}", shared.group);
    let etag = shared.owner.get(&path).await.expect(200).header("etag").to_owned();
    for other in [&shared.member, &app.anon(), &app.user("stranger")] {
        let shown = other.get(&path).header("if-none-match", &etag).await.expect(200);
        assert_ne!(shown.header("etag"), etag);
    }
}

async fn later_pages_and_files_have_no_tag(app: App) {
    let shared = Shared::new(&app).await;
    post(&shared.owner, &shared.group, "More").await;
    let first = shared.owner.get(format!("/groups/{}/posts?limit=1", shared.group)).await.expect(200);
    let cursor = first["next_cursor"].as_str().unwrap();
    let later = shared.owner.get(format!("/groups/{}/posts?limit=1&cursor={cursor}", shared.group)).await.expect(200);
    assert!(!later.headers.contains_key("etag"));
    let feed = app.anon().request_at(Method::GET, "/api/v1/articles.atom").await.expect(200);
    assert!(!feed.headers.contains_key("etag"));
    let missing = app.anon().get(format!("/groups/{}", shared.post)).await.expect_problem(404, "not_found");
    assert!(!missing.headers.contains_key("etag"));
}

async fn every_change_of_what_is_shared_says_which_version_it_means(app: App) {
    let shared = Shared::new(&app).await;
    let operations = conditional().into_iter().filter(|operation| operation.starts_with("update_"));
    for operation in operations {
        let (who, path, body) = shared.change(&operation, 0);
        who.request(Method::PATCH, &path).json(body.clone()).await.expect_problem(428, "precondition_required");
        let seen = who.get(&path).await.expect(200);
        let changed = who.patch_if(seen.header("etag"), &path, body).await.expect(200);
        let (_, _, next) = shared.change(&operation, 1);
        let late = who.patch_if(seen.header("etag"), &path, next.clone()).await;
        let late = late.expect_problem(412, "precondition_failed");
        assert_eq!(who.get(&path).await.expect(200).header("etag"), changed.header("etag"), "nothing has changed");
        // the problem names the version that there is
        who.patch_if(late.header("etag"), &path, next).await.expect(200);
    }
}

const DELETIONS: [&str; 6] =
    ["delete_comment", "delete_post", "delete_member", "delete_group", "delete_article", "delete_group_type"];
const ARRANGEMENTS: [&str; 7] =
    ["pin_post", "unpin_post", "lock_post", "unlock_post", "accept_answer", "withdraw_answer", "move_post"];

async fn every_change_of_a_version_is_tried(_: App) {
    let tried = [&DELETIONS[..], &ARRANGEMENTS[..]].concat().into_iter().map(str::to_owned);
    let others = conditional().into_iter().filter(|operation| !operation.starts_with("update_"));
    assert_eq!(others.collect::<BTreeSet<_>>(), tried.collect());
    assert_eq!(conditional().len(), 21);
}

async fn what_is_done_with_a_post_says_which_version_it_means(app: App) {
    let shared = Shared::new(&app).await;
    let owner = &shared.owner;
    let (question, answer) = shared.question().await;
    let other = group(owner, "Other", json!({})).await;
    let path = format!("/posts/{question}");
    let tried = [
        ("pin_post", Method::PUT, "pin", Some(json!({}))),
        ("unpin_post", Method::DELETE, "pin", None),
        ("lock_post", Method::PUT, "lock", Some(json!({}))),
        ("unlock_post", Method::DELETE, "lock", None),
        ("accept_answer", Method::PUT, "accepted-answer", Some(json!({ "comment_id": answer }))),
        ("withdraw_answer", Method::DELETE, "accepted-answer", None),
        ("move_post", Method::POST, "move", Some(json!({ "group_id": other }))),
    ];
    assert_eq!(tried.each_ref().map(|(name, ..)| *name), ARRANGEMENTS);
    let mut before = String::new();
    for (number, (_, method, part, body)) in tried.into_iter().enumerate() {
        let call = || {
            let call = owner.request(method.clone(), format!("{path}/{part}"));
            if let Some(body) = &body { call.json(body.clone()) } else { call }
        };
        let arrange = |condition: &str| call().header("if-match", condition);
        call().await.expect_problem(428, "precondition_required");
        let seen = owner.get(&path).await.expect(200).header("etag").to_owned();
        let changed = owner.patch(&path, json!({ "title": format!("Why {number}") })).await.expect(200);
        let late = arrange(&seen).await.expect_problem(412, "precondition_failed");
        assert_eq!(late.version(), changed.version());
        arrange("abc").await.expect_field(400, "If-Match", "malformed");
        assert_eq!(owner.get(&path).await.expect(200).header("etag"), changed.header("etag"), "nothing has changed");
        let arranged = arrange(changed.header("etag")).await.expect(200);
        assert_ne!(arranged.header("etag"), changed.header("etag"));
        owner.get(&path).header("if-none-match", arranged.header("etag")).await.expect(304);
        before = changed.header("etag").to_owned();
    }
    // what has moved meanwhile is not what one has read
    let deleted = owner.request(Method::DELETE, &path).header("if-match", &before).await;
    deleted.expect_problem(412, "precondition_failed");
}

/// How much happened: what is told, and what the audit log has.
async fn happenings(shared: &Shared) -> (Vec<Value>, usize) {
    tokio::time::sleep(Duration::from_millis(700)).await;
    let told = shared.owner.get("/events?follow=false").await.expect(200);
    let told = told.text().lines().filter(|line| line.starts_with("event: ")).map(Value::from).collect();
    (told, shared.admin.get("/admin/audit-log?limit=100").await.expect(200).items().len())
}

async fn doing_the_same_again_changes_nothing(app: App) {
    let shared = Shared::new(&app).await;
    let (question, answer) = shared.question().await;
    let path = format!("/posts/{question}");
    let until = "2999-01-01T00:00:00Z";
    shared
        .editor
        .patch(format!("/articles/{}", shared.article), json!({ "author_ids": [shared.owner.id()] }))
        .await
        .expect(200);
    let mut calls: Vec<(&Caller, Method, String, Value)> = Vec::new();
    for operation in conditional().into_iter().filter(|operation| operation.starts_with("update_")) {
        let (who, path, body) = shared.change(&operation, 0);
        calls.push((who, Method::PATCH, path.clone(), body));
        calls.push((who, Method::PATCH, path, json!({})));
    }
    let people = json!({ "author_ids": [shared.owner.id()], "related_ids": [], "tags": [] });
    calls.push((&shared.editor, Method::PATCH, format!("/articles/{}", shared.article), people));
    for (method, part, body) in [
        (Method::DELETE, "pin", Value::Null),
        (Method::PUT, "pin", json!({ "until": until })),
        (Method::PUT, "pin", json!({})),
        (Method::DELETE, "lock", Value::Null),
        (Method::DELETE, "accepted-answer", Value::Null),
        (Method::PUT, "accepted-answer", json!({ "comment_id": answer })),
        (Method::PUT, "lock", json!({})),
    ] {
        calls.push((&shared.owner, method, format!("{path}/{part}"), body));
    }
    let hidden = group(&shared.owner, "Ward", json!({ "visibility": "hidden" })).await;
    let sync = json!({ "slug": "ward", "visibility": "hidden", "summary": "Ours" });
    calls.push((&shared.owner, Method::PATCH, format!("/groups/{hidden}"), sync));
    for body in [json!({ "organisation": "Ward 6" }), json!({})] {
        calls.push((&shared.owner, Method::PATCH, "/me".to_owned(), body));
    }
    // last: whoever writes rules has yet to accept them
    let settings = json!({ "type_ids": [COMMUNITY], "rules": "Be kind", "tags": ["ward"] });
    calls.push((&shared.owner, Method::PATCH, format!("/groups/{}", shared.group), settings));
    for (who, method, path, body) in calls {
        let call = || {
            let call = who.request(method.clone(), &path).header("if-match", "*");
            if body.is_null() { call } else { call.json(body.clone()) }
        };
        let first = call().await.expect(200);
        let before = happenings(&shared).await;
        let again = call().await.expect(200);
        assert_eq!((again.header("etag"), &again.json), (first.header("etag"), &first.json), "{method} {path} {body}");
        assert_eq!(happenings(&shared).await, before, "{method} {path} {body}");
    }
}

async fn a_version_is_refused_where_none_is_compared(app: App) {
    let shared = Shared::new(&app).await;
    let owner = &shared.owner;
    let etag = owner.get("/me").await.expect(200).header("etag").to_owned();
    let change = || owner.request(Method::PATCH, "/me").json(json!({ "organisation": "Ward 6" }));
    for tag in [&*etag, "\"stale\"", "garbage", ""] {
        change().header("if-match", tag).await.expect_field(400, "If-Match", "unknown");
    }
    owner.get("/groups").header("if-match", &etag).await.expect_field(400, "If-Match", "unknown");
    assert!(owner.get("/me").await.expect(200)["organisation"].is_null(), "nothing is done");
    change().header("if-match", "*").await.expect(200);
}

async fn a_condition_that_cannot_be_read_is_named(app: App) {
    let ann = app.user("Ann");
    for path in ["/groups", "/me", "/group-types", "/articles?limit=1"] {
        for malformed in ["", "zzz", "\"a", "'a'", "\"a\" \"b\"", "*, \"a\"", "w/\"a\"", "\u{e9}"] {
            let answer = ann.get(path).header("if-none-match", malformed).await;
            answer.expect_field(400, "If-None-Match", "malformed");
        }
        for fine in ["\"a,b\"", " , \"a\" ,, W/\"b\"", "\"\""] {
            ann.get(path).header("if-none-match", fine).await.expect(200);
        }
        ann.get(path).header("if-none-match", "*").await.expect(304);
    }
}

async fn a_range_is_not_served(app: App) {
    let whole = app.anon().get("/group-types").await.expect(200);
    for range in ["bytes=0-1", "bytes=5-2", "bytes=abc", "lines=1-2", ""] {
        let answer = app.anon().get("/group-types").header("range", range).await.expect(200);
        assert_eq!(answer.bytes, whole.bytes, "{range}");
        assert!(!answer.headers.contains_key("content-range"), "{range}");
    }
}

async fn a_deletion_says_which_version_it_means(app: App) {
    let shared = Shared::new(&app).await;
    let kind =
        json!({ "name": "Ward", "plural": "Wards", "default_visibility": "listed", "default_join_policy": "open" });
    let kind = shared.admin.post("/group-types", kind).await.expect(201).id();
    let member = format!("/groups/{}/members/{}", shared.group, shared.member.id());
    let tried = [
        ("delete_comment", &shared.owner, format!("/comments/{}", shared.comment), json!({ "body": "Other" })),
        ("delete_post", &shared.owner, format!("/posts/{}", shared.post), json!({ "body": "Other" })),
        ("delete_member", &shared.owner, member, json!({ "role": "facilitator" })),
        ("delete_group", &shared.owner, format!("/groups/{}", shared.group), json!({ "summary": "Other" })),
        ("delete_article", &shared.editor, format!("/articles/{}", shared.article), json!({ "title": "Other" })),
        ("delete_group_type", &shared.admin, format!("/group-types/{kind}"), json!({ "description": "Other" })),
    ];
    assert_eq!(tried.each_ref().map(|(name, ..)| *name), DELETIONS);
    for (_, who, path, change) in tried {
        let seen = who.get(&path).await.expect(200).header("etag").to_owned();
        who.patch(&path, change).await.expect(200);
        let delete = || who.request(Method::DELETE, &path);
        delete().await.expect_problem(428, "precondition_required");
        delete().header("if-match", &seen).await.expect_problem(412, "precondition_failed");
        for malformed in ["", "abc", "\"abc", "\u{e9}", "\"a\", b"] {
            delete().header("if-match", malformed).await.expect_field(400, "If-Match", "malformed");
        }
        let seen = who.get(&path).await.expect(200).header("etag").to_owned();
        delete().header("if-match", &seen).await.expect(204);
    }
}

async fn what_a_person_does_in_private_is_no_version_of_theirs(app: App) {
    let shared = Shared::new(&app).await;
    let open = json!({ "member_list_visibility": "everyone" });
    shared.owner.patch(format!("/groups/{}", shared.group), open).await.expect(200);
    let path = format!("/groups/{}/members/{}", shared.group, shared.member.id());
    let tag = |answer: Answer| answer.header("etag").to_owned();
    let (before, seen) = (tag(shared.owner.get(&path).await.expect(200)), tag(app.anon().get(&path).await.expect(200)));
    let own = format!("/groups/{}/membership", shared.group);
    shared.member.patch(own, json!({ "notification_level": "none" })).await.expect(200);
    assert_eq!(tag(shared.owner.get(&path).await.expect(200)), before);
    // nor do others see in it what those who manage members note among themselves
    let noted = json!({ "role": "facilitator", "private_note": "relapsed" });
    shared.owner.patch_if(&before, &path, noted).await.expect(200);
    shared.owner.patch(&path, json!({ "role": "member" })).await.expect(200);
    assert_eq!(tag(app.anon().get(&path).await.expect(200)), seen);
    assert_eq!(tag(shared.member.get(&path).await.expect(200)), seen);
    assert_ne!(tag(shared.owner.get(&path).await.expect(200)), before);
}

async fn a_change_of_nothing_is_no_way_around_saying_why(app: App) {
    let shared = Shared::new(&app).await;
    let settings = json!({ "visibility": "hidden", "member_list_visibility": "members" });
    shared.owner.patch(format!("/groups/{}", shared.group), settings).await.expect(200);
    let path = format!("/groups/{}/members/{}", shared.group, shared.member.id());
    shared.admin.get(&path).await.expect_problem(403, "access_reason_needed");
    shared.admin.patch(&path, json!({})).await.expect_problem(403, "access_reason_needed");
    shared.admin.patch(&path, json!({ "role": "member" })).await.expect_problem(403, "access_reason_needed");
    shared.admin.patch(&path, json!({ "role": "facilitator" })).await.expect(200);
}

async fn of_eight_who_have_seen_the_same_one_changes_it(app: App) {
    let shared = Shared::new(&app).await;
    for operation in ["update_post", "update_comment", "update_member", "update_user"] {
        let (who, path, _) = shared.change(operation, 0);
        let seen = who.get(&path).await.expect(200).header("etag").to_owned();
        let tries = (0..8).map(|number| {
            let (who, path, body) = shared.change(operation, number);
            let body = if operation == "update_member" { json!({ "role": "facilitator" }) } else { body };
            let body = if operation == "update_user" { json!({ "platform_role": "editor" }) } else { body };
            let call = who.patch_if(&seen, path, body);
            async move { call.await.status }
        });
        let mut statuses = futures_util::future::join_all(tries).await;
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 412, 412, 412, 412, 412, 412, 412], "{operation}");
    }
}
