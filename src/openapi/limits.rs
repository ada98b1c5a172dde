//! How long texts and lists can be: those of requests say it themselves, what is answered of the same thing is no longer, and a
//! table has the rest.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value, json};

use super::schemas::{reached, schemas};
use crate::api::articles::model::CONTRIBUTIONS;
use crate::api::posts::model::SHARES;
use crate::db::search::MAX_HIGHLIGHTS;
use crate::error;
use crate::http::{conditional, csv, markdown, page};

/// A file or a stream: as many characters as a client of 32 bits counts.
const FILE: usize = 0x7fff_ffff;
/// A code, also one that is not known yet.
const CODE: usize = 64;
/// The codes in a list, each of which is there once.
const CODES: usize = 64;

/// In characters, what no request says of the same thing: of properties, of all with a name or of one schema's, parameters, headers
/// and media types.
const TEXTS: &[(&str, usize)] = &[
    ("Access-Control-Allow-Origin", 2048),
    ("Byline/name", 120),
    ("Deprecation", 32),
    ("ETag", 128),
    ("Idempotency-Replayed", 4),
    ("If-Match", conditional::LONGEST),
    ("If-None-Match", conditional::LONGEST),
    ("Last-Event-ID", 36),
    ("Link", 131_072),
    ("Location", 2048),
    ("Praxis-Access-Reason", 500),
    ("Problem/title", 100),
    ("RateLimit", 128),
    ("RateLimit-Policy", 128),
    ("Sunset", 32),
    ("WWW-Authenticate", 256),
    ("X-Request-Id", 64),
    ("access_token", 4096),
    ("actor_name", 100),
    ("after", 20_000),
    ("alg", 16),
    ("article_title", 200),
    ("author_name", 120),
    ("before", 20_000),
    ("code", CODE),
    ("column", 100),
    ("crv", 16),
    ("cursor", page::LONGEST),
    ("decision_reason", 500),
    ("detail", error::LONGEST),
    ("email_hint", 255),
    ("excerpt", 500),
    ("field", 100),
    ("group_name", 120),
    ("invited_by", 100),
    ("job_title", 120),
    ("kid", 100),
    ("kty", 16),
    ("last_error", 200),
    ("next_cursor", page::LONGEST),
    ("pointer", error::LONGEST),
    ("post_title", 200),
    ("request_id", 64),
    ("secret", 128),
    ("status", CODE),
    ("status_reason", 500),
    ("text", 20_000),
    ("token_type", 16),
    ("type", 100),
    ("use", 16),
    ("user_agent", 200),
    ("x", 100),
    // whole answers, by their media types
    ("application/atom+xml", FILE),
    ("application/jsonl", FILE),
    ("text/csv", FILE),
    ("text/event-stream", FILE),
];

/// The same of lists.
const LISTS: &[(&str, usize)] = &[
    ("FeedItem/group_ids", SHARES),
    ("Group/types", 5),
    ("changes", 100),
    ("contributing_groups", CONTRIBUTIONS),
    ("deleted", page::MOST),
    ("errors", error::FIELDS),
    ("excerpt_highlights", MAX_HIGHLIGHTS),
    ("items", page::MOST),
    ("keys", 100),
    ("reactions", CODES),
    ("related", 10),
    ("shares", SHARES),
    ("title_highlights", MAX_HIGHLIGHTS),
];

/// Schemas that show a part of what others are made with.
const PARTS: &[(&str, &str)] = &[
    ("AdminGroup", "Group"),
    ("ContributingGroup", "Group"),
    ("ContributorName", "Group"),
    ("GroupTypeName", "GroupType"),
    ("Invitation", "Invitations"),
    ("InvitationPreview", "Invitations"),
    ("InvitingGroup", "Group"),
    ("IssuedFeedKey", "FeedKey"),
    ("MembershipRequest", "Membership"),
    ("MyInvitation", "Invitations"),
    ("OwnMembership", "Membership"),
    ("ProposedGroup", "Group"),
    ("Revision", "Post"),
    ("Submission", "Post"),
];

/// What requests say.
#[derive(Default)]
struct Said {
    texts: Lengths,
    lists: Lengths,
}

/// The lengths of each property by its name, and by that of what is sent: `Post` is that of `NewPost` and `PostPatch`.
#[derive(Default)]
struct Lengths(HashMap<String, HashMap<String, usize>>);

impl Lengths {
    fn keep(&mut self, name: &str, of: &str, length: Option<&Value>) {
        let length = length.and_then(Value::as_u64).and_then(|length| usize::try_from(length).ok());
        if let Some(length) = length {
            let longest = self.0.entry(name.to_owned()).or_default().entry(of.to_owned()).or_default();
            *longest = length.max(*longest);
        }
    }

    /// That of the same thing, or the one that all things have.
    fn find(&self, name: &str, of: &str) -> Option<usize> {
        let lengths = self.0.get(name)?;
        let mut all = lengths.values();
        let first = all.next()?;
        lengths.get(of).copied().or_else(|| all.all(|length| length == first).then_some(*first))
    }
}

/// Says of every text and list how long it can be, where it does not say so itself.
pub fn fill(document: &mut Value) {
    let said = said(document);
    for table in tables(document) {
        table.insert("maxLength".to_owned(), json!(csv::TABLE_LIMIT));
    }
    bound(document, ("", ""), &said);
    entitle(document);
}

/// Generators that make a type of each text with an end call it by its schema and its property, which may be the name of another
/// schema, unless it has a title.
fn entitle(document: &mut Value) {
    let Some(schemas) = schemas(document) else { return };
    let names: HashSet<String> = schemas.keys().cloned().collect();
    for (of, schema) in schemas {
        let properties = schema.get_mut("properties").and_then(Value::as_object_mut).into_iter().flatten();
        for (name, property) in properties.filter_map(|(name, property)| Some((name, property.as_object_mut()?))) {
            let type_name = format!("{of}{}", name.split('_').map(capitalised).collect::<String>());
            if names.contains(&type_name) && property.contains_key("maxLength") {
                property.insert("title".to_owned(), json!(format!("{type_name}Text")));
            }
        }
    }
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

/// The schemas of tables that are sent.
fn tables(document: &mut Value) -> impl Iterator<Item = &mut Map<String, Value>> {
    let paths = document.get_mut("paths").and_then(Value::as_object_mut).into_iter().flatten();
    let operations = paths.filter_map(|(_, item)| item.as_object_mut()).flatten();
    operations.filter_map(|(_, operation)| {
        operation.pointer_mut("/requestBody/content/text~1csv/schema").and_then(Value::as_object_mut)
    })
}

fn said(document: &mut Value) -> Said {
    let mut said = Said::default();
    let names = reached(document, "requestBody");
    let Some(schemas) = schemas(document) else { return said };
    for (of, schema) in names.iter().filter_map(|name| Some((name, schemas.get(name)?))) {
        let of = of.strip_prefix("New").or_else(|| of.strip_suffix("Patch")).unwrap_or(of);
        for (name, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            let property = resolved(property, schemas);
            said.lists.keep(name, of, property.get("maxItems"));
            let item = property.get("items").map(|item| resolved(item, schemas));
            said.texts.keep(name, of, item.unwrap_or(property).get("maxLength"));
        }
    }
    said
}

fn resolved<'a>(schema: &'a Value, schemas: &'a Map<String, Value>) -> &'a Value {
    let name = schema.get("$ref").and_then(Value::as_str).and_then(|target| target.rsplit('/').next());
    name.and_then(|name| schemas.get(name)).unwrap_or(schema)
}

/// Bounds what is within something of this name, which is that of the property, parameter, header or media type in which it
/// stands, and is a part of this schema.
fn bound(value: &mut Value, (name, of): (&str, &str), said: &Said) {
    const DATA: [&str; 5] = ["example", "examples", "default", "enum", "x-extensible-enum"];
    const NAMELESS: [&str; 2] = ["schema", "items"];
    match value {
        Value::Object(members) => {
            let parameter = members.get("in").and(members.get("name")).and_then(Value::as_str);
            let name = parameter.unwrap_or(name).to_owned();
            for (key, inner) in members.iter_mut().filter(|(key, _)| !DATA.contains(&key.as_str())) {
                match inner {
                    // a schema or a property may have the name of a keyword
                    Value::Object(named) if key == "schemas" => {
                        named.iter_mut().for_each(|(name, schema)| bound(schema, (name, whole(name)), said));
                    }
                    Value::Object(named) if key == "properties" => {
                        named.iter_mut().for_each(|(name, property)| bound(property, (name, of), said));
                    }
                    _ => bound(inner, (if NAMELESS.contains(&key.as_str()) { &name } else { key }, of), said),
                }
            }
            bound_schema(members, (&name, of), said);
        }
        Value::Array(items) => items.iter_mut().for_each(|item| bound(item, (name, of), said)),
        _ => {}
    }
}

/// That of which this schema shows a part.
fn whole(schema: &str) -> &str {
    PARTS.iter().find(|(part, _)| *part == schema).map_or(schema, |(_, whole)| whole)
}

fn bound_schema(schema: &mut Map<String, Value>, (name, of): (&str, &str), said: &Said) {
    let kind = schema.get("type").and_then(|kind| kind.get(0).unwrap_or(kind).as_str());
    let (keyword, longest) = match kind {
        Some("string") if schema.contains_key("enum") => return,
        Some("string") if schema.contains_key("x-extensible-enum") => ("maxLength", Some(CODE)),
        Some("string") => ("maxLength", text(name, of, said)),
        Some("array") if schema.get("items").is_some_and(|item| item.get("x-extensible-enum").is_some()) => {
            ("maxItems", Some(CODES))
        }
        Some("array") => ("maxItems", listed(LISTS, name, of).or_else(|| said.lists.find(name, of))),
        _ => return,
    };
    if let Some(longest) = longest {
        schema.entry(keyword).or_insert(json!(longest));
    }
}

fn text(name: &str, of: &str, said: &Said) -> Option<usize> {
    let html = || text(name.strip_suffix("_html")?, of, said).map(markdown::longest_html);
    listed(TEXTS, name, of).or_else(|| said.texts.find(name, of)).or_else(html)
}

/// What the table says of the property of this schema, or of all with its name.
fn listed(table: &[(&str, usize)], name: &str, of: &str) -> Option<usize> {
    let find = |wanted: &str| table.iter().find(|(listed, _)| *listed == wanted).map(|(_, longest)| *longest);
    find(&format!("{of}/{name}")).or_else(|| find(name))
}
