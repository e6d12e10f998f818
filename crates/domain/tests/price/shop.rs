//! A small shop to price orders in. It decides nothing; every number of an expected outcome stands in the tests.

use std::{collections::BTreeMap, sync::Arc};

use ordain_domain::{
    catalog::{AppliesTo, Catalog, CouponKind, CouponTemplate, Product, ProductStatus, Promotion, PromotionKind},
    ids::{PromotionId, Sku, TemplateId},
    money::Currency,
    price::{Applied, AppliedKind, PriceRefusal, PriceRequest, Quote, RequestedLine, ShippingRule, quote},
    time::Timestamp,
};

/// When every quote of these tests is made.
pub(crate) const NOW: Timestamp = Timestamp(1_763_683_200_000_000);

/// Names of products with how many of each.
pub(crate) type Lines<'a> = &'a [(&'a str, u32)];

/// Names of promotions with what each saved.
pub(crate) type Savings<'a> = &'a [(&'a str, i64)];

pub(crate) fn currency(text: &str) -> Currency {
    Currency::new(text).expect("three upper-case letters")
}

pub(crate) fn sku(text: &str) -> Sku {
    Sku::new(text).expect("a valid SKU")
}

pub(crate) fn product(name: &str, price: i64) -> Product {
    Product {
        sku: sku(name),
        title: Arc::from(name),
        price,
        currency: currency("GBP"),
        status: ProductStatus::Active,
        weight_grams: None,
        attributes: BTreeMap::new(),
        version: 1,
        updated_at: Timestamp(0),
    }
}

/// A stackable promotion on everything, with priority 0, that runs for ever.
pub(crate) fn promotion(id: &str, kind: PromotionKind) -> Promotion {
    Promotion {
        id: PromotionId::new(id).expect("a valid id"),
        kind,
        applies_to: AppliesTo::All,
        currency: Some(currency("GBP")),
        starts_at: Timestamp(0),
        ends_at: None,
        stackable: true,
        priority: 0,
        version: 1,
    }
}

/// The same promotion on some SKUs only.
pub(crate) fn on(skus: &[&str], promotion: Promotion) -> Promotion {
    Promotion { applies_to: AppliesTo::Skus(skus.iter().map(|name| sku(name)).collect()), ..promotion }
}

/// The same promotion, not stackable.
pub(crate) fn exclusive(promotion: Promotion) -> Promotion {
    Promotion { stackable: false, ..promotion }
}

/// The same promotion with another priority.
pub(crate) fn priority(priority: i32, promotion: Promotion) -> Promotion {
    Promotion { priority, ..promotion }
}

/// A coupon that is valid at [`NOW`], whatever is spent.
pub(crate) fn coupon(kind: CouponKind) -> CouponTemplate {
    CouponTemplate {
        id: TemplateId::new("welcome").expect("a valid id"),
        kind,
        currency: Some(currency("GBP")),
        minimum_spend: 0,
        limit_total: None,
        limit_per_user: None,
        valid_from: Timestamp(0),
        valid_until: Timestamp::MAX,
        version: 1,
    }
}

/// An order before it is priced.
#[derive(Clone, Debug)]
pub(crate) struct Basket {
    pub(crate) catalog: Catalog,
    pub(crate) shipping: ShippingRule,
    pub(crate) currency: Currency,
    pub(crate) lines: Vec<RequestedLine>,
    pub(crate) coupon: Option<CouponTemplate>,
    pub(crate) points: i64,
}

/// An order of these quantities, with products named by letters and priced so that rounding shows: `a` 100, `b` 333,
/// `c` 1, `free` 0 and `dear` 1,000,000,000,000 minor units.
pub(crate) fn basket(lines: Lines<'_>) -> Basket {
    let mut catalog = Catalog::new();
    for (name, price) in [("a", 100), ("b", 333), ("c", 1), ("free", 0), ("dear", 1_000_000_000_000)] {
        catalog.put_product(product(name, price));
    }
    let line = |(name, quantity): &(&str, u32)| RequestedLine { sku: sku(name), quantity: *quantity };
    Basket {
        catalog,
        shipping: ShippingRule::default(),
        currency: currency("GBP"),
        lines: lines.iter().map(line).collect(),
        coupon: None,
        points: 0,
    }
}

impl Basket {
    pub(crate) fn promoted(mut self, promotions: impl IntoIterator<Item = Promotion>) -> Basket {
        for promotion in promotions {
            self.catalog.put_promotion(promotion);
        }
        self
    }

    pub(crate) fn coupon(self, coupon: CouponTemplate) -> Basket {
        Basket { coupon: Some(coupon), ..self }
    }

    pub(crate) fn points(self, points: i64) -> Basket {
        Basket { points, ..self }
    }

    pub(crate) fn shipping(self, fee: i64, free_over: i64) -> Basket {
        Basket { shipping: ShippingRule { fee, free_over }, ..self }
    }

    pub(crate) fn quote(&self) -> Result<Quote, PriceRefusal> {
        let Basket { catalog, shipping, currency, lines, coupon, points } = self;
        let coupon = coupon.as_ref();
        quote(catalog, shipping, &PriceRequest { currency: *currency, lines, coupon, points: *points, now: NOW })
    }

    /// The quote of an order that has a price.
    pub(crate) fn priced(&self) -> Quote {
        self.quote().expect("this order has a price")
    }

    /// What each promotion saved, in the order of application.
    pub(crate) fn promotions(&self) -> Vec<(String, i64)> {
        let is_promotion = |applied: &Applied| applied.kind == AppliedKind::Promotion;
        let applied = self.priced().price.applied.into_iter().filter(is_promotion);
        applied.map(|applied| (applied.id, applied.amount)).collect()
    }
}

/// Expected savings, owned.
pub(crate) fn saved(expected: Savings<'_>) -> Vec<(String, i64)> {
    expected.iter().map(|(id, amount)| (String::from(*id), *amount)).collect()
}
