//! The schema of a problem document. Problems are written by `crate::problem`; this is their description.

use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        RefOr, Schema,
        schema::{ObjectBuilder, SchemaType, Type},
    },
};

use crate::problem::ProblemCode;

/// One place of a request that is wrong: one of the first three says where.
#[derive(Debug, ToSchema)]
#[schema(as = FieldError)]
#[expect(dead_code, reason = "only its schema is used")]
struct FieldErrorView {
    /// RFC 6901 pointer into the body.
    pointer: Option<String>,
    /// A path or query parameter.
    parameter: Option<String>,
    /// A header.
    header: Option<String>,
    /// What is wrong there.
    detail: String,
}

/// RFC 9457. `code` is stable; further members belong to the code: `sku, available` (insufficient_stock), `expected_total,
/// total` (price_changed), `order_id` (duplicate_order), `order_status` (order_state), `version` (precondition_failed),
/// `reason` (coupon_not_usable), `balance` (insufficient_points), `limit` (too_many_unpaid), `payment_status` or `refund_status` (payment_state), `payment_id`
/// (payment_unresolved, channel_unavailable), `refundable` (refund_exceeds).
#[derive(Debug, ToSchema)]
#[schema(as = Problem)]
#[expect(dead_code, reason = "only its schema is used")]
pub(crate) struct ProblemView {
    /// `https://ordain.dev/problems/` and the code.
    r#type: String,
    title: String,
    status: u16,
    detail: String,
    #[schema(schema_with = codes)]
    code: String,
    errors: Option<Vec<FieldErrorView>>,
}

fn codes() -> RefOr<Schema> {
    let codes = ProblemCode::ALL.iter().map(|code| code.text());
    ObjectBuilder::new().schema_type(SchemaType::Type(Type::String)).enum_values(Some(codes)).into()
}

/// The schema and those that it names, for the document's components.
pub(crate) fn schemas() -> Vec<(String, RefOr<Schema>)> {
    let mut schemas = vec![(ProblemView::name().into_owned(), ProblemView::schema())];
    ProblemView::schemas(&mut schemas);
    schemas
}
