//! What waits until those who moderate have read it, in groups that want that of newcomers or of everyone. It is nowhere else:
//! what was approved is written anew, as a post or a comment of its author's, and only then there is something to find.

pub mod model;
pub mod policy;
pub mod queries;
pub mod routes;
