//! The consumer group that writes one log line for every change of an order's status.
//!
//! It reads the event log, so that the lines cost the batches nothing and none is missing after a crash (one may come
//! twice). Who and where to ship is not logged.

use ordain_domain::event::{Event, EventRecord, Subject};
use ordain_engine::consumer::{EventHandler, HandlerFailure};

/// Writes the lines.
pub(super) struct TransitionLog;

impl EventHandler for TransitionLog {
    async fn handle(&self, events: &[EventRecord]) -> Result<(), HandlerFailure> {
        for record in events {
            let Subject::Order(order) = record.subject else { continue };
            let (from, to, command) = match &record.event {
                Event::OrderPlaced(_) => ("", "pending_payment", "place_order"),
                Event::OrderPaid(_) => ("pending_payment", "paid", "place_order"),
                Event::OrderCancelled(_) => ("pending_payment", "cancelled", "cancel_order"),
                Event::StockAdjusted(_) | Event::CouponGranted(_) | Event::PointsAdjusted(_) => continue,
            };
            tracing::info!(order_id = %order, from, to, command, version = record.seq, "order transition");
        }
        Ok(())
    }
}
