//! Every statement about what one was told. What may be shown is one query, `shown!`: the list, the count and every
//! change have it.

use diesel::dsl::exists;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::model::{NotificationFound, NotificationQuery};
use crate::api::articles::model::ArticleStatus;
use crate::api::memberships::access::{readable, visible};
use crate::api::memberships::model::{Role, State};
use crate::api::notices::model::NotificationRow;
use crate::auth::actor::Viewer;
use crate::db::schema::{
    article_authors, article_contributions, articles, comments, groups, memberships, notifications, posts, users,
};
use crate::db::{Conn, each_backend};
use crate::error::Result;
use crate::http::page::Page;
use crate::types::{NotificationId, Timestamp, UserId};

/// Whether the caller may read an article: everybody what is published; drafts for editors, for those who write it, and
/// for those who lead a group that is asked to be named in it.
macro_rules! readable_article {
    ($viewer:expr) => {{
        let viewer: &Viewer = $viewer;
        let leading = diesel::alias!(memberships as leading);
        let led = leading
            .filter(leading.field(memberships::user_id).eq(viewer.user_id()))
            .filter(leading.field(memberships::state).eq(State::Active))
            .filter(leading.field(memberships::role).ne(Role::Member))
            .select(leading.field(memberships::group_id));
        let asked = article_contributions::table
            .filter(article_contributions::article_id.eq(articles::id))
            .filter(article_contributions::group_id.eq_any(led))
            .select(article_contributions::article_id);
        let written = article_authors::table
            .filter(article_authors::article_id.eq(articles::id))
            .filter(article_authors::user_id.eq(viewer.user_id()))
            .select(article_authors::article_id);
        articles::deleted_at.is_null().and(
            articles::status
                .eq(ArticleStatus::Published)
                .or(exists(written))
                .or(exists(asked))
                .or(diesel::IntoSql::into_sql::<Bool>(viewer.is_editor())),
        )
    }};
}

/// One's notifications with what they name, as far as one may read it now: of a group that one may know of; of a post
/// that is published, or one's own, in a group whose conversations one reads; of a comment that is there; of an article
/// that one reads. Who did it is found only where one may read the group.
macro_rules! shown {
    ($viewer:expr) => {{
        let viewer: &Viewer = $viewer;
        let did_it = users::id
            .nullable()
            .eq(notifications::actor_id)
            .and(notifications::group_id.is_null().or(readable!(viewer)));
        let shows = memberships::user_id
            .nullable()
            .eq(notifications::actor_id)
            .and(memberships::group_id.nullable().eq(notifications::group_id));
        let is_out = posts::published_at.is_not_null().or(posts::author_id.eq(viewer.user_id()));
        let is_readable = readable!(viewer)
            .and(posts::group_id.nullable().eq(notifications::group_id))
            .and(posts::deleted_at.is_null())
            .and(is_out);
        let is_there = notifications::post_id.is_not_null().and(comments::deleted_at.is_null());
        notifications::table
            .left_join(groups::table.on(groups::id.nullable().eq(notifications::group_id)))
            .left_join(posts::table.on(posts::id.nullable().eq(notifications::post_id)))
            .left_join(comments::table.on(comments::id.nullable().eq(notifications::comment_id)))
            .left_join(articles::table.on(articles::id.nullable().eq(notifications::article_id)))
            .left_join(users::table.on(did_it))
            .left_join(memberships::table.on(shows))
            .filter(notifications::user_id.eq(viewer.user_id()))
            .filter(notifications::group_id.is_null().or(visible!(viewer)))
            .filter(notifications::post_id.is_null().or(is_readable))
            .filter(notifications::comment_id.is_null().or(is_there))
            .filter(notifications::article_id.is_null().or(readable_article!(viewer)))
    }};
}

/// The caller's notifications, the newest first.
pub fn list(
    conn: &mut Conn,
    viewer: &Viewer,
    query: &NotificationQuery,
    page: &Page<i64>,
) -> Result<Vec<NotificationFound>> {
    Ok(each_backend!(conn, DB => {
        let mut listed = shown!(viewer)
            .select((
                NotificationRow::as_select(),
                users::id.nullable(),
                users::display_name.nullable(),
                memberships::display_name.nullable(),
                groups::name.nullable(),
                posts::title.nullable(),
                articles::title.nullable(),
            ))
            .limit(page.rows())
            .into_boxed::<DB>();
        match query.unread {
            Some(true) => listed = listed.filter(notifications::read_at.is_null()),
            Some(false) => listed = listed.filter(notifications::read_at.is_not_null()),
            None => {}
        }
        if let Some((at, id)) = page.after {
            let (at, id, column) =
                (Timestamp::from_micros(at), NotificationId::from(id), notifications::created_at);
            listed = listed.filter(column.le(at).and(column.lt(at).or(notifications::id.lt(id))));
        }
        listed.order((notifications::created_at.desc(), notifications::id.desc())).load(conn)
    })?)
}

/// The place of a notification in the order of [`list`].
#[must_use]
pub fn key(found: &NotificationFound) -> (i64, uuid::Uuid) {
    (found.row.created_at.micros(), found.row.id.uuid())
}

/// How many notifications the caller has not read.
pub fn count_unread(conn: &mut Conn, viewer: &Viewer) -> Result<i64> {
    Ok(each_backend!(conn => shown!(viewer).filter(notifications::read_at.is_null()).count().get_result(conn))?)
}

/// Notes that the caller has read a notification; not found where it is not shown. When it was read first stays.
pub fn set_read(conn: &mut Conn, viewer: &Viewer, id: NotificationId, now: Timestamp) -> Result<()> {
    let shown: NotificationId = each_backend!(conn => shown!(viewer)
        .filter(notifications::id.eq(id))
        .select(notifications::id)
        .first(conn))?;
    let unread = notifications::table.find(shown).filter(notifications::read_at.is_null());
    each_backend!(conn => diesel::update(unread).set(notifications::read_at.eq(now)).execute(conn))?;
    Ok(())
}

/// Notes that a person has read all notifications there are.
pub fn set_all_read(conn: &mut Conn, user: UserId, now: Timestamp) -> Result<()> {
    let unread = notifications::table.filter(notifications::user_id.eq(user)).filter(notifications::read_at.is_null());
    each_backend!(conn => diesel::update(unread).set(notifications::read_at.eq(now)).execute(conn))?;
    Ok(())
}
