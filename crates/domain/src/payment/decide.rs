//! Decisions on attempts that somebody asks for: opening one, asking the channel now, settling a quarantined notification.
//!
//! Order of refusals of opening: `not_found`, `order_state` (not waiting for money, or its window is over),
//! `payment_unresolved` (an attempt is `unknown`), `payment_state` (too many attempts). A paid order waits for money while an
//! after-sale of it has a price difference to be paid; then the attempt is for that.

use alloc::sync::Arc;

use crate::{
    answer::Answer,
    event::Event,
    ids::{AfterSaleId, OrderId, PaymentId},
    order::OrderStatus,
    outbox::Task,
    payment::{
        Books, CallOutcome, OpenPayment, Payment, PaymentOpened, PaymentStatus, Receipt, ReceiptVerdict,
        RefreshPayment, Resolution, ResolveReceipt, TakeChannelAnswer, TakeNotification, asking, money, notification,
    },
    refund,
    refusal::{Refusal, Thing},
    scope::Scope,
    shipment,
    time::Timestamp,
};

/// Most attempts of one order.
pub const ATTEMPTS_MAX: usize = 50;

/// Opens an attempt: the row and the message to the channel.
///
/// # Errors
/// See the order of refusals above.
pub fn open(scope: &mut Scope<'_>, command: &OpenPayment) -> Result<Answer, Refusal> {
    let mut books = Books::open(scope, command.order)?;
    let Wanted { amount, expires_at, after_sale } = what_is_wanted(scope, &books)?;
    let payments = books.payments(scope);
    if let Some(unknown) = payments.iter().find(|payment| payment.status == PaymentStatus::Unknown) {
        return Err(Refusal::PaymentUnresolved { payment: unknown.id });
    }
    let (channel, return_url) = (Arc::clone(&command.channel), command.return_url.clone());
    let attempt = Attempt { channel, amount, expires_at, return_url, after_sale };
    let payment = open_attempt(scope, &mut books, attempt).ok_or(Refusal::PaymentState { status: None })?;
    books.close(scope);
    Ok(Answer::Payment(payment))
}

/// What an order waits for.
struct Wanted {
    amount: i64,
    expires_at: Timestamp,
    after_sale: Option<AfterSaleId>,
}

fn what_is_wanted(scope: &Scope<'_>, books: &Books) -> Result<Wanted, Refusal> {
    let order = &books.order;
    let difference = books.after_sales(scope).into_iter().find_map(|after_sale| {
        let leg = after_sale.held_replacement()?;
        let pay_by = leg.pay_by.filter(|pay_by| scope.now < *pay_by)?;
        Some(Wanted { amount: leg.difference, expires_at: pay_by, after_sale: Some(after_sale.id) })
    });
    let total = || Wanted { amount: order.placed.price.total, expires_at: order.placed.expires_at, after_sale: None };
    let is_unpaid = order.status == OrderStatus::PendingPayment && scope.now < order.placed.expires_at;
    is_unpaid.then(total).or(difference).ok_or(Refusal::OrderState { status: order.status })
}

/// A new attempt.
pub(crate) struct Attempt {
    pub(crate) channel: Arc<str>,
    pub(crate) amount: i64,
    pub(crate) expires_at: Timestamp,
    pub(crate) return_url: Option<Arc<str>>,
    pub(crate) after_sale: Option<AfterSaleId>,
}

/// Writes an attempt down and tells the channel. None when the order has as many as it may have.
pub(crate) fn open_attempt(scope: &mut Scope<'_>, books: &mut Books, attempt: Attempt) -> Option<Arc<Payment>> {
    let order = Arc::clone(&books.order);
    if books.account.payments.len() >= ATTEMPTS_MAX {
        return None;
    }
    let Attempt { channel, amount, expires_at, return_url, after_sale } = attempt;
    let id = PaymentId::from_number(scope.mint.next(scope.now, order.id.bucket()));
    let payment = Payment {
        id,
        order: order.id,
        channel,
        status: PaymentStatus::Created,
        reported: None,
        amount,
        currency: order.placed.currency,
        captured: 0,
        refunded: 0,
        refunding: 0,
        counts: false,
        after_sale,
        transaction: None,
        pay_url: None,
        return_url,
        query_at: asking::next_query(scope, expires_at, 0),
        queries: 0,
        is_manual: false,
        version: 1,
        created_at: scope.now,
        updated_at: scope.now,
        expires_at,
    };
    books.account.payments.push(id);
    let payment = books.put_payment(scope, payment);
    let opened = PaymentOpened { payment: id, channel: Arc::clone(&payment.channel), amount, after_sale };
    books.record(scope, Event::PaymentOpened(opened));
    scope.send(order.id, Task::OpenPayment(id));
    Some(payment)
}

/// Asks the channel now, whatever is known already; asking that had come to its end begins anew.
///
/// # Errors
/// `not_found`.
pub fn refresh(scope: &mut Scope<'_>, command: RefreshPayment) -> Result<Answer, Refusal> {
    let payment = scope.payment(command.payment).cloned().ok_or(Refusal::NotFound { thing: Thing::Payment })?;
    let mut books = Books::open(scope, payment.order)?;
    let mut next = Payment { version: payment.version + 1, updated_at: scope.now, ..payment.as_ref().clone() };
    if payment.status.is_open() {
        next.is_manual = false;
        next.query_at = asking::next_query(scope, payment.expires_at, payment.queries);
    }
    let next = books.put_payment(scope, next);
    scope.send(payment.order, Task::QueryPayment(payment.id));
    books.close(scope);
    Ok(Answer::Payment(next))
}

/// Asks about every attempt of an order that is due.
///
/// # Errors
/// `not_found`.
pub fn ask_channels(scope: &mut Scope<'_>, order: OrderId) -> Result<Answer, Refusal> {
    asking::ask_channels(scope, order)
}

/// Takes what became of a call to a channel. The message is done with, whatever it was.
///
/// # Errors
/// None in practice: the courier asks only for orders that are there.
pub fn take_answer(scope: &mut Scope<'_>, command: &TakeChannelAnswer) -> Result<Answer, Refusal> {
    scope.changes.messages.insert(command.message, crate::outbox::MessageChange::Dropped);
    let mut books = Books::open(scope, command.order)?;
    match command.task {
        Task::OpenPayment(id) | Task::QueryPayment(id) | Task::ClosePayment(id) => {
            let Some(payment) = scope.payment(id).cloned() else { return Ok(Answer::NothingToDo) };
            match &command.outcome {
                CallOutcome::Answered(crate::payment::ChannelReport::Payment(report)) => {
                    money::take_answer(scope, &mut books, &payment, command.task, report);
                }
                outcome => money::take_silence(scope, &mut books, &payment, command.task, outcome),
            }
        }
        Task::SendRefund(id) | Task::QueryRefund(id) => {
            let Some(row) = scope.refund(id).cloned() else { return Ok(Answer::NothingToDo) };
            refund::decide::take_answer(scope, &mut books, &row, command.task, &command.outcome);
        }
        Task::AnnounceShipment(id) | Task::TrackShipment(id) => {
            shipment::following::take_answer(scope, &mut books, id, &command.outcome);
        }
    }
    Ok(Answer::Order(books.close(scope)))
}

/// Takes a notification: the receipt always, and what follows from it when it holds.
///
/// # Errors
/// None: whatever arrived is recorded, and the answer says what was made of it.
pub fn take_notification(scope: &mut Scope<'_>, command: &TakeNotification) -> Result<Answer, Refusal> {
    notification::take(scope, command)
}

/// Settles a quarantined notification.
///
/// # Errors
/// `not_found`; also for one that is not quarantined.
pub fn resolve_receipt(scope: &mut Scope<'_>, command: &ResolveReceipt) -> Result<Answer, Refusal> {
    let receipt = scope.receipt(command.receipt).filter(|receipt| receipt.verdict == ReceiptVerdict::Quarantined);
    let receipt = receipt.cloned().ok_or(Refusal::NotFound { thing: Thing::Receipt })?;
    let resolution = Some(Resolution { by: scope.actor, at: scope.now, note: Arc::clone(&command.note) });
    let resolved = Arc::new(Receipt { verdict: ReceiptVerdict::Resolved, resolution, ..receipt.as_ref().clone() });
    scope.changes.receipts.insert(resolved.id, Arc::clone(&resolved));
    Ok(Answer::Receipt(resolved))
}
