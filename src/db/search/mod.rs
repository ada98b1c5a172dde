//! Full-text search, the part that knows the databases: how documents get into the index, and how a question is put to
//! it. Whoever changes the words of something, or whether it is visible, changes its document in the same transaction.
//!
//! SQLite has an FTS5 table without content, PostgreSQL a `tsvector`; both hold words that were taken apart here, so
//! that both find the same. At the place of each word is its stem. The word itself, where it differs, is for questions
//! about how a word begins: on PostgreSQL it stands at the same place; on SQLite, where a place holds one word, it
//! stands behind the whole text. A phrase is therefore found by its stems.

mod query;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};
use uuid::Uuid;

pub use query::{MAX_HIGHLIGHTS, Query};
pub use words::{Word, words};

use super::sql_types::{Id, Instant, RawId, RawInstant};
use super::{Conn, each_backend};
use crate::error::Result;

/// Characters of a text that are indexed.
const LONGEST_BODY: usize = 200_000;
/// What a `tsvector` can hold: bytes in all (a little less than it says), places, and places of one word.
const LARGEST_VECTOR: usize = 1_000_000;
const LAST_PLACE: usize = 16_383;
const MOST_PLACES: usize = 255;
/// Stands between the text and the words behind it. No word holds it, so no phrase reaches across.
const BOUNDARY: &str = "\u{e000}";

/// Something that can be found.
#[derive(Debug, Clone, Copy)]
pub struct Document<'a> {
    /// `group`, `post`, `comment`, `article` or `person`.
    pub kind: &'static str,
    /// Its id.
    pub target_id: Uuid,
    /// The group that it is or belongs to: on this hangs who finds it.
    pub group_id: Option<Uuid>,
    /// The post that it is or belongs to.
    pub post_id: Option<Uuid>,
    /// When it was published, written or made.
    pub at: RawInstant,
    /// Words that weigh more.
    pub title: &'a str,
    /// All other words.
    pub body: &'a str,
}

/// One text of several, each on lines of its own.
#[must_use]
pub fn joined(parts: &[&str]) -> String {
    parts.iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join("\n")
}

/// Adds a document, or replaces the one that there is.
pub fn put(conn: &mut Conn, document: &Document<'_>) -> Result<()> {
    match conn {
        Conn::Sqlite(conn) => put_sqlite(conn, document),
        Conn::Postgres(conn) => put_postgres(conn, document),
    }
}

#[derive(QueryableByName)]
struct Numbered {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

fn put_sqlite(conn: &mut SqliteConnection, document: &Document<'_>) -> Result<()> {
    let sql = "INSERT INTO search_documents (kind, target_id, group_id, post_id, at) VALUES (?, ?, ?, ?, ?)
        ON CONFLICT (target_id) DO UPDATE SET group_id = excluded.group_id, post_id = excluded.post_id,
            at = excluded.at
        RETURNING number";
    let Numbered { number } = diesel::sql_query(sql)
        .bind::<Text, _>(document.kind)
        .bind::<Id, _>(RawId(document.target_id))
        .bind::<Nullable<Id>, _>(document.group_id.map(RawId))
        .bind::<Nullable<Id>, _>(document.post_id.map(RawId))
        .bind::<Instant, _>(document.at)
        .get_result(conn)?;
    diesel::sql_query("DELETE FROM search_index WHERE rowid = ?").bind::<BigInt, _>(number).execute(conn)?;
    diesel::sql_query("INSERT INTO search_index (rowid, title, body) VALUES (?, ?, ?)")
        .bind::<BigInt, _>(number)
        .bind::<Text, _>(indexed(document.title))
        .bind::<Text, _>(indexed(cut(document.body)))
        .execute(conn)?;
    Ok(())
}

fn put_postgres(conn: &mut PgConnection, document: &Document<'_>) -> Result<()> {
    let sql = "INSERT INTO search_documents (kind, target_id, group_id, post_id, at, words)
        VALUES ($1, $2, $3, $4, $5, $6::tsvector)
        ON CONFLICT (target_id) DO UPDATE SET group_id = excluded.group_id, post_id = excluded.post_id,
            at = excluded.at, words = excluded.words";
    diesel::sql_query(sql)
        .bind::<Text, _>(document.kind)
        .bind::<Id, _>(RawId(document.target_id))
        .bind::<Nullable<Id>, _>(document.group_id.map(RawId))
        .bind::<Nullable<Id>, _>(document.post_id.map(RawId))
        .bind::<Instant, _>(document.at)
        .bind::<Text, _>(vector(document.title, cut(document.body)))
        .execute(conn)?;
    Ok(())
}

/// Removes the document of something, if there is one.
pub fn remove(conn: &mut Conn, target: Uuid) -> Result<()> {
    remove_by(conn, "target_id", target)
}

/// Removes the documents of a post and of its comments.
pub fn remove_of_post(conn: &mut Conn, post: Uuid) -> Result<()> {
    remove_by(conn, "post_id", post)
}

/// Removes the documents of a group and of all in it.
pub fn remove_of_group(conn: &mut Conn, group: Uuid) -> Result<()> {
    remove_by(conn, "group_id", group)
}

fn remove_by(conn: &mut Conn, column: &'static str, id: Uuid) -> Result<()> {
    if let Conn::Sqlite(conn) = conn {
        let sql =
            format!("DELETE FROM search_index WHERE rowid IN (SELECT number FROM search_documents WHERE {column} = ?)");
        diesel::sql_query(sql).bind::<Id, _>(RawId(id)).execute(conn)?;
    }
    let sql = format!("DELETE FROM search_documents WHERE {column} = $1");
    each_backend!(conn => diesel::sql_query(&sql).bind::<Id, _>(RawId(id)).execute(conn))?;
    Ok(())
}

/// A post is in another group now, and its comments with it.
pub fn move_post(conn: &mut Conn, post: Uuid, group: Uuid) -> Result<()> {
    let sql = "UPDATE search_documents SET group_id = $1 WHERE post_id = $2";
    each_backend!(conn => diesel::sql_query(sql)
        .bind::<Id, _>(RawId(group))
        .bind::<Id, _>(RawId(post))
        .execute(conn))?;
    Ok(())
}

fn cut(body: &str) -> &str {
    let end = body.char_indices().nth(LONGEST_BODY).map_or(body.len(), |(end, _)| end);
    body.get(..end).unwrap_or(body)
}

/// A text for FTS5, whose tokenizer only has to look for spaces.
fn indexed(text: &str) -> String {
    let mut others = BTreeSet::new();
    let mut stems = String::with_capacity(text.len());
    for word in words(text) {
        stems.push_str(&word.text);
        stems.push(' ');
        if word.plain != word.text {
            others.insert(word.plain);
        }
    }
    if !others.is_empty() {
        stems.push_str(BOUNDARY);
    }
    for other in others {
        stems.push(' ');
        stems.push_str(&other);
    }
    stems
}

/// Both texts as the literal of a `tsvector`.
fn vector(title: &str, body: &str) -> String {
    let mut vector = Vector::default();
    let after_title = vector.add(1, title, "A");
    // a place is left free, so that no phrase reaches across
    vector.add(after_title + 1, body, "");
    let lexeme = |(word, places): (&String, &Vec<String>)| format!("{}:{}", query::quoted(word), places.join(","));
    vector.lexemes.iter().map(lexeme).collect::<Vec<_>>().join(" ")
}

/// What fits into a `tsvector`. What does not is not found; the beginning of a text always fits.
#[derive(Default)]
struct Vector {
    /// Each word with its places, as the literal has them.
    lexemes: BTreeMap<String, Vec<String>>,
    size: usize,
}

impl Vector {
    /// Adds the words of a text from a place on and returns the place behind them.
    fn add(&mut self, from: usize, text: &str, weight: &str) -> usize {
        let mut next = from;
        for word in words(text) {
            let place = format!("{}{weight}", next.min(LAST_PLACE));
            if word.plain != word.text {
                self.push(word.plain, &place);
            }
            self.push(word.text, &place);
            next += 1;
        }
        next
    }

    fn push(&mut self, lexeme: String, place: &str) {
        // two bytes for each place, and up to three to each word
        let size = self.size + if self.lexemes.contains_key(&lexeme) { 2 } else { lexeme.len() + 5 };
        if size > LARGEST_VECTOR {
            return;
        }
        let places = self.lexemes.entry(lexeme).or_default();
        if places.len() < MOST_PLACES && places.last().is_none_or(|last| last != place) {
            places.push(place.to_owned());
            self.size = size;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fts5_gets_stems_and_behind_them_the_words_that_differ() {
        assert_eq!(indexed("Running, runs & Café!"), "run run cafe \u{e000} running runs");
        assert_eq!(indexed("run"), "run ");
        assert_eq!(indexed("\"; * -"), "");
        assert!(words(BOUNDARY).next().is_none(), "no question asks for it");
    }

    #[test]
    fn a_vector_has_each_form_of_a_word_at_its_place() {
        assert_eq!(vector("Labs", "labs run"), "'lab':1A,3 'labs':1A,3 'run':4");
        assert_eq!(vector("", ""), "");
        assert_eq!(vector("o'clock\\'", ""), "'clock':2A 'o':1A");
    }

    #[test]
    fn a_vector_stays_within_what_postgresql_takes() {
        let same = vector("", &"same ".repeat(1000));
        assert_eq!(same.split(',').count(), MOST_PLACES);
        let long: Vec<String> = (0..20_000).map(|number| format!("{number:064}")).collect();
        let vector = vector("Title", &long.join(" "));
        assert!(vector.contains("'titl':1A 'title':1A"));
        let size: usize = vector.split(' ').map(|lexeme| lexeme.split('\'').nth(1).unwrap().len() + 5).sum();
        assert!(size <= LARGEST_VECTOR && size + 100 > LARGEST_VECTOR, "{size}");
        let many: Vec<String> = (0..20_000).map(|number| format!("w{number}")).collect();
        assert!(super::vector("", &many.join(" ")).contains("'w19999':16383"));
    }

    #[test]
    fn only_the_beginning_of_a_long_text_is_indexed() {
        assert_eq!(cut(&"ä".repeat(LONGEST_BODY + 1)).chars().count(), LONGEST_BODY);
        assert_eq!(cut("ä"), "ä");
    }
}
