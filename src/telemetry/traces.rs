//! Traces for OpenTelemetry, where a setting says where they go: a request, its native calls and its mappings as spans.
//!
//! Off, nothing of it is there but a look at a flag. On, spans are batched and sent by a thread of their own; a collector
//! that is away costs spans, never calls. Attributes are what the log has too, and the route: ids, names, statuses and
//! times; and log lines go along as the spans' events. No query, no body, no header and no secret is ever among them.

use std::collections::HashMap;
use std::sync::OnceLock;
use std::time::Duration;

use http::{HeaderMap, Method, StatusCode};
use opentelemetry::propagation::{Extractor, TextMapPropagator};
use opentelemetry::trace::{Status, TracerProvider};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider, Tracer};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;
use url::Url;

/// How long a collector may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long the end of the process waits for what hasn't been sent yet.
const FLUSH: Duration = Duration::from_secs(5);

static PROVIDER: OnceLock<SdkTracerProvider> = OnceLock::new();

/// Begins to send traces to the collector at `endpoint`, of `sampled` requests out of one.
pub(super) fn start(endpoint: &Url, sampled: f64) -> Result<Tracer, String> {
    // An error says that the process has chosen already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let failed =
        |error: &dyn std::fmt::Display| format!("UNICRM_OTLP_ENDPOINT: traces can't be sent: {error}");
    let base = endpoint.as_str().trim_end_matches('/');
    let exporter = SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(format!("{base}/v1/traces"))
        .with_headers(HashMap::new())
        .with_timeout(PATIENCE)
        .build()
        .map_err(|error| failed(&error))?;
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_sampler(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(sampled))))
        .with_resource(Resource::builder().with_service_name("unicrm").build())
        .build();
    let tracer = provider.tracer("unicrm");
    PROVIDER.set(provider).map_err(|_| failed(&"they are sent already"))?;
    Ok(tracer)
}

/// Sends what hasn't been sent yet. Blocks; to be called at the end.
pub fn finish() {
    if let Some(provider) = PROVIDER.get()
        && let Err(error) = provider.shutdown_with_timeout(FLUSH)
    {
        eprintln!("unicrm: some traces were not sent: {error}");
    }
}

/// Makes a request's span part of the caller's trace, where it says (`traceparent`) which one that is.
pub fn join(span: &Span, headers: &HeaderMap) {
    if PROVIDER.get().is_some() && headers.contains_key("traceparent") {
        // A span that isn't sampled takes no parent.
        let _ = span.set_parent(TraceContextPropagator::new().extract(&Headers(headers)));
    }
}

/// The span of an evaluation. The log has no use for it, so it is there only where traces are sent.
pub fn mapping() -> Span {
    if PROVIDER.get().is_some() { tracing::info_span!("mapping") } else { Span::none() }
}

/// Says of a request's span what was asked and what was answered.
pub fn describe(span: &Span, method: &Method, route: &str, status: StatusCode) {
    if PROVIDER.get().is_none() {
        return;
    }
    span.set_attribute("http.request.method", method.as_str().to_owned());
    span.set_attribute("http.route", route.to_owned());
    span.set_attribute("http.response.status_code", i64::from(status.as_u16()));
    if status.is_server_error() {
        span.set_status(Status::error(status.canonical_reason().unwrap_or_default()));
    }
}

/// The headers of a request, as the propagator reads them.
struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(http::HeaderName::as_str).collect()
    }
}
