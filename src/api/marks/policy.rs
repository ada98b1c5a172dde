//! Who keeps, follows and reads what: whoever may read a published post.

use crate::api::posts::model::PostHead;
use crate::error::{Code, Error, Result};

/// Refuses a mark on what is not published: nobody else reads it yet, and its author needs none.
pub fn mark(post: &PostHead) -> Result<()> {
    if post.published_at.is_some() {
        return Ok(());
    }
    Err(Error::new(Code::InvalidState, "It is not published yet."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::posts::model::PostKind;
    use crate::types::{GroupId, PostId, Timestamp, UserId};

    #[test]
    fn only_what_is_published_is_marked() {
        let draft = PostHead {
            id: PostId::new(),
            group_id: GroupId::new(),
            author_id: UserId::new(),
            pseudonym_id: None,
            kind: PostKind::Discussion,
            accepted_comment_id: None,
            locked_at: None,
            published_at: None,
            deleted_at: None,
            deleted_by: None,
        };
        assert!(mark(&draft).is_err());
        assert!(mark(&PostHead { published_at: Some(Timestamp::from_micros(1)), ..draft }).is_ok());
    }
}
