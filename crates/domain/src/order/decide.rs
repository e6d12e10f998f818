//! Placing an order: everything is held in one decision, or nothing is.
//!
//! Order of refusals: `duplicate_order` (without a key), `invalid_request` (bounds), those of `price` (`unknown_sku`,
//! `sku_not_sellable`, currency, overflow, `coupon_not_usable`, points above the payable), `insufficient_points`,
//! `price_changed`, `too_many_unpaid`, `insufficient_stock`. What the idempotency key says comes before all of them.

use alloc::{collections::BTreeMap, format, sync::Arc};

use crate::{
    answer::Answer,
    catalog::{Catalog, CouponTemplate},
    coupon::{self, Coupon, CouponStep},
    event::{Event, Subject},
    idempotency::Idempotency,
    ids::{OrderId, Sku},
    money::{AMOUNT_MAX, QUANTITY_MAX},
    order::{Order, OrderKey, OrderKeyEntry, OrderToken, PlaceOrder, Placed, settle},
    points,
    price::{self, CouponReason, PriceRefusal, PriceRequest, Quote},
    refusal::{CouponProblem, Refusal},
    rules::Rules,
    scope::Scope,
    stock,
    time::Timestamp,
    timer::{Timer, TimerChange, TimerKind},
};

/// Places an order: prices it, freezes coupon and points, locks stock, sets the close timer. An order that costs nothing
/// is paid at once.
///
/// # Errors
/// See the order of refusals above.
pub fn place(
    scope: &mut Scope<'_>,
    command: &PlaceOrder,
    idempotency: Option<&Idempotency>,
) -> Result<Answer, Refusal> {
    let demand = command.demand();
    let key = key_of(command, idempotency, &demand);
    refuse_duplicate(scope, &key)?;
    let quote = quote_for(scope, command)?;
    let total = quote.price.total;
    let open = scope.open_orders(&command.user_id);
    if total > 0 && open >= scope.rules.unpaid_per_user_max {
        return Err(Refusal::TooManyUnpaid { limit: scope.rules.unpaid_per_user_max });
    }
    let id = OrderId::from_number(scope.mint.next(scope.now, command.user_id.bucket()));
    stock::decide::lock(scope, id, &demand)?;
    if let Some(coupon) = command.coupon {
        coupon::decide::step(scope, coupon, CouponStep::Freeze, id);
    }
    if command.points > 0 {
        points::decide::freeze(scope, &command.user_id, command.points, id)?;
    }
    let order = record_placed(scope, id, command, quote);
    let order = if total == 0 { settle::settle(scope, &order, 0) } else { hold_open(scope, &order, open) };
    let entry = OrderKeyEntry {
        order: id,
        fingerprint: idempotency.map(|idempotency| idempotency.fingerprint),
        version: order.version,
        placed_at: scope.now,
    };
    scope.changes.order_keys.insert(key, entry);
    Ok(Answer::Order(order))
}

/// What a placement is recognised by.
#[must_use]
pub fn key_of(command: &PlaceOrder, idempotency: Option<&Idempotency>, demand: &BTreeMap<Sku, u64>) -> OrderKey {
    let token = match idempotency {
        Some(idempotency) => OrderToken::Key(Arc::clone(&idempotency.key)),
        None => OrderToken::of_lines(demand),
    };
    OrderKey { user_id: command.user_id.clone(), token }
}

/// Prices a basket for placing or for a quote: the same checks in the same order, nothing held.
///
/// # Errors
/// The refusals of `invalid_request`, `price`, `coupon_not_usable`, `insufficient_points` and `price_changed` above.
pub fn quote(
    catalog: &Catalog,
    rules: &Rules,
    command: &PlaceOrder,
    coupon: Option<&Coupon>,
    balance: i64,
    now: Timestamp,
) -> Result<Quote, Refusal> {
    check_bounds(rules, command)?;
    let request =
        PriceRequest { currency: command.currency, lines: &command.lines, coupon: None, points: command.points, now };
    let price = |request: &PriceRequest<'_>| price::quote(catalog, &rules.shipping, request).map_err(refusal_of_price);
    let quote = match command.coupon.map(|_| usable_template(catalog, command, coupon, now)) {
        None => price(&request)?,
        Some(Ok(template)) => price(&PriceRequest { coupon: Some(template), ..request })?,
        Some(Err(unusable)) => {
            // What is wrong with a line is told first, what is wrong with the points after it.
            price(&PriceRequest { points: 0, ..request })?;
            return Err(unusable);
        }
    };
    if command.points > balance {
        return Err(Refusal::InsufficientPoints { balance });
    }
    match command.expected_total {
        Some(expected_total) if expected_total != quote.price.total => {
            Err(Refusal::PriceChanged { expected_total, total: quote.price.total })
        }
        _ => Ok(quote),
    }
}

fn quote_for(scope: &Scope<'_>, command: &PlaceOrder) -> Result<Quote, Refusal> {
    let coupon = command.coupon.and_then(|coupon| scope.coupon(coupon));
    let balance = if command.points > 0 { points::decide::current(scope, &command.user_id).balance } else { 0 };
    quote(scope.catalog, scope.rules, command, coupon, balance, scope.now)
}

fn usable_template<'a>(
    catalog: &'a Catalog,
    command: &PlaceOrder,
    coupon: Option<&Coupon>,
    now: Timestamp,
) -> Result<&'a CouponTemplate, Refusal> {
    let template = coupon.and_then(|coupon| catalog.template(&coupon.template));
    coupon::decide::usable(coupon, template.map(AsRef::as_ref), &command.user_id, now)?;
    template.map(AsRef::as_ref).ok_or(Refusal::CouponNotUsable { reason: CouponProblem::NotFound })
}

fn check_bounds(rules: &Rules, command: &PlaceOrder) -> Result<(), Refusal> {
    if command.lines.is_empty() {
        return Err(Refusal::invalid("/lines", "must have at least one line"));
    }
    if command.lines.len() > rules.lines_max as usize {
        return Err(Refusal::invalid("/lines", "has more lines than an order may have"));
    }
    for (index, line) in command.lines.iter().enumerate() {
        if line.quantity == 0 || line.quantity > QUANTITY_MAX {
            let pointer = format!("/lines/{index}/quantity");
            return Err(Refusal::invalid_at(pointer, "must be from 1 to 1,000,000"));
        }
    }
    if !(0..=AMOUNT_MAX).contains(&command.points) {
        return Err(Refusal::invalid("/points", "must be from 0 to 9,007,199,254,740,991"));
    }
    Ok(())
}

fn refusal_of_price(refusal: PriceRefusal) -> Refusal {
    match refusal {
        PriceRefusal::UnknownSku { line, sku } => Refusal::UnknownSku { line: Some(line), sku },
        PriceRefusal::SkuNotSellable { line, sku } => Refusal::SkuNotSellable { line, sku },
        PriceRefusal::CurrencyMismatch { line, .. } => {
            Refusal::invalid_at(format!("/lines/{line}/sku"), "is priced in another currency than the order")
        }
        PriceRefusal::AmountOverflow { line } => {
            Refusal::invalid_at(format!("/lines/{line}/quantity"), "makes an amount above 9,007,199,254,740,991")
        }
        PriceRefusal::CouponNotUsable { reason } => Refusal::CouponNotUsable { reason: problem_of_price(reason) },
        PriceRefusal::PointsExceedPayable { .. } => {
            Refusal::invalid("/points", "is more than what is left to pay for the goods")
        }
    }
}

const fn problem_of_price(reason: CouponReason) -> CouponProblem {
    match reason {
        CouponReason::NotYetValid => CouponProblem::NotYetValid,
        CouponReason::Expired => CouponProblem::Expired,
        CouponReason::OtherCurrency => CouponProblem::Currency,
        CouponReason::BelowMinimumSpend { .. } => CouponProblem::MinimumSpend,
    }
}

/// Without a key, the same lines of the same user within the window are taken for a double click.
fn refuse_duplicate(scope: &Scope<'_>, key: &OrderKey) -> Result<(), Refusal> {
    if matches!(key.token, OrderToken::Key(_)) || scope.rules.duplicate_window.0 == 0 {
        return Ok(());
    }
    match scope.order_key(key) {
        Some(entry) if scope.now.since(entry.placed_at) < scope.rules.duplicate_window => {
            Err(Refusal::DuplicateOrder { order_id: entry.order })
        }
        _ => Ok(()),
    }
}

fn record_placed(scope: &mut Scope<'_>, id: OrderId, command: &PlaceOrder, quote: Quote) -> Arc<Order> {
    let placed = Placed {
        user_id: command.user_id.clone(),
        currency: command.currency,
        lines: quote.lines,
        price: quote.price,
        coupon: command.coupon,
        shipping_address: command.shipping_address.clone(),
        metadata: Arc::clone(&command.metadata),
        placed_at: scope.now,
        expires_at: scope.now.plus(scope.rules.payment_window),
    };
    record(scope, None, id, Event::OrderPlaced(Arc::new(placed)))
}

/// Appends an order's next event and puts the order that follows from it.
pub(crate) fn record(scope: &mut Scope<'_>, order: Option<&Order>, id: OrderId, event: Event) -> Arc<Order> {
    let seq = order.map_or(0, |order| order.version) + 1;
    let record = scope.emit(Subject::Order(id), seq, order.map(|order| order.last_event), event);
    let next = Order::apply(order, record).expect("a decision emits only events that its machine has an edge for");
    let next = Arc::new(next);
    scope.changes.orders.insert(id, Arc::clone(&next));
    next
}

/// The order waits for its money: one close timer, and one unpaid order more for its user.
fn hold_open(scope: &mut Scope<'_>, order: &Arc<Order>, open: u32) -> Arc<Order> {
    let timer = Timer { due: order.placed.expires_at, kind: TimerKind::CloseOrder, order: order.id };
    scope.changes.timers.insert(timer, TimerChange::Set);
    scope.changes.open_orders.insert(order.placed.user_id.clone(), open + 1);
    Arc::clone(order)
}
