//! `/admin/audit-log`: all of it, as pages and as files. A group's part is with the groups.

use std::borrow::Cow;

use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::Serialize as _;
use utoipa_actix_web::service_config::ServiceConfig;

use super::model::{AuditAction, AuditEvent, AuditEventPage, AuditExportQuery, AuditQuery, Entry, NamedAuditRow};
use super::{policy, queries};
use crate::auth::actor::Actor;
use crate::db::Db;
use crate::db::sql_types::TextEnum as _;
use crate::error::{Error, Result};
use crate::http::csv::{self, CSV};
use crate::http::export::{self, JSON_LINES};
use crate::http::page::{self, Page};
use crate::http::query::Query;
use crate::types::Timestamp;

/// The routes of this feature.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config.service(list_audit_events).service(export_audit_log_csv).service(export_audit_log_jsonl);
}

/// List the audit log
///
/// Administrators only. Newest first.
#[utoipa::path(tag = "admin", operation_id = "list_audit_events",
    security(("bearer" = ["admin"]), ("api_key" = ["admin:read", "admin"])), params(AuditQuery), responses(
    (status = 200, description = "One page of entries", body = AuditEventPage),
    (status = 403, description = "Not an administrator (`forbidden`)"),
))]
#[get("/admin/audit-log")]
async fn list_audit_events(
    request: HttpRequest,
    actor: Actor,
    db: web::Data<Db>,
    query: Query<AuditQuery>,
) -> Result<HttpResponse> {
    policy::read_all(&actor)?;
    let body = find(&db, query.into_inner()).await?;
    Ok(page::ok(&request, &body, body.next_cursor.as_deref()))
}

/// One page of the entries that answer a question.
///
/// # Errors
/// `bad_parameter`, `bad_cursor`, and when the database does not answer.
pub async fn find(db: &Db, query: AuditQuery) -> Result<AuditEventPage> {
    policy::span(&query)?;
    let page = page_of(&query)?;
    let cut = page.clone();
    let rows = db.read(move |conn| queries::list(conn, &query, &page)).await?;
    let (rows, next_cursor) = cut.cut(rows, queries::key);
    Ok(AuditEventPage { items: rows.into_iter().map(AuditEvent::from).collect(), next_cursor })
}

fn page_of(query: &AuditQuery) -> Result<Page<i64>> {
    let filters = (query.actor_id, query.action, query.target_id, query.group_id, query.since, query.until);
    Page::new("audit-log", &filters, query.limit, query.cursor.as_deref())
}

/// Export the audit log as CSV
///
/// Administrators only; recorded itself. Newest first.
#[utoipa::path(tag = "admin", operation_id = "export_audit_log_csv",
    security(("bearer" = ["admin"]), ("api_key" = ["admin:read", "admin"])), params(AuditExportQuery),
    responses(
    (status = 200, description = "The entries", body = String, content_type = "text/csv"),
    (status = 403, description = "Not an administrator (`forbidden`)"),
))]
#[get("/admin/audit-log.csv")]
async fn export_audit_log_csv(actor: Actor, db: web::Data<Db>, query: Query<AuditExportQuery>) -> Result<HttpResponse> {
    export(actor, db, query.into_inner(), CSV, "audit-log.csv", table).await
}

/// Export the audit log as JSON lines
///
/// Administrators only; recorded itself. Newest first, one entry a line.
#[utoipa::path(tag = "admin", operation_id = "export_audit_log_jsonl",
    security(("bearer" = ["admin"]), ("api_key" = ["admin:read", "admin"])), params(AuditExportQuery),
    responses(
    (status = 200, description = "The entries", body = String, content_type = "application/jsonl"),
    (status = 403, description = "Not an administrator (`forbidden`)"),
))]
#[get("/admin/audit-log.jsonl")]
async fn export_audit_log_jsonl(
    actor: Actor,
    db: web::Data<Db>,
    query: Query<AuditExportQuery>,
) -> Result<HttpResponse> {
    export(actor, db, query.into_inner(), JSON_LINES, "audit-log.jsonl", json_lines).await
}

async fn export(
    actor: Actor,
    db: web::Data<Db>,
    query: AuditExportQuery,
    media_type: &'static str,
    name: &str,
    write: fn(Vec<NamedAuditRow>, bool) -> Result<Bytes>,
) -> Result<HttpResponse> {
    policy::read_all(&actor)?;
    let query = AuditQuery::from(query);
    policy::span(&query)?;
    let now = Timestamp::now();
    actor
        .write(&db, move |conn| {
            queries::record(conn, Some(&actor), Entry::platform(AuditAction::AuditLogExported), now)
        })
        .await?;
    // what is added meanwhile is newer than the first entry and does not come in
    let first = Page::<i64>::whole(export::PIECE);
    export::stream(media_type, name, (first, true), move |(page, is_first)| {
        let (db, query) = (db.clone(), query.clone());
        async move {
            let at = page.clone();
            let rows = db.read(move |conn| queries::list(conn, &query, &at)).await?;
            let next = page.next_whole(&rows, queries::key);
            Ok((write(rows, is_first)?, next.map(|page| (page, false))))
        }
    })
    .await
}

const HEADER: [&str; 11] = [
    "id",
    "at",
    "actor_id",
    "actor_name",
    "action",
    "target_kind",
    "target_id",
    "group_id",
    "changes",
    "reason",
    "request_id",
];

fn table(rows: Vec<NamedAuditRow>, with_header: bool) -> Result<Bytes> {
    let header = with_header.then(|| HEADER.map(Cow::Borrowed).to_vec());
    let text = |value: Option<String>| Cow::Owned(value.unwrap_or_default());
    let cells = rows.into_iter().map(AuditEvent::from).map(|event| {
        let changes = if event.changes.is_empty() {
            String::new()
        } else {
            serde_json::to_string(&event.changes).unwrap_or_default()
        };
        vec![
            Cow::Owned(event.id.to_string()),
            Cow::Owned(event.at.to_string()),
            text(event.actor_id.map(|id| id.to_string())),
            text(event.actor_name),
            Cow::Borrowed(event.action.as_str()),
            Cow::Borrowed(event.target_kind.as_str()),
            text(event.target_id.map(|id| id.to_string())),
            text(event.group_id.map(|id| id.to_string())),
            Cow::Owned(changes),
            text(event.reason),
            text(event.request_id),
        ]
    });
    csv::write(header.into_iter().chain(cells))
}

fn json_lines(rows: Vec<NamedAuditRow>, _: bool) -> Result<Bytes> {
    let mut lines = Vec::new();
    for event in rows.into_iter().map(AuditEvent::from) {
        event.serialize(&mut serde_json::Serializer::new(&mut lines)).map_err(Error::internal)?;
        lines.push(b'\n');
    }
    Ok(Bytes::from(lines))
}
