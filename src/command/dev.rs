//! `unicrm dev`: everything at once, for somebody who wants to see it work.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use serde_json::{Map, Value};
use url::Url;

use super::database::{Database, with};
use super::serve::{DEFAULT_ENVIRONMENT, Server, start};
use super::shutdown::Shutdown;
use super::{Failure, Outcome};
use crate::config::Settings;
use crate::crypto::{TokenHash, new_api_token};
use crate::ids::{AccountId, EnvironmentId, EnvironmentIntegrationId};
use crate::sandbox::{CAPSULE_TOKEN, CLIENT_ID, CLIENT_SECRET, Sandbox};
use crate::store::accounts::AccountFilter;

/// Where the token of `unicrm dev` is kept, so that it is the same the next time.
const TOKEN_FILE: &str = "dev.token";

/// The customer whose CRM the sandbox is.
const TENANT: &str = "sandbox-customer";

/// Runs until the process is asked to stop.
pub async fn run(mut settings: Settings) -> Outcome {
    let sandbox = Sandbox::capsule(([127, 0, 0, 1], 0).into()).await?;
    let place = point_at(&mut settings, &sandbox)?;
    let outcome = with(&settings, true, async |database| {
        let server = start(&settings, database).await?;
        let shutdown = Shutdown::listen()?;
        let outcome = demonstrate(&settings, database, &server, &place).await;
        if outcome.is_ok() {
            shutdown.requested().await;
        }
        println!("\nStopping.");
        let stopped = server.stop().await;
        outcome.and(stopped)
    })
    .await;
    sandbox.stop().await;
    outcome
}

/// Sends the gateway's calls to the sandbox, unless the operator sends them elsewhere. Gives who plays the customer's
/// Capsule, in words.
fn point_at(settings: &mut Settings, sandbox: &Sandbox) -> Result<String, Failure> {
    let capsule = settings.providers.entry("capsule".to_owned()).or_default();
    if let Some(origin) = &capsule.origin {
        return Ok(format!("at {origin}, as UNICRM_PROVIDER_CAPSULE_ORIGIN says"));
    }
    let origin = Url::parse(&sandbox.origin()).map_err(|error| Failure::new(error.to_string()))?;
    capsule.origin = Some(origin);
    capsule.client_id = Some(CLIENT_ID.to_owned());
    capsule.client_secret = Some(CLIENT_SECRET.into());
    Ok(format!("played by a sandbox at {}", sandbox.origin()))
}

async fn demonstrate(settings: &Settings, database: &Database, server: &Server, vendor: &str) -> Outcome {
    let environment = database.store.environment_named(DEFAULT_ENVIRONMENT).await?;
    let environment = environment.ok_or_else(|| Failure::new("the database has no default environment"))?;
    let environment = EnvironmentId(environment.id);
    let data_dir = settings.data_dir()?;
    let token = token(&data_dir.join(TOKEN_FILE))?;
    database.store.add_token(environment, "unicrm dev", TokenHash::of(&token)).await?;
    let account = account(database, server, environment).await?;
    let url = format!("http://{}", server.address());
    let place = if database.is_embedded() {
        format!("embedded PostgreSQL in {}", data_dir.display())
    } else {
        "DATABASE_URL".to_owned()
    };
    print!("{}", welcome(&url, &token, account, vendor, &place));
    std::io::stdout().flush()?;
    Ok(())
}

fn welcome(url: &str, token: &str, account: AccountId, vendor: &str, database: &str) -> String {
    let bearer = format!("-H 'Authorization: Bearer {token}'");
    let account_query = format!("integrated_account_id={account}");
    format!(
        "
unicrm is ready.

  URL         {url}
  API token   {token}
  Account     {account}   (a customer's Capsule, {vendor})
  Database    {database}
  Reference   {url}/docs

List contacts:

  curl {bearer} '{url}/unified/crm/contacts?{account_query}&limit=2'

Create a contact:

  curl {bearer} -H 'Content-Type: application/json' \\
    -d '{{\"first_name\":\"Ada\",\"last_name\":\"Lovelace\",\"email_addresses\":[{{\"email\":\"ada@example.com\"}}]}}' \\
    '{url}/unified/crm/contacts?{account_query}'

Call Capsule's own API:

  curl {bearer} '{url}/proxy/parties?{account_query}&limit=2'

Ctrl-C stops all of it. Accounts and token are still there the next time; the sandbox begins anew.

"
    )
}

/// The token of the last time, or a new one.
fn token(file: &Path) -> Result<String, Failure> {
    let unusable = |error: std::io::Error| Failure::new(format!("{}: {error}", file.display()));
    match std::fs::read_to_string(file) {
        Ok(token) if !token.trim().is_empty() => return Ok(token.trim().to_owned()),
        Ok(_) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(unusable(error)),
    }
    let token = new_api_token().map_err(|error| Failure::new(error.to_string()))?;
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder).map_err(unusable)?;
    }
    let mut out = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(file)
        .map_err(unusable)?;
    out.write_all(token.as_bytes()).map_err(unusable)?;
    Ok(token.to_string())
}

/// The sandbox's account of the last time, or a new one.
async fn account(
    database: &Database,
    server: &Server,
    environment: EnvironmentId,
) -> Result<AccountId, Failure> {
    let filter = AccountFilter {
        tenant_id: Some(TENANT.to_owned()),
        status: Some("active".to_owned()),
        integration: Some("capsule".to_owned()),
        is_sandbox: None,
    };
    if let Some(found) = database.store.accounts(environment, &filter, None, 1).await?.first() {
        return Ok(AccountId(found.id));
    }
    let switched_on = database.store.environment_integrations(environment).await?;
    let capsule = switched_on.iter().find(|row| row.integration_name == "capsule");
    let capsule =
        capsule.ok_or_else(|| Failure::new("Capsule is not switched on in the default environment"))?;
    let import = crate::account::Import {
        tenant_id: TENANT.to_owned(),
        environment_integration_id: EnvironmentIntegrationId(capsule.id),
        authentication_method: "api_key".to_owned(),
        context: Map::from_iter([("api_key".to_owned(), Value::from(CAPSULE_TOKEN))]),
        region: None,
    };
    Ok(server.accounts().import(environment, import).await?)
}
