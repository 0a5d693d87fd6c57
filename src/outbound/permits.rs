//! So many calls in a window, for all processes together.
//!
//! A process takes permits from a ledger that all share in lots, a twentieth of the limit or so, and spends them by
//! itself. So a limit costs a look at the ledger every few calls, and never lets more calls through than it says; what a
//! process took and doesn't use is missing for the others until the window ends, so that a limit of N that P processes
//! share may turn the first call away after N - (P - 1) x N / 20. Windows are those of the machines' clocks: what one
//! is late, another's window begins earlier.
//!
//! Where the ledger can't be read, each process has the whole limit to itself: a limit is there to be kind, and is no
//! reason to stop working.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use moka::future::Cache;
use tokio::sync::Mutex;
use tracing::warn;
use uuid::Uuid;

use crate::clock::Clock;
use crate::error::Result;

/// A lot is this part of the limit.
const LOTS: u32 = 20;

/// The largest lot.
const LARGEST_LOT: u32 = 500;

/// Subjects that are kept in mind.
const KEPT: u64 = 100_000;

/// So many calls in a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// How many. At least one.
    pub calls: u32,
    /// How long the window is. At least a second, in whole seconds.
    pub window: Duration,
}

/// Who has a limit, and of which kind: an account's at its vendor is another than its own at the gateway.
pub type Subject = (&'static str, Uuid);

/// What all processes share.
pub trait Ledger: Send + Sync {
    /// Takes up to `wanted` permits of a window, by its number. Gives how many were there to take.
    fn take(&self, subject: Subject, window: i64, wanted: u32, limit: u32) -> BoxFuture<'_, Result<u32>>;

    /// Tells the other processes that an account's vendor wants no call for so long.
    fn announce(&self, account: Uuid, wait: Duration);
}

/// Permits for any number of subjects. Clones share them.
#[derive(Clone)]
pub struct Permits {
    ledger: Arc<dyn Ledger>,
    clock: Clock,
    held: Cache<Subject, Arc<Mutex<Held>>>,
}

/// What this process has of a subject's window.
#[derive(Debug, Default)]
struct Held {
    window: i64,
    left: u32,
    /// Whether the ledger has no more.
    spent: bool,
}

impl Permits {
    /// Permits of a ledger's.
    pub fn new(ledger: Arc<dyn Ledger>, clock: Clock) -> Self {
        Permits { ledger, clock, held: Cache::builder().max_capacity(KEPT).build() }
    }

    /// Takes one; or says how long it is until the next window, where this one has none left.
    pub async fn take(&self, subject: Subject, rate: Rate) -> std::result::Result<(), Duration> {
        let held = self.held.get_with(subject, async { Arc::default() }).await;
        let mut held = held.lock().await;
        let seconds = i64::try_from(rate.window.as_secs().max(1)).unwrap_or(i64::MAX);
        let now = self.clock.now();
        let window = now.unix_timestamp().div_euclid(seconds);
        if held.window != window {
            *held = Held { window, ..Held::default() };
        }
        if held.left == 0 && !held.spent {
            held.left = self.more(subject, window, rate).await;
            held.spent = held.left == 0;
        }
        match held.left.checked_sub(1) {
            Some(left) => {
                held.left = left;
                Ok(())
            }
            None => {
                let end = (window + 1).saturating_mul(seconds);
                let millis = end.saturating_mul(1000) - (now.unix_timestamp_nanos() / 1_000_000) as i64;
                Err(Duration::from_millis(millis.max(1).unsigned_abs()))
            }
        }
    }

    async fn more(&self, subject: Subject, window: i64, rate: Rate) -> u32 {
        let lot = (rate.calls / LOTS).clamp(1, LARGEST_LOT);
        match self.ledger.take(subject, window, lot, rate.calls).await {
            Ok(given) => given,
            Err(error) => {
                warn!(purpose = subject.0, "a limit holds for this process alone for a while: {error}");
                rate.calls
            }
        }
    }

    pub(super) fn ledger(&self) -> &dyn Ledger {
        &*self.ledger
    }
}

impl fmt::Debug for Permits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permits").finish_non_exhaustive()
    }
}
