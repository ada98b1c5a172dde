//! What a question is answered with, and its JSON: every row with the columns that Praxis shows too.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use serde::ser::{SerializeMap as _, SerializeSeq as _};
use serde::{Deserialize, Serialize, Serializer};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

/// Columns that Praxis asks for and shows to nobody, or shows in another form within the same answer.
const NOT_SHOWN: [&str; 24] = [
    "accepted_rules_version",
    "bookmarked_at",
    "changed_at",
    "created_by",
    "decided_at",
    "decided_by",
    "deleted_by",
    "follows",
    "group_id",
    "has_shares",
    "is_shared",
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

/// Characters of the beginning of a text.
const EXCERPT: usize = 280;
/// Columns that are not shown beside the beginning of a text.
const LEFT_OUT: [&str; 4] = ["author_id", "body_html", "created_at", "tags"];

/// All rows that answer a question.
pub struct Answer {
    pub columns: Columns,
    pub rows: Vec<Vec<Cell>>,
}

impl Answer {
    /// The values of a column of ids, each once.
    pub fn ids(&self, column: usize) -> Vec<Uuid> {
        let mut seen = HashSet::new();
        (0..self.rows.len()).filter_map(|place| self.id(column, place)).filter(|id| seen.insert(*id)).collect()
    }

    /// The number in a column of the last row.
    pub fn last(&self, column: usize) -> i64 {
        self.rows.last().and_then(|row| number(row, column)).unwrap_or_default()
    }

    /// Of so many rows, the best, the ids in the second column of those with this kind in the first: the best have the highest
    /// number in their last column or, where another answer is given, what stands there is on the most rows of it.
    pub fn best(&self, counted_in: Option<&Self>, limit: usize, kind: &str) -> Vec<Uuid> {
        let mut counts: HashMap<i64, i64> = HashMap::new();
        for row in counted_in.iter().flat_map(|answer| &answer.rows) {
            *counts.entry(number(row, 0).unwrap_or_default()).or_default() += 1;
        }
        let last = self.columns.len().saturating_sub(1);
        let ranked = (0..self.rows.len()).filter_map(|place| {
            let found = number(&self.rows[place], last)?;
            let rank = if counted_in.is_some() { counts.get(&found).copied().unwrap_or_default() } else { found };
            Some((rank, self.id(1, place)?, place))
        });
        let mut ranked: Vec<(i64, Uuid, usize)> = ranked.collect();
        ranked.sort_unstable_by(|one, other| other.cmp(one));
        let is_kind = |place: usize| matches!(self.rows[place].first(), Some(Cell::Text(text)) if text == kind);
        let best = ranked.into_iter().take(limit);
        best.filter(|(_, _, place)| is_kind(*place)).map(|(_, id, _)| id).collect()
    }

    /// Leaves nothing but rows with a title or name, and of their texts the beginning.
    pub fn cut(&mut self) {
        let is = |name: &Option<String>, wanted: &str| name.as_deref() == Some(wanted);
        if !self.columns.iter().any(|name| is(name, "title") || is(name, "name")) {
            self.rows.clear();
        }
        for (place, name) in self.columns.iter().enumerate() {
            for row in &mut self.rows {
                match &mut row[place] {
                    Cell::Text(text) if is(name, "body") || is(name, "description") => {
                        *text = text.chars().take(EXCERPT).collect()
                    }
                    cell if LEFT_OUT.iter().any(|left_out| is(name, left_out)) => *cell = Cell::Null,
                    _ => {}
                }
            }
        }
    }

    /// The value at a place of a column of ids.
    pub fn id(&self, column: usize, place: usize) -> Option<Uuid> {
        match self.rows.get(place)?.get(column) {
            Some(Cell::Id(id)) => Some(*id),
            _ => None,
        }
    }
}

fn number(row: &[Cell], column: usize) -> Option<i64> {
    match row.get(column) {
        Some(Cell::Number(number)) => Some(*number),
        _ => None,
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
