//! Invitations: the row, what inviters and the invited see, and what they send.

use diesel::prelude::*;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{IntoParams, PartialSchema, ToSchema};

use crate::api::groups::model::{Found, Group};
use crate::api::memberships::model::{Answers, JoinQuestion, RulesVersion, Visibility};
use crate::api::users::model::DisplayName;
use crate::db::schema::invitations;
use crate::error::{Error, Result};
use crate::http::page::Limit;
use crate::http::text::{Line, Markdown};
use crate::types::{GroupId, InvitationId, Timestamp, UserId, text_enum};

text_enum! {
    /// Whom an invitation is for.
    InvitationKind {
        /// A person, who accepts by joining.
        Person = "person",
        /// Whoever has the address and the token.
        Email = "email",
        /// Whoever has the token.
        Link = "link",
    }
}

text_enum! {
    /// Where an invitation stands.
    InvitationState {
        /// It can be accepted.
        Open = "open",
        /// It was accepted; a link as often as it may be.
        Accepted = "accepted",
        /// It was declined.
        Declined = "declined",
        /// It was taken back.
        Revoked = "revoked",
        /// Its time is over.
        Expired = "expired",
    }
}

text_enum! {
    /// What became of one of many to invite.
    InviteStatus {
        /// An invitation is open now.
        Invited = "invited",
        /// The person had asked to join, and is a member now.
        Joined = "joined",
        /// The person is a member, or was invited before.
        Unchanged = "unchanged",
        /// Nothing was done; `code` says why.
        Failed = "failed",
    }
}

/// What an inviter writes to the invited.
pub type InvitationMessage = Markdown<1, 1000>;
/// What opens an invitation; it is shown once and kept as a hash only.
pub type InvitationToken = Line<1, 100>;

/// A row of `invitations`.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = invitations)]
pub struct InvitationRow {
    /// Its id.
    pub id: InvitationId,
    /// The group.
    pub group_id: GroupId,
    /// Whom it is for.
    pub kind: InvitationKind,
    /// The person.
    pub user_id: Option<UserId>,
    /// The address.
    pub email: Option<String>,
    /// The SHA-256 of the token.
    pub token_hash: Option<Vec<u8>>,
    /// What the inviter wrote.
    pub message: Option<String>,
    /// How often it can be accepted.
    pub max_uses: Option<i32>,
    /// How often it was.
    pub uses: i32,
    /// Where it stands.
    pub state: InvitationState,
    /// Who invites.
    pub created_by: UserId,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it can be accepted.
    pub expires_at: Timestamp,
    /// When it came to its end.
    pub settled_at: Option<Timestamp>,
}

/// An invitation and the names of the person, in the group and of the account.
#[derive(Debug, Clone, Queryable)]
pub struct NamedInvitation {
    /// The invitation.
    pub row: InvitationRow,
    /// The account's name.
    pub account_name: Option<String>,
    /// The name that the group shows.
    pub shown_name: Option<String>,
}

/// An invitation as those see it who invite.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Invitation {
    /// Its id.
    pub id: InvitationId,
    /// The group.
    pub group_id: GroupId,
    /// Whom it is for.
    pub kind: InvitationKind,
    /// The person; null unless it is for one.
    pub user_id: Option<UserId>,
    /// The person's name in the group; null unless it is for one.
    pub display_name: Option<String>,
    /// The address; null for everybody but administrators.
    pub email: Option<String>,
    /// How the address begins and where it is, as in `a…@example.org`; null unless it is for one.
    pub email_hint: Option<String>,
    /// What the inviter wrote; null for nothing.
    pub message: Option<String>,
    /// How often it can be accepted; null for no limit.
    pub max_uses: Option<i32>,
    /// How often it was accepted.
    pub uses: i32,
    /// Where it stands.
    pub state: InvitationState,
    /// Who invites.
    pub created_by: UserId,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it can be accepted.
    pub expires_at: Timestamp,
    /// When it came to its end; null while it is open.
    pub settled_at: Option<Timestamp>,
}

impl Invitation {
    /// What somebody sees who may know of it; addresses are for administrators.
    #[must_use]
    pub fn of(NamedInvitation { row, account_name, shown_name }: NamedInvitation, is_admin: bool) -> Self {
        let hint = |email: &String| {
            let (name, domain) = email.split_once('@')?;
            Some(format!("{}…@{domain}", name.chars().next()?))
        };
        // whom one invites by id need not be told by name: nobody learns in this way who is behind another group's name
        let has_entered = row.state == InvitationState::Accepted;
        Self {
            id: row.id,
            group_id: row.group_id,
            kind: row.kind,
            user_id: row.user_id,
            display_name: shown_name.or(account_name).filter(|_| row.user_id.is_some() && (is_admin || has_entered)),
            email_hint: row.email.as_ref().and_then(hint),
            email: row.email.filter(|_| is_admin),
            message: row.message,
            max_uses: row.max_uses,
            uses: row.uses,
            state: row.state,
            created_by: row.created_by,
            created_at: row.created_at,
            expires_at: row.expires_at,
            settled_at: row.settled_at,
        }
    }
}

/// One page of invitations.
#[derive(Debug, Serialize, ToSchema)]
pub struct InvitationPage {
    /// The invitations, the newest first.
    pub items: Vec<Invitation>,
    /// The cursor of the next page; null on the last.
    pub next_cursor: Option<String>,
}

/// Which invitations to list.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct InvitationQuery {
    /// Only invitations that stand so.
    pub state: Option<InvitationState>,
    /// Only invitations of this kind.
    pub kind: Option<InvitationKind>,
    /// How many items a page holds.
    pub limit: Option<Limit>,
    /// Where the page begins: the `next_cursor` of the page before; empty for the first.
    pub cursor: Option<String>,
}

/// An invitation and, this once, its token.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct IssuedInvitation {
    /// The invitation.
    pub invitation: Invitation,
    /// What opens it; null for a person, who needs none.
    pub token: Option<String>,
}

/// Whom to invite: by id or by address.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Recipient {
    /// The person.
    #[serde(default)]
    pub user_id: Option<UserId>,
    /// The address, which need not have an account yet.
    #[serde(default)]
    pub email: Option<Line<0, 254>>,
}

/// 1 to 500 people and addresses.
#[derive(Debug, Clone)]
pub struct Recipients(pub Vec<Recipient>);

impl<'de> Deserialize<'de> for Recipients {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let recipients = Vec::<Recipient>::deserialize(deserializer)?;
        match recipients.len() {
            0 => Err(serde::de::Error::custom("empty: at least one")),
            1..=500 => Ok(Self(recipients)),
            _ => Err(serde::de::Error::custom("too_many: at most 500")),
        }
    }
}

impl PartialSchema for Recipients {
    fn schema() -> RefOr<Schema> {
        let recipient = utoipa::openapi::Ref::from_schema_name("Recipient");
        utoipa::openapi::ArrayBuilder::new().items(recipient).min_items(Some(1)).max_items(Some(500)).into()
    }
}

impl ToSchema for Recipients {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((Recipient::name().into_owned(), Recipient::schema()));
        Recipient::schemas(schemas);
    }
}

/// People and addresses to invite.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "recipients": [{ "email": "ann@example.org" }, { "user_id": "019aaf5c-0000-7000-8000-000000000020" }], "message": "We would like to have you with us." }))]
pub struct NewInvitations {
    /// Whom.
    pub recipients: Recipients,
    /// What they read.
    #[serde(default)]
    pub message: Option<InvitationMessage>,
    /// Until when they can accept, at most a year ahead; what the platform says unless given (28 days at first).
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
}

/// What became of one of many to invite.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct InvitationResult {
    /// Its place among the recipients, from 0.
    pub index: i32,
    /// What became of it.
    pub status: InviteStatus,
    /// The invitation that was made; null where none was.
    pub invitation_id: Option<InvitationId>,
    /// What opens it, shown this once; null for people, who need none.
    pub token: Option<String>,
    /// Why it failed, as the code of the problem that it would be alone; null unless it failed.
    pub code: Option<String>,
    /// The same in words; null unless it failed.
    pub detail: Option<String>,
    /// The property that is wrong; null unless it failed and one is.
    pub field: Option<String>,
}

impl InvitationResult {
    /// What became of the recipient with this index; faults of ours fail the whole.
    pub fn new(index: i32, outcome: Result<(InviteStatus, Option<InvitationId>, Option<String>)>) -> Result<Self> {
        let ((status, invitation_id, token), error) = match outcome {
            Ok(done) => (done, None),
            Err(error) if error.code().status() >= 500 => return Err(error),
            Err(error) => ((InviteStatus::Failed, None, None), Some(error)),
        };
        let field = error.as_ref().and_then(|error| error.fields().first());
        Ok(Self {
            index,
            status,
            invitation_id,
            token,
            code: error.as_ref().map(|error| error.code().as_str().to_owned()),
            detail: error.as_ref().map(|error| Error::detail(error).to_owned()),
            field: field.map(|field| field.pointer.trim_start_matches('/').to_owned()),
        })
    }
}

/// What became of all to invite.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct InvitationResults {
    /// One result a recipient, in the same order.
    #[schema(max_items = 500)]
    pub items: Vec<InvitationResult>,
}

/// How often a link can be used: 1 to 10,000 times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MaxUses(pub i32);

impl<'de> Deserialize<'de> for MaxUses {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let uses = i32::deserialize(deserializer)?;
        let is_number = (1..=10_000).contains(&uses);
        if is_number { Ok(Self(uses)) } else { Err(serde::de::Error::custom("out_of_range: 1 to 10,000")) }
    }
}

impl PartialSchema for MaxUses {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1)).maximum(Some(10_000)).into()
    }
}

impl ToSchema for MaxUses {}

/// A link to make, for whoever gets it.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "max_uses": 30, "expires_at": "2027-01-31T00:00:00Z", "message": "For everybody who was at the workshop." }))]
pub struct NewInvitationLink {
    /// How many people can come in by it; as many as there are unless given.
    #[serde(default)]
    pub max_uses: Option<MaxUses>,
    /// What they read.
    #[serde(default)]
    pub message: Option<InvitationMessage>,
    /// Until when it leads in, at most a year ahead; what the platform says unless given (28 days at first).
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
}

/// A token that one was given.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "token": "prx_inv_3yTt0b0b3JX0WcXk8l1nQ2rA" }))]
pub struct InvitationLookup {
    /// The token.
    pub token: InvitationToken,
}

/// An invitation that one accepts.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "token": "prx_inv_3yTt0b0b3JX0WcXk8l1nQ2rA", "display_name": "Ann L." }))]
pub struct InvitationAcceptance {
    /// The token.
    pub token: InvitationToken,
    /// The version of the group's rules that one accepts; needed where it has rules.
    #[serde(default)]
    pub accepted_rules_version: Option<RulesVersion>,
    /// What one answers to the group's questions.
    #[serde(default)]
    #[schema(required = false)]
    pub answers: Answers,
    /// The name that the group is to show in place of the account's.
    #[serde(default)]
    pub display_name: Option<DisplayName>,
}

/// A group as those see it who hold a token that leads in.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct InvitingGroup {
    /// Its id.
    pub id: GroupId,
    /// Its name.
    pub name: String,
    /// One line about it.
    pub summary: String,
    /// What it is for, in Markdown.
    pub purpose: String,
    /// Who sees what of it.
    pub visibility: Visibility,
    /// What it asks those who want to join.
    pub join_questions: Vec<JoinQuestion>,
    /// What its members agree to, in Markdown; null where it has no rules.
    pub rules: Option<String>,
    /// The version of its rules; null where it has none.
    pub rules_version: Option<i32>,
}

impl From<Found> for InvitingGroup {
    fn from(Found { group, .. }: Found) -> Self {
        Self {
            id: group.id,
            name: group.name,
            summary: group.summary,
            purpose: group.purpose,
            visibility: group.openness.visibility,
            join_questions: group.join_questions.0,
            rules_version: group.rules.as_ref().map(|_| group.openness.rules_version),
            rules: group.rules,
        }
    }
}

/// What a token leads to.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct InvitationPreview {
    /// Whom it is for.
    pub kind: InvitationKind,
    /// The group.
    pub group: InvitingGroup,
    /// What the inviter wrote; null for nothing.
    pub message: Option<String>,
    /// The inviter's name in the group.
    pub invited_by: String,
    /// Until when it can be accepted.
    pub expires_at: Timestamp,
}

/// An invitation of the caller's own.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MyInvitation {
    /// Its id.
    pub id: InvitationId,
    /// The group; one accepts by joining it, and declines by leaving it.
    pub group: Group,
    /// What the inviter wrote; null for nothing.
    pub message: Option<String>,
    /// The inviter's name in the group.
    pub invited_by: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it can be accepted.
    pub expires_at: Timestamp,
}

/// One page of one's own invitations.
#[derive(Debug, Serialize, ToSchema)]
pub struct MyInvitationPage {
    /// The invitations, the newest first.
    pub items: Vec<MyInvitation>,
    /// The cursor of the next page; null on the last.
    pub next_cursor: Option<String>,
}

/// Which page of one's own invitations.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct MyInvitationQuery {
    /// How many items a page holds.
    pub limit: Option<Limit>,
    /// Where the page begins: the `next_cursor` of the page before; empty for the first.
    pub cursor: Option<String>,
}
