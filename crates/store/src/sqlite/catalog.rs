//! Products, promotions and coupon templates, each whole as JSON under its name.
//!
//! They are read once, at start; decisions work on the snapshot in memory.

use std::sync::Arc;

use ordain_domain::catalog::{Catalog, CatalogChange, CouponTemplate, Product, Promotion};
use rusqlite::Connection;
use serde::de::DeserializeOwned;

use super::{
    bind::{JsonBuffer, json},
    failure::SqliteFailure,
};

const PRODUCTS_LIST: &str = "-- products_list
SELECT body FROM products ORDER BY sku";

const PRODUCT_PUT: &str = "-- product_put
INSERT INTO products (sku, body) VALUES (?1, ?2) ON CONFLICT (sku) DO UPDATE SET body = excluded.body";

const PROMOTIONS_LIST: &str = "-- promotions_list
SELECT body FROM promotions ORDER BY id";

const PROMOTION_PUT: &str = "-- promotion_put
INSERT INTO promotions (id, body) VALUES (?1, ?2) ON CONFLICT (id) DO UPDATE SET body = excluded.body";

const COUPON_TEMPLATES_LIST: &str = "-- coupon_templates_list
SELECT body FROM coupon_templates ORDER BY id";

const COUPON_TEMPLATE_PUT: &str = "-- coupon_template_put
INSERT INTO coupon_templates (id, body) VALUES (?1, ?2) ON CONFLICT (id) DO UPDATE SET body = excluded.body";

/// The whole catalog.
pub(super) fn load(connection: &Connection) -> Result<Catalog, SqliteFailure> {
    let mut catalog = Catalog::new();
    each(connection, PRODUCTS_LIST, |product: Arc<Product>| catalog.put_product(product))?;
    each(connection, PROMOTIONS_LIST, |promotion: Arc<Promotion>| catalog.put_promotion(promotion))?;
    each(connection, COUPON_TEMPLATES_LIST, |template: Arc<CouponTemplate>| catalog.put_template(template))?;
    Ok(catalog)
}

fn each<T: DeserializeOwned>(
    connection: &Connection,
    sql: &str,
    mut visit: impl FnMut(T),
) -> Result<(), SqliteFailure> {
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        visit(json(row, 0)?);
    }
    Ok(())
}

/// Writes new values, in order.
pub(super) fn put(
    connection: &Connection,
    changes: &[CatalogChange],
    buffer: &mut JsonBuffer,
) -> Result<(), SqliteFailure> {
    for change in changes {
        match change {
            CatalogChange::Product(product) => {
                let body = buffer.of(&**product)?;
                connection.prepare_cached(PRODUCT_PUT)?.execute((product.sku.as_str(), body))?;
            }
            CatalogChange::Promotion(promotion) => {
                let body = buffer.of(&**promotion)?;
                connection.prepare_cached(PROMOTION_PUT)?.execute((promotion.id.as_str(), body))?;
            }
            CatalogChange::Template(template) => {
                let body = buffer.of(&**template)?;
                connection.prepare_cached(COUPON_TEMPLATE_PUT)?.execute((template.id.as_str(), body))?;
            }
        }
    }
    Ok(())
}
