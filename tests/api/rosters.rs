//! Many members at once: in one request, from a table, and as a table.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::world::{group, join, member, member_as};
use crate::support::{Answer, App, Caller, Case, served};

pub fn cases() -> Vec<Case> {
    served![
        a_batch_has_a_result_for_each_row,
        nobody_rises_above_their_own_role_by_a_batch,
        whoever_left_is_not_added_again,
        a_table_is_imported_as_the_dry_run_said,
        a_table_with_one_wrong_line_imports_nothing,
        a_malformed_table_is_refused_by_line,
        an_import_never_takes_the_last_owner,
        ten_thousand_rows_are_imported_at_once,
        an_export_is_safe_to_open_and_whole,
    ]
}

async fn import(caller: &Caller, group: &str, query: &str, table: impl Into<String>) -> Answer {
    let path = format!("/groups/{group}/members:import{query}");
    caller.request(Method::POST, path).body("text/csv", table.into()).await
}

async fn role(owner: &Caller, group: &str, person: &Caller) -> Value {
    owner.get(format!("/groups/{group}/members/{}", person.id())).await.json["role"].clone()
}

/// One row of a batch; a role that is null is left out.
fn row(action: &str, who: &Caller, role: impl Into<Option<&'static str>>) -> Value {
    let mut row = json!({ "action": action, "user_id": who.id(), "role": role.into() });
    row.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    row
}

async fn a_batch_has_a_result_for_each_row(app: App) {
    let (owner, ann, bob, eve) = (app.user("owner"), app.user("ann"), app.user("bob"), app.user("eve"));
    let id = group(&owner, "Circle", json!({ "join_policy": "request" })).await;
    member(&ann, &owner, &id).await;
    member(&eve, &owner, &id).await;
    join(&bob, &id).await;
    let rows = json!([
        row("add", &bob, "facilitator"),
        row("add", &ann, None),
        row("change_role", &ann, "facilitator"),
        row("change_role", &ann, "facilitator"),
        row("change_role", &ann, None),
        row("remove", &eve, None),
        row("remove", &eve, "member"),
        row("remove", &owner, None),
        { "action": "add", "user_id": praxis::types::UserId::new() },
        { "action": "remove", "user_id": praxis::types::UserId::new() },
        row("add", &app.user("stranger"), None),
    ]);
    let results = owner.post(format!("/groups/{id}/members:batch"), json!({ "rows": rows })).await.expect(200);
    let told: Vec<(&str, &str, &str)> = results
        .items()
        .iter()
        .map(|row| {
            let text = |name: &str| row[name].as_str().unwrap_or_default();
            (text("status"), text("code"), text("field"))
        })
        .collect();
    let expected = [
        ("done", "", ""),
        ("unchanged", "", ""),
        ("done", "", ""),
        ("unchanged", "", ""),
        ("failed", "invalid", "role"),
        ("done", "", ""),
        ("failed", "invalid", "role"),
        ("failed", "last_owner", ""),
        ("failed", "invalid", "user_id"),
        ("failed", "not_found", ""),
        // who never had to do with the group is invited
        ("failed", "invalid_state", ""),
    ];
    assert_eq!(told, expected);
    assert_eq!(owner.get(format!("/groups/{id}")).await.expect(200)["member_count"], 3);
    assert_eq!(
        (role(&owner, &id, &bob).await, role(&owner, &id, &ann).await),
        (json!("facilitator"), json!("facilitator"))
    );
    for (rows, pointer, code) in [
        (json!([]), "/rows", "empty"),
        (Value::from(vec![rows[0].clone(); 501]), "/rows", "too_many"),
        (json!([{ "action": "promote", "user_id": ann.id() }]), "/rows/0/action", "unknown_value"),
        (json!([{ "action": "add", "user_id": ann.id(), "role": "king" }]), "/rows/0/role", "unknown_value"),
    ] {
        let refused = owner.post(format!("/groups/{id}/members:batch"), json!({ "rows": rows })).await;
        refused.expect_field(422, pointer, code);
    }
    assert_eq!(app.in_database(praxis::doctor::examine), []);
}

async fn nobody_rises_above_their_own_role_by_a_batch(app: App) {
    let (owner, lead, friend) = (app.user("owner"), app.user("lead"), app.user("friend"));
    let id = group(&owner, "Circle", json!({})).await;
    member_as(&lead, &owner, &id, "facilitator").await;
    member(&friend, &owner, &id).await;
    let stranger = app.user("stranger");
    let rows = json!([
        { "action": "change_role", "user_id": lead.id(), "role": "owner" },
        { "action": "change_role", "user_id": friend.id(), "role": "facilitator" },
        { "action": "add", "user_id": stranger.id(), "role": "owner" },
        { "action": "remove", "user_id": owner.id() },
    ]);
    let results = lead.post(format!("/groups/{id}/members:batch"), json!({ "rows": rows })).await.expect(200);
    assert_eq!(results.each("code"), ["forbidden"; 4]);
    let table = format!("user_id,role\n{},owner\n", lead.id());
    import(&lead, &id, "", table).await.expect_problem(403, "forbidden");
    assert_eq!(role(&owner, &id, &lead).await, "facilitator");
    assert_eq!(role(&owner, &id, &friend).await, "member");
    assert_eq!(owner.get(format!("/groups/{id}")).await.expect(200)["member_count"], 3);
}

async fn whoever_left_is_not_added_again(app: App) {
    let (owner, ann) = (app.user("owner"), app.user("ann"));
    let id = group(&owner, "Circle", json!({})).await;
    join(&ann, &id).await;
    ann.delete(format!("/groups/{id}/membership")).await.expect(204);
    let rows = json!([{ "action": "add", "user_id": ann.id() }]);
    let results = owner.post(format!("/groups/{id}/members:batch"), json!({ "rows": rows })).await.expect(200);
    assert_eq!(results.each("code"), ["invalid_state"]);
    let refused = import(&owner, &id, "", format!("user_id\n{}\n", ann.id())).await;
    refused.expect_field(422, "/lines/2", "invalid_state");
}

async fn a_table_is_imported_as_the_dry_run_said(app: App) {
    let (owner, admin) = (app.user("owner"), app.admin());
    let (ann, bob, eve) = (app.user("ann"), app.user("bob"), app.user("eve"));
    let id = group(&owner, "Circle", json!({})).await;
    join(&bob, &id).await;
    member_as(&eve, &owner, &id, "facilitator").await;
    let table = format!(
        "\u{feff}role,email,display_name\r\n,{},\"Heron, blue\"\r\nfacilitator,{},\r\nfacilitator,{},\r\n",
        ann.email().to_uppercase(),
        bob.email(),
        eve.email(),
    );
    for (query, dry_run) in [("?dry_run=true", true), ("", false)] {
        let report = import(&admin, &id, query, &*table).await.expect(200);
        let expected = json!({
            "dry_run": dry_run, "rows": 3, "added": 1, "changed": 1, "unchanged": 1, "failed": 0, "errors": [],
        });
        assert_eq!(report.json, expected);
        let count = if dry_run { 3 } else { 4 };
        assert_eq!(owner.get(format!("/groups/{id}")).await.expect(200)["member_count"], count);
    }
    assert_eq!(role(&owner, &id, &bob).await, "facilitator");
    let ann_now = owner.get(format!("/groups/{id}/members/{}", ann.id())).await.expect(200);
    assert_eq!(ann_now["user"]["display_name"], "Heron, blue");
    let history = owner.get(format!("/groups/{id}/members/{}/history", ann.id())).await.expect(200);
    assert_eq!((history.items().len(), &history.items()[0]["actor_id"]), (1, &json!(admin.id())));
    let again = import(&admin, &id, "", &*table).await.expect(200);
    assert_eq!((&again["unchanged"], &again["added"], &again["changed"]), (&json!(3), &json!(0), &json!(0)));
    assert_eq!(app.in_database(praxis::doctor::examine), []);
}

async fn a_table_with_one_wrong_line_imports_nothing(app: App) {
    let (owner, admin) = (app.user("owner"), app.admin());
    let (ann, bob, banned) = (app.user("ann"), app.user("bob"), app.user("banned"));
    let id = group(&owner, "Circle", json!({})).await;
    join(&banned, &id).await;
    let ban = json!({ "state": "banned" });
    owner.patch(format!("/groups/{id}/members/{}", banned.id()), ban).await.expect(200);
    let unknown = praxis::types::UserId::new();
    let table = format!(
        "user_id,role,display_name\n{ann},,\n{ann},,\n{unknown},,\nnobody,,\n{bob},king,\n,,\n{banned},,\n{bob},,Owner\n",
        ann = ann.id(),
        bob = bob.id(),
        banned = banned.id(),
    );
    let expected = [
        ("/lines/3", "duplicate"),
        ("/lines/5/user_id", "malformed"),
        ("/lines/6/role", "unknown_value"),
        ("/lines/7/user_id", "missing"),
        ("/lines/4", "unknown"),
        ("/lines/8", "invalid_state"),
        ("/lines/9/display_name", "taken"),
    ];
    let refused = import(&admin, &id, "", &*table).await.expect_problem(422, "invalid");
    let errors = refused["errors"].as_array().unwrap();
    let told: Vec<_> =
        errors.iter().map(|error| (error["pointer"].as_str().unwrap(), error["code"].as_str().unwrap())).collect();
    assert_eq!(told, expected);
    let report = import(&admin, &id, "?dry_run=true", &*table).await.expect(200);
    assert_eq!((&report["failed"], &report["added"]), (&json!(7), &json!(1)));
    assert_eq!(owner.get(format!("/groups/{id}")).await.expect(200)["member_count"], 1, "nothing is half done");
}

async fn a_malformed_table_is_refused_by_line(app: App) {
    let owner = app.user("owner");
    let id = group(&owner, "Circle", json!({})).await;
    for (table, pointer, code) in [
        ("", "", "empty"),
        ("name\nAnn\n", "/lines/1/name", "unknown_column"),
        ("user_id,user_id\n", "/lines/1/user_id", "duplicate_column"),
        ("user_id,role\nx\n", "/lines/2", "malformed"),
    ] {
        import(&owner, &id, "", table).await.expect_field(422, pointer, code);
    }
    let rows = "x\n".repeat(20_001);
    import(&owner, &id, "", format!("user_id\n{rows}")).await.expect_field(422, "", "too_many");
    let large = "x".repeat(4 * 1024 * 1024 + 1);
    import(&owner, &id, "", large).await.expect_problem(413, "too_large");
    let other = owner.request(Method::POST, format!("/groups/{id}/members:import")).json(json!({})).await;
    other.expect_problem(415, "unsupported_media_type");
}

async fn an_import_never_takes_the_last_owner(app: App) {
    let (owner, ann) = (app.user("owner"), app.user("ann"));
    let id = group(&owner, "Circle", json!({})).await;
    join(&ann, &id).await;
    let table = format!("user_id,role\n{},facilitator\n{},member\n", ann.id(), owner.id());
    let told = import(&owner, &id, "?dry_run=true", &*table).await.expect(200);
    assert_eq!((&told["failed"], &told["errors"][0]["line"]), (&json!(1), &json!(3)), "{told}");
    import(&owner, &id, "", table).await.expect_field(422, "/lines/3/role", "last_owner");
    assert_eq!(role(&owner, &id, &ann).await, "member", "nothing is half done");
    assert_eq!(role(&owner, &id, &owner).await, "owner");
    // whoever comes to own the group does so first
    let table = format!("user_id,role\n{},member\n{},owner\n", owner.id(), ann.id());
    import(&owner, &id, "", table).await.expect(200);
    assert_eq!((role(&ann, &id, &ann).await, role(&ann, &id, &owner).await), (json!("owner"), json!("member")));
    // a role is given only where one is named
    let table = format!("user_id,display_name\n{},Heron\n", ann.id());
    import(&ann, &id, "", table).await.expect(200);
    assert_eq!(role(&ann, &id, &ann).await, "owner");
    let log = ann.get(format!("/groups/{id}/audit-log?action=member_renamed")).await.expect(200);
    assert_eq!(log.items().len(), 1);
}

async fn ten_thousand_rows_are_imported_at_once(app: App) {
    let owner = app.admin();
    let id = group(&owner, "Circle", json!({})).await;
    let people: Vec<praxis::types::UserId> = (0..10_000).map(|_| praxis::types::UserId::new()).collect();
    app.in_database(|conn| {
        use praxis::db::schema::users;
        let now = praxis::types::Timestamp::now();
        let row = |(number, id): (usize, &praxis::types::UserId)| {
            use diesel::ExpressionMethods as _;
            let name = format!("person {number}");
            (
                users::id.eq(*id),
                users::email.eq(format!("person.{number}@example.org")),
                users::display_name.eq(name.clone()),
                users::password_hash.eq(""),
                users::status.eq("active"),
                users::platform_role.eq("member"),
                users::show_last_seen.eq(true),
                users::created_at.eq(now),
                users::updated_at.eq(now),
                users::name_order.eq(name),
            )
        };
        let rows: Vec<_> = people.iter().enumerate().map(row).collect();
        for piece in rows.chunks(500) {
            use diesel::RunQueryDsl as _;
            crate::support::on_each!(conn => diesel::insert_into(users::table).values(piece).execute(conn)).unwrap();
        }
        Ok(())
    });
    let table: String = people.iter().fold("user_id\n".to_owned(), |table, id| format!("{table}{id}\n"));
    let report = import(&owner, &id, "", table).await.expect(200);
    assert_eq!((&report["added"], &report["failed"]), (&json!(10_000), &json!(0)));
    assert_eq!(owner.get(format!("/groups/{id}")).await.expect(200)["member_count"], 10_001);
    let export = owner.get(format!("/groups/{id}/members.csv")).await.expect(200);
    assert_eq!(export.text().lines().count(), 10_002, "a header and everybody");
    assert_eq!(app.in_database(praxis::doctor::examine), []);
}

async fn an_export_is_safe_to_open_and_whole(app: App) {
    let (owner, ann) = (app.user("owner"), app.user("ann"));
    let id = group(&owner, "Circle", json!({})).await;
    let formula = json!({ "display_name": "=HYPERLINK(\"http://evil.example\")" });
    ann.put(format!("/groups/{id}/membership"), formula).await.expect(200);
    let export = owner.get(format!("/groups/{id}/members.csv")).await.expect(200);
    let text = export.text();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "user_id,display_name,role,role_ends_at,joined_at,last_contributed_at");
    assert!(lines[1].starts_with(&format!("{},\"'=HYPERLINK(", ann.id())), "{text}");
    assert_eq!(lines.len(), 3);
    assert!(!text.contains('@'), "no address leaves: {text}");
    assert!(export.header("content-disposition").contains("members.csv"), "{export}");
    let log = owner.get(format!("/groups/{id}/audit-log?action=members_exported")).await.expect(200);
    assert_eq!(log.items().len(), 1);
}
