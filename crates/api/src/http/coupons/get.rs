//! `GET /v1/users/{user}/coupons/{id}`. Another user's coupon is as good as none.

use axum::{extract::State, http::HeaderMap, response::Response};
use ordain_domain::ids::{CouponId, UserId};

use crate::{answer, app::SharedApp, path::NamedPair, problem::Problem, wire::coupon::CouponView};

/// Read a coupon
#[utoipa::path(
    get, path = "/v1/users/{user}/coupons/{id}", tag = "pricing", operation_id = "get_coupon",
    params(
        ("user" = String, Path, description = "The caller's name of the user"),
        ("id" = String, Path, description = "`cpn_…`")
    ),
    responses((status = 200, body = CouponView), (status = 304, description = "The caller has this version"))
)]
pub(crate) async fn get_coupon(
    State(app): State<SharedApp>,
    NamedPair(user, id): NamedPair<UserId, CouponId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let coupon = app.read(|reader| reader.coupon(id))?.filter(|coupon| coupon.user_id == user);
    let coupon = coupon.ok_or_else(|| Problem::not_found("coupon"))?;
    Ok(answer::read(&headers, coupon.version, &CouponView::from(&coupon)))
}
