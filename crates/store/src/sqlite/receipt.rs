//! Notifications of channels, as they arrived.
//!
//! The body is stored byte by byte. Only the verdict, its note and who resolved it ever change.

use std::{collections::BTreeMap, sync::Arc};

use ordain_domain::{
    event::Actor,
    ids::{PaymentId, ReceiptId},
    payment::{Receipt, ReceiptVerdict, Resolution},
    time::Timestamp,
};
use ordain_engine::port::store::Before;
use rusqlite::{Connection, Row, params};

use super::{
    bind::{JsonBuffer, json, optional_text, optional_time, shared, shared_or_none, text},
    failure::SqliteFailure,
};

const RECEIPT_LOAD: &str = "-- receipt_load
SELECT id, channel, event_id, payment_id, report, headers, body, arrived_at, verdict, note, resolved_by,
    resolved_at, resolved_note
FROM receipts WHERE id = ?1";

const RECEIPT_PUT: &str = "-- receipt_put
INSERT INTO receipts (id, channel, event_id, payment_id, report, headers, body, arrived_at, verdict, note, resolved_by,
    resolved_at, resolved_note)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
ON CONFLICT (id) DO UPDATE SET verdict = excluded.verdict, note = excluded.note, resolved_by = excluded.resolved_by,
    resolved_at = excluded.resolved_at, resolved_note = excluded.resolved_note";

const RECEIPTS_BEFORE_LIST: &str = "-- receipts_before_list
SELECT id, channel, event_id, payment_id, report, headers, body, arrived_at, verdict, note, resolved_by,
    resolved_at, resolved_note
FROM receipts
WHERE id < ?1 ORDER BY id DESC LIMIT ?2 + 0";

const RECEIPTS_QUARANTINED_LIST: &str = "-- receipts_quarantined_list
SELECT id, channel, event_id, payment_id, report, headers, body, arrived_at, verdict, note, resolved_by,
    resolved_at, resolved_note
FROM receipts
WHERE verdict = 'quarantined' AND id < ?1 ORDER BY id DESC LIMIT ?2 + 0";

/// How many notifications a list looks at.
const LOOKED_AT_MAX: usize = 10_000;

/// A notification.
pub(super) fn load(connection: &Connection, id: ReceiptId) -> Result<Option<Receipt>, SqliteFailure> {
    let mut statement = connection.prepare_cached(RECEIPT_LOAD)?;
    let mut rows = statement.query([id.number()])?;
    rows.next()?.map(receipt).transpose()
}

/// A row of `receipt_load` and its like.
pub(super) fn receipt(row: &Row<'_>) -> Result<Receipt, SqliteFailure> {
    let word = text(row, 8)?;
    let verdict = ReceiptVerdict::from_word(word);
    Ok(Receipt {
        id: ReceiptId::from_number(row.get(0)?),
        channel: shared(row, 1)?,
        event_id: shared_or_none(row, 2)?,
        payment: row.get::<_, Option<i64>>(3)?.map(PaymentId::from_number),
        report: optional_text(row, 4)?.is_some().then(|| json(row, 4)).transpose()?,
        headers: shared(row, 5)?,
        body: Arc::from(row.get_ref(6)?.as_blob().map_err(|error| SqliteFailure::damaged("receipts", error))?),
        arrived_at: Timestamp(row.get(7)?),
        verdict: verdict.ok_or_else(|| SqliteFailure::damaged("receipts", format_args!("verdict {word:?}")))?,
        note: shared_or_none(row, 9)?,
        resolution: resolution(row)?,
    })
}

fn resolution(row: &Row<'_>) -> Result<Option<Resolution>, SqliteFailure> {
    let (Some(word), Some(at)) = (optional_text(row, 10)?, optional_time(row, 11)?) else { return Ok(None) };
    let by = Actor::from_word(word);
    let by = by.ok_or_else(|| SqliteFailure::damaged("receipts", format_args!("actor {word:?}")))?;
    Ok(Some(Resolution { by, at, note: shared(row, 12)? }))
}

/// Notifications before an id, newest first, and where to go on when the page or the bound was full. Those in quarantine have
/// an index.
pub(super) fn list_before(
    connection: &Connection,
    verdict: Option<ReceiptVerdict>,
    page: Before<ReceiptId>,
) -> Result<(Vec<Receipt>, Option<ReceiptId>), SqliteFailure> {
    let is_indexed = verdict == Some(ReceiptVerdict::Quarantined);
    let sql = if is_indexed { RECEIPTS_QUARANTINED_LIST } else { RECEIPTS_BEFORE_LIST };
    let mut statement = connection.prepare_cached(sql)?;
    let before = page.key.map_or(i64::MAX, ReceiptId::number);
    let mut rows = statement.query(params![before, i64::try_from(LOOKED_AT_MAX).unwrap_or(i64::MAX)])?;
    let (mut receipts, mut looked_at) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        looked_at += 1;
        if verdict.is_none_or(|verdict| row.get_ref(8).is_ok_and(|word| word.as_str() == Ok(verdict.as_str()))) {
            receipts.push(receipt(row)?);
        }
        if receipts.len() >= page.limit || looked_at == LOOKED_AT_MAX {
            return Ok((receipts, Some(ReceiptId::from_number(row.get(0)?))));
        }
    }
    Ok((receipts, None))
}

/// Writes notifications.
pub(super) fn put(
    connection: &Connection,
    receipts: &BTreeMap<ReceiptId, Arc<Receipt>>,
    json: &mut JsonBuffer,
) -> Result<(), SqliteFailure> {
    if receipts.is_empty() {
        return Ok(());
    }
    let mut statement = connection.prepare_cached(RECEIPT_PUT)?;
    for receipt in receipts.values() {
        let resolution = receipt.resolution.as_ref();
        let report = receipt.report.as_ref().map(|report| json.of(report)).transpose()?;
        statement.execute(params![
            receipt.id.number(),
            &*receipt.channel,
            receipt.event_id.as_deref(),
            receipt.payment.map(PaymentId::number),
            report,
            &*receipt.headers,
            &*receipt.body,
            receipt.arrived_at.0,
            receipt.verdict.as_str(),
            receipt.note.as_deref(),
            resolution.map(|resolution| resolution.by.as_str()),
            resolution.map(|resolution| resolution.at.0),
            resolution.map(|resolution| &*resolution.note),
        ])?;
    }
    Ok(())
}
