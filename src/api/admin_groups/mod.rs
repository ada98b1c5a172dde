//! All groups, whatever became of them, for administrators: found by status and number of owners, restored, purged.

pub mod model;
pub mod policy;
pub mod queries;
pub mod routes;
