//! `/unified-model-resource-method` and `/environment-unified-model-resource-method`: rows of mappings.
//!
//! The two differ by what a row belongs to. A config is compiled before it is stored: what can't be used is a 400
//! with the line and column of the mistake.

use axum::extract::State as Shared;
use axum::response::Response;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{Paging, optional_object, parse, required_text, stale, version};
use crate::error::{Error, Kind, Result};
use crate::gateway::overlay::{Place, Target};
use crate::http::State;
use crate::http::extract::{AdminQuery, Caller, JsonBody, Segments};
use crate::http::reply::{Json, instant};
use crate::mapping::overrides::lay;
use crate::model::Method;
use crate::store::mappings::{Layer, MappingFilter, MappingRow, NewMapping};

/// The routes of one of the two kinds of rows.
macro_rules! routes {
    ($module:ident, $layer:expr) => {
        pub mod $module {
            use super::*;

            pub async fn list(
                Shared(state): Shared<State>,
                caller: Caller,
                query: AdminQuery,
            ) -> Result<Response> {
                super::list($layer, &state, &caller, query).await
            }

            pub async fn read(
                Shared(state): Shared<State>,
                caller: Caller,
                path: Segments,
            ) -> Result<Json<Value>> {
                super::read($layer, &state, &caller, path).await
            }

            pub async fn create(
                Shared(state): Shared<State>,
                caller: Caller,
                body: JsonBody,
            ) -> Result<Json<Value>> {
                super::create($layer, &state, &caller, body).await
            }

            pub async fn change(
                Shared(state): Shared<State>,
                caller: Caller,
                path: Segments,
                body: JsonBody,
            ) -> Result<Json<Value>> {
                super::change($layer, &state, &caller, path, body).await
            }

            pub async fn delete(
                Shared(state): Shared<State>,
                caller: Caller,
                path: Segments,
            ) -> Result<Json<Value>> {
                super::delete($layer, &state, &caller, path).await
            }
        }
    };
}

routes!(of_model, Layer::Model);
routes!(of_environment, Layer::Environment);

async fn list(layer: Layer, state: &State, caller: &Caller, mut query: AdminQuery) -> Result<Response> {
    let owner = query.0.take_text(layer.owner())?;
    let owner = owner
        .map(|id| id.parse().map_err(|_| Error::invalid_field(layer.owner(), "must be a UUID")))
        .transpose()?;
    let filter = MappingFilter {
        owner,
        integration: query.0.take_text("integration_name")?,
        resource: query.0.take_text("resource_name")?,
        method: query.0.take_text("method_name")?,
    };
    let selection = json!([filter.owner, filter.integration, filter.resource, filter.method]);
    let known = [layer.owner(), "integration_name", "resource_name", "method_name"];
    let paging = Paging::take(state, caller.environment, layer.owner(), &selection, &known, query)?;
    let rows =
        state.0.store.mappings(caller.environment, layer, &filter, paging.after, paging.fetch()).await?;
    paging.answer(state, rows, |row| row.id, |row| write(layer, row))
}

async fn read(layer: Layer, state: &State, caller: &Caller, path: Segments) -> Result<Json<Value>> {
    Ok(Json(write(layer, &find(layer, state, caller, path).await?)))
}

async fn create(layer: Layer, state: &State, caller: &Caller, body: JsonBody) -> Result<Json<Value>> {
    let known = [layer.owner(), "resource_name", "integration_name", "method_name", "config"];
    let mut body = body.object(&known)?;
    let owner: Uuid = required_text(&mut body, layer.owner())?
        .parse()
        .map_err(|_| Error::invalid_field(layer.owner(), "must be a UUID"))?;
    let model = owner_model(layer, state, caller, owner).await?;
    let new = NewMapping {
        owner,
        resource: required_text(&mut body, "resource_name")?,
        integration: required_text(&mut body, "integration_name")?,
        method: required_text(&mut body, "method_name")?,
        config: Value::Object(config(&mut body)?.ok_or_else(|| Error::invalid_field("config", "is needed"))?),
    };
    check(layer, state, caller, &model, [&new.resource, &new.integration, &new.method], &new.config).await?;
    let id = state.0.store.add_mapping(caller.environment, layer, new).await?;
    show(layer, state, caller, id).await
}

async fn change(
    layer: Layer,
    state: &State,
    caller: &Caller,
    path: Segments,
    body: JsonBody,
) -> Result<Json<Value>> {
    let row = find(layer, state, caller, path).await?;
    let mut body = body.object(&["config", "version"])?;
    let expected = version(&mut body)?.unwrap_or(row.version);
    let mut merged = row.config.clone();
    if let Some(config) = config(&mut body)? {
        lay(&mut merged, &Value::Object(config));
    }
    let names = [&row.resource_name, &row.integration_name, &row.method_name];
    check(layer, state, caller, &row.model_name, names, &merged).await?;
    if !state.0.store.change_mapping(caller.environment, layer, row.id, expected, merged).await? {
        return Err(stale(row.version));
    }
    show(layer, state, caller, row.id).await
}

async fn delete(layer: Layer, state: &State, caller: &Caller, path: Segments) -> Result<Json<Value>> {
    let row = find(layer, state, caller, path).await?;
    state.0.store.delete_mapping(caller.environment, layer, row.id).await?;
    state.0.gateway.overlays.forget_environment(caller.environment).await;
    Ok(Json(json!({ "id": row.id })))
}

/// The name of the model that a row is to belong to.
async fn owner_model(layer: Layer, state: &State, caller: &Caller, owner: Uuid) -> Result<String> {
    if layer == Layer::Environment {
        return Ok(super::model::find_installed(state, caller, owner).await?.model_name);
    }
    let unknown =
        || Error::invalid_field("unified_model_id", "names no unified model; GET /unified-model lists them");
    let model = state.0.store.model(caller.environment, owner).await?.ok_or_else(unknown)?;
    if model.environment_id.is_none() {
        return Err(Error::new(
            Kind::Forbidden,
            format!(
                "{} ships with unicrm. Change it with POST /environment-unified-model-resource-method.",
                model.name
            ),
        ));
    }
    Ok(model.name)
}

async fn check(
    layer: Layer,
    state: &State,
    caller: &Caller,
    model: &str,
    [resource, integration, method]: [&String; 3],
    config: &Value,
) -> Result<()> {
    let method: Method = method
        .parse()
        .map_err(|()| Error::invalid_field("method_name", "must be list, get, create, update or delete"))?;
    let place = match layer {
        Layer::Model => Place::Model,
        Layer::Environment => Place::Environment,
    };
    let target = Target { model, resource, integration, method };
    state.0.gateway.check_config(caller.environment, &target, place, "config", config).await
}

fn config(body: &mut Map<String, Value>) -> Result<Option<Map<String, Value>>> {
    optional_object(body, "config")
}

async fn find(layer: Layer, state: &State, caller: &Caller, path: Segments) -> Result<MappingRow> {
    let [id] = path.take()?;
    let row = state.0.store.mapping(caller.environment, layer, parse(&id, "mapping")?).await?;
    row.ok_or_else(|| Error::not_found("There is no such mapping in this environment."))
}

async fn show(layer: Layer, state: &State, caller: &Caller, id: Uuid) -> Result<Json<Value>> {
    state.0.gateway.overlays.forget_environment(caller.environment).await;
    let row = state.0.store.mapping(caller.environment, layer, id).await?;
    let row = row.ok_or_else(|| Error::not_found("There is no such mapping in this environment."))?;
    Ok(Json(write(layer, &row)))
}

fn write(layer: Layer, row: &MappingRow) -> Value {
    json!({
        "id": row.id,
        layer.owner(): row.owner_id,
        "resource_name": row.resource_name,
        "integration_name": row.integration_name,
        "method_name": row.method_name,
        "config": row.config,
        "version": row.version,
        "created_at": instant(row.created_at),
        "updated_at": instant(row.updated_at),
    })
}
