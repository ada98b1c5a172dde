//! The demonstration data: the page that began it all, loaded once however often it is asked for.

use praxis::demo;
use praxis::types::Timestamp;
use serde_json::{Value, json};

use crate::support::world::join;
use crate::support::{App, Case, served};

pub fn cases() -> Vec<Case> {
    served![the_page_shows_its_two_cards_and_the_second_comes_alive, load_test_data_is_whole]
}

const PAGE: &str = "/articles/by-slug/social-innovation-labs-strengthening-health-and-care-improvement";

async fn the_page_shows_its_two_cards_and_the_second_comes_alive(app: App) {
    assert!(app.in_database(|conn| demo::load(conn, Timestamp::now())));
    assert!(!app.in_database(|conn| demo::load(conn, Timestamp::now())), "a second time changes nothing");
    assert_eq!(app.in_database(praxis::doctor::examine), []);

    let page = app.anon().get(PAGE).await.expect(200);
    assert_eq!(page["title"], "Social innovation labs: strengthening health and care improvement");
    let card = |name: &str, place: usize| page["contributing_groups"][place][name].clone();
    assert_eq!((card("name", 0), card("member_count", 0)), (json!("Communities of Practice"), json!(258)));
    assert!(card("last_active_at", 0).as_str().unwrap().starts_with("2025-04-18T"));
    assert_eq!((card("name", 1), card("member_count", 1)), (json!("Peer support Q Lab group"), json!(136)));
    assert_eq!(card("last_active_at", 1), Value::Null);
    let related: Vec<_> = page["related"].as_array().unwrap().iter().collect();
    for (card, (kind, title)) in related.iter().zip([
        ("case_study", "Creating a thriving community hospitals network"),
        ("opinion_piece", "All together on the road to improvement"),
    ]) {
        assert_eq!((&card["kind"], &card["title"]), (&json!(kind), &json!(title)));
        assert!(card["published_at"].as_str().unwrap().starts_with("2025-06-06T"));
        assert_eq!(card["reading_minutes"], 6);
    }

    let (ann, second) = (app.user("ann"), card("id", 1).as_str().unwrap().to_owned());
    assert_eq!(join(&ann, &second).await, "active");
    let body = json!({ "kind": "discussion", "title": "T", "body": "B" });
    let post = ann.post(format!("/groups/{second}/posts"), body).await.expect(201);
    let shown = app.anon().get(PAGE).await.expect(200);
    assert_eq!(shown["contributing_groups"][1]["last_active_at"], post["created_at"]);
    assert_eq!(shown["contributing_groups"][1]["member_count"], 137);
    ann.delete(format!("/posts/{}", post.id())).await.expect(204);
    let shown = app.anon().get(PAGE).await.expect(200);
    assert_eq!(shown["contributing_groups"][1]["last_active_at"], Value::Null);
}

async fn load_test_data_is_whole(app: App) {
    assert!(demo::load_scale(&mut app.database.connect(), 0.002).unwrap());
    assert!(!demo::load_scale(&mut app.database.connect(), 0.002).unwrap(), "a second time changes nothing");
    assert_eq!(app.in_database(praxis::doctor::examine), []);
    let groups = app.anon().get("/groups?sort=members&limit=100").await.expect(200);
    assert!(groups.items().len() > 10);
    let largest = groups.items()[0]["member_count"].as_i64().unwrap();
    assert!(
        largest > 2 * groups.items().last().unwrap()["member_count"].as_i64().unwrap_or(0),
        "communities are skewed"
    );
}
