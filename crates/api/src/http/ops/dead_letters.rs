//! `GET /v1/ops/dead-letters`: events that consumers could not take, oldest first.

use axum::{extract::State, http::StatusCode, response::Response};
use ordain_domain::{
    ids::{ConsumerName, LetterId, WebhookId},
    letter::{Letter, LetterState},
};
use ordain_engine::port::store::{After, LaneHead, StoreFailure, StoreReader};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    answer,
    app::SharedApp,
    paging::{Page, Parameters, cursor_of, given, limit_of},
    problem::{Place, Problem},
    wire::letter::{LetterContext, LetterPage, LetterView, LetterWord},
};

/// Which letters are listed.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct LetterQuery {
    /// Only those that are tried again by themselves (`waiting`), or that wait for a person (`dead`).
    #[param(value_type = Option<LetterWord>)]
    state: Option<String>,
    /// Rows of the page: 1 to 100, 20 unless said.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    limit: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// List events that consumers could not take, oldest first
///
/// Of each consumer and order the first one only: the later ones are counted in `behind` and wait for it.
#[utoipa::path(
    get, path = "/v1/ops/dead-letters", tag = "operations", operation_id = "list_dead_letters",
    params(LetterQuery), responses((status = 200, body = LetterPage))
)]
pub(crate) async fn list_dead_letters(
    State(app): State<SharedApp>,
    Parameters(query): Parameters<LetterQuery>,
) -> Result<Response, Problem> {
    let limit = limit_of(query.limit.as_deref())?;
    let key: Option<LetterId> = cursor_of(query.cursor.as_deref(), |text| text.parse().ok())?;
    let states = match given(query.state.as_deref()) {
        None => vec![LetterState::Waiting, LetterState::Dead],
        Some("waiting") => vec![LetterState::Waiting],
        Some("dead") => vec![LetterState::Dead],
        Some(_) => return Err(Problem::invalid_at(Place::Parameter("state"), "must be one of waiting, dead")),
    };
    let now = app.engine.now();
    let reading = app.read_long(move |reader| {
        let mut heads: Vec<LaneHead> = Vec::new();
        for state in states {
            heads.extend(reader.lane_heads(state, After { key, limit: limit + 1 })?);
        }
        heads.sort_by_key(|head| head.letter.id);
        heads.truncate(limit + 1);
        let with_context = |head: LaneHead| Ok((context(reader, &head.letter, Some(head.behind))?, head.letter));
        heads.into_iter().map(with_context).collect::<Result<Vec<(LetterContext, Letter)>, StoreFailure>>()
    });
    let page = Page::of(reading.await?, limit, |(_, letter)| letter.id.to_string());
    Ok(answer::json(StatusCode::OK, &page.map(|(context, letter)| LetterView::new(letter, context, now))))
}

/// What surrounds a letter.
pub(crate) fn context(
    reader: &dyn StoreReader,
    letter: &Letter,
    behind: Option<u64>,
) -> Result<LetterContext, StoreFailure> {
    let webhook = webhook_of(reader, &letter.consumer)?.map(|(id, _)| id);
    Ok(LetterContext { event: reader.event(letter.event)?, webhook, behind })
}

/// The webhook endpoint that a consumer reads for, and whether it is told.
pub(crate) fn webhook_of(
    reader: &dyn StoreReader,
    consumer: &ConsumerName,
) -> Result<Option<(WebhookId, bool)>, StoreFailure> {
    if !consumer.is_of_endpoint() {
        return Ok(None);
    }
    let webhook = reader.webhooks()?.into_iter().find(|webhook| &webhook.consumer == consumer);
    Ok(webhook.map(|webhook| (webhook.id.clone(), webhook.is_enabled())))
}
