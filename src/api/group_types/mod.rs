//! Kinds of group: data that administrators manage over HTTP, each with the defaults of a new group of its kind.

pub mod model;
pub mod policy;
pub mod queries;
pub mod routes;
