//! Timers as rows, in the order in which they are due.
//!
//! Waking up in time is the engine's business.

use std::collections::BTreeMap;

use ordain_domain::{
    ids::OrderId,
    time::Timestamp,
    timer::{Timer, TimerChange, TimerKind},
};
use rusqlite::{Connection, Row, params};

use super::failure::SqliteFailure;

const TIMER_SET: &str = "-- timer_set
INSERT INTO timers (due, kind, order_id) VALUES (?1, ?2, ?3) ON CONFLICT (due, kind, order_id) DO NOTHING";

const TIMER_DROP: &str = "-- timer_drop
DELETE FROM timers WHERE due = ?1 AND kind = ?2 AND order_id = ?3";

const TIMER_IS_SET: &str = "-- timer_is_set
SELECT 1 FROM timers WHERE due = ?1 AND kind = ?2 AND order_id = ?3";

const TIMERS_DUE_LIST: &str = "-- timers_due_list
SELECT due, kind, order_id FROM timers WHERE (due, kind, order_id) > (?1, ?2, ?3) AND due <= ?4
ORDER BY due, kind, order_id LIMIT ?5 + 0";

/// Sets and drops timers. `moved` is told of every one that was not there before, or that was and is gone.
pub(super) fn write(
    connection: &Connection,
    timers: &BTreeMap<Timer, TimerChange>,
    mut moved: impl FnMut(&Timer, TimerChange),
) -> Result<(), SqliteFailure> {
    if timers.is_empty() {
        return Ok(());
    }
    let mut set = connection.prepare_cached(TIMER_SET)?;
    let mut drop = connection.prepare_cached(TIMER_DROP)?;
    for (timer, change) in timers {
        let row = params![timer.due.0, timer.kind.number(), timer.order.number()];
        let touched = match change {
            TimerChange::Set => set.execute(row)?,
            TimerChange::Dropped => drop.execute(row)?,
        };
        if touched == 1 {
            moved(timer, *change);
        }
    }
    Ok(())
}

/// Whether the very timer stands.
pub(super) fn is_set(connection: &Connection, timer: &Timer) -> Result<bool, SqliteFailure> {
    let mut statement = connection.prepare_cached(TIMER_IS_SET)?;
    Ok(statement.exists(params![timer.due.0, timer.kind.number(), timer.order.number()])?)
}

/// Timers due at or before `until`, after `after`, earliest first.
pub(super) fn list(
    connection: &Connection,
    after: Option<Timer>,
    until: Timestamp,
    limit: usize,
) -> Result<Vec<Timer>, SqliteFailure> {
    let mut statement = connection.prepare_cached(TIMERS_DUE_LIST)?;
    // No kind is below 1, so that this is before every timer.
    let (due, kind, order) =
        after.map_or((i64::MIN, 0, 0), |timer| (timer.due.0, timer.kind.number(), timer.order.number()));
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut rows = statement.query(params![due, kind, order, until.0, limit])?;
    let mut timers = Vec::new();
    while let Some(row) = rows.next()? {
        timers.push(timer(row)?);
    }
    Ok(timers)
}

/// A row of `timers_due_list` and its like.
pub(super) fn timer(row: &Row<'_>) -> Result<Timer, SqliteFailure> {
    let number: i64 = row.get(1)?;
    let kind = TimerKind::ALL.into_iter().find(|kind| kind.number() == number);
    Ok(Timer {
        due: Timestamp(row.get(0)?),
        kind: kind.ok_or_else(|| SqliteFailure::damaged("timers", format_args!("kind {number}")))?,
        order: OrderId::from_number(row.get(2)?),
    })
}
