//! Conversations in a group: posts, and comments in threads.

pub mod model;
pub mod policy;
pub mod queries;
pub mod routes;
