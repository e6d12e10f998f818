//! Products on the wire.

use std::{borrow::Cow, collections::BTreeMap};

use ordain_domain::{
    catalog::{Product, ProductStatus},
    ids::Sku,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    currency_text::parse_currency, field_errors::FieldErrors, problem::Problem, time_text::Rfc3339,
    wire::text_map::TextMap,
};

/// Whether a product may be ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ProductStatus)]
pub(crate) enum StatusWord {
    /// May be ordered.
    Active,
    /// Is known, so that old orders can name it, but cannot be ordered.
    Inactive,
}

/// A product as it shall be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ProductBody)]
pub(crate) struct ProductBody<'a> {
    /// What people read: 1 to 200 characters.
    #[serde(borrow)]
    #[schema(value_type = String, min_length = 1, max_length = 200)]
    pub(crate) title: Cow<'a, str>,
    /// Base price of one unit, in minor units of `currency`.
    #[schema(minimum = 0, maximum = 1_000_000_000_000i64)]
    pub(crate) price: i64,
    /// ISO 4217, upper case.
    #[serde(borrow)]
    #[schema(value_type = String, pattern = "^[A-Z]{3}$", example = "GBP")]
    pub(crate) currency: Cow<'a, str>,
    /// Whether it may be ordered.
    pub(crate) status: StatusWord,
    /// Weight of one unit in grams.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 4_294_967_295i64)]
    pub(crate) weight_grams: Option<i64>,
    /// Free pairs of the caller.
    #[serde(default)]
    #[schema(value_type = Option<BTreeMap<String, String>>)]
    pub(crate) attributes: Option<TextMap>,
}

impl ProductBody<'_> {
    /// The product of this body, or every place that is wrong. Version and time are given by the domain.
    pub(crate) fn into_product(self, sku: Sku) -> Result<Product, Problem> {
        let mut errors = FieldErrors::new();
        errors.text(&self.title, usize::MAX, format_args!("/title"));
        let currency = errors.take(parse_currency(&self.currency), format_args!("/currency"));
        let weight_grams = match self.weight_grams.map(u32::try_from) {
            None => None,
            Some(Ok(weight)) => Some(weight),
            Some(Err(_)) => {
                errors.push(format_args!("/weight_grams"), "must be from 0 to 4,294,967,295");
                None
            }
        };
        let attributes = self.attributes.unwrap_or_default();
        attributes.check(&mut errors, "/attributes");
        let product = currency.map(|currency| Product {
            sku,
            title: self.title.as_ref().into(),
            price: self.price,
            currency,
            status: match self.status {
                StatusWord::Active => ProductStatus::Active,
                StatusWord::Inactive => ProductStatus::Inactive,
            },
            weight_grams,
            attributes: attributes.0,
            version: 0,
            updated_at: Timestamp(0),
        });
        if let Some(Err(error)) = product.as_ref().map(Product::check)
            && (errors.is_empty() || error.pointer == "/price")
        {
            errors.push(format_args!("{}", error.pointer), error.detail);
        }
        errors.finish(product)
    }
}

/// A product of an import: one line of NDJSON.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ImportedProduct)]
pub(crate) struct ImportedProduct<'a> {
    /// The caller's name of it.
    #[serde(borrow)]
    #[schema(value_type = String, pattern = "^[A-Za-z0-9._:-]{1,64}$")]
    pub(crate) sku: Cow<'a, str>,
    #[serde(borrow)]
    #[schema(value_type = String, min_length = 1, max_length = 200)]
    title: Cow<'a, str>,
    price: i64,
    #[serde(borrow)]
    #[schema(value_type = String, pattern = "^[A-Z]{3}$")]
    currency: Cow<'a, str>,
    status: StatusWord,
    #[serde(default)]
    weight_grams: Option<i64>,
    #[serde(default)]
    #[schema(value_type = Option<BTreeMap<String, String>>)]
    attributes: Option<TextMap>,
}

impl ImportedProduct<'_> {
    /// The product of this line.
    pub(crate) fn into_product(self) -> Result<Product, Problem> {
        let ImportedProduct { sku, title, price, currency, status, weight_grams, attributes } = self;
        let mut errors = FieldErrors::new();
        let sku = errors.take(Sku::new(&sku), format_args!("/sku"));
        let sku = errors.finish(sku)?;
        ProductBody { title, price, currency, status, weight_grams, attributes }.into_product(sku)
    }
}

/// A product.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Product)]
pub(crate) struct ProductView<'a> {
    sku: &'a str,
    title: &'a str,
    /// Base price of one unit, in minor units of `currency`.
    price: i64,
    currency: &'a str,
    status: StatusWord,
    weight_grams: Option<u32>,
    attributes: &'a BTreeMap<String, String>,
    /// Grows by one with every change, from 1.
    version: u32,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Rfc3339,
}

impl<'a> From<&'a Product> for ProductView<'a> {
    fn from(product: &'a Product) -> ProductView<'a> {
        ProductView {
            sku: product.sku.as_str(),
            title: &product.title,
            price: product.price,
            currency: product.currency.as_str(),
            status: match product.status {
                ProductStatus::Active => StatusWord::Active,
                ProductStatus::Inactive => StatusWord::Inactive,
            },
            weight_grams: product.weight_grams,
            attributes: &product.attributes,
            version: product.version,
            updated_at: Rfc3339(product.updated_at),
        }
    }
}

/// A page of products, by SKU.
#[derive(Debug, ToSchema)]
#[schema(as = ProductPage)]
#[expect(dead_code, reason = "only its schema is used: pages are written by `paging`")]
pub(crate) struct ProductPage<'a> {
    data: Vec<ProductView<'a>>,
    next_cursor: Option<String>,
}

/// What an import did.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = ImportReport)]
pub(crate) struct ImportReport {
    /// Products that were created or replaced.
    pub(crate) imported: u64,
    /// Lines that were not taken.
    pub(crate) failed: u64,
    /// The first 100 of those.
    pub(crate) errors: Vec<ImportError>,
}

/// A line that was not taken.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ImportError)]
pub(crate) struct ImportError {
    /// Counted from 1; a CSV header is line 1.
    pub(crate) line: u64,
    /// What is wrong with it.
    pub(crate) detail: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json_text::parse_json;

    fn places(text: &str) -> Vec<String> {
        let product =
            parse_json::<ProductBody<'_>>(text.as_bytes()).and_then(|body| body.into_product(Sku::new("A").unwrap()));
        let Err(problem) = product else { return Vec::new() };
        let value = serde_json::to_value(problem).unwrap();
        let errors = value["errors"].as_array().unwrap();
        errors.iter().map(|error| error["pointer"].as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn bodies_are_checked_whole() {
        let good = r#"{"title":"T","price":255,"currency":"GBP","status":"active"}"#;
        assert_eq!(places(good), [""; 0]);
        let table: [(&str, &[&str]); 8] = [
            (
                r#"{"title":"","price":-1,"currency":"XXZ","status":"active","weight_grams":-1}"#,
                &["/title", "/currency", "/weight_grams"],
            ),
            (
                r#"{"title":"T","price":-1,"currency":"GBP","status":"active","weight_grams":-1}"#,
                &["/weight_grams", "/price"],
            ),
            (r#"{"title":"T","price":1.5,"currency":"GBP","status":"active"}"#, &["/price"]),
            (r#"{"title":"T","price":1,"currency":"GBP","status":"sold"}"#, &["/status"]),
            (r#"{"title":"T","price":1,"currency":"GBP"}"#, &["/status"]),
            (r#"{"title":"T","price":1,"currency":"gbp","status":"active"}"#, &["/currency"]),
            (r#"{"title":"T","price":1,"currency":"GBP","status":"active","version":1}"#, &["/version"]),
            (r#"{"title":"T","price":1000000000001,"currency":"GBP","status":"active"}"#, &["/price"]),
        ];
        for (text, expected) in table {
            assert_eq!(places(text), expected, "{text}");
        }
        let long = "ä".repeat(201);
        assert_eq!(places(&good.replace("\"T\"", &format!("\"{long}\""))), ["/title"]);
    }
}
