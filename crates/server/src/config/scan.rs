//! `[scan]`: the search for what timers missed.
//!
//! Only its period: what is searched for is the engine's.

use std::time::Duration;

use serde::Serialize;

use super::error::ConfigError;
use super::layers::Layers;
use super::section::Section;
use super::{DAY, duration};

/// The periodic search for timers that were due and did not run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Scan {
    /// How often: 100 ms to a day.
    #[serde(serialize_with = "duration::serialize")]
    pub(crate) interval: Duration,
}

impl Scan {
    /// Reads and checks the section.
    pub(super) fn read(layers: &Layers) -> Result<Self, ConfigError> {
        let section = Section::new(layers, "scan");
        Ok(Self { interval: section.duration("interval", Duration::from_millis(100)..=DAY)? })
    }
}
