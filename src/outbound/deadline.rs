//! The caller's whole wait.
//!
//! Outside of the retries, because a caller waits for an answer and not for an attempt: whatever the layers below
//! are doing when the deadline passes, they are dropped, and the caller learns whether the vendor could have acted.

use std::task::{Context, Poll};

use tokio::time::{Instant, timeout_at};
use tower::Service;

use super::{Exchange, Pending, Stage};
use crate::adapter::Reply;
use crate::error::{Error, Kind, Result};

#[derive(Debug, Clone)]
pub(super) struct Deadline<S> {
    inner: S,
}

impl<S> Deadline<S> {
    pub(super) fn new(inner: S) -> Self {
        Deadline { inner }
    }
}

impl<S: Stage> Service<Exchange> for Deadline<S> {
    type Response = Reply;
    type Error = Error;
    type Future = Pending;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<()>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, exchange: Exchange) -> Pending {
        let asked = exchange.clone();
        let pending = self.inner.call(exchange);
        Box::pin(async move {
            // The timer alone would let a call begin that nobody waits for any more.
            if Instant::now() >= asked.deadline {
                return Err(passed(&asked));
            }
            timeout_at(asked.deadline, pending).await.unwrap_or_else(|_| Err(passed(&asked)))
        })
    }
}

fn passed(exchange: &Exchange) -> Error {
    let (label, call) = (exchange.label(), exchange.call.name());
    Error::new(Kind::TimedOut, format!("{label} did not answer {call} in the time that the caller waits."))
        .effect(exchange.effect())
}
