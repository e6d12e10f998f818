//! Cases about payments: opened once, closed for good, never paid after their time.

use ordain_domain::{ids::PaymentId, payment::ReportedState};
use ordain_engine::port::payment_channel::{ChannelFailure, PaymentRequest};

use super::{AMOUNT, Fixture, paid, request};

/// The same call again answers where the payment stands.
pub async fn opening_twice_opens_once(fixture: &impl Fixture) {
    let request = request(fixture, 1);
    let first = fixture.channel().open(request.clone()).await.expect("a payment can be opened");
    assert_eq!((first.state, first.amount), (ReportedState::Open, AMOUNT));
    assert!(first.pay_url.is_some(), "an open payment can be paid somewhere");
    let second = fixture.channel().open(request.clone()).await.expect("the same call is answered");
    assert_eq!(first, second);
    assert!(fixture.pay(request.payment).await);
    let third = fixture.channel().open(request).await.expect("the same call is answered");
    assert_eq!(third.state, ReportedState::Captured);
}

/// An id is the key of one payment for ever.
pub async fn another_amount_under_the_same_id_is_refused(fixture: &impl Fixture) {
    let request = request(fixture, 1);
    fixture.channel().open(request.clone()).await.expect("a payment can be opened");
    let other = PaymentRequest { amount: AMOUNT + 1, ..request.clone() };
    let refused = fixture.channel().open(other).await;
    assert!(matches!(refused, Err(ChannelFailure::Refused(_))), "{refused:?}");
    let report = fixture.channel().query(request.payment).await.expect("a payment can be asked for");
    assert_eq!(report.amount, AMOUNT);
}

/// Not found is an answer, not a failure.
pub async fn an_unknown_payment_is_not_found(fixture: &impl Fixture) {
    let report = fixture.channel().query(PaymentId::from_number(404)).await.expect("not found is an answer");
    assert_eq!(report.state, ReportedState::NotFound);
}

/// A closed payment stays closed and cannot be paid.
pub async fn closing_ends_a_payment(fixture: &impl Fixture) {
    let request = request(fixture, 1);
    fixture.channel().open(request.clone()).await.expect("a payment can be opened");
    for round in 1..=2 {
        let report = fixture.channel().close(request.payment).await.expect("a payment can be closed");
        assert_eq!(report.state, ReportedState::Closed, "round {round}");
    }
    assert!(!fixture.pay(request.payment).await, "a closed payment takes no money");
    let report = fixture.channel().query(request.payment).await.expect("a payment can be asked for");
    assert_eq!((report.state, report.transaction), (ReportedState::Closed, None));
}

/// A call to open that arrives after the call to close must not open anything.
pub async fn closing_an_unknown_payment_keeps_it_from_being_opened(fixture: &impl Fixture) {
    let request = request(fixture, 1);
    let closed = fixture.channel().close(request.payment).await.expect("an unknown payment can be closed");
    assert_eq!(closed.state, ReportedState::Closed);
    match fixture.channel().open(request.clone()).await {
        Ok(report) => assert_eq!((report.state, report.pay_url), (ReportedState::Closed, None)),
        Err(failure) => assert!(!failure.is_retryable(), "{failure:?}"),
    }
    assert!(!fixture.pay(request.payment).await, "a closed payment takes no money");
}

/// The payer was faster.
pub async fn closing_a_paid_payment_answers_captured(fixture: &impl Fixture) {
    let paid = paid(fixture, 1).await;
    let report = fixture.channel().close(paid.payment).await.expect("a paid payment answers");
    assert_eq!(report, paid);
}

/// No money after the time that the channel was told.
pub async fn an_expired_payment_takes_no_money(fixture: &impl Fixture) {
    let request = request(fixture, 1);
    fixture.channel().open(request.clone()).await.expect("a payment can be opened");
    fixture.pass(request.expires_at);
    assert!(!fixture.pay(request.payment).await, "an expired payment takes no money");
    let report = fixture.channel().query(request.payment).await.expect("a payment can be asked for");
    assert_eq!(report.state, ReportedState::Closed);
}

/// The payer may refuse.
pub async fn a_refused_payment_failed(fixture: &impl Fixture) {
    let request = request(fixture, 1);
    fixture.channel().open(request.clone()).await.expect("a payment can be opened");
    fixture.refuse(request.payment).await;
    let report = fixture.channel().query(request.payment).await.expect("a payment can be asked for");
    assert_eq!((report.state, report.transaction), (ReportedState::Failed, None));
}
