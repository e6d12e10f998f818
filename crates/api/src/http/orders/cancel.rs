//! `POST /v1/orders/{id}/cancel`: ends an order that is not shipped, or takes units out of a paid one; what they held is given
//! back in the same decision.

use std::{borrow::Cow, sync::Arc};

use axum::{extract::State, http::StatusCode, response::Response};
use ordain_domain::{
    answer::Answer,
    command::Command,
    ids::OrderId,
    order::{CancelOrder, CancelReason},
    refund::RefundLine,
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::expected;
use crate::{
    answer,
    app::SharedApp,
    field_errors::FieldErrors,
    http::respond,
    json_text::Object,
    path::Named,
    preconditions::Precondition,
    problem::Problem,
    submission::Submission,
    wire::{
        order_view::OrderView,
        stock::REASON_LENGTH_MAX,
        units::{UnitsBody, checked_units},
    },
};

const ROUTE: &str = "POST /v1/orders/{id}/cancel";

/// Cancels an order.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CancelBody)]
pub(crate) struct CancelBody<'a> {
    /// `buyer` or `merchant` says whose wish it is. Any other text of 1 to 200 characters is kept as a note, and the wish
    /// is the merchant's.
    #[serde(borrow)]
    #[schema(value_type = String, min_length = 1, max_length = 200, example = "buyer")]
    reason: Cow<'a, str>,
    /// Units of a paid order that shall not be shipped: a merchant's wish. Without them it is about all that is not shipped.
    #[serde(default)]
    #[schema(value_type = Option<Vec<UnitsBody>>, min_items = 1)]
    lines: Option<Vec<Object<UnitsBody>>>,
}

/// What a body asks for.
#[derive(Debug, PartialEq, Eq)]
struct Wish {
    reason: CancelReason,
    note: Option<Arc<str>>,
    lines: Vec<RefundLine>,
}

impl CancelBody<'_> {
    fn wish(&self) -> Result<Wish, Problem> {
        let mut errors = FieldErrors::new();
        errors.text(&self.reason, REASON_LENGTH_MAX, format_args!("/reason"));
        let lines = self.lines.as_deref().map_or_else(Vec::new, |lines| checked_units(lines, &mut errors));
        let (reason, note) = match self.reason.as_ref() {
            "buyer" => (CancelReason::Buyer, None),
            "merchant" => (CancelReason::Merchant, None),
            note => (CancelReason::Merchant, Some(Arc::from(note))),
        };
        errors.finish(Some(Wish { reason, note, lines }))
    }
}

/// Cancel an order
///
/// An unpaid order with an open attempt to pay is `closing` until the channel has said whether money came; if it did, the order
/// is paid and stays. Of a paid order the units that are not shipped are cancelled, at the merchant's wish, and their money goes
/// back.
#[utoipa::path(
    post, path = "/v1/orders/{id}/cancel", tag = "orders", operation_id = "cancel_order",
    params(
        ("id" = String, Path, description = "`ord_…`"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 printable ASCII characters"),
        ("If-Match" = Option<String>, Header)
    ),
    request_body = CancelBody,
    responses((status = 200, body = OrderView, description = "The order after it: `cancelled`, `closing`, or what is left of a paid one"))
)]
pub(crate) async fn cancel_order(
    State(app): State<SharedApp>,
    Named(order): Named<OrderId>,
    precondition: Precondition,
    submission: Submission,
) -> Result<Response, Problem> {
    let key = submission.key();
    let Wish { reason, note, lines } = submission.parse::<CancelBody<'_>>()?.wish()?;
    let expected_version = expected(&app, precondition, order)?;
    let command = Command::CancelOrder(CancelOrder { order, reason, note, lines, expected_version });
    let reply = app.execute(Some(ROUTE), key, command).await?;
    Ok(respond(reply, |answer| match answer {
        Answer::Order(order) => Some(answer::resource(StatusCode::OK, order.version, &OrderView::from(order.as_ref()))),
        _ => None,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json_text::parse_json;

    #[test]
    fn reasons_are_words_or_notes() {
        let merchant = CancelReason::Merchant;
        let table = [
            (r#"{"reason":"buyer"}"#, Some((CancelReason::Buyer, None, 0))),
            (r#"{"reason":"merchant"}"#, Some((merchant, None, 0))),
            (r#"{"reason":"changed my mind"}"#, Some((merchant, Some("changed my mind"), 0))),
            (r#"{"reason":"merchant","lines":[{"line":1,"quantity":2}]}"#, Some((merchant, None, 1))),
            (r#"{"reason":"merchant","lines":null}"#, Some((merchant, None, 0))),
            (r#"{"reason":"merchant","lines":[]}"#, None),
            (r#"{"reason":"merchant","lines":[{"line":0,"quantity":2}]}"#, None),
            (r#"{"reason":""}"#, None),
            (r#"{"reason":null}"#, None),
            (r#"{}"#, None),
            (r#"{"reason":"buyer","status":"paid"}"#, None),
        ];
        for (text, expected) in table {
            let found = parse_json::<CancelBody<'_>>(text.as_bytes()).and_then(|body| body.wish()).ok();
            let found = found.as_ref().map(|wish| (wish.reason, wish.note.as_deref(), wish.lines.len()));
            assert_eq!(found, expected, "{text}");
        }
    }
}
