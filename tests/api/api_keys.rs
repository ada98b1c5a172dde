//! API keys: what they open, what they never do, and how they end.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use diesel::prelude::*;
use praxis::auth::actor::PlatformRole;
use praxis::auth::scopes::Scope;
use praxis::db::schema::{api_key_secrets, api_keys};
use praxis::types::{ApiKeyId, GroupId, Timestamp};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, App, Caller, Case, document, on_each, plain, served, world};

pub fn cases() -> Vec<Case> {
    let mut cases = plain![each_operation_says_which_scope_it_wants];
    cases.extend(served![
        a_key_acts_as_its_maker_within_its_scopes,
        no_key_opens_what_makes_keys_or_ends_accounts,
        a_key_does_nothing_that_it_has_no_scope_for,
        a_scope_is_of_what_is_touched_and_not_of_the_path,
        a_restricted_key_opens_its_groups_and_nothing_else,
        what_is_wrong_with_the_key_is_told_before_what_is_wrong_with_the_body,
        a_key_never_does_more_than_its_maker,
        a_revoked_key_is_void_at_once,
        a_request_that_is_still_arriving_loses_its_key_too,
        a_key_expires,
        two_secrets_are_good_while_programs_are_changed_over,
        a_key_is_shown_once_and_kept_as_a_hash,
        its_use_is_noted,
        what_is_wrong_with_a_key_is_named,
        there_is_an_end_to_keys,
        a_program_has_an_account_of_its_own,
        keys_of_a_program_end_with_the_office_of_who_made_them,
        administrators_revoke_anybodys_keys,
        what_was_answered_to_a_key_is_replayed_to_that_key_only,
        tokens_that_look_like_keys_open_nothing,
    ]);
    cases
}

/// A caller with a new key of this person's.
async fn key(person: &Caller, scopes: &[&str], more: Value) -> (Caller, String) {
    let mut body = json!({ "name": "A program", "scopes": scopes });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let issued = person.post("/me/api-keys", body).await.expect(201);
    let secret = issued["secret"].as_str().unwrap();
    (person.with_token(secret), issued["key"]["id"].as_str().unwrap().to_owned())
}

fn each_operation_says_which_scope_it_wants() {
    let whole = praxis::openapi::document();
    let mut closed = Vec::new();
    for operation in document::operations() {
        let security = &whole["paths"][&operation.path][operation.method.to_lowercase()]["security"];
        let schemes: Vec<&Value> = security.as_array().into_iter().flatten().collect();
        let takes_login = schemes.iter().any(|scheme| scheme.get("bearer").is_some());
        let scopes = schemes.iter().find_map(|scheme| scheme.get("api_key"));
        let Some(scopes) = scopes else {
            closed.extend(takes_login.then(|| operation.id.clone()));
            continue;
        };
        assert!(takes_login, "{} takes keys but no login", operation.id);
        let mut scopes = scopes.as_array().unwrap().clone();
        // 3.1 names roles, too
        if operation.path.starts_with("/api/v1/admin/") {
            assert_eq!(scopes.pop(), Some(json!("admin")), "{}", operation.id);
        }
        assert!(!scopes.is_empty(), "{}", operation.id);
        let described = &whole["paths"][&operation.path][operation.method.to_lowercase()]["description"];
        let said = |scope: &Value| described.as_str().unwrap().contains(&format!("`{}`", scope.as_str().unwrap()));
        assert!(scopes.iter().all(said), "{}: {described}", operation.id);
        for scope in scopes {
            serde_json::from_value::<Scope>(scope.clone()).unwrap_or_else(|_| panic!("{}: {scope}", operation.id));
            let reads = scope.as_str().unwrap().ends_with(":read");
            assert_eq!(reads, operation.method == "GET", "{}: {scope}", operation.id);
        }
    }
    let expected = [
        "create_api_key",
        "create_api_key_secret",
        "create_feed_key",
        "create_service_account",
        "create_user_api_key",
        "create_user_api_key_secret",
        "delete_current_session",
        "delete_me",
        "delete_session",
        "end_current_session",
        "get_comment_author",
        "get_post_author",
        "get_submission_author",
        "list_api_keys",
        "list_feed_keys",
        "list_sessions",
        "list_user_api_keys",
        "revoke_api_key",
        "revoke_feed_key",
        "revoke_user_api_key",
        "update_password",
    ];
    closed.sort_unstable();
    assert_eq!(closed, expected);
}

async fn a_key_acts_as_its_maker_within_its_scopes(app: App) {
    let ann = app.user("Ann");
    let group = world::group(&ann, "Falls", json!({})).await;
    let (program, _) = key(&ann, &["groups:read", "groups:write", "posts:write", "account:read"], json!({})).await;
    assert_eq!(program.get("/me").await.expect(200)["id"], ann.id().to_string());
    program.patch(format!("/groups/{group}"), json!({ "summary": "Fewer falls" })).await.expect(200);
    assert_eq!(program.get(format!("/groups/{group}")).await.expect(200)["summary"], "Fewer falls");
    let post = json!({ "kind": "discussion", "title": "By a program", "body": "Hello" });
    let post = program.post(format!("/groups/{group}/posts"), post).await.expect(201);
    assert_eq!(post["author"]["id"], ann.id().to_string());
}

async fn no_key_opens_what_makes_keys_or_ends_accounts(app: App) {
    let admin = app.admin();
    let all: Vec<String> = scopes();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let (program, id) = key(&admin, &all, json!({})).await;
    let user = admin.id();
    for (method, path, body) in [
        (Method::GET, "/me/api-keys".to_owned(), None),
        (Method::POST, "/me/api-keys".to_owned(), Some(json!({ "name": "More", "scopes": ["groups:read"] }))),
        (Method::POST, format!("/me/api-keys/{id}/secrets"), Some(json!({}))),
        (Method::DELETE, format!("/me/api-keys/{id}"), None),
        (Method::POST, "/admin/service-accounts".to_owned(), Some(json!({ "display_name": "More" }))),
        (Method::GET, format!("/admin/users/{user}/api-keys"), None),
        (Method::DELETE, format!("/admin/users/{user}/api-keys/{id}"), None),
        (Method::GET, "/me/feed-keys".to_owned(), None),
        (Method::POST, "/me/feed-keys".to_owned(), Some(json!({ "name": "More" }))),
        (Method::GET, "/auth/sessions".to_owned(), None),
        (Method::DELETE, "/me".to_owned(), None),
        (
            Method::PUT,
            "/me/password".to_owned(),
            Some(json!({ "current_password": "x", "new_password": "long enough" })),
        ),
    ] {
        let call = program.request(method, &path);
        let call = if let Some(body) = body { call.json(body) } else { call };
        call.await.expect_problem(403, "insufficient_scope");
    }
    admin.get("/me").await.expect(200);
}

fn scopes() -> Vec<String> {
    let list = &praxis::openapi::document()["components"]["schemas"]["NewApiKey"]["properties"]["scopes"];
    let named = list["items"]["$ref"].as_str().unwrap().trim_start_matches('#').to_owned();
    let values = praxis::openapi::document().pointer(&named).unwrap()["enum"].clone();
    serde_json::from_value(values).unwrap()
}

async fn a_key_does_nothing_that_it_has_no_scope_for(app: App) {
    let ann = app.user("Ann");
    let group = world::group(&ann, "Falls", json!({})).await;
    let (reader, _) = key(&ann, &["groups:read"], json!({})).await;
    let refused = reader.patch(format!("/groups/{group}"), json!({ "summary": "No" })).await;
    let refused = refused.expect_problem(403, "insufficient_scope");
    assert_eq!(refused["scope"], "groups:write");
    assert_eq!(refused.header("www-authenticate"), "Bearer error=\"insufficient_scope\", scope=\"groups:write\"");
    // what anybody may read a key may read with its scope only: its maker has said what it is for
    reader.get(format!("/groups/{group}/posts")).await.expect_problem(403, "insufficient_scope");
    reader.request(Method::HEAD, format!("/groups/{group}")).await.expect(200);
    // however the path is written
    let (encoded, token) = (format!("/api/v1/%67roups/{group}/posts"), reader.token.clone().unwrap());
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = client.get(format!("http://{}{encoded}", app.address())).bearer_auth(token).send().await.unwrap();
    assert_eq!(answer.status(), 403);
    let (writer, _) = key(&ann, &["groups:write"], json!({})).await;
    writer.get(format!("/groups/{group}")).await.expect_problem(403, "insufficient_scope");
}

async fn a_scope_is_of_what_is_touched_and_not_of_the_path(app: App) {
    let (ann, bea) = (app.user("Ann"), app.user("Bea"));
    let group = world::group(&ann, "Falls", json!({})).await;
    world::member(&bea, &ann, &group).await;
    let post = world::post(&bea, &group, "Words").await;
    let (members, _) = key(&ann, &["groups:read", "groups:write", "members:read", "members:write"], json!({})).await;
    let (posts, _) = key(&ann, &["posts:read", "posts:write"], json!({})).await;
    let content = format!("/groups/{group}/members/{}/content:", bea.id());
    let activity = format!("/groups/{group}/activity");
    assert_eq!(members.get(&activity).await.expect_problem(403, "insufficient_scope")["scope"], "posts:read");
    posts.get(&activity).await.expect(200);
    // nor who was banned and why with what opens groups, nor others' words with what opens one's account
    let (account, _) = key(&ann, &["account:read"], json!({})).await;
    let (groups, _) = key(&ann, &["groups:read"], json!({})).await;
    let (both, _) = key(&ann, &["account:read", "posts:read"], json!({})).await;
    let log = format!("/groups/{group}/audit-log");
    assert_eq!(groups.get(&log).await.expect_problem(403, "insufficient_scope")["scope"], "members:read");
    members.get(&log).await.expect(200);
    for path in ["/me/feed", "/me/bookmarks", "/me/unread", "/me/notifications", "/me/submissions"] {
        assert_eq!(account.get(path).await.expect_problem(403, "insufficient_scope")["scope"], "posts:read", "{path}");
        assert_eq!(posts.get(path).await.expect_problem(403, "insufficient_scope")["scope"], "account:read", "{path}");
        both.get(path).await.expect(200);
    }
    let deletion = json!({ "reason": "Spam" });
    let refused = members.post(format!("{content}delete"), deletion.clone()).await;
    assert_eq!(refused.expect_problem(403, "insufficient_scope")["scope"], "posts:write");
    let deleted = posts.post(format!("{content}delete"), deletion).await.expect(200);
    let restoring = json!({ "deleted_at": deleted["deleted_at"] });
    let refused = members.post(format!("{content}restore"), restoring.clone()).await;
    assert_eq!(refused.expect_problem(403, "insufficient_scope")["scope"], "posts:write");
    posts.post(format!("{content}restore"), restoring).await.expect(200);
    ann.get(format!("/posts/{post}")).await.expect(200);
}

async fn what_is_wrong_with_the_key_is_told_before_what_is_wrong_with_the_body(app: App) {
    let ann = app.user("Ann");
    let (program, id) = key(&ann, &["groups:read"], json!({})).await;
    let wrong = || json!({ "x": 1 });
    let group = format!("/groups/{}", world::group(&ann, "Falls", json!({})).await);
    let without_condition = |who: &Caller| who.request(Method::PATCH, &group).json(json!({}));
    without_condition(&ann).await.expect_problem(428, "precondition_required");
    for _ in 0..5 {
        program.post("/group-proposals", wrong()).await.expect_problem(403, "insufficient_scope");
        without_condition(&program).await.expect_problem(403, "insufficient_scope");
        let call = program.post("/group-proposals", json!({})).header("idempotency-key", "ü");
        call.await.expect_problem(403, "insufficient_scope");
        program.get("/me/feed?limit=none").await.expect_problem(403, "insufficient_scope");
        let forged = ann.with_token(format!("prx_key_{}", "A".repeat(43)));
        forged.post("/group-proposals", wrong()).await.expect_problem(401, "invalid_token");
    }
    ann.delete(format!("/me/api-keys/{id}")).await.expect(204);
    program.post("/group-proposals", wrong()).await.expect_problem(401, "invalid_token");
    ann.delete("/auth/sessions/current").await.expect(204);
    ann.post("/group-proposals", wrong()).await.expect_problem(401, "invalid_token");
    // who logs in says who they are in the body
    ann.post("/auth/login", wrong()).await.expect_problem(422, "invalid");
}

async fn a_restricted_key_opens_its_groups_and_nothing_else(app: App) {
    let ann = app.user("Ann");
    let [one, other] = [world::group(&ann, "One", json!({})).await, world::group(&ann, "Other", json!({})).await];
    let post = world::post(&ann, &other, "Elsewhere").await;
    ann.request(Method::PUT, format!("/posts/{post}/shares/{one}")).await.expect(200);
    let all = ["groups:read", "groups:write", "members:read", "members:write", "posts:read", "posts:write"];
    let (program, _) = key(&ann, &all, json!({ "group_ids": [one] })).await;
    for list in [
        format!("/groups/{one}/posts"),
        format!("/groups/{one}/activity"),
        format!("/groups?ids={other}"),
        "/groups/similar?name=Other".to_owned(),
    ] {
        let open = ann.get(&list).await.expect(200).text().into_owned();
        let shown = program.get(&list).await.expect(200).text().into_owned();
        for foreign in [other.as_str(), post.as_str(), "Elsewhere"] {
            assert!(!shown.contains(foreign), "{list}: {shown}");
        }
        assert!(open.contains(&other) || open.contains(&post), "{list}: {open}");
    }
    program.get("/groups/by-slug/other").await.expect_problem(404, "not_found");
    assert_eq!(program.get("/groups").await.expect(200).each("id"), [one.as_str()]);
    program.get(format!("/groups/{one}")).await.expect(200);
    for path in [
        format!("/groups/{other}"),
        format!("/groups/{other}/posts"),
        format!("/groups/{other}/members"),
        format!("/groups/{other}/membership"),
        format!("/posts/{post}"),
        format!("/posts/{post}/comments"),
    ] {
        program.get(path).await.expect_problem(404, "not_found");
    }
    program.patch(format!("/groups/{other}"), json!({ "summary": "No" })).await.expect_problem(404, "not_found");
    let body = json!({ "kind": "discussion", "title": "No", "body": "No" });
    program.post(format!("/groups/{other}/posts"), body.clone()).await.expect_problem(404, "not_found");
    let mine = program.post(format!("/groups/{one}/posts"), body).await.expect(201).id();
    program.act(format!("/posts/{mine}/move"), json!({ "group_id": other })).await.expect_field(
        422,
        "/group_id",
        "unknown",
    );
    program.request(Method::PUT, format!("/posts/{mine}/shares/{other}")).await.expect_problem(404, "not_found");
    // nor does it get at others by making or joining them
    let new = json!({ "name": "Third", "summary": "S", "type_ids": [world::COMMUNITY] });
    program.post("/groups", new).await.expect_problem(403, "insufficient_scope");
    let bob = app.user("Bob");
    let third = world::group(&bob, "Third", json!({})).await;
    let link = bob.post(format!("/groups/{third}/invitation-links"), json!({})).await.expect(201);
    let token = json!({ "token": link["token"] });
    program.post("/invitations/accept", token).await.expect_problem(403, "insufficient_scope");
    program.put(format!("/groups/{third}/membership"), json!({})).await.expect_problem(404, "not_found");
}

async fn a_key_never_does_more_than_its_maker(app: App) {
    let (ann, admin) = (app.person("Ann", PlatformRole::Admin), app.admin());
    let (program, _) = key(&ann, &["admin:read", "groups:read"], json!({})).await;
    program.get("/admin/users").await.expect(200);
    let account = format!("/admin/users/{}", ann.id());
    admin.patch(&account, json!({ "platform_role": "member" })).await.expect(200);
    program.get("/admin/users").await.expect_problem(403, "forbidden");
    program.get("/groups").await.expect(200);
    admin.patch(&account, json!({ "status": "suspended" })).await.expect(200);
    program.get("/groups").await.expect_problem(401, "invalid_token");
    // what somebody else keeps hidden a key does not name either
    let (bob, carol) = (app.user("Bob"), app.user("Carol"));
    let hidden = world::group(&bob, "Hidden", json!({ "visibility": "hidden" })).await;
    for group in [hidden, GroupId::new().to_string()] {
        let body = json!({ "name": "N", "scopes": ["groups:read"], "group_ids": [group] });
        carol.post("/me/api-keys", body).await.expect_field(422, "/group_ids", "unknown");
    }
}

async fn a_revoked_key_is_void_at_once(app: App) {
    let ann = app.user("Ann");
    let (program, id) = key(&ann, &["account:read"], json!({})).await;
    program.get("/me").await.expect(200);
    app.user("Bob").delete(format!("/me/api-keys/{id}")).await.expect_problem(404, "not_found");
    ann.delete(format!("/me/api-keys/{id}")).await.expect(204);
    program.get("/me").await.expect_problem(401, "invalid_token");
    ann.delete(format!("/me/api-keys/{id}")).await.expect_problem(404, "not_found");
    // an account that goes takes its keys along
    let (program, _) = key(&ann, &["account:read"], json!({})).await;
    ann.delete("/me").await.expect(204);
    program.get("/me").await.expect_problem(401, "invalid_token");
    let left: i64 = app.in_database(|conn| Ok(on_each!(conn => api_keys::table.count().get_result(conn))?));
    assert_eq!(left, 0);
}

async fn a_request_that_is_still_arriving_loses_its_key_too(app: App) {
    let ann = app.user("Ann");
    let (program, id) = key(&ann, &["account:write"], json!({})).await;
    let body = r#"{"display_name":"Somebody"}"#;
    let (token, length) = (format!("Bearer {}", program.token.as_deref().unwrap()), body.len().to_string());
    let headers =
        [("authorization", token.as_str()), ("content-type", "application/json"), ("content-length", length.as_str())];
    let mut raw = app.raw(Method::PATCH, "/api/v1/me", &headers);
    raw.send(&body.as_bytes()[..5]);
    tokio::time::sleep(Duration::from_millis(200)).await;
    ann.delete(format!("/me/api-keys/{id}")).await.expect(204);
    raw.send(&body.as_bytes()[5..]);
    raw.answer().expect_problem(401, "invalid_token");
    assert_eq!(ann.get("/me").await.expect(200)["display_name"], "Ann");
}

async fn a_key_expires(app: App) {
    let ann = app.user("Ann");
    let soon = Timestamp::now().after(Duration::from_secs(2));
    let (program, _) = key(&ann, &["account:read"], json!({ "expires_at": soon })).await;
    program.get("/me").await.expect(200);
    tokio::time::sleep(Duration::from_millis(2100)).await;
    program.get("/me").await.expect_problem(401, "invalid_token");
}

async fn two_secrets_are_good_while_programs_are_changed_over(app: App) {
    let ann = app.user("Ann");
    let (first, id) = key(&ann, &["account:read"], json!({})).await;
    let rotate = |minutes: u16| {
        let (ann, path) = (ann.clone(), format!("/me/api-keys/{id}/secrets"));
        async move {
            let issued = ann.post(path, json!({ "overlap_minutes": minutes })).await.expect(201);
            let other = ann.with_token(issued["secret"].as_str().unwrap());
            (other, issued["key"]["previous_valid_until"].clone())
        }
    };
    let (second, until) = rotate(60).await;
    assert!(until.is_string());
    for program in [&first, &second] {
        program.get("/me").await.expect(200);
    }
    let (third, _) = rotate(60).await;
    first.get("/me").await.expect_problem(401, "invalid_token");
    for program in [&second, &third] {
        program.get("/me").await.expect(200);
    }
    let (fourth, until) = rotate(0).await;
    assert!(until.is_null());
    third.get("/me").await.expect_problem(401, "invalid_token");
    fourth.get("/me").await.expect(200);
    app.user("Bob").post(format!("/me/api-keys/{id}/secrets"), json!({})).await.expect_problem(404, "not_found");
}

async fn a_key_is_shown_once_and_kept_as_a_hash(app: App) {
    let ann = app.user("Ann");
    let issued = ann.post("/me/api-keys", json!({ "name": "Sync", "scopes": ["groups:read"] })).await.expect(201);
    let secret = issued["secret"].as_str().unwrap().to_owned();
    assert!(secret.starts_with("prx_key_") && secret.len() == 8 + 43, "scanners for secrets find it");
    let listed = ann.get("/me/api-keys").await.expect(200);
    assert!(!listed.to_string().contains(&secret) && listed["items"][0]["name"] == "Sync", "{listed}");
    let kept: Vec<Vec<u8>> = app.in_database(|conn| {
        let hashes = api_key_secrets::table.select(api_key_secrets::secret_hash);
        Ok(on_each!(conn => hashes.load(conn))?)
    });
    assert_eq!(kept, [praxis::auth::tokens::token_hash(&secret)]);
    let log = app.admin().get("/admin/audit-log?action=api_key_created").await.expect(200);
    assert_eq!(
        (log["items"][0]["actor_id"].as_str(), log.to_string().contains(&secret)),
        (Some(&*ann.id().to_string()), false)
    );
}

async fn its_use_is_noted(mut app: App) {
    let ann = app.user("Ann");
    let (program, _) = key(&ann, &["account:read"], json!({})).await;
    let (stolen, _) = key(&ann, &["people:read"], json!({})).await;
    let used = async || {
        ann.get("/me/api-keys")
            .await
            .expect(200)
            .items()
            .iter()
            .map(|key| key["last_used_at"].is_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(used().await, [false, false]);
    program.get("/me").await.expect(200);
    // whoever looks after it wants to know that somebody tries what it is good for
    stolen.get("/me").await.expect_problem(403, "insufficient_scope");
    // what was noted is written when the server stops
    app.restart(&[]);
    assert_eq!(used().await, [true, true]);
}

async fn what_is_wrong_with_a_key_is_named(app: App) {
    let ann = app.user("Ann");
    let past = Timestamp::now().before(Duration::from_secs(1));
    let group = world::group(&ann, "One", json!({})).await;
    for (body, pointer, code) in [
        (json!({ "scopes": ["groups:read"] }), "/name", "missing"),
        (json!({ "name": "N" }), "/scopes", "missing"),
        (json!({ "name": "N", "scopes": [] }), "/scopes", "empty"),
        (json!({ "name": "N", "scopes": ["groups:own"] }), "/scopes/0", "unknown_value"),
        (json!({ "name": "N", "scopes": ["admin:read"] }), "/scopes", "forbidden"),
        (json!({ "name": "N", "scopes": ["groups:read"], "expires_at": past }), "/expires_at", "past"),
        (json!({ "name": "N", "scopes": ["groups:read"], "group_ids": [] }), "/group_ids", "empty"),
        (json!({ "name": "N", "scopes": ["account:read"], "group_ids": [group] }), "/scopes", "conflict"),
    ] {
        ann.post("/me/api-keys", body).await.expect_field(422, pointer, code);
    }
    let (_, id) = key(&ann, &["groups:read"], json!({})).await;
    let path = format!("/me/api-keys/{id}/secrets");
    ann.post(&path, json!({ "overlap_minutes": 10081 })).await.expect_field(422, "/overlap_minutes", "out_of_range");
    ann.post(&path, json!({ "overlap_minutes": -1 })).await.expect_field(422, "/overlap_minutes", "out_of_range");
}

async fn there_is_an_end_to_keys(app: App) {
    let ann = app.user("Ann");
    let body = json!({ "name": "N", "scopes": ["groups:read"] });
    let made =
        futures_util::future::join_all((0..24).map(|_| ann.post("/me/api-keys", body.clone()).into_future())).await;
    let (good, refused): (Vec<Answer>, Vec<Answer>) = made.into_iter().partition(|answer| answer.status == 201);
    assert_eq!((good.len(), refused.len()), (20, 4));
    for answer in refused {
        answer.expect_problem(409, "in_use");
    }
}

async fn a_program_has_an_account_of_its_own(app: App) {
    let (admin, ann) = (app.admin(), app.user("Ann"));
    let account = admin.post("/admin/service-accounts", json!({ "display_name": "Sync" })).await.expect(201);
    assert_eq!(
        (&account["email"], &account["is_service"], &account["platform_role"]),
        (&Value::Null, &json!(true), &json!("member"))
    );
    let path = format!("/admin/users/{}/api-keys", account.id());
    let body = json!({ "name": "Nightly", "scopes": ["account:read", "members:write", "posts:write"] });
    let issued = admin.post(&path, body.clone()).await.expect(201);
    let program = ann.with_token(issued["secret"].as_str().unwrap());
    assert_eq!(program.get("/me").await.expect(200)["display_name"], "Sync");
    let group = world::group(&ann, "Open", json!({ "join_policy": "open" })).await;
    program.put(format!("/groups/{group}/membership"), json!({})).await.expect(200);
    let post = json!({ "kind": "discussion", "title": "T", "body": "B" });
    let post = program.post(format!("/groups/{group}/posts"), post).await.expect(201);
    assert_eq!(post["author"]["display_name"], "Sync");
    let listed = admin.get("/admin/users?is_service=true").await.expect(200);
    assert_eq!(listed.each("id"), [account.id()]);
    // nobody makes keys in the name of somebody else
    admin.post(format!("/admin/users/{}/api-keys", ann.id()), body.clone()).await.expect_problem(409, "invalid_state");
    // nor one that does more than its account
    let body = json!({ "name": "N", "scopes": ["admin:read"] });
    admin.post(&path, body).await.expect_field(422, "/scopes", "forbidden");
    admin.patch(format!("/admin/users/{}", account.id()), json!({ "status": "suspended" })).await.expect(200);
    program.get("/me").await.expect_problem(401, "invalid_token");
}

async fn keys_of_a_program_end_with_the_office_of_who_made_them(app: App) {
    let (admin, other) = (app.admin(), app.person("Other", PlatformRole::Admin));
    let account = other.post("/admin/service-accounts", json!({ "display_name": "Sync" })).await.expect(201);
    let body = json!({ "name": "Nightly", "scopes": ["account:read"] });
    let issued = other.post(format!("/admin/users/{}/api-keys", account.id()), body).await.expect(201);
    let program = admin.with_token(issued["secret"].as_str().unwrap());
    program.get("/me").await.expect(200);
    admin.patch(format!("/admin/users/{}", other.id()), json!({ "platform_role": "member" })).await.expect(200);
    program.get("/me").await.expect_problem(401, "invalid_token");
}

async fn administrators_revoke_anybodys_keys(app: App) {
    let (admin, ann) = (app.admin(), app.user("Ann"));
    let (program, id) = key(&ann, &["account:read"], json!({})).await;
    let path = format!("/admin/users/{}/api-keys", ann.id());
    assert_eq!(admin.get(&path).await.expect(200).each("id"), [id.as_str()]);
    admin.post(format!("{path}/{id}/secrets"), json!({})).await.expect_problem(409, "invalid_state");
    admin.delete(format!("{path}/{id}")).await.expect(204);
    program.get("/me").await.expect_problem(401, "invalid_token");
    admin.delete(format!("{path}/{}", ApiKeyId::new())).await.expect_problem(404, "not_found");
}

async fn what_was_answered_to_a_key_is_replayed_to_that_key_only(app: App) {
    let ann = app.user("Ann");
    let group = world::group(&ann, "One", json!({})).await;
    let (one, _) = key(&ann, &["posts:write"], json!({})).await;
    let (other, _) = key(&ann, &["posts:write"], json!({})).await;
    let send = |caller: &Caller| {
        let body = json!({ "kind": "discussion", "title": "T", "body": "B" });
        caller.post(format!("/groups/{group}/posts"), body).header("idempotency-key", "k").into_future()
    };
    let first = send(&one).await.expect(201);
    assert_eq!(send(&one).await.expect(201).id(), first.id());
    assert_ne!(send(&other).await.expect(201).id(), first.id());
    assert_ne!(send(&ann).await.expect(201).id(), first.id());
}

async fn tokens_that_look_like_keys_open_nothing(app: App) {
    let ann = app.user("Ann");
    let (program, _) = key(&ann, &["account:read"], json!({})).await;
    let secret = program.token.clone().unwrap();
    let flipped = format!("{}{}", &secret[..secret.len() - 1], if secret.ends_with('A') { "B" } else { "A" });
    let hash = URL_SAFE_NO_PAD.encode(praxis::auth::tokens::token_hash(&secret));
    for token in [
        "prx_key_",
        &flipped,
        &secret.to_uppercase(),
        &secret[8..],
        &format!("prx_key_{hash}"),
        &format!("{secret} {secret}"),
    ] {
        ann.with_token(token).get("/me").await.expect_problem(401, "invalid_token");
    }
    // an access token under the prefix, and a key of another kind
    let jwt = format!("prx_key_{}", ann.token.as_ref().unwrap());
    ann.with_token(jwt).get("/me").await.expect_problem(401, "invalid_token");
    let feed = ann.post("/me/feed-keys", json!({ "name": "Reader" })).await.expect(201);
    ann.with_token(feed["secret"].as_str().unwrap()).get("/me").await.expect_problem(401, "invalid_token");
}
