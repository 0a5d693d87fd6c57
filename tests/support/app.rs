//! The real gateway on a database of its own, with a CRM behind it and an account connected to that.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use unicrm::clock::Clock;
use unicrm::command::serve::{Server, catalog};
use unicrm::config::Settings;
use unicrm::crypto::{KeyRing, TokenHash};
use unicrm::ids::EnvironmentId;
use unicrm::mapping::expression::Engine;
use unicrm::mapping::{Catalog, Files};
use unicrm::sandbox::{
    CAPSULE_TOKEN, CLIENT_ID, CLIENT_SECRET, NIMBLE_KEY, NUTSHELL_KEY, NUTSHELL_USERNAME, Received, Sandbox,
};
use unicrm::store::Store;

use super::client::{Client, Reply};
use super::database::TestDatabase;

/// Where Nutshell is asked where an account's API is.
pub const DISCOVERY: &str = "/v1/json";

/// The API token that every test's gateway knows.
pub const TOKEN: &str = "bootstrap-token-of-the-tests";

/// How a test's gateway differs from the usual one.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The provider of the account that is connected.
    pub provider: &'static str,
    /// Where that provider is, when it is no sandbox.
    pub origin: Option<String>,
    /// Settings by their names, over those of the tests.
    pub settings: BTreeMap<&'static str, String>,
    /// How the account is connected.
    pub account: AccountSetup,
}

/// How a test's account is connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountSetup {
    /// Not at all.
    None,
    /// With a key that doesn't lapse.
    ApiKey,
    /// With OAuth tokens of the sandbox, which are said to live so many seconds from now.
    OAuth { expires_in: i64 },
}

impl Default for Setup {
    fn default() -> Setup {
        Setup { provider: "capsule", origin: None, settings: BTreeMap::new(), account: AccountSetup::ApiKey }
    }
}

impl Setup {
    /// A setting by its name, such as `UNICRM_DEADLINE`.
    pub fn setting(mut self, name: &'static str, value: impl Into<String>) -> Setup {
        self.settings.insert(name, value.into());
        self
    }

    /// A vendor at this origin in place of the sandbox.
    pub fn at(self, origin: String) -> Setup {
        Setup { origin: Some(origin), ..self }
    }

    pub fn account(self, account: AccountSetup) -> Setup {
        Setup { account, ..self }
    }
}

/// A running gateway with what it needs. Dropping it takes the database along.
pub struct TestApp {
    /// One gateway process; [`TestApp::another_gateway`] starts more.
    pub gateway: Client,
    /// The connected account's id; empty where there is none.
    pub account: String,
    /// The gateways' clock.
    pub clock: Clock,
    /// The gateways' master keys, as in their setting.
    pub keys: String,
    /// The same database, on connections of the test's own.
    pub store: Store,
    pub settings: Settings,
    pub database: TestDatabase,
    /// The provider of the connected account, and how it is connected.
    connected: (&'static str, AccountSetup),
    sandbox: Option<Sandbox>,
    server: Server,
}

impl TestApp {
    /// A gateway with an account at the sandbox Capsule.
    pub async fn start() -> TestApp {
        TestApp::with(Setup::default()).await
    }

    /// A gateway with an account at a vendor of the test's own.
    pub async fn at(origin: String) -> TestApp {
        TestApp::with(Setup::default().at(origin)).await
    }

    pub async fn with(setup: Setup) -> TestApp {
        let sandbox = match (&setup.origin, setup.provider) {
            (None, "capsule") => Some(Sandbox::capsule(loopback()).await.expect("a sandbox")),
            (None, "nimble") => Some(Sandbox::nimble(loopback()).await.expect("a sandbox")),
            (None, "nutshell") => Some(Sandbox::nutshell(loopback()).await.expect("a sandbox")),
            _ => None,
        };
        let origin = setup.origin.clone().or_else(|| sandbox.as_ref().map(Sandbox::origin));
        let keys = KeyRing::generate().expect("a key");
        let settings = settings(&setup, origin);
        let database = TestDatabase::create().await;
        let clock = Clock::system();
        let server = start(&settings, &database, &keys, &clock).await.expect("a gateway that starts");
        let gateway = Client::new(format!("http://{}", server.address()), TOKEN);
        let store = database.store();
        let (account, connected) = (String::new(), (setup.provider, setup.account));
        let mut app =
            TestApp { gateway, account, clock, keys, store, settings, database, connected, sandbox, server };
        app.connect_another().await;
        app
    }

    /// Connects an account as the first one was connected, and speaks of that one from now on.
    pub async fn connect_another(&mut self) {
        let (provider, account) = self.connected;
        if account == AccountSetup::None {
            return;
        }
        let (method, context) = self.credential(provider, account);
        let imported = self.import(provider, method, context).await;
        self.account = imported.ok()["id"].as_str().expect("an id").to_owned();
    }

    /// The CRM behind the gateway.
    pub fn sandbox(&self) -> &Sandbox {
        self.sandbox.as_ref().expect("this test has no sandbox")
    }

    /// Whether there is one.
    pub fn has_sandbox(&self) -> bool {
        self.sandbox.is_some()
    }

    /// The requests that reached the CRM's API so far, without those of the test itself and the question where the API is.
    pub fn vendor_calls(&self) -> Vec<Received> {
        let requests = self.sandbox().recorder().requests();
        let counts =
            |request: &Received| request.header(super::twin::OWN).is_none() && request.path != DISCOVERY;
        requests.into_iter().filter(counts).collect()
    }

    /// Another gateway process on the same database, with the same keys.
    pub async fn another_gateway(&self) -> Gateway {
        let server = start(&self.settings, &self.database, &self.keys, &self.clock).await;
        let server = server.expect("a gateway that starts");
        let client = self.gateway.at(format!("http://{}", server.address()));
        Gateway { client, server }
    }

    /// Another gateway process on the same database, with other settings.
    pub async fn another_gateway_with(&self, settings: &Settings) -> Gateway {
        let server = start(settings, &self.database, &self.keys, &self.clock).await;
        let server = server.expect("a gateway that starts");
        Gateway { client: self.gateway.at(format!("http://{}", server.address())), server }
    }

    /// Another gateway process on the same database, by another way to it.
    pub async fn another_gateway_by(&self, store: Store) -> Gateway {
        let keys = Arc::new(KeyRing::parse(&self.keys).expect("keys"));
        let server = Server::start(&self.settings, shipped(), store, keys, self.clock.clone()).await;
        let server = server.expect("a gateway that starts");
        Gateway { client: self.gateway.at(format!("http://{}", server.address())), server }
    }

    /// A gateway on the same database with other keys, or why it didn't start.
    pub async fn gateway_with_keys(&self, keys: &str) -> Result<Gateway, String> {
        let server = start(&self.settings, &self.database, keys, &self.clock).await?;
        Ok(Gateway { client: self.gateway.at(format!("http://{}", server.address())), server })
    }

    /// Asks the gateway to import an account.
    pub async fn import(&self, provider: &str, method: &str, context: Value) -> Reply {
        let switched_on = self.environment_integration(provider).await;
        let body = json!({
            "tenant_id": "customer-1",
            "environment_integration_id": switched_on,
            "authentication_method": method,
            "context": context,
        });
        self.gateway.post("/integrated-account", &body).await
    }

    /// The id under which a provider is switched on in the default environment.
    pub async fn environment_integration(&self, provider: &str) -> String {
        let path = format!("/environment-integration?integration.name={provider}");
        let found = self.gateway.get(&path).await.result();
        found[0]["id"].as_str().expect("an id").to_owned()
    }

    /// A call for the connected account: `path` may have a query.
    pub fn path(&self, path: &str) -> String {
        for_account(path, &self.account)
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.gateway.get(&self.path(path)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Reply {
        self.gateway.post(&self.path(path), body).await
    }

    pub async fn patch(&self, path: &str, body: &Value) -> Reply {
        self.gateway.patch(&self.path(path), body).await
    }

    pub async fn delete(&self, path: &str) -> Reply {
        self.gateway.delete(&self.path(path)).await
    }

    /// The connected account as the gateway shows it.
    pub async fn shown_account(&self) -> Value {
        self.gateway.get(&format!("/integrated-account/{}", self.account)).await.ok()
    }

    /// Another environment with a token of its own, and a client that sends it.
    pub async fn another_environment(&self, name: &str) -> (EnvironmentId, Client) {
        let row = self.store.create_environment(name).await.expect("an environment");
        let environment = EnvironmentId(row.id);
        let token = format!("a-token-for-the-environment-{name}");
        self.store.add_token(environment, "other", TokenHash::of(&token)).await.expect("a token");
        (environment, self.gateway.with_token(Some(&token)))
    }

    /// The default environment's id.
    pub async fn environment(&self) -> EnvironmentId {
        let row = self.store.environment_named("default").await.expect("a database");
        EnvironmentId(row.expect("the default environment").id)
    }

    /// Stops the first gateway as the operator would.
    pub async fn stop(self) {
        self.server.stop().await.expect("a gateway that stops");
    }

    fn credential(&self, provider: &str, account: AccountSetup) -> (&'static str, Value) {
        match (account, provider) {
            (AccountSetup::OAuth { expires_in }, _) => {
                let (access, refresh) = self.sandbox().issue_tokens();
                let token =
                    json!({ "access_token": access, "refresh_token": refresh, "expires_in": expires_in });
                ("oauth2", json!({ "oauth": { "token": token } }))
            }
            (_, "capsule") => ("api_key", json!({ "api_key": CAPSULE_TOKEN })),
            (_, "nimble") => ("api_key", json!({ "api_key": NIMBLE_KEY })),
            (_, "nutshell") => ("api_key", json!({ "username": NUTSHELL_USERNAME, "api_key": NUTSHELL_KEY })),
            _ => ("api_key", json!({ "api_key": "sandbox-key" })),
        }
    }
}

/// One gateway process beside the first.
pub struct Gateway {
    pub client: Client,
    pub server: Server,
}

/// A path with the account that it is for.
pub fn for_account(path: &str, account: &str) -> String {
    let separator = if path.contains('?') { '&' } else { '?' };
    format!("{path}{separator}integrated_account_id={account}")
}

/// Asks again until `done` holds: for what another process learns in its own time. No answer within ten seconds is a
/// failure that says what was waited for.
pub async fn eventually(what: &str, mut done: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !done().await {
        assert!(Instant::now() < deadline, "within ten seconds: {what}");
        tokio::task::yield_now().await;
    }
}

/// The catalog that ships with unicrm, loaded once a process.
pub fn shipped() -> Arc<Catalog> {
    static SHIPPED: LazyLock<Arc<Catalog>> = LazyLock::new(|| {
        Arc::new(Catalog::load(&Files::embedded(), Engine::default()).expect("mappings without problems"))
    });
    SHIPPED.clone()
}

async fn start(
    settings: &Settings,
    database: &TestDatabase,
    keys: &str,
    clock: &Clock,
) -> Result<Server, String> {
    let keys = Arc::new(KeyRing::parse(keys).map_err(|error| error.to_string())?);
    let catalog = match settings.mappings_dir.as_deref() {
        None if settings.jsonata_engine.parse().is_ok_and(|engine: Engine| engine == Engine::default()) => {
            shipped()
        }
        folder => Arc::new(catalog(folder, settings).map_err(|failure| failure.to_string())?),
    };
    let started = Server::start(settings, catalog, database.store(), keys, clock.clone()).await;
    started.map_err(|failure| failure.to_string())
}

fn settings(setup: &Setup, origin: Option<String>) -> Settings {
    let provider = setup.provider.to_ascii_uppercase();
    let mut env = BTreeMap::from([
        ("UNICRM_LISTEN".to_owned(), loopback().to_string()),
        ("UNICRM_BOOTSTRAP_TOKEN".to_owned(), TOKEN.to_owned()),
        // Tests that count what a vendor is asked renew when they mean to.
        ("UNICRM_RENEW_EVERY".to_owned(), "0".to_owned()),
        (format!("UNICRM_PROVIDER_{provider}_CLIENT_ID"), CLIENT_ID.to_owned()),
        (format!("UNICRM_PROVIDER_{provider}_CLIENT_SECRET"), CLIENT_SECRET.to_owned()),
        (format!("UNICRM_PROVIDER_{provider}_REDIRECT_URI"), "https://gateway.example/callback".to_owned()),
    ]);
    env.extend(origin.map(|origin| (format!("UNICRM_PROVIDER_{provider}_ORIGIN"), origin)));
    env.extend(setup.settings.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    Settings::from_layers(&env).expect("settings that are right")
}

fn loopback() -> std::net::SocketAddr {
    ([127, 0, 0, 1], 0).into()
}
