//! Who searches where. What of it they find is decided in the query, by what they may know of.

use super::model::{SearchKind, SearchKinds};
use crate::auth::actor::Viewer;
use crate::error::{Code, Error, Result};

/// Where the caller looks. People are found by those who are logged in: for others they are left out, and refused where
/// nothing else is asked for.
pub fn kinds(viewer: &Viewer, asked: Option<&SearchKinds>) -> Result<Vec<SearchKind>> {
    let all = || SearchKind::ALL.iter().map(|(_, kind)| *kind).collect();
    let mut kinds: Vec<SearchKind> = asked.map_or_else(all, |asked| asked.0.clone());
    kinds.retain(|kind| *kind != SearchKind::Person || viewer.0.is_some());
    if kinds.is_empty() {
        return Err(Error::new(Code::Unauthenticated, "People are found by those who are logged in."));
    }
    Ok(kinds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::actor::{Actor, PlatformRole};
    use crate::types::{RequestId, UserId};

    #[test]
    fn people_are_for_those_who_are_logged_in() {
        use SearchKind::{Article, Comment, Group, Person, Post};
        let actor = Actor::on_behalf(UserId::new(), PlatformRole::Member, RequestId::new());
        for (asked, logged_in, anonymous) in [
            (None, Some(vec![Group, Post, Comment, Article, Person]), Some(vec![Group, Post, Comment, Article])),
            (Some(vec![Person]), Some(vec![Person]), None),
            (Some(vec![Group, Person]), Some(vec![Group, Person]), Some(vec![Group])),
            (Some(vec![Article]), Some(vec![Article]), Some(vec![Article])),
        ] {
            let asked = asked.map(SearchKinds);
            assert_eq!(kinds(&actor.viewer(), asked.as_ref()).ok(), logged_in, "{asked:?}");
            assert_eq!(kinds(&Viewer(None), asked.as_ref()).ok(), anonymous, "{asked:?}");
        }
    }
}
