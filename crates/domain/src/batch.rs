//! Many commands decided one after another over one set of rows, to be committed together.
//!
//! A command sees what the accepted commands before it wrote; a refused one leaves nothing but its stored refusal. Deciding
//! n commands in one batch gives the same as n batches of one. This room does no I/O: it names the rows it misses, is given
//! them, and hands out the changes.

use crate::{
    after_sale,
    answer::{Answer, Reply},
    catalog::{Catalog, decide as catalog},
    command::{Command, Envelope},
    coupon, idempotency,
    idempotency::{AnswerKey, Idempotency, Outcome, StoredAnswer},
    ids::{Mint, UserId},
    letter, order,
    order::{OrderKey, OrderStatus, OrderToken},
    payment, points, refund,
    refusal::Refusal,
    rows::{Changes, Keys, Rows, Wanted},
    rules::Rules,
    scope::Scope,
    shipment, stock,
    time::Timestamp,
    user, webhook,
};
use alloc::{collections::BTreeMap, sync::Arc};
use core::{borrow::Borrow, fmt::Debug};

/// What a shard carries from batch to batch besides its rows.
#[derive(Clone, Debug)]
pub struct Carry {
    /// Where ids come from.
    pub mint: Mint,
    /// Position in the log of the next event.
    pub next_event: i64,
    /// Products, promotions, templates.
    pub catalog: Catalog,
}

/// A batch being decided. It holds the settings in whatever way its maker wants to.
#[derive(Debug)]
pub struct Batch<R> {
    rules: R,
    now: Timestamp,
    carry: Carry,
    loaded: Rows,
    changes: Changes,
}

impl<R: Borrow<Rules>> Batch<R> {
    /// An empty batch at `now`, which is not earlier than that of the batch before.
    #[must_use]
    pub fn new(rules: R, now: Timestamp, carry: Carry) -> Batch<R> {
        Batch { rules, now, carry, loaded: Rows::default(), changes: Changes::default() }
    }

    /// Lets time pass between two commands of the batch; it never goes back.
    pub fn advance_to(&mut self, now: Timestamp) {
        self.now = self.now.max(now);
    }

    /// The rows that deciding `envelopes` needs and that are not loaded. Ask again after loading, until there are none.
    pub fn missing<'e>(&self, envelopes: impl IntoIterator<Item = &'e Envelope>) -> Keys {
        let mut wanted = Wanted::new(&self.loaded);
        envelopes.into_iter().for_each(|envelope| envelope.keys(&mut wanted));
        wanted.missing
    }

    /// Where loaded rows are put; an absent row as `None`.
    pub fn loaded_mut(&mut self) -> &mut Rows {
        &mut self.loaded
    }

    /// What the accepted commands wrote so far.
    #[must_use]
    pub fn changes(&self) -> &Changes {
        &self.changes
    }

    /// How many unpaid orders a user has, as far as the batch knows: as its commands left it, or as it was loaded.
    #[must_use]
    pub fn unpaid_orders_of(&self, user: &UserId) -> Option<u32> {
        let written = self.changes.open_orders.get(user).copied();
        written.or_else(|| self.loaded.open_orders.get(user).copied().flatten())
    }

    /// Decides one command. All its rows must be loaded.
    ///
    /// # Panics
    /// On a bug: a broken invariant, or a row that `keys` did not name. The batch is then as it was before the call.
    pub fn decide(&mut self, envelope: &Envelope) -> Reply {
        if let Some(reply) = self.earlier_answer(envelope) {
            return reply;
        }
        let mut mint = self.carry.mint;
        let (outcome, mut changes) = self.decide_fresh(envelope, &mut mint);
        if let Some(stored) = self.stored_answer(envelope, &outcome) {
            changes.answers.insert(stored.0, stored.1);
        }
        if outcome.is_ok() {
            self.carry.mint = mint;
        }
        self.carry.next_event += i64::try_from(changes.events.len()).expect("a batch has few events");
        for change in &changes.catalog {
            self.carry.catalog.apply(change);
        }
        self.changes.absorb(changes);
        Reply { outcome, replayed: false }
    }

    /// The changes to commit, and what the next batch starts from once they are committed.
    #[must_use]
    pub fn finish(self) -> (Changes, Carry) {
        (self.changes, self.carry)
    }

    /// The same, and the rows that were loaded: dropping them takes a while, for which not everybody has time.
    #[must_use]
    pub fn finish_with_rows(self) -> (Changes, Carry, Rows) {
        (self.changes, self.carry, self.loaded)
    }

    fn decide_fresh(&self, envelope: &Envelope, mint: &mut Mint) -> (Result<Answer, Refusal>, Changes) {
        let mut changes = Changes::default();
        let mut scope = Scope {
            catalog: &self.carry.catalog,
            rules: self.rules.borrow(),
            now: self.now,
            actor: envelope.actor,
            mint,
            changes: &mut changes,
            earlier: &self.changes,
            loaded: &self.loaded,
            first_event: self.carry.next_event,
        };
        match dispatch(&mut scope, envelope) {
            Ok(answer) => (Ok(answer), changes),
            Err(refusal) => (Err(refusal), Changes::default()),
        }
    }

    /// What the command's key says: an earlier answer, or that the key was used for something else.
    fn earlier_answer(&self, envelope: &Envelope) -> Option<Reply> {
        let idempotency = envelope.idempotency.as_ref()?;
        let (fingerprint, outcome) = self.stored_order(envelope, idempotency).or_else(|| {
            let key = envelope.answer_key()?;
            let stored = self.look_up_answer(&key)?;
            Some((stored.fingerprint, stored.outcome.clone()))
        })?;
        if fingerprint != idempotency.fingerprint {
            return Some(Reply { outcome: Err(Refusal::IdempotencyKeyReused), replayed: false });
        }
        let outcome = match outcome {
            Outcome::Accepted(answer) => Ok(answer),
            Outcome::Refused(refusal) => Err(refusal),
        };
        Some(Reply { outcome, replayed: true })
    }

    /// An accepted placement is not kept as an answer: its order is the answer, for ever.
    fn stored_order(
        &self,
        envelope: &Envelope,
        idempotency: &Idempotency,
    ) -> Option<(idempotency::Fingerprint, Outcome)> {
        let Command::PlaceOrder(place) = &envelope.command else { return None };
        let token = OrderToken::Key(Arc::clone(&idempotency.key));
        let key = OrderKey { user_id: place.user_id.clone(), token };
        let entry = match self.changes.order_keys.get(&key) {
            Some(entry) => entry,
            None => loaded(&self.loaded.order_keys, &key)?,
        };
        let answer = Answer::OrderAt { id: entry.order, version: entry.version };
        Some((entry.fingerprint?, Outcome::Accepted(answer)))
    }

    fn look_up_answer(&self, key: &AnswerKey) -> Option<&StoredAnswer> {
        match self.changes.answers.get(key) {
            Some(stored) => Some(stored),
            None => loaded(&self.loaded.answers, key),
        }
    }

    fn stored_answer(
        &self,
        envelope: &Envelope,
        outcome: &Result<Answer, Refusal>,
    ) -> Option<(AnswerKey, StoredAnswer)> {
        let idempotency = envelope.idempotency.as_ref()?;
        let outcome = match outcome {
            Ok(_) if matches!(envelope.command, Command::PlaceOrder(_)) => return None,
            Ok(answer) => Outcome::Accepted(answer.stored()),
            Err(refusal) if !refusal.is_stored() => return None,
            Err(refusal) => Outcome::Refused(refusal.clone()),
        };
        let stored = StoredAnswer { fingerprint: idempotency.fingerprint, outcome, at: self.now };
        Some((envelope.answer_key()?, stored))
    }
}

/// How the status of each order changed over a batch that began with these rows: what it was, none for a new order, and what
/// it is.
pub fn transitions<'c>(
    loaded: &'c Rows,
    changes: &'c Changes,
) -> impl Iterator<Item = (Option<OrderStatus>, OrderStatus)> + 'c {
    changes.orders.values().filter_map(|order| {
        let before = loaded.orders.get(&order.id).and_then(Option::as_ref).map(|order| order.status);
        (before != Some(order.status)).then_some((before, order.status))
    })
}

/// A row that was loaded. Without this guard a forgotten key would be a second effect under the same idempotency key.
fn loaded<'r, K: Ord + Debug, R>(table: &'r BTreeMap<K, Option<R>>, key: &K) -> Option<&'r R> {
    match table.get(key) {
        Some(row) => row.as_ref(),
        None => panic!("keys() of a command names every row it reads; missing: {key:?}"),
    }
}

fn dispatch(scope: &mut Scope<'_>, envelope: &Envelope) -> Result<Answer, Refusal> {
    match &envelope.command {
        Command::PlaceOrder(command) => order::decide::place(scope, command, envelope.idempotency.as_ref()),
        Command::CancelOrder(command) => order::cancel::cancel(scope, command),
        Command::CloseOrder(command) => order::cancel::close(scope, *command),
        Command::OpenPayment(command) => payment::decide::open(scope, command),
        Command::RefreshPayment(command) => payment::decide::refresh(scope, *command),
        Command::TakeChannelAnswer(command) => payment::decide::take_answer(scope, command),
        Command::TakeNotification(command) => payment::decide::take_notification(scope, command),
        Command::ResolveReceipt(command) => payment::decide::resolve_receipt(scope, command),
        Command::AskChannels(order) => payment::decide::ask_channels(scope, *order),
        Command::RequestRefund(command) => refund::decide::request(scope, command),
        Command::RetryRefund(command) => refund::decide::retry(scope, *command),
        Command::ResolveRefund(command) => refund::decide::resolve(scope, command),
        Command::WorkRefunds(order) => refund::decide::work(scope, *order),
        Command::CreateShipment(command) => shipment::decide::create(scope, command),
        Command::TrackShipment(command) => shipment::decide::track(scope, command),
        Command::ConfirmReceipt(command) => shipment::decide::confirm_receipt(scope, *command),
        Command::ConfirmDue(order) => shipment::decide::confirm_due(scope, *order),
        Command::AskCarriers(order) => shipment::following::ask_carriers(scope, *order),
        Command::OpenAfterSale(command) => after_sale::decide::open(scope, command),
        Command::ApproveAfterSale(command) => after_sale::decide::approve(scope, command),
        Command::RejectAfterSale(command) => after_sale::decide::reject(scope, command),
        Command::WithdrawAfterSale(command) => after_sale::decide::withdraw(scope, *command),
        Command::ShipBackAfterSale(command) => after_sale::decide::ship_back(scope, command),
        Command::ReceiveAfterSale(command) => after_sale::decide::receive(scope, command),
        Command::ReshipAfterSale(command) => after_sale::decide::reship(scope, command),
        Command::WorkAfterSales(order) => after_sale::decide::work(scope, *order),
        Command::AdjustStock(command) => stock::decide::adjust(scope, command),
        Command::GrantCoupon(command) => coupon::decide::grant(scope, command),
        Command::AdjustPoints(command) => points::decide::adjust(scope, command),
        Command::PutProducts(command) => catalog::put_products(scope, command),
        Command::PutPromotion(command) => catalog::put_promotion(scope, command),
        Command::PutTemplate(command) => catalog::put_template(scope, command),
        Command::PutUser(command) => user::put_user(scope, command),
        Command::PutAddress(command) => user::put_address(scope, command),
        Command::SettleEvents(command) => letter::decide::settle(scope, command),
        Command::RecordDelivery(command) => letter::decide::record(scope, command),
        Command::ReplayLetter(command) => letter::decide::replay(scope, *command),
        Command::SkipLetter(command) => letter::decide::skip(scope, command),
        Command::RewindConsumer(command) => letter::decide::rewind(scope, command),
        Command::PutWebhook(command) => webhook::decide::put(scope, command),
        Command::DeleteWebhook(command) => webhook::decide::delete(scope, command),
        Command::RotateSecret(command) => webhook::decide::rotate(scope, command),
        Command::DisableWebhook(command) => webhook::decide::disable(scope, command),
        Command::NoteAttempts(command) => webhook::decide::note(scope, command),
    }
}
