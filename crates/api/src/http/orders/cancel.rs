//! `POST /v1/orders/{id}/cancel`: ends an unpaid order; what it held is given back in the same decision.

use std::{borrow::Cow, sync::Arc};

use axum::{extract::State, http::StatusCode, response::Response};
use ordain_domain::{
    answer::Answer,
    command::Command,
    ids::OrderId,
    order::{CancelOrder, CancelReason},
};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    answer,
    app::SharedApp,
    field_errors::FieldErrors,
    http::respond,
    path::Named,
    preconditions::Precondition,
    problem::Problem,
    submission::Submission,
    wire::{order_view::OrderView, stock::REASON_LENGTH_MAX},
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
}

impl CancelBody<'_> {
    fn wish(&self) -> Result<(CancelReason, Option<Arc<str>>), Problem> {
        let mut errors = FieldErrors::new();
        errors.text(&self.reason, REASON_LENGTH_MAX, format_args!("/reason"));
        errors.finish(Some(match self.reason.as_ref() {
            "buyer" => (CancelReason::Buyer, None),
            "merchant" => (CancelReason::Merchant, None),
            note => (CancelReason::Merchant, Some(Arc::from(note))),
        }))
    }
}

/// Cancel an order
#[utoipa::path(
    post, path = "/v1/orders/{id}/cancel", tag = "orders", operation_id = "cancel_order",
    params(
        ("id" = String, Path, description = "`ord_…`"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 printable ASCII characters"),
        ("If-Match" = Option<String>, Header)
    ),
    request_body = CancelBody,
    responses((status = 200, body = OrderView, description = "The order after it"))
)]
pub(crate) async fn cancel_order(
    State(app): State<SharedApp>,
    Named(order): Named<OrderId>,
    precondition: Precondition,
    submission: Submission,
) -> Result<Response, Problem> {
    let key = submission.key();
    let (reason, note) = submission.parse::<CancelBody<'_>>()?.wish()?;
    let expected_version =
        precondition.expected(|| Ok(app.read(|reader| reader.order(order))?.map(|order| order.version)))?;
    let command = Command::CancelOrder(CancelOrder { order, reason, note, lines: Vec::new(), expected_version });
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
        let table = [
            (r#"{"reason":"buyer"}"#, Some((CancelReason::Buyer, None))),
            (r#"{"reason":"merchant"}"#, Some((CancelReason::Merchant, None))),
            (r#"{"reason":"changed my mind"}"#, Some((CancelReason::Merchant, Some("changed my mind")))),
            (r#"{"reason":""}"#, None),
            (r#"{"reason":null}"#, None),
            (r#"{}"#, None),
            (r#"{"reason":"buyer","status":"paid"}"#, None),
        ];
        for (text, expected) in table {
            let found = parse_json::<CancelBody<'_>>(text.as_bytes()).and_then(|body| body.wish());
            let found = found.ok();
            assert_eq!(found.as_ref().map(|(reason, note)| (*reason, note.as_deref())), expected, "{text}");
        }
    }
}
