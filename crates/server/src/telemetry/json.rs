//! A log line as one flat JSON object: `timestamp`, `level`, `message`, `target`, then by name the fields of the event
//! and of the spans around it. Of two values of a name the innermost holds.
//!
//! The formatter of the library nests span fields in objects of their own; flat names (`request_id`, `order_id`) are
//! what people filter by. It hides nothing: a secret must not be given to a log call.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;

use serde_json::Value;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields};
use tracing_subscriber::registry::LookupSpan;

/// The names that open every line; a field of the same name does not replace them.
const FIXED: [&str; 3] = ["timestamp", "level", "target"];

/// Formats events as flat JSON lines. Spans must be formatted by [`JsonFields`].
///
/// [`JsonFields`]: tracing_subscriber::fmt::format::JsonFields
pub(super) struct JsonLines;

impl<S, N> FormatEvent<S, N> for JsonLines
where
    S: Subscriber + for<'lookup> LookupSpan<'lookup>,
    N: for<'writer> FormatFields<'writer> + 'static,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut fields = Fields::default();
        for span in context.event_scope().into_iter().flat_map(|scope| scope.from_root()) {
            if let Some(formatted) = span.extensions().get::<FormattedFields<N>>() {
                fields.values.extend(serde_json::from_str::<BTreeMap<String, Value>>(formatted).unwrap_or_default());
            }
        }
        fields.values.remove("message");
        event.record(&mut fields);

        let mut timestamp = String::with_capacity(32);
        SystemTime.format_time(&mut Writer::new(&mut timestamp))?;
        let message = fields.values.remove("message").unwrap_or_default();
        let message = message.as_str().map_or_else(|| message.to_string(), str::to_owned);
        let metadata = event.metadata();
        write!(
            writer,
            "{{\"timestamp\":\"{timestamp}\",\"level\":\"{}\",\"message\":{},\"target\":{}",
            metadata.level(),
            Value::from(message),
            Value::from(metadata.target())
        )?;
        for (name, value) in fields.values.iter().filter(|(name, _)| !FIXED.contains(&name.as_str())) {
            write!(writer, ",{}:{value}", Value::from(name.as_str()))?;
        }
        writeln!(writer, "}}")
    }
}

/// The fields of an event by name.
#[derive(Default)]
struct Fields {
    values: BTreeMap<String, Value>,
}

impl Fields {
    fn put(&mut self, field: &Field, value: Value) {
        self.values.insert(field.name().trim_start_matches("r#").to_owned(), value);
    }
}

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, Value::from(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, Value::from(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, Value::from(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, Value::from(value));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, Value::from(value));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.put(field, Value::from(crate::cli::sentence(value)));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, Value::from(format!("{value:?}")));
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    use serde_json::{Value, json};
    use tracing_subscriber::fmt::format::JsonFields;

    use super::JsonLines;

    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// The one line that `log` writes, and the object in it without its timestamp.
    fn line(log: impl FnOnce()) -> (String, Value) {
        let sink = Sink::default();
        let writer = sink.clone();
        let subscriber = tracing_subscriber::fmt()
            .fmt_fields(JsonFields::new())
            .event_format(JsonLines)
            .with_writer(move || writer.clone())
            .finish();
        tracing::subscriber::with_default(subscriber, log);
        let text = String::from_utf8(sink.0.lock().unwrap().clone()).unwrap();
        assert_eq!(text.matches('\n').count(), 1, "{text:?}");
        let mut object: Value = serde_json::from_str(&text).unwrap();
        object.as_object_mut().unwrap().remove("timestamp");
        (text, object)
    }

    #[test]
    fn fields_of_spans_and_event_lie_flat_and_the_innermost_holds() {
        let (text, object) = line(|| {
            let outer = tracing::info_span!("request", request_id = "r-1", shard = 1, message = "of the span");
            let _outer = outer.enter();
            let _inner = tracing::info_span!("command", order_id = %"ord_1", shard = 2).entered();
            tracing::info!(
                from = "creating",
                version = 3_u64,
                "error.type" = "x",
                level = "forged",
                "order transition"
            );
        });
        let expected = json!({"level": "INFO", "message": "order transition", "target": "ordain::telemetry::json::tests",
            "request_id": "r-1", "order_id": "ord_1", "shard": 2, "from": "creating", "version": 3, "error.type": "x"});
        assert_eq!(object, expected);
        let (timestamp, rest) = text.strip_prefix("{\"timestamp\":\"").and_then(|text| text.split_once('"')).unwrap();
        assert_eq!(timestamp.len(), "2026-01-02T03:04:05.678901Z".len(), "{timestamp}");
        assert!(timestamp.ends_with('Z') && timestamp.parse::<jiff::Timestamp>().is_ok(), "{timestamp}");
        assert!(rest.starts_with(",\"level\":\"INFO\",\"message\":\"order transition\",\"target\":"), "{text}");
    }

    #[test]
    fn hostile_text_stays_inside_its_string() {
        let hostile = "a\"},\n{\"level\":\"ERROR\u{0}\u{1b}[31m";
        let (_, object) = line(|| tracing::warn!(user_id = hostile, text = ?hostile, "{hostile}"));
        assert_eq!(object["user_id"], hostile);
        assert_eq!(object["message"], hostile);
        assert_eq!(object["level"], "WARN");
    }

    #[test]
    fn an_error_is_told_with_its_causes() {
        let error = io::Error::other(crate::config::ConfigError::Unreadable {
            path: "a.toml".into(),
            source: io::Error::other("gone"),
        });
        let (_, object) =
            line(|| tracing::error!("error.message" = &error as &(dyn std::error::Error + 'static), "failed"));
        assert_eq!(object["error.message"], "cannot read the configuration file a.toml: gone");
    }
}
