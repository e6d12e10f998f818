//! After-sales.
//!
//! An order's after-sales are found through its account, which names them. What no statement looks at is kept as JSON. It
//! decides no deadline: `due` is written as the domain says.

use std::{collections::BTreeMap, sync::Arc};

use ordain_domain::{
    after_sale::{AfterSale, AfterSaleKind, AfterSaleLine, AfterSaleStatus, Consignment, ReplacementLeg},
    ids::{AfterSaleId, OrderId, RefundId},
    time::Timestamp,
    user::Address,
};
use ordain_engine::port::store::StatusCount;
use rusqlite::{Connection, Row, params};
use serde::{Deserialize, Serialize};

use super::{
    bind::{JsonBuffer, Put, json, optional_time, shared, shared_or_none, signed, text, unsigned},
    failure::SqliteFailure,
};

const AFTER_SALE_LOAD: &str = "-- after_sale_load
SELECT id, order_id, kind, status, details, reason, review_due_at, ship_back_by, note, version, created_at, updated_at
FROM after_sales WHERE id = ?1";

const AFTER_SALE_STATUSES_LIST: &str = "-- after_sale_statuses_list
SELECT status, count(*), min(updated_at) FROM after_sales GROUP BY status";

const AFTER_SALE_DUE_LOAD: &str = "-- after_sale_due_load
SELECT due FROM after_sales WHERE id = ?1";

const AFTER_SALE_UPDATE: &str = "-- after_sale_update
UPDATE after_sales SET status = ?4, due = ?5, details = ?6, ship_back_by = ?9, note = ?10, version = ?11, updated_at = ?13
WHERE id = ?1 AND version <= ?11";

const AFTER_SALE_INSERT: &str = "-- after_sale_insert
INSERT INTO after_sales (id, order_id, kind, status, due, details, reason, review_due_at, ship_back_by, note, version,
    created_at, updated_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
ON CONFLICT (id) DO NOTHING";

const AFTER_SALES_OVERDUE_LIST: &str = "-- after_sales_overdue_list
SELECT id, order_id FROM after_sales INDEXED BY after_sales_due
WHERE due IS NOT NULL AND id > ?1 AND due < ?2 ORDER BY id LIMIT ?3 + 0";

/// What no statement looks at.
#[derive(Serialize, Deserialize)]
struct Details<L, T> {
    lines: L,
    #[serde(default = "Option::default", skip_serializing_if = "Option::is_none")]
    return_address: Option<Arc<Address>>,
    #[serde(default = "Option::default", skip_serializing_if = "Option::is_none")]
    sent_back: Option<Consignment>,
    #[serde(default = "Option::default", skip_serializing_if = "Option::is_none")]
    replacement: Option<T>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    refunds: Vec<RefundId>,
}

/// An after-sale.
pub(super) fn load(connection: &Connection, id: AfterSaleId) -> Result<Option<AfterSale>, SqliteFailure> {
    let mut statement = connection.prepare_cached(AFTER_SALE_LOAD)?;
    let mut rows = statement.query([id.number()])?;
    rows.next()?.map(after_sale).transpose()
}

/// By when an after-sale is found as due: what is stored, whatever the domain says.
pub(super) fn stored_due(connection: &Connection, id: AfterSaleId) -> Result<Option<Timestamp>, SqliteFailure> {
    let mut statement = connection.prepare_cached(AFTER_SALE_DUE_LOAD)?;
    let mut rows = statement.query([id.number()])?;
    rows.next()?.map_or(Ok(None), |row| optional_time(row, 0))
}

/// How many after-sales are in each status, over the whole table.
pub(super) fn status_counts(connection: &Connection) -> Result<Vec<StatusCount<AfterSaleStatus>>, SqliteFailure> {
    let mut statement = connection.prepare(AFTER_SALE_STATUSES_LIST)?;
    let mut rows = statement.query([])?;
    let mut counts = Vec::new();
    while let Some(row) = rows.next()? {
        counts.push(StatusCount { status: status(row, 0)?, count: unsigned(row, 1)?, oldest: Timestamp(row.get(2)?) });
    }
    counts.sort_by_key(|count| count.status);
    Ok(counts)
}

/// A row of `after_sale_load` and its like.
pub(super) fn after_sale(row: &Row<'_>) -> Result<AfterSale, SqliteFailure> {
    let kind = text(row, 2)?;
    let damaged = || SqliteFailure::damaged("after_sales", format_args!("kind {kind:?}"));
    let details: Details<Vec<AfterSaleLine>, ReplacementLeg> = json(row, 4)?;
    Ok(AfterSale {
        id: AfterSaleId::from_number(row.get(0)?),
        order: OrderId::from_number(row.get(1)?),
        kind: AfterSaleKind::from_word(kind).ok_or_else(damaged)?,
        status: status(row, 3)?,
        lines: details.lines,
        reason: shared(row, 5)?,
        review_due_at: Timestamp(row.get(6)?),
        ship_back_by: optional_time(row, 7)?,
        return_address: details.return_address,
        sent_back: details.sent_back,
        replacement: details.replacement,
        refunds: details.refunds,
        note: shared_or_none(row, 8)?,
        version: unsigned(row, 9)?,
        created_at: Timestamp(row.get(10)?),
        updated_at: Timestamp(row.get(11)?),
    })
}

/// The status in a column.
pub(super) fn status(row: &Row<'_>, column: usize) -> Result<AfterSaleStatus, SqliteFailure> {
    let word = text(row, column)?;
    let status = AfterSaleStatus::from_word(word);
    status.ok_or_else(|| SqliteFailure::damaged("after_sales", format_args!("status {word:?}")))
}

/// Writes after-sales. What was asked for stays as it was stored, but for the inspection of its lines.
pub(super) fn put(
    connection: &Connection,
    after_sales: &BTreeMap<AfterSaleId, Arc<AfterSale>>,
    json: &mut JsonBuffer,
) -> Result<(), SqliteFailure> {
    if after_sales.is_empty() {
        return Ok(());
    }
    let mut put = Put::prepare(connection, AFTER_SALE_UPDATE, AFTER_SALE_INSERT)?;
    for after_sale in after_sales.values() {
        let details = Details {
            lines: &after_sale.lines,
            return_address: after_sale.return_address.clone(),
            sent_back: after_sale.sent_back.clone(),
            replacement: after_sale.replacement.as_ref(),
            refunds: after_sale.refunds.clone(),
        };
        let is_written = put.row(params![
            after_sale.id.number(),
            after_sale.order.number(),
            after_sale.kind.as_str(),
            after_sale.status.as_str(),
            after_sale.due().map(|at| at.0),
            json.of(&details)?,
            &*after_sale.reason,
            after_sale.review_due_at.0,
            after_sale.ship_back_by.map(|at| at.0),
            after_sale.note.as_deref(),
            signed(after_sale.version)?,
            after_sale.created_at.0,
            after_sale.updated_at.0,
        ])?;
        if !is_written {
            let text = format!("{} is stored with a version above {}", after_sale.id, after_sale.version);
            return Err(SqliteFailure::Guard(text));
        }
    }
    Ok(())
}

/// After-sales after an id (excluded) that were due for something before a time, with their orders.
pub(super) fn overdue(
    connection: &Connection,
    after: Option<AfterSaleId>,
    before: Timestamp,
    limit: usize,
) -> Result<Vec<(AfterSaleId, OrderId)>, SqliteFailure> {
    let mut statement = connection.prepare_cached(AFTER_SALES_OVERDUE_LIST)?;
    let (after, limit) = (after.map_or(0, AfterSaleId::number), i64::try_from(limit).unwrap_or(i64::MAX));
    let names = |row: &Row<'_>| Ok((AfterSaleId::from_number(row.get(0)?), OrderId::from_number(row.get(1)?)));
    Ok(statement.query_map(params![after, before.0, limit], names)?.collect::<Result<_, _>>()?)
}
