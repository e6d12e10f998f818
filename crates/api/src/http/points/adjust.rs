//! `POST /v1/users/{user}/points/adjustments`: adds or takes points. The balance never falls below zero.

use axum::{extract::State, http::StatusCode, response::Response};
use ordain_domain::{answer::Answer, command::Command, ids::UserId, points::AdjustPoints};

use crate::{
    answer,
    app::SharedApp,
    http::respond,
    path::Named,
    preconditions::Precondition,
    problem::Problem,
    submission::Submission,
    wire::{points::PointsView, stock::AdjustmentBody},
};

const ROUTE: &str = "POST /v1/users/{user}/points/adjustments";

/// Add or take points
#[utoipa::path(
    post, path = "/v1/users/{user}/points/adjustments", tag = "users", operation_id = "adjust_points",
    params(
        ("user" = String, Path, description = "The caller's name of the user"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 printable ASCII characters"),
        ("If-Match" = Option<String>, Header)
    ),
    request_body = AdjustmentBody,
    responses((status = 200, body = PointsView, description = "The account after the adjustment"))
)]
pub(crate) async fn adjust_points(
    State(app): State<SharedApp>,
    Named(user_id): Named<UserId>,
    precondition: Precondition,
    submission: Submission,
) -> Result<Response, Problem> {
    let key = submission.key();
    let stored = || Ok(app.read(|reader| reader.points(&user_id))?.map(|account| account.version));
    let expected_version = precondition.expected(stored)?;
    let AdjustmentBody { delta, reason } = submission.parse::<AdjustmentBody<'_>>()?.checked()?;
    let command =
        Command::AdjustPoints(AdjustPoints { user_id, delta, reason: reason.as_ref().into(), expected_version });
    let reply = app.execute(Some(ROUTE), key, command).await?;
    Ok(respond(reply, |answer| match answer {
        Answer::Points(account) => Some(answer::resource(StatusCode::OK, account.version, &PointsView::from(account))),
        _ => None,
    }))
}
