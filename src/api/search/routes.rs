//! `/search`.

use actix_web::{HttpRequest, HttpResponse, get, web};
use utoipa_actix_web::service_config::ServiceConfig;

use super::model::{Question, SearchQuery, SearchResultPage};
use super::{policy, queries};
use crate::auth::actor::Viewer;
use crate::db::{Db, search};
use crate::error::{Error, Result};
use crate::http::page::{self, Page};
use crate::http::query::Query;
use crate::http::text::Slug;

/// The routes of this feature.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config.service(list_search_results);
}

/// Search
///
/// Groups, conversations, comments, articles and people, the best match first: what the caller may read, and of groups
/// what the caller may know of. Of a question that very much answers, the newest five hundred are ranked.
#[utoipa::path(tag = "search", operation_id = "list_search_results",
    security((), ("bearer" = []), ("api_key" = ["search:read"])), params(SearchQuery),
    responses(
    (status = 200, description = "One page of what was found", body = SearchResultPage),
    (status = 401, description = "People are found by those who are logged in (`unauthenticated`)"),
))]
#[get("/search")]
async fn list_search_results(
    request: HttpRequest,
    viewer: Viewer,
    db: web::Data<Db>,
    query: Query<SearchQuery>,
) -> Result<HttpResponse> {
    let query = query.into_inner();
    let no_words = || Error::parameter("q", "no_words", "there is no word in it to look for");
    let question = Question {
        words: search::Query::parse(query.q.as_str()).ok_or_else(no_words)?,
        kinds: policy::kinds(&viewer, query.kinds.as_ref())?,
        group_id: query.group_id,
        group_type: query.group_type.map(Slug::into_string),
        since: query.since,
    };
    let page = Page::<i64>::new("search", &question, query.limit, query.cursor.as_deref())?;
    let body = db
        .read(move |conn| {
            let hits = queries::find(conn, &viewer, &question)?;
            let (hits, next_cursor) = page.cut(queries::after(hits, &page), |hit| (hit.score, hit.id.uuid()));
            Ok(SearchResultPage { items: queries::results(conn, &question.words, &hits)?, next_cursor })
        })
        .await?;
    Ok(page::ok(&request, &body, body.next_cursor.as_deref()))
}
