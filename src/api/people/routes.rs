//! `/people/{user_id}`.

use actix_web::{HttpRequest, HttpResponse, get, web};
use utoipa_actix_web::service_config::ServiceConfig;

use super::model::{PersonGroupQuery, Profile};
use super::{policy, queries};
use crate::api::groups;
use crate::api::groups::model::GroupPage;
use crate::api::users::model::User;
use crate::auth::actor::Actor;
use crate::db::{Conn, Db};
use crate::error::Result;
use crate::http::json;
use crate::http::page::{self, Page};
use crate::http::query::Query;
use crate::types::{Timestamp, UserId};

/// The routes of this feature.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config.service(get_person).service(list_person_groups);
}

fn find(conn: &mut Conn, actor: &Actor, id: UserId) -> Result<User> {
    let (person, has_pseudonym) = queries::get(conn, id)?;
    policy::find(actor, &person, has_pseudonym)?;
    Ok(person)
}

/// Get a person's profile
///
/// Of those who let others see which groups they are in; everybody else is not found, but by themselves and administrators.
#[utoipa::path(tag = "people", operation_id = "get_person",
    security(("bearer" = []), ("api_key" = ["people:read"])), responses(
    (status = 200, description = "The profile", body = Profile),
    (status = 404, description = "Nobody who shows a profile"),
))]
#[get("/people/{user_id}")]
async fn get_person(actor: Actor, db: web::Data<Db>, user_id: web::Path<UserId>) -> Result<HttpResponse> {
    let person = db.read(move |conn| find(conn, &actor, *user_id)).await?;
    Ok(json::ok(&Profile::of(person, Timestamp::now())))
}

/// List a person's groups
///
/// Those whose list of members the caller may read, as a visitor or member, without those in which the person has a
/// pseudonym. The newest groups first.
#[utoipa::path(tag = "people", operation_id = "list_person_groups",
    security(("bearer" = []), ("api_key" = ["people:read"])), params(PersonGroupQuery),
    responses(
    (status = 200, description = "One page of groups", body = GroupPage),
    (status = 404, description = "Nobody who shows a profile"),
))]
#[get("/people/{user_id}/groups")]
async fn list_person_groups(
    request: HttpRequest,
    actor: Actor,
    db: web::Data<Db>,
    user_id: web::Path<UserId>,
    query: Query<PersonGroupQuery>,
) -> Result<HttpResponse> {
    let person = *user_id;
    let page = Page::<i64>::new("person-groups", &person, query.limit, query.cursor.as_deref())?;
    let body = db
        .read(move |conn| {
            find(conn, &actor, person)?;
            let viewer = actor.viewer();
            let rows = queries::groups_of(conn, &viewer, person, &page)?;
            let (rows, next_cursor) = page.cut(rows, |row| (0, row.group.id.uuid()));
            Ok(GroupPage { items: groups::queries::views(conn, &viewer, rows)?, deleted: Vec::new(), next_cursor })
        })
        .await?;
    Ok(page::ok(&request, &body, body.next_cursor.as_deref()))
}
