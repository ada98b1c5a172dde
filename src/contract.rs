//! What follows from the document: serving it in both dialects and notations, the answers about paths and verbs that are not in it, and the refusal of
//! parameters that it does not name.

use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ResourceDef, ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderName, HeaderValue, HttpDate};
use actix_web::middleware::Next;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::Value;

use crate::config::{Dialect, Notation};
use crate::error::{Error, Result};
use crate::openapi;
use crate::types::Timestamp;

/// The browser for the document, and its files.
const DOCS: &str = "/docs/{_:.*}";
/// The guide to which the document refers.
const GUIDE: &str = "/docs/api";

/// Where the document is served, in which dialect and notation.
const DOCUMENTS: [(&str, Dialect, Notation); 4] = [
    ("/openapi.json", Dialect::V3_1, Notation::Json),
    ("/openapi.yaml", Dialect::V3_1, Notation::Yaml),
    ("/openapi-3.0.json", Dialect::V3_0, Notation::Json),
    ("/openapi-3.0.yaml", Dialect::V3_0, Notation::Yaml),
];

/// The document, and its paths ready to be compared with.
#[derive(Debug)]
pub struct Contract {
    guide: web::Bytes,
    documents: HashMap<&'static str, Document>,
    paths: Vec<Path>,
    /// Paths without parameters that others with some match too: a verb that they lack is not that of the other.
    literal: HashSet<String>,
    /// The paths, by their places, with operations that are not there for ever.
    ending: Vec<usize>,
}

#[derive(Debug)]
struct Document {
    media_type: &'static str,
    text: web::Bytes,
}

impl Document {
    fn new(dialect: Dialect, notation: Notation) -> Result<Self> {
        let text = openapi::text(dialect, notation)?;
        let media_type = match notation {
            Notation::Json => "application/json",
            // RFC 9512
            Notation::Yaml => "application/yaml",
        };
        Ok(Self { media_type, text: text.into() })
    }
}

#[derive(Debug)]
struct Path {
    pattern: ResourceDef,
    /// By verb.
    verbs: HashMap<String, Verb>,
}

/// What an operation takes, and until when.
#[derive(Debug)]
struct Verb {
    /// The names of the query parameters.
    parameters: Vec<String>,
    /// Whether it compares versions.
    takes_condition: bool,
    /// The headers of an operation that is not there for ever.
    ending: Vec<(HeaderName, HeaderValue)>,
}

impl Contract {
    /// The one of this program, which is written once.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn of_the_program() -> Result<web::Data<Self>> {
        static WRITTEN: OnceLock<web::Data<Contract>> = OnceLock::new();
        if let Some(written) = WRITTEN.get() {
            return Ok(written.clone());
        }
        let written = web::Data::new(Self::new()?);
        Ok(WRITTEN.get_or_init(|| written).clone())
    }

    fn new() -> Result<Self> {
        let document = openapi::document();
        let paths = document.get("paths").and_then(Value::as_object).into_iter().flatten();
        let mut paths: Vec<Path> = paths.map(|(path, item)| Path::new(path, item)).collect();
        let about_itself = serde_json::json!({ "get": {} });
        let served = DOCUMENTS.map(|(path, ..)| path);
        paths.extend(served.into_iter().chain(["/docs", GUIDE, DOCS]).map(|path| Path::new(path, &about_itself)));
        let literal = literal(document, &paths);
        let ends = |path: &Path| path.verbs.values().any(|verb| !verb.ending.is_empty());
        let ending = paths.iter().enumerate().filter(|(_, path)| ends(path)).map(|(index, _)| index).collect();
        let documents = DOCUMENTS.map(|(path, dialect, notation)| Ok((path, Document::new(dialect, notation)?)));
        let guide = openapi::guide().into();
        Ok(Self { guide, documents: documents.into_iter().collect::<Result<_>>()?, paths, literal, ending })
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
    fn verb(&self, verb: &str) -> Option<&Verb> {
        self.verbs.get(if verb == "HEAD" { "GET" } else { verb })
    }

    fn takes(&self, verb: &str) -> bool {
        self.verb(verb).is_some()
    }

    fn new(path: &str, item: &Value) -> Self {
        let verbs = item.as_object().into_iter().flatten();
        let verbs = verbs.map(|(verb, operation)| (verb.to_uppercase(), Verb::new(operation)));
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

impl Verb {
    fn new(operation: &Value) -> Self {
        let takes_condition = names_of_parameters(operation, "header").iter().any(|name| name == "If-Match");
        let parameters = names_of_parameters(operation, "query");
        Self { parameters, takes_condition, ending: ending(operation).unwrap_or_default() }
    }
}

/// Since when an operation is deprecated (RFC 9745), until when it answers (RFC 8594), and what takes its place (RFC 5829).
fn ending(operation: &Value) -> Option<Vec<(HeaderName, HeaderValue)>> {
    let text = |name: &str| operation.get(name).and_then(Value::as_str);
    let day = |name: &str| -> Option<u64> {
        let midnight = Value::String(format!("{}T00:00:00Z", text(name)?));
        u64::try_from(serde_json::from_value::<Timestamp>(midnight).ok()?.seconds()).ok()
    };
    let since = format!("@{}", day("x-deprecated-since")?);
    let until = HttpDate::from(SystemTime::UNIX_EPOCH + Duration::from_secs(day("x-sunset")?)).to_string();
    let successor = format!("<{}>; rel=\"successor-version\"", text("x-successor")?);
    let headers = [("deprecation", since), ("sunset", until), ("link", successor)].into_iter();
    headers.map(|(name, value)| Some((HeaderName::from_static(name), HeaderValue::try_from(value).ok()?))).collect()
}

fn names_of_parameters(operation: &Value, place: &str) -> Vec<String> {
    let parameters = operation.get("parameters").and_then(Value::as_array).into_iter().flatten();
    let there = parameters.filter(|parameter| parameter.get("in").is_some_and(|is_in| is_in == place));
    there.filter_map(|parameter| parameter.get("name")?.as_str().map(str::to_owned)).collect()
}

/// The document and the browser for it.
pub fn configure(config: &mut web::ServiceConfig) {
    let docs = utoipa_swagger_ui::Config::from("/openapi.json").persist_authorization(true);
    for (path, ..) in DOCUMENTS {
        config.route(path, web::get().to(get_document));
    }
    config
        .route("/docs", web::get().to(redirect_to_docs))
        .route(GUIDE, web::get().to(get_guide))
        .service(utoipa_swagger_ui::SwaggerUi::new(DOCS).config(docs));
}

async fn get_document(request: HttpRequest, contract: web::Data<Contract>) -> Result<HttpResponse> {
    let document = contract.documents.get(request.match_info().as_str()).ok_or_else(Error::not_found)?;
    Ok(HttpResponse::Ok().content_type(document.media_type).body(document.text.clone()))
}

async fn get_guide(contract: web::Data<Contract>) -> HttpResponse {
    HttpResponse::Ok().content_type("text/html; charset=utf-8").body(contract.guide.clone())
}

async fn redirect_to_docs() -> HttpResponse {
    HttpResponse::PermanentRedirect().insert_header((header::LOCATION, "/docs/")).finish()
}

/// 405 where the path exists with other methods, else 404.
pub async fn no_route(request: HttpRequest, contract: web::Data<Contract>) -> Result<HttpResponse> {
    // decoded as the router decodes it
    let path = contract.find(request.match_info().as_str()).ok_or_else(Error::not_found)?;
    Ok(HttpResponse::MethodNotAllowed().insert_header((header::ALLOW, path.allow())).finish())
}

/// A middleware that refuses, by name, a query parameter that the operation does not have, and a version to compare with where it
/// compares none, so that nobody takes a change for a safe one; and a verb that a path does not have, where the router would take
/// it for another path's.
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
    if names_version(&request) && verb(&request).is_some_and(|verb| !verb.takes_condition) {
        let error = Error::parameter("If-Match", "unknown", "this compares no versions: leave it out");
        return Ok(request.error_response(error));
    }
    Ok(next.call(request).await?.map_into_boxed_body())
}

/// Whether a request says which version it means; `*` means any, which is no condition of what is there.
fn names_version(request: &ServiceRequest) -> bool {
    request.headers().get_all(header::IF_MATCH).any(|tags| tags.as_bytes().trim_ascii() != b"*")
}

/// A middleware that says of an operation which is not there for ever until when it is.
///
/// # Errors
/// None of its own.
pub async fn tell_ending(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let ending = request.app_data::<web::Data<Contract>>().and_then(|contract| {
        let (path, method) = (request.match_info().unprocessed(), request.method().as_str());
        let mut ending = contract.ending.iter().filter_map(|index| contract.paths.get(*index));
        Some(ending.find(|known| known.pattern.is_match(path))?.verb(method)?.ending.clone())
    });
    let mut response = next.call(request).await?;
    for (name, value) in ending.into_iter().flatten() {
        response.headers_mut().append(name, value);
    }
    Ok(response)
}

/// The verbs of a path that has not the request's.
fn shadowed(request: &ServiceRequest) -> Option<String> {
    // decoded as the router decodes it
    let path = request.match_info().unprocessed();
    let contract = request.app_data::<web::Data<Contract>>()?;
    let known = contract.literal.get(path).and_then(|path| contract.find(path))?;
    (!known.takes(request.method().as_str())).then(|| known.allow())
}

/// The operation that is asked for, where the API has it.
fn verb(request: &ServiceRequest) -> Option<&Verb> {
    // decoded as the router decodes it
    let path = request.match_info().unprocessed();
    if !path.starts_with("/api/") {
        return None;
    }
    let contract = request.app_data::<web::Data<Contract>>()?;
    contract.find(path)?.verb(request.method().as_str())
}

fn unknown_parameter(request: &ServiceRequest) -> Option<String> {
    if request.query_string().is_empty() {
        return None;
    }
    let known = &verb(request)?.parameters;
    let mut names = form_urlencoded::parse(request.query_string().as_bytes()).map(|(name, _)| name.into_owned());
    names.find(|name| !known.contains(name))
}
