//! The engine's counters as metrics, read at the moment of a scrape.
//!
//! The engine counts in plain atomics and knows no metrics library; names, units and labels are given here.

use std::{
    fmt,
    sync::{Arc, atomic::Ordering},
};

use ordain_domain::webhook::{AttemptOutcome, DisableReason};
use ordain_engine::{Engine, counters::Histogram};
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric, NoLabelSet},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
};

const MICROS_PER_SECOND: f64 = 1_000_000.0;

/// Reads an engine.
pub(super) struct EngineCollector(pub(super) Arc<Engine>);

impl fmt::Debug for EngineCollector {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("EngineCollector")
    }
}

impl Collector for EngineCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        self.encode_commands(&mut encoder)?;
        self.encode_gauges(&mut encoder)?;
        let counters = self.0.counters();
        for (name, help, histogram, unit) in [
            ("ordain_batch_size", "Commands per committed batch", &counters.batch_size, 1.0),
            ("ordain_batch_commit_seconds", "Duration of commits", &counters.commit_time, MICROS_PER_SECOND),
            ("ordain_queue_wait_seconds", "Wait for a batch", &counters.queue_wait, MICROS_PER_SECOND),
            ("ordain_timer_lag_seconds", "Lateness of timers", &counters.timer_lag, MICROS_PER_SECOND),
        ] {
            encode_histogram(&mut encoder, (name, help), histogram, unit)?;
        }
        self.encode_webhooks(&mut encoder)
    }
}

impl EngineCollector {
    fn encode_commands(&self, encoder: &mut DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let counters = self.0.counters();
        let help = "Commands, by what became of them";
        let mut metric = encoder.encode_descriptor("ordain_commands", help, None, MetricType::Counter)?;
        for (command, result, count) in counters.commands() {
            let labels = [("command", command), ("result", result.as_str())];
            ConstCounter::new(count).encode(metric.encode_family(&labels)?)?;
        }
        let help = "Changes of an order's status";
        let mut metric = encoder.encode_descriptor("ordain_order_transitions", help, None, MetricType::Counter)?;
        for (from, to, count) in counters.transitions() {
            ConstCounter::new(count).encode(metric.encode_family(&[("from", from), ("to", to)])?)?;
        }
        let help = "Requests refused at once";
        let mut metric = encoder.encode_descriptor("ordain_shed", help, None, MetricType::Counter)?;
        let shed = ConstCounter::new(counters.shed.load(Ordering::Relaxed));
        shed.encode(metric.encode_family(&[("reason", "queue_full")])?)?;
        for (name, help, count) in [
            ("ordain_commands_poisoned", "Commands whose decision broke an invariant", &counters.poisoned),
            ("ordain_orders_found_by_scan", "Overdue orders that no timer had closed", &counters.found_by_scan),
            (
                "ordain_money_found_by_scan",
                "Overdue payments and refunds that no timer took",
                &counters.money_found_by_scan,
            ),
            (
                "ordain_goods_found_by_scan",
                "Overdue shipments and after-sales that no timer took",
                &counters.goods_found_by_scan,
            ),
        ] {
            let metric = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
            ConstCounter::new(count.load(Ordering::Relaxed)).encode(metric)?;
        }
        Ok(())
    }

    fn encode_webhooks(&self, encoder: &mut DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let counts = &self.0.counters().webhooks;
        let help = "Duration of tries to tell webhook endpoints";
        let mut metric =
            encoder.encode_descriptor("ordain_webhook_delivery_seconds", help, None, MetricType::Histogram)?;
        for outcome in AttemptOutcome::ALL {
            let (sum, count, buckets) = read(&counts.deliveries[outcome as usize], MICROS_PER_SECOND);
            let labels = [("result", outcome.as_str())];
            metric.encode_family(&labels)?.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)?;
        }
        let help = "Webhook endpoints that were disabled because of what they answered";
        let mut metric = encoder.encode_descriptor("ordain_webhooks_disabled", help, None, MetricType::Counter)?;
        for reason in DisableReason::ALL {
            let count = ConstCounter::new(counts.disabled[reason as usize].load(Ordering::Relaxed));
            count.encode(metric.encode_family(&[("reason", reason.as_str())])?)?;
        }
        // A store that cannot be read tells so elsewhere; a scrape goes on without these two.
        let Ok(tally) = self.0.reader().letter_tally() else { return Ok(()) };
        for (name, help, value) in [
            ("ordain_dead_letters", "Events that a consumer did not take and that wait for a person", tally.dead),
            ("ordain_parked_letters", "Events that are parked, those that wait for a person included", tally.letters),
        ] {
            gauge(value).encode(encoder.encode_descriptor(name, help, None, MetricType::Gauge)?)?;
        }
        Ok(())
    }

    fn encode_gauges(&self, encoder: &mut DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let help = "Commands that wait for a batch";
        let mut metric = encoder.encode_descriptor("ordain_queue_depth", help, None, MetricType::Gauge)?;
        gauge(self.0.queue_depth() as u64).encode(metric.encode_family(&[("shard", "0")])?)?;
        let due = self.0.counters().timers_due.load(Ordering::Relaxed);
        let sizes = self.0.reader().gauges();
        for (name, help, value) in [
            ("ordain_timers_due", "Timers that are due and wait", due),
            ("ordain_store_log_bytes", "Bytes of the store's write-ahead log", sizes.log_bytes),
            ("ordain_store_data_bytes", "Bytes of the store's data file", sizes.data_bytes),
        ] {
            gauge(value).encode(encoder.encode_descriptor(name, help, None, MetricType::Gauge)?)?;
        }
        Ok(())
    }
}

fn gauge(value: u64) -> ConstGauge<i64> {
    ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX))
}

/// `unit` is how many of the counted unit make one of the metric's.
fn encode_histogram(
    encoder: &mut DescriptorEncoder<'_>,
    (name, help): (&str, &str),
    histogram: &Histogram,
    unit: f64,
) -> Result<(), fmt::Error> {
    let (sum, count, buckets) = read(histogram, unit);
    let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Histogram)?;
    metric.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)
}

/// Sum, count and buckets of a histogram.
fn read(histogram: &Histogram, unit: f64) -> (f64, u64, Vec<(f64, u64)>) {
    let (counts, sum) = histogram.read();
    let bounds = histogram.bounds().iter().map(|bound| *bound as f64 / unit).chain([f64::MAX]);
    let buckets: Vec<(f64, u64)> = bounds.zip(counts.iter().copied()).collect();
    (sum as f64 / unit, counts.iter().sum(), buckets)
}
