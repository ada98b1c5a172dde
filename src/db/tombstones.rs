//! Notes that something is gone, for those who keep a copy: written in the transaction that takes it away, kept for ninety days.

use std::time::Duration;

use diesel::prelude::*;
use uuid::Uuid;

use super::schema::tombstones;
use super::sql_types::{RawId, RawInstant};
use super::{Conn, each_backend};
use crate::error::Result;

/// How long a note is kept.
pub const KEPT: Duration = Duration::from_hours(90 * 24);
/// Notes that one run of the job removes.
const JOB: i64 = 500;

/// What is gone.
#[derive(Debug, Clone, Copy)]
pub struct Tombstone {
    /// What kind of thing: `group`, `post` or `article`.
    pub kind: &'static str,
    /// Its id.
    pub target: Uuid,
    /// The group in which it was, or which it is.
    pub group: Option<Uuid>,
    /// Whether everybody could know of it, or members of its group only.
    pub is_public: bool,
}

/// Notes that something is gone since an instant.
///
/// # Errors
/// When the database cannot write.
pub fn bury(conn: &mut Conn, gone: Tombstone, at: RawInstant) -> Result<()> {
    let row = (
        tombstones::id.eq(RawId(Uuid::now_v7())),
        tombstones::kind.eq(gone.kind),
        tombstones::target_id.eq(RawId(gone.target)),
        tombstones::group_id.eq(gone.group.map(RawId)),
        tombstones::is_public.eq(gone.is_public),
        tombstones::at.eq(at),
    );
    each_backend!(conn => diesel::insert_into(tombstones::table).values(row).execute(conn))?;
    Ok(())
}

/// Removes the notes from before an instant; how many there were. For a job: the caller is a transaction of its own.
///
/// # Errors
/// When the database cannot write.
pub fn purge(conn: &mut Conn, before: RawInstant) -> Result<usize> {
    let due = tombstones::table.filter(tombstones::at.lt(before)).select(tombstones::id).limit(JOB);
    let due: Vec<RawId> = each_backend!(conn => due.load(conn))?;
    let due = tombstones::table.filter(tombstones::id.eq_any(due));
    Ok(each_backend!(conn => diesel::delete(due).execute(conn))?)
}
