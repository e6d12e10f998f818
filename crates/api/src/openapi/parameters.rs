//! What parameters may hold, by their names: every call means the same by the same name, so it is said once.
//!
//! This describes what `path`, `paging`, `submission` and `preconditions` check; it checks nothing.

use ordain_domain::ids::{CouponId, LetterId, OrderId, PaymentId, ReceiptId, RefundId};
use utoipa::openapi::{
    RefOr, Schema,
    path::{Parameter, ParameterIn},
    schema::{Object, SchemaType, Type},
};

/// A text id of the caller (`ordain_domain::ids`).
const TEXT_ID: &str = "^[A-Za-z0-9._:-]{1,64}$";

/// Says what the parameter of a call on `path` may hold.
pub(super) fn describe(path: &str, parameter: &mut Parameter) {
    let Some(RefOr::T(Schema::Object(schema))) = &mut parameter.schema else { return };
    // A header or a query parameter is there or not; there is no null in a URL.
    if let SchemaType::Array(types) = &schema.schema_type
        && let Some(own) = types.iter().find(|own| !matches!(own, Type::Null))
    {
        schema.schema_type = SchemaType::Type(own.clone());
    }
    match (&parameter.parameter_in, parameter.name.as_str()) {
        (ParameterIn::Path, "id") => match prefix_of(path) {
            Some(prefix) => pattern(schema, &format!("^{prefix}_(0|[1-9][0-9]{{0,18}})$")),
            None => pattern(schema, TEXT_ID),
        },
        (ParameterIn::Path, "delivery") => pattern(schema, "^dlv_(0|[1-9][0-9]{0,18})$"),
        (ParameterIn::Path, "sku" | "user") | (ParameterIn::Query, "user_id") => pattern(schema, TEXT_ID),
        (ParameterIn::Query, "cursor") => pattern(schema, "^[A-Za-z0-9._:-]{1,64}$"),
        (ParameterIn::Header, "If-Match") => pattern(schema, r#"^(\*|"(0|[1-9][0-9]{0,19})")$"#),
        (ParameterIn::Header, "Idempotency-Key") => {
            schema.min_length = Some(1);
            schema.max_length = Some(255);
            pattern(schema, "^[!-~]+$");
        }
        _ => {}
    }
}

/// What the ids of a path's resource begin with, where they are Ordain's numbers.
fn prefix_of(path: &str) -> Option<&'static str> {
    let prefixes = [
        ("/v1/orders/", OrderId::PREFIX),
        ("/v1/coupons/", CouponId::PREFIX),
        ("/v1/payments/", PaymentId::PREFIX),
        ("/v1/refunds/", RefundId::PREFIX),
        ("/v1/ops/receipts/", ReceiptId::PREFIX),
        ("/v1/ops/dead-letters/", LetterId::PREFIX),
    ];
    prefixes.into_iter().find(|(start, _)| path.starts_with(start)).map(|(_, prefix)| prefix)
}

fn pattern(schema: &mut Object, pattern: &str) {
    schema.pattern = Some(pattern.to_owned());
}
