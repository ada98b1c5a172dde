//! What lists cost: a bounded number of statements whatever their size, each by an index that has the list's order.

use std::sync::{Arc, Mutex};

use diesel::connection::{Connection as _, InstrumentationEvent, SimpleConnection as _};
use diesel::prelude::*;
use diesel::sql_types::Text;
use praxis::api::articles::model::ArticleQuery;
use praxis::api::audit::model::AuditQuery;
use praxis::api::groups::model::GroupQuery;
use praxis::api::me::model::MyMembershipQuery;
use praxis::api::memberships::access::Access;
use praxis::api::memberships::model::MemberQuery;
use praxis::api::posts::model::PostQuery;
use praxis::api::proposals::model::ProposalState;
use praxis::api::requests::model::RequestState;
use praxis::api::users::model::AccountQuery;
use praxis::api::{
    admin_groups, api_keys, articles, audit, comments, events, feeds, groups, inbox, invitations, marks, me,
    memberships, people, posts, proposals, requests, sessions, submissions, subscriptions, users, webhooks,
};
use praxis::auth::actor::{Actor, PlatformRole, Viewer};
use praxis::db::Conn;
use praxis::db::schema::webhook_progress;
use praxis::db::tombstones;
use praxis::http::changes::Span;
use praxis::http::page::{Key, Page, Place};
use praxis::types::{DeliveryId, GroupId, PostId, RequestId, Timestamp, UserId, WebhookId};
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::support::world::{article, comment, group, join, post};
use crate::support::{App, Caller, Case, on_each, served};

pub fn cases() -> Vec<Case> {
    served![
        no_list_issues_more_than_six_statements,
        what_stands_in_several_groups_costs_a_few_more,
        every_list_walks_an_index_in_its_order,
        histories_and_logs_walk_an_index_in_their_order,
        what_has_changed_walks_an_index_in_its_order,
    ]
}

/// With the one that asks whether the session goes on, where there may be other servers.
const AT_MOST: u64 = 6;
/// Of the feed, which lists posts and articles in one, each with what belongs to it.
const FEED_AT_MOST: u64 = 8;

#[expect(clippy::too_many_lines, reason = "a table: one line per list")]
async fn no_list_issues_more_than_six_statements(app: App) {
    let (ann, admin) = (app.user("ann"), app.admin());
    let editor = app.person("editor", PlatformRole::Editor);
    let main = group(&ann, "Main", json!({})).await;
    let thread = post(&ann, &main, "Thread").await;
    let mut rows = 0;
    for size in [1, 10, 100] {
        while rows < size {
            rows += 1;
            let id =
                group(&ann, &format!("Circle {rows}"), json!({ "join_policy": "request", "parent_id": main })).await;
            let who = app.user(&format!("person {rows}"));
            let body = json!({ "recipients": [{ "user_id": app.user(&format!("asked {rows}")).id() }] });
            ann.post(format!("/groups/{main}/invitations"), body).await.expect(200);
            let other = app.user(&format!("inviter {rows}"));
            let theirs = group(&other, &format!("Elsewhere {rows}"), json!({})).await;
            let body = json!({ "recipients": [{ "user_id": ann.id() }] });
            other.post(format!("/groups/{theirs}/invitations"), body).await.expect(200);
            join(&who, &main).await;
            join(&who, &id).await;
            let words = post(&ann, &main, "Words").await;
            ann.request(reqwest::Method::PUT, format!("/posts/{words}/bookmark")).await.expect(204);
            ann.request(reqwest::Method::PUT, format!("/posts/{words}/reactions/like")).await.expect(200);
            comment(&ann, &thread, None).await;
            ann.patch(format!("/posts/{thread}"), json!({ "body": format!("Words {rows}") })).await.expect(200);
            let words = json!({ "kind": "question", "title": "Words", "body": "Words" });
            who.post(format!("/groups/{main}/submissions"), words.clone()).await.expect(201);
            if rows <= 20 {
                // no more of one person's wait in a group
                ann.post(format!("/groups/{main}/submissions"), words).await.expect(201);
            }
            article(&editor, &format!("Piece {rows}"), "published", &[(&main, &ann)]).await;
        }
        for path in [
            "/groups?limit=100".to_owned(),
            "/groups?limit=100&mine=true&sort=name&q=circle".to_owned(),
            "/groups?limit=100&type=community-of-practice&sort=members".to_owned(),
            "/group-types".to_owned(),
            format!("/people/{}/groups?limit=100", ann.id()),
            "/group-proposals?limit=100".to_owned(),
            format!("/groups/{main}/invitations?limit=100"),
            "/me/invitations?limit=100".to_owned(),
            format!("/groups/{main}/members?limit=100"),
            format!("/groups/{main}/members?limit=100&sort=name&q=person"),
            format!("/groups/{main}/membership-requests?limit=100"),
            format!("/groups/{main}/posts?limit=100"),
            format!("/groups/{main}/contributions?limit=100"),
            format!("/groups/{main}/posts?limit=100&sort=active"),
            format!("/posts/{thread}/comments?limit=100"),
            format!("/posts/{thread}/comments?limit=100&mode=level"),
            format!("/posts/{thread}/revisions"),
            "/me/bookmarks?limit=100".to_owned(),
            "/me/unread?limit=100".to_owned(),
            "/me/notifications?limit=100".to_owned(),
            "/me/feed-keys".to_owned(),
            "/me/api-keys".to_owned(),
            "/me/webhooks".to_owned(),
            "/me/submissions?limit=100".to_owned(),
            format!("/groups/{main}/submissions?limit=100"),
            "/me/feed?limit=100".to_owned(),
            format!("/groups/{main}/activity?limit=100"),
            "/articles?limit=100".to_owned(),
            format!("/articles?limit=100&group_id={main}&tag=a"),
            format!("/groups/{main}/articles?limit=100"),
            "/search?limit=100&q=words".to_owned(),
            "/me/memberships?limit=100".to_owned(),
            "/auth/sessions?limit=100".to_owned(),
        ] {
            let at_most = if path.starts_with("/me/feed?") { FEED_AT_MOST } else { AT_MOST };
            counted(&app, &ann, &path, at_most).await;
        }
        counted(&app, &admin, "/admin/users?limit=100", AT_MOST).await;
        counted(&app, &admin, "/admin/groups?limit=100&owners=one", AT_MOST).await;
        counted(&app, &ann, "/groups/similar?name=Circle", AT_MOST).await;
        counted(&app, &editor, "/articles?limit=100&status=draft", AT_MOST).await;
    }
}

/// Of lists with posts that stand in several groups: those that stand here, what the caller is to their groups and to the
/// others in which they stand, and what is unread there.
const SHARED_AT_MOST: u64 = 12;

async fn what_stands_in_several_groups_costs_a_few_more(app: App) {
    let (ann, bob) = (app.user("ann"), app.user("bob"));
    let here = group(&ann, "Here", json!({})).await;
    let mut rows = 0;
    for size in [1, 10, 50] {
        while rows < size {
            rows += 1;
            let home = group(&bob, &format!("Home {rows}"), json!({})).await;
            let third = group(&ann, &format!("Third {rows}"), json!({})).await;
            let words = post(&bob, &home, "Words").await;
            for place in [&here, &third] {
                ann.request(reqwest::Method::PUT, format!("/posts/{words}/shares/{place}")).await.expect(200);
            }
            ann.request(reqwest::Method::PUT, format!("/posts/{words}/bookmark")).await.expect(204);
        }
        for path in [
            format!("/groups/{here}/posts?limit=100"),
            format!("/groups/{here}/activity?limit=100"),
            "/me/feed?limit=100".to_owned(),
            "/me/unread?limit=100".to_owned(),
            "/me/bookmarks?limit=100".to_owned(),
            format!("/search?limit=100&q=words&group_id={here}"),
        ] {
            counted(&app, &ann, &path, SHARED_AT_MOST).await;
        }
    }
}

async fn counted(app: &App, who: &crate::support::Caller, path: &str, at_most: u64) {
    // the least of some: the server also looks by itself for what happened and what has ended, now and then
    let mut statements = u64::MAX;
    for _ in 0..10 {
        let before = app.statements_read();
        who.get(path).await.expect(200);
        statements = statements.min(app.statements_read() - before);
        if statements <= at_most {
            break;
        }
    }
    assert!((1..=at_most).contains(&statements), "{path} took {statements} statements");
}

fn query<T: DeserializeOwned>(value: serde_json::Value) -> T {
    serde_json::from_value(value).unwrap()
}

fn page<K: Place>(after: K) -> Page<K> {
    let mut page = Page::new("a list", &(), None, None).unwrap();
    page.after = Some((after, uuid_of(1)));
    page
}

fn uuid_of(number: u128) -> uuid::Uuid {
    uuid::Uuid::from_u128(number)
}

/// The statements of `work`, as the engine gets them.
fn recorded(conn: &mut Conn, work: impl FnOnce(&mut Conn)) -> Vec<String> {
    let statements = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&statements);
    let watch = move |event: InstrumentationEvent<'_>| {
        if let InstrumentationEvent::StartQuery { query, .. } = event {
            let text = query.to_string();
            seen.lock().unwrap().push(text.split(" -- binds").next().unwrap().to_owned());
        }
    };
    on_each!(conn => conn.set_instrumentation(watch));
    work(conn);
    on_each!(conn => conn.set_instrumentation(|_: InstrumentationEvent<'_>| {}));
    let statements = statements.lock().unwrap();
    statements.clone()
}

#[derive(QueryableByName)]
struct SqliteStep {
    #[diesel(sql_type = Text)]
    detail: String,
}

#[derive(QueryableByName)]
struct PostgresStep {
    #[diesel(sql_type = Text, column_name = "QUERY PLAN")]
    plan: String,
}

fn plan(conn: &mut Conn, sql: &str) -> String {
    match conn {
        Conn::Sqlite(conn) => {
            let steps: Vec<SqliteStep> = diesel::sql_query(format!("EXPLAIN QUERY PLAN {sql}")).load(conn).unwrap();
            steps.into_iter().map(|step| step.detail).collect::<Vec<_>>().join("\n")
        }
        Conn::Postgres(conn) => {
            // few rows make sequential scans cheap; what is asked here is whether an index could serve
            let parameters = (1..=40).take_while(|number| sql.contains(&format!("${number}"))).count();
            let nulls = vec!["NULL"; parameters].join(", ");
            let arguments = if nulls.is_empty() { nulls } else { format!("({nulls})") };
            let settings = "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET enable_sort = off;
                SET enable_bitmapscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off";
            conn.batch_execute(&format!("{settings}; PREPARE listed AS {sql}")).unwrap();
            let steps: Vec<PostgresStep> =
                diesel::sql_query(format!("EXPLAIN EXECUTE listed{arguments}")).load(conn).unwrap();
            conn.batch_execute("DEALLOCATE listed").unwrap();
            steps.into_iter().map(|step| step.plan).collect::<Vec<_>>().join("\n")
        }
    }
}

/// Panics unless the last statement of `work` walks this index and sorts nothing.
fn walks(conn: &mut Conn, index: &str, work: impl FnOnce(&mut Conn)) {
    let sql = recorded(conn, work).pop().expect("a statement");
    check_plan(conn, index, &sql);
}

/// Each of the statements walks its index.
fn walk_each(conn: &mut Conn, indexes: &[&str], work: impl FnOnce(&mut Conn)) {
    let statements = recorded(conn, work);
    assert_eq!(statements.len(), indexes.len(), "{statements:?}");
    for (sql, index) in statements.iter().zip(indexes) {
        check_plan(conn, index, sql);
    }
}

fn check_plan(conn: &mut Conn, index: &str, sql: &str) {
    let plan = plan(conn, sql);
    assert!(plan.contains(index), "not by {index}:\n{plan}\n{sql}");
    let sorts =
        plan.contains("Sort") || plan.contains("TEMP B-TREE FOR ORDER BY") || plan.contains("TEMP B-TREE FOR LAST");
    assert!(!sorts, "sorts:\n{plan}\n{sql}");
    // a page whose order ends with no key repeats rows or skips them
    let order = sql.rsplit("ORDER BY").next().unwrap().split(" LIMIT").next().unwrap();
    let last = order.rsplit(',').next().unwrap().replace(['`', '"'], "");
    let column = last.split_whitespace().next().unwrap().rsplit('.').next().unwrap();
    assert!(["id", "user_id", "group_id", "post_id", "version", "target_id"].contains(&column), "no tie-break:\n{sql}");
}

fn viewer(person: &Caller) -> Viewer {
    Actor::on_behalf(person.id(), PlatformRole::Member, RequestId::new()).viewer()
}

#[expect(clippy::too_many_lines, reason = "a table: one line per list")]
async fn every_list_walks_an_index_in_its_order(app: App) {
    let ann = app.user("ann");
    let id = group(&ann, "Main", json!({})).await;
    let thread = post(&ann, &id, "Thread").await;
    let (group_id, post_id): (GroupId, PostId) = (id.parse().unwrap(), thread.parse().unwrap());
    let anybody = Viewer(None);
    let member = viewer(&ann);
    let conn = &mut app.database.connect();
    let access = Access::find(conn, member, group_id).unwrap();
    let now = Timestamp::now();

    for (sort, index, key) in [
        ("active", "groups_by_activity", Key::of(now)),
        ("newest", "groups_by_created", Key::of(now)),
        ("members", "groups_by_members", Key::Number(5)),
        ("name", "groups_by_name", Key::Text("m".to_owned())),
    ] {
        for viewer in [&anybody, &member] {
            let asked: GroupQuery = query(json!({ "sort": sort }));
            let page = page(key.clone());
            walks(conn, index, |conn| drop(groups::queries::list(conn, viewer, &asked, &page).unwrap()));
        }
    }
    for (sort, index, key) in [
        ("joined", "memberships_by_joined", Key::of(now)),
        ("active", "memberships_by_contribution", Key::of(now)),
        ("name", "memberships_by_name", Key::Text("m".to_owned())),
    ] {
        let asked: MemberQuery = query(json!({ "sort": sort }));
        let page = page(key);
        walks(conn, index, |conn| drop(memberships::queries::list(conn, &access, &asked, &page).unwrap()));
    }
    let by_time = page(now.micros());
    walks(conn, "memberships_by_joined", |conn| {
        drop(requests::queries::list(conn, &access, RequestState::Requested, &page(Key::of(now))).unwrap());
    });
    walks(conn, "posts_by_group", |conn| {
        drop(posts::queries::list(conn, &access, &query::<PostQuery>(json!({})), &by_time, now).unwrap());
    });
    for (asked, index) in [
        (json!({ "sort": "active" }), "posts_by_activity"),
        (json!({ "tag": "falls" }), "posts_by_group"),
        (json!({ "kind": "question", "unanswered": true }), "posts_by_group"),
        (json!({ "author_id": ann.id() }), "posts_by_author"),
        (json!({ "status": "draft" }), "posts_unpublished"),
        (json!({ "status": "scheduled" }), "posts_unpublished"),
        (json!({ "status": "deleted" }), "posts_deleted_by_group"),
    ] {
        walks(conn, index, |conn| {
            drop(posts::queries::list(conn, &access, &query::<PostQuery>(asked), &by_time, now).unwrap());
        });
    }
    let holder = hold_shares(conn, member, group_id);
    for asked in [json!({}), json!({ "sort": "active", "pinned": true }), json!({ "kind": "question", "tag": "falls" })]
    {
        walks(conn, "post_shares_by_group", |conn| {
            drop(posts::queries::list(conn, &holder, &query::<PostQuery>(asked), &by_time, now).unwrap());
        });
    }
    walks(conn, "post_shares_by_group", |conn| drop(feeds::queries::shares_of(conn, &access, &by_time).unwrap()));
    walks(conn, "revisions_by_post", |conn| drop(posts::queries::list_revisions(conn, post_id, &by_time).unwrap()));
    let comment_id = praxis::types::CommentId::new();
    walks(conn, "revisions_by_comment", |conn| {
        drop(comments::queries::list_revisions(conn, comment_id, &by_time).unwrap());
    });
    walks(conn, "comments_by_post", |conn| drop(comments::queries::list(conn, post_id, None, &by_time).unwrap()));
    for level in [None, Some(comment_id)] {
        // each engine takes the index that it likes better; both have the order
        walks(conn, "comments_by_", |conn| {
            drop(comments::queries::list(conn, post_id, Some(level), &by_time).unwrap());
        });
    }
    walks(conn, "submissions_waiting", |conn| drop(submissions::queries::list(conn, &access, &by_time).unwrap()));
    walks(conn, "submissions_own", |conn| drop(submissions::queries::list_own(conn, &member, &by_time).unwrap()));
    for (asked, index) in [(json!({}), "notifications_by_user"), (json!({ "unread": true }), "notifications_unread")] {
        walks(conn, index, |conn| drop(inbox::queries::list(conn, &member, &query(asked), &by_time).unwrap()));
    }
    walks(conn, "posts_by_group", |conn| drop(feeds::queries::posts_of(conn, &access, &by_time).unwrap()));
    walks(conn, "comments_by_group", |conn| drop(feeds::queries::comments_of(conn, &access, &by_time).unwrap()));
    walks(conn, "feed_keys_by_user", |conn| drop(subscriptions::queries::list(conn, ann.id()).unwrap()));
    let keys = recorded(conn, |conn| drop(api_keys::queries::list(conn, ann.id()).unwrap()));
    check_plan(conn, "api_keys_by_user", &keys[0]);
    let actor = Actor::on_behalf(ann.id(), PlatformRole::Member, RequestId::new());
    walks(conn, "webhooks_by_user", |conn| drop(webhooks::queries::list(conn, &actor).unwrap()));
    let told = query(json!({}));
    walks(conn, "webhook_deliveries_by_webhook", |conn| {
        drop(webhooks::queries::deliveries(conn, WebhookId::nil(), &told, &by_time).unwrap());
    });
    let due = recorded(conn, |conn| drop(webhooks::queries::due(conn, 32, now).unwrap()));
    assert!(plan(conn, &due[0]).contains("webhook_deliveries_leased"), "{}", plan(conn, &due[0]));
    check_plan(conn, "webhook_deliveries_due", &due[1]);
    let taken =
        recorded(conn, |conn| drop(webhooks::queries::take(conn, &[DeliveryId::new()], now).unwrap())).remove(0);
    // PostgreSQL takes whichever it likes better of a few rows
    let mut indices = vec!["sqlite_autoindex_webhook_deliveries", "webhook_deliveries_pkey"];
    if !app.database.is_sqlite() {
        indices.push("webhook_deliveries_due");
    }
    assert!(indices.iter().any(|index| plan(conn, &taken).contains(index)), "{}", plan(conn, &taken));
    for state in ["pending", "parked"] {
        walks(conn, "webhook_deliveries_open", |conn| {
            let asked = query(json!({ "state": state }));
            drop(webhooks::queries::deliveries(conn, WebhookId::nil(), &asked, &by_time).unwrap());
        });
    }
    let pinged = recorded(conn, |conn| _ = webhooks::queries::is_pinged(conn, WebhookId::nil()).unwrap()).remove(0);
    assert!(plan(conn, &pinged).contains("webhook_deliveries_open"), "{}", plan(conn, &pinged));
    // the servers of other cases give places in the same database of PostgreSQL: one at a time
    let place = || recorded(conn, |conn| _ = events::place(conn).unwrap());
    let mut tries = std::iter::repeat_with(place).flatten();
    let placed = tries.find(|sql| sql.contains("ORDER BY")).unwrap();
    assert!(plan(conn, &placed).contains("events_waiting"), "{}", plan(conn, &placed));
    // the server lays out too
    let next = || {
        let anew = diesel::update(webhook_progress::table).set(webhook_progress::place.eq(0));
        on_each!(conn => anew.execute(conn)).unwrap();
        recorded(conn, |conn| drop(webhooks::queries::next_slice(conn, now).unwrap()))
    };
    let active = std::iter::repeat_with(next).flatten().find(|sql| sql.contains("previous_secret")).unwrap();
    // by the index of its key
    check_plan(conn, "webhooks_", &active);
    let last = recorded(conn, |conn| _ = events::last_place(conn).unwrap()).remove(0);
    assert!(plan(conn, &last).contains("events_by_position"), "{}", plan(conn, &last));
    let after = recorded(conn, |conn| drop(events::after(conn, 1, 10).unwrap())).remove(0);
    assert!(plan(conn, &after).contains("events_by_position"), "{}", plan(conn, &after));
    walks(conn, "post_marks_bookmarks", |conn| drop(marks::queries::bookmarks(conn, &member, &by_time).unwrap()));
    for status in ["published", "draft", "scheduled"] {
        let asked: ArticleQuery = query(json!({ "status": status }));
        walks(conn, "articles_by_publication", |conn| drop(articles::queries::list(conn, &asked, &by_time).unwrap()));
    }
    walks(conn, "memberships_by_user", |conn| {
        let asked: MyMembershipQuery = query(json!({}));
        drop(me::queries::list_memberships(conn, &member, &asked, &by_time).unwrap());
    });
    walks(conn, "sessions_by_user", |conn| drop(sessions::queries::list(conn, UserId::nil(), &by_time, now).unwrap()));
    walks(conn, "users_by_created", |conn| {
        drop(users::queries::list(conn, &query::<AccountQuery>(json!({})), &by_time).unwrap());
    });
    walks(conn, "users_by_status", |conn| {
        drop(users::queries::list(conn, &query::<AccountQuery>(json!({ "status": "pending" })), &by_time).unwrap());
    });
}

/// What the caller is to a group with which posts of others were shared.
fn hold_shares(conn: &mut Conn, viewer: Viewer, group: GroupId) -> Access {
    use praxis::db::schema::groups;
    let holder = diesel::update(groups::table.find(group)).set(groups::has_shares.eq(true));
    on_each!(conn => holder.execute(conn)).unwrap();
    Access::find(conn, viewer, group).unwrap()
}

async fn what_has_changed_walks_an_index_in_its_order(app: App) {
    let ann = app.user("ann");
    let id = group(&ann, "Main", json!({})).await;
    let (anybody, member) = (Viewer(None), viewer(&ann));
    let conn = &mut app.database.connect();
    let access = Access::find(conn, member, id.parse().unwrap()).unwrap();
    let now = Timestamp::now();
    let since = now.before(std::time::Duration::from_hours(24));
    let span = Span::new(since, &page(since.micros()), tombstones::KEPT, now).unwrap();
    for viewer in [&anybody, &member] {
        walk_each(conn, &["groups_by_change"], |conn| drop(groups::changes::list(conn, viewer, &span).unwrap()));
        walk_each(conn, &["tombstones_by_kind"], |conn| drop(groups::changes::gone(conn, viewer, &span).unwrap()));
    }
    walk_each(conn, &["memberships_by_change"; 2], |conn| {
        drop(memberships::queries::list_changed(conn, &access, &span).unwrap());
    });
    walk_each(conn, &["posts_by_change", "tombstones_by_group"], |conn| {
        drop(posts::queries::list_changed(conn, &access, &span).unwrap());
    });
    // of what was shared with a group, the words change in an order that the shares do not know
    let other = hold_shares(conn, member, id.parse().unwrap());
    let statements = recorded(conn, |conn| drop(posts::queries::list_changed(conn, &other, &span).unwrap()));
    assert_eq!(statements.len(), 4);
    assert!(plan(conn, &statements[1]).contains("post_shares_by_"), "{}", plan(conn, &statements[1]));
    check_plan(conn, "post_shares_by_change", &statements[2]);
    walk_each(conn, &["articles_by_change", "tombstones_by_kind"], |conn| {
        drop(articles::queries::list_changed(conn, &span).unwrap());
    });
}

async fn histories_and_logs_walk_an_index_in_their_order(app: App) {
    let ann = app.user("ann");
    let id = group(&ann, "Main", json!({})).await;
    let group_id: GroupId = id.parse().unwrap();
    let member = viewer(&ann);
    let conn = &mut app.database.connect();
    let access = Access::find(conn, member, group_id).unwrap();
    let by_time = page(Timestamp::now().micros());
    let rules_key = if app.database.is_sqlite() { "sqlite_autoindex_group_rules_1" } else { "group_rules_pkey" };
    walks(conn, rules_key, |conn| drop(groups::queries::list_rules(conn, &access, &by_time).unwrap()));
    walks(conn, "membership_events_by_time", |conn| {
        drop(memberships::queries::history(conn, &access, ann.id(), &by_time).unwrap());
    });
    walks(conn, "invitations_by_person", |conn| {
        drop(invitations::queries::list_mine(conn, &member, &by_time).unwrap());
    });
    for (by, asked) in
        [(None, json!({})), (Some(ann.id()), json!({ "state": "open" })), (None, json!({ "kind": "link" }))]
    {
        walks(conn, "invitations_by_group", |conn| {
            drop(invitations::queries::list(conn, &access, by, &query(asked), &by_time).unwrap());
        });
    }
    for (proposer, state, index) in [
        (None, None, "group_proposals_by_created"),
        (None, Some(ProposalState::Pending), "group_proposals_by_state"),
        (Some(ann.id()), None, "group_proposals_by_proposer"),
    ] {
        walks(conn, index, |conn| drop(proposals::queries::list(conn, proposer, state, &by_time).unwrap()));
    }
    // each engine begins at the end that it likes better
    let begins = if app.database.is_sqlite() { "sqlite_autoindex_groups_1" } else { "memberships_by_user" };
    walks(conn, begins, |conn| drop(people::queries::groups_of(conn, &member, ann.id(), &by_time).unwrap()));
    for (asked, index) in [
        (json!({}), "groups_all_by_created"),
        (json!({ "owners": "one" }), "groups_all_by_created"),
        (json!({ "status": "deleted" }), "groups_deleted"),
    ] {
        walks(conn, index, |conn| drop(admin_groups::queries::list(conn, &query(asked), &by_time).unwrap()));
    }
    for (asked, index) in [
        (json!({}), "audit_events_by_time"),
        (json!({ "actor_id": ann.id() }), "audit_events_by_actor"),
        (json!({ "action": "group_updated" }), "audit_events_by_action"),
        (json!({ "target_id": group_id }), "audit_events_by_target"),
        (json!({ "group_id": group_id }), "audit_events_by_group"),
        (json!({ "since": "2026-01-01T00:00:00Z", "until": "2027-01-01T00:00:00Z" }), "audit_events_by_time"),
    ] {
        walks(conn, index, |conn| drop(audit::queries::list(conn, &query::<AuditQuery>(asked), &by_time).unwrap()));
    }
}
