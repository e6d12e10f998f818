//! Invariant 9: no timer stands that its order does not name, and none is due for longer than it may be.
//!
//! That each unpaid order and each account has its timers is checked with the orders.

use ordain_domain::{
    time::{Span, Timestamp},
    timer::{Timer, TimerKind},
};
use rusqlite::Connection;

use super::{
    super::{account, failure::SqliteFailure, order, timer},
    readable,
};
use crate::invariants::{Checks, Rule, problem_of_timer};

const VERIFY_TIMERS_LIST: &str = "-- verify_timers_list
SELECT due, kind, order_id FROM timers ORDER BY due, kind, order_id";

/// Checks all timers.
pub(super) fn check(
    connection: &Connection,
    checks: &mut Checks,
    now: Timestamp,
    late_after: Span,
) -> Result<(), SqliteFailure> {
    let mut statement = connection.prepare(VERIFY_TIMERS_LIST)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let judged = match readable(timer::timer(row))? {
            Err(problem) => Err(problem),
            Ok(timer) => readable(stands(connection, &timer))?.map(|stands| (timer, stands)),
        };
        match judged {
            Err(problem) => checks.broken(Rule::Timers, "timers", problem),
            Ok((timer, stands)) => {
                checks.examine(Rule::Timers, timer.order, problem_of_timer(&timer, stands, now, late_after));
            }
        }
    }
    Ok(())
}

/// When the order's timer of this kind shall fire, by what the order's own rows say.
fn stands(connection: &Connection, timer: &Timer) -> Result<Option<Timestamp>, SqliteFailure> {
    if timer.kind == TimerKind::CloseOrder {
        return order::close_due(connection, timer.order);
    }
    let account = account::load(connection, timer.order)?;
    Ok(account.and_then(|account| account.timers.get(&timer.kind).copied()))
}
