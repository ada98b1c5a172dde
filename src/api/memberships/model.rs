//! Memberships: roles, states, the group's settings that decide who may do what, the row, and what clients see and send.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::api::users::model::Person;
use crate::db::schema::{groups, memberships, users};
use crate::http::page::Limit;
use crate::http::patch::Set;
use crate::http::text::{Line, Markdown};
use crate::types::{GroupId, Timestamp, UserId, text_enum};

text_enum! {
    /// What a member may do in a group.
    Role {
        /// Decides everything; a group that has one never loses its last.
        Owner = "owner",
        /// Decides requests, posts announcements, removes members.
        Facilitator = "facilitator",
        /// Takes part.
        Member = "member",
    }
}

text_enum! {
    /// Where a person stands with a group.
    State {
        /// Asked by the group to join.
        Invited = "invited",
        /// Asked the group to join.
        Requested = "requested",
        /// A member.
        Active = "active",
        /// Was refused, or refused.
        Declined = "declined",
        /// Left.
        Left = "left",
        /// Was removed; may come back.
        Removed = "removed",
        /// Was removed and may not come back.
        Banned = "banned",
    }
}

text_enum! {
    /// Who sees what of a group.
    Visibility {
        /// Anyone reads the card and the content.
        Public = "public",
        /// Anyone reads the card, members read the content.
        Listed = "listed",
        /// Only members, and the invited, know that it exists.
        Hidden = "hidden",
    }
}

text_enum! {
    /// How one becomes a member.
    JoinPolicy {
        /// By joining.
        Open = "open",
        /// By asking.
        Request = "request",
        /// By being asked.
        InviteOnly = "invite_only",
    }
}

text_enum! {
    /// Who begins conversations.
    PostPolicy {
        /// Every member.
        Members = "members",
        /// Facilitators and owners.
        Facilitators = "facilitators",
    }
}

text_enum! {
    /// Who reads the list of members.
    MemberListVisibility {
        /// Whoever sees the group.
        Everyone = "everyone",
        /// Members.
        Members = "members",
        /// Facilitators and owners.
        Facilitators = "facilitators",
    }
}

text_enum! {
    /// Whether a group is in use.
    GroupStatus {
        /// In use.
        Active = "active",
        /// Read-only.
        Archived = "archived",
    }
}

text_enum! {
    /// The caller's role in a group.
    ViewerRole {
        /// Not a member.
        None = "none",
        /// A member.
        Member = "member",
        /// A facilitator.
        Facilitator = "facilitator",
        /// An owner.
        Owner = "owner",
    }
}

text_enum! {
    /// Where the caller stands with a group.
    ViewerState {
        /// Nowhere.
        None = "none",
        /// Asked by the group to join.
        Invited = "invited",
        /// Asked the group to join.
        Requested = "requested",
        /// A member.
        Active = "active",
        /// Was refused, or refused.
        Declined = "declined",
        /// Left.
        Left = "left",
        /// Was removed; may come back.
        Removed = "removed",
        /// Was removed and may not come back.
        Banned = "banned",
    }
}

text_enum! {
    /// Something that a caller can do in a group.
    Action {
        /// Read its conversations.
        ReadPosts = "read_posts",
        /// Read its list of members.
        ReadMembers = "read_members",
        /// Become a member at once.
        Join = "join",
        /// Ask to become a member.
        Request = "request",
        /// Take the request back.
        Withdraw = "withdraw",
        /// Stop being a member.
        Leave = "leave",
        /// Begin a conversation.
        Post = "post",
        /// Post an announcement.
        Announce = "announce",
        /// Take part in a conversation.
        Comment = "comment",
        /// Delete what others wrote.
        Moderate = "moderate",
        /// Change the settings.
        Edit = "edit",
        /// Make the group read-only.
        Archive = "archive",
        /// Take an archived group into use again.
        Unarchive = "unarchive",
        /// Delete the group.
        Delete = "delete",
        /// Approve and decline requests.
        DecideRequests = "decide_requests",
        /// Remove and ban members, see the count where it is withheld.
        ManageMembers = "manage_members",
        /// Give and take roles.
        AssignRoles = "assign_roles",
        /// Accept and decline articles' contributions.
        DecideContributions = "decide_contributions",
    }
}

text_enum! {
    /// When somebody was last here, as far as others need to know.
    LastSeen {
        /// In the last 24 hours.
        Today = "today",
        /// In the last 7 days.
        ThisWeek = "this_week",
        /// In the last 30 days.
        ThisMonth = "this_month",
        /// Before that.
        Earlier = "earlier",
    }
}

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
    /// How a list of members is sorted.
    MemberSort {
        /// Who joined last comes first.
        Joined = "joined",
        /// By the name shown in the group.
        Name = "name",
        /// Who contributed last comes first, who never did last.
        Active = "active",
    }
}

text_enum! {
    /// What becomes of a member.
    MemberState {
        /// Not a member any more, free to come back. Lifts a ban.
        Removed = "removed",
        /// Not a member, and not able to come back.
        Banned = "banned",
    }
}

impl From<MemberState> for State {
    fn from(state: MemberState) -> Self {
        match state {
            MemberState::Removed => Self::Removed,
            MemberState::Banned => Self::Banned,
        }
    }
}

/// Why something was decided.
pub type Reason = Line<1, 500>;

/// The settings of a group that decide who may do what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = groups)]
pub struct Openness {
    /// Who sees what.
    pub visibility: Visibility,
    /// How one becomes a member.
    pub join_policy: JoinPolicy,
    /// Who begins conversations.
    pub post_policy: PostPolicy,
    /// Who reads the list of members.
    pub member_list_visibility: MemberListVisibility,
    /// Whether it is in use.
    pub status: GroupStatus,
}

/// A row of `memberships`.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = memberships)]
pub struct Membership {
    /// The group.
    pub group_id: GroupId,
    /// The person.
    pub user_id: UserId,
    /// The role, while active.
    pub role: Role,
    /// Where the person stands.
    pub state: State,
    /// The name that the group shows in place of the account's.
    pub display_name: Option<String>,
    /// What the person wrote with the request.
    pub message: Option<String>,
    /// Why the person was declined, removed or banned.
    pub decision_reason: Option<String>,
    /// When the person last asked to join.
    pub requested_at: Option<Timestamp>,
    /// When the person last became a member.
    pub joined_at: Option<Timestamp>,
    /// The latest visible post or comment in the group.
    pub last_contributed_at: Option<Timestamp>,
    /// When the row was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// The shown name, folded for sorting and searching.
    pub name_order: String,
}

/// One's own membership.
#[derive(Debug, Serialize, ToSchema)]
pub struct OwnMembership {
    /// The group.
    pub group_id: GroupId,
    /// One's role; `none` unless active.
    pub role: ViewerRole,
    /// Where one stands.
    pub state: State,
    /// The name that the group shows in place of the account's; null where it shows the account's.
    pub display_name: Option<String>,
    /// What one wrote with the request; null for nothing.
    pub message: Option<String>,
    /// Why one was declined, removed or banned; null where no reason was given.
    pub decision_reason: Option<String>,
    /// When one last asked to join; null for never.
    pub requested_at: Option<Timestamp>,
    /// When one last became a member; null for never.
    pub joined_at: Option<Timestamp>,
    /// One's latest visible post or comment in the group; null where there is none.
    pub last_contributed_at: Option<Timestamp>,
    /// When this last changed.
    pub updated_at: Timestamp,
}

impl From<Membership> for OwnMembership {
    fn from(row: Membership) -> Self {
        Self {
            group_id: row.group_id,
            role: ViewerRole::of(row.role, row.state),
            state: row.state,
            display_name: row.display_name,
            message: row.message,
            decision_reason: row.decision_reason,
            requested_at: row.requested_at,
            joined_at: row.joined_at,
            last_contributed_at: row.last_contributed_at,
            updated_at: row.updated_at,
        }
    }
}

impl ViewerRole {
    /// A role counts only while the membership is active.
    #[must_use]
    pub fn of(role: Role, state: State) -> Self {
        match (state, role) {
            (State::Active, Role::Owner) => Self::Owner,
            (State::Active, Role::Facilitator) => Self::Facilitator,
            (State::Active, Role::Member) => Self::Member,
            _ => Self::None,
        }
    }
}

impl From<Option<State>> for ViewerState {
    fn from(state: Option<State>) -> Self {
        match state {
            None => Self::None,
            Some(State::Invited) => Self::Invited,
            Some(State::Requested) => Self::Requested,
            Some(State::Active) => Self::Active,
            Some(State::Declined) => Self::Declined,
            Some(State::Left) => Self::Left,
            Some(State::Removed) => Self::Removed,
            Some(State::Banned) => Self::Banned,
        }
    }
}

impl LastSeen {
    /// The exact date, made coarse.
    #[must_use]
    pub fn of(at: Timestamp, now: Timestamp) -> Self {
        let days = now.seconds().saturating_sub(at.seconds()) / 86_400;
        match days {
            ..1 => Self::Today,
            1..7 => Self::ThisWeek,
            7..30 => Self::ThisMonth,
            30.. => Self::Earlier,
        }
    }
}

/// A membership joined to its person.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = users)]
pub struct MemberRow {
    /// The membership.
    #[diesel(embed)]
    pub membership: Membership,
    /// The account's name.
    #[diesel(column_name = display_name)]
    pub account_name: String,
    /// Whether others see when the person was last here.
    pub show_last_seen: bool,
    /// When that was.
    pub last_seen_at: Option<Timestamp>,
}

/// A member as others in the group see them.
#[derive(Debug, Serialize, ToSchema)]
pub struct Member {
    /// The person.
    pub user: Person,
    /// The role; that of a former member is the last one held.
    pub role: Role,
    /// Where the person stands.
    pub state: State,
    /// When the person last became a member; null for never.
    pub joined_at: Option<Timestamp>,
    /// The latest visible post or comment in the group; null where there is none.
    pub last_contributed_at: Option<Timestamp>,
    /// When the person was last on the platform, coarsely; null where that is unknown or kept private.
    pub last_seen: Option<LastSeen>,
}

impl MemberRow {
    /// The person, by the group's name for them where there is one.
    #[must_use]
    pub fn person(&self) -> Person {
        let display_name = self.membership.display_name.clone().unwrap_or_else(|| self.account_name.clone());
        Person { id: self.membership.user_id, display_name }
    }

    /// What others in the group see.
    #[must_use]
    pub fn member(&self, now: Timestamp) -> Member {
        let seen = self.last_seen_at.filter(|_| self.show_last_seen);
        Member {
            user: self.person(),
            role: self.membership.role,
            state: self.membership.state,
            joined_at: self.membership.joined_at,
            last_contributed_at: self.membership.last_contributed_at,
            last_seen: seen.map(|at| LastSeen::of(at, now)),
        }
    }
}

/// Somebody who could own a group.
#[derive(Debug, Clone, Serialize)]
pub struct Candidate {
    /// The person's id.
    pub id: UserId,
    /// The name that others see in the group.
    pub display_name: String,
    /// The role until now.
    pub role: Role,
}

/// One page of members.
#[derive(Debug, Serialize, ToSchema)]
pub struct MemberPage {
    /// The members.
    pub items: Vec<Member>,
    /// The cursor of the next page; null on the last.
    pub next_cursor: Option<String>,
}

/// Somebody who asks to join.
#[derive(Debug, Serialize, ToSchema)]
pub struct MembershipRequest {
    /// The person.
    pub user: Person,
    /// What the person wrote; null for nothing.
    pub message: Option<String>,
    /// When the person asked; null where that is unknown.
    pub requested_at: Option<Timestamp>,
}

/// One page of requests.
#[derive(Debug, Serialize, ToSchema)]
pub struct MembershipRequestPage {
    /// The requests, oldest first.
    pub items: Vec<MembershipRequest>,
    /// The cursor of the next page; null on the last.
    pub next_cursor: Option<String>,
}

/// What somebody sends to join or to ask.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewMembership {
    /// A word to those who decide; kept where the group decides requests.
    #[serde(default)]
    pub message: Option<Markdown<1, 2000>>,
}

/// The answer to a request.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// Approve or decline.
    pub outcome: Outcome,
    /// Why; the person reads it.
    #[serde(default)]
    pub reason: Option<Reason>,
}

/// Changes to a member.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MemberPatch {
    /// A new role, for an active member.
    #[serde(default)]
    #[schema(value_type = Role)]
    pub role: Set<Role>,
    /// Remove, ban, or lift a ban (`removed`).
    #[serde(default)]
    #[schema(value_type = MemberState)]
    pub state: Set<MemberState>,
    /// Why; kept in the membership's history, and read by a person who is removed or banned.
    #[serde(default)]
    #[schema(value_type = Reason)]
    pub reason: Set<Reason>,
}

/// Which members to list.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct MemberQuery {
    /// Only members with this role.
    pub role: Option<Role>,
    /// Where they stand: `active` unless said; anything else is for those who manage members.
    pub state: Option<State>,
    /// Only names with this text in them.
    pub q: Option<Line<1, 100>>,
    /// The order: `joined` unless said.
    pub sort: Option<MemberSort>,
    /// How many items a page holds.
    pub limit: Option<Limit>,
    /// Where the page begins: the `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// Which page of requests.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct MembershipRequestQuery {
    /// How many items a page holds.
    pub limit: Option<Limit>,
    /// Where the page begins: the `next_cursor` of the page before.
    pub cursor: Option<String>,
}
