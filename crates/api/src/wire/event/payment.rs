//! Data of payment events on the wire.

use ordain_domain::payment::{PaymentCaptured, PaymentEnded, PaymentOpened, PaymentSurplus, SurplusCause};
use serde::Serialize;
use utoipa::ToSchema;

use crate::number_text::PrefixedId;

/// `payment.created`: an attempt to pay was opened.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PaymentCreated)]
pub(crate) struct OpenedView<'a> {
    #[schema(value_type = String)]
    payment_id: PrefixedId,
    /// Name of the channel.
    channel: &'a str,
    /// Minor units.
    amount: i64,
}

impl<'a> From<&'a PaymentOpened> for OpenedView<'a> {
    fn from(opened: &'a PaymentOpened) -> OpenedView<'a> {
        OpenedView { payment_id: opened.payment.into(), channel: &opened.channel, amount: opened.amount }
    }
}

/// `payment.succeeded`: money was taken.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PaymentSucceeded)]
pub(crate) struct CapturedView<'a> {
    #[schema(value_type = String)]
    payment_id: PrefixedId,
    /// Minor units.
    amount: i64,
    /// The channel's own number of the money movement.
    transaction: Option<&'a str>,
}

impl<'a> From<&'a PaymentCaptured> for CapturedView<'a> {
    fn from(captured: &'a PaymentCaptured) -> CapturedView<'a> {
        CapturedView {
            payment_id: captured.payment.into(),
            amount: captured.amount,
            transaction: captured.transaction.as_deref(),
        }
    }
}

/// `payment.failed`, `payment.closed`: no money came of the attempt.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PaymentEnded)]
pub(crate) struct EndedView {
    #[schema(value_type = String)]
    payment_id: PrefixedId,
}

impl From<&PaymentEnded> for EndedView {
    fn from(ended: &PaymentEnded) -> EndedView {
        EndedView { payment_id: ended.payment.into() }
    }
}

/// Why money does not pay the order it came for.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = SurplusCause)]
enum SurplusWord {
    /// The order had ended.
    Late,
    /// The order was paid already.
    Second,
}

/// `payment.surplus`: money came that does not pay the order. The next event tells what becomes of it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PaymentSurplus)]
pub(crate) struct SurplusView {
    #[schema(value_type = String)]
    payment_id: PrefixedId,
    /// Minor units.
    amount: i64,
    cause: SurplusWord,
}

impl From<&PaymentSurplus> for SurplusView {
    fn from(surplus: &PaymentSurplus) -> SurplusView {
        let cause = match surplus.cause {
            SurplusCause::Late => SurplusWord::Late,
            SurplusCause::Second => SurplusWord::Second,
        };
        SurplusView { payment_id: surplus.payment.into(), amount: surplus.amount, cause }
    }
}
