//! What was asked of servers, kept for a week: who asked for what and how it went, without arguments or answers, which
//! are customers' data.

use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::Server;
use crate::clock::Clock;
use crate::error::Result;
use crate::ids::{EnvironmentId, EventId, McpServerId};
use crate::store::Store;
use crate::store::events::EventFilter;
use crate::store::mcp::McpCallRow;

/// How long an entry is kept.
const KEPT: Duration = Duration::days(7);

/// Old entries that one step of a sweep deletes.
const SWEEP: i64 = 500;

/// The longest text of an entry, in characters.
const LONGEST: usize = 200;

/// What a client calls itself. Nobody vouches for it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Client {
    /// Its name.
    pub name: Option<String>,
    /// Its version.
    pub version: Option<String>,
}

/// One message, answered.
#[derive(Debug, Clone)]
pub struct Call {
    /// What was asked: `tools/call`.
    pub method: String,
    /// Of which tool.
    pub tool: Option<String>,
    /// By whom.
    pub client: Client,
    /// The status that the answer would have had over HTTP.
    pub status: u16,
    /// What went wrong, if something did.
    pub message: Option<String>,
    /// How long it took.
    pub millis: f64,
}

/// What was asked of all servers.
#[derive(Clone)]
pub struct Log {
    store: Store,
    clock: Clock,
}

impl Log {
    /// The log of a database.
    pub fn new(store: Store, clock: Clock) -> Self {
        Log { store, clock }
    }

    /// Keeps what was asked of a server. An answer doesn't fail for want of its entry.
    pub async fn add(&self, server: &Server, call: Call) {
        let cut = |text: String| text.chars().filter(|letter| !letter.is_control()).take(LONGEST).collect();
        let row = McpCallRow {
            id: EventId::new().0,
            account_id: server.account.0,
            mcp_server_id: server.id.0,
            method: cut(call.method),
            tool_name: call.tool.map(cut),
            client_name: call.client.name.map(cut),
            client_version: call.client.version.map(cut),
            status: i16::try_from(call.status).unwrap_or(i16::MAX),
            message: call.message.map(cut),
            millis: call.millis,
            created_at: self.clock.now(),
        };
        if let Err(error) = self.store.add_mcp_call(server.environment, row).await {
            tracing::error!(%error, detail = error.details(), "what was asked of an MCP server could not be kept");
        }
    }

    /// What was asked in an environment, oldest first, after `after`.
    pub async fn list(
        &self,
        environment: EnvironmentId,
        filter: EventFilter,
        server: Option<McpServerId>,
        after: Option<Uuid>,
        limit: i64,
    ) -> Result<Vec<McpCallRow>> {
        self.store.mcp_calls(environment, filter, server, after, limit).await
    }

    /// Deletes every entry that has been kept long enough.
    pub async fn sweep(&self) -> Result<()> {
        let before: OffsetDateTime = self.clock.now() - KEPT;
        while self.store.sweep_mcp_calls(before, SWEEP).await? > 0 {}
        Ok(())
    }
}
