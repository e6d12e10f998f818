//! Parcels whose receipt was to be confirmed, and after-sales that were due, which no timer took.
//!
//! Like the scan for money it reads the rows themselves and no timers, and asks for the very commands that the timers ask for.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use ordain_domain::command::Command;

use super::{MISSED_AFTER, PAGE, every, pages};
use crate::{failure::EngineFailure, handle::Engine};

/// Runs the scan every `interval` until the engine stops.
pub async fn run(engine: Arc<Engine>, interval: Duration) {
    let words =
        ("the scan worked at overdue parcels and after-sales that no timer had", "the scan for overdue goods failed");
    every(engine, interval, words, |engine| async move { pass(&engine).await }).await;
}

/// One pass over all parcels that wait to be confirmed and all after-sales with a deadline. Answers for how many orders it did
/// something.
///
/// # Errors
/// When the store cannot be read or a command was not taken; the next pass looks at everything again.
pub async fn pass(engine: &Arc<Engine>) -> Result<u64, EngineFailure> {
    let before = engine.now().minus(MISSED_AFTER);
    let reader = Arc::clone(engine.reader());
    let shipments = move |after| reader.overdue_shipments(after, before, PAGE);
    let mut found = pages(engine, shipments, Command::ConfirmDue).await?;
    let reader = Arc::clone(engine.reader());
    let after_sales = move |after| reader.overdue_after_sales(after, before, PAGE);
    found += pages(engine, after_sales, Command::WorkAfterSales).await?;
    engine.counters().goods_found_by_scan.fetch_add(found, Ordering::Relaxed);
    Ok(found)
}
