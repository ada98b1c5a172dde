//! Many at once: nothing fails, nothing acknowledged is lost, and every count is right afterwards.

use std::future::IntoFuture as _;

use futures_util::future::join_all;
use serde_json::json;

use crate::support::world::{group, join, post};
use crate::support::{Answer, App, Caller, Case, served};

pub fn cases() -> Vec<Case> {
    served![
        sixteen_people_make_fifty_mixed_changes_each,
        sixty_four_people_post_into_one_group_at_once,
        fifty_ask_at_once_and_are_approved_at_once,
        two_who_decide_one_request_at_once_make_one_member,
        posting_and_deleting_at_once_leaves_the_right_date,
        groups_with_one_name_get_slugs_of_their_own_at_once,
    ]
}

const PEOPLE: usize = 16;
const CHANGES: usize = 50;

async fn sixteen_people_make_fifty_mixed_changes_each(app: App) {
    let owner = app.user("owner");
    let mut groups = Vec::new();
    for number in 0..3 {
        groups.push(group(&owner, &format!("Circle {number}"), json!({})).await);
    }
    let thread = post(&owner, &groups[0], "Thread").await;
    let people: Vec<Caller> = (0..PEOPLE).map(|number| app.user(&format!("person {number}"))).collect();
    for person in &people {
        join(person, &groups[0]).await;
    }
    let written: Vec<Vec<Answer>> =
        join_all((people.iter().enumerate()).map(|(n, who)| busy(who, n, &groups, &thread))).await;
    for answer in written.iter().flatten() {
        assert!(answer.status < 500, "{answer}");
    }
    let kept =
        |path: &str| written.iter().flatten().filter(|one| one.status == 201 && one.path.ends_with(path)).count();
    for group in &groups {
        let made = written.iter().flatten();
        let made =
            made.filter(|one| one.status == 201 && one.path.contains(group.as_str()) && one.path.ends_with("/posts"));
        let mut listed = Vec::new();
        let mut path = format!("/groups/{group}/posts?limit=100");
        loop {
            let page = owner.get(&path).await.expect(200);
            listed.extend(page.each("id").into_iter().map(str::to_owned));
            let Some(cursor) = page["next_cursor"].as_str() else { break };
            path = format!("/groups/{group}/posts?limit=100&cursor={cursor}");
        }
        for answer in made {
            assert!(listed.contains(&answer.id()), "an acknowledged post is gone: {answer}");
        }
    }
    assert!(kept("/posts") > 100 && kept("/comments") > 100, "the changes were mixed");
    let seen = owner.get(format!("/posts/{thread}")).await.expect(200);
    assert_eq!(seen["comment_count"], json!(kept("/comments")));
    assert_eq!(app.in_database(praxis::doctor::examine), []);
}

async fn busy(who: &Caller, number: usize, groups: &[String], thread: &str) -> Vec<Answer> {
    let mut answers = Vec::new();
    for change in 0..CHANGES {
        let group = &groups[(number + change) % groups.len()];
        let words = json!({ "kind": "discussion", "title": format!("{number}.{change}"), "body": "B" });
        answers.push(match (number + change) % 5 {
            0 => who.put(format!("/groups/{group}/membership"), json!({})).await,
            1 | 2 => who.post(format!("/groups/{group}/posts"), words).await,
            3 => who.post(format!("/posts/{thread}/comments"), json!({ "body": "B" })).await,
            _ if change % 10 == 4 && *group != groups[0] => who.delete(format!("/groups/{group}/membership")).await,
            _ => who.patch("/me", json!({ "display_name": format!("Person {number}.{change}") })).await,
        });
    }
    answers
}

async fn sixty_four_people_post_into_one_group_at_once(app: App) {
    let owner = app.user("owner");
    let id = group(&owner, "Circle", json!({})).await;
    let people: Vec<Caller> = (0..64).map(|number| app.user(&format!("person {number}"))).collect();
    join_all(people.iter().map(|who| join(who, &id))).await;
    let words = json!({ "kind": "discussion", "title": "T", "body": "B" });
    let posts = people.iter().map(|who| who.post(format!("/groups/{id}/posts"), words.clone()).into_future());
    let made: Vec<String> = join_all(posts).await.into_iter().map(|answer| answer.expect(201).id()).collect();
    let listed = owner.get(format!("/groups/{id}/posts?limit=100")).await.expect(200);
    assert_eq!(listed.items().len(), 64);
    assert!(made.iter().all(|id| listed.each("id").contains(&id.as_str())));
    let latest = listed.items()[0]["created_at"].clone();
    assert_eq!(owner.get(format!("/groups/{id}")).await.expect(200)["last_active_at"], latest);
}

async fn fifty_ask_at_once_and_are_approved_at_once(app: App) {
    let owner = app.user("owner");
    let id = group(&owner, "Circle", json!({ "join_policy": "request" })).await;
    let people: Vec<_> = (0..50).map(|number| app.user(&format!("person {number}"))).collect();
    let asking = people.iter().map(|who| who.put(format!("/groups/{id}/membership"), json!({})).into_future());
    for asked in join_all(asking).await {
        assert_eq!(asked.expect(200)["state"], "requested");
    }
    assert_eq!(owner.get(format!("/groups/{id}/membership-requests?limit=100")).await.expect(200).items().len(), 50);
    let approve = |who: &crate::support::Caller| {
        let path = format!("/groups/{id}/membership-requests/{}/decision", who.id());
        owner.post(path, json!({ "outcome": "approve" })).into_future()
    };
    for decided in join_all(people.iter().map(approve)).await {
        assert_eq!(decided.expect(200)["state"], "active");
    }
    assert_eq!(owner.get(format!("/groups/{id}")).await.expect(200)["member_count"], 51);
    assert_eq!(app.in_database(praxis::doctor::examine), []);
}

async fn two_who_decide_one_request_at_once_make_one_member(app: App) {
    let (owner, other) = (app.user("owner"), app.user("other"));
    let id = group(&owner, "Circle", json!({ "join_policy": "request" })).await;
    crate::support::world::member_as(&other, &owner, &id, "facilitator").await;
    for number in 0..8 {
        let who = app.user(&format!("person {number}"));
        join(&who, &id).await;
        let path = format!("/groups/{id}/membership-requests/{}/decision", who.id());
        let (one, two) = tokio::join!(
            owner.post(&path, json!({ "outcome": "approve" })).into_future(),
            other.post(&path, json!({ "outcome": "decline" })).into_future(),
        );
        let mut statuses = [one.status, two.status];
        statuses.sort_unstable();
        // who was declined first is approved after all; who was approved first cannot be declined any more
        let expected = if two.status == 200 { [200, 200] } else { [200, 409] };
        assert_eq!(statuses, expected, "{one} {two}");
        let member = owner.get(format!("/groups/{id}/members/{}", who.id())).await.expect(200);
        assert_eq!(member["state"], "active", "{one} {two}");
    }
    assert_eq!(app.in_database(praxis::doctor::examine), []);
}

async fn posting_and_deleting_at_once_leaves_the_right_date(app: App) {
    let owner = app.user("owner");
    let editor = app.person("editor", praxis::auth::actor::PlatformRole::Editor);
    for round in 0..6 {
        let id = group(&owner, &format!("Circle {round}"), json!({})).await;
        let piece = crate::support::world::article(&editor, &format!("Piece {round}"), "draft", &[]).await;
        let parts = format!("/articles/{piece}/contributions");
        editor.post(&parts, json!({ "group_id": id, "role": "wrote" })).await.expect(201);
        let first = post(&owner, &id, "First").await;
        let words = json!({ "kind": "discussion", "title": "T", "body": "B" });
        let answers = tokio::join!(
            owner.delete(format!("/posts/{first}")).into_future(),
            owner.post(format!("/groups/{id}/posts"), words.clone()).into_future(),
            owner.post(format!("{parts}/{id}/decision"), json!({ "outcome": "accept" })).into_future(),
            editor.patch(format!("/articles/{piece}"), json!({ "status": "published" })).into_future(),
        );
        for answer in [&answers.0, &answers.1, &answers.2, &answers.3] {
            assert!(answer.status < 300, "{answer}");
        }
        assert_eq!(app.in_database(praxis::doctor::examine), [], "round {round}");
    }
}

async fn groups_with_one_name_get_slugs_of_their_own_at_once(app: App) {
    let ann = app.user("ann");
    let body = json!({ "name": "Circle", "type_ids": [crate::support::world::COMMUNITY] });
    let made = join_all((0..12).map(|_| ann.post("/groups", body.clone()).into_future())).await;
    let mut slugs: Vec<String> =
        made.into_iter().map(|answer| answer.expect(201)["slug"].as_str().unwrap().to_owned()).collect();
    slugs.sort();
    slugs.dedup();
    assert_eq!(slugs.len(), 12, "{slugs:?}");
}
