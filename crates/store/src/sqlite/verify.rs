//! The invariants over the data as they lie, in one snapshot: finds the rows, and asks `invariants` what is wrong with each.
//!
//! It streams: what is held in memory grows with the number of SKUs, of users with frozen points and of messages that wait,
//! not with that of orders. A value that cannot be read is reported as broken; only a failing disk ends the run.

mod books;
mod keys;
mod orders;
mod outbox;
mod points;
mod stock;
mod timers;
mod usage;

use ordain_domain::time::{Span, Timestamp};
use ordain_engine::port::store::InvariantReport;
use rusqlite::Connection;

use self::orders::Seen;
use super::{failure::SqliteFailure, key_index::KeyIndex, reader::in_snapshot};
use crate::invariants::Checks;

/// One report per rule of [`RULES`](crate::invariants::RULES), in that order.
pub(super) fn run(
    connection: &Connection,
    index: &KeyIndex,
    now: Timestamp,
    late_after: Span,
) -> Result<Vec<InvariantReport>, SqliteFailure> {
    // What the index names was committed before, so a snapshot that begins after this look holds all of it.
    let view = index.view();
    let checks = in_snapshot(connection, |connection| {
        let mut checks = Checks::default();
        let mut seen = Seen::new(&view);
        outbox::check(connection, &mut checks, &mut seen, now, late_after)?;
        orders::check(connection, &mut checks, &mut seen)?;
        books::check(connection, &mut checks, &seen)?;
        stock::check(connection, &mut checks, &mut seen)?;
        keys::check(connection, &mut checks, &view, &seen)?;
        usage::check(connection, &mut checks)?;
        points::check(connection, &mut checks, &mut seen)?;
        timers::check(connection, &mut checks, now, late_after)?;
        Ok(checks)
    })?;
    Ok(checks.finish())
}

/// The value, or what is wrong with it in words. A failing disk is no such case.
fn readable<T>(result: Result<T, SqliteFailure>) -> Result<Result<T, String>, SqliteFailure> {
    match result {
        Ok(value) => Ok(Ok(value)),
        Err(SqliteFailure::Damaged(problem)) => Ok(Err(problem)),
        Err(failure) => Err(failure),
    }
}
