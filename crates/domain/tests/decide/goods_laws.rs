//! What holds of all goods together after every command: where units stand is told alike by the order's buckets and by its
//! parcels, units are claimed once, and whatever is open has a next step. Written from the rows alone.

use ordain_domain::{
    after_sale::{AfterSale, AfterSaleKind, AfterSaleStatus, LegState},
    ids::OrderId,
    order::{Order, fold::status_of},
    refund::RefundStatus,
    shipment::{Shipment, ShipmentStatus},
    timer::{Timer, TimerKind},
};

use crate::{laws::was_paid, world::World};

/// Panics with what is broken.
pub(crate) fn check(world: &World) {
    for order in world.all.orders.values() {
        let account = world.account(order.id);
        let shipments: Vec<&Shipment> = account.shipments.iter().map(|id| world.all.shipments[id].as_ref()).collect();
        let after_sales: Vec<&AfterSale> =
            account.after_sales.iter().map(|id| world.all.after_sales[id].as_ref()).collect();
        if was_paid(world, order.id) {
            assert_eq!(order.status, status_of(&order.quantities), "the status of {} follows its units", order.id);
        }
        buckets(order, &shipments);
        claims(order, &after_sales);
        legs(world, &after_sales);
        timers(world, order, &shipments, &after_sales);
    }
    let named: usize = world.all.accounts.values().map(|account| account.shipments.len()).sum();
    assert_eq!(named, world.all.shipments.len(), "every parcel is on its order's account");
    let named: usize = world.all.accounts.values().map(|account| account.after_sales.len()).sum();
    assert_eq!(named, world.all.after_sales.len(), "every after-sale is on its order's account");
}

/// Shipped and delivered units are those of the parcels; none is in two.
fn buckets(order: &Order, shipments: &[&Shipment]) {
    for (line, quantities) in order.quantities.iter().enumerate() {
        let of = |is: fn(&Shipment) -> bool| -> u32 {
            let units = shipments.iter().filter(|shipment| is(shipment)).flat_map(|shipment| shipment.units());
            units.filter(|unit| unit.line == line).map(|unit| unit.quantity).sum()
        };
        assert_eq!(of(Shipment::is_on_its_way), quantities.shipped, "shipped units of {} in line {line}", order.id);
        assert_eq!(of(Shipment::is_with_buyer), quantities.delivered, "delivered units of {} in line {line}", order.id);
        assert_eq!(quantities.sum(), u64::from(order.placed.lines[line].quantity), "the buckets of {}", order.id);
    }
}

/// Units are in at most one open after-sale, and none is claimed that is not there.
fn claims(order: &Order, after_sales: &[&AfterSale]) {
    for (line, quantities) in order.quantities.iter().enumerate() {
        let sum = |kinds: &[AfterSaleKind]| -> u32 {
            let open = after_sales.iter().filter(|row| row.status.claims_units() && kinds.contains(&row.kind));
            open.flat_map(|row| &row.lines).filter(|entry| entry.line == line).map(|entry| entry.quantity).sum()
        };
        let own = after_sales.iter().flat_map(|row| &row.lines).filter(|entry| entry.line == line);
        let kept: u32 = own.map(|entry| entry.kept).sum();
        let with_buyer = quantities.delivered + quantities.confirmed;
        let goods = kept + sum(&[AfterSaleKind::Return, AfterSaleKind::Exchange]);
        assert!(goods <= with_buyer, "units of {} that are to come back are there", order.id);
        let all = goods + sum(&[AfterSaleKind::Refund]);
        assert!(all <= with_buyer + quantities.shipped, "units of {} are claimed once", order.id);
    }
}

fn legs(world: &World, after_sales: &[&AfterSale]) {
    for row in after_sales {
        let is_exchange = row.kind == AfterSaleKind::Exchange;
        assert_eq!(row.replacement.is_some(), is_exchange, "{row:?}");
        for line in &row.lines {
            assert!(line.accepted() + line.refused <= line.quantity && line.kept <= line.quantity, "{row:?}");
        }
        let refunding = |id| world.all.refunds[id].status != RefundStatus::Succeeded;
        if row.status == AfterSaleStatus::Refunding {
            assert!(row.refunds.iter().any(refunding), "{} waits for a refund that is under way", row.id);
        }
        if row.status == AfterSaleStatus::Completed {
            assert!(!row.refunds.iter().any(refunding), "{} is completed with its money back", row.id);
        }
        let Some(leg) = &row.replacement else { continue };
        let holds = matches!(leg.state, LegState::Taken);
        assert!(!holds || row.status.is_open(), "an ended after-sale holds no stock: {row:?}");
        assert_eq!(leg.state == LegState::Sent, leg.sent.is_some(), "{row:?}");
        for payment in world.all.payments.values().filter(|payment| payment.after_sale == Some(row.id)) {
            let kept = if leg.payment == Some(payment.id) { leg.paid } else { 0 };
            assert_eq!(
                payment.refundable(),
                kept,
                "of what was paid for a difference only what is owed is kept: {row:?}"
            );
        }
        if row.status == AfterSaleStatus::Received {
            assert!(holds && leg.pay_by.is_some() && leg.paid == 0, "it waits for money until a time: {row:?}");
        }
    }
}

/// Whatever is due has its one timer.
fn timers(world: &World, order: &Order, shipments: &[&Shipment], after_sales: &[&AfterSale]) {
    let waits = after_sales.iter().any(|row| row.status.claims_units());
    let confirm = shipments.iter().filter_map(|shipment| shipment.confirm_due).min().filter(|_| !waits);
    assert_eq!(due_of(world, order.id, TimerKind::ConfirmReceipt), confirm, "confirming parcels of {}", order.id);
    let ask = shipments.iter().filter_map(|shipment| shipment.ask_at).min();
    assert_eq!(due_of(world, order.id, TimerKind::AskCarriers), ask, "asking carriers about {}", order.id);
    let work = after_sales.iter().filter_map(|row| row.due()).min();
    assert_eq!(due_of(world, order.id, TimerKind::WorkAfterSales), work, "after-sales of {}", order.id);
    for shipment in shipments {
        let waits = shipment.is_with_buyer() && shipment.status == ShipmentStatus::Delivered;
        assert_eq!(waits, shipment.confirm_due.is_some(), "a delivered parcel is confirmed some day: {shipment:?}");
    }
}

fn due_of(world: &World, order: OrderId, kind: TimerKind) -> Option<ordain_domain::time::Timestamp> {
    let timers: Vec<Timer> = world.timers();
    let own: Vec<&Timer> = timers.iter().filter(|timer| timer.kind == kind && timer.order == order).collect();
    assert!(own.len() <= 1, "one timer a kind and order: {own:?}");
    own.first().map(|timer| timer.due)
}
