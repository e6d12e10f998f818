//! The stored form of a price: short (zeros are left out), readable, and read back as it was.

use ordain_domain::{
    catalog::{CouponKind, PromotionKind},
    price::{Price, PriceRefusal, PricedLine},
};
use serde_json::json;

use crate::shop::{basket, coupon, promotion, sku};

#[test]
fn a_plain_line_stores_no_zeros_and_all_shares_come_back() {
    let plain = basket(&[("a", 2)]).priced();
    let line = json!({"sku": "a", "title": "a", "unit_price": 100, "quantity": 2, "goods": 200});
    assert_eq!(serde_json::to_value(&plain.lines[0]).unwrap(), line);
    assert_eq!(serde_json::to_value(&plain.price).unwrap(), json!({"goods": 200, "total": 200}));

    let full = basket(&[("a", 2)])
        .promoted([promotion("tenth", PromotionKind::PercentOff { percent: 10 })])
        .coupon(coupon(CouponKind::AmountOff { amount: 30 }))
        .points(50)
        .shipping(9, 0)
        .priced();
    let line = json!({"sku": "a", "title": "a", "unit_price": 100, "quantity": 2, "goods": 200,
        "promotions": 20, "coupon": 30, "points": 50, "shipping": 9});
    let price = json!({"goods": 200, "promotions": 20, "coupon": 30, "points": 50, "shipping": 9, "total": 109,
        "applied": [{"kind": "promotion", "id": "tenth", "amount": 20}, {"kind": "coupon", "id": "welcome", "amount": 30},
            {"kind": "points", "id": "points", "amount": 50}]});
    assert_eq!(serde_json::to_value(&full.lines[0]).unwrap(), line);
    assert_eq!(serde_json::to_value(&full.price).unwrap(), price);

    for quote in [plain, full] {
        let stored = serde_json::to_string(&(&quote.lines, &quote.price)).unwrap();
        let (lines, price): (Vec<PricedLine>, Price) = serde_json::from_str(&stored).unwrap();
        assert_eq!((lines, price), (quote.lines, quote.price));
    }
}

#[test]
fn a_refusal_is_read_back_as_it_was() {
    let refusal = PriceRefusal::UnknownSku { line: 3, sku: sku("x") };
    let stored = json!({"unknown_sku": {"line": 3, "sku": "x"}});
    assert_eq!(serde_json::to_value(&refusal).unwrap(), stored);
    assert_eq!(serde_json::from_value::<PriceRefusal>(stored).unwrap(), refusal);
}
