//! Where an answer may stand, and which comments a question means. Who may do what with a comment is in
//! [`crate::api::posts::policy`], with what may be done with its post.

use super::model::{CommentMode, CommentQuery, MAX_DEPTH};
use crate::error::{Error, Result};
use crate::types::CommentId;

/// How deep an answer to a comment of this depth stands.
pub fn depth_below(depth: i32) -> Result<i32> {
    if depth >= MAX_DEPTH {
        return Err(Error::invalid("/parent_id", "too_deep", "answer a comment further up"));
    }
    Ok(depth + 1)
}

/// The level that is asked for: none for all of them, the answers to the post, or those to a comment.
pub fn level(query: &CommentQuery) -> Result<Option<Option<CommentId>>> {
    match (query.mode, query.parent_id) {
        (Some(CommentMode::Flat), Some(_)) => {
            Err(Error::parameter("parent_id", "conflict", "only of one level: with `mode=level`"))
        }
        (_, Some(parent)) => Ok(Some(Some(parent))),
        (Some(CommentMode::Level), None) => Ok(Some(None)),
        (None | Some(CommentMode::Flat), None) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_stand_five_deep_at_most() {
        assert_eq!(depth_below(0).unwrap(), 1);
        assert_eq!(depth_below(MAX_DEPTH - 1).unwrap(), MAX_DEPTH);
        assert!(depth_below(MAX_DEPTH).is_err());
    }

    #[test]
    fn a_parent_is_asked_for_on_one_level_only() {
        let parent = CommentId::new();
        let query = |mode, parent_id| CommentQuery { mode, parent_id, limit: None, cursor: None };
        assert_eq!(level(&query(None, None)).unwrap(), None);
        assert_eq!(level(&query(Some(CommentMode::Level), None)).unwrap(), Some(None));
        assert_eq!(level(&query(None, Some(parent))).unwrap(), Some(Some(parent)));
        assert!(level(&query(Some(CommentMode::Flat), Some(parent))).is_err());
    }
}
