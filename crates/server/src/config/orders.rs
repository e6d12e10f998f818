//! `[orders]`: the rules for placing and closing orders.
//!
//! Only numbers: the decisions that use them are the domain's.

use std::time::Duration;

use serde::Serialize;

use super::error::ConfigError;
use super::layers::Layers;
use super::section::Section;
use super::{DAY, HOUR, duration};

/// The rules for placing and closing orders.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Orders {
    /// How long a placed order waits for its payment: 100 ms to 30 days.
    #[serde(serialize_with = "duration::serialize")]
    pub(crate) payment_window: Duration,
    /// Within this time a user's second order with the same lines and no idempotency key is refused; zero is off. At
    /// most an hour.
    #[serde(serialize_with = "duration::serialize")]
    pub(crate) duplicate_window: Duration,
    /// The most lines of one order: 1 to 1,000.
    pub(crate) lines_max: u32,
    /// The most unpaid orders of one user at a time: 1 to 1,000,000.
    pub(crate) unpaid_per_user_max: u32,
    /// How long after its delivery a shipment's receipt is confirmed without the buyer: 100 ms to 365 days.
    #[serde(serialize_with = "duration::serialize")]
    pub(crate) auto_confirm_after: Duration,
    /// How often a connected carrier is asked about a shipment: 100 ms to 7 days.
    #[serde(serialize_with = "duration::serialize")]
    pub(crate) track_interval: Duration,
}

impl Orders {
    /// Reads and checks the section.
    pub(super) fn read(layers: &Layers) -> Result<Self, ConfigError> {
        let section = Section::new(layers, "orders");
        Ok(Self {
            payment_window: section.duration("payment_window", Duration::from_millis(100)..=30 * DAY)?,
            duplicate_window: section.duration("duplicate_window", Duration::ZERO..=HOUR)?,
            lines_max: section.integer("lines_max", 1..=1_000)?,
            unpaid_per_user_max: section.integer("unpaid_per_user_max", 1..=1_000_000)?,
            auto_confirm_after: section.duration("auto_confirm_after", Duration::from_millis(100)..=365 * DAY)?,
            track_interval: section.duration("track_interval", Duration::from_millis(100)..=7 * DAY)?,
        })
    }
}
