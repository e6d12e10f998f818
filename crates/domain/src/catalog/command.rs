//! What may be asked of the catalog.

use alloc::{sync::Arc, vec::Vec};

use crate::catalog::{CouponTemplate, Product, Promotion};

/// Most products of one command.
pub const PRODUCTS_MAX: usize = 1_000;

/// Creates or replaces products, all or none. `version` and `updated_at` of the values are ignored.
#[derive(Clone, Debug, PartialEq)]
pub struct PutProducts {
    /// 1 to [`PRODUCTS_MAX`] products as they shall be. A SKU that stands twice ends as its last.
    pub products: Vec<Product>,
    /// Refuse unless the stored product has this version (0: unless there is none). Only for a single product.
    pub expected_version: Option<u64>,
}

/// Creates or replaces a promotion. `version` of the value is ignored.
#[derive(Clone, Debug, PartialEq)]
pub struct PutPromotion {
    /// The promotion as it shall be.
    pub promotion: Arc<Promotion>,
    /// Refuse unless the stored one has this version (0: unless there is none).
    pub expected_version: Option<u64>,
}

/// Creates or replaces a coupon template. `version` of the value is ignored.
#[derive(Clone, Debug, PartialEq)]
pub struct PutTemplate {
    /// The template as it shall be.
    pub template: Arc<CouponTemplate>,
    /// Refuse unless the stored one has this version (0: unless there is none).
    pub expected_version: Option<u64>,
}
