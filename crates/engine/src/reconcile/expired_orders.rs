//! Unpaid orders whose window is over and that no timer closed.
//!
//! The scan walks the orders by id, which is by time. It remembers up to where every order has left the unpaid states, so
//! that a pass costs what was placed since, not what was ever placed. It reads no timers.

use std::{sync::Arc, sync::atomic::Ordering, time::Duration};

use ordain_domain::{
    answer::{Answer, Reply},
    event::Actor,
    ids::OrderId,
};

use super::{MISSED_AFTER, every};
use crate::{failure::EngineFailure, handle::Engine, round::close_order};

/// Orders looked at in one read.
const PAGE: usize = 2_000;
/// Name under which the scan keeps how far everything is settled.
const CURSOR: &str = "scan.expired_orders";

/// Runs the scan every `interval` until the engine stops.
pub async fn run(engine: Arc<Engine>, interval: Duration) {
    let words = ("the scan closed overdue orders that no timer had closed", "the scan for overdue orders failed");
    every(engine, interval, words, |engine| async move { pass(&engine).await }).await;
}

/// One pass over everything that may be unpaid. Answers how many overdue orders it closed.
///
/// # Errors
/// When the store cannot be read or a close was not taken; the next pass begins where this one began.
pub async fn pass(engine: &Arc<Engine>) -> Result<u64, EngineFailure> {
    let began = engine.reader().cursor(CURSOR)?.unwrap_or(0);
    let now = engine.now();
    let missed_before = now.minus(MISSED_AFTER);
    let mut after = (began > 0).then(|| OrderId::from_number(began));
    let mut settled = Settled { up_to: began, unbroken: true };
    let mut closed = 0;
    loop {
        let reader = Arc::clone(engine.reader());
        let minted_before = missed_before.minus(engine.rules().payment_window);
        let read = move || reader.overdue_orders(after, minted_before, missed_before, PAGE);
        let page = tokio::task::spawn_blocking(read).await.map_err(|_| EngineFailure::Stopping)??;
        let Some(seen_up_to) = page.seen_up_to else { break };
        settled.take(page.first_unpaid, seen_up_to);
        let closes = page.overdue.iter().map(|order| close_order(*order, Actor::Scan)).collect();
        let answers = engine.execute_all(closes).await?;
        for (order, answer) in page.overdue.iter().zip(answers) {
            closed += u64::from(is_closed(*order, answer)?);
        }
        after = Some(seen_up_to);
    }
    engine.counters().found_by_scan.fetch_add(closed, Ordering::Relaxed);
    if settled.up_to > began {
        engine.move_cursor(CURSOR, Some(began), settled.up_to).await?;
    }
    Ok(closed)
}

/// Whether the order was closed by this answer. One that cannot be closed must not hide those behind it: it is told to the
/// log at every pass, and everything else goes on.
fn is_closed(order: OrderId, answer: Result<Reply, EngineFailure>) -> Result<bool, EngineFailure> {
    match answer {
        Ok(reply) => Ok(matches!(reply.outcome, Ok(Answer::Order(_)))),
        Err(failure) if failure.is_of_one_command() => {
            tracing::error!(%order, error.message = %failure, "an overdue order cannot be closed");
            Ok(false)
        }
        Err(failure) => Err(failure),
    }
}

/// Up to which order everything has left the unpaid states.
struct Settled {
    up_to: i64,
    unbroken: bool,
}

impl Settled {
    fn take(&mut self, first_unpaid: Option<OrderId>, seen_up_to: OrderId) {
        if !self.unbroken {
            return;
        }
        match first_unpaid {
            None => self.up_to = seen_up_to.number(),
            Some(order) => {
                self.up_to = self.up_to.max(order.number() - 1);
                self.unbroken = false;
            }
        }
    }
}
