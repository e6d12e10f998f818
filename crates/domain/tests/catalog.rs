//! The catalog: bounds of its values, the snapshot's promises, and the stored form.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use ordain_domain::{
    catalog::{
        AppliesTo, Catalog, CatalogChange, CouponKind, CouponTemplate, Product, ProductStatus, Promotion,
        PromotionKind, Saving,
    },
    ids::{PromotionId, Sku, TemplateId},
    money::{AMOUNT_MAX, Currency, UNIT_PRICE_MAX},
    time::Timestamp,
};
use proptest::prelude::*;

fn sku(text: &str) -> Sku {
    Sku::new(text).expect("a valid SKU")
}

fn pound() -> Option<Currency> {
    Currency::new("GBP")
}

fn product(text: &str) -> Product {
    Product {
        sku: sku(text),
        title: Arc::from("WHITE HANGING HEART T-LIGHT HOLDER"),
        price: 255,
        currency: Currency::new("GBP").expect("a valid currency"),
        status: ProductStatus::Active,
        weight_grams: None,
        attributes: BTreeMap::new(),
        version: 1,
        updated_at: Timestamp(1_763_683_200_000_000),
    }
}

fn promotion(id: &str, priority: i32, kind: PromotionKind) -> Promotion {
    Promotion {
        id: PromotionId::new(id).expect("a valid id"),
        kind,
        applies_to: AppliesTo::All,
        currency: pound(),
        starts_at: Timestamp(0),
        ends_at: None,
        stackable: true,
        priority,
        version: 1,
    }
}

fn template(kind: CouponKind) -> CouponTemplate {
    CouponTemplate {
        id: TemplateId::new("welcome").expect("a valid id"),
        kind,
        currency: pound(),
        minimum_spend: 0,
        limit_total: None,
        limit_per_user: None,
        valid_from: Timestamp(0),
        valid_until: Timestamp(10),
        version: 1,
    }
}

#[test]
fn products_are_checked_field_by_field() {
    let attributes = |count: usize, key: usize, value: usize| {
        (0..count).map(|number| (format!("{number:0key$}"), "v".repeat(value))).collect::<BTreeMap<_, _>>()
    };
    let base = || product("85123A");
    let table = [
        (base(), None),
        (Product { title: Arc::from(""), ..base() }, Some("/title")),
        (Product { title: Arc::from("é".repeat(200)), ..base() }, None),
        (Product { title: Arc::from("é".repeat(201)), ..base() }, Some("/title")),
        (Product { price: 0, ..base() }, None),
        (Product { price: -1, ..base() }, Some("/price")),
        (Product { price: UNIT_PRICE_MAX, ..base() }, None),
        (Product { price: UNIT_PRICE_MAX + 1, ..base() }, Some("/price")),
        (Product { attributes: attributes(50, 64, 500), ..base() }, None),
        (Product { attributes: attributes(51, 2, 1), ..base() }, Some("/attributes")),
        (Product { attributes: attributes(1, 65, 1), ..base() }, Some("/attributes")),
        (Product { attributes: attributes(1, 1, 501), ..base() }, Some("/attributes")),
        (Product { attributes: [(String::new(), String::new())].into(), ..base() }, Some("/attributes")),
    ];
    for (value, expected) in table {
        assert_eq!(value.check().err().map(|error| error.pointer), expected, "{value:?}");
    }
}

#[test]
fn promotions_are_checked_field_by_field() {
    use PromotionKind::{AmountOff, BuyXGetY, FixedPrice, PercentOff, SpendAndSave};
    let spend = |minimum_spend, saving| SpendAndSave { minimum_spend, saving };
    let kinds = [
        (PercentOff { percent: 1 }, None),
        (PercentOff { percent: 100 }, None),
        (PercentOff { percent: 0 }, Some("/percent")),
        (PercentOff { percent: 101 }, Some("/percent")),
        (AmountOff { amount: 0 }, Some("/amount")),
        (AmountOff { amount: UNIT_PRICE_MAX }, None),
        (AmountOff { amount: UNIT_PRICE_MAX + 1 }, Some("/amount")),
        (FixedPrice { price: 0 }, None),
        (FixedPrice { price: -1 }, Some("/price")),
        (BuyXGetY { buy: 0, get: 1, percent: 100 }, Some("/buy")),
        (BuyXGetY { buy: 1, get: 0, percent: 100 }, Some("/get")),
        (BuyXGetY { buy: 1_000, get: 1_001, percent: 100 }, Some("/get")),
        (BuyXGetY { buy: 1, get: 1, percent: 0 }, Some("/percent")),
        (spend(0, Saving::Amount(1)), Some("/minimum_spend")),
        (spend(AMOUNT_MAX + 1, Saving::Amount(1)), Some("/minimum_spend")),
        (spend(1, Saving::Amount(0)), Some("/amount")),
        (spend(1, Saving::Percent(101)), Some("/percent")),
        (spend(AMOUNT_MAX, Saving::Amount(AMOUNT_MAX)), None),
    ];
    for (kind, expected) in kinds {
        let found = promotion("p", 0, kind).check().err().map(|error| error.pointer);
        assert_eq!(found, expected, "{kind:?}");
    }
    let base = |kind| promotion("p", 0, kind);
    let (percent, amount) = (PercentOff { percent: 5 }, AmountOff { amount: 5 });
    let table = [
        (Promotion { currency: None, ..base(percent) }, None),
        (Promotion { currency: None, ..base(BuyXGetY { buy: 1, get: 1, percent: 5 }) }, None),
        (Promotion { currency: None, ..base(amount) }, Some("/currency")),
        (Promotion { currency: None, ..base(FixedPrice { price: 5 }) }, Some("/currency")),
        (Promotion { currency: None, ..base(spend(5, Saving::Percent(5))) }, Some("/currency")),
        (Promotion { applies_to: AppliesTo::Skus(BTreeSet::new()), ..base(percent) }, Some("/applies_to/skus")),
        (Promotion { applies_to: AppliesTo::Skus([sku("a")].into()), ..base(percent) }, None),
        (Promotion { ends_at: Some(Timestamp(0)), ..base(percent) }, Some("/ends_at")),
        (Promotion { ends_at: Some(Timestamp(1)), ..base(percent) }, None),
    ];
    for (value, expected) in table {
        assert_eq!(value.check().err().map(|error| error.pointer), expected, "{value:?}");
    }
}

#[test]
fn coupon_templates_are_checked_field_by_field() {
    let base = || template(CouponKind::PercentOff { percent: 10 });
    let table = [
        (base(), None),
        (template(CouponKind::FreeShipping), None),
        (template(CouponKind::PercentOff { percent: 0 }), Some("/percent")),
        (template(CouponKind::AmountOff { amount: 0 }), Some("/amount")),
        (template(CouponKind::AmountOff { amount: AMOUNT_MAX }), None),
        (CouponTemplate { minimum_spend: -1, ..base() }, Some("/minimum_spend")),
        (CouponTemplate { currency: None, ..base() }, None),
        (CouponTemplate { currency: None, minimum_spend: 1, ..base() }, Some("/currency")),
        (CouponTemplate { currency: None, ..template(CouponKind::AmountOff { amount: 1 }) }, Some("/currency")),
        (CouponTemplate { limit_total: Some(0), ..base() }, Some("/limit_total")),
        (CouponTemplate { limit_total: Some(u64::MAX), ..base() }, Some("/limit_total")),
        (CouponTemplate { limit_per_user: Some(0), ..base() }, Some("/limit_per_user")),
        (CouponTemplate { valid_until: Timestamp(0), ..base() }, Some("/valid_until")),
    ];
    for (value, expected) in table {
        assert_eq!(value.check().err().map(|error| error.pointer), expected, "{value:?}");
    }
}

#[test]
fn a_promotion_runs_from_its_start_up_to_its_end_in_its_currency() {
    let (pound, euro) = (Currency::new("GBP").unwrap(), Currency::new("EUR").unwrap());
    let timed = Promotion {
        starts_at: Timestamp(10),
        ends_at: Some(Timestamp(20)),
        ..promotion("p", 0, PromotionKind::PercentOff { percent: 5 })
    };
    let endless = Promotion { ends_at: None, currency: None, ..timed.clone() };
    let table = [
        (&timed, 9, pound, false),
        (&timed, 10, pound, true),
        (&timed, 19, pound, true),
        (&timed, 20, pound, false),
        (&timed, 15, euro, false),
        (&endless, 9, euro, false),
        (&endless, i64::MAX, euro, true),
    ];
    for (value, now, currency, expected) in table {
        assert_eq!(value.is_running(Timestamp(now), currency), expected, "{now} {currency}");
    }
}

#[test]
fn promotions_are_listed_by_priority_and_then_by_id() {
    let percent = PromotionKind::PercentOff { percent: 5 };
    let mut catalog = Catalog::new();
    for (id, priority) in [("b", 1), ("a", 1), ("z", 9), ("m", -3), ("b", -3)] {
        catalog.put_promotion(promotion(id, priority, percent));
    }
    let found: Vec<&str> = catalog.promotions().iter().map(|promotion| promotion.id.as_str()).collect();
    assert_eq!(found, ["z", "a", "b", "m"], "the second b replaced the first");
    assert_eq!(catalog.promotion(&PromotionId::new("b").unwrap()).unwrap().priority, -3);
    assert!(catalog.promotion(&PromotionId::new("c").unwrap()).is_none());
}

#[test]
fn a_clone_does_not_see_later_changes() {
    let mut catalog = Catalog::new();
    catalog.put_product(product("a"));
    let before = catalog.clone();
    let change = |price| CatalogChange::Product(Arc::new(Product { price, ..product("a") }));
    catalog.apply(&change(300));
    catalog.apply(&change(300));
    catalog.apply(&CatalogChange::Promotion(Arc::new(promotion("p", 0, PromotionKind::FixedPrice { price: 1 }))));
    catalog.apply(&CatalogChange::Template(Arc::new(template(CouponKind::FreeShipping))));
    catalog.put_product(product("b"));

    assert_eq!(before.product(&sku("a")).unwrap().price, 255);
    assert_eq!((before.len(), before.promotions().len(), before.templates().len()), (1, 0, 0));
    assert_eq!(catalog.product(&sku("a")).unwrap().price, 300);
    assert_eq!((catalog.len(), catalog.promotions().len(), catalog.templates().len()), (2, 1, 1));
    assert!(catalog.template(&TemplateId::new("welcome").unwrap()).is_some());
}

#[test]
fn the_stored_form_is_readable_and_complete() {
    let change = |value: serde_json::Value| serde_json::from_value::<CatalogChange>(value).unwrap();
    let product =
        Product { weight_grams: Some(40), attributes: [("a".into(), "b".into())].into(), ..product("85123A") };
    let spend = PromotionKind::SpendAndSave { minimum_spend: 5_000, saving: Saving::Percent(10) };
    let named = Promotion { applies_to: AppliesTo::Skus([sku("a")].into()), ..promotion("p", 3, spend) };
    let table = [
        (
            CatalogChange::Product(Arc::new(product)),
            serde_json::json!({"product": {"sku": "85123A", "title": "WHITE HANGING HEART T-LIGHT HOLDER", "price": 255,
                "currency": "GBP", "status": "active", "weight_grams": 40, "attributes": {"a": "b"}, "version": 1,
                "updated_at": 1_763_683_200_000_000_i64}}),
        ),
        (
            CatalogChange::Promotion(Arc::new(named)),
            serde_json::json!({"promotion": {"id": "p", "applies_to": {"skus": ["a"]}, "currency": "GBP",
                "kind": {"spend_and_save": {"minimum_spend": 5_000, "saving": {"percent": 10}}},
                "starts_at": 0, "stackable": true, "priority": 3, "version": 1}}),
        ),
        (
            CatalogChange::Promotion(Arc::new(promotion(
                "q",
                0,
                PromotionKind::BuyXGetY { buy: 2, get: 1, percent: 100 },
            ))),
            serde_json::json!({"promotion": {"id": "q", "applies_to": "all", "currency": "GBP",
                "kind": {"buy_x_get_y": {"buy": 2, "get": 1, "percent": 100}},
                "starts_at": 0, "stackable": true, "priority": 0, "version": 1}}),
        ),
        (
            CatalogChange::Template(Arc::new(template(CouponKind::FreeShipping))),
            serde_json::json!({"template": {"id": "welcome", "kind": "free_shipping", "currency": "GBP",
                "minimum_spend": 0, "valid_from": 0, "valid_until": 10, "version": 1}}),
        ),
    ];
    for (value, stored) in table {
        assert_eq!(serde_json::to_value(&value).unwrap(), stored);
        assert_eq!(change(stored), value);
    }
}

proptest! {
    #[test]
    fn products_are_listed_in_the_order_of_their_skus(
        names in prop::collection::vec("[A-Za-z0-9]{1,4}", 0..200),
        after in prop::option::of("[A-Za-z0-9]{1,4}"),
        limit in 0..50_usize,
    ) {
        let mut catalog = Catalog::new();
        for name in &names {
            catalog.put_product(product(name));
        }
        let expected: BTreeSet<Sku> = names.iter().map(|name| sku(name)).collect();
        prop_assert_eq!(catalog.len(), expected.len());
        prop_assert_eq!(catalog.is_empty(), expected.is_empty());
        prop_assert!(catalog.products().map(|product| &product.sku).eq(expected.iter()));

        let after = after.map(|name| sku(&name));
        let page: Vec<&Sku> = catalog.products_after(after.as_ref(), limit).iter().map(|found| &found.sku).collect();
        let later = expected.iter().filter(|name| after.as_ref().is_none_or(|after| *name > after));
        prop_assert_eq!(page, later.take(limit).collect::<Vec<_>>());
    }
}
