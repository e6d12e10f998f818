//! `[listen]`: where the server listens.
//!
//! Whether an address may be served without authentication is decided where the server starts, not here.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use serde::{Serialize, Serializer};

use super::error::ConfigError;
use super::layers::Layers;
use super::section::Section;
use crate::socket_path;

/// Where the server listens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Listen {
    /// The address of the HTTP interface.
    pub(crate) http: HttpAddress,
    /// Threads that speak HTTP: 0 to 256; 0 leaves the choice to the server.
    pub(crate) threads: usize,
}

/// An address on which HTTP is spoken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum HttpAddress {
    /// An IP address and a port; port 0 takes any free port.
    Tcp(SocketAddr),
    /// A socket of the file system at this path; `unix:PATH`.
    Unix(PathBuf),
}

impl HttpAddress {
    fn parse(text: &str) -> Option<Self> {
        text.parse().map(Self::Tcp).ok().or_else(|| socket_path::parse(text).map(Self::Unix))
    }
}

impl fmt::Display for HttpAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(formatter),
            Self::Unix(path) => write!(formatter, "unix:{}", path.display()),
        }
    }
}

impl Serialize for HttpAddress {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Listen {
    /// Reads and checks the section.
    pub(super) fn read(layers: &Layers) -> Result<Self, ConfigError> {
        let section = Section::new(layers, "listen");
        let expected = format!(
            "an IP address and a port, for example \"127.0.0.1:8080\" or \"[::1]:8080\"; or {}",
            socket_path::EXPECTED
        );
        Ok(Self {
            http: section.text("http", &expected, HttpAddress::parse)?,
            threads: section.integer("threads", 0..=256)?,
        })
    }
}
