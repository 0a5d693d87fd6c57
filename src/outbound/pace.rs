//! Keeps to the pace that a vendor allows an account.
//!
//! Three things set it: what the vendor says in headers (no calls left until then), what it answers when it turns a call
//! away (come back after so long), and the limit that the operator has set for it, if any. A vendor who wants
//! no calls for a while gets none: the account's callers wait, in the order in which they came, or are told at once how
//! long it takes, where that is longer than they wait. What one process learns, the others are told.
//!
//! Accounts have nothing to do with each other here, so a busy one keeps none of the others waiting.
//!
//! Outside of an attempt's time, which waiting must not use up; below the credential, so that nobody waits with one that
//! expires meanwhile for longer than the wait.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::task::{Context, Poll};
use std::time::Duration;

use http::header::RETRY_AFTER;
use moka::future::Cache;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until};
use tower::{Service, ServiceExt};
use tracing::{debug, info};
use uuid::Uuid;

use super::permits::{Permits, Rate};
use super::{Exchange, Pending, Stage};
use crate::adapter::Reply;
use crate::clock::Clock;
use crate::error::{Error, Kind, Result, Retry};
use crate::telemetry::metrics::{self, Wait};

/// What the permits of vendors' limits are for.
const PURPOSE: &str = "vendor";

/// The longest that a vendor is believed: what it says of tomorrow can be asked again in an hour.
const LONGEST_REST: Duration = Duration::from_secs(3600);

/// A rest that is worth telling the other processes.
const ANNOUNCED: Duration = Duration::from_secs(1);

/// What counts as having waited.
const WORTH_TELLING: Duration = Duration::from_millis(1);

/// What a caller who has waited must have left: a call that is sent too late is none.
const FOR_THE_CALL: Duration = Duration::from_secs(1);

/// How long a lane is kept that nobody uses.
const KEPT: Duration = Duration::from_secs(3600);

/// The accounts' lanes. Clones share them.
#[derive(Debug, Clone)]
pub struct Paces {
    lanes: Cache<Uuid, Arc<Lane>>,
    permits: Permits,
    /// The operator's limits, by provider.
    rates: Arc<BTreeMap<String, Rate>>,
    clock: Clock,
}

/// One account's calls.
#[derive(Debug, Default)]
struct Lane {
    /// Held by whoever is next. Fair: it is had in the order in which it was asked for.
    turn: Mutex<()>,
    waiting: AtomicU32,
    rests_until: RwLock<Option<Instant>>,
}

impl Lane {
    fn rests_until(&self) -> Option<Instant> {
        let until = *self.rests_until.read().unwrap_or_else(PoisonError::into_inner);
        until.filter(|until| *until > Instant::now())
    }

    /// Rests until then at least. Whether that is news.
    fn rest(&self, until: Instant) -> bool {
        let mut rests = self.rests_until.write().unwrap_or_else(PoisonError::into_inner);
        let news = rests.is_none_or(|known| known + ANNOUNCED < until);
        if rests.is_none_or(|known| known < until) {
            *rests = Some(until);
        }
        news
    }
}

/// Counts a caller as waiting until it is dropped.
struct Waiting<'a>(&'a Lane);

impl<'a> Waiting<'a> {
    /// The caller, and how many are before it.
    fn new(lane: &'a Lane) -> (Self, u32) {
        (Waiting(lane), lane.waiting.fetch_add(1, Ordering::Relaxed))
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Paces {
    pub(super) fn new(permits: Permits, rates: BTreeMap<String, Rate>, clock: Clock) -> Self {
        let lanes = Cache::builder().time_to_idle(KEPT).build();
        Paces { lanes, permits, rates: Arc::new(rates), clock }
    }

    /// Another process has learnt that an account's vendor wants no call for so long.
    pub async fn rest(&self, account: Uuid, wait: Duration) {
        let lane = self.lanes.get_with(account, async { Arc::default() }).await;
        lane.rest(Instant::now() + wait.min(LONGEST_REST));
    }

    /// How long an account's vendor still wants no call.
    pub async fn resting(&self, account: Uuid) -> Option<Duration> {
        let until = self.lanes.get(&account).await?.rests_until()?;
        Some(until.saturating_duration_since(Instant::now()))
    }

    /// Waits until the call may leave.
    async fn pass(&self, exchange: &Exchange) -> Result<()> {
        let rate = self.rates.get(exchange.adapter.rest().name()).copied();
        let lane = match rate {
            None => self.lanes.get(&exchange.lane).await,
            Some(_) => Some(self.lanes.get_with(exchange.lane, async { Arc::default() }).await),
        };
        let Some(lane) = lane else { return Ok(()) };
        let (_waiting, before) = Waiting::new(&lane);
        if let Some(until) = lane.rests_until() {
            // Whoever comes after more callers than a window has calls waits for another window.
            let windows = rate.map_or(0, |rate| before / rate.calls.max(1));
            let more = rate.map_or(Duration::ZERO, |rate| rate.window * windows);
            within(exchange, until + more)?;
        }
        // Whoever is next waits with everyone behind it, so that they leave in the order in which they came.
        let _turn = lane.turn.lock().await;
        loop {
            if let Some(until) = lane.rests_until() {
                within(exchange, until)?;
                debug!("waiting for the vendor's pace");
                sleep_until(until).await;
            }
            let Some(rate) = rate else { return Ok(()) };
            match self.permits.take((PURPOSE, exchange.lane), rate).await {
                Ok(()) => return Ok(()),
                Err(wait) => {
                    lane.rest(Instant::now() + wait);
                }
            }
        }
    }

    /// Learns from what the vendor said of the pace.
    async fn learn(&self, exchange: &Exchange, outcome: &Result<Reply>) {
        let headers = match outcome {
            Ok(reply) => Some(&reply.headers),
            Err(error) => error.fault().map(|fault| &fault.headers),
        };
        let quota = headers.and_then(|headers| exchange.adapter.rest().quota(headers, self.clock.now()));
        let used_up = quota.filter(|quota| quota.remaining == Some(0)).and_then(|quota| quota.reset);
        // A call that is turned away while others are left says nothing of the time until there are all of them again.
        let left = quota.is_some_and(|quota| quota.remaining.is_some_and(|left| left > 0));
        let told = headers.is_some_and(|headers| headers.contains_key(RETRY_AFTER));
        let asked = match outcome.as_ref().map_err(|error| (error.kind(), error.retries())) {
            Err((Kind::RateLimited, Retry::Later(asked))) if told || !left => asked,
            _ => None,
        };
        // What the vendor says of this very call counts for more than what it says of all.
        let wait = if told && asked.is_some() { asked } else { used_up.max(asked) };
        let Some(wait) = wait.filter(|wait| !wait.is_zero()) else { return };
        let wait = wait.min(LONGEST_REST);
        let lane = self.lanes.get_with(exchange.lane, async { Arc::default() }).await;
        if lane.rest(Instant::now() + wait) && wait >= ANNOUNCED {
            info!(account = %exchange.lane, wait_s = wait.as_secs(), "the vendor wants no calls for a while");
            self.permits.ledger().announce(exchange.lane, wait);
        }
    }
}

/// Fails where the caller doesn't wait that long, with time left for the call itself.
fn within(exchange: &Exchange, until: Instant) -> Result<()> {
    if until + FOR_THE_CALL < exchange.deadline {
        return Ok(());
    }
    let label = exchange.label();
    let message = format!("The calls that {label} allows this account are used up for now.");
    let wait = until.saturating_duration_since(Instant::now());
    Err(Error::new(Kind::RateLimited, message).retry(Retry::Later(Some(wait))))
}

#[derive(Debug, Clone)]
pub(super) struct Pace<S> {
    inner: S,
    paces: Arc<Paces>,
}

impl<S> Pace<S> {
    pub(super) fn new(inner: S, paces: Arc<Paces>) -> Self {
        Pace { inner, paces }
    }
}

impl<S: Stage> Pace<S> {
    async fn paced(self, exchange: Exchange) -> Result<Reply> {
        let begun = Instant::now();
        let passed = self.paces.pass(&exchange).await;
        let waited = begun.elapsed();
        let provider = exchange.adapter.rest().name();
        match &passed {
            Err(_) => metrics::paced(provider, Wait::Refused, waited),
            Ok(()) if waited >= WORTH_TELLING => metrics::paced(provider, Wait::Waited, waited),
            Ok(()) => {}
        }
        passed?;
        let outcome = self.inner.oneshot(exchange.clone()).await;
        self.paces.learn(&exchange, &outcome).await;
        outcome
    }
}

impl<S: Stage> Service<Exchange> for Pace<S> {
    type Response = Reply;
    type Error = Error;
    type Future = Pending;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<()>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, exchange: Exchange) -> Pending {
        Box::pin(self.clone().paced(exchange))
    }
}
