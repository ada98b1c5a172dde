//! The audit log: who did what to what, when and why. Every feature writes it in the transaction of the change.

pub mod model;
pub mod policy;
pub mod queries;
pub mod routes;
