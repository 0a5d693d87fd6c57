//! The evaluation that runs on this thread, as functions written in Rust see it: how much more it may do.
//!
//! The engine looks at its cancel token between its own steps, which [`timekeeper`] pulls when the time is over. A function of ours is one step to it,
//! so a function that may take long asks [`poll`], and one that may make something large asks [`fits`] or [`spend`]
//! before it does.

use std::cell::Cell;
use std::time::{Duration, Instant};

use jsonata_core::evaluator::CancelToken;
use jsonata_core::value::{JValue, with_stack};
use rustix::time::{ClockId, clock_gettime};

use super::budget::Budget;
use super::functions::Refusal;
use super::timekeeper::{self, Kept};
use crate::alloc::{self, Meter};

/// The longest text that a function or `&` makes, in bytes. A field of a CRM ends far below.
pub(super) const LONGEST_TEXT: usize = 4 * 1024 * 1024;

/// How many values, counted with all that is inside them, one evaluation may put into arrays and objects by way of
/// variables and functions, where a few steps of doubling would otherwise make a value that takes forever to walk.
const MOST_VALUES: usize = 1_000_000;

struct Running {
    deadline: Cell<Option<Instant>>,
    longest_sequence: Cell<usize>,
    values_left: Cell<usize>,
    polls: Cell<u32>,
    is_out_of_time: Cell<bool>,
}

thread_local! {
    static RUNNING: Running = const {
        Running {
            deadline: Cell::new(None),
            longest_sequence: Cell::new(usize::MAX),
            values_left: Cell::new(usize::MAX),
            polls: Cell::new(0),
            is_out_of_time: Cell::new(false),
        }
    };
}

/// An evaluation under its budget, until it is dropped.
pub(super) struct Evaluation {
    _meter: Meter,
    /// Where the engine doesn't keep the time itself.
    kept: Option<Kept>,
}

impl Evaluation {
    /// Begins to count. `stop` is cancelled when memory or a time that [`timekeeper`] keeps runs out.
    pub(super) fn start(budget: &Budget, stop: CancelToken) -> Evaluation {
        let deadline = Instant::now().checked_add(budget.time);
        RUNNING.with(|running| {
            running.deadline.set(deadline);
            running.longest_sequence.set(budget.sequence);
            running.values_left.set(MOST_VALUES);
            running.polls.set(0);
            running.is_out_of_time.set(false);
        });
        let kept = deadline.filter(|_| timekeeper::keeps(budget.time));
        let kept = kept.map(|deadline| Kept::start(deadline, stop.clone()));
        Evaluation { _meter: Meter::start(budget.mark(), move || stop.cancel()), kept }
    }

    /// Ends it. Whether its time was over, as a function of ours or the timekeeper found.
    pub(super) fn end(self) -> bool {
        self.kept.as_ref().is_some_and(Kept::end) || is_out_of_time()
    }
}

impl Drop for Evaluation {
    fn drop(&mut self) {
        RUNNING.with(|running| {
            running.deadline.set(None);
            running.longest_sequence.set(usize::MAX);
            running.values_left.set(usize::MAX);
        });
    }
}

/// What a clock on the wall and one in the processor showed of this thread.
pub(super) struct Watch {
    wall: Instant,
    processor: Duration,
}

impl Watch {
    pub(super) fn start() -> Watch {
        Watch { wall: Instant::now(), processor: processor_time() }
    }

    /// Whether the thread waited for a processor for more than half of the time since.
    pub(super) fn was_kept_waiting(&self) -> bool {
        let had = processor_time().saturating_sub(self.processor);
        had * 2 < self.wall.elapsed()
    }
}

/// What this thread has had of a processor.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    // Since the thread began: neither is negative.
    let (seconds, nanos) = (u64::try_from(time.tv_sec), u32::try_from(time.tv_nsec));
    Duration::new(seconds.unwrap_or(0), nanos.unwrap_or(0))
}

/// Refuses once the evaluation has used up its memory or its time. Cheap enough for every turn of a loop.
pub(super) fn poll() -> Result<(), Refusal> {
    if alloc::is_passed() {
        return Err(out_of_memory());
    }
    RUNNING.with(|running| {
        let polls = running.polls.get().wrapping_add(1);
        running.polls.set(polls);
        let look = polls % 64 == 0;
        match running.deadline.get() {
            Some(deadline) if look && Instant::now() > deadline => {
                running.is_out_of_time.set(true);
                Err(out_of_time())
            }
            _ => Ok(()),
        }
    })
}

/// Whether [`poll`] has refused for want of time since the evaluation began.
fn is_out_of_time() -> bool {
    RUNNING.with(|running| running.is_out_of_time.get())
}

pub(super) fn out_of_time() -> Refusal {
    Refusal { code: "D1012", message: "the time for one evaluation is over".to_owned() }
}

pub(super) fn out_of_memory() -> Refusal {
    Refusal { code: "U2004", message: "the memory for one evaluation is used up".to_owned() }
}

/// Refuses a text of more than [`LONGEST_TEXT`] bytes.
pub(super) fn fits(bytes: usize) -> Result<(), Refusal> {
    if bytes > LONGEST_TEXT {
        return Err(Refusal {
            code: "U2002",
            message: format!("a text would be longer than {LONGEST_TEXT} bytes"),
        });
    }
    Ok(())
}

/// Refuses a sequence longer than the budget's.
pub(super) fn fits_sequence(length: usize) -> Result<(), Refusal> {
    let longest = RUNNING.with(|running| running.longest_sequence.get());
    if length > longest {
        let message = format!("a sequence would be longer than {longest} items");
        return Err(Refusal { code: "D2015", message });
    }
    Ok(())
}

/// Takes the value, with all that is inside it, off what this evaluation may put together.
pub(super) fn spend(value: &JValue) -> Result<(), Refusal> {
    let left = RUNNING.with(|running| running.values_left.get());
    if left == usize::MAX {
        return Ok(());
    }
    match less(left, value) {
        Some(left) => {
            RUNNING.with(|running| running.values_left.set(left));
            Ok(())
        }
        None => Err(Refusal {
            code: "U2005",
            message: format!("arrays and objects would hold more than {MOST_VALUES} values"),
        }),
    }
}

/// `left` less the number of values in `value`, unless there are more.
fn less(left: usize, value: &JValue) -> Option<usize> {
    let left = left.checked_sub(1)?;
    match value {
        JValue::Array(items) => with_stack(|| items.iter().try_fold(left, less)),
        JValue::Object(fields) => with_stack(|| fields.values().try_fold(left, less)),
        _ => Some(left),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_an_evaluation_nothing_ends() {
        assert!((0..1_000).all(|_| poll().is_ok()));
        assert!(fits_sequence(1 << 40).is_ok());
    }

    #[test]
    fn what_is_spent_is_counted_with_all_that_is_inside() {
        let list = JValue::array(vec![JValue::Null; 9]);
        assert_eq!(less(10, &list), Some(0));
        assert_eq!(less(9, &list), None);
        let mut doubled = JValue::Null;
        for _ in 0..60 {
            doubled = JValue::array(vec![doubled.clone(), doubled]);
        }
        assert_eq!(less(MOST_VALUES, &doubled), None);
    }

    #[test]
    fn who_sleeps_is_kept_waiting_and_who_works_is_not() {
        let watch = Watch::start();
        std::thread::sleep(Duration::from_millis(20));
        assert!(watch.was_kept_waiting());
        let worked = processor_time();
        while processor_time() < worked + Duration::from_millis(5) {}
        assert!(processor_time() >= worked + Duration::from_millis(5));
    }

    #[test]
    fn an_evaluation_ends_by_time_and_by_memory() {
        let budget = Budget { time: std::time::Duration::ZERO, memory: 4_000_000, ..Budget::default() };
        let stop = CancelToken::new();
        let evaluation = Evaluation::start(&budget, stop.clone());
        let ended = (0..1_000).find_map(|_| poll().err()).expect("no time is left");
        assert_eq!(ended.code, "D1012");
        let large = vec![0_u8; 5_000_000];
        assert!(stop.is_cancelled());
        assert_eq!(poll().expect_err("no memory is left").code, "U2004");
        drop(large);
        drop(evaluation);
        assert!(poll().is_ok());
    }
}
