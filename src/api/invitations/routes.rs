//! `/groups/{group_id}/invitations`, `/invitations/…` and `/me/invitations`.

use actix_web::{HttpRequest, HttpResponse, delete, get, post, web};
use utoipa_actix_web::service_config::ServiceConfig;

use super::acceptance;
use super::model::{
    Invitation, InvitationAcceptance, InvitationKind, InvitationLookup, InvitationPage, InvitationPreview,
    InvitationQuery, InvitationResult, InvitationResults, InvitationRow, InvitationState, InviteStatus, InvitingGroup,
    IssuedInvitation, MyInvitation, MyInvitationPage, MyInvitationQuery, NewInvitationLink, NewInvitations, Recipient,
};
use super::policy::{self, Named};
use super::queries;
use crate::api::audit::model::{AuditAction, AuditChange, AuditTarget, Entry};
use crate::api::groups::model::Found;
use crate::api::idempotency::{Made, Once};
use crate::api::memberships::access::{Access, Reader};
use crate::api::memberships::model::{Action, OwnMembership, State};
use crate::api::memberships::policy::{Step, take};
use crate::api::memberships::queries::Change;
use crate::api::users::model::UserStatus;
use crate::api::{audit, groups, memberships, settings, users};
use crate::auth::actor::Actor;
use crate::auth::tokens;
use crate::db::sql_types::TextEnum as _;
use crate::db::{Conn, Db};
use crate::error::{Code, Error, Result};
use crate::http::json::{self, Body};
use crate::http::page::{self, Page};
use crate::http::query::Query;
use crate::types::{GroupId, InvitationId, Timestamp, UserId};

/// The routes of this feature.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config.service(list_invitations).service(create_invitations).service(create_invitation_link);
    config.service(resend_invitation).service(revoke_invitation);
    config.service(lookup_invitation).service(accept_invitation).service(decline_invitation);
    config.service(list_my_invitations);
}

/// List a group's invitations
///
/// Those who manage members see all, whoever else may invite their own; the newest first. Addresses are for administrators.
#[utoipa::path(tag = "memberships", operation_id = "list_invitations",
    security(("bearer" = []), ("api_key" = ["members:read"])),
    params(InvitationQuery, ("Praxis-Access-Reason" = Option<String>, Header, description = "Why an administrator who is no member reads this")),
    responses(
    (status = 200, description = "One page of invitations", body = InvitationPage),
    (status = 403, description = "Not for this caller (`forbidden`)"),
    (status = 404, description = "No such group"),
    (status = 409, description = "The group is archived, and the caller does not manage its members (`archived`)"),
))]
#[get("/groups/{group_id}/invitations")]
async fn list_invitations(
    request: HttpRequest,
    reader: Reader,
    db: web::Data<Db>,
    group_id: web::Path<GroupId>,
    query: Query<InvitationQuery>,
) -> Result<HttpResponse> {
    let actor = reader.actor()?;
    let query = query.into_inner();
    let filters = (*group_id, query.state, query.kind, actor.user_id);
    let page = Page::<i64>::new("invitations", &filters, query.limit, query.cursor.as_deref())?;
    let cut = page.clone();
    let rows = reader
        .read(&db, Action::ReadRecords, move |conn, viewer| {
            let access = Access::find(conn, viewer, *group_id)?;
            let by = (!policy::sees_all(&access)?).then_some(access.user_id());
            let rows = queries::list(conn, &access, by, &query, &page)?;
            Ok((access, rows))
        })
        .await?;
    let (rows, next_cursor) = cut.cut(rows, queries::key);
    let items = rows.into_iter().map(|row| Invitation::of(row, actor.is_admin())).collect();
    let body = InvitationPage { items, next_cursor };
    Ok(page::ok(&request, &body, body.next_cursor.as_deref()))
}

/// Invite people
///
/// For whoever the group lets invite: up to 500, by id or by address, each with a result of its own. A person who has asked
/// to join becomes a member. An address gets a token, shown this once: it leads in together with the address.
#[utoipa::path(tag = "memberships", operation_id = "create_invitations",
    security(("bearer" = []), ("api_key" = ["members:write"])),
    request_body = NewInvitations, responses(
    (status = 200, description = "What became of each, in the same order", body = InvitationResults),
    (status = 403, description = "Not for this caller (`forbidden`)"),
    (status = 404, description = "No such group"),
    (status = 409, description = "The group is archived (`archived`)"),
))]
#[post("/groups/{group_id}/invitations")]
async fn create_invitations(
    actor: Actor,
    db: web::Data<Db>,
    group_id: web::Path<GroupId>,
    once: Once,
    body: Body<NewInvitations>,
) -> Result<HttpResponse> {
    let (new, now) = (body.0, Timestamp::now());
    once.write(actor, &db, move |conn| {
        let access = Access::lock(conn, actor.viewer(), *group_id)?;
        access.require(Action::Invite)?;
        let days = settings::queries::get(conn)?.invitation_days;
        let expires_at = policy::expiry(new.expires_at, days, now)?;
        let message = new.message.as_ref().map(|message| message.as_str().to_owned());
        let blank = blank(*group_id, actor.user_id, message, expires_at, now);
        let results = (0..).zip(&new.recipients.0).map(|(index, recipient)| {
            InvitationResult::new(index, invite(conn, &access, actor, recipient, &blank, now))
        });
        Made::ok(&InvitationResults { items: results.collect::<Result<_>>()? })
    })
    .await
}

/// What is the same for all invitations of one request.
fn blank(
    group_id: GroupId,
    created_by: UserId,
    message: Option<String>,
    expires_at: Timestamp,
    now: Timestamp,
) -> InvitationRow {
    InvitationRow {
        id: InvitationId::nil(),
        group_id,
        kind: InvitationKind::Link,
        user_id: None,
        email: None,
        token_hash: None,
        message,
        max_uses: None,
        uses: 0,
        state: InvitationState::Open,
        created_by,
        created_at: now,
        expires_at,
        settled_at: None,
    }
}

type Invited = (InviteStatus, Option<InvitationId>, Option<String>);

fn invite(
    conn: &mut Conn,
    access: &Access,
    actor: Actor,
    recipient: &Recipient,
    blank: &InvitationRow,
    now: Timestamp,
) -> Result<Invited> {
    match policy::named(recipient)? {
        Named::Person(user) => invite_person(conn, access, actor, user, blank, now),
        Named::Address(email) if queries::is_invited(conn, blank.group_id, email.as_str(), now)? => {
            Ok((InviteStatus::Unchanged, None, None))
        }
        Named::Address(email) => {
            let (kind, email) = (InvitationKind::Email, Some(email.into_string()));
            let (id, token) = issue(conn, actor, InvitationRow { kind, email, max_uses: Some(1), ..blank.clone() })?;
            Ok((InviteStatus::Invited, Some(id), Some(token)))
        }
    }
}

fn invite_person(
    conn: &mut Conn,
    access: &Access,
    actor: Actor,
    user: UserId,
    blank: &InvitationRow,
    now: Timestamp,
) -> Result<Invited> {
    let unknown = || Error::invalid("/user_id", "unknown", "there is no such person");
    let account = users::queries::get(conn, user).map_err(|error| match error.code() {
        Code::NotFound => unknown(),
        _ => error,
    })?;
    if account.status != UserStatus::Active {
        return Err(unknown());
    }
    let before = memberships::queries::find(conn, access.group_id(), user)?;
    let Some(state) = policy::invite(access, user, before.as_ref())? else {
        return Ok((InviteStatus::Unchanged, None, None));
    };
    memberships::queries::hold_account(conn, user)?;
    let change = Change::new(access.group_id(), user, Some(actor), before, state);
    memberships::queries::change(conn, &change, now)?;
    if state == State::Active {
        return Ok((InviteStatus::Joined, None, None));
    }
    let (id, kind) = (InvitationId::new(), InvitationKind::Person);
    queries::insert(conn, &InvitationRow { id, kind, user_id: Some(user), ..blank.clone() })?;
    Ok((InviteStatus::Invited, Some(id), None))
}

/// Makes an invitation that a token opens; its id and the token.
fn issue(conn: &mut Conn, actor: Actor, row: InvitationRow) -> Result<(InvitationId, String)> {
    let (token, hash) = tokens::new_invitation_token()?;
    let row = InvitationRow { id: InvitationId::new(), token_hash: Some(hash), ..row };
    queries::insert(conn, &row)?;
    let max_uses = row.max_uses.map(|max| max.to_string());
    let changes = vec![
        AuditChange::new("kind", None, Some(row.kind.as_str())),
        AuditChange::new("max_uses", None, max_uses.as_deref()),
        AuditChange::new("expires_at", None, Some(&row.expires_at.to_string())),
    ];
    let entry = Entry::new(AuditAction::InvitationCreated, AuditTarget::Invitation, row.id.uuid());
    let entry = entry.within(row.group_id).with_changes(changes);
    audit::queries::record(conn, Some(&actor), entry, row.created_at)?;
    Ok((row.id, token))
}

/// Make an invitation link
///
/// For whoever the group lets invite. Its token is shown this once; whoever has it comes in, so many people and so long as
/// the link says, and as long as its maker may invite.
#[utoipa::path(tag = "memberships", operation_id = "create_invitation_link",
    security(("bearer" = []), ("api_key" = ["members:write"])),
    request_body = NewInvitationLink, responses(
    (status = 201, description = "The link", body = IssuedInvitation),
    (status = 403, description = "Not for this caller (`forbidden`)"),
    (status = 404, description = "No such group"),
    (status = 409, description = "The group is archived (`archived`)"),
))]
#[post("/groups/{group_id}/invitation-links")]
async fn create_invitation_link(
    actor: Actor,
    db: web::Data<Db>,
    group_id: web::Path<GroupId>,
    once: Once,
    body: Body<NewInvitationLink>,
) -> Result<HttpResponse> {
    let (new, now, group) = (body.0, Timestamp::now(), *group_id);
    once.write(actor, &db, move |conn| {
        let access = Access::lock(conn, actor.viewer(), group)?;
        access.require(Action::Invite)?;
        let days = settings::queries::get(conn)?.invitation_days;
        let expires_at = policy::expiry(new.expires_at, days, now)?;
        let message = new.message.as_ref().map(|message| message.as_str().to_owned());
        let blank = blank(group, actor.user_id, message, expires_at, now);
        let max_uses = new.max_uses.map(|max| max.0);
        let (id, token) = issue(conn, actor, InvitationRow { max_uses, ..blank })?;
        let invitation = Invitation::of(queries::get(conn, group, id)?, actor.is_admin());
        let issued = IssuedInvitation { invitation, token: Some(token) };
        Ok(Made::created(&issued)?.at(format!("/api/v1/groups/{group}/invitations")))
    })
    .await
}

/// Renew an invitation
///
/// For its maker and those who manage members: it is open for as long as a new one. One by e-mail or link gets a new token,
/// shown this once; the one before opens nothing any more.
#[utoipa::path(tag = "memberships", operation_id = "resend_invitation",
    security(("bearer" = []), ("api_key" = ["members:write"])), responses(
    (status = 200, description = "The invitation, with its new token", body = IssuedInvitation),
    (status = 403, description = "Not for this caller (`forbidden`)"),
    (status = 404, description = "No such group or invitation"),
    (status = 409, description = "The invitation is not open, or the group is archived (`invalid_state`, `archived`)"),
))]
#[post("/groups/{group_id}/invitations/{invitation_id}/resend")]
async fn resend_invitation(
    actor: Actor,
    db: web::Data<Db>,
    path: web::Path<(GroupId, InvitationId)>,
    once: Once,
) -> Result<HttpResponse> {
    let ((group, id), now) = (path.into_inner(), Timestamp::now());
    once.write(actor, &db, move |conn| {
        let access = Access::lock(conn, actor.viewer(), group)?;
        access.require(Action::Invite)?;
        let row = queries::get(conn, group, id)?.row;
        policy::handle(&access, &row)?;
        let expires_at = policy::expiry(None, settings::queries::get(conn)?.invitation_days, now)?;
        let (token, hash) = match row.kind {
            InvitationKind::Person => (None, None),
            InvitationKind::Email | InvitationKind::Link => {
                let (token, hash) = tokens::new_invitation_token()?;
                (Some(token), Some(hash))
            }
        };
        queries::renew(conn, id, hash, expires_at)?;
        let ends = AuditChange::new("expires_at", Some(&row.expires_at.to_string()), Some(&expires_at.to_string()));
        let entry = Entry::new(AuditAction::InvitationRenewed, AuditTarget::Invitation, id.uuid()).within(group);
        audit::queries::record(conn, Some(&actor), entry.with_changes(vec![ends]), now)?;
        let invitation = Invitation::of(queries::get(conn, group, id)?, actor.is_admin());
        Made::ok(&IssuedInvitation { invitation, token })
    })
    .await
}

/// Take an invitation back
///
/// For its maker and those who manage members.
#[utoipa::path(tag = "memberships", operation_id = "revoke_invitation",
    security(("bearer" = []), ("api_key" = ["members:write"])), responses(
    (status = 204, description = "It opens nothing any more"),
    (status = 403, description = "Not for this caller (`forbidden`)"),
    (status = 404, description = "No such group or invitation"),
    (status = 409, description = "The invitation is not open, or the group is archived (`invalid_state`, `archived`)"),
))]
#[delete("/groups/{group_id}/invitations/{invitation_id}")]
async fn revoke_invitation(
    actor: Actor,
    db: web::Data<Db>,
    path: web::Path<(GroupId, InvitationId)>,
) -> Result<HttpResponse> {
    let ((group, id), now) = (path.into_inner(), Timestamp::now());
    actor
        .write(&db, move |conn| {
            let access = Access::lock(conn, actor.viewer(), group)?;
            // who may not even invite does not learn what there is
            if !access.may(Action::ManageMembers) {
                access.require(Action::Invite)?;
            }
            let row = queries::get(conn, group, id)?.row;
            policy::handle(&access, &row)?;
            if let Some(user) = row.user_id {
                let before = memberships::queries::find(conn, group, user)?;
                let state = take(before.as_ref().map(|row| row.state), Step::Revoke)?;
                let change = Change::new(group, user, Some(actor), before, state);
                return memberships::queries::change(conn, &change, now).map(drop);
            }
            queries::settle(conn, id, InvitationState::Revoked, now)?;
            let entry = Entry::new(AuditAction::InvitationRevoked, AuditTarget::Invitation, id.uuid()).within(group);
            audit::queries::record(conn, Some(&actor), entry, now)
        })
        .await?;
    Ok(json::no_content())
}

/// See what an invitation leads to
///
/// For whoever has its token, logged in or not.
#[utoipa::path(tag = "memberships", operation_id = "lookup_invitation", security(()), request_body = InvitationLookup,
    responses(
    (status = 200, description = "The group, and who invites", body = InvitationPreview),
    (status = 404, description = "No such token"),
    (status = 409, description = "The group is archived (`archived`)"),
    (status = 410, description = "The invitation is over; `state` says how"),
))]
#[post("/invitations/lookup")]
async fn lookup_invitation(db: web::Data<Db>, body: Body<InvitationLookup>) -> Result<HttpResponse> {
    let now = Timestamp::now();
    let preview = db
        .read(move |conn| {
            let open = acceptance::look(conn, body.0.token.as_str(), now)?;
            // as its maker sees it, who may know of it
            let found = groups::queries::get(conn, &open.inviter.viewer(), open.row.group_id)?;
            let names = queries::inviters(conn, &[&open.row])?;
            Ok(InvitationPreview {
                kind: open.row.kind,
                group: InvitingGroup::from(found),
                invited_by: names.into_values().next().unwrap_or_default(),
                message: open.row.message,
                expires_at: open.row.expires_at,
            })
        })
        .await?;
    Ok(json::ok(&preview))
}

/// Accept an invitation by its token
///
/// The caller becomes a member. An invitation by e-mail is for the account with that address. Doing it again changes nothing.
#[utoipa::path(tag = "memberships", operation_id = "accept_invitation",
    security(("bearer" = []), ("api_key" = ["members:write"])),
    request_body = InvitationAcceptance, responses(
    (status = 200, description = "One's membership", body = OwnMembership),
    (status = 403, description = "For another address, or the group has banned the caller or turned them away (`forbidden`, `banned`)"),
    (status = 404, description = "No such token"),
    (status = 409, description = "The rules are not accepted, the name is shown for another, or the group is archived (`archived`, `rules_not_accepted`, `taken`)"),
    (status = 410, description = "The invitation is over; `state` says how"),
))]
#[post("/invitations/accept")]
async fn accept_invitation(actor: Actor, db: web::Data<Db>, body: Body<InvitationAcceptance>) -> Result<HttpResponse> {
    actor.require_unrestricted()?;
    let now = Timestamp::now();
    let membership = actor
        .write(&db, move |conn| {
            let open = acceptance::lock(conn, body.0.token.as_str(), now)?;
            acceptance::accept(conn, actor, &open, &body.0, now)
        })
        .await?;
    Ok(json::ok(&OwnMembership::from(membership)))
}

/// Decline an invitation by its token
///
/// One by e-mail, logged in or not.
#[utoipa::path(tag = "memberships", operation_id = "decline_invitation", security(()), request_body = InvitationLookup,
    responses(
    (status = 204, description = "Declined"),
    (status = 404, description = "No such token"),
    (status = 409, description = "It is a link, which is for many, or the group is archived (`invalid_state`, `archived`)"),
    (status = 410, description = "The invitation is over; `state` says how"),
))]
#[post("/invitations/decline")]
async fn decline_invitation(db: web::Data<Db>, body: Body<InvitationLookup>) -> Result<HttpResponse> {
    let now = Timestamp::now();
    db.write(move |conn| {
        let open = acceptance::lock(conn, body.0.token.as_str(), now)?;
        policy::decline(&open.row)?;
        queries::settle(conn, open.row.id, InvitationState::Declined, now)
    })
    .await?;
    Ok(json::no_content())
}

/// List one's own invitations
///
/// Those that are open; one accepts by joining the group (`PUT …/membership`) and declines by leaving it (`DELETE`). The
/// newest first.
#[utoipa::path(tag = "me", operation_id = "list_my_invitations",
    security(("bearer" = []), ("api_key" = ["account:read"])), params(MyInvitationQuery),
    responses(
    (status = 200, description = "One page of invitations", body = MyInvitationPage),
))]
#[get("/me/invitations")]
async fn list_my_invitations(
    request: HttpRequest,
    actor: Actor,
    db: web::Data<Db>,
    query: Query<MyInvitationQuery>,
) -> Result<HttpResponse> {
    let page = Page::<i64>::new("my-invitations", &actor.user_id, query.limit, query.cursor.as_deref())?;
    let body = db
        .read(move |conn| {
            let viewer = actor.viewer();
            let rows = queries::list_mine(conn, &viewer, &page)?;
            let (rows, next_cursor) = page.cut(rows, |(row, _)| (0, row.id.uuid()));
            let (rows, found): (Vec<InvitationRow>, Vec<Found>) = rows.into_iter().unzip();
            let names = queries::inviters(conn, &rows.iter().collect::<Vec<_>>())?;
            let groups = groups::queries::views(conn, &viewer, found)?;
            let item = |(row, group): (InvitationRow, _)| MyInvitation {
                id: row.id,
                group,
                invited_by: names.get(&(row.group_id, row.created_by)).cloned().unwrap_or_default(),
                message: row.message,
                created_at: row.created_at,
                expires_at: row.expires_at,
            };
            Ok(MyInvitationPage { items: rows.into_iter().zip(groups).map(item).collect(), next_cursor })
        })
        .await?;
    Ok(page::ok(&request, &body, body.next_cursor.as_deref()))
}
