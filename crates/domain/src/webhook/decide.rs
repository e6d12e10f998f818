//! Decisions on endpoints.
//!
//! Order of refusals: `invalid_request`, `not_found`, `version_mismatch`. Letters of an endpoint survive everything but its
//! deletion.

use alloc::sync::Arc;

use crate::{
    answer::Answer,
    event::Event,
    ids::ConsumerName,
    letter::{Cursor, decide::tell},
    refusal::{Refusal, Thing},
    scope::Scope,
    time::{Span, Timestamp},
    webhook::{
        DeleteWebhook, DisableReason, DisableWebhook, NoteAttempts, OldSecret, PutWebhook, RotateSecret, Webhook,
        WebhookDisabled, WebhookState,
    },
};

/// Most patterns of one endpoint.
pub const PATTERNS_MAX: usize = 64;
/// Longest URL, in bytes.
pub const URL_BYTES_MAX: usize = 2_048;
/// How long a secret still counts that another one took the place of, unless asked otherwise.
pub const OVERLAP_DEFAULT: Span = Span::seconds(86_400);
/// How long it may count at most.
pub const OVERLAP_MAX: Span = Span::seconds(30 * 86_400);

/// Creates or replaces an endpoint.
///
/// # Errors
/// See the order of refusals above.
pub fn put(scope: &mut Scope<'_>, command: &PutWebhook) -> Result<Answer, Refusal> {
    if command.events.is_empty() || command.events.len() > PATTERNS_MAX {
        return Err(Refusal::invalid("/events", "must name 1 to 64 patterns"));
    }
    if command.url.len() > URL_BYTES_MAX {
        return Err(Refusal::invalid("/url", "must have at most 2048 bytes"));
    }
    let stored = scope.webhook(&command.id).filter(|stored| stored.state != WebhookState::Deleted).cloned();
    Refusal::check_version(command.expected_version, stored.as_ref().map_or(0, |stored| stored.version))?;
    let webhook = match stored {
        Some(stored) => replaced(scope.now, &stored, command),
        None => created(scope, command),
    };
    Ok(Answer::Webhook(keep(scope, webhook)))
}

/// A new endpoint begins at the present end of the log.
fn created(scope: &mut Scope<'_>, command: &PutWebhook) -> Webhook {
    let number = scope.mint.next(scope.now, command.id.bucket());
    let consumer = ConsumerName::of_endpoint(number);
    scope.changes.cursors.insert(consumer.clone(), Cursor::At(scope.first_event - 1));
    Webhook {
        id: command.id.clone(),
        consumer,
        url: Arc::clone(&command.url),
        events: command.events.clone(),
        secret: command.secret.clone().unwrap_or_else(|| command.fresh_secret.clone()),
        old_secret: None,
        state: state_of(scope.now, command.enabled != Some(false)),
        version: 1,
        created_at: scope.now,
        updated_at: scope.now,
    }
}

/// A secret that changes overlaps with the one before, as if it had been rotated.
fn replaced(now: Timestamp, stored: &Webhook, command: &PutWebhook) -> Webhook {
    let state = match command.enabled {
        None => stored.state,
        Some(enabled) if enabled == stored.is_enabled() => stored.state,
        Some(enabled) => state_of(now, enabled),
    };
    let mut webhook = Webhook {
        url: Arc::clone(&command.url),
        events: command.events.clone(),
        state,
        version: stored.version + 1,
        updated_at: now,
        ..stored.clone()
    };
    if let Some(secret) = command.secret.as_ref().filter(|secret| **secret != stored.secret) {
        webhook.old_secret = Some(OldSecret { secret: stored.secret.clone(), until: now.plus(OVERLAP_DEFAULT) });
        webhook.secret = secret.clone();
    }
    webhook
}

const fn state_of(now: Timestamp, is_enabled: bool) -> WebhookState {
    if is_enabled {
        WebhookState::Enabled
    } else {
        WebhookState::Disabled { reason: DisableReason::ByRequest, at: now }
    }
}

/// Deletes an endpoint; its consumer ends.
///
/// # Errors
/// See the order of refusals above.
pub fn delete(scope: &mut Scope<'_>, command: &DeleteWebhook) -> Result<Answer, Refusal> {
    let stored = stored(scope, &command.id)?;
    Refusal::check_version(command.expected_version, stored.version)?;
    scope.changes.cursors.insert(stored.consumer.clone(), Cursor::Ended);
    let webhook = Webhook { state: WebhookState::Deleted, ..changed(scope.now, &stored) };
    Ok(Answer::Webhook(keep(scope, webhook)))
}

/// Gives an endpoint a new secret. Of two rotations in a row the older overlap ends at once: a message carries two signatures
/// at most.
///
/// # Errors
/// See the order of refusals above.
pub fn rotate(scope: &mut Scope<'_>, command: &RotateSecret) -> Result<Answer, Refusal> {
    if command.keep_old_for > OVERLAP_MAX {
        return Err(Refusal::invalid("/overlap_seconds", "must be at most 2592000"));
    }
    let stored = stored(scope, &command.id)?;
    Refusal::check_version(command.expected_version, stored.version)?;
    let until = scope.now.plus(command.keep_old_for);
    let webhook = Webhook {
        secret: command.secret.clone(),
        old_secret: Some(OldSecret { secret: stored.secret.clone(), until }),
        ..changed(scope.now, &stored)
    };
    Ok(Answer::Webhook(keep(scope, webhook)))
}

/// Stops telling an endpoint, and says so.
///
/// # Errors
/// None: one that is gone or disabled has nothing to do.
pub fn disable(scope: &mut Scope<'_>, command: &DisableWebhook) -> Result<Answer, Refusal> {
    let Ok(stored) = stored(scope, &command.id) else { return Ok(Answer::NothingToDo) };
    if stored.consumer != command.consumer || !stored.is_enabled() {
        return Ok(Answer::NothingToDo);
    }
    let state = WebhookState::Disabled { reason: command.reason, at: scope.now };
    let webhook = Webhook { state, ..changed(scope.now, &stored) };
    let fact = WebhookDisabled { webhook_id: stored.id.clone(), reason: command.reason };
    tell(scope, &stored.consumer, Event::WebhookDisabled(fact));
    Ok(Answer::Webhook(keep(scope, webhook)))
}

/// Keeps tries.
///
/// # Errors
/// None: those of an endpoint that is gone are not kept.
pub fn note(scope: &mut Scope<'_>, command: &NoteAttempts) -> Result<Answer, Refusal> {
    if !matches!(scope.cursor(&command.consumer), Some(Cursor::At(_))) {
        return Ok(Answer::NothingToDo);
    }
    let noted = command.attempts.iter().map(|attempt| scope.note_attempt(&command.consumer, attempt, None, None));
    Ok(Answer::Deliveries(noted.collect()))
}

fn stored(scope: &Scope<'_>, id: &crate::ids::WebhookId) -> Result<Arc<Webhook>, Refusal> {
    let found = scope.webhook(id).filter(|stored| stored.state != WebhookState::Deleted).cloned();
    found.ok_or(Refusal::NotFound { thing: Thing::Webhook })
}

fn changed(now: Timestamp, stored: &Webhook) -> Webhook {
    Webhook { version: stored.version + 1, updated_at: now, ..stored.clone() }
}

fn keep(scope: &mut Scope<'_>, webhook: Webhook) -> Arc<Webhook> {
    let webhook = Arc::new(webhook);
    scope.changes.webhooks.insert(webhook.id.clone(), Arc::clone(&webhook));
    webhook
}
