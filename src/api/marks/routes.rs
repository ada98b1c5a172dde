//! `/posts/{post_id}/bookmark`, `…/follow`, `…/read`, `/groups/{group_id}/read`, `/me/bookmarks` and `/me/unread`.

use actix_web::{HttpRequest, HttpResponse, delete, get, post, put, web};
use utoipa_actix_web::service_config::ServiceConfig;

use super::model::{GroupUnreadPage, MarkQuery, ReadPosts};
use super::{policy, queries};
use crate::api::memberships::access::Access;
use crate::api::memberships::model::Action;
use crate::api::posts;
use crate::api::posts::model::{PostHead, PostPage};
use crate::auth::actor::Actor;
use crate::db::{Conn, Db};
use crate::error::{Code, Error, Result};
use crate::http::json::{self, Body};
use crate::http::page::{self, Page};
use crate::http::query::Query;
use crate::types::{GroupId, PostId, Timestamp};

/// The routes of this feature.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config.service(list_my_bookmarks).service(list_my_unread);
    config.service(bookmark_post).service(unbookmark_post);
    config.service(follow_post).service(unfollow_post);
    config.service(read_post).service(read_posts).service(read_group);
}

/// List one's bookmarks
///
/// The posts that one keeps, those kept last first, as far as one may read them now.
#[utoipa::path(tag = "me", operation_id = "list_my_bookmarks",
    security(("bearer" = []), ("api_key" = ["account:read", "posts:read"])), params(MarkQuery), responses(
    (status = 200, description = "One page of posts", body = PostPage),
))]
#[get("/me/bookmarks")]
async fn list_my_bookmarks(
    request: HttpRequest,
    actor: Actor,
    db: web::Data<Db>,
    query: Query<MarkQuery>,
) -> Result<HttpResponse> {
    let now = Timestamp::now();
    let page = Page::<i64>::new("bookmarks", &actor.user_id, query.limit, query.cursor.as_deref())?;
    let body = db
        .read(move |conn| {
            let viewer = actor.viewer();
            let kept = queries::bookmarks(conn, &viewer, &page)?;
            let (kept, next_cursor) = page.cut(kept, |(post, at)| (at.micros(), post.uuid()));
            let ids: Vec<PostId> = kept.into_iter().map(|(post, _)| post).collect();
            let found = queries::in_order(&ids, posts::queries::find_all(conn, &viewer, &ids)?);
            let items = posts::views::of_groups(conn, &viewer, found, now)?;
            Ok(PostPage { items, deleted: Vec::new(), next_cursor })
        })
        .await?;
    Ok(page::ok(&request, &body, body.next_cursor.as_deref()))
}

/// List what is unread
///
/// For each group of which one is a member, how many conversations hold something that one has not read since one became a
/// member: the newest groups first, those with nothing unread left out.
#[utoipa::path(tag = "me", operation_id = "list_my_unread",
    security(("bearer" = []), ("api_key" = ["account:read", "posts:read"])), params(MarkQuery), responses(
    (status = 200, description = "One page of groups", body = GroupUnreadPage),
))]
#[get("/me/unread")]
async fn list_my_unread(
    request: HttpRequest,
    actor: Actor,
    db: web::Data<Db>,
    query: Query<MarkQuery>,
) -> Result<HttpResponse> {
    let page = Page::<i64>::new("unread", &actor.user_id, query.limit, query.cursor.as_deref())?;
    let cut = page.clone();
    let counted = db.read(move |conn| queries::unread(conn, &actor.viewer(), &page)).await?;
    let (items, next_cursor) = cut.cut(counted, |group| (0, group.group_id.uuid()));
    let body = GroupUnreadPage { items, next_cursor };
    Ok(page::ok(&request, &body, body.next_cursor.as_deref()))
}

/// Marks a post for the caller, who may read it.
async fn mark(
    actor: Actor,
    db: &Db,
    post: PostId,
    change: impl Fn(&mut Conn, &PostHead) -> Result<()> + Send + 'static,
) -> Result<HttpResponse> {
    actor
        .write(db, move |conn| {
            let (_, head) = posts::queries::access(conn, actor.viewer(), post)?;
            policy::mark(&head)?;
            change(conn, &head)
        })
        .await?;
    Ok(json::no_content())
}

/// Bookmark a post
///
/// Keeps it for oneself. Doing it again changes nothing.
#[utoipa::path(tag = "posts", operation_id = "bookmark_post",
    security(("bearer" = []), ("api_key" = ["posts:write"])), responses(
    (status = 204, description = "It is kept"),
    (status = 403, description = "An administrator, who is no member, marks nothing there (`access_reason_needed`)"),
    (status = 404, description = "No such post"),
    (status = 409, description = "Not published (`invalid_state`)"),
))]
#[put("/posts/{post_id}/bookmark")]
async fn bookmark_post(actor: Actor, db: web::Data<Db>, post_id: web::Path<PostId>) -> Result<HttpResponse> {
    let now = Timestamp::now();
    let keep = move |conn: &mut Conn, head: &PostHead| queries::set_bookmark(conn, actor.user_id, head.id, true, now);
    mark(actor, &db, *post_id, keep).await
}

/// Take a bookmark away
///
/// Doing it again changes nothing.
#[utoipa::path(tag = "posts", operation_id = "unbookmark_post",
    security(("bearer" = []), ("api_key" = ["posts:write"])), responses(
    (status = 204, description = "It is not kept"),
    (status = 403, description = "An administrator, who is no member, marks nothing there (`access_reason_needed`)"),
    (status = 404, description = "No such post"),
    (status = 409, description = "Not published (`invalid_state`)"),
))]
#[delete("/posts/{post_id}/bookmark")]
async fn unbookmark_post(actor: Actor, db: web::Data<Db>, post_id: web::Path<PostId>) -> Result<HttpResponse> {
    let now = Timestamp::now();
    let drop = move |conn: &mut Conn, head: &PostHead| queries::set_bookmark(conn, actor.user_id, head.id, false, now);
    mark(actor, &db, *post_id, drop).await
}

/// Follow a post
///
/// One is told of replies, as one is without asking where one has written. Doing it again changes nothing.
#[utoipa::path(tag = "posts", operation_id = "follow_post",
    security(("bearer" = []), ("api_key" = ["posts:write"])), responses(
    (status = 204, description = "One is told of replies"),
    (status = 403, description = "An administrator, who is no member, marks nothing there (`access_reason_needed`)"),
    (status = 404, description = "No such post"),
    (status = 409, description = "Not published (`invalid_state`)"),
))]
#[put("/posts/{post_id}/follow")]
async fn follow_post(actor: Actor, db: web::Data<Db>, post_id: web::Path<PostId>) -> Result<HttpResponse> {
    mark(actor, &db, *post_id, move |conn, head| queries::set_follows(conn, actor.user_id, head.id, true)).await
}

/// Follow a post no more
///
/// One is not told of replies, even where one writes. Doing it again changes nothing.
#[utoipa::path(tag = "posts", operation_id = "unfollow_post",
    security(("bearer" = []), ("api_key" = ["posts:write"])), responses(
    (status = 204, description = "One is not told of replies"),
    (status = 403, description = "An administrator, who is no member, marks nothing there (`access_reason_needed`)"),
    (status = 404, description = "No such post"),
    (status = 409, description = "Not published (`invalid_state`)"),
))]
#[delete("/posts/{post_id}/follow")]
async fn unfollow_post(actor: Actor, db: web::Data<Db>, post_id: web::Path<PostId>) -> Result<HttpResponse> {
    mark(actor, &db, *post_id, move |conn, head| queries::set_follows(conn, actor.user_id, head.id, false)).await
}

/// Mark a post as read
///
/// With all comments that are on it now.
#[utoipa::path(tag = "posts", operation_id = "read_post",
    security(("bearer" = []), ("api_key" = ["posts:write"])), responses(
    (status = 204, description = "Read"),
    (status = 403, description = "An administrator, who is no member, marks nothing there (`access_reason_needed`)"),
    (status = 404, description = "No such post"),
    (status = 409, description = "Not published (`invalid_state`)"),
))]
#[put("/posts/{post_id}/read")]
async fn read_post(actor: Actor, db: web::Data<Db>, post_id: web::Path<PostId>) -> Result<HttpResponse> {
    let read =
        move |conn: &mut Conn, head: &PostHead| queries::set_read(conn, actor.user_id, head.group_id, &[head.id]);
    mark(actor, &db, *post_id, read).await
}

/// Mark posts as read
///
/// Up to 100 of a group, with all comments that are on them now. Those that are not there are passed over.
#[utoipa::path(tag = "posts", operation_id = "read_posts",
    security(("bearer" = []), ("api_key" = ["posts:write"])), request_body = ReadPosts, responses(
    (status = 204, description = "Read"),
    (status = 403, description = "Members only (`members_only`, `access_reason_needed`)"),
    (status = 404, description = "No such group"),
))]
#[post("/groups/{group_id}/posts:read")]
async fn read_posts(
    actor: Actor,
    db: web::Data<Db>,
    group_id: web::Path<GroupId>,
    body: Body<ReadPosts>,
) -> Result<HttpResponse> {
    let ids = body.0.post_ids.0;
    actor
        .write(&db, move |conn| {
            let access = Access::find(conn, actor.viewer(), *group_id)?;
            access.require(Action::ReadPosts)?;
            queries::set_read(conn, actor.user_id, access.group_id(), &ids)
        })
        .await?;
    Ok(json::no_content())
}

/// Mark all of a group as read
///
/// For members: all that came out until now.
#[utoipa::path(tag = "posts", operation_id = "read_group",
    security(("bearer" = []), ("api_key" = ["posts:write"])), responses(
    (status = 204, description = "Read"),
    (status = 403, description = "Members only (`members_only`)"),
    (status = 404, description = "No such group"),
))]
#[put("/groups/{group_id}/read")]
async fn read_group(actor: Actor, db: web::Data<Db>, group_id: web::Path<GroupId>) -> Result<HttpResponse> {
    actor
        .write(&db, move |conn| {
            let access = Access::find(conn, actor.viewer(), *group_id)?;
            if access.standing().role().is_none() {
                return Err(Error::new(Code::MembersOnly, "Nothing is unread for who is no member."));
            }
            queries::set_all_read(conn, &access)
        })
        .await?;
    Ok(json::no_content())
}
