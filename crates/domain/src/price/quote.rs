//! The one way from a request to a price: the stages of pricing, one after another.
//!
//! It holds nothing back and changes nothing; a quote of the same catalog, rule and request is always the same.

use alloc::{sync::Arc, vec::Vec};

use super::{
    Price, PriceRefusal, PriceRequest, PricedLine, Quote, RequestedLine, ShippingRule,
    coupon::apply_coupon,
    points::apply_points,
    promotion::{apply_item_promotions, apply_order_promotions},
    shipping::apply_shipping,
    split::payable,
};
use crate::{
    catalog::{Catalog, ProductStatus},
    money::{self, AMOUNT_MAX, QUANTITY_MAX},
};

/// Prices a request: goods, promotions, coupon, points and shipping, split over the lines to the last minor unit.
///
/// # Errors
/// The first [`PriceRefusal`] in its documented order of precedence.
///
/// # Panics
/// When the request has no line, a quantity out of its bounds or negative points, or the rule has a negative fee: the
/// rim refuses these before they are a request.
pub fn quote(catalog: &Catalog, shipping: &ShippingRule, request: &PriceRequest<'_>) -> Result<Quote, PriceRefusal> {
    assert!(!request.lines.is_empty(), "a request has at least one line");
    assert!(request.points >= 0, "points are never negative");
    assert!((0..=AMOUNT_MAX).contains(&shipping.fee), "a shipping fee is an amount");
    let mut lines = price_goods(catalog, shipping, request)?;
    let mut applied = Vec::new();
    apply_item_promotions(catalog, request, &mut lines, &mut applied);
    apply_order_promotions(catalog, request, &mut lines, &mut applied);
    let goods_after_promotions = payable(&lines);
    if let Some(coupon) = request.coupon {
        apply_coupon(coupon, request, &mut lines, &mut applied)
            .map_err(|reason| PriceRefusal::CouponNotUsable { reason })?;
    }
    apply_points(request.points, &mut lines, &mut applied)?;
    apply_shipping(shipping, goods_after_promotions, request.coupon, &mut lines, &mut applied);
    let price = Price { applied, ..sum_of(&lines) };
    Ok(Quote { lines, price })
}

fn price_goods(
    catalog: &Catalog,
    shipping: &ShippingRule,
    request: &PriceRequest<'_>,
) -> Result<Vec<PricedLine>, PriceRefusal> {
    let mut lines = Vec::with_capacity(request.lines.len());
    // The fee counts from the start, so that no later sum can overflow.
    let mut total = shipping.fee;
    for (number, requested) in request.lines.iter().enumerate() {
        let line = price_line(catalog, request, number, requested)?;
        total = money::sum([total, line.goods]).ok_or(PriceRefusal::AmountOverflow { line: number })?;
        lines.push(line);
    }
    Ok(lines)
}

fn price_line(
    catalog: &Catalog,
    request: &PriceRequest<'_>,
    number: usize,
    requested: &RequestedLine,
) -> Result<PricedLine, PriceRefusal> {
    let RequestedLine { sku, quantity } = requested;
    assert!((1..=QUANTITY_MAX).contains(quantity), "a quantity is within its bounds");
    let Some(product) = catalog.product(sku) else {
        return Err(PriceRefusal::UnknownSku { line: number, sku: sku.clone() });
    };
    if product.status != ProductStatus::Active {
        return Err(PriceRefusal::SkuNotSellable { line: number, sku: sku.clone() });
    }
    if product.currency != request.currency {
        let currency = product.currency;
        return Err(PriceRefusal::CurrencyMismatch { line: number, sku: sku.clone(), currency });
    }
    let goods = money::goods(product.price, *quantity).ok_or(PriceRefusal::AmountOverflow { line: number })?;
    Ok(PricedLine {
        sku: product.sku.clone(),
        title: Arc::clone(&product.title),
        unit_price: product.price,
        quantity: *quantity,
        goods,
        promotions: 0,
        coupon: 0,
        points: 0,
        shipping: 0,
    })
}

/// The sums over the lines, with the invariant that every later refund stands on.
fn sum_of(lines: &[PricedLine]) -> Price {
    let mut price = Price::default();
    for line in lines {
        let shares = [line.promotions, line.coupon, line.points, line.shipping];
        assert!(shares.iter().all(|share| *share >= 0), "no share of a line is negative");
        assert!(line.discount() <= line.goods, "a line is never discounted below zero");
        price.goods += line.goods;
        price.promotions += line.promotions;
        price.coupon += line.coupon;
        price.points += line.points;
        price.shipping += line.shipping;
        price.total += line.payable();
    }
    let expected = price.goods - price.promotions - price.coupon - price.points + price.shipping;
    assert!(price.total == expected, "the total is goods - discounts + shipping");
    price
}
