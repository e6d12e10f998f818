//! The goods are back: what was found of them decides what follows.
//!
//! What was taken back leaves the buyer; its money goes back, or its replacement may be sent. What was refused stays as it
//! was. Nothing waits for two things at once: an exchange first for its price difference, then for the shop.

use alloc::{format, sync::Arc, vec::Vec};

use crate::{
    after_sale::{
        AfterSale, AfterSaleKind, AfterSaleLine, AfterSaleReceived, AfterSaleStatus, AfterSaleStep, Inspection,
        ReceiveAfterSale,
        claims::units_of,
        decide::{Opened, begin_refund_or_complete, end_rejected},
        replacement,
    },
    answer::Answer,
    event::Event,
    payment::Books,
    refund::{self, RefundCause, RefundLine, decide::GivenBack},
    refusal::Refusal,
    scope::Scope,
    shipment, stock,
};

/// The goods came and were looked at.
///
/// # Errors
/// See the order of refusals of `decide`.
pub fn receive(scope: &mut Scope<'_>, command: &ReceiveAfterSale) -> Result<Answer, Refusal> {
    let mut opened = Opened::new(scope, command.after_sale, command.expected_version)?;
    if !matches!(opened.row.status, AfterSaleStatus::Approved | AfterSaleStatus::Returning) {
        return Err(opened.state());
    }
    inspect(&mut opened.row, command)?;
    let Opened { books, row } = &mut opened;
    take_in(scope, books, row);
    if row.lines.iter().all(|line| line.accepted() == 0) {
        let reason = Arc::from("nothing of what came back was accepted");
        end_rejected(scope, books, row, AfterSaleStep::Refuse, &reason);
    } else {
        if row.held_replacement().is_some() {
            replacement::put_back(scope, books, row, |line| line.refused);
        }
        go_on(scope, books, row);
    }
    Ok(opened.finish(scope))
}

/// Writes down what was found. What is not named did not come.
fn inspect(row: &mut AfterSale, command: &ReceiveAfterSale) -> Result<(), Refusal> {
    if command.lines.is_empty() {
        for line in &mut row.lines {
            find(line, command.outcome, line.quantity);
        }
    }
    for (at, inspected) in command.lines.iter().enumerate() {
        let open = |line: &AfterSaleLine| line.quantity - line.accepted() - line.refused;
        let own = || row.lines.iter().filter(|line| line.line == inspected.line);
        if own().next().is_none() {
            return Err(Refusal::invalid_at(format!("/lines/{at}/line"), "is not a line of the after-sale"));
        }
        let there: u32 = own().map(open).sum();
        let mut left = inspected.quantity.unwrap_or(there);
        if left == 0 || left > there {
            let detail = "must be from 1 to the units of the line that are in the after-sale";
            return Err(Refusal::invalid_at(format!("/lines/{at}/quantity"), detail));
        }
        for line in row.lines.iter_mut().filter(|line| line.line == inspected.line) {
            let units = left.min(open(line));
            find(line, inspected.outcome.unwrap_or(command.outcome), units);
            left -= units;
        }
    }
    for line in &mut row.lines {
        line.refused = line.quantity - line.accepted();
    }
    Ok(())
}

const fn find(line: &mut AfterSaleLine, outcome: Inspection, units: u32) {
    match outcome {
        Inspection::Restock => line.restocked += units,
        Inspection::Scrap => line.scrapped += units,
        Inspection::Refuse => line.refused += units,
    }
}

/// Moves what was taken back: away from the buyer, out of its parcels, and onto the shelf if it can be sold again.
fn take_in(scope: &mut Scope<'_>, books: &mut Books, row: &AfterSale) {
    let received = AfterSaleReceived {
        after_sale: row.id,
        restocked: units_of(row, |line| line.restocked),
        scrapped: units_of(row, |line| line.scrapped),
        refused: units_of(row, |line| line.refused),
    };
    for unit in received.accepted() {
        shipment::decide::settle_delivered(scope, books, unit);
    }
    for unit in &received.restocked {
        let sku = books.order.placed.lines[unit.line].sku.clone();
        stock::decide::take_back(scope, &sku, unit.quantity, books.order.id);
    }
    books.record(scope, Event::AfterSaleReceived(received));
}

/// What follows once goods are back: the money, or the replacement as soon as it is paid for.
pub(crate) fn go_on(scope: &mut Scope<'_>, books: &mut Books, row: &mut AfterSale) {
    let is_exchange = row.kind == AfterSaleKind::Exchange && row.held_replacement().is_some();
    if !is_exchange {
        return give_money_back(scope, books, row);
    }
    let step = if replacement::settle_difference(scope, books, row) {
        AfterSaleStep::BeginReship
    } else {
        AfterSaleStep::AwaitPayment
    };
    row.step(step);
}

/// No replacement will be sent. What came back already is paid for with money.
pub(crate) fn give_replacement_up(scope: &mut Scope<'_>, books: &mut Books, row: &mut AfterSale, reason: &Arc<str>) {
    let has_come_back = matches!(row.status, AfterSaleStatus::Received | AfterSaleStatus::Reshipping);
    if has_come_back {
        replacement::release(scope, books, row, AfterSaleLine::accepted, reason);
        give_money_back(scope, books, row);
    } else {
        replacement::release(scope, books, row, |line| line.quantity, reason);
    }
}

fn give_money_back(scope: &mut Scope<'_>, books: &mut Books, row: &mut AfterSale) {
    let units: Vec<RefundLine> = units_of(row, AfterSaleLine::accepted);
    let (money, points) = row.replacement.as_ref().map_or((0, 0), |leg| (leg.money_back, leg.points_back));
    let reason = Some(Arc::clone(&row.reason));
    let earlier = GivenBack { money, points };
    let refund = refund::decide::give_back_rest(scope, books, &units, earlier, RefundCause::AfterSale, reason);
    row.refunds.extend(refund.map(|refund| refund.id));
    begin_refund_or_complete(scope, books, row);
}
