//! `/groups/{group_id}/posts`, `/posts`, `/posts/{post_id}/comments` and `/comments`.

use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, web};
use utoipa_actix_web::service_config::ServiceConfig;

use super::model::{
    Authored, Comment, CommentPage, CommentPatch, CommentQuery, CommentRow, MAX_DEPTH, NewComment, NewPost, Post,
    PostAction, PostPage, PostPatch, PostQuery, PostRow,
};
use super::{policy, queries};
use crate::api::audit;
use crate::api::audit::model::{AuditAction, AuditTarget, Entry};
use crate::api::memberships::access::{Access, Reader};
use crate::api::memberships::model::Action;
use crate::auth::actor::Actor;
use crate::db::Db;
use crate::error::Result;
use crate::http::json::{self, Body};
use crate::http::page::{self, Page};
use crate::http::query::Query;
use crate::types::{CommentId, GroupId, PostId, Timestamp};

/// The routes of this feature.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config.service(list_posts).service(create_post);
    config.service(get_post).service(update_post).service(delete_post);
    config.service(list_comments).service(create_comment);
    config.service(get_comment).service(update_comment).service(delete_comment);
}

fn post_view(access: &Access, authored: Authored<PostRow>) -> Post {
    let can = policy::can(access, authored.row.author_id);
    Post::new(authored, can)
}

fn comment_view(access: &Access, authored: Authored<CommentRow>) -> Comment {
    let mut can = policy::can(access, authored.row.author_id);
    can.retain(|action| *action != PostAction::Comment || authored.row.depth < MAX_DEPTH);
    Comment::new(authored, can)
}

/// List the conversations of a group
///
/// Newest first, for whoever may read them.
#[utoipa::path(tag = "posts", operation_id = "list_posts", security((), ("bearer" = [])),
    params(PostQuery, ("Praxis-Access-Reason" = Option<String>, Header, description = "Why an administrator who is no member reads this")), responses(
    (status = 200, description = "One page of posts", body = PostPage),
    (status = 403, description = "Members only"),
    (status = 404, description = "No such group"),
))]
#[get("/groups/{group_id}/posts")]
async fn list_posts(
    request: HttpRequest,
    reader: Reader,
    db: web::Data<Db>,
    group_id: web::Path<GroupId>,
    query: Query<PostQuery>,
) -> Result<HttpResponse> {
    let query = query.into_inner();
    let page = Page::<i64>::new("posts", &(*group_id, query.kind), query.limit, query.cursor.as_deref())?;
    let body = reader
        .read(&db, Action::ReadPosts, move |conn, viewer| {
            let access = Access::find(conn, viewer, *group_id)?;
            access.require(Action::ReadPosts)?;
            let posts = queries::list(conn, &access, &query, &page)?;
            let (posts, next_cursor) = page.cut(posts, |post| (post.row.created_at.micros(), post.row.id.uuid()));
            let items = posts.into_iter().map(|post| post_view(&access, post)).collect();
            Ok((access, PostPage { items, next_cursor }))
        })
        .await?;
    Ok(page::ok(&request, &body, body.next_cursor.as_deref()))
}

/// Begin a conversation
///
/// For members, or for facilitators only where the group says so. It makes the group active now.
#[utoipa::path(tag = "posts", operation_id = "create_post", security(("bearer" = [])), request_body = NewPost, responses(
    (status = 201, description = "The post", body = Post, headers(("Location" = String, description = "Where it is"))),
    (status = 403, description = "Members only, or facilitators only"),
    (status = 404, description = "No such group"),
    (status = 409, description = "The group is archived, or its rules are not accepted"),
))]
#[post("/groups/{group_id}/posts")]
async fn create_post(
    actor: Actor,
    db: web::Data<Db>,
    group_id: web::Path<GroupId>,
    body: Body<NewPost>,
) -> Result<HttpResponse> {
    let (new, now) = (body.0, Timestamp::now());
    let post = actor
        .write(&db, move |conn| {
            let access = Access::lock(conn, actor.viewer(), *group_id)?;
            policy::create(&access, new.kind)?;
            let post = queries::insert(conn, &access, &new, now)?;
            Ok(post_view(&access, post))
        })
        .await?;
    Ok(json::created(&format!("/api/v1/posts/{}", post.id), &post))
}

/// Get a post
///
/// For whoever may read the group's conversations; for others there is no such post.
#[utoipa::path(tag = "posts", operation_id = "get_post", security((), ("bearer" = [])), params(("Praxis-Access-Reason" = Option<String>, Header, description = "Why an administrator who is no member reads this")), responses(
    (status = 200, description = "The post", body = Post),
    (status = 404, description = "No such post"),
))]
#[get("/posts/{post_id}")]
async fn get_post(reader: Reader, db: web::Data<Db>, post_id: web::Path<PostId>) -> Result<HttpResponse> {
    let post = reader
        .read(&db, Action::ReadPosts, move |conn, viewer| {
            let (access, post) = queries::get(conn, viewer, *post_id)?;
            let post = post_view(&access, post);
            Ok((access, post))
        })
        .await?;
    Ok(json::ok(&post))
}

/// Change a post
///
/// For its author. It does not count as activity.
#[utoipa::path(tag = "posts", operation_id = "update_post", security(("bearer" = [])), request_body = PostPatch, responses(
    (status = 200, description = "The post as it is now", body = Post),
    (status = 403, description = "Not the author, or not a member any more"),
    (status = 404, description = "No such post"),
    (status = 409, description = "The group is archived, or its rules are not accepted"),
))]
#[patch("/posts/{post_id}")]
async fn update_post(
    actor: Actor,
    db: web::Data<Db>,
    post_id: web::Path<PostId>,
    patch: Body<PostPatch>,
) -> Result<HttpResponse> {
    let now = Timestamp::now();
    let post = actor
        .write(&db, move |conn| {
            let (access, post) = queries::lock(conn, actor.viewer(), *post_id)?;
            policy::require(&access, post.row.author_id, PostAction::Edit)?;
            let post = queries::update(conn, post.row.id, &patch.0, now)?;
            Ok(post_view(&access, post))
        })
        .await?;
    Ok(json::ok(&post))
}

/// Delete a post
///
/// For its author and for facilitators. Its comments go with it, and the group was last active when it was before.
#[utoipa::path(tag = "posts", operation_id = "delete_post", security(("bearer" = [])), params(("Praxis-Access-Reason" = Option<String>, Header, description = "Why an administrator who is no member reads this")), responses(
    (status = 204, description = "Deleted"),
    (status = 403, description = "Not for this caller"),
    (status = 404, description = "No such post"),
    (status = 409, description = "The group is archived, or its rules are not accepted"),
))]
#[delete("/posts/{post_id}")]
async fn delete_post(reader: Reader, db: web::Data<Db>, post_id: web::Path<PostId>) -> Result<HttpResponse> {
    let now = Timestamp::now();
    reader
        .write(&db, Action::ReadPosts, move |conn, actor| {
            let (access, post) = queries::lock(conn, actor.viewer(), *post_id)?;
            policy::require(&access, post.row.author_id, PostAction::Delete)?;
            queries::delete(conn, &access, post.row.id, now)?;
            if actor.user_id != post.row.author_id {
                let entry = Entry::new(AuditAction::ContentDeleted, AuditTarget::Post, post.row.id.uuid());
                audit::queries::record(conn, Some(&actor), entry.within(post.row.group_id), now)?;
            }
            Ok((access, ()))
        })
        .await?;
    Ok(json::no_content())
}

/// List the comments on a post
///
/// Oldest first, all levels in one list.
#[utoipa::path(tag = "posts", operation_id = "list_comments", security((), ("bearer" = [])),
    params(CommentQuery, ("Praxis-Access-Reason" = Option<String>, Header, description = "Why an administrator who is no member reads this")), responses(
    (status = 200, description = "One page of comments", body = CommentPage),
    (status = 404, description = "No such post"),
))]
#[get("/posts/{post_id}/comments")]
async fn list_comments(
    request: HttpRequest,
    reader: Reader,
    db: web::Data<Db>,
    post_id: web::Path<PostId>,
    query: Query<CommentQuery>,
) -> Result<HttpResponse> {
    let page = Page::<i64>::new("comments", &*post_id, query.limit, query.cursor.as_deref())?;
    let body = reader
        .read(&db, Action::ReadPosts, move |conn, viewer| {
            let access = queries::access(conn, viewer, *post_id)?;
            let comments = queries::list_comments(conn, *post_id, &page)?;
            let (comments, next_cursor) = page.cut(comments, |item| (item.row.created_at.micros(), item.row.id.uuid()));
            let items = comments.into_iter().map(|item| comment_view(&access, item)).collect();
            Ok((access, CommentPage { items, next_cursor }))
        })
        .await?;
    Ok(page::ok(&request, &body, body.next_cursor.as_deref()))
}

/// Comment on a post
///
/// For members. It makes the group active now.
#[utoipa::path(tag = "posts", operation_id = "create_comment", security(("bearer" = [])), request_body = NewComment,
    responses(
    (status = 201, description = "The comment", body = Comment,
        headers(("Location" = String, description = "Where it is"))),
    (status = 403, description = "Members only"),
    (status = 404, description = "No such post"),
    (status = 409, description = "The group is archived, or its rules are not accepted"),
))]
#[post("/posts/{post_id}/comments")]
async fn create_comment(
    actor: Actor,
    db: web::Data<Db>,
    post_id: web::Path<PostId>,
    body: Body<NewComment>,
) -> Result<HttpResponse> {
    let (new, now) = (body.0, Timestamp::now());
    let comment = actor
        .write(&db, move |conn| {
            let (access, post) = queries::lock(conn, actor.viewer(), *post_id)?;
            policy::require(&access, post.row.author_id, PostAction::Comment)?;
            let comment = queries::insert_comment(conn, &access, post.row.id, &new, now)?;
            Ok(comment_view(&access, comment))
        })
        .await?;
    Ok(json::created(&format!("/api/v1/comments/{}", comment.id), &comment))
}

/// Get a comment
///
/// For whoever may read the group's conversations; for others there is no such comment.
#[utoipa::path(tag = "posts", operation_id = "get_comment", security((), ("bearer" = [])), params(("Praxis-Access-Reason" = Option<String>, Header, description = "Why an administrator who is no member reads this")), responses(
    (status = 200, description = "The comment", body = Comment),
    (status = 404, description = "No such comment"),
))]
#[get("/comments/{comment_id}")]
async fn get_comment(reader: Reader, db: web::Data<Db>, comment_id: web::Path<CommentId>) -> Result<HttpResponse> {
    let comment = reader
        .read(&db, Action::ReadPosts, move |conn, viewer| {
            let (access, comment) = queries::get_comment(conn, viewer, *comment_id)?;
            let comment = comment_view(&access, comment);
            Ok((access, comment))
        })
        .await?;
    Ok(json::ok(&comment))
}

/// Change a comment
///
/// For its author. It does not count as activity.
#[utoipa::path(tag = "posts", operation_id = "update_comment", security(("bearer" = [])), request_body = CommentPatch,
    responses(
    (status = 200, description = "The comment as it is now", body = Comment),
    (status = 403, description = "Not the author, or not a member any more"),
    (status = 404, description = "No such comment"),
    (status = 409, description = "The group is archived, or its rules are not accepted"),
))]
#[patch("/comments/{comment_id}")]
async fn update_comment(
    actor: Actor,
    db: web::Data<Db>,
    comment_id: web::Path<CommentId>,
    patch: Body<CommentPatch>,
) -> Result<HttpResponse> {
    let now = Timestamp::now();
    let comment = actor
        .write(&db, move |conn| {
            let (access, comment) = queries::lock_comment(conn, actor.viewer(), *comment_id)?;
            policy::require(&access, comment.row.author_id, PostAction::Edit)?;
            let comment = queries::update_comment(conn, comment.row.id, &patch.0, now)?;
            Ok(comment_view(&access, comment))
        })
        .await?;
    Ok(json::ok(&comment))
}

/// Delete a comment
///
/// For its author and for facilitators. While others answer it, its place stays, without words or author.
#[utoipa::path(tag = "posts", operation_id = "delete_comment", security(("bearer" = [])), params(("Praxis-Access-Reason" = Option<String>, Header, description = "Why an administrator who is no member reads this")), responses(
    (status = 204, description = "Deleted"),
    (status = 403, description = "Not for this caller"),
    (status = 404, description = "No such comment"),
    (status = 409, description = "The group is archived, or its rules are not accepted"),
))]
#[delete("/comments/{comment_id}")]
async fn delete_comment(reader: Reader, db: web::Data<Db>, comment_id: web::Path<CommentId>) -> Result<HttpResponse> {
    let now = Timestamp::now();
    reader
        .write(&db, Action::ReadPosts, move |conn, actor| {
            let (access, comment) = queries::lock_comment(conn, actor.viewer(), *comment_id)?;
            policy::require(&access, comment.row.author_id, PostAction::Delete)?;
            queries::delete_comment(conn, &comment.row, now)?;
            if actor.user_id != comment.row.author_id {
                let entry = Entry::new(AuditAction::ContentDeleted, AuditTarget::Comment, comment.row.id.uuid());
                audit::queries::record(conn, Some(&actor), entry.within(comment.row.group_id), now)?;
            }
            Ok((access, ()))
        })
        .await?;
    Ok(json::no_content())
}
