//! What a program does first: sign in, list groups, create one, change it, read it back.
use chrono::{DateTime, Utc};
use praxis_client::{Client, types};
use reqwest::header::{AUTHORIZATION, ETAG, HeaderMap};
use std::{env, error::Error};
use uuid::Uuid;

#[expect(dead_code, non_snake_case, reason = "it is there to be compiled")]
mod nullability;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let [url, email, password] =
        env::args().skip(1).collect::<Vec<_>>().try_into().map_err(|_| "URL EMAIL PASSWORD")?;

    let login = types::Login::builder().email(email).password(password);
    let tokens = Client::new(&url).create_session().body(login).send().await?;
    let authorization = format!("Bearer {}", *tokens.access_token).try_into()?;
    let headers = HeaderMap::from_iter([(AUTHORIZATION, authorization)]);
    let client = Client::new_with_client(&url, reqwest::Client::builder().default_headers(headers).build()?);

    let types = client.list_group_types().send().await?;
    let kind = types.items.first().ok_or("no kinds of groups")?.id;
    let groups = client.list_groups().mine(true).limit(10).send().await?;

    let key = Uuid::new_v4().to_string();
    let new = types::NewGroup::builder().name("From Rust").type_ids(vec![kind]);
    let created = client.create_group().idempotency_key(key.as_str()).body(new.clone()).send().await?;
    let again = client.create_group().idempotency_key(key.as_str()).body(new).send().await?;
    assert_eq!(again.id, created.id);
    // a date that was never set is null, never the year 1
    let last_active_at: Option<DateTime<Utc>> = created.last_active_at;
    assert_eq!(last_active_at, None);

    let etag = created.headers()[ETAG].to_str()?;
    let patch = types::GroupPatch::builder().summary(types::GroupPatchSummary::try_from("Changed")?);
    let change = || client.update_group().group_id(created.id).if_match(etag).body(patch.clone());
    assert_eq!(change().send().await?.summary.as_str(), "Changed");
    let late = change().send().await.err().ok_or("changed twice")?;
    // progenitor reads no `application/problem+json`: there is the status, and the bytes
    assert_eq!(late.status(), Some(reqwest::StatusCode::PRECONDITION_FAILED));

    let group = client.get_group().group_id(created.id).send().await?;
    assert_eq!(group.summary.as_str(), "Changed");
    println!("{} groups before; created and changed {}", groups.items.len(), *group.slug);
    Ok(())
}
