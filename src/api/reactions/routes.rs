//! `/posts/{post_id}/reactions/{reaction_kind}` and `/comments/{comment_id}/reactions/{reaction_kind}`.

use actix_web::{HttpResponse, delete, put, web};
use utoipa_actix_web::service_config::ServiceConfig;

use super::model::{ReactionRow, ReactionSummary};
use super::{policy, queries};
use crate::api::posts::model::ReactionKind;
use crate::api::{comments, posts};
use crate::auth::actor::Actor;
use crate::db::{Conn, Db};
use crate::error::Result;
use crate::http::json;
use crate::types::{CommentId, PostId, TargetId, Timestamp};

/// The routes of this feature.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config.service(add_post_reaction).service(remove_post_reaction);
    config.service(add_comment_reaction).service(remove_comment_reaction);
}

/// What somebody reacts to, and where it is; refused where they may not.
fn of_post(conn: &mut Conn, actor: Actor, post: PostId) -> Result<(TargetId, PostId)> {
    let (access, head) = posts::queries::lock(conn, actor.viewer(), post)?;
    policy::react(&access, &head, None)?;
    Ok((head.id.uuid().into(), head.id))
}

fn of_comment(conn: &mut Conn, actor: Actor, comment: CommentId) -> Result<(TargetId, PostId)> {
    let (access, head, found) = comments::queries::lock(conn, actor.viewer(), comment)?;
    policy::react(&access, &head, Some((found.row.author_id, found.row.pseudonym_id)))?;
    Ok((found.row.id.uuid().into(), head.id))
}

/// Adds a reaction to what `find` finds, or takes it back.
async fn change(
    actor: Actor,
    db: &Db,
    kind: ReactionKind,
    is_added: bool,
    find: impl Fn(&mut Conn) -> Result<(TargetId, PostId)> + Send + 'static,
) -> Result<HttpResponse> {
    let now = Timestamp::now();
    let summary = actor
        .write(db, move |conn| {
            let (target_id, post_id) = find(conn)?;
            if is_added {
                let row = ReactionRow { target_id, kind, user_id: actor.user_id, post_id, created_at: now };
                queries::insert(conn, &row)?;
            } else {
                queries::delete(conn, target_id, kind, actor.user_id)?;
            }
            queries::summary(conn, target_id, actor.user_id)
        })
        .await?;
    Ok(json::ok(&summary))
}

/// React to a post
///
/// For members; one of each kind a person. Doing it again changes nothing. It does not count as activity.
#[utoipa::path(tag = "posts", operation_id = "add_post_reaction",
    security(("bearer" = []), ("api_key" = ["posts:write"])), responses(
    (status = 200, description = "The reactions as they are now", body = ReactionSummary),
    (status = 403, description = "Members only (`members_only`)"),
    (status = 404, description = "No such post"),
    (status = 409, description = "The group is archived, or its rules are not accepted (`archived`, `rules_not_accepted`)"),
))]
#[put("/posts/{post_id}/reactions/{reaction_kind}")]
async fn add_post_reaction(
    actor: Actor,
    db: web::Data<Db>,
    path: web::Path<(PostId, ReactionKind)>,
) -> Result<HttpResponse> {
    let (post, kind) = path.into_inner();
    change(actor, &db, kind, true, move |conn| of_post(conn, actor, post)).await
}

/// Take a reaction to a post back
///
/// Doing it again changes nothing.
#[utoipa::path(tag = "posts", operation_id = "remove_post_reaction",
    security(("bearer" = []), ("api_key" = ["posts:write"])), responses(
    (status = 200, description = "The reactions as they are now", body = ReactionSummary),
    (status = 403, description = "Members only (`members_only`, `access_reason_needed`)"),
    (status = 404, description = "No such post"),
    (status = 409, description = "The group is archived, or its rules are not accepted (`archived`, `rules_not_accepted`)"),
))]
#[delete("/posts/{post_id}/reactions/{reaction_kind}")]
async fn remove_post_reaction(
    actor: Actor,
    db: web::Data<Db>,
    path: web::Path<(PostId, ReactionKind)>,
) -> Result<HttpResponse> {
    let (post, kind) = path.into_inner();
    change(actor, &db, kind, false, move |conn| of_post(conn, actor, post)).await
}

/// React to a comment
///
/// For members; one of each kind a person. Doing it again changes nothing. It does not count as activity.
#[utoipa::path(tag = "posts", operation_id = "add_comment_reaction",
    security(("bearer" = []), ("api_key" = ["posts:write"])), responses(
    (status = 200, description = "The reactions as they are now", body = ReactionSummary),
    (status = 403, description = "Members only (`members_only`)"),
    (status = 404, description = "No such comment"),
    (status = 409, description = "The group is archived, or its rules are not accepted (`archived`, `rules_not_accepted`)"),
))]
#[put("/comments/{comment_id}/reactions/{reaction_kind}")]
async fn add_comment_reaction(
    actor: Actor,
    db: web::Data<Db>,
    path: web::Path<(CommentId, ReactionKind)>,
) -> Result<HttpResponse> {
    let (comment, kind) = path.into_inner();
    change(actor, &db, kind, true, move |conn| of_comment(conn, actor, comment)).await
}

/// Take a reaction to a comment back
///
/// Doing it again changes nothing.
#[utoipa::path(tag = "posts", operation_id = "remove_comment_reaction",
    security(("bearer" = []), ("api_key" = ["posts:write"])), responses(
    (status = 200, description = "The reactions as they are now", body = ReactionSummary),
    (status = 403, description = "Members only (`members_only`, `access_reason_needed`)"),
    (status = 404, description = "No such comment"),
    (status = 409, description = "The group is archived, or its rules are not accepted (`archived`, `rules_not_accepted`)"),
))]
#[delete("/comments/{comment_id}/reactions/{reaction_kind}")]
async fn remove_comment_reaction(
    actor: Actor,
    db: web::Data<Db>,
    path: web::Path<(CommentId, ReactionKind)>,
) -> Result<HttpResponse> {
    let (comment, kind) = path.into_inner();
    change(actor, &db, kind, false, move |conn| of_comment(conn, actor, comment)).await
}
