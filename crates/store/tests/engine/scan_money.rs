//! The scan for overdue money: it finds the attempts and refunds whose timers were lost, and only those.

use std::sync::{Arc, atomic::Ordering};

use ordain_domain::{
    answer::Answer,
    command::{Command, Envelope},
    event::Actor,
    ids::OrderId,
    outbox::Task,
    payment::{
        CallOutcome, ChannelReport, OpenPayment, Payment, PaymentReport, ReportedState, TakeChannelAnswer,
        TakeNotification,
    },
    refund::RequestRefund,
    time::Span,
    timer::{Timer, TimerKind},
};
use ordain_engine::{port::store::StoreReader as _, reconcile::overdue_money};
use ordain_store::conformance::damages::Damage;

use super::shop::{Shop, answered, operator, place};

/// The timers have this long before the scan takes a step for missed.
const GRACE: Span = Span::seconds(10);

async fn pass(shop: &Shop) -> u64 {
    answered(overdue_money::pass(&shop.engine)).await.unwrap()
}

async fn open(shop: &Shop, order: OrderId) -> Arc<Payment> {
    let command = OpenPayment { order, channel: Arc::from("sandbox"), return_url: None };
    match shop.accept(operator(Command::OpenPayment(command))).await {
        Answer::Payment(payment) => payment,
        other => panic!("not a payment: {other:?}"),
    }
}

/// Loses the order's timer of a kind; the process comes up again without it.
fn lose_timer(shop: Shop, order: OrderId, kind: TimerKind) -> Shop {
    let due = shop.memory.account(order).unwrap().unwrap().timers[&kind];
    assert!(shop.memory.damage(&Damage::TimerLost(Timer { due, kind, order })));
    shop.restart()
}

fn captured(payment: &Payment) -> Envelope {
    let report = PaymentReport {
        payment: payment.id,
        state: ReportedState::Captured,
        amount: payment.amount,
        currency: payment.currency,
        transaction: Some(Arc::from("tx-1")),
        pay_url: None,
    };
    operator(Command::TakeNotification(TakeNotification {
        channel: Arc::from("sandbox"),
        event_id: None,
        headers: Arc::from(""),
        body: Arc::from([]),
        arrived_at: payment.created_at,
        report: Some(ChannelReport::Payment(report)),
        is_for_us: true,
    }))
}

#[tokio::test]
async fn an_attempt_whose_timer_was_lost_is_asked_about_by_the_scan() {
    let shop = Shop::open().await;
    let lost = open(&shop, shop.place(place("u-1", "a")).await.id).await;
    let kept = open(&shop, shop.place(place("u-2", "a")).await.id).await;
    let shop = lose_timer(shop, lost.order, TimerKind::AskChannels);
    let queries = |payment: &Payment| shop.memory.payment(payment.id).unwrap().unwrap().queries;
    shop.clock.set(lost.query_at.unwrap());
    shop.run_a_batch().await;
    assert_eq!((queries(&lost), queries(&kept)), (0, 1), "the timer that is left fires");
    shop.clock.advance(GRACE);
    assert_eq!(pass(&shop).await, 0, "ten seconds late is not missed");
    shop.clock.advance(Span::seconds(1));
    assert_eq!(pass(&shop).await, 1);
    assert_eq!((queries(&lost), queries(&kept)), (1, 1));
    assert_eq!(shop.engine.counters().money_found_by_scan.load(Ordering::Relaxed), 1);
    assert_eq!(pass(&shop).await, 0);
    let timers = shop.memory.account(lost.order).unwrap().unwrap().timers;
    let due = timers[&TimerKind::AskChannels];
    assert!(shop.memory.timers(None, due, 10).unwrap().iter().any(|timer| timer.order == lost.order), "set again");
}

#[tokio::test]
async fn a_refund_whose_timer_was_lost_is_worked_at_by_the_scan() {
    let shop = Shop::open().await;
    let payment = open(&shop, shop.place(place("u-1", "a")).await.id).await;
    shop.accept(captured(&payment)).await;
    let order = payment.order;
    let request = RequestRefund {
        order,
        lines: Vec::new(),
        amount: Some(1),
        reason: Arc::from("goodwill"),
        expected_version: None,
    };
    shop.accept(operator(Command::RequestRefund(request))).await;
    let messages = shop.memory.messages_after(None, 10).unwrap();
    let sent = messages.iter().find(|message| matches!(message.task, Task::SendRefund(_))).unwrap();
    let lost = TakeChannelAnswer { message: sent.id, order, task: sent.task, outcome: CallOutcome::Lost };
    shop.accept(operator(Command::TakeChannelAnswer(lost))).await;
    let shop = lose_timer(shop, order, TimerKind::WorkRefunds);
    shop.clock.advance(Span::seconds(5));
    shop.clock.advance(GRACE);
    assert_eq!(pass(&shop).await, 0);
    shop.clock.advance(Span::seconds(1));
    assert_eq!(pass(&shop).await, 1);
    let asked = shop.memory.messages_after(None, 10).unwrap();
    assert!(asked.iter().any(|message| matches!(message.task, Task::QueryRefund(_))), "{asked:?}");
    assert_eq!(shop.log().last().map(|record| record.actor), Some(Actor::Operator), "asking is no fact");
    assert_eq!(pass(&shop).await, 0);
}
