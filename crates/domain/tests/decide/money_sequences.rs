//! Any sequence of what buyers, merchants, timers and misbehaving channels do: the laws hold after each step, and once the
//! channels answer again, everything comes to an end.

use std::sync::Arc;

use ordain_domain::{
    command::Command,
    ids::OrderId,
    money::Currency,
    order::{CancelReason, OrderStatus},
    outbox::{Message, Task},
    payment::{CallOutcome, ChannelReport, PaymentReport, PaymentStatus, RefundReport, ReportedState},
    refund::{RefundLine, RefundStatus, RequestRefund},
    rules::LateMoney,
    time::Span,
};
use proptest::{collection::vec, prelude::*};

use crate::{
    laws,
    world::{World, basket, buyer, cancel, open_payment, operator, report, user, with_coupon},
};

/// What happens; things are named by a number that is taken modulo how many there are.
#[derive(Clone, Debug)]
enum Happening {
    Place { user: usize, a: u32, b: u32, has_coupon: bool, points: i64 },
    Open(usize),
    Notify { payment: usize, state: usize, wrong: u8 },
    Deliver { message: usize, outcome: u8 },
    Cancel { order: usize, by_merchant: bool, units: Option<(usize, u32)> },
    Refund { order: usize, units: Option<(usize, u32)>, amount: Option<i64> },
    Wait(u64),
}

const STATES: [ReportedState; 7] = [
    ReportedState::NotFound,
    ReportedState::Open,
    ReportedState::Closed,
    ReportedState::Failed,
    ReportedState::Authorised,
    ReportedState::Captured,
    ReportedState::Refunded,
];

fn happening() -> impl Strategy<Value = Happening> {
    let units = || prop::option::of((0..2_usize, 1..4_u32));
    prop_oneof![
        3 => (0..2_usize, 0..3_u32, 0..3_u32, any::<bool>(), 0..40_i64)
            .prop_map(|(user, a, b, has_coupon, points)| Happening::Place { user, a, b, has_coupon, points }),
        5 => (0..8_usize).prop_map(Happening::Open),
        5 => (0..12_usize, 0..STATES.len(), prop_oneof![9 => Just(0_u8), 1 => 1..4_u8])
            .prop_map(|(payment, state, wrong)| Happening::Notify { payment, state, wrong }),
        6 => (0..12_usize, 0..10_u8).prop_map(|(message, outcome)| Happening::Deliver { message, outcome }),
        2 => (0..8_usize, any::<bool>(), units())
            .prop_map(|(order, by_merchant, units)| Happening::Cancel { order, by_merchant, units }),
        2 => (0..8_usize, units(), prop::option::of(1..300_i64))
            .prop_map(|(order, units, amount)| Happening::Refund { order, units, amount }),
        3 => prop_oneof![0..20_u64, 60..2_000_u64, 10_000..90_000_u64].prop_map(Happening::Wait),
    ]
}

fn nth<T: Clone>(things: &[T], index: usize) -> Option<T> {
    (!things.is_empty()).then(|| things[index % things.len()].clone())
}

fn orders(world: &World) -> Vec<OrderId> {
    world.all.orders.keys().copied().collect()
}

fn units_of(units: Option<(usize, u32)>) -> Vec<RefundLine> {
    units.map(|(line, quantity)| RefundLine { line, quantity }).into_iter().collect()
}

/// What a channel answers to a message, misbehaving as `outcome` says.
fn outcome_of(world: &World, message: &Message, outcome: u8) -> CallOutcome {
    match outcome {
        0 => return CallOutcome::NotSent,
        1 => return CallOutcome::Lost,
        2 => return CallOutcome::Refused(Arc::from("no")),
        _ => {}
    }
    match message.task {
        Task::OpenPayment(id) | Task::QueryPayment(id) | Task::ClosePayment(id) => {
            let payment = world.payment(id);
            let state = match (message.task, outcome) {
                _ if payment.status == PaymentStatus::Succeeded => ReportedState::Captured,
                (Task::OpenPayment(_), _) => ReportedState::Open,
                (_, 3) => ReportedState::Captured,
                (Task::QueryPayment(_), 4) => ReportedState::NotFound,
                (Task::QueryPayment(_), _) => ReportedState::Open,
                _ => ReportedState::Closed,
            };
            CallOutcome::Answered(ChannelReport::Payment(report(&payment, state)))
        }
        Task::SendRefund(id) | Task::QueryRefund(id) => {
            let refund = &world.all.refunds[&id];
            let (succeeded, is_known) = match outcome {
                3 => (Some(false), true),
                4 => (None, false),
                5 => (None, true),
                _ => (Some(true), true),
            };
            let (transaction, reason) = (None, None);
            let report = RefundReport { refund: id, succeeded, is_known, amount: refund.amount, transaction, reason };
            CallOutcome::Answered(ChannelReport::Refund(report))
        }
        Task::AnnounceShipment(_) | Task::TrackShipment(_) => CallOutcome::NotSent,
    }
}

fn happen(world: &mut World, what: &Happening) {
    match what {
        Happening::Place { user: of, a, b, has_coupon, points } => {
            let name = ["u-1", "u-2"][*of];
            let mut place = basket(&[("a", a + 1), ("b", b + 1)]);
            place.user_id = user(name);
            place.points = *points;
            if *has_coupon {
                place = with_coupon(place, world.grant(name, "tenth").id);
            }
            drop(world.one(&buyer(place)));
        }
        Happening::Open(order) => {
            let Some(order) = nth(&orders(world), *order) else { return };
            drop(world.one(&operator(open_payment(order))));
        }
        Happening::Notify { payment, state, wrong } => {
            let payments: Vec<_> = world.all.payments.values().cloned().collect();
            let Some(payment) = nth(&payments, *payment) else { return };
            let good = report(&payment, STATES[*state]);
            let told = match wrong {
                1 => PaymentReport { amount: good.amount + 1, ..good },
                2 => PaymentReport { currency: Currency::new("EUR").expect("three letters"), ..good },
                3 => PaymentReport { transaction: Some(Arc::from("t-of-another")), ..good },
                _ => good,
            };
            world.notify(&told);
        }
        Happening::Deliver { message, outcome } => {
            let Some(message) = nth(&world.messages(), *message) else { return };
            let outcome = outcome_of(world, &message, *outcome);
            world.answer(&message, outcome);
        }
        Happening::Cancel { order, by_merchant, units } => {
            let Some(order) = nth(&orders(world), *order) else { return };
            let Command::CancelOrder(mut command) = cancel(order, None) else { return };
            if *by_merchant {
                (command.reason, command.lines) = (CancelReason::Merchant, units_of(*units));
            }
            drop(world.one(&operator(Command::CancelOrder(command))));
        }
        Happening::Refund { order, units, amount } => {
            let Some(order) = nth(&orders(world), *order) else { return };
            let amount = amount.filter(|_| units.is_none());
            let (lines, reason) = (units_of(*units), Arc::from("because"));
            let command = RequestRefund { order, lines, amount, reason, expected_version: None };
            drop(world.one(&operator(Command::RequestRefund(command))));
        }
        Happening::Wait(seconds) => {
            world.wait(Span::seconds(*seconds));
            world.fire();
        }
    }
}

/// The channels behave again: everything is delivered and every timer fires until nothing is left.
fn settle(world: &mut World) {
    for _ in 0..400 {
        while let Some(message) = world.messages().first().copied() {
            let outcome = outcome_of(world, &message, 9);
            world.answer(&message, outcome);
        }
        let Some(timer) = world.timers().first().copied() else { return };
        world.now = world.now.max(timer.due);
        world.fire();
    }
    panic!("timers and messages never come to an end: {:?} {:?}", world.timers(), world.messages());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_keeps_the_laws_of_money_and_comes_to_an_end(
        happenings in vec(happening(), 1..60), reinstates in any::<bool>(),
    ) {
        let mut world = World::shop();
        world.give_points("u-1", 100);
        if reinstates {
            world.rules.payments.late_money = LateMoney::ReinstateIfStock;
        }
        for what in &happenings {
            happen(&mut world, what);
            laws::check(&world);
        }
        settle(&mut world);
        laws::check(&world);
        for order in world.all.orders.values() {
            let ended = matches!(order.status, OrderStatus::Cancelled | OrderStatus::Paid);
            prop_assert!(ended, "{} is stuck in {:?}", order.id, order.status);
        }
        for refund in world.all.refunds.values() {
            let ended = matches!(refund.status, RefundStatus::Succeeded | RefundStatus::Manual);
            prop_assert!(ended, "{} is stuck in {:?}", refund.id, refund.status);
        }
    }
}
