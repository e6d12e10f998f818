//! What the HTTP interface counts itself, with handles that are resolved once: counting a request builds no text.
//!
//! What the engine counts is read at the moment of a scrape (`engine_collector`). No ids ever become labels; routes are
//! templates.

mod engine_collector;
mod notification_collector;
mod outside_collector;

use std::{
    borrow::Cow,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::http::{Method, StatusCode};
use ordain_domain::time::Span;
use ordain_engine::Engine;
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric},
    metrics::{MetricType, counter::ConstCounter, counter::Counter, family::Family, histogram::Histogram, info::Info},
    registry::Registry,
};

use crate::{
    http::channels::Notifications,
    metrics::{
        engine_collector::EngineCollector, notification_collector::NotificationCollector,
        outside_collector::OutsideCollector,
    },
    problem::ProblemCode,
};

/// Upper bounds of the buckets in seconds: half a millisecond to ten seconds.
const DURATION_BOUNDS: [f64; 14] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// Methods with a column of their own (OpenTelemetry: all others are `_OTHER`).
const METHODS: [&str; 6] = ["GET", "POST", "PUT", "DELETE", "HEAD", "_OTHER"];
/// Statuses with a row of their own; others are looked up.
const STATUSES: [u16; 17] = [200, 201, 202, 303, 304, 400, 401, 404, 405, 406, 409, 412, 413, 415, 422, 500, 503];

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RequestLabels {
    http_request_method: &'static str,
    http_route: Cow<'static, str>,
    http_response_status_code: u16,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RuleLabels {
    rule: &'static str,
}

type Durations = Family<RequestLabels, Histogram, fn() -> Histogram>;

/// Everything that is counted here.
#[derive(Debug)]
pub(crate) struct Metrics {
    durations: Durations,
    orders: OrderOutcomes,
    violations: Family<RuleLabels, Counter>,
}

impl Metrics {
    /// Nothing is counted yet.
    pub(crate) fn new() -> Metrics {
        let histogram: fn() -> Histogram = || Histogram::new(DURATION_BOUNDS);
        Metrics {
            durations: Family::new_with_constructor(histogram),
            orders: OrderOutcomes::default(),
            violations: Family::default(),
        }
    }

    /// The registry that `/metrics` writes.
    pub(crate) fn registry(
        &self,
        engine: Arc<Engine>,
        notifications: Notifications,
        ship_back_within: Span,
    ) -> Registry {
        let mut registry = Registry::default();
        let seconds = "Duration of HTTP requests in seconds";
        registry.register("http_server_request_duration_seconds", seconds, self.durations.clone());
        let violations = "Rows found by GET /v1/ops/verify that break an invariant";
        registry.register("ordain_invariant_violations", violations, self.violations.clone());
        let build = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("ordain_build", "The running build", build);
        registry.register_collector(Box::new(self.orders.clone()));
        registry.register_collector(Box::new(NotificationCollector(notifications)));
        registry.register_collector(Box::new(EngineCollector(Arc::clone(&engine))));
        registry.register_collector(Box::new(OutsideCollector { engine, ship_back_within }));
        registry
    }

    /// Counts an order that was placed, or told again.
    pub(crate) fn order_placed(&self, replayed: bool) {
        let outcome = if replayed { &self.orders.0.replayed } else { &self.orders.0.placed };
        outcome.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts an order that was not placed.
    pub(crate) fn order_refused(&self, code: ProblemCode) {
        self.orders.0.refused[code as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// Counts rows that break an invariant.
    pub(crate) fn violations(&self, rule: &'static str, count: u64) {
        self.violations.get_or_create(&RuleLabels { rule }).inc_by(count);
    }

    /// The handles of one route.
    pub(crate) fn route(&self, template: &str) -> RouteMetrics {
        RouteMetrics {
            template: Cow::Owned(template.to_owned()),
            durations: self.durations.clone(),
            cells: std::array::from_fn(|_| std::array::from_fn(|_| OnceLock::new())),
        }
    }
}

/// The histograms of one route, each made when its first request ends.
#[derive(Debug)]
pub(crate) struct RouteMetrics {
    template: Cow<'static, str>,
    durations: Durations,
    cells: [[OnceLock<Histogram>; STATUSES.len()]; METHODS.len()],
}

impl RouteMetrics {
    /// The route's template, for logs.
    pub(crate) fn template(&self) -> &str {
        &self.template
    }

    /// Counts a request that was answered.
    pub(crate) fn observe(&self, method: MethodColumn, status: StatusCode, duration: Duration) {
        let status = status.as_u16();
        let histogram = || {
            let labels = RequestLabels {
                http_request_method: METHODS[method.0],
                http_route: self.template.clone(),
                http_response_status_code: status,
            };
            self.durations.get_or_create(&labels).clone()
        };
        match STATUSES.iter().position(|known| *known == status) {
            Some(row) => self.cells[method.0][row].get_or_init(histogram).observe(duration.as_secs_f64()),
            None => histogram().observe(duration.as_secs_f64()),
        }
    }
}

/// Which of [`METHODS`] a request has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MethodColumn(usize);

impl MethodColumn {
    /// The column of a method.
    pub(crate) fn of(method: &Method) -> MethodColumn {
        let other = METHODS.len() - 1;
        MethodColumn(METHODS[..other].iter().position(|name| *name == method.as_str()).unwrap_or(other))
    }
}

/// `ordain_orders_total{outcome}` and `ordain_stock_rejections_total{reason}`.
#[derive(Clone, Debug, Default)]
struct OrderOutcomes(Arc<OutcomeCounts>);

#[derive(Debug, Default)]
struct OutcomeCounts {
    placed: AtomicU64,
    replayed: AtomicU64,
    refused: [AtomicU64; ProblemCode::ALL.len()],
}

impl Collector for OrderOutcomes {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let counts = &self.0;
        let help = "Orders asked for, by what became of them";
        let mut metric = encoder.encode_descriptor("ordain_orders", help, None, MetricType::Counter)?;
        let refused = ProblemCode::ALL.iter().map(|code| (code.text(), &counts.refused[*code as usize]));
        for (outcome, count) in [("placed", &counts.placed), ("replayed", &counts.replayed)].into_iter().chain(refused)
        {
            let count = ConstCounter::new(count.load(Ordering::Relaxed));
            count.encode(metric.encode_family(&[("outcome", outcome)])?)?;
        }
        let help = "Orders refused for want of stock";
        let mut metric = encoder.encode_descriptor("ordain_stock_rejections", help, None, MetricType::Counter)?;
        let insufficient = counts.refused[ProblemCode::InsufficientStock as usize].load(Ordering::Relaxed);
        ConstCounter::new(insufficient).encode(metric.encode_family(&[("reason", "insufficient_stock")])?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use prometheus_client::encoding::text::encode;

    #[test]
    fn requests_are_counted_under_their_template() {
        let metrics = Metrics::new();
        let route = metrics.route("/v1/orders/{id}");
        for (method, status) in [("GET", 200), ("GET", 200), ("PATCH", 405), ("GET", 418)] {
            let method = MethodColumn::of(&Method::from_bytes(method.as_bytes()).unwrap());
            route.observe(method, StatusCode::from_u16(status).unwrap(), Duration::from_millis(3));
        }
        let mut registry = Registry::default();
        registry.register("d", "h", metrics.durations.clone());
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        for (method, status, count) in [("GET", 200, 2), ("_OTHER", 405, 1), ("GET", 418, 1)] {
            let labels = format!(
                "http_request_method=\"{method}\",http_route=\"/v1/orders/{{id}}\",http_response_status_code=\"{status}\""
            );
            assert!(text.contains(&format!("d_count{{{labels}}} {count}\n")), "{text}");
            assert!(text.contains(&format!("d_bucket{{le=\"0.005\",{labels}}} {count}\n")), "{text}");
            assert!(text.contains(&format!("d_bucket{{le=\"0.0025\",{labels}}} 0\n")), "{text}");
        }
    }

    #[test]
    fn outcomes_of_orders_are_counted_by_code() {
        let metrics = Metrics::new();
        metrics.order_placed(false);
        metrics.order_placed(true);
        metrics.order_refused(ProblemCode::InsufficientStock);
        let mut registry = Registry::default();
        registry.register_collector(Box::new(metrics.orders.clone()));
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        for line in [
            "ordain_orders_total{outcome=\"placed\"} 1\n",
            "ordain_orders_total{outcome=\"replayed\"} 1\n",
            "ordain_orders_total{outcome=\"insufficient_stock\"} 1\n",
            "ordain_orders_total{outcome=\"price_changed\"} 0\n",
            "ordain_stock_rejections_total{reason=\"insufficient_stock\"} 1\n",
        ] {
            assert!(text.contains(line), "{line}{text}");
        }
    }
}
