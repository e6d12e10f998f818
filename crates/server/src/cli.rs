//! The command line: what can be asked for, and how an answer becomes an exit code.
//!
//! The deeds themselves are elsewhere: a variant of [`Command`] holds the arguments, and the arguments know how to
//! run. Exit codes: 0 done, 1 a finding or a failure, 2 wrong usage.

mod completions;
mod output;
mod settings;
mod show_config;

use std::error::Error;
use std::io::Write as _;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub(crate) use self::output::print;
pub(crate) use self::settings::SettingsArguments;

/// Why a command could not do its deed; printed as one sentence with its causes, exit code 1.
pub(crate) type Failure = Box<dyn Error + Send + Sync>;

/// An order engine for commerce
#[derive(Debug, Parser)]
#[command(name = "ordain", version, propagate_version = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(crate::serve::Arguments),
    Import(crate::import::Arguments),
    Load(crate::load::Arguments),
    Verify(crate::verify::Arguments),
    Openapi(crate::openapi::Arguments),
    States(crate::states::Arguments),
    Config(show_config::Arguments),
    Completions(completions::Arguments),
}

impl Command {
    /// Does what was asked. `ExitCode::FAILURE` is for a deed that was done and found something wrong.
    fn run(self) -> Result<ExitCode, Failure> {
        match self {
            Self::Serve(arguments) => arguments.run(),
            Self::Import(arguments) => arguments.run(),
            Self::Load(arguments) => arguments.run(),
            Self::Verify(arguments) => arguments.run(),
            Self::Openapi(arguments) => arguments.run(),
            Self::States(arguments) => arguments.run(),
            Self::Config(arguments) => arguments.run(),
            Self::Completions(arguments) => arguments.run(),
        }
    }
}

/// Parses the command line of the process, does what it asks and tells the exit code. Wrong usage ends the process.
pub(crate) fn run() -> ExitCode {
    match Cli::parse().command.run() {
        Ok(code) => code,
        Err(failure) => {
            complain(&sentence(failure.as_ref()));
            ExitCode::FAILURE
        }
    }
}

/// Writes a line for people on stderr. With stderr closed there is nobody to tell, and that is no failure.
pub(crate) fn complain(text: &str) {
    let _ = writeln!(std::io::stderr(), "ordain: {text}");
}

/// An error and its causes as one sentence. A cause that the text before it already tells is left out.
pub(crate) fn sentence(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let words = error.to_string();
        if !text.ends_with(&words) {
            text = format!("{text}: {words}");
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_well_formed() {
        super::Cli::command().debug_assert();
    }
}
