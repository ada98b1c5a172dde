//! JSON bodies: read within a limit and a time, parsed so that a fault names its field, answered with the right headers.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{FromRequest, HttpMessage as _, HttpRequest, HttpResponse, web};
use aws_lc_rs::digest::{SHA256, digest};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::auth::actor;
use crate::error::{Code, Error, Result};

/// The largest body that is read, in bytes.
pub const BODY_LIMIT: usize = 1024 * 1024;
/// The longest time that a body may take to arrive.
const BODY_TIME: Duration = Duration::from_secs(20);

/// The SHA-256 of a body, where the request has a key by which it is known again.
#[derive(Debug, Clone)]
pub struct BodyDigest(pub Vec<u8>);

/// A JSON body. Anything else is refused: 415 for another type, 413 beyond the limit, 400 for what is not JSON, 422 with
/// a pointer for what breaks a rule of a field.
#[derive(Debug)]
pub struct Body<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Body<T> {
    type Error = actix_web::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, actix_web::Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let body = read(request, payload);
        let request = request.clone();
        Box::pin(async move {
            let error = match body.await.and_then(|bytes| Ok(parse(&bytes)?)) {
                Ok(body) => return Ok(Self(body)),
                Err(error) => error,
            };
            actor::check(&request).await?;
            Err(error)
        })
    }
}

fn read(
    request: &HttpRequest,
    payload: &mut Payload,
) -> impl Future<Output = Result<web::Bytes, actix_web::Error>> + use<> {
    let is_json = is_json(request.headers().get(header::CONTENT_TYPE), request.method());
    let (request, bytes) = (request.clone(), web::Bytes::from_request(request, payload));
    async move {
        if !is_json {
            return Err(Error::new(Code::UnsupportedMediaType, "Send application/json.").into());
        }
        let late = || Error::new(Code::RequestTimeout, "The body took too long to arrive.");
        let bytes = tokio::time::timeout(BODY_TIME, bytes).await.map_err(|_| late())??;
        note_digest(&request, &bytes);
        Ok(bytes)
    }
}

/// Notes what a body is known by, where the request has a key by which it is known again.
pub fn note_digest(request: &HttpRequest, body: &[u8]) {
    if request.headers().contains_key("idempotency-key") {
        request.extensions_mut().insert(BodyDigest(digest(&SHA256, body).as_ref().to_vec()));
    }
}

/// Whether a body of this type is taken; how a patch is read has a name of its own (RFC 7396), which says nothing elsewhere.
fn is_json(content_type: Option<&HeaderValue>, method: &Method) -> bool {
    let essence = content_type.and_then(|value| value.to_str().ok()).and_then(|value| value.split(';').next());
    essence.is_some_and(|essence| {
        let essence = essence.trim();
        essence.eq_ignore_ascii_case("application/json")
            || (method == Method::PATCH && essence.eq_ignore_ascii_case("application/merge-patch+json"))
    })
}

/// Parses a body.
///
/// # Errors
/// `bad_json`, or `invalid` with a pointer to the field.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    let value: serde_json::Value = serde_json::from_slice(bytes)
        .map_err(|error| Error::new(Code::BadJson, format!("The body is not JSON: {error}.")))?;
    if !value.is_object() {
        return Err(Error::invalid("", "wrong_type", "must be an object"));
    }
    serde_path_to_error::deserialize(value).map_err(|error| field_error(error.path(), &error.inner().to_string()))
}

/// Our parsed types say `code: words`; serde's own messages are known by how they begin.
fn field_error(path: &serde_path_to_error::Path, message: &str) -> Error {
    let mut pointer = String::new();
    for segment in path {
        use serde_path_to_error::Segment;
        match segment {
            Segment::Map { key } => push(&mut pointer, key),
            Segment::Seq { index } => push(&mut pointer, &index.to_string()),
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    let quoted = message.split('`').nth(1).unwrap_or_default();
    let (code, detail) = if message.starts_with("unknown field") {
        if !pointer.ends_with(&format!("/{}", escaped(quoted))) {
            push(&mut pointer, quoted);
        }
        ("unknown_property", "there is no such property".to_owned())
    } else if message.starts_with("missing field") {
        push(&mut pointer, quoted);
        ("missing", "is needed".to_owned())
    } else if message.starts_with("unknown variant") {
        let expected = message.split_once("expected ").map_or(message, |(_, expected)| expected);
        ("unknown_value", format!("must be {}", expected.replace('`', "")))
    } else {
        match message.split_once(": ") {
            Some((code, detail)) if code.chars().all(|c| c.is_ascii_lowercase() || c == '_') => {
                (code, detail.to_owned())
            }
            _ => ("wrong_type", message.to_owned()),
        }
    };
    Error::invalid(pointer, code, detail)
}

fn push(pointer: &mut String, key: &str) {
    pointer.push('/');
    pointer.push_str(&escaped(key));
}

fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// 200 with a body.
pub fn ok(body: &impl Serialize) -> HttpResponse {
    HttpResponse::Ok().json(body)
}

/// 201 with a body and where it can be read again.
pub fn created(location: &str, body: &impl Serialize) -> HttpResponse {
    HttpResponse::Created().insert_header((header::LOCATION, location)).json(body)
}

/// 308: it is found there.
#[must_use]
pub fn moved(location: &str) -> HttpResponse {
    HttpResponse::PermanentRedirect().insert_header((header::LOCATION, location)).finish()
}

/// 204.
#[must_use]
pub fn no_content() -> HttpResponse {
    HttpResponse::NoContent().finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::text::Line;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only parsed")]
    struct Note {
        title: Line<1, 5>,
        inner: Option<Vec<Inner>>,
    }

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only parsed")]
    struct Inner {
        number: i32,
    }

    #[test]
    fn a_fault_names_its_field() {
        let cases = [
            ("{\"title\":\"a\",\"x\":1}", "/x", "unknown_property"),
            ("{}", "/title", "missing"),
            ("{\"title\":\"too long\"}", "/title", "too_long"),
            ("{\"title\":3}", "/title", "wrong_type"),
            ("{\"title\":\"a\",\"inner\":[{\"number\":\"1\"}]}", "/inner/0/number", "wrong_type"),
            ("{\"title\":\"a\",\"inner\":[{\"a/b\":1}]}", "/inner/0/a~1b", "unknown_property"),
        ];
        for (body, pointer, code) in cases {
            let error = parse::<Note>(body.as_bytes()).unwrap_err();
            assert_eq!(error.code(), Code::Invalid, "{body}");
            assert_eq!(
                (error.fields()[0].pointer.as_str(), error.fields()[0].code.as_str()),
                (pointer, code),
                "{body}"
            );
        }
        assert_eq!(parse::<Note>(b"{\"title\":").unwrap_err().code(), Code::BadJson);
        assert_eq!(parse::<Note>(b"[\"title\", null]").unwrap_err().fields()[0].code, "wrong_type");
    }
}
