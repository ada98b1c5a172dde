//! The least program that does the work of six of Praxis' operations: actix-web, the same statements prepared, the same
//! JSON. It has no login, no limits, no checks of what it is sent, no log and no care for failures: what a request costs
//! here, nobody can spare. `bench/run` compares the two.
//!
//! `floor sqlite:PATH|postgres://… ADDRESS`

mod model;
mod postgres;
mod sqlite;
mod statements;

use actix_web::http::header;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, get, post, web};
use uuid::Uuid;

use model::{NewPost, Written};

/// One worker's way to the database.
enum Store {
    Sqlite(sqlite::Store),
    Postgres(postgres::Store),
}

/// `$store.$operation(…)` on either database: SQLite answers at once, PostgreSQL is awaited.
macro_rules! ask {
    ($store:ident . $operation:ident ( $($argument:expr),* )) => {
        match $store.as_ref() {
            Store::Sqlite(store) => store.$operation($($argument),*),
            Store::Postgres(store) => store.$operation($($argument),*).await,
        }
    };
}

fn json(body: Option<impl serde::Serialize>) -> HttpResponse {
    body.map_or_else(|| HttpResponse::NotFound().finish(), |body| HttpResponse::Ok().json(body))
}

#[get("/api/v1/groups")]
async fn list_groups(store: web::Data<Store>) -> HttpResponse {
    json(Some(ask!(store.groups())))
}

#[get("/api/v1/groups/{group_id}")]
async fn get_group(store: web::Data<Store>, group_id: web::Path<Uuid>) -> HttpResponse {
    json(ask!(store.group(*group_id)))
}

#[get("/api/v1/groups/{group_id}/members")]
async fn list_members(store: web::Data<Store>, group_id: web::Path<Uuid>) -> HttpResponse {
    json(ask!(store.members(*group_id)))
}

#[get("/api/v1/groups/{group_id}/posts")]
async fn list_posts(store: web::Data<Store>, group_id: web::Path<Uuid>) -> HttpResponse {
    json(ask!(store.posts(*group_id)))
}

#[get("/api/v1/articles/by-slug/{slug}")]
async fn get_article(store: web::Data<Store>, slug: web::Path<String>) -> HttpResponse {
    json(ask!(store.article(&slug)))
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
    let post = match store.as_ref() {
        Store::Sqlite(store) => store.write(written).await,
        Store::Postgres(store) => store.write(written).await,
    };
    match post {
        Some(post) => {
            let location = format!("/api/v1/posts/{}", post.id);
            HttpResponse::Created().insert_header((header::LOCATION, location)).json(post)
        }
        None => HttpResponse::Forbidden().finish(),
    }
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
        HttpServer::new(move || {
            App::new()
                .data_factory(open.clone())
                .service(list_groups)
                .service(get_group)
                .service(list_members)
                .service(list_posts)
                .service(get_article)
                .service(create_post)
        })
        .bind(address)?
        .run(),
    )
}
