//! Who calls: passwords, access tokens, what ends them, and the extractor that every handler names in its signature.

pub mod actor;
pub mod counts;
pub mod keys;
pub mod limits;
pub mod password;
pub mod revocations;
pub mod scopes;
pub mod tokens;
