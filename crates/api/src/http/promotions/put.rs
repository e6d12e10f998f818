//! `PUT /v1/promotions/{id}`: creates or replaces a promotion. Orders that were placed keep what they agreed on.

use std::sync::Arc;

use axum::{extract::State, response::Response};
use ordain_domain::{answer::Answer, catalog::command::PutPromotion, command::Command, ids::PromotionId};

use super::only_currency;
use crate::{
    answer,
    app::SharedApp,
    body::JsonBody,
    http::respond,
    path::Named,
    preconditions::Precondition,
    problem::Problem,
    wire::promotion::{PromotionBody, PromotionView},
};

/// Create or replace a promotion
#[utoipa::path(
    put, path = "/v1/promotions/{id}", tag = "pricing", operation_id = "put_promotion",
    params(("id" = String, Path, description = "The caller's name of the promotion"), ("If-Match" = Option<String>, Header)),
    request_body = PromotionBody,
    responses((status = 200, body = PromotionView, description = "Replaced"), (status = 201, body = PromotionView, description = "Created"))
)]
pub(crate) async fn put_promotion(
    State(app): State<SharedApp>,
    Named(id): Named<PromotionId>,
    precondition: Precondition,
    body: JsonBody,
) -> Result<Response, Problem> {
    let body = body.parse::<PromotionBody<'_>>()?;
    let currency = if body.lacks_currency() { only_currency(app.catalog()).await? } else { None };
    let stored = || Ok(app.catalog().promotion(&id).map(|stored| u64::from(stored.version)));
    let expected_version = precondition.expected(stored)?;
    let promotion = Arc::new(body.into_promotion(id, currency)?);
    let command = Command::PutPromotion(PutPromotion { promotion, expected_version });
    let reply = app.execute(None, None, command).await?;
    Ok(respond(reply, |answer| match answer {
        Answer::Promotion(promotion) => {
            Some(answer::put(u64::from(promotion.version), &PromotionView::from(promotion.as_ref())))
        }
        _ => None,
    }))
}
