//! What people are told: by whom and of what, once of each event, and only as long as they may read it.

use std::time::Duration;

use diesel::prelude::*;
use praxis::api::notices;
use praxis::api::notices::model::{Notice, NoticeKind};
use praxis::auth::actor::PlatformRole;
use praxis::db::schema::{notifications, posts};
use praxis::types::{ArticleId, CommentId, GroupId, PostId, Timestamp, UserId};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::world::{article, comment, contribute, group, join, member, post};
use crate::support::{App, Caller, Case, on_each, served};

pub fn cases() -> Vec<Case> {
    served![
        one_is_told_once_of_an_event_and_never_of_ones_own_doing,
        what_one_does_not_want_to_hear_of_is_not_told,
        notifications_are_listed_newest_first_page_by_page,
        what_is_read_is_marked_one_by_one_and_all_at_once,
        who_leaves_a_group_reads_nothing_of_it_any_more,
        what_is_deleted_is_not_shown,
        a_post_that_moves_takes_what_was_told_of_it_along,
        a_group_is_named_to_those_who_may_know_of_it,
        who_did_it_has_the_groups_name_and_is_named_in_the_group_only,
        a_draft_is_named_to_those_who_read_it,
        a_post_that_could_not_come_out_is_told_to_its_author_only,
        what_others_decide_about_one_is_told_without_their_names,
        comments_and_mentions_are_told,
        what_is_old_and_what_was_told_to_the_deleted_goes,
        an_account_that_is_not_in_use_is_told_nothing,
    ]
}

/// Tells it now, as the features do.
fn tell(app: &App, notice: &Notice) {
    app.in_database(|conn| notices::queries::tell(conn, notice, Timestamp::now()));
}

/// Of a new event.
fn new(person: &Caller, kind: NoticeKind) -> Notice {
    Notice::new(person.id(), kind, Uuid::now_v7())
}

fn group_id(id: &str) -> GroupId {
    id.parse().unwrap()
}

fn post_id(id: &str) -> PostId {
    id.parse().unwrap()
}

fn comment_id(id: &str) -> CommentId {
    id.parse().unwrap()
}

fn article_id(id: &str) -> ArticleId {
    id.parse().unwrap()
}

/// What is listed, which is also what is counted, as long as nothing has been read.
async fn told(person: &Caller) -> Vec<Value> {
    let listed = person.get("/me/notifications?limit=100").await.expect(200);
    let unread = listed.items().iter().filter(|item| item["read_at"].is_null()).count();
    assert_eq!(person.get("/me/notifications/unread-count").await.expect(200)["count"], json!(unread));
    listed.items().to_vec()
}

async fn kinds(person: &Caller) -> Vec<String> {
    told(person).await.iter().map(|item| item["kind"].as_str().unwrap().to_owned()).collect()
}

async fn leave(person: &Caller, group: &str) {
    person.delete(format!("/groups/{group}/membership")).await.expect(204);
}

async fn one_is_told_once_of_an_event_and_never_of_ones_own_doing(app: App) {
    let (ann, bob) = (app.user("ann"), app.user("bob"));
    let event = Uuid::now_v7();
    tell(&app, &Notice::new(ann.id(), NoticeKind::Mention, event).by(bob.id()));
    tell(&app, &Notice::new(ann.id(), NoticeKind::Reply, event).by(bob.id()));
    tell(&app, &Notice::new(bob.id(), NoticeKind::Reply, event).by(bob.id()));
    let listed = told(&ann).await;
    assert_eq!(listed.len(), 1, "{listed:?}");
    assert_eq!((&listed[0]["kind"], &listed[0]["actor_name"]), (&json!("mention"), &json!("bob")));
    assert_eq!(listed[0]["actor_id"], json!(bob.id()));
    assert!(told(&bob).await.is_empty());
    app.anon().get("/me/notifications").await.expect_problem(401, "unauthenticated");
}

async fn what_one_does_not_want_to_hear_of_is_not_told(app: App) {
    let ann = app.user("ann");
    let path = "/me/notification-preferences";
    assert_eq!(ann.get(path).await.expect(200)["muted"], json!([]));
    let twice = json!({ "muted": ["reply", "invited", "reply"] });
    assert_eq!(ann.patch(path, twice).await.expect(200)["muted"], json!(["reply", "invited"]));
    assert_eq!(ann.patch(path, json!({})).await.expect(200)["muted"], json!(["reply", "invited"]));
    for kind in [NoticeKind::Reply, NoticeKind::Mention, NoticeKind::Invited] {
        tell(&app, &new(&ann, kind));
    }
    assert_eq!(kinds(&ann).await, ["mention"]);
    ann.patch(path, json!({ "muted": [] })).await.expect(200);
    tell(&app, &new(&ann, NoticeKind::Reply));
    assert_eq!(kinds(&ann).await, ["reply", "mention"]);
    ann.patch(path, json!({ "muted": ["everything"] })).await.expect_field(422, "/muted/0", "unknown_value");
    ann.patch(path, json!({ "muted": null })).await.expect_field(422, "/muted", "wrong_type");
    ann.patch(path, json!({ "groups": [] })).await.expect_field(422, "/groups", "unknown_property");
}

async fn notifications_are_listed_newest_first_page_by_page(app: App) {
    let ann = app.user("ann");
    let expected = ["reply", "mention", "invited", "role_changed", "request_decided"];
    for kind in [
        NoticeKind::RequestDecided,
        NoticeKind::RoleChanged,
        NoticeKind::Invited,
        NoticeKind::Mention,
        NoticeKind::Reply,
    ] {
        tell(&app, &new(&ann, kind));
    }
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = ann.get(format!("/me/notifications?limit=2{cursor}")).await.expect(200);
        found.extend(page.each("kind").into_iter().map(str::to_owned));
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(found, expected);
    let other = ann.get(format!("/me/notifications?unread=true{cursor}")).await;
    other.expect_problem(400, "bad_cursor");
    app.user("bob").get(format!("/me/notifications?limit=2{cursor}")).await.expect_problem(400, "bad_cursor");
}

async fn what_is_read_is_marked_one_by_one_and_all_at_once(app: App) {
    let (ann, bob) = (app.user("ann"), app.user("bob"));
    for kind in [NoticeKind::Reply, NoticeKind::Mention, NoticeKind::Invited] {
        tell(&app, &new(&ann, kind));
    }
    let first = told(&ann).await[0]["id"].as_str().unwrap().to_owned();
    let path = format!("/me/notifications/{first}/read");
    bob.request(Method::PUT, &path).await.expect_problem(404, "not_found");
    ann.request(Method::PUT, &path).await.expect(204);
    let read_at = told(&ann).await[0]["read_at"].clone();
    assert!(read_at.is_string());
    ann.request(Method::PUT, &path).await.expect(204);
    assert_eq!(told(&ann).await[0]["read_at"], read_at, "the first time counts");
    let unread = ann.get("/me/notifications?unread=true").await.expect(200);
    assert_eq!(unread.each("kind"), ["mention", "reply"]);
    assert_eq!(ann.get("/me/notifications?unread=false").await.expect(200).each("kind"), ["invited"]);
    ann.request(Method::PUT, "/me/notifications/read").await.expect(204);
    ann.request(Method::PUT, "/me/notifications/read").await.expect(204);
    assert_eq!(ann.get("/me/notifications/unread-count").await.expect(200)["count"], 0);
    assert!(ann.get("/me/notifications?unread=true").await.expect(200).items().is_empty());
    assert_eq!(told(&ann).await[0]["read_at"], read_at);
    let unknown = format!("/me/notifications/{}/read", Uuid::now_v7());
    ann.request(Method::PUT, unknown).await.expect_problem(404, "not_found");
}

async fn who_leaves_a_group_reads_nothing_of_it_any_more(app: App) {
    let (ann, bob) = (app.user("ann"), app.user("bob"));
    let id = group(&ann, "Circle", json!({ "visibility": "listed" })).await;
    join(&bob, &id).await;
    let thread = post(&ann, &id, "Thread").await;
    let answer = comment(&ann, &thread, None).await;
    let notice = new(&bob, NoticeKind::Mention).by(ann.id()).in_group(group_id(&id)).on_post(post_id(&thread));
    tell(&app, &notice.on_comment(comment_id(&answer)));
    let listed = told(&bob).await;
    let about = |listed: &[Value]| {
        let own = listed.iter().find(|item| item["kind"] == "mention").cloned();
        own.map(|item| [&item["post_title"], &item["group_name"], &item["actor_name"]].map(Clone::clone))
    };
    assert_eq!(about(&listed), Some(["Thread", "Circle", "ann"].map(|name| json!(name))), "{listed:?}");
    let path = format!("/me/notifications/{}/read", listed[0]["id"].as_str().unwrap());
    leave(&bob, &id).await;
    assert_eq!(about(&told(&bob).await), None);
    bob.request(Method::PUT, &path).await.expect_problem(404, "not_found");
    join(&bob, &id).await;
    assert!(about(&told(&bob).await).is_some(), "a member again");
    bob.request(Method::PUT, &path).await.expect(204);
    let banned = json!({ "state": "banned" });
    ann.patch(format!("/groups/{id}/members/{}", bob.id()), banned).await.expect(200);
    assert_eq!(about(&told(&bob).await), None);
    // who reads everything with a reason is still told nothing without one
    let admin = app.admin();
    let notice = new(&admin, NoticeKind::Mention).by(ann.id()).in_group(group_id(&id)).on_post(post_id(&thread));
    tell(&app, &notice);
    assert!(told(&admin).await.is_empty());
}

async fn what_is_deleted_is_not_shown(app: App) {
    let (ann, bob) = (app.user("ann"), app.user("bob"));
    let id = group(&ann, "Circle", json!({})).await;
    let thread = post(&ann, &id, "Thread").await;
    let answer = comment(&ann, &thread, None).await;
    let about = |kind| new(&bob, kind).by(ann.id()).in_group(group_id(&id)).on_post(post_id(&thread));
    tell(&app, &about(NoticeKind::Mention));
    tell(&app, &about(NoticeKind::Reply).on_comment(comment_id(&answer)));
    // whoever forgets the post, or its group, shows nothing
    tell(&app, &new(&bob, NoticeKind::Reply).in_group(group_id(&id)).on_comment(comment_id(&answer)));
    tell(&app, &new(&bob, NoticeKind::Reply).on_post(post_id(&thread)));
    assert_eq!(kinds(&bob).await, ["reply", "mention"]);
    ann.delete(format!("/comments/{answer}")).await.expect(204);
    assert_eq!(kinds(&bob).await, ["mention"]);
    ann.delete(format!("/posts/{thread}")).await.expect(204);
    assert!(told(&bob).await.is_empty());
    let other = post(&ann, &id, "Other").await;
    tell(&app, &new(&bob, NoticeKind::Mention).in_group(group_id(&id)).on_post(post_id(&other)));
    assert_eq!(kinds(&bob).await, ["mention"]);
    ann.delete(format!("/groups/{id}")).await.expect(204);
    assert!(told(&bob).await.is_empty());
}

async fn a_post_that_moves_takes_what_was_told_of_it_along(app: App) {
    let (ann, bob) = (app.user("ann"), app.user("bob"));
    let open = group(&ann, "Open", json!({})).await;
    let closed = group(&ann, "Closed", json!({ "visibility": "hidden" })).await;
    let thread = post(&ann, &open, "Thread").await;
    for person in [&ann, &bob] {
        let notice = new(person, NoticeKind::Mention).in_group(group_id(&open));
        tell(&app, &notice.on_post(post_id(&thread)));
    }
    let moved = |is_told: bool| {
        let (post, to) = (post_id(&thread), group_id(&closed));
        app.in_database(|conn| {
            let row = posts::table.find(post);
            on_each!(conn => diesel::update(row).set(posts::group_id.eq(to)).execute(conn))?;
            if is_told { notices::queries::move_post(conn, post, to) } else { Ok(()) }
        });
    };
    // the old group's name says nothing of who may read it now
    moved(false);
    assert!(told(&bob).await.is_empty() && told(&ann).await.is_empty());
    moved(true);
    assert!(told(&bob).await.is_empty());
    assert_eq!(told(&ann).await[0]["group_name"], "Closed");
}

async fn a_group_is_named_to_those_who_may_know_of_it(app: App) {
    let (ann, bob) = (app.user("ann"), app.user("bob"));
    let id = group(&ann, "Circle", json!({})).await;
    tell(&app, &new(&bob, NoticeKind::RequestDecided).in_group(group_id(&id)));
    let listed = told(&bob).await;
    assert_eq!((&listed[0]["group_name"], &listed[0]["group_id"]), (&json!("Circle"), &json!(id)));
    ann.patch(format!("/groups/{id}"), json!({ "visibility": "hidden" })).await.expect(200);
    assert!(told(&bob).await.is_empty());
    let body = json!({ "recipients": [{ "user_id": bob.id() }] });
    ann.post(format!("/groups/{id}/invitations"), body).await.expect(200);
    let named = told(&bob).await;
    assert!(named.iter().all(|item| item["group_name"] == "Circle" && item["actor_name"].is_null()), "{named:?}");
    assert!(!named.is_empty(), "the invited know of it");
    leave(&bob, &id).await;
    assert!(told(&bob).await.is_empty(), "not who declines");
}

async fn who_did_it_has_the_groups_name_and_is_named_in_the_group_only(app: App) {
    let (ann, bob) = (app.user("ann"), app.user("bob"));
    let id = group(&ann, "Circle", json!({ "visibility": "listed" })).await;
    ann.patch(format!("/groups/{id}/membership"), json!({ "display_name": "Otter" })).await.expect(200);
    tell(&app, &new(&bob, NoticeKind::RoleChanged).by(ann.id()).in_group(group_id(&id)));
    let outside = told(&bob).await;
    assert_eq!((&outside[0]["actor_id"], &outside[0]["actor_name"]), (&Value::Null, &Value::Null));
    assert_eq!(outside[0]["group_name"], "Circle", "its card is for everybody");
    join(&bob, &id).await;
    let inside = told(&bob).await;
    let role = inside.iter().find(|item| item["kind"] == "role_changed").unwrap();
    assert_eq!((&role["actor_id"], &role["actor_name"]), (&json!(ann.id()), &json!("Otter")));
}

async fn a_draft_is_named_to_those_who_read_it(app: App) {
    let editor = app.person("editor", PlatformRole::Editor);
    let (owner, ann, eve) = (app.user("owner"), app.user("ann"), app.user("eve"));
    let id = group(&owner, "Circle", json!({})).await;
    join(&ann, &id).await;
    let draft = article(&editor, "Draft", "draft", &[]).await;
    let about = |person: &Caller| {
        new(person, NoticeKind::ContributionProposed).in_group(group_id(&id)).on_article(article_id(&draft))
    };
    let people = [&editor, &owner, &ann, &eve];
    for person in people {
        tell(&app, &about(person));
    }
    let named = async |person: &Caller| told(person).await.iter().any(|item| item["article_title"] == "Draft");
    for (person, is_named) in people.into_iter().zip([true, false, false, false]) {
        assert_eq!(named(person).await, is_named, "before the group was asked: {}", person.name());
    }
    contribute(&editor, &owner, &draft, &id).await;
    for (person, is_named) in people.into_iter().zip([true, true, false, false]) {
        assert_eq!(named(person).await, is_named, "those who lead it: {}", person.name());
    }
    editor.patch(format!("/articles/{draft}"), json!({ "status": "published" })).await.expect(200);
    for person in people {
        assert!(named(person).await, "published: {}", person.name());
    }
    owner.patch(format!("/groups/{id}"), json!({ "visibility": "hidden" })).await.expect(200);
    for (person, is_named) in people.into_iter().zip([false, true, true, false]) {
        assert_eq!(named(person).await, is_named, "of a hidden group: {}", person.name());
    }
    editor.delete(format!("/articles/{draft}")).await.expect(204);
    for person in people {
        assert!(!named(person).await, "deleted: {}", person.name());
    }
}

async fn a_post_that_could_not_come_out_is_told_to_its_author_only(app: App) {
    let (ann, bob) = (app.user("ann"), app.user("bob"));
    let id = group(&ann, "Circle", json!({})).await;
    join(&bob, &id).await;
    let body = json!({ "kind": "discussion", "title": "Draft", "body": "B", "status": "draft" });
    let draft = bob.post(format!("/groups/{id}/posts"), body).await.expect(201).id();
    for person in [&ann, &bob] {
        let notice = new(person, NoticeKind::PostNotPublished).in_group(group_id(&id));
        tell(&app, &notice.on_post(post_id(&draft)));
    }
    assert!(told(&ann).await.is_empty());
    assert_eq!(told(&bob).await[0]["post_title"], "Draft");
    ann.patch(format!("/groups/{id}"), json!({ "visibility": "listed" })).await.expect(200);
    leave(&bob, &id).await;
    assert!(told(&bob).await.is_empty(), "not once the group is closed to the author");
}

async fn what_others_decide_about_one_is_told_without_their_names(app: App) {
    let (owner, ann, bob) = (app.user("owner"), app.user("ann"), app.user("bob"));
    let id = group(&owner, "Circle", json!({ "join_policy": "request" })).await;
    member(&ann, &owner, &id).await;
    assert_eq!(kinds(&ann).await, ["request_decided"]);
    let path = format!("/groups/{id}/members/{}", ann.id());
    owner.patch(&path, json!({ "role": "facilitator" })).await.expect(200);
    assert_eq!(kinds(&ann).await, ["role_changed", "request_decided"]);
    assert!(told(&ann).await.iter().all(|item| item["actor_id"].is_null() && item["group_id"] == json!(id)));
    join(&bob, &id).await;
    assert!(told(&bob).await.is_empty(), "one knows what one asked for");
    let decision = format!("/groups/{id}/membership-requests/{}/decision", bob.id());
    owner.post(decision, json!({ "outcome": "decline", "reason": "Full." })).await.expect(200);
    assert_eq!(kinds(&bob).await, ["request_decided"]);
    let eve = app.user("eve");
    let body = json!({ "recipients": [{ "user_id": eve.id() }] });
    owner.post(format!("/groups/{id}/invitations"), body).await.expect(200);
    assert_eq!(kinds(&eve).await, ["invited"]);
    join(&eve, &id).await;
    assert_eq!(kinds(&eve).await, ["invited"], "joining is one's own doing");
}

async fn comments_and_mentions_are_told(app: App) {
    let (ann, bob) = (app.user("ann"), app.user("bob"));
    let id = group(&ann, "Circle", json!({})).await;
    join(&bob, &id).await;
    let handle = ann.get("/me").await.expect(200)["handle"].as_str().unwrap().to_owned();
    let thread = post(&ann, &id, "Thread").await;
    comment(&bob, &thread, None).await;
    assert_eq!(kinds(&ann).await, ["reply"]);
    assert!(told(&bob).await.iter().all(|item| item["kind"] != "reply"), "not who wrote it");
    let body = json!({ "body": format!("Look, @{handle}!") });
    bob.post(format!("/posts/{thread}/comments"), body).await.expect(201);
    assert_eq!(kinds(&ann).await, ["mention", "reply"], "one comment is told once");
}

async fn what_is_old_and_what_was_told_to_the_deleted_goes(app: App) {
    let (ann, bob) = (app.user("ann"), app.user("bob"));
    for person in [&ann, &bob] {
        tell(&app, &new(person, NoticeKind::Reply));
    }
    let rows = |person: UserId| {
        let own = notifications::table.filter(notifications::user_id.eq(person));
        app.in_database(|conn| Ok(on_each!(conn => own.count().get_result::<i64>(conn))?))
    };
    let purged = |days: u64| {
        let then = Timestamp::now().after(Duration::from_hours(days * 24));
        app.in_database(|conn| notices::queries::purge_due(conn, then))
    };
    assert_eq!(purged(89), 0);
    ann.patch("/me/notification-preferences", json!({ "muted": ["invited"] })).await.expect(200);
    ann.delete("/me").await.expect(204);
    assert_eq!((rows(ann.id()), rows(bob.id())), (0, 1));
    assert_eq!((purged(91), purged(91)), (1, 0));
    assert_eq!(rows(bob.id()), 0);
}

async fn an_account_that_is_not_in_use_is_told_nothing(app: App) {
    let (ann, admin) = (app.user("ann"), app.admin());
    let status = async |status: &str| {
        let path = format!("/admin/users/{}", ann.id());
        admin.patch(path, json!({ "status": status })).await.expect(200);
    };
    status("suspended").await;
    tell(&app, &new(&ann, NoticeKind::Reply));
    tell(&app, &Notice::new(UserId::new(), NoticeKind::Reply, Uuid::now_v7()));
    status("active").await;
    let rows = app.in_database(|conn| Ok(on_each!(conn => notifications::table.count().get_result::<i64>(conn))?));
    assert_eq!(rows, 0);
}
