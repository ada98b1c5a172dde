//! Turns every failure into `application/problem+json` (RFC 9457): the only place with error status codes.

use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, ResponseError};
use serde::Serialize;
use utoipa::ToSchema;

use super::text::Slug;
use crate::error::{Code, Error};
use crate::types::{BAD_ID, TargetId};

/// The media type of every failing answer.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// What went wrong (RFC 9457). Some problems say more: `invalid_state` mostly has `state` and `allowed`,
/// `invitation_over` `state`; `last_owner` `candidates` (a membership's) or `groups` (an account's), `in_use` `group_count` (a kind
/// of group's); `insufficient_scope` `scope`; `cooling_down` `retry_at`; `rules_not_accepted` `rules_version`; `account_suspended`
/// `reason` and `until`.
#[derive(Debug, Serialize, ToSchema)]
pub struct Problem {
    /// A URI reference for the kind of problem; the same for every problem of one code.
    #[schema(example = "/problems/not_found")]
    pub r#type: String,
    /// The kind of problem in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// This occurrence in words.
    pub detail: String,
    /// The kind of problem for programs; a promise within v1.
    #[schema(example = "not_found")]
    pub code: String,
    /// The id under which the server logged the request.
    pub request_id: String,
    /// The fields or parameters that are wrong.
    pub errors: Vec<ProblemField>,
}

/// A field or parameter that is wrong.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemField {
    /// A JSON pointer into the body, or the name of the parameter.
    #[schema(example = "/title")]
    pub pointer: String,
    /// What is wrong, for programs.
    #[schema(example = "too_long")]
    pub code: String,
    /// What is wrong, in words.
    pub detail: String,
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.code().status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The envelope calls [`respond`] again with the request id; this is for errors that arise outside it.
    fn error_response(&self) -> HttpResponse<BoxBody> {
        respond(self, "")
    }
}

/// How to be let in (RFC 6750, section 3; RFC 7617, section 2).
fn challenge(error: &Error) -> Option<String> {
    let scope = error.extra().iter().find(|(name, _)| *name == "scope").and_then(|(_, scope)| scope.as_str());
    match (error.code(), scope) {
        (Code::InvalidToken, _) => Some("Bearer error=\"invalid_token\"".to_owned()),
        (Code::InsufficientScope, Some(scope)) => {
            Some(format!("Bearer error=\"insufficient_scope\", scope=\"{scope}\""))
        }
        (Code::InsufficientScope, None) => Some("Bearer error=\"insufficient_scope\"".to_owned()),
        (Code::FeedKeyNeeded, _) => Some("Basic realm=\"feeds\", charset=\"UTF-8\", Bearer".to_owned()),
        (code, _) => (code.status() == 401).then(|| "Bearer".to_owned()),
    }
}

/// The answer for an error.
#[must_use]
pub fn respond(error: &Error, request_id: &str) -> HttpResponse {
    let code = error.code();
    let problem = Problem {
        r#type: format!("/problems/{}", code.as_str()),
        title: code.title().to_owned(),
        status: code.status(),
        detail: error.detail().to_owned(),
        code: code.as_str().to_owned(),
        request_id: request_id.to_owned(),
        errors: (error.fields().iter().cloned())
            .map(|field| ProblemField { pointer: field.pointer, code: field.code, detail: field.detail })
            .collect(),
    };
    let mut body = serde_json::to_value(&problem).unwrap_or_default();
    if let Some(members) = body.as_object_mut() {
        members.extend(error.extra().iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    }
    let mut response = HttpResponseBuilder::new(error.status_code());
    if let Some(challenge) = challenge(error) {
        response.insert_header((header::WWW_AUTHENTICATE, challenge));
    }
    if let Some(seconds) = error.retry_after() {
        response.insert_header((header::RETRY_AFTER, HeaderValue::from(seconds)));
    }
    if let Some(etag) = error.etag() {
        response.insert_header((header::ETAG, etag));
    }
    response.content_type(PROBLEM_JSON).body(body.to_string())
}

/// The error behind a failing answer that the framework made itself.
#[must_use]
pub fn from_status(status: StatusCode) -> Error {
    match status {
        StatusCode::NOT_FOUND => Error::not_found(),
        StatusCode::METHOD_NOT_ALLOWED => Error::new(Code::MethodNotAllowed, "This path has other methods."),
        StatusCode::PAYLOAD_TOO_LARGE => Error::new(Code::TooLarge, "The body is larger than the limit."),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Error::new(Code::UnsupportedMediaType, "Send application/json."),
        StatusCode::REQUEST_TIMEOUT => Error::new(Code::RequestTimeout, "The request took too long to arrive."),
        status if status.is_client_error() => {
            Error::new(Code::BadRequest, status.canonical_reason().unwrap_or("bad request"))
        }
        status => Error::internal(format!("the framework answered {status}")),
    }
}

/// Names the path parameter that cannot be parsed.
#[expect(clippy::needless_pass_by_value, reason = "the framework calls it")]
#[must_use]
pub fn bad_path(error: actix_web::error::PathError, request: &HttpRequest) -> actix_web::Error {
    let is_bad = |(name, value): &(&str, &str)| match *name {
        "slug" => Slug::parse(value).is_err(),
        "reaction_kind" => true,
        _ => value.parse::<TargetId>().is_err(),
    };
    let name = request.match_info().iter().find(is_bad).map_or("path", |(name, _)| name).to_owned();
    let words = match name.as_str() {
        "slug" => "must be a slug",
        "reaction_kind" => "must be a kind of reaction",
        _ => BAD_ID,
    };
    Error::parameter(name, "malformed", words).with_source(error.to_string()).into()
}
