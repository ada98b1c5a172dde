//! Feeds to subscribe to (Atom, RFC 4287), and the keys to those that are not for everybody.

pub mod atom;
pub mod model;
pub mod policy;
pub mod queries;
pub mod routes;
