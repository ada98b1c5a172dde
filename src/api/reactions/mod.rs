//! What people think of posts and comments, in one click: a small fixed set, one of each per person.

pub mod model;
pub mod policy;
pub mod queries;
pub mod routes;
