//! The rows of the data for load tests, and how they are written: many in one statement.

use diesel::prelude::*;
use indicatif::ProgressBar;

use crate::api::audit::model::AuditRow;
use crate::api::memberships::model::{
    GroupStatus, JoinPolicy, MemberListVisibility, PostPolicy, Role, State, Visibility,
};
use crate::api::posts::model::PostKind;
use crate::api::users::model::UserRow;
use crate::db::schema::{
    audit_events, comments, group_type_links, groups, membership_events, memberships, posts, users,
};
use crate::db::sql_types::JsonList;
use crate::db::{Conn, each_backend, in_transaction};
use crate::error::Result;
use crate::types::{CommentId, GroupId, GroupTypeId, MembershipEventId, PostId, Timestamp, UserId};

/// Rows in one statement, well within the number of values that either engine takes.
const BATCH: usize = 500;

#[derive(Insertable)]
#[diesel(table_name = groups, treat_none_as_default_value = false)]
pub(super) struct GroupSeed {
    pub(super) id: GroupId,
    pub(super) slug: String,
    pub(super) name: String,
    pub(super) summary: String,
    pub(super) description: String,
    pub(super) description_html: String,
    pub(super) purpose: String,
    pub(super) purpose_html: String,
    pub(super) tags: JsonList<String>,
    pub(super) visibility: Visibility,
    pub(super) join_policy: JoinPolicy,
    pub(super) post_policy: PostPolicy,
    pub(super) member_list_visibility: MemberListVisibility,
    pub(super) show_member_count: bool,
    pub(super) status: GroupStatus,
    pub(super) member_count: i32,
    pub(super) last_active_at: Option<Timestamp>,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
    pub(super) name_order: String,
    pub(super) search_text: String,
}

#[derive(Insertable)]
#[diesel(table_name = group_type_links)]
pub(super) struct TypeSeed {
    pub(super) group_id: GroupId,
    pub(super) group_type_id: GroupTypeId,
    pub(super) position: i32,
}

#[derive(Insertable)]
#[diesel(table_name = memberships, treat_none_as_default_value = false)]
pub(super) struct MemberSeed {
    pub(super) group_id: GroupId,
    pub(super) user_id: UserId,
    pub(super) role: Role,
    pub(super) state: State,
    pub(super) requested_at: Option<Timestamp>,
    pub(super) joined_at: Option<Timestamp>,
    pub(super) last_contributed_at: Option<Timestamp>,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
    pub(super) name_order: String,
}

#[derive(Insertable)]
#[diesel(table_name = membership_events)]
pub(super) struct EventSeed {
    pub(super) id: MembershipEventId,
    pub(super) group_id: GroupId,
    pub(super) user_id: UserId,
    pub(super) at: Timestamp,
    pub(super) to_state: State,
    pub(super) to_role: Role,
}

#[derive(Insertable)]
#[diesel(table_name = posts)]
pub(super) struct PostSeed {
    pub(super) id: PostId,
    pub(super) group_id: GroupId,
    pub(super) author_id: UserId,
    pub(super) kind: PostKind,
    pub(super) title: String,
    pub(super) body: String,
    pub(super) body_html: String,
    pub(super) comment_count: i32,
    pub(super) last_reply_at: Option<Timestamp>,
    pub(super) created_at: Timestamp,
    pub(super) published_at: Timestamp,
    pub(super) changed_at: Timestamp,
}

#[derive(Insertable)]
#[diesel(table_name = comments)]
pub(super) struct CommentSeed {
    pub(super) id: CommentId,
    pub(super) post_id: PostId,
    pub(super) group_id: GroupId,
    pub(super) author_id: UserId,
    pub(super) depth: i32,
    pub(super) reply_count: i32,
    pub(super) body: String,
    pub(super) body_html: String,
    pub(super) created_at: Timestamp,
}

#[derive(Insertable)]
#[diesel(table_name = users)]
pub(super) struct PersonSeed {
    #[diesel(embed)]
    pub(super) row: UserRow,
    pub(super) name_order: String,
    pub(super) handle: String,
}

/// What waits to be written.
#[derive(Default)]
pub(super) struct Seeds {
    pub(super) users: Vec<PersonSeed>,
    pub(super) groups: Vec<GroupSeed>,
    pub(super) types: Vec<TypeSeed>,
    pub(super) members: Vec<MemberSeed>,
    pub(super) events: Vec<EventSeed>,
    pub(super) posts: Vec<PostSeed>,
    pub(super) comments: Vec<CommentSeed>,
    pub(super) audit: Vec<AuditRow>,
}

/// Writes rows in statements of up to `BATCH` rows. diesel writes many rows in one statement on both engines.
macro_rules! insert_all {
    ($conn:expr, $table:ident, $rows:expr) => {
        for batch in $rows.chunks(BATCH) {
            let conn = &mut *$conn;
            each_backend!(conn => diesel::insert_into($table::table).values(batch).execute(conn))?;
        }
    };
}

impl Seeds {
    /// How many rows wait, about.
    pub(super) fn rows(&self) -> usize {
        self.users.len() + self.groups.len() + self.members.len() + self.posts.len() + self.comments.len()
    }

    /// Writes what waits in one transaction.
    pub(super) fn flush(&mut self, conn: &mut Conn, progress: &ProgressBar) -> Result<()> {
        let Self { users, groups, types, members, events, posts, comments, audit } = std::mem::take(self);
        let rows = users.len() + groups.len() + members.len() + posts.len() + comments.len();
        in_transaction(conn, |conn| {
            insert_all!(conn, users, users);
            insert_all!(conn, groups, groups);
            insert_all!(conn, group_type_links, types);
            insert_all!(conn, memberships, members);
            insert_all!(conn, membership_events, events);
            insert_all!(conn, posts, posts);
            insert_all!(conn, comments, comments);
            insert_all!(conn, audit_events, audit);
            Ok(())
        })?;
        progress.inc(u64::try_from(rows).unwrap_or(u64::MAX));
        Ok(())
    }
}
