//! What machines ask: is the process alive, does it take work, what did it count, what does it speak.

use axum::{
    body::{Body, Bytes},
    extract::State,
    http::{HeaderValue, StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use prometheus_client::encoding::text::encode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    answer::{self, JSON},
    app::SharedApp,
    problem::{Problem, ProblemCode},
};

const OPEN_METRICS: HeaderValue =
    HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");

/// The process answers.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    /// `ok`
    status: &'static str,
}

/// Tell whether the process is alive
#[utoipa::path(get, path = "/healthz", tag = "machine", operation_id = "healthz", responses((status = 200, body = Health)))]
pub(crate) async fn healthz() -> Response {
    answer::json(StatusCode::OK, &Health { status: "ok" })
}

/// Tell whether the server takes work
///
/// 503 while it stops. There is no answer while it starts, because it listens only once everything is recovered.
#[utoipa::path(get, path = "/readyz", tag = "machine", operation_id = "readyz", responses((status = 200, body = Health)))]
pub(crate) async fn readyz(State(app): State<SharedApp>) -> Result<Response, Problem> {
    if app.is_ready() {
        Ok(answer::json(StatusCode::OK, &Health { status: "ok" }))
    } else {
        Err(Problem::new(ProblemCode::Overloaded, "The server is stopping."))
    }
}

/// Write all metrics
#[utoipa::path(
    get, path = "/metrics", tag = "machine", operation_id = "metrics",
    responses((status = 200, body = String, content_type = "application/openmetrics-text", description = "OpenMetrics 1.0"))
)]
pub(crate) async fn metrics(State(app): State<SharedApp>) -> Response {
    let mut text = String::with_capacity(16 * 1024);
    if let Err(error) = encode(&mut text, &app.registry) {
        tracing::error!(error.message = %error, "writing metrics failed");
        return Problem::internal().into_response();
    }
    let mut response = Response::new(Body::from(text));
    response.headers_mut().insert(CONTENT_TYPE, OPEN_METRICS);
    response
}

/// The OpenAPI document, rendered once.
pub(crate) fn openapi_page(document: Bytes) -> Response {
    let mut response = Response::new(Body::from(document));
    response.headers_mut().insert(CONTENT_TYPE, JSON);
    response
}
