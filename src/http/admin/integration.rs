//! `/integration`: the catalogue of providers, as the mappings folder describes them.

use axum::extract::State as Shared;
use axum::response::Response;
use serde_json::{Map, Value, json};

use super::whole;
use crate::error::{Error, Result};
use crate::http::State;
use crate::http::extract::{AdminQuery, Caller, Segments};
use crate::http::reply::{Json, instant};
use crate::ids::EnvironmentId;
use crate::mapping::manifest::Manifest;
use crate::store::environments::IntegrationRow;

pub async fn list(Shared(state): Shared<State>, caller: Caller, mut query: AdminQuery) -> Result<Response> {
    let name = query.0.take_text("name")?;
    let category = query.0.take_text("category")?;
    let sharing = query.0.take_text("sharing")?;
    let rows = state.0.store.integrations(caller.environment).await?;
    let mut found = Vec::new();
    for row in rows.iter().filter(|row| name.as_ref().is_none_or(|name| *name == row.name)) {
        let manifest = &state.0.gateway.catalog.provider(&row.name)?.manifest;
        let in_category = category.as_ref().is_none_or(|category| *category == manifest.category);
        if in_category && sharing.as_ref().is_none_or(|sharing| sharing == "allow") {
            found.push(write(row, manifest, &caller));
        }
    }
    whole(query, &["name", "category", "sharing"], found)
}

pub async fn read(Shared(state): Shared<State>, caller: Caller, path: Segments) -> Result<Json<Value>> {
    let [id] = path.take()?;
    let row = integration(&state, caller.environment, &id).await?;
    let manifest = &state.0.gateway.catalog.provider(&row.name)?.manifest;
    Ok(Json(write(&row, manifest, &caller)))
}

/// The integration that a path names, by its name or its id.
pub async fn integration(state: &State, environment: EnvironmentId, named: &str) -> Result<IntegrationRow> {
    let rows = state.0.store.integrations(environment).await?;
    let row =
        rows.into_iter().find(|row| row.name == named || row.id.to_string() == named.to_ascii_lowercase());
    row.ok_or_else(|| Error::not_found("There is no such integration; GET /integration lists them."))
}

fn write(row: &IntegrationRow, manifest: &Manifest, caller: &Caller) -> Value {
    let installed = if row.installed { vec![caller.environment.0] } else { Vec::new() };
    json!({
        "id": row.id,
        "name": row.name,
        "category": manifest.category,
        "is_beta": false,
        "sharing": "allow",
        "can_install": true,
        "config": config(manifest),
        "team_id": null,
        "installed_environment": installed,
        "default_oauth_app_id": null,
        "version": row.version,
        "created_at": instant(row.created_at),
        "updated_at": instant(row.updated_at),
    })
}

/// What a connect form needs to know. Client ids and secrets are settings, and stay there.
pub fn config(manifest: &Manifest) -> Value {
    let mut credentials = Map::new();
    if let Some(oauth2) = &manifest.auth.oauth2 {
        credentials
            .insert("oauth2".to_owned(), json!({ "format": "oauth2", "config": { "scope": oauth2.scopes } }));
    }
    if let Some(key) = &manifest.auth.api_key {
        let fields = key.fields.iter().map(|field| {
            json!({
                "name": field.name,
                "label": field.label,
                "type": if field.is_masked() { "password" } else { "text" },
                "required": !field.optional,
                "help_text": field.help,
            })
        });
        let config = json!({ "fields": fields.collect::<Vec<_>>() });
        credentials.insert("api_key".to_owned(), json!({ "format": "api_key", "config": config }));
    }
    json!({
        "label": manifest.label,
        "base_url": manifest.base_url,
        "documentation_link": manifest.documentation,
        "credentials": credentials,
    })
}
