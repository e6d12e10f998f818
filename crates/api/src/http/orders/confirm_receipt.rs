//! `POST /v1/orders/{id}/confirm-receipt`: the buyer has everything that was shipped.

use axum::{extract::State, http::StatusCode, response::Response};
use ordain_domain::{answer::Answer, command::Command, ids::OrderId, shipment::ConfirmReceipt};

use super::expected;
use crate::{
    answer, app::SharedApp, http::respond, path::Named, preconditions::Precondition, problem::Problem,
    submission::BareSubmission, wire::order_view::OrderView,
};

const ROUTE: &str = "POST /v1/orders/{id}/confirm-receipt";

/// Confirm the receipt of an order
///
/// Everything that was shipped counts as received; an order of which nothing is left to ship is completed. Without it, a parcel
/// is confirmed `orders.auto_confirm_after` its delivery.
#[utoipa::path(
    post, path = "/v1/orders/{id}/confirm-receipt", tag = "orders", operation_id = "confirm_receipt",
    params(
        ("id" = String, Path, description = "`ord_…`"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 printable ASCII characters"),
        ("If-Match" = Option<String>, Header)
    ),
    responses((status = 200, body = OrderView, description = "The order after it"))
)]
pub(crate) async fn confirm_receipt(
    State(app): State<SharedApp>,
    Named(order): Named<OrderId>,
    precondition: Precondition,
    submission: BareSubmission,
) -> Result<Response, Problem> {
    let expected_version = expected(&app, precondition, order)?;
    let command = Command::ConfirmReceipt(ConfirmReceipt { order, expected_version });
    let reply = app.execute(Some(ROUTE), submission.key(), command).await?;
    Ok(respond(reply, |answer| match answer {
        Answer::Order(order) => Some(answer::resource(StatusCode::OK, order.version, &OrderView::from(order.as_ref()))),
        _ => None,
    }))
}
