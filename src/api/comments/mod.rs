//! What is answered to a post, in threads.

pub mod model;
pub mod policy;
pub mod queries;
pub mod routes;
