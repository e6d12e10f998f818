//! Refunds on the wire.

use std::{borrow::Cow, sync::Arc};

use ordain_domain::{
    ids::OrderId,
    money::AMOUNT_MAX,
    refund::{Refund, RefundCause, RefundStatus, RequestRefund},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    field_errors::FieldErrors,
    json_text::Object,
    number_text::PrefixedId,
    problem::Problem,
    time_text::Rfc3339,
    wire::{
        stock::REASON_LENGTH_MAX,
        units::{UnitsBody, UnitsView, checked_units},
    },
};

/// Gives money back without moving goods: for units, or an amount, or with neither everything that is left.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RefundBody)]
pub(crate) struct RefundBody<'a> {
    /// The units whose money it is: their stored shares of the price are given back. Not together with `amount`.
    #[serde(default)]
    #[schema(value_type = Option<Vec<UnitsBody>>, min_items = 1)]
    lines: Option<Vec<Object<UnitsBody>>>,
    /// Minor units that no units stand for. Not together with `lines`.
    #[serde(default)]
    #[schema(minimum = 1)]
    amount: Option<i64>,
    /// The operator's own words: 1 to 200 characters.
    #[serde(borrow)]
    #[schema(value_type = String, min_length = 1, max_length = 200)]
    reason: Cow<'a, str>,
}

impl RefundBody<'_> {
    /// The command.
    pub(crate) fn into_command(self, order: OrderId, expected_version: Option<u64>) -> Result<RequestRefund, Problem> {
        let mut errors = FieldErrors::new();
        let lines = self.lines.as_deref().map_or_else(Vec::new, |lines| checked_units(lines, &mut errors));
        let is_amount = self.amount.is_none_or(|amount| (1..=AMOUNT_MAX).contains(&amount));
        errors.require(is_amount, format_args!("/amount"), "must be from 1 to 9,007,199,254,740,991");
        let is_one = self.lines.is_none() || self.amount.is_none();
        errors.require(is_one, format_args!("/amount"), "must not be given together with lines");
        errors.text(&self.reason, REASON_LENGTH_MAX, format_args!("/reason"));
        let reason = Arc::from(self.reason.as_ref());
        errors.finish(Some(RequestRefund { order, lines, amount: self.amount, reason, expected_version }))
    }
}

/// Where a refund stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = RefundStatus)]
pub(crate) enum RefundStatusWord {
    /// Written down; the channel has not answered yet.
    Requested,
    /// The channel is at it.
    Sent,
    /// A call's answer was lost; the channel is asked until it answers.
    Unknown,
    /// The money is back.
    Succeeded,
    /// The channel said no; it is sent again after a pause.
    Failed,
    /// Sent in vain for the last time: a person has to act (`retry`, `resolve`).
    Manual,
}

impl From<RefundStatus> for RefundStatusWord {
    fn from(status: RefundStatus) -> RefundStatusWord {
        match status {
            RefundStatus::Requested => RefundStatusWord::Requested,
            RefundStatus::Sent => RefundStatusWord::Sent,
            RefundStatus::Unknown => RefundStatusWord::Unknown,
            RefundStatus::Succeeded => RefundStatusWord::Succeeded,
            RefundStatus::Failed => RefundStatusWord::Failed,
            RefundStatus::Manual => RefundStatusWord::Manual,
        }
    }
}

/// What a refund is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = RefundCause)]
pub(crate) enum RefundCauseWord {
    /// An operator asked for it.
    Operator,
    /// Units that were paid are not shipped.
    Cancel,
    /// The money came after the order had ended.
    LateMoney,
    /// The order was paid already.
    SecondMoney,
    /// An after-sale.
    AfterSale,
}

impl From<RefundCause> for RefundCauseWord {
    fn from(cause: RefundCause) -> RefundCauseWord {
        match cause {
            RefundCause::Operator => RefundCauseWord::Operator,
            RefundCause::Cancel => RefundCauseWord::Cancel,
            RefundCause::LateMoney => RefundCauseWord::LateMoney,
            RefundCause::SecondMoney => RefundCauseWord::SecondMoney,
            RefundCause::AfterSale => RefundCauseWord::AfterSale,
        }
    }
}

/// One giving back of money.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Refund)]
pub(crate) struct RefundView<'a> {
    #[schema(value_type = String, example = "rfd_7253")]
    id: PrefixedId,
    #[schema(value_type = String, example = "ord_7251")]
    order_id: PrefixedId,
    /// Of which attempt's money.
    #[schema(value_type = String, example = "pay_7252")]
    payment_id: PrefixedId,
    status: RefundStatusWord,
    /// Minor units.
    amount: i64,
    currency: &'a str,
    /// The units whose money it is; empty for an amount without units.
    lines: Vec<UnitsView>,
    cause: RefundCauseWord,
    /// In the words of who asked for it.
    reason: Option<&'a str>,
    /// How often it was sent to the channel.
    tries: u32,
    /// When it is sent or asked about next.
    #[schema(value_type = Option<String>, format = DateTime)]
    next_at: Option<Rfc3339>,
    /// The channel's own number of the money movement.
    transaction: Option<&'a str>,
    /// Why the last try failed, or how a person settled it.
    note: Option<&'a str>,
    /// Rises with each change; the `ETag`.
    version: u64,
    #[schema(value_type = String, format = DateTime)]
    created_at: Rfc3339,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Rfc3339,
}

impl<'a> From<&'a Refund> for RefundView<'a> {
    fn from(refund: &'a Refund) -> RefundView<'a> {
        RefundView {
            id: refund.id.into(),
            order_id: refund.order.into(),
            payment_id: refund.payment.into(),
            status: refund.status.into(),
            amount: refund.amount,
            currency: refund.currency.as_str(),
            lines: UnitsView::list(&refund.lines),
            cause: refund.cause.into(),
            reason: refund.reason.as_deref(),
            tries: refund.tries,
            next_at: refund.next_at.map(Rfc3339),
            transaction: refund.transaction.as_deref(),
            note: refund.note.as_deref(),
            version: refund.version,
            created_at: Rfc3339(refund.created_at),
            updated_at: Rfc3339(refund.updated_at),
        }
    }
}

/// The refunds of an order, newest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RefundList)]
pub(crate) struct RefundList<'a> {
    pub(crate) data: Vec<RefundView<'a>>,
    /// Always null: an order's refunds are at most 1,000 and come whole.
    pub(crate) next_cursor: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json_text::parse_json;

    /// How many lines and which amount, or where the body is wrong.
    type Expected = Result<(usize, Option<i64>), &'static [&'static str]>;

    #[test]
    fn a_refund_is_of_units_or_of_an_amount() {
        let table: [(&str, Expected); 12] = [
            (r#"{"reason":"r"}"#, Ok((0, None))),
            (r#"{"reason":"r","lines":null,"amount":null}"#, Ok((0, None))),
            (r#"{"reason":"r","amount":1}"#, Ok((0, Some(1)))),
            (r#"{"reason":"r","lines":[{"line":2,"quantity":1}]}"#, Ok((1, None))),
            (r#"{"reason":"r","lines":[]}"#, Err(&["/lines"])),
            (r#"{"reason":"r","amount":0}"#, Err(&["/amount"])),
            (r#"{"reason":"r","amount":-1}"#, Err(&["/amount"])),
            (r#"{"reason":"r","amount":9223372036854775807}"#, Err(&["/amount"])),
            (r#"{"reason":"r","amount":1,"lines":[{"line":1,"quantity":1}]}"#, Err(&["/amount"])),
            (
                r#"{"reason":"","amount":0,"lines":[{"line":0,"quantity":0}]}"#,
                Err(&["/lines/0/line", "/lines/0/quantity", "/amount", "/amount", "/reason"]),
            ),
            (r#"{"amount":1}"#, Err(&["/reason"])),
            (r#"{"reason":"r","status":"succeeded"}"#, Err(&["/status"])),
        ];
        for (text, expected) in table {
            let command = parse_json::<RefundBody<'_>>(text.as_bytes())
                .and_then(|body| body.into_command(OrderId::from_number(1), None));
            let found = command.map(|command| (command.lines.len(), command.amount)).map_err(|problem| {
                let value = serde_json::to_value(problem).unwrap();
                let errors = value["errors"].as_array().unwrap().iter();
                errors.map(|error| error["pointer"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
            });
            let expected = expected.map_err(|places| places.iter().map(|place| (*place).to_owned()).collect());
            assert_eq!(found, expected, "{text}");
        }
    }
}
