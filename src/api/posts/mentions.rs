//! Whom a text mentions, and who of them is told: people who can read it, once for each text, by the handle that the group
//! shows for them.

use diesel::prelude::*;

use super::model::named;
use crate::api::memberships::model::{State, Visibility};
use crate::api::notices;
use crate::api::notices::model::{Notice, NoticeKind};
use crate::api::users::model::UserStatus;
use crate::db::schema::{groups, memberships, users};
use crate::db::{Conn, each_backend};
use crate::error::Result;
use crate::http::markdown;
use crate::types::{CommentId, GroupId, PostId, Timestamp, UserId};

/// Tells those whom a post, or a comment on it, mentions.
pub fn tell(
    conn: &mut Conn,
    group: GroupId,
    (post, comment): (PostId, Option<CommentId>),
    (author, pseudonym): (UserId, Option<UserId>),
    text: &str,
    now: Timestamp,
) -> Result<()> {
    let handles = markdown::mentions(text);
    if handles.is_empty() {
        return Ok(());
    }
    let event = comment.map_or(post.uuid(), CommentId::uuid);
    let mut people = members(conn, group, &handles)?;
    people.extend(visitors(conn, group, &handles)?);
    let notice = |person: UserId| {
        let notice = Notice::new(person, NoticeKind::Mention, event).by(named(author, pseudonym));
        let notice = notice.in_group(group).on_post(post);
        comment.map_or(notice.clone(), |comment| notice.on_comment(comment))
    };
    let told: Vec<Notice> = people.into_iter().filter(|person| *person != author).map(notice).collect();
    notices::queries::tell_all(conn, &told, now)
}

/// Members by the handles that the group shows for them, who want to be told: never by that of an account behind another name.
fn members(conn: &mut Conn, group: GroupId, handles: &[String]) -> Result<Vec<UserId>> {
    let by_account = memberships::display_name.is_null().and(users::handle.assume_not_null().eq_any(handles));
    let found = memberships::table
        .inner_join(users::table)
        .filter(memberships::group_id.eq(group))
        .filter(memberships::state.eq(State::Active))
        .filter(memberships::notification_level.ne("none"))
        .filter(memberships::handle.assume_not_null().eq_any(handles).or(by_account))
        .select(memberships::user_id);
    Ok(each_backend!(conn => found.load(conn))?)
}

/// People who are no members of a public group, where everybody reads; not those whom it has banned.
fn visitors(conn: &mut Conn, group: GroupId, handles: &[String]) -> Result<Vec<UserId>> {
    let known = memberships::table
        .filter(memberships::group_id.eq(group))
        .filter(memberships::user_id.eq(users::id))
        .filter(memberships::state.eq_any([State::Active, State::Banned]));
    let open = groups::table.find(group).filter(groups::visibility.eq(Visibility::Public));
    let found = users::table
        .filter(users::handle.assume_not_null().eq_any(handles))
        .filter(users::status.eq(UserStatus::Active))
        .filter(diesel::dsl::exists(open))
        .filter(diesel::dsl::not(diesel::dsl::exists(known)))
        .select(users::id);
    Ok(each_backend!(conn => found.load(conn))?)
}
