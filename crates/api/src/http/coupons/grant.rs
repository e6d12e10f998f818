//! `POST /v1/users/{user}/coupons`: grants a coupon of a template to a user.

use axum::{extract::State, http::StatusCode, response::Response};
use ordain_domain::{answer::Answer, command::Command, coupon::GrantCoupon, ids::UserId};

use crate::{
    answer,
    app::SharedApp,
    http::respond,
    path::Named,
    problem::Problem,
    submission::Submission,
    wire::coupon::{CouponView, GrantBody},
};

const ROUTE: &str = "POST /v1/users/{user}/coupons";

/// Grant a coupon
#[utoipa::path(
    post, path = "/v1/users/{user}/coupons", tag = "pricing", operation_id = "grant_coupon",
    params(
        ("user" = String, Path, description = "The caller's name of the user"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 printable ASCII characters")
    ),
    request_body = GrantBody,
    responses((status = 201, body = CouponView))
)]
pub(crate) async fn grant_coupon(
    State(app): State<SharedApp>,
    Named(user_id): Named<UserId>,
    submission: Submission,
) -> Result<Response, Problem> {
    let key = submission.key();
    let template = submission.parse::<GrantBody<'_>>()?.template()?;
    let command = Command::GrantCoupon(GrantCoupon { user_id, template });
    let reply = app.execute(Some(ROUTE), key, command).await?;
    Ok(respond(reply, |answer| match answer {
        Answer::Coupon(coupon) => {
            let response = answer::resource(StatusCode::CREATED, coupon.version, &CouponView::from(coupon));
            Some(answer::located(response, &format!("/v1/coupons/{}", coupon.id)))
        }
        _ => None,
    }))
}
