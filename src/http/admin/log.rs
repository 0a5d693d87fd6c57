//! `/log`: what has happened, oldest first: what providers told of their own accord (`webhook`), what became of calls
//! (`unified_proxy_api`), and what AI agents asked (`mcp`).

use axum::extract::State as Shared;
use axum::response::Response;
use serde_json::{Map, Value, json};
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use super::Paging;
use crate::account::events::Event;
use crate::error::{Error, Result};
use crate::http::State;
use crate::http::extract::{AdminQuery, Caller};
use crate::http::reply::instant;
use crate::ids::McpServerId;
use crate::store::calls::CallRow;
use crate::store::events::EventFilter;
use crate::store::mcp::McpCallRow;

const FILTERS: &[&str] = &["log_type", "integrated_account_id", "created_at", "log_type_filter"];

/// The longest span between `created_at[gt]` and `created_at[lt]`.
const LONGEST_SPAN: Duration = Duration::days(31);

/// The largest page.
const PAGE: u32 = 100;

/// What kind of entries.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Webhook,
    Calls,
    Mcp,
}

impl Kind {
    fn read(name: Option<&str>) -> Result<Kind> {
        let known = "webhook, unified_proxy_api or mcp";
        match name {
            Some("webhook") => Ok(Kind::Webhook),
            Some("unified_proxy_api") => Ok(Kind::Calls),
            Some("mcp") => Ok(Kind::Mcp),
            Some(other) => {
                Err(Error::invalid_field("log_type", format!("must be {known}: {other:?} isn't kept")))
            }
            None => Err(Error::invalid_field("log_type", format!("is needed: {known}"))),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Kind::Webhook => "webhook",
            Kind::Calls => "unified_proxy_api",
            Kind::Mcp => "mcp",
        }
    }

    /// What its entries can be filtered by.
    fn filters(self) -> &'static [&'static str] {
        match self {
            Kind::Webhook => &[],
            Kind::Calls => &[
                "tenant_id",
                "integrated_account_id",
                "integration",
                "request_type",
                "resource",
                "method",
                "http_method",
                "http_status_code",
                "http_status_category",
                "integrated_account_needs_reauth",
            ],
            Kind::Mcp => &["mcp_server_id"],
        }
    }
}

pub async fn list(Shared(state): Shared<State>, caller: Caller, mut query: AdminQuery) -> Result<Response> {
    let kind = Kind::read(query.0.take_text("log_type")?.as_deref())?;
    let matching = matching(&mut query, kind)?;
    let account = query.0.take_text("integrated_account_id")?;
    let account = account.map(|id| id.parse()).transpose();
    let account = account.map_err(|_| Error::invalid_field("integrated_account_id", "must be a UUID"))?;
    let (after, before) = span(&mut query)?;
    let filter = EventFilter { account, after, before };
    let selection = json!([account.map(|id| id.0), after.map(instant), before.map(instant), matching]);
    let (environment, gateway) = (caller.environment, &state.0.gateway);
    let name = format!("log {}", kind.name());
    let paging = Paging::take_up_to(&state, environment, &name, &selection, FILTERS, (query, PAGE))?;
    match kind {
        Kind::Webhook => {
            let events = gateway.events.list(environment, filter, paging.after, paging.fetch()).await?;
            paging.answer(&state, events, |event| event.id, |event| write(caller, event))
        }
        Kind::Calls => {
            let calls =
                gateway.calls.list(environment, filter, &matching, paging.after, paging.fetch()).await?;
            paging.answer(&state, calls, |call| call.id, write_call)
        }
        Kind::Mcp => {
            let server = server(&matching)?;
            let log = &state.0.mcp.log;
            let rows = log.list(environment, filter, server, paging.after, paging.fetch()).await?;
            paging.answer(&state, rows, |row| row.id, |row| asked(caller, row))
        }
    }
}

/// What `log_type_filter` asks for, each member as a text.
fn matching(query: &mut AdminQuery, kind: Kind) -> Result<Map<String, Value>> {
    let asked = query.0.take_object("log_type_filter")?;
    let mut matching = Map::new();
    for (name, value) in asked {
        let field = format!("log_type_filter[{name}]");
        if !kind.filters().contains(&name.as_str()) {
            let problem = match kind.filters() {
                [] => "has no meaning for this log_type".to_owned(),
                known => format!("is no filter; there are: {}", known.join(", ")),
            };
            return Err(Error::invalid_field(field, problem));
        }
        match value {
            Value::String(text) if text.is_empty() => {}
            Value::String(_) => drop(matching.insert(name, value)),
            _ => return Err(Error::invalid_field(field, "must be a single value")),
        }
    }
    Ok(matching)
}

/// The MCP server that is asked for, if one is.
fn server(matching: &Map<String, Value>) -> Result<Option<McpServerId>> {
    let asked = matching.get("mcp_server_id").and_then(Value::as_str);
    let wrong = |_| Error::invalid_field("log_type_filter[mcp_server_id]", "must be a UUID");
    asked.map(str::parse).transpose().map_err(wrong)
}

fn write_call(call: &CallRow) -> Value {
    let mut entry = json!({ "id": call.id, "log_type": "unified_proxy_api" });
    if let (Value::Object(entry), Value::Object(told)) = (&mut entry, &call.entry) {
        entry.extend(told.clone());
    }
    entry["created_at"] = instant(call.created_at);
    entry
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
    // What a CRM told has no envelope of its own.
    let payload = event.content.get("payload").unwrap_or(&event.content);
    json!({
        "id": event.id,
        "log_type": "webhook",
        "event": name,
        "event_type": name,
        "environment_id": caller.environment,
        "integrated_account_id": event.account,
        "payload": payload,
        "timestamp": instant(event.created_at),
        "created_at": instant(event.created_at),
    })
}
