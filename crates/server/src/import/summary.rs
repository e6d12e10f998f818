//! What an import amounts to, as a table for people and as JSON for machines.

use std::fmt::Write as _;

use serde::Serialize;

use crate::retail::{BASKET_LINES_MAX, RetailCounts};

/// How many failures the table shows; JSON has all.
const FAILURES_SHOWN_MAX: usize = 20;

/// A product that was not imported, or whose stock was not received.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct FailedProduct {
    /// Line of the file, from 1, where the file has a line a product.
    pub(super) line: Option<u64>,
    /// The SKU, where one can be read.
    pub(super) sku: Option<String>,
    /// What the server says.
    pub(super) reason: String,
}

/// The result of an import.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Summary {
    /// Products that the server took.
    pub(super) products: u64,
    /// SKUs that stock was received for.
    pub(super) stocked: u64,
    /// Units received.
    pub(super) units: u64,
    /// What was counted in a retail table.
    pub(super) retail: Option<RetailCounts>,
    /// Baskets in it.
    pub(super) baskets: usize,
    /// What failed; the exit code is 1 when anything did.
    pub(super) failures: Vec<FailedProduct>,
}

impl Summary {
    /// The table for people.
    pub(super) fn table(&self) -> String {
        let mut rows: Vec<(&str, String)> = Vec::new();
        if let Some(counts) = &self.retail {
            let RetailCounts { lines, invoices, skus, unpriced, whole_orders, whole_order_lines, longest, split } =
                counts;
            rows.push((
                "table",
                format!("{lines} lines, {invoices} invoices, {skus} SKUs ({unpriced} without a price)"),
            ));
            rows.push((
                "orders",
                format!("{whole_orders} whole orders with {whole_order_lines} lines, at most {longest}"),
            ));
            let limit = format!("{split} split because of more than {BASKET_LINES_MAX} lines");
            rows.push(("baskets", format!("{} ({limit})", self.baskets)));
        }
        rows.push(("products", format!("{} imported", self.products)));
        rows.push(("stock", format!("{} units received of {} SKUs", self.units, self.stocked)));
        if !self.failures.is_empty() {
            rows.push(("failed", self.failures.len().to_string()));
        }
        rows.extend(self.failures.iter().take(FAILURES_SHOWN_MAX).map(|failure| ("", failure.sentence())));
        rows.iter().fold(String::new(), |mut text, (name, value)| {
            let _ = writeln!(text, "{name:<11} {value}");
            text
        })
    }
}

impl FailedProduct {
    fn sentence(&self) -> String {
        let line = self.line.map(|line| format!("line {line}: ")).unwrap_or_default();
        let sku = self.sku.as_deref().map(|sku| format!("{sku}: ")).unwrap_or_default();
        format!("{line}{sku}{}", self.reason)
    }
}
