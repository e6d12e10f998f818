//! What can go wrong with SQLite, and what it means for a caller of the port.
//!
//! The one judgement of this room: after a failed write, is it certain that nothing was written? It retries nothing.

use std::fmt;

use ordain_engine::port::store::{CommitFailure, FailureKind, StoreFailure};
use rusqlite::{ErrorCode, ffi};

/// A failure inside the store.
#[derive(Debug)]
pub(super) enum SqliteFailure {
    /// SQLite's own.
    Sql(rusqlite::Error),
    /// A stored value that cannot be.
    Damaged(String),
    /// The rows are fine, but the write does not fit what is stored: a bug above.
    Guard(String),
}

impl From<rusqlite::Error> for SqliteFailure {
    fn from(error: rusqlite::Error) -> SqliteFailure {
        SqliteFailure::Sql(error)
    }
}

impl From<serde_json::Error> for SqliteFailure {
    fn from(error: serde_json::Error) -> SqliteFailure {
        SqliteFailure::Damaged(format!("stored JSON cannot be read: {error}"))
    }
}

impl fmt::Display for SqliteFailure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SqliteFailure::Sql(error) => error.fmt(formatter),
            SqliteFailure::Damaged(text) | SqliteFailure::Guard(text) => formatter.write_str(text),
        }
    }
}

impl SqliteFailure {
    /// A stored value that cannot be, named by its table.
    pub(super) fn damaged(table: &str, what: impl fmt::Display) -> SqliteFailure {
        SqliteFailure::Damaged(format!("{table}: {what}"))
    }

    pub(super) fn kind(&self) -> FailureKind {
        match self {
            SqliteFailure::Damaged(_) => FailureKind::Corrupt,
            SqliteFailure::Guard(_) => FailureKind::Other,
            SqliteFailure::Sql(error) => kind_of(error),
        }
    }

    /// What a failed commit is told as. `at_commit` says that the failing statement was the COMMIT itself; the
    /// transaction was rolled back if it was still open.
    pub(super) fn into_commit_failure(self, at_commit: bool) -> CommitFailure {
        let in_doubt = at_commit && !self.leaves_nothing();
        let sync_failed = self.is_failed_write(at_commit);
        let failure = StoreFailure::from(self);
        match (sync_failed, in_doubt) {
            (true, _) => CommitFailure::SyncFailed(failure),
            (false, true) => CommitFailure::Unknown(failure),
            (false, false) => CommitFailure::NotCommitted(failure),
        }
    }

    /// Whether SQLite says of the COMMIT itself that nothing of it stands: the disk was full, somebody else held the
    /// lock, or a deferred constraint failed.
    fn leaves_nothing(&self) -> bool {
        matches!(self.kind(), FailureKind::Full | FailureKind::Busy | FailureKind::Constraint)
    }

    /// Whether bytes that were handed to the disk may be lost. Reads, locks and the shared-memory index are no such
    /// case before the COMMIT; within it every I/O error is.
    pub(super) fn is_failed_write(&self, at_commit: bool) -> bool {
        let SqliteFailure::Sql(rusqlite::Error::SqliteFailure(error, _)) = self else { return false };
        let writes = [
            ffi::SQLITE_IOERR_WRITE,
            ffi::SQLITE_IOERR_FSYNC,
            ffi::SQLITE_IOERR_DIR_FSYNC,
            ffi::SQLITE_IOERR_TRUNCATE,
            ffi::SQLITE_IOERR_CLOSE,
        ];
        error.code == ErrorCode::SystemIoFailure && (at_commit || writes.contains(&error.extended_code))
    }
}

fn kind_of(error: &rusqlite::Error) -> FailureKind {
    match error {
        rusqlite::Error::SqliteFailure(error, _) => match error.code {
            ErrorCode::ConstraintViolation => FailureKind::Constraint,
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => FailureKind::Busy,
            ErrorCode::DiskFull => FailureKind::Full,
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => FailureKind::Corrupt,
            _ => FailureKind::Other,
        },
        rusqlite::Error::FromSqlConversionFailure(..)
        | rusqlite::Error::IntegralValueOutOfRange(..)
        | rusqlite::Error::InvalidColumnType(..)
        | rusqlite::Error::Utf8Error(..) => FailureKind::Corrupt,
        _ => FailureKind::Other,
    }
}

impl From<SqliteFailure> for StoreFailure {
    fn from(failure: SqliteFailure) -> StoreFailure {
        StoreFailure::new(failure.kind(), format_args!("sqlite: {failure}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(extended_code: i32) -> SqliteFailure {
        SqliteFailure::Sql(rusqlite::Error::SqliteFailure(ffi::Error::new(extended_code), None))
    }

    fn told(extended_code: i32, at_commit: bool) -> (&'static str, FailureKind) {
        match failure(extended_code).into_commit_failure(at_commit) {
            CommitFailure::NotCommitted(failure) => ("not committed", failure.kind),
            CommitFailure::Unknown(failure) => ("unknown", failure.kind),
            CommitFailure::SyncFailed(failure) => ("sync failed", failure.kind),
        }
    }

    #[test]
    fn a_failure_says_only_what_is_certain() {
        let table = [
            (ffi::SQLITE_CONSTRAINT_CHECK, false, ("not committed", FailureKind::Constraint)),
            (ffi::SQLITE_FULL, false, ("not committed", FailureKind::Full)),
            (ffi::SQLITE_FULL, true, ("not committed", FailureKind::Full)),
            (ffi::SQLITE_BUSY, false, ("not committed", FailureKind::Busy)),
            (ffi::SQLITE_BUSY, true, ("not committed", FailureKind::Busy)),
            (ffi::SQLITE_IOERR_READ, false, ("not committed", FailureKind::Other)),
            (ffi::SQLITE_IOERR_READ, true, ("sync failed", FailureKind::Other)),
            (ffi::SQLITE_IOERR_WRITE, false, ("sync failed", FailureKind::Other)),
            (ffi::SQLITE_IOERR_FSYNC, true, ("sync failed", FailureKind::Other)),
            (ffi::SQLITE_IOERR_FSYNC, false, ("sync failed", FailureKind::Other)),
            (ffi::SQLITE_CORRUPT, false, ("not committed", FailureKind::Corrupt)),
            (ffi::SQLITE_NOMEM, true, ("unknown", FailureKind::Other)),
        ];
        for (code, at_commit, expected) in table {
            assert_eq!(told(code, at_commit), expected, "code {code}, at commit {at_commit}");
        }
    }
}
