//! Rows of the CSV file, one at a time. Gzip is told by its first two bytes (RFC 1952 §2.3.1), not by the file's name.
//!
//! Whether a row makes sense beside the others is decided in `fold`.

use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::MultiGzDecoder;

use super::{
    RetailError,
    price::{Price, parse_price},
};

const COLUMNS: [&str; 8] =
    ["invoice", "sku", "description", "quantity", "invoiced_at", "unit_price", "customer", "country"];
const BUFFER_BYTES: usize = 256 * 1024;

/// One line of the table.
pub(super) struct Row<'a> {
    /// Line of the file, 1 is the header.
    pub(super) line: u64,
    pub(super) invoice: &'a str,
    pub(super) sku: &'a str,
    pub(super) description: &'a str,
    /// Units; negative for what came back.
    pub(super) quantity: i64,
    pub(super) price: Price,
    /// Empty for a guest.
    pub(super) customer: &'a str,
}

/// The text of a file that is gzip or plain.
///
/// # Errors
/// When the first bytes cannot be read.
pub(crate) fn decompressed(file: impl Read + Send + 'static) -> io::Result<Box<dyn BufRead + Send>> {
    let mut file = BufReader::with_capacity(BUFFER_BYTES, file);
    if file.fill_buf()?.starts_with(&[0x1f, 0x8b]) {
        Ok(Box::new(BufReader::with_capacity(BUFFER_BYTES, MultiGzDecoder::new(file))))
    } else {
        Ok(Box::new(file))
    }
}

/// Hands every row to `take`, in order, and stops at the first error of either side.
pub(super) fn for_each_row(
    text: impl Read,
    mut take: impl FnMut(Row<'_>) -> Result<(), RetailError>,
) -> Result<(), RetailError> {
    let mut csv = csv::ReaderBuilder::new().buffer_capacity(BUFFER_BYTES).from_reader(text);
    let header = csv.headers()?;
    if header.iter().ne(COLUMNS) {
        let value = header.iter().collect::<Vec<_>>().join(",");
        return Err(RetailError::Value { line: 1, column: "header", value, reason: "is not that of the table" });
    }
    let mut record = csv::StringRecord::new();
    while csv.read_record(&mut record)? {
        let line = record.position().map_or(0, csv::Position::line);
        take(row_of(line, &record)?)?;
    }
    Ok(())
}

fn row_of(line: u64, record: &csv::StringRecord) -> Result<Row<'_>, RetailError> {
    let bad = |column: usize, reason: &'static str| RetailError::Value {
        line,
        column: COLUMNS[column],
        value: record[column].to_owned(),
        reason,
    };
    if record[0].is_empty() {
        return Err(bad(0, "is empty"));
    }
    Ok(Row {
        line,
        invoice: &record[0],
        sku: &record[1],
        description: record[2].trim(),
        quantity: record[3].parse().map_err(|_| bad(3, "is not a whole number"))?,
        price: parse_price(&record[5]).ok_or_else(|| bad(5, "is not a price"))?,
        customer: &record[6],
    })
}
