//! Proposals for groups: made by anybody, decided by administrators.

use praxis::types::GroupProposalId;
use serde_json::{Value, json};

use crate::support::world::{COMMUNITY, group};
use crate::support::{App, Caller, Case, served};

pub fn cases() -> Vec<Case> {
    served![
        a_proposal_that_is_approved_becomes_the_proposers_group,
        a_proposal_that_is_declined_says_why,
        proposals_are_for_their_makers_and_administrators,
        a_proposal_is_refused_by_the_field_that_is_wrong,
        at_most_ten_proposals_wait_even_when_many_are_made_at_once,
        a_proposal_overtaken_by_events_can_still_be_declined,
        two_administrators_who_approve_at_once_make_one_group,
    ]
}

async fn needs_approval(app: &App) -> Caller {
    let admin = app.admin();
    admin.patch("/admin/settings", json!({ "group_creation": "approval" })).await.expect(200);
    admin
}

fn proposal(name: &str) -> Value {
    json!({ "group": { "name": name, "type_ids": [COMMUNITY] }, "note": "We meet on *Mondays*." })
}

async fn a_proposal_that_is_approved_becomes_the_proposers_group(app: App) {
    let (admin, ann) = (needs_approval(&app).await, app.user("ann"));
    let body = json!({ "group": {
        "name": "Falls clinic", "type_ids": [COMMUNITY], "visibility": "listed", "rules": "Be kind.", "tags": ["falls"],
        "join_questions": [{ "text": "Why?", "is_required": true }], "request_cooldown_days": 3, "purpose": "Fewer falls",
    } });
    let made = ann.post("/group-proposals", body.clone()).await.expect(201);
    assert_eq!((&made["state"], &made["proposer"]["id"]), (&json!("pending"), &json!(ann.id())));
    assert_eq!(ann.get(format!("/group-proposals/{}", made.id())).await.expect(200).json, made.json);
    for (name, value) in body["group"].as_object().unwrap() {
        assert_eq!(&made["group"][name.as_str()], value, "{name}");
    }
    let path = format!("/group-proposals/{}/decision", made.id());
    let decided = admin.post(&path, json!({ "outcome": "approve", "reason": "Welcome" })).await.expect(200);
    assert_eq!((&decided["state"], &decided["decision_reason"]), (&json!("approved"), &json!("Welcome")));
    let group = ann.get(format!("/groups/{}", decided["group_id"].as_str().unwrap())).await.expect(200);
    assert_eq!((&group["viewer"]["role"], &group["member_count"]), (&json!("owner"), &json!(1)));
    for name in ["name", "visibility", "rules", "tags", "join_questions", "request_cooldown_days", "purpose"] {
        assert_eq!(group[name], body["group"][name], "{name}");
    }
    admin.post(&path, json!({ "outcome": "approve" })).await.expect_problem(409, "invalid_state");
    ann.delete(format!("/group-proposals/{}", made.id())).await.expect_problem(409, "invalid_state");
    let log = admin.get(format!("/admin/audit-log?target_id={}", made.id())).await.expect(200);
    assert_eq!(log.each("action"), ["proposal_approved"]);
}

async fn a_proposal_that_is_declined_says_why(app: App) {
    let (admin, ann) = (needs_approval(&app).await, app.user("ann"));
    let made = ann.post("/group-proposals", proposal("Circle")).await.expect(201);
    let path = format!("/group-proposals/{}", made.id());
    let decision = format!("{path}/decision");
    admin.post(&decision, json!({ "outcome": "decline" })).await.expect_field(422, "/reason", "missing");
    admin.post(&decision, json!({ "outcome": "perhaps" })).await.expect_field(422, "/outcome", "unknown_value");
    admin.post(&decision, json!({ "outcome": "decline", "reason": "There is one already" })).await.expect(200);
    let seen = ann.get(&path).await.expect(200);
    assert_eq!((&seen["state"], &seen["group_id"]), (&json!("declined"), &Value::Null));
    assert_eq!(seen["decision_reason"], "There is one already");
    assert_eq!(ann.get("/groups").await.expect(200).items().len(), 0);
    // one may think better of it
    let other = ann.post("/group-proposals", proposal("Other")).await.expect(201).id();
    ann.delete(format!("/group-proposals/{other}")).await.expect(204);
    assert_eq!(ann.get(format!("/group-proposals/{other}")).await.expect(200)["state"], "withdrawn");
    let late = admin.post(format!("/group-proposals/{other}/decision"), json!({ "outcome": "approve" })).await;
    assert_eq!(late.expect_problem(409, "invalid_state")["state"], "withdrawn");
}

async fn proposals_are_for_their_makers_and_administrators(app: App) {
    let (admin, ann, ben) = (needs_approval(&app).await, app.user("ann"), app.user("ben"));
    let mut ids = Vec::new();
    for name in ["One", "Two", "Three"] {
        ids.push(ann.post("/group-proposals", proposal(name)).await.expect(201).id());
    }
    ben.post("/group-proposals", proposal("Other")).await.expect(201);
    let path = format!("/group-proposals/{}", ids[0]);
    let real = ben.get(&path).await.expect_problem(404, "not_found");
    let never = ben.get(format!("/group-proposals/{}", GroupProposalId::new())).await;
    assert_eq!(real.without_request_id(), never.without_request_id());
    ben.delete(&path).await.expect_problem(404, "not_found");
    admin.delete(&path).await.expect_problem(403, "forbidden");
    ben.post(format!("{path}/decision"), json!({ "outcome": "approve" })).await.expect_problem(403, "forbidden");
    let names = async |who: &Caller, query: &str| {
        let page = who.get(format!("/group-proposals?{query}")).await.expect(200);
        let items = page.items().iter().map(|item| item["group"]["name"].as_str().unwrap().to_owned());
        (items.collect::<Vec<_>>(), page["next_cursor"].as_str().map(str::to_owned))
    };
    assert_eq!(names(&ann, "").await.0, ["Three", "Two", "One"]);
    assert_eq!(names(&admin, "").await.0, ["Other", "Three", "Two", "One"]);
    ann.delete(&path).await.expect(204);
    assert_eq!(names(&admin, "state=withdrawn").await.0, ["One"]);
    let (first, cursor) = names(&admin, "limit=2&state=pending").await;
    assert_eq!(first, ["Other", "Three"]);
    assert_eq!(names(&admin, &format!("limit=2&state=pending&cursor={}", cursor.unwrap())).await.0, ["Two"]);
}

async fn a_proposal_is_refused_by_the_field_that_is_wrong(app: App) {
    let (admin, ann) = (needs_approval(&app).await, app.user("ann"));
    let with = |name: &str, value: Value| {
        let mut body = proposal("Circle");
        body["group"][name] = value;
        body
    };
    let unknown = "019aaf5c-0000-7000-8000-00000000ffff";
    for (body, pointer, code) in [
        (with("name", json!("x")), "/group/name", "too_short"),
        (with("type_ids", json!([unknown])), "/group/type_ids", "unknown"),
        (with("parent_id", json!(unknown)), "/group/parent_id", "unknown"),
        (with("colour", json!("red")), "/group/colour", "unknown_property"),
        (json!({ "note": "Where is it?" }), "/group", "missing"),
    ] {
        ann.post("/group-proposals", body).await.expect_field(422, pointer, code);
    }
    for (name, value) in [("external_id", json!("crm:1")), ("auto_join_domains", json!(["example.org"]))] {
        let pointer = format!("/group/{name}");
        ann.post("/group-proposals", with(name, value)).await.expect_field(403, &pointer, "forbidden");
    }
    admin.patch("/admin/settings", json!({ "group_creation": "admins" })).await.expect(200);
    ann.post("/group-proposals", proposal("Circle")).await.expect_problem(403, "forbidden");
    assert!(admin.get("/group-proposals").await.expect(200).items().is_empty(), "nothing was made");
}

async fn at_most_ten_proposals_wait_even_when_many_are_made_at_once(app: App) {
    let (_, ann) = (needs_approval(&app).await, app.user("ann"));
    let many = (0..14).map(|number| {
        let ann = ann.clone();
        async move { ann.post("/group-proposals", proposal(&format!("Circle {number}"))).await.status }
    });
    let statuses = futures_util::future::join_all(many).await;
    let made = statuses.iter().filter(|status| **status == 201).count();
    let refused = statuses.iter().filter(|status| **status == 409).count();
    assert_eq!((made, refused), (10, 4), "{statuses:?}");
}

async fn a_proposal_overtaken_by_events_can_still_be_declined(app: App) {
    let (admin, ann, ben) = (needs_approval(&app).await, app.user("ann"), app.user("ben"));
    let kind =
        json!({ "name": "Circle", "plural": "Circles", "default_visibility": "public", "default_join_policy": "open" });
    let kind = admin.post("/group-types", kind).await.expect(201).id();
    let body = json!({ "group": { "name": "Circle", "type_ids": [kind] } });
    let made = ann.post("/group-proposals", body).await.expect(201).id();
    admin.patch(format!("/group-types/{kind}"), json!({ "is_retired": true })).await.expect(200);
    let path = format!("/group-proposals/{made}/decision");
    admin.post(&path, json!({ "outcome": "approve" })).await.expect_problem(409, "invalid_state");
    assert_eq!(ann.get(format!("/group-proposals/{made}")).await.expect(200)["state"], "pending", "nothing half-done");
    admin.post(&path, json!({ "outcome": "decline", "reason": "No more circles" })).await.expect(200);
    // and one whose proposer is gone
    let other = ben.post("/group-proposals", proposal("Other")).await.expect(201).id();
    admin.patch(format!("/admin/users/{}", ben.id()), json!({ "status": "suspended" })).await.expect(200);
    let path = format!("/group-proposals/{other}/decision");
    admin.post(&path, json!({ "outcome": "approve" })).await.expect_problem(409, "invalid_state");
    group(&admin, "Anything", json!({})).await;
}

async fn two_administrators_who_approve_at_once_make_one_group(app: App) {
    let (admin, ann) = (needs_approval(&app).await, app.user("ann"));
    let made = ann.post("/group-proposals", proposal("Circle")).await.expect(201).id();
    let path = format!("/group-proposals/{made}/decision");
    let approve = || async { admin.post(&path, json!({ "outcome": "approve" })).await.status };
    let mut statuses = futures_util::future::join_all((0..6).map(|_| approve())).await;
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409, 409, 409, 409, 409]);
    assert_eq!(ann.get("/groups").await.expect(200).items().len(), 1);
}
