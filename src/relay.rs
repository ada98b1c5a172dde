//! Tells what happened to whoever listens: gives events their places after their commit, and wakes the streams of this server.
//! Several servers may run it at once; one at a time gives places.

use std::time::Duration;

use tokio::sync::watch;

use crate::api::events;
use crate::db::{Conn, Db};
use crate::error::Result;

/// How often it looks for what happened, here and at other servers.
const PERIOD: Duration = Duration::from_millis(250);

/// Runs for as long as the server does.
pub async fn run(db: Db, last: watch::Sender<i64>) {
    let mut tick = tokio::time::interval(PERIOD);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        if let Err(error) = step(&db, &last).await {
            tracing::warn!(%error, "what happened was not told; it is tried again");
        }
    }
}

async fn step(db: &Db, last: &watch::Sender<i64>) -> Result<()> {
    while db.read(events::is_any_waiting).await? && db.write(place).await? {}
    let place = db.read(events::last_place).await?;
    last.send_if_modified(|known| std::mem::replace(known, place) != place);
    Ok(())
}

/// Whether there were any.
fn place(conn: &mut Conn) -> Result<bool> {
    Ok(!events::place(conn)?.is_empty())
}
