//! What an API key may do: a scope for each kind of resource and whether it is read or changed. Which operation wants which
//! scope is said once, in the document.

use std::collections::HashMap;

use crate::db::sql_types::TextEnum as _;
use crate::error::{Code, Error, Result};
use crate::types::text_enum;

text_enum! {
    /// What an API key may do. Changing does not imply reading.
    Scope {
        /// Read one's account, memberships, invitations and proposals; with `posts:read` also one's feed, bookmarks,
        /// notifications, submissions and what is unread, in which words of posts are.
        AccountRead = "account:read",
        /// Change one's account and preferences, propose groups.
        AccountWrite = "account:write",
        /// Read groups, their kinds and rules; with `members:read` also what was done in them.
        GroupsRead = "groups:read",
        /// Found and change groups.
        GroupsWrite = "groups:write",
        /// Read who is in a group, who asks and who is invited.
        MembersRead = "members:read",
        /// Join and leave, invite, decide, change and remove members.
        MembersWrite = "members:write",
        /// Read posts and comments.
        PostsRead = "posts:read",
        /// Write, change, moderate and react to posts and comments.
        PostsWrite = "posts:write",
        /// Read articles and their contributions.
        ArticlesRead = "articles:read",
        /// Write articles and decide about contributions.
        ArticlesWrite = "articles:write",
        /// Read the profiles of people who let others see them.
        PeopleRead = "people:read",
        /// Search.
        SearchRead = "search:read",
        /// Listen to what happens.
        EventsRead = "events:read",
        /// Read one's webhooks and what they delivered.
        WebhooksRead = "webhooks:read",
        /// Make and change webhooks: they tell whatever one may know of.
        WebhooksWrite = "webhooks:write",
        /// Read what administrators read.
        AdminRead = "admin:read",
        /// Change what administrators change.
        AdminWrite = "admin:write",
    }
}

impl Scope {
    /// Whether it opens what is for administrators only.
    #[must_use]
    pub fn is_for_administrators(self) -> bool {
        matches!(self, Self::AdminRead | Self::AdminWrite)
    }

    /// Whether all that it opens belongs to one group or another, so that a key can be restricted to some.
    #[must_use]
    pub fn is_of_groups(self) -> bool {
        matches!(
            self,
            Self::GroupsRead
                | Self::GroupsWrite
                | Self::MembersRead
                | Self::MembersWrite
                | Self::PostsRead
                | Self::PostsWrite
                | Self::EventsRead
        )
    }
}

/// Which scopes each operation wants, by its method and the template of its path; those that are missing take no API key.
#[derive(Debug)]
pub struct Scopes(pub HashMap<(String, String), Vec<Scope>>);

impl Scopes {
    /// Whether a key with these scopes may do this.
    ///
    /// # Errors
    /// `insufficient_scope`.
    pub fn require(&self, method: &str, path: &str, held: &[Scope]) -> Result<()> {
        let wanted = self.0.get(&(method.replace("HEAD", "GET"), path.to_owned()));
        let Some(wanted) = wanted.filter(|wanted| !wanted.is_empty()) else {
            return Err(Error::new(Code::InsufficientScope, "This takes no API key: log in."));
        };
        match wanted.iter().find(|scope| !held.contains(scope)) {
            Some(scope) => {
                let words = format!("This API key has not the scope {}.", scope.as_str());
                Err(Error::new(Code::InsufficientScope, words).with("scope", scope.as_str()))
            }
            None => Ok(()),
        }
    }
}
