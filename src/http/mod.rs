//! What every endpoint shares: problems, bodies, pages, text, limits. It knows no feature.

pub mod envelope;
pub mod json;
pub mod limits;
pub mod page;
pub mod patch;
pub mod problem;
pub mod query;
pub mod text;
