//! `/groups/{group_id}/feed.atom`, `/articles.atom`, `/me/feed.atom` and `/me/feed-keys`. A feed takes no access token: readers
//! know passwords, and keep them for years, so it takes one that opens nothing else and can be revoked. It is in no query, which is
//! logged, shared and shown.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, delete, get, post, web};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use utoipa_actix_web::service_config::ServiceConfig;

use super::atom::{self, Feed, MEDIA_TYPE};
use super::model::{FeedKey, FeedKeyPage, FeedKeyRow, IssuedFeedKey, NewFeedKey};
use super::{policy, queries};
use crate::api::idempotency::{Made, Once};
use crate::api::users;
use crate::auth::actor::{Actor, Viewer, authorization};
use crate::auth::tokens;
use crate::db::{Conn, Db};
use crate::error::{Code, Error, Result};
use crate::http::json::{self, Body};
use crate::types::{FeedKeyId, GroupId, Timestamp};

/// The routes of this feature.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config.service(export_group_feed).service(export_article_feed).service(export_my_feed);
    config.service(list_feed_keys).service(create_feed_key).service(revoke_feed_key);
}

/// The feed key, where the request has one: as readers send it, a password (RFC 7617) whatever they call themselves, or as programs
/// do. Any other bearer's token is none; what cannot be read is a key, too, but not one of ours.
fn given(request: &HttpRequest) -> Option<String> {
    if let Some(token) = authorization(request, "bearer") {
        return Some(token).filter(|token| token.starts_with(tokens::FEED_PREFIX));
    }
    let pair = authorization(request, "basic").and_then(|encoded| STANDARD.decode(encoded).ok()).unwrap_or_default();
    let password = pair.splitn(2, |byte| *byte == b':').nth(1).and_then(|password| std::str::from_utf8(password).ok());
    request.headers().contains_key(header::AUTHORIZATION).then(|| password.unwrap_or_default().to_owned())
}

/// The same whether there is a group or not.
fn needed() -> Error {
    Error::new(
        Code::FeedKeyNeeded,
        "Send a feed key: «Authorization: Bearer», or as the password of HTTP Basic with any name.",
    )
}

fn otherwise_needed(error: Error) -> Error {
    if error.code() == Code::NotFound { needed() } else { error }
}

/// What a key opens: its owner's eyes. One that is unknown, was revoked, or whose owner's account is not in use opens nothing.
fn open(conn: &mut Conn, key: &str) -> Result<(Viewer, FeedKeyRow)> {
    let row = queries::find(conn, &tokens::token_hash(key)).map_err(otherwise_needed)?;
    Ok((policy::reads_as(row.user_id), row))
}

/// A feed that only a key opens; no cache keeps it. That the key was used is noted, which fails no request.
async fn private(db: &Db, key: &FeedKeyRow, document: Vec<u8>, now: Timestamp) -> HttpResponse {
    if policy::is_noted(key.last_used_at, now) {
        let id = key.id;
        if let Err(error) = db.write(move |conn| queries::set_used(conn, id, now)).await {
            tracing::warn!(%error, "that a feed key was used was not noted");
        }
    }
    let no_store = (header::CACHE_CONTROL, "private, no-store");
    HttpResponse::Ok().content_type(MEDIA_TYPE).insert_header(no_store).body(document)
}

/// Subscribe to a group
///
/// The newest 50 conversations, as an Atom feed. Public groups are open to everybody; any other group only with a feed
/// key of somebody who is a member at that moment.
#[utoipa::path(tag = "posts", operation_id = "export_group_feed", security((), ("feed_key" = [])), responses(
    (status = 200, description = "The feed", body = String, content_type = "application/atom+xml"),
    (status = 401, description = "No such key, or none where the group is not open to everybody, or is not there (`feed_key_needed`)"),
    (status = 404, description = "No such group, or none that the key's owner may read"),
))]
#[get("/groups/{group_id}/feed.atom")]
async fn export_group_feed(
    request: HttpRequest,
    db: web::Data<Db>,
    group_id: web::Path<GroupId>,
) -> Result<HttpResponse> {
    let (key, now) = (given(&request), Timestamp::now());
    let (opened, document) = db
        .read(move |conn| {
            let opened = key.as_ref().map(|key| open(conn, key)).transpose()?;
            let reader = opened.as_ref().map_or(Viewer(None), |(reader, _)| *reader);
            let group = queries::group(conn, &reader, *group_id);
            let group = group.map_err(|error| if key.is_none() { otherwise_needed(error) } else { error })?;
            let posts = queries::group_posts(conn, &reader, &group)?;
            Ok((opened, atom::write(Feed::of_group(group, posts))?))
        })
        .await?;
    match opened {
        Some((_, key)) => Ok(private(&db, &key, document, now).await),
        None => Ok(HttpResponse::Ok().content_type(MEDIA_TYPE).body(document)),
    }
}

/// Subscribe to articles
///
/// The 50 that were published last, as an Atom feed for everybody.
#[utoipa::path(tag = "articles", operation_id = "export_article_feed", security(()), responses(
    (status = 200, description = "The feed", body = String, content_type = "application/atom+xml"),
))]
#[get("/articles.atom")]
async fn export_article_feed(db: web::Data<Db>) -> Result<HttpResponse> {
    let now = Timestamp::now();
    let document = db.read(move |conn| atom::write(Feed::of_articles(queries::all_articles(conn)?, now))).await?;
    Ok(HttpResponse::Ok().content_type(MEDIA_TYPE).body(document))
}

/// Subscribe to one's groups
///
/// The newest 50 of the conversations in all groups of which the key's owner is a member at that moment, of those of other
/// groups that were shared with these, and of the articles that these groups contributed to, as an Atom feed.
#[utoipa::path(tag = "me", operation_id = "export_my_feed", security(("feed_key" = [])), responses(
    (status = 200, description = "The feed", body = String, content_type = "application/atom+xml"),
    (status = 401, description = "No such key, or none (`feed_key_needed`)"),
))]
#[get("/me/feed.atom")]
async fn export_my_feed(request: HttpRequest, db: web::Data<Db>) -> Result<HttpResponse> {
    let (secret, now) = (given(&request).ok_or_else(needed)?, Timestamp::now());
    let (key, document) = db
        .read(move |conn| {
            let (reader, key) = open(conn, &secret)?;
            let (posts, articles) = (queries::own_posts(conn, &reader)?, queries::own_articles(conn, &reader)?);
            let most = usize::try_from(queries::ENTRIES).unwrap_or_default();
            let document = atom::write(Feed::of_key(&key, posts, articles, most))?;
            Ok((key, document))
        })
        .await?;
    Ok(private(&db, &key, document, now).await)
}

/// List one's feed keys
///
/// All of them, at most 20; what opens feeds is not shown again.
#[utoipa::path(tag = "me", operation_id = "list_feed_keys", security(("bearer" = [])), responses(
    (status = 200, description = "The keys", body = FeedKeyPage),
))]
#[get("/me/feed-keys")]
async fn list_feed_keys(actor: Actor, db: web::Data<Db>) -> Result<HttpResponse> {
    let rows = db.read(move |conn| queries::list(conn, actor.user_id)).await?;
    let items = rows.into_iter().map(FeedKey::from).collect();
    Ok(json::ok(&FeedKeyPage { items, next_cursor: None }))
}

/// Make a feed key
///
/// It opens one's feeds: as a bearer's token, or as the password of HTTP Basic with any name. It reads what one may
/// read as a member, and nothing else. It is shown this once.
#[utoipa::path(tag = "me", operation_id = "create_feed_key", security(("bearer" = [])), request_body = NewFeedKey,
    responses(
    (status = 201, description = "The key", body = IssuedFeedKey),
    (status = 409, description = "One has 20 already (`in_use`)"),
))]
#[post("/me/feed-keys")]
async fn create_feed_key(actor: Actor, db: web::Data<Db>, once: Once, body: Body<NewFeedKey>) -> Result<HttpResponse> {
    let (new, now) = (body.0, Timestamp::now());
    once.write(actor, &db, move |conn| {
        users::queries::lock_belongings(conn, actor.user_id)?;
        policy::create(queries::count(conn, actor.user_id)?)?;
        let (secret, secret_hash) = tokens::new_feed_key()?;
        let row = FeedKeyRow {
            id: FeedKeyId::new(),
            user_id: actor.user_id,
            secret_hash,
            name: new.name.as_str().to_owned(),
            created_at: now,
            last_used_at: None,
        };
        queries::insert(conn, &row)?;
        Ok(Made::created(&IssuedFeedKey::new(row, secret))?.at("/api/v1/me/feed-keys".to_owned()))
    })
    .await
}

/// Revoke a feed key
///
/// It opens nothing from then on.
#[utoipa::path(tag = "me", operation_id = "revoke_feed_key", security(("bearer" = [])), responses(
    (status = 204, description = "Revoked"),
    (status = 404, description = "No such key of one's own"),
))]
#[delete("/me/feed-keys/{feed_key_id}")]
async fn revoke_feed_key(actor: Actor, db: web::Data<Db>, feed_key_id: web::Path<FeedKeyId>) -> Result<HttpResponse> {
    actor.write(&db, move |conn| queries::delete(conn, actor.user_id, *feed_key_id)).await?;
    Ok(json::no_content())
}
