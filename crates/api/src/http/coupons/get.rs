//! `GET /v1/coupons/{id}`: a coupon with where it stands.

use axum::{extract::State, http::HeaderMap, response::Response};
use ordain_domain::ids::CouponId;

use crate::{answer, app::SharedApp, path::Named, problem::Problem, wire::coupon::CouponView};

/// Read a coupon
#[utoipa::path(
    get, path = "/v1/coupons/{id}", tag = "pricing", operation_id = "get_coupon",
    params(("id" = String, Path, description = "`cpn_…`")),
    responses((status = 200, body = CouponView), (status = 304, description = "The caller has this version"))
)]
pub(crate) async fn get_coupon(
    State(app): State<SharedApp>,
    Named(id): Named<CouponId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let coupon = app.read(|reader| reader.coupon(id))?.ok_or_else(|| Problem::not_found("coupon"))?;
    Ok(answer::read(&headers, coupon.version, &CouponView::from(&coupon)))
}
