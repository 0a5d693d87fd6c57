//! The use cases: what happens between an understood request and an answer.
//!
//! Knows neither routes nor sockets nor SQL, so that a batch, a tool call and a route mean the same by a
//! unified call.

pub mod batch;
pub mod batch_delete;
pub mod custom;
mod custom_config;
mod evaluate;
pub mod idempotency;
pub mod overlay;
pub mod proxy;
pub mod unified;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::account::{Account, AccountCredential, Accounts};
use crate::adapter::{Call, Reply};
use crate::clock::Clock;
use crate::error::Result;
use crate::mapping::Catalog;
use crate::model::CursorKeys;
use crate::outbound::{Exchange, Outbound};
use idempotency::Idempotency;
use overlay::Overlays;

/// Pages of nothing that a list passes over before it gives up looking for a record.
const MOST_EMPTY_PAGES: usize = 20;

/// Everything that a use case needs.
#[derive(Clone)]
pub struct Gateway {
    /// What can be asked.
    pub catalog: Arc<Catalog>,
    /// Who is asked.
    pub accounts: Accounts,
    /// What environments change.
    pub overlays: Overlays,
    /// What has been asked before.
    pub idempotency: Idempotency,
    outbound: Outbound,
    cursors: CursorKeys,
    clock: Clock,
    deadline: Duration,
    /// Mappings are computed on threads that may block, no more at once than there are processors.
    evaluations: Arc<Semaphore>,
}

impl Gateway {
    /// A gateway. `deadline` is how long a caller waits at most.
    pub fn new(
        catalog: Arc<Catalog>,
        accounts: Accounts,
        overlays: Overlays,
        idempotency: Idempotency,
        outbound: Outbound,
        cursors: CursorKeys,
        clock: Clock,
        deadline: Duration,
    ) -> Self {
        let processors = std::thread::available_parallelism().map_or(2, usize::from);
        let evaluations = Arc::new(Semaphore::new(processors));
        Gateway { catalog, accounts, overlays, idempotency, outbound, cursors, clock, deadline, evaluations }
    }

    fn deadline(&self) -> Instant {
        Instant::now() + self.deadline
    }

    async fn send(&self, account: &Arc<Account>, call: Call, deadline: Instant) -> Result<Reply> {
        let writes = !call.native.facts.is_read();
        if writes {
            account.writable()?;
            idempotency::before_write().await?;
        }
        let credentials = Arc::new(AccountCredential::new(self.accounts.clone(), account.clone()));
        let (resource, method) = (call.native.resource.clone(), call.native.method.clone());
        let exchange = Exchange::new(account.adapter.clone(), call, credentials, deadline);
        let outcome = self.outbound.call(exchange).await;
        if writes {
            idempotency::after_write(&outcome);
        }
        if let Err(error) = &outcome {
            self.accounts.note_forbidden(account, &resource, &method, error).await;
        }
        outcome
    }
}
