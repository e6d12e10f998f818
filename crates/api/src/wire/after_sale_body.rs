//! What callers say of after-sales: opening one, and its steps.
//!
//! Lines are counted from 1 here, and from 0 in the domain. Which step may be taken when is the domain's to know.

use std::{borrow::Cow, sync::Arc};

use ordain_domain::{
    after_sale::{
        AfterSaleKind, AfterSaleRequestLine, ApproveAfterSale, Consignment, InspectedLine, Inspection, OpenAfterSale,
        ReceiveAfterSale,
    },
    ids::{AfterSaleId, OrderId, Sku},
    money::QUANTITY_MAX,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::shipment::{CARRIER_LENGTH_MAX, TRACKING_NUMBER_LENGTH_MAX};
use crate::{field_errors::FieldErrors, json_text::Object, problem::Problem, wire::address::AddressBody};

/// Most entries of one list of units.
const LINES_MAX: usize = 1_000;
/// Longest reason, in characters.
const REASON_LENGTH_MAX: usize = 500;

/// What the buyer wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AfterSaleKind)]
pub(crate) enum AfterSaleKindWord {
    /// The money of units, which stay where they are.
    Refund,
    /// The money of units that go back.
    Return,
    /// Other goods for units that go back.
    Exchange,
}

impl From<AfterSaleKindWord> for AfterSaleKind {
    fn from(word: AfterSaleKindWord) -> AfterSaleKind {
        match word {
            AfterSaleKindWord::Refund => AfterSaleKind::Refund,
            AfterSaleKindWord::Return => AfterSaleKind::Return,
            AfterSaleKindWord::Exchange => AfterSaleKind::Exchange,
        }
    }
}

/// Units that an after-sale is asked for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AfterSaleLineBody)]
pub(crate) struct AfterSaleLineBody<'a> {
    /// The order's line, counted from 1.
    #[schema(minimum = 1)]
    line: i64,
    /// How many units of it.
    #[schema(minimum = 1, maximum = 1_000_000)]
    quantity: i64,
    /// In an exchange: what is wanted instead. Without it, the same again.
    #[serde(default, borrow)]
    #[schema(value_type = Option<String>)]
    replacement_sku: Option<Cow<'a, str>>,
}

/// Opens an after-sale for units that were shipped.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AfterSaleBody)]
pub(crate) struct AfterSaleBody<'a> {
    kind: AfterSaleKindWord,
    #[serde(borrow)]
    #[schema(value_type = Vec<AfterSaleLineBody>, min_items = 1, max_items = 1_000)]
    lines: Vec<Object<AfterSaleLineBody<'a>>>,
    /// In the buyer's own words: 1 to 500 characters.
    #[serde(borrow)]
    #[schema(value_type = String, min_length = 1, max_length = 500)]
    reason: Cow<'a, str>,
}

impl AfterSaleBody<'_> {
    /// The command.
    pub(crate) fn into_command(self, order: OrderId, expected_version: Option<u64>) -> Result<OpenAfterSale, Problem> {
        let mut errors = FieldErrors::new();
        check_count(self.lines.len(), &mut errors);
        let mut lines = Vec::with_capacity(self.lines.len().min(LINES_MAX));
        for (index, Object(body)) in self.lines.iter().enumerate().take(LINES_MAX) {
            let line = line_of(body.line, index, &mut errors);
            let quantity = quantity_of(body.quantity, index, &mut errors);
            let sku = body.replacement_sku.as_deref().map(Sku::new).transpose();
            let sku = sku.map_err(|error| error.to_string());
            let replacement = errors.take(sku, format_args!("/lines/{index}/replacement_sku"));
            if let (Some(line), Some(quantity), Some(replacement)) = (line, quantity, replacement) {
                lines.push(AfterSaleRequestLine { line, quantity, replacement });
            }
        }
        errors.text(&self.reason, REASON_LENGTH_MAX, format_args!("/reason"));
        let reason = Arc::from(self.reason.as_ref());
        errors.finish(Some(OpenAfterSale { order, kind: self.kind.into(), lines, reason, expected_version }))
    }
}

/// The shop agrees.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ApprovalBody)]
pub(crate) struct ApprovalBody<'a> {
    /// Where the goods shall go; none for a refund without a return, or where the buyer knows.
    #[serde(default, borrow)]
    #[schema(value_type = Option<AddressBody>)]
    return_address: Option<Object<AddressBody<'a>>>,
}

impl ApprovalBody<'_> {
    /// The command.
    pub(crate) fn into_command(
        self,
        after_sale: AfterSaleId,
        expected_version: Option<u64>,
    ) -> Result<ApproveAfterSale, Problem> {
        let mut errors = FieldErrors::new();
        let return_address = self.return_address.map(|Object(address)| {
            address.check(&mut errors, "/return_address");
            address.to_address()
        });
        errors.finish(Some(ApproveAfterSale { after_sale, return_address, expected_version }))
    }
}

/// Why the shop does not agree.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RejectionBody)]
pub(crate) struct RejectionBody<'a> {
    /// In the shop's own words: 1 to 500 characters.
    #[serde(borrow)]
    #[schema(value_type = String, min_length = 1, max_length = 500)]
    reason: Cow<'a, str>,
}

impl RejectionBody<'_> {
    /// The reason once its bounds are checked.
    pub(crate) fn checked(self) -> Result<Arc<str>, Problem> {
        let mut errors = FieldErrors::new();
        errors.text(&self.reason, REASON_LENGTH_MAX, format_args!("/reason"));
        errors.finish(Some(Arc::from(self.reason.as_ref())))
    }
}

/// Goods on their way, one way or the other.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ConsignmentBody)]
pub(crate) struct ConsignmentBody<'a> {
    /// Name of the carrier: 1 to 64 characters.
    #[serde(borrow)]
    #[schema(value_type = String, min_length = 1, max_length = 64)]
    carrier: Cow<'a, str>,
    /// The carrier's own number: 1 to 100 characters.
    #[serde(borrow)]
    #[schema(value_type = String, min_length = 1, max_length = 100)]
    tracking_number: Cow<'a, str>,
}

impl ConsignmentBody<'_> {
    /// The value once its bounds are checked.
    pub(crate) fn checked(self) -> Result<Consignment, Problem> {
        let mut errors = FieldErrors::new();
        errors.text(&self.carrier, CARRIER_LENGTH_MAX, format_args!("/carrier"));
        errors.text(&self.tracking_number, TRACKING_NUMBER_LENGTH_MAX, format_args!("/tracking_number"));
        let consignment = Consignment {
            carrier: Arc::from(self.carrier.as_ref()),
            tracking_number: Arc::from(self.tracking_number.as_ref()),
        };
        errors.finish(Some(consignment))
    }
}

/// What was found of goods that came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Inspection)]
pub(crate) enum InspectionWord {
    /// They can be sold again: they go on the shelf.
    Restock,
    /// They cannot be sold again; the buyer gets what it asked for all the same.
    Scrap,
    /// They are not taken back: they stay the buyer's.
    Refuse,
}

impl From<InspectionWord> for Inspection {
    fn from(word: InspectionWord) -> Inspection {
        match word {
            InspectionWord::Restock => Inspection::Restock,
            InspectionWord::Scrap => Inspection::Scrap,
            InspectionWord::Refuse => Inspection::Refuse,
        }
    }
}

/// What was found of some units.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = InspectedLineBody)]
pub(crate) struct InspectedLineBody {
    /// The order's line, counted from 1.
    #[schema(minimum = 1)]
    line: i64,
    /// How many units; without it, all of the line that are left.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 1_000_000)]
    quantity: Option<i64>,
    /// What was found; without it, the outcome of the whole.
    #[serde(default)]
    outcome: Option<InspectionWord>,
}

/// The goods came and were looked at.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = InspectionBody)]
pub(crate) struct InspectionBody {
    outcome: InspectionWord,
    /// The units that came. Without them, all; units that are not named then count as refused, because they did not come.
    #[serde(default)]
    #[schema(value_type = Option<Vec<InspectedLineBody>>, min_items = 1, max_items = 1_000)]
    lines: Option<Vec<Object<InspectedLineBody>>>,
}

impl InspectionBody {
    /// The command.
    pub(crate) fn into_command(
        self,
        after_sale: AfterSaleId,
        expected_version: Option<u64>,
    ) -> Result<ReceiveAfterSale, Problem> {
        let mut errors = FieldErrors::new();
        // Without the member all units came. A list without entries would say that too, and whoever sends one means none.
        if let Some(lines) = &self.lines {
            check_count(lines.len(), &mut errors);
        }
        let bodies = self.lines.unwrap_or_default();
        let mut lines = Vec::with_capacity(bodies.len().min(LINES_MAX));
        for (index, Object(body)) in bodies.iter().enumerate().take(LINES_MAX) {
            let line = line_of(body.line, index, &mut errors);
            let quantity = body.quantity.and_then(|quantity| quantity_of(quantity, index, &mut errors));
            let outcome = body.outcome.map(Inspection::from);
            lines.extend(line.map(|line| InspectedLine { line, quantity, outcome }));
        }
        errors.finish(Some(ReceiveAfterSale { after_sale, outcome: self.outcome.into(), lines, expected_version }))
    }
}

fn check_count(count: usize, errors: &mut FieldErrors) {
    let fits = (1..=LINES_MAX).contains(&count);
    errors.require(fits, format_args!("/lines"), "must have from 1 to 1,000 entries");
}

fn line_of(line: i64, index: usize, errors: &mut FieldErrors) -> Option<usize> {
    let line = usize::try_from(line).ok().and_then(|line| line.checked_sub(1));
    errors.take(line.ok_or("must be the number of a line, from 1"), format_args!("/lines/{index}/line"))
}

fn quantity_of(quantity: i64, index: usize, errors: &mut FieldErrors) -> Option<u32> {
    let quantity = u32::try_from(quantity).ok().filter(|quantity| (1..=QUANTITY_MAX).contains(quantity));
    errors.take(quantity.ok_or("must be an integer from 1 to 1,000,000"), format_args!("/lines/{index}/quantity"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json_text::parse_json;

    fn pointer(problem: Problem) -> String {
        let value = serde_json::to_value(problem).unwrap();
        value["errors"][0]["pointer"].as_str().unwrap_or_default().to_owned()
    }

    #[test]
    fn an_after_sale_names_units_and_a_reason() {
        let table = [
            (r#"{"kind":"return","reason":"r","lines":[{"line":1,"quantity":2}]}"#, Ok(1)),
            (r#"{"kind":"exchange","reason":"r","lines":[{"line":1,"quantity":2,"replacement_sku":"b"}]}"#, Ok(1)),
            (r#"{"kind":"return","reason":"r","lines":[]}"#, Err("/lines")),
            (r#"{"kind":"return","reason":"","lines":[{"line":1,"quantity":2}]}"#, Err("/reason")),
            (r#"{"kind":"return","reason":"r","lines":[{"line":0,"quantity":2}]}"#, Err("/lines/0/line")),
            (r#"{"kind":"return","reason":"r","lines":[{"line":1,"quantity":0}]}"#, Err("/lines/0/quantity")),
            (
                r#"{"kind":"exchange","reason":"r","lines":[{"line":1,"quantity":1,"replacement_sku":"a b"}]}"#,
                Err("/lines/0/replacement_sku"),
            ),
            (r#"{"kind":"gift","reason":"r","lines":[{"line":1,"quantity":2}]}"#, Err("/kind")),
            (
                r#"{"kind":"return","reason":"r","status":"completed","lines":[{"line":1,"quantity":2}]}"#,
                Err("/status"),
            ),
        ];
        for (text, expected) in table {
            let command = parse_json::<AfterSaleBody<'_>>(text.as_bytes())
                .and_then(|body| body.into_command(OrderId::from_number(1), None));
            let found = command.map(|command| command.lines.len()).map_err(pointer);
            assert_eq!(found, expected.map_err(str::to_owned), "{text}");
        }
    }

    #[test]
    fn an_inspection_may_name_units_or_not() {
        let table = [
            (r#"{"outcome":"restock"}"#, Ok(0)),
            (r#"{"outcome":"restock","lines":null}"#, Ok(0)),
            (r#"{"outcome":"restock","lines":[]}"#, Err("/lines")),
            (r#"{"outcome":"scrap","lines":[{"line":2}]}"#, Ok(1)),
            (r#"{"outcome":"restock","lines":[{"line":1,"quantity":1,"outcome":"refuse"}]}"#, Ok(1)),
            (r#"{"outcome":"restock","lines":[{"line":0}]}"#, Err("/lines/0/line")),
            (r#"{"outcome":"restock","lines":[{"line":1,"quantity":-1}]}"#, Err("/lines/0/quantity")),
            (r#"{"outcome":"burn"}"#, Err("/outcome")),
        ];
        for (text, expected) in table {
            let command = parse_json::<InspectionBody>(text.as_bytes())
                .and_then(|body| body.into_command(AfterSaleId::from_number(1), None));
            let found = command.map(|command| command.lines.len()).map_err(pointer);
            assert_eq!(found, expected.map_err(str::to_owned), "{text}");
        }
    }
}
