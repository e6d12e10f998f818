//! `GET /v1/ops/verify`: checks the invariants on the data as they lie. It repairs nothing.

use axum::{extract::State, http::StatusCode, response::Response};

use crate::{
    answer,
    app::SharedApp,
    problem::{Problem, ProblemCode},
    wire::ops::VerifyView,
};

/// Check the invariants
///
/// Reads all rows in one snapshot. One check runs at a time; another one is answered `overloaded`.
#[utoipa::path(
    get, path = "/v1/ops/verify", tag = "operations", operation_id = "verify",
    responses((status = 200, body = VerifyView, description = "What each check saw, also when it found something"))
)]
pub(crate) async fn verify(State(app): State<SharedApp>) -> Result<Response, Problem> {
    let Ok(_permit) = app.verifying.try_acquire() else {
        return Err(Problem::new(ProblemCode::Overloaded, "Another check is running."));
    };
    let (now, late_after) = (app.engine.now(), app.settings.scan_interval);
    let reports = app.read_long(move |reader| reader.verify(now, late_after)).await?;
    for report in reports.iter().filter(|report| report.broken > 0) {
        app.metrics.violations(report.rule, report.broken);
        tracing::error!(
            invariant = report.invariant,
            rule = report.rule,
            broken = report.broken,
            "an invariant is broken"
        );
    }
    Ok(answer::json(StatusCode::OK, &VerifyView::from(reports.as_slice())))
}
