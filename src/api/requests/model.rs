//! Requests to join: what deciders see, and what they decide.

use serde::{Deserialize, Deserializer, Serialize};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{IntoParams, PartialSchema, ToSchema};

use crate::api::memberships::model::{Answer, MemberRow, Reason, State};
use crate::api::users::model::Person;
use crate::http::page::Limit;
use crate::types::{Timestamp, UserId, text_enum};

text_enum! {
    /// What a decider answers to a request.
    Outcome {
        /// The person becomes a member.
        Approve = "approve",
        /// The person does not, and is told so, with the reason.
        Decline = "decline",
    }
}

text_enum! {
    /// Where a request stands.
    RequestState {
        /// It waits for a decision.
        Requested = "requested",
        /// It was declined, and can be approved later.
        Declined = "declined",
        /// It was approved, and the person is a member since.
        Approved = "approved",
    }
}

impl From<RequestState> for State {
    fn from(state: RequestState) -> Self {
        match state {
            RequestState::Requested => Self::Requested,
            RequestState::Declined => Self::Declined,
            RequestState::Approved => Self::Active,
        }
    }
}

/// Somebody who asks to join, or asked and was answered.
#[derive(Debug, Serialize, ToSchema)]
pub struct MembershipRequest {
    /// The person.
    pub user: Person,
    /// Where the person stands.
    pub state: State,
    /// What the person wrote; null for nothing.
    pub message: Option<String>,
    /// What the person answered to the group's questions.
    pub answers: Vec<Answer>,
    /// When the person asked; null where that is unknown.
    pub requested_at: Option<Timestamp>,
    /// Who decided it; null while it waits.
    pub decided_by: Option<UserId>,
    /// When it was decided; null while it waits.
    pub decided_at: Option<Timestamp>,
    /// Why it was declined, as the person reads it; null where no reason was given.
    pub reason: Option<String>,
    /// What those who decide wrote for each other; null for nothing.
    pub private_note: Option<String>,
}

impl From<MemberRow> for MembershipRequest {
    fn from(row: MemberRow) -> Self {
        let user = row.person();
        let row = row.membership;
        Self {
            user,
            state: row.state,
            message: row.message,
            answers: row.answers.0,
            requested_at: row.requested_at,
            decided_by: row.decided_by,
            decided_at: row.decided_at,
            reason: row.decision_reason,
            private_note: row.private_note,
        }
    }
}

/// One page of requests.
#[derive(Debug, Serialize, ToSchema)]
pub struct MembershipRequestPage {
    /// The requests, the oldest first.
    pub items: Vec<MembershipRequest>,
    /// The cursor of the next page; null on the last.
    pub next_cursor: Option<String>,
}

/// Which requests to list.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct MembershipRequestQuery {
    /// Where they stand: `requested` unless said.
    pub state: Option<RequestState>,
    /// How many items a page holds.
    pub limit: Option<Limit>,
    /// Where the page begins: the `next_cursor` of the page before; empty for the first.
    pub cursor: Option<String>,
}

/// The answer to a request.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "outcome": "decline", "reason": "The group is for staff of the three wards." }))]
pub struct Decision {
    /// Approve or decline.
    pub outcome: Outcome,
    /// Why; the person reads it.
    #[serde(default)]
    pub reason: Option<Reason>,
    /// A note for those who decide; the person never reads it.
    #[serde(default)]
    pub private_note: Option<Reason>,
}

/// The answer to one of many requests.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PersonDecision {
    /// Who asked.
    pub user_id: UserId,
    /// Approve or decline.
    pub outcome: Outcome,
    /// Why; the person reads it.
    #[serde(default)]
    pub reason: Option<Reason>,
    /// A note for those who decide; the person never reads it.
    #[serde(default)]
    pub private_note: Option<Reason>,
}

impl From<PersonDecision> for Decision {
    fn from(row: PersonDecision) -> Self {
        Self { outcome: row.outcome, reason: row.reason, private_note: row.private_note }
    }
}

/// Answers to many requests.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "decisions": [{ "user_id": "019aaf5c-0000-7000-8000-000000000020", "outcome": "approve" }] }))]
pub struct DecisionBatch {
    /// 1 to 500 answers, taken one after the other.
    pub decisions: Decisions,
}

/// 1 to 500 answers.
#[derive(Debug, Clone)]
pub struct Decisions(pub Vec<PersonDecision>);

impl<'de> Deserialize<'de> for Decisions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let rows = Vec::<PersonDecision>::deserialize(deserializer)?;
        match rows.len() {
            0 => Err(serde::de::Error::custom("empty: at least one decision")),
            1..=500 => Ok(Self(rows)),
            _ => Err(serde::de::Error::custom("too_many: at most 500 decisions")),
        }
    }
}

impl PartialSchema for Decisions {
    fn schema() -> RefOr<Schema> {
        let row = utoipa::openapi::Ref::from_schema_name("PersonDecision");
        utoipa::openapi::ArrayBuilder::new().items(row).min_items(Some(1)).max_items(Some(500)).into()
    }
}

impl ToSchema for Decisions {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((PersonDecision::name().into_owned(), PersonDecision::schema()));
        PersonDecision::schemas(schemas);
    }
}
