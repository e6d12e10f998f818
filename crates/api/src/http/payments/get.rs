//! `GET /v1/payments/{id}`.

use axum::{extract::State, http::HeaderMap, response::Response};
use ordain_domain::ids::PaymentId;

use super::payment_of;
use crate::{answer, app::SharedApp, path::Named, problem::Problem, wire::payment::PaymentView};

/// Read an attempt to pay
#[utoipa::path(
    get, path = "/v1/payments/{id}", tag = "payments", operation_id = "get_payment",
    params(("id" = String, Path, description = "`pay_…`")),
    responses((status = 200, body = PaymentView), (status = 304, description = "The caller has this version"))
)]
pub(crate) async fn get_payment(
    State(app): State<SharedApp>,
    Named(id): Named<PaymentId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let payment = payment_of(&app, id)?;
    Ok(answer::read(&headers, payment.version, &PaymentView::from(&*payment)))
}
