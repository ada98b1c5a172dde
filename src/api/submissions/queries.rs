//! Every statement about what waits to be read.

use diesel::prelude::*;

use super::model::{FoundSubmission, SubmissionRow};
use super::policy::WAITING;
use crate::api::memberships::access::{Access, visible};
use crate::api::memberships::queries::leaders;
use crate::api::notices;
use crate::api::notices::model::{Notice, NoticeKind};
use crate::api::posts::model::{author_names, named};
use crate::api::posts::policy::KEPT;
use crate::auth::actor::Viewer;
use crate::db::schema::{groups, memberships, posts, submissions, users};
use crate::db::{Conn, each_backend};
use crate::error::{Code, Error, Result};
use crate::http::page::Page;
use crate::types::{SubmissionId, Timestamp, UserId};

/// Rows that one run of the job takes.
const JOB: i64 = 500;

/// What waits or was declined, with its author's names.
macro_rules! found_submissions {
    () => {
        submissions::table
            .inner_join(users::table)
            .left_join(memberships::table.on(
                memberships::group_id.eq(submissions::group_id).and(memberships::user_id.eq(submissions::author_id)),
            ))
            .select((SubmissionRow::as_select(), author_names!(submissions)))
    };
}

/// What waits in a group, the oldest first; no comments on what was deleted meanwhile.
pub fn list(conn: &mut Conn, access: &Access, page: &Page<i64>) -> Result<Vec<FoundSubmission>> {
    let group = access.group_id();
    let is_there = submissions::post_id.is_null().or(diesel::dsl::exists(
        posts::table.filter(posts::id.nullable().eq(submissions::post_id)).filter(posts::deleted_at.is_null()),
    ));
    Ok(each_backend!(conn, DB => {
        let mut listed = found_submissions!()
            .filter(submissions::group_id.eq(group))
            .filter(submissions::declined_at.is_null())
            .filter(is_there)
            .limit(page.rows())
            .into_boxed::<DB>();
        if let Some((at, id)) = page.after {
            let (at, id, column) = (Timestamp::from_micros(at), SubmissionId::from(id), submissions::submitted_at);
            listed = listed.filter(column.ge(at).and(column.gt(at).or(submissions::id.gt(id))));
        }
        listed.order((submissions::submitted_at.asc(), submissions::id.asc())).load(conn)
    })?)
}

/// What the caller sent to groups that they may know of, the newest first.
pub fn list_own(conn: &mut Conn, viewer: &Viewer, page: &Page<i64>) -> Result<Vec<FoundSubmission>> {
    Ok(each_backend!(conn, DB => {
        let mut listed = found_submissions!()
            .inner_join(groups::table.on(groups::id.eq(submissions::group_id)))
            .filter(submissions::author_id.eq(viewer.user_id()))
            .filter(visible!(viewer))
            .limit(page.rows())
            .into_boxed::<DB>();
        if let Some((at, id)) = page.after {
            let (at, id, column) = (Timestamp::from_micros(at), SubmissionId::from(id), submissions::submitted_at);
            listed = listed.filter(column.le(at).and(column.lt(at).or(submissions::id.lt(id))));
        }
        listed.order((submissions::submitted_at.desc(), submissions::id.desc())).load(conn)
    })?)
}

/// The place of something in the order of [`list`] and [`list_own`].
#[must_use]
pub fn key(found: &FoundSubmission) -> (i64, uuid::Uuid) {
    (found.row.submitted_at.micros(), found.row.id.uuid())
}

fn read(conn: &mut Conn, id: SubmissionId) -> Result<FoundSubmission> {
    Ok(each_backend!(conn => found_submissions!().filter(submissions::id.eq(id)).first(conn))?)
}

/// Something that waits or was declined, and what the caller is to its group; not found where they may not know of the group.
pub fn get(conn: &mut Conn, viewer: Viewer, id: SubmissionId) -> Result<(Access, FoundSubmission)> {
    let found = read(conn, id)?;
    let access = Access::find(conn, viewer, found.row.group_id)?;
    Ok((access, found))
}

/// The same under the group's lock, for a decision.
pub fn lock(conn: &mut Conn, viewer: Viewer, id: SubmissionId) -> Result<(Access, FoundSubmission)> {
    let group = read(conn, id)?.row.group_id;
    let access = Access::lock(conn, viewer, group)?;
    let found = read(conn, id)?;
    if found.row.group_id == group {
        return Ok((access, found));
    }
    Err(Error::new(Code::Busy, "Its conversation is being moved; try again."))
}

/// Lets something wait, and tells those who lead the group. The caller holds the group's lock.
pub fn insert(conn: &mut Conn, row: &SubmissionRow, now: Timestamp) -> Result<FoundSubmission> {
    let waiting = submissions::table
        .filter(submissions::author_id.eq(row.author_id))
        .filter(submissions::group_id.eq(row.group_id))
        .filter(submissions::declined_at.is_null());
    let waiting: i64 = each_backend!(conn => waiting.count().get_result(conn))?;
    if waiting >= WAITING {
        let words = format!("At most {WAITING} of one person's wait in a group.");
        return Err(Error::new(Code::InvalidState, words).with("state", "waiting").with("allowed", Vec::<&str>::new()));
    }
    each_backend!(conn => diesel::insert_into(submissions::table).values(row).execute(conn))?;
    let notice = |leader| {
        let kind = NoticeKind::SubmissionReceived;
        Notice::new(leader, kind, row.id.uuid()).by(named(row.author_id, row.pseudonym_id)).in_group(row.group_id)
    };
    let told: Vec<Notice> =
        leaders(conn, row.group_id)?.into_iter().filter(|leader| *leader != row.author_id).map(notice).collect();
    notices::queries::tell_all(conn, &told, now)?;
    read(conn, row.id)
}

/// Removes something: it was approved, or its author took it back.
pub fn delete(conn: &mut Conn, id: SubmissionId) -> Result<()> {
    each_backend!(conn => diesel::delete(submissions::table.find(id)).execute(conn))?;
    Ok(())
}

/// Notes that something was declined, and why.
pub fn decline(conn: &mut Conn, id: SubmissionId, reason: Option<&str>, now: Timestamp) -> Result<()> {
    let declined = (submissions::declined_at.eq(now), submissions::reason.eq(reason));
    each_backend!(conn => diesel::update(submissions::table.find(id)).set(declined).execute(conn))?;
    Ok(())
}

/// Forgets what a person sent, whose account goes.
pub fn forget(conn: &mut Conn, user: UserId) -> Result<()> {
    let own = submissions::table.filter(submissions::author_id.eq(user));
    each_backend!(conn => diesel::delete(own).execute(conn))?;
    Ok(())
}

/// Removes what was declined thirty days ago; how much that was. For a job: the caller is a transaction of its own.
pub fn purge_due(conn: &mut Conn, now: Timestamp) -> Result<usize> {
    let due = submissions::table
        .filter(submissions::declined_at.is_not_null())
        .filter(submissions::declined_at.le(now.before(KEPT)))
        .order((submissions::declined_at.asc(), submissions::id.asc()))
        .select(submissions::id)
        .limit(JOB);
    let due: Vec<SubmissionId> = each_backend!(conn => due.load(conn))?;
    let due = submissions::table.filter(submissions::id.eq_any(due));
    Ok(each_backend!(conn => diesel::delete(due).execute(conn))?)
}
