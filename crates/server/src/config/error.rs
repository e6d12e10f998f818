//! What can be wrong with a configuration, each as one sentence.
//!
//! It does not print: the command line does. It never quotes a password: whoever reads a value that may hold one hides
//! it before it comes here.

use std::fmt;
use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The shipped `config.default.toml`.
    Default,
    /// The file given by `--config`.
    File(PathBuf),
    /// An environment variable, by its name.
    Environment(String),
    /// A flag of the command line, as it is written there.
    Flag(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => formatter.write_str("the defaults"),
            Self::File(path) => write!(formatter, "{}", path.display()),
            Self::Environment(name) => write!(formatter, "the environment variable {name}"),
            Self::Flag(flag) => formatter.write_str(flag),
        }
    }
}

/// Why a configuration was refused. The sentence names the key, the place and what would have been right.
#[derive(Debug, Error)]
pub(crate) enum ConfigError {
    /// The file given by `--config` cannot be read.
    #[error("cannot read the configuration file {}", path.display())]
    Unreadable {
        /// The file as it was named.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The file is not TOML 1.1.
    #[error("{}, line {line}, is not TOML: {reason}", path.display())]
    NotToml {
        /// The file as it was named.
        path: PathBuf,
        /// The line of the mistake, from 1.
        line: usize,
        /// The parser's words.
        reason: String,
    },
    /// A key (or section, or variable) that does not exist.
    #[error("unknown key \"{name}\" in {origin}; the nearest known key is \"{nearest}\"")]
    UnknownKey {
        /// What was written.
        name: String,
        /// Where it was written.
        origin: Origin,
        /// The known name most like it, in the same spelling.
        nearest: String,
    },
    /// A value of the wrong type, form or size.
    #[error("the value {value} of \"{key}\" from {origin} is wrong: expected {expected}")]
    WrongValue {
        /// The key with its section.
        key: String,
        /// The value as TOML, or a hidden form of it.
        value: String,
        /// Where it was written.
        origin: Origin,
        /// What is accepted, with its bounds.
        expected: String,
    },
}
