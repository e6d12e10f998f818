//! The engine as its callers see it: execute a command, read, watch, stop.
//!
//! Every shard has one thread and one queue; a handle is shared by all callers of the process. It adds no rule: it routes,
//! waits, and turns a stored answer back into the order it names.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use arc_swap::ArcSwap;
use ordain_domain::{
    answer::{Answer, Reply},
    catalog::Catalog,
    command::Envelope,
    ids::{MessageId, OrderId, PaymentId},
    order::Order,
    payment::Payment,
    rules::Rules,
    time::Timestamp,
};
use tokio::sync::oneshot;

use crate::{
    counters::Counters,
    deciding::Deciding,
    desk::{Desk, Sources},
    executor::{BatchLimits, Executor},
    failure::EngineFailure,
    outbox::Outbox,
    port::{
        carrier::Carrier,
        clock::Clock,
        payment_channel::PaymentChannel,
        store::{FailureKind, ShardStore, StoreFailure, StoreReader},
        webhook_sender::WebhookSender,
    },
    queue::{Answers, CursorMove, Group, Queue, Work},
    recent::{RecentOrders, RecentPayments},
    routing::{Routing, ShardNumber},
    shard::{Halt, Shard, Shared},
    watch::{Watch, WatchHub},
};

/// What an engine is made of.
pub struct EngineParts {
    /// The one writer of the shard.
    pub store: Box<dyn ShardStore>,
    /// Its readers.
    pub reader: Arc<dyn StoreReader>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Where payments can be made. Names are unique.
    pub channels: Vec<Arc<dyn PaymentChannel>>,
    /// Carriers that are told of parcels and asked about them. Names are unique.
    pub carriers: Vec<Arc<dyn Carrier>>,
    /// What sends webhooks; none where there are none.
    pub webhook_sender: Option<Arc<dyn WebhookSender>>,
    /// Settings of the decisions.
    pub rules: Rules,
    /// How large batches and the queue may be.
    pub limits: BatchLimits,
    /// What to do when a shard must not go on. The process is expected to end.
    pub on_halt: Box<dyn FnOnce(Halt) + Send>,
}

/// A running engine.
pub struct Engine {
    queue: Arc<Queue>,
    reader: Arc<dyn StoreReader>,
    channels: Vec<Arc<dyn PaymentChannel>>,
    carriers: Vec<Arc<dyn Carrier>>,
    webhook_sender: Option<Arc<dyn WebhookSender>>,
    rules: Rules,
    shared: Shared,
    routing: Routing,
    stopping: AtomicBool,
    executor: Mutex<Option<JoinHandle<()>>>,
}

impl Engine {
    /// Reads where the store stands and starts the shard's thread.
    ///
    /// # Errors
    /// When the store cannot be read or the thread cannot be started.
    pub fn start(parts: EngineParts) -> Result<Arc<Engine>, StoreFailure> {
        let EngineParts { mut store, reader, clock, channels, carriers, webhook_sender, mut rules, limits, on_halt } =
            parts;
        rules.fulfilment.carriers = carriers.iter().map(|carrier| Arc::from(carrier.name())).collect();
        let shared = Shared {
            clock,
            counters: Arc::new(Counters::default()),
            hub: Arc::new(WatchHub::default()),
            payments: Arc::new(WatchHub::default()),
            answers: Arc::new(WatchHub::default()),
            outbox: Arc::new(Outbox::default()),
            recent: Arc::new(RecentOrders::default()),
            recent_payments: Arc::new(RecentPayments::default()),
            catalog: Arc::new(ArcSwap::from_pointee(Catalog::default())),
            last_event: Arc::new(tokio::sync::watch::channel(0).0),
            letters: Arc::new(tokio::sync::watch::channel(()).0),
            webhooks: Arc::new(tokio::sync::watch::channel(()).0),
        };
        let queue = Arc::new(Queue::new(limits.queue_max));
        let loader = store.loader()?;
        let (shard, begin) = Shard::open(store, shared.clone())?;
        let desk = Desk::new(Deciding::new(loader, rules.clone(), shared.clone(), begin));
        let sources = Sources { queue: Arc::clone(&queue), reader: Arc::clone(&reader), limits };
        let executor = Executor::new(shard, desk, sources);
        let thread = std::thread::Builder::new().name(String::from("shard-0"));
        let thread = thread.spawn(move || {
            if let Err(halt) = executor.run() {
                on_halt(halt);
            }
        });
        let thread = thread.map_err(|error| StoreFailure::new(FailureKind::Other, error))?;
        Ok(Arc::new(Engine {
            queue,
            reader,
            channels,
            carriers,
            webhook_sender,
            rules,
            shared,
            routing: Routing::single(),
            stopping: AtomicBool::new(false),
            executor: Mutex::new(Some(thread)),
        }))
    }

    /// Executes one command and waits for its answer: it is durable when it comes.
    ///
    /// # Errors
    /// See [`EngineFailure`]; nothing of the command was kept, unless the shard halted over it: then only a restart can
    /// tell, and asking again under the same idempotency key.
    pub async fn execute(&self, envelope: Envelope) -> Result<Reply, EngineFailure> {
        let mut answers = self.submit(vec![envelope])?.await.map_err(|_| halted())?;
        self.resolved(answers.pop().expect("one command has one answer")?)
    }

    /// Executes commands that came together. The answers are in their order; each stands for itself.
    ///
    /// # Errors
    /// When none of them was taken, or the shard halted over them as in [`Engine::execute`].
    pub async fn execute_all(&self, envelopes: Vec<Envelope>) -> Result<Answers, EngineFailure> {
        if envelopes.is_empty() {
            return Ok(Vec::new());
        }
        let answers = self.submit(envelopes)?.await.map_err(|_| halted())?;
        Ok(answers.into_iter().map(|answer| self.resolved(answer?)).collect())
    }

    fn submit(&self, envelopes: Vec<Envelope>) -> Result<oneshot::Receiver<Answers>, EngineFailure> {
        debug_assert!(envelopes.iter().all(|envelope| self.routing.shard_of(envelope) == ShardNumber(0)));
        let (answer, answers) = oneshot::channel();
        let put = self.queue.put(Work::Commands(Group { envelopes, answer, queued_at: self.now() }));
        if matches!(put, Err(EngineFailure::Overloaded)) {
            self.shared.counters.shed.fetch_add(1, Ordering::Relaxed);
        }
        put.map(|()| answers)
    }

    /// An answer that names an order at a version becomes that order again.
    fn resolved(&self, reply: Reply) -> Result<Reply, EngineFailure> {
        let Ok(Answer::OrderAt { id, version }) = reply.outcome else { return Ok(reply) };
        let order = self.order_at(id, version)?;
        let missing = || StoreFailure::new(FailureKind::Corrupt, format!("{id} has no version {version}"));
        let outcome = Ok(Answer::Order(Arc::new(order.ok_or_else(missing)?)));
        Ok(Reply { outcome, replayed: reply.replayed })
    }

    /// An order as its last commit left it: from memory if it changed lately, else from the store.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn order(&self, id: OrderId) -> Result<Option<Arc<Order>>, StoreFailure> {
        match self.shared.recent.get(id) {
            Some(order) => Ok(Some(order)),
            None => Ok(self.reader.order(id)?.map(Arc::new)),
        }
    }

    /// An attempt to pay as its last commit left it: from memory if it changed lately, else from the store.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn payment(&self, id: PaymentId) -> Result<Option<Arc<Payment>>, StoreFailure> {
        match self.shared.recent_payments.get(id) {
            Some(payment) => Ok(Some(payment)),
            None => Ok(self.reader.payment(id)?.map(Arc::new)),
        }
    }

    /// An order as it was after its event of the given number.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn order_at(&self, id: OrderId, version: u64) -> Result<Option<Order>, StoreFailure> {
        let records = self.reader.order_events(id, 0)?;
        let count = usize::try_from(version).unwrap_or(usize::MAX);
        Ok(if records.len() < count { None } else { Order::fold(&records[..count]) })
    }

    /// Moves a consumer group's cursor; false when it no longer stands at `from`.
    ///
    /// # Errors
    /// See [`EngineFailure`]; the cursor stays where it was.
    pub async fn move_cursor(&self, consumer: &str, from: Option<i64>, to: i64) -> Result<bool, EngineFailure> {
        let (answer, moved) = oneshot::channel();
        self.queue.put(Work::Cursor(CursorMove { consumer: Arc::from(consumer), from, to, answer }))?;
        moved.await.map_err(|_| halted())?
    }

    /// Begins to watch an order.
    ///
    /// # Errors
    /// `Overloaded` when there are as many watchers as allowed.
    pub fn watch(&self, order: OrderId) -> Result<Watch<OrderId>, EngineFailure> {
        self.shared.hub.watch(order)
    }

    /// Begins to watch an attempt to pay.
    ///
    /// # Errors
    /// `Overloaded` when there are as many watchers as allowed.
    pub fn watch_payment(&self, payment: PaymentId) -> Result<Watch<PaymentId>, EngineFailure> {
        self.shared.payments.watch(payment)
    }

    /// Begins to watch for a channel's answers to calls about an attempt, also those that say nothing new.
    ///
    /// # Errors
    /// `Overloaded` when there are as many watchers as allowed.
    pub fn watch_answers(&self, payment: PaymentId) -> Result<Watch<PaymentId>, EngineFailure> {
        self.shared.answers.watch(payment)
    }

    /// Tells those who wait for a channel's answer that it was kept, by the message that it answers.
    pub(crate) fn tell_answer(&self, payment: PaymentId, message: MessageId) {
        self.shared.answers.tell(std::iter::once((payment, message.number().unsigned_abs())));
    }

    /// Waits until an attempt is as `is_done` wants it, at most for `patience`, and answers it as it then stands.
    ///
    /// # Errors
    /// When the store cannot be read. Too many watchers are no error: the attempt is answered as it stands.
    pub async fn wait_for_payment(
        &self,
        payment: PaymentId,
        patience: Duration,
        is_done: impl Fn(&Payment) -> bool,
    ) -> Result<Option<Arc<Payment>>, EngineFailure> {
        let Ok(mut watch) = self.watch_payment(payment) else { return Ok(self.payment(payment)?) };
        let waiting = async {
            loop {
                let row = self.payment(payment)?;
                if row.as_deref().is_none_or(&is_done) {
                    return Ok(row);
                }
                watch.changed().await;
            }
        };
        match tokio::time::timeout(patience, waiting).await {
            Ok(row) => row,
            Err(_) => Ok(self.payment(payment)?),
        }
    }

    /// The payment channel of a name.
    #[must_use]
    pub fn channel(&self, name: &str) -> Option<&Arc<dyn PaymentChannel>> {
        self.channels.iter().find(|channel| channel.name() == name)
    }

    /// The carrier of a name.
    #[must_use]
    pub fn carrier(&self, name: &str) -> Option<&Arc<dyn Carrier>> {
        self.carriers.iter().find(|carrier| carrier.name() == name)
    }

    /// Every payment channel.
    #[must_use]
    pub fn channels(&self) -> &[Arc<dyn PaymentChannel>] {
        &self.channels
    }

    /// What sends webhooks.
    #[must_use]
    pub fn webhook_sender(&self) -> Option<&Arc<dyn WebhookSender>> {
        self.webhook_sender.as_ref()
    }

    /// A way to wait until letters were parked, tried, replayed or given up.
    #[must_use]
    pub fn letters_changed(&self) -> tokio::sync::watch::Receiver<()> {
        self.shared.letters.subscribe()
    }

    /// A way to wait until webhook endpoints were put, disabled or deleted.
    #[must_use]
    pub fn webhooks_changed(&self) -> tokio::sync::watch::Receiver<()> {
        self.shared.webhooks.subscribe()
    }

    /// Messages that were committed and wait for the courier.
    pub(crate) fn outbox(&self) -> &Outbox {
        &self.shared.outbox
    }

    /// The committed rows. Point reads touch few pages; lists and checks belong on a thread that may block.
    #[must_use]
    pub fn reader(&self) -> &Arc<dyn StoreReader> {
        &self.reader
    }

    /// The catalog as the last committed batch left it.
    #[must_use]
    pub fn catalog(&self) -> Arc<Catalog> {
        self.shared.catalog.load_full()
    }

    /// The settings of the decisions.
    #[must_use]
    pub const fn rules(&self) -> &Rules {
        &self.rules
    }

    /// The present time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.shared.clock.now()
    }

    /// What was counted so far.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.shared.counters
    }

    /// How many commands wait.
    #[must_use]
    pub fn queue_depth(&self) -> usize {
        self.queue.depth()
    }

    /// The position of the last event, and a way to wait for the next.
    #[must_use]
    pub fn last_event(&self) -> tokio::sync::watch::Receiver<i64> {
        self.shared.last_event.subscribe()
    }

    /// Whether [`Engine::stop`] was called.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    /// Takes no more commands, finishes those that wait, and ends the shard's thread. Blocks until it has ended.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Release);
        self.queue.close();
        // Whoever waits for the next event looks up and finds that the engine stops.
        self.shared.last_event.send_modify(|_| {});
        self.shared.letters.send_replace(());
        self.shared.webhooks.send_replace(());
        let thread = self.executor.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread
            && thread.join().is_err()
        {
            tracing::error!("what was to be done about a halted shard panicked");
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Whatever is taken is answered; an answer that does not come died with the shard. Nobody knows what was kept.
fn halted() -> EngineFailure {
    let message = "the shard halted before it answered; what was kept is known after a restart";
    EngineFailure::Store(StoreFailure::new(FailureKind::Other, message))
}
