//! Cases: `verify` finds damage that was done behind the store's back, and finds none where there is none.
//!
//! A store that knows no way to do a damage says so, and the case goes on to the next one.

use ordain_domain::{
    ids::{CouponId, EventId, OrderId, Sku, UserId},
    order::{CancelReason, PlaceOrder},
    timer::Timer,
};

use super::{
    Fixture,
    bench::Bench,
    script,
    shop::{basket, buyer, cancel, keyed, operator, points, sku, user, with_coupon},
};

/// What is done to the data. The rows that are named exist, and the damage is within what a schema can hold.
#[derive(Clone, Debug)]
pub enum Damage {
    /// `locked` of a SKU is one more.
    LockedCount(Sku),
    /// An entry of a SKU's ledger is gone.
    LedgerEntryLost(Sku, u64),
    /// The locks of an order are held, though it ended.
    LocksHeldAgain(OrderId),
    /// `paid` of an order's row is one more.
    PaidMoney(OrderId),
    /// An event is gone from the log.
    EventLost(EventId),
    /// The idempotency key of the first order is that of the second order, which is another one of the same user.
    KeyOfAnotherOrder(OrderId, OrderId),
    /// A coupon that is frozen for one order names the other.
    CouponOfAnotherOrder(CouponId, OrderId),
    /// The balance of a user's points is one more.
    PointsBalance(UserId),
    /// `frozen` of a user's points is one more.
    FrozenPoints(UserId),
    /// The `total` in what was agreed of an order is one more, wherever that is stored.
    AgreedTotal(OrderId),
    /// A timer is gone.
    TimerLost(Timer),
}

impl Damage {
    /// The invariant that it breaks.
    #[must_use]
    pub const fn invariant(&self) -> u8 {
        match self {
            Damage::LockedCount(_) | Damage::LedgerEntryLost(..) => 1,
            Damage::LocksHeldAgain(_) => 2,
            Damage::PaidMoney(_) | Damage::EventLost(_) => 3,
            Damage::KeyOfAnotherOrder(..) => 6,
            Damage::CouponOfAnotherOrder(..) | Damage::PointsBalance(_) | Damage::FrozenPoints(_) => 7,
            Damage::AgreedTotal(_) => 8,
            Damage::TimerLost(_) => 9,
        }
    }
}

/// An order that holds everything an order may hold, one of the same user that ended, and one of another user.
fn scene<F: Fixture>() -> (Bench<F>, Vec<Damage>) {
    let mut bench = Bench::<F>::shop();
    bench.accept(&operator(points("u-1", 50)));
    let coupon = bench.grant("u-1", "tenth").id;
    let place = PlaceOrder { points: 5, ..with_coupon(basket("u-1", &[("a", 1)]), coupon) };
    let open = bench.place(&keyed(buyer(place), "first", 1));
    let ended = bench.place(&keyed(buyer(basket("u-1", &[("b", 2)])), "second", 2)).id;
    bench.accept(&operator(cancel(ended, CancelReason::Buyer, None)));
    bench.place(&buyer(basket("u-2", &[("b", 1)])));
    let timer = bench.model.timers()[0];
    let damages = vec![
        Damage::LockedCount(sku("b")),
        Damage::LedgerEntryLost(sku("a"), 1),
        Damage::LocksHeldAgain(ended),
        Damage::PaidMoney(open.id),
        Damage::EventLost(open.last_event),
        Damage::KeyOfAnotherOrder(open.id, ended),
        Damage::CouponOfAnotherOrder(coupon, ended),
        Damage::PointsBalance(user("u-1")),
        Damage::FrozenPoints(user("u-1")),
        Damage::AgreedTotal(open.id),
        Damage::TimerLost(timer),
    ];
    (bench, damages)
}

/// Nothing is reported that is not so.
pub fn clean_data_have_no_broken_invariant<F: Fixture>() {
    let (mut bench, _) = scene::<F>();
    assert_eq!(bench.broken(), []);
    script::play(&mut bench, 31, 40, |_, _| {});
    assert_eq!(bench.broken(), []);
    bench.reopen();
    assert_eq!(bench.broken(), []);
}

/// Each damage is reported under the number of its invariant, with an example.
pub fn damage_is_found_under_its_number<F: Fixture>() {
    let (_, damages) = scene::<F>();
    for number in 0..damages.len() {
        let (mut bench, damages) = scene::<F>();
        let damage = &damages[number];
        if !bench.fixture().damage(damage) {
            continue;
        }
        let reports = bench.verify();
        let report = reports.iter().find(|report| report.invariant == damage.invariant());
        let found = report.is_some_and(|report| report.broken > 0 && !report.examples.is_empty());
        assert!(found, "{damage:?} was not found: {reports:?}");
    }
}
