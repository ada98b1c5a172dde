//! Posts that everybody may read, in other groups than their own, too: listed, pinned and taken out by each on its own. What is
//! answered is said in the post's own group. How they are read is in [`crate::api::posts::shares`].

pub mod model;
pub mod policy;
pub mod queries;
pub mod routes;
