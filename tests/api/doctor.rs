//! `praxis doctor`: whatever is put wrong past the program is found, what can be mended is, and the exit code says so.

use diesel::connection::SimpleConnection as _;
use serde_json::{Value, json};

use crate::support::process::{praxis, success};
use crate::support::world::{comment, group, join, post};
use crate::support::{App, Case, on_each, served};

pub fn cases() -> Vec<Case> {
    served![
        what_became_empty_is_mended_too,
        what_is_put_wrong_is_found_and_mended,
        a_group_without_owner_is_found_and_left,
        what_a_search_misses_is_found_and_indexed,
    ]
}

fn put_wrong(app: &App, sql: &str) {
    let conn = &mut app.database.connect();
    on_each!(conn => conn.batch_execute(sql)).unwrap();
}

async fn what_is_put_wrong_is_found_and_mended(app: App) {
    let (ann, bob) = (app.user("ann"), app.user("bob"));
    let id = group(&ann, "Circle", json!({})).await;
    join(&bob, &id).await;
    let thread = post(&ann, &id, "Words").await;
    let top = comment(&bob, &thread, None).await;
    comment(&ann, &thread, Some(&top)).await;
    assert_eq!(app.in_database(praxis::doctor::examine), []);
    let before = ann.get(format!("/groups/{id}")).await.expect(200);
    for (sql, what) in [
        ("UPDATE groups SET member_count = 7", "member count"),
        ("UPDATE groups SET last_active_at = NULL", "last activity"),
        ("UPDATE memberships SET last_contributed_at = NULL", "last contribution"),
        ("UPDATE posts SET comment_count = 0", "comment count"),
        ("UPDATE comments SET reply_count = 3", "reply count"),
    ] {
        put_wrong(&app, sql);
        let findings = app.in_database(praxis::doctor::examine);
        assert!(findings.len() == 1 && findings[0].what.contains(what) && findings[0].can_be_mended, "{findings:?}");
        let examined = praxis(&app.database, &["doctor"]).output().unwrap();
        assert_eq!(examined.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&examined.stdout).contains(what));
        success(&praxis(&app.database, &["doctor", "--fix"]).output().unwrap());
        assert_eq!(app.in_database(praxis::doctor::examine), []);
    }
    assert_eq!(ann.get(format!("/groups/{id}")).await.expect(200).json, before.json);
}

async fn a_group_without_owner_is_found_and_left(app: App) {
    let ann = app.user("ann");
    group(&ann, "Circle", json!({})).await;
    put_wrong(&app, "UPDATE memberships SET role = 'member'");
    let examined = praxis(&app.database, &["doctor", "--fix"]).output().unwrap();
    assert_eq!(examined.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&examined.stdout).contains("groups without owner"));
}

async fn what_became_empty_is_mended_too(app: App) {
    let (ann, admin) = (app.user("ann"), app.admin());
    let id = group(&ann, "Circle", json!({})).await;
    let thread = post(&ann, &id, "Words").await;
    ann.delete(format!("/posts/{thread}")).await.expect(204);
    ann.delete(format!("/groups/{id}")).await.expect(204);
    for sql in [
        // not one row is left to join
        "DELETE FROM membership_events",
        "DELETE FROM memberships",
        "UPDATE groups SET member_count = 7, last_active_at = created_at",
        "UPDATE posts SET comment_count = 3",
    ] {
        put_wrong(&app, sql);
    }
    assert_eq!(app.in_database(praxis::doctor::examine).len(), 3);
    success(&praxis(&app.database, &["doctor", "--fix"]).output().unwrap());
    assert_eq!(app.in_database(praxis::doctor::examine), []);
    let row = admin.get("/admin/groups?status=deleted").await.expect(200).items()[0].clone();
    assert_eq!((&row["member_count"], &row["last_active_at"]), (&json!(0), &Value::Null));
}

async fn what_a_search_misses_is_found_and_indexed(app: App) {
    let ann = app.user("ann");
    let id = group(&ann, "Circle", json!({})).await;
    post(&ann, &id, "Words").await;
    put_wrong(&app, "DELETE FROM search_documents WHERE kind = 'post'");
    let findings = app.in_database(praxis::doctor::examine);
    assert!(
        findings.iter().any(|finding| finding.what.starts_with("posts that a search does not find")),
        "{findings:?}"
    );
    success(&praxis(&app.database, &["reindex"]).output().unwrap());
    assert_eq!(app.in_database(praxis::doctor::examine), []);
    assert_eq!(ann.get("/search?q=words&in=posts").await.expect(200).items().len(), 1);
}
