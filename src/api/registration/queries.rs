//! What an invitation gives a new account.

use super::policy;
use crate::api::invitations::acceptance::{self, Open};
use crate::api::invitations::model::InvitationAcceptance;
use crate::api::memberships::policy::rules_version;
use crate::api::users::model::UserRow;
use crate::auth::actor::Actor;
use crate::db::Conn;
use crate::error::Result;
use crate::types::{RequestId, SessionId, Timestamp};

/// Gives a new account what it was invited to.
pub fn welcome(
    conn: &mut Conn,
    row: &UserRow,
    open: &Open,
    acceptance: &InvitationAcceptance,
    request_id: RequestId,
    now: Timestamp,
) -> Result<()> {
    let rules = rules_version(&open.access.standing().group, acceptance.accepted_rules_version);
    if !policy::joins_at_once(row.status, &rules) {
        return acceptance::invite(conn, row.id, open, now);
    }
    let (session_id, role) = (SessionId::nil(), row.platform_role);
    let actor = Actor { user_id: row.id, session_id, role, request_id, gives_reason: false };
    acceptance::accept(conn, actor, open, acceptance, now).map(drop)
}
