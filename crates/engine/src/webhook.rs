//! Webhooks: each endpoint is a consumer of its own, with its own cursor, letters and task, so that one that fails or is slow
//! never delays another.
//!
//! This room watches the endpoints and hands their events to the sender; what is parked and when it is tried again is the
//! matter of [`crate::consumer::parking`] and of the domain. It neither signs nor renders: both come in.

mod endpoint;
mod sending;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use ordain_domain::{event::EventRecord, ids::ConsumerName, webhook::Webhook};
use tokio::sync::watch;

pub use sending::{Message, Sent, send};

use crate::{
    consumer::parking::ParkingGroup, handle::Engine, port::store::StoreFailure, port::webhook_sender::WebhookSender,
    webhook::endpoint::Endpoint,
};

/// How many orders an endpoint is told of at a time.
const PARALLEL: usize = 16;
/// How long the room rests after a failure of the store.
const PAUSE: Duration = Duration::from_millis(500);

/// Gives an event the form in which it is sent.
pub type RenderEvent = fn(&EventRecord) -> Vec<u8>;

/// Follows the endpoints until the engine stops. Without an endpoint it only waits.
pub async fn run(engine: Arc<Engine>, render: RenderEvent) {
    let Some(sender) = engine.webhook_sender().cloned() else { return };
    let mut changes = engine.webhooks_changed();
    let mut room = Room { engine, sender, render, running: BTreeMap::new() };
    loop {
        // In this order: a change that is not seen yet will be told after this mark.
        changes.mark_unchanged();
        if room.engine.is_stopping() {
            return;
        }
        match room.follow() {
            // An error would mean that the engine is gone.
            Ok(()) => drop(changes.changed().await),
            Err(failure) => {
                tracing::warn!(error.message = %failure, "reading webhook endpoints failed; it will be tried again");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

struct Room {
    engine: Arc<Engine>,
    sender: Arc<dyn WebhookSender>,
    render: RenderEvent,
    /// By consumer: a name that was deleted and put again is another endpoint.
    running: BTreeMap<ConsumerName, watch::Sender<Arc<Webhook>>>,
}

impl Room {
    /// Starts endpoints that are new, tells the others what changed, and lets go of those that are gone.
    fn follow(&mut self) -> Result<(), StoreFailure> {
        let webhooks = self.engine.reader().webhooks()?;
        self.running.retain(|consumer, _| webhooks.iter().any(|webhook| &webhook.consumer == consumer));
        for webhook in webhooks.into_iter().map(Arc::new) {
            match self.running.get(&webhook.consumer) {
                Some(told) => {
                    told.send_if_modified(|present| {
                        let has_changed = present.version != webhook.version;
                        *present = webhook;
                        has_changed
                    });
                }
                None => self.start(webhook),
            }
        }
        Ok(())
    }

    fn start(&mut self, webhook: Arc<Webhook>) {
        let consumer = webhook.consumer.clone();
        let (told, changes) = watch::channel(webhook);
        let endpoint = Endpoint::new(&self.engine, &self.sender, self.render, changes);
        let group = ParkingGroup::new(Arc::clone(&self.engine), consumer.clone(), endpoint, PARALLEL);
        tokio::spawn(group.run());
        self.running.insert(consumer, told);
    }
}
