//! Accounts: the row, what their owner and administrators see, and what they may send.

use diesel::prelude::*;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{IntoParams, PartialSchema, ToSchema};

use crate::auth::actor::PlatformRole;
use crate::auth::password::{GivenPassword, NewPassword};
use crate::db::schema::users;
use crate::db::sql_types::JsonList;
use crate::http::page::Limit;
use crate::http::patch::{Patch, Set};
use crate::http::text::{Line, Slug, Tags};
use crate::types::{Timestamp, UserId, text_enum};

text_enum! {
    /// Where an account stands.
    UserStatus {
        /// Waits for an administrator.
        Pending = "pending",
        /// In use.
        Active = "active",
        /// Refused by an administrator.
        Declined = "declined",
        /// Taken out of use by an administrator.
        Suspended = "suspended",
        /// Deleted by its owner; nothing personal is left.
        Deleted = "deleted",
    }
}

/// The name that others see: one line of up to 100 characters.
pub type DisplayName = Line<1, 100>;

/// Where somebody works or volunteers: one line of up to 120 characters.
pub type Organisation = Line<1, 120>;

/// Something that a person can do or knows about: one line of up to 50 characters.
pub type Skill = Line<1, 50>;

/// Why an account was declined or suspended, as the person reads it at log-in.
pub type StatusReason = Line<1, 500>;

/// A row of `users`.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = users)]
pub struct User {
    /// Its id.
    pub id: UserId,
    /// The address that logs in; gone with the account.
    pub email: Option<String>,
    /// The name that others see.
    pub display_name: String,
    /// A PHC string.
    pub password_hash: String,
    /// Where the account stands.
    pub status: UserStatus,
    /// What the person may do on the whole platform.
    pub platform_role: PlatformRole,
    /// Whether others see when the person was last here.
    pub show_last_seen: bool,
    /// The last request, to five minutes; null before the first.
    pub last_seen_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// When an administrator found that the address is the person's.
    pub email_verified_at: Option<Timestamp>,
    /// Why the account was declined or suspended.
    pub status_reason: Option<String>,
    /// When a suspension ends by itself.
    pub suspended_until: Option<Timestamp>,
    /// Whether others see which groups the person is in.
    pub show_groups: bool,
    /// Where the person works or volunteers.
    pub organisation: Option<String>,
    /// What the person can do or knows about.
    pub skills: JsonList<String>,
    /// What mentions the person; gone with the account.
    pub handle: Option<String>,
    /// Whether it is a program's: nobody logs in to it.
    pub is_service: bool,
}

/// A row of `users` to insert.
#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = users)]
pub struct UserRow {
    /// Its id.
    pub id: UserId,
    /// The address that logs in.
    pub email: Option<String>,
    /// The name that others see.
    pub display_name: String,
    /// A PHC string.
    pub password_hash: String,
    /// Where the account stands.
    pub status: UserStatus,
    /// What the person may do on the whole platform.
    pub platform_role: PlatformRole,
    /// Whether it is a program's: nobody logs in to it.
    pub is_service: bool,
    /// Whether others see when the person was last here.
    pub show_last_seen: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// An account as its owner and administrators see it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Account {
    /// The person's id.
    pub id: UserId,
    /// The address that logs in; null once the account is deleted, and for service accounts.
    pub email: Option<String>,
    /// The name that others see.
    pub display_name: String,
    /// What mentions the person, after an `@`, where no group has another name for them; null once the account is deleted.
    pub handle: Option<String>,
    /// Where the person works or volunteers; null where they have not said.
    pub organisation: Option<String>,
    /// What the person can do or knows about.
    pub skills: Vec<String>,
    /// When an administrator found that the address is the person's; null where nobody has.
    pub email_verified_at: Option<Timestamp>,
    /// Where the account stands.
    pub status: UserStatus,
    /// Why the account was declined or suspended; null where nobody said, and while it is in use.
    pub status_reason: Option<String>,
    /// When a suspension ends by itself; null for never.
    pub suspended_until: Option<Timestamp>,
    /// What the person may do on the whole platform.
    pub platform_role: PlatformRole,
    /// Whether it is a service account: a program's, which nobody logs in to.
    pub is_service: bool,
    /// Whether others see which groups the person is in.
    pub show_groups: bool,
    /// Whether others see, coarsely, when the person was last here.
    pub show_last_seen: bool,
    /// The person's last request, to five minutes; null before the first.
    pub last_seen_at: Option<Timestamp>,
    /// When the account was made.
    pub created_at: Timestamp,
    /// When the account was last changed.
    pub updated_at: Timestamp,
}

impl From<User> for Account {
    fn from(user: User) -> Self {
        Self {
            id: user.id,
            email: user.email,
            display_name: user.display_name,
            handle: user.handle,
            organisation: user.organisation,
            skills: user.skills.0,
            email_verified_at: user.email_verified_at,
            status: user.status,
            status_reason: user.status_reason,
            suspended_until: user.suspended_until,
            show_groups: user.show_groups,
            platform_role: user.platform_role,
            is_service: user.is_service,
            show_last_seen: user.show_last_seen,
            last_seen_at: user.last_seen_at,
            created_at: user.created_at,
            updated_at: user.updated_at,
        }
    }
}

/// A person as others see them inside a group: by the group's name for them where they chose one.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Person {
    /// The person's id.
    pub id: UserId,
    /// The name that others see here.
    pub display_name: String,
    /// What mentions the person here, after an `@`; null once the account is deleted.
    pub handle: Option<String>,
    /// Whether the name is withheld: then the id is one of this conversation alone, and leads nowhere.
    pub is_anonymous: bool,
}

impl Person {
    /// Somebody by their name.
    #[must_use]
    pub fn named(id: UserId, display_name: String, handle: Option<String>) -> Self {
        Self { id, display_name, handle, is_anonymous: false }
    }

    /// Somebody whose name is withheld, by the id of one conversation.
    #[must_use]
    pub fn anonymous(id: UserId) -> Self {
        Self { id, display_name: "Anonymous".to_owned(), handle: None, is_anonymous: true }
    }
}

/// An e-mail address, in lower case.
#[derive(Clone, PartialEq, Eq)]
pub struct Email(String);

impl Email {
    /// Parses an address of at most 254 characters.
    ///
    /// # Errors
    /// `code: words` for what is not an address.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim().to_lowercase();
        let options =
            email_address::Options::default().without_display_text().without_domain_literal().with_required_tld();
        let is_address = text.len() <= 254 && email_address::EmailAddress::parse_with_options(&text, options).is_ok();
        if is_address { Ok(Self(text)) } else { Err("bad_email: must be an e-mail address".to_owned()) }
    }

    /// The address.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }

    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Email {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an e-mail address")
    }
}

impl<'de> Deserialize<'de> for Email {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

impl PartialSchema for Email {
    fn schema() -> RefOr<Schema> {
        let email = ObjectBuilder::new().schema_type(Type::String).max_length(Some(254));
        email.format(Some(SchemaFormat::KnownFormat(KnownFormat::Email))).into()
    }
}

impl ToSchema for Email {}

/// Changes to one's own account.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "display_name": "Ann Lee", "organisation": "St Elsewhere", "skills": ["falls"], "show_groups": true }))]
pub struct AccountPatch {
    /// The name that others see.
    #[serde(default)]
    #[schema(value_type = DisplayName)]
    pub display_name: Set<DisplayName>,
    /// What mentions one, after an `@`: lower-case letters, digits and single hyphens.
    #[serde(default)]
    #[schema(value_type = Slug)]
    pub handle: Set<Slug>,
    /// Where one works or volunteers; null takes it away.
    #[serde(default)]
    #[schema(value_type = Option<Organisation>)]
    pub organisation: Patch<Organisation>,
    /// What one can do or knows about: up to 20 different words of up to 50 characters.
    #[serde(default)]
    #[schema(value_type = Tags)]
    pub skills: Set<Tags>,
    /// Whether others see, coarsely, when one was last here.
    #[serde(default)]
    #[schema(value_type = bool)]
    pub show_last_seen: Set<bool>,
    /// Whether others see which groups one is in, as far as they may know of them; never those where one has a pseudonym.
    #[serde(default)]
    #[schema(value_type = bool)]
    pub show_groups: Set<bool>,
}

/// A new password for one's own account.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "current_password": "correct horse battery", "new_password": "staple battery horse" }))]
pub struct PasswordChange {
    /// The password until now.
    pub current_password: GivenPassword,
    /// 8 to 128 characters.
    pub new_password: NewPassword,
}

/// Changes that an administrator makes to an account.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "status": "suspended", "suspended_until": "2027-01-31T00:00:00Z", "reason": "Advertised again after a warning." }))]
pub struct UserPatch {
    /// `active` approves or reinstates, `declined` refuses, `suspended` takes out of use and ends every session.
    #[serde(default)]
    #[schema(value_type = UserStatus)]
    pub status: Set<UserStatus>,
    /// What the person may do on the whole platform; a change ends the person's sessions.
    #[serde(default)]
    #[schema(value_type = PlatformRole)]
    pub platform_role: Set<PlatformRole>,
    /// When a suspension ends by itself, in the future; null for never.
    #[serde(default)]
    #[schema(value_type = Option<Timestamp>)]
    pub suspended_until: Patch<Timestamp>,
    /// Whether an administrator has found that the address is the person's: groups may take people in by it.
    #[serde(default)]
    #[schema(value_type = bool)]
    pub email_verified: Set<bool>,
    /// Why; the person reads why they were declined or suspended.
    #[serde(default)]
    pub reason: Option<StatusReason>,
}

/// One page of accounts.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccountPage {
    /// The accounts, newest first.
    pub items: Vec<Account>,
    /// The cursor of the next page; null on the last.
    pub next_cursor: Option<String>,
}

/// Which accounts to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AccountQuery {
    /// Only accounts that stand so.
    pub status: Option<UserStatus>,
    /// Only people with this role on the platform.
    pub platform_role: Option<PlatformRole>,
    /// Only service accounts, or only people's.
    pub is_service: Option<bool>,
    /// Only names and addresses with this text in them.
    pub q: Option<Line<1, 100>>,
    /// How many items a page holds.
    pub limit: Option<Limit>,
    /// Where the page begins: the `next_cursor` of the page before; empty for the first.
    pub cursor: Option<String>,
}
