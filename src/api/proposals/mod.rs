//! Proposals for new groups, where the platform lets administrators approve them first.

pub mod model;
pub mod policy;
pub mod queries;
pub mod routes;
