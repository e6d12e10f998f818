//! Committed messages on their way from the shard's thread to the courier.
//!
//! The rows are the truth: what is here can be thrown away, and is read again from the store. So the queue has a bound; what
//! does not fit is left to the courier's next reading. It delivers nothing.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use ordain_domain::{
    outbox::{Message, MessageChange, Task},
    payment::Payment,
    refund::Refund,
    rows::Changes,
    shipment::Shipment,
};
use tokio::sync::Notify;

/// Most messages that wait in memory.
const WAITING_MAX: usize = 65_536;

/// A message with the rows that its delivery needs, where its decision had just written them.
#[derive(Clone, Debug)]
pub(crate) struct Parcel {
    pub(crate) message: Message,
    pub(crate) payment: Option<Arc<Payment>>,
    pub(crate) refund: Option<Arc<Refund>>,
    pub(crate) shipment: Option<Arc<Shipment>>,
}

impl Parcel {
    fn new(message: Message, changes: &Changes) -> Parcel {
        let refund = match message.task {
            Task::SendRefund(id) | Task::QueryRefund(id) => changes.refunds.get(&id).cloned(),
            _ => None,
        };
        let payment = match message.task {
            Task::OpenPayment(id) | Task::QueryPayment(id) | Task::ClosePayment(id) => {
                changes.payments.get(&id).cloned()
            }
            _ => refund.as_ref().and_then(|refund| changes.payments.get(&refund.payment).cloned()),
        };
        let shipment = match message.task {
            Task::AnnounceShipment(id) | Task::TrackShipment(id) => changes.shipments.get(&id).cloned(),
            _ => None,
        };
        Parcel { message, payment, refund, shipment }
    }

    /// A message as the store has it.
    pub(crate) const fn stored(message: Message) -> Parcel {
        Parcel { message, payment: None, refund: None, shipment: None }
    }
}

#[derive(Debug, Default)]
struct Waiting {
    parcels: VecDeque<Parcel>,
    overflown: bool,
}

/// The messages that wait for the courier.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    waiting: Mutex<Waiting>,
    wake: Notify,
}

/// What the courier gets.
#[derive(Debug, Default)]
pub(crate) struct Handed {
    pub(crate) parcels: Vec<Parcel>,
    /// Messages were left out: the store has to be read.
    pub(crate) overflown: bool,
}

impl Outbox {
    /// A panic while the lock is held would be a bug of this file, and its state is consistent between statements.
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the messages of a committed batch over.
    pub(crate) fn put(&self, changes: &Changes) {
        if changes.messages.is_empty() {
            return;
        }
        let mut waiting = self.lock();
        for change in changes.messages.values() {
            match change {
                MessageChange::Dropped => {}
                MessageChange::Written(_) if waiting.parcels.len() >= WAITING_MAX => waiting.overflown = true,
                MessageChange::Written(message) => waiting.parcels.push_back(Parcel::new(*message, changes)),
            }
        }
        drop(waiting);
        self.wake.notify_one();
    }

    /// Everything that waits.
    pub(crate) fn take(&self) -> Handed {
        let mut waiting = self.lock();
        let overflown = std::mem::take(&mut waiting.overflown);
        Handed { parcels: waiting.parcels.drain(..).collect(), overflown }
    }

    /// Waits until something may have come.
    pub(crate) async fn changed(&self) {
        self.wake.notified().await;
    }
}
