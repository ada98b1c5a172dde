//! Groups, members and content, made over HTTP as anybody would.

use diesel::connection::SimpleConnection as _;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{App, Caller, on_each};

/// The kind «community of practice»: public and open unless a group says otherwise.
pub const COMMUNITY: &str = "019aaf5c-0000-7000-8000-000000000001";
/// The kind «peer support»: listed, and one asks to join.
pub const PEER_SUPPORT: &str = "019aaf5c-0000-7000-8000-000000000002";

/// A new group of this person's; `settings` go over those of an open, public community.
pub async fn group(owner: &Caller, name: &str, settings: Value) -> String {
    let mut body = json!({ "name": name, "type_ids": [COMMUNITY] });
    body.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
    owner.post("/groups", body).await.expect(201).id()
}

/// Joins, or asks to; the state that came of it.
pub async fn join(person: &Caller, group: &str) -> String {
    let answer = person.put(format!("/groups/{group}/membership"), json!({})).await.expect(200);
    answer["state"].as_str().unwrap().to_owned()
}

/// A member for sure: joins, or asks and is approved.
pub async fn member(person: &Caller, owner: &Caller, group: &str) {
    if join(person, group).await == "requested" {
        let path = format!("/groups/{group}/membership-requests/{}/decision", person.id());
        owner.post(path, json!({ "outcome": "approve" })).await.expect(200);
    }
}

/// A member with this role.
pub async fn member_as(person: &Caller, owner: &Caller, group: &str, role: &str) {
    member(person, owner, group).await;
    let path = format!("/groups/{group}/members/{}", person.id());
    owner.patch(path, json!({ "role": role })).await.expect(200);
}

/// A new post; its id.
pub async fn post(author: &Caller, group: &str, title: &str) -> String {
    let body = json!({ "kind": "discussion", "title": title, "body": format!("The text of {title}.") });
    author.post(format!("/groups/{group}/posts"), body).await.expect(201).id()
}

/// A new comment; its id.
pub async fn comment(author: &Caller, post: &str, parent: Option<&str>) -> String {
    let body = json!({ "body": "A comment.", "parent_id": parent });
    author.post(format!("/posts/{post}/comments"), body).await.expect(201).id()
}

/// A new article by an editor, with the groups that agree to be named; its id.
pub async fn article(editor: &Caller, title: &str, status: &str, groups: &[(&str, &Caller)]) -> String {
    let body = json!({ "kind": "news", "title": title, "status": status, "body": "Some words." });
    let article = editor.post("/articles", body).await.expect(201).id();
    for (group, owner) in groups {
        contribute(editor, owner, &article, group).await;
    }
    article
}

/// Asks a group to be named and answers for it.
pub async fn contribute(editor: &Caller, owner: &Caller, article: &str, group: &str) {
    let path = format!("/articles/{article}/contributions");
    editor.post(&path, json!({ "group_id": group, "role": "wrote" })).await.expect(201);
    owner.post(format!("{path}/{group}/decision"), json!({ "outcome": "accept" })).await.expect(200);
}

/// An instant of an answer in microseconds since 1970; `None` for null.
pub fn micros(value: &Value) -> Option<i64> {
    let text = value.as_str()?;
    let time = OffsetDateTime::parse(text, &Rfc3339).unwrap_or_else(|error| panic!("{text}: {error}"));
    assert!(text.ends_with('Z'), "{text} is not in UTC");
    Some(i64::try_from(time.unix_timestamp_nanos() / 1_000).unwrap())
}

/// Lets everything have happened a while ago: the lists lag behind.
pub fn settle(app: &App) {
    let columns = [("groups", "changed_at"), ("posts", "changed_at"), ("articles", "changed_at"), ("tombstones", "at")];
    let ago = if app.database.is_sqlite() { "70000000" } else { "interval '70 seconds'" };
    let columns = columns.iter().chain(&[("memberships", "updated_at"), ("post_shares", "changed_at")]);
    app.in_database(|conn| {
        for (table, column) in columns {
            let sql = format!("UPDATE {table} SET {column} = {column} - {ago}");
            on_each!(conn => conn.batch_execute(&sql)).unwrap();
        }
        Ok(())
    });
}

/// Runs all jobs as if it were then; how much they did, but for forgetting events, which depends on whether they were told yet.
pub fn run_jobs(app: &App, now: praxis::types::Timestamp) -> usize {
    let done = praxis::jobs::JOBS.iter().map(|(name, job)| {
        let done = app.in_database(|conn| job(conn, now));
        if name.starts_with("forget old") { 0 } else { done }
    });
    done.sum()
}
