//! Invariant 9: no timer is due for longer than it may be, and no consumer is ahead of the log.
//!
//! That each unpaid order has its timer is checked with the orders.

use ordain_domain::time::{Span, Timestamp};
use rusqlite::Connection;

use super::{
    super::{bind::text, failure::SqliteFailure, timer},
    Checks, damaged, readable,
};

const VERIFY_TIMERS_LIST: &str = "-- verify_timers_list
SELECT due, kind, order_id FROM timers ORDER BY due, kind, order_id";

const VERIFY_CURSORS_LIST: &str = "-- verify_cursors_list
SELECT consumer, position, (SELECT last_event FROM shard_meta) FROM cursors ORDER BY consumer";

/// Checks all timers and cursors.
pub(super) fn check(
    connection: &Connection,
    checks: &mut Checks,
    now: Timestamp,
    late_after: Span,
) -> Result<(), SqliteFailure> {
    let check = &mut checks.timers;
    let mut statement = connection.prepare(VERIFY_TIMERS_LIST)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        match readable(timer::timer(row))? {
            Err(problem) => damaged(check, "timers", problem),
            Ok(timer) => {
                let late = timer.due.plus(late_after) < now;
                check.examine(timer.order, late.then(|| format!("{:?} was due at {:?}", timer.kind, timer.due)));
            }
        }
    }
    let mut statement = connection.prepare(VERIFY_CURSORS_LIST)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (position, last): (i64, i64) = (row.get(1)?, row.get(2)?);
        let problem = (position > last).then(|| format!("has handled {position}, the log ends at {last}"));
        check.examine(format_args!("consumer {}", text(row, 0)?), problem);
    }
    Ok(())
}
