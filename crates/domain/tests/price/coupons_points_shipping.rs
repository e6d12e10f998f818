//! What comes after promotions: the coupon, points and the shipping fee.

use ordain_domain::{
    catalog::{CouponKind, PromotionKind},
    price::{AppliedKind, Price},
};

use crate::shop::{Basket, basket, coupon, promotion};

/// What was applied: kind, name, amount.
type Told<'a> = Vec<(AppliedKind, &'a str, i64)>;

const HALF: CouponKind = CouponKind::PercentOff { percent: 50 };
const SHIPPING: CouponKind = CouponKind::FreeShipping;

fn fifty_off() -> CouponKind {
    CouponKind::AmountOff { amount: 50 }
}

/// 100 of `a` and 333 of `b`, with 10 % off: 10 and 33, so 390 to pay.
fn promoted() -> Basket {
    basket(&[("a", 1), ("b", 1)]).promoted([promotion("tenth", PromotionKind::PercentOff { percent: 10 })])
}

/// Columns: the order, then goods, promotions, coupon, points, shipping and total.
#[test]
fn each_stage_works_on_what_the_one_before_left() {
    let plain = || basket(&[("a", 1), ("b", 1)]);
    let table = [
        ("nothing", plain(), [433, 0, 0, 0, 0, 433]),
        ("percent coupon, half up", plain().coupon(coupon(HALF)), [433, 0, 217, 0, 0, 216]),
        ("percent coupon after promotions", promoted().coupon(coupon(HALF)), [433, 43, 195, 0, 0, 195]),
        ("amount coupon", promoted().coupon(coupon(fifty_off())), [433, 43, 50, 0, 0, 340]),
        (
            "amount coupon bounded by the goods",
            promoted().coupon(coupon(CouponKind::AmountOff { amount: 391 })).shipping(20, 0),
            [433, 43, 390, 0, 20, 20],
        ),
        ("points", promoted().points(389), [433, 43, 0, 389, 0, 1]),
        ("all points that fit", promoted().coupon(coupon(fifty_off())).points(340), [433, 43, 50, 340, 0, 0]),
        ("a fee", promoted().shipping(499, 0), [433, 43, 0, 0, 499, 889]),
        ("free by amount, reached exactly", promoted().shipping(499, 390), [433, 43, 0, 0, 0, 390]),
        ("not free by amount, one short", promoted().shipping(499, 391), [433, 43, 0, 0, 499, 889]),
        (
            "a coupon and points do not lower the amount for free shipping",
            promoted().shipping(499, 390).coupon(coupon(HALF)).points(5),
            [433, 43, 195, 5, 0, 190],
        ),
        ("points do not pay the fee", promoted().points(390).shipping(499, 0), [433, 43, 0, 390, 499, 499]),
        ("free shipping by coupon", promoted().coupon(coupon(SHIPPING)).shipping(499, 0), [433, 43, 0, 0, 0, 390]),
        ("everything free", basket(&[("free", 2)]).coupon(coupon(HALF)), [0, 0, 0, 0, 0, 0]),
    ];
    for (name, order, expected) in table {
        let Price { goods, promotions, coupon, points, shipping, total, .. } = order.priced().price;
        assert_eq!([goods, promotions, coupon, points, shipping, total], expected, "{name}");
    }
}

#[test]
fn what_was_applied_is_told_in_the_order_of_the_stages() {
    use AppliedKind::{Coupon, Points, Promotion, Shipping};
    let fifty = || coupon(fifty_off());
    let table: Vec<(Basket, Told<'_>)> = vec![
        (basket(&[("a", 1)]), vec![]),
        (
            promoted().coupon(fifty()).points(40).shipping(9, 0),
            vec![(Promotion, "tenth", 43), (Coupon, "welcome", 50), (Points, "points", 40)],
        ),
        (basket(&[("a", 1)]).coupon(coupon(SHIPPING)).shipping(9, 0), vec![(Shipping, "welcome", 9)]),
        (basket(&[("a", 1)]).coupon(coupon(SHIPPING)), vec![(Shipping, "welcome", 0)]),
        (basket(&[("a", 1)]).shipping(9, 100), vec![(Shipping, "free_over", 9)]),
        (
            basket(&[("a", 1)]).coupon(coupon(SHIPPING)).shipping(9, 100),
            vec![(Shipping, "free_over", 9), (Shipping, "welcome", 0)],
        ),
        (basket(&[("free", 1)]).coupon(fifty()), vec![(Coupon, "welcome", 0)]),
    ];
    for (order, expected) in table {
        let applied = order.priced().price.applied;
        let found: Told<'_> =
            applied.iter().map(|applied| (applied.kind, applied.id.as_str(), applied.amount)).collect();
        assert_eq!(found, expected, "{order:?}");
    }
}

/// Columns: the order, then for each line its coupon, points and shipping.
#[test]
fn every_amount_is_split_over_the_lines_by_what_they_have_left_to_pay() {
    let table = [
        // 90 and 300 left. 50: 11.54 and 38.46.
        ("coupon", promoted().coupon(coupon(fifty_off())), vec![[12, 0, 0], [38, 0, 0]]),
        // 78 and 262 left. 100: 22.94 and 77.06.
        ("then points", promoted().coupon(coupon(fifty_off())).points(100), vec![[12, 23, 0], [38, 77, 0]]),
        // 55 and 185 left. 10: 2.29 and 7.71.
        (
            "then the fee",
            promoted().coupon(coupon(fifty_off())).points(100).shipping(10, 0),
            vec![[12, 23, 2], [38, 77, 8]],
        ),
        (
            "a line without payable gets no fee",
            basket(&[("free", 1), ("a", 1)]).shipping(7, 0),
            vec![[0, 0, 0], [0, 0, 7]],
        ),
        // Nothing left to pay: the fee goes by goods. 433: 2.31 and 7.69.
        ("the fee by goods", basket(&[("a", 1), ("b", 1)]).points(433).shipping(10, 0), vec![[0, 100, 2], [0, 333, 8]]),
        (
            "the fee evenly",
            basket(&[("free", 1), ("free", 5), ("free", 1)]).shipping(10, 0),
            vec![[0, 0, 4], [0, 0, 3], [0, 0, 3]],
        ),
    ];
    for (name, order, expected) in table {
        let quote = order.priced();
        let found: Vec<_> = quote.lines.iter().map(|line| [line.coupon, line.points, line.shipping]).collect();
        assert_eq!(found, expected, "{name}");
    }
}
