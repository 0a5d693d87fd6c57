//! The allocator of the process: mimalloc, and a count of what a thread holds while somebody asks.
//!
//! Owns the counting and nothing else. A thread that meters itself ([`Meter::start`]) has its allocations and frees
//! added up; when they pass the mark, a signal is pulled, once, and the work that is metered is expected to stop by
//! itself soon after. The allocation that passed the mark is granted: an allocator that refuses ends the process, and one
//! that panics is undefined behaviour. A thread that does not meter itself pays one look at a thread-local.
//!
//! It is the global allocator of the `unicrm` binary. A program of its own that evaluates mappings makes it its own, too
//! (`#[global_allocator]`), or an allocator that hands everything on to it; without it nothing is counted, and a mapping
//! has no limit of memory.
//!
//! It refuses to be a limit for the process: that is the operating system's.

use std::alloc::{GlobalAlloc, Layout};
use std::cell::{Cell, RefCell};

use mimalloc::MiMalloc;

/// mimalloc, with the count.
pub struct Counting;

/// mimalloc's number for how long it keeps what was freed before the operating system gets it back
/// (`mi_option_purge_delay` in its `mimalloc.h`).
const PURGE_DELAY: libmimalloc_sys::mi_option_t = 15;

/// In milliseconds. Its own default, a second, keeps the largest page of the last second for every thread: 12 MB more of
/// resident memory on two processors, for no measurable time.
const KEPT_FREE: i64 = 10;

/// Has freed memory given back soon. `MIMALLOC_PURGE_DELAY` says otherwise where it is set.
///
/// To be called before the process starts a second thread.
pub fn give_back_soon() {
    // SAFETY: it sets a number that is only read when memory is freed; that no other thread runs yet is what this
    // function asks of its caller, and what it would cost is a delay read half-written.
    unsafe { libmimalloc_sys::mi_option_set_default(PURGE_DELAY, KEPT_FREE) };
}

/// What the metered thread holds: bytes allocated since the start, less bytes freed. Negative when it frees what was
/// there before.
struct Count {
    /// The mark, in bytes; `isize::MAX` while nobody meters.
    mark: Cell<isize>,
    held: Cell<isize>,
    peak: Cell<isize>,
    passed: Cell<bool>,
}

thread_local! {
    // Neither lazy nor dropped, so it may be read from inside the allocator at any time in a thread's life.
    static COUNT: Count = const {
        Count {
            mark: Cell::new(isize::MAX),
            held: Cell::new(0),
            peak: Cell::new(0),
            passed: Cell::new(false),
        }
    };
    // Touched by the allocator only while a meter runs, which has made it ready.
    static SIGNAL: RefCell<Option<Box<dyn Fn()>>> = const { RefCell::new(None) };
}

fn count(bytes: isize) {
    COUNT.with(|count| {
        let mark = count.mark.get();
        if mark == isize::MAX {
            return;
        }
        let held = count.held.get().saturating_add(bytes);
        count.held.set(held);
        if held > count.peak.get() {
            count.peak.set(held);
        }
        if held > mark && !count.passed.replace(true) {
            pull();
        }
    });
}

#[cold]
fn pull() {
    // Fails only while the signal is being set or the thread ends; then nothing is left to stop.
    let _ = SIGNAL.try_with(|signal| {
        if let Ok(signal) = signal.try_borrow()
            && let Some(signal) = &*signal
        {
            signal();
        }
    });
}

/// A layout's size is at most `isize::MAX`.
fn signed(bytes: usize) -> isize {
    isize::try_from(bytes).unwrap_or(isize::MAX)
}

// SAFETY: every method hands its arguments to mimalloc unchanged and returns its answer unchanged, so mimalloc's keeping
// of the contract is ours. The counting neither allocates nor panics: it reads and writes cells of a thread-local that
// is neither lazy nor dropped, and the signal, by `Meter::start`'s condition, does not allocate.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(signed(layout.size()));
        // SAFETY: the caller's promise about `layout` is passed on.
        unsafe { MiMalloc.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(signed(layout.size()));
        // SAFETY: the caller's promise about `layout` is passed on.
        unsafe { MiMalloc.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        count(-signed(layout.size()));
        // SAFETY: the caller's promise that `at` came from this allocator, which is mimalloc, with `layout` is passed on.
        unsafe { MiMalloc.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(signed(size) - signed(layout.size()));
        // SAFETY: the caller's promises about `at`, `layout` and `size` are passed on.
        unsafe { MiMalloc.realloc(at, layout, size) }
    }
}

/// Counts for as long as it lives. A thread has at most one at a time.
pub struct Meter(());

impl Meter {
    /// Counts this thread's memory from zero. When more than `mark` bytes are held at once, `signal` is called, once,
    /// from inside the allocator: it must neither allocate nor panic (an atomic store, say).
    ///
    /// A meter started while another one lives takes its place; the first to be dropped ends the counting.
    pub fn start(mark: usize, signal: impl Fn() + 'static) -> Meter {
        SIGNAL.set(Some(Box::new(signal)));
        COUNT.with(|count| {
            count.held.set(0);
            count.peak.set(0);
            count.passed.set(false);
            count.mark.set(signed(mark).min(isize::MAX - 1));
        });
        Meter(())
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        COUNT.with(|count| count.mark.set(isize::MAX));
        SIGNAL.set(None);
    }
}

/// The most that this thread's last meter counted, in bytes.
pub fn last_peak() -> usize {
    COUNT.with(|count| usize::try_from(count.peak.get()).unwrap_or(0))
}

/// Whether this thread's meter, if it has one, has passed its mark.
pub fn is_passed() -> bool {
    COUNT.with(|count| count.mark.get() != isize::MAX && count.passed.get())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn metered(mark: usize) -> (Meter, Arc<AtomicUsize>) {
        let pulled = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&pulled);
        (
            Meter::start(mark, move || {
                counter.fetch_add(1, Ordering::Relaxed);
            }),
            pulled,
        )
    }

    #[test]
    fn the_signal_is_pulled_once_when_the_mark_is_passed() {
        let (_meter, pulled) = metered(10_000);
        drop(vec![0_u8; 9_000]);
        drop(vec![0_u8; 9_000]);
        assert_eq!(pulled.load(Ordering::Relaxed), 0);
        assert!(!is_passed());
        let held = vec![0_u8; 20_000];
        drop(vec![0_u8; 20_000]);
        assert_eq!(pulled.load(Ordering::Relaxed), 1);
        assert!(is_passed());
        assert!(last_peak() >= 40_000);
        drop(held);
    }

    #[test]
    fn growing_counts_what_was_added() {
        let (_meter, _) = metered(1 << 30);
        let mut list: Vec<u8> = Vec::with_capacity(1_000);
        list.reserve_exact(100_000);
        assert!((100_000..=101_100).contains(&last_peak()), "{}", last_peak());
    }

    #[test]
    fn nothing_is_counted_once_the_meter_is_gone_or_on_another_thread() {
        let (meter, pulled) = metered(1_000);
        std::thread::spawn(|| drop(vec![0_u8; 100_000])).join().expect("no panic");
        let before = last_peak();
        drop(meter);
        drop(vec![0_u8; 100_000]);
        assert!(before < 100_000, "{before}");
        assert!(!is_passed());
        assert!(pulled.load(Ordering::Relaxed) <= 1);
    }
}
