//! The Atom document of a feed. Whatever people have written is text to it: it is escaped, and what XML cannot hold is
//! left out.

use atom_syndication as atom;
use uuid::Uuid;

use crate::error::{Error, Result};
use crate::types::Timestamp;

/// The media type of a feed.
pub const MEDIA_TYPE: &str = "application/atom+xml";

/// A feed, its entries in their order.
#[derive(Debug, Clone)]
pub struct Feed {
    /// What it is known by for good.
    pub id: Uuid,
    /// Its title, which stands for an author where an entry has none.
    pub title: String,
    /// Its path on this server, without any secret.
    pub path: String,
    /// When it changed where it has no entry.
    pub since: Timestamp,
    /// Its entries.
    pub items: Vec<Item>,
}

/// An entry of a feed.
#[derive(Debug, Clone)]
pub struct Item {
    /// The id of what it shows.
    pub id: Uuid,
    /// Its title.
    pub title: String,
    /// The author's name, where it has one.
    pub author: Option<String>,
    /// When it came to where the feed is of, where that is known.
    pub came_at: Option<Timestamp>,
    /// When it came out, where that is known.
    pub published_at: Option<Timestamp>,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// The path where it can be read on this server.
    pub path: String,
    /// What it is about, in plain words.
    pub summary: Option<String>,
    /// Its text, in HTML that is safe to show; left out where readers are to choose whether they read it.
    pub html: Option<String>,
}

/// The document of a feed.
///
/// # Errors
/// `internal` for a time that no calendar has.
pub fn write(feed: Feed) -> Result<Vec<u8>> {
    let updated = feed.items.iter().map(|item| item.updated_at).max().unwrap_or(feed.since);
    let entries: Result<Vec<atom::Entry>> = feed.items.into_iter().map(entry).collect();
    let document = atom::Feed {
        id: urn(feed.id),
        updated: date(updated)?,
        authors: vec![person(&feed.title)],
        links: vec![link("self", feed.path, MEDIA_TYPE)],
        title: atom::Text::plain(clean(&feed.title)),
        entries: entries?,
        ..atom::Feed::default()
    };
    document.write_to(Vec::new()).map_err(|error| Error::internal(error.to_string()))
}

fn entry(item: Item) -> Result<atom::Entry> {
    let content = |html: String| atom::Content {
        value: Some(clean(&html)),
        content_type: Some("html".to_owned()),
        ..atom::Content::default()
    };
    Ok(atom::Entry {
        id: urn(item.id),
        title: atom::Text::plain(clean(&item.title)),
        authors: item.author.as_deref().map(person).into_iter().collect(),
        published: item.published_at.map(date).transpose()?,
        updated: date(item.updated_at)?,
        links: vec![link("alternate", item.path, "application/json")],
        summary: item.summary.map(|words| atom::Text::plain(clean(&words))),
        content: item.html.map(content),
        ..atom::Entry::default()
    })
}

fn urn(id: Uuid) -> String {
    format!("urn:uuid:{}", id.hyphenated())
}

fn person(name: &str) -> atom::Person {
    atom::Person { name: clean(name), ..atom::Person::default() }
}

fn link(rel: &str, href: String, media_type: &str) -> atom::Link {
    atom::Link { href, rel: rel.to_owned(), mime_type: Some(media_type.to_owned()), ..atom::Link::default() }
}

fn date(at: Timestamp) -> Result<atom::FixedDateTime> {
    at.to_string().parse::<atom::FixedDateTime>().map_err(|error| Error::internal(error.to_string()))
}

/// The text without what an XML document cannot hold, even escaped: one such character, and no reader would open the
/// feed.
fn clean(text: &str) -> String {
    let is_kept = |c: &char| matches!(c, '\n' | '\t') || !(c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}'));
    text.chars().filter(is_kept).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        serde_json::from_value(serde_json::json!(text)).unwrap()
    }

    fn item(title: &str, html: Option<&str>) -> Item {
        Item {
            id: Uuid::from_u128(2),
            title: title.to_owned(),
            author: Some("Ann & <Bob>".to_owned()),
            came_at: Some(at("2025-04-18T09:30:00Z")),
            published_at: Some(at("2025-04-18T09:30:00Z")),
            updated_at: at("2025-04-19T09:30:00.25Z"),
            path: "/api/v1/posts/2".to_owned(),
            summary: None,
            html: html.map(str::to_owned),
        }
    }

    fn feed(items: Vec<Item>) -> Feed {
        let since = at("2024-01-01T00:00:00Z");
        Feed { id: Uuid::from_u128(1), title: "Circle".to_owned(), path: "/feed.atom".to_owned(), since, items }
    }

    fn written(items: Vec<Item>) -> (String, atom::Feed) {
        let bytes = write(feed(items)).unwrap();
        let read = atom::Feed::read_from(bytes.as_slice()).unwrap();
        (String::from_utf8(bytes).unwrap(), read)
    }

    #[test]
    fn hostile_words_stay_words() {
        for hostile in [
            "</title></entry><entry><title>Forged",
            "<script>alert(1)</script>",
            "]]><!-- & --> &amp; &#60;b&#62; \"'",
            "<?xml version=\"1.0\"?><!DOCTYPE x [<!ENTITY y SYSTEM \"file:///etc/passwd\">]>&y;",
        ] {
            let (text, read) = written(vec![item(hostile, Some(hostile))]);
            assert!(!text.contains("<script") && !text.contains("<!DOCTYPE") && !text.contains("<!--"), "{text}");
            assert_eq!(read.entries.len(), 1, "{text}");
            let entry = &read.entries[0];
            assert_eq!(
                (entry.title.value.as_str(), entry.authors[0].name.as_str()),
                (hostile, "Ann & <Bob>"),
                "{text}"
            );
            let content = entry.content.as_ref().unwrap();
            assert_eq!((content.value.as_deref(), content.content_type.as_deref()), (Some(hostile), Some("html")));
        }
    }

    #[test]
    fn what_xml_cannot_hold_is_left_out() {
        let (text, read) = written(vec![item("a\u{0}b\u{b}c\u{1f}d\u{7f}e\u{85}f\u{fffe}g\u{ffff}h", None)]);
        assert_eq!(read.entries[0].title.value, "abcdefgh", "{text}");
        assert_eq!(clean("Zwei\n\tZeilen, שלום, 🦦"), "Zwei\n\tZeilen, שלום, 🦦");
    }

    #[test]
    fn an_entry_has_its_dates_its_address_and_its_id() {
        let (text, read) = written(vec![item("Words", None), Item { published_at: None, ..item("Others", None) }]);
        let [entry, other] = read.entries.as_slice() else { panic!("{text}") };
        assert_eq!(entry.id, "urn:uuid:00000000-0000-0000-0000-000000000002");
        assert_eq!(entry.published.unwrap().to_rfc3339(), "2025-04-18T09:30:00+00:00");
        assert!(text.contains("<updated>2025-04-19T09:30:00.250+00:00</updated>"), "{text}");
        assert_eq!(entry.links[0].href, "/api/v1/posts/2");
        assert!(entry.content.is_none() && other.published.is_none());
        assert_eq!(read.updated, entry.updated, "that of the latest entry");
    }

    #[test]
    fn a_feed_without_entries_has_a_date_all_the_same() {
        let (text, read) = written(Vec::new());
        assert_eq!(read.updated.to_rfc3339(), "2024-01-01T00:00:00+00:00");
        assert!(read.entries.is_empty() && !text.contains("1970"), "{text}");
        assert_eq!(read.links[0].rel, "self");
    }
}
