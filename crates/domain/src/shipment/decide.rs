//! Decisions on parcels: handing units to a carrier, taking its facts, confirming receipt.
//!
//! Order of refusals of a new parcel: `not_found`, `version_mismatch`, `order_state` (nothing of the order waits to be
//! shipped), `invalid_request` (lines; too many parcels). Of a fact: `not_found`, `version_mismatch`; a fact that is known
//! already changes nothing and answers the parcel. Of a confirmation: `not_found`, `version_mismatch`, `order_state`
//! (nothing is on its way or delivered). A timer never refuses.

use alloc::{format, sync::Arc, vec::Vec};

use crate::{
    after_sale,
    answer::Answer,
    event::Event,
    ids::{OrderId, ShipmentId},
    order::Order,
    outbox::Task,
    payment::Books,
    refund::{self, RefundLine},
    refusal::{Refusal, Thing},
    scope::Scope,
    shipment::{
        ConfirmReceipt, CreateShipment, Shipment, ShipmentConfirmed, ShipmentCreated, ShipmentDelivered, ShipmentLine,
        ShipmentStatus, ShipmentUpdated, TrackShipment, TrackingFact,
    },
};

/// Most parcels of one order.
pub const SHIPMENTS_MAX: usize = 200;

/// Hands paid units to a carrier.
///
/// # Errors
/// See the order of refusals above.
pub fn create(scope: &mut Scope<'_>, command: &CreateShipment) -> Result<Answer, Refusal> {
    let mut books = Books::open(scope, command.order)?;
    Refusal::check_version(command.expected_version, books.order.version)?;
    if books.order.quantities.iter().all(|line| line.paid == 0) {
        return Err(Refusal::OrderState { status: books.order.status });
    }
    let units = units_to_ship(&books.order, &command.lines)?;
    if books.account.shipments.len() >= SHIPMENTS_MAX {
        return Err(Refusal::invalid("/lines", "the order has 200 shipments, which is as many as it may have"));
    }
    let id = ShipmentId::from_number(scope.mint.next(scope.now, command.order.bucket()));
    let is_connected = scope.rules.fulfilment.carriers.contains(&command.carrier);
    let line = |unit: &RefundLine| ShipmentLine { line: unit.line, quantity: unit.quantity, settled: 0 };
    let shipment = Shipment {
        id,
        order: command.order,
        lines: units.iter().map(line).collect(),
        carrier: Arc::clone(&command.carrier),
        tracking_number: Arc::clone(&command.tracking_number),
        status: ShipmentStatus::InTransit,
        status_at: None,
        facts: Vec::new(),
        announced: false,
        ask_at: is_connected.then(|| scope.now.plus(scope.rules.fulfilment.track_interval)),
        asks: 0,
        note: None,
        delivered_at: None,
        confirm_due: None,
        confirmed_at: None,
        version: 1,
        created_at: scope.now,
        updated_at: scope.now,
    };
    books.account.shipments.push(id);
    let shipment = books.put_shipment(scope, shipment);
    let (carrier, tracking_number) = (Arc::clone(&command.carrier), Arc::clone(&command.tracking_number));
    let created = ShipmentCreated { shipment: id, lines: units, carrier, tracking_number };
    books.record(scope, Event::ShipmentCreated(created));
    if is_connected {
        scope.send(command.order, Task::AnnounceShipment(id));
    }
    books.close(scope);
    Ok(Answer::Shipment(shipment))
}

/// The units of the request by line, each of them paid and not shipped.
fn units_to_ship(order: &Order, wanted: &[RefundLine]) -> Result<Vec<RefundLine>, Refusal> {
    if wanted.is_empty() {
        return Err(Refusal::invalid("/lines", "must name at least one unit"));
    }
    let units = refund::decide::merged(wanted);
    for unit in &units {
        let at = wanted.iter().position(|line| line.line == unit.line).unwrap_or(0);
        let Some(line) = order.quantities.get(unit.line) else {
            return Err(Refusal::invalid_at(format!("/lines/{at}/line"), "is not a line of the order"));
        };
        if wanted.iter().any(|line| line.line == unit.line && line.quantity == 0) || unit.quantity > line.paid {
            let detail = "must be from 1 to the paid units of the line that are not shipped";
            return Err(Refusal::invalid_at(format!("/lines/{at}/quantity"), detail));
        }
    }
    Ok(units)
}

/// Takes a fact that somebody tells.
///
/// # Errors
/// See the order of refusals above.
pub fn track(scope: &mut Scope<'_>, command: &TrackShipment) -> Result<Answer, Refusal> {
    let shipment = scope.shipment(command.shipment).cloned().ok_or(Refusal::NotFound { thing: Thing::Shipment })?;
    Refusal::check_version(command.expected_version, shipment.version)?;
    let mut books = Books::open(scope, shipment.order)?;
    take_fact(scope, &mut books, shipment.id, &command.fact);
    books.close(scope);
    Ok(Answer::Shipment(scope.shipment(command.shipment).cloned().expect("it was there a moment ago")))
}

/// Folds a fact into its parcel and moves the parcel's units along.
pub(crate) fn take_fact(scope: &mut Scope<'_>, books: &mut Books, id: ShipmentId, fact: &TrackingFact) {
    let Some(before) = scope.shipment(id).cloned() else { return };
    let Some(mut shipment) = before.fold(fact, scope.now) else { return };
    let moves_units = before.confirmed_at.is_none();
    if shipment.status == before.status {
        books.put_shipment(scope, shipment);
        return;
    }
    shipment.ask_at = shipment.ask_at.filter(|_| !shipment.status.is_final());
    let happened_at = fact.at;
    let event = match shipment.status {
        ShipmentStatus::Delivered => {
            shipment.delivered_at = Some(scope.now);
            if moves_units {
                shipment.confirm_due = Some(scope.now.plus(scope.rules.fulfilment.auto_confirm_after));
            }
            let lines = if moves_units { shipment.units() } else { Vec::new() };
            Event::ShipmentDelivered(ShipmentDelivered { shipment: id, lines, happened_at })
        }
        status => {
            let returns = status == ShipmentStatus::Returned;
            let waiting = if returns { shipment.units() } else { Vec::new() };
            let was_delivered = returns && before.status == ShipmentStatus::Delivered;
            shipment.confirm_due = None;
            Event::ShipmentUpdated(ShipmentUpdated { shipment: id, status, happened_at, waiting, was_delivered })
        }
    };
    let has_come_back = shipment.status == ShipmentStatus::Returned;
    books.put_shipment(scope, shipment);
    books.record(scope, event);
    if has_come_back {
        after_sale::decide::end_uncovered(scope, books);
    }
}

/// The buyer has everything that was shipped.
///
/// # Errors
/// See the order of refusals above.
pub fn confirm_receipt(scope: &mut Scope<'_>, command: ConfirmReceipt) -> Result<Answer, Refusal> {
    let mut books = Books::open(scope, command.order)?;
    Refusal::check_version(command.expected_version, books.order.version)?;
    if books.order.quantities.iter().all(|line| line.shipped + line.delivered == 0) {
        return Err(Refusal::OrderState { status: books.order.status });
    }
    for shipment in books.shipments(scope) {
        if shipment.confirmed_at.is_none() && shipment.status != ShipmentStatus::Returned {
            confirm(scope, &mut books, &shipment);
        }
    }
    Ok(Answer::Order(books.close(scope)))
}

/// Confirms the receipt of the parcels whose time to object is over. While an after-sale may still bring units back, it waits.
///
/// # Errors
/// `not_found`.
pub fn confirm_due(scope: &mut Scope<'_>, order: OrderId) -> Result<Answer, Refusal> {
    let mut books = Books::open(scope, order)?;
    if !books.waits_for_goods(scope) {
        for shipment in books.shipments(scope) {
            if shipment.confirm_due.is_some_and(|due| due <= scope.now) {
                confirm(scope, &mut books, &shipment);
            }
        }
    }
    Ok(Answer::Order(books.close(scope)))
}

fn confirm(scope: &mut Scope<'_>, books: &mut Books, shipment: &Shipment) {
    let event =
        ShipmentConfirmed { shipment: shipment.id, lines: shipment.units(), was_delivered: shipment.is_with_buyer() };
    let confirmed = Shipment {
        confirmed_at: Some(scope.now),
        confirm_due: None,
        ask_at: None,
        version: shipment.version + 1,
        updated_at: scope.now,
        ..shipment.clone()
    };
    books.put_shipment(scope, confirmed);
    books.record(scope, Event::ShipmentConfirmed(event));
}

/// Takes units of a line that the buyer has out of their parcels, as far as they are in parcels that are not confirmed.
pub(crate) fn settle_delivered(scope: &mut Scope<'_>, books: &mut Books, unit: RefundLine) {
    let quantity = books.order.quantities[unit.line].delivered.min(unit.quantity);
    if quantity > 0 {
        settle(scope, books, RefundLine { quantity, ..unit }, Shipment::is_with_buyer);
    }
}

/// Takes units of a line out of the parcels that are on their way, or with the buyer, oldest first: an after-sale has dealt
/// with them. The order's buckets are moved by the after-sale's own event.
///
/// # Panics
/// When the parcels hold fewer: the buckets of a line are the sums over its parcels.
pub(crate) fn settle(scope: &mut Scope<'_>, books: &mut Books, unit: RefundLine, is_settled: fn(&Shipment) -> bool) {
    let mut left = unit.quantity;
    for shipment in books.shipments(scope) {
        if left == 0 || !is_settled(&shipment) {
            continue;
        }
        let mut next = shipment.as_ref().clone();
        for line in next.lines.iter_mut().filter(|line| line.line == unit.line) {
            let taken = left.min(line.quantity - line.settled);
            line.settled += taken;
            left -= taken;
        }
        if next != *shipment {
            (next.version, next.updated_at) = (next.version + 1, scope.now);
            books.put_shipment(scope, next);
        }
    }
    assert!(left == 0, "the shipped and delivered units of a line are those of its parcels ({})", books.order.id);
}
