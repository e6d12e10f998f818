//! An order, its events and its price: invariants 3 and 8.
//!
//! Rows are handed in; it finds none.

use ordain_domain::{
    event::{Event, EventRecord},
    ids::ConsumerName,
    order::{ORDER_EDGES, Order, OrderStatus, OrderStep, fold::status_of},
    price::PricedLine,
};

/// Invariant 3 for one order and its events, oldest first.
#[must_use]
pub fn problem_of_events(order: &Order, events: &[EventRecord]) -> Option<String> {
    if !(1..=order.version).eq(events.iter().map(|event| event.seq)) {
        let numbers: Vec<u64> = events.iter().map(|event| event.seq).collect();
        return Some(format!("the version is {}, the events are {numbers:?}", order.version));
    }
    match Order::fold(events) {
        None => Some("the events do not follow from each other".to_owned()),
        Some(folded) if &folded != order => Some(format!("the events fold to {folded:?}, the row is {order:?}")),
        Some(_) => None,
    }
}

/// Invariant 3 for the statuses that one order went through: read from its events one by one, oldest first, and compared with
/// the machine's table.
#[must_use]
pub fn problem_of_edges(order: &Order, events: &[EventRecord]) -> Option<String> {
    let mut now: Option<Order> = None;
    for record in events {
        let from = now.as_ref().map(|order| order.status);
        let step = || format!("event {} ({}) after {}", record.seq, record.event.type_name(), word(from));
        let Some(next) = Order::apply(now.as_ref(), record) else { return Some(format!("{} cannot be", step())) };
        let is_edge = ORDER_EDGES.iter().any(|edge| edge.from == from && edge.to == next.status);
        if from != Some(next.status) && !is_edge {
            return Some(format!("{} leads to {}, which is no edge", step(), next.status.as_str()));
        }
        let leaves_end = from != Some(next.status) && from.is_some_and(is_end);
        if leaves_end && !matches!(record.event, Event::OrderReinstated(_)) {
            return Some(format!("{} leads out of an end", step()));
        }
        now = Some(next);
    }
    let status = now.map(|order| order.status);
    if status != Some(order.status) {
        return Some(format!("the events end in {}, the row says {}", word(status), order.status.as_str()));
    }
    let by_units = status_of(&order.quantities);
    let follows = order.status.is_unpaid() || by_units == order.status;
    (!follows).then(|| format!("it is {}, its units say {}", order.status.as_str(), by_units.as_str()))
}

/// Whether nothing but late money leads out of a status.
fn is_end(status: OrderStatus) -> bool {
    ORDER_EDGES.iter().filter(|edge| edge.from == Some(status)).all(|edge| edge.step == OrderStep::Reinstate)
}

const fn word(status: Option<OrderStatus>) -> &'static str {
    match status {
        Some(status) => status.as_str(),
        None => "nothing",
    }
}

/// Invariant 3 for how far a consumer has come, in a log whose last event stands at `last`. The mark of a scan is no position.
#[must_use]
pub fn problem_of_cursor(consumer: &str, position: i64, last: i64) -> Option<String> {
    let reads_log = ConsumerName::new(consumer).is_ok_and(|name| name.is_of_log());
    (reads_log && position > last).then(|| format!("has handled {position}, the log ends at {last}"))
}

/// Invariant 8 for one order.
#[must_use]
pub fn problem_of_shares(order: &Order) -> Option<String> {
    let (lines, price) = (&order.placed.lines, &order.placed.price);
    let sum = |part: fn(&PricedLine) -> i64| lines.iter().map(part).sum::<i64>();
    let table = [
        ("goods", sum(|line| line.goods), price.goods),
        ("promotions", sum(|line| line.promotions), price.promotions),
        ("coupon", sum(|line| line.coupon), price.coupon),
        ("points", sum(|line| line.points), price.points),
        ("shipping", sum(|line| line.shipping), price.shipping),
        ("total", sum(PricedLine::payable), price.total),
        (
            "total by its parts",
            price.goods - price.promotions - price.coupon - price.points + price.shipping,
            price.total,
        ),
    ];
    if let Some((name, found, stored)) = table.into_iter().find(|(_, found, stored)| found != stored) {
        return Some(format!("{name}: the lines say {found}, the price says {stored}"));
    }
    let dear = lines.iter().any(|line| line.discount() > line.goods || line.payable() < 0);
    dear.then(|| "a line is discounted below zero".to_owned())
}
