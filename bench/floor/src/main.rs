//! The least program that does the work of some of Praxis' operations: actix-web, the same statements prepared, as much
//! JSON. It has no login, no limits, no checks of what it is sent, no log and no care for failures: what a request costs
//! here, nobody can spare. `bench/run` compares the two.
//!
//! `floor sqlite:PATH|postgres://… ADDRESS`

mod answer;
mod operations;
mod postgres;
mod sqlite;

use actix_web::http::header;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, get, post, web};
use uuid::Uuid;

use answer::{NewPost, Written};
use operations::OPERATIONS;

/// Who asks for what.
pub struct Asked<'a> {
    /// Nobody's id where nobody says who they are.
    pub caller: Uuid,
    /// What the path names.
    pub named: &'a str,
}

/// One worker's way to the database.
enum Store {
    Sqlite(sqlite::Store),
    Postgres(postgres::Store),
}

/// What stands in a path or query at the pattern's `*`, where it fits.
fn named<'a>(pattern: &str, path: &'a str) -> Option<&'a str> {
    let Some((before, after)) = pattern.split_once('*') else { return (pattern == path).then_some("") };
    path.strip_prefix(before)?.strip_suffix(after).filter(|part| !part.contains('/'))
}

#[get("/{path:.*}")]
async fn read(request: HttpRequest, store: web::Data<Store>) -> HttpResponse {
    let found = OPERATIONS.iter().enumerate().find_map(|(place, operation)| {
        let (in_path, in_query) =
            (named(operation.path, request.path())?, named(operation.query, request.query_string())?);
        Some((place, if in_path.is_empty() { in_query } else { in_path }))
    });
    let Some((place, named)) = found else { return HttpResponse::NotFound().finish() };
    let asked = Asked { caller: caller(&request).unwrap_or_default(), named };
    HttpResponse::Ok().json(match store.as_ref() {
        Store::Sqlite(store) => store.read(place, &asked),
        Store::Postgres(store) => store.read(place, &asked).await,
    })
}

/// The caller's «token» is an id, and believed.
fn caller(request: &HttpRequest) -> Option<Uuid> {
    let value = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
    value.strip_prefix("Bearer ")?.parse().ok()
}

#[post("/api/v1/groups/{group_id}/posts")]
async fn create_post(
    request: HttpRequest,
    store: web::Data<Store>,
    group_id: web::Path<Uuid>,
    body: web::Bytes,
) -> HttpResponse {
    let (Some(author_id), Ok(new)) = (caller(&request), serde_json::from_slice::<NewPost>(&body)) else {
        return HttpResponse::BadRequest().finish();
    };
    let written = Written::now(*group_id, author_id, new);
    let location = format!("/api/v1/posts/{}", written.id);
    let post = match store.as_ref() {
        Store::Sqlite(store) => store.write(written).await,
        Store::Postgres(store) => store.write(written).await,
    };
    HttpResponse::Created().insert_header((header::LOCATION, location)).json(post)
}

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (Some(target), Some(address)) = (arguments.next(), arguments.next()) else {
        return Err(std::io::Error::other("usage: floor sqlite:PATH|postgres://USER@HOST/NAME ADDRESS"));
    };
    let writer = target.strip_prefix("sqlite:").map(sqlite::start_writer);
    let open = move || {
        let (target, writer) = (target.clone(), writer.clone());
        async move {
            Ok::<_, std::convert::Infallible>(match (target.strip_prefix("sqlite:"), writer) {
                (Some(path), Some(writer)) => Store::Sqlite(sqlite::Store::open(path, writer)),
                _ => Store::Postgres(postgres::Store::open(&target).await),
            })
        }
    };
    actix_web::rt::System::new().block_on(
        HttpServer::new(move || App::new().data_factory(open.clone()).service(create_post).service(read))
            .bind(address)?
            .run(),
    )
}
