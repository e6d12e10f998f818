//! `[limits]`: what a request may cost.
//!
//! Limits of business (lines of an order, unpaid orders) are in `[orders]`.

use std::time::Duration;

use serde::Serialize;

use super::duration;
use super::error::ConfigError;
use super::layers::Layers;
use super::section::Section;

/// What a request may cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Limits {
    /// The longest request body, in bytes: 1 KiB to 64 MiB.
    pub(crate) body_bytes_max: usize,
    /// How long a caller may take to send the head of a request, and then its body: 100 ms to 1 h. A connection that is
    /// silent for longer is closed.
    #[serde(serialize_with = "duration::serialize")]
    pub(crate) read_timeout: Duration,
}

impl Limits {
    /// Reads and checks the section.
    pub(super) fn read(layers: &Layers) -> Result<Self, ConfigError> {
        let section = Section::new(layers, "limits");
        let read_timeout = Duration::from_millis(100)..=Duration::from_secs(3_600);
        Ok(Self {
            body_bytes_max: section.integer("body_bytes_max", 1 << 10..=64 << 20)?,
            read_timeout: section.duration("read_timeout", read_timeout)?,
        })
    }
}
