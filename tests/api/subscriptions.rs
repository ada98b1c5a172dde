//! Feeds to subscribe to: what is in them, and what opens those that are not for everybody.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use diesel::prelude::*;
use praxis::auth::actor::PlatformRole;
use praxis::db::schema::feed_keys;
use praxis::types::FeedKeyId;
use serde_json::{Value, json};

use crate::support::world::{article, contribute, group, join, post};
use crate::support::{Answer, App, Caller, Case, on_each, served};

pub fn cases() -> Vec<Case> {
    served![
        a_public_group_has_a_feed_for_everybody,
        a_feed_holds_the_newest_fifty,
        hostile_words_do_not_break_a_feed,
        what_is_not_published_or_warned_of_is_not_in_a_feed,
        any_other_group_is_read_with_a_members_key_only,
        a_key_opens_what_its_owner_reads_as_a_member_and_no_more,
        a_key_that_is_unknown_revoked_or_of_no_account_in_use_opens_nothing,
        a_key_is_a_password_with_any_name,
        keys_are_shown_once_and_are_ones_own,
        there_is_an_end_to_keys,
        a_use_is_noted_once_an_hour,
        ones_feed_is_of_all_ones_groups_and_what_they_contributed_to,
        articles_have_a_feed_for_everybody,
    ]
}

/// A new feed key of this person's: its id and what opens feeds.
async fn key(person: &Caller) -> (String, String) {
    let made = person.post("/me/feed-keys", json!({ "name": "A reader" })).await.expect(201);
    (made.id(), made["secret"].as_str().unwrap().to_owned())
}

fn of_group(group: &str) -> String {
    format!("/groups/{group}/feed.atom")
}

/// The titles of a feed's entries, as they are written.
fn titles(feed: &Answer) -> Vec<String> {
    let text = feed.text().into_owned();
    let between = |entry: &str| {
        let title = entry.split("<title>").nth(1).unwrap();
        title.split("</title>").next().unwrap().to_owned()
    };
    text.split("<entry>").skip(1).map(between).collect()
}

async fn a_public_group_has_a_feed_for_everybody(app: App) {
    let (ann, anon) = (app.user("ann"), app.anon());
    let id = group(&ann, "Circle", json!({})).await;
    let empty = anon.get(of_group(&id)).await.expect(200);
    assert!(titles(&empty).is_empty() && !empty.text().contains("<updated>1970"), "{empty}");
    post(&ann, &id, "First").await;
    ann.patch(format!("/groups/{id}/membership"), json!({ "display_name": "Otter" })).await.expect(200);
    let second = post(&ann, &id, "Second").await;
    let feed = anon.get(of_group(&id)).await.expect(200);
    assert_eq!(feed.header("content-type"), "application/atom+xml");
    assert_eq!(titles(&feed), ["Second", "First"]);
    let text = feed.text();
    assert!(text.starts_with("<?xml version=\"1.0\"") && text.contains("xmlns=\"http://www.w3.org/2005/Atom\""));
    for part in [
        "<title>Circle</title>".to_owned(),
        format!("<id>urn:uuid:{id}</id>"),
        format!("<id>urn:uuid:{second}</id>"),
        format!("href=\"/api/v1/posts/{second}\""),
        "<name>Otter</name>".to_owned(),
        "<content type=\"html\">&lt;p&gt;The text of Second.&lt;/p&gt;".to_owned(),
    ] {
        assert!(text.contains(&part), "no {part}: {text}");
    }
    assert!(!text.contains("<name>ann</name>") && !text.contains("example.org"), "{text}");
    assert!(!feed.header("cache-control").contains("no-store"));
    anon.get(format!("{}?limit=5", of_group(&id))).await.expect_field(400, "limit", "unknown");
}

async fn a_feed_holds_the_newest_fifty(app: App) {
    let ann = app.user("ann");
    let id = group(&ann, "Circle", json!({})).await;
    for number in 0..52 {
        post(&ann, &id, &format!("T{number}")).await;
    }
    let feed = titles(&app.anon().get(of_group(&id)).await.expect(200));
    assert_eq!((feed.len(), feed[0].as_str(), feed[49].as_str()), (50, "T51", "T2"));
    let (_, secret) = key(&ann).await;
    assert_eq!(titles(&app.anon().get(format!("/me/feed.atom#{secret}")).await.expect(200)), feed);
}

async fn hostile_words_do_not_break_a_feed(app: App) {
    let ann = app.user("ann");
    let id = group(&ann, "A & <b>Circle</b> ]]>", json!({})).await;
    let body = json!({
        "kind": "discussion", "title": "</title><script>alert(1)</script>\u{ffff}",
        "body": "**bold** & <script>alert(2)</script> [x](javascript:alert(3)) ]]>\u{fffe}",
    });
    ann.post(format!("/groups/{id}/posts"), body).await.expect(201);
    let feed = app.anon().get(of_group(&id)).await.expect(200);
    assert_eq!(titles(&feed), ["&lt;/title&gt;&lt;script&gt;alert(1)&lt;/script&gt;"]);
    let text = feed.text();
    assert!(!text.contains("<script") && !text.contains("<b>") && !text.contains("href=\"javascript"), "{text}");
    assert!(!text.contains(['\u{fffe}', '\u{ffff}']), "{text}");
    // the HTML within is escaped once, and the text within that once more
    assert!(text.contains("&lt;strong&gt;bold&lt;/strong&gt;") && text.contains("&amp;lt;script&amp;gt;"), "{text}");
}

async fn what_is_not_published_or_warned_of_is_not_in_a_feed(app: App) {
    let ann = app.user("ann");
    let id = group(&ann, "Circle", json!({})).await;
    let path = format!("/groups/{id}/posts");
    let with = |extra: Value| {
        let mut body = json!({ "kind": "discussion", "title": "T", "body": "QqqBody" });
        body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        body
    };
    ann.post(&path, with(json!({ "title": "QqqDraft", "status": "draft" }))).await.expect(201);
    let gone = ann.post(&path, with(json!({ "title": "QqqGone" }))).await.expect(201).id();
    ann.delete(format!("/posts/{gone}")).await.expect(204);
    let (_, secret) = key(&ann).await;
    let both = [of_group(&id), format!("/me/feed.atom#{secret}")];
    for path in &both {
        let feed = app.anon().get(path).await.expect(200);
        assert!(!feed.text().contains("Qqq"), "{feed}");
    }
    let warned = json!({ "title": "Hard to read", "content_warnings": ["self_harm", "violence"] });
    ann.post(&path, with(warned)).await.expect(201);
    for path in &both {
        let feed = app.anon().get(path).await.expect(200);
        assert_eq!(titles(&feed), ["Hard to read"]);
        assert!(!feed.text().contains("Qqq") && !feed.text().contains("<content"), "{feed}");
        assert!(feed.text().contains("self harm, violence"), "{feed}");
    }
}

async fn any_other_group_is_read_with_a_members_key_only(app: App) {
    let (owner, ann, eve, anon) = (app.user("owner"), app.user("ann"), app.user("eve"), app.anon());
    let (_, of_ann) = key(&ann).await;
    let (_, of_eve) = key(&eve).await;
    for visibility in ["listed", "hidden"] {
        let id = group(&owner, "Circle", json!({})).await;
        join(&ann, &id).await;
        post(&owner, &id, "Words").await;
        owner.patch(format!("/groups/{id}"), json!({ "visibility": visibility })).await.expect(200);
        let with = |key: &str| format!("{}#{key}", of_group(&id));
        let feed = anon.get(with(&of_ann)).await.expect(200);
        assert_eq!((titles(&feed), feed.header("cache-control")), (vec!["Words".to_owned()], "private, no-store"));
        assert!(!feed.text().contains(&of_ann), "a feed is passed on, what opened it is not");
        // as for one that is not there
        let nothing = "/groups/019aaf5c-0000-7000-8000-00000000ffff/feed.atom".to_owned();
        for path in [of_group(&id), nothing] {
            let refused = anon.get(&path).await.expect_problem(401, "feed_key_needed");
            assert_eq!(refused.header("www-authenticate"), "Basic realm=\"feeds\", charset=\"UTF-8\", Bearer");
            ann.get(&path).await.expect_problem(401, "feed_key_needed");
        }
        anon.get(with(&of_eve)).await.expect_problem(404, "not_found");
        ann.delete(format!("/groups/{id}/membership")).await.expect(204);
        anon.get(with(&of_ann)).await.expect_problem(404, "not_found");
        let mine = anon.get(format!("/me/feed.atom#{of_ann}")).await.expect(200);
        assert!(titles(&mine).is_empty(), "leaving ends it at once");
    }
}

async fn a_key_opens_what_its_owner_reads_as_a_member_and_no_more(app: App) {
    let (owner, admin, anon) = (app.user("owner"), app.admin(), app.anon());
    let id = group(&owner, "Circle", json!({ "visibility": "listed" })).await;
    post(&owner, &id, "Words").await;
    let (_, secret) = key(&admin).await;
    anon.get(format!("{}#{secret}", of_group(&id))).await.expect_problem(404, "not_found");
    assert!(titles(&anon.get(format!("/me/feed.atom#{secret}")).await.expect(200)).is_empty());
    // it is no access token, and no access token is a feed key
    let posing = owner.with_token(secret.clone());
    posing.get("/me").await.expect_problem(401, "invalid_token");
    posing.get(format!("/groups/{id}/posts")).await.expect_problem(401, "invalid_token");
    anon.get(format!("/groups/{id}/posts#{secret}")).await.expect_problem(401, "invalid_token");
    for path in [of_group(&id), "/me/feed.atom".to_owned()] {
        anon.get(format!("{path}?token={secret}")).await.expect_field(400, "token", "unknown");
        for other in [owner.token.clone().unwrap(), owner.refresh_token().to_owned(), String::new(), "x".to_owned()] {
            anon.get(format!("{path}#{other}")).await.expect_problem(401, "feed_key_needed");
        }
        // programs send it as they send all else
        let opened = app.anon().with_token(secret.clone()).get("/me/feed.atom").await.expect(200);
        assert!(titles(&opened).is_empty());
    }
}

async fn a_key_that_is_unknown_revoked_or_of_no_account_in_use_opens_nothing(app: App) {
    let (ann, bob, admin, anon) = (app.user("ann"), app.user("bob"), app.admin(), app.anon());
    let id = group(&ann, "Circle", json!({})).await;
    join(&bob, &id).await;
    let (first, secret) = key(&ann).await;
    let (_, kept) = key(&ann).await;
    let (_, of_bob) = key(&bob).await;
    // also where everybody may read
    let open = async |key: &str, status: u16| {
        for path in [of_group(&id), "/me/feed.atom".to_owned()] {
            anon.get(format!("{path}#{key}")).await.expect(status);
        }
    };
    open(&secret, 200).await;
    ann.delete(format!("/me/feed-keys/{first}")).await.expect(204);
    open(&secret, 401).await;
    open("prx_feed_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", 401).await;
    open(&kept, 200).await;
    let status = async |status: &str| {
        admin.patch(format!("/admin/users/{}", bob.id()), json!({ "status": status })).await.expect(200);
    };
    open(&of_bob, 200).await;
    status("suspended").await;
    open(&of_bob, 401).await;
    status("active").await;
    open(&of_bob, 200).await;
    let again = app.user("carol");
    let (_, of_carol) = key(&again).await;
    again.delete("/me").await.expect(204);
    open(&of_carol, 401).await;
    let left = app.in_database(|conn| {
        let theirs = feed_keys::table.filter(feed_keys::user_id.eq(again.id()));
        Ok(on_each!(conn => theirs.count().get_result::<i64>(conn))?)
    });
    assert_eq!(left, 0);
}

async fn a_key_is_a_password_with_any_name(app: App) {
    let ann = app.user("ann");
    let open = of_group(&group(&ann, "Circle", json!({})).await);
    let (_, secret) = key(&ann).await;
    // as readers write it that know no UTF-8
    let named = [b"J\xf6rg:".as_slice(), secret.as_bytes()].concat();
    for (scheme, pair) in [("Basic", named.as_slice()), ("basic", format!(":{secret}").as_bytes())] {
        let value = format!("{scheme} {}", STANDARD.encode(pair));
        app.anon().get("/me/feed.atom").header("authorization", &value).await.expect(200);
    }
    // what is none of ours opens not even what is open without
    for other in ["Basic no-base64!", "Basic", "basic bm8tY29sb24=", "Digest x", "\u{e9}"] {
        let refused = app.anon().get(&open).header("authorization", other).await;
        refused.expect_problem(401, "feed_key_needed");
    }
}

async fn keys_are_shown_once_and_are_ones_own(app: App) {
    let (ann, bob) = (app.user("ann"), app.user("bob"));
    let made = ann.post("/me/feed-keys", json!({ "name": " On my phone " })).await.expect(201);
    let secret = made["secret"].as_str().unwrap();
    assert!(secret.starts_with("prx_feed_") && secret.len() > 40, "{secret}");
    assert_eq!(made["name"], "On my phone");
    let listed = ann.get("/me/feed-keys").await.expect(200);
    assert_eq!((listed.each("id"), listed.each("name")), (vec![made.id().as_str()], vec!["On my phone"]));
    assert!(!listed.text().contains(secret) && listed.items()[0]["last_used_at"].is_null());
    assert!(bob.get("/me/feed-keys").await.expect(200).items().is_empty());
    bob.delete(format!("/me/feed-keys/{}", made.id())).await.expect_problem(404, "not_found");
    assert_eq!(app.in_database(|conn| Ok(crate::regressions::columns_with(conn, secret))), [""; 0]);
    ann.delete(format!("/me/feed-keys/{}", made.id())).await.expect(204);
    ann.delete(format!("/me/feed-keys/{}", made.id())).await.expect_problem(404, "not_found");
    ann.post("/me/feed-keys", json!({ "name": " " })).await.expect_field(422, "/name", "empty");
    ann.post("/me/feed-keys", json!({})).await.expect_field(422, "/name", "missing");
    app.anon().post("/me/feed-keys", json!({ "name": "N" })).await.expect_problem(401, "unauthenticated");
}

async fn there_is_an_end_to_keys(app: App) {
    let (ann, bob) = (app.user("ann"), app.user("bob"));
    for _ in 0..18 {
        key(&ann).await;
    }
    let make = async || ann.post("/me/feed-keys", json!({ "name": "One more" })).await;
    let (one, two, three, four) = tokio::join!(make(), make(), make(), make());
    let mut statuses = [one, two, three, four].map(|answer| answer.status);
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 201, 409, 409]);
    ann.post("/me/feed-keys", json!({ "name": "One more" })).await.expect_problem(409, "in_use");
    let listed = ann.get("/me/feed-keys").await.expect(200);
    assert_eq!(listed.items().len(), 20);
    ann.delete(format!("/me/feed-keys/{}", listed.each("id")[0])).await.expect(204);
    key(&ann).await;
    key(&bob).await;
}

async fn a_use_is_noted_once_an_hour(app: App) {
    let ann = app.user("ann");
    let (id, secret) = key(&ann).await;
    let read = async || {
        app.anon().get(format!("/me/feed.atom#{secret}")).await.expect(200);
        ann.get("/me/feed-keys").await.expect(200).items()[0]["last_used_at"].clone()
    };
    let first = read().await;
    assert!(first.is_string());
    assert_eq!(read().await, first);
    let long_ago = praxis::types::Timestamp::now().before(std::time::Duration::from_hours(2));
    app.in_database(|conn| {
        let row = feed_keys::table.find(id.parse::<FeedKeyId>().unwrap());
        on_each!(conn => diesel::update(row).set(feed_keys::last_used_at.eq(long_ago)).execute(conn))?;
        Ok(())
    });
    assert!(read().await.as_str() > first.as_str());
}

async fn ones_feed_is_of_all_ones_groups_and_what_they_contributed_to(app: App) {
    let editor = app.person("editor", PlatformRole::Editor);
    let (owner, ann) = (app.user("owner"), app.user("ann"));
    let one = group(&owner, "One", json!({ "visibility": "listed" })).await;
    let two = group(&owner, "Two", json!({})).await;
    let three = group(&owner, "Three", json!({})).await;
    join(&ann, &one).await;
    join(&ann, &two).await;
    post(&owner, &one, "In one").await;
    post(&owner, &two, "In two").await;
    post(&owner, &three, "In three").await;
    article(&editor, "Theirs", "published", &[(&one, &owner), (&two, &owner)]).await;
    article(&editor, "Of others", "published", &[(&three, &owner)]).await;
    article(&editor, "A draft", "draft", &[(&two, &owner)]).await;
    let asked = article(&editor, "Only asked", "published", &[]).await;
    let ask = json!({ "group_id": two, "role": "wrote" });
    editor.post(format!("/articles/{asked}/contributions"), ask).await.expect(201);
    let (_, secret) = key(&ann).await;
    let read = async || titles(&app.anon().get(format!("/me/feed.atom#{secret}")).await.expect(200));
    assert_eq!(read().await, ["Theirs", "In two", "In one"]);
    // to leave a public group ends that it is one's own
    ann.delete(format!("/groups/{two}/membership")).await.expect(204);
    assert_eq!(read().await, ["Theirs", "In one"]);
    owner.patch(format!("/groups/{one}"), json!({ "visibility": "hidden" })).await.expect(200);
    assert_eq!(read().await, ["Theirs", "In one"], "members know of it");
    owner.patch(format!("/groups/{one}/members/{}", ann.id()), json!({ "state": "banned" })).await.expect(200);
    assert!(read().await.is_empty());
}

async fn articles_have_a_feed_for_everybody(app: App) {
    let editor = app.person("editor", PlatformRole::Editor);
    let owner = app.user("owner");
    let hidden = group(&owner, "Hidden circle", json!({})).await;
    for (title, date) in
        [("Old", json!("2024-05-01T10:00:00Z")), ("Unknown", Value::Null), ("New", json!("2025-05-01T10:00:00Z"))]
    {
        let body = json!({
            "kind": "news", "title": title, "standfirst": format!("About {title}"), "body": "*Words*",
            "byline_name": "Ida Doe", "status": "published", "published_at": date,
        });
        editor.post("/articles", body).await.expect(201);
    }
    let named = article(&editor, "A draft", "draft", &[]).await;
    contribute(&editor, &owner, &named, &hidden).await;
    owner.patch(format!("/groups/{hidden}"), json!({ "visibility": "hidden" })).await.expect(200);
    let feed = app.anon().get("/articles.atom").await.expect(200);
    assert_eq!(titles(&feed), ["New", "Old", "Unknown"]);
    let text = feed.text();
    assert_eq!(text.matches("<published>").count(), 2, "no date is made up: {text}");
    assert_eq!(text.matches("<name>Ida Doe</name>").count(), 3);
    assert!(text.contains("<published>2024-05-01T10:00:00+00:00</published>"), "{text}");
    assert!(text.contains("<summary>About New</summary>") && text.contains("&lt;em&gt;Words&lt;/em&gt;"), "{text}");
    assert!(!text.contains("Hidden circle") && !text.contains("A draft"));
}
