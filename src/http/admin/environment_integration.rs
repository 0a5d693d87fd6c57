//! `/environment-integration`: which providers are switched on in the caller's environment.

use axum::extract::State as Shared;
use axum::response::Response;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{optional_flag, optional_object, parse, required_text, whole};
use crate::error::{Error, Result};
use crate::http::State;
use crate::http::extract::{AdminQuery, Caller, JsonBody, Segments};
use crate::http::reply::{Json, instant};
use crate::ids::EnvironmentIntegrationId;
use crate::store::environments::{EnvironmentIntegrationChange, EnvironmentIntegrationRow};

const FILTERS: &[&str] =
    &["integration_id", "integration.name", "integration.category", "is_enabled", "show_in_catalog"];

pub async fn list(Shared(state): Shared<State>, caller: Caller, mut query: AdminQuery) -> Result<Response> {
    let id = query.0.take_text("integration_id")?;
    let name = query.0.take_text("integration.name")?;
    let category = query.0.take_text("integration.category")?;
    let is_enabled = query.0.take_text("is_enabled")?;
    let in_catalog = query.0.take_text("show_in_catalog")?;
    let rows = state.0.store.environment_integrations(caller.environment).await?;
    let fits = |wanted: &Option<String>, value: &str| wanted.as_ref().is_none_or(|wanted| wanted == value);
    let mut found = Vec::new();
    for row in &rows {
        let manifest = &state.0.gateway.catalog.provider(&row.integration_name)?.manifest;
        if fits(&id, &row.integration_id.to_string())
            && fits(&name, &row.integration_name)
            && fits(&category, &manifest.category)
            && fits(&is_enabled, &row.is_enabled.to_string())
            && fits(&in_catalog, &row.show_in_catalog.to_string())
        {
            found.push(write(&state, row)?);
        }
    }
    whole(query, FILTERS, found)
}

pub async fn read(Shared(state): Shared<State>, caller: Caller, path: Segments) -> Result<Json<Value>> {
    let row = state.0.store.environment_integration(caller.environment, id(path)?).await?;
    Ok(Json(write(&state, &row.ok_or_else(missing)?)?))
}

pub async fn create(Shared(state): Shared<State>, caller: Caller, body: JsonBody) -> Result<Json<Value>> {
    let mut body = body.object(&["integration_id", "is_enabled", "show_in_catalog", "override"])?;
    let integration = required_text(&mut body, "integration_id")?;
    let unknown =
        || Error::invalid_field("integration_id", "names no integration; GET /integration lists them");
    let integration: Uuid = integration.parse().map_err(|_| unknown())?;
    let row = state.0.store.switch_on(caller.environment, integration, wanted(&mut body)?).await?;
    Ok(Json(write(&state, &row.ok_or_else(unknown)?)?))
}

pub async fn change(
    Shared(state): Shared<State>,
    caller: Caller,
    path: Segments,
    body: JsonBody,
) -> Result<Json<Value>> {
    let id = id(path)?;
    let mut body = body.object(&["is_enabled", "show_in_catalog", "override"])?;
    let row =
        state.0.store.change_environment_integration(caller.environment, id, wanted(&mut body)?).await?;
    Ok(Json(write(&state, &row.ok_or_else(missing)?)?))
}

pub async fn delete(Shared(state): Shared<State>, caller: Caller, path: Segments) -> Result<Json<Value>> {
    let id = id(path)?;
    if !state.0.store.switch_off(caller.environment, id).await? {
        return Err(missing());
    }
    Ok(Json(json!({ "id": id })))
}

fn wanted(body: &mut Map<String, Value>) -> Result<EnvironmentIntegrationChange> {
    let overrides = optional_object(body, "override")?;
    if overrides.as_ref().is_some_and(|overrides| !overrides.is_empty()) {
        return Err(Error::invalid_field(
            "override",
            "is not served by this version, so it would have no effect",
        ));
    }
    Ok(EnvironmentIntegrationChange {
        is_enabled: optional_flag(body, "is_enabled")?,
        show_in_catalog: optional_flag(body, "show_in_catalog")?,
        overrides: overrides.map(Value::Object),
    })
}

fn id(path: Segments) -> Result<EnvironmentIntegrationId> {
    let [id] = path.take()?;
    parse(&id, "environment integration")
}

fn missing() -> Error {
    Error::not_found("There is no such environment integration in this environment.")
}

fn write(state: &State, row: &EnvironmentIntegrationRow) -> Result<Value> {
    let manifest = &state.0.gateway.catalog.provider(&row.integration_name)?.manifest;
    Ok(json!({
        "id": row.id,
        "integration_id": row.integration_id,
        "environment_id": row.environment_id,
        "is_enabled": row.is_enabled,
        "is_active": row.is_enabled,
        "show_in_catalog": row.show_in_catalog,
        "override": row.overrides,
        "integration": {
            "id": row.integration_id,
            "name": row.integration_name,
            "category": manifest.category,
            "config": super::integration::config(manifest),
        },
        "created_at": instant(row.created_at),
        "updated_at": instant(row.updated_at),
    }))
}
