//! Promotions decided over one SKU: what each kind saves, and how several stack.

use ordain_domain::{
    catalog::{Promotion, PromotionKind},
    money::Currency,
    time::Timestamp,
};

use crate::shop::{Lines, NOW, Savings, basket, exclusive, on, priority, promotion, saved};

fn percent(percent: u8) -> PromotionKind {
    PromotionKind::PercentOff { percent }
}

fn amount(amount: i64) -> PromotionKind {
    PromotionKind::AmountOff { amount }
}

fn fixed(price: i64) -> PromotionKind {
    PromotionKind::FixedPrice { price }
}

fn bundle(buy: u32, get: u32, percent: u8) -> PromotionKind {
    PromotionKind::BuyXGetY { buy, get, percent }
}

/// Columns: the promotion, the lines, what it saves on each line.
#[test]
fn each_kind_saves_what_it_says() {
    let table: &[(PromotionKind, Lines<'_>, &[i64])] = &[
        (percent(10), &[("a", 3)], &[30]),
        (percent(100), &[("a", 3)], &[300]),
        // 33.3 down, 49.95 up, 0.5 up: half up, once over the whole line and not unit by unit.
        (percent(10), &[("b", 1)], &[33]),
        (percent(15), &[("b", 1)], &[50]),
        (percent(50), &[("c", 1)], &[1]),
        (percent(49), &[("c", 1)], &[0]),
        (percent(10), &[("c", 5)], &[1]),
        (percent(10), &[("free", 5)], &[0]),
        (amount(20), &[("a", 3)], &[60]),
        (amount(99), &[("a", 3)], &[297]),
        (amount(101), &[("a", 3)], &[300]),
        (amount(1_000_000_000_000), &[("dear", 9_000)], &[9_000_000_000_000_000]),
        (fixed(80), &[("a", 3)], &[60]),
        (fixed(0), &[("a", 3)], &[300]),
        (fixed(100), &[("a", 3)], &[0]),
        (fixed(101), &[("a", 3)], &[0]),
        // Units 3, 6, 9, … are free.
        (bundle(2, 1, 100), &[("a", 2)], &[0]),
        (bundle(2, 1, 100), &[("a", 3)], &[100]),
        (bundle(2, 1, 100), &[("a", 5)], &[100]),
        (bundle(2, 1, 100), &[("a", 6)], &[200]),
        // A round that is not full still gives the units behind the first `buy`.
        (bundle(2, 3, 100), &[("a", 4)], &[200]),
        (bundle(2, 3, 100), &[("a", 7)], &[300]),
        // The second at half the price: 333 / 2 = 166.5, up.
        (bundle(1, 1, 50), &[("b", 2)], &[167]),
        (bundle(1, 1, 50), &[("b", 4)], &[333]),
        // Every SKU is counted for itself.
        (bundle(2, 1, 100), &[("a", 2), ("b", 1)], &[0, 0]),
        (percent(10), &[("a", 1), ("b", 2)], &[10, 67]),
    ];
    for (kind, lines, expected) in table {
        let quote = basket(lines).promoted([promotion("p", *kind)]).priced();
        let found: Vec<i64> = quote.lines.iter().map(|line| line.promotions).collect();
        assert_eq!(found, *expected, "{kind:?} on {lines:?}");
        let total: i64 = expected.iter().sum();
        assert_eq!(quote.price.promotions, total);
        let applied: Vec<i64> = quote.price.applied.iter().map(|applied| applied.amount).collect();
        assert_eq!(applied, if total > 0 { vec![total] } else { vec![] }, "one entry, and none for nothing");
    }
}

/// Columns: the promotion, the same SKU on several lines, the saving of each line. The sum is that of one line.
#[test]
fn lines_of_one_sku_are_decided_together() {
    let table: &[(PromotionKind, Lines<'_>, &[i64])] = &[
        (bundle(2, 1, 100), &[("a", 2), ("a", 1)], &[67, 33]),
        (bundle(2, 1, 100), &[("a", 1), ("b", 5), ("a", 1)], &[0, 333, 0]),
        // 10 % of 4 units of 1 is 0.4, so nothing; of 5 units it is 0.5, so one unit in all.
        (percent(10), &[("c", 2), ("c", 2)], &[0, 0]),
        (percent(10), &[("c", 2), ("c", 3)], &[0, 1]),
        (fixed(90), &[("a", 1), ("a", 3)], &[10, 30]),
        (amount(101), &[("a", 1), ("a", 3)], &[100, 300]),
    ];
    for (kind, lines, expected) in table {
        let found: Vec<i64> =
            basket(lines).promoted([promotion("p", *kind)]).priced().lines.iter().map(|line| line.promotions).collect();
        assert_eq!(found, *expected, "{kind:?} on {lines:?}");
    }
}

/// Columns: promotions, what each applied one saves on two units of `b` (666), in the order of application.
#[test]
fn promotions_stack_by_priority_then_id_on_what_is_left() {
    let one = |id, kind| promotion(id, kind);
    let table: Vec<(&str, Vec<Promotion>, Savings<'_>)> = vec![
        ("by id", vec![one("y", amount(33)), one("x", percent(10))], &[("x", 67), ("y", 66)]),
        (
            "the greater priority first",
            vec![priority(1, one("y", amount(33))), one("x", percent(10))],
            &[("y", 66), ("x", 60)],
        ),
        (
            "never below zero",
            vec![one("x", amount(300)), one("y", amount(300)), one("z", amount(300))],
            &[("x", 600), ("y", 66)],
        ),
        (
            "a fixed price bounds what is left",
            vec![one("x", amount(33)), one("y", fixed(250))],
            &[("x", 66), ("y", 100)],
        ),
        (
            "free units of what is left",
            vec![one("x", amount(33)), one("y", bundle(1, 1, 100))],
            &[("x", 66), ("y", 300)],
        ),
        (
            "an exclusive one first stops the rest",
            vec![
                priority(5, exclusive(one("x", percent(10)))),
                one("y", percent(50)),
                exclusive(one("z", percent(50))),
            ],
            &[("x", 67)],
        ),
        (
            "an exclusive one after a stackable one is passed over",
            vec![
                priority(5, one("x", percent(10))),
                priority(4, exclusive(one("y", percent(50)))),
                one("z", amount(1)),
            ],
            &[("x", 67), ("z", 2)],
        ),
        (
            "what saves nothing stops nothing",
            vec![priority(5, exclusive(one("x", fixed(333)))), priority(4, exclusive(one("y", amount(1))))],
            &[("y", 2)],
        ),
        (
            "named and general ones are tried in one order",
            vec![
                on(&["b", "a"], one("w", amount(1))),
                one("x", amount(2)),
                on(&["b"], one("y", amount(3))),
                on(&["a"], one("z", amount(4))),
            ],
            &[("w", 2), ("x", 4), ("y", 6)],
        ),
    ];
    for (name, promotions, expected) in table {
        assert_eq!(basket(&[("b", 2)]).promoted(promotions).promotions(), saved(expected), "{name}");
    }
}

#[test]
fn a_promotion_on_several_skus_is_told_once() {
    let promotions = [
        priority(9, on(&["b"], promotion("only_b", amount(3)))),
        promotion("all", percent(10)),
        on(&["a"], promotion("only_a", amount(5))),
    ];
    let order = basket(&[("b", 1), ("a", 2), ("b", 1)]).promoted(promotions);
    // b: 666 - 6 = 660, 10 % is 66; a: 200, 10 % is 20, then 5 each.
    assert_eq!(order.promotions(), saved(&[("only_b", 6), ("all", 86), ("only_a", 10)]));
    let lines: Vec<i64> = order.priced().lines.iter().map(|line| line.promotions).collect();
    assert_eq!(lines, [36, 30, 36]);
}

#[test]
fn an_exclusive_promotion_closes_its_own_sku_only() {
    let promotions = [priority(1, exclusive(on(&["a"], promotion("x", percent(10))))), promotion("y", percent(50))];
    let order = basket(&[("a", 1), ("b", 2)]).promoted(promotions);
    assert_eq!(order.promotions(), saved(&[("x", 10), ("y", 333)]));
}

#[test]
fn only_promotions_that_run_in_the_order_s_currency_apply() {
    let base = || promotion("p", amount(1));
    let later = Timestamp(NOW.0 + 1);
    let table = [
        (base(), true),
        (Promotion { starts_at: NOW, ..base() }, true),
        (Promotion { starts_at: later, ..base() }, false),
        (Promotion { ends_at: Some(NOW), ..base() }, false),
        (Promotion { ends_at: Some(later), ..base() }, true),
        (Promotion { currency: Currency::new("EUR"), ..base() }, false),
        (Promotion { currency: None, kind: percent(10), ..base() }, true),
        (on(&["a"], Promotion { ends_at: Some(NOW), ..base() }), false),
        (on(&["b"], base()), false),
        (on(&["a", "b"], base()), true),
    ];
    for (value, expected) in table {
        let applied = basket(&[("a", 1)]).promoted([value.clone()]).promotions();
        assert_eq!(!applied.is_empty(), expected, "{value:?}");
    }
}

#[test]
fn a_replaced_promotion_leaves_nothing_behind() {
    let promotions = [
        on(&["a", "b"], promotion("p", amount(1))),
        on(&["b"], promotion("p", percent(50))),
        promotion("q", amount(7)),
        on(&["b"], promotion("q", fixed(400))),
    ];
    let order = basket(&[("a", 1), ("b", 2)]).promoted(promotions);
    assert_eq!(order.promotions(), saved(&[("p", 333)]));
    assert_eq!(order.catalog.promotions().len(), 2);
}
