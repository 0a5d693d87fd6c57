//! Leaves a vendor alone who is out of order.
//!
//! A vendor who can't be reached again and again for an account isn't asked for a while: callers are told so at once
//! (503 with a time) in place of waiting, and the vendor has a chance to recover. Then one call is let through to see;
//! if it fails too, the pause is twice as long, up to a limit. Only what says that the vendor is unavailable counts: a
//! refusal, a quota or an answer that can't be understood is an answer.
//!
//! Each account has a circuit of its own, for a vendor can be out of order for one of them alone, such as where an
//! account has a host of its own. Each process finds out for itself.
//!
//! Outside of the attempt's time, so that an attempt that takes too long is seen to have failed; below the retries, so
//! that each attempt counts and a circuit that opens ends them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::Instant;
use tower::Service;
use tracing::{info, warn};
use uuid::Uuid;

use super::{Exchange, Pending, Stage};
use crate::adapter::Reply;
use crate::error::{Error, Kind, Result, Retry};

/// Failures in a row that open a circuit: more than the attempts of three calls.
const FAILURES: u32 = 10;

/// The first pause, and the longest one.
const PAUSES: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(60));

/// How long failures are remembered of an account that isn't called any more.
const FORGET_AFTER: Duration = Duration::from_secs(600);

/// How many accounts in trouble there are before the forgotten ones are looked for.
const CROWD: usize = 1024;

/// The circuits of all accounts.
#[derive(Debug, Default)]
pub(super) struct Circuits {
    troubled: Mutex<HashMap<Uuid, Trouble>>,
    /// How many are in trouble, so that a call of an account without any needs no lock.
    count: AtomicUsize,
}

/// An account whose vendor has failed lately.
#[derive(Debug)]
struct Trouble {
    failures: u32,
    last: Instant,
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    until: Instant,
    pause: Duration,
    /// Whether a call is on its way to see whether the vendor is there again.
    probing: bool,
}

/// A call that was let through.
#[derive(Debug, PartialEq, Eq)]
enum Passage {
    Usual,
    Probe,
}

impl Circuits {
    /// Lets a call through, or says how long none is.
    fn enter(&self, lane: Uuid, now: Instant) -> std::result::Result<Passage, Duration> {
        if self.count.load(Ordering::Relaxed) == 0 {
            return Ok(Passage::Usual);
        }
        match self.locked().get_mut(&lane).and_then(|trouble| trouble.open.as_mut()) {
            None => Ok(Passage::Usual),
            Some(open) if open.until > now => Err(open.until - now),
            // The one that is on its way will tell soon.
            Some(open) if open.probing => Err(PAUSES.0),
            Some(open) => {
                open.probing = true;
                Ok(Passage::Probe)
            }
        }
    }

    /// The vendor answered, whatever it said.
    fn answered(&self, lane: Uuid) {
        if self.count.load(Ordering::Relaxed) == 0 {
            return;
        }
        let mut troubled = self.locked();
        if let Some(trouble) = troubled.remove(&lane)
            && trouble.open.is_some()
        {
            info!(account = %lane, "the vendor is there again");
        }
        self.count.store(troubled.len(), Ordering::Relaxed);
    }

    /// The vendor was not to be had.
    fn failed(&self, lane: Uuid, now: Instant) {
        let mut troubled = self.locked();
        if troubled.len() > CROWD {
            troubled.retain(|_, trouble| now.duration_since(trouble.last) < FORGET_AFTER);
        }
        let trouble = troubled.entry(lane).or_insert(Trouble { failures: 0, last: now, open: None });
        if now.duration_since(trouble.last) > FORGET_AFTER {
            *trouble = Trouble { failures: 0, last: now, open: None };
        }
        trouble.failures += 1;
        trouble.last = now;
        let pause = match &trouble.open {
            Some(open) if open.probing => Some((open.pause * 2).min(PAUSES.1)),
            // Calls that were on their way when it opened.
            Some(_) => None,
            None => (trouble.failures >= FAILURES).then_some(PAUSES.0),
        };
        if let Some(pause) = pause {
            warn!(account = %lane, pause_s = pause.as_secs(), "the vendor is out of order and isn't asked for a while");
            trouble.open = Some(Open { until: now + pause, pause, probing: false });
        }
        self.count.store(troubled.len(), Ordering::Relaxed);
    }

    /// A call that was to see how the vendor is was dropped without having seen it.
    fn abandoned(&self, lane: Uuid) {
        if let Some(open) = self.locked().get_mut(&lane).and_then(|trouble| trouble.open.as_mut()) {
            open.probing = false;
        }
    }

    /// Nothing is left half-done under this lock, so one that a panic left behind is as good as any.
    fn locked(&self) -> MutexGuard<'_, HashMap<Uuid, Trouble>> {
        self.troubled.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Gives a probe's place back, also where the probe is dropped before its end.
struct Probing<'a> {
    circuits: &'a Circuits,
    lane: Option<Uuid>,
}

impl Drop for Probing<'_> {
    fn drop(&mut self) {
        if let Some(lane) = self.lane {
            self.circuits.abandoned(lane);
        }
    }
}

#[derive(Debug, Clone)]
pub(super) struct Circuit<S> {
    inner: S,
    circuits: Arc<Circuits>,
}

impl<S> Circuit<S> {
    pub(super) fn new(inner: S) -> Self {
        Circuit { inner, circuits: Arc::default() }
    }
}

impl<S: Stage> Service<Exchange> for Circuit<S> {
    type Response = Reply;
    type Error = Error;
    type Future = Pending;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<()>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, exchange: Exchange) -> Pending {
        let (circuits, lane, deadline) = (self.circuits.clone(), exchange.lane, exchange.deadline);
        let passage = match circuits.enter(lane, Instant::now()) {
            Ok(passage) => passage,
            Err(wait) => {
                let error = open(&exchange, wait);
                return Box::pin(async { Err(error) });
            }
        };
        let pending = self.inner.call(exchange);
        Box::pin(async move {
            let _probing = Probing { circuits: &circuits, lane: (passage == Passage::Probe).then_some(lane) };
            let outcome = pending.await;
            let now = Instant::now();
            match outcome.as_ref().map_err(Error::kind) {
                Err(Kind::Unreachable) => circuits.failed(lane, now),
                // A caller who waits for a moment only says nothing of the vendor.
                Err(Kind::TimedOut) if now >= deadline => {}
                Err(Kind::TimedOut) => circuits.failed(lane, now),
                _ => circuits.answered(lane),
            }
            outcome
        })
    }
}

fn open(exchange: &Exchange, wait: Duration) -> Error {
    let label = exchange.label();
    let message = format!(
        "{label} has been out of order for this account: its last {FAILURES} answers or more failed to come. It is not asked \
         again for some seconds."
    );
    Error::new(Kind::Resting, message).retry(Retry::Later(Some(wait)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LANE: Uuid = Uuid::from_u128(7);

    fn opened(now: Instant) -> Circuits {
        let circuits = Circuits::default();
        for _ in 0..FAILURES {
            assert_eq!(circuits.enter(LANE, now), Ok(Passage::Usual));
            circuits.failed(LANE, now);
        }
        circuits
    }

    #[test]
    fn it_opens_after_failures_in_a_row_and_says_for_how_long() {
        let now = Instant::now();
        assert_eq!(opened(now).enter(LANE, now), Err(PAUSES.0));
    }

    #[test]
    fn an_answer_in_between_begins_the_count_anew() {
        let (circuits, now) = (Circuits::default(), Instant::now());
        for _ in 0..3 {
            for _ in 1..FAILURES {
                circuits.failed(LANE, now);
            }
            circuits.answered(LANE);
        }
        assert_eq!(circuits.enter(LANE, now), Ok(Passage::Usual));
    }

    #[test]
    fn another_account_is_not_concerned() {
        let now = Instant::now();
        assert_eq!(opened(now).enter(Uuid::from_u128(8), now), Ok(Passage::Usual));
    }

    #[test]
    fn one_call_is_let_through_after_the_pause_and_closes_it() {
        let now = Instant::now();
        let circuits = opened(now);
        let later = now + PAUSES.0;
        assert_eq!(circuits.enter(LANE, later), Ok(Passage::Probe));
        assert!(circuits.enter(LANE, later).is_err());
        circuits.answered(LANE);
        assert_eq!(circuits.enter(LANE, later), Ok(Passage::Usual));
    }

    #[test]
    fn a_failed_probe_doubles_the_pause_up_to_the_longest() {
        let mut now = Instant::now();
        let circuits = opened(now);
        let mut pause = PAUSES.0;
        for _ in 0..6 {
            now += pause;
            assert_eq!(circuits.enter(LANE, now), Ok(Passage::Probe));
            circuits.failed(LANE, now);
            pause = (pause * 2).min(PAUSES.1);
            assert_eq!(circuits.enter(LANE, now), Err(pause));
        }
        assert_eq!(pause, PAUSES.1);
    }

    #[test]
    fn a_probe_that_is_dropped_gives_its_place_back() {
        let now = Instant::now();
        let circuits = opened(now);
        let later = now + PAUSES.0;
        assert_eq!(circuits.enter(LANE, later), Ok(Passage::Probe));
        drop(Probing { circuits: &circuits, lane: Some(LANE) });
        assert_eq!(circuits.enter(LANE, later), Ok(Passage::Probe));
    }

    #[test]
    fn calls_that_were_on_their_way_when_it_opened_do_not_prolong_it() {
        let now = Instant::now();
        let circuits = opened(now);
        circuits.failed(LANE, now + Duration::from_secs(1));
        assert_eq!(circuits.enter(LANE, now), Err(PAUSES.0));
    }
}
