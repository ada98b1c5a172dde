//! Conditional changes (RFC 9110, section 13): what several people may change carries an `ETag`, and a change says with
//! `If-Match` which version it means, so that nobody overwrites what they have not seen.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use serde::Serialize;

use crate::error::{Code, Error, Result};
use crate::types::Timestamp;

/// The tag of what was last changed at this time.
#[must_use]
pub fn etag(changed_at: Timestamp) -> String {
    format!("\"{:x}\"", changed_at.micros())
}

/// 200 with a body and the tag of what it shows.
pub fn ok(changed_at: Timestamp, body: &impl Serialize) -> HttpResponse {
    HttpResponse::Ok().insert_header((header::ETAG, etag(changed_at))).json(body)
}

/// 201 with a body, where it can be read again, and the tag of what it shows.
pub fn created(location: &str, changed_at: Timestamp, body: &impl Serialize) -> HttpResponse {
    let headers = [(header::LOCATION, location.to_owned()), (header::ETAG, etag(changed_at))];
    let mut response = HttpResponse::Created();
    for header in headers {
        response.insert_header(header);
    }
    response.json(body)
}

/// The version that the caller means to change: one of several tags, or any (`*`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IfMatch(Vec<String>);

impl IfMatch {
    /// Refuses a change of anything but the version that the caller has seen.
    ///
    /// # Errors
    /// `precondition_failed`, with the current tag.
    pub fn check(&self, changed_at: Timestamp) -> Result<()> {
        let current = etag(changed_at);
        if self.0.iter().any(|tag| tag == "*" || *tag == current) {
            return Ok(());
        }
        let words = "Read it again and make the change to what it is now.";
        Err(Error::new(Code::PreconditionFailed, words).with_etag(current))
    }
}

impl FromRequest for IfMatch {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let given = request.headers().get_all(header::IF_MATCH).filter_map(|value| value.to_str().ok());
        let tags: Vec<String> = given.flat_map(|value| value.split(',')).map(|tag| tag.trim().to_owned()).collect();
        let words = "Send «If-Match» with the «ETag» of what you have read.";
        ready(if tags.is_empty() { Err(Error::new(Code::PreconditionRequired, words)) } else { Ok(Self(tags)) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_current_version_is_changed() {
        let (before, now) = (Timestamp::from_micros(1), Timestamp::from_micros(2));
        let stale = IfMatch(vec![etag(before)]);
        assert!(stale.check(before).is_ok());
        let error = stale.check(now).unwrap_err();
        assert_eq!((error.code(), error.etag()), (Code::PreconditionFailed, Some(etag(now).as_str())));
        assert!(IfMatch(vec!["*".to_owned()]).check(now).is_ok());
        // a weak tag never matches (RFC 9110, section 13.1.1)
        assert!(IfMatch(vec![format!("W/{}", etag(now))]).check(now).is_err());
    }
}
