//! Where expressions are computed.
//!
//! What takes microseconds is computed where it stands: the expressions of a request, of which there may be a dozen, and
//! the mapping of a single record. Going to another thread and back would cost more than most of them do. Their budget
//! is brief there; whatever uses it up is computed once more, with its whole budget, on a thread that may block. Nothing
//! that an expression does can be seen from outside, so doing it twice is doing it once. A page of records goes to such
//! a thread at once, and so does whatever sees much, which takes time to be read before the budget counts. No more of
//! those threads are at work than there are processors.

use std::sync::Arc;

use serde_json::Value;
use tokio::sync::Semaphore;

use super::Gateway;
use crate::error::{Error, Result};
use crate::mapping::expression::{Budget, EvaluationError, EvaluationErrorKind, Expression, Scope};
use crate::telemetry::{metrics, traces};

/// Mappings are computed on threads that may block, no more at once than there are processors.
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

/// Why something evaluated gave nothing.
#[derive(Debug)]
pub(super) enum Unmade {
    /// The expression failed, or reached a limit of its budget, on the record of this id.
    Failed(EvaluationError, Option<String>),
    /// Anything else.
    Refused(Error),
}

impl Unmade {
    fn is_over_budget(&self) -> bool {
        matches!(self, Unmade::Failed(error, _) if error.kind == EvaluationErrorKind::Budget)
    }
}

impl Gateway {
    /// What an expression gives.
    pub(super) async fn evaluated(
        &self,
        expression: &Expression,
        scope: Scope,
    ) -> Result<std::result::Result<Option<Value>, EvaluationError>> {
        let (expression, briefly) = (expression.clone(), scope.is_below(BRIEF));
        let evaluate = move |budget: &Budget| {
            expression.evaluate(&scope, budget).map_err(|error| Unmade::Failed(error, None))
        };
        match self.computed(briefly, evaluate).await {
            Ok(value) => Ok(Ok(value)),
            Err(Unmade::Failed(error, _)) => Ok(Err(error)),
            Err(Unmade::Refused(error)) => Err(error),
        }
    }

    /// Runs `work` here with a brief budget if it may go `briefly`. Otherwise, and where that is used up, it runs with a
    /// whole one where it may block.
    pub(super) async fn computed<T: Send + 'static>(
        &self,
        briefly: bool,
        work: impl Fn(&Budget) -> std::result::Result<T, Unmade> + Send + 'static,
    ) -> std::result::Result<T, Unmade> {
        if briefly {
            let outcome = timed(|| work(&Budget::brief()));
            if !outcome.as_ref().is_err_and(Unmade::is_over_budget) {
                return outcome;
            }
        }
        let again = self.blocking(move || work(&Budget::default())).await;
        again.unwrap_or_else(|error| Err(Unmade::Refused(error)))
    }

    /// Runs `work` on a thread that may block, when a processor is free for it.
    pub(super) async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T> {
        let _permit = self.evaluations.0.acquire().await.map_err(Error::internal)?;
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
