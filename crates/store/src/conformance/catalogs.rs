//! Cases: the catalog comes back as it was put.

use std::{collections::BTreeMap, sync::Arc};

use ordain_domain::{
    catalog::{
        AppliesTo, CatalogChange, CouponKind, CouponTemplate, Product, ProductStatus, Promotion, PromotionKind, Saving,
    },
    ids::PromotionId,
    money::{AMOUNT_MAX, UNIT_PRICE_MAX},
    rows::Changes,
    time::Timestamp,
};

use super::{
    Fixture,
    bench::{BEGIN, Bench},
    shop::{operator, pounds, product, put_products, sku, template},
};

fn promotions() -> Vec<CatalogChange> {
    let kinds = [
        PromotionKind::PercentOff { percent: 100 },
        PromotionKind::AmountOff { amount: UNIT_PRICE_MAX },
        PromotionKind::FixedPrice { price: 0 },
        PromotionKind::BuyXGetY { buy: 2, get: 1, percent: 50 },
        PromotionKind::SpendAndSave { minimum_spend: AMOUNT_MAX, saving: Saving::Amount(7) },
        PromotionKind::SpendAndSave { minimum_spend: 1, saving: Saving::Percent(7) },
    ];
    let promotion = |(number, kind): (usize, PromotionKind)| Promotion {
        id: PromotionId::new(&format!("p-{number}")).expect("a valid id"),
        kind,
        applies_to: if number % 2 == 0 { AppliesTo::All } else { AppliesTo::Skus([sku("a"), sku("b")].into()) },
        currency: (number != 3).then(pounds),
        starts_at: Timestamp(-1),
        ends_at: (number > 2).then_some(Timestamp::MAX),
        stackable: number % 2 == 1,
        priority: 3 - i32::try_from(number).expect("small"),
        version: 1,
    };
    kinds.into_iter().enumerate().map(promotion).map(|value| CatalogChange::Promotion(Arc::new(value))).collect()
}

fn templates() -> Vec<CatalogChange> {
    let kinds =
        [CouponKind::PercentOff { percent: 1 }, CouponKind::AmountOff { amount: AMOUNT_MAX }, CouponKind::FreeShipping];
    let full = |(number, kind): (usize, CouponKind)| CouponTemplate {
        minimum_spend: 12,
        limit_total: Some(AMOUNT_MAX as u64),
        limit_per_user: Some(u32::MAX),
        valid_from: Timestamp(-5),
        version: 1,
        ..template(&format!("t-{number}"), kind)
    };
    kinds.into_iter().enumerate().map(full).map(|value| CatalogChange::Template(Arc::new(value))).collect()
}

fn products() -> Vec<CatalogChange> {
    let bare = Product { version: 1, ..product("bare", 0) };
    let full = Product {
        title: Arc::from("Ünïcode \"quotes\" 'apostrophes' \\ \n 🎁"),
        status: ProductStatus::Inactive,
        weight_grams: Some(u32::MAX),
        attributes: BTreeMap::from([("colour".to_owned(), "red".to_owned()), ("🎨".to_owned(), String::new())]),
        version: u32::MAX,
        updated_at: BEGIN,
        ..product("full", UNIT_PRICE_MAX)
    };
    [bare, full].map(|value| CatalogChange::Product(Arc::new(value))).into()
}

/// Products, promotions and templates of every kind, with every field set and with every field left out.
pub fn values_come_back_whole<F: Fixture>() {
    let mut bench = Bench::<F>::empty();
    let catalog = [products(), promotions(), templates()].concat();
    let changes = Changes { catalog, ..Changes::default() };
    bench.commit(&changes, &[], &[]).expect("a catalog can be committed");
    bench.compare();
    bench.reopen();
    bench.compare();
}

/// Values are replaced by name, within a commit and over several.
pub fn the_last_value_of_a_name_counts<F: Fixture>() {
    let mut bench = Bench::<F>::shop();
    for price in [5, 4, 3] {
        let products = vec![product("a", price + 100), product("b", price), product("a", price)];
        bench.accept(&operator(put_products(products)));
        bench.compare();
    }
    let later = [1, 2].map(|price| CatalogChange::Product(Arc::new(product("a", price))));
    let changes = Changes { catalog: later.into(), ..Changes::default() };
    bench.commit(&changes, &[], &[]).expect("a catalog can be committed");
    bench.compare();
    assert_eq!(bench.model.catalog.product(&sku("a")).map(|product| product.price), Some(2));
}

/// As many products as one command may put.
pub fn a_thousand_products_of_one_command<F: Fixture>() {
    let mut bench = Bench::<F>::empty();
    let products = (0..1_000).map(|number| product(&format!("sku-{number}"), number)).collect();
    bench.accept(&operator(put_products(products)));
    bench.compare();
    bench.reopen();
    bench.compare();
}
