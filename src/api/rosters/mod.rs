//! Many members at once: in one request, from a table, and as a table.

pub mod model;
pub mod policy;
pub mod queries;
pub mod routes;
