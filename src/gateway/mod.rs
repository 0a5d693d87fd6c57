//! The use cases: what happens between an understood request and an answer.
//!
//! Knows neither routes nor sockets nor SQL, so that a batch, a tool call and a route mean the same by a
//! unified call.

pub mod batch;
pub mod batch_delete;
pub mod call_log;
pub mod custom;
mod custom_config;
mod evaluate;
mod evaluations;
pub mod files;
pub mod idempotency;
pub mod inbound;
pub mod ledger;
mod listing;
mod native;
mod observed;
pub mod overlay;
pub mod patience;
pub mod proxy;
pub mod quota;
mod records;
pub mod reference;
pub mod revisions;
mod steps;
pub mod tools;
pub mod unified;
pub mod waiting;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use crate::account::events::Events;
use crate::account::{Account, AccountCredential, Accounts, FormAddress};
use crate::adapter::{Call, Reply};
use crate::clock::Clock;
use crate::error::{Error, Kind, Result};
use crate::mapping::Catalog;
use crate::model::CursorKeys;
use crate::outbound::{CredentialSource, Exchange, Outbound, Pieces, Transfer};
use call_log::CallLog;
pub use evaluations::Evaluations;
use idempotency::Idempotency;
use overlay::Overlays;
use reference::References;
use revisions::Revisions;

/// Pages of nothing that a list passes over before it gives up looking for a record.
const MOST_EMPTY_PAGES: usize = 20;

/// The deadline passed while the vendor was asked where the account's API is.
fn late(account: &Account) -> Error {
    let label = &account.provider.manifest.label;
    Error::new(Kind::TimedOut, format!("{label} did not tell in time where the account's API is."))
}

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
    /// What has happened.
    pub events: Events,
    /// What became of calls.
    pub calls: CallLog,
    /// By which calls are sent.
    pub outbound: Outbound,
    /// What cursors are sealed with.
    pub cursors: CursorKeys,
    /// What time it is.
    pub clock: Clock,
    /// How long a caller waits at most.
    pub patience: Duration,
    /// Reference data of accounts, kept for a short while.
    pub references: References,
    /// Records that were read a moment ago.
    pub revisions: Revisions,
    /// Where mappings are computed.
    pub evaluations: Evaluations,
}

impl Gateway {
    fn deadline(&self) -> Instant {
        Instant::now() + patience::told().unwrap_or(self.patience)
    }

    /// Sends a call whose answer goes to the caller as it is: one that is large comes in pieces beside the reply, which
    /// has no body then. Answers to writes are read whole, since what became of a write must be known before it is told;
    /// so are those that are kept, to be asked for what is new of them.
    async fn send_on(
        &self,
        account: &Arc<Account>,
        call: Call,
        deadline: Instant,
    ) -> Result<(Reply, Option<Pieces>)> {
        let whole = !call.native.facts.is_read() || account.adapter.judges_bodies(&call);
        if whole || self.revisions.keeps(account, &call) {
            return self.send(account, call, deadline).await.map(|reply| (reply, None));
        }
        let transfer = Arc::new(Transfer::large());
        let reply = self.exchange(account, call, deadline, Some(transfer.clone())).await?;
        Ok((reply, transfer.downloaded()))
    }

    async fn exchange(
        &self,
        account: &Arc<Account>,
        mut call: Call,
        deadline: Instant,
        transfer: Option<Arc<Transfer>>,
    ) -> Result<Reply> {
        call.base = timeout_at(deadline, self.accounts.place(account)).await.map_err(|_| late(account))??;
        let writes = !call.native.facts.is_read();
        if writes {
            account.writable()?;
            idempotency::before_write().await?;
        }
        let credentials: Arc<dyn CredentialSource> = match call.native.facts.form.clone() {
            None => Arc::new(AccountCredential::new(self.accounts.clone(), account.clone())),
            Some(form) => Arc::new(FormAddress::new(self.accounts.clone(), account.clone(), form)),
        };
        let (resource, method) = (call.native.resource.clone(), call.native.method.clone());
        let mut exchange = Exchange::new(account.id.0, account.adapter.clone(), call, credentials, deadline);
        exchange.transfer = transfer;
        let name = exchange.call.name();
        let under_way = waiting::begin();
        let outcome = self.outbound.call(exchange).await;
        under_way.end(&name, &outcome);
        self.note_quota(account, &outcome);
        if writes {
            self.revisions.forget(account.id);
            idempotency::after_write(&outcome);
        }
        if let Err(error) = &outcome {
            self.accounts.note_forbidden(account, &resource, &method, error).await;
        }
        outcome
    }
}
