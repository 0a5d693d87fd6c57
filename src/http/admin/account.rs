//! `/integrated-account`: connected accounts. What is secret of them goes in and never comes out.

use axum::extract::State as Shared;
use axum::response::Response;
use serde_json::{Map, Value, json};

use super::{Paging, optional_object, optional_text, parse, required_text};
use crate::account::{Import, STATUSES, shown};
use crate::error::{Error, Result};
use crate::gateway::overlay::{Place, Target};
use crate::http::State;
use crate::http::extract::{AdminQuery, Caller, JsonBody, Segments};
use crate::http::reply::Json;
use crate::ids::{AccountId, EnvironmentIntegrationId};
use crate::mapping::overrides::lay;
use crate::model::Method;
use crate::store::accounts::{AccountChange, AccountFilter, AccountRow};

const FILTERS: &[&str] = &["tenant_id", "status", "integration.name", "is_sandbox", "environment_id"];

pub async fn list(Shared(state): Shared<State>, caller: Caller, mut query: AdminQuery) -> Result<Response> {
    let status = query.0.take_text("status")?;
    if let Some(status) = status.as_ref().filter(|status| !STATUSES.contains(&status.as_str())) {
        let problem = format!("must be one of {}, not {status:?}", STATUSES.join(", "));
        return Err(Error::invalid_field("status", problem));
    }
    let environment = query.0.take_text("environment_id")?;
    let filter = AccountFilter {
        tenant_id: query.0.take_text("tenant_id")?,
        status,
        integration: query.0.take_text("integration.name")?,
        is_sandbox: match query.0.0.contains_key("is_sandbox") {
            true => Some(query.0.take_flag("is_sandbox")?),
            false => None,
        },
    };
    let selection =
        json!([filter.tenant_id, filter.status, filter.integration, filter.is_sandbox, environment]);
    let paging = Paging::take(&state, caller.environment, "integrated-account", &selection, FILTERS, query)?;
    let rows = match environment {
        Some(other) if other != caller.environment.to_string() => Vec::new(),
        _ => state.0.store.accounts(caller.environment, &filter, paging.after, paging.fetch()).await?,
    };
    paging.answer(&state, rows, |row| row.id, |row| write(&state, row))
}

pub async fn import(Shared(state): Shared<State>, caller: Caller, body: JsonBody) -> Result<Json<Value>> {
    const KNOWN: &[&str] = &[
        "tenant_id",
        "environment_integration_id",
        "context",
        "authentication_method",
        "region",
        "environment_id",
    ];
    let mut body = body.object(KNOWN)?;
    let integration = required_text(&mut body, "environment_integration_id")?;
    let integration: EnvironmentIntegrationId = integration
        .parse()
        .map_err(|_| Error::invalid_field("environment_integration_id", "must be a UUID"))?;
    if optional_text(&mut body, "environment_id")?.is_some_and(|id| id != caller.environment.to_string()) {
        return Err(Error::invalid_field("environment_id", "this token reaches another environment"));
    }
    let import = Import {
        tenant_id: required_text(&mut body, "tenant_id")?,
        environment_integration_id: integration,
        authentication_method: required_text(&mut body, "authentication_method")?,
        context: optional_object(&mut body, "context")?
            .ok_or_else(|| Error::invalid_field("context", "is needed"))?,
        region: optional_text(&mut body, "region")?,
    };
    let id = state.0.gateway.accounts.import(caller.environment, import).await?;
    show(&state, &caller, id).await
}

pub async fn read(Shared(state): Shared<State>, caller: Caller, path: Segments) -> Result<Json<Value>> {
    show(&state, &caller, id(path)?).await
}

pub async fn change(
    Shared(state): Shared<State>,
    caller: Caller,
    path: Segments,
    body: JsonBody,
) -> Result<Json<Value>> {
    let id = id(path)?;
    let mut body =
        body.object(&["tenant_id", "context", "unified_model_override", "integration_override"])?;
    if optional_object(&mut body, "integration_override")?.is_some_and(|overrides| !overrides.is_empty()) {
        let problem = "is not served by this version, so it would have no effect";
        return Err(Error::invalid_field("integration_override", problem));
    }
    let overrides = match optional_object(&mut body, "unified_model_override")? {
        Some(given) => Some(overridden(&state, &caller, id, &Value::Object(given)).await?),
        None => None,
    };
    let change = AccountChange {
        tenant_id: optional_text(&mut body, "tenant_id")?,
        unified_model_override: overrides,
        ..AccountChange::default()
    };
    let context = optional_object(&mut body, "context")?;
    state.0.gateway.accounts.change(caller.environment, id, change, context).await?;
    show(&state, &caller, id).await
}

/// The members of a part of an override, which is an object at every level down to a method's config.
fn members<'v>(field: &str, value: &'v Value) -> Result<&'v Map<String, Value>> {
    let shape = "must be an object: {model: {resource: {method: {…}}}}, or null to take it back";
    value.as_object().ok_or_else(|| Error::invalid_field(field, shape))
}

/// What the account's override comes to with `given` laid over it, if all that it touches can be used.
async fn overridden(state: &State, caller: &Caller, id: AccountId, given: &Value) -> Result<Value> {
    let account = state.0.gateway.accounts.load(caller.environment, id).await?;
    let mut merged = account.row.unified_model_override.clone();
    lay(&mut merged, given);
    let integration = account.row.integration_name.as_str();
    for (model, resources) in members("unified_model_override", &merged)? {
        let field = format!("unified_model_override.{model}");
        for (resource, methods) in members(&field, resources)? {
            let field = format!("{field}.{resource}");
            for (name, config) in members(&field, methods)? {
                let field = format!("{field}.{name}");
                members(&field, config)?;
                let method: Method = name.parse().map_err(|()| {
                    Error::invalid_field(&field, "is not a method: list, get, create, update or delete")
                })?;
                let target = Target { model, resource, integration, method };
                let place = Place::Account;
                state.0.gateway.check_config(caller.environment, &target, place, &field, config).await?;
            }
        }
    }
    Ok(merged)
}

pub async fn credentials(
    Shared(state): Shared<State>,
    caller: Caller,
    path: Segments,
    body: JsonBody,
) -> Result<Json<Value>> {
    let id = id(path)?;
    let mut body = body.object(&["context"])?;
    let context: Map<String, Value> =
        optional_object(&mut body, "context")?.ok_or_else(|| Error::invalid_field("context", "is needed"))?;
    state.0.gateway.accounts.replace_credential(caller.environment, id, context).await?;
    show(&state, &caller, id).await
}

pub async fn delete(Shared(state): Shared<State>, caller: Caller, path: Segments) -> Result<Json<Value>> {
    let id = id(path)?;
    state.0.gateway.accounts.delete(caller.environment, id).await?;
    Ok(Json(json!({ "id": id })))
}

fn id(path: Segments) -> Result<AccountId> {
    let [id] = path.take()?;
    parse(&id, "integrated account")
}

async fn show(state: &State, caller: &Caller, id: AccountId) -> Result<Json<Value>> {
    let row = state.0.store.account(caller.environment, id).await?;
    let row =
        row.ok_or_else(|| Error::not_found("There is no such integrated account in this environment."))?;
    Ok(Json(write(state, &row)))
}

/// An account in the contract's shape, without its secrets.
pub(super) fn write(state: &State, row: &AccountRow) -> Value {
    shown(&state.0.gateway.catalog, row)
}
