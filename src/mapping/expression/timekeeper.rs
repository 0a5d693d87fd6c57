//! Ends evaluations whose time is over, from outside.
//!
//! The engine can limit its time by itself, and looks at the clock at every step for it, which is a tenth of what a
//! mapping costs. It looks at its cancel token just as often, and that is one load. So one thread keeps the time for all
//! of them: every few milliseconds it looks at what is being evaluated, and pulls the token of whatever has had its time.
//! While nothing is evaluated, it sleeps.
//!
//! It is as exact as its tick. A time that is too short for that is left to the engine ([`keeps`]), and so is all of it
//! where no thread can be had.

use std::sync::atomic::{AtomicBool, Ordering, fence};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use jsonata_core::evaluator::CancelToken;

/// How often it looks.
const TICK: Duration = Duration::from_millis(4);

/// The shortest time that it keeps.
const SHORTEST: Duration = Duration::from_millis(10);

/// Looks that find nothing before it goes to sleep.
const PATIENCE: u32 = 20;

/// `None` where no thread could be had.
static KEEPER: LazyLock<Option<Keeper>> = LazyLock::new(Keeper::start);

/// What every thread that evaluates is doing.
static SLOTS: Mutex<Vec<Weak<Slot>>> = Mutex::new(Vec::new());

/// Whether it sleeps, or is about to.
static ASLEEP: AtomicBool = AtomicBool::new(false);

thread_local! {
    static SLOT: Arc<Slot> = {
        let slot = Arc::<Slot>::default();
        locked(&SLOTS).push(Arc::downgrade(&slot));
        slot
    };
}

/// What one thread is evaluating.
#[derive(Default)]
struct Slot(Mutex<Option<Due>>);

struct Due {
    at: Instant,
    stop: CancelToken,
    is_over: bool,
}

struct Keeper(Thread);

impl Keeper {
    fn start() -> Option<Keeper> {
        let started = thread::Builder::new().name("timekeeper".to_owned()).spawn(keep_time);
        match started {
            Ok(handle) => Some(Keeper(handle.thread().clone())),
            Err(error) => {
                tracing::warn!(%error, "no thread can be had to keep the time of mappings; each keeps its own");
                None
            }
        }
    }
}

/// Whether a time like this is kept here.
pub(super) fn keeps(time: Duration) -> bool {
    time >= SHORTEST && KEEPER.is_some()
}

/// This thread's evaluation, until it is dropped or ended.
pub(super) struct Kept(Arc<Slot>);

impl Kept {
    /// Has `stop` pulled at `at`, in place of what was to be before on this thread.
    pub(super) fn start(at: Instant, stop: CancelToken) -> Kept {
        let slot = SLOT.with(Arc::clone);
        *locked(&slot.0) = Some(Due { at, stop, is_over: false });
        // With the keeper's fence: either this sees that it sleeps, or it sees the slot before it does.
        fence(Ordering::SeqCst);
        if let Some(Keeper(thread)) = &*KEEPER
            && ASLEEP.load(Ordering::Relaxed)
            && ASLEEP.swap(false, Ordering::Relaxed)
        {
            thread.unpark();
        }
        Kept(slot)
    }

    /// Ends it: from here on the token is left alone. Whether it was pulled.
    pub(super) fn end(&self) -> bool {
        locked(&self.0.0).take().is_some_and(|due| due.is_over)
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.end();
    }
}

/// Looks for as long as the process lives.
fn keep_time() {
    let mut idle = 0;
    loop {
        idle = if look() { 0 } else { idle + 1 };
        if idle < PATIENCE {
            thread::sleep(TICK);
            continue;
        }
        ASLEEP.store(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        while !look() && ASLEEP.load(Ordering::Relaxed) {
            thread::park();
        }
        ASLEEP.store(false, Ordering::Relaxed);
        idle = 0;
    }
}

/// Pulls the tokens of what has had its time. Whether anything is being evaluated.
fn look() -> bool {
    let now = Instant::now();
    let mut is_busy = false;
    locked(&SLOTS).retain(|slot| {
        let Some(slot) = slot.upgrade() else { return false };
        if let Some(due) = &mut *locked(&slot.0) {
            is_busy = true;
            if due.at <= now && !due.is_over {
                due.is_over = true;
                due.stop.cancel();
            }
        }
        true
    });
    is_busy
}

/// Nothing is left half-done under these locks, so one that a panic left behind is as good as any.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Waits for the token, for longer than any machine is busy.
    fn is_pulled(stop: &CancelToken) -> bool {
        let begun = Instant::now();
        while !stop.is_cancelled() && begun.elapsed() < Duration::from_secs(30) {
            thread::yield_now();
        }
        stop.is_cancelled()
    }

    fn due_in(millis: u64) -> Instant {
        Instant::now() + Duration::from_millis(millis)
    }

    #[test]
    fn what_has_had_its_time_is_stopped_also_after_a_sleep() {
        assert!(keeps(SHORTEST) && !keeps(SHORTEST - Duration::from_millis(1)));
        for _ in 0..2 {
            let stop = CancelToken::new();
            let kept = Kept::start(due_in(1), stop.clone());
            assert!(is_pulled(&stop));
            assert!(kept.end());
            while !ASLEEP.load(Ordering::Relaxed) {
                thread::yield_now();
            }
        }
    }

    #[test]
    fn what_has_ended_or_has_time_left_is_left_alone() {
        let (ended, waiting, due) = (CancelToken::new(), CancelToken::new(), CancelToken::new());
        let kept = Kept::start(due_in(3_600_000), ended.clone());
        assert!(!kept.end());
        drop(Kept::start(due_in(3_600_000), ended.clone()));
        assert!(SLOT.with(|slot| locked(&slot.0).is_none()));
        let other = thread::spawn({
            let (waiting, due) = (waiting.clone(), due.clone());
            move || {
                let _kept = Kept::start(due_in(3_600_000), waiting);
                is_pulled(&due)
            }
        });
        let _kept = Kept::start(due_in(1), due.clone());
        assert!(other.join().expect("no panic"));
        assert!(!ended.is_cancelled() && !waiting.is_cancelled());
    }
}
