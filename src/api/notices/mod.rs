//! What people are told inside the application: made here, by the features in which something happens; read in
//! [`crate::api::inbox`], where it is asked again what may be read.

pub mod model;
pub mod policy;
pub mod queries;
pub mod routes;
