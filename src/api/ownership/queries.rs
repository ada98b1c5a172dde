//! Every statement about offers of ownership.

use diesel::prelude::*;

use super::model::OwnershipOffer;
use crate::db::schema::ownership_offers;
use crate::db::{Conn, each_backend};
use crate::error::Result;
use crate::types::GroupId;

/// The offer that a group has.
pub fn find(conn: &mut Conn, group: GroupId) -> Result<Option<OwnershipOffer>> {
    let row = ownership_offers::table.find(group);
    Ok(each_backend!(conn => row.select(OwnershipOffer::as_select()).first(conn).optional())?)
}

/// Makes an offer in place of the one that there is. The caller holds the group's lock.
pub fn replace(conn: &mut Conn, offer: &OwnershipOffer) -> Result<()> {
    delete(conn, offer.group_id)?;
    each_backend!(conn => diesel::insert_into(ownership_offers::table).values(offer).execute(conn))?;
    Ok(())
}

/// Ends the offer.
pub fn delete(conn: &mut Conn, group: GroupId) -> Result<()> {
    each_backend!(conn => diesel::delete(ownership_offers::table.find(group)).execute(conn))?;
    Ok(())
}
