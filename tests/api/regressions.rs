//! Bugs that other platforms for groups have had, each as a test with its name: never active groups that vanish or are dated
//! 1 Jan 0001, counts that outlive the members, orders that tell what is withheld.

use std::collections::BTreeSet;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use praxis::auth::actor::PlatformRole;
use praxis::db::Conn;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::world::{article, comment, contribute, group, join, member, micros, post};
use crate::support::{App, Caller, Case, on_each, served};

pub fn cases() -> Vec<Case> {
    served![
        a_group_that_was_never_active_is_listed_in_every_order,
        a_group_that_was_never_active_has_no_date_anywhere,
        a_comment_makes_its_group_active,
        leaving_and_settings_make_no_group_active,
        an_article_makes_every_group_active_that_contributed,
        deleting_the_newest_moves_the_date_back,
        an_archived_group_counts_those_who_leave_it,
        an_emptied_group_counts_its_owner_alone,
        a_withheld_count_is_null_and_never_0,
        editing_a_group_makes_nobody_its_owner,
        what_is_optional_can_be_cleared,
        what_ends_or_belongs_somewhere_can_be_cleared,
        a_ban_without_end_keeps_its_reason,
        a_hidden_group_answers_like_one_that_never_was,
        no_filter_tells_of_a_hidden_group,
        no_order_tells_a_withheld_count,
        a_request_that_is_sent_twice_is_one_request,
        opening_a_group_accepts_nobody_silently,
        an_article_counts_from_its_publication_and_not_from_its_writing,
        a_deleted_account_leaves_no_address_and_no_word_about_it,
        equal_dates_and_names_neither_repeat_nor_skip_rows,
        what_is_sent_twice_is_done_once,
        a_page_of_requests_is_not_taken_for_all_of_them,
        every_way_to_let_somebody_in_asks_who_may,
        whoever_calls_with_a_token_was_here,
        an_author_learns_what_keeps_them_from_it,
    ]
}

async fn last_active(viewer: &Caller, group: &str) -> Option<i64> {
    micros(&viewer.get(format!("/groups/{group}")).await.expect(200)["last_active_at"])
}

async fn count(viewer: &Caller, group: &str) -> Value {
    viewer.get(format!("/groups/{group}")).await.expect(200)["member_count"].clone()
}

/// All pages of a list, two by two.
async fn walk(viewer: &Caller, path: &str, id: impl Fn(&Value) -> String) -> Vec<String> {
    let (mut found, mut cursor) = (Vec::new(), String::new());
    let joint = if path.contains('?') { '&' } else { '?' };
    loop {
        let page = viewer.get(format!("{path}{joint}limit=2{cursor}")).await.expect(200);
        found.extend(page.items().iter().map(&id));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return found,
        }
    }
}

fn id(item: &Value) -> String {
    item["id"].as_str().unwrap().to_owned()
}

fn user_id(item: &Value) -> String {
    item["user"]["id"].as_str().unwrap().to_owned()
}

async fn a_group_that_was_never_active_is_listed_in_every_order(app: App) {
    let ann = app.user("ann");
    let (silent, loud) = (group(&ann, "Silent", json!({})).await, group(&ann, "Loud", json!({})).await);
    post(&ann, &loud, "Words").await;
    for sort in ["active", "newest", "members", "name"] {
        let listed = app.anon().get(format!("/groups?sort={sort}")).await.expect(200);
        assert!(listed.each("id").contains(&silent.as_str()), "{sort}");
    }
    let by_activity = app.anon().get("/groups").await.expect(200);
    assert_eq!(by_activity.each("id"), [&loud, &silent], "the unknown come last");
}

async fn a_group_that_was_never_active_has_no_date_anywhere(app: App) {
    let (ann, editor) = (app.user("ann"), app.person("editor", PlatformRole::Editor));
    let id = group(&ann, "Silent", json!({})).await;
    article(&editor, "Undated", "draft", &[(&id, &ann)]).await;
    for path in [
        "/groups".to_owned(),
        format!("/groups/{id}"),
        "/groups/by-slug/silent".to_owned(),
        "/groups/similar?name=Silent".to_owned(),
        format!("/groups/{id}/members"),
        "/me".to_owned(),
        "/me/memberships".to_owned(),
        format!("/people/{}", ann.id()),
    ] {
        let answer = ann.get(&path).await.expect(200);
        for name in ["last_active_at", "last_contributed_at", "last_seen_at"] {
            let at = answer.text().find(&format!("\"{name}\":")).map(|place| answer.text()[place..].to_owned());
            let is_null = at.is_none_or(|rest| rest.starts_with(&format!("\"{name}\":null")));
            assert!(is_null, "{path}: {name} is invented: {answer}");
        }
        for year in ["\"0001-", "\"1970-", "\"-"] {
            assert!(!answer.text().contains(year), "{path}: {answer}");
        }
    }
}

async fn a_comment_makes_its_group_active(app: App) {
    let ann = app.user("ann");
    let id = group(&ann, "Circle", json!({})).await;
    let thread = post(&ann, &id, "Words").await;
    let before = last_active(&ann, &id).await.unwrap();
    let written = comment(&ann, &thread, None).await;
    let at = ann.get(format!("/comments/{written}")).await.expect(200)["created_at"].clone();
    assert_eq!(last_active(&ann, &id).await, micros(&at));
    assert!(micros(&at).unwrap() > before);
}

async fn leaving_and_settings_make_no_group_active(app: App) {
    let (ann, bob) = (app.user("ann"), app.user("bob"));
    let id = group(&ann, "Circle", json!({})).await;
    join(&bob, &id).await;
    ann.patch(format!("/groups/{id}"), json!({ "summary": "Other words." })).await.expect(200);
    ann.patch(format!("/groups/{id}/members/{}", bob.id()), json!({ "role": "facilitator" })).await.expect(200);
    bob.delete(format!("/groups/{id}/membership")).await.expect(204);
    assert_eq!(last_active(&ann, &id).await, None);
}

async fn an_article_makes_every_group_active_that_contributed(app: App) {
    let (ann, editor) = (app.user("ann"), app.person("editor", PlatformRole::Editor));
    let (one, two) = (group(&ann, "One", json!({})).await, group(&ann, "Two", json!({})).await);
    // both have agreed before, so that one publication has to move both
    let piece = article(&editor, "Piece", "draft", &[(&one, &ann), (&two, &ann)]).await;
    let shown = editor.patch(format!("/articles/{piece}"), json!({ "status": "published" })).await.expect(200);
    let published = micros(&shown["published_at"]);
    assert!(published.is_some());
    for id in [one, two] {
        assert_eq!(last_active(&ann, &id).await, published);
    }
}

async fn deleting_the_newest_moves_the_date_back(app: App) {
    let ann = app.user("ann");
    let id = group(&ann, "Circle", json!({})).await;
    let older = post(&ann, &id, "Older").await;
    let before = last_active(&ann, &id).await;
    let newer = post(&ann, &id, "Newer").await;
    assert_ne!(last_active(&ann, &id).await, before);
    ann.delete(format!("/posts/{newer}")).await.expect(204);
    assert_eq!(last_active(&ann, &id).await, before);
    ann.delete(format!("/posts/{older}")).await.expect(204);
    assert_eq!(last_active(&ann, &id).await, None);
}

async fn an_archived_group_counts_those_who_leave_it(app: App) {
    let (ann, bob) = (app.user("ann"), app.user("bob"));
    let id = group(&ann, "Circle", json!({})).await;
    join(&bob, &id).await;
    ann.patch(format!("/groups/{id}"), json!({ "status": "archived" })).await.expect(200);
    bob.delete(format!("/groups/{id}/membership")).await.expect(204);
    assert_eq!(count(&ann, &id).await, 1);
}

async fn an_emptied_group_counts_its_owner_alone(app: App) {
    let (ann, leaver, removed) = (app.user("ann"), app.user("leaver"), app.user("removed"));
    let (banned, gone) = (app.user("banned"), app.user("gone"));
    let id = group(&ann, "Circle", json!({})).await;
    for person in [&leaver, &removed, &banned, &gone] {
        join(person, &id).await;
    }
    assert_eq!(count(&ann, &id).await, 5);
    leaver.delete(format!("/groups/{id}/membership")).await.expect(204);
    ann.delete(format!("/groups/{id}/members/{}", removed.id())).await.expect(204);
    let ban = json!({ "state": "banned", "reason": "No." });
    ann.patch(format!("/groups/{id}/members/{}", banned.id()), ban).await.expect(200);
    gone.delete("/me").await.expect(204);
    assert_eq!(count(&ann, &id).await, 1);
    assert_eq!(app.in_database(praxis::doctor::examine), []);
}

async fn a_withheld_count_is_null_and_never_0(app: App) {
    let (ann, bob) = (app.user("ann"), app.user("bob"));
    let id = group(&ann, "Circle", json!({ "show_member_count": false })).await;
    join(&bob, &id).await;
    assert_eq!(count(&app.anon(), &id).await, Value::Null);
    let listed = app.anon().get("/groups").await.expect(200);
    assert_eq!(listed.items()[0]["member_count"], Value::Null);
    ann.patch(format!("/groups/{id}"), json!({ "show_member_count": true })).await.expect(200);
    assert_eq!(count(&app.anon(), &id).await, 2, "it has been counted all the while");
}

async fn editing_a_group_makes_nobody_its_owner(app: App) {
    let (ann, admin) = (app.user("ann"), app.admin());
    let id = group(&ann, "Circle", json!({})).await;
    admin.patch(format!("/groups/{id}"), json!({ "summary": "By an administrator." })).await.expect(200);
    let owners = ann.get(format!("/groups/{id}/members?role=owner")).await.expect(200);
    assert_eq!(owners.items().iter().map(user_id).collect::<Vec<_>>(), [ann.id().to_string()]);
    assert_eq!(count(&ann, &id).await, 1, "nor a member");
    let creator = app.in_database(|conn| {
        use praxis::db::schema::groups;
        let creator = groups::table.find(id.parse::<praxis::types::GroupId>().unwrap()).select(groups::created_by);
        Ok(on_each!(conn => creator.first::<Option<praxis::types::UserId>>(conn))?)
    });
    assert_eq!(creator, Some(ann.id()), "nor who made it");
}

async fn what_is_optional_can_be_cleared(app: App) {
    let ann = app.user("ann");
    let filled = json!({
        "summary": "A line.", "description": "Words.", "purpose": "A purpose.", "learning_question": "Why?",
        "welcome_message": "Welcome.", "rules": "Be kind.", "tags": ["falls"],
        "join_questions": [{ "text": "Why?", "is_required": false }],
    });
    let id = group(&ann, "Circle", filled).await;
    let cleared = json!({
        "summary": "", "description": "", "purpose": "", "learning_question": null,
        "welcome_message": "", "rules": null, "tags": [], "join_questions": [],
    });
    ann.patch(format!("/groups/{id}"), cleared.clone()).await.expect(200);
    let now = ann.get(format!("/groups/{id}")).await.expect(200);
    for (name, value) in cleared.as_object().unwrap() {
        assert_eq!(&now[name.as_str()], value, "{name}");
    }
    let me = ann.patch(format!("/groups/{id}/membership"), json!({ "display_name": "A pseudonym" })).await;
    assert_eq!(me.expect(200)["display_name"], "A pseudonym");
    let me = ann.patch(format!("/groups/{id}/membership"), json!({ "display_name": null })).await;
    assert_eq!(me.expect(200)["display_name"], Value::Null);
}

async fn what_ends_or_belongs_somewhere_can_be_cleared(app: App) {
    let (ann, bob, eve, admin) = (app.user("ann"), app.user("bob"), app.user("eve"), app.admin());
    let (region, next) = (group(&ann, "Region", json!({})).await, group(&ann, "Next", json!({})).await);
    let id = group(&ann, "Circle", json!({ "parent_id": region })).await;
    let (path, later) = (format!("/groups/{id}"), "2125-01-01T00:00:00Z");
    let filled = json!({
        "closes_at": later, "lessons_learned": "Begin small.", "successor_id": next, "external_id": "crm:1",
        "auto_join_domains": ["example.net"],
    });
    admin.patch(&path, filled).await.expect(200);
    let cleared = json!({
        "parent_id": null, "closes_at": null, "lessons_learned": null, "successor_id": null, "external_id": null,
        "auto_join_domains": [], "show_member_count": false, "request_cooldown_days": 0,
    });
    admin.patch(&path, cleared.clone()).await.expect(200);
    let now = admin.get(&path).await.expect(200);
    for (name, value) in cleared.as_object().unwrap() {
        assert_eq!(&now[name.as_str()], value, "{name}");
    }
    join(&bob, &id).await;
    let term = format!("{path}/members/{}", bob.id());
    ann.patch(&term, json!({ "role": "facilitator", "role_ends_at": later })).await.expect(200);
    let kept = ann.patch(&term, json!({ "role_ends_at": null })).await.expect(200);
    assert_eq!((&kept["role"], &kept["role_ends_at"]), (&json!("facilitator"), &Value::Null));
    let account = format!("/admin/users/{}", eve.id());
    let out = json!({ "status": "suspended", "suspended_until": later, "reason": "Spam" });
    admin.patch(&account, out).await.expect(200);
    let still = admin.patch(&account, json!({ "suspended_until": null })).await.expect(200);
    let told = (&still["status"], &still["suspended_until"], &still["status_reason"]);
    assert_eq!(told, (&json!("suspended"), &Value::Null, &json!("Spam")));
}

async fn a_ban_without_end_keeps_its_reason(app: App) {
    let (ann, eve) = (app.user("ann"), app.user("eve"));
    let id = group(&ann, "Circle", json!({})).await;
    join(&eve, &id).await;
    let path = format!("/groups/{id}/members/{}", eve.id());
    let until = "2125-01-01T00:00:00Z";
    let ban = json!({ "state": "banned", "banned_until": until, "reason": "Rude.", "private_note": "Twice." });
    ann.patch(&path, ban).await.expect(200);
    let kept = ann.patch(&path, json!({ "banned_until": null })).await.expect(200);
    assert_eq!((&kept["state"], &kept["banned_until"]), (&json!("banned"), &Value::Null));
    assert_eq!(kept["decision_reason"], "Rude.");
    let note = app.in_database(|conn| {
        use praxis::db::schema::memberships;
        let note = memberships::table.filter(memberships::user_id.eq(eve.id())).select(memberships::private_note);
        Ok(on_each!(conn => note.first::<Option<String>>(conn))?)
    });
    assert_eq!(note.as_deref(), Some("Twice."));
    let other = json!({ "banned_until": until, "reason": "Still rude." });
    assert_eq!(ann.patch(&path, other).await.expect(200)["decision_reason"], "Still rude.");
    let lifted = ann.patch(&path, json!({ "state": "removed" })).await.expect(200);
    assert_eq!(lifted["decision_reason"], Value::Null, "the reason of the ban is not that of the next state");
}

async fn a_hidden_group_answers_like_one_that_never_was(app: App) {
    let (ann, eve, anon) = (app.user("ann"), app.user("eve"), app.anon());
    let hidden = group(&ann, "Secret", json!({ "visibility": "hidden" })).await;
    let never = praxis::types::GroupId::new().to_string();
    for caller in [&eve, &anon] {
        for (method, rest) in [
            (Method::GET, ""),
            (Method::GET, "/members"),
            (Method::GET, "/posts"),
            (Method::GET, "/membership"),
            (Method::GET, "/membership-requests"),
            (Method::GET, "/audit-log"),
            (Method::DELETE, "/membership"),
            (Method::DELETE, ""),
        ] {
            let real = caller.request(method.clone(), format!("/groups/{hidden}{rest}")).header("if-match", "*").await;
            let made_up =
                caller.request(method.clone(), format!("/groups/{never}{rest}")).header("if-match", "*").await;
            assert_eq!(real.status, made_up.status, "{real}");
            assert_eq!(real.without_request_id(), made_up.without_request_id());
            assert!(matches!(real.status, 401 | 404), "{real}");
        }
    }
}

async fn no_filter_tells_of_a_hidden_group(app: App) {
    let (ann, eve) = (app.user("ann"), app.user("eve"));
    let hidden = json!({ "visibility": "hidden", "tags": ["secret"], "summary": "Secret." });
    let (open, closed) = (group(&ann, "Secret", hidden.clone()).await, group(&ann, "Secret too", hidden).await);
    ann.patch(format!("/groups/{closed}"), json!({ "status": "archived" })).await.expect(200);
    for query in [
        "status=active".to_owned(),
        "status=archived".to_owned(),
        "q=secret".to_owned(),
        "type=community-of-practice".to_owned(),
        "mine=true".to_owned(),
        format!("ids={open},{closed}"),
        format!("ids={open},{closed}&status=archived"),
    ] {
        let listed = eve.get(format!("/groups?{query}")).await.expect(200);
        assert!(listed.items().is_empty() && listed["next_cursor"].is_null(), "{query}: {listed}");
    }
    assert_eq!(ann.get("/groups?status=archived").await.expect(200).each("id"), [&closed]);
}

async fn no_order_tells_a_withheld_count(app: App) {
    let ann = app.user("ann");
    let mut ids = Vec::new();
    for (name, shows, members) in [("Small", true, 1), ("Withheld", false, 4), ("Large", true, 3)] {
        let id = group(&ann, name, json!({ "show_member_count": shows })).await;
        for number in 0..members {
            join(&app.user(&format!("{name} {number}")), &id).await;
        }
        ids.push(id);
    }
    let listed = app.anon().get("/groups?sort=members").await.expect(200);
    assert_eq!(listed.each("name"), ["Large", "Small", "Withheld"], "as if nothing were known of it");
}

async fn a_request_that_is_sent_twice_is_one_request(app: App) {
    let (ann, bob) = (app.user("ann"), app.user("bob"));
    let id = group(&ann, "Circle", json!({ "join_policy": "request" })).await;
    let path = format!("/groups/{id}/membership");
    let first = bob.put(&path, json!({ "message": "Me!" })).await.expect(200);
    let second = bob.put(&path, json!({ "message": "Me!" })).await.expect(200);
    assert_eq!(first.json, second.json);
    assert_eq!(ann.get(format!("/groups/{id}/membership-requests")).await.expect(200).items().len(), 1);
    let steps = ann.get(format!("/groups/{id}/members/{}/history", bob.id())).await.expect(200);
    assert_eq!(steps.items().len(), 1);
}

async fn opening_a_group_accepts_nobody_silently(app: App) {
    let (ann, bob) = (app.user("ann"), app.user("bob"));
    let id = group(&ann, "Circle", json!({ "visibility": "listed", "join_policy": "request" })).await;
    join(&bob, &id).await;
    let open = json!({ "visibility": "public", "join_policy": "open" });
    ann.patch(format!("/groups/{id}"), open).await.expect(200);
    assert_eq!(bob.get(format!("/groups/{id}/membership")).await.expect(200)["state"], "requested");
    assert_eq!(count(&ann, &id).await, 1);
    member(&bob, &ann, &id).await;
    assert_eq!(count(&ann, &id).await, 2, "but whoever asked may walk in now, or be let in");
}

async fn an_article_counts_from_its_publication_and_not_from_its_writing(app: App) {
    let (ann, editor) = (app.user("ann"), app.person("editor", PlatformRole::Editor));
    let id = group(&ann, "Circle", json!({})).await;
    let piece = article(&editor, "Piece", "draft", &[]).await;
    contribute(&editor, &ann, &piece, &id).await;
    assert_eq!(last_active(&ann, &id).await, None, "a draft is no activity");
    let published = json!({ "status": "published" });
    let article = editor.patch(format!("/articles/{piece}"), published).await.expect(200);
    let (written, shown) = (micros(&article["created_at"]).unwrap(), micros(&article["published_at"]).unwrap());
    assert!(shown > written);
    assert_eq!(last_active(&ann, &id).await, Some(shown));
}

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

#[derive(QueryableByName)]
struct Rows {
    #[diesel(sql_type = BigInt)]
    rows: i64,
}

/// The columns, as `table.column`, that hold this text in any row, in large or small letters.
pub fn columns_with(conn: &mut Conn, text: &str) -> Vec<String> {
    let (tables, columns) = match conn {
        Conn::Sqlite(_) => {
            ("SELECT name FROM sqlite_master WHERE type = 'table'", "SELECT name FROM pragma_table_info('TABLE')")
        }
        Conn::Postgres(_) => (
            "SELECT table_name::text AS name FROM information_schema.tables WHERE table_schema = current_schema()",
            "SELECT column_name::text AS name FROM information_schema.columns \
             WHERE table_schema = current_schema() AND table_name = 'TABLE'",
        ),
    };
    let names = |conn: &mut Conn, sql: &str| -> Vec<String> {
        let rows: Vec<Name> = on_each!(conn => diesel::sql_query(sql).load(conn)).unwrap();
        rows.into_iter().map(|row| row.name).collect()
    };
    let (mut found, text) = (Vec::new(), text.to_lowercase());
    for table in names(conn, tables) {
        for column in names(conn, &columns.replace("TABLE", &table)) {
            let holds = format!("lower(CAST(\"{column}\" AS TEXT)) LIKE '%{text}%'");
            let sql = format!("SELECT count(*) AS rows FROM \"{table}\" WHERE {holds}");
            let rows: Rows = on_each!(conn => diesel::sql_query(&sql).get_result(conn)).unwrap();
            if rows.rows > 0 {
                found.push(format!("{table}.{column}"));
            }
        }
    }
    found
}

async fn a_deleted_account_leaves_no_address_and_no_word_about_it(app: App) {
    let (owner, admin) = (app.user("owner"), app.admin());
    let (asked, old) = (group(&owner, "Asked", json!({})).await, group(&owner, "Old", json!({})).await);
    let invited = json!({ "recipients": [{ "email": "zebra@example.org" }], "message": "Come, zebra!" });
    for id in [&asked, &old] {
        owner.post(format!("/groups/{id}/invitations"), invited.clone()).await.expect(200);
    }
    let zebra = app.user("zebra");
    admin.patch(format!("/admin/users/{}", zebra.id()), json!({ "email_verified": true })).await.expect(200);
    join(&zebra, &old).await;
    zebra.patch(format!("/groups/{old}/membership"), json!({ "display_name": "Zebra 7" })).await.expect(200);
    let why = json!({ "reason": "The zebra was rude." });
    owner.patch(format!("/groups/{old}/members/{}", zebra.id()), json!({ "role": "facilitator" })).await.expect(200);
    let path = format!("/groups/{old}/members/{}", zebra.id());
    let removal = json!({ "state": "banned", "reason": why["reason"], "private_note": "Zebra, again." });
    owner.patch(path, removal).await.expect(200);
    assert!(!app.in_database(|conn| Ok(columns_with(conn, "zebra"))).is_empty(), "the search finds");
    zebra.delete("/me").await.expect(204);
    let left = app.in_database(|conn| Ok(columns_with(conn, "zebra@")));
    assert_eq!(left, [""; 0], "the address is nowhere");
    let left: BTreeSet<_> = app.in_database(|conn| Ok(columns_with(conn, "zebra"))).into_iter().collect();
    // what was decided is kept as it was decided: the log is append-only
    assert!(left.iter().all(|place| place == "audit_events.reason"), "{left:?}");
    let open = owner.get(format!("/groups/{asked}/invitations?state=open")).await.expect(200);
    assert!(open.items().is_empty(), "nobody can come in by it any more");
}

async fn equal_dates_and_names_neither_repeat_nor_skip_rows(app: App) {
    use praxis::db::schema::{groups, memberships};
    let ann = app.user("ann");
    let main = group(&ann, "Main", json!({})).await;
    let (mut circles, mut people) = (BTreeSet::from([main.clone()]), BTreeSet::from([ann.id().to_string()]));
    for number in 0..6 {
        circles.insert(group(&ann, &format!("Circle {number}"), json!({})).await);
        let person = app.user(&format!("person {number}"));
        join(&person, &main).await;
        people.insert(person.id().to_string());
    }
    app.in_database(|conn| {
        let at = praxis::types::Timestamp::now();
        on_each!(conn => diesel::update(groups::table)
            .set((groups::created_at.eq(at), groups::name_order.eq("same"), groups::member_count.eq(1)))
            .execute(conn))?;
        on_each!(conn => diesel::update(memberships::table)
            .set((memberships::joined_at.eq(at), memberships::name_order.eq("same")))
            .execute(conn))?;
        Ok(())
    });
    for sort in ["active", "newest", "members", "name"] {
        let walked = walk(&ann, &format!("/groups?sort={sort}"), id).await;
        assert_eq!((walked.len(), &walked.into_iter().collect()), (circles.len(), &circles), "{sort}");
    }
    for sort in ["joined", "active", "name"] {
        let walked = walk(&ann, &format!("/groups/{main}/members?sort={sort}"), user_id).await;
        assert_eq!((walked.len(), &walked.into_iter().collect()), (people.len(), &people), "{sort}");
    }
    // what is done with many at once is done at one time
    let asked: Vec<Caller> = (0..6).map(|number| app.user(&format!("asked {number}"))).collect();
    let recipients: Vec<Value> = asked.iter().map(|person| json!({ "user_id": person.id() })).collect();
    ann.post(format!("/groups/{main}/invitations"), json!({ "recipients": recipients })).await.expect(200);
    let walked = walk(&ann, &format!("/groups/{main}/invitations"), id).await;
    assert_eq!((walked.len(), walked.into_iter().collect::<BTreeSet<_>>().len()), (6, 6));
    let logged = walk(&ann, &format!("/groups/{main}/audit-log?action=member_invited"), id).await;
    assert_eq!((logged.len(), logged.into_iter().collect::<BTreeSet<_>>().len()), (6, 6));
    let admin = app.admin();
    let logged = walk(&admin, &format!("/admin/audit-log?action=member_invited&group_id={main}"), id).await;
    assert_eq!((logged.len(), logged.into_iter().collect::<BTreeSet<_>>().len()), (6, 6));
    let asking = group(&ann, "Asking", json!({ "join_policy": "request" })).await;
    for person in &asked {
        join(person, &asking).await;
    }
    app.in_database(|conn| {
        let at = praxis::types::Timestamp::now();
        on_each!(conn => diesel::update(memberships::table).set(memberships::requested_at.eq(at)).execute(conn))?;
        Ok(())
    });
    let walked = walk(&ann, &format!("/groups/{asking}/membership-requests"), user_id).await;
    assert_eq!((walked.len(), walked.into_iter().collect::<BTreeSet<_>>().len()), (6, 6));
}

async fn what_is_sent_twice_is_done_once(app: App) {
    let (ann, bob) = (app.user("ann"), app.user("bob"));
    let id = group(&ann, "Circle", json!({})).await;
    let mine = format!("/groups/{id}/membership");
    for (status, state) in [("archived", "archived"), ("archived", "archived"), ("active", "active")] {
        let group = ann.patch(format!("/groups/{id}"), json!({ "status": status })).await.expect(200);
        assert_eq!(group["status"], state);
    }
    for _ in 0..2 {
        assert_eq!(join(&bob, &id).await, "active");
    }
    assert_eq!(count(&ann, &id).await, 2);
    for _ in 0..2 {
        bob.delete(&mine).await.expect(204);
    }
    assert_eq!(count(&ann, &id).await, 1);
    let steps = ann.get(format!("/groups/{id}/members/{}/history", bob.id())).await.expect(200);
    assert_eq!(steps.each("to_state"), ["left", "active"]);
    for action in ["group_archived", "group_unarchived"] {
        let log = ann.get(format!("/groups/{id}/audit-log?action={action}")).await.expect(200);
        assert_eq!(log.items().len(), 1, "{action} was recorded once");
    }
}

async fn a_page_of_requests_is_not_taken_for_all_of_them(app: App) {
    let ann = app.user("ann");
    let id = group(&ann, "Circle", json!({ "join_policy": "request" })).await;
    let mut asking = Vec::new();
    for number in 0..5 {
        let person = app.user(&format!("person {number}"));
        join(&person, &id).await;
        asking.push(person.id().to_string());
    }
    assert_eq!(walk(&ann, &format!("/groups/{id}/membership-requests"), user_id).await, asking);
    let answer = ann.get(format!("/groups/{id}/membership-requests?limit=2")).await.expect(200);
    let names: Vec<_> = answer.json.as_object().unwrap().keys().collect();
    assert_eq!(names, ["items", "next_cursor"], "no total that could be wrong");
}

async fn every_way_to_let_somebody_in_asks_who_may(app: App) {
    let (ann, plain, eve, asking) = (app.user("ann"), app.user("plain"), app.user("eve"), app.user("asking"));
    let id = group(&ann, "Circle", json!({ "join_policy": "request" })).await;
    member(&plain, &ann, &id).await;
    join(&asking, &id).await;
    let who = asking.id();
    // who leads another group leads nothing here
    let elsewhere = app.user("elsewhere");
    group(&elsewhere, "Elsewhere", json!({})).await;
    for caller in [&plain, &eve, &asking, &elsewhere] {
        let approve = json!({ "outcome": "approve" });
        let path = format!("/groups/{id}/membership-requests/{who}/decision");
        caller.post(path, approve).await.expect_problem(403, "forbidden");
        let many = json!({ "decisions": [{ "user_id": who, "outcome": "approve" }] });
        caller.post(format!("/groups/{id}/membership-requests:batch"), many).await.expect_problem(403, "forbidden");
        let rows = json!({ "rows": [{ "action": "add", "user_id": who }] });
        caller.post(format!("/groups/{id}/members:batch"), rows).await.expect_problem(403, "forbidden");
        let table = caller.request(Method::POST, format!("/groups/{id}/members:import"));
        table.body("text/csv", format!("user_id\n{who}\n")).await.expect_problem(403, "forbidden");
        let recipients = json!({ "recipients": [{ "user_id": who }] });
        caller.post(format!("/groups/{id}/invitations"), recipients).await.expect_problem(403, "forbidden");
        caller.post(format!("/groups/{id}/invitation-links"), json!({})).await.expect_problem(403, "forbidden");
        let offer = json!({ "user_id": who });
        caller.put(format!("/groups/{id}/ownership-offer"), offer).await.expect_problem(403, "forbidden");
        let role = json!({ "role": "member" });
        caller.patch(format!("/groups/{id}/members/{who}"), role).await.expect_problem(403, "forbidden");
    }
    assert_eq!(asking.get(format!("/groups/{id}/membership")).await.expect(200)["state"], "requested");
}

async fn whoever_calls_with_a_token_was_here(mut app: App) {
    let (ann, bob) = (app.user("ann"), app.user("bob"));
    let id = group(&ann, "Circle", json!({})).await;
    join(&bob, &id).await;
    // what is buffered is written when the server stops
    app.restart(&[]);
    let members = ann.get(format!("/groups/{id}/members?q=bob")).await.expect(200);
    assert_eq!(members.items()[0]["last_seen"], "today");
}

async fn an_author_learns_what_keeps_them_from_it(app: App) {
    let (ann, bob) = (app.user("ann"), app.user("bob"));
    let id = group(&ann, "Circle", json!({})).await;
    join(&bob, &id).await;
    let question = json!({ "kind": "question", "title": "Why", "body": "Words" });
    let question = bob.post(format!("/groups/{id}/posts"), question).await.expect(201).id();
    let answer = json!({ "comment_id": comment(&ann, &question, None).await });
    let part = |part: &str| format!("/posts/{question}/{part}");
    ann.patch(format!("/groups/{id}"), json!({ "rules": "Be kind" })).await.expect(200);
    let elsewhere = json!({ "group_id": id });
    for (code, status) in [("rules_not_accepted", 409), ("members_only", 403)] {
        bob.put(part("accepted-answer"), answer.clone()).await.expect_problem(status, code);
        bob.delete(part("accepted-answer")).await.expect_problem(status, code);
        // what is for those who moderate is not for them, whatever else there is
        bob.put(part("lock"), json!({})).await.expect_problem(403, "forbidden");
        bob.put(part("pin"), json!({})).await.expect_problem(403, "forbidden");
        bob.act(part("move"), elsewhere.clone()).await.expect_problem(403, "forbidden");
        if status == 409 {
            bob.delete(format!("/groups/{id}/membership")).await.expect(204);
        }
    }
}
