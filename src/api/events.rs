//! What happened, for programs that listen: written in the transaction in which it does, given a place in the order of all after
//! its commit, and kept for a week. Events name things by their ids and hold no words.

use std::time::Duration;

use diesel::dsl::max;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use uuid::Uuid;

use crate::db::schema::{events, webhook_progress};
use crate::db::{Conn, each_backend, insert_all};
use crate::error::Result;
use crate::types::{ArticleId, CommentId, EventId, GroupId, PostId, Timestamp, UserId, text_enum};

/// How long an event is kept: whoever was away for longer reads everything anew.
pub const KEPT: Duration = Duration::from_hours(7 * 24);
/// Rows that one run of the job takes.
const JOB: i64 = 500;
/// The lock under which places are given, on PostgreSQL: one at a time, whichever server does it.
const GIVES_PLACES: &str = "SELECT pg_try_advisory_xact_lock(7230145918332) AS is_ours";
/// The places of the next events, one after the other from the last that was given: one statement, which diesel cannot say.
const PLACES: &str = "UPDATE events \
    SET position = (SELECT coalesce(max(position), 0) FROM events WHERE position IS NOT NULL) + waiting.number \
    FROM (SELECT id, row_number() OVER (ORDER BY id) AS number \
        FROM (SELECT id FROM events WHERE position IS NULL ORDER BY id LIMIT 200) AS next) AS waiting \
    WHERE events.id = waiting.id";

#[derive(QueryableByName)]
struct Tried {
    #[diesel(sql_type = Bool)]
    is_ours: bool,
}

text_enum! {
    /// What happened.
    EventKind {
        /// A group was founded.
        GroupCreated = "group.created",
        /// A group's settings changed, or it was archived or taken into use again.
        GroupUpdated = "group.updated",
        /// A group was deleted.
        GroupDeleted = "group.deleted",
        /// A deleted group came back.
        GroupRestored = "group.restored",
        /// Somebody asks to become a member.
        MemberRequested = "member.requested",
        /// Somebody became a member.
        MemberJoined = "member.joined",
        /// A member's role changed, or their name in the group.
        MemberUpdated = "member.updated",
        /// Somebody is no member any more.
        MemberLeft = "member.left",
        /// A post came out.
        PostPublished = "post.published",
        /// A post changed.
        PostUpdated = "post.updated",
        /// A post was deleted, or moved to another group.
        PostDeleted = "post.deleted",
        /// A deleted post came back, or one came from another group.
        PostRestored = "post.restored",
        /// Somebody commented.
        CommentCreated = "comment.created",
        /// A comment changed.
        CommentUpdated = "comment.updated",
        /// A comment was deleted.
        CommentDeleted = "comment.deleted",
        /// A deleted comment came back.
        CommentRestored = "comment.restored",
        /// An article came out.
        ArticlePublished = "article.published",
        /// An article that is out changed; or whether it names the group that the event has.
        ArticleUpdated = "article.updated",
        /// An article is not out any more.
        ArticleDeleted = "article.deleted",
        /// Nothing: somebody tries whether a webhook is reached.
        Ping = "ping",
    }
}

/// A row of `events`.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = events)]
pub struct EventRow {
    /// Its id.
    pub id: EventId,
    /// Its place among all events; none before it is told.
    pub position: Option<i64>,
    /// What happened.
    pub kind: EventKind,
    /// When.
    pub happened_at: Timestamp,
    /// In which group, or to which.
    pub group_id: Option<GroupId>,
    /// To whom.
    pub user_id: Option<UserId>,
    /// To which post, or to a comment on which.
    pub post_id: Option<PostId>,
    /// To which comment.
    pub comment_id: Option<CommentId>,
    /// To which article.
    pub article_id: Option<ArticleId>,
    /// Whether everybody could know of a group that is gone.
    pub is_public: bool,
}

impl EventRow {
    fn new(kind: EventKind, now: Timestamp) -> Self {
        Self {
            id: EventId::from(Uuid::now_v7()),
            position: None,
            kind,
            happened_at: now,
            group_id: None,
            user_id: None,
            post_id: None,
            comment_id: None,
            article_id: None,
            is_public: false,
        }
    }

    /// Nothing happened.
    #[must_use]
    pub fn ping(now: Timestamp) -> Self {
        Self::new(EventKind::Ping, now)
    }

    /// When it was noted, within the transaction: what a request does is dated from when the request came, which may have waited
    /// since.
    #[must_use]
    pub fn noted_at(&self) -> Timestamp {
        let micros = self.id.uuid().get_timestamp().and_then(|at| {
            let (seconds, nanos) = at.to_unix();
            i64::try_from(seconds).ok()?.checked_mul(1_000_000)?.checked_add(i64::from(nanos / 1000))
        });
        micros.map_or(self.happened_at, Timestamp::from_micros)
    }

    /// Something happened to a group.
    #[must_use]
    pub fn of_group(kind: EventKind, group: GroupId, now: Timestamp) -> Self {
        Self { group_id: Some(group), ..Self::new(kind, now) }
    }

    /// Something happened to a membership.
    #[must_use]
    pub fn of_member(kind: EventKind, group: GroupId, user: UserId, now: Timestamp) -> Self {
        Self { group_id: Some(group), user_id: Some(user), ..Self::new(kind, now) }
    }

    /// Something happened to a post.
    #[must_use]
    pub fn of_post(kind: EventKind, group: GroupId, post: PostId, now: Timestamp) -> Self {
        Self { group_id: Some(group), post_id: Some(post), ..Self::new(kind, now) }
    }

    /// Something happened to a comment on a post.
    #[must_use]
    pub fn of_comment(kind: EventKind, group: GroupId, (post, comment): (PostId, CommentId), now: Timestamp) -> Self {
        Self { comment_id: Some(comment), ..Self::of_post(kind, group, post, now) }
    }

    /// An article names a group that it did not name before, or the other way round: for those who may know of the group.
    #[must_use]
    pub fn of_contribution(kind: EventKind, article: ArticleId, group: GroupId, now: Timestamp) -> Self {
        Self { group_id: Some(group), ..Self::of_article(kind, article, now) }
    }

    /// Something happened to an article.
    #[must_use]
    pub fn of_article(kind: EventKind, article: ArticleId, now: Timestamp) -> Self {
        Self { article_id: Some(article), ..Self::new(kind, now) }
    }
}

/// Notes what happens in this transaction.
pub fn record(conn: &mut Conn, event: &EventRow) -> Result<()> {
    each_backend!(conn => diesel::insert_into(events::table).values(event).execute(conn))?;
    Ok(())
}

/// Notes many things that happen in this transaction.
pub fn record_all(conn: &mut Conn, happened: &[EventRow]) -> Result<()> {
    insert_all!(conn, events::table, happened);
    Ok(())
}

/// Whether there are events without a place.
pub fn is_any_waiting(conn: &mut Conn) -> Result<bool> {
    let waiting = events::table.filter(events::position.is_null()).select(events::id).limit(1);
    let found: Option<EventId> = each_backend!(conn => waiting.first(conn).optional())?;
    Ok(found.is_some())
}

/// Gives the next events their places, in the order in which they happened: whether any got one. None does where another server is
/// at it.
pub fn place(conn: &mut Conn) -> Result<bool> {
    if let Conn::Postgres(conn) = conn
        && !diesel::sql_query(GIVES_PLACES).get_result::<Tried>(conn)?.is_ours
    {
        return Ok(false);
    }
    Ok(each_backend!(conn => diesel::sql_query(PLACES).execute(conn))? > 0)
}

/// The last place that was given; 0 before the first.
pub fn last_place(conn: &mut Conn) -> Result<i64> {
    let placed = events::table.filter(events::position.is_not_null()).select(max(events::position));
    let last: Option<i64> = each_backend!(conn => placed.first(conn))?;
    Ok(last.unwrap_or_default())
}

/// The place of an event; none where it is unknown, or forgotten.
pub fn place_of(conn: &mut Conn, id: EventId) -> Result<Option<i64>> {
    let place = events::table.find(id).select(events::position);
    let place: Option<Option<i64>> = each_backend!(conn => place.first(conn).optional())?;
    Ok(place.flatten())
}

/// The next events after a place.
pub fn after(conn: &mut Conn, place: i64, limit: i64) -> Result<Vec<EventRow>> {
    let next = events::table.filter(events::position.gt(place)).order(events::position.asc()).limit(limit);
    Ok(each_backend!(conn => next.select(EventRow::as_select()).load(conn))?)
}

/// Forgets what is older than a week; how much that was. For a job: the caller is a transaction of its own.
pub fn purge_due(conn: &mut Conn, now: Timestamp) -> Result<usize> {
    // ids made earlier sort earlier. The last place stays known, or the next would be given twice; and so does what is yet to be
    // laid out for webhooks
    let laid_out = webhook_progress::table.select(webhook_progress::place);
    let laid_out: i64 = each_backend!(conn => laid_out.first(conn))?;
    let last = last_place(conn)?.min(laid_out);
    let oldest =
        events::table.order(events::id.asc()).select((events::id, events::happened_at, events::position)).limit(JOB);
    let oldest: Vec<(EventId, Timestamp, Option<i64>)> = each_backend!(conn => oldest.load(conn))?;
    let is_due = |(_, at, place): &(EventId, Timestamp, Option<i64>)| {
        *at < now.before(KEPT) && place.is_some_and(|place| place < last)
    };
    let due: Vec<EventId> = oldest.into_iter().filter(is_due).map(|(id, ..)| id).collect();
    if due.is_empty() {
        return Ok(0);
    }
    let due = events::table.filter(events::id.eq_any(due));
    Ok(each_backend!(conn => diesel::delete(due).execute(conn))?)
}
