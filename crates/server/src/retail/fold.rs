//! Folds rows into products and baskets. The lines of an invoice need not be in one piece, so a basket is finished only
//! when the file is; what is kept of a line is eight bytes.

use std::collections::HashMap;

use super::{
    BASKET_LINES_MAX, Basket, BasketLine, Retail, RetailCounts, RetailError, RetailProduct,
    names::{sku_of, user_of},
    reader::Row,
};

#[derive(Default)]
pub(super) struct Fold {
    skus: HashMap<String, usize>,
    /// By index of SKU; the place in `products` once a positive price was seen.
    product_of: Vec<Option<u32>>,
    products: Vec<RetailProduct>,
    invoices: HashMap<String, usize>,
    open: Vec<Invoice>,
    lines: usize,
}

struct Invoice {
    number: String,
    user: String,
    /// `None` once a line was seen that no order can have.
    lines: Option<Vec<BasketLine>>,
}

impl Fold {
    pub(super) fn add(&mut self, row: Row<'_>) -> Result<(), RetailError> {
        self.lines += 1;
        let sku = self.sku_index(&row)?;
        if row.price.is_positive && self.product_of[sku].is_none() {
            self.add_product(sku, &row);
        }
        let quantity = u32::try_from(row.quantity).ok().filter(|quantity| *quantity > 0);
        let line = match (quantity, self.product_of[sku]) {
            (Some(quantity), Some(product)) if row.price.is_positive => Some(BasketLine { product, quantity }),
            _ => None,
        };
        let invoice = self.invoice_index(&row)?;
        let lines = &mut self.open[invoice].lines;
        match line {
            Some(line) => {
                if let Some(lines) = lines {
                    lines.push(line);
                }
            }
            None => *lines = None,
        }
        Ok(())
    }

    pub(super) fn finish(self) -> Retail {
        let mut counts = RetailCounts {
            lines: self.lines,
            invoices: self.open.len(),
            skus: self.product_of.len(),
            unpriced: self.product_of.len() - self.products.len(),
            ..RetailCounts::default()
        };
        let mut baskets = Vec::new();
        for invoice in self.open {
            let Some(lines) = invoice.lines else { continue };
            counts.whole_orders += 1;
            counts.whole_order_lines += lines.len();
            counts.longest = counts.longest.max(lines.len());
            counts.split += usize::from(lines.len() > BASKET_LINES_MAX);
            baskets.extend(baskets_of(&invoice.number, &invoice.user, lines, &self.products));
        }
        Retail { products: self.products, baskets, counts }
    }

    fn sku_index(&mut self, row: &Row<'_>) -> Result<usize, RetailError> {
        if let Some(index) = self.skus.get(row.sku) {
            return Ok(*index);
        }
        if sku_of(row.sku).is_none() {
            return Err(bad(row, "sku", row.sku, "is empty or too long for an SKU"));
        }
        self.skus.insert(row.sku.to_owned(), self.product_of.len());
        self.product_of.push(None);
        Ok(self.product_of.len() - 1)
    }

    fn add_product(&mut self, index: usize, row: &Row<'_>) {
        let sku = sku_of(row.sku).expect("sku_index took only texts that map to an SKU");
        let title = if row.description.is_empty() { sku.clone() } else { row.description.to_owned() };
        self.product_of[index] = Some(u32::try_from(self.products.len()).expect("a file has fewer than 2^32 SKUs"));
        self.products.push(RetailProduct { sku, title, price: row.price.pence });
    }

    fn invoice_index(&mut self, row: &Row<'_>) -> Result<usize, RetailError> {
        if let Some(index) = self.invoices.get(row.invoice) {
            return Ok(*index);
        }
        let user = user_of(row.customer, row.invoice)
            .ok_or_else(|| bad(row, "customer", row.customer, "does not make a user id"))?;
        self.invoices.insert(row.invoice.to_owned(), self.open.len());
        self.open.push(Invoice { number: row.invoice.to_owned(), user, lines: Some(Vec::new()) });
        Ok(self.open.len() - 1)
    }
}

fn baskets_of<'a>(
    number: &'a str,
    user: &'a str,
    lines: Vec<BasketLine>,
    products: &'a [RetailProduct],
) -> impl Iterator<Item = Basket> + use<'a> {
    let is_split = lines.len() > BASKET_LINES_MAX;
    let parts: Vec<Vec<BasketLine>> = lines.chunks(BASKET_LINES_MAX).map(<[BasketLine]>::to_vec).collect();
    parts.into_iter().enumerate().map(move |(index, lines)| Basket {
        key: if is_split { format!("{number}-{}", index + 1) } else { number.to_owned() },
        user: user.to_owned(),
        expected_total: lines.iter().map(|line| products[line.product as usize].price * u64::from(line.quantity)).sum(),
        lines,
    })
}

fn bad(row: &Row<'_>, column: &'static str, value: &str, reason: &'static str) -> RetailError {
    RetailError::Value { line: row.line, column, value: value.to_owned(), reason }
}
