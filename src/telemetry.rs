//! What can be seen of a running gateway: logs, one line a request, for people or for machines, and metrics. No secret
//! and no body is ever given to them.

pub mod metrics;

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{LogFormat, Settings};

/// Begins to log to standard error. A filter that can't be read is an error; a second call changes nothing.
pub fn start(settings: &Settings) -> Result<(), String> {
    let filter = EnvFilter::try_new(&settings.log)
        .map_err(|error| format!("UNICRM_LOG: {:?} is not a log filter: {error}", settings.log))?;
    let layer = tracing_subscriber::fmt::layer()
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .with_span_events(FmtSpan::NONE);
    let registry = tracing_subscriber::registry().with(filter);
    // A second call means that a test has begun to log already.
    let _ = match settings.log_format {
        LogFormat::Json => registry
            .with(layer.json().flatten_event(true).with_current_span(true).with_span_list(false))
            .try_init(),
        LogFormat::Pretty => registry.with(layer.compact().with_target(false)).try_init(),
    };
    Ok(())
}
