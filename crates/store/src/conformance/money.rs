//! Cases: attempts, refunds, notifications, the books of orders and the outbox come back whole, and what cannot be true of
//! money is refused.

use std::sync::Arc;

use ordain_domain::{
    command::Command,
    event::Actor,
    ids::{AfterSaleId, OrderId, PaymentId, ReceiptId, RefundId},
    money::AMOUNT_MAX,
    order::{CancelReason, OrderStatus},
    payment::{
        CallOutcome, ChannelReport, LineAccount, OrderAccount, Payment, PaymentReport, PaymentStatus, RECEIPT_BODY_MAX,
        Receipt, ReceiptVerdict, ReportedState, Resolution, ResolveReceipt,
    },
    refund::{Refund, RefundCause, RefundLine, RefundStatus, ResolveRefund, RetryRefund},
    rows::Changes,
    rules::LateMoney,
    time::{Span, Timestamp},
    timer::TimerKind,
};
use ordain_engine::port::store::{CommitFailure, FailureKind};

use super::{
    Fixture, UNPAID_PER_USER_MAX,
    bench::{BEGIN, Bench, WINDOW},
    channel::{CHANNEL, notify, payment_report, refund_amount, refund_report, refund_units},
    shop::{basket, buyer, cancel, close, operator, pounds},
};

fn lost<F: Fixture>(bench: &mut Bench<F>) {
    bench.deliver(|_| CallOutcome::Lost);
}

/// Opened, out of sight, found again, paid; a second one is closed.
pub fn attempts_through_their_life<F: Fixture>() {
    let mut bench = Bench::<F>::shop();
    let order = bench.place(&buyer(basket("u-1", &[("a", 2), ("b", 1)]))).id;
    let first = bench.open(order);
    bench.compare();
    lost(&mut bench);
    bench.compare();
    assert_eq!(bench.model.all.payments[&first.id].status, PaymentStatus::Unknown);
    bench.wait(Span::seconds(5));
    bench.accept(&operator(Command::AskChannels(order)));
    bench.compare();
    bench.deliver(|_| CallOutcome::Answered(ChannelReport::Payment(payment_report(&first, ReportedState::Open))));
    bench.compare();
    bench.reopen();
    let second = bench.open(order);
    bench.tell(&first, ReportedState::Captured);
    bench.compare();
    bench.deliver(|_| CallOutcome::Answered(ChannelReport::Payment(payment_report(&second, ReportedState::Closed))));
    bench.compare();
    bench.reopen();
    bench.compare();
    let statuses: Vec<_> = bench.model.payments_of(order).iter().map(|payment| payment.status).collect();
    assert_eq!(statuses, [PaymentStatus::Succeeded, PaymentStatus::Closed]);
    assert_eq!(bench.model.all.orders[&order].status, OrderStatus::Paid);
    assert_eq!(bench.model.messages(), []);
    assert_eq!(bench.broken(), []);
}

/// Late money goes back, or brings the order back to life; a second payment goes back.
pub fn late_and_second_money<F: Fixture>() {
    let mut bench = Bench::<F>::shop();
    let order = bench.place(&buyer(basket("u-1", &[("a", 2)]))).id;
    let payments = [bench.open(order), bench.open(order)];
    lost(&mut bench);
    bench.wait(WINDOW);
    bench.accept(&operator(close(order)));
    bench.compare();
    assert_eq!(bench.model.all.orders[&order].status, OrderStatus::Closing);
    bench.wait(bench.rules.payments.closing_max);
    bench.accept(&operator(close(order)));
    bench.compare();
    assert_eq!(bench.model.all.orders[&order].status, OrderStatus::Cancelled);
    bench.tell(&payments[0], ReportedState::Captured);
    bench.compare();
    bench.give_back();
    bench.compare();
    bench.rules.payments.late_money = LateMoney::ReinstateIfStock;
    bench.tell(&payments[1], ReportedState::Captured);
    bench.compare();
    assert_eq!(bench.model.all.orders[&order].status, OrderStatus::Paid);
    let other = bench.place(&buyer(basket("u-1", &[("b", 2)]))).id;
    let payments = [bench.open(other), bench.open(other)];
    payments.iter().for_each(|payment| bench.tell(payment, ReportedState::Captured));
    bench.compare();
    bench.give_back();
    bench.reopen();
    bench.compare();
    let account = &bench.model.all.accounts[&other];
    assert_eq!((account.captured, account.refunded), (2 * payments[0].amount, payments[0].amount));
    assert_eq!(bench.broken(), []);
}

/// Refunds of units and of amounts, carried out, out of sight, failed to the end, sent again, settled by a person.
pub fn refunds_through_their_life<F: Fixture>() {
    let mut bench = Bench::<F>::shop();
    let order = bench.place(&buyer(basket("u-1", &[("a", 3), ("b", 2), ("a", 1)]))).id;
    bench.pay(order);
    bench.accept(&operator(refund_units(order, &[(0, 1), (1, 1)])));
    bench.compare();
    bench.give_back();
    bench.compare();
    bench.accept(&operator(refund_amount(order, 7)));
    lost(&mut bench);
    bench.compare();
    bench.reopen();
    bench.wait(Span::seconds(5));
    bench.accept(&operator(Command::WorkRefunds(order)));
    bench.compare();
    let goodwill = bench.model.refunds_of(order)[1].clone();
    for _ in 0..=bench.rules.payments.refund_retries.len() {
        bench.deliver(|_| CallOutcome::Answered(ChannelReport::Refund(refund_report(&goodwill, Some(false)))));
        bench.compare();
        bench.wait(Span::seconds(86_400));
        bench.accept(&operator(Command::WorkRefunds(order)));
    }
    assert_eq!(bench.model.all.refunds[&goodwill.id].status, RefundStatus::Manual);
    bench.accept(&operator(Command::RetryRefund(RetryRefund { refund: goodwill.id })));
    lost(&mut bench);
    bench.deliver(|_| CallOutcome::Answered(ChannelReport::Refund(refund_report(&goodwill, Some(false)))));
    bench.wait(Span::seconds(5));
    bench.accept(&operator(Command::WorkRefunds(order)));
    bench.deliver(|_| CallOutcome::Answered(ChannelReport::Refund(refund_report(&goodwill, Some(false)))));
    let resolve = ResolveRefund { refund: goodwill.id, note: Arc::from("paid by bank transfer") };
    bench.accept(&operator(Command::ResolveRefund(resolve)));
    bench.compare();
    bench.accept(&operator(refund_units(order, &[(0, 2), (2, 1)])));
    bench.reopen();
    bench.compare();
    assert_eq!(bench.broken(), []);
}

/// A merchant's cancel of some paid units, then of the rest.
pub fn cancels_of_paid_units<F: Fixture>() {
    let mut bench = Bench::<F>::shop();
    let order = bench.place(&buyer(basket("u-1", &[("a", 3), ("b", 2)]))).id;
    bench.pay(order);
    let part = match cancel(order, CancelReason::Merchant, Some("one is broken")) {
        Command::CancelOrder(whole) => {
            let lines = vec![ordain_domain::refund::RefundLine { line: 0, quantity: 1 }];
            Command::CancelOrder(ordain_domain::order::CancelOrder { lines, ..whole })
        }
        other => other,
    };
    bench.accept(&operator(part));
    bench.compare();
    bench.accept(&operator(cancel(order, CancelReason::Merchant, None)));
    bench.compare();
    bench.give_back();
    bench.reopen();
    bench.compare();
    let order = &bench.model.all.orders[&order];
    assert_eq!((order.status, order.paid), (OrderStatus::Cancelled, order.refunded));
    assert_eq!(bench.broken(), []);
}

/// A cancel that waits for the channels: one unpaid order of its user until it ends, and not overdue before its time.
pub fn a_closing_order_is_unpaid_until_it_ends<F: Fixture>() {
    let mut bench = Bench::<F>::shop();
    let place = |quantity: u32| buyer(basket("u-1", &[("a", quantity)]));
    let orders: Vec<OrderId> = (1..=UNPAID_PER_USER_MAX).map(|quantity| bench.place(&place(quantity)).id).collect();
    let payment = bench.open(orders[0]);
    bench.accept(&operator(cancel(orders[0], CancelReason::Buyer, Some("no longer wanted"))));
    bench.compare();
    assert_eq!(bench.model.all.orders[&orders[0]].status, OrderStatus::Closing);
    let until = bench.model.all.accounts[&orders[0]].closing.as_ref().map(|closing| closing.until);
    let timers = bench.model.timers();
    let own: Vec<_> =
        timers.iter().filter(|timer| timer.order == orders[0] && timer.kind == TimerKind::CloseOrder).collect();
    assert_eq!(own.iter().map(|timer| Some(timer.due)).collect::<Vec<_>>(), [until]);
    bench.refuse(&place(90));
    bench.reopen();
    bench.refuse(&place(91));
    let overdue = |bench: &mut Bench<F>, at: Timestamp| {
        let page = bench.reader().overdue_orders(None, at, at, 100).expect("orders can be scanned");
        page.overdue.contains(&orders[0])
    };
    let until = until.expect("it is closing");
    assert!(!overdue(&mut bench, until) && overdue(&mut bench, until.plus(Span(1))));
    bench.tell(&payment, ReportedState::Closed);
    bench.compare();
    bench.place(&place(92));
    bench.refuse(&place(93));
    bench.compare();
    assert_eq!(bench.broken(), []);
}

/// Every verdict, with everything that arrived.
pub fn notifications_of_every_verdict<F: Fixture>() {
    let mut bench = Bench::<F>::shop();
    let order = bench.place(&buyer(basket("u-1", &[("a", 2)]))).id;
    let payment = bench.open(order);
    let captured = payment_report(&payment, ReportedState::Captured);
    let unknown = PaymentReport { payment: PaymentId::from_number(5), ..captured.clone() };
    let wrong = PaymentReport { amount: captured.amount + 1, ..captured.clone() };
    let reports = [None, Some(unknown), Some(wrong.clone()), Some(wrong), Some(captured.clone()), Some(captured)];
    for report in reports {
        bench.accept(&notify(report.map(ChannelReport::Payment), bench.now));
        bench.compare();
    }
    let quarantined = bench.model.receipts(Some(ReceiptVerdict::Quarantined))[0].id;
    let resolve = ResolveReceipt { receipt: quarantined, note: Arc::from("a test of the channel") };
    bench.accept(&operator(Command::ResolveReceipt(resolve)));
    bench.compare();
    bench.reopen();
    bench.compare();
    let verdicts: std::collections::BTreeSet<_> = bench.model.all.receipts.values().map(|row| row.verdict).collect();
    assert_eq!(verdicts.len(), ReceiptVerdict::ALL.len());
}

/// A row of each kind with everything that it may hold.
fn full() -> (Payment, Refund, Receipt) {
    let text = |text: &str| Some(Arc::from(text));
    let payment = Payment {
        id: PaymentId::from_number(i64::MAX),
        order: OrderId::from_number(i64::MAX),
        channel: Arc::from(CHANNEL),
        status: PaymentStatus::Succeeded,
        reported: Some(ReportedState::Refunded),
        amount: AMOUNT_MAX,
        currency: pounds(),
        captured: AMOUNT_MAX,
        refunded: 1,
        refunding: AMOUNT_MAX - 1,
        counts: true,
        after_sale: None,
        transaction: text("tx \"1\""),
        pay_url: text("https://pay.example/?a=b&c='d'"),
        return_url: text(""),
        query_at: Some(Timestamp::MAX),
        queries: u32::MAX,
        is_manual: true,
        version: u64::MAX >> 1,
        created_at: Timestamp(-1),
        updated_at: BEGIN,
        expires_at: Timestamp::MAX,
    };
    let refund = Refund {
        id: RefundId::from_number(i64::MAX),
        order: payment.order,
        payment: payment.id,
        status: RefundStatus::Manual,
        amount: AMOUNT_MAX,
        currency: pounds(),
        lines: vec![RefundLine { line: 999, quantity: u32::MAX }],
        cause: RefundCause::AfterSale,
        reason: text("because"),
        tries: u32::MAX,
        next_at: Some(Timestamp(-1)),
        transaction: text("tx"),
        note: text("a\nb"),
        version: u64::MAX >> 1,
        created_at: BEGIN,
        updated_at: BEGIN,
    };
    let receipt = Receipt {
        id: ReceiptId::from_number(i64::MAX - 1),
        channel: Arc::from(CHANNEL),
        event_id: text("e"),
        payment: Some(payment.id),
        report: Some(ChannelReport::Refund(refund_report(&refund, None))),
        headers: Arc::from("a: b"),
        body: (0..=255).cycle().take(RECEIPT_BODY_MAX).collect(),
        arrived_at: BEGIN,
        verdict: ReceiptVerdict::Resolved,
        note: text("seen"),
        resolution: Some(Resolution { by: Actor::Operator, at: Timestamp(-1), note: Arc::from("found") }),
    };
    (payment, refund, receipt)
}

fn changes_of(payment: Payment, refund: Refund, receipt: Receipt) -> Changes {
    let mut changes = Changes::default();
    changes.payments.insert(payment.id, Arc::new(payment));
    changes.refunds.insert(refund.id, Arc::new(refund));
    changes.receipts.insert(receipt.id, Arc::new(receipt));
    changes
}

/// Rows with everything they may hold, and with the least.
pub fn rows_of_money_with_everything_and_nothing<F: Fixture>() {
    let mut bench = Bench::<F>::empty();
    let (payment, refund, receipt) = full();
    let least = changes_of(
        Payment {
            id: PaymentId::from_number(2),
            status: PaymentStatus::Created,
            reported: None,
            amount: 1,
            captured: 0,
            refunded: 0,
            refunding: 0,
            counts: false,
            after_sale: Some(AfterSaleId::from_number(i64::MAX)),
            transaction: None,
            pay_url: None,
            return_url: None,
            query_at: None,
            queries: 0,
            is_manual: false,
            version: 1,
            ..payment.clone()
        },
        Refund {
            id: RefundId::from_number(2),
            amount: 1,
            lines: Vec::new(),
            reason: None,
            next_at: None,
            transaction: None,
            note: None,
            ..refund.clone()
        },
        Receipt {
            id: ReceiptId::from_number(2),
            event_id: None,
            payment: None,
            report: None,
            headers: Arc::from(""),
            body: Arc::from([]),
            verdict: ReceiptVerdict::Forged,
            note: None,
            resolution: None,
            ..receipt.clone()
        },
    );
    bench.commit(&changes_of(payment, refund, receipt), &[], &[]).expect("full rows can be committed");
    bench.commit(&least, &[], &[]).expect("bare rows can be committed");
    bench.compare();
    bench.reopen();
    bench.compare();
}

/// More given back than was taken, a refund of nothing, a money movement of two attempts: refused with all that is beside it.
pub fn money_that_cannot_be_is_refused_whole<F: Fixture>() {
    let mut bench = Bench::<F>::shop();
    let order = bench.place(&buyer(basket("u-1", &[("a", 2), ("b", 1)]))).id;
    let payment = bench.pay(order).as_ref().clone();
    bench.accept(&operator(refund_units(order, &[(0, 1)])));
    let account = bench.model.all.accounts[&order].as_ref().clone();
    let account = OrderAccount { version: account.version + 1, ..account };
    let (_, refund, _) = full();
    let of_payment =
        |payment: Payment| Changes { payments: [(payment.id, Arc::new(payment))].into(), ..Changes::default() };
    let of_account =
        |account: OrderAccount| Changes { accounts: [(account.order, Arc::new(account))].into(), ..Changes::default() };
    let (key, order_row) =
        (bench.model.all.transactions.keys().next().cloned(), Arc::clone(&bench.model.all.orders[&order]));
    let with_lines = |lines: Vec<LineAccount>| {
        let orders = [(order, Arc::clone(&order_row))].into();
        Changes { orders, ..of_account(OrderAccount { lines, ..account.clone() }) }
    };
    let line = |units, money| LineAccount { units, money, points: 0 };
    let table = [
        of_payment(Payment { refunding: payment.captured + 1, ..payment.clone() }),
        of_payment(Payment { refunded: -1, ..payment.clone() }),
        of_payment(Payment { captured: 0, refunding: 0, ..payment.clone() }),
        of_payment(Payment { status: PaymentStatus::Failed, ..payment.clone() }),
        of_account(OrderAccount { refunded: account.captured, ..account.clone() }),
        of_account(OrderAccount { refunding: -1, ..account.clone() }),
        with_lines(vec![line(3, 1), line(0, 0)]),
        with_lines(vec![line(1, AMOUNT_MAX), line(0, 0)]),
        Changes { refunds: [(refund.id, Arc::new(Refund { amount: 0, ..refund }))].into(), ..Changes::default() },
        Changes { transactions: [(key.expect("it was paid"), PaymentId::from_number(9))].into(), ..Changes::default() },
    ];
    for changes in table {
        match bench.commit(&changes, &[(Arc::from("group"), 7)], &[]) {
            Err(CommitFailure::NotCommitted(failure)) => {
                assert_eq!(failure.kind, FailureKind::Constraint, "{changes:?}")
            }
            other => panic!("{changes:?}: {other:?}"),
        }
        bench.compare();
    }
    bench.accept(&operator(refund_units(order, &[(0, 1)])));
    bench.compare();
}
