//! Around every request: its id, a log line (without bodies, tokens, addresses or names), security headers, and the last
//! chance to turn a failure into a problem.

use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{HttpMessage as _, HttpResponse};
use futures_util::FutureExt as _;

use super::problem;
use crate::auth::limits::Promised;
use crate::error::{Code, Error};
use crate::types::RequestId;

/// The longest that an answer takes, the time of its body included.
const ANSWER_TIME: Duration = Duration::from_secs(30);

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The caller's id where it is well formed, else a new one.
fn id_of(request: &ServiceRequest) -> RequestId {
    let given = request.headers().get(REQUEST_ID).and_then(|value| value.to_str().ok());
    given.and_then(RequestId::parse).unwrap_or_default()
}

/// The middleware.
///
/// # Errors
/// None of its own: what the inner service could not answer becomes a problem.
pub async fn wrap(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let started = Instant::now();
    let id = id_of(&request);
    let method = request.method().clone();
    if method == Method::HEAD {
        // the server leaves the body out by itself
        request.head_mut().method = Method::GET;
    }
    let is_docs = request.path().starts_with("/docs");
    let promised = Promised::default();
    request.extensions_mut().insert(id);
    request.extensions_mut().insert(promised.clone());

    let response = match answered(ANSWER_TIME, next.call(request)).await {
        Ok(response) => response?.map_into_boxed_body(),
        Err(error) => return Err(outright(error, &id, &promised, is_docs)),
    };
    let mut response = with_problem(response, &id);
    if method == Method::HEAD && response.response().body().size() == BodySize::Stream {
        // nobody would read it, and so nobody would end it
        response = response.map_body(|_, _| BoxBody::new(()));
    }
    dress(response.headers_mut(), &id, &promised, is_docs);
    let route = response.request().match_pattern().unwrap_or_else(|| "-".to_owned());
    tracing::info!(
        request_id = id.as_str(), %method, route, status = response.status().as_u16(),
        micros = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX), "request",
    );
    Ok(response)
}

/// What comes of the work, unless it panics (which would close the connection without an answer) or takes too long.
async fn answered<T>(limit: Duration, work: impl Future<Output = T>) -> Result<T, Error> {
    match tokio::time::timeout(limit, AssertUnwindSafe(work).catch_unwind()).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(_)) => Err(Error::internal("a handler panicked")),
        Err(_) => Err(Error::new(Code::Timeout, "The answer was not ready in time; a change may yet be made.")),
    }
}

/// A problem where there is no request any more to answer.
fn outright(error: Error, id: &RequestId, promised: &Promised, is_docs: bool) -> actix_web::Error {
    tracing::error!(request_id = id.as_str(), %error, "request failed");
    let mut answer = problem::respond(&error, id.as_str());
    dress(answer.headers_mut(), id, promised, is_docs);
    InternalError::from_response(error, answer).into()
}

/// Outside everything: a preflight that is refused is a problem too.
///
/// # Errors
/// None of its own.
pub async fn finish(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let given = id_of(&request);
    let response = next.call(request).await?.map_into_boxed_body();
    if response.headers().contains_key(REQUEST_ID) {
        return Ok(response);
    }
    let mut response = with_problem(response, &given);
    dress(response.headers_mut(), &given, &Promised::default(), false);
    Ok(response)
}

/// Adds the headers that every answer has, and what was promised of this one.
fn dress(headers: &mut HeaderMap, id: &RequestId, promised: &Promised, is_docs: bool) {
    for (name, value) in promised.take() {
        headers.insert(name, value);
    }
    if let Ok(value) = HeaderValue::from_str(id.as_str()) {
        headers.insert(REQUEST_ID, value);
    }
    for (name, value) in security_headers(is_docs) {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
}

/// Makes a problem of a failing answer that is not one yet, and logs the cause of a fault of ours.
fn with_problem(response: ServiceResponse<BoxBody>, id: &RequestId) -> ServiceResponse<BoxBody> {
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return response;
    }
    let content_type = response.headers().get(header::CONTENT_TYPE);
    if response.response().error().is_none() && content_type.is_some_and(|value| value == problem::PROBLEM_JSON) {
        return response;
    }
    let own = response.response().error().and_then(|error| error.as_error::<Error>());
    let answer: HttpResponse = match own {
        Some(error) => {
            if status.is_server_error() {
                tracing::error!(request_id = id.as_str(), %error, "request failed");
            }
            problem::respond(error, id.as_str())
        }
        None => problem::respond(&problem::from_status(status), id.as_str()),
    };
    let allowed = response.headers().get(header::ALLOW).cloned();
    let mut answer = response.into_response(answer);
    if let Some(allowed) = allowed {
        answer.headers_mut().insert(header::ALLOW, allowed);
    }
    answer
}

fn security_headers(is_docs: bool) -> [(HeaderName, &'static str); 5] {
    let policy = if is_docs {
        "default-src 'self'; style-src 'self' 'unsafe-inline'; script-src 'self' 'unsafe-inline'; img-src 'self' data:; \
         frame-ancestors 'none'"
    } else {
        "default-src 'none'; frame-ancestors 'none'"
    };
    [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CONTENT_SECURITY_POLICY, policy),
        // what is answered depends on who asks
        (header::CACHE_CONTROL, "private, no-cache"),
    ]
}

#[cfg(test)]
mod tests {
    use actix_web::middleware::from_fn;
    use actix_web::{App, HttpRequest, test, web};

    use super::*;

    #[actix_web::test]
    async fn a_panic_is_a_problem_with_a_request_id() {
        let panics = |request: HttpRequest| async move {
            let value = HeaderValue::from_static("whatever comes");
            request.extensions().get::<Promised>().unwrap().add(header::VARY, value);
            if true { panic!("on purpose") } else { HttpResponse::Ok().finish() }
        };
        let app = test::init_service(App::new().wrap(from_fn(wrap)).route("/", web::get().to(panics))).await;
        let request = test::TestRequest::get().insert_header((REQUEST_ID, "a-given-id")).to_request();
        let answer = test::try_call_service(&app, request).await.unwrap_err().error_response();
        assert_eq!(answer.status(), 500);
        assert_eq!(answer.headers().get(header::CONTENT_TYPE).unwrap(), problem::PROBLEM_JSON);
        assert_eq!(answer.headers().get(REQUEST_ID).unwrap(), "a-given-id");
        assert!(answer.headers().contains_key(header::CONTENT_SECURITY_POLICY));
        assert_eq!(answer.headers().get(header::VARY).unwrap(), "whatever comes");
    }
}
