//! `/integrated-account-webhook/{id}`: where vendors send what changes, and `/integrated-account/{id}/inbound-webhook`,
//! which tells the address.
//!
//! Whoever calls the first has no API token; the address's own token is what they know. It stands in the query, since
//! vendors that sign nothing let nothing else be set; the log has no queries.

use axum::extract::{RawQuery, State as Shared};
use axum::http::HeaderMap;
use serde_json::{Map, Value, json};

use super::State;
use super::admin::parse;
use super::extract::{Caller, RawBody, Segments};
use super::reply::Json;
use crate::error::{Error, Kind, Result};
use crate::gateway::inbound::Delivery;
use crate::ids::AccountId;
use crate::model::Query;

/// `GET /integrated-account/{id}/inbound-webhook`.
pub async fn address(Shared(state): Shared<State>, caller: Caller, path: Segments) -> Result<Json<Value>> {
    let [id] = path.take()?;
    let id: AccountId = parse(&id, "integrated account")?;
    let account = state.0.gateway.accounts.load(caller.environment, id).await?;
    let manifest = &account.provider.manifest;
    let Some(webhooks) = &manifest.webhooks else {
        let message = format!("{} sends nothing of its own accord when records change.", manifest.label);
        return Err(Error::new(Kind::Unsupported, message));
    };
    let token = state.0.gateway.inbound_token(caller.environment, id)?;
    let url = format!("{}/integrated-account-webhook/{id}?token={token}", state.0.public_url);
    Ok(Json(json!({ "url": url, "setup": webhooks.setup })))
}

/// `POST /integrated-account-webhook/{id}`.
pub async fn receive(
    Shared(state): Shared<State>,
    path: Segments,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    RawBody(body): RawBody,
) -> Result<Json<Value>> {
    let [id] = path.take()?;
    let mut query = Query::parse(&query.unwrap_or_default())?;
    let token = query.take_text("token")?.unwrap_or_default();
    let id: AccountId = id.parse().map_err(|_| Error::not_found("There is no such address."))?;
    let account = state.0.gateway.addressee(id, &token).await?;
    let body = serde_json::from_slice(&body).map_err(|_| Error::invalid("The body is not JSON."))?;
    let headers: Map<String, Value> = headers
        .iter()
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), Value::from(value.to_str().ok()?))))
        .collect();
    let delivery = Delivery { body, headers: headers.into(), query: query.0 };
    let events = state.0.gateway.receive(&account, delivery).await?;
    Ok(Json(json!({ "success": true, "events": events })))
}
