//! Praxis, the server behind communities of practice.
//!
//! ```text
//! main → cli → { demo, doctor, reindex, server → { jobs, contract } } → openapi → api → features → http → auth → types → db → error
//! ```
//!
//! `docs/ARCHITECTURE.md` is the map; `tests/api/architecture.rs` keeps the arrows pointing down.

pub mod api;
pub mod auth;
pub mod cli;
pub mod config;
pub mod contract;
pub mod db;
pub mod demo;
pub mod doctor;
pub mod error;
pub mod http;
pub mod jobs;
pub mod openapi;
pub mod reindex;
pub mod relay;
pub mod server;
pub mod telemetry;
pub mod types;
