//! `/articles`, `/articles/{article_id}/contributions` and `/groups/{group_id}/contributions`.

use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, web};
use utoipa_actix_web::service_config::ServiceConfig;

use super::model::{
    Article, ArticleCard, ArticlePage, ArticlePatch, ArticleQuery, ArticleRow, ArticleStatus, Contribution,
    ContributionDecision, ContributionFound, ContributionOutcome, ContributionPage, ContributionQuery,
    ContributionState, NewArticle, NewContribution,
};
use super::{policy, queries};
use crate::api::memberships::access::Access;
use crate::api::memberships::model::Action;
use crate::auth::actor::{Actor, Viewer};
use crate::db::{Conn, Db};
use crate::error::{Code, Error, Result};
use crate::http::json::{self, Body};
use crate::http::page::{self, Key, Page};
use crate::http::query::Query;
use crate::http::text::Slug;
use crate::types::{ArticleId, GroupId, Timestamp};

/// The routes of this feature.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config.service(list_articles).service(create_article).service(get_article_by_slug);
    config.service(get_article).service(update_article).service(delete_article);
    config.service(list_contributions).service(create_contribution);
    config.service(decide_contribution).service(delete_contribution).service(list_group_contributions);
}

/// The article with its groups and what to read next; not found where the caller may not read it.
fn whole(conn: &mut Conn, viewer: &Viewer, row: ArticleRow) -> Result<Article> {
    readable(conn, viewer, &row)?;
    let groups = queries::contributing_groups(conn, viewer, row.id)?;
    let related = queries::related(conn, row.id)?;
    Ok(Article::new(row, groups, related))
}

fn readable(conn: &mut Conn, viewer: &Viewer, row: &ArticleRow) -> Result<()> {
    let asks_groups = row.status != ArticleStatus::Published && !viewer.is_editor() && viewer.0.is_some();
    let leads = asks_groups && !queries::led_contributors(conn, viewer, row.id)?.is_empty();
    if policy::may_read(viewer, row, leads) { Ok(()) } else { Err(Error::not_found()) }
}

/// List articles
///
/// Those that are published, the latest first; drafts for editors.
#[utoipa::path(tag = "articles", operation_id = "list_articles", security((), ("bearer" = [])), params(ArticleQuery),
    responses(
    (status = 200, description = "One page of articles", body = ArticlePage),
    (status = 403, description = "Drafts are for editors"),
))]
#[get("/articles")]
async fn list_articles(
    request: HttpRequest,
    viewer: Viewer,
    db: web::Data<Db>,
    query: Query<ArticleQuery>,
) -> Result<HttpResponse> {
    let query = query.into_inner();
    if query.status == Some(ArticleStatus::Draft) {
        policy::list_drafts(&viewer)?;
    }
    let page = Page::<i64>::new("articles", &(query.kind, query.status), query.limit, query.cursor.as_deref())?;
    let cut = page.clone();
    let articles = db.read(move |conn| queries::list(conn, &query, &page)).await?;
    let place = |card: &ArticleCard| {
        let Key::Number(at) = card.published_at.map_or(Key::NEVER, Key::of) else { return (0, card.id.uuid()) };
        (at, card.id.uuid())
    };
    let (items, next_cursor) = cut.cut(articles, place);
    let body = ArticlePage { items, next_cursor };
    Ok(page::ok(&request, &body, body.next_cursor.as_deref()))
}

/// Create an article
///
/// For editors. It is a draft unless it says otherwise.
#[utoipa::path(tag = "articles", operation_id = "create_article", security(("bearer" = [])), request_body = NewArticle,
    responses(
    (status = 201, description = "The article", body = Article,
        headers(("Location" = String, description = "Where it is"))),
    (status = 403, description = "Not an editor"),
    (status = 409, description = "Another article has the slug"),
))]
#[post("/articles")]
async fn create_article(actor: Actor, db: web::Data<Db>, body: Body<NewArticle>) -> Result<HttpResponse> {
    actor.require_editor()?;
    let (new, now) = (body.0, Timestamp::now());
    let publication = policy::create(&new, now)?;
    let article = actor
        .write(&db, move |conn| {
            let row = queries::insert(conn, &new, publication, actor.user_id, now)?;
            whole(conn, &actor.viewer(), row)
        })
        .await?;
    Ok(json::created(&format!("/api/v1/articles/{}", article.id), &article))
}

/// Get an article by its slug
///
/// With the groups that contributed and what to read next: all that its page shows.
#[utoipa::path(tag = "articles", operation_id = "get_article_by_slug", security((), ("bearer" = [])), responses(
    (status = 200, description = "The article", body = Article),
    (status = 404, description = "No such article"),
))]
#[get("/articles/by-slug/{slug}")]
async fn get_article_by_slug(viewer: Viewer, db: web::Data<Db>, slug: web::Path<Slug>) -> Result<HttpResponse> {
    let article = db
        .read(move |conn| {
            let row = queries::get_by_slug(conn, slug.as_str())?;
            whole(conn, &viewer, row)
        })
        .await?;
    Ok(json::ok(&article))
}

/// Get an article
///
/// The same as by its slug.
#[utoipa::path(tag = "articles", operation_id = "get_article", security((), ("bearer" = [])), responses(
    (status = 200, description = "The article", body = Article),
    (status = 404, description = "No such article"),
))]
#[get("/articles/{article_id}")]
async fn get_article(viewer: Viewer, db: web::Data<Db>, article_id: web::Path<ArticleId>) -> Result<HttpResponse> {
    let article = db
        .read(move |conn| {
            let row = queries::get(conn, *article_id)?;
            whole(conn, &viewer, row)
        })
        .await?;
    Ok(json::ok(&article))
}

/// Change an article
///
/// For editors. Publishing it makes the groups behind it active at its publication; taking it back undoes that.
#[utoipa::path(tag = "articles", operation_id = "update_article", security(("bearer" = [])), request_body = ArticlePatch,
    responses(
    (status = 200, description = "The article as it is now", body = Article),
    (status = 403, description = "Not an editor"),
    (status = 404, description = "No such article"),
))]
#[patch("/articles/{article_id}")]
async fn update_article(
    actor: Actor,
    db: web::Data<Db>,
    article_id: web::Path<ArticleId>,
    patch: Body<ArticlePatch>,
) -> Result<HttpResponse> {
    actor.require_editor()?;
    let now = Timestamp::now();
    let article = actor
        .write(&db, move |conn| {
            let before = queries::lock(conn, *article_id)?;
            let publication = policy::update(&before, &patch.0, now)?;
            queries::update(conn, before.id, &patch.0, publication, now)?;
            let row = queries::get(conn, before.id)?;
            whole(conn, &actor.viewer(), row)
        })
        .await?;
    Ok(json::ok(&article))
}

/// Delete an article
///
/// For editors. The groups behind it were last active when they were without it.
#[utoipa::path(tag = "articles", operation_id = "delete_article", security(("bearer" = [])), responses(
    (status = 204, description = "Deleted"),
    (status = 403, description = "Not an editor"),
    (status = 404, description = "No such article"),
))]
#[delete("/articles/{article_id}")]
async fn delete_article(actor: Actor, db: web::Data<Db>, article_id: web::Path<ArticleId>) -> Result<HttpResponse> {
    actor.require_editor()?;
    let now = Timestamp::now();
    actor
        .write(&db, move |conn| {
            let article = queries::lock(conn, *article_id)?;
            queries::delete(conn, article.id, now)
        })
        .await?;
    Ok(json::no_content())
}

/// List the groups' parts in an article
///
/// The groups that agreed to be named; for editors, and for those who lead a group, also what was asked and declined.
#[utoipa::path(tag = "articles", operation_id = "list_contributions", security((), ("bearer" = [])), responses(
    (status = 200, description = "The contributions, all of them", body = ContributionPage),
    (status = 404, description = "No such article"),
))]
#[get("/articles/{article_id}/contributions")]
async fn list_contributions(
    viewer: Viewer,
    db: web::Data<Db>,
    article_id: web::Path<ArticleId>,
) -> Result<HttpResponse> {
    let found = db
        .read(move |conn| {
            let article = queries::get(conn, *article_id)?;
            readable(conn, &viewer, &article)?;
            let found = queries::list_contributions(conn, &viewer, article.id)?;
            let led = queries::led_contributors(conn, &viewer, article.id)?;
            Ok(policy::shown(&viewer, found, &led))
        })
        .await?;
    let items = found.into_iter().map(Contribution::from).collect();
    Ok(json::ok(&ContributionPage { items, next_cursor: None }))
}

/// Ask a group to be named
///
/// For editors. The group's facilitators accept or decline; until then it is not shown. A group that declined can be asked
/// again.
#[utoipa::path(tag = "articles", operation_id = "create_contribution", security(("bearer" = [])),
    request_body = NewContribution, responses(
    (status = 201, description = "The contribution, to be accepted", body = Contribution),
    (status = 403, description = "Not an editor"),
    (status = 404, description = "No such article"),
    (status = 409, description = "The group has been asked"),
))]
#[post("/articles/{article_id}/contributions")]
async fn create_contribution(
    actor: Actor,
    db: web::Data<Db>,
    article_id: web::Path<ArticleId>,
    body: Body<NewContribution>,
) -> Result<HttpResponse> {
    actor.require_editor()?;
    let (new, now) = (body.0, Timestamp::now());
    let found = actor
        .write(&db, move |conn| {
            let article = queries::lock(conn, *article_id)?;
            let unknown = |error: Error| match error.code() {
                Code::NotFound => Error::invalid("/group_id", "unknown", "there is no such group"),
                _ => error,
            };
            let access = Access::lock(conn, actor.viewer(), new.group_id).map_err(unknown)?;
            if !queries::propose(conn, article.id, &access, new.role, now)? {
                let words = "the group has been asked";
                return Err(Error::new(Code::Taken, words).with_field("/group_id", "taken", words));
            }
            queries::get_contribution(conn, access.viewer(), article.id, access.group_id())
        })
        .await?;
    Ok(HttpResponse::Created().json(Contribution::from(found)))
}

/// Answer for a group
///
/// For the group's facilitators and owners: agree to be named or not. Either can be changed later.
#[utoipa::path(tag = "articles", operation_id = "decide_contribution", security(("bearer" = [])),
    request_body = ContributionDecision, responses(
    (status = 200, description = "The contribution as it is now", body = Contribution),
    (status = 403, description = "Not for this caller"),
    (status = 404, description = "No such contribution"),
))]
#[post("/articles/{article_id}/contributions/{group_id}/decision")]
async fn decide_contribution(
    actor: Actor,
    db: web::Data<Db>,
    path: web::Path<(ArticleId, GroupId)>,
    decision: Body<ContributionDecision>,
) -> Result<HttpResponse> {
    let ((article_id, group_id), decision, now) = (path.into_inner(), decision.0, Timestamp::now());
    let state = match decision.outcome {
        ContributionOutcome::Accept => ContributionState::Accepted,
        ContributionOutcome::Decline => ContributionState::Declined,
    };
    let found = actor
        .write(&db, move |conn| {
            let (article, access) = contribution(conn, actor, article_id, group_id)?;
            access.require(Action::DecideContributions)?;
            let reason = decision.reason.as_ref().map(crate::http::text::Line::as_str);
            queries::decide(conn, article.id, &access, state, reason, now)?;
            queries::get_contribution(conn, access.viewer(), article.id, access.group_id())
        })
        .await?;
    Ok(json::ok(&Contribution::from(found)))
}

/// The article and the caller's standing with the group, both locked; not found where there is no contribution that the
/// caller may know of.
fn contribution(conn: &mut Conn, actor: Actor, article: ArticleId, group: GroupId) -> Result<(ArticleRow, Access)> {
    let row = queries::lock(conn, article)?;
    let access = Access::lock(conn, actor.viewer(), group)?;
    let found: ContributionFound = queries::get_contribution(conn, access.viewer(), row.id, access.group_id())?;
    let leads = access.may(Action::DecideContributions);
    let is_shown = row.status == ArticleStatus::Published && found.row.state == ContributionState::Accepted;
    if is_shown || leads || actor.is_editor() { Ok((row, access)) } else { Err(Error::not_found()) }
}

/// Take a group's part out of an article
///
/// For editors, and for the group's facilitators and owners.
#[utoipa::path(tag = "articles", operation_id = "delete_contribution", security(("bearer" = [])), responses(
    (status = 204, description = "Taken out"),
    (status = 403, description = "Not for this caller"),
    (status = 404, description = "No such contribution"),
))]
#[delete("/articles/{article_id}/contributions/{group_id}")]
async fn delete_contribution(
    actor: Actor,
    db: web::Data<Db>,
    path: web::Path<(ArticleId, GroupId)>,
) -> Result<HttpResponse> {
    let (article_id, group_id) = path.into_inner();
    actor
        .write(&db, move |conn| {
            let (article, access) = contribution(conn, actor, article_id, group_id)?;
            policy::withdraw(access.viewer(), access.may(Action::DecideContributions))?;
            queries::delete_contribution(conn, article.id, &access)
        })
        .await?;
    Ok(json::no_content())
}

/// List a group's contributions
///
/// For the group's facilitators and owners: what it is asked to be named in, and what it answered. Newest article first.
#[utoipa::path(tag = "articles", operation_id = "list_group_contributions", security(("bearer" = [])),
    params(ContributionQuery), responses(
    (status = 200, description = "One page of contributions", body = ContributionPage),
    (status = 403, description = "Not for this caller"),
    (status = 404, description = "No such group"),
))]
#[get("/groups/{group_id}/contributions")]
async fn list_group_contributions(
    request: HttpRequest,
    actor: Actor,
    db: web::Data<Db>,
    group_id: web::Path<GroupId>,
    query: Query<ContributionQuery>,
) -> Result<HttpResponse> {
    let query = query.into_inner();
    let page = Page::<i64>::new("contributions", &(*group_id, query.state), query.limit, query.cursor.as_deref())?;
    let cut = page.clone();
    let found = db
        .read(move |conn| {
            let access = Access::find(conn, actor.viewer(), *group_id)?;
            access.require(Action::DecideContributions)?;
            queries::list_group_contributions(conn, &access, &query, &page)
        })
        .await?;
    let (found, next_cursor) = cut.cut(found, |found| (0, found.row.article_id.uuid()));
    let body = ContributionPage { items: found.into_iter().map(Contribution::from).collect(), next_cursor };
    Ok(page::ok(&request, &body, body.next_cursor.as_deref()))
}
