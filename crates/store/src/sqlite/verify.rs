//! The invariants over the data as they lie, in one snapshot: finds the rows, and asks `invariants` what is wrong with each.
//!
//! It streams: what is held in memory grows with the number of SKUs and of users with frozen points, not with that of
//! orders. A value that cannot be read is reported as broken; only a failing disk ends the run.

mod keys;
mod orders;
mod points;
mod stock;
mod timers;
mod usage;

use std::fmt::Display;

use ordain_domain::time::{Span, Timestamp};
use ordain_engine::port::store::InvariantReport;
use rusqlite::Connection;

use self::orders::Seen;
use super::{failure::SqliteFailure, key_index::KeyIndex, reader::in_snapshot};
use crate::invariants::Check;

/// The reports in the making, one an invariant.
struct Checks {
    stock: Check,
    locks: Check,
    events: Check,
    keys: Check,
    coupons_and_points: Check,
    shares: Check,
    timers: Check,
}

/// One report per invariant of [`RULES`](crate::invariants::RULES), in that order.
pub(super) fn run(
    connection: &Connection,
    index: &KeyIndex,
    now: Timestamp,
    late_after: Span,
) -> Result<Vec<InvariantReport>, SqliteFailure> {
    // What the index names was committed before, so a snapshot that begins after this look holds all of it.
    let view = index.view();
    let checks = in_snapshot(connection, |connection| {
        let mut checks = Checks {
            stock: Check::new(1),
            locks: Check::new(2),
            events: Check::new(3),
            keys: Check::new(6),
            coupons_and_points: Check::new(7),
            shares: Check::new(8),
            timers: Check::new(9),
        };
        let mut seen = Seen::new(&view);
        orders::check(connection, &mut checks, &mut seen)?;
        stock::check(connection, &mut checks, &mut seen)?;
        keys::check(connection, &mut checks, &view, &seen)?;
        usage::check(connection, &mut checks)?;
        points::check(connection, &mut checks, &mut seen)?;
        timers::check(connection, &mut checks, now, late_after)?;
        Ok(checks)
    })?;
    let Checks { stock, locks, events, keys, coupons_and_points, shares, timers } = checks;
    Ok([stock, locks, events, keys, coupons_and_points, shares, timers].into_iter().map(Check::finish).collect())
}

/// The value, or what is wrong with it in words. A failing disk is no such case.
fn readable<T>(result: Result<T, SqliteFailure>) -> Result<Result<T, String>, SqliteFailure> {
    match result {
        Ok(value) => Ok(Ok(value)),
        Err(SqliteFailure::Damaged(problem)) => Ok(Err(problem)),
        Err(failure) => Err(failure),
    }
}

/// Counts a row that cannot be read as broken.
fn damaged(check: &mut Check, name: impl Display, problem: String) {
    check.examine(name, Some(problem));
}
