//! Invariant 9, the outbox: no message waits for longer than it may.
//!
//! It notes which refunds have a message, so that the walk over the orders can say which of them goes on.

use ordain_domain::{
    outbox::Task,
    time::{Span, Timestamp},
};
use rusqlite::Connection;

use super::{
    super::{failure::SqliteFailure, outbox},
    orders::Seen,
    readable,
};
use crate::invariants::{Checks, Rule, problem_of_message};

const VERIFY_OUTBOX_LIST: &str = "-- verify_outbox_list
SELECT id, order_id, task, of, created_at FROM outbox ORDER BY id";

/// Checks all messages.
pub(super) fn check(
    connection: &Connection,
    checks: &mut Checks,
    seen: &mut Seen,
    now: Timestamp,
    late_after: Span,
) -> Result<(), SqliteFailure> {
    let mut statement = connection.prepare(VERIFY_OUTBOX_LIST)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        match readable(outbox::message(row))? {
            Err(problem) => checks.broken(Rule::Outbox, "outbox", problem),
            Ok(message) => {
                checks.examine(Rule::Outbox, message.id, problem_of_message(&message, now, late_after));
                if let Task::SendRefund(refund) | Task::QueryRefund(refund) = message.task {
                    seen.refunds_in_outbox.insert(refund);
                }
            }
        }
    }
    Ok(())
}
