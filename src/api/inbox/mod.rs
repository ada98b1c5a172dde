//! What one was told, as far as one may still read it: what is told is in [`crate::api::notices`], whether it is shown
//! is asked each time.

pub mod model;
pub mod policy;
pub mod queries;
pub mod routes;
