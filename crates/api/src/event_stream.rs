//! What every stream of server-sent events shares (HTML standard §9.2): the silence after which a comment is sent, the
//! position from which a reader goes on, and the end when the server stops.
//!
//! What is sent is read from the log and the rows by each stream itself, never from a buffer, so that a slow or returning
//! reader misses nothing.

use std::{convert::Infallible, time::Duration};

use axum::{
    http::{HeaderMap, HeaderName},
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures_util::Stream;
use ordain_domain::ids::EventId;
use serde::Serialize;
use tokio::sync::watch;

/// After so much silence a comment is sent, so that nothing on the way takes the connection for dead.
const COMMENT_EVERY: Duration = Duration::from_secs(15);
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// The position behind which a reader goes on. What is not a position is as good as none (the standard lets clients send
/// any text).
pub(crate) fn last_event_id(headers: &HeaderMap) -> Option<EventId> {
    let number: i64 = headers.get(LAST_EVENT_ID)?.to_str().ok()?.trim().parse().ok()?;
    (number >= 0).then(|| EventId::from_number(number))
}

/// One event: its position in the log, the type of what happened, and the thing after it.
pub(crate) fn event_of(position: EventId, kind: &'static str, view: &impl Serialize) -> Event {
    let data = serde_json::to_string(view).expect("wire types hold only what JSON can hold");
    Event::default().event(kind).id(position.number().to_string()).data(data)
}

/// The answer that streams these events.
pub(crate) fn respond(events: impl Stream<Item = Event> + Send + 'static) -> Response {
    use futures_util::StreamExt as _;
    let events = events.map(Ok::<Event, Infallible>);
    Sse::new(events).keep_alive(KeepAlive::new().interval(COMMENT_EVERY)).into_response()
}

/// Waits for the server to be told to stop. Where nobody can tell any more, for ever.
pub(crate) async fn drained(draining: &mut watch::Receiver<bool>) {
    if draining.wait_for(|draining| *draining).await.is_err() {
        std::future::pending::<()>().await;
    }
}
