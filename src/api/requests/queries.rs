//! Every statement about requests to join. Decisions are steps of memberships.

use diesel::prelude::*;

use super::model::RequestState;
use crate::api::memberships::access::Access;
use crate::api::memberships::model::{MemberRow, State};
use crate::db::schema::{memberships, users};
use crate::db::{Conn, each_backend};
use crate::error::Result;
use crate::http::page::{Key, Page};
use crate::types::UserId;

/// Those who ask to join, who waits longest first; or who asked and was declined or approved.
pub fn list(conn: &mut Conn, access: &Access, state: RequestState, page: &Page<Key>) -> Result<Vec<MemberRow>> {
    let group = access.group_id();
    Ok(each_backend!(conn, DB => {
        let mut requests = memberships::table
            .inner_join(users::table)
            .filter(memberships::group_id.eq(group))
            .filter(memberships::state.eq(State::from(state)))
            .select(MemberRow::as_select())
            .into_boxed::<DB>();
        if state == RequestState::Approved {
            requests = requests.filter(memberships::requested_at.is_not_null());
        }
        if let Some((key, id)) = &page.after {
            let (at, id, column) = (key.instant()?, UserId::from(*id), memberships::joined_order);
            requests = requests.filter(column.ge(at).and(column.gt(at).or(memberships::user_id.gt(id))));
        }
        requests.order((memberships::joined_order.asc(), memberships::user_id.asc())).limit(page.rows()).load(conn)
    })?)
}
