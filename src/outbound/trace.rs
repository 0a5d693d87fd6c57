//! One span for every call: provider, call, attempts, the vendor's status, duration; and the same for the metrics.
//!
//! Outermost, because it tells of the call as the caller sees it, retries and renewals included. It tells nothing
//! of what was asked or answered: bodies and queries are the customers', and the credential is a secret. It logs
//! no errors either: they are logged once, where they leave the gateway.

use std::task::{Context, Poll};

use tokio::time::Instant;
use tower::Service;
use tracing::{Instrument, Span, debug, field, info_span};

use super::{Exchange, Pending, Stage};
use crate::adapter::Reply;
use crate::error::{Error, Result};
use crate::telemetry::metrics;

#[derive(Debug, Clone)]
pub(super) struct Trace<S> {
    inner: S,
}

impl<S> Trace<S> {
    pub(super) fn new(inner: S) -> Self {
        Trace { inner }
    }
}

impl<S: Stage> Service<Exchange> for Trace<S> {
    type Response = Reply;
    type Error = Error;
    type Future = Pending;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<()>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, exchange: Exchange) -> Pending {
        let span = info_span!(
            "native_call",
            provider = exchange.adapter.rest().name(),
            call = exchange.call.name(),
            attempts = field::Empty,
            status = field::Empty,
            error = field::Empty,
            duration_ms = field::Empty,
        );
        let told = span.clone();
        let progress = exchange.progress.clone();
        let (adapter, call) = (exchange.adapter.clone(), exchange.call.clone());
        let begun = Instant::now();
        let pending = self.inner.call(exchange);
        let traced = async move {
            let outcome = pending.await;
            told.record("attempts", progress.attempts());
            let took = begun.elapsed();
            told.record("duration_ms", took.as_secs_f64() * 1000.0);
            let what = [call.native.resource.as_str(), &call.native.method];
            let error = outcome.as_ref().err();
            metrics::vendor_called(adapter.rest().name(), what, error, progress.attempts(), took);
            tell(&told, &outcome);
            debug!("finished");
            outcome
        };
        Box::pin(traced.instrument(span))
    }
}

fn tell(span: &Span, outcome: &Result<Reply>) {
    let status = match outcome {
        Ok(reply) => Some(reply.status),
        Err(error) => {
            span.record("error", field::debug(error.kind()));
            error.fault().map(|fault| fault.status)
        }
    };
    if let Some(status) = status {
        span.record("status", status.as_u16());
    }
}
