//! The flags of the modes that lead orders through whole lives.

use std::time::Duration;

use clap::Args;

use crate::load::args::parse_duration;

/// Which kind of lives, and how wild.
#[derive(Args, Clone, Debug)]
pub(crate) struct LifeArguments {
    /// Lead each order through its whole life: place, pay at the sandbox, ship, deliver, confirm the receipt
    #[arg(long, conflicts_with_all = ["batch", "baskets", "read", "sold_out", "rate", "retry", "acknowledged"])]
    pub(in crate::load) life: bool,

    /// Measure notifications alone: --orders payments (10000 unless said) are paid, and their notifications leave all at once.
    /// Start the server with payments.first_queries longer than the run, or it asks the sandbox before it is told
    #[arg(long, conflicts_with_all = ["life", "batch", "baskets", "read", "sold_out", "rate", "retry", "acknowledged", "duration"])]
    pub(in crate::load) notifications: bool,

    /// Let payers, buyers and the sandbox misbehave in every way, then hold the orders against the sandbox's ledger
    #[arg(long, requires = "life", conflicts_with = "duration")]
    pub(in crate::load) misbehave: bool,

    /// What the misbehaviour of every order is drawn from
    #[arg(long, value_name = "N", default_value_t = 1, requires = "misbehave")]
    pub(in crate::load) seed: u64,

    /// How long orders may take to come to rest once nothing misbehaves any more
    #[arg(long, value_name = "TIME", default_value = "5m", requires = "misbehave", value_parser = parse_duration)]
    pub(in crate::load) drain_for: Duration,
}
