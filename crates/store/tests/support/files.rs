//! SQLite stores in temporary folders.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use ordain_domain::time::{Span, Timestamp};
use ordain_engine::port::store::StoreReader;
use ordain_store::invariants::RULES;
use ordain_store::sqlite::{KeyIndexSettings, SqliteReader, SqliteSettings, SqliteStore};
use tempfile::TempDir;

/// A folder with one store's file.
pub(crate) struct Files {
    _folder: TempDir,
    pub(crate) settings: SqliteSettings,
}

impl Files {
    /// An empty folder, and settings in which everything happens early.
    pub(crate) fn new() -> Files {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let settings = SqliteSettings {
            path: folder.path().join("ordain.db"),
            readers: 2,
            cache_bytes: 8 << 20,
            unsafe_synchronous_normal: false,
            answer_retention: Span::seconds(7 * 86_400),
            log_bytes_soft_max: 64 << 20,
            unpaid_per_user_max: 20,
            key_index: KeyIndexSettings { memtable_entries: 20, fan_out: 3, page_entries: 7 },
        };
        Files { _folder: folder, settings }
    }

    pub(crate) fn open(&self) -> (SqliteStore, Arc<SqliteReader>) {
        SqliteStore::open(&self.settings).expect("the store opens")
    }

    /// The files as a crash at this moment would leave them, in a folder of their own.
    pub(crate) fn crash_image(&self) -> Files {
        let image = Files::new();
        for ending in ["", "-wal"] {
            let from = with_ending(&self.settings.path, ending);
            if from.exists() {
                std::fs::copy(from, with_ending(&image.settings.path, ending)).expect("a file can be copied");
            }
        }
        image
    }
}

pub(crate) fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// What `verify` finds broken, in words.
pub(crate) fn broken(reader: &SqliteReader, now: Timestamp) -> Vec<String> {
    let reports = reader.verify(now, Span::seconds(300)).expect("the store can be read");
    assert_eq!(reports.len(), RULES.len());
    reports.into_iter().flat_map(|report| report.examples).collect()
}
