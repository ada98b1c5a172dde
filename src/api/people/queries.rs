//! Statements about the groups that a person shows.

use diesel::prelude::*;

use crate::api::groups::model::{Found, GroupRow};
use crate::api::memberships::access::visible;
use crate::api::memberships::model::{Held, MemberListVisibility, Role, State};
use crate::api::users::model::User;
use crate::auth::actor::Viewer;
use crate::db::schema::{groups, memberships, users};
use crate::db::{Conn, each_backend};
use crate::error::Result;
use crate::http::page::Page;
use crate::types::{GroupId, UserId};

/// A person, and whether they are or were a member somewhere under another name than the account's: what was written under it
/// stays when the person leaves.
pub fn get(conn: &mut Conn, person: UserId) -> Result<(User, bool)> {
    let under_another_name =
        memberships::table.filter(memberships::user_id.eq(users::id)).filter(memberships::display_name.is_not_null());
    Ok(each_backend!(conn => users::table
        .find(person)
        .select((User::as_select(), diesel::dsl::exists(under_another_name)))
        .first(conn))?)
}

/// The groups in which the person is active under the account's name, as far as the viewer may know of the group and read
/// its list of members as a visitor or member; the newest groups first.
pub fn groups_of(conn: &mut Conn, viewer: &Viewer, person: UserId, page: &Page<i64>) -> Result<Vec<Found>> {
    let theirs = diesel::alias!(memberships as theirs);
    let theirs = theirs
        .filter(theirs.field(memberships::user_id).eq(person))
        .filter(theirs.field(memberships::state).eq(State::Active))
        .filter(theirs.field(memberships::display_name).is_null())
        .select(theirs.field(memberships::group_id));
    Ok(each_backend!(conn, DB => {
        let is_member = memberships::state.assume_not_null().eq(State::Active);
        let listed = groups::member_list_visibility
            .eq(MemberListVisibility::Everyone)
            .or(groups::member_list_visibility.eq(MemberListVisibility::Members).and(is_member))
            .or(is_member.and(memberships::role.assume_not_null().ne(Role::Member)));
        let held = memberships::group_id.eq(groups::id).and(memberships::user_id.eq(viewer.user_id()));
        let mut found = groups::table
            .left_join(memberships::table.on(held))
            .filter(groups::id.eq_any(theirs))
            .filter(visible!(viewer))
            .filter(listed)
            .select((GroupRow::as_select(), Option::<Held>::as_select()))
            .limit(page.rows())
            .into_boxed::<DB>();
        if let Some((_, id)) = page.after {
            found = found.filter(groups::id.lt(GroupId::from(id)));
        }
        found.order(groups::id.desc()).load(conn)
    })?)
}
