//! The log: facts as rows, their data as JSON of the domain's event.
//!
//! An order's events are chained through `previous`; there is no index on orders. It folds nothing.

use ordain_domain::{
    event::{Actor, Event, EventRecord, Subject},
    ids::{EventId, OrderId},
    time::Timestamp,
};
use ordain_engine::port::store::EventTexts;
use rusqlite::{Connection, Row, params};

use super::{
    bind::{JsonText, signed, text, unsigned},
    failure::SqliteFailure,
};

const EVENT_INSERT: &str = "-- event_insert
INSERT INTO events (position, order_id, subject, seq, previous, type, at, actor, data)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";

const EVENT_LOAD: &str = "-- event_load
SELECT position, order_id, subject, seq, previous, type, at, actor, data FROM events WHERE position = ?1";

const EVENTS_AFTER_LIST: &str = "-- events_after_list
SELECT position, order_id, subject, seq, previous, type, at, actor, data FROM events
WHERE position > ?1 ORDER BY position LIMIT ?2 + 0";

/// Appends facts to the log.
pub(super) fn insert(
    connection: &Connection,
    records: &[EventRecord],
    texts: &EventTexts,
) -> Result<(), SqliteFailure> {
    assert_eq!(records.len(), texts.len(), "every fact has its text");
    if records.is_empty() {
        return Ok(());
    }
    let mut statement = connection.prepare_cached(EVENT_INSERT)?;
    for (record, data) in records.iter().zip(texts.iter()) {
        let coupon_text;
        let (order, subject) = match &record.subject {
            Subject::Order(order) => (Some(order.number()), None),
            Subject::Stock(sku) => (None, Some(sku.as_str())),
            Subject::Points(user) => (None, Some(user.as_str())),
            Subject::Consumer(consumer) => (None, Some(consumer.as_str())),
            Subject::Coupon(coupon) => {
                coupon_text = coupon.to_string();
                (None, Some(coupon_text.as_str()))
            }
        };
        statement.execute(params![
            record.id.number(),
            order,
            subject,
            signed(record.seq)?,
            record.previous.map(EventId::number),
            record.event.type_name(),
            record.at.0,
            record.actor.as_str(),
            JsonText(data),
        ])?;
    }
    Ok(())
}

/// One event of the log.
pub(super) fn load(connection: &Connection, id: EventId) -> Result<Option<EventRecord>, SqliteFailure> {
    let mut statement = connection.prepare_cached(EVENT_LOAD)?;
    let mut rows = statement.query([id.number()])?;
    rows.next()?.map(record).transpose()
}

/// The log after a position, oldest first.
pub(super) fn list_after(
    connection: &Connection,
    position: i64,
    limit: usize,
) -> Result<Vec<EventRecord>, SqliteFailure> {
    let mut statement = connection.prepare_cached(EVENTS_AFTER_LIST)?;
    let mut rows = statement.query(params![position, i64::try_from(limit).unwrap_or(i64::MAX)])?;
    let mut records = Vec::new();
    while let Some(row) = rows.next()? {
        records.push(record(row)?);
    }
    Ok(records)
}

/// The events of an order with numbers above `after_seq`, oldest first, followed back from its last one.
pub(super) fn chain(
    connection: &Connection,
    order: OrderId,
    last: EventId,
    after_seq: u64,
) -> Result<Vec<EventRecord>, SqliteFailure> {
    let mut records: Vec<EventRecord> = Vec::new();
    let mut next = Some(last);
    while let Some(id) = next {
        let missing = || SqliteFailure::damaged("events", format_args!("{id} of {order} is missing"));
        let record = load(connection, id)?.ok_or_else(missing)?;
        if record.subject != Subject::Order(order) {
            return Err(SqliteFailure::damaged("events", format_args!("{id} is chained to {order} but not of it")));
        }
        if record.seq <= after_seq {
            break;
        }
        next = record.previous;
        records.push(record);
    }
    records.reverse();
    Ok(records)
}

/// A row of the columns that every list of this room selects.
fn record(row: &Row<'_>) -> Result<EventRecord, SqliteFailure> {
    let type_name = text(row, 5)?;
    let data = text(row, 8)?;
    let event = event_of(type_name, data)?;
    let subject = match row.get::<_, Option<i64>>(1)? {
        Some(order) => Subject::Order(OrderId::from_number(order)),
        None => subject_of(&event, text(row, 2)?)?,
    };
    let word = text(row, 7)?;
    let actor = Actor::from_word(word);
    Ok(EventRecord {
        id: EventId::from_number(row.get(0)?),
        subject,
        seq: unsigned(row, 3)?,
        at: Timestamp(row.get(6)?),
        actor: actor.ok_or_else(|| SqliteFailure::damaged("events", format_args!("actor {word:?}")))?,
        previous: row.get::<_, Option<i64>>(4)?.map(EventId::from_number),
        event,
    })
}

fn event_of(type_name: &str, data: &str) -> Result<Event, SqliteFailure> {
    let unknown = || SqliteFailure::damaged("events", format_args!("type {type_name:?}"));
    Ok(Event::read(type_name, &mut serde_json::Deserializer::from_str(data)).ok_or_else(unknown)??)
}

/// What a fact that is of no order is about. Only facts of orders have no subject text.
fn subject_of(event: &Event, subject: &str) -> Result<Subject, SqliteFailure> {
    let damaged = |error| SqliteFailure::damaged("events", format_args!("subject {subject:?} {error}"));
    match event {
        Event::StockAdjusted(_) => subject.parse().map(Subject::Stock).map_err(damaged),
        Event::CouponGranted(_) => subject.parse().map(Subject::Coupon).map_err(damaged),
        Event::PointsAdjusted(_) => subject.parse().map(Subject::Points).map_err(damaged),
        Event::LetterSkipped(_) | Event::LetterReplayed(_) | Event::ConsumerRewound(_) | Event::WebhookDisabled(_) => {
            subject.parse().map(Subject::Consumer).map_err(damaged)
        }
        _ => Err(SqliteFailure::damaged("events", "a fact of an order names none")),
    }
}
