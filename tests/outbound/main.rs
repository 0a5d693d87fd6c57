//! The outbound stack against a vendor on a socket that answers from a script.

mod circuits;
mod credentials;
mod egress;
mod ledger;
mod paces;
mod retries;
mod source;
mod spans;
mod times;
mod vendor;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::json;
use tokio::time::Instant;
use unicrm::adapter::{Adapter, Call, Reply, adapter};
use unicrm::clock::Clock;
use unicrm::error::Result;
use unicrm::mapping::catalog::Provider;
use unicrm::outbound::permits::Permits;
use unicrm::outbound::{Exchange, Outbound, OutboundSettings};
use url::Url;
use uuid::Uuid;

use ledger::Alone;
use source::Source;
use vendor::{Play, Vendor};

/// Longer than anything here should take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A provider that lists and creates parties.
fn provider() -> Arc<Provider> {
    let manifest = json!({
        "name": "acme",
        "label": "Acme CRM",
        "category": "crm",
        "documentation": "https://acme.test/docs",
        "base_url": "https://acme.test/api",
        "adapter": "rest",
        "auth": {},
        "resources": {"parties": {"description": "People", "methods": {
            "list": {"description": "All of them", "method": "GET", "path": "/parties"},
            "create": {"description": "A new one", "method": "POST", "path": "/parties"},
        }}},
    });
    let manifest = serde_json::from_value(manifest).unwrap();
    Arc::new(Provider { manifest, id_pattern: None, webhook_events: None, cells: Default::default() })
}

/// The stack, an account's credentials and a provider whose origin is somewhere.
struct Stage {
    outbound: Outbound,
    adapter: Arc<dyn Adapter>,
    provider: Arc<Provider>,
    source: Arc<Source>,
    patience: Duration,
    /// The account.
    lane: Uuid,
}

impl Stage {
    /// The vendor's host is one that the operator allows.
    fn new(origin: &str, mut settings: OutboundSettings) -> Self {
        let host = Url::parse(origin).unwrap().host_str().unwrap().to_owned();
        settings.allowed_hosts.insert(host);
        Stage::guarded(origin, settings)
    }

    fn guarded(origin: &str, settings: OutboundSettings) -> Self {
        let provider = provider();
        let origin = Url::parse(origin).unwrap();
        let permits = Permits::new(Arc::new(Alone::default()), Clock::system());
        Stage {
            outbound: Outbound::new(settings, permits, Clock::system()).unwrap(),
            adapter: adapter(&provider, Some(&origin)).unwrap(),
            provider,
            source: Arc::new(Source::new(1)),
            patience: PATIENCE,
            lane: Uuid::from_u128(1),
        }
    }

    fn exchange(&self, method: &str) -> Exchange {
        self.exchange_of(method, "sought")
    }

    fn exchange_of(&self, method: &str, sought: &str) -> Exchange {
        let mut call = Call::new(self.provider.native("parties", method).unwrap());
        if method == "create" {
            call.body = Some(Bytes::from_static(br#"{"name":"Ada"}"#));
        }
        call.query.insert("q".to_owned(), json!(sought));
        let deadline = Instant::now() + self.patience;
        Exchange::new(self.lane, self.adapter.clone(), call, self.source.clone(), deadline)
    }

    async fn read(&self) -> Result<Reply> {
        self.outbound.call(self.exchange("list")).await
    }

    async fn write(&self) -> Result<Reply> {
        self.outbound.call(self.exchange("create")).await
    }
}

/// A vendor with a script, and the stack before it.
async fn play(script: impl IntoIterator<Item = Play>) -> (Vendor, Stage) {
    play_with(OutboundSettings::default(), script).await
}

async fn play_with(settings: OutboundSettings, script: impl IntoIterator<Item = Play>) -> (Vendor, Stage) {
    let vendor = Vendor::start(script).await;
    let stage = Stage::new(&vendor.origin(), settings);
    (vendor, stage)
}

/// An origin where nobody listens.
async fn nowhere() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}
