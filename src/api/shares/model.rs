//! A post and another group, as those who share, pin and take out need to know of them.

use crate::api::memberships::access::Access;
use crate::api::posts::model::{PostHead, ShareRow};

/// A post, another group, and how the one stands in the other; both groups are locked.
#[derive(Debug, Clone)]
pub struct Placement {
    /// What the caller is to the post's own group.
    pub own: Access,
    /// The post.
    pub post: PostHead,
    /// What the caller is to the other group.
    pub group: Access,
    /// How it stands there, or stood until it was taken out.
    pub share: Option<ShareRow>,
}

impl Placement {
    /// How it stands there now.
    #[must_use]
    pub fn standing(&self) -> Option<ShareRow> {
        self.share.filter(|share| share.removed_at.is_none())
    }
}
