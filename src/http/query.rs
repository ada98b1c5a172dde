//! Query parameters, parsed so that a fault names its parameter.

use std::ops::Deref;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use serde::de::DeserializeOwned;

use crate::auth::actor::{self, AfterCaller};
use crate::error::{Error, Result};

/// The parameters of a query. One that is unknown, given twice or cannot be parsed is refused by name.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T> Query<T> {
    /// The parameters.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> Deref for Query<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: DeserializeOwned + 'static> FromRequest for Query<T> {
    type Error = Error;
    type Future = AfterCaller<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        actor::after_caller(request, parse(request.query_string()).map(Self))
    }
}

/// Parses a query.
///
/// # Errors
/// `bad_parameter` with the parameter's name.
pub fn parse<T: DeserializeOwned>(query: &str) -> Result<T> {
    let pairs = serde_urlencoded::Deserializer::new(form_urlencoded::parse(query.as_bytes()));
    serde_path_to_error::deserialize(pairs)
        .map_err(|error| fault(&error.path().to_string(), &error.inner().to_string()))
}

/// Serde's own messages are known by how they begin and quote the name; all others are about the value.
fn fault(path: &str, message: &str) -> Error {
    let quoted = message.split('`').nth(1).unwrap_or(path);
    if message.starts_with("unknown field") {
        return Error::parameter(quoted, "unknown", "there is no such parameter here");
    }
    if message.starts_with("duplicate field") {
        return Error::parameter(quoted, "duplicate", "give it once");
    }
    if message.starts_with("missing field") {
        return Error::parameter(quoted, "missing", "is needed");
    }
    // our parsed types say `code: words`, or the parameter's name in the place of the code
    let words = message.split_once(": ").map_or(message, |(_, words)| words);
    Error::parameter(path, "malformed", words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::page::Limit;
    use crate::http::text::Line;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only parsed")]
    struct Wishes {
        q: Option<Line<1, 5>>,
        mine: Option<bool>,
        limit: Option<Limit>,
    }

    #[test]
    fn a_fault_names_its_parameter() {
        for (query, name, code) in [
            ("colour=red", "colour", "unknown"),
            ("limit=1&limit=1", "limit", "duplicate"),
            ("limit=5&q=too+long", "q", "malformed"),
            ("q=%00", "q", "malformed"),
            ("q=fine&mine=perhaps", "mine", "malformed"),
            ("mine=true&limit=101", "limit", "malformed"),
        ] {
            let error = parse::<Wishes>(query).unwrap_err();
            assert_eq!((error.fields()[0].pointer.as_str(), error.fields()[0].code.as_str()), (name, code), "{query}");
        }
        assert!(parse::<Wishes>("q=a%20b&mine=false&limit=7").is_ok());
        assert!(parse::<Wishes>("").is_ok());
    }
}
