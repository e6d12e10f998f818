//! `GET /v1/ops/consumers`: who reads the log, and how far each has come.

use axum::{extract::State, http::StatusCode, response::Response};
use ordain_domain::ids::ConsumerName;

use crate::{
    answer,
    app::SharedApp,
    problem::Problem,
    wire::letter::{ConsumerList, ConsumerView},
};

/// List the consumers of the log, by name
#[utoipa::path(
    get, path = "/v1/ops/consumers", tag = "operations", operation_id = "list_consumers",
    responses((status = 200, body = ConsumerList))
)]
pub(crate) async fn list_consumers(State(app): State<SharedApp>) -> Result<Response, Problem> {
    let end = *app.engine.last_event().borrow();
    let (cursors, webhooks) = app.read(|reader| Ok((reader.cursors()?, reader.webhooks()?)))?;
    let of_log = cursors.iter().filter(|(name, _)| ConsumerName::new(name).is_ok_and(|name| name.is_of_log()));
    let data = of_log.map(|(name, position)| ConsumerView {
        consumer: name.to_string(),
        webhook_id: webhooks
            .iter()
            .find(|webhook| webhook.consumer.as_str() == &**name)
            .map(|webhook| webhook.id.to_string()),
        position: *position,
        lag: (end - position).max(0),
    });
    Ok(answer::json(StatusCode::OK, &ConsumerList { data: data.collect(), next_cursor: None }))
}
