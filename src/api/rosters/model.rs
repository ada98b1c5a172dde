//! What is done with many members at once, and what came of it.

use serde::{Deserialize, Deserializer, Serialize};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{IntoParams, PartialSchema, ToSchema};

use crate::api::memberships::model::{Reason, Role};
use crate::api::users::model::DisplayName;
use crate::http::patch::given;
use crate::types::{UserId, text_enum};

text_enum! {
    /// What is to be done with a person.
    BatchAction {
        /// Make the person a member without asking them; for owners. Whoever left, and who never had to do with the group, is
        /// invited instead; administrators add the latter.
        Add = "add",
        /// Remove the person.
        Remove = "remove",
        /// Give the person another role; for owners.
        ChangeRole = "change_role",
    }
}

/// One of many changes.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BatchRow {
    /// What is to be done.
    pub action: BatchAction,
    /// With whom.
    pub user_id: UserId,
    /// The role of who is added (`member` unless said), or the new role.
    #[serde(default, deserialize_with = "given")]
    pub role: Option<Role>,
    /// Why; kept in the history.
    #[serde(default)]
    pub reason: Option<Reason>,
}

/// Many changes.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "rows": [{ "action": "add", "user_id": "019aaf5c-0000-7000-8000-000000000020", "role": "member" }] }))]
pub struct MemberBatch {
    /// 1 to 500 changes, made one after the other.
    pub rows: BatchRows,
}

/// 1 to 500 changes.
#[derive(Debug, Clone)]
pub struct BatchRows(pub Vec<BatchRow>);

impl<'de> Deserialize<'de> for BatchRows {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let rows = Vec::<BatchRow>::deserialize(deserializer)?;
        match rows.len() {
            0 => Err(serde::de::Error::custom("empty: at least one row")),
            1..=500 => Ok(Self(rows)),
            _ => Err(serde::de::Error::custom("too_many: at most 500 rows")),
        }
    }
}

impl PartialSchema for BatchRows {
    fn schema() -> RefOr<Schema> {
        let row = utoipa::openapi::Ref::from_schema_name("BatchRow");
        utoipa::openapi::ArrayBuilder::new().items(row).min_items(Some(1)).max_items(Some(500)).into()
    }
}

impl ToSchema for BatchRows {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((BatchRow::name().into_owned(), BatchRow::schema()));
        BatchRow::schemas(schemas);
    }
}

/// The columns of a table to import: `user_id` or `email` (administrators only), and what they leave out.
pub const IMPORT_COLUMNS: [&str; 4] = ["user_id", "email", "role", "display_name"];
/// Rows of a table to import, at most.
pub const IMPORT_ROWS: usize = 20_000;
/// Errors that are told, at most; all are counted.
pub const TOLD_ERRORS: usize = crate::error::FIELDS;

/// How to name the person of a row.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Name {
    /// By id.
    Id(UserId),
    /// By address, in lower case.
    Email(String),
}

/// A row of a table, parsed.
#[derive(Debug, Clone)]
pub struct ImportRow {
    /// Its line, from 1.
    pub line: u64,
    /// The person.
    pub name: Name,
    /// The role; who is a member keeps theirs unless it is given.
    pub role: Option<Role>,
    /// The name that the group shows in place of the account's.
    pub display_name: Option<DisplayName>,
}

/// What is wrong with a line.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ImportFault {
    /// The line, from 1.
    pub line: i32,
    /// The column; null for the whole line.
    pub column: Option<String>,
    /// What is wrong, as a code.
    pub code: String,
    /// The same in words.
    pub detail: String,
}

/// What an import did, or would do.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
pub struct ImportReport {
    /// Whether nothing was done but looked.
    pub dry_run: bool,
    /// Rows read.
    pub rows: i32,
    /// People who became members.
    pub added: i32,
    /// Members whose role or name changed.
    pub changed: i32,
    /// Members who were so already.
    pub unchanged: i32,
    /// Lines with an error.
    pub failed: i32,
    /// The first 100 errors.
    pub errors: Vec<ImportFault>,
}

/// Whether to import.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ImportQuery {
    /// Only look, and tell what would be done.
    pub dry_run: Option<bool>,
}
