//! Editorial pieces of the platform, and the groups that contributed to them.

pub mod model;
pub mod policy;
pub mod queries;
pub mod related;
pub mod routes;
pub mod slugs;
