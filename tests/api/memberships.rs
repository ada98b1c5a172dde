//! Joining, asking, deciding, leading and leaving; and what always holds about owners and counts.

use std::future::IntoFuture as _;

use futures_util::future::join_all;
use praxis::api::memberships;
use serde_json::json;

use crate::support::world::{PEER_SUPPORT, group, join, member, member_as, micros, post};
use crate::support::{App, Caller, Case, served};

pub fn cases() -> Vec<Case> {
    served![
        an_open_group_takes_people_at_once_and_only_once,
        a_group_that_takes_requests_is_asked_and_decides,
        a_declined_person_reads_the_reason_and_may_ask_again,
        a_decision_without_a_request_is_refused_with_the_state,
        an_invite_only_group_cannot_be_joined,
        a_request_can_be_withdrawn,
        the_last_owner_stays_and_hears_who_could_take_over,
        the_last_owner_stays_when_two_leave_at_once,
        facilitators_act_on_members_but_not_on_their_equals,
        only_owners_give_roles,
        the_banned_are_strangers_who_cannot_come_back_until_the_ban_is_lifted,
        a_removed_person_may_come_back,
        fifty_people_join_at_once,
        one_person_joins_fifty_times_at_once,
        opening_a_group_leaves_requests_for_a_decision,
        members_are_listed_in_every_order_page_by_page,
        a_members_list_is_for_whom_the_group_says,
        other_states_are_for_those_who_manage_members,
        members_are_found_by_name_and_wildcards_are_letters,
        what_others_see_of_a_member_is_coarse_or_nothing,
        a_group_that_becomes_hidden_is_gone_for_who_only_asked,
        an_archived_group_takes_nobody,
    ]
}

fn membership(group: &str) -> String {
    format!("/groups/{group}/membership")
}

fn member_path(group: &str, person: &Caller) -> String {
    format!("/groups/{group}/members/{}", person.id())
}

fn decision(group: &str, person: &Caller) -> String {
    format!("/groups/{group}/membership-requests/{}/decision", person.id())
}

async fn count(viewer: &Caller, group: &str) -> i64 {
    viewer.get(format!("/groups/{group}")).await.expect(200)["member_count"].as_i64().unwrap()
}

async fn can(viewer: &Caller, group: &str) -> Vec<String> {
    let answer = viewer.get(format!("/groups/{group}")).await.expect(200);
    answer["viewer"]["can"].as_array().unwrap().iter().map(|action| action.as_str().unwrap().to_owned()).collect()
}

async fn an_open_group_takes_people_at_once_and_only_once(app: App) {
    let (owner, ann) = (app.user("owner"), app.user("ann"));
    let id = group(&owner, "Open circle", json!({})).await;
    ann.get(membership(&id)).await.expect_problem(404, "not_found");
    assert!(can(&ann, &id).await.contains(&"join".to_owned()));
    let first = ann.put(membership(&id), json!({})).await.expect(200);
    assert_eq!((&first["state"], &first["role"]), (&json!("active"), &json!("member")));
    let again = ann.put(membership(&id), json!({})).await.expect(200);
    assert_eq!(first.json, again.json);
    assert_eq!(count(&ann, &id).await, 2);
    ann.delete(membership(&id)).await.expect(204);
    ann.delete(membership(&id)).await.expect(204);
    assert_eq!(count(&ann, &id).await, 1);
    let left = ann.get(membership(&id)).await.expect(200);
    assert_eq!((&left["state"], &left["role"]), (&json!("left"), &json!("none")));
    assert_eq!(join(&ann, &id).await, "active");
}

async fn a_group_that_takes_requests_is_asked_and_decides(app: App) {
    let (owner, helper, ann) = (app.user("owner"), app.user("helper"), app.user("ann"));
    let id = group(&owner, "Peer circle", json!({ "type_ids": [PEER_SUPPORT] })).await;
    member_as(&helper, &owner, &id, "facilitator").await;
    let asked = ann.put(membership(&id), json!({ "message": "May I?" })).await.expect(200);
    assert_eq!((&asked["state"], &asked["message"]), (&json!("requested"), &json!("May I?")));
    assert_eq!(count(&owner, &id).await, 2);
    ann.get(format!("/groups/{id}/posts")).await.expect_problem(403, "members_only");
    ann.get(format!("/groups/{id}/membership-requests")).await.expect_problem(403, "forbidden");
    let requests = helper.get(format!("/groups/{id}/membership-requests")).await.expect(200);
    assert_eq!(requests.items().len(), 1);
    assert_eq!(requests.items()[0]["user"]["display_name"], "ann");
    assert_eq!(requests.items()[0]["message"], "May I?");
    let approved = helper.post(decision(&id, &ann), json!({ "outcome": "approve" })).await.expect(200);
    assert_eq!((&approved["state"], &approved["role"]), (&json!("active"), &json!("member")));
    assert_eq!(count(&owner, &id).await, 3);
    ann.get(format!("/groups/{id}/posts")).await.expect(200);
    assert!(helper.get(format!("/groups/{id}/membership-requests")).await.expect(200).items().is_empty());
}

async fn a_declined_person_reads_the_reason_and_may_ask_again(app: App) {
    let (owner, ann) = (app.user("owner"), app.user("ann"));
    let id = group(&owner, "Peer circle", json!({ "type_ids": [PEER_SUPPORT] })).await;
    join(&ann, &id).await;
    let body = json!({ "outcome": "decline", "reason": "We are full." });
    let declined = owner.post(decision(&id, &ann), body).await.expect(200);
    assert_eq!(declined["state"], "declined");
    let mine = ann.get(membership(&id)).await.expect(200);
    assert_eq!((&mine["state"], &mine["decision_reason"]), (&json!("declined"), &json!("We are full.")));
    let early = ann.put(membership(&id), json!({})).await.expect_problem(409, "cooling_down");
    let days = (micros(&early["retry_at"]).unwrap() - micros(&mine["decided_at"]).unwrap()) / 86_400_000_000;
    assert_eq!(days, 30, "unless the group says otherwise");
    owner.patch(format!("/groups/{id}"), json!({ "request_cooldown_days": 0 })).await.expect(200);
    assert_eq!(join(&ann, &id).await, "requested");
    assert!(ann.get(membership(&id)).await.expect(200)["decision_reason"].is_null());
    assert_eq!(count(&owner, &id).await, 1);
}

async fn a_decision_without_a_request_is_refused_with_the_state(app: App) {
    let (owner, ann, eve) = (app.user("owner"), app.user("ann"), app.user("eve"));
    let id = group(&owner, "Open circle", json!({})).await;
    join(&ann, &id).await;
    let refused = owner.post(decision(&id, &ann), json!({ "outcome": "approve" })).await;
    let refused = refused.expect_problem(409, "invalid_state");
    assert_eq!((&refused["state"], &refused["allowed"]), (&json!("active"), &json!(["removed", "banned"])));
    owner.post(decision(&id, &eve), json!({ "outcome": "approve" })).await.expect_problem(404, "not_found");
    owner.post(decision(&id, &ann), json!({ "outcome": "maybe" })).await.expect_field(422, "/outcome", "unknown_value");
}

async fn an_invite_only_group_cannot_be_joined(app: App) {
    let (owner, ann) = (app.user("owner"), app.user("ann"));
    let id = group(&owner, "Closed circle", json!({ "join_policy": "invite_only" })).await;
    ann.put(membership(&id), json!({})).await.expect_problem(403, "forbidden");
    let actions = can(&ann, &id).await;
    assert!(!actions.contains(&"join".to_owned()) && !actions.contains(&"request".to_owned()), "{actions:?}");
}

async fn a_request_can_be_withdrawn(app: App) {
    let (owner, ann) = (app.user("owner"), app.user("ann"));
    let id = group(&owner, "Peer circle", json!({ "type_ids": [PEER_SUPPORT] })).await;
    join(&ann, &id).await;
    assert!(can(&ann, &id).await.contains(&"withdraw".to_owned()));
    ann.delete(membership(&id)).await.expect(204);
    assert!(owner.get(format!("/groups/{id}/membership-requests")).await.expect(200).items().is_empty());
    owner.post(decision(&id, &ann), json!({ "outcome": "approve" })).await.expect_problem(409, "invalid_state");
}

async fn the_last_owner_stays_and_hears_who_could_take_over(app: App) {
    let (owner, helper, ann, admin) = (app.user("owner"), app.user("helper"), app.user("ann"), app.admin());
    let id = group(&owner, "Circle", json!({})).await;
    member(&ann, &owner, &id).await;
    member_as(&helper, &owner, &id, "facilitator").await;
    assert!(!can(&owner, &id).await.contains(&"leave".to_owned()));
    let answers = [
        owner.delete(membership(&id)).await,
        owner.patch(member_path(&id, &owner), json!({ "role": "member" })).await,
        owner.patch(member_path(&id, &owner), json!({ "state": "removed" })).await,
        owner.delete(member_path(&id, &owner)).await,
        admin.patch(member_path(&id, &owner), json!({ "state": "banned" })).await,
    ];
    for answer in answers {
        let answer = answer.expect_problem(409, "last_owner");
        let names: Vec<&str> =
            answer["candidates"].as_array().unwrap().iter().map(|who| who["display_name"].as_str().unwrap()).collect();
        assert_eq!(names, ["helper", "ann"], "{answer}");
    }
    let answer = owner.delete("/me").await.expect_problem(409, "last_owner");
    assert_eq!(answer["groups"][0]["id"], json!(id));
    assert_eq!(answer["groups"][0]["candidates"][0]["display_name"], "helper");
    owner.patch(member_path(&id, &helper), json!({ "role": "owner" })).await.expect(200);
    assert!(can(&owner, &id).await.contains(&"leave".to_owned()));
    owner.delete(membership(&id)).await.expect(204);
    helper.delete(membership(&id)).await.expect_problem(409, "last_owner");
}

async fn the_last_owner_stays_when_two_leave_at_once(app: App) {
    let (ann, bob) = (app.user("ann"), app.user("bob"));
    for round in 0..8 {
        let id = group(&ann, &format!("Circle {round}"), json!({})).await;
        member_as(&bob, &ann, &id, "owner").await;
        let paths = [membership(&id), membership(&id)];
        let demoted = member_path(&id, &ann);
        let (first, second, third) = tokio::join!(
            ann.delete(&paths[0]).into_future(),
            bob.delete(&paths[1]).into_future(),
            ann.patch(demoted, json!({ "role": "member" })).into_future(),
        );
        for answer in [&first, &second, &third] {
            assert!(answer.status < 500, "{answer}");
        }
        let owners = app.in_database(|conn| memberships::queries::owners(conn, id.parse().unwrap()));
        assert!(owners >= 1, "no owner is left after {first}, {second}, {third}");
    }
}

async fn facilitators_act_on_members_but_not_on_their_equals(app: App) {
    let (owner, helper, other, ann) = (app.user("owner"), app.user("helper"), app.user("other"), app.user("ann"));
    let id = group(&owner, "Circle", json!({})).await;
    member(&ann, &owner, &id).await;
    member_as(&helper, &owner, &id, "facilitator").await;
    member_as(&other, &owner, &id, "facilitator").await;
    for above in [&other, &owner] {
        helper.delete(member_path(&id, above)).await.expect_problem(403, "forbidden");
        helper.patch(member_path(&id, above), json!({ "state": "banned" })).await.expect_problem(403, "forbidden");
    }
    ann.delete(member_path(&id, &helper)).await.expect_problem(403, "forbidden");
    helper.delete(member_path(&id, &ann)).await.expect(204);
    helper.delete(member_path(&id, &ann)).await.expect(204);
    assert_eq!(count(&owner, &id).await, 3);
}

async fn only_owners_give_roles(app: App) {
    let (owner, helper, ann) = (app.user("owner"), app.user("helper"), app.user("ann"));
    let id = group(&owner, "Circle", json!({})).await;
    member(&ann, &owner, &id).await;
    member_as(&helper, &owner, &id, "facilitator").await;
    for role in ["owner", "facilitator"] {
        helper.patch(member_path(&id, &ann), json!({ "role": role })).await.expect_problem(403, "forbidden");
        ann.patch(member_path(&id, &ann), json!({ "role": role })).await.expect_problem(403, "forbidden");
    }
    owner.patch(member_path(&id, &ann), json!({ "role": "king" })).await.expect_field(422, "/role", "unknown_value");
    owner.patch(member_path(&id, &ann), json!({ "role": null })).await.expect(422);
    let both = json!({ "role": "facilitator", "state": "banned" });
    owner.patch(member_path(&id, &ann), both).await.expect_field(422, "/role", "conflict");
    owner.patch(member_path(&id, &ann), json!({ "reason": "R" })).await.expect_field(422, "/reason", "conflict");
    ann.delete(membership(&id)).await.expect(204);
    owner.patch(member_path(&id, &ann), json!({ "role": "owner" })).await.expect_problem(409, "invalid_state");
}

async fn the_banned_are_strangers_who_cannot_come_back_until_the_ban_is_lifted(app: App) {
    let (owner, ann, eve) = (app.user("owner"), app.user("ann"), app.user("eve"));
    let id = group(&owner, "Circle", json!({ "visibility": "listed" })).await;
    member(&ann, &owner, &id).await;
    let thread = post(&ann, &id, "Before the ban").await;
    let body = json!({ "state": "banned", "reason": "Selling things." });
    owner.patch(member_path(&id, &ann), body).await.expect(200);
    assert_eq!(count(&owner, &id).await, 1);
    ann.put(membership(&id), json!({})).await.expect_problem(403, "banned");
    for path in [format!("/groups/{id}/posts"), format!("/groups/{id}/members"), format!("/posts/{thread}")] {
        let (mine, theirs) = (ann.get(&path).await, eve.get(&path).await);
        assert_eq!(mine.without_request_id(), theirs.without_request_id(), "{path}");
    }
    let mine = ann.get(membership(&id)).await.expect(200);
    assert_eq!((&mine["state"], &mine["decision_reason"]), (&json!("banned"), &json!("Selling things.")));
    ann.delete(membership(&id)).await.expect(204);
    ann.put(membership(&id), json!({})).await.expect_problem(403, "banned");
    owner.patch(member_path(&id, &ann), json!({ "state": "removed" })).await.expect(200);
    assert_eq!(join(&ann, &id).await, "active");
}

async fn a_removed_person_may_come_back(app: App) {
    let (owner, ann) = (app.user("owner"), app.user("ann"));
    let id = group(&owner, "Circle", json!({})).await;
    member_as(&ann, &owner, &id, "facilitator").await;
    owner.patch(member_path(&id, &ann), json!({ "state": "removed" })).await.expect(200);
    let back = ann.put(membership(&id), json!({})).await.expect(200);
    assert_eq!(
        (&back["state"], &back["role"]),
        (&json!("active"), &json!("member")),
        "the old role does not come back"
    );
}

async fn fifty_people_join_at_once(app: App) {
    let owner = app.user("owner");
    let id = group(&owner, "Circle", json!({})).await;
    let people: Vec<Caller> = (0..50).map(|number| app.user(&format!("person {number}"))).collect();
    let answers = join_all(people.iter().map(|who| who.put(membership(&id), json!({})).into_future())).await;
    for answer in answers {
        assert_eq!(answer.expect(200)["state"], "active");
    }
    assert_eq!(count(&owner, &id).await, 51);
    let members = owner.get(format!("/groups/{id}/members?limit=100")).await.expect(200);
    assert_eq!(members.items().len(), 51);
}

async fn one_person_joins_fifty_times_at_once(app: App) {
    let (owner, ann) = (app.user("owner"), app.user("ann"));
    let id = group(&owner, "Circle", json!({})).await;
    let answers = join_all((0..50).map(|_| ann.put(membership(&id), json!({})).into_future())).await;
    let joined: Vec<_> = answers.into_iter().map(|answer| answer.expect(200).json).collect();
    assert!(joined.iter().all(|answer| *answer == joined[0]), "the same request gives the same row");
    assert_eq!(count(&owner, &id).await, 2);
}

async fn opening_a_group_leaves_requests_for_a_decision(app: App) {
    let (owner, ann) = (app.user("owner"), app.user("ann"));
    let id = group(&owner, "Peer circle", json!({ "join_policy": "request" })).await;
    join(&ann, &id).await;
    owner.patch(format!("/groups/{id}"), json!({ "join_policy": "open" })).await.expect(200);
    assert_eq!(ann.get(membership(&id)).await.expect(200)["state"], "requested");
    assert_eq!(count(&owner, &id).await, 1);
    owner.post(decision(&id, &ann), json!({ "outcome": "approve" })).await.expect(200);
}

async fn members_are_listed_in_every_order_page_by_page(app: App) {
    let owner = app.user("zoe");
    let id = group(&owner, "Circle", json!({})).await;
    let people: Vec<Caller> = ["Éva", "ann", "Bob", "cid"].iter().map(|name| app.user(name)).collect();
    for person in &people {
        join(person, &id).await;
    }
    post(&people[1], &id, "First").await;
    post(&people[2], &id, "Second").await;
    for (sort, expected) in [
        ("joined", vec!["cid", "Bob", "ann", "Éva", "zoe"]),
        ("name", vec!["ann", "Bob", "cid", "zoe", "Éva"]),
        ("active", vec!["Bob", "ann"]),
    ] {
        let mut names = Vec::new();
        let mut path = format!("/groups/{id}/members?sort={sort}&limit=2");
        loop {
            let page = owner.get(&path).await.expect(200);
            names.extend(page.items().iter().map(|item| item["user"]["display_name"].as_str().unwrap().to_owned()));
            let Some(cursor) = page["next_cursor"].as_str() else { break };
            assert!(page.header("link").contains(cursor), "{page}");
            path = format!("/groups/{id}/members?sort={sort}&limit=2&cursor={cursor}");
        }
        assert_eq!(names.len(), 5, "{sort}: {names:?}");
        assert_eq!(names[..expected.len()], expected, "{sort}");
    }
}

async fn a_members_list_is_for_whom_the_group_says(app: App) {
    let (owner, ann, eve) = (app.user("owner"), app.user("ann"), app.user("eve"));
    for (setting, statuses) in
        [("everyone", [200, 200, 200]), ("members", [403, 200, 200]), ("facilitators", [403, 403, 200])]
    {
        let id = group(&owner, "Circle", json!({ "member_list_visibility": setting })).await;
        join(&ann, &id).await;
        for (who, status) in [&eve, &ann, &owner].into_iter().zip(statuses) {
            who.get(format!("/groups/{id}/members")).await.expect(status);
            who.get(member_path(&id, &owner)).await.expect(status);
            let listed = can(who, &id).await.contains(&"read_members".to_owned());
            assert_eq!(listed, status == 200, "{setting}");
        }
    }
}

async fn other_states_are_for_those_who_manage_members(app: App) {
    let (owner, ann, bob) = (app.user("owner"), app.user("ann"), app.user("bob"));
    let id = group(&owner, "Circle", json!({ "member_list_visibility": "everyone" })).await;
    join(&ann, &id).await;
    join(&bob, &id).await;
    bob.delete(membership(&id)).await.expect(204);
    ann.get(format!("/groups/{id}/members?state=left")).await.expect_problem(403, "forbidden");
    ann.get(member_path(&id, &bob)).await.expect_problem(404, "not_found");
    let gone = owner.get(format!("/groups/{id}/members?state=left")).await.expect(200);
    assert_eq!(gone.items().len(), 1);
    owner.get(member_path(&id, &bob)).await.expect(200);
    owner.get(format!("/groups/{id}/members?state=dead")).await.expect_field(400, "state", "malformed");
}

async fn members_are_found_by_name_and_wildcards_are_letters(app: App) {
    let owner = app.user("owner");
    let id = group(&owner, "Circle", json!({})).await;
    for name in ["Jo Ånström", "Jo_Smith", "JoXSmith"] {
        join(&app.user(name), &id).await;
    }
    for (q, found) in [("jo", 3), ("ÅNSTR", 1), ("o_s", 1), ("%", 0), ("nobody", 0)] {
        let q: String = form_urlencoded::byte_serialize(q.as_bytes()).collect();
        let members = owner.get(format!("/groups/{id}/members?q={q}")).await.expect(200);
        assert_eq!(members.items().len(), found, "{q}");
    }
}

async fn what_others_see_of_a_member_is_coarse_or_nothing(app: App) {
    let (owner, ann) = (app.user("owner"), app.user("ann"));
    let id = group(&owner, "Circle", json!({})).await;
    join(&ann, &id).await;
    let seen = owner.get(member_path(&id, &ann)).await.expect(200);
    assert!(seen["last_seen"].is_null(), "not written yet, so not known");
    for (days, word) in [(0, "today"), (3, "this_week"), (20, "this_month"), (90, "earlier")] {
        let at = praxis::types::Timestamp::now().before(std::time::Duration::from_hours(days * 24));
        app.in_database(|conn| {
            use diesel::prelude::*;
            use praxis::db::schema::users;
            crate::support::on_each!(conn => diesel::update(users::table.find(ann.id()))
                .set(users::last_seen_at.eq(at))
                .execute(conn))?;
            Ok(())
        });
        assert_eq!(owner.get(member_path(&id, &ann)).await.expect(200)["last_seen"], word);
    }
    ann.patch("/me", json!({ "show_last_seen": false })).await.expect(200);
    assert!(owner.get(member_path(&id, &ann)).await.expect(200)["last_seen"].is_null());
}

async fn a_group_that_becomes_hidden_is_gone_for_who_only_asked(app: App) {
    let (owner, ann) = (app.user("owner"), app.user("ann"));
    let id = group(&owner, "Peer circle", json!({ "join_policy": "request" })).await;
    join(&ann, &id).await;
    owner.patch(format!("/groups/{id}"), json!({ "visibility": "hidden" })).await.expect(200);
    for path in [membership(&id), format!("/groups/{id}"), "/groups/by-slug/peer-circle".to_owned()] {
        ann.get(path).await.expect_problem(404, "not_found");
    }
    ann.put(membership(&id), json!({})).await.expect_problem(404, "not_found");
    assert!(ann.get("/me/memberships?state=requested").await.expect(200).items().is_empty());
    owner.post(decision(&id, &ann), json!({ "outcome": "approve" })).await.expect(200);
    ann.get(format!("/groups/{id}")).await.expect(200);
}

async fn an_archived_group_takes_nobody(app: App) {
    let (owner, ann, bob) = (app.user("owner"), app.user("ann"), app.user("bob"));
    let id = group(&owner, "Circle", json!({})).await;
    join(&ann, &id).await;
    owner.patch(format!("/groups/{id}"), json!({ "status": "archived" })).await.expect(200);
    bob.put(membership(&id), json!({})).await.expect_problem(409, "archived");
    ann.delete(membership(&id)).await.expect(204);
}
