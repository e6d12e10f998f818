//! `[breaker]`: when calls to a payment channel that fails are spared.
//!
//! Only numbers: the breaker itself is an adapter's.

use std::time::Duration;

use serde::{Serialize, Serializer};

use super::error::ConfigError;
use super::layers::Layers;
use super::section::Section;
use super::{HOUR, duration};

/// Parts of a whole in which the error rate is kept.
const RATE_WHOLE: u32 = 10_000;

/// When calls to a payment channel that fails are spared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Breaker {
    /// The share of calls that may fail, in parts of 10,000: 1 to 10,000.
    #[serde(serialize_with = "share")]
    pub(crate) error_rate: u32,
    /// Over how long calls are counted: 1 s to an hour.
    #[serde(serialize_with = "duration::serialize")]
    pub(crate) window: Duration,
    /// Fewer calls within the window never open it: 1 to 1,000,000.
    pub(crate) minimum: u32,
    /// How long calls are spared before one is tried: 100 ms to an hour.
    #[serde(serialize_with = "duration::serialize")]
    pub(crate) cool_down: Duration,
}

impl Breaker {
    /// Reads and checks the section.
    pub(super) fn read(layers: &Layers) -> Result<Self, ConfigError> {
        let section = Section::new(layers, "breaker");
        Ok(Self {
            error_rate: section.share("error_rate", RATE_WHOLE)?,
            window: section.duration("window", Duration::from_secs(1)..=HOUR)?,
            minimum: section.integer("minimum", 1..=1_000_000)?,
            cool_down: section.duration("cool_down", Duration::from_millis(100)..=HOUR)?,
        })
    }
}

/// The share as the file has it: 0.05.
fn share<S: Serializer>(parts: &u32, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(f64::from(*parts) / f64::from(RATE_WHOLE))
}
