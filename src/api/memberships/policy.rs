//! Who may do what in a group: one pure function, [`verdict`], from what a caller is to a group and what they mean to do.
//! It is asked only about groups that the caller may know of.

use super::model::{
    Action, GroupStatus, JoinPolicy, MemberListVisibility, MemberPatch, Membership, Openness, PostPolicy, Role, State,
    Visibility,
};
use crate::auth::actor::{PlatformRole, Viewer};
use crate::db::sql_types::TextEnum as _;
use crate::error::{Code, Error, Result};

/// What a caller is to a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// The caller's role on the platform; `None` for somebody who is not logged in.
    pub platform_role: Option<PlatformRole>,
    /// The caller's membership.
    pub membership: Option<(Role, State)>,
    /// Whether the group would be left without owner.
    pub is_sole_owner: bool,
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
    pub fn new(viewer: &Viewer, membership: Option<(Role, State)>, is_sole_owner: bool, group: Openness) -> Self {
        Self { platform_role: viewer.0.map(|actor| actor.role), membership, is_sole_owner, group }
    }

    fn state(&self) -> Option<State> {
        self.membership.map(|(_, state)| state)
    }

    /// The role that counts: that of an active membership.
    #[must_use]
    pub fn role(&self) -> Option<Role> {
        self.membership.filter(|(_, state)| *state == State::Active).map(|(role, _)| role)
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

    /// Everything that the caller may do, for `viewer.can`.
    #[must_use]
    pub fn can(&self) -> Vec<Action> {
        ALL.iter().copied().filter(|action| verdict(self, *action) == Verdict::Yes).collect()
    }
}

const ALL: [Action; 18] = [
    Action::ReadPosts,
    Action::ReadMembers,
    Action::Join,
    Action::Request,
    Action::Withdraw,
    Action::Leave,
    Action::Post,
    Action::Announce,
    Action::Comment,
    Action::Moderate,
    Action::Edit,
    Action::Archive,
    Action::Unarchive,
    Action::Delete,
    Action::DecideRequests,
    Action::ManageMembers,
    Action::AssignRoles,
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
        Action::Join | Action::Request => return enter(who, action),
        Action::Withdraw => unless(who.state() == Some(State::Requested), Verdict::WrongState),
        Action::Leave if who.is_sole_owner => Verdict::LastOwner,
        Action::Leave => unless(who.is_member(), Verdict::WrongState),
        Action::Post => {
            let by_policy = who.leads() || who.group.post_policy == PostPolicy::Members;
            if who.is_member() { unless(by_policy, Verdict::Forbidden) } else { Verdict::MembersOnly }
        }
        Action::Announce => unless(who.leads(), Verdict::Forbidden),
        Action::Comment => unless(who.is_member(), Verdict::MembersOnly),
        Action::Moderate => {
            let moderates = who.platform_role == Some(PlatformRole::Moderator) && read_posts(who) == Verdict::Yes;
            unless(leads || moderates, Verdict::Forbidden)
        }
        Action::DecideRequests | Action::ManageMembers | Action::DecideContributions => {
            unless(leads, Verdict::Forbidden)
        }
        Action::AssignRoles | Action::Edit | Action::Delete | Action::Archive | Action::Unarchive => {
            unless(owns, Verdict::Forbidden)
        }
    };
    let needs_use = matches!(
        action,
        Action::Post | Action::Announce | Action::Comment | Action::Edit | Action::Archive | Action::DecideRequests
    );
    match allowed {
        Verdict::Yes if needs_use && is_archived => Verdict::Archived,
        Verdict::Yes if action == Action::Unarchive && !is_archived => Verdict::NotArchived,
        Verdict::Yes => Verdict::Yes,
        _ if who.platform_role.is_none() => Verdict::LogIn,
        refused => refused,
    }
}

fn read_posts(who: &Standing) -> Verdict {
    let may = who.group.visibility == Visibility::Public || who.is_member() || who.is_admin();
    unless(may, Verdict::MembersOnly)
}

fn read_members(who: &Standing) -> Verdict {
    let leads = who.leads() || who.is_admin();
    match who.group.member_list_visibility {
        MemberListVisibility::Everyone => Verdict::Yes,
        MemberListVisibility::Members => unless(who.is_member() || leads, Verdict::MembersOnly),
        MemberListVisibility::Facilitators => unless(leads, Verdict::Forbidden),
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

/// The role and state that a change of a member leads to; `None` where nothing changes.
pub fn change_member(who: &Standing, target: &Membership, patch: &MemberPatch) -> Result<Option<(Role, State)>> {
    let not_above = || Error::new(Code::Forbidden, "You may not act on somebody with this role.");
    if !outranks(who, (target.role, target.state)) {
        return Err(not_above());
    }
    match (patch.role.0, patch.state.0) {
        (Some(_), Some(_)) => {
            return Err(Error::invalid("/role", "conflict", "change the role or the state, not both"));
        }
        (None, None) if patch.reason.0.is_some() => {
            return Err(Error::invalid("/reason", "conflict", "a reason belongs to a change of role or state"));
        }
        _ => {}
    }
    let role = patch.role.0.filter(|role| *role != target.role);
    let state = patch.state.0.map(State::from).filter(|state| *state != target.state);
    if role.is_some() {
        problem(who, verdict(who, Action::AssignRoles)).map_or(Ok(()), Err)?;
        if target.state != State::Active {
            return Err(wrong_state(Some(target.state), &[State::Active]));
        }
    }
    match state {
        Some(to) if !next_states(target.state).contains(&to) => {
            Err(wrong_state(Some(target.state), next_states(target.state)))
        }
        _ if role.is_none() && state.is_none() => Ok(None),
        _ => Ok(Some((role.unwrap_or(target.role), state.unwrap_or(target.state)))),
    }
}

/// The states that [`super::model::MemberPatch`] may lead to from here.
#[must_use]
pub fn next_states(from: State) -> &'static [State] {
    match from {
        State::Active => &[State::Removed, State::Banned],
        State::Banned => &[State::Removed],
        State::Invited | State::Requested | State::Declined | State::Left | State::Removed => &[State::Banned],
    }
}

/// The problem for a change of state that is not among those allowed.
#[must_use]
pub fn wrong_state(from: Option<State>, allowed: &[State]) -> Error {
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
        Verdict::Banned => Error::new(Code::Banned, "The group has banned you."),
        Verdict::WrongState => wrong_state(who.state(), &[]),
        Verdict::Archived => Error::new(Code::Archived, "The group is archived and read-only."),
        Verdict::NotArchived => Error::new(Code::InvalidState, "The group is not archived.").with("state", "active"),
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
    };
    const PRIVATE: Openness = Openness { visibility: Visibility::Listed, join_policy: JoinPolicy::Request, ..PUBLIC };
    const ARCHIVED: Openness = Openness { status: GroupStatus::Archived, ..PUBLIC };

    /// The callers, in the order of the columns below.
    fn callers(group: Openness) -> [Standing; 8] {
        let person = |role| Standing { platform_role: Some(role), membership: None, is_sole_owner: false, group };
        let with = |role, state| Standing { membership: Some((role, state)), ..person(PlatformRole::Member) };
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
            (Action::ReadPosts, "yyyyyyyy", "mmmyyymy", "yyyyyyyy"),
            (Action::ReadMembers, "mmmyyymy", "mmmyyymy", "mmmyyymy"),
            (Action::Join, "lyysssby", "lffsssbf", "laasssba"),
            (Action::Request, "lfssssbf", "lyssssby", "lfssssbf"),
            (Action::Withdraw, "lsysssss", "lsysssss", "lsysssss"),
            (Action::Leave, "lssyyyss", "lssyyyss", "lssyyyss"),
            (Action::Post, "lmmyyymm", "lmmyyymm", "lmmaaamm"),
            (Action::Announce, "lfffyyff", "lfffyyff", "lfffaaff"),
            (Action::Comment, "lmmyyymm", "lmmyyymm", "lmmaaamm"),
            (Action::Moderate, "lfffyyfy", "lfffyyfy", "lfffyyfy"),
            (Action::Edit, "lffffyfy", "lffffyfy", "lffffafa"),
            (Action::Archive, "lffffyfy", "lffffyfy", "lffffafa"),
            (Action::Unarchive, "lffffnfn", "lffffnfn", "lffffyfy"),
            (Action::Delete, "lffffyfy", "lffffyfy", "lffffyfy"),
            (Action::DecideRequests, "lfffyyfy", "lfffyyfy", "lfffaafa"),
            (Action::ManageMembers, "lfffyyfy", "lfffyyfy", "lfffyyfy"),
            (Action::AssignRoles, "lffffyfy", "lffffyfy", "lffffyfy"),
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
        let invited = Standing { membership: Some((Role::Member, State::Invited)), ..callers(closed)[1] };
        assert_eq!(verdict(&invited, Action::Join), Verdict::Yes);
        assert_eq!(verdict(&callers(closed)[1], Action::Join), Verdict::Forbidden);
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
}
