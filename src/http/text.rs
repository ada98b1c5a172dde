//! Text that people write, checked as it is parsed: a length in characters, no control characters, no outer white space.

use actix_web::http::Uri;
use serde::{Deserialize, Deserializer};
use utoipa::openapi::schema::{ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// One line of `MIN` to `MAX` characters.
#[derive(Clone, PartialEq, Eq)]
pub struct Line<const MIN: usize, const MAX: usize>(String);

/// Markdown of `MIN` to `MAX` characters; line breaks and tabs are allowed. Kept and returned as written; the HTML of it
/// is made by [`super::markdown::to_html`].
#[derive(Clone, PartialEq, Eq)]
pub struct Markdown<const MIN: usize, const MAX: usize>(String);

impl<const MAX: usize> Default for Line<0, MAX> {
    fn default() -> Self {
        Self(String::new())
    }
}

impl<const MAX: usize> Default for Markdown<0, MAX> {
    fn default() -> Self {
        Self(String::new())
    }
}

/// A URL-safe name: lower-case letters, digits and single hyphens, 1 to 100 characters.
#[derive(Clone, PartialEq, Eq)]
pub struct Slug(String);

impl Slug {
    /// The slug that a name suggests; `fallback` where nothing of the name is left.
    #[must_use]
    pub fn from_name(name: &str, fallback: &str) -> Self {
        let mut text: String = slug::slugify(name).chars().take(80).collect();
        text.truncate(text.trim_end_matches('-').len());
        Self(if text.is_empty() { fallback.to_owned() } else { text })
    }

    /// The same slug with a number behind it.
    #[must_use]
    pub fn numbered(&self, number: u32) -> Self {
        self.with_suffix(&number.to_string())
    }

    /// The same slug with eight characters behind it that are drawn by lot: it is nobody else's and tells of nobody else's.
    #[must_use]
    pub fn with_lot(&self) -> Self {
        let lot = uuid::Uuid::now_v7().simple().to_string();
        self.with_suffix(lot.get(24..).unwrap_or(&lot))
    }

    /// Whether another slug is this one with eight characters that were drawn by lot.
    #[must_use]
    pub fn is_drawn(&self, other: &str) -> bool {
        let drawn = other.rsplit_once('-').filter(|(_, lot)| lot.len() == 8);
        drawn.is_some_and(|(_, lot)| self.with_suffix(lot).0 == other)
    }

    /// The same slug, cut where it is long, with a suffix of lower-case letters and digits.
    #[must_use]
    pub fn with_suffix(&self, suffix: &str) -> Self {
        let kept: String = self.0.chars().take(80).collect();
        Self(format!("{}-{suffix}", kept.trim_end_matches('-')))
    }
}

fn checked(text: &str, min: usize, max: usize, multiline: bool) -> Result<String, String> {
    let text = text.trim();
    let is_forbidden = |c: char| c.is_control() && !(multiline && matches!(c, '\n' | '\r' | '\t'));
    if text.contains(is_forbidden) {
        return Err("control_character: control characters are not allowed".to_owned());
    }
    match text.chars().count() {
        0 if min > 0 => Err("empty: must not be empty".to_owned()),
        count if count < min => Err(format!("too_short: at least {min} characters")),
        count if count > max => Err(format!("too_long: at most {max} characters")),
        _ => Ok(text.to_owned()),
    }
}

fn checked_slug(text: &str) -> Result<String, String> {
    let well_formed = !text.is_empty()
        && text.len() <= 100
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
        && !text.contains("--");
    let words = "bad_slug: lower-case letters, digits and single hyphens, 1 to 100 characters";
    if well_formed { Ok(text.to_owned()) } else { Err(words.to_owned()) }
}

macro_rules! text_type {
    ([$($generics:tt)*] $name:ident $args:tt, $check:expr, $schema_name:expr, $schema:expr) => {
        text_type!(@impl [$($generics)*] $name $args, $check, $schema_name, $schema);
    };
    (@impl [$($generics:tt)*] $name:ident [$($arg:tt)*], $check:expr, $schema_name:expr, $schema:expr) => {
        impl<$($generics)*> $name<$($arg)*> {
            /// Parses text; the error is `code: words`.
            ///
            /// # Errors
            /// When a rule above is broken.
            pub fn parse(text: &str) -> Result<Self, String> {
                let check: fn(&str) -> Result<String, String> = $check;
                check(text).map(Self)
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str { &self.0 }

            /// The text, owned.
            #[must_use]
            pub fn into_string(self) -> String { self.0 }
        }

        impl<'de, $($generics)*> Deserialize<'de> for $name<$($arg)*> {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
            }
        }

        // what people wrote does not belong in logs
        impl<$($generics)*> std::fmt::Debug for $name<$($arg)*> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{} bytes", self.0.len())
            }
        }

        impl<$($generics)*> PartialSchema for $name<$($arg)*> {
            fn schema() -> RefOr<Schema> { $schema.schema_type(Type::String).into() }
        }

        impl<$($generics)*> ToSchema for $name<$($arg)*> {
            fn name() -> std::borrow::Cow<'static, str> { $schema_name.into() }
        }
    };
}

text_type!([const MIN: usize, const MAX: usize] Line [MIN, MAX], |text| checked(text, MIN, MAX, false),
    format!("Line{MIN}To{MAX}"), ObjectBuilder::new().min_length(Some(MIN)).max_length(Some(MAX)));
text_type!([const MIN: usize, const MAX: usize] Markdown [MIN, MAX], |text| checked(text, MIN, MAX, true),
    format!("Markdown{MIN}To{MAX}"), ObjectBuilder::new().min_length(Some(MIN)).max_length(Some(MAX)));
text_type!([] Slug [], checked_slug, "Slug",
    ObjectBuilder::new().pattern(Some("^[a-z0-9]+(-[a-z0-9]+)*$")).min_length(Some(1)).max_length(Some(100)));

/// An absolute `http` or `https` URL of up to 2,000 characters.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(transparent)]
pub struct WebUrl(String);

impl WebUrl {
    /// The URL.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for WebUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let is_web = |uri: &Uri| matches!(uri.scheme_str(), Some("http" | "https")) && uri.authority().is_some();
        if text.len() <= 2000 && text.parse::<Uri>().is_ok_and(|uri| is_web(&uri)) {
            Ok(Self(text))
        } else {
            Err(serde::de::Error::custom("bad_url: must be an absolute http or https URL of up to 2,000 characters"))
        }
    }
}

impl PartialSchema for WebUrl {
    fn schema() -> RefOr<Schema> {
        let text = ObjectBuilder::new().schema_type(Type::String).max_length(Some(2000));
        text.format(Some(SchemaFormat::Custom("uri".to_owned()))).into()
    }
}

impl ToSchema for WebUrl {}

/// What sorts and searches compare: lower case by Unicode's rules, the same on both databases.
#[must_use]
pub fn folded(text: &str) -> String {
    text.to_lowercase()
}

/// A pattern for `LIKE … ESCAPE '\'` that finds `text` anywhere.
#[must_use]
pub fn containing(text: &str) -> String {
    let escaped = folded(text).replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    format!("%{escaped}%")
}

/// Up to 20 different tags of up to 50 characters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tags(pub Vec<String>);

impl<'de> Deserialize<'de> for Tags {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let sent = Vec::<Line<1, 50>>::deserialize(deserializer)?;
        if sent.len() > 20 {
            return Err(serde::de::Error::custom("too_many: at most 20 tags"));
        }
        let mut tags: Vec<String> = Vec::new();
        for tag in sent {
            if !tags.iter().any(|known| folded(known) == folded(tag.as_str())) {
                tags.push(tag.into_string());
            }
        }
        Ok(Self(tags))
    }
}

impl PartialSchema for Tags {
    fn schema() -> RefOr<Schema> {
        let tag = ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).max_length(Some(50));
        utoipa::openapi::ArrayBuilder::new().items(tag).max_items(Some(20)).into()
    }
}

impl ToSchema for Tags {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_trimmed_counted_in_characters_and_free_of_control_characters() {
        assert_eq!(Line::<1, 3>::parse("  äöü ").unwrap().as_str(), "äöü");
        assert!(Line::<1, 3>::parse("äöüß").unwrap_err().starts_with("too_long"));
        assert!(Line::<1, 3>::parse(" ").unwrap_err().starts_with("empty"));
        assert!(Line::<1, 9>::parse("a\nb").unwrap_err().starts_with("control_character"));
        assert_eq!(Markdown::<1, 9>::parse("a\nb").unwrap().as_str(), "a\nb");
        assert!(Markdown::<1, 9>::parse("a\0b").unwrap_err().starts_with("control_character"));
    }

    #[test]
    fn a_slug_comes_from_a_name() {
        assert_eq!(Slug::from_name("Peer support: Q Lab & friends", "group").as_str(), "peer-support-q-lab-friends");
        assert_eq!(Slug::from_name("！", "group").as_str(), "group");
        assert!(Slug::parse("a--b").is_err() && Slug::parse("-a").is_err() && Slug::parse("A").is_err());
    }

    #[test]
    fn a_pattern_takes_wildcards_literally() {
        assert_eq!(containing("50%_Ä\\"), "%50\\%\\_ä\\\\%");
    }
}
