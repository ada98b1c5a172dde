//! Lists: a limit, an opaque cursor bound to its list and filters, and the `Link` to the next page.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse};
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

use crate::error::{Code, Error, Result};
use crate::types::Timestamp;

/// The longest cursor, in characters: many times as long as any that is made.
pub const LONGEST: usize = 2048;
/// The most items that a page holds.
pub const MOST: usize = 100;

/// How many items a page holds: 1 to 100, 25 unless said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit(u8);

impl Default for Limit {
    fn default() -> Self {
        Self(25)
    }
}

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let number = text.parse().ok().filter(|number| (1..=100).contains(number));
        number.map(Self).ok_or_else(|| serde::de::Error::custom("limit: must be a number from 1 to 100"))
    }
}

impl PartialSchema for Limit {
    fn schema() -> RefOr<Schema> {
        let whole = ObjectBuilder::new().schema_type(Type::Integer);
        whole.minimum(Some(1)).maximum(Some(100)).default(Some(25.into())).into()
    }
}

impl ToSchema for Limit {}

/// What a list is sorted by, where the caller chooses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Key {
    /// A count, or microseconds since 1970 UTC.
    Number(i64),
    /// Folded text.
    Text(String),
}

impl Key {
    /// Sorts what never happened behind everything that did.
    pub const NEVER: Self = Self::Number(-i64::MAX);

    /// The key of an instant.
    #[must_use]
    pub fn of(at: Timestamp) -> Self {
        Self::Number(at.micros())
    }

    /// The number.
    ///
    /// # Errors
    /// `bad_cursor` for a cursor made by hand.
    pub fn number(&self) -> Result<i64> {
        if let Self::Number(number) = self { Ok(*number) } else { Err(bad_cursor()) }
    }

    /// The instant.
    ///
    /// # Errors
    /// `bad_cursor` for a cursor made by hand.
    pub fn instant(&self) -> Result<Timestamp> {
        self.number().map(Timestamp::from_micros)
    }

    /// The text.
    ///
    /// # Errors
    /// `bad_cursor` for a cursor made by hand.
    pub fn text(&self) -> Result<&str> {
        if let Self::Text(text) = self { Ok(text) } else { Err(bad_cursor()) }
    }
}

/// What a list sorts by, in a cursor.
pub trait Place: Serialize + DeserializeOwned {
    /// Whether any row could be there; a cursor made by hand may say anything.
    fn is_possible(&self) -> bool;
}

impl Place for i64 {
    /// Within the years 1 to 9999, or [`Key::NEVER`].
    fn is_possible(&self) -> bool {
        *self == -Self::MAX || (-62_135_596_800_000_000..253_402_300_800_000_000).contains(self)
    }
}

impl Place for Key {
    fn is_possible(&self) -> bool {
        match self {
            Self::Number(number) => number.is_possible(),
            Self::Text(text) => !text.contains(char::is_control),
        }
    }
}

/// Where a page begins, and how to make the cursor of the next. `K` is what the list sorts by.
#[derive(Debug, Clone)]
pub struct Page<K> {
    limit: usize,
    fingerprint: String,
    /// The sort key and the id of the last item of the page before.
    pub after: Option<(K, Uuid)>,
}

impl<K: Place> Page<K> {
    /// Reads the caller's wishes. `list` and `filters` are what the cursor is bound to; an empty one is the first page's.
    ///
    /// # Errors
    /// `bad_cursor` for a cursor that is malformed or of another list, filter or sort.
    pub fn new(list: &str, filters: &impl std::fmt::Debug, limit: Option<Limit>, cursor: Option<&str>) -> Result<Self> {
        let hash = digest(&SHA256, format!("{list} {filters:?}").as_bytes());
        let fingerprint = URL_SAFE_NO_PAD.encode(hash.as_ref().get(..9).unwrap_or_default());
        let after =
            cursor.filter(|cursor| !cursor.is_empty()).map(|cursor| decode(cursor, &fingerprint)).transpose()?;
        Ok(Self { limit: usize::from(limit.unwrap_or_default().0), fingerprint, after })
    }

    /// The first of the pages of a whole list, `rows` long each: for exports, where no client holds a cursor.
    #[must_use]
    pub fn whole(rows: i64) -> Self {
        Self { limit: usize::try_from(rows).unwrap_or(1) - 1, fingerprint: String::new(), after: None }
    }

    /// The page of a whole list after one that has these rows; `None` after the last.
    pub fn next_whole<T>(&self, rows: &[T], key: impl Fn(&T) -> (K, Uuid)) -> Option<Self> {
        let last = rows.last().filter(|_| rows.len() > self.limit)?;
        Some(Self { limit: self.limit, fingerprint: String::new(), after: Some(key(last)) })
    }

    /// How many rows to ask for: one more than the page shows, to know whether there is a next page.
    #[must_use]
    pub fn rows(&self) -> i64 {
        i64::try_from(self.limit).unwrap_or(100) + 1
    }

    /// Cuts the extra row and makes the next cursor; `key` names an item's place in the order.
    pub fn cut<T>(&self, mut rows: Vec<T>, key: impl Fn(&T) -> (K, Uuid)) -> (Vec<T>, Option<String>) {
        let more = rows.len() > self.limit;
        rows.truncate(self.limit);
        let cursor = rows.last().filter(|_| more).map(|last| encode(&self.fingerprint, &key(last)));
        (rows, cursor)
    }
}

fn bad_cursor() -> Error {
    let words = "is not one that this list, with these filters, has given";
    Error::new(Code::BadCursor, format!("cursor: {words}")).with_field("cursor", "malformed", words)
}

fn encode<K: Serialize>(fingerprint: &str, (key, id): &(K, Uuid)) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::json!([fingerprint, key, id]).to_string())
}

fn decode<K: Place>(cursor: &str, fingerprint: &str) -> Result<(K, Uuid)> {
    if cursor.len() > LONGEST {
        return Err(bad_cursor());
    }
    let json = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| bad_cursor())?;
    let (bound_to, key, id): (String, K, Uuid) = serde_json::from_slice(&json).map_err(|_| bad_cursor())?;
    if bound_to == fingerprint && key.is_possible() { Ok((key, id)) } else { Err(bad_cursor()) }
}

/// 200 with a page and, where there is a next one, its `Link`.
pub fn ok(request: &HttpRequest, page: &impl Serialize, next_cursor: Option<&str>) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    if let Some(cursor) = next_cursor {
        let kept = request.query_string().split('&').filter(|pair| !pair.is_empty() && !pair.starts_with("cursor="));
        let query: Vec<&str> = kept.collect();
        let joint = if query.is_empty() { "" } else { "&" };
        let link = format!("<{}?{}{joint}cursor={cursor}>; rel=\"next\"", request.path(), query.join("&"));
        response.insert_header((header::LINK, link));
    }
    response.json(page)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_returns_to_its_place_and_to_no_other_list() {
        let page = Page::<i64>::new("things", &("a", 1), None, None).unwrap();
        let (items, cursor) = page.cut((0..26).collect(), |n| (*n, Uuid::nil()));
        assert_eq!(items.len(), 25);
        let cursor = cursor.unwrap();
        let next = Page::<i64>::new("things", &("a", 1), None, Some(&cursor)).unwrap();
        assert_eq!(next.after, Some((24, Uuid::nil())));
        assert!(Page::<i64>::new("things", &("a", 2), None, Some(&cursor)).is_err());
        assert!(Page::<i64>::new("others", &("a", 1), None, Some(&cursor)).is_err());
        assert!(Page::<Key>::new("things", &("b", 1), None, Some(&cursor)).is_err());
        for impossible in [Key::Number(i64::MIN), Key::Number(-5_000_000_000_000_000_000), Key::Text("\0".to_owned())] {
            let forged = encode(&page.fingerprint, &(impossible, Uuid::nil()));
            assert!(Page::<Key>::new("things", &("a", 1), None, Some(&forged)).is_err());
        }
        assert!(Page::<i64>::new("things", &("a", 1), None, Some("%%%")).is_err());
    }

    #[test]
    fn a_cursor_has_an_end() {
        let page = Page::<Key>::new("things", &(), None, None).unwrap();
        let with = |length: usize| encode(&page.fingerprint, &(Key::Text("a".repeat(length)), Uuid::nil()));
        let length = (0..LONGEST).rev().find(|length| with(*length).len() <= LONGEST).unwrap();
        assert!(Page::<Key>::new("things", &(), None, Some(&with(length))).is_ok());
        assert!(Page::<Key>::new("things", &(), None, Some(&with(length + 1))).is_err());
    }

    #[test]
    fn the_last_page_has_no_cursor() {
        let page = Page::<i64>::new("things", &(), None, None).unwrap();
        assert_eq!(page.cut(vec![1, 2], |n| (*n, Uuid::nil())).1, None);
    }
}
