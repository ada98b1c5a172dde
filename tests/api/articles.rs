//! Articles, and the groups that agree to be named in them.

use serde_json::{Value, json};

use praxis::auth::actor::PlatformRole;

use crate::support::world::{article, contribute, group, join, member_as, micros};
use crate::support::{App, Caller, Case, served};

pub fn cases() -> Vec<Case> {
    served![
        editors_write_and_everybody_reads_what_is_published,
        an_article_is_refused_by_the_field_that_is_wrong,
        a_draft_is_for_editors_and_for_those_who_lead_a_group_that_is_asked,
        an_article_shows_the_groups_that_agreed_in_order_and_what_to_read_next,
        a_hidden_group_is_never_named_to_outsiders,
        a_group_is_asked_once_decides_and_may_change_its_mind,
        only_those_who_lead_answer_for_a_group,
        articles_are_listed_by_publication_with_unknown_dates_last,
        publication_makes_groups_active_then_and_taking_it_back_undoes_that,
        an_unknown_date_of_publication_makes_nobody_active,
        deleting_an_article_undoes_its_activity,
    ]
}

fn editor(app: &App) -> Caller {
    app.person("editor", PlatformRole::Editor)
}

async fn last_active(viewer: &Caller, group: &str) -> Option<i64> {
    micros(&viewer.get(format!("/groups/{group}")).await.expect(200)["last_active_at"])
}

async fn editors_write_and_everybody_reads_what_is_published(app: App) {
    let (editor, ann) = (editor(&app), app.user("ann"));
    let body = json!({
        "kind": "opinion_piece", "title": "Why we meet", "standfirst": "In short.", "body": "word ".repeat(201),
        "byline_name": "Ida Doe", "links": [{ "label": "More", "url": "https://example.org/more" }], "status": "published",
        "published_at": "2024-05-01T12:00:00+02:00",
    });
    ann.post("/articles", body.clone()).await.expect_problem(403, "forbidden");
    let made = editor.post("/articles", body).await.expect(201);
    assert_eq!((&made["slug"], &made["reading_minutes"]), (&json!("why-we-meet"), &json!(2)));
    assert_eq!(made["published_at"], "2024-05-01T10:00:00Z");
    assert_eq!(made["byline"], json!({ "name": "Ida Doe", "job_title": null }));
    for viewer in [&app.anon(), &ann, &editor] {
        assert_eq!(viewer.get("/articles/by-slug/why-we-meet").await.expect(200).json, made.json);
        assert_eq!(viewer.get(format!("/articles/{}", made.id())).await.expect(200).json, made.json);
    }
    let path = format!("/articles/{}", made.id());
    let changed = editor.patch(&path, json!({ "body": "One.", "byline_name": null })).await.expect(200);
    assert_eq!((&changed["reading_minutes"], &changed["byline"]["name"]), (&json!(1), &Value::Null));
    assert_eq!((&changed["published_at"], &changed["links"]), (&made["published_at"], &made["links"]));
    ann.patch(&path, json!({ "body": "Mine." })).await.expect_problem(403, "forbidden");
    ann.delete(&path).await.expect_problem(403, "forbidden");
    editor.delete(&path).await.expect(204);
    editor.get(&path).await.expect_problem(404, "not_found");
}

async fn an_article_is_refused_by_the_field_that_is_wrong(app: App) {
    let editor = editor(&app);
    let with = |extra: Value| {
        let mut body = json!({ "kind": "news", "title": "T" });
        body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        body
    };
    for (body, pointer, code) in [
        (json!({ "title": "T" }), "/kind", "missing"),
        (with(json!({ "kind": "poem" })), "/kind", "unknown_value"),
        (with(json!({ "links": [{ "label": "L", "url": "javascript:alert(1)" }] })), "/links/0/url", "bad_url"),
        (with(json!({ "links": [{ "label": "L", "url": "/relative" }] })), "/links/0/url", "bad_url"),
        (with(json!({ "links": [{ "url": "https://example.org" }] })), "/links/0/label", "missing"),
        (with(json!({ "related_ids": ["019aaf5c-0000-7000-8000-00000000ffff"] })), "/related_ids", "unknown"),
        (
            with(json!({ "status": "published", "published_at": "2999-01-01T00:00:00Z" })),
            "/published_at",
            "in_the_future",
        ),
        (with(json!({ "status": "published", "published_at": "0001-01-01T00:00:00Z" })), "/published_at", "too_early"),
        (with(json!({ "published_at": "2024-01-01T00:00:00Z" })), "/published_at", "draft"),
        (with(json!({ "status": "published", "published_at": "yesterday" })), "/published_at", "bad_time"),
        (with(json!({ "reading_minutes": 3 })), "/reading_minutes", "unknown_property"),
    ] {
        editor.post("/articles", body).await.expect_field(422, pointer, code);
    }
    let own = article(&editor, "Own", "draft", &[]).await;
    let body = json!({ "related_ids": [own] });
    editor.patch(format!("/articles/{own}"), body).await.expect_field(422, "/related_ids", "unknown");
    editor.post("/articles", with(json!({ "slug": "own" }))).await.expect_field(409, "/slug", "taken");
}

async fn a_draft_is_for_editors_and_for_those_who_lead_a_group_that_is_asked(app: App) {
    let (editor, owner, helper, ann, eve) =
        (editor(&app), app.user("owner"), app.user("helper"), app.user("ann"), app.user("eve"));
    let id = group(&owner, "Circle", json!({})).await;
    member_as(&helper, &owner, &id, "facilitator").await;
    join(&ann, &id).await;
    let draft = article(&editor, "Draft", "draft", &[]).await;
    let path = format!("/articles/{draft}");
    owner.get(&path).await.expect_problem(404, "not_found");
    editor.post(format!("{path}/contributions"), json!({ "group_id": id, "role": "hosted" })).await.expect(201);
    for (viewer, status) in
        [(&editor, 200), (&owner, 200), (&helper, 200), (&ann, 404), (&eve, 404), (&app.anon(), 404)]
    {
        viewer.get(&path).await.expect(status);
        viewer.get(format!("{path}/contributions")).await.expect(status);
        viewer.get("/articles/by-slug/draft").await.expect(status);
    }
    eve.get("/articles?status=draft").await.expect_problem(403, "forbidden");
    assert_eq!(editor.get("/articles?status=draft").await.expect(200).each("slug"), ["draft"]);
    assert!(eve.get("/articles").await.expect(200).items().is_empty());
}

async fn an_article_shows_the_groups_that_agreed_in_order_and_what_to_read_next(app: App) {
    let (editor, owner) = (editor(&app), app.user("owner"));
    let first = group(&owner, "First", json!({})).await;
    let second = group(&owner, "Second", json!({})).await;
    let third = group(&owner, "Third", json!({})).await;
    let main = article(&editor, "Main", "published", &[(&first, &owner), (&second, &owner)]).await;
    editor
        .post(format!("/articles/{main}/contributions"), json!({ "group_id": third, "role": "tested" }))
        .await
        .expect(201);
    let next = article(&editor, "Next", "published", &[]).await;
    let draft = article(&editor, "Draft", "draft", &[]).await;
    editor.patch(format!("/articles/{main}"), json!({ "related_ids": [draft, next] })).await.expect(200);
    let shown = app.anon().get("/articles/by-slug/main").await.expect(200);
    let groups = shown["contributing_groups"].as_array().unwrap();
    let named: Vec<_> = groups.iter().map(|group| group["name"].as_str().unwrap()).collect();
    assert_eq!(named, ["First", "Second"], "the third has not agreed");
    assert_eq!((&groups[0]["member_count"], &groups[0]["role"]), (&json!(1), &json!("wrote")));
    assert_eq!(groups[0]["viewer"]["role"], "none");
    let related: Vec<_> = shown["related"].as_array().unwrap().iter().map(|card| card["slug"].clone()).collect();
    assert_eq!(related, ["next"], "a draft is not shown");
}

async fn a_hidden_group_is_never_named_to_outsiders(app: App) {
    let (editor, owner, ann) = (editor(&app), app.user("owner"), app.user("ann"));
    let id = group(&owner, "Circle", json!({})).await;
    join(&ann, &id).await;
    let main = article(&editor, "Main", "published", &[(&id, &owner)]).await;
    owner.patch(format!("/groups/{id}"), json!({ "visibility": "hidden" })).await.expect(200);
    for (viewer, named) in [(&owner, 1), (&ann, 1), (&editor, 0), (&app.anon(), 0)] {
        let shown = viewer.get(format!("/articles/{main}")).await.expect(200);
        assert_eq!(shown["contributing_groups"].as_array().unwrap().len(), named);
        let parts = viewer.get(format!("/articles/{main}/contributions")).await.expect(200);
        assert_eq!(parts.items().len(), named);
    }
    let body = json!({ "group_id": id, "role": "wrote" });
    editor.post(format!("/articles/{main}/contributions"), body).await.expect_field(422, "/group_id", "unknown");
    editor.delete(format!("/articles/{main}/contributions/{id}")).await.expect_problem(404, "not_found");
}

async fn a_group_is_asked_once_decides_and_may_change_its_mind(app: App) {
    let (editor, owner) = (editor(&app), app.user("owner"));
    let id = group(&owner, "Circle", json!({})).await;
    let main = article(&editor, "Main", "published", &[]).await;
    let parts = format!("/articles/{main}/contributions");
    let ask = json!({ "group_id": id, "role": "reviewed" });
    let asked = editor.post(&parts, ask.clone()).await.expect(201);
    assert_eq!((&asked["state"], &asked["decided_at"]), (&json!("proposed"), &Value::Null));
    editor.post(&parts, ask.clone()).await.expect_field(409, "/group_id", "taken");
    assert_eq!(owner.get(format!("/groups/{id}/contributions?state=proposed")).await.expect(200).items(), [asked.json]);
    let decision = format!("{parts}/{id}/decision");
    let no = owner.post(&decision, json!({ "outcome": "decline", "reason": "Not ours." })).await.expect(200);
    assert_eq!((&no["state"], &no["decision_reason"]), (&json!("declined"), &json!("Not ours.")));
    assert!(app.anon().get(&parts).await.expect(200).items().is_empty());
    owner.post(&decision, json!({ "outcome": "accept", "reason": "Between us." })).await.expect(200);
    assert!(app.anon().get(&parts).await.expect(200).items()[0]["decision_reason"].is_null());
    assert_eq!(editor.get(&parts).await.expect(200).items()[0]["decision_reason"], "Between us.");
    owner.post(&decision, json!({ "outcome": "decline" })).await.expect(200);
    assert_eq!(editor.get(&parts).await.expect(200).items().len(), 1);
    editor.post(&parts, ask).await.expect(201);
    assert_eq!(owner.post(&decision, json!({ "outcome": "accept" })).await.expect(200)["state"], "accepted");
    assert!(last_active(&owner, &id).await.is_some());
    owner.delete(format!("{parts}/{id}")).await.expect(204);
    assert!(last_active(&owner, &id).await.is_none());
    owner.delete(format!("{parts}/{id}")).await.expect_problem(404, "not_found");
}

async fn only_those_who_lead_answer_for_a_group(app: App) {
    let (editor, owner, ann, eve) = (editor(&app), app.user("owner"), app.user("ann"), app.user("eve"));
    let id = group(&owner, "Circle", json!({})).await;
    join(&ann, &id).await;
    let main = article(&editor, "Main", "published", &[]).await;
    let parts = format!("/articles/{main}/contributions");
    editor.post(&parts, json!({ "group_id": id, "role": "wrote" })).await.expect(201);
    let yes = json!({ "outcome": "accept" });
    for (who, status) in [(&eve, 404), (&ann, 404), (&editor, 403), (&app.anon(), 401)] {
        who.post(format!("{parts}/{id}/decision"), yes.clone()).await.expect(status);
    }
    for who in [&eve, &ann] {
        who.get(format!("/groups/{id}/contributions")).await.expect_problem(403, "forbidden");
        who.delete(format!("{parts}/{id}")).await.expect_problem(404, "not_found");
        who.post(&parts, json!({ "group_id": id, "role": "wrote" })).await.expect_problem(403, "forbidden");
    }
    owner.post(format!("{parts}/{id}/decision"), yes).await.expect(200);
    ann.delete(format!("{parts}/{id}")).await.expect_problem(403, "forbidden");
}

async fn articles_are_listed_by_publication_with_unknown_dates_last(app: App) {
    let editor = editor(&app);
    for (title, date) in [
        ("Middle", json!("2023-01-01T00:00:00Z")),
        ("Unknown", Value::Null),
        ("Newest", json!("2024-01-01T00:00:00Z")),
        ("Oldest", json!("2001-01-01T00:00:00Z")),
    ] {
        let body = json!({ "kind": "news", "title": title, "status": "published", "published_at": date });
        editor.post("/articles", body).await.expect(201);
    }
    let (mut titles, mut path) = (Vec::new(), "/articles?limit=1".to_owned());
    loop {
        let page = app.anon().get(&path).await.expect(200);
        titles.extend(page.each("title").into_iter().map(str::to_owned));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/articles?limit=1&cursor={cursor}");
    }
    assert_eq!(titles, ["Newest", "Middle", "Oldest", "Unknown"]);
    assert!(app.anon().get("/articles?kind=case_study").await.expect(200).items().is_empty());
}

async fn publication_makes_groups_active_then_and_taking_it_back_undoes_that(app: App) {
    let (editor, owner) = (editor(&app), app.user("owner"));
    let (one, two) = (group(&owner, "One", json!({})).await, group(&owner, "Two", json!({})).await);
    let main = article(&editor, "Main", "draft", &[(&one, &owner), (&two, &owner)]).await;
    let path = format!("/articles/{main}");
    assert_eq!((last_active(&owner, &one).await, last_active(&owner, &two).await), (None, None));
    let then = json!({ "status": "published", "published_at": "2022-02-02T02:02:02Z" });
    let published = micros(&editor.patch(&path, then).await.expect(200)["published_at"]);
    assert_eq!((last_active(&owner, &one).await, last_active(&owner, &two).await), (published, published));
    editor.patch(&path, json!({ "body": "Other words." })).await.expect(200);
    assert_eq!(last_active(&owner, &one).await, published, "editing is no activity");
    editor.patch(&path, json!({ "status": "draft" })).await.expect(200);
    assert_eq!((last_active(&owner, &one).await, last_active(&owner, &two).await), (None, None));
    let now = editor.patch(&path, json!({ "status": "published" })).await.expect(200);
    assert_eq!(last_active(&owner, &two).await, micros(&now["published_at"]));
    owner.delete(format!("{path}/contributions/{two}")).await.expect(204);
    assert_eq!(last_active(&owner, &two).await, None);
    contribute(&editor, &owner, &main, &two).await;
    assert_eq!(last_active(&owner, &two).await, micros(&now["published_at"]));
}

async fn an_unknown_date_of_publication_makes_nobody_active(app: App) {
    let (editor, owner) = (editor(&app), app.user("owner"));
    let id = group(&owner, "Circle", json!({})).await;
    let body = json!({ "kind": "news", "title": "Main", "status": "published", "published_at": null });
    let main = editor.post("/articles", body).await.expect(201);
    assert!(main["published_at"].is_null());
    contribute(&editor, &owner, &main.id(), &id).await;
    assert_eq!(last_active(&owner, &id).await, None);
    let shown = app.anon().get(format!("/articles/{}", main.id())).await.expect(200);
    assert_eq!(shown["contributing_groups"][0]["last_active_at"], Value::Null);
}

async fn deleting_an_article_undoes_its_activity(app: App) {
    let (editor, owner) = (editor(&app), app.user("owner"));
    let id = group(&owner, "Circle", json!({})).await;
    let main = article(&editor, "Main", "published", &[(&id, &owner)]).await;
    assert!(last_active(&owner, &id).await.is_some());
    editor.delete(format!("/articles/{main}")).await.expect(204);
    assert_eq!(last_active(&owner, &id).await, None);
    assert!(owner.get(format!("/groups/{id}/contributions")).await.expect(200).items().is_empty());
}
