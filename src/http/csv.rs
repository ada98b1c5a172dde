//! Tables as CSV (RFC 4180): read with a fault named by its line, written so that no cell is a formula.

use std::borrow::Cow;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::web::{self, Bytes};
use actix_web::{FromRequest, HttpRequest};

use crate::error::{Code, Error, Result};
use crate::http::json;

/// The media type.
pub const CSV: &str = "text/csv";
/// The largest table that is read, in bytes.
pub const TABLE_LIMIT: usize = 4 * 1024 * 1024;
/// The longest time that a table may take to arrive.
const TABLE_TIME: Duration = Duration::from_secs(20);

/// A body of CSV, not parsed yet. Anything else is refused: 415 for another type, 413 beyond the limit.
#[derive(Debug, Clone)]
pub struct CsvBody(pub Bytes);

impl FromRequest for CsvBody {
    type Error = actix_web::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, actix_web::Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let essence = content_type.and_then(|value| value.split(';').next()).unwrap_or_default();
        let is_csv = essence.trim().eq_ignore_ascii_case(CSV);
        let (request, payload) = (request.clone(), web::Payload::from_request(request, payload));
        Box::pin(async move {
            if !is_csv {
                return Err(Error::new(Code::UnsupportedMediaType, "Send text/csv.").into());
            }
            let late = || Error::new(Code::RequestTimeout, "The body took too long to arrive.");
            let whole = payload.await?.to_bytes_limited(TABLE_LIMIT);
            let bytes = tokio::time::timeout(TABLE_TIME, whole).await.map_err(|_| late())?;
            let too_large = |_| Error::new(Code::TooLarge, "A table is at most 4 MiB.");
            let bytes = bytes.map_err(too_large)??;
            json::note_digest(&request, &bytes);
            Ok(Self(bytes))
        })
    }
}

/// A table with named columns.
#[derive(Debug)]
pub struct Table {
    /// Its rows, without the header.
    pub rows: Vec<Row>,
}

/// A row of a table.
#[derive(Debug)]
pub struct Row {
    /// The line on which it begins, from 1.
    pub line: u64,
    cells: Vec<(&'static str, String)>,
}

impl Row {
    /// The text in a column; `None` where the table has no such column or the cell is empty.
    #[must_use]
    pub fn cell(&self, column: &str) -> Option<&str> {
        let cell = self.cells.iter().find(|(name, _)| *name == column).map(|(_, text)| text.as_str());
        cell.filter(|text| !text.is_empty())
    }
}

/// Counts lines, up to a record that begins at some byte or after the line breaks there: the parser takes empty lines and
/// the second half of a Windows line break for the beginning of the next record.
struct Lines<'a> {
    bytes: &'a [u8],
    counted: usize,
    line: u64,
}

impl Lines<'_> {
    fn at(&mut self, position: Option<&csv::Position>) -> u64 {
        let start = position.and_then(|position| usize::try_from(position.byte()).ok()).unwrap_or(self.counted);
        let rest = self.bytes.get(start..).unwrap_or_default();
        let breaks = rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        let passed = self.bytes.get(self.counted..start + breaks).unwrap_or_default();
        self.line += passed.iter().map(|byte| u64::from(*byte == b'\n')).sum::<u64>();
        self.counted = self.counted.max(start + breaks);
        self.line
    }
}

fn malformed(line: u64, words: &str) -> Error {
    Error::invalid(format!("/lines/{line}"), "malformed", words)
}

impl Table {
    /// Parses a table of at most `limit` rows whose columns are among those known, in any order. The first line names
    /// them; empty lines are passed over.
    ///
    /// # Errors
    /// `invalid` with the line, and the column where one is wrong.
    pub fn parse(bytes: &[u8], limit: usize, known: &[&'static str]) -> Result<Self> {
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(bytes);
        let mut lines = Lines { bytes, counted: 0, line: 1 };
        let header = reader.headers().map_err(|error| fault(&error, &mut lines))?.clone();
        if header.is_empty() {
            return Err(Error::invalid("", "empty", "the table is empty; its first line names the columns"));
        }
        let mut columns: Vec<&'static str> = Vec::new();
        for name in &header {
            let pointer = format!("/lines/1/{name}");
            let Some(column) = known.iter().find(|column| **column == name) else {
                let words = format!("there is no such column; known are {}", known.join(", "));
                return Err(Error::invalid(pointer, "unknown_column", words));
            };
            if columns.contains(column) {
                return Err(Error::invalid(pointer, "duplicate_column", "the column occurs twice"));
            }
            columns.push(column);
        }
        let mut rows = Vec::new();
        for record in reader.records() {
            let record = record.map_err(|error| fault(&error, &mut lines))?;
            if rows.len() == limit {
                return Err(Error::invalid("", "too_many", format!("a table has at most {limit} rows")));
            }
            let line = lines.at(record.position());
            let cells = columns.iter().copied().zip(record.iter().map(str::to_owned)).collect();
            rows.push(Row { line, cells });
        }
        Ok(Self { rows })
    }
}

fn fault(error: &csv::Error, lines: &mut Lines<'_>) -> Error {
    let line = lines.at(error.position());
    match error.kind() {
        csv::ErrorKind::Utf8 { .. } => malformed(line, "is not UTF-8"),
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            malformed(line, &format!("has {len} cells, the header {expected_len}"))
        }
        _ => malformed(line, "is not CSV"),
    }
}

/// Rows as CSV, each cell safe to open in a spreadsheet.
///
/// # Errors
/// When the rows differ in length, which is a fault of ours.
pub fn write<'a>(rows: impl IntoIterator<Item = Vec<Cow<'a, str>>>) -> Result<Bytes> {
    let mut writer = csv::WriterBuilder::new().flexible(false).from_writer(Vec::new());
    for row in rows {
        writer.write_record(row.into_iter().map(|cell| cell_text(&cell).into_owned())).map_err(Error::internal)?;
    }
    let bytes = writer.into_inner().map_err(|error| Error::internal(error.to_string()))?;
    Ok(Bytes::from(bytes))
}

/// What a spreadsheet would take for a formula gets an apostrophe before it (OWASP, «CSV Injection»).
fn cell_text(text: &str) -> Cow<'_, str> {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        let cells = ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "plain", "a,b", "say \"hi\""];
        let bytes = write([cells.iter().map(|cell| Cow::Borrowed(*cell)).collect()]).unwrap();
        let expected = "'=1+1,'+1,'-1,'@SUM(A1),'\tx,plain,\"a,b\",\"say \"\"hi\"\"\"\n";
        assert_eq!(std::str::from_utf8(&bytes).unwrap(), expected);
    }

    #[test]
    fn a_table_is_read_with_its_lines_or_refused_by_line() {
        let table =
            Table::parse(b"\xEF\xBB\xBFrole, name\nmember,\"a\nb\"\n\nowner,c\n", 9, &["name", "role"]).unwrap();
        let cells: Vec<_> = table.rows.iter().map(|row| (row.line, row.cell("name"), row.cell("role"))).collect();
        assert_eq!(cells, [(2, Some("a\nb"), Some("member")), (5, Some("c"), Some("owner"))]);
        for (bytes, pointer, code) in [
            (&b""[..], "", "empty"),
            (b"name,colour\nx,y\n", "/lines/1/colour", "unknown_column"),
            (b"name,name\nx,y\n", "/lines/1/name", "duplicate_column"),
            (b"name,role\nx\n", "/lines/2", "malformed"),
            (b"name\nx\n\xff\n", "/lines/3", "malformed"),
            (b"name,role\r\nx,member\r\n\r\nx\r\n", "/lines/4", "malformed"),
            (b"name\n1\n2\n3\n", "", "too_many"),
        ] {
            let error = Table::parse(bytes, 2, &["name", "role"]).unwrap_err();
            let field = &error.fields()[0];
            assert_eq!((field.pointer.as_str(), field.code.as_str()), (pointer, code), "{error}");
        }
    }
}
