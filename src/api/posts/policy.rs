//! Who may do what with a post or comment, given what they may do in its group. Only authors change words; authors and those
//! who moderate delete them.

use std::time::Duration;

use super::model::{NewPost, PostAction, PostHead, PostKind, PostPatch, PostRow, PostStatus, ShareAction, ShareRow};
use crate::api::memberships::access::Access;
use crate::api::memberships::model::{Action, GroupStatus, Visibility};
use crate::api::memberships::policy::{Verdict, problem};
use crate::auth::actor::Viewer;
use crate::error::{Code, Error, Result};
use crate::types::{Timestamp, UserId};

/// How long what was deleted can be brought back.
pub const KEPT: Duration = Duration::from_hours(30 * 24);
/// How far ahead a post can be scheduled.
const AHEAD: Duration = Duration::from_hours(366 * 24);

fn in_use(access: &Access) -> bool {
    access.standing().group.status == GroupStatus::Active
}

/// Whether the caller may read a post in a group whose conversations they read: what is published; of their own also what is
/// not yet.
#[must_use]
pub fn may_read(viewer: &Viewer, post: &PostHead) -> bool {
    post.deleted_at.is_none() && (post.published_at.is_some() || post.author_id == viewer.user_id())
}

fn is_public(access: &Access) -> bool {
    access.standing().group.visibility == Visibility::Public
}

/// Everything that the caller may do with a post of `author`'s where it stands in another group.
#[must_use]
pub fn can_on_share(access: &Access, share: &ShareRow, author: UserId) -> Vec<ShareAction> {
    let me = access.user_id();
    let moderates = access.may(Action::Moderate);
    let is_own = (me == share.shared_by || me == author) && in_use(access);
    let answers = [(ShareAction::Pin, moderates && in_use(access)), (ShareAction::Unshare, moderates || is_own)];
    answers.into_iter().filter(|(_, may)| *may).map(|(action, _)| action).collect()
}

/// Everything that the caller may do with a post.
#[must_use]
pub fn can(access: &Access, post: &PostHead) -> Vec<PostAction> {
    let is_author = access.user_id() == post.author_id;
    let may_comment = access.may(Action::Comment);
    // takes part without words that come out unread
    let takes_part = access.reviewed().may(Action::Comment);
    let moderates = access.may(Action::Moderate);
    let is_there = post.deleted_at.is_none();
    let is_unlocked = post.locked_at.is_none() || moderates;
    let is_open = is_there && post.published_at.is_some();
    let may_edit = if is_open { may_rewrite(access, post.pseudonym_id) } else { takes_part };
    let arranges = is_open && moderates && in_use(access);
    // who may not write here any more brings nothing out either
    let may_write = access.reviewed().may(beginning(post.kind));
    let took_it_back = is_author && post.deleted_by == Some(post.author_id) && may_write;
    let answers = [
        (PostAction::Edit, is_there && is_author && may_edit && is_unlocked),
        (PostAction::Delete, is_there && ((is_author && in_use(access)) || moderates)),
        // what never came out is nobody's but the author's
        (PostAction::Restore, !is_there && (took_it_back || (moderates && post.published_at.is_some()))),
        (PostAction::Comment, is_open && may_comment && is_unlocked),
        (PostAction::React, is_open && takes_part),
        (PostAction::Pin, arranges),
        (PostAction::Lock, arranges),
        (PostAction::Move, arranges),
        // where everybody may read it anyway
        (PostAction::Share, is_open && is_public(access) && access.viewer().0.is_some()),
        (
            PostAction::AcceptAnswer,
            is_open && post.kind == PostKind::Question && takes_part && (is_author || moderates),
        ),
    ];
    answers.into_iter().filter(|(_, may)| *may).map(|(action, _)| action).collect()
}

/// Refuses what the caller may not do with a post.
pub fn require(access: &Access, post: &PostHead, action: PostAction) -> Result<()> {
    if can(access, post).contains(&action) {
        return Ok(());
    }
    refuse(access, post, (post.author_id, post.pseudonym_id), action)
}

/// Who wrote something, and the id by which others know them where it has no name.
pub type Author = (UserId, Option<UserId>);

/// Whether the caller may change words of their own that are out. Where those without a name are read first they are not
/// changed at all: that only some could change them would tell whose they are.
fn may_rewrite(access: &Access, pseudonym: Option<UserId>) -> bool {
    access.may(Action::Comment) && !(pseudonym.is_some() && access.standing().owes_review(true))
}

/// Everything that the caller may do with a comment of `author`'s on a post.
#[must_use]
pub fn can_on_comment(access: &Access, post: &PostHead, (author, pseudonym): Author) -> Vec<PostAction> {
    let is_author = access.user_id() == author;
    let may_comment = access.may(Action::Comment);
    let takes_part = access.reviewed().may(Action::Comment);
    let moderates = access.may(Action::Moderate);
    let is_unlocked = post.locked_at.is_none() || moderates;
    let answers = [
        (PostAction::Edit, is_author && may_rewrite(access, pseudonym) && is_unlocked),
        (PostAction::Delete, (is_author && in_use(access)) || moderates),
        (PostAction::Comment, may_comment && is_unlocked),
        (PostAction::React, takes_part),
    ];
    answers.into_iter().filter(|(_, may)| *may).map(|(action, _)| action).collect()
}

/// Refuses what the caller may not do with a comment of `author`'s.
pub fn require_on_comment(access: &Access, post: &PostHead, author: Author, action: PostAction) -> Result<()> {
    if can_on_comment(access, post, author).contains(&action) {
        return Ok(());
    }
    refuse(access, post, author, action)
}

/// Not found where something was deleted so long ago that it cannot be brought back.
pub fn is_kept(deleted_at: Option<Timestamp>, now: Timestamp) -> Result<()> {
    if deleted_at.is_none_or(|at| at > now.before(KEPT)) { Ok(()) } else { Err(Error::not_found()) }
}

/// Whether the caller may bring back a comment of `author`'s that `deleted_by` deleted.
pub fn restore_comment(access: &Access, post: &PostHead, author: UserId, deleted_by: Option<UserId>) -> Result<()> {
    let may_write = access.reviewed().may(Action::Comment) && post.locked_at.is_none();
    let took_it_back = access.user_id() == author && deleted_by == Some(author) && may_write;
    if took_it_back || access.may(Action::Moderate) { Ok(()) } else { Err(Error::not_found()) }
}

/// Why something is refused.
fn refuse(access: &Access, post: &PostHead, (author, pseudonym): Author, action: PostAction) -> Result<()> {
    if action == PostAction::Share {
        return Err(Error::new(Code::InvalidState, "Only what everybody may read stands in other groups, too."));
    }
    let is_author = access.user_id() == author;
    let is_members = matches!(action, PostAction::Comment | PostAction::React);
    let is_authors = matches!(action, PostAction::Edit | PostAction::Delete | PostAction::AcceptAnswer);
    if is_members && post.published_at.is_none() {
        return Err(Error::new(Code::InvalidState, "It is not published yet."));
    }
    if (is_author && is_authors) || is_members {
        let says = matches!(action, PostAction::Comment | PostAction::Edit);
        let access = if says { access.clone() } else { access.reviewed() };
        access.require(Action::Comment)?;
    }
    if matches!(action, PostAction::Comment | PostAction::Edit) && post.locked_at.is_some() {
        return Err(Error::new(Code::Locked, "Those who lead the group have locked the conversation."));
    }
    if is_author && action == PostAction::Edit && pseudonym.is_some() && access.standing().owes_review(true) {
        return problem(access.standing(), Verdict::ReviewNeeded).map_or(Ok(()), Err);
    }
    if action == PostAction::AcceptAnswer && post.kind != PostKind::Question {
        return Err(Error::new(Code::InvalidState, "Only questions have answers."));
    }
    if matches!(action, PostAction::Pin | PostAction::Lock | PostAction::Move) && access.may(Action::Moderate) {
        if post.published_at.is_none() {
            return Err(Error::new(Code::InvalidState, "It is not published yet."));
        }
        return Err(Error::new(Code::Archived, "The group is archived and read-only."));
    }
    if !in_use(access) && is_author {
        return Err(Error::new(Code::Archived, "The group is archived and read-only."));
    }
    Err(Error::new(Code::Forbidden, "Only the author may change this; the author and facilitators may delete it."))
}

/// Whether the caller may begin a conversation of this kind.
pub fn create(access: &Access, kind: PostKind) -> Result<()> {
    access.require(beginning(kind))
}

/// What one does who begins a conversation of this kind.
fn beginning(kind: PostKind) -> Action {
    if kind == PostKind::Announcement { Action::Announce } else { Action::Post }
}

/// When a post comes out: the time of its publication, and for which time it is planned.
pub type Publication = (Option<Timestamp>, Option<Timestamp>);

/// When a post comes out that is to have this status.
fn publication(status: PostStatus, publish_at: Option<Timestamp>, now: Timestamp) -> Result<Publication> {
    match (status, publish_at) {
        (PostStatus::Draft, None) => Ok((None, None)),
        (PostStatus::Published, None) => Ok((Some(now), None)),
        (PostStatus::Draft | PostStatus::Published, Some(_)) => {
            Err(Error::invalid("/publish_at", "conflict", "only a scheduled post has one"))
        }
        (PostStatus::Scheduled, None) => Err(Error::invalid("/publish_at", "missing", "says when it comes out")),
        (PostStatus::Scheduled, Some(at)) if at <= now => {
            Err(Error::invalid("/publish_at", "past", "must be in the future"))
        }
        (PostStatus::Scheduled, Some(at)) if at > now.after(AHEAD) => {
            Err(Error::invalid("/publish_at", "too_late", "at most a year ahead"))
        }
        (PostStatus::Scheduled, at) => Ok((None, at)),
    }
}

/// Whether something may be written without a name in the group.
pub fn anonymous(access: &Access, is_anonymous: bool, kind: Option<PostKind>) -> Result<()> {
    let refused = |words| Err(Error::invalid("/is_anonymous", "conflict", words));
    if is_anonymous && !access.standing().group.allow_anonymous {
        return refused("this group shows who writes");
    }
    if is_anonymous && kind == Some(PostKind::Announcement) {
        return refused("an announcement has a name under it");
    }
    let standing = access.standing();
    if is_anonymous && standing.owes_review(true) {
        return problem(standing, Verdict::ReviewNeeded).map_or(Ok(()), Err);
    }
    Ok(())
}

/// When a new post comes out.
pub fn publish_new(new: &NewPost, now: Timestamp) -> Result<Publication> {
    link(new.kind, new.link_url.is_some())?;
    publication(new.status.unwrap_or(PostStatus::Published), new.publish_at, now)
}

/// When a changed post comes out. What is published stays so.
pub fn publish_changed(before: &PostRow, patch: &PostPatch, now: Timestamp) -> Result<Publication> {
    if before.kind != PostKind::Resource && patch.link_url.0.is_some() {
        return link(before.kind, true).map(|()| (None, None));
    }
    let status = patch.status.0.unwrap_or(before.status());
    if before.published_at.is_some() {
        return if status == PostStatus::Published && patch.publish_at.0.is_none() {
            Ok((before.published_at, None))
        } else {
            let words = "What is published stays so until it is deleted.";
            Err(Error::new(Code::InvalidState, words).with("state", "published").with("allowed", Vec::<&str>::new()))
        };
    }
    let kept = before.publish_at.filter(|_| status == PostStatus::Scheduled);
    match patch.publish_at.0.or(kept) {
        // a time that was right when it was chosen is not chosen again
        at if at == before.publish_at && status == before.status() => Ok((None, at)),
        at => publication(status, at, now),
    }
}

/// Resources have a link, other kinds have none.
pub fn link(kind: PostKind, is_given: bool) -> Result<()> {
    match (kind, is_given) {
        (PostKind::Resource, false) => Err(Error::invalid("/link_url", "missing", "a resource has a link")),
        (PostKind::Resource, true) | (_, false) => Ok(()),
        (_, true) => Err(Error::invalid("/link_url", "conflict", "only a resource has a link")),
    }
}

/// Whether a conversation may move: into a group where the caller may write, and that is not more open. What was said to members
/// is not told to everybody; other members may read it, as many as there are, and who moves it answers for that.
pub fn move_to(from: &Access, to: &Access, kind: PostKind) -> Result<()> {
    if from.group_id() == to.group_id() {
        return Err(Error::invalid("/group_id", "conflict", "it is there already"));
    }
    create(to, kind)?;
    let openness = |access: &Access| match access.standing().group.visibility {
        Visibility::Hidden => 0,
        Visibility::Listed => 1,
        Visibility::Public => 2,
    };
    if openness(to) > openness(from) {
        return Err(Error::invalid(
            "/group_id",
            "more_open",
            "what members said to each other is not moved into the open",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_post_comes_out_now_later_or_not_yet() {
        let now = Timestamp::from_micros(1_700_000_000_000_000);
        let (past, later) = (now.before(Duration::from_secs(1)), now.after(Duration::from_secs(1)));
        let code = |status, at| publication(status, at, now).unwrap_err().fields()[0].code.clone();
        assert_eq!(publication(PostStatus::Published, None, now).unwrap(), (Some(now), None));
        assert_eq!(publication(PostStatus::Draft, None, now).unwrap(), (None, None));
        assert_eq!(publication(PostStatus::Scheduled, Some(later), now).unwrap(), (None, Some(later)));
        assert_eq!(code(PostStatus::Scheduled, None), "missing");
        assert_eq!(code(PostStatus::Scheduled, Some(past)), "past");
        assert_eq!(code(PostStatus::Scheduled, Some(now)), "past");
        assert_eq!(code(PostStatus::Scheduled, Some(now.after(AHEAD + Duration::from_secs(1)))), "too_late");
        assert_eq!(code(PostStatus::Published, Some(later)), "conflict");
        assert_eq!(code(PostStatus::Draft, Some(later)), "conflict");
    }

    #[test]
    fn resources_and_only_resources_have_a_link() {
        assert!(link(PostKind::Resource, true).is_ok() && link(PostKind::Question, false).is_ok());
        assert!(link(PostKind::Resource, false).is_err() && link(PostKind::Discussion, true).is_err());
    }
}
