//! The `ordain` program: the one place that knows every part.
//!
//! It reads the command line, the configuration and the environment, joins the parts and starts what was asked for. No
//! rule of the business is here: those are in `ordain-domain`.

mod cli;
mod config;
mod import;
mod load;
mod openapi;
mod retail;
mod serve;
mod socket_path;
mod states;
mod telemetry;
mod verify;

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cli::run()
}
