//! Why a request has no price, and which reason is told when there are several.

use ordain_domain::{
    catalog::{CouponKind, CouponTemplate, Product, ProductStatus},
    money::{AMOUNT_MAX, Currency},
    price::{CouponReason, PriceRefusal},
    time::Timestamp,
};

use crate::shop::{Basket, Lines, NOW, basket, coupon, currency, product, sku};

/// The shop with a product that is not sold and two in another currency.
fn shop(lines: Lines<'_>) -> Basket {
    let mut basket = basket(lines);
    let inactive = || Product { status: ProductStatus::Inactive, ..product("old", 100) };
    basket.catalog.put_product(inactive());
    basket.catalog.put_product(Product { currency: currency("EUR"), ..product("foreign", 1_000_000_000_000) });
    basket.catalog.put_product(Product { sku: sku("old-foreign"), currency: currency("EUR"), ..inactive() });
    basket
}

fn unknown(line: usize) -> PriceRefusal {
    PriceRefusal::UnknownSku { line, sku: sku("x") }
}

fn mismatch(line: usize) -> PriceRefusal {
    PriceRefusal::CurrencyMismatch { line, sku: sku("foreign"), currency: currency("EUR") }
}

fn not_sellable(line: usize, name: &str) -> PriceRefusal {
    PriceRefusal::SkuNotSellable { line, sku: sku(name) }
}

#[test]
fn lines_are_refused_by_the_first_that_is_wrong() {
    let overflow = |line| PriceRefusal::AmountOverflow { line };
    let table: Vec<(Lines<'_>, PriceRefusal)> = vec![
        (&[("x", 1)], unknown(0)),
        (&[("a", 1), ("old", 1)], not_sellable(1, "old")),
        (&[("a", 1), ("old-foreign", 1)], not_sellable(1, "old-foreign")),
        (&[("foreign", 1)], mismatch(0)),
        (&[("foreign", 1_000_000)], mismatch(0)),
        (&[("dear", 9_008)], overflow(0)),
        (&[("dear", 9_007), ("a", 1), ("dear", 1), ("a", 1)], overflow(2)),
        (&[("a", 1), ("foreign", 1), ("x", 1)], mismatch(1)),
        (&[("dear", 9_008), ("x", 1)], overflow(0)),
        (&[("x", 1), ("dear", 9_008)], unknown(0)),
    ];
    for (lines, expected) in table {
        assert_eq!(shop(lines).quote(), Err(expected), "{lines:?}");
    }
}

#[test]
fn the_fee_counts_towards_the_greatest_amount() {
    let goods = 9_007_000_000_000_000;
    let order = shop(&[("dear", 9_007)]);
    assert_eq!(order.clone().shipping(AMOUNT_MAX - goods, 0).priced().price.total, AMOUNT_MAX);
    let refusal = order.shipping(AMOUNT_MAX - goods + 1, 0).quote();
    assert_eq!(refusal, Err(PriceRefusal::AmountOverflow { line: 0 }));
}

/// Columns: what differs from a coupon that fits, and the reason. The order is 433 of goods.
#[test]
fn coupons_are_refused_by_the_first_reason_in_the_documented_order() {
    use CouponReason::{BelowMinimumSpend, Expired, NotYetValid, OtherCurrency};
    let base = || coupon(CouponKind::AmountOff { amount: 5 });
    let later = Timestamp(NOW.0 + 1);
    let short = BelowMinimumSpend { minimum_spend: 434, goods: 433 };
    let table: Vec<(CouponTemplate, Option<CouponReason>)> = vec![
        (CouponTemplate { valid_from: NOW, valid_until: later, minimum_spend: 433, ..base() }, None),
        (CouponTemplate { currency: None, kind: CouponKind::FreeShipping, ..base() }, None),
        (CouponTemplate { valid_from: later, ..base() }, Some(NotYetValid)),
        (CouponTemplate { valid_until: NOW, ..base() }, Some(Expired)),
        (CouponTemplate { currency: Currency::new("EUR"), ..base() }, Some(OtherCurrency)),
        (CouponTemplate { minimum_spend: 434, ..base() }, Some(short)),
        (CouponTemplate { minimum_spend: 434, kind: CouponKind::FreeShipping, ..base() }, Some(short)),
        (CouponTemplate { currency: Currency::new("EUR"), minimum_spend: 434, ..base() }, Some(OtherCurrency)),
        (CouponTemplate { valid_until: NOW, currency: Currency::new("EUR"), ..base() }, Some(Expired)),
    ];
    for (coupon, expected) in table {
        let found = shop(&[("a", 1), ("b", 1)]).coupon(coupon.clone()).quote().err();
        assert_eq!(found, expected.map(|reason| PriceRefusal::CouponNotUsable { reason }), "{coupon:?}");
    }
}

#[test]
fn more_points_than_goods_are_refused_after_lines_and_coupon() {
    let exceed = |payable| Err(PriceRefusal::PointsExceedPayable { payable });
    let plain = || shop(&[("a", 1)]);
    let expired = CouponTemplate { valid_until: NOW, ..coupon(CouponKind::FreeShipping) };
    assert_eq!(plain().points(101).shipping(50, 0).quote(), exceed(100));
    assert_eq!(plain().points(91).coupon(coupon(CouponKind::AmountOff { amount: 10 })).quote(), exceed(90));
    assert_eq!(shop(&[("free", 1)]).points(1).quote(), exceed(0));
    let reason = CouponReason::Expired;
    assert_eq!(plain().points(101).coupon(expired.clone()).quote(), Err(PriceRefusal::CouponNotUsable { reason }));
    assert_eq!(shop(&[("x", 1)]).points(101).coupon(expired).quote(), Err(unknown(0)));
}

#[test]
#[should_panic(expected = "a request has at least one line")]
fn a_request_without_lines_is_a_bug() {
    let _ = shop(&[]).quote();
}

#[test]
#[should_panic(expected = "a quantity is within its bounds")]
fn a_quantity_of_zero_is_a_bug() {
    let _ = shop(&[("a", 0)]).quote();
}
