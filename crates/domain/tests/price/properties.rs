//! What holds for every shop and every order: sums are exact, nothing is negative, and chance has no say.

use std::{collections::BTreeSet, sync::Arc};

use ordain_domain::{
    catalog::{AppliesTo, Catalog, CouponKind, Promotion, PromotionKind, Saving},
    price::{AppliedKind, PriceRefusal, PricedLine, Quote, RequestedLine},
    time::Timestamp,
};
use proptest::prelude::*;

use crate::shop::{Basket, NOW, basket, coupon, currency, product, promotion, sku};

const SKUS: [&str; 6] = ["s0", "s1", "s2", "s3", "s4", "s5"];

fn item_kind() -> impl Strategy<Value = PromotionKind> {
    prop_oneof![
        (1..=100_u8).prop_map(|percent| PromotionKind::PercentOff { percent }),
        (1..2_000_i64).prop_map(|amount| PromotionKind::AmountOff { amount }),
        (0..2_000_i64).prop_map(|price| PromotionKind::FixedPrice { price }),
        (1..4_u32, 1..4_u32, 1..=100_u8).prop_map(|(buy, get, percent)| PromotionKind::BuyXGetY { buy, get, percent }),
    ]
}

fn order_kind() -> impl Strategy<Value = PromotionKind> {
    let saving = prop_oneof![(1..5_000_i64).prop_map(Saving::Amount), (1..=100_u8).prop_map(Saving::Percent)];
    (1..20_000_i64, saving).prop_map(|(minimum_spend, saving)| PromotionKind::SpendAndSave { minimum_spend, saving })
}

fn promotions(kind: impl Strategy<Value = PromotionKind>) -> impl Strategy<Value = Vec<Promotion>> {
    let skus = prop::option::of(prop::collection::btree_set(prop::sample::select(&SKUS[..]), 1..4));
    let ends_at = prop::option::weighted(0.2, Just(NOW));
    let one = (kind, skus, ends_at, any::<bool>(), -2..3_i32);
    prop::collection::vec(one, 0..8).prop_map(|drawn| {
        let promotions = drawn.into_iter().enumerate();
        let one = |(number, (kind, skus, ends_at, stackable, priority)): (usize, _)| {
            let named = |skus: BTreeSet<&str>| AppliesTo::Skus(skus.into_iter().map(sku).collect());
            let applies_to = Option::map_or(skus, AppliesTo::All, named);
            let base = promotion(&format!("p{number}"), kind);
            Promotion { applies_to, ends_at, stackable, priority, ..base }
        };
        promotions.map(one).collect()
    })
}

fn coupons() -> impl Strategy<Value = Option<CouponKind>> {
    prop::option::of(prop_oneof![
        (1..=100_u8).prop_map(|percent| CouponKind::PercentOff { percent }),
        (1..10_000_i64).prop_map(|amount| CouponKind::AmountOff { amount }),
        Just(CouponKind::FreeShipping),
    ])
}

/// An order in a random shop. The points may exceed what there is to pay.
fn baskets(kind: impl Strategy<Value = PromotionKind>) -> impl Strategy<Value = Basket> {
    let price = prop_oneof![Just(0_i64), 1..10_i64, 1..3_000_i64, 0..=900_000_000_i64];
    let prices = prop::collection::vec(price, SKUS.len());
    let quantity = prop_oneof![1..4_u32, 1..50_u32, 1..=1_000_000_u32];
    let lines = prop::collection::vec((prop::sample::select(&SKUS[..]), quantity), 1..12);
    let shipping = (prop_oneof![Just(0_i64), 1..1_000_i64], prop_oneof![Just(0_i64), 1..10_000_i64]);
    let points = prop_oneof![2 => Just(0_i64), 1 => 1..2_000_i64];
    (prices, lines, promotions(kind), coupons(), points, shipping).prop_map(
        |(prices, lines, promotions, kind, points, (fee, free_over))| {
            let mut basket = basket(&lines).promoted(promotions).points(points).shipping(fee, free_over);
            for (name, price) in SKUS.iter().zip(prices) {
                basket.catalog.put_product(product(name, price));
            }
            Basket { coupon: kind.map(coupon), ..basket }
        },
    )
}

fn any_kind() -> impl Strategy<Value = PromotionKind> {
    prop_oneof![3 => item_kind(), 2 => order_kind()]
}

fn sum(quote: &Quote, of: fn(&PricedLine) -> i64) -> i64 {
    quote.lines.iter().map(of).sum()
}

fn applied(quote: &Quote, kind: AppliedKind) -> i64 {
    quote.price.applied.iter().filter(|applied| applied.kind == kind).map(|applied| applied.amount).sum()
}

/// The quote, without points where they are more than there is to pay.
fn priced(basket: &mut Basket) -> Quote {
    if let Err(PriceRefusal::PointsExceedPayable { payable }) = basket.quote() {
        assert!(payable < basket.points, "points were refused although there is enough to pay");
        basket.points = payable;
    }
    basket.priced()
}

proptest! {
    #[test]
    fn every_unit_of_money_has_one_owner(mut basket in baskets(any_kind())) {
        let quote = priced(&mut basket);
        let price = &quote.price;
        prop_assert_eq!(price.total, price.goods - price.promotions - price.coupon - price.points + price.shipping);
        prop_assert_eq!(price.total, sum(&quote, PricedLine::payable));
        prop_assert_eq!(price.goods, sum(&quote, |line| line.goods));
        prop_assert_eq!(price.promotions, sum(&quote, |line| line.promotions));
        prop_assert_eq!(price.coupon, sum(&quote, |line| line.coupon));
        prop_assert_eq!(price.points, sum(&quote, |line| line.points));
        prop_assert_eq!(price.shipping, sum(&quote, |line| line.shipping));
        prop_assert_eq!(price.points, basket.points);
        prop_assert_eq!(price.promotions, applied(&quote, AppliedKind::Promotion));
        prop_assert_eq!(price.coupon, applied(&quote, AppliedKind::Coupon));
        prop_assert_eq!(price.points, applied(&quote, AppliedKind::Points));
        prop_assert_eq!(price.shipping, basket.shipping.fee - applied(&quote, AppliedKind::Shipping));
    }

    #[test]
    fn nothing_is_negative_and_nothing_costs_more_than_its_goods(mut basket in baskets(any_kind())) {
        let quote = priced(&mut basket);
        prop_assert_eq!(quote.lines.len(), basket.lines.len());
        for (line, requested) in quote.lines.iter().zip(&basket.lines) {
            prop_assert_eq!(&line.sku, &requested.sku);
            prop_assert_eq!(line.quantity, requested.quantity);
            prop_assert_eq!(line.goods, line.unit_price * i64::from(line.quantity));
            for share in [line.promotions, line.coupon, line.points, line.shipping, line.goods - line.discount()] {
                prop_assert!(share >= 0, "{:?}", line);
            }
        }
        prop_assert!(quote.price.applied.iter().all(|applied| applied.amount >= 0));
        prop_assert!(quote.price.total <= quote.price.goods + basket.shipping.fee);
    }

    #[test]
    fn the_same_request_has_the_same_price_however_the_catalog_was_filled(
        basket in baskets(any_kind()),
        seed in any::<u64>(),
    ) {
        let mut promotions: Vec<Promotion> =
            basket.catalog.promotions().iter().map(|promotion| Promotion::clone(promotion)).collect();
        // Another order, and first every promotion in an earlier form that is then replaced.
        promotions.sort_by_key(|promotion| promotion.id.as_str().bytes().fold(seed, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3).rotate_left(29)
        }));
        let earlier = promotions.iter().map(|promotion| Promotion {
            kind: PromotionKind::PercentOff { percent: 99 },
            applies_to: AppliesTo::Skus([sku("s0"), sku("s1")].into()),
            priority: 7,
            ..promotion.clone()
        });
        let mut again = basket.clone();
        again.catalog = Catalog::new();
        for product in basket.catalog.products().collect::<Vec<_>>().into_iter().rev() {
            again.catalog.put_product(Arc::clone(product));
        }
        let again = again.promoted(earlier).promoted(promotions);
        prop_assert_eq!(again.quote(), basket.quote());
        prop_assert_eq!(basket.quote(), basket.quote());
    }

    /// With order promotions the shares of a first one may differ by a unit of rounding, and so what a second one takes
    /// off some of the lines; with item promotions, coupon, points and fee the price is the same.
    #[test]
    fn breaking_a_line_in_two_changes_no_price(
        basket in baskets(item_kind()),
        place in any::<prop::sample::Index>(),
        to in any::<prop::sample::Index>(),
        cut in any::<prop::sample::Index>(),
    ) {
        let place = place.index(basket.lines.len());
        let whole = basket.lines[place].quantity;
        prop_assume!(whole > 1);
        let part = 1 + u32::try_from(cut.index(whole as usize - 1)).expect("below a quantity");
        let mut broken = basket.clone();
        broken.lines[place].quantity = whole - part;
        let line = RequestedLine { sku: basket.lines[place].sku.clone(), quantity: part };
        broken.lines.insert(to.index(basket.lines.len() + 1), line);
        let price = |basket: &Basket| basket.quote().map(|quote| quote.price);
        prop_assert_eq!(price(&broken), price(&basket));
    }

    #[test]
    fn promotions_that_do_not_concern_an_order_do_not_change_it(
        basket in baskets(any_kind()),
        others in promotions(any_kind()),
    ) {
        let foreign = others.iter().map(|other| Promotion { currency: Some(currency("EUR")), ..other.clone() });
        let future = others.iter().map(|other| Promotion { starts_at: Timestamp(NOW.0 + 1), ends_at: None, ..other.clone() });
        let elsewhere = others.iter().map(|other| Promotion { applies_to: AppliesTo::Skus([sku("none")].into()), ..other.clone() });
        let unconcerned = foreign.chain(future).chain(elsewhere).enumerate().map(|(number, other)| Promotion {
            id: promotion(&format!("other{number}"), other.kind).id,
            ..other
        });
        let more = basket.clone().promoted(unconcerned.collect::<Vec<_>>());
        prop_assert_eq!(more.quote(), basket.quote());
    }

    /// The units that buy-x-get-y makes cheaper, walked one by one.
    #[test]
    fn free_units_are_those_behind_the_bought_ones_of_each_round(
        buy in 1..5_u32,
        get in 1..5_u32,
        quantity in 1..60_u32,
        price in 0..500_i64,
    ) {
        let kind = PromotionKind::BuyXGetY { buy, get, percent: 100 };
        let mut order = basket(&[("s0", quantity)]).promoted([promotion("p", kind)]);
        order.catalog.put_product(product("s0", price));
        let free = (0..quantity).filter(|unit| unit % (buy + get) >= buy).count();
        let free = i64::try_from(free).expect("below a quantity");
        prop_assert_eq!(order.priced().price.promotions, price * free);
    }
}
