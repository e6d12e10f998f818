//! The body of an order, of a quote, and of one order of a batch: one wire type, so that they cannot drift apart.

use std::{borrow::Cow, sync::Arc};

use ordain_domain::{
    idempotency::KEY_LENGTH_MAX,
    ids::{CouponId, Sku, UserId},
    money::{AMOUNT_MAX, QUANTITY_MAX},
    order::PlaceOrder,
    price::RequestedLine,
};
use serde::Deserialize;
use serde_json::value::RawValue;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        RefOr, Schema,
        schema::{ObjectBuilder, SchemaType, Type},
    },
};

use crate::{
    currency_text::parse_currency,
    field_errors::FieldErrors,
    json_text::Object,
    problem::Problem,
    submission::{KEY_RULE, checked_key},
    wire::{address::AddressBody, text_map::TextMap},
};

/// Some units of one product.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = LineBody)]
struct LineBody<'a> {
    /// Of which product. The same SKU may stand on several lines.
    #[serde(borrow)]
    #[schema(value_type = String, pattern = "^[A-Za-z0-9._:-]{1,64}$", example = "85123A")]
    sku: Cow<'a, str>,
    /// How many units.
    #[schema(minimum = 1, maximum = 1_000_000)]
    quantity: i64,
}

/// An order as it shall be placed or priced.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = OrderBody)]
pub(crate) struct OrderBody<'a> {
    /// Whose order.
    #[serde(borrow)]
    #[schema(value_type = String, pattern = "^[A-Za-z0-9._:-]{1,64}$", example = "u-17850")]
    user_id: Cow<'a, str>,
    /// ISO 4217, upper case: the one currency of the order.
    #[serde(borrow)]
    #[schema(value_type = String, pattern = "^[A-Z]{3}$", example = "GBP")]
    currency: Cow<'a, str>,
    /// 1 to `orders.lines_max` (1,000 unless set) lines.
    #[serde(borrow)]
    #[schema(value_type = Vec<LineBody>, min_items = 1)]
    lines: Vec<Object<LineBody<'a>>>,
    /// A coupon of the user.
    #[serde(default, borrow)]
    #[schema(value_type = Option<String>, pattern = "^cpn_(0|[1-9][0-9]{0,18})$")]
    coupon_id: Option<Cow<'a, str>>,
    /// Points to spend; one is worth one minor unit.
    #[serde(default)]
    #[schema(minimum = 0)]
    points: i64,
    /// Where the parcels go; none for goods that are not shipped.
    #[serde(default, borrow)]
    #[schema(value_type = Option<AddressBody>)]
    shipping_address: Option<Object<AddressBody<'a>>>,
    /// The total that the buyer was shown, minor units: another one refuses the order with `price_changed`.
    #[serde(default)]
    #[schema(minimum = 0)]
    expected_total: Option<i64>,
    /// The caller's own data, kept as it is.
    #[serde(default)]
    #[schema(value_type = Option<BTreeMap<String, String>>)]
    metadata: Option<TextMap>,
    /// Only within a batch.
    #[serde(default, borrow)]
    #[schema(ignore)]
    idempotency_key: Option<Cow<'a, str>>,
}

/// One order of a batch: an order with its own key. Only its schema is used: items are parsed as order bodies.
pub(crate) struct BatchItemBody;

impl PartialSchema for BatchItemBody {
    fn schema() -> RefOr<Schema> {
        let mut schema = OrderBody::schema();
        if let RefOr::T(Schema::Object(order)) = &mut schema {
            let key = ObjectBuilder::new()
                .schema_type(SchemaType::Type(Type::String))
                .min_length(Some(1))
                .max_length(Some(KEY_LENGTH_MAX))
                .description(Some("Printable ASCII characters, unique among the orders of the user for ever."));
            order.properties.insert("idempotency_key".to_owned(), key.into());
            order.description = Some("One order of a batch with its own key.".to_owned());
        }
        schema
    }
}

impl ToSchema for BatchItemBody {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("BatchItemBody")
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        OrderBody::schemas(schemas);
    }
}

/// Several orders. Each is decided for itself.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = BatchBody)]
pub(crate) struct BatchBody<'a> {
    /// 1 to 500 orders. An item is parsed by itself, so that a bad one does not fail the others.
    #[serde(borrow)]
    #[schema(value_type = Vec<BatchItemBody>, min_items = 1, max_items = 500)]
    pub(crate) orders: Vec<&'a RawValue>,
}

impl OrderBody<'_> {
    /// The command of an order that came by itself.
    pub(crate) fn into_command(self, lines_max: u32) -> Result<PlaceOrder, Problem> {
        let mut errors = FieldErrors::new();
        let is_known = self.idempotency_key.is_none();
        errors.require(is_known, format_args!("/idempotency_key"), "is a header outside of a batch");
        self.checked(lines_max, errors)
    }

    /// The command of an order of a batch, and its key.
    pub(crate) fn into_batch_command(self, lines_max: u32) -> Result<(PlaceOrder, Option<Arc<str>>), Problem> {
        let mut errors = FieldErrors::new();
        let key = self.idempotency_key.as_ref().and_then(|key| {
            let key = checked_key(key).ok_or(KEY_RULE);
            errors.take(key, format_args!("/idempotency_key"))
        });
        Ok((self.checked(lines_max, errors)?, key))
    }

    fn checked(self, lines_max: u32, mut errors: FieldErrors) -> Result<PlaceOrder, Problem> {
        let user_id = errors.take(UserId::new(&self.user_id), format_args!("/user_id"));
        let currency = errors.take(parse_currency(&self.currency), format_args!("/currency"));
        let lines = checked_lines(&self.lines, lines_max, &mut errors);
        let coupon = self.coupon_id.and_then(|id| errors.take(id.parse::<CouponId>(), format_args!("/coupon_id")));
        let is_amount = |amount: i64| (0..=AMOUNT_MAX).contains(&amount);
        let rule = "must be from 0 to 9,007,199,254,740,991";
        errors.require(is_amount(self.points), format_args!("/points"), rule);
        errors.require(self.expected_total.is_none_or(is_amount), format_args!("/expected_total"), rule);
        if let Some(Object(address)) = &self.shipping_address {
            address.check(&mut errors, "/shipping_address");
        }
        let metadata = self.metadata.unwrap_or_default();
        metadata.check(&mut errors, "/metadata");
        let command = user_id.zip(currency).filter(|_| errors.is_empty()).map(|(user_id, currency)| PlaceOrder {
            user_id,
            currency,
            lines,
            coupon,
            points: self.points,
            shipping_address: self.shipping_address.map(|Object(address)| address.to_address()),
            expected_total: self.expected_total,
            metadata: Arc::new(metadata.0),
        });
        errors.finish(command)
    }
}

fn checked_lines(lines: &[Object<LineBody<'_>>], lines_max: u32, errors: &mut FieldErrors) -> Vec<RequestedLine> {
    if lines.is_empty() || lines.len() > lines_max as usize {
        errors.push(format_args!("/lines"), format!("must have from 1 to {lines_max} lines"));
        return Vec::new();
    }
    let mut checked = Vec::with_capacity(lines.len());
    for (index, Object(line)) in lines.iter().enumerate() {
        let sku = errors.take(Sku::new(&line.sku), format_args!("/lines/{index}/sku"));
        let quantity = u32::try_from(line.quantity).ok().filter(|quantity| (1..=QUANTITY_MAX).contains(quantity));
        let quantity = quantity.ok_or("must be an integer from 1 to 1,000,000");
        let quantity = errors.take(quantity, format_args!("/lines/{index}/quantity"));
        checked.extend(sku.zip(quantity).map(|(sku, quantity)| RequestedLine { sku, quantity }));
    }
    checked
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json_text::parse_json;

    const GOOD: &str = r#"{"user_id":"u-17850","currency":"GBP","lines":[{"sku":"85123A","quantity":6}],"coupon_id":null,"points":0,"shipping_address":{"name":"N","phone":"1","country":"GB","region":"R","city":"C","street":"S","postcode":"P"},"expected_total":1530,"metadata":{}}"#;

    fn command(text: &str) -> Result<PlaceOrder, Problem> {
        parse_json::<OrderBody<'_>>(text.as_bytes())?.into_command(3)
    }

    fn places(text: &str) -> Vec<String> {
        let value = serde_json::to_value(command(text).unwrap_err()).unwrap();
        let errors = value["errors"].as_array().unwrap();
        errors.iter().map(|error| error["pointer"].as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn the_documented_body_is_taken() {
        let command = command(GOOD).unwrap();
        assert_eq!(command.lines, [RequestedLine { sku: Sku::new("85123A").unwrap(), quantity: 6 }]);
        assert_eq!((command.expected_total, command.points, command.coupon), (Some(1_530), 0, None));
        assert_eq!(command.shipping_address.unwrap().postcode.as_deref(), Some("P"));
        let least = r#"{"user_id":"u","currency":"GBP","lines":[{"sku":"A","quantity":1}]}"#;
        assert!(super::tests::command(least).unwrap().shipping_address.is_none());
    }

    #[test]
    fn bad_quantities_are_pointed_at() {
        for quantity in
            ["0", "-1", "1.5", "1.0", "1e2", "\"1\"", "null", "true", "1000001", "9223372036854775808", "[1]"]
        {
            let text = GOOD.replace("\"quantity\":6", &format!("\"quantity\":{quantity}"));
            assert_eq!(places(&text), ["/lines/0/quantity"], "{quantity}");
        }
    }

    #[test]
    fn everything_that_is_wrong_is_named() {
        let line = r#"{"sku":"85123A","quantity":6}"#;
        let address = r#""shipping_address":{"name":"","country":"gb","city":"C","street":"S"}"#;
        let table: [(String, &[&str]); 13] = [
            (GOOD.replace("u-17850", ""), &["/user_id"]),
            (GOOD.replace("GBP", "GBX"), &["/currency"]),
            (GOOD.replace(line, ""), &["/lines"]),
            (GOOD.replace(line, &[line; 4].join(",")), &["/lines"]),
            (GOOD.replace("85123A", "8 5"), &["/lines/0/sku"]),
            (GOOD.replace("null", "\"cpn_x\""), &["/coupon_id"]),
            (GOOD.replace("\"points\":0", "\"points\":-1"), &["/points"]),
            (GOOD.replace("1530", "-1"), &["/expected_total"]),
            (GOOD.replace("\"metadata\":{}", "\"metadata\":{\"a\":1}"), &["/metadata/a"]),
            (GOOD.replace("\"metadata\":{}", "\"total\":1"), &["/total"]),
            (GOOD.replace("\"metadata\":{}", "\"idempotency_key\":\"k\""), &["/idempotency_key"]),
            (
                format!(
                    r#"{{"user_id":"é","currency":"X","lines":[{{"sku":"","quantity":0}}],"points":-1,{address}}}"#
                ),
                &[
                    "/user_id",
                    "/currency",
                    "/lines/0/sku",
                    "/lines/0/quantity",
                    "/points",
                    "/shipping_address/country",
                    "/shipping_address/name",
                ],
            ),
            (GOOD.replace("\"postcode\":\"P\"", "\"postcode\":\"P\",\"planet\":\"M\""), &["/shipping_address/planet"]),
        ];
        for (text, expected) in table {
            assert_eq!(places(&text), expected, "{text}");
        }
    }

    #[test]
    fn an_order_of_a_batch_has_its_key_inside() {
        let table = [("\"k\"", Some(Some("k"))), ("null", Some(None)), ("\"\"", None), ("\"\\u00e4\"", None)];
        for (key, expected) in table {
            let text = GOOD.replace("\"metadata\":{}", &format!("\"idempotency_key\":{key}"));
            let parsed = parse_json::<OrderBody<'_>>(text.as_bytes()).unwrap().into_batch_command(3);
            assert_eq!(parsed.ok().map(|(_, key)| key).as_ref().map(Option::as_deref), expected, "{key}");
        }
    }
}
