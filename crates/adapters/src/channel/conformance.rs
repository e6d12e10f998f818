//! What every payment channel must do, as one suite: a channel is what passes it.
//!
//! A channel passes by running [`channel_conformance_tests!`](crate::channel_conformance_tests) with its [`Fixture`]. The
//! suite sees the port only, and the payer's hands through the fixture; it knows no vendor and measures no speed.

pub mod notifications;
pub mod payments;
pub mod refunds;

use std::{collections::BTreeMap, sync::Arc};

use futures_util::future::BoxFuture;
use ordain_domain::{
    ids::{OrderId, PaymentId, RefundId},
    money::Currency,
    payment::{PaymentReport, ReportedState},
    time::{Span, Timestamp},
};
use ordain_engine::port::payment_channel::{PaymentChannel, PaymentRequest, RefundRequest};

/// A notification as it reached us.
#[derive(Clone, Debug)]
pub struct Arrived {
    /// Names in lower case.
    pub headers: BTreeMap<String, String>,
    /// As it arrived.
    pub body: Vec<u8>,
    /// When it arrived.
    pub at: Timestamp,
}

/// A channel under test, with the hands of the payer and of time.
pub trait Fixture: Send + Sync {
    /// The headers that make a notification believed, in lower case.
    const SIGNED_HEADERS: &'static [&'static str];
    /// How far the time of a signature may be from that of the arrival, when the channel signs a time.
    const TOLERANCE: Option<Span>;

    /// The channel.
    fn channel(&self) -> Arc<dyn PaymentChannel>;

    /// The time there.
    fn now(&self) -> Timestamp;

    /// Lets time pass until just after `time`.
    fn pass(&self, time: Timestamp);

    /// The payer pays; whether the money was taken.
    fn pay(&self, payment: PaymentId) -> BoxFuture<'_, bool>;

    /// The payer refuses.
    fn refuse(&self, payment: PaymentId) -> BoxFuture<'_, ()>;

    /// The next notification that the channel sends by itself. Fails the test when none comes.
    fn notification(&self) -> BoxFuture<'_, Arrived>;
}

/// What is paid in the cases, in minor units.
pub const AMOUNT: i64 = 1_530;
/// How long the cases let a payment live.
pub const WINDOW: Span = Span::seconds(900);

/// The request of the `number`-th payment of a case.
pub fn request(fixture: &impl Fixture, number: i64) -> PaymentRequest {
    PaymentRequest {
        payment: PaymentId::from_number(number),
        order: OrderId::from_number(number + 1_000),
        amount: AMOUNT,
        currency: currency(),
        expires_at: fixture.now().plus(WINDOW),
        return_url: Some(Arc::from("https://shop.example/done")),
    }
}

/// The request of a refund of a payment made by [`request`].
pub fn refund_request(refund: i64, paid: &PaymentReport, amount: i64) -> RefundRequest {
    RefundRequest {
        refund: RefundId::from_number(refund),
        payment: paid.payment,
        transaction: paid.transaction.clone(),
        amount,
        currency: paid.currency,
    }
}

fn currency() -> Currency {
    Currency::new("CNY").expect("three upper-case letters are a currency's form")
}

/// Opens a payment and pays it; what the channel then says of it.
async fn paid(fixture: &impl Fixture, number: i64) -> PaymentReport {
    let request = request(fixture, number);
    let payment = request.payment;
    fixture.channel().open(request).await.expect("a payment can be opened");
    assert!(fixture.pay(payment).await, "an open payment can be paid");
    let report = fixture.channel().query(payment).await.expect("a payment can be asked for");
    assert_eq!((report.state, report.amount), (ReportedState::Captured, AMOUNT));
    assert!(report.transaction.is_some(), "money that was taken has a number: {report:?}");
    report
}

/// Makes every case of the suite a `#[tokio::test]` for one channel: `channel_conformance_tests!(make_fixture)`, where
/// `make_fixture` is a function without arguments, called within the runtime.
#[macro_export]
macro_rules! channel_conformance_tests {
    ($fixture:path) => {
        $crate::channel_conformance_tests!(@cases $fixture;
            payments::opening_twice_opens_once,
            payments::another_amount_under_the_same_id_is_refused,
            payments::an_unknown_payment_is_not_found,
            payments::closing_ends_a_payment,
            payments::closing_an_unknown_payment_keeps_it_from_being_opened,
            payments::closing_a_paid_payment_answers_captured,
            payments::an_expired_payment_takes_no_money,
            payments::a_refused_payment_failed,
            refunds::the_same_refund_again_has_one_effect,
            refunds::refunds_never_exceed_what_was_taken,
            refunds::an_unknown_refund_is_an_answer,
            refunds::nothing_is_refunded_of_an_unpaid_payment,
            refunds::a_refund_of_another_payment_under_the_same_id_is_refused,
            notifications::a_notification_says_what_a_query_says,
            notifications::a_notification_that_was_touched_is_forged,
            notifications::an_old_and_a_future_notification_are_forged,
        );
    };
    (@cases $fixture:path; $($room:ident :: $case:ident,)*) => {
        $(#[tokio::test]
        async fn $case() {
            $crate::channel::conformance::$room::$case(&$fixture()).await;
        })*
    };
}
