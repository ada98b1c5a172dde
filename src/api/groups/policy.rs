//! What a change to a group asks of whoever makes it.

use super::model::GroupPatch;
use super::relatives::LEVELS;
use crate::api::memberships::access::Access;
use crate::api::memberships::model::{Action, GroupStatus};
use crate::api::memberships::policy::future;
use crate::error::{Code, Error, Result};
use crate::http::text::folded;
use crate::types::{GroupId, Timestamp};

impl GroupPatch {
    /// Whether it changes anything besides the status and what a group that has closed may still say.
    fn edits(&self) -> bool {
        self.name.0.is_some()
            || self.slug.0.is_some()
            || self.parent_id.0.is_some()
            || self.closes_at.0.is_some()
            || self.auto_join_domains.0.is_some()
            || self.summary.0.is_some()
            || self.description.0.is_some()
            || self.purpose.0.is_some()
            || self.learning_question.0.is_some()
            || self.type_ids.0.is_some()
            || self.tags.0.is_some()
            || self.visibility.0.is_some()
            || self.join_policy.0.is_some()
            || self.post_policy.0.is_some()
            || self.member_list_visibility.0.is_some()
            || self.invite_policy.0.is_some()
            || self.review_policy.0.is_some()
            || self.allow_anonymous.0.is_some()
            || self.join_questions.0.is_some()
            || self.request_cooldown_days.0.is_some()
            || self.rules.0.is_some()
            || self.welcome_message.0.is_some()
            || self.show_member_count.0.is_some()
            || self.external_id.0.is_some()
    }
}

/// Whether these changes may be made. A group that comes back into use may be edited in the same step.
pub fn update(access: &Access, patch: &GroupPatch, now: Timestamp) -> Result<()> {
    let status = patch.status.0.filter(|status| *status != access.standing().group.status);
    match status {
        Some(GroupStatus::Active) => access.require(Action::Unarchive)?,
        Some(GroupStatus::Archived) => access.require(Action::Archive)?,
        None => {}
    }
    if patch.external_id.0.is_some() {
        administrators_set("/external_id", access.viewer().is_admin())?;
    }
    if patch.auto_join_domains.0.is_some() {
        administrators_set("/auto_join_domains", access.viewer().is_admin())?;
    }
    future("/closes_at", patch.closes_at.0.flatten(), now)?;
    if patch.closes_at.0.flatten().is_some() && patch.status.0 == Some(GroupStatus::Archived) {
        return Err(Error::invalid("/closes_at", "conflict", "archive it now or later, not both"));
    }
    match status {
        Some(GroupStatus::Active) => Ok(()),
        _ if patch.edits() => access.require(Action::Edit),
        // nothing to change, or only the status: for owners whether or not the group is archived
        _ => access.require(Action::AssignRoles),
    }
}

/// External ids are unique across groups that the caller may not know of, and domains make members of people whom the
/// owners do not know, so only those who see all groups and people set them.
pub fn administrators_set(pointer: &str, is_admin: bool) -> Result<()> {
    let words = "Only administrators set this.";
    if is_admin { Ok(()) } else { Err(Error::new(Code::Forbidden, words).with_field(pointer, "forbidden", words)) }
}

/// Whether the caller may put groups within this one: its owners and administrators.
pub fn parent(access: &Access) -> Result<()> {
    let words = "Only owners of that group may put another within it.";
    if access.may(Action::AssignRoles) {
        Ok(())
    } else {
        Err(Error::new(Code::Forbidden, words).with_field("/parent_id", "forbidden", words))
    }
}

/// Whether a group with so many levels below it may stand below these.
pub fn place(group: Option<GroupId>, above: &[GroupId], below: usize) -> Result<()> {
    if group.is_some_and(|group| above.contains(&group)) {
        return Err(Error::invalid("/parent_id", "cycle", "a group cannot be within itself"));
    }
    if above.len() + 1 + below > LEVELS {
        let words = format!("at most {LEVELS} groups stand one within the other");
        return Err(Error::invalid("/parent_id", "too_deep", words));
    }
    Ok(())
}

/// Whether these may carry on a group's work, one after the other.
pub fn succession(group: GroupId, onwards: &[GroupId]) -> Result<()> {
    if onwards.contains(&group) {
        return Err(Error::invalid("/successor_id", "cycle", "a group cannot carry on its own work"));
    }
    Ok(())
}

/// How the words of a name begin, folded: the first three letters of up to eight of them.
#[must_use]
pub fn beginnings(name: &str) -> Vec<String> {
    let name = folded(name);
    let words = name.split(|c: char| !c.is_alphanumeric()).filter(|word| word.chars().count() >= 3);
    let mut beginnings: Vec<String> = words.take(8).map(|word| word.chars().take(3).collect()).collect();
    if beginnings.is_empty() {
        beginnings.push(name);
    }
    beginnings
}

/// The ten of these groups, by their folded names, that are most like a name, the most similar first; none that is hardly
/// like it.
#[must_use]
pub fn most_similar(name: &str, named: Vec<(GroupId, String)>) -> Vec<GroupId> {
    let name = folded(name);
    let likeness = |other: &str| {
        let holds = other.contains(&name) || name.contains(other);
        strsim::sorensen_dice(&name, other).max(if holds { 0.9 } else { 0.0 })
    };
    let mut likely: Vec<(f64, GroupId)> = named.into_iter().map(|(id, other)| (likeness(&other), id)).collect();
    likely.retain(|(likeness, _)| *likeness >= 0.4);
    likely.sort_by(|(a, one), (b, other)| b.total_cmp(a).then_with(|| one.cmp(other)));
    likely.into_iter().take(10).map(|(_, id)| id).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_most_three_stand_one_within_the_other_and_none_within_itself() {
        let [a, b, c] = [GroupId::new(), GroupId::new(), GroupId::new()];
        let code = |result: Result<()>| result.err().map(|error| error.fields()[0].code.clone());
        assert_eq!(code(place(None, &[a, b], 0)), None);
        assert_eq!(code(place(None, &[a, b, c], 0)), Some("too_deep".to_owned()));
        assert_eq!(code(place(Some(c), &[a], 1)), None);
        assert_eq!(code(place(Some(c), &[a, b], 1)), Some("too_deep".to_owned()));
        assert_eq!(code(place(Some(a), &[a], 0)), Some("cycle".to_owned()));
        assert_eq!(code(place(Some(b), &[a, b], 0)), Some("cycle".to_owned()));
        assert_eq!(code(succession(a, &[b, c])), None);
        assert_eq!(code(succession(c, &[b, c])), Some("cycle".to_owned()));
    }
}
