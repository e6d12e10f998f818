//! The books of each order, money and goods: invariants 3 to 6 and what waits of 9. Its rows are found through its account; that
//! there are no others is seen from how many each table has.
//!
//! It judges nothing: `invariants` does.

use ordain_domain::{
    after_sale::AfterSale,
    ids::OrderId,
    order::Order,
    payment::{OrderAccount, Payment, TransactionKey},
    refund::Refund,
    shipment::Shipment,
    timer::Timer,
};
use rusqlite::Connection;

use super::{
    super::{account, after_sale, failure::SqliteFailure, payment, refund, shipment, timer},
    orders::Seen,
    readable,
};
use crate::invariants::{Checks, OrderBooks, Rule, problem_of_due};

const VERIFY_BOOKS_COUNT: &str = "-- verify_books_count
SELECT (SELECT count(*) FROM order_accounts), (SELECT count(*) FROM payments), (SELECT count(*) FROM refunds),
    (SELECT count(*) FROM channel_transactions), (SELECT count(*) FROM line_accounts),
    (SELECT count(*) FROM shipments), (SELECT count(*) FROM after_sales)";

const VERIFY_LINES_LIST: &str = "-- verify_lines_list
SELECT line, payable, quantity FROM line_accounts WHERE order_id = ?1 ORDER BY line";

/// How many rows the walk over the orders came by.
#[derive(Default)]
pub(super) struct BooksSeen {
    accounts: u64,
    payments: u64,
    refunds: u64,
    transactions: u64,
    lines: u64,
    shipments: u64,
    after_sales: u64,
}

/// Everything that an account names and that there is.
#[derive(Default)]
struct BookRows {
    account: Option<OrderAccount>,
    payments: Vec<Payment>,
    refunds: Vec<Refund>,
    shipments: Vec<Shipment>,
    after_sales: Vec<AfterSale>,
}

/// Checks the books of one order; its account, where it has one that can be read.
pub(super) fn of_order(
    connection: &Connection,
    checks: &mut Checks,
    seen: &mut Seen,
    order: &Order,
) -> Result<Option<OrderAccount>, SqliteFailure> {
    let rows = match readable(rows_of(connection, order.id))? {
        Ok(rows) => rows,
        Err(problem) => {
            checks.broken(Rule::Sums, order.id, problem);
            return Ok(None);
        }
    };
    let BookRows { account, payments, refunds, shipments, after_sales } = &rows;
    let account = account.as_ref();
    let books = OrderBooks { order, account, payments, refunds, shipments, after_sales };
    checks.examine_books(&books, |refund| seen.refunds_in_outbox.contains(&refund));
    if let Some(account) = account {
        let copies = problem_of_copies(connection, order, account)?;
        checks.examine(Rule::Lines, order.id, copies);
        for (kind, due) in &account.timers {
            let is_set = timer::is_set(connection, &Timer { due: *due, kind: *kind, order: order.id })?;
            checks.examine(Rule::Timers, order.id, (!is_set).then(|| format!("{kind:?} of its account is not set")));
        }
    }
    for payment in payments {
        transaction(connection, checks, seen, payment)?;
    }
    for after_sale in after_sales {
        let stored = after_sale::stored_due(connection, after_sale.id)?;
        checks.examine(Rule::Steps, after_sale.id, problem_of_due(after_sale, stored));
    }
    seen.books.accounts += u64::from(account.is_some());
    seen.books.lines += account.map_or(0, |account| account.lines.len() as u64);
    seen.books.payments += payments.len() as u64;
    seen.books.refunds += refunds.len() as u64;
    seen.books.shipments += shipments.len() as u64;
    seen.books.after_sales += after_sales.len() as u64;
    Ok(rows.account)
}

fn rows_of(connection: &Connection, order: OrderId) -> Result<BookRows, SqliteFailure> {
    let Some(account) = account::load(connection, order)? else { return Ok(BookRows::default()) };
    let payments = account.payments.iter().filter_map(|id| payment::load(connection, *id).transpose());
    let payments = payments.collect::<Result<_, _>>()?;
    let refunds = account.refunds.iter().filter_map(|id| refund::load(connection, *id).transpose());
    let refunds = refunds.collect::<Result<_, _>>()?;
    let shipments = account.shipments.iter().filter_map(|id| shipment::load(connection, *id).transpose());
    let shipments = shipments.collect::<Result<_, _>>()?;
    let after_sales = account.after_sales.iter().filter_map(|id| after_sale::load(connection, *id).transpose());
    let after_sales = after_sales.collect::<Result<_, _>>()?;
    Ok(BookRows { account: Some(account), payments, refunds, shipments, after_sales })
}

/// What the rows of the lines repeat of what was agreed, for the constraints, says the same.
fn problem_of_copies(
    connection: &Connection,
    order: &Order,
    account: &OrderAccount,
) -> Result<Option<String>, SqliteFailure> {
    if account.lines.is_empty() {
        return Ok(None);
    }
    let mut statement = connection.prepare_cached(VERIFY_LINES_LIST)?;
    let mut rows = statement.query([order.id.number()])?;
    for (index, line) in order.placed.lines.iter().enumerate() {
        let Some(row) = rows.next()? else { break };
        let copy: (i64, i64) = (row.get(1)?, row.get(2)?);
        let agreed = (line.payable(), i64::from(line.quantity));
        if copy != agreed {
            return Ok(Some(format!("line {index}: payable, quantity are {copy:?}, it was agreed on {agreed:?}")));
        }
    }
    Ok(None)
}

/// A captured attempt's money movement names that attempt.
fn transaction(
    connection: &Connection,
    checks: &mut Checks,
    seen: &mut Seen,
    payment: &Payment,
) -> Result<(), SqliteFailure> {
    let Some(transaction) = payment.transaction.as_ref().filter(|_| payment.captured > 0) else { return Ok(()) };
    let (channel, transaction) = (payment.channel.clone(), transaction.clone());
    let named = payment::transaction(connection, &TransactionKey { channel, transaction })?;
    let problem = (named != Some(payment.id)).then(|| format!("its money movement is of {named:?}"));
    checks.examine(Rule::Attempts, payment.id, problem);
    seen.books.transactions += 1;
    Ok(())
}

/// Every row of money and goods is of an order that was walked over.
pub(super) fn check(connection: &Connection, checks: &mut Checks, seen: &Seen) -> Result<(), SqliteFailure> {
    let tables = [
        (Rule::Sums, "order_accounts", seen.books.accounts),
        (Rule::Sums, "payments", seen.books.payments),
        (Rule::Sums, "refunds", seen.books.refunds),
        (Rule::Attempts, "channel_transactions", seen.books.transactions),
        (Rule::Lines, "line_accounts", seen.books.lines),
        (Rule::Sums, "shipments", seen.books.shipments),
        (Rule::Sums, "after_sales", seen.books.after_sales),
    ];
    let mut statement = connection.prepare(VERIFY_BOOKS_COUNT)?;
    let mut rows = statement.query([])?;
    let Some(row) = rows.next()? else { return Ok(()) };
    for (column, (rule, table, named)) in tables.into_iter().enumerate() {
        let count: i64 = row.get(column)?;
        let problem = (count.cast_unsigned() != named).then(|| format!("it has {count} rows, orders name {named}"));
        checks.examine(rule, table, problem);
    }
    Ok(())
}
