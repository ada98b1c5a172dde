//! What members write without their name: nothing that others read tells whose it is.

use serde_json::{Value, json};

use crate::support::caller::Call;
use crate::support::world::{comment, group, join, member_as, post};
use crate::support::{App, Caller, Case, served};

pub fn cases() -> Vec<Case> {
    served![
        the_name_is_withheld_and_one_is_the_same_throughout_a_conversation,
        nothing_that_others_read_tells_whose_it_is,
        it_is_not_moved_to_whom_may_ask_there,
        where_newcomers_are_read_everybody_without_a_name_is,
        what_was_prepared_without_a_name_does_not_come_out_where_names_are_shown,
        authors_do_with_it_what_they_do_with_their_own,
        who_wrote_it_is_told_with_a_reason_to_those_who_answer_for_the_group,
        not_where_the_group_shows_names_and_not_as_news,
        what_is_read_first_has_no_name_for_those_who_read_it,
    ]
}

async fn circle(owner: &Caller) -> String {
    group(
        owner,
        "Circle",
        json!({ "visibility": "listed", "allow_anonymous": true, "member_list_visibility": "facilitators" }),
    )
    .await
}

fn nameless(title: &str) -> Value {
    json!({ "kind": "question", "title": title, "body": "How do you sleep?", "is_anonymous": true })
}

async fn ask(person: &Caller, group: &str, title: &str) -> String {
    person.post(format!("/groups/{group}/posts"), nameless(title)).await.expect(201).id()
}

async fn say(person: &Caller, post: &str) -> String {
    let body = json!({ "body": "So do I.", "is_anonymous": true });
    person.post(format!("/posts/{post}/comments"), body).await.expect(201).id()
}

fn reasoned(call: Call) -> Call {
    call.header("praxis-access-reason", "She may be in danger")
}

async fn the_name_is_withheld_and_one_is_the_same_throughout_a_conversation(app: App) {
    let (owner, ann, ben) = (app.user("owner"), app.user("ann"), app.user("ben"));
    let id = circle(&owner).await;
    for person in [&ann, &ben] {
        join(person, &id).await;
    }
    let thread = ask(&ann, &id, "Sleep").await;
    let asked = ben.get(format!("/posts/{thread}")).await.expect(200);
    let author = &asked["author"];
    assert_eq!((&author["display_name"], &author["is_anonymous"]), (&json!("Anonymous"), &json!(true)));
    assert_eq!(author["handle"], Value::Null);
    assert_ne!(author["id"], json!(ann.id()));
    ben.get(format!("/people/{}", author["id"].as_str().unwrap())).await.expect(404);
    for person in [&ann, &ben, &ann, &ben] {
        say(person, &thread).await;
    }
    comment(&ben, &thread, None).await;
    let said = owner.get(format!("/posts/{thread}/comments")).await.expect(200);
    let ids: Vec<&Value> = said.items().iter().map(|item| &item["author"]["id"]).collect();
    assert_eq!((ids[0], ids[2]), (&author["id"], &author["id"]), "who asked is known again");
    assert_eq!(ids[1], ids[3]);
    assert_ne!(ids[0], ids[1]);
    assert_eq!((ids[4], &said.items()[4]["author"]["is_anonymous"]), (&json!(ben.id()), &json!(false)));
    // another conversation, another id
    let other = ask(&ann, &id, "Food").await;
    assert_ne!(ben.get(format!("/posts/{other}")).await.expect(200)["author"]["id"], author["id"]);
}

async fn nothing_that_others_read_tells_whose_it_is(app: App) {
    let (owner, ben) = (app.user("owner"), app.user("ben"));
    let (ann, quiet) = (app.user("QqqAnn"), app.user("quiet"));
    let id = circle(&owner).await;
    for person in [&ann, &ben, &quiet] {
        join(person, &id).await;
    }
    let handle = ben.get("/me").await.expect(200)["handle"].as_str().unwrap().to_owned();
    let body =
        json!({ "kind": "question", "title": "Sleep", "body": format!("@{handle} helps?"), "is_anonymous": true });
    let thread = ann.post(format!("/groups/{id}/posts"), body).await.expect(201).id();
    ben.request(reqwest::Method::PUT, format!("/posts/{thread}/follow")).await.expect(204);
    let answer = say(&ann, &thread).await;
    ann.patch(format!("/comments/{answer}"), json!({ "body": format!("Or @{handle}?") })).await.expect(200);
    assert_eq!(ben.get("/me/notifications").await.expect(200).each("kind"), ["reply", "mention"]);
    let key = ben.post("/me/feed-keys", json!({ "name": "Mine" })).await.expect(201);
    let key = key["secret"].as_str().unwrap().to_owned();
    let since = praxis::types::Timestamp::now().before(std::time::Duration::from_hours(1));
    for reader in [&ben, &owner] {
        for path in [
            format!("/groups/{id}/posts"),
            format!("/groups/{id}/posts?sort=active"),
            format!("/groups/{id}/posts?updated_since={since}"),
            format!("/posts/{thread}"),
            format!("/posts/{thread}/revisions"),
            format!("/posts/{thread}/comments"),
            format!("/comments/{answer}"),
            format!("/comments/{answer}/revisions"),
            format!("/groups/{id}/activity"),
            "/me/feed".to_owned(),
            "/me/notifications".to_owned(),
            "/me/unread".to_owned(),
            format!("/me/feed.atom#{key}"),
            "/search?q=helps".to_owned(),
        ] {
            let seen = reader.get(&path).await;
            assert!(seen.status < 300, "{seen}");
            for word in ["QqqAnn", &ann.id().to_string()] {
                assert!(!seen.text().contains(word), "{path}: {}", seen.text());
            }
        }
    }
    // not found by the author, and the author was not active by it
    let by_ann = format!("/groups/{id}/posts?author_id={}", ann.id());
    assert!(ben.get(&by_ann).await.expect(200).items().is_empty());
    assert_eq!(ann.get(&by_ann).await.expect(200).each("id"), [&*thread]);
    let members = owner.get(format!("/groups/{id}/members?sort=active")).await.expect(200);
    for member in members.items() {
        assert_eq!(member["last_contributed_at"], Value::Null, "{member}");
    }
    // to take away all of theirs does not tell either
    let taken = format!("/groups/{id}/members/{}/content:delete", ann.id());
    let taken = owner.post(taken, json!({ "reason": "Spam" })).await.expect(200);
    assert_eq!((&taken["post_count"], &taken["comment_count"]), (&json!(0), &json!(0)));
    assert_eq!(app.in_database(praxis::doctor::examine), []);
}

async fn it_is_not_moved_to_whom_may_ask_there(app: App) {
    let (owner, ann) = (app.user("owner"), app.user("ann"));
    let (id, other) = (circle(&owner).await, circle(&owner).await);
    join(&ann, &id).await;
    let to = json!({ "group_id": other });
    let nameless = ask(&ann, &id, "Sleep").await;
    let answered = post(&owner, &id, "Thread").await;
    say(&ann, &answered).await;
    let waiting = post(&owner, &id, "Other").await;
    let body = json!({ "body": "Yes", "is_anonymous": true });
    ann.post(format!("/posts/{waiting}/submissions"), body).await.expect(201);
    for thread in [nameless, answered, waiting] {
        let path = format!("/posts/{thread}/move");
        owner.act(path, to.clone()).await.expect_field(422, "/group_id", "pseudonyms");
    }
    let named = post(&owner, &id, "Named").await;
    comment(&ann, &named, None).await;
    owner.act(format!("/posts/{named}/move"), to).await.expect(200);
}

async fn where_newcomers_are_read_everybody_without_a_name_is(app: App) {
    let (owner, ann) = (app.user("owner"), app.user("ann"));
    let id = circle(&owner).await;
    join(&ann, &id).await;
    let thread = post(&ann, &id, "With a name").await;
    owner.patch(format!("/groups/{id}"), json!({ "review_policy": "newcomers" })).await.expect(200);
    comment(&ann, &thread, None).await;
    ann.post(format!("/groups/{id}/posts"), nameless("Sleep")).await.expect_problem(409, "review_needed");
    let body = json!({ "body": "Yes", "is_anonymous": true });
    ann.post(format!("/posts/{thread}/comments"), body.clone()).await.expect_problem(409, "review_needed");
    owner.post(format!("/posts/{thread}/comments"), body.clone()).await.expect(201);

    // that only some could change theirs would tell whose it is
    let ben = app.user("ben");
    join(&ben, &id).await;
    let mut said = Vec::new();
    for person in [&ann, &ben] {
        let sent = person.post(format!("/posts/{thread}/submissions"), body.clone()).await.expect(201).id();
        let done =
            owner.post(format!("/submissions/{sent}/decision"), json!({ "outcome": "approve" })).await.expect(200);
        said.push(format!("/comments/{}", done["comment_id"].as_str().unwrap()));
    }
    for (person, path) in [&ann, &ben].into_iter().zip(&said) {
        let seen = person.get(path).await.expect(200);
        assert!(!seen["viewer"]["can"].as_array().unwrap().contains(&json!("edit")), "{seen}");
        person.patch(path, json!({ "body": "Changed" })).await.expect_problem(409, "review_needed");
    }

    // what waits does not go with who wrote it
    let waiting = ben.post(format!("/groups/{id}/submissions"), nameless("Waiting")).await.expect(201).id();
    let mut named = nameless("Named");
    named["is_anonymous"] = json!(false);
    let named = ben.post(format!("/groups/{id}/submissions"), named).await.expect(201).id();
    let all = format!("/groups/{id}/submissions");
    assert_eq!(owner.get(&all).await.expect(200).each("id"), [&*waiting, &*named]);
    owner.patch(format!("/groups/{id}/members/{}", ben.id()), json!({ "state": "banned" })).await.expect(200);
    assert_eq!(owner.get(&all).await.expect(200).each("id"), [&*waiting]);
    let refused = owner.post(format!("/submissions/{waiting}/decision"), json!({ "outcome": "approve" })).await;
    assert_eq!(refused.expect_problem(409, "invalid_state")["detail"], "Its author may not write this here now.");
}

async fn what_was_prepared_without_a_name_does_not_come_out_where_names_are_shown(app: App) {
    let (owner, ann) = (app.user("owner"), app.user("ann"));
    let id = circle(&owner).await;
    join(&ann, &id).await;
    let posts = format!("/groups/{id}/posts");
    let soon = praxis::types::Timestamp::now().after(std::time::Duration::from_mins(5));
    let (mut draft, mut planned) = (nameless("Draft"), nameless("Planned"));
    draft["status"] = json!("draft");
    planned["status"] = json!("scheduled");
    planned["publish_at"] = json!(soon);
    let draft = ann.post(&posts, draft).await.expect(201).id();
    let planned = ann.post(&posts, planned).await.expect(201).id();
    let sent = ann.post(format!("/groups/{id}/submissions"), nameless("Sent")).await.expect(201).id();
    owner.patch(format!("/groups/{id}"), json!({ "allow_anonymous": false })).await.expect(200);
    let path = format!("/posts/{draft}");
    ann.patch(path, json!({ "status": "published" })).await.expect_field(422, "/is_anonymous", "conflict");
    let later = soon.after(std::time::Duration::from_mins(1));
    app.in_database(move |conn| praxis::api::posts::queries::publish_due(conn, later));
    assert_eq!(ann.get(format!("/posts/{planned}")).await.expect(200)["status"], "draft");
    let decision = format!("/submissions/{sent}/decision");
    owner.post(decision, json!({ "outcome": "approve" })).await.expect_problem(409, "invalid_state");
    assert!(owner.get(&posts).await.expect(200).items().is_empty());
}

async fn authors_do_with_it_what_they_do_with_their_own(app: App) {
    let (owner, ann) = (app.user("owner"), app.user("ann"));
    let id = circle(&owner).await;
    join(&ann, &id).await;
    let thread = ask(&ann, &id, "Sleep").await;
    let path = format!("/posts/{thread}");
    let changed = ann.patch(&path, json!({ "title": "Better sleep" })).await.expect(200);
    assert_eq!(changed["author"]["is_anonymous"], json!(true));
    let answer = say(&owner, &thread).await;
    ann.put(format!("{path}/accepted-answer"), json!({ "comment_id": answer })).await.expect(200);
    assert_eq!(ann.get("/me/notifications").await.expect(200).each("kind"), ["reply"]);
    ann.delete(&path).await.expect(204);
    let back = ann.request(reqwest::Method::POST, format!("{path}/restore")).await.expect(200);
    assert_eq!(back["author"]["display_name"], "Anonymous");
    let named = post(&ann, &id, "With a name").await;
    assert_eq!(ann.get(format!("/posts/{named}")).await.expect(200)["author"]["id"], json!(ann.id()));
}

async fn who_wrote_it_is_told_with_a_reason_to_those_who_answer_for_the_group(app: App) {
    let (owner, leader, ann) = (app.user("owner"), app.user("leader"), app.user("ann"));
    let id = circle(&owner).await;
    member_as(&leader, &owner, &id, "facilitator").await;
    join(&ann, &id).await;
    let thread = ask(&ann, &id, "Sleep").await;
    let answer = say(&ann, &thread).await;
    for path in [format!("/posts/{thread}"), format!("/comments/{answer}")] {
        let author = format!("{path}/author");
        owner.get(&author).await.expect_problem(403, "access_reason_needed");
        reasoned(leader.get(&author)).await.expect_problem(403, "forbidden");
        let told = reasoned(owner.get(&author)).await.expect(200);
        assert_eq!((&told["id"], &told["display_name"]), (&json!(ann.id()), &json!("ann")));
        assert_eq!(told["is_anonymous"], json!(false));
    }
    let log = owner.get(format!("/groups/{id}/audit-log?action=author_unmasked")).await.expect(200);
    assert_eq!(log.each("target_id"), [&*answer, &*thread]);
    assert_eq!((log.each("reason")[0], &log.items()[0]["actor_id"]), ("She may be in danger", &json!(owner.id())));
    assert!(log.items().iter().all(|entry| entry["changes"] == json!([])), "whom it was about is not in the log");
    // nobody is warned of it: that would stand beside a name
    for path in [format!("/posts/{thread}/warnings"), format!("/comments/{answer}/warnings")] {
        owner.post(path, json!({ "reason": "Off topic" })).await.expect_problem(409, "invalid_state");
    }
    assert!(ann.get("/me/notifications").await.expect(200).items().is_empty());
    // of what was deleted, too, and of what was said on it; of what never came out nobody, and of what has a name nothing is recorded
    ann.delete(format!("/posts/{thread}")).await.expect(204);
    for path in [format!("/posts/{thread}/author"), format!("/comments/{answer}/author")] {
        reasoned(owner.get(path)).await.expect(200);
    }
    let mut draft = nameless("Draft");
    draft["status"] = json!("draft");
    let draft = ann.post(format!("/groups/{id}/posts"), draft).await.expect(201).id();
    reasoned(owner.get(format!("/posts/{draft}/author"))).await.expect(404);
    let named = post(&ann, &id, "With a name").await;
    let log = format!("/groups/{id}/audit-log?action=author_unmasked");
    let before = owner.get(&log).await.expect(200).items().len();
    reasoned(owner.get(format!("/posts/{named}/author"))).await.expect(200);
    assert_eq!(owner.get(&log).await.expect(200).items().len(), before);
    ann.request(reqwest::Method::POST, format!("/posts/{thread}/restore")).await.expect(200);
    let moderator = app.person("moderator", praxis::auth::actor::PlatformRole::Moderator);
    reasoned(moderator.get(format!("/posts/{thread}/author"))).await.expect(404);
    let admin = app.admin();
    admin.get(format!("/posts/{thread}/author")).await.expect_problem(403, "access_reason_needed");
    reasoned(admin.get(format!("/posts/{thread}/author"))).await.expect(200);
}

async fn not_where_the_group_shows_names_and_not_as_news(app: App) {
    let owner = app.user("owner");
    let id = group(&owner, "Open", json!({})).await;
    let posts = format!("/groups/{id}/posts");
    owner.post(&posts, nameless("Sleep")).await.expect_field(422, "/is_anonymous", "conflict");
    let thread = post(&owner, &id, "Thread").await;
    let body = json!({ "body": "Yes", "is_anonymous": true });
    let comments = format!("/posts/{thread}/comments");
    owner.post(&comments, body.clone()).await.expect_field(422, "/is_anonymous", "conflict");
    for path in [format!("/groups/{id}/submissions"), format!("/posts/{thread}/submissions")] {
        let body = if path.starts_with("/groups") { nameless("Sleep") } else { body.clone() };
        owner.post(&path, body).await.expect_field(422, "/is_anonymous", "conflict");
    }
    owner.patch(format!("/groups/{id}"), json!({ "allow_anonymous": true })).await.expect(200);
    let mut news = nameless("News");
    news["kind"] = json!("announcement");
    owner.post(&posts, news).await.expect_field(422, "/is_anonymous", "conflict");
    let asked = ask(&owner, &id, "Sleep").await;
    owner.post(&comments, body).await.expect(201);
    // what has no name keeps having none
    owner.patch(format!("/groups/{id}"), json!({ "allow_anonymous": false })).await.expect(200);
    assert_eq!(app.anon().get(format!("/posts/{asked}")).await.expect(200)["author"]["is_anonymous"], json!(true));
}

async fn what_is_read_first_has_no_name_for_those_who_read_it(app: App) {
    let (owner, ann) = (app.user("owner"), app.user("QqqAnn"));
    let id = circle(&owner).await;
    owner.patch(format!("/groups/{id}"), json!({ "review_policy": "newcomers" })).await.expect(200);
    join(&ann, &id).await;
    let sent = ann.post(format!("/groups/{id}/submissions"), nameless("Sleep")).await.expect(201);
    assert_eq!(sent["author"]["is_anonymous"], json!(true));
    let all = format!("/groups/{id}/submissions");
    let waiting = format!("/submissions/{}", sent.id());
    let told = reasoned(owner.get(format!("{waiting}/author"))).await.expect(200);
    assert_eq!(told["id"], json!(ann.id()));
    // why it may not come out would tell whose it is
    owner.patch(format!("/groups/{id}"), json!({ "rules": "Be kind." })).await.expect(200);
    let refused = owner.post(format!("{waiting}/decision"), json!({ "outcome": "approve" })).await;
    let refused = refused.expect_problem(409, "invalid_state");
    assert_eq!(refused["detail"], "Its author may not write this here now.");
    owner.patch(format!("/groups/{id}"), json!({ "rules": null })).await.expect(200);
    let done = owner.post(format!("{waiting}/decision"), json!({ "outcome": "approve" }));
    for path in [all.clone(), format!("/submissions/{}", sent.id()), "/me/notifications".to_owned()] {
        let seen = owner.get(&path).await.expect(200);
        assert!(!seen.text().contains("QqqAnn") && !seen.text().contains(&ann.id().to_string()), "{seen}");
    }
    let thread = done.await.expect(200)["post_id"].as_str().unwrap().to_owned();
    let out = owner.get(format!("/posts/{thread}")).await.expect(200);
    assert_eq!((&out["author"]["display_name"], &out["author"]["is_anonymous"]), (&json!("Anonymous"), &json!(true)));
    let log = owner.get(format!("/groups/{id}/audit-log")).await.expect(200);
    assert_eq!(log.each("action")[0], "submission_approved");
    let entry = log.items()[0].to_string();
    assert!(!entry.contains(&ann.id().to_string()), "{entry}");

    // who is known by no name here is a newcomer still
    let body = json!({ "body": "Thank you.", "is_anonymous": true });
    ann.post(format!("/posts/{thread}/comments"), body.clone()).await.expect_problem(409, "review_needed");
    let waiting = ann.post(format!("/posts/{thread}/submissions"), body).await.expect(201);
    let done = owner.post(format!("/submissions/{}/decision", waiting.id()), json!({ "outcome": "approve" }));
    let comment = done.await.expect(200)["comment_id"].as_str().unwrap().to_owned();
    let said = owner.get(format!("/comments/{comment}")).await.expect(200);
    assert_eq!(said["author"]["id"], out["author"]["id"], "who asked is known again");
    assert_eq!(app.in_database(praxis::doctor::examine), []);
}
