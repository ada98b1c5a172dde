//! Conversations in a group: what is said to begin with, from the draft to the purge. What is answered is in
//! [`crate::api::comments`].

pub mod mentions;
pub mod model;
pub mod policy;
pub mod queries;
pub mod routes;
pub mod shares;
pub mod views;
