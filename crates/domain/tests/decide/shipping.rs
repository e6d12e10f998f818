//! Parcels: what may be shipped, what carriers may say in any order, and how receipt is confirmed.

use std::sync::Arc;

use ordain_domain::{
    answer::Answer,
    command::Command,
    ids::{OrderId, ShipmentId},
    order::OrderStatus,
    outbox::Task,
    payment::CallOutcome,
    shipment::{CreateShipment, FACTS_MAX, ShipmentStatus as S, TrackShipment},
    time::Span,
    timer::TimerKind,
};
use proptest::prelude::*;

use crate::{
    goods::{cancel_units, confirm, create_at, create_shipment, fact, paid, track},
    laws,
    world::{BEGIN, basket, buyer, code_of, operator},
};

#[test]
fn a_parcel_is_refused_in_the_documented_order() {
    let (mut world, order) = paid(&[("a", 2), ("b", 1)]);
    let unpaid = world.place(&buyer(basket(&[("b", 2)]))).id;
    let stale = |order| match create_shipment(order, &[]) {
        Command::CreateShipment(command) => {
            Command::CreateShipment(CreateShipment { expected_version: Some(99), ..command })
        }
        other => panic!("{other:?}"),
    };
    let table = [
        (create_shipment(OrderId::from_number(5), &[]), "not_found", ""),
        (stale(unpaid), "version_mismatch", ""),
        (create_shipment(unpaid, &[]), "order_state", ""),
        (create_shipment(order, &[]), "invalid_request", "/lines"),
        (create_shipment(order, &[(2, 1)]), "invalid_request", "/lines/0/line"),
        (create_shipment(order, &[(0, 1), (1, 0)]), "invalid_request", "/lines/1/quantity"),
        (create_shipment(order, &[(0, 3)]), "invalid_request", "/lines/0/quantity"),
        (create_shipment(order, &[(1, 1), (0, 2), (0, 1)]), "invalid_request", "/lines/1/quantity"),
        (create_shipment(order, &[(0, u32::MAX), (0, u32::MAX)]), "invalid_request", "/lines/0/quantity"),
    ];
    for (command, code, pointer) in table {
        let refusal = world.refuse(&operator(command.clone()));
        assert_eq!(code_of(&refusal), code, "{command:?}");
        let json = serde_json::to_value(&refusal).expect("it is there");
        assert_eq!(json["pointer"].as_str().unwrap_or(""), pointer, "{command:?}");
    }
    world.ship(order, &[(0, 2), (1, 1)]);
    assert_eq!(code_of(&world.refuse(&operator(create_shipment(order, &[(0, 1)])))), "order_state", "nothing is left");
}

#[test]
fn facts_and_confirmations_are_refused_in_the_documented_order() {
    let (mut world, order) = paid(&[("a", 2)]);
    let shipment = world.ship(order, &[(0, 1)]).id;
    let stale = Command::TrackShipment(TrackShipment {
        shipment,
        fact: fact(S::Delivered, world.now),
        expected_version: Some(9),
    });
    assert_eq!(code_of(&world.refuse(&operator(stale))), "version_mismatch");
    let nothing = track(ShipmentId::from_number(5), S::Delivered, BEGIN);
    assert_eq!(code_of(&world.refuse(&operator(nothing))), "not_found");
    let (mut unshipped, order) = paid(&[("a", 2)]);
    assert_eq!(code_of(&unshipped.refuse(&operator(confirm(order)))), "order_state");
    assert_eq!(code_of(&unshipped.refuse(&operator(confirm(OrderId::from_number(5))))), "not_found");
}

#[test]
fn two_parcels_arrive_one_after_the_other() {
    let (mut world, order) = paid(&[("a", 3), ("b", 1)]);
    let first = world.ship(order, &[(0, 1), (0, 1)]);
    assert_eq!(first.units(), crate::goods::units(&[(0, 2)]), "entries of a line are summed");
    assert_eq!(world.order(order).status, OrderStatus::PartiallyShipped);
    let version = world.order(order).version;
    let second = world.ship(order, &[(0, 1), (1, 1)]).id;
    assert_eq!(world.events_from(order, version + 1), ["shipment.created", "order.shipped"]);
    world.track(first.id, S::Delivered);
    assert_eq!(world.order(order).status, OrderStatus::Shipped);
    let version = world.order(order).version;
    world.track(second, S::Delivered);
    assert_eq!(world.events_from(order, version + 1), ["shipment.delivered", "order.delivered"]);
    assert_eq!((world.buckets(order, 0), world.buckets(order, 1)), ([0, 0, 3, 0, 0, 0], [0, 0, 1, 0, 0, 0]));
    let version = world.order(order).version;
    world.accept(&operator(confirm(order)));
    let expected = ["shipment.confirmed", "shipment.confirmed", "order.completed"];
    assert_eq!(world.events_from(order, version + 1), expected);
    assert_eq!(world.order(order).status, OrderStatus::Completed);
    assert_eq!(code_of(&world.refuse(&operator(confirm(order)))), "order_state");
    assert!(world.timers().iter().all(|timer| timer.kind != TimerKind::ConfirmReceipt));
    laws::check(&world);
}

#[test]
fn the_carrier_is_believed_whatever_order_its_facts_come_in() {
    use S::{Delivered as D, Exception as E, InTransit as I, OutForDelivery as O, Returned as R};
    // Facts as (what, second) in the order they come, and what the parcel is after them.
    let table: [(&[(S, u64)], S); 12] = [
        (&[(O, 5)], O),
        (&[(O, 5), (I, 3)], O),
        (&[(O, 5), (I, 6)], I),
        (&[(E, 5), (O, 5)], E),
        (&[(O, 5), (E, 5)], E),
        (&[(D, 5), (O, 9)], D),
        (&[(O, 9), (D, 5)], D),
        (&[(D, 5), (D, 5)], D),
        (&[(D, 5), (R, 9)], R),
        (&[(D, 5), (R, 3)], R),
        (&[(R, 5), (D, 9)], R),
        (&[(R, 5), (E, 9), (I, 1)], R),
    ];
    for (facts, expected) in table {
        let (mut world, order) = paid(&[("a", 2)]);
        let shipment = world.ship(order, &[(0, 2)]).id;
        for (status, second) in facts {
            world.track_at(shipment, *status, BEGIN.plus(Span::seconds(*second)));
            laws::check(&world);
        }
        assert_eq!(world.shipment(shipment).status, expected, "{facts:?}");
        let [waiting, shipped, delivered, ..] = world.buckets(order, 0);
        let stands = match expected {
            D => (0, 0, 2),
            R => (2, 0, 0),
            _ => (0, 2, 0),
        };
        assert_eq!((waiting, shipped, delivered), stands, "{facts:?}");
    }
}

#[test]
fn a_fact_that_is_known_changes_nothing() {
    let (mut world, order) = paid(&[("a", 2)]);
    let shipment = world.ship(order, &[(0, 2)]).id;
    let once = world.track(shipment, S::OutForDelivery);
    let version = world.order(order).version;
    let again = world.track(shipment, S::OutForDelivery);
    assert_eq!((once, world.order(order).version), (again, version));
}

#[test]
fn a_parcel_keeps_its_youngest_facts() {
    let (mut world, order) = paid(&[("a", 2)]);
    let shipment = world.ship(order, &[(0, 2)]).id;
    for second in 0..FACTS_MAX as u64 + 50 {
        world.track_at(shipment, S::InTransit, BEGIN.plus(Span::seconds(second)));
    }
    let row = world.shipment(shipment);
    assert_eq!(row.facts.len(), FACTS_MAX);
    assert_eq!(row.facts[0].at, BEGIN.plus(Span::seconds(50)));
}

#[test]
fn units_of_a_parcel_that_came_back_are_shipped_again_or_cancelled() {
    let (mut world, order) = paid(&[("a", 3)]);
    let first = world.ship(order, &[(0, 3)]).id;
    world.track(first, S::Returned);
    assert_eq!((world.buckets(order, 0), world.order(order).status), ([3, 0, 0, 0, 0, 0], OrderStatus::Paid));
    let second = world.ship(order, &[(0, 2)]).id;
    let stock = world.stock("a");
    let version = world.order(order).version;
    world.accept(&operator(cancel_units(order, &[])));
    let expected = ["order.units_cancelled", "refund.requested", "order.shipped"];
    assert_eq!(world.events_from(order, version + 1), expected);
    assert_eq!((world.stock("a").on_hand, world.account(order).refunding), (stock.on_hand + 1, 100));
    world.track(second, S::Delivered);
    world.accept(&operator(confirm(order)));
    assert_eq!(world.buckets(order, 0), [0, 0, 0, 2, 0, 1]);
    laws::check(&world);
}

#[test]
fn receipt_is_confirmed_by_time_for_each_parcel() {
    let (mut world, order) = paid(&[("a", 2)]);
    let week = world.rules.fulfilment.auto_confirm_after;
    let parcels = [world.ship(order, &[(0, 1)]).id, world.ship(order, &[(0, 1)]).id];
    world.track(parcels[0], S::Delivered);
    world.wait(Span::seconds(3_600));
    world.track(parcels[1], S::Delivered);
    world.now = world.shipment(parcels[0]).delivered_at.expect("it is there").plus(week);
    world.fire();
    assert_eq!((world.buckets(order, 0), world.order(order).status), ([0, 0, 1, 1, 0, 0], OrderStatus::Delivered));
    world.wait(Span::seconds(3_600));
    world.fire();
    assert_eq!((world.buckets(order, 0), world.order(order).status), ([0, 0, 0, 2, 0, 0], OrderStatus::Completed));
    laws::check(&world);
}

#[test]
fn a_confirmed_parcel_moves_no_units_any_more() {
    for late in [S::Delivered, S::Returned, S::Exception] {
        let (mut world, order) = paid(&[("a", 2)]);
        let shipment = world.ship(order, &[(0, 2)]).id;
        world.accept(&operator(confirm(order)));
        world.track(shipment, late);
        assert_eq!((world.buckets(order, 0), world.order(order).status), ([0, 0, 0, 2, 0, 0], OrderStatus::Completed));
        assert_ne!(world.shipment(shipment).status, S::Returned);
        assert!(world.timers().iter().all(|timer| timer.kind != TimerKind::ConfirmReceipt), "{late:?}");
        laws::check(&world);
    }
}

#[test]
fn completed_orders_earn_points_for_the_money_that_is_kept() {
    // Points for each 100, units of `b` (333 each) that are refunded before, points earned for 3 of them.
    let table = [(0, 0, 0), (1, 0, 9), (5, 0, 49), (100, 1, 666), (1, 3, 0)];
    for (rate, refunded, earned) in table {
        let (mut world, order) = paid(&[("b", 3)]);
        world.rules.fulfilment.points_per_100 = rate;
        if refunded > 0 {
            world.accept(&operator(cancel_units(order, &[(0, refunded)])));
        }
        if refunded < 3 {
            world.ship(order, &[(0, 3 - refunded)]);
            world.accept(&operator(confirm(order)));
        }
        assert_eq!(world.points_of("u-1").balance, earned, "{rate} for each 100, {refunded} refunded");
        laws::check(&world);
    }
}

#[test]
fn a_connected_carrier_is_told_once_and_asked_until_the_end() {
    let (mut world, order) = paid(&[("a", 2)]);
    world.rules.fulfilment.carriers = vec![Arc::from("swift")];
    let Answer::Shipment(row) = world.accept(&operator(create_at("swift", order, &[(0, 2)]))) else { panic!() };
    let last = |world: &crate::world::World| *world.messages().last().expect("it is there");
    assert_eq!(last(&world).task, Task::AnnounceShipment(row.id));
    world.answer(&last(&world), CallOutcome::NotSent);
    let hour = world.rules.fulfilment.track_interval;
    world.wait(hour);
    world.fire();
    assert_eq!(last(&world).task, Task::AnnounceShipment(row.id), "told again, because nobody knows");
    world.answer(&last(&world), CallOutcome::Tracked(Vec::new()));
    assert!(world.shipment(row.id).announced);
    world.wait(hour);
    world.fire();
    assert_eq!(last(&world).task, Task::TrackShipment(row.id));
    let facts = vec![fact(S::Delivered, world.now), fact(S::OutForDelivery, BEGIN)];
    world.answer(&last(&world), CallOutcome::Tracked(facts));
    assert_eq!((world.shipment(row.id).status, world.buckets(order, 0)), (S::Delivered, [0, 0, 2, 0, 0, 0]));
    assert!(world.timers().iter().all(|timer| timer.kind != TimerKind::AskCarriers), "nobody asks about it any more");
    laws::check(&world);
}

#[test]
fn a_carrier_that_refuses_or_is_not_connected_is_left_alone() {
    let (mut world, order) = paid(&[("a", 2)]);
    let waiting = world.messages().len();
    world.ship(order, &[(0, 1)]);
    assert_eq!(world.messages().len(), waiting, "an unknown carrier is told nothing");
    world.rules.fulfilment.carriers = vec![Arc::from("swift")];
    let Answer::Shipment(row) = world.accept(&operator(create_at("swift", order, &[(0, 1)]))) else { panic!() };
    let message = *world.messages().last().expect("it is there");
    world.answer(&message, CallOutcome::Refused(Arc::from("no such number")));
    let row = world.shipment(row.id);
    assert_eq!((row.note.as_deref(), row.ask_at), (Some("no such number"), None));
    laws::check(&world);
}

fn status() -> impl Strategy<Value = S> {
    prop::sample::select(S::ALL.to_vec())
}

proptest! {
    /// Duplicates and disorder change nothing: any order of the same facts, each any number of times, ends the same.
    #[test]
    fn the_fold_does_not_depend_on_the_order_of_facts(
        facts in prop::collection::vec((status(), 0_u64..6), 1..8), seed in any::<prop::sample::Index>(), twice in any::<bool>(),
    ) {
        let run = |facts: &[(S, u64)]| {
            let (mut world, order) = paid(&[("a", 2)]);
            let shipment = world.ship(order, &[(0, 2)]).id;
            for (status, second) in facts {
                world.track_at(shipment, *status, BEGIN.plus(Span::seconds(*second)));
            }
            let row = world.shipment(shipment);
            (row.status, row.facts.clone(), world.buckets(order, 0), world.order(order).status)
        };
        let mut other = facts.clone();
        other.rotate_left(seed.index(facts.len()));
        other.reverse();
        if twice {
            other.extend(facts.clone());
        }
        prop_assert_eq!(run(&facts), run(&other));
    }
}
