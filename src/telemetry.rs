//! What can be seen of a running gateway: logs, one line a request, for people or for machines; metrics; and traces. No
//! secret and no body is ever given to them.

pub mod metrics;
pub mod traces;

use std::io::IsTerminal;

use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use crate::config::{LogFormat, Settings};

/// Begins to log to standard error, and to send traces where the settings say so. A filter that can't be read is an
/// error; a second call changes nothing.
pub fn start(settings: &Settings) -> Result<(), String> {
    let filter = EnvFilter::try_new(&settings.log)
        .map_err(|error| format!("UNICRM_LOG: {:?} is not a log filter: {error}", settings.log))?;
    let layer = tracing_subscriber::fmt::layer()
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .with_span_events(FmtSpan::NONE);
    let log = match settings.log_format {
        LogFormat::Json => {
            layer.json().flatten_event(true).with_current_span(true).with_span_list(false).boxed()
        }
        LogFormat::Pretty => layer.compact().with_target(false).boxed(),
    };
    let traces = match &settings.otlp_endpoint {
        None => None,
        Some(endpoint) => {
            let tracer = traces::start(endpoint, settings.otlp_sampled)?;
            let layer = tracing_opentelemetry::layer().with_tracer(tracer);
            Some(layer.with_location(false).with_threads(false))
        }
    };
    // One filter for both. A filter for each layer loses spans: whoever only asks whether something would be logged, as
    // sqlx does, leaves its answer behind for the next span of the thread.
    let registry = tracing_subscriber::registry().with(filter).with(traces);
    // A second call means that a test has begun to log already.
    let _ = registry.with(log).try_init();
    Ok(())
}
