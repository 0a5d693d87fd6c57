//! Counts what a thread allocates, in the benchmark's own process.

use std::alloc::{GlobalAlloc, Layout};
use std::cell::Cell;

use unicrm::alloc::Counting as Gateways;

/// The gateway's own allocator with a counter for each thread, so that counting costs no contention.
pub struct Counting;

/// What was allocated.
#[derive(Debug, Clone, Copy, Default)]
pub struct Allocated {
    /// Calls for memory, growing included.
    pub times: u64,
    /// Bytes asked for.
    pub bytes: u64,
}

thread_local! {
    static TIMES: Cell<u64> = const { Cell::new(0) };
    static BYTES: Cell<u64> = const { Cell::new(0) };
}

fn count(bytes: usize) {
    // A thread that is ending has no counters any more, and nobody asks for them.
    let _ = TIMES.try_with(|times| times.set(times.get() + 1));
    let _ = BYTES.try_with(|total| total.set(total.get() + bytes as u64));
}

// SAFETY: every call goes to the gateway's allocator as it came. The counters are plain cells without a destructor,
// so that using them allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller's promises are those of the gateway's allocator.
        unsafe { Gateways.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: as above.
        unsafe { Gateways.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, old: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size);
        // SAFETY: as above.
        unsafe { Gateways.realloc(old, layout, size) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { Gateways.dealloc(memory, layout) }
    }
}

/// What `work` allocates on this thread.
pub fn during<T>(work: impl FnOnce() -> T) -> (T, Allocated) {
    let before = (TIMES.get(), BYTES.get());
    let result = work();
    (result, Allocated { times: TIMES.get() - before.0, bytes: BYTES.get() - before.1 })
}
