//! Stock on the wire, in units.

use std::borrow::Cow;

use ordain_domain::{
    ids::Sku,
    stock::{AdjustStock, MovementReason, Stock, StockMovement},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{field_errors::FieldErrors, number_text::PrefixedId, problem::Problem, time_text::Rfc3339};

/// Longest reason of an adjustment, in characters.
pub(crate) const REASON_LENGTH_MAX: usize = 200;

/// Receives or writes off units; also adds or takes points.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AdjustmentBody)]
pub(crate) struct AdjustmentBody<'a> {
    /// Positive to add, negative to take, never 0.
    pub(crate) delta: i64,
    /// The operator's own words: 1 to 200 characters.
    #[serde(borrow)]
    #[schema(value_type = String, min_length = 1, max_length = 200)]
    pub(crate) reason: Cow<'a, str>,
}

impl AdjustmentBody<'_> {
    /// The body once its bounds are checked; a delta out of the resource's own bounds is refused by the domain.
    pub(crate) fn checked(self) -> Result<Self, Problem> {
        let mut errors = FieldErrors::new();
        errors.require(self.delta != 0, format_args!("/delta"), "must not be 0");
        errors.text(&self.reason, REASON_LENGTH_MAX, format_args!("/reason"));
        errors.finish(Some(self))
    }

    /// The adjustment of a SKU's stock.
    pub(crate) fn of_stock(self, sku: Sku, expected_version: Option<u64>) -> Result<AdjustStock, Problem> {
        let AdjustmentBody { delta, reason } = self.checked()?;
        Ok(AdjustStock { sku, delta, reason: reason.as_ref().into(), expected_version })
    }
}

/// Stock of one SKU: `available = on_hand - locked`, `on_hand = received + returned - sold`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Stock)]
pub(crate) struct StockView<'a> {
    sku: &'a str,
    /// Units in the building, locked ones included.
    on_hand: i64,
    /// Units held for orders that are not paid yet.
    locked: i64,
    /// Units that can be ordered.
    available: i64,
    /// Units that left for paid orders.
    sold: i64,
    /// Units received less units written off.
    received: i64,
    /// Units that came back from buyers.
    returned: i64,
    /// How often the row was changed.
    version: u64,
}

impl<'a> From<&'a Stock> for StockView<'a> {
    fn from(stock: &'a Stock) -> StockView<'a> {
        StockView {
            sku: stock.sku.as_str(),
            on_hand: stock.on_hand,
            locked: stock.locked,
            available: stock.available(),
            sold: stock.sold,
            received: stock.received,
            returned: stock.returned,
            version: stock.version,
        }
    }
}

/// Why `on_hand` changed.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = MovementReason)]
enum ReasonWord {
    Receive,
    WriteOff,
    Sale,
    Return,
}

/// One entry of a SKU's ledger. `on_hand` is the sum of all deltas.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StockMovement)]
pub(crate) struct MovementView<'a> {
    /// 1, 2, 3, … per SKU.
    number: u64,
    /// Units, never 0.
    delta: i64,
    reason: ReasonWord,
    /// The operator's own words, for adjustments.
    note: Option<&'a str>,
    /// The order, for sales and returns.
    #[schema(value_type = Option<String>)]
    order_id: Option<PrefixedId>,
    /// `on_hand` after the entry.
    on_hand: i64,
    #[schema(value_type = String, format = DateTime)]
    at: Rfc3339,
}

impl<'a> From<&'a StockMovement> for MovementView<'a> {
    fn from(movement: &'a StockMovement) -> MovementView<'a> {
        MovementView {
            number: movement.number,
            delta: movement.delta,
            reason: match movement.reason {
                MovementReason::Receive => ReasonWord::Receive,
                MovementReason::WriteOff => ReasonWord::WriteOff,
                MovementReason::Sale => ReasonWord::Sale,
                MovementReason::Return => ReasonWord::Return,
            },
            note: movement.note.as_deref(),
            order_id: movement.order.map(PrefixedId::from),
            on_hand: movement.on_hand,
            at: Rfc3339(movement.at),
        }
    }
}

/// A page of a SKU's ledger, newest first.
#[derive(Debug, ToSchema)]
#[schema(as = StockMovementPage)]
#[expect(dead_code, reason = "only its schema is used: pages are written by `paging`")]
pub(crate) struct MovementPage<'a> {
    data: Vec<MovementView<'a>>,
    next_cursor: Option<String>,
}
