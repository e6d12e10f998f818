//! `ordain completions SHELL`: the completion script of a shell, made from the same description that parses the flags.
//!
//! It installs nothing: where a script belongs is the shell's affair.

use std::process::ExitCode;

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use super::{Cli, Failure, print};

/// Print the completion script of a shell
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The shell to complete for
    shell: Shell,
}

impl Arguments {
    /// Prints the script.
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "ordain", &mut script);
        print(&script)?;
        Ok(ExitCode::SUCCESS)
    }
}
