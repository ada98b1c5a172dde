//! `/groups/{group_id}/feed.atom`, `/articles.atom`, `/me/feed.atom` and `/me/feed-tokens`. A feed takes no access
//! token: an address is kept in many places, so it holds a secret that opens nothing else and can be revoked.

use actix_web::http::header;
use actix_web::{HttpResponse, delete, get, post, web};
use utoipa_actix_web::service_config::ServiceConfig;

use super::atom::{self, Feed, MEDIA_TYPE};
use super::model::{
    FeedToken, FeedTokenPage, FeedTokenRow, GivenToken, GroupFeedQuery, IssuedFeedToken, MyFeedQuery, NewFeedToken,
};
use super::{policy, queries};
use crate::api::idempotency::{Made, Once};
use crate::api::users;
use crate::auth::actor::{Actor, Viewer};
use crate::auth::tokens;
use crate::db::{Conn, Db};
use crate::error::Result;
use crate::http::json::{self, Body};
use crate::http::query::Query;
use crate::types::{FeedTokenId, GroupId, Timestamp};

/// The routes of this feature.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config.service(export_group_feed).service(export_article_feed).service(export_my_feed);
    config.service(list_feed_tokens).service(create_feed_token).service(revoke_feed_token);
}

/// What a token opens: its owner's eyes. One that is unknown, was revoked, or whose owner's account is not in use opens
/// nothing.
fn open(conn: &mut Conn, token: &GivenToken) -> Result<(Viewer, FeedTokenRow)> {
    let row = queries::find(conn, &tokens::token_hash(token.as_str()))?;
    Ok((policy::reads_as(row.user_id), row))
}

/// A feed that only a token opens; no cache keeps it. That the token was used is noted, which fails no request.
async fn private(db: &Db, token: &FeedTokenRow, document: Vec<u8>, now: Timestamp) -> HttpResponse {
    if policy::is_noted(token.last_used_at, now) {
        let id = token.id;
        if let Err(error) = db.write(move |conn| queries::set_used(conn, id, now)).await {
            tracing::warn!(%error, "that a feed token was used was not noted");
        }
    }
    let no_store = (header::CACHE_CONTROL, "private, no-store");
    HttpResponse::Ok().content_type(MEDIA_TYPE).insert_header(no_store).body(document)
}

/// Subscribe to a group
///
/// The newest 50 conversations, as an Atom feed. Public groups are open to everybody; any other group only with a feed
/// token of somebody who is a member at that moment.
#[utoipa::path(tag = "posts", operation_id = "export_group_feed", security(()), params(GroupFeedQuery), responses(
    (status = 200, description = "The feed", body = String, content_type = "application/atom+xml"),
    (status = 404, description = "No such group, none that may be read, or no such token"),
))]
#[get("/groups/{group_id}/feed.atom")]
async fn export_group_feed(
    db: web::Data<Db>,
    group_id: web::Path<GroupId>,
    query: Query<GroupFeedQuery>,
) -> Result<HttpResponse> {
    let (token, now) = (query.into_inner().token, Timestamp::now());
    let (opened, document) = db
        .read(move |conn| {
            let opened = token.as_ref().map(|token| open(conn, token)).transpose()?;
            let reader = opened.as_ref().map_or(Viewer(None), |(reader, _)| *reader);
            let group = queries::group(conn, &reader, *group_id)?;
            let posts = queries::group_posts(conn, &reader, &group)?;
            Ok((opened, atom::write(Feed::of_group(group, posts))?))
        })
        .await?;
    match opened {
        Some((_, token)) => Ok(private(&db, &token, document, now).await),
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
/// The newest 50 of the conversations in all groups of which the token's owner is a member at that moment, of those of other
/// groups that were shared with these, and of the articles that these groups contributed to, as an Atom feed.
#[utoipa::path(tag = "me", operation_id = "export_my_feed", security(()), params(MyFeedQuery), responses(
    (status = 200, description = "The feed", body = String, content_type = "application/atom+xml"),
    (status = 404, description = "No such token"),
))]
#[get("/me/feed.atom")]
async fn export_my_feed(db: web::Data<Db>, query: Query<MyFeedQuery>) -> Result<HttpResponse> {
    let (token, now) = (query.into_inner().token, Timestamp::now());
    let (token, document) = db
        .read(move |conn| {
            let (reader, token) = open(conn, &token)?;
            let (posts, articles) = (queries::own_posts(conn, &reader)?, queries::own_articles(conn, &reader)?);
            let most = usize::try_from(queries::ENTRIES).unwrap_or_default();
            let document = atom::write(Feed::of_token(&token, posts, articles, most))?;
            Ok((token, document))
        })
        .await?;
    Ok(private(&db, &token, document, now).await)
}

/// List one's feed tokens
///
/// All of them, at most 20; what opens feeds is not shown again.
#[utoipa::path(tag = "me", operation_id = "list_feed_tokens", security(("bearer" = [])), responses(
    (status = 200, description = "The tokens", body = FeedTokenPage),
))]
#[get("/me/feed-tokens")]
async fn list_feed_tokens(actor: Actor, db: web::Data<Db>) -> Result<HttpResponse> {
    let rows = db.read(move |conn| queries::list(conn, actor.user_id)).await?;
    let items = rows.into_iter().map(FeedToken::from).collect();
    Ok(json::ok(&FeedTokenPage { items, next_cursor: None }))
}

/// Make a feed token
///
/// It goes into the address of a feed, as `?token=`. It reads what one may read as a member, and nothing else; whoever
/// has the address has it. It is shown this once.
#[utoipa::path(tag = "me", operation_id = "create_feed_token", security(("bearer" = [])), request_body = NewFeedToken,
    responses(
    (status = 201, description = "The token", body = IssuedFeedToken),
    (status = 409, description = "One has 20 already (`invalid_state`, `in_use`)"),
))]
#[post("/me/feed-tokens")]
async fn create_feed_token(
    actor: Actor,
    db: web::Data<Db>,
    once: Once,
    body: Body<NewFeedToken>,
) -> Result<HttpResponse> {
    let (new, now) = (body.0, Timestamp::now());
    once.write(actor, &db, move |conn| {
        users::queries::lock_belongings(conn, actor.user_id)?;
        policy::create(queries::count(conn, actor.user_id)?)?;
        let (token, token_hash) = tokens::new_feed_token()?;
        let row = FeedTokenRow {
            id: FeedTokenId::new(),
            user_id: actor.user_id,
            token_hash,
            name: new.name.as_str().to_owned(),
            created_at: now,
            last_used_at: None,
        };
        queries::insert(conn, &row)?;
        Ok(Made::created(&IssuedFeedToken::new(row, token))?.at("/api/v1/me/feed-tokens".to_owned()))
    })
    .await
}

/// Revoke a feed token
///
/// Addresses with it open nothing from then on.
#[utoipa::path(tag = "me", operation_id = "revoke_feed_token", security(("bearer" = [])), responses(
    (status = 204, description = "Revoked"),
    (status = 404, description = "No such token of one's own"),
))]
#[delete("/me/feed-tokens/{feed_token_id}")]
async fn revoke_feed_token(
    actor: Actor,
    db: web::Data<Db>,
    feed_token_id: web::Path<FeedTokenId>,
) -> Result<HttpResponse> {
    actor.write(&db, move |conn| queries::delete(conn, actor.user_id, *feed_token_id)).await?;
    Ok(json::no_content())
}
