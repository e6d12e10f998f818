//! What operators are told, on the wire.

use ordain_domain::time::Timestamp;
use ordain_engine::port::store::{InvariantReport, StatusCount};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    time_text::Rfc3339,
    wire::{
        after_sale::AfterSaleStatusWord, order_view::StatusWord, payment::PaymentStatusWord, refund::RefundStatusWord,
        shipment::ShipmentStatusWord,
    },
};

/// What one invariant's check saw.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = InvariantReport)]
pub(crate) struct InvariantView<'a> {
    /// Its number in ARCHITECTURE.md.
    invariant: u8,
    rule: &'a str,
    /// How many rows were looked at.
    examined: u64,
    /// How many break it.
    broken: u64,
    /// The first of those, at most 100.
    examples: &'a [String],
}

/// What all checks saw.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = VerifyReport)]
pub(crate) struct VerifyView<'a> {
    /// No row breaks an invariant.
    clean: bool,
    invariants: Vec<InvariantView<'a>>,
}

impl<'a> From<&'a [InvariantReport]> for VerifyView<'a> {
    fn from(reports: &'a [InvariantReport]) -> VerifyView<'a> {
        let view = |report: &'a InvariantReport| InvariantView {
            invariant: report.invariant,
            rule: report.rule,
            examined: report.examined,
            broken: report.broken,
            examples: &report.examples,
        };
        let clean = reports.iter().all(|report| report.broken == 0);
        VerifyView { clean, invariants: reports.iter().map(view).collect() }
    }
}

/// How many things are in a status, and how long the oldest has been.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CountView<W: ToSchema> {
    status: W,
    count: u64,
    /// When the one that has not changed for longest last changed.
    #[schema(value_type = String, format = DateTime)]
    oldest_at: Rfc3339,
    /// How long ago that is, in whole seconds.
    oldest_age_seconds: u64,
}

impl<W: ToSchema> CountView<W> {
    /// The counts as seen at `now`.
    pub(crate) fn list<S: Copy + Into<W>>(counts: &[StatusCount<S>], now: Timestamp) -> Vec<CountView<W>> {
        let view = |count: &StatusCount<S>| CountView {
            status: count.status.into(),
            count: count.count,
            oldest_at: Rfc3339(count.oldest),
            oldest_age_seconds: age_seconds(count.oldest, now),
        };
        counts.iter().map(view).collect()
    }
}

/// How long ago something was, in whole seconds.
pub(crate) fn age_seconds(since: Timestamp, now: Timestamp) -> u64 {
    now.since(since).0 / 1_000_000
}

/// All statuses that orders, payments, refunds, parcels and after-sales are in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StatusCounts)]
pub(crate) struct StatesView {
    /// Of orders.
    pub(crate) data: Vec<CountView<StatusWord>>,
    /// Of attempts to pay.
    pub(crate) payments: Vec<CountView<PaymentStatusWord>>,
    /// Of refunds.
    pub(crate) refunds: Vec<CountView<RefundStatusWord>>,
    /// Of parcels.
    pub(crate) shipments: Vec<CountView<ShipmentStatusWord>>,
    /// Of after-sales.
    pub(crate) after_sales: Vec<CountView<AfterSaleStatusWord>>,
}
