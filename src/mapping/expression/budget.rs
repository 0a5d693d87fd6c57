//! What one evaluation may cost.

use std::time::Duration;

/// The limits of one evaluation. Reaching one ends that evaluation with
/// [`EvaluationErrorKind::Budget`](super::EvaluationErrorKind::Budget), and no other.
///
/// Beside them there are fixed ones: a text that a function or `&` makes has at most 4 MiB, and arrays and objects
/// that are put together from variables hold at most a million values in all.
#[derive(Debug, Clone)]
pub struct Budget {
    /// Wall-clock time. Default 200 ms, so that an evaluation and its last step end within 250. Checked between steps,
    /// and inside the functions that may take long; a limit under a millisecond counts as one millisecond. An evaluation
    /// that reaches it on a busy machine, having waited for a processor for more than half of the time, is done once
    /// more, with [`patience`](Budget::patience) times as long. Not so with jsonata-rs.
    pub time: Duration,
    /// See there. Default 10; with 1 nothing is done a second time.
    pub patience: u32,
    /// Nested evaluation steps; a call of a function takes about three. Default 300.
    pub depth: usize,
    /// The longest sequence that a path, a range or a function may build. Default 20,000. Not enforced by jsonata-rs.
    pub sequence: usize,
    /// Memory that the evaluation may hold beside its input, in bytes. Default 64 MiB. The evaluation is told to stop at
    /// a quarter of it, since the step that passes the mark may copy what it works on a few times before it ends. Not
    /// enforced by jsonata-rs.
    pub memory: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Budget {
            time: Duration::from_millis(200),
            patience: 10,
            depth: 300,
            sequence: 20_000,
            memory: 64 * 1024 * 1024,
        }
    }
}

impl Budget {
    /// For an evaluation on a thread that has others to serve: 10 ms, once, and 8 MiB.
    pub fn brief() -> Self {
        let (time, memory) = (Duration::from_millis(10), 8 * 1024 * 1024);
        Budget { time, memory, patience: 1, ..Budget::default() }
    }

    /// The time limit as engines take it: whole milliseconds, at least one.
    pub(super) fn millis(&self) -> u64 {
        u64::try_from(self.time.as_millis()).unwrap_or(u64::MAX).max(1)
    }

    /// With more time, for an evaluation that was kept waiting.
    pub(super) fn patient(&self) -> Budget {
        Budget { time: self.time.saturating_mul(self.patience), ..self.clone() }
    }

    /// The bytes at which an evaluation is told to stop.
    pub(super) fn mark(&self) -> usize {
        self.memory / 4
    }
}
