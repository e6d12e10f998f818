//! The flags of `ordain import`.

use std::{path::PathBuf, process::ExitCode, time::Duration};

use clap::{Args, ValueHint};

use crate::{cli::Failure, load::parse_token};

/// Import products, and stock for them, into a running server
///
/// FILE is a retail table (CSV with the columns invoice, sku, description, quantity, invoiced_at, unit_price, customer,
/// country: each SKU becomes a product with its first price) or products as JSON, one a line. Either may be gzip. Exit
/// code 1 when a line was refused.
#[derive(Args, Clone, Debug)]
pub(crate) struct Arguments {
    /// The file to import
    #[arg(value_hint = ValueHint::FilePath)]
    pub(super) file: PathBuf,

    /// Where the server is: http://HOST:PORT or unix:PATH
    #[arg(long, default_value = "http://127.0.0.1:8080", value_hint = ValueHint::Url)]
    pub(super) url: String,

    /// Receive so many units of each product; `auto` is what all baskets of a retail table need, and nothing for JSON
    #[arg(long, value_name = "N|auto", default_value = "auto", value_parser = parse_stock)]
    pub(super) stock: StockRule,

    /// Name of this import: stock is received once for a name, however often it is repeated [default: a new name]
    #[arg(long, value_name = "NAME", value_parser = parse_token)]
    pub(super) name: Option<String>,

    /// Bearer token for the server
    #[arg(long, env = "ORDAIN_TOKEN", hide_env_values = true, value_parser = parse_token)]
    pub(super) token: Option<String>,

    /// Print the result as one JSON object
    #[arg(long)]
    json: bool,

    /// How long to wait for an answer, and for a server that is away
    #[arg(skip = PATIENCE)]
    pub(super) patience: Duration,
}

const PATIENCE: Duration = Duration::from_secs(10);

/// How much to receive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StockRule {
    /// What the baskets of the file need.
    Auto,
    /// Units of each product; 0 receives nothing.
    Units(u64),
}

impl Arguments {
    /// Imports and prints what became of it.
    ///
    /// # Errors
    /// When the file cannot be read, the server cannot be reached, or it refuses a request as a whole.
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let is_json = self.json;
        let summary = super::execute(&self)?;
        let text = if is_json { serde_json::to_string_pretty(&summary)? + "\n" } else { summary.table() };
        crate::cli::print(text.as_bytes())?;
        Ok(if summary.failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

fn parse_stock(text: &str) -> Result<StockRule, String> {
    const UNITS_MAX: u64 = 1_000_000_000_000;
    if text == "auto" {
        return Ok(StockRule::Auto);
    }
    let units = text.parse().ok().filter(|units| *units <= UNITS_MAX);
    units.map(StockRule::Units).ok_or_else(|| format!("must be `auto` or 0 to {UNITS_MAX}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stock_is_a_number_or_auto() {
        let table = [
            ("auto", Some(StockRule::Auto)),
            ("0", Some(StockRule::Units(0))),
            ("1000000000000", Some(StockRule::Units(1_000_000_000_000))),
            ("1000000000001", None),
            ("-1", None),
            ("", None),
        ];
        for (text, expected) in table {
            assert_eq!(parse_stock(text).ok(), expected, "{text:?}");
        }
    }
}
