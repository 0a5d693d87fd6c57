//! Two gateways, each a process of its own, on one PostgreSQL: what one is told, the other knows within a second. They are
//! started as in production, with `DATABASE_URL`, and with secrets in files.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use unicrm::crypto::{KeyRing, TokenHash};
use unicrm::ids::EnvironmentId;
use unicrm::sandbox::{CAPSULE_TOKEN, Received, Sandbox};

use crate::process::{DataDir, Running, output, stderr, unicrm};
use crate::support::client::{Client, Reply};
use crate::support::database::TestDatabase;

const TOKEN: &str = "a-token-for-the-tests-of-processes";

/// How soon a process must know what another was told.
const SOON: Duration = Duration::from_secs(1);

struct Fleet {
    gateways: Vec<(Running, Client)>,
    database: TestDatabase,
    sandbox: Sandbox,
    secrets: PathBuf,
    _folder: DataDir,
}

impl Fleet {
    /// Two gateways with a sandbox Capsule behind them.
    async fn start() -> Fleet {
        let (database, folder) = (TestDatabase::create().await, DataDir::new());
        let sandbox = Sandbox::capsule(([127, 0, 0, 1], 0).into()).await.expect("a sandbox");
        let secrets = folder.path().join("secrets");
        std::fs::create_dir_all(&secrets).expect("a folder");
        for (name, secret) in [
            ("database_url", database.url()),
            ("master_keys", KeyRing::generate().expect("a key").to_string()),
            ("bootstrap_token", format!("{TOKEN}\n")),
        ] {
            std::fs::write(secrets.join(name), secret).expect("a secret");
        }
        let mut fleet = Fleet { gateways: Vec::new(), database, sandbox, secrets, _folder: folder };
        let migrated = output(fleet.command().arg("migrate"));
        assert!(migrated.status.success(), "{}", stderr(&migrated));
        for _ in 0..2 {
            fleet.add();
        }
        fleet
    }

    fn command(&self) -> std::process::Command {
        let mut command = unicrm(&self._folder);
        for (setting, file) in [
            ("DATABASE_URL_FILE", "database_url"),
            ("UNICRM_MASTER_KEYS_FILE", "master_keys"),
            ("UNICRM_BOOTSTRAP_TOKEN_FILE", "bootstrap_token"),
        ] {
            command.env(setting, self.secrets.join(file));
        }
        command.env("UNICRM_PROVIDER_CAPSULE_ORIGIN", self.sandbox.origin());
        command
    }

    fn add(&mut self) {
        let mut running = Running::start(self.command().arg("serve"));
        let line = running.until("unicrm listens on");
        let url = line.split_whitespace().find(|word| word.starts_with("http")).expect("a URL");
        let client = Client::new(url.to_owned(), TOKEN);
        self.gateways.push((running, client));
    }

    fn clients(&self) -> [Client; 2] {
        [0, 1].map(|index| self.gateways[index].1.clone())
    }

    /// Connects an account by way of the first gateway.
    async fn import(&self) -> String {
        let [first, _] = self.clients();
        let found = first.get("/environment-integration?integration.name=capsule").await.result();
        let body = json!({
            "tenant_id": "customer-1", "authentication_method": "api_key",
            "environment_integration_id": found[0]["id"], "context": { "api_key": CAPSULE_TOKEN },
        });
        first.post("/integrated-account", &body).await.ok()["id"].as_str().expect("an id").to_owned()
    }

    fn writes(&self) -> Vec<Received> {
        let calls = self.sandbox.recorder().requests();
        calls.into_iter().filter(|call| call.method != http::Method::GET).collect()
    }
}

/// Asks until the answer is as expected, which it must be within a second of what was done before.
async fn within_a_second(what: &str, mut ask: impl AsyncFnMut() -> Reply, expected: impl Fn(&Reply) -> bool) {
    let done = Instant::now();
    loop {
        let asked = Instant::now();
        let reply = ask().await;
        if expected(&reply) {
            return;
        }
        assert!(
            asked - done < SOON,
            "within a second: {what}; it still answers {}: {}",
            reply.status,
            reply.text()
        );
    }
}

#[tokio::test]
async fn what_one_process_is_told_the_other_knows_within_a_second() {
    let fleet = Fleet::start().await;
    let [first, second] = fleet.clients();
    let account = fleet.import().await;
    let users = format!("/unified/crm/users?integrated_account_id={account}");
    second.get(&users).await.ok();

    // What an environment changes of a mapping, and what an account does in its place.
    let model = first.get("/environment-unified-model?unified_model.name=crm").await.result();
    let row = json!({
        "environment_unified_model_id": model[0]["id"], "resource_name": "users", "integration_name": "capsule",
        "method_name": "list", "config": { "response_mapping": "$merge([base, {'name': 'of the environment'}])" },
    });
    first.post("/environment-unified-model-resource-method", &row).await.ok();
    let is_changed = |reply: &Reply| reply.ok()["result"][0]["name"] == "of the environment";
    within_a_second("an environment's override", async || second.get(&users).await, is_changed).await;
    let mapping = json!({ "list": { "response_mapping": "$merge([base, {'name': 'of the account'}])" } });
    let change = json!({ "unified_model_override": { "crm": { "users": mapping } } });
    first.patch(&format!("/integrated-account/{account}"), &change).await.ok();
    let is_changed = |reply: &Reply| reply.ok()["result"][0]["name"] == "of the account";
    within_a_second("an account's override", async || second.get(&users).await, is_changed).await;

    // A credential.
    let credentials = format!("/integrated-account/{account}/credentials");
    first.patch(&credentials, &json!({ "context": { "api_key": "wrong" } })).await.ok();
    within_a_second("a credential", async || second.get(&users).await, |reply| reply.status == 401).await;
    second.patch(&credentials, &json!({ "context": { "api_key": CAPSULE_TOKEN } })).await.ok();
    within_a_second("its replacement", async || first.get(&users).await, |reply| reply.status == 200).await;

    // A token.
    let store = fleet.database.store();
    let environment = store.environment_named("default").await.expect("a database").expect("an environment");
    let token = "a-token-that-is-taken-away-again";
    let hash = TokenHash::of(token);
    store.add_token(EnvironmentId(environment.id), "gone soon", hash).await.expect("a token");
    let doomed = [&first, &second].map(|client| client.with_token(Some(token)));
    for client in &doomed {
        client.get("/environment").await.ok();
    }
    sqlx::query("DELETE FROM api_token WHERE name = 'gone soon'")
        .execute(&mut fleet.database.connect().await)
        .await
        .expect("a deletion");
    for client in &doomed {
        let refused = |reply: &Reply| reply.status == 401;
        within_a_second("a token that is no more", async || client.get("/environment").await, refused).await;
    }
}

#[tokio::test]
async fn a_write_is_made_once_whichever_process_is_asked_and_whatever_becomes_of_the_first() {
    let mut fleet = Fleet::start().await;
    let [first, second] = fleet.clients();
    let account = fleet.import().await;
    let contacts = format!("/unified/crm/contacts?integrated_account_id={account}");
    let keyed = |client: &Client| {
        let request = client.request(http::Method::POST, &contacts).header("idempotency-key", "once");
        request.header("content-type", "application/json").body(json!({ "first_name": "Ada" }).to_string())
    };
    let answers = futures::future::join_all(
        [&first, &second, &first, &second].map(|client| client.send(keyed(client))),
    )
    .await;
    for answer in &answers {
        assert_eq!(answer.ok(), answers[0].ok());
    }
    assert_eq!(fleet.writes().len(), 1);

    // What was acknowledged outlives the process that did it: the write's answer, and what the vendor told.
    let told = first.get(&format!("/integrated-account/{account}/inbound-webhook")).await.ok();
    let url = told["url"].as_str().expect("an address");
    let address = &url[url.find("/integrated-account-webhook/").expect("its path")..];
    let event = json!({ "event": "party/deleted", "payload": [{ "id": 7, "type": "person" }] });
    let receipt = first.with_token(None).post(address, &event).await.ok();
    assert_eq!(receipt["events"], 1);
    let mut killed = fleet.gateways.remove(0).0;
    assert!(!killed.end("KILL").success());
    fleet.add();
    let [second, third] = fleet.clients();
    for client in [&second, &third] {
        let again = client.send(keyed(client)).await;
        assert_eq!((again.ok(), again.header("idempotent-replayed")), (answers[0].ok(), "true"));
    }
    assert_eq!(fleet.writes().len(), 1);
    let events = third.get("/log?log_type=webhook").await.result();
    let of_accounts =
        |event: &Value| event["event"].as_str().is_some_and(|name| name.starts_with("integrated_account:"));
    let events: Vec<_> = events.into_iter().filter(|event| !of_accounts(event)).collect();
    assert_eq!((events.len(), &events[0]["event"]), (1, &json!("record:deleted")));
    for (running, _) in &mut fleet.gateways {
        assert!(running.end("TERM").success());
    }
}
