//! `POST /v1/orders/{id}/after-sales`: the buyer wants money or other goods for units that were shipped.

use axum::{extract::State, http::StatusCode, response::Response};
use ordain_domain::{answer::Answer, command::Command, ids::OrderId};

use crate::{
    answer,
    app::SharedApp,
    http::{orders::expected, respond_with_skus_in},
    number_text::PrefixedId,
    path::Named,
    preconditions::Precondition,
    problem::Problem,
    submission::Submission,
    wire::{after_sale::AfterSaleView, after_sale_body::AfterSaleBody},
};

const ROUTE: &str = "POST /v1/orders/{id}/after-sales";

/// Open an after-sale
///
/// For units that were shipped and are in no other open one. The shop reviews it until `review_due_at`; then it ends as
/// `after_sales.review_outcome` says.
#[utoipa::path(
    post, path = "/v1/orders/{id}/after-sales", tag = "after-sales", operation_id = "open_after_sale",
    params(
        ("id" = String, Path, description = "`ord_…`"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 printable ASCII characters"),
        ("If-Match" = Option<String>, Header)
    ),
    request_body = AfterSaleBody,
    responses((status = 201, body = AfterSaleView, description = "Requested",
        headers(("Location" = String), ("ETag" = String), ("Idempotency-Replayed" = bool))))
)]
pub(crate) async fn open_after_sale(
    State(app): State<SharedApp>,
    Named(order): Named<OrderId>,
    precondition: Precondition,
    submission: Submission,
) -> Result<Response, Problem> {
    let key = submission.key();
    let expected_version = expected(&app, precondition, order)?;
    let command = submission.parse::<AfterSaleBody<'_>>()?.into_command(order, expected_version)?;
    let reply = app.execute(Some(ROUTE), key, Command::OpenAfterSale(command)).await?;
    Ok(respond_with_skus_in("replacement_sku", reply, |answer| match answer {
        Answer::AfterSale(opened) => {
            let response = answer::resource(StatusCode::CREATED, opened.version, &AfterSaleView::from(opened.as_ref()));
            Some(answer::located(response, &format!("/v1/after-sales/{}", PrefixedId::from(opened.id).as_str())))
        }
        _ => None,
    }))
}
