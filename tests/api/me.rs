//! One's own account: what one sees and changes, and what is left when it is deleted.

use serde_json::json;

use crate::support::app::{PASSWORD, email_of};
use crate::support::world::{group, join, member_as, post};
use crate::support::{App, Case, served};

pub fn cases() -> Vec<Case> {
    served![
        one_sees_and_changes_ones_account,
        a_new_name_is_shown_sorted_and_found_everywhere,
        a_new_password_ends_every_session_and_answers_with_a_new_one,
        a_deleted_account_leaves_words_without_a_name,
        a_deleted_account_asks_for_nothing_any_more,
        ones_memberships_are_listed_with_their_groups,
        when_one_was_last_here_is_written_off_the_request_path,
    ]
}

async fn one_sees_and_changes_ones_account(app: App) {
    let ann = app.user("ann");
    let me = ann.get("/me").await.expect(200);
    assert_eq!((&me["email"], &me["display_name"]), (&json!(email_of("ann")), &json!("ann")));
    let changed = ann.patch("/me", json!({ "display_name": "Ann B.", "show_last_seen": false })).await.expect(200);
    assert_eq!((&changed["display_name"], &changed["show_last_seen"]), (&json!("Ann B."), &json!(false)));
    assert_eq!(ann.get("/me").await.expect(200)["updated_at"], changed["updated_at"]);
    ann.patch("/me", json!({ "email": "new@example.org" })).await.expect_field(422, "/email", "unknown_property");
    ann.patch("/me", json!({ "platform_role": "admin" })).await.expect_field(422, "/platform_role", "unknown_property");
    ann.patch("/me", json!({ "display_name": " " })).await.expect_field(422, "/display_name", "empty");
    app.anon().get("/me").await.expect_problem(401, "unauthenticated");
}

async fn a_new_name_is_shown_sorted_and_found_everywhere(app: App) {
    let (owner, zoe) = (app.user("owner"), app.user("zoe"));
    let id = group(&owner, "Circle", json!({})).await;
    join(&zoe, &id).await;
    let thread = post(&zoe, &id, "Words").await;
    zoe.patch("/me", json!({ "display_name": "Abby" })).await.expect(200);
    let members = owner.get(format!("/groups/{id}/members?sort=name")).await.expect(200);
    assert_eq!(members.items()[0]["user"]["display_name"], "Abby");
    assert_eq!(owner.get(format!("/groups/{id}/members?q=abb")).await.expect(200).items().len(), 1);
    assert_eq!(owner.get(format!("/groups/{id}/members?q=zoe")).await.expect(200).items().len(), 0);
    assert_eq!(owner.get(format!("/posts/{thread}")).await.expect(200)["author"]["display_name"], "Abby");
}

async fn a_new_password_ends_every_session_and_answers_with_a_new_one(app: App) {
    let ann = app.user("ann");
    let wrong = json!({ "current_password": "not this one", "new_password": "a new password" });
    ann.put("/me/password", wrong).await.expect_field(422, "/current_password", "wrong");
    let short = json!({ "current_password": PASSWORD, "new_password": "short" });
    ann.put("/me/password", short).await.expect_field(422, "/new_password", "too_short");
    ann.get("/me").await.expect(200);
    let change = json!({ "current_password": PASSWORD, "new_password": "a new password" });
    let session = ann.put("/me/password", change).await.expect(200);
    ann.get("/me").await.expect_problem(401, "invalid_token");
    let refresh = json!({ "refresh_token": ann.refresh_token() });
    app.anon().post("/auth/refresh", refresh).await.expect_problem(401, "invalid_refresh_token");
    ann.with_token(session["access_token"].as_str().unwrap()).get("/me").await.expect(200);
    let log_in = |password: &str| json!({ "email": ann.email(), "password": password });
    app.anon().post("/auth/login", log_in(PASSWORD)).await.expect_problem(401, "invalid_credentials");
    app.anon().post("/auth/login", log_in("a new password")).await.expect(200);
}

async fn a_deleted_account_leaves_words_without_a_name(app: App) {
    let (owner, ann, admin) = (app.user("owner"), app.user("ann"), app.admin());
    let id = group(&owner, "Circle", json!({})).await;
    member_as(&ann, &owner, &id, "owner").await;
    let thread = post(&ann, &id, "Words").await;
    let before = owner.get(format!("/groups/{id}")).await.expect(200);
    ann.delete("/me").await.expect(204);
    ann.get("/me").await.expect_problem(401, "invalid_token");
    let body = json!({ "email": email_of("ann"), "password": PASSWORD });
    app.anon().post("/auth/login", body).await.expect_problem(401, "invalid_credentials");
    let kept = owner.get(format!("/posts/{thread}")).await.expect(200);
    assert_eq!(kept["author"]["display_name"], "Former member");
    let after = owner.get(format!("/groups/{id}")).await.expect(200);
    assert_eq!((&before["member_count"], &after["member_count"]), (&json!(2), &json!(1)));
    assert_eq!(before["last_active_at"], after["last_active_at"]);
    let account = admin.get(format!("/admin/users/{}", ann.id())).await.expect(200);
    assert_eq!((&account["email"], &account["status"]), (&json!(null), &json!("deleted")));
    admin
        .patch(format!("/admin/users/{}", ann.id()), json!({ "status": "active" }))
        .await
        .expect_problem(409, "invalid_state");
    let again = json!({ "email": email_of("ann"), "password": PASSWORD, "display_name": "Ann again" });
    app.anon().post("/auth/register", again).await.expect(202);
    app.anon().post("/auth/login", json!({ "email": email_of("ann"), "password": PASSWORD })).await.expect(200);
}

async fn a_deleted_account_asks_for_nothing_any_more(app: App) {
    let (owner, ann) = (app.user("owner"), app.user("ann"));
    let id = group(&owner, "Circle", json!({ "join_policy": "request" })).await;
    ann.put(format!("/groups/{id}/membership"), json!({ "message": "Me, ann." })).await.expect(200);
    ann.delete("/me").await.expect(204);
    assert!(owner.get(format!("/groups/{id}/membership-requests")).await.expect(200).items().is_empty());
    let decision = format!("/groups/{id}/membership-requests/{}/decision", ann.id());
    owner.post(decision, json!({ "outcome": "approve" })).await.expect_problem(409, "invalid_state");
}

async fn ones_memberships_are_listed_with_their_groups(app: App) {
    let (owner, ann) = (app.user("owner"), app.user("ann"));
    let mut ids = Vec::new();
    for number in 0..3 {
        ids.push(group(&owner, &format!("Circle {number}"), json!({ "visibility": "listed" })).await);
        join(&ann, &ids[number]).await;
    }
    ann.delete(format!("/groups/{}/membership", ids[1])).await.expect(204);
    let mine = ann.get("/me/memberships").await.expect(200);
    let names: Vec<_> = mine.items().iter().map(|item| item["group"]["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["Circle 2", "Circle 0"]);
    assert_eq!(mine.items()[0]["membership"]["role"], "member");
    assert_eq!(mine.items()[0]["group"], ann.get(format!("/groups/{}", ids[2])).await.expect(200).json);
    let one = ann.get("/me/memberships?limit=1").await.expect(200);
    let cursor = one["next_cursor"].as_str().unwrap();
    let two = ann.get(format!("/me/memberships?limit=1&cursor={cursor}")).await.expect(200);
    assert_eq!(two.items(), &mine.items()[1..]);
    assert_eq!(ann.get("/me/memberships?state=left").await.expect(200).items().len(), 1);
}

async fn when_one_was_last_here_is_written_off_the_request_path(mut app: App) {
    let ann = app.user("ann");
    ann.get("/me").await.expect(200);
    assert!(ann.get("/me").await.expect(200)["last_seen_at"].is_null(), "not written by the request itself");
    app.restart(&[]);
    assert!(ann.get("/me").await.expect(200)["last_seen_at"].is_string(), "written when the server stopped");
}
