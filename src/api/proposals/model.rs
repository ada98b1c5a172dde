//! Proposals for groups: the row, what clients see, and what they send.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::api::groups::model::NewGroup;
use crate::api::memberships::model::{
    InvitePolicy, JoinPolicy, JoinQuestion, MemberListVisibility, PostPolicy, Reason, ReviewPolicy, Visibility,
};
use crate::api::requests::model::Outcome;
use crate::api::users::model::Person;
use crate::db::schema::group_proposals;
use crate::error::{Error, Result};
use crate::http::page::Limit;
use crate::http::text::{Line, Markdown, Slug};
use crate::types::{GroupId, GroupProposalId, GroupTypeId, Timestamp, UserId, text_enum};

text_enum! {
    /// Where a proposal stands.
    ProposalState {
        /// It waits for a decision.
        Pending = "pending",
        /// The group was created.
        Approved = "approved",
        /// The group was not created; the reason says why.
        Declined = "declined",
        /// Whoever proposed it took it back.
        Withdrawn = "withdrawn",
    }
}

/// What a proposer wants administrators to know.
pub type ProposalNote = Markdown<1, 2000>;

/// How many proposals of one person wait at most.
pub const PENDING_AT_MOST: i64 = 10;

/// The group that is proposed. What it leaves out, null, comes from its first type.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ProposedGroup {
    /// Its name.
    pub name: String,
    /// Its name in URLs; null where it follows from the name.
    pub slug: Option<String>,
    /// One line about it.
    pub summary: String,
    /// All about it, in Markdown.
    pub description: String,
    /// What it is for, in Markdown.
    pub purpose: String,
    /// What it wants to learn; null where it has not said.
    pub learning_question: Option<String>,
    /// Its kinds, the main one first.
    pub type_ids: Vec<GroupTypeId>,
    /// Its tags.
    pub tags: Vec<String>,
    /// Who sees what of it.
    pub visibility: Option<Visibility>,
    /// How one becomes a member.
    pub join_policy: Option<JoinPolicy>,
    /// Who begins conversations.
    pub post_policy: Option<PostPolicy>,
    /// Who reads the list of members.
    pub member_list_visibility: Option<MemberListVisibility>,
    /// Who invites people.
    pub invite_policy: Option<InvitePolicy>,
    /// Whose posts and comments are read by those who moderate before they come out.
    #[serde(default)]
    pub review_policy: Option<ReviewPolicy>,
    /// Whether members may write without their name.
    #[serde(default)]
    pub allow_anonymous: Option<bool>,
    /// What it asks those who want to join.
    pub join_questions: Vec<JoinQuestion>,
    /// For how many days somebody who was declined cannot ask again.
    pub request_cooldown_days: Option<i32>,
    /// What its members agree to, in Markdown; null for no rules.
    pub rules: Option<String>,
    /// What it tells those who come in, in Markdown.
    pub welcome_message: String,
    /// Whether everybody sees how many members it has.
    pub show_member_count: Option<bool>,
    /// The group that it is within; null for none.
    pub parent_id: Option<GroupId>,
}

impl From<&NewGroup> for ProposedGroup {
    fn from(new: &NewGroup) -> Self {
        Self {
            name: new.name.as_str().to_owned(),
            slug: new.slug.as_ref().map(|slug| Slug::as_str(slug).to_owned()),
            summary: new.summary.as_str().to_owned(),
            description: new.description.as_str().to_owned(),
            purpose: new.purpose.as_str().to_owned(),
            learning_question: new.learning_question.as_ref().map(|text| Line::as_str(text).to_owned()),
            type_ids: new.type_ids.0.clone(),
            tags: new.tags.0.clone(),
            visibility: new.visibility,
            join_policy: new.join_policy,
            post_policy: new.post_policy,
            member_list_visibility: new.member_list_visibility,
            invite_policy: new.invite_policy,
            review_policy: new.review_policy,
            allow_anonymous: new.allow_anonymous,
            join_questions: new.join_questions.0.clone(),
            request_cooldown_days: new.request_cooldown_days.map(|days| days.0),
            rules: new.rules.as_ref().map(|text| Markdown::as_str(text).to_owned()),
            welcome_message: new.welcome_message.as_str().to_owned(),
            show_member_count: new.show_member_count,
            parent_id: new.parent_id,
        }
    }
}

impl ProposedGroup {
    /// The group to create.
    ///
    /// # Errors
    /// When the rules for new groups have become stricter since.
    pub fn new_group(&self) -> Result<NewGroup> {
        let mut value = serde_json::to_value(self).map_err(Error::internal)?;
        // what was left out is null here
        if let Some(members) = value.as_object_mut() {
            members.retain(|_, member| !member.is_null());
        }
        serde_json::from_value(value).map_err(Error::internal)
    }
}

/// A row of `group_proposals`.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = group_proposals)]
pub struct ProposalRow {
    /// Its id.
    pub id: GroupProposalId,
    /// Who proposed it.
    pub proposer_id: UserId,
    /// The group, as JSON of [`ProposedGroup`].
    pub proposal: String,
    /// What the proposer wants administrators to know.
    pub note: Option<String>,
    /// Where it stands.
    pub state: ProposalState,
    /// Who decided it.
    pub decided_by: Option<UserId>,
    /// When it was decided.
    pub decided_at: Option<Timestamp>,
    /// Why, as the proposer reads it.
    pub decision_reason: Option<String>,
    /// The group that came of it.
    pub group_id: Option<GroupId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// A proposal for a group.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct GroupProposal {
    /// Its id.
    pub id: GroupProposalId,
    /// Who proposed it.
    pub proposer: Person,
    /// The group.
    pub group: ProposedGroup,
    /// What the proposer wants administrators to know; null for nothing.
    pub note: Option<String>,
    /// Where it stands.
    pub state: ProposalState,
    /// Who decided it; null while nobody has.
    pub decided_by: Option<UserId>,
    /// When it was decided; null while nobody has.
    pub decided_at: Option<Timestamp>,
    /// Why; null where nobody said.
    pub decision_reason: Option<String>,
    /// The group that came of it; null while there is none.
    pub group_id: Option<GroupId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl GroupProposal {
    /// A row and the name of who made it.
    ///
    /// # Errors
    /// When the row holds no group.
    pub fn of((row, proposer): (ProposalRow, String)) -> Result<Self> {
        Ok(Self {
            id: row.id,
            proposer: Person::named(row.proposer_id, proposer, None),
            group: serde_json::from_str(&row.proposal).map_err(Error::internal)?,
            note: row.note,
            state: row.state,
            decided_by: row.decided_by,
            decided_at: row.decided_at,
            decision_reason: row.decision_reason,
            group_id: row.group_id,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

/// One page of proposals.
#[derive(Debug, Serialize, ToSchema)]
pub struct GroupProposalPage {
    /// The proposals, the newest first.
    pub items: Vec<GroupProposal>,
    /// The cursor of the next page; null on the last.
    pub next_cursor: Option<String>,
}

/// Which proposals to list.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct GroupProposalQuery {
    /// Only proposals that stand so.
    pub state: Option<ProposalState>,
    /// How many items a page holds.
    pub limit: Option<Limit>,
    /// Where the page begins: the `next_cursor` of the page before; empty for the first.
    pub cursor: Option<String>,
}

/// A group to propose.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "group": { "name": "Falls prevention", "type_ids": ["019aaf5c-0000-7000-8000-000000000001"] }, "note": "Four hospitals have asked for it." }))]
pub struct NewGroupProposal {
    /// The group, as for creating it; its domains and external id are set afterwards.
    pub group: NewGroup,
    /// What administrators should know.
    #[serde(default)]
    pub note: Option<ProposalNote>,
}

/// The answer to a proposal.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "outcome": "approve" }))]
pub struct ProposalDecision {
    /// Approve or decline.
    pub outcome: Outcome,
    /// Why; the proposer reads it. Needed to decline.
    #[serde(default)]
    pub reason: Option<Reason>,
}
