//! Groups and their kinds, and when a group was last active.

pub mod changes;
pub mod model;
pub mod policy;
pub mod queries;
pub mod relatives;
pub mod routes;
pub mod shares;
pub mod slugs;
