//! `/articles`, `/articles/{article_id}/contributions`, and `/groups/{group_id}/articles` and `…/contributions`.

use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, web};
use utoipa_actix_web::service_config::ServiceConfig;

use super::model::{
    Article, ArticleCard, ArticlePage, ArticlePatch, ArticleQuery, ArticleRow, ArticleStatus, CONTRIBUTIONS, CardRow,
    Contribution, ContributionDecision, ContributionOutcome, ContributionPage, ContributionQuery, ContributionState,
    GroupArticle, GroupArticlePage, GroupArticleQuery, NewArticle, NewContribution, StoredStatus, Surroundings,
};
use super::policy::Standing;
use super::{policy, queries, related, slugs};
use crate::api::groups::relatives;
use crate::api::idempotency::{Made, Once};
use crate::api::memberships::access::Access;
use crate::api::memberships::model::Action;
use crate::auth::actor::{Actor, Viewer};
use crate::db::{Conn, Db, tombstones};
use crate::error::{Code, Error, Result};
use crate::http::changes::{self, Span};
use crate::http::conditional::{self, IfMatch};
use crate::http::json::{self, Body};
use crate::http::page::{self, Page};
use crate::http::query::Query;
use crate::http::text::Slug;
use crate::types::{ArticleId, GroupId, Timestamp, UserId};

/// The routes of this feature.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config.service(list_articles).service(create_article).service(get_article_by_slug);
    config.service(get_article).service(update_article).service(delete_article);
    config.service(list_contributions).service(create_contribution);
    config.service(decide_contribution).service(delete_contribution);
    config.service(list_group_articles).service(list_group_contributions);
}

/// What the caller is to an article, and who writes it with the editors; not found where the caller may not read it.
fn find_standing(conn: &mut Conn, viewer: &Viewer, row: &ArticleRow) -> Result<(Standing, Vec<UserId>)> {
    let authors = if viewer.0.is_some() { queries::authors(conn, row.id)? } else { Vec::new() };
    let (is_editor, is_author) = (viewer.is_editor(), authors.contains(&viewer.user_id()));
    let asks_groups = row.status != StoredStatus::Published && viewer.0.is_some() && !is_editor && !is_author;
    let leads_a_contributor = asks_groups && !queries::led_contributors(conn, viewer, row.id)?.is_empty();
    let standing = Standing { is_editor, is_author, leads_a_contributor };
    if policy::may_read(standing, row.status) { Ok((standing, authors)) } else { Err(Error::not_found()) }
}

/// The article with its groups and what to read next; not found where the caller may not read it.
fn whole(conn: &mut Conn, viewer: &Viewer, row: ArticleRow) -> Result<Article> {
    let (standing, authors) = find_standing(conn, viewer, &row)?;
    let contributing_groups = queries::contributing_groups(conn, viewer, row.id)?;
    let known: Vec<GroupId> = contributing_groups.iter().map(|part| part.group.id).collect();
    let related = related::list(conn, row.id, &known)?;
    let author_ids = if standing.writes() { authors } else { Vec::new() };
    Ok(Article::new(row, Surroundings { author_ids, contributing_groups, related, can: standing.can() }))
}

/// The article, locked, for who may change its words. Everybody else is refused alike, whatever there is.
fn lock_to_write(conn: &mut Conn, actor: &Actor, id: ArticleId) -> Result<(ArticleRow, Standing)> {
    policy::write(actor.is_editor() || queries::is_author(conn, id, actor.user_id)?)?;
    let row = queries::lock(conn, id)?;
    let (standing, _) = find_standing(conn, &actor.viewer(), &row)?;
    policy::write(standing.writes())?;
    Ok((row, standing))
}

/// List articles
///
/// Those that are published, the latest first; drafts and scheduled ones for editors. Of a group that the caller may
/// not know of there are none.
#[utoipa::path(tag = "articles", operation_id = "list_articles",
    security((), ("bearer" = []), ("api_key" = ["articles:read"])), params(ArticleQuery),
    responses(
    (status = 200, description = "One page of articles", body = ArticlePage),
    (status = 403, description = "What is not published is for editors (`forbidden`)"),
))]
#[get("/articles")]
async fn list_articles(
    request: HttpRequest,
    viewer: Viewer,
    db: web::Data<Db>,
    query: Query<ArticleQuery>,
) -> Result<HttpResponse> {
    let query = query.into_inner();
    if query.status.is_some_and(|status| status != ArticleStatus::Published) {
        policy::list_unpublished(&viewer)?;
    }
    let tag = query.tag.as_ref().map(crate::http::text::Line::as_str);
    let filters = (query.kind, query.status, tag, query.group_id);
    if let Some(since) = query.updated_since {
        changes::alone((query.kind, query.status, tag, query.group_id) != (None, None, None, None))?;
        let page = Page::<i64>::new("articles-changed", &since, query.limit, query.cursor.as_deref())?;
        let span = Span::new(since, &page, tombstones::KEPT, Timestamp::now())?;
        let (changed, gone) = db.read(move |conn| queries::list_changed(conn, &span)).await?;
        let place = |(card, at): &(CardRow, Timestamp)| (at.micros(), card.id.uuid());
        let (changed, deleted, next_cursor) = changes::merged(&page, changed, gone, place);
        let items = changed.into_iter().map(|(card, _)| ArticleCard::from(card)).collect();
        let body = ArticlePage { items, deleted, next_cursor };
        return Ok(page::ok(&request, &body, body.next_cursor.as_deref()));
    }
    let page = Page::<i64>::new("articles", &filters, query.limit, query.cursor.as_deref())?;
    let cut = page.clone();
    let articles = db
        .read(move |conn| {
            let asked: Vec<GroupId> = query.group_id.into_iter().collect();
            let is_known = relatives::known(conn, &viewer, &asked)?.len() == asked.len();
            if is_known { queries::list(conn, &query, &page) } else { Ok(Vec::new()) }
        })
        .await?;
    let (articles, next_cursor) = cut.cut(articles, queries::key);
    let body =
        ArticlePage { items: articles.into_iter().map(ArticleCard::from).collect(), deleted: Vec::new(), next_cursor };
    Ok(page::ok(&request, &body, body.next_cursor.as_deref()))
}

/// Create an article
///
/// For editors. It is a draft unless it says otherwise.
#[utoipa::path(tag = "articles", operation_id = "create_article",
    security(("bearer" = []), ("api_key" = ["articles:write"])), request_body = NewArticle,
    responses(
    (status = 201, description = "The article", body = Article),
    (status = 403, description = "Not an editor (`forbidden`)"),
    (status = 409, description = "Another article has the slug, or had it (`taken`)"),
))]
#[post("/articles")]
async fn create_article(actor: Actor, db: web::Data<Db>, once: Once, body: Body<NewArticle>) -> Result<HttpResponse> {
    actor.require_editor()?;
    let (new, now) = (body.0, Timestamp::now());
    once.write(actor, &db, move |conn| {
        // what was right when it was first sent is right when it is sent again
        let publication = policy::create(&new, now)?;
        let row = queries::insert(conn, &new, publication, actor.user_id, now)?;
        let article = whole(conn, &actor.viewer(), row)?;
        Ok(Made::created(&article)?.at(format!("/api/v1/articles/{}", article.id)).in_version(article.updated_at))
    })
    .await
}

/// Get an article by its slug
///
/// With the groups that contributed and what to read next: all that its page shows. A slug that the article had before
/// leads to the one that it has now.
#[utoipa::path(tag = "articles", operation_id = "get_article_by_slug",
    security((), ("bearer" = []), ("api_key" = ["articles:read"])), responses(
    (status = 200, description = "The article", body = Article),
    (status = 308, description = "The article has another slug now"),
    (status = 404, description = "No such article"),
))]
#[get("/articles/by-slug/{slug}")]
async fn get_article_by_slug(viewer: Viewer, db: web::Data<Db>, slug: web::Path<Slug>) -> Result<HttpResponse> {
    let article = db
        .read(move |conn| match queries::get_by_slug(conn, slug.as_str()) {
            Err(error) if error.code() == Code::NotFound => {
                let row = slugs::moved_to(conn, slug.as_str())?;
                find_standing(conn, &viewer, &row)?;
                Ok(Err(row.slug))
            }
            row => whole(conn, &viewer, row?).map(Ok),
        })
        .await?;
    Ok(match article {
        Ok(article) => conditional::ok(article.updated_at, &article),
        Err(slug) => json::moved(&format!("/api/v1/articles/by-slug/{slug}")),
    })
}

/// Get an article
///
/// The same as by its slug.
#[utoipa::path(tag = "articles", operation_id = "get_article",
    security((), ("bearer" = []), ("api_key" = ["articles:read"])), responses(
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
    Ok(conditional::ok(article.updated_at, &article))
}

/// Change an article
///
/// For editors; its words also for those who write it with them. Publishing it makes the groups behind it active at its
/// publication; taking it back undoes that. `If-Match` says which version is changed, so that nobody overwrites what
/// they have not seen.
#[utoipa::path(tag = "articles", operation_id = "update_article",
    security(("bearer" = []), ("api_key" = ["articles:write"])),
    request_body = ArticlePatch,
    params(("If-Match" = String, Header, description = "The ETag of what you have read, or *")), responses(
    (status = 200, description = "The article as it is now", body = Article),
    (status = 403, description = "Not an editor, and not for those who write it (`forbidden`)"),
    (status = 404, description = "No such article"),
    (status = 409, description = "Another article has the slug, or had it (`taken`)"),
))]
#[patch("/articles/{article_id}")]
async fn update_article(
    actor: Actor,
    db: web::Data<Db>,
    article_id: web::Path<ArticleId>,
    if_match: IfMatch,
    patch: Body<ArticlePatch>,
) -> Result<HttpResponse> {
    let now = Timestamp::now();
    let article = actor
        .write(&db, move |conn| {
            let (before, standing) = lock_to_write(conn, &actor, *article_id)?;
            let publication = policy::update(standing, &before, &patch.0, now)?;
            if_match.check(before.updated_at)?;
            let row = queries::update(conn, &before, &patch.0, publication, now)?;
            whole(conn, &actor.viewer(), row)
        })
        .await?;
    Ok(conditional::ok(article.updated_at, &article))
}

/// Delete an article
///
/// For editors. The groups behind it were last active when they were without it.
#[utoipa::path(tag = "articles", operation_id = "delete_article",
    security(("bearer" = []), ("api_key" = ["articles:write"])),
    params(("If-Match" = String, Header, description = "The ETag of what you have read, or *")),
    responses(
    (status = 204, description = "Deleted"),
    (status = 403, description = "Not an editor (`forbidden`)"),
    (status = 404, description = "No such article"),
))]
#[delete("/articles/{article_id}")]
async fn delete_article(
    actor: Actor,
    db: web::Data<Db>,
    article_id: web::Path<ArticleId>,
    if_match: IfMatch,
) -> Result<HttpResponse> {
    actor.require_editor()?;
    let now = Timestamp::now();
    actor
        .write(&db, move |conn| {
            let article = queries::lock(conn, *article_id)?;
            if_match.check(article.updated_at)?;
            queries::delete(conn, &article, now)
        })
        .await?;
    Ok(json::no_content())
}

/// List the groups' parts in an article
///
/// The groups that agreed to be named; for those who write it, and for those who lead a group, also what was asked and
/// declined.
#[utoipa::path(tag = "articles", operation_id = "list_contributions",
    security((), ("bearer" = []), ("api_key" = ["articles:read"])), responses(
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
            let (standing, _) = find_standing(conn, &viewer, &article)?;
            let found = queries::list_contributions(conn, &viewer, article.id)?;
            let led = queries::led_contributors(conn, &viewer, article.id)?;
            let mut shown = policy::shown(standing.writes(), found, &led);
            shown.truncate(CONTRIBUTIONS);
            Ok(shown)
        })
        .await?;
    let items = found.into_iter().map(Contribution::from).collect();
    Ok(json::ok(&ContributionPage { items, next_cursor: None }))
}

/// Ask a group to be named
///
/// For editors and those who write the article with them. The group's facilitators accept or decline; until then it is
/// not shown. A group that declined can be asked again.
#[utoipa::path(tag = "articles", operation_id = "create_contribution",
    security(("bearer" = []), ("api_key" = ["articles:write"])),
    request_body = NewContribution, responses(
    (status = 201, description = "The contribution, to be accepted", body = Contribution),
    (status = 403, description = "Not for this caller (`forbidden`)"),
    (status = 404, description = "No such article"),
    (status = 409, description = "The group has been asked (`taken`), or a hundred others (`invalid_state`)"),
))]
#[post("/articles/{article_id}/contributions")]
async fn create_contribution(
    actor: Actor,
    db: web::Data<Db>,
    article_id: web::Path<ArticleId>,
    once: Once,
    body: Body<NewContribution>,
) -> Result<HttpResponse> {
    let (new, now) = (body.0, Timestamp::now());
    once.write(actor, &db, move |conn| {
        let (article, _) = lock_to_write(conn, &actor, *article_id)?;
        let unknown = |error: Error| match error.code() {
            Code::NotFound => Error::invalid("/group_id", "unknown", "there is no such group"),
            _ => error,
        };
        let access = Access::lock(conn, actor.viewer(), new.group_id).map_err(unknown)?;
        if !queries::propose(conn, article.id, &access, new.role, now)? {
            let words = "the group has been asked";
            return Err(Error::new(Code::Taken, words).with_field("/group_id", "taken", words));
        }
        let found = queries::get_contribution(conn, access.viewer(), article.id, access.group_id())?;
        let place = format!("/api/v1/articles/{}/contributions", article.id);
        Ok(Made::created(&Contribution::from(found))?.at(place))
    })
    .await
}

/// Answer for a group
///
/// For the group's facilitators and owners: agree to be named or not. Either can be changed later.
#[utoipa::path(tag = "articles", operation_id = "decide_contribution",
    security(("bearer" = []), ("api_key" = ["articles:write"])),
    request_body = ContributionDecision, responses(
    (status = 200, description = "The contribution as it is now", body = Contribution),
    (status = 403, description = "Not for this caller (`forbidden`)"),
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
    let found = queries::get_contribution(conn, access.viewer(), row.id, access.group_id())?;
    let is_shown = row.status == StoredStatus::Published && found.row.state == ContributionState::Accepted;
    let is_told = access.may(Action::DecideContributions) || actor.is_editor();
    if is_shown || is_told || queries::is_author(conn, row.id, actor.user_id)? {
        return Ok((row, access));
    }
    Err(Error::not_found())
}

/// Take a group's part out of an article
///
/// For editors, and for the group's facilitators and owners.
#[utoipa::path(tag = "articles", operation_id = "delete_contribution",
    security(("bearer" = []), ("api_key" = ["articles:write"])), responses(
    (status = 204, description = "Taken out"),
    (status = 403, description = "Not for this caller (`forbidden`)"),
    (status = 404, description = "No such contribution"),
))]
#[delete("/articles/{article_id}/contributions/{group_id}")]
async fn delete_contribution(
    actor: Actor,
    db: web::Data<Db>,
    path: web::Path<(ArticleId, GroupId)>,
) -> Result<HttpResponse> {
    let ((article_id, group_id), now) = (path.into_inner(), Timestamp::now());
    actor
        .write(&db, move |conn| {
            let (article, access) = contribution(conn, actor, article_id, group_id)?;
            policy::withdraw(access.viewer(), access.may(Action::DecideContributions))?;
            queries::delete_contribution(conn, article.id, &access, now)
        })
        .await?;
    Ok(json::no_content())
}

/// List the articles that a group contributed to
///
/// Published ones in which it agreed to be named, the latest publication first, for whoever may know of the group.
#[utoipa::path(tag = "articles", operation_id = "list_group_articles",
    security((), ("bearer" = []), ("api_key" = ["articles:read"])),
    params(GroupArticleQuery), responses(
    (status = 200, description = "One page of articles", body = GroupArticlePage),
    (status = 404, description = "No such group"),
))]
#[get("/groups/{group_id}/articles")]
async fn list_group_articles(
    request: HttpRequest,
    viewer: Viewer,
    db: web::Data<Db>,
    group_id: web::Path<GroupId>,
    query: Query<GroupArticleQuery>,
) -> Result<HttpResponse> {
    let page = Page::<i64>::new("group-articles", &*group_id, query.limit, query.cursor.as_deref())?;
    let cut = page.clone();
    let found = db
        .read(move |conn| {
            let access = Access::find(conn, viewer, *group_id)?;
            queries::list_of_group(conn, &access, &page)
        })
        .await?;
    let (found, next_cursor) = cut.cut(found, |(card, _)| queries::key(card));
    let body = GroupArticlePage { items: found.into_iter().map(GroupArticle::from).collect(), next_cursor };
    Ok(page::ok(&request, &body, body.next_cursor.as_deref()))
}

/// List a group's contributions
///
/// For the group's facilitators and owners: what it is asked to be named in, and what it answered. Newest article
/// first.
#[utoipa::path(tag = "articles", operation_id = "list_group_contributions",
    security(("bearer" = []), ("api_key" = ["articles:read"])),
    params(ContributionQuery), responses(
    (status = 200, description = "One page of contributions", body = ContributionPage),
    (status = 403, description = "Not for this caller (`forbidden`)"),
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
