//! What has changed since a time, and what is gone: for those who keep a copy.

use std::time::Duration;

use diesel::connection::SimpleConnection as _;
use praxis::types::Timestamp;
use serde_json::{Value, json};

use crate::support::world::{article, comment, group, join, member, post, settle};
use crate::support::{Answer, App, Caller, Case, on_each, served};

pub fn cases() -> Vec<Case> {
    served![
        every_change_is_told_once_and_in_order,
        what_is_gone_is_told_to_those_who_could_know_of_it,
        what_has_just_changed_is_told_later,
        members_who_come_and_go_are_told,
        a_time_too_long_ago_and_other_filters_are_refused,
    ]
}

fn since() -> String {
    Timestamp::now().before(Duration::from_hours(24)).to_string()
}

/// All pages of a list of changes, one by one: the ids of what there is, and of what is gone.
async fn walk(who: &Caller, path: &str, since: &str, id: impl Fn(&Value) -> Value) -> (Vec<Value>, Vec<Value>) {
    let (mut there, mut gone, mut cursor) = (Vec::new(), Vec::new(), String::new());
    loop {
        let page: Answer = who.get(format!("{path}?updated_since={since}&limit=1{cursor}")).await.expect(200);
        there.extend(page.items().iter().map(&id));
        gone.extend(page["deleted"].as_array().unwrap().iter().map(|gone| gone["id"].clone()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return (there, gone),
        }
    }
}

fn id(item: &Value) -> Value {
    item["id"].clone()
}

fn person(item: &Value) -> Value {
    item["user"]["id"].clone()
}

async fn every_change_is_told_once_and_in_order(app: App) {
    let ann = app.user("ann");
    let editor = app.person("editor", praxis::auth::actor::PlatformRole::Editor);
    let (one, two) = (group(&ann, "One", json!({})).await, group(&ann, "Two", json!({})).await);
    let (first, second) = (post(&ann, &one, "First").await, post(&ann, &one, "Second").await);
    comment(&ann, &first, None).await;
    let body = json!({ "kind": "discussion", "title": "T", "body": "B", "status": "draft" });
    ann.post(format!("/groups/{one}/posts"), body).await.expect(201);
    let (older, newer) =
        (article(&editor, "Older", "published", &[]).await, article(&editor, "Newer", "published", &[]).await);
    article(&editor, "Draft", "draft", &[]).await;
    settle(&app);
    let since = since();
    assert_eq!(walk(&ann, "/groups", &since, id).await, (vec![json!(two), json!(one)], vec![]), "one was active last");
    let posts = format!("/groups/{one}/posts");
    assert_eq!(walk(&ann, &posts, &since, id).await.0, [json!(second), json!(first)], "the first was answered last");
    assert_eq!(walk(&app.anon(), "/articles", &since, id).await.0, [json!(older), json!(newer)]);
    // what has not changed since is not told again
    let later = Timestamp::now().before(Duration::from_secs(65)).to_string();
    ann.patch(format!("/groups/{two}"), json!({ "summary": "Changed" })).await.expect(200);
    app.in_database(|conn| {
        let sql = if app.database.is_sqlite() {
            "UPDATE groups SET changed_at = changed_at - 63000000 WHERE summary = 'Changed'"
        } else {
            "UPDATE groups SET changed_at = changed_at - interval '63 seconds' WHERE summary = 'Changed'"
        };
        on_each!(conn => conn.batch_execute(sql)).unwrap();
        Ok(())
    });
    assert_eq!(walk(&ann, "/groups", &later, id).await.0, [json!(two)]);
}

async fn what_is_gone_is_told_to_those_who_could_know_of_it(app: App) {
    let (ann, ben, eve) = (app.user("ann"), app.user("ben"), app.user("eve"));
    let editor = app.person("editor", praxis::auth::actor::PlatformRole::Editor);
    let kept = group(&ann, "Kept", json!({})).await;
    let deleted = group(&ann, "Deleted", json!({})).await;
    let turned = group(&ann, "Turned", json!({})).await;
    let secret = group(&ann, "Secret", json!({ "visibility": "hidden", "join_policy": "open" })).await;
    member(&ben, &ann, &turned).await;
    let rows = json!({ "rows": [{ "action": "add", "user_id": ben.id() }] });
    app.admin().post(format!("/groups/{secret}/members:batch"), rows).await.expect(200);
    ann.delete(format!("/groups/{deleted}")).await.expect(204);
    ann.patch(format!("/groups/{turned}"), json!({ "visibility": "hidden" })).await.expect(200);
    ann.delete(format!("/groups/{secret}")).await.expect(204);
    let (gone, moved, stays) =
        (post(&ann, &kept, "Gone").await, post(&ann, &kept, "Moved").await, post(&ann, &kept, "Stays").await);
    ann.delete(format!("/posts/{gone}")).await.expect(204);
    let other = group(&ann, "Other", json!({})).await;
    ann.act(format!("/posts/{moved}/move"), json!({ "group_id": other })).await.expect(200);
    let piece = article(&editor, "Piece", "published", &[]).await;
    let taken_back = article(&editor, "Back", "published", &[]).await;
    editor.delete(format!("/articles/{piece}")).await.expect(204);
    editor.patch(format!("/articles/{taken_back}"), json!({ "status": "draft" })).await.expect(200);
    settle(&app);
    let since = since();
    let strangers = walk(&eve, "/groups", &since, id).await;
    assert_eq!(strangers.1, [json!(deleted), json!(turned)], "nothing of what was hidden all the time");
    assert!(!strangers.0.contains(&json!(turned)) && !strangers.0.contains(&json!(secret)));
    let members = walk(&ben, "/groups", &since, id).await;
    assert_eq!(members.1, [json!(deleted), json!(secret)], "of what they are in still, they are told no end");
    assert!(members.0.contains(&json!(turned)));
    let posts = walk(&eve, &format!("/groups/{kept}/posts"), &since, id).await;
    assert_eq!(posts, (vec![json!(stays)], vec![json!(gone), json!(moved)]));
    assert_eq!(walk(&eve, &format!("/groups/{other}/posts"), &since, id).await.0, [json!(moved)]);
    assert_eq!(walk(&eve, "/articles", &since, id).await, (vec![], vec![json!(piece), json!(taken_back)]));
    ann.patch(format!("/groups/{kept}"), json!({ "visibility": "listed" })).await.expect(200);
    let refused = eve.get(format!("/groups/{kept}/posts?updated_since={since}")).await;
    refused.expect_problem(403, "members_only");
}

async fn what_has_just_changed_is_told_later(app: App) {
    let ann = app.user("ann");
    let id = group(&ann, "Circle", json!({})).await;
    let path = format!("/groups?updated_since={}", since());
    assert_eq!(ann.get(&path).await.expect(200).items().len(), 0);
    settle(&app);
    assert_eq!(ann.get(&path).await.expect(200).each("id"), [&*id]);
}

async fn members_who_come_and_go_are_told(app: App) {
    let (ann, ben, eve) = (app.user("ann"), app.user("ben"), app.user("eve"));
    let id = group(&ann, "Circle", json!({ "member_list_visibility": "members" })).await;
    join(&ben, &id).await;
    join(&eve, &id).await;
    eve.delete(format!("/groups/{id}/membership")).await.expect(204);
    settle(&app);
    let (path, since) = (format!("/groups/{id}/members"), since());
    let told = walk(&ann, &path, &since, person).await;
    assert_eq!(told, (vec![json!(ann.id()), json!(ben.id())], vec![json!(eve.id())]));
    // who was in the group once is nobody's business but of those who lead it
    ben.get(format!("{path}?updated_since={since}")).await.expect_problem(403, "forbidden");
    eve.get(format!("{path}?updated_since={since}")).await.expect_problem(403, "members_only");
}

async fn a_time_too_long_ago_and_other_filters_are_refused(app: App) {
    let ann = app.user("ann");
    let id = group(&ann, "Circle", json!({})).await;
    let old = Timestamp::now().before(Duration::from_hours(24 * 91));
    let now = since();
    for (path, other) in [
        ("/groups".to_owned(), "q=a"),
        (format!("/groups/{id}/members"), "role=owner"),
        (format!("/groups/{id}/posts"), "kind=question"),
        ("/articles".to_owned(), "kind=news"),
    ] {
        ann.get(format!("{path}?updated_since={old}")).await.expect_field(400, "updated_since", "too_old");
        ann.get(format!("{path}?updated_since={now}&{other}")).await.expect_field(400, "updated_since", "conflict");
        ann.get(format!("{path}?updated_since=yesterday")).await.expect_field(400, "updated_since", "malformed");
    }
}
