//! Requests to join: who asked, what they wrote, and what those who lead a group decide.

pub mod model;
pub mod policy;
pub mod queries;
pub mod routes;
