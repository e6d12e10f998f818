//! The sources of the configuration laid over one another: default < file < environment < command line.
//!
//! This room knows which keys exist (those of the shipped default file) and where each value came from. It does not
//! know what a value may be: the topics (`orders`, `store`, …) read and check theirs.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use strsim::normalized_damerau_levenshtein;
use toml::{Table, Value};

use super::DEFAULT_FILE;
use super::error::{ConfigError, Origin};

/// What every variable of ours begins with: `ORDAIN__SECTION__KEY`.
const ENVIRONMENT_PREFIX: &str = "ORDAIN__";

/// The variable that most Rust programs take their log filter from; here the weaker twin of `ORDAIN__TELEMETRY__LOG`.
const LOG_VARIABLE: &str = "RUST_LOG";

/// One `key=value` of the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Assignment {
    /// The key with its section.
    pub(crate) key: String,
    /// The value as text.
    pub(crate) value: String,
    /// The flag that gave it.
    pub(crate) flag: &'static str,
}

impl FromStr for Assignment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('=') {
            Some((key, value)) if !key.is_empty() => {
                Ok(Self { key: key.to_owned(), value: value.to_owned(), flag: "--set" })
            }
            _ => Err("expected key=value, for example orders.payment_window=2s".to_owned()),
        }
    }
}

/// Everything a configuration is made from, beside the defaults.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sources {
    /// The TOML file to read, if one was named.
    pub(crate) file: Option<PathBuf>,
    /// The process's environment; variables that are not ours are passed over.
    pub(crate) environment: Vec<(OsString, OsString)>,
    /// What the command line sets; of two for one key the later holds.
    pub(crate) assignments: Vec<Assignment>,
}

/// A value and where it came from.
#[derive(Clone, Debug)]
pub(super) struct Setting {
    /// The value; from the environment and the command line it has the type of the default where the text allows it.
    pub(super) value: Value,
    /// The strongest source that named it.
    pub(super) origin: Origin,
}

/// The strongest value of every known key, by `section.key`.
#[derive(Debug)]
pub(crate) struct Layers {
    settings: BTreeMap<String, Setting>,
}

impl Layers {
    /// Lays the sources over the defaults.
    ///
    /// # Errors
    /// A file that cannot be read or is not TOML, and any unknown key of any source.
    pub(crate) fn gather(sources: &Sources) -> Result<Self, ConfigError> {
        let mut layers = Self::of_defaults();
        if let Some(path) = &sources.file {
            layers.lay_file(path)?;
        }
        layers.lay_environment(&sources.environment)?;
        for Assignment { key, value, flag } in &sources.assignments {
            layers.lay_text(key, value, Origin::Flag(flag))?;
        }
        Ok(layers)
    }

    /// The value of a key that the default file has, or `None` for any other.
    pub(super) fn get(&self, key: &str) -> Option<&Setting> {
        self.settings.get(key)
    }

    fn of_defaults() -> Self {
        let table: Table = DEFAULT_FILE.parse().expect("the shipped default file is TOML, as its test shows");
        let mut settings = BTreeMap::new();
        for (section, entries) in table {
            for (key, value) in entries.as_table().into_iter().flatten() {
                settings.insert(format!("{section}.{key}"), Setting { value: value.clone(), origin: Origin::Default });
            }
        }
        Self { settings }
    }

    fn lay_file(&mut self, path: &Path) -> Result<(), ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
        let table: Table = text.parse().map_err(|error: toml::de::Error| not_toml(path, &text, &error))?;
        let origin = Origin::File(path.to_owned());
        for (section, entries) in table {
            let prefix = format!("{section}.");
            match entries {
                Value::Table(entries) if self.settings.keys().any(|known| known.starts_with(&prefix)) => {
                    for (key, value) in entries {
                        self.lay(&format!("{prefix}{key}"), value, origin.clone())?;
                    }
                }
                Value::Table(entries) if !entries.is_empty() => {
                    let key = entries.keys().next().map_or("", String::as_str);
                    return Err(self.unknown(&format!("{prefix}{key}"), origin));
                }
                _ => return Err(self.unknown(&section, origin)),
            }
        }
        Ok(())
    }

    fn lay_environment(&mut self, environment: &[(OsString, OsString)]) -> Result<(), ConfigError> {
        let mut named: Vec<(&str, &OsStr)> =
            environment.iter().filter_map(|(name, value)| Some((name.to_str()?, value.as_os_str()))).collect();
        named.sort_unstable();
        if let Some((name, filter)) = named.iter().find(|(name, value)| *name == LOG_VARIABLE && !value.is_empty()) {
            self.lay_variable("telemetry.log", name, filter)?;
        }
        for (name, value) in named.into_iter().filter(|(name, _)| name.starts_with(ENVIRONMENT_PREFIX)) {
            let Some(key) = self.settings.keys().find(|key| variable(key) == name).cloned() else {
                return Err(ConfigError::UnknownKey {
                    name: name.to_owned(),
                    origin: Origin::Environment(name.to_owned()),
                    nearest: variable(self.nearest(&key_of_variable(name))),
                });
            };
            self.lay_variable(&key, name, value)?;
        }
        Ok(())
    }

    fn lay_variable(&mut self, key: &str, name: &str, value: &OsStr) -> Result<(), ConfigError> {
        let origin = Origin::Environment(name.to_owned());
        match value.to_str() {
            Some(text) => self.lay_text(key, text, origin),
            None => Err(ConfigError::WrongValue {
                key: key.to_owned(),
                value: format!("{value:?}"),
                origin,
                expected: "UTF-8 text".to_owned(),
            }),
        }
    }

    /// Lays a value that came as text: it takes the type of the default, and stays text where it cannot.
    fn lay_text(&mut self, key: &str, text: &str, origin: Origin) -> Result<(), ConfigError> {
        let as_text = || Value::String(text.to_owned());
        let value = match self.settings.get(key).map(|setting| &setting.value) {
            Some(Value::Integer(_)) => text.parse().map_or_else(|_| as_text(), Value::Integer),
            Some(Value::Boolean(_)) => text.parse().map_or_else(|_| as_text(), Value::Boolean),
            Some(Value::Array(_)) => list(text),
            _ => as_text(),
        };
        self.lay(key, value, origin)
    }

    fn lay(&mut self, key: &str, value: Value, origin: Origin) -> Result<(), ConfigError> {
        match self.settings.get_mut(key) {
            Some(setting) => {
                *setting = Setting { value, origin };
                Ok(())
            }
            None => Err(self.unknown(key, origin)),
        }
    }

    fn unknown(&self, name: &str, origin: Origin) -> ConfigError {
        ConfigError::UnknownKey { name: name.to_owned(), origin, nearest: self.nearest(name).to_owned() }
    }

    /// The known key most like `wanted`: by its whole name, or nearly as well by its last part, so that the right key
    /// in the wrong section is found. A name without a section may also be meant as a section.
    fn nearest(&self, wanted: &str) -> &str {
        let likeness = |known: &str| {
            let whole = normalized_damerau_levenshtein(wanted, known);
            let last = normalized_damerau_levenshtein(last_part(wanted), last_part(known));
            let section = known.split('.').next().filter(|_| !wanted.contains('.'));
            let first = section.map_or(0.0, |section| normalized_damerau_levenshtein(wanted, section));
            whole.max(last * 0.9).max(first * 0.9)
        };
        let nearest = self.settings.keys().max_by(|one, other| likeness(one).total_cmp(&likeness(other)));
        nearest.expect("the default file has keys")
    }
}

/// A list that came as text: as TOML writes it, or its items parted by commas; an empty text is an empty list.
fn list(text: &str) -> Value {
    let written = format!("list = {text}").parse::<Table>().ok();
    let written = written.and_then(|mut table| table.remove("list")).filter(Value::is_array);
    let items = || text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(Value::from).collect();
    written.unwrap_or_else(|| Value::Array(items()))
}

/// The environment variable of a key: `orders.lines_max` is `ORDAIN__ORDERS__LINES_MAX`.
fn variable(key: &str) -> String {
    format!("{ENVIRONMENT_PREFIX}{}", key.replace('.', "__").to_ascii_uppercase())
}

/// What a variable would be called as a key, whether or not that key exists.
fn key_of_variable(name: &str) -> String {
    name.trim_start_matches(ENVIRONMENT_PREFIX).replace("__", ".").to_ascii_lowercase()
}

fn last_part(key: &str) -> &str {
    key.rsplit('.').next().unwrap_or(key)
}

fn not_toml(path: &Path, text: &str, error: &toml::de::Error) -> ConfigError {
    let start = error.span().map_or(0, |span| span.start).min(text.len());
    let line = 1 + text.as_bytes()[..start].iter().filter(|byte| **byte == b'\n').count();
    ConfigError::NotToml { path: path.to_owned(), line, reason: error.message().trim().replace('\n', ", ") }
}
