//! `unicrm serve`: the gateway, put together.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ::http::HeaderName;
use secrecy::ExposeSecret;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::database::{Database, master_keys};
use super::shutdown::Shutdown;
use super::{Failure, Outcome};
use crate::account::connect::{Connect, callback_url};
use crate::account::events::Events;
use crate::account::{Accounts, Vault};
use crate::clock::Clock;
use crate::config::{ProviderSettings, Settings};
use crate::crypto::{KeyRing, TokenHash};
use crate::error::Error;
use crate::gateway::call_log::CallLog;
use crate::gateway::idempotency::Idempotency;
use crate::gateway::ledger::StoredLedger;
use crate::gateway::overlay::Overlays;
use crate::gateway::reference::References;
use crate::gateway::revisions::Revisions;
use crate::gateway::{Evaluations, Gateway};
use crate::http::{self, Limits, State, Stopping, Tokens, Wishes};
use crate::ids::EnvironmentId;
use crate::mapping::expression::Engine;
use crate::mapping::{Catalog, Files};
use crate::mcp::{Log, Servers};
use crate::model::CursorKeys;
use crate::outbound::permits::Permits;
use crate::outbound::{Outbound, OutboundSettings, Paces};
use crate::store::Store;
use crate::store::changes::Change;
use crate::telemetry::metrics;

/// The environment that is always there.
pub const DEFAULT_ENVIRONMENT: &str = "default";

/// Between attempts to listen for changes again, when the database is away.
const LISTEN_AGAIN: Duration = Duration::from_millis(500);

/// How long a start waits for the first attempt.
const FIRST_LISTEN: Duration = Duration::from_secs(5);

/// Between two looks for what has expired.
const SWEEP_EVERY: Duration = Duration::from_secs(300);

/// How long renewals of credentials may take beyond the grace: an answer of the vendor's that is lost is an account lost.
const RENEWALS: Duration = Duration::from_secs(25);

/// A running gateway.
pub struct Server {
    accounts: Accounts,
    connect: Connect,
    address: SocketAddr,
    idempotency: Idempotency,
    calls: CallLog,
    stop: CancellationToken,
    stopping: Stopping,
    delay: Duration,
    grace: Duration,
    serving: JoinHandle<std::io::Result<()>>,
    metrics: Option<Metrics>,
    listening: JoinHandle<()>,
    sweeping: JoinHandle<()>,
    renewing: Option<JoinHandle<()>>,
}

/// Where metrics are read, for as long as there is something to read.
struct Metrics {
    address: SocketAddr,
    serving: JoinHandle<std::io::Result<()>>,
}

impl Server {
    /// Starts a gateway on a prepared database. Returns when it listens.
    pub async fn start(
        settings: &Settings,
        catalog: Arc<Catalog>,
        store: Store,
        keys: Arc<KeyRing>,
        clock: Clock,
    ) -> Result<Server, Failure> {
        if let Some(token) = &settings.bootstrap_token {
            bootstrap(&store, token.expose_secret()).await?;
        }
        let listener = TcpListener::bind(settings.listen).await.map_err(|error| {
            Failure::new(format!("UNICRM_LISTEN: can't listen on {}: {error}", settings.listen))
        })?;
        let address = listener.local_addr()?;
        let public_url = match settings.public_url {
            Some(_) => settings.public_url(),
            None => format!("http://{address}"),
        };
        let ledger = StoredLedger::new(store.clone());
        let permits = Permits::new(Arc::new(ledger.clone()), clock.clone());
        let outbound = Outbound::new(OutboundSettings::from(settings), permits.clone(), clock.clone())?;
        let vault = Vault::new(keys.clone());
        rotate(&vault, &store).await?;
        let cursors = CursorKeys::new(keys.clone());
        let events = Events::new(store.clone(), keys.clone(), clock.clone());
        let accounts = Accounts::new(
            store.clone(),
            vault,
            catalog.clone(),
            providers(settings, &catalog, &public_url),
            &outbound,
            events.clone(),
            clock.clone(),
        )?;
        let origins = settings.connect_origins.clone();
        let connect = Connect::new(accounts.clone(), keys.clone(), public_url.clone(), origins);
        let overlays = Overlays::new(store.clone());
        let tokens = Tokens::new(store.clone(), clock.clone());
        let stopping = Stopping::default();
        let (kept, days) = (settings.call_log, settings.call_log_days);
        let calls = CallLog::start(store.clone(), clock.clone(), kept, days);
        let paces = outbound.paces().clone();
        let idempotency = Idempotency::new(store.clone(), keys, clock.clone(), settings.deadline);
        let gateway = Gateway {
            catalog,
            accounts: accounts.clone(),
            overlays: overlays.clone(),
            idempotency: idempotency.clone(),
            events: events.clone(),
            calls: calls.clone(),
            outbound,
            cursors: cursors.clone(),
            clock,
            patience: settings.deadline,
            references: References::new(),
            revisions: Revisions::new(settings.records_kept),
            evaluations: Evaluations::per_processor(),
        };
        let expiring = Expiring {
            idempotency: idempotency.clone(),
            tokens: tokens.clone(),
            events,
            servers: Servers::new(store.clone(), gateway.clock.clone()),
            asked: Log::new(store.clone(), gateway.clock.clone()),
            calls: calls.clone(),
            ledger,
            connect: connect.clone(),
        };
        let wishes = Wishes {
            public_url,
            max_request_bytes: settings.max_request_bytes,
            longest_patience: settings.longest_deadline,
            limits: Limits::new(permits, settings.calls_per_token, settings.calls_per_account),
            stopping: stopping.clone(),
            brand: settings.brand.clone(),
            client_address_header: client_address_header(settings)?,
        };
        let state = State::new(gateway, store.clone(), connect.clone(), tokens.clone(), cursors, wishes);
        let metrics = match settings.metrics_listen {
            Some(address) => Some(Metrics::start(address, store.clone()).await?),
            None => None,
        };
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let caches = Caches { accounts: accounts.clone(), tokens: tokens.clone(), overlays, paces };
        let (hears, heard) = oneshot::channel();
        let listening = tokio::spawn(listen_for_changes(store, caches, hears, stop.clone()));
        // Before the first call, so that nothing that is kept for one is let go of for what may have been missed before.
        let _ = tokio::time::timeout(FIRST_LISTEN, heard).await; // it goes on trying
        let serving = tokio::spawn(http::serve(listener, state, async move { stopped.cancelled().await }));
        let sweeping = tokio::spawn(sweep(expiring));
        let (delay, grace) = (settings.shutdown_delay, settings.shutdown_grace);
        let renewing = settings.renew_every.map(|every| tokio::spawn(renew(accounts.clone(), every)));
        Ok(Server {
            accounts,
            connect,
            address,
            idempotency,
            calls,
            stop,
            stopping,
            delay,
            grace,
            serving,
            metrics,
            listening,
            sweeping,
            renewing,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where its metrics are read, if anywhere.
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.metrics.as_ref().map(|metrics| metrics.address)
    }

    /// The accounts that it serves.
    pub fn accounts(&self) -> &Accounts {
        &self.accounts
    }

    /// What connects more of them.
    pub fn connect(&self) -> &Connect {
        &self.connect
    }

    /// Says that it isn't ready, stops accepting, finishes what is on its way, and returns.
    pub async fn stop(self) -> Outcome {
        self.stopping.begin();
        if !self.delay.is_zero() {
            tokio::time::sleep(self.delay).await;
        }
        self.stop.cancel();
        self.listening.abort();
        self.sweeping.abort();
        // A renewal that has begun is in a task of its own, and isn't cut short by this.
        if let Some(renewing) = &self.renewing {
            renewing.abort();
        }
        let finish = async {
            let served = self.serving.await;
            // What a caller who hung up had begun under an idempotency key is finished too.
            self.idempotency.finish().await;
            self.calls.finish().await;
            served
        };
        let grace = self.grace;
        let served = tokio::time::timeout(grace, finish).await;
        if tokio::time::timeout(RENEWALS, self.accounts.finish()).await.is_err() {
            tracing::error!(
                "a renewal of a credential was cut off; its account may have to be connected again"
            );
        }
        if let Some(metrics) = self.metrics {
            metrics.serving.abort();
        }
        match served {
            Ok(Ok(served)) => Ok(served?),
            Ok(Err(error)) => Err(Failure::new(format!("the server failed: {error}"))),
            Err(_) => Err(Failure::new(format!(
                "requests were still on their way after {grace:?} (UNICRM_SHUTDOWN_GRACE)"
            ))),
        }
    }
}

impl Metrics {
    async fn start(address: SocketAddr, store: Store) -> Result<Metrics, Failure> {
        let listener = bind("UNICRM_METRICS_LISTEN", address).await?;
        let address = listener.local_addr()?;
        let serving = tokio::spawn(http::metrics::serve(listener, store, std::future::pending()));
        Ok(Metrics { address, serving })
    }
}

async fn bind(setting: &str, address: SocketAddr) -> Result<TcpListener, Failure> {
    let unusable = |error| Failure::new(format!("{setting}: can't listen on {address}: {error}"));
    TcpListener::bind(address).await.map_err(unusable)
}

/// `unicrm serve`.
pub async fn run(settings: Settings, migrate: bool) -> Outcome {
    super::database::with(&settings, migrate, async |database| {
        let server = start(&settings, database).await?;
        let shutdown = Shutdown::listen()?;
        if let Some(metrics) = server.metrics_address() {
            println!("metrics are at http://{metrics}/metrics");
        }
        println!("unicrm listens on http://{}", server.address());
        shutdown.requested().await;
        tracing::info!("stopping");
        server.stop().await
    })
    .await
}

/// Starts a gateway as the settings say.
pub async fn start(settings: &Settings, database: &Database) -> Result<Server, Failure> {
    let keys = master_keys(settings)?;
    let catalog = Arc::new(catalog(settings.mappings_dir.as_deref(), settings)?);
    Server::start(settings, catalog, database.store.clone(), keys, Clock::system()).await
}

/// The catalog of a folder, or of the binary.
pub fn catalog(folder: Option<&Path>, settings: &Settings) -> Result<Catalog, Failure> {
    let engine: Engine = settings
        .jsonata_engine
        .parse()
        .map_err(|error| Failure::new(format!("UNICRM_JSONATA_ENGINE: {error}")))?;
    let files = match folder {
        Some(folder) => Files::read(folder),
        None => Ok(Files::embedded()),
    };
    files.and_then(|files| Catalog::load(&files, engine)).map_err(|problems| {
        let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
        let count = lines.len();
        Failure::new(format!(
            "the mappings have {count} problem{}:\n{}",
            if count == 1 { "" } else { "s" },
            lines.join("\n")
        ))
    })
}

/// Makes sure that the operator's token exists.
async fn bootstrap(store: &Store, token: &str) -> Outcome {
    let environment = store.environment_named(DEFAULT_ENVIRONMENT).await?;
    let environment = environment.ok_or_else(|| Failure::new("the database has no default environment"))?;
    store.add_token(EnvironmentId(environment.id), "UNICRM_BOOTSTRAP_TOKEN", TokenHash::of(token)).await?;
    Ok(())
}

/// Seals what another master key sealed under the present one. A credential whose key is gone stops the start: its
/// accounts would fail one by one otherwise.
async fn rotate(vault: &Vault, store: &Store) -> Outcome {
    let resealed = vault.rotate(store).await?;
    if resealed > 0 {
        tracing::info!(resealed, "credentials sealed again under the first of UNICRM_MASTER_KEYS");
    }
    Ok(())
}

/// What is kept for a while only.
struct Expiring {
    idempotency: Idempotency,
    tokens: Tokens,
    events: Events,
    servers: Servers,
    asked: Log,
    calls: CallLog,
    ledger: StoredLedger,
    connect: Connect,
}

/// Deletes what has expired, at start and ever after. Every process does it; they don't wait for each other.
async fn sweep(expiring: Expiring) {
    let Expiring { idempotency, tokens, events, servers, asked, calls, ledger, connect } = expiring;
    loop {
        for swept in [
            idempotency.sweep().await,
            tokens.sweep().await,
            events.sweep().await,
            servers.sweep().await,
            asked.sweep().await,
            calls.sweep().await,
            ledger.sweep().await,
            connect.sweep().await,
        ] {
            if let Err(error) = swept {
                tracing::warn!(%error, "what has expired could not be deleted for the moment");
            }
        }
        tokio::time::sleep(SWEEP_EVERY).await;
    }
}

/// Renews access tokens ahead of their end, ever after. Every process does it, each those that it is the first to take.
async fn renew(accounts: Accounts, every: Duration) {
    loop {
        tokio::time::sleep(every).await;
        if let Err(error) = accounts.renew_due().await {
            tracing::warn!(%error, "what is due to be renewed could not be looked for");
        }
    }
}

/// The providers' settings, with where connect pages have browsers sent back to where nothing else is set.
fn providers(settings: &Settings, catalog: &Catalog, public_url: &str) -> BTreeMap<String, ProviderSettings> {
    let mut providers = settings.providers.clone();
    for name in catalog.providers.keys() {
        let provider = providers.entry(name.clone()).or_default();
        provider.redirect_uri.get_or_insert_with(|| callback_url(public_url, name));
    }
    providers
}

fn client_address_header(settings: &Settings) -> Result<Option<HeaderName>, Failure> {
    let name = settings.client_address_header.as_deref();
    name.map(str::parse)
        .transpose()
        .map_err(|_| Failure::new("UNICRM_CLIENT_ADDRESS_HEADER: is no header's name"))
}

/// What a process keeps in mind that another may change.
struct Caches {
    accounts: Accounts,
    tokens: Tokens,
    overlays: Overlays,
    paces: Paces,
}

impl Caches {
    async fn learn(&self, change: &Change) {
        if let Change::Rest(account, wait) = change {
            self.paces.rest(*account, *wait).await;
        }
        self.accounts.forget(change).await;
        self.tokens.forget(change);
        self.overlays.forget(change).await;
    }
}

/// Lets go of cached rows as other processes change them. Says so once it hears of changes for the first time.
async fn listen_for_changes(
    store: Store,
    caches: Caches,
    hears: oneshot::Sender<()>,
    stop: CancellationToken,
) {
    let mut hears = Some(hears);
    while !stop.is_cancelled() {
        let listened = listen(&store, &caches, &mut hears).await;
        metrics::listening(false);
        if let Err(error) = listened {
            tracing::warn!(%error, "not listening for changes for the moment");
        }
        tokio::time::sleep(LISTEN_AGAIN).await;
    }
}

async fn listen(
    store: &Store,
    caches: &Caches,
    hears: &mut Option<oneshot::Sender<()>>,
) -> Result<(), Error> {
    let mut changes = store.changes().await?;
    metrics::listening(true);
    // Whatever was announced before this moment was not heard.
    caches.learn(&Change::Anything).await;
    if let Some(hears) = hears.take() {
        let _ = hears.send(()); // a start that has waited long enough doesn't wait any more
    }
    loop {
        caches.learn(&changes.next().await?).await;
    }
}
