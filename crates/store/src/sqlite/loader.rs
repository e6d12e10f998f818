//! Reading the rows of a batch, by point reads in one snapshot on a connection of its own, beside the writer.
//!
//! It reads nothing that was not asked for and keeps nothing but what the writer keeps, too: the index of keys, and the numbers
//! of unpaid orders.

use std::{iter::Peekable, ops::ControlFlow, sync::Arc};

use ordain_domain::{
    idempotency::{AnswerKey, StoredAnswer},
    ids::{OrderId, UserId},
    letter::Cursor,
    order::{OrderKey, OrderKeyEntry},
    rows::{Keys, Rows},
};
use ordain_engine::port::store::{RowLoader, StoreFailure};
use rusqlite::Connection;

use super::{
    account, after_sale, answer, coupon,
    failure::SqliteFailure,
    key_index::{KeyIndex, KeyName},
    letter,
    log::DataFile,
    open_orders::{CountedUsers, OpenOrders},
    order, payment, points, receipt, refund,
    schema::FileLock,
    shard, shipment, stock, user, webhook,
};

/// How many of a user's newest orders are looked at, at least, when the unpaid ones are counted. A user with that many
/// younger orders that are paid or ended can have an unpaid one too many; nobody waits for a million reads.
const LOOKED_AT_MIN: u32 = 1_024;

/// Reads rows for the decisions of one shard.
pub(super) struct SqliteLoader {
    // Fields are dropped in this order: the connection before what keeps others from the file.
    pub(super) connection: Connection,
    pub(super) index: Arc<KeyIndex>,
    pub(super) open_orders: Arc<OpenOrders>,
    pub(super) counted: Arc<CountedUsers>,
    pub(super) unpaid_per_user_max: u32,
    pub(super) _data: Arc<DataFile>,
    pub(super) _lock: Arc<FileLock>,
}

impl RowLoader for SqliteLoader {
    fn load(&mut self, keys: &Keys, rows: &mut Rows) -> Result<(), StoreFailure> {
        Ok(self.load_rows(keys, rows)?)
    }
}

impl SqliteLoader {
    /// Reads all rows in one transaction, so that each statement does not take the lock of the log anew.
    fn load_rows(&self, keys: &Keys, rows: &mut Rows) -> Result<(), SqliteFailure> {
        self.connection.prepare_cached("-- read_begin\nBEGIN")?.execute([])?;
        let loaded = self.load_each(keys, rows);
        let ended = self.connection.prepare_cached("-- read_end\nCOMMIT")?.execute([]);
        loaded?;
        ended?;
        Ok(())
    }

    fn load_each(&self, keys: &Keys, rows: &mut Rows) -> Result<(), SqliteFailure> {
        for sku in &keys.stock {
            let stock = stock::load(&self.connection, sku)?;
            rows.stock.insert(sku.clone(), stock);
        }
        for id in &keys.locks {
            let locks = stock::locks_of(&self.connection, *id)?;
            rows.locks.insert(*id, if locks.is_empty() { None } else { Some(Arc::new(locks)) });
        }
        for id in &keys.orders {
            rows.orders.insert(*id, order::load(&self.connection, *id)?.map(Arc::new));
        }
        let mut absent = Vec::with_capacity(keys.order_keys.len());
        for key in &keys.order_keys {
            rows.order_keys.insert(key.clone(), self.order_key(key, &mut absent)?);
        }
        let mut absent = absent.into_iter().peekable();
        for key in &keys.answers {
            rows.answers.insert(key.clone(), self.answer(key, &mut absent)?);
        }
        for user in &keys.open_orders {
            let placements = placements_of(keys, user);
            rows.open_orders.insert(user.clone(), Some(self.open_orders_of(user, placements)?));
        }
        self.load_money(keys, rows)?;
        self.load_rare(keys, rows)
    }

    /// The books of orders and what they name.
    fn load_money(&self, keys: &Keys, rows: &mut Rows) -> Result<(), SqliteFailure> {
        let connection = &self.connection;
        for id in &keys.accounts {
            rows.accounts.insert(*id, account::load(connection, *id)?.map(Arc::new));
        }
        for id in &keys.payments {
            rows.payments.insert(*id, payment::load(connection, *id)?.map(Arc::new));
        }
        for key in &keys.transactions {
            rows.transactions.insert(key.clone(), payment::transaction(connection, key)?);
        }
        for id in &keys.shipments {
            rows.shipments.insert(*id, shipment::load(connection, *id)?.map(Arc::new));
        }
        for id in &keys.after_sales {
            rows.after_sales.insert(*id, after_sale::load(connection, *id)?.map(Arc::new));
        }
        for id in &keys.refunds {
            rows.refunds.insert(*id, refund::load(connection, *id)?.map(Arc::new));
        }
        for id in &keys.receipts {
            rows.receipts.insert(*id, receipt::load(connection, *id)?.map(Arc::new));
        }
        Ok(())
    }

    /// The tables that few commands touch.
    fn load_rare(&self, keys: &Keys, rows: &mut Rows) -> Result<(), SqliteFailure> {
        let connection = &self.connection;
        for id in &keys.coupons {
            rows.coupons.insert(*id, coupon::load(connection, *id)?);
        }
        for id in &keys.template_usage {
            rows.template_usage.insert(id.clone(), coupon::template_usage(connection, id)?);
        }
        for key in &keys.user_template_usage {
            let usage = coupon::user_template_usage(connection, &key.0, &key.1)?;
            rows.user_template_usage.insert(key.clone(), usage);
        }
        for id in &keys.points {
            rows.points.insert(id.clone(), points::load(connection, id)?);
        }
        for id in &keys.users {
            rows.users.insert(id.clone(), user::load(connection, id)?);
        }
        for key in &keys.addresses {
            rows.addresses.insert(key.clone(), user::load_address(connection, &key.0, &key.1)?);
        }
        self.load_consumers(keys, rows)
    }

    /// Consumers of the log, their letters, and webhook endpoints.
    fn load_consumers(&self, keys: &Keys, rows: &mut Rows) -> Result<(), SqliteFailure> {
        let connection = &self.connection;
        for consumer in &keys.cursors {
            let position = shard::cursor(connection, consumer.as_str())?;
            rows.cursors.insert(consumer.clone(), position.map(Cursor::At));
        }
        for id in &keys.letters {
            rows.letters.insert(*id, letter::load(connection, *id)?.map(Arc::new));
        }
        for consumer in &keys.letter_counts {
            rows.letter_counts.insert(consumer.clone(), Some(letter::count_of(connection, consumer)?));
        }
        for id in &keys.webhooks {
            rows.webhooks.insert(id.clone(), webhook::load(connection, id)?.map(Arc::new));
        }
        Ok(())
    }

    /// Names that nothing at all is known of are noted.
    fn order_key(&self, key: &OrderKey, absent: &mut Vec<KeyName>) -> Result<Option<OrderKeyEntry>, SqliteFailure> {
        let name = KeyName::of_order_key(key);
        let candidates = self.index.candidates(name);
        if candidates.is_empty() {
            absent.push(name);
            return Ok(None);
        }
        candidates.find(&self.connection, |id| match id {
            1.. => order::key_entry(&self.connection, OrderId::from_number(id), key),
            _ => Ok(None),
        })
    }

    /// A placement's order and its stored refusal have one name, and the keys of both tables are in the same order: what
    /// the index denied for the order need not be asked again.
    fn answer(
        &self,
        key: &AnswerKey,
        absent: &mut Peekable<impl Iterator<Item = KeyName>>,
    ) -> Result<Option<StoredAnswer>, SqliteFailure> {
        let name = KeyName::of_answer(key);
        if absent.next_if_eq(&name).is_some() {
            return Ok(None);
        }
        self.index.candidates(name).find(&self.connection, |id| match id {
            ..0 => answer::load_if_of(&self.connection, -id, key),
            _ => Ok(None),
        })
    }

    /// How many unpaid orders the user has: a bound while that decides the same, else the number itself.
    fn open_orders_of(&self, user: &UserId, placements: u32) -> Result<u32, SqliteFailure> {
        let bound = self.open_orders.bound(user.as_str());
        if let Some(bound) = bound
            && bound.saturating_add(placements) <= self.unpaid_per_user_max
        {
            return Ok(bound);
        }
        if let Some(count) = self.counted.get(user) {
            return Ok(count);
        }
        let count = self.count_open_orders(user, bound)?;
        self.counted.put(user.clone(), count);
        Ok(count)
    }

    fn count_open_orders(&self, user: &UserId, bound: Option<u32>) -> Result<u32, SqliteFailure> {
        let looked_at_max = self.unpaid_per_user_max.saturating_mul(4).max(LOOKED_AT_MIN);
        let (mut count, mut looked_at) = (0, 0);
        self.index.walk_user(&self.connection, user, i64::MAX, |id| {
            if Some(count) == bound || looked_at == looked_at_max {
                return Ok(ControlFlow::Break(()));
            }
            looked_at += 1;
            let status = order::status_if_of(&self.connection, OrderId::from_number(id), user)?;
            count += u32::from(status.is_some_and(|status| status.is_unpaid()));
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(count)
    }
}

/// How many orders the batch may add for the user. Placements without a key that ask for the same lines share a name, so
/// a few more are allowed for.
fn placements_of(keys: &Keys, user: &UserId) -> u32 {
    const ALLOWANCE: usize = 8;
    let first = OrderKey { user_id: user.clone(), token: ordain_domain::order::OrderToken::Key(Arc::from("")) };
    let named = keys.order_keys.range(first..).take_while(|key| key.user_id == *user).count();
    u32::try_from(named.max(ALLOWANCE)).unwrap_or(u32::MAX)
}
