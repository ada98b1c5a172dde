//! What a question is answered with, and its JSON: every row with the columns that Praxis shows too.

use std::rc::Rc;

use serde::ser::{SerializeMap as _, SerializeSeq as _};
use serde::{Deserialize, Serialize, Serializer};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

/// Columns that Praxis asks for and shows to nobody, or shows in another form within the same answer.
const NOT_SHOWN: [&str; 21] = [
    "accepted_rules_version",
    "bookmarked_at",
    "created_by",
    "decided_at",
    "decided_by",
    "deleted_by",
    "follows",
    "group_id",
    "locked_at",
    "members_order",
    "name_order",
    "notification_level",
    "pinned_at",
    "private_note",
    "read_at",
    "read_until",
    "rules_accepted_at",
    "show_last_seen",
    "sum",
    "updated_at",
    "?column?",
];

/// Microseconds since 1970 UTC.
#[derive(Clone, Copy, Debug)]
pub struct Instant(pub i64);

impl Instant {
    pub fn now() -> Self {
        Self((OffsetDateTime::now_utc().unix_timestamp_nanos() / 1_000) as i64)
    }
}

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let time = OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000);
        let time = time.map_err(serde::ser::Error::custom)?;
        serializer.serialize_str(&time.format(&Rfc3339).map_err(serde::ser::Error::custom)?)
    }
}

/// One value.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Cell {
    Null,
    Id(Uuid),
    Text(String),
    Number(i64),
    Flag(bool),
    At(Instant),
}

/// A statement's columns; those without a name are not shown.
pub type Columns = Rc<[Option<String>]>;

pub fn columns<'a>(names: impl Iterator<Item = &'a str>) -> Columns {
    let shown = |name: &str| match name {
        // as PostgreSQL calls it; SQLite names a column by its words
        "COUNT(*)" => Some("count".to_owned()),
        _ => (!NOT_SHOWN.contains(&name) && !name.contains('(')).then(|| name.to_owned()),
    };
    names.map(shown).collect()
}

/// All rows that answer a question.
pub struct Answer {
    pub columns: Columns,
    pub rows: Vec<Vec<Cell>>,
}

impl Answer {
    /// The values of a column of ids.
    pub fn ids(&self, column: usize) -> Vec<Uuid> {
        (0..self.rows.len()).filter_map(|place| self.id(column, place)).collect()
    }

    /// The value at a place of a column of ids.
    pub fn id(&self, column: usize, place: usize) -> Option<Uuid> {
        match self.rows.get(place)?.get(column) {
            Some(Cell::Id(id)) => Some(*id),
            _ => None,
        }
    }
}

impl Serialize for Answer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.rows.len()))?;
        for row in &self.rows {
            list.serialize_element(&Shown(&self.columns, row))?;
        }
        list.end()
    }
}

struct Shown<'a>(&'a [Option<String>], &'a [Cell]);

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_map(None)?;
        for (name, cell) in self.0.iter().zip(self.1) {
            // nulls make up for what Praxis asks for and does not show
            if let (Some(name), false) = (name, matches!(cell, Cell::Null)) {
                object.serialize_entry(name, cell)?;
            }
        }
        object.end()
    }
}

/// What the caller sends.
#[derive(Deserialize)]
pub struct NewPost {
    kind: String,
    title: String,
    body: String,
}

/// A post to store.
pub struct Written {
    pub id: Uuid,
    pub group_id: Uuid,
    pub author_id: Uuid,
    pub kind: String,
    pub title: String,
    pub body: String,
    pub body_html: String,
    pub at: Instant,
}

impl Written {
    pub fn now(group_id: Uuid, author_id: Uuid, new: NewPost) -> Self {
        let NewPost { kind, title, body } = new;
        // what is posted has no marks
        let body_html = format!("<p>{body}</p>\n");
        Self { id: Uuid::now_v7(), group_id, author_id, kind, title, body, body_html, at: Instant::now() }
    }
}
