//! Cases: `verify` finds damage that was done behind the store's back, and finds none where there is none.
//!
//! A store that knows no way to do a damage says so, and the case goes on to the next one.

use std::sync::Arc;

use ordain_domain::{
    after_sale::AfterSaleKind,
    ids::{
        AfterSaleId, ConsumerName, CouponId, EventId, MessageId, OrderId, PaymentId, RefundId, ShipmentId, Sku, UserId,
    },
    order::{CancelReason, PlaceOrder},
    outbox::Task,
    payment::{CallOutcome, ReportedState, TransactionKey},
    rows::Changes,
    timer::{Timer, TimerKind},
};

use super::{
    Fixture,
    bench::Bench,
    channel::{refund_amount, refund_units},
    goods, script,
    shop::{basket, buyer, cancel, close, keyed, operator, points, sku, user, with_coupon},
};
use crate::invariants::{RULES, Rule};

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
    /// The lock of an order on a SKU is gone.
    LockLost(OrderId, Sku),
    /// An event of an order that was never paid says that late money brought it back.
    EventOfAnotherKind(EventId),
    /// `captured` of an order's account is one more.
    CapturedOfAccount(OrderId),
    /// An order's account names no payments any more.
    PaymentsUnnamed(OrderId),
    /// Nothing of a cancelled order's money is on its way back any more, says its account.
    MoneyKept(OrderId),
    /// `refunding` of a payment is one less.
    RefundingOfPayment(PaymentId),
    /// The money that was given back for the first line of an order is one less.
    MoneyOfLine(OrderId),
    /// A second attempt counts for its order.
    SecondCounts(PaymentId),
    /// A money movement of a channel is gone.
    TransactionLost(TransactionKey),
    /// A message was written in 1970.
    MessageOld(MessageId),
    /// A message is gone.
    MessageLost(MessageId),
    /// Nobody asks about an attempt any more.
    QueryForgotten(PaymentId),
    /// A refund has no next step any more.
    StepForgotten(RefundId),
    /// A timer stands that nobody set.
    TimerLeft(Timer),
    /// A parcel that was delivered is on its way.
    ParcelElsewhere(ShipmentId),
    /// Nobody confirms the receipt of a parcel any more.
    ConfirmForgotten(ShipmentId),
    /// An after-sale without a refund waits for one.
    AfterSaleStuck(AfterSaleId),
    /// An approved return may take forever.
    ReturnForgotten(AfterSaleId),
    /// An after-sale is about more units of its first line than there are.
    ClaimTooLarge(AfterSaleId),
    /// More units of its first line than there are stay with the buyer for good, by an after-sale.
    KeptTooMany(AfterSaleId),
    /// An exchange keeps less of what was paid for it than it should.
    DifferenceKept(AfterSaleId),
    /// The account of an order does not name its parcels.
    ParcelsUnnamed(OrderId),
    /// The account of an order does not name its after-sales.
    AfterSalesUnnamed(OrderId),
    /// A parcel's receipt shall be confirmed later than its order's timer says.
    ConfirmMoved(ShipmentId),
    /// A carrier shall be asked about a parcel, and no timer says so.
    CarrierForgotten(ShipmentId),
    /// An after-sale shall be reviewed later than its order's timer says.
    ReviewMoved(AfterSaleId),
    /// The search for what is due does not find an after-sale that has a deadline, where that is stored a second time.
    DueForgotten(AfterSaleId),
    /// A consumer has handled an event that is not in the log yet.
    ConsumerAhead(ConsumerName),
}

impl Damage {
    /// The rule that it breaks. It may break others too.
    #[must_use]
    pub const fn rule(&self) -> Rule {
        match self {
            Damage::LockedCount(_) | Damage::LedgerEntryLost(..) => Rule::Stock,
            Damage::LocksHeldAgain(_) | Damage::LockLost(..) => Rule::Locks,
            Damage::PaidMoney(_) | Damage::EventLost(_) | Damage::ConsumerAhead(_) => Rule::Events,
            Damage::EventOfAnotherKind(_) => Rule::Edges,
            Damage::ParcelElsewhere(_) | Damage::ClaimTooLarge(_) | Damage::KeptTooMany(_) => Rule::Goods,
            Damage::CapturedOfAccount(_)
            | Damage::PaymentsUnnamed(_)
            | Damage::ParcelsUnnamed(_)
            | Damage::AfterSalesUnnamed(_) => Rule::Sums,
            Damage::MoneyKept(_) => Rule::Endings,
            Damage::RefundingOfPayment(_) => Rule::Refunds,
            Damage::MoneyOfLine(_) => Rule::Lines,
            Damage::KeyOfAnotherOrder(..) => Rule::Keys,
            Damage::SecondCounts(_) | Damage::TransactionLost(_) | Damage::DifferenceKept(_) => Rule::Attempts,
            Damage::CouponOfAnotherOrder(..) | Damage::PointsBalance(_) | Damage::FrozenPoints(_) => Rule::Holdings,
            Damage::AgreedTotal(_) => Rule::Shares,
            Damage::TimerLost(_)
            | Damage::TimerLeft(_)
            | Damage::ConfirmMoved(_)
            | Damage::CarrierForgotten(_)
            | Damage::ReviewMoved(_) => Rule::Timers,
            Damage::MessageOld(_) => Rule::Outbox,
            Damage::MessageLost(_)
            | Damage::QueryForgotten(_)
            | Damage::StepForgotten(_)
            | Damage::ConfirmForgotten(_)
            | Damage::AfterSaleStuck(_)
            | Damage::DueForgotten(_)
            | Damage::ReturnForgotten(_) => Rule::Steps,
        }
    }
}

/// An order that holds everything an order may hold, one of the same user that ended, one of another user; and orders with
/// money in every state.
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
    let end = bench.model.all.orders[&ended].last_event;
    let mut damages = vec![
        Damage::LockedCount(sku("b")),
        Damage::LedgerEntryLost(sku("a"), 1),
        Damage::LocksHeldAgain(ended),
        Damage::LockLost(open.id, sku("a")),
        Damage::PaidMoney(open.id),
        Damage::EventLost(open.last_event),
        Damage::EventOfAnotherKind(end),
        Damage::ConsumerAhead(ConsumerName::new("hurried").expect("a name")),
        Damage::KeyOfAnotherOrder(open.id, ended),
        Damage::CouponOfAnotherOrder(coupon, ended),
        Damage::PointsBalance(user("u-1")),
        Damage::FrozenPoints(user("u-1")),
        Damage::AgreedTotal(open.id),
        Damage::TimerLost(timer),
        Damage::TimerLeft(Timer { order: ended, ..timer }),
    ];
    damages.extend(goods(&mut bench));
    damages.extend(money(&mut bench));
    (bench, damages)
}

/// A delivered order with an after-sale that nobody looked at, and one with an exchange that was approved and paid for.
fn goods<F: Fixture>(bench: &mut Bench<F>) -> Vec<Damage> {
    let (order, shipment) = goods::delivered_to(bench, "u-6");
    let after_sale = goods::open(bench, order, AfterSaleKind::Return, &[(0, 1, None)]);
    let (confirmed, confirmed_shipment) = goods::delivered_to(bench, "u-8");
    let (exchanged, exchanged_shipment) = goods::delivered_to(bench, "u-7");
    let exchange = goods::open(bench, exchanged, AfterSaleKind::Exchange, &[(0, 1, Some("b"))]);
    bench.accept(&operator(goods::approve(exchange)));
    let all = &bench.model.all;
    let difference = all.payments.values().find(|row| row.after_sale == Some(exchange)).map(Arc::clone);
    bench.tell(&difference.expect("a price difference is to be paid"), ReportedState::Captured);
    let due = bench.model.all.accounts[&confirmed].timers[&TimerKind::ConfirmReceipt];
    let review_due = bench.model.all.after_sales[&after_sale].review_due_at;
    vec![
        Damage::ParcelElsewhere(shipment),
        Damage::ClaimTooLarge(after_sale),
        Damage::KeptTooMany(after_sale),
        Damage::DifferenceKept(exchange),
        Damage::ParcelsUnnamed(order),
        Damage::AfterSalesUnnamed(order),
        Damage::ConfirmMoved(confirmed_shipment),
        Damage::CarrierForgotten(shipment),
        Damage::ReviewMoved(after_sale),
        Damage::DueForgotten(after_sale),
        Damage::ConfirmForgotten(exchanged_shipment),
        Damage::AfterSaleStuck(after_sale),
        Damage::ReturnForgotten(exchange),
        Damage::TimerLost(Timer { due, kind: TimerKind::ConfirmReceipt, order: confirmed }),
        Damage::TimerLost(Timer { due: review_due, kind: TimerKind::WorkAfterSales, order }),
    ]
}

/// Orders with money: one with a refund out of sight, one with a refund of units and a second payment, one that ended before
/// its money came, one with an open attempt.
fn money<F: Fixture>(bench: &mut Bench<F>) -> Vec<Damage> {
    let lost = bench.place(&buyer(basket("u-3", &[("a", 1)]))).id;
    bench.pay(lost);
    bench.accept(&operator(refund_amount(lost, 7)));
    bench.deliver(|_| CallOutcome::Lost);
    let twice = bench.place(&buyer(basket("u-3", &[("a", 3), ("b", 1)]))).id;
    let payments = [bench.open(twice), bench.open(twice)];
    payments.iter().for_each(|payment| bench.tell(payment, ReportedState::Captured));
    bench.accept(&operator(refund_units(twice, &[(0, 2)])));
    let late = bench.place(&buyer(basket("u-4", &[("b", 1)]))).id;
    let late_payment = bench.open(late);
    bench.accept(&operator(cancel(late, CancelReason::Buyer, None)));
    bench.wait(bench.rules.payments.closing_max);
    bench.accept(&operator(close(late)));
    bench.tell(&late_payment, ReportedState::Captured);
    let waiting = bench.place(&buyer(basket("u-5", &[("a", 1)]))).id;
    let asked = bench.open(waiting);
    let timers = bench.model.all.accounts[&waiting].timers.clone();
    let (kind, due) = timers.into_iter().next().expect("an open attempt is asked about");
    let messages = bench.model.messages();
    let sent = messages.iter().find(|message| matches!(message.task, Task::SendRefund(_)));
    let sent = sent.expect("a second payment goes back").id;
    let transaction = bench.model.all.transactions.keys().next().cloned();
    vec![
        Damage::CapturedOfAccount(twice),
        Damage::PaymentsUnnamed(waiting),
        Damage::MoneyKept(late),
        Damage::RefundingOfPayment(payments[0].id),
        Damage::MoneyOfLine(twice),
        Damage::SecondCounts(payments[1].id),
        Damage::TransactionLost(transaction.expect("money was taken")),
        Damage::MessageOld(sent),
        Damage::MessageLost(sent),
        Damage::QueryForgotten(asked.id),
        Damage::StepForgotten(bench.model.refunds_of(lost)[0].id),
        Damage::TimerLost(Timer { due, kind, order: waiting }),
    ]
}

/// Nothing is reported that is not so.
pub fn clean_data_have_no_broken_invariant<F: Fixture>() {
    let (mut bench, _) = scene::<F>();
    assert_eq!(bench.broken(), []);
    // The mark of a scan is the number of an order, far above every position of the log.
    let order = bench.model.all.orders.keys().next().expect("orders were placed").number();
    let mark = (Arc::from("scan.expired_orders"), order);
    bench.commit(&Changes::default(), &[mark], &[]).expect("a scan may keep its mark");
    assert_eq!(bench.broken(), []);
    script::play(&mut bench, 31, 40, |_, _| {});
    assert_eq!(bench.broken(), []);
    bench.reopen();
    assert_eq!(bench.broken(), []);
}

/// Each damage is reported under the rule that it breaks, with an example; and for each rule there is a damage.
pub fn damage_is_found_under_its_rule<F: Fixture>() {
    let (_, damages) = scene::<F>();
    for (index, (_, rule)) in RULES.iter().enumerate() {
        assert!(damages.iter().any(|damage| damage.rule() as usize == index), "no damage breaks: {rule}");
    }
    for number in 0..damages.len() {
        let (mut bench, damages) = scene::<F>();
        let damage = &damages[number];
        if !bench.fixture().damage(damage) {
            continue;
        }
        let reports = bench.verify();
        let report = &reports[damage.rule() as usize];
        let found = report.broken > 0 && !report.examples.is_empty();
        assert!(found, "{damage:?} was not found: {reports:?}");
    }
}
