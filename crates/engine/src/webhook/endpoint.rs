//! One endpoint as a taker of events.
//!
//! It sees its row as it is at the moment of each try, so that a new URL, filter or secret counts at once.

use std::sync::{Arc, atomic::Ordering};

use ordain_domain::{
    command::Command,
    event::{Actor, EventRecord},
    webhook::{DisableReason, DisableWebhook, Webhook},
};
use tokio::sync::watch;

use super::{Message, RenderEvent, send};
use crate::{
    consumer::parking::{EventTaker, Taken, Trouble},
    handle::Engine,
    port::webhook_sender::WebhookSender,
    round::by_itself,
};

pub(super) struct Endpoint {
    engine: Arc<Engine>,
    sender: Arc<dyn WebhookSender>,
    render: RenderEvent,
    /// Closed when the endpoint was deleted.
    webhook: watch::Receiver<Arc<Webhook>>,
}

impl Endpoint {
    pub(super) fn new(
        engine: &Arc<Engine>,
        sender: &Arc<dyn WebhookSender>,
        render: RenderEvent,
        webhook: watch::Receiver<Arc<Webhook>>,
    ) -> Endpoint {
        Endpoint { engine: Arc::clone(engine), sender: Arc::clone(sender), render, webhook }
    }

    fn present(&self) -> Arc<Webhook> {
        Arc::clone(&self.webhook.borrow())
    }
}

impl EventTaker for Endpoint {
    fn wants(&self, event: &EventRecord) -> bool {
        self.webhook.borrow().wants(event.event.type_name())
    }

    async fn take(&self, event: &EventRecord, number: u32) -> Taken {
        let webhook = self.present();
        let message = Message {
            event: Some(event.id),
            event_type: Arc::from(event.event.type_name()),
            id: Arc::from(event.id.to_string()),
            body: (self.render)(event),
            number,
        };
        let sent = send(&self.engine, self.sender.as_ref(), &webhook, message).await;
        let hold = sent.slow_down.map(|asked| {
            let first = self.engine.rules().letters.retries.first().copied().unwrap_or_default();
            self.engine.now().plus(asked.unwrap_or(first))
        });
        Taken { result: sent.result, attempt: Some(sent.attempt), hold, is_gone: sent.is_gone }
    }

    async fn ready(&self) -> bool {
        let mut webhook = self.webhook.clone();
        webhook.wait_for(|webhook| webhook.is_enabled()).await.is_ok() && self.webhook.has_changed().is_ok()
    }

    /// The endpoint is disabled, and operators are told.
    async fn trouble(&self, trouble: Trouble) {
        let reason = match &trouble {
            Trouble::Gone => DisableReason::Gone,
            Trouble::Exhausted(_) => DisableReason::Exhausted,
            Trouble::TooManyLetters(_) => DisableReason::TooManyLetters,
        };
        let webhook = self.present();
        let command = DisableWebhook { id: webhook.id.clone(), consumer: webhook.consumer.clone(), reason };
        let disabled = self.engine.execute(by_itself(Command::DisableWebhook(command), Actor::Delivery)).await;
        match disabled {
            Ok(_) => {
                let letter = match &trouble {
                    Trouble::Exhausted(letter) => letter.id.to_string(),
                    Trouble::Gone | Trouble::TooManyLetters(_) => String::new(),
                };
                self.engine.counters().webhooks.disabled[reason as usize].fetch_add(1, Ordering::Relaxed);
                tracing::error!(
                    webhook = %webhook.id,
                    reason = reason.as_str(),
                    letter,
                    "a webhook endpoint is disabled: nothing is sent to it until somebody enables it"
                );
            }
            // It stays enabled, and the next failure tries again.
            Err(failure) => {
                tracing::error!(webhook = %webhook.id, error.message = %failure, "a webhook endpoint could not be disabled");
            }
        }
    }
}
