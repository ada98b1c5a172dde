//! What stands in the way of changing a kind of group.

use super::model::{AT_MOST, GroupType};
use crate::error::{Code, Error, Result};

/// Whether there is room for another kind.
pub fn create(kinds: &[GroupType]) -> Result<()> {
    let is_full = i64::try_from(kinds.len()).is_ok_and(|count| count >= AT_MOST);
    if is_full { Err(Error::new(Code::InvalidState, "There are 100 kinds of group already.")) } else { Ok(()) }
}

/// Whether a kind may be deleted; groups that can be restored count.
pub fn delete(groups: i64) -> Result<()> {
    if groups == 0 {
        return Ok(());
    }
    let words = format!("{groups} groups are of this kind, deleted ones included. Retire it instead.");
    Err(Error::new(Code::InUse, words).with("group_count", groups))
}

/// Whether a group may choose a kind; one that it has already, it keeps.
pub fn choose(kind: &GroupType, is_held: bool) -> Result<()> {
    if kind.retired_at.is_none() || is_held {
        return Ok(());
    }
    Err(Error::invalid("/type_ids", "retired", format!("the group type {} is not given to groups any more", kind.id)))
}
