//! Decisions on refunds.
//!
//! Order of refusals of a request: `not_found`, `version_mismatch`, `invalid_request` (lines and amount), `refund_exceeds`.
//! Refunds that follow from other decisions (a cancel, late money, an after-sale) are never refused: they give back what is
//! left of what they are about.

use alloc::{collections::BTreeMap, format, sync::Arc, vec::Vec};

use crate::{
    after_sale,
    answer::Answer,
    coupon::{self, CouponStep},
    event::Event,
    ids::{OrderId, RefundId},
    money,
    outbox::Task,
    payment::{Books, CallOutcome, ChannelReport, LineAccount, Payment, RefundReport},
    points,
    refund::{
        Refund, RefundCause, RefundFailed, RefundLine, RefundRequested, RefundRetried, RefundStatus, RefundStep,
        RefundSucceeded, RequestRefund, ResolveRefund, RetryRefund,
    },
    refusal::{Refusal, Thing},
    scope::Scope,
};

/// Most refunds of one order.
pub const REFUNDS_MAX: usize = 1_000;

/// Gives money back at an operator's request, without moving goods.
///
/// # Errors
/// See the order of refusals above.
pub fn request(scope: &mut Scope<'_>, command: &RequestRefund) -> Result<Answer, Refusal> {
    let mut books = Books::open(scope, command.order)?;
    Refusal::check_version(command.expected_version, books.order.version)?;
    if !command.lines.is_empty() && command.amount.is_some() {
        return Err(Refusal::invalid("/amount", "must not be given together with lines"));
    }
    if command.amount.is_some_and(|amount| amount < 1) {
        return Err(Refusal::invalid("/amount", "must be at least 1"));
    }
    let lines = merged(&command.lines);
    check_units(&books, &command.lines, &lines)?;
    let counted = books.counted_payment(scope);
    let refundable = counted.as_ref().map_or(0, |payment| payment.refundable());
    let amount = match command.amount {
        Some(amount) => amount,
        None if lines.is_empty() => refundable,
        None => shares_of(&books, &lines).0,
    };
    let exceeds = Refusal::RefundExceeds { refundable };
    let Some(payment) = counted.filter(|payment| amount >= 1 && amount <= payment.refundable()) else {
        return Err(exceeds);
    };
    if books.account.refunds.len() >= REFUNDS_MAX {
        return Err(exceeds);
    }
    take_units(scope, &mut books, &lines, 0);
    let reason = Some(Arc::clone(&command.reason));
    let refund = write(scope, &mut books, &payment, Wanted { amount, lines, cause: RefundCause::Operator, reason });
    books.close(scope);
    Ok(Answer::Refund(refund))
}

/// What is to be given back.
struct Wanted {
    amount: i64,
    lines: Vec<RefundLine>,
    cause: RefundCause,
    reason: Option<Arc<str>>,
}

/// Gives the money of units back: the sum of their stored shares, or what is left when goodwill had taken more. Points come
/// back by the same shares, the coupon with the last unit. None when there is no money to give back.
pub(crate) fn give_back_units(
    scope: &mut Scope<'_>,
    books: &mut Books,
    lines: &[RefundLine],
    cause: RefundCause,
    reason: Option<Arc<str>>,
) -> Option<Arc<Refund>> {
    give_back_rest(scope, books, lines, GivenBack::default(), cause, reason)
}

/// What went back before for some units, without having been counted as theirs.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct GivenBack {
    /// Minor units of money.
    pub(crate) money: i64,
    /// Points.
    pub(crate) points: i64,
}

/// Gives back what is left of the money and points of units of which a part went back before.
pub(crate) fn give_back_rest(
    scope: &mut Scope<'_>,
    books: &mut Books,
    lines: &[RefundLine],
    earlier: GivenBack,
    cause: RefundCause,
    reason: Option<Arc<str>>,
) -> Option<Arc<Refund>> {
    let lines = refundable_units(books, lines);
    let (money, _) = shares_of(books, &lines);
    take_units(scope, books, &lines, earlier.points);
    let payment = books.counted_payment(scope)?;
    let amount = (money - earlier.money).min(payment.refundable());
    (amount > 0).then(|| write(scope, books, &payment, Wanted { amount, lines, cause, reason }))
}

/// Gives an amount back that no units stand for, at most what is left of the order's money.
pub(crate) fn give_back_amount(
    scope: &mut Scope<'_>,
    books: &mut Books,
    amount: i64,
    cause: RefundCause,
    reason: Option<Arc<str>>,
) -> Option<Arc<Refund>> {
    let payment = books.counted_payment(scope)?;
    let amount = amount.min(payment.refundable());
    (amount > 0).then(|| write(scope, books, &payment, Wanted { amount, lines: Vec::new(), cause, reason }))
}

/// Gives a part of an attempt's money back, at most what is left of it.
pub(crate) fn give_back_part(
    scope: &mut Scope<'_>,
    books: &mut Books,
    payment: &Payment,
    amount: i64,
    cause: RefundCause,
) -> Option<Arc<Refund>> {
    let amount = amount.min(payment.refundable());
    (amount > 0).then(|| write(scope, books, payment, Wanted { amount, lines: Vec::new(), cause, reason: None }))
}

/// Gives the whole money of an attempt back that does not pay the order.
pub(crate) fn give_back_payment(scope: &mut Scope<'_>, books: &mut Books, payment: &Payment, cause: RefundCause) {
    let amount = payment.refundable();
    write(scope, books, payment, Wanted { amount, lines: Vec::new(), cause, reason: None });
}

/// What the next units of some lines cost: money and points. Units of a line are given back in their order, so that any
/// sequence of partial refunds adds up to the line exactly.
pub(crate) fn shares_of(books: &Books, lines: &[RefundLine]) -> (i64, i64) {
    let share = |unit: &RefundLine| {
        let line = &books.order.placed.lines[unit.line];
        let from = books.account.line(unit.line).units;
        let of = |amount| money::units_share(amount, line.quantity, from, from + unit.quantity);
        (of(line.payable()), of(line.points))
    };
    lines.iter().map(share).fold((0, 0), |(money, points), (m, p)| (money + m, points + p))
}

/// Lines by index, each once, with the sum of their quantities.
#[must_use]
pub fn merged(lines: &[RefundLine]) -> Vec<RefundLine> {
    let mut sums: BTreeMap<usize, u32> = BTreeMap::new();
    for unit in lines {
        let sum = sums.entry(unit.line).or_insert(0);
        *sum = sum.saturating_add(unit.quantity);
    }
    sums.into_iter().map(|(line, quantity)| RefundLine { line, quantity }).collect()
}

fn check_units(books: &Books, asked: &[RefundLine], lines: &[RefundLine]) -> Result<(), Refusal> {
    for unit in lines {
        let at = asked.iter().position(|line| line.line == unit.line).unwrap_or(0);
        let Some(line) = books.order.placed.lines.get(unit.line) else {
            return Err(Refusal::invalid_at(format!("/lines/{at}/line"), "is not a line of the order"));
        };
        let left = line.quantity - books.account.line(unit.line).units;
        if unit.quantity == 0 || unit.quantity > left {
            let pointer = format!("/lines/{at}/quantity");
            return Err(Refusal::invalid_at(pointer, "must be from 1 to the units of the line that are not refunded"));
        }
    }
    Ok(())
}

/// Units whose money an operator gave back before are not given back a second time.
fn refundable_units(books: &Books, lines: &[RefundLine]) -> Vec<RefundLine> {
    let left = |unit: &RefundLine| {
        let line = &books.order.placed.lines[unit.line];
        let quantity = unit.quantity.min(line.quantity - books.account.line(unit.line).units);
        (quantity > 0).then_some(RefundLine { line: unit.line, quantity })
    };
    lines.iter().filter_map(left).collect()
}

/// Writes down that the money of units is given back, and gives back their points, but for those that went back earlier; with
/// the last unit of the order, its coupon.
fn take_units(scope: &mut Scope<'_>, books: &mut Books, lines: &[RefundLine], earlier_points: i64) {
    if lines.is_empty() {
        return;
    }
    let (_, points) = shares_of(books, lines);
    let order = Arc::clone(&books.order);
    let mut accounts = core::mem::take(&mut books.account.lines);
    accounts.resize(order.placed.lines.len(), LineAccount::default());
    for unit in lines {
        let (line, account) = (&order.placed.lines[unit.line], &mut accounts[unit.line]);
        let of = |amount| money::units_share(amount, line.quantity, account.units, account.units + unit.quantity);
        let (money, points) = (of(line.payable()), of(line.points));
        *account = LineAccount {
            units: account.units + unit.quantity,
            money: account.money + money,
            points: account.points + points,
        };
    }
    books.account.lines = accounts;
    if points > earlier_points {
        points::decide::give_back(scope, &order.placed.user_id, points - earlier_points, order.id);
    }
    if let Some(coupon) = order.placed.coupon
        && books.account.is_wholly_refunded(&order)
    {
        coupon::decide::step(scope, coupon, CouponStep::Release, order.id);
    }
}

/// The row, the sums and the message, in one decision.
fn write(scope: &mut Scope<'_>, books: &mut Books, payment: &Payment, wanted: Wanted) -> Arc<Refund> {
    let order: OrderId = books.order.id;
    let id = RefundId::from_number(scope.mint.next(scope.now, order.bucket()));
    let Wanted { amount, lines, cause, reason } = wanted;
    // The row as the decision has it: an attempt may have been written a moment ago.
    let current = scope.payment(payment.id).map_or_else(|| payment.clone(), |row| row.as_ref().clone());
    let refunding = current.refunding + amount;
    books.put_payment(scope, Payment { refunding, version: current.version + 1, updated_at: scope.now, ..current });
    books.account.refunding += amount;
    books.account.refunds.push(id);
    let refund = Refund {
        id,
        order,
        payment: payment.id,
        status: RefundStatus::Requested,
        amount,
        currency: payment.currency,
        lines: lines.clone(),
        cause,
        reason: reason.clone(),
        tries: 1,
        next_at: None,
        transaction: None,
        note: None,
        version: 1,
        created_at: scope.now,
        updated_at: scope.now,
    };
    let refund = books.put_refund(scope, refund);
    let requested = RefundRequested { refund: id, payment: payment.id, amount, lines, cause, reason };
    books.record(scope, Event::RefundRequested(requested));
    scope.send(order, Task::SendRefund(id));
    refund
}

/// Takes what became of a call about a refund.
pub(crate) fn take_answer(
    scope: &mut Scope<'_>,
    books: &mut Books,
    refund: &Arc<Refund>,
    task: Task,
    outcome: &CallOutcome,
) {
    match outcome {
        CallOutcome::Answered(ChannelReport::Refund(report)) if report.refund == refund.id => {
            let is_new = take_report(scope, books, refund, report);
            // A channel that was just sent a refund and does not know it may know it in a moment.
            if !is_new && !report.is_known {
                lose_sight(scope, books, refund);
            }
        }
        // An answer about something else says nothing of this refund.
        CallOutcome::Answered(_) | CallOutcome::Tracked(_) | CallOutcome::Lost => lose_sight(scope, books, refund),
        // A question that was not answered is asked again by its timer.
        CallOutcome::NotSent | CallOutcome::Refused(_) if matches!(task, Task::QueryRefund(_)) => {}
        CallOutcome::NotSent => fail(scope, books, refund, Some(Arc::from("the channel cannot be reached"))),
        CallOutcome::Refused(reason) => fail(scope, books, refund, Some(Arc::clone(reason))),
    }
}

/// Folds a channel's word into a refund. False when it said nothing new.
pub(crate) fn take_report(
    scope: &mut Scope<'_>,
    books: &mut Books,
    refund: &Arc<Refund>,
    report: &RefundReport,
) -> bool {
    match (report.is_known, report.succeeded) {
        (_, Some(true)) => succeed(scope, books, refund, RefundStep::Succeed, report.transaction.clone(), None),
        (true, Some(false)) => {
            let is_new = matches!(refund.status, RefundStatus::Requested | RefundStatus::Sent | RefundStatus::Unknown);
            if is_new {
                fail(scope, books, refund, report.reason.clone());
            }
            is_new
        }
        (true, None) => {
            let Some(sent) = refund.step(RefundStep::Accept, scope.now) else { return false };
            let next_at = Some(scope.now.plus(scope.rules.payments.poll_interval));
            books.put_refund(scope, Refund { next_at, ..sent });
            true
        }
        // A channel that was just told of it and knows nothing: the try failed.
        (false, _) if refund.status == RefundStatus::Requested => {
            fail(scope, books, refund, Some(Arc::from("the channel does not know the refund")));
            true
        }
        // Never carried out: the same key is sent again.
        (false, _) => {
            if !matches!(refund.status, RefundStatus::Sent | RefundStatus::Unknown) {
                return false;
            }
            let Some(again) = refund.step(RefundStep::Retry, scope.now) else { return false };
            books.put_refund(scope, Refund { next_at: None, ..again });
            scope.send(refund.order, Task::SendRefund(refund.id));
            true
        }
    }
}

fn succeed(
    scope: &mut Scope<'_>,
    books: &mut Books,
    refund: &Refund,
    step: RefundStep,
    transaction: Option<Arc<str>>,
    note: Option<Arc<str>>,
) -> bool {
    let Some(done) = refund.step(step, scope.now) else { return false };
    let note_kept = note.clone().or_else(|| done.note.clone());
    books.put_refund(scope, Refund { next_at: None, transaction, note: note_kept, ..done });
    let payment = scope.payment(refund.payment).cloned().expect("a refund names an attempt of its order");
    let (refunded, refunding) = (payment.refunded + refund.amount, payment.refunding - refund.amount);
    let version = payment.version + 1;
    books.put_payment(
        scope,
        Payment { refunded, refunding, version, updated_at: scope.now, ..payment.as_ref().clone() },
    );
    books.account.refunding -= refund.amount;
    books.account.refunded += refund.amount;
    let succeeded = RefundSucceeded { refund: refund.id, amount: refund.amount, note };
    books.record(scope, Event::RefundSucceeded(succeeded));
    after_sale::decide::complete_refunded(scope, books, refund.id);
    true
}

fn lose_sight(scope: &mut Scope<'_>, books: &mut Books, refund: &Refund) {
    let next_at = Some(scope.now.plus(first_query(scope)));
    if let Some(unknown) = refund.step(RefundStep::LoseSight, scope.now) {
        books.put_refund(scope, Refund { next_at, ..unknown });
    }
}

/// A try failed: another one after a pause, or a person.
fn fail(scope: &mut Scope<'_>, books: &mut Books, refund: &Refund, note: Option<Arc<str>>) {
    let pause = scope.rules.payments.refund_retries.get(refund.tries as usize - 1).copied();
    let step = if pause.is_some() { RefundStep::Fail } else { RefundStep::GiveUp };
    let Some(failed) = refund.step(step, scope.now) else { return };
    let next_at = pause.map(|pause| scope.now.plus(pause));
    books.put_refund(scope, Refund { next_at, note: note.clone(), ..failed });
    let event = RefundFailed { refund: refund.id, tries: refund.tries, is_manual: pause.is_none(), note };
    books.record(scope, Event::RefundFailed(event));
}

/// Asks about, or sends again, every refund of an order that is due.
///
/// # Errors
/// `not_found`.
pub fn work(scope: &mut Scope<'_>, order: OrderId) -> Result<Answer, Refusal> {
    let mut books = Books::open(scope, order)?;
    for refund in books.refunds(scope) {
        if refund.next_at.is_none_or(|due| scope.now < due) {
            continue;
        }
        if refund.status == RefundStatus::Failed {
            send_again(scope, &mut books, &refund);
        } else {
            let next_at = Some(scope.now.plus(scope.rules.payments.poll_interval));
            books.put_refund(scope, Refund { next_at, ..refund.as_ref().clone() });
            scope.send(order, Task::QueryRefund(refund.id));
        }
    }
    books.close(scope);
    Ok(Answer::NothingToDo)
}

fn send_again(scope: &mut Scope<'_>, books: &mut Books, refund: &Refund) -> Option<Arc<Refund>> {
    let again = refund.step(RefundStep::Retry, scope.now)?;
    let again = books.put_refund(scope, Refund { tries: refund.tries + 1, next_at: None, ..again });
    scope.send(refund.order, Task::SendRefund(refund.id));
    Some(again)
}

/// Sends a failed or manual refund again, at once.
///
/// # Errors
/// `not_found`, `refund_state`.
pub fn retry(scope: &mut Scope<'_>, command: RetryRefund) -> Result<Answer, Refusal> {
    let refund = scope.refund(command.refund).cloned().ok_or(Refusal::NotFound { thing: Thing::Refund })?;
    let state = Refusal::RefundState { status: refund.status };
    if !matches!(refund.status, RefundStatus::Failed | RefundStatus::Manual) {
        return Err(state);
    }
    let mut books = Books::open(scope, refund.order)?;
    // A person's retry begins a fresh series of tries.
    let fresh = Refund { tries: 0, ..refund.as_ref().clone() };
    let again = send_again(scope, &mut books, &fresh).ok_or(state)?;
    books.record(scope, Event::RefundRetried(RefundRetried { refund: refund.id, failed_tries: refund.tries }));
    books.close(scope);
    Ok(Answer::Refund(again))
}

/// Settles a failed or manual refund that was paid outside of the channel.
///
/// # Errors
/// `not_found`, `invalid_request` (no note), `refund_state`.
pub fn resolve(scope: &mut Scope<'_>, command: &ResolveRefund) -> Result<Answer, Refusal> {
    let refund = scope.refund(command.refund).cloned().ok_or(Refusal::NotFound { thing: Thing::Refund })?;
    if command.note.trim().is_empty() {
        return Err(Refusal::invalid("/note", "must say how the refund was settled"));
    }
    let mut books = Books::open(scope, refund.order)?;
    let note = Some(Arc::clone(&command.note));
    if !succeed(scope, &mut books, &refund, RefundStep::Resolve, None, note) {
        return Err(Refusal::RefundState { status: refund.status });
    }
    books.close(scope);
    let resolved = scope.refund(command.refund).cloned().expect("just written");
    Ok(Answer::Refund(resolved))
}

fn first_query(scope: &Scope<'_>) -> crate::time::Span {
    scope.rules.payments.first_queries.first().copied().unwrap_or(scope.rules.payments.poll_interval)
}
