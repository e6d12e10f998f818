//! The money of each order: invariants 4, 5, 6 and what waits of 9. Its rows are found through its account; that there are
//! no others is seen from how many each table has.
//!
//! It judges nothing: `invariants` does.

use ordain_domain::{
    ids::OrderId,
    order::Order,
    payment::{OrderAccount, Payment, TransactionKey},
    refund::Refund,
    timer::Timer,
};
use rusqlite::Connection;

use super::{
    super::{account, failure::SqliteFailure, payment, refund, timer},
    orders::Seen,
    readable,
};
use crate::invariants::{
    Checks, OrderMoney, Rule, problem_of_account_timers, problem_of_attempts, problem_of_ending, problem_of_lines,
    problem_of_payment, problem_of_payment_step, problem_of_refund_step, problem_of_sums,
};

const VERIFY_MONEY_COUNT: &str = "-- verify_money_count
SELECT (SELECT count(*) FROM order_accounts), (SELECT count(*) FROM payments), (SELECT count(*) FROM refunds),
    (SELECT count(*) FROM channel_transactions), (SELECT count(*) FROM line_accounts)";

const VERIFY_LINES_LIST: &str = "-- verify_lines_list
SELECT line, payable, quantity FROM line_accounts WHERE order_id = ?1 ORDER BY line";

/// How many rows the walk over the orders came by.
#[derive(Default)]
pub(super) struct MoneySeen {
    accounts: u64,
    payments: u64,
    refunds: u64,
    transactions: u64,
    lines: u64,
}

/// Checks the money of one order; its account, where it has one that can be read.
pub(super) fn of_order(
    connection: &Connection,
    checks: &mut Checks,
    seen: &mut Seen,
    order: &Order,
) -> Result<Option<OrderAccount>, SqliteFailure> {
    let (account, payments, refunds) = match readable(rows_of(connection, order.id))? {
        Ok(rows) => rows,
        Err(problem) => {
            checks.broken(Rule::Sums, order.id, problem);
            return Ok(None);
        }
    };
    let money = OrderMoney { order, account: account.as_ref(), payments: &payments, refunds: &refunds };
    checks.examine(Rule::Sums, order.id, problem_of_sums(&money));
    checks.examine(Rule::Endings, order.id, problem_of_ending(&money));
    if let Some(account) = &account {
        let lines = problem_of_copies(connection, order, account)?.or_else(|| problem_of_lines(&money));
        checks.examine(Rule::Lines, order.id, lines);
        checks.examine(Rule::Attempts, order.id, problem_of_attempts(&money));
        seen.money.accounts += 1;
        seen.money.lines += account.lines.len() as u64;
        timers(connection, checks, account, &payments, &refunds)?;
    }
    for payment in &payments {
        checks.examine(Rule::Refunds, payment.id, problem_of_payment(payment, &refunds));
        checks.examine(Rule::Steps, payment.id, problem_of_payment_step(payment));
        transaction(connection, checks, seen, payment)?;
    }
    for refund in &refunds {
        let has_message = seen.refunds_in_outbox.contains(&refund.id);
        checks.examine(Rule::Steps, refund.id, problem_of_refund_step(refund, has_message));
    }
    seen.money.payments += payments.len() as u64;
    seen.money.refunds += refunds.len() as u64;
    Ok(account)
}

type MoneyRows = (Option<OrderAccount>, Vec<Payment>, Vec<Refund>);

/// An account and those of the rows it names that there are.
fn rows_of(connection: &Connection, order: OrderId) -> Result<MoneyRows, SqliteFailure> {
    let Some(account) = account::load(connection, order)? else { return Ok((None, Vec::new(), Vec::new())) };
    let payments = account.payments.iter().filter_map(|id| payment::load(connection, *id).transpose());
    let payments = payments.collect::<Result<_, _>>()?;
    let refunds = account.refunds.iter().filter_map(|id| refund::load(connection, *id).transpose());
    let refunds = refunds.collect::<Result<_, _>>()?;
    Ok((Some(account), payments, refunds))
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

/// The timers that an account names are those that follow from its rows, and each of them stands.
fn timers(
    connection: &Connection,
    checks: &mut Checks,
    account: &OrderAccount,
    payments: &[Payment],
    refunds: &[Refund],
) -> Result<(), SqliteFailure> {
    checks.examine(Rule::Timers, account.order, problem_of_account_timers(account, payments, refunds));
    for (kind, due) in &account.timers {
        let is_set = timer::is_set(connection, &Timer { due: *due, kind: *kind, order: account.order })?;
        checks.examine(Rule::Timers, account.order, (!is_set).then(|| format!("{kind:?} of its account is not set")));
    }
    Ok(())
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
    seen.money.transactions += 1;
    Ok(())
}

/// Every row of money is of an order that was walked over.
pub(super) fn check(connection: &Connection, checks: &mut Checks, seen: &Seen) -> Result<(), SqliteFailure> {
    let MoneySeen { accounts, payments, refunds, transactions, lines } = seen.money;
    let tables = [
        (Rule::Sums, "order_accounts", accounts),
        (Rule::Sums, "payments", payments),
        (Rule::Sums, "refunds", refunds),
        (Rule::Attempts, "channel_transactions", transactions),
        (Rule::Lines, "line_accounts", lines),
    ];
    let mut statement = connection.prepare(VERIFY_MONEY_COUNT)?;
    let mut rows = statement.query([])?;
    let Some(row) = rows.next()? else { return Ok(()) };
    for (column, (rule, table, named)) in tables.into_iter().enumerate() {
        let count: i64 = row.get(column)?;
        let problem = (count.cast_unsigned() != named).then(|| format!("it has {count} rows, orders name {named}"));
        checks.examine(rule, table, problem);
    }
    Ok(())
}
