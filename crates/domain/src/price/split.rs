//! Lines as a whole: what they have left to pay, and how an amount is shared out over some of them.
//!
//! The arithmetic of splitting is `money::split`; this room only says what the weights are.

use alloc::vec::Vec;

use super::PricedLine;
use crate::money;

/// Which share of a line an amount goes to.
#[derive(Clone, Copy, Debug)]
pub(super) enum Share {
    Promotions,
    Coupon,
    Points,
    Shipping,
}

impl Share {
    fn add_to(self, line: &mut PricedLine, amount: i64) {
        *match self {
            Share::Promotions => &mut line.promotions,
            Share::Coupon => &mut line.coupon,
            Share::Points => &mut line.points,
            Share::Shipping => &mut line.shipping,
        } += amount;
    }
}

/// What is left to pay for these lines. Never overflows: the goods of all lines fit an amount.
pub(super) fn payable<'a>(lines: impl IntoIterator<Item = &'a PricedLine>) -> i64 {
    lines.into_iter().map(PricedLine::payable).sum()
}

/// Shares `amount` out over the lines at `places`, in proportion to what each has left to pay.
pub(super) fn spread_over(lines: &mut [PricedLine], places: &[usize], share: Share, amount: i64) {
    match places {
        [] => assert!(amount == 0, "an amount is spread over at least one line"),
        [only] => share.add_to(&mut lines[*only], amount),
        _ => {
            let weights: Vec<i64> = places.iter().map(|place| lines[*place].payable()).collect();
            for (place, part) in places.iter().zip(money::split(amount, &weights)) {
                share.add_to(&mut lines[*place], part);
            }
        }
    }
}

/// Shares `amount` out over all lines by `weigh`.
pub(super) fn spread(lines: &mut [PricedLine], share: Share, amount: i64, weigh: fn(&PricedLine) -> i64) {
    if amount == 0 {
        return;
    }
    if let [only] = lines {
        return share.add_to(only, amount);
    }
    let weights: Vec<i64> = lines.iter().map(weigh).collect();
    for (line, part) in lines.iter_mut().zip(money::split(amount, &weights)) {
        share.add_to(line, part);
    }
}
