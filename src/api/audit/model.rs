//! Entries of the audit log: what is recorded, the row, and what clients see.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use crate::db::schema::audit_events;
use crate::db::sql_types::JsonList;
use crate::http::page::Limit;
use crate::types::{AuditEventId, GroupId, TargetId, Timestamp, UserId, text_enum};

text_enum! {
    /// What was done.
    AuditAction {
        /// A group was created.
        GroupCreated = "group_created",
        /// A group's settings changed.
        GroupUpdated = "group_updated",
        /// A group became read-only.
        GroupArchived = "group_archived",
        /// A group came back into use.
        GroupUnarchived = "group_unarchived",
        /// A group was deleted; it can be restored.
        GroupDeleted = "group_deleted",
        /// A deleted group was restored.
        GroupRestored = "group_restored",
        /// A deleted group was removed for good.
        GroupPurged = "group_purged",
        /// An administrator read what only members may.
        GroupContentRead = "group_content_read",
        /// Somebody else's post or comment was deleted.
        ContentDeleted = "content_deleted",
        /// A post or comment that was deleted by or for somebody else was brought back.
        ContentRestored = "content_restored",
        /// Somebody was warned of what they wrote.
        MemberWarned = "member_warned",
        /// Something that waited to be read came out.
        SubmissionApproved = "submission_approved",
        /// Something that waited to be read does not come out.
        SubmissionDeclined = "submission_declined",
        /// Somebody learned who wrote something without their name.
        AuthorUnmasked = "author_unmasked",
        /// A conversation was moved to another group.
        PostMoved = "post_moved",
        /// A post was pinned.
        PostPinned = "post_pinned",
        /// A post was unpinned.
        PostUnpinned = "post_unpinned",
        /// A conversation was locked.
        PostLocked = "post_locked",
        /// A conversation was unlocked.
        PostUnlocked = "post_unlocked",
        /// A kind of group was created.
        GroupTypeCreated = "group_type_created",
        /// A kind of group changed, was retired or taken into use again.
        GroupTypeUpdated = "group_type_updated",
        /// A kind of group was deleted.
        GroupTypeDeleted = "group_type_deleted",
        /// A proposal for a group was approved.
        ProposalApproved = "proposal_approved",
        /// A proposal for a group was declined.
        ProposalDeclined = "proposal_declined",
        /// Somebody was invited.
        MemberInvited = "member_invited",
        /// An invitation was taken back.
        InvitationRevoked = "invitation_revoked",
        /// A link or an e-mail invitation was made.
        InvitationCreated = "invitation_created",
        /// A request to join was approved.
        RequestApproved = "request_approved",
        /// A request to join was declined.
        RequestDeclined = "request_declined",
        /// Somebody was made a member without having been asked.
        MemberAdded = "member_added",
        /// A member was removed.
        MemberRemoved = "member_removed",
        /// Somebody was banned from a group.
        MemberBanned = "member_banned",
        /// A ban was lifted.
        BanLifted = "ban_lifted",
        /// A member's role changed.
        RoleChanged = "role_changed",
        /// The end of a member's role changed.
        RoleTermChanged = "role_term_changed",
        /// The name by which the group shows a member was changed for them.
        MemberRenamed = "member_renamed",
        /// An invitation got a new end and, where it has one, a new token.
        InvitationRenewed = "invitation_renewed",
        /// An offer of the ownership was taken back or declined.
        OwnershipOfferEnded = "ownership_offer_ended",
        /// The ownership of a group was offered.
        OwnershipOffered = "ownership_offered",
        /// The ownership of a group was handed over.
        OwnershipTransferred = "ownership_transferred",
        /// The list of a group's members was exported.
        MembersExported = "members_exported",
        /// Members were imported.
        MembersImported = "members_imported",
        /// An account was approved, declined, suspended, reinstated, or its platform role or address's standing changed.
        UserUpdated = "user_updated",
        /// An account for a program was made.
        ServiceAccountCreated = "service_account_created",
        /// An API key was made.
        ApiKeyCreated = "api_key_created",
        /// An API key got a new secret.
        ApiKeyRotated = "api_key_rotated",
        /// An API key was revoked.
        ApiKeyRevoked = "api_key_revoked",
        /// The platform's settings changed.
        SettingsUpdated = "settings_updated",
        /// The audit log was exported.
        AuditLogExported = "audit_log_exported",
    }
}

text_enum! {
    /// What kind of thing was acted on.
    AuditTarget {
        /// A group.
        Group = "group",
        /// A kind of group.
        GroupType = "group_type",
        /// A proposal for a group.
        GroupProposal = "group_proposal",
        /// A person.
        User = "user",
        /// An invitation.
        Invitation = "invitation",
        /// A post.
        Post = "post",
        /// A comment.
        Comment = "comment",
        /// Something that waits, or waited, to be read before it comes out.
        Submission = "submission",
        /// The platform.
        Platform = "platform",
    }
}

/// One property that changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditChange {
    /// The property's name.
    pub field: String,
    /// The value before, as text; null for none.
    pub before: Option<String>,
    /// The value after, as text; null for none.
    pub after: Option<String>,
}

impl AuditChange {
    /// The change of one property.
    #[must_use]
    pub fn new(field: &str, before: Option<&str>, after: Option<&str>) -> Self {
        Self { field: field.to_owned(), before: before.map(str::to_owned), after: after.map(str::to_owned) }
    }

    /// What differs between two objects, property by property; `updated_at` always does and says nothing,
    /// nor does what is derived.
    #[must_use]
    pub fn between(before: &impl Serialize, after: &impl Serialize) -> Vec<Self> {
        let object = |value: serde_json::Result<Value>| match value {
            Ok(Value::Object(members)) => members,
            _ => serde_json::Map::new(),
        };
        let (before, after) = (object(serde_json::to_value(before)), object(serde_json::to_value(after)));
        let mut names: Vec<&String> = before.keys().chain(after.keys()).collect();
        names.sort_unstable();
        names.dedup();
        let says_nothing = |name: &str| name == "updated_at" || name.ends_with("_html");
        let changed = names.into_iter().filter(|name| !says_nothing(name) && before.get(*name) != after.get(*name));
        changed
            .map(|name| Self { field: name.clone(), before: text(before.get(name)), after: text(after.get(name)) })
            .collect()
    }
}

fn text(value: Option<&Value>) -> Option<String> {
    match value {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(text.clone()),
        Some(other) => Some(other.to_string()),
    }
}

/// Something to record. It holds no address and nothing that a member wrote for members.
#[derive(Debug, Clone)]
pub struct Entry {
    /// What was done.
    pub action: AuditAction,
    /// To what kind of thing.
    pub target_kind: AuditTarget,
    /// To which.
    pub target_id: Option<TargetId>,
    /// In which group.
    pub group_id: Option<GroupId>,
    /// What changed.
    pub changes: Vec<AuditChange>,
    /// Why.
    pub reason: Option<String>,
}

impl Entry {
    /// Something done to a group.
    #[must_use]
    pub fn group(action: AuditAction, group: GroupId) -> Self {
        Self { group_id: Some(group), ..Self::new(action, AuditTarget::Group, group.uuid()) }
    }

    /// Something done to a person.
    #[must_use]
    pub fn user(action: AuditAction, user: UserId) -> Self {
        Self::new(action, AuditTarget::User, user.uuid())
    }

    /// Something done to anything.
    #[must_use]
    pub fn new(action: AuditAction, target_kind: AuditTarget, target: uuid::Uuid) -> Self {
        let target_id = Some(TargetId::from(target));
        Self { action, target_kind, target_id, group_id: None, changes: Vec::new(), reason: None }
    }

    /// Something done to the platform.
    #[must_use]
    pub fn platform(action: AuditAction) -> Self {
        let target_kind = AuditTarget::Platform;
        Self { action, target_kind, target_id: None, group_id: None, changes: Vec::new(), reason: None }
    }

    /// In this group.
    #[must_use]
    pub fn within(mut self, group: GroupId) -> Self {
        self.group_id = Some(group);
        self
    }

    /// With what changed.
    #[must_use]
    pub fn with_changes(mut self, changes: Vec<AuditChange>) -> Self {
        self.changes = changes;
        self
    }

    /// With why.
    #[must_use]
    pub fn with_reason(mut self, reason: Option<&str>) -> Self {
        self.reason = reason.map(str::to_owned);
        self
    }
}

/// A row of `audit_events`.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = audit_events)]
pub struct AuditRow {
    /// Its id.
    pub id: AuditEventId,
    /// When it was done.
    pub at: Timestamp,
    /// Who did it.
    pub actor_id: Option<UserId>,
    /// What was done.
    pub action: AuditAction,
    /// To what kind of thing.
    pub target_kind: AuditTarget,
    /// To which.
    pub target_id: Option<TargetId>,
    /// In which group.
    pub group_id: Option<GroupId>,
    /// What changed.
    pub changes: JsonList<AuditChange>,
    /// Why.
    pub reason: Option<String>,
    /// In which request.
    pub request_id: Option<String>,
}

/// An entry and its actor's name.
#[derive(Debug, Clone, Queryable)]
pub struct NamedAuditRow {
    /// The entry.
    pub row: AuditRow,
    /// The actor's name.
    pub actor_name: Option<String>,
}

/// An entry of the audit log.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AuditEvent {
    /// Its id.
    pub id: AuditEventId,
    /// When it was done.
    pub at: Timestamp,
    /// Who did it; null for the program itself.
    pub actor_id: Option<UserId>,
    /// The name of who did it, in a group's part the one that the group shows; null for the program itself.
    pub actor_name: Option<String>,
    /// What was done.
    pub action: AuditAction,
    /// To what kind of thing.
    pub target_kind: AuditTarget,
    /// To which; null for the platform.
    pub target_id: Option<TargetId>,
    /// In which group; null outside groups.
    pub group_id: Option<GroupId>,
    /// What changed, property by property.
    pub changes: Vec<AuditChange>,
    /// Why; null where nobody said.
    pub reason: Option<String>,
    /// The request that did it; null for the program itself.
    pub request_id: Option<String>,
}

impl From<NamedAuditRow> for AuditEvent {
    fn from(NamedAuditRow { row, actor_name }: NamedAuditRow) -> Self {
        Self {
            id: row.id,
            at: row.at,
            actor_id: row.actor_id,
            actor_name,
            action: row.action,
            target_kind: row.target_kind,
            target_id: row.target_id,
            group_id: row.group_id,
            changes: row.changes.0,
            reason: row.reason,
            request_id: row.request_id,
        }
    }
}

/// One page of the audit log.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditEventPage {
    /// The entries, newest first.
    pub items: Vec<AuditEvent>,
    /// The cursor of the next page; null on the last.
    pub next_cursor: Option<String>,
}

/// Which entries to list.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    /// Only what this person did.
    pub actor_id: Option<UserId>,
    /// Only this.
    pub action: Option<AuditAction>,
    /// Only what was done to this.
    pub target_id: Option<TargetId>,
    /// Only what was done in this group.
    pub group_id: Option<GroupId>,
    /// Only what was done at this time or later.
    pub since: Option<Timestamp>,
    /// Only what was done before this time.
    pub until: Option<Timestamp>,
    /// How many items a page holds.
    pub limit: Option<Limit>,
    /// Where the page begins: the `next_cursor` of the page before; empty for the first.
    pub cursor: Option<String>,
}

/// Which entries to export.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AuditExportQuery {
    /// Only what this person did.
    pub actor_id: Option<UserId>,
    /// Only this.
    pub action: Option<AuditAction>,
    /// Only what was done to this.
    pub target_id: Option<TargetId>,
    /// Only what was done in this group.
    pub group_id: Option<GroupId>,
    /// Only what was done at this time or later.
    pub since: Option<Timestamp>,
    /// Only what was done before this time.
    pub until: Option<Timestamp>,
}

/// Which entries of a group's part to list.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct GroupAuditQuery {
    /// Only what this person did.
    pub actor_id: Option<UserId>,
    /// Only this.
    pub action: Option<AuditAction>,
    /// Only what was done to this.
    pub target_id: Option<TargetId>,
    /// Only what was done at this time or later.
    pub since: Option<Timestamp>,
    /// Only what was done before this time.
    pub until: Option<Timestamp>,
    /// How many items a page holds.
    pub limit: Option<Limit>,
    /// Where the page begins: the `next_cursor` of the page before; empty for the first.
    pub cursor: Option<String>,
}

impl From<AuditExportQuery> for AuditQuery {
    fn from(query: AuditExportQuery) -> Self {
        let AuditExportQuery { actor_id, action, target_id, group_id, since, until } = query;
        Self { actor_id, action, target_id, group_id, since, until, limit: None, cursor: None }
    }
}

impl GroupAuditQuery {
    /// The same question about one group.
    #[must_use]
    pub fn about(self, group: GroupId) -> AuditQuery {
        let Self { actor_id, action, target_id, since, until, limit, cursor } = self;
        AuditQuery { actor_id, action, target_id, group_id: Some(group), since, until, limit, cursor }
    }
}
