//! What moderators do about a person and not about one text: formal warnings, and taking away all that somebody wrote in a group,
//! in one go and undoably.

pub mod model;
pub mod policy;
pub mod queries;
pub mod routes;
