//! The currency of a shop that sells in one: it stands in where a promotion or a template names none.

use std::sync::Arc;

use ordain_domain::{catalog::Catalog, money::Currency};

use crate::problem::Problem;

/// The one currency of all products; none when there are several, or no products. Walks over all products, so it runs on
/// a thread that may block.
pub(crate) async fn only_currency(catalog: Arc<Catalog>) -> Result<Option<Currency>, Problem> {
    let found = tokio::task::spawn_blocking(move || {
        let mut products = catalog.products();
        let currency = products.next()?.currency;
        products.all(|product| product.currency == currency).then_some(currency)
    });
    found.await.map_err(|error| {
        tracing::error!(error.message = %error, "walking over the catalog panicked");
        Problem::internal()
    })
}
