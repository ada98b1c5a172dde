//! Every statement about proposals for groups.

use diesel::prelude::*;

use super::model::{ProposalRow, ProposalState};
use crate::db::schema::{group_proposals, users};
use crate::db::{Conn, each_backend};
use crate::error::Result;
use crate::http::page::Page;
use crate::types::{GroupId, GroupProposalId, Timestamp, UserId};

/// A proposal and the name of who made it, as read.
pub type NamedProposal = (ProposalRow, String);

/// Proposals, the newest first; those of one person, or of everybody.
pub fn list(
    conn: &mut Conn,
    proposer: Option<UserId>,
    state: Option<ProposalState>,
    page: &Page<i64>,
) -> Result<Vec<NamedProposal>> {
    Ok(each_backend!(conn, DB => {
        let mut found = group_proposals::table
            .inner_join(users::table.on(users::id.eq(group_proposals::proposer_id)))
            .select((ProposalRow::as_select(), users::display_name))
            .limit(page.rows())
            .into_boxed::<DB>();
        if let Some(proposer) = proposer {
            found = found.filter(group_proposals::proposer_id.eq(proposer));
        }
        if let Some(state) = state {
            found = found.filter(group_proposals::state.eq(state));
        }
        if let Some((at, id)) = page.after {
            let (at, id, column) = (Timestamp::from_micros(at), GroupProposalId::from(id), group_proposals::created_at);
            found = found.filter(column.le(at).and(column.lt(at).or(group_proposals::id.lt(id))));
        }
        found.order((group_proposals::created_at.desc(), group_proposals::id.desc())).load(conn)
    })?)
}

/// The place of a proposal in the order of [`list`].
#[must_use]
pub fn key((row, _): &NamedProposal) -> (i64, uuid::Uuid) {
    (row.created_at.micros(), row.id.uuid())
}

/// A proposal.
pub fn get(conn: &mut Conn, id: GroupProposalId) -> Result<NamedProposal> {
    let row = group_proposals::table.find(id).inner_join(users::table.on(users::id.eq(group_proposals::proposer_id)));
    Ok(each_backend!(conn => row.select((ProposalRow::as_select(), users::display_name)).first(conn))?)
}

/// A proposal that nobody else decides until the transaction ends.
pub fn lock(conn: &mut Conn, id: GroupProposalId) -> Result<NamedProposal> {
    if let Conn::Postgres(conn) = conn {
        let row = group_proposals::table.find(id).select(group_proposals::id);
        row.for_no_key_update().first::<GroupProposalId>(conn)?;
    }
    get(conn, id)
}

/// How many proposals of a person wait.
pub fn count_pending(conn: &mut Conn, proposer: UserId) -> Result<i64> {
    let waiting = group_proposals::table
        .filter(group_proposals::proposer_id.eq(proposer))
        .filter(group_proposals::state.eq(ProposalState::Pending));
    Ok(each_backend!(conn => waiting.count().get_result(conn))?)
}

/// Adds a proposal.
pub fn insert(conn: &mut Conn, row: &ProposalRow) -> Result<()> {
    each_backend!(conn => diesel::insert_into(group_proposals::table).values(row).execute(conn))?;
    Ok(())
}

/// Settles a proposal: decided by somebody and why, or withdrawn by nobody else.
pub fn settle(
    conn: &mut Conn,
    id: GroupProposalId,
    state: ProposalState,
    decision: Option<(UserId, Option<&str>)>,
    group: Option<GroupId>,
    now: Timestamp,
) -> Result<()> {
    let settled = (
        group_proposals::state.eq(state),
        group_proposals::decided_by.eq(decision.map(|(by, _)| by)),
        group_proposals::decided_at.eq(decision.map(|_| now)),
        group_proposals::decision_reason.eq(decision.and_then(|(_, reason)| reason)),
        group_proposals::group_id.eq(group),
        group_proposals::updated_at.eq(now),
    );
    each_backend!(conn => diesel::update(group_proposals::table.find(id)).set(settled).execute(conn))?;
    Ok(())
}
