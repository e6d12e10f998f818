//! A shard in miniature over any store: loads what a batch needs, decides it, commits it. No queue, no timers, no retries.

use std::{collections::BTreeMap, sync::Arc};

use ordain_domain::{
    answer::{Answer, Reply},
    batch::{Batch, Carry},
    catalog::{Product, ProductStatus, command::PutProducts},
    command::{Command, Envelope},
    event::Actor,
    idempotency::Idempotency,
    ids::{Mint, OrderId, Sku, UserId},
    money::Currency,
    order::{CancelOrder, CancelReason, CloseOrder, PlaceOrder},
    price::{RequestedLine, ShippingRule},
    rows::Changes,
    rules::{AfterSaleRules, FulfilmentRules, LetterRules, PaymentRules, Rules},
    stock::AdjustStock,
    time::{Span, Timestamp},
};
use ordain_engine::port::store::{Commit, CommitFailure, EventTexts, RowLoader, ShardHead, ShardStore};

/// 2026-01-01T00:00:00Z.
pub(crate) const START: Timestamp = Timestamp(1_767_225_600_000_000);

/// The settings of the decisions.
pub(crate) fn rules() -> Rules {
    Rules {
        payment_window: Span::seconds(900),
        duplicate_window: Span::seconds(0),
        lines_max: 1_000,
        unpaid_per_user_max: 20,
        shipping: ShippingRule { fee: 0, free_over: 0 },
        payments: PaymentRules::standard(),
        letters: LetterRules::standard(Span::seconds(5)),
        fulfilment: FulfilmentRules::standard(),
        after_sales: AfterSaleRules::standard(),
    }
}

/// One shard.
pub(crate) struct Shard<S> {
    // The loader is dropped first, as it keeps the file from others.
    loader: Box<dyn RowLoader>,
    pub(crate) store: S,
    pub(crate) rules: Rules,
    pub(crate) now: Timestamp,
    head: ShardHead,
    pub(crate) carry: Carry,
}

impl<S: ShardStore> Shard<S> {
    /// A shard that goes on where the store stands.
    pub(crate) fn new(mut store: S, rules: Rules) -> Shard<S> {
        let head = store.head().expect("the head can be read");
        let catalog = store.catalog().expect("the catalog can be read");
        let carry = Carry { mint: Mint::after(head.high_id), next_event: head.last_event + 1, catalog };
        let loader = store.loader().expect("the store can be opened once more");
        Shard { loader, store, rules, now: head.time.max(START), head, carry }
    }

    /// Where the shard stands.
    pub(crate) fn head(&self) -> ShardHead {
        self.head
    }

    /// Decides and commits one batch.
    pub(crate) fn run(&mut self, envelopes: &[Envelope]) -> Vec<Reply> {
        self.try_run(envelopes).expect("the batch is committed")
    }

    /// Decides and commits one batch; a commit that fails leaves the shard where it was.
    pub(crate) fn try_run(&mut self, envelopes: &[Envelope]) -> Result<Vec<Reply>, CommitFailure> {
        let (replies, changes, carry) = self.decide(envelopes);
        self.commit(&changes, carry)?;
        Ok(replies)
    }

    /// Decides one batch without committing it.
    pub(crate) fn decide(&mut self, envelopes: &[Envelope]) -> (Vec<Reply>, Changes, Carry) {
        let mut batch = Batch::new(&self.rules, self.now, self.carry.clone());
        loop {
            let keys = batch.missing(envelopes);
            if keys.is_empty() {
                break;
            }
            self.loader.load(&keys, batch.loaded_mut()).expect("rows can be read");
        }
        let replies = envelopes.iter().map(|envelope| batch.decide(envelope)).collect();
        let (changes, carry) = batch.finish();
        (replies, changes, carry)
    }

    /// Commits what was decided.
    pub(crate) fn commit(&mut self, changes: &Changes, carry: Carry) -> Result<(), CommitFailure> {
        self.commit_with(changes, &EventTexts::of(&changes.events), carry)
    }

    /// The same, with the texts of the facts ready.
    pub(crate) fn commit_with(
        &mut self,
        changes: &Changes,
        event_texts: &EventTexts,
        carry: Carry,
    ) -> Result<(), CommitFailure> {
        let head = ShardHead {
            batch: self.head.batch + 1,
            last_event: carry.next_event - 1,
            high_id: carry.mint.high_mark(),
            time: self.now,
        };
        self.store.commit(&Commit { head, changes, event_texts, cursors: &[], poisoned: &[] })?;
        self.head = head;
        self.carry = carry;
        Ok(())
    }

    /// Puts products with a price of 1.00 and `units` of each on hand.
    pub(crate) fn stock_up(&mut self, skus: &[Sku], units: i64) {
        let products = skus.iter().map(product).collect();
        self.run(&[merchant(Command::PutProducts(PutProducts { products, expected_version: None }))]);
        let receive = |sku: &Sku| AdjustStock {
            sku: sku.clone(),
            delta: units,
            reason: Arc::from("first delivery"),
            expected_version: None,
        };
        let received: Vec<Envelope> = skus.iter().map(|sku| merchant(Command::AdjustStock(receive(sku)))).collect();
        self.run(&received);
    }
}

/// `sku-0`, `sku-1`, …
pub(crate) fn skus(count: usize) -> Vec<Sku> {
    (0..count).map(|number| Sku::new(&format!("sku-{number}")).expect("a sound name")).collect()
}

pub(crate) fn user(name: &str) -> UserId {
    UserId::new(name).expect("a sound name")
}

fn product(sku: &Sku) -> Product {
    Product {
        sku: sku.clone(),
        title: Arc::from("WHITE HANGING HEART T-LIGHT HOLDER"),
        price: 100,
        currency: Currency::new("GBP").expect("a sound name"),
        status: ProductStatus::Active,
        weight_grams: None,
        attributes: BTreeMap::new(),
        version: 0,
        updated_at: Timestamp(0),
    }
}

pub(crate) fn merchant(command: Command) -> Envelope {
    Envelope { actor: Actor::Merchant, scope: Arc::from("test"), idempotency: None, command }
}

/// A placement of lines of (SKU, quantity), with a key or without.
pub(crate) fn place(user: &UserId, key: Option<&str>, lines: &[(&Sku, u32)]) -> Envelope {
    let lines = lines.iter().map(|(sku, quantity)| RequestedLine { sku: (*sku).clone(), quantity: *quantity });
    let command = PlaceOrder {
        user_id: user.clone(),
        currency: Currency::new("GBP").expect("a sound name"),
        lines: lines.collect(),
        coupon: None,
        points: 0,
        shipping_address: None,
        expected_total: None,
        metadata: Arc::default(),
    };
    let idempotency = key.map(|key| Idempotency { key: Arc::from(key), fingerprint: [7; 32] });
    Envelope { actor: Actor::Buyer, scope: Arc::from("test"), idempotency, command: Command::PlaceOrder(command) }
}

pub(crate) fn cancel(order: OrderId) -> Envelope {
    let command =
        CancelOrder { order, reason: CancelReason::Buyer, note: None, lines: Vec::new(), expected_version: None };
    Envelope {
        actor: Actor::Buyer,
        scope: Arc::from("test"),
        idempotency: None,
        command: Command::CancelOrder(command),
    }
}

pub(crate) fn close(order: OrderId) -> Envelope {
    let command = Command::CloseOrder(CloseOrder { order });
    Envelope { actor: Actor::Timer, scope: Arc::from("test"), idempotency: None, command }
}

/// The order that a placement made or found.
pub(crate) fn order_of(reply: &Reply) -> OrderId {
    match reply.outcome.as_ref().expect("it was accepted") {
        Answer::Order(order) => order.id,
        Answer::OrderAt { id, .. } => *id,
        other => panic!("no order: {other:?}"),
    }
}
