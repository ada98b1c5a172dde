//! Webhooks: what happens, told to addresses of others (Standard Webhooks).

pub mod model;
pub mod outlet;
pub mod policy;
pub mod queries;
pub mod routes;
