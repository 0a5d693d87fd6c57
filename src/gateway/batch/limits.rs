//! What one batch may use, and what is left of it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::value::RawValue;
use tokio::time::Instant;

use crate::error::{Error, Kind, Result};

/// Calls, each page of a list being one.
const MOST_CALLS: usize = 1000;

/// Records.
const MOST_RECORDS: usize = 10_000;

/// Bytes of those records.
const MOST_BYTES: usize = 32 * 1024 * 1024;

/// How long a batch may begin new calls and evaluations.
const LONGEST: Duration = Duration::from_secs(300);

/// How deep records lead to records.
pub(super) const DEEPEST: usize = 20;

/// What is left.
pub(super) struct Limits {
    calls: AtomicUsize,
    records: AtomicUsize,
    bytes: AtomicUsize,
    until: Instant,
}

impl Limits {
    /// Those of a batch that begins now.
    pub(super) fn new() -> Self {
        Limits {
            calls: AtomicUsize::new(MOST_CALLS),
            records: AtomicUsize::new(MOST_RECORDS),
            bytes: AtomicUsize::new(MOST_BYTES),
            until: Instant::now() + LONGEST,
        }
    }

    /// Fails once the time is over.
    pub(super) fn check_time(&self) -> Result<()> {
        if Instant::now() >= self.until {
            return Err(too_large(&format!("it has taken {} seconds", LONGEST.as_secs())));
        }
        Ok(())
    }

    /// Takes a call.
    pub(super) fn take_call(&self) -> Result<()> {
        self.check_time()?;
        take(&self.calls, 1)
            .then_some(())
            .ok_or_else(|| too_large(&format!("it has made {MOST_CALLS} calls")))
    }

    /// Takes room for records. Where there is not enough for all of them, none of them has a place.
    pub(super) fn take_records(&self, records: &[Box<RawValue>]) -> Result<()> {
        let bytes = records.iter().map(|record| record.get().len()).sum();
        if !take(&self.records, records.len()) {
            return Err(too_large(&format!("it has {MOST_RECORDS} records")));
        }
        take(&self.bytes, bytes)
            .then_some(())
            .ok_or_else(|| too_large(&format!("its records have {MOST_BYTES} bytes")))
    }
}

fn take(left: &AtomicUsize, wanted: usize) -> bool {
    left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(wanted)).is_ok()
}

/// The error of what is cut short.
pub(super) fn too_large(why: &str) -> Error {
    let message = format!("The batch is cut short here: {why}. Ask for the rest in another request.");
    Error::new(Kind::TooLarge, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_an_end_to_calls() {
        let limits = Limits::new();
        assert!((0..MOST_CALLS).all(|_| limits.take_call().is_ok()));
        assert_eq!(limits.take_call().unwrap_err().kind(), Kind::TooLarge);
    }

    #[test]
    fn there_is_an_end_to_records_and_their_bytes() {
        let record = |length: usize| RawValue::from_string(format!("{:?}", "x".repeat(length))).unwrap();
        let limits = Limits::new();
        let many: Vec<_> = (0..MOST_RECORDS).map(|_| record(1)).collect();
        assert!(limits.take_records(&many).is_ok());
        assert!(limits.take_records(&many[..1]).is_err());
        assert!(limits.take_records(&[]).is_ok());
        assert!(Limits::new().take_records(&[record(MOST_BYTES)]).is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn there_is_an_end_to_time() {
        let limits = Limits::new();
        tokio::time::advance(LONGEST).await;
        assert_eq!(limits.take_call().unwrap_err().kind(), Kind::TooLarge);
    }
}
