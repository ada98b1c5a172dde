//! What is asked of the search, what is found, and what clients see of it.

use serde::{Deserialize, Deserializer, Serialize};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{IntoParams, PartialSchema, ToSchema};

use crate::db::search;
use crate::http::page::Limit;
use crate::http::text::{Line, Slug};
use crate::types::{GroupId, PostId, TargetId, Timestamp, text_enum};

text_enum! {
    /// What was found.
    SearchKind {
        /// A group, by its name or what it says about itself.
        Group = "group",
        /// A conversation, by its title or text.
        Post = "post",
        /// A comment, by its text.
        Comment = "comment",
        /// An article, by its title, standfirst or text.
        Article = "article",
        /// A person, by name, organisation or skills.
        Person = "person",
    }
}

impl SearchKind {
    /// Everything that can be found, each as `in` names it.
    pub const ALL: [(&str, Self); 5] = [
        ("groups", Self::Group),
        ("posts", Self::Post),
        ("comments", Self::Comment),
        ("articles", Self::Article),
        ("people", Self::Person),
    ];
}

/// Where to look: some of `groups`, `posts`, `comments`, `articles`, `people`, separated by commas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchKinds(pub Vec<SearchKind>);

impl SearchKinds {
    /// Its longest text, in bytes: each of them can be named twice.
    const LONGEST: usize = 80;
}

impl<'de> Deserialize<'de> for SearchKinds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let named = |name: &str| SearchKind::ALL.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind);
        let asked: Option<Vec<SearchKind>> =
            Some(text).filter(|text| text.len() <= Self::LONGEST).and_then(|text| text.split(',').map(named).collect());
        let words = "in: must be some of groups, posts, comments, articles, people, separated by commas";
        let asked = asked.ok_or_else(|| serde::de::Error::custom(words))?;
        // in one order, each once, so that the same question is the same
        Ok(Self(SearchKind::ALL.iter().map(|(_, kind)| *kind).filter(|kind| asked.contains(kind)).collect()))
    }
}

impl PartialSchema for SearchKinds {
    fn schema() -> RefOr<Schema> {
        let one = "(groups|posts|comments|articles|people)";
        let names = ObjectBuilder::new().schema_type(Type::String).pattern(Some(format!("^{one}(,{one})*$")));
        names.max_length(Some(Self::LONGEST)).into()
    }
}

impl ToSchema for SearchKinds {}

/// What to search for.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SearchQuery {
    /// Words, all of which are needed, in any form: `communities` finds `community`. `"a phrase"` stands in quotes,
    /// `gard*` is how a word begins (two letters at least), `-word` and `-"a phrase"` exclude. Up to 16 of these.
    pub q: Line<1, 200>,
    /// Where to look: some of `groups`, `posts`, `comments`, `articles`, `people`, separated by commas. Everywhere
    /// unless said; among people only for who is logged in.
    #[serde(rename = "in")]
    #[param(rename = "in")]
    pub kinds: Option<SearchKinds>,
    /// Only this group and what is in it.
    pub group_id: Option<GroupId>,
    /// Only groups of this kind, by its slug, and what is in them.
    #[serde(rename = "type")]
    #[param(rename = "type")]
    pub group_type: Option<Slug>,
    /// Only what was published, written or made from this time on.
    pub since: Option<Timestamp>,
    /// How many items a page holds.
    pub limit: Option<Limit>,
    /// Where the page begins: the `next_cursor` of the page before; empty for the first.
    pub cursor: Option<String>,
}

/// A question whose words are parsed and whose places are decided.
#[derive(Debug, Clone)]
pub struct Question {
    /// The words.
    pub words: search::Query,
    /// Where to look.
    pub kinds: Vec<SearchKind>,
    /// Only in this group.
    pub group_id: Option<GroupId>,
    /// Only in groups of the kind with this slug.
    pub group_type: Option<String>,
    /// Only from this time on.
    pub since: Option<Timestamp>,
}

/// Something that answers a question, and how well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hit {
    /// What it is.
    pub kind: SearchKind,
    /// Its id.
    pub id: TargetId,
    /// The group that it is or is in.
    pub group_id: Option<GroupId>,
    /// The post that it is or is on.
    pub post_id: Option<PostId>,
    /// The higher, the better.
    pub score: i64,
}

/// The words of something that was found.
#[derive(Debug, Clone)]
pub struct Found {
    /// Its title.
    pub title: String,
    /// All other words.
    pub body: String,
    /// When it was published, written or made.
    pub at: Option<Timestamp>,
}

/// Part of a text, counted in Unicode characters (code points).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct Highlight {
    /// Its first character, from 0.
    pub start: i32,
    /// The character after its last.
    pub end: i32,
}

/// Something that was found.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SearchResult {
    /// What it is.
    pub kind: SearchKind,
    /// Its id.
    pub id: TargetId,
    /// The group that it is or is in; null for articles and people.
    pub group_id: Option<GroupId>,
    /// The post that it is or is on; null for what is neither a post nor a comment.
    pub post_id: Option<PostId>,
    /// Its title: a group's or a person's name, for a comment the title of the post.
    pub title: String,
    /// A piece of its text in one line, where it can be around the first word that was found.
    pub excerpt: String,
    /// What of the title was found.
    pub title_highlights: Vec<Highlight>,
    /// What of the excerpt was found.
    pub excerpt_highlights: Vec<Highlight>,
    /// When it was published, written or made; null where an article's date is not known.
    pub at: Option<Timestamp>,
}

/// Characters of an excerpt.
const EXCERPT: usize = 240;

impl SearchResult {
    /// What clients see.
    #[must_use]
    pub fn new(hit: &Hit, found: Found, words: &search::Query) -> Self {
        let (excerpt, in_excerpt) = words.excerpt(&found.body, EXCERPT);
        Self {
            kind: hit.kind,
            id: hit.id,
            group_id: hit.group_id,
            post_id: hit.post_id,
            title_highlights: highlights(words.highlights(&found.title)),
            title: found.title,
            excerpt,
            excerpt_highlights: highlights(in_excerpt),
            at: found.at,
        }
    }
}

fn highlights(ranges: Vec<(usize, usize)>) -> Vec<Highlight> {
    let number = |place: usize| i32::try_from(place).unwrap_or(i32::MAX);
    ranges.into_iter().map(|(start, end)| Highlight { start: number(start), end: number(end) }).collect()
}

/// One page of what was found.
#[derive(Debug, Serialize, ToSchema)]
pub struct SearchResultPage {
    /// What was found, the best first. How many there are in all is not told.
    pub items: Vec<SearchResult>,
    /// The cursor of the next page; null on the last.
    pub next_cursor: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::query::parse;

    #[test]
    fn places_to_look_are_a_closed_list_in_one_order() {
        let asked = |text: &str| parse::<SearchQuery>(&format!("q=a&in={text}")).map(|query| query.kinds.unwrap().0);
        assert_eq!(asked("people,groups,people").unwrap(), [SearchKind::Group, SearchKind::Person]);
        assert_eq!(asked("groups%2Cposts%2Ccomments%2Carticles%2Cpeople").unwrap().len(), 5);
        let long = ["people"; 12].join(",");
        assert!(asked(&long[..76]).is_ok());
        for wrong in ["", "group", "groups,", "groups, posts", "Groups", &long] {
            assert_eq!(asked(wrong).unwrap_err().fields()[0].pointer, "in", "{wrong}");
        }
    }
}
