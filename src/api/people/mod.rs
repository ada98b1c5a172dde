//! People as others find them outside groups: those who let others see which groups they are in.

pub mod model;
pub mod policy;
pub mod queries;
pub mod routes;
