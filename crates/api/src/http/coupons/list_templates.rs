//! `GET /v1/coupon-templates`: all templates by id.

use std::sync::Arc;

use axum::{extract::State, http::StatusCode, response::Response};
use ordain_domain::{catalog::CouponTemplate, ids::TemplateId};

use crate::{
    answer,
    app::SharedApp,
    paging::{Page, PageQuery, Parameters, cursor_of, limit_of},
    problem::Problem,
    wire::coupon::{TemplatePage, TemplateView},
};

/// List coupon templates, by id
#[utoipa::path(
    get, path = "/v1/coupon-templates", tag = "pricing", operation_id = "list_coupon_templates",
    params(PageQuery), responses((status = 200, body = TemplatePage))
)]
pub(crate) async fn list_templates(
    State(app): State<SharedApp>,
    Parameters(query): Parameters<PageQuery>,
) -> Result<Response, Problem> {
    let limit = limit_of(query.limit.as_deref())?;
    let after = cursor_of(query.cursor.as_deref(), |text| TemplateId::new(text).ok())?;
    let catalog = app.catalog();
    let templates = catalog.templates().filter(|template| after.as_ref().is_none_or(|after| template.id > *after));
    let templates: Vec<&Arc<CouponTemplate>> = templates.take(limit + 1).collect();
    let page = Page::of(templates, limit, |template| template.id.to_string());
    Ok(answer::json(StatusCode::OK, &page.map(|template| TemplateView::from(template.as_ref()))))
}
