//! Attempts and refunds whose next step was due and that no timer took.
//!
//! The scan reads the rows themselves, by their ids, and no timers; it asks for the very commands that the timers ask for,
//! which look again at what is due. What is not overdue any more is left alone.

use std::{
    collections::BTreeSet,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use ordain_domain::{command::Command, event::Actor, ids::OrderId, time::Span};

use crate::{executor::by_itself, failure::EngineFailure, handle::Engine, port::store::StoreFailure};

/// Rows read at once.
pub(super) const PAGE: usize = 1_000;
/// How long a step must be overdue before the scan takes it for missed: the timers get the first chance.
pub(super) const MISSED_AFTER: Span = Span::seconds(10);

/// Runs the scan every `interval` until the engine stops.
pub async fn run(engine: Arc<Engine>, interval: Duration) {
    let mut ticks = tokio::time::interval(interval);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    while !engine.is_stopping() {
        ticks.tick().await;
        match pass(&engine).await {
            Ok(0) => {}
            Ok(found) => tracing::warn!(found, "the scan worked at overdue payments and refunds that no timer had"),
            Err(failure) => tracing::warn!(error.message = %failure, "the scan for overdue money failed"),
        }
    }
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

/// Reads page after page and asks for one command an order.
pub(super) async fn pages<K: Copy + Send + 'static>(
    engine: &Arc<Engine>,
    read: impl Fn(Option<K>) -> Result<Vec<(K, OrderId)>, StoreFailure> + Clone + Send + 'static,
    command: fn(OrderId) -> Command,
) -> Result<u64, EngineFailure> {
    let (mut after, mut found) = (None, 0);
    loop {
        let read = read.clone();
        let page = tokio::task::spawn_blocking(move || read(after)).await.map_err(|_| EngineFailure::Stopping)??;
        let Some((last, _)) = page.last() else { return Ok(found) };
        after = Some(*last);
        let orders: BTreeSet<OrderId> = page.iter().map(|(_, order)| *order).collect();
        let commands = orders.iter().map(|order| by_itself(command(*order), Actor::Scan)).collect();
        for (order, answer) in orders.iter().zip(engine.execute_all(commands).await?) {
            match answer {
                Ok(_) => found += 1,
                // One order that cannot be worked at must not hide those behind it.
                Err(failure) if failure.is_of_one_command() => {
                    tracing::error!(%order, error.message = %failure, "what is overdue cannot be worked at");
                }
                Err(failure) => return Err(failure),
            }
        }
    }
}
