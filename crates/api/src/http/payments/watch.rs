//! `GET /v1/payments/{id}/watch`: an attempt at once, then at every change, as server-sent events.
//!
//! An attempt's facts stand in the log of its order; an event's `id` is the position of the last one, and `Last-Event-ID` goes
//! on behind it with every fact that was missed. Changes without a fact (the channel took the attempt, its answer was lost)
//! are told under the position of the fact before. `data` is always the attempt as it stands when it is sent.

use std::{
    collections::{BTreeSet, VecDeque},
    sync::Arc,
};

use axum::{
    extract,
    http::HeaderMap,
    response::{Response, sse::Event as Sent},
};
use futures_util::stream;
use ordain_domain::{
    event::{Event, EventRecord},
    ids::{EventId, PaymentId, RefundId},
    payment::Payment,
};
use ordain_engine::watch::Watch;

use super::payment_of;
use crate::{
    app::SharedApp,
    event_stream::{self, drained, event_of, last_event_id},
    path::Named,
    problem::Problem,
    refusal::problem_of_failure,
    wire::payment::PaymentView,
};

/// Watch an attempt to pay
#[utoipa::path(
    get, path = "/v1/payments/{id}/watch", tag = "payments", operation_id = "watch_payment",
    params(
        ("id" = String, Path, description = "`pay_…`"),
        ("Last-Event-ID" = Option<String>, Header, description = "The id of the last event that was received")
    ),
    responses((status = 200, content_type = "text/event-stream", body = PaymentView,
        description = "Server-sent events: `event` is the type of the last event of the log about the attempt, `data` the attempt as it stands"))
)]
pub(crate) async fn watch_payment(
    extract::State(app): extract::State<SharedApp>,
    Named(id): Named<PaymentId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    // The watch begins before anything is read: a change in between is then told, at worst twice to nobody's harm.
    let watch = app.engine.watch_payment(id).map_err(|failure| problem_of_failure(&failure))?;
    let payment = payment_of(&app, id)?;
    let mut watcher = Watcher { app, watch, payment, facts: Facts::new(id), sent_version: 0 };
    watcher.read()?;
    watcher.facts.resume(last_event_id(&headers));
    Ok(event_stream::respond(stream::unfold(watcher, |mut watcher| async move {
        let event = watcher.next().await?;
        Some((event, watcher))
    })))
}

/// A fact about the attempt: its position and type.
type Fact = (EventId, &'static str);

/// The facts about one attempt among the events of its order.
struct Facts {
    payment: PaymentId,
    /// Refunds of its money.
    refunds: BTreeSet<RefundId>,
    /// Number of the last event of the order that was looked at.
    seen: u64,
    last: Option<Fact>,
    unsent: VecDeque<Fact>,
}

impl Facts {
    const fn new(payment: PaymentId) -> Facts {
        Facts { payment, refunds: BTreeSet::new(), seen: 0, last: None, unsent: VecDeque::new() }
    }

    fn take(&mut self, records: &[EventRecord]) {
        for record in records {
            self.seen = record.seq;
            if self.is_about(&record.event) {
                let fact = (record.id, record.event.type_name());
                self.last = Some(fact);
                self.unsent.push_back(fact);
            }
        }
    }

    fn is_about(&mut self, event: &Event) -> bool {
        match event {
            Event::PaymentOpened(opened) => opened.payment == self.payment,
            Event::PaymentCaptured(captured) => captured.payment == self.payment,
            Event::PaymentFailed(ended) | Event::PaymentClosed(ended) => ended.payment == self.payment,
            Event::PaymentSurplus(surplus) => surplus.payment == self.payment,
            Event::RefundRequested(requested) => {
                requested.payment == self.payment && self.refunds.insert(requested.refund)
            }
            Event::RefundSucceeded(succeeded) => self.refunds.contains(&succeeded.refund),
            Event::RefundFailed(failed) => self.refunds.contains(&failed.refund),
            Event::RefundRetried(retried) => self.refunds.contains(&retried.refund),
            _ => false,
        }
    }

    /// Leaves what a reader has not seen: everything behind its position. Without one, or with nothing missed, the last
    /// fact, so that every stream begins with the attempt.
    fn resume(&mut self, position: Option<EventId>) {
        if let Some(position) = position {
            self.unsent.retain(|(id, _)| *id > position);
        } else {
            self.unsent.clear();
        }
        if self.unsent.is_empty() {
            self.unsent.extend(self.last);
        }
    }
}

/// One watcher of one attempt.
struct Watcher {
    app: SharedApp,
    watch: Watch<PaymentId>,
    /// The attempt as last read; never older than the facts that were taken.
    payment: Arc<Payment>,
    facts: Facts,
    sent_version: u64,
}

impl Watcher {
    /// The next event to be sent; none when the stream shall end.
    async fn next(&mut self) -> Option<Sent> {
        let mut draining = self.app.draining.clone();
        loop {
            let unsent = self.facts.unsent.pop_front();
            let silent = self.facts.last.filter(|_| self.payment.version > self.sent_version);
            if let Some((position, kind)) = unsent.or(silent) {
                self.sent_version = self.payment.version;
                return Some(event_of(position, kind, &PaymentView::from(&*self.payment)));
            }
            tokio::select! {
                biased;
                () = drained(&mut draining) => return None,
                _ = self.watch.changed() => {}
            }
            // The client comes back with the position of what it has.
            self.read().ok()?;
        }
    }

    /// Reads the facts first and the attempt after them, so that no fact is told with an attempt from before it.
    fn read(&mut self) -> Result<(), Problem> {
        let records = self.app.read(|reader| reader.order_events(self.payment.order, self.facts.seen))?;
        self.facts.take(&records);
        self.payment = payment_of(&self.app, self.payment.id)?;
        Ok(())
    }
}
