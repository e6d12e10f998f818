//! `PUT /v1/coupon-templates/{id}`: creates or replaces a template. Coupons that were granted follow the new one.

use std::sync::Arc;

use axum::{extract::State, response::Response};
use ordain_domain::{answer::Answer, catalog::command::PutTemplate, command::Command, ids::TemplateId};

use crate::{
    answer,
    app::SharedApp,
    body::JsonBody,
    http::{promotions::only_currency, respond},
    path::Named,
    preconditions::Precondition,
    problem::Problem,
    wire::coupon::{TemplateBody, TemplateView},
};

/// Create or replace a coupon template
#[utoipa::path(
    put, path = "/v1/coupon-templates/{id}", tag = "pricing", operation_id = "put_coupon_template",
    params(("id" = String, Path, description = "The caller's name of the template"), ("If-Match" = Option<String>, Header)),
    request_body = TemplateBody,
    responses((status = 200, body = TemplateView, description = "Replaced"), (status = 201, body = TemplateView, description = "Created"))
)]
pub(crate) async fn put_template(
    State(app): State<SharedApp>,
    Named(id): Named<TemplateId>,
    precondition: Precondition,
    body: JsonBody,
) -> Result<Response, Problem> {
    let body = body.parse::<TemplateBody<'_>>()?;
    let currency = if body.lacks_currency() { only_currency(app.catalog()).await? } else { None };
    let stored = || Ok(app.catalog().template(&id).map(|stored| u64::from(stored.version)));
    let expected_version = precondition.expected(stored)?;
    let template = Arc::new(body.into_template(id, currency)?);
    let command = Command::PutTemplate(PutTemplate { template, expected_version });
    let reply = app.execute(None, None, command).await?;
    Ok(respond(reply, |answer| match answer {
        Answer::Template(template) => {
            Some(answer::put(u64::from(template.version), &TemplateView::from(template.as_ref())))
        }
        _ => None,
    }))
}
