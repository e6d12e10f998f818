//! Decisions on the catalog: check the value, count its version on.
//!
//! Order of refusals: `invalid_request`, `version_mismatch`. A change of a price or of a promotion never touches an order
//! that was placed before.

use alloc::{borrow::Cow, sync::Arc};

use crate::{
    answer::Answer,
    catalog::{
        CatalogChange, CouponTemplate, FieldError, Product, Promotion,
        command::{PRODUCTS_MAX, PutProducts, PutPromotion, PutTemplate},
    },
    refusal::Refusal,
    scope::Scope,
};

/// Creates or replaces products.
///
/// # Errors
/// See the order of refusals above.
pub fn put_products(scope: &mut Scope<'_>, command: &PutProducts) -> Result<Answer, Refusal> {
    if command.products.is_empty() || command.products.len() > PRODUCTS_MAX {
        return Err(Refusal::invalid("", "must be 1 to 1,000 products"));
    }
    for product in &command.products {
        product.check().map_err(refusal_of_field)?;
    }
    for product in &command.products {
        let version = scope.catalog.product(&product.sku).map_or(0, |stored| stored.version);
        Refusal::check_version(command.expected_version, u64::from(version))?;
        let product = Product { version: version + 1, updated_at: scope.now, ..product.clone() };
        scope.changes.catalog.push(CatalogChange::Product(Arc::new(product)));
    }
    match (command.products.len(), scope.changes.catalog.last()) {
        (1, Some(CatalogChange::Product(product))) => Ok(Answer::Product(Arc::clone(product))),
        (count, _) => Ok(Answer::Products { count }),
    }
}

/// Creates or replaces a promotion.
///
/// # Errors
/// See the order of refusals above.
pub fn put_promotion(scope: &mut Scope<'_>, command: &PutPromotion) -> Result<Answer, Refusal> {
    command.promotion.check().map_err(refusal_of_field)?;
    let version = scope.catalog.promotion(&command.promotion.id).map_or(0, |stored| stored.version);
    Refusal::check_version(command.expected_version, u64::from(version))?;
    let promotion = Arc::new(Promotion { version: version + 1, ..command.promotion.as_ref().clone() });
    scope.changes.catalog.push(CatalogChange::Promotion(Arc::clone(&promotion)));
    Ok(Answer::Promotion(promotion))
}

/// Creates or replaces a coupon template. Coupons that were granted before follow the replaced template.
///
/// # Errors
/// See the order of refusals above.
pub fn put_template(scope: &mut Scope<'_>, command: &PutTemplate) -> Result<Answer, Refusal> {
    command.template.check().map_err(refusal_of_field)?;
    let version = scope.catalog.template(&command.template.id).map_or(0, |stored| stored.version);
    Refusal::check_version(command.expected_version, u64::from(version))?;
    let template = Arc::new(CouponTemplate { version: version + 1, ..command.template.as_ref().clone() });
    scope.changes.catalog.push(CatalogChange::Template(Arc::clone(&template)));
    Ok(Answer::Template(template))
}

fn refusal_of_field(error: FieldError) -> Refusal {
    Refusal::InvalidRequest { pointer: Cow::Borrowed(error.pointer), detail: Cow::Borrowed(error.detail) }
}
