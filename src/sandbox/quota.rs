//! How many calls each of a vendor's users may make within an hour.
//!
//! Counted for each user, not for each token, because that is how Capsule counts. The hour starts with the user's first
//! call and everything used in it is forgiven at its end.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use time::{Duration, OffsetDateTime};

const WINDOW: Duration = Duration::HOUR;

/// Counters for all users of one sandbox.
pub(super) struct Quota {
    default_limit: u32,
    books: Mutex<Books>,
}

struct Books {
    limit: u32,
    windows: HashMap<i64, Window>,
}

#[derive(Clone, Copy)]
struct Window {
    ends: OffsetDateTime,
    used: u32,
}

/// Where a user stands after a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) limit: u32,
    pub(super) remaining: u32,
    /// When the hour ends, in seconds of the Unix epoch.
    pub(super) resets_at: i64,
    /// Whether this call was within the limit.
    pub(super) admitted: bool,
}

impl Quota {
    pub(super) fn new(limit: u32) -> Quota {
        Quota { default_limit: limit, books: Mutex::new(Books { limit, windows: HashMap::new() }) }
    }

    /// Sets the calls allowed in an hour and starts a new hour for everyone.
    pub(super) fn set_limit(&self, limit: u32) {
        let mut books = self.books();
        books.limit = limit;
        books.windows.clear();
    }

    /// Back to the vendor's own limit, nothing used.
    pub(super) fn reset(&self) {
        self.set_limit(self.default_limit);
    }

    /// Counts one call of `user`.
    pub(super) fn spend(&self, user: i64, now: OffsetDateTime) -> Standing {
        let mut books = self.books();
        let limit = books.limit;
        let fresh = Window { ends: now + WINDOW, used: 0 };
        let window = books.windows.entry(user).or_insert(fresh);
        if window.ends <= now {
            *window = fresh;
        }
        let admitted = window.used < limit;
        if admitted {
            window.used += 1;
        }
        Standing {
            limit,
            remaining: limit.saturating_sub(window.used),
            resets_at: window.ends.unix_timestamp(),
            admitted,
        }
    }

    /// What a caller is told who has used nothing (`spent` false) or everything.
    pub(super) fn quoted(&self, spent: bool, now: OffsetDateTime) -> Standing {
        let limit = self.books().limit;
        Standing {
            limit,
            remaining: if spent { 0 } else { limit },
            resets_at: (now + WINDOW).unix_timestamp(),
            admitted: !spent,
        }
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const NOON: OffsetDateTime = datetime!(2026-01-01 12:00 UTC);

    #[test]
    fn a_user_is_refused_past_the_limit_while_another_is_not() {
        let quota = Quota::new(2);
        assert_eq!(quota.spend(1, NOON).remaining, 1);
        assert_eq!(quota.spend(1, NOON).remaining, 0);
        assert!(!quota.spend(1, NOON).admitted);
        assert!(quota.spend(2, NOON).admitted);
    }

    #[test]
    fn the_hour_starts_again_at_its_end() {
        let quota = Quota::new(1);
        let first = quota.spend(1, NOON);
        assert_eq!(first.resets_at, (NOON + WINDOW).unix_timestamp());
        assert!(!quota.spend(1, NOON + WINDOW - Duration::SECOND).admitted);
        assert!(quota.spend(1, NOON + WINDOW).admitted);
    }
}
