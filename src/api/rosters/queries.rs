//! Every statement about many members at once. People who never had to do with the group come in with few statements;
//! everybody else one by one, as a single change would.

use std::collections::HashMap;

use diesel::prelude::*;

use super::model::{ImportRow, Name};
use crate::api::memberships::model::Membership;
use crate::api::users::model::UserStatus;
use crate::db::schema::{memberships, users};
use crate::db::{Conn, each_backend};
use crate::error::Result;
use crate::types::{GroupId, UserId};

/// Rows that one statement reads or writes.
pub const PIECE: usize = 500;

/// People in use by how the table names them, each with the account's name.
pub fn people(conn: &mut Conn, rows: &[ImportRow]) -> Result<HashMap<Name, (UserId, String)>> {
    let mut found = HashMap::new();
    for piece in rows.chunks(PIECE) {
        let ids = piece.iter().filter_map(|row| if let Name::Id(id) = &row.name { Some(*id) } else { None });
        let emails =
            piece.iter().filter_map(|row| if let Name::Email(email) = &row.name { Some(email.as_str()) } else { None });
        let (ids, emails): (Vec<UserId>, Vec<&str>) = (ids.collect(), emails.collect());
        let known = users::table.filter(users::status.eq(UserStatus::Active)).select((
            users::id,
            users::email,
            users::display_name,
        ));
        let rows: Vec<(UserId, Option<String>, String)> =
            each_backend!(conn => known.filter(users::id.eq_any(&ids)).load(conn))?;
        found.extend(rows.into_iter().map(|(id, _, name)| (Name::Id(id), (id, name))));
        let rows: Vec<(UserId, Option<String>, String)> =
            each_backend!(conn => known.filter(users::email.eq_any(&emails)).load(conn))?;
        found.extend(rows.into_iter().filter_map(|(id, email, name)| Some((Name::Email(email?), (id, name)))));
    }
    Ok(found)
}

/// The memberships that these people have, whatever their state.
pub fn held(conn: &mut Conn, group: GroupId, people: &[UserId]) -> Result<HashMap<UserId, Membership>> {
    let mut held = HashMap::new();
    for piece in people.chunks(PIECE) {
        let rows =
            memberships::table.filter(memberships::group_id.eq(group)).filter(memberships::user_id.eq_any(piece));
        let rows: Vec<Membership> = each_backend!(conn => rows.select(Membership::as_select()).load(conn))?;
        held.extend(rows.into_iter().map(|row| (row.user_id, row)));
    }
    Ok(held)
}

/// The names, folded, by which active members are shown, among these.
pub fn shown_names(conn: &mut Conn, group: GroupId, names: &[String]) -> Result<HashMap<String, UserId>> {
    let mut shown = HashMap::new();
    for piece in names.chunks(PIECE) {
        let rows = memberships::table
            .filter(memberships::group_id.eq(group))
            .filter(memberships::state.eq(crate::api::memberships::model::State::Active))
            .filter(memberships::name_order.eq_any(piece))
            .select((memberships::name_order, memberships::user_id));
        let rows: Vec<(String, UserId)> = each_backend!(conn => rows.load(conn))?;
        shown.extend(rows);
    }
    Ok(shown)
}
