//! What a person sends to register, and what became of it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::invitations::model::InvitationToken;
use crate::api::memberships::model::RulesVersion;
use crate::api::users::model::{DisplayName, Email, UserStatus};
use crate::auth::password::NewPassword;

/// Where new accounts begin; `None` when registration is closed.
#[derive(Debug, Clone, Copy)]
pub struct NewAccountStatus(pub Option<UserStatus>);

/// What a person sends to register.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "email": "ann@example.org", "password": "correct horse battery", "display_name": "Ann Lee" }))]
pub struct Registration {
    /// The address that will log in.
    pub email: Email,
    /// 8 to 128 characters.
    pub password: NewPassword,
    /// The name that others see.
    pub display_name: DisplayName,
    /// The token of an invitation, which the new account accepts.
    #[serde(default)]
    pub invitation_token: Option<InvitationToken>,
    /// The version of the inviting group's rules that the person accepts.
    #[serde(default)]
    pub accepted_rules_version: Option<RulesVersion>,
}

/// What became of a registration. It says the same when the address has an account already.
#[derive(Debug, Serialize, ToSchema)]
pub struct Registered {
    /// `active`: log in now; `pending`: an administrator decides first.
    pub status: UserStatus,
}
