//! Settings of the whole platform, which administrators change over HTTP.

pub mod model;
pub mod policy;
pub mod queries;
pub mod routes;
