//! A group's names in URLs: the one it has, and those it had before, which lead to it. A hidden group's cannot be guessed
//! and one that is hidden or deleted gives its former names up, else asking for one would tell that the group exists.

use diesel::prelude::*;

use super::model::NewGroup;
use crate::api::memberships::access::visible;
use crate::api::memberships::model::Visibility;
use crate::auth::actor::Viewer;
use crate::db::schema::{group_slugs, groups};
use crate::db::{Conn, each_backend};
use crate::error::{Code, Error, Result};
use crate::http::text::Slug;
use crate::types::{GroupId, Timestamp};

/// The slugs that a new group may get, the best first: what was asked for, or what the name suggests.
#[must_use]
pub fn candidates(new: &NewGroup, visibility: Visibility) -> Vec<Slug> {
    let wanted = new.slug.clone().unwrap_or_else(|| Slug::from_name(new.name.as_str(), "group"));
    if visibility == Visibility::Hidden {
        return (0..3).map(|_| wanted.with_lot()).collect();
    }
    if new.slug.is_some() { vec![wanted] } else { numbered(&wanted) }
}

fn numbered(wanted: &Slug) -> Vec<Slug> {
    let others = (2..20).map(|number| wanted.numbered(number));
    std::iter::once(wanted.clone()).chain(others).chain([wanted.with_lot()]).collect()
}

/// Whether no group but this one has the slug or had it.
pub fn is_free(conn: &mut Conn, slug: &Slug, group: GroupId) -> Result<bool> {
    let taken = groups::table.filter(groups::slug.eq(slug.as_str())).filter(groups::id.ne(group));
    if each_backend!(conn => diesel::select(diesel::dsl::exists(taken)).get_result::<bool>(conn))? {
        return Ok(false);
    }
    let kept = group_slugs::table.filter(group_slugs::slug.eq(slug.as_str())).filter(group_slugs::group_id.ne(group));
    Ok(!each_backend!(conn => diesel::select(diesel::dsl::exists(kept)).get_result::<bool>(conn))?)
}

/// The problem for a slug that another group has or had.
#[must_use]
pub fn taken() -> Error {
    let words = "another group has this slug, or had it";
    Error::new(Code::Taken, words).with_field("/slug", "taken", words)
}

/// A slug that nobody finds by the old one, and that nobody could have taken beforehand.
pub fn hiding(conn: &mut Conn, old: &str, group: GroupId) -> Result<Slug> {
    let old = Slug::from_name(old, "group");
    loop {
        let slug = old.with_lot();
        if is_free(conn, &slug, group)? {
            return Ok(slug);
        }
    }
}

/// The best slug that a group's name suggests.
pub fn suggested(conn: &mut Conn, name: &str, group: GroupId) -> Result<Slug> {
    let wanted = Slug::from_name(name, "group");
    for slug in numbered(&wanted) {
        if is_free(conn, &slug, group)? {
            return Ok(slug);
        }
    }
    hiding(conn, wanted.as_str(), group)
}

/// Keeps the slug that a group had, so that it leads to it.
pub fn remember(conn: &mut Conn, group: GroupId, old: &str, new: &Slug, now: Timestamp) -> Result<()> {
    let back = group_slugs::table.filter(group_slugs::slug.eq(new.as_str()));
    each_backend!(conn => diesel::delete(back).execute(conn))?;
    let row = (group_slugs::slug.eq(old), group_slugs::group_id.eq(group), group_slugs::created_at.eq(now));
    each_backend!(conn => diesel::insert_into(group_slugs::table)
        .values(row)
        .on_conflict(group_slugs::slug)
        .do_update()
        .set((group_slugs::group_id.eq(group), group_slugs::created_at.eq(now)))
        .execute(conn))?;
    Ok(())
}

/// Gives up all slugs that a group had before.
pub fn give_up(conn: &mut Conn, group: GroupId) -> Result<()> {
    let kept = group_slugs::table.filter(group_slugs::group_id.eq(group));
    each_backend!(conn => diesel::delete(kept).execute(conn))?;
    Ok(())
}

/// The slug of the group that had this one before, where the caller may know of it.
pub fn moved_to(conn: &mut Conn, viewer: &Viewer, old: &str) -> Result<String> {
    Ok(each_backend!(conn => group_slugs::table
        .inner_join(groups::table)
        .filter(group_slugs::slug.eq(old))
        .filter(visible!(viewer))
        .select(groups::slug)
        .first(conn))?)
}
