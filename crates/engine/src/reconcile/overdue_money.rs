//! Attempts and refunds whose next step was due and that no timer took.
//!
//! The scan reads the rows themselves, by their ids, and no timers; it asks for the very commands that the timers ask for,
//! which look again at what is due. What is not overdue any more is left alone.

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
        ("the scan worked at overdue payments and refunds that no timer had", "the scan for overdue money failed");
    every(engine, interval, words, |engine| async move { pass(&engine).await }).await;
}

/// One pass over all open attempts and refunds. Answers for how many orders it asked the channels or worked at refunds.
///
/// # Errors
/// When the store cannot be read or a command was not taken; the next pass looks at everything again.
pub async fn pass(engine: &Arc<Engine>) -> Result<u64, EngineFailure> {
    let before = engine.now().minus(MISSED_AFTER);
    let reader = Arc::clone(engine.reader());
    let payments = move |after| reader.overdue_payments(after, before, PAGE);
    let mut found = pages(engine, payments, Command::AskChannels).await?;
    let reader = Arc::clone(engine.reader());
    let refunds = move |after| reader.overdue_refunds(after, before, PAGE);
    found += pages(engine, refunds, Command::WorkRefunds).await?;
    engine.counters().money_found_by_scan.fetch_add(found, Ordering::Relaxed);
    Ok(found)
}
