//! `praxis demo`: the page that began it all, as data; and with a scale, data for load tests. The page comes about as it
//! would over HTTP, by the same queries, at the dates when it happened.

mod scale;
mod seeds;

use std::collections::HashMap;
use std::time::Duration;

use serde::Deserialize;

pub use scale::load as load_scale;

use crate::api::articles::model::{ArticlePatch, ContributionRole, ContributionState, NewArticle, RelatedIds};
use crate::api::comments::model::{CommentBody, NewComment};
use crate::api::groups::model::NewGroup;
use crate::api::memberships::access::Access;
use crate::api::memberships::model::{Role, State};
use crate::api::memberships::queries::Change;
use crate::api::posts::model::{NewPost, PostHead};
use crate::api::users::model::{UserRow, UserStatus};
use crate::api::{articles, comments, groups, memberships, posts, settings, users};
use crate::auth::actor::{Actor, PlatformRole, Viewer};
use crate::db::Conn;
use crate::error::{Error, Result};
use crate::http::json;
use crate::http::patch::Set;
use crate::types::{ArticleId, GroupId, RequestId, Timestamp, UserId};

const PAGE: &str = include_str!("page.json");

/// 2017-03-01: the groups began, and one person joins each of them every ten days.
const FOUNDED: Timestamp = Timestamp::from_micros(1_488_326_400_000_000);
const BETWEEN_JOINING: Duration = Duration::from_hours(10 * 24);
/// Enough for the largest group, with some who are not in it.
const PEOPLE: usize = 300;

const FIRST_NAMES: [&str; 20] = [
    "Amina", "Bryn", "Chidi", "Dilys", "Ewan", "Farah", "Gethin", "Hana", "Imran", "Jess", "Kofi", "Lena", "Mairi",
    "Noor", "Owen", "Priya", "Rhys", "Sunita", "Tom", "Zofia",
];
const LAST_NAMES: [&str; 15] = [
    "Adeyemi", "Begum", "Carter", "Davies", "Evans", "Fraser", "Green", "Hussain", "Iqbal", "Jones", "Kowalska",
    "Lewis", "Mensah", "Nowak", "Okafor",
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Page {
    groups: Vec<PageGroup>,
    articles: Vec<PageArticle>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PageGroup {
    new: NewGroup,
    members: usize,
    posts: Vec<PagePost>,
}

#[derive(Deserialize)]
struct PagePost {
    at: Timestamp,
    #[serde(flatten)]
    new: NewPost,
    comments: Vec<PageComment>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PageComment {
    at: Timestamp,
    body: CommentBody,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PageArticle {
    new: NewArticle,
    contributions: Vec<PageContribution>,
    related: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PageContribution {
    group: String,
    role: ContributionRole,
}

/// Loads the page in the caller's transaction; false when it is there already.
pub fn load(conn: &mut Conn, now: Timestamp) -> Result<bool> {
    let Page { groups, articles } = json::parse(PAGE.as_bytes())?;
    let slug = articles.first().and_then(|article| article.new.slug.as_ref()).map_or("", |slug| slug.as_str());
    if articles::queries::is_taken(conn, slug)? {
        return Ok(false);
    }
    let people = (0..PEOPLE).map(|place| add_person(conn, place, PlatformRole::Member)).collect::<Result<Vec<_>>>()?;
    let editor = act_as(add_person(conn, PEOPLE, PlatformRole::Editor)?, PlatformRole::Editor);
    let mut owners = HashMap::new();
    for (place, group) in groups.iter().enumerate() {
        // neighbouring groups share some of their people
        let shift = place * (PEOPLE - group.members) / 2;
        let members: Vec<UserId> = people.iter().copied().cycle().skip(shift).take(group.members).collect();
        let (id, owner) = add_group(conn, group, &members)?;
        owners.insert(group.new.slug.as_ref().map(|slug| slug.as_str().to_owned()), (id, owner));
    }
    let mut ids = HashMap::new();
    for article in &articles {
        let row = add_article(conn, article, editor, now)?;
        for part in &article.contributions {
            let (group, owner) = *owners.get(&Some(part.group.clone())).ok_or_else(|| missing(&part.group))?;
            contribute(conn, row, group, part.role, (editor, owner), now)?;
        }
        ids.insert(article.new.slug.as_ref().map(|slug| slug.as_str().to_owned()), row);
    }
    for article in &articles {
        relate(conn, article, &ids, now)?;
    }
    Ok(true)
}

fn missing(slug: &str) -> Error {
    Error::internal(format!("page.json names {slug}, which it does not hold"))
}

/// Somebody who has no address and therefore cannot log in.
fn add_person(conn: &mut Conn, place: usize, platform_role: PlatformRole) -> Result<UserId> {
    let pick = |names: &[&'static str], place: usize| names.get(place % names.len()).copied().unwrap_or_default();
    let first = pick(&FIRST_NAMES, place);
    let last = pick(&LAST_NAMES, place / FIRST_NAMES.len() + place);
    let row = UserRow {
        id: UserId::new(),
        email: None,
        display_name: format!("{first} {last}"),
        password_hash: String::new(),
        status: UserStatus::Active,
        platform_role,
        is_service: false,
        show_last_seen: true,
        created_at: FOUNDED,
        updated_at: FOUNDED,
    };
    users::queries::insert(conn, &row)?;
    Ok(row.id)
}

fn act_as(user_id: UserId, role: PlatformRole) -> Viewer {
    Actor::on_behalf(user_id, role, RequestId::new()).viewer()
}

fn add_group(conn: &mut Conn, group: &PageGroup, members: &[UserId]) -> Result<(GroupId, Viewer)> {
    let owner = *members.first().ok_or_else(|| Error::internal("page.json holds a group without members"))?;
    let settings = settings::queries::get(conn)?;
    let group_id = groups::queries::insert(conn, &group.new, owner, &settings, FOUNDED)?;
    let mut at = FOUNDED;
    for (place, user_id) in members.iter().enumerate() {
        let role = match place {
            0 => Role::Owner,
            1 | 2 => Role::Facilitator,
            _ => Role::Member,
        };
        let actor = act_as(*user_id, PlatformRole::Member).0;
        let joining = Change::new(group_id, *user_id, actor, None, State::Active).with_role(role, None);
        memberships::queries::change(conn, &joining, at)?;
        at = at.after(BETWEEN_JOINING);
    }
    // those who joined first have been there long enough to have written everything
    let mut writers = members.iter().copied().take(40).cycle();
    let mut next = || act_as(writers.next().unwrap_or(owner), PlatformRole::Member);
    for post in &group.posts {
        let author = if post.new.kind == posts::model::PostKind::Announcement {
            act_as(owner, PlatformRole::Member)
        } else {
            next()
        };
        let access = Access::find(conn, author, group_id)?;
        let published = (Some(post.at), None);
        let head = PostHead::from(&posts::queries::insert(conn, &access, &post.new, published, post.at)?.row);
        for comment in &post.comments {
            let access = Access::find(conn, next(), group_id)?;
            let new = NewComment { body: comment.body.clone(), parent_id: None, is_anonymous: false };
            comments::queries::insert(conn, &access, &head, &new, comment.at)?;
        }
    }
    Ok((group_id, act_as(owner, PlatformRole::Member)))
}

fn add_article(conn: &mut Conn, article: &PageArticle, editor: Viewer, now: Timestamp) -> Result<ArticleId> {
    let publication = articles::policy::create(&article.new, now)?;
    let made_at = publication.published_at.unwrap_or(now);
    Ok(articles::queries::insert(conn, &article.new, publication, editor.user_id(), made_at)?.id)
}

fn contribute(
    conn: &mut Conn,
    article: ArticleId,
    group: GroupId,
    role: ContributionRole,
    (editor, owner): (Viewer, Viewer),
    now: Timestamp,
) -> Result<()> {
    let asked = Access::find(conn, editor, group)?;
    articles::queries::propose(conn, article, &asked, role, now)?;
    let answers = Access::find(conn, owner, group)?;
    articles::queries::decide(conn, article, &answers, ContributionState::Accepted, None, now)
}

fn relate(
    conn: &mut Conn,
    article: &PageArticle,
    ids: &HashMap<Option<String>, ArticleId>,
    now: Timestamp,
) -> Result<()> {
    let id_of = |slug: &String| ids.get(&Some(slug.clone())).copied().ok_or_else(|| missing(slug));
    let related = article.related.iter().map(id_of).collect::<Result<Vec<_>>>()?;
    let own = article.new.slug.as_ref().map(|slug| slug.as_str().to_owned());
    let id = *ids.get(&own).ok_or_else(|| missing("an article without slug"))?;
    let before = articles::queries::get(conn, id)?;
    let patch = ArticlePatch { related_ids: Set(Some(RelatedIds(related))), ..ArticlePatch::default() };
    articles::queries::update(conn, &before, &patch, articles::policy::Publication::of(&before), now).map(drop)
}
