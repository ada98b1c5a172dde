//! One's own account and memberships.

pub mod model;
pub mod policy;
pub mod queries;
pub mod routes;
