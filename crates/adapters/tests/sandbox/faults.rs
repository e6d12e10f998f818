//! Faults between the merchant and the sandbox, and notifications that nobody answers.

use axum::http::{Method, StatusCode};
use ordain_adapters::channel::{
    conformance::{Arrived, refund_request},
    sandbox::ATTEMPTS_MAX,
};
use ordain_domain::{
    payment::{ChannelReport, PaymentReport, RefundReport, ReportedState},
    time::Span,
};
use ordain_engine::port::{
    clock::Clock,
    payment_channel::{ChannelFailure, PaymentChannel, RawNotification},
};

use super::bench::Bench;

async fn set_faults(bench: &Bench, body: &str) {
    let (status, answer) = bench.json(Method::PUT, "/sandbox/v1/faults", body).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert_eq!(bench.json(Method::GET, "/sandbox/v1/faults", "").await.1, answer);
}

/// What came of a call, in one word.
fn word(answer: &Result<PaymentReport, ChannelFailure>) -> &'static str {
    match answer {
        Ok(_) => "answered",
        Err(ChannelFailure::Unreachable(_)) => "unreachable",
        Err(ChannelFailure::Unknown(_)) => "unknown",
        Err(ChannelFailure::Refused(_)) => "refused",
    }
}

#[tokio::test]
async fn calls_meet_the_faults_of_the_menu() {
    // The menu, what two calls to close meet, and whether the first one closed the payment.
    let table = [
        ("{}", ["answered", "answered"], true),
        (r#"{"down":true}"#, ["unreachable", "unreachable"], false),
        (r#"{"reply_lost":1}"#, ["unknown", "unknown"], true),
        (r#"{"error_then_success":1}"#, ["unknown", "answered"], false),
        (r#"{"slow_ms":1}"#, ["answered", "answered"], true),
    ];
    for (menu, expected, closes) in table {
        let bench = Bench::started();
        let payment = bench.open(1).await.payment;
        let channel = bench.sandbox.channel();
        set_faults(&bench, menu).await;
        assert_eq!(word(&channel.close(payment).await), expected[0], "{menu}");
        let (_, view) = bench.json(Method::GET, "/sandbox/v1/payments/pay_1", "").await;
        assert_eq!(view["status"], if closes { "closed" } else { "open" }, "{menu}");
        assert_eq!(word(&channel.close(payment).await), expected[1], "{menu}");
    }
}

#[tokio::test]
async fn the_payer_reaches_a_channel_that_the_merchant_does_not() {
    let bench = Bench::started();
    bench.open(1).await;
    set_faults(&bench, r#"{"down":true}"#).await;
    assert_eq!(bench.pay(1, "").await.0, StatusCode::OK);
    bench.arrival().await;
}

async fn paid(bench: &Bench) -> PaymentReport {
    let payment = bench.open(1).await.payment;
    bench.pay(1, r#"{"notify":"never"}"#).await;
    bench.sandbox.channel().query(payment).await.unwrap()
}

#[tokio::test]
async fn a_refund_is_refused_as_long_as_the_menu_says_so() {
    let bench = Bench::started();
    let paid = paid(&bench).await;
    let request = refund_request(1, &paid, 500);
    let channel = bench.sandbox.channel();
    for (menu, succeeded) in [
        (r#"{"refund_refused":1}"#, false),
        (r#"{"refund_refused":1}"#, false),
        ("{}", true),
        (r#"{"refund_refused":1}"#, true),
    ] {
        set_faults(&bench, menu).await;
        let report = channel.refund(request.clone()).await.unwrap();
        assert_eq!(report.succeeded, Some(succeeded), "{menu}");
        assert_eq!(channel.query_refund(request.clone()).await.unwrap(), report, "{menu}");
    }
    let refunds = bench.sandbox.ledger(1, 10).await.unwrap();
    assert_eq!(refunds.iter().map(|line| line.amount).collect::<Vec<_>>(), [500]);
}

#[tokio::test]
async fn an_undecided_refund_is_told_when_it_settles() {
    let bench = Bench::started();
    let paid = paid(&bench).await;
    let request = refund_request(1, &paid, 500);
    let channel = bench.sandbox.channel();
    set_faults(&bench, r#"{"refund_unknown":1,"refund_settles_ms":60000}"#).await;
    let undecided = channel.refund(request.clone()).await.unwrap();
    assert_eq!((undecided.is_known, undecided.succeeded), (true, None));
    assert_eq!(channel.refund(request.clone()).await.unwrap(), undecided);
    bench.clock.move_to(bench.clock.now().plus(Span::seconds(60)));
    let settled = channel.query_refund(request.clone()).await.unwrap();
    assert_eq!((settled.succeeded, settled.transaction.as_deref()), (Some(true), Some("sbr_1")));
    let bench = bench.reopened().await;
    bench.start();
    let Arrived { headers, body, at } = bench.arrival().await;
    let raw = RawNotification { headers: &headers, body: &body, arrived_at: at };
    let told = bench.sandbox.channel().verify(&raw).unwrap().report;
    assert_eq!(told, ChannelReport::Refund(RefundReport { refund: request.refund, ..settled }));
    assert_eq!(bench.sandbox.ledger(0, 10).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_notification_is_repeated_until_it_is_answered_and_no_longer() {
    // What the merchant answers, how often it hears of the payment, and whether the sandbox gives up.
    let given_up = vec![None; ATTEMPTS_MAX as usize];
    let table: [(&[Option<u16>], u32, i64); 7] = [
        (&[], 1, 0),
        (&[Some(200)], 1, 0),
        (&[None, Some(500), Some(503)], 4, 0),
        (&[Some(404)], 2, 0),
        (&[Some(302)], 2, 0),
        (&[Some(199)], 2, 0),
        (&given_up, ATTEMPTS_MAX, 1),
    ];
    for (answers, times, gives_up) in table {
        let bench = Bench::started();
        bench.answer(answers);
        bench.open(1).await;
        bench.pay(1, "").await;
        let clock = move_on(&bench);
        let mut bodies = Vec::new();
        for _ in 0..times {
            bodies.push(bench.arrival().await.body);
        }
        bench.settled(0).await;
        clock.abort();
        bodies.dedup();
        assert_eq!(bodies.len(), 1, "{answers:?}: every repetition says the same");
        assert!(bench.arrived().await.is_empty(), "{answers:?}: more arrived");
        assert_eq!(bench.sandbox.notification_counts().await.unwrap().given_up, gives_up, "{answers:?}");
    }
}

/// Moves the clock with the machine's timers, so that waits in between are over.
fn move_on(bench: &Bench) -> tokio::task::JoinHandle<()> {
    let clock = std::sync::Arc::clone(&bench.clock);
    tokio::spawn(async move {
        let mut ticks = tokio::time::interval(std::time::Duration::from_millis(1));
        loop {
            ticks.tick().await;
            clock.move_to(clock.now().plus(Span::milliseconds(10)));
        }
    })
}

#[tokio::test]
async fn a_forged_notification_is_not_repeated() {
    let bench = Bench::started();
    bench.answer(&[Some(401)]);
    bench.open(1).await;
    bench.pay(1, r#"{"notify":"forged"}"#).await;
    bench.arrival().await;
    bench.settled(0).await;
    assert!(bench.arrived().await.is_empty());
}

#[tokio::test]
async fn what_was_not_answered_is_sent_by_the_next_process() {
    let bench = Bench::started();
    bench.hold_answers();
    for number in 1..=3 {
        bench.open(number).await;
        bench.pay(number, "").await;
        bench.arrival().await;
    }
    let bench = bench.reopened().await;
    assert_eq!(bench.sandbox.notification_counts().await.unwrap().pending, 3);
    bench.start();
    for _ in 0..3 {
        bench.arrival().await;
    }
    bench.settled(0).await;
}

#[tokio::test]
async fn what_is_paid_before_the_start_is_sent_at_the_start_and_once() {
    let bench = Bench::unstarted();
    for number in 1..=100 {
        bench.open(number).await;
        bench.pay(number, "").await;
    }
    bench.start();
    for _ in 1..=100 {
        bench.arrival().await;
    }
    bench.settled(0).await;
    assert!(bench.arrived().await.is_empty());
}

#[tokio::test]
async fn a_payment_lives_on_in_the_books() {
    let bench = Bench::started();
    let request = bench.open(1).await;
    bench.pay(1, r#"{"notify":"never"}"#).await;
    let before = bench.sandbox.channel().query(request.payment).await.unwrap();
    let bench = bench.reopened().await;
    let after = bench.sandbox.channel().query(request.payment).await.unwrap();
    assert_eq!((after.state, &after), (ReportedState::Captured, &before));
}
