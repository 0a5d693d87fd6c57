//! `unicrm dev`: everything at once, for somebody who wants to see it work.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use serde_json::{Value, json};
use url::Url;

use super::database::{Database, with};
use super::serve::{DEFAULT_ENVIRONMENT, Server, start};
use super::shutdown::Shutdown;
use super::{Failure, Outcome};
use crate::account::connect::{Whom, Wish};
use crate::config::Settings;
use crate::crypto::{TokenHash, new_api_token};
use crate::ids::{AccountId, EnvironmentId, EnvironmentIntegrationId};
use crate::sandbox::{
    CAPSULE_TOKEN, CLIENT_ID, CLIENT_SECRET, NIMBLE_KEY, NUTSHELL_KEY, NUTSHELL_USERNAME, Sandbox,
};
use crate::store::accounts::AccountFilter;

/// Where the token of `unicrm dev` is kept, so that it is the same the next time.
const TOKEN_FILE: &str = "dev.token";

/// The customer whose CRMs the sandboxes are.
const TENANT: &str = "sandbox-customer";

/// A CRM that a sandbox plays.
struct Played {
    /// The provider's name.
    provider: &'static str,
    /// As people write it.
    label: &'static str,
    /// Where it is, in words.
    place: String,
    /// What the account that is connected knows.
    context: Value,
}

/// Runs until the process is asked to stop.
pub async fn run(mut settings: Settings) -> Outcome {
    let anywhere = ([127, 0, 0, 1], 0).into();
    let sandboxes = [
        Sandbox::capsule(anywhere).await?,
        Sandbox::nimble(anywhere).await?,
        Sandbox::nutshell(anywhere).await?,
    ];
    let [capsule, nimble, nutshell] = &sandboxes;
    let user_and_key = json!({ "username": NUTSHELL_USERNAME, "api_key": NUTSHELL_KEY });
    let played = [
        point_at(&mut settings, capsule, ("capsule", "Capsule"), json!({ "api_key": CAPSULE_TOKEN }))?,
        point_at(&mut settings, nimble, ("nimble", "Nimble"), json!({ "api_key": NIMBLE_KEY }))?,
        point_at(&mut settings, nutshell, ("nutshell", "Nutshell"), user_and_key)?,
    ];
    let outcome = with(&settings, true, async |database| {
        let server = start(&settings, database).await?;
        let shutdown = Shutdown::listen()?;
        let outcome = demonstrate(&settings, database, &server, &played).await;
        if outcome.is_ok() {
            shutdown.requested().await;
        }
        println!("\nStopping.");
        let stopped = server.stop().await;
        outcome.and(stopped)
    })
    .await;
    for sandbox in sandboxes {
        sandbox.stop().await;
    }
    outcome
}

/// Sends the gateway's calls to the sandbox, unless the operator sends them elsewhere.
fn point_at(
    settings: &mut Settings,
    sandbox: &Sandbox,
    (provider, label): (&'static str, &'static str),
    context: Value,
) -> Result<Played, Failure> {
    let vendor = settings.providers.entry(provider.to_owned()).or_default();
    let place = match &vendor.origin {
        Some(origin) => {
            format!("at {origin}, as UNICRM_PROVIDER_{}_ORIGIN says", provider.to_uppercase())
        }
        None => {
            let origin = Url::parse(&sandbox.origin()).map_err(|error| Failure::new(error.to_string()))?;
            vendor.origin = Some(origin);
            vendor.client_id = Some(CLIENT_ID.to_owned());
            vendor.client_secret = Some(CLIENT_SECRET.into());
            vendor.redirect_uri = Some(sandbox.origin());
            format!("played by a sandbox at {}", sandbox.origin())
        }
    };
    Ok(Played { provider, label, place, context })
}

async fn demonstrate(
    settings: &Settings,
    database: &Database,
    server: &Server,
    played: &[Played],
) -> Outcome {
    let environment = database.store.environment_named(DEFAULT_ENVIRONMENT).await?;
    let environment = environment.ok_or_else(|| Failure::new("the database has no default environment"))?;
    let environment = EnvironmentId(environment.id);
    let data_dir = settings.data_dir()?;
    let token = token(&data_dir.join(TOKEN_FILE))?;
    database.store.add_token(environment, "unicrm dev", TokenHash::of(&token)).await?;
    let mut accounts = Vec::new();
    for played in played {
        accounts.push((account(database, server, environment, played).await?, played));
    }
    let url = format!("http://{}", server.address());
    let mut links = String::new();
    for played in played {
        let token = server.connect().link(environment, wish()).await?;
        let label = format!("{}:", played.label);
        links += &format!(
            "  {label:<10} {url}/connect-account?integration={}&link_token={}\n",
            played.provider, *token
        );
    }
    let place = if database.is_embedded() {
        format!("embedded PostgreSQL in {}", data_dir.display())
    } else {
        "DATABASE_URL".to_owned()
    };
    print!("{}", welcome(&url, &token, &accounts, &links, &place));
    std::io::stdout().flush()?;
    Ok(())
}

fn welcome(url: &str, token: &str, accounts: &[(AccountId, &Played)], links: &str, database: &str) -> String {
    let bearer = format!("-H 'Authorization: Bearer {token}'");
    let line = |(account, played): &(AccountId, &Played)| {
        format!("  Account     {account}   (a customer's {}, {})\n", played.label, played.place)
    };
    let lines: String = accounts.iter().map(line).collect();
    let account_query =
        accounts.first().map_or_else(String::new, |(account, _)| format!("integrated_account_id={account}"));
    format!(
        "
unicrm is ready.

  URL         {url}
  API token   {token}
{lines}  Database    {database}
  Reference   {url}/docs

List contacts:

  curl {bearer} '{url}/unified/crm/contacts?{account_query}&limit=2'

Create a contact:

  curl {bearer} -H 'Content-Type: application/json' \\
    -d '{{\"first_name\":\"Ada\",\"last_name\":\"Lovelace\",\"email_addresses\":[{{\"email\":\"ada@example.com\"}}]}}' \\
    '{url}/unified/crm/contacts?{account_query}'

Call Capsule's own API:

  curl {bearer} '{url}/proxy/parties?{account_query}&limit=2'

The same calls work for the other accounts.

Connect another account as a customer would, in a browser (each link works once):

{links}
Any password is right; keys are on the sandboxes' own pages. Ctrl-C stops all of it. Accounts and token are still there the next time;
the sandboxes begin anew.

"
    )
}

/// Somebody's first account.
fn wish() -> Wish {
    Wish {
        whom: Whom::New("another-customer".to_owned()),
        scopes: Vec::new(),
        context: serde_json::Map::new(),
        redirect_uri: None,
        persist_previous_context: false,
        region: None,
        allow_other_tenant: false,
        models: Vec::new(),
    }
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

/// A sandbox's account of the last time, or a new one.
async fn account(
    database: &Database,
    server: &Server,
    environment: EnvironmentId,
    played: &Played,
) -> Result<AccountId, Failure> {
    let filter = AccountFilter {
        tenant_id: Some(TENANT.to_owned()),
        status: Some("active".to_owned()),
        integration: Some(played.provider.to_owned()),
        is_sandbox: None,
    };
    if let Some(found) = database.store.accounts(environment, &filter, None, 1).await?.first() {
        return Ok(AccountId(found.id));
    }
    let switched_on = database.store.environment_integrations(environment).await?;
    let integration = switched_on.iter().find(|row| row.integration_name == played.provider);
    let missing = || format!("{} is not switched on in the default environment", played.label);
    let integration = integration.ok_or_else(|| Failure::new(missing()))?;
    let import = crate::account::Import {
        tenant_id: TENANT.to_owned(),
        environment_integration_id: EnvironmentIntegrationId(integration.id),
        authentication_method: "api_key".to_owned(),
        context: played.context.as_object().cloned().unwrap_or_default(),
        region: None,
    };
    Ok(server.accounts().import(environment, import).await?)
}
