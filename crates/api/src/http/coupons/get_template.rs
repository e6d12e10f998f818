//! `GET /v1/coupon-templates/{id}`.

use axum::{extract::State, http::HeaderMap, response::Response};
use ordain_domain::ids::TemplateId;

use crate::{answer, app::SharedApp, path::Named, problem::Problem, wire::coupon::TemplateView};

/// Read a coupon template
#[utoipa::path(
    get, path = "/v1/coupon-templates/{id}", tag = "pricing", operation_id = "get_coupon_template",
    params(("id" = String, Path, description = "The caller's name of the template")),
    responses((status = 200, body = TemplateView), (status = 304, description = "The caller has this version"))
)]
pub(crate) async fn get_template(
    State(app): State<SharedApp>,
    Named(id): Named<TemplateId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let catalog = app.catalog();
    let template = catalog.template(&id).ok_or_else(|| Problem::not_found("coupon template"))?;
    Ok(answer::read(&headers, u64::from(template.version), &TemplateView::from(template.as_ref())))
}
