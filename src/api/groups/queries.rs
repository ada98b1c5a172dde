//! Every statement about groups.

use std::collections::HashMap;
use std::time::Duration;

use diesel::prelude::*;
use uuid::Uuid;

use super::model::{
    Domains, Found, Group, GroupPatch, GroupQuery, GroupRow, GroupRules, GroupSort, GroupStatusFilter, GroupTypeName,
    GroupViewer, LessonsLearned, NewGroup, Rules, TypeMatch, TypeSlugs,
};
use super::relatives::known;
use super::{changes, shares, slugs};
use crate::api::audit;
use crate::api::audit::model::{AuditAction, AuditChange, Entry};
use crate::api::events::{self, EventKind, EventRow};
use crate::api::group_types::queries::choose;
use crate::api::memberships::access::{Access, visible};
use crate::api::memberships::model::{Action, GroupStatus, Held, Role, State, ViewerRole, ViewerState, Visibility};
use crate::api::memberships::policy::Standing;
use crate::api::memberships::queries::lock_group;
use crate::api::settings::model::Settings;
use crate::auth::actor::Viewer;
use crate::db::schema::{group_domains, group_rules, group_type_links, group_types, groups, memberships};
use crate::db::search::{self, Document};
use crate::db::sql_types::{JsonList, PlannedAnew, among};
use crate::db::{Conn, each_backend};
use crate::error::{Code, Error, Result};
use crate::http::markdown::to_html;
use crate::http::page::{Key, Page};
use crate::http::text::{Line, Slug, containing, folded};
use crate::types::{GroupId, GroupTypeId, Timestamp, UserId};

/// What [`Found`] is made of: groups that the caller may know of, joined to the caller's membership.
macro_rules! found {
    ($viewer:expr) => {
        groups::table
            .left_join(
                memberships::table
                    .on(memberships::group_id.eq(groups::id).and(memberships::user_id.eq($viewer.user_id()))),
            )
            .filter(visible!($viewer))
            .select((GroupRow::as_select(), Option::<Held>::as_select()))
    };
}

/// Narrows a boxed query of groups to what is asked for.
macro_rules! narrow {
    ($found:ident, $query:expr) => {
        match $query.status.unwrap_or(GroupStatusFilter::Active) {
            GroupStatusFilter::Active => $found = $found.filter(groups::status.eq(GroupStatus::Active)),
            GroupStatusFilter::Archived => $found = $found.filter(groups::status.eq(GroupStatus::Archived)),
            GroupStatusFilter::All => {}
        }
        for slugs in $query.kinds.iter().flat_map(|kinds| of_each(kinds, $query.type_match)) {
            let of_kind = group_type_links::table
                .inner_join(group_types::table)
                .filter(group_type_links::group_id.eq(groups::id))
                .filter(group_types::slug.eq_any(slugs));
            $found = $found.filter(diesel::dsl::exists(of_kind));
        }
        if let Some(q) = &$query.q {
            $found = $found.filter(groups::search_text.like(containing(q.as_str())).escape('\\')).filter(PlannedAnew);
        }
        let is_member = || memberships::state.assume_not_null().eq(State::Active);
        match $query.mine {
            Some(true) => $found = $found.filter(is_member()),
            Some(false) => {
                let is_no_member = memberships::state.assume_not_null().ne(State::Active);
                $found = $found.filter(memberships::group_id.nullable().is_null().or(is_no_member));
            }
            None => {}
        }
        if let Some(role) = $query.role {
            $found = $found.filter(is_member()).filter(memberships::role.assume_not_null().eq(role));
        }
        if let Some(parent) = $query.parent_id {
            $found = $found.filter(groups::parent_id.eq(parent));
        }
        if let Some(ids) = &$query.ids {
            $found = $found.filter(groups::id.eq_any(ids.0.clone()));
        }
        if let Some(ids) = &$query.exclude_ids {
            $found = $found.filter(groups::id.ne_all(ids.0.clone()));
        }
    };
}

/// Groups that the caller may know of.
pub fn list(conn: &mut Conn, viewer: &Viewer, query: &GroupQuery, page: &Page<Key>) -> Result<Vec<Found>> {
    Ok(each_backend!(conn, DB => {
        let mut found = found!(viewer).limit(page.rows()).into_boxed::<DB>();
        narrow!(found, query);
        let after = page.after.as_ref().map(|(key, id)| (key, GroupId::from(*id)));
        let found = match query.sort.unwrap_or(GroupSort::Active) {
            GroupSort::Active => {
                if let Some((key, id)) = after {
                    let (at, column) = (key.instant()?, groups::active_order);
                    found = found.filter(column.le(at).and(column.lt(at).or(groups::id.lt(id))));
                }
                found.order((groups::active_order.desc(), groups::id.desc()))
            }
            GroupSort::Newest => {
                if let Some((key, id)) = after {
                    let (at, column) = (key.instant()?, groups::created_at);
                    found = found.filter(column.le(at).and(column.lt(at).or(groups::id.lt(id))));
                }
                found.order((groups::created_at.desc(), groups::id.desc()))
            }
            GroupSort::Members => {
                if let Some((key, id)) = after {
                    let (count, column) = (i32::try_from(key.number()?).unwrap_or(i32::MAX), groups::members_order);
                    found = found.filter(column.le(count).and(column.lt(count).or(groups::id.lt(id))));
                }
                found.order((groups::members_order.desc(), groups::id.desc()))
            }
            GroupSort::Name => {
                if let Some((key, id)) = after {
                    let (name, column) = (key.text()?.to_owned(), groups::name_order);
                    found = found.filter(column.ge(name.clone()).and(column.gt(name).or(groups::id.gt(id))));
                }
                found.order((groups::name_order.asc(), groups::id.asc()))
            }
        };
        found.load(conn)
    })?)
}

/// The lists of kinds of each of which a group needs one.
fn of_each(kinds: &TypeSlugs, type_match: Option<TypeMatch>) -> Vec<Vec<String>> {
    match type_match.unwrap_or(TypeMatch::Any) {
        TypeMatch::Any => vec![kinds.0.clone()],
        TypeMatch::All => kinds.0.iter().map(|slug| vec![slug.clone()]).collect(),
    }
}

/// The place of a group in the order of [`list`].
pub fn key(sort: GroupSort, group: &GroupRow) -> Key {
    match sort {
        GroupSort::Active => group.last_active_at.map_or(Key::NEVER, Key::of),
        GroupSort::Newest => Key::of(group.created_at),
        GroupSort::Members => Key::Number(i64::from(group.members_order)),
        GroupSort::Name => Key::Text(group.name_order.clone()),
    }
}

/// A group that the caller may know of.
pub fn get(conn: &mut Conn, viewer: &Viewer, id: GroupId) -> Result<Found> {
    Ok(each_backend!(conn => found!(viewer).filter(groups::id.eq(id)).first(conn))?)
}

/// A group that the caller may know of, by its name in URLs.
pub fn get_by_slug(conn: &mut Conn, viewer: &Viewer, slug: &str) -> Result<Found> {
    Ok(each_backend!(conn => found!(viewer).filter(groups::slug.eq(slug)).first(conn))?)
}

/// The groups with these ids that the caller may know of, in no order.
pub fn find_all(conn: &mut Conn, viewer: &Viewer, ids: &[GroupId]) -> Result<Vec<Found>> {
    Ok(each_backend!(conn => found!(viewer).filter(among(groups::id, ids)).load(conn))?)
}

/// The folded names of up to a thousand groups that the caller may know of, with a word that begins like one of these; those that
/// have just this name first.
pub fn named_like(
    conn: &mut Conn,
    viewer: &Viewer,
    name: &str,
    beginnings: &[String],
) -> Result<Vec<(GroupId, String)>> {
    Ok(each_backend!(conn, DB => {
        let names = groups::table.filter(visible!(viewer)).select((groups::id, groups::name_order));
        let mut found = names.limit(1000).into_boxed::<DB>();
        let mut like: Option<Box<dyn diesel::BoxableExpression<_, DB, SqlType = diesel::sql_types::Bool>>> = None;
        for beginning in beginnings {
            let one = groups::name_order.like(containing(beginning)).escape('\\');
            like = Some(match like {
                Some(others) => Box::new(others.or(one)),
                None => Box::new(one),
            });
        }
        if let Some(like) = like {
            found = found.filter(like);
        }
        found.order((groups::name_order.eq(folded(name)).desc(), groups::id.desc())).load(conn)
    })?)
}

/// What clients see of groups as read, in the same order: one more statement for their kinds, one for their owners where
/// the caller owns any, and one for the groups that they name.
pub fn views(conn: &mut Conn, viewer: &Viewer, found: Vec<Found>) -> Result<Vec<Group>> {
    let ids: Vec<GroupId> = found.iter().map(|found| found.group.id).collect();
    let mut types = types_of(conn, &ids)?;
    let owned: Vec<GroupId> = (found.iter())
        .filter(|found| found.membership.is_some_and(|held| (held.role, held.state) == (Role::Owner, State::Active)))
        .map(|found| found.group.id)
        .collect();
    let shared = if owned.is_empty() { Vec::new() } else { owned_by_others(conn, &owned, viewer.user_id())? };
    let named: Vec<GroupId> =
        found.iter().flat_map(|found| [found.group.parent_id, found.group.successor_id]).flatten().collect();
    let named = known(conn, viewer, &named)?;
    let is_sole_owner = |id: &GroupId| owned.contains(id) && !shared.contains(id);
    Ok(found
        .into_iter()
        .map(|Found { group, membership }| {
            let standing = Standing::new(viewer, membership, is_sole_owner(&group.id), group.openness);
            let types = types.remove(&group.id).unwrap_or_default();
            view(group, membership, &standing, types, &named)
        })
        .collect())
}

/// What clients see of one group as read.
pub fn one_view(conn: &mut Conn, viewer: &Viewer, found: Found) -> Result<Group> {
    views(conn, viewer, vec![found])?.pop().ok_or_else(Error::not_found)
}

fn view(
    group: GroupRow,
    membership: Option<Held>,
    standing: &Standing,
    types: Vec<GroupTypeName>,
    known: &[GroupId],
) -> Group {
    let can = standing.can();
    let knows_count = group.show_member_count || can.contains(&Action::ManageMembers);
    Group {
        id: group.id,
        slug: group.slug,
        name: group.name,
        summary: group.summary,
        description_html: group.description_html.unwrap_or_else(|| to_html(&group.description)),
        description: group.description,
        purpose_html: group.purpose_html.unwrap_or_else(|| to_html(&group.purpose)),
        purpose: group.purpose,
        learning_question: group.learning_question,
        types,
        tags: group.tags.0,
        visibility: group.openness.visibility,
        join_policy: group.openness.join_policy,
        post_policy: group.openness.post_policy,
        member_list_visibility: group.openness.member_list_visibility,
        invite_policy: group.openness.invite_policy,
        review_policy: group.openness.review_policy,
        allow_anonymous: group.openness.allow_anonymous,
        join_questions: group.join_questions.0,
        request_cooldown_days: group.request_cooldown_days,
        rules_version: group.rules.as_ref().map(|_| group.openness.rules_version),
        rules: group.rules,
        welcome_message: Some(group.welcome_message)
            .filter(|_| standing.role().is_some() || can.contains(&Action::Delete)),
        auto_join_domains: Some(group.auto_join_domains.0).filter(|_| can.contains(&Action::Delete)),
        parent_id: group.parent_id.filter(|id| known.contains(id)),
        closes_at: group.closes_at,
        lessons_learned: group.lessons_learned,
        successor_id: group.successor_id.filter(|id| known.contains(id)),
        show_member_count: group.show_member_count,
        status: group.openness.status,
        member_count: knows_count.then_some(group.member_count),
        last_active_at: group.last_active_at,
        created_at: group.created_at,
        updated_at: group.updated_at,
        external_id: group.external_id,
        viewer: GroupViewer {
            role: membership.map_or(ViewerRole::None, |held| ViewerRole::of(held.role, held.state)),
            state: ViewerState::from(membership.map(|held| held.state)),
            can,
        },
    }
}

fn types_of(conn: &mut Conn, groups: &[GroupId]) -> Result<HashMap<GroupId, Vec<GroupTypeName>>> {
    let links = group_type_links::table
        .inner_join(group_types::table)
        .filter(among(group_type_links::group_id, groups))
        .order((group_type_links::group_id.asc(), group_type_links::position.asc()))
        .select((group_type_links::group_id, group_types::id, group_types::slug, group_types::name));
    let rows: Vec<(GroupId, GroupTypeId, String, String)> = each_backend!(conn => links.load(conn))?;
    let mut types: HashMap<GroupId, Vec<GroupTypeName>> = HashMap::new();
    for (group, id, slug, name) in rows {
        types.entry(group).or_default().push(GroupTypeName { id, slug, name });
    }
    Ok(types)
}

/// Which of these groups somebody else owns too.
fn owned_by_others(conn: &mut Conn, groups: &[GroupId], user: UserId) -> Result<Vec<GroupId>> {
    let owners = memberships::table
        .filter(among(memberships::group_id, groups))
        .filter(memberships::role.eq(Role::Owner))
        .filter(memberships::state.eq(State::Active))
        .filter(memberships::user_id.ne(user))
        .select(memberships::group_id);
    Ok(each_backend!(conn => owners.load(conn))?)
}

/// Adds a group without members. What it leaves out comes from its first type.
pub fn insert(
    conn: &mut Conn,
    new: &NewGroup,
    creator: UserId,
    settings: &Settings,
    now: Timestamp,
) -> Result<GroupId> {
    let types = new.type_ids.0.iter().map(|id| choose(conn, *id, false)).collect::<Result<Vec<_>>>()?;
    let main = types.first().ok_or_else(|| Error::invalid("/type_ids", "empty", "a group has at least one type"))?;
    let id = GroupId::new();
    let visibility = new.visibility.unwrap_or(main.default_visibility);
    new.external_id.as_ref().map_or(Ok(()), |taken| refuse_taken_external_id(conn, taken.as_str(), id))?;
    let (description, purpose, tags) = (new.description.as_str(), new.purpose.as_str(), new.tags.0.join("\n"));
    let search = [new.name.as_str(), new.summary.as_str(), purpose, &tags];
    for slug in slugs::candidates(new, visibility) {
        if !slugs::is_free(conn, &slug, id)? {
            continue;
        }
        let cooldown = new.request_cooldown_days.map_or(settings.request_cooldown_days, |days| days.0);
        let entry = (
            groups::invite_policy.eq(new.invite_policy.unwrap_or(main.default_invite_policy)),
            groups::review_policy.eq(new.review_policy.unwrap_or(main.default_review_policy)),
            groups::allow_anonymous.eq(new.allow_anonymous.unwrap_or(main.default_allow_anonymous)),
            groups::join_questions.eq(JsonList(new.join_questions.0.clone())),
            groups::request_cooldown_days.eq(cooldown),
            groups::welcome_message.eq(new.welcome_message.as_str()),
            groups::parent_id.eq(new.parent_id),
            groups::auto_join_domains.eq(JsonList(new.auto_join_domains.0.clone())),
        );
        let row = (
            groups::id.eq(id),
            groups::slug.eq(slug.into_string()),
            groups::name.eq(new.name.as_str()),
            groups::summary.eq(new.summary.as_str()),
            (groups::description.eq(description), groups::description_html.eq(to_html(description))),
            (groups::purpose.eq(purpose), groups::purpose_html.eq(to_html(purpose))),
            groups::learning_question.eq(new.learning_question.as_ref().map(Line::as_str)),
            groups::tags.eq(JsonList(new.tags.0.clone())),
            groups::external_id.eq(new.external_id.as_ref().map(Line::as_str)),
            groups::visibility.eq(visibility),
            groups::join_policy.eq(new.join_policy.unwrap_or(main.default_join_policy)),
            groups::post_policy.eq(new.post_policy.unwrap_or(main.default_post_policy)),
            groups::member_list_visibility
                .eq(new.member_list_visibility.unwrap_or(main.default_member_list_visibility)),
            entry,
            groups::show_member_count.eq(new.show_member_count.unwrap_or(main.default_show_member_count)),
            groups::status.eq(GroupStatus::Active),
            groups::created_by.eq(creator),
            groups::created_at.eq(now),
            groups::updated_at.eq(now),
            groups::changed_at.eq(now),
            groups::name_order.eq(folded(new.name.as_str())),
            groups::search_text.eq(search_text(search)),
        );
        // waits for whoever takes the same slug at this moment
        let added = each_backend!(conn => diesel::insert_into(groups::table)
            .values(row)
            .on_conflict(groups::slug)
            .do_nothing()
            .execute(conn))?;
        if added == 1 {
            furnish(conn, id, new, creator, now)?;
            events::record(conn, &EventRow::of_group(EventKind::GroupCreated, id, now))?;
            index(conn, id)?;
            return Ok(id);
        }
    }
    Err(slugs::taken())
}

/// What stands in other tables.
fn furnish(conn: &mut Conn, id: GroupId, new: &NewGroup, creator: UserId, now: Timestamp) -> Result<()> {
    link_types(conn, id, &new.type_ids.0)?;
    link_domains(conn, id, &new.auto_join_domains)?;
    match &new.rules {
        Some(rules) => publish_rules(conn, id, 1, Some(rules), creator, now),
        None => Ok(()),
    }
}

/// What a search for groups looks through.
#[must_use]
pub fn search_text(parts: [&str; 4]) -> String {
    folded(&parts.join("\n"))
}

fn link_types(conn: &mut Conn, group: GroupId, types: &[GroupTypeId]) -> Result<()> {
    for (position, id) in (0_i32..).zip(types) {
        let link = (
            group_type_links::group_id.eq(group),
            group_type_links::group_type_id.eq(*id),
            group_type_links::position.eq(position),
        );
        each_backend!(conn => diesel::insert_into(group_type_links::table).values(link).execute(conn))?;
    }
    Ok(())
}

/// What a search by address looks up; the column says the same.
fn link_domains(conn: &mut Conn, group: GroupId, domains: &Domains) -> Result<()> {
    let links = group_domains::table.filter(group_domains::group_id.eq(group));
    each_backend!(conn => diesel::delete(links).execute(conn))?;
    for domain in &domains.0 {
        let link = (group_domains::domain.eq(domain), group_domains::group_id.eq(group));
        each_backend!(conn => diesel::insert_into(group_domains::table).values(link).execute(conn))?;
    }
    Ok(())
}

fn refuse_taken_external_id(conn: &mut Conn, external_id: &str, group: GroupId) -> Result<()> {
    let same = groups::table.filter(groups::external_id.eq(external_id)).filter(groups::id.ne(group));
    let taken: bool = each_backend!(conn => diesel::select(diesel::dsl::exists(same)).get_result(conn))?;
    let words = "another group has this external id";
    if taken { Err(Error::new(Code::Taken, words).with_field("/external_id", "taken", words)) } else { Ok(()) }
}

/// Publishes a version of a group's rules, or takes the rules away; versions count on.
fn publish_rules(
    conn: &mut Conn,
    group: GroupId,
    version: i32,
    rules: Option<&Rules>,
    actor: UserId,
    now: Timestamp,
) -> Result<()> {
    let text = rules.map(Rules::as_str);
    if let Some(text) = text {
        let row = (
            group_rules::group_id.eq(group),
            group_rules::version.eq(version),
            group_rules::text.eq(text),
            group_rules::published_by.eq(actor),
            group_rules::published_at.eq(now),
        );
        each_backend!(conn => diesel::insert_into(group_rules::table).values(row).execute(conn))?;
        each_backend!(conn => diesel::update(groups::table.find(group))
            .set((groups::rules.eq(text), groups::rules_version.eq(version)))
            .execute(conn))?;
    } else {
        each_backend!(conn => diesel::update(groups::table.find(group))
            .set(groups::rules.eq(None::<String>))
            .execute(conn))?;
    }
    Ok(())
}

/// The versions of a group's rules, newest first.
pub fn list_rules(conn: &mut Conn, access: &Access, page: &Page<i64>) -> Result<Vec<GroupRules>> {
    let group = access.group_id();
    Ok(each_backend!(conn, DB => {
        let mut versions = group_rules::table
            .filter(group_rules::group_id.eq(group))
            .select(GroupRules::as_select())
            .limit(page.rows())
            .into_boxed::<DB>();
        if let Some((version, _)) = page.after {
            versions = versions.filter(group_rules::version.lt(i32::try_from(version).unwrap_or(0)));
        }
        versions.order(group_rules::version.desc()).load(conn)
    })?)
}

/// Changes a group's settings; where they are what they were, nothing has happened.
pub fn update(conn: &mut Conn, before: &GroupRow, patch: &GroupPatch, actor: UserId, now: Timestamp) -> Result<()> {
    // the tag of what is shown is the time of the last change
    let now = now.max(before.updated_at.after(Duration::from_micros(1)));
    let has_other_types = refurnish(conn, before, patch, actor, now)?;
    let slug = rename(conn, before, patch, now)?;
    let name = patch.name.0.as_ref().map_or(before.name.as_str(), |text| text.as_str());
    let summary = patch.summary.0.as_ref().map_or(before.summary.as_str(), |text| text.as_str());
    let purpose = patch.purpose.0.as_ref().map_or(before.purpose.as_str(), |text| text.as_str());
    let tags = patch.tags.0.as_ref().map_or(&before.tags.0, |tags| &tags.0);
    let learning_question =
        patch.learning_question.0.as_ref().map(|text| text.as_ref().map(crate::http::text::Line::as_str));
    let external_id = patch.external_id.0.as_ref().map(|text| text.as_ref().map(crate::http::text::Line::as_str));
    let entry = (
        patch.invite_policy.0.map(|value| groups::invite_policy.eq(value)),
        patch.review_policy.0.map(|value| groups::review_policy.eq(value)),
        patch.allow_anonymous.0.map(|value| groups::allow_anonymous.eq(value)),
        patch.join_questions.0.as_ref().map(|questions| groups::join_questions.eq(JsonList(questions.0.clone()))),
        patch.request_cooldown_days.0.map(|days| groups::request_cooldown_days.eq(days.0)),
        patch.welcome_message.0.as_ref().map(|text| groups::welcome_message.eq(text.as_str())),
        patch.auto_join_domains.0.as_ref().map(|domains| groups::auto_join_domains.eq(JsonList(domains.0.clone()))),
    );
    let lessons_learned = patch.lessons_learned.0.as_ref().map(|text| text.as_ref().map(LessonsLearned::as_str));
    // whoever archives a group or takes it into use again thinks anew about when it closes
    let closes_at = patch.closes_at.0.or_else(|| patch.status.0.filter(|s| *s != before.openness.status).map(|_| None));
    let course = (
        patch.parent_id.0.map(|id| groups::parent_id.eq(id)),
        closes_at.map(|at| groups::closes_at.eq(at)),
        lessons_learned.map(|text| groups::lessons_learned.eq(text)),
        patch.successor_id.0.map(|id| groups::successor_id.eq(id)),
    );
    let changes = (
        entry,
        course,
        slug.map(|slug| groups::slug.eq(slug.into_string())),
        groups::name.eq(name),
        groups::summary.eq(summary),
        patch.description.0.as_ref().map(|text| groups::description.eq(text.as_str())),
        patch.description.0.as_ref().map(|text| groups::description_html.eq(to_html(text.as_str()))),
        patch.purpose.0.as_ref().map(|text| groups::purpose_html.eq(to_html(text.as_str()))),
        groups::purpose.eq(purpose),
        learning_question.map(|text| groups::learning_question.eq(text)),
        groups::tags.eq(JsonList(tags.clone())),
        external_id.map(|text| groups::external_id.eq(text)),
        patch.visibility.0.map(|value| groups::visibility.eq(value)),
        patch.join_policy.0.map(|value| groups::join_policy.eq(value)),
        patch.post_policy.0.map(|value| groups::post_policy.eq(value)),
        patch.member_list_visibility.0.map(|value| groups::member_list_visibility.eq(value)),
        patch.show_member_count.0.map(|value| groups::show_member_count.eq(value)),
        patch.status.0.map(|value| groups::status.eq(value)),
        groups::name_order.eq(folded(name)),
        groups::search_text.eq(search_text([name, summary, purpose, &tags.join("\n")])),
    );
    let updated = diesel::update(groups::table.find(before.id)).set(changes);
    let after: GroupRow = each_backend!(conn => updated.returning(GroupRow::as_returning()).get_result(conn))?;
    if after == *before && !has_other_types {
        return Ok(());
    }
    follow(conn, before, patch, now)
}

/// What follows from a change: when it was, what is buried, shown elsewhere, told and found.
fn follow(conn: &mut Conn, before: &GroupRow, patch: &GroupPatch, now: Timestamp) -> Result<()> {
    let changed = (groups::updated_at.eq(now), groups::changed_at.eq(now));
    each_backend!(conn => diesel::update(groups::table.find(before.id)).set(changed).execute(conn))?;
    let is_hidden_now = patch.visibility.0 == Some(Visibility::Hidden);
    if is_hidden_now && before.openness.visibility != Visibility::Hidden {
        changes::bury(conn, before.id, before.openness.visibility, now)?;
    }
    let visibility = patch.visibility.0.unwrap_or(before.openness.visibility);
    shares::follow(conn, before.id, (before.openness.visibility, visibility), now)?;
    events::record(conn, &EventRow::of_group(EventKind::GroupUpdated, before.id, now))?;
    index(conn, before.id)
}

/// Changes what stands in other tables; whether it is of other types now, of which its row says nothing.
fn refurnish(conn: &mut Conn, before: &GroupRow, patch: &GroupPatch, actor: UserId, now: Timestamp) -> Result<bool> {
    let mut has_other_types = false;
    if let Some(rules) = &patch.rules.0
        && rules.as_ref().map(Rules::as_str) != before.rules.as_deref()
    {
        let version = before.openness.rules_version + 1;
        publish_rules(conn, before.id, version, rules.as_ref(), actor, now)?;
    }
    if let Some(types) = &patch.type_ids.0 {
        let held = types_of(conn, &[before.id])?.remove(&before.id).unwrap_or_default();
        for id in &types.0 {
            choose(conn, *id, held.iter().any(|kind| kind.id == *id))?;
        }
        has_other_types = !held.iter().map(|kind| kind.id).eq(types.0.iter().copied());
        let links = group_type_links::table.filter(group_type_links::group_id.eq(before.id));
        each_backend!(conn => diesel::delete(links).execute(conn))?;
        link_types(conn, before.id, &types.0)?;
    }
    if let Some(Some(external_id)) = &patch.external_id.0 {
        refuse_taken_external_id(conn, external_id.as_str(), before.id)?;
    }
    if let Some(domains) = &patch.auto_join_domains.0 {
        link_domains(conn, before.id, domains)?;
    }
    Ok(has_other_types)
}

/// The group's next name in URLs, where it gets one. The one before leads to it, unless the group is or becomes hidden.
fn rename(conn: &mut Conn, before: &GroupRow, patch: &GroupPatch, now: Timestamp) -> Result<Option<Slug>> {
    let visibility = patch.visibility.0.unwrap_or(before.openness.visibility);
    let was_hidden = before.openness.visibility == Visibility::Hidden;
    let wanted = patch.slug.0.as_ref().filter(|slug| slug.as_str() != before.slug);
    if visibility == Visibility::Hidden {
        if was_hidden && wanted.is_none_or(|slug| slug.is_drawn(&before.slug)) {
            return Ok(None);
        }
        slugs::give_up(conn, before.id)?;
        return slugs::hiding(conn, wanted.map_or(before.slug.as_str(), Slug::as_str), before.id).map(Some);
    }
    let Some(wanted) = wanted else { return Ok(None) };
    if !slugs::is_free(conn, wanted, before.id)? {
        return Err(slugs::taken());
    }
    if !was_hidden {
        slugs::remember(conn, before.id, &before.slug, wanted, now)?;
    }
    Ok(Some(wanted.clone()))
}

/// Deletes a group softly: it is not found any more, and its slugs are free again, as if it had never been.
pub fn delete(conn: &mut Conn, id: GroupId, now: Timestamp) -> Result<()> {
    let before = groups::table.find(id).select((groups::slug, groups::visibility));
    let (slug, visibility): (String, Visibility) = each_backend!(conn => before.first(conn))?;
    slugs::give_up(conn, id)?;
    changes::bury(conn, id, visibility, now)?;
    // what is deleted is shown to nobody
    shares::follow(conn, id, (visibility, Visibility::Hidden), now)?;
    let gone = (groups::slug.eq(slugs::hiding(conn, &slug, id)?.into_string()), groups::deleted_at.eq(now));
    each_backend!(conn => diesel::update(groups::table.find(id)).set(gone).execute(conn))?;
    index(conn, id)
}

/// Archives the groups whose time has come; how many there were. For a job: the caller is a transaction of its own.
pub fn close_due(conn: &mut Conn, now: Timestamp) -> Result<usize> {
    let in_use = groups::deleted_at.is_null().and(groups::status.eq(GroupStatus::Active));
    let due = groups::table.filter(groups::closes_at.le(now)).filter(in_use).select(groups::id).limit(500);
    let mut due: Vec<GroupId> = each_backend!(conn => due.load(conn))?;
    // one order for all who lock groups
    due.sort_unstable();
    let mut closed = 0;
    for id in due {
        lock_group(conn, id)?;
        let still = groups::table.find(id).filter(groups::closes_at.le(now)).filter(in_use);
        let archived =
            (groups::status.eq(GroupStatus::Archived), groups::updated_at.eq(now), groups::changed_at.eq(now));
        if each_backend!(conn => diesel::update(still).set(archived).execute(conn))? == 0 {
            continue;
        }
        let changes = vec![AuditChange::new("status", Some("active"), Some("archived"))];
        audit::queries::record(conn, None, Entry::group(AuditAction::GroupArchived, id).with_changes(changes), now)?;
        events::record(conn, &EventRow::of_group(EventKind::GroupUpdated, id, now))?;
        closed += 1;
    }
    Ok(closed)
}

/// What a search finds of a group.
type Indexed = (GroupId, String, (String, String, String), Option<String>, JsonList<String>, Timestamp);

/// [`Indexed`] of the groups that are not deleted; who may know of them is asked when somebody searches.
macro_rules! indexed {
    () => {
        groups::table.filter(groups::deleted_at.is_null()).select((
            groups::id,
            groups::name,
            (groups::summary, groups::purpose, groups::description),
            groups::learning_question,
            groups::tags,
            groups::created_at,
        ))
    };
}

fn put_document(conn: &mut Conn, (id, name, words, question, tags, at): &Indexed) -> Result<()> {
    let (summary, purpose, description) = words;
    let question = question.as_deref().unwrap_or_default();
    let body = search::joined(&[summary, purpose, description, question, &tags.0.join("\n")]);
    let document = Document {
        kind: "group",
        target_id: id.uuid(),
        group_id: Some(id.uuid()),
        post_id: None,
        at: at.raw(),
        title: name,
        body: &body,
    };
    search::put(conn, &document)
}

/// Lets a search find a group as it is now, or not any more. What changes its words, or deletes or restores it, ends with
/// this. What is in a deleted group stays in the index and is found by nobody.
pub fn index(conn: &mut Conn, id: GroupId) -> Result<()> {
    let found: Option<Indexed> = each_backend!(conn => indexed!().filter(groups::id.eq(id)).first(conn).optional())?;
    match found {
        Some(found) => put_document(conn, &found),
        None => search::remove(conn, id.uuid()),
    }
}

/// Lets a search find the next groups by id, which do not change until the transaction ends; their ids.
pub fn index_after(conn: &mut Conn, after: Uuid, limit: i64) -> Result<Vec<Uuid>> {
    let next = indexed!().filter(groups::id.gt(GroupId::from(after))).order(groups::id.asc()).limit(limit);
    let next: Vec<Indexed> = match conn {
        Conn::Sqlite(conn) => next.load(conn)?,
        Conn::Postgres(conn) => next.for_share().load(conn)?,
    };
    next.iter().map(|found| put_document(conn, found).map(|()| found.0.uuid())).collect()
}
