//! Full-text search over groups, conversations, articles and people, as far as the caller may know of them.

pub mod model;
pub mod policy;
pub mod queries;
pub mod routes;
