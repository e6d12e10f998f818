//! `ordain openapi`: prints the OpenAPI document of the HTTP contract, as `GET /openapi.json` answers it.

use std::process::ExitCode;

use clap::Args;

use crate::cli::{Failure, print};

/// Print the OpenAPI document of the HTTP interface
#[derive(Debug, Args)]
pub(crate) struct Arguments {}

impl Arguments {
    /// Prints it.
    ///
    /// # Errors
    /// When it cannot be written to stdout.
    #[expect(clippy::unused_self, reason = "every command is run as its arguments")]
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        print(ordain_api::openapi_json().as_bytes())?;
        Ok(ExitCode::SUCCESS)
    }
}
