//! What moderators do about a person: formal warnings, and taking away all that somebody wrote.

use diesel::connection::SimpleConnection as _;
use praxis::auth::actor::PlatformRole;
use praxis::types::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::world::{comment, group, member, member_as, post};
use crate::support::{App, Caller, Case, on_each, served};

pub fn cases() -> Vec<Case> {
    served![
        a_warning_is_told_kept_and_recorded,
        all_that_somebody_wrote_goes_at_once_and_comes_back,
        what_is_taken_away_in_pieces_says_so,
        nothing_goes_of_a_last_owner_who_cannot_be_banned,
        who_moderates_by_office_acts_on_everybody,
        a_ban_with_what_was_written_has_no_end,
        words_of_who_left_or_never_came_can_be_taken_away,
        a_step_is_never_dated_before_a_warning,
    ]
}

fn later(seconds: u64) -> String {
    Timestamp::now().after(std::time::Duration::from_secs(seconds)).to_string()
}

async fn last_active(who: &Caller, group: &str) -> Value {
    who.get(format!("/groups/{group}")).await.expect(200)["last_active_at"].clone()
}

async fn a_warning_is_told_kept_and_recorded(app: App) {
    let (owner, leader, ann) = (app.user("owner"), app.user("leader"), app.user("ann"));
    let id = group(&owner, "Circle", json!({})).await;
    member_as(&leader, &owner, &id, "facilitator").await;
    member(&ann, &owner, &id).await;
    let thread = post(&ann, &id, "Thread").await;
    let said = comment(&ann, &thread, None).await;
    let before = last_active(&owner, &id).await;
    let warnings = format!("/posts/{thread}/warnings");
    leader.post(&warnings, json!({})).await.expect_problem(422, "invalid");
    leader.post(&warnings, json!({ "reason": "" })).await.expect_problem(422, "invalid");
    leader.post(&warnings, json!({ "reason": "No names of patients." })).await.expect(204);
    leader.post(format!("/comments/{said}/warnings"), json!({ "reason": "Not here." })).await.expect(204);
    assert_eq!(last_active(&owner, &id).await, before, "a warning is no activity");

    let told = ann.get("/me/notifications").await.expect(200);
    assert_eq!(told.each("kind"), ["warned", "warned"]);
    for notification in told.items() {
        assert_eq!((&notification["group_id"], &notification["actor"]), (&json!(id), &Value::Null), "{told}");
    }
    let history = format!("/groups/{id}/members/{}/history?limit=2", ann.id());
    let own = ann.get(&history).await.expect(200);
    assert_eq!(own.each("reason"), ["Not here.", "No names of patients."]);
    assert_eq!(own.each("post_id"), [&*thread, &*thread]);
    assert_eq!((&own.items()[0]["comment_id"], &own.items()[1]["comment_id"]), (&json!(said), &Value::Null));
    for step in own.items() {
        assert_eq!((&step["actor_id"], &step["changed_by"]), (&Value::Null, &json!("others")), "{own}");
        assert_eq!((&step["from_state"], &step["to_state"]), (&json!("active"), &json!("active")));
    }
    let seen = owner.get(&history).await.expect(200);
    assert_eq!(seen.items()[0]["actor_id"], json!(leader.id()));
    let log = owner.get(format!("/groups/{id}/audit-log?limit=2")).await.expect(200);
    assert_eq!(log.each("action"), ["member_warned", "member_warned"]);
    assert_eq!(log.each("target_id"), [&*said, &*thread]);

    // what is gone is not warned of; what was said of it before stays, and is told
    ann.delete(format!("/posts/{thread}")).await.expect(204);
    leader.post(&warnings, json!({ "reason": "Too late" })).await.expect(404);
    assert_eq!(ann.get(&history).await.expect(200).each("post_id"), [&*thread, &*thread]);
    assert_eq!(ann.get("/me/notifications").await.expect(200).each("kind"), ["warned", "warned"]);
    assert_eq!(app.in_database(praxis::doctor::examine), []);
}

async fn all_that_somebody_wrote_goes_at_once_and_comes_back(app: App) {
    let (owner, eve, ben) = (app.user("owner"), app.user("eve"), app.user("ben"));
    let id = group(&owner, "Circle", json!({})).await;
    let elsewhere = group(&owner, "Elsewhere", json!({})).await;
    for person in [&eve, &ben] {
        member(person, &owner, &id).await;
    }
    member(&eve, &owner, &elsewhere).await;
    let kept = post(&owner, &id, "Kept").await;
    let by_ben = comment(&ben, &kept, None).await;
    let quiet = last_active(&owner, &id).await;
    let other = post(&eve, &elsewhere, "Other").await;
    let regretted = post(&eve, &id, "Regretted").await;
    eve.delete(format!("/posts/{regretted}")).await.expect(204);
    let spam = post(&eve, &id, "Spam").await;
    comment(&ben, &spam, None).await;
    comment(&eve, &spam, None).await;
    let answer = comment(&eve, &kept, Some(&by_ben)).await;
    comment(&eve, &kept, Some(&answer)).await;
    let (posts, comments) = (format!("/groups/{id}/posts"), format!("/posts/{kept}/comments"));
    let before = (owner.get(&posts).await.expect(200).json, owner.get(&comments).await.expect(200).json);
    let busy = last_active(&owner, &id).await;

    let path = format!("/groups/{id}/members/{}", eve.id());
    let deletion = json!({ "reason": "Spam", "ban": true });
    let gone = owner.post(format!("{path}/content:delete"), deletion).await.expect(200);
    assert_eq!((&gone["post_count"], &gone["comment_count"], &gone["has_more"]), (&json!(1), &json!(2), &json!(false)));
    assert_eq!(owner.get(&posts).await.expect(200).each("id"), [&*kept]);
    assert_eq!(owner.get(&comments).await.expect(200).each("id"), [&*by_ben]);
    assert_eq!(last_active(&owner, &id).await, quiet);
    assert_eq!(app.in_database(praxis::doctor::examine), []);
    assert_eq!(owner.get(&path).await.expect(200)["state"], "banned");
    assert_eq!(app.anon().get("/search?q=spam").await.expect(200).items().len(), 0);
    app.anon().get(format!("/posts/{other}")).await.expect(200);
    let log = owner.get(format!("/groups/{id}/audit-log")).await.expect(200);
    assert_eq!(log.each("action")[..2], ["content_deleted", "member_banned"], "one entry for all of it");
    assert_eq!(log.items()[0]["target_id"], json!(eve.id()));

    let restore = format!("{path}/content:restore");
    let body = json!({ "deleted_at": gone["deleted_at"], "reason": "A mistake" });
    let back = owner.post(&restore, body.clone()).await.expect(200);
    assert_eq!((&back["post_count"], &back["comment_count"]), (&json!(1), &json!(2)));
    let ids =
        |page: &Value| page["items"].as_array().unwrap().iter().map(|item| item["id"].clone()).collect::<Vec<_>>();
    let after = (owner.get(&posts).await.expect(200).json, owner.get(&comments).await.expect(200).json);
    assert_eq!((ids(&after.0), ids(&after.1)), (ids(&before.0), ids(&before.1)));
    assert_eq!(after.0["items"][0]["comment_count"], before.0["items"][0]["comment_count"]);
    assert_eq!(last_active(&owner, &id).await, busy);
    assert_eq!(app.anon().get("/search?q=spam").await.expect(200).items().len(), 1);
    app.anon().get(format!("/posts/{regretted}")).await.expect(404);
    owner.post(&restore, body).await.expect(404);
    owner.post(&restore, json!({ "deleted_at": "2020-01-01T00:00:00Z" })).await.expect(404);
    assert_eq!(owner.get(&path).await.expect(200)["state"], "banned", "a ban is lifted by itself");
    assert_eq!(app.in_database(praxis::doctor::examine), []);
}

async fn what_is_taken_away_in_pieces_says_so(app: App) {
    let (owner, eve) = (app.user("owner"), app.user("eve"));
    let id = group(&owner, "Circle", json!({})).await;
    member(&eve, &owner, &id).await;
    let thread = post(&owner, &id, "Thread").await;
    for _ in 0..51 {
        let ten = (0..10).map(|_| comment(&eve, &thread, None));
        futures_util::future::join_all(ten).await;
    }
    let path = format!("/groups/{id}/members/{}/content", eve.id());
    let mut gone = Vec::new();
    for (count, has_more) in [(500, true), (10, false), (0, false)] {
        let piece = owner.post(format!("{path}:delete"), json!({ "reason": "Spam" })).await.expect(200);
        assert_eq!((&piece["comment_count"], &piece["has_more"]), (&json!(count), &json!(has_more)));
        gone.push(piece["deleted_at"].clone());
    }
    assert_eq!(owner.get(format!("/posts/{thread}")).await.expect(200)["comment_count"], 0);
    for deleted_at in &gone[..2] {
        owner.post(format!("{path}:restore"), json!({ "deleted_at": deleted_at })).await.expect(200);
    }
    assert_eq!(owner.get(format!("/posts/{thread}")).await.expect(200)["comment_count"], 510);
    assert_eq!(app.in_database(praxis::doctor::examine), []);
}

async fn nothing_goes_of_a_last_owner_who_cannot_be_banned(app: App) {
    let (owner, admin) = (app.user("owner"), app.admin());
    let id = group(&owner, "Circle", json!({})).await;
    let thread = post(&owner, &id, "Thread").await;
    let path = format!("/groups/{id}/members/{}/content:delete", owner.id());
    admin.post(&path, json!({ "reason": "Spam", "ban": true })).await.expect_problem(409, "last_owner");
    app.anon().get(format!("/posts/{thread}")).await.expect(200);
    admin.post(&path, json!({ "reason": "Spam" })).await.expect(200);
    app.anon().get(format!("/posts/{thread}")).await.expect(404);
    app.anon().request(Method::POST, &path).json(json!({ "reason": "Spam" })).await.expect(401);
}

async fn who_moderates_by_office_acts_on_everybody(app: App) {
    let (owner, office) = (app.user("owner"), app.person("office", PlatformRole::Moderator));
    let id = group(&owner, "Circle", json!({})).await;
    let thread = post(&owner, &id, "Thread").await;
    let warning = || office.post(format!("/posts/{thread}/warnings"), json!({ "reason": "Off topic" }));
    warning().await.expect(204);
    // joining takes nothing of it away
    member(&office, &owner, &id).await;
    warning().await.expect(204);
    let path = format!("/groups/{id}/members/{}/content:delete", owner.id());
    // whether somebody is known to the group is for those who manage its members
    for person in [owner.id(), app.user("stranger").id()] {
        let path = format!("/groups/{id}/members/{person}/content:delete");
        office.post(path, json!({ "reason": "Spam", "ban": true })).await.expect_problem(403, "forbidden");
    }
    office.post(path, json!({ "reason": "Off topic" })).await.expect(200);
    app.anon().get(format!("/posts/{thread}")).await.expect(404);
}

async fn a_ban_with_what_was_written_has_no_end(app: App) {
    let (owner, eve) = (app.user("owner"), app.user("eve"));
    let id = group(&owner, "Circle", json!({})).await;
    member(&eve, &owner, &id).await;
    let path = format!("/groups/{id}/members/{}", eve.id());
    let until = later(3600);
    owner.patch(&path, json!({ "state": "banned", "banned_until": until })).await.expect(200);
    owner.post(format!("{path}/content:delete"), json!({ "reason": "Spam", "ban": true })).await.expect(200);
    let banned = owner.get(&path).await.expect(200);
    assert_eq!((&banned["state"], &banned["banned_until"]), (&json!("banned"), &Value::Null));
}

async fn words_of_who_left_or_never_came_can_be_taken_away(app: App) {
    let (owner, ann, ben) = (app.user("owner"), app.user("ann"), app.user("ben"));
    let (from, to) = (group(&owner, "From", json!({})).await, group(&owner, "To", json!({})).await);
    for person in [&ann, &ben] {
        member(person, &owner, &from).await;
    }
    let (by_ann, by_ben) = (post(&ann, &from, "Ann's").await, post(&ben, &from, "Ben's").await);
    ann.delete(format!("/groups/{from}/membership")).await.expect(204);
    owner.post(format!("/posts/{by_ann}/warnings"), json!({ "reason": "Off topic" })).await.expect(204);
    owner.act(format!("/posts/{by_ben}/move"), json!({ "group_id": to })).await.expect(200);
    let nobody = owner.post(format!("/posts/{by_ben}/warnings"), json!({ "reason": "Off topic" })).await;
    nobody.expect_problem(409, "invalid_state");
    for (group, person, post) in [(&from, &ann, &by_ann), (&to, &ben, &by_ben)] {
        let path = format!("/groups/{group}/members/{}/content:delete", person.id());
        assert_eq!(owner.post(path, json!({ "reason": "Spam" })).await.expect(200)["post_count"], 1);
        app.anon().get(format!("/posts/{post}")).await.expect(404);
    }
    assert_eq!(app.in_database(praxis::doctor::examine), []);
    // nothing is kept about who has gone
    let gone = post(&ben, &from, "Gone").await;
    ben.delete("/me").await.expect(204);
    let nobody = owner.post(format!("/posts/{gone}/warnings"), json!({ "reason": "Off topic" })).await;
    nobody.expect_problem(409, "invalid_state");
}

/// As when a ban waited for the group while somebody warned.
async fn a_step_is_never_dated_before_a_warning(app: App) {
    let (owner, eve) = (app.user("owner"), app.user("eve"));
    let id = group(&owner, "Circle", json!({})).await;
    member(&eve, &owner, &id).await;
    let thread = post(&eve, &id, "Thread").await;
    owner.post(format!("/posts/{thread}/warnings"), json!({ "reason": "Off topic" })).await.expect(204);
    let ahead = if app.database.is_sqlite() { "at + 60000000" } else { "at + interval '1 minute'" };
    app.in_database(|conn| {
        let sql = format!("UPDATE membership_events SET at = {ahead} WHERE post_id IS NOT NULL");
        on_each!(conn => conn.batch_execute(&sql))?;
        Ok(())
    });
    let path = format!("/groups/{id}/members/{}", eve.id());
    owner.patch(&path, json!({ "state": "banned" })).await.expect(200);
    let history = owner.get(format!("{path}/history?limit=2")).await.expect(200);
    assert_eq!(history.each("to_state"), ["banned", "active"]);
    assert_eq!(app.in_database(praxis::doctor::examine), []);
}
