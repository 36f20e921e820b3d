//! The process's log: one line per event on standard error, for people or for machines.
//!
//! Never logged, by whoever logs: secrets, message texts, openids.

use std::fmt::{self, Write as _};
use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};
use tracing::field::{Field, Visit};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// How a line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line: `{"time":…,"level":"info","target":"…","message":"…",FIELDS}`; `time` is in
    /// seconds since 1970, with microseconds.
    Json,
}

impl FromStr for Format {
    type Err = LogError;

    fn from_str(text: &str) -> Result<Self, LogError> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err(LogError::Format(text.to_owned())),
        }
    }
}

/// Why the log could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// Unknown format.
    #[error("log format {0:?} is neither text nor json")]
    Format(String),
    /// The filter cannot be read.
    #[error("log filter {filter:?} is wrong: {detail}; write a level or target=level,…")]
    Filter {
        /// The filter.
        filter: String,
        /// What is wrong.
        detail: String,
    },
    /// The process has a log already.
    #[error("the log was set up before")]
    Twice,
}

/// Sets up the log of the process. `filter` is a level (`info`) or a list like `info,ingress=debug`;
/// `ansi` colours the text, for terminals.
///
/// # Errors
/// [`LogError`] when the filter is wrong or the process has a log already.
pub fn init(format: Format, filter: &str, ansi: bool) -> Result<(), LogError> {
    let filter = parse_filter(filter)?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    let set = match format {
        Format::Text => builder.with_ansi(ansi).try_init(),
        Format::Json => builder.with_ansi(false).event_format(JsonLine).try_init(),
    };
    set.map_err(|_| LogError::Twice)
}

fn parse_filter(filter: &str) -> Result<EnvFilter, LogError> {
    EnvFilter::builder()
        .parse(filter)
        .map_err(|error| LogError::Filter {
            filter: filter.to_owned(),
            detail: error.to_string(),
        })
}

struct JsonLine;

impl<S, N> FormatEvent<S, N> for JsonLine
where
    S: tracing::Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &tracing::Event<'_>,
    ) -> fmt::Result {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let level = event.metadata().level().as_str().to_ascii_lowercase();
        let mut line = format!(
            "{{\"time\":{}.{:06},\"level\":\"{level}\",\"target\":",
            since.as_secs(),
            since.subsec_micros()
        );
        quote(&mut line, event.metadata().target());
        event.record(&mut JsonFields(&mut line));
        line.push('}');
        writeln!(writer, "{line}")
    }
}

/// Writes each field as `,"name":value`.
struct JsonFields<'a>(&'a mut String);

impl JsonFields<'_> {
    fn name(&mut self, field: &Field) {
        self.0.push(',');
        quote(self.0, field.name());
        self.0.push(':');
    }

    fn number(&mut self, field: &Field, value: impl fmt::Display) {
        self.name(field);
        self.0.push_str(&value.to_string());
    }
}

impl Visit for JsonFields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.name(field);
        quote(self.0, &format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.name(field);
        quote(self.0, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.number(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.number(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.number(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        if value.is_finite() {
            self.number(field, value);
        } else {
            self.record_str(field, &value.to_string());
        }
    }
}

/// Appends a JSON string.
fn quote(line: &mut String, text: &str) {
    line.push('"');
    for character in text.chars() {
        match character {
            '"' => line.push_str("\\\""),
            '\\' => line.push_str("\\\\"),
            '\n' => line.push_str("\\n"),
            control if control < ' ' => {
                // Writing to a String does not fail.
                if write!(line, "\\u{:04x}", u32::from(control)).is_err() {
                    return;
                }
            }
            other => line.push(other),
        }
    }
    line.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn logged(filter: &str, log: impl FnOnce()) -> String {
        let sink = Sink::default();
        let writer = sink.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_env_filter(parse_filter(filter).unwrap())
            .with_writer(move || writer.clone())
            .event_format(JsonLine)
            .finish();
        tracing::subscriber::with_default(subscriber, log);
        String::from_utf8(sink.0.lock().unwrap().clone()).unwrap()
    }

    #[test]
    fn a_json_line_carries_its_fields_and_escapes_them() {
        let line = logged("info", || {
            tracing::warn!(
                account = "m\"i\n\u{1}",
                count = 3,
                ok = true,
                "it \\ happened"
            );
        });
        assert!(line.starts_with("{\"time\":"), "{line}");
        assert!(
            line.contains(",\"level\":\"warn\",\"target\":\"telemetry::logs::tests\""),
            "{line}"
        );
        assert!(line.contains(",\"message\":\"it \\\\ happened\""), "{line}");
        assert!(
            line.contains(",\"account\":\"m\\\"i\\n\\u0001\",\"count\":3,\"ok\":true}\n"),
            "{line}"
        );
    }

    #[test]
    fn the_filter_holds_back_and_a_wrong_one_is_told() {
        assert_eq!(logged("warn", || tracing::info!("quiet")), "");
        assert_ne!(
            logged("off,telemetry=debug", || tracing::debug!("loud")),
            ""
        );
        assert!(matches!(
            parse_filter("info,x=noisy"),
            Err(LogError::Filter { .. })
        ));
        assert!("yaml".parse::<Format>().is_err());
    }
}
