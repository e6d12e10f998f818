//! Webhook endpoints and their deliveries on the wire.
//!
//! A secret is written only where a view is told to show it: in the answer that made it.

use std::{borrow::Cow, sync::Arc};

use ordain_domain::{
    ids::WebhookId,
    time::{Span, Timestamp},
    webhook::{
        AttemptOutcome, Delivery, DisableReason, EventPattern, PutWebhook, RotateSecret, Webhook, WebhookSecret,
        WebhookState,
        decide::{OVERLAP_DEFAULT, PATTERNS_MAX},
    },
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{field_errors::FieldErrors, number_text::PrefixedId, problem::Problem, time_text::Rfc3339};

/// An endpoint as it shall be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = WebhookBody)]
pub(crate) struct WebhookBody<'a> {
    /// Where messages go: an https URL with a public host. At most 2,048 bytes.
    #[serde(borrow)]
    #[schema(value_type = String, format = "uri", max_length = 2048)]
    url: Cow<'a, str>,
    /// Which events: names (`order.paid`), nouns (`order.*`) or `*`. 1 to 64.
    #[schema(min_items = 1, max_items = 64, example = json!(["order.*", "refund.succeeded"]))]
    events: Vec<String>,
    /// What messages are signed with: `whsec_` and the base64 of 24 to 64 bytes. A new endpoint without one is given one; an
    /// old endpoint keeps its own. One that changes overlaps for a day with the one before.
    #[serde(default)]
    secret: Option<String>,
    /// Whether it is told. Without it a new endpoint is, and an old one stays as it is.
    #[serde(default)]
    enabled: Option<bool>,
}

impl WebhookBody<'_> {
    /// The command. `fresh_secret` is for a new endpoint of which no secret is given.
    pub(crate) fn into_command(
        self,
        id: WebhookId,
        check_url: impl FnOnce(&str) -> Result<(), String>,
        fresh_secret: WebhookSecret,
        expected_version: Option<u64>,
    ) -> Result<PutWebhook, Problem> {
        let mut errors = FieldErrors::new();
        if let Err(detail) = check_url(&self.url) {
            errors.push(format_args!("/url"), detail);
        }
        let is_bounded = (1..=PATTERNS_MAX).contains(&self.events.len());
        errors.require(is_bounded, format_args!("/events"), "must name 1 to 64 patterns");
        let patterns = self.events.iter().take(PATTERNS_MAX).enumerate();
        let events: Vec<EventPattern> = patterns
            .filter_map(|(index, text)| errors.take(EventPattern::new(text), format_args!("/events/{index}")))
            .collect();
        let secret =
            self.secret.as_deref().and_then(|text| errors.take(WebhookSecret::new(text), format_args!("/secret")));
        let (url, enabled) = (Arc::from(self.url.as_ref()), self.enabled);
        errors.finish(Some(PutWebhook { id, url, events, secret, fresh_secret, enabled, expected_version }))
    }
}

/// A new secret for an endpoint.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SecretRotation)]
pub(crate) struct RotationBody {
    /// `whsec_` and the base64 of 24 to 64 bytes; without it one is made.
    #[serde(default)]
    secret: Option<String>,
    /// For how many seconds messages carry the old secret's signature too: 86,400 unless said, at most 2,592,000.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 2_592_000)]
    overlap_seconds: Option<u64>,
}

impl RotationBody {
    /// The command. `fresh_secret` is for a body that names none.
    pub(crate) fn into_command(
        self,
        id: WebhookId,
        fresh_secret: WebhookSecret,
        expected_version: Option<u64>,
    ) -> Result<RotateSecret, Problem> {
        let mut errors = FieldErrors::new();
        let given =
            self.secret.as_deref().and_then(|text| errors.take(WebhookSecret::new(text), format_args!("/secret")));
        let keep_old_for = self.overlap_seconds.map_or(OVERLAP_DEFAULT, Span::seconds);
        let secret = given.unwrap_or(fresh_secret);
        errors.finish(Some(RotateSecret { id, secret, keep_old_for, expected_version }))
    }
}

/// Why an endpoint is told nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = WebhookDisabledReason)]
pub(crate) enum DisabledWord {
    /// Somebody wanted it so.
    ByRequest,
    /// It answered 410.
    Gone,
    /// It did not take a message up to the end of the schedule.
    Exhausted,
    /// It did not take messages of too many orders.
    TooManyLetters,
}

impl From<DisableReason> for DisabledWord {
    fn from(reason: DisableReason) -> DisabledWord {
        match reason {
            DisableReason::ByRequest => DisabledWord::ByRequest,
            DisableReason::Gone => DisabledWord::Gone,
            DisableReason::Exhausted => DisabledWord::Exhausted,
            DisableReason::TooManyLetters => DisabledWord::TooManyLetters,
        }
    }
}

/// An endpoint.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Webhook)]
pub(crate) struct WebhookView<'a> {
    id: &'a str,
    url: &'a str,
    events: Vec<&'a str>,
    enabled: bool,
    disabled_reason: Option<DisabledWord>,
    #[schema(value_type = Option<String>, format = DateTime)]
    disabled_at: Option<Rfc3339>,
    /// Its name among the consumers of the log, for `/v1/ops`.
    #[schema(example = "whk_7254")]
    consumer: &'a str,
    /// What messages are signed with. Shown once: in the answer that created the endpoint or rotated its secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<&'a str>,
    /// Until when messages carry the signature of the secret before, too.
    #[schema(value_type = Option<String>, format = DateTime)]
    old_secret_until: Option<Rfc3339>,
    version: u64,
    #[schema(value_type = String, format = DateTime)]
    created_at: Rfc3339,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Rfc3339,
}

impl<'a> WebhookView<'a> {
    /// The endpoint without its secret, as seen at `now`.
    pub(crate) fn new(webhook: &'a Webhook, now: Timestamp) -> WebhookView<'a> {
        let (disabled_reason, disabled_at) = match webhook.state {
            WebhookState::Enabled | WebhookState::Deleted => (None, None),
            WebhookState::Disabled { reason, at } => (Some(reason.into()), Some(Rfc3339(at))),
        };
        let old = webhook.old_secret.as_ref().filter(|old| now < old.until);
        WebhookView {
            id: webhook.id.as_str(),
            url: &webhook.url,
            events: webhook.events.iter().map(EventPattern::as_str).collect(),
            enabled: webhook.is_enabled(),
            disabled_reason,
            disabled_at,
            consumer: webhook.consumer.as_str(),
            secret: None,
            old_secret_until: old.map(|old| Rfc3339(old.until)),
            version: webhook.version,
            created_at: Rfc3339(webhook.created_at),
            updated_at: Rfc3339(webhook.updated_at),
        }
    }

    /// The same with its secret.
    pub(crate) fn with_secret(webhook: &'a Webhook, now: Timestamp) -> WebhookView<'a> {
        WebhookView { secret: Some(webhook.secret.reveal()), ..WebhookView::new(webhook, now) }
    }
}

/// All endpoints, by id.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookList)]
pub(crate) struct WebhookList<'a> {
    pub(crate) data: Vec<WebhookView<'a>>,
    /// Always null: endpoints are few and come whole.
    pub(crate) next_cursor: Option<String>,
}

/// How a try ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = DeliveryOutcome)]
pub(crate) enum OutcomeWord {
    /// 2xx.
    Delivered,
    /// Another status.
    Refused,
    /// 410: the endpoint is disabled.
    Gone,
    /// The endpoint asked for fewer messages: 429, 502, 504 or a `Retry-After`.
    SlowDown,
    /// There was no answer.
    Failed,
}

impl From<AttemptOutcome> for OutcomeWord {
    fn from(outcome: AttemptOutcome) -> OutcomeWord {
        match outcome {
            AttemptOutcome::Delivered => OutcomeWord::Delivered,
            AttemptOutcome::Refused => OutcomeWord::Refused,
            AttemptOutcome::Gone => OutcomeWord::Gone,
            AttemptOutcome::SlowDown => OutcomeWord::SlowDown,
            AttemptOutcome::Failed => OutcomeWord::Failed,
        }
    }
}

/// One try to tell an endpoint.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookDelivery)]
pub(crate) struct DeliveryView<'a> {
    #[schema(value_type = String, example = "dlv_7255")]
    id: PrefixedId,
    /// Null for a test message.
    #[schema(value_type = Option<String>)]
    event_id: Option<PrefixedId>,
    /// Type of the event.
    event_type: &'a str,
    /// 1 for the first try.
    attempt: u32,
    outcome: OutcomeWord,
    /// HTTP status; null when there was no answer.
    status: Option<u16>,
    duration_ms: u64,
    /// The beginning of the answer, or why there was none.
    answer: &'a str,
    #[schema(value_type = String, format = DateTime)]
    at: Rfc3339,
    /// When the next try follows; null when none does.
    #[schema(value_type = Option<String>, format = DateTime)]
    next_try_at: Option<Rfc3339>,
    /// What the event is parked as, in `/v1/ops/dead-letters`.
    #[schema(value_type = Option<String>)]
    dead_letter_id: Option<PrefixedId>,
}

impl<'a> From<&'a Delivery> for DeliveryView<'a> {
    fn from(delivery: &'a Delivery) -> DeliveryView<'a> {
        let attempt = &delivery.attempt;
        DeliveryView {
            id: delivery.id.into(),
            event_id: attempt.event.map(PrefixedId::from),
            event_type: &attempt.event_type,
            attempt: attempt.number,
            outcome: attempt.outcome.into(),
            status: attempt.status,
            duration_ms: attempt.duration.0 / 1_000,
            answer: &attempt.excerpt,
            at: Rfc3339(attempt.at),
            next_try_at: delivery.next_try_at.map(Rfc3339),
            dead_letter_id: delivery.letter.map(PrefixedId::from),
        }
    }
}

/// A page of tries, newest first.
#[derive(Debug, ToSchema)]
#[schema(as = WebhookDeliveryPage)]
#[expect(dead_code, reason = "only its schema is used: pages are written by `paging`")]
pub(crate) struct DeliveryPage<'a> {
    data: Vec<DeliveryView<'a>>,
    next_cursor: Option<String>,
}
