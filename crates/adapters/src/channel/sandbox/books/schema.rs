//! The tables of the sandbox's books, and the file that holds them.
//!
//! The file is opened by one writer only. There are no migrations: the books of a sandbox may be thrown away.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, ffi, params};

use super::super::signature::Secret;

/// Statements kept prepared.
const STATEMENTS_MAX: usize = 32;

const TABLES: &str = "
CREATE TABLE IF NOT EXISTS payments (
    payment    INTEGER PRIMARY KEY,
    order_id   INTEGER,
    amount     INTEGER NOT NULL CHECK (amount >= 0),
    currency   TEXT    NOT NULL,
    expires_at INTEGER NOT NULL,
    return_url TEXT,
    standing   INTEGER NOT NULL CHECK (standing BETWEEN 0 AND 3),
    captured   INTEGER NOT NULL CHECK (captured >= 0),
    refunded   INTEGER NOT NULL CHECK (refunded BETWEEN 0 AND captured)
) STRICT;
CREATE TABLE IF NOT EXISTS refunds (
    refund     INTEGER PRIMARY KEY,
    payment    INTEGER NOT NULL,
    amount     INTEGER NOT NULL CHECK (amount > 0),
    refusal    TEXT,
    settles_at INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS ledger (
    number     INTEGER PRIMARY KEY,
    payment    INTEGER NOT NULL,
    refund     INTEGER,
    amount     INTEGER NOT NULL CHECK (amount > 0),
    currency   TEXT    NOT NULL,
    at         INTEGER NOT NULL
) STRICT;
CREATE TRIGGER IF NOT EXISTS ledger_keeps_entries BEFORE DELETE ON ledger
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER IF NOT EXISTS ledger_keeps_amounts BEFORE UPDATE ON ledger
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TABLE IF NOT EXISTS notifications (
    number     INTEGER PRIMARY KEY,
    due_at     INTEGER NOT NULL,
    attempts   INTEGER NOT NULL,
    copies     INTEGER NOT NULL,
    is_forged  INTEGER NOT NULL,
    is_given_up INTEGER NOT NULL DEFAULT 0,
    body       TEXT    NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS keeper (
    name       TEXT PRIMARY KEY,
    value      BLOB NOT NULL
) STRICT, WITHOUT ROWID;
";

/// Opens or makes the file.
pub(super) fn open(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    // Fewer, longer copies of the log into the file: 16 MB of log instead of 4.
    connection.pragma_update(None, "wal_autocheckpoint", 4_000)?;
    connection.pragma_update(None, "cache_size", -32_768)?;
    connection.execute_batch(TABLES)?;
    Ok(connection)
}

/// The signing secret of these books.
pub(super) fn secret(connection: &Connection) -> rusqlite::Result<Vec<u8>> {
    let kept = "SELECT value FROM keeper WHERE name = 'secret'";
    if let Some(secret) = connection.query_row(kept, [], |row| row.get(0)).optional()? {
        return Ok(secret);
    }
    let drawn = Secret::draw().ok_or_else(|| failure("the machine gave no randomness"))?.to_vec();
    connection.execute("INSERT INTO keeper (name, value) VALUES ('secret', ?1)", params![drawn])?;
    Ok(drawn)
}

/// A number above those of all notifications that are kept.
pub(super) fn next_notification(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("SELECT coalesce(max(number), 0) + 1 FROM notifications", [], |row| row.get(0))
}

pub(super) fn failure(message: &str) -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_ERROR), Some(message.to_owned()))
}
