//! Kinds of group: administrators make, order, retire and delete them over HTTP.

use serde_json::{Value, json};

use crate::support::world::{COMMUNITY, PEER_SUPPORT, group};
use crate::support::{App, Caller, Case, served};

pub fn cases() -> Vec<Case> {
    served![
        a_new_kind_takes_its_place_and_gives_its_defaults,
        kinds_are_ordered_without_gaps,
        a_kind_in_use_is_retired_and_not_deleted,
        a_retired_kind_stays_with_those_who_have_it,
        two_administrators_do_not_overwrite_each_other,
        a_kind_is_refused_by_the_field_that_is_wrong,
        what_is_done_to_kinds_is_recorded,
    ]
}

fn kind(name: &str, extra: &Value) -> Value {
    let mut body = json!({
        "name": name, "plural": format!("{name}s"), "default_visibility": "listed", "default_join_policy": "request",
    });
    body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    body
}

async fn order(app: &App, query: &str) -> Vec<String> {
    let kinds = app.anon().get(format!("/group-types{query}")).await.expect(200);
    let places: Vec<i64> = kinds.items().iter().map(|kind| kind["position"].as_i64().unwrap()).collect();
    if query == "?status=all" {
        assert_eq!(places, (1..=i64::try_from(places.len()).unwrap()).collect::<Vec<_>>(), "no gaps");
    }
    kinds.each("slug").into_iter().map(str::to_owned).collect()
}

async fn made(admin: &Caller, name: &str, extra: Value) -> String {
    admin.post("/group-types", kind(name, &extra)).await.expect(201).id()
}

async fn a_new_kind_takes_its_place_and_gives_its_defaults(app: App) {
    let (admin, ann) = (app.admin(), app.user("ann"));
    let body = kind(
        "Reading circle",
        &json!({
            "description": "People who read together.", "position": 2, "default_post_policy": "facilitators",
            "default_member_list_visibility": "facilitators", "default_invite_policy": "members",
            "default_show_member_count": false,
        }),
    );
    let made = admin.post("/group-types", body).await.expect(201);
    assert_eq!(made.header("location"), format!("/api/v1/group-types/{}", made.id()));
    assert_eq!((&made["slug"], &made["position"]), (&json!("reading-circle"), &json!(2)));
    let got = app.anon().get(format!("/group-types/{}", made.id())).await.expect(200);
    assert_eq!((&got.json, got.header("etag")), (&made.json, made.header("etag")));
    assert_eq!(order(&app, "?status=all").await[..3], ["community-of-practice", "reading-circle", "peer-support"]);
    let body = json!({ "name": "Thursday readers", "type_ids": [made.id()] });
    let circle = ann.post("/groups", body).await.expect(201);
    for (name, value) in [
        ("visibility", json!("listed")),
        ("join_policy", json!("request")),
        ("post_policy", json!("facilitators")),
        ("member_list_visibility", json!("facilitators")),
        ("invite_policy", json!("members")),
        ("show_member_count", json!(false)),
    ] {
        assert_eq!(circle[name], value, "{name}");
    }
    // what it says itself goes first
    let body =
        json!({ "name": "Loud readers", "type_ids": [made.id()], "invite_policy": "owners", "visibility": "public" });
    let other = ann.post("/groups", body).await.expect(201);
    assert_eq!((&other["invite_policy"], &other["visibility"]), (&json!("owners"), &json!("public")));
}

async fn kinds_are_ordered_without_gaps(app: App) {
    let admin = app.admin();
    let path = format!("/group-types/{COMMUNITY}");
    admin.patch(&path, json!({ "position": 3 })).await.expect(200);
    assert_eq!(
        order(&app, "?status=all").await,
        ["peer-support", "special-interest-group", "community-of-practice", "lab"]
    );
    assert_eq!(admin.patch(&path, json!({ "position": 100 })).await.expect(200)["position"], 4);
    assert_eq!(admin.patch(&path, json!({ "position": 1 })).await.expect(200)["position"], 1);
    let gone = made(&admin, "Passing", json!({ "position": 2 })).await;
    admin.delete(format!("/group-types/{gone}")).await.expect(204);
    assert_eq!(
        order(&app, "?status=all").await,
        ["community-of-practice", "peer-support", "special-interest-group", "lab"]
    );
    app.anon().get(format!("/group-types/{gone}")).await.expect_problem(404, "not_found");
    // who was moved has a new version
    let lab = app.anon().get("/group-types").await.expect(200).items()[3]["id"].as_str().unwrap().to_owned();
    let before = app.anon().get(format!("/group-types/{lab}")).await.expect(200);
    made(&admin, "First", json!({ "position": 1 })).await;
    let stale = admin.patch_if(before.header("etag"), format!("/group-types/{lab}"), json!({ "name": "Laboratory" }));
    stale.await.expect_problem(412, "precondition_failed");
}

async fn a_kind_in_use_is_retired_and_not_deleted(app: App) {
    let (admin, ann) = (app.admin(), app.user("ann"));
    let id = made(&admin, "Circle", json!({})).await;
    let path = format!("/group-types/{id}");
    let first = group(&ann, "First", json!({ "type_ids": [id] })).await;
    group(&ann, "Second", json!({ "type_ids": [COMMUNITY, id] })).await;
    let refused = admin.delete(&path).await.expect_problem(409, "in_use");
    assert_eq!(refused["group_count"], 2);
    // one that can be restored still has it
    ann.delete(format!("/groups/{first}")).await.expect(204);
    assert_eq!(admin.delete(&path).await.expect_problem(409, "in_use")["group_count"], 2);
    let retired = admin.patch(&path, json!({ "is_retired": true })).await.expect(200);
    assert!(retired["retired_at"].is_string());
    assert!(!order(&app, "").await.contains(&"circle".to_owned()));
    assert_eq!(order(&app, "?status=retired").await, ["circle"]);
    assert_eq!(order(&app, "?status=all").await.len(), 5);
    let back = admin.patch(&path, json!({ "is_retired": false })).await.expect(200);
    assert_eq!(back["retired_at"], Value::Null);
}

async fn a_retired_kind_stays_with_those_who_have_it(app: App) {
    let (admin, ann) = (app.admin(), app.user("ann"));
    let id = made(&admin, "Circle", json!({})).await;
    let old = group(&ann, "Old", json!({ "type_ids": [id] })).await;
    let other = group(&ann, "Other", json!({})).await;
    admin.patch(format!("/group-types/{id}"), json!({ "is_retired": true })).await.expect(200);
    let body = json!({ "name": "New", "type_ids": [id] });
    ann.post("/groups", body).await.expect_field(422, "/type_ids", "retired");
    let choice = json!({ "type_ids": [COMMUNITY, id] });
    ann.patch(format!("/groups/{other}"), choice.clone()).await.expect_field(422, "/type_ids", "retired");
    let kept = ann.patch(format!("/groups/{old}"), choice).await.expect(200);
    assert_eq!(kept["types"].as_array().unwrap().len(), 2);
    let found = app.anon().get("/groups?type=circle").await.expect(200);
    assert_eq!(found.each("name"), ["Old"]);
}

async fn two_administrators_do_not_overwrite_each_other(app: App) {
    let (one, two) = (app.admin(), app.person("another admin", praxis::auth::actor::PlatformRole::Admin));
    let path = format!("/group-types/{PEER_SUPPORT}");
    let seen = one.get(&path).await.expect(200);
    let changed = two.patch_if(seen.header("etag"), &path, json!({ "plural": "Circles of peers" })).await.expect(200);
    let late = one.patch_if(seen.header("etag"), &path, json!({ "plural": "Peer groups" })).await;
    let late = late.expect_problem(412, "precondition_failed");
    assert_eq!(late.version(), changed.version());
    assert_eq!(one.get(&path).await.expect(200)["plural"], "Circles of peers");
    let without = one.request(reqwest::Method::PATCH, &path).json(json!({ "plural": "X groups" }));
    without.await.expect_problem(428, "precondition_required");
}

async fn a_kind_is_refused_by_the_field_that_is_wrong(app: App) {
    let admin = app.admin();
    for (extra, pointer, code) in [
        (json!({ "name": "x" }), "/name", "too_short"),
        (json!({ "plural": "x".repeat(61) }), "/plural", "too_long"),
        (json!({ "position": 0 }), "/position", "out_of_range"),
        (json!({ "default_visibility": "secret" }), "/default_visibility", "unknown_value"),
        (json!({ "default_invite_policy": "strangers" }), "/default_invite_policy", "unknown_value"),
        (json!({ "colour": "red" }), "/colour", "unknown_property"),
    ] {
        admin.post("/group-types", kind("Circle", &extra)).await.expect_field(422, pointer, code);
    }
    admin.post("/group-types", kind("Lab", &json!({}))).await.expect_field(409, "/slug", "taken");
    let path = format!("/group-types/{COMMUNITY}");
    admin.patch(&path, json!({ "slug": "lab" })).await.expect_field(409, "/slug", "taken");
    admin.patch(&path, json!({ "name": null })).await.expect_field(422, "/name", "wrong_type");
    app.anon().get("/group-types?status=old").await.expect_field(400, "status", "malformed");
    assert_eq!(order(&app, "?status=all").await.len(), 4, "nothing was made");
    for number in 5..=100 {
        made(&admin, &format!("Kind {number}"), json!({})).await;
    }
    admin.post("/group-types", kind("One more", &json!({}))).await.expect_problem(409, "invalid_state");
}

async fn what_is_done_to_kinds_is_recorded(app: App) {
    let admin = app.admin();
    let id = made(&admin, "Circle", json!({})).await;
    let path = format!("/group-types/{id}");
    admin.patch(&path, json!({ "name": "Round", "is_retired": true })).await.expect(200);
    admin.patch(&path, json!({ "name": "Round" })).await.expect(200);
    admin.delete(&path).await.expect(204);
    let log = admin.get(format!("/admin/audit-log?target_id={id}")).await.expect(200);
    assert_eq!(log.each("action"), ["group_type_deleted", "group_type_updated", "group_type_created"]);
    let changes = log.items()[1]["changes"].as_array().unwrap();
    assert_eq!(changes[0], json!({ "field": "name", "before": "Circle", "after": "Round" }));
    assert_eq!(changes[1]["field"], "retired_at");
}
