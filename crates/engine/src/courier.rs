//! The courier: delivers committed messages to payment channels and carriers and brings back what became of them.
//!
//! A message is tried once; the answer, or that there was none, goes back as a command, and the domain decides what follows.
//! A message whose answer was not committed is delivered again after a restart, under the same key, which channels take for
//! the same call. The courier holds no transaction and no row while it waits for a channel.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use ordain_domain::{
    command::Command,
    event::Actor,
    ids::MessageId,
    outbox::Task,
    payment::{CallOutcome, ChannelReport, Payment, TakeChannelAnswer},
    refund::Refund,
    shipment::{FACTS_MAX, Shipment},
};
use tokio::sync::Semaphore;

use crate::{
    failure::EngineFailure,
    handle::Engine,
    outbox::Parcel,
    port::{
        carrier::{Announcement, CarrierFailure},
        payment_channel::{ChannelFailure, PaymentChannel, PaymentRequest, RefundRequest},
    },
    round::by_itself,
};

/// How long a channel may take to answer a call.
const CALL_MAX: Duration = Duration::from_secs(10);
/// How many calls may be under way at one channel.
const CALLS_MAX: usize = 512;
/// How many stored messages are read at once.
const PAGE: usize = 1_000;
/// How long the courier rests after a failure of the store or a full queue.
const PAUSE: Duration = Duration::from_millis(50);
/// How long it waits at most before it looks whether the engine stops.
const PATIENCE: Duration = Duration::from_secs(1);

/// How calls to channels ended, by channel and task.
#[derive(Debug, Default)]
pub struct CallCounts(Mutex<BTreeMap<(String, &'static str, &'static str), AtomicU64>>);

impl CallCounts {
    fn count(&self, channel: &str, task: &'static str, result: &'static str) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.entry((channel.to_owned(), task, result)).or_default().fetch_add(1, Ordering::Relaxed);
    }

    /// (channel, task, result, count) of everything that was called.
    #[must_use]
    pub fn read(&self) -> Vec<(String, &'static str, &'static str, u64)> {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let row = |((channel, task, result), count): (&(String, &'static str, &'static str), &AtomicU64)| {
            (channel.clone(), *task, *result, count.load(Ordering::Relaxed))
        };
        counts.iter().map(row).collect()
    }
}

/// Delivers messages until the engine stops: first those that the store has, then each as it is committed.
pub async fn run(engine: Arc<Engine>) {
    let courier =
        Arc::new(Courier { engine, permits: Arc::new(Semaphore::new(CALLS_MAX)), under_way: Mutex::default() });
    let mut read_store = true;
    while !courier.engine.is_stopping() {
        if read_store {
            match courier.deliver_stored().await {
                Ok(()) => read_store = false,
                Err(failure) => {
                    tracing::warn!(error.message = %failure, "reading the outbox failed; it will be tried again");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
        let handed = courier.engine.outbox().take();
        read_store |= handed.overflown;
        if handed.parcels.is_empty() && !read_store {
            // Nothing is lost when the wait ends early: the loop looks again.
            drop(tokio::time::timeout(PATIENCE, courier.engine.outbox().changed()).await);
        }
        for parcel in handed.parcels {
            courier.deliver(parcel).await;
        }
    }
}

struct Courier {
    engine: Arc<Engine>,
    permits: Arc<Semaphore>,
    /// Messages that are being delivered, so that a reading of the store does not begin them a second time.
    under_way: Mutex<std::collections::BTreeSet<MessageId>>,
}

impl Courier {
    async fn deliver_stored(self: &Arc<Self>) -> Result<(), EngineFailure> {
        let mut after = None;
        loop {
            let page = self.engine.reader().messages_after(after, PAGE)?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.id);
            for message in page {
                self.deliver(Parcel::stored(message)).await;
            }
        }
    }

    /// Begins to deliver one message, as soon as there is room for another call.
    async fn deliver(self: &Arc<Self>, parcel: Parcel) {
        let is_new = self.under_way.lock().unwrap_or_else(PoisonError::into_inner).insert(parcel.message.id);
        if !is_new {
            return;
        }
        let permit = Arc::clone(&self.permits).acquire_owned().await.expect("the semaphore is never closed");
        let courier = Arc::clone(self);
        tokio::spawn(async move {
            let message = parcel.message;
            match courier.call(parcel).await {
                Ok(outcome) => {
                    drop(permit);
                    let answer =
                        TakeChannelAnswer { message: message.id, order: message.order, task: message.task, outcome };
                    courier.bring_back(answer).await;
                }
                Err(failure) => {
                    tracing::error!(%message.id, error.message = %failure, "a message cannot be delivered; the next start tries again");
                }
            }
            courier.under_way.lock().unwrap_or_else(PoisonError::into_inner).remove(&message.id);
        });
    }

    /// Hands an answer to the shard, again and again while the shard has no room for it.
    async fn bring_back(&self, answer: TakeChannelAnswer) {
        loop {
            let command = by_itself(Command::TakeChannelAnswer(answer.clone()), Actor::Channel);
            match self.engine.execute(command).await {
                Ok(_) => return self.tell(&answer),
                Err(failure) if failure.is_retryable() && !self.engine.is_stopping() => tokio::time::sleep(PAUSE).await,
                Err(failure) => {
                    let order = answer.order;
                    tracing::error!(%order, error.message = %failure, "a channel's answer was not kept; the message stays in the outbox");
                    return;
                }
            }
        }
    }

    fn tell(&self, answer: &TakeChannelAnswer) {
        if let Task::OpenPayment(payment) | Task::QueryPayment(payment) | Task::ClosePayment(payment) = answer.task {
            self.engine.tell_answer(payment, answer.message);
        }
    }

    async fn call(&self, parcel: Parcel) -> Result<CallOutcome, EngineFailure> {
        let task = parcel.message.task;
        match task {
            Task::OpenPayment(id) | Task::QueryPayment(id) | Task::ClosePayment(id) => {
                let payment = match parcel.payment {
                    Some(payment) => Some(payment),
                    None => self.engine.payment(id)?,
                };
                match payment {
                    Some(payment) => Ok(self.call_about_payment(task, &payment).await),
                    None => Ok(CallOutcome::Refused(Arc::from("there is no such payment"))),
                }
            }
            Task::SendRefund(id) | Task::QueryRefund(id) => {
                let refund = match parcel.refund {
                    Some(refund) => Some(refund),
                    None => self.engine.reader().refund(id)?.map(Arc::new),
                };
                let Some(refund) = refund else {
                    return Ok(CallOutcome::Refused(Arc::from("there is no such refund")));
                };
                let payment = match parcel.payment {
                    Some(payment) => Some(payment),
                    None => self.engine.payment(refund.payment)?,
                };
                match payment {
                    Some(payment) => Ok(self.call_about_refund(task, &refund, &payment).await),
                    None => Ok(CallOutcome::Refused(Arc::from("there is no such payment"))),
                }
            }
            Task::AnnounceShipment(id) | Task::TrackShipment(id) => {
                let shipment = match parcel.shipment {
                    Some(shipment) => Some(shipment),
                    None => self.engine.reader().shipment(id)?.map(Arc::new),
                };
                match shipment {
                    Some(shipment) => Ok(self.call_about_shipment(task, &shipment).await),
                    None => Ok(CallOutcome::Refused(Arc::from("there is no such shipment"))),
                }
            }
        }
    }

    async fn call_about_payment(&self, task: Task, payment: &Payment) -> CallOutcome {
        let Some(channel) = self.engine.channel(&payment.channel) else { return no_channel(&payment.channel) };
        let answer = match task {
            Task::OpenPayment(_) => channel.open(PaymentRequest {
                payment: payment.id,
                order: payment.order,
                amount: payment.amount,
                currency: payment.currency,
                expires_at: payment.expires_at,
                return_url: payment.return_url.clone(),
            }),
            Task::ClosePayment(_) => channel.close(payment.id),
            _ => channel.query(payment.id),
        };
        let answer = tokio::time::timeout(CALL_MAX, answer).await.unwrap_or_else(|_| Err(timed_out()));
        self.outcome(channel.as_ref(), task, answer.map(ChannelReport::Payment))
    }

    async fn call_about_refund(&self, task: Task, refund: &Refund, payment: &Payment) -> CallOutcome {
        let Some(channel) = self.engine.channel(&payment.channel) else { return no_channel(&payment.channel) };
        let request = RefundRequest {
            refund: refund.id,
            payment: payment.id,
            transaction: payment.transaction.clone(),
            amount: refund.amount,
            currency: refund.currency,
        };
        let answer = match task {
            Task::SendRefund(_) => channel.refund(request),
            _ => channel.query_refund(request),
        };
        let answer = tokio::time::timeout(CALL_MAX, answer).await.unwrap_or_else(|_| Err(timed_out()));
        self.outcome(channel.as_ref(), task, answer.map(ChannelReport::Refund))
    }

    async fn call_about_shipment(&self, task: Task, shipment: &Shipment) -> CallOutcome {
        let Some(carrier) = self.engine.carrier(&shipment.carrier) else {
            return CallOutcome::Refused(Arc::from(format!("there is no carrier {}", shipment.carrier)));
        };
        let tracking_number = Arc::clone(&shipment.tracking_number);
        let call = async {
            match task {
                Task::AnnounceShipment(_) => {
                    let announcement = Announcement { shipment: shipment.id, order: shipment.order, tracking_number };
                    carrier.announce(announcement).await.map(|()| Vec::new())
                }
                _ => carrier.track(tracking_number).await,
            }
        };
        let took_too_long = |_| Err(CarrierFailure::Unreachable(String::from("the carrier took too long")));
        let (outcome, result) = match tokio::time::timeout(CALL_MAX, call).await.unwrap_or_else(took_too_long) {
            Ok(mut facts) => {
                facts.truncate(FACTS_MAX);
                (CallOutcome::Tracked(facts), "answered")
            }
            Err(CarrierFailure::Unreachable(_)) => (CallOutcome::NotSent, "unreachable"),
            Err(CarrierFailure::Refused(reason)) => (CallOutcome::Refused(Arc::from(reason)), "refused"),
        };
        self.engine.counters().calls.count(carrier.name(), task.as_str(), result);
        outcome
    }

    fn outcome(
        &self,
        channel: &dyn PaymentChannel,
        task: Task,
        answer: Result<ChannelReport, ChannelFailure>,
    ) -> CallOutcome {
        let (outcome, result) = match answer {
            Ok(report) => (CallOutcome::Answered(report), "answered"),
            Err(ChannelFailure::Unreachable(_)) => (CallOutcome::NotSent, "unreachable"),
            Err(ChannelFailure::Unknown(_)) => (CallOutcome::Lost, "unknown"),
            Err(ChannelFailure::Refused(reason)) => (CallOutcome::Refused(Arc::from(reason)), "refused"),
        };
        self.engine.counters().calls.count(channel.name(), task.as_str(), result);
        outcome
    }
}

fn no_channel(name: &str) -> CallOutcome {
    CallOutcome::Refused(Arc::from(format!("there is no channel {name}")))
}

fn timed_out() -> ChannelFailure {
    ChannelFailure::Unknown(String::from("the channel took too long"))
}
