//! Memberships: roles, states, the group's settings that decide who may do what, the row, and what clients see and send.

use diesel::prelude::*;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{IntoParams, PartialSchema, ToSchema};

use crate::api::users::model::{DisplayName, Person, Skill};
use crate::db::schema::{groups, membership_events, memberships, users};
use crate::db::sql_types::JsonList;
use crate::error::Result;
use crate::http::changes::Gone;
use crate::http::conditional::Version;
use crate::http::page::Limit;
use crate::http::patch::{Patch, Set};
use crate::http::text::{Line, Markdown};
use crate::types::{CommentId, GroupId, InvitationId, MembershipEventId, PostId, Timestamp, UserId, text_enum};

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
        /// Asked, and was declined by the group; may ask again after the group's cool-down.
        Declined = "declined",
        /// Left, took the request back, or declined the invitation: by their own will.
        Left = "left",
        /// Was removed, or not invited any more; may come back.
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
    /// Whose posts and comments those who moderate read before they come out.
    ReviewPolicy {
        /// Nobody's.
        Nobody = "nobody",
        /// Those of members of whom the group shows nothing yet.
        Newcomers = "newcomers",
        /// Those of all who do not moderate themselves.
        Everyone = "everyone",
    }
}

text_enum! {
    /// Who invites people.
    InvitePolicy {
        /// Every member.
        Members = "members",
        /// Facilitators and owners.
        Facilitators = "facilitators",
        /// Owners.
        Owners = "owners",
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
        /// Asked, and was declined by the group.
        Declined = "declined",
        /// Left, took the request back, or declined the invitation.
        Left = "left",
        /// Was removed, or not invited any more; may come back.
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
        /// Say no to an invitation.
        DeclineInvitation = "decline_invitation",
        /// Stop being a member.
        Leave = "leave",
        /// Accept the current rules, which stands before everything that one writes.
        AcceptRules = "accept_rules",
        /// Begin a conversation.
        Post = "post",
        /// Post an announcement.
        Announce = "announce",
        /// Take part in a conversation.
        Comment = "comment",
        /// Write something that those who moderate read before it comes out; who may not `post` or `comment` for that
        /// reason does this.
        Submit = "submit",
        /// Delete what others wrote.
        Moderate = "moderate",
        /// Learn who wrote what has no name, with a reason that is recorded.
        Unmask = "unmask",
        /// Change the settings.
        Edit = "edit",
        /// Make the group read-only.
        Archive = "archive",
        /// Take an archived group into use again.
        Unarchive = "unarchive",
        /// Delete the group.
        Delete = "delete",
        /// Invite people, by name, e-mail or link.
        Invite = "invite",
        /// Make people members without asking them.
        AddMembers = "add_members",
        /// Approve and decline requests.
        DecideRequests = "decide_requests",
        /// Remove and ban members, see the count where it is withheld.
        ManageMembers = "manage_members",
        /// Read requests, invitations, histories and former members, and export the list of members.
        ReadRecords = "read_records",
        /// Give and take roles, hand the ownership over.
        AssignRoles = "assign_roles",
        /// Read who did what in the group.
        ReadAuditLog = "read_audit_log",
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
    /// What a member is told of what is written in a group.
    NotificationLevel {
        /// Replies to what they follow, and who mentions them.
        All = "all",
        /// Who mentions them.
        Mentions = "mentions",
        /// Nothing.
        None = "none",
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
    /// Who invites people.
    pub invite_policy: InvitePolicy,
    /// Whose words are read before they come out.
    pub review_policy: ReviewPolicy,
    /// Whether members may write without their name.
    pub allow_anonymous: bool,
    /// Whether posts of other groups were ever shared with it.
    pub has_shares: bool,
    /// Whether there are rules to accept.
    #[diesel(select_expression = groups::rules.is_not_null())]
    pub has_rules: bool,
    /// The version of its rules; counts on through texts that were taken away.
    pub rules_version: i32,
}

/// What a caller's membership says about what the caller may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = memberships)]
pub struct Held {
    /// The role, while active.
    pub role: Role,
    /// Where the person stands.
    pub state: State,
    /// The version of the group's rules that the person accepted last.
    pub accepted_rules_version: Option<i32>,
    /// When the person last became a member.
    pub joined_at: Option<Timestamp>,
    /// Until when all that came out in the group counts as read.
    pub read_until: Option<Timestamp>,
    /// When the person last wrote something that the group shows.
    pub last_contributed_at: Option<Timestamp>,
}

/// What somebody answered to a question of the group's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Answer {
    /// The question, word by word.
    pub question: String,
    /// The answer.
    pub answer: String,
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
    /// What the person answered to the group's questions.
    pub answers: JsonList<Answer>,
    /// Why the person was declined, removed or banned.
    pub decision_reason: Option<String>,
    /// What those who decide wrote for each other.
    pub private_note: Option<String>,
    /// Who decided last.
    pub decided_by: Option<UserId>,
    /// When that was.
    pub decided_at: Option<Timestamp>,
    /// When a ban ends by itself.
    pub banned_until: Option<Timestamp>,
    /// When the role ends by itself.
    pub role_ends_at: Option<Timestamp>,
    /// The version of the group's rules that the person accepted last.
    pub accepted_rules_version: Option<i32>,
    /// When that was.
    pub rules_accepted_at: Option<Timestamp>,
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
    /// Until when all that came out in the group counts as read.
    pub read_until: Option<Timestamp>,
    /// What the person is told of what is written in the group.
    pub notification_level: NotificationLevel,
    /// What mentions the person, where the group has a name of its own for them.
    pub handle: Option<String>,
}

impl Membership {
    /// The version of what those who manage members may change. What the person does with it is none of theirs.
    #[must_use]
    pub fn version(&self) -> Version {
        let until = (self.role_ends_at, self.banned_until);
        Version::of(&(self.role, self.state, until, &self.decision_reason, &self.private_note))
    }
}

impl Membership {
    /// What it says about what the person may do.
    #[must_use]
    pub fn held(&self) -> Held {
        Held {
            role: self.role,
            state: self.state,
            accepted_rules_version: self.accepted_rules_version,
            joined_at: self.joined_at,
            read_until: self.read_until,
            last_contributed_at: self.last_contributed_at,
        }
    }
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
    /// When one's role ends by itself; null for never.
    pub role_ends_at: Option<Timestamp>,
    /// What one wrote with the request; null for nothing.
    pub message: Option<String>,
    /// What one answered to the group's questions.
    pub answers: Vec<Answer>,
    /// The version of the group's rules that one accepted last; null for none.
    pub accepted_rules_version: Option<i32>,
    /// When one accepted them; null for never.
    pub rules_accepted_at: Option<Timestamp>,
    /// Why one was declined, removed or banned; null where no reason was given.
    pub decision_reason: Option<String>,
    /// When the group last decided about one; null for never.
    pub decided_at: Option<Timestamp>,
    /// When one's ban ends by itself; null for never, and without a ban.
    pub banned_until: Option<Timestamp>,
    /// When one last asked to join; null for never.
    pub requested_at: Option<Timestamp>,
    /// When one last became a member; null for never.
    pub joined_at: Option<Timestamp>,
    /// One's latest visible post or comment in the group; null where there is none.
    pub last_contributed_at: Option<Timestamp>,
    /// What mentions one in the group, after an `@`, where it has a name of its own for one; null where the account's does.
    pub handle: Option<String>,
    /// What one is told of what is written in the group.
    pub notification_level: NotificationLevel,
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
            role_ends_at: row.role_ends_at,
            message: row.message,
            answers: row.answers.0,
            accepted_rules_version: row.accepted_rules_version,
            rules_accepted_at: row.rules_accepted_at,
            decision_reason: row.decision_reason,
            decided_at: row.decided_at,
            banned_until: row.banned_until,
            requested_at: row.requested_at,
            joined_at: row.joined_at,
            last_contributed_at: row.last_contributed_at,
            handle: row.handle,
            notification_level: row.notification_level,
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
    /// Where the person works or volunteers.
    pub organisation: Option<String>,
    /// What the person can do or knows about.
    pub skills: JsonList<String>,
    /// What mentions the account.
    #[diesel(column_name = handle)]
    pub account_handle: Option<String>,
}

/// A member as others in the group see them.
#[derive(Debug, Serialize, ToSchema)]
pub struct Member {
    /// The person.
    pub user: Person,
    /// Where the person works or volunteers; null where they have not said, and beside a pseudonym.
    pub organisation: Option<String>,
    /// What the person can do or knows about; none beside a pseudonym.
    pub skills: Vec<String>,
    /// The role; that of a former member is the last one held.
    pub role: Role,
    /// When the role ends by itself; null for never.
    pub role_ends_at: Option<Timestamp>,
    /// Where the person stands.
    pub state: State,
    /// Why the person was declined, removed or banned; null where no reason was given, and for who does not manage members.
    pub decision_reason: Option<String>,
    /// When a ban ends by itself; null for never, and for who does not manage members.
    pub banned_until: Option<Timestamp>,
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
        let (id, row) = (self.membership.user_id, &self.membership);
        match &row.display_name {
            Some(name) => Person::named(id, name.clone(), row.handle.clone()),
            None => Person::named(id, self.account_name.clone(), self.account_handle.clone()),
        }
    }

    /// What others in the group see; who manages members sees more.
    #[must_use]
    pub fn member(&self, manages: bool, now: Timestamp) -> Member {
        let seen = self.last_seen_at.filter(|_| self.show_last_seen);
        // what tells who somebody is stays out of where they have another name
        let has_own_name = self.membership.display_name.is_none();
        Member {
            user: self.person(),
            organisation: self.organisation.clone().filter(|_| has_own_name),
            skills: if has_own_name { self.skills.0.clone() } else { Vec::new() },
            role: self.membership.role,
            role_ends_at: self.membership.role_ends_at,
            state: self.membership.state,
            decision_reason: self.membership.decision_reason.clone().filter(|_| manages),
            banned_until: self.membership.banned_until.filter(|_| manages),
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
    /// With `updated_since`, what is gone since; none without.
    pub deleted: Vec<Gone>,
    /// The cursor of the next page; null on the last.
    pub next_cursor: Option<String>,
}

/// A version of a group's rules: 0, before there are any, to 2147483647.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RulesVersion(pub i32);

impl<'de> Deserialize<'de> for RulesVersion {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let version = i32::deserialize(deserializer)?;
        if version < 0 {
            return Err(serde::de::Error::custom("out_of_range: no version is below 0"));
        }
        Ok(Self(version))
    }
}

impl PartialSchema for RulesVersion {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0)).into()
    }
}

impl ToSchema for RulesVersion {}

/// What somebody sends to join or to ask.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "message": "I lead the falls team of a small hospital." }))]
pub struct NewMembership {
    /// A word to those who decide; kept where the group decides requests.
    #[serde(default)]
    pub message: Option<Markdown<1, 2000>>,
    /// Answers to the group's questions; those that are required are needed where the group decides requests.
    #[serde(default)]
    #[schema(required = false)]
    pub answers: Answers,
    /// The version of the group's rules that one accepts; needed where the group has any.
    #[serde(default)]
    pub accepted_rules_version: Option<RulesVersion>,
    /// A name that this group shows in place of the account's; as it is unless given.
    #[serde(default)]
    pub display_name: Option<DisplayName>,
}

/// An answer to one of a group's questions.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAnswer {
    /// The question, word by word.
    pub question: Line<1, 300>,
    /// The answer.
    pub answer: Markdown<1, 2000>,
}

/// Up to five answers.
#[derive(Debug, Clone, Default)]
pub struct Answers(pub Vec<NewAnswer>);

impl<'de> Deserialize<'de> for Answers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let answers = Vec::<NewAnswer>::deserialize(deserializer)?;
        let is_too_many = answers.len() > 5;
        if is_too_many { Err(serde::de::Error::custom("too_many: at most 5 answers")) } else { Ok(Self(answers)) }
    }
}

impl PartialSchema for Answers {
    fn schema() -> RefOr<Schema> {
        let answer = utoipa::openapi::Ref::from_schema_name("NewAnswer");
        utoipa::openapi::ArrayBuilder::new().items(answer).max_items(Some(5)).into()
    }
}

impl ToSchema for Answers {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((NewAnswer::name().into_owned(), NewAnswer::schema()));
        NewAnswer::schemas(schemas);
    }
}

/// A question that a group asks those who want to join.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct JoinQuestion {
    /// The question.
    #[schema(min_length = 1, max_length = 300)]
    pub text: String,
    /// Whether a request needs an answer to it.
    pub is_required: bool,
}

/// What a group asks of those who want to join.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = groups)]
pub struct EntryTerms {
    /// Its questions.
    pub join_questions: JsonList<JoinQuestion>,
    /// For how many days somebody who was declined cannot ask again.
    pub request_cooldown_days: i32,
}

/// Changes to one's own membership.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "display_name": "Ann L.", "notification_level": "mentions" }))]
pub struct OwnMembershipPatch {
    /// The name that the group shows in place of the account's; null for the account's.
    #[serde(default)]
    #[schema(value_type = Option<DisplayName>)]
    pub display_name: Patch<DisplayName>,
    /// What one is told of what is written in the group.
    #[serde(default)]
    #[schema(value_type = NotificationLevel)]
    pub notification_level: Set<NotificationLevel>,
}

/// The rules that one accepts.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "version": 2 }))]
pub struct RulesAcceptance {
    /// Their version.
    pub version: RulesVersion,
}

/// Changes to a member.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "role": "facilitator", "role_ends_at": "2027-01-31T00:00:00Z" }))]
pub struct MemberPatch {
    /// A new role, for an active member.
    #[serde(default)]
    #[schema(value_type = Role)]
    pub role: Set<Role>,
    /// Remove, ban, or lift a ban (`removed`).
    #[serde(default)]
    #[schema(value_type = MemberState)]
    pub state: Set<MemberState>,
    /// When the role ends by itself, for facilitators and owners; null for never. A last owner's does not end.
    #[serde(default)]
    #[schema(value_type = Option<Timestamp>)]
    pub role_ends_at: Patch<Timestamp>,
    /// When a ban ends by itself; null for never.
    #[serde(default)]
    #[schema(value_type = Option<Timestamp>)]
    pub banned_until: Patch<Timestamp>,
    /// Why; kept in the membership's history, and read by a person who is removed or banned.
    #[serde(default)]
    #[schema(value_type = Reason)]
    pub reason: Set<Reason>,
    /// A note for those who decide; the person never reads it.
    #[serde(default)]
    #[schema(value_type = Reason)]
    pub private_note: Set<Reason>,
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
    /// Only those who have this skill, in large or small letters; nobody who has a pseudonym here.
    pub skill: Option<Skill>,
    /// The order: `joined` unless said.
    pub sort: Option<MemberSort>,
    /// Only what has changed since this time, the oldest change first, and what is gone since; without other filters.
    pub updated_since: Option<Timestamp>,
    /// How many items a page holds.
    pub limit: Option<Limit>,
    /// Where the page begins: the `next_cursor` of the page before; empty for the first.
    pub cursor: Option<String>,
}

text_enum! {
    /// Who made a change.
    ChangedBy {
        /// The person concerned.
        Oneself = "oneself",
        /// Somebody else, for the group or the platform.
        Others = "others",
        /// The program, when a time had come.
        Program = "program",
    }
}

/// A row of `membership_events`.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = membership_events)]
pub struct MembershipEventRow {
    /// Its id.
    pub id: MembershipEventId,
    /// The group.
    pub group_id: GroupId,
    /// The person.
    pub user_id: UserId,
    /// Who made the change.
    pub actor_id: Option<UserId>,
    /// When.
    pub at: Timestamp,
    /// The state before.
    pub from_state: Option<State>,
    /// The state after.
    pub to_state: State,
    /// The role before.
    pub from_role: Option<Role>,
    /// The role after.
    pub to_role: Role,
    /// Why.
    pub reason: Option<String>,
    /// What those who decide wrote for each other.
    pub private_note: Option<String>,
    /// The post that the person was warned of, or on which the comment is.
    pub post_id: Option<PostId>,
    /// The comment that the person was warned of.
    pub comment_id: Option<CommentId>,
    /// The invitation by link or e-mail by which the person came.
    pub invitation_id: Option<InvitationId>,
}

/// A step, and the names of who took it.
#[derive(Debug, Clone, Queryable)]
pub struct NamedEvent {
    /// The step.
    pub event: MembershipEventRow,
    /// The group's name for who took it.
    pub shown_name: Option<String>,
    /// The account's name of who took it.
    pub account_name: Option<String>,
}

/// One step of a membership.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MembershipEvent {
    /// Its id.
    pub id: MembershipEventId,
    /// When it was.
    pub at: Timestamp,
    /// Who made it.
    pub changed_by: ChangedBy,
    /// The id of who made it; null for the program, and for who reads about themselves.
    pub actor_id: Option<UserId>,
    /// The name of who made it; null for the program, and for who reads about themselves.
    pub actor_name: Option<String>,
    /// The state before; null for none.
    pub from_state: Option<State>,
    /// The state after.
    pub to_state: State,
    /// The role before; null for none.
    pub from_role: Option<Role>,
    /// The role after.
    pub to_role: Role,
    /// Why; null where nobody said.
    pub reason: Option<String>,
    /// What those who decide wrote for each other; null for nothing, and for who reads about themselves.
    pub private_note: Option<String>,
    /// Of a warning, which changes neither state nor role: the post that it is about, or on which the comment is. Null for all other
    /// steps.
    pub post_id: Option<PostId>,
    /// Of a warning: the comment that it is about; null for a post, and for all other steps.
    pub comment_id: Option<CommentId>,
    /// The invitation by link or e-mail by which the person came, which says who invited them; null for all other steps, and for who
    /// reads about themselves.
    pub invitation_id: Option<InvitationId>,
}

impl MembershipEvent {
    /// What a reader sees: about oneself, neither who else took the step nor the notes of those who decide.
    #[must_use]
    pub fn new(NamedEvent { event: row, shown_name, account_name }: NamedEvent, is_oneself: bool) -> Self {
        let actor_name = shown_name.or(account_name);
        let changed_by = match row.actor_id {
            None => ChangedBy::Program,
            Some(actor) if actor == row.user_id => ChangedBy::Oneself,
            Some(_) => ChangedBy::Others,
        };
        let shows_actor = !is_oneself || changed_by == ChangedBy::Oneself;
        Self {
            id: row.id,
            at: row.at,
            changed_by,
            actor_id: row.actor_id.filter(|_| shows_actor),
            actor_name: actor_name.filter(|_| shows_actor),
            from_state: row.from_state,
            to_state: row.to_state,
            from_role: row.from_role,
            to_role: row.to_role,
            reason: row.reason,
            private_note: row.private_note.filter(|_| !is_oneself),
            post_id: row.post_id,
            comment_id: row.comment_id,
            invitation_id: row.invitation_id.filter(|_| !is_oneself),
        }
    }
}

/// One page of a membership's history.
#[derive(Debug, Serialize, ToSchema)]
pub struct MembershipEventPage {
    /// The steps, the latest first.
    pub items: Vec<MembershipEvent>,
    /// The cursor of the next page; null on the last.
    pub next_cursor: Option<String>,
}

/// Which page of a history.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct HistoryQuery {
    /// How many items a page holds.
    pub limit: Option<Limit>,
    /// Where the page begins: the `next_cursor` of the page before; empty for the first.
    pub cursor: Option<String>,
}

text_enum! {
    /// What became of one row of many.
    RowStatus {
        /// It was done.
        Done = "done",
        /// It was so already.
        Unchanged = "unchanged",
        /// It was refused, and changed nothing.
        Failed = "failed",
    }
}

impl From<bool> for RowStatus {
    fn from(changed: bool) -> Self {
        if changed { Self::Done } else { Self::Unchanged }
    }
}

/// What became of one row of many.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RowResult {
    /// Its place among the rows, from 0.
    pub index: i32,
    /// The person; null where the row names none that there is.
    pub user_id: Option<UserId>,
    /// What became of it.
    pub status: RowStatus,
    /// Why it failed, as the code of the problem that it would be alone; null unless it failed.
    pub code: Option<String>,
    /// The same in words; null unless it failed.
    pub detail: Option<String>,
    /// The property of the row that is wrong; null unless it failed and one is.
    pub field: Option<String>,
}

impl RowResult {
    /// What became of a row about this person; faults of ours fail the whole.
    pub fn new(user_id: Option<UserId>, outcome: Result<RowStatus>) -> Result<Self> {
        let (status, error) = match outcome {
            Ok(status) => (status, None),
            Err(error) if error.code().status() >= 500 => return Err(error),
            Err(error) => (RowStatus::Failed, Some(error)),
        };
        let field = error.as_ref().and_then(|error| error.fields().first());
        Ok(Self {
            index: 0,
            user_id,
            status,
            code: error.as_ref().map(|error| error.code().as_str().to_owned()),
            detail: error.as_ref().map(|error| error.detail().to_owned()),
            field: field.map(|field| field.pointer.trim_start_matches('/').to_owned()),
        })
    }
}

/// What became of many rows.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RowResults {
    /// One result a row, in the order of the rows.
    #[schema(max_items = 500)]
    pub items: Vec<RowResult>,
}

impl RowResults {
    /// Takes one row after the other.
    pub fn of<T>(rows: &[T], mut take: impl FnMut(&T) -> Result<RowResult>) -> Result<Self> {
        let results = (0..).zip(rows).map(|(index, row)| take(row).map(|result| RowResult { index, ..result }));
        Ok(Self { items: results.collect::<Result<_>>()? })
    }
}
