//! Keeps a panic of the engine out of the logs.
//!
//! A panic inside an evaluation is caught and becomes an error of that evaluation. Before that, though, the process's
//! panic hook prints its message, and the engine's messages may quote the record.

use std::cell::Cell;
use std::panic::{self, UnwindSafe};
use std::sync::Once;

thread_local! {
    static SILENT: Cell<bool> = const { Cell::new(false) };
}

/// `catch_unwind` that prints nothing. A panic elsewhere, on this thread or another, is reported as ever.
pub(super) fn caught<T>(work: impl FnOnce() -> T + UnwindSafe) -> std::thread::Result<T> {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |panicked| {
            if !SILENT.get() {
                before(panicked);
            }
        }));
    });
    let outer = SILENT.replace(true);
    let result = panic::catch_unwind(work);
    SILENT.set(outer);
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_ends_with_the_work_and_a_panic_is_caught() {
        assert!(caught(|| panic!("quiet")).is_err());
        assert!(!SILENT.get());
        assert_eq!(caught(|| SILENT.get()).ok(), Some(true));
    }
}
