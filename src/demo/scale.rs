//! Data for load tests, skewed as real communities are: few groups are large, few people write most, many groups are silent.
//! Each group is made in memory with its counts and dates, then written in batches.

use std::collections::HashSet;

use diesel::prelude::*;
use indicatif::{ProgressBar, ProgressStyle};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use uuid::{NoContext, Uuid};

use super::seeds::{CommentSeed, EventSeed, GroupSeed, MemberSeed, PersonSeed, PostSeed, Seeds, TypeSeed};
use crate::api::audit::model::{AuditAction, AuditChange, AuditRow, AuditTarget};
use crate::api::groups::queries::search_text;
use crate::api::memberships::model::{
    GroupStatus, JoinPolicy, MemberListVisibility, PostPolicy, Role, State, Visibility,
};
use crate::api::posts::model::PostKind;
use crate::api::users::model::{UserRow, UserStatus};
use crate::auth::actor::PlatformRole;
use crate::db::schema::groups;
use crate::db::sql_types::JsonList;
use crate::db::{Conn, each_backend};
use crate::error::{Error, Result};
use crate::http::markdown::to_html;
use crate::http::text::folded;
use crate::types::{
    AuditEventId, CommentId, GroupId, GroupTypeId, MembershipEventId, PostId, RequestId, Timestamp, UserId,
};

/// What a scale of 1 holds.
const GROUPS: f64 = 10_000.0;
const PEOPLE: f64 = 50_000.0;
const MEMBERSHIPS: f64 = 1_000_000.0;
const WRITINGS: f64 = 500_000.0;
/// Of the writings, so many are posts; the others are comments on them.
const POSTS_OF_WRITINGS: f64 = 0.3;
/// Of the groups, so many have never been active.
const SILENT: f64 = 0.25;
/// How fast sizes fall with rank: the size of the group at rank n is about 1 / (n + 10) to this power.
const STEEPNESS: f64 = 0.8;
/// 2020-01-01 and the five years after it, in microseconds.
const BEGIN: i64 = 1_577_836_800_000_000;
const SPAN: i64 = 5 * 365 * 86_400_000_000;
/// For so many members one person asks to join, and one of so many has been approved by the owner.
const MEMBERS_PER_REQUEST: usize = 20;
const MEMBERS_PER_APPROVAL: usize = 5;
/// What everybody writes, over and over.
const POST: &str = "What we tried, what came of it, and what we would do again. ";
const COMMENT: &str = "Thank you, that is close to what we saw here. ";
/// Rows in one transaction, about.
const TRANSACTION: usize = 20_000;

fn scaled(whole: f64, scale: f64) -> usize {
    #[expect(
        clippy::as_conversions,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "sizes are positive and at most a hundred times those above"
    )]
    let count = (whole * scale).round() as usize;
    count.max(1)
}

#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "counts are far below 2^52")]
fn float(count: usize) -> f64 {
    count as f64
}

/// The sizes of groups whose sum is about `total`, the largest first, none above `cap`.
fn sizes(groups: usize, total: usize, cap: usize) -> Vec<usize> {
    let weight = |rank: usize| (float(rank) + 10.0).powf(-STEEPNESS);
    let sum: f64 = (0..groups).map(weight).sum();
    (0..groups).map(|rank| scaled(float(total), weight(rank) / sum).min(cap)).collect()
}

/// A place among `count`, the first ones far more often.
fn skewed(rng: &mut StdRng, count: usize) -> usize {
    let draw: f64 = rng.random();
    scaled(float(count), draw * draw * draw).saturating_sub(1).min(count.saturating_sub(1))
}

fn moment(rng: &mut StdRng, from: i64, until: i64) -> Timestamp {
    Timestamp::from_micros(rng.random_range(from..until.max(from + 1)))
}

fn id_of(at: Timestamp) -> Uuid {
    let seconds = u64::try_from(at.seconds()).unwrap_or_default();
    let nanos = u32::try_from(at.micros().rem_euclid(1_000_000)).unwrap_or_default() * 1_000;
    Uuid::new_v7(uuid::Timestamp::from_unix(NoContext, seconds, nanos))
}

/// Makes the data, in several transactions, with a progress bar; false when it is there already.
pub fn load(conn: &mut Conn, scale: f64) -> Result<bool> {
    let first = groups::table.filter(groups::slug.eq("community-1"));
    if each_backend!(conn => diesel::select(diesel::dsl::exists(first)).get_result::<bool>(conn))? {
        return Ok(false);
    }
    let mut rng = StdRng::seed_from_u64(1);
    let (group_count, people_count) = (scaled(GROUPS, scale), scaled(PEOPLE, scale).max(10));
    let (memberships, writings) = (scaled(MEMBERSHIPS, scale), scaled(WRITINGS, scale));
    let progress = ProgressBar::new(u64::try_from(group_count + people_count + memberships + writings).unwrap_or(0));
    let style = "{bar:40} {percent:>3} %  {human_pos} of {human_len} rows, {elapsed} gone, {eta} to go";
    progress.set_style(ProgressStyle::with_template(style).map_err(Error::internal)?);
    let mut seeds = Seeds::default();
    let people: Vec<UserId> = (1..=people_count).map(|number| person(&mut seeds, &mut rng, number)).collect();
    let writers: Vec<usize> = sizes(group_count, writings, usize::MAX);
    for (rank, size) in sizes(group_count, memberships, people_count / 2).into_iter().enumerate() {
        let silent = rng.random_bool(SILENT);
        // what the silent ones do not write, the others do
        let writings = writers.get(rank).map_or(0, |count| scaled(float(*count), 1.0 / (1.0 - SILENT)));
        group(&mut seeds, &mut rng, rank + 1, size, if silent { 0 } else { writings }, &people);
        if seeds.rows() >= TRANSACTION {
            seeds.flush(conn, &progress)?;
        }
    }
    seeds.flush(conn, &progress)?;
    progress.finish();
    crate::reindex::run(conn, &ProgressBar::hidden())?;
    if matches!(conn, Conn::Postgres(_)) {
        conn.execute("ANALYZE")?;
    }
    Ok(true)
}

fn person(seeds: &mut Seeds, rng: &mut StdRng, number: usize) -> UserId {
    let created_at = moment(rng, BEGIN, BEGIN + SPAN / 10);
    let id = UserId::from(id_of(created_at));
    let display_name = format!("Person {number}");
    let name_order = folded(&display_name);
    let row = UserRow {
        id,
        email: None,
        display_name,
        password_hash: String::new(),
        status: UserStatus::Active,
        platform_role: PlatformRole::Member,
        is_service: false,
        show_last_seen: true,
        created_at,
        updated_at: created_at,
    };
    seeds.users.push(PersonSeed { row, name_order, handle: format!("person-{number}") });
    id
}

/// One group with its members, what they wrote, and who asks to join.
fn group(seeds: &mut Seeds, rng: &mut StdRng, number: usize, size: usize, writings: usize, people: &[UserId]) {
    let born = moment(rng, BEGIN + SPAN / 10, BEGIN + SPAN / 5);
    let id = GroupId::from(id_of(born));
    let size = size.max(1);
    let places = choose(rng, size + size / MEMBERS_PER_REQUEST, people.len());
    let chosen: Vec<(usize, UserId)> =
        places.into_iter().filter_map(|place| Some((place, *people.get(place)?))).collect();
    let (inside, asking) = chosen.split_at(size.min(chosen.len()));
    let members: Vec<UserId> = inside.iter().map(|(_, id)| *id).collect();
    let mut latest: Vec<Option<Timestamp>> = vec![None; members.len()];
    write_posts(seeds, rng, id, &members, writings, &mut latest);
    seeds.groups.push(group_seed(id, number, born, members.len(), latest.iter().copied().max().flatten()));
    let kind = u128::try_from(number % 4 + 1).unwrap_or(1);
    let kinds = 0x019a_af5c_0000_7000_8000_0000_0000_0000_u128;
    let group_type_id = GroupTypeId::from(Uuid::from_u128(kinds + kind));
    seeds.types.push(TypeSeed { group_id: id, group_type_id, position: 0 });
    for (place, ((person, user_id), contributed)) in inside.iter().zip(latest).enumerate() {
        let role = match place {
            0 => Role::Owner,
            1 | 2 => Role::Facilitator,
            _ => Role::Member,
        };
        let at = moment(rng, born.micros(), BEGIN + SPAN / 4);
        seeds.members.push(MemberSeed {
            joined_at: Some(at),
            last_contributed_at: contributed,
            ..member_seed(id, *user_id, *person, role, State::Active, at)
        });
        seeds.events.push(event_seed(id, *user_id, role, State::Active, at));
        if place > 0 && place.is_multiple_of(MEMBERS_PER_APPROVAL) {
            seeds.audit.push(approval(id, members.first().copied(), *user_id, at));
        }
    }
    for (person, user_id) in asking {
        let at = moment(rng, BEGIN + SPAN / 4, BEGIN + SPAN);
        seeds.members.push(MemberSeed {
            requested_at: Some(at),
            ..member_seed(id, *user_id, *person, Role::Member, State::Requested, at)
        });
        seeds.events.push(event_seed(id, *user_id, Role::Member, State::Requested, at));
    }
}

/// `person` is the place in the list of all people, for the name.
fn member_seed(
    group_id: GroupId,
    user_id: UserId,
    person: usize,
    role: Role,
    state: State,
    at: Timestamp,
) -> MemberSeed {
    MemberSeed {
        group_id,
        user_id,
        role,
        state,
        requested_at: None,
        joined_at: None,
        last_contributed_at: None,
        created_at: at,
        updated_at: at,
        name_order: folded(&format!("Person {}", person + 1)),
    }
}

fn event_seed(group_id: GroupId, user_id: UserId, to_role: Role, to_state: State, at: Timestamp) -> EventSeed {
    EventSeed { id: MembershipEventId::from(id_of(at)), group_id, user_id, at, to_state, to_role }
}

fn approval(group_id: GroupId, owner: Option<UserId>, user: UserId, at: Timestamp) -> AuditRow {
    AuditRow {
        id: AuditEventId::from(id_of(at)),
        at,
        actor_id: owner,
        action: AuditAction::RequestApproved,
        target_kind: AuditTarget::User,
        target_id: Some(user.uuid().into()),
        group_id: Some(group_id),
        changes: JsonList(vec![AuditChange::new("state", Some("requested"), Some("active"))]),
        reason: None,
        request_id: Some(RequestId::new().as_str().to_owned()),
    }
}

fn group_seed(
    id: GroupId,
    number: usize,
    born: Timestamp,
    members: usize,
    last_active_at: Option<Timestamp>,
) -> GroupSeed {
    let name = format!("Community {number}");
    let description = "What we do, how we meet, and how you can take part. ".repeat(8);
    let summary = format!("People who work on topic {} and share what they learn.", number % 97);
    GroupSeed {
        id,
        slug: format!("community-{number}"),
        name_order: folded(&name),
        search_text: search_text([&name, &summary, "", ""]),
        name,
        summary,
        description_html: to_html(&description),
        description,
        purpose: String::new(),
        purpose_html: String::new(),
        tags: JsonList(vec![format!("topic-{}", number % 97)]),
        visibility: match number % 10 {
            0 => Visibility::Hidden,
            1..=3 => Visibility::Listed,
            _ => Visibility::Public,
        },
        join_policy: if number.is_multiple_of(3) { JoinPolicy::Request } else { JoinPolicy::Open },
        post_policy: PostPolicy::Members,
        member_list_visibility: MemberListVisibility::Everyone,
        show_member_count: number % 20 != 5,
        status: if number % 50 == 7 { GroupStatus::Archived } else { GroupStatus::Active },
        member_count: i32::try_from(members).unwrap_or(i32::MAX),
        last_active_at,
        created_at: born,
        updated_at: born,
    }
}

/// Different places of people, busy ones more often.
fn choose(rng: &mut StdRng, size: usize, people: usize) -> Vec<usize> {
    let mut chosen = HashSet::with_capacity(size);
    let mut places = Vec::with_capacity(size);
    while places.len() < size.min(people) {
        let draw: f64 = rng.random();
        let place = scaled(float(people), draw * draw.sqrt()).saturating_sub(1).min(people - 1);
        if chosen.insert(place) {
            places.push(place);
        }
    }
    places
}

fn write_posts(
    seeds: &mut Seeds,
    rng: &mut StdRng,
    group_id: GroupId,
    members: &[UserId],
    writings: usize,
    latest: &mut [Option<Timestamp>],
) {
    let mut author = |rng: &mut StdRng, at: Timestamp| {
        let place = skewed(rng, members.len());
        if let Some(latest) = latest.get_mut(place) {
            *latest = (*latest).max(Some(at));
        }
        members.get(place).copied().unwrap_or_else(UserId::nil)
    };
    let post_count = scaled(float(writings), POSTS_OF_WRITINGS).min(writings);
    let mut left = writings - post_count;
    for number in 1..=post_count {
        let created_at = moment(rng, BEGIN + SPAN / 4, BEGIN + SPAN);
        let post_id = PostId::from(id_of(created_at));
        let answers = if number == post_count { left } else { skewed(rng, 16).min(left) };
        left -= answers;
        let mut last_reply_at = None;
        for _ in 0..answers {
            let at = moment(rng, created_at.micros(), BEGIN + SPAN);
            last_reply_at = last_reply_at.max(Some(at));
            seeds.comments.push(CommentSeed {
                id: CommentId::from(id_of(at)),
                post_id,
                group_id,
                author_id: author(rng, at),
                depth: 0,
                reply_count: 0,
                body: COMMENT.repeat(3),
                body_html: format!("<p>{}</p>\n", COMMENT.repeat(3).trim_end()),
                created_at: at,
            });
        }
        seeds.posts.push(PostSeed {
            id: post_id,
            group_id,
            author_id: author(rng, created_at),
            kind: if number.is_multiple_of(4) { PostKind::Question } else { PostKind::Discussion },
            title: format!("Conversation {number}"),
            body: POST.repeat(5),
            body_html: format!("<p>{}</p>\n", POST.repeat(5).trim_end()),
            comment_count: i32::try_from(answers).unwrap_or(i32::MAX),
            last_reply_at,
            created_at,
            published_at: created_at,
            changed_at: created_at,
        });
    }
}
