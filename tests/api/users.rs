//! What administrators do with people: list, find, approve, decline, suspend, reinstate, give platform roles.

use std::time::Duration;

use praxis::types::{Timestamp, UserId};
use serde_json::{Value, json};

use crate::support::app::PASSWORD;
use crate::support::{App, Case, served};

pub fn cases() -> Vec<Case> {
    served![
        people_are_listed_newest_first_page_by_page,
        people_are_found_by_name_and_address_and_standing,
        an_account_moves_only_where_it_may,
        no_administrator_changes_their_own_standing,
        roles_open_what_they_should_at_the_next_login,
        a_change_is_refused_by_the_field_that_is_wrong,
        a_suspension_says_why_and_ends_by_itself,
        an_administrator_vouches_for_an_address,
        the_fields_of_a_change_go_together,
        a_deleted_account_is_listed_without_a_trace_of_the_person,
    ]
}

async fn people_are_listed_newest_first_page_by_page(app: App) {
    let admin = app.admin();
    for name in ["ann", "bob", "cleo", "dan", "eve", "fay"] {
        app.user(name);
    }
    let mut seen = Vec::new();
    let mut path = "/admin/users?limit=3".to_owned();
    loop {
        let page = admin.get(&path).await.expect(200);
        seen.extend(page.each("display_name").into_iter().map(str::to_owned));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/admin/users?limit=3&cursor={cursor}");
        assert_eq!(page.header("link"), format!("</api/v1{path}>; rel=\"next\""));
    }
    assert_eq!(seen, ["fay", "eve", "dan", "cleo", "bob", "ann", "admin"]);
}

async fn people_are_found_by_name_and_address_and_standing(app: App) {
    let admin = app.admin();
    let ann = app.user("Ann Smith");
    app.user("Bob_Jones");
    let suspended = json!({ "status": "suspended" });
    admin.patch(format!("/admin/users/{}", ann.id()), suspended).await.expect(200);
    for (query, found) in [
        ("q=smith", vec!["Ann Smith"]),
        ("q=SMITH", vec!["Ann Smith"]),
        ("q=ann.smith%40example", vec!["Ann Smith"]),
        ("q=b_j", vec!["Bob_Jones"]),
        ("q=%25", vec![]),
        ("q=n_s", vec![]),
        ("q=%5C", vec![]),
        ("q=nobody", vec![]),
        ("status=suspended", vec!["Ann Smith"]),
        ("status=active", vec!["Bob_Jones", "admin"]),
        ("status=active&q=smith", vec![]),
        ("status=pending", vec![]),
    ] {
        let page = admin.get(format!("/admin/users?{query}")).await.expect(200);
        assert_eq!(page.each("display_name"), found, "{query}");
    }
    let one = admin.get(format!("/admin/users/{}", ann.id())).await.expect(200);
    let listed = admin.get("/admin/users?status=suspended").await.expect(200);
    assert_eq!(one.json, listed.items()[0], "a person looks the same in a list and alone");
    admin.get(format!("/admin/users/{}", UserId::new())).await.expect_problem(404, "not_found");
}

async fn an_account_moves_only_where_it_may(mut app: App) {
    app.restart(&["--registration", "approval"]);
    let admin = app.admin();
    // from each status in turn: where one may go, and where not
    let ways = [
        ("pending", &["active", "declined"][..], &["suspended", "deleted"][..]),
        ("active", &["suspended"], &["pending", "declined", "deleted"]),
        ("declined", &["active"], &["pending", "suspended", "deleted"]),
        ("suspended", &["active"], &["pending", "declined", "deleted"]),
    ];
    let reach = |status: &str| match status {
        "pending" => vec![],
        "active" => vec!["active"],
        "declined" => vec!["declined"],
        _ => vec!["active", "suspended"],
    };
    let mut number = 0;
    for (from, allowed, refused) in ways {
        for to in allowed.iter().chain(refused) {
            number += 1;
            let email = format!("person{number}@example.org");
            let body = json!({ "email": email, "password": PASSWORD, "display_name": "Somebody" });
            app.anon().post("/auth/register", body).await.expect(202);
            let found = admin.get(format!("/admin/users?q=person{number}%40")).await.expect(200);
            let path = format!("/admin/users/{}", found.each("id")[0]);
            for step in reach(from) {
                admin.patch(&path, json!({ "status": step })).await.expect(200);
            }
            assert_eq!(admin.get(&path).await.expect(200)["status"], from);
            let answer = admin.patch(&path, json!({ "status": to })).await;
            if allowed.contains(to) {
                assert_eq!(answer.expect(200)["status"], *to);
            } else {
                let answer = answer.expect_problem(409, "invalid_state");
                assert_eq!((&answer["state"], &answer["allowed"]), (&json!(from), &json!(allowed)));
                assert_eq!(admin.get(&path).await.expect(200)["status"], from);
            }
            // what is so already is no change
            let now = admin.get(&path).await.expect(200);
            admin.patch(&path, json!({ "status": now["status"] })).await.expect(200);
        }
    }
}

async fn no_administrator_changes_their_own_standing(app: App) {
    let admin = app.admin();
    let path = format!("/admin/users/{}", admin.id());
    for change in [json!({ "status": "suspended" }), json!({ "platform_role": "member" })] {
        admin.patch(&path, change).await.expect_problem(409, "invalid_state");
    }
    admin.patch(&path, json!({ "status": "active", "platform_role": "admin" })).await.expect(200);
    assert_eq!(admin.get("/me").await.expect(200)["platform_role"], "admin");
}

async fn roles_open_what_they_should_at_the_next_login(app: App) {
    let (admin, ann) = (app.admin(), app.user("ann"));
    for (role, articles, people) in
        [("editor", 201, 403), ("moderator", 403, 403), ("admin", 201, 200), ("member", 403, 403)]
    {
        let patch = json!({ "platform_role": role });
        let changed = admin.patch(format!("/admin/users/{}", ann.id()), patch).await.expect(200);
        assert_eq!(changed["platform_role"], role);
        let login = json!({ "email": ann.email(), "password": PASSWORD });
        let tokens = app.anon().post("/auth/login", login).await.expect(200);
        assert_eq!(tokens["user"]["platform_role"], role);
        let now = app.anon().with_token(tokens["access_token"].as_str().unwrap());
        let article = json!({ "kind": "news", "title": format!("By an {role}") });
        now.post("/articles", article).await.expect(articles);
        now.get("/admin/users").await.expect(people);
    }
}

async fn a_change_is_refused_by_the_field_that_is_wrong(app: App) {
    let (admin, ann) = (app.admin(), app.user("ann"));
    let path = format!("/admin/users/{}", ann.id());
    let before = admin.get(&path).await.expect(200);
    for (body, pointer, code) in [
        (json!({ "status": "happy" }), "/status", "unknown_value"),
        (json!({ "status": null }), "/status", "wrong_type"),
        (json!({ "platform_role": "god" }), "/platform_role", "unknown_value"),
        (json!({ "platform_role": 7 }), "/platform_role", "wrong_type"),
        (json!({ "email": "new@example.org" }), "/email", "unknown_property"),
        (json!({ "status": "suspended", "password_hash": "x" }), "/password_hash", "unknown_property"),
    ] {
        admin.patch(&path, body).await.expect_field(422, pointer, code);
    }
    assert_eq!(admin.get(&path).await.expect(200).json, before.json);
    ann.get("/me").await.expect(200);
}

async fn a_deleted_account_is_listed_without_a_trace_of_the_person(app: App) {
    let (admin, ann) = (app.admin(), app.user("Unmistakable"));
    ann.delete("/me").await.expect(204);
    let deleted = admin.get("/admin/users?status=deleted").await.expect(200);
    assert_eq!(deleted.each("id"), [ann.id().to_string()]);
    assert_eq!(deleted.items()[0]["email"], Value::Null);
    assert!(!deleted.text().to_lowercase().contains("unmistakable"));
    for status in ["active", "pending", "suspended", "declined"] {
        let path = format!("/admin/users/{}", ann.id());
        admin.patch(path, json!({ "status": status })).await.expect_problem(409, "invalid_state");
    }
    // the address is free again
    let body = json!({ "email": ann.email(), "password": PASSWORD, "display_name": "Another" });
    app.anon().post("/auth/register", body).await.expect(202);
    assert_eq!(admin.get("/admin/users?q=Another").await.expect(200).items().len(), 1);
}

async fn a_suspension_says_why_and_ends_by_itself(app: App) {
    let (admin, ann) = (app.admin(), app.user("ann"));
    let path = format!("/admin/users/{}", ann.id());
    let until = "2125-01-01T00:00:00Z";
    let body = json!({ "status": "suspended", "suspended_until": until, "reason": "Spam" });
    let suspended = admin.patch(&path, body).await.expect(200);
    assert_eq!((&suspended["status_reason"], &suspended["suspended_until"]), (&json!("Spam"), &json!(until)));
    ann.get("/me").await.expect_problem(401, "invalid_token");
    let login = json!({ "email": ann.email(), "password": PASSWORD });
    let refused = app.anon().post("/auth/login", login.clone()).await.expect_problem(403, "account_suspended");
    assert_eq!((&refused["reason"], &refused["until"]), (&json!("Spam"), &json!(until)));
    // who does not know the password learns nothing
    let wrong = json!({ "email": ann.email(), "password": "something else" });
    let wrong = app.anon().post("/auth/login", wrong).await.expect_problem(401, "invalid_credentials");
    assert_eq!(wrong["reason"], Value::Null);
    reinstate(&app, Timestamp::now());
    app.anon().post("/auth/login", login.clone()).await.expect_problem(403, "account_suspended");
    reinstate(&app, Timestamp::now().after(Duration::from_hours(24 * 365 * 101)));
    app.anon().post("/auth/login", login).await.expect(200);
    let back = admin.get(&path).await.expect(200);
    assert_eq!(
        (&back["status"], &back["status_reason"], &back["suspended_until"]),
        (&json!("active"), &Value::Null, &Value::Null)
    );
    let log = admin.get(format!("/admin/audit-log?target_id={}&action=user_updated", ann.id())).await.expect(200);
    assert_eq!((&log.items()[0]["actor_id"], &log.items()[1]["actor_id"]), (&Value::Null, &json!(admin.id())));
    assert_eq!(log.items()[1]["reason"], "Spam");
    assert!(!log.text().contains("@example"), "{log}");
}

fn reinstate(app: &App, now: Timestamp) {
    app.in_database(|conn| praxis::api::users::queries::reinstate_due(conn, now));
}

async fn an_administrator_vouches_for_an_address(app: App) {
    let (admin, ann) = (app.admin(), app.user("ann"));
    let path = format!("/admin/users/{}", ann.id());
    assert_eq!(ann.get("/me").await.expect(200)["email_verified_at"], Value::Null);
    let verified = admin.patch(&path, json!({ "email_verified": true })).await.expect(200);
    let at = verified["email_verified_at"].clone();
    assert!(at.is_string());
    let again = admin.patch(&path, json!({ "email_verified": true })).await.expect(200);
    assert_eq!(again["email_verified_at"], at);
    assert_eq!(
        admin.patch(&path, json!({ "email_verified": false })).await.expect(200)["email_verified_at"],
        Value::Null
    );
    // nobody vouches for themselves by other means
    ann.patch("/me", json!({ "email_verified": true })).await.expect_field(422, "/email_verified", "unknown_property");
}

async fn the_fields_of_a_change_go_together(app: App) {
    let (admin, ann) = (app.admin(), app.user("ann"));
    let path = format!("/admin/users/{}", ann.id());
    for (body, pointer, code) in [
        (json!({ "suspended_until": "2125-01-01T00:00:00Z" }), "/suspended_until", "conflict"),
        (json!({ "status": "suspended", "suspended_until": "2020-01-01T00:00:00Z" }), "/suspended_until", "past"),
        (json!({ "reason": "Because" }), "/reason", "conflict"),
        (json!({ "status": "suspended", "reason": "x".repeat(501) }), "/reason", "too_long"),
        (json!({ "platform_role": "king" }), "/platform_role", "unknown_value"),
    ] {
        admin.patch(&path, body).await.expect_field(422, pointer, code);
    }
    assert_eq!(admin.get(&path).await.expect(200)["status"], "active", "nothing half-done");
    admin.patch(&path, json!({ "platform_role": "editor", "reason": "She writes" })).await.expect(200);
    assert_eq!(admin.get("/admin/users?platform_role=editor").await.expect(200).each("display_name"), ["ann"]);
}
