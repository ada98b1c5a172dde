//! `/auth/…` and the public keys.

use std::sync::Arc;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, delete, get, post, web};
use utoipa_actix_web::service_config::ServiceConfig;

use super::model::{Login, Refresh, Session, SessionPage, SessionQuery, SessionView, Tokens};
use super::policy;
use super::queries::{self, Refreshed};
use crate::api::users;
use crate::api::users::model::{Account, User};
use crate::auth::actor::Actor;
use crate::auth::password::Passwords;
use crate::auth::revocations::Revocations;
use crate::auth::tokens::{self, JsonWebKeySet, REFRESH_LIFE};
use crate::db::{Conn, Db};
use crate::error::{Code, Error, Result};
use crate::http::json::{self, Body};
use crate::http::page::{self, Page};
use crate::http::query::Query;
use crate::types::{SessionId, Timestamp};

/// The routes of this feature.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config.service(log_in).service(refresh).service(log_out);
    // before the one that takes «current» for an id
    config.service(delete_current_session).service(list_sessions).service(delete_session);
}

/// The route outside `/api/v1`.
pub fn configure_root(config: &mut ServiceConfig<'_>) {
    config.service(get_jwks);
}

/// Get the public keys
///
/// They verify access tokens (EdDSA); a token's `kid` says which.
#[utoipa::path(tag = "sessions", operation_id = "get_jwks", security(()), responses(
    (status = 200, description = "The keys", body = JsonWebKeySet),
))]
#[get("/.well-known/jwks.json")]
async fn get_jwks(tokens: web::Data<tokens::Tokens>) -> HttpResponse {
    HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "public, max-age=300")).json(tokens.published())
}

/// Log in
///
/// An unknown address and a wrong password get the same answer in the same time.
#[utoipa::path(tag = "sessions", operation_id = "create_session", security(()), request_body = Login, responses(
    (status = 200, description = "Logged in", body = Tokens),
    (status = 401, description = "The address or the password is wrong (`invalid_credentials`)"),
    (status = 403, description = "The account waits for approval or is suspended (`account_pending`, `account_suspended`)"),
))]
#[post("/auth/login")]
async fn log_in(
    request: HttpRequest,
    db: web::Data<Db>,
    passwords: web::Data<Passwords>,
    tokens: web::Data<tokens::Tokens>,
    body: Body<Login>,
) -> Result<HttpResponse> {
    let Login { email, password } = body.0;
    let user = db.read(move |conn| users::queries::find_by_email(conn, email.as_str())).await?;
    let kept = user.as_ref().map(|user| user.password_hash.clone());
    let verified = passwords.verify(password, kept).await?;
    let user = user.filter(|_| verified.matches);
    let user = user.ok_or_else(wrong_credentials)?;
    policy::log_in(&user)?;
    let tokens = start_session(&db, &tokens, user, user_agent(&request), verified.rehashed).await?;
    Ok(json::ok(&tokens))
}

fn wrong_credentials() -> Error {
    Error::new(Code::InvalidCredentials, "The address or the password is wrong.")
}

/// Starts a session for somebody whose password was right, as `user` has it.
///
/// # Errors
/// When the password has changed or the account has ceased to be active meanwhile, or the database does not answer.
pub async fn start_session(
    db: &Db,
    tokens: &tokens::Tokens,
    user: User,
    user_agent: Option<String>,
    rehashed: Option<String>,
) -> Result<Tokens> {
    let now = Timestamp::now();
    let (refresh_token, token_hash) = tokens::new_refresh_token()?;
    let session = Session {
        id: SessionId::new(),
        user_id: user.id,
        user_agent,
        created_at: now,
        last_used_at: now,
        expires_at: now.after(REFRESH_LIFE),
        revoked_at: None,
    };
    let (id, tried) = (session.id, user.password_hash);
    let user = db
        .write(move |conn| {
            let user = users::queries::hold(conn, session.user_id)?;
            policy::log_in(&user)?;
            if user.password_hash != tried {
                return Err(wrong_credentials());
            }
            if let Some(hash) = &rehashed {
                users::queries::set_password_hash(conn, user.id, hash)?;
            }
            queries::insert(conn, &session, &token_hash)?;
            Ok(user)
        })
        .await?;
    answer(tokens, user, id, refresh_token, now)
}

fn answer(
    tokens: &tokens::Tokens,
    user: User,
    session: SessionId,
    refresh_token: String,
    now: Timestamp,
) -> Result<Tokens> {
    let (access_token, expires_in) = tokens.issue(user.id, session, user.platform_role, now)?;
    let token_type = "Bearer".to_owned();
    Ok(Tokens { access_token, token_type, expires_in, refresh_token, user: Account::from(user) })
}

/// What the device calls itself, cut to 200 characters.
#[must_use]
pub fn user_agent(request: &HttpRequest) -> Option<String> {
    let text = request.headers().get(header::USER_AGENT)?.to_str().ok()?;
    Some(text.chars().filter(|c| !c.is_control()).take(200).collect())
}

/// Refresh
///
/// Exchanges a refresh token for a new pair. Each works once: using one twice ends the session.
#[utoipa::path(tag = "sessions", operation_id = "refresh_session", security(()), request_body = Refresh, responses(
    (status = 200, description = "A new pair", body = Tokens),
    (status = 401, description = "The refresh token is unknown, expired, used before, or its session has ended (`invalid_refresh_token`)"),
))]
#[post("/auth/refresh")]
async fn refresh(
    tokens: web::Data<tokens::Tokens>,
    revocations: web::Data<Revocations>,
    body: Body<Refresh>,
) -> Result<HttpResponse> {
    let now = Timestamp::now();
    let used = tokens::token_hash(&body.0.refresh_token);
    let (refresh_token, next) = tokens::new_refresh_token()?;
    let (refreshed, user) = revocations
        .write(move |conn| {
            let refreshed = queries::rotate(conn, &used, &next, now)?;
            let user = match &refreshed {
                Refreshed::Session(session) => Some(users::queries::hold(conn, session.user_id)?),
                Refreshed::Reused(_) | Refreshed::Invalid => None,
            };
            let ended = if let Refreshed::Reused(session) = &refreshed { vec![*session] } else { Vec::new() };
            Ok(((refreshed, user), ended))
        })
        .await?;
    let user = user.filter(|user| policy::log_in(user).is_ok());
    let (Refreshed::Session(session), Some(user)) = (refreshed, user) else {
        return Err(Error::new(Code::InvalidRefreshToken, "Log in again."));
    };
    Ok(json::ok(&answer(&tokens, user, session.id, refresh_token, now)?))
}

/// Log out
///
/// The same as deleting the current session, under its first name.
#[utoipa::path(tag = "sessions", operation_id = "end_current_session", security(("bearer" = [])),
    extensions(
        ("x-deprecated-since" = json!("2026-12-01")),
        ("x-sunset" = json!("2028-01-01")),
        ("x-successor" = json!("/api/v1/auth/sessions/current")),
    ), responses(
    (status = 204, description = "Logged out"),
))]
#[post("/auth/logout")]
async fn log_out(actor: Actor, revocations: web::Data<Revocations>) -> Result<HttpResponse> {
    end_current(actor, &revocations).await
}

/// Log out
///
/// Ends the session that asks, and its access tokens, at once.
#[utoipa::path(tag = "sessions", operation_id = "delete_current_session", security(("bearer" = [])), responses(
    (status = 204, description = "Logged out"),
))]
#[delete("/auth/sessions/current")]
async fn delete_current_session(actor: Actor, revocations: web::Data<Revocations>) -> Result<HttpResponse> {
    end_current(actor, &revocations).await
}

async fn end_current(actor: Actor, revocations: &Arc<Revocations>) -> Result<HttpResponse> {
    let session = actor.session_id().ok_or_else(|| Error::internal("a key is no session"))?;
    let now = Timestamp::now();
    revocations.write(move |conn| Ok((queries::end(conn, session, now)?, vec![session]))).await?;
    Ok(json::no_content())
}

/// List one's sessions
///
/// Those that go on, newest first.
#[utoipa::path(tag = "sessions", operation_id = "list_sessions", security(("bearer" = [])), params(SessionQuery), responses(
    (status = 200, description = "One page of sessions", body = SessionPage),
))]
#[get("/auth/sessions")]
async fn list_sessions(
    request: HttpRequest,
    actor: Actor,
    db: web::Data<Db>,
    query: Query<SessionQuery>,
) -> Result<HttpResponse> {
    let page = Page::<i64>::new("sessions", &actor.user_id, query.limit, query.cursor.as_deref())?;
    let (cut, now) = (page.clone(), Timestamp::now());
    let sessions = db.read(move |conn| queries::list(conn, actor.user_id, &page, now)).await?;
    let (sessions, next_cursor) = cut.cut(sessions, |session| (session.created_at.micros(), session.id.uuid()));
    let view = |session: Session| SessionView {
        current: Some(session.id) == actor.session_id(),
        id: session.id,
        user_agent: session.user_agent,
        created_at: session.created_at,
        last_used_at: session.last_used_at,
        expires_at: session.expires_at,
    };
    let body = SessionPage { items: sessions.into_iter().map(view).collect(), next_cursor };
    Ok(page::ok(&request, &body, body.next_cursor.as_deref()))
}

/// End one of one's sessions
///
/// Its access tokens end at once.
#[utoipa::path(tag = "sessions", operation_id = "delete_session", security(("bearer" = [])), responses(
    (status = 204, description = "Ended"),
    (status = 404, description = "No such session of yours"),
))]
#[delete("/auth/sessions/{session_id}")]
async fn delete_session(
    actor: Actor,
    revocations: web::Data<Revocations>,
    session_id: web::Path<SessionId>,
) -> Result<HttpResponse> {
    let (session, now) = (*session_id, Timestamp::now());
    let end = move |conn: &mut Conn| {
        if queries::end_own(conn, actor.user_id, session, now)? {
            Ok(((), vec![session]))
        } else {
            Err(Error::not_found())
        }
    };
    revocations.write(end).await?;
    Ok(json::no_content())
}
