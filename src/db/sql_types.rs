//! The two SQL types of our own, so that one query text serves both databases:
//! an id is native `uuid` on PostgreSQL and a 16-byte BLOB on SQLite; an instant is `timestamptz` or integer microseconds.

use diesel::deserialize::{self, FromSql};
use diesel::expression::ValidGrouping;
use diesel::pg::{Pg, PgValue};
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::{Array, BigInt, Binary, Bool, Text};
use diesel::sqlite::Sqlite;
use diesel::{AppearsOnTable, Expression, QueryResult, SelectableExpression};
use uuid::Uuid;

/// A UUID.
#[derive(Debug, Clone, Copy, Default, diesel::sql_types::SqlType, QueryId)]
#[diesel(postgres_type(oid = 2950, array_oid = 2951))]
#[diesel(sqlite_type(name = "Binary"))]
pub struct Id;

/// A point in time, to the microsecond.
#[derive(Debug, Clone, Copy, Default, diesel::sql_types::SqlType, QueryId)]
#[diesel(postgres_type(oid = 1184, array_oid = 1185))]
#[diesel(sqlite_type(name = "Long"))]
pub struct Instant;

impl diesel::sql_types::SqlOrd for Id {}
impl diesel::sql_types::SqlOrd for Instant {}

/// A condition that always holds, beside a search. What many rows match wants another plan than what few match, and
/// PostgreSQL settles on one plan for a prepared statement, where that costs no more than planning for each value. A plan for
/// any value has to count what stands behind the `OR`; one for these values knows that it need not. SQLite's one plan serves
/// both.
#[derive(Debug, Clone, Copy, QueryId, ValidGrouping)]
pub struct PlannedAnew;

impl Expression for PlannedAnew {
    type SqlType = Bool;
}

impl<T> SelectableExpression<T> for PlannedAnew {}
impl<T> AppearsOnTable<T> for PlannedAnew {}

impl QueryFragment<Pg> for PlannedAnew {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("(");
        out.push_bind_param::<Bool, bool>(&true)?;
        out.push_sql(" OR (SELECT count(*) FROM pg_class, pg_class AS a, pg_class AS b, pg_class AS c) IS NULL)");
        Ok(())
    }
}

impl QueryFragment<Sqlite> for PlannedAnew {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_sql("TRUE");
        Ok(())
    }
}

/// Whether a column's id is among these: one parameter whatever their number, so that the statement is prepared once. SQLite
/// takes no list for a parameter, but reads one from JSON.
#[derive(Debug, Clone, QueryId)]
pub struct Among<C> {
    column: C,
    ids: Vec<RawId>,
}

/// [`Among`] these, of a column that is not of a group of rows.
pub fn among<C, T: Copy + Into<RawId>>(column: C, ids: &[T]) -> Among<C> {
    Among { column, ids: ids.iter().copied().map(Into::into).collect() }
}

impl<C: Expression> Expression for Among<C> {
    type SqlType = Bool;
}

impl<C, G> ValidGrouping<G> for Among<C> {
    type IsAggregate = diesel::expression::is_aggregate::No;
}

impl<C: SelectableExpression<T>, T> SelectableExpression<T> for Among<C> {}
impl<C: AppearsOnTable<T>, T> AppearsOnTable<T> for Among<C> {}

impl<C: QueryFragment<Pg>> QueryFragment<Pg> for Among<C> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("(");
        self.column.walk_ast(out.reborrow())?;
        out.push_sql(" = ANY(");
        out.push_bind_param::<Array<Id>, Vec<RawId>>(&self.ids)?;
        out.push_sql("))");
        Ok(())
    }
}

impl<C: QueryFragment<Sqlite>> QueryFragment<Sqlite> for Among<C> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_sql("(");
        self.column.walk_ast(out.reborrow())?;
        out.push_sql(" IN (SELECT unhex(value) FROM json_each(");
        out.push_bind_param::<HexList, Vec<RawId>>(&self.ids)?;
        out.push_sql(")))");
        Ok(())
    }
}

/// Ids as a JSON list of hexadecimal numbers, for SQLite.
#[derive(Debug, Clone, Copy, Default, diesel::sql_types::SqlType, QueryId)]
#[diesel(sqlite_type(name = "Text"))]
pub struct HexList;

impl ToSql<HexList, Sqlite> for Vec<RawId> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        let ids: Vec<uuid::fmt::Simple> = self.iter().map(|id| id.0.simple()).collect();
        out.set_value(serde_json::to_string(&ids)?);
        Ok(IsNull::No)
    }
}

/// Microseconds from 1970 to PostgreSQL's own epoch, 2000-01-01.
const POSTGRES_EPOCH: i64 = 946_684_800_000_000;

/// A UUID on its way to or from a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, diesel::expression::AsExpression, diesel::deserialize::FromSqlRow)]
#[diesel(sql_type = Id)]
pub struct RawId(pub Uuid);

impl ToSql<Id, Pg> for RawId {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        std::io::Write::write_all(out, self.0.as_bytes())?;
        Ok(IsNull::No)
    }
}

impl ToSql<Id, Sqlite> for RawId {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.0.as_bytes().as_slice());
        Ok(IsNull::No)
    }
}

impl FromSql<Id, Pg> for RawId {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(Uuid::from_slice(value.as_bytes())?))
    }
}

impl FromSql<Id, Sqlite> for RawId {
    fn from_sql(value: <Sqlite as diesel::backend::Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        let bytes = <*const [u8] as FromSql<Binary, Sqlite>>::from_sql(value)?;
        // SAFETY: diesel hands out a pointer to the column's bytes, valid until the next step of the statement.
        #[expect(unsafe_code, reason = "borrowing the bytes spares an allocation for every id of every row")]
        let bytes = unsafe { &*bytes };
        Ok(Self(Uuid::from_slice(bytes)?))
    }
}

/// Microseconds since 1970 on their way to or from a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, diesel::expression::AsExpression, diesel::deserialize::FromSqlRow)]
#[diesel(sql_type = Instant)]
pub struct RawInstant(pub i64);

impl ToSql<Instant, Pg> for RawInstant {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        // the ends of the range are PostgreSQL's «-infinity» and «infinity»
        ToSql::<BigInt, Pg>::to_sql(&self.0.saturating_sub(POSTGRES_EPOCH), &mut out.reborrow())
    }
}

impl ToSql<Instant, Sqlite> for RawInstant {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.0);
        Ok(IsNull::No)
    }
}

impl FromSql<Instant, Pg> for RawInstant {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        let micros = <i64 as FromSql<BigInt, Pg>>::from_sql(value)?;
        Ok(Self(if micros == i64::MIN { micros } else { micros.saturating_add(POSTGRES_EPOCH) }))
    }
}

impl FromSql<Instant, Sqlite> for RawInstant {
    fn from_sql(value: <Sqlite as diesel::backend::Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(<i64 as FromSql<BigInt, Sqlite>>::from_sql(value)?))
    }
}

/// A text column whose values are a closed list; `Self::parse` and `Self::as_str` are exact inverses.
pub trait TextEnum: Sized + Copy + 'static {
    /// The value as stored and as sent.
    fn as_str(self) -> &'static str;
    /// The value with this name, if there is one.
    fn parse(text: &str) -> Option<Self>;
}

/// Reads a closed list from a text column; an unknown value is an error, not a default.
///
/// # Errors
/// When the column is not text or holds a value that the program does not know.
pub fn text_enum_from_sql<T: TextEnum, DB>(value: DB::RawValue<'_>) -> deserialize::Result<T>
where
    DB: diesel::backend::Backend,
    String: FromSql<Text, DB>,
{
    let text = <String as FromSql<Text, DB>>::from_sql(value)?;
    T::parse(&text).ok_or_else(|| format!("unknown value {text:?}").into())
}

/// A short list kept as JSON in a text column.
#[derive(Debug, Clone, PartialEq, Eq, Default, diesel::expression::AsExpression, diesel::deserialize::FromSqlRow)]
#[diesel(sql_type = Text)]
pub struct JsonList<T>(pub Vec<T>);

impl<T: serde::Serialize + std::fmt::Debug> ToSql<Text, Pg> for JsonList<T> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        serde_json::to_writer(out, &self.0)?;
        Ok(IsNull::No)
    }
}

impl<T: serde::Serialize + std::fmt::Debug> ToSql<Text, Sqlite> for JsonList<T> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(serde_json::to_string(&self.0)?);
        Ok(IsNull::No)
    }
}

impl<T: serde::de::DeserializeOwned, DB: diesel::backend::Backend> FromSql<Text, DB> for JsonList<T>
where
    String: FromSql<Text, DB>,
{
    fn from_sql(value: DB::RawValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(serde_json::from_str(&String::from_sql(value)?)?))
    }
}
