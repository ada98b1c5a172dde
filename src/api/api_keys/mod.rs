//! API keys: what programs call with, for people and for service accounts.

pub mod model;
pub mod policy;
pub mod queries;
pub mod routes;
