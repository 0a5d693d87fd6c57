//! What time it is. Everything that reads the time takes a [`Clock`], so that a test can set it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use time::OffsetDateTime;

/// The system's time, shifted by as much as a test has moved it.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    shift_millis: Arc<AtomicI64>,
}

impl Clock {
    /// The system's time.
    pub fn system() -> Self {
        Self::default()
    }

    /// The present instant, in UTC.
    pub fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc() + time::Duration::milliseconds(self.shift_millis.load(Ordering::Relaxed))
    }

    /// The present instant in milliseconds since 1970.
    pub fn unix_millis(&self) -> i64 {
        let nanos = self.now().unix_timestamp_nanos();
        i64::try_from(nanos / 1_000_000).unwrap_or(i64::MAX)
    }

    /// Moves this clock and its clones ahead.
    pub fn advance(&self, by: Duration) {
        let millis = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        self.shift_millis.fetch_add(millis, Ordering::Relaxed);
    }
}
