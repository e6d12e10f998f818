//! Webhook endpoints: put, read, delete, test, rotate the secret, and what became of deliveries.
//!
//! Telling endpoints of events is the engine's work; here only test messages and deliveries by hand are sent.

pub(crate) mod delete;
pub(crate) mod deliveries;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod put;
pub(crate) mod redeliver;
pub(crate) mod rotate_secret;
pub(crate) mod test;

use std::sync::Arc;

use axum::response::Response;
use ordain_domain::{
    answer::Answer,
    command::Command,
    ids::WebhookId,
    webhook::{NoteAttempts, Webhook, WebhookSecret},
};
use ordain_engine::{
    port::webhook_sender::WebhookSender,
    webhook::{Message, send},
};

use crate::{
    answer,
    app::App,
    http::respond,
    preconditions::Precondition,
    problem::{Problem, ProblemCode},
    wire::webhook::DeliveryView,
};

/// Most endpoints.
pub(crate) const WEBHOOKS_MAX: usize = 100;

/// The endpoint of a name.
fn stored(app: &App, id: &WebhookId) -> Result<Webhook, Problem> {
    app.read(|reader| reader.webhook(id))?.ok_or_else(|| Problem::not_found("webhook"))
}

/// The version that a change expects.
fn expected(app: &App, precondition: Precondition, id: &WebhookId) -> Result<Option<u64>, Problem> {
    precondition.expected(|| Ok(app.read(|reader| reader.webhook(id))?.map(|webhook| webhook.version)))
}

fn sender(app: &App) -> Result<&Arc<dyn WebhookSender>, Problem> {
    let without = || Problem::new(ProblemCode::NotFound, "This server sends no webhooks.");
    app.engine.webhook_sender().ok_or_else(without)
}

/// A secret that nobody knows.
fn fresh_secret(sender: &dyn WebhookSender) -> Result<WebhookSecret, Problem> {
    let drawn = sender.draw_secret().and_then(|secret| WebhookSecret::new(&secret.0).ok());
    drawn.ok_or_else(|| {
        tracing::error!("the machine has no randomness for a secret");
        Problem::internal()
    })
}

/// Sends a message to an endpoint now, keeps the try, and answers it.
async fn send_now(app: &App, webhook: &Webhook, message: Message) -> Result<Response, Problem> {
    let sent = send(&app.engine, sender(app)?.as_ref(), webhook, message).await;
    let command = NoteAttempts { consumer: webhook.consumer.clone(), attempts: vec![sent.attempt] };
    let reply = app.execute(None, None, Command::NoteAttempts(command)).await?;
    if matches!(reply.outcome, Ok(Answer::NothingToDo)) {
        return Err(Problem::not_found("webhook"));
    }
    Ok(respond(reply, |answer| match answer {
        Answer::Deliveries(kept) => {
            kept.first().map(|kept| answer::json(axum::http::StatusCode::OK, &DeliveryView::from(kept)))
        }
        _ => None,
    }))
}
