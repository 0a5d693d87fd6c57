//! `/integrated-account/{id}/mcp`: the addresses at which AI agents reach an account's tools.
//!
//! An address is shown once, when it is made. Whoever has it may call what it gives.

use axum::extract::State as Shared;
use axum::response::Response;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{Paging, optional_flag, optional_object, optional_text, parse};
use crate::error::{Error, Result};
use crate::gateway::tools::Selection;
use crate::http::State;
use crate::http::extract::{AdminQuery, Caller, JsonBody, Segments};
use crate::http::reply::{Json, instant};
use crate::ids::{AccountId, McpServerId};
use crate::mcp::ServerChange;
use crate::model::schema::nearest;
use crate::store::mcp::McpServerRow;

const FIELDS: &[&str] = &["name", "config", "expires_at"];
const CONFIG: &[&str] = &["methods", "tags", "require_api_token_auth"];

/// The most names in one list of a config.
const MOST_NAMES: usize = 500;

pub async fn list(
    Shared(state): Shared<State>,
    caller: Caller,
    path: Segments,
    query: AdminQuery,
) -> Result<Response> {
    let [account] = path.take()?;
    let account: AccountId = parse(&account, "integrated account")?;
    let selection = json!({ "account": account });
    let paging = Paging::take(&state, caller.environment, "mcp", &selection, &[], query)?;
    let servers = &state.0.mcp.servers;
    let rows = servers.list(caller.environment, account, paging.after, paging.fetch()).await?;
    paging.answer(&state, rows, |row| row.id, write)
}

pub async fn create(
    Shared(state): Shared<State>,
    caller: Caller,
    path: Segments,
    body: JsonBody,
) -> Result<Json<Value>> {
    let [account] = path.take()?;
    let account: AccountId = parse(&account, "integrated account")?;
    let change = change(body)?;
    let (servers, gateway) = (&state.0.mcp.servers, &state.0.gateway);
    let (row, token) = servers.create(gateway, caller.environment, account, change).await?;
    let mut made = write(&row);
    made["token"] = Value::from(token.as_str());
    made["url"] = Value::from(format!("{}/mcp/{}", state.0.public_url, token.as_str()));
    Ok(Json(made))
}

pub async fn read(Shared(state): Shared<State>, caller: Caller, path: Segments) -> Result<Json<Value>> {
    let (account, id) = ids(path)?;
    let row = state.0.mcp.servers.read(caller.environment, account, id).await?;
    Ok(Json(write(&row)))
}

pub async fn update(
    Shared(state): Shared<State>,
    caller: Caller,
    path: Segments,
    body: JsonBody,
) -> Result<Json<Value>> {
    let (account, id) = ids(path)?;
    let change = change(body)?;
    let (servers, gateway) = (&state.0.mcp.servers, &state.0.gateway);
    let row = servers.change(gateway, caller.environment, account, id, change).await?;
    Ok(Json(write(&row)))
}

pub async fn delete(Shared(state): Shared<State>, caller: Caller, path: Segments) -> Result<Json<Value>> {
    let (account, id) = ids(path)?;
    state.0.mcp.servers.delete(caller.environment, account, id).await?;
    Ok(Json(json!({ "id": id })))
}

fn ids(path: Segments) -> Result<(AccountId, McpServerId)> {
    let [account, id] = path.take()?;
    Ok((parse(&account, "integrated account")?, parse(&id, "MCP server")?))
}

fn change(body: JsonBody) -> Result<ServerChange> {
    let mut body = body.object(FIELDS)?;
    let expires_at = match body.shift_remove("expires_at") {
        None => None,
        Some(Value::Null) => Some(None),
        Some(given) => {
            let read = given.as_str().and_then(|text| OffsetDateTime::parse(text, &Rfc3339).ok());
            let problem = "must be an instant such as 2026-01-31T09:30:00Z, or null";
            Some(Some(read.ok_or_else(|| Error::invalid_field("expires_at", problem))?))
        }
    };
    let config = optional_object(&mut body, "config")?.map(config).transpose()?;
    Ok(ServerChange { name: optional_text(&mut body, "name")?, config, expires_at })
}

fn config(mut given: Map<String, Value>) -> Result<(Selection, bool)> {
    if let Some(name) = given.keys().find(|name| !CONFIG.contains(&name.as_str())) {
        let near = nearest(name, CONFIG.iter().copied());
        let hint = near.map_or_else(|| CONFIG.join(", "), str::to_owned);
        return Err(Error::invalid_field(format!("config.{name}"), format!("is no member; there is {hint}")));
    }
    let selection = Selection { methods: names(&mut given, "methods")?, tags: names(&mut given, "tags")? };
    Ok((selection, optional_flag(&mut given, "require_api_token_auth")?.unwrap_or_default()))
}

fn names(config: &mut Map<String, Value>, member: &str) -> Result<Vec<String>> {
    let wrong = || Error::invalid_field(format!("config.{member}"), "must be a list of names");
    let given = match config.shift_remove(member) {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(given)) if given.len() <= MOST_NAMES => given,
        Some(_) => return Err(wrong()),
    };
    let name = |value: Value| match value {
        Value::String(name) if (1..=200).contains(&name.len()) && !name.contains('\0') => Ok(name),
        _ => Err(wrong()),
    };
    given.into_iter().map(name).collect()
}

fn write(row: &McpServerRow) -> Value {
    json!({
        "id": row.id,
        "name": row.name,
        "config": {
            "methods": row.methods,
            "tags": row.tags,
            "require_api_token_auth": row.require_api_token_auth,
        },
        "environment_id": row.environment_id,
        "integrated_account_id": row.account_id,
        "created_by": null,
        "expires_at": row.expires_at.map(instant),
        "created_at": instant(row.created_at),
        "updated_at": instant(row.updated_at),
    })
}
