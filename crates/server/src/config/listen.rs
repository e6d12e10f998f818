//! `[listen]`: where the server listens.
//!
//! Whether an address may be served without authentication is decided where the server starts, not here.

use std::net::SocketAddr;

use serde::Serialize;

use super::error::ConfigError;
use super::layers::Layers;
use super::section::Section;

/// Where the server listens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Listen {
    /// The address of the HTTP interface; port 0 takes any free port.
    pub(crate) http: SocketAddr,
    /// Threads that speak HTTP: 0 to 256; 0 leaves the choice to the server.
    pub(crate) threads: usize,
}

impl Listen {
    /// Reads and checks the section.
    pub(super) fn read(layers: &Layers) -> Result<Self, ConfigError> {
        let section = Section::new(layers, "listen");
        let expected = "an IP address and a port, for example \"127.0.0.1:8080\" or \"[::1]:8080\"";
        Ok(Self {
            http: section.text("http", expected, |text| text.parse().ok())?,
            threads: section.integer("threads", 0..=256)?,
        })
    }
}
