//! What an invitation gives a new account.

use super::policy;
use crate::api::invitations::acceptance::{self, Open};
use crate::api::invitations::model::InvitationAcceptance;
use crate::api::memberships::policy::rules_version;
use crate::api::users::model::UserRow;
use crate::auth::actor::Actor;
use crate::db::Conn;
use crate::error::Result;
use crate::types::{RequestId, Timestamp};

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
    let actor = Actor::on_behalf(row.id, row.platform_role, request_id);
    acceptance::accept(conn, actor, open, acceptance, now).map(drop)
}
