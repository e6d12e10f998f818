//! Points as part of a payment: one point pays one minor unit of goods, and none of the shipping fee.
//!
//! Whether the buyer has them is not known here (that is `points`, the room beside `price`).

use alloc::{string::String, vec::Vec};

use super::{
    Applied, AppliedKind, PriceRefusal, PricedLine,
    split::{Share, payable, spread},
};

/// Pays with `points` on the lines and tells so.
///
/// # Errors
/// [`PriceRefusal::PointsExceedPayable`]: asked for more than there is to pay is a mistake to be shown, not to be cut.
pub(super) fn apply_points(
    points: i64,
    lines: &mut [PricedLine],
    applied: &mut Vec<Applied>,
) -> Result<(), PriceRefusal> {
    let payable = payable(&*lines);
    if points > payable {
        return Err(PriceRefusal::PointsExceedPayable { payable });
    }
    if points > 0 {
        spread(lines, Share::Points, points, PricedLine::payable);
        applied.push(Applied { kind: AppliedKind::Points, id: String::from("points"), amount: points });
    }
    Ok(())
}
