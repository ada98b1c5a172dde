//! Handing a group over: an owner offers it to a member, who accepts or does not.

pub mod model;
pub mod policy;
pub mod queries;
pub mod routes;
