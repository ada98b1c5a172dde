//! What may be done with many members at once, row by row: nothing that could not be done with one.

use super::model::{BatchAction, BatchRow, IMPORT_COLUMNS, ImportFault, ImportReport, ImportRow, Name, TOLD_ERRORS};
use crate::api::memberships::model::{MemberPatch, MemberState, Role};
use crate::api::users::model::{DisplayName, Email};
use crate::db::sql_types::TextEnum as _;
use crate::error::{Code, Error, Result};
use crate::http::csv::{Row, Table};
use crate::http::patch::Set;
use crate::types::BAD_ID;

/// The same change to one member; `None` for who is to be added.
pub fn as_patch(row: &BatchRow) -> Result<Option<MemberPatch>> {
    let reason = Set(row.reason.clone());
    match (row.action, row.role) {
        (BatchAction::Add, _) => Ok(None),
        (BatchAction::Remove, None) => {
            Ok(Some(MemberPatch { state: Set(Some(MemberState::Removed)), reason, ..MemberPatch::default() }))
        }
        (BatchAction::Remove, Some(_)) => Err(Error::invalid("/role", "conflict", "whoever is removed gets no role")),
        (BatchAction::ChangeRole, Some(role)) => {
            Ok(Some(MemberPatch { role: Set(Some(role)), reason, ..MemberPatch::default() }))
        }
        (BatchAction::ChangeRole, None) => Err(Error::invalid("/role", "missing", "is needed")),
    }
}

/// The rows of a table. What is wrong with a line goes into the report.
pub fn rows(table: &Table, is_admin: bool, report: &mut ImportReport) -> Vec<ImportRow> {
    let mut rows: Vec<ImportRow> = Vec::with_capacity(table.rows.len());
    let mut names = std::collections::HashSet::new();
    for row in &table.rows {
        report.rows += 1;
        match parse(row, is_admin) {
            Ok(parsed) if !names.insert(parsed.name.clone()) => {
                refuse(report, row.line, None, "duplicate", "the same person is on an earlier line");
            }
            Ok(parsed) => rows.push(parsed),
            Err((column, code, words)) => refuse(report, row.line, Some(column), code, &words),
        }
    }
    rows
}

fn parse(row: &Row, is_admin: bool) -> Result<ImportRow, (&'static str, &'static str, String)> {
    let [user_id, email, role, display_name] = IMPORT_COLUMNS;
    let name = match (row.cell(user_id), row.cell(email)) {
        (Some(id), None) => Name::Id(id.parse().map_err(|_| (user_id, "malformed", BAD_ID.to_owned()))?),
        (None, Some(_)) if !is_admin => {
            return Err((email, "forbidden", "only administrators name people by their address".to_owned()));
        }
        (None, Some(address)) => {
            let parsed =
                Email::parse(address).map_err(|_| (email, "malformed", "must be an e-mail address".to_owned()))?;
            Name::Email(parsed.into_string())
        }
        (None, None) => return Err((user_id, "missing", "is needed".to_owned())),
        (Some(_), Some(_)) => return Err((email, "conflict", "name the person once".to_owned())),
    };
    let unknown = (role, "unknown_value", "must be owner, facilitator or member".to_owned());
    let role = row.cell(role).map(|text| Role::parse(text).ok_or(unknown)).transpose()?;
    let parsed = row.cell(display_name).map(DisplayName::parse).transpose();
    let display_name = parsed.map_err(|words| {
        let words = words.split_once(": ").map_or(words.as_str(), |(_, words)| words).to_owned();
        (display_name, "malformed", words)
    })?;
    Ok(ImportRow { line: row.line, name, role, display_name })
}

/// Adds an error to the report.
pub fn refuse(report: &mut ImportReport, line: u64, column: Option<&str>, code: &str, words: &str) {
    report.failed += 1;
    if report.errors.len() < TOLD_ERRORS {
        report.errors.push(ImportFault {
            line: i32::try_from(line).unwrap_or(i32::MAX),
            column: column.map(str::to_owned),
            code: code.to_owned(),
            detail: words.to_owned(),
        });
    }
}

/// Refuses a table in which any line is wrong, so that nothing is half done.
pub fn whole(report: &ImportReport) -> Result<()> {
    if report.failed == 0 {
        return Ok(());
    }
    let words = format!("{} of {} rows are wrong; nothing was imported.", report.failed, report.rows);
    let error = Error::new(Code::Invalid, words);
    Err(report.errors.iter().fold(error, |error, wrong| {
        let column = wrong.column.as_ref().map(|column| format!("/{column}")).unwrap_or_default();
        error.with_field(format!("/lines/{}{column}", wrong.line), wrong.code.clone(), wrong.detail.clone())
    }))
}
