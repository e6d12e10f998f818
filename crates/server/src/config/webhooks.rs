//! `[webhooks]`: where webhooks may go, and how soon a failed one is sent again.
//!
//! Endpoints themselves are no configuration: they are put over HTTP.

use std::time::Duration;

use serde::Serialize;

use super::error::ConfigError;
use super::layers::Layers;
use super::section::Section;
use super::{HOUR, duration};

/// Where webhooks may go, and how soon a failed one is sent again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Webhooks {
    /// Whether endpoints may be plain HTTP and lie in private networks and on this machine.
    pub(crate) allow_private: bool,
    /// After how long a failed delivery is tried the second time: 1 ms to 1 h.
    #[serde(serialize_with = "duration::serialize")]
    pub(crate) retry_first: Duration,
}

impl Webhooks {
    /// Reads and checks the section.
    pub(super) fn read(layers: &Layers) -> Result<Self, ConfigError> {
        let section = Section::new(layers, "webhooks");
        Ok(Self {
            allow_private: section.boolean("allow_private")?,
            retry_first: section.duration("retry_first", Duration::from_millis(1)..=HOUR)?,
        })
    }
}
