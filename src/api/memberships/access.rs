//! What a caller is to a group, asked once, in one query; and the visibility fragment through which every read of group
//! data goes. What the caller may not know of is not found.

use diesel::prelude::*;

use super::model::{Action, Openness, Role, State};
use super::policy::{self, Standing, Verdict};
use super::queries;
use crate::auth::actor::Viewer;
use crate::db::schema::{groups, memberships};
use crate::db::{Conn, each_backend};
use crate::error::{Code, Error, Result};
use crate::types::{GroupId, UserId};

/// The one condition on `groups` for what a caller may know of: not deleted, and not hidden unless the caller is a member,
/// invited or an administrator. It stands in the `filter` of every query that reads group data.
macro_rules! visible {
    ($viewer:expr) => {{
        use diesel::prelude::*;
        use $crate::api::memberships::model::{State, Visibility};
        use $crate::db::schema::{groups, memberships};
        let viewer: &$crate::auth::actor::Viewer = $viewer;
        let belongs = diesel::alias!(memberships as belongs);
        let knows = belongs
            .filter(belongs.field(memberships::group_id).eq(groups::id))
            .filter(belongs.field(memberships::user_id).eq(viewer.user_id()))
            .filter(
                (belongs.field(memberships::state).eq(State::Active))
                    .or(belongs.field(memberships::state).eq(State::Invited)),
            );
        // nothing of it is known only at run time, so that the statement is written and prepared once
        groups::deleted_at.is_null().and(
            groups::visibility.ne(Visibility::Hidden).or(diesel::dsl::exists(knows)).or(diesel::IntoSql::into_sql::<
                diesel::sql_types::Bool,
            >(
                viewer.is_admin()
            )),
        )
    }};
}
pub(crate) use visible;

/// What a caller is to a group that they may know of. It can only be had by asking, so whatever takes an `Access` has
/// been checked.
#[derive(Debug, Clone)]
pub struct Access {
    group_id: GroupId,
    viewer: Viewer,
    standing: Standing,
}

impl Access {
    /// Asks; `not_found` where the caller may not know of the group.
    pub fn find(conn: &mut Conn, viewer: Viewer, group_id: GroupId) -> Result<Self> {
        let mine = memberships::group_id.eq(groups::id).and(memberships::user_id.eq(viewer.user_id()));
        let (group, membership): (Openness, Option<(Role, State)>) = each_backend!(conn => groups::table
            .left_join(memberships::table.on(mine))
            .filter(groups::id.eq(group_id))
            .filter(visible!(&viewer))
            .select((Openness::as_select(), (memberships::role, memberships::state).nullable()))
            .first(conn))?;
        // whether an owner is the last one is asked only when one goes
        Ok(Self { group_id, viewer, standing: Standing::new(&viewer, membership, false, group) })
    }

    /// Asks after locking the group's row, so that the answer holds until the transaction ends. Every write that a rule of
    /// the group guards begins so.
    pub fn lock(conn: &mut Conn, viewer: Viewer, group_id: GroupId) -> Result<Self> {
        if matches!(conn, Conn::Postgres(_)) {
            queries::lock_group(conn, group_id)?;
        }
        Self::find(conn, viewer, group_id)
    }

    /// The group.
    #[must_use]
    pub fn group_id(&self) -> GroupId {
        self.group_id
    }

    /// The caller; nobody's id for somebody who is not logged in.
    #[must_use]
    pub fn user_id(&self) -> UserId {
        self.viewer.user_id()
    }

    /// Who looks.
    #[must_use]
    pub fn viewer(&self) -> &Viewer {
        &self.viewer
    }

    /// What the policies ask for.
    #[must_use]
    pub fn standing(&self) -> &Standing {
        &self.standing
    }

    /// Whether the caller may do something.
    #[must_use]
    pub fn may(&self, action: Action) -> bool {
        policy::verdict(&self.standing, action) == Verdict::Yes
    }

    /// Refuses what the caller may not do.
    pub fn require(&self, action: Action) -> Result<()> {
        policy::problem(&self.standing, policy::verdict(&self.standing, action)).map_or(Ok(()), Err)
    }

    /// Refuses as for nothing where the content may not be read: for things found by an id of their own.
    pub fn require_content(&self) -> Result<()> {
        if self.may(Action::ReadPosts) { Ok(()) } else { Err(Error::not_found()) }
    }

    /// The problem for what would leave the group without owner, with who could take over.
    pub fn last_owner(&self, conn: &mut Conn, leaving: UserId) -> Result<Error> {
        let candidates = queries::candidates(conn, self.group_id, leaving)?;
        Ok(Error::new(Code::LastOwner, "Somebody else must own the group first.")
            .with("candidates", serde_json::json!(candidates)))
    }
}
