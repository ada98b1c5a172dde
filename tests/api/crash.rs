//! A server killed in the middle of writes: what it acknowledged is there afterwards, and nothing is half done.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::app::{PASSWORD, email_of};
use crate::support::process::{Serving, praxis, success};
use crate::support::world::{group, join};
use crate::support::{Caller, Case, Database, stored};

pub fn cases() -> Vec<Case> {
    stored![
        a_server_killed_while_people_write_has_lost_nothing_it_acknowledged,
        what_was_sent_to_a_server_that_was_killed_is_done_once_when_it_is_sent_again,
    ]
}

const WRITERS: usize = 6;

async fn member(server: &Serving, name: &str) -> Caller {
    let body = json!({ "email": email_of(name), "password": PASSWORD, "display_name": name });
    server.anon().post("/auth/register", body).await.expect(202);
    let body = json!({ "email": email_of(name), "password": PASSWORD });
    let session = server.anon().post("/auth/login", body).await.expect(200);
    server.anon().with_token(session["access_token"].as_str().unwrap())
}

/// Posts and comments until the server is gone; what it acknowledged.
async fn write_until_it_dies(address: &str, token: &str, group: &str) -> Vec<Value> {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut kept: Vec<Value> = Vec::new();
    loop {
        let (path, body) = match kept.last() {
            Some(post) if post["kind"].is_string() => {
                (format!("posts/{}/comments", post["id"].as_str().unwrap()), json!({ "body": "An answer." }))
            }
            _ => (format!("groups/{group}/posts"), json!({ "kind": "discussion", "title": "T", "body": "B" })),
        };
        let sent = client.post(format!("http://{address}/api/v1/{path}")).bearer_auth(token).json(&body).send().await;
        let Ok(answer) = sent else { return kept };
        let status = answer.status().as_u16();
        let Ok(body) = answer.json::<Value>().await else { return kept };
        assert_eq!(status, 201, "{body}");
        kept.push(body);
    }
}

async fn a_server_killed_while_people_write_has_lost_nothing_it_acknowledged(database: Database) {
    let server = Serving::start(praxis(&database, &["--rate-limit", "off"]));
    let owner = member(&server, "owner").await;
    let id = group(&owner, "Circle", json!({})).await;
    let mut writers = Vec::new();
    for number in 0..WRITERS {
        let who = member(&server, &format!("person {number}")).await;
        join(&who, &id).await;
        writers.push(who.token.unwrap());
    }
    let address = server.address.clone();
    let writing = join_all(writers.iter().map(|token| write_until_it_dies(&address, token, &id)));
    let killing = async {
        tokio::time::sleep(Duration::from_millis(1500)).await;
        server.signal("KILL");
    };
    let (written, ()) = tokio::join!(writing, killing);
    assert_eq!(server.end(), None, "killed, not ended");

    let again = Serving::start(praxis(&database, &["--rate-limit", "off"]));
    let kept: Vec<&Value> = written.iter().flatten().collect();
    assert!(kept.len() > 20, "only {} changes were acknowledged", kept.len());
    for thing in &kept {
        let kind = if thing["kind"].is_string() { "posts" } else { "comments" };
        let found = again.anon().get(format!("/{kind}/{}", thing["id"].as_str().unwrap())).await.expect(200);
        assert_eq!(found["created_at"], thing["created_at"]);
    }
    drop(again);
    let examined = praxis(&database, &["doctor"]).output().unwrap();
    assert!(success(&examined).contains("are right"));
}

/// Posts with keys until the server is gone; each key with what it answered, if it did.
async fn post_until_it_dies(address: &str, token: &str, group: &str, writer: usize) -> Vec<(String, Option<Value>)> {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut sent = Vec::new();
    loop {
        let key = format!("{writer} {}", sent.len());
        let request = client.post(format!("http://{address}/api/v1/groups/{group}/posts")).bearer_auth(token);
        let body = json!({ "kind": "discussion", "title": &key, "body": "B" });
        let answer = match request.header("idempotency-key", &key).json(&body).send().await {
            Ok(answer) => answer.json::<Value>().await.ok(),
            Err(_) => None,
        };
        let is_over = answer.is_none();
        sent.push((key, answer));
        if is_over {
            return sent;
        }
    }
}

async fn what_was_sent_to_a_server_that_was_killed_is_done_once_when_it_is_sent_again(database: Database) {
    let mut server = Serving::start(praxis(&database, &["--rate-limit", "off"]));
    let owner = member(&server, "owner").await;
    let id = group(&owner, "Circle", json!({})).await;
    let token = owner.token.clone().unwrap();
    let (mut total, mut done_but_not_answered, mut round) = (0, 0, 0);
    // until it was killed between an effect and its answer, too
    while round < 3 || (done_but_not_answered == 0 && round < 20) {
        let address = server.address.clone();
        let writers = (0..WRITERS).map(|number| post_until_it_dies(&address, &token, &id, round * WRITERS + number));
        let killing = async {
            tokio::time::sleep(Duration::from_millis(120 + 37 * u64::try_from(round % 7).unwrap())).await;
            server.signal("KILL");
        };
        let (sent, ()) = tokio::join!(join_all(writers), killing);
        assert_eq!(server.end(), None, "killed, not ended");
        server = Serving::start(praxis(&database, &["--rate-limit", "off"]));
        let again = server.anon().with_token(token.clone());
        let sent: Vec<(String, Option<Value>)> = sent.into_iter().flatten().collect();
        for (key, answered) in &sent {
            let body = json!({ "kind": "discussion", "title": key, "body": "B" });
            let answer =
                again.post(format!("/groups/{id}/posts"), body).header("idempotency-key", key).await.expect(201);
            let is_replayed = answer.headers.contains_key("idempotency-replayed");
            match answered {
                Some(answered) => assert_eq!((&answer.json, is_replayed), (answered, true), "{key}"),
                None => done_but_not_answered += usize::from(is_replayed),
            }
        }
        total += sent.len();
        round += 1;
    }
    assert!(done_but_not_answered > 0, "in {round} rounds it was never killed between an effect and its answer");
    let again = server.anon().with_token(token);
    let (mut titles, mut path) = (Vec::new(), format!("/groups/{id}/posts?limit=100"));
    loop {
        let page = again.get(&path).await.expect(200);
        titles.extend(page.each("title").into_iter().map(str::to_owned));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/groups/{id}/posts?limit=100&cursor={cursor}");
    }
    let different: std::collections::HashSet<&String> = titles.iter().collect();
    assert_eq!((titles.len(), different.len()), (total, total), "each has been done once");
}
