//! `[payments]`: how payments and refunds are followed to their end.
//!
//! Only numbers and one choice: the decisions that use them are the domain's.

use std::time::Duration;

use serde::Serialize;

use super::error::ConfigError;
use super::layers::Layers;
use super::section::Section;
use super::{DAY, duration};

/// Most entries of a list of pauses.
const PAUSES_MAX: usize = 20;

/// What becomes of money that comes after its order had ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LateMoney {
    /// It is given back.
    Refund,
    /// The order comes back to life if what it needs can be had again; else the money is given back.
    ReinstateIfStock,
}

/// How payments and refunds are followed to their end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Payments {
    /// After how long each the channel is asked about an open attempt, before the regular interval begins: at most 20 pauses
    /// of 100 ms to a day.
    #[serde(serialize_with = "duration::serialize_list")]
    pub(crate) first_queries: Vec<Duration>,
    /// The regular interval: 100 ms to a day.
    #[serde(serialize_with = "duration::serialize")]
    pub(crate) poll_interval: Duration,
    /// For how long behind the order's window it is asked regularly, then hourly: at most 30 days.
    #[serde(serialize_with = "duration::serialize")]
    pub(crate) poll_for: Duration,
    /// After how long behind the window asking ends and a person has to look: at most 90 days.
    #[serde(serialize_with = "duration::serialize")]
    pub(crate) give_up_after: Duration,
    /// How long a cancelled order may wait for the channels' answers before it ends without: 100 ms to 7 days.
    #[serde(serialize_with = "duration::serialize")]
    pub(crate) closing_max: Duration,
    /// What becomes of late money.
    pub(crate) late_money: LateMoney,
    /// Pauses before a failed refund is sent again; when they are used up, a person has to act: at most 20 of 10 ms to 30 days.
    #[serde(serialize_with = "duration::serialize_list")]
    pub(crate) refund_retries: Vec<Duration>,
    /// How long a caller who opens or refreshes a payment waits for the channel's answer: at most 30 s.
    #[serde(serialize_with = "duration::serialize")]
    pub(crate) open_wait: Duration,
}

impl Payments {
    /// Reads and checks the section.
    pub(super) fn read(layers: &Layers) -> Result<Self, ConfigError> {
        const TENTH: Duration = Duration::from_millis(100);
        let section = Section::new(layers, "payments");
        Ok(Self {
            first_queries: section.durations("first_queries", PAUSES_MAX, TENTH..=DAY)?,
            poll_interval: section.duration("poll_interval", TENTH..=DAY)?,
            poll_for: section.duration("poll_for", Duration::ZERO..=30 * DAY)?,
            give_up_after: section.duration("give_up_after", Duration::ZERO..=90 * DAY)?,
            closing_max: section.duration("closing_max", TENTH..=7 * DAY)?,
            late_money: section.text("late_money", "\"refund\" or \"reinstate_if_stock\"", late_money)?,
            refund_retries: section.durations("refund_retries", PAUSES_MAX, Duration::from_millis(10)..=30 * DAY)?,
            open_wait: section.duration("open_wait", Duration::ZERO..=Duration::from_secs(30))?,
        })
    }
}

fn late_money(text: &str) -> Option<LateMoney> {
    match text {
        "refund" => Some(LateMoney::Refund),
        "reinstate_if_stock" => Some(LateMoney::ReinstateIfStock),
        _ => None,
    }
}
