//! Invitations to groups: of a person, of an address that need not have an account yet, or by a link.

pub mod acceptance;
pub mod model;
pub mod policy;
pub mod queries;
pub mod routes;
