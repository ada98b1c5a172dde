//! Who belongs to a group, who asks to, who decides; and what a caller is to a group, which everything above asks first.

pub mod access;
pub mod activity;
pub mod model;
pub mod policy;
pub mod queries;
pub mod routes;
