//! Ids, instants and the macro for closed lists: each with its JSON form, its schema and its column, once.
//! This is the only file that reads the clock.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql};
use diesel::serialize::{self, Output, ToSql};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

use crate::db::sql_types::{self, RawId, RawInstant};

/// Gives a newtype the column form of the raw type that it wraps.
macro_rules! column {
    ($name:ident, $sql:ty, $raw:ty) => {
        impl<DB: Backend> ToSql<$sql, DB> for $name
        where
            $raw: ToSql<$sql, DB>,
        {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
                self.0.to_sql(out)
            }
        }

        impl<DB: Backend> FromSql<$sql, DB> for $name
        where
            $raw: FromSql<$sql, DB>,
        {
            fn from_sql(value: DB::RawValue<'_>) -> deserialize::Result<Self> {
                <$raw>::from_sql(value).map(Self)
            }
        }
    };
}

/// What is said of an id that is none.
pub const BAD_ID: &str = "must be a UUID of 36 characters, with hyphens";
/// The longest text of a time, in bytes.
const LONGEST_TIME: usize = 64;

/// A schema without a name of its own, written where it is used.
fn string_of(format: SchemaFormat, longest: usize, description: &str) -> RefOr<Schema> {
    let text = ObjectBuilder::new().schema_type(Type::String).format(Some(format)).max_length(Some(longest));
    text.description(Some(description)).into()
}

macro_rules! ids {
    ($($(#[doc = $doc:literal])+ $name:ident;)+) => {$(
        $(#[doc = $doc])+
        #[derive(Clone, Copy, PartialEq, Eq, diesel::expression::AsExpression, diesel::deserialize::FromSqlRow)]
        #[diesel(sql_type = sql_types::Id)]
        pub struct $name(RawId);

        impl $name {
            /// A new id; ids made later sort later.
            #[must_use]
            pub fn new() -> Self { Self(RawId(Uuid::now_v7())) }

            /// The id that stands for nobody and nothing.
            #[must_use]
            pub fn nil() -> Self { Self(RawId(Uuid::nil())) }

            /// The bare UUID.
            #[must_use]
            pub fn uuid(self) -> Uuid { self.0.0 }
        }

        impl Default for $name { fn default() -> Self { Self::new() } }
        impl From<Uuid> for $name { fn from(id: Uuid) -> Self { Self(RawId(id)) } }
        impl From<$name> for RawId { fn from(id: $name) -> Self { id.0 } }
        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(|id: uuid::fmt::Hyphenated| Self::from(id.into_uuid()))
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { self.0.0.hyphenated().fmt(f) }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { fmt::Display::fmt(self, f) }
        }
        impl std::hash::Hash for $name {
            fn hash<H: std::hash::Hasher>(&self, state: &mut H) { self.0.0.hash(state); }
        }
        impl PartialOrd for $name {
            fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> { Some(self.cmp(other)) }
        }
        impl Ord for $name {
            fn cmp(&self, other: &Self) -> std::cmp::Ordering { self.0.0.cmp(&other.0.0) }
        }
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.0.0.serialize(serializer)
            }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let bad = |_| serde::de::Error::custom(format!("wrong_type: {BAD_ID}"));
                String::deserialize(deserializer)?.parse().map_err(bad)
            }
        }
        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> { string_of(SchemaFormat::Custom("uuid".to_owned()), 36, "A UUIDv7.") }
        }
        impl ToSchema for $name {}
        column!($name, sql_types::Id, RawId);
    )+};
}

ids! {
    /// The id of a person's account.
    UserId;
    /// The id of a session: one log-in on one device.
    SessionId;
    /// The id of a kind of group.
    GroupTypeId;
    /// The id of a group.
    GroupId;
    /// The id of a post.
    PostId;
    /// The id of a comment.
    CommentId;
    /// The id of an article.
    ArticleId;
    /// The id of an entry in a membership's history.
    MembershipEventId;
    /// The id of an invitation to a group.
    InvitationId;
    /// The id of a proposal for a new group.
    GroupProposalId;
    /// The id of an entry in the audit log.
    AuditEventId;
    /// The id of whatever an entry in the audit log is about, or a reaction is to.
    TargetId;
    /// The id of a former text of a post or comment.
    RevisionId;
    /// The id of something that waits to be read before it comes out.
    SubmissionId;
    /// The id of a notification.
    NotificationId;
    /// The id of a secret that opens feeds.
    FeedKeyId;
    /// The id of an API key.
    ApiKeyId;
    /// The id of something that happened.
    EventId;
    /// The id of a webhook.
    WebhookId;
    /// The id of something that a webhook is told.
    DeliveryId;
    /// The id of a note that something is gone.
    TombstoneId;
}

/// The id of a request, in its answer, its problem, its log line and the audit log: 8 to 64 letters, digits, `.`, `_`, `-`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct RequestId {
    text: [u8; 64],
    length: u8,
}

impl RequestId {
    /// A new id.
    #[must_use]
    pub fn new() -> Self {
        let mut id = Self { text: [0; 64], length: 36 };
        Uuid::now_v7().hyphenated().encode_lower(&mut id.text);
        id
    }

    /// A caller's own id; `None` where it is not well formed.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
        let length = u8::try_from(text.len()).ok().filter(|length| is_plain && (8..=64).contains(length))?;
        let mut id = Self { text: [0; 64], length };
        id.text.get_mut(..text.len())?.copy_from_slice(text.as_bytes());
        Some(id)
    }

    /// The id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let text = self.text.get(..usize::from(self.length)).unwrap_or_default();
        std::str::from_utf8(text).unwrap_or_default()
    }
}

impl Default for RequestId {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A point in time: UTC, whole microseconds, so that both databases give back what they were given.
#[derive(Clone, Copy, PartialEq, Eq, diesel::expression::AsExpression, diesel::deserialize::FromSqlRow)]
#[diesel(sql_type = sql_types::Instant)]
pub struct Timestamp(RawInstant);

impl Timestamp {
    /// 2000-01-01: no activity is older, and the databases refuse one that claims to be.
    pub const EARLIEST_ACTIVITY: Self = Self(RawInstant(946_684_800_000_000));

    /// The time now.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
    pub fn now() -> Self {
        Self::from(OffsetDateTime::now_utc())
    }

    /// From microseconds since 1970 UTC.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(RawInstant(micros))
    }

    /// Microseconds since 1970 UTC.
    #[must_use]
    pub fn micros(self) -> i64 {
        self.0.0
    }

    /// The instant as the database has it.
    #[must_use]
    pub fn raw(self) -> RawInstant {
        self.0
    }

    /// Whole seconds since 1970 UTC.
    #[must_use]
    pub fn seconds(self) -> i64 {
        self.0.0.div_euclid(1_000_000)
    }

    /// The instant `duration` later.
    #[must_use]
    pub fn after(self, duration: Duration) -> Self {
        Self::from_micros(self.0.0.saturating_add(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)))
    }

    /// The instant `duration` earlier.
    #[must_use]
    pub fn before(self, duration: Duration) -> Self {
        Self::from_micros(self.0.0.saturating_sub(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)))
    }

    fn date_time(self) -> Option<OffsetDateTime> {
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0.0) * 1_000).ok()
    }
}

impl From<OffsetDateTime> for Timestamp {
    fn from(time: OffsetDateTime) -> Self {
        Self::from_micros(i64::try_from(time.unix_timestamp_nanos().div_euclid(1_000)).unwrap_or(i64::MAX))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.date_time().and_then(|time| time.format(&Rfc3339).ok()) {
            Some(text) => f.write_str(&text),
            None => write!(f, "{} µs", self.0.0),
        }
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl PartialOrd for Timestamp {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Timestamp {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.0.cmp(&other.0.0)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let time = self.date_time().ok_or_else(|| serde::ser::Error::custom("instant out of range"))?;
        serializer.serialize_str(&time.format(&Rfc3339).map_err(serde::ser::Error::custom)?)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let time = Some(text)
            .filter(|text| text.len() <= LONGEST_TIME)
            .and_then(|text| OffsetDateTime::parse(&text, &Rfc3339).ok());
        let words = "bad_time: must be an RFC 3339 time such as 2025-04-18T09:30:00Z";
        time.map(Self::from).ok_or_else(|| serde::de::Error::custom(words))
    }
}

impl PartialSchema for Timestamp {
    fn schema() -> RefOr<Schema> {
        string_of(SchemaFormat::KnownFormat(KnownFormat::DateTime), LONGEST_TIME, "RFC 3339, UTC, to the microsecond.")
    }
}

impl ToSchema for Timestamp {}

column!(Timestamp, sql_types::Instant, RawInstant);

/// Declares a closed list: an enum with its JSON form, schema and text column, all by one name a value. The name is taken
/// as a bare token: utoipa overlooks `rename` with a captured literal and would document the variant's own name.
macro_rules! text_enum {
    ($(#[doc = $doc:literal])+ $name:ident { $($(#[doc = $value_doc:literal])+ $value:ident = $text:tt,)+ }) => {
        $(#[doc = $doc])+
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, utoipa::ToSchema,
            diesel::expression::AsExpression, diesel::deserialize::FromSqlRow,
        )]
        #[diesel(sql_type = diesel::sql_types::Text)]
        pub enum $name { $($(#[doc = $value_doc])+ #[serde(rename = $text)] $value,)+ }

        impl $crate::db::sql_types::TextEnum for $name {
            fn as_str(self) -> &'static str { match self { $($name::$value => $text,)+ } }
            fn parse(text: &str) -> Option<Self> { match text { $($text => Some($name::$value),)+ _ => None } }
        }

        impl<DB: diesel::backend::Backend> diesel::serialize::ToSql<diesel::sql_types::Text, DB> for $name
        where
            str: diesel::serialize::ToSql<diesel::sql_types::Text, DB>,
        {
            fn to_sql<'b>(&'b self, out: &mut diesel::serialize::Output<'b, '_, DB>) -> diesel::serialize::Result {
                $crate::db::sql_types::TextEnum::as_str(*self).to_sql(out)
            }
        }

        impl<DB: diesel::backend::Backend> diesel::deserialize::FromSql<diesel::sql_types::Text, DB> for $name
        where
            String: diesel::deserialize::FromSql<diesel::sql_types::Text, DB>,
        {
            fn from_sql(value: DB::RawValue<'_>) -> diesel::deserialize::Result<Self> {
                $crate::db::sql_types::text_enum_from_sql::<Self, DB>(value)
            }
        }
    };
}
pub(crate) use text_enum;
