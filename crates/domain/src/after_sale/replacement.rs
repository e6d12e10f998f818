//! The replacement of an exchange: its price, its stock, and the money of the difference.
//!
//! Stock is taken by the approving decision and sold at once; a replacement that is not sent puts it back. A difference that
//! the buyer owes is an attempt to pay of its own, with a window of its own; one that the shop owes goes back at receipt.
//! When the replacement fails, the rest of the after-sale goes on as a return.

use alloc::{collections::BTreeMap, format, sync::Arc, vec::Vec};

use crate::{
    after_sale::{AfterSale, AfterSaleLine, AfterSaleRequestLine, LegState, ReplacementLeg, ReplacementReleased},
    catalog::ProductStatus,
    event::Event,
    ids::Sku,
    money,
    outbox::Task,
    payment::{self, Attempt, Books, Payment},
    points,
    refund::{self, RefundCause},
    refusal::Refusal,
    scope::Scope,
    stock,
};

/// The entries of an after-sale with what was paid for their units; in an exchange also with what the replacements cost.
///
/// # Errors
/// `unknown_sku`, `sku_not_sellable`, `invalid_request` (another currency; an amount above the bound).
pub(crate) fn priced_lines(
    scope: &Scope<'_>,
    books: &Books,
    wanted: &[AfterSaleRequestLine],
    is_exchange: bool,
) -> Result<Vec<AfterSaleLine>, Refusal> {
    let mut taken: BTreeMap<usize, u32> = BTreeMap::new();
    let mut lines = Vec::with_capacity(wanted.len());
    for (at, entry) in wanted.iter().enumerate() {
        let line = &books.order.placed.lines[entry.line];
        // Units whose money went back before are worth nothing any more.
        let first = taken.entry(entry.line).or_insert_with(|| books.account.line(entry.line).units);
        let last = first.saturating_add(entry.quantity).min(line.quantity);
        let of = |amount| money::units_share(amount, line.quantity, *first, last);
        let (goods, points) = (of(line.payable() + line.points - line.shipping), of(line.points));
        let mut priced = AfterSaleLine {
            line: entry.line,
            quantity: entry.quantity,
            replacement: None,
            price: goods,
            credit: goods,
            points,
            kept: 0,
            restocked: 0,
            scrapped: 0,
            refused: 0,
        };
        *first = last;
        if is_exchange {
            let sku = entry.replacement.as_ref().unwrap_or(&line.sku);
            if *sku != line.sku {
                priced.price = price_of(scope, books, at, sku, entry.quantity)?;
            }
            priced.replacement = Some(sku.clone());
        }
        lines.push(priced);
    }
    Ok(lines)
}

fn price_of(scope: &Scope<'_>, books: &Books, at: usize, sku: &Sku, quantity: u32) -> Result<i64, Refusal> {
    let product = scope.catalog.product(sku);
    let product = product.ok_or_else(|| Refusal::UnknownSku { line: Some(at), sku: sku.clone() })?;
    if product.status != ProductStatus::Active {
        return Err(Refusal::SkuNotSellable { line: at, sku: sku.clone() });
    }
    if product.currency != books.order.placed.currency {
        let pointer = format!("/lines/{at}/replacement_sku");
        return Err(Refusal::invalid_at(pointer, "is priced in another currency than the order"));
    }
    let too_much =
        || Refusal::invalid_at(format!("/lines/{at}/quantity"), "makes an amount above 9,007,199,254,740,991");
    money::goods(product.price, quantity).ok_or_else(too_much)
}

/// The replacement of a new exchange.
pub(crate) fn wanted(lines: &[AfterSaleLine]) -> ReplacementLeg {
    ReplacementLeg {
        state: LegState::Wanted,
        difference: lines.iter().map(|line| line.difference(line.quantity)).sum(),
        pay_by: None,
        payment: None,
        paid: 0,
        money_back: 0,
        points_back: 0,
        sent: None,
    }
}

/// Takes the stock of the replacement, and opens the payment of a difference that the buyer owes. Nothing for an after-sale
/// that is no exchange.
///
/// # Errors
/// `insufficient_stock`; then nothing was taken.
pub(crate) fn take(scope: &mut Scope<'_>, books: &mut Books, after_sale: &mut AfterSale) -> Result<(), Refusal> {
    if after_sale.replacement.is_none() {
        return Ok(());
    }
    stock::decide::sell(scope, books.order.id, &demand(after_sale, |line| line.quantity))?;
    let Some(leg) = &mut after_sale.replacement else { return Ok(()) };
    leg.state = LegState::Taken;
    if leg.difference > 0 {
        let pay_by = scope.now.plus(scope.rules.payment_window);
        leg.pay_by = Some(pay_by);
        if let Some(counted) = books.counted_payment(scope) {
            let channel = Arc::clone(&counted.channel);
            let (amount, return_url) = (leg.difference, counted.return_url.clone());
            let of = Some(after_sale.id);
            let attempt = Attempt { channel, amount, expires_at: pay_by, return_url, after_sale: of };
            payment::decide::open_attempt(scope, books, attempt);
        }
    }
    Ok(())
}

fn demand(after_sale: &AfterSale, count: impl Fn(&AfterSaleLine) -> u32) -> BTreeMap<Sku, u64> {
    let mut demand = BTreeMap::new();
    for line in &after_sale.lines {
        if let Some(sku) = &line.replacement
            && count(line) > 0
        {
            *demand.entry(sku.clone()).or_insert(0) += u64::from(count(line));
        }
    }
    demand
}

/// Gives the replacement up: its stock goes back, and what was paid for it. `count` says how many units of a line it still
/// stands for.
pub(crate) fn release(
    scope: &mut Scope<'_>,
    books: &mut Books,
    after_sale: &mut AfterSale,
    count: fn(&AfterSaleLine) -> u32,
    reason: &Arc<str>,
) {
    if after_sale.held_replacement().is_none() {
        return;
    }
    put_back(scope, books, after_sale, count);
    close_attempts(scope, books, after_sale);
    give_difference_back(scope, books, after_sale, 0);
    if let Some(leg) = &mut after_sale.replacement {
        (leg.state, leg.pay_by) = (LegState::Released, None);
    }
    let released = ReplacementReleased { after_sale: after_sale.id, reason: Arc::clone(reason) };
    books.record(scope, Event::ReplacementReleased(released));
}

/// Puts stock of the replacement back on the shelf.
pub(crate) fn put_back(
    scope: &mut Scope<'_>,
    books: &Books,
    after_sale: &AfterSale,
    count: impl Fn(&AfterSaleLine) -> u32,
) {
    for (sku, quantity) in demand(after_sale, count) {
        let quantity = u32::try_from(quantity).expect("the units of an order fit into 32 bits");
        stock::decide::take_back(scope, &sku, quantity, books.order.id);
    }
}

/// Whether the replacements of the units that came back are paid for; settles what was paid too much, or is owed to the
/// buyer. What the buyer owes is at most what the approval said.
pub(crate) fn settle_difference(scope: &mut Scope<'_>, books: &mut Books, after_sale: &mut AfterSale) -> bool {
    let (agreed, paid) = after_sale.replacement.as_ref().map_or((0, 0), |leg| (leg.difference.max(0), leg.paid));
    let owed = after_sale.lines.iter().map(|line| line.difference(line.accepted())).sum::<i64>().min(agreed);
    if owed > 0 && paid == 0 {
        return false;
    }
    close_attempts(scope, books, after_sale);
    give_difference_back(scope, books, after_sale, owed.max(0));
    if owed < 0 {
        give_value_back(scope, books, after_sale, -owed);
    }
    if let Some(leg) = &mut after_sale.replacement {
        leg.pay_by = None;
    }
    true
}

/// Takes money that came for the difference. False when nobody waits for it (any more).
pub(crate) fn take_difference(
    scope: &mut Scope<'_>,
    books: &mut Books,
    after_sale: &mut AfterSale,
    payment: &Payment,
) -> bool {
    let waits = after_sale.held_replacement().is_some_and(|leg| leg.pay_by.is_some() && leg.paid == 0);
    if waits && let Some(leg) = &mut after_sale.replacement {
        (leg.paid, leg.payment, leg.pay_by) = (payment.captured, Some(payment.id), None);
        close_attempts(scope, books, after_sale);
    }
    waits
}

/// What was paid of the difference goes back, but for `owed`.
fn give_difference_back(scope: &mut Scope<'_>, books: &mut Books, after_sale: &mut AfterSale, owed: i64) {
    let Some(leg) = &mut after_sale.replacement else { return };
    let Some(payment) = leg.payment.filter(|_| leg.paid > owed) else { return };
    let excess = leg.paid - owed;
    leg.paid = owed;
    let payment = scope.payment(payment).cloned().expect("an after-sale names an attempt of its order");
    let refund = refund::decide::give_back_part(scope, books, &payment, excess, RefundCause::AfterSale);
    after_sale.refunds.extend(refund.map(|refund| refund.id));
}

/// The replacement costs less: money goes back, as far as the units were paid with money, then points.
fn give_value_back(scope: &mut Scope<'_>, books: &mut Books, after_sale: &mut AfterSale, value: i64) {
    let money: i64 = after_sale.lines.iter().map(|line| line.money(line.accepted())).sum();
    let money_back = value.min(money);
    let points_back = value - money_back;
    if points_back > 0 {
        points::decide::give_back(scope, &books.order.placed.user_id, points_back, books.order.id);
    }
    let refund = refund::decide::give_back_amount(scope, books, money_back, RefundCause::AfterSale, None);
    if let Some(leg) = &mut after_sale.replacement {
        leg.money_back = refund.as_ref().map_or(0, |refund| refund.amount);
        leg.points_back = points_back;
    }
    after_sale.refunds.extend(refund.map(|refund| refund.id));
}

/// The channels shall take no more money for the difference.
fn close_attempts(scope: &mut Scope<'_>, books: &Books, after_sale: &AfterSale) {
    for payment in books.payments(scope) {
        if payment.after_sale == Some(after_sale.id) && payment.status.is_open() {
            scope.send(payment.order, Task::ClosePayment(payment.id));
        }
    }
}
