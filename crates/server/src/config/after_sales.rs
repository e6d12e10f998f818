//! `[after_sales]`: the deadlines of after-sales.
//!
//! Durations and one choice: the decisions that use them are the domain's.

use std::time::Duration;

use serde::Serialize;

use super::error::ConfigError;
use super::layers::Layers;
use super::section::Section;
use super::{DAY, duration};

/// What becomes of an after-sale that nobody reviewed in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ReviewWord {
    /// It is approved.
    Approve,
    /// It is rejected.
    Reject,
}

/// The deadlines of after-sales.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct AfterSales {
    /// How long the shop has to review one: 100 ms to 90 days.
    #[serde(serialize_with = "duration::serialize")]
    pub(crate) review_within: Duration,
    /// What becomes of one that was not reviewed in time.
    pub(crate) review_outcome: ReviewWord,
    /// How long the buyer has to send the goods back: 100 ms to 365 days.
    #[serde(serialize_with = "duration::serialize")]
    pub(crate) ship_back_within: Duration,
}

impl AfterSales {
    /// Reads and checks the section.
    pub(super) fn read(layers: &Layers) -> Result<Self, ConfigError> {
        let section = Section::new(layers, "after_sales");
        let least = Duration::from_millis(100);
        Ok(Self {
            review_within: section.duration("review_within", least..=90 * DAY)?,
            review_outcome: section.text("review_outcome", "\"approve\" or \"reject\"", review_outcome)?,
            ship_back_within: section.duration("ship_back_within", least..=365 * DAY)?,
        })
    }
}

fn review_outcome(text: &str) -> Option<ReviewWord> {
    match text {
        "approve" => Some(ReviewWord::Approve),
        "reject" => Some(ReviewWord::Reject),
        _ => None,
    }
}
