//! The bench that cases work on: a store, its model beside it, and the same path from commands to a commit that the engine
//! takes. Every load is compared with the model on the way.

use std::sync::Arc;

use ordain_domain::{
    answer::{Answer, Reply},
    batch::{Batch, Carry},
    catalog::Catalog,
    command::Envelope,
    coupon::Coupon,
    ids::Mint,
    order::Order,
    price::ShippingRule,
    refusal::Refusal,
    rows::{Changes, Keys, Rows},
    rules::{AfterSaleRules, FulfilmentRules, LetterRules, PaymentRules, Rules},
    time::{Span, Timestamp},
};
use ordain_engine::port::store::{
    Commit, CommitFailure, EventTexts, InvariantReport, Poisoned, ShardHead, StoreReader, StuckBefore,
};

use super::{Fixture, UNPAID_PER_USER_MAX, compare, model::Model, shop};

/// When every bench begins.
pub(super) const BEGIN: Timestamp = Timestamp(1_763_683_200_000_000);
/// How long an order waits for its payment.
pub(super) const WINDOW: Span = Span::seconds(900);

/// A store under test beside the model of what it must hold.
pub(super) struct Bench<F: Fixture> {
    fixture: Option<F>,
    pub(super) model: Model,
    pub(super) rules: Rules,
    pub(super) now: Timestamp,
    pub(super) carry: Carry,
}

impl<F: Fixture> Bench<F> {
    /// An empty shard.
    pub(super) fn empty() -> Bench<F> {
        let rules = Rules {
            payment_window: WINDOW,
            duplicate_window: Span::seconds(3),
            lines_max: 1_000,
            unpaid_per_user_max: UNPAID_PER_USER_MAX,
            shipping: ShippingRule { fee: 199, free_over: 0 },
            payments: PaymentRules::standard(),
            letters: LetterRules::standard(Span::seconds(5)),
            fulfilment: FulfilmentRules::standard(),
            after_sales: AfterSaleRules::standard(),
        };
        let carry = Carry { mint: Mint::after(0), next_event: 1, catalog: Catalog::new() };
        Bench { fixture: Some(F::open()), model: Model::default(), rules, now: BEGIN, carry }
    }

    /// A shard with the goods and coupon templates of [`shop::stock_up`].
    pub(super) fn shop() -> Bench<F> {
        let mut bench = Bench::empty();
        for envelope in shop::stock_up() {
            bench.accept(&envelope);
        }
        bench
    }

    pub(super) fn fixture(&mut self) -> &mut F {
        self.fixture.as_mut().expect("a fixture is away only while it is reopened")
    }

    pub(super) fn reader(&mut self) -> Arc<dyn StoreReader> {
        self.fixture().reader()
    }

    /// Ends the process and comes up again, as the engine does: from the head and the catalog that the store has.
    pub(super) fn reopen(&mut self) {
        let fixture = self.fixture.take().expect("a fixture is away only while it is reopened");
        self.fixture = Some(fixture.reopen());
        let head = self.head();
        assert_eq!(head, self.model.head, "the head after coming up again");
        let catalog = self.fixture().store().catalog().expect("the catalog can be read");
        self.carry = Carry { mint: Mint::after(head.high_id), next_event: head.last_event + 1, catalog };
    }

    pub(super) fn head(&mut self) -> ShardHead {
        self.fixture().store().head().expect("the head can be read")
    }

    /// Loads rows and compares them with the model.
    pub(super) fn load(&mut self, keys: &Keys, rows: &mut Rows) {
        let mut loader = self.fixture().store().loader().expect("the store can be opened once more");
        let mut loaded = Rows::default();
        loader.load(keys, &mut loaded).expect("rows can be read");
        compare::rows(&loaded, &self.model.rows(keys), F::COUNTS_UNPAID_EXACTLY);
        loader.load(keys, rows).expect("rows can be read again");
        assert!(rows.cover(keys), "every key is answered");
    }

    /// Decides commands in one batch and commits what they changed.
    pub(super) fn run(&mut self, envelopes: &[Envelope]) -> Vec<Reply> {
        let rules = self.rules.clone();
        let mut batch = Batch::new(&rules, self.now, self.carry.clone());
        loop {
            let missing = batch.missing(envelopes);
            if missing.is_empty() {
                break;
            }
            self.load(&missing, batch.loaded_mut());
        }
        let replies = envelopes.iter().map(|envelope| batch.decide(envelope)).collect();
        let (changes, carry) = batch.finish();
        self.carry = carry;
        self.commit(&changes, &[], &[]).expect("what was decided can be committed");
        replies
    }

    /// The head that the next commit must have.
    pub(super) fn next_head(&self) -> ShardHead {
        ShardHead {
            batch: self.model.head.batch + 1,
            last_event: self.carry.next_event - 1,
            high_id: self.carry.mint.high_mark(),
            time: self.now,
        }
    }

    /// Commits to the store, and when it took it, to the model.
    pub(super) fn commit(
        &mut self,
        changes: &Changes,
        cursors: &[(Arc<str>, i64)],
        poisoned: &[Poisoned],
    ) -> Result<(), CommitFailure> {
        let event_texts = &EventTexts::of(&changes.events);
        let commit = Commit { head: self.next_head(), changes, event_texts, cursors, poisoned };
        self.fixture().store().commit(&commit)?;
        self.model.absorb(&commit);
        Ok(())
    }

    /// Decides one command in a batch of its own.
    pub(super) fn one(&mut self, envelope: &Envelope) -> Reply {
        self.run(std::slice::from_ref(envelope)).pop().expect("a reply a command")
    }

    /// Decides a command that must be accepted.
    pub(super) fn accept(&mut self, envelope: &Envelope) -> Answer {
        self.one(envelope).outcome.unwrap_or_else(|refusal| panic!("{envelope:?} was refused: {refusal:?}"))
    }

    /// Decides a command that must be refused.
    pub(super) fn refuse(&mut self, envelope: &Envelope) -> Refusal {
        match self.one(envelope).outcome {
            Err(refusal) => refusal,
            Ok(answer) => panic!("{envelope:?} was accepted: {answer:?}"),
        }
    }

    /// Places an order that must be accepted.
    pub(super) fn place(&mut self, envelope: &Envelope) -> Arc<Order> {
        match self.accept(envelope) {
            Answer::Order(order) => order,
            other => panic!("not an order: {other:?}"),
        }
    }

    /// Grants a coupon, which must be possible.
    pub(super) fn grant(&mut self, user: &str, template: &str) -> Coupon {
        match self.accept(&shop::operator(shop::grant(user, template))) {
            Answer::Coupon(coupon) => coupon,
            other => panic!("not a coupon: {other:?}"),
        }
    }

    /// Lets time pass.
    pub(super) fn wait(&mut self, span: Span) {
        self.now = self.now.plus(span);
    }

    /// Compares everything that the store gives back with the model.
    pub(super) fn compare(&mut self) {
        assert_eq!(self.head(), self.model.head, "the head");
        let catalog = self.fixture().store().catalog().expect("the catalog can be read");
        compare::catalog(&catalog, &self.model.catalog);
        self.load(&self.model.keys(), &mut Rows::default());
        assert_eq!(self.fixture().poisoned(), self.model.poisoned, "poisoned commands");
        let reader = self.reader();
        compare::reader(reader.as_ref(), &self.model);
    }

    /// The kinds of what is stuck, compared with the model; nothing has time left.
    pub(super) fn stuck(&mut self) -> Vec<&'static str> {
        let end = Timestamp::MAX;
        let before = StuckBefore { closing: end, messages: end, timers: end, after_sales: end };
        let found = self.reader().stuck(before, 10_000).expect("what is stuck can be listed");
        assert_eq!(found, self.model.stuck(before));
        found.iter().map(|stuck| stuck.what.as_str()).collect()
    }

    /// Every invariant, at the present time. Timers are never late: scripts leave some behind.
    pub(super) fn verify(&mut self) -> Vec<InvariantReport> {
        self.reader().verify(self.now, Span::seconds(1_000_000_000)).expect("the invariants can be checked")
    }

    /// Invariants that are broken, by number, with examples.
    pub(super) fn broken(&mut self) -> Vec<(u8, Vec<String>)> {
        let broken = self.verify().into_iter().filter(|report| report.broken > 0);
        broken.map(|report| (report.invariant, report.examples)).collect()
    }
}
