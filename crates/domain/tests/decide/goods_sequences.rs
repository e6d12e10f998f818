//! Any sequence of shipping, tracking, confirming, cancelling, refunding and after-sales: the laws hold after each step, and
//! once everybody answers, everything comes to an end and no cent is lost.

use std::sync::Arc;

use ordain_domain::{
    after_sale::{AfterSale, AfterSaleKind, AfterSaleStatus, Inspection},
    command::Command,
    ids::{AfterSaleId, OrderId, ShipmentId},
    order::{OrderStatus, PlaceOrder},
    outbox::Task,
    payment::{CallOutcome, ChannelReport, ReportedState},
    refund::{RefundStatus, RequestRefund},
    rules::ReviewOutcome,
    shipment::ShipmentStatus,
    time::Span,
};
use proptest::{collection::vec, prelude::*};

use crate::{
    goods::{
        approve, cancel_units, confirm, create_shipment, open, receive, receive_lines, reject, reship, ship_back,
        track, units, withdraw,
    },
    laws,
    world::{World, basket, buyer, open_payment, operator, report, with_coupon},
};

/// What happens; things are named by a number that is taken modulo how many there are.
#[derive(Clone, Debug)]
enum Happening {
    Ship(Vec<(usize, u32)>),
    Track { shipment: usize, status: usize, second: i64 },
    Confirm,
    CancelUnits(Vec<(usize, u32)>),
    Refund { units: Option<(usize, u32)>, amount: Option<i64> },
    Open { kind: usize, lines: Vec<(usize, u32, usize)> },
    Step { after_sale: usize, step: usize, outcome: usize, units: Option<(usize, u32)> },
    PayDifference { again: bool },
    Notify { payment: usize, captured: bool },
    GiveBack,
    Wait(u64),
}

fn unit() -> impl Strategy<Value = (usize, u32)> {
    (0..2_usize, 1..4_u32)
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        5 => vec(unit(), 1..3).prop_map(Happening::Ship),
        6 => (0..6_usize, 0..ShipmentStatus::ALL.len(), 0..20_i64)
            .prop_map(|(shipment, status, second)| Happening::Track { shipment, status, second }),
        1 => Just(Happening::Confirm),
        1 => vec(unit(), 0..2).prop_map(Happening::CancelUnits),
        1 => (prop::option::of(unit()), prop::option::of(1..200_i64))
            .prop_map(|(units, amount)| Happening::Refund { units, amount }),
        5 => (0..3_usize, vec((0..2_usize, 1..3_u32, 0..4_usize), 1..3))
            .prop_map(|(kind, lines)| Happening::Open { kind, lines }),
        12 => (0..6_usize, 0..7_usize, 0..3_usize, prop::option::weighted(0.3, unit()))
            .prop_map(|(after_sale, step, outcome, units)| Happening::Step { after_sale, step, outcome, units }),
        1 => any::<bool>().prop_map(|again| Happening::PayDifference { again }),
        2 => (0..6_usize, any::<bool>()).prop_map(|(payment, captured)| Happening::Notify { payment, captured }),
        2 => Just(Happening::GiveBack),
        2 => prop_oneof![0..20_u64, 900..1_000_u64, 86_400..900_000_u64].prop_map(Happening::Wait),
    ]
}

fn nth<T: Copy>(things: impl Iterator<Item = T>, index: usize) -> Option<T> {
    let things: Vec<T> = things.collect();
    (!things.is_empty()).then(|| things[index % things.len()])
}

fn step_of(id: AfterSaleId, step: usize, outcome: usize, units: Option<(usize, u32)>) -> Command {
    let outcome = [Inspection::Restock, Inspection::Scrap, Inspection::Refuse][outcome];
    match step {
        0 => approve(id),
        1 => reject(id),
        2 => withdraw(id),
        3 => ship_back(id),
        4 => reship(id),
        _ => match units {
            Some((line, quantity)) => receive_lines(id, outcome, &[(line, Some(quantity), None)]),
            None => receive(id, outcome),
        },
    }
}

fn command(world: &World, order: OrderId, what: &Happening) -> Option<Command> {
    Some(match what {
        Happening::Ship(lines) => create_shipment(order, lines),
        Happening::Track { shipment, status, second } => {
            let shipment: ShipmentId = nth(world.all.shipments.keys().copied(), *shipment)?;
            let at = ordain_domain::time::Timestamp(world.now.0 - second * 1_000_000);
            track(shipment, ShipmentStatus::ALL[*status], at)
        }
        Happening::Confirm => confirm(order),
        Happening::CancelUnits(lines) => cancel_units(order, lines),
        Happening::Refund { units: of, amount } => {
            let amount = amount.filter(|_| of.is_none());
            let lines = units(&of.iter().copied().collect::<Vec<_>>());
            let reason = Arc::from("because");
            Command::RequestRefund(RequestRefund { order, lines, amount, reason, expected_version: None })
        }
        Happening::Open { kind, lines } => {
            let kind = AfterSaleKind::ALL[*kind];
            let wanted = [None, Some("a"), Some("b"), Some("free")];
            let is_exchange = kind == AfterSaleKind::Exchange;
            let line = |(line, quantity, sku): &(usize, u32, usize)| {
                (*line, *quantity, if is_exchange { wanted[*sku] } else { None })
            };
            open(order, kind, &lines.iter().map(line).collect::<Vec<_>>())
        }
        Happening::Step { after_sale, step, outcome, units } => {
            let id = nth(world.all.after_sales.keys().copied(), *after_sale)?;
            step_of(id, *step, *outcome, *units)
        }
        Happening::PayDifference { .. } => open_payment(order),
        Happening::Notify { .. } | Happening::GiveBack | Happening::Wait(_) => return None,
    })
}

fn happen(world: &mut World, order: OrderId, what: &Happening) {
    if let Some(command) = command(world, order, what) {
        drop(world.one(&operator(command)));
    }
    match what {
        Happening::Notify { payment, captured } => {
            let Some(payment) = nth(world.all.payments.keys().copied(), *payment) else { return };
            let row = world.payment(payment);
            let state = if *captured { ReportedState::Captured } else { ReportedState::Failed };
            world.notify(&report(&row, state));
        }
        Happening::PayDifference { again: true } => {
            let open: Vec<_> = world.all.payments.values().filter(|row| row.after_sale.is_some()).cloned().collect();
            for payment in open {
                world.notify(&report(&payment, ReportedState::Captured));
            }
        }
        Happening::GiveBack => world.give_back(),
        Happening::Wait(seconds) => {
            world.wait(Span::seconds(*seconds));
            world.fire();
        }
        _ => {}
    }
}

/// Everybody answers: channels carry out what they are told, parcels arrive, the shop takes its steps, timers fire.
fn settle(world: &mut World, order: OrderId) {
    for _ in 0..200 {
        for message in world.messages() {
            let outcome = match message.task {
                Task::OpenPayment(id) | Task::QueryPayment(id) | Task::ClosePayment(id) => {
                    let row = world.payment(id);
                    let state = if row.captured > 0 { ReportedState::Captured } else { ReportedState::Closed };
                    CallOutcome::Answered(ChannelReport::Payment(report(&row, state)))
                }
                _ => continue,
            };
            world.answer(&message, outcome);
        }
        world.give_back();
        for shipment in world.all.shipments.keys().copied().collect::<Vec<_>>() {
            if !world.shipment(shipment).status.is_final() {
                world.track(shipment, ShipmentStatus::Delivered);
            }
        }
        for id in world.all.after_sales.keys().copied().collect::<Vec<_>>() {
            match world.after_sale(id).status {
                AfterSaleStatus::Returning => drop(world.step_after_sale(receive(id, Inspection::Restock))),
                AfterSaleStatus::Reshipping => drop(world.step_after_sale(reship(id))),
                _ => {}
            }
        }
        if world.order(order).quantities.iter().any(|line| line.paid > 0) {
            drop(world.one(&operator(cancel_units(order, &[]))));
        }
        let Some(timer) = world.timers().first().copied() else {
            let waits =
                |row: &AfterSale| matches!(row.status, AfterSaleStatus::Returning | AfterSaleStatus::Reshipping);
            if world.messages().is_empty() && !world.all.after_sales.values().any(|row| waits(row)) {
                return;
            }
            continue;
        };
        world.now = world.now.max(timer.due);
        world.fire();
    }
    panic!("it never comes to an end: {:?} {:?}", world.timers(), world.messages());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 800, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_keeps_the_laws_of_goods_and_comes_to_an_end(
        happenings in vec(happening(), 1..70), points in 0_i64..60, has_coupon in any::<bool>(), rejects in any::<bool>(),
        rate in 0_i64..3,
    ) {
        let mut world = World::shop();
        world.give_points("u-1", 60);
        world.rules.fulfilment.points_per_100 = rate;
        if rejects {
            world.rules.after_sales.review_outcome = ReviewOutcome::Reject;
        }
        let mut place = PlaceOrder { points, ..basket(&[("a", 4), ("b", 3)]) };
        if has_coupon {
            place = with_coupon(place, world.grant("u-1", "tenth").id);
        }
        let order = world.place(&buyer(place)).id;
        world.pay(order);
        for what in &happenings {
            happen(&mut world, order, what);
            laws::check(&world);
        }
        settle(&mut world, order);
        laws::check(&world);
        let row = world.order(order);
        prop_assert!(matches!(row.status, OrderStatus::Completed | OrderStatus::Cancelled), "{:?}", row);
        for after_sale in world.all.after_sales.values() {
            prop_assert!(!after_sale.status.is_open(), "{after_sale:?}");
        }
        for refund in world.all.refunds.values() {
            prop_assert_eq!(refund.status, RefundStatus::Succeeded);
        }
    }

    /// Whatever parts of an order go back one after the other, all of them together are the paid total, to the cent.
    #[test]
    fn returns_of_everything_add_up_to_the_paid_total(
        points in 0_i64..60, has_coupon in any::<bool>(), fee in 0_i64..400, picks in vec((0..2_usize, 1..4_u32, 0..2_usize), 0..12),
    ) {
        let mut world = World::shop();
        world.rules.shipping.fee = fee;
        world.give_points("u-1", 60);
        let mut place = PlaceOrder { points, ..basket(&[("a", 7), ("b", 5)]) };
        if has_coupon {
            place = with_coupon(place, world.grant("u-1", "tenth").id);
        }
        let order = world.place(&buyer(place)).id;
        world.pay(order);
        let parcel = world.ship(order, &[(0, 7), (1, 5)]).id;
        world.track(parcel, ShipmentStatus::Delivered);
        let rest = (0..12).flat_map(|_| [(0, 1, 0), (1, 1, 0)]);
        for (line, quantity, kind) in picks.into_iter().chain(rest) {
            let kind = [AfterSaleKind::Return, AfterSaleKind::Refund][kind];
            let opened = world.one(&operator(open(order, kind, &[(line, quantity, None)]))).outcome;
            let Ok(ordain_domain::answer::Answer::AfterSale(opened)) = opened else { continue };
            world.step_after_sale(approve(opened.id));
            if kind == AfterSaleKind::Return {
                world.step_after_sale(receive(opened.id, Inspection::Restock));
            }
            laws::check(&world);
        }
        let (account, row) = (world.account(order), world.order(order));
        prop_assert_eq!(account.refunding, row.placed.price.total);
        prop_assert_eq!(world.points_of("u-1").balance, 60);
        world.give_back();
        prop_assert_eq!(world.account(order).refunded, row.placed.price.total);
        prop_assert!(world.all.after_sales.values().all(|after_sale| after_sale.status == AfterSaleStatus::Completed));
    }
}
