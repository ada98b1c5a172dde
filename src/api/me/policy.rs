//! What stands in the way of deleting an account.

use serde_json::json;

use crate::api::memberships::model::Candidate;
use crate::error::{Code, Error, Result};
use crate::types::GroupId;

/// An account goes only when each group it owns has another owner; the problem lists who could be that.
pub fn delete(solely_owned: &[(GroupId, Vec<Candidate>)]) -> Result<()> {
    if solely_owned.is_empty() {
        return Ok(());
    }
    let group = |(id, candidates): &(GroupId, Vec<Candidate>)| json!({ "id": id, "candidates": candidates });
    let groups: Vec<serde_json::Value> = solely_owned.iter().map(group).collect();
    Err(Error::new(Code::LastOwner, "Somebody else must own these groups first.").with("groups", groups))
}
