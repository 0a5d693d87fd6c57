//! What one evaluation may cost.

use std::time::Duration;

/// The limits of one evaluation. Reaching one ends that evaluation with
/// [`EvaluationErrorKind::Budget`](super::EvaluationErrorKind::Budget), and no other.
///
/// There is no limit of memory: a recursive function that doubles a string reaches hundreds of megabytes within the
/// default time. [`Budget::cancel`] is the seam for one: whoever watches memory holds the other end of the token.
#[derive(Debug, Clone)]
pub struct Budget {
    /// Wall-clock time. Default 250 ms. Checked between steps: one call of a built-in over a long input is not cut
    /// short, and a limit under a millisecond counts as one millisecond.
    pub time: Duration,
    /// Nested evaluation steps; a call of a function takes about three. Default 300.
    pub depth: usize,
    /// The longest sequence that a path, a range or a built-in may build. Default 100,000. Not enforced by jsonata-rs.
    pub sequence: usize,
    /// Ends the evaluation from another thread. Default none. With jsonata-rs it is only looked at between evaluations.
    pub cancel: Option<CancelToken>,
}

impl Default for Budget {
    fn default() -> Self {
        Budget { time: Duration::from_millis(250), depth: 300, sequence: 100_000, cancel: None }
    }
}

impl Budget {
    /// The time limit as engines take it: whole milliseconds, at least one.
    pub(super) fn millis(&self) -> u64 {
        u64::try_from(self.time.as_millis()).unwrap_or(u64::MAX).max(1)
    }
}

/// Stops every evaluation whose budget holds a clone of it. It cannot be reset.
#[derive(Debug, Clone, Default)]
pub struct CancelToken(jsonata_core::evaluator::CancelToken);

impl CancelToken {
    /// A token that has not been cancelled.
    pub fn new() -> Self {
        Self::default()
    }

    /// Ends the evaluations at their next step.
    pub fn cancel(&self) {
        self.0.cancel();
    }

    /// Whether any clone of this token was cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.0.is_cancelled()
    }

    pub(super) fn for_engine(&self) -> jsonata_core::evaluator::CancelToken {
        self.0.clone()
    }
}
