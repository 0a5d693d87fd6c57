//! Servers: each reaches the chosen tools of one account, for whoever knows its token.
//!
//! A token is looked up anew for every message, so that one that is revoked or has expired is of no use from that moment
//! on, in every process.

use time::{Duration, OffsetDateTime};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::clock::Clock;
use crate::crypto::{TokenHash, new_mcp_token};
use crate::error::{Error, Kind, Result};
use crate::gateway::Gateway;
use crate::gateway::tools::{Selection, nothing_chosen};
use crate::ids::{AccountId, EnvironmentId, McpServerId};
use crate::store::Store;
use crate::store::mcp::{McpServerContent, McpServerRow};

/// How long a server lives at least: one that is gone before its URL arrives is of no use.
const SHORTEST: Duration = Duration::seconds(60);

/// Expired servers that one step of a sweep deletes.
const SWEEP: i64 = 500;

/// The servers of all environments.
#[derive(Clone)]
pub struct Servers {
    store: Store,
    clock: Clock,
}

/// A server that was found by its token.
#[derive(Debug, Clone)]
pub struct Server {
    /// Its identifier.
    pub id: McpServerId,
    /// The tenant boundary.
    pub environment: EnvironmentId,
    /// The only account whose tools it gives.
    pub account: AccountId,
    /// Which of them.
    pub selection: Selection,
    /// Whether an API token has to be sent too.
    pub require_api_token_auth: bool,
}

/// What a caller sets of a server.
#[derive(Debug, Clone, Default)]
pub struct ServerChange {
    /// What it is called.
    pub name: Option<String>,
    /// Which tools it gives, and whether an API token has to be sent too. Absent: left as it is.
    pub config: Option<(Selection, bool)>,
    /// When it stops working; `Some(None)`: never.
    pub expires_at: Option<Option<OffsetDateTime>>,
}

impl Servers {
    /// The servers of a database.
    pub fn new(store: Store, clock: Clock) -> Self {
        Servers { store, clock }
    }

    /// The server that a token is of.
    pub async fn open(&self, token: &str) -> Result<Server> {
        let hash = TokenHash::of(token);
        let row = self.store.mcp_server_by_hash(hash).await?;
        let row = row.filter(|row| hash.matches(&row.hash)).ok_or_else(refused)?;
        if row.expires_at.is_some_and(|end| end <= self.clock.now()) {
            return Err(refused());
        }
        Ok(Server {
            id: McpServerId(row.id),
            environment: EnvironmentId(row.environment_id),
            account: AccountId(row.account_id),
            selection: Selection { methods: row.methods, tags: row.tags },
            require_api_token_auth: row.require_api_token_auth,
        })
    }

    /// Makes a server for an account, and gives its token, this once.
    pub async fn create(
        &self,
        gateway: &Gateway,
        environment: EnvironmentId,
        account: AccountId,
        change: ServerChange,
    ) -> Result<(McpServerRow, Zeroizing<String>)> {
        let (selection, require_api_token_auth) = change.config.unwrap_or_default();
        self.check(gateway, environment, account, &selection).await?;
        let content = McpServerContent {
            name: change.name.ok_or_else(|| Error::invalid_field("name", "is needed"))?,
            methods: selection.methods,
            tags: selection.tags,
            require_api_token_auth,
            expires_at: self.expiry(change.expires_at)?.flatten(),
        };
        let token = new_mcp_token().map_err(Error::internal)?;
        let hash = TokenHash::of(&token);
        let row = self.store.add_mcp_server(environment, account, hash, content).await?;
        Ok((row.ok_or_else(no_account)?, token))
    }

    /// An account's servers, oldest first, after `after`.
    pub async fn list(
        &self,
        environment: EnvironmentId,
        account: AccountId,
        after: Option<Uuid>,
        limit: i64,
    ) -> Result<Vec<McpServerRow>> {
        self.store.account(environment, account).await?.ok_or_else(no_account)?;
        self.store.mcp_servers(environment, account, self.clock.now(), after, limit).await
    }

    /// One of them.
    pub async fn read(
        &self,
        environment: EnvironmentId,
        account: AccountId,
        id: McpServerId,
    ) -> Result<McpServerRow> {
        let row = self.store.mcp_server(environment, account, id, self.clock.now()).await?;
        row.ok_or_else(missing)
    }

    /// Changes what is given of one.
    pub async fn change(
        &self,
        gateway: &Gateway,
        environment: EnvironmentId,
        account: AccountId,
        id: McpServerId,
        change: ServerChange,
    ) -> Result<McpServerRow> {
        let row = self.read(environment, account, id).await?;
        let expires_at = self.expiry(change.expires_at)?.unwrap_or(row.expires_at);
        let (selection, require_api_token_auth) = match change.config {
            None => (Selection { methods: row.methods, tags: row.tags }, row.require_api_token_auth),
            Some((selection, required)) => {
                self.check(gateway, environment, account, &selection).await?;
                (selection, required)
            }
        };
        let content = McpServerContent {
            name: change.name.unwrap_or(row.name),
            methods: selection.methods,
            tags: selection.tags,
            require_api_token_auth,
            expires_at,
        };
        let row = self.store.change_mcp_server(environment, account, id, content).await?;
        row.ok_or_else(missing)
    }

    /// Deletes one: its token is of no use from now on.
    pub async fn delete(
        &self,
        environment: EnvironmentId,
        account: AccountId,
        id: McpServerId,
    ) -> Result<()> {
        match self.store.delete_mcp_server(environment, account, id).await? {
            true => Ok(()),
            false => Err(missing()),
        }
    }

    /// Deletes every server that has expired.
    pub async fn sweep(&self) -> Result<()> {
        while self.store.sweep_mcp_servers(self.clock.now(), SWEEP).await? > 0 {}
        Ok(())
    }

    /// Refuses a choice that leaves no tool.
    async fn check(
        &self,
        gateway: &Gateway,
        environment: EnvironmentId,
        account: AccountId,
        selection: &Selection,
    ) -> Result<()> {
        let row = self.store.account(environment, account).await?.ok_or_else(no_account)?;
        let provider = gateway.catalog.provider(&row.integration_name)?;
        let overrides = Some(&row.unified_model_override);
        match gateway.tools(environment, provider, overrides, selection).await?.is_empty() {
            false => Ok(()),
            true => Err(nothing_chosen(selection)),
        }
    }

    fn expiry(&self, given: Option<Option<OffsetDateTime>>) -> Result<Option<Option<OffsetDateTime>>> {
        match given {
            Some(Some(end)) if end < self.clock.now() + SHORTEST => {
                let problem = format!("must be {} seconds from now at least", SHORTEST.whole_seconds());
                Err(Error::invalid_field("expires_at", problem))
            }
            given => Ok(given),
        }
    }
}

fn refused() -> Error {
    Error::new(
        Kind::Unauthenticated,
        "There is no MCP server at this address: its token is wrong, has expired or was revoked. POST \
         /integrated-account/{id}/mcp makes another.",
    )
}

fn no_account() -> Error {
    Error::not_found("There is no such integrated account in this environment.")
}

fn missing() -> Error {
    Error::not_found("This account has no such MCP server; it may have expired.")
}
