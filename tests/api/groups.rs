//! Groups: what is listed and found, what their settings do, and what becomes of them.

use serde_json::{Value, json};

use crate::support::world::{COMMUNITY, PEER_SUPPORT, group, join, member_as, post};
use crate::support::{Answer, App, Caller, Case, served};

pub fn cases() -> Vec<Case> {
    served![
        groups_are_found_by_any_or_all_of_several_types,
        the_four_kinds_are_there_with_their_defaults,
        a_new_group_has_its_creator_as_owner_and_the_defaults_of_its_first_type,
        a_new_group_is_refused_by_the_field_that_is_wrong,
        names_may_be_equal_but_slugs_are_not,
        a_hidden_group_has_a_slug_that_cannot_be_guessed,
        a_taken_slug_never_tells_of_a_hidden_group,
        nobody_can_foretell_the_slug_of_a_group_that_becomes_hidden,
        a_deleted_group_leaves_its_slug_to_others,
        external_ids_are_set_by_administrators_and_unique,
        groups_are_sorted_every_way_with_the_unknown_last,
        groups_are_found_by_kind_text_ids_status_and_membership,
        a_page_belongs_to_its_filters,
        a_count_that_is_withheld_is_null_and_no_order_tells_it,
        settings_change_one_by_one_and_null_clears,
        an_archived_group_is_read_only_until_it_is_taken_into_use_again,
        a_deleted_group_is_gone_with_all_that_is_in_it,
        texts_come_as_written_and_as_safe_html,
        a_hidden_group_is_known_to_its_members_and_administrators_only,
        what_one_can_do_is_what_works,
    ]
}

async fn names(viewer: &Caller, query: &str) -> Vec<String> {
    let page = viewer.get(format!("/groups?{query}")).await.expect(200);
    page.each("name").into_iter().map(str::to_owned).collect()
}

async fn the_four_kinds_are_there_with_their_defaults(app: App) {
    let kinds = app.anon().get("/group-types").await.expect(200);
    assert_eq!(kinds.each("slug"), ["community-of-practice", "peer-support", "special-interest-group", "lab"]);
    let kind = app.anon().get(format!("/group-types/{PEER_SUPPORT}")).await.expect(200);
    assert_eq!(kind.json, kinds.items()[1]);
    app.anon().get("/group-types/019aaf5c-0000-7000-8000-00000000ffff").await.expect_problem(404, "not_found");
    app.anon().get("/group-types/1").await.expect_field(400, "group_type_id", "malformed");
}

async fn a_new_group_has_its_creator_as_owner_and_the_defaults_of_its_first_type(app: App) {
    let ann = app.user("ann");
    let body = json!({ "name": " Falls  clinic ", "type_ids": [PEER_SUPPORT, COMMUNITY, PEER_SUPPORT], "tags": ["Falls", "falls", "Home"] });
    let made = ann.post("/groups", body).await.expect(201);
    assert_eq!(made.header("location"), format!("/api/v1/groups/{}", made.id()));
    assert_eq!((&made["name"], &made["slug"]), (&json!("Falls  clinic"), &json!("falls-clinic")));
    assert_eq!((&made["visibility"], &made["join_policy"]), (&json!("listed"), &json!("request")));
    assert_eq!((&made["member_count"], &made["last_active_at"]), (&json!(1), &Value::Null));
    assert_eq!(made["tags"], json!(["Falls", "Home"]));
    let types: Vec<_> = made["types"].as_array().unwrap().iter().map(|kind| kind["slug"].clone()).collect();
    assert_eq!(types, ["peer-support", "community-of-practice"]);
    assert_eq!((&made["viewer"]["role"], &made["viewer"]["state"]), (&json!("owner"), &json!("active")));
    for path in [made.header("location").to_owned(), "/groups/by-slug/falls-clinic".to_owned()] {
        assert_eq!(ann.get(path).await.expect(200).json, made.json);
    }
    let listed = ann.get("/groups").await.expect(200);
    assert_eq!(listed.items(), [made.json]);
}

async fn a_new_group_is_refused_by_the_field_that_is_wrong(app: App) {
    let ann = app.user("ann");
    let with = |extra: Value| {
        let mut body = json!({ "name": "Circle", "type_ids": [COMMUNITY] });
        body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        body
    };
    let unknown = "019aaf5c-0000-7000-8000-00000000ffff";
    for (body, pointer, code) in [
        (json!({ "type_ids": [COMMUNITY] }), "/name", "missing"),
        (json!({ "name": "Circle" }), "/type_ids", "missing"),
        (with(json!({ "name": "x" })), "/name", "too_short"),
        (with(json!({ "name": "é".repeat(121) })), "/name", "too_long"),
        (with(json!({ "name": "a\u{7}b" })), "/name", "control_character"),
        (with(json!({ "name": 7 })), "/name", "wrong_type"),
        (with(json!({ "name": null })), "/name", "wrong_type"),
        (with(json!({ "type_ids": [] })), "/type_ids", "empty"),
        (with(json!({ "type_ids": [unknown] })), "/type_ids", "unknown"),
        (with(json!({ "type_ids": ["x"] })), "/type_ids/0", "wrong_type"),
        (with(json!({ "slug": "Not A Slug" })), "/slug", "bad_slug"),
        (with(json!({ "visibility": "secret" })), "/visibility", "unknown_value"),
        (with(json!({ "tags": ["a\u{0}b"] })), "/tags/0", "control_character"),
        (with(json!({ "tags": vec!["x"; 3], "nonsense": true })), "/nonsense", "unknown_property"),
        (with(json!({ "summary": "x".repeat(301) })), "/summary", "too_long"),
        (with(json!({ "member_count": 5 })), "/member_count", "unknown_property"),
    ] {
        ann.post("/groups", body).await.expect_field(422, pointer, code);
    }
    let many: Vec<String> = (0..21).map(|number| format!("tag {number}")).collect();
    ann.post("/groups", with(json!({ "tags": many }))).await.expect_field(422, "/tags", "too_many");
    assert!(names(&ann, "").await.is_empty(), "nothing was made");
}

async fn names_may_be_equal_but_slugs_are_not(app: App) {
    let ann = app.user("ann");
    let mut slugs = Vec::new();
    for _ in 0..3 {
        let body = json!({ "name": "Circle", "type_ids": [COMMUNITY] });
        slugs.push(ann.post("/groups", body).await.expect(201)["slug"].as_str().unwrap().to_owned());
    }
    assert_eq!(slugs, ["circle", "circle-2", "circle-3"]);
    let body = json!({ "name": "Other", "slug": "circle", "type_ids": [COMMUNITY] });
    ann.post("/groups", body).await.expect_problem(409, "taken").expect_field(409, "/slug", "taken");
}

async fn a_hidden_group_has_a_slug_that_cannot_be_guessed(app: App) {
    let ann = app.user("ann");
    let body = json!({ "name": "Quiet circle", "type_ids": [COMMUNITY], "visibility": "hidden" });
    let made = ann.post("/groups", body).await.expect(201);
    let slug = made["slug"].as_str().unwrap();
    assert!(slug.starts_with("quiet-circle-") && slug.len() == "quiet-circle-".len() + 8, "{slug}");
    let open = group(&ann, "Loud circle", json!({})).await;
    let hidden = ann.patch(format!("/groups/{open}"), json!({ "visibility": "hidden" })).await.expect(200);
    assert_ne!(hidden["slug"], "loud-circle");
    ann.get("/groups/by-slug/loud-circle").await.expect_problem(404, "not_found");
    ann.get(format!("/groups/by-slug/{}", hidden["slug"].as_str().unwrap())).await.expect(200);
}

async fn a_taken_slug_never_tells_of_a_hidden_group(app: App) {
    let (ann, eve) = (app.user("ann"), app.user("eve"));
    group(&ann, "Quiet circle", json!({ "visibility": "hidden", "slug": "quiet" })).await;
    let body = json!({ "name": "Quiet circle", "slug": "quiet", "type_ids": [COMMUNITY] });
    assert_eq!(eve.post("/groups", body).await.expect(201)["slug"], "quiet");
}

async fn nobody_can_foretell_the_slug_of_a_group_that_becomes_hidden(app: App) {
    let (ann, eve) = (app.user("ann"), app.user("eve"));
    let id = group(&ann, "Circle", json!({ "slug": "circle" })).await;
    let guess = format!("circle-{}", &id[id.len() - 8..]);
    group(&eve, "Guess", json!({ "slug": guess })).await;
    let hidden = ann.patch(format!("/groups/{id}"), json!({ "visibility": "hidden" })).await.expect(200);
    assert_ne!(hidden["slug"], json!(guess));
    let old = json!({ "name": "Circle", "slug": "circle", "type_ids": [COMMUNITY] });
    eve.post("/groups", old).await.expect(201);
}

async fn a_deleted_group_leaves_its_slug_to_others(app: App) {
    let (ann, eve) = (app.user("ann"), app.user("eve"));
    let id = group(&ann, "Circle", json!({ "slug": "circle" })).await;
    ann.delete(format!("/groups/{id}")).await.expect(204);
    assert_eq!(eve.get("/groups/by-slug/circle").await.expect(404).status, 404);
    group(&eve, "Circle", json!({ "slug": "circle" })).await;
}

async fn external_ids_are_set_by_administrators_and_unique(app: App) {
    let (admin, ann) = (app.admin(), app.user("ann"));
    let body = |name: &str| json!({ "name": name, "type_ids": [COMMUNITY], "external_id": "crm-1" });
    ann.post("/groups", body("Circle")).await.expect_field(403, "/external_id", "forbidden");
    let id = admin.post("/groups", body("Circle")).await.expect(201).id();
    admin.post("/groups", body("Other")).await.expect_field(409, "/external_id", "taken");
    let cleared = admin.patch(format!("/groups/{id}"), json!({ "external_id": null })).await.expect(200);
    assert!(cleared["external_id"].is_null());
    admin.post("/groups", body("Other")).await.expect(201);
    admin.patch(format!("/groups/{id}"), json!({ "external_id": "crm-1" })).await.expect_field(
        409,
        "/external_id",
        "taken",
    );
}

async fn groups_are_sorted_every_way_with_the_unknown_last(app: App) {
    let (ann, bob) = (app.user("ann"), app.user("bob"));
    let mut ids = Vec::new();
    for name in ["Delta", "alpha", "Échelle", "Bravo"] {
        ids.push(group(&ann, name, json!({})).await);
    }
    post(&ann, &ids[1], "First").await;
    post(&ann, &ids[0], "Second").await;
    join(&bob, &ids[3]).await;
    for (sort, expected) in [
        ("active", ["Delta", "alpha", "Bravo", "Échelle"]),
        ("newest", ["Bravo", "Échelle", "alpha", "Delta"]),
        ("name", ["alpha", "Bravo", "Delta", "Échelle"]),
        ("members", ["Bravo", "Échelle", "alpha", "Delta"]),
    ] {
        assert_eq!(names(&app.anon(), &format!("sort={sort}")).await, expected, "{sort}");
        assert_eq!(paged(&app.anon(), &format!("sort={sort}&limit=1")).await, expected, "{sort}, page by page");
    }
    assert_eq!(names(&app.anon(), "").await, ["Delta", "alpha", "Bravo", "Échelle"], "active unless said");
}

async fn paged(viewer: &Caller, query: &str) -> Vec<String> {
    let (mut found, mut path) = (Vec::new(), format!("/groups?{query}"));
    loop {
        let page = viewer.get(&path).await.expect(200);
        found.extend(page.each("name").into_iter().map(str::to_owned));
        let Some(cursor) = page["next_cursor"].as_str() else { return found };
        assert_eq!(page.header("link"), format!("</api/v1/groups?{query}&cursor={cursor}>; rel=\"next\""));
        path = format!("/groups?{query}&cursor={cursor}");
    }
}

async fn groups_are_found_by_kind_text_ids_status_and_membership(app: App) {
    let (ann, bob) = (app.user("ann"), app.user("bob"));
    let falls = group(&ann, "Falls clinic", json!({ "summary": "Walking AGAIN", "tags": ["hip"] })).await;
    let sleep = group(&ann, "Sleep 100%", json!({ "type_ids": [PEER_SUPPORT], "purpose": "Rest" })).await;
    let old = group(&ann, "Old one", json!({})).await;
    ann.patch(format!("/groups/{old}"), json!({ "status": "archived" })).await.expect(200);
    join(&bob, &falls).await;
    for (query, expected) in [
        ("type=peer-support".to_owned(), vec!["Sleep 100%"]),
        ("type=no-such-kind".to_owned(), vec![]),
        ("q=again".to_owned(), vec!["Falls clinic"]),
        ("q=HIP".to_owned(), vec!["Falls clinic"]),
        ("q=rest".to_owned(), vec!["Sleep 100%"]),
        ("q=%25".to_owned(), vec!["Sleep 100%"]),
        ("q=_".to_owned(), vec![]),
        (format!("ids={sleep},{old}&status=all&sort=name"), vec!["Old one", "Sleep 100%"]),
        (format!("ids={sleep},{old}"), vec!["Sleep 100%"]),
        ("status=archived".to_owned(), vec!["Old one"]),
        ("mine=true".to_owned(), vec!["Falls clinic"]),
        ("mine=false".to_owned(), vec!["Sleep 100%"]),
        ("mine=false&status=all&sort=name".to_owned(), vec!["Old one", "Sleep 100%"]),
        ("role=member".to_owned(), vec!["Falls clinic"]),
        ("role=owner&status=all".to_owned(), vec![]),
    ] {
        assert_eq!(names(&bob, &query).await, expected, "{query}");
    }
    assert_eq!(names(&ann, "role=owner&sort=name").await, ["Falls clinic", "Sleep 100%"]);
    bob.delete(format!("/groups/{falls}/membership")).await.expect(204);
    assert_eq!(names(&bob, "mine=false&sort=name").await, ["Falls clinic", "Sleep 100%"], "left");
    assert_eq!(names(&app.anon(), "mine=false").await.len(), 2, "whoever is not logged in is in none");
    app.anon().get("/groups?mine=true").await.expect_problem(401, "unauthenticated");
    app.anon().get("/groups?role=owner").await.expect_problem(401, "unauthenticated");
    for (query, name) in [
        ("sort=size", "sort"),
        ("mine=perhaps", "mine"),
        ("ids=1,2", "ids"),
        ("status=dead", "status"),
        ("limit=0", "limit"),
    ] {
        bob.get(format!("/groups?{query}")).await.expect_field(400, name, "malformed");
    }
    bob.get("/groups?color=red").await.expect_field(400, "color", "unknown");
    bob.get(format!("/groups/{falls}?color=red")).await.expect_field(400, "color", "unknown");
    bob.put(format!("/groups/{falls}/membership?color=red"), json!({})).await.expect_field(400, "color", "unknown");
    bob.get("/groups?q=%00").await.expect(400);
}

async fn a_page_belongs_to_its_filters(app: App) {
    let ann = app.user("ann");
    for number in 0..3 {
        group(&ann, &format!("Circle {number}"), json!({})).await;
    }
    let page = ann.get("/groups?limit=1&sort=name").await.expect(200);
    let cursor = page["next_cursor"].as_str().unwrap();
    ann.get(format!("/groups?limit=2&sort=name&cursor={cursor}")).await.expect(200);
    for query in
        ["sort=newest", "sort=name&q=circle", "sort=name&type=lab", "sort=name&status=all", "sort=name&mine=true"]
    {
        ann.get(format!("/groups?{query}&cursor={cursor}")).await.expect_problem(400, "bad_cursor");
    }
    ann.get(format!("/articles?cursor={cursor}")).await.expect_field(400, "cursor", "malformed");
}

async fn a_count_that_is_withheld_is_null_and_no_order_tells_it(app: App) {
    let (ann, bob, admin) = (app.user("ann"), app.user("bob"), app.admin());
    let large = group(&ann, "Large", json!({ "show_member_count": false })).await;
    for number in 0..3 {
        join(&app.user(&format!("person {number}")), &large).await;
    }
    group(&ann, "Small", json!({})).await;
    assert_eq!(names(&bob, "sort=members").await, ["Small", "Large"]);
    for (viewer, count) in [(&bob, Value::Null), (&ann, json!(4)), (&admin, json!(4))] {
        let seen = viewer.get(format!("/groups/{large}")).await.expect(200);
        assert_eq!(seen["member_count"], count);
    }
    join(&bob, &large).await;
    assert_eq!(bob.get(format!("/groups/{large}")).await.expect(200)["member_count"], Value::Null);
}

async fn settings_change_one_by_one_and_null_clears(app: App) {
    let (ann, eve) = (app.user("ann"), app.user("eve"));
    let id = group(&ann, "Circle", json!({ "learning_question": "Why?", "summary": "Old" })).await;
    let before = ann.get(format!("/groups/{id}")).await.expect(200);
    let path = format!("/groups/{id}");
    let patched = ann.patch(&path, json!({ "summary": "New", "learning_question": null })).await.expect(200);
    assert_eq!((&patched["summary"], &patched["learning_question"]), (&json!("New"), &Value::Null));
    for (name, value) in before.json.as_object().unwrap() {
        if !["summary", "learning_question", "updated_at"].contains(&name.as_str()) {
            assert_eq!(&patched[name.as_str()], value, "{name} keeps");
        }
    }
    let kinds = ann.patch(&path, json!({ "type_ids": [PEER_SUPPORT] })).await.expect(200);
    assert_eq!(kinds["types"][0]["slug"], "peer-support");
    ann.patch(&path, json!({ "name": null })).await.expect_field(422, "/name", "wrong_type");
    ann.patch(&path, json!({ "member_count": 9 })).await.expect_field(422, "/member_count", "unknown_property");
    eve.patch(&path, json!({ "summary": "Mine" })).await.expect_problem(403, "forbidden");
    let unchanged = ann.patch(&path, json!({})).await.expect(200);
    assert_eq!(unchanged["summary"], "New");
}

async fn an_archived_group_is_read_only_until_it_is_taken_into_use_again(app: App) {
    let (ann, bob) = (app.user("ann"), app.user("bob"));
    let id = group(&ann, "Circle", json!({})).await;
    join(&bob, &id).await;
    let thread = post(&bob, &id, "Before").await;
    let path = format!("/groups/{id}");
    bob.patch(&path, json!({ "status": "archived" })).await.expect_problem(403, "forbidden");
    assert_eq!(ann.patch(&path, json!({ "status": "archived" })).await.expect(200)["status"], "archived");
    bob.get(format!("/posts/{thread}")).await.expect(200);
    let words = json!({ "kind": "discussion", "title": "After", "body": "Text" });
    for refused in [
        bob.post(format!("/groups/{id}/posts"), words.clone()).await,
        bob.post(format!("/posts/{thread}/comments"), json!({ "body": "Text" })).await,
        bob.patch(format!("/posts/{thread}"), json!({ "body": "Text" })).await,
        bob.delete(format!("/posts/{thread}")).await,
        ann.patch(&path, json!({ "name": "Other" })).await,
    ] {
        refused.expect_problem(409, "archived");
    }
    ann.patch(&path, json!({ "status": "active", "name": "Back" })).await.expect(200);
    bob.post(format!("/groups/{id}/posts"), words).await.expect(201);
}

async fn a_deleted_group_is_gone_with_all_that_is_in_it(app: App) {
    let (ann, bob) = (app.user("ann"), app.user("bob"));
    let id = group(&ann, "Circle", json!({})).await;
    join(&bob, &id).await;
    let thread = post(&bob, &id, "Words").await;
    bob.delete(format!("/groups/{id}")).await.expect_problem(403, "forbidden");
    ann.delete(format!("/groups/{id}")).await.expect(204);
    for path in [
        format!("/groups/{id}"),
        "/groups/by-slug/circle".to_owned(),
        format!("/groups/{id}/posts"),
        format!("/groups/{id}/members"),
        format!("/posts/{thread}"),
        format!("/groups/{id}/membership"),
    ] {
        ann.get(path).await.expect_problem(404, "not_found");
    }
    assert!(names(&ann, "status=all").await.is_empty());
    assert!(ann.get("/me/memberships").await.expect(200).items().is_empty());
    ann.delete("/me").await.expect(204);
}

async fn texts_come_as_written_and_as_safe_html(app: App) {
    let ann = app.user("ann");
    let hostile = "**Falls** <script>alert(1)</script> [x](javascript:alert(1))";
    let id = group(&ann, "Circle", json!({ "description": hostile, "purpose": "- one" })).await;
    let path = format!("/groups/{id}");
    let safe =
        "<p><strong>Falls</strong> &lt;script&gt;alert(1)&lt;/script&gt; <a rel=\"nofollow ugc noopener\">x</a></p>\n";
    let (made, list) = ("<ul>\n<li>one</li>\n</ul>\n", ann.get("/groups").await.expect(200));
    for shown in [ann.get(&path).await.expect(200).json, list.items()[0].clone()] {
        assert_eq!((&shown["description"], &shown["description_html"]), (&json!(hostile), &json!(safe)));
        assert_eq!(shown["purpose_html"], made);
    }
    let changed = ann.patch(&path, json!({ "description": "_Other_" })).await.expect(200);
    assert_eq!(changed["description_html"], "<p><em>Other</em></p>\n");
    assert_eq!(changed["purpose_html"], made, "what is not changed is kept");
    app.in_database(|conn| {
        use diesel::prelude::*;
        use praxis::db::schema::groups;
        let before = (groups::description_html.eq(None::<String>), groups::purpose_html.eq(None::<String>));
        crate::support::on_each!(conn => diesel::update(groups::table).set(before).execute(conn))?;
        Ok(())
    });
    assert_eq!(ann.get(&path).await.expect(200).json, changed.json, "written before there was any HTML");
}

async fn a_hidden_group_is_known_to_its_members_and_administrators_only(app: App) {
    let (ann, bob, eve, admin) = (app.user("ann"), app.user("bob"), app.user("eve"), app.admin());
    let id = group(&ann, "Circle", json!({ "join_policy": "request" })).await;
    join(&bob, &id).await;
    ann.post(format!("/groups/{id}/membership-requests/{}/decision", bob.id()), json!({ "outcome": "approve" }))
        .await
        .expect(200);
    ann.patch(format!("/groups/{id}"), json!({ "visibility": "hidden" })).await.expect(200);
    for (viewer, knows) in [(&ann, true), (&bob, true), (&admin, true), (&eve, false), (&app.anon(), false)] {
        let answer = viewer.get(format!("/groups/{id}")).await;
        assert_eq!(answer.status, if knows { 200 } else { 404 });
        assert_eq!(names(viewer, "").await.len(), usize::from(knows));
    }
    let nothing = eve.get("/groups/019aaf5c-0000-7000-8000-00000000ffff").await.expect(404);
    let hidden = eve.get(format!("/groups/{id}")).await.expect(404);
    assert_eq!(nothing.without_request_id(), hidden.without_request_id());
}

async fn what_one_can_do_is_what_works(app: App) {
    let (owner, helper, ann, eve) = (app.user("owner"), app.user("helper"), app.user("ann"), app.user("eve"));
    for policy in ["members", "facilitators"] {
        let id = group(&owner, "Circle", json!({ "post_policy": policy })).await;
        member_as(&helper, &owner, &id, "facilitator").await;
        join(&ann, &id).await;
        for viewer in [&owner, &helper, &ann, &eve] {
            let seen = viewer.get(format!("/groups/{id}")).await.expect(200);
            let can = |action: &str| seen["viewer"]["can"].as_array().unwrap().iter().any(|known| known == action);
            let works = |answer: Answer| (200..300).contains(&answer.status);
            let words = |kind: &str| json!({ "kind": kind, "title": "Words", "body": "Text" });
            let posts = format!("/groups/{id}/posts");
            assert_eq!(can("read_posts"), works(viewer.get(&posts).await));
            assert_eq!(can("read_members"), works(viewer.get(format!("/groups/{id}/members")).await));
            assert_eq!(can("post"), works(viewer.post(&posts, words("question")).await));
            assert_eq!(can("announce"), works(viewer.post(&posts, words("announcement")).await));
            assert_eq!(can("manage_members"), works(viewer.get(format!("/groups/{id}/members?state=left")).await));
            assert_eq!(can("edit"), works(viewer.patch(format!("/groups/{id}"), json!({ "summary": "S" })).await));
            assert_eq!(can("decide_contributions"), works(viewer.get(format!("/groups/{id}/contributions")).await));
            assert_eq!(can("join"), viewer.name() == "eve");
        }
    }
}

async fn groups_are_found_by_any_or_all_of_several_types(app: App) {
    let ann = app.user("ann");
    let made = async |name: &str, types: Value| {
        let settings = json!({ "type_ids": types, "visibility": "public", "join_policy": "open" });
        group(&ann, name, settings).await
    };
    let both = made("Both", json!([COMMUNITY, PEER_SUPPORT])).await;
    let community = made("Community", json!([COMMUNITY])).await;
    let peers = made("Peers", json!([PEER_SUPPORT])).await;
    let lab = ann.get("/group-types").await.expect(200).items()[3]["id"].clone();
    made("Lab", json!([lab])).await;
    let list = async |query: &str| {
        let listed = ann.get(format!("/groups?sort=name&type={query}")).await.expect(200);
        listed.each("id").into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(list("community-of-practice").await, [both.clone(), community.clone()]);
    let two = "community-of-practice,peer-support";
    assert_eq!(list(two).await, [both.clone(), community.clone(), peers.clone()]);
    assert_eq!(list(&format!("{two}&type_match=any")).await, [both.clone(), community, peers]);
    assert_eq!(list(&format!("{two}&type_match=all")).await, [both]);
    assert_eq!(list("unheard-of").await, [""; 0]);
    for wrong in ["a,", "A", "a,b,c,d,e,f,g,h,i,j,k"] {
        ann.get(format!("/groups?type={wrong}")).await.expect_field(400, "type", "malformed");
    }
    ann.get("/groups?type=lab&type_match=some").await.expect_field(400, "type_match", "malformed");
}
