//! What posts are to a person: kept, followed, read; and how much is unread where.

pub mod model;
pub mod policy;
pub mod queries;
pub mod routes;
