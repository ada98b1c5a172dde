//! `/events`.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, web};
use futures_util::{FutureExt as _, stream};
use tokio::sync::watch;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};
use utoipa_actix_web::service_config::ServiceConfig;

use super::live::{Live, Seat};
use super::model::{Event, StreamQuery};
use super::queries;
use crate::api::events;
use crate::api::memberships::access::Access;
use crate::auth::actor::Actor;
use crate::db::{Conn, Db};
use crate::error::{Code, Error, Result};
use crate::http::query::Query;
use crate::types::{EventId, GroupId};

/// Events that are read at once: no stream holds more.
const BATCH: i64 = 100;
/// How often a quiet stream says that it is there, and asks whether its listener may go on.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// How long a stream waits where the database has too much to do.
const PAUSE: Duration = Duration::from_millis(250);

/// The routes of this feature.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config.service(stream_events);
}

/// Listen to what happens
///
/// Server-sent events of everything that the caller may know of at the moment when it is told: `event` is the type, `data` an
/// `Event` as JSON, `id` what to send as `Last-Event-ID` to go on after it. Events are kept for a week; where that id is
/// forgotten, an event `reset` comes first: read everything anew. A comment comes every 15 seconds. The stream ends when the
/// session or key does; begin it again. With `follow=false` it ends with what has happened until now.
#[utoipa::path(tag = "events", operation_id = "stream_events",
    security(("bearer" = []), ("api_key" = ["events:read"])),
    params(StreamQuery, ("Last-Event-ID" = Option<String>, Header, description = "The id of the last event that was received; left out: only what happens from now on, or with `follow=false` all of the last week")),
    responses(
    (status = 200, description = "The stream", body = String, content_type = "text/event-stream"),
))]
#[get("/events")]
async fn stream_events(
    request: HttpRequest,
    actor: Actor,
    db: web::Data<Db>,
    live: web::Data<Live>,
    query: Query<StreamQuery>,
) -> Result<HttpResponse> {
    let (seat, follow) = (live.clone().into_inner().sit(actor.user_id).await?, query.follow.unwrap_or(true));
    let last_id = last_event_id(&request)?;
    let group = query.group_id;
    let found = db
        .read(move |conn| {
            if let Some(group) = group.filter(|_| follow && last_id.is_none()) {
                Access::find(conn, actor.viewer().without_office(), group).map_err(unknown_group)?;
            }
            begin(conn, last_id, follow)
        })
        .await?;
    let mut heartbeat = interval_at(Instant::now() + HEARTBEAT, HEARTBEAT);
    // whoever has not read for long is not sent all that they missed
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut waiting = VecDeque::from([": welcome\n\n".to_owned()]);
    if found.is_none() {
        waiting.push_back("event: reset\ndata: {}\n\n".to_owned());
    }
    let stream = Stream {
        actor,
        db: db.get_ref().clone(),
        group,
        place: found.unwrap_or_default(),
        waiting,
        last: live.last(),
        follow,
        heartbeat,
        seat,
    };
    let body = stream::unfold(stream, |mut stream| async {
        let text = stream.next().await?;
        Some((Ok::<_, Infallible>(web::Bytes::from(text)), stream))
    });
    let mut response = HttpResponse::Ok();
    // compressing would hold events back
    response.insert_header(header::ContentEncoding::Identity).insert_header((header::CACHE_CONTROL, "no-store"));
    // so would proxies
    response.insert_header(("x-accel-buffering", "no"));
    Ok(response.content_type("text/event-stream").streaming(body))
}

fn last_event_id(request: &HttpRequest) -> Result<Option<EventId>> {
    let Some(given) = request.headers().get("last-event-id") else { return Ok(None) };
    let id = given.to_str().ok().and_then(|text| text.parse().ok());
    let malformed = || Error::parameter("Last-Event-ID", "malformed", "is the id of an event");
    id.map(Some).ok_or_else(malformed)
}

/// Whoever goes on, or reads what was, may be told that the group is gone.
fn unknown_group(error: Error) -> Error {
    match error.code() {
        Code::NotFound => {
            Error::parameter("group_id", "unknown", "there is no such group, or none that you may know of")
        }
        _ => error,
    }
}

/// The place after which to begin; none where the last event that was received is forgotten.
fn begin(conn: &mut Conn, last_id: Option<EventId>, follow: bool) -> Result<Option<i64>> {
    match last_id {
        Some(id) => events::place_of(conn, id),
        None if follow => events::last_place(conn).map(Some),
        None => Ok(Some(0)),
    }
}

/// One who listens. It holds one batch at most: what is not read is not fetched.
struct Stream {
    actor: Actor,
    db: Db,
    group: Option<GroupId>,
    place: i64,
    waiting: VecDeque<String>,
    last: watch::Receiver<i64>,
    follow: bool,
    heartbeat: Interval,
    seat: Seat,
}

impl Stream {
    /// What is sent next; none at the end.
    async fn next(&mut self) -> Option<String> {
        loop {
            if let Some(text) = self.waiting.pop_front() {
                return Some(text);
            }
            match self.fetch().await {
                // however much it may not know of comes between, whoever listens sees that it goes on
                Ok(true) if self.waiting.is_empty() && self.heartbeat.tick().now_or_never().is_some() => self.beat(),
                Ok(true) => {}
                Ok(false) if !self.follow => return None,
                Ok(false) => self.wait().await?,
                // others are asking: nothing is lost, it comes a little later
                Err(error) if error.code() == Code::Busy => tokio::time::sleep(PAUSE).await,
                Err(error) => {
                    tracing::debug!(%error, "a stream of events ends");
                    return None;
                }
            }
        }
    }

    /// Reads the next events as the listener learns of them now; whether there were any.
    async fn fetch(&mut self) -> Result<bool> {
        let (actor, place) = (self.actor, self.place);
        let turn = self.seat.turn().await?;
        let (rows, told) = self
            .db
            .read(move |conn| {
                actor.check(conn)?;
                let rows = events::after(conn, place, BATCH)?;
                let told = queries::told(conn, actor.viewer(), &rows)?;
                Ok((rows, told))
            })
            .await?;
        drop(turn);
        let Some(last) = rows.last().and_then(|row| row.position) else { return Ok(false) };
        self.place = last;
        let is_asked = |event: &&Event| self.group.is_none() || event.data.group_id == self.group;
        for event in told.iter().filter(is_asked) {
            self.waiting.push_back(written(event)?);
        }
        Ok(true)
    }

    fn beat(&mut self) {
        self.waiting.push_back(": still here\n\n".to_owned());
    }

    /// Waits until there is something new, or a heartbeat is due, which comes as often whatever happens elsewhere; none when the
    /// server stops.
    async fn wait(&mut self) -> Option<()> {
        tokio::select! {
            biased;
            _ = self.heartbeat.tick() => self.beat(),
            () = self.seat.called() => self.beat(),
            changed = self.last.changed() => changed.ok()?,
        }
        Some(())
    }
}

/// An event as it is sent (HTML, section 9.2.5): JSON has no line breaks.
fn written(event: &Event) -> Result<String> {
    let data = serde_json::to_string(event).map_err(Error::internal)?;
    let kind = crate::db::sql_types::TextEnum::as_str(event.r#type);
    Ok(format!("id: {}\nevent: {kind}\ndata: {data}\n\n", event.id))
}
