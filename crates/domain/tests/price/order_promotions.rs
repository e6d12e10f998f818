//! Promotions decided over the order: spend and save.

use ordain_domain::catalog::{Promotion, PromotionKind, Saving};

use crate::shop::{Savings, basket, exclusive, on, priority, promotion, saved};

fn spend(minimum_spend: i64, saving: Saving) -> PromotionKind {
    PromotionKind::SpendAndSave { minimum_spend, saving }
}

/// Columns: promotions, what each applied one saves on an order of 300 of `a` and 666 of `b`.
#[test]
fn savings_need_the_spend_and_stack_like_item_promotions() {
    use Saving::{Amount, Percent};
    let one = |id, minimum_spend, saving| promotion(id, spend(minimum_spend, saving));
    let tenth = PromotionKind::PercentOff { percent: 10 };
    let table: Vec<(&str, Vec<Promotion>, Savings<'_>)> = vec![
        ("reached exactly", vec![one("x", 966, Amount(100))], &[("x", 100)]),
        ("one short", vec![one("x", 967, Amount(100))], &[]),
        ("percent, half up", vec![one("x", 1, Percent(25))], &[("x", 242)]),
        ("bounded by the goods", vec![one("x", 1, Amount(1_000))], &[("x", 966)]),
        ("bounded by the goods it applies to", vec![on(&["a"], one("x", 1, Amount(1_000)))], &[("x", 300)]),
        ("only goods it applies to are spent", vec![on(&["a"], one("x", 301, Amount(10)))], &[]),
        ("no line it applies to", vec![on(&["c"], one("x", 1, Amount(10)))], &[]),
        ("named by several lines, once", vec![on(&["a", "b", "c"], one("x", 966, Amount(10)))], &[("x", 10)]),
        (
            "the spend is measured before order promotions, the saving on what is left",
            vec![one("x", 966, Amount(100)), one("y", 966, Percent(10))],
            &[("x", 100), ("y", 87)],
        ),
        (
            "the spend is measured after item promotions",
            vec![promotion("item", tenth), one("x", 869, Amount(9)), one("y", 870, Amount(9))],
            // 30 off a, 67 off b.
            &[("item", 97), ("x", 9)],
        ),
        ("exclusive first", vec![priority(2, exclusive(one("x", 1, Amount(5)))), one("y", 1, Amount(5))], &[("x", 5)]),
        (
            "exclusive later",
            vec![one("x", 1, Amount(5)), exclusive(one("y", 1, Amount(50))), one("z", 1, Amount(5))],
            &[("x", 5), ("z", 5)],
        ),
        (
            "an exclusive one that is not reached stops nothing",
            vec![priority(2, exclusive(one("x", 5_000, Amount(5)))), one("y", 1, Amount(5))],
            &[("y", 5)],
        ),
        (
            "item and order promotions do not exclude each other",
            vec![exclusive(promotion("item", tenth)), exclusive(one("x", 1, Amount(5)))],
            &[("item", 97), ("x", 5)],
        ),
        (
            "named and general ones are tried in one order",
            vec![priority(1, exclusive(on(&["b"], one("y", 1, Amount(5))))), one("x", 1, Amount(7))],
            &[("y", 5)],
        ),
        (
            "item promotions are told first whatever the priorities are",
            vec![priority(9, one("x", 1, Amount(5))), promotion("z", tenth)],
            &[("z", 97), ("x", 5)],
        ),
    ];
    for (name, promotions, expected) in table {
        assert_eq!(basket(&[("a", 3), ("b", 2)]).promoted(promotions).promotions(), saved(expected), "{name}");
    }
}

#[test]
fn a_saving_is_split_by_what_is_left_to_pay_on_the_lines_it_applies_to() {
    let order = basket(&[("a", 1), ("c", 1), ("b", 1), ("free", 1), ("a", 1)]);
    let share = |promotion| -> Vec<i64> {
        order.clone().promoted([promotion]).priced().lines.iter().map(|line| line.promotions).collect()
    };
    // Of 534: 100, 1, 333, 0 and 100. Quotas of 10: 1.87, 0.02, 6.24, 0, 1.87.
    assert_eq!(share(promotion("p", spend(1, Saving::Amount(10)))), [2, 0, 6, 0, 2]);
    assert_eq!(share(on(&["a", "c"], promotion("p", spend(1, Saving::Amount(11))))), [6, 0, 0, 0, 5]);
    assert_eq!(share(promotion("p", spend(1, Saving::Percent(100)))), [100, 1, 333, 0, 100]);
}
