//! Tries to tell webhook endpoints, a bounded number of the newest of each.
//!
//! Rows are only added, and dropped by the bound or with their endpoint.

use std::collections::BTreeSet;

use ordain_domain::{
    ids::{ConsumerName, DeliveryId, EventId, LetterId},
    time::{Span, Timestamp},
    webhook::{Attempt, AttemptOutcome, Delivery, delivery::DELIVERIES_KEPT},
};
use ordain_engine::port::store::Before;
use rusqlite::{Connection, Row, params};

use super::{
    bind::{optional_time, parsed, shared, signed, text, unsigned, unsigned_32},
    failure::SqliteFailure,
};

const DELIVERY_INSERT: &str = "-- delivery_insert
INSERT INTO webhook_deliveries (id, consumer, letter_id, event, event_type, number, outcome, status, duration, excerpt, at,
    next_try_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";

const DELIVERY_LOAD: &str = "-- delivery_load
SELECT id, consumer, letter_id, event, event_type, number, outcome, status, duration, excerpt, at, next_try_at
FROM webhook_deliveries WHERE id = ?1";

const DELIVERIES_BEFORE_LIST: &str = "-- deliveries_before_list
SELECT id, consumer, letter_id, event, event_type, number, outcome, status, duration, excerpt, at, next_try_at
FROM webhook_deliveries WHERE consumer = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3 + 0";

const DELIVERIES_TRIM: &str = "-- deliveries_trim
DELETE FROM webhook_deliveries WHERE consumer = ?1 AND id <= (
    SELECT id FROM webhook_deliveries WHERE consumer = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)";

const DELIVERIES_OF_CONSUMER_DROP: &str = "-- deliveries_of_consumer_drop
DELETE FROM webhook_deliveries WHERE consumer = ?1";

/// One try.
pub(super) fn load(connection: &Connection, id: DeliveryId) -> Result<Option<Delivery>, SqliteFailure> {
    let mut statement = connection.prepare_cached(DELIVERY_LOAD)?;
    let mut rows = statement.query([id.number()])?;
    rows.next()?.map(delivery).transpose()
}

/// Tries to tell an endpoint before one (excluded), newest first.
pub(super) fn list_before(
    connection: &Connection,
    consumer: &ConsumerName,
    page: Before<DeliveryId>,
) -> Result<Vec<Delivery>, SqliteFailure> {
    let mut statement = connection.prepare_cached(DELIVERIES_BEFORE_LIST)?;
    let before = page.key.map_or(i64::MAX, DeliveryId::number);
    let limit = i64::try_from(page.limit).unwrap_or(i64::MAX);
    let mut rows = statement.query(params![consumer.as_str(), before, limit])?;
    let mut deliveries = Vec::new();
    while let Some(row) = rows.next()? {
        deliveries.push(delivery(row)?);
    }
    Ok(deliveries)
}

/// Adds tries, and drops what is more than is kept.
pub(super) fn insert(connection: &Connection, deliveries: &[Delivery]) -> Result<(), SqliteFailure> {
    if deliveries.is_empty() {
        return Ok(());
    }
    let mut statement = connection.prepare_cached(DELIVERY_INSERT)?;
    for delivery in deliveries {
        let attempt = &delivery.attempt;
        statement.execute(params![
            delivery.id.number(),
            delivery.consumer.as_str(),
            delivery.letter.map(LetterId::number),
            attempt.event.map(EventId::number),
            &*attempt.event_type,
            attempt.number,
            attempt.outcome.as_str(),
            attempt.status,
            signed(attempt.duration.0)?,
            &*attempt.excerpt,
            attempt.at.0,
            delivery.next_try_at.map(|at| at.0),
        ])?;
    }
    let mut trim = connection.prepare_cached(DELIVERIES_TRIM)?;
    let consumers: BTreeSet<&ConsumerName> = deliveries.iter().map(|delivery| &delivery.consumer).collect();
    for consumer in consumers {
        trim.execute(params![consumer.as_str(), i64::try_from(DELIVERIES_KEPT).unwrap_or(i64::MAX)])?;
    }
    Ok(())
}

/// Drops all tries of a consumer that ended.
pub(super) fn drop_of(connection: &Connection, consumer: &ConsumerName) -> Result<(), SqliteFailure> {
    connection.prepare_cached(DELIVERIES_OF_CONSUMER_DROP)?.execute([consumer.as_str()])?;
    Ok(())
}

fn delivery(row: &Row<'_>) -> Result<Delivery, SqliteFailure> {
    let word = text(row, 6)?;
    let outcome = AttemptOutcome::ALL.into_iter().find(|outcome| outcome.as_str() == word);
    let attempt = Attempt {
        event: row.get::<_, Option<i64>>(3)?.map(EventId::from_number),
        event_type: shared(row, 4)?,
        number: unsigned_32(row, 5)?,
        outcome: outcome
            .ok_or_else(|| SqliteFailure::damaged("webhook_deliveries", format_args!("outcome {word:?}")))?,
        status: row.get(7)?,
        duration: Span(unsigned(row, 8)?),
        excerpt: shared(row, 9)?,
        at: Timestamp(row.get(10)?),
    };
    Ok(Delivery {
        id: DeliveryId::from_number(row.get(0)?),
        consumer: parsed(row, 1)?,
        letter: row.get::<_, Option<i64>>(2)?.map(LetterId::from_number),
        attempt,
        next_try_at: optional_time(row, 11)?,
    })
}
