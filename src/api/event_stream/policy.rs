//! Who learns of an event: pure, from what the listener is to its group.

use crate::api::events::{EventKind, EventRow};
use crate::api::memberships::access::Access;
use crate::api::memberships::model::Action;

/// What a listener is to the group of an event.
#[derive(Debug, Clone, Copy)]
pub enum Listener<'a> {
    /// Somebody who may know of it.
    Knows {
        /// What they are to it.
        access: &'a Access,
        /// Whether whoever the event is about is a member at this moment.
        is_member_now: bool,
    },
    /// Somebody who may not; whether they are a member of a group that is gone.
    Outside {
        /// A member at its end.
        is_member: bool,
    },
}

/// Whether a listener learns of an event; not where they come with a key for some groups that is not for this. Whoever was a member
/// once is told of to those who read the records.
#[must_use]
pub fn is_told(event: &EventRow, listener: Listener<'_>, is_closed: bool) -> bool {
    if event.group_id.is_none() {
        return !is_closed;
    }
    match listener {
        // it is not gone for them
        Listener::Knows { .. } if event.kind == EventKind::GroupDeleted => false,
        Listener::Knows { access, is_member_now } => {
            let is_of_members = needed(event.kind) == Some(Action::ReadMembers);
            let is_current = !is_of_members || is_member_now || access.may(Action::ReadRecords);
            is_current && needed(event.kind).is_none_or(|action| access.may(action))
        }
        // a group that is gone is known to those who could know of it
        Listener::Outside { is_member } => {
            let could_know = event.kind == EventKind::GroupDeleted && (event.is_public || is_member);
            could_know && !is_closed
        }
    }
}

/// What a listener must be allowed to do in the group, besides knowing of it.
fn needed(kind: EventKind) -> Option<Action> {
    match kind {
        EventKind::MemberRequested => Some(Action::DecideRequests),
        EventKind::MemberJoined | EventKind::MemberUpdated | EventKind::MemberLeft => Some(Action::ReadMembers),
        EventKind::PostPublished
        | EventKind::PostUpdated
        | EventKind::PostDeleted
        | EventKind::PostRestored
        | EventKind::CommentCreated
        | EventKind::CommentUpdated
        | EventKind::CommentDeleted
        | EventKind::CommentRestored => Some(Action::ReadPosts),
        EventKind::GroupCreated
        | EventKind::GroupUpdated
        | EventKind::GroupDeleted
        | EventKind::GroupRestored
        | EventKind::ArticlePublished
        | EventKind::ArticleUpdated
        | EventKind::ArticleDeleted
        | EventKind::Ping => None,
    }
}
