//! A gateway as it runs in production: the binary itself, with twins behind lines.

use serde_json::{Value, json};
use unicrm::crypto::KeyRing;
use unicrm::sandbox::Sandbox;

use crate::line::Line;
use crate::process::{DataDir, Running, unicrm};
use crate::support::client::Client;
use crate::support::database::TestDatabase;
use crate::wires::{key, providers, settings, twin};

const TOKEN: &str = "a-token-for-the-tests-of-faults";

/// The process, what it needs, and what is behind it.
pub struct Served {
    pub process: Running,
    pub client: Client,
    pub vendors: Vec<(&'static str, Line, Sandbox)>,
    _database: TestDatabase,
    _folder: DataDir,
}

impl Served {
    pub async fn start(own: &[(&str, &str)]) -> Served {
        let (database, folder) = (TestDatabase::create().await, DataDir::new());
        let mut command = unicrm(&folder);
        command
            .arg("serve")
            .env("DATABASE_URL", database.url())
            .env("UNICRM_MASTER_KEYS", KeyRing::generate().expect("a key"))
            .env("UNICRM_BOOTSTRAP_TOKEN", TOKEN)
            .env("UNICRM_LOG", "warn,unicrm::command=info")
            .envs(own.iter().copied());
        let mut vendors = Vec::new();
        for provider in providers() {
            let sandbox = twin(provider).await;
            sandbox.set_quota(u32::MAX);
            let line = Line::forgetful(&sandbox.origin()).await;
            command.envs(settings(provider, &line.origin()));
            vendors.push((provider, line, sandbox));
        }
        let mut process = Running::start(&mut command);
        let line = process.until("unicrm listens on");
        let url = line.split_whitespace().find(|word| word.starts_with("http")).expect("a URL");
        let client = Client::new(url.to_owned(), TOKEN).forgetful();
        Served { process, client, vendors, _database: database, _folder: folder }
    }

    /// Connects an account with a key, or with tokens that are renewed.
    pub async fn connect(&self, provider: &str, renewed: bool) -> String {
        let found = self.client.get(&format!("/environment-integration?integration.name={provider}")).await;
        let context = if renewed { self.tokens(provider) } else { key(provider) };
        let body = json!({
            "tenant_id": "customer",
            "environment_integration_id": found.result()[0]["id"],
            "authentication_method": if renewed { "oauth2" } else { "api_key" },
            "context": context,
        });
        self.client.post("/integrated-account", &body).await.ok()["id"].as_str().expect("an id").to_owned()
    }

    fn tokens(&self, provider: &str) -> Value {
        let (_, _, sandbox) = self.vendors.iter().find(|(name, ..)| *name == provider).expect("a vendor");
        let (access, refresh) = sandbox.issue_tokens();
        json!({ "oauth": { "token": { "access_token": access, "refresh_token": refresh, "expires_in": 3600 } } })
    }

    /// Resident megabytes of the process now, and the most there have been.
    pub fn resident(&self) -> (u64, u64) {
        let status =
            std::fs::read_to_string(format!("/proc/{}/status", self.process.pid())).expect("a process");
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("a field");
            line.trim().trim_end_matches(" kB").parse::<u64>().expect("kilobytes") / 1024
        };
        (field("VmRSS:"), field("VmHWM:"))
    }
}
