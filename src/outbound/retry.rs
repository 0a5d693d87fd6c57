//! Tries again what failed in passing.
//!
//! It asks two things of an error: is it worth trying again, and could the vendor already have acted? A write is
//! sent again only if it could not. What a vendor asks to wait is never shortened: a wait that is too long goes
//! back to the caller at once, with its time. So does an exhausted quota of which the vendor doesn't say when it
//! comes back, for trying earlier would only use up more of it.
//!
//! Outside of the credential layer, because a credential can expire between two attempts.

use std::task::{Context, Poll};
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use tokio::time::Instant;
use tower::{Service, ServiceExt};
use tracing::debug;

use super::{Exchange, Pending, Stage};
use crate::adapter::Reply;
use crate::error::{Error, Kind, Result, Retry as Advice};

/// Two pauses, thus three attempts: about 200 ms, then about 400 ms, each up to twice as long by chance so that
/// callers who failed together don't come back together.
const PAUSES: ExponentialBuilder = ExponentialBuilder::new()
    .with_min_delay(Duration::from_millis(200))
    .with_factor(2.0)
    .with_jitter()
    .with_max_times(2);

/// The longest wait at a vendor's request that is spent here and not handed to the caller.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

#[derive(Debug, Clone)]
pub(super) struct Retry<S> {
    inner: S,
}

impl<S> Retry<S> {
    pub(super) fn new(inner: S) -> Self {
        Retry { inner }
    }
}

impl<S: Stage> Service<Exchange> for Retry<S> {
    type Response = Reply;
    type Error = Error;
    type Future = Pending;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<()>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, exchange: Exchange) -> Pending {
        let inner = self.inner.clone();
        Box::pin(async move {
            let attempt = || inner.clone().oneshot(exchange.clone());
            attempt
                .retry(PAUSES)
                .sleep(tokio::time::sleep)
                .when(|error| exchange.may_repeat(error))
                .adjust(|error, pause| {
                    wait(error, pause?).filter(|wait| Instant::now() + *wait < exchange.deadline)
                })
                .notify(|error, wait| {
                    let wait_ms = wait.as_secs_f64() * 1000.0;
                    debug!(error = ?error.kind(), wait_ms, "trying again");
                })
                .await
        })
    }
}

/// How long to wait before trying again; `None` where it is not to be tried. The pause is added to a wait that the
/// vendor asks for, since everyone else who was turned away was told the same instant.
fn wait(error: &Error, pause: Duration) -> Option<Duration> {
    match error.retries() {
        Advice::Never => None,
        // It is left alone, and the caller is told at once.
        _ if error.kind() == Kind::Resting => None,
        Advice::Later(None) => (error.kind() != Kind::RateLimited).then_some(pause),
        Advice::Later(Some(asked)) => (asked <= LONGEST_WAIT).then(|| asked + pause),
    }
}

#[cfg(test)]
mod tests {
    use backon::BackoffBuilder;

    use super::*;

    const PAUSE: Duration = Duration::from_millis(200);

    fn after(kind: Kind, advice: Advice) -> Option<Duration> {
        wait(&Error::new(kind, "").retry(advice), PAUSE)
    }

    #[test]
    fn an_outage_is_tried_again_after_the_pause() {
        assert_eq!(after(Kind::Unreachable, Advice::Later(None)), Some(PAUSE));
    }

    #[test]
    fn a_wait_that_the_vendor_asks_for_is_never_shortened() {
        for seconds in [0, 1, 5] {
            let asked = Duration::from_secs(seconds);
            assert_eq!(after(Kind::RateLimited, Advice::Later(Some(asked))), Some(asked + PAUSE));
        }
        let long = LONGEST_WAIT + Duration::from_millis(1);
        assert_eq!(after(Kind::RateLimited, Advice::Later(Some(long))), None);
        assert_eq!(after(Kind::Unreachable, Advice::Later(Some(Duration::MAX))), None);
    }

    #[test]
    fn a_quota_without_a_known_reset_is_not_tried() {
        assert_eq!(after(Kind::RateLimited, Advice::Later(None)), None);
    }

    #[test]
    fn what_fails_again_is_not_tried() {
        assert_eq!(after(Kind::Rejected, Advice::Never), None);
    }

    #[test]
    fn there_are_two_pauses_that_grow() {
        let pauses: Vec<Duration> = PAUSES.build().collect();
        assert_eq!(pauses.len(), 2);
        assert!((PAUSE..PAUSE * 2).contains(&pauses[0]), "{pauses:?}");
        assert!((PAUSE * 2..PAUSE * 4).contains(&pauses[1]), "{pauses:?}");
    }
}
