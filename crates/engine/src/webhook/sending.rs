//! One try to tell an endpoint: the message, the sender, and what is kept of it.
//!
//! It decides nothing about the next try.

use std::sync::Arc;

use ordain_domain::{
    ids::EventId,
    letter::{TryFailure, TryResult},
    webhook::{Attempt, AttemptOutcome, Webhook},
};

use crate::{
    handle::Engine,
    port::webhook_sender::{EndpointAnswer, SendOutcome, SigningSecret, WebhookRequest, WebhookSender},
};

/// Media type of the body (CloudEvents 1.0.2, JSON event format).
const CONTENT_TYPE: &str = "application/cloudevents+json";

/// What is sent.
#[derive(Clone, Debug)]
pub struct Message {
    /// The event; none for a test message.
    pub event: Option<EventId>,
    /// Its type.
    pub event_type: Arc<str>,
    /// `webhook-id`.
    pub id: Arc<str>,
    /// The body.
    pub body: Vec<u8>,
    /// The how manieth try it is, from 1.
    pub number: u32,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Sent {
    /// The try, to be kept for people.
    pub attempt: Attempt,
    /// Whether the endpoint took it.
    pub result: TryResult,
    /// The endpoint asked for fewer messages; with its `Retry-After`, where it said one.
    pub slow_down: Option<Option<ordain_domain::time::Span>>,
    /// The endpoint wants nothing more.
    pub is_gone: bool,
}

/// Sends a message once and counts it.
pub async fn send(engine: &Engine, sender: &dyn WebhookSender, webhook: &Webhook, message: Message) -> Sent {
    let began = engine.now();
    let request = WebhookRequest {
        url: Arc::clone(&webhook.url),
        id: message.id,
        sent_at: began,
        content_type: CONTENT_TYPE,
        body: Arc::from(message.body),
        secrets: webhook.secrets(began).map(|secret| SigningSecret(Arc::clone(secret.reveal()))).collect(),
    };
    let outcome = sender.send(request).await;
    let ended = engine.now();
    let duration = ended.since(began);
    let (word, answer, slow_down) = match outcome {
        SendOutcome::Delivered(answer) => (AttemptOutcome::Delivered, Ok(answer), None),
        SendOutcome::Refused(answer) => (AttemptOutcome::Refused, Ok(answer), None),
        SendOutcome::Gone(answer) => (AttemptOutcome::Gone, Ok(answer), None),
        SendOutcome::SlowDown { answer, retry_after } => (AttemptOutcome::SlowDown, Ok(answer), Some(retry_after)),
        SendOutcome::Failed(reason) => (AttemptOutcome::Failed, Err(reason), None),
    };
    engine.counters().webhooks.deliveries[word as usize].observe(duration.0);
    let result = match (word, &answer) {
        (AttemptOutcome::Delivered, _) => TryResult::Delivered,
        (_, Ok(answer)) => failed(said(answer), slow_down.flatten().map(|wait| ended.plus(wait))),
        (_, Err(reason)) => failed(Arc::clone(reason), None),
    };
    let (status, excerpt) = match answer {
        Ok(answer) => (Some(answer.status), answer.excerpt),
        Err(reason) => (None, reason),
    };
    let attempt = Attempt {
        event: message.event,
        event_type: message.event_type,
        number: message.number,
        outcome: word,
        status,
        duration,
        excerpt,
        at: began,
    };
    Sent { attempt, result, slow_down, is_gone: word == AttemptOutcome::Gone }
}

fn failed(error: Arc<str>, not_before: Option<ordain_domain::time::Timestamp>) -> TryResult {
    TryResult::Failed(TryFailure { error, not_before })
}

fn said(answer: &EndpointAnswer) -> Arc<str> {
    match answer.excerpt.trim() {
        "" => Arc::from(format!("answered {}", answer.status)),
        text => Arc::from(format!("answered {}: {text}", answer.status)),
    }
}
