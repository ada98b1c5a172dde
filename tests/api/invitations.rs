//! Invitations: of people, of addresses, by link; who makes them, whom they let in, and when they are over.

use std::time::Duration;

use diesel::prelude::*;
use praxis::auth::actor::PlatformRole;
use praxis::db::schema::invitations;
use praxis::types::{InvitationId, Timestamp, UserId};
use serde_json::{Value, json};

use crate::support::app::PASSWORD;
use crate::support::caller::Call;
use crate::support::world::{group, join, member, member_as};
use crate::support::{App, Caller, Case, on_each, served};

pub fn cases() -> Vec<Case> {
    served![
        a_person_is_invited_and_joins_or_declines,
        an_invitation_to_somebody_who_asked_makes_a_member,
        many_are_invited_at_once_each_with_a_result,
        an_address_is_invited_before_there_is_an_account,
        a_token_and_the_address_belong_together,
        an_account_that_waits_is_invited_and_joins_later,
        a_bad_token_makes_no_account_and_a_good_one_tells_nothing,
        a_link_lets_in_as_many_as_it_says,
        who_came_by_a_link_is_known_to_who_reads_records,
        fifty_who_use_a_link_at_once_are_exactly_ten,
        who_may_invite_is_a_setting,
        nobody_gets_in_by_an_invitation_whom_the_group_turned_away,
        what_its_maker_may_not_do_any_more_an_invitation_does_not_do,
        an_invitation_is_renewed_and_taken_back,
        invitations_expire_by_themselves,
        inviters_see_their_own_and_addresses_are_for_administrators,
        a_token_is_shown_once_and_kept_as_a_hash,
        the_invited_see_the_group_and_its_rules_before_they_decide,
        an_invitation_is_refused_by_the_field_that_is_wrong,
    ]
}

fn invite(who: &Caller, group: &str, recipients: &Value) -> Call {
    who.post(format!("/groups/{group}/invitations"), json!({ "recipients": recipients }))
}

async fn link(who: &Caller, group: &str, settings: Value) -> (String, String) {
    let made = who.post(format!("/groups/{group}/invitation-links"), settings).await.expect(201);
    let id = made["invitation"]["id"].as_str().unwrap().to_owned();
    (id, made["token"].as_str().unwrap().to_owned())
}

fn accept(who: &Caller, token: &str) -> Call {
    who.post("/invitations/accept", json!({ "token": token }))
}

fn lookup(who: &Caller, token: &str) -> Call {
    who.post("/invitations/lookup", json!({ "token": token }))
}

fn register(app: &App, email: &str, token: &str, version: Option<i32>) -> Call {
    let body = json!({
        "email": email, "password": PASSWORD, "display_name": "New", "invitation_token": token,
        "accepted_rules_version": version,
    });
    app.anon().post("/auth/register", body)
}

/// Logs a new account in; its token.
async fn log_in(app: &App, email: &str) -> Caller {
    let body = json!({ "email": email, "password": PASSWORD });
    let answer = app.anon().post("/auth/login", body).await.expect(200);
    app.anon().with_token(answer["access_token"].as_str().unwrap())
}

async fn state(who: &Caller, group: &str) -> Value {
    who.get(format!("/groups/{group}/membership")).await["state"].clone()
}

async fn closed(owner: &Caller, name: &str) -> String {
    group(owner, name, json!({ "visibility": "hidden", "join_policy": "invite_only" })).await
}

async fn a_person_is_invited_and_joins_or_declines(app: App) {
    let (ann, ben, eve) = (app.user("ann"), app.user("ben"), app.user("eve"));
    let id = closed(&ann, "Quiet circle").await;
    ben.get(format!("/groups/{id}")).await.expect_problem(404, "not_found");
    let body = json!({ "recipients": [{ "user_id": ben.id() }, { "user_id": eve.id() }], "message": "Come *in*." });
    let results = ann.post(format!("/groups/{id}/invitations"), body).await.expect(200);
    assert_eq!(results.each("status"), ["invited", "invited"]);
    assert_eq!(results.items()[0]["token"], Value::Null, "a person needs none");
    let mine = ben.get("/me/invitations").await.expect(200);
    let item = &mine.items()[0];
    assert_eq!((&item["group"]["id"], &item["message"]), (&json!(id), &json!("Come *in*.")));
    assert_eq!((&item["invited_by"], &item["group"]["viewer"]["state"]), (&json!("ann"), &json!("invited")));
    assert_eq!(join(&ben, &id).await, "active");
    assert!(ben.get("/me/invitations").await.expect(200).items().is_empty());
    eve.delete(format!("/groups/{id}/membership")).await.expect(204);
    eve.get(format!("/groups/{id}")).await.expect_problem(404, "not_found");
    let list = ann.get(format!("/groups/{id}/invitations")).await.expect(200);
    assert_eq!(list.each("state"), ["declined", "accepted"]);
    assert_eq!(ann.get(format!("/groups/{id}")).await.expect(200)["member_count"], 2);
    // whoever declined may be asked again
    assert_eq!(invite(&ann, &id, &json!([{ "user_id": eve.id() }])).await.expect(200).each("status"), ["invited"]);
}

async fn an_invitation_to_somebody_who_asked_makes_a_member(app: App) {
    let (ann, ben) = (app.user("ann"), app.user("ben"));
    let id = group(&ann, "Circle", json!({ "join_policy": "request" })).await;
    assert_eq!(join(&ben, &id).await, "requested");
    assert_eq!(invite(&ann, &id, &json!([{ "user_id": ben.id() }])).await.expect(200).each("status"), ["joined"]);
    assert_eq!(state(&ben, &id).await, "active");
    assert!(ann.get(format!("/groups/{id}/invitations")).await.expect(200).items().is_empty());
}

async fn many_are_invited_at_once_each_with_a_result(app: App) {
    let (ann, ben, eve) = (app.user("ann"), app.user("ben"), app.user("eve"));
    let gone = app.user("gone");
    gone.delete("/me").await.expect(204);
    let id = group(&ann, "Circle", json!({})).await;
    member(&eve, &ann, &id).await;
    let recipients = json!([
        { "user_id": ben.id() }, { "user_id": ben.id() }, { "user_id": eve.id() }, { "user_id": UserId::new() },
        { "user_id": gone.id() }, { "user_id": ann.id() }, { "email": "new@example.org" }, { "email": "NEW@example.org" },
        { "email": "nonsense" }, {}, { "user_id": ben.id(), "email": "new@example.org" },
    ]);
    let results = invite(&ann, &id, &recipients).await.expect(200);
    let told: Vec<(&str, Option<&str>)> =
        (results.items().iter()).map(|item| (item["status"].as_str().unwrap(), item["field"].as_str())).collect();
    let failed = |field| ("failed", Some(field));
    assert_eq!(
        told,
        [
            ("invited", None),
            ("unchanged", None),
            ("unchanged", None),
            failed("user_id"),
            failed("user_id"),
            failed("user_id"),
            ("invited", None),
            ("unchanged", None),
            failed("email"),
            failed("user_id"),
            failed("email"),
        ]
    );
    assert!(results.items()[6]["token"].as_str().unwrap().starts_with("prx_inv_"));
    let many: Vec<Value> = (0..500).map(|number| json!({ "email": format!("person{number}@example.org") })).collect();
    let results = invite(&ann, &id, &json!(many)).await.expect(200);
    assert!(results.items().iter().all(|item| item["status"] == "invited" && item["token"].is_string()));
    let more: Vec<Value> = (0..501).map(|number| json!({ "email": format!("person{number}@example.org") })).collect();
    invite(&ann, &id, &json!(more)).await.expect_field(422, "/recipients", "too_many");
    invite(&ann, &id, &json!([])).await.expect_field(422, "/recipients", "empty");
}

async fn an_address_is_invited_before_there_is_an_account(app: App) {
    let ann = app.user("ann");
    let id = group(&ann, "Circle", json!({ "visibility": "hidden", "rules": "Be kind." })).await;
    let results = invite(&ann, &id, &json!([{ "email": "one@example.org" }, { "email": "two@example.org" }])).await;
    let results = results.expect(200);
    let token = |index: usize| results.items()[index]["token"].as_str().unwrap().to_owned();
    // who accepts the rules is a member at once
    register(&app, "one@example.org", &token(0), Some(1)).await.expect(202);
    let one = log_in(&app, "one@example.org").await;
    assert_eq!(state(&one, &id).await, "active");
    // who does not reads them first
    register(&app, "two@example.org", &token(1), None).await.expect(202);
    let two = log_in(&app, "two@example.org").await;
    assert_eq!(state(&two, &id).await, "invited");
    assert_eq!(two.get("/me/invitations").await.expect(200).items().len(), 1);
    two.put(format!("/groups/{id}/membership"), json!({})).await.expect_problem(409, "rules_not_accepted");
    two.put(format!("/groups/{id}/membership"), json!({ "accepted_rules_version": 1 })).await.expect(200);
    accept(&two, &token(1)).await.expect_problem(410, "invitation_over");
    let log = ann.get(format!("/groups/{id}/audit-log")).await.expect(200);
    assert!(!log.text().contains("one@example.org"), "no address in the log");
    assert!(app.in_database(praxis::doctor::examine).is_empty());
}

async fn a_token_and_the_address_belong_together(app: App) {
    let (ann, ben) = (app.user("ann"), app.user("ben"));
    let id = closed(&ann, "Circle").await;
    let results = invite(&ann, &id, &json!([{ "email": "eve@example.org" }])).await.expect(200);
    let token = results.items()[0]["token"].as_str().unwrap();
    accept(&ben, token).await.expect_problem(403, "forbidden");
    register(&app, "other@example.org", token, None).await.expect_problem(403, "forbidden");
    assert_eq!(state(&ben, &id).await, Value::Null);
    let eve = app.user("eve");
    assert_eq!(eve.email(), "eve@example.org");
    assert_eq!(accept(&eve, token).await.expect(200)["state"], "active");
    // doing it again changes nothing for her, and is over for others
    accept(&eve, token).await.expect_problem(410, "invitation_over");
    let other = invite(&ann, &id, &json!([{ "email": "dan@example.org" }])).await.expect(200);
    let token = other.items()[0]["token"].as_str().unwrap();
    app.anon().post("/invitations/decline", json!({ "token": token })).await.expect(204);
    let over = lookup(&app.anon(), token).await.expect_problem(410, "invitation_over");
    assert_eq!(over["state"], "declined");
}

async fn an_account_that_waits_is_invited_and_joins_later(mut app: App) {
    app.restart(&["--registration", "approval"]);
    let (ann, admin) = (app.user("ann"), app.admin());
    let id = closed(&ann, "Circle").await;
    let results = invite(&ann, &id, &json!([{ "email": "new@example.org" }])).await.expect(200);
    let token = results.items()[0]["token"].as_str().unwrap();
    assert_eq!(register(&app, "new@example.org", token, None).await.expect(202)["status"], "pending");
    assert_eq!(ann.get(format!("/groups/{id}")).await.expect(200)["member_count"], 1);
    let account = admin.get("/admin/users?status=pending").await.expect(200).items()[0]["id"].clone();
    admin.patch(format!("/admin/users/{}", account.as_str().unwrap()), json!({ "status": "active" })).await.expect(200);
    let new = log_in(&app, "new@example.org").await;
    assert_eq!(state(&new, &id).await, "invited");
    assert_eq!(join(&new, &id).await, "active");
}

async fn a_bad_token_makes_no_account_and_a_good_one_tells_nothing(app: App) {
    let (ann, ben, admin) = (app.user("ann"), app.user("ben"), app.admin());
    let id = closed(&ann, "Circle").await;
    register(&app, "new@example.org", "prx_inv_nothing", None).await.expect_problem(404, "not_found");
    assert!(admin.get("/admin/users?q=new%40").await.expect(200).items().is_empty(), "nothing half-done");
    // an address that has an account gets the same answer, and nothing happens
    let (_, token) = link(&ann, &id, json!({ "max_uses": 1 })).await;
    register(&app, ben.email(), &token, None).await.expect(202);
    assert_eq!(state(&ben, &id).await, Value::Null);
    register(&app, "new@example.org", &token, None).await.expect(202);
    assert_eq!(state(&log_in(&app, "new@example.org").await, &id).await, "active");
    register(&app, "late@example.org", &token, None).await.expect_problem(410, "invitation_over");
    assert!(admin.get("/admin/users?q=late%40").await.expect(200).items().is_empty());
}

async fn a_link_lets_in_as_many_as_it_says(app: App) {
    let ann = app.user("ann");
    let id = closed(&ann, "Circle").await;
    let (invitation, token) = link(&ann, &id, json!({ "max_uses": 2 })).await;
    let people = ["one", "two", "three"].map(|name| app.user(name));
    for person in &people[..2] {
        assert_eq!(accept(person, &token).await.expect(200)["state"], "active");
        accept(person, &token).await;
    }
    let over = accept(&people[2], &token).await.expect_problem(410, "invitation_over");
    assert_eq!(over["state"], "used_up");
    let list = ann.get(format!("/groups/{id}/invitations?kind=link")).await.expect(200);
    assert_eq!((&list.items()[0]["id"], &list.items()[0]["uses"]), (&json!(invitation), &json!(2)));
    assert_eq!(list.items()[0]["state"], "accepted");
    // whoever is in uses nothing up
    let (_, other) = link(&ann, &id, json!({ "max_uses": 1 })).await;
    for _ in 0..3 {
        accept(&people[0], &other).await.expect(200);
    }
    accept(&people[2], &other).await.expect(200);
}

async fn who_came_by_a_link_is_known_to_who_reads_records(app: App) {
    let (ann, ben) = (app.user("ann"), app.user("ben"));
    let id = closed(&ann, "Circle").await;
    let (invitation, token) = link(&ann, &id, json!({})).await;
    accept(&ben, &token).await.expect(200);
    let path = format!("/groups/{id}/members/{}/history", ben.id());
    let seen = ann.get(&path).await.expect(200);
    assert_eq!(seen.each("invitation_id"), [&*invitation]);
    let list = ann.get(format!("/groups/{id}/invitations")).await.expect(200);
    assert_eq!(list.items()[0]["id"], json!(invitation));
    assert_eq!(ben.get(&path).await.expect(200).items()[0]["invitation_id"], serde_json::Value::Null);
}

async fn fifty_who_use_a_link_at_once_are_exactly_ten(app: App) {
    let ann = app.user("ann");
    let id = closed(&ann, "Circle").await;
    let (_, token) = link(&ann, &id, json!({ "max_uses": 10 })).await;
    let people: Vec<Caller> = (0..50).map(|number| app.user(&format!("person {number}"))).collect();
    let tries = people.iter().map(|person| {
        let token = &token;
        async move { accept(person, token).await.status }
    });
    let statuses = futures_util::future::join_all(tries).await;
    let count = |status: u16| statuses.iter().filter(|got| **got == status).count();
    assert_eq!((count(200), count(410)), (10, 40), "{statuses:?}");
    assert_eq!(ann.get(format!("/groups/{id}")).await.expect(200)["member_count"], 11);
    let list = ann.get(format!("/groups/{id}/invitations")).await.expect(200);
    assert_eq!(list.items()[0]["uses"], 10);
    assert!(app.in_database(praxis::doctor::examine).is_empty());
}

async fn who_may_invite_is_a_setting(app: App) {
    let (ann, fay, ben) = (app.user("ann"), app.user("fay"), app.user("ben"));
    let id = group(&ann, "Circle", json!({})).await;
    member_as(&fay, &ann, &id, "facilitator").await;
    member(&ben, &ann, &id).await;
    for (policy, statuses) in
        [("owners", [200, 403, 403]), ("facilitators", [200, 200, 403]), ("members", [200, 200, 200])]
    {
        ann.patch(format!("/groups/{id}"), json!({ "invite_policy": policy })).await.expect(200);
        for (who, status) in [&ann, &fay, &ben].into_iter().zip(statuses) {
            let email = format!("{policy}.{}@example.org", who.name());
            invite(who, &id, &json!([{ "email": email }])).await.expect(status);
            let made = who.post(format!("/groups/{id}/invitation-links"), json!({})).await;
            assert_eq!(made.status, if status == 200 { 201 } else { 403 }, "{policy} {}", who.name());
        }
    }
    ann.patch(format!("/groups/{id}"), json!({ "status": "archived" })).await.expect(200);
    invite(&ann, &id, &json!([{ "email": "late@example.org" }])).await.expect_problem(409, "archived");
}

async fn nobody_gets_in_by_an_invitation_whom_the_group_turned_away(app: App) {
    let (ann, ben) = (app.user("ann"), app.user("ben"));
    let id = group(&ann, "Circle", json!({ "join_policy": "request", "invite_policy": "members" })).await;
    member(&ben, &ann, &id).await;
    let [declined, removed, banned, left] = ["declined", "removed", "banned", "left"].map(|name| app.user(name));
    for person in [&removed, &banned, &left] {
        member(person, &ann, &id).await;
    }
    join(&declined, &id).await;
    let decision = format!("/groups/{id}/membership-requests/{}/decision", declined.id());
    ann.post(decision, json!({ "outcome": "decline" })).await.expect(200);
    ann.delete(format!("/groups/{id}/members/{}", removed.id())).await.expect(204);
    ann.patch(format!("/groups/{id}/members/{}", banned.id()), json!({ "state": "banned" })).await.expect(200);
    left.delete(format!("/groups/{id}/membership")).await.expect(204);
    let (_, by_member) = link(&ben, &id, json!({})).await;
    let (_, by_owner) = link(&ann, &id, json!({})).await;
    for person in [&declined, &removed, &banned] {
        // a member does not learn which of the three it is
        let result = invite(&ben, &id, &json!([{ "user_id": person.id() }])).await.expect(200);
        assert_eq!((result.each("status"), result.each("code")), (vec!["failed"], vec!["forbidden"]));
        let status = accept(person, &by_member).await.status;
        assert_eq!(status, 403, "{}", person.name());
    }
    accept(&banned, &by_owner).await.expect_problem(403, "banned");
    let result = invite(&ann, &id, &json!([{ "user_id": banned.id() }])).await.expect(200);
    assert_eq!(result.each("code"), ["invalid_state"]);
    assert_eq!(accept(&declined, &by_owner).await.expect(200)["state"], "active");
    assert_eq!(invite(&ann, &id, &json!([{ "user_id": removed.id() }])).await.expect(200).each("status"), ["invited"]);
    assert_eq!(accept(&left, &by_member).await.expect(200)["role"], "member");
}

async fn what_its_maker_may_not_do_any_more_an_invitation_does_not_do(app: App) {
    let (ann, ben, eve) = (app.user("ann"), app.user("ben"), app.user("eve"));
    let id = group(&ann, "Circle", json!({ "join_policy": "invite_only" })).await;
    let of = format!("/groups/{id}/members/{}", ben.id());
    invite(&ann, &id, &json!([{ "user_id": ben.id() }])).await.expect(200);
    ben.put(format!("/groups/{id}/membership"), json!({})).await.expect(200);
    ann.patch(&of, json!({ "role": "facilitator" })).await.expect(200);
    let (_, demoted) = link(&ben, &id, json!({})).await;
    ann.patch(&of, json!({ "role": "member" })).await.expect(200);
    accept(&eve, &demoted).await.expect_problem(410, "invitation_over");
    ann.patch(&of, json!({ "role": "facilitator" })).await.expect(200);
    ann.patch(format!("/groups/{id}"), json!({ "status": "archived" })).await.expect(200);
    accept(&eve, &demoted).await.expect_problem(409, "archived");
    ann.patch(format!("/groups/{id}"), json!({ "status": "active" })).await.expect(200);
    // who leaves takes the links along
    ben.delete(format!("/groups/{id}/membership")).await.expect(204);
    assert_eq!(accept(&eve, &demoted).await.expect_problem(410, "invitation_over")["state"], "revoked");
    // an administrator who is one no more
    let admin = app.person("former", PlatformRole::Admin);
    let (_, token) = link(&admin, &id, json!({})).await;
    app.admin().patch(format!("/admin/users/{}", admin.id()), json!({ "platform_role": "member" })).await.expect(200);
    accept(&eve, &token).await.expect_problem(410, "invitation_over");
    let (_, token) = link(&ann, &id, json!({})).await;
    ann.delete(format!("/groups/{id}")).await.expect(204);
    for who in [&eve, &ann] {
        accept(who, &token).await.expect_problem(404, "not_found");
        lookup(who, &token).await.expect_problem(404, "not_found");
    }
}

async fn an_invitation_is_renewed_and_taken_back(app: App) {
    let (ann, ben, eve) = (app.user("ann"), app.user("ben"), app.user("eve"));
    let id = closed(&ann, "Circle").await;
    let soon = Timestamp::now().after(Duration::from_hours(1)).to_string();
    let (first, old) = link(&ann, &id, json!({ "expires_at": soon, "message": "Hello" })).await;
    let path = format!("/groups/{id}/invitations/{first}");
    let renewed = ann.request(reqwest::Method::POST, format!("{path}/resend")).await.expect(200);
    assert!(renewed["invitation"]["expires_at"].as_str().unwrap() > soon.as_str());
    let new = renewed["token"].as_str().unwrap();
    accept(&ben, &old).await.expect_problem(404, "not_found");
    lookup(&ben, new).await.expect(200);
    ann.delete(&path).await.expect(204);
    assert_eq!(accept(&ben, new).await.expect_problem(410, "invitation_over")["state"], "revoked");
    ann.delete(&path).await.expect_problem(409, "invalid_state");
    ann.request(reqwest::Method::POST, format!("{path}/resend")).await.expect_problem(409, "invalid_state");
    // a person's
    let results = invite(&ann, &id, &json!([{ "user_id": eve.id() }])).await.expect(200);
    let path = format!("/groups/{id}/invitations/{}", results.items()[0]["invitation_id"].as_str().unwrap());
    assert_eq!(ann.request(reqwest::Method::POST, format!("{path}/resend")).await.expect(200)["token"], Value::Null);
    ann.delete(&path).await.expect(204);
    eve.get(format!("/groups/{id}")).await.expect_problem(404, "not_found");
    ann.delete(format!("/groups/{id}/invitations/{}", InvitationId::new())).await.expect_problem(404, "not_found");
    // another group's
    let other = group(&ben, "Other", json!({})).await;
    let (foreign, _) = link(&ben, &other, json!({})).await;
    ann.delete(format!("/groups/{id}/invitations/{foreign}")).await.expect_problem(404, "not_found");
    let log = ann.get(format!("/groups/{id}/audit-log?action=invitation_revoked")).await.expect(200);
    assert_eq!(log.items().len(), 2);
}

async fn invitations_expire_by_themselves(app: App) {
    let (ann, ben, eve) = (app.user("ann"), app.user("ben"), app.user("eve"));
    let id = closed(&ann, "Circle").await;
    let (_, token) = link(&ann, &id, json!({})).await;
    invite(&ann, &id, &json!([{ "user_id": ben.id() }, { "email": "new@example.org" }])).await.expect(200);
    let default = ann.get(format!("/groups/{id}/invitations")).await.expect(200).items()[0]["expires_at"].clone();
    let days = |days: u64| Timestamp::now().after(Duration::from_hours(24 * days)).to_string();
    assert!(default.as_str().unwrap() > days(27).as_str() && default.as_str().unwrap() < days(29).as_str());
    let at = Timestamp::now().after(Duration::from_hours(24 * 29));
    app.in_database(|conn| {
        let past = Timestamp::now().before(Duration::from_secs(1));
        let rows = diesel::update(invitations::table).set(invitations::expires_at.eq(past));
        on_each!(conn => rows.execute(conn).unwrap());
        Ok(())
    });
    // over even before the job has come by
    assert_eq!(accept(&eve, &token).await.expect_problem(410, "invitation_over")["state"], "expired");
    let expire = || app.in_database(|conn| praxis::api::invitations::queries::expire_due(conn, at));
    assert_eq!(expire(), 3);
    assert_eq!(expire(), 0);
    assert_eq!(ann.get(format!("/groups/{id}/invitations?state=expired")).await.expect(200).items().len(), 3);
    ben.get(format!("/groups/{id}")).await.expect_problem(404, "not_found");
    assert!(ben.get("/me/invitations").await.expect(200).items().is_empty());
}

async fn inviters_see_their_own_and_addresses_are_for_administrators(app: App) {
    let (ann, ben, admin) = (app.user("ann"), app.user("ben"), app.admin());
    let (eve, dan) = (app.user("eve"), app.user("dan"));
    let id = group(&ann, "Circle", json!({ "invite_policy": "members" })).await;
    member(&ben, &ann, &id).await;
    member(&dan, &ann, &id).await;
    ben.patch(format!("/groups/{id}/membership"), json!({ "display_name": "Ladybird" })).await.expect(200);
    invite(&ann, &id, &json!([{ "email": "secret.name@example.org" }])).await.expect(200);
    invite(&ben, &id, &json!([{ "user_id": eve.id() }])).await.expect(200);
    assert_eq!(eve.get("/me/invitations").await.expect(200).items()[0]["invited_by"], "Ladybird");
    let path = format!("/groups/{id}/invitations");
    let seen = async |who: &Caller| who.get(&path).await.expect(200).items().len();
    assert_eq!((seen(&ann).await, seen(&ben).await, seen(&dan).await), (2, 1, 0));
    let list = ann.get(format!("{path}?kind=email")).await.expect(200);
    let item = &list.items()[0];
    assert_eq!((&item["email"], &item["email_hint"]), (&Value::Null, &json!("s…@example.org")));
    admin.get(&path).await.expect_problem(403, "access_reason_needed");
    let list = admin.get(format!("{path}?kind=email")).header("Praxis-Access-Reason", "Complaint").await.expect(200);
    assert_eq!(list.items()[0]["email"], "secret.name@example.org");
    let others = list.items()[0]["id"].as_str().unwrap();
    dan.delete(format!("{path}/{others}")).await.expect_problem(404, "not_found");
    let first = ann.get(format!("{path}?limit=1")).await.expect(200);
    let next = ann.get(format!("{path}?limit=1&cursor={}", first["next_cursor"].as_str().unwrap())).await.expect(200);
    assert_eq!((next.each("kind"), &next["next_cursor"]), (vec!["email"], &Value::Null));
}

async fn a_token_is_shown_once_and_kept_as_a_hash(app: App) {
    let ann = app.user("ann");
    let id = group(&ann, "Circle", json!({})).await;
    let (_, token) = link(&ann, &id, json!({})).await;
    assert!(token.starts_with("prx_inv_") && token.len() > 40, "{token}");
    for path in [format!("/groups/{id}/invitations"), format!("/groups/{id}/audit-log")] {
        assert!(!ann.get(path).await.expect(200).text().contains(&token));
    }
    app.in_database(|conn| {
        let kept: Vec<Option<Vec<u8>>> =
            on_each!(conn => invitations::table.select(invitations::token_hash).load(conn).unwrap());
        assert_eq!(kept[0].as_ref().unwrap().len(), 32);
        assert!(!kept[0].as_ref().unwrap().windows(8).any(|part| token.as_bytes().windows(8).any(|own| own == part)));
        Ok(())
    });
    for bad in ["prx_inv_x", "nonsense", "Ä"] {
        lookup(&app.anon(), bad).await.expect_problem(404, "not_found");
    }
    lookup(&app.anon(), &"x".repeat(101)).await.expect_field(422, "/token", "too_long");
}

async fn the_invited_see_the_group_and_its_rules_before_they_decide(app: App) {
    let (ann, ben) = (app.user("ann"), app.user("ben"));
    let questions = json!([{ "text": "Why?", "is_required": true }]);
    let settings =
        json!({ "visibility": "hidden", "rules": "Be kind.", "summary": "Quiet", "join_questions": questions });
    let id = group(&ann, "Circle", settings).await;
    let (_, token) = link(&ann, &id, json!({ "message": "Come in" })).await;
    for who in [&app.anon(), &ben] {
        let preview = lookup(who, &token).await.expect(200);
        assert_eq!((&preview["group"]["name"], &preview["invited_by"]), (&json!("Circle"), &json!("ann")));
        assert_eq!((&preview["group"]["rules"], &preview["group"]["rules_version"]), (&json!("Be kind."), &json!(1)));
        assert_eq!((&preview["message"], &preview["group"]["join_questions"]), (&json!("Come in"), &questions));
    }
    accept(&app.anon(), &token).await.expect_problem(401, "unauthenticated");
    accept(&ben, &token).await.expect_problem(409, "rules_not_accepted");
    let stale = json!({ "token": token, "accepted_rules_version": 2 });
    ben.post("/invitations/accept", stale).await.expect_problem(409, "rules_not_accepted");
    let body = json!({
        "token": token, "accepted_rules_version": 1, "display_name": "Ladybird",
        "answers": [{ "question": "Why?", "answer": "To learn" }],
    });
    let membership = ben.post("/invitations/accept", body).await.expect(200);
    assert_eq!((&membership["display_name"], &membership["accepted_rules_version"]), (&json!("Ladybird"), &json!(1)));
    assert_eq!(membership["answers"][0]["answer"], "To learn");
    app.anon().post("/invitations/decline", json!({ "token": token })).await.expect_problem(409, "invalid_state");
}

async fn an_invitation_is_refused_by_the_field_that_is_wrong(app: App) {
    let ann = app.user("ann");
    let id = group(&ann, "Circle", json!({})).await;
    let links = format!("/groups/{id}/invitation-links");
    let late = Timestamp::now().after(Duration::from_hours(24 * 366)).to_string();
    for (body, pointer, code) in [
        (json!({ "max_uses": 0 }), "/max_uses", "out_of_range"),
        (json!({ "max_uses": 10_001 }), "/max_uses", "out_of_range"),
        (json!({ "max_uses": "many" }), "/max_uses", "wrong_type"),
        (json!({ "expires_at": "2020-01-01T00:00:00Z" }), "/expires_at", "past"),
        (json!({ "expires_at": late }), "/expires_at", "too_late"),
        (json!({ "message": "x".repeat(1001) }), "/message", "too_long"),
        (json!({ "role": "owner" }), "/role", "unknown_property"),
    ] {
        ann.post(&links, body).await.expect_field(422, pointer, code);
    }
    let body = json!({ "recipients": [{ "email": "new@example.org", "role": "owner" }] });
    ann.post(format!("/groups/{id}/invitations"), body).await.expect_field(
        422,
        "/recipients/0/role",
        "unknown_property",
    );
    assert!(ann.get(format!("/groups/{id}/invitations")).await.expect(200).items().is_empty());
}
