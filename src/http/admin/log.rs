//! `/log`: what has happened, oldest first: what providers told of their own accord (`webhook`), and what became of calls
//! (`unified_proxy_api`).

use axum::extract::State as Shared;
use axum::response::Response;
use serde_json::{Map, Value, json};
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use super::Paging;
use crate::error::{Error, Result};
use crate::gateway::events::Event;
use crate::http::State;
use crate::http::extract::{AdminQuery, Caller};
use crate::http::reply::instant;
use crate::store::calls::CallRow;
use crate::store::events::EventFilter;

const FILTERS: &[&str] = &["log_type", "integrated_account_id", "created_at", "log_type_filter"];

/// What calls can be filtered by.
const OF_CALLS: &[&str] = &[
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
];

/// The longest span between `created_at[gt]` and `created_at[lt]`.
const LONGEST_SPAN: Duration = Duration::days(31);

pub async fn list(Shared(state): Shared<State>, caller: Caller, mut query: AdminQuery) -> Result<Response> {
    let known = "webhook or unified_proxy_api";
    let of_calls = match query.0.take_text("log_type")?.as_deref() {
        Some("webhook") => false,
        Some("unified_proxy_api") => true,
        Some(other) => {
            return Err(Error::invalid_field("log_type", format!("must be {known}: {other:?} isn't kept")));
        }
        None => return Err(Error::invalid_field("log_type", format!("is needed: {known}"))),
    };
    let matching = matching(&mut query, if of_calls { OF_CALLS } else { &[] })?;
    let account = query.0.take_text("integrated_account_id")?;
    let account = account.map(|id| id.parse()).transpose();
    let account = account.map_err(|_| Error::invalid_field("integrated_account_id", "must be a UUID"))?;
    let (after, before) = span(&mut query)?;
    let selection = json!([
        account.map(|id: crate::ids::AccountId| id.0),
        after.map(instant),
        before.map(instant),
        matching
    ]);
    let filter = EventFilter { account, after, before };
    let (environment, gateway) = (caller.environment, &state.0.gateway);
    let name = if of_calls { "log of calls" } else { "log" };
    let paging = Paging::take_up_to(&state, environment, name, &selection, FILTERS, (query, 100))?;
    if of_calls {
        let calls = gateway.calls.list(environment, filter, &matching, paging.after, paging.fetch()).await?;
        return paging.answer(&state, calls, |call| call.id, write_call);
    }
    let events = gateway.events.list(environment, filter, paging.after, paging.fetch()).await?;
    paging.answer(&state, events, |event| event.id, |event| write(caller, event))
}

/// What `log_type_filter` asks for, each member as a text.
fn matching(query: &mut AdminQuery, known: &[&str]) -> Result<Map<String, Value>> {
    let asked = query.0.take_object("log_type_filter")?;
    let mut matching = Map::new();
    for (name, value) in asked {
        let field = format!("log_type_filter[{name}]");
        if !known.contains(&name.as_str()) {
            let problem = match known {
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

fn write_call(call: &CallRow) -> Value {
    let mut entry = json!({ "id": call.id, "log_type": "unified_proxy_api" });
    if let (Value::Object(entry), Value::Object(told)) = (&mut entry, &call.entry) {
        entry.extend(told.clone());
    }
    entry["created_at"] = instant(call.created_at);
    entry
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
