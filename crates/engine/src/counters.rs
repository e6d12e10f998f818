//! What the engine counts: plain atomics that the rim turns into metrics.
//!
//! Every label set is fixed when the process starts, so counting never allocates and never locks.

use std::sync::atomic::{AtomicU64, Ordering};

use ordain_domain::{
    order::{ORDER_EDGES, OrderStatus},
    time::Span,
    webhook::{AttemptOutcome, DisableReason},
};

use crate::courier::CallCounts;

/// Names of the commands that are counted, in the order of the counters.
pub const COMMANDS: [&str; 44] = [
    "place_order",
    "cancel_order",
    "close_order",
    "open_payment",
    "refresh_payment",
    "take_channel_answer",
    "take_notification",
    "resolve_receipt",
    "ask_channels",
    "request_refund",
    "retry_refund",
    "resolve_refund",
    "work_refunds",
    "create_shipment",
    "track_shipment",
    "confirm_receipt",
    "confirm_due",
    "ask_carriers",
    "open_after_sale",
    "approve_after_sale",
    "reject_after_sale",
    "withdraw_after_sale",
    "ship_back_after_sale",
    "receive_after_sale",
    "reship_after_sale",
    "work_after_sales",
    "adjust_stock",
    "grant_coupon",
    "adjust_points",
    "put_products",
    "put_promotion",
    "put_template",
    "put_user",
    "put_address",
    "settle_events",
    "record_delivery",
    "replay_letter",
    "skip_letter",
    "rewind_consumer",
    "put_webhook",
    "delete_webhook",
    "rotate_secret",
    "disable_webhook",
    "note_attempts",
];

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommandResult {
    /// Accepted.
    Accepted,
    /// Refused.
    Refused,
    /// An earlier answer, told again.
    Replayed,
    /// Not decided or not kept.
    Failed,
}

impl CommandResult {
    /// Every result.
    pub const ALL: [CommandResult; 4] =
        [CommandResult::Accepted, CommandResult::Refused, CommandResult::Replayed, CommandResult::Failed];

    /// The word for it in metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            CommandResult::Accepted => "accepted",
            CommandResult::Refused => "refused",
            CommandResult::Replayed => "replayed",
            CommandResult::Failed => "failed",
        }
    }
}

/// A histogram with fixed bounds.
#[derive(Debug)]
pub struct Histogram {
    bounds: &'static [u64],
    counts: Vec<AtomicU64>,
    sum: AtomicU64,
}

impl Histogram {
    fn new(bounds: &'static [u64]) -> Histogram {
        Histogram { bounds, counts: (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect(), sum: AtomicU64::new(0) }
    }

    /// Counts one value.
    pub fn observe(&self, value: u64) {
        let bucket = self.bounds.partition_point(|bound| *bound < value);
        self.counts[bucket].fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add(value, Ordering::Relaxed);
    }

    /// The upper bounds; values above the last have a bucket of their own.
    #[must_use]
    pub const fn bounds(&self) -> &'static [u64] {
        self.bounds
    }

    /// Counts per bucket (not cumulative), one more than there are bounds, and the sum of the values.
    #[must_use]
    pub fn read(&self) -> (Vec<u64>, u64) {
        let counts = self.counts.iter().map(|count| count.load(Ordering::Relaxed)).collect();
        (counts, self.sum.load(Ordering::Relaxed))
    }
}

/// Microseconds.
const LATENCY_BOUNDS: &[u64] =
    &[100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 5_000_000];
/// Microseconds of calls to others.
const CALL_BOUNDS: &[u64] =
    &[1_000, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000, 15_000_000];
/// Commands.
const SIZE_BOUNDS: &[u64] = &[1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024, 2_048, 4_096];

/// Everything that is counted.
#[derive(Debug)]
pub struct Counters {
    commands: Vec<AtomicU64>,
    /// Commands per committed batch.
    pub batch_size: Histogram,
    /// Microseconds a commit took.
    pub commit_time: Histogram,
    /// Microseconds a group waited for its batch.
    pub queue_wait: Histogram,
    /// Microseconds between a timer's due time and its firing.
    pub timer_lag: Histogram,
    /// Groups refused because the queue was full.
    pub shed: AtomicU64,
    /// Timers that are due and wait.
    pub timers_due: AtomicU64,
    /// Overdue orders that no timer had closed and the scan found.
    pub found_by_scan: AtomicU64,
    /// Orders whose overdue payments or refunds no timer had worked at and the scan found.
    pub money_found_by_scan: AtomicU64,
    /// Orders with overdue parcels or after-sales that no timer took.
    pub goods_found_by_scan: AtomicU64,
    /// Commands whose decision panicked.
    pub poisoned: AtomicU64,
    /// Calls to payment channels.
    pub calls: CallCounts,
    /// Tries to tell webhook endpoints.
    pub webhooks: WebhookCounts,
    /// Changes of status, by the edges of the machine's table.
    transitions: Box<[AtomicU64]>,
}

/// Counts of webhooks.
#[derive(Debug)]
pub struct WebhookCounts {
    /// Microseconds that tries took, by [`AttemptOutcome`].
    pub deliveries: [Histogram; AttemptOutcome::ALL.len()],
    /// Endpoints that were disabled because of what they answered, by [`DisableReason`].
    pub disabled: [AtomicU64; DisableReason::ALL.len()],
}

impl Default for WebhookCounts {
    fn default() -> WebhookCounts {
        WebhookCounts {
            deliveries: AttemptOutcome::ALL.map(|_| Histogram::new(CALL_BOUNDS)),
            disabled: DisableReason::ALL.map(|_| AtomicU64::new(0)),
        }
    }
}

impl Default for Counters {
    fn default() -> Counters {
        Counters {
            commands: (0..COMMANDS.len() * CommandResult::ALL.len()).map(|_| AtomicU64::new(0)).collect(),
            batch_size: Histogram::new(SIZE_BOUNDS),
            commit_time: Histogram::new(LATENCY_BOUNDS),
            queue_wait: Histogram::new(LATENCY_BOUNDS),
            timer_lag: Histogram::new(LATENCY_BOUNDS),
            shed: AtomicU64::new(0),
            timers_due: AtomicU64::new(0),
            found_by_scan: AtomicU64::new(0),
            money_found_by_scan: AtomicU64::new(0),
            goods_found_by_scan: AtomicU64::new(0),
            poisoned: AtomicU64::new(0),
            calls: CallCounts::default(),
            webhooks: WebhookCounts::default(),
            transitions: ORDER_EDGES.iter().map(|_| AtomicU64::new(0)).collect(),
        }
    }
}

impl Counters {
    /// Counts one command's end.
    pub fn command(&self, name: &str, result: CommandResult) {
        let row = COMMANDS.iter().position(|command| *command == name).expect("every command is counted");
        self.commands[row * CommandResult::ALL.len() + result as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// (command, result, count) of every command.
    pub fn commands(&self) -> impl Iterator<Item = (&'static str, CommandResult, u64)> {
        COMMANDS.iter().enumerate().flat_map(move |(row, name)| {
            CommandResult::ALL.into_iter().map(move |result| {
                let count = &self.commands[row * CommandResult::ALL.len() + result as usize];
                (*name, result, count.load(Ordering::Relaxed))
            })
        })
    }

    /// Counts a change of an order's status. Several edges may join the same two; the first of them counts for all.
    pub fn transition(&self, from: Option<OrderStatus>, to: OrderStatus) {
        if let Some(edge) = ORDER_EDGES.iter().position(|edge| edge.from == from && edge.to == to) {
            self.transitions[edge].fetch_add(1, Ordering::Relaxed);
        }
    }

    /// (from, to, count) of every change that an order's status can make; `from` is empty for placing.
    pub fn transitions(&self) -> impl Iterator<Item = (&'static str, &'static str, u64)> {
        let is_first = |index: usize| {
            let (from, to) = (ORDER_EDGES[index].from, ORDER_EDGES[index].to);
            !ORDER_EDGES[..index].iter().any(|edge| edge.from == from && edge.to == to)
        };
        ORDER_EDGES.iter().zip(&self.transitions).enumerate().filter(move |(index, _)| is_first(*index)).map(
            |(_, (edge, count))| {
                (edge.from.map_or("", OrderStatus::as_str), edge.to.as_str(), count.load(Ordering::Relaxed))
            },
        )
    }

    /// Counts a span in microseconds.
    pub fn observe(histogram: &Histogram, span: Span) {
        histogram.observe(span.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_fall_into_the_bucket_of_their_upper_bound() {
        let histogram = Histogram::new(&[10, 20]);
        for value in [0, 10, 11, 20, 21, 1_000] {
            histogram.observe(value);
        }
        assert_eq!(histogram.read(), (vec![2, 2, 2], 1_062));
    }

    #[test]
    fn commands_are_counted_by_name_and_result() {
        let counters = Counters::default();
        counters.command("put_address", CommandResult::Failed);
        let counted: Vec<_> = counters.commands().filter(|(_, _, count)| *count > 0).collect();
        assert_eq!(counted, [("put_address", CommandResult::Failed, 1)]);
    }
}
