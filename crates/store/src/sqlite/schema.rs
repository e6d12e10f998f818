//! Opening the file: who may, whether it is Ordain's and of a version this program knows, and how SQLite is set.
//!
//! It never repairs and never guesses: a file that is not certainly ours is refused untouched.

use std::{
    fs::{self, File, TryLockError},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use ordain_engine::port::store::{FailureKind, StoreFailure};
use rusqlite::{Connection, OpenFlags};

use super::failure::SqliteFailure;

mod embedded {
    //! The migrations, compiled in. They are only ever added to.
    refinery::embed_migrations!("migrations/sqlite");
}

/// "ORDN" in SQLite's header.
const APPLICATION_ID: i64 = 0x4f52_444e;
/// 3.51.3: versions before it can corrupt a database when a log is reset while it is checkpointed.
const SQLITE_VERSION_MIN: i32 = 3_051_003;
/// How long the writer waits for somebody else's lock on the file, which only a tool in an operator's hand takes.
pub(super) const WRITER_PATIENCE: Duration = Duration::from_secs(1);
/// How many prepared statements a connection keeps: more than there are.
const STATEMENTS_MAX: usize = 192;

/// The right to be the one process that uses the file. It ends with the last handle, or with the process.
#[derive(Debug)]
pub(super) struct FileLock(#[expect(dead_code, reason = "it is held, not read")] File);

/// Takes the lock beside the file.
pub(super) fn lock(path: &Path) -> Result<Arc<FileLock>, StoreFailure> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder).map_err(|error| cannot("create", folder, &error))?;
    }
    let lock_path = beside(path, ".lock");
    let open = File::options().create(true).truncate(false).write(true).open(&lock_path);
    let file = open.map_err(|error| cannot("open", &lock_path, &error))?;
    match file.try_lock() {
        Ok(()) => Ok(Arc::new(FileLock(file))),
        Err(TryLockError::WouldBlock) => {
            let text = format!("{} is in use by another process (it holds {})", path.display(), lock_path.display());
            Err(StoreFailure::new(FailureKind::Busy, text))
        }
        Err(TryLockError::Error(error)) => Err(cannot("lock", &lock_path, &error)),
    }
}

/// A path that begins like the data file's.
pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

fn cannot(verb: &str, path: &Path, error: &std::io::Error) -> StoreFailure {
    StoreFailure::new(FailureKind::Other, format_args!("cannot {verb} {}: {error}", path.display()))
}

/// How a writing connection treats the disk.
#[derive(Clone, Copy, Debug)]
pub(super) struct WriterSettings {
    /// Bytes of page cache.
    pub(super) cache_bytes: u64,
    /// Whether commits skip the flush to the disk.
    pub(super) unsafe_synchronous_normal: bool,
}

/// Opens the one writing connection, and brings the schema up to date.
pub(super) fn open_writer(path: &Path, settings: WriterSettings) -> Result<Connection, StoreFailure> {
    check_sqlite_version(rusqlite::version_number())?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags).map_err(SqliteFailure::from)?;
    check_ours(&connection, path)?;
    set_up_writer(&connection, settings)?;
    embedded::migrations::runner()
        .run(&mut connection)
        .map_err(|error| StoreFailure::new(FailureKind::Corrupt, format_args!("cannot migrate: {error}")))?;
    Ok(connection)
}

/// Opens a connection that only copies the log into the data file.
pub(super) fn open_checkpointer(path: &Path) -> Result<Connection, StoreFailure> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(SqliteFailure::from)?;
    set(&connection, "synchronous = FULL")?;
    set_common(&connection, 1 << 20)?;
    Ok(connection)
}

/// Opens a connection that cannot write.
pub(super) fn open_reader(path: &Path, cache_bytes: u64) -> Result<Connection, StoreFailure> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(SqliteFailure::from)?;
    set_common(&connection, cache_bytes)?;
    Ok(connection)
}

/// The version of the newest migration that this program knows.
pub(super) fn known_version() -> i64 {
    let migrations = embedded::migrations::runner();
    migrations.get_migrations().iter().map(|migration| i64::from(migration.version())).max().unwrap_or(0)
}

fn check_sqlite_version(version: i32) -> Result<(), StoreFailure> {
    if version >= SQLITE_VERSION_MIN {
        return Ok(());
    }
    let text = format!("SQLite {version} can corrupt a database when its log is reset; 3.51.3 or newer is needed");
    Err(StoreFailure::new(FailureKind::Other, text))
}

/// An empty file, or one of Ordain's whose schema is not newer than this program.
fn check_ours(connection: &Connection, path: &Path) -> Result<(), StoreFailure> {
    let read = |sql: &str| {
        let named = |failure: StoreFailure| {
            StoreFailure::new(failure.kind, format_args!("{} cannot be read: {failure}", path.display()))
        };
        number(connection, sql).map_err(named)
    };
    let application = read("-- application_id_load\nPRAGMA application_id")?;
    let version = read("-- user_version_load\nPRAGMA user_version")?;
    let tables = read("-- tables_count\nSELECT count(*) FROM sqlite_schema")?;
    let known = known_version();
    let refuse = |text: String| Err(StoreFailure::new(FailureKind::Corrupt, text));
    match (application, tables) {
        (0, 0) => Ok(()),
        (APPLICATION_ID, _) if version > known => refuse(format!(
            "{} has schema {version}, and this program knows none above {known}: it was used by a newer version",
            path.display()
        )),
        (APPLICATION_ID, _) => Ok(()),
        _ => refuse(format!("{} is a database of another program (application id {application})", path.display())),
    }
}

fn set_up_writer(connection: &Connection, settings: WriterSettings) -> Result<(), StoreFailure> {
    connection.busy_timeout(WRITER_PATIENCE).map_err(SqliteFailure::from)?;
    let mode: String = connection
        .query_row("-- journal_mode_set\nPRAGMA journal_mode = WAL", [], |row| row.get(0))
        .map_err(SqliteFailure::from)?;
    if mode != "wal" {
        return Err(StoreFailure::new(FailureKind::Other, format_args!("SQLite refused a write-ahead log: {mode}")));
    }
    set(connection, if settings.unsafe_synchronous_normal { "synchronous = NORMAL" } else { "synchronous = FULL" })?;
    // Checkpoints are the keeper's business, not that of whichever commit happens to fill the log.
    set(connection, "wal_autocheckpoint = 0")?;
    set_common(connection, settings.cache_bytes)
}

fn set_common(connection: &Connection, cache_bytes: u64) -> Result<(), StoreFailure> {
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    set(connection, &format!("cache_size = -{}", (cache_bytes >> 10).max(64)))?;
    set(connection, "mmap_size = 0")?;
    set(connection, "temp_store = FILE")
}

fn set(connection: &Connection, setting: &str) -> Result<(), StoreFailure> {
    let sql = format!("-- setting\nPRAGMA {setting}");
    connection.execute_batch(&sql).map_err(SqliteFailure::from)?;
    Ok(())
}

fn number(connection: &Connection, sql: &str) -> Result<i64, StoreFailure> {
    Ok(connection.query_row(sql, [], |row| row.get(0)).map_err(SqliteFailure::from)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTINGS: WriterSettings = WriterSettings { cache_bytes: 1 << 20, unsafe_synchronous_normal: false };

    #[test]
    fn a_new_file_gets_every_migration_and_says_whose_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ordain.db");
        for _ in 0..2 {
            let connection = open_writer(&path, SETTINGS).unwrap();
            assert_eq!(number(&connection, "-- user_version_load\nPRAGMA user_version").unwrap(), known_version());
            assert_eq!(number(&connection, "-- application_id_load\nPRAGMA application_id").unwrap(), APPLICATION_ID);
        }
    }

    #[test]
    fn strangers_newer_files_and_old_libraries_are_refused_untouched() {
        let folder = tempfile::tempdir().unwrap();
        let table = [
            ("PRAGMA application_id = 77", "another program"),
            ("CREATE TABLE theirs (a)", "another program"),
            ("PRAGMA application_id = 1330791502; PRAGMA user_version = 9999", "newer version"),
        ];
        for (index, (sql, expected)) in table.into_iter().enumerate() {
            let path = folder.path().join(format!("{index}.db"));
            Connection::open(&path).unwrap().execute_batch(sql).unwrap();
            let before = fs::read(&path).unwrap();
            let failure = open_writer(&path, SETTINGS).unwrap_err();
            assert!(failure.message.contains(expected), "{sql}: {failure}");
            assert_eq!(fs::read(&path).unwrap(), before, "{sql}");
        }
        assert!(check_sqlite_version(3_051_002).is_err());
        assert!(check_sqlite_version(3_051_003).is_ok());
    }

    #[test]
    fn a_second_user_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep").join("ordain.db");
        let first = lock(&path).unwrap();
        let failure = lock(&path).unwrap_err();
        assert_eq!(failure.kind, FailureKind::Busy);
        assert!(failure.message.contains("in use by another process"), "{failure}");
        drop(first);
        assert!(lock(&path).is_ok());
    }
}
