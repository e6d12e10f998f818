//! Money never loses or makes a minor unit: tables for the rounding rules, properties for the splits.

use ordain_domain::money::{
    AMOUNT_MAX, Currency, QUANTITY_MAX, UNIT_PRICE_MAX, goods, percent_of, split, sum, unit_share, units_share,
};
use proptest::prelude::*;

#[test]
fn a_currency_is_three_upper_case_letters() {
    let table =
        [("GBP", true), ("XTS", true), ("gbp", false), ("GB", false), ("GBPP", false), ("", false), ("G1P", false)];
    for (text, expected) in table {
        assert_eq!(Currency::new(text).is_some(), expected, "{text:?}");
        assert_eq!(serde_json::from_value::<Currency>(text.into()).is_ok(), expected, "{text:?}");
    }
    assert_eq!(Currency::new("Gé"), None, "two characters of three bytes");
    let pound = Currency::new("GBP").unwrap();
    assert_eq!(pound.to_string(), "GBP");
    assert_eq!(serde_json::to_string(&pound).unwrap(), r#""GBP""#);
    assert_eq!(serde_json::from_str::<Currency>(r#""\u0047BP""#).unwrap(), pound, "text with an escape");
}

#[test]
fn goods_and_sums_stop_at_the_greatest_amount() {
    let table = [
        (255, 6, Some(1_530)),
        (0, QUANTITY_MAX, Some(0)),
        (AMOUNT_MAX, 1, Some(AMOUNT_MAX)),
        (UNIT_PRICE_MAX, 9_007, Some(9_007_000_000_000_000)),
        (UNIT_PRICE_MAX, 9_008, None),
        (UNIT_PRICE_MAX, QUANTITY_MAX, None),
        (i64::MAX, u32::MAX, None),
    ];
    for (unit_price, quantity, expected) in table {
        assert_eq!(goods(unit_price, quantity), expected, "{unit_price} * {quantity}");
    }
    assert_eq!(sum([]), Some(0));
    assert_eq!(sum([AMOUNT_MAX - 1, 1]), Some(AMOUNT_MAX));
    assert_eq!(sum([AMOUNT_MAX, 1]), None);
    assert_eq!(sum([i64::MAX, i64::MAX]), None);
}

#[test]
fn percentages_round_half_up() {
    let table = [
        (0, 1_000, 0),
        (1, 4_999, 0),
        (1, 5_000, 1),
        (1, 10_000, 1),
        (5, 1_000, 1),
        (4, 1_000, 0),
        (15, 1_000, 2),
        (25, 1_000, 3),
        (1_999, 1_500, 300),
        (333, 3_333, 111),
        (AMOUNT_MAX, 10_000, AMOUNT_MAX),
        (AMOUNT_MAX, 1, 900_719_925_474),
        (i64::MAX, 9_999, 9_222_449_699_651_090_329),
    ];
    for (amount, basis_points, expected) in table {
        assert_eq!(percent_of(amount, basis_points), expected, "{basis_points} basis points of {amount}");
    }
}

#[test]
fn a_split_gives_the_left_over_units_to_the_largest_fractions() {
    let table: [(i64, &[i64], &[i64]); 12] = [
        (0, &[], &[]),
        (0, &[3, 4], &[0, 0]),
        (10, &[1], &[10]),
        (10, &[1, 1, 1], &[4, 3, 3]),
        (11, &[1, 1, 1], &[4, 4, 3]),
        (7, &[0, 0, 0], &[3, 2, 2]),
        (7, &[0, 5, 0], &[0, 7, 0]),
        // Quotas 2.5 and 7.5: a tie, which goes to the lower index whatever the weights are.
        (10, &[1, 3], &[3, 7]),
        (10, &[3, 1], &[8, 2]),
        // Quotas 0.33, 0.33, 0.33 and 99.0.
        (100, &[1, 1, 1, 297], &[1, 0, 0, 99]),
        // The whole is greater than 64 bits can multiply.
        (AMOUNT_MAX, &[i64::MAX, i64::MAX], &[4_503_599_627_370_496, 4_503_599_627_370_495]),
        (i64::MAX, &[i64::MAX, 0], &[i64::MAX, 0]),
    ];
    for (total, weights, expected) in table {
        assert_eq!(split(total, weights), expected, "{total} over {weights:?}");
    }
}

/// The rule that every refund of every order relies on. A failure here means that the code is wrong, never the table.
#[test]
fn unit_shares_are_pinned_for_ever() {
    let table: [(i64, &[i64]); 8] = [
        (0, &[0, 0, 0]),
        (1, &[1, 0, 0]),
        (2, &[1, 1, 0]),
        (3, &[1, 1, 1]),
        (1_000, &[334, 333, 333]),
        (1_001, &[334, 334, 333]),
        (999, &[143, 143, 143, 143, 143, 142, 142]),
        (5, &[5]),
    ];
    for (amount, expected) in table {
        let quantity = u32::try_from(expected.len()).unwrap();
        let found: Vec<i64> = (0..quantity).map(|unit| unit_share(amount, quantity, unit)).collect();
        assert_eq!(found, expected, "{amount} over {quantity}");
    }
    assert_eq!(unit_share(AMOUNT_MAX, QUANTITY_MAX, 740_990), 9_007_199_255);
    assert_eq!(unit_share(AMOUNT_MAX, QUANTITY_MAX, 740_991), 9_007_199_254);
    assert_eq!(units_share(1_001, 3, 1, 3), 667);
    assert_eq!(units_share(1_001, 3, 2, 2), 0);
}

#[test]
#[should_panic(expected = "numbered below the quantity")]
fn a_unit_beyond_the_line_is_a_bug() {
    let _ = unit_share(10, 3, 3);
}

#[test]
#[should_panic(expected = "no weight of a split is negative")]
fn a_negative_weight_is_a_bug() {
    let _ = split(10, &[4, -1]);
}

/// Hamilton's method once more, slowly: hand out the units left over one at a time.
fn split_slowly(total: i64, weights: &[i64]) -> Vec<i64> {
    let weights: Vec<i128> = if weights.iter().all(|weight| *weight == 0) {
        vec![1; weights.len()]
    } else {
        weights.iter().map(|weight| i128::from(*weight)).collect()
    };
    let whole: i128 = weights.iter().sum();
    let mut shares: Vec<i128> = weights.iter().map(|weight| i128::from(total) * weight / whole).collect();
    let mut fractions: Vec<i128> = weights.iter().map(|weight| i128::from(total) * weight % whole).collect();
    while shares.iter().sum::<i128>() < i128::from(total) {
        let greatest = *fractions.iter().max().expect("there is a weight");
        let place = fractions.iter().position(|fraction| *fraction == greatest).expect("it was found");
        shares[place] += 1;
        fractions[place] = -1;
    }
    shares.into_iter().map(|share| i64::try_from(share).expect("a share is at most the total")).collect()
}

fn weights() -> impl Strategy<Value = Vec<i64>> {
    let weight = prop_oneof![Just(0), Just(1), 0..20_i64, 0..100_000_i64, 0..=AMOUNT_MAX];
    prop::collection::vec(weight, 1..40)
}

fn amount() -> impl Strategy<Value = i64> {
    prop_oneof![0..100_i64, 0..1_000_000_i64, 0..=AMOUNT_MAX]
}

proptest! {
    #[test]
    fn a_split_is_exact_bounded_and_as_the_slow_one(total in amount(), weights in weights()) {
        let shares = split(total, &weights);
        prop_assert_eq!(&shares, &split_slowly(total, &weights));
        prop_assert_eq!(shares.iter().sum::<i64>(), total);
        let whole: i128 = weights.iter().map(|weight| i128::from(*weight)).sum();
        for (share, weight) in shares.iter().zip(&weights) {
            prop_assert!(*share >= 0);
            prop_assert!(whole == 0 || *weight > 0 || *share == 0, "a zero weight got {}", share);
            prop_assert!(whole < i128::from(total) || whole == 0 || share <= weight, "{} of {}", share, weight);
        }
    }

    #[test]
    fn the_order_of_the_weights_moves_a_share_by_at_most_one(
        total in amount(),
        (weights, order) in weights().prop_flat_map(|weights| {
            let order = Just((0..weights.len()).collect::<Vec<usize>>()).prop_shuffle();
            (Just(weights), order)
        }),
    ) {
        let shares = split(total, &weights);
        let moved: Vec<i64> = order.iter().map(|place| weights[*place]).collect();
        let moved_shares = split(total, &moved);
        let whole: i128 = weights.iter().map(|weight| i128::from(*weight)).sum();
        let fraction = |weight: i64| if whole == 0 { 0 } else { i128::from(total) * i128::from(weight) % whole };
        for (new, place) in order.iter().enumerate() {
            let (before, after) = (shares[*place], moved_shares[new]);
            prop_assert!((before - after).abs() <= 1);
            // Only a tie may move a unit: another share with the same fraction.
            let ties = weights.iter().filter(|other| fraction(**other) == fraction(weights[*place])).count();
            prop_assert!(before == after || ties > 1);
        }
    }

    #[test]
    fn unit_shares_add_up_however_the_units_are_taken(
        amount in amount(),
        quantity in prop_oneof![1..50_u32, 1..=QUANTITY_MAX],
        cuts in prop::collection::vec(0.0..=1.0_f64, 0..6),
    ) {
        let mut cuts: Vec<u32> = cuts.iter().map(|cut| (cut * f64::from(quantity)) as u32).collect();
        cuts.extend([0, quantity]);
        cuts.sort_unstable();
        let parts: i64 = cuts.windows(2).map(|pair| units_share(amount, quantity, pair[0], pair[1])).sum();
        prop_assert_eq!(parts, amount);
        let first = unit_share(amount, quantity, 0);
        let last = unit_share(amount, quantity, quantity - 1);
        prop_assert!(first - last == i64::from(amount % i64::from(quantity) != 0));
        if quantity < 50 {
            let each: i64 = (0..quantity).map(|unit| unit_share(amount, quantity, unit)).sum();
            prop_assert_eq!(each, amount);
            let even = vec![1; quantity as usize];
            let units: Vec<i64> = (0..quantity).map(|unit| unit_share(amount, quantity, unit)).collect();
            prop_assert_eq!(units, split(amount, &even));
        }
    }

    #[test]
    fn a_percentage_is_the_nearest_unit(amount in amount(), basis_points in 0..=10_000_u32) {
        let part = percent_of(amount, basis_points);
        prop_assert!((0..=amount).contains(&part));
        let exact = i128::from(amount) * i128::from(basis_points);
        let distance = i128::from(part) * 10_000 - exact;
        prop_assert!(distance > -5_000 && distance <= 5_000, "off by {} ten-thousandths", distance);
    }
}
