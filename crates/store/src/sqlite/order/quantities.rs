//! Where an order's units stand, in one column: nothing while all are held as placed, the name of the one bucket that all
//! are in, else JSON with the buckets of each line.
//!
//! Nearly every order is of the first two kinds, and then the column costs nothing.

use std::borrow::Cow;

use ordain_domain::{order::Quantities, price::PricedLine};

use super::super::failure::SqliteFailure;

/// The value of the column.
pub(super) fn to_column(quantities: &[Quantities]) -> Result<Option<Cow<'static, str>>, SqliteFailure> {
    for (word, bucket, _) in BUCKETS {
        if quantities.iter().all(|line| u64::from(bucket(line)) == line.sum()) {
            return Ok(word.map(Cow::Borrowed));
        }
    }
    let text = serde_json::to_string(quantities)
        .map_err(|error| SqliteFailure::Guard(format!("quantities cannot be stored: {error}")))?;
    Ok(Some(Cow::Owned(text)))
}

/// The quantities of the lines, from the column.
pub(super) fn from_column(column: Option<&str>, lines: &[PricedLine]) -> Result<Vec<Quantities>, SqliteFailure> {
    if let Some((_, _, filled)) = BUCKETS.iter().find(|(word, ..)| *word == column) {
        return Ok(lines.iter().map(|line| filled(line.quantity)).collect());
    }
    let quantities: Vec<Quantities> = serde_json::from_str(column.unwrap_or_default())?;
    let is_whole = quantities.len() == lines.len()
        && quantities.iter().zip(lines).all(|(buckets, line)| buckets.sum() == u64::from(line.quantity));
    if is_whole {
        return Ok(quantities);
    }
    Err(SqliteFailure::damaged("orders", "the buckets of a line do not add up to its quantity"))
}

type Bucket = (Option<&'static str>, fn(&Quantities) -> u32, fn(u32) -> Quantities);

const NONE: Quantities =
    Quantities { held: 0, paid: 0, shipped: 0, delivered: 0, confirmed: 0, returned: 0, cancelled: 0 };

/// What the column says, the bucket that it means, and a line whose units are all in it.
const BUCKETS: [Bucket; 7] = [
    (None, |line| line.held, |units| Quantities { held: units, ..NONE }),
    (Some("paid"), |line| line.paid, |units| Quantities { paid: units, ..NONE }),
    (Some("cancelled"), |line| line.cancelled, |units| Quantities { cancelled: units, ..NONE }),
    (Some("shipped"), |line| line.shipped, |units| Quantities { shipped: units, ..NONE }),
    (Some("delivered"), |line| line.delivered, |units| Quantities { delivered: units, ..NONE }),
    (Some("confirmed"), |line| line.confirmed, |units| Quantities { confirmed: units, ..NONE }),
    (Some("returned"), |line| line.returned, |units| Quantities { returned: units, ..NONE }),
];

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use ordain_domain::ids::Sku;

    use super::*;

    fn line(quantity: u32) -> PricedLine {
        PricedLine {
            sku: Sku::new("a").unwrap(),
            title: Arc::from("A"),
            unit_price: 1,
            quantity,
            goods: i64::from(quantity),
            promotions: 0,
            coupon: 0,
            points: 0,
            shipping: 0,
        }
    }

    #[test]
    fn whole_orders_cost_a_word_and_all_come_back() {
        let lines = [line(3), line(5)];
        let of = |first: Quantities, second: Quantities| vec![first, second];
        let mixed = of(Quantities { shipped: 1, paid: 2, ..NONE }, Quantities { paid: 5, ..NONE });
        let table = [
            (of(Quantities { held: 3, ..NONE }, Quantities { held: 5, ..NONE }), Some(None)),
            (of(Quantities { paid: 3, ..NONE }, Quantities { paid: 5, ..NONE }), Some(Some("paid"))),
            (of(Quantities { cancelled: 3, ..NONE }, Quantities { cancelled: 5, ..NONE }), Some(Some("cancelled"))),
            (mixed, None),
        ];
        for (quantities, word) in table {
            let column = to_column(&quantities).unwrap();
            if let Some(word) = word {
                assert_eq!(column.as_deref(), word);
            }
            assert_eq!(from_column(column.as_deref(), &lines).unwrap(), quantities);
        }
        let damaged = ["[]", "lost", r#"[{"held":3},{"held":5}]"#];
        for text in damaged {
            assert!(from_column(Some(text), &lines).is_err(), "{text}");
        }
    }
}
