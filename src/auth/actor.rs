//! The extractors for who calls: [`Actor`] where a login is needed, [`Viewer`] where it is not.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header;
use diesel::prelude::*;

use actix_web::{FromRequest, HttpMessage as _, HttpRequest, web};

use super::revocations::Revocations;
use super::tokens::Tokens;
use crate::db::schema::{sessions, users};
use crate::db::{Conn, Db, each_backend};
use crate::error::{Code, Error, Result};
use crate::types::{RequestId, SessionId, UserId, text_enum};

text_enum! {
    /// What a person may do on the whole platform.
    PlatformRole {
        /// Nothing beyond what groups allow.
        Member = "member",
        /// Writes articles.
        Editor = "editor",
        /// Moderates content.
        Moderator = "moderator",
        /// Everything.
        Admin = "admin",
    }
}

/// Somebody who is logged in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Actor {
    /// The person.
    pub user_id: UserId,
    /// The session.
    pub session_id: SessionId,
    /// The platform role.
    pub role: PlatformRole,
    /// The request, for the audit log.
    pub request_id: RequestId,
    /// Whether an administrator has said why they read what only members may; only what records it sets this.
    pub gives_reason: bool,
}

/// Whoever looks: somebody logged in, or anybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Viewer(pub Option<Actor>);

impl Viewer {
    /// The person's id; nobody's where nobody is logged in, so that one query serves both.
    #[must_use]
    pub fn user_id(&self) -> UserId {
        self.0.map_or_else(UserId::nil, |actor| actor.user_id)
    }

    /// Whether an administrator looks.
    #[must_use]
    pub fn is_admin(&self) -> bool {
        self.0.is_some_and(|actor| actor.is_admin())
    }

    /// Whether an editor or an administrator looks.
    #[must_use]
    pub fn is_editor(&self) -> bool {
        self.0.is_some_and(|actor| actor.is_editor())
    }
}

impl Actor {
    /// Whether this is an administrator.
    #[must_use]
    pub fn is_admin(&self) -> bool {
        self.role == PlatformRole::Admin
    }

    /// Whether this is an editor or an administrator.
    #[must_use]
    pub fn is_editor(&self) -> bool {
        matches!(self.role, PlatformRole::Editor | PlatformRole::Admin)
    }

    /// Runs a transaction on the caller's behalf. Its first statement asks once more whether the session goes on and the
    /// role stands: much may have happened since the request's head arrived.
    ///
    /// # Errors
    /// `invalid_token` when the session has ended; what `work` returns, after a rollback.
    pub async fn write<T: Send + 'static>(
        self,
        db: &Db,
        work: impl Fn(&mut Conn) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        db.write(move |conn| {
            self.confirm(conn)?;
            work(conn)
        })
        .await
    }

    /// Asks whether the session goes on and the role stands. The account cannot be locked exclusively, as what ends
    /// sessions does first, until the transaction ends.
    ///
    /// # Errors
    /// `invalid_token`.
    pub fn confirm(&self, conn: &mut Conn) -> Result<()> {
        let account = users::table
            .find(self.user_id)
            .filter(users::status.eq("active"))
            .filter(users::platform_role.eq(self.role))
            .select(users::id);
        let account: Option<UserId> = match conn {
            Conn::Sqlite(conn) => account.first(conn).optional()?,
            Conn::Postgres(conn) => account.for_key_share().first(conn).optional()?,
        };
        let session = sessions::table.find(self.session_id).filter(sessions::revoked_at.is_null()).select(sessions::id);
        let session: Option<SessionId> = each_backend!(conn => session.first(conn).optional())?;
        let ended = || Error::new(Code::InvalidToken, "The session has ended.");
        account.and(session).map(drop).ok_or_else(ended)
    }

    /// The same person as somebody who looks.
    #[must_use]
    pub fn viewer(self) -> Viewer {
        Viewer(Some(self))
    }

    /// Refuses everybody but administrators.
    ///
    /// # Errors
    /// `forbidden`.
    pub fn require_admin(&self) -> Result<()> {
        if self.is_admin() { Ok(()) } else { Err(Error::new(Code::Forbidden, "Only administrators may do this.")) }
    }

    /// Refuses everybody but editors and administrators.
    ///
    /// # Errors
    /// `forbidden`.
    pub fn require_editor(&self) -> Result<()> {
        if self.is_editor() { Ok(()) } else { Err(Error::new(Code::Forbidden, "Only editors may do this.")) }
    }
}

/// The token that a request has.
///
/// # Errors
/// `invalid_token` where it is not one of ours by its form.
pub(super) fn bearer(request: &HttpRequest) -> Result<Option<String>> {
    let Some(value) = request.headers().get(header::AUTHORIZATION) else { return Ok(None) };
    let token = value.to_str().ok().and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
    });
    token
        .map(Some)
        .ok_or_else(|| Error::new(Code::InvalidToken, "Send «Authorization: Bearer», then the access token."))
}

async fn identify(request: HttpRequest) -> Result<Option<Actor>> {
    let Some(token) = bearer(&request)? else { return Ok(None) };
    let missing = || Error::internal("the server was put together without tokens");
    let tokens = request.app_data::<web::Data<Tokens>>().ok_or_else(missing)?;
    let revocations = request.app_data::<web::Data<Revocations>>().ok_or_else(missing)?;
    let claims = tokens.verify(&token)?;
    if !revocations.is_live(claims.sid).await? {
        return Err(Error::new(Code::InvalidToken, "The session has ended."));
    }
    let request_id = request.extensions().get::<RequestId>().copied().unwrap_or_default();
    let actor =
        Actor { user_id: claims.sub, session_id: claims.sid, role: claims.role, request_id, gives_reason: false };
    // last-seen tracking finds it here after the answer
    request.extensions_mut().insert(actor);
    Ok(Some(actor))
}

impl FromRequest for Viewer {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { identify(request).await.map(Self) })
    }
}

impl FromRequest for Actor {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            identify(request).await?.ok_or_else(|| Error::new(Code::Unauthenticated, "This needs a login."))
        })
    }
}
