//! Handing a group over: an owner offers, a member accepts, and the group is never without owner.

use std::time::Duration;

use diesel::prelude::*;
use praxis::db::schema::ownership_offers;
use praxis::types::{GroupId, Timestamp, UserId};
use serde_json::{Value, json};

use crate::support::world::{group, join, member_as};
use crate::support::{App, Caller, Case, on_each, served};

pub fn cases() -> Vec<Case> {
    served![
        an_owner_hands_over_and_gets_the_role_that_was_said,
        an_offer_is_known_to_owners_and_to_whom_it_is_made,
        an_offer_is_refused_by_the_field_that_is_wrong,
        an_offer_ends_when_either_is_not_what_they_were,
        an_offer_expires,
        nobody_rises_by_an_offer_to_somebody_else,
    ]
}

struct Handing {
    ann: Caller,
    ben: Caller,
    group: String,
    path: String,
}

async fn begin(app: &App) -> Handing {
    let (ann, ben) = (app.user("ann"), app.user("ben"));
    let group = group(&ann, "Circle", json!({})).await;
    join(&ben, &group).await;
    let path = format!("/groups/{group}/ownership-offer");
    Handing { ann, ben, group, path }
}

fn accept(who: &Caller, path: &str) -> crate::support::caller::Call {
    who.request(reqwest::Method::POST, format!("{path}/accept"))
}

async fn role(who: &Caller, group: &str) -> Value {
    who.get(format!("/groups/{group}/membership")).await.expect(200)["role"].clone()
}

async fn an_owner_hands_over_and_gets_the_role_that_was_said(app: App) {
    let Handing { ann, ben, group, path } = begin(&app).await;
    let offer = ann.put(&path, json!({ "user_id": ben.id() })).await.expect(200);
    assert_eq!((&offer["from_id"], &offer["role_afterwards"]), (&json!(ann.id()), &json!("facilitator")));
    assert_eq!(role(&ben, &group).await, "member", "nothing changes before it is accepted");
    // another offer takes its place
    ann.put(&path, json!({ "user_id": ben.id(), "role_afterwards": "member" })).await.expect(200);
    assert_eq!(accept(&ben, &path).await.expect(200)["role"], "owner");
    assert_eq!((role(&ann, &group).await, role(&ben, &group).await), (json!("member"), json!("owner")));
    accept(&ben, &path).await.expect_problem(404, "not_found");
    let log = ben.get(format!("/groups/{group}/audit-log?action=ownership_transferred")).await.expect(200);
    assert_eq!(log.items().len(), 1);
    // the one who is left cannot leave; who gave it away can
    ben.delete(format!("/groups/{group}/membership")).await.expect_problem(409, "last_owner");
    ann.delete(format!("/groups/{group}/membership")).await.expect(204);
    // two may own it together
    let eve = app.user("eve");
    join(&eve, &group).await;
    ben.put(&path, json!({ "user_id": eve.id(), "role_afterwards": "owner" })).await.expect(200);
    accept(&eve, &path).await.expect(200);
    assert_eq!((role(&ben, &group).await, role(&eve, &group).await), (json!("owner"), json!("owner")));
}

async fn an_offer_is_known_to_owners_and_to_whom_it_is_made(app: App) {
    let Handing { ann, ben, group, path } = begin(&app).await;
    let (eve, admin) = (app.user("eve"), app.admin());
    member_as(&eve, &ann, &group, "facilitator").await;
    ann.get(&path).await.expect_problem(404, "not_found");
    let made = ann.put(&path, json!({ "user_id": ben.id() })).await.expect(200);
    for who in [&ann, &ben, &admin] {
        assert_eq!(who.get(&path).await.expect(200).json, made.json);
    }
    for who in [&eve, &app.user("stranger")] {
        who.get(&path).await.expect_problem(404, "not_found");
        who.delete(&path).await.expect_problem(404, "not_found");
        accept(who, &path).await.expect_problem(404, "not_found");
    }
    ben.delete(&path).await.expect(204);
    ann.get(&path).await.expect_problem(404, "not_found");
}

async fn an_offer_is_refused_by_the_field_that_is_wrong(app: App) {
    let Handing { ann, ben, group, path } = begin(&app).await;
    let (admin, stranger) = (app.admin(), app.user("stranger"));
    for (body, pointer, code) in [
        (json!({ "user_id": UserId::new() }), "/user_id", "unknown"),
        (json!({ "user_id": stranger.id() }), "/user_id", "unknown"),
        (json!({ "user_id": ann.id() }), "/user_id", "conflict"),
        (json!({ "user_id": ben.id(), "role_afterwards": "king" }), "/role_afterwards", "unknown_value"),
        (json!({}), "/user_id", "missing"),
    ] {
        ann.put(&path, body).await.expect_field(422, pointer, code);
    }
    // administrators give roles without asking
    admin.put(&path, json!({ "user_id": ben.id() })).await.expect_problem(403, "forbidden");
    ben.put(&path, json!({ "user_id": ben.id() })).await.expect_problem(403, "forbidden");
    ann.patch(format!("/groups/{group}"), json!({ "status": "archived" })).await.expect(200);
    ann.put(&path, json!({ "user_id": ben.id() })).await.expect(200);
    accept(&ben, &path).await.expect(200);
}

async fn an_offer_ends_when_either_is_not_what_they_were(app: App) {
    let Handing { ann, ben, group, path } = begin(&app).await;
    let eve = app.user("eve");
    member_as(&eve, &ann, &group, "owner").await;
    // who was to get it leaves
    ann.put(&path, json!({ "user_id": ben.id() })).await.expect(200);
    ben.delete(format!("/groups/{group}/membership")).await.expect(204);
    ann.get(&path).await.expect_problem(404, "not_found");
    // who made it is an owner no more
    join(&ben, &group).await;
    ann.put(&path, json!({ "user_id": ben.id() })).await.expect(200);
    eve.patch(format!("/groups/{group}/members/{}", ann.id()), json!({ "role": "member" })).await.expect(200);
    accept(&ben, &path).await.expect_problem(410, "invitation_over");
    assert_eq!(role(&ben, &group).await, "member");
    // who made it leaves
    eve.put(&path, json!({ "user_id": ben.id() })).await.expect(200);
    eve.patch(format!("/groups/{group}/members/{}", ann.id()), json!({ "role": "owner" })).await.expect(200);
    eve.delete(format!("/groups/{group}/membership")).await.expect(204);
    accept(&ben, &path).await.expect_problem(404, "not_found");
}

async fn an_offer_expires(app: App) {
    let Handing { ann, ben, group, path } = begin(&app).await;
    ann.put(&path, json!({ "user_id": ben.id() })).await.expect(200);
    let id: GroupId = group.parse().unwrap();
    app.in_database(|conn| {
        let past = Timestamp::now().before(Duration::from_secs(1));
        let row = diesel::update(ownership_offers::table.find(id)).set(ownership_offers::expires_at.eq(past));
        on_each!(conn => row.execute(conn).unwrap());
        Ok(())
    });
    accept(&ben, &path).await.expect_problem(410, "invitation_over");
    assert_eq!(role(&ann, &group).await, "owner");
}

async fn nobody_rises_by_an_offer_to_somebody_else(app: App) {
    let Handing { ann, ben, group, path } = begin(&app).await;
    let eve = app.user("eve");
    member_as(&eve, &ann, &group, "owner").await;
    ann.put(&path, json!({ "user_id": ben.id() })).await.expect(200);
    // an owner may know of it, and still cannot accept it
    accept(&eve, &path).await.expect_problem(403, "forbidden");
    ann.patch(format!("/groups/{group}/members/{}", ben.id()), json!({ "state": "banned" })).await.expect(200);
    accept(&ben, &path).await.expect_problem(404, "not_found");
}
