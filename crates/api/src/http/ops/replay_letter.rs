//! `POST /v1/ops/dead-letters/{id}/replay`: tries an order's parked events now, in order, through the normal path.

use axum::{extract::State, http::StatusCode, response::Response};
use ordain_domain::{answer::Answer, command::Command, ids::LetterId, letter::ReplayLetter};
use ordain_engine::port::store::StoreFailure;
use serde::Deserialize;
use utoipa::IntoParams;

use super::dead_letters::{context, webhook_of};
use crate::{
    answer,
    app::SharedApp,
    http::respond,
    paging::{Parameters, given},
    path::Named,
    problem::{Place, Problem, ProblemCode},
    submission::BareSubmission,
    wire::letter::{LetterContext, LetterView, ReplayView},
};

const ROUTE: &str = "POST /v1/ops/dead-letters/{id}/replay";
/// Most letters that a dry run shows.
const SHOWN_MAX: usize = 1_000;

/// Whether anything is done.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ReplayQuery {
    /// `true` only tells what would be tried.
    #[param(value_type = Option<bool>)]
    dry_run: Option<String>,
}

/// Try the parked events of an order now
///
/// In the order of the log from the first one on, whichever of them is named, through the normal path and up to the first
/// failure. It is begun at once and goes on by itself; what comes of it is seen in the list and in the deliveries.
#[utoipa::path(
    post, path = "/v1/ops/dead-letters/{id}/replay", tag = "operations", operation_id = "replay_dead_letter",
    params(
        ("id" = String, Path, description = "`ltr_…`"), ReplayQuery,
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 printable ASCII characters")
    ),
    responses((status = 200, body = ReplayView, description = "Begun, or in a dry run what would be tried"))
)]
pub(crate) async fn replay_dead_letter(
    State(app): State<SharedApp>,
    Named(id): Named<LetterId>,
    Parameters(query): Parameters<ReplayQuery>,
    submission: BareSubmission,
) -> Result<Response, Problem> {
    let is_dry = match given(query.dry_run.as_deref()) {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => return Err(Problem::invalid_at(Place::Parameter("dry_run"), "must be true or false")),
    };
    let now = app.engine.now();
    let reading = app.read_long(move |reader| {
        let Some(letter) = reader.letter(id)? else { return Ok(None) };
        let lane = reader.lane(&letter.consumer, &letter.subject, SHOWN_MAX)?;
        let contexts = lane.iter().map(|letter| context(reader, letter, None));
        let contexts = contexts.collect::<Result<Vec<LetterContext>, StoreFailure>>()?;
        Ok(Some((webhook_of(reader, &letter.consumer)?, lane, contexts)))
    });
    let (webhook, lane, contexts) = reading.await?.ok_or_else(|| Problem::not_found("dead letter"))?;
    if is_dry {
        let data = lane.iter().zip(&contexts).map(|(letter, context)| LetterView::new(letter, context, now)).collect();
        return Ok(answer::json(StatusCode::OK, &ReplayView { dry_run: true, data }));
    }
    if let Some((webhook, false)) = webhook {
        let detail = format!("The webhook endpoint {webhook} is disabled. Enable it first.");
        return Err(Problem::new(ProblemCode::WebhookDisabled, detail).with("webhook_id", webhook.as_str()));
    }
    let first = lane.first().map_or(id, |letter| letter.id);
    let reply =
        app.execute(Some(ROUTE), submission.key(), Command::ReplayLetter(ReplayLetter { letter: first })).await?;
    let context = contexts.into_iter().next().unwrap_or_default();
    Ok(respond(reply, |answer| match answer {
        Answer::Letter(letter) => {
            let data = vec![LetterView::new(letter, &context, now)];
            Some(answer::json(StatusCode::OK, &ReplayView { dry_run: false, data }))
        }
        _ => None,
    }))
}
