//! `POST /v1/ops/replay`: moves a consumer back in the log, so that everything from there on is told again.

use axum::{extract::State, http::StatusCode, response::Response};
use ordain_domain::{
    answer::Answer,
    command::Command,
    ids::{ConsumerName, WebhookId},
    letter::RewindConsumer,
};

use crate::{
    answer,
    app::{App, SharedApp},
    http::respond,
    problem::Problem,
    refusal::problem_of_store,
    submission::Submission,
    wire::letter::{RewindBody, RewindPoint, RewoundView},
};

const ROUTE: &str = "POST /v1/ops/replay";

/// Move a consumer back in the log
///
/// Everything from there on is told again, at least once; receivers know repetitions by their `webhook-id`. Events that are
/// parked stay parked. Who did it is kept for ever, as the event `consumer.rewound`.
#[utoipa::path(
    post, path = "/v1/ops/replay", tag = "operations", operation_id = "rewind_consumer",
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 255 printable ASCII characters")),
    request_body = RewindBody,
    responses((status = 200, body = RewoundView, description = "Where it stands"))
)]
pub(crate) async fn rewind_consumer(State(app): State<SharedApp>, submission: Submission) -> Result<Response, Problem> {
    let body = submission.parse::<RewindBody<'_>>()?;
    let first = match body.point()? {
        RewindPoint::Event(position) => position,
        RewindPoint::Time(time) => app.engine.first_event_at(time).map_err(|failure| problem_of_store(&failure))?,
    };
    let consumer = consumer_of(&app, &body.consumer)?;
    let command = Command::RewindConsumer(RewindConsumer { consumer, to: (first - 1).max(0) });
    let reply = app.execute(Some(ROUTE), submission.key(), command).await?;
    Ok(respond(reply, |answer| match answer {
        Answer::Rewound(fact) => Some(answer::json(StatusCode::OK, &RewoundView::from(fact))),
        _ => None,
    }))
}

/// The consumer of a name; a webhook endpoint's name stands for its consumer.
fn consumer_of(app: &App, name: &str) -> Result<ConsumerName, Problem> {
    let unknown = || Problem::not_found("consumer");
    if let Ok(consumer) = ConsumerName::new(name)
        && consumer.is_of_log()
        && app.read(|reader| reader.cursor(name))?.is_some()
    {
        return Ok(consumer);
    }
    let id = WebhookId::new(name).map_err(|_| unknown())?;
    let webhook = app.read(|reader| reader.webhook(&id))?;
    webhook.map(|webhook| webhook.consumer).ok_or_else(unknown)
}
