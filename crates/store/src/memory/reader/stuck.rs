//! What does not go on by itself, by looking at every row.

use ordain_domain::{order::OrderStatus, payment::ReceiptVerdict, refund::RefundStatus, time::Timestamp};
use ordain_engine::port::store::{Backlog, Stuck, StuckBefore, StuckThing};

use super::super::state::State;

/// Everything that is stuck, kind by kind, each list cut to its limit.
pub(super) fn list(state: &State, before: StuckBefore, limit: usize) -> Vec<Stuck> {
    let closing = closing(state).filter(|stuck| stuck.since < before.closing);
    let mut closing: Vec<Stuck> = closing.collect();
    closing.sort_by_key(|stuck| (stuck.since, stuck.order));
    let messages = state.messages.values().filter(|message| message.created_at < before.messages);
    let messages = messages.map(|message| Stuck {
        what: StuckThing::WaitingMessage(message.id, message.task),
        order: Some(message.order),
        since: message.created_at,
    });
    let timers = state.timers.iter().take_while(|timer| timer.due < before.timers);
    let timers = timers.map(|timer| Stuck {
        what: StuckThing::OverdueTimer(timer.kind),
        order: Some(timer.order),
        since: timer.due,
    });
    let people = payments(state).take(limit).chain(refunds(state).take(limit)).chain(receipts(state).take(limit));
    let goods = after_sales(state, before.after_sales).take(limit).chain(shipments(state).take(limit));
    people
        .chain(goods)
        .chain(closing.into_iter().take(limit))
        .chain(messages.take(limit))
        .chain(timers.take(limit))
        .collect()
}

/// How much waits.
pub(super) fn backlog(state: &State, before: Timestamp) -> Backlog {
    let count = |list: &mut dyn Iterator<Item = Stuck>| list.count() as u64;
    Backlog {
        messages: state.messages.len() as u64,
        oldest_message: state.messages.values().map(|message| message.created_at).min(),
        closing_orders: count(&mut closing(state)),
        manual_payments: count(&mut payments(state)),
        manual_refunds: count(&mut refunds(state)),
        quarantined_receipts: count(&mut receipts(state)),
        waiting_after_sales: count(&mut after_sales(state, before)),
        stopped_shipments: count(&mut shipments(state)),
    }
}

fn closing(state: &State) -> impl Iterator<Item = Stuck> {
    let closing = state.rows.orders.values().filter(|order| order.status == OrderStatus::Closing);
    closing.map(|order| Stuck { what: StuckThing::ClosingOrder, order: Some(order.id), since: order.updated_at })
}

fn payments(state: &State) -> impl Iterator<Item = Stuck> {
    let manual = state.rows.payments.values().filter(|payment| payment.is_manual);
    manual.map(|payment| Stuck {
        what: StuckThing::ManualPayment(payment.id),
        order: Some(payment.order),
        since: payment.updated_at,
    })
}

fn refunds(state: &State) -> impl Iterator<Item = Stuck> {
    let manual = state.rows.refunds.values().filter(|refund| refund.status == RefundStatus::Manual);
    manual.map(|refund| Stuck {
        what: StuckThing::ManualRefund(refund.id),
        order: Some(refund.order),
        since: refund.updated_at,
    })
}

fn receipts(state: &State) -> impl Iterator<Item = Stuck> {
    let quarantined = state.rows.receipts.values().filter(|receipt| receipt.verdict == ReceiptVerdict::Quarantined);
    quarantined.map(|receipt| {
        let payment = receipt.payment.and_then(|payment| state.rows.payments.get(&payment));
        Stuck {
            what: StuckThing::QuarantinedReceipt(receipt.id),
            order: payment.map(|payment| payment.order),
            since: receipt.arrived_at,
        }
    })
}

fn after_sales(state: &State, before: Timestamp) -> impl Iterator<Item = Stuck> {
    let waiting = state.rows.after_sales.values().filter(move |after_sale| after_sale.waits_for_goods_since(before));
    waiting.map(|after_sale| Stuck {
        what: StuckThing::WaitingAfterSale(after_sale.id, after_sale.status),
        order: Some(after_sale.order),
        since: after_sale.updated_at,
    })
}

fn shipments(state: &State) -> impl Iterator<Item = Stuck> {
    let stopped = state.rows.shipments.values().filter(|shipment| shipment.is_stopped());
    stopped.map(|shipment| Stuck {
        what: StuckThing::StoppedShipment(shipment.id),
        order: Some(shipment.order),
        since: shipment.updated_at,
    })
}
