//! The money of an order: invariants 4, 5 and 6.
//!
//! Rows are handed in; it finds none. That a money movement of a channel names its attempt is a look-up of the store's.

use std::fmt::Debug;

use ordain_domain::{
    after_sale::AfterSale,
    ids::OrderId,
    money::units_share,
    order::OrderStatus,
    payment::{LineAccount, Payment, PaymentStatus},
    price::PricedLine,
    refund::Refund,
};

use super::OrderBooks;

/// Invariant 4 for the books of one order: they name all of its rows and add up to them.
#[must_use]
pub(super) fn problem_of_sums(books: &OrderBooks<'_>) -> Option<String> {
    let OrderBooks { order, account, payments, refunds, shipments, after_sales } = *books;
    let Some(account) = account else {
        let has_rows = !payments.is_empty() || !refunds.is_empty() || !shipments.is_empty() || !after_sales.is_empty();
        let has_money = (order.paid, order.refunded) != (0, 0);
        return (has_rows || has_money).then(|| String::from("money or goods without an account"));
    };
    let named = problem_of_names("payments", order.id, &account.payments, payments, |row| (row.id, row.order))
        .or_else(|| problem_of_names("refunds", order.id, &account.refunds, refunds, |row| (row.id, row.order)))
        .or_else(|| problem_of_names("shipments", order.id, &account.shipments, shipments, |row| (row.id, row.order)))
        .or_else(|| {
            problem_of_names("after-sales", order.id, &account.after_sales, after_sales, |row| (row.id, row.order))
        });
    if named.is_some() {
        return named;
    }
    let sum = |part: fn(&Payment) -> i64| payments.iter().map(part).sum::<i64>();
    let table = [
        ("captured", account.captured, sum(|payment| payment.captured)),
        ("refunded", account.refunded, sum(|payment| payment.refunded)),
        ("refunding", account.refunding, sum(|payment| payment.refunding)),
        ("paid of the order", order.paid, account.captured),
        ("refunded of the order", order.refunded, account.refunded),
    ];
    let wrong = table.into_iter().find(|(_, stored, sum)| stored != sum);
    wrong.map(|(name, stored, sum)| format!("{name} is {stored}, it adds up to {sum}"))
}

/// Whether an account names the rows that there are, all of its own order.
fn problem_of_names<I: Copy + PartialEq + Debug, R>(
    what: &str,
    order: OrderId,
    named: &[I],
    rows: &[R],
    name: fn(&R) -> (I, OrderId),
) -> Option<String> {
    let stored: Vec<(I, OrderId)> = rows.iter().map(name).collect();
    let is_same = stored.iter().map(|(id, _)| *id).eq(named.iter().copied());
    let is_own = stored.iter().all(|(_, of)| *of == order);
    (!is_same || !is_own).then(|| format!("the account names the {what} {named:?}, there are {stored:?}"))
}

/// Invariant 4 for an order's money against its status.
#[must_use]
pub(super) fn problem_of_ending(books: &OrderBooks<'_>) -> Option<String> {
    let OrderBooks { order, account, payments, .. } = *books;
    let (captured, left) = account.map_or((0, 0), |account| (account.captured, account.refundable()));
    let total = order.placed.price.total;
    // What was paid for an exchange comes on top.
    let differences: i64 = payments.iter().filter(|payment| !payment.counts).map(Payment::refundable).sum();
    let status = order.status.as_str();
    match order.status {
        _ if left < 0 => Some(format!("{left} are left of {captured}")),
        unpaid if unpaid.is_unpaid() && captured > 0 => Some(format!("{captured} were captured, yet it is {status}")),
        unpaid if unpaid.is_unpaid() => {
            let closes = account.is_some_and(|account| account.closing.is_some());
            let is_told = closes == (unpaid == OrderStatus::Closing);
            (!is_told).then(|| format!("it is {status}, its account says the contrary"))
        }
        OrderStatus::Cancelled => (left > 0).then(|| format!("cancelled, and {left} of {captured} are not given back")),
        _ if left - differences > total => Some(format!("{left} are left, its total is {total}")),
        _ if total == 0 => None,
        _ => {
            let pays = |payment: &&Payment| {
                payment.counts && payment.captured == total && payment.currency == order.placed.currency
            };
            let paying = payments.iter().filter(pays).count();
            (paying != 1).then(|| format!("it is {status}, and {paying} attempts pay its total {total}"))
        }
    }
}

/// Invariant 5 for one attempt of an order.
#[must_use]
pub(super) fn problem_of_payment(payment: &Payment, refunds: &[Refund]) -> Option<String> {
    let sum = |is_open: bool| {
        let own = refunds.iter().filter(|refund| refund.payment == payment.id && refund.is_open() == is_open);
        own.map(|refund| refund.amount).sum::<i64>()
    };
    let (refunded, refunding) = (sum(false), sum(true));
    if (payment.refunded, payment.refunding) != (refunded, refunding) {
        let stored = (payment.refunded, payment.refunding);
        return Some(format!("refunded, refunding are {stored:?}, its refunds say {:?}", (refunded, refunding)));
    }
    if payment.refundable() < 0 {
        return Some(format!("more was given back than the {} that were captured", payment.captured));
    }
    if (payment.status == PaymentStatus::Succeeded) != (payment.captured > 0) {
        return Some(format!("it is {}, with {} captured", payment.status.as_str(), payment.captured));
    }
    let stranger = refunds.iter().find(|refund| refund.payment == payment.id && refund.currency != payment.currency);
    stranger.map(|refund| format!("{} is in {}, not in {}", refund.id, refund.currency, payment.currency))
}

/// Invariant 5 for the lines of one order: units are given back in their order, so the money of a line is that of its first
/// units.
#[must_use]
pub(super) fn problem_of_lines(books: &OrderBooks<'_>) -> Option<String> {
    let account = books.account?;
    let lines = &books.order.placed.lines;
    if !account.lines.is_empty() && account.lines.len() != lines.len() {
        return Some(format!("its account has {} lines, it has {}", account.lines.len(), lines.len()));
    }
    lines.iter().enumerate().find_map(|(index, line)| {
        let named = books.refunds.iter().flat_map(|refund| &refund.lines).filter(|unit| unit.line == index);
        let named = named.map(|unit| u64::from(unit.quantity)).sum();
        problem_of_line(line, account.line(index), named).map(|problem| format!("line {index}: {problem}"))
    })
}

/// `named` is how many units of the line the order's refunds name.
fn problem_of_line(line: &PricedLine, account: LineAccount, named: u64) -> Option<String> {
    let LineAccount { units, money, points } = account;
    if units > line.quantity {
        return Some(format!("{units} units of {} are given back", line.quantity));
    }
    if named > u64::from(units) {
        return Some(format!("{units} units are given back, refunds name {named}"));
    }
    let shares = |amount| units_share(amount, line.quantity, 0, units);
    let expected = (shares(line.payable()), shares(line.points));
    ((money, points) != expected)
        .then(|| format!("money, points are {:?}, the shares of {units} units are {expected:?}", (money, points)))
}

/// Invariant 6 for the attempts of one order.
#[must_use]
pub(super) fn problem_of_attempts(books: &OrderBooks<'_>) -> Option<String> {
    let counting = books.payments.iter().filter(|payment| payment.counts).count();
    if counting > 1 {
        return Some(format!("{counting} attempts count"));
    }
    books.payments.iter().filter(|payment| !payment.counts).find_map(|payment| {
        let (kept, owed) = (payment.refundable(), difference_of(payment, books.after_sales));
        (kept != owed).then(|| format!("{} does not count, {kept} of it are kept, {owed} are owed", payment.id))
    })
}

/// What an exchange keeps of an attempt, minor units.
fn difference_of(payment: &Payment, after_sales: &[AfterSale]) -> i64 {
    let after_sale = after_sales.iter().find(|after_sale| payment.after_sale == Some(after_sale.id));
    let leg = after_sale.and_then(|after_sale| after_sale.replacement.as_ref());
    leg.filter(|leg| leg.payment == Some(payment.id)).map_or(0, |leg| leg.paid)
}
