//! Webhook endpoints. One that was deleted has no row.
//!
//! Secrets lie here as they are: whoever has the file can sign.

use std::{collections::BTreeMap, sync::Arc};

use ordain_domain::{
    ids::WebhookId,
    time::Timestamp,
    webhook::{DisableReason, OldSecret, Webhook, WebhookSecret, WebhookState},
};
use rusqlite::{Connection, Row, params};

use super::{
    bind::{JsonBuffer, json, optional_text, optional_time, parsed, shared, signed, text, unsigned},
    failure::SqliteFailure,
};

const WEBHOOK_LOAD: &str = "-- webhook_load
SELECT id, consumer, url, events, secret, old_secret, old_secret_until, disabled_reason, disabled_at, version, created_at,
    updated_at
FROM webhooks WHERE id = ?1";

const WEBHOOKS_LIST: &str = "-- webhooks_list
SELECT id, consumer, url, events, secret, old_secret, old_secret_until, disabled_reason, disabled_at, version, created_at,
    updated_at
FROM webhooks ORDER BY id";

const WEBHOOK_PUT: &str = "-- webhook_put
INSERT INTO webhooks (id, consumer, url, events, secret, old_secret, old_secret_until, disabled_reason, disabled_at,
    version, created_at, updated_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
ON CONFLICT (id) DO UPDATE SET consumer = excluded.consumer, url = excluded.url, events = excluded.events,
    secret = excluded.secret, old_secret = excluded.old_secret, old_secret_until = excluded.old_secret_until,
    disabled_reason = excluded.disabled_reason, disabled_at = excluded.disabled_at, version = excluded.version,
    created_at = excluded.created_at, updated_at = excluded.updated_at";

const WEBHOOK_DROP: &str = "-- webhook_drop
DELETE FROM webhooks WHERE id = ?1";

/// An endpoint.
pub(super) fn load(connection: &Connection, id: &WebhookId) -> Result<Option<Webhook>, SqliteFailure> {
    let mut statement = connection.prepare_cached(WEBHOOK_LOAD)?;
    let mut rows = statement.query([id.as_str()])?;
    rows.next()?.map(webhook).transpose()
}

/// Every endpoint, by id.
pub(super) fn list(connection: &Connection) -> Result<Vec<Webhook>, SqliteFailure> {
    let mut statement = connection.prepare_cached(WEBHOOKS_LIST)?;
    let mut rows = statement.query([])?;
    let mut webhooks = Vec::new();
    while let Some(row) = rows.next()? {
        webhooks.push(webhook(row)?);
    }
    Ok(webhooks)
}

/// Writes endpoints, and drops those that were deleted.
pub(super) fn put(
    connection: &Connection,
    webhooks: &BTreeMap<WebhookId, Arc<Webhook>>,
    buffer: &mut JsonBuffer,
) -> Result<(), SqliteFailure> {
    if webhooks.is_empty() {
        return Ok(());
    }
    let mut put = connection.prepare_cached(WEBHOOK_PUT)?;
    let mut drop = connection.prepare_cached(WEBHOOK_DROP)?;
    for webhook in webhooks.values() {
        let (reason, at) = match webhook.state {
            WebhookState::Enabled => (None, None),
            WebhookState::Disabled { reason, at } => (Some(reason.as_str()), Some(at.0)),
            WebhookState::Deleted => {
                drop.execute([webhook.id.as_str()])?;
                continue;
            }
        };
        let old = webhook.old_secret.as_ref();
        put.execute(params![
            webhook.id.as_str(),
            webhook.consumer.as_str(),
            &*webhook.url,
            buffer.of(&webhook.events)?,
            &**webhook.secret.reveal(),
            old.map(|old| &**old.secret.reveal()),
            old.map(|old| old.until.0),
            reason,
            at,
            signed(webhook.version)?,
            webhook.created_at.0,
            webhook.updated_at.0,
        ])?;
    }
    Ok(())
}

fn webhook(row: &Row<'_>) -> Result<Webhook, SqliteFailure> {
    Ok(Webhook {
        id: parsed(row, 0)?,
        consumer: parsed(row, 1)?,
        url: shared(row, 2)?,
        events: json(row, 3)?,
        secret: secret(text(row, 4)?)?,
        old_secret: old_secret(row)?,
        state: state(row)?,
        version: unsigned(row, 9)?,
        created_at: Timestamp(row.get(10)?),
        updated_at: Timestamp(row.get(11)?),
    })
}

/// A secret that cannot be one is not shown, also not in an error.
fn secret(text: &str) -> Result<WebhookSecret, SqliteFailure> {
    WebhookSecret::new(text).map_err(|error| SqliteFailure::damaged("webhooks", format_args!("a secret {error}")))
}

fn old_secret(row: &Row<'_>) -> Result<Option<OldSecret>, SqliteFailure> {
    match (optional_text(row, 5)?, optional_time(row, 6)?) {
        (Some(text), Some(until)) => Ok(Some(OldSecret { secret: secret(text)?, until })),
        _ => Ok(None),
    }
}

fn state(row: &Row<'_>) -> Result<WebhookState, SqliteFailure> {
    let (Some(word), Some(at)) = (optional_text(row, 7)?, optional_time(row, 8)?) else {
        return Ok(WebhookState::Enabled);
    };
    let reason = DisableReason::ALL.into_iter().find(|reason| reason.as_str() == word);
    let reason = reason.ok_or_else(|| SqliteFailure::damaged("webhooks", format_args!("reason {word:?}")))?;
    Ok(WebhookState::Disabled { reason, at })
}
