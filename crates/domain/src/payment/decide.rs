//! Decisions on attempts that somebody asks for: opening one, asking the channel now, settling a quarantined notification.
//!
//! Order of refusals of opening: `not_found`, `order_state` (not waiting for money, or its window is over),
//! `payment_unresolved` (an attempt is `unknown`), `payment_state` (too many attempts).

use alloc::sync::Arc;

use crate::{
    answer::Answer,
    event::Event,
    ids::{OrderId, PaymentId},
    order::OrderStatus,
    outbox::Task,
    payment::{
        Books, CallOutcome, OpenPayment, Payment, PaymentOpened, PaymentStatus, Receipt, ReceiptVerdict,
        RefreshPayment, ResolveReceipt, TakeChannelAnswer, TakeNotification, asking, money, notification,
    },
    refund,
    refusal::{Refusal, Thing},
    scope::Scope,
};

/// Most attempts of one order.
pub const ATTEMPTS_MAX: usize = 50;

/// Opens an attempt: the row and the message to the channel.
///
/// # Errors
/// See the order of refusals above.
pub fn open(scope: &mut Scope<'_>, command: &OpenPayment) -> Result<Answer, Refusal> {
    let mut books = Books::open(scope, command.order)?;
    let order = Arc::clone(&books.order);
    if order.status != OrderStatus::PendingPayment || scope.now >= order.placed.expires_at {
        return Err(Refusal::OrderState { status: order.status });
    }
    let payments = books.payments(scope);
    if let Some(unknown) = payments.iter().find(|payment| payment.status == PaymentStatus::Unknown) {
        return Err(Refusal::PaymentUnresolved { payment: unknown.id });
    }
    if payments.len() >= ATTEMPTS_MAX {
        return Err(Refusal::PaymentState { status: None });
    }
    let id = PaymentId::from_number(scope.mint.next(scope.now, order.id.bucket()));
    let payment = Payment {
        id,
        order: order.id,
        channel: Arc::clone(&command.channel),
        status: PaymentStatus::Created,
        reported: None,
        amount: order.placed.price.total,
        currency: order.placed.currency,
        captured: 0,
        refunded: 0,
        refunding: 0,
        counts: false,
        transaction: None,
        pay_url: None,
        return_url: command.return_url.clone(),
        query_at: asking::next_query(scope, order.placed.expires_at, 0),
        queries: 0,
        is_manual: false,
        version: 1,
        created_at: scope.now,
        updated_at: scope.now,
        expires_at: order.placed.expires_at,
    };
    books.account.payments.push(id);
    let payment = books.put_payment(scope, payment);
    let opened = PaymentOpened { payment: id, channel: Arc::clone(&payment.channel), amount: payment.amount };
    books.record(scope, Event::PaymentOpened(opened));
    scope.send(order.id, Task::OpenPayment(id));
    books.close(scope);
    Ok(Answer::Payment(payment))
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
        Task::AnnounceShipment(_) => {}
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
    let note = Some(Arc::clone(&command.note));
    let resolved = Arc::new(Receipt { verdict: ReceiptVerdict::Resolved, note, ..receipt.as_ref().clone() });
    scope.changes.receipts.insert(resolved.id, Arc::clone(&resolved));
    Ok(Answer::Receipt(resolved))
}
