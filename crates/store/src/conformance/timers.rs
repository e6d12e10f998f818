//! Cases: timers, and the scan that finds overdue orders without them.

use ordain_domain::{
    order::CancelReason,
    rows::Changes,
    time::{Span, Timestamp},
    timer::{Timer, TimerChange, TimerKind},
};

use super::{
    Fixture,
    bench::{Bench, WINDOW},
    compare,
    shop::{basket, buyer, cancel, close, keyed, operator},
};

/// Twelve orders of several users, three at a time, ten seconds apart.
fn waiting<F: Fixture>() -> Bench<F> {
    let mut bench = Bench::<F>::shop();
    for round in 0..4 {
        let place = |name: &str| keyed(buyer(basket(name, &[("a", 1)])), &format!("{round}"), 1);
        bench.run(&["u-1", "u-2", "u-3"].map(place));
        bench.wait(Span::seconds(10));
    }
    bench
}

/// By due time and then by order, from any timer on, up to a time that counts in.
pub fn timers_come_earliest_first<F: Fixture>() {
    let mut bench = waiting::<F>();
    let reader = bench.reader();
    let all = bench.model.timers();
    assert_eq!(all.len(), 12);
    for (index, after) in all.iter().enumerate() {
        for limit in [1, 3, 100] {
            let found = reader.timers(Some(*after), Timestamp::MAX, limit).expect("timers can be read");
            let expected: Vec<Timer> = all[index + 1..].iter().take(limit).copied().collect();
            assert_eq!(found, expected, "after {after:?} by {limit}");
        }
    }
    for (until, expected) in [(all[4].due, 6), (all[4].due.minus(Span(1)), 3), (all[11].due, 12), (Timestamp(0), 0)] {
        assert_eq!(reader.timers(None, until, 100).expect("timers can be read"), all[..expected], "until {until:?}");
    }
    bench.compare();
}

/// A timer is gone when its order ended; setting, dropping and setting again in turn is fine.
pub fn timers_end_with_their_orders<F: Fixture>() {
    let mut bench = waiting::<F>();
    let [first, second] = [0, 5].map(|index| bench.model.timers()[index]);
    bench.accept(&operator(cancel(first.order, CancelReason::Buyer, None)));
    bench.wait(WINDOW);
    bench.accept(&operator(close(second.order)));
    bench.compare();
    assert_eq!(bench.model.timers().len(), 10);
    let timer = Timer { due: Timestamp::MAX, kind: TimerKind::CloseOrder, order: first.order };
    for change in [TimerChange::Set, TimerChange::Set, TimerChange::Dropped, TimerChange::Dropped, TimerChange::Set] {
        let changes = Changes { timers: [(timer, change)].into(), ..Changes::default() };
        bench.commit(&changes, &[], &[]).expect("timers can be committed");
        bench.compare();
    }
    bench.reopen();
    bench.compare();
}

/// The scan reads the orders themselves: it finds those whose timers were lost.
pub fn overdue_orders_are_found_without_timers<F: Fixture>() {
    let mut bench = waiting::<F>();
    let first = *bench.model.all.orders.keys().next().expect("there are orders");
    bench.accept(&operator(cancel(first, CancelReason::Buyer, None)));
    let lost = bench.model.timers().into_iter().map(|timer| (timer, TimerChange::Dropped)).collect();
    bench.commit(&Changes { timers: lost, ..Changes::default() }, &[], &[]).expect("timers can be committed");
    bench.wait(WINDOW);
    let page = bench.reader().overdue_orders(None, bench.now, bench.now, 100).expect("orders can be scanned");
    assert_eq!(page.overdue.len(), 11);
    // The rows are read, not loaded: without timers a store may count too few unpaid orders.
    let reader = bench.reader();
    compare::reader(reader.as_ref(), &bench.model);
}

/// Every cut by age and by expiry, by pages of every size, and from where the last scan saw an unpaid order.
pub fn overdue_orders_come_in_pages<F: Fixture>() {
    let mut bench = waiting::<F>();
    let paid_and_ended: Vec<_> = bench.model.all.orders.keys().copied().take(5).collect();
    for order in paid_and_ended {
        bench.accept(&operator(cancel(order, CancelReason::Merchant, None)));
    }
    let reader = bench.reader();
    let expiries: Vec<Timestamp> = bench.model.timers().iter().map(|timer| timer.due).collect();
    for expired_before in expiries.iter().flat_map(|due| [*due, due.plus(Span(1))]) {
        for minted_before in [expired_before.minus(WINDOW), bench.now, Timestamp::MAX] {
            for limit in [1, 2, 5, 100] {
                compare::overdue(reader.as_ref(), &bench.model, minted_before, expired_before, limit);
            }
        }
    }
    let first_unpaid = bench.model.all.orders.values().find(|order| order.status.is_unpaid()).map(|order| order.id);
    let page = reader.overdue_orders(None, bench.now, bench.now, 100).expect("orders can be scanned");
    assert_eq!(page.first_unpaid, first_unpaid);
}
