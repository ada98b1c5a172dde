//! When a group was last active, and when a member last contributed: the latest visible post, comment, or (for the group)
//! publication of an article that it contributed to, or post of another group that was shared with it. Null until there has
//! been any. Both dates change in the transaction that changes what they follow from.

use diesel::prelude::*;

use crate::db::schema::{groups, memberships};
use crate::db::sql_types::{Id, Instant};
use crate::db::{Conn, each_backend};
use crate::error::Result;
use crate::types::{GroupId, PostId, Timestamp, UserId};

/// The date of the group in the row of `groups` around it, from what is visible. An article whose date of publication is
/// unknown says nothing about when anybody was active.
pub const GROUP_LAST_ACTIVE: &str = "(SELECT max(latest.at) FROM (
    SELECT * FROM (SELECT posts.published_at AS at FROM posts
        WHERE posts.group_id = groups.id AND posts.published_at IS NOT NULL AND posts.deleted_at IS NULL
        ORDER BY posts.published_at DESC LIMIT 1) AS post
    UNION ALL SELECT * FROM (SELECT comments.created_at AS at FROM comments JOIN posts ON posts.id = comments.post_id
        WHERE comments.group_id = groups.id AND comments.deleted_at IS NULL AND posts.deleted_at IS NULL
        ORDER BY comments.created_at DESC LIMIT 1) AS comment
    UNION ALL SELECT * FROM (SELECT post_shares.shared_at AS at FROM post_shares JOIN posts ON posts.id = post_shares.post_id
        WHERE post_shares.group_id = groups.id AND post_shares.removed_at IS NULL AND posts.deleted_at IS NULL
        ORDER BY post_shares.shared_at DESC LIMIT 1) AS share
    UNION ALL SELECT articles.published_at AS at FROM article_contributions
        JOIN articles ON articles.id = article_contributions.article_id
        WHERE article_contributions.group_id = groups.id AND article_contributions.state = 'accepted'
            AND articles.status = 'published' AND articles.published_at IS NOT NULL AND articles.deleted_at IS NULL
) AS latest)";

/// The date of the person in the row of `memberships` around it. What they wrote without their name says nothing.
pub const MEMBER_LAST_CONTRIBUTED: &str = "(SELECT max(latest.at) FROM (
    SELECT * FROM (SELECT posts.published_at AS at FROM posts
        WHERE posts.author_id = memberships.user_id AND posts.group_id = memberships.group_id
            AND posts.published_at IS NOT NULL AND posts.deleted_at IS NULL AND posts.pseudonym_id IS NULL
        ORDER BY posts.published_at DESC LIMIT 1) AS post
    UNION ALL SELECT * FROM (SELECT comments.created_at AS at FROM comments JOIN posts ON posts.id = comments.post_id
        WHERE comments.author_id = memberships.user_id AND comments.group_id = memberships.group_id
            AND comments.deleted_at IS NULL AND posts.deleted_at IS NULL AND comments.pseudonym_id IS NULL
        ORDER BY comments.created_at DESC LIMIT 1) AS comment
) AS latest)";

/// Something became visible: moves the dates of its group and of its author, where it has their name, on, never back.
pub fn advance(conn: &mut Conn, group: GroupId, author: Option<UserId>, at: Timestamp) -> Result<()> {
    advance_group(conn, group, at)?;
    let Some(author) = author else { return Ok(()) };
    let earlier = memberships::table
        .find((group, author))
        .filter(memberships::last_contributed_at.is_null().or(memberships::last_contributed_at.lt(at)));
    each_backend!(conn => diesel::update(earlier).set(memberships::last_contributed_at.eq(at)).execute(conn))?;
    Ok(())
}

/// Something became visible in a group that nobody wrote there: moves its date on, never back.
pub fn advance_group(conn: &mut Conn, group: GroupId, at: Timestamp) -> Result<()> {
    let earlier = groups::table.find(group).filter(groups::last_active_at.is_null().or(groups::last_active_at.lt(at)));
    let changed = (groups::last_active_at.eq(at), groups::changed_at.eq(at));
    each_backend!(conn => diesel::update(earlier).set(changed).execute(conn))?;
    Ok(())
}

/// Something came or went that is not simply the newest: finds the group's date again.
pub fn recount_group(conn: &mut Conn, group: GroupId, now: Timestamp) -> Result<()> {
    let sql = format!("UPDATE groups SET last_active_at = {GROUP_LAST_ACTIVE}, changed_at = $1 WHERE id = $2");
    each_backend!(conn => diesel::sql_query(&sql).bind::<Instant, _>(now).bind::<Id, _>(group).execute(conn))?;
    Ok(())
}

/// One person's words in a group came or went: finds that member's date again.
pub fn recount_member(conn: &mut Conn, group: GroupId, member: UserId) -> Result<()> {
    let sql = format!(
        "UPDATE memberships SET last_contributed_at = {MEMBER_LAST_CONTRIBUTED} WHERE group_id = $1 AND user_id = $2"
    );
    each_backend!(conn => diesel::sql_query(&sql).bind::<Id, _>(group).bind::<Id, _>(member).execute(conn))?;
    Ok(())
}

/// A whole conversation came or went: finds the dates of all who wrote in it again.
pub fn recount_participants(conn: &mut Conn, group: GroupId, post: PostId) -> Result<()> {
    let sql = format!(
        "UPDATE memberships SET last_contributed_at = {MEMBER_LAST_CONTRIBUTED} WHERE group_id = $1 AND user_id IN (
            SELECT author_id FROM posts WHERE id = $2 UNION SELECT author_id FROM comments WHERE post_id = $2)"
    );
    each_backend!(conn => diesel::sql_query(&sql).bind::<Id, _>(group).bind::<Id, _>(post).execute(conn))?;
    Ok(())
}
