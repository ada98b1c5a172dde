//! Who reads the audit log: administrators all of it, a group's owners their group's part.

use super::model::AuditQuery;
use crate::auth::actor::Actor;
use crate::error::{Error, Result};

/// Whether the caller may read all of it.
pub fn read_all(actor: &Actor) -> Result<()> {
    actor.require_admin()
}

/// Refuses a span of time that ends before it begins.
pub fn span(query: &AuditQuery) -> Result<()> {
    match (query.since, query.until) {
        (Some(since), Some(until)) if until <= since => {
            Err(Error::parameter("until", "malformed", "must be later than since"))
        }
        _ => Ok(()),
    }
}
