//! From the configuration to the running parts.

use std::{sync::Arc, time::Duration};

use ordain_adapters::{
    breaker::BreakerSettings,
    channel::guarded::GuardedChannel,
    webhook::{Reach, WebhookClient, WebhookSettings},
};
use ordain_api::ApiSettings;
use ordain_domain::{
    price::ShippingRule,
    rules::{AfterSaleRules, FulfilmentRules, LateMoney, LetterRules, PaymentRules, ReviewOutcome, Rules},
    time::Span,
};
use ordain_engine::{
    BatchLimits, Engine, EngineParts,
    consumer::ConsumerGroup,
    courier,
    port::{carrier::Carrier, clock::SystemClock, payment_channel::PaymentChannel},
    reconcile::{expired_orders, overdue_goods, overdue_money},
    webhook,
};
use ordain_store::sqlite::{KeyIndexSettings, SqliteSettings, SqliteStore};

use super::{sandbox::Sandboxes, transition_log::TransitionLog};
use crate::{
    cli::Failure,
    config::{self, AfterSales, Config, Payments, ReviewWord, StoreUrl},
};

/// How long answers are kept under idempotency keys. Orders keep theirs for ever.
const ANSWER_RETENTION: Duration = Duration::from_secs(7 * 86_400);
/// How long the write-ahead log may become before it is begun anew.
const LOG_BYTES_SOFT_MAX: u64 = 64 << 20;

/// Opens the store and starts the engine.
///
/// # Errors
/// When the store cannot be opened or read.
pub(super) fn engine(config: &Config, sandboxes: Option<&Sandboxes>) -> Result<Arc<Engine>, Failure> {
    let (store, reader) = SqliteStore::open(&sqlite_settings(config))?;
    let parts = EngineParts {
        store: Box::new(store),
        reader,
        clock: Arc::new(SystemClock),
        channels: sandboxes.map(|sandboxes| guarded(config, sandboxes.channel.channel())).into_iter().collect(),
        carriers: sandboxes.map(|sandboxes| Arc::clone(&sandboxes.carrier) as Arc<dyn Carrier>).into_iter().collect(),
        webhook_sender: Some(Arc::new(webhook_client(config)?)),
        rules: rules(config),
        limits: BatchLimits { commands_max: config.batch.commands_max, queue_max: config.batch.queue_max },
        on_halt: Box::new(|halt| {
            tracing::error!(error.message = %halt, "the process ends at once and must be started again");
            std::process::abort();
        }),
    };
    Ok(Engine::start(parts)?)
}

/// A channel behind its circuit breaker.
fn guarded(config: &Config, channel: Arc<dyn PaymentChannel>) -> Arc<dyn PaymentChannel> {
    let settings = BreakerSettings {
        error_rate: config.breaker.error_rate,
        window: span(config.breaker.window),
        minimum: config.breaker.minimum,
        cool_down: span(config.breaker.cool_down),
    };
    Arc::new(GuardedChannel::new(channel, settings, Arc::new(SystemClock)))
}

/// What sends webhooks, no further than it may reach.
fn webhook_client(config: &Config) -> Result<WebhookClient, Failure> {
    let reach = if config.webhooks.allow_private { Reach::Anywhere } else { Reach::Public };
    Ok(WebhookClient::new(WebhookSettings::new(reach))?)
}

/// The settings of the SQLite store.
pub(crate) fn sqlite_settings(config: &Config) -> SqliteSettings {
    let StoreUrl::Sqlite(path) = &config.store.url;
    SqliteSettings {
        path: path.clone(),
        readers: config.store.readers,
        cache_bytes: config.store.cache_bytes as u64,
        unsafe_synchronous_normal: config.store.unsafe_synchronous_normal,
        answer_retention: span(ANSWER_RETENTION),
        log_bytes_soft_max: LOG_BYTES_SOFT_MAX,
        key_index: KeyIndexSettings::STANDARD,
        unpaid_per_user_max: config.orders.unpaid_per_user_max,
    }
}

/// The work that nobody asks for: the scan, and the log of transitions where it is wanted.
pub(super) fn background(config: &Config, engine: &Arc<Engine>) {
    tokio::spawn(courier::run(Arc::clone(engine)));
    tokio::spawn(expired_orders::run(Arc::clone(engine), config.scan.interval));
    tokio::spawn(overdue_money::run(Arc::clone(engine), config.scan.interval));
    tokio::spawn(overdue_goods::run(Arc::clone(engine), config.scan.interval));
    tokio::spawn(webhook::run(Arc::clone(engine), ordain_api::cloud_event));
    if config.telemetry.order_transitions {
        tokio::spawn(ConsumerGroup::new(Arc::clone(engine), "transition_log", TransitionLog(Arc::clone(engine))).run());
    }
}

/// The settings of the HTTP interface.
pub(super) fn api_settings(config: &Config) -> ApiSettings {
    ApiSettings {
        body_bytes_max: config.limits.body_bytes_max,
        body_timeout: config.limits.read_timeout,
        open_wait: config.payments.open_wait,
        scan_interval: span(config.scan.interval),
        ship_back_within: span(config.after_sales.ship_back_within),
    }
}

fn rules(config: &Config) -> Rules {
    Rules {
        payment_window: span(config.orders.payment_window),
        duplicate_window: span(config.orders.duplicate_window),
        lines_max: config.orders.lines_max,
        unpaid_per_user_max: config.orders.unpaid_per_user_max,
        shipping: ShippingRule { fee: config.pricing.shipping_fee, free_over: config.pricing.free_shipping_over },
        payments: payment_rules(&config.payments),
        fulfilment: FulfilmentRules {
            auto_confirm_after: span(config.orders.auto_confirm_after),
            points_per_100: config.pricing.points_per_100,
            track_interval: span(config.orders.track_interval),
            ..FulfilmentRules::standard()
        },
        after_sales: after_sale_rules(&config.after_sales),
        letters: LetterRules::standard(span(config.webhooks.retry_first)),
    }
}

fn after_sale_rules(after_sales: &AfterSales) -> AfterSaleRules {
    AfterSaleRules {
        review_within: span(after_sales.review_within),
        review_outcome: match after_sales.review_outcome {
            ReviewWord::Approve => ReviewOutcome::Approve,
            ReviewWord::Reject => ReviewOutcome::Reject,
        },
        ship_back_within: span(after_sales.ship_back_within),
    }
}

fn payment_rules(payments: &Payments) -> PaymentRules {
    let spans = |durations: &[Duration]| durations.iter().copied().map(span).collect();
    PaymentRules {
        first_queries: spans(&payments.first_queries),
        poll_interval: span(payments.poll_interval),
        poll_for: span(payments.poll_for),
        give_up_after: span(payments.give_up_after),
        closing_max: span(payments.closing_max),
        late_money: match payments.late_money {
            config::LateMoney::Refund => LateMoney::Refund,
            config::LateMoney::ReinstateIfStock => LateMoney::ReinstateIfStock,
        },
        refund_retries: spans(&payments.refund_retries),
    }
}

/// Durations are checked when they are read: none is near the bound of 64 bits of microseconds.
fn span(duration: Duration) -> Span {
    Span(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX))
}
