//! `[store]`: where the data lies and how it is held.
//!
//! It opens nothing and creates nothing: whether the path can be used is found when the store is opened.

use std::fmt;
use std::path::PathBuf;

use serde::{Serialize, Serializer};

use super::error::ConfigError;
use super::layers::Layers;
use super::section::Section;

const MEBIBYTE: i64 = 1 << 20;

/// Where the data lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StoreUrl {
    /// One SQLite file at this path; `sqlite:PATH`.
    Sqlite(PathBuf),
}

impl fmt::Display for StoreUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(formatter, "sqlite:{}", path.display()),
        }
    }
}

impl Serialize for StoreUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Where the data lies and how it is held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Store {
    /// Where the data lies.
    pub(crate) url: StoreUrl,
    /// Connections for queries beside the writing one: 1 to 64.
    pub(crate) readers: usize,
    /// Bytes of page cache for all connections together: 1 MiB to 64 GiB.
    pub(crate) cache_bytes: usize,
    /// Whether commits skip the flush to the disk (`synchronous = NORMAL`), so that a power cut may lose acknowledged
    /// orders (SQLite documentation, `PRAGMA synchronous`).
    pub(crate) unsafe_synchronous_normal: bool,
}

impl Store {
    /// Reads and checks the section.
    pub(super) fn read(layers: &Layers) -> Result<Self, ConfigError> {
        let section = Section::new(layers, "store");
        Ok(Self {
            url: read_url(&section)?,
            readers: section.integer("readers", 1..=64)?,
            cache_bytes: section.integer("cache_bytes", MEBIBYTE..=64 * 1024 * MEBIBYTE)?,
            unsafe_synchronous_normal: section.boolean("unsafe_synchronous_normal")?,
        })
    }
}

/// `sqlite:PATH` and nothing more: the forms of other programs (`sqlite://…`, `?mode=rwc`, `:memory:`) would otherwise
/// become file names that nobody meant.
fn read_url(section: &Section<'_>) -> Result<StoreUrl, ConfigError> {
    let expected = "sqlite:PATH with the path of a file, for example \"sqlite:ordain-data/ordain.db\"";
    let Some(text) = section.raw_text("url") else {
        return Err(section.wrong("url", expected));
    };
    match text.split_once(':') {
        Some(("sqlite", path)) if is_file_path(path) => Ok(StoreUrl::Sqlite(PathBuf::from(path))),
        Some(("sqlite", _)) => Err(section.wrong("url", expected)),
        // An address of another database may carry a password: only its scheme is shown.
        Some((scheme, _)) => Err(section.wrong_shown("url", format!("\"{scheme}:…\""), expected)),
        None => Err(section.wrong("url", expected)),
    }
}

fn is_file_path(path: &str) -> bool {
    !path.is_empty()
        && !path.starts_with("//")
        && !path.starts_with(':')
        && !path.ends_with('/')
        && !path.contains(['?', '\0'])
}
