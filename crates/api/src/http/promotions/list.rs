//! `GET /v1/promotions`: all promotions in the order in which they are tried.

use std::sync::Arc;

use axum::{extract::State, http::StatusCode, response::Response};
use ordain_domain::{catalog::Promotion, ids::PromotionId};

use crate::{
    answer,
    app::SharedApp,
    paging::{Page, PageQuery, Parameters, cursor_of, limit_of},
    problem::Problem,
    wire::promotion::{PromotionPage, PromotionView},
};

/// List promotions, in the order in which they are tried
#[utoipa::path(
    get, path = "/v1/promotions", tag = "pricing", operation_id = "list_promotions",
    params(PageQuery), responses((status = 200, body = PromotionPage))
)]
pub(crate) async fn list_promotions(
    State(app): State<SharedApp>,
    Parameters(query): Parameters<PageQuery>,
) -> Result<Response, Problem> {
    let limit = limit_of(query.limit.as_deref())?;
    let after = cursor_of(query.cursor.as_deref(), |text| PromotionId::new(text).ok())?;
    let catalog = app.catalog();
    let ranked = catalog.promotions();
    let start = match after {
        None => 0,
        Some(id) => ranked.iter().position(|promotion| promotion.id == id).map_or(ranked.len(), |index| index + 1),
    };
    let promotions: Vec<&Arc<Promotion>> = ranked[start..].iter().take(limit + 1).collect();
    let page = Page::of(promotions, limit, |promotion| promotion.id.to_string());
    Ok(answer::json(StatusCode::OK, &page.map(|promotion| PromotionView::from(promotion.as_ref()))))
}
