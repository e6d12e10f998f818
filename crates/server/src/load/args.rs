//! The flags of `ordain load`, and what they mean together.

use std::{path::PathBuf, process::ExitCode, time::Duration};

use clap::{Args, ValueEnum, ValueHint};

use super::{
    life::{self, args::LifeArguments},
    report::Told,
};
use crate::cli::Failure;

/// Load a running server, and check that it sold nothing twice
///
/// Exit code 1 when units were oversold, money went astray, a total was wrong or the server answered with an unexpected
/// error.
#[derive(Args, Clone, Debug)]
#[command(after_help = "The checks presume that nobody else orders the same SKUs or uses the sandbox meanwhile.")]
pub(crate) struct Arguments {
    /// Where the server is, for example http://127.0.0.1:8080 or unix:/run/ordain.sock
    #[arg(value_hint = ValueHint::Url)]
    pub(super) url: String,

    /// Connections that send at the same time
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub(super) connections: u32,

    /// Threads of the generator
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=256))]
    pub(super) threads: u32,

    /// Stop after this time [default: 10s, unless --orders or --baskets says when to stop]
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub(super) duration: Option<Duration>,

    /// Stop after so many orders (or reads)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(super) orders: Option<u64>,

    /// Send so many requests a second, whether or not the server keeps up (open loop): latency counts from when a
    /// request was meant to start
    #[arg(long, value_name = "N", value_parser = parse_rate)]
    pub(super) rate: Option<f64>,

    /// Spread the orders over so many products, LOAD-0001 and so on
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub(super) skus: u64,

    /// Make so many units of each product available first [default: 1000000000, with --sold-out 0]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(0..=1_000_000_000_000))]
    pub(super) stock: Option<u64>,

    /// Order one product only
    #[arg(long, conflicts_with = "skus")]
    pub(super) hot: bool,

    /// Order one product that has no stock, or the few units of --stock, to measure refusals
    #[arg(long, conflicts_with_all = ["skus", "hot", "baskets", "read"])]
    pub(super) sold_out: bool,

    /// Let so many users order in turn
    #[arg(long, value_name = "N", default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1..=4_294_967_295))]
    pub(super) users: u64,

    /// Lines of each order
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=1_000))]
    pub(super) lines: u64,

    /// Place so many orders with one request (POST /v1/orders/batch)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=500), conflicts_with_all = ["baskets", "read"])]
    pub(super) batch: Option<u64>,

    /// Place the baskets of a retail table (CSV, plain or gzip), each once and with its exact total
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with_all = ["skus", "hot", "lines", "users", "stock", "read"])]
    pub(super) baskets: Option<PathBuf>,

    /// Create no products and receive no stock first
    #[arg(long)]
    pub(super) no_prepare: bool,

    /// Read orders (GET /v1/orders/{id}) that are placed first
    #[arg(long)]
    pub(super) read: bool,

    /// How many orders to place before reading
    #[arg(long, value_name = "N", default_value_t = 1_000, requires = "read", value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    pub(super) orders_before: u64,

    /// Whether each order has an idempotency key
    #[arg(long, value_enum, default_value_t = Switch::On)]
    pub(super) keys: Switch,

    /// What idempotency keys begin with [default: a number of its own for each run; nothing for baskets, whose keys are
    /// their invoices]
    #[arg(long, value_name = "TEXT", value_parser = parse_key_prefix)]
    pub(super) key_prefix: Option<String>,

    /// Send a request again with the same key when its connection is lost
    #[arg(long)]
    pub(super) retry: bool,

    /// How long to send a lost request again, and to wait for the server before the check
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = parse_duration)]
    pub(super) retry_for: Duration,

    /// How long to wait for an answer
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = parse_duration)]
    pub(super) timeout: Duration,

    /// Write each acknowledged order to this file, one JSON object a line
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) acknowledged: Option<PathBuf>,

    /// Whole lives.
    #[command(flatten)]
    pub(super) life: LifeArguments,

    /// Bearer token for the server
    #[arg(long, env = "ORDAIN_TOKEN", hide_env_values = true, value_parser = parse_token)]
    pub(super) token: Option<String>,

    /// Print the result as one JSON object
    #[arg(long)]
    pub(super) json: bool,
}

/// On or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Switch {
    /// Yes.
    On,
    /// No.
    Off,
}

impl Arguments {
    /// Prepares, measures, checks and prints.
    ///
    /// # Errors
    /// When the server cannot be reached or refuses the preparation, or a file cannot be used.
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        match &self.life {
            LifeArguments { misbehave: true, .. } => self.tell(&life::misbehave::execute(&self)?),
            LifeArguments { life: true, .. } => self.tell(&life::execute(&self)?),
            LifeArguments { notifications: true, .. } => self.tell(&life::notifications::execute(&self)?),
            _ => self.tell(&super::execute(&self)?),
        }
    }

    fn tell(&self, report: &impl Told) -> Result<ExitCode, Failure> {
        let text = if self.json { serde_json::to_string_pretty(report)? + "\n" } else { report.table() };
        crate::cli::print(text.as_bytes())?;
        Ok(if report.findings().is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// Whole numbers of `us`, `ms`, `s`, `m` or `h`.
pub(super) fn parse_duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is not a time like 500ms, 10s or 15m");
    let unit_at = text.find(|character: char| !character.is_ascii_digit()).ok_or_else(wrong)?;
    let number: u64 = text[..unit_at].parse().map_err(|_| wrong())?;
    let micros = match &text[unit_at..] {
        "us" => 1,
        "ms" => 1_000,
        "s" => 1_000_000,
        "m" => 60_000_000,
        "h" => 3_600_000_000,
        _ => return Err(wrong()),
    };
    let micros = number.checked_mul(micros).filter(|micros| (1..=86_400_000_000).contains(micros));
    micros.map(Duration::from_micros).ok_or_else(|| format!("`{text}` is not between 1us and 24h"))
}

fn parse_rate(text: &str) -> Result<f64, String> {
    let rate: f64 = text.parse().map_err(|_| format!("`{text}` is not a number"))?;
    if (0.001..=10_000_000.0).contains(&rate) { Ok(rate) } else { Err("must be 0.001 to 10000000".to_owned()) }
}

/// Keys are put into JSON as they are, so that only characters without an escape are taken.
fn parse_key_prefix(text: &str) -> Result<String, String> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b':');
    let is_good = text.len() <= 200 && text.bytes().all(fits);
    if is_good { Ok(text.to_owned()) } else { Err("may hold at most 200 of A-Z a-z 0-9 . _ - :".to_owned()) }
}

/// A token goes into a header: visible ASCII only, or it could end the header.
pub(crate) fn parse_token(text: &str) -> Result<String, String> {
    let is_good = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
    if is_good { Ok(text.to_owned()) } else { Err("must be visible ASCII characters".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_a_unit() {
        let table = [
            ("500ms", Some(Duration::from_millis(500))),
            ("10s", Some(Duration::from_secs(10))),
            ("15m", Some(Duration::from_secs(900))),
            ("1h", Some(Duration::from_secs(3_600))),
            ("10", None),
            ("s", None),
            ("0s", None),
            ("-1s", None),
            ("25h", None),
            ("1.5s", None),
        ];
        for (text, expected) in table {
            assert_eq!(parse_duration(text).ok(), expected, "{text}");
        }
    }

    #[test]
    fn what_would_break_a_request_is_refused() {
        for text in ["a b", "a\r\n", "é"] {
            assert!(parse_token(text).is_err() && parse_key_prefix(text).is_err(), "{text:?}");
        }
        assert!(parse_key_prefix("\"").is_err());
        assert!(parse_rate("0").is_err() && parse_rate("NaN").is_err());
    }
}
