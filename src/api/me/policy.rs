//! What stands in the way of deleting an account.

use crate::error::{Code, Error, Result};
use crate::types::GroupId;

/// An account goes only when each group it owns has another owner.
pub fn delete(solely_owned: &[GroupId]) -> Result<()> {
    if solely_owned.is_empty() {
        return Ok(());
    }
    let groups: Vec<String> = solely_owned.iter().map(ToString::to_string).collect();
    Err(Error::new(Code::LastOwner, "Somebody else must own these groups first.").with("groups", groups))
}
