//! A ledger of permits for a process that is alone.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use futures::future::BoxFuture;
use unicrm::error::Result;
use unicrm::outbound::permits::{Ledger, Subject};
use uuid::Uuid;

/// Counts in memory.
#[derive(Debug, Default)]
pub struct Alone {
    taken: Mutex<HashMap<(Subject, i64), u32>>,
}

impl Ledger for Alone {
    fn take(&self, subject: Subject, window: i64, wanted: u32, limit: u32) -> BoxFuture<'_, Result<u32>> {
        let mut all = self.taken.lock().unwrap();
        let taken = all.entry((subject, window)).or_default();
        let given = wanted.min(limit.saturating_sub(*taken));
        *taken += given;
        Box::pin(async move { Ok(given) })
    }

    fn announce(&self, _: Uuid, _: Duration) {}
}
