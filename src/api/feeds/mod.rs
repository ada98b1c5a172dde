//! What is new: in all of one's groups, and in one of them.

pub mod model;
pub mod policy;
pub mod queries;
pub mod routes;
