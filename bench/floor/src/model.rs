//! The JSON of Praxis' answers, and how it comes out of the statements' columns.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize, Serializer};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

/// How many items a page shows.
const LIMIT: usize = 25;

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

/// A row of either database. A column that is not what the caller says ends the request.
pub trait Row {
    fn text(&self, column: usize) -> String;
    fn maybe_text(&self, column: usize) -> Option<String>;
    fn id(&self, column: usize) -> Uuid;
    fn instant(&self, column: usize) -> Instant;
    fn maybe_instant(&self, column: usize) -> Option<Instant>;
    fn number(&self, column: usize) -> i32;
    fn flag(&self, column: usize) -> bool;
}

#[derive(Serialize)]
pub struct Page<T> {
    items: Vec<T>,
    next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// Cuts the row that only tells that there is another page.
    fn new(mut items: Vec<T>, key: impl Fn(&T) -> (Option<Instant>, Uuid)) -> Self {
        let more = items.len() > LIMIT;
        items.truncate(LIMIT);
        let next_cursor = items.last().filter(|_| more).map(|last| {
            let (at, id) = key(last);
            URL_SAFE_NO_PAD.encode(serde_json::json!(["floor", at.map_or(-i64::MAX, |at| at.0), id]).to_string())
        });
        Self { items, next_cursor }
    }
}

#[derive(Serialize)]
pub struct TypeName {
    id: Uuid,
    slug: String,
    name: String,
}

#[derive(Serialize)]
struct GroupViewer {
    role: &'static str,
    state: &'static str,
    can: Vec<&'static str>,
}

#[derive(Serialize)]
pub struct Group {
    pub id: Uuid,
    slug: String,
    name: String,
    summary: String,
    description: String,
    purpose: String,
    learning_question: Option<String>,
    types: Vec<TypeName>,
    tags: Vec<String>,
    visibility: String,
    join_policy: String,
    post_policy: String,
    member_list_visibility: String,
    show_member_count: bool,
    status: String,
    member_count: Option<i32>,
    last_active_at: Option<Instant>,
    created_at: Instant,
    updated_at: Instant,
    external_id: Option<String>,
    viewer: GroupViewer,
}

impl Group {
    /// From [`crate::statements::GROUPS`], for nobody in particular.
    pub fn read(row: &impl Row) -> Self {
        let (visibility, member_list_visibility) = (row.text(16), row.text(19));
        let reads = [("read_posts", visibility == "public"), ("read_members", member_list_visibility == "everyone")];
        let show_member_count = row.flag(9);
        Self {
            id: row.id(0),
            slug: row.text(1),
            name: row.text(2),
            summary: row.text(3),
            description: row.text(4),
            purpose: row.text(5),
            learning_question: row.maybe_text(6),
            types: Vec::new(),
            tags: serde_json::from_str(&row.text(7)).unwrap_or_default(),
            visibility,
            join_policy: row.text(17),
            post_policy: row.text(18),
            member_list_visibility,
            show_member_count,
            status: row.text(20),
            member_count: show_member_count.then(|| row.number(10)),
            last_active_at: row.maybe_instant(11),
            created_at: row.instant(12),
            updated_at: row.instant(13),
            external_id: row.maybe_text(8),
            viewer: GroupViewer {
                role: "none",
                state: "none",
                can: reads.into_iter().filter(|(_, may)| *may).map(|(action, _)| action).collect(),
            },
        }
    }

    /// The first rows of a list, one of which is not shown.
    pub fn page(groups: Vec<Self>) -> Page<Self> {
        Page::new(groups, |group| (group.last_active_at, group.id))
    }

    /// From [`crate::statements::TYPES`].
    pub fn read_type(row: &impl Row) -> (Uuid, TypeName) {
        (row.id(0), TypeName { id: row.id(1), slug: row.text(2), name: row.text(3) })
    }

    pub fn name_types(groups: &mut [Self], types: Vec<(Uuid, TypeName)>) {
        let mut of: HashMap<Uuid, Vec<TypeName>> = HashMap::new();
        for (group, name) in types {
            of.entry(group).or_default().push(name);
        }
        for group in groups {
            group.types = of.remove(&group.id).unwrap_or_default();
        }
    }
}

impl Page<Group> {
    pub fn groups(&mut self) -> &mut [Group] {
        &mut self.items
    }
}

#[derive(Serialize)]
struct Person {
    id: Uuid,
    display_name: String,
}

#[derive(Serialize)]
pub struct Member {
    user: Person,
    role: String,
    state: String,
    joined_at: Option<Instant>,
    last_contributed_at: Option<Instant>,
    last_seen: Option<&'static str>,
}

impl Member {
    /// From [`crate::statements::MEMBERS`].
    pub fn read(row: &impl Row) -> Self {
        let seen = row.maybe_instant(15).filter(|_| row.flag(14));
        Self {
            user: Person { id: row.id(1), display_name: row.maybe_text(4).unwrap_or_else(|| row.text(13)) },
            role: row.text(2),
            state: row.text(3),
            joined_at: row.maybe_instant(8),
            last_contributed_at: row.maybe_instant(9),
            last_seen: seen.map(|at| match (Instant::now().0 - at.0) / 86_400_000_000 {
                ..1 => "today",
                1..7 => "this_week",
                7..30 => "this_month",
                30.. => "earlier",
            }),
        }
    }

    pub fn page(members: Vec<Self>) -> Page<Self> {
        Page::new(members, |member| (member.joined_at, member.user.id))
    }
}

#[derive(Serialize)]
struct PostViewer {
    can: Vec<&'static str>,
}

#[derive(Serialize)]
pub struct Post {
    pub id: Uuid,
    group_id: Uuid,
    kind: String,
    title: String,
    body: String,
    author: Person,
    comment_count: i32,
    created_at: Instant,
    edited_at: Option<Instant>,
    viewer: PostViewer,
}

impl Post {
    /// From [`crate::statements::POSTS`]; its author can do everything, nobody else can do anything.
    pub fn read(row: &impl Row, caller: Option<Uuid>) -> Self {
        let author = Person { id: row.id(2), display_name: row.maybe_text(10).unwrap_or_else(|| row.text(9)) };
        let can = if caller == Some(author.id) { vec!["edit", "delete", "comment"] } else { Vec::new() };
        Self {
            id: row.id(0),
            group_id: row.id(1),
            kind: row.text(3),
            title: row.text(4),
            body: row.text(5),
            author,
            comment_count: row.number(6),
            created_at: row.instant(7),
            edited_at: row.maybe_instant(8),
            viewer: PostViewer { can },
        }
    }

    pub fn page(posts: Vec<Self>) -> Page<Self> {
        Page::new(posts, |post| (Some(post.created_at), post.id))
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
    pub at: Instant,
}

impl Written {
    pub fn now(group_id: Uuid, author_id: Uuid, new: NewPost) -> Self {
        let NewPost { kind, title, body } = new;
        Self { id: Uuid::now_v7(), group_id, author_id, kind, title, body, at: Instant::now() }
    }
}

/// From [`crate::statements::ACCESS`]: whether anybody may read posts, anybody may read members, the caller may post.
pub struct Access {
    pub reads_posts: bool,
    pub reads_members: bool,
    pub posts: bool,
}

impl Access {
    pub fn read(row: &impl Row) -> Self {
        let is_active = row.text(4) == "active" && row.maybe_text(6).as_deref() == Some("active");
        Self {
            reads_posts: row.text(0) == "public",
            reads_members: row.text(3) == "everyone",
            posts: is_active && row.text(2) == "members",
        }
    }
}

#[derive(Serialize)]
struct Byline {
    name: Option<String>,
    job_title: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Link {
    label: String,
    url: String,
}

#[derive(Serialize)]
pub struct Contributor {
    #[serde(flatten)]
    group: Group,
    role: String,
}

#[derive(Serialize)]
pub struct Card {
    id: Uuid,
    slug: String,
    kind: String,
    title: String,
    standfirst: String,
    reading_minutes: i32,
    status: String,
    published_at: Option<Instant>,
}

impl Card {
    /// From [`crate::statements::RELATED`].
    pub fn read(row: &impl Row) -> Self {
        Self {
            id: row.id(0),
            slug: row.text(1),
            kind: row.text(2),
            title: row.text(3),
            standfirst: row.text(4),
            reading_minutes: row.number(5),
            status: row.text(6),
            published_at: row.maybe_instant(7),
        }
    }
}

#[derive(Serialize)]
pub struct Article {
    pub id: Uuid,
    slug: String,
    kind: String,
    title: String,
    standfirst: String,
    body: String,
    byline: Byline,
    links: Vec<Link>,
    reading_minutes: i32,
    status: String,
    published_at: Option<Instant>,
    contributing_groups: Vec<Contributor>,
    related: Vec<Card>,
    created_at: Instant,
    updated_at: Instant,
}

impl Article {
    /// From [`crate::statements::ARTICLE`], where it is published.
    pub fn read(row: &impl Row) -> Option<Self> {
        let status = row.text(10);
        (status == "published").then(|| Self {
            id: row.id(0),
            slug: row.text(1),
            kind: row.text(2),
            title: row.text(3),
            standfirst: row.text(4),
            body: row.text(5),
            byline: Byline { name: row.maybe_text(6), job_title: row.maybe_text(7) },
            links: serde_json::from_str(&row.text(8)).unwrap_or_default(),
            reading_minutes: row.number(9),
            status,
            published_at: row.maybe_instant(11),
            contributing_groups: Vec::new(),
            related: Vec::new(),
            created_at: row.instant(13),
            updated_at: row.instant(14),
        })
    }

    /// From [`crate::statements::CONTRIBUTIONS`].
    pub fn read_contribution(row: &impl Row) -> (Uuid, String) {
        (row.id(0), row.text(1))
    }

    pub fn complete(&mut self, contributions: Vec<(Uuid, String)>, mut groups: Vec<Group>, related: Vec<Card>) {
        for (id, role) in contributions {
            if let Some(place) = groups.iter().position(|group| group.id == id) {
                self.contributing_groups.push(Contributor { group: groups.swap_remove(place), role });
            }
        }
        self.related = related;
    }
}
