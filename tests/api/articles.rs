//! Articles, and the groups that agree to be named in them.

use std::time::Duration;

use diesel::prelude::*;
use praxis::api::articles::queries::publish_due;
use praxis::auth::actor::PlatformRole;
use praxis::db::in_transaction;
use praxis::types::{ArticleId, Timestamp, UserId};
use serde_json::{Value, json};

use crate::support::world::{article, contribute, group, join, member, member_as, micros};
use crate::support::{App, Caller, Case, on_each, served};

pub fn cases() -> Vec<Case> {
    served![
        editors_write_and_everybody_reads_what_is_published,
        an_article_is_refused_by_the_field_that_is_wrong,
        a_draft_is_for_editors_and_for_those_who_lead_a_group_that_is_asked,
        an_article_shows_the_groups_that_agreed_in_order_and_what_to_read_next,
        a_hidden_group_is_never_named_to_outsiders,
        a_group_is_asked_once_decides_and_may_change_its_mind,
        only_those_who_lead_answer_for_a_group,
        an_article_asks_a_hundred_groups_at_most,
        articles_are_listed_by_publication_with_unknown_dates_last,
        publication_makes_groups_active_then_and_taking_it_back_undoes_that,
        an_unknown_date_of_publication_makes_nobody_active,
        deleting_an_article_undoes_its_activity,
        a_scheduled_article_comes_out_once_at_its_time,
        an_article_is_scheduled_for_the_year_to_come,
        what_was_scheduled_can_be_taken_back_or_published_at_once,
        a_former_slug_leads_to_the_article_for_who_may_read_it,
        an_article_has_html_tags_and_a_picture_with_words,
        an_article_is_changed_by_who_has_seen_it,
        those_who_write_with_the_editors_change_words_and_name_groups,
        only_people_with_an_account_in_use_write_with_the_editors,
        articles_are_found_by_tag_and_by_group,
        a_group_lists_what_it_contributed_to,
        what_is_related_says_why_and_is_made_up_to_five,
        a_hidden_group_relates_nothing_for_outsiders,
        those_who_lead_and_who_asked_are_told,
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
    assert_eq!(made["viewer"]["can"], json!(["edit", "publish", "delete", "propose_contribution"]));
    for (viewer, can) in [(&app.anon(), json!([])), (&ann, json!([])), (&editor, made["viewer"]["can"].clone())] {
        let mut expected = made.json.clone();
        expected["viewer"]["can"] = can;
        assert_eq!(viewer.get("/articles/by-slug/why-we-meet").await.expect(200).json, expected);
        assert_eq!(viewer.get(format!("/articles/{}", made.id())).await.expect(200).json, expected);
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
        (with(json!({ "cover_url": "https://example.org/a.png" })), "/cover_alt", "missing"),
        (with(json!({ "cover_alt": "A garden" })), "/cover_alt", "conflict"),
        (with(json!({ "cover_url": "javascript:alert(1)", "cover_alt": "A garden" })), "/cover_url", "bad_url"),
        (with(json!({ "author_ids": ["019aaf5c-0000-7000-8000-00000000ffff"] })), "/author_ids", "unknown"),
        (with(json!({ "author_ids": (0..11).map(|_| UserId::new()).collect::<Vec<_>>() })), "/author_ids", "too_many"),
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

async fn an_article_asks_a_hundred_groups_at_most(app: App) {
    let (editor, owner) = (editor(&app), app.user("owner"));
    let parts = format!("/articles/{}/contributions", article(&editor, "Main", "published", &[]).await);
    let mut groups = Vec::new();
    for number in 0..101 {
        groups.push(group(&owner, &format!("Circle {number}"), json!({})).await);
    }
    let ask = async |id: &str| editor.post(&parts, json!({ "group_id": id, "role": "wrote" })).await;
    for id in &groups[..100] {
        ask(id).await.expect(201);
    }
    ask(&groups[100]).await.expect_problem(409, "invalid_state");
    // again, where it has declined
    owner.post(format!("{parts}/{}/decision", groups[0]), json!({ "outcome": "decline" })).await.expect(200);
    ask(&groups[0]).await.expect(201);
    editor.delete(format!("{parts}/{}", groups[0])).await.expect(204);
    ask(&groups[100]).await.expect(201);
    assert_eq!(editor.get(&parts).await.expect(200).items().len(), 100);
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

fn later(seconds: u64) -> Timestamp {
    Timestamp::now().after(Duration::from_secs(seconds))
}

async fn a_scheduled_article_comes_out_once_at_its_time(app: App) {
    let (editor, owner) = (editor(&app), app.user("owner"));
    let (one, two) = (group(&owner, "One", json!({})).await, group(&owner, "Two", json!({})).await);
    let main = article(&editor, "Main", "draft", &[(&one, &owner)]).await;
    let other = article(&editor, "Other", "draft", &[(&one, &owner), (&two, &owner)]).await;
    let path = format!("/articles/{main}");
    let soon = later(3600);
    let planned = editor.patch(&path, json!({ "status": "scheduled", "publish_at": soon })).await.expect(200);
    assert_eq!((&planned["status"], &planned["published_at"]), (&json!("scheduled"), &Value::Null));
    assert_eq!(micros(&planned["publish_at"]), Some(soon.micros()));
    let much_later = json!({ "status": "scheduled", "publish_at": later(360_000) });
    editor.patch(format!("/articles/{other}"), much_later).await.expect(200);
    app.anon().get(&path).await.expect(404);
    let scheduled = editor.get("/articles?status=scheduled").await.expect(200);
    assert_eq!(scheduled.each("slug"), ["other", "main"]);
    assert!(editor.get("/articles?status=draft").await.expect(200).items().is_empty());

    assert_eq!(app.in_database(|conn| publish_due(conn, Timestamp::now())), 0, "its time has not come");
    assert_eq!(last_active(&owner, &one).await, None);
    let run = later(7200);
    // as if several servers ran the job at one time
    let connections: Vec<_> = (0..4).map(|_| app.database.connect()).collect();
    let runs = connections
        .into_iter()
        .map(|mut conn| std::thread::spawn(move || in_transaction(&mut conn, |conn| publish_due(conn, run)).unwrap()));
    let runs: Vec<_> = runs.collect();
    let published: usize = runs.into_iter().map(|run| run.join().unwrap()).sum();
    assert_eq!(published, 1);
    let shown = app.anon().get(&path).await.expect(200);
    assert_eq!((&shown["status"], &shown["publish_at"]), (&json!("published"), &Value::Null));
    assert_eq!(micros(&shown["published_at"]), Some(run.micros()), "when it came out, not when it was to");
    assert!(micros(&shown["updated_at"]) > micros(&planned["updated_at"]));
    assert_eq!((last_active(&owner, &one).await, last_active(&owner, &two).await), (Some(run.micros()), None));
    assert_eq!(app.in_database(praxis::doctor::examine), []);
}

async fn an_article_is_scheduled_for_the_year_to_come(app: App) {
    let editor = editor(&app);
    let with = |status: &str, at: Value| json!({ "kind": "news", "title": "T", "status": status, "publish_at": at });
    let past = json!("2024-01-01T00:00:00Z");
    for (body, code) in [
        (json!({ "kind": "news", "title": "T", "status": "scheduled" }), "missing"),
        (with("scheduled", Value::Null), "missing"),
        (with("scheduled", past), "past"),
        (with("scheduled", json!(later(370 * 86_400))), "too_late"),
        (with("draft", json!(later(60))), "conflict"),
        (with("published", json!(later(60))), "conflict"),
    ] {
        editor.post("/articles", body.clone()).await.expect_field(422, "/publish_at", code);
        let draft = article(&editor, "Draft", "draft", &[]).await;
        let mut patch = body;
        patch.as_object_mut().unwrap().remove("kind");
        editor.patch(format!("/articles/{draft}"), patch).await.expect_field(422, "/publish_at", code);
        editor.delete(format!("/articles/{draft}")).await.expect(204);
    }
    let dated = json!({
        "kind": "news", "title": "T", "status": "scheduled", "publish_at": later(60),
        "published_at": "2024-01-01T00:00:00Z",
    });
    editor.post("/articles", dated).await.expect_field(422, "/published_at", "scheduled");
    let made = editor.post("/articles", with("scheduled", json!(later(360 * 86_400)))).await.expect(201);
    assert_eq!(made["status"], "scheduled");
}

async fn what_was_scheduled_can_be_taken_back_or_published_at_once(app: App) {
    let (editor, owner) = (editor(&app), app.user("owner"));
    let id = group(&owner, "Circle", json!({})).await;
    let main = article(&editor, "Main", "draft", &[(&id, &owner)]).await;
    let (path, soon) = (format!("/articles/{main}"), later(3600));
    editor.patch(&path, json!({ "status": "scheduled", "publish_at": soon })).await.expect(200);
    let renamed = editor.patch(&path, json!({ "title": "Other" })).await.expect(200);
    assert_eq!(micros(&renamed["publish_at"]), Some(soon.micros()), "the plan stands");
    let draft = editor.patch(&path, json!({ "status": "draft" })).await.expect(200);
    assert_eq!((&draft["status"], &draft["publish_at"]), (&json!("draft"), &Value::Null));
    editor.patch(&path, json!({ "status": "scheduled", "publish_at": soon })).await.expect(200);
    let shown = editor.patch(&path, json!({ "status": "published" })).await.expect(200);
    assert_eq!((&shown["status"], &shown["publish_at"]), (&json!("published"), &Value::Null));
    assert_eq!(last_active(&owner, &id).await, micros(&shown["published_at"]));
    // a published article is taken back and comes out anew
    editor.patch(&path, json!({ "status": "scheduled", "publish_at": soon })).await.expect(200);
    assert_eq!(last_active(&owner, &id).await, None);
    app.anon().get(&path).await.expect(404);
    editor.delete(&path).await.expect(204);
    assert_eq!(app.in_database(|conn| publish_due(conn, later(7200))), 0, "what is deleted does not come out");
}

async fn a_former_slug_leads_to_the_article_for_who_may_read_it(app: App) {
    let (editor, ann) = (editor(&app), app.user("ann"));
    let main = article(&editor, "First name", "draft", &[]).await;
    let path = format!("/articles/{main}");
    let renamed = editor.patch(&path, json!({ "slug": "second-name" })).await.expect(200);
    assert_eq!(renamed["slug"], "second-name");
    editor.patch(&path, json!({ "slug": "third-name" })).await.expect(200);
    let place = "/api/v1/articles/by-slug/third-name";
    for old in ["first-name", "second-name"] {
        let moved = editor.get(format!("/articles/by-slug/{old}")).await.expect(308);
        assert_eq!(moved.header("location"), place);
        ann.get(format!("/articles/by-slug/{old}")).await.expect_problem(404, "not_found");
    }
    editor.patch(&path, json!({ "status": "published" })).await.expect(200);
    assert_eq!(app.anon().get("/articles/by-slug/first-name").await.expect(308).header("location"), place);
    app.anon().get("/articles/by-slug/third-name").await.expect(200);

    // nobody else gets a slug that leads elsewhere; the article itself may have it back
    let body = json!({ "kind": "news", "title": "T", "slug": "second-name" });
    editor.post("/articles", body).await.expect_field(409, "/slug", "taken");
    let other = editor.post("/articles", json!({ "kind": "news", "title": "First name" })).await.expect(201);
    assert_eq!(other["slug"], "first-name-2");
    let other = format!("/articles/{}", other.id());
    for taken in ["first-name", "third-name"] {
        editor.patch(&other, json!({ "slug": taken })).await.expect_field(409, "/slug", "taken");
    }
    editor.patch(&path, json!({ "slug": "second-name" })).await.expect(200);
    app.anon().get("/articles/by-slug/second-name").await.expect(200);
    let place = "/api/v1/articles/by-slug/second-name";
    assert_eq!(app.anon().get("/articles/by-slug/third-name").await.expect(308).header("location"), place);
    editor.delete(&path).await.expect(204);
    app.anon().get("/articles/by-slug/third-name").await.expect_problem(404, "not_found");
}

async fn an_article_has_html_tags_and_a_picture_with_words(app: App) {
    let editor = editor(&app);
    let body = json!({
        "kind": "case_study", "title": "T", "body": "**Bold** <script>alert(1)</script>",
        "tags": ["Falls", "falls", "Night"],
        "cover_url": "https://example.org/garden.png", "cover_alt": "A garden", "status": "published",
    });
    let made = editor.post("/articles", body).await.expect(201);
    assert!(made["body_html"].as_str().unwrap().contains("<strong>Bold</strong>"), "{made}");
    assert!(!made["body_html"].as_str().unwrap().contains("<script"), "{made}");
    assert_eq!(made["tags"], json!(["Falls", "Night"]));
    let listed = app.anon().get("/articles").await.expect(200);
    for name in ["tags", "cover_url", "cover_alt", "status", "publish_at", "published_at"] {
        assert_eq!(listed.items()[0][name], made[name], "{name}");
    }
    let path = format!("/articles/{}", made.id());
    editor.patch(&path, json!({ "cover_alt": null })).await.expect_field(422, "/cover_alt", "missing");
    editor.patch(&path, json!({ "cover_url": null })).await.expect_field(422, "/cover_alt", "conflict");
    let bare = json!({ "cover_url": null, "cover_alt": null, "tags": [], "body": "*Leaning*" });
    let bare = editor.patch(&path, bare).await.expect(200);
    assert_eq!((&bare["cover_url"], &bare["cover_alt"], &bare["tags"]), (&Value::Null, &Value::Null, &json!([])));
    assert_eq!(bare["body_html"], "<p><em>Leaning</em></p>\n");
    // rows from before HTML was kept
    app.in_database(|conn| {
        use praxis::db::schema::articles;
        let forgotten = articles::body_html.eq(None::<String>);
        on_each!(conn => diesel::update(articles::table).set(forgotten).execute(conn))?;
        Ok(())
    });
    assert_eq!(app.anon().get(&path).await.expect(200)["body_html"], bare["body_html"]);
}

async fn an_article_is_changed_by_who_has_seen_it(app: App) {
    let editor = editor(&app);
    let made = editor.post("/articles", json!({ "kind": "news", "title": "T" })).await.expect(201);
    let path = format!("/articles/{}", made.id());
    let seen = made.header("etag").to_owned();
    assert_eq!(editor.get(&path).await.expect(200).header("etag"), seen);
    assert_eq!(editor.get("/articles/by-slug/t").await.expect(200).header("etag"), seen);
    let changed = editor.patch_if(&seen, &path, json!({ "title": "Mine" })).await.expect(200);
    assert_ne!(changed.header("etag"), seen);
    let late = editor.patch_if(&seen, &path, json!({ "title": "Also mine" })).await;
    let late = late.expect_problem(412, "precondition_failed");
    assert_eq!(late.version(), changed.version());
    let unsaid = editor.request(reqwest::Method::PATCH, &path).json(json!({ "title": "Whatever" })).await;
    unsaid.expect_problem(428, "precondition_required");
    assert_eq!(editor.get(&path).await.expect(200)["title"], "Mine");
}

async fn those_who_write_with_the_editors_change_words_and_name_groups(app: App) {
    let (editor, owner, ann, eve) = (editor(&app), app.user("owner"), app.user("ann"), app.user("eve"));
    let id = group(&owner, "Circle", json!({})).await;
    let body = json!({ "kind": "news", "title": "Together", "author_ids": [ann.id()] });
    let made = editor.post("/articles", body).await.expect(201);
    assert_eq!(made["author_ids"], json!([ann.id()]));
    let path = format!("/articles/{}", made.id());
    let mine = ann.get(&path).await.expect(200);
    assert_eq!(mine["viewer"]["can"], json!(["edit", "propose_contribution"]));
    assert_eq!(mine["author_ids"], json!([ann.id()]));
    eve.get(&path).await.expect_problem(404, "not_found");
    let words = json!({
        "title": "Together at last", "standfirst": "S", "body": "B", "tags": ["t"], "byline_name": "Ann", "links": [],
        "cover_url": "https://example.org/a.png", "cover_alt": "Ann",
    });
    assert_eq!(ann.patch(&path, words.clone()).await.expect(200)["title"], "Together at last");
    eve.patch(&path, words).await.expect_problem(403, "forbidden");
    for (name, value) in [
        ("status", json!("published")),
        ("published_at", Value::Null),
        ("publish_at", Value::Null),
        ("slug", json!("mine")),
        ("author_ids", json!([])),
        ("related_ids", json!([])),
        ("kind", json!("case_study")),
    ] {
        ann.patch(&path, json!({ name: value })).await.expect_field(403, &format!("/{name}"), "forbidden");
    }
    ann.delete(&path).await.expect_problem(403, "forbidden");

    let (parts, ask) = (format!("{path}/contributions"), json!({ "group_id": id, "role": "wrote" }));
    eve.post(&parts, ask.clone()).await.expect_problem(403, "forbidden");
    ann.post(&parts, ask).await.expect(201);
    assert_eq!(ann.get(&parts).await.expect(200).items()[0]["state"], "proposed");
    ann.post(format!("{parts}/{id}/decision"), json!({ "outcome": "accept" })).await.expect_problem(403, "forbidden");
    ann.delete(format!("{parts}/{id}")).await.expect_problem(403, "forbidden");
    owner.post(format!("{parts}/{id}/decision"), json!({ "outcome": "decline", "reason": "No." })).await.expect(200);
    assert_eq!(ann.get(&parts).await.expect(200).items()[0]["decision_reason"], "No.");

    let shown = editor.patch(&path, json!({ "status": "published" })).await.expect(200);
    assert_eq!(shown["author_ids"], json!([ann.id()]));
    assert_eq!(app.anon().get(&path).await.expect(200)["author_ids"], json!([]));
    assert_eq!(eve.get(&path).await.expect(200)["author_ids"], json!([]));
    editor.patch(&path, json!({ "author_ids": [], "status": "draft" })).await.expect(200);
    ann.get(&path).await.expect_problem(404, "not_found");
    ann.patch(&path, json!({ "title": "Mine" })).await.expect_problem(403, "forbidden");
}

async fn only_people_with_an_account_in_use_write_with_the_editors(app: App) {
    let (editor, admin, ann, bob) = (editor(&app), app.admin(), app.user("ann"), app.user("bob"));
    let main = article(&editor, "Main", "draft", &[]).await;
    let path = format!("/articles/{main}");
    editor.patch(&path, json!({ "author_ids": [ann.id(), ann.id()] })).await.expect(200);
    for person in [&ann, &bob] {
        let suspended = json!({ "status": "suspended", "reason": "Spam" });
        admin.patch(format!("/admin/users/{}", person.id()), suspended).await.expect(200);
    }
    let both = json!({ "author_ids": [ann.id(), bob.id()] });
    editor.patch(&path, both).await.expect_field(422, "/author_ids", "unknown");
    let kept = editor.patch(&path, json!({ "author_ids": [ann.id()] })).await.expect(200);
    assert_eq!(kept["author_ids"], json!([ann.id()]), "who was one stays one");
}

async fn articles_are_found_by_tag_and_by_group(app: App) {
    let (editor, owner, eve) = (editor(&app), app.user("owner"), app.user("eve"));
    let id = group(&owner, "Circle", json!({})).await;
    for (title, tags) in
        [("One", json!(["Falls", "Äpfel"])), ("Two", json!(["falls"])), ("Three", json!(["Fallstudy"]))]
    {
        let body = json!({ "kind": "news", "title": title, "status": "published", "tags": tags });
        editor.post("/articles", body).await.expect(201);
    }
    let mut found = app.anon().get("/articles?tag=FALLS").await.expect(200).each("slug").join(" ");
    assert_eq!(found, "two one");
    found = app.anon().get("/articles?tag=%C3%A4pfel&limit=1").await.expect(200).each("slug").join(" ");
    assert_eq!(found, "one");
    let one = app.anon().get("/articles/by-slug/one").await.expect(200).id();
    editor.patch(format!("/articles/{one}"), json!({ "tags": ["Night"] })).await.expect(200);
    assert_eq!(app.anon().get("/articles?tag=falls").await.expect(200).each("slug"), ["two"]);

    let (of_group, asked) = (format!("/articles?group_id={id}"), json!({ "group_id": id, "role": "tested" }));
    editor.post(format!("/articles/{one}/contributions"), asked).await.expect(201);
    assert!(eve.get(&of_group).await.expect(200).items().is_empty(), "it has not agreed");
    let decision = format!("/articles/{one}/contributions/{id}/decision");
    owner.post(decision, json!({ "outcome": "accept" })).await.expect(200);
    assert_eq!(eve.get(&of_group).await.expect(200).each("slug"), ["one"]);
    assert!(eve.get(format!("{of_group}&tag=falls")).await.expect(200).items().is_empty());
    owner.patch(format!("/groups/{id}"), json!({ "visibility": "hidden" })).await.expect(200);
    assert!(eve.get(&of_group).await.expect(200).items().is_empty(), "as if there were no such group");
    assert_eq!(owner.get(&of_group).await.expect(200).each("slug"), ["one"]);
}

async fn a_group_lists_what_it_contributed_to(app: App) {
    let (editor, owner, ann, eve) = (editor(&app), app.user("owner"), app.user("ann"), app.user("eve"));
    let id = group(&owner, "Circle", json!({})).await;
    member(&ann, &owner, &id).await;
    for (title, date) in
        [("Old", json!("2021-01-01T00:00:00Z")), ("New", json!("2024-01-01T00:00:00Z")), ("Unknown", Value::Null)]
    {
        let body = json!({ "kind": "news", "title": title, "status": "published", "published_at": date });
        let made = editor.post("/articles", body).await.expect(201).id();
        contribute(&editor, &owner, &made, &id).await;
    }
    article(&editor, "Draft", "draft", &[(&id, &owner)]).await;
    article(&editor, "Of nobody", "published", &[]).await;
    let asked = article(&editor, "Asked", "published", &[]).await;
    let ask = json!({ "group_id": id, "role": "wrote" });
    editor.post(format!("/articles/{asked}/contributions"), ask).await.expect(201);
    let (mut slugs, mut path) = (Vec::new(), format!("/groups/{id}/articles?limit=1"));
    loop {
        let page = app.anon().get(&path).await.expect(200);
        assert_eq!(page.items()[0]["role"], "wrote");
        slugs.extend(page.each("slug").into_iter().map(str::to_owned));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/groups/{id}/articles?limit=1&cursor={cursor}");
    }
    assert_eq!(slugs, ["new", "old", "unknown"]);
    owner.patch(format!("/groups/{id}"), json!({ "visibility": "hidden" })).await.expect(200);
    for (viewer, status) in [(&owner, 200), (&ann, 200), (&eve, 404), (&editor, 404), (&app.anon(), 404)] {
        viewer.get(format!("/groups/{id}/articles")).await.expect(status);
    }
}

/// What is related to an article: each slug with its reason.
async fn related(viewer: &Caller, article: &str) -> Vec<(String, String)> {
    let shown = viewer.get(format!("/articles/{article}")).await.expect(200);
    let text = |card: &Value, name: &str| card[name].as_str().unwrap().to_owned();
    shown["related"].as_array().unwrap().iter().map(|card| (text(card, "slug"), text(card, "reason"))).collect()
}

fn reasons(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(slug, reason)| ((*slug).to_owned(), (*reason).to_owned())).collect()
}

async fn what_is_related_says_why_and_is_made_up_to_five(app: App) {
    let (editor, owner) = (editor(&app), app.user("owner"));
    let id = group(&owner, "Circle", json!({})).await;
    let publish = async |title: &str, kind: &str, tags: Value, year: u32| {
        let at = format!("{year}-01-01T00:00:00Z");
        let body = json!({ "kind": kind, "title": title, "tags": tags, "status": "published", "published_at": at });
        editor.post("/articles", body).await.expect(201).id()
    };
    let main = publish("Main", "news", json!(["Falls"]), 2020).await;
    assert!(related(&app.anon(), &main).await.is_empty());
    contribute(&editor, &owner, &main, &id).await;
    publish("Newest", "case_study", json!([]), 2025).await;
    let chosen = publish("Chosen", "case_study", json!(["falls"]), 2011).await;
    publish("Tagged", "case_study", json!(["FALLS"]), 2012).await;
    let shared = publish("Shared", "opinion_piece", json!(["falls"]), 2013).await;
    contribute(&editor, &owner, &shared, &id).await;
    publish("Kin", "news", json!([]), 2014).await;
    let draft = article(&editor, "Draft", "draft", &[(&id, &owner)]).await;
    editor.patch(format!("/articles/{main}"), json!({ "related_ids": [draft, chosen] })).await.expect(200);
    let all = [
        ("chosen", "editors_choice"),
        ("shared", "shared_group"),
        ("tagged", "shared_tag"),
        ("kin", "same_kind"),
        ("newest", "recent"),
    ];
    assert_eq!(related(&app.anon(), &main).await, reasons(&all));
    // the latest come first, and there are five
    publish("More kin", "news", json!([]), 2015).await;
    let all = [all[0], all[1], all[2], ("more-kin", "same_kind"), ("kin", "same_kind")];
    assert_eq!(related(&app.anon(), &main).await, reasons(&all));
    editor.patch(format!("/articles/{shared}"), json!({ "status": "draft" })).await.expect(200);
    let all = [all[0], all[2], all[3], all[4], ("newest", "recent")];
    assert_eq!(related(&app.anon(), &main).await, reasons(&all));
}

async fn a_hidden_group_relates_nothing_for_outsiders(app: App) {
    let (editor, owner, eve) = (editor(&app), app.user("owner"), app.user("eve"));
    let id = group(&owner, "Circle", json!({})).await;
    let publish = async |title: &str, year: u32| {
        let at = format!("{year}-01-01T00:00:00Z");
        let body = json!({ "kind": "news", "title": title, "status": "published", "published_at": at });
        editor.post("/articles", body).await.expect(201).id()
    };
    let main = publish("Main", 2020).await;
    let old = publish("Old", 2010).await;
    for number in 0..5 {
        publish(&format!("Newer {number}"), 2011 + number).await;
    }
    let before = related(&app.anon(), &main).await;
    for part in [&main, &old] {
        contribute(&editor, &owner, part, &id).await;
    }
    assert_eq!(related(&eve, &main).await[0], ("old".to_owned(), "shared_group".to_owned()));
    owner.patch(format!("/groups/{id}"), json!({ "visibility": "hidden" })).await.expect(200);
    for outsider in [&app.anon(), &eve, &editor] {
        assert_eq!(related(outsider, &main).await, before, "as if the group had no part in it");
    }
    assert_eq!(related(&owner, &main).await[0], ("old".to_owned(), "shared_group".to_owned()));
}

/// How often a person was told of this about an article.
fn told(app: &App, person: &Caller, kind: &str, article: &str) -> i64 {
    let (person, article): (UserId, ArticleId) = (person.id(), article.parse().unwrap());
    app.in_database(|conn| {
        use praxis::db::schema::notifications;
        let told = notifications::table
            .filter(notifications::user_id.eq(person))
            .filter(notifications::kind.eq(kind))
            .filter(notifications::article_id.eq(article));
        Ok(on_each!(conn => told.count().get_result(conn))?)
    })
}

async fn those_who_lead_and_who_asked_are_told(app: App) {
    let (editor, owner, helper, ann) = (editor(&app), app.user("owner"), app.user("helper"), app.user("ann"));
    let id = group(&owner, "Circle", json!({})).await;
    member_as(&helper, &owner, &id, "facilitator").await;
    join(&ann, &id).await;
    let main = article(&editor, "Main", "published", &[]).await;
    let parts = format!("/articles/{main}/contributions");
    editor.post(&parts, json!({ "group_id": id, "role": "wrote" })).await.expect(201);
    for (person, times) in [(&owner, 1), (&helper, 1), (&ann, 0), (&editor, 0)] {
        assert_eq!(told(&app, person, "contribution_proposed", &main), times, "{}", person.name());
    }
    let decision = format!("{parts}/{id}/decision");
    for outcome in ["decline", "decline", "accept"] {
        owner.post(&decision, json!({ "outcome": outcome })).await.expect(200);
    }
    assert_eq!(told(&app, &editor, "contribution_decided", &main), 2, "saying it again is no news");
    owner.patch(format!("/groups/{id}"), json!({ "visibility": "hidden" })).await.expect(200);
    owner.post(&decision, json!({ "outcome": "decline" })).await.expect(200);
    assert_eq!(told(&app, &editor, "contribution_decided", &main), 2, "the editor may not know of it any more");
}
