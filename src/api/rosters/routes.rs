//! `/groups/{group_id}/members:batch`, `…/members:import` and `…/members.csv`.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use actix_web::web::Bytes;
use actix_web::{HttpResponse, get, post, web};
use utoipa_actix_web::service_config::ServiceConfig;

use super::model::{BatchRow, IMPORT_COLUMNS, IMPORT_ROWS, ImportQuery, ImportReport, ImportRow, MemberBatch, Name};
use super::{policy, queries};
use crate::api::audit::model::{AuditAction, AuditChange, Entry};
use crate::api::idempotency::{Made, Once};
use crate::api::memberships::access::{Access, Reader};
use crate::api::memberships::model::{
    Action, MemberPatch, MemberQuery, MemberRow, MemberSort, Membership, Role, RowResult, RowResults, RowStatus, State,
};
use crate::api::memberships::queries::{Change, Entering, Newcomer};
use crate::api::memberships::routes::change_member;
use crate::api::users::model::DisplayName;
use crate::api::{audit, memberships};
use crate::auth::actor::Actor;
use crate::db::sql_types::TextEnum as _;
use crate::db::{Conn, Db};
use crate::error::{Error, Result};
use crate::http::csv::{self, CSV, CsvBody, Table};
use crate::http::export;
use crate::http::json::Body;
use crate::http::page::{Key, Page};
use crate::http::patch::Set;
use crate::http::query::Query;
use crate::http::text::folded;
use crate::types::{GroupId, Timestamp, UserId};

/// The routes of this feature.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config.service(batch_members).service(import_members).service(export_members);
}

/// Change many members
///
/// Up to 500, each with a result of its own; one that fails changes nothing and holds no other up. Adding and roles are for
/// owners, removing for those who manage members.
#[utoipa::path(tag = "memberships", operation_id = "batch_members",
    security(("bearer" = []), ("api_key" = ["members:write"])), request_body = MemberBatch,
    responses(
    (status = 200, description = "What became of each, in the same order", body = RowResults),
    (status = 403, description = "Not for this caller (`forbidden`)"),
    (status = 404, description = "No such group"),
))]
#[post("/groups/{group_id}/members:batch")]
async fn batch_members(
    actor: Actor,
    db: web::Data<Db>,
    group_id: web::Path<GroupId>,
    once: Once,
    batch: Body<MemberBatch>,
) -> Result<HttpResponse> {
    let (rows, now) = (batch.0.rows.0, Timestamp::now());
    once.write(actor, &db, move |conn| {
        let access = Access::lock(conn, actor.viewer(), *group_id)?;
        access.require(Action::ManageMembers)?;
        let results = RowResults::of(&rows, |row| {
            // asked for each row: one of those before may have been about the caller
            let taken = Access::find(conn, actor.viewer(), *group_id)
                .and_then(|access| take_row(conn, &access, actor, row, now));
            RowResult::new(Some(row.user_id), taken)
        })?;
        Made::ok(&results)
    })
    .await
}

fn take_row(conn: &mut Conn, access: &Access, actor: Actor, row: &BatchRow, now: Timestamp) -> Result<RowStatus> {
    let Some(patch) = policy::as_patch(row)? else { return add(conn, access, actor, row, now) };
    let before = memberships::queries::find(conn, access.group_id(), row.user_id)?;
    let stood = before.map(|row| (row.role, row.state));
    change_member(conn, access, actor, row.user_id, &patch, now)?;
    let after = memberships::queries::find(conn, access.group_id(), row.user_id)?;
    Ok(RowStatus::from(after.map(|row| (row.role, row.state)) != stood))
}

fn add(conn: &mut Conn, access: &Access, actor: Actor, row: &BatchRow, now: Timestamp) -> Result<RowStatus> {
    access.require(Action::AddMembers)?;
    let name = Name::Id(row.user_id);
    let wanted = ImportRow { line: 0, name, role: row.role, display_name: None };
    let people = queries::people(conn, std::slice::from_ref(&wanted))?;
    people.get(&wanted.name).ok_or_else(|| Error::invalid("/user_id", "unknown", "there is no such person"))?;
    let before = memberships::queries::find(conn, access.group_id(), row.user_id)?;
    if before.as_ref().is_some_and(|row| row.state == State::Active) {
        return Ok(RowStatus::Unchanged);
    }
    let state = memberships::policy::add(access.standing(), before.as_ref().map(|row| row.state))?;
    memberships::queries::hold_account(conn, row.user_id)?;
    let change = Change::new(access.group_id(), row.user_id, Some(actor), before, state)
        .with_role(row.role.unwrap_or(Role::Member), None)
        .because(row.reason.as_ref(), None);
    memberships::queries::change(conn, &change, now)?;
    Ok(RowStatus::Done)
}

/// Import members from a table
///
/// CSV with a header: `user_id` or, for administrators, `email`; `role`; `display_name`. Up to 20,000 rows of 4 MiB. People
/// who are no members are added, as members unless a role is given; members get the role and the name, where given. Where any line is wrong nothing is
/// imported. `dry_run` tells what would be done.
#[utoipa::path(tag = "memberships", operation_id = "import_members",
    security(("bearer" = []), ("api_key" = ["members:write"])), params(ImportQuery),
    request_body(content = String, content_type = "text/csv"), responses(
    (status = 200, description = "What was done, or would be", body = ImportReport),
    (status = 403, description = "Not for this caller (`forbidden`)"),
    (status = 404, description = "No such group"),
    (status = 409, description = "The group is archived (`archived`)"),
))]
#[post("/groups/{group_id}/members:import")]
async fn import_members(
    actor: Actor,
    db: web::Data<Db>,
    group_id: web::Path<GroupId>,
    query: Query<ImportQuery>,
    once: Once,
    table: CsvBody,
) -> Result<HttpResponse> {
    let (dry_run, now) = (query.dry_run == Some(true), Timestamp::now());
    once.write(actor, &db, move |conn| {
        let access = Access::lock(conn, actor.viewer(), *group_id)?;
        access.require(Action::AddMembers)?;
        let made = Made::ok(&import(conn, &access, actor, &table.0, dry_run, now)?)?;
        Ok(if dry_run { made.unkept() } else { made })
    })
    .await
}

/// What is to be done with the people of a table.
#[derive(Default)]
struct Plan {
    newcomers: Vec<Newcomer>,
    /// Those with a membership of any state, the role they get and the name.
    others: Vec<(Membership, ImportRow)>,
}

impl Plan {
    fn take(
        &mut self,
        access: &Access,
        before: Option<Membership>,
        (user_id, account_name): (UserId, &str),
        row: ImportRow,
        report: &mut ImportReport,
    ) {
        let stands = before.as_ref().map(|row| row.state);
        if stands != Some(State::Active)
            && let Err(error) = memberships::policy::add(access.standing(), stands)
        {
            return policy::refuse(report, row.line, None, error.code().as_str(), error.detail());
        }
        let Some(before) = before else {
            report.added += 1;
            let display_name = row.display_name.map(DisplayName::into_string);
            let (account_name, role) = (account_name.to_owned(), row.role.unwrap_or(Role::Member));
            return self.newcomers.push(Newcomer { user_id, account_name, role, display_name });
        };
        let shown = before.display_name.as_deref();
        let same_name = row.display_name.as_ref().is_none_or(|name| shown == Some(name.as_str()));
        let same_role = row.role.is_none_or(|role| role == before.role);
        match (before.state, same_role && same_name) {
            (State::Active, true) => return report.unchanged += 1,
            (State::Active, false) => report.changed += 1,
            _ => report.added += 1,
        }
        self.others.push((before, row));
    }

    /// Refuses the lines that would leave the group without owner, all of those that take an owner's role away.
    fn keep_an_owner(&mut self, owners: i64, report: &mut ImportReport) {
        let owns = |role: Option<Role>| role == Some(Role::Owner);
        let goes = |(before, row): &&(Membership, ImportRow)| {
            (before.role, before.state) == (Role::Owner, State::Active) && row.role.is_some() && !owns(row.role)
        };
        let comes = |(before, row): &&(Membership, ImportRow)| {
            owns(row.role) && (before.role, before.state) != (Role::Owner, State::Active)
        };
        let going: Vec<u64> = self.others.iter().filter(goes).map(|(_, row)| row.line).collect();
        let coming = self.others.iter().filter(comes).count()
            + self.newcomers.iter().filter(|newcomer| newcomer.role == Role::Owner).count();
        let left = owners - i64::try_from(going.len()).unwrap_or(i64::MAX) + i64::try_from(coming).unwrap_or(i64::MAX);
        if owners > 0 && left <= 0 {
            for line in going {
                policy::refuse(report, line, Some("role"), "last_owner", "the group would be left without an owner");
            }
        }
        // who comes to own the group does so before others stop
        self.others.sort_by_key(|(_, row)| !owns(row.role));
    }
}

fn import(
    conn: &mut Conn,
    access: &Access,
    actor: Actor,
    bytes: &Bytes,
    dry_run: bool,
    now: Timestamp,
) -> Result<ImportReport> {
    let table = Table::parse(bytes, IMPORT_ROWS, &IMPORT_COLUMNS)?;
    let mut report = ImportReport { dry_run, ..ImportReport::default() };
    let rows = policy::rows(&table, actor.is_admin(), &mut report);
    let mut plan = plan(conn, access, rows, &mut report)?;
    plan.keep_an_owner(memberships::queries::owners(conn, access.group_id())?, &mut report);
    let looks = AuditChange::new("dry_run", None, Some("true"));
    if dry_run {
        // looking tells an administrator who is a member
        if actor.is_admin() {
            let entry = Entry::group(AuditAction::MembersImported, access.group_id()).with_changes(vec![looks]);
            audit::queries::record(conn, Some(&actor), entry, now)?;
        }
        return Ok(report);
    }
    policy::whole(&report)?;
    for piece in plan.newcomers.chunks(queries::PIECE) {
        memberships::queries::insert_newcomers(conn, access.group_id(), actor, piece, now)?;
        for leader in piece.iter().filter(|newcomer| newcomer.role != Role::Member) {
            let role = vec![AuditChange::new("role", None, Some(leader.role.as_str()))];
            let entry = Entry::user(AuditAction::MemberAdded, leader.user_id).within(access.group_id());
            audit::queries::record(conn, Some(&actor), entry.with_changes(role), now)?;
        }
    }
    for (before, row) in plan.others {
        take_import_row(conn, access, actor, before, &row, now)?;
    }
    let count = |name, count: i32| AuditChange::new(name, None, Some(&count.to_string()));
    let entry = Entry::group(AuditAction::MembersImported, access.group_id())
        .with_changes(vec![count("added", report.added), count("changed", report.changed)]);
    audit::queries::record(conn, Some(&actor), entry, now)?;
    Ok(report)
}

fn plan(conn: &mut Conn, access: &Access, rows: Vec<ImportRow>, report: &mut ImportReport) -> Result<Plan> {
    let people = queries::people(conn, &rows)?;
    let ids: Vec<UserId> = people.values().map(|(id, _)| *id).collect();
    let mut held = queries::held(conn, access.group_id(), &ids)?;
    let names: Vec<String> =
        rows.iter().filter_map(|row| row.display_name.as_ref()).map(|name| folded(name.as_str())).collect();
    let mut shown: HashMap<String, UserId> = queries::shown_names(conn, access.group_id(), &names)?;
    let mut seen = HashSet::new();
    let mut plan = Plan::default();
    for row in rows {
        let Some((id, account_name)) = people.get(&row.name) else {
            policy::refuse(report, row.line, None, "unknown", "there is no such person");
            continue;
        };
        if !seen.insert(*id) {
            policy::refuse(report, row.line, None, "duplicate", "the same person is on an earlier line");
            continue;
        }
        let is_taken = |name: &DisplayName| *shown.entry(folded(name.as_str())).or_insert(*id) != *id;
        if row.display_name.as_ref().is_some_and(is_taken) {
            policy::refuse(report, row.line, Some("display_name"), "taken", "another member is shown by this name");
            continue;
        }
        plan.take(access, held.remove(id), (*id, account_name), row, report);
    }
    Ok(plan)
}

fn take_import_row(
    conn: &mut Conn,
    access: &Access,
    actor: Actor,
    before: Membership,
    row: &ImportRow,
    now: Timestamp,
) -> Result<()> {
    let user = before.user_id;
    if before.state != State::Active {
        let state = memberships::policy::add(access.standing(), Some(before.state))?;
        memberships::queries::hold_account(conn, user)?;
        let display_name = row.display_name.as_ref().map(|name| name.as_str().to_owned());
        let change = Change::new(access.group_id(), user, Some(actor), Some(before), state)
            .with_role(row.role.unwrap_or(Role::Member), None)
            .with_entry(Entering { display_name, ..Entering::default() });
        return memberships::queries::change(conn, &change, now).map(drop);
    }
    if let Some(role) = row.role.filter(|role| *role != before.role) {
        let patch = MemberPatch { role: Set(Some(role)), ..MemberPatch::default() };
        change_member(conn, access, actor, user, &patch, now)?;
    }
    let Some(name) = row.display_name.as_ref().filter(|name| before.display_name.as_deref() != Some(name.as_str()))
    else {
        return Ok(());
    };
    memberships::queries::set_display_name(conn, &before, Some(name), now)?;
    let changes = vec![AuditChange::new("display_name", before.display_name.as_deref(), Some(name.as_str()))];
    let entry = Entry::user(AuditAction::MemberRenamed, user).within(access.group_id()).with_changes(changes);
    audit::queries::record(conn, Some(&actor), entry, now)
}

/// Export the members
///
/// The active ones by name, as CSV, for those who manage members; recorded. No cell is a formula.
#[utoipa::path(tag = "memberships", operation_id = "export_members",
    security(("bearer" = []), ("api_key" = ["members:read"])),
    params(("Praxis-Access-Reason" = Option<String>, Header, description = "Why an administrator who is no member reads this")),
    responses(
    (status = 200, description = "The members", body = String, content_type = "text/csv"),
    (status = 403, description = "Not for this caller (`forbidden`)"),
    (status = 404, description = "No such group"),
))]
#[get("/groups/{group_id}/members.csv")]
async fn export_members(reader: Reader, db: web::Data<Db>, group_id: web::Path<GroupId>) -> Result<HttpResponse> {
    let (group, now) = (*group_id, Timestamp::now());
    let viewer = reader
        .write(&db, Action::ReadRecords, move |conn, actor| {
            let access = Access::find(conn, actor.viewer(), group)?;
            may_export(&access)?;
            let entry = Entry::group(AuditAction::MembersExported, group);
            audit::queries::record(conn, Some(&actor), entry, now)?;
            let viewer = *access.viewer();
            Ok((access, viewer))
        })
        .await?;
    let everybody = MemberQuery {
        role: None,
        state: None,
        q: None,
        skill: None,
        sort: Some(MemberSort::Name),
        updated_since: None,
        limit: None,
        cursor: None,
    };
    let first = Page::<Key>::whole(export::PIECE);
    export::stream(CSV, "members.csv", (first, true), move |(page, is_first)| {
        let (db, everybody) = (db.clone(), everybody.clone());
        async move {
            let at = page.clone();
            let rows = db
                .read(move |conn| {
                    // asked for each piece: rights may end meanwhile
                    let access = Access::find(conn, viewer, group)?;
                    may_export(&access)?;
                    memberships::queries::list(conn, &access, &everybody, &at)
                })
                .await?;
            let place =
                |row: &MemberRow| (memberships::queries::key(MemberSort::Name, row), row.membership.user_id.uuid());
            let next = page.next_whole(&rows, place);
            Ok((members_table(&rows, is_first)?, next.map(|page| (page, false))))
        }
    })
    .await
}

fn may_export(access: &Access) -> Result<()> {
    access.require(Action::ManageMembers)?;
    access.require(Action::ReadRecords)
}

const HEADER: [&str; 6] = ["user_id", "display_name", "role", "role_ends_at", "joined_at", "last_contributed_at"];

fn members_table(rows: &[MemberRow], with_header: bool) -> Result<Bytes> {
    let header = with_header.then(|| HEADER.map(Cow::Borrowed).to_vec());
    let time = |at: Option<Timestamp>| Cow::Owned(at.map(|at| at.to_string()).unwrap_or_default());
    let cells = rows.iter().map(|row| {
        let person = row.person();
        vec![
            Cow::Owned(person.id.to_string()),
            Cow::Owned(person.display_name),
            Cow::Borrowed(row.membership.role.as_str()),
            time(row.membership.role_ends_at),
            time(row.membership.joined_at),
            time(row.membership.last_contributed_at),
        ]
    });
    csv::write(header.into_iter().chain(cells))
}
