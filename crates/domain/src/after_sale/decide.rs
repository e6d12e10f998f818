//! Decisions on after-sales: opening one, and the shop's and the buyer's steps up to the goods being on their way back.
//!
//! Order of refusals of opening: `not_found`, `version_mismatch`, `order_state` (nothing of the order was shipped),
//! `invalid_request` (no lines, too many, no such line, a quantity; a replacement without an exchange), `after_sale_state`
//! (the units are in another one), `unknown_sku`, `sku_not_sellable`, `invalid_request` (currency, amount). Of each step:
//! `not_found`, `version_mismatch`, `after_sale_state`; then of an approval `insufficient_stock`, of a receipt
//! `invalid_request` (lines).

use alloc::{collections::BTreeMap, format, sync::Arc, vec::Vec};

use crate::{
    after_sale::{
        AfterSale, AfterSaleApproved, AfterSaleClosed, AfterSaleKind, AfterSaleOpened, AfterSaleRejected,
        AfterSaleRequestLine, AfterSaleReshipped, AfterSaleShippedBack, AfterSaleStatus, AfterSaleStep,
        AfterSaleWithdrawn, ApproveAfterSale, LegState, OpenAfterSale, RejectAfterSale, ReshipAfterSale,
        ShipBackAfterSale, WithdrawAfterSale,
        claims::{self, Claims, Verdict},
        receive, replacement,
    },
    answer::Answer,
    event::Event,
    ids::{AfterSaleId, RefundId},
    payment::{Books, Payment},
    refund::{self, RefundCause, RefundLine, RefundStatus},
    refusal::{Refusal, Thing},
    scope::Scope,
    shipment::{self, Shipment},
};

pub use super::{deadlines::work, receive::receive};

/// Most after-sales of one order.
pub const AFTER_SALES_MAX: usize = 100;

/// Opens an after-sale.
///
/// # Errors
/// See the order of refusals above.
pub fn open(scope: &mut Scope<'_>, command: &OpenAfterSale) -> Result<Answer, Refusal> {
    let mut books = Books::open(scope, command.order)?;
    Refusal::check_version(command.expected_version, books.order.version)?;
    if books.order.quantities.iter().all(|line| line.shipped + line.delivered + line.confirmed == 0) {
        return Err(Refusal::OrderState { status: books.order.status });
    }
    check_lines(scope, &books, command)?;
    let is_exchange = command.kind == AfterSaleKind::Exchange;
    let lines = replacement::priced_lines(scope, &books, &command.lines, is_exchange)?;
    let id = AfterSaleId::from_number(scope.mint.next(scope.now, command.order.bucket()));
    let review_due_at = scope.now.plus(scope.rules.after_sales.review_within);
    let after_sale = AfterSale {
        id,
        order: command.order,
        kind: command.kind,
        status: AfterSaleStatus::Requested,
        replacement: is_exchange.then(|| replacement::wanted(&lines)),
        lines,
        reason: Arc::clone(&command.reason),
        review_due_at,
        ship_back_by: None,
        return_address: None,
        sent_back: None,
        refunds: Vec::new(),
        note: None,
        version: 1,
        created_at: scope.now,
        updated_at: scope.now,
    };
    books.account.after_sales.push(id);
    let after_sale = books.put_after_sale(scope, after_sale);
    let opened = AfterSaleOpened {
        after_sale: id,
        kind: command.kind,
        lines: command.lines.clone(),
        reason: Arc::clone(&command.reason),
        review_due_at,
    };
    books.record(scope, Event::AfterSaleOpened(opened));
    books.close(scope);
    Ok(Answer::AfterSale(after_sale))
}

fn check_lines(scope: &Scope<'_>, books: &Books, command: &OpenAfterSale) -> Result<(), Refusal> {
    if command.lines.is_empty() {
        return Err(Refusal::invalid("/lines", "must name at least one unit"));
    }
    if command.lines.len() > scope.rules.lines_max as usize {
        return Err(Refusal::invalid("/lines", "has more lines than an order may have"));
    }
    if books.account.after_sales.len() >= AFTER_SALES_MAX {
        return Err(Refusal::invalid("/lines", "the order has 100 after-sales, which is as many as it may have"));
    }
    let mut sums: BTreeMap<usize, u32> = BTreeMap::new();
    for (at, entry) in command.lines.iter().enumerate() {
        check_entry(books, command.kind, at, entry)?;
        let sum = sums.entry(entry.line).or_insert(0);
        *sum = sum.saturating_add(entry.quantity);
    }
    let after_sales = books.after_sales(scope);
    let claims = Claims::of(&after_sales);
    for (line, units) in sums {
        let claim = claims.get(&line).copied().unwrap_or_default();
        match claims::judge(claim, &books.order.quantities[line], command.kind, units) {
            Verdict::Free => {}
            Verdict::TooMany => {
                let at = command.lines.iter().position(|entry| entry.line == line).unwrap_or(0);
                let detail = "must be from 1 to the units of the line that the buyer has, or for a refund was sent";
                return Err(Refusal::invalid_at(format!("/lines/{at}/quantity"), detail));
            }
            Verdict::Claimed => {
                let other = after_sales
                    .iter()
                    .find(|other| other.status.claims_units() && other.lines.iter().any(|entry| entry.line == line));
                let status = other.map_or(AfterSaleStatus::Requested, |other| other.status);
                return Err(Refusal::AfterSaleState { status });
            }
        }
    }
    Ok(())
}

fn check_entry(books: &Books, kind: AfterSaleKind, at: usize, entry: &AfterSaleRequestLine) -> Result<(), Refusal> {
    if entry.line >= books.order.quantities.len() {
        return Err(Refusal::invalid_at(format!("/lines/{at}/line"), "is not a line of the order"));
    }
    if entry.quantity == 0 {
        return Err(Refusal::invalid_at(format!("/lines/{at}/quantity"), "must be at least 1"));
    }
    if kind != AfterSaleKind::Exchange && entry.replacement.is_some() {
        let pointer = format!("/lines/{at}/replacement_sku");
        return Err(Refusal::invalid_at(pointer, "is only for an exchange"));
    }
    Ok(())
}

/// An after-sale that a command is about, with its books, ready to be changed.
pub(crate) struct Opened {
    pub(crate) books: Books,
    pub(crate) row: AfterSale,
}

impl Opened {
    /// # Errors
    /// `not_found`, `version_mismatch`.
    pub(crate) fn new(scope: &Scope<'_>, id: AfterSaleId, expected_version: Option<u64>) -> Result<Opened, Refusal> {
        let row = scope.after_sale(id).cloned().ok_or(Refusal::NotFound { thing: Thing::AfterSale })?;
        Refusal::check_version(expected_version, row.version)?;
        let books = Books::open(scope, row.order)?;
        Ok(Opened { books, row: Arc::unwrap_or_clone(row) })
    }

    pub(crate) const fn state(&self) -> Refusal {
        Refusal::AfterSaleState { status: self.row.status }
    }

    /// Writes it and closes the books.
    pub(crate) fn finish(mut self, scope: &mut Scope<'_>) -> Answer {
        let row = put(scope, &mut self.books, self.row);
        self.books.close(scope);
        Answer::AfterSale(row)
    }
}

/// Writes a changed after-sale.
pub(crate) fn put(scope: &mut Scope<'_>, books: &mut Books, row: AfterSale) -> Arc<AfterSale> {
    let changed = AfterSale { version: row.version + 1, updated_at: scope.now, ..row };
    books.put_after_sale(scope, changed)
}

/// The shop agrees.
///
/// # Errors
/// See the order of refusals above.
pub fn approve(scope: &mut Scope<'_>, command: &ApproveAfterSale) -> Result<Answer, Refusal> {
    let mut opened = Opened::new(scope, command.after_sale, command.expected_version)?;
    if opened.row.status != AfterSaleStatus::Requested {
        return Err(opened.state());
    }
    opened.row.return_address.clone_from(&command.return_address);
    replacement::take(scope, &mut opened.books, &mut opened.row)?;
    agree(scope, &mut opened.books, &mut opened.row);
    Ok(opened.finish(scope))
}

/// What an approval brings once the replacement is held, or given up.
pub(crate) fn agree(scope: &mut Scope<'_>, books: &mut Books, row: &mut AfterSale) {
    let to_pay = row.held_replacement().map_or(0, |leg| leg.difference.max(0));
    let given_up = if row.kind == AfterSaleKind::Refund { part_units(scope, books, row) } else { Vec::new() };
    let kept = claims::units_of(row, |line| line.kept);
    for unit in &given_up {
        shipment::decide::settle(scope, books, *unit, Shipment::is_on_its_way);
    }
    for unit in &kept {
        shipment::decide::settle_delivered(scope, books, *unit);
    }
    let approved = AfterSaleApproved { after_sale: row.id, given_up, kept, to_pay };
    books.record(scope, Event::AfterSaleApproved(approved));
    if row.kind == AfterSaleKind::Refund {
        let units = claims::units_of(row, |line| line.quantity);
        let reason = Some(Arc::clone(&row.reason));
        let refund = refund::decide::give_back_units(scope, books, &units, RefundCause::AfterSale, reason);
        row.refunds.extend(refund.map(|refund| refund.id));
        begin_refund_or_complete(scope, books, row);
    } else {
        row.ship_back_by = Some(scope.now.plus(scope.rules.after_sales.ship_back_within));
        row.step(AfterSaleStep::Approve);
    }
}

/// Says which units the buyer keeps and answers those that are given up on their way.
fn part_units(scope: &Scope<'_>, books: &Books, row: &mut AfterSale) -> Vec<RefundLine> {
    let mut others = books.after_sales(scope);
    others.retain(|other| other.id != row.id);
    let claims = Claims::of(&others);
    let mut given_up = Vec::new();
    for unit in claims::units_of(row, |line| line.quantity) {
        let claim = claims.get(&unit.line).copied().unwrap_or_default();
        let quantities = &books.order.quantities[unit.line];
        let (mut kept, quantity) = claims::keep_or_give_up(claim, quantities, unit.quantity);
        for line in row.lines.iter_mut().filter(|line| line.line == unit.line) {
            line.kept = kept.min(line.quantity);
            kept -= line.kept;
        }
        if quantity > 0 {
            given_up.push(RefundLine { line: unit.line, quantity });
        }
    }
    given_up
}

/// Waits for the money to be back, or ends where there is none to wait for.
pub(crate) fn begin_refund_or_complete(scope: &mut Scope<'_>, books: &mut Books, row: &mut AfterSale) {
    let is_refunding =
        row.refunds.iter().any(|id| scope.refund(*id).is_some_and(|refund| refund.status != RefundStatus::Succeeded));
    if is_refunding {
        row.step(AfterSaleStep::BeginRefund);
    } else {
        complete(scope, books, row);
    }
}

fn complete(scope: &mut Scope<'_>, books: &mut Books, row: &mut AfterSale) {
    row.step(AfterSaleStep::Complete);
    let refunded = row.refunds.iter().filter_map(|id| scope.refund(*id)).map(|refund| refund.amount).sum();
    books.record(scope, Event::AfterSaleClosed(AfterSaleClosed { after_sale: row.id, refunded }));
}

/// A refund succeeded: the after-sale that waited for it alone is done.
pub(crate) fn complete_refunded(scope: &mut Scope<'_>, books: &mut Books, refund: RefundId) {
    let own = books.after_sales(scope).into_iter().find(|row| row.refunds.contains(&refund));
    let Some(mut row) = own.filter(|row| row.status == AfterSaleStatus::Refunding).map(Arc::unwrap_or_clone) else {
        return;
    };
    begin_refund_or_complete(scope, books, &mut row);
    if row.status == AfterSaleStatus::Completed {
        put(scope, books, row);
    }
}

/// The shop does not agree; or what was sent back never came; or the replacement cannot be sent, and money goes back instead.
///
/// # Errors
/// See the order of refusals above.
pub fn reject(scope: &mut Scope<'_>, command: &RejectAfterSale) -> Result<Answer, Refusal> {
    let mut opened = Opened::new(scope, command.after_sale, command.expected_version)?;
    opened.row.note = Some(Arc::clone(&command.reason));
    let Opened { books, row } = &mut opened;
    match row.status {
        AfterSaleStatus::Requested | AfterSaleStatus::Returning => {
            end_rejected(scope, books, row, AfterSaleStep::Reject, &command.reason);
        }
        AfterSaleStatus::Received | AfterSaleStatus::Reshipping => {
            receive::give_replacement_up(scope, books, row, &command.reason);
        }
        _ => return Err(opened.state()),
    }
    Ok(opened.finish(scope))
}

/// Ends without anything having come back: what was held for it is released.
pub(crate) fn end_rejected(
    scope: &mut Scope<'_>,
    books: &mut Books,
    row: &mut AfterSale,
    step: AfterSaleStep,
    reason: &Arc<str>,
) {
    replacement::release(scope, books, row, |line| line.quantity, reason);
    row.step(step);
    row.note = Some(Arc::clone(reason));
    let rejected = AfterSaleRejected { after_sale: row.id, reason: Arc::clone(reason) };
    books.record(scope, Event::AfterSaleRejected(rejected));
}

/// The buyer wants it no longer.
///
/// # Errors
/// See the order of refusals above.
pub fn withdraw(scope: &mut Scope<'_>, command: WithdrawAfterSale) -> Result<Answer, Refusal> {
    let mut opened = Opened::new(scope, command.after_sale, command.expected_version)?;
    if !matches!(opened.row.status, AfterSaleStatus::Requested | AfterSaleStatus::Approved) {
        return Err(opened.state());
    }
    end_withdrawn(scope, &mut opened.books, &mut opened.row);
    Ok(opened.finish(scope))
}

pub(crate) fn end_withdrawn(scope: &mut Scope<'_>, books: &mut Books, row: &mut AfterSale) {
    replacement::release(scope, books, row, |line| line.quantity, &Arc::from("the after-sale was withdrawn"));
    row.step(AfterSaleStep::Withdraw);
    books.record(scope, Event::AfterSaleWithdrawn(AfterSaleWithdrawn { after_sale: row.id }));
}

/// A parcel came back to the shop: after-sales of units that are no longer there end, the youngest first.
pub(crate) fn end_uncovered(scope: &mut Scope<'_>, books: &mut Books) {
    let reason = Arc::from("the carrier brought the units back to the shop");
    loop {
        let rows = books.after_sales(scope);
        let claims = Claims::of(&rows);
        let short = |line: &usize| !claims[line].are_covered(&books.order.quantities[*line]);
        let Some(line) = claims.keys().copied().find(short) else { return };
        let claims_line =
            |row: &&Arc<AfterSale>| row.status.claims_units() && row.lines.iter().any(|entry| entry.line == line);
        let Some(row) = rows.iter().rev().find(claims_line) else { return };
        let mut row = row.as_ref().clone();
        end_rejected(scope, books, &mut row, AfterSaleStep::Refuse, &reason);
        put(scope, books, row);
    }
}

/// The buyer sent the goods back.
///
/// # Errors
/// See the order of refusals above.
pub fn ship_back(scope: &mut Scope<'_>, command: &ShipBackAfterSale) -> Result<Answer, Refusal> {
    let mut opened = Opened::new(scope, command.after_sale, command.expected_version)?;
    if !opened.row.step(AfterSaleStep::ShipBack) {
        return Err(opened.state());
    }
    opened.row.sent_back = Some(command.consignment.clone());
    let shipped = AfterSaleShippedBack { after_sale: opened.row.id, consignment: command.consignment.clone() };
    opened.books.record(scope, Event::AfterSaleShippedBack(shipped));
    Ok(opened.finish(scope))
}

/// The shop sent the replacement.
///
/// # Errors
/// See the order of refusals above.
pub fn reship(scope: &mut Scope<'_>, command: &ReshipAfterSale) -> Result<Answer, Refusal> {
    let mut opened = Opened::new(scope, command.after_sale, command.expected_version)?;
    if opened.row.status != AfterSaleStatus::Reshipping {
        return Err(opened.state());
    }
    if let Some(leg) = &mut opened.row.replacement {
        (leg.state, leg.sent) = (LegState::Sent, Some(command.consignment.clone()));
    }
    let reshipped = AfterSaleReshipped { after_sale: opened.row.id, consignment: command.consignment.clone() };
    opened.books.record(scope, Event::AfterSaleReshipped(reshipped));
    begin_refund_or_complete(scope, &mut opened.books, &mut opened.row);
    Ok(opened.finish(scope))
}

/// Takes money that came for a price difference. False when nobody waits for it (any more).
pub(crate) fn take_difference(scope: &mut Scope<'_>, books: &mut Books, payment: &Payment) -> bool {
    let Some(row) = payment.after_sale.and_then(|id| scope.after_sale(id).cloned()) else { return false };
    let mut row = Arc::unwrap_or_clone(row);
    if !replacement::take_difference(scope, books, &mut row, payment) {
        return false;
    }
    if row.status == AfterSaleStatus::Received {
        receive::go_on(scope, books, &mut row);
    }
    put(scope, books, row);
    true
}
