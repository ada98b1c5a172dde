//! Sessions: the row, what logging in answers, and what it takes.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::api::users::model::{Account, Email};
use crate::auth::password::GivenPassword;
use crate::db::schema::sessions;
use crate::http::page::Limit;
use crate::types::{SessionId, Timestamp, UserId};

/// A row of `sessions`.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = sessions)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// Whose it is.
    pub user_id: UserId,
    /// What the device called itself.
    pub user_agent: Option<String>,
    /// When the person logged in.
    pub created_at: Timestamp,
    /// When it was last refreshed.
    pub last_used_at: Timestamp,
    /// When it ends unless it is refreshed.
    pub expires_at: Timestamp,
    /// When it was ended.
    pub revoked_at: Option<Timestamp>,
}

/// An address and its password.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "email": "ann@example.org", "password": "correct horse battery" }))]
pub struct Login {
    /// The address.
    pub email: Email,
    /// The password.
    pub password: GivenPassword,
}

/// A refresh token to exchange.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "refresh_token": "0JwM8xQm3kq3h0yq2mX3yTt0b0b3JX0WcXk8l1nQ2rA" }))]
pub struct Refresh {
    /// The latest refresh token of the session; it works once. What is longer is none.
    #[schema(max_length = 200)]
    pub refresh_token: String,
}

/// What logging in and refreshing answer.
#[derive(Serialize, ToSchema)]
pub struct Tokens {
    /// For the `Authorization` header, as `Bearer`.
    pub access_token: String,
    /// Always `Bearer`.
    #[schema(example = "Bearer")]
    pub token_type: String,
    /// Seconds until the access token ends.
    pub expires_in: u32,
    /// Exchange it at `/auth/refresh`, once; using it twice ends the session.
    pub refresh_token: String,
    /// Who logged in.
    pub user: Account,
}

/// One log-in on one device.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionView {
    /// Its id.
    pub id: SessionId,
    /// What the device called itself; null where it said nothing.
    pub user_agent: Option<String>,
    /// Whether it is the one that asks.
    pub current: bool,
    /// When the person logged in.
    pub created_at: Timestamp,
    /// When it was last refreshed.
    pub last_used_at: Timestamp,
    /// When it ends unless it is refreshed.
    pub expires_at: Timestamp,
}

/// One page of sessions.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionPage {
    /// The sessions, newest first.
    pub items: Vec<SessionView>,
    /// The cursor of the next page; null on the last.
    pub next_cursor: Option<String>,
}

/// Which page of sessions.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SessionQuery {
    /// How many items a page holds.
    pub limit: Option<Limit>,
    /// Where the page begins: the `next_cursor` of the page before; empty for the first.
    pub cursor: Option<String>,
}
