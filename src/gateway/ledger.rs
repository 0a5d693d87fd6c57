//! The ledger of permits, in the database.

use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use tracing::debug;
use uuid::Uuid;

use crate::error::Result;
use crate::outbound::permits::{Ledger, Subject};
use crate::store::Store;

/// How long a count is kept that nobody adds to: longer than any window.
const KEPT: Duration = Duration::from_secs(24 * 3600);

/// Counts that one step of a sweep deletes.
const SWEEP: i64 = 500;

/// Permits in a database.
#[derive(Debug, Clone)]
pub struct StoredLedger {
    store: Store,
}

impl StoredLedger {
    /// The ledger of a database.
    pub fn new(store: Store) -> Self {
        StoredLedger { store }
    }

    /// Deletes counts of windows that are long over.
    pub async fn sweep(&self) -> Result<()> {
        while self.store.sweep_permits(KEPT, SWEEP).await? == SWEEP.unsigned_abs() {}
        Ok(())
    }
}

impl Ledger for StoredLedger {
    fn take(&self, subject: Subject, window: i64, wanted: u32, limit: u32) -> BoxFuture<'_, Result<u32>> {
        let (purpose, id) = subject;
        async move { self.store.take_permits(purpose, id, window, wanted, limit).await }.boxed()
    }

    fn announce(&self, account: Uuid, wait: Duration) {
        let store = self.store.clone();
        tokio::spawn(async move {
            // The others find out from the vendor, too.
            if let Err(error) = store.announce_rest(account, wait).await {
                debug!(%account, "the other processes weren't told of the vendor's pace: {error}");
            }
        });
    }
}
