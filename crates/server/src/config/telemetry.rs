//! `[telemetry]`: what is logged and in which form.
//!
//! It starts no logging: `crate::telemetry` does.

use serde::Serialize;
use tracing_subscriber::EnvFilter;

use super::error::ConfigError;
use super::layers::Layers;
use super::section::Section;

/// The form of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// Text on a terminal, JSON anywhere else.
    Auto,
    /// One JSON object a line.
    Json,
    /// One line of text.
    Text,
}

/// What is logged and in which form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Telemetry {
    /// A filter that `tracing_subscriber::EnvFilter` accepts.
    pub(crate) log: String,
    /// The form of a line.
    pub(crate) log_format: LogFormat,
    /// Whether each change of an order's status is logged.
    pub(crate) order_transitions: bool,
}

impl Telemetry {
    /// Reads and checks the section.
    pub(super) fn read(layers: &Layers) -> Result<Self, ConfigError> {
        let section = Section::new(layers, "telemetry");
        Ok(Self {
            log: section.text(
                "log",
                "a level such as \"info\", or a filter such as \"info,ordain_store=debug\"",
                filter,
            )?,
            log_format: section.text("log_format", "\"auto\", \"json\" or \"text\"", format)?,
            order_transitions: section.boolean("order_transitions")?,
        })
    }
}

fn filter(text: &str) -> Option<String> {
    let accepted = !text.trim().is_empty() && EnvFilter::try_new(text).is_ok();
    accepted.then(|| text.to_owned())
}

fn format(text: &str) -> Option<LogFormat> {
    match text {
        "auto" => Some(LogFormat::Auto),
        "json" => Some(LogFormat::Json),
        "text" => Some(LogFormat::Text),
        _ => None,
    }
}
