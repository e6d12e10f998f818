//! Reconcilers: the net under the timers and couriers.
//!
//! A reconciler takes no input, is idempotent, and runs by period. It reads the things themselves, never the queue that
//! should have brought them, so that a bug there cannot hide here. What it finds it hands to the normal path as a command.

pub mod expired_orders;
pub mod overdue_goods;
pub mod overdue_money;

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use ordain_domain::{command::Command, event::Actor, ids::OrderId, time::Span};

use crate::{failure::EngineFailure, handle::Engine, port::store::StoreFailure, round::by_itself};

/// Rows read at once.
const PAGE: usize = 1_000;
/// How long a step must be overdue before a scan takes it for missed: the timers get the first chance.
const MISSED_AFTER: Span = Span::seconds(10);

/// Makes a pass every `interval` until the engine stops. `words` tell the log that a pass found something, and that one failed.
async fn every<P: Future<Output = Result<u64, EngineFailure>>>(
    engine: Arc<Engine>,
    interval: Duration,
    (found_something, failed): (&'static str, &'static str),
    pass: impl Fn(Arc<Engine>) -> P,
) {
    let mut ticks = tokio::time::interval(interval);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    while !engine.is_stopping() {
        ticks.tick().await;
        match pass(Arc::clone(&engine)).await {
            Ok(0) => {}
            Ok(found) => tracing::warn!(found, "{found_something}"),
            Err(failure) => tracing::warn!(error.message = %failure, "{failed}"),
        }
    }
}

/// Reads page after page and asks for one command an order.
async fn pages<K: Copy + Send + 'static>(
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
