//! The log of calls: what became of the unified, proxy and custom calls of an environment's accounts.
//!
//! For whoever has to find out why a customer's data didn't arrive. It tells what was asked and what came of it, and
//! neither what was sent nor what was answered: no bodies, no queries, and of a vendor's refusal its status alone, since
//! vendors repeat values in their words.
//!
//! No call waits for the log. Entries go through a bounded queue to one task that writes them in batches; where the
//! database is too slow or away for too long, entries are lost and counted. What a process that is killed hadn't written
//! yet, a fraction of a second's entries, is lost as well.

use std::time::Duration;

use serde_json::{Map, Value};
use time::OffsetDateTime;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::clock::Clock;
use crate::config::KeptCalls;
use crate::error::{Error, Kind, Result};
use crate::ids::EnvironmentId;
use crate::store::Store;
use crate::store::calls::CallRow;
use crate::store::events::EventFilter;
use crate::telemetry::metrics;

/// Entries that wait to be written at most.
const WAITING: usize = 10_000;

/// Entries that are written at once at most.
const BATCH: usize = 500;

/// Between two batches: so that a batch has more than one entry.
const PAUSE: Duration = Duration::from_millis(200);

/// How long a batch is tried to be written while the database is away.
const STORING: Duration = Duration::from_secs(90);

/// Between two such attempts.
const AGAIN: Duration = Duration::from_secs(1);

/// Old entries that one step of a sweep deletes.
const SWEEP: i64 = 5_000;

/// The calls of all environments.
#[derive(Clone)]
pub struct CallLog {
    store: Store,
    clock: Clock,
    kept: KeptCalls,
    days: u16,
    queue: Sender<CallRow>,
    stop: CancellationToken,
    writing: TaskTracker,
}

impl CallLog {
    /// A log that keeps such calls for so many days, with a task that writes it.
    pub fn start(store: Store, clock: Clock, kept: KeptCalls, days: u16) -> Self {
        let (queue, entries) = channel(WAITING);
        let (stop, writing) = (CancellationToken::new(), TaskTracker::new());
        writing.spawn(write(store.clone(), entries, stop.clone()));
        CallLog { store, clock, kept, days, queue, stop, writing }
    }

    /// Whether a call that ended so is kept.
    pub fn keeps(&self, failed: bool) -> bool {
        match self.kept {
            KeptCalls::All => true,
            KeptCalls::Errors => failed,
            KeptCalls::None => false,
        }
    }

    /// Adds a call that has ended now. Where there is no room for it, it is lost and counted.
    pub fn add(&self, [environment_id, account_id]: [Uuid; 2], entry: impl FnOnce(OffsetDateTime) -> Value) {
        let created_at = self.clock.now();
        let entry = entry(created_at);
        let row = CallRow { id: Uuid::now_v7(), environment_id, account_id, entry, created_at };
        if self.queue.try_send(row).is_err() {
            metrics::log_dropped(1);
        }
    }

    /// An environment's calls, oldest first, after `after`.
    pub async fn list(
        &self,
        environment: EnvironmentId,
        filter: EventFilter,
        matching: &Map<String, Value>,
        after: Option<Uuid>,
        limit: i64,
    ) -> Result<Vec<CallRow>> {
        self.store.calls(environment, filter, matching, after, limit).await
    }

    /// Deletes every call that has been kept long enough.
    pub async fn sweep(&self) -> Result<()> {
        let before = self.clock.now() - time::Duration::days(i64::from(self.days));
        while self.store.sweep_calls(before, SWEEP).await? > 0 {}
        Ok(())
    }

    /// Writes what waits. To be called once nothing new can come.
    pub async fn finish(&self) {
        self.stop.cancel();
        self.writing.close();
        self.writing.wait().await;
    }
}

async fn write(store: Store, mut entries: Receiver<CallRow>, stop: CancellationToken) {
    let mut batch = Vec::with_capacity(BATCH);
    loop {
        let received = tokio::select! {
            received = entries.recv_many(&mut batch, BATCH) => received,
            () = stop.cancelled(), if !entries.is_closed() => {
                entries.close();
                continue;
            }
        };
        if received == 0 {
            return;
        }
        if let Err(error) = keep(&store, &batch, &stop).await {
            metrics::log_dropped(batch.len());
            tracing::error!(%error, detail = error.details(), lost = batch.len(), "entries of the call log are lost");
        }
        batch.clear();
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            () = stop.cancelled() => {}
        }
    }
}

/// Writes a batch, and doesn't give up while the database is away for a moment, unless the process ends.
async fn keep(store: &Store, batch: &[CallRow], stop: &CancellationToken) -> std::result::Result<(), Error> {
    let since = Instant::now();
    let mut anew = true;
    loop {
        match store.add_calls(batch).await {
            Err(error)
                if error.kind() == Kind::Unavailable && since.elapsed() < STORING && !stop.is_cancelled() =>
            {
                tokio::time::sleep(AGAIN).await;
            }
            // An account of one of the entries may have been deleted while they were written.
            Err(error) if error.kind() == Kind::Internal && anew => anew = false,
            outcome => return outcome,
        }
    }
}
