//! `/me/feed` and `/groups/{group_id}/activity`.

use std::collections::HashMap;

use actix_web::{HttpRequest, HttpResponse, get, web};
use utoipa_actix_web::service_config::ServiceConfig;

use super::model::{Activity, ActivityKind, ActivityPage, FeedItem, FeedPage, FeedQuery, Happened};
use super::{policy, queries};
use crate::api::memberships::access::{Access, Reader};
use crate::api::memberships::model::Action;
use crate::api::posts;
use crate::auth::actor::{Actor, Viewer};
use crate::db::{Conn, Db};
use crate::error::Result;
use crate::http::page::{self, Page};
use crate::http::query::Query;
use crate::types::{ArticleId, GroupId, PostId, Timestamp};

/// The routes of this feature.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config.service(list_my_feed).service(list_group_activity);
}

/// List what is new in one's groups
///
/// The conversations of all groups of which one is a member, those of other groups that were shared with these, and the articles
/// that they contributed to: what was published, commented on or shared last comes first.
#[utoipa::path(tag = "me", operation_id = "list_my_feed",
    security(("bearer" = []), ("api_key" = ["account:read", "posts:read"])), params(FeedQuery), responses(
    (status = 200, description = "One page of the feed", body = FeedPage),
))]
#[get("/me/feed")]
async fn list_my_feed(
    request: HttpRequest,
    actor: Actor,
    db: web::Data<Db>,
    query: Query<FeedQuery>,
) -> Result<HttpResponse> {
    let page = Page::<i64>::new("feed", &actor.user_id, query.limit, query.cursor.as_deref())?;
    let body = db
        .read(move |conn| {
            let items = feed(conn, &actor.viewer(), &page)?;
            let (items, next_cursor) = page.cut(items, FeedItem::place);
            Ok(FeedPage { items, next_cursor })
        })
        .await?;
    Ok(page::ok(&request, &body, body.next_cursor.as_deref()))
}

fn feed(conn: &mut Conn, viewer: &Viewer, page: &Page<i64>) -> Result<Vec<FeedItem>> {
    let rows = usize::try_from(page.rows()).unwrap_or(usize::MAX);
    let mut places = queries::posts(conn, viewer, page)?;
    places.extend(queries::shared(conn, viewer, page)?);
    let places = policy::merged(vec![places], |(at, id)| (at.micros(), *id), rows);
    let places: HashMap<PostId, Timestamp> = places.into_iter().map(|(at, id)| (PostId::from(id), at)).collect();
    let ids: Vec<PostId> = places.keys().copied().collect();
    let found = posts::queries::find_all(conn, viewer, &ids)?;
    let written = posts::views::briefs(conn, viewer, found)?.into_iter();
    let written = written.filter_map(|(found, reading)| {
        let at = *places.get(&found.row.id)?;
        Some(FeedItem::post(found, &reading, at))
    });
    let articles = queries::articles(conn, viewer, page)?;
    let named: Vec<ArticleId> = articles.iter().map(|article| article.id).collect();
    let contributors = if named.is_empty() { Vec::new() } else { queries::contributors(conn, viewer, &named)? };
    let published = articles.into_iter().filter_map(|article| {
        let groups = contributors.iter().filter(|(id, _)| *id == article.id).map(|(_, group)| *group).collect();
        let at = article.published_at?;
        Some(FeedItem::article(article, groups, at))
    });
    Ok(policy::merged(vec![written.collect(), published.collect()], FeedItem::place, rows))
}

/// List what happened in a group
///
/// Conversations, those shared from other groups, comments and articles, the latest first: what makes the group active, for whoever reads its conversations. The
/// first one's date is the group's `last_active_at`.
#[utoipa::path(tag = "groups", operation_id = "list_group_activity",
    security((), ("bearer" = []), ("api_key" = ["posts:read"])),
    params(FeedQuery, ("Praxis-Access-Reason" = Option<String>, Header, description = "Why an administrator who is no member reads this")), responses(
    (status = 200, description = "One page of what happened", body = ActivityPage),
    (status = 403, description = "Members only (`members_only`)"),
    (status = 404, description = "No such group"),
))]
#[get("/groups/{group_id}/activity")]
async fn list_group_activity(
    request: HttpRequest,
    reader: Reader,
    db: web::Data<Db>,
    group_id: web::Path<GroupId>,
    query: Query<FeedQuery>,
) -> Result<HttpResponse> {
    let page = Page::<i64>::new("activity", &*group_id, query.limit, query.cursor.as_deref())?;
    let body = reader
        .read(&db, Action::ReadPosts, move |conn, viewer| {
            let access = Access::find(conn, viewer, *group_id)?;
            access.require(Action::ReadPosts)?;
            let rows = usize::try_from(page.rows()).unwrap_or(usize::MAX);
            let of = |kind, found: Vec<Happened>| {
                found.into_iter().filter_map(|found| Activity::new(kind, found)).collect::<Vec<_>>()
            };
            let has_shares = access.standing().group.has_shares;
            let shared = if has_shares { queries::shares_of(conn, &access, &page)? } else { Vec::new() };
            let lists = vec![
                of(ActivityKind::Post, queries::posts_of(conn, &access, &page)?),
                of(ActivityKind::Share, shared),
                of(ActivityKind::Comment, queries::comments_of(conn, &access, &page)?),
                of(ActivityKind::Article, queries::articles_of(conn, &access, &page)?),
            ];
            let items = policy::merged(lists, Activity::place, rows);
            let (items, next_cursor) = page.cut(items, Activity::place);
            Ok((access, ActivityPage { items, next_cursor }))
        })
        .await?;
    Ok(page::ok(&request, &body, body.next_cursor.as_deref()))
}
