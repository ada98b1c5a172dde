//! Conditional requests (RFC 9110, section 13): what is read carries an `ETag`, and is not sent again to who has it. What several
//! people may change has its version in front, and a change says with `If-Match` which one it means, so that nobody overwrites
//! what they have not seen.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use twox_hash::XxHash3_128;

use crate::auth::actor::{self, AfterCaller};
use crate::error::{Code, Error, Result};
use crate::types::Timestamp;

/// The longest list of tags in one line of the header, in characters.
pub const LONGEST: usize = 8192;

/// Between the version and the hash of what is shown.
const PART: char = '.';

/// What changes of a thing are made to. Two that are equal mean that nobody has changed it meanwhile, whatever else is shown of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version(String);

impl Version {
    /// That of what these fields say.
    #[must_use]
    pub fn of(fields: &impl Serialize) -> Self {
        let words = serde_json::to_vec(fields).unwrap_or_default();
        Self(hash(&words))
    }

    /// The tag of this version, however it is shown.
    #[must_use]
    pub fn etag(&self) -> String {
        format!("\"{}\"", self.0)
    }
}

impl From<Timestamp> for Version {
    fn from(changed_at: Timestamp) -> Self {
        Self(format!("{:x}", changed_at.micros()))
    }
}

/// A hash in letters that a tag may have. It proves nothing: whoever made two texts with the same would be shown the former of
/// their own. A cryptographic one took a tenth of the time of a request.
fn hash(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(XxHash3_128::oneshot(bytes).to_be_bytes())
}

/// What a condition names.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Tags {
    /// Any version (`*`).
    Any,
    /// These, as they were given.
    These(Vec<String>),
}

impl Tags {
    /// Those of a header, where the request has it.
    fn given(headers: &HeaderMap, name: &HeaderName) -> Result<Option<Self>> {
        let malformed = || {
            let name = if *name == header::IF_MATCH { "If-Match" } else { "If-None-Match" };
            Error::parameter(
                name,
                "malformed",
                "is tags in quotation marks, with commas between, 8,192 characters at most, or *",
            )
        };
        let is_short = |text: &&str| text.len() <= LONGEST;
        let values: Vec<Option<&str>> =
            headers.get_all(name).map(|value| value.to_str().ok().map(str::trim).filter(is_short)).collect();
        match values.as_slice() {
            [] => return Ok(None),
            [Some("*")] => return Ok(Some(Self::Any)),
            _ => {}
        }
        let tags: Option<Vec<Vec<String>>> = values.into_iter().map(|value| listed(value?)).collect();
        let tags = tags.map(|tags| tags.concat()).filter(|tags| !tags.is_empty());
        tags.map(|tags| Some(Self::These(tags))).ok_or_else(malformed)
    }

    fn any(&self, mut is_meant: impl FnMut(&str) -> bool) -> bool {
        match self {
            Self::Any => true,
            Self::These(tags) => tags.iter().any(|tag| is_meant(tag)),
        }
    }
}

/// The tags of a list, which may hold commas themselves; empty elements are none (RFC 9110, sections 8.8.3 and 5.6.1).
fn listed(text: &str) -> Option<Vec<String>> {
    const BETWEEN: [char; 3] = [' ', '\t', ','];
    let mut tags = Vec::new();
    let mut rest = text.trim_start_matches(BETWEEN);
    while !rest.is_empty() {
        let quoted = rest.strip_prefix("W/").unwrap_or(rest).strip_prefix('"')?;
        let (_, after) = quoted.split_once('"')?;
        tags.push(rest.strip_suffix(after)?.to_owned());
        let after = after.trim_start_matches([' ', '\t']);
        rest = after.trim_start_matches(BETWEEN);
        if rest.len() == after.len() && !rest.is_empty() {
            return None;
        }
    }
    Some(tags)
}

/// 200 with a body and its version.
pub fn ok(version: impl Into<Version>, body: &impl Serialize) -> HttpResponse {
    HttpResponse::Ok().insert_header((header::ETAG, version.into().etag())).json(body)
}

/// A middleware that gives what is read a tag: its version, where it has one, and then a hash of what is shown, which depends on
/// who asks. A caller who has it already is not sent it again; weak tags compare like strong ones (RFC 9110, section 13.1.2). Pages
/// after the first and files have none.
///
/// # Errors
/// None of its own.
pub async fn tag(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let is_read = request.method() == Method::GET;
    let mut pairs = form_urlencoded::parse(request.query_string().as_bytes());
    let is_further = pairs.any(|(name, value)| name == "cursor" && !value.is_empty());
    let known = match Tags::given(request.headers(), &header::IF_NONE_MATCH) {
        Ok(known) => known.filter(|_| is_read),
        Err(error) if is_read => return Ok(request.error_response(error)),
        Err(_) => None,
    };
    let response = next.call(request).await?.map_into_boxed_body();
    let says = |name: HeaderName, words: &[&str]| {
        let value = response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        words.iter().any(|words| value.contains(words))
    };
    let is_shown =
        response.status().is_success() && says(header::CONTENT_TYPE, &["application/json", "application/yaml"]);
    let version = response.headers().get(header::ETAG).and_then(|tag| tag.to_str().ok()).map(str::to_owned);
    if !is_shown || (version.is_none() && (!is_read || is_further || response.status() != StatusCode::OK)) {
        return Ok(response);
    }
    Ok(response.map_body(|head, body| {
        let body = match body.try_into_bytes() {
            Ok(bytes) => bytes,
            Err(streamed) => return streamed,
        };
        let version = version.map(|tag| format!("{}{PART}", tag.trim_matches('"'))).unwrap_or_default();
        let tag = format!("\"{version}{}\"", hash(&body));
        if let Ok(value) = HeaderValue::from_str(&tag) {
            head.headers_mut().insert(header::ETAG, value);
        }
        if known.is_some_and(|known| known.any(|known| known.trim_start_matches("W/") == tag)) {
            head.status = StatusCode::NOT_MODIFIED;
            head.headers_mut().remove(header::CONTENT_TYPE);
            return BoxBody::new(actix_web::body::None::new());
        }
        BoxBody::new(body)
    }))
}

/// The version that the caller means to change: one of several tags, or any (`*`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IfMatch(Tags);

impl IfMatch {
    /// Refuses a change of anything but the version that the caller has seen.
    ///
    /// # Errors
    /// `precondition_failed`, with the current tag.
    pub fn check(&self, current: impl Into<Version>) -> Result<()> {
        let current: Version = current.into();
        if self.0.any(|tag| names(tag, &current)) {
            return Ok(());
        }
        let words = "Read it again and make the change to what it is now.";
        Err(Error::new(Code::PreconditionFailed, words).with_etag(current.etag()))
    }
}

/// Whether a tag is of this version, however it was shown. A weak tag never is (RFC 9110, section 13.1.1).
fn names(tag: &str, version: &Version) -> bool {
    let inner = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"'));
    inner.and_then(|inner| inner.split(PART).next()).is_some_and(|named| named == version.0)
}

impl FromRequest for IfMatch {
    type Error = Error;
    type Future = AfterCaller<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let words = "Send «If-Match» with the «ETag» of what you have read.";
        let needed = |tags: Option<Tags>| tags.map(Self).ok_or_else(|| Error::new(Code::PreconditionRequired, words));
        actor::after_caller(request, Tags::given(request.headers(), &header::IF_MATCH).and_then(needed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn these(tag: &str) -> IfMatch {
        IfMatch(Tags::These(vec![tag.to_owned()]))
    }

    #[test]
    fn only_the_current_version_is_changed() {
        let (before, now) = (Timestamp::from_micros(1), Timestamp::from_micros(2));
        let tag = |at: Timestamp| Version::from(at).etag();
        let stale = these(&tag(before));
        assert!(stale.check(before).is_ok());
        let error = stale.check(now).unwrap_err();
        assert_eq!((error.code(), error.etag()), (Code::PreconditionFailed, Some(tag(now).as_str())));
        assert!(IfMatch(Tags::Any).check(now).is_ok());
        assert!(these("\"2.some-hash\"").check(now).is_ok());
        for other in ["\"22\"", "2", "\"\"", "\".2\"", "W/\"2\"", "\"2", "\"3.2\""] {
            assert!(these(other).check(now).is_err(), "{other}");
        }
    }

    #[test]
    fn a_list_of_tags_is_read_as_others_write_it() {
        for (text, tags) in [
            ("\"a\"", &["\"a\""][..]),
            ("\"a,b\"", &["\"a,b\""]),
            ("\"a\",W/\"b\"", &["\"a\"", "W/\"b\""]),
            (" , \"a\" ,,\t\"\" , ", &["\"a\"", "\"\""]),
            (",", &[]),
        ] {
            assert_eq!(
                listed(text).as_deref(),
                Some(&tags.iter().map(|&tag| tag.to_owned()).collect::<Vec<_>>()[..]),
                "{text}"
            );
        }
        for other in ["a", "\"a", "a\"", "\"a\"b", "\"a\" \"b\"", "w/\"a\"", "W/ \"a\"", "*, \"a\"", "\"a\", *", "'a'"]
        {
            assert_eq!(listed(other), None, "{other}");
        }
    }
}
