//! `/log`: what has happened, oldest first.

use axum::extract::State as Shared;
use axum::response::Response;
use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use super::Paging;
use crate::account::events::Event;
use crate::error::{Error, Result};
use crate::http::State;
use crate::http::extract::{AdminQuery, Caller};
use crate::http::reply::instant;
use crate::store::events::EventFilter;

const FILTERS: &[&str] = &["log_type", "integrated_account_id", "created_at"];

/// The longest span between `created_at[gt]` and `created_at[lt]`.
const LONGEST_SPAN: Duration = Duration::days(31);

pub async fn list(Shared(state): Shared<State>, caller: Caller, mut query: AdminQuery) -> Result<Response> {
    match query.0.take_text("log_type")?.as_deref() {
        Some("webhook") => {}
        Some(other) => {
            return Err(Error::invalid_field("log_type", format!("must be webhook: {other:?} isn't kept")));
        }
        None => return Err(Error::invalid_field("log_type", "is needed: webhook")),
    }
    let account = query.0.take_text("integrated_account_id")?;
    let account = account.map(|id| id.parse()).transpose();
    let account = account.map_err(|_| Error::invalid_field("integrated_account_id", "must be a UUID"))?;
    let (after, before) = span(&mut query)?;
    let selection =
        json!([account.map(|id: crate::ids::AccountId| id.0), after.map(instant), before.map(instant)]);
    let filter = EventFilter { account, after, before };
    let paging = Paging::take_up_to(&state, caller.environment, "log", &selection, FILTERS, (query, 100))?;
    let events =
        state.0.gateway.events.list(caller.environment, filter, paging.after, paging.fetch()).await?;
    paging.answer(&state, events, |event| event.id, |event| write(caller, event))
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
