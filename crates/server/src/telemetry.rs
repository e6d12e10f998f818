//! Logs: on stderr, JSON for machines or text for people.
//!
//! Stdout belongs to the commands. Nothing here decides what is worth a line: whoever logs does.

mod json;

use std::error::Error;
use std::io::{self, IsTerminal as _};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::JsonFields;

use crate::config::{LogFormat, Telemetry};

/// Starts logging for the whole process; call it once, before any thread is started.
///
/// # Errors
/// When logging was started before.
pub(crate) fn start(settings: &Telemetry) -> Result<(), Box<dyn Error + Send + Sync>> {
    let filter = EnvFilter::try_new(&settings.log)?;
    // A line that cannot be written is lost in silence: reporting it would write to the same closed stderr and panic.
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).log_internal_errors(false);
    // `set_global_default` and not `try_init`, which would also bring the lines of libraries that use `log`.
    if is_json(settings.log_format, io::stderr().is_terminal()) {
        let lines = lines.with_ansi(false).fmt_fields(JsonFields::new()).event_format(json::JsonLines);
        tracing::subscriber::set_global_default(lines.finish())?;
    } else {
        let colours = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        tracing::subscriber::set_global_default(lines.compact().with_ansi(colours).finish())?;
    }
    Ok(())
}

fn is_json(format: LogFormat, on_terminal: bool) -> bool {
    match format {
        LogFormat::Auto => !on_terminal,
        LogFormat::Json => true,
        LogFormat::Text => false,
    }
}

#[cfg(test)]
mod tests {
    use super::is_json;
    use crate::config::LogFormat;

    #[test]
    fn auto_is_text_on_a_terminal_only() {
        let table = [
            (LogFormat::Auto, true, false),
            (LogFormat::Auto, false, true),
            (LogFormat::Json, true, true),
            (LogFormat::Text, false, false),
        ];
        for (format, on_terminal, expected) in table {
            assert_eq!(is_json(format, on_terminal), expected, "{format:?} {on_terminal}");
        }
    }
}
