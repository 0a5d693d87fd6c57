//! The time a sandbox believes in.
//!
//! Everything a sandbox stamps or lets lapse (records, tokens, quotas) asks one clock, so that a test can hold time
//! still or move it. It refuses fractions of a second: the vendors' timestamps have none.

use std::fmt;
use std::sync::Arc;

use time::{Duration, OffsetDateTime};

/// A source of the current time, cheap to clone.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> OffsetDateTime + Send + Sync>);

impl Clock {
    /// The machine's own time.
    pub fn system() -> Clock {
        Clock::new(OffsetDateTime::now_utc)
    }

    /// Whatever `now` answers, in any offset; it is read each time the sandbox needs the time.
    pub fn new(now: impl Fn() -> OffsetDateTime + Send + Sync + 'static) -> Clock {
        Clock(Arc::new(now))
    }

    /// A clock that stands still.
    pub fn fixed(at: OffsetDateTime) -> Clock {
        Clock::new(move || at)
    }

    /// The current time in UTC, cut to whole seconds.
    pub(super) fn now(&self) -> OffsetDateTime {
        let now = (self.0)().to_offset(time::UtcOffset::UTC);
        now - Duration::nanoseconds(i64::from(now.nanosecond()))
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}
