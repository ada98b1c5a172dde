//! Feeds to subscribe to (Atom, RFC 4287), and the secrets in the addresses of those that are not for everybody.

pub mod atom;
pub mod model;
pub mod policy;
pub mod queries;
pub mod routes;
