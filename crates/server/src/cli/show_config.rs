//! `ordain config`: the configuration as it would hold for a server with the same flags and environment.
//!
//! It starts nothing and touches no data.

use std::process::ExitCode;

use clap::Args;

use super::{Failure, SettingsArguments, complain, print};
use crate::config::{Config, DEFAULT_FILE, effective};

/// Print the effective configuration, or the shipped default file
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Print the shipped file with every key, its default and its meaning
    #[arg(long, conflicts_with_all = ["json", "config", "data", "listen", "set"])]
    default: bool,

    /// Print the values as one JSON object
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    settings: SettingsArguments,
}

impl Arguments {
    /// Prints what was asked for; warnings about weakened promises go to stderr.
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        if self.default {
            print(DEFAULT_FILE.as_bytes())?;
            return Ok(ExitCode::SUCCESS);
        }
        let layers = self.settings.gather()?;
        let config = Config::read(&layers)?;
        for warning in config.warnings() {
            complain(warning);
        }
        let text = if self.json { serde_json::to_string_pretty(&config)? + "\n" } else { effective(&config, &layers) };
        print(text.as_bytes())?;
        Ok(ExitCode::SUCCESS)
    }
}
