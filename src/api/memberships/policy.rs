//! Who may do what in a group: one pure function, [`verdict`], from what a caller is to a group and what they mean to do,
//! asked only about groups that the caller may know of; and where each step leads a membership: another one, [`next`].

use std::time::Duration;

use super::model::{
    Action, Answer, EntryTerms, GroupStatus, Held, InvitePolicy, JoinPolicy, MemberListVisibility, MemberPatch,
    Membership, NewAnswer, Openness, PostPolicy, ReviewPolicy, Role, RulesVersion, State, Visibility,
};
use crate::auth::actor::{PlatformRole, Viewer};
use crate::db::sql_types::TextEnum as _;
use crate::error::{Code, Error, Result};
use crate::types::Timestamp;

/// What a caller is to a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// The caller's role on the platform; `None` for somebody who is not logged in.
    pub platform_role: Option<PlatformRole>,
    /// Whether the caller, an administrator, said why they read what only members may.
    pub gives_reason: bool,
    /// The caller's membership.
    pub membership: Option<Held>,
    /// Whether the group would be left without owner.
    pub is_sole_owner: bool,
    /// Whether those who moderate have read what is to come out.
    pub is_reviewed: bool,
    /// The group's settings.
    pub group: Openness,
}

/// Whether something may be done, and if not, why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It may.
    Yes,
    /// Somebody who is logged in might.
    LogIn,
    /// Members only.
    MembersOnly,
    /// Not with this role, or not under the group's policy.
    Forbidden,
    /// Not by an administrator who does not say why.
    NeedsReason,
    /// Not before the rules are accepted.
    RulesNotAccepted,
    /// Not before those who moderate have read it.
    ReviewNeeded,
    /// Not while banned.
    Banned,
    /// Not from where the caller stands.
    WrongState,
    /// Not while the group is archived.
    Archived,
    /// Not in a group that is in use.
    NotArchived,
    /// Not by the last owner.
    LastOwner,
}

impl Standing {
    /// What a caller is to a group with these settings.
    #[must_use]
    pub fn new(viewer: &Viewer, membership: Option<Held>, is_sole_owner: bool, group: Openness) -> Self {
        let gives_reason = viewer.0.is_some_and(|actor| actor.gives_reason);
        let platform_role = viewer.0.map(|actor| actor.role);
        Self { platform_role, gives_reason, membership, is_sole_owner, is_reviewed: false, group }
    }

    /// Where the caller stands.
    #[must_use]
    pub fn state(&self) -> Option<State> {
        self.membership.map(|held| held.state)
    }

    /// The role that counts: that of an active membership.
    #[must_use]
    pub fn role(&self) -> Option<Role> {
        self.membership.filter(|held| held.state == State::Active).map(|held| held.role)
    }

    /// Whether the caller has yet to accept the group's rules.
    #[must_use]
    pub fn owes_rules(&self) -> bool {
        let accepted = self.membership.and_then(|held| held.accepted_rules_version);
        self.group.has_rules && accepted != Some(self.group.rules_version)
    }

    /// Whether those who moderate read what the caller writes before it comes out. What has no name is read of everybody where
    /// newcomers are: else it would tell whether a newcomer wrote it.
    #[must_use]
    pub fn owes_review(&self, is_anonymous: bool) -> bool {
        let is_newcomer = || self.membership.is_none_or(|held| held.last_contributed_at.is_none());
        let by_policy = match self.group.review_policy {
            ReviewPolicy::Nobody => false,
            ReviewPolicy::Newcomers => is_anonymous || is_newcomer(),
            ReviewPolicy::Everyone => true,
        };
        by_policy && !self.is_reviewed && !self.moderates()
    }

    /// Whether the caller may do this only as an administrator, and not by being who they are to the group.
    #[must_use]
    pub fn leans_on_office(&self, action: Action) -> bool {
        let as_anybody = Self { platform_role: self.platform_role.map(|_| PlatformRole::Member), ..*self };
        self.is_admin() && verdict(self, action) == Verdict::Yes && verdict(&as_anybody, action) != Verdict::Yes
    }

    fn is_admin(&self) -> bool {
        self.platform_role == Some(PlatformRole::Admin)
    }

    fn is_member(&self) -> bool {
        self.role().is_some()
    }

    fn leads(&self) -> bool {
        matches!(self.role(), Some(Role::Owner | Role::Facilitator))
    }

    fn moderates(&self) -> bool {
        self.leads() || self.is_admin() || self.moderates_by_office()
    }

    fn moderates_by_office(&self) -> bool {
        self.platform_role == Some(PlatformRole::Moderator) && read_posts(self) == Verdict::Yes
    }

    /// Everything that the caller may do, for `viewer.can`.
    #[must_use]
    pub fn can(&self) -> Vec<Action> {
        ALL.iter().copied().filter(|action| verdict(self, *action) == Verdict::Yes).collect()
    }
}

const ALL: [Action; 26] = [
    Action::ReadPosts,
    Action::ReadMembers,
    Action::Join,
    Action::Request,
    Action::Withdraw,
    Action::DeclineInvitation,
    Action::Leave,
    Action::AcceptRules,
    Action::Post,
    Action::Announce,
    Action::Comment,
    Action::Submit,
    Action::Moderate,
    Action::Unmask,
    Action::Edit,
    Action::Archive,
    Action::Unarchive,
    Action::Delete,
    Action::Invite,
    Action::AddMembers,
    Action::DecideRequests,
    Action::ManageMembers,
    Action::ReadRecords,
    Action::AssignRoles,
    Action::ReadAuditLog,
    Action::DecideContributions,
];

fn unless(allowed: bool, otherwise: Verdict) -> Verdict {
    if allowed { Verdict::Yes } else { otherwise }
}

/// Whether a caller may do something in a group that they may know of.
#[must_use]
pub fn verdict(who: &Standing, action: Action) -> Verdict {
    let leads = who.leads() || who.is_admin();
    let owns = who.role() == Some(Role::Owner) || who.is_admin();
    let is_archived = who.group.status == GroupStatus::Archived;
    let allowed = match action {
        Action::ReadPosts => return read_posts(who),
        Action::ReadMembers => return read_members(who),
        Action::ReadRecords if who.leads() => Verdict::Yes,
        Action::ReadRecords => by_office(who, Verdict::Forbidden),
        Action::Join | Action::Request => return enter(who, action),
        Action::Withdraw => unless(who.state() == Some(State::Requested), Verdict::WrongState),
        Action::DeclineInvitation => unless(who.state() == Some(State::Invited), Verdict::WrongState),
        Action::Leave if who.is_sole_owner => Verdict::LastOwner,
        Action::Leave => unless(who.is_member(), Verdict::WrongState),
        Action::Post => {
            let by_policy = who.leads() || who.group.post_policy == PostPolicy::Members;
            if who.is_member() { unless(by_policy, Verdict::Forbidden) } else { Verdict::MembersOnly }
        }
        Action::Announce => unless(who.leads(), Verdict::Forbidden),
        Action::Comment | Action::Submit => unless(who.is_member(), Verdict::MembersOnly),
        Action::AcceptRules => {
            let asked = who.is_member() || matches!(who.state(), Some(State::Requested | State::Invited));
            unless(asked && who.owes_rules(), Verdict::WrongState)
        }
        Action::Invite => unless(invites(who), Verdict::Forbidden),
        Action::Moderate => unless(who.moderates(), Verdict::Forbidden),
        Action::Unmask => unless(owns || who.moderates_by_office(), Verdict::Forbidden),
        Action::DecideRequests | Action::ManageMembers | Action::DecideContributions => {
            unless(leads, Verdict::Forbidden)
        }
        Action::AssignRoles
        | Action::AddMembers
        | Action::ReadAuditLog
        | Action::Edit
        | Action::Delete
        | Action::Archive
        | Action::Unarchive => unless(owns, Verdict::Forbidden),
    };
    let needs_use = matches!(
        action,
        Action::Post
            | Action::Announce
            | Action::Comment
            | Action::Submit
            | Action::Edit
            | Action::Archive
            | Action::DecideRequests
            | Action::Invite
            | Action::AddMembers
    );
    let comes_out = matches!(action, Action::Post | Action::Announce | Action::Comment);
    let writes = comes_out || action == Action::Submit;
    match allowed {
        Verdict::Yes if needs_use && is_archived => Verdict::Archived,
        Verdict::Yes if writes && who.owes_rules() => Verdict::RulesNotAccepted,
        Verdict::Yes if comes_out && who.owes_review(false) => Verdict::ReviewNeeded,
        Verdict::Yes if action == Action::Unarchive && !is_archived => Verdict::NotArchived,
        Verdict::Yes => Verdict::Yes,
        _ if who.platform_role.is_none() => Verdict::LogIn,
        refused => refused,
    }
}

fn read_posts(who: &Standing) -> Verdict {
    if who.group.visibility == Visibility::Public || who.is_member() {
        Verdict::Yes
    } else {
        by_office(who, Verdict::MembersOnly)
    }
}

fn read_members(who: &Standing) -> Verdict {
    let (may, otherwise) = match who.group.member_list_visibility {
        // of a hidden group everybody who may see it is a member or invited, but for administrators
        MemberListVisibility::Everyone if who.group.visibility == Visibility::Hidden => {
            (who.is_member() || who.state() == Some(State::Invited), Verdict::MembersOnly)
        }
        MemberListVisibility::Everyone => (true, Verdict::Yes),
        MemberListVisibility::Members => (who.is_member(), Verdict::MembersOnly),
        MemberListVisibility::Facilitators => (who.leads(), Verdict::Forbidden),
    };
    if may { Verdict::Yes } else { by_office(who, otherwise) }
}

/// What only members may read, an administrator reads who says why.
fn by_office(who: &Standing, otherwise: Verdict) -> Verdict {
    match (who.is_admin(), who.gives_reason) {
        (true, true) => Verdict::Yes,
        (true, false) => Verdict::NeedsReason,
        (false, _) => otherwise,
    }
}

fn invites(who: &Standing) -> bool {
    who.is_admin()
        || match who.group.invite_policy {
            InvitePolicy::Members => who.is_member(),
            InvitePolicy::Facilitators => who.leads(),
            InvitePolicy::Owners => who.role() == Some(Role::Owner),
        }
}

/// Joining and asking to. Whoever was invited joins whatever the policy.
fn enter(who: &Standing, action: Action) -> Verdict {
    if who.platform_role.is_none() {
        return Verdict::LogIn;
    }
    let is_open = who.group.join_policy == JoinPolicy::Open || who.state() == Some(State::Invited);
    let by_policy = match action {
        Action::Join => is_open,
        _ => who.group.join_policy == JoinPolicy::Request && !is_open,
    };
    match who.state() {
        Some(State::Banned) => Verdict::Banned,
        Some(State::Active) => Verdict::WrongState,
        Some(State::Requested) if action == Action::Request => Verdict::WrongState,
        _ if !by_policy => Verdict::Forbidden,
        _ => unless(who.group.status == GroupStatus::Active, Verdict::Archived),
    }
}

/// Whether somebody may remove, ban or give a role to somebody: facilitators act on members, owners and administrators on
/// everybody.
#[must_use]
pub fn outranks(who: &Standing, target: (Role, State)) -> bool {
    let target = if target.1 == State::Active { target.0 } else { Role::Member };
    match who.role() {
        _ if who.is_admin() => true,
        Some(Role::Owner) => true,
        Some(Role::Facilitator) => target == Role::Member,
        Some(Role::Member) | None => false,
    }
}

/// What moves a membership from state to state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// A person joins an open group, or accepts an invitation.
    Join,
    /// A person asks to join.
    Request,
    /// A person takes the request back.
    Withdraw,
    /// A person declines an invitation.
    Refuse,
    /// A member leaves.
    Leave,
    /// The group invites a person.
    Invite,
    /// The group takes an invitation back, or it expires.
    Revoke,
    /// The group approves a request, or thinks better of having declined it.
    Approve,
    /// The group declines a request.
    Decline,
    /// The group makes a person a member without asking them.
    Add,
    /// The group removes a member.
    Remove,
    /// The group bans a person.
    Ban,
    /// The group lifts a ban, or it expires.
    LiftBan,
}

/// The steps that a person takes for themselves.
pub const OWN_STEPS: [Step; 5] = [Step::Join, Step::Request, Step::Withdraw, Step::Refuse, Step::Leave];
/// The steps that a group takes about a person.
pub const GROUP_STEPS: [Step; 8] =
    [Step::Invite, Step::Revoke, Step::Approve, Step::Decline, Step::Add, Step::Remove, Step::Ban, Step::LiftBan];

/// Where a step leads; `None` where it is not possible from there. An invitation to somebody who asked, and a request by
/// somebody invited, both want the same thing: they make a member.
#[must_use]
pub fn next(from: Option<State>, step: Step) -> Option<State> {
    use State::{Active, Banned, Declined, Invited, Left, Removed, Requested};
    let to = match (step, from) {
        (Step::Join, None | Some(Invited | Requested | Declined | Left | Removed))
        | (Step::Request, Some(Invited))
        | (Step::Invite, Some(Requested))
        | (Step::Approve, Some(Requested | Declined))
        | (Step::Add, None | Some(Invited | Requested | Declined | Removed)) => Active,
        (Step::Request, None | Some(Declined | Left | Removed)) => Requested,
        (Step::Invite, None | Some(Declined | Left | Removed)) => Invited,
        (Step::Withdraw, Some(Requested)) | (Step::Refuse, Some(Invited)) | (Step::Leave, Some(Active)) => Left,
        (Step::Decline, Some(Requested)) => Declined,
        (Step::Revoke, Some(Invited)) | (Step::Remove, Some(Active)) | (Step::LiftBan, Some(Banned)) => Removed,
        (Step::Ban, Some(Invited | Requested | Active | Declined | Left | Removed)) => Banned,
        _ => return None,
    };
    Some(to)
}

/// Where a step leads, or the problem that says where the membership stands and where steps of the same kind lead.
pub fn take(from: Option<State>, step: Step) -> Result<State> {
    let same_kind: &[Step] = if OWN_STEPS.contains(&step) { &OWN_STEPS } else { &GROUP_STEPS };
    next(from, step).ok_or_else(|| wrong_state(from, same_kind))
}

/// Where adding somebody leads. Only administrators add people who never had to do with the group; owners invite them: anybody
/// can own a group, and nobody is shown in one by their account's name without their will.
pub fn add(who: &Standing, from: Option<State>) -> Result<State> {
    if from.is_none() && !who.is_admin() {
        return Err(wrong_state(None, &[Step::Invite]));
    }
    take(from, Step::Add)
}

/// The step that makes a member or a request of somebody who wants to come in. Whoever was invited comes in whatever the
/// policy; doing it again is no step.
pub fn entry(who: &Standing) -> Result<Option<Step>> {
    let step = match verdict(who, Action::Join) {
        Verdict::Forbidden => Step::Request,
        _ => Step::Join,
    };
    match (who.state(), step) {
        (Some(State::Active), _) | (Some(State::Requested), Step::Request) => Ok(None),
        _ => {
            let action = if step == Step::Join { Action::Join } else { Action::Request };
            problem(who, verdict(who, action)).map_or(Ok(Some(step)), Err)
        }
    }
}

/// How a person gets out of a state by themselves; `None` where there is nothing to get out of.
#[must_use]
pub fn way_out(from: State) -> Option<Step> {
    match from {
        State::Active => Some(Step::Leave),
        State::Requested => Some(Step::Withdraw),
        State::Invited => Some(Step::Refuse),
        State::Declined | State::Left | State::Removed | State::Banned => None,
    }
}

/// Whether somebody is enough of a member to have a name in the group and to accept its rules.
pub fn keeps_name(state: State) -> Result<()> {
    match state {
        State::Active | State::Requested | State::Invited => Ok(()),
        from => Err(stands(Some(from), &[State::Active, State::Requested])),
    }
}

/// Whether a name may be compared with those of the members: only on behalf of somebody who reads them, in this state.
#[must_use]
pub fn reads_names(who: &Standing, state: State) -> bool {
    let in_state = Standing { membership: who.membership.map(|held| Held { state, ..held }), ..*who };
    let joined = state == State::Active && who.group.member_list_visibility != MemberListVisibility::Facilitators;
    joined || verdict(&in_state, Action::ReadMembers) == Verdict::Yes
}

/// Whether somebody may ask again who was declined, now.
pub fn cooled_down(before: Option<&Membership>, terms: &EntryTerms, now: Timestamp) -> Result<()> {
    let declined_at = before.filter(|row| row.state == State::Declined).and_then(|row| row.decided_at);
    let days = u64::try_from(terms.request_cooldown_days).unwrap_or(0);
    let Some(retry_at) = declined_at.map(|at| at.after(Duration::from_hours(24 * days))).filter(|at| *at > now) else {
        return Ok(());
    };
    let words = format!("The group declined you; you can ask again from {retry_at} on.");
    Err(Error::new(Code::CoolingDown, words).with("retry_at", retry_at.to_string()))
}

/// The answers to keep: each to one of the group's questions, and, for a request, one to each that is required.
pub fn answers(given: &[NewAnswer], terms: &EntryTerms, is_request: bool) -> Result<Vec<Answer>> {
    let questions = &terms.join_questions.0;
    for (index, answer) in given.iter().enumerate() {
        let pointer = format!("/answers/{index}/question");
        let question = answer.question.as_str();
        if !questions.iter().any(|known| known.text == question) {
            return Err(Error::invalid(pointer, "unknown", "is not one of the group's questions"));
        }
        if given.iter().take(index).any(|earlier| earlier.question.as_str() == question) {
            return Err(Error::invalid(pointer, "duplicate", "is answered twice"));
        }
    }
    let is_answered = |text: &str| given.iter().any(|answer| answer.question.as_str() == text);
    let missing = questions.iter().find(|question| is_request && question.is_required && !is_answered(&question.text));
    if let Some(question) = missing {
        let words = format!("the group asks: {}", question.text);
        return Err(Error::invalid("/answers", "missing", words));
    }
    let keep = |answer: &NewAnswer| Answer {
        question: answer.question.as_str().to_owned(),
        answer: answer.answer.as_str().to_owned(),
    };
    Ok(given.iter().map(keep).collect())
}

/// Whether the group's rules are accepted with this version; the version to keep.
pub fn rules_version(group: &Openness, given: Option<RulesVersion>) -> Result<Option<i32>> {
    let given = given.map(|version| version.0);
    match given {
        _ if !group.has_rules && given.is_none() => Ok(None),
        Some(version) if group.has_rules && version == group.rules_version => Ok(given),
        _ if !group.has_rules => {
            Err(Error::invalid("/accepted_rules_version", "unknown", "the group has no rules to accept"))
        }
        _ => Err(rules_not_accepted(group)),
    }
}

fn rules_not_accepted(group: &Openness) -> Error {
    let words = format!("Read the group's rules and accept version {}.", group.rules_version);
    Error::new(Code::RulesNotAccepted, words).with("rules_version", group.rules_version)
}

/// What a change of a member leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemberChange {
    /// The role from now on.
    pub role: Role,
    /// The state from now on.
    pub state: State,
    /// When the role ends by itself.
    pub role_ends_at: Option<Timestamp>,
    /// When a ban ends by itself.
    pub banned_until: Option<Timestamp>,
}

/// What a change of a member leads to; `None` where nothing changes.
pub fn change_member(
    who: &Standing,
    target: &Membership,
    patch: &MemberPatch,
    now: Timestamp,
) -> Result<Option<MemberChange>> {
    if !outranks(who, (target.role, target.state)) {
        return Err(Error::new(Code::Forbidden, "You may not act on somebody with this role."));
    }
    coherent(patch, now)?;
    let role = patch.role.0.unwrap_or(target.role);
    let step = match patch.state.0.map(State::from) {
        Some(state) if state == target.state => None,
        Some(State::Banned) => Some(Step::Ban),
        Some(_) if target.state == State::Banned => Some(Step::LiftBan),
        Some(_) => Some(Step::Remove),
        None => None,
    };
    let state = step.map_or(Ok(target.state), |step| take(Some(target.state), step))?;
    let banned_until = patch.banned_until.0.unwrap_or(target.banned_until).filter(|_| state == State::Banned);
    let has_term = role != Role::Member && state == State::Active;
    let kept_term = target.role_ends_at.filter(|_| role == target.role);
    let role_ends_at = patch.role_ends_at.0.unwrap_or(kept_term).filter(|_| has_term);
    if role != target.role || role_ends_at != kept_term.filter(|_| has_term) {
        problem(who, verdict(who, Action::AssignRoles)).map_or(Ok(()), Err)?;
        if target.state != State::Active {
            return Err(stands(Some(target.state), &[State::Active]));
        }
    }
    if patch.role_ends_at.0.flatten().is_some() && role == Role::Member {
        return Err(Error::invalid("/role_ends_at", "conflict", "members' role does not end"));
    }
    if patch.banned_until.0.flatten().is_some() && state != State::Banned {
        return Err(Error::invalid("/banned_until", "conflict", "only a ban ends"));
    }
    let change = MemberChange { role, state, role_ends_at, banned_until };
    let before = MemberChange {
        role: target.role,
        state: target.state,
        role_ends_at: target.role_ends_at,
        banned_until: target.banned_until,
    };
    // what is said of a ban may be said anew
    let says_more = state == State::Banned && (patch.reason.0.is_some() || patch.private_note.0.is_some());
    Ok(Some(change).filter(|change| *change != before || says_more))
}

/// Whether the fields of a change go together.
fn coherent(patch: &MemberPatch, now: Timestamp) -> Result<()> {
    let says_nothing = patch.role.0.is_none()
        && patch.state.0.is_none()
        && patch.role_ends_at.0.is_none()
        && patch.banned_until.0.is_none();
    if patch.role.0.is_some() && patch.state.0.is_some() {
        return Err(Error::invalid("/role", "conflict", "change the role or the state, not both"));
    }
    if says_nothing && patch.reason.0.is_some() {
        return Err(Error::invalid("/reason", "conflict", "a reason belongs to a change of role or state"));
    }
    if says_nothing && patch.private_note.0.is_some() {
        return Err(Error::invalid("/private_note", "conflict", "a note belongs to a change of role or state"));
    }
    for (pointer, at) in [("/role_ends_at", patch.role_ends_at.0), ("/banned_until", patch.banned_until.0)] {
        future(pointer, at.flatten(), now)?;
    }
    Ok(())
}

/// Refuses a time that is not to come.
pub fn future(pointer: &str, at: Option<Timestamp>, now: Timestamp) -> Result<()> {
    let is_past = at.is_some_and(|at| at <= now);
    if is_past { Err(Error::invalid(pointer, "past", "must be in the future")) } else { Ok(()) }
}

/// The problem for a step that is not possible from here, with where steps of its kind lead.
#[must_use]
pub fn wrong_state(from: Option<State>, steps: &[Step]) -> Error {
    let mut allowed: Vec<State> = Vec::new();
    for to in steps.iter().filter_map(|step| next(from, *step)) {
        if !allowed.contains(&to) {
            allowed.push(to);
        }
    }
    stands(from, &allowed)
}

/// The problem for a membership that does not stand where it must.
#[must_use]
pub fn stands(from: Option<State>, allowed: &[State]) -> Error {
    let from = from.map_or("none", State::as_str);
    let allowed: Vec<&str> = allowed.iter().map(|state| state.as_str()).collect();
    Error::new(Code::InvalidState, format!("Not possible for a membership in the state «{from}»."))
        .with("state", from)
        .with("allowed", allowed)
}

/// The problem that goes with a verdict; `None` for yes.
#[must_use]
pub fn problem(who: &Standing, verdict: Verdict) -> Option<Error> {
    let error = match verdict {
        Verdict::Yes => return None,
        Verdict::LogIn => Error::new(Code::Unauthenticated, "This needs a login."),
        Verdict::MembersOnly => Error::new(Code::MembersOnly, "Only members of the group may do this."),
        Verdict::Forbidden => Error::new(Code::Forbidden, "Your role, or the group's policy, does not allow this."),
        Verdict::NeedsReason => Error::new(
            Code::AccessReasonNeeded,
            "Only members read this. Send the header «Praxis-Access-Reason»; the group's owners will see it.",
        ),
        Verdict::RulesNotAccepted => rules_not_accepted(&who.group),
        Verdict::ReviewNeeded => {
            Error::new(Code::ReviewNeeded, "Those who moderate read it first: send it to the submissions.")
        }
        Verdict::Banned => Error::new(Code::Banned, "The group has banned you."),
        Verdict::WrongState => wrong_state(who.state(), &OWN_STEPS),
        Verdict::Archived => Error::new(Code::Archived, "The group is archived and read-only."),
        Verdict::NotArchived => Error::new(Code::InvalidState, "The group is not archived.")
            .with("state", "active")
            .with("allowed", vec!["archived"]),
        Verdict::LastOwner => Error::new(Code::LastOwner, "Somebody else must own the group first."),
    };
    Some(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PUBLIC: Openness = Openness {
        visibility: Visibility::Public,
        join_policy: JoinPolicy::Open,
        post_policy: PostPolicy::Members,
        member_list_visibility: MemberListVisibility::Members,
        status: GroupStatus::Active,
        invite_policy: InvitePolicy::Facilitators,
        review_policy: ReviewPolicy::Nobody,
        allow_anonymous: false,
        has_shares: false,
        has_rules: false,
        rules_version: 0,
    };
    const PRIVATE: Openness = Openness { visibility: Visibility::Listed, join_policy: JoinPolicy::Request, ..PUBLIC };
    const ARCHIVED: Openness = Openness { status: GroupStatus::Archived, ..PUBLIC };

    fn held(role: Role, state: State) -> Held {
        Held { role, state, accepted_rules_version: None, joined_at: None, read_until: None, last_contributed_at: None }
    }

    /// The callers, in the order of the columns below.
    fn callers(group: Openness) -> [Standing; 8] {
        let person = |role| Standing {
            platform_role: Some(role),
            gives_reason: false,
            membership: None,
            is_sole_owner: false,
            is_reviewed: false,
            group,
        };
        let with = |role, state| Standing { membership: Some(held(role, state)), ..person(PlatformRole::Member) };
        [
            Standing { platform_role: None, ..person(PlatformRole::Member) },
            person(PlatformRole::Member),
            with(Role::Member, State::Requested),
            with(Role::Member, State::Active),
            with(Role::Facilitator, State::Active),
            with(Role::Owner, State::Active),
            with(Role::Owner, State::Banned),
            person(PlatformRole::Admin),
        ]
    }

    fn row(group: Openness, action: Action) -> String {
        let sign = |who: &Standing| match verdict(who, action) {
            Verdict::Yes => 'y',
            Verdict::LogIn => 'l',
            Verdict::MembersOnly => 'm',
            Verdict::Forbidden => 'f',
            Verdict::Banned => 'b',
            Verdict::NeedsReason => 'r',
            Verdict::RulesNotAccepted => 'u',
            Verdict::ReviewNeeded => 'v',
            Verdict::WrongState => 's',
            Verdict::Archived => 'a',
            Verdict::NotArchived => 'n',
            Verdict::LastOwner => 'o',
        };
        callers(group).iter().map(sign).collect()
    }

    #[test]
    fn the_table_of_who_may_do_what() {
        // anonymous, stranger, requested, member, facilitator, owner, banned (once owner), admin
        let table = [
            (Action::ReadPosts, "yyyyyyyy", "mmmyyymr", "yyyyyyyy"),
            (Action::ReadMembers, "mmmyyymr", "mmmyyymr", "mmmyyymr"),
            (Action::Join, "lyysssby", "lffsssbf", "laasssba"),
            (Action::Request, "lfssssbf", "lyssssby", "lfssssbf"),
            (Action::Withdraw, "lsysssss", "lsysssss", "lsysssss"),
            (Action::DeclineInvitation, "lsssssss", "lsssssss", "lsssssss"),
            (Action::Leave, "lssyyyss", "lssyyyss", "lssyyyss"),
            (Action::AcceptRules, "lsssssss", "lsssssss", "lsssssss"),
            (Action::Post, "lmmyyymm", "lmmyyymm", "lmmaaamm"),
            (Action::Announce, "lfffyyff", "lfffyyff", "lfffaaff"),
            (Action::Comment, "lmmyyymm", "lmmyyymm", "lmmaaamm"),
            (Action::Submit, "lmmyyymm", "lmmyyymm", "lmmaaamm"),
            (Action::Moderate, "lfffyyfy", "lfffyyfy", "lfffyyfy"),
            (Action::Unmask, "lffffyfy", "lffffyfy", "lffffyfy"),
            (Action::Edit, "lffffyfy", "lffffyfy", "lffffafa"),
            (Action::Archive, "lffffyfy", "lffffyfy", "lffffafa"),
            (Action::Unarchive, "lffffnfn", "lffffnfn", "lffffyfy"),
            (Action::Delete, "lffffyfy", "lffffyfy", "lffffyfy"),
            (Action::Invite, "lfffyyfy", "lfffyyfy", "lfffaafa"),
            (Action::AddMembers, "lffffyfy", "lffffyfy", "lffffafa"),
            (Action::DecideRequests, "lfffyyfy", "lfffyyfy", "lfffaafa"),
            (Action::ManageMembers, "lfffyyfy", "lfffyyfy", "lfffyyfy"),
            (Action::ReadRecords, "lfffyyfr", "lfffyyfr", "lfffyyfr"),
            (Action::AssignRoles, "lffffyfy", "lffffyfy", "lffffyfy"),
            (Action::ReadAuditLog, "lffffyfy", "lffffyfy", "lffffyfy"),
            (Action::DecideContributions, "lfffyyfy", "lfffyyfy", "lfffyyfy"),
        ];
        assert_eq!(table.map(|(action, ..)| action), ALL);
        for (action, public, private, archived) in table {
            assert_eq!(row(PUBLIC, action), public, "{action:?} in a public group");
            assert_eq!(row(PRIVATE, action), private, "{action:?} in a listed group that takes requests");
            assert_eq!(row(ARCHIVED, action), archived, "{action:?} in an archived group");
        }
    }

    #[test]
    fn a_sole_owner_cannot_leave_and_the_invited_join_whatever_the_policy() {
        let owner = Standing { is_sole_owner: true, ..callers(PUBLIC)[5] };
        assert_eq!(verdict(&owner, Action::Leave), Verdict::LastOwner);
        let closed = Openness { join_policy: JoinPolicy::InviteOnly, ..PRIVATE };
        let invited = Standing { membership: Some(held(Role::Member, State::Invited)), ..callers(closed)[1] };
        assert_eq!(verdict(&invited, Action::Join), Verdict::Yes);
        assert_eq!(verdict(&invited, Action::DeclineInvitation), Verdict::Yes);
        assert_eq!(verdict(&callers(closed)[1], Action::Join), Verdict::Forbidden);
    }

    #[test]
    fn the_words_of_newcomers_or_of_everyone_are_read_first_but_not_of_those_who_read_them() {
        let wrote = |who: Standing| {
            let last_contributed_at = Some(Timestamp::from_micros(1_700_000_000_000_000));
            Standing { membership: who.membership.map(|held| Held { last_contributed_at, ..held }), ..who }
        };
        let moderator = |who: Standing| Standing { platform_role: Some(PlatformRole::Moderator), ..who };
        for (review_policy, signs) in
            [(ReviewPolicy::Nobody, "yyyyyy"), (ReviewPolicy::Newcomers, "vyyyyy"), (ReviewPolicy::Everyone, "vvyyyy")]
        {
            let [_, _, _, member, facilitator, owner, ..] = callers(Openness { review_policy, ..PUBLIC });
            let reviewed = Standing { is_reviewed: true, ..member };
            let who = [member, wrote(member), moderator(member), facilitator, owner, reviewed];
            for action in [Action::Post, Action::Comment] {
                let sign = |who: &Standing| match verdict(who, action) {
                    Verdict::Yes => 'y',
                    Verdict::ReviewNeeded => 'v',
                    other => panic!("{other:?}"),
                };
                assert_eq!(who.iter().map(sign).collect::<String>(), signs, "{action:?} under {review_policy:?}");
            }
            assert!(who.iter().all(|who| verdict(who, Action::Submit) == Verdict::Yes));
            // what has no name would tell whether a newcomer wrote it
            let owes = who.iter().map(|who| who.owes_review(true));
            assert_eq!(
                owes.collect::<Vec<_>>(),
                if signs == "yyyyyy" { [false; 6] } else { [true, true, false, false, false, false] }
            );
            assert_eq!(verdict(&member, Action::Announce), Verdict::Forbidden);
        }
    }

    #[test]
    fn facilitators_act_on_members_and_owners_on_everybody() {
        let [_, stranger, _, member, facilitator, owner, _, admin] = callers(PUBLIC);
        for (target, signs) in [
            ((Role::Member, State::Active), "nnyyy"),
            ((Role::Facilitator, State::Active), "nnnyy"),
            ((Role::Owner, State::Active), "nnnyy"),
            ((Role::Owner, State::Left), "nnyyy"),
        ] {
            let row: String = [stranger, member, facilitator, owner, admin]
                .iter()
                .map(|who| if outranks(who, target) { 'y' } else { 'n' })
                .collect();
            assert_eq!(row, signs, "{target:?}");
        }
    }

    #[test]
    fn the_rules_stand_before_everything_that_is_written() {
        let ruled = Openness { has_rules: true, rules_version: 3, ..PUBLIC };
        let [_, _, requested, member, facilitator, owner, _, _] = callers(ruled);
        for who in [member, facilitator, owner] {
            for (accepted, write, accept) in [
                (None, Verdict::RulesNotAccepted, Verdict::Yes),
                (Some(2), Verdict::RulesNotAccepted, Verdict::Yes),
                (Some(3), Verdict::Yes, Verdict::WrongState),
            ] {
                let held = who.membership.map(|held| Held { accepted_rules_version: accepted, ..held });
                let who = Standing { membership: held, ..who };
                assert_eq!(verdict(&who, Action::Post), write, "{accepted:?}");
                assert_eq!(verdict(&who, Action::Comment), write, "{accepted:?}");
                assert_eq!(verdict(&who, Action::AcceptRules), accept, "{accepted:?}");
                assert_eq!(verdict(&who, Action::ReadPosts), Verdict::Yes);
            }
        }
        assert_eq!(verdict(&requested, Action::AcceptRules), Verdict::Yes);
    }

    #[test]
    fn an_administrator_who_says_why_reads_what_members_read() {
        let hidden = Openness { visibility: Visibility::Hidden, ..PUBLIC };
        let told = Openness { member_list_visibility: MemberListVisibility::Everyone, ..hidden };
        for group in [PRIVATE, hidden, told] {
            let admin = callers(group)[7];
            let saying_why = Standing { gives_reason: true, ..admin };
            for action in [Action::ReadPosts, Action::ReadMembers, Action::ReadRecords] {
                assert_eq!(verdict(&admin, action), Verdict::NeedsReason);
                assert_eq!(verdict(&saying_why, action), Verdict::Yes);
                assert!(saying_why.leans_on_office(action));
            }
            let stranger = Standing { gives_reason: true, ..callers(group)[1] };
            assert_eq!(verdict(&stranger, Action::ReadPosts), Verdict::MembersOnly, "a reason opens nothing by itself");
            let member = Standing { membership: Some(held(Role::Member, State::Active)), ..admin };
            assert_eq!(verdict(&member, Action::ReadPosts), Verdict::Yes);
            assert!(!member.leans_on_office(Action::ReadPosts));
        }
    }

    #[test]
    fn who_invites_is_a_setting() {
        for (invite_policy, signs) in [
            (InvitePolicy::Members, "lffyyyfy"),
            (InvitePolicy::Facilitators, "lfffyyfy"),
            (InvitePolicy::Owners, "lffffyfy"),
        ] {
            assert_eq!(row(Openness { invite_policy, ..PUBLIC }, Action::Invite), signs, "{invite_policy:?}");
        }
    }

    #[test]
    fn no_state_is_a_dead_end() {
        use State::{Active, Banned, Declined, Invited, Left, Removed, Requested};
        for from in [None, Some(Invited), Some(Requested), Some(Declined), Some(Left), Some(Removed), Some(Banned)] {
            let mut reached = vec![from];
            let mut looked = 0;
            while let Some(from) = reached.get(looked).copied() {
                looked += 1;
                for to in OWN_STEPS.iter().chain(&GROUP_STEPS).filter_map(|step| next(from, *step)) {
                    if !reached.contains(&Some(to)) {
                        reached.push(Some(to));
                    }
                }
            }
            assert!(reached.contains(&Some(Active)), "nobody becomes a member from {from:?}");
        }
        for step in GROUP_STEPS.iter().filter(|step| **step != Step::LiftBan) {
            assert_eq!(next(Some(Banned), *step), None, "{step:?}");
        }
        assert!(OWN_STEPS.iter().all(|step| next(Some(Banned), *step).is_none()));
    }

    #[test]
    fn the_page_about_the_api_has_the_table_of_steps() {
        use State::{Active, Banned, Declined, Invited, Left, Removed, Requested};
        let states = [
            None,
            Some(Invited),
            Some(Requested),
            Some(Active),
            Some(Declined),
            Some(Left),
            Some(Removed),
            Some(Banned),
        ];
        let names = [
            ("join, or accept an invitation", Step::Join),
            ("ask to join", Step::Request),
            ("withdraw", Step::Withdraw),
            ("decline an invitation", Step::Refuse),
            ("leave", Step::Leave),
            ("invite", Step::Invite),
            ("take an invitation back", Step::Revoke),
            ("approve", Step::Approve),
            ("decline", Step::Decline),
            ("add", Step::Add),
            ("remove", Step::Remove),
            ("ban", Step::Ban),
            ("lift a ban", Step::LiftBan),
        ];
        assert_eq!(names.map(|(_, step)| step)[..5], OWN_STEPS);
        assert_eq!(names.map(|(_, step)| step)[5..], GROUP_STEPS);
        let page = include_str!("../../../docs/API.md");
        for (name, step) in names {
            let cells: Vec<String> = states
                .iter()
                .map(|from| next(*from, step).map_or_else(String::new, |to| format!("`{}`", to.as_str())))
                .collect();
            let row = format!("| {name} | {} |", cells.join(" | "));
            assert!(page.contains(&row), "docs/API.md lacks the row\n{row}");
        }
    }
}
