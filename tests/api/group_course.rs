//! The course of a group: the names that it goes by, what it is within, how it closes and comes back.

use diesel::prelude::*;
use praxis::auth::actor::PlatformRole;
use praxis::db::schema::{groups, users};
use praxis::jobs;
use praxis::types::{GroupId, Timestamp};
use serde_json::{Value, json};

use crate::support::world::{COMMUNITY, PEER_SUPPORT, comment, group, join, member, member_as, post};
use crate::support::{App, Caller, Case, on_each, served};

pub fn cases() -> Vec<Case> {
    served![
        an_old_slug_leads_to_the_group,
        a_group_that_hides_or_goes_gives_its_old_slugs_up,
        a_slug_that_is_or_was_anothers_is_taken,
        similar_names_are_told_before_a_group_is_created,
        groups_stand_within_groups_up_to_three_levels,
        nobody_puts_a_group_within_one_that_is_not_theirs,
        a_hidden_parent_or_child_or_successor_never_shows,
        two_groups_put_within_each_other_at_once_make_no_circle,
        a_group_closes_at_its_date_and_can_be_taken_back,
        a_closed_group_says_what_it_learned_and_who_carries_on,
        verified_addresses_join_by_themselves,
        administrators_list_groups_of_all_states,
        a_group_without_owner_is_found_and_gets_one,
        a_deleted_group_is_restored_with_everything_in_it,
        a_purged_group_is_gone_for_good,
    ]
}

async fn patch(owner: &Caller, group: &str, change: Value) -> crate::support::Answer {
    owner.patch(format!("/groups/{group}"), change).await
}

async fn an_old_slug_leads_to_the_group(app: App) {
    let ann = app.user("ann");
    let id = group(&ann, "Falls clinic", json!({})).await;
    for slug in ["falls", "balance"] {
        assert_eq!(patch(&ann, &id, json!({ "slug": slug })).await.expect(200)["slug"], slug);
    }
    for old in ["falls-clinic", "falls"] {
        let moved = app.anon().get(format!("/groups/by-slug/{old}")).await.expect(308);
        assert_eq!(moved.header("location"), "/api/v1/groups/by-slug/balance");
    }
    app.anon().get("/groups/by-slug/balance").await.expect(200);
    // back to a name that it had
    patch(&ann, &id, json!({ "slug": "falls" })).await.expect(200);
    app.anon().get("/groups/by-slug/falls").await.expect(200);
    let moved = app.anon().get("/groups/by-slug/balance").await.expect(308);
    assert_eq!(moved.header("location"), "/api/v1/groups/by-slug/falls");
    patch(&ann, &id, json!({ "slug": "Not A Slug" })).await.expect_field(422, "/slug", "bad_slug");
}

async fn a_group_that_hides_or_goes_gives_its_old_slugs_up(app: App) {
    let (ann, ben) = (app.user("ann"), app.user("ben"));
    for (name, change) in [("Hiding", Some(json!({ "visibility": "hidden" }))), ("Going", None)] {
        let id = group(&ann, name, json!({})).await;
        let first = name.to_lowercase();
        patch(&ann, &id, json!({ "slug": format!("{first}-away") })).await.expect(200);
        match change {
            Some(change) => drop(patch(&ann, &id, change).await.expect(200)),
            None => drop(ann.delete(format!("/groups/{id}")).await.expect(204)),
        }
        for old in [first.clone(), format!("{first}-away")] {
            for caller in [&ann, &app.anon()] {
                caller.get(format!("/groups/by-slug/{old}")).await.expect_problem(404, "not_found");
            }
        }
        let body = json!({ "name": name, "slug": first, "type_ids": [COMMUNITY] });
        ben.post("/groups", body).await.expect(201);
    }
    // a hidden group's new slug cannot be guessed either, and none leads to it
    let hidden = group(&ann, "Quiet", json!({ "visibility": "hidden" })).await;
    let before = ann.get(format!("/groups/{hidden}")).await.expect(200)["slug"].as_str().unwrap().to_owned();
    let after = patch(&ann, &hidden, json!({ "slug": "quieter" })).await.expect(200);
    assert!(after["slug"].as_str().unwrap().starts_with("quieter-"), "{after}");
    ann.get(format!("/groups/by-slug/{before}")).await.expect_problem(404, "not_found");
}

async fn a_slug_that_is_or_was_anothers_is_taken(app: App) {
    let ann = app.user("ann");
    let one = group(&ann, "One", json!({})).await;
    let two = group(&ann, "Two", json!({})).await;
    patch(&ann, &one, json!({ "slug": "first" })).await.expect(200);
    for slug in ["first", "one"] {
        patch(&ann, &two, json!({ "slug": slug })).await.expect_field(409, "/slug", "taken");
        let body = json!({ "name": "Three", "slug": slug, "type_ids": [COMMUNITY] });
        ann.post("/groups", body).await.expect_field(409, "/slug", "taken");
    }
    let body = json!({ "name": "One", "type_ids": [COMMUNITY] });
    assert_eq!(ann.post("/groups", body).await.expect(201)["slug"], "one-2", "the link still leads to the first");
}

async fn similar_names_are_told_before_a_group_is_created(app: App) {
    let ann = app.user("ann");
    for name in ["Falls clinic", "Fall clinics of the north", "Diabetes type 1", "Gardening", "Falls prevention"] {
        group(&ann, name, json!({})).await;
    }
    group(&ann, "Falls clinic of our own", json!({ "visibility": "hidden" })).await;
    let similar = async |who: &Caller, name: &str| {
        let encoded: String = form_urlencoded::byte_serialize(name.as_bytes()).collect();
        let found = who.get(format!("/groups/similar?name={encoded}")).await.expect(200);
        found.each("name").into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let anon = app.anon();
    let found = similar(&anon, "FALLS CLINICS").await;
    assert_eq!(found[0], "Falls clinic", "{found:?}");
    assert!(!found.contains(&"Gardening".to_owned()) && found.len() >= 2, "{found:?}");
    assert!(!similar(&anon, "Falls clinic").await.contains(&"Falls clinic of our own".to_owned()));
    assert!(similar(&ann, "Falls clinic").await.contains(&"Falls clinic of our own".to_owned()));
    assert_eq!(similar(&anon, "Gardning").await, ["Gardening"], "a letter is missing");
    assert!(similar(&anon, "Quantum chess").await.is_empty());
    assert!(similar(&anon, "%%").await.is_empty());
    anon.get("/groups/similar").await.expect_field(400, "name", "missing");
    anon.get("/groups/similar?name=x").await.expect_field(400, "name", "malformed");
}

async fn groups_stand_within_groups_up_to_three_levels(app: App) {
    let ann = app.user("ann");
    let region = group(&ann, "Region", json!({})).await;
    let town = group(&ann, "Town", json!({ "parent_id": region })).await;
    let ward = group(&ann, "Ward", json!({ "parent_id": town })).await;
    let bed = group(&ann, "Bed", json!({})).await;
    patch(&ann, &bed, json!({ "parent_id": ward })).await.expect_field(422, "/parent_id", "too_deep");
    let body = json!({ "name": "Bed", "type_ids": [COMMUNITY], "parent_id": ward });
    ann.post("/groups", body).await.expect_field(422, "/parent_id", "too_deep");
    for (id, parent) in [(&region, &region), (&region, &town), (&region, &ward), (&town, &ward)] {
        patch(&ann, id, json!({ "parent_id": parent })).await.expect_field(422, "/parent_id", "cycle");
    }
    // what is below counts too
    patch(&ann, &region, json!({ "parent_id": bed })).await.expect_field(422, "/parent_id", "too_deep");
    patch(&ann, &bed, json!({ "parent_id": GroupId::new() })).await.expect_field(422, "/parent_id", "unknown");
    patch(&ann, &bed, json!({ "parent_id": "x" })).await.expect_field(422, "/parent_id", "wrong_type");
    let within = app.anon().get(format!("/groups?parent_id={region}")).await.expect(200);
    assert_eq!(within.each("name"), ["Town"]);
    assert_eq!(within.items()[0]["parent_id"], json!(region));
    let freed = patch(&ann, &town, json!({ "parent_id": null })).await.expect(200);
    assert_eq!(freed["parent_id"], Value::Null);
    patch(&ann, &bed, json!({ "parent_id": ward })).await.expect(200);
}

async fn nobody_puts_a_group_within_one_that_is_not_theirs(app: App) {
    let (ann, ben) = (app.user("ann"), app.user("ben"));
    let region = group(&ann, "Region", json!({})).await;
    let town = group(&ben, "Town", json!({})).await;
    let change = json!({ "parent_id": region });
    patch(&ben, &town, change.clone()).await.expect_field(403, "/parent_id", "forbidden");
    let body = json!({ "name": "Other", "type_ids": [COMMUNITY], "parent_id": region });
    ben.post("/groups", body).await.expect_field(403, "/parent_id", "forbidden");
    member_as(&ben, &ann, &region, "facilitator").await;
    patch(&ben, &town, change.clone()).await.expect_field(403, "/parent_id", "forbidden");
    patch(&ann, &town, change.clone()).await.expect_problem(403, "forbidden");
    ann.patch(format!("/groups/{region}/members/{}", ben.id()), json!({ "role": "owner" })).await.expect(200);
    patch(&ben, &town, change.clone()).await.expect(200);
    patch(&ben, &town, json!({ "parent_id": null })).await.expect(200);
    patch(&app.admin(), &town, change).await.expect(200);
}

async fn a_hidden_parent_or_child_or_successor_never_shows(app: App) {
    let (ann, ben) = (app.user("ann"), app.user("ben"));
    let region = group(&ann, "Region", json!({})).await;
    let town = group(&ann, "Town", json!({ "parent_id": region })).await;
    let next = group(&ann, "Next", json!({})).await;
    patch(&ann, &town, json!({ "successor_id": next })).await.expect(200);
    let seen = async |who: &Caller| {
        let town = who.get(format!("/groups/{town}")).await.expect(200);
        let listed = who.get(format!("/groups?ids={}", town.id())).await.expect(200);
        assert_eq!(listed.items(), std::slice::from_ref(&town.json));
        (town["parent_id"].clone(), town["successor_id"].clone())
    };
    assert_eq!(seen(&ben).await, (json!(region), json!(next)));
    for hidden in [&region, &next] {
        patch(&ann, hidden, json!({ "visibility": "hidden" })).await.expect(200);
    }
    assert_eq!(seen(&ben).await, (Value::Null, Value::Null));
    assert_eq!(seen(&ann).await, (json!(region), json!(next)));
    let within = |who: &Caller| who.get(format!("/groups?parent_id={region}"));
    assert!(within(&ben).await.expect(200).items().is_empty(), "who does not know of it learns nothing");
    assert_eq!(within(&ann).await.expect(200).each("name"), ["Town"]);
    // a hidden child is in no list
    patch(&ann, &region, json!({ "visibility": "public" })).await.expect(200);
    patch(&ann, &town, json!({ "visibility": "hidden" })).await.expect(200);
    assert!(within(&ben).await.expect(200).items().is_empty());
    let own = group(&ben, "Own", json!({})).await;
    for name in ["parent_id", "successor_id"] {
        let pointer = format!("/{name}");
        let real = patch(&ben, &own, json!({ name: town })).await.expect_field(422, &pointer, "unknown");
        let never = patch(&ben, &own, json!({ name: GroupId::new() })).await;
        assert_eq!(real.without_request_id(), never.without_request_id());
    }
    // nor is one that was deleted
    ann.delete(format!("/groups/{region}")).await.expect(204);
    assert_eq!(ann.get(format!("/groups/{town}")).await.expect(200)["parent_id"], Value::Null);
}

async fn two_groups_put_within_each_other_at_once_make_no_circle(app: App) {
    let ann = app.user("ann");
    for round in 0..5 {
        let one = group(&ann, &format!("One {round}"), json!({})).await;
        let two = group(&ann, &format!("Two {round}"), json!({})).await;
        let (a, b) = tokio::join!(
            patch(&ann, &one, json!({ "parent_id": two })),
            patch(&ann, &two, json!({ "parent_id": one })),
        );
        let mut statuses = [a.status, b.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 422]);
    }
}

/// Moves a date of a group into the past and runs the jobs, as time would.
fn let_pass(app: &App, group: &str) {
    let id: GroupId = group.parse().unwrap();
    app.in_database(|conn| {
        let at = Timestamp::now().before(std::time::Duration::from_secs(1));
        let row = diesel::update(groups::table.find(id)).set(groups::closes_at.eq(at));
        on_each!(conn => row.execute(conn).unwrap());
        Ok(())
    });
    run_jobs(app);
}

fn run_jobs(app: &App) {
    app.in_database(|conn| {
        for (_, job) in jobs::JOBS {
            job(conn, Timestamp::now())?;
        }
        Ok(())
    });
}

async fn a_group_closes_at_its_date_and_can_be_taken_back(app: App) {
    let ann = app.user("ann");
    let id = group(&ann, "Project", json!({})).await;
    patch(&ann, &id, json!({ "closes_at": "2020-01-01T00:00:00Z" })).await.expect_field(422, "/closes_at", "past");
    patch(&ann, &id, json!({ "closes_at": "soon" })).await.expect_field(422, "/closes_at", "bad_time");
    let both = json!({ "closes_at": "2125-01-01T00:00:00Z", "status": "archived" });
    patch(&ann, &id, both).await.expect_field(422, "/closes_at", "conflict");
    let set = patch(&ann, &id, json!({ "closes_at": "2125-01-01T00:00:00Z" })).await.expect(200);
    assert_eq!(set["closes_at"], "2125-01-01T00:00:00Z");
    run_jobs(&app);
    assert_eq!(ann.get(format!("/groups/{id}")).await.expect(200)["status"], "active");
    let_pass(&app, &id);
    let closed = ann.get(format!("/groups/{id}")).await.expect(200);
    assert_eq!(closed["status"], "archived");
    assert_ne!(closed["updated_at"], set["updated_at"], "whoever edits it now has seen that it closed");
    let log = ann.get(format!("/groups/{id}/audit-log?action=group_archived")).await.expect(200);
    assert_eq!((log.items().len(), &log.items()[0]["actor_id"]), (1, &Value::Null));
    run_jobs(&app);
    assert_eq!(ann.get(format!("/groups/{id}/audit-log?action=group_archived")).await.expect(200).items().len(), 1);
    let back = patch(&ann, &id, json!({ "status": "active" })).await.expect(200);
    assert_eq!((&back["status"], &back["closes_at"]), (&json!("active"), &Value::Null));
    run_jobs(&app);
    assert_eq!(ann.get(format!("/groups/{id}")).await.expect(200)["status"], "active");
}

async fn a_closed_group_says_what_it_learned_and_who_carries_on(app: App) {
    let (ann, ben) = (app.user("ann"), app.user("ben"));
    let id = group(&ann, "Project", json!({})).await;
    let next = group(&ben, "Next project", json!({})).await;
    let last = group(&ann, "Last project", json!({})).await;
    let closing = json!({ "status": "archived", "lessons_learned": "Begin *small*.", "successor_id": next });
    let closed = patch(&ann, &id, closing).await.expect(200);
    assert_eq!((&closed["lessons_learned"], &closed["successor_id"]), (&json!("Begin *small*."), &json!(next)));
    // what was learned is often written down afterwards
    patch(&ann, &id, json!({ "lessons_learned": "Begin smaller." })).await.expect(200);
    patch(&ann, &id, json!({ "summary": "Changed" })).await.expect_problem(409, "archived");
    patch(&ben, &id, json!({ "lessons_learned": "Ha." })).await.expect_problem(403, "forbidden");
    patch(&ann, &id, json!({ "lessons_learned": "x".repeat(20_001) })).await.expect_field(
        422,
        "/lessons_learned",
        "too_long",
    );
    patch(&ann, &id, json!({ "successor_id": id })).await.expect_field(422, "/successor_id", "cycle");
    patch(&ben, &next, json!({ "successor_id": last })).await.expect(200);
    patch(&ann, &last, json!({ "successor_id": id })).await.expect_field(422, "/successor_id", "cycle");
    let cleared = patch(&ann, &id, json!({ "successor_id": null, "lessons_learned": null })).await.expect(200);
    assert_eq!((&cleared["lessons_learned"], &cleared["successor_id"]), (&Value::Null, &Value::Null));
}

async fn verified_addresses_join_by_themselves(app: App) {
    let (ann, admin) = (app.user("ann"), app.admin());
    let (ben, eve) = (app.user("ben"), app.user("eve"));
    let id = group(&ann, "Staff", json!({})).await;
    for body in [json!({ "auto_join_domains": ["example.org"] }), json!({ "auto_join_domains": [] })] {
        patch(&ann, &id, body).await.expect_field(403, "/auto_join_domains", "forbidden");
    }
    for (domain, pointer, code) in [
        (json!(["nonsense"]), "/auto_join_domains", "bad_domain"),
        (json!(["a b.org"]), "/auto_join_domains", "bad_domain"),
        (json!(["x@example.org"]), "/auto_join_domains", "bad_domain"),
    ] {
        patch(&admin, &id, json!({ "auto_join_domains": domain })).await.expect_field(422, pointer, code);
    }
    let set = patch(&admin, &id, json!({ "auto_join_domains": [" Example.ORG", "example.org"] })).await.expect(200);
    assert_eq!(set["auto_join_domains"], json!(["example.org"]));
    assert_eq!(ann.get(format!("/groups/{id}")).await.expect(200)["auto_join_domains"], json!(["example.org"]));
    assert_eq!(ben.get(format!("/groups/{id}")).await.expect(200)["auto_join_domains"], Value::Null);
    run_jobs(&app);
    let is_in = async |who: &Caller| who.get(format!("/groups/{id}/membership")).await.status == 200;
    assert!(!is_in(&ben).await, "nobody has verified the address");
    verify(&app, &ben);
    run_jobs(&app);
    assert!(is_in(&ben).await && !is_in(&eve).await);
    // whoever leaves stays out
    ben.delete(format!("/groups/{id}/membership")).await.expect(204);
    run_jobs(&app);
    assert_eq!(ben.get(format!("/groups/{id}/membership")).await.expect(200)["state"], "left");
    patch(&admin, &id, json!({ "auto_join_domains": [] })).await.expect(200);
    verify(&app, &eve);
    run_jobs(&app);
    assert!(!is_in(&eve).await);
}

fn verify(app: &App, person: &Caller) {
    app.in_database(|conn| {
        let row = diesel::update(users::table.find(person.id())).set(users::email_verified_at.eq(Timestamp::now()));
        on_each!(conn => row.execute(conn).unwrap());
        Ok(())
    });
}

async fn administrators_list_groups_of_all_states(app: App) {
    let (ann, ben, admin) = (app.user("ann"), app.user("ben"), app.admin());
    let plain = group(&ann, "Plain", json!({})).await;
    let hidden = group(&ann, "Hidden", json!({ "visibility": "hidden", "show_member_count": false })).await;
    let archived = group(&ann, "Archived", json!({})).await;
    let gone = group(&ann, "Gone", json!({})).await;
    let went = group(&ann, "Went", json!({})).await;
    member_as(&ben, &ann, &plain, "owner").await;
    patch(&ann, &archived, json!({ "status": "archived" })).await.expect(200);
    for id in [&went, &gone] {
        ann.delete(format!("/groups/{id}")).await.expect(204);
    }
    let names = async |query: &str| {
        let (mut names, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = admin.get(format!("/admin/groups?limit=2&{query}{cursor}")).await.expect(200);
            names.extend(page.each("name").into_iter().map(str::to_owned));
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break names,
            }
        }
    };
    assert_eq!(names("").await, ["Went", "Gone", "Archived", "Hidden", "Plain"]);
    assert_eq!(names("status=deleted").await, ["Gone", "Went"], "the latest first");
    assert_eq!(names("status=archived").await, ["Archived"]);
    assert_eq!(names("status=active").await, ["Hidden", "Plain"]);
    assert_eq!(names("status=active&owners=one").await, ["Hidden"]);
    assert!(names("owners=none").await.is_empty());
    assert_eq!(names("q=plai").await, ["Plain"]);
    let row = admin.get("/admin/groups?q=hidden").await.expect(200).items()[0].clone();
    assert_eq!((&row["id"], &row["member_count"], &row["owner_count"]), (&json!(hidden), &json!(1), &json!(1)));
    admin.get("/admin/groups?owners=two").await.expect_field(400, "owners", "malformed");
}

async fn a_group_without_owner_is_found_and_gets_one(app: App) {
    let (ann, ben, eve, admin) = (app.user("ann"), app.user("ben"), app.user("eve"), app.admin());
    let id = group(&ann, "Orphan", json!({})).await;
    join(&ben, &id).await;
    ann.delete(format!("/groups/{id}")).await.expect(204);
    ann.delete("/me").await.expect(204);
    assert_eq!(admin.get("/admin/groups?owners=none").await.expect(200).each("id"), [&*id]);
    let path = format!("/admin/groups/{id}/restore");
    admin.post(&path, json!({})).await.expect_field(422, "/owner_id", "missing");
    admin.post(&path, json!({ "owner_id": ann.id() })).await.expect_field(422, "/owner_id", "unknown");
    admin.post(&path, json!({ "owner_id": GroupId::new() })).await.expect_field(422, "/owner_id", "unknown");
    ben.get(format!("/groups/{id}")).await.expect_problem(404, "not_found");
    let back = admin.post(&path, json!({ "owner_id": ben.id(), "reason": "Asked for" })).await.expect(200);
    assert_eq!(back["slug"], "orphan");
    assert_eq!(ben.get(format!("/groups/{id}/membership")).await.expect(200)["role"], "owner");
    let log = ben.get(format!("/groups/{id}/audit-log?action=group_restored")).await.expect(200);
    assert_eq!(log.items()[0]["reason"], "Asked for");
    admin.post(&path, json!({})).await.expect_problem(409, "invalid_state");
    // somebody who never had to do with it, too
    ben.delete(format!("/groups/{id}")).await.expect(204);
    admin.post(&path, json!({ "owner_id": eve.id() })).await.expect(200);
    assert_eq!(eve.get(format!("/groups/{id}")).await.expect(200)["member_count"], 2);
}

async fn a_deleted_group_is_restored_with_everything_in_it(app: App) {
    let (ann, ben, admin) = (app.user("ann"), app.user("ben"), app.admin());
    let id = group(&ann, "Circle", json!({ "type_ids": [PEER_SUPPORT] })).await;
    member(&ben, &ann, &id).await;
    let thread = post(&ben, &id, "Hello").await;
    comment(&ann, &thread, None).await;
    let before = ann.get(format!("/groups/{id}")).await.expect(200);
    ann.delete(format!("/groups/{id}")).await.expect(204);
    ben.get(format!("/posts/{thread}")).await.expect(404);
    // somebody else took the name meanwhile
    group(&ben, "Circle", json!({})).await;
    let back = admin.post(format!("/admin/groups/{id}/restore"), json!({})).await.expect(200);
    assert_eq!(back["slug"], "circle-2");
    for name in ["member_count", "last_active_at", "visibility", "types", "created_at"] {
        assert_eq!(back[name], before[name], "{name}");
    }
    assert_eq!(ben.get(format!("/posts/{thread}")).await.expect(200)["comment_count"], 1);
    admin.post(format!("/admin/groups/{}/restore", GroupId::new()), json!({})).await.expect_problem(404, "not_found");
    let nobody = app.person("editor", PlatformRole::Editor);
    nobody.post(format!("/admin/groups/{id}/restore"), json!({})).await.expect_problem(403, "forbidden");
}

async fn a_purged_group_is_gone_for_good(app: App) {
    let (ann, ben, admin) = (app.user("ann"), app.user("ben"), app.admin());
    let id = group(&ann, "Circle", json!({ "rules": "Be kind." })).await;
    let child = group(&ann, "Child", json!({ "parent_id": id })).await;
    patch(&ann, &child, json!({ "successor_id": id })).await.expect(200);
    ben.put(format!("/groups/{id}/membership"), json!({ "accepted_rules_version": 1 })).await.expect(200);
    ann.put(format!("/groups/{id}/membership/rules-acceptance"), json!({ "version": 1 })).await.expect(200);
    let thread = post(&ben, &id, "Hello").await;
    let first = comment(&ben, &thread, None).await;
    comment(&ben, &thread, Some(&first)).await;
    let path = format!("/admin/groups/{id}/purge");
    let body = json!({ "reason": "Asked by its members" });
    admin.post(&path, body.clone()).await.expect_problem(409, "invalid_state");
    ann.delete(format!("/groups/{id}")).await.expect(204);
    admin.post(&path, json!({})).await.expect_field(422, "/reason", "missing");
    admin.post(&path, body.clone()).await.expect(204);
    admin.post(&path, body).await.expect_problem(404, "not_found");
    admin.post(format!("/admin/groups/{id}/restore"), json!({})).await.expect_problem(404, "not_found");
    assert_eq!(admin.get("/admin/groups").await.expect(200).each("name"), ["Child"]);
    let log = admin.get(format!("/admin/audit-log?group_id={id}&action=group_purged")).await.expect(200);
    assert_eq!(log.items()[0]["reason"], "Asked by its members");
    assert_eq!(log.items()[0]["changes"], json!([{ "field": "name", "before": "Circle", "after": null }]));
    let findings = app.in_database(praxis::doctor::examine);
    assert!(findings.is_empty(), "{findings:?}");
}
