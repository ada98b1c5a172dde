//! Every statement about kinds of group. Places run from 1 without gaps.

use std::time::Duration;

use diesel::prelude::*;

use super::model::{GroupType, GroupTypePatch, GroupTypeStatusFilter, NewGroupType};
use super::policy;
use crate::api::memberships::model::{InvitePolicy, MemberListVisibility, PostPolicy, ReviewPolicy};
use crate::db::schema::{group_type_links, group_types};
use crate::db::{Conn, each_backend};
use crate::error::{Code, Error, Result};
use crate::http::text::Slug;
use crate::types::{GroupTypeId, Timestamp};

/// Kinds of group, in their order.
pub fn list(conn: &mut Conn, status: GroupTypeStatusFilter) -> Result<Vec<GroupType>> {
    Ok(each_backend!(conn, DB => {
        let mut kinds = group_types::table.select(GroupType::as_select()).into_boxed::<DB>();
        match status {
            GroupTypeStatusFilter::Active => kinds = kinds.filter(group_types::retired_at.is_null()),
            GroupTypeStatusFilter::Retired => kinds = kinds.filter(group_types::retired_at.is_not_null()),
            GroupTypeStatusFilter::All => {}
        }
        kinds.order((group_types::position.asc(), group_types::id.asc())).load(conn)
    })?)
}

/// A kind of group.
pub fn get(conn: &mut Conn, id: GroupTypeId) -> Result<GroupType> {
    Ok(each_backend!(conn => group_types::table.find(id).select(GroupType::as_select()).first(conn))?)
}

/// A kind that a group chooses, held against deletion until the transaction ends.
pub fn choose(conn: &mut Conn, id: GroupTypeId, is_held: bool) -> Result<GroupType> {
    if let Conn::Postgres(conn) = conn {
        group_types::table.find(id).select(group_types::id).for_key_share().first::<GroupTypeId>(conn).optional()?;
    }
    let kind = get(conn, id).map_err(|error| match error.code() {
        Code::NotFound => Error::invalid("/type_ids", "unknown", format!("there is no group type {id}")),
        _ => error,
    })?;
    policy::choose(&kind, is_held)?;
    Ok(kind)
}

fn refuse_taken_slug(conn: &mut Conn, slug: &str, id: GroupTypeId) -> Result<()> {
    let same = group_types::table.filter(group_types::slug.eq(slug)).filter(group_types::id.ne(id));
    let taken: bool = each_backend!(conn => diesel::select(diesel::dsl::exists(same)).get_result(conn))?;
    let words = "another kind of group has this slug";
    if taken { Err(Error::new(Code::Taken, words).with_field("/slug", "taken", words)) } else { Ok(()) }
}

/// Adds a kind to these, which are all there are. The caller holds the platform's lock.
pub fn insert(conn: &mut Conn, kinds: &[GroupType], new: &NewGroupType, now: Timestamp) -> Result<GroupType> {
    let id = GroupTypeId::new();
    let slug = new.slug.clone().unwrap_or_else(|| Slug::from_name(new.name.as_str(), "kind"));
    refuse_taken_slug(conn, slug.as_str(), id)?;
    let mut order: Vec<GroupTypeId> = kinds.iter().map(|kind| kind.id).collect();
    let place = new.position.map_or(order.len(), |position| place(position.0, order.len()));
    order.insert(place, id);
    let row = (
        group_types::id.eq(id),
        group_types::slug.eq(slug.as_str()),
        group_types::name.eq(new.name.as_str()),
        group_types::plural.eq(new.plural.as_str()),
        group_types::description.eq(new.description.as_str()),
        group_types::position.eq(0),
        group_types::default_visibility.eq(new.default_visibility),
        group_types::default_join_policy.eq(new.default_join_policy),
        group_types::default_post_policy.eq(new.default_post_policy.unwrap_or(PostPolicy::Members)),
        group_types::default_member_list_visibility
            .eq(new.default_member_list_visibility.unwrap_or(MemberListVisibility::Members)),
        group_types::default_invite_policy.eq(new.default_invite_policy.unwrap_or(InvitePolicy::Facilitators)),
        group_types::default_review_policy.eq(new.default_review_policy.unwrap_or(ReviewPolicy::Nobody)),
        group_types::default_allow_anonymous.eq(new.default_allow_anonymous.unwrap_or(false)),
        group_types::default_show_member_count.eq(new.default_show_member_count.unwrap_or(true)),
        group_types::created_at.eq(now),
        group_types::updated_at.eq(now),
    );
    each_backend!(conn => diesel::insert_into(group_types::table).values(row).execute(conn))?;
    arrange(conn, &order, now)?;
    get(conn, id)
}

/// Where a position is among so many, counted from 0.
fn place(position: i32, count: usize) -> usize {
    usize::try_from(position - 1).unwrap_or(0).min(count)
}

/// Gives every kind its place; those that stay in theirs are not changed.
fn arrange(conn: &mut Conn, order: &[GroupTypeId], now: Timestamp) -> Result<()> {
    for (position, id) in (1_i32..).zip(order) {
        let moved = group_types::table.find(*id).filter(group_types::position.ne(position));
        let changes = (group_types::position.eq(position), group_types::updated_at.eq(now));
        each_backend!(conn => diesel::update(moved).set(changes).execute(conn))?;
    }
    Ok(())
}

/// Changes one of these kinds, which are all there are; one that is what it was is not changed. The caller holds the platform's lock.
pub fn update(
    conn: &mut Conn,
    kinds: &[GroupType],
    before: &GroupType,
    patch: &GroupTypePatch,
    now: Timestamp,
) -> Result<GroupType> {
    if let Some(slug) = &patch.slug.0 {
        refuse_taken_slug(conn, slug.as_str(), before.id)?;
    }
    // the tag of what is shown is the time of the last change
    let latest = kinds.iter().map(|kind| kind.updated_at).max().unwrap_or(before.updated_at);
    let now = now.max(latest.after(Duration::from_micros(1)));
    let retired_at = |is_retired: bool| is_retired.then(|| before.retired_at.unwrap_or(now));
    let defaults = (
        patch.default_visibility.0.map(|value| group_types::default_visibility.eq(value)),
        patch.default_join_policy.0.map(|value| group_types::default_join_policy.eq(value)),
        patch.default_post_policy.0.map(|value| group_types::default_post_policy.eq(value)),
        patch.default_member_list_visibility.0.map(|value| group_types::default_member_list_visibility.eq(value)),
        patch.default_invite_policy.0.map(|value| group_types::default_invite_policy.eq(value)),
        patch.default_review_policy.0.map(|value| group_types::default_review_policy.eq(value)),
        patch.default_allow_anonymous.0.map(|value| group_types::default_allow_anonymous.eq(value)),
        patch.default_show_member_count.0.map(|value| group_types::default_show_member_count.eq(value)),
    );
    let changes = (
        defaults,
        patch.name.0.as_ref().map(|text| group_types::name.eq(text.as_str())),
        patch.plural.0.as_ref().map(|text| group_types::plural.eq(text.as_str())),
        patch.slug.0.as_ref().map(|slug| group_types::slug.eq(slug.as_str())),
        patch.description.0.as_ref().map(|text| group_types::description.eq(text.as_str())),
        patch.is_retired.0.map(|is_retired| group_types::retired_at.eq(retired_at(is_retired))),
        group_types::updated_at.eq(before.updated_at),
    );
    each_backend!(conn => diesel::update(group_types::table.find(before.id)).set(changes).execute(conn))?;
    if let Some(position) = patch.position.0 {
        let mut order: Vec<GroupTypeId> = kinds.iter().map(|kind| kind.id).filter(|id| *id != before.id).collect();
        order.insert(place(position.0, order.len()), before.id);
        arrange(conn, &order, now)?;
    }
    let after = get(conn, before.id)?;
    if after == *before {
        return Ok(after);
    }
    let changed = diesel::update(group_types::table.find(before.id)).set(group_types::updated_at.eq(now));
    Ok(each_backend!(conn => changed.returning(GroupType::as_returning()).get_result(conn))?)
}

/// How many groups are of a kind, those that can be restored included. Whoever chooses the kind waits until the transaction
/// ends.
pub fn count_groups(conn: &mut Conn, id: GroupTypeId) -> Result<i64> {
    if let Conn::Postgres(conn) = conn {
        group_types::table.find(id).select(group_types::id).for_update().first::<GroupTypeId>(conn)?;
    }
    let links = group_type_links::table.filter(group_type_links::group_type_id.eq(id));
    Ok(each_backend!(conn => links.count().get_result(conn))?)
}

/// Deletes one of these kinds, which are all there are, and closes the gap. The caller holds the platform's lock.
pub fn delete(conn: &mut Conn, kinds: &[GroupType], id: GroupTypeId, now: Timestamp) -> Result<()> {
    each_backend!(conn => diesel::delete(group_types::table.find(id)).execute(conn))?;
    let order: Vec<GroupTypeId> = kinds.iter().map(|kind| kind.id).filter(|other| *other != id).collect();
    arrange(conn, &order, now)
}
