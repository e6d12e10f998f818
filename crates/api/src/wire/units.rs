//! Units of an order's lines on the wire: lines are counted from 1 there, and from 0 in the domain.
//!
//! How many units of a line there still are is the domain's to know.

use ordain_domain::{money::QUANTITY_MAX, refund::RefundLine};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{field_errors::FieldErrors, json_text::Object};

/// Most entries of one list of units: an order has no more lines.
const UNITS_MAX: usize = 1_000;

/// Some units of one line.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = UnitsBody)]
pub(crate) struct UnitsBody {
    /// The line, counted from 1.
    #[schema(minimum = 1)]
    line: i64,
    /// How many units of it.
    #[schema(minimum = 1, maximum = 1_000_000)]
    quantity: i64,
}

/// The units of a body's `lines`, with a note of each place that cannot be. An empty list is one of those: nobody means it.
pub(crate) fn checked_units(lines: &[Object<UnitsBody>], errors: &mut FieldErrors) -> Vec<RefundLine> {
    if lines.is_empty() || lines.len() > UNITS_MAX {
        errors.push(format_args!("/lines"), format!("must have from 1 to {UNITS_MAX} entries"));
        return Vec::new();
    }
    let mut checked = Vec::with_capacity(lines.len());
    for (index, Object(units)) in lines.iter().enumerate() {
        let line = usize::try_from(units.line).ok().and_then(|line| line.checked_sub(1));
        let line = errors.take(line.ok_or("must be the number of a line, from 1"), format_args!("/lines/{index}/line"));
        let quantity = u32::try_from(units.quantity).ok().filter(|quantity| (1..=QUANTITY_MAX).contains(quantity));
        let quantity = quantity.ok_or("must be an integer from 1 to 1,000,000");
        let quantity = errors.take(quantity, format_args!("/lines/{index}/quantity"));
        checked.extend(line.zip(quantity).map(|(line, quantity)| RefundLine { line, quantity }));
    }
    checked
}

/// Some units of one line.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Units)]
pub(crate) struct UnitsView {
    /// The line, counted from 1.
    line: usize,
    /// How many units of it.
    quantity: u32,
}

impl UnitsView {
    /// A list of units in its wire form.
    pub(crate) fn list(lines: &[RefundLine]) -> Vec<UnitsView> {
        lines.iter().map(|units| UnitsView { line: units.line + 1, quantity: units.quantity }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json_text::parse_json;

    #[derive(Debug, Deserialize)]
    struct Body {
        lines: Vec<Object<UnitsBody>>,
    }

    #[test]
    fn lines_are_counted_from_one() {
        let table = [
            (r#"[{"line":1,"quantity":2}]"#, Ok(vec![(0, 2)])),
            (r#"[{"line":3,"quantity":1},{"line":3,"quantity":1000000}]"#, Ok(vec![(2, 1), (2, 1_000_000)])),
            ("[]", Err("/lines")),
            (r#"[{"line":0,"quantity":1}]"#, Err("/lines/0/line")),
            (r#"[{"line":-9223372036854775808,"quantity":1}]"#, Err("/lines/0/line")),
            (r#"[{"line":1,"quantity":0}]"#, Err("/lines/0/quantity")),
            (r#"[{"line":1,"quantity":1},{"line":1,"quantity":1000001}]"#, Err("/lines/1/quantity")),
        ];
        for (lines, expected) in table {
            let text = format!("{{\"lines\":{lines}}}");
            let body = parse_json::<Body>(text.as_bytes()).unwrap();
            let mut errors = FieldErrors::new();
            let units = checked_units(&body.lines, &mut errors);
            let found = errors.finish(Some(units.iter().map(|units| (units.line, units.quantity)).collect::<Vec<_>>()));
            let pointer = |problem| serde_json::to_value(problem).unwrap()["errors"][0]["pointer"].clone();
            assert_eq!(found.map_err(pointer), expected.map_err(serde_json::Value::from), "{lines}");
        }
    }
}
