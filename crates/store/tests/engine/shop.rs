//! A shop to test with: an engine over the store in memory with a clock that is set by hand, goods, and short ways to write
//! commands. Nothing here is under test.

use std::{
    collections::BTreeMap,
    future::{Future, poll_fn},
    pin::Pin,
    sync::{Arc, Mutex, mpsc},
    task::Poll,
    time::Duration,
};

use ordain_domain::{
    answer::{Answer, Reply},
    catalog::{Product, ProductStatus, command::PutProducts},
    command::{Command, Envelope},
    event::{Actor, Event, EventRecord},
    idempotency::Idempotency,
    ids::{OrderId, Sku, UserId},
    money::Currency,
    order::{CancelOrder, CancelReason, Order, OrderStatus, PlaceOrder},
    price::{RequestedLine, ShippingRule},
    rules::{AfterSaleRules, FulfilmentRules, LetterRules, PaymentRules, Rules},
    stock::AdjustStock,
    time::{Span, Timestamp},
};
use ordain_engine::{
    BatchLimits, Engine, EngineFailure, EngineParts,
    port::{
        clock::Clock as _,
        store::{Before, ShardStore, StoreReader},
    },
};
use ordain_store::memory::{MemoryReader, MemoryStore};

use super::{
    clock::ManualClock,
    tampered::{TamperedStore, Tamperer},
};

/// How long anything may take before the test gives up on it.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

/// How long an order may stay unpaid.
pub(crate) const WINDOW: Span = Span::seconds(900);

/// How long a timer may lag before `verify` calls it missed.
const LATE_AFTER: Span = Span::seconds(60);

/// Batches and a queue as large as those of the shipped configuration.
pub(crate) const LIMITS: BatchLimits = BatchLimits { commands_max: 512, queue_max: 16_384 };

/// A running engine with everything around it.
pub(crate) struct Shop {
    pub(crate) engine: Arc<Engine>,
    pub(crate) memory: Arc<MemoryReader>,
    pub(crate) clock: Arc<ManualClock>,
    rules: Rules,
    halts: Mutex<mpsc::Receiver<String>>,
}

impl Shop {
    /// A shop with 1,000,000 units each of `a` and `b`.
    pub(crate) async fn open() -> Shop {
        Shop::open_with(LIMITS).await
    }

    /// A shop in which an order may stay unpaid for another time.
    pub(crate) async fn open_for(window: Span) -> Shop {
        let (store, memory) = MemoryStore::new();
        let rules = Rules { payment_window: window, ..rules() };
        let shop = Shop::over(Box::new(store), memory, Arc::default(), LIMITS, rules);
        shop.stock_up().await;
        shop
    }

    /// A shop in which consumers are tried by other rules, and orders stay open for as long as that takes.
    pub(crate) async fn open_with_letters(letters: LetterRules) -> Shop {
        let (store, memory) = MemoryStore::new();
        let rules = Rules { letters, payment_window: Span::seconds(365 * 86_400), ..rules() };
        let shop = Shop::over(Box::new(store), memory, Arc::default(), LIMITS, rules);
        shop.stock_up().await;
        shop
    }

    /// A shop with other limits.
    pub(crate) async fn open_with(limits: BatchLimits) -> Shop {
        let (store, memory) = MemoryStore::new();
        let shop = Shop::over(Box::new(store), memory, Arc::default(), limits, rules());
        shop.stock_up().await;
        shop
    }

    /// A shop with a tampered store, of which nothing is kept in memory yet.
    pub(crate) async fn open_tampered(tamperer: &Arc<Tamperer>) -> Shop {
        Shop::open().await.restart_with(Some(tamperer))
    }

    async fn stock_up(&self) {
        for envelope in stock() {
            self.accept(envelope).await;
        }
    }

    fn over(
        store: Box<dyn ShardStore>,
        memory: Arc<MemoryReader>,
        clock: Arc<ManualClock>,
        limits: BatchLimits,
        rules: Rules,
    ) -> Shop {
        let (told, halts) = mpsc::channel();
        let reader: Arc<dyn StoreReader> = Arc::<MemoryReader>::clone(&memory);
        let parts = EngineParts {
            store,
            reader,
            clock: Arc::<ManualClock>::clone(&clock),
            channels: Vec::new(),
            carriers: Vec::new(),
            webhook_sender: None,
            rules: rules.clone(),
            limits,
            on_halt: Box::new(move |halt| told.send(halt.to_string()).expect("the test still listens")),
        };
        let engine = Engine::start(parts).expect("the store in memory can be read");
        Shop { engine, memory, clock, rules, halts: Mutex::new(halts) }
    }

    /// The process ends and comes up again on what the store kept.
    pub(crate) fn restart(self) -> Shop {
        self.restart_with(None)
    }

    /// As [`Shop::restart`], with a store that is tampered with.
    pub(crate) fn restart_with(self, tamperer: Option<&Arc<Tamperer>>) -> Shop {
        self.engine.stop();
        let Shop { engine, memory, clock, rules, halts } = self;
        drop((engine, halts));
        Shop::over(tampered(memory.reopen(), tamperer), memory, clock, LIMITS, rules)
    }

    /// Why the shard halted.
    pub(crate) fn halt(&self) -> String {
        self.halts.lock().unwrap().recv_timeout(DEADLINE).expect("the shard halts")
    }

    /// Whether the shard has halted and nobody has asked why.
    pub(crate) fn has_halted(&self) -> bool {
        self.halts.lock().unwrap().try_recv().is_ok()
    }

    /// Executes a command that must be accepted.
    pub(crate) async fn accept(&self, envelope: Envelope) -> Answer {
        let reply = self.engine.execute(envelope).await.expect("the engine answers");
        reply.outcome.expect("the command is accepted")
    }

    /// Places an order that must be accepted.
    pub(crate) async fn place(&self, envelope: Envelope) -> Arc<Order> {
        ordered(self.accept(envelope).await)
    }

    /// An order as it lies in the store.
    pub(crate) fn order(&self, id: OrderId) -> Order {
        self.memory.order(id).expect("the memory can be read").expect("the order is there")
    }

    pub(crate) fn status(&self, id: OrderId) -> OrderStatus {
        self.order(id).status
    }

    /// Every order, newest first, up to ten thousand.
    pub(crate) fn orders(&self) -> Vec<Order> {
        self.memory.orders(None, Before { key: None, limit: 10_000 }).expect("the memory can be read").0
    }

    /// How many orders have a status.
    pub(crate) fn count(&self, status: OrderStatus) -> u64 {
        let counts = self.memory.status_counts().expect("the memory can be read");
        counts.iter().filter(|count| count.status == status).map(|count| count.count).sum()
    }

    /// Units of a SKU: on hand, locked.
    pub(crate) fn stock(&self, sku: &str) -> (i64, i64) {
        let stock = self.memory.stock(&Sku::new(sku).unwrap()).expect("the memory can be read");
        stock.map_or((0, 0), |stock| (stock.on_hand, stock.locked))
    }

    /// The whole log.
    pub(crate) fn log(&self) -> Vec<EventRecord> {
        self.memory.events_after(0, usize::MAX).expect("the memory can be read")
    }

    /// The invariants that are broken, in words.
    pub(crate) fn broken(&self) -> Vec<String> {
        let reports = self.memory.verify(self.clock.now(), LATE_AFTER).expect("the memory can be read");
        reports.into_iter().flat_map(|report| report.examples).collect()
    }

    /// Asserts that the data as they lie break no invariant.
    pub(crate) fn verify(&self) {
        assert_eq!(self.broken(), Vec::<String>::new());
    }

    /// Waits until a condition holds; looks after every event.
    pub(crate) async fn until(&self, what: &str, condition: impl Fn() -> bool) {
        let mut last_event = self.engine.last_event();
        let holds = async {
            loop {
                last_event.mark_unchanged();
                if condition() {
                    return;
                }
                last_event.changed().await.expect("the engine lives");
            }
        };
        tokio::time::timeout(DEADLINE, holds).await.unwrap_or_else(|_| panic!("in vain: {what}"));
    }

    /// Waits until a condition holds that no event tells of.
    pub(crate) async fn until_soon(&self, what: &str, condition: impl Fn() -> bool) {
        let holds = async {
            while !condition() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(DEADLINE, holds).await.unwrap_or_else(|_| panic!("in vain: {what}"));
    }

    /// Lets the shard run a batch, and with it every timer that is due. For orders that shall not have been touched.
    pub(crate) async fn run_a_batch(&self) {
        self.accept(receive("b", 1)).await;
    }
}

fn tampered(store: MemoryStore, tamperer: Option<&Arc<Tamperer>>) -> Box<dyn ShardStore> {
    match tamperer {
        Some(tamperer) => Box::new(TamperedStore { store, tamperer: Arc::clone(tamperer) }),
        None => Box::new(store),
    }
}

/// What makes an empty shop one with goods.
pub(crate) fn stock() -> Vec<Envelope> {
    let products = ["a", "b"].map(product).into();
    let put = operator(Command::PutProducts(PutProducts { products, expected_version: None }));
    [put].into_iter().chain(["a", "b"].map(|sku| receive(sku, 1_000_000))).collect()
}

pub(crate) fn rules() -> Rules {
    Rules {
        payment_window: WINDOW,
        duplicate_window: Span::seconds(3),
        lines_max: 1_000,
        unpaid_per_user_max: 20,
        shipping: ShippingRule::default(),
        payments: PaymentRules::standard(),
        letters: LetterRules::standard(Span::seconds(5)),
        fulfilment: FulfilmentRules::standard(),
        after_sales: AfterSaleRules::standard(),
    }
}

pub(crate) fn product(name: &str) -> Product {
    Product {
        sku: Sku::new(name).unwrap(),
        title: Arc::from(name),
        price: 250,
        currency: Currency::new("GBP").unwrap(),
        status: ProductStatus::Active,
        weight_grams: None,
        attributes: BTreeMap::new(),
        version: 0,
        updated_at: Timestamp(0),
    }
}

/// One unit of a SKU for a user.
pub(crate) fn place(user: &str, sku: &str) -> Envelope {
    let command = Command::PlaceOrder(PlaceOrder {
        user_id: UserId::new(user).unwrap(),
        currency: Currency::new("GBP").unwrap(),
        lines: vec![RequestedLine { sku: Sku::new(sku).unwrap(), quantity: 1 }],
        coupon: None,
        points: 0,
        shipping_address: None,
        expected_total: None,
        metadata: Arc::default(),
    });
    Envelope { actor: Actor::Buyer, scope: Arc::from("POST /v1/orders"), idempotency: None, command }
}

/// The same command under a key. `request` stands for the request that the key is used with.
pub(crate) fn keyed(envelope: Envelope, key: &str, request: u8) -> Envelope {
    let idempotency = Idempotency { key: Arc::from(key), fingerprint: [request; 32] };
    Envelope { idempotency: Some(idempotency), ..envelope }
}

pub(crate) fn cancel(order: OrderId) -> Envelope {
    let command =
        CancelOrder { order, reason: CancelReason::Buyer, note: None, lines: Vec::new(), expected_version: None };
    Envelope { actor: Actor::Buyer, ..operator(Command::CancelOrder(command)) }
}

pub(crate) fn receive(sku: &str, delta: i64) -> Envelope {
    let sku = Sku::new(sku).unwrap();
    operator(Command::AdjustStock(AdjustStock { sku, delta, reason: Arc::from("test"), expected_version: None }))
}

pub(crate) fn operator(command: Command) -> Envelope {
    Envelope { actor: Actor::Operator, scope: Arc::from("POST /test"), idempotency: None, command }
}

/// The order of an answer.
pub(crate) fn ordered(answer: Answer) -> Arc<Order> {
    match answer {
        Answer::Order(order) => order,
        other => panic!("not an order: {other:?}"),
    }
}

/// The order of a reply.
pub(crate) fn order_of(reply: Result<Reply, EngineFailure>) -> Arc<Order> {
    ordered(reply.expect("the engine answers").outcome.expect("the command is accepted"))
}

/// A call that was made and is being waited for.
pub(crate) type Underway<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Makes a call so far that its command waits in the queue. Only while commits are held: then an answer at once can be
/// nothing but a failure, and panics.
pub(crate) async fn begin<'a, T: std::fmt::Debug>(call: impl Future<Output = T> + Send + 'a) -> Underway<'a, T> {
    let mut call: Underway<'a, T> = Box::pin(call);
    let polled = poll_fn(|context| Poll::Ready(call.as_mut().poll(context))).await;
    assert!(polled.is_pending(), "answered at once: {polled:?}");
    call
}

/// Waits for an answer with a deadline.
pub(crate) async fn answered<T>(call: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, call).await.expect("an answer in time")
}

/// The positions in the log at which orders were closed by timeout, and by whom.
pub(crate) fn closings(log: &[EventRecord]) -> Vec<(i64, Actor)> {
    let closed = log.iter().filter(|record| match &record.event {
        Event::OrderCancelled(cancelled) => cancelled.reason == CancelReason::Timeout,
        _ => false,
    });
    closed.map(|record| (record.id.number(), record.actor)).collect()
}
