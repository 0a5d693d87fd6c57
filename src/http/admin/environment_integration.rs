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
    let (change, app) = wanted(&mut body)?;
    let present = state.0.store.environment_integrations(caller.environment).await?;
    let row = state.0.store.switch_on(caller.environment, integration, change).await?.ok_or_else(unknown)?;
    // One that was on already stays as it is, and so does its app.
    if !present.iter().any(|present| present.id == row.id) {
        keep_secret(&state, &caller, &row, app).await?;
    }
    Ok(Json(write(&state, &row)?))
}

pub async fn change(
    Shared(state): Shared<State>,
    caller: Caller,
    path: Segments,
    body: JsonBody,
) -> Result<Json<Value>> {
    let id = id(path)?;
    let mut body = body.object(&["is_enabled", "show_in_catalog", "override"])?;
    let (change, app) = wanted(&mut body)?;
    let before = state.0.store.environment_integration(caller.environment, id).await?.ok_or_else(missing)?;
    let row = state.0.store.change_environment_integration(caller.environment, id, change).await?;
    let row = row.ok_or_else(missing)?;
    let app = app.map(|app| app.beside(&before.overrides));
    keep_secret(&state, &caller, &row, app).await?;
    Ok(Json(write(&state, &row)?))
}

/// What a new override says of the OAuth app's secret.
enum Secret {
    /// Nothing: it stays if the app stays the same.
    Unsaid { client_id: Option<String> },
    /// This one.
    New(String),
    /// There is none.
    None,
    /// It stays as it is.
    Stays,
}

impl Secret {
    /// The same in the light of the override that was there before: what was read and is sent back has no secret in
    /// it, and means the same app.
    fn beside(self, before: &Value) -> Secret {
        match self {
            Secret::Unsaid { client_id: Some(id) }
                if before["credentials"]["client_id"].as_str() == Some(&id) =>
            {
                Secret::Stays
            }
            Secret::Unsaid { .. } => Secret::None,
            said => said,
        }
    }
}

async fn keep_secret(
    state: &State,
    caller: &Caller,
    row: &EnvironmentIntegrationRow,
    secret: Option<Secret>,
) -> Result<()> {
    let id = EnvironmentIntegrationId(row.id);
    let sealed = match secret {
        None | Some(Secret::Stays) => return Ok(()),
        Some(Secret::None | Secret::Unsaid { .. }) => None,
        Some(Secret::New(secret)) => {
            Some(state.0.gateway.accounts.seal_app_secret(caller.environment, id, &secret)?)
        }
    };
    state.0.store.set_app_secret(caller.environment, id, sealed).await
}

pub async fn delete(Shared(state): Shared<State>, caller: Caller, path: Segments) -> Result<Json<Value>> {
    let id = id(path)?;
    if !state.0.gateway.accounts.switch_off(caller.environment, id).await? {
        return Err(missing());
    }
    Ok(Json(json!({ "id": id })))
}

fn wanted(body: &mut Map<String, Value>) -> Result<(EnvironmentIntegrationChange, Option<Secret>)> {
    let overrides = optional_object(body, "override")?;
    let (overrides, secret) = match overrides {
        None => (None, None),
        Some(overrides) => {
            let (overrides, secret) = app(overrides)?;
            (Some(overrides), Some(secret))
        }
    };
    let change = EnvironmentIntegrationChange {
        is_enabled: optional_flag(body, "is_enabled")?,
        show_in_catalog: optional_flag(body, "show_in_catalog")?,
        overrides: overrides.map(Value::Object),
    };
    Ok((change, secret))
}

/// Takes the secret of an OAuth app out of an override. Nothing else can be overridden.
fn app(mut overrides: Map<String, Value>) -> Result<(Map<String, Value>, Secret)> {
    let credentials = optional_object(&mut overrides, "credentials")
        .map_err(|_| Error::invalid_field("override.credentials", "must be an object"))?;
    if !overrides.is_empty() {
        let problem = "only credentials are served by this version; the rest would have no effect";
        return Err(Error::invalid_field("override", problem));
    }
    let Some(mut credentials) = credentials else {
        return Ok((overrides, Secret::Unsaid { client_id: None }));
    };
    let member = |credentials: &mut Map<String, Value>, name: &str| match credentials.shift_remove(name) {
        None => Ok(None),
        Some(Value::Null) => Ok(Some(None)),
        Some(Value::String(text)) if !text.trim().is_empty() && text.len() <= 4096 => {
            Ok(Some(Some(text.trim().to_owned())))
        }
        Some(_) => Err(Error::invalid_field(
            format!("override.credentials.{name}"),
            "must be a string, and not empty",
        )),
    };
    let client_id = member(&mut credentials, "client_id")?.flatten();
    let secret = member(&mut credentials, "client_secret")?;
    if let Some(name) = credentials.keys().next() {
        let problem = "is not a part of an OAuth app: there are client_id and client_secret";
        return Err(Error::invalid_field(format!("override.credentials.{name}"), problem));
    }
    let Some(client_id) = client_id else {
        return Err(Error::invalid_field("override.credentials.client_id", "is needed"));
    };
    overrides.insert("credentials".to_owned(), json!({ "client_id": client_id }));
    let secret = match secret {
        None => Secret::Unsaid { client_id: Some(client_id) },
        Some(None) => Secret::None,
        Some(Some(secret)) => Secret::New(secret),
    };
    Ok((overrides, secret))
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
