//! How much of a request's time went into waiting for vendors, and which native calls it made.
//!
//! What is left of it is the gateway's own, which is what an operator can do something about. A request may make
//! several native calls, after or beside each other; what counts is the time in which at least one was on its way. It is
//! kept in a place of the task that serves the request, past the use cases, which have no business with it. Calls that a
//! list makes while it is being sent come after the request's answer has begun, and count for nobody.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::StatusCode;
use tokio::time::Instant;

use crate::adapter::Reply;
use crate::error::Result;

/// Native calls of one request that are remembered one by one.
const MOST_NOTED: usize = 20;

tokio::task_local! {
    static WAITING: Waiting;
}

/// What one request has waited for so far, or one of the calls within it.
#[derive(Clone, Default)]
pub struct Waiting(Arc<Inner>);

#[derive(Default)]
struct Inner {
    told: Mutex<Told>,
    /// The request that this call is part of.
    around: Option<Waiting>,
}

#[derive(Default)]
struct Told {
    under_way: usize,
    since: Option<Instant>,
    total: Duration,
    noted: Vec<Noted>,
}

/// A native call that was made.
#[derive(Debug, Clone)]
pub struct Noted {
    /// Such as `parties.list`.
    pub call: String,
    /// The vendor's status, where it answered.
    pub status: Option<StatusCode>,
    /// How long it took.
    pub took: Duration,
}

impl Waiting {
    /// Nothing waited for yet, within the request of the present task, if it serves one.
    pub fn within() -> Self {
        let around = WAITING.try_with(Clone::clone).ok();
        Waiting(Arc::new(Inner { told: Mutex::default(), around }))
    }

    /// Does `work`, whose native calls are counted here.
    pub async fn during<T>(&self, work: impl Future<Output = T>) -> T {
        WAITING.scope(self.clone(), work).await
    }

    /// How long was waited.
    pub fn total(&self) -> Duration {
        let told = self.told();
        told.total + told.since.map_or(Duration::ZERO, |since| since.elapsed())
    }

    /// The first native calls, in the order in which they ended.
    pub fn noted(&self) -> Vec<Noted> {
        self.told().noted.clone()
    }

    fn told(&self) -> std::sync::MutexGuard<'_, Told> {
        self.0.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// This one, and those that it is part of.
    fn chain(&self) -> impl Iterator<Item = &Waiting> {
        std::iter::successors(Some(self), |waiting| waiting.0.around.as_ref())
    }
}

/// A native call under way, until it is dropped.
pub(super) struct UnderWay {
    waiting: Option<Waiting>,
    begun: Instant,
}

/// Says that a native call begins.
pub(super) fn begin() -> UnderWay {
    let waiting = WAITING.try_with(Clone::clone).ok();
    let begun = Instant::now();
    for waiting in waiting.iter().flat_map(Waiting::chain) {
        let mut told = waiting.told();
        told.under_way += 1;
        told.since.get_or_insert(begun);
    }
    UnderWay { waiting, begun }
}

impl UnderWay {
    /// Says what became of it.
    pub(super) fn end(self, call: &str, outcome: &Result<Reply>) {
        let status = match outcome {
            Ok(reply) => Some(reply.status),
            Err(error) => error.fault().map(|fault| fault.status),
        };
        for waiting in self.waiting.iter().flat_map(Waiting::chain) {
            let mut told = waiting.told();
            if told.noted.len() < MOST_NOTED {
                told.noted.push(Noted { call: call.to_owned(), status, took: self.begun.elapsed() });
            }
        }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        for waiting in self.waiting.iter().flat_map(Waiting::chain) {
            let mut told = waiting.told();
            told.under_way = told.under_way.saturating_sub(1);
            if told.under_way == 0
                && let Some(since) = told.since.take()
            {
                told.total += since.elapsed();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn native_call(took: u64) {
        let under_way = begin();
        tokio::time::sleep(Duration::from_millis(took)).await;
        drop(under_way);
    }

    #[tokio::test(start_paused = true)]
    async fn calls_beside_each_other_count_once_and_count_for_the_request_around_them() {
        let request = Waiting::within();
        let (first, second) = request
            .during(async {
                let first = Waiting::within();
                first.during(async { tokio::join!(native_call(30), native_call(50)) }).await;
                tokio::time::sleep(Duration::from_millis(100)).await;
                let second = Waiting::within();
                second.during(native_call(20)).await;
                (first, second)
            })
            .await;
        assert_eq!(first.total(), Duration::from_millis(50));
        assert_eq!(second.total(), Duration::from_millis(20));
        assert_eq!(request.total(), Duration::from_millis(70));
    }
}
