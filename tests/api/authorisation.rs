//! Who gets which answer: one row an operation and setting, one column a caller. An operation of the document without a
//! row fails, and so does a row without an operation.

use std::collections::BTreeSet;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::{StreamExt as _, stream};
use praxis::auth::actor::PlatformRole;
use praxis::types::{NotificationId, SessionId, UserId};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::app::PASSWORD;
use crate::support::caller::Call;
use crate::support::{App, Caller, Case, document, plain, served, world};

pub fn cases() -> Vec<Case> {
    let mut cases = plain![every_operation_has_a_row_and_every_row_an_operation];
    cases.extend(served![
        accounts_answer_as_the_table_says,
        api_keys_answer_as_the_table_says,
        listening_answers_as_the_table_says,
        the_platform_answers_as_the_table_says,
        groups_answer_as_the_table_says,
        memberships_answer_as_the_table_says,
        requests_and_rosters_answer_as_the_table_says,
        own_memberships_and_histories_answer_as_the_table_says,
        the_hand_over_answers_as_the_table_says,
        invitations_answer_as_the_table_says,
        posts_answer_as_the_table_says,
        comments_answer_as_the_table_says,
        submissions_answer_as_the_table_says,
        moderation_answers_as_the_table_says,
        articles_answer_as_the_table_says,
        notifications_answer_as_the_table_says,
        subscriptions_answer_as_the_table_says,
    ]);
    cases
}

/// What a caller is to the group of the row, or to the platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    Anonymous,
    Stranger,
    Requested,
    Member,
    Facilitator,
    Owner,
    Banned,
    Admin,
    Editor,
    Moderator,
}

const COLUMNS: [Column; 10] = [
    Column::Anonymous,
    Column::Stranger,
    Column::Requested,
    Column::Member,
    Column::Facilitator,
    Column::Owner,
    Column::Banned,
    Column::Admin,
    Column::Editor,
    Column::Moderator,
];

/// The group's settings, as they go over those of an open, public community, and whether the caller has written in it.
#[derive(Clone, Copy)]
struct Setting {
    json: &'static str,
    own: bool,
}

const fn setting(json: &'static str) -> Setting {
    Setting { json, own: false }
}

const PUBLIC: Setting = setting("{}");
const LISTED: Setting = setting(r#"{"visibility":"listed"}"#);
const HIDDEN: Setting = setting(r#"{"visibility":"hidden"}"#);
const ARCHIVED: Setting = setting(r#"{"status":"archived"}"#);
const OWN: Setting = Setting { own: true, ..PUBLIC };
const OWN_ARCHIVED: Setting = Setting { own: true, ..ARCHIVED };
const BY_REQUEST: Setting = setting(r#"{"join_policy":"request"}"#);
const BY_INVITATION: Setting = setting(r#"{"join_policy":"invite_only"}"#);
const OPEN_LIST: Setting = setting(r#"{"member_list_visibility":"everyone"}"#);
const CLOSED_LIST: Setting = setting(r#"{"member_list_visibility":"facilitators"}"#);
const RULED: Setting = setting(r#"{"rules":"Be kind."}"#);
const MEMBERS_INVITE: Setting = setting(r#"{"invite_policy":"members"}"#);
const OWNERS_INVITE: Setting = setting(r#"{"invite_policy":"owners"}"#);
const FACILITATORS_POST: Setting = setting(r#"{"post_policy":"facilitators"}"#);

const NEWCOMERS_READ: Setting = setting(r#"{"review_policy":"newcomers"}"#);

type Ask = for<'a> fn(&'a World<'a>) -> Pin<Box<dyn Future<Output = Call> + 'a>>;

struct Row {
    operation: &'static str,
    setting: Setting,
    expected: [u16; 10],
    ask: Ask,
}

/// `"operation" in SETTING [anonymous, stranger, …] |w| the call;` and so on; the call may await what it needs.
macro_rules! rows {
    ($($operation:literal in $setting:ident $expected:tt |$w:ident| $ask:expr;)+) => {
        vec![$(Row {
            operation: $operation,
            setting: $setting,
            expected: $expected,
            ask: |$w| Box::pin(async move { $ask }),
        }),+]
    };
}

/// A group of its own for each cell, with somebody who founded it, and the caller in the column's place.
struct World<'a> {
    app: &'a App,
    number: usize,
    group: String,
    slug: String,
    founder: Caller,
    caller: Caller,
    /// What the caller wrote, where the caller is or was a member; what the founder wrote otherwise.
    own_post: String,
    own_comment: String,
}

fn a_webhook() -> Value {
    json!({ "url": "https://example.org/hook" })
}

fn a_key() -> Value {
    json!({ "name": "A program", "scopes": ["groups:read"] })
}

static NUMBER: AtomicUsize = AtomicUsize::new(0);

impl<'a> World<'a> {
    async fn new(app: &'a App, founder: &Caller, column: Column, setting: Setting) -> Self {
        let (number, founder) = (NUMBER.fetch_add(1, Ordering::Relaxed), founder.clone());
        let name = format!("{column:?} {number}");
        let caller = match column {
            Column::Anonymous => app.anon(),
            Column::Admin => app.person(&name, PlatformRole::Admin),
            Column::Editor => app.person(&name, PlatformRole::Editor),
            Column::Moderator => app.person(&name, PlatformRole::Moderator),
            _ => app.user(&name),
        };
        let body = json!({ "name": format!("Group {number}"), "type_ids": [world::COMMUNITY] });
        let made = founder.post("/groups", body).await.expect(201);
        let (group, slug) = (made.id(), made["slug"].as_str().unwrap().to_owned());
        let own = (String::new(), String::new());
        let mut world = Self { app, number, group, slug, founder, caller, own_post: own.0, own_comment: own.1 };
        world.place(column, setting.own).await;
        if setting.json != PUBLIC.json {
            // the settings of the row come last: under them nobody could be put in place
            world.slug = world.set(serde_json::from_str(setting.json).unwrap()).await;
        }
        world
    }

    /// Makes the caller what the column says.
    async fn place(&mut self, column: Column, own: bool) {
        let belongs = matches!(column, Column::Member | Column::Facilitator | Column::Owner | Column::Banned);
        if belongs {
            world::join(&self.caller, &self.group).await;
        }
        if own {
            let writer = if belongs { &self.caller } else { &self.founder };
            self.own_post = world::post(writer, &self.group, "Own").await;
            self.own_comment = world::comment(writer, &self.own_post, None).await;
        }
        let change = match column {
            Column::Facilitator => json!({ "role": "facilitator" }),
            Column::Owner => json!({ "role": "owner" }),
            Column::Banned => json!({ "state": "banned" }),
            Column::Requested => {
                self.set(json!({ "join_policy": "request" })).await;
                assert_eq!(world::join(&self.caller, &self.group).await, "requested");
                self.set(json!({ "join_policy": "open" })).await;
                return;
            }
            _ => return,
        };
        let path = self.path(&format!("/members/{}", self.caller.id()));
        self.founder.patch(path, change).await.expect(200);
    }

    /// Changes the group's settings; its slug from then on.
    async fn set(&self, settings: Value) -> String {
        let answer = self.founder.patch(format!("/groups/{}", self.group), settings).await.expect(200);
        answer["slug"].as_str().unwrap().to_owned()
    }

    /// Does something while the group is in use and open, then restores its settings.
    async fn before<T>(&self, prepare: impl AsyncFnOnce() -> T) -> T {
        let group = self.founder.get(format!("/groups/{}", self.group)).await.expect(200);
        if group["status"] == "archived" {
            self.set(json!({ "status": "active" })).await;
        }
        let done = prepare().await;
        self.set(json!({ "join_policy": group["join_policy"], "status": group["status"] })).await;
        done
    }

    fn path(&self, rest: &str) -> String {
        format!("/groups/{}{rest}", self.group)
    }

    /// Somebody without any part in this.
    fn somebody(&self) -> Caller {
        self.app.user(&format!("somebody {}", self.number))
    }

    /// A plain member; the path to the membership.
    async fn member(&self) -> String {
        let member = self.app.user(&format!("plain member {}", self.number));
        self.before(async || {
            self.set(json!({ "visibility": "public", "join_policy": "open" })).await;
            world::member(&member, &self.founder, &self.group).await;
        })
        .await;
        self.path(&format!("/members/{}", member.id()))
    }

    /// A plain member all of whose words were taken away; the path to the membership, and when that was.
    async fn removed(&self) -> (String, Value) {
        let writer = self.app.user(&format!("writer {}", self.number));
        world::member(&writer, &self.founder, &self.group).await;
        world::post(&writer, &self.group, "The writer's").await;
        let path = self.path(&format!("/members/{}", writer.id()));
        let gone = self.founder.post(format!("{path}/content:delete"), json!({ "reason": "Spam" })).await.expect(200);
        (path, gone["deleted_at"].clone())
    }

    /// The founder offers the ownership to a plain member.
    async fn offered(&self) {
        let member = self.member().await.rsplit('/').next().unwrap().to_owned();
        self.founder.put(self.path("/ownership-offer"), json!({ "user_id": member })).await.expect(200);
    }

    /// A link of the founder's: its path and its token.
    async fn link(&self) -> (String, String) {
        let made = self.founder.post(self.path("/invitation-links"), json!({})).await.expect(201);
        let id = made["invitation"]["id"].as_str().unwrap();
        (self.path(&format!("/invitations/{id}")), made["token"].as_str().unwrap().to_owned())
    }

    fn proposal(&self) -> Value {
        json!({ "group": { "name": format!("Proposed {}", self.number), "type_ids": [world::COMMUNITY] } })
    }

    /// A proposal of somebody's; its path.
    async fn proposed_group(&self) -> String {
        let made = self.somebody().post("/group-proposals", self.proposal()).await.expect(201).id();
        format!("/group-proposals/{made}")
    }

    fn founder_path(&self) -> String {
        self.path(&format!("/members/{}", self.founder.id()))
    }

    /// The caller's id; a made-up one for nobody.
    fn caller_id(&self) -> UserId {
        if self.caller.token.is_some() { self.caller.id() } else { UserId::new() }
    }

    /// Somebody who asks to join; the path to the decision.
    async fn request(&self) -> String {
        self.path(&format!("/membership-requests/{}/decision", self.asker().await))
    }

    /// Somebody who asks to join.
    async fn asker(&self) -> UserId {
        let asker = self.app.user(&format!("asker {}", self.number));
        self.before(async || {
            self.set(json!({ "visibility": "public", "join_policy": "request" })).await;
            assert_eq!(world::join(&asker, &self.group).await, "requested");
        })
        .await;
        asker.id()
    }

    /// An article that is not published, which the caller writes with the editors; its path.
    async fn co_written(&self) -> String {
        let authors = if self.caller.token.is_some() { vec![self.caller.id()] } else { Vec::new() };
        let body = json!({ "kind": "news", "title": format!("Article {}", self.number), "author_ids": authors });
        format!("/articles/{}", self.editor().post("/articles", body).await.expect(201).id())
    }

    /// A question of the founder's, and a comment on it.
    async fn question(&self) -> (String, String) {
        self.before(async || {
            let question = self.founder.post(self.path("/posts"), new_post("question")).await.expect(201).id();
            let answer = world::comment(&self.founder, &question, None).await;
            (question, answer)
        })
        .await
    }

    /// A group of the caller's own, or of somebody's for a caller who is nobody.
    async fn elsewhere(&self, visibility: &str) -> String {
        let owner = if self.caller.token.is_some() { self.caller.clone() } else { self.somebody() };
        world::group(&owner, "Elsewhere", json!({ "visibility": visibility })).await
    }

    /// What opens feeds as the caller reads them; made up for nobody.
    async fn feed_key(&self) -> String {
        if self.caller.token.is_none() {
            return "prx_feed_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".to_owned();
        }
        let made = self.caller.post("/me/feed-keys", json!({ "name": "A reader" })).await.expect(201);
        made["secret"].as_str().unwrap().to_owned()
    }

    /// The id of an API key: of the caller's own, or of somebody else's.
    async fn api_key(&self, is_own: bool) -> String {
        let owner = if is_own && self.caller.token.is_some() { self.caller.clone() } else { self.somebody() };
        let made = owner.post("/me/api-keys", a_key()).await.expect(201);
        made["key"]["id"].as_str().unwrap().to_owned()
    }

    /// The path of a webhook: of the caller's own, or of somebody else's.
    async fn webhook(&self, is_own: bool) -> String {
        let owner = if is_own && self.caller.token.is_some() { self.caller.clone() } else { self.somebody() };
        let made = owner.post("/me/webhooks", a_webhook()).await.expect(201);
        format!("/me/webhooks/{}", made["webhook"]["id"].as_str().unwrap())
    }

    /// The id of a service account.
    async fn program(&self) -> String {
        let admin = self.app.person(&format!("Admin {}", UserId::new()), PlatformRole::Admin);
        admin.post("/admin/service-accounts", json!({ "display_name": "A program" })).await.expect(201).id()
    }

    /// The path of a feed key: of the caller's own, or of somebody else's.
    async fn feed_key_path(&self, is_own: bool) -> String {
        let owner = if is_own && self.caller.token.is_some() { self.caller.clone() } else { self.somebody() };
        let made = owner.post("/me/feed-keys", json!({ "name": "A reader" })).await.expect(201).id();
        format!("/me/feed-keys/{made}")
    }

    /// A post of the founder's.
    async fn post(&self) -> String {
        let post = self.before(async || world::post(&self.founder, &self.group, "The founder's").await).await;
        format!("/posts/{post}")
    }

    /// A post of a public group that is none of the caller's.
    async fn public_post(&self) -> String {
        let somebody = self.somebody();
        let home = world::group(&somebody, "Home", json!({})).await;
        world::post(&somebody, &home, "Somebody's").await
    }

    /// The same in this group, where the founder shared it.
    async fn shared(&self) -> String {
        let post = self.public_post().await;
        let path = format!("/posts/{post}/shares/{}", self.group);
        self.before(async || self.founder.request(Method::PUT, &path).await.expect(200)).await;
        path
    }

    /// Something that a plain member sent to be read first; its path.
    async fn submission(&self) -> String {
        let member = self.app.user(&format!("plain member {}", self.number));
        self.before(async || {
            let group = self.founder.get(format!("/groups/{}", self.group)).await.expect(200);
            self.set(json!({ "visibility": "public", "join_policy": "open" })).await;
            world::member(&member, &self.founder, &self.group).await;
            let sent = member.post(self.path("/submissions"), new_post("discussion")).await.expect(201).id();
            self.set(json!({ "visibility": group["visibility"] })).await;
            format!("/submissions/{sent}")
        })
        .await
    }

    /// The same of the caller's own, where the caller is a member; of a plain member's otherwise.
    async fn own_submission(&self) -> String {
        let sent = self.caller.post(self.path("/submissions"), new_post("discussion")).await;
        if sent.status == 201 { format!("/submissions/{}", sent.id()) } else { self.submission().await }
    }

    /// A comment of the founder's.
    async fn comment(&self) -> String {
        let made = async || {
            let post = world::post(&self.founder, &self.group, "The founder's").await;
            world::comment(&self.founder, &post, None).await
        };
        let comment = self.before(made).await;
        format!("/comments/{comment}")
    }

    fn editor(&self) -> Caller {
        self.app.person(&format!("the editor {}", self.number), PlatformRole::Admin)
    }

    /// An article, as the editor sees it.
    async fn article(&self, status: &str) -> Value {
        let body = json!({ "kind": "news", "title": format!("Article {}", self.number), "status": status });
        self.editor().post("/articles", body).await.expect(201).json
    }

    /// An article that the group was asked to be named in; its path.
    async fn asked(&self, status: &str) -> String {
        let editor = self.editor();
        let body = json!({ "kind": "news", "title": format!("Article {}", self.number), "status": status });
        let article = editor.post("/articles", body).await.expect(201).id();
        let ask = json!({ "group_id": self.group, "role": "wrote" });
        editor.post(format!("/articles/{article}/contributions"), ask).await.expect(201);
        format!("/articles/{article}")
    }

    /// An article that the group is named in; the path of its contribution.
    async fn named(&self) -> String {
        let path = format!("{}/contributions/{}", self.asked("published").await, self.group);
        self.founder.post(format!("{path}/decision"), json!({ "outcome": "accept" })).await.expect(200);
        path
    }

    /// The path of the group's part in an article that it was asked to be named in.
    async fn proposed(&self, status: &str) -> String {
        format!("{}/contributions/{}", self.asked(status).await, self.group)
    }
}

fn api_keys() -> Vec<Row> {
    rows! {
        // anonymous, stranger, requested, member, facilitator, owner, banned, admin, editor, moderator
        "list_api_keys" in PUBLIC [401, 200, 200, 200, 200, 200, 200, 200, 200, 200] |w| w.caller.get("/me/api-keys");
        "create_api_key" in PUBLIC [401, 201, 201, 201, 201, 201, 201, 201, 201, 201] |w|
            w.caller.post("/me/api-keys", a_key());
        "create_api_key_secret" in PUBLIC [401, 201, 201, 201, 201, 201, 201, 201, 201, 201] |w|
            w.caller.post(format!("/me/api-keys/{}/secrets", w.api_key(true).await), json!({}));
        "create_api_key_secret" in PUBLIC [401, 404, 404, 404, 404, 404, 404, 404, 404, 404] |w|
            w.caller.post(format!("/me/api-keys/{}/secrets", w.api_key(false).await), json!({}));
        "revoke_api_key" in PUBLIC [401, 204, 204, 204, 204, 204, 204, 204, 204, 204] |w|
            w.caller.delete(format!("/me/api-keys/{}", w.api_key(true).await));
        "revoke_api_key" in PUBLIC [401, 404, 404, 404, 404, 404, 404, 404, 404, 404] |w|
            w.caller.delete(format!("/me/api-keys/{}", w.api_key(false).await));
        "create_service_account" in PUBLIC [401, 403, 403, 403, 403, 403, 403, 201, 403, 403] |w|
            w.caller.post("/admin/service-accounts", json!({ "display_name": "A program" }));
        "list_user_api_keys" in PUBLIC [401, 403, 403, 403, 403, 403, 403, 200, 403, 403] |w|
            w.caller.get(format!("/admin/users/{}/api-keys", w.founder.id()));
        "create_user_api_key" in PUBLIC [401, 403, 403, 403, 403, 403, 403, 409, 403, 403] |w|
            w.caller.post(format!("/admin/users/{}/api-keys", w.founder.id()), a_key());
        "create_user_api_key" in PUBLIC [401, 403, 403, 403, 403, 403, 403, 201, 403, 403] |w|
            w.caller.post(format!("/admin/users/{}/api-keys", w.program().await), a_key());
        "create_user_api_key_secret" in PUBLIC [401, 403, 403, 403, 403, 403, 403, 404, 403, 403] |w|
            w.caller.post(format!("/admin/users/{}/api-keys/{}/secrets", w.program().await, UserId::new()), json!({}));
        "revoke_user_api_key" in PUBLIC [401, 403, 403, 403, 403, 403, 403, 204, 403, 403] |w| {
            let somebody = w.somebody();
            let key = somebody.post("/me/api-keys", a_key()).await.expect(201)["key"]["id"].clone();
            w.caller.delete(format!("/admin/users/{}/api-keys/{}", somebody.id(), key.as_str().unwrap()))
        };
    }
}

fn listening() -> Vec<Row> {
    rows! {
        // anonymous, stranger, requested, member, facilitator, owner, banned, admin, editor, moderator
        "list_webhooks" in PUBLIC [401, 200, 200, 200, 200, 200, 200, 200, 200, 200] |w| w.caller.get("/me/webhooks");
        "create_webhook" in PUBLIC [401, 201, 201, 201, 201, 201, 201, 201, 201, 201] |w|
            w.caller.post("/me/webhooks", a_webhook());
        "get_webhook" in PUBLIC [401, 200, 200, 200, 200, 200, 200, 200, 200, 200] |w|
            w.caller.get(w.webhook(true).await);
        "get_webhook" in PUBLIC [401, 404, 404, 404, 404, 404, 404, 404, 404, 404] |w|
            w.caller.get(w.webhook(false).await);
        "update_webhook" in PUBLIC [401, 200, 200, 200, 200, 200, 200, 200, 200, 200] |w|
            w.caller.patch(w.webhook(true).await, json!({ "status": "paused" }));
        "update_webhook" in PUBLIC [401, 404, 404, 404, 404, 404, 404, 404, 404, 404] |w|
            w.caller.patch(w.webhook(false).await, json!({ "status": "paused" }));
        "delete_webhook" in PUBLIC [401, 204, 204, 204, 204, 204, 204, 204, 204, 204] |w|
            w.caller.delete(w.webhook(true).await);
        "delete_webhook" in PUBLIC [401, 404, 404, 404, 404, 404, 404, 404, 404, 404] |w|
            w.caller.delete(w.webhook(false).await);
        "create_webhook_secret" in PUBLIC [401, 201, 201, 201, 201, 201, 201, 201, 201, 201] |w|
            w.caller.post(format!("{}/secrets", w.webhook(true).await), json!({}));
        "create_webhook_ping" in PUBLIC [401, 201, 201, 201, 201, 201, 201, 201, 201, 201] |w|
            w.caller.request(Method::POST, format!("{}/pings", w.webhook(true).await));
        "list_webhook_deliveries" in PUBLIC [401, 200, 200, 200, 200, 200, 200, 200, 200, 200] |w|
            w.caller.get(format!("{}/deliveries", w.webhook(true).await));
        "create_webhook_redelivery" in PUBLIC [401, 404, 404, 404, 404, 404, 404, 404, 404, 404] |w| {
            let path = format!("{}/deliveries/{}/redelivery", w.webhook(true).await, UserId::new());
            w.caller.request(Method::POST, path)
        };
        "stream_events" in PUBLIC [401, 200, 200, 200, 200, 200, 200, 200, 200, 200] |w|
            w.caller.get("/events?follow=false");
    }
}

fn accounts() -> Vec<Row> {
    rows! {
        // anonymous, stranger, requested, member, facilitator, owner, banned, admin, editor, moderator
        "get_live" in PUBLIC [200, 200, 200, 200, 200, 200, 200, 200, 200, 200] |w| w.caller.get("/health/live");
        "get_ready" in PUBLIC [200, 200, 200, 200, 200, 200, 200, 200, 200, 200] |w| w.caller.get("/health/ready");
        "get_jwks" in PUBLIC [200, 200, 200, 200, 200, 200, 200, 200, 200, 200] |w| w.caller.get("/.well-known/jwks.json");
        "register_account" in PUBLIC [202, 202, 202, 202, 202, 202, 202, 202, 202, 202] |w| {
            let email = format!("new.{}@example.org", w.number);
            w.caller.post("/auth/register", json!({ "email": email, "password": PASSWORD, "display_name": "New" }))
        };
        "create_session" in PUBLIC [200, 200, 200, 200, 200, 200, 200, 200, 200, 200] |w|
            w.caller.post("/auth/login", json!({ "email": w.somebody().email(), "password": PASSWORD }));
        "refresh_session" in PUBLIC [200, 200, 200, 200, 200, 200, 200, 200, 200, 200] |w|
            w.caller.post("/auth/refresh", json!({ "refresh_token": w.somebody().refresh_token() }));
        "delete_current_session" in PUBLIC [401, 204, 204, 204, 204, 204, 204, 204, 204, 204] |w|
            w.caller.delete("/auth/sessions/current");
        "end_current_session" in PUBLIC [401, 204, 204, 204, 204, 204, 204, 204, 204, 204] |w|
            w.caller.request(Method::POST, "/auth/logout");
        "list_sessions" in PUBLIC [401, 200, 200, 200, 200, 200, 200, 200, 200, 200] |w| w.caller.get("/auth/sessions");
        "delete_session" in PUBLIC [401, 404, 404, 404, 404, 404, 404, 404, 404, 404] |w|
            w.caller.delete(format!("/auth/sessions/{}", w.somebody().session()));
        "delete_session" in PUBLIC [401, 204, 204, 204, 204, 204, 204, 204, 204, 204] |w| {
            let session = if w.caller.token.is_some() { w.caller.session() } else { SessionId::new() };
            w.caller.delete(format!("/auth/sessions/{session}"))
        };
        "get_me" in PUBLIC [401, 200, 200, 200, 200, 200, 200, 200, 200, 200] |w| w.caller.get("/me");
        "update_me" in PUBLIC [401, 200, 200, 200, 200, 200, 200, 200, 200, 200] |w|
            w.caller.patch("/me", json!({ "show_last_seen": false }));
        "delete_me" in PUBLIC [401, 204, 204, 204, 204, 204, 204, 204, 204, 204] |w| w.caller.delete("/me");
        "update_password" in PUBLIC [401, 200, 200, 200, 200, 200, 200, 200, 200, 200] |w|
            w.caller.put("/me/password", json!({ "current_password": PASSWORD, "new_password": "another good one" }));
        "list_my_memberships" in PUBLIC [401, 200, 200, 200, 200, 200, 200, 200, 200, 200] |w|
            w.caller.get("/me/memberships");
        "list_users" in PUBLIC [401, 403, 403, 403, 403, 403, 403, 200, 403, 403] |w| w.caller.get("/admin/users");
        "get_user" in PUBLIC [401, 403, 403, 403, 403, 403, 403, 200, 403, 403] |w|
            w.caller.get(format!("/admin/users/{}", w.founder.id()));
        // nobody else learns whether there is such a person
        "get_user" in PUBLIC [401, 403, 403, 403, 403, 403, 403, 404, 403, 403] |w|
            w.caller.get(format!("/admin/users/{}", UserId::new()));
        "update_user" in PUBLIC [401, 403, 403, 403, 403, 403, 403, 200, 403, 403] |w|
            w.caller.patch(format!("/admin/users/{}", w.somebody().id()), json!({ "status": "suspended" }));
        "update_user" in PUBLIC [401, 403, 403, 403, 403, 403, 403, 409, 403, 403] |w| {
            let id = if w.caller.token.is_some() { w.caller.id() } else { UserId::new() };
            let demoted = json!({ "platform_role": "editor" });
            let promoted = json!({ "platform_role": "admin" });
            let is_admin = w.caller.get("/admin/users").await.status == 200;
            w.caller.patch(format!("/admin/users/{id}"), if is_admin { demoted } else { promoted })
        };
        "list_audit_events" in PUBLIC [401, 403, 403, 403, 403, 403, 403, 200, 403, 403] |w|
            w.caller.get("/admin/audit-log");
        "export_audit_log_csv" in PUBLIC [401, 403, 403, 403, 403, 403, 403, 200, 403, 403] |w|
            w.caller.get("/admin/audit-log.csv");
        "export_audit_log_jsonl" in PUBLIC [401, 403, 403, 403, 403, 403, 403, 200, 403, 403] |w|
            w.caller.get("/admin/audit-log.jsonl");
    }
}

fn platform() -> Vec<Row> {
    rows! {
        // anonymous, stranger, requested, member, facilitator, owner, banned, admin, editor, moderator
        "get_settings" in PUBLIC [401, 403, 403, 403, 403, 403, 403, 200, 403, 403] |w| w.caller.get("/admin/settings");
        "update_settings" in PUBLIC [401, 403, 403, 403, 403, 403, 403, 200, 403, 403] |w|
            w.caller.patch("/admin/settings", json!({ "invitation_days": 21 }));
        "list_group_types" in PUBLIC [200, 200, 200, 200, 200, 200, 200, 200, 200, 200] |w| w.caller.get("/group-types");
        "get_group_type" in PUBLIC [200, 200, 200, 200, 200, 200, 200, 200, 200, 200] |w|
            w.caller.get(format!("/group-types/{}", world::COMMUNITY));
        "create_group_type" in PUBLIC [401, 403, 403, 403, 403, 403, 403, 201, 403, 403] |w|
            w.caller.post("/group-types", new_kind(w.number));
        "update_group_type" in PUBLIC [401, 403, 403, 403, 403, 403, 403, 200, 403, 403] |w|
            w.caller.patch(format!("/group-types/{}", world::COMMUNITY), json!({ "plural": "Communities" }));
        // nobody else learns how many groups there are
        "delete_group_type" in PUBLIC [401, 403, 403, 403, 403, 403, 403, 409, 403, 403] |w|
            w.caller.delete(format!("/group-types/{}", world::COMMUNITY));
        "delete_group_type" in PUBLIC [401, 403, 403, 403, 403, 403, 403, 204, 403, 403] |w| {
            let admin = w.app.person(&format!("another admin {}", w.number), PlatformRole::Admin);
            let kind = admin.post("/group-types", new_kind(w.number)).await.expect(201).id();
            w.caller.delete(format!("/group-types/{kind}"))
        };
        "create_group_proposal" in PUBLIC [401, 201, 201, 201, 201, 201, 201, 201, 201, 201] |w|
            w.caller.post("/group-proposals", w.proposal());
        "list_group_proposals" in PUBLIC [401, 200, 200, 200, 200, 200, 200, 200, 200, 200] |w|
            w.caller.get("/group-proposals");
        "get_group_proposal" in PUBLIC [401, 404, 404, 404, 404, 404, 404, 200, 404, 404] |w|
            w.caller.get(w.proposed_group().await);
        "decide_group_proposal" in PUBLIC [401, 403, 403, 403, 403, 403, 403, 200, 403, 403] |w|
            w.caller.post(format!("{}/decision", w.proposed_group().await), json!({ "outcome": "approve" }));
        "withdraw_group_proposal" in PUBLIC [401, 404, 404, 404, 404, 404, 404, 403, 404, 404] |w|
            w.caller.delete(w.proposed_group().await);
        // who does not show themselves is not found
        "get_person" in PUBLIC [401, 404, 404, 404, 404, 404, 404, 200, 404, 404] |w|
            w.caller.get(format!("/people/{}", w.somebody().id()));
        "list_person_groups" in PUBLIC [401, 404, 404, 404, 404, 404, 404, 200, 404, 404] |w|
            w.caller.get(format!("/people/{}/groups", w.somebody().id()));
        "get_person" in PUBLIC [401, 200, 200, 200, 200, 200, 200, 200, 200, 200] |w|
            w.caller.get(format!("/people/{}", w.caller_id()));
        "list_all_groups" in PUBLIC [401, 403, 403, 403, 403, 403, 403, 200, 403, 403] |w| w.caller.get("/admin/groups");
        "restore_group" in PUBLIC [401, 403, 403, 403, 403, 403, 403, 409, 403, 403] |w|
            w.caller.post(format!("/admin{}", w.path("/restore")), json!({}));
        "restore_group" in HIDDEN [401, 403, 403, 403, 403, 403, 403, 200, 403, 403] |w| {
            w.founder.delete(w.path("")).await.expect(204);
            w.caller.post(format!("/admin{}", w.path("/restore")), json!({}))
        };
        "purge_group" in PUBLIC [401, 403, 403, 403, 403, 403, 403, 409, 403, 403] |w|
            w.caller.post(format!("/admin{}", w.path("/purge")), json!({ "reason": "A test" }));
        "purge_group" in HIDDEN [401, 403, 403, 403, 403, 403, 403, 204, 403, 403] |w| {
            w.founder.delete(w.path("")).await.expect(204);
            w.caller.post(format!("/admin{}", w.path("/purge")), json!({ "reason": "A test" }))
        };
    }
}

fn groups() -> Vec<Row> {
    rows! {
        // anonymous, stranger, requested, member, facilitator, owner, banned, admin, editor, moderator
        "list_groups" in HIDDEN [200, 200, 200, 200, 200, 200, 200, 200, 200, 200] |w| w.caller.get("/groups");
        "list_groups" in PUBLIC [401, 200, 200, 200, 200, 200, 200, 200, 200, 200] |w| w.caller.get("/groups?mine=true");
        "create_group" in PUBLIC [401, 201, 201, 201, 201, 201, 201, 201, 201, 201] |w|
            w.caller.post("/groups", json!({ "name": format!("New {}", w.number), "type_ids": [world::COMMUNITY] }));
        "create_group" in PUBLIC [401, 403, 403, 403, 403, 403, 403, 201, 403, 403] |w| {
            let (name, external) = (format!("New {}", w.number), format!("crm:{}", w.number));
            w.caller.post("/groups", json!({ "name": name, "type_ids": [world::COMMUNITY], "external_id": external }))
        };
        "get_group" in PUBLIC [200, 200, 200, 200, 200, 200, 200, 200, 200, 200] |w| w.caller.get(w.path(""));
        "get_group" in LISTED [200, 200, 200, 200, 200, 200, 200, 200, 200, 200] |w| w.caller.get(w.path(""));
        "get_group" in ARCHIVED [200, 200, 200, 200, 200, 200, 200, 200, 200, 200] |w| w.caller.get(w.path(""));
        "get_group" in HIDDEN [404, 404, 404, 200, 200, 200, 404, 200, 404, 404] |w| w.caller.get(w.path(""));
        "get_group_by_slug" in PUBLIC [200, 200, 200, 200, 200, 200, 200, 200, 200, 200] |w|
            w.caller.get(format!("/groups/by-slug/{}", w.slug));
        "get_group_by_slug" in HIDDEN [404, 404, 404, 200, 200, 200, 404, 200, 404, 404] |w|
            w.caller.get(format!("/groups/by-slug/{}", w.slug));
        "list_similar_groups" in HIDDEN [200, 200, 200, 200, 200, 200, 200, 200, 200, 200] |w|
            w.caller.get("/groups/similar?name=Group");
        "update_group" in PUBLIC [401, 403, 403, 403, 403, 403, 403, 200, 403, 403] |w|
            w.caller.patch(w.path(""), json!({ "auto_join_domains": ["example.net"] }));
        "update_group" in PUBLIC [401, 403, 403, 403, 403, 200, 403, 200, 403, 403] |w|
            w.caller.patch(w.path(""), json!({ "summary": "Changed" }));
        "update_group" in HIDDEN [401, 404, 404, 403, 403, 200, 404, 200, 404, 404] |w|
            w.caller.patch(w.path(""), json!({ "summary": "Changed" }));
        "update_group" in ARCHIVED [401, 403, 403, 403, 403, 409, 403, 409, 403, 403] |w|
            w.caller.patch(w.path(""), json!({ "summary": "Changed" }));
        "update_group" in PUBLIC [401, 403, 403, 403, 403, 200, 403, 200, 403, 403] |w|
            w.caller.patch(w.path(""), json!({ "status": "archived" }));
        "update_group" in ARCHIVED [401, 403, 403, 403, 403, 200, 403, 200, 403, 403] |w|
            w.caller.patch(w.path(""), json!({ "status": "active" }));
        "update_group" in PUBLIC [401, 403, 403, 403, 403, 403, 403, 200, 403, 403] |w|
            w.caller.patch(w.path(""), json!({ "external_id": format!("crm:{}", w.number) }));
        "list_group_rules" in PUBLIC [200, 200, 200, 200, 200, 200, 200, 200, 200, 200] |w| w.caller.get(w.path("/rules"));
        "list_group_rules" in HIDDEN [404, 404, 404, 200, 200, 200, 404, 200, 404, 404] |w| w.caller.get(w.path("/rules"));
        "list_group_audit_events" in PUBLIC [401, 403, 403, 403, 403, 200, 403, 200, 403, 403] |w|
            w.caller.get(w.path("/audit-log"));
        "list_group_audit_events" in HIDDEN [401, 404, 404, 403, 403, 200, 404, 200, 404, 404] |w|
            w.caller.get(w.path("/audit-log"));
        "delete_group" in PUBLIC [401, 403, 403, 403, 403, 204, 403, 204, 403, 403] |w| w.caller.delete(w.path(""));
        "delete_group" in HIDDEN [401, 404, 404, 403, 403, 204, 404, 204, 404, 404] |w| w.caller.delete(w.path(""));
        "delete_group" in ARCHIVED [401, 403, 403, 403, 403, 204, 403, 204, 403, 403] |w| w.caller.delete(w.path(""));
        // what is deleted is gone for all
        "get_group" in PUBLIC [404, 404, 404, 404, 404, 404, 404, 404, 404, 404] |w| {
            w.founder.delete(w.path("")).await.expect(204);
            w.caller.get(w.path(""))
        };
    }
}

fn new_kind(number: usize) -> Value {
    let (name, plural) = (format!("Kind {number}"), format!("Kinds {number}"));
    json!({ "name": name, "plural": plural, "default_visibility": "public", "default_join_policy": "open" })
}

fn memberships() -> Vec<Row> {
    rows! {
        // anonymous, stranger, requested, member, facilitator, owner, banned, admin, editor, moderator
        "get_membership" in PUBLIC [401, 404, 200, 200, 200, 200, 200, 404, 404, 404] |w| w.caller.get(w.path("/membership"));
        "get_membership" in HIDDEN [401, 404, 404, 200, 200, 200, 404, 404, 404, 404] |w| w.caller.get(w.path("/membership"));
        "join_group" in PUBLIC [401, 200, 200, 200, 200, 200, 403, 200, 200, 200] |w|
            w.caller.put(w.path("/membership"), json!({}));
        "join_group" in BY_REQUEST [401, 200, 200, 200, 200, 200, 403, 200, 200, 200] |w|
            w.caller.put(w.path("/membership"), json!({ "message": "Please" }));
        "join_group" in BY_INVITATION [401, 403, 200, 200, 200, 200, 403, 403, 403, 403] |w|
            w.caller.put(w.path("/membership"), json!({}));
        "join_group" in HIDDEN [401, 404, 404, 200, 200, 200, 404, 200, 404, 404] |w|
            w.caller.put(w.path("/membership"), json!({}));
        "join_group" in ARCHIVED [401, 409, 409, 200, 200, 200, 403, 409, 409, 409] |w|
            w.caller.put(w.path("/membership"), json!({}));
        "leave_group" in PUBLIC [401, 204, 204, 204, 204, 204, 204, 204, 204, 204] |w| w.caller.delete(w.path("/membership"));
        "leave_group" in ARCHIVED [401, 204, 204, 204, 204, 204, 204, 204, 204, 204] |w|
            w.caller.delete(w.path("/membership"));
        "leave_group" in HIDDEN [401, 404, 404, 204, 204, 204, 404, 204, 404, 404] |w| w.caller.delete(w.path("/membership"));
        "list_members" in PUBLIC [403, 403, 403, 200, 200, 200, 403, 403, 403, 403] |w| w.caller.get(w.path("/members"));
        "list_members" in OPEN_LIST [200, 200, 200, 200, 200, 200, 200, 200, 200, 200] |w| w.caller.get(w.path("/members"));
        "list_members" in CLOSED_LIST [403, 403, 403, 403, 200, 200, 403, 403, 403, 403] |w| w.caller.get(w.path("/members"));
        "list_members" in HIDDEN [404, 404, 404, 200, 200, 200, 404, 403, 404, 404] |w| w.caller.get(w.path("/members"));
        "list_members" in OPEN_LIST [401, 403, 403, 403, 200, 200, 403, 403, 403, 403] |w|
            w.caller.get(w.path("/members?state=banned"));
        "list_members" in OPEN_LIST [401, 403, 403, 403, 200, 200, 403, 200, 403, 403] |w|
            reasoned(w.caller.get(w.path("/members?state=banned")));
        "get_member" in PUBLIC [403, 403, 403, 200, 200, 200, 403, 403, 403, 403] |w| w.caller.get(w.member().await);
        "get_member" in OPEN_LIST [200, 200, 200, 200, 200, 200, 200, 200, 200, 200] |w| w.caller.get(w.member().await);
        "get_member" in HIDDEN [404, 404, 404, 200, 200, 200, 404, 403, 404, 404] |w| w.caller.get(w.founder_path());
        "update_member" in PUBLIC [401, 403, 403, 403, 200, 200, 403, 200, 403, 403] |w|
            w.caller.patch(w.member().await, json!({ "state": "banned", "reason": "Spam" }));
        "update_member" in PUBLIC [401, 403, 403, 403, 403, 200, 403, 200, 403, 403] |w|
            w.caller.patch(w.member().await, json!({ "role": "facilitator" }));
        // an owner may act on an owner; nobody takes the last one away
        "update_member" in PUBLIC [401, 403, 403, 403, 403, 200, 403, 409, 403, 403] |w|
            w.caller.patch(w.founder_path(), json!({ "state": "removed" }));
        "update_member" in HIDDEN [401, 404, 404, 403, 403, 200, 404, 409, 404, 404] |w|
            w.caller.patch(w.founder_path(), json!({ "role": "member" }));
        "delete_member" in PUBLIC [401, 403, 403, 403, 204, 204, 403, 204, 403, 403] |w| w.caller.delete(w.member().await);
        "delete_member" in PUBLIC [401, 403, 403, 403, 403, 204, 403, 409, 403, 403] |w| w.caller.delete(w.founder_path());
        "delete_member" in HIDDEN [401, 404, 404, 403, 403, 204, 404, 409, 404, 404] |w| w.caller.delete(w.founder_path());
    }
}

fn requests_and_rosters() -> Vec<Row> {
    rows! {
        // anonymous, stranger, requested, member, facilitator, owner, banned, admin, editor, moderator
        "list_membership_requests" in PUBLIC [401, 403, 403, 403, 200, 200, 403, 403, 403, 403] |w|
            w.caller.get(w.path("/membership-requests"));
        // an administrator says why
        "list_members" in HIDDEN [404, 404, 404, 200, 200, 200, 404, 200, 404, 404] |w| reasoned(w.caller.get(w.path("/members")));
        "get_member" in CLOSED_LIST [403, 403, 403, 403, 200, 200, 403, 200, 403, 403] |w|
            reasoned(w.caller.get(w.member().await));
        "list_membership_requests" in HIDDEN [401, 404, 404, 403, 200, 200, 404, 200, 404, 404] |w|
            reasoned(w.caller.get(w.path("/membership-requests?state=declined")));
        "list_membership_requests" in HIDDEN [401, 404, 404, 403, 200, 200, 404, 403, 404, 404] |w|
            w.caller.get(w.path("/membership-requests"));
        "decide_membership_request" in PUBLIC [401, 403, 403, 403, 200, 200, 403, 200, 403, 403] |w|
            w.caller.post(w.request().await, json!({ "outcome": "approve" }));
        "decide_membership_request" in PUBLIC [401, 403, 403, 403, 200, 200, 403, 200, 403, 403] |w|
            w.caller.post(w.request().await, json!({ "outcome": "decline", "reason": "Full" }));
        "decide_membership_request" in ARCHIVED [401, 403, 403, 403, 409, 409, 403, 409, 403, 403] |w|
            w.caller.post(w.request().await, json!({ "outcome": "approve" }));
        "decide_membership_request" in PUBLIC [401, 403, 403, 403, 404, 404, 403, 404, 403, 403] |w|
            w.caller.post(w.path(&format!("/membership-requests/{}/decision", UserId::new())), json!({ "outcome": "approve" }));
        "decide_membership_requests" in PUBLIC [401, 403, 403, 403, 200, 200, 403, 200, 403, 403] |w| {
            let asker = w.asker().await;
            let decisions = json!({ "decisions": [{ "user_id": asker, "outcome": "approve" }] });
            w.caller.post(w.path("/membership-requests:batch"), decisions)
        };
        "decide_membership_requests" in HIDDEN [401, 404, 404, 403, 200, 200, 404, 200, 404, 404] |w| {
            let decisions = json!({ "decisions": [{ "user_id": w.founder.id(), "outcome": "decline" }] });
            w.caller.post(w.path("/membership-requests:batch"), decisions)
        };
    }
}

fn hand_over() -> Vec<Row> {
    rows! {
        // anonymous, stranger, requested, member, facilitator, owner, banned, admin, editor, moderator
        "offer_ownership" in PUBLIC [401, 403, 403, 403, 403, 200, 403, 403, 403, 403] |w| {
            let member = w.member().await.rsplit('/').next().unwrap().to_owned();
            w.caller.put(w.path("/ownership-offer"), json!({ "user_id": member }))
        };
        "offer_ownership" in HIDDEN [401, 404, 404, 403, 403, 422, 404, 403, 404, 404] |w|
            w.caller.put(w.path("/ownership-offer"), json!({ "user_id": w.founder.id() }));
        "get_ownership_offer" in PUBLIC [401, 404, 404, 404, 404, 200, 404, 200, 404, 404] |w| {
            w.offered().await;
            w.caller.get(w.path("/ownership-offer"))
        };
        "delete_ownership_offer" in PUBLIC [401, 404, 404, 404, 404, 204, 404, 204, 404, 404] |w| {
            w.offered().await;
            w.caller.delete(w.path("/ownership-offer"))
        };
        // whoever may know of it and is not meant
        "accept_ownership" in PUBLIC [401, 404, 404, 404, 404, 403, 404, 403, 404, 404] |w| {
            w.offered().await;
            w.caller.request(Method::POST, w.path("/ownership-offer/accept"))
        };
        "accept_ownership" in HIDDEN [401, 404, 404, 404, 404, 404, 404, 404, 404, 404] |w|
            w.caller.request(Method::POST, w.path("/ownership-offer/accept"));
    }
}

fn invitations() -> Vec<Row> {
    rows! {
        // anonymous, stranger, requested, member, facilitator, owner, banned, admin, editor, moderator
        "create_invitations" in PUBLIC [401, 403, 403, 403, 200, 200, 403, 200, 403, 403] |w|
            w.caller.post(w.path("/invitations"), json!({ "recipients": [{ "user_id": w.somebody().id() }] }));
        "create_invitations" in MEMBERS_INVITE [401, 403, 403, 200, 200, 200, 403, 200, 403, 403] |w|
            w.caller.post(w.path("/invitations"), json!({ "recipients": [{ "email": format!("n{}@example.org", w.number) }] }));
        "create_invitations" in OWNERS_INVITE [401, 403, 403, 403, 403, 200, 403, 200, 403, 403] |w|
            w.caller.post(w.path("/invitations"), json!({ "recipients": [{ "user_id": w.somebody().id() }] }));
        "create_invitations" in HIDDEN [401, 404, 404, 403, 200, 200, 404, 200, 404, 404] |w|
            w.caller.post(w.path("/invitations"), json!({ "recipients": [{ "user_id": w.somebody().id() }] }));
        "create_invitation_link" in PUBLIC [401, 403, 403, 403, 201, 201, 403, 201, 403, 403] |w|
            w.caller.post(w.path("/invitation-links"), json!({}));
        "create_invitation_link" in HIDDEN [401, 404, 404, 403, 201, 201, 404, 201, 404, 404] |w|
            w.caller.post(w.path("/invitation-links"), json!({}));
        "list_invitations" in PUBLIC [401, 403, 403, 403, 200, 200, 403, 403, 403, 403] |w| w.caller.get(w.path("/invitations"));
        "list_invitations" in MEMBERS_INVITE [401, 403, 403, 200, 200, 200, 403, 200, 403, 403] |w|
            reasoned(w.caller.get(w.path("/invitations")));
        "list_invitations" in HIDDEN [401, 404, 404, 403, 200, 200, 404, 200, 404, 404] |w|
            reasoned(w.caller.get(w.path("/invitations")));
        "resend_invitation" in PUBLIC [401, 403, 403, 403, 200, 200, 403, 200, 403, 403] |w|
            w.caller.request(Method::POST, format!("{}/resend", w.link().await.0));
        // somebody else's
        "resend_invitation" in MEMBERS_INVITE [401, 403, 403, 404, 200, 200, 403, 200, 403, 403] |w|
            w.caller.request(Method::POST, format!("{}/resend", w.link().await.0));
        "revoke_invitation" in MEMBERS_INVITE [401, 403, 403, 404, 204, 204, 403, 204, 403, 403] |w|
            w.caller.delete(w.link().await.0);
        "revoke_invitation" in HIDDEN [401, 404, 404, 403, 204, 204, 404, 204, 404, 404] |w|
            w.caller.delete(w.link().await.0);
        // whoever has the token
        "lookup_invitation" in HIDDEN [200, 200, 200, 200, 200, 200, 200, 200, 200, 200] |w|
            w.caller.post("/invitations/lookup", json!({ "token": w.link().await.1 }));
        "accept_invitation" in HIDDEN [401, 200, 200, 200, 200, 200, 403, 200, 200, 200] |w|
            w.caller.post("/invitations/accept", json!({ "token": w.link().await.1 }));
        "accept_invitation" in HIDDEN [401, 404, 404, 404, 404, 404, 404, 404, 404, 404] |w|
            w.caller.post("/invitations/accept", json!({ "token": "prx_inv_nothing" }));
        "decline_invitation" in PUBLIC [204, 204, 204, 204, 204, 204, 204, 204, 204, 204] |w| {
            let body = json!({ "recipients": [{ "email": format!("n{}@example.org", w.number) }] });
            let made = w.founder.post(w.path("/invitations"), body).await.expect(200);
            w.caller.post("/invitations/decline", json!({ "token": made.items()[0]["token"] }))
        };
        "list_my_invitations" in PUBLIC [401, 200, 200, 200, 200, 200, 200, 200, 200, 200] |w|
            w.caller.get("/me/invitations");
    }
}

fn own_memberships_and_histories() -> Vec<Row> {
    rows! {
        // anonymous, stranger, requested, member, facilitator, owner, banned, admin, editor, moderator
        "update_membership" in PUBLIC [401, 404, 200, 200, 200, 200, 409, 404, 404, 404] |w|
            w.caller.patch(w.path("/membership"), json!({ "display_name": format!("Pseudonym {}", w.number) }));
        "update_membership" in HIDDEN [401, 404, 404, 200, 200, 200, 404, 404, 404, 404] |w|
            w.caller.patch(w.path("/membership"), json!({ "display_name": format!("Pseudonym {}", w.number) }));
        "accept_rules" in RULED [401, 404, 200, 200, 200, 200, 409, 404, 404, 404] |w|
            w.caller.put(w.path("/membership/rules-acceptance"), json!({ "version": 1 }));
        "accept_rules" in RULED [401, 404, 409, 409, 409, 409, 409, 404, 404, 404] |w|
            w.caller.put(w.path("/membership/rules-acceptance"), json!({ "version": 2 }));
        "list_membership_events" in PUBLIC [401, 403, 403, 403, 200, 200, 403, 403, 403, 403] |w|
            w.caller.get(format!("{}/history", w.member().await));
        "list_membership_events" in HIDDEN [401, 404, 404, 403, 200, 200, 404, 200, 404, 404] |w|
            reasoned(w.caller.get(format!("{}/history", w.founder_path())));
        // about oneself
        "list_membership_events" in PUBLIC [401, 200, 200, 200, 200, 200, 200, 200, 200, 200] |w|
            w.caller.get(w.path(&format!("/members/{}/history", w.caller_id())));
        "batch_members" in PUBLIC [401, 403, 403, 403, 200, 200, 403, 200, 403, 403] |w| {
            let somebody = w.somebody().id();
            w.caller.post(w.path("/members:batch"), json!({ "rows": [{ "action": "add", "user_id": somebody }] }))
        };
        "batch_members" in HIDDEN [401, 404, 404, 403, 200, 200, 404, 200, 404, 404] |w| {
            let founder = w.founder.id();
            w.caller.post(w.path("/members:batch"), json!({ "rows": [{ "action": "remove", "user_id": founder }] }))
        };
        "import_members" in PUBLIC [401, 403, 403, 403, 403, 200, 403, 200, 403, 403] |w| {
            let member = w.member().await.rsplit('/').next().unwrap().to_owned();
            let table = format!("user_id,role\n{member},facilitator\n");
            w.caller.request(Method::POST, w.path("/members:import")).body("text/csv", table)
        };
        // strangers to the group are invited, not added, but by administrators
        "import_members" in PUBLIC [401, 403, 403, 403, 403, 422, 403, 200, 403, 403] |w| {
            let table = format!("user_id,role\n{},facilitator\n", w.somebody().id());
            w.caller.request(Method::POST, w.path("/members:import")).body("text/csv", table)
        };
        // addresses are for administrators
        "import_members" in PUBLIC [401, 403, 403, 403, 403, 422, 403, 200, 403, 403] |w| {
            let table = format!("email\n{}\n", w.somebody().email());
            w.caller.request(Method::POST, w.path("/members:import")).body("text/csv", table)
        };
        "import_members" in HIDDEN [401, 404, 404, 403, 403, 200, 404, 200, 404, 404] |w| {
            let table = format!("user_id\n{}\n", w.somebody().id());
            w.caller.request(Method::POST, w.path("/members:import?dry_run=true")).body("text/csv", table)
        };
        "export_members" in PUBLIC [401, 403, 403, 403, 200, 200, 403, 403, 403, 403] |w| w.caller.get(w.path("/members.csv"));
        "export_members" in HIDDEN [401, 404, 404, 403, 200, 200, 404, 200, 404, 404] |w|
            reasoned(w.caller.get(w.path("/members.csv")));
    }
}

/// An administrator says why they read.
fn reasoned(call: Call) -> Call {
    call.header("Praxis-Access-Reason", "A complaint was made")
}

fn new_post(kind: &str) -> Value {
    let link = (kind == "resource").then_some("https://example.org");
    json!({ "kind": kind, "title": "New", "body": "Some words.", "link_url": link })
}

#[expect(clippy::too_many_lines, reason = "a table: one row per operation")]
fn posts() -> Vec<Row> {
    rows! {
        // anonymous, stranger, requested, member, facilitator, owner, banned, admin, editor, moderator
        "list_posts" in PUBLIC [200, 200, 200, 200, 200, 200, 200, 200, 200, 200] |w| w.caller.get(w.path("/posts"));
        "list_posts" in LISTED [403, 403, 403, 200, 200, 200, 403, 403, 403, 403] |w| w.caller.get(w.path("/posts"));
        "list_posts" in HIDDEN [404, 404, 404, 200, 200, 200, 404, 403, 404, 404] |w| w.caller.get(w.path("/posts"));
        "create_post" in PUBLIC [401, 403, 403, 201, 201, 201, 403, 403, 403, 403] |w|
            w.caller.post(w.path("/posts"), new_post("discussion"));
        "create_post" in PUBLIC [401, 403, 403, 403, 201, 201, 403, 403, 403, 403] |w|
            w.caller.post(w.path("/posts"), new_post("announcement"));
        "create_post" in FACILITATORS_POST [401, 403, 403, 403, 201, 201, 403, 403, 403, 403] |w|
            w.caller.post(w.path("/posts"), new_post("question"));
        "create_post" in HIDDEN [401, 404, 404, 201, 201, 201, 404, 403, 404, 404] |w|
            w.caller.post(w.path("/posts"), new_post("resource"));
        "create_post" in ARCHIVED [401, 403, 403, 409, 409, 409, 403, 403, 403, 403] |w|
            w.caller.post(w.path("/posts"), new_post("discussion"));
        "get_post" in PUBLIC [200, 200, 200, 200, 200, 200, 200, 200, 200, 200] |w| w.caller.get(w.post().await);
        "get_post" in LISTED [404, 404, 404, 200, 200, 200, 404, 403, 404, 404] |w| w.caller.get(w.post().await);
        "get_post" in HIDDEN [404, 404, 404, 200, 200, 200, 404, 403, 404, 404] |w| w.caller.get(w.post().await);
        // the founder's: others do not change the words, those who lead and moderators delete them
        "update_post" in PUBLIC [401, 403, 403, 403, 403, 403, 403, 403, 403, 403] |w|
            w.caller.patch(w.post().await, json!({ "title": "Changed" }));
        "update_post" in HIDDEN [401, 404, 404, 403, 403, 403, 404, 403, 404, 404] |w|
            w.caller.patch(w.post().await, json!({ "title": "Changed" }));
        "delete_post" in PUBLIC [401, 403, 403, 403, 204, 204, 403, 204, 403, 204] |w| w.caller.delete(w.post().await);
        "delete_post" in LISTED [401, 404, 404, 403, 204, 204, 404, 403, 404, 404] |w| w.caller.delete(w.post().await);
        "delete_post" in HIDDEN [401, 404, 404, 403, 204, 204, 404, 403, 404, 404] |w| w.caller.delete(w.post().await);
        "list_posts" in LISTED [403, 403, 403, 200, 200, 200, 403, 200, 403, 403] |w|
            reasoned(w.caller.get(w.path("/posts")));
        "get_post" in HIDDEN [404, 404, 404, 200, 200, 200, 404, 200, 404, 404] |w| reasoned(w.caller.get(w.post().await));
        "delete_post" in HIDDEN [401, 404, 404, 403, 204, 204, 404, 204, 404, 404] |w|
            reasoned(w.caller.delete(w.post().await));
        "create_post" in RULED [401, 403, 403, 409, 409, 409, 403, 403, 403, 403] |w|
            w.caller.post(w.path("/posts"), new_post("discussion"));
        "delete_post" in ARCHIVED [401, 403, 403, 403, 204, 204, 403, 204, 403, 204] |w| w.caller.delete(w.post().await);
        "list_posts" in PUBLIC [401, 200, 200, 200, 200, 200, 200, 200, 200, 200] |w|
            w.caller.get(w.path("/posts?status=draft"));
        "list_post_revisions" in PUBLIC [200, 200, 200, 200, 200, 200, 200, 200, 200, 200] |w|
            w.caller.get(format!("{}/revisions", w.post().await));
        "list_post_revisions" in LISTED [404, 404, 404, 200, 200, 200, 404, 403, 404, 404] |w|
            w.caller.get(format!("{}/revisions", w.post().await));
        // deleted by the founder
        "restore_post" in PUBLIC [401, 404, 404, 404, 200, 200, 404, 200, 404, 200] |w| {
            let post = w.post().await;
            w.founder.delete(&post).await.expect(204);
            w.caller.request(Method::POST, format!("{post}/restore"))
        };
        "restore_post" in HIDDEN [401, 404, 404, 404, 200, 200, 404, 403, 404, 404] |w| {
            let post = w.post().await;
            w.founder.delete(&post).await.expect(204);
            w.caller.request(Method::POST, format!("{post}/restore"))
        };
        "restore_post" in PUBLIC [401, 409, 409, 409, 409, 409, 409, 409, 409, 409] |w|
            w.caller.request(Method::POST, format!("{}/restore", w.post().await));
        // to a group of the caller's own
        "move_post" in PUBLIC [401, 403, 403, 403, 200, 200, 403, 200, 403, 200] |w| {
            let target = w.elsewhere("public").await;
            w.caller.act(format!("{}/move", w.post().await), json!({ "group_id": target }))
        };
        "move_post" in HIDDEN [401, 404, 404, 403, 200, 200, 404, 403, 404, 404] |w| {
            let target = w.elsewhere("hidden").await;
            w.caller.act(format!("{}/move", w.post().await), json!({ "group_id": target }))
        };
        // of the group to another
        "share_post" in PUBLIC [401, 200, 200, 200, 200, 200, 200, 200, 200, 200] |w| {
            let target = w.elsewhere("public").await;
            w.caller.request(Method::PUT, format!("{}/shares/{target}", w.post().await))
        };
        "share_post" in HIDDEN [401, 404, 404, 409, 409, 409, 404, 403, 404, 404] |w| {
            let target = w.elsewhere("hidden").await;
            w.caller.request(Method::PUT, format!("{}/shares/{target}", w.post().await))
        };
        // of another group to this one
        "share_post" in PUBLIC [401, 403, 403, 200, 200, 200, 403, 403, 403, 403] |w|
            w.caller.request(Method::PUT, format!("/posts/{}/shares/{}", w.public_post().await, w.group));
        "share_post" in HIDDEN [401, 404, 404, 200, 200, 200, 404, 403, 404, 404] |w|
            w.caller.request(Method::PUT, format!("/posts/{}/shares/{}", w.public_post().await, w.group));
        "share_post" in ARCHIVED [401, 403, 403, 409, 409, 409, 403, 403, 403, 403] |w|
            w.caller.request(Method::PUT, format!("/posts/{}/shares/{}", w.public_post().await, w.group));
        "unshare_post" in PUBLIC [401, 403, 403, 403, 204, 204, 403, 204, 403, 204] |w|
            w.caller.delete(w.shared().await);
        "unshare_post" in HIDDEN [401, 404, 404, 403, 204, 204, 404, 403, 404, 404] |w|
            w.caller.delete(w.shared().await);
        "unshare_post" in HIDDEN [401, 404, 404, 403, 204, 204, 404, 204, 404, 404] |w|
            reasoned(w.caller.delete(w.shared().await));
        "pin_share" in PUBLIC [401, 403, 403, 403, 200, 200, 403, 200, 403, 200] |w|
            w.caller.put(format!("{}/pin", w.shared().await), json!({}));
        "pin_share" in HIDDEN [401, 404, 404, 403, 200, 200, 404, 403, 404, 404] |w|
            w.caller.put(format!("{}/pin", w.shared().await), json!({}));
        "pin_share" in ARCHIVED [401, 403, 403, 403, 409, 409, 403, 409, 403, 409] |w|
            w.caller.put(format!("{}/pin", w.shared().await), json!({}));
        "unpin_share" in PUBLIC [401, 403, 403, 403, 200, 200, 403, 200, 403, 200] |w|
            w.caller.delete(format!("{}/pin", w.shared().await));
        "pin_post" in PUBLIC [401, 403, 403, 403, 200, 200, 403, 200, 403, 200] |w|
            w.caller.put(format!("{}/pin", w.post().await), json!({}));
        "pin_post" in HIDDEN [401, 404, 404, 403, 200, 200, 404, 403, 404, 404] |w|
            w.caller.put(format!("{}/pin", w.post().await), json!({}));
        "pin_post" in ARCHIVED [401, 403, 403, 403, 409, 409, 403, 409, 403, 409] |w|
            w.caller.put(format!("{}/pin", w.post().await), json!({}));
        "unpin_post" in PUBLIC [401, 403, 403, 403, 200, 200, 403, 200, 403, 200] |w|
            w.caller.delete(format!("{}/pin", w.post().await));
        "lock_post" in PUBLIC [401, 403, 403, 403, 200, 200, 403, 200, 403, 200] |w|
            w.caller.put(format!("{}/lock", w.post().await), json!({ "reason": "Enough" }));
        "lock_post" in HIDDEN [401, 404, 404, 403, 200, 200, 404, 403, 404, 404] |w|
            w.caller.put(format!("{}/lock", w.post().await), json!({}));
        "unlock_post" in PUBLIC [401, 403, 403, 403, 200, 200, 403, 200, 403, 200] |w|
            w.caller.delete(format!("{}/lock", w.post().await));
        // the founder's question
        "accept_answer" in PUBLIC [401, 403, 403, 403, 200, 200, 403, 403, 403, 403] |w| {
            let (question, answer) = w.question().await;
            w.caller.put(format!("/posts/{question}/accepted-answer"), json!({ "comment_id": answer }))
        };
        "withdraw_answer" in HIDDEN [401, 404, 404, 403, 200, 200, 404, 403, 404, 404] |w|
            w.caller.delete(format!("/posts/{}/accepted-answer", w.question().await.0));
        "add_post_reaction" in PUBLIC [401, 403, 403, 200, 200, 200, 403, 403, 403, 403] |w|
            w.caller.request(Method::PUT, format!("{}/reactions/like", w.post().await));
        "remove_post_reaction" in HIDDEN [401, 404, 404, 200, 200, 200, 404, 403, 404, 404] |w|
            w.caller.delete(format!("{}/reactions/like", w.post().await));
        "bookmark_post" in PUBLIC [401, 204, 204, 204, 204, 204, 204, 204, 204, 204] |w|
            w.caller.request(Method::PUT, format!("{}/bookmark", w.post().await));
        "bookmark_post" in LISTED [401, 404, 404, 204, 204, 204, 404, 403, 404, 404] |w|
            w.caller.request(Method::PUT, format!("{}/bookmark", w.post().await));
        "unbookmark_post" in LISTED [401, 404, 404, 204, 204, 204, 404, 403, 404, 404] |w|
            w.caller.delete(format!("{}/bookmark", w.post().await));
        "follow_post" in LISTED [401, 404, 404, 204, 204, 204, 404, 403, 404, 404] |w|
            w.caller.request(Method::PUT, format!("{}/follow", w.post().await));
        "unfollow_post" in LISTED [401, 404, 404, 204, 204, 204, 404, 403, 404, 404] |w|
            w.caller.delete(format!("{}/follow", w.post().await));
        "read_post" in LISTED [401, 404, 404, 204, 204, 204, 404, 403, 404, 404] |w|
            w.caller.request(Method::PUT, format!("{}/read", w.post().await));
        "read_posts" in LISTED [401, 403, 403, 204, 204, 204, 403, 403, 403, 403] |w| {
            let post = w.post().await.rsplit('/').next().unwrap().to_owned();
            w.caller.post(w.path("/posts:read"), json!({ "post_ids": [post] }))
        };
        "read_group" in PUBLIC [401, 403, 403, 204, 204, 204, 403, 403, 403, 403] |w|
            w.caller.request(Method::PUT, w.path("/read"));
        "read_group" in HIDDEN [401, 404, 404, 204, 204, 204, 404, 403, 404, 404] |w|
            w.caller.request(Method::PUT, w.path("/read"));
        "list_search_results" in PUBLIC [200, 200, 200, 200, 200, 200, 200, 200, 200, 200] |w| w.caller.get("/search?q=a");
        "list_search_results" in PUBLIC [401, 200, 200, 200, 200, 200, 200, 200, 200, 200] |w|
            w.caller.get("/search?q=a&in=people");
        "list_my_feed" in PUBLIC [401, 200, 200, 200, 200, 200, 200, 200, 200, 200] |w| w.caller.get("/me/feed");
        "list_group_activity" in PUBLIC [200, 200, 200, 200, 200, 200, 200, 200, 200, 200] |w|
            w.caller.get(w.path("/activity"));
        "list_group_activity" in LISTED [403, 403, 403, 200, 200, 200, 403, 403, 403, 403] |w|
            w.caller.get(w.path("/activity"));
        "list_group_activity" in HIDDEN [404, 404, 404, 200, 200, 200, 404, 403, 404, 404] |w|
            w.caller.get(w.path("/activity"));
        "list_my_bookmarks" in PUBLIC [401, 200, 200, 200, 200, 200, 200, 200, 200, 200] |w| w.caller.get("/me/bookmarks");
        "list_my_unread" in PUBLIC [401, 200, 200, 200, 200, 200, 200, 200, 200, 200] |w| w.caller.get("/me/unread");
        // one's own, where one has been a member
        "update_post" in OWN [401, 403, 403, 200, 200, 200, 403, 403, 403, 403] |w|
            w.caller.patch(format!("/posts/{}", w.own_post), json!({ "body": "Changed" }));
        "update_post" in OWN_ARCHIVED [401, 403, 403, 409, 409, 409, 403, 403, 403, 403] |w|
            w.caller.patch(format!("/posts/{}", w.own_post), json!({ "body": "Changed" }));
        "delete_post" in OWN [401, 403, 403, 204, 204, 204, 204, 204, 403, 204] |w|
            w.caller.delete(format!("/posts/{}", w.own_post));
        "delete_post" in OWN_ARCHIVED [401, 403, 403, 409, 204, 204, 403, 204, 403, 204] |w|
            w.caller.delete(format!("/posts/{}", w.own_post));
    }
}

fn comments() -> Vec<Row> {
    rows! {
        // anonymous, stranger, requested, member, facilitator, owner, banned, admin, editor, moderator
        "list_comments" in PUBLIC [200, 200, 200, 200, 200, 200, 200, 200, 200, 200] |w|
            w.caller.get(format!("{}/comments", w.post().await));
        "list_comments" in LISTED [404, 404, 404, 200, 200, 200, 404, 403, 404, 404] |w|
            w.caller.get(format!("{}/comments", w.post().await));
        "list_comments" in HIDDEN [404, 404, 404, 200, 200, 200, 404, 403, 404, 404] |w|
            w.caller.get(format!("{}/comments", w.post().await));
        "create_comment" in PUBLIC [401, 403, 403, 201, 201, 201, 403, 403, 403, 403] |w|
            w.caller.post(format!("{}/comments", w.post().await), json!({ "body": "Indeed." }));
        "create_comment" in FACILITATORS_POST [401, 403, 403, 201, 201, 201, 403, 403, 403, 403] |w|
            w.caller.post(format!("{}/comments", w.post().await), json!({ "body": "Indeed." }));
        "create_comment" in LISTED [401, 404, 404, 201, 201, 201, 404, 403, 404, 404] |w|
            w.caller.post(format!("{}/comments", w.post().await), json!({ "body": "Indeed." }));
        "create_comment" in HIDDEN [401, 404, 404, 201, 201, 201, 404, 403, 404, 404] |w|
            w.caller.post(format!("{}/comments", w.post().await), json!({ "body": "Indeed." }));
        "create_comment" in ARCHIVED [401, 403, 403, 409, 409, 409, 403, 403, 403, 403] |w|
            w.caller.post(format!("{}/comments", w.post().await), json!({ "body": "Indeed." }));
        "get_comment" in PUBLIC [200, 200, 200, 200, 200, 200, 200, 200, 200, 200] |w| w.caller.get(w.comment().await);
        "get_comment" in LISTED [404, 404, 404, 200, 200, 200, 404, 403, 404, 404] |w| w.caller.get(w.comment().await);
        "list_comments" in HIDDEN [404, 404, 404, 200, 200, 200, 404, 200, 404, 404] |w|
            reasoned(w.caller.get(format!("{}/comments", w.post().await)));
        "get_comment" in LISTED [404, 404, 404, 200, 200, 200, 404, 200, 404, 404] |w|
            reasoned(w.caller.get(w.comment().await));
        "get_comment" in HIDDEN [404, 404, 404, 200, 200, 200, 404, 403, 404, 404] |w| w.caller.get(w.comment().await);
        "list_comment_revisions" in PUBLIC [200, 200, 200, 200, 200, 200, 200, 200, 200, 200] |w|
            w.caller.get(format!("{}/revisions", w.comment().await));
        "list_comment_revisions" in HIDDEN [404, 404, 404, 200, 200, 200, 404, 403, 404, 404] |w|
            w.caller.get(format!("{}/revisions", w.comment().await));
        "restore_comment" in PUBLIC [401, 404, 404, 404, 200, 200, 404, 200, 404, 200] |w| {
            let comment = w.comment().await;
            w.founder.delete(&comment).await.expect(204);
            w.caller.request(Method::POST, format!("{comment}/restore"))
        };
        "add_comment_reaction" in PUBLIC [401, 403, 403, 200, 200, 200, 403, 403, 403, 403] |w|
            w.caller.request(Method::PUT, format!("{}/reactions/thanks", w.comment().await));
        "remove_comment_reaction" in HIDDEN [401, 404, 404, 200, 200, 200, 404, 403, 404, 404] |w|
            w.caller.delete(format!("{}/reactions/thanks", w.comment().await));
        "update_comment" in PUBLIC [401, 403, 403, 403, 403, 403, 403, 403, 403, 403] |w|
            w.caller.patch(w.comment().await, json!({ "body": "Changed" }));
        "update_comment" in HIDDEN [401, 404, 404, 403, 403, 403, 404, 403, 404, 404] |w|
            w.caller.patch(w.comment().await, json!({ "body": "Changed" }));
        "update_comment" in OWN [401, 403, 403, 200, 200, 200, 403, 403, 403, 403] |w|
            w.caller.patch(format!("/comments/{}", w.own_comment), json!({ "body": "Changed" }));
        "update_comment" in OWN_ARCHIVED [401, 403, 403, 409, 409, 409, 403, 403, 403, 403] |w|
            w.caller.patch(format!("/comments/{}", w.own_comment), json!({ "body": "Changed" }));
        "delete_comment" in PUBLIC [401, 403, 403, 403, 204, 204, 403, 204, 403, 204] |w| w.caller.delete(w.comment().await);
        "delete_comment" in HIDDEN [401, 404, 404, 403, 204, 204, 404, 403, 404, 404] |w| w.caller.delete(w.comment().await);
        "delete_comment" in OWN [401, 403, 403, 204, 204, 204, 204, 204, 403, 204] |w|
            w.caller.delete(format!("/comments/{}", w.own_comment));
    }
}

fn submissions() -> Vec<Row> {
    rows! {
        // anonymous, stranger, requested, member, facilitator, owner, banned, admin, editor, moderator
        "list_submissions" in PUBLIC [401, 403, 403, 403, 200, 200, 403, 200, 403, 200] |w| w.caller.get(w.path("/submissions"));
        "list_submissions" in LISTED [401, 403, 403, 403, 200, 200, 403, 403, 403, 403] |w| w.caller.get(w.path("/submissions"));
        "list_submissions" in HIDDEN [401, 404, 404, 403, 200, 200, 404, 403, 404, 404] |w| w.caller.get(w.path("/submissions"));
        "list_submissions" in HIDDEN [401, 404, 404, 403, 200, 200, 404, 200, 404, 404] |w|
            reasoned(w.caller.get(w.path("/submissions")));
        "create_post_submission" in PUBLIC [401, 403, 403, 201, 201, 201, 403, 403, 403, 403] |w|
            w.caller.post(w.path("/submissions"), new_post("discussion"));
        "create_post_submission" in PUBLIC [401, 403, 403, 403, 201, 201, 403, 403, 403, 403] |w|
            w.caller.post(w.path("/submissions"), new_post("announcement"));
        "create_post_submission" in FACILITATORS_POST [401, 403, 403, 403, 201, 201, 403, 403, 403, 403] |w|
            w.caller.post(w.path("/submissions"), new_post("question"));
        "create_post_submission" in NEWCOMERS_READ [401, 403, 403, 201, 201, 201, 403, 403, 403, 403] |w|
            w.caller.post(w.path("/submissions"), new_post("question"));
        "create_post_submission" in HIDDEN [401, 404, 404, 201, 201, 201, 404, 403, 404, 404] |w|
            w.caller.post(w.path("/submissions"), new_post("resource"));
        "create_post_submission" in ARCHIVED [401, 403, 403, 409, 409, 409, 403, 403, 403, 403] |w|
            w.caller.post(w.path("/submissions"), new_post("discussion"));
        "create_post" in NEWCOMERS_READ [401, 403, 403, 409, 201, 201, 403, 403, 403, 403] |w|
            w.caller.post(w.path("/posts"), new_post("discussion"));
        "create_comment" in NEWCOMERS_READ [401, 403, 403, 409, 201, 201, 403, 403, 403, 403] |w|
            w.caller.post(format!("{}/comments", w.post().await), json!({ "body": "Words" }));
        "create_comment_submission" in NEWCOMERS_READ [401, 403, 403, 201, 201, 201, 403, 403, 403, 403] |w|
            w.caller.post(format!("{}/submissions", w.post().await), json!({ "body": "Words" }));
        "create_comment_submission" in LISTED [401, 404, 404, 201, 201, 201, 404, 403, 404, 404] |w|
            w.caller.post(format!("{}/submissions", w.post().await), json!({ "body": "Words" }));
        "list_my_submissions" in PUBLIC [401, 200, 200, 200, 200, 200, 200, 200, 200, 200] |w| w.caller.get("/me/submissions");
        "get_submission" in PUBLIC [401, 404, 404, 404, 200, 200, 404, 200, 404, 200] |w| w.caller.get(w.submission().await);
        "get_submission" in LISTED [401, 404, 404, 404, 200, 200, 404, 403, 404, 404] |w| w.caller.get(w.submission().await);
        "get_submission" in HIDDEN [401, 404, 404, 404, 200, 200, 404, 200, 404, 404] |w|
            reasoned(w.caller.get(w.submission().await));
        // only the author takes it back
        "delete_submission" in PUBLIC [401, 404, 404, 404, 403, 403, 404, 403, 404, 403] |w| w.caller.delete(w.submission().await);
        "delete_submission" in HIDDEN [401, 404, 404, 404, 403, 403, 404, 403, 404, 404] |w| w.caller.delete(w.submission().await);
        "delete_submission" in OWN [401, 404, 404, 204, 204, 204, 404, 403, 404, 403] |w| w.caller.delete(w.own_submission().await);
        "decide_submission" in PUBLIC [401, 404, 404, 404, 200, 200, 404, 200, 404, 200] |w|
            w.caller.post(format!("{}/decision", w.submission().await), json!({ "outcome": "approve" }));
        "decide_submission" in LISTED [401, 404, 404, 404, 200, 200, 404, 403, 404, 404] |w|
            w.caller.post(format!("{}/decision", w.submission().await), json!({ "outcome": "decline", "reason": "Off topic" }));
        "decide_submission" in HIDDEN [401, 404, 404, 404, 200, 200, 404, 200, 404, 404] |w|
            reasoned(w.caller.post(format!("{}/decision", w.submission().await), json!({ "outcome": "decline", "reason": "Off topic" })));
        // nobody decides about themselves
        "decide_submission" in OWN [401, 404, 404, 403, 403, 403, 404, 200, 404, 200] |w|
            w.caller.post(format!("{}/decision", w.own_submission().await), json!({ "outcome": "approve" }));
    }
}

fn moderation() -> Vec<Row> {
    rows! {
        // anonymous, stranger, requested, member, facilitator, owner, banned, admin, editor, moderator
        // the founder owns the group: facilitators are below
        "create_post_warning" in PUBLIC [401, 403, 403, 403, 403, 204, 403, 204, 403, 204] |w|
            w.caller.post(format!("{}/warnings", w.post().await), json!({ "reason": "Off topic" }));
        "create_post_warning" in LISTED [401, 404, 404, 403, 403, 204, 404, 403, 404, 404] |w|
            w.caller.post(format!("{}/warnings", w.post().await), json!({ "reason": "Off topic" }));
        // nobody warns themselves
        "create_post_warning" in OWN [401, 403, 403, 403, 403, 403, 403, 204, 403, 204] |w|
            w.caller.post(format!("/posts/{}/warnings", w.own_post), json!({ "reason": "Off topic" }));
        "create_comment_warning" in PUBLIC [401, 403, 403, 403, 403, 204, 403, 204, 403, 204] |w|
            w.caller.post(format!("{}/warnings", w.comment().await), json!({ "reason": "Off topic" }));
        "create_comment_warning" in HIDDEN [401, 404, 404, 403, 403, 204, 404, 403, 404, 404] |w|
            w.caller.post(format!("{}/warnings", w.comment().await), json!({ "reason": "Off topic" }));
        "create_comment_warning" in HIDDEN [401, 404, 404, 403, 403, 204, 404, 204, 404, 404] |w|
            reasoned(w.caller.post(format!("{}/warnings", w.comment().await), json!({ "reason": "Off topic" })));
        "delete_member_content" in PUBLIC [401, 403, 403, 403, 200, 200, 403, 200, 403, 200] |w|
            w.caller.post(format!("{}/content:delete", w.member().await), json!({ "reason": "Spam" }));
        // who wrote what has no name is for owners, administrators and moderators, with a reason
        "get_post_author" in PUBLIC [401, 403, 403, 403, 403, 403, 403, 403, 403, 403] |w|
            w.caller.get(format!("{}/author", w.post().await));
        "get_post_author" in PUBLIC [401, 403, 403, 403, 403, 200, 403, 200, 403, 200] |w|
            reasoned(w.caller.get(format!("{}/author", w.post().await)));
        "get_post_author" in HIDDEN [401, 404, 404, 403, 403, 200, 404, 200, 404, 404] |w|
            reasoned(w.caller.get(format!("{}/author", w.post().await)));
        "get_comment_author" in PUBLIC [401, 403, 403, 403, 403, 200, 403, 200, 403, 200] |w|
            reasoned(w.caller.get(format!("{}/author", w.comment().await)));
        "get_submission_author" in PUBLIC [401, 404, 404, 404, 403, 200, 404, 200, 404, 200] |w|
            reasoned(w.caller.get(format!("{}/author", w.submission().await)));
        "get_submission_author" in HIDDEN [401, 404, 404, 404, 403, 200, 404, 200, 404, 404] |w|
            reasoned(w.caller.get(format!("{}/author", w.submission().await)));
        "get_comment_author" in LISTED [401, 404, 404, 403, 403, 200, 404, 200, 404, 404] |w|
            reasoned(w.caller.get(format!("{}/author", w.comment().await)));
        // to ban is for those who manage members
        "delete_member_content" in PUBLIC [401, 403, 403, 403, 200, 200, 403, 200, 403, 403] |w|
            w.caller.post(format!("{}/content:delete", w.member().await), json!({ "reason": "Spam", "ban": true }));
        // nobody reaches above themselves
        "delete_member_content" in PUBLIC [401, 403, 403, 403, 403, 200, 403, 200, 403, 200] |w|
            w.caller.post(format!("{}/content:delete", w.founder_path()), json!({ "reason": "Spam" }));
        "delete_member_content" in HIDDEN [401, 404, 404, 403, 403, 200, 404, 403, 404, 404] |w|
            w.caller.post(format!("{}/content:delete", w.founder_path()), json!({ "reason": "Spam" }));
        "restore_member_content" in PUBLIC [401, 403, 403, 403, 200, 200, 403, 200, 403, 200] |w| {
            let (member, deleted_at) = w.removed().await;
            w.caller.post(format!("{member}/content:restore"), json!({ "deleted_at": deleted_at }))
        };
        "restore_member_content" in LISTED [401, 403, 403, 403, 403, 404, 403, 403, 403, 403] |w|
            w.caller.post(format!("{}/content:restore", w.founder_path()), json!({ "deleted_at": "2026-01-01T00:00:00Z" }));
        "restore_member_content" in HIDDEN [401, 404, 404, 403, 403, 404, 404, 403, 404, 404] |w|
            w.caller.post(format!("{}/content:restore", w.founder_path()), json!({ "deleted_at": "2026-01-01T00:00:00Z" }));
    }
}

fn notifications() -> Vec<Row> {
    rows! {
        // anonymous, stranger, requested, member, facilitator, owner, banned, admin, editor, moderator
        "get_notification_preferences" in PUBLIC [401, 200, 200, 200, 200, 200, 200, 200, 200, 200] |w|
            w.caller.get("/me/notification-preferences");
        "update_notification_preferences" in PUBLIC [401, 200, 200, 200, 200, 200, 200, 200, 200, 200] |w|
            w.caller.patch("/me/notification-preferences", json!({ "muted": ["reply"] }));
        "list_my_notifications" in PUBLIC [401, 200, 200, 200, 200, 200, 200, 200, 200, 200] |w|
            w.caller.get("/me/notifications?unread=true");
        "get_unread_notification_count" in PUBLIC [401, 200, 200, 200, 200, 200, 200, 200, 200, 200] |w|
            w.caller.get("/me/notifications/unread-count");
        "read_notification" in PUBLIC [401, 404, 404, 404, 404, 404, 404, 404, 404, 404] |w|
            w.caller.request(Method::PUT, format!("/me/notifications/{}/read", NotificationId::new()));
        "read_all_notifications" in PUBLIC [401, 204, 204, 204, 204, 204, 204, 204, 204, 204] |w|
            w.caller.request(Method::PUT, "/me/notifications/read");
    }
}

fn subscriptions() -> Vec<Row> {
    rows! {
        // anonymous, stranger, requested, member, facilitator, owner, banned, admin, editor, moderator
        "export_article_feed" in PUBLIC [200, 200, 200, 200, 200, 200, 200, 200, 200, 200] |w|
            w.caller.get("/articles.atom");
        "export_group_feed" in PUBLIC [200, 200, 200, 200, 200, 200, 200, 200, 200, 200] |w|
            w.caller.get(w.path("/feed.atom"));
        // a feed takes no access token
        "export_group_feed" in LISTED [401, 401, 401, 401, 401, 401, 401, 401, 401, 401] |w|
            w.caller.get(w.path("/feed.atom"));
        "export_group_feed" in HIDDEN [401, 401, 401, 401, 401, 401, 401, 401, 401, 401] |w|
            w.caller.get(w.path("/feed.atom"));
        // what is no feed key opens not even what is open without
        "export_group_feed" in PUBLIC [401, 200, 200, 200, 200, 200, 200, 200, 200, 200] |w|
            w.caller.get(format!("{}#{}", w.path("/feed.atom"), w.feed_key().await));
        "export_group_feed" in LISTED [401, 404, 404, 200, 200, 200, 404, 404, 404, 404] |w|
            w.caller.get(format!("{}#{}", w.path("/feed.atom"), w.feed_key().await));
        "export_group_feed" in HIDDEN [401, 404, 404, 200, 200, 200, 404, 404, 404, 404] |w|
            w.caller.get(format!("{}#{}", w.path("/feed.atom"), w.feed_key().await));
        "export_my_feed" in LISTED [401, 200, 200, 200, 200, 200, 200, 200, 200, 200] |w|
            w.caller.get(format!("/me/feed.atom#{}", w.feed_key().await));
        "export_my_feed" in LISTED [401, 401, 401, 401, 401, 401, 401, 401, 401, 401] |w| w.caller.get("/me/feed.atom");
        "list_feed_keys" in PUBLIC [401, 200, 200, 200, 200, 200, 200, 200, 200, 200] |w|
            w.caller.get("/me/feed-keys");
        "create_feed_key" in PUBLIC [401, 201, 201, 201, 201, 201, 201, 201, 201, 201] |w|
            w.caller.post("/me/feed-keys", json!({ "name": "A reader" }));
        "revoke_feed_key" in PUBLIC [401, 204, 204, 204, 204, 204, 204, 204, 204, 204] |w|
            w.caller.delete(w.feed_key_path(true).await);
        "revoke_feed_key" in PUBLIC [401, 404, 404, 404, 404, 404, 404, 404, 404, 404] |w|
            w.caller.delete(w.feed_key_path(false).await);
    }
}

#[expect(clippy::too_many_lines, reason = "a table: one row per operation")]
fn articles() -> Vec<Row> {
    rows! {
        // anonymous, stranger, requested, member, facilitator, owner, banned, admin, editor, moderator
        "list_articles" in PUBLIC [200, 200, 200, 200, 200, 200, 200, 200, 200, 200] |w| w.caller.get("/articles");
        "list_articles" in PUBLIC [401, 403, 403, 403, 403, 403, 403, 200, 200, 403] |w|
            w.caller.get("/articles?status=scheduled");
        // who may not know of the group finds nothing, as for a group that never was
        "list_articles" in HIDDEN [200, 200, 200, 200, 200, 200, 200, 200, 200, 200] |w|
            w.caller.get(format!("/articles?group_id={}", w.group));
        "list_group_articles" in PUBLIC [200, 200, 200, 200, 200, 200, 200, 200, 200, 200] |w|
            w.caller.get(w.path("/articles"));
        "list_group_articles" in LISTED [200, 200, 200, 200, 200, 200, 200, 200, 200, 200] |w|
            w.caller.get(w.path("/articles"));
        "list_group_articles" in HIDDEN [404, 404, 404, 200, 200, 200, 404, 200, 404, 404] |w|
            w.caller.get(w.path("/articles"));
        // whoever writes an article with the editors reads it, changes its words and names groups, and nothing else
        "get_article" in PUBLIC [404, 200, 200, 200, 200, 200, 200, 200, 200, 200] |w|
            w.caller.get(w.co_written().await);
        "update_article" in PUBLIC [401, 200, 200, 200, 200, 200, 200, 200, 200, 200] |w|
            w.caller.patch(w.co_written().await, json!({ "title": "Changed" }));
        "update_article" in PUBLIC [401, 403, 403, 403, 403, 403, 403, 200, 200, 403] |w|
            w.caller.patch(w.co_written().await, json!({ "status": "published" }));
        // everybody else is refused alike, whether or not they may read it
        "update_article" in PUBLIC [401, 403, 403, 403, 403, 403, 403, 200, 200, 403] |w|
            w.caller.patch(w.asked("draft").await, json!({ "title": "Changed" }));
        "delete_article" in PUBLIC [401, 403, 403, 403, 403, 403, 403, 204, 204, 403] |w|
            w.caller.delete(w.co_written().await);
        "list_contributions" in PUBLIC [404, 200, 200, 200, 200, 200, 200, 200, 200, 200] |w|
            w.caller.get(format!("{}/contributions", w.co_written().await));
        "create_contribution" in PUBLIC [401, 201, 201, 201, 201, 201, 201, 201, 201, 201] |w| {
            let path = format!("{}/contributions", w.co_written().await);
            w.caller.post(path, json!({ "group_id": w.group, "role": "tested" }))
        };
        // nobody asks a group that they may not know of
        "create_contribution" in HIDDEN [401, 422, 422, 201, 201, 201, 422, 201, 422, 422] |w| {
            let path = format!("{}/contributions", w.co_written().await);
            w.caller.post(path, json!({ "group_id": w.group, "role": "tested" }))
        };
        "list_articles" in PUBLIC [401, 403, 403, 403, 403, 403, 403, 200, 200, 403] |w|
            w.caller.get("/articles?status=draft");
        "create_article" in PUBLIC [401, 403, 403, 403, 403, 403, 403, 201, 201, 403] |w|
            w.caller.post("/articles", json!({ "kind": "case_study", "title": format!("Case {}", w.number) }));
        "get_article" in PUBLIC [200, 200, 200, 200, 200, 200, 200, 200, 200, 200] |w| {
            let article = w.article("published").await;
            w.caller.get(format!("/articles/{}", article["id"].as_str().unwrap()))
        };
        "get_article" in PUBLIC [404, 404, 404, 404, 404, 404, 404, 200, 200, 404] |w| {
            let article = w.article("draft").await;
            w.caller.get(format!("/articles/{}", article["id"].as_str().unwrap()))
        };
        // whoever leads a group that is asked to be named reads what in
        "get_article" in PUBLIC [404, 404, 404, 404, 200, 200, 404, 200, 200, 404] |w| w.caller.get(w.asked("draft").await);
        "get_article_by_slug" in PUBLIC [200, 200, 200, 200, 200, 200, 200, 200, 200, 200] |w| {
            let article = w.article("published").await;
            w.caller.get(format!("/articles/by-slug/{}", article["slug"].as_str().unwrap()))
        };
        "get_article_by_slug" in PUBLIC [404, 404, 404, 404, 404, 404, 404, 200, 200, 404] |w| {
            let article = w.article("draft").await;
            w.caller.get(format!("/articles/by-slug/{}", article["slug"].as_str().unwrap()))
        };
        "update_article" in PUBLIC [401, 403, 403, 403, 403, 403, 403, 200, 200, 403] |w|
            w.caller.patch(w.asked("published").await, json!({ "title": "Changed" }));
        "delete_article" in PUBLIC [401, 403, 403, 403, 403, 403, 403, 204, 204, 403] |w|
            w.caller.delete(w.asked("published").await);
        "list_contributions" in PUBLIC [200, 200, 200, 200, 200, 200, 200, 200, 200, 200] |w|
            w.caller.get(format!("{}/contributions", w.asked("published").await));
        "list_contributions" in PUBLIC [404, 404, 404, 404, 200, 200, 404, 200, 200, 404] |w|
            w.caller.get(format!("{}/contributions", w.asked("draft").await));
        "create_contribution" in PUBLIC [401, 403, 403, 403, 403, 403, 403, 201, 201, 403] |w| {
            let article = w.article("draft").await;
            let path = format!("/articles/{}/contributions", article["id"].as_str().unwrap());
            w.caller.post(path, json!({ "group_id": w.group, "role": "tested" }))
        };
        // an editor who may not know of the group cannot ask it
        "create_contribution" in HIDDEN [401, 403, 403, 403, 403, 403, 403, 201, 422, 403] |w| {
            let article = w.article("draft").await;
            let path = format!("/articles/{}/contributions", article["id"].as_str().unwrap());
            w.caller.post(path, json!({ "group_id": w.group, "role": "tested" }))
        };
        "decide_contribution" in PUBLIC [401, 404, 404, 404, 200, 200, 404, 200, 403, 404] |w|
            w.caller.post(format!("{}/decision", w.proposed("published").await), json!({ "outcome": "accept" }));
        "decide_contribution" in PUBLIC [401, 404, 404, 404, 200, 200, 404, 200, 403, 404] |w|
            w.caller.post(format!("{}/decision", w.proposed("draft").await), json!({ "outcome": "decline" }));
        "decide_contribution" in HIDDEN [401, 404, 404, 404, 200, 200, 404, 200, 404, 404] |w|
            w.caller.post(format!("{}/decision", w.proposed("published").await), json!({ "outcome": "accept" }));
        "delete_contribution" in PUBLIC [401, 403, 403, 403, 204, 204, 403, 204, 204, 403] |w|
            w.caller.delete(w.named().await);
        "delete_contribution" in PUBLIC [401, 404, 404, 404, 204, 204, 404, 204, 204, 404] |w|
            w.caller.delete(w.proposed("draft").await);
        "delete_contribution" in HIDDEN [401, 404, 404, 403, 204, 204, 404, 204, 404, 404] |w|
            w.caller.delete(w.named().await);
        "list_group_contributions" in PUBLIC [401, 403, 403, 403, 200, 200, 403, 200, 403, 403] |w|
            w.caller.get(w.path("/contributions"));
        "list_group_contributions" in HIDDEN [401, 404, 404, 403, 200, 200, 404, 200, 404, 404] |w|
            w.caller.get(w.path("/contributions"));
    }
}

fn every_operation_has_a_row_and_every_row_an_operation() {
    let tables = [
        accounts(),
        api_keys(),
        listening(),
        platform(),
        groups(),
        memberships(),
        requests_and_rosters(),
        own_memberships_and_histories(),
        hand_over(),
        invitations(),
        posts(),
        comments(),
        submissions(),
        moderation(),
        articles(),
        notifications(),
        subscriptions(),
    ];
    let rows: BTreeSet<&str> = tables.iter().flatten().map(|row| row.operation).collect();
    let operations: BTreeSet<&str> = document::operations().iter().map(|operation| operation.id.as_str()).collect();
    let missing: Vec<_> = operations.difference(&rows).collect();
    let unknown: Vec<_> = rows.difference(&operations).collect();
    assert!(missing.is_empty(), "operations without a row: {missing:?}");
    assert!(unknown.is_empty(), "rows without an operation: {unknown:?}");
}

/// Asks for every cell, so many at a time, and tells all that differ at once.
async fn compare(app: &App, rows: Vec<Row>, at_once: usize) {
    let founder = app.user("founder");
    let cells = rows.iter().flat_map(|row| COLUMNS.iter().zip(row.expected).map(move |cell| (row, cell)));
    let asked = cells.map(async |(row, (column, expected))| {
        let world = World::new(app, &founder, *column, row.setting).await;
        let answer = (row.ask)(&world).await.await;
        let path = answer.path.split('?').next().unwrap();
        let operation = document::operation(answer.method.as_str(), path).map(|operation| operation.id.as_str());
        assert_eq!(operation, Some(row.operation), "the row asks for something else: {answer}");
        (answer.status != expected).then(|| format!("{column:?} expects {expected} in {}: {answer}", row.setting.json))
    });
    let differing: Vec<String> =
        stream::iter(asked).buffer_unordered(at_once).filter_map(async |cell| cell).collect().await;
    assert!(differing.is_empty(), "{} cells differ:\n{}", differing.len(), differing.join("\n"));
}

async fn accounts_answer_as_the_table_says(app: App) {
    // passwords take a core each, and wait for one only so long
    compare(&app, accounts(), 1).await;
}

async fn api_keys_answer_as_the_table_says(app: App) {
    // passwords take a core each, and wait for one only so long
    compare(&app, api_keys(), 1).await;
}

async fn listening_answers_as_the_table_says(app: App) {
    // passwords take a core each, and wait for one only so long
    compare(&app, listening(), 1).await;
}

async fn the_platform_answers_as_the_table_says(app: App) {
    // the settings and kinds are shared
    compare(&app, platform(), 1).await;
}

async fn groups_answer_as_the_table_says(app: App) {
    compare(&app, groups(), 4).await;
}

async fn memberships_answer_as_the_table_says(app: App) {
    compare(&app, memberships(), 4).await;
}

async fn requests_and_rosters_answer_as_the_table_says(app: App) {
    compare(&app, requests_and_rosters(), 4).await;
}

async fn own_memberships_and_histories_answer_as_the_table_says(app: App) {
    compare(&app, own_memberships_and_histories(), 4).await;
}

async fn invitations_answer_as_the_table_says(app: App) {
    compare(&app, invitations(), 4).await;
}

async fn the_hand_over_answers_as_the_table_says(app: App) {
    compare(&app, hand_over(), 4).await;
}

async fn posts_answer_as_the_table_says(app: App) {
    compare(&app, posts(), 4).await;
}

async fn comments_answer_as_the_table_says(app: App) {
    compare(&app, comments(), 4).await;
}

async fn submissions_answer_as_the_table_says(app: App) {
    compare(&app, submissions(), 4).await;
}

async fn moderation_answers_as_the_table_says(app: App) {
    compare(&app, moderation(), 4).await;
}

async fn notifications_answer_as_the_table_says(app: App) {
    compare(&app, notifications(), 4).await;
}

async fn subscriptions_answer_as_the_table_says(app: App) {
    compare(&app, subscriptions(), 4).await;
}

async fn articles_answer_as_the_table_says(app: App) {
    compare(&app, articles(), 4).await;
}
