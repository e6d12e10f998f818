//! What one operation may read and write in the sandbox's books. Every statement on their tables stands here.
//!
//! It checks no rule of payments; `account` does, and the CHECK constraints of the tables stand behind it.

use std::sync::Arc;

use ordain_domain::{
    ids::{OrderId, PaymentId, RefundId},
    money::Currency,
    time::Timestamp,
};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::super::account::{Account, Standing};
use super::schema::failure;

/// A notification that is to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Pending {
    /// Its number in the books.
    pub(in super::super) number: i64,
    /// Not before this time.
    pub(in super::super) due_at: Timestamp,
    /// How often it was sent in vain.
    pub(in super::super) attempts: u32,
    /// How often it is sent at the same time, the first time.
    pub(in super::super) copies: u32,
    /// Signed with a key that is not ours.
    pub(in super::super) is_forged: bool,
    /// JSON.
    pub(in super::super) body: Arc<str>,
}

/// Notifications that leave one after another, at the time of the first.
#[derive(Debug)]
pub(in super::super) struct Dispatch(pub(in super::super) Vec<Pending>);

/// A refund in the books.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct RefundRow {
    pub(in super::super) refund: RefundId,
    pub(in super::super) payment: PaymentId,
    /// Minor units.
    pub(in super::super) amount: i64,
    /// Why it was refused; none when the money went back.
    pub(in super::super) refusal: Option<Arc<str>>,
    /// Until then the channel does not say how it ended.
    pub(in super::super) settles_at: Timestamp,
}

/// One movement of money, never changed and never removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct LedgerEntry {
    /// 1, 2, 3, …; given by the books.
    pub(in super::super) number: i64,
    /// Of which payment.
    pub(in super::super) payment: PaymentId,
    /// The refund that gave the money back; none when it was taken.
    pub(in super::super) refund: Option<RefundId>,
    /// Minor units, at least 1.
    pub(in super::super) amount: i64,
    pub(in super::super) currency: Currency,
    pub(in super::super) at: Timestamp,
}

/// The open transaction.
pub(in super::super) struct Page<'a> {
    connection: &'a Connection,
    /// The time of the transaction.
    pub(in super::super) now: Timestamp,
    next_notification: i64,
    dispatches: Vec<Dispatch>,
}

impl<'a> Page<'a> {
    pub(super) fn new(connection: &'a Connection, now: Timestamp, next_notification: i64) -> Page<'a> {
        Page { connection, now, next_notification, dispatches: Vec::new() }
    }

    /// What the transaction leaves behind: the next free number and the notifications to announce.
    pub(super) fn close(self) -> (i64, Vec<Dispatch>) {
        (self.next_notification, self.dispatches)
    }

    pub(in super::super) fn account(&self, payment: PaymentId) -> rusqlite::Result<Option<Account>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT order_id, amount, currency, expires_at, return_url, standing, captured, refunded \
             FROM payments WHERE payment = ?1",
        )?;
        statement.query_row([payment.number()], |row| read_account(payment, row)).optional()
    }

    pub(in super::super) fn put_account(&mut self, account: &Account) -> rusqlite::Result<()> {
        let mut statement = self.connection.prepare_cached(
            "REPLACE INTO payments \
             (payment, order_id, amount, currency, expires_at, return_url, standing, captured, refunded) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?;
        statement.execute(params![
            account.payment.number(),
            account.order.map(OrderId::number),
            account.amount,
            account.currency.as_str(),
            account.expires_at.0,
            account.return_url.as_deref(),
            account.standing as i64,
            account.captured,
            account.refunded,
        ])?;
        Ok(())
    }

    pub(in super::super) fn refund(&self, refund: RefundId) -> rusqlite::Result<Option<RefundRow>> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT payment, amount, refusal, settles_at FROM refunds WHERE refund = ?1")?;
        let read = |row: &Row<'_>| {
            Ok(RefundRow {
                refund,
                payment: PaymentId::from_number(row.get(0)?),
                amount: row.get(1)?,
                refusal: row.get::<_, Option<String>>(2)?.map(Arc::from),
                settles_at: Timestamp(row.get(3)?),
            })
        };
        statement.query_row([refund.number()], read).optional()
    }

    pub(in super::super) fn put_refund(&mut self, refund: &RefundRow) -> rusqlite::Result<()> {
        let mut statement = self.connection.prepare_cached(
            "REPLACE INTO refunds (refund, payment, amount, refusal, settles_at) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?;
        statement.execute(params![
            refund.refund.number(),
            refund.payment.number(),
            refund.amount,
            refund.refusal.as_deref(),
            refund.settles_at.0,
        ])?;
        Ok(())
    }

    /// Appends to the ledger; the entry's own number does not count.
    pub(in super::super) fn enter(&mut self, entry: &LedgerEntry) -> rusqlite::Result<()> {
        let mut statement = self
            .connection
            .prepare_cached("INSERT INTO ledger (payment, refund, amount, currency, at) VALUES (?1, ?2, ?3, ?4, ?5)")?;
        statement.execute(params![
            entry.payment.number(),
            entry.refund.map(RefundId::number),
            entry.amount,
            entry.currency.as_str(),
            entry.at.0,
        ])?;
        Ok(())
    }

    /// Entries after the number `after`, oldest first.
    pub(in super::super) fn ledger(&self, after: i64, limit: u32) -> rusqlite::Result<Vec<LedgerEntry>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT number, payment, refund, amount, currency, at FROM ledger WHERE number > ?1 ORDER BY number LIMIT ?2",
        )?;
        let read = |row: &Row<'_>| {
            Ok(LedgerEntry {
                number: row.get(0)?,
                payment: PaymentId::from_number(row.get(1)?),
                refund: row.get::<_, Option<i64>>(2)?.map(RefundId::from_number),
                amount: row.get(3)?,
                currency: read_currency(row, 4)?,
                at: Timestamp(row.get(5)?),
            })
        };
        statement.query_map(params![after, limit], read)?.collect()
    }

    /// Keeps notifications until they are answered and announces them after the commit; their numbers do not count.
    pub(in super::super) fn enqueue(&mut self, mut notifications: Vec<Pending>) -> rusqlite::Result<()> {
        let mut statement = self.connection.prepare_cached(
            "INSERT INTO notifications (number, due_at, attempts, copies, is_forged, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?;
        for pending in &mut notifications {
            pending.number = self.next_notification;
            self.next_notification += 1;
            statement.execute(params![
                pending.number,
                pending.due_at.0,
                pending.attempts,
                pending.copies,
                pending.is_forged,
                &*pending.body,
            ])?;
        }
        self.dispatches.push(Dispatch(notifications));
        Ok(())
    }

    /// Notifications after the number `after` that are still to be sent, oldest first.
    pub(in super::super) fn pending(&self, after: i64, limit: u32) -> rusqlite::Result<Vec<Pending>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT number, due_at, attempts, copies, is_forged, body FROM notifications \
             WHERE number > ?1 AND NOT is_given_up ORDER BY number LIMIT ?2",
        )?;
        let read = |row: &Row<'_>| {
            Ok(Pending {
                number: row.get(0)?,
                due_at: Timestamp(row.get(1)?),
                attempts: row.get(2)?,
                copies: row.get(3)?,
                is_forged: row.get(4)?,
                body: Arc::from(row.get::<_, String>(5)?),
            })
        };
        statement.query_map(params![after, limit], read)?.collect()
    }

    /// How many notifications are still to be sent, and how many were given up.
    pub(in super::super) fn notification_counts(&self) -> rusqlite::Result<(i64, i64)> {
        let mut statement =
            self.connection.prepare_cached("SELECT count(*), coalesce(sum(is_given_up), 0) FROM notifications")?;
        let (all, given_up): (i64, i64) = statement.query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok((all - given_up, given_up))
    }

    /// A notification was answered, or is not worth repeating.
    pub(in super::super) fn forget(&mut self, number: i64) -> rusqlite::Result<()> {
        self.connection.prepare_cached("DELETE FROM notifications WHERE number = ?1")?.execute([number])?;
        Ok(())
    }

    /// A notification was sent in vain and is due again later.
    pub(in super::super) fn postpone(&mut self, number: i64, attempts: u32, due_at: Timestamp) -> rusqlite::Result<()> {
        let mut statement =
            self.connection.prepare_cached("UPDATE notifications SET attempts = ?2, due_at = ?3 WHERE number = ?1")?;
        statement.execute(params![number, attempts, due_at.0])?;
        Ok(())
    }

    /// A notification was sent in vain for the last time. It stays, to be seen.
    pub(in super::super) fn give_up(&mut self, number: i64) -> rusqlite::Result<()> {
        self.connection
            .prepare_cached("UPDATE notifications SET is_given_up = 1 WHERE number = ?1")?
            .execute([number])?;
        Ok(())
    }
}

fn read_account(payment: PaymentId, row: &Row<'_>) -> rusqlite::Result<Account> {
    Ok(Account {
        payment,
        order: row.get::<_, Option<i64>>(0)?.map(OrderId::from_number),
        amount: row.get(1)?,
        currency: read_currency(row, 2)?,
        expires_at: Timestamp(row.get(3)?),
        return_url: row.get::<_, Option<String>>(4)?.map(Arc::from),
        standing: Standing::from_number(row.get(5)?).ok_or_else(|| failure("a standing is none"))?,
        captured: row.get(6)?,
        refunded: row.get(7)?,
    })
}

fn read_currency(row: &Row<'_>, column: usize) -> rusqlite::Result<Currency> {
    let text = row.get_ref(column)?.as_str()?;
    Currency::new(text).ok_or_else(|| failure("a currency is none"))
}
