//! The time of one attempt.
//!
//! Below the retries, so that a vendor who hangs once leaves time to ask again; below the credential, so that a
//! renewal doesn't count. The attempt ends with the answer's last byte, not with its first;
//! of a large answer that is passed on, with the last byte that is held.

use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, timeout};
use tower::Service;

use super::{Exchange, Pending, Stage};
use crate::adapter::Reply;
use crate::error::{Error, Kind, Result};

#[derive(Debug, Clone)]
pub(super) struct Attempt<S> {
    inner: S,
    longest: Duration,
}

impl<S> Attempt<S> {
    pub(super) fn new(inner: S, longest: Duration) -> Self {
        Attempt { inner, longest }
    }
}

impl<S: Stage> Service<Exchange> for Attempt<S> {
    type Response = Reply;
    type Error = Error;
    type Future = Pending;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<()>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, exchange: Exchange) -> Pending {
        let left = exchange.deadline.saturating_duration_since(Instant::now());
        // A file takes the time that it takes, within the caller's patience.
        let is_file = exchange.transfer.as_ref().is_some_and(|transfer| transfer.is_file());
        let limit = if is_file { left } else { self.longest.min(left) };
        let asked = exchange.clone();
        let pending = self.inner.call(exchange);
        Box::pin(async move { timeout(limit, pending).await.unwrap_or_else(|_| Err(late(&asked, limit))) })
    }
}

fn late(exchange: &Exchange, limit: Duration) -> Error {
    let (label, call, seconds) = (exchange.label(), exchange.call.name(), limit.as_secs_f64());
    Error::new(Kind::TimedOut, format!("{label} did not answer {call} within {seconds:.1} seconds."))
        .effect(exchange.effect())
}
