//! Events as a stream (server-sent events), and what of them a caller learns.

pub mod live;
pub mod model;
pub mod policy;
pub mod queries;
pub mod routes;
