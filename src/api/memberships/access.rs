//! What a caller is to a group, asked once, in one query; and the visibility fragment through which every read of group
//! data goes. What the caller may not know of is not found.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use diesel::prelude::*;

use super::model::{Action, Held, Openness, Reason};
use super::policy::{self, Standing, Verdict};
use super::queries;
use crate::api::audit;
use crate::api::audit::model::{AuditAction, AuditChange, Entry};
use crate::auth::actor::{Actor, Viewer};
use crate::db::schema::{groups, memberships};
use crate::db::sql_types::among;
use crate::db::{Conn, Db, each_backend};
use crate::error::{Code, Error, Result};
use crate::types::{GroupId, Timestamp, UserId};

/// The condition on `groups` for what the caller's API key opens: all of them, unless it is restricted to some.
macro_rules! opened {
    ($viewer:expr) => {{
        use diesel::prelude::*;
        use $crate::db::schema::{api_key_groups, groups};
        let key = $viewer.restricted_to();
        let is_opened = api_key_groups::table
            .filter(api_key_groups::api_key_id.eq(key.unwrap_or_else($crate::types::ApiKeyId::nil)))
            .filter(api_key_groups::group_id.eq(groups::id))
            .select(api_key_groups::group_id);
        diesel::IntoSql::into_sql::<diesel::sql_types::Bool>(key.is_none()).or(diesel::dsl::exists(is_opened))
    }};
}
pub(crate) use opened;

/// The one condition on `groups` for what a caller may know of: not deleted, not hidden unless the caller is a member, invited or
/// an administrator, and opened by the caller's key. It stands in the `filter` of every query that reads group data.
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
            )
            .select(belongs.field(memberships::user_id));
        // nothing of it is known only at run time, so that the statement is written and prepared once
        groups::deleted_at.is_null().and($crate::api::memberships::access::opened!(viewer)).and(
            groups::visibility.ne(Visibility::Hidden).or(diesel::dsl::exists(knows)).or(diesel::IntoSql::into_sql::<
                diesel::sql_types::Bool,
            >(
                viewer.is_admin()
            )),
        )
    }};
}
pub(crate) use visible;

/// The one condition on `groups` for whose conversations a caller reads without giving a reason: not deleted, and public unless
/// the caller is a member. It stands in the `filter` of every query that reads conversations of several groups.
macro_rules! readable {
    ($viewer:expr) => {{
        use diesel::prelude::*;
        use $crate::api::memberships::model::{State, Visibility};
        use $crate::db::schema::{groups, memberships};
        let viewer: &$crate::auth::actor::Viewer = $viewer;
        let takes_part = diesel::alias!(memberships as takes_part);
        let is_in = takes_part
            .filter(takes_part.field(memberships::group_id).eq(groups::id))
            .filter(takes_part.field(memberships::user_id).eq(viewer.user_id()))
            .filter(takes_part.field(memberships::state).eq(State::Active))
            .select(takes_part.field(memberships::user_id));
        groups::deleted_at
            .is_null()
            .and($crate::api::memberships::access::opened!(viewer))
            .and(groups::visibility.eq(Visibility::Public).or(diesel::dsl::exists(is_in)))
    }};
}
pub(crate) use readable;

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
        let (group, membership): (Openness, Option<Held>) = each_backend!(conn => groups::table
            .left_join(memberships::table.on(mine))
            .filter(groups::id.eq(group_id))
            .filter(visible!(&viewer))
            .select((Openness::as_select(), Option::<Held>::as_select()))
            .first(conn))?;
        // whether an owner is the last one is asked only when one goes
        Ok(Self { group_id, viewer, standing: Standing::new(&viewer, membership, false, group) })
    }

    /// Asks about several groups at once; those that the caller may not know of are left out.
    pub fn find_all(conn: &mut Conn, viewer: Viewer, ids: &[GroupId]) -> Result<HashMap<GroupId, Self>> {
        let mine = memberships::group_id.eq(groups::id).and(memberships::user_id.eq(viewer.user_id()));
        let found: Vec<(GroupId, Openness, Option<Held>)> = each_backend!(conn => groups::table
            .left_join(memberships::table.on(mine))
            .filter(among(groups::id, ids))
            .filter(visible!(&viewer))
            .select((groups::id, Openness::as_select(), Option::<Held>::as_select()))
            .load(conn))?;
        let access = |(group_id, group, membership)| {
            (group_id, Self { group_id, viewer, standing: Standing::new(&viewer, membership, false, group) })
        };
        Ok(found.into_iter().map(access).collect())
    }

    /// Refuses groups in `group_ids` of which the caller may not know, as those that never were.
    pub fn require_known(conn: &mut Conn, viewer: Viewer, ids: &[GroupId]) -> Result<()> {
        let known = Self::find_all(conn, viewer, ids)?;
        match ids.iter().find(|id| !known.contains_key(id)) {
            Some(id) => Err(Error::invalid("/group_ids", "unknown", format!("there is no group {id}"))),
            None => Ok(()),
        }
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

    /// The same once those who moderate have read what is to come out.
    #[must_use]
    pub fn reviewed(&self) -> Self {
        Self { standing: Standing { is_reviewed: true, ..self.standing }, ..self.clone() }
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
        match policy::verdict(&self.standing, Action::ReadPosts) {
            Verdict::Yes => Ok(()),
            Verdict::NeedsReason => self.require(Action::ReadPosts),
            _ => Err(Error::not_found()),
        }
    }

    /// The problem for what would leave the group without owner, with who could take over.
    pub fn last_owner(&self, conn: &mut Conn, leaving: UserId) -> Result<Error> {
        let candidates = queries::candidates(conn, self.group_id, leaving)?;
        Ok(Error::new(Code::LastOwner, "Somebody else must own the group first.")
            .with("candidates", serde_json::json!(candidates)))
    }
}

/// The header in which an administrator says why they read what only members may.
const ACCESS_REASON: &str = "praxis-access-reason";

/// Somebody who reads, or deletes, what members wrote or who they are. An administrator who is no member says why; that is
/// recorded in the audit log, where the group's owners read it. Only through this does a reason open anything, so that
/// nothing is read unrecorded.
#[derive(Debug, Clone)]
pub struct Reader {
    viewer: Viewer,
    reason: Option<Reason>,
    path: String,
}

impl Reader {
    /// Whoever reads, where that needs a login.
    ///
    /// # Errors
    /// `unauthenticated`.
    pub fn actor(&self) -> Result<Actor> {
        self.viewer.0.ok_or_else(|| Error::new(Code::Unauthenticated, "This needs a login."))
    }

    /// Why somebody reads what is not for them, where they say so.
    #[must_use]
    pub fn reason(&self) -> Option<String> {
        self.reason.as_ref().map(|reason| reason.as_str().to_owned())
    }

    /// Runs `work` on a reading connection; it answers with the access that it asked for. An administrator's reading is
    /// recorded before the answer.
    ///
    /// # Errors
    /// What `work` returns; `access_reason_needed`.
    pub async fn read<T: Send + 'static>(
        self,
        db: &Db,
        action: Action,
        work: impl Fn(&mut Conn, Viewer) -> Result<(Access, T)> + Send + 'static,
    ) -> Result<T> {
        let viewer = self.viewer;
        let (access, value) = db.read(move |conn| work(conn, viewer)).await?;
        if access.standing.leans_on_office(action) {
            let now = Timestamp::now();
            db.write(move |conn| self.record(conn, &access, now)).await?;
        }
        Ok(value)
    }

    /// Runs a transaction on the caller's behalf; it answers with the access that it asked for. An administrator's reason
    /// is recorded in the same transaction.
    ///
    /// # Errors
    /// `unauthenticated`; what `work` returns; `access_reason_needed`.
    pub async fn write<T: Send + 'static>(
        self,
        db: &Db,
        action: Action,
        work: impl Fn(&mut Conn, Actor) -> Result<(Access, T)> + Send + 'static,
    ) -> Result<T> {
        let actor = self.actor()?;
        let now = Timestamp::now();
        actor
            .write(db, move |conn| {
                let (access, value) = work(conn, actor)?;
                if access.standing.leans_on_office(action) {
                    self.record(conn, &access, now)?;
                }
                Ok(value)
            })
            .await
    }

    fn record(&self, conn: &mut Conn, access: &Access, now: Timestamp) -> Result<()> {
        let entry = Entry::group(AuditAction::GroupContentRead, access.group_id)
            .with_changes(vec![AuditChange::new("path", None, Some(&self.path))])
            .with_reason(self.reason.as_ref().map(Reason::as_str));
        audit::queries::record(conn, self.viewer.0.as_ref(), entry, now)
    }
}

/// Why the caller reads what is not for them, where they say so.
fn stated(request: &HttpRequest) -> Result<Option<Reason>> {
    let malformed = |code: &str, words: &str| Error::parameter("Praxis-Access-Reason", code, words);
    let mut given = request.headers().get_all(ACCESS_REASON);
    let Some(reason) = given.next() else { return Ok(None) };
    if given.next().is_some() {
        return Err(malformed("duplicate", "may be given once"));
    }
    let reason = str::from_utf8(reason.as_bytes()).map_err(|_| malformed("malformed", "must be UTF-8"))?;
    let words = |words: String| words.split_once(": ").map_or(words.clone(), |(_, words)| words.to_owned());
    Reason::parse(reason).map(Some).map_err(|error| malformed("malformed", &words(error)))
}

impl FromRequest for Reader {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let viewer = Viewer::from_request(request, payload);
        let given = stated(request);
        let path = request.path().to_owned();
        Box::pin(async move {
            let mut viewer = viewer.await?;
            let reason = given?;
            if let Some(actor) = viewer.0.as_mut() {
                actor.gives_reason = reason.is_some();
            }
            Ok(Self { viewer, reason, path })
        })
    }
}
