//! Connected accounts: loading them, keeping their credentials, renewing what expires.
//!
//! An account is loaded once and kept until the database announces a change of it. Secrets live in the vault
//! and in memory while they are used; what leaves this module of them is a header ready to send.

mod address;
mod app;
pub mod connect;
mod context;
pub mod events;
mod import;
mod lifecycle;
mod places;
mod refresh;
mod removal;
mod renewal;
mod shown;
mod source;
mod token_endpoint;
mod upkeep;
mod vault;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use moka::future::Cache;
use tokio::sync::Mutex;
use tokio_util::task::TaskTracker;

pub use address::FormAddress;
pub use import::{Import, STATUSES};
pub use removal::Doomed;
pub use shown::shown;
pub use source::AccountCredential;
pub use vault::Vault;

use crate::adapter::{Adapter, adapter};
use crate::clock::Clock;
use crate::config::ProviderSettings;
use crate::error::{Error, Kind, Result};
use crate::ids::{AccountId, EnvironmentId};
use crate::kept::Kept;
use crate::mapping::{Catalog, Provider};
use crate::outbound::{Outbound, Transport};
use crate::store::Store;
use crate::store::accounts::AccountRow;
use crate::store::changes::Change;
use events::Events;
use places::Places;
use vault::Secrets;

/// How long an account is kept without asking the database again, should an announcement be lost.
const KEPT: Duration = Duration::from_secs(60);

/// Accounts that one process keeps at most.
const MOST_KEPT: u64 = 20_000;

/// A connected account, ready to be called for.
#[derive(Debug)]
pub struct Account {
    /// The tenant boundary.
    pub environment: EnvironmentId,
    /// Its identifier.
    pub id: AccountId,
    /// As stored.
    pub row: AccountRow,
    /// Its vendor.
    pub provider: Arc<Provider>,
    /// Its vendor's wire.
    pub adapter: Arc<dyn Adapter>,
    /// Its secrets, with their version.
    secrets: Secrets,
}

impl Account {
    /// Which of the account's credentials this is: it rises whenever another one takes its place.
    pub fn credential_version(&self) -> i64 {
        self.secrets.version
    }

    /// Whether lists of the account's come in short unless a call says otherwise: `truto_partial` of its context.
    pub fn takes_partial(&self) -> bool {
        self.row.context.get(context::PARTIAL) == Some(&serde_json::Value::Bool(true))
    }

    /// Refuses a write for a sandbox account: those are there to be looked at.
    pub fn writable(&self) -> Result<()> {
        if !self.row.is_sandbox {
            return Ok(());
        }
        Err(Error::new(
            Kind::MethodNotAllowed,
            "This is a sandbox account, which can only be read. DELETE /sandbox-integrated-account/{id} makes it an \
             ordinary account again.",
        ))
    }
}

/// The accounts of all environments.
#[derive(Clone)]
pub struct Accounts(Arc<Inner>);

struct Inner {
    store: Store,
    vault: Vault,
    catalog: Arc<Catalog>,
    adapters: BTreeMap<String, Arc<dyn Adapter>>,
    places: Places,
    settings: BTreeMap<String, ProviderSettings>,
    outbound: Outbound,
    transport: Transport,
    events: Events,
    clock: Clock,
    kept: Kept<(EnvironmentId, AccountId), Arc<Account>>,
    /// One renewal at a time for each account of this process.
    renewing: Cache<AccountId, Arc<Mutex<()>>>,
    /// Renewals that are under way, each in a task of its own.
    renewals: TaskTracker,
}

impl Accounts {
    /// The accounts of a database, for the providers of a catalog.
    pub fn new(
        store: Store,
        vault: Vault,
        catalog: Arc<Catalog>,
        settings: BTreeMap<String, ProviderSettings>,
        outbound: &Outbound,
        events: Events,
        clock: Clock,
    ) -> Result<Self> {
        let mut adapters = BTreeMap::new();
        for (name, provider) in &catalog.providers {
            let origin = settings.get(name).and_then(|settings| settings.origin.as_ref());
            adapters.insert(name.clone(), adapter(provider, origin)?);
        }
        let origin = |name: &str| settings.get(name).and_then(|settings| settings.origin.clone());
        let places = Places::new(catalog.providers.values(), origin);
        Ok(Accounts(Arc::new(Inner {
            places,
            store,
            vault,
            catalog,
            adapters,
            settings,
            outbound: outbound.clone(),
            transport: outbound.transport(),
            events,
            clock,
            kept: Kept::new(MOST_KEPT, KEPT),
            renewing: Cache::builder().max_capacity(MOST_KEPT).time_to_idle(KEPT).build(),
            renewals: TaskTracker::new(),
        })))
    }

    /// An account of an environment; an account of another environment doesn't exist.
    pub async fn load(&self, environment: EnvironmentId, id: AccountId) -> Result<Arc<Account>> {
        self.0.kept.get((environment, id), || self.read(environment, id)).await
    }

    /// An account that may be called for: its provider is switched on and its credential not refused.
    pub async fn usable(&self, environment: EnvironmentId, id: AccountId) -> Result<Arc<Account>> {
        let account = self.load(environment, id).await?;
        let label = &account.provider.manifest.label;
        if !account.row.is_enabled {
            return Err(Error::new(
                Kind::Forbidden,
                format!(
                    "{label} is switched off in this environment; switch it on with PATCH /environment-integration."
                ),
            ));
        }
        match account.row.status.as_str() {
            "needs_reauth" => {
                let reason = account.row.last_error.as_deref().unwrap_or("the vendor refused its credential");
                Err(Error::new(
                    Kind::Reauthenticate,
                    format!("This account has to be connected to {label} again: {reason}"),
                ))
            }
            _ => Ok(account),
        }
    }

    async fn read(&self, environment: EnvironmentId, id: AccountId) -> Result<Arc<Account>> {
        let inner = &self.0;
        let missing = || Error::not_found("There is no such integrated account in this environment.");
        let row = inner.store.account(environment, id).await?.ok_or_else(missing)?;
        let sealed = inner.store.credential(environment, id).await?.ok_or_else(missing)?;
        let secrets = inner.vault.open(environment, id, sealed)?;
        let provider = inner.catalog.provider(&row.integration_name)?.clone();
        let adapter = inner.adapters.get(&row.integration_name).cloned().ok_or_else(missing)?;
        Ok(Arc::new(Account { environment, id, row, provider, adapter, secrets }))
    }

    /// Waits until every renewal that has begun is done: the vendor may have rotated the refresh token already, and
    /// whoever loses the answer has lost the account. To be called once nothing new can begin.
    pub async fn finish(&self) {
        self.0.renewals.close();
        self.0.renewals.wait().await;
    }

    /// Lets go of what has changed.
    pub async fn forget(&self, change: &Change) {
        match change {
            Change::Account(id) => self.forget_if(AccountId(*id)).await,
            Change::EnvironmentIntegration(_) | Change::Anything => self.0.kept.forget_all(),
            Change::ApiToken(_) | Change::Mappings(_) | Change::Rest(..) => {}
        }
    }

    async fn forget_if(&self, id: AccountId) {
        self.0.kept.forget_where(|(_, kept)| *kept == id).await;
    }

    /// Whether the operator has set up what a token is renewed with.
    fn can_renew(&self, account: &Account) -> bool {
        self.has_app(&account.provider.manifest.name, &account.row.environment_override)
    }

    async fn forget_account(&self, environment: EnvironmentId, id: AccountId) {
        self.0.kept.forget(&(environment, id)).await;
    }
}
