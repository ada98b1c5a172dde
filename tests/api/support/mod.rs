//! What every test shares: a database and a server of its own, callers, and the check against the document.

pub mod app;
pub mod browser;
pub mod caller;
pub mod database;
pub mod document;
pub mod harness;
pub mod process;
pub mod raw;
pub mod receiver;
pub mod world;

pub use app::App;
pub use caller::{Answer, Caller};
pub use database::Database;
pub use harness::Case;
pub(crate) use harness::{plain, served, stored};

/// Compiles one block of diesel once per engine, as the program does.
macro_rules! on_each {
    ($conn:ident => $body:expr) => {
        match $conn {
            praxis::db::Conn::Sqlite($conn) => $body,
            praxis::db::Conn::Postgres($conn) => $body,
        }
    };
}
pub(crate) use on_each;
