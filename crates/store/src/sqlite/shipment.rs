//! Parcels.
//!
//! An order's parcels are found through its account, which names them. It folds no facts.

use std::{collections::BTreeMap, sync::Arc};

use ordain_domain::{
    ids::{OrderId, ShipmentId},
    shipment::{Shipment, ShipmentStatus},
    time::Timestamp,
};
use ordain_engine::port::store::StatusCount;
use rusqlite::{Connection, Row, params};

use super::{
    bind::{
        JsonBuffer, Put, json, json_or_default, optional_time, shared, shared_or_none, signed, text, unsigned,
        unsigned_32,
    },
    failure::SqliteFailure,
};

const SHIPMENT_LOAD: &str = "-- shipment_load
SELECT id, order_id, status, status_at, carrier, tracking_number, lines, facts, announced, ask_at, asks, note, delivered_at,
    confirm_due, confirmed_at, version, created_at, updated_at
FROM shipments WHERE id = ?1";

const SHIPMENT_STATUSES_LIST: &str = "-- shipment_statuses_list
SELECT status, count(*), min(updated_at) FROM shipments GROUP BY status";

const SHIPMENT_UPDATE: &str = "-- shipment_update
UPDATE shipments SET status = ?3, status_at = ?4, lines = ?7, facts = ?8, announced = ?9, ask_at = ?10, asks = ?11, note = ?12,
    delivered_at = ?13, confirm_due = ?14, confirmed_at = ?15, version = ?16, updated_at = ?18
WHERE id = ?1 AND version <= ?16";

const SHIPMENT_INSERT: &str = "-- shipment_insert
INSERT INTO shipments (id, order_id, status, status_at, carrier, tracking_number, lines, facts, announced, ask_at, asks, note,
    delivered_at, confirm_due, confirmed_at, version, created_at, updated_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)
ON CONFLICT (id) DO NOTHING";

const SHIPMENTS_OVERDUE_LIST: &str = "-- shipments_overdue_list
SELECT id, order_id FROM shipments INDEXED BY shipments_unconfirmed
WHERE confirm_due IS NOT NULL AND id > ?1 AND confirm_due < ?2 AND NOT EXISTS (
    SELECT 1 FROM after_sales INDEXED BY after_sales_claiming
    WHERE after_sales.order_id = shipments.order_id
    AND (after_sales.status = 'requested' OR after_sales.status = 'approved' OR after_sales.status = 'returning'))
ORDER BY id LIMIT ?3 + 0";

/// A parcel.
pub(super) fn load(connection: &Connection, id: ShipmentId) -> Result<Option<Shipment>, SqliteFailure> {
    let mut statement = connection.prepare_cached(SHIPMENT_LOAD)?;
    let mut rows = statement.query([id.number()])?;
    rows.next()?.map(shipment).transpose()
}

/// How many parcels are in each status, over the whole table.
pub(super) fn status_counts(connection: &Connection) -> Result<Vec<StatusCount<ShipmentStatus>>, SqliteFailure> {
    let mut statement = connection.prepare(SHIPMENT_STATUSES_LIST)?;
    let mut rows = statement.query([])?;
    let mut counts = Vec::new();
    while let Some(row) = rows.next()? {
        let word = text(row, 0)?;
        let status = ShipmentStatus::from_word(word);
        let status = status.ok_or_else(|| SqliteFailure::damaged("shipments", format_args!("status {word:?}")))?;
        counts.push(StatusCount { status, count: unsigned(row, 1)?, oldest: Timestamp(row.get(2)?) });
    }
    counts.sort_by_key(|count| count.status);
    Ok(counts)
}

/// A row of `shipment_load` and its like.
pub(super) fn shipment(row: &Row<'_>) -> Result<Shipment, SqliteFailure> {
    let word = text(row, 2)?;
    let status = ShipmentStatus::from_word(word);
    Ok(Shipment {
        id: ShipmentId::from_number(row.get(0)?),
        order: OrderId::from_number(row.get(1)?),
        status: status.ok_or_else(|| SqliteFailure::damaged("shipments", format_args!("status {word:?}")))?,
        status_at: optional_time(row, 3)?,
        carrier: shared(row, 4)?,
        tracking_number: shared(row, 5)?,
        lines: json(row, 6)?,
        facts: json_or_default(row, 7)?,
        announced: row.get(8)?,
        ask_at: optional_time(row, 9)?,
        asks: unsigned_32(row, 10)?,
        note: shared_or_none(row, 11)?,
        delivered_at: optional_time(row, 12)?,
        confirm_due: optional_time(row, 13)?,
        confirmed_at: optional_time(row, 14)?,
        version: unsigned(row, 15)?,
        created_at: Timestamp(row.get(16)?),
        updated_at: Timestamp(row.get(17)?),
    })
}

/// Writes parcels. What was handed to the carrier stays as it was stored.
pub(super) fn put(
    connection: &Connection,
    shipments: &BTreeMap<ShipmentId, Arc<Shipment>>,
    lines: &mut JsonBuffer,
) -> Result<(), SqliteFailure> {
    if shipments.is_empty() {
        return Ok(());
    }
    let mut put = Put::prepare(connection, SHIPMENT_UPDATE, SHIPMENT_INSERT)?;
    let mut facts = JsonBuffer::default();
    for shipment in shipments.values() {
        let facts = if shipment.facts.is_empty() { None } else { Some(facts.of(&shipment.facts)?) };
        let is_written = put.row(params![
            shipment.id.number(),
            shipment.order.number(),
            shipment.status.as_str(),
            shipment.status_at.map(|at| at.0),
            &*shipment.carrier,
            &*shipment.tracking_number,
            lines.of(&shipment.lines)?,
            facts,
            shipment.announced,
            shipment.ask_at.map(|at| at.0),
            shipment.asks,
            shipment.note.as_deref(),
            shipment.delivered_at.map(|at| at.0),
            shipment.confirm_due.map(|at| at.0),
            shipment.confirmed_at.map(|at| at.0),
            signed(shipment.version)?,
            shipment.created_at.0,
            shipment.updated_at.0,
        ])?;
        if !is_written {
            let text = format!("{} is stored with a version above {}", shipment.id, shipment.version);
            return Err(SqliteFailure::Guard(text));
        }
    }
    Ok(())
}

/// Parcels after an id (excluded) whose receipt was to be confirmed before a time, with their orders. Those of an order that
/// waits for goods to come back are not among them.
pub(super) fn overdue(
    connection: &Connection,
    after: Option<ShipmentId>,
    before: Timestamp,
    limit: usize,
) -> Result<Vec<(ShipmentId, OrderId)>, SqliteFailure> {
    let mut statement = connection.prepare_cached(SHIPMENTS_OVERDUE_LIST)?;
    let (after, limit) = (after.map_or(0, ShipmentId::number), i64::try_from(limit).unwrap_or(i64::MAX));
    let names = |row: &Row<'_>| Ok((ShipmentId::from_number(row.get(0)?), OrderId::from_number(row.get(1)?)));
    Ok(statement.query_map(params![after, before.0, limit], names)?.collect::<Result<_, _>>()?)
}
