//! `GET /v1/refunds/{id}`.

use axum::{extract::State, http::HeaderMap, response::Response};
use ordain_domain::ids::RefundId;

use crate::{answer, app::SharedApp, path::Named, problem::Problem, wire::refund::RefundView};

/// Read a refund
#[utoipa::path(
    get, path = "/v1/refunds/{id}", tag = "refunds", operation_id = "get_refund",
    params(("id" = String, Path, description = "`rfd_…`")),
    responses((status = 200, body = RefundView), (status = 304, description = "The caller has this version"))
)]
pub(crate) async fn get_refund(
    State(app): State<SharedApp>,
    Named(id): Named<RefundId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let refund = app.read(|reader| reader.refund(id))?.ok_or_else(|| Problem::not_found("refund"))?;
    Ok(answer::read(&headers, refund.version, &RefundView::from(&refund)))
}
