//! Full-text search: what is found, how it ranks, and who finds it.

use praxis::auth::actor::PlatformRole;
use serde_json::{Value, json};

use crate::support::world::{COMMUNITY, PEER_SUPPORT, article, comment, group, join, member, member_as, post};
use crate::support::{Answer, App, Caller, Case, served};

pub fn cases() -> Vec<Case> {
    served![
        words_are_found_in_every_form_and_by_how_they_begin,
        phrases_and_what_is_excluded,
        a_title_ranks_before_a_text,
        highlights_are_the_words_and_an_excerpt_is_around_them,
        every_kind_is_found_and_can_be_asked_for_alone,
        a_search_is_narrowed_to_a_group_a_kind_of_group_and_a_time,
        what_changes_is_found_as_it_is_at_once,
        outsiders_find_nothing_of_what_they_may_not_read,
        who_leaves_finds_nothing_any_more,
        people_are_found_only_where_they_show_themselves,
        a_question_without_words_or_of_wrong_parameters_is_refused,
        hostile_questions_are_answered,
        pages_neither_repeat_nor_skip,
        an_index_written_anew_finds_the_same,
    ]
}

/// A question to be sent, its words encoded.
fn asking(words: &str, others: &str) -> String {
    let words: String = form_urlencoded::byte_serialize(words.as_bytes()).collect();
    format!("/search?q={words}{others}")
}

async fn search(caller: &Caller, words: &str) -> Answer {
    caller.get(asking(words, "")).await.expect(200)
}

/// The titles of what is found, the best first.
async fn titles(caller: &Caller, words: &str) -> Vec<String> {
    search(caller, words).await.each("title").into_iter().map(str::to_owned).collect()
}

/// How many things of one kind are found.
async fn count(caller: &Caller, words: &str, kind: &str) -> usize {
    let found = caller.get(asking(words, "&limit=100")).await.expect(200);
    found.items().iter().filter(|item| item["kind"] == kind).count()
}

/// A post with these words; its id.
async fn write(author: &Caller, group: &str, title: &str, body: &str) -> String {
    let body = json!({ "kind": "discussion", "title": title, "body": body });
    author.post(format!("/groups/{group}/posts"), body).await.expect(201).id()
}

/// What the ranges of a result cover, of its title and of its excerpt.
fn highlighted(item: &Value) -> (Vec<String>, Vec<String>) {
    let covered = |text: &str, ranges: &str| {
        let letters: Vec<char> = item[text].as_str().unwrap().chars().collect();
        let place = |range: &Value, name: &str| usize::try_from(range[name].as_u64().unwrap()).unwrap();
        let ranges = item[ranges].as_array().unwrap().iter();
        ranges.map(|range| letters[place(range, "start")..place(range, "end")].iter().collect()).collect()
    };
    (covered("title", "title_highlights"), covered("excerpt", "excerpt_highlights"))
}

async fn words_are_found_in_every_form_and_by_how_they_begin(app: App) {
    let ann = app.user("ann");
    let id = group(&ann, "Circle", json!({})).await;
    write(&ann, &id, "Gardening", "We ran through the communities near the Café Ångström in 東京都.").await;
    write(&ann, &id, "Regards", "Something else.").await;
    for words in [
        "community",
        "COMMUNITIES",
        "garden",
        "gardened",
        "gard*",
        "GARDENI*",
        "communities*",
        "cafe",
        "CAFÉ",
        "cafe\u{301}",
        "angstrom",
        "Ångs*",
        "東京",
        "京都",
        "ran community",
        "ran,community!",
        "ran-through",
        "com\u{ad}munity\u{200f}",
    ] {
        assert_eq!(titles(&ann, words).await, ["Gardening"], "{words}");
    }
    for words in ["gar", "ommunity", "communityx*", "京東", "ran elsewhere", "cafés-x"] {
        assert_eq!(titles(&ann, words).await, [""; 0], "{words}");
    }
    assert_eq!(titles(&ann, "reg*").await, ["Regards"]);
}

async fn phrases_and_what_is_excluded(app: App) {
    let ann = app.user("ann");
    let id = group(&ann, "Circle", json!({})).await;
    write(&ann, &id, "One", "Peer support for nurses.").await;
    write(&ann, &id, "Two", "Support by a peer, for doctors.").await;
    write(&ann, &id, "Peer", "support").await;
    for (words, found) in [
        ("peer support", &["Peer", "One", "Two"][..]),
        ("\"peer support\"", &["One"][..]),
        ("\"peers supporting\"", &["One"][..]),
        ("“peer support”", &["One"][..]),
        ("\"support by\" peer", &["Two"][..]),
        ("peer -nurse", &["Peer", "Two"][..]),
        ("support -\"peer support\"", &["Peer", "Two"][..]),
        ("support -nurses -doct -doctors", &["Peer"][..]),
        ("\"support peer\"", &[][..]),
        ("supp* -peer", &[][..]),
        // quotes that are not closed only separate
        ("\"peer nurses", &["One"][..]),
    ] {
        let mut titles = titles(&ann, words).await;
        titles.sort_unstable();
        let mut found = found.to_vec();
        found.sort_unstable();
        assert_eq!(titles, found, "{words}");
    }
}

async fn a_title_ranks_before_a_text(app: App) {
    let ann = app.user("ann");
    let id = group(&ann, "Circle", json!({})).await;
    write(&ann, &id, "Lanterns and torches", "Light.").await;
    write(&ann, &id, "In the dark", "We lit a lantern, then a torch.").await;
    write(&ann, &id, "A torch", "No lantern.").await;
    write(&ann, &id, "Nothing", "Of the kind.").await;
    assert_eq!(titles(&ann, "lantern torch").await, ["Lanterns and torches", "A torch", "In the dark"]);
    let torches = titles(&ann, "torches").await;
    assert_eq!(torches.last().map(String::as_str), Some("In the dark"));
    // of those that match as well, the newest is first
    let page = search(&ann, "lantern -torch").await;
    assert!(page.items().is_empty() && page["next_cursor"].is_null());
    write(&ann, &id, "Candle", "Older.").await;
    write(&ann, &id, "Candle", "Newer.").await;
    let page = search(&ann, "candle").await;
    assert_eq!(page.each("excerpt"), ["Newer.", "Older."]);
}

async fn highlights_are_the_words_and_an_excerpt_is_around_them(app: App) {
    let ann = app.user("ann");
    let id = group(&ann, "Circle", json!({})).await;
    let hay = "häy and straw 🌾 ".repeat(100);
    write(&ann, &id, "Ünder the gardens", &format!("{hay}\n\nThe *Gärdner's* garden: {hay}")).await;
    let page = search(&ann, "garden \"the gardner\"").await;
    let item = &page.items()[0];
    assert_eq!(highlighted(item), (vec!["gardens".to_owned()], vec!["The *Gärdner".to_owned(), "garden".to_owned()]));
    let excerpt = item["excerpt"].as_str().unwrap();
    assert!(excerpt.chars().count() <= 240 && !excerpt.contains('\n'), "{excerpt}");
    assert!(excerpt.split_whitespace().all(|word| hay.contains(word) || "The *Gärdner's* garden:".contains(word)));
    let page = search(&ann, "und*").await;
    assert_eq!(highlighted(&page.items()[0]), (vec!["Ünder".to_owned()], Vec::new()));
    assert!(page.items()[0]["excerpt"].as_str().unwrap().starts_with("häy and straw"), "the beginning");
}

async fn every_kind_is_found_and_can_be_asked_for_alone(app: App) {
    let (ann, bob) = (app.user("ann"), app.user("bob"));
    let editor = app.person("editor", PlatformRole::Editor);
    let id = group(&ann, "Zebra circle", json!({ "summary": "About stripes" })).await;
    let thread = write(&ann, &id, "A thread", "About a zebra.").await;
    let body = json!({ "body": "Two zebras!" });
    let answer = ann.post(format!("/posts/{thread}/comments"), body).await.expect(201);
    let piece = article(&editor, "Zebra news", "published", &[]).await;
    article(&editor, "Zebra draft", "draft", &[]).await;
    let about = json!({ "show_groups": true, "organisation": "Zebra House", "skills": ["Zebras"] });
    ann.patch("/me", about).await.expect(200);
    let (group_id, post_id, piece, own, null) = (json!(id), json!(thread), json!(piece), json!(ann.id()), Value::Null);
    let expected = [
        ("groups", "group", &group_id, &group_id, &null, "Zebra circle"),
        ("posts", "post", &post_id, &group_id, &post_id, "A thread"),
        ("comments", "comment", &answer["id"], &group_id, &post_id, "A thread"),
        ("articles", "article", &piece, &null, &null, "Zebra news"),
        ("people", "person", &own, &null, &null, "ann"),
    ];
    for (place, kind, id, group_id, post_id, title) in expected {
        let page = bob.get(asking("zebra", &format!("&in={place}"))).await.expect(200);
        let [item] = page.items() else { panic!("{page}") };
        assert_eq!((&item["kind"], &item["id"]), (&json!(kind), id), "{page}");
        assert_eq!((&item["group_id"], &item["post_id"]), (group_id, post_id), "{page}");
        assert_eq!(item["title"], title, "{page}");
        assert!(item["at"].is_string(), "{page}");
        let (in_title, in_excerpt) = highlighted(item);
        assert!(in_title.iter().chain(&in_excerpt).any(|word| word.to_lowercase().starts_with("zebra")), "{page}");
    }
    assert_eq!(search(&bob, "zebra").await.items().len(), 5);
    assert_eq!(bob.get(asking("zebra", "&in=groups,articles")).await.expect(200).items().len(), 2);
    // people are for those who are logged in
    assert_eq!(search(&app.anon(), "zebra").await.items().len(), 4);
    assert_eq!(app.anon().get(asking("zebra", "&in=people,groups")).await.expect(200).items().len(), 1);
    app.anon().get(asking("zebra", "&in=people")).await.expect_problem(401, "unauthenticated");
    let unknown = json!({ "kind": "news", "title": "Undated quagga", "status": "published", "published_at": null });
    editor.post("/articles", unknown).await.expect(201);
    assert_eq!(search(&bob, "quagga").await.items()[0]["at"], Value::Null);
    assert!(bob.get(asking("quagga", "&since=2001-01-01T00:00:00Z")).await.expect(200).items().is_empty());
}

async fn a_search_is_narrowed_to_a_group_a_kind_of_group_and_a_time(app: App) {
    let (ann, editor) = (app.user("ann"), app.person("editor", PlatformRole::Editor));
    let one = group(&ann, "Badger one", json!({ "type_ids": [COMMUNITY] })).await;
    let settings = json!({ "type_ids": [PEER_SUPPORT], "visibility": "public", "join_policy": "open" });
    let two = group(&ann, "Badger two", settings).await;
    write(&ann, &one, "Badger in one", "B").await;
    write(&ann, &two, "Badger in two", "B").await;
    article(&editor, "Badger news", "published", &[]).await;
    for (others, found) in [
        (String::new(), 5),
        (format!("&group_id={one}"), 2),
        (format!("&group_id={one}&in=posts"), 1),
        (format!("&group_id={one}&type=peer-support"), 0),
        ("&type=peer-support".to_owned(), 2),
        ("&type=community-of-practice&in=groups".to_owned(), 1),
        ("&type=no-such-kind".to_owned(), 0),
        ("&since=2001-01-01T00:00:00Z".to_owned(), 5),
        ("&since=2125-01-01T00:00:00Z".to_owned(), 0),
        ("&group_id=019aaf5c-0000-7000-8000-00000000ffff".to_owned(), 0),
    ] {
        assert_eq!(ann.get(asking("badger", &others)).await.expect(200).items().len(), found, "{others}");
    }
}

async fn what_changes_is_found_as_it_is_at_once(app: App) {
    let (ann, admin) = (app.user("ann"), app.admin());
    let id = group(&ann, "Heron circle", json!({})).await;
    let thread = write(&ann, &id, "Heron", "Grey heron").await;
    let answer = comment(&ann, &thread, None).await;
    let piece = article(&admin, "Heron news", "published", &[]).await;
    assert_eq!(search(&ann, "heron").await.items().len(), 3);
    let by_words = [
        (format!("/groups/{id}"), json!({ "name": "Stork circle" }), "group"),
        (format!("/posts/{thread}"), json!({ "title": "Stork", "body": "White stork" }), "post"),
        (format!("/comments/{answer}"), json!({ "body": "Another stork" }), "comment"),
        (format!("/articles/{piece}"), json!({ "title": "Stork news" }), "article"),
    ];
    for (path, patch, kind) in by_words {
        let editor = if kind == "article" { &admin } else { &ann };
        editor.patch(&path, patch).await.expect(200);
        assert_eq!((count(&ann, "heron", kind).await, count(&ann, "stork", kind).await), (0, 1), "{kind}");
    }
    assert!(search(&ann, "heron").await.items().is_empty());
    admin.patch(format!("/articles/{piece}"), json!({ "status": "draft" })).await.expect(200);
    assert_eq!(count(&ann, "stork", "article").await, 0);
    admin.patch(format!("/articles/{piece}"), json!({ "status": "published" })).await.expect(200);
    assert_eq!(count(&ann, "stork", "article").await, 1);
    admin.delete(format!("/articles/{piece}")).await.expect(204);
    ann.delete(format!("/comments/{answer}")).await.expect(204);
    assert_eq!((count(&ann, "stork", "article").await, count(&ann, "stork", "comment").await), (0, 0));
    let body = json!({ "body": "One more stork" });
    ann.post(format!("/posts/{thread}/comments"), body).await.expect(201);
    ann.delete(format!("/posts/{thread}")).await.expect(204);
    assert_eq!(search(&ann, "stork").await.each("kind"), ["group"], "a post takes its comments with it");
    write(&ann, &id, "Stork", "Again").await;
    ann.delete(format!("/groups/{id}")).await.expect(204);
    for caller in [&ann, &admin] {
        assert!(search(caller, "stork").await.items().is_empty(), "of a deleted group nothing is found");
    }
    admin.post(format!("/admin/groups/{id}/restore"), json!({})).await.expect(200);
    assert_eq!(search(&ann, "stork").await.items().len(), 2);
    assert_eq!(app.in_database(praxis::doctor::examine), []);
}

async fn outsiders_find_nothing_of_what_they_may_not_read(app: App) {
    let (ann, bob, eve, admin) = (app.user("ann"), app.user("bob"), app.user("eve"), app.admin());
    let moderator = app.person("moderator", PlatformRole::Moderator);
    for (visibility, card, words) in [("public", 1, 2), ("listed", 1, 0), ("hidden", 0, 0)] {
        let name = format!("Otter{visibility}");
        let id = group(&ann, &name, json!({ "visibility": visibility })).await;
        let thread = write(&ann, &id, &name, "Words").await;
        let body = json!({ "body": format!("Thanks, {name}") });
        ann.post(format!("/posts/{thread}/comments"), body).await.expect(201);
        if visibility != "hidden" {
            member(&bob, &ann, &id).await;
            assert_eq!(search(&bob, &name).await.items().len(), 3, "{visibility}");
        }
        assert_eq!(search(&ann, &name).await.items().len(), 3, "{visibility}");
        for outsider in [&eve, &moderator, &app.anon()] {
            for others in ["", &format!("&group_id={id}"), "&in=groups,posts,comments&type=community-of-practice"] {
                let found = outsider.get(asking(&name, others)).await.expect(200);
                assert_eq!(found.items().len(), card + words, "{visibility} {others}");
                assert!(found["next_cursor"].is_null());
            }
        }
        // an administrator knows of every group; what members wrote is read elsewhere, with a reason
        assert_eq!(search(&admin, &name).await.items().len(), 1 + words, "{visibility}");
    }
    // how many hidden things have a word does not change how the others rank
    let before = eve.get(asking("otter*", "&limit=1")).await.expect(200);
    let secret = group(&ann, "Secret otterpublic", json!({ "visibility": "hidden" })).await;
    for _ in 0..5 {
        write(&ann, &secret, "Otterpublic", "otterlisted otterlisted").await;
    }
    assert_eq!(eve.get(asking("otter*", "&limit=1")).await.expect(200).json, before.json);
}

async fn who_leaves_finds_nothing_any_more(app: App) {
    let (ann, bob, cat) = (app.user("ann"), app.user("bob"), app.user("cat"));
    let id = group(&ann, "Weasel", json!({ "visibility": "listed", "join_policy": "open" })).await;
    for person in [&bob, &cat] {
        join(person, &id).await;
    }
    let thread = write(&bob, &id, "Weasel words", "B").await;
    comment(&bob, &thread, None).await;
    for person in [&bob, &cat] {
        assert_eq!(count(person, "weasel", "post").await, 1);
    }
    bob.delete(format!("/groups/{id}/membership")).await.expect(204);
    ann.patch(format!("/groups/{id}/members/{}", cat.id()), json!({ "state": "banned" })).await.expect(200);
    for person in [&bob, &cat] {
        assert_eq!(search(person, "weasel").await.each("kind"), ["group"]);
    }
    ann.patch(format!("/groups/{id}"), json!({ "visibility": "hidden" })).await.expect(200);
    for person in [&bob, &cat, &app.anon()] {
        assert!(search(person, "weasel").await.items().is_empty());
    }
    assert_eq!(search(&ann, "weasel").await.items().len(), 2);
}

async fn people_are_found_only_where_they_show_themselves(app: App) {
    let (ann, bob, admin) = (app.user("Wren Adams"), app.user("bob"), app.admin());
    let id = group(&ann, "Circle", json!({})).await;
    assert_eq!(count(&bob, "wren", "person").await, 0, "nobody shows themselves unasked");
    ann.patch("/me", json!({ "show_groups": true, "skills": ["Birdsong"] })).await.expect(200);
    for words in ["wren", "adam*", "birdsong", "\"wren adams\""] {
        assert_eq!(count(&bob, words, "person").await, 1, "{words}");
    }
    ann.patch("/me", json!({ "display_name": "Robin Adams" })).await.expect(200);
    assert_eq!((count(&bob, "wren", "person").await, count(&bob, "robin", "person").await), (0, 1));
    let pseudonym = format!("/groups/{id}/membership");
    ann.patch(&pseudonym, json!({ "display_name": "Magpie" })).await.expect(200);
    assert_eq!(count(&bob, "robin", "person").await, 0, "the id would tell who is behind the other name");
    assert_eq!(count(&bob, "magpie", "person").await, 0);
    assert_eq!(count(&ann, "robin", "person").await, 1, "oneself");
    // what was written under the other name stays when its author leaves
    member_as(&bob, &ann, &id, "owner").await;
    ann.delete(&pseudonym).await.expect(204);
    assert_eq!(count(&bob, "robin", "person").await, 0);
    member_as(&ann, &bob, &id, "owner").await;
    ann.patch(&pseudonym, json!({ "display_name": null })).await.expect(200);
    assert_eq!(count(&bob, "robin", "person").await, 1);
    let account = format!("/admin/users/{}", ann.id());
    admin.patch(&account, json!({ "status": "suspended" })).await.expect(200);
    assert_eq!(count(&bob, "robin", "person").await, 0);
    admin.patch(&account, json!({ "status": "active" })).await.expect(200);
    assert_eq!(count(&bob, "robin", "person").await, 1);
    bob.patch("/me", json!({ "show_groups": true })).await.expect(200);
    assert_eq!(count(&admin, "bob", "person").await, 1);
    bob.delete("/me").await.expect(204);
    assert_eq!((count(&admin, "bob", "person").await, count(&admin, "former", "person").await), (0, 0));
}

async fn a_question_without_words_or_of_wrong_parameters_is_refused(app: App) {
    let ann = app.user("ann");
    let only_minus = "-".repeat(200);
    for words in ["-", "*", "\"\"", "- -", "-cat", "-\"cats\" -dog", "&|!():*", "\u{200f}\u{202e}", &only_minus] {
        ann.get(asking(words, "")).await.expect_field(400, "q", "no_words");
    }
    for (query, name, code) in [
        ("", "q", "missing"),
        ("?q=", "q", "malformed"),
        ("?q=%00", "q", "malformed"),
        ("?q=a%0Ab", "q", "malformed"),
        ("?q=a&q=b", "q", "duplicate"),
        ("?q=a&in=", "in", "malformed"),
        ("?q=a&in=groups,users", "in", "malformed"),
        ("?q=a&type=Not+A+Slug", "type", "malformed"),
        ("?q=a&group_id=1", "group_id", "malformed"),
        ("?q=a&since=yesterday", "since", "malformed"),
        ("?q=a&limit=101", "limit", "malformed"),
        ("?q=a&sort=newest", "sort", "unknown"),
    ] {
        ann.get(format!("/search{query}")).await.expect_field(400, name, code);
    }
    ann.get(asking(&"a".repeat(201), "")).await.expect_field(400, "q", "malformed");
    ann.get(asking("a", "&cursor=nonsense")).await.expect_problem(400, "bad_cursor");
}

async fn hostile_questions_are_answered(app: App) {
    let ann = app.user("ann");
    let id = group(&ann, "Circle", json!({})).await;
    let hostile = "' OR 1=1; DROP TABLE groups; -- \\' \\\" {title}: ^a NEAR(b c, 2) 'x':*A & !(y) \u{e000}z";
    write(&ann, &id, "Hostile", hostile).await;
    for words in [
        hostile,
        "title : a",
        "a AND NOT OR NEAR",
        "NEAR(a b, 3)",
        "((((",
        "a\"b\"c\"d",
        "'a' | 'b'",
        "a:*",
        "a <-> b",
        "\\",
        "a\\",
        "zz\u{e000}*",
        "𐐨 한국 🙂x ½ Ⅷ ﷺ",
        "aa* bb* cc* dd* ee* ff* gg* hh* ii* jj* kk* ll* mm* nn* oo* pp* qq* rr* ss*",
        &"a ".repeat(100),
        &"\"a b\" ".repeat(33),
        &"x".repeat(200),
        &"ﷺ".repeat(200),
    ] {
        let answer = ann.get(asking(words, "")).await;
        assert!(matches!(answer.status, 200 | 400), "{words}: {answer}");
    }
    assert_eq!(titles(&ann, hostile).await, ["Hostile"], "it finds itself");
    assert_eq!(titles(&ann, "title near drop").await, ["Hostile"]);
}

async fn pages_neither_repeat_nor_skip(app: App) {
    let ann = app.user("ann");
    let id = group(&ann, "Circle", json!({})).await;
    for number in 0..9 {
        let title = if number % 3 == 0 { "A falcon" } else { "Other" };
        write(&ann, &id, title, &format!("{} end", "falcon ".repeat(1 + number % 4))).await;
    }
    let all = ann.get(asking("falcon", "&limit=100")).await.expect(200);
    assert_eq!((all.items().len(), &all["next_cursor"]), (9, &Value::Null));
    for limit in [1, 2, 4, 8, 9] {
        let (mut ids, mut others) = (Vec::new(), format!("&limit={limit}"));
        loop {
            let page = ann.get(asking("falcon", &others)).await.expect(200);
            assert!(page.items().len() <= limit);
            ids.extend(page.each("id").into_iter().map(str::to_owned));
            let Some(cursor) = page["next_cursor"].as_str() else { break };
            assert!(page.header("link").contains("rel=\"next\""));
            others = format!("&limit={limit}&cursor={cursor}");
        }
        assert_eq!(ids, all.each("id"), "{limit}");
    }
    let page = ann.get(asking("falcon", "&limit=2")).await.expect(200);
    let cursor = page["next_cursor"].as_str().unwrap();
    for (words, others) in [("falcons x", ""), ("falcon", "&in=posts"), ("falcon", "&since=2001-01-01T00:00:00Z")] {
        let with_cursor = format!("{others}&cursor={cursor}");
        ann.get(asking(words, &with_cursor)).await.expect_problem(400, "bad_cursor");
    }
}

async fn an_index_written_anew_finds_the_same(app: App) {
    let (ann, editor) = (app.user("ann"), app.person("editor", PlatformRole::Editor));
    let id = group(&ann, "Magpie circle", json!({})).await;
    let thread = write(&ann, &id, "Magpie", "A magpie").await;
    let body = json!({ "body": "Two magpies" });
    ann.post(format!("/posts/{thread}/comments"), body).await.expect(201);
    let gone = post(&ann, &id, "Magpie that goes").await;
    ann.delete(format!("/posts/{gone}")).await.expect(204);
    article(&editor, "Magpie news", "published", &[]).await;
    article(&editor, "Magpie draft", "draft", &[]).await;
    ann.patch("/me", json!({ "show_groups": true, "skills": ["Magpies"] })).await.expect(200);
    let before = search(&ann, "magpie").await;
    assert_eq!(before.items().len(), 5);

    let anew = || {
        let progress = indicatif::ProgressBar::hidden();
        praxis::reindex::run(&mut app.database.connect(), &progress).unwrap().documents
    };
    // five, and the editor does not show themselves
    assert_eq!(anew(), 5);
    assert_eq!(search(&ann, "magpie").await.json, before.json);
    for sql in [
        "DELETE FROM search_documents",
        "UPDATE search_documents SET group_id = NULL",
        "UPDATE posts SET deleted_at = NULL WHERE title LIKE '%goes'",
    ] {
        app.database.connect().execute(sql).unwrap();
        assert!(!app.in_database(praxis::doctor::examine).is_empty(), "{sql}");
        anew();
        assert_eq!(app.in_database(praxis::doctor::examine).iter().filter(|it| it.what.contains("search")).count(), 0);
    }
    assert_eq!(count(&ann, "goes", "post").await, 1);
    app.database.connect().execute("UPDATE posts SET deleted_at = created_at WHERE title LIKE '%goes'").unwrap();
    anew();
    let ids = |page: &Answer| {
        let mut ids: Vec<String> = page.each("id").into_iter().map(str::to_owned).collect();
        ids.sort_unstable();
        ids
    };
    assert_eq!(ids(&search(&ann, "magpie").await), ids(&before));
}
