//! The ledger of permits, in the database.

use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::time::timeout;
use tracing::debug;
use uuid::Uuid;

use crate::error::{Error, Kind, Result};
use crate::outbound::permits::{Ledger, Subject};
use crate::store::{Store, reach};

/// How long a count is kept that nobody adds to: longer than any window.
const KEPT: Duration = Duration::from_secs(24 * 3600);

/// How long a call waits for its permit to be written down.
const PATIENCE: Duration = Duration::from_secs(1);

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
        let away = || Error::new(Kind::Unavailable, "The gateway's database does not answer for the moment.");
        async move {
            // A limit is not worth a caller's waiting for a database that is away.
            if !reach::may_look() {
                return Err(away());
            }
            let taking = self.store.take_permits(purpose, id, window, wanted, limit);
            let taken = timeout(PATIENCE, taking).await.unwrap_or_else(|_| Err(away()));
            match &taken {
                Ok(_) => reach::back(),
                Err(error) if error.kind() == Kind::Unavailable => reach::away(),
                Err(_) => {}
            }
            taken
        }
        .boxed()
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
