//! What happens to after-sales when nobody does anything: the review, the goods, the price difference have deadlines.
//!
//! A timer never refuses. Where an approval by deadline finds no stock for the replacement, the after-sale goes on as a return.

use alloc::sync::Arc;

use crate::{
    after_sale::{
        AfterSale, AfterSaleStatus, AfterSaleStep, LegState, ReplacementReleased, decide, receive, replacement,
    },
    answer::Answer,
    event::Event,
    ids::OrderId,
    payment::Books,
    refusal::Refusal,
    rules::ReviewOutcome,
    scope::Scope,
};

/// Does what the after-sales of an order are due for.
///
/// # Errors
/// `not_found`.
pub fn work(scope: &mut Scope<'_>, order: OrderId) -> Result<Answer, Refusal> {
    let mut books = Books::open(scope, order)?;
    for row in books.after_sales(scope) {
        if row.due().is_some_and(|due| due <= scope.now) {
            let mut row = Arc::unwrap_or_clone(row);
            meet_deadline(scope, &mut books, &mut row);
            decide::put(scope, &mut books, row);
        }
    }
    Ok(Answer::Order(books.close(scope)))
}

fn meet_deadline(scope: &mut Scope<'_>, books: &mut Books, row: &mut AfterSale) {
    match row.status {
        AfterSaleStatus::Requested => review(scope, books, row),
        AfterSaleStatus::Approved if row.ship_back_by.is_some_and(|due| due <= scope.now) => {
            decide::end_withdrawn(scope, books, row);
        }
        _ => receive::give_replacement_up(scope, books, row, &Arc::from("the price difference was not paid in time")),
    }
}

fn review(scope: &mut Scope<'_>, books: &mut Books, row: &mut AfterSale) {
    if scope.rules.after_sales.review_outcome == ReviewOutcome::Reject {
        let reason = Arc::from("it was not reviewed in time");
        return decide::end_rejected(scope, books, row, AfterSaleStep::Reject, &reason);
    }
    let is_short = replacement::take(scope, books, row).is_err();
    decide::agree(scope, books, row);
    if is_short && let Some(leg) = &mut row.replacement {
        leg.state = LegState::Released;
        let reason = Arc::from("there is no stock for the replacement");
        books.record(scope, Event::ReplacementReleased(ReplacementReleased { after_sale: row.id, reason }));
    }
}
