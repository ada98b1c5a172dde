//! `/groups/{group_id}/membership` (one's own) and `…/members`.

use actix_web::{HttpRequest, HttpResponse, delete, get, patch, put, web};
use utoipa_actix_web::service_config::ServiceConfig;

use super::access::{Access, Reader};
use super::model::{
    Action, HistoryQuery, Member, MemberPage, MemberPatch, MemberQuery, MemberRow, MemberSort, MemberState, Membership,
    MembershipEvent, MembershipEventPage, NewMembership, OwnMembership, OwnMembershipPatch, Role, RulesAcceptance,
    State,
};
use super::policy::{self, MemberChange, Step};
use super::queries::{self, Change, Entering};
use crate::auth::actor::Actor;
use crate::db::{Conn, Db, tombstones};
use crate::error::{Error, Result};
use crate::http::changes::{self, Span};
use crate::http::conditional::{self, IfMatch};
use crate::http::json::{self, Body};
use crate::http::page::{self, Key, Page};
use crate::http::patch::Set;
use crate::http::query::Query;
use crate::http::text::Line;
use crate::types::{GroupId, Timestamp, UserId};

/// The routes of this feature.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config.service(get_membership).service(join_group).service(update_membership).service(leave_group);
    config.service(accept_rules);
    config.service(list_members).service(get_member).service(update_member).service(delete_member);
    config.service(list_membership_events);
}

/// Get one's own membership
///
/// Not found for somebody who never had one.
#[utoipa::path(tag = "memberships", operation_id = "get_membership",
    security(("bearer" = []), ("api_key" = ["members:read"])), responses(
    (status = 200, description = "One's membership", body = OwnMembership),
    (status = 404, description = "No such group, or never a member"),
))]
#[get("/groups/{group_id}/membership")]
async fn get_membership(actor: Actor, db: web::Data<Db>, group_id: web::Path<GroupId>) -> Result<HttpResponse> {
    let membership = db
        .read(move |conn| {
            let access = Access::find(conn, actor.viewer(), *group_id)?;
            queries::find(conn, access.group_id(), actor.user_id)?.ok_or_else(Error::not_found)
        })
        .await?;
    Ok(json::ok(&OwnMembership::from(membership)))
}

/// Join, or ask to
///
/// Where the group is open, and for the invited, one is a member at once; where it takes requests, one has asked, with
/// answers to its questions. A group's rules are accepted with it. Doing it again changes nothing.
#[utoipa::path(tag = "memberships", operation_id = "join_group",
    security(("bearer" = []), ("api_key" = ["members:write"])),
    request_body = NewMembership, responses(
    (status = 200, description = "One's membership: `active` or `requested`", body = OwnMembership),
    (status = 403, description = "By invitation only, or banned (`forbidden`, `banned`)"),
    (status = 404, description = "No such group"),
    (status = 409, description = "The group is archived, its rules are not accepted, or it is too early to ask again (`archived`, `rules_not_accepted`, `cooling_down`, `taken`)"),
))]
#[put("/groups/{group_id}/membership")]
async fn join_group(
    actor: Actor,
    db: web::Data<Db>,
    group_id: web::Path<GroupId>,
    body: Body<NewMembership>,
) -> Result<HttpResponse> {
    let now = Timestamp::now();
    let membership = actor
        .write(&db, move |conn| {
            let access = Access::lock(conn, actor.viewer(), *group_id)?;
            let before = queries::find(conn, access.group_id(), actor.user_id)?;
            enter(conn, &access, actor, before, &body.0, now)
        })
        .await?;
    Ok(json::ok(&OwnMembership::from(membership)))
}

fn enter(
    conn: &mut Conn,
    access: &Access,
    actor: Actor,
    before: Option<Membership>,
    new: &NewMembership,
    now: Timestamp,
) -> Result<Membership> {
    let Some(step) = policy::entry(access.standing())? else { return before.ok_or_else(Error::not_found) };
    let is_request = step == Step::Request;
    let state = policy::take(before.as_ref().map(|row| row.state), step)?;
    let terms = queries::entry_terms(conn, access.group_id())?;
    if is_request {
        policy::cooled_down(before.as_ref(), &terms, now)?;
    }
    let entry = Entering {
        message: new.message.as_ref().map(|message| message.as_str().to_owned()),
        answers: policy::answers(&new.answers.0, &terms, is_request)?,
        accepted_rules_version: policy::rules_version(&access.standing().group, new.accepted_rules_version)?,
        display_name: new.display_name.as_ref().map(|name| name.as_str().to_owned()),
    };
    if let Some(name) = new.display_name.as_ref().filter(|_| policy::reads_names(access.standing(), state)) {
        queries::refuse_shown_name(conn, access.group_id(), actor.user_id, name)?;
    }
    let change = Change::new(access.group_id(), actor.user_id, Some(actor), before, state).with_entry(entry);
    queries::change(conn, &change, now)
}

/// Change one's own membership
///
/// The name that the group shows in place of the account's, everywhere inside it, and what one is told of it.
#[utoipa::path(tag = "memberships", operation_id = "update_membership",
    security(("bearer" = []), ("api_key" = ["members:write"])),
    request_body = OwnMembershipPatch, responses(
    (status = 200, description = "One's membership as it is now", body = OwnMembership),
    (status = 404, description = "No such group, or never a member"),
    (status = 409, description = "Not a member, or another member is shown by this name (`invalid_state`, `taken`)"),
))]
#[patch("/groups/{group_id}/membership")]
async fn update_membership(
    actor: Actor,
    db: web::Data<Db>,
    group_id: web::Path<GroupId>,
    patch: Body<OwnMembershipPatch>,
) -> Result<HttpResponse> {
    let now = Timestamp::now();
    let membership = actor
        .write(&db, move |conn| {
            let access = Access::lock(conn, actor.viewer(), *group_id)?;
            let before = queries::find(conn, access.group_id(), actor.user_id)?.ok_or_else(Error::not_found)?;
            policy::keeps_name(before.state)?;
            let mut membership = before;
            if let Some(level) = patch.0.notification_level.0 {
                membership = queries::set_notification_level(conn, &membership, level, now)?;
            }
            if let Some(name) = &patch.0.display_name.0 {
                if let Some(name) = name.as_ref().filter(|_| policy::reads_names(access.standing(), membership.state)) {
                    queries::refuse_shown_name(conn, access.group_id(), actor.user_id, name)?;
                }
                membership = queries::set_display_name(conn, &membership, name.as_ref(), now)?;
            }
            Ok(membership)
        })
        .await?;
    Ok(json::ok(&OwnMembership::from(membership)))
}

/// Accept the group's rules
///
/// The current version; nothing is written in the group before. Doing it again changes nothing.
#[utoipa::path(tag = "memberships", operation_id = "accept_rules",
    security(("bearer" = []), ("api_key" = ["members:write"])),
    request_body = RulesAcceptance, responses(
    (status = 200, description = "One's membership as it is now", body = OwnMembership),
    (status = 404, description = "No such group, or never a member"),
    (status = 409, description = "Not a member and not asking to be, or the rules have another version (`invalid_state`, `rules_not_accepted`)"),
))]
#[put("/groups/{group_id}/membership/rules-acceptance")]
async fn accept_rules(
    actor: Actor,
    db: web::Data<Db>,
    group_id: web::Path<GroupId>,
    body: Body<RulesAcceptance>,
) -> Result<HttpResponse> {
    let now = Timestamp::now();
    let membership = actor
        .write(&db, move |conn| {
            let access = Access::lock(conn, actor.viewer(), *group_id)?;
            let before = queries::find(conn, access.group_id(), actor.user_id)?.ok_or_else(Error::not_found)?;
            policy::keeps_name(before.state)?;
            let version = policy::rules_version(&access.standing().group, Some(body.0.version))?;
            match version.filter(|version| before.accepted_rules_version != Some(*version)) {
                Some(version) => queries::accept_rules(conn, access.group_id(), actor.user_id, version, now),
                None => Ok(before),
            }
        })
        .await?;
    Ok(json::ok(&OwnMembership::from(membership)))
}

/// Leave, or withdraw
///
/// Ends one's membership, takes one's request back, or declines an invitation. Doing it again changes nothing. The last
/// owner cannot leave: the problem lists who could take over.
#[utoipa::path(tag = "memberships", operation_id = "leave_group",
    security(("bearer" = []), ("api_key" = ["members:write"])), responses(
    (status = 204, description = "Not a member, and not asking to be"),
    (status = 404, description = "No such group"),
    (status = 409, description = "The last owner (`last_owner`)"),
))]
#[delete("/groups/{group_id}/membership")]
async fn leave_group(actor: Actor, db: web::Data<Db>, group_id: web::Path<GroupId>) -> Result<HttpResponse> {
    let now = Timestamp::now();
    actor
        .write(&db, move |conn| {
            let access = Access::lock(conn, actor.viewer(), *group_id)?;
            let Some(before) = queries::find(conn, access.group_id(), actor.user_id)? else { return Ok(()) };
            leave(conn, &access, actor, before, now)
        })
        .await?;
    Ok(json::no_content())
}

/// Ends the caller's own membership, whatever its state.
fn leave(conn: &mut Conn, access: &Access, actor: Actor, before: Membership, now: Timestamp) -> Result<()> {
    let owns = before.role == Role::Owner && before.state == State::Active;
    if owns && queries::owners(conn, access.group_id())? == 1 {
        return Err(access.last_owner(conn, before.user_id)?);
    }
    let Some(step) = policy::way_out(before.state) else { return Ok(()) };
    let state = policy::take(Some(before.state), step)?;
    let change = Change::new(before.group_id, before.user_id, Some(actor), Some(before), state);
    queries::change(conn, &change, now).map(drop)
}

/// List the members
///
/// Whoever may read the group's list of members; other states than `active`, and what has changed, are for
/// those who manage members.
#[utoipa::path(tag = "memberships", operation_id = "list_members",
    security((), ("bearer" = []), ("api_key" = ["members:read"])),
    params(MemberQuery, ("Praxis-Access-Reason" = Option<String>, Header, description = "Why an administrator who is no member reads this")),
    responses(
    (status = 200, description = "One page of members", body = MemberPage),
    (status = 403, description = "Not for this caller (`forbidden`, `members_only`)"),
    (status = 404, description = "No such group"),
))]
#[get("/groups/{group_id}/members")]
async fn list_members(
    request: HttpRequest,
    reader: Reader,
    db: web::Data<Db>,
    group_id: web::Path<GroupId>,
    query: Query<MemberQuery>,
) -> Result<HttpResponse> {
    let query = query.into_inner();
    let sort = query.sort.unwrap_or(MemberSort::Joined);
    let texts = (query.q.as_ref().map(Line::as_str), query.skill.as_ref().map(Line::as_str));
    let filters = (*group_id, query.role, query.state, texts, sort);
    if let Some(since) = query.updated_since {
        changes::alone((query.role, query.state, query.sort, texts) != (None, None, None, (None, None)))?;
        let page = Page::<i64>::new("members-changed", &(*group_id, since), query.limit, query.cursor.as_deref())?;
        let now = Timestamp::now();
        let span = Span::new(since, &page, tombstones::KEPT, now)?;
        let body = reader
            .read(&db, Action::ReadRecords, move |conn, viewer| {
                let access = Access::find(conn, viewer, *group_id)?;
                access.require(Action::ReadMembers)?;
                // who was in the group once is told with it
                access.require(Action::ReadRecords)?;
                let (changed, gone) = queries::list_changed(conn, &access, &span)?;
                let place = |row: &MemberRow| (row.membership.updated_at.micros(), row.membership.user_id.uuid());
                let (rows, deleted, next_cursor) = changes::merged(&page, changed, gone, place);
                let manages = access.may(Action::ReadRecords);
                let items = rows.iter().map(|row| row.member(manages, now)).collect();
                Ok((access, MemberPage { items, deleted, next_cursor }))
            })
            .await?;
        return Ok(page::ok(&request, &body, body.next_cursor.as_deref()));
    }
    let page = Page::<Key>::new("members", &filters, query.limit, query.cursor.as_deref())?;
    let cut = page.clone();
    let wants_records = query.state.is_some_and(|state| state != State::Active);
    let (manages, members) = reader
        .read(&db, Action::ReadRecords, move |conn, viewer| {
            let access = Access::find(conn, viewer, *group_id)?;
            access.require(Action::ReadMembers)?;
            if wants_records {
                access.require(Action::ManageMembers)?;
                access.require(Action::ReadRecords)?;
            }
            let members = queries::list(conn, &access, &query, &page)?;
            let manages = access.may(Action::ReadRecords);
            Ok((access, (manages, members)))
        })
        .await?;
    let (rows, next_cursor) = cut.cut(members, |row| (queries::key(sort, row), row.membership.user_id.uuid()));
    let now = Timestamp::now();
    let body = MemberPage {
        items: rows.iter().map(|row| row.member(manages, now)).collect(),
        deleted: Vec::new(),
        next_cursor,
    };
    Ok(page::ok(&request, &body, body.next_cursor.as_deref()))
}

/// The member, for a caller who may read the list of members; former members only for those who manage them.
fn readable(conn: &mut Conn, access: &Access, user: UserId) -> Result<MemberRow> {
    access.require(Action::ReadMembers)?;
    let member = queries::find_member(conn, access.group_id(), user)?.ok_or_else(Error::not_found)?;
    if member.membership.state != State::Active {
        access.require(Action::ManageMembers).map_err(|_| Error::not_found())?;
        access.require(Action::ReadRecords)?;
    }
    Ok(member)
}

/// Get a member
///
/// Whoever may read the group's list of members.
#[utoipa::path(tag = "memberships", operation_id = "get_member",
    security((), ("bearer" = []), ("api_key" = ["members:read"])),
    params(("Praxis-Access-Reason" = Option<String>, Header, description = "Why an administrator who is no member reads this")),
    responses(
    (status = 200, description = "The member", body = Member),
    (status = 403, description = "Not for this caller (`forbidden`, `members_only`)"),
    (status = 404, description = "No such group or member"),
))]
#[get("/groups/{group_id}/members/{user_id}")]
async fn get_member(reader: Reader, db: web::Data<Db>, path: web::Path<(GroupId, UserId)>) -> Result<HttpResponse> {
    let (group_id, user_id) = path.into_inner();
    let (version, member) = reader
        .read(&db, Action::ReadRecords, move |conn, viewer| {
            let access = Access::find(conn, viewer, group_id)?;
            let found = readable(conn, &access, user_id)?;
            // it is made of what others may not read, and others change nothing
            let version = access.may(Action::ManageMembers).then(|| found.membership.version());
            let member = found.member(access.may(Action::ReadRecords), Timestamp::now());
            Ok((access, (version, member)))
        })
        .await?;
    Ok(match version {
        Some(version) => conditional::ok(version, &member),
        None => json::ok(&member),
    })
}

/// Change a member
///
/// Give a role (owners), remove, ban, or lift a ban (facilitators, for members; owners, for everybody). A change that would
/// leave the group without owner is refused, with who could take over.
#[utoipa::path(tag = "memberships", operation_id = "update_member",
    security(("bearer" = []), ("api_key" = ["members:write"])),
    request_body = MemberPatch, params(("If-Match" = String, Header, description = "The ETag of what you have read, or *")), responses(
    (status = 200, description = "The member as it is now", body = Member),
    (status = 403, description = "Not for this caller, or somebody above the caller (`forbidden`, `access_reason_needed`)"),
    (status = 404, description = "No such group or member"),
    (status = 409, description = "The last owner, or not possible from this state (`invalid_state`, `last_owner`)"),
))]
#[patch("/groups/{group_id}/members/{user_id}")]
async fn update_member(
    actor: Actor,
    db: web::Data<Db>,
    path: web::Path<(GroupId, UserId)>,
    if_match: IfMatch,
    patch: Body<MemberPatch>,
) -> Result<HttpResponse> {
    let ((group_id, user_id), patch, now) = (path.into_inner(), patch.0, Timestamp::now());
    let (version, member) = actor
        .write(&db, move |conn| {
            let access = Access::lock(conn, actor.viewer(), group_id)?;
            access.require(Action::ManageMembers)?;
            let before = queries::find(conn, group_id, user_id)?.ok_or_else(Error::not_found)?.version();
            if_match.check(before.clone())?;
            change_member(conn, &access, actor, user_id, &patch, now)?;
            let member = queries::find_member(conn, group_id, user_id)?.ok_or_else(Error::not_found)?;
            let version = member.membership.version();
            if version == before {
                // nothing was changed, so that it was only read
                readable(conn, &access, user_id)?;
            }
            Ok((version, member.member(access.may(Action::ReadRecords), now)))
        })
        .await?;
    Ok(conditional::ok(version, &member))
}

/// Remove a member
///
/// The person is free to come back. The same as a change to `removed` without a reason.
#[utoipa::path(tag = "memberships", operation_id = "delete_member",
    security(("bearer" = []), ("api_key" = ["members:write"])),
    params(("If-Match" = String, Header, description = "The ETag of what you have read, or *")), responses(
    (status = 204, description = "Not a member any more"),
    (status = 403, description = "Not for this caller, or somebody above the caller (`forbidden`)"),
    (status = 404, description = "No such group or member"),
    (status = 409, description = "The last owner, or not a member (`invalid_state`, `last_owner`)"),
))]
#[delete("/groups/{group_id}/members/{user_id}")]
async fn delete_member(
    actor: Actor,
    db: web::Data<Db>,
    path: web::Path<(GroupId, UserId)>,
    if_match: IfMatch,
) -> Result<HttpResponse> {
    let ((group_id, user_id), now) = (path.into_inner(), Timestamp::now());
    let patch = MemberPatch { state: Set(Some(MemberState::Removed)), ..MemberPatch::default() };
    actor
        .write(&db, move |conn| {
            let access = Access::lock(conn, actor.viewer(), group_id)?;
            access.require(Action::ManageMembers)?;
            let before = queries::find(conn, group_id, user_id)?.ok_or_else(Error::not_found)?;
            if_match.check(before.version())?;
            change_member(conn, &access, actor, user_id, &patch, now)
        })
        .await?;
    Ok(json::no_content())
}

/// Changes a member as a patch says, where the caller may.
///
/// # Errors
/// `not_found` for somebody who never had to do with the group, `forbidden`, `invalid`, `invalid_state`, `last_owner`.
pub fn change_member(
    conn: &mut Conn,
    access: &Access,
    actor: Actor,
    user: UserId,
    patch: &MemberPatch,
    now: Timestamp,
) -> Result<()> {
    access.require(Action::ManageMembers)?;
    let before = queries::find(conn, access.group_id(), user)?.ok_or_else(Error::not_found)?;
    let change = policy::change_member(access.standing(), &before, patch, now)?;
    let Some(MemberChange { role, state, role_ends_at, banned_until }) = change else { return Ok(()) };
    let owns = |role, state| role == Role::Owner && state == State::Active;
    if owns(before.role, before.state) && !owns(role, state) && queries::owners(conn, access.group_id())? == 1 {
        return Err(access.last_owner(conn, user)?);
    }
    let change = Change::new(access.group_id(), user, Some(actor), Some(before), state)
        .with_role(role, role_ends_at)
        .with_ban_until(banned_until)
        .because(patch.reason.0.as_ref(), patch.private_note.0.as_ref());
    queries::change(conn, &change, now).map(drop)
}

/// List the history of a membership
///
/// Every step that was taken, for those who manage members, and for the person concerned, who reads neither who else took it
/// nor the notes of those who decide.
#[utoipa::path(tag = "memberships", operation_id = "list_membership_events",
    security(("bearer" = []), ("api_key" = ["members:read"])),
    params(HistoryQuery, ("Praxis-Access-Reason" = Option<String>, Header, description = "Why an administrator who is no member reads this")),
    responses(
    (status = 200, description = "One page of steps", body = MembershipEventPage),
    (status = 403, description = "Not for this caller (`forbidden`)"),
    (status = 404, description = "No such group"),
))]
#[get("/groups/{group_id}/members/{user_id}/history")]
async fn list_membership_events(
    request: HttpRequest,
    reader: Reader,
    db: web::Data<Db>,
    path: web::Path<(GroupId, UserId)>,
    query: Query<HistoryQuery>,
) -> Result<HttpResponse> {
    let actor = reader.actor()?;
    let (group_id, user_id) = path.into_inner();
    let page = Page::<i64>::new("membership-events", &(group_id, user_id), query.limit, query.cursor.as_deref())?;
    let (cut, is_oneself) = (page.clone(), actor.user_id == user_id);
    let action = if is_oneself { Action::Leave } else { Action::ReadRecords };
    let steps = reader
        .read(&db, action, move |conn, viewer| {
            let access = Access::find(conn, viewer, group_id)?;
            if !is_oneself {
                access.require(Action::ManageMembers)?;
                access.require(Action::ReadRecords)?;
            }
            let steps = queries::history(conn, &access, user_id, &page)?;
            Ok((access, steps))
        })
        .await?;
    let (steps, next_cursor) = cut.cut(steps, |step| (step.event.at.micros(), step.event.id.uuid()));
    let view = |step| MembershipEvent::new(step, is_oneself);
    let body = MembershipEventPage { items: steps.into_iter().map(view).collect(), next_cursor };
    Ok(page::ok(&request, &body, body.next_cursor.as_deref()))
}
