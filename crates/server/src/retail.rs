//! The catalogue and the baskets in the *Online Retail* table (UCI Machine Learning Repository, doi:10.24432/C5BW33).
//!
//! The table holds what was invoiced, so a product has many prices; Ordain's catalogue has one. The first positive price
//! seen wins, and what a basket must cost is computed from that, not from the invoice. Only invoices that are whole
//! orders become baskets: cancellations, corrections and gifts have quantities or prices that no order can have.
//!
//! This room talks to no server and knows nothing of stock levels; it reads a file in one pass.

mod fold;
mod names;
mod price;
mod reader;

use std::{io, path::Path};

use serde::Serialize;
use thiserror::Error;

pub(crate) use reader::decompressed;

/// The currency of every price in the table (ISO 4217).
pub(crate) const RETAIL_CURRENCY: &str = "GBP";
/// Most lines that one order may have: the built-in `orders.lines_max` of the server. Longer baskets are split.
pub(crate) const BASKET_LINES_MAX: usize = 1_000;

/// Why a table cannot be read.
#[derive(Debug, Error)]
pub(crate) enum RetailError {
    /// The file cannot be opened, read or decompressed.
    #[error("the file cannot be read: {0}")]
    Read(#[from] io::Error),
    /// A line is not CSV with the columns of the table. The message of the reader names the line.
    #[error("the table cannot be read: {0}")]
    Row(#[from] csv::Error),
    /// A value of a line does not mean what its column says.
    #[error("line {line}: {column} `{value}` {reason}")]
    Value {
        /// Line of the file, 1 is the header.
        line: u64,
        /// Name of the column.
        column: &'static str,
        /// The text found.
        value: String,
        /// What is wrong with it.
        reason: &'static str,
    },
}

/// One product of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RetailProduct {
    /// A text that `ordain_domain::ids::Sku` takes.
    pub(crate) sku: String,
    /// The description beside the first positive price, or the SKU where that is empty.
    pub(crate) title: String,
    /// The first positive price, in pence, rounded half up: a price below half a penny is 0.
    pub(crate) price: u64,
}

/// One line of a basket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BasketLine {
    /// Index into [`Retail::products`].
    pub(crate) product: u32,
    /// Units, at least 1.
    pub(crate) quantity: u32,
}

/// One order to place: an invoice, or a part of one that has more than [`BASKET_LINES_MAX`] lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Basket {
    /// The invoice's number, with `-1`, `-2`, … behind it when the invoice was split.
    pub(crate) key: String,
    /// `u-` and the customer's number, or `u-guest-` and the invoice's number.
    pub(crate) user: String,
    /// In the order of the file; a SKU may be on several lines.
    pub(crate) lines: Vec<BasketLine>,
    /// Sum of quantity × catalogue price, in pence.
    pub(crate) expected_total: u64,
}

/// What was counted while reading.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct RetailCounts {
    /// Lines without the header.
    pub(crate) lines: usize,
    /// Invoices of any kind.
    pub(crate) invoices: usize,
    /// Different SKUs on any line.
    pub(crate) skus: usize,
    /// SKUs that no line gives a positive price, so that they are no products.
    pub(crate) unpriced: usize,
    /// Invoices that are whole orders.
    pub(crate) whole_orders: usize,
    /// Lines of those.
    pub(crate) whole_order_lines: usize,
    /// Lines of the longest of those.
    pub(crate) longest: usize,
    /// Whole orders with more than [`BASKET_LINES_MAX`] lines, which became several baskets.
    pub(crate) split: usize,
}

/// A table that was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Retail {
    /// In order of the first positive price.
    pub(crate) products: Vec<RetailProduct>,
    /// In order of the invoice's first line.
    pub(crate) baskets: Vec<Basket>,
    /// What was counted.
    pub(crate) counts: RetailCounts,
}

impl Retail {
    /// Reads a table, gzip or plain.
    ///
    /// # Errors
    /// [`RetailError`] at the first line that does not fit the columns.
    pub(crate) fn open(path: &Path) -> Result<Retail, RetailError> {
        Retail::read(decompressed(std::fs::File::open(path)?)?)
    }

    /// Reads a table from plain text.
    ///
    /// # Errors
    /// [`RetailError`] at the first line that does not fit the columns.
    pub(crate) fn read(text: impl io::Read) -> Result<Retail, RetailError> {
        let mut fold = fold::Fold::default();
        reader::for_each_row(text, |row| fold.add(row))?;
        Ok(fold.finish())
    }

    /// Units of each product (same index) that all baskets take together.
    pub(crate) fn units_needed(&self) -> Vec<u64> {
        let mut needed = vec![0; self.products.len()];
        for line in self.baskets.iter().flat_map(|basket| &basket.lines) {
            needed[line.product as usize] += u64::from(line.quantity);
        }
        needed
    }
}

#[cfg(test)]
mod tests;
