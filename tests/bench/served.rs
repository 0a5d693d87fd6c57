//! `unicrm serve` as it runs in production: the binary itself, with its default settings and a database of its own.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::load::Request;
use crate::processes::{Outcome, Process, Scratch};

/// A token of the benchmark's. It opens nothing but the database that it is thrown away with.
pub const TOKEN: &str = "unicrm_benchmark_0123456789abcdef";

/// A running gateway.
pub struct Served {
    pub process: Process,
    pub address: SocketAddr,
    /// From starting the process to its saying that it listens.
    pub startup: Duration,
}

impl Served {
    /// The name of the gateway's database.
    pub const DATABASE: &str = "unicrm";

    /// Where the gateways' PostgreSQL is.
    pub fn data_dir(scratch: &Scratch) -> PathBuf {
        scratch.path().join("database")
    }

    /// Starts a gateway on the scratch directory's database, which the first one makes.
    pub fn start(scratch: &Scratch, upstream: SocketAddr) -> Outcome<Self> {
        let log = scratch.path().join("serve.log");
        let log = File::options().create(true).append(true).open(log)?;
        let mut command = Command::new(env!("CARGO_BIN_EXE_unicrm"));
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("DATABASE_") || text.starts_with("UNICRM_") && text != "UNICRM_PG_BIN" {
                command.env_remove(&name);
            }
        }
        command
            .arg("serve")
            .env("UNICRM_DATA_DIR", Self::data_dir(scratch))
            .env("UNICRM_LISTEN", "127.0.0.1:0")
            .env("UNICRM_BOOTSTRAP_TOKEN", TOKEN)
            .env("UNICRM_PROVIDER_CAPSULE_ORIGIN", format!("http://{upstream}"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log);
        let begun = Instant::now();
        let mut process = Process::start("unicrm serve", &mut command)?;
        let address = match announced(&mut process) {
            Ok(address) => address,
            Err(error) => {
                let said = std::fs::read_to_string(scratch.path().join("serve.log"))?;
                return Err(format!("unicrm serve: {error}\n{said}").into());
            }
        };
        Ok(Served { process, address, startup: begun.elapsed() })
    }

    /// Connects so many accounts of Capsule, and gives their ids.
    pub async fn connect(&self, count: usize) -> Outcome<Vec<String>> {
        let list = self.get("/environment-integration?integration.name=capsule").await?;
        let integration = list["result"][0]["id"].as_str().ok_or("Capsule is not switched on")?;
        let account = json!({
            "tenant_id": "bench",
            "environment_integration_id": integration,
            "authentication_method": "api_key",
            "context": {"api_key": "not looked at"},
        });
        let request = Request::post(self.address, "/integrated-account", Some(TOKEN), &account.to_string());
        let mut accounts = Vec::with_capacity(count);
        for _ in 0..count {
            let made: Value = serde_json::from_slice(&request.once().await?)?;
            accounts.push(made["id"].as_str().ok_or("the account has no id")?.to_owned());
        }
        Ok(accounts)
    }

    async fn get(&self, path: &str) -> Outcome<Value> {
        let body = Request::get(self.address, path, Some(TOKEN)).once().await?;
        Ok(serde_json::from_slice(&body)?)
    }
}

/// The address that the gateway says it listens on.
fn announced(process: &mut Process) -> Outcome<SocketAddr> {
    let output = process.child().stdout.take().ok_or("no standard output")?;
    for line in BufReader::new(output).lines() {
        if let Some((_, address)) = line?.split_once("listens on http://") {
            return Ok(address.parse()?);
        }
    }
    Err("it ended before it listened".into())
}
