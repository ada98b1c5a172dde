//! How a token leads in: found, checked against what its maker may still do, and used up, under the group's lock.

use super::model::{InvitationAcceptance, InvitationKind, InvitationRow, InvitationState};
use super::{policy, queries};
use crate::api::memberships::access::Access;
use crate::api::memberships::model::{Membership, State};
use crate::api::memberships::policy::Standing;
use crate::api::memberships::queries::{self as memberships_queries, Change, Entering};
use crate::api::users::model::UserStatus;
use crate::api::{memberships, users};
use crate::auth::actor::Actor;
use crate::auth::tokens;
use crate::db::Conn;
use crate::error::{Code, Error, Result};
use crate::types::{InvitationId, RequestId, Timestamp, UserId};

/// An invitation that leads in, and what its maker is to the group.
#[derive(Debug, Clone)]
pub struct Open {
    /// The invitation.
    pub row: InvitationRow,
    /// Its maker.
    pub inviter: Actor,
    /// What its maker is to the group now.
    pub access: Access,
}

/// The invitation that a token opens; the group's row stays locked until the transaction ends.
///
/// # Errors
/// `not_found` for a token that is none, `invitation_over`, `archived`.
pub fn lock(conn: &mut Conn, token: &str, now: Timestamp) -> Result<Open> {
    let hash = tokens::token_hash(token);
    let group = queries::find(conn, &hash)?.group_id;
    if memberships_queries::lock_group(conn, group)?.is_some() {
        return Err(Error::not_found());
    }
    // as it is now that nobody else can change it
    let row = queries::find(conn, &hash)?;
    open(conn, row, now)
}

/// The same without a lock, for who only looks.
///
/// # Errors
/// As [`lock`].
pub fn look(conn: &mut Conn, token: &str, now: Timestamp) -> Result<Open> {
    let row = queries::find(conn, &tokens::token_hash(token))?;
    queries::refuse_deleted_group(conn, row.group_id)?;
    open(conn, row, now)
}

fn open(conn: &mut Conn, row: InvitationRow, now: Timestamp) -> Result<Open> {
    let inviter = users::queries::get(conn, row.created_by)?;
    let actor = Actor::on_behalf(inviter.id, inviter.platform_role, RequestId::new());
    let access = match Access::find(conn, actor.viewer(), row.group_id) {
        Ok(access) => Some(access).filter(|_| inviter.status == UserStatus::Active),
        Err(error) if error.code() == Code::NotFound => None,
        Err(error) => return Err(error),
    };
    policy::open(&row, access.as_ref(), now)?;
    // an invitation that leads in has somebody who may make it
    let access = access.ok_or_else(Error::not_found)?;
    Ok(Open { row, inviter: actor, access })
}

/// Makes a member of somebody who holds a token. Who is a member stays one, and uses nothing up.
///
/// # Errors
/// `forbidden` for another address and for whom the group has turned away, `banned`, `rules_not_accepted`.
pub fn accept(
    conn: &mut Conn,
    actor: Actor,
    open: &Open,
    acceptance: &InvitationAcceptance,
    now: Timestamp,
) -> Result<Membership> {
    let group = open.row.group_id;
    let account = users::queries::get(conn, actor.user_id)?;
    policy::meant(&open.row, account.email.as_deref())?;
    let before = memberships_queries::find(conn, group, actor.user_id)?;
    if let Some(member) = before.as_ref().filter(|row| row.state == State::Active) {
        return Ok(member.clone());
    }
    let state = policy::enter(&open.access, before.as_ref())?;
    let terms = memberships_queries::entry_terms(conn, group)?;
    let rules = &open.access.standing().group;
    let entry = Entering {
        message: None,
        answers: memberships::policy::answers(&acceptance.answers.0, &terms, false)?,
        accepted_rules_version: memberships::policy::rules_version(rules, acceptance.accepted_rules_version)?,
        display_name: acceptance.display_name.as_ref().map(|name| name.as_str().to_owned()),
    };
    let newcomer = Standing { membership: None, platform_role: None, ..*open.access.standing() };
    let reads_names = memberships::policy::reads_names(&newcomer, state);
    if let Some(name) = acceptance.display_name.as_ref().filter(|_| reads_names) {
        memberships_queries::refuse_shown_name(conn, group, actor.user_id, name)?;
    }
    queries::use_up(conn, &open.row, now)?;
    let change = Change::new(group, actor.user_id, Some(actor), before, state).with_entry(entry);
    let change = change.by_invitation(open.row.id);
    memberships_queries::change(conn, &change, now)
}

/// Invites, on the word of who made the token, somebody who cannot be a member yet: an account that waits for approval, or a
/// person who has to read the rules first. The token is used up.
pub fn invite(conn: &mut Conn, user: UserId, open: &Open, now: Timestamp) -> Result<()> {
    queries::use_up(conn, &open.row, now)?;
    let row = InvitationRow {
        id: InvitationId::new(),
        kind: InvitationKind::Person,
        user_id: Some(user),
        email: None,
        token_hash: None,
        max_uses: None,
        uses: 0,
        state: InvitationState::Open,
        created_at: now,
        settled_at: None,
        ..open.row.clone()
    };
    queries::insert(conn, &row)?;
    let change = Change::new(open.row.group_id, user, Some(open.inviter), None, State::Invited);
    memberships_queries::change(conn, &change, now).map(drop)
}
