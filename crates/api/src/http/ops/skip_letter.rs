//! `POST /v1/ops/dead-letters/{id}/skip`: gives a parked event up, so that those behind it go on.

use axum::{extract::State, http::StatusCode, response::Response};
use ordain_domain::{answer::Answer, command::Command, ids::LetterId, letter::SkipLetter};

use crate::{
    answer,
    app::SharedApp,
    http::respond,
    path::Named,
    problem::Problem,
    submission::Submission,
    wire::letter::{LetterContext, LetterView, SkipBody},
};

const ROUTE: &str = "POST /v1/ops/dead-letters/{id}/skip";

/// Give a parked event up
///
/// Its consumer never takes it; the events behind it go on at once. Who did it, when and why is kept for ever, as the event
/// `dead_letter.skipped`.
#[utoipa::path(
    post, path = "/v1/ops/dead-letters/{id}/skip", tag = "operations", operation_id = "skip_dead_letter",
    params(
        ("id" = String, Path, description = "`ltr_…`"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 printable ASCII characters")
    ),
    request_body = SkipBody,
    responses((status = 200, body = LetterView, description = "Given up"))
)]
pub(crate) async fn skip_dead_letter(
    State(app): State<SharedApp>,
    Named(letter): Named<LetterId>,
    submission: Submission,
) -> Result<Response, Problem> {
    let reason = submission.parse::<SkipBody<'_>>()?.checked()?;
    let command = Command::SkipLetter(SkipLetter { letter, reason });
    let reply = app.execute(Some(ROUTE), submission.key(), command).await?;
    let now = app.engine.now();
    Ok(respond(reply, |answer| match answer {
        Answer::Letter(letter) => {
            let context = LetterContext::default();
            Some(answer::json(StatusCode::OK, &LetterView::new(letter, &context, now)))
        }
        _ => None,
    }))
}
