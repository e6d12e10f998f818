//! Cases: checking the invariants on clean data, and scripts that end in clean data.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use ordain_domain::{
    after_sale::{AfterSaleKind, AfterSaleStatus},
    catalog::{CouponKind, CouponTemplate},
    order::PlaceOrder,
    payment::{PaymentStatus, ReceiptVerdict},
    refund::RefundStatus,
    shipment::ShipmentStatus,
    time::{Span, Timestamp},
};

use super::{
    Fixture,
    bench::{Bench, WINDOW},
    channel::refund_units,
    script,
    shop::{basket, buyer, close, keyed, operator, points, put_template, template, with_coupon},
};
use crate::invariants::{RULES, Rule};

/// Each invariant with its words, whether there is anything to look at or not.
pub fn every_rule_is_reported<F: Fixture>() {
    let rules = |bench: &mut Bench<F>| {
        let reports = bench.reader().verify(bench.now, Span::seconds(60)).expect("the invariants can be checked");
        assert_eq!(reports.iter().map(|report| (report.invariant, report.rule)).collect::<Vec<_>>(), RULES);
        assert!(reports.iter().all(|report| report.broken == 0 && report.examples.is_empty()), "{reports:?}");
        reports.into_iter().map(|report| report.examined).collect::<Vec<_>>()
    };
    let mut bench = Bench::<F>::empty();
    rules(&mut bench);
    let mut bench = Bench::<F>::shop();
    bench.accept(&operator(points("u-1", 50)));
    let coupon = bench.grant("u-1", "tenth");
    let place = PlaceOrder { points: 5, ..with_coupon(basket("u-1", &[("a", 1)]), coupon.id) };
    bench.place(&keyed(buyer(place), "k", 1));
    let paid = bench.place(&buyer(basket("u-2", &[("a", 2)]))).id;
    bench.pay(paid);
    bench.accept(&operator(refund_units(paid, &[(0, 1)])));
    let examined = rules(&mut bench);
    assert!(examined.iter().all(|examined| *examined > 0), "each looked at something: {examined:?}");
}

/// A timer is missed when it is due for longer than the span that is given.
pub fn late_timers_are_missed<F: Fixture>() {
    let mut bench = Bench::<F>::shop();
    let [first, _second] = [1, 2].map(|quantity| bench.place(&buyer(basket("u-1", &[("a", quantity)]))).id);
    let due = bench.now.plus(WINDOW);
    let late_after = Span::seconds(60);
    let missed = |bench: &mut Bench<F>, now| {
        let reports = bench.reader().verify(now, late_after).expect("the invariants can be checked");
        let timers = &reports[Rule::Timers as usize];
        let all: u64 = reports.iter().map(|report| report.broken).sum();
        assert_eq!(all, timers.broken, "{reports:?}");
        (timers.broken, timers.examples.len())
    };
    assert_eq!(missed(&mut bench, due), (0, 0));
    assert_eq!(missed(&mut bench, due.plus(late_after)), (0, 0));
    assert_eq!(missed(&mut bench, due.plus(late_after).plus(Span(1))), (2, 2));
    bench.wait(WINDOW);
    bench.accept(&operator(close(first)));
    assert_eq!(missed(&mut bench, due.plus(Span::seconds(61))), (1, 1));
}

/// A limit that is lowered below what was granted says nothing about those who were granted before.
pub fn a_lowered_limit_breaks_nothing<F: Fixture>() {
    let mut bench = Bench::<F>::shop();
    for _ in 0..3 {
        bench.grant("u-1", "tenth");
    }
    let lowered = CouponTemplate {
        limit_total: Some(2),
        limit_per_user: Some(1),
        ..template("tenth", CouponKind::PercentOff { percent: 10 })
    };
    bench.accept(&operator(put_template(lowered)));
    assert_eq!(bench.broken(), []);
}

/// Ten short scripts: everything compared, every invariant whole.
pub fn scripts_of_fixed_seeds<F: Fixture>() {
    for seed in 1..=10 {
        let mut bench = Bench::<F>::shop();
        script::play(&mut bench, seed, 12, |_, _| {});
        bench.compare();
        assert_eq!(bench.broken(), [], "seed {seed}");
    }
}

/// One long script, compared on the way.
pub fn a_long_script<F: Fixture>() {
    let mut bench = Bench::<F>::shop();
    script::play(&mut bench, 4_711, 150, |bench, number| {
        if number % 50 == 49 {
            bench.compare();
        }
    });
    bench.compare();
    let counts = bench.model.status_counts();
    let statuses: Vec<_> = counts.iter().filter(|count| count.count >= 3).map(|count| count.status.as_str()).collect();
    assert_eq!(statuses, ["pending_payment", "closing", "paid", "cancelled"], "the script gets around: {counts:?}");
    let payments = PaymentStatus::ALL.map(|status| count(&bench.model.all.payments, |row| row.status == status));
    let refunds = RefundStatus::ALL.map(|status| count(&bench.model.all.refunds, |row| row.status == status));
    let receipts = ReceiptVerdict::ALL.map(|verdict| count(&bench.model.all.receipts, |row| row.verdict == verdict));
    assert!(payments.iter().all(|count| *count > 0), "attempts by status: {payments:?}");
    assert!(refunds.iter().filter(|count| **count > 0).count() >= 5, "refunds by status: {refunds:?}");
    assert!(receipts.iter().filter(|count| **count > 0).count() >= 5, "notifications by verdict: {receipts:?}");
}

fn count<K, V>(rows: &BTreeMap<K, Arc<V>>, is_wanted: impl Fn(&V) -> bool) -> usize {
    rows.values().filter(|row| is_wanted(row)).count()
}

/// Once everything behaves, scripts end with nothing open: no message, no timer, no unpaid order, no open attempt or refund.
pub fn scripts_come_to_an_end<F: Fixture>() {
    for seed in [7, 77, 777] {
        let mut bench = Bench::<F>::shop();
        script::play(&mut bench, seed, 40, |_, _| {});
        script::drain(&mut bench);
        bench.compare();
        let all = &bench.model.all;
        assert_eq!(count(&all.orders, |order| order.status.is_unpaid()), 0, "unpaid orders, seed {seed}");
        assert_eq!(count(&all.payments, |payment| payment.status.is_open()), 0, "open attempts, seed {seed}");
        assert_eq!(count(&all.refunds, |refund| refund.is_open()), 0, "open refunds, seed {seed}");
        let backlog = bench.reader().backlog(Timestamp(0)).expect("what waits can be counted");
        assert_eq!((backlog.messages, backlog.manual_payments, backlog.closing_orders), (0, 0, 0), "seed {seed}");
        let reports = bench.reader().verify(bench.now, Span(0)).expect("the invariants can be checked");
        assert!(reports.iter().all(|report| report.broken == 0), "seed {seed}: {reports:?}");
    }
}

/// Scripts about parcels and after-sales: every invariant is whole after every batch, and once everybody does their part,
/// nothing is open.
pub fn scripts_about_goods<F: Fixture>() {
    let mut seen = BTreeSet::new();
    for seed in 1..=8 {
        let mut bench = Bench::<F>::shop();
        script::goods::play(&mut bench, seed, 40, |bench, number| {
            assert_eq!(bench.broken(), [], "seed {seed}, batch {number}");
            let all = &bench.model.all;
            seen.extend(all.shipments.values().map(|row| ("parcel", row.status.as_str())));
            seen.extend(all.after_sales.values().map(|row| (row.kind.as_str(), row.status.as_str())));
            let legs = all.after_sales.values().filter_map(|row| row.replacement.as_ref());
            seen.extend(legs.filter(|leg| leg.paid > 0).map(|_| ("difference", "paid")));
            seen.extend(bench.stuck().into_iter().map(|kind| ("stuck", kind)));
        });
        bench.compare();
        for _ in 0..3 {
            script::drain(&mut bench);
            script::goods::finish(&mut bench);
        }
        script::drain(&mut bench);
        let all = &bench.model.all;
        assert_eq!(count(&all.after_sales, |row| row.status.is_open()), 0, "open after-sales, seed {seed}");
        assert_eq!(count(&all.refunds, |refund| refund.is_open()), 0, "open refunds, seed {seed}");
        let reports = bench.reader().verify(bench.now, Span(0)).expect("the invariants can be checked");
        assert!(reports.iter().all(|report| report.broken == 0), "seed {seed}: {reports:?}");
    }
    let parcels = ShipmentStatus::ALL.map(|status| ("parcel", status.as_str()));
    let exchanges = AfterSaleStatus::ALL.map(|status| (AfterSaleKind::Exchange.as_str(), status.as_str()));
    let missed: Vec<_> = parcels
        .iter()
        .chain(&exchanges)
        .chain(&[("difference", "paid"), ("stuck", "waiting_after_sale"), ("stuck", "stopped_shipment")])
        .filter(|state| !seen.contains(state))
        .collect();
    assert!(missed.is_empty(), "the scripts get around: {missed:?}");
}
