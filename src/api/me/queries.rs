//! Statements about everything that is one person's.

use diesel::prelude::*;

use super::model::{MembershipAndGroup, MyMembershipQuery};
use crate::api::groups::model::GroupRow;
use crate::api::memberships::access::visible;
use crate::api::memberships::model::{Candidate, Membership, Role, State};
use crate::api::memberships::queries::{self as memberships_queries, Change};
use crate::auth::actor::{Actor, Viewer};
use crate::db::schema::{groups, memberships};
use crate::db::{Conn, each_backend};
use crate::error::Result;
use crate::http::page::Page;
use crate::types::{GroupId, Timestamp, UserId};

/// The caller's memberships in one state, in groups that they may know of; those of the newest groups first.
pub fn list_memberships(
    conn: &mut Conn,
    viewer: &Viewer,
    query: &MyMembershipQuery,
    page: &Page<i64>,
) -> Result<Vec<MembershipAndGroup>> {
    Ok(each_backend!(conn, DB => {
        let mut mine = memberships::table
            .inner_join(groups::table)
            .filter(memberships::user_id.eq(viewer.user_id()))
            .filter(memberships::state.eq(query.state.unwrap_or(State::Active)))
            .filter(visible!(viewer))
            .select((Membership::as_select(), GroupRow::as_select()))
            .limit(page.rows())
            .into_boxed::<DB>();
        if let Some((_, id)) = page.after {
            mine = mine.filter(memberships::group_id.lt(GroupId::from(id)));
        }
        mine.order(memberships::group_id.desc()).load(conn)
    })?)
}

/// A person's memberships, requests and invitations, each with whether its group is deleted. The groups' rows stay locked
/// until the transaction ends.
pub fn lock_memberships(conn: &mut Conn, user: UserId) -> Result<Vec<(Membership, bool)>> {
    let mut locked = Vec::new();
    for group in memberships_queries::open_of(conn, user)? {
        let is_deleted = memberships_queries::lock_group(conn, group)?.is_some();
        // as it is now that nobody else can change it
        locked.extend(memberships_queries::find(conn, group, user)?.map(|membership| (membership, is_deleted)));
    }
    Ok(locked)
}

/// The groups that would be left without owner if this person went, each with who could take over. Deleted groups do not
/// count.
pub fn solely_owned(conn: &mut Conn, memberships: &[(Membership, bool)]) -> Result<Vec<(GroupId, Vec<Candidate>)>> {
    let mut found = Vec::new();
    for (membership, is_deleted) in memberships {
        let owns = (membership.role, membership.state) == (Role::Owner, State::Active) && !is_deleted;
        if owns && memberships_queries::owners(conn, membership.group_id)? == 1 {
            let candidates = memberships_queries::candidates(conn, membership.group_id, membership.user_id)?;
            found.push((membership.group_id, candidates));
        }
    }
    Ok(found)
}

/// Ends these memberships, requests and invitations and forgets what is personal in all that the person ever had.
pub fn leave(conn: &mut Conn, actor: Actor, memberships: Vec<(Membership, bool)>, now: Timestamp) -> Result<()> {
    for (membership, _) in memberships {
        let group = membership.group_id;
        let change = Change::new(group, actor.user_id, Some(actor), Some(membership), State::Left);
        memberships_queries::change(conn, &change, now)?;
    }
    memberships_queries::forget(conn, actor.user_id)
}
