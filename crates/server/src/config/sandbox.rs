//! `[sandbox]`: the payment channel that needs no set-up.
//!
//! How it behaves is told to the sandbox itself, by its program interface, and is not configured here.

use serde::Serialize;

use super::error::ConfigError;
use super::layers::Layers;
use super::section::Section;

/// The payment channel that needs no set-up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Sandbox {
    /// Whether it is there.
    pub(crate) enabled: bool,
    /// Scheme, host and port of its payment page; empty for the address that the server listens on, or
    /// `http://localhost` where that is a socket of the file system.
    pub(crate) public_url: String,
}

impl Sandbox {
    /// Reads and checks the section.
    pub(super) fn read(layers: &Layers) -> Result<Self, ConfigError> {
        let section = Section::new(layers, "sandbox");
        let expected = "empty, or http:// or https:// with a host, for example \"https://pay.example\"";
        let is_url = |text: &str| {
            let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
            text.is_empty() || host.is_some_and(|host| !host.is_empty() && !host.contains(char::is_whitespace))
        };
        Ok(Self {
            enabled: section.boolean("enabled")?,
            public_url: section.text("public_url", expected, |text| is_url(text).then(|| text.to_owned()))?,
        })
    }
}
