//! Every statement that makes and removes notifications, and those about what people do not want to be told.

use std::collections::HashMap;
use std::time::Duration;

use diesel::prelude::*;

use super::model::{Notice, NoticeKind, NotificationRow};
use super::policy;
use crate::db::schema::{notifications, users};
use crate::db::sql_types::JsonList;
use crate::db::{Conn, each_backend};
use crate::error::Result;
use crate::types::{GroupId, NotificationId, PostId, Timestamp, UserId};

/// How long a notification is kept.
const KEPT: Duration = Duration::from_hours(90 * 24);
/// Rows that one run of the job takes.
const JOB: i64 = 500;
/// People who are told by one statement.
const PIECE: usize = 500;

/// Tells a person, as [`tell_all`] tells several.
pub fn tell(conn: &mut Conn, notice: &Notice, now: Timestamp) -> Result<()> {
    tell_all(conn, std::slice::from_ref(notice), now)
}

/// Tells people, each once of each event: of two notices of one event the first stands. Whoever may not read it later does
/// not, but a caller tells only those who may read it now. Several pieces, of two statements each, where they are many.
pub fn tell_all(conn: &mut Conn, notices: &[Notice], now: Timestamp) -> Result<()> {
    for piece in notices.chunks(PIECE) {
        let people: Vec<UserId> = piece.iter().map(|notice| notice.user_id).collect();
        let accounts = users::table
            .filter(users::id.eq_any(people))
            .filter(users::status.eq("active"))
            .order(users::id.asc())
            .select((users::id, users::muted_notifications));
        // held, so that nothing is told to an account that goes at the same moment
        let accounts: Vec<(UserId, JsonList<NoticeKind>)> = match conn {
            Conn::Sqlite(conn) => accounts.load(conn)?,
            Conn::Postgres(conn) => accounts.for_key_share().load(conn)?,
        };
        let muted: HashMap<UserId, JsonList<NoticeKind>> = accounts.into_iter().collect();
        let told = piece
            .iter()
            .filter(|notice| policy::is_told(notice, muted.get(&notice.user_id).map(|muted| muted.0.as_slice())));
        insert(conn, told.map(|notice| NotificationRow::new(notice, now)).collect())?;
    }
    Ok(())
}

fn insert(conn: &mut Conn, rows: Vec<NotificationRow>) -> Result<()> {
    let event = (notifications::user_id, notifications::event_id);
    match conn {
        // it takes rows with a conflict one at a time
        Conn::Sqlite(conn) => {
            for row in rows {
                diesel::insert_into(notifications::table).values(row).on_conflict(event).do_nothing().execute(conn)?;
            }
        }
        Conn::Postgres(conn) => {
            diesel::insert_into(notifications::table).values(rows).on_conflict(event).do_nothing().execute(conn)?;
        }
    }
    Ok(())
}

/// What was told about a post and the comments on it is about the group that the post is in from now on.
pub fn move_post(conn: &mut Conn, post: PostId, to: GroupId) -> Result<()> {
    let told = notifications::table.filter(notifications::post_id.eq(post));
    each_backend!(conn => diesel::update(told).set(notifications::group_id.eq(to)).execute(conn))?;
    Ok(())
}

/// Forgets what a person was told, and what they did not want to be told.
pub fn forget(conn: &mut Conn, user: UserId) -> Result<()> {
    let told = notifications::table.filter(notifications::user_id.eq(user));
    each_backend!(conn => diesel::delete(told).execute(conn))?;
    set_muted(conn, user, &[])
}

/// Removes what is older than 90 days; how much that was. For a job: the caller is a transaction of its own.
pub fn purge_due(conn: &mut Conn, now: Timestamp) -> Result<usize> {
    // ids made earlier sort earlier, so that the index of the ids has the oldest in front
    let oldest = notifications::table
        .order(notifications::id.asc())
        .select((notifications::id, notifications::created_at))
        .limit(JOB);
    let oldest: Vec<(NotificationId, Timestamp)> = each_backend!(conn => oldest.load(conn))?;
    let last = now.before(KEPT);
    let due: Vec<NotificationId> = oldest.into_iter().filter(|(_, at)| *at < last).map(|(id, _)| id).collect();
    if due.is_empty() {
        return Ok(0);
    }
    let due = notifications::table.filter(notifications::id.eq_any(due));
    Ok(each_backend!(conn => diesel::delete(due).execute(conn))?)
}

/// The kinds that a person is not told.
pub fn muted(conn: &mut Conn, user: UserId) -> Result<Vec<NoticeKind>> {
    let account = users::table.find(user).select(users::muted_notifications);
    let muted: JsonList<NoticeKind> = each_backend!(conn => account.first(conn))?;
    Ok(muted.0)
}

/// Changes the kinds that a person is not told.
pub fn set_muted(conn: &mut Conn, user: UserId, muted: &[NoticeKind]) -> Result<()> {
    let muted = users::muted_notifications.eq(JsonList(muted.to_vec()));
    each_backend!(conn => diesel::update(users::table.find(user)).set(muted).execute(conn))?;
    Ok(())
}
