//! The one error type and the table of its codes. It knows no HTTP library and imports nothing of ours:
//! `http/problem.rs` turns it into an answer.

use std::error::Error as StdError;
use std::fmt;

/// What every fallible function of this crate returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $status:literal $code:literal $title:literal;)+) => {
        /// Every code that a problem can carry. A code is a promise to clients; its text is not.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Code { $($(#[doc = $doc])+ $name,)+ }

        impl Code {
            /// All codes, in the order of the table.
            pub const ALL: &'static [Code] = &[$(Code::$name,)+];

            /// The status number that goes with the code.
            #[must_use]
            pub fn status(self) -> u16 { match self { $(Code::$name => $status,)+ } }

            /// The code as clients see it.
            #[must_use]
            pub fn as_str(self) -> &'static str { match self { $(Code::$name => $code,)+ } }

            /// The short text for people, the same for every problem of this code.
            #[must_use]
            pub fn title(self) -> &'static str { match self { $(Code::$name => $title,)+ } }
        }
    };
}

codes! {
    /// The body is not JSON at all.
    BadJson = 400 "bad_json" "The body is not valid JSON";
    /// A path or query parameter cannot be parsed, is unknown or out of range.
    BadParameter = 400 "bad_parameter" "A parameter is wrong";
    /// A cursor that this list, with these filters, did not make.
    BadCursor = 400 "bad_cursor" "The cursor does not belong to this list";
    /// Any other request that cannot be understood.
    BadRequest = 400 "bad_request" "The request cannot be understood";
    /// No credentials where some are needed.
    Unauthenticated = 401 "unauthenticated" "Log in first";
    /// An access token that is malformed, expired, revoked or not ours.
    InvalidToken = 401 "invalid_token" "The access token is not valid";
    /// A feed without a feed key, or with one that is not ours.
    FeedKeyNeeded = 401 "feed_key_needed" "Send a feed key";
    /// Wrong address or password, or an account that may not log in.
    InvalidCredentials = 401 "invalid_credentials" "The address or the password is wrong";
    /// A refresh token that is unknown, expired, revoked or used before.
    InvalidRefreshToken = 401 "invalid_refresh_token" "The refresh token is not valid";
    /// The caller may know of the thing but not do this to it.
    Forbidden = 403 "forbidden" "You may not do this";
    /// An API key without the scope that the operation wants, or for an operation that takes none.
    InsufficientScope = 403 "insufficient_scope" "The API key is not for this";
    /// Content of a group that only its members read.
    MembersOnly = 403 "members_only" "For members only";
    /// The account waits for an administrator.
    AccountPending = 403 "account_pending" "The account waits for approval";
    /// The account was declined or suspended.
    AccountSuspended = 403 "account_suspended" "The account may not be used";
    /// An administrator reads what only members may, without saying why.
    AccessReasonNeeded = 403 "access_reason_needed" "Say why you need to read this";
    /// New groups are proposed first.
    ApprovalNeeded = 403 "approval_needed" "New groups need an administrator's approval";
    /// Registration is switched off.
    RegistrationClosed = 403 "registration_closed" "Registration is closed";
    /// The caller is banned from the group.
    Banned = 403 "banned" "You are banned from this group";
    /// Nothing here that the caller may know of.
    NotFound = 404 "not_found" "Not found";
    /// The path exists, the verb does not.
    MethodNotAllowed = 405 "method_not_allowed" "The method is not allowed here";
    /// The client took too long to send its request.
    RequestTimeout = 408 "request_timeout" "The request took too long to arrive";
    /// The thing is not in a state that allows this.
    InvalidState = 409 "invalid_state" "The current state does not allow this";
    /// The group would lose its last owner.
    LastOwner = 409 "last_owner" "The group would be left without an owner";
    /// The group is archived and therefore read-only.
    Archived = 409 "archived" "The group is archived";
    /// Those who lead the group have locked the conversation.
    Locked = 409 "locked" "The conversation is locked";
    /// The group has rules, or newer ones, that the caller has not accepted.
    RulesNotAccepted = 409 "rules_not_accepted" "The group's rules have not been accepted";
    /// What newcomers, or all members, write is read by those who moderate before it comes out.
    ReviewNeeded = 409 "review_needed" "Somebody reads it first";
    /// A declined person asks again before the group's cool-down is over.
    CoolingDown = 409 "cooling_down" "It is too early to ask again";
    /// Others refer to it, so it cannot be deleted.
    InUse = 409 "in_use" "It is in use";
    /// A request with the same `Idempotency-Key` is being worked on.
    InProgress = 409 "in_progress" "The same request is being worked on";
    /// A unique value (address, slug, external id) is in use.
    Taken = 409 "taken" "The value is in use";
    /// An invitation that has expired, was used up, revoked or answered.
    InvitationOver = 410 "invitation_over" "The invitation is over";
    /// `If-Match` names a version that is not the current one.
    PreconditionFailed = 412 "precondition_failed" "Somebody has changed it meanwhile";
    /// The body is larger than the limit.
    TooLarge = 413 "too_large" "The body is too large";
    /// The body is not `application/json`.
    UnsupportedMediaType = 415 "unsupported_media_type" "The content type is not supported";
    /// A field breaks a rule; `errors` names it.
    Invalid = 422 "invalid" "A field is not valid";
    /// A change that needs `If-Match`.
    PreconditionRequired = 428 "precondition_required" "Say which version you change";
    /// Too many requests; `Retry-After` says when to come back.
    RateLimited = 429 "rate_limited" "Too many requests";
    /// A fault of ours, logged under the request id.
    Internal = 500 "internal" "Something went wrong on our side";
    /// More work than the server takes on; try again.
    Busy = 503 "busy" "The server is busy";
    /// The database cannot be reached or written; try again.
    DatabaseUnavailable = 503 "database_unavailable" "The database is not available";
    /// The answer was not ready in time.
    Timeout = 503 "timeout" "The answer took too long";
}

/// The longest that a problem says anything in words, and where it is, in characters: what it quotes may have no end.
pub const LONGEST: usize = 1000;
/// How many fields a problem names.
pub const FIELDS: usize = 100;

fn cut(text: impl Into<String>) -> String {
    let mut text = text.into();
    if let Some((end, _)) = text.char_indices().nth(LONGEST) {
        text.truncate(end);
    }
    text
}

/// One field that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// JSON pointer into the body, or the name of the parameter.
    pub pointer: String,
    /// What is wrong, as a code.
    pub code: String,
    /// What is wrong, in words.
    pub detail: String,
}

/// What went wrong: a code, words for people, the fields concerned, and the cause, which never leaves the server.
#[derive(thiserror::Error)]
#[error(transparent)]
pub struct Error(Box<Inner>);

#[derive(Debug, thiserror::Error)]
#[error("{}: {detail}{}", code.as_str(), source.as_ref().map(|cause| format!(" ({cause})")).unwrap_or_default())]
struct Inner {
    code: Code,
    detail: String,
    fields: Vec<FieldError>,
    extra: Vec<(&'static str, serde_json::Value)>,
    retry_after: Option<u32>,
    etag: Option<String>,
    retryable: bool,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// An error with words for the person who made the request.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        let retry_after = matches!(code, Code::Busy | Code::DatabaseUnavailable | Code::Timeout).then_some(1);
        Self(Box::new(Inner {
            code,
            detail: cut(detail),
            fields: Vec::new(),
            extra: Vec::new(),
            retry_after,
            etag: None,
            retryable: false,
            source: None,
        }))
    }

    /// The one answer for what does not exist and for what the caller may not know of.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(Code::NotFound, "There is nothing here, or nothing that you may see.")
    }

    /// A field of the body that breaks a rule.
    pub fn invalid(pointer: impl Into<String>, code: impl Into<String>, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        Self::new(Code::Invalid, detail.clone()).with_field(pointer, code, detail)
    }

    /// A path or query parameter that is wrong; `name` is the parameter's.
    pub fn parameter(name: impl Into<String>, code: impl Into<String>, detail: impl Into<String>) -> Self {
        let (name, detail) = (name.into(), detail.into());
        Self::new(Code::BadParameter, format!("{name}: {detail}")).with_field(name, code, detail)
    }

    /// A fault of ours; the cause is logged, not shown.
    pub fn internal(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::new(Code::Internal, "The fault was logged; quote the request id when you report it.").with_source(source)
    }

    /// Adds a field to the list of those that break a rule.
    #[must_use]
    pub fn with_field(
        mut self,
        pointer: impl Into<String>,
        code: impl Into<String>,
        detail: impl Into<String>,
    ) -> Self {
        if self.0.fields.len() < FIELDS {
            self.0.fields.push(FieldError { pointer: cut(pointer), code: code.into(), detail: cut(detail) });
        }
        self
    }

    /// The same for a body that holds, at this pointer, what the fields were named in.
    #[must_use]
    pub fn within(mut self, pointer: &str) -> Self {
        for field in &mut self.0.fields {
            field.pointer = cut(format!("{pointer}{}", field.pointer));
        }
        self
    }

    /// Adds a member to the problem, such as the current state.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<serde_json::Value>) -> Self {
        self.0.extra.push((name, value.into()));
        self
    }

    /// Says after how many seconds to try again.
    #[must_use]
    pub fn with_retry_after(mut self, seconds: u32) -> Self {
        self.0.retry_after = Some(seconds);
        self
    }

    /// Adds the `ETag` of what is there now.
    #[must_use]
    pub fn with_etag(mut self, etag: String) -> Self {
        self.0.etag = Some(etag);
        self
    }

    /// Keeps the cause for the log.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// The code.
    #[must_use]
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// The words for the person who made the request.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.0.detail
    }

    /// The fields that break a rule.
    #[must_use]
    pub fn fields(&self) -> &[FieldError] {
        &self.0.fields
    }

    /// Further members of the problem.
    #[must_use]
    pub fn extra(&self) -> &[(&'static str, serde_json::Value)] {
        &self.0.extra
    }

    /// Seconds after which to try again.
    #[must_use]
    pub fn retry_after(&self) -> Option<u32> {
        self.0.retry_after
    }

    /// The `ETag` of what is there now.
    #[must_use]
    pub fn etag(&self) -> Option<&str> {
        self.0.etag.as_deref()
    }

    /// Whether the same transaction may succeed when it is run once more.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.0.retryable
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<diesel::result::Error> for Error {
    fn from(error: diesel::result::Error) -> Self {
        use diesel::result::DatabaseErrorKind::{ClosedConnection, SerializationFailure, UniqueViolation};
        use diesel::result::Error as Diesel;
        let unavailable = || Self::new(Code::DatabaseUnavailable, "Try again in a moment.");
        match &error {
            Diesel::NotFound => Self::not_found(),
            Diesel::DatabaseError(ClosedConnection, _) => unavailable().with_source(error),
            Diesel::DatabaseError(kind, info) => {
                let message = info.message();
                // what must be unique is looked up first, so that a violation is a race: the next try sees the other's row
                let retryable = matches!(kind, SerializationFailure | UniqueViolation)
                    || ["deadlock detected", "database is locked"].iter().any(|known| message.contains(known));
                let out_of_reach = ["disk is full", "No space left", "disk I/O error", "readonly database"];
                let mut mapped = if retryable || out_of_reach.iter().any(|known| message.contains(known)) {
                    unavailable().with_source(error)
                } else {
                    Self::internal(error)
                };
                mapped.0.retryable = retryable;
                mapped
            }
            _ => Self::internal(error),
        }
    }
}
