//! Data for load tests, skewed as real communities are: few groups are large, few people write most, many groups are silent.
//! Each group is made in memory with its counts and dates, then written in batches.

use std::collections::HashSet;

use diesel::prelude::*;
use indicatif::{ProgressBar, ProgressStyle};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use uuid::{NoContext, Uuid};

use crate::api::groups::queries::search_text;
use crate::api::memberships::model::{
    GroupStatus, JoinPolicy, MemberListVisibility, PostPolicy, Role, State, Visibility,
};
use crate::api::posts::model::PostKind;
use crate::api::users::model::{UserRow, UserStatus};
use crate::auth::actor::PlatformRole;
use crate::db::schema::{comments, group_type_links, groups, membership_events, memberships, posts, users};
use crate::db::sql_types::JsonList;
use crate::db::{Conn, each_backend, in_transaction};
use crate::error::{Error, Result};
use crate::http::text::folded;
use crate::types::{CommentId, GroupId, GroupTypeId, MembershipEventId, PostId, Timestamp, UserId};

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
/// Rows in one statement, well within the number of values that either engine takes.
const BATCH: usize = 500;
/// Rows in one transaction, about.
const TRANSACTION: usize = 20_000;

#[derive(Insertable)]
#[diesel(table_name = groups, treat_none_as_default_value = false)]
struct GroupSeed {
    id: GroupId,
    slug: String,
    name: String,
    summary: String,
    description: String,
    purpose: String,
    tags: JsonList<String>,
    visibility: Visibility,
    join_policy: JoinPolicy,
    post_policy: PostPolicy,
    member_list_visibility: MemberListVisibility,
    show_member_count: bool,
    status: GroupStatus,
    member_count: i32,
    last_active_at: Option<Timestamp>,
    created_at: Timestamp,
    updated_at: Timestamp,
    name_order: String,
    search_text: String,
}

#[derive(Insertable)]
#[diesel(table_name = group_type_links)]
struct TypeSeed {
    group_id: GroupId,
    group_type_id: GroupTypeId,
    position: i32,
}

#[derive(Insertable)]
#[diesel(table_name = memberships, treat_none_as_default_value = false)]
struct MemberSeed {
    group_id: GroupId,
    user_id: UserId,
    role: Role,
    state: State,
    joined_at: Option<Timestamp>,
    last_contributed_at: Option<Timestamp>,
    created_at: Timestamp,
    updated_at: Timestamp,
    name_order: String,
}

#[derive(Insertable)]
#[diesel(table_name = membership_events)]
struct EventSeed {
    id: MembershipEventId,
    group_id: GroupId,
    user_id: UserId,
    at: Timestamp,
    to_state: State,
    to_role: Role,
}

#[derive(Insertable)]
#[diesel(table_name = posts)]
struct PostSeed {
    id: PostId,
    group_id: GroupId,
    author_id: UserId,
    kind: PostKind,
    title: String,
    body: String,
    comment_count: i32,
    created_at: Timestamp,
}

#[derive(Insertable)]
#[diesel(table_name = comments)]
struct CommentSeed {
    id: CommentId,
    post_id: PostId,
    group_id: GroupId,
    author_id: UserId,
    depth: i32,
    reply_count: i32,
    body: String,
    created_at: Timestamp,
}

#[derive(Insertable)]
#[diesel(table_name = users)]
struct PersonSeed {
    #[diesel(embed)]
    row: UserRow,
    name_order: String,
}

/// What waits to be written.
#[derive(Default)]
struct Seeds {
    users: Vec<PersonSeed>,
    groups: Vec<GroupSeed>,
    types: Vec<TypeSeed>,
    members: Vec<MemberSeed>,
    events: Vec<EventSeed>,
    posts: Vec<PostSeed>,
    comments: Vec<CommentSeed>,
}

/// Writes rows in statements of up to `BATCH` rows. diesel writes many rows in one statement on both engines.
macro_rules! insert_all {
    ($conn:expr, $table:ident, $rows:expr) => {
        for batch in $rows.chunks(BATCH) {
            let conn = &mut *$conn;
            each_backend!(conn => diesel::insert_into($table::table).values(batch).execute(conn))?;
        }
    };
}

impl Seeds {
    fn rows(&self) -> usize {
        self.users.len() + self.groups.len() + self.members.len() + self.posts.len() + self.comments.len()
    }

    fn flush(&mut self, conn: &mut Conn, progress: &ProgressBar) -> Result<()> {
        let Self { users, groups, types, members, events, posts, comments } = std::mem::take(self);
        let rows = users.len() + groups.len() + members.len() + posts.len() + comments.len();
        in_transaction(conn, |conn| {
            insert_all!(conn, users, users);
            insert_all!(conn, groups, groups);
            insert_all!(conn, group_type_links, types);
            insert_all!(conn, memberships, members);
            insert_all!(conn, membership_events, events);
            insert_all!(conn, posts, posts);
            insert_all!(conn, comments, comments);
            Ok(())
        })?;
        progress.inc(u64::try_from(rows).unwrap_or(u64::MAX));
        Ok(())
    }
}

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
        show_last_seen: true,
        created_at,
        updated_at: created_at,
    };
    seeds.users.push(PersonSeed { row, name_order });
    id
}

/// One group with its members and what they wrote.
fn group(seeds: &mut Seeds, rng: &mut StdRng, number: usize, size: usize, writings: usize, people: &[UserId]) {
    let born = moment(rng, BEGIN + SPAN / 10, BEGIN + SPAN / 5);
    let id = GroupId::from(id_of(born));
    let places = choose(rng, size.max(1), people.len());
    let members: Vec<UserId> = places.iter().filter_map(|place| people.get(*place).copied()).collect();
    let mut latest: Vec<Option<Timestamp>> = vec![None; members.len()];
    write_posts(seeds, rng, id, &members, writings, &mut latest);
    seeds.groups.push(group_seed(id, number, born, members.len(), latest.iter().copied().max().flatten()));
    let kind = u128::try_from(number % 4 + 1).unwrap_or(1);
    let kinds = 0x019a_af5c_0000_7000_8000_0000_0000_0000_u128;
    let group_type_id = GroupTypeId::from(Uuid::from_u128(kinds + kind));
    seeds.types.push(TypeSeed { group_id: id, group_type_id, position: 0 });
    for (place, (user_id, contributed)) in members.iter().zip(latest).enumerate() {
        let role = match place {
            0 => Role::Owner,
            1 | 2 => Role::Facilitator,
            _ => Role::Member,
        };
        let at = moment(rng, born.micros(), BEGIN + SPAN / 4);
        let person = places.get(place).map_or(0, |place| place + 1);
        seeds.members.push(MemberSeed {
            group_id: id,
            user_id: *user_id,
            role,
            state: State::Active,
            joined_at: Some(at),
            last_contributed_at: contributed,
            created_at: at,
            updated_at: at,
            name_order: folded(&format!("Person {person}")),
        });
        seeds.events.push(EventSeed {
            id: MembershipEventId::from(id_of(at)),
            group_id: id,
            user_id: *user_id,
            at,
            to_state: State::Active,
            to_role: role,
        });
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
    let summary = format!("People who work on topic {} and share what they learn.", number % 97);
    GroupSeed {
        id,
        slug: format!("community-{number}"),
        name_order: folded(&name),
        search_text: search_text([&name, &summary, "", ""]),
        name,
        summary,
        description: "What we do, how we meet, and how you can take part. ".repeat(8),
        purpose: String::new(),
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
        for _ in 0..answers {
            let at = moment(rng, created_at.micros(), BEGIN + SPAN);
            seeds.comments.push(CommentSeed {
                id: CommentId::from(id_of(at)),
                post_id,
                group_id,
                author_id: author(rng, at),
                depth: 0,
                reply_count: 0,
                body: "Thank you, that is close to what we saw here. ".repeat(3),
                created_at: at,
            });
        }
        seeds.posts.push(PostSeed {
            id: post_id,
            group_id,
            author_id: author(rng, created_at),
            kind: if number.is_multiple_of(4) { PostKind::Question } else { PostKind::Discussion },
            title: format!("Conversation {number}"),
            body: "What we tried, what came of it, and what we would do again. ".repeat(5),
            comment_count: i32::try_from(answers).unwrap_or(i32::MAX),
            created_at,
        });
    }
}
