//! The whole life of a membership: questions, rules, second thoughts, names of the group's own, terms and bans that end,
//! what is kept of it, and who reads that.

use std::future::IntoFuture as _;
use std::time::Duration;

use praxis::types::Timestamp;
use serde_json::{Value, json};

use crate::support::world::{self, PEER_SUPPORT, group, join, member, member_as, micros, run_jobs};
use crate::support::{App, Caller, Case, served};

pub fn cases() -> Vec<Case> {
    served![
        a_request_answers_the_required_questions,
        answers_belong_to_the_groups_questions,
        a_declined_person_may_be_approved_later,
        whoever_joins_accepts_the_rules,
        a_new_version_of_the_rules_stands_before_the_next_post,
        taking_the_rules_away_asks_for_nothing,
        a_group_shows_a_pseudonym_everywhere_inside_it,
        nobody_takes_the_name_of_another_member,
        the_history_tells_deciders_more_than_the_person,
        a_ban_with_an_end_is_lifted_by_itself,
        a_role_with_an_end_lapses_but_the_last_owner_stays,
        many_requests_are_decided_with_a_result_each,
        an_administrator_reads_members_content_only_with_a_reason_that_the_owners_see,
        a_deleted_account_is_nobody_to_approve,
        a_name_is_compared_only_for_those_who_read_the_members,
        the_log_names_no_group_that_its_reader_may_not_know_of,
        the_terms_of_last_owners_hold_no_other_up,
        what_is_said_of_a_ban_can_be_said_anew,
        the_audit_log_tells_who_did_what,
        an_administrators_change_of_the_welcome_is_recorded,
        the_audit_log_cannot_be_changed,
        two_who_save_settings_do_not_overwrite_each_other,
        a_domain_makes_members_of_verified_addresses_only,
        the_usual_combinations_of_openness_work_as_pasted,
    ]
}

fn membership(group: &str) -> String {
    format!("/groups/{group}/membership")
}

fn decision(group: &str, person: &Caller) -> String {
    format!("/groups/{group}/membership-requests/{}/decision", person.id())
}

fn one(group: &str, person: &Caller) -> String {
    format!("/groups/{group}/members/{}", person.id())
}

fn text(at: Timestamp) -> Value {
    json!(at.to_string())
}

fn in_days(days: u64) -> Timestamp {
    Timestamp::now().after(Duration::from_hours(24 * days))
}

async fn asking_group(owner: &Caller, more: Value) -> String {
    let mut settings = json!({ "type_ids": [PEER_SUPPORT] });
    settings.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    group(owner, "Peer circle", settings).await
}

async fn a_request_answers_the_required_questions(app: App) {
    let (owner, ann) = (app.user("owner"), app.user("ann"));
    let questions = json!([{ "text": "Why?", "is_required": true }, { "text": "Since when?", "is_required": false }]);
    let id = asking_group(&owner, json!({ "join_questions": questions })).await;
    assert_eq!(ann.get(format!("/groups/{id}")).await.expect(200)["join_questions"], questions);
    let why = json!({ "question": "Why?", "answer": "I live with it." });
    ann.put(membership(&id), json!({})).await.expect_field(422, "/answers", "missing");
    ann.get(membership(&id)).await.expect(404);
    let asked = ann.put(membership(&id), json!({ "answers": [why], "message": "Hello" })).await.expect(200);
    assert_eq!((&asked["state"], &asked["answers"]), (&json!("requested"), &json!([why])));
    let requests = owner.get(format!("/groups/{id}/membership-requests")).await.expect(200);
    let request = &requests.items()[0];
    assert_eq!((&request["answers"], &request["message"]), (&json!([why]), &json!("Hello")));
    owner.post(decision(&id, &ann), json!({ "outcome": "approve" })).await.expect(200);
    assert_eq!(ann.get(membership(&id)).await.expect(200)["answers"], json!([why]), "they are kept");
    let six: Vec<Value> = (0..6).map(|n| json!({ "text": format!("{n}?"), "is_required": false })).collect();
    let path = format!("/groups/{id}");
    owner.patch(&path, json!({ "join_questions": six })).await.expect_field(422, "/join_questions", "too_many");
    let same = json!([{ "text": "A?", "is_required": true }, { "text": "A?", "is_required": false }]);
    owner.patch(&path, json!({ "join_questions": same })).await.expect_field(422, "/join_questions", "duplicate");
    owner.patch(&path, json!({ "request_cooldown_days": 366 })).await.expect_field(
        422,
        "/request_cooldown_days",
        "out_of_range",
    );
}

async fn answers_belong_to_the_groups_questions(app: App) {
    let (owner, ann) = (app.user("owner"), app.user("ann"));
    let id = asking_group(&owner, json!({ "join_questions": [{ "text": "Why?", "is_required": false }] })).await;
    let answer = |question: &str| json!({ "question": question, "answer": "So." });
    for (answers, pointer, code) in [
        (json!([answer("How?")]), "/answers/0/question", "unknown"),
        (json!([answer("Why?"), answer("Why?")]), "/answers/1/question", "duplicate"),
        (json!([{ "question": "Why?", "answer": "" }]), "/answers/0/answer", "empty"),
        (json!((0..6).map(|_| answer("Why?")).collect::<Vec<_>>()), "/answers", "too_many"),
    ] {
        ann.put(membership(&id), json!({ "answers": answers })).await.expect_field(422, pointer, code);
    }
    ann.get(membership(&id)).await.expect(404);
    assert_eq!(join(&ann, &id).await, "requested", "an answer that is not required may be left out");
}

async fn a_declined_person_may_be_approved_later(app: App) {
    let (owner, ann) = (app.user("owner"), app.user("ann"));
    let id = asking_group(&owner, json!({})).await;
    join(&ann, &id).await;
    let declined = json!({ "outcome": "decline", "reason": "We are full.", "private_note": "Next year." });
    owner.post(decision(&id, &ann), declined).await.expect(200);
    owner.post(decision(&id, &ann), json!({ "outcome": "decline" })).await.expect_problem(409, "invalid_state");
    let listed = owner.get(format!("/groups/{id}/membership-requests?state=declined")).await.expect(200);
    let request = &listed.items()[0];
    assert_eq!((&request["reason"], &request["private_note"]), (&json!("We are full."), &json!("Next year.")));
    assert_eq!(request["decided_by"], json!(owner.id()));
    let mine = ann.get(membership(&id)).await.expect(200);
    assert!(!mine.text().contains("Next year."), "{mine}");
    let approved = owner.post(decision(&id, &ann), json!({ "outcome": "approve" })).await.expect(200);
    assert_eq!(approved["state"], "active");
    assert!(owner.get(format!("/groups/{id}/membership-requests?state=declined")).await.expect(200).items().is_empty());
}

async fn whoever_joins_accepts_the_rules(app: App) {
    let (owner, ann) = (app.user("owner"), app.user("ann"));
    let id = group(&owner, "Circle", json!({ "rules": "Be kind." })).await;
    let shown = ann.get(format!("/groups/{id}")).await.expect(200);
    assert_eq!((&shown["rules"], &shown["rules_version"]), (&json!("Be kind."), &json!(1)));
    for given in [json!({}), json!({ "accepted_rules_version": 2 }), json!({ "accepted_rules_version": 0 })] {
        let refused = ann.put(membership(&id), given).await.expect_problem(409, "rules_not_accepted");
        assert_eq!(refused["rules_version"], 1);
        ann.get(membership(&id)).await.expect(404);
    }
    let joined = ann.put(membership(&id), json!({ "accepted_rules_version": 1 })).await.expect(200);
    assert_eq!((&joined["state"], &joined["accepted_rules_version"]), (&json!("active"), &json!(1)));
    assert!(micros(&joined["rules_accepted_at"]).is_some());
    world::post(&ann, &id, "First").await;
    // also where there is nothing left to join
    for who in [&ann, &app.user("ben")] {
        let below = who.put(membership(&id), json!({ "accepted_rules_version": -1 })).await;
        below.expect_field(422, "/accepted_rules_version", "out_of_range");
    }
    let none = group(&owner, "Without rules", json!({})).await;
    let wrong = ann.put(membership(&none), json!({ "accepted_rules_version": 1 })).await;
    wrong.expect_field(422, "/accepted_rules_version", "unknown");
}

async fn a_new_version_of_the_rules_stands_before_the_next_post(app: App) {
    let (owner, ann) = (app.user("owner"), app.user("ann"));
    let id = group(&owner, "Circle", json!({})).await;
    member(&ann, &owner, &id).await;
    let thread = world::post(&ann, &id, "First").await;
    let path = format!("/groups/{id}");
    assert_eq!(owner.patch(&path, json!({ "rules": "Be kind." })).await.expect(200)["rules_version"], 1);
    // the same words again are no new version
    assert_eq!(owner.patch(&path, json!({ "rules": "Be kind." })).await.expect(200)["rules_version"], 1);
    let new = json!({ "kind": "discussion", "title": "Second", "body": "Text." });
    for who in [&ann, &owner] {
        let refused = who.post(format!("{path}/posts"), new.clone()).await.expect_problem(409, "rules_not_accepted");
        assert_eq!(refused["rules_version"], 1);
        let refused = who.post(format!("/posts/{thread}/comments"), json!({ "body": "So." })).await;
        refused.expect_problem(409, "rules_not_accepted");
        let can = who.get(&path).await.expect(200)["viewer"]["can"].clone();
        let can = |action: &str| can.as_array().unwrap().contains(&json!(action));
        assert!(can("accept_rules") && !can("post") && !can("comment"));
    }
    let accept = format!("{}/rules-acceptance", membership(&id));
    ann.put(&accept, json!({ "version": 2 })).await.expect_problem(409, "rules_not_accepted");
    for _ in 0..2 {
        assert_eq!(ann.put(&accept, json!({ "version": 1 })).await.expect(200)["accepted_rules_version"], 1);
    }
    ann.post(format!("{path}/posts"), new.clone()).await.expect(201);
    assert_eq!(owner.patch(&path, json!({ "rules": "Be very kind." })).await.expect(200)["rules_version"], 2);
    ann.post(format!("{path}/posts"), new).await.expect_problem(409, "rules_not_accepted");
    let versions = app.anon().get(format!("{path}/rules?limit=1")).await.expect(200);
    assert_eq!((&versions.items()[0]["version"], versions.each("text")), (&json!(2), vec!["Be very kind."]));
    let cursor = versions["next_cursor"].as_str().unwrap();
    let older = app.anon().get(format!("{path}/rules?limit=1&cursor={cursor}")).await.expect(200);
    assert_eq!((older.each("text"), &older["next_cursor"]), (vec!["Be kind."], &Value::Null));
}

async fn taking_the_rules_away_asks_for_nothing(app: App) {
    let (owner, ann) = (app.user("owner"), app.user("ann"));
    let id = group(&owner, "Circle", json!({ "rules": "Be kind." })).await;
    let path = format!("/groups/{id}");
    let bare = owner.patch(&path, json!({ "rules": null })).await.expect(200);
    assert_eq!((&bare["rules"], &bare["rules_version"]), (&Value::Null, &Value::Null));
    assert_eq!(join(&ann, &id).await, "active");
    world::post(&ann, &id, "First").await;
    // versions count on: nobody has accepted a text that they have not read
    assert_eq!(owner.patch(&path, json!({ "rules": "Be brief." })).await.expect(200)["rules_version"], 2);
}

async fn a_group_shows_a_pseudonym_everywhere_inside_it(app: App) {
    let (owner, ann) = (app.user("owner"), app.user("ann"));
    let id = group(&owner, "Circle", json!({ "member_list_visibility": "everyone" })).await;
    let other = group(&owner, "Other circle", json!({ "member_list_visibility": "everyone" })).await;
    ann.put(membership(&id), json!({ "display_name": "Blue Heron" })).await.expect(200);
    join(&ann, &other).await;
    let thread = world::post(&ann, &id, "First").await;
    world::comment(&ann, &thread, None).await;
    for path in [
        format!("/groups/{id}/members"),
        one(&id, &ann),
        format!("/groups/{id}/posts"),
        format!("/posts/{thread}"),
        format!("/posts/{thread}/comments"),
        format!("/groups/{id}/members?q=heron"),
    ] {
        let answer = owner.get(&path).await.expect(200);
        let body = answer.text();
        assert!(body.contains("Blue Heron") && !body.contains("\"ann\""), "{answer}");
    }
    assert!(owner.get(format!("/groups/{id}/members?q=ann")).await.expect(200).items().is_empty());
    assert_eq!(owner.get(one(&other, &ann)).await.expect(200)["user"]["display_name"], "ann");
    // a new name of the account does not show through
    ann.patch("/me", json!({ "display_name": "Ann Other" })).await.expect(200);
    assert_eq!(owner.get(one(&id, &ann)).await.expect(200)["user"]["display_name"], "Blue Heron");
    assert!(owner.get(format!("/groups/{id}/members?q=other")).await.expect(200).items().is_empty());
    ann.delete(membership(&id)).await.expect(204);
    let post = owner.get(format!("/posts/{thread}")).await.expect(200);
    assert_eq!(post["author"]["display_name"], "Blue Heron", "whoever left is not unmasked");
    join(&ann, &id).await;
    ann.patch(membership(&id), json!({ "display_name": null })).await.expect(200);
    assert_eq!(owner.get(one(&id, &ann)).await.expect(200)["user"]["display_name"], "Ann Other");
}

async fn nobody_takes_the_name_of_another_member(app: App) {
    let (owner, ann, bob) = (app.user("owner"), app.user("ann"), app.user("bob"));
    let id = group(&owner, "Circle", json!({})).await;
    join(&ann, &id).await;
    bob.put(membership(&id), json!({ "display_name": "ANN" })).await.expect_problem(409, "taken");
    bob.get(membership(&id)).await.expect(404);
    join(&bob, &id).await;
    let taken = bob.patch(membership(&id), json!({ "display_name": "Owner" })).await.expect(409);
    assert_eq!(taken["errors"][0]["pointer"], "/display_name");
    bob.patch(membership(&id), json!({ "display_name": "Bobby" })).await.expect(200);
    ann.patch(membership(&id), json!({ "display_name": "bobby" })).await.expect_problem(409, "taken");
}

async fn the_history_tells_deciders_more_than_the_person(app: App) {
    let (owner, ann) = (app.user("owner"), app.user("ann"));
    let id = asking_group(&owner, json!({ "request_cooldown_days": 0 })).await;
    join(&ann, &id).await;
    let declined = json!({ "outcome": "decline", "reason": "We are full.", "private_note": "Ask Eve first." });
    owner.post(decision(&id, &ann), declined).await.expect(200);
    join(&ann, &id).await;
    owner.post(decision(&id, &ann), json!({ "outcome": "approve" })).await.expect(200);
    owner.patch(one(&id, &ann), json!({ "role": "facilitator" })).await.expect(200);
    let path = format!("{}/history", one(&id, &ann));
    let told = owner.get(&path).await.expect(200);
    assert_eq!(told.each("to_state"), ["active", "active", "requested", "declined", "requested"]);
    assert_eq!(told.each("changed_by"), ["others", "others", "oneself", "others", "oneself"]);
    let refusal = &told.items()[3];
    assert_eq!((&refusal["reason"], &refusal["private_note"]), (&json!("We are full."), &json!("Ask Eve first.")));
    assert_eq!(refusal["actor_name"], "owner");
    assert_eq!((&told.items()[0]["from_role"], &told.items()[0]["to_role"]), (&json!("member"), &json!("facilitator")));
    let mine = ann.get(&path).await.expect(200);
    assert_eq!(mine.items().len(), 5);
    let (reason, note) = (&mine.items()[3]["reason"], &mine.items()[3]["private_note"]);
    assert_eq!((reason, note, &mine.items()[3]["actor_id"]), (&json!("We are full."), &Value::Null, &Value::Null));
    // page by page it is the same
    let (mut states, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = ann.get(format!("{path}?limit=2{cursor}")).await.expect(200);
        states.extend(page.each("to_state").into_iter().map(str::to_owned));
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(states, mine.each("to_state"));
}

async fn a_ban_with_an_end_is_lifted_by_itself(app: App) {
    let (owner, ann) = (app.user("owner"), app.user("ann"));
    let id = group(&owner, "Circle", json!({})).await;
    join(&ann, &id).await;
    let past = text(Timestamp::now().before(Duration::from_hours(1)));
    let ban = |until: Value| json!({ "state": "banned", "banned_until": until, "reason": "Cool down." });
    owner.patch(one(&id, &ann), ban(past)).await.expect_field(422, "/banned_until", "past");
    let until = in_days(7);
    let banned = owner.patch(one(&id, &ann), ban(text(until))).await.expect(200);
    assert_eq!(micros(&banned["banned_until"]), Some(until.micros()));
    ann.put(membership(&id), json!({})).await.expect_problem(403, "banned");
    assert_eq!(run_jobs(&app, in_days(6)), 0, "not yet");
    assert_eq!(run_jobs(&app, in_days(8)), 1);
    assert_eq!(run_jobs(&app, in_days(8)), 0, "once");
    let told = owner.get(format!("{}/history", one(&id, &ann))).await.expect(200);
    assert_eq!((&told.items()[0]["changed_by"], &told.items()[0]["to_state"]), (&json!("program"), &json!("removed")));
    assert_eq!(join(&ann, &id).await, "active");
    assert_eq!(app.in_database(praxis::doctor::examine), []);
}

async fn a_role_with_an_end_lapses_but_the_last_owner_stays(app: App) {
    let (owner, ann) = (app.user("owner"), app.user("ann"));
    let id = group(&owner, "Circle", json!({})).await;
    member(&ann, &owner, &id).await;
    let end = text(in_days(7));
    let member_term = owner.patch(one(&id, &ann), json!({ "role_ends_at": end })).await;
    member_term.expect_field(422, "/role_ends_at", "conflict");
    let named = json!({ "role": "facilitator", "role_ends_at": end });
    assert_eq!(owner.patch(one(&id, &ann), named).await.expect(200)["role"], "facilitator");
    owner.patch(one(&id, &owner), json!({ "role_ends_at": end })).await.expect(200);
    assert_eq!(run_jobs(&app, in_days(6)), 0, "not yet");
    assert_eq!(run_jobs(&app, in_days(8)), 1, "the last owner stays one");
    let role = async |who: &Caller| owner.get(one(&id, who)).await.expect(200)["role"].clone();
    assert_eq!((role(&owner).await, role(&ann).await), (json!("owner"), json!("member")));
    owner.patch(one(&id, &ann), json!({ "role": "owner" })).await.expect(200);
    assert_eq!(run_jobs(&app, in_days(8)), 1, "there is another now");
    assert_eq!((role(&owner).await, role(&ann).await), (json!("member"), json!("owner")));
}

async fn many_requests_are_decided_with_a_result_each(app: App) {
    let (owner, ann, bob, eve) = (app.user("owner"), app.user("ann"), app.user("bob"), app.user("eve"));
    let id = asking_group(&owner, json!({})).await;
    join(&ann, &id).await;
    join(&bob, &id).await;
    let row = |who: &Caller, outcome: &str| json!({ "user_id": who.id(), "outcome": outcome });
    let rows = [row(&ann, "approve"), row(&eve, "approve"), row(&bob, "decline"), row(&ann, "decline")];
    let path = format!("/groups/{id}/membership-requests:batch");
    let results = owner.post(&path, json!({ "decisions": rows })).await.expect(200);
    assert_eq!(results.each("status"), ["done", "failed", "done", "failed"]);
    let codes: Vec<&Value> = results.items().iter().map(|result| &result["code"]).collect();
    assert_eq!(codes, [&Value::Null, &json!("not_found"), &Value::Null, &json!("invalid_state")]);
    assert_eq!(owner.get(format!("/groups/{id}")).await.expect(200)["member_count"], 2);
    owner.post(&path, json!({ "decisions": [] })).await.expect_field(422, "/decisions", "empty");
    let many = vec![row(&ann, "approve"); 501];
    owner.post(&path, json!({ "decisions": many })).await.expect_field(422, "/decisions", "too_many");
    assert_eq!(app.in_database(praxis::doctor::examine), []);
}

async fn an_administrator_reads_members_content_only_with_a_reason_that_the_owners_see(app: App) {
    let (owner, admin) = (app.user("owner"), app.admin());
    let id = group(&owner, "Circle", json!({ "visibility": "hidden" })).await;
    let thread = world::post(&owner, &id, "Secret").await;
    for path in [
        format!("/groups/{id}/posts"),
        format!("/posts/{thread}"),
        format!("/posts/{thread}/comments"),
        format!("/groups/{id}/members"),
        format!("/groups/{id}/membership-requests"),
        format!("/groups/{id}/members.csv"),
    ] {
        let refused = admin.get(&path).await.expect_problem(403, "access_reason_needed");
        assert!(!refused.text().contains("Secret"), "{refused}");
        let call = |reason: &str| admin.get(&path).header("Praxis-Access-Reason", reason);
        for (twice, code) in
            [(call("Complaint").header("Praxis-Access-Reason", "Other"), "duplicate"), (call(""), "malformed")]
        {
            twice.await.expect_field(400, "Praxis-Access-Reason", code);
        }
        let unreadable = admin.get(&path).header_bytes("Praxis-Access-Reason", b"caf\xe9").await;
        unreadable.expect_field(400, "Praxis-Access-Reason", "malformed");
        let reason = format!("Complaint about {path}");
        admin.get(&path).header("Praxis-Access-Reason", &reason).await.expect(200);
        let log = owner.get(format!("/groups/{id}/audit-log?action=group_content_read")).await.expect(200);
        let entry = &log.items()[0];
        assert_eq!((&entry["reason"], &entry["actor_id"]), (&json!(reason), &json!(admin.id())), "{path}");
    }
    // an open list of members opens no records, nor the list of a hidden group
    for (settings, refused) in [
        (json!({ "member_list_visibility": "everyone" }), vec!["members", "membership-requests", "members.csv"]),
        (
            json!({ "visibility": "public" }),
            vec!["membership-requests", "members.csv", "members?state=banned", "invitations"],
        ),
    ] {
        owner.patch(format!("/groups/{id}"), settings).await.expect(200);
        let history = format!("members/{}/history", owner.id());
        for path in refused.into_iter().chain([history.as_str()]) {
            let answer = admin.get(format!("/groups/{id}/{path}")).await;
            answer.expect_problem(403, "access_reason_needed");
        }
    }
    admin.get(format!("/groups/{id}/members")).await.expect(200);
    owner.patch(format!("/groups/{id}"), json!({ "visibility": "hidden" })).await.expect(200);
    let short = admin.get(format!("/groups/{id}/posts")).header("Praxis-Access-Reason", " ").await;
    short.expect_field(400, "Praxis-Access-Reason", "malformed");
    // the card is no content, and a reason opens nothing to others
    admin.get(format!("/groups/{id}")).await.expect(200);
    let stranger = app.user("stranger");
    stranger.get(format!("/posts/{thread}")).header("Praxis-Access-Reason", "Curious").await.expect(404);
    // a member who is an administrator reads as a member
    let before = owner.get(format!("/groups/{id}/audit-log?limit=100")).await.expect(200).items().len();
    admin.put(format!("/groups/{id}/membership"), json!({})).await.expect(200);
    admin.get(format!("/groups/{id}/posts")).await.expect(200);
    let after = owner.get(format!("/groups/{id}/audit-log?limit=100")).await.expect(200).items().len();
    assert_eq!(after, before, "a member leaves no trace by reading");
}

async fn the_audit_log_tells_who_did_what(app: App) {
    let (owner, ann, admin) = (app.user("owner"), app.user("ann"), app.admin());
    let id = group(&owner, "Circle", json!({})).await;
    member_as(&ann, &owner, &id, "facilitator").await;
    let path = format!("/groups/{id}");
    let changed = owner.patch(&path, json!({ "summary": "New" })).header("x-request-id", "the-request-1").await;
    changed.expect(200);
    owner.patch(one(&id, &ann), json!({ "state": "banned", "reason": "Spam" })).await.expect(200);
    owner.patch(&path, json!({ "status": "archived" })).await.expect(200);
    let log = owner.get(format!("{path}/audit-log")).await.expect(200);
    let actions = ["group_archived", "member_banned", "group_updated", "role_changed", "group_created"];
    assert_eq!(log.each("action"), actions);
    let update = &log.items()[2];
    assert_eq!(update["changes"], json!([{ "field": "summary", "before": "", "after": "New" }]));
    assert_eq!((&update["request_id"], &update["actor_name"]), (&json!("the-request-1"), &json!("owner")));
    let ban = &log.items()[1];
    assert_eq!((&ban["reason"], &ban["target_id"]), (&json!("Spam"), &json!(ann.id())));
    let count = async |query: String| admin.get(format!("/admin/audit-log?{query}")).await.expect(200).items().len();
    assert_eq!(count(format!("group_id={id}")).await, 5);
    assert_eq!(count(format!("target_id={}", ann.id())).await, 2);
    assert_eq!(count(format!("actor_id={}&action=group_updated", owner.id())).await, 1);
    assert_eq!(count("since=2999-01-01T00:00:00Z".to_owned()).await, 0);
    assert_eq!(count("until=2001-01-01T00:00:00Z".to_owned()).await, 0);
    admin.get("/admin/audit-log?since=2026-01-01T00:00:00Z&until=2025-01-01T00:00:00Z").await.expect_field(
        400,
        "until",
        "malformed",
    );
    let table = admin.get("/admin/audit-log.csv").await.expect(200);
    assert_eq!(table.text().lines().count(), 7, "a header, five entries, and the export itself: {table}");
    assert!(table.text().starts_with("id,at,actor_id,actor_name,action"), "{table}");
    let lines = admin.get(format!("/admin/audit-log.jsonl?group_id={id}")).await.expect(200);
    let entries: Vec<Value> = lines.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(Value::from(entries), log["items"]);
}

async fn an_administrators_change_of_the_welcome_is_recorded(app: App) {
    let (owner, ann, admin) = (app.user("owner"), app.user("ann"), app.admin());
    let id = group(&owner, "Circle", json!({ "welcome_message": "Hello" })).await;
    let path = format!("/groups/{id}");
    assert_eq!(ann.get(&path).await.expect(200)["welcome_message"], Value::Null);
    join(&ann, &id).await;
    assert_eq!(ann.get(&path).await.expect(200)["welcome_message"], "Hello");
    admin.patch(&path, json!({ "welcome_message": "Welcome" })).await.expect(200);
    let log = owner.get(format!("{path}/audit-log?action=group_updated")).await.expect(200);
    let change = json!([{ "field": "welcome_message", "before": "Hello", "after": "Welcome" }]);
    assert_eq!((&log.items()[0]["changes"], &log.items()[0]["actor_id"]), (&change, &json!(admin.id())));
}

async fn the_audit_log_cannot_be_changed(app: App) {
    let owner = app.user("owner");
    group(&owner, "Circle", json!({})).await;
    for sql in ["UPDATE audit_events SET reason = 'none'", "DELETE FROM audit_events"] {
        let error = app.database.connect().execute(sql).unwrap_err();
        assert!(error.to_string().contains("append-only"), "{sql}: {error}");
    }
}

async fn two_who_save_settings_do_not_overwrite_each_other(app: App) {
    let (owner, other) = (app.user("owner"), app.user("other"));
    let id = group(&owner, "Circle", json!({})).await;
    member_as(&other, &owner, &id, "owner").await;
    let path = format!("/groups/{id}");
    let read = owner.get(&path).await.expect(200);
    let tag = read.header("etag").to_owned();
    assert_eq!(other.get(format!("/groups/by-slug/{}", read["slug"].as_str().unwrap())).await.header("etag"), tag);
    // people who come in change no setting
    join(&app.user("ann"), &id).await;
    let saved = owner.patch_if(&tag, &path, json!({ "summary": "One" })).await.expect(200);
    let refused = other.patch_if(&tag, &path, json!({ "summary": "Two", "purpose": "Two" })).await;
    let refused = refused.expect_problem(412, "precondition_failed");
    assert_eq!(refused.version(), saved.version());
    let now = owner.get(&path).await.expect(200);
    assert_eq!((&now["summary"], &now["purpose"]), (&json!("One"), &json!("")));
    other.patch_if(refused.header("etag"), &path, json!({ "purpose": "Two" })).await.expect(200);
    assert_eq!(owner.get(&path).await.expect(200)["summary"], "One", "nothing is lost");
    let bare = owner.request(reqwest::Method::PATCH, &path).json(json!({ "summary": "Three" })).await;
    bare.expect_problem(428, "precondition_required");
    // many at once: exactly one saves
    let tag = owner.get(&path).await.expect(200).header("etag").to_owned();
    let saving = (0..8).map(|n| owner.patch_if(&tag, &path, json!({ "summary": format!("By {n}") })).into_future());
    let mut statuses: Vec<u16> =
        futures_util::future::join_all(saving).await.into_iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412, 412, 412, 412, 412, 412, 412]);
}

async fn a_domain_makes_members_of_verified_addresses_only(app: App) {
    let (owner, ann, bob) = (app.user("owner"), app.user("ann"), app.user("bob"));
    let id = group(&owner, "Circle", json!({})).await;
    let verified = ann.id();
    app.in_database(|conn| {
        use diesel::prelude::*;
        use praxis::db::schema::{group_domains, users};
        let group: praxis::types::GroupId = id.parse().unwrap();
        let domain = (group_domains::domain.eq("example.org"), group_domains::group_id.eq(group));
        crate::support::on_each!(conn => diesel::insert_into(group_domains::table).values(domain).execute(conn))
            .unwrap();
        let proven = users::email_verified_at.eq(Timestamp::now());
        crate::support::on_each!(conn => diesel::update(users::table.find(verified)).set(proven).execute(conn))
            .unwrap();
        Ok(())
    });
    // the server's own job may have been there first
    run_jobs(&app, Timestamp::now());
    assert_eq!(ann.get(membership(&id)).await.expect(200)["state"], "active");
    bob.get(membership(&id)).await.expect(404);
    ann.delete(membership(&id)).await.expect(204);
    assert_eq!(run_jobs(&app, Timestamp::now()), 0, "whoever left is left in peace");
}

async fn the_usual_combinations_of_openness_work_as_pasted(app: App) {
    let owner = app.user("owner");
    let page = include_str!("../../docs/API.md");
    let bodies: Vec<Value> = page
        .split("```json\n")
        .skip(1)
        .filter_map(|block| serde_json::from_str(block.split("```").next().unwrap()).ok())
        .filter(|body: &Value| body["join_policy"].is_string())
        .collect();
    assert_eq!(bodies.len(), 4);
    let anybody = app.user("anybody");
    let mut told = Vec::new();
    for body in bodies {
        let id = owner.post("/groups", body).await.expect(201).id();
        let card = anybody.get(format!("/groups/{id}")).await.status;
        let posts = anybody.get(format!("/groups/{id}/posts")).await.status;
        let joined = anybody.put(membership(&id), json!({})).await;
        told.push((card, posts, joined["state"].as_str().unwrap_or("-").to_owned()));
    }
    let expected = [(200, 200, "active"), (200, 200, "requested"), (200, 403, "requested"), (404, 404, "-")];
    assert_eq!(told, expected.map(|(card, posts, state)| (card, posts, state.to_owned())));
}

async fn a_deleted_account_is_nobody_to_approve(app: App) {
    let (owner, ann) = (app.user("owner"), app.user("ann"));
    let id = asking_group(&owner, json!({})).await;
    join(&ann, &id).await;
    owner.post(decision(&id, &ann), json!({ "outcome": "decline" })).await.expect(200);
    ann.delete("/me").await.expect(204);
    let refused = owner.post(decision(&id, &ann), json!({ "outcome": "approve" })).await;
    assert_eq!(refused.expect_problem(409, "invalid_state")["state"], "left");
    assert_eq!(owner.get(format!("/groups/{id}")).await.expect(200)["member_count"], 1);
    assert_eq!(app.in_database(praxis::doctor::examine), []);
}

async fn a_name_is_compared_only_for_those_who_read_the_members(app: App) {
    let (owner, ann, eve) = (app.user("owner"), app.user("ann"), app.user("eve"));
    let id = asking_group(&owner, json!({ "member_list_visibility": "facilitators" })).await;
    world::member(&ann, &owner, &id).await;
    // neither by asking nor by changing the name meanwhile does somebody learn who is a member
    let name = json!({ "display_name": "Ann" });
    assert_eq!(eve.put(membership(&id), name.clone()).await.expect(200)["state"], "requested");
    eve.patch(membership(&id), name.clone()).await.expect(200);
    // whoever decides sees that the name is taken
    let refused = owner.post(decision(&id, &eve), json!({ "outcome": "approve" })).await;
    refused.expect_field(409, "/display_name", "taken");
    eve.patch(membership(&id), json!({ "display_name": "Heron" })).await.expect(200);
    owner.post(decision(&id, &eve), json!({ "outcome": "approve" })).await.expect(200);
    // where members read the list, nobody passes for another
    owner.patch(format!("/groups/{id}"), json!({ "member_list_visibility": "members" })).await.expect(200);
    eve.patch(membership(&id), name).await.expect_field(409, "/display_name", "taken");
}

async fn the_log_names_no_group_that_its_reader_may_not_know_of(app: App) {
    let (ann, ben) = (app.user("ann"), app.user("ben"));
    let (id, hidden) =
        (group(&ann, "Circle", json!({})).await, group(&ann, "Hidden", json!({ "visibility": "hidden" })).await);
    world::member_as(&ben, &ann, &id, "owner").await;
    ann.patch(format!("/groups/{id}"), json!({ "parent_id": hidden })).await.expect(200);
    let log = format!("/groups/{id}/audit-log?action=group_updated");
    let told = |answer: &crate::support::Answer| answer.text().contains(&hidden);
    assert!(told(&ann.get(&log).await.expect(200)));
    assert!(!told(&ben.get(&log).await.expect(200)));
    // taking away what one does not see is recorded all the same
    ben.patch(format!("/groups/{id}"), json!({ "parent_id": null })).await.expect(200);
    let entries = ann.get(&log).await.expect(200);
    assert_eq!(entries.items()[0]["changes"][0]["before"], json!(hidden), "{entries}");
}

async fn the_terms_of_last_owners_hold_no_other_up(app: App) {
    use diesel::prelude::*;
    use praxis::db::schema::memberships;
    let (ann, ben) = (app.user("ann"), app.user("ben"));
    let over = Timestamp::now().before(Duration::from_hours(1));
    for number in 0..501 {
        group(&ann, &format!("Circle {number}"), json!({})).await;
    }
    let id = group(&ann, "Last", json!({})).await;
    world::member_as(&ben, &ann, &id, "facilitator").await;
    app.in_database(|conn| {
        crate::support::on_each!(conn => diesel::update(memberships::table)
            .set(memberships::role_ends_at.eq(over)).execute(conn))?;
        Ok(())
    });
    run_jobs(&app, Timestamp::now());
    let role = ann.get(one(&id, &ben)).await.expect(200)["role"].clone();
    assert_eq!(role, "member");
}

async fn what_is_said_of_a_ban_can_be_said_anew(app: App) {
    let (owner, ann) = (app.user("owner"), app.user("ann"));
    let id = group(&owner, "Circle", json!({})).await;
    world::member(&ann, &owner, &id).await;
    let path = one(&id, &ann);
    owner.patch(&path, json!({ "state": "banned", "reason": "Spam" })).await.expect(200);
    let changed = owner.patch(&path, json!({ "state": "banned", "reason": "Spam, twice" })).await.expect(200);
    assert_eq!(changed["decision_reason"], "Spam, twice");
}
