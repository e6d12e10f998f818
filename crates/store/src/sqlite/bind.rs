//! How domain values are bound to statements and read back, where SQLite's own types do not fit.
//!
//! It knows no table.

use std::{fmt, sync::Arc};

use ordain_domain::{money::Currency, time::Timestamp};
use rusqlite::{
    CachedStatement, Connection, Row,
    types::{ToSql, ToSqlOutput, ValueRef},
};
use serde::{Serialize, de::DeserializeOwned};

use super::failure::SqliteFailure;

/// Bytes of JSON bound as text without a copy of ours.
pub(super) struct JsonText<'a>(pub(super) &'a [u8]);

impl ToSql for JsonText<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(ValueRef::Text(self.0)))
    }
}

/// Writes whole rows that are mostly stored already: over the stored one, else as a new one. One statement with ON CONFLICT DO
/// UPDATE would have SQLite check every constraint of the row twice each time.
pub(super) struct Put<'c> {
    update: CachedStatement<'c>,
    insert: CachedStatement<'c>,
}

impl<'c> Put<'c> {
    /// Both statements take the same parameters. The update names what must hold of the stored row, the insert leaves a
    /// stored row alone.
    pub(super) fn prepare(connection: &'c Connection, update: &str, insert: &str) -> Result<Put<'c>, SqliteFailure> {
        Ok(Put { update: connection.prepare_cached(update)?, insert: connection.prepare_cached(insert)? })
    }

    /// Writes one row. False when the stored one is not as it must be; nothing was written then.
    pub(super) fn row(&mut self, row: &[&dyn ToSql]) -> Result<bool, SqliteFailure> {
        Ok(self.update.execute(row)? == 1 || self.insert.execute(row)? == 1)
    }
}

/// A buffer that is written over and over, so that a batch allocates once for all its JSON.
#[derive(Debug, Default)]
pub(super) struct JsonBuffer(Vec<u8>);

impl JsonBuffer {
    /// The value as JSON text, until the next call.
    pub(super) fn of(&mut self, value: &impl Serialize) -> Result<JsonText<'_>, SqliteFailure> {
        self.0.clear();
        serde_json::to_writer(&mut self.0, value)
            .map_err(|error| SqliteFailure::Guard(format!("a value cannot be stored as JSON: {error}")))?;
        Ok(JsonText(&self.0))
    }
}

/// A column of JSON text.
pub(super) fn json<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> Result<T, SqliteFailure> {
    Ok(serde_json::from_slice(text(row, column)?.as_bytes())?)
}

/// A column of JSON text, or nothing for the default.
pub(super) fn json_or_default<T: DeserializeOwned + Default>(row: &Row<'_>, column: usize) -> Result<T, SqliteFailure> {
    match optional_text(row, column)? {
        None => Ok(T::default()),
        Some(text) => Ok(serde_json::from_slice(text.as_bytes())?),
    }
}

/// A column of text, borrowed from the row.
pub(super) fn text<'a>(row: &'a Row<'_>, column: usize) -> Result<&'a str, SqliteFailure> {
    optional_text(row, column)?.ok_or_else(|| SqliteFailure::Damaged(format!("column {column} holds nothing")))
}

/// A column of text or nothing, borrowed from the row.
pub(super) fn optional_text<'a>(row: &'a Row<'_>, column: usize) -> Result<Option<&'a str>, SqliteFailure> {
    match row.get_ref(column)?.as_str_or_null() {
        Ok(text) => Ok(text),
        Err(error) => Err(SqliteFailure::Damaged(format!("column {column}: {error}"))),
    }
}

/// A column of text as the domain value it names.
pub(super) fn parsed<T>(row: &Row<'_>, column: usize) -> Result<T, SqliteFailure>
where
    T: std::str::FromStr<Err: fmt::Display>,
{
    let text = text(row, column)?;
    text.parse().map_err(|error| SqliteFailure::Damaged(format!("column {column}: {text:?} {error}")))
}

/// An unsigned number as SQLite's signed one. The domain's numbers of units, versions and entries stay far below.
pub(super) fn signed(number: u64) -> Result<i64, SqliteFailure> {
    i64::try_from(number).map_err(|_| SqliteFailure::Guard(format!("{number} does not fit 63 bits")))
}

/// A stored number that is never negative.
pub(super) fn unsigned(row: &Row<'_>, column: usize) -> Result<u64, SqliteFailure> {
    let number: i64 = row.get(column)?;
    u64::try_from(number).map_err(|_| SqliteFailure::Damaged(format!("column {column}: {number} is negative")))
}

/// A stored number of 32 bits that is never negative.
pub(super) fn unsigned_32(row: &Row<'_>, column: usize) -> Result<u32, SqliteFailure> {
    let number: i64 = row.get(column)?;
    u32::try_from(number).map_err(|_| SqliteFailure::Damaged(format!("column {column}: {number} is not of 32 bits")))
}

/// A column of text as a value that is shared.
pub(super) fn shared(row: &Row<'_>, column: usize) -> Result<Arc<str>, SqliteFailure> {
    text(row, column).map(Arc::from)
}

/// A column of text or nothing as a value that is shared.
pub(super) fn shared_or_none(row: &Row<'_>, column: usize) -> Result<Option<Arc<str>>, SqliteFailure> {
    Ok(optional_text(row, column)?.map(Arc::from))
}

/// A column of a time or nothing.
pub(super) fn optional_time(row: &Row<'_>, column: usize) -> Result<Option<Timestamp>, SqliteFailure> {
    Ok(row.get::<_, Option<i64>>(column)?.map(Timestamp))
}

/// A column of a currency's letters.
pub(super) fn currency(row: &Row<'_>, column: usize) -> Result<Currency, SqliteFailure> {
    let letters = text(row, column)?;
    Currency::new(letters).ok_or_else(|| SqliteFailure::Damaged(format!("column {column}: currency {letters:?}")))
}
