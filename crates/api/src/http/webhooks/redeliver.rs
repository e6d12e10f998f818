//! `POST /v1/webhooks/{id}/deliveries/{delivery}/redeliver`: sends the event of a delivery again, now.

use std::sync::Arc;

use axum::{extract::State, response::Response};
use ordain_domain::{
    event::EventRecord,
    ids::{DeliveryId, WebhookId},
    webhook::{Delivery, Webhook},
};
use ordain_engine::webhook::Message;

use super::{send_now, stored};
use crate::{
    app::{App, SharedApp},
    number_text::PrefixedId,
    path::NamedPair,
    problem::{Problem, ProblemCode},
    submission::BareSubmission,
    wire::{
        cloud_event::{TEST_TYPE, cloud_event, test_message},
        webhook::DeliveryView,
    },
};

/// Letters of one order that are looked through.
const LANE_MAX: usize = 10_000;

/// Send the event of a delivery again
///
/// At once and once, with the same `webhook-id`, whether the endpoint is enabled or not. An event that is parked is refused
/// (`event_parked`): replay its dead letter, so that the order's events keep their order. Every call sends: a key is taken and
/// changes nothing.
#[utoipa::path(
    post, path = "/v1/webhooks/{id}/deliveries/{delivery}/redeliver", tag = "webhooks", operation_id = "redeliver",
    params(
        ("id" = String, Path, description = "The caller's name of the endpoint"),
        ("delivery" = String, Path, description = "`dlv_…`"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 printable ASCII characters")
    ),
    responses((status = 200, body = DeliveryView, description = "What came of it; see `outcome`"))
)]
pub(crate) async fn redeliver(
    State(app): State<SharedApp>,
    NamedPair(id, delivery): NamedPair<WebhookId, DeliveryId>,
    _submission: BareSubmission,
) -> Result<Response, Problem> {
    let webhook = stored(&app, &id)?;
    let earlier = app.read(|reader| reader.delivery(delivery))?;
    let earlier = earlier.filter(|earlier| earlier.consumer == webhook.consumer);
    let earlier = earlier.ok_or_else(|| Problem::not_found("delivery"))?;
    let message = message_again(&app, &webhook, &earlier)?;
    send_now(&app, &webhook, message).await
}

fn message_again(app: &App, webhook: &Webhook, earlier: &Delivery) -> Result<Message, Problem> {
    let number = earlier.attempt.number.saturating_add(1);
    let Some(event) = earlier.attempt.event else {
        let (id, body) = test_message(&webhook.id, app.engine.now());
        return Ok(Message { event: None, event_type: Arc::from(TEST_TYPE), id: Arc::from(id), body, number });
    };
    let record = app.read(|reader| reader.event(event))?.ok_or_else(|| Problem::not_found("event"))?;
    refuse_parked(app, webhook, &record)?;
    let event_type = Arc::from(record.event.type_name());
    Ok(Message { event: Some(event), event_type, id: Arc::from(event.to_string()), body: cloud_event(&record), number })
}

/// What is parked has its place behind other events of its order.
fn refuse_parked(app: &App, webhook: &Webhook, record: &EventRecord) -> Result<(), Problem> {
    let subject = record.subject.to_string();
    let lane = app.read(|reader| reader.lane(&webhook.consumer, &subject, LANE_MAX))?;
    match lane.iter().find(|letter| letter.event == record.id) {
        None => Ok(()),
        Some(letter) => {
            let id = PrefixedId::from(letter.id);
            let detail = format!("The event is parked as {}. Replay that.", id.as_str());
            Err(Problem::new(ProblemCode::EventParked, detail).with("dead_letter_id", id.as_str()))
        }
    }
}
