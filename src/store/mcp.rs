//! Servers that AI agents reach accounts by, and what was asked of them.

use sqlx::FromRow;
use time::OffsetDateTime;
use uuid::Uuid;

use super::Store;
use super::events::EventFilter;
use crate::crypto::TokenHash;
use crate::error::Result;
use crate::ids::{AccountId, EnvironmentId, McpServerId};

/// A server without its secret.
#[derive(Debug, Clone, FromRow)]
pub struct McpServerRow {
    /// Its identifier.
    pub id: Uuid,
    /// The tenant boundary.
    pub environment_id: Uuid,
    /// The only account whose tools it gives.
    pub account_id: Uuid,
    /// What its maker calls it.
    pub name: String,
    /// Which methods it gives; empty: any.
    pub methods: Vec<String>,
    /// Which tags its tools have; empty: those of the vendor's own operations.
    pub tags: Vec<String>,
    /// Whether an API token has to be sent too.
    pub require_api_token_auth: bool,
    /// When it stops working.
    pub expires_at: Option<OffsetDateTime>,
    /// When it was made.
    pub created_at: OffsetDateTime,
    /// When it last changed.
    pub updated_at: OffsetDateTime,
    /// The hash of its token.
    pub hash: Vec<u8>,
}

/// A server that is to be, or what a change sets of one.
#[derive(Debug, Clone)]
pub struct McpServerContent {
    /// What its maker calls it.
    pub name: String,
    /// Which methods it gives.
    pub methods: Vec<String>,
    /// Which tags its tools have.
    pub tags: Vec<String>,
    /// Whether an API token has to be sent too.
    pub require_api_token_auth: bool,
    /// When it stops working.
    pub expires_at: Option<OffsetDateTime>,
}

/// One message to a server, as it is kept.
#[derive(Debug, Clone, FromRow)]
pub struct McpCallRow {
    /// Its identifier; they sort by time.
    pub id: Uuid,
    /// The account.
    pub account_id: Uuid,
    /// The server.
    pub mcp_server_id: Uuid,
    /// What was asked: `tools/call`.
    pub method: String,
    /// Of which tool.
    pub tool_name: Option<String>,
    /// What the client calls itself.
    pub client_name: Option<String>,
    /// Its version.
    pub client_version: Option<String>,
    /// The status that the answer would have had over HTTP.
    pub status: i16,
    /// What went wrong, if something did.
    pub message: Option<String>,
    /// How long it took.
    pub millis: f64,
    /// When it was answered.
    pub created_at: OffsetDateTime,
}

impl Store {
    /// Adds a server to an account. `None` if the environment has no such account.
    pub async fn add_mcp_server(
        &self,
        environment: EnvironmentId,
        account: AccountId,
        hash: TokenHash,
        content: McpServerContent,
    ) -> Result<Option<McpServerRow>> {
        let row = sqlx::query_as(
            "INSERT INTO mcp_server (id, environment_id, account_id, name, hash, methods, tags, \
             require_api_token_auth, expires_at) SELECT $3, environment_id, id, $4, $5, $6, $7, $8, $9 \
             FROM integrated_account WHERE environment_id = $1 AND id = $2 RETURNING *",
        )
        .bind(environment.0)
        .bind(account.0)
        .bind(McpServerId::new().0)
        .bind(content.name)
        .bind(hash.0.as_slice())
        .bind(content.methods)
        .bind(content.tags)
        .bind(content.require_api_token_auth)
        .bind(content.expires_at);
        Ok(row.fetch_optional(&self.pool).await?)
    }

    /// The server with this token's hash, in whichever environment: it is what tells the environment.
    pub async fn mcp_server_by_hash(&self, hash: TokenHash) -> Result<Option<McpServerRow>> {
        let row = sqlx::query_as("SELECT * FROM mcp_server WHERE hash = $1").bind(hash.0.as_slice());
        Ok(row.fetch_optional(&self.pool).await?)
    }

    /// An account's servers that work at `now`, oldest first, after `after`.
    pub async fn mcp_servers(
        &self,
        environment: EnvironmentId,
        account: AccountId,
        now: OffsetDateTime,
        after: Option<Uuid>,
        limit: i64,
    ) -> Result<Vec<McpServerRow>> {
        let rows = sqlx::query_as(
            "SELECT * FROM mcp_server WHERE environment_id = $1 AND account_id = $2 \
             AND (expires_at IS NULL OR expires_at > $3) AND ($4::uuid IS NULL OR id > $4) ORDER BY id LIMIT $5",
        );
        let rows = rows.bind(environment.0).bind(account.0).bind(now).bind(after).bind(limit);
        Ok(rows.fetch_all(&self.pool).await?)
    }

    /// One of them.
    pub async fn mcp_server(
        &self,
        environment: EnvironmentId,
        account: AccountId,
        id: McpServerId,
        now: OffsetDateTime,
    ) -> Result<Option<McpServerRow>> {
        let row = sqlx::query_as(
            "SELECT * FROM mcp_server WHERE environment_id = $1 AND account_id = $2 AND id = $3 \
             AND (expires_at IS NULL OR expires_at > $4)",
        );
        let row = row.bind(environment.0).bind(account.0).bind(id.0).bind(now);
        Ok(row.fetch_optional(&self.pool).await?)
    }

    /// Changes a server to what it is to be.
    pub async fn change_mcp_server(
        &self,
        environment: EnvironmentId,
        account: AccountId,
        id: McpServerId,
        content: McpServerContent,
    ) -> Result<Option<McpServerRow>> {
        let row = sqlx::query_as(
            "UPDATE mcp_server SET name = $4, methods = $5, tags = $6, require_api_token_auth = $7, expires_at = $8, \
             updated_at = now() WHERE environment_id = $1 AND account_id = $2 AND id = $3 RETURNING *",
        )
        .bind(environment.0)
        .bind(account.0)
        .bind(id.0)
        .bind(content.name)
        .bind(content.methods)
        .bind(content.tags)
        .bind(content.require_api_token_auth)
        .bind(content.expires_at);
        Ok(row.fetch_optional(&self.pool).await?)
    }

    /// Deletes a server. `false` if there is none.
    pub async fn delete_mcp_server(
        &self,
        environment: EnvironmentId,
        account: AccountId,
        id: McpServerId,
    ) -> Result<bool> {
        let gone =
            sqlx::query("DELETE FROM mcp_server WHERE environment_id = $1 AND account_id = $2 AND id = $3");
        let gone = gone.bind(environment.0).bind(account.0).bind(id.0).execute(&self.pool).await?;
        Ok(gone.rows_affected() > 0)
    }

    /// Deletes some servers of any environment that have expired by `now`. Tells how many.
    pub async fn sweep_mcp_servers(&self, now: OffsetDateTime, limit: i64) -> Result<u64> {
        let gone = sqlx::query(
            "DELETE FROM mcp_server s USING (SELECT id FROM mcp_server WHERE expires_at <= $1 ORDER BY expires_at \
             LIMIT $2 FOR UPDATE SKIP LOCKED) old WHERE s.id = old.id",
        );
        Ok(gone.bind(now).bind(limit).execute(&self.pool).await?.rows_affected())
    }

    /// Keeps what was asked of a server. Nothing, if its account has gone meanwhile.
    pub async fn add_mcp_call(&self, environment: EnvironmentId, call: McpCallRow) -> Result<()> {
        sqlx::query(
            "INSERT INTO mcp_call (environment_id, id, account_id, mcp_server_id, method, tool_name, client_name, \
             client_version, status, message, millis, created_at) \
             SELECT $1, $2, a.id, $4, $5, $6, $7, $8, $9, $10, $11, $12 FROM integrated_account a \
             WHERE a.environment_id = $1 AND a.id = $3",
        )
        .bind(environment.0)
        .bind(call.id)
        .bind(call.account_id)
        .bind(call.mcp_server_id)
        .bind(call.method)
        .bind(call.tool_name)
        .bind(call.client_name)
        .bind(call.client_version)
        .bind(call.status)
        .bind(call.message)
        .bind(call.millis)
        .bind(call.created_at)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// What was asked of an environment's servers, oldest first, after `after`.
    pub async fn mcp_calls(
        &self,
        environment: EnvironmentId,
        filter: EventFilter,
        server: Option<McpServerId>,
        after: Option<Uuid>,
        limit: i64,
    ) -> Result<Vec<McpCallRow>> {
        let rows = sqlx::query_as(
            "SELECT id, account_id, mcp_server_id, method, tool_name, client_name, client_version, status, message, \
             millis, created_at FROM mcp_call WHERE environment_id = $1 AND ($2::uuid IS NULL OR account_id = $2) \
             AND ($3::timestamptz IS NULL OR created_at > $3) AND ($4::timestamptz IS NULL OR created_at < $4) \
             AND ($5::uuid IS NULL OR mcp_server_id = $5) AND ($6::uuid IS NULL OR id > $6) ORDER BY id LIMIT $7",
        );
        let rows = rows.bind(environment.0).bind(filter.account.map(|account| account.0)).bind(filter.after);
        let rows = rows.bind(filter.before).bind(server.map(|server| server.0)).bind(after).bind(limit);
        Ok(rows.fetch_all(&self.pool).await?)
    }

    /// Deletes some of what was asked before `before`, of any environment. Tells how many.
    pub async fn sweep_mcp_calls(&self, before: OffsetDateTime, limit: i64) -> Result<u64> {
        let gone = sqlx::query(
            "DELETE FROM mcp_call c USING (SELECT id FROM mcp_call WHERE created_at < $1 ORDER BY created_at LIMIT $2 \
             FOR UPDATE SKIP LOCKED) old WHERE c.id = old.id",
        );
        Ok(gone.bind(before).bind(limit).execute(&self.pool).await?.rows_affected())
    }
}
