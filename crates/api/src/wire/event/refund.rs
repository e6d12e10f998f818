//! Data of refund events on the wire.

use ordain_domain::refund::{RefundFailed, RefundRequested, RefundRetried, RefundSucceeded};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    number_text::PrefixedId,
    wire::{refund::RefundCauseWord, units::UnitsView},
};

/// `refund.requested`: money is to be given back.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RefundRequested)]
pub(crate) struct RequestedView<'a> {
    #[schema(value_type = String)]
    refund_id: PrefixedId,
    /// Of which attempt's money.
    #[schema(value_type = String)]
    payment_id: PrefixedId,
    /// Minor units.
    amount: i64,
    /// The units whose money it is; empty for an amount without units.
    lines: Vec<UnitsView>,
    cause: RefundCauseWord,
    reason: Option<&'a str>,
}

impl<'a> From<&'a RefundRequested> for RequestedView<'a> {
    fn from(requested: &'a RefundRequested) -> RequestedView<'a> {
        RequestedView {
            refund_id: requested.refund.into(),
            payment_id: requested.payment.into(),
            amount: requested.amount,
            lines: UnitsView::list(&requested.lines),
            cause: requested.cause.into(),
            reason: requested.reason.as_deref(),
        }
    }
}

/// `refund.succeeded`: the money is back.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RefundSucceeded)]
pub(crate) struct SucceededView<'a> {
    #[schema(value_type = String)]
    refund_id: PrefixedId,
    /// Minor units.
    amount: i64,
    /// How a person settled it, when the channel did not.
    note: Option<&'a str>,
}

impl<'a> From<&'a RefundSucceeded> for SucceededView<'a> {
    fn from(succeeded: &'a RefundSucceeded) -> SucceededView<'a> {
        SucceededView { refund_id: succeeded.refund.into(), amount: succeeded.amount, note: succeeded.note.as_deref() }
    }
}

/// `refund.failed`: a try to give money back failed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RefundFailed)]
pub(crate) struct FailedView<'a> {
    #[schema(value_type = String)]
    refund_id: PrefixedId,
    /// Which try it was, from 1.
    tries: u32,
    /// It was the last one: a person has to act.
    needs_attention: bool,
    /// Why.
    note: Option<&'a str>,
}

impl<'a> From<&'a RefundFailed> for FailedView<'a> {
    fn from(failed: &'a RefundFailed) -> FailedView<'a> {
        FailedView {
            refund_id: failed.refund.into(),
            tries: failed.tries,
            needs_attention: failed.is_manual,
            note: failed.note.as_deref(),
        }
    }
}

/// `refund.retried`: a person had a failed refund sent again; `actor` and `at` of the event say who and when.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RefundRetried)]
pub(crate) struct RetriedView {
    #[schema(value_type = String)]
    refund_id: PrefixedId,
    /// How many tries had failed before. They are counted from 1 again.
    failed_tries: u32,
}

impl From<&RefundRetried> for RetriedView {
    fn from(retried: &RefundRetried) -> RetriedView {
        RetriedView { refund_id: retried.refund.into(), failed_tries: retried.failed_tries }
    }
}
