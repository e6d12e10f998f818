//! `ordain_payment_notifications_total{channel,result}`, read at the moment of a scrape.

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{MetricType, counter::ConstCounter},
};

use crate::http::channels::Notifications;

/// Reads what was counted of notifications.
#[derive(Debug)]
pub(super) struct NotificationCollector(pub(super) Notifications);

impl Collector for NotificationCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let help = "Notifications of payment channels, by what became of them";
        let mut metric = encoder.encode_descriptor("ordain_payment_notifications", help, None, MetricType::Counter)?;
        for (channel, result, count) in self.0.read() {
            let labels = [("channel", channel), ("result", result)];
            ConstCounter::new(count).encode(metric.encode_family(&labels)?)?;
        }
        Ok(())
    }
}
