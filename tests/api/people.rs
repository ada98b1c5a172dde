//! People as others find them: only those who show themselves, and never under a pseudonym.

use praxis::types::UserId;
use serde_json::{Value, json};

use crate::support::world::{group, join, member, member_as};
use crate::support::{App, Caller, Case, served};

pub fn cases() -> Vec<Case> {
    served![
        members_are_found_by_skill_and_pseudonyms_tell_nothing,
        a_person_is_found_by_others_only_where_they_show_their_groups,
        a_profile_never_tells_of_a_pseudonym_or_of_what_the_viewer_may_not_know,
        a_profile_tells_coarsely_when_the_person_was_here,
    ]
}

async fn names(viewer: &Caller, person: &Caller) -> Vec<String> {
    let page = viewer.get(format!("/people/{}/groups", person.id())).await.expect(200);
    page.each("name").into_iter().map(str::to_owned).collect()
}

async fn show(person: &Caller) {
    assert_eq!(person.patch("/me", json!({ "show_groups": true })).await.expect(200)["show_groups"], true);
}

async fn a_person_is_found_by_others_only_where_they_show_their_groups(app: App) {
    let (ann, ben) = (app.user("ann"), app.user("ben"));
    let admin = app.admin();
    let path = format!("/people/{}", ann.id());
    for part in ["", "/groups"] {
        let real = ben.get(format!("{path}{part}")).await.expect_problem(404, "not_found");
        let never = ben.get(format!("/people/{}{part}", UserId::new())).await;
        assert_eq!(real.without_request_id(), never.without_request_id());
        ann.get(format!("{path}{part}")).await.expect(200);
        admin.get(format!("{path}{part}")).await.expect(200);
    }
    show(&ann).await;
    let profile = ben.get(&path).await.expect(200);
    assert_eq!((&profile["id"], &profile["display_name"]), (&json!(ann.id()), &json!("ann")));
    ann.patch("/me", json!({ "show_groups": false })).await.expect(200);
    ben.get(&path).await.expect_problem(404, "not_found");
    show(&ann).await;
    admin.patch(format!("/admin/users/{}", ann.id()), json!({ "status": "suspended" })).await.expect(200);
    ben.get(&path).await.expect_problem(404, "not_found");
}

async fn a_profile_never_tells_of_a_pseudonym_or_of_what_the_viewer_may_not_know(app: App) {
    let (ann, owner) = (app.user("ann"), app.user("owner"));
    let (stranger, fellow, leader) = (app.user("stranger"), app.user("fellow"), app.user("leader"));
    let admin = app.admin();
    let with = |visibility: &str, list: &str| json!({ "visibility": visibility, "member_list_visibility": list });
    let mut ids = Vec::new();
    for (name, settings) in [
        ("Everyone", with("public", "everyone")),
        ("Members", with("public", "members")),
        ("Facilitators", with("listed", "facilitators")),
        ("Hidden", json!({ "visibility": "hidden", "member_list_visibility": "everyone", "join_policy": "open" })),
        ("Pseudonym", with("public", "everyone")),
        ("Left", with("public", "everyone")),
    ] {
        let id = group(&owner, name, settings).await;
        let add = |who: &Caller| json!({ "rows": [{ "action": "add", "user_id": who.id() }] });
        for who in [&ann, &fellow, &leader] {
            admin.post(format!("/groups/{id}/members:batch"), add(who)).await.expect(200);
        }
        member_as(&leader, &owner, &id, "facilitator").await;
        ids.push(id);
    }
    show(&ann).await;
    let pseudonym = format!("/groups/{}/membership", ids[4]);
    ann.patch(&pseudonym, json!({ "display_name": "Ladybird" })).await.expect(200);
    // the id beside the other name would lead to the account's
    let path = format!("/people/{}", ann.id());
    for caller in [&stranger, &fellow, &leader, &owner] {
        caller.get(&path).await.expect_problem(404, "not_found");
        caller.get(format!("{path}/groups")).await.expect_problem(404, "not_found");
    }
    assert_eq!(names(&admin, &ann).await, ["Left", "Hidden", "Everyone"], "not the one with the other name");
    ann.delete(&pseudonym).await.expect(204);
    ann.delete(format!("/groups/{}/membership", ids[5])).await.expect(204);
    // what was written under the other name is still there
    stranger.get(&path).await.expect_problem(404, "not_found");
    join(&ann, &ids[4]).await;
    ann.patch(&pseudonym, json!({ "display_name": null })).await.expect(200);
    ann.delete(&pseudonym).await.expect(204);
    assert_eq!(names(&stranger, &ann).await, ["Everyone"]);
    assert_eq!(names(&fellow, &ann).await, ["Hidden", "Members", "Everyone"]);
    assert_eq!(names(&leader, &ann).await, ["Hidden", "Facilitators", "Members", "Everyone"]);
    // an administrator, who is no member, says why elsewhere
    assert_eq!(names(&admin, &ann).await, ["Hidden", "Everyone"]);
    let first = leader.get(format!("/people/{}/groups?limit=3", ann.id())).await.expect(200);
    let cursor = first["next_cursor"].as_str().unwrap();
    let rest = leader.get(format!("/people/{}/groups?limit=3&cursor={cursor}", ann.id())).await.expect(200);
    assert_eq!((rest.each("name"), &rest["next_cursor"]), (vec!["Everyone"], &Value::Null));
    assert_eq!(rest.items()[0]["viewer"]["role"], "facilitator", "what the viewer is to it, not the person");
}

async fn a_profile_tells_coarsely_when_the_person_was_here(app: App) {
    let (ann, ben) = (app.user("ann"), app.user("ben"));
    let circle = group(&ann, "Circle", json!({})).await;
    member(&ben, &ann, &circle).await;
    join(&ben, &circle).await;
    show(&ann).await;
    let seen = ben.get(format!("/people/{}", ann.id())).await.expect(200)["last_seen"].clone();
    assert!(seen == Value::Null || seen == "today", "{seen}");
    ann.patch("/me", json!({ "show_last_seen": false })).await.expect(200);
    assert_eq!(ben.get(format!("/people/{}", ann.id())).await.expect(200)["last_seen"], Value::Null);
}

async fn members_are_found_by_skill_and_pseudonyms_tell_nothing(app: App) {
    let (owner, ann, bob) = (app.user("owner"), app.user("ann"), app.user("bob"));
    let id = group(&owner, "Circle", json!({})).await;
    for person in [&ann, &bob] {
        join(person, &id).await;
    }
    let about = json!({ "organisation": "Falls clinic, Cardiff", "skills": ["Falls", "falls", "Quality 100%"] });
    for person in [&ann, &bob] {
        let account = person.patch("/me", about.clone()).await.expect(200);
        assert_eq!(account["organisation"], "Falls clinic, Cardiff");
        assert_eq!(account["skills"], json!(["Falls", "Quality 100%"]), "each once");
    }
    bob.patch(format!("/groups/{id}/membership"), json!({ "display_name": "Otter" })).await.expect(200);
    let found = |skill: &str| {
        let call = owner.get(format!("/groups/{id}/members?skill={skill}"));
        async move { call.await.expect(200).items().iter().map(|item| item["user"]["id"].clone()).collect::<Vec<_>>() }
    };
    for (skill, people) in [("FALLS", 1), ("quality%20100%25", 1), ("fall", 0), ("%25", 0), ("home", 0)] {
        let ids = found(skill).await;
        assert_eq!(ids, vec![json!(ann.id()); people], "{skill}: never by what somebody with a pseudonym can do");
    }
    let two = owner.get(format!("/groups/{id}/members?skill=falls%0Aquality")).await;
    two.expect_field(400, "skill", "malformed");
    let members = owner.get(format!("/groups/{id}/members?sort=name")).await.expect(200);
    let shown: Vec<_> = members.items().iter().map(|item| (&item["organisation"], &item["skills"])).collect();
    let (nothing, none) = (json!(null), json!([]));
    let (there, can) = (json!("Falls clinic, Cardiff"), json!(["Falls", "Quality 100%"]));
    assert_eq!(shown, [(&there, &can), (&nothing, &none), (&nothing, &none)], "ann, Otter, owner");
    ann.patch("/me", json!({ "show_groups": true })).await.expect(200);
    let profile = bob.get(format!("/people/{}", ann.id())).await.expect(200);
    assert_eq!((&profile["organisation"], &profile["skills"]), (&there, &can));
    ann.patch("/me", json!({ "organisation": null, "skills": [] })).await.expect(200);
    assert!(found("falls").await.is_empty());
    let too_many: Vec<String> = (0..21).map(|number| format!("skill {number}")).collect();
    ann.patch("/me", json!({ "skills": too_many })).await.expect_field(422, "/skills", "too_many");
    bob.delete("/me").await.expect(204);
    let left = app.in_database(|conn| Ok(crate::regressions::columns_with(conn, "Cardiff")));
    assert_eq!(left, [""; 0]);
}
