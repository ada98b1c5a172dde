//! Tells what happened to whoever listens: gives events their places after their commit, wakes the streams of this server, and
//! sends to webhooks. Several servers may run it at once; one at a time gives places, and each delivery is sent by one.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, watch};
use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::api::webhooks::model::DeliveryRow;
use crate::api::webhooks::outlet::{ANSWER_TIME, Outlet};
use crate::api::webhooks::policy::Outcome;
use crate::api::webhooks::queries::Prepared;
use crate::api::{events, webhooks};
use crate::db::Db;
use crate::error::{Code, Result};
use crate::types::Timestamp;

/// How often it looks for what happened, here and at other servers.
const PERIOD: Duration = Duration::from_millis(250);
/// Deliveries that a server sends at once.
const AT_ONCE: usize = 256;
/// How often it is tried to keep what came of a delivery, while the database is busy.
const TRIES: u32 = 5;

fn ticks() -> Interval {
    let mut ticks = interval(PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

/// Logs the first of several failures, and the end of them: it is tried again four times a second.
fn note(what: &str, came: &Result<()>, is_failing: &mut bool) {
    match came {
        Ok(()) if *is_failing => tracing::info!(what, "works again"),
        Err(error) if !*is_failing => tracing::warn!(what, %error, "does not work; it is tried again until it does"),
        _ => {}
    }
    *is_failing = came.is_err();
}

/// Gives places and wakes streams, for as long as the server runs.
pub async fn run(db: Db, last: watch::Sender<i64>) {
    let (mut ticks, mut is_failing) = (ticks(), false);
    loop {
        ticks.tick().await;
        note("what happened is told", &step(&db, &last).await, &mut is_failing);
    }
}

async fn step(db: &Db, last: &watch::Sender<i64>) -> Result<()> {
    while db.read(events::is_any_waiting).await? && db.write(events::place).await? {}
    let place = db.read(events::last_place).await?;
    last.send_if_modified(|known| std::mem::replace(known, place) != place);
    Ok(())
}

/// Lays out for webhooks what has its place, for as long as the server runs: streams do not wait for it.
pub async fn lay_out(db: Db, mut last: watch::Receiver<i64>) {
    let (mut ticks, mut is_failing) = (ticks(), false);
    // what another server was killed over has its place already
    last.mark_changed();
    loop {
        ticks.tick().await;
        if !is_failing && last.changed().await.is_err() {
            return;
        }
        note("what happened is laid out for webhooks", &lay_out_all(&db).await, &mut is_failing);
    }
}

async fn lay_out_all(db: &Db) -> Result<()> {
    while let Some(slice) = db.read(|conn| webhooks::queries::next_slice(conn, Timestamp::now())).await? {
        // where another server came first the next slice is another one
        db.write(move |conn| webhooks::queries::lay_out(conn, &slice, Timestamp::now())).await?;
    }
    Ok(())
}

/// Sends to webhooks, for as long as the server runs. What it was sending when it stopped is sent again.
pub async fn deliver(db: Db, outlet: Outlet) {
    let (mut ticks, mut is_failing, seats) = (ticks(), false, Arc::new(Semaphore::new(AT_ONCE)));
    loop {
        ticks.tick().await;
        note("webhooks are told", &send_due(&db, &outlet, &seats).await, &mut is_failing);
    }
}

async fn send_due(db: &Db, outlet: &Outlet, seats: &Arc<Semaphore>) -> Result<()> {
    let free = i64::try_from(seats.available_permits()).unwrap_or_default();
    if free == 0 {
        return Ok(());
    }
    let due = db.read(move |conn| webhooks::queries::due(conn, free, Timestamp::now())).await?;
    if due.is_empty() {
        return Ok(());
    }
    let taken = db.write(move |conn| webhooks::queries::take(conn, &due, Timestamp::now())).await?;
    for delivery in taken {
        let Ok(seat) = Arc::clone(seats).acquire_owned().await else { return Ok(()) };
        let (db, outlet) = (db.clone(), outlet.clone());
        actix_web::rt::spawn(async move {
            let id = delivery.id;
            if let Err(error) = send(&db, &outlet, delivery).await {
                tracing::warn!(%error, %id, "a delivery was not sent; it is tried again");
            }
            drop(seat);
        });
    }
    Ok(())
}

async fn send(db: &Db, outlet: &Outlet, delivery: DeliveryRow) -> Result<()> {
    let asked = delivery.clone();
    let (webhook, event) = match db.read(move |conn| webhooks::queries::prepare(conn, &asked, Timestamp::now())).await?
    {
        Prepared::Send(webhook, event) => (webhook, event),
        Prepared::Wait => {
            return db.write(move |conn| webhooks::queries::postpone(conn, &delivery, Timestamp::now())).await;
        }
        Prepared::Fail(webhook, outcome) => return settle(db, &delivery, &webhook.url, &outcome).await,
        Prepared::PutOff => {
            return db.write(move |conn| webhooks::queries::put_off(conn, &delivery, Timestamp::now())).await;
        }
        Prepared::Forget => return db.write(move |conn| webhooks::queries::withhold(conn, &delivery)).await,
    };
    // whoever has waited for too long may not be the only one who sends it any more
    let ends = Timestamp::now().after(ANSWER_TIME);
    if delivery.leased_until.is_none_or(|until| until <= ends) {
        return Ok(());
    }
    let outcome = outlet.send(&webhook, &event, Timestamp::now()).await?;
    settle(db, &delivery, &webhook.url, &outcome).await
}

/// Keeps what came of a delivery: if it were lost, what was taken would be sent again.
async fn settle(db: &Db, delivery: &DeliveryRow, url: &str, outcome: &Outcome) -> Result<()> {
    let mut tries = 1;
    loop {
        let (delivery, url, outcome) = (delivery.clone(), url.to_owned(), outcome.clone());
        let kept =
            db.write(move |conn| webhooks::queries::settle(conn, &delivery, &url, &outcome, Timestamp::now())).await;
        match kept {
            Err(error) if error.code() == Code::Busy && tries < TRIES => tokio::time::sleep(PERIOD * tries).await,
            kept => return kept,
        }
        tries += 1;
    }
}
