//! Cases about refunds: one effect an id, never more than was taken.

use ordain_domain::payment::{RefundReport, ReportedState};
use ordain_engine::port::payment_channel::{ChannelFailure, RefundRequest};

use super::{AMOUNT, Fixture, paid, refund_request, request};

async fn refunded(fixture: &impl Fixture, request: &RefundRequest) -> RefundReport {
    let report = fixture.channel().refund(request.clone()).await.expect("a refund is answered");
    assert!(report.is_known);
    report
}

/// The same call again answers where the refund stands, and so does the query.
pub async fn the_same_refund_again_has_one_effect(fixture: &impl Fixture) {
    let paid = paid(fixture, 1).await;
    let request = refund_request(1, &paid, AMOUNT);
    let first = refunded(fixture, &request).await;
    assert_eq!((first.succeeded, first.amount), (Some(true), AMOUNT));
    assert_eq!(refunded(fixture, &request).await, first);
    let asked = fixture.channel().query_refund(request).await.expect("a refund can be asked for");
    assert_eq!(asked, first);
    let report = fixture.channel().query(paid.payment).await.expect("a payment can be asked for");
    assert_eq!((report.state, report.amount), (ReportedState::Refunded, AMOUNT));
}

/// The channel bounds the sum of refunds by itself.
pub async fn refunds_never_exceed_what_was_taken(fixture: &impl Fixture) {
    let paid = paid(fixture, 1).await;
    let steps = [(1, AMOUNT - 1, true), (2, 2, false), (3, AMOUNT, false), (4, 1, true), (5, 1, false)];
    for (refund, amount, succeeds) in steps {
        let report = refunded(fixture, &refund_request(refund, &paid, amount)).await;
        assert_eq!(report.succeeded, Some(succeeds), "refund {refund} of {amount}");
        assert_eq!(report.reason.is_some(), !succeeds, "a refused refund says why: {report:?}");
    }
}

/// Unknown is an answer, not a failure.
pub async fn an_unknown_refund_is_an_answer(fixture: &impl Fixture) {
    let paid = paid(fixture, 1).await;
    let report = fixture.channel().query_refund(refund_request(404, &paid, 1)).await.expect("unknown is an answer");
    assert_eq!((report.is_known, report.succeeded), (false, None));
}

/// Without money taken there is none to give back.
pub async fn nothing_is_refunded_of_an_unpaid_payment(fixture: &impl Fixture) {
    let request = request(fixture, 1);
    let open = fixture.channel().open(request).await.expect("a payment can be opened");
    match fixture.channel().refund(refund_request(1, &open, 1)).await {
        Ok(report) => assert_eq!(report.succeeded, Some(false)),
        Err(failure) => assert!(!failure.is_retryable(), "{failure:?}"),
    }
}

/// An id is the key of one refund for ever.
pub async fn a_refund_of_another_payment_under_the_same_id_is_refused(fixture: &impl Fixture) {
    let (first, second) = (paid(fixture, 1).await, paid(fixture, 2).await);
    refunded(fixture, &refund_request(1, &first, 1)).await;
    for other in [refund_request(1, &second, 1), refund_request(1, &first, 2)] {
        let refused = fixture.channel().refund(other).await;
        assert!(matches!(refused, Err(ChannelFailure::Refused(_))), "{refused:?}");
    }
}
