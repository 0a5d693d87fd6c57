//! `/log`: what has happened, oldest first.

use axum::extract::State as Shared;
use axum::response::Response;
use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use super::Paging;
use crate::error::{Error, Result};
use crate::gateway::events::Event;
use crate::http::State;
use crate::http::extract::{AdminQuery, Caller};
use crate::http::reply::instant;
use crate::ids::McpServerId;
use crate::store::events::EventFilter;
use crate::store::mcp::McpCallRow;

const FILTERS: &[&str] = &["log_type", "integrated_account_id", "created_at", "log_type_filter"];

/// The longest span between `created_at[gt]` and `created_at[lt]`.
const LONGEST_SPAN: Duration = Duration::days(31);

/// The largest page.
const PAGE: u32 = 100;

pub async fn list(Shared(state): Shared<State>, caller: Caller, mut query: AdminQuery) -> Result<Response> {
    let kind = query.0.take_text("log_type")?;
    let account = query.0.take_text("integrated_account_id")?;
    let account = account.map(|id| id.parse()).transpose();
    let account = account.map_err(|_| Error::invalid_field("integrated_account_id", "must be a UUID"))?;
    let (after, before) = span(&mut query)?;
    let filter = EventFilter { account, after, before };
    match kind.as_deref() {
        Some("webhook") => events(&state, caller, filter, query).await,
        Some("mcp") => calls(&state, caller, filter, query).await,
        Some(other) => {
            Err(Error::invalid_field("log_type", format!("must be webhook or mcp: {other:?} isn't kept")))
        }
        None => Err(Error::invalid_field("log_type", "is needed: webhook or mcp")),
    }
}

async fn events(state: &State, caller: Caller, filter: EventFilter, query: AdminQuery) -> Result<Response> {
    let selection = selection(&filter);
    let paging = Paging::take_up_to(state, caller.environment, "log", &selection, FILTERS, (query, PAGE))?;
    let events =
        state.0.gateway.events.list(caller.environment, filter, paging.after, paging.fetch()).await?;
    paging.answer(state, events, |event| event.id, |event| write(caller, event))
}

/// What AI agents asked of MCP servers.
async fn calls(
    state: &State,
    caller: Caller,
    filter: EventFilter,
    mut query: AdminQuery,
) -> Result<Response> {
    let mut wanted = query.0.take_object("log_type_filter")?;
    let server = match wanted.shift_remove("mcp_server_id") {
        None => None,
        Some(id) => {
            let id = id.as_str().and_then(|id| id.parse::<McpServerId>().ok());
            let field = "log_type_filter[mcp_server_id]";
            Some(id.ok_or_else(|| Error::invalid_field(field, "must be a UUID"))?)
        }
    };
    if let Some(name) = wanted.keys().next() {
        let field = format!("log_type_filter[{name}]");
        return Err(Error::invalid_field(field, "is no filter of this log; there is mcp_server_id"));
    }
    let selection = json!([selection(&filter), server]);
    let paging =
        Paging::take_up_to(state, caller.environment, "log mcp", &selection, FILTERS, (query, PAGE))?;
    let log = &state.0.mcp.log;
    let rows = log.list(caller.environment, filter, server, paging.after, paging.fetch()).await?;
    paging.answer(state, rows, |row| row.id, |row| asked(caller, row))
}

fn selection(filter: &EventFilter) -> Value {
    json!([filter.account.map(|id| id.0), filter.after.map(instant), filter.before.map(instant)])
}

fn asked(caller: Caller, row: &McpCallRow) -> Value {
    json!({
        "id": row.id,
        "log_type": "mcp",
        "environment_id": caller.environment,
        "integrated_account_id": row.account_id,
        "mcp_server_id": row.mcp_server_id,
        "mcp_method": row.method,
        "tool_name": row.tool_name,
        "client_name": row.client_name,
        "client_version": row.client_version,
        "http_status_code": row.status,
        "duration": row.millis,
        "message": row.message,
        "timestamp": instant(row.created_at),
        "created_at": instant(row.created_at),
    })
}

fn span(query: &mut AdminQuery) -> Result<(Option<OffsetDateTime>, Option<OffsetDateTime>)> {
    let mut bounds = query.0.take_object("created_at")?;
    let mut bound = |name: &str| match bounds.shift_remove(name) {
        None => Ok(None),
        Some(Value::String(text)) if text.is_empty() => Ok(None),
        Some(value) => {
            let text = value.as_str().unwrap_or_default();
            let read = OffsetDateTime::parse(text, &Rfc3339).map(Some);
            let field = format!("created_at[{name}]");
            read.map_err(|_| Error::invalid_field(field, "must be an instant such as 2026-01-31T09:30:00Z"))
        }
    };
    let (after, before) = (bound("gt")?, bound("lt")?);
    if let Some(name) = bounds.keys().next() {
        return Err(Error::invalid_field(format!("created_at[{name}]"), "is no bound; there are gt and lt"));
    }
    match (after, before) {
        (Some(_), None) => Err(Error::invalid_field("created_at[lt]", "is needed beside created_at[gt]")),
        (Some(after), Some(before)) if before - after > LONGEST_SPAN => {
            Err(Error::invalid_field("created_at[lt]", "must be within 31 days of created_at[gt]"))
        }
        span => Ok(span),
    }
}

fn write(caller: Caller, event: &Event) -> Value {
    let name = &event.content["event"];
    json!({
        "id": event.id,
        "log_type": "webhook",
        "event": name,
        "event_type": name,
        "environment_id": caller.environment,
        "integrated_account_id": event.account,
        "payload": event.content,
        "timestamp": instant(event.created_at),
        "created_at": instant(event.created_at),
    })
}
