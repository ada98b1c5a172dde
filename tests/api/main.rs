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

mod activity;
mod anonymity;
mod api_keys;
mod architecture;
mod articles;
mod attacks;
mod authorisation;
mod changes;
mod compatibility;
mod conditional;
mod conversations;
mod crash;
mod demo;
mod doctor;
mod document;
mod event_stream;
mod ground_floor;
mod group_course;
mod group_types;
mod groups;
mod guides;
mod idempotency;
mod invitations;
mod leaks;
mod limits;
mod load;
mod me;
mod membership_life;
mod membership_model;
mod memberships;
mod migrations;
mod moderation;
mod notifications;
mod ownership;
mod people;
mod posts;
mod processes;
mod proposals;
mod regressions;
mod rosters;
mod sanitising;
mod search;
mod sessions;
mod settings;
mod shares;
mod statements;
mod submissions;
mod subscriptions;
mod support;
mod users;
mod webhooks;

use std::process::ExitCode;

fn main() -> ExitCode {
    support::harness::run(vec![
        ("ground_floor", ground_floor::cases()),
        // one waits for more than a minute
        ("guides", guides::cases()),
        ("activity", activity::cases()),
        ("anonymity", anonymity::cases()),
        ("api_keys", api_keys::cases()),
        ("attacks", attacks::cases()),
        ("architecture", architecture::cases()),
        ("articles", articles::cases()),
        ("authorisation", authorisation::cases()),
        ("changes", changes::cases()),
        ("compatibility", compatibility::cases()),
        ("conditional", conditional::cases()),
        ("conversations", conversations::cases()),
        ("crash", crash::cases()),
        ("demo", demo::cases()),
        ("doctor", doctor::cases()),
        ("document", document::cases()),
        ("event_stream", event_stream::cases()),
        ("group_course", group_course::cases()),
        ("group_types", group_types::cases()),
        ("groups", groups::cases()),
        ("idempotency", idempotency::cases()),
        ("invitations", invitations::cases()),
        ("leaks", leaks::cases()),
        ("limits", limits::cases()),
        ("load", load::cases()),
        ("me", me::cases()),
        ("membership_life", membership_life::cases()),
        ("membership_model", membership_model::cases()),
        ("memberships", memberships::cases()),
        ("rosters", rosters::cases()),
        ("migrations", migrations::cases()),
        ("moderation", moderation::cases()),
        ("notifications", notifications::cases()),
        ("ownership", ownership::cases()),
        ("people", people::cases()),
        ("proposals", proposals::cases()),
        ("posts", posts::cases()),
        ("processes", processes::cases()),
        ("regressions", regressions::cases()),
        ("sanitising", sanitising::cases()),
        ("search", search::cases()),
        ("sessions", sessions::cases()),
        ("settings", settings::cases()),
        ("shares", shares::cases()),
        ("statements", statements::cases()),
        ("submissions", submissions::cases()),
        ("subscriptions", subscriptions::cases()),
        ("users", users::cases()),
        ("webhooks", webhooks::cases()),
    ])
}
