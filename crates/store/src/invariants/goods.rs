//! The goods of an order: its parcels and after-sales against where its units stand. Invariant 3.
//!
//! Rows are handed in; it finds none.

use ordain_domain::{after_sale::AfterSaleKind, shipment::Shipment};

use super::OrderBooks;

/// Invariant 3 for the parcels and after-sales of one order.
#[must_use]
pub(super) fn problem_of_goods(books: &OrderBooks<'_>) -> Option<String> {
    books.order.quantities.iter().enumerate().find_map(|(line, units)| {
        let in_parcels =
            (of_parcels(books, line, Shipment::is_on_its_way), of_parcels(books, line, Shipment::is_with_buyer));
        let in_buckets = (u64::from(units.shipped), u64::from(units.delivered));
        if in_parcels != in_buckets {
            return Some(format!("line {line}: shipped, delivered are {in_buckets:?}, its parcels say {in_parcels:?}"));
        }
        let (goods, money) = claims(books, line);
        let with_buyer = u64::from(units.delivered) + u64::from(units.confirmed);
        let is_covered = goods <= with_buyer && goods + money <= with_buyer + u64::from(units.shipped);
        (!is_covered).then(|| {
            format!(
                "line {line}: after-sales claim {goods} units and the money of {money}, {with_buyer} are with the buyer"
            )
        })
    })
}

/// Units of a line that parcels of a kind still move.
fn of_parcels(books: &OrderBooks<'_>, line: usize, is_wanted: fn(&Shipment) -> bool) -> u64 {
    let units = books.shipments.iter().filter(|shipment| is_wanted(shipment)).flat_map(Shipment::units);
    units.filter(|unit| unit.line == line).map(|unit| u64::from(unit.quantity)).sum()
}

/// Units of a line that open after-sales want back or that stay with the buyer for good, and those whose money alone is asked
/// for.
fn claims(books: &OrderBooks<'_>, line: usize) -> (u64, u64) {
    let (mut goods, mut money) = (0, 0);
    for after_sale in books.after_sales {
        for entry in after_sale.lines.iter().filter(|entry| entry.line == line) {
            goods += u64::from(entry.kept);
            match after_sale.kind {
                _ if !after_sale.status.claims_units() => {}
                AfterSaleKind::Refund => money += u64::from(entry.quantity),
                AfterSaleKind::Return | AfterSaleKind::Exchange => goods += u64::from(entry.quantity),
            }
        }
    }
    (goods, money)
}
