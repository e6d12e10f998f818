//! The consumer group that writes one log line for every change of an order's status.
//!
//! It reads the event log, so that the lines cost the batches nothing and none is missing after a crash (one may come
//! twice). Who and where to ship is not logged.

use std::sync::Arc;

use ordain_domain::{
    event::{EventRecord, Subject},
    order::Order,
};
use ordain_engine::{
    Engine,
    consumer::{EventHandler, HandlerFailure},
};

/// Writes the lines.
pub(super) struct TransitionLog(pub(super) Arc<Engine>);

impl EventHandler for TransitionLog {
    async fn handle(&self, events: &[EventRecord]) -> Result<(), HandlerFailure> {
        for record in events {
            let Subject::Order(order) = record.subject else { continue };
            let before = match record.seq {
                1 => None,
                seq => self.0.order_at(order, seq - 1).map_err(|failure| HandlerFailure(failure.to_string()))?,
            };
            let Some(after) = Order::apply(before.as_ref(), record) else { continue };
            let from = before.map(|order| order.status);
            if from != Some(after.status) {
                let (from, to) = (from.map_or("", |status| status.as_str()), after.status.as_str());
                let command = record.event.type_name();
                tracing::info!(order_id = %order, from, to, command, version = record.seq, "order transition");
            }
        }
        Ok(())
    }
}
