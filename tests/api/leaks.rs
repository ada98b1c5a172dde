//! What outsiders may not know of is nowhere: every operation that reads is asked in every way, by everybody who is not in,
//! and no answer (body, headers, cursors) holds a word of it. A member who asks the same finds every word, so the search
//! can fail.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use praxis::auth::actor::PlatformRole;
use praxis::types::{ArticleId, CommentId, GroupId, PostId, SubmissionId};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::document::Operation;
use crate::support::{Answer, App, Caller, Case, document, served, world};

pub fn cases() -> Vec<Case> {
    served![
        a_hidden_group_is_nowhere,
        the_content_of_a_listed_group_is_nowhere_but_inside,
        what_was_deleted_is_nowhere,
        what_is_hidden_answers_like_what_never_was,
        a_hidden_group_takes_no_name_away,
        addresses_are_for_their_owners_and_administrators,
        a_withheld_count_is_in_no_answer_and_no_order,
    ]
}

/// Words that outsiders must not find, and how to look for them.
struct Secret {
    words: Vec<String>,
    /// Values for the parameters of paths, by name; `slug` is prefixed with its collection.
    paths: BTreeMap<&'static str, Vec<String>>,
}

/// A group with content of all kinds under words that occur nowhere else.
struct Place {
    group: Value,
    owner: Caller,
    member: Caller,
    post: String,
    comment: String,
    submission: String,
    article: Value,
}

impl Place {
    /// `word` begins everything that is to be looked for.
    async fn new(app: &App, word: &str) -> Self {
        let owner = app.user(&format!("{word}Owner"));
        let member = app.user(&format!("{word}Member"));
        let settings = json!({
            "summary": format!("{word}Summary"), "purpose": format!("{word}Purpose"), "tags": [format!("{word}Tag")],
            "description": format!("{word}Description"), "learning_question": format!("{word}Question?"),
            "join_policy": "request",
        });
        let group = world::group(&owner, &format!("{word}Name"), settings).await;
        world::member(&member, &owner, &group).await;
        let body = json!({
            "kind": "question", "title": format!("{word}Title"), "body": format!("{word}Before"),
            "tags": [format!("{word}PostTag")],
        });
        let post = member.post(format!("/groups/{group}/posts"), body).await.expect(201).id();
        member.patch(format!("/posts/{post}"), json!({ "body": format!("{word}Body") })).await.expect(200);
        let body = json!({ "body": format!("{word}Earlier") });
        let comment = owner.post(format!("/posts/{post}/comments"), body).await.expect(201).id();
        owner.patch(format!("/comments/{comment}"), json!({ "body": format!("{word}Comment") })).await.expect(200);
        owner.request(Method::PUT, format!("/posts/{post}/bookmark")).await.expect(204);
        let body = json!({ "kind": "discussion", "title": format!("{word}Waiting"), "body": format!("{word}Unread") });
        let submission = member.post(format!("/groups/{group}/submissions"), body).await.expect(201).id();
        // the article is public; that the group is behind it is not
        let editor = app.person(&format!("editor of {word}"), PlatformRole::Admin);
        let article = json!({ "kind": "opinion_piece", "title": "A public article", "status": "published" });
        let article = editor.post("/articles", article).await.expect(201).json;
        world::contribute(&editor, &owner, article["id"].as_str().unwrap(), &group).await;
        let group = owner.get(format!("/groups/{group}")).await.expect(200).json;
        Self { group, owner, member, post, comment, submission, article }
    }

    fn id(&self) -> &str {
        self.group["id"].as_str().unwrap()
    }

    async fn change(&mut self, settings: Value) {
        self.group = self.owner.patch(format!("/groups/{}", self.id()), settings).await.expect(200).json;
    }

    fn paths(&self) -> BTreeMap<&'static str, Vec<String>> {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        BTreeMap::from([
            ("group_id", vec![text(&self.group["id"])]),
            ("groups/slug", vec![text(&self.group["slug"])]),
            ("articles/slug", vec![text(&self.article["slug"])]),
            ("article_id", vec![text(&self.article["id"])]),
            ("post_id", vec![self.post.clone()]),
            ("comment_id", vec![self.comment.clone()]),
            ("user_id", vec![self.owner.id().to_string(), self.member.id().to_string()]),
            ("submission_id", vec![self.submission.clone()]),
            ("session_id", vec![self.owner.session().to_string()]),
            // a made-up secret; the cases put those of outsiders in its place
            ("feed_key", vec!["prx_feed_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".to_owned()]),
            ("invitation_id", vec![GroupId::new().to_string()]),
            ("group_proposal_id", vec![GroupId::new().to_string()]),
            ("group_type_id", vec![world::COMMUNITY.to_owned()]),
            ("webhook_id", vec![GroupId::new().to_string()]),
            ("delivery_id", vec![GroupId::new().to_string()]),
            ("api_key_id", vec![GroupId::new().to_string()]),
        ])
    }
}

/// Everybody who is not in a group, whatever they were to it.
async fn outsiders(app: &App, place: &Place) -> Vec<(&'static str, Caller)> {
    let (owner, group) = (&place.owner, place.id());
    let [requested, declined, left, removed, banned] =
        ["requested", "declined", "left", "removed", "banned"].map(|name| app.user(&format!("{name} once")));
    for person in [&left, &removed, &banned] {
        world::member(person, owner, group).await;
    }
    let of = |person: &Caller| format!("/groups/{group}/members/{}", person.id());
    // what they were told while they were in
    for person in [&left, &removed, &banned] {
        let handle = person.get("/me").await.expect(200)["handle"].as_str().unwrap().to_owned();
        let body = json!({ "body": format!("Hello @{handle}") });
        owner.post(format!("/posts/{}/comments", place.post), body).await.expect(201);
        let told = person.get("/me/notifications").await.expect(200);
        assert!(told.each("kind").contains(&"mention"), "nothing to forget: {told}");
    }
    left.delete(format!("/groups/{group}/membership")).await.expect(204);
    owner.delete(of(&removed)).await.expect(204);
    owner.patch(of(&banned), json!({ "state": "banned" })).await.expect(200);
    for person in [&requested, &declined] {
        assert_eq!(world::join(person, group).await, "requested");
    }
    let decision = format!("/groups/{group}/membership-requests/{}/decision", declined.id());
    owner.post(decision, json!({ "outcome": "decline" })).await.expect(200);
    vec![
        ("anonymous", app.anon()),
        ("a stranger", app.user("stranger")),
        ("an editor", app.person("plain editor", PlatformRole::Editor)),
        ("a moderator", app.person("plain moderator", PlatformRole::Moderator)),
        ("who asked", requested),
        ("who was declined", declined),
        ("who left", left),
        ("who was removed", removed),
        ("who was banned", banned),
    ]
}

/// A member's API key that is restricted to another group.
async fn key_for_another_group(app: &App, place: &Place, other: &str) -> Caller {
    let insider = app.user("insider");
    world::member(&insider, &place.owner, place.id()).await;
    let scopes =
        ["groups:read", "groups:write", "members:read", "members:write", "posts:read", "posts:write", "events:read"];
    let key = json!({ "name": "For another", "scopes": scopes, "group_ids": [other] });
    let key = insider.post("/me/api-keys", key).await.expect(201);
    insider.with_token(key["secret"].as_str().unwrap())
}

/// What opens feeds as each of these people reads them.
async fn feed_keys(people: &[(&'static str, Caller)]) -> Vec<String> {
    let mut keys = Vec::new();
    for (_, person) in people.iter().filter(|(_, person)| person.token.is_some()) {
        let made = person.post("/me/feed-keys", json!({ "name": "From before" })).await.expect(201);
        keys.push(made["secret"].as_str().unwrap().to_owned());
    }
    keys
}

/// Every way to fill the parameters of an operation's path.
fn paths(operation: &Operation, fill: &BTreeMap<&'static str, Vec<String>>) -> Vec<String> {
    let mut paths = vec![String::new()];
    for part in operation.path.split('/').skip(1) {
        let name = part.strip_prefix('{').and_then(|part| part.strip_suffix('}'));
        let name =
            name.map(|name| if name == "slug" { format!("{}/slug", before_slug(operation)) } else { name.to_owned() });
        let values = match &name {
            None => vec![part.to_owned()],
            Some(name) => {
                let values = fill.get(name.as_str());
                values.unwrap_or_else(|| panic!("{}: say what to fill in for {name}", operation.id)).clone()
            }
        };
        paths = paths.iter().flat_map(|path| values.iter().map(move |value| format!("{path}/{value}"))).collect();
    }
    paths
}

fn before_slug(operation: &Operation) -> &str {
    operation.path.split("/by-slug").next().and_then(|path| path.rsplit('/').next()).unwrap()
}

/// Every query with one parameter, and the whole list in single steps.
fn queries(operation: &Operation, secret: &Secret) -> Vec<String> {
    // a stream that goes on has no end to look at
    let mut queries = vec![if operation.id == "stream_events" { "?follow=false".to_owned() } else { String::new() }];
    for (name, values) in &operation.query {
        let words: Vec<String> = match name.as_str() {
            "cursor" | "follow" => continue,
            "group_id" if operation.id == "stream_events" => {
                queries.extend(secret.paths["group_id"].iter().map(|id| format!("?follow=false&group_id={id}")));
                continue;
            }
            "limit" => vec!["100".to_owned()],
            "q" | "name" | "skill" => {
                secret.words.iter().map(|word| form_urlencoded::byte_serialize(word.as_bytes()).collect()).collect()
            }
            "parent_id" | "ids" | "exclude_ids" => secret.paths["group_id"].clone(),
            "type" => vec!["community-of-practice".to_owned(), "peer-support".to_owned()],
            _ if !values.is_empty() => values.clone(),
            "actor_id" | "target_id" | "author_id" => secret.paths["user_id"].clone(),
            "group_id" => secret.paths["group_id"].clone(),
            "updated_since" => {
                vec![praxis::types::Timestamp::now().before(std::time::Duration::from_hours(1)).to_string()]
            }
            "since" | "until" => vec!["2025-01-01T00:00:00Z".to_owned(), "2125-01-01T00:00:00Z".to_owned()],
            "in" => ["groups", "posts", "comments", "articles", "people"].map(str::to_owned).to_vec(),
            "is_service" | "mine" | "pinned" | "unanswered" | "unread" => vec!["true".to_owned(), "false".to_owned()],
            "tag" => vec!["ZyxPostTag".to_owned()],
            other => panic!("{}: say what to ask for as {other}", operation.id),
        };
        queries.extend(words.iter().map(|word| format!("?{name}={word}")));
    }
    if operation.takes("feed_key") {
        queries.extend(secret.paths["feed_key"].iter().map(|key| format!("#{key}")));
    }
    // a search needs words, behind which the other parameters go
    if operation.query.contains_key("in") {
        let asked = queries.split_off(1);
        let (words, others): (Vec<_>, Vec<_>) = asked.into_iter().partition(|query| query.starts_with("?q="));
        let both =
            |word: &String| others.iter().map(move |other| format!("{word}&{}", &other[1..])).collect::<Vec<_>>();
        queries.extend(words.iter().flat_map(both));
        queries.extend(words);
    }
    queries
}

/// Everything that an answer tells, with what its cursors hold. Of a group that everybody could know of until it went, who keeps a
/// copy is told by its id that it is gone: that is looked at by itself.
fn told(operation: &Operation, answer: &Answer) -> String {
    let mut told = answer.text().into_owned();
    if operation.id == "list_groups" && answer.status == 200 {
        let mut page = answer.json.clone();
        page["deleted"] = json!([]);
        told = page.to_string();
    }
    if operation.id == "stream_events" {
        told = told.lines().filter(|line| !line.contains(r#""type":"group.deleted""#)).collect::<Vec<_>>().join("\n");
    }
    for (name, value) in &answer.headers {
        told.extend(["\n", name.as_str(), ": ", &String::from_utf8_lossy(value.as_bytes())]);
    }
    if let Some(cursor) = answer["next_cursor"].as_str() {
        told.push('\n');
        told.push_str(&String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).unwrap()).unwrap());
    }
    told
}

/// Asks everything that can be read and returns the words that were found, each with where.
async fn found(caller: &Caller, secret: &Secret) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut look = |operation: &Operation, answer: &Answer| {
        let text = told(operation, answer);
        for word in secret.words.iter().filter(|word| text.contains(*word)) {
            found.entry(word.clone()).or_insert_with(|| format!("{} {}", answer.method, answer.path));
        }
    };
    let mut asked = 0;
    for operation in document::operations().iter().filter(|operation| operation.method == "GET") {
        for path in paths(operation, &secret.paths) {
            for query in queries(operation, secret) {
                look(operation, &caller.request_at(Method::GET, &format!("{path}{query}")).await);
                asked += 1;
            }
            let mut cursor = operation.query.contains_key("cursor").then(String::new);
            while let Some(place) = cursor {
                let answer = caller.request_at(Method::GET, &format!("{path}?limit=1{place}")).await;
                look(operation, &answer);
                cursor = answer["next_cursor"].as_str().map(|cursor| format!("&cursor={cursor}"));
            }
        }
    }
    assert!(asked > 50, "{asked} questions are not all");
    found
}

async fn expect_nothing(outsiders: &[(&'static str, Caller)], secret: &Secret) {
    for (who, caller) in outsiders {
        let found = found(caller, secret).await;
        assert!(found.is_empty(), "{who} finds {found:#?}");
    }
}

async fn a_hidden_group_is_nowhere(app: App) {
    let mut place = Place::new(&app, "Zyx").await;
    let outsiders = outsiders(&app, &place).await;
    let public_slug = place.group["slug"].as_str().unwrap().to_owned();
    let public = Place::new(&app, "Public").await;
    let key = key_for_another_group(&app, &place, public.id()).await;
    place.change(json!({ "visibility": "hidden" })).await;
    world::settle(&app);
    let slug = place.group["slug"].as_str().unwrap().to_owned();
    assert_ne!(slug, public_slug, "the slug from before could be remembered");

    let words = [
        "Name",
        "Summary",
        "Purpose",
        "Description",
        "Question?",
        "Tag",
        "Title",
        "Before",
        "Body",
        "PostTag",
        "Earlier",
        "Comment",
        "Waiting",
        "Unread",
    ];
    let names = words.iter().chain(&["Owner", "Member"]).map(|word| format!("Zyx{word}"));
    let ids = [place.id(), &place.post, &place.comment, &place.submission, &slug].map(str::to_owned);
    let people = [place.owner.id(), place.member.id()].map(|id| id.to_string());
    let mut paths = place.paths();
    paths.insert("feed_key", feed_keys(&outsiders).await);
    let secret = Secret { words: names.chain(ids).chain(people).collect(), paths };
    let seen = found(&place.member, &secret).await;
    let all: BTreeSet<&String> = secret.words.iter().collect();
    let unseen: Vec<_> = all.iter().filter(|word| !seen.contains_key(**word)).collect();
    assert!(unseen.is_empty(), "a member does not find {unseen:?}: the search is too narrow");
    expect_nothing(&outsiders, &secret).await;
    expect_nothing(&[("a key for another group", key)], &secret).await;

    // numbers give it away no more than words do
    for (who, caller) in &outsiders {
        let groups = caller.get("/groups?limit=100&status=all").await.expect(200);
        assert_eq!(groups.each("id"), [public.id()], "{who}");
        let article = caller.get(format!("/articles/{}", place.article["id"].as_str().unwrap())).await.expect(200);
        assert_eq!(article["contributing_groups"], json!([]), "{who}");
        caller.get(format!("/groups/by-slug/{public_slug}")).await.expect(404);
        let hour = std::time::Duration::from_hours(1);
        let since = praxis::types::Timestamp::now().before(hour);
        let changed = caller.get(format!("/groups?updated_since={since}")).await.expect(200);
        let gone = changed["deleted"].as_array().unwrap();
        assert_eq!((gone.len(), &gone[0]["id"]), (1, &place.group["id"]), "{who}");
        assert_eq!(gone[0].as_object().unwrap().len(), 2, "that it is gone, and since when: {changed}");
    }
}

async fn the_content_of_a_listed_group_is_nowhere_but_inside(app: App) {
    let mut place = Place::new(&app, "Zyx").await;
    let outsiders = outsiders(&app, &place).await;
    Place::new(&app, "Public").await;
    place.change(json!({ "visibility": "listed" })).await;
    world::settle(&app);
    let names = ["Title", "Before", "Body", "PostTag", "Earlier", "Comment", "Waiting", "Unread", "Owner", "Member"];
    let names = names.map(|word| format!("Zyx{word}"));
    let people = [place.owner.id(), place.member.id()].map(|id| id.to_string());
    let ids = [place.post.clone(), place.comment.clone(), place.submission.clone()];
    let mut paths = place.paths();
    paths.insert("feed_key", feed_keys(&outsiders).await);
    let secret = Secret { words: names.into_iter().chain(people).chain(ids).collect(), paths };
    let seen = found(&place.member, &secret).await;
    assert_eq!(seen.len(), secret.words.len(), "a member finds only {seen:#?}");
    expect_nothing(&outsiders, &secret).await;
    for (who, caller) in &outsiders {
        assert_eq!(caller.get(format!("/groups/{}", place.id())).await.expect(200)["name"], "ZyxName", "{who}");
    }
}

async fn what_was_deleted_is_nowhere(app: App) {
    let place = Place::new(&app, "Zyx").await;
    let (owner, member) = (&place.owner, &place.member);
    let gone = member.post(
        format!("/groups/{}/posts", place.id()),
        json!({ "kind": "discussion", "title": "QqqTitle", "body": "QqqBody" }),
    );
    let gone = gone.await.expect(201).id();
    world::comment(owner, &gone, None).await;
    let comment = member.post(format!("/posts/{}/comments", place.post), json!({ "body": "QqqComment" }));
    let comment = comment.await.expect(201).id();
    world::comment(owner, &place.post, Some(&comment)).await;
    let leaving = app.user("QqqPerson");
    world::member(&leaving, owner, place.id()).await;
    let said = leaving.post(format!("/posts/{}/comments", place.post), json!({ "body": "Goodbye" }));
    said.await.expect(201);

    let words = ["QqqTitle", "QqqBody", "QqqComment", "QqqPerson"].map(str::to_owned).to_vec();
    let mut paths = place.paths();
    paths.insert("feed_key", feed_keys(&[("owner", owner.clone()), ("member", member.clone())]).await);
    paths.get_mut("post_id").unwrap().push(gone.clone());
    paths.get_mut("comment_id").unwrap().push(comment.clone());
    paths.get_mut("user_id").unwrap().push(leaving.id().to_string());
    let secret = Secret { words, paths };
    assert_eq!(found(owner, &secret).await.len(), 4, "before");

    member.delete(format!("/posts/{gone}")).await.expect(204);
    member.delete(format!("/comments/{comment}")).await.expect(204);
    leaving.delete("/me").await.expect(204);
    let (admin, bystander) = (app.admin(), app.user("bystander"));
    world::member(&bystander, owner, place.id()).await;
    for caller in [&bystander, &app.anon()] {
        assert_eq!(found(caller, &secret).await, BTreeMap::new());
    }
    // whoever may bring it back finds it where it can be brought back, and nowhere else
    for caller in [owner, member, &admin] {
        for (word, place) in found(caller, &secret).await {
            assert!(word.starts_with("QqqTitle") || word.starts_with("QqqBody"), "{word}");
            assert!(place.ends_with("/posts?status=deleted"), "{word}: {place}");
        }
    }
}

/// A body that the operation takes, about this group and comment.
fn body(operation: &str, ids: &Ids) -> Option<Value> {
    Some(match operation {
        "update_group" => json!({ "summary": "Changed" }),
        "create_invitations" => json!({ "recipients": [{ "user_id": ids.person }] }),
        "offer_ownership" => json!({ "user_id": ids.person }),
        "purge_group" | "create_post_warning" | "create_comment_warning" | "delete_member_content" => {
            json!({ "reason": "A test" })
        }
        "update_membership" => json!({ "display_name": "New" }),
        "accept_rules" => json!({ "version": 1 }),
        "decide_membership_requests" => json!({ "decisions": [{ "user_id": ids.person, "outcome": "approve" }] }),
        "batch_members" => json!({ "rows": [{ "action": "remove", "user_id": ids.person }] }),
        "update_member" => json!({ "state": "banned" }),
        "restore_member_content" => json!({ "deleted_at": "2026-01-01T00:00:00Z" }),
        "join_group" | "restore_group" | "create_invitation_link" | "pin_post" | "pin_share" | "lock_post" => json!({}),
        "decide_membership_request" => json!({ "outcome": "approve" }),
        "decide_submission" => json!({ "outcome": "decline", "reason": "A test" }),
        "create_post" | "create_post_submission" => json!({ "kind": "discussion", "title": "New", "body": "New" }),
        "create_comment" | "create_comment_submission" => json!({ "body": "New", "parent_id": ids.comment }),
        "update_post" | "update_comment" => json!({ "body": "Changed" }),
        "move_post" => json!({ "group_id": ids.group }),
        "accept_answer" => json!({ "comment_id": ids.comment }),
        "read_posts" => json!({ "post_ids": [ids.post] }),
        "create_contribution" => json!({ "group_id": ids.group, "role": "wrote" }),
        "decide_contribution" => json!({ "outcome": "accept" }),
        _ => return None,
    })
}

struct Ids {
    group: String,
    slug: String,
    post: String,
    comment: String,
    submission: String,
    person: String,
}

async fn what_is_hidden_answers_like_what_never_was(app: App) {
    let mut place = Place::new(&app, "Zyx").await;
    let outsiders = outsiders(&app, &place).await;
    place.change(json!({ "visibility": "hidden" })).await;
    let article = place.article["id"].as_str().unwrap();
    let slug = place.group["slug"].as_str().unwrap();
    let hidden = Ids {
        group: place.id().to_owned(),
        slug: slug.to_owned(),
        post: place.post.clone(),
        comment: place.comment.clone(),
        submission: place.submission.clone(),
        person: place.member.id().to_string(),
    };
    let never = Ids {
        group: GroupId::new().to_string(),
        slug: format!("{}x", &slug[..slug.len() - 1]),
        post: PostId::new().to_string(),
        comment: CommentId::new().to_string(),
        submission: SubmissionId::new().to_string(),
        person: hidden.person.clone(),
    };
    let mut compared = 0;
    for operation in document::operations() {
        let about = ["{group_id}", "{post_id}", "{comment_id}", "{submission_id}", "/groups/by-slug/"];
        let is_about = about.iter().any(|part| operation.path.contains(part)) || operation.id == "create_contribution";
        if !is_about {
            continue;
        }
        for (who, caller) in &outsiders {
            let ask = async |ids: &Ids| {
                let path = operation.path.replace("{group_id}", &ids.group).replace("{post_id}", &ids.post);
                let path = path.replace("{comment_id}", &ids.comment).replace("{slug}", &ids.slug);
                let path = path
                    .replace("{user_id}", &ids.person)
                    .replace("{invitation_id}", &ids.post)
                    .replace("{submission_id}", &ids.submission)
                    .replace("{reaction_kind}", "like")
                    .replace("{article_id}", article);
                let method = Method::from_bytes(operation.method.as_bytes()).unwrap();
                let request = caller.request_at(method, &path).header("if-match", "*");
                let answer = match body(&operation.id, ids) {
                    Some(body) => request.json(body).await,
                    None if operation.id == "import_members" => request.body("text/csv", "user_id\n").await,
                    None => request.await,
                };
                let names: BTreeSet<String> = answer.headers.keys().map(ToString::to_string).collect();
                (answer.status, answer.without_request_id(), names)
            };
            let (real, made_up) = (ask(&hidden).await, ask(&never).await);
            assert_eq!(real, made_up, "{who}: {}", operation.id);
            assert!(matches!(real.0, 401 | 403 | 404 | 422), "{who}: {} gives {}", operation.id, real.0);
            compared += 1;
        }
    }
    assert!(compared > 150, "{compared}");
    let unknown = ArticleId::new();
    let (_, editor) = outsiders.iter().find(|(who, _)| *who == "an editor").unwrap();
    editor.get(format!("/articles/{unknown}/contributions")).await.expect(404);
}

async fn a_hidden_group_takes_no_name_away(app: App) {
    let (owner, stranger) = (app.user("owner"), app.user("stranger"));
    let hidden = json!({ "name": "Secret garden", "type_ids": [world::COMMUNITY], "visibility": "hidden" });
    let hidden = owner.post("/groups", hidden).await.expect(201);
    assert!(hidden["slug"].as_str().unwrap().starts_with("secret-garden-"), "{hidden}");
    let same = json!({ "name": "Secret garden", "type_ids": [world::COMMUNITY] });
    let same = stranger.post("/groups", same).await.expect(201);
    assert_eq!(same["slug"], "secret-garden", "a number behind it would tell of the other");
}

async fn addresses_are_for_their_owners_and_administrators(app: App) {
    let place = Place::new(&app, "Zyx").await;
    let emails = [place.owner.email(), place.member.email()].map(str::to_owned);
    let secret = Secret { words: emails.to_vec(), paths: place.paths() };
    assert_eq!(found(&app.admin(), &secret).await.len(), 2, "administrators find both");
    assert_eq!(
        found(&place.member, &secret).await.into_keys().collect::<Vec<_>>(),
        [emails[1].clone()],
        "only one's own"
    );
    let editor = app.person("plain editor", PlatformRole::Editor);
    let moderator = app.person("plain moderator", PlatformRole::Moderator);
    for caller in [&app.anon(), &app.user("stranger"), &editor, &moderator] {
        assert_eq!(found(caller, &secret).await, BTreeMap::new());
    }
}

async fn a_withheld_count_is_in_no_answer_and_no_order(app: App) {
    let owner = app.user("owner");
    let withheld = json!({ "show_member_count": false, "member_list_visibility": "facilitators" });
    let other = world::group(&owner, "Also withheld", withheld.clone()).await;
    let large = world::group(&owner, "Large", withheld).await;
    let small = world::group(&owner, "Small", json!({})).await;
    let medium = world::group(&owner, "Medium", json!({})).await;
    for number in 0..5 {
        let person = app.user(&format!("person {number}"));
        world::join(&person, &large).await;
        if number < 2 {
            world::join(&person, &medium).await;
        }
    }
    let member = app.user("member");
    world::join(&member, &large).await;
    for caller in [&app.anon(), &app.user("stranger"), &member] {
        let listed = caller.get("/groups?sort=members").await.expect(200);
        assert_eq!(listed.each("id"), [&*medium, &*small, &*large, &*other], "the order tells the number");
        let counts: Vec<&Value> = listed.items().iter().map(|group| &group["member_count"]).collect();
        assert_eq!(counts, [&json!(3), &json!(1), &Value::Null, &Value::Null]);
        assert_eq!(caller.get(format!("/groups/{large}")).await.expect(200)["member_count"], Value::Null);
        let first = caller.get("/groups?sort=members&limit=3").await.expect(200);
        let cursor = URL_SAFE_NO_PAD.decode(first["next_cursor"].as_str().unwrap()).unwrap();
        let cursor: Value = serde_json::from_slice(&cursor).unwrap();
        assert_eq!(cursor[2], json!(large));
        assert!(!cursor[1].to_string().contains('7'), "the cursor tells the number: {cursor}");
    }
    assert_eq!(owner.get(format!("/groups/{large}")).await.expect(200)["member_count"], 7);
}
