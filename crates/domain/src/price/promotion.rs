//! Promotions: which of them apply to an order, in which order, and what each saves.
//!
//! The stack rule, the same for item promotions of one SKU and for order promotions of one order: promotions are tried
//! by priority (greatest first), then by id. One that saves nothing here is passed over as if it did not exist. An
//! exclusive one (not stackable) applies only when nothing has been applied before it, and nothing is applied after it.
//! Stackable ones each work on what the ones before left. Item and order promotions do not exclude each other.
//!
//! Item promotions are decided per SKU over the sum of its lines and then shared out over these lines, so that writing a
//! product on two lines costs the same as writing it on one. Units are counted in the order of the lines.

use alloc::{string::ToString, sync::Arc, vec::Vec};

use super::{
    Applied, AppliedKind, PriceRequest, PricedLine,
    split::{Share, payable, spread_over},
};
use crate::{
    catalog::{Catalog, Promotion, PromotionKind, Saving},
    money,
};

/// What one promotion saved somewhere.
struct Saved<'a> {
    promotion: &'a Promotion,
    amount: i64,
}

/// Some of what pricing needs to know about the goods that an item promotion is tried on.
#[derive(Clone, Copy)]
struct Goods {
    /// Units, over all lines.
    quantity: i64,
    /// What is left to pay for them, in minor units.
    payable: i64,
}

/// Takes the item promotions off the lines and tells what each saved.
pub(super) fn apply_item_promotions(
    catalog: &Catalog,
    request: &PriceRequest<'_>,
    lines: &mut [PricedLine],
    applied: &mut Vec<Applied>,
) {
    let for_all: Vec<&Promotion> = running(&catalog.promotions_for_all().item, request).collect();
    let concerned = |line: &PricedLine| !for_all.is_empty() || catalog.promotions_naming(&line.sku).is_some();
    let mut places: Vec<usize> = (0..lines.len()).filter(|place| concerned(&lines[*place])).collect();
    if places.len() > 1 {
        places.sort_by(|left, right| lines[*left].sku.cmp(&lines[*right].sku));
    }
    let mut savings = Vec::new();
    let mut rest = places.as_slice();
    while let Some(first) = rest.first() {
        let sku = lines[*first].sku.clone();
        let (same_sku, others) = rest.split_at(rest.partition_point(|place| lines[*place].sku == sku));
        let naming = catalog.promotions_naming(&sku).map_or(&[][..], |lists| &lists.item);
        let promotions = in_order_of_trial(for_all.iter().copied(), running(naming, request));
        apply_to_sku(lines, same_sku, promotions, &mut savings);
        rest = others;
    }
    tell(savings, applied);
}

fn apply_to_sku<'a>(
    lines: &mut [PricedLine],
    places: &[usize],
    promotions: impl Iterator<Item = &'a Promotion>,
    savings: &mut Vec<Saved<'a>>,
) {
    let quantity = places.iter().map(|place| i64::from(lines[*place].quantity)).sum();
    let mut goods = Goods { quantity, payable: payable(places.iter().map(|place| &lines[*place])) };
    let mut stack = Stack::Empty;
    for promotion in promotions {
        let amount = if stack.admits(promotion) { item_saving(promotion.kind, goods) } else { 0 };
        if amount > 0 {
            spread_over(lines, places, Share::Promotions, amount);
            goods.payable -= amount;
            stack = stack.with(promotion);
            savings.push(Saved { promotion, amount });
        }
    }
}

/// What an item promotion saves on `goods`, in minor units: never more than there is to pay.
fn item_saving(kind: PromotionKind, goods: Goods) -> i64 {
    let saving = match kind {
        PromotionKind::PercentOff { percent } => money::percent_of(goods.payable, basis_points(percent)),
        PromotionKind::AmountOff { amount } => amount.saturating_mul(goods.quantity),
        PromotionKind::FixedPrice { price } => goods.payable.saturating_sub(price.saturating_mul(goods.quantity)),
        PromotionKind::BuyXGetY { buy, get, percent } => {
            let cheaper = cheaper_units(goods.quantity, i64::from(buy), i64::from(get));
            part(goods.payable, cheaper * i64::from(percent), goods.quantity * 100)
        }
        PromotionKind::SpendAndSave { .. } => unreachable!("a promotion of the order is not listed for items"),
    };
    saving.clamp(0, goods.payable)
}

/// Units are counted off in rounds of `buy + get`; those behind the first `buy` of their round are cheaper. So with buy
/// 2, get 1 the units 3, 6, 9, … are, and one more unit never makes fewer of them.
fn cheaper_units(quantity: i64, buy: i64, get: i64) -> i64 {
    let round = buy + get;
    quantity / round * get + (quantity % round - buy).max(0)
}

/// The part `numerator / denominator` of `amount`, rounded half up.
fn part(amount: i64, numerator: i64, denominator: i64) -> i64 {
    money::part_of(amount, numerator.unsigned_abs(), denominator.unsigned_abs())
}

/// Takes the order promotions off the lines and tells what each saved.
pub(super) fn apply_order_promotions(
    catalog: &Catalog,
    request: &PriceRequest<'_>,
    lines: &mut [PricedLine],
    applied: &mut Vec<Applied>,
) {
    let promotions = order_promotions(catalog, request, lines);
    if promotions.is_empty() {
        return;
    }
    // The spend is measured before any order promotion; the saving is taken from what the ones before left.
    let before: Vec<i64> = lines.iter().map(PricedLine::payable).collect();
    let mut savings = Vec::new();
    let mut stack = Stack::Empty;
    for promotion in promotions {
        let concerned = |place: &usize| stack.admits(promotion) && promotion.names(&lines[*place].sku);
        let places: Vec<usize> = (0..lines.len()).filter(concerned).collect();
        let spend = places.iter().map(|place| before[*place]).sum();
        let left = payable(places.iter().map(|place| &lines[*place]));
        let amount = order_saving(promotion.kind, spend, left);
        if amount > 0 {
            spread_over(lines, &places, Share::Promotions, amount);
            stack = stack.with(promotion);
            savings.push(Saved { promotion, amount });
        }
    }
    tell(savings, applied);
}

/// What an order promotion saves on goods of `spend` of which `left` is still to pay, in minor units.
fn order_saving(kind: PromotionKind, spend: i64, left: i64) -> i64 {
    let PromotionKind::SpendAndSave { minimum_spend, saving } = kind else {
        unreachable!("a promotion of items is not listed for orders")
    };
    match saving {
        _ if spend < minimum_spend => 0,
        Saving::Amount(amount) => amount.min(left),
        Saving::Percent(percent) => money::percent_of(left, basis_points(percent)),
    }
}

/// The order promotions that run and concern at least one line, in the order of trial.
fn order_promotions<'a>(catalog: &'a Catalog, request: &PriceRequest<'_>, lines: &[PricedLine]) -> Vec<&'a Promotion> {
    let naming = lines.iter().filter_map(|line| catalog.promotions_naming(&line.sku));
    let lists = core::iter::once(catalog.promotions_for_all()).chain(naming);
    let mut found: Vec<&Promotion> = lists.flat_map(|lists| running(&lists.order, request)).collect();
    found.sort_by(|left, right| left.rank().cmp(&right.rank()));
    found.dedup_by(|left, right| left.id == right.id);
    found
}

/// What has been applied so far, as far as it matters to the next promotion.
#[derive(Clone, Copy, PartialEq)]
enum Stack {
    Empty,
    Stackable,
    Exclusive,
}

impl Stack {
    fn admits(self, promotion: &Promotion) -> bool {
        match self {
            Stack::Empty => true,
            Stack::Stackable => promotion.stackable,
            Stack::Exclusive => false,
        }
    }

    fn with(self, promotion: &Promotion) -> Stack {
        assert!(self.admits(promotion), "a promotion is applied only where the stack rule admits it");
        if promotion.stackable { Stack::Stackable } else { Stack::Exclusive }
    }
}

fn running<'a>(promotions: &'a [Arc<Promotion>], request: &PriceRequest<'_>) -> impl Iterator<Item = &'a Promotion> {
    let (now, currency) = (request.now, request.currency);
    promotions.iter().map(Arc::as_ref).filter(move |promotion| promotion.is_running(now, currency))
}

/// Merges two runs that are each in the order of trial.
fn in_order_of_trial<'a>(
    left: impl Iterator<Item = &'a Promotion>,
    right: impl Iterator<Item = &'a Promotion>,
) -> impl Iterator<Item = &'a Promotion> {
    let (mut left, mut right) = (left.peekable(), right.peekable());
    core::iter::from_fn(move || match (left.peek(), right.peek()) {
        (Some(first), Some(second)) if second.rank() < first.rank() => right.next(),
        (Some(_), _) => left.next(),
        (None, _) => right.next(),
    })
}

/// One entry a promotion in the order of trial, however many SKUs it was applied to.
fn tell(mut savings: Vec<Saved<'_>>, applied: &mut Vec<Applied>) {
    savings.sort_by(|left, right| left.promotion.rank().cmp(&right.promotion.rank()));
    applied.extend(savings.chunk_by(|left, right| left.promotion.id == right.promotion.id).map(|same| Applied {
        kind: AppliedKind::Promotion,
        id: same[0].promotion.id.to_string(),
        amount: same.iter().map(|saved| saved.amount).sum(),
    }));
}

fn basis_points(percent: u8) -> u32 {
    u32::from(percent) * 100
}
