//! Registering, by oneself or by an invitation.

pub mod model;
pub mod policy;
pub mod queries;
pub mod routes;
