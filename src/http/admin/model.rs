//! `/unified-model` and `/environment-unified-model`: the models, shipped and of users' own, and where they are on.

use axum::extract::State as Shared;
use axum::response::Response;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{optional_object, optional_text, parse, required_text, version, whole};
use crate::error::{Error, Kind, Result};
use crate::gateway::overlay;
use crate::http::State;
use crate::http::extract::{AdminQuery, Caller, JsonBody, Segments};
use crate::http::reply::{Json, instant};
use crate::mapping::overrides::lay;
use crate::store::mappings::{InstalledModelRow, ModelChange, ModelRow};

const FIELDS: &[&str] = &["name", "category", "description", "resources", "scopes", "webhooks", "version"];

pub async fn list(Shared(state): Shared<State>, caller: Caller, mut query: AdminQuery) -> Result<Response> {
    let name = query.0.take_text("name")?;
    let rows = state.0.store.models(caller.environment).await?;
    let found = rows.iter().filter(|row| name.as_ref().is_none_or(|name| *name == row.name));
    let found = found.map(|row| write(&state, row)).collect();
    whole(query, &["name"], found)
}

pub async fn read(Shared(state): Shared<State>, caller: Caller, path: Segments) -> Result<Json<Value>> {
    let row = state.0.store.model(caller.environment, id(path, "unified model")?).await?;
    Ok(Json(write(&state, &row.ok_or_else(missing)?)))
}

pub async fn create(Shared(state): Shared<State>, caller: Caller, body: JsonBody) -> Result<Json<Value>> {
    let mut body = body.object(&FIELDS[..6])?;
    let name = required_text(&mut body, "name")?;
    let plain = name.len() <= 64
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if !plain || name == "meta" || state.0.gateway.catalog.models.contains_key(&name) {
        let problem = "must be new, and of lower-case letters, digits and dashes, as it stands in paths";
        return Err(Error::invalid_field("name", problem));
    }
    let change = ModelChange { name: Some(name.clone()), ..change(&mut body)? };
    check_resources(&name, change.resources.as_ref())?;
    let row = state.0.store.add_model(caller.environment, change).await?;
    state.0.gateway.overlays.forget_environment(caller.environment).await;
    Ok(Json(write(&state, &row)))
}

pub async fn change_model(
    Shared(state): Shared<State>,
    caller: Caller,
    path: Segments,
    body: JsonBody,
) -> Result<Json<Value>> {
    let id = id(path, "unified model")?;
    let row = own(&state, &caller, id).await?;
    let mut body = body.object(&FIELDS[1..])?;
    let expected = version(&mut body)?
        .ok_or_else(|| Error::invalid_field("version", "is needed: the one that was read"))?;
    let mut change = change(&mut body)?;
    for (stored, given) in [
        (&row.resources, &mut change.resources),
        (&row.scopes, &mut change.scopes),
        (&row.webhooks, &mut change.webhooks),
    ] {
        if let Some(over) = given {
            let mut merged = stored.clone();
            lay(&mut merged, over);
            *over = merged;
        }
    }
    check_resources(&row.name, change.resources.as_ref())?;
    let changed = state.0.store.change_model(caller.environment, id, expected, change).await?;
    state.0.gateway.overlays.forget_environment(caller.environment).await;
    Ok(Json(write(&state, &changed.ok_or_else(|| super::stale(row.version))?)))
}

pub async fn delete(Shared(state): Shared<State>, caller: Caller, path: Segments) -> Result<Json<Value>> {
    let id = id(path, "unified model")?;
    own(&state, &caller, id).await?;
    if !state.0.store.delete_model(caller.environment, id).await? {
        return Err(missing());
    }
    state.0.gateway.overlays.forget_environment(caller.environment).await;
    Ok(Json(json!({ "id": id })))
}

/// A model that the environment may change: the shipped ones are changed by overrides.
async fn own(state: &State, caller: &Caller, id: Uuid) -> Result<ModelRow> {
    let row = state.0.store.model(caller.environment, id).await?.ok_or_else(missing)?;
    if row.environment_id.is_some() {
        return Ok(row);
    }
    Err(Error::new(
        Kind::Forbidden,
        format!(
            "{} ships with unicrm. Change it with POST /environment-unified-model-resource-method.",
            row.name
        ),
    ))
}

fn change(body: &mut Map<String, Value>) -> Result<ModelChange> {
    Ok(ModelChange {
        name: None,
        category: optional_text(body, "category")?,
        description: optional_text(body, "description")?,
        resources: optional_object(body, "resources")?.map(Value::Object),
        scopes: optional_object(body, "scopes")?.map(Value::Object),
        webhooks: optional_object(body, "webhooks")?.map(Value::Object),
    })
}

fn check_resources(name: &str, resources: Option<&Value>) -> Result<()> {
    match resources {
        Some(resources) => overlay::model(name, resources).map(|_| ()),
        None => Ok(()),
    }
}

fn missing() -> Error {
    Error::not_found("There is no such unified model in this environment.")
}

fn write(state: &State, row: &ModelRow) -> Value {
    let shipped = state.0.gateway.catalog.models.get(&row.name).filter(|_| row.environment_id.is_none());
    let resources = match shipped {
        None => row.resources.clone(),
        Some(model) => {
            let described = model.resources.iter().map(|(name, resource)| {
                let schema = resource.schema();
                let described =
                    json!({ "schema": schema, "description": resource.description, "methods": resource.methods });
                (name.clone(), described)
            });
            Value::Object(described.collect())
        }
    };
    json!({
        "id": row.id,
        "name": row.name,
        "category": row.category,
        "description": row.description,
        "team_id": null,
        "sharing": if row.environment_id.is_none() { "allow" } else { "deny" },
        "resources": resources,
        "scopes": row.scopes,
        "webhooks": row.webhooks,
        "version": row.version,
        "created_at": instant(row.created_at),
        "updated_at": instant(row.updated_at),
    })
}

pub async fn installed(
    Shared(state): Shared<State>,
    caller: Caller,
    mut query: AdminQuery,
) -> Result<Response> {
    let model = query.0.take_text("unified_model_id")?;
    let name = query.0.take_text("unified_model.name")?;
    let environment = query.0.take_text("environment_id")?;
    let rows = state.0.store.installed_models(caller.environment).await?;
    let fits = |wanted: &Option<String>, value: &str| wanted.as_ref().is_none_or(|wanted| wanted == value);
    let found = rows.iter().filter(|row| {
        fits(&model, &row.unified_model_id.to_string())
            && fits(&name, &row.model_name)
            && fits(&environment, &row.environment_id.to_string())
    });
    let found = found.map(write_installed).collect();
    whole(query, &["unified_model_id", "unified_model.name", "environment_id"], found)
}

pub async fn read_installed(
    Shared(state): Shared<State>,
    caller: Caller,
    path: Segments,
) -> Result<Json<Value>> {
    Ok(Json(write_installed(&find_installed(&state, &caller, id(path, "environment unified model")?).await?)))
}

pub async fn install(Shared(state): Shared<State>, caller: Caller, body: JsonBody) -> Result<Json<Value>> {
    let mut body = body.object(&["unified_model_id", "override"])?;
    let unknown =
        || Error::invalid_field("unified_model_id", "names no unified model; GET /unified-model lists them");
    let model: Uuid = required_text(&mut body, "unified_model_id")?.parse().map_err(|_| unknown())?;
    let mut row = state.0.store.install_model(caller.environment, model).await?.ok_or_else(unknown)?;
    if let Some(overrides) = optional_object(&mut body, "override")? {
        row.overrides = Value::Object(overrides);
        state.0.store.change_installed_model(caller.environment, row.id, row.overrides.clone()).await?;
    }
    Ok(Json(write_installed(&row)))
}

pub async fn change_installed(
    Shared(state): Shared<State>,
    caller: Caller,
    path: Segments,
    body: JsonBody,
) -> Result<Json<Value>> {
    let id = id(path, "environment unified model")?;
    let mut body = body.object(&["override"])?;
    if let Some(overrides) = optional_object(&mut body, "override")? {
        state.0.store.change_installed_model(caller.environment, id, Value::Object(overrides)).await?;
    }
    Ok(Json(write_installed(&find_installed(&state, &caller, id).await?)))
}

pub async fn uninstall(Shared(state): Shared<State>, caller: Caller, path: Segments) -> Result<Json<Value>> {
    let id = id(path, "environment unified model")?;
    if !state.0.store.uninstall_model(caller.environment, id).await? {
        return Err(Error::not_found("There is no such environment unified model in this environment."));
    }
    state.0.gateway.overlays.forget_environment(caller.environment).await;
    Ok(Json(json!({ "id": id })))
}

/// One of the models that are switched on in the caller's environment.
pub async fn find_installed(state: &State, caller: &Caller, id: Uuid) -> Result<InstalledModelRow> {
    let rows = state.0.store.installed_models(caller.environment).await?;
    let row = rows.into_iter().find(|row| row.id == id);
    row.ok_or_else(|| Error::not_found("There is no such environment unified model in this environment."))
}

fn write_installed(row: &InstalledModelRow) -> Value {
    json!({
        "id": row.id,
        "environment_id": row.environment_id,
        "unified_model_id": row.unified_model_id,
        "unified_model": { "id": row.unified_model_id, "name": row.model_name },
        "override": row.overrides,
        "created_at": instant(row.created_at),
        "updated_at": instant(row.updated_at),
    })
}

fn id(path: Segments, what: &str) -> Result<Uuid> {
    let [id] = path.take()?;
    parse(&id, what)
}
