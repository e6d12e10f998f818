//! After-sales: what may be asked, each kind to its end, deadlines, and that each leg may fail alone.

use std::sync::Arc;

use ordain_domain::{
    after_sale::{
        AfterSaleKind as K, AfterSaleStatus as S, ApproveAfterSale, Inspection as I, LegState, OpenAfterSale,
        ReceiveAfterSale,
    },
    command::Command,
    coupon::CouponState,
    ids::{AfterSaleId, OrderId, PaymentId},
    order::{OrderStatus, PlaceOrder},
    outbox::Task,
    payment::{CallOutcome, PaymentStatus, ReportedState},
    refund::{RefundStatus, ResolveRefund},
    rules::ReviewOutcome,
    shipment::ShipmentStatus,
    time::Span,
};

use crate::{
    goods::{
        Wanted, approve, cancel_units, confirm, delivered, open, paid, receive, receive_lines, reject, reship,
        ship_back, withdraw,
    },
    laws,
    world::{WINDOW, World, adjust, basket, buyer, code_of, open_payment, operator, refund_all, report, with_coupon},
};

#[test]
fn opening_is_refused_in_the_documented_order() {
    let (mut world, order) = delivered(&[("a", 2), ("b", 1)]);
    let unshipped = world.place(&buyer(basket(&[("b", 2)]))).id;
    let stale = match open(order, K::Return, &[]) {
        Command::OpenAfterSale(command) => {
            Command::OpenAfterSale(OpenAfterSale { expected_version: Some(99), ..command })
        }
        other => panic!("{other:?}"),
    };
    let lines: Vec<Wanted<'_>> = vec![(0, 1, None); 1_001];
    let table = [
        (open(OrderId::from_number(5), K::Return, &[]), "not_found", ""),
        (stale, "version_mismatch", ""),
        (open(unshipped, K::Refund, &[]), "order_state", ""),
        (open(order, K::Return, &[]), "invalid_request", "/lines"),
        (open(order, K::Return, &lines), "invalid_request", "/lines"),
        (open(order, K::Return, &[(0, 1, None), (2, 1, None)]), "invalid_request", "/lines/1/line"),
        (open(order, K::Return, &[(0, 0, None)]), "invalid_request", "/lines/0/quantity"),
        (open(order, K::Return, &[(0, 3, None)]), "invalid_request", "/lines/0/quantity"),
        (open(order, K::Refund, &[(0, 1, None), (0, 2, None)]), "invalid_request", "/lines/0/quantity"),
        (open(order, K::Refund, &[(0, 1, Some("b"))]), "invalid_request", "/lines/0/replacement_sku"),
        (open(order, K::Exchange, &[(0, 1, Some("nothing"))]), "unknown_sku", ""),
        (open(order, K::Exchange, &[(0, 1, Some("asleep"))]), "sku_not_sellable", ""),
        (open(order, K::Exchange, &[(0, 1, Some("euro"))]), "invalid_request", "/lines/0/replacement_sku"),
    ];
    for (command, code, pointer) in table {
        let refusal = world.refuse(&operator(command.clone()));
        assert_eq!(code_of(&refusal), code, "{command:?}");
        let json = serde_json::to_value(&refusal).expect("it is there");
        assert_eq!(json["pointer"].as_str().unwrap_or(""), pointer, "{command:?}");
    }
    world.open_after_sale(order, K::Return, &[(0, 2, None)]);
    let again = open(order, K::Refund, &[(0, 1, None)]);
    assert_eq!(code_of(&world.refuse(&operator(again))), "after_sale_state", "units are in one at a time");
}

#[test]
fn steps_are_refused_in_the_documented_order() {
    let (mut world, order) = delivered(&[("a", 2)]);
    let id = world.open_after_sale(order, K::Exchange, &[(0, 1, Some("none"))]);
    let stale =
        Command::ApproveAfterSale(ApproveAfterSale { after_sale: id, return_address: None, expected_version: Some(9) });
    let table = [
        (approve(AfterSaleId::from_number(5)), "not_found"),
        (stale, "version_mismatch"),
        (ship_back(id), "after_sale_state"),
        (receive(id, I::Restock), "after_sale_state"),
        (reship(id), "after_sale_state"),
        (approve(id), "insufficient_stock"),
    ];
    for (command, code) in table {
        assert_eq!(code_of(&world.refuse(&operator(command.clone()))), code, "{command:?}");
    }
    assert_eq!(world.after_sale(id).status, S::Requested, "a refused approval changes nothing");
    world.accept(&operator(adjust("none", 1)));
    world.step_after_sale(approve(id));
    let wrong = [
        (receive_lines(id, I::Restock, &[(1, None, None)]), "/lines/0/line"),
        (receive_lines(id, I::Restock, &[(0, Some(0), None)]), "/lines/0/quantity"),
        (receive_lines(id, I::Restock, &[(0, Some(1), None), (0, Some(1), None)]), "/lines/1/quantity"),
    ];
    for (command, pointer) in wrong {
        let json = serde_json::to_value(world.refuse(&operator(command.clone()))).expect("it is there");
        assert_eq!((json["code"].as_str(), json["pointer"].as_str()), (Some("invalid_request"), Some(pointer)));
    }
}

#[test]
fn a_refund_gives_the_money_of_units_that_stay() {
    let (mut world, order) = delivered(&[("a", 3)]);
    let stock = world.stock("a");
    let id = world.open_after_sale(order, K::Refund, &[(0, 2, None)]);
    let version = world.order(order).version;
    assert_eq!(world.step_after_sale(approve(id)).status, S::Refunding);
    assert_eq!(world.events_from(order, version + 1), ["after_sale.approved", "refund.requested"]);
    world.give_back();
    assert_eq!(world.after_sale(id).status, S::Completed);
    assert_eq!(world.events_from(order, version + 3), ["refund.succeeded", "after_sale.closed"]);
    assert_eq!(
        (world.account(order).refunded, world.buckets(order, 0)),
        (200, [0, 0, 1, 2, 0, 0]),
        "they are the buyer's"
    );
    assert_eq!(world.stock("a"), stock, "no goods move");
    let again = open(order, K::Return, &[(0, 2, None)]);
    assert_eq!(code_of(&world.refuse(&operator(again))), "invalid_request", "what is paid back is not claimed again");
    laws::check(&world);
}

#[test]
fn a_lost_parcel_is_given_up_with_its_refund() {
    let (mut world, order) = paid(&[("a", 3)]);
    let parcels = [world.ship(order, &[(0, 2)]).id, world.ship(order, &[(0, 1)]).id];
    world.track(parcels[1], ShipmentStatus::Delivered);
    let goods = open(order, K::Return, &[(0, 2, None)]);
    assert_eq!(code_of(&world.refuse(&operator(goods))), "invalid_request", "what is on its way cannot go back");
    let id = world.open_after_sale(order, K::Refund, &[(0, 3, None)]);
    world.step_after_sale(approve(id));
    assert_eq!(world.buckets(order, 0), [0, 0, 0, 1, 2, 0]);
    assert_eq!(world.order(order).status, OrderStatus::Completed, "nothing is on its way any more");
    laws::check(&world);
    world.track(parcels[0], ShipmentStatus::Delivered);
    assert_eq!(world.buckets(order, 0), [0, 0, 0, 1, 2, 0], "a parcel that was given up moves no units");
    laws::check(&world);
}

#[test]
fn a_return_pays_for_what_was_taken_back() {
    let (mut world, order) = delivered(&[("a", 4), ("b", 1)]);
    let (a, b) = (world.stock("a"), world.stock("b"));
    let id = world.open_after_sale(order, K::Return, &[(0, 4, None), (1, 1, None)]);
    world.step_after_sale(approve(id));
    assert_eq!(world.step_after_sale(ship_back(id)).status, S::Returning);
    let version = world.order(order).version;
    let found = [(0, Some(1), Some(I::Scrap)), (0, Some(2), None), (1, None, Some(I::Refuse))];
    let row = world.step_after_sale(receive_lines(id, I::Restock, &found));
    assert_eq!(row.status, S::Refunding);
    assert_eq!((row.lines[0].restocked, row.lines[0].scrapped, row.lines[0].refused), (2, 1, 1));
    assert_eq!(world.events_from(order, version + 1), ["after_sale.received", "refund.requested"]);
    assert_eq!((world.buckets(order, 0), world.buckets(order, 1)), ([0, 0, 1, 0, 3, 0], [0, 0, 1, 0, 0, 0]));
    assert_eq!((world.stock("a").on_hand, world.stock("b").on_hand), (a.on_hand + 2, b.on_hand));
    assert_eq!(world.account(order).refunding, 300);
    world.give_back();
    assert_eq!(world.after_sale(id).status, S::Completed);
    laws::check(&world);
}

#[test]
fn units_whose_receipt_was_confirmed_go_back_too() {
    let (mut world, order) = delivered(&[("a", 2)]);
    world.accept(&operator(confirm(order)));
    let id = world.open_after_sale(order, K::Return, &[(0, 2, None)]);
    world.step_after_sale(approve(id));
    world.step_after_sale(receive(id, I::Restock));
    assert_eq!((world.buckets(order, 0), world.order(order).status), ([0, 0, 0, 0, 2, 0], OrderStatus::Completed));
    laws::check(&world);
}

#[test]
fn coupon_and_points_come_back_by_the_shares() {
    let mut world = World::shop();
    world.give_points("u-1", 10);
    let coupon = world.grant("u-1", "tenth");
    let place = PlaceOrder { points: 10, ..with_coupon(basket(&[("a", 3)]), coupon.id) };
    let order = world.place(&buyer(place)).id;
    world.pay(order);
    let parcel = world.ship(order, &[(0, 3)]).id;
    world.track(parcel, ShipmentStatus::Delivered);
    let mut seen = Vec::new();
    for _ in 0..3 {
        let id = world.open_after_sale(order, K::Return, &[(0, 1, None)]);
        world.step_after_sale(approve(id));
        world.step_after_sale(receive(id, I::Restock));
        seen.push((world.points_of("u-1").balance, world.all.coupons[&coupon.id].state));
        laws::check(&world);
    }
    let used = CouponState::Used;
    assert_eq!(seen, [(4, used), (7, used), (10, CouponState::Granted)]);
    assert_eq!(world.account(order).refunding, 260, "every cent that was paid");
}

#[test]
fn nobody_reviews_in_time() {
    let stock_of_none = |units: i64| if units > 0 { Some(adjust("none", units)) } else { None };
    // Outcome, kind, stock of the replacement, what becomes of it, whether a replacement is held.
    let table = [
        (ReviewOutcome::Approve, K::Refund, 0, S::Refunding, false),
        (ReviewOutcome::Approve, K::Return, 0, S::Approved, false),
        (ReviewOutcome::Approve, K::Exchange, 1, S::Approved, true),
        (ReviewOutcome::Approve, K::Exchange, 0, S::Approved, false),
        (ReviewOutcome::Reject, K::Return, 0, S::Rejected, false),
        (ReviewOutcome::Reject, K::Exchange, 1, S::Rejected, false),
    ];
    for (outcome, kind, units, status, is_held) in table {
        let (mut world, order) = delivered(&[("a", 1)]);
        world.rules.after_sales.review_outcome = outcome;
        stock_of_none(units).map(|command| world.accept(&operator(command)));
        let id = world.open_after_sale(order, kind, &[(0, 1, (kind == K::Exchange).then_some("none"))]);
        world.wait(Span(world.rules.after_sales.review_within.0 - 1));
        world.fire();
        assert_eq!(world.after_sale(id).status, S::Requested, "not before its time");
        world.wait(Span(1));
        world.fire();
        let row = world.after_sale(id);
        assert_eq!((row.status, row.held_replacement().is_some()), (status, is_held), "{outcome:?} {kind:?} {units}");
        laws::check(&world);
    }
}

#[test]
fn goods_that_are_not_sent_back_in_time_are_kept() {
    let (mut world, order) = delivered(&[("a", 1)]);
    let before = world.stock("b");
    let id = world.open_after_sale(order, K::Exchange, &[(0, 1, Some("b"))]);
    world.step_after_sale(approve(id));
    assert_eq!(world.stock("b").available(), before.available() - 1);
    world.wait(world.rules.after_sales.ship_back_within);
    world.fire();
    assert_eq!(world.after_sale(id).status, S::Withdrawn);
    assert_eq!(world.stock("b").available(), before.available(), "the replacement is released");
    assert_eq!(world.buckets(order, 0), [0, 0, 0, 1, 0, 0], "and receipt is confirmed by time at last");
    laws::check(&world);
}

#[test]
fn receipt_is_not_confirmed_by_time_while_goods_may_come_back() {
    let (mut world, order) = delivered(&[("a", 2)]);
    let id = world.open_after_sale(order, K::Return, &[(0, 1, None)]);
    world.step_after_sale(approve(id));
    world.step_after_sale(ship_back(id));
    world.wait(Span::seconds(30 * 86_400));
    world.fire();
    assert_eq!(world.order(order).status, OrderStatus::Delivered);
    world.step_after_sale(receive(id, I::Restock));
    world.fire();
    assert_eq!((world.order(order).status, world.buckets(order, 0)), (OrderStatus::Completed, [0, 0, 0, 1, 1, 0]));
    laws::check(&world);
}

#[test]
fn a_parcel_that_comes_back_ends_the_after_sales_of_its_units() {
    let (mut world, order) = paid(&[("a", 2)]);
    let parcels = [world.ship(order, &[(0, 1)]).id, world.ship(order, &[(0, 1)]).id];
    for parcel in parcels {
        world.track(parcel, ShipmentStatus::Delivered);
    }
    let first = world.open_after_sale(order, K::Return, &[(0, 1, None)]);
    let second = world.open_after_sale(order, K::Exchange, &[(0, 1, None)]);
    world.step_after_sale(approve(second));
    let taken = world.stock("a");
    world.track(parcels[0], ShipmentStatus::Returned);
    assert_eq!((world.after_sale(first).status, world.after_sale(second).status), (S::Requested, S::Rejected));
    assert_eq!(world.stock("a").available(), taken.available() + 1, "the replacement is released");
    laws::check(&world);
}

/// How an exchange of one `a` (paid 100) ends for `b` (333), `a`, or `free` (0), when one leg of it fails or none does.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Leg {
    None,
    Goods,
    Money,
    Replacement,
}

/// What is left in the end: the after-sale, what the buyer got back and paid in all, whether a replacement was sent, and
/// whether the unit is with the buyer.
fn exchange(wanted: &str, fails: Leg) -> (S, i64, bool, bool) {
    let (mut world, order) = delivered(&[("a", 1)]);
    let shelf = world.stock(wanted).available();
    let id = world.open_after_sale(order, K::Exchange, &[(0, 1, Some(wanted))]);
    world.step_after_sale(approve(id));
    assert_eq!(world.stock(wanted).available(), shelf - 1, "the approving decision takes the stock");
    let difference = world.after_sale(id).replacement.as_ref().expect("it is there").difference;
    if difference > 0 {
        let payment = attempt_of(&world, id).expect("the approval opens the payment of the difference");
        if fails == Leg::Money {
            world.wait(WINDOW);
            world.fire();
        } else {
            let row = world.payment(payment);
            world.notify(&report(&row, ReportedState::Captured));
        }
    }
    laws::check(&world);
    world.step_after_sale(ship_back(id));
    world.step_after_sale(receive(id, if fails == Leg::Goods { I::Refuse } else { I::Scrap }));
    laws::check(&world);
    if world.after_sale(id).status == S::Reshipping {
        world.step_after_sale(if fails == Leg::Replacement { reject(id) } else { reship(id) });
    }
    if fails == Leg::Money && difference < 0 {
        fail_refunds(&mut world);
        assert_eq!(world.after_sale(id).status, S::Refunding, "it waits for its money alone");
        resolve_refunds(&mut world);
    }
    world.give_back();
    laws::check(&world);
    let row = world.after_sale(id);
    let sent = row.replacement.as_ref().expect("it is there").state == LegState::Sent;
    let on_shelf = world.stock(wanted).available() == shelf;
    assert_ne!(sent, on_shelf, "a replacement is sent, or on the shelf");
    let account = world.account(order);
    (row.status, account.captured - account.refunded, sent, world.buckets(order, 0)[2] == 1)
}

fn attempt_of(world: &World, id: AfterSaleId) -> Option<PaymentId> {
    world.all.payments.values().find(|payment| payment.after_sale == Some(id)).map(|payment| payment.id)
}

fn fail_refunds(world: &mut World) {
    for _ in 0..=world.rules.payments.refund_retries.len() {
        for message in world.messages() {
            if matches!(message.task, Task::SendRefund(_)) {
                world.answer(&message, CallOutcome::Refused(Arc::from("no")));
            }
        }
        world.wait(Span::seconds(86_400));
        world.fire();
    }
}

fn resolve_refunds(world: &mut World) {
    let refunds: Vec<_> = world.all.refunds.values().cloned().collect();
    for refund in refunds {
        assert_eq!(refund.status, RefundStatus::Manual);
        let note = Arc::from("paid in cash");
        world.accept(&operator(Command::ResolveRefund(ResolveRefund { refund: refund.id, note })));
    }
}

#[test]
fn each_leg_of_an_exchange_may_fail_alone() {
    // Wanted, leg that fails: (after-sale, money that stays with the shop, replacement sent, unit with the buyer).
    let table = [
        ("b", Leg::None, (S::Completed, 333, true, false)),
        ("a", Leg::None, (S::Completed, 100, true, false)),
        ("free", Leg::None, (S::Completed, 0, true, false)),
        ("b", Leg::Goods, (S::Rejected, 100, false, true)),
        ("a", Leg::Goods, (S::Rejected, 100, false, true)),
        ("free", Leg::Goods, (S::Rejected, 100, false, true)),
        ("b", Leg::Money, (S::Completed, 0, false, false)),
        ("a", Leg::Money, (S::Completed, 100, true, false)),
        ("free", Leg::Money, (S::Completed, 0, true, false)),
        ("b", Leg::Replacement, (S::Completed, 0, false, false)),
        ("a", Leg::Replacement, (S::Completed, 0, false, false)),
        ("free", Leg::Replacement, (S::Completed, 0, false, false)),
    ];
    for (wanted, fails, expected) in table {
        assert_eq!(exchange(wanted, fails), expected, "for {wanted}, {fails:?} fails");
    }
}

#[test]
fn the_goods_may_come_before_the_difference_is_paid() {
    let (mut world, order) = delivered(&[("a", 1)]);
    let id = world.open_after_sale(order, K::Exchange, &[(0, 1, Some("b"))]);
    world.step_after_sale(approve(id));
    assert_eq!(world.step_after_sale(receive(id, I::Restock)).status, S::Received);
    laws::check(&world);
    let mut expired = world.clone();
    let payment = world.payment(attempt_of(&world, id).expect("it is there"));
    assert_eq!(payment.amount, 233);
    world.notify(&report(&payment, ReportedState::Captured));
    assert_eq!(world.after_sale(id).status, S::Reshipping);
    laws::check(&world);
    expired.wait(WINDOW);
    expired.fire();
    assert_eq!(expired.after_sale(id).status, S::Refunding, "the replacement alone is released");
    expired.notify(&report(&payment, ReportedState::Captured));
    expired.give_back();
    let account = expired.account(order);
    assert_eq!((expired.after_sale(id).status, account.captured - account.refunded), (S::Completed, 0));
    laws::check(&expired);
}

#[test]
fn a_difference_can_be_paid_at_another_try() {
    let (mut world, order) = delivered(&[("a", 1)]);
    assert_eq!(code_of(&world.refuse(&operator(open_payment(order)))), "order_state");
    let id = world.open_after_sale(order, K::Exchange, &[(0, 1, Some("b"))]);
    world.step_after_sale(approve(id));
    let first = world.payment(attempt_of(&world, id).expect("it is there"));
    world.notify(&report(&first, ReportedState::Failed));
    let second = world.open(order);
    assert_eq!((second.amount, second.after_sale), (233, Some(id)));
    world.notify(&report(&second, ReportedState::Captured));
    laws::check(&world);
    world.notify(&report(&first, ReportedState::Captured));
    world.give_back();
    assert_eq!(world.payment(first.id).refunded, 233, "the second payment goes back");
    assert_eq!(world.payment(second.id).refundable(), 233);
    assert_eq!(code_of(&world.refuse(&operator(open_payment(order)))), "order_state", "it is paid");
    laws::check(&world);
}

#[test]
fn what_is_refused_of_an_exchange_is_not_replaced_nor_paid() {
    let (mut world, order) = delivered(&[("a", 3)]);
    let id = world.open_after_sale(order, K::Exchange, &[(0, 1, Some("b")), (0, 1, Some("b")), (0, 1, None)]);
    let shelf = world.stock("b").available();
    world.step_after_sale(approve(id));
    let payment = world.payment(attempt_of(&world, id).expect("it is there"));
    assert_eq!(payment.amount, 466);
    world.notify(&report(&payment, ReportedState::Captured));
    let row = world.step_after_sale(receive_lines(id, I::Restock, &[(0, Some(1), None)]));
    assert_eq!((row.status, row.replacement.as_ref().expect("it is there").paid), (S::Reshipping, 233));
    assert_eq!(world.stock("b").available(), shelf - 1);
    laws::check(&world);
    assert_eq!(world.step_after_sale(reship(id)).status, S::Refunding);
    world.give_back();
    assert_eq!((world.after_sale(id).status, world.payment(payment.id).refundable()), (S::Completed, 233));
    laws::check(&world);
}

#[test]
fn withdrawing_gives_back_what_was_paid_for_the_replacement() {
    let (mut world, order) = delivered(&[("a", 1)]);
    let id = world.open_after_sale(order, K::Exchange, &[(0, 1, Some("b"))]);
    world.step_after_sale(approve(id));
    let payment = world.payment(attempt_of(&world, id).expect("it is there"));
    world.notify(&report(&payment, ReportedState::Captured));
    assert_eq!(world.step_after_sale(withdraw(id)).status, S::Withdrawn);
    world.give_back();
    let account = world.account(order);
    assert_eq!(account.captured - account.refunded, 100);
    laws::check(&world);
}

#[test]
fn a_replacement_that_costs_less_gives_points_back_where_points_had_paid() {
    let mut world = World::shop();
    world.give_points("u-1", 80);
    let order = world.place(&buyer(PlaceOrder { points: 80, ..basket(&[("a", 1)]) })).id;
    world.pay(order);
    let parcel = world.ship(order, &[(0, 1)]).id;
    world.track(parcel, ShipmentStatus::Delivered);
    let id = world.open_after_sale(order, K::Exchange, &[(0, 1, Some("free"))]);
    world.step_after_sale(approve(id));
    world.step_after_sale(receive(id, I::Scrap));
    assert_eq!((world.account(order).refunding, world.points_of("u-1").balance), (20, 80));
    laws::check(&world);
    world.step_after_sale(reject(id));
    assert_eq!((world.account(order).refunding, world.points_of("u-1").balance), (20, 80), "nothing goes back twice");
    laws::check(&world);
}

#[test]
fn what_an_operator_gave_back_before_is_not_given_back_again() {
    let (mut world, order) = delivered(&[("a", 2)]);
    world.accept(&operator(refund_all(order)));
    for kind in [K::Refund, K::Return] {
        let id = world.open_after_sale(order, kind, &[(0, 1, None)]);
        let mut row = world.step_after_sale(approve(id));
        if kind == K::Return {
            row = world.step_after_sale(receive(id, I::Restock));
        }
        assert_eq!((row.status, world.account(order).refunding), (S::Completed, 200), "there is no money left");
        laws::check(&world);
    }
}

#[test]
fn an_order_without_a_payment_has_after_sales_too() {
    let mut world = World::shop();
    let order = world.place(&buyer(basket(&[("free", 2)]))).id;
    let parcel = world.ship(order, &[(0, 2)]).id;
    world.track(parcel, ShipmentStatus::Delivered);
    let back = world.open_after_sale(order, K::Return, &[(0, 1, None)]);
    world.step_after_sale(approve(back));
    assert_eq!(world.step_after_sale(receive(back, I::Restock)).status, S::Completed);
    let exchange = world.open_after_sale(order, K::Exchange, &[(0, 1, Some("a"))]);
    world.step_after_sale(approve(exchange));
    assert_eq!(attempt_of(&world, exchange), None, "nobody knows a channel");
    assert_eq!(world.step_after_sale(receive(exchange, I::Restock)).status, S::Received);
    let payment = world.open(order);
    assert_eq!((payment.amount, payment.status), (100, PaymentStatus::Created));
    world.notify(&report(&payment, ReportedState::Captured));
    assert_eq!(world.after_sale(exchange).status, S::Reshipping);
    laws::check(&world);
}

#[test]
fn cancelling_the_rest_of_a_returned_order_completes_it() {
    let (mut world, order) = paid(&[("a", 2)]);
    let parcel = world.ship(order, &[(0, 1)]).id;
    world.track(parcel, ShipmentStatus::Delivered);
    let id = world.open_after_sale(order, K::Return, &[(0, 1, None)]);
    world.step_after_sale(approve(id));
    world.step_after_sale(receive(id, I::Restock));
    assert_eq!(world.order(order).status, OrderStatus::PartiallyShipped);
    world.accept(&operator(cancel_units(order, &[])));
    assert_eq!((world.order(order).status, world.account(order).refunding), (OrderStatus::Completed, 200));
    laws::check(&world);
}

#[test]
fn lines_that_are_received_by_name_may_not_be_named_twice_over() {
    let (mut world, order) = delivered(&[("a", 2)]);
    let id = world.open_after_sale(order, K::Return, &[(0, 2, None)]);
    world.step_after_sale(approve(id));
    let both = receive_lines(id, I::Restock, &[(0, None, Some(I::Scrap)), (0, None, None)]);
    let Command::ReceiveAfterSale(ReceiveAfterSale { lines, .. }) = &both else { panic!() };
    assert_eq!(lines.len(), 2);
    assert_eq!(code_of(&world.refuse(&operator(both))), "invalid_request");
}
