//! People: their accounts, and what administrators do with them.

pub mod model;
pub mod policy;
pub mod queries;
pub mod routes;
