//! What administrators do with people: list, find, approve, decline, suspend, reinstate, give platform roles.

use praxis::types::UserId;
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
