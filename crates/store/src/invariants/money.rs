//! The money of an order: invariants 4, 5 and 6.
//!
//! Rows are handed in; it finds none. That a money movement of a channel names its attempt is a look-up of the store's.

use ordain_domain::{
    ids::{PaymentId, RefundId},
    money::units_share,
    order::{Order, OrderStatus},
    payment::{LineAccount, OrderAccount, Payment, PaymentStatus},
    price::PricedLine,
    refund::Refund,
};

/// Everything that tells of the money of one order.
#[derive(Clone, Copy, Debug)]
pub struct OrderMoney<'a> {
    /// The order.
    pub order: &'a Order,
    /// Its books, where it has some.
    pub account: Option<&'a OrderAccount>,
    /// Its attempts, oldest first.
    pub payments: &'a [Payment],
    /// Its refunds, oldest first.
    pub refunds: &'a [Refund],
}

/// Invariant 4 for the books of one order: they name all of its rows and add up to them.
#[must_use]
pub fn problem_of_sums(money: &OrderMoney<'_>) -> Option<String> {
    let OrderMoney { order, account, payments, refunds } = *money;
    let Some(account) = account else {
        let has_none = payments.is_empty() && refunds.is_empty() && (order.paid, order.refunded) == (0, 0);
        return (!has_none).then(|| String::from("money without an account"));
    };
    let payment_ids: Vec<PaymentId> = payments.iter().map(|payment| payment.id).collect();
    let refund_ids: Vec<RefundId> = refunds.iter().map(|refund| refund.id).collect();
    if account.payments != payment_ids || account.refunds != refund_ids {
        let named = (&account.payments, &account.refunds);
        return Some(format!("the account names {named:?}, there are {payment_ids:?}, {refund_ids:?}"));
    }
    let is_own = payments.iter().all(|payment| payment.order == order.id)
        && refunds.iter().all(|refund| refund.order == order.id);
    if !is_own {
        return Some(String::from("the account names rows of another order"));
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

/// Invariant 4 for an order's money against its status.
#[must_use]
pub fn problem_of_ending(money: &OrderMoney<'_>) -> Option<String> {
    let OrderMoney { order, account, payments, .. } = *money;
    let (captured, left) = account.map_or((0, 0), |account| (account.captured, account.refundable()));
    let total = order.placed.price.total;
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
        _ if left > total => Some(format!("{left} are left, more than its total {total}")),
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
pub fn problem_of_payment(payment: &Payment, refunds: &[Refund]) -> Option<String> {
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
pub fn problem_of_lines(money: &OrderMoney<'_>) -> Option<String> {
    let account = money.account?;
    let lines = &money.order.placed.lines;
    if !account.lines.is_empty() && account.lines.len() != lines.len() {
        return Some(format!("its account has {} lines, it has {}", account.lines.len(), lines.len()));
    }
    lines.iter().enumerate().find_map(|(index, line)| {
        let named = money.refunds.iter().flat_map(|refund| &refund.lines).filter(|unit| unit.line == index);
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

/// Invariant 6 for the attempts of one order. One that pays the price difference of an exchange pays no order; what of it is
/// kept is its after-sale's to know.
#[must_use]
pub fn problem_of_attempts(money: &OrderMoney<'_>) -> Option<String> {
    let counting = money.payments.iter().filter(|payment| payment.counts).count();
    if counting > 1 {
        return Some(format!("{counting} attempts count"));
    }
    let pays_nothing = |payment: &&Payment| !payment.counts && payment.after_sale.is_none();
    let kept = money.payments.iter().find(|payment| pays_nothing(payment) && payment.refundable() != 0);
    kept.map(|payment| format!("{} does not count, and {} of it are kept", payment.id, payment.refundable()))
}
