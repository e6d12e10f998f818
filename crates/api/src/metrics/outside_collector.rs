//! What has to do with the outside as metrics, read at the moment of a scrape: calls to payment channels, messages that wait
//! to be delivered, and what waits for a person.

use std::{fmt, sync::Arc};

use ordain_domain::time::Span;
use ordain_engine::{Engine, port::payment_channel::Circuit};
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
};

const MICROS_PER_SECOND: f64 = 1_000_000.0;
/// The task whose calls are counted as `ordain_payment_query`.
const QUERY: &str = "query_payment";
/// Who takes the messages of the outbox.
const SINK: &str = "channels";

/// Reads an engine.
pub(super) struct OutsideCollector {
    pub(super) engine: Arc<Engine>,
    /// How long goods of an after-sale may be on their way before they count as stuck.
    pub(super) ship_back_within: Span,
}

impl fmt::Debug for OutsideCollector {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("OutsideCollector")
    }
}

impl Collector for OutsideCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        self.encode_calls(&mut encoder)?;
        self.encode_circuits(&mut encoder)?;
        self.encode_backlog(&mut encoder)
    }
}

impl OutsideCollector {
    fn encode_calls(&self, encoder: &mut DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let calls = self.engine.counters().calls.read();
        let help = "Calls to payment channels, by what became of them";
        let mut metric = encoder.encode_descriptor("ordain_channel_calls", help, None, MetricType::Counter)?;
        for (channel, task, result, count) in &calls {
            let labels = [("channel", channel.as_str()), ("task", *task), ("result", *result)];
            ConstCounter::new(*count).encode(metric.encode_family(&labels)?)?;
        }
        let help = "Questions to payment channels where a payment stands";
        let mut metric = encoder.encode_descriptor("ordain_payment_query", help, None, MetricType::Counter)?;
        for (channel, _, result, count) in calls.iter().filter(|(_, task, ..)| *task == QUERY) {
            let labels = [("channel", channel.as_str()), ("result", *result)];
            ConstCounter::new(*count).encode(metric.encode_family(&labels)?)?;
        }
        Ok(())
    }

    fn encode_circuits(&self, encoder: &mut DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let help = "Whether calls are let through: 0 all, 1 one to try, 2 none";
        let mut metric = encoder.encode_descriptor("ordain_breaker_state", help, None, MetricType::Gauge)?;
        for channel in self.engine.channels() {
            let state = match channel.circuit() {
                Circuit::Closed => 0,
                Circuit::HalfOpen => 1,
                Circuit::Open => 2,
            };
            gauge(state).encode(metric.encode_family(&[("target", channel.name())])?)?;
        }
        Ok(())
    }

    /// What cannot be read is left out: a scrape is no place to fail.
    fn encode_backlog(&self, encoder: &mut DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let after_sales = self.engine.now().minus(self.ship_back_within);
        let Ok(backlog) = self.engine.reader().backlog(after_sales) else { return Ok(()) };
        let help = "Messages that wait to be delivered or answered";
        let metric = encoder.encode_descriptor("ordain_outbox_pending", help, None, MetricType::Gauge)?;
        gauge(backlog.messages).encode(metric)?;
        let lag =
            backlog.oldest_message.map_or(0, |oldest| self.engine.now().since(oldest).0) as f64 / MICROS_PER_SECOND;
        let help = "Age of the oldest message that waits";
        let mut metric = encoder.encode_descriptor("ordain_outbox_lag_seconds", help, None, MetricType::Gauge)?;
        ConstGauge::new(lag).encode(metric.encode_family(&[("sink", SINK)])?)?;
        let help = "Orders that wait for channels, and what waits for a person";
        let mut metric = encoder.encode_descriptor("ordain_stuck", help, None, MetricType::Gauge)?;
        for (kind, count) in [
            ("closing_order", backlog.closing_orders),
            ("manual_payment", backlog.manual_payments),
            ("manual_refund", backlog.manual_refunds),
            ("quarantined_receipt", backlog.quarantined_receipts),
            ("waiting_after_sale", backlog.waiting_after_sales),
            ("stopped_shipment", backlog.stopped_shipments),
        ] {
            gauge(count).encode(metric.encode_family(&[("kind", kind)])?)?;
        }
        Ok(())
    }
}

fn gauge(value: u64) -> ConstGauge<i64> {
    ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX))
}
