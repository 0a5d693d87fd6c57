//! Where expressions are computed.
//!
//! What takes microseconds is computed where it stands: the expressions of a request, of which there may be a dozen, and
//! the mapping of records, a few at a turn. Going to another thread and back would cost more than most of them do. Their
//! budget is brief there; whatever uses it up is computed once more, with its whole budget, on a thread that may block,
//! and so is at once whatever sees much, which takes time to be read before the budget counts, and an expression that has
//! taken long before. Nothing that an expression does can be seen from outside, so doing it twice is doing it once. No
//! more pages are being mapped than there are processors, wherever it is done.

use std::sync::Arc;

use serde_json::Value;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::Gateway;
use crate::error::{Error, Result};
use crate::mapping::expression::{Budget, EvaluationError, EvaluationErrorKind, Expression, Scope};
use crate::telemetry::{metrics, traces};

/// Who may compute: as many at once as there are processors.
#[derive(Clone)]
pub struct Evaluations(Arc<Semaphore>);

impl Evaluations {
    /// As many as this machine has processors.
    pub fn per_processor() -> Self {
        let processors = std::thread::available_parallelism().map_or(2, usize::from);
        Evaluations(Arc::new(Semaphore::new(processors)))
    }
}

/// What an expression may see where it stands, in bytes.
pub(super) const BRIEF: usize = 32 * 1024;

impl Gateway {
    /// What an expression gives.
    pub(super) async fn evaluated(
        &self,
        expression: &Expression,
        scope: Scope,
    ) -> Result<std::result::Result<Option<Value>, EvaluationError>> {
        if !expression.is_long() && scope.is_below(BRIEF) {
            match timed(|| expression.evaluate(&scope, &Budget::brief())) {
                Err(error) if error.kind == EvaluationErrorKind::Budget => expression.took_long(),
                outcome => return Ok(outcome),
            }
        }
        let expression = expression.clone();
        self.blocking(move || expression.evaluate(&scope, &Budget::default())).await
    }

    /// Waits until one more may compute for longer than a moment.
    pub(super) async fn turn(&self) -> Result<SemaphorePermit<'_>> {
        self.evaluations.0.acquire().await.map_err(Error::internal)
    }

    /// Runs `work` on a thread that may block, when a processor is free for it.
    pub(super) async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T> {
        let _turn = self.turn().await?;
        let span = tracing::Span::current();
        let timed = move || span.in_scope(|| timed(work));
        tokio::task::spawn_blocking(timed).await.map_err(Error::internal)
    }
}

/// Counts what `work` takes as time spent on mappings.
fn timed<T>(work: impl FnOnce() -> T) -> T {
    let begun = std::time::Instant::now();
    let made = traces::mapping().in_scope(work);
    metrics::mapped(begun.elapsed());
    made
}
