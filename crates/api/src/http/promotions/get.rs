//! `GET /v1/promotions/{id}`, running or not.

use axum::{extract::State, http::HeaderMap, response::Response};
use ordain_domain::ids::PromotionId;

use crate::{answer, app::SharedApp, path::Named, problem::Problem, wire::promotion::PromotionView};

/// Read a promotion
#[utoipa::path(
    get, path = "/v1/promotions/{id}", tag = "pricing", operation_id = "get_promotion",
    params(("id" = String, Path, description = "The caller's name of the promotion")),
    responses((status = 200, body = PromotionView), (status = 304, description = "The caller has this version"))
)]
pub(crate) async fn get_promotion(
    State(app): State<SharedApp>,
    Named(id): Named<PromotionId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let catalog = app.catalog();
    let promotion = catalog.promotion(&id).ok_or_else(|| Problem::not_found("promotion"))?;
    Ok(answer::read(&headers, u64::from(promotion.version), &PromotionView::from(promotion.as_ref())))
}
