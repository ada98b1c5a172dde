//! Who learns of an event: pure, from what the listener is to its group.

use crate::api::events::{EventKind, EventRow};
use crate::api::memberships::access::Access;
use crate::api::memberships::model::Action;

/// What a listener is to the group of an event.
#[derive(Debug, Clone, Copy)]
pub enum Listener<'a> {
    /// Somebody who may know of it.
    Knows(&'a Access),
    /// Somebody who may not; whether they are a member of a group that is gone.
    Outside {
        /// A member at its end.
        is_member: bool,
    },
}

/// Whether a listener learns of an event and, if so, whom it is about.
#[must_use]
pub fn told(event: &EventRow, listener: Listener<'_>, is_restricted: bool) -> Option<bool> {
    let Some(_) = event.group_id else { return (!is_restricted).then_some(false) };
    match listener {
        Listener::Knows(access) => {
            let needed = needed(event.kind);
            let shows_people = access.may(Action::ReadMembers);
            needed.is_none_or(|action| access.may(action)).then_some(shows_people)
        }
        // a group that is gone is known to those who could know of it
        Listener::Outside { is_member } => {
            let could_know = event.kind == EventKind::GroupDeleted && (event.is_public || is_member);
            (could_know && !is_restricted).then_some(false)
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
