//! `GET /v1/orders/{id}/watch`: the order at once, then at every change, as server-sent events.
//!
//! What is sent is read from the log, never from a buffer, so that a slow or returning watcher misses nothing: each event's
//! `id` is the position in the log, and `Last-Event-ID` goes on behind it. The stream ends when the server stops.

use std::collections::VecDeque;

use axum::{extract, http::HeaderMap, response::Response};
use futures_util::stream;
use ordain_domain::{event::EventRecord, ids::OrderId, order::Order};
use ordain_engine::watch::Watch;

use crate::{
    app::SharedApp,
    event_stream::{self, drained, event_of, last_event_id},
    path::Named,
    problem::Problem,
    refusal::problem_of_failure,
    wire::order_view::OrderView,
};

/// Watch an order
#[utoipa::path(
    get, path = "/v1/orders/{id}/watch", tag = "orders", operation_id = "watch_order",
    params(
        ("id" = String, Path, description = "`ord_…`"),
        ("Last-Event-ID" = Option<String>, Header, description = "The id of the last event that was received")
    ),
    responses((status = 200, content_type = "text/event-stream", body = OrderView,
        description = "Server-sent events: `event` is the type of the order's last event, `data` the order after it"))
)]
pub(crate) async fn watch_order(
    extract::State(app): extract::State<SharedApp>,
    Named(id): Named<OrderId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    // The watch begins before the order is read: a change in between is then told, at worst twice to nobody's harm.
    let watch = app.engine.watch(id).map_err(|failure| problem_of_failure(&failure))?;
    let records = app.read(|reader| reader.order_events(id, 0))?;
    let mut watcher = Watcher { app, watch, id, order: None, unsent: VecDeque::new() };
    watcher.take(&records);
    match last_event_id(&headers) {
        Some(position) => watcher.unsent.retain(|state| state.order.last_event > position),
        None => watcher.unsent.drain(..watcher.unsent.len().saturating_sub(1)).for_each(drop),
    }
    if watcher.order.is_none() {
        return Err(Problem::not_found("order"));
    }
    Ok(event_stream::respond(stream::unfold(watcher, |mut watcher| async move {
        let State { order, cause } = watcher.next().await?;
        Some((event_of(order.last_event, cause, &OrderView::from(&order)), watcher))
    })))
}

/// One watcher of one order.
struct Watcher {
    app: SharedApp,
    watch: Watch<OrderId>,
    id: OrderId,
    /// The order as last read.
    order: Option<Order>,
    /// The order after each change that was not sent yet, oldest first.
    unsent: VecDeque<State>,
}

/// The order after one of its events.
struct State {
    order: Order,
    /// The type of that event.
    cause: &'static str,
}

impl Watcher {
    /// The next state of the order to be sent; none when the stream shall end.
    async fn next(&mut self) -> Option<State> {
        let mut draining = self.app.draining.clone();
        loop {
            if let Some(state) = self.unsent.pop_front() {
                return Some(state);
            }
            tokio::select! {
                biased;
                () = drained(&mut draining) => return None,
                _ = self.watch.changed() => {}
            }
            let known = self.order.as_ref().map_or(0, |order| order.version);
            match self.app.read(|reader| reader.order_events(self.id, known)) {
                Ok(records) => self.take(&records),
                // The client comes back with the position of what it has.
                Err(_) => return None,
            }
        }
    }

    fn take(&mut self, records: &[EventRecord]) {
        for record in records {
            let Some(order) = Order::apply(self.order.as_ref(), record) else {
                tracing::error!(order_id = %self.id, seq = record.seq, "an event does not follow from those before it");
                return;
            };
            self.unsent.push_back(State { order: order.clone(), cause: record.event.type_name() });
            self.order = Some(order);
        }
    }
}
