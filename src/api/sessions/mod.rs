//! Sessions: registering, logging in and out, refreshing, and the list of one's devices.

pub mod model;
pub mod policy;
pub mod queries;
pub mod routes;
