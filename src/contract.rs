//! What follows from the document: serving it, the answers about paths and verbs that are not in it, and the refusal of
//! parameters that it does not name.

use std::collections::{HashMap, HashSet};

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ResourceDef, ServiceRequest, ServiceResponse};
use actix_web::http::header;
use actix_web::middleware::Next;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::Value;

use crate::error::{Error, Result};
use crate::openapi;

/// The browser for the document, and its files.
const DOCS: &str = "/docs/{_:.*}";

/// The document, and its paths ready to be compared with.
#[derive(Debug)]
pub struct Contract {
    text: web::Bytes,
    paths: Vec<Path>,
    /// Paths without parameters that others with some match too: a verb that they lack is not that of the other.
    literal: HashSet<String>,
}

#[derive(Debug)]
struct Path {
    pattern: ResourceDef,
    /// The names of the query parameters, by verb.
    verbs: HashMap<String, Vec<String>>,
}

impl Default for Contract {
    fn default() -> Self {
        Self::new()
    }
}

impl Contract {
    /// Builds the document.
    #[must_use]
    pub fn new() -> Self {
        let document = openapi::document();
        let paths = document.get("paths").and_then(Value::as_object).into_iter().flatten();
        let mut paths: Vec<Path> = paths.map(|(path, item)| Path::new(path, item)).collect();
        let about_itself = serde_json::json!({ "get": {} });
        paths.extend(["/openapi.json", "/docs", DOCS].map(|path| Path::new(path, &about_itself)));
        let literal = literal(&document, &paths);
        Self { text: openapi::text().into(), paths, literal }
    }

    fn find(&self, path: &str) -> Option<&Path> {
        self.paths.iter().find(|known| known.pattern.is_match(path))
    }
}

fn literal(document: &Value, paths: &[Path]) -> HashSet<String> {
    let names = document.get("paths").and_then(Value::as_object).into_iter().flatten().map(|(path, _)| path);
    let is_matched_twice = |name: &&String| paths.iter().filter(|path| path.pattern.is_match(name)).count() > 1;
    names.filter(|name| !name.contains('{')).filter(is_matched_twice).cloned().collect()
}

impl Path {
    fn takes(&self, verb: &str) -> bool {
        self.verbs.contains_key(if verb == "HEAD" { "GET" } else { verb })
    }

    fn new(path: &str, item: &Value) -> Self {
        let verbs = item.as_object().into_iter().flatten();
        let verbs = verbs.map(|(verb, operation)| (verb.to_uppercase(), names_of_parameters(operation)));
        Self { pattern: ResourceDef::new(path), verbs: verbs.collect() }
    }

    fn allow(&self) -> String {
        let mut verbs: Vec<&str> = self.verbs.keys().map(String::as_str).collect();
        if self.verbs.contains_key("GET") {
            verbs.push("HEAD");
        }
        verbs.sort_unstable();
        verbs.join(", ")
    }
}

fn names_of_parameters(operation: &Value) -> Vec<String> {
    let parameters = operation.get("parameters").and_then(Value::as_array).into_iter().flatten();
    let in_query = parameters.filter(|parameter| parameter.get("in").is_some_and(|place| place == "query"));
    in_query.filter_map(|parameter| parameter.get("name")?.as_str().map(str::to_owned)).collect()
}

/// The document and the browser for it.
pub fn configure(config: &mut web::ServiceConfig) {
    let docs = utoipa_swagger_ui::Config::from("/openapi.json");
    config
        .route("/openapi.json", web::get().to(get_document))
        .route("/docs", web::get().to(redirect_to_docs))
        .service(utoipa_swagger_ui::SwaggerUi::new(DOCS).config(docs));
}

async fn get_document(contract: web::Data<Contract>) -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(contract.text.clone())
}

async fn redirect_to_docs() -> HttpResponse {
    HttpResponse::PermanentRedirect().insert_header((header::LOCATION, "/docs/")).finish()
}

/// 405 where the path exists with other methods, else 404.
pub async fn no_route(request: HttpRequest, contract: web::Data<Contract>) -> Result<HttpResponse> {
    let path = contract.find(request.path()).ok_or_else(Error::not_found)?;
    Ok(HttpResponse::MethodNotAllowed().insert_header((header::ALLOW, path.allow())).finish())
}

/// A middleware that refuses, by name, a query parameter that the operation does not have; and a verb that a path does not
/// have, where the router would take it for another path's.
///
/// # Errors
/// `bad_parameter`.
pub async fn refuse_unknown_parameters(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    if let Some(allow) = shadowed(&request) {
        let refused = HttpResponse::MethodNotAllowed().insert_header((header::ALLOW, allow)).finish();
        return Ok(request.into_response(refused));
    }
    if let Some(name) = unknown_parameter(&request) {
        let error = Error::parameter(name, "unknown", "there is no such parameter here");
        return Ok(request.error_response(error));
    }
    Ok(next.call(request).await?.map_into_boxed_body())
}

/// The verbs of a path that has not the request's.
fn shadowed(request: &ServiceRequest) -> Option<String> {
    // decoded as the router decodes it
    let path = request.match_info().unprocessed();
    let contract = request.app_data::<web::Data<Contract>>()?;
    let known = contract.literal.get(path).and_then(|path| contract.find(path))?;
    (!known.takes(request.method().as_str())).then(|| known.allow())
}

fn unknown_parameter(request: &ServiceRequest) -> Option<String> {
    // decoded as the router decodes it
    let path = request.match_info().unprocessed();
    if request.query_string().is_empty() || !path.starts_with("/api/") {
        return None;
    }
    let contract = request.app_data::<web::Data<Contract>>()?;
    let known = contract.find(path)?.verbs.get(request.method().as_str())?;
    let mut names = form_urlencoded::parse(request.query_string().as_bytes()).map(|(name, _)| name.into_owned());
    names.find(|name| !known.contains(name))
}
