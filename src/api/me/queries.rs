//! Statements about everything that is one person's.

use diesel::prelude::*;

use super::model::{MembershipAndGroup, MyMembershipQuery};
use crate::api::groups::model::GroupRow;
use crate::api::memberships::access::visible;
use crate::api::memberships::model::{Membership, Role, State};
use crate::api::memberships::queries::{self as memberships_queries, Change};
use crate::auth::actor::Viewer;
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

/// The groups that would be left without owner if this person went. Those that were deleted do not count. Each group's
/// row stays locked until the transaction ends.
pub fn solely_owned(conn: &mut Conn, user: UserId) -> Result<Vec<GroupId>> {
    let mut found = Vec::new();
    for membership in memberships_queries::active_of(conn, user)? {
        let deleted = memberships_queries::lock_group(conn, membership.group_id)?;
        let owns = membership.role == Role::Owner && deleted.is_none();
        if owns && memberships_queries::owners(conn, membership.group_id)? == 1 {
            found.push(membership.group_id);
        }
    }
    Ok(found)
}

/// Ends all memberships of a person and forgets what is personal in them.
pub fn leave_everything(conn: &mut Conn, user: UserId, now: Timestamp) -> Result<()> {
    for membership in memberships_queries::active_of(conn, user)? {
        let change = Change {
            group_id: membership.group_id,
            user_id: user,
            actor: Some(user),
            role: membership.role,
            before: Some(membership),
            state: State::Left,
            message: None,
            reason: None,
        };
        memberships_queries::change(conn, &change, now)?;
    }
    memberships_queries::forget(conn, user)
}
