//! Posts that stand in several groups: where they are seen, what each group does with them on its own, and that nobody learns
//! of a group through them.

use praxis::auth::actor::PlatformRole;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::world::{comment, group, join, member, member_as, post, settle};
use crate::support::{Answer, App, Caller, Case, served};

pub fn cases() -> Vec<Case> {
    served![
        a_shared_post_stands_in_both_groups,
        a_page_holds_own_and_shared_posts_in_one_order,
        each_group_pins_and_takes_out_on_its_own,
        only_what_everybody_may_read_is_shared,
        what_is_closed_deleted_or_moved_stands_nowhere_else,
        members_find_what_is_unread_in_their_own_group,
        nobody_learns_that_it_stands_in_a_listed_group_but_members,
        nobody_learns_that_it_stands_in_a_hidden_group_but_members,
        who_could_not_begin_it_there_does_not_share_it,
        twenty_share_at_once_and_it_stands_there_once,
        a_post_stands_in_so_many_public_groups_at_most,
        what_is_purged_stands_nowhere,
        those_who_keep_a_copy_are_told,
        those_who_keep_a_copy_are_told_when_a_group_opens_or_closes,
        who_wrote_without_a_name_is_not_in_the_log_of_another_group,
        what_was_taken_out_stays_out_when_its_own_group_closes_and_opens,
        platform_moderators_bring_back_what_they_took_out,
        it_goes_and_comes_back_with_all_that_its_author_wrote,
        a_deleted_group_shares_nothing_with_its_members,
        ones_own_feed_holds_each_shared_post_once,
        one_person_lets_it_stand_in_so_many_groups_at_most,
        dates_stay_right_while_groups_close_and_others_write,
        again_changes_nothing_whatever_the_group_has_become,
    ]
}

async fn share(who: &Caller, post: &str, group: &str) -> Answer {
    who.request(Method::PUT, format!("/posts/{post}/shares/{group}")).await
}

async fn unshare(who: &Caller, post: &str, group: &str) -> Answer {
    who.delete(format!("/posts/{post}/shares/{group}")).await
}

async fn listed(who: &Caller, group: &str) -> Vec<String> {
    let page = who.get(format!("/groups/{group}/posts?limit=100")).await.expect(200);
    page.each("id").into_iter().map(str::to_owned).collect()
}

/// Ann's group and Bob's, and a post of Ann's in hers.
struct Two {
    ann: Caller,
    bob: Caller,
    home: String,
    other: String,
    post: String,
}

impl Two {
    /// `settings` are those of Bob's group.
    async fn new(app: &App, settings: Value) -> Self {
        let (ann, bob) = (app.user("ann"), app.user("bob"));
        let home = group(&ann, "Home", json!({})).await;
        let other = group(&bob, "Other", settings).await;
        let post = post(&ann, &home, "Pulmonary").await;
        Self { ann, bob, home, other, post }
    }
}

async fn a_shared_post_stands_in_both_groups(app: App) {
    let Two { ann, bob, home, other, post } = Two::new(&app, json!({})).await;
    assert!(bob.get(format!("/groups/{other}")).await.expect(200)["last_active_at"].is_null());
    let shared = share(&bob, &post, &other).await.expect(200);
    assert_eq!(shared["group_id"], json!(home), "it belongs where it was written");
    let [one] = &shared["shares"].as_array().unwrap()[..] else { panic!("{shared}") };
    assert_eq!((&one["group_id"], &one["shared_by"]["display_name"]), (&json!(other), &json!("bob")));
    assert_eq!((&one["is_pinned"], &one["can"]), (&json!(false), &json!(["pin", "unshare"])));
    let again = share(&bob, &post, &other).await.expect(200);
    assert_eq!(again["shares"], shared["shares"], "again changes nothing");
    for group in [&home, &other] {
        assert_eq!(listed(&bob, group).await, [&*post]);
    }
    // the same thing looks the same everywhere
    let list = bob.get(format!("/groups/{other}/posts")).await.expect(200);
    assert_eq!(list.items()[0], bob.get(format!("/posts/{post}")).await.expect(200).json);
    let active = &bob.get(format!("/groups/{other}")).await.expect(200)["last_active_at"];
    assert_eq!(active, &one["shared_at"], "sharing makes the group active");
    let activity = bob.get(format!("/groups/{other}/activity")).await.expect(200);
    let [happened] = activity.items() else { panic!("{activity}") };
    assert_eq!((&happened["kind"], &happened["actor_name"]), (&json!("share"), &json!("bob")));
    assert_eq!(&happened["at"], active);
    // what members of the one say in the other stays theirs
    comment(&ann, &post, None).await;
    assert_eq!(&bob.get(format!("/groups/{other}")).await.expect(200)["last_active_at"], active);
    let said = bob.post(format!("/posts/{post}/comments"), json!({ "body": "Me too" })).await;
    said.expect_problem(403, "members_only");
    let feed = bob.get("/me/feed").await.expect(200);
    let [item] = feed.items() else { panic!("{feed}") };
    assert_eq!((&item["id"], &item["group_ids"]), (&json!(post), &json!([home, other])));
    assert_eq!(&item["active_at"], active);
    let found = bob.get(format!("/search?q=pulmonary&group_id={other}&in=posts")).await.expect(200);
    assert_eq!(found.each("id"), [&*post]);
    let atom = app.anon().request_at(Method::GET, &format!("/api/v1/groups/{other}/feed.atom")).await.expect(200);
    assert!(atom.text().contains(&post), "{}", atom.text());
    // who is in both has it once, where it belongs
    join(&bob, &home).await;
    let feed = bob.get("/me/feed").await.expect(200);
    assert_eq!(feed.each("id"), [&*post]);
    assert_ne!(&feed.items()[0]["active_at"], active);
}

async fn a_page_holds_own_and_shared_posts_in_one_order(app: App) {
    let Two { ann, bob, home, other, post: first } = Two::new(&app, json!({})).await;
    let mut order = Vec::new();
    for number in 0..9 {
        if number % 3 == 0 {
            let theirs = post(&ann, &home, &format!("Theirs {number}")).await;
            share(&bob, &theirs, &other).await.expect(200);
            order.push(theirs);
        } else {
            order.push(post(&bob, &other, &format!("Ours {number}")).await);
        }
    }
    // what is older comes where it was shared
    share(&bob, &first, &other).await.expect(200);
    order.push(first.clone());
    order.reverse();
    for sort in ["newest", "active"] {
        let (mut seen, mut path) = (Vec::new(), format!("/groups/{other}/posts?sort={sort}&limit=2"));
        loop {
            let page = bob.get(&path).await.expect(200);
            seen.extend(page.each("id").into_iter().map(str::to_owned));
            let Some(cursor) = page["next_cursor"].as_str() else { break };
            path = format!("/groups/{other}/posts?sort={sort}&limit=2&cursor={cursor}");
        }
        assert_eq!(seen, order, "{sort}");
    }
    for (filter, count) in [("kind=question", 0), ("unanswered=true", 10), ("pinned=true", 0), ("tag=none", 0)] {
        let page = bob.get(format!("/groups/{other}/posts?limit=100&{filter}")).await.expect(200);
        assert_eq!(page.items().len(), count, "{filter}");
    }
    let by_ann = bob.get(format!("/groups/{other}/posts?author_id={}", ann.id())).await.expect(200);
    assert_eq!(by_ann.items().len(), 4);
}

async fn each_group_pins_and_takes_out_on_its_own(app: App) {
    let Two { ann, bob, home, other, post } = Two::new(&app, json!({})).await;
    let (carl, dora) = (app.user("carl"), app.user("dora"));
    member(&carl, &bob, &other).await;
    member_as(&dora, &bob, &other, "facilitator").await;
    let shared = share(&carl, &post, &other).await.expect(200);
    assert_eq!(shared["shares"][0]["can"], json!(["unshare"]));
    let pin = format!("/posts/{post}/shares/{other}/pin");
    carl.put(&pin, json!({})).await.expect_problem(403, "forbidden");
    ann.put(&pin, json!({})).await.expect_problem(403, "forbidden");
    dora.put(&pin, json!({ "until": "2020-01-01T00:00:00Z" })).await.expect_field(422, "/until", "past");
    let pinned = dora.put(&pin, json!({})).await.expect(200);
    assert_eq!((&pinned["is_pinned"], &pinned["shares"][0]["is_pinned"]), (&json!(false), &json!(true)));
    let only = async |group: &str, pinned: bool| {
        let page = ann.get(format!("/groups/{group}/posts?pinned={pinned}")).await.expect(200);
        page.items().len()
    };
    assert_eq!((only(&home, true).await, only(&other, true).await), (0, 1));
    ann.put(format!("/posts/{post}/pin"), json!({})).await.expect(200);
    dora.delete(&pin).await.expect(200);
    assert_eq!((only(&home, true).await, only(&other, true).await), (1, 0));
    // taken out of the one it stays in the other, and out
    app.user("stranger").delete(format!("/posts/{post}/shares/{other}")).await.expect_problem(403, "forbidden");
    unshare(&dora, &post, &other).await.expect(204);
    assert_eq!((listed(&ann, &home).await, listed(&bob, &other).await), (vec![post.clone()], Vec::new()));
    assert!(bob.get(format!("/groups/{other}")).await.expect(200)["last_active_at"].is_null());
    unshare(&dora, &post, &other).await.expect_problem(404, "not_found");
    dora.put(&pin, json!({})).await.expect_problem(404, "not_found");
    share(&carl, &post, &other).await.expect_problem(403, "forbidden");
    let log = bob.get(format!("/groups/{other}/audit-log")).await.expect(200);
    let log: Vec<&str> = log.each("action").into_iter().take(3).collect();
    assert_eq!(log, ["content_deleted", "post_unpinned", "post_pinned"]);
    let back = share(&dora, &post, &other).await.expect(200);
    assert_eq!(back["shares"][0]["shared_by"]["display_name"], "dora");
    // who shared it can take it back, and share it again; who wrote it can take it out
    unshare(&dora, &post, &other).await.expect(204);
    share(&carl, &post, &other).await.expect(200);
    unshare(&carl, &post, &other).await.expect(204);
    share(&carl, &post, &other).await.expect(200);
    unshare(&ann, &post, &other).await.expect(204);
    share(&carl, &post, &other).await.expect_problem(403, "forbidden");
}

async fn only_what_everybody_may_read_is_shared(app: App) {
    let (ann, bob) = (app.user("ann"), app.user("bob"));
    let other = group(&bob, "Other", json!({})).await;
    for visibility in ["listed", "hidden"] {
        let home = group(&ann, "Home", json!({ "visibility": visibility })).await;
        member(&ann, &bob, &other).await;
        let words = post(&ann, &home, "Words").await;
        share(&ann, &words, &other).await.expect_problem(409, "invalid_state");
        share(&bob, &words, &other).await.expect_problem(404, "not_found");
        let can = ann.get(format!("/posts/{words}")).await.expect(200)["viewer"]["can"].clone();
        assert!(!can.as_array().unwrap().contains(&json!("share")), "{can}");
    }
    let home = group(&ann, "Open", json!({})).await;
    let draft = json!({ "kind": "discussion", "title": "T", "body": "B", "status": "draft" });
    let draft = ann.post(format!("/groups/{home}/posts"), draft).await.expect(201).id();
    share(&ann, &draft, &other).await.expect_problem(409, "invalid_state");
    let words = post(&ann, &home, "Words").await;
    share(&ann, &words, &home).await.expect_problem(409, "invalid_state");
    let nowhere = praxis::types::GroupId::new().to_string();
    share(&ann, &words, &nowhere).await.expect_problem(404, "not_found");
    app.anon()
        .request(Method::PUT, format!("/posts/{words}/shares/{other}"))
        .await
        .expect_problem(401, "unauthenticated");
    share(&ann, &words, &other).await.expect(200);
    ann.delete(format!("/posts/{words}")).await.expect(204);
    share(&ann, &words, &other).await.expect_problem(404, "not_found");
    unshare(&ann, &words, &other).await.expect_problem(404, "not_found");
}

async fn what_is_closed_deleted_or_moved_stands_nowhere_else(app: App) {
    let Two { ann, bob, home, other, post } = Two::new(&app, json!({})).await;
    let date = async || bob.get(format!("/groups/{other}")).await.expect(200)["last_active_at"].clone();
    share(&bob, &post, &other).await.expect(200);
    let active = date().await;
    // a deleted post is nowhere, and everywhere again when it comes back
    ann.delete(format!("/posts/{post}")).await.expect(204);
    assert_eq!((listed(&bob, &other).await, date().await), (Vec::new(), Value::Null));
    let gone = ann.get(format!("/groups/{home}/posts?status=deleted")).await.expect(200);
    assert_eq!(gone.items()[0]["shares"], json!([]));
    ann.request(Method::POST, format!("/posts/{post}/restore")).await.expect(200);
    assert_eq!((listed(&bob, &other).await, date().await), (vec![post.clone()], active));
    // what members alone read does not stand elsewhere, not even when all may read it again
    for change in [json!({ "visibility": "listed" }), json!({ "visibility": "public" })] {
        ann.patch(format!("/groups/{home}"), change).await.expect(200);
        assert_eq!((listed(&bob, &other).await, date().await), (Vec::new(), Value::Null));
    }
    assert_eq!(ann.get(format!("/posts/{post}")).await.expect(200)["shares"], json!([]));
    // moved into a group where it stands it is that group's; moved where not all may read, it stands nowhere else
    share(&bob, &post, &other).await.expect(200);
    member(&ann, &bob, &other).await;
    let moved = ann.act(format!("/posts/{post}/move"), json!({ "group_id": other })).await.expect(200);
    assert_eq!((&moved["group_id"], &moved["shares"]), (&json!(other), &json!([])));
    assert_eq!(listed(&bob, &other).await, [&*post]);
    assert_eq!(date().await, moved["published_at"]);
    share(&ann, &post, &home).await.expect(200);
    let quiet = group(&bob, "Quiet", json!({ "visibility": "listed" })).await;
    bob.act(format!("/posts/{post}/move"), json!({ "group_id": quiet })).await.expect(200);
    assert_eq!(listed(&ann, &home).await, Vec::<String>::new());
    // with the group goes what it shared
    let last = crate::support::world::post(&ann, &home, "Last").await;
    share(&bob, &last, &other).await.expect(200);
    ann.delete(format!("/groups/{home}")).await.expect(204);
    assert_eq!((listed(&bob, &other).await, date().await), (Vec::new(), Value::Null));
    assert_eq!(app.in_database(praxis::doctor::examine), []);
}

async fn members_find_what_is_unread_in_their_own_group(app: App) {
    let Two { ann, bob, home, other, post } = Two::new(&app, json!({})).await;
    let carl = app.user("carl");
    join(&carl, &other).await;
    let unread = async |who: &Caller| {
        let told = who.get("/me/unread").await.expect(200);
        let told = told.items().iter().map(|item| (item["group_id"].clone(), item["unread_post_count"].as_i64()));
        told.collect::<Vec<_>>()
    };
    let viewer = async |who: &Caller| {
        let seen = who.get(format!("/posts/{post}")).await.expect(200);
        (seen["viewer"]["is_unread"].clone(), seen["viewer"]["unread_comment_count"].clone())
    };
    share(&bob, &post, &other).await.expect(200);
    assert_eq!(unread(&carl).await, [(json!(other), Some(1))]);
    assert_eq!(viewer(&carl).await, (json!(true), json!(0)));
    comment(&ann, &post, None).await;
    assert_eq!(viewer(&carl).await, (json!(true), json!(1)));
    carl.post(format!("/groups/{other}/posts:read"), json!({ "post_ids": [post] })).await.expect(204);
    assert_eq!((unread(&carl).await, viewer(&carl).await), (Vec::new(), (json!(false), json!(0))));
    comment(&ann, &post, None).await;
    assert_eq!((unread(&carl).await, viewer(&carl).await), (vec![(json!(other), Some(1))], (json!(false), json!(1))));
    carl.request(Method::PUT, format!("/groups/{other}/read")).await.expect(204);
    assert_eq!((unread(&carl).await, viewer(&carl).await), (Vec::new(), (json!(false), json!(0))));
    // who is in both reads it where it belongs, and what came before they joined is read
    join(&carl, &home).await;
    assert_eq!(unread(&carl).await, []);
    comment(&ann, &post, None).await;
    assert_eq!(unread(&carl).await, [(json!(home), Some(1))]);
    // who is in neither has nothing unread
    let stranger = app.user("stranger");
    assert_eq!((unread(&stranger).await, viewer(&stranger).await), (Vec::new(), (json!(false), json!(0))));
}

async fn nobody_learns_that_it_stands_in_a_listed_group_but_members(app: App) {
    nobody_learns(app, "listed").await;
}

async fn nobody_learns_that_it_stands_in_a_hidden_group_but_members(app: App) {
    nobody_learns(app, "hidden").await;
}

async fn nobody_learns(app: App, visibility: &str) {
    let Two { ann, bob, home, other, post } = Two::new(&app, json!({ "visibility": visibility })).await;
    let shared = share(&bob, &post, &other).await.expect(200);
    assert_eq!(shared["shares"].as_array().unwrap().len(), 1);
    for caller in [&ann, &app.user("stranger"), &app.anon(), &app.admin()] {
        let seen = caller.get(format!("/posts/{post}")).await.expect(200);
        assert_eq!(seen["shares"], json!([]), "{visibility}");
        let list = caller.get(format!("/groups/{home}/posts")).await.expect(200);
        assert!(!list.text().contains(&other), "{visibility}");
        let found = caller.get(format!("/search?q=pulmonary&group_id={other}")).await.expect(200);
        assert_eq!(found.items().len(), 0, "{visibility}");
    }
    // not even that it does not stand there
    unshare(&app.user("another"), &post, &other).await.expect_problem(404, "not_found");
    unshare(&app.admin(), &post, &other).await.expect_problem(403, "access_reason_needed");
    let found = bob.get(format!("/search?q=pulmonary&group_id={other}")).await.expect(200);
    assert_eq!(found.each("id"), [&*post]);
}

async fn who_could_not_begin_it_there_does_not_share_it(app: App) {
    let Two { ann, bob, home, other, post } = Two::new(&app, json!({ "post_policy": "facilitators" })).await;
    let carl = app.user("carl");
    share(&carl, &post, &other).await.expect_problem(403, "members_only");
    join(&carl, &other).await;
    share(&carl, &post, &other).await.expect_problem(403, "forbidden");
    bob.patch(format!("/groups/{other}"), json!({ "post_policy": "members" })).await.expect(200);
    let news = json!({ "kind": "announcement", "title": "News", "body": "B" });
    let news = ann.post(format!("/groups/{home}/posts"), news).await.expect(201).id();
    share(&carl, &news, &other).await.expect_problem(403, "forbidden");
    share(&bob, &news, &other).await.expect(200);
    bob.patch(format!("/groups/{other}"), json!({ "review_policy": "newcomers" })).await.expect(200);
    share(&carl, &post, &other).await.expect_problem(409, "review_needed");
    bob.patch(format!("/groups/{other}"), json!({ "review_policy": "nobody" })).await.expect(200);
    share(&carl, &post, &other).await.expect(200);
    bob.patch(format!("/groups/{other}"), json!({ "status": "archived" })).await.expect(200);
    unshare(&carl, &post, &other).await.expect_problem(409, "archived");
    unshare(&bob, &post, &other).await.expect(204);
    share(&bob, &post, &other).await.expect_problem(409, "archived");
}

async fn twenty_share_at_once_and_it_stands_there_once(app: App) {
    let Two { bob, other, post, .. } = Two::new(&app, json!({})).await;
    let mut people = Vec::new();
    for number in 0..20 {
        let person = app.user(&format!("person {number}"));
        join(&person, &other).await;
        people.push(person);
    }
    let all = people.iter().map(|person| share(person, &post, &other));
    for answer in futures_util::future::join_all(all).await {
        answer.expect(200);
    }
    let seen = bob.get(format!("/posts/{post}")).await.expect(200);
    assert_eq!(seen["shares"].as_array().unwrap().len(), 1);
    assert_eq!(listed(&bob, &other).await, [&*post]);
}

async fn a_post_stands_in_so_many_public_groups_at_most(app: App) {
    let Two { bob, post, .. } = Two::new(&app, json!({})).await;
    for number in 0..51 {
        let place = group(&bob, &format!("Place {number}"), json!({})).await;
        let answer = share(&bob, &post, &place).await;
        if number < 50 {
            answer.expect(200);
        } else {
            answer.expect_problem(409, "invalid_state");
        }
    }
    // those that not everybody knows of are not counted: the number would tell of them
    let carl = app.user("carl");
    let quiet = group(&carl, "Quiet", json!({ "visibility": "hidden" })).await;
    let shared = share(&carl, &post, &quiet).await.expect(200);
    assert_eq!(shared["shares"].as_array().unwrap().len(), 51);
}

async fn what_is_purged_stands_nowhere(app: App) {
    let Two { ann, bob, home, other, post } = Two::new(&app, json!({})).await;
    share(&bob, &post, &other).await.expect(200);
    let back = crate::support::world::post(&bob, &other, "Back").await;
    join(&ann, &other).await;
    share(&ann, &back, &home).await.expect(200);
    bob.delete(format!("/groups/{other}")).await.expect(204);
    let admin = app.admin();
    admin.post(format!("/admin/groups/{other}/purge"), json!({ "reason": "A test" })).await.expect(204);
    assert_eq!(listed(&ann, &home).await, [&*post]);
    assert_eq!(ann.get(format!("/posts/{post}")).await.expect(200)["shares"], json!([]));
    assert_eq!(app.in_database(praxis::doctor::examine), []);
}

async fn those_who_keep_a_copy_are_told(app: App) {
    let Two { bob, home, other, post, .. } = Two::new(&app, json!({})).await;
    settle(&app);
    let since = praxis::types::Timestamp::now().before(std::time::Duration::from_hours(1));
    let changed = async |group: &str| {
        let page = bob.get(format!("/groups/{group}/posts?updated_since={since}")).await.expect(200);
        let gone: Vec<String> = page["deleted"].as_array().unwrap().iter().map(|gone| gone["id"].to_string()).collect();
        (page.each("id").into_iter().map(str::to_owned).collect::<Vec<_>>(), gone.len())
    };
    assert_eq!(changed(&other).await, (Vec::new(), 0));
    share(&bob, &post, &other).await.expect(200);
    settle(&app);
    assert_eq!((changed(&other).await, changed(&home).await), ((vec![post.clone()], 0), (vec![post.clone()], 0)));
    unshare(&bob, &post, &other).await.expect(204);
    settle(&app);
    assert_eq!((changed(&other).await, changed(&home).await), ((Vec::new(), 1), (vec![post.clone()], 0)));
    // that it stands where not everybody reads is told to nobody else
    let quiet = group(&bob, "Quiet", json!({ "visibility": "hidden" })).await;
    let asked = praxis::types::Timestamp::now().before(std::time::Duration::from_secs(75));
    share(&bob, &post, &quiet).await.expect(200);
    settle(&app);
    let page = bob.get(format!("/groups/{home}/posts?updated_since={asked}")).await.expect(200);
    assert_eq!(page.items().len(), 0, "{page}");
    assert_eq!(changed(&quiet).await, (vec![post], 0));
}

async fn those_who_keep_a_copy_are_told_when_a_group_opens_or_closes(app: App) {
    let Two { ann, bob, home, other, post } = Two::new(&app, json!({})).await;
    share(&bob, &post, &other).await.expect(200);
    // whether the post's own group tells that it has changed since the last step
    let tells = async || {
        let page = ann.get(format!("/groups/{home}/posts?updated_since={}", {
            praxis::types::Timestamp::now().before(std::time::Duration::from_secs(125))
        }));
        let told = page.await.expect(200).each("id").contains(&&*post);
        settle(&app);
        told
    };
    settle(&app);
    assert!(tells().await);
    settle(&app);
    assert!(!tells().await);
    for visibility in ["hidden", "listed", "public"] {
        bob.patch(format!("/groups/{other}"), json!({ "visibility": visibility })).await.expect(200);
        settle(&app);
        assert_eq!(tells().await, visibility != "listed", "{visibility}");
        settle(&app);
    }
    bob.delete(format!("/groups/{other}")).await.expect(204);
    settle(&app);
    assert!(tells().await);
    settle(&app);
    app.admin().post(format!("/admin/groups/{other}/restore"), json!({})).await.expect(200);
    settle(&app);
    assert!(tells().await);
    settle(&app);
    ann.patch(format!("/groups/{home}"), json!({ "visibility": "listed" })).await.expect(200);
    settle(&app);
    assert!(tells().await);
}

async fn who_wrote_without_a_name_is_not_in_the_log_of_another_group(app: App) {
    let (ann, bob) = (app.user("ann"), app.user("bob"));
    let home = group(&app.user("carl"), "Home", json!({ "allow_anonymous": true })).await;
    let other = group(&bob, "Other", json!({})).await;
    join(&ann, &home).await;
    join(&ann, &other).await;
    let body = json!({ "kind": "discussion", "title": "T", "body": "B", "is_anonymous": true });
    let secret = ann.post(format!("/groups/{home}/posts"), body).await.expect(201).id();
    share(&bob, &secret, &other).await.expect(200);
    unshare(&ann, &secret, &other).await.expect(204);
    let log = bob.get(format!("/groups/{other}/audit-log")).await.expect(200);
    assert!(!log.each("action").contains(&"content_deleted"), "{log}");
    // what has a name is in the log
    let open = post(&ann, &home, "Open").await;
    share(&bob, &open, &other).await.expect(200);
    unshare(&ann, &open, &other).await.expect(204);
    let log = bob.get(format!("/groups/{other}/audit-log")).await.expect(200);
    assert_eq!((log.each("action")[0], &log.items()[0]["target_id"]), ("content_deleted", &json!(open)));
}

async fn what_was_taken_out_stays_out_when_its_own_group_closes_and_opens(app: App) {
    let (bob, carl) = (app.user("bob"), app.user("carl"));
    let (home, other) = (group(&carl, "Home", json!({})).await, group(&bob, "Other", json!({})).await);
    join(&carl, &other).await;
    let words = post(&carl, &home, "Words").await;
    share(&carl, &words, &other).await.expect(200);
    unshare(&bob, &words, &other).await.expect(204);
    for visibility in ["listed", "public"] {
        carl.patch(format!("/groups/{home}"), json!({ "visibility": visibility })).await.expect(200);
    }
    share(&carl, &words, &other).await.expect_problem(403, "forbidden");
    assert_eq!(app.in_database(praxis::doctor::examine), []);
}

async fn platform_moderators_bring_back_what_they_took_out(app: App) {
    let Two { bob, other, post, .. } = Two::new(&app, json!({})).await;
    let moderator = app.person("moderator", PlatformRole::Moderator);
    share(&bob, &post, &other).await.expect(200);
    unshare(&moderator, &post, &other).await.expect(204);
    share(&bob, &post, &other).await.expect(200);
    unshare(&moderator, &post, &other).await.expect(204);
    let back = share(&moderator, &post, &other).await.expect(200);
    assert_eq!(back["shares"].as_array().unwrap().len(), 1);
    let log = bob.get(format!("/groups/{other}/audit-log")).await.expect(200);
    assert_eq!(log.each("action")[..2], ["content_restored", "content_deleted"]);
}

async fn it_goes_and_comes_back_with_all_that_its_author_wrote(app: App) {
    let Two { ann, bob, home, other, post } = Two::new(&app, json!({})).await;
    let (dora, place) = (app.user("dora"), format!("/groups/{home}"));
    join(&dora, &home).await;
    let hers = crate::support::world::post(&dora, &home, "Hers").await;
    share(&bob, &hers, &other).await.expect(200);
    share(&bob, &post, &other).await.expect(200);
    let date = async || bob.get(format!("/groups/{other}")).await.expect(200)["last_active_at"].clone();
    let active = date().await;
    let path = format!("{place}/members/{}/content", dora.id());
    let gone = ann.post(format!("{path}:delete"), json!({ "reason": "R" })).await.expect(200);
    assert_eq!((listed(&bob, &other).await, date().await), (vec![post.clone()], active.clone()));
    ann.post(format!("{path}:restore"), json!({ "deleted_at": gone["deleted_at"] })).await.expect(200);
    assert_eq!((listed(&bob, &other).await, date().await), (vec![post, hers], active));
    assert_eq!(app.in_database(praxis::doctor::examine), []);
}

async fn a_deleted_group_shares_nothing_with_its_members(app: App) {
    let Two { ann, bob, other, post, .. } = Two::new(&app, json!({})).await;
    let carl = app.user("carl");
    let also = group(&bob, "Also", json!({})).await;
    for place in [&other, &also] {
        join(&carl, place).await;
        share(&bob, &post, place).await.expect(200);
    }
    comment(&ann, &post, None).await;
    carl.request(Method::PUT, format!("/groups/{also}/read")).await.expect(204);
    let key = carl.post("/me/feed-keys", json!({ "name": "N" })).await.expect(201);
    let key = key["secret"].as_str().unwrap().to_owned();
    let atom = async || {
        let path = format!("/api/v1/me/feed.atom#{key}");
        app.anon().request_at(Method::GET, &path).await.expect(200).text().into_owned()
    };
    assert!(atom().await.contains(&post));
    for place in [&other, &also] {
        bob.delete(format!("/groups/{place}")).await.expect(204);
        let seen = carl.get(format!("/posts/{post}")).await.expect(200);
        assert_eq!(seen["viewer"]["unread_comment_count"], json!(0));
        assert_eq!(carl.get("/me/unread").await.expect(200).items().len(), 0);
    }
    assert!(!atom().await.contains(&post));
    assert_eq!(carl.get("/me/feed").await.expect(200).items().len(), 0);
}

async fn ones_own_feed_holds_each_shared_post_once(app: App) {
    let Two { ann, bob, home, post: first, .. } = Two::new(&app, json!({})).await;
    let carl = app.user("carl");
    let mut places = Vec::new();
    for number in 0..10 {
        let place = group(&bob, &format!("Place {number}"), json!({})).await;
        join(&carl, &place).await;
        places.push(place);
    }
    let mut all = vec![first];
    for number in 0..9 {
        all.push(post(&ann, &home, &format!("Post {number}")).await);
    }
    for words in &all {
        for place in &places {
            share(&bob, words, place).await.expect(200);
        }
    }
    let key = carl.post("/me/feed-keys", json!({ "name": "N" })).await.expect(201);
    let path = format!("/api/v1/me/feed.atom#{}", key["secret"].as_str().unwrap());
    let atom = async || app.anon().request_at(Method::GET, &path).await.expect(200).text().into_owned();
    let entries = atom().await.matches("<entry>").count();
    assert_eq!(entries, 10, "each post once, however many groups it stands in");
    // who comes to be in its own group has it at its publication
    let feed = atom().await;
    join(&carl, &home).await;
    let newer = post(&bob, &places[0], "Newer").await;
    share(&bob, &all[0], &places[1]).await.expect(200);
    let own = atom().await;
    assert_eq!(own.matches("<entry>").count(), 11);
    let place = |text: &str, id: &str| text.find(id).unwrap();
    assert!(place(&own, &newer) < place(&own, &all[9]) && place(&own, &all[9]) < place(&own, &all[0]));
    assert!(feed.contains(&all[0]));
}

async fn one_person_lets_it_stand_in_so_many_groups_at_most(app: App) {
    let Two { bob, post, .. } = Two::new(&app, json!({})).await;
    for number in 0..51 {
        let quiet = group(&bob, &format!("Quiet {number}"), json!({ "visibility": "hidden" })).await;
        let answer = share(&bob, &post, &quiet).await;
        if number < 50 {
            answer.expect(200);
        } else {
            answer.expect_problem(409, "invalid_state");
        }
    }
    // how many others shared it with hidden groups is told to nobody
    let carl = app.user("carl");
    let quiet = group(&carl, "Quiet", json!({ "visibility": "hidden" })).await;
    share(&carl, &post, &quiet).await.expect(200);
}

async fn dates_stay_right_while_groups_close_and_others_write(app: App) {
    let (ann, bob, dora) = (app.user("ann"), app.user("bob"), app.user("dora"));
    for _ in 0..4 {
        let other = group(&bob, "Other", json!({})).await;
        let mut homes = Vec::new();
        for number in 0..4 {
            let home = group(&ann, &format!("Home {number}"), json!({})).await;
            join(&dora, &home).await;
            let words = post(&dora, &home, "Words").await;
            share(&bob, &words, &other).await.expect(200);
            homes.push((home, words));
        }
        let close = homes.iter().enumerate().map(|(number, (home, words))| {
            let (ann, dora) = (&ann, &dora);
            async move {
                match number {
                    0 => ann.patch(format!("/groups/{home}"), json!({ "visibility": "listed" })).await.expect(200),
                    1 => ann.delete(format!("/groups/{home}")).await.expect(204),
                    2 => ann.delete(format!("/posts/{words}")).await.expect(204),
                    _ => {
                        let path = format!("/groups/{home}/members/{}/content:delete", dora.id());
                        ann.post(path, json!({ "reason": "R" })).await.expect(200)
                    }
                };
            }
        });
        let write = (0..6).map(|number| {
            let (bob, other) = (&bob, &other);
            async move { drop(post(bob, other, &format!("Post {number}")).await) }
        });
        let (close, write) = (futures_util::future::join_all(close), futures_util::future::join_all(write));
        futures_util::future::join(close, write).await;
        let newest = bob.get(format!("/groups/{other}/posts")).await.expect(200);
        let shown = bob.get(format!("/groups/{other}")).await.expect(200);
        assert_eq!(newest.items().len(), 6);
        assert_eq!(shown["last_active_at"], newest.items()[0]["published_at"]);
    }
    assert_eq!(app.in_database(praxis::doctor::examine), []);
}

async fn again_changes_nothing_whatever_the_group_has_become(app: App) {
    let Two { ann, bob, home, other, post } = Two::new(&app, json!({})).await;
    let shared = share(&bob, &post, &other).await.expect(200);
    bob.patch(format!("/groups/{other}"), json!({ "status": "archived" })).await.expect(200);
    assert_eq!(
        share(&bob, &post, &other).await.expect(200)["shares"][0]["shared_at"],
        shared["shares"][0]["shared_at"]
    );
    // what members alone read is refused for that, whatever else there is
    ann.patch(format!("/groups/{home}"), json!({ "visibility": "listed", "rules": "New ones" })).await.expect(200);
    share(&ann, &post, &other).await.expect_problem(409, "invalid_state");
}
