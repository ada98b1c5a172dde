//! The integration tests: black box over a real port, a fresh database for each case, every case once per database.
//!
//! `cargo test --test api -- sqlite::sessions` runs one file's cases on one database. PostgreSQL takes part where
//! `PRAXIS_TEST_POSTGRES_URL` names a database in which schemas may be made.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that fails should say where"
)]

mod memberships;
mod sessions;
mod support;

use std::process::ExitCode;

fn main() -> ExitCode {
    support::harness::run(vec![("memberships", memberships::cases()), ("sessions", sessions::cases())])
}
