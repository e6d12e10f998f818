//! Writing a batch: all of it in one transaction, then what is in memory.
//!
//! The order of the tables is of no meaning; that the shard's head moves by exactly one batch is.

use std::collections::{BTreeMap, BTreeSet};

use ordain_domain::{
    event::Subject,
    ids::{OrderId, Sku, UserId},
    order::{Order, OrderKey, OrderKeyEntry, OrderToken},
    rows::Changes,
    timer::{Timer, TimerChange, TimerKind},
};
use ordain_engine::port::store::{Commit, CommitFailure};

use super::{
    super::{
        account, after_sale,
        answer::{self, Expiry},
        catalog, coupon, delivery,
        failure::SqliteFailure,
        key_index::{KeyEntry, KeyName, Marks},
        letter,
        order::{self, NewOrder},
        outbox, payment, points, receipt, refund, shard, shipment, stock, timer, user, webhook,
    },
    SqliteStore,
};
use crate::sqlite::event;

/// How many expired answers a commit deletes at most.
const EXPIRED_ANSWERS_MAX: usize = 64;

/// What a transaction did that memory must follow once it is committed.
#[derive(Default)]
struct Effects {
    entries: Vec<KeyEntry>,
    /// Close timers that were set: whose they are, and of which unpaid order.
    placed: Vec<(UserId, OrderId)>,
    /// Close timers that are gone.
    left: Vec<(UserId, OrderId)>,
    /// Close timers that were set to another time: their orders are unpaid as before.
    moved: Vec<(UserId, OrderId)>,
    answers: i64,
    ledger_ends: stock::ledger::Ends,
}

impl Effects {
    /// An order that begins to close drops its close timer and sets another one: it neither left nor was placed.
    fn find_moved(&mut self) {
        if self.left.is_empty() || self.placed.is_empty() {
            return;
        }
        let set: BTreeSet<OrderId> = self.placed.iter().map(|(_, order)| *order).collect();
        let (moved, left) = std::mem::take(&mut self.left).into_iter().partition(|(_, order)| set.contains(order));
        (self.moved, self.left) = (moved, left);
        let moved: BTreeSet<OrderId> = self.moved.iter().map(|(_, order)| *order).collect();
        self.placed.retain(|(_, order)| !moved.contains(order));
    }
}

impl SqliteStore {
    pub(super) fn commit_batch(&mut self, commit: &Commit<'_>) -> Result<(), CommitFailure> {
        match self.write(commit) {
            Ok(effects) => {
                self.follow(commit, effects);
                Ok(())
            }
            Err(failure) => {
                self.ledger_ends.forget();
                self.keys.abandon();
                self.expiry = Expiry::unknown();
                Err(failure)
            }
        }
    }

    fn write(&mut self, commit: &Commit<'_>) -> Result<Effects, CommitFailure> {
        let before = |failure: SqliteFailure| failure.into_commit_failure(false);
        self.run("-- commit_begin\nBEGIN IMMEDIATE").map_err(before)?;
        let effects = match self.write_rows(commit) {
            Ok(effects) => effects,
            Err(failure) => {
                self.roll_back();
                return Err(failure.into_commit_failure(false));
            }
        };
        match self.run("-- commit_end\nCOMMIT") {
            Ok(()) => Ok(effects),
            Err(failure) => {
                self.roll_back();
                Err(failure.into_commit_failure(true))
            }
        }
    }

    /// SQLite rolls some failures back by itself; the rest is rolled back here. A roll-back that fails leaves a
    /// transaction open, which the next BEGIN will say.
    fn roll_back(&self) {
        if !self.connection.is_autocommit()
            && let Err(error) = self.connection.execute_batch("-- commit_undo\nROLLBACK")
        {
            tracing::error!(%error, "a transaction could not be rolled back");
        }
    }

    fn run(&self, sql: &str) -> Result<(), SqliteFailure> {
        self.connection.prepare_cached(sql)?.execute([])?;
        Ok(())
    }

    fn write_rows(&mut self, commit: &Commit<'_>) -> Result<Effects, SqliteFailure> {
        let changes = commit.changes;
        let mut effects = Effects::default();
        shard::move_to(&self.connection, &commit.head)?;
        self.write_orders(changes, &mut effects)?;
        self.write_timers(changes, &mut effects)?;
        self.write_answers(changes, &mut effects)?;
        event::insert(&self.connection, &changes.events, commit.event_texts)?;
        let remembered = |sku: &Sku| self.ledger_ends.get(sku);
        effects.ledger_ends = stock::ledger::insert(&self.connection, &changes.movements, remembered)?;
        stock::put(&self.connection, &changes.stock, &effects.ledger_ends)?;
        self.write_money(changes)?;
        self.write_rare(commit)?;
        self.keys.work(&self.connection, effects.entries.len())?;
        let now = commit.head.time;
        self.expiry.run(&self.connection, now.minus(self.answer_retention), now, EXPIRED_ANSWERS_MAX)?;
        Ok(effects)
    }

    fn write_money(&mut self, changes: &Changes) -> Result<(), SqliteFailure> {
        let (connection, json) = (&self.connection, &mut self.json);
        account::put(connection, &changes.accounts, &changes.orders, json)?;
        payment::put(connection, &changes.payments)?;
        payment::insert_transactions(connection, &changes.transactions)?;
        refund::put(connection, &changes.refunds, json)?;
        shipment::put(connection, &changes.shipments, json)?;
        after_sale::put(connection, &changes.after_sales, json)?;
        receipt::put(connection, &changes.receipts, json)?;
        outbox::write(connection, &changes.messages)
    }

    fn write_rare(&mut self, commit: &Commit<'_>) -> Result<(), SqliteFailure> {
        let (connection, changes) = (&self.connection, commit.changes);
        coupon::put(connection, &changes.coupons)?;
        coupon::put_template_usage(connection, &changes.template_usage)?;
        coupon::put_user_template_usage(connection, &changes.user_template_usage)?;
        points::put(connection, &changes.points)?;
        points::insert_entries(connection, &changes.points_entries)?;
        user::put(connection, &changes.users)?;
        user::put_addresses(connection, &changes.addresses, &mut self.json)?;
        catalog::put(connection, &changes.catalog, &mut self.json)?;
        letter::put(connection, &changes.letters)?;
        delivery::insert(connection, &changes.deliveries)?;
        webhook::put(connection, &changes.webhooks, &mut self.json)?;
        // Behind the letters and deliveries: with a consumer that ended go also those that this batch added.
        shard::put_consumers(connection, &changes.cursors)?;
        shard::put_cursors(connection, commit.cursors)?;
        shard::put_poisoned(connection, commit.poisoned)
    }

    fn write_orders(&self, changes: &Changes, effects: &mut Effects) -> Result<(), SqliteFailure> {
        let new = new_orders(changes, self.head.last_event);
        effects.entries.extend(new.iter().map(|new| KeyEntry {
            name: KeyName::of_order(new.order.placed.user_id.as_str(), &new.token),
            id: new.order.id.number(),
        }));
        order::insert(&self.connection, &new)?;
        let is_new = |id: &OrderId| changes.orders.get(id).is_some_and(|order| self.is_new(order));
        if new.len() < changes.orders.len() {
            let events = events_of_orders(changes);
            let stored = changes.orders.values().filter(|order| !self.is_new(order));
            let stored = stored.map(|order| (&**order, events.get(&order.id).copied().unwrap_or(0)));
            order::update(&self.connection, stored)?;
        }
        let locks = || changes.locks.iter().map(|(order, locks)| (*order, locks));
        stock::insert_locks(&self.connection, locks().filter(|(order, _)| is_new(order)))?;
        stock::put_locks(&self.connection, locks().filter(|(order, _)| !is_new(order)))
    }

    fn is_new(&self, order: &Order) -> bool {
        order.first_event.number() > self.head.last_event
    }

    fn write_timers(&self, changes: &Changes, effects: &mut Effects) -> Result<(), SqliteFailure> {
        let moved = |timer: &Timer, change| {
            if timer.kind != TimerKind::CloseOrder {
                return;
            }
            let Some(order) = changes.orders.get(&timer.order) else { return };
            let user = order.placed.user_id.clone();
            match change {
                TimerChange::Set => effects.placed.push((user, order.id)),
                TimerChange::Dropped => effects.left.push((user, order.id)),
            }
        };
        timer::write(&self.connection, &changes.timers, moved)?;
        effects.find_moved();
        Ok(())
    }

    fn write_answers(&mut self, changes: &Changes, effects: &mut Effects) -> Result<(), SqliteFailure> {
        if changes.answers.is_empty() {
            return Ok(());
        }
        let first = self.last_answer + 1;
        answer::insert(&self.connection, first, &changes.answers, &mut self.json)?;
        for (id, key) in (first..).zip(changes.answers.keys()) {
            effects.entries.push(KeyEntry { name: KeyName::of_answer(key), id: -id });
            effects.answers += 1;
        }
        Ok(())
    }

    /// Brings memory to where the file is.
    fn follow(&mut self, commit: &Commit<'_>, effects: Effects) {
        self.head = commit.head;
        self.last_answer += effects.answers;
        self.ledger_ends.put_all(&effects.ledger_ends);
        let last_order = changes_last_order(commit).max(self.index.marks().last_order);
        let marks = Marks { last_event: self.head.last_event, last_order, last_answer: self.last_answer };
        self.keys.settle(effects.entries, marks);
        self.keys.freeze_if_full();
        for (user, order) in effects.moved {
            self.open_orders.moved(user.as_str(), order.number());
        }
        self.counted.moved(effects.placed.iter().map(|(user, _)| user), 1);
        self.counted.moved(effects.left.iter().map(|(user, _)| user), -1);
        for (user, _) in effects.placed {
            self.open_orders.placed(user.as_str());
        }
        for (user, order) in effects.left {
            self.open_orders.left(user.as_str(), order.number());
        }
        self.log.after_commit();
    }
}

fn changes_last_order(commit: &Commit<'_>) -> i64 {
    commit.changes.orders.last_key_value().map_or(0, |(id, _)| id.number())
}

/// The orders that the log did not know before, by id, each with its key. Of two placements without a key for the same
/// lines in one batch, only the younger has an entry of its own; the other's is made from its lines.
fn new_orders(changes: &Changes, last_event: i64) -> Vec<NewOrder<'_>> {
    let keys: BTreeMap<OrderId, (&OrderKey, &OrderKeyEntry)> =
        changes.order_keys.iter().map(|(key, entry)| (entry.order, (key, entry))).collect();
    let new = changes.orders.values().filter(|order| order.first_event.number() > last_event);
    new.map(|order| match keys.get(&order.id) {
        Some((key, entry)) => NewOrder { order, token: key.token.clone(), entry: (*entry).clone() },
        None => NewOrder { order, token: token_of_lines(order), entry: entry_of_lines(order) },
    })
    .collect()
}

fn token_of_lines(order: &Order) -> OrderToken {
    let mut demand = BTreeMap::new();
    for line in &order.placed.lines {
        *demand.entry(line.sku.clone()).or_insert(0) += u64::from(line.quantity);
    }
    OrderToken::of_lines(&demand)
}

fn entry_of_lines(order: &Order) -> OrderKeyEntry {
    OrderKeyEntry { order: order.id, fingerprint: None, version: order.version, placed_at: order.placed.placed_at }
}

/// How many facts of each order the commit brings.
fn events_of_orders(changes: &Changes) -> BTreeMap<OrderId, u64> {
    let mut events = BTreeMap::new();
    for record in &changes.events {
        if let Subject::Order(order) = record.subject {
            *events.entry(order).or_insert(0) += 1;
        }
    }
    events
}
