//! The extractors for who calls: [`Actor`] where a login is needed, [`Viewer`] where it is not.

use std::future::{Future, Ready, ready};
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header;
use diesel::prelude::*;
use futures_util::future::Either;

use actix_web::{FromRequest, HttpMessage as _, HttpRequest, web};

use super::keys::{self, Keys};
use super::revocations::Revocations;
use super::scopes::Scopes;
use super::tokens::Tokens;
use crate::db::schema::{sessions, users};
use crate::db::{Conn, Db, each_backend};
use crate::error::{Code, Error, Result};
use crate::types::{ApiKeyId, RequestId, SessionId, Timestamp, UserId, text_enum};

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

/// By what somebody is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credential {
    /// A session that they logged in to.
    Session(SessionId),
    /// An API key.
    Key {
        /// Which.
        id: ApiKeyId,
        /// Whether it opens some groups only.
        is_restricted: bool,
        /// The hash of its secret: another one of the same key does not go on with what this one began.
        secret: [u8; 32],
    },
    /// None: the server itself asks what they may do.
    Server,
}

/// Somebody who is logged in, or whose API key a program has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Actor {
    /// The person.
    pub user_id: UserId,
    /// By what it is known that this is the person.
    pub credential: Credential,
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

    /// The same as a plain member of the platform: what only an office opens stays closed.
    #[must_use]
    pub fn without_office(self) -> Self {
        Self(self.0.map(|actor| Actor { role: PlatformRole::Member, gives_reason: false, ..actor }))
    }

    /// The API key that opens some groups only, where the caller has such a one.
    #[must_use]
    pub fn restricted_to(&self) -> Option<ApiKeyId> {
        match self.0?.credential {
            Credential::Key { id, is_restricted: true, .. } => Some(id),
            _ => None,
        }
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
    /// Somebody who does not ask: what they may do is asked by the server.
    #[must_use]
    pub fn on_behalf(user_id: UserId, role: PlatformRole, request_id: RequestId) -> Self {
        Self { user_id, credential: Credential::Server, role, request_id, gives_reason: false }
    }

    /// The session, where there is one.
    #[must_use]
    pub fn session_id(&self) -> Option<SessionId> {
        match self.credential {
            Credential::Session(id) => Some(id),
            Credential::Key { .. } | Credential::Server => None,
        }
    }

    /// The API key, where there is one.
    #[must_use]
    pub fn key_id(&self) -> Option<ApiKeyId> {
        match self.credential {
            Credential::Key { id, .. } => Some(id),
            Credential::Session(_) | Credential::Server => None,
        }
    }

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

    /// Runs a transaction on the caller's behalf. Its first statement asks once more whether the session or key goes on and
    /// the role stands: much may have happened since the request's head arrived.
    ///
    /// # Errors
    /// `invalid_token` when the session or key has ended; what `work` returns, after a rollback.
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

    /// Asks whether the session or key goes on and the role stands. The account cannot be locked exclusively, as what ends
    /// sessions does first, nor the key removed, until the transaction ends.
    ///
    /// # Errors
    /// `invalid_token`.
    pub fn confirm(&self, conn: &mut Conn) -> Result<()> {
        self.stands(conn, true)
    }

    /// Asks the same of this moment, holding nothing.
    ///
    /// # Errors
    /// `invalid_token`.
    pub fn check(&self, conn: &mut Conn) -> Result<()> {
        self.stands(conn, false)
    }

    fn stands(&self, conn: &mut Conn, holds: bool) -> Result<()> {
        let account = users::table
            .find(self.user_id)
            .filter(users::status.eq("active"))
            .filter(users::platform_role.eq(self.role))
            .select(users::id);
        let account: Option<UserId> = match &mut *conn {
            Conn::Postgres(conn) if holds => account.for_key_share().first(conn).optional()?,
            conn => each_backend!(conn => account.first(conn).optional())?,
        };
        let goes_on = match self.credential {
            Credential::Session(id) => session_goes_on(conn, id)?,
            Credential::Key { id, secret, .. } => keys::goes_on(conn, id, &secret, Timestamp::now(), holds)?,
            Credential::Server => false,
        };
        let ended = || Error::new(Code::InvalidToken, "The session has ended.");
        account.filter(|_| goes_on).map(drop).ok_or_else(ended)
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

    /// Refuses an API key that opens some groups only: what this does is not done in them.
    ///
    /// # Errors
    /// `insufficient_scope`.
    pub fn require_unrestricted(&self) -> Result<()> {
        match self.viewer().restricted_to() {
            Some(_) => Err(Error::new(Code::InsufficientScope, "This API key is for some groups only.")),
            None => Ok(()),
        }
    }

    /// Refuses everybody but editors and administrators.
    ///
    /// # Errors
    /// `forbidden`.
    pub fn require_editor(&self) -> Result<()> {
        if self.is_editor() { Ok(()) } else { Err(Error::new(Code::Forbidden, "Only editors may do this.")) }
    }
}

fn session_goes_on(conn: &mut Conn, id: SessionId) -> Result<bool> {
    let session = sessions::table.find(id).filter(sessions::revoked_at.is_null()).select(sessions::id);
    let session: Option<SessionId> = each_backend!(conn => session.first(conn).optional())?;
    Ok(session.is_some())
}

/// What a request is authorised with, where it is by this scheme (RFC 9110, section 11.6.2).
#[must_use]
pub fn authorization(request: &HttpRequest, scheme: &str) -> Option<String> {
    let value = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
    let (name, rest) = value.split_once(' ')?;
    name.eq_ignore_ascii_case(scheme).then(|| rest.trim().to_owned())
}

/// The token that a request has.
///
/// # Errors
/// `invalid_token` where it is not one of ours by its form.
pub(super) fn bearer(request: &HttpRequest) -> Result<Option<String>> {
    if !request.headers().contains_key(header::AUTHORIZATION) {
        return Ok(None);
    }
    let words = "Send «Authorization: Bearer», then the access token.";
    authorization(request, "bearer").map(Some).ok_or_else(|| Error::new(Code::InvalidToken, words))
}

/// What the server was put together with.
fn shared<T: 'static>(request: &HttpRequest) -> Result<&web::Data<T>> {
    request.app_data().ok_or_else(|| Error::internal(format!("there is no {}", std::any::type_name::<T>())))
}

/// Whose session an access token belongs to.
async fn by_token(request: &HttpRequest, token: &str) -> Result<(UserId, Credential, PlatformRole)> {
    let claims = shared::<Tokens>(request)?.verify(token)?;
    if !shared::<Revocations>(request)?.is_live(claims.sid).await? {
        return Err(Error::new(Code::InvalidToken, "The session has ended."));
    }
    Ok((claims.sub, Credential::Session(claims.sid), claims.role))
}

/// Whose API key this is, where it is for the operation.
async fn by_key(request: &HttpRequest, secret: &str) -> Result<(UserId, Credential, PlatformRole)> {
    let key = shared::<Keys>(request)?.verify(secret).await?;
    // it is in use, also where it may not do this: who looks after it wants to know
    request.extensions_mut().insert(key.id);
    let pattern = request.match_pattern().unwrap_or_default();
    shared::<Scopes>(request)?.require(request.method().as_str(), &pattern, &key.scopes.0)?;
    let hash = <[u8; 32]>::try_from(key.secret_hash).map_err(|_| Error::internal("a hash of another length"))?;
    Ok((key.user_id, Credential::Key { id: key.id, is_restricted: key.is_restricted, secret: hash }, key.role))
}

async fn identify(request: &HttpRequest) -> Result<Option<Actor>> {
    let Some(token) = bearer(request)? else { return Ok(None) };
    let (user_id, credential, role) =
        if Keys::is_key(&token) { by_key(request, &token).await? } else { by_token(request, &token).await? };
    let request_id = request.extensions().get::<RequestId>().copied().unwrap_or_default();
    let actor = Actor { user_id, credential, role, request_id, gives_reason: false };
    // last-seen tracking finds it here after the answer
    request.extensions_mut().insert(actor);
    Ok(Some(actor))
}

/// In the extensions of a request whose handler asks who calls.
struct Asked;

fn asked(request: &HttpRequest) -> HttpRequest {
    request.extensions_mut().insert(Asked);
    request.clone()
}

/// Looks at who calls where the handler asks for it: what is wrong with them is told before what is wrong with what they send.
///
/// # Errors
/// What the handler would be told.
pub async fn check(request: &HttpRequest) -> Result<()> {
    let is_asked = request.extensions().contains::<Asked>();
    if is_asked { identify(request).await.map(drop) } else { Ok(()) }
}

/// What was found of a request; where that is a fault, what is wrong with the caller is told first.
pub fn after_caller<T: 'static>(request: &HttpRequest, found: Result<T>) -> AfterCaller<T> {
    let error = match found {
        Ok(found) => return Either::Left(ready(Ok(found))),
        Err(error) => error,
    };
    let request = request.clone();
    Either::Right(Box::pin(async move {
        check(&request).await?;
        Err(error)
    }))
}

/// What [`after_caller`] comes to.
pub type AfterCaller<T> = Either<Ready<Result<T>>, Pin<Box<dyn Future<Output = Result<T>>>>>;

impl FromRequest for Viewer {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = asked(request);
        Box::pin(async move { identify(&request).await.map(Self) })
    }
}

impl FromRequest for Actor {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = asked(request);
        Box::pin(async move {
            identify(&request).await?.ok_or_else(|| Error::new(Code::Unauthenticated, "This needs a login."))
        })
    }
}
