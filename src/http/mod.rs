//! What every endpoint shares: problems, bodies, pages, text. It knows no feature.

pub mod changes;
pub mod conditional;
pub mod csv;
pub mod envelope;
pub mod export;
pub mod json;
pub mod lists;
pub mod markdown;
pub mod page;
pub mod patch;
pub mod problem;
pub mod query;
pub mod text;
